//! Means, shares and their standard errors where values come in clusters: the pairs of one prompt are not independent
//! (definitions §3.11, "Error bars"; arXiv 2411.00640).

use std::collections::BTreeMap;

use super::student;

/// A mean with its clustered standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClusteredMean {
    /// Weighted mean.
    pub mean: f64,
    /// sqrt(Σ_c (Σ_{i∈c} m_i (v_i − mean))²) / Σm, times sqrt(G/(G − 1)) for G clusters.
    pub se: f64,
    /// Clusters with weight.
    pub clusters: usize,
}

impl ClusteredMean {
    /// The mean of `values` with weights 1; see [`ClusteredMean::weighted`].
    pub fn new<C: Ord + Copy>(values: &[f64], cluster: &[C]) -> Option<Self> {
        Self::weighted(values, &vec![1.0; values.len()], cluster)
    }

    /// The weighted mean of `values`, with one entry of `weight` and `cluster` for each. A value of weight 0 is absent.
    ///
    /// `None` for no weight, or lists of different lengths. With one cluster the error is NaN: nothing can be said.
    pub fn weighted<C: Ord + Copy>(values: &[f64], weight: &[f64], cluster: &[C]) -> Option<Self> {
        if values.len() != weight.len() || values.len() != cluster.len() {
            return None;
        }
        let entries = || values.iter().zip(weight).zip(cluster).filter(|((_, w), _)| **w > 0.0);
        if cluster.is_sorted() {
            // Pairs mostly come prompt by prompt: the same sums in the same order, without a search for each.
            let mut sums: Vec<(C, (f64, f64))> = Vec::new();
            for ((&value, &weight), &cluster) in entries() {
                match sums.last_mut().filter(|last| last.0 == cluster) {
                    Some((_, sum)) => *sum = (sum.0 + weight * value, sum.1 + weight),
                    None => sums.push((cluster, (weight * value, weight))),
                }
            }
            return Self::of_sums(sums.into_iter().map(|s| s.1));
        }
        let mut sums: BTreeMap<C, (f64, f64)> = BTreeMap::new();
        for ((&value, &weight), &cluster) in entries() {
            let sum = sums.entry(cluster).or_default();
            sum.0 += weight * value;
            sum.1 += weight;
        }
        Self::of_sums(sums.into_values())
    }

    /// From the sums of each cluster: (Σ m v, Σ m). The ratio of the two totals is the mean.
    pub fn of_sums(sums: impl IntoIterator<Item = (f64, f64)>) -> Option<Self> {
        let sums: Vec<(f64, f64)> = sums.into_iter().filter(|s| s.1 > 0.0).collect();
        let total: f64 = sums.iter().map(|s| s.1).sum();
        if sums.is_empty() || total <= 0.0 {
            return None;
        }
        let mean = sums.iter().map(|s| s.0).sum::<f64>() / total;
        let clusters = sums.len() as f64;
        let squares: f64 = sums.iter().map(|s| (s.0 - mean * s.1).powi(2)).sum();
        let se = if sums.len() > 1 { (squares * clusters / (clusters - 1.0)).sqrt() / total } else { f64::NAN };
        Some(Self { mean, se, clusters: sums.len() })
    }

    /// 95 % interval from Student's distribution with G − 1 degrees of freedom; `None` for one cluster.
    pub fn interval(&self) -> Option<(f64, f64)> {
        let t = student::quantile(0.975, self.clusters.checked_sub(1)? as f64)?;
        self.se.is_finite().then_some((self.mean - t * self.se, self.mean + t * self.se))
    }

