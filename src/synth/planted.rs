//! The truth behind simulated data: `planted.json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::draw::{moments, round};
use super::plan::{ANNOTATORS, GENERATORS, INVENTED, OVERALL, SPREAD_OVERALL, SPREAD_OWN, Setting, TIE_ETA, VIDEO};
use super::plants::{COPIER, Plants};
use crate::checklist::Checklist;

/// `planted.json`: what a fit on the simulated data should find.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Planted {
    /// Always true.
    pub simulated: bool,
    /// Seed that everything was drawn from.
    pub seed: u64,
    /// Checklist that the questions belong to.
    pub checklist: String,
    /// How labels were drawn from weights, in words.
    pub model: String,
    /// One entry per dimension with labels.
    pub dimensions: Vec<PlantedDimension>,
    /// Shift of the common quality by generator, in its standard deviations.
    pub generators: Vec<PlantedGenerator>,
    /// Habits of the annotators of ratings.
    pub annotators: Vec<PlantedAnnotator>,
    /// Planted biases; absent where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub biases: Option<Plants>,
}

/// The planted weights of one dimension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlantedDimension {
    /// Dimension of the labels.
    pub dimension: String,
    /// Where the weights come from.
    pub origin: Origin,
    /// Half width η of the tie band in log-odds; a Rao–Kupper fit should find θ = e^η.
    pub tie_eta: f64,
    /// What the source's weights were multiplied with.
    pub scale: f64,
    /// The weights that are not zero, in the checklist's order.
    pub weights: Vec<PlantedWeight>,
}

/// Where planted weights come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The weights that VisionReward released for these questions, times `scale`.
    Released,
    /// Ours, times `scale`: fewer than two of the dimension's released weights are not zero.
    Invented,
}

/// One planted weight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlantedWeight {
    /// Question id.
    pub question: String,
    /// Weight in log-odds per unit of the `signed` coding (2·P(yes) − 1); positive.
    pub weight: f64,
}

/// One simulated generator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlantedGenerator {
    /// Name, as in the items table.
    pub generator: String,
    /// Shift of the common quality.
    pub shift: f64,
}

/// One simulated annotator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlantedAnnotator {
    /// Name, as in the ratings table.
    pub annotator: String,
    /// Chance of one careless step up or down the ladder.
    pub careless: f64,
    /// Chance of one more step up.
    pub lenient: f64,
}

impl PlantedDimension {
    /// The weight of a question; 0 where none is planted.
    pub fn weight(&self, question: &str) -> f64 {
        self.weights.iter().find(|w| w.question == question).map_or(0.0, |w| w.weight)
    }

    /// The planted reward of each item. `answers` is P(yes) as [question][item] in the checklist's order.
    pub(super) fn rewards(&self, checklist: &Checklist, answers: &[Vec<f64>]) -> Vec<f64> {
        let mut rewards = vec![0.0; answers.first().map_or(0, Vec::len)];
        for planted in &self.weights {
            let Some(column) = checklist.index(&planted.question).and_then(|q| answers.get(q)) else { continue };
            for (reward, p) in rewards.iter_mut().zip(column) {
                *reward += planted.weight * (2.0 * p - 1.0);
            }
        }
        rewards
    }
}

impl Planted {
    /// The planted weights of a dimension.
    pub fn dimension(&self, name: &str) -> Option<&PlantedDimension> {
        self.dimensions.iter().find(|d| d.dimension == name)
    }

    /// Plants weights for `overall` and each dimension of the checklist, scaled so that the log-odds of the given
    /// pairs of items have the planned spread.
    pub(super) fn new(
        seed: u64,
        checklist: &Checklist,
        answers: &[Vec<f64>],
        pairs: &[(usize, usize)],
        setting: Setting,
        plants: &Plants,
    ) -> Self {
        let annotator = |(k, &(name, ..)): (usize, &(&str, f64, f64))| {
            let (careless, own) = setting.annotator(k);
            PlantedAnnotator { annotator: name.to_owned(), careless, lenient: plants.leniency(k, own) }
        };
        let mut annotators: Vec<PlantedAnnotator> = ANNOTATORS.iter().enumerate().map(annotator).collect();
        if plants.copied_ratings > 0.0 {
            let (careless, lenient) = setting.annotator(COPIER.1);
            annotators.push(PlantedAnnotator { annotator: COPIER.0.to_owned(), careless, lenient });
        }
        let names = std::iter::once(OVERALL).chain(checklist.dimensions.iter().map(String::as_str));
        Self {
            simulated: true,
            seed,
            checklist: checklist.name.clone(),
            model: "z = sum over questions of weight * (x_a - x_b) with x = 2 * P(yes) - 1; the label is a if z + e > \
                    tie_eta, b if z + e < -tie_eta, else tie, with e standard logistic (the model of Rao and Kupper)"
                .to_owned(),
            dimensions: names.map(|name| scaled(unscaled(name, checklist), checklist, answers, pairs)).collect(),
            generators: (GENERATORS.iter().enumerate())
                .map(|(g, (name, _))| PlantedGenerator {
                    generator: (*name).to_owned(),
                    shift: setting.generator_shift(g),
                })
                .collect(),
            annotators,
            biases: (!plants.is_none()).then_some(*plants),
        }
    }
}

/// The source's weights of one dimension: released where at least two are not zero, else ours.
fn unscaled(dimension: &str, checklist: &Checklist) -> PlantedDimension {
    let member = |q: usize| dimension == OVERALL || checklist.questions[q].dimension == dimension;
    let collect = |weight: &dyn Fn(usize) -> f64| -> Vec<PlantedWeight> {
        (0..VIDEO.len().min(checklist.questions.len()))
            .filter(|&q| member(q) && weight(q) > 0.0)
            .map(|q| PlantedWeight { question: checklist.questions[q].id.clone(), weight: weight(q) })
            .collect()
    };
    let released = collect(&|q| VIDEO[q].1);
    let (origin, weights) = if released.len() >= 2 {
        (Origin::Released, released)
    } else {
        (Origin::Invented, collect(&|q| INVENTED.iter().find(|i| i.0 == q).map_or(0.0, |i| i.1)))
    };
    PlantedDimension { dimension: dimension.to_owned(), origin, tie_eta: TIE_ETA, scale: 1.0, weights }
}

/// Multiplies the weights so that the log-odds over the pairs have the planned standard deviation about 0; rounded, so
/// that the file holds exactly what the labels were drawn from.
fn scaled(
    mut plant: PlantedDimension,
    checklist: &Checklist,
    answers: &[Vec<f64>],
    pairs: &[(usize, usize)],
) -> PlantedDimension {
    let rewards = plant.rewards(checklist, answers);
    let both_ways: Vec<f64> =
        pairs.iter().flat_map(|&(a, b)| [rewards[a] - rewards[b], rewards[b] - rewards[a]]).collect();
    let (_, spread) = moments(&both_ways);
    let wanted = if plant.dimension == OVERALL { SPREAD_OVERALL } else { SPREAD_OWN };
    if spread > 0.0 {
        plant.scale = round(wanted / spread, 4);
    }
    for planted in &mut plant.weights {
        planted.weight = round(planted.weight * plant.scale, 4);
    }
    plant
}
