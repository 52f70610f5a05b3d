//! Fills and scales: learned on training items, applied anywhere.

use ndarray::Array2;

use super::{ColumnKind, FeatureMatrix, Missing, Preparation};
use crate::problems::{Problem, Problems, Severity};
use crate::{Error, Result};

impl Preparation {
    /// Learns fills and scales from the training items (distinct or not, in any order: the result is the same).
    /// Items that are never scored teach nothing.
    ///
    /// Fill: the coded value between yes and no for answers and the training median for numeric columns
    /// ([`Missing::Neutral`]), or the training mean ([`Missing::Mean`]); a column without any training value fills 0, or
    /// the value between yes and no. Scale: the population standard deviation of the filled values for `features`
    /// columns and scorers (of the values that are there under [`Missing::Drop`] and [`Missing::Fail`]), 1 for answers
    /// and for constant columns.
    ///
    /// # Errors
    /// [`Error::Data`] if no training item has a value.
    pub fn learn(matrix: &FeatureMatrix, items: &[usize], missing: Missing) -> Result<Self> {
        let mut items: Vec<usize> = items.iter().copied().filter(|&i| matrix.scoreable.get(i) == Some(&true)).collect();
        items.sort_unstable();
        items.dedup();
        if items.is_empty() {
            let message = "no training item has a feature value, so neither fills nor scales can be learned";
            let remedy = "give answers or features for the items of the training pairs";
            return Err(Error::data(Problem::new(Severity::Error, "no-training-values", "features", message, remedy)));
        }
        let mut preparation = Self { missing, fills: Vec::new(), scales: Vec::new() };
        for (c, column) in matrix.columns.iter().enumerate() {
            let values: Vec<f64> = items.iter().map(|&i| matrix.values[[i, c]]).collect();
            let known: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
            let numeric = matches!(column.kind, ColumnKind::Table | ColumnKind::Score);
            let between = if numeric { 0.0 } else { matrix.coding.neutral() };
            let fill = match missing {
                _ if known.is_empty() => between,
                Missing::Mean => mean(&known),
                Missing::Neutral | Missing::Drop | Missing::Fail if numeric => median(known.clone()),
                Missing::Neutral | Missing::Drop | Missing::Fail => between,
            };
            let scale = match missing {
                _ if !numeric => 1.0,
                Missing::Neutral | Missing::Mean => {
                    scale(&values.iter().map(|v| if v.is_nan() { fill } else { *v }).collect::<Vec<_>>())
                }
                Missing::Drop | Missing::Fail => scale(&known),
            };
            preparation.fills.push(fill);
            preparation.scales.push(scale);
        }
        Ok(preparation)
    }

    /// Fills and scales a matrix: [items, columns]. Rows of items that are never scored are all NaN; under
    /// [`Missing::Drop`] missing values of the others stay NaN, and [`super::PairMatrix::new`] leaves their pairs out.
    ///
    /// # Errors
    /// [`Error::Data`] under [`Missing::Fail`] with every missing value of the items that could be scored;
    /// [`Error::Bug`] if the matrix has another number of columns.
    pub fn apply(&self, matrix: &FeatureMatrix) -> Result<Array2<f64>> {
        if self.fills.len() != matrix.columns.len() || self.scales.len() != matrix.columns.len() {
            return Err(Error::Bug(format!(
                "a preparation of {} columns met a matrix of {}",
                self.fills.len(),
                matrix.columns.len()
            )));
        }
        if self.missing == Missing::Fail {
            refuse_missing(matrix)?;
        }
        let mut out = matrix.values.clone();
        for (mut row, &scoreable) in out.rows_mut().into_iter().zip(&matrix.scoreable) {
            if !scoreable {
                row.fill(f64::NAN);
                continue;
            }
            for ((value, fill), scale) in row.iter_mut().zip(&self.fills).zip(&self.scales) {
                if value.is_nan() && self.missing != Missing::Drop {
                    *value = *fill;
                }
                *value /= scale;
            }
        }
        Ok(out)
    }
}

fn refuse_missing(matrix: &FeatureMatrix) -> Result<()> {
    let mut problems = Problems::default();
    for (i, row) in matrix.values.rows().into_iter().enumerate().filter(|(i, _)| matrix.scoreable[*i]) {
        for (_, column) in row.iter().zip(&matrix.columns).filter(|(value, _)| value.is_nan()) {
            let file = match column.kind {
                ColumnKind::Question | ColumnKind::Aggregate => "answers",
                ColumnKind::Table => "features",
                ColumnKind::Score => "scores",
            };
            let item = matrix.item_ids.get(i).map_or("", String::as_str);
            let message = format!("item \"{item}\" has no value, and the policy for missing values is fail");
            let remedy = "add the value, or choose --missing neutral, mean or drop";
            problems.push(Problem::new(Severity::Error, "missing-value", file, message, remedy).cell(&column.id, ""));
        }
    }
    if problems.has_errors() { Err(Error::Data(Box::new(problems))) } else { Ok(()) }
}

fn mean(values: &[f64]) -> f64 {
    // Divided first: the sum of very large values must not overflow.
    let n = values.len() as f64;
    let sum: f64 = values.iter().sum();
    if sum.is_finite() { sum / n } else { values.iter().map(|v| v / n).sum() }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let upper = values.len() / 2;
    if values.len() % 2 == 1 { values[upper] } else { values[upper - 1] / 2.0 + values[upper] / 2.0 }
}

