//! What the code that VideoAlign ships would print (definitions §3.2), for comparison only: it depends on the order of
//! the rows.

use serde::{Deserialize, Serialize};

use super::run::DimensionScores;

/// Accuracies by the rule of VideoAlign's `calc_accuracy.py`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LegacyRow {
    /// Dimension.
    pub dimension: String,
    /// `head`, `mean` or a column of `scores`.
    pub scorer: String,
    /// With ties, rows in the order of the file.
    pub with_ties: Option<f64>,
    /// The least that another order of the same rows would give.
    pub lowest: Option<f64>,
    /// The most that another order of the same rows would give; above what any threshold attains where margins tie.
    pub highest: Option<f64>,
    /// Without ties: right signs among pairs that people decided; an equal score is wrong.
    pub without_ties: Option<f64>,
    /// Pairs.
    pub n: usize,
}

/// Every scorer of a dimension under the shipped rule.
pub fn legacy(found: &DimensionScores) -> Vec<LegacyRow> {
    let labels = &found.labels;
    found
        .scored
        .iter()
        .map(|scored| {
            let mut covered = scored.covered();
            covered.sort_by_key(|&at| labels.pair[at]);
            let pairs: Vec<(i8, f64)> =
                covered.iter().filter_map(|&at| Some((labels.human[at], scored.margins[at]?))).collect();
            LegacyRow {
                dimension: found.dimension.clone(),
                scorer: scored.scorer.clone(),
                with_ties: with_ties(&pairs),
                lowest: with_ties(&ordered(&pairs, gain)),
                highest: with_ties(&ordered(&pairs, |pair| -gain(pair))),
                without_ties: without_ties(&pairs),
                n: pairs.len(),
            }
        })
        .collect()
}

/// The sweep as shipped: rows sorted by |margin| (stable), flipped to "tie" one by one, and scored after every flip even
/// where the next row has the same margin; "no ties at all" is never scored. `None` for no rows.
pub fn with_ties(pairs: &[(i8, f64)]) -> Option<f64> {
    let mut rows = pairs.to_vec();
    rows.sort_by(|x, y| x.1.abs().total_cmp(&y.1.abs()));
    let right = pairs.iter().filter(|&&(human, m)| f64::from(human) * m > 0.0).count() as i64;
    let sweep = rows.iter().scan(right, |agreed, pair| {
        *agreed += i64::from(gain(pair));
        Some(*agreed)
    });
    sweep.max().map(|best| best as f64 / pairs.len() as f64)
}

/// Right signs among decided pairs; `None` where people called every pair a tie.
pub fn without_ties(pairs: &[(i8, f64)]) -> Option<f64> {
    let decided = pairs.iter().filter(|p| p.0 != 0).count();
    let right = pairs.iter().filter(|&&(human, m)| f64::from(human) * m > 0.0).count();
    (decided > 0).then(|| right as f64 / decided as f64)
}

/// What the number of right rows gains when this row becomes a tie.
fn gain(&(human, margin): &(i8, f64)) -> i8 {
    match human {
        0 => 1,
        _ if f64::from(human) * margin > 0.0 => -1,
        _ => 0,
    }
}

fn ordered(pairs: &[(i8, f64)], key: impl Fn(&(i8, f64)) -> i8) -> Vec<(i8, f64)> {
    let mut pairs = pairs.to_vec();
    pairs.sort_by_key(key);
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::Protocol;
    use crate::evaluate::protocol::calibrated_counts;

    #[test]
    fn the_defects_are_those_on_record() {
        let mut pairs = vec![(0, 0.3); 5];
        pairs.extend([(1, 0.3); 5]);
        assert_eq!(with_ties(&pairs), Some(1.0), "five ties and five wins of one margin");
        pairs.reverse();
        assert_eq!(with_ties(&pairs), Some(0.5), "the same rows reversed");
        let four = [(1, 0.5), (1, 0.7), (-1, -0.2), (-1, -0.9)];
        assert_eq!((with_ties(&four), without_ties(&four)), (Some(0.75), Some(1.0)));
        assert_eq!((with_ties(&[]), without_ties(&[(0, 1.0)])), (None, None));
    }

    #[test]
    fn without_equal_margins_it_is_vgrb_with_ties() {
        let pairs: Vec<(i8, f64)> =
            (1..60).map(|i| ((i * 7 % 3) as i8 - 1, f64::from(i) * if i % 2 == 0 { 0.01 } else { -0.01 })).collect();
        let ours = Protocol::VgrbWithTies.share(&calibrated_counts(&pairs, false).unwrap().1).unwrap().value();
        assert_eq!(with_ties(&pairs), Some(ours));
        assert_eq!(with_ties(&ordered(&pairs, gain)), with_ties(&pairs));
    }
}
