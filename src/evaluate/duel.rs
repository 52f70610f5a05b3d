//! Two scorers on the pairs that both cover: difference, interval, paired test. And the winner of a column, if it has one.

use super::compare::{Question, assess};
use super::intervals::enough;
use super::margins::{LabelledPairs, ScoredPairs};
use super::protocol::Protocol;
use super::sample::Sample;
use super::significance::test_difference;

/// Sign assignments of the permutation test: p-values down to 1/2000.
const ASSIGNMENTS: usize = 1999;
/// Scorers that cover less of the pairs than this are shown, but neither win nor stand in a winner's way.
pub const LEAST_COVERAGE: f64 = 0.5;

/// The first scorer minus the second one on their common pairs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Duel {
    /// Difference of the accuracies.
    pub difference: f64,
    /// Two-sided p-value of a sign-flip test over prompts.
    pub p: f64,
    /// Common pairs in the denominator.
    pub n: usize,
    /// Prompts behind them.
    pub groups: usize,
}

/// Compares two scorers of `labels` under one protocol. A calibrated tie threshold is that of each scorer on the common
/// pairs, so there the test takes it as given. `None` where there are too few common pairs to say.
pub fn duel(
    labels: &LabelledPairs,
    first: &ScoredPairs,
    second: &ScoredPairs,
    protocol: Protocol,
    seed: u64,
) -> Option<Duel> {
    let counts = |scored: &ScoredPairs, i: usize| {
        scored.margins[i].is_some_and(|m| m != 0.0 || protocol != Protocol::DiffDecided)
    };
    let common: Vec<usize> = (0..labels.len()).filter(|&i| counts(first, i) && counts(second, i)).collect();
    let [first, second] = [first, second].map(|scored| Sample::new(labels, scored, &common, &[protocol]));
    let (ours, theirs) = (first.point(protocol), second.point(protocol));
    if !enough(ours.n, ours.groups) {
        return None;
    }
    let difference = ours.value.ok()? - theirs.value.ok()?;
    let (earned, other) = (first.credits(protocol).ok()?, second.credits(protocol).ok()?);
    let p = test_difference(&earned, &other, ASSIGNMENTS, seed).p?;
    Some(Duel { difference, p, n: ours.n, groups: ours.groups })
}

/// The best scorer of a column, and whether it is shown to be the best.
#[derive(Debug, Clone, PartialEq)]
pub struct Best {
    /// Scorer with the highest accuracy among those that cover enough.
    pub scorer: String,
    /// Largest p-value of its duels with every other scorer that covers enough; `None` where one could not be fought.
    pub p: Option<f64>,
    /// Whether it is ahead in every duel.
    pub ahead: bool,
    /// Scorers that it is not shown to beat at 5 %, without correction.
    pub rivals: Vec<String>,
}

