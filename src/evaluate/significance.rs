//! Is a difference more than chance? Clustered errors, a permutation test over prompts, McNemar's test, the smallest
//! difference that the data could show.

use super::credits::Credit;
use super::results::{IdentityCheck, Inverted};
use super::sample::Sample;
use super::{Comparison, Evaluation, Protocol, Row};
use crate::stats::{ClusteredMean, benjamini_hochberg, benjamini_hochberg_some, mcnemar_exact, paired};

/// z of 97.5 % plus z of 80 %: a difference of so many standard errors is called significant at 5 % in 80 % of cases.
const Z_POWER: f64 = 1.959_963_984_540_054 + 0.841_621_233_572_914_4;

/// Clustered mean of the credits of a sample under a protocol; `None` where there is no accuracy.
pub fn clustered(sample: &Sample, protocol: Protocol) -> Option<ClusteredMean> {
    let credits = sample.credits(protocol).ok()?;
    clustered_credits(&credits)
}

fn clustered_credits(credits: &[Credit]) -> Option<ClusteredMean> {
    let values: Vec<f64> = credits.iter().map(|c| c.value).collect();
    let groups: Vec<u32> = credits.iter().map(|c| c.group).collect();
    ClusteredMean::new(&values, &groups)
}

/// What tests say of the difference of two scorers on the same units.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Tested {
    /// Clustered standard error of the difference.
    pub se: Option<f64>,
    /// Permutation test over groups.
    pub p: Option<f64>,
    /// McNemar's exact test over units.
    pub mcnemar: Option<f64>,
    /// Smallest difference shown with 80 % power.
    pub detectable: Option<f64>,
}

/// Tests the difference of two scorers, given what each unit earns under each; units are matched by key, both lists in
/// ascending order of the key. Thresholds that were calibrated on these pairs are taken as given. Two scorers that earn
/// the same everywhere have p = 1.
pub fn test_difference(first: &[Credit], second: &[Credit], draws: usize, seed: u64) -> Tested {
    let mut others = second.iter().peekable();
    let mut differences = Vec::with_capacity(first.len());
    for credit in first {
        while others.next_if(|other| other.key < credit.key).is_some() {}
        if let Some(other) = others.next_if(|other| other.key == credit.key) {
            differences.push((credit.group, credit.value - other.value));
        }
    }
    let (groups, values): (Vec<u32>, Vec<f64>) = differences.into_iter().unzip();
    let Some(mean) = ClusteredMean::new(&values, &groups) else { return Tested::default() };
    let better = values.iter().filter(|d| **d > 0.0).count() as u64;
    let worse = values.iter().filter(|d| **d < 0.0).count() as u64;
    let p = match better + worse {
        0 => Some(1.0),
        _ if draws == 0 => None,
        // Differences that cancel inside every prompt leave nothing to exchange.
        _ => Some(
            paired::cluster_permutation(&values, &groups, draws, seed, "evaluate/permutation").map_or(1.0, |t| t.p),
        ),
    };
    let se = mean.se.is_finite().then_some(mean.se);
    Tested { se, p, mcnemar: Some(mcnemar_exact(better, worse)), detectable: se.map(|se| Z_POWER * se) }
}

/// Adjusts the p-values of all comparisons (Benjamini–Hochberg).
pub fn adjust(comparisons: &mut [Comparison]) {
    let p: Vec<Option<f64>> = comparisons.iter().map(|c| c.p).collect();
    for (comparison, q) in comparisons.iter_mut().zip(benjamini_hochberg_some(&p)) {
        comparison.q = q;
    }
}

/// Scorers whose `diff-half` is below ½ beyond chance, at a false discovery rate of 1 %; `tested` has the clustered
/// mean of every scorer and dimension.
pub fn inverted(tested: &[(String, String, ClusteredMean, usize)]) -> Vec<Inverted> {
    let p: Vec<f64> = tested.iter().map(|t| t.2.p_value(0.5).unwrap_or(f64::NAN)).collect();
    let q = benjamini_hochberg(&p);
    (tested.iter().zip(p.iter().zip(&q)))
        .filter(|((_, _, mean, _), (_, q))| mean.mean < 0.5 && **q < 0.01)
        .map(|((dimension, scorer, mean, n), (&p, &q))| Inverted {
            dimension: dimension.clone(),
            scorer: scorer.clone(),
            value: mean.mean,
            p,
            q,
            n: *n,
            prompts: mean.clusters,
        })
        .collect()
}

/// Whether an accuracy with calibrated ties can stand beside an accuracy without ties: `with` ≥ max(t, (1 − t)·`without`)
/// for every scorer, where `t` is the share of human ties (definitions §3.2). `slack` forgives rounding of printed
/// numbers.
pub fn identity_holds(with: f64, without: f64, t: f64, slack: f64) -> bool {
    with >= t.max((1.0 - t) * without) - slack
}

impl Evaluation {
    /// Checks the identity on every scorer and dimension that has both numbers on the same pairs.
    pub(super) fn check_identity(&self) -> IdentityCheck {
        let mut check = IdentityCheck::default();
        for tau in self.rows.iter().filter(|r| r.protocol == Protocol::Tau) {
            let diff = self.row(&tau.dimension, &tau.scorer, Protocol::Diff);
            let (Some(with), Some(Row { value: Some(without), .. })) = (tau.value, diff) else { continue };
            check.checked += 1;
            let t = tau.ties as f64 / tau.n as f64;
            if !identity_holds(with, *without, t, 1e-12) {
                check.broken.push(format!("{}, {}: tau {with}, diff {without}, ties {t}", tau.dimension, tau.scorer));
            }
        }
        check
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credits(values: &[f64]) -> Vec<Credit> {
        values.iter().enumerate().map(|(i, &value)| Credit { group: i as u32 / 2, key: i as u32, value }).collect()
    }

    #[test]
    fn a_difference_is_tested_on_the_common_units() {
        let first = credits(&[1.0, 1.0, 1.0, 0.0, 1.0, 1.0]);
        let mut second = credits(&[0.0, 0.0, 1.0, 0.0, 0.0, 1.0]);
        second.remove(3);
        let found = test_difference(&first, &second, 100, 1);
        // Sums by prompt 2, 0, 1: ++ and −− of four sign patterns reach 3.
        assert_eq!(found.p, Some(0.5));
        assert!((found.mcnemar.unwrap() - 0.25).abs() < 1e-12, "three to nought");
        assert!((found.detectable.unwrap() - 2.801_585 * found.se.unwrap()).abs() < 1e-5);
        let same = test_difference(&first, &first, 100, 1);
        assert_eq!((same.p, same.mcnemar, same.se), (Some(1.0), Some(1.0), Some(0.0)));
        assert_eq!(test_difference(&[], &first, 100, 1), Tested::default());
    }

    #[test]
    fn the_identity_finds_the_published_row_that_cannot_be() {
        // VideoAlign Table 2, Overall: LiFT 39.08 / 57.26 at 16.8 % ties; VideoScore on the same pairs holds.
        assert!(!identity_holds(0.3908, 0.5726, 0.168, 1e-3));
        assert!(identity_holds(0.4180, 0.5022, 0.168, 1e-3));
    }
}
