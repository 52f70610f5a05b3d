//! From a seed to all tables.

use super::draw::Draw;
use super::plan::{OVERALL, Setting, VIDEO};
use super::planted::Planted;
use super::plants::Plants;
use super::prompts::{Item, Prompt, items, prompt};
use super::world::World;
use super::{judge, people, scorers};
use crate::checklist::Checklist;
use crate::dataset::Split;
use crate::{Error, Result};

/// Seed of the committed demo data set.
pub const DEMO_SEED: u64 = 1;

/// What to simulate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SimulationOptions {
    /// Seed of every draw.
    pub seed: u64,
    /// Training pairs per dimension, 3 per prompt.
    pub train_pairs: usize,
    /// Test pairs per dimension, 3 per prompt.
    pub test_pairs: usize,
    /// What kind of world.
    pub setting: Setting,
    /// Biases of known size.
    pub plants: Plants,
}

impl SimulationOptions {
    /// Flags of `headfit synth` for the world and its biases; empty for the default.
    pub(super) fn more_flags(&self) -> String {
        let mut flags = if self.setting == Setting::Sound { " --sound".to_owned() } else { String::new() };
        for (name, size) in self.plants.planted() {
            flags.push_str(&format!(" --plant {name}={size}"));
        }
        flags
    }
}

impl Default for SimulationOptions {
    /// The demo's: the pairs that VisionReward's video head was fitted and tested on.
    fn default() -> Self {
        Self {
            seed: DEMO_SEED,
            train_pairs: 1795,
            test_pairs: 1000,
            setting: Setting::default(),
            plants: Plants::default(),
        }
    }
}

/// Simulated tables and the truth behind them.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulation {
    /// What was asked for.
    pub options: SimulationOptions,
    /// The checklist that the judge answered.
    pub checklist: Checklist,
    /// The prompts: training first, then test.
    pub prompts: Vec<Prompt>,
    /// The items, three per prompt.
    pub items: Vec<Item>,
    /// `[ladder][item]`: number of the ladder's questions that are truly yes. No table holds it.
    pub levels: Vec<Vec<usize>>,
    /// `[question][item]`: the judge's P(yes), two decimals.
    pub answers: Vec<Vec<f64>>,
    /// The pairs, the same ones for every dimension.
    pub pairs: Vec<SimulatedPair>,
    /// Dimensions with labels: `overall`, then the checklist's.
    pub dimensions: Vec<String>,
    /// `[dimension][pair]`: +1 item a, −1 item b, 0 tie.
    pub labels: Vec<Vec<i8>>,
    /// Ratings of sub-dimensions.
    pub ratings: Vec<SimulatedRating>,
    /// Scores of the simulated scorers.
    pub scorers: Vec<SimulatedScorer>,
    /// The truth that a fit should find.
    pub planted: Planted,
    /// What the scorers know of each item.
    signals: (Vec<f64>, Vec<f64>),
}

/// Two items of one prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SimulatedPair {
    /// Item shown first.
    pub a: usize,
    /// The other item.
    pub b: usize,
    /// Part of the data.
    pub split: Split,
}

/// One rating.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SimulatedRating {
    /// Item index.
    pub item: usize,
    /// Annotator index, as in [`Planted::annotators`].
    pub annotator: usize,
    /// Ladder index, as in [`Checklist::ladders`].
    pub ladder: usize,
    /// The value.
    pub value: i64,
}

/// One scorer's scores.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulatedScorer {
    /// Column name.
    pub name: &'static str,
    /// Lowest and highest possible score.
    pub range: [f64; 2],
    /// Score of each item; `None` where it has none.
    pub scores: Vec<Option<f64>>,
}

impl Simulation {
    /// The true answer of every item to one question: yes where the item's level reaches the question's rung.
    pub fn truth(&self, question: usize) -> Vec<bool> {
        truth(&self.ladders(), &self.levels, question)
    }

    /// What the scorers know of each item: the standardised rewards of `overall` and of alignment.
    pub(super) fn scorer_signals(&self) -> (Vec<f64>, Vec<f64>) {
        self.signals.clone()
    }

    /// The checklist's ladders as question indices, hardest first.
    pub(super) fn ladders(&self) -> Vec<Vec<usize>> {
        ladders(&self.checklist)
    }
}

/// The tables of the demo data set; `datasets/demo` holds those of [`DEMO_SEED`].
///
/// # Errors
/// [`Error::Bug`] if the checklist that is built in is not the one that the simulation follows.
pub fn demo_tables(seed: u64) -> Result<Simulation> {
    simulate(SimulationOptions { seed, ..SimulationOptions::default() })
}

