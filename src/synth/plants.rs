//! Biases of known size, planted into a simulation: what an audit has to find.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::draw::{Draw, round};
use super::plan::{ANNOTATORS, DURATIONS};
use super::simulate::SimulatedRating;
use crate::dataset::Split;

/// Question whose answers a yes-saying judge spoils, by position in the checklist (the middle of `alignment`).
pub const YES_QUESTION: usize = 1;
/// Ladder whose answers are broken, by position in the checklist's ladders.
pub const BROKEN_LADDER: usize = 4;
/// Annotator who is made lenient.
pub const LENIENT: usize = 1;
/// Name of the annotator who copies, and position of the one who is copied.
pub const COPIER: (&str, usize) = ("sim-dora", 0);
/// Generator that people prefer for its own sake.
pub const PREFERRED_GENERATOR: usize = 2;
/// Name of the scorer that is turned round.
pub const INVERTED: &str = "sim_vqascore";

/// Sizes of the planted biases; 0 (or false) plants none, and then every value is drawn as without this module.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Plants {
    /// Log-odds by which people lean to the item shown first.
    pub position: f64,
    /// Log-odds by which people prefer a clip for every 2 s that it is longer.
    pub length: f64,
    /// Log-odds by which people prefer the last generator for its own sake.
    pub generator: f64,
    /// Chance that the second annotator rates one step too high.
    pub lenient: f64,
    /// Share of items on which the judge says yes to one question whatever it sees.
    pub yes_saying: f64,
    /// Share of items on which the answers along one ladder are turned upside down.
    pub broken_ladder: f64,
    /// Whether one scorer is turned round: lower is better.
    pub inverted_scorer: bool,
    /// Share of the test prompts that repeat the text of a training prompt.
    pub leaked_prompts: f64,
    /// Share of the rated items on which a fourth annotator copies the first; 0 = there is no fourth.
    pub copied_ratings: f64,
}

impl Plants {
    /// Names of the plants, as [`Plants::plant`] knows them, with what a size means.
    pub const NAMES: [(&str, &str); 9] = [
        ("position", "log-odds towards the item shown first"),
        ("length", "log-odds for every 2 s more"),
        ("generator", "log-odds for the last generator"),
        ("lenient", "chance that the second annotator rates a step too high"),
        ("yes-saying", "share of items on which the judge says yes to question 2 whatever it sees"),
        ("broken-ladder", "share of items on which the answers of ladder 5 are upside down"),
        ("inverted-scorer", "1: sim_vqascore is turned round"),
        ("leaked-prompts", "share of test prompts that repeat a training prompt"),
        ("copied-ratings", "share of items on which a fourth annotator copies the first"),
    ];

    /// Sets one plant by name.
    ///
    /// # Errors
    /// A sentence for people where there is no such plant, or the size is none.
    pub fn plant(&mut self, name: &str, size: f64) -> std::result::Result<(), String> {
        let log_odds = ["position", "length", "generator"].contains(&name);
        if !size.is_finite() || (!log_odds && !(0.0..=1.0).contains(&size)) {
            let rule = if log_odds { "a finite number" } else { "a number from 0 to 1" };
            return Err(format!("the size of {name} has to be {rule}"));
        }
        match name {
            "position" => self.position = size,
            "length" => self.length = size,
            "generator" => self.generator = size,
            "lenient" => self.lenient = size,
            "yes-saying" => self.yes_saying = size,
            "broken-ladder" => self.broken_ladder = size,
            "inverted-scorer" if size == 0.0 || size == 1.0 => self.inverted_scorer = size == 1.0,
            "inverted-scorer" => return Err("inverted-scorer is 0 or 1".to_owned()),
            "leaked-prompts" => self.leaked_prompts = size,
            "copied-ratings" => self.copied_ratings = size,
            _ => {
                let known: Vec<&str> = Self::NAMES.iter().map(|(name, _)| *name).collect();
                return Err(format!("there is no plant of this name; known are {}", known.join(", ")));
            }
        }
        Ok(())
    }

    /// Name and size of each bias that is planted.
    pub fn planted(&self) -> Vec<(&'static str, f64)> {
        let inverted = f64::from(u8::from(self.inverted_scorer));
        let sizes = [self.position, self.length, self.generator, self.lenient, self.yes_saying, self.broken_ladder];
        let sizes = sizes.into_iter().chain([inverted, self.leaked_prompts, self.copied_ratings]);
        Self::NAMES.iter().map(|(name, _)| *name).zip(sizes).filter(|(_, size)| *size != 0.0).collect()
    }

    /// Whether nothing is planted.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Log-odds that people add to the reward difference of a pair.
    pub(super) fn lean(&self, a: (usize, &str), b: (usize, &str)) -> f64 {
        let steps = |duration: &str| DURATIONS.iter().position(|d| *d == duration).unwrap_or(0) as f64;
        let own = |generator: usize| f64::from(u8::from(generator == PREFERRED_GENERATOR));
        self.position + self.length * (steps(a.1) - steps(b.1)) + self.generator * (own(a.0) - own(b.0))
    }

