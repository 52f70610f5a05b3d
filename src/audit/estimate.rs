//! Estimates with clustered intervals, and findings made of them.

use std::collections::BTreeSet;

use super::{Area, Band, Finding, Measure, Verdict};
use crate::evaluate::intervals::{FEWEST_GROUPS, FEWEST_PAIRS, NOT_ENOUGH};
use crate::stats::rank::mid_ranks;
use crate::stats::{ClusteredMean, student, wilson};

/// An estimate with its uncertainty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// Its 95 % interval, where there is one.
    pub interval: Option<(f64, f64)>,
    /// Two-sided p-value against the null value that it was made with.
    pub p: Option<f64>,
    /// Observations.
    pub n: usize,
    /// Independent groups (prompts) that they come from.
    pub clusters: usize,
}

impl Estimate {
    /// The mean of `values`, clustered; p against `null`. `None` for no values.
    pub fn mean<C: Ord + Copy>(values: &[f64], cluster: &[C], null: f64) -> Option<Self> {
        let found = ClusteredMean::new(values, cluster)?;
        Some(Self {
            value: found.mean,
            interval: found.interval(),
            p: found.p_value(null),
            n: values.len(),
            clusters: found.clusters,
        })
    }

    /// As [`Estimate::mean`] for values in [0, 1]: the interval stays inside, and keeps a width (Wilson's, with the clusters
    /// as independent units) where every value is the same.
    pub fn share<C: Ord + Copy>(values: &[f64], cluster: &[C], null: f64) -> Option<Self> {
        let mut found = Self::mean(values, cluster, null)?;
        let flat = found.interval.is_some_and(|(low, high)| low == high);
        if flat && (found.value == 0.0 || found.value == 1.0) {
            found.interval = wilson(found.value, found.clusters);
            // A share of 0 or 1 in G groups: the chance of G equal ones under the null value.
            let side = if found.value == 1.0 { null } else { 1.0 - null };
            found.p = Some((2.0 * side.clamp(0.0, 1.0).powi(found.clusters.min(100_000) as i32)).min(1.0));
        }
        found.interval = found.interval.map(|(low, high)| (low.max(0.0), high.min(1.0)));
        Some(found)
    }

    /// The mean of the means of two sides of shares, each counting half whatever its size; p against `null`. `None` where a
    /// side has no value. [`Estimate::clusters`] is that of the side with fewer, here and in [`Estimate::difference`].
    pub fn balanced<C: Ord + Copy>(values: &[f64], side: &[bool], cluster: &[C], null: f64) -> Option<Self> {
        let mut found = Self::contrast(values, side, cluster, [0.5, 0.5], null)?;
        if values.iter().all(|v| *v == values[0]) {
            // Without any spread the sides do not matter, and the interval of a plain share keeps a width.
            found = Self { clusters: found.clusters, ..Self::share(values, cluster, null)? };
        }
        found.interval = found.interval.map(|(low, high)| (low.max(0.0), high.min(1.0)));
        Some(found)
    }

    /// The mean where `side` is true minus the mean where it is false; p against 0. `None` where a side has no value.
    pub fn difference<C: Ord + Copy>(values: &[f64], side: &[bool], cluster: &[C]) -> Option<Self> {
        Self::contrast(values, side, cluster, [-1.0, 1.0], 0.0)
    }

    /// factors\[0\] · mean(false) + factors\[1\] · mean(true), with the clustered error of its linear form. Degrees of
    /// freedom are those of the side with fewer clusters: a group of two prompts is not known better for a large rest.
    fn contrast<C: Ord + Copy>(
        values: &[f64],
        side: &[bool],
        cluster: &[C],
        factors: [f64; 2],
        null: f64,
    ) -> Option<Self> {
        let (mut sum, mut n) = ([0.0; 2], [0.0; 2]);
        for (&value, &side) in values.iter().zip(side) {
            sum[usize::from(side)] += value;
            n[usize::from(side)] += 1.0;
        }
        if n[0] == 0.0 || n[1] == 0.0 {
            return None;
        }
        let mean = [sum[0] / n[0], sum[1] / n[1]];
        let value = factors[0] * mean[0] + factors[1] * mean[1];
        let total = n[0] + n[1];
        let pull = values.iter().zip(side).map(|(&value, &side)| {
            let i = usize::from(side);
            factors[i] * (value - mean[i]) * total / n[i]
        });
        let pull: Vec<f64> = pull.collect();
        let error = ClusteredMean::new(&pull, cluster)?;
        let of_side = |wanted: bool| {
            let members = cluster.iter().zip(side).filter(|(_, side)| **side == wanted);
            members.map(|(cluster, _)| *cluster).collect::<BTreeSet<C>>().len()
        };
        let at = ClusteredMean { mean: value, se: error.se, clusters: of_side(false).min(of_side(true)) };
        Some(Self { value, interval: at.interval(), p: at.p_value(null), n: values.len(), clusters: at.clusters })
    }

