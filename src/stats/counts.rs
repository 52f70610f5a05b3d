//! The one place where pairs are counted (definitions §3 "Notation" and §3.4).

/// Counts over a set of pairs at a tie threshold ε ≥ 0: the model calls a tie iff |margin| ≤ ε.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PairCounts {
    /// Right sign (C).
    pub right: usize,
    /// Wrong sign (D).
    pub wrong: usize,
    /// Human tie only (T_h).
    pub human_tie: usize,
    /// Model tie only (T_m).
    pub model_tie: usize,
    /// Both tie (T_hm).
    pub both_tie: usize,
}

impl PairCounts {
    /// Counts pairs of human label (+1, −1, 0) and model margin at threshold `epsilon`.
    pub fn at(epsilon: f64, pairs: impl IntoIterator<Item = (i8, f64)>) -> Self {
        let mut counts = Self::default();
        for (human, margin) in pairs {
            let slot = match (human, margin.abs() <= epsilon) {
                (0, true) => &mut counts.both_tie,
                (0, false) => &mut counts.human_tie,
                (_, true) => &mut counts.model_tie,
                (h, false) if (h > 0) == (margin > 0.0) => &mut counts.right,
                _ => &mut counts.wrong,
            };
            *slot += 1;
        }
        counts
    }

    /// All pairs (N).
    pub fn total(&self) -> usize {
        self.right + self.wrong + self.human_tie + self.model_tie + self.both_tie
    }
}

/// score(a) − score(b), rounded to 12 significant digits of the margin, and exactly 0 where the two scores agree to
/// 12 digits: 0.3 − 0.2 and 0.1 must be one tie level.
pub fn margin(a: f64, b: f64) -> f64 {
    let difference = a - b;
    if difference.abs() <= 1e-12 * a.abs().max(b.abs()) {
        return 0.0;
    }
    let digits = 11 - difference.abs().log10().floor() as i32;
    if !(-280..=280).contains(&digits) {
        return difference;
    }
    let scale = 10f64.powi(digits);
    (difference * scale).round() / scale
}

/// Tie calibration (definitions §3.4): the smallest ε ∈ {0} ∪ {|m|} that maximises (C + T_hm)/N, with that value.
/// Equal |m| are one candidate, so the result does not depend on the order of the pairs. `None` for no pairs.
///
/// O(n log n).
pub fn calibrate(pairs: &[(i8, f64)]) -> Option<(f64, f64)> {
    let start = PairCounts::at(0.0, pairs.iter().copied());
    let mut levels: Vec<(f64, i8, bool)> =
        pairs.iter().filter(|(_, m)| *m != 0.0).map(|&(h, m)| (m.abs(), h, h != 0 && (h > 0) == (m > 0.0))).collect();
    levels.sort_unstable_by(|x, y| x.0.total_cmp(&y.0));
    let mut agreed = start.right + start.both_tie;
    let (mut best, mut epsilon) = (agreed, 0.0);
    for (i, &(level, human, right)) in levels.iter().enumerate() {
        // At this level the pair becomes a model tie: right for a human tie, no longer right for a right sign.
        agreed = agreed + usize::from(human == 0) - usize::from(right);
        let level_ends = levels.get(i + 1).is_none_or(|next| next.0 > level);
        if level_ends && agreed > best {
            (best, epsilon) = (agreed, level);
        }
    }
    (!pairs.is_empty()).then(|| (epsilon, best as f64 / pairs.len() as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shared vector of definitions §3.1.
    const HUMAN: [i8; 10] = [1, 1, 1, -1, -1, 0, 0, 0, 1, -1];
    const MARGIN: [f64; 10] = [0.9, 0.4, -0.2, -0.7, 0.3, 0.1, -0.2, 0.6, 0.1, -0.5];

    fn vector() -> Vec<(i8, f64)> {
        HUMAN.into_iter().zip(MARGIN).collect()
    }

    #[test]
    fn the_shared_vector_is_counted_as_published() {
        let table = [
            (0.0, [5, 2, 3, 0, 0]),
            (0.1, [4, 2, 2, 1, 1]),
            (0.2, [4, 1, 1, 2, 2]),
            (0.3, [4, 0, 1, 3, 2]),
            (0.4, [3, 0, 1, 4, 2]),
            (0.5, [2, 0, 1, 5, 2]),
            (0.6, [2, 0, 0, 5, 3]),
            (0.7, [1, 0, 0, 6, 3]),
            (0.9, [0, 0, 0, 7, 3]),
        ];
        for (epsilon, expected) in table {
            let c = PairCounts::at(epsilon, vector());
            assert_eq!([c.right, c.wrong, c.human_tie, c.model_tie, c.both_tie], expected, "ε = {epsilon}");
        }
    }

    #[test]
    fn calibration_takes_the_smallest_maximiser_whatever_the_order() {
        let mut pairs = vector();
        for turn in 0..pairs.len() {
            pairs.rotate_left(1);
            assert_eq!(calibrate(&pairs), Some((0.2, 0.6)), "turn {turn}");
        }
        assert_eq!(calibrate(&[]), None);
    }

    #[test]
    fn equal_margins_are_one_candidate() {
        let mut pairs = vec![(0, 0.3); 5];
        pairs.extend([(1, 0.3); 5]);
        assert_eq!(calibrate(&pairs), Some((0.0, 0.5)));
    }

    #[test]
    fn no_ties_at_all_is_a_candidate() {
        assert_eq!(calibrate(&[(1, 0.5), (1, 0.7), (-1, -0.2), (-1, -0.9)]), Some((0.0, 1.0)));
    }

    #[test]
    fn float_noise_makes_no_new_tie_level() {
        assert_eq!(margin(0.3, 0.2), margin(0.1, 0.0));
        assert_eq!(margin(0.1 + 0.2, 0.3), 0.0);
        assert_eq!(margin(2.0, 0.5), 1.5);
    }
}