    /// Spoils the judge's answers, [question][item], after people have judged the items themselves.
    pub(super) fn spoil_answers(&self, seed: u64, ladders: &[Vec<usize>], answers: &mut [Vec<f64>]) {
        if self.yes_saying > 0.0 {
            let mut draw = Draw::new(seed, "plant/yes", 0);
            for p in answers[YES_QUESTION].iter_mut().filter(|_| draw.chance(self.yes_saying)) {
                *p = p.max(0.95);
            }
        }
        if self.broken_ladder > 0.0 {
            let mut draw = Draw::new(seed, "plant/ladder", 0);
            let ladder = &ladders[BROKEN_LADDER];
            let items = answers[ladder[0]].len();
            for item in (0..items).filter(|_| draw.chance(self.broken_ladder)) {
                for r in 0..ladder.len() / 2 {
                    let (x, y) = (ladder[r], ladder[ladder.len() - 1 - r]);
                    let kept = answers[x][item];
                    answers[x][item] = answers[y][item];
                    answers[y][item] = kept;
                }
            }
        }
    }

    /// The scores of a scorer whose scale is turned round.
    pub(super) fn turn_round(&self, name: &str, range: [f64; 2], scores: &mut [Option<f64>]) {
        if self.inverted_scorer && name == INVERTED {
            scores.iter_mut().flatten().for_each(|s| *s = round(range[0] + range[1] - *s, 4));
        }
    }

    /// For every prompt, the prompt whose text it repeats.
    pub(super) fn repeated_prompts(&self, seed: u64, splits: &[Split]) -> Vec<Option<usize>> {
        let training: Vec<usize> = (0..splits.len()).filter(|&p| splits[p] == Split::Train).collect();
        let mut draw = Draw::new(seed, "plant/leak", 0);
        let mut next = 0;
        splits
            .iter()
            .map(|&split| {
                let repeats = self.leaked_prompts > 0.0 && split == Split::Test && draw.chance(self.leaked_prompts);
                let from = repeats.then(|| training.get(next).copied()).flatten();
                next += usize::from(from.is_some());
                from
            })
            .collect()
    }

    /// Adds the ratings of the annotator who copies: on the chosen items all of the first one's, else of her own.
    pub(super) fn copy_ratings(
        &self,
        seed: u64,
        ratings: &mut Vec<SimulatedRating>,
        own: &dyn Fn(&mut Draw, usize, usize) -> i64,
    ) {
        if self.copied_ratings <= 0.0 {
            return;
        }
        let copied: Vec<SimulatedRating> = ratings.iter().filter(|r| r.annotator == COPIER.1).copied().collect();
        for of_item in copied.chunk_by(|x, y| x.item == y.item) {
            let mut draw = Draw::new(seed, "plant/copy", of_item[0].item);
            let copies = draw.chance(self.copied_ratings);
            ratings.extend(of_item.iter().map(|r| {
                let value = if copies { r.value } else { own(&mut draw, r.item, r.ladder) };
                SimulatedRating { annotator: ANNOTATORS.len(), value, ..*r }
            }));
        }
    }

    /// The chance of one more step up for an annotator who has `own` already.
    pub(super) fn leniency(&self, annotator: usize, own: f64) -> f64 {
        if annotator == LENIENT && self.lenient > 0.0 { self.lenient } else { own }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lean_is_the_sum_of_its_parts() {
        let plants = Plants { position: 0.5, length: 0.25, generator: 1.0, ..Plants::default() };
        assert_eq!(plants.lean((2, "6s"), (0, "2s")), 0.5 + 0.5 + 1.0);
        assert_eq!(plants.lean((0, "2s"), (2, "6s")), 0.5 - 0.5 - 1.0);
        assert_eq!(Plants::default().lean((2, "6s"), (0, "2s")), 0.0);
    }

    #[test]
    fn every_plant_has_a_name_and_a_range() {
        for (name, _) in Plants::NAMES {
            let mut plants = Plants::default();
            plants.plant(name, 1.0).unwrap();
            assert_eq!(plants.planted(), [(name, 1.0)]);
            assert!(plants.plant(name, f64::NAN).is_err());
        }
        let mut plants = Plants::default();
        assert!(plants.plant("lenient", 1.5).unwrap_err().contains("from 0 to 1"));
        assert!(plants.plant("inverted-scorer", 0.5).is_err());
        assert!(plants.plant("mood", 1.0).unwrap_err().contains("known are position, length"));
        assert!(plants.is_none());
        plants.plant("position", -2.0).unwrap();
        assert_eq!(plants.position, -2.0);
    }

    #[test]
    fn only_test_prompts_repeat_and_only_training_prompts_are_repeated() {
        let splits = [Split::Train, Split::Train, Split::Test, Split::Test];
        let all = Plants { leaked_prompts: 1.0, ..Plants::default() };
        assert_eq!(all.repeated_prompts(1, &splits), [None, None, Some(0), Some(1)]);
        assert!(Plants::default().repeated_prompts(1, &splits).iter().all(Option::is_none));
    }

    #[test]
    fn a_broken_ladder_is_upside_down_where_it_is_broken() {
        let ladders: Vec<Vec<usize>> = (0..5).map(|l| vec![2 * l, 2 * l + 1]).collect();
        let clean: Vec<Vec<f64>> = (0..10).map(|q| vec![f64::from(q) / 10.0; 4]).collect();
        let mut answers = clean.clone();
        Plants { broken_ladder: 1.0, ..Plants::default() }.spoil_answers(1, &ladders, &mut answers);
        assert_eq!((&answers[8], &answers[9]), (&clean[9], &clean[8]));
        assert_eq!(answers[..8], clean[..8]);
    }
}
