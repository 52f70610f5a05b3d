//! Dominance among the candidates of one prompt.

/// Scores of candidates: `parts` holds `width` numbers per candidate.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Points {
    /// Numbers per candidate.
    pub width: usize,
    /// The parts, candidate by candidate.
    pub parts: Vec<f64>,
    /// The whole score, which decides who leads.
    pub total: Vec<f64>,
    /// The whole score on the scale of gaps.
    pub gap: Vec<f64>,
}

/// When a candidate is better than another.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Per part: how much lower it may be and count as no worse.
    pub slack: Vec<f64>,
    /// The total must lead by more than this.
    pub lead: f64,
    /// The gap must be at least this.
    pub min_gap: f64,
}

/// A pair that leads by the gap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lead {
    /// Place of the winner among the candidates given.
    pub winner: usize,
    /// Place of the loser.
    pub loser: usize,
    /// Whether the winner dominates.
    pub dominates: bool,
}

impl Points {
    /// The parts of one candidate.
    fn of(&self, candidate: usize) -> &[f64] {
        &self.parts[candidate * self.width..(candidate + 1) * self.width]
    }

    /// Whether i leads j in the total, and by the gap.
    fn leads(&self, i: usize, j: usize, limits: &Limits) -> bool {
        self.total[i] - self.total[j] > limits.lead && self.gap[i] - self.gap[j] >= limits.min_gap
    }

    /// Whether no part of i is worse than that of j.
    fn no_worse(&self, i: usize, j: usize, limits: &Limits) -> bool {
        self.of(i).iter().zip(self.of(j)).zip(&limits.slack).all(|((a, b), slack)| a - b >= -slack)
    }
}

/// Every pair of `members` (indices into `points`) whose winner leads by the gap, with whether it dominates; by winner from
/// the highest total down, then by loser from the lowest up.
///
/// Sorted by total, a candidate can only beat those after it, and those it leads by enough are a tail of the order: for
/// n candidates O(n log n) and one test of parts for every pair that leads. With one part there is nothing to test.
/// A number that is not finite beats and is beaten by nothing.
pub fn leads(points: &Points, members: &[usize], limits: &Limits, found: &mut Vec<Lead>) {
    let finite = |&i: &usize| points.total[i].is_finite() && points.gap[i].is_finite();
    let mut order: Vec<usize> = members.iter().copied().filter(finite).collect();
    order.sort_by(|&i, &j| points.total[j].total_cmp(&points.total[i]).then(i.cmp(&j)));
    for (place, &i) in order.iter().enumerate() {
        // Beyond this place the total leads; the gap is tested apart, since its scale may order differently.
        let rest = &order[place + 1..];
        let first = rest.partition_point(|&j| points.total[i] - points.total[j] <= limits.lead);
        for &j in rest[first..].iter().rev() {
            if points.leads(i, j, limits) {
                found.push(Lead { winner: i, loser: j, dominates: points.no_worse(i, j, limits) });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, pair by pair.
    fn brute_force(points: &Points, members: &[usize], limits: &Limits) -> Vec<(usize, usize, bool)> {
        let mut found = Vec::new();
        for &i in members {
            for &j in members {
                let wide = points.gap[i] - points.gap[j] >= limits.min_gap;
                let higher = points.total[i] - points.total[j] > limits.lead;
                let mut worse = false;
                for k in 0..points.width {
                    worse |= points.parts[i * points.width + k] < points.parts[j * points.width + k] - limits.slack[k];
                }
                if i != j && wide && higher {
                    found.push((i, j, !worse));
                }
            }
        }
        found.sort_unstable();
        found
    }

    proptest! {
        #[test]
        fn dominance_is_what_brute_force_says(
            width in 0usize..5,
            // Few levels: ties in parts and totals are the rule.
            cells in proptest::collection::vec(0u8..4, 0..60),
            slack in 0u8..2,
            min_gap in 0u8..4,
            turned in any::<bool>(),
        ) {
            let count = cells.len() / width.max(1);
            let parts: Vec<f64> = cells[..count * width].iter().map(|&c| f64::from(c)).collect();
            let total: Vec<f64> = (0..count).map(|i| parts[i * width..(i + 1) * width].iter().sum()).collect();
            let gap = total.iter().map(|t| if turned { -t } else { t / 2.0 }).collect();
            let points = Points { width, parts, total, gap };
            let slack = vec![f64::from(slack); width];
            let limits = Limits { slack, lead: 0.0, min_gap: f64::from(min_gap) / 2.0 };
            let members: Vec<usize> = (0..count).collect();
            let mut found = Vec::new();
            leads(&points, &members, &limits, &mut found);
            let mut found: Vec<_> = found.into_iter().map(|l| (l.winner, l.loser, l.dominates)).collect();
            found.sort_unstable();
            prop_assert_eq!(found, brute_force(&points, &members, &limits));
        }

        #[test]
        fn the_order_of_candidates_changes_nothing(cells in proptest::collection::vec(0u8..5, 4..40), turn in 0usize..40) {
            let total: Vec<f64> = cells.iter().map(|&c| f64::from(c)).collect();
            let points = Points { width: 1, parts: total.clone(), total: total.clone(), gap: total };
            let limits = Limits { slack: vec![0.0], lead: 0.0, min_gap: 1.0 };
            let mut members: Vec<usize> = (0..cells.len()).collect();
            let mut expected = Vec::new();
            leads(&points, &members, &limits, &mut expected);
            let middle = turn % members.len();
            members.rotate_left(middle);
            let mut found = Vec::new();
            leads(&points, &members, &limits, &mut found);
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn what_is_not_a_number_wins_and_loses_nothing() {
        let total = vec![1.0, f64::NAN, 0.0];
        let points = Points { width: 0, parts: vec![], total: total.clone(), gap: total };
        let limits = Limits { slack: vec![], lead: 0.0, min_gap: 0.0 };
        let mut found = Vec::new();
        leads(&points, &[0, 1, 2], &limits, &mut found);
        assert_eq!(found, [Lead { winner: 0, loser: 2, dominates: true }]);
    }
}