    /// Spearman's rank correlation with a clustered interval; p against 0. `None` where it is not defined (a constant list,
    /// fewer than two values).
    ///
    /// The error is that of the correlation's influence function, r_i = z_x z_y − r (z_x² + z_y²)/2, summed by cluster; the
    /// interval is made on Fisher's scale, so it stays inside [−1, 1].
    pub fn spearman<C: Ord + Copy>(x: &[f64], y: &[f64], cluster: &[C]) -> Option<Self> {
        if x.len() != y.len() || x.len() < 2 {
            return None;
        }
        let (zx, zy) = (standardised(&mid_ranks(x))?, standardised(&mid_ranks(y))?);
        let n = x.len() as f64;
        let r = (zx.iter().zip(&zy).map(|(a, b)| a * b).sum::<f64>() / n).clamp(-1.0, 1.0);
        let pull: Vec<f64> = zx.iter().zip(&zy).map(|(a, b)| a * b - r * (a * a + b * b) / 2.0).collect();
        let error = ClusteredMean::new(&pull, cluster)?;
        let (interval, p) = match student::quantile(0.975, error.clusters as f64 - 1.0) {
            _ if r.abs() > 1.0 - 1e-12 => (Some((r, r)), Some(0.0)),
            Some(t) if error.se.is_finite() => {
                let (z, se) = (r.atanh(), error.se / (1.0 - r * r));
                let p = if se > 0.0 { student::two_sided(z / se, error.clusters as f64 - 1.0) } else { None };
                (Some(((z - t * se).tanh(), (z + t * se).tanh())), p)
            }
            _ => (None, None),
        };
        Some(Self { value: r, interval, p, n: x.len(), clusters: error.clusters })
    }

    /// The estimate as a row's measure.
    pub fn measure(&self) -> Measure {
        let mut measure = Measure::new(self.value, self.interval);
        if !self.enough() {
            measure.reason = Some(format!("{NOT_ENOUGH}: {} values from {} prompts", self.n, self.clusters));
        }
        measure
    }

    /// Whether there are enough observations and groups to say anything (10 and 5).
    pub fn enough(&self) -> bool {
        self.n >= FEWEST_PAIRS && self.clusters >= FEWEST_GROUPS
    }
}

/// Mean 0, population variance 1; `None` for constant values.
fn standardised(values: &[f64]) -> Option<Vec<f64>> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
    (sd > 1e-12 * mean.abs()).then(|| values.iter().map(|v| (v - mean) / sd).collect())
}

impl Finding {
    /// A finding about `subject`, still without numbers.
    pub fn of(area: Area, check: &str, dimension: Option<&str>, subject: impl Into<String>) -> Self {
        Self {
            area,
            check: check.to_owned(),
            dimension: dimension.map(str::to_owned),
            subject: subject.into(),
            estimate: None,
            low: None,
            high: None,
            unit: String::new(),
            n: 0,
            n_of: String::new(),
            band: None,
            p: None,
            q: None,
            verdict: Verdict::NotEnoughData,
            message: String::new(),
            remedy: String::new(),
            reason: None,
        }
    }

    /// Fills in an estimate, the unit it is in, and what its observations are. Without enough of them the estimate stays,
    /// the verdict is [`Verdict::NotEnoughData`] and the p-value is left out.
    #[must_use]
    pub fn measured(mut self, found: &Estimate, unit: &str, n_of: &str, band: Band) -> Self {
        self.estimate = Some(found.value);
        (self.low, self.high) = found.interval.map_or((None, None), |(low, high)| (Some(low), Some(high)));
        self.unit = unit.to_owned();
        (self.n, self.n_of) = (found.n, n_of.to_owned());
        self.band = Some(band);
        match found.interval {
            Some((low, high)) if found.enough() => {
                self.p = found.p;
                self.verdict = band.verdict(found.value, low, high);
            }
            _ => {
                self.verdict = Verdict::NotEnoughData;
                self.reason = Some(format!("{NOT_ENOUGH}: {} {n_of} from {} prompts", found.n, found.clusters));
            }
        }
        self
    }