/// The best scorer of one column and its hardest duel.
///
/// That the best is better than *every* other scorer is shown when its hardest duel shows it: a false winner must have beaten
/// the truly best scorer among the others, so the largest p-value stands for all duels without a further correction. Picking
/// the best after looking does not spoil it: `equal_scorers_rarely_have_a_winner` counts. Several columns need a correction.
pub fn best(labels: &LabelledPairs, scored: &[ScoredPairs], protocol: Protocol, seed: u64) -> Option<Best> {
    let dimension = "";
    let question = Question { dimension, protocols: &[protocol], draws: 0, seed, head_first: false, tests: 0 };
    let rows = assess(labels, scored, question).rows;
    let able: Vec<(usize, f64)> = (rows.iter().enumerate())
        .filter(|(_, row)| row.coverage >= LEAST_COVERAGE && enough(row.n, row.prompts))
        .filter_map(|(s, row)| row.value.map(|value| (s, value)))
        .collect();
    // The first of equals, so that the order of the scorers decides and nothing else.
    let (top, _) = able.iter().copied().reduce(|best, next| if next.1 > best.1 { next } else { best })?;
    let mut found = Best { scorer: scored[top].scorer.clone(), p: Some(0.0), ahead: true, rivals: Vec::new() };
    for &(other, _) in able.iter().filter(|(other, _)| *other != top) {
        match duel(labels, &scored[top], &scored[other], protocol, seed) {
            Some(fought) => {
                found.p = found.p.map(|p| p.max(fought.p));
                found.ahead &= fought.difference > 0.0;
                if fought.p > 0.05 || fought.difference <= 0.0 {
                    found.rivals.push(scored[other].scorer.clone());
                }
            }
            None => {
                found.p = None;
                found.rivals.push(scored[other].scorer.clone());
            }
        }
    }
    if able.len() == 1 {
        found.p = None;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::margins::HeldOut;

    /// 40 prompts with two pairs each, half of the labels a.
    fn labels() -> LabelledPairs {
        let human: Vec<i8> = (0..80).map(|i| if i % 4 < 2 { 1 } else { -1 }).collect();
        let group = (0..80u32).map(|i| i / 2).collect();
        LabelledPairs { pair: (0..80).collect(), human, group, groups: 40, ..LabelledPairs::default() }
    }

    /// Right on all pairs but the first `wrong`.
    fn scorer(name: &str, wrong: usize) -> ScoredPairs {
        let labels = labels();
        let margin = |i: usize| Some(f64::from(labels.human[i]) * if i < wrong { -1.0 } else { 1.0 });
        ScoredPairs::new(name, (0..80).map(margin).collect(), HeldOut::Missing("none".into()))
    }

    #[test]
    fn a_duel_is_a_paired_difference_with_its_test() {
        let found = duel(&labels(), &scorer("good", 4), &scorer("bad", 30), Protocol::DiffHalf, 1).unwrap();
        assert!((found.difference - 26.0 / 80.0).abs() < 1e-12 && found.n == 80 && found.groups == 40);
        // 13 prompts differ, all one way: 2 · 2^−13 before the random assignments' resolution.
        assert!(found.p <= 0.002, "{found:?}");
        let same = duel(&labels(), &scorer("x", 4), &scorer("y", 4), Protocol::Tau, 1).unwrap();
        assert_eq!((same.difference, same.p), (0.0, 1.0));
        assert!(duel(&labels(), &scorer("x", 4), &scorer("y", 4), Protocol::TauHeldOut, 1).is_none(), "no thresholds");
    }

    /// Five scorers that are equally good, each wrong in places of its own: a winner is declared in at most 5 % of worlds.
    #[test]
    fn equal_scorers_rarely_have_a_winner() {
        use rand::RngExt;
        let labels = labels();
        let worlds = 200;
        let won = (0..worlds).filter(|&world| {
            let mut random = crate::rng::stream(8, "duel/worlds", world);
            let mut equal = |name: &str| {
                let margin =
                    |i: usize| Some(f64::from(labels.human[i]) * if random.random_bool(0.3) { -1.0 } else { 1.0 });
                ScoredPairs::new(name, (0..80).map(margin).collect(), HeldOut::Missing("none".into()))
            };
            let scored = ["a", "b", "c", "d", "e"].map(&mut equal);
            let found = best(&labels, &scored, Protocol::DiffHalf, world).unwrap();
            found.ahead && found.p.unwrap() <= 0.05
        });
        let won = won.count();
        assert!(won <= 14, "{won} of {worlds}");
    }

    #[test]
    fn the_best_is_named_and_proven_only_against_all() {
        let proven =
            best(&labels(), &[scorer("c", 40), scorer("a", 2), scorer("b", 30)], Protocol::DiffHalf, 1).unwrap();
        assert!(proven.scorer == "a" && proven.ahead && proven.rivals.is_empty() && proven.p.unwrap() < 0.01);
        let close = best(&labels(), &[scorer("c", 40), scorer("a", 2), scorer("b", 4)], Protocol::DiffHalf, 1).unwrap();
        assert_eq!((close.scorer.as_str(), close.rivals), ("a", vec!["b".to_owned()]));
        assert!(close.p.unwrap() > 0.05);
        let mut sparse = scorer("few", 0);
        sparse.margins.iter_mut().skip(20).for_each(|m| *m = None);
        let sparse = ScoredPairs::new("few", sparse.margins, sparse.held_out);
        let found = best(&labels(), &[scorer("a", 2), sparse], Protocol::DiffHalf, 1).unwrap();
        assert_eq!((found.scorer.as_str(), found.p), ("a", None), "a quarter of the pairs neither wins nor hinders");
        assert_eq!(best(&labels().select(&[]), &[scorer("a", 2).select(&[])], Protocol::Tau, 1), None);
    }
}
