//! Many tests at once: p-values adjusted so that few of those called significant are false.

/// Benjamini and Hochberg (1995): the q-value of each p-value, that is the smallest false discovery rate at which the
/// test would be called significant. NaN stays NaN and counts as no test.
///
/// q of the i-th smallest of m p-values = min over j ≥ i of p_(j) · m / j, at most 1. Valid for independent and for
/// positively dependent tests.
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).filter(|&i| !p[i].is_nan()).collect();
    order.sort_unstable_by(|&i, &j| p[i].total_cmp(&p[j]).then(i.cmp(&j)));
    let mut q = vec![f64::NAN; p.len()];
    let mut smallest = 1.0f64;
    for (below, &i) in order.iter().enumerate().rev() {
        smallest = smallest.min(p[i] * order.len() as f64 / (below + 1) as f64);
        q[i] = smallest;
    }
    q
}

/// [`benjamini_hochberg`] where some tests could not be made.
pub fn benjamini_hochberg_some(p: &[Option<f64>]) -> Vec<Option<f64>> {
    let values: Vec<f64> = p.iter().map(|p| p.unwrap_or(f64::NAN)).collect();
    benjamini_hochberg(&values).into_iter().map(|q| (!q.is_nan()).then_some(q)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_published_example() {
        // Benjamini and Hochberg 1995, section 3.1: fifteen p-values, four are significant at 5 %. The first
        // q-values by hand: p · 15 / rank, the smallest from there on.
        let p = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
            0.7590, 1.0000,
        ];
        let q = benjamini_hochberg(&p);
        assert_eq!(q.iter().filter(|q| **q <= 0.05).count(), 4);
        let expected = [0.0015, 0.003, 0.0095, 0.035625, 0.0603, 0.447 / 7.0, 0.447 / 7.0, 0.0645];
        for (q, expected) in q.iter().zip(expected) {
            assert!((q - expected).abs() < 1e-15, "{q} {expected}");
        }
    }

    #[test]
    fn a_test_that_was_not_made_does_not_count() {
        assert_eq!(benjamini_hochberg_some(&[Some(0.01), None, Some(0.04)]), [Some(0.02), None, Some(0.04)]);
        assert!(benjamini_hochberg(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn q_is_never_below_p_keeps_its_order_and_stays_a_probability(p in prop::collection::vec(0.0..=1.0f64, 1..40)) {
            let q = benjamini_hochberg(&p);
            for i in 0..p.len() {
                prop_assert!(q[i] >= p[i] - 1e-15 && q[i] <= 1.0);
                for j in 0..p.len() {
                    prop_assert!(p[i] > p[j] || q[i] <= q[j]);
                }
            }
        }
    }
}
