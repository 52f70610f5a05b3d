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
