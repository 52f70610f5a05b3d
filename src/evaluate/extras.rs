//! What is asked for beside accuracies, and adding it to an evaluation.

use serde::{Deserialize, Serialize};

use super::compare::{Question, assess};
use super::correlations::{MissingItem, correlations};
use super::human::human_level;
use super::{
    DimensionScores, Evaluation, Floor, Protocol, calibration, curves, legacy, ranks, strata, systems, unseen,
};

/// What is computed beside accuracies and comparisons. The default is what is cheap.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Extras {
    /// Best single attribute and human level.
    pub references: bool,
    /// Places of the scorers.
    pub standings: bool,
    /// Calibration of win probabilities.
    pub calibration: bool,
    /// Accuracy by margin, between and within generators, by attribute.
    pub strata: bool,
    /// Item attribute that names the generator, for the ranking of generators.
    pub systems: Option<String>,
    /// Correlations with mean ratings: what an item without a score counts as, and bootstrap draws.
    pub correlations: Option<(MissingItem, usize)>,
    /// Learning curve, questions, λ.
    pub curves: bool,
    /// Attributes for which the head is tried on values that it never saw.
    pub unseen: Vec<String>,
    /// VideoAlign's shipped rule.
    pub legacy: bool,
}

impl Default for Extras {
    fn default() -> Self {
        Self {
            references: true,
            standings: true,
            calibration: true,
            strata: true,
            systems: Some("generator".to_owned()),
            ..Self::none()
        }
    }
}

impl Extras {
    /// Nothing but accuracies, floors by rule, and comparisons.
    pub fn none() -> Self {
        Self {
            references: false,
            standings: false,
            calibration: false,
            strata: false,
            systems: None,
            correlations: None,
            curves: false,
            unseen: Vec::new(),
            legacy: false,
        }
    }
}

/// Adds what is asked for on one dimension, from what was gathered on it.
pub(super) fn add(evaluation: &mut Evaluation, found: &DimensionScores, protocols: &[Protocol]) {
    let DimensionScores { dimension, labels, scored, refits, .. } = found;
    let (draws, seed, extras) = (evaluation.draws, evaluation.seed, evaluation.extras.clone());
    let question = Question { dimension, protocols, draws, seed, head_first: false, tests: 0 };
    if extras.references {
        evaluation.floors.extend(attribute_floor(found, question));
        evaluation.ceilings.extend(human_level(found, question));
    }
    if extras.standings {
        evaluation.standings.extend(ranks::standings(dimension, labels, scored, protocols, draws, seed));
    }
    if extras.calibration {
        evaluation.calibration.extend(calibration::calibration(found, draws, seed));
    }
    if extras.strata {
        evaluation.strata.extend(strata::strata(found, extras.systems.as_deref(), draws, seed));
    }
    if let Some(attribute) = &extras.systems {
        evaluation.systems.extend(systems::system_ranking(found, attribute, draws, seed));
    }
    if let Some((missing, draws)) = extras.correlations {
        let rated = &found.facts.rated;
        evaluation.correlations.extend(correlations(rated, dimension, &found.items, missing, draws, seed));
    }
    evaluation.curves.extend(curves::curves(found, draws, seed));
    evaluation.unseen.extend(refits.unseen.iter().map(|earned| unseen::unseen(found, earned, draws, seed)));
    if extras.legacy {
        evaluation.legacy.extend(legacy::legacy(found));
    }
}

/// The best single attribute of the items, as floors.
fn attribute_floor(found: &DimensionScores, question: Question<'_>) -> Vec<Floor> {
    let Some(best) = &found.attribute else { return Vec::new() };
    let rows = assess(&found.labels, std::slice::from_ref(&best.scored), question).rows.into_iter();
    rows.filter_map(|row| {
        Some(Floor {
            dimension: row.dimension,
            floor: "attribute".to_owned(),
            protocol: row.protocol,
            value: row.value?,
            low: row.low,
            high: row.high,
            n: row.n,
            detail: Some(best.detail.clone()),
        })
    })
    .collect()
}
