//! What an audit should measure, computed from the laws of a simulation and not from its draws: expectations given the items.
//!
//! All are asked of a simulation without plants; the plants whose effect is wanted are an argument.

use super::people::{expected_rating, scale, seen_levels};
use super::plan::{ANNOTATORS, GENERATORS};
use super::plants::{BROKEN_LADDER, COPIER, INVERTED, LENIENT, PREFERRED_GENERATOR, Plants, YES_QUESTION};
use super::scorers::expected_order;
use super::simulate::Simulation;

impl Simulation {
    /// Chances of (a, tie, b) of every pair on the first dimension.
    fn chances(&self, plants: &Plants) -> Vec<(f64, f64, f64)> {
        let plant = &self.planted.dimensions[0];
        let rewards = plant.rewards(&self.checklist, &self.answers);
        let sigma = |z: f64| 1.0 / (1.0 + (-z).exp());
        let side = |i: usize| (self.items[i].generator, self.items[i].duration);
        let of = |pair: &super::SimulatedPair| {
            let z = rewards[pair.a] - rewards[pair.b] + plants.lean(side(pair.a), side(pair.b));
            let (a, b) = (sigma(z - plant.tie_eta), sigma(-z - plant.tie_eta));
            (a, 1.0 - a - b, b)
        };
        self.pairs.iter().map(of).collect()
    }

    /// Share of decisive labels for the item shown first.
    pub fn expected_first_share(&self, plants: &Plants) -> f64 {
        let chances = self.chances(plants);
        let first: f64 = chances.iter().map(|c| c.0).sum();
        first / chances.iter().map(|c| c.0 + c.2).sum::<f64>()
    }

    /// Accuracy on decided pairs of the scorer that may be turned round, with its name.
    pub fn expected_scorer_accuracy(&self, plants: &Plants) -> (&'static str, f64) {
        let chances = self.chances(plants);
        let before = expected_order(INVERTED, &self.scorer_signals(), &self.pairs);
        let turn = |p: f64| if plants.inverted_scorer { 1.0 - p } else { p };
        let right: f64 = chances.iter().zip(before).map(|(c, p)| c.0 * turn(p) + c.2 * (1.0 - turn(p))).sum();
        (INVERTED, right / chances.iter().map(|c| c.0 + c.2).sum::<f64>())
    }

    /// The lenient annotator's mean distance from the mean of the others on one ladder, in standard deviations of the
    /// ratings that were drawn; with the annotator's and the ladder's name.
    pub fn expected_severity(&self, plants: &Plants, ladder: usize) -> (&'static str, String, f64) {
        let (name, members) = self.checklist.ladders()[ladder].clone();
        let scale = scale(&self.checklist, &members);
        let setting = self.options.setting;
        let mean = |annotator: usize, item: usize| {
            let (careless, own) = setting.annotator(annotator);
            expected_rating((careless, plants.leniency(annotator, own)), self.levels[ladder][item], &scale)
        };
        let others = |item: usize| {
            let rest = (0..ANNOTATORS.len()).filter(|k| *k != LENIENT);
            rest.map(|k| mean(k, item)).sum::<f64>() / (ANNOTATORS.len() - 1) as f64
        };
        let rated: Vec<usize> =
            self.ratings.iter().filter(|r| r.ladder == ladder && r.annotator == LENIENT).map(|r| r.item).collect();
        let off = rated.iter().map(|&i| mean(LENIENT, i) - others(i)).sum::<f64>() / rated.len() as f64;
        (ANNOTATORS[LENIENT].0, name.to_owned(), off)
    }

    /// Share of yes answers above the share of people who see the same, for the question that a yes-saying judge spoils; with
    /// the question's id.
    pub fn expected_yes_bias(&self, plants: &Plants) -> (String, f64) {
        let ladders = self.ladders();
        let ladder = ladders.iter().position(|l| l.contains(&YES_QUESTION)).unwrap_or(0);
        let rank = ladders[ladder].iter().position(|&q| q == YES_QUESTION).unwrap_or(0);
        let reached = ladders[ladder].len() - rank;
        let highest = ladders[ladder].len();
        let people = |level: usize, annotator: usize| -> f64 {
            seen_levels(self.options.setting.annotator(annotator), level, highest)
                .iter()
                .filter(|(seen, _)| *seen >= reached)
                .map(|(_, chance)| chance)
                .sum()
        };
        let off: f64 = (0..self.items.len())
            .map(|item| {
                let yes = if self.answers[YES_QUESTION][item] >= 0.5 { 1.0 } else { plants.yes_saying };
                let level = self.levels[ladder][item];
                yes - (0..ANNOTATORS.len()).map(|k| people(level, k)).sum::<f64>() / ANNOTATORS.len() as f64
            })
            .sum();
        (self.checklist.questions[YES_QUESTION].id.clone(), off / self.items.len() as f64)
    }

    /// Share of items whose answers along the ladder that is broken are no staircase; with the ladder's name.
    pub fn expected_broken(&self, plants: &Plants) -> (String, f64) {
        let (name, members) = self.checklist.ladders()[BROKEN_LADDER].clone();
        let broken = |order: &mut dyn Iterator<Item = &usize>, item: usize| {
            let yes: Vec<bool> = order.map(|&q| self.answers[q][item] >= 0.5).collect();
            f64::from(u8::from(yes.windows(2).any(|w| w[0] && !w[1])))
        };
        let share = (0..self.items.len())
            .map(|i| {
                let (before, after) = (broken(&mut members.iter(), i), broken(&mut members.iter().rev(), i));
                (1.0 - plants.broken_ladder) * before + plants.broken_ladder * after
            })
            .sum::<f64>();
        (name.to_owned(), share / self.items.len() as f64)
    }

    /// Share of items on which the annotator who copies and the one who is copied rate all alike; with their names.
    pub fn expected_identical(&self, plants: &Plants) -> (String, f64) {
        let habit = self.options.setting.annotator(COPIER.1);
        let rated: std::collections::BTreeSet<usize> = self.ratings.iter().map(|r| r.item).collect();
        let ladders = self.ladders();
        let equal = |level: usize, highest: usize| -> f64 {
            let seen = seen_levels((habit.0, 0.0), level, highest);
            (0..=highest).map(|l| seen.iter().filter(|s| s.0 == l).map(|s| s.1).sum::<f64>().powi(2)).sum()
        };
        let by_chance = rated
            .iter()
            .map(|&i| ladders.iter().enumerate().map(|(l, m)| equal(self.levels[l][i], m.len())).product::<f64>())
            .sum::<f64>()
            / rated.len().max(1) as f64;
        let names = format!("{}, {}", ANNOTATORS[COPIER.1].0, COPIER.0);
        (names, plants.copied_ratings + (1.0 - plants.copied_ratings) * by_chance)
    }

    /// Effect of a planted generator against the mean of all, in log-odds; with its name.
    pub fn expected_generator_effect(plants: &Plants) -> (&'static str, f64) {
        let others = (GENERATORS.len() - 1) as f64 / GENERATORS.len() as f64;
        (GENERATORS[PREFERRED_GENERATOR].0, plants.generator * others)
    }
}
