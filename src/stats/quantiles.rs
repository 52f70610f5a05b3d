//! Empirical quantiles with linear interpolation (Hyndman and Fan 1996, type 7; the default of NumPy and R).

/// The `p`-quantile of values that are sorted in ascending order; `None` for no values or a `p` outside [0, 1].
pub fn quantile_sorted(sorted: &[f64], p: f64) -> Option<f64> {
    if sorted.is_empty() || !(0.0..=1.0).contains(&p) {
        return None;
    }
    let position = p * (sorted.len() - 1) as f64;
    let below = position.floor();
    let (low, share) = (below as usize, position - below);
    let high = (low + 1).min(sorted.len() - 1);
    // Equal neighbours give exactly their value, whatever the rounding of the share.
    Some(if sorted[low] == sorted[high] { sorted[low] } else { sorted[low] + share * (sorted[high] - sorted[low]) })
}

/// The `p`-quantile of values in any order; `None` for no values, a value that is not a number, or a `p` outside
/// [0, 1].
pub fn quantile(values: &[f64], p: f64) -> Option<f64> {
    if values.iter().any(|v| v.is_nan()) {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    quantile_sorted(&sorted, p)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_agree_with_numpy() {
        // numpy.quantile([3, 1, 4, 1, 5, 9, 2, 6], [0, .025, .25, .5, .975, 1])
        let values = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0];
        for (p, expected) in [(0.0, 1.0), (0.025, 1.0), (0.25, 1.75), (0.5, 3.5), (0.975, 8.475), (1.0, 9.0)] {
            assert!((quantile(&values, p).unwrap() - expected).abs() < 1e-12, "p = {p}");
        }
    }

    #[test]
    fn nothing_has_no_quantile() {
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[1.0, f64::NAN], 0.5), None);
        assert_eq!(quantile(&[1.0], 1.5), None);
        assert_eq!(quantile(&[7.0], 0.3), Some(7.0));
    }
}