/// Population standard deviation; 1 for constant columns.
fn scale(values: &[f64]) -> f64 {
    let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &v| (l.min(v), h.max(v)));
    if values.is_empty() || low >= high {
        return 1.0;
    }
    // In units of the largest value, so that squares neither overflow nor vanish.
    let unit = low.abs().max(high.abs());
    let centre = mean(values) / unit;
    let squares: f64 = values.iter().map(|v| (v / unit - centre).powi(2)).sum();
    let deviation = unit * (squares / values.len() as f64).sqrt();
    if deviation.is_finite() && deviation > 0.0 { deviation } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::super::testing::matrix;
    use super::super::{Coding, ColumnKind::*};
    use super::*;
    use proptest::prelude::*;

    const GAP: f64 = f64::NAN;

    fn learn(matrix: &FeatureMatrix, missing: Missing) -> Preparation {
        let all: Vec<usize> = (0..matrix.values.nrows()).collect();
        Preparation::learn(matrix, &all, missing).unwrap()
    }

    #[test]
    fn fills_and_scales_are_those_of_the_design() {
        let rows: [&[f64]; 4] =
            [&[1.0, 1.0, 7.0, GAP], &[GAP, 2.0, 7.0, GAP], &[1.0, 6.0, GAP, GAP], &[-1.0, GAP, 7.0, GAP]];
        let m = matrix(&[("q", Question), ("t", Table), ("constant", Score), ("empty", Table)], &rows);
        let neutral = learn(&m, Missing::Neutral);
        assert_eq!(neutral.fills, [0.0, 2.0, 7.0, 0.0]);
        // t filled: 1, 2, 6, 2 → mean 2.75, variance (3.0625 + .5625 + 10.5625 + .5625)/4 = 3.6875
        assert_eq!(neutral.scales[0], 1.0);
        assert!((neutral.scales[1] - 3.6875f64.sqrt()).abs() < 1e-15);
        assert_eq!(neutral.scales[2..], [1.0, 1.0]);
        let mean = learn(&m, Missing::Mean);
        assert_eq!(mean.fills, [1.0 / 3.0, 3.0, 7.0, 0.0]);
        let drop = learn(&m, Missing::Drop);
        // t known: 1, 2, 6 → mean 3, variance 14/3
        assert!((drop.scales[1] - (14.0f64 / 3.0).sqrt()).abs() < 1e-15);
        let mut unit = m.clone();
        unit.coding = Coding::Unit;
        assert_eq!(learn(&unit, Missing::Neutral).fills[0], 0.5);
    }

    #[test]
    fn applying_fills_scales_and_leaves_the_unscoreable_alone() {
        let m = matrix(&[("q", Question), ("t", Table)], &[&[1.0, 4.0], &[GAP, GAP], &[GAP, 0.0]]);
        let p = learn(&m, Missing::Neutral);
        assert_eq!(p.scales, [1.0, 2.0], "the unscoreable item teaches nothing");
        let x = p.apply(&m).unwrap();
        assert_eq!(x.row(0).to_vec(), [1.0, 2.0]);
        assert!(x.row(1).iter().all(|v| v.is_nan()));
        assert_eq!(x.row(2).to_vec(), [0.0, 0.0]);
        let dropped = learn(&m, Missing::Drop).apply(&m).unwrap();
        assert!(dropped[[2, 0]].is_nan() && dropped[[2, 1]] == 0.0);
    }

    #[test]
    fn fail_names_items_and_columns_and_counts_all() {
        let m = matrix(&[("q", Question), ("t", Table)], &[&[1.0, GAP], &[GAP, GAP], &[GAP, 0.0]]);
        let error = learn(&m, Missing::Fail).apply(&m).unwrap_err();
        assert_eq!(error.exit_code(), 3);
        let Error::Data(problems) = &error else { panic!("{error}") };
        assert_eq!(problems.count_rule("missing-value"), 2, "the item that is never scored is no problem");
        let text = error.to_string();
        assert!(
            text.contains("features, column t") && text.contains("item \"i0\"") && text.contains("item \"i2\""),
            "{text}"
        );
    }

    #[test]
    fn nothing_to_learn_from_is_an_error_not_a_guess() {
        let m = matrix(&[("q", Question)], &[&[GAP], &[1.0]]);
        assert_eq!(Preparation::learn(&m, &[0], Missing::Neutral).unwrap_err().exit_code(), 3);
        assert_eq!(Preparation::learn(&m, &[], Missing::Neutral).unwrap_err().exit_code(), 3);
    }

    #[test]
    fn huge_values_do_not_overflow() {
        let m = matrix(&[("t", Table)], &[&[1e308], &[-1e308], &[1e308]]);
        let p = learn(&m, Missing::Mean);
        assert!(p.fills[0].is_finite() && p.scales[0].is_finite() && p.scales[0] > 1e307);
    }

    proptest! {
        #[test]
        fn the_order_of_training_items_changes_nothing(
            values in proptest::collection::vec(proptest::option::of(-1e3..1e3f64), 2..20),
            turn in 0usize..20,
        ) {
            let rows: Vec<Vec<f64>> = values.iter().map(|v| vec![v.unwrap_or(GAP), 1.0]).collect();
            let rows: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
            let m = matrix(&[("t", Table), ("q", Question)], &rows);
            let mut items: Vec<usize> = (0..rows.len()).collect();
            let expected = Preparation::learn(&m, &items, Missing::Mean).unwrap();
            let middle = turn % items.len();
            items.rotate_left(middle);
            items.push(0);
            prop_assert_eq!(Preparation::learn(&m, &items, Missing::Mean).unwrap(), expected);
        }
    }
}