    /// Two-sided p-value of the hypothesis that the mean is `null`; `None` for one cluster. Without any spread it is 1 at
    /// `null` and 0 elsewhere.
    pub fn p_value(&self, null: f64) -> Option<f64> {
        if !self.se.is_finite() {
            return None;
        }
        let off = (self.mean - null).abs();
        if self.se == 0.0 {
            return Some(if off == 0.0 { 1.0 } else { 0.0 });
        }
        student::two_sided(off / self.se, (self.clusters - 1) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_that_of_the_definition_and_not_fooled_by_copies() {
        let found = ClusteredMean::new(&[1.0, 2.0, 4.0], &[0, 1, 2]).unwrap();
        // By hand: deviations −4/3, −1/3, 5/3; sqrt(42/9 · 3/2) / 3. The same as the plain standard error of a mean.
        assert!((found.mean - 7.0 / 3.0).abs() < 1e-15);
        assert!((found.se - (42.0f64 / 9.0 * 1.5).sqrt() / 3.0).abs() < 1e-15);
        let twice = ClusteredMean::new(&[1.0, 1.0, 2.0, 2.0, 4.0, 4.0], &["x", "x", "y", "y", "z", "z"]).unwrap();
        assert!((twice.se - found.se).abs() < 1e-15);
        let weighted = ClusteredMean::weighted(&[1.0, 2.0, 4.0, 9.0], &[3.0, 3.0, 3.0, 0.0], &[0, 1, 2, 3]).unwrap();
        assert!((weighted.se - found.se).abs() < 1e-15 && weighted.clusters == 3);
    }

    #[test]
    fn the_order_of_the_clusters_changes_nothing() {
        let cluster: Vec<usize> = (0..40).map(|i| i / 3).collect();
        let values: Vec<f64> = (0..40).map(|i| f64::from(i * 7 % 11) / 3.0).collect();
        let weight: Vec<f64> = (0..40).map(|i| f64::from(i % 4)).collect();
        let sorted = ClusteredMean::weighted(&values, &weight, &cluster).unwrap();
        // Whole clusters moved: each keeps the order of its values, so every sum is the same to the last bit.
        let moved: Vec<usize> = (20..40).filter(|i| i / 3 > 6).chain((0..40).filter(|i| i / 3 <= 6)).collect();
        fn pick<T: Copy>(list: &[T], order: &[usize]) -> Vec<T> {
            order.iter().map(|&i| list[i]).collect()
        }
        let (v, w, c) = (pick(&values, &moved), pick(&weight, &moved), pick(&cluster, &moved));
        assert!(!c.is_sorted() && c.len() == 40);
        assert_eq!(ClusteredMean::weighted(&v, &w, &c).unwrap(), sorted);
    }

    #[test]
    fn interval_and_test_are_students() {
        // Mean 7/3 with error √(7/9); t at 2 degrees of freedom is 4.302 652 730; with t = √7 the two-sided tail is in
        // closed form 1 − √(t²/(t² + 2)) = 1 − √(7/9).
        let found = ClusteredMean::new(&[1.0, 2.0, 4.0], &[0, 1, 2]).unwrap();
        let half = 4.302_652_730 * (7.0f64 / 9.0).sqrt();
        let (low, high) = found.interval().unwrap();
        assert!((low - 7.0 / 3.0 + half).abs() < 1e-8 && (high - 7.0 / 3.0 - half).abs() < 1e-8, "{low} {high}");
        assert!((found.p_value(0.0).unwrap() - (1.0 - (7.0f64 / 9.0).sqrt())).abs() < 1e-12);
    }

    #[test]
    fn one_cluster_has_a_mean_and_nothing_else() {
        let one = ClusteredMean::new(&[1.0, 2.0], &[7, 7]).unwrap();
        assert_eq!((one.mean, one.clusters), (1.5, 1));
        assert_eq!((one.interval(), one.p_value(1.0)), (None, None));
        assert_eq!(ClusteredMean::new::<u8>(&[], &[]), None);
        let constant = ClusteredMean::new(&[1.0, 1.0], &[0, 1]).unwrap();
        assert_eq!((constant.p_value(1.0), constant.p_value(0.5)), (Some(1.0), Some(0.0)));
    }
}