/// Simulates a data set of the shape of VisionReward-Video.
///
/// # Errors
/// [`Error::Usage`] for a split without pairs; [`Error::Bug`] as in [`demo_tables`].
pub fn simulate(options: SimulationOptions) -> Result<Simulation> {
    let SimulationOptions { seed, train_pairs, test_pairs, setting, plants } = options;
    if train_pairs == 0 || test_pairs == 0 {
        return Err(Error::Usage("a simulation needs at least one training pair and one test pair".into()));
    }
    let checklist = video_checklist()?;
    let ladders = ladders(&checklist);
    let accuracy = setting.accuracy();

    let splits = [(Split::Train, train_pairs), (Split::Test, test_pairs)];
    let prompts = prompts(seed, &splits, &plants);
    let items: Vec<Item> = prompts.iter().enumerate().flat_map(|(p, prompt)| items(seed, p, &prompt.id)).collect();
    let pairs = pairs(seed, &prompts, &splits);

    let world = World::new(seed, &items, &ladders, &accuracy, setting);
    let mut answers = judge_all(seed, &world, &ladders, &accuracy, setting);

    let compared: Vec<(usize, usize)> = pairs.iter().map(|p| (p.a, p.b)).collect();
    let mut planted = Planted::new(seed, &checklist, &answers, &compared, setting, &plants);
    let rewards: Vec<Vec<f64>> = planted.dimensions.iter().map(|d| d.rewards(&checklist, &answers)).collect();
    let labels =
        planted.dimensions.iter().zip(&rewards).map(|(d, r)| people::labels(seed, d, r, &pairs, &items, &plants));
    let mut labels: Vec<Vec<i8>> = labels.collect();
    let reward_of = |name: &str| planted.dimensions.iter().position(|d| d.dimension == name).map(|d| &rewards[d][..]);
    let first_ladder = checklist.questions[0].dimension.clone();
    let (Some(overall), Some(alignment)) = (reward_of(OVERALL), reward_of(&first_ladder)) else {
        return Err(Error::Bug("a planted dimension is missing".into()));
    };

    let signals = scorers::signals(overall, alignment);
    let mut scorers = scorers::scorers(seed, overall, alignment);
    scorers.iter_mut().for_each(|s| plants.turn_round(s.name, s.range, &mut s.scores));
    plants.spoil_answers(seed, &ladders, &mut answers);
    if setting == Setting::Sound {
        planted.dimensions.truncate(1);
        labels.truncate(1);
    }
    Ok(Simulation {
        scorers,
        ratings: people::ratings(seed, &checklist, &ladders, &items, &world.levels, setting, &plants),
        dimensions: planted.dimensions.iter().map(|d| d.dimension.clone()).collect(),
        levels: world.levels,
        options,
        checklist,
        prompts,
        items,
        answers,
        pairs,
        labels,
        planted,
        signals,
    })
}

/// The preset, checked to be the one that the published numbers are for.
fn video_checklist() -> Result<Checklist> {
    let checklist = Checklist::preset("visionreward-video")
        .ok_or_else(|| Error::Bug("the preset visionreward-video is missing".into()))?;
    if checklist.questions.len() != VIDEO.len() {
        return Err(Error::Bug(format!("the video checklist has {} questions", checklist.questions.len())));
    }
    Ok(checklist)
}

fn ladders(checklist: &Checklist) -> Vec<Vec<usize>> {
    checklist.ladders().into_iter().map(|(_, questions)| questions).collect()
}

fn truth(ladders: &[Vec<usize>], levels: &[Vec<usize>], question: usize) -> Vec<bool> {
    for (ladder, levels) in ladders.iter().zip(levels) {
        if let Some(rank) = ladder.iter().position(|&q| q == question) {
            return levels.iter().map(|level| level + rank >= ladder.len()).collect();
        }
    }
    Vec::new()
}

/// As many prompts for each split as its pairs need.
fn prompts(seed: u64, splits: &[(Split, usize)], plants: &Plants) -> Vec<Prompt> {
    let of = splits.iter().flat_map(|&(split, pairs)| std::iter::repeat_n(split, pairs.div_ceil(3)));
    let of: Vec<Split> = of.collect();
    let mut prompts: Vec<Prompt> = of.iter().enumerate().map(|(index, &split)| prompt(seed, index, split)).collect();
    for (index, from) in plants.repeated_prompts(seed, &of).into_iter().enumerate() {
        if let Some(from) = from {
            prompts[index].text = prompts[from].text.clone();
            prompts[index].category = prompts[from].category;
        }
    }
    prompts
}

/// All three pairs of each prompt, sides drawn; the last prompt of a split gives only as many as are still wanted.
fn pairs(seed: u64, prompts: &[Prompt], splits: &[(Split, usize)]) -> Vec<SimulatedPair> {
    let mut pairs = Vec::new();
    for &(split, wanted) in splits {
        let of_split = prompts.iter().enumerate().filter(|(_, prompt)| prompt.split == split);
        let all = of_split.flat_map(|(p, _)| {
            let mut draw = Draw::new(seed, "pair", p);
            [(0, 1), (0, 2), (1, 2)].map(|(x, y)| {
                let (a, b) = if draw.chance(0.5) { (x, y) } else { (y, x) };
                SimulatedPair { a: 3 * p + a, b: 3 * p + b, split }
            })
        });
        pairs.extend(all.take(wanted));
    }
    pairs
}

/// `[question][item]`: P(yes) of the judge.
fn judge_all(seed: u64, world: &World, ladders: &[Vec<usize>], accuracy: &[f64], setting: Setting) -> Vec<Vec<f64>> {
    let judge = match setting {
        Setting::VisionReward => judge::answers,
        Setting::Sound => judge::fair_answers,
    };
    let mut answers = vec![Vec::new(); accuracy.len()];
    for (l, ladder) in ladders.iter().enumerate() {
        let mut draw = Draw::new(seed, "judge-ladder", l);
        let common: Vec<f64> = world.latent[l].iter().map(|_| draw.normal()).collect();
        for &q in ladder {
            let mut draw = Draw::new(seed, "judge", q);
            let truth = truth(ladders, &world.levels, q);
            answers[q] = judge(&mut draw, &world.latent[l], &common, &truth, accuracy[q]);
        }
    }
    answers
}
