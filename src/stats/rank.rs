//! Correlations of two equally long lists: Pearson, Spearman (mid-ranks) and Kendall tau-b, all with ties handled.
//!
//! Each gives `None` where it is not defined: fewer than two values, different lengths, a value that is not finite,
//! or a list that is constant.

/// Pearson's product-moment correlation.
pub fn pearson(x: &[f64], y: &[f64]) -> Option<f64> {
    if !comparable(x, y) {
        return None;
    }
    let n = x.len() as f64;
    let (mean_x, mean_y) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (&a, &b) in x.iter().zip(y) {
        let (dx, dy) = (a - mean_x, b - mean_y);
        xx += dx * dx;
        yy += dy * dy;
        xy += dx * dy;
    }
    // Constant lists may leave rounding noise in their sum of squares, so constancy is asked of the values.
    let scale = xx.sqrt() * yy.sqrt();
    (!constant(x) && !constant(y) && scale > 0.0).then(|| (xy / scale).clamp(-1.0, 1.0))
}

/// Spearman's rank correlation: Pearson's correlation of mid-ranks.
pub fn spearman(x: &[f64], y: &[f64]) -> Option<f64> {
    if !comparable(x, y) {
        return None;
    }
    pearson(&mid_ranks(x), &mid_ranks(y))
}

/// Ranks from 1; equal values share the mean of their ranks.
pub fn mid_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&i, &j| values[i].total_cmp(&values[j]));
    let mut ranks = vec![0.0; values.len()];
    let mut smaller = 0;
    for run in order.chunk_by(|&i, &j| values[i] == values[j]) {
        for &i in run {
            ranks[i] = smaller as f64 + (run.len() + 1) as f64 / 2.0;
        }
        smaller += run.len();
    }
    ranks
}

/// Kendall's tau-b, in O(n log n) (Knight 1966): (concordant − discordant) / √((n₀ − n₁)(n₀ − n₂)), where n₀ is the
/// number of pairs and n₁, n₂ those tied in x and in y.
pub fn kendall_tau_b(x: &[f64], y: &[f64]) -> Option<f64> {
    if !comparable(x, y) {
        return None;
    }
    let mut points: Vec<(f64, f64)> = x.iter().copied().zip(y.iter().copied()).collect();
    points.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let tied_x: u64 = points.chunk_by(|a, b| a.0 == b.0).map(|run| pairs_of(run.len())).sum();
    let tied_both: u64 = points.chunk_by(|a, b| a == b).map(|run| pairs_of(run.len())).sum();
    let mut values: Vec<f64> = points.iter().map(|p| p.1).collect();
    let mut buffer = values.clone();
    let discordant = sort_and_count(&mut values, &mut buffer);
    let tied_y: u64 = values.chunk_by(|a, b| a == b).map(|run| pairs_of(run.len())).sum();
    let all = pairs_of(points.len());
    let (free_x, free_y) = (all - tied_x, all - tied_y);
    if free_x == 0 || free_y == 0 {
        return None;
    }
    // Pairs tied in neither, less twice the discordant ones.
    let surplus = (all + tied_both) as f64 - (tied_x + tied_y) as f64 - 2.0 * discordant as f64;
    Some((surplus / (free_x as f64).sqrt() / (free_y as f64).sqrt()).clamp(-1.0, 1.0))
}

fn comparable(x: &[f64], y: &[f64]) -> bool {
    x.len() == y.len() && x.len() >= 2 && x.iter().chain(y).all(|v| v.is_finite())
}

fn constant(values: &[f64]) -> bool {
    values.iter().all(|v| *v == values[0])
}

fn pairs_of(n: usize) -> u64 {
    let n = n as u64;
    n * n.saturating_sub(1) / 2
}

/// Merge sort that returns the number of strictly inverted pairs.
fn sort_and_count(values: &mut [f64], buffer: &mut [f64]) -> u64 {
    let n = values.len();
    if n < 2 {
        return 0;
    }
    let middle = n / 2;
    let mut inversions = sort_and_count(&mut values[..middle], &mut buffer[..middle])
        + sort_and_count(&mut values[middle..], &mut buffer[middle..]);
    let (mut left, mut right) = (0, middle);
    for slot in buffer[..n].iter_mut() {
        if right == n || (left < middle && values[left] <= values[right]) {
            *slot = values[left];
            left += 1;
        } else {
            *slot = values[right];
            right += 1;
            inversions += (middle - left) as u64;
        }
    }
    values.copy_from_slice(&buffer[..n]);
    inversions
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const X: [f64; 8] = [1.0, 2.0, 2.0, 3.0, 5.0, 8.0, 8.0, 4.0];
    const Y: [f64; 8] = [2.0, 1.0, 1.0, 3.0, 3.0, 9.0, 7.0, 7.0];

    #[test]
    fn correlations_agree_with_their_definitions() {
        // Evaluated from the textbook definitions outside this program.
        assert!((pearson(&X, &Y).unwrap() - 0.8550643503763772).abs() < 1e-12);
        assert!((spearman(&X, &Y).unwrap() - 0.8527767846890928).abs() < 1e-12);
        assert!((kendall_tau_b(&X, &Y).unwrap() - 0.7060180864974626).abs() < 1e-12);
    }

    #[test]
    fn what_is_not_defined_is_none() {
        assert_eq!(pearson(&[1.0], &[2.0]), None);
        assert_eq!(spearman(&[0.1, 0.1, 0.1], &[1.0, 2.0, 3.0]), None);
        assert_eq!(kendall_tau_b(&[0.1, 0.1], &[1.0, 2.0]), None);
        assert_eq!(kendall_tau_b(&[1.0, f64::NAN], &[1.0, 2.0]), None);
        assert_eq!(pearson(&[1.0, 2.0], &[1.0, 2.0, 3.0]), None);
    }

    fn tau_by_definition(x: &[f64], y: &[f64]) -> Option<f64> {
        let (mut surplus, mut free_x, mut free_y) = (0.0, 0.0, 0.0);
        for i in 0..x.len() {
            for j in 0..i {
                let sign = |d: f64| if d == 0.0 { 0.0 } else { d.signum() };
                let (a, b) = (sign(x[i] - x[j]), sign(y[i] - y[j]));
                surplus += a * b;
                free_x += a * a;
                free_y += b * b;
            }
        }
        (free_x > 0.0 && free_y > 0.0).then(|| surplus / f64::sqrt(free_x) / f64::sqrt(free_y))
    }

    proptest! {
        #[test]
        fn knight_equals_the_definition(points in prop::collection::vec((0u8..6, 0u8..6), 2..40)) {
            let x: Vec<f64> = points.iter().map(|p| f64::from(p.0)).collect();
            let y: Vec<f64> = points.iter().map(|p| f64::from(p.1)).collect();
            match (kendall_tau_b(&x, &y), tau_by_definition(&x, &y)) {
                (Some(fast), Some(slow)) => prop_assert!((fast - slow).abs() < 1e-12),
                (fast, slow) => prop_assert_eq!(fast, slow),
            }
        }
    }
}
