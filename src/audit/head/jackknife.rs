//! Intervals of statistics that are no means: leave one prompt out at a time (Efron 1982).

use super::super::Estimate;
use crate::stats::student;

/// `statistic` of the sums over all clusters, with the interval and the p-value (against `null`) of the jackknife over
/// clusters. `sums` holds one list of additive sums per cluster, all of one length. `n` is the number of observations.
///
/// `None` where the statistic is not defined on all data; without interval where it is not defined without some cluster.
pub(super) fn jackknife(
    sums: &[Vec<f64>],
    n: usize,
    null: f64,
    statistic: impl Fn(&[f64]) -> Option<f64>,
) -> Option<Estimate> {
    let width = sums.first()?.len();
    let mut total = vec![0.0; width];
    for sum in sums {
        total.iter_mut().zip(sum).for_each(|(t, s)| *t += s);
    }
    let value = statistic(&total)?;
    let clusters = sums.len();
    let without = |sum: &Vec<f64>| {
        let rest: Vec<f64> = total.iter().zip(sum).map(|(t, s)| t - s).collect();
        statistic(&rest)
    };
    let mut found = Estimate { value, interval: None, p: None, n, clusters };
    let left_out: Option<Vec<f64>> = sums.iter().map(without).collect();
    let Some(left_out) = left_out.filter(|_| clusters > 1) else { return Some(found) };
    let g = clusters as f64;
    let mean = left_out.iter().sum::<f64>() / g;
    let se = (left_out.iter().map(|v| (v - mean).powi(2)).sum::<f64>() * (g - 1.0) / g).sqrt();
    if let Some(t) = student::quantile(0.975, g - 1.0).filter(|_| se.is_finite()) {
        found.interval = Some((value - t * se, value + t * se));
        found.p = match (value - null).abs() {
            0.0 => Some(1.0),
            _ if se == 0.0 => Some(0.0),
            off => student::two_sided(off / se, g - 1.0),
        };
    }
    Some(found)
}

/// Adds `values` to the sums of `cluster`.
pub(super) fn add(sums: &mut [Vec<f64>], cluster: usize, values: &[f64]) {
    sums[cluster].iter_mut().zip(values).for_each(|(s, v)| *s += v);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::ClusteredMean;

    #[test]
    fn of_a_mean_it_is_the_clustered_error() {
        let values = [1.0, 2.0, 4.0, 9.0, 3.0];
        let sums: Vec<Vec<f64>> = values.iter().map(|v| vec![*v, 1.0]).collect();
        let found = jackknife(&sums, 5, 0.0, |s| (s[1] > 0.0).then(|| s[0] / s[1])).unwrap();
        let mean = ClusteredMean::new(&values, &[0, 1, 2, 3, 4]).unwrap();
        let (low, high) = mean.interval().unwrap();
        let (l, h) = found.interval.unwrap();
        assert!((found.value - mean.mean).abs() < 1e-12 && (l - low).abs() < 1e-9 && (h - high).abs() < 1e-9);
        assert!((found.p.unwrap() - mean.p_value(0.0).unwrap()).abs() < 1e-9);
    }

    #[test]
    fn what_hangs_on_one_cluster_has_no_interval() {
        let sums = vec![vec![1.0, 1.0], vec![0.0, 0.0]];
        let found = jackknife(&sums, 1, 0.0, |s| (s[1] > 0.0).then(|| s[0] / s[1])).unwrap();
        assert_eq!((found.value, found.interval), (1.0, None));
    }
}