    /// There is no estimate, and why.
    #[must_use]
    pub fn undefined(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self.verdict = Verdict::NotEnoughData;
        self
    }

    /// What was found, and what to do about it (shown only where something should be done).
    #[must_use]
    pub fn saying(mut self, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        self.message = message.into();
        self.remedy = remedy.into();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Side;

    const BAND: Band = Band { null: 0.5, look: 0.05, bad: 0.15, side: Side::Both };

    #[test]
    fn a_share_without_spread_keeps_an_interval() {
        let groups: Vec<usize> = (0..40).collect();
        let all = Estimate::share(&[1.0; 40], &groups, 0.5).unwrap();
        let (low, high) = all.interval.unwrap();
        assert!(low > 0.9 && low < 1.0 && high == 1.0 && all.p.unwrap() < 1e-9);
        let found = Finding::of(Area::Preferences, "c", None, "s").measured(&all, "share", "pairs", BAND);
        assert_eq!(found.verdict, Verdict::Bad);
    }

    #[test]
    fn two_sides_count_the_same_whatever_their_size() {
        let values = [1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
        let side = [true, true, true, true, false, false, true, true];
        let groups: Vec<usize> = (0..8).collect();
        let balanced = Estimate::balanced(&values, &side, &groups, 0.5).unwrap();
        assert!((balanced.value - 0.5 * (4.0 / 6.0)).abs() < 1e-12);
        let gap = Estimate::difference(&values, &side, &groups).unwrap();
        assert!((gap.value - 4.0 / 6.0).abs() < 1e-12);
        // Welch's error with the factor G/(G − 1) on all groups: Σ(x − mean)² / n² per side.
        let se = ((4.0 * (1.0f64 / 3.0).powi(2) + 2.0 * (2.0f64 / 3.0).powi(2)) / 36.0 * 8.0 / 7.0).sqrt();
        let t = student::quantile(0.975, 1.0).unwrap();
        assert_eq!(gap.clusters, 2, "the smaller side decides what can be said");
        assert!((gap.interval.unwrap().1 - gap.value - t * se).abs() < 1e-12);
        assert_eq!(Estimate::difference(&values, &[true; 8], &groups), None);
    }

    #[test]
    fn spearman_is_the_textbook_value_with_the_delta_method_error() {
        let x: Vec<f64> = (0..200).map(|i| f64::from(i * 37 % 101)).collect();
        let y: Vec<f64> = (0..200).map(|i| f64::from(i * 37 % 101) + f64::from(i * 53 % 89)).collect();
        let groups: Vec<usize> = (0..200).collect();
        let found = Estimate::spearman(&x, &y, &groups).unwrap();
        assert!((found.value - crate::stats::spearman(&x, &y).unwrap()).abs() < 1e-12);
        let (low, high) = found.interval.unwrap();
        assert!(low < found.value && found.value < high && high - low < 0.25 && found.p.unwrap() < 1e-6);
        // Every observation twice under the same cluster: nothing is learned from a copy.
        let twice = |v: &[f64]| v.iter().chain(v).copied().collect::<Vec<_>>();
        let groups: Vec<usize> = groups.iter().chain(&groups).copied().collect();
        let copied = Estimate::spearman(&twice(&x), &twice(&y), &groups).unwrap();
        assert!((copied.interval.unwrap().0 - low).abs() < 1e-9);
        assert_eq!(Estimate::spearman(&[1.0; 9], &x[..9], &groups[..9]), None);
    }

    #[test]
    fn few_prompts_are_not_enough_whatever_the_estimate() {
        let few = Estimate::share(&[1.0; 40], &[0, 1, 2, 3].repeat(10), 0.5).unwrap();
        let found = Finding::of(Area::Preferences, "c", None, "s").measured(&few, "share", "pairs", BAND);
        assert_eq!((found.verdict, found.p), (Verdict::NotEnoughData, None));
        assert_eq!(found.reason.as_deref(), Some("not enough data: 40 pairs from 4 prompts"));
        assert_eq!(Estimate::share::<usize>(&[], &[], 0.5), None);
    }
}
