//! Estimates with clustered intervals, and findings made of them.

use super::{Area, Band, Finding, Verdict};
use crate::evaluate::intervals::{FEWEST_GROUPS, FEWEST_PAIRS, NOT_ENOUGH};
use crate::stats::{ClusteredMean, wilson};

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

    /// Whether there are enough observations and groups to say anything (10 and 5).
    pub fn enough(&self) -> bool {
        self.n >= FEWEST_PAIRS && self.clusters >= FEWEST_GROUPS
    }
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
    fn few_prompts_are_not_enough_whatever_the_estimate() {
        let few = Estimate::share(&[1.0; 40], &[0, 1, 2, 3].repeat(10), 0.5).unwrap();
        let found = Finding::of(Area::Preferences, "c", None, "s").measured(&few, "share", "pairs", BAND);
        assert_eq!((found.verdict, found.p), (Verdict::NotEnoughData, None));
        assert_eq!(found.reason.as_deref(), Some("not enough data: 40 pairs from 4 prompts"));
        assert_eq!(Estimate::share::<usize>(&[], &[], 0.5), None);
    }
}
