//! Prepared items → differences per pair; default bounds of the columns.

use ndarray::{Array2, Axis};

use super::{Column, ColumnKind, FeatureMatrix, PairMatrix};
use crate::dataset::Dataset;

impl PairMatrix {
    /// Subtracts: one row x(a) − x(b) per pair, in the order given. `prepared` is [items, columns] from
    /// [`super::Preparation::apply`]; `pairs` are indices into [`Dataset::pairs`].
    ///
    /// A pair with an item that is never scored is left out and counted as unscoreable; one with a value that is still
    /// missing (under [`super::Missing::Drop`]) is left out and counted as dropped.
    pub fn new(ds: &Dataset, matrix: &FeatureMatrix, prepared: &Array2<f64>, pairs: &[usize]) -> Self {
        let mut kept = Vec::with_capacity(pairs.len());
        let (mut unscoreable, mut dropped) = (0, 0);
        for &p in pairs {
            let pair = &ds.pairs[p];
            let complete = |item: usize| prepared.row(item).iter().all(|v| !v.is_nan());
            if !(matrix.scoreable[pair.a] && matrix.scoreable[pair.b]) {
                unscoreable += 1;
            } else if complete(pair.a) && complete(pair.b) {
                kept.push(p);
            } else {
                dropped += 1;
            }
        }
        let mut x = Array2::zeros((kept.len(), prepared.ncols()));
        for (mut row, &p) in x.rows_mut().into_iter().zip(&kept) {
            row.assign(&prepared.row(ds.pairs[p].a));
            row -= &prepared.row(ds.pairs[p].b);
        }
        Self {
            x,
            votes: kept.iter().map(|&p| ds.pairs[p].votes).collect(),
            weight: kept.iter().map(|&p| ds.pairs[p].weight).collect(),
            group: kept.iter().map(|&p| ds.group_of_pair(p)).collect(),
            pair: kept,
            unscoreable,
            dropped,
        }
    }

    /// The rows `keep`, in that order. What the whole matrix left out is no matter of its parts: the counts are 0.
    pub fn rows(&self, keep: &[usize]) -> Self {
        Self {
            x: self.x.select(Axis(0), keep),
            votes: keep.iter().map(|&r| self.votes[r]).collect(),
            weight: keep.iter().map(|&r| self.weight[r]).collect(),
            group: keep.iter().map(|&r| self.group[r]).collect(),
            pair: keep.iter().map(|&r| self.pair[r]).collect(),
            unscoreable: 0,
            dropped: 0,
        }
    }
}

/// Lower and upper bound per column: [0, ∞) for questions of a fixed checklist, each of which is worded so that yes is
/// good; free for everything else.
pub fn default_bounds(columns: &[Column]) -> Vec<(f64, f64)> {
    let bounds = |kind| match kind {
        ColumnKind::Question => (0.0, f64::INFINITY),
        ColumnKind::Aggregate | ColumnKind::Table | ColumnKind::Score => (f64::NEG_INFINITY, f64::INFINITY),
    };
    columns.iter().map(|column| bounds(column.kind)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Tiny, matrix};
    use super::super::{Missing, Preparation};
    use super::*;
    use proptest::prelude::*;

    fn three_items() -> Tiny {
        Tiny::new().item("i0", "p").item("i1", "p").item("i2", "p")
    }

    #[test]
    fn rows_are_differences_and_what_is_left_out_is_counted() {
        let ds = three_items()
            .item("i3", "p")
            .pair("d", "i0", "i1", 'a')
            .pair("d", "i1", "i2", 'b')
            .pair("d", "i0", "i3", 't')
            .pair("d", "i1", "i0", 'b')
            .build();
        let gap = f64::NAN;
        let m = matrix(
            &[("q", ColumnKind::Question), ("r", ColumnKind::Question)],
            &[&[1.0, -1.0], &[-1.0, 0.0], &[gap, gap], &[gap, 1.0]],
        );
        let all = [0, 1, 2, 3];
        let p = Preparation::learn(&m, &[0, 1, 3], Missing::Drop).unwrap();
        let pairs = PairMatrix::new(&ds, &m, &p.apply(&m).unwrap(), &all);
        assert_eq!((pairs.pair.clone(), pairs.unscoreable, pairs.dropped), (vec![0, 3], 1, 1));
        assert_eq!(pairs.x, ndarray::arr2(&[[2.0, -1.0], [-2.0, 1.0]]));
        let p = Preparation::learn(&m, &[0, 1, 3], Missing::Neutral).unwrap();
        let pairs = PairMatrix::new(&ds, &m, &p.apply(&m).unwrap(), &all);
        assert_eq!((pairs.pair.clone(), pairs.unscoreable, pairs.dropped), (vec![0, 2, 3], 1, 0));
        assert_eq!(pairs.x.row(1).to_vec(), [1.0, -2.0], "missing is between yes and no");
        assert_eq!(pairs.votes[1].tie, 1.0);
        let part = pairs.rows(&[2, 0]);
        assert_eq!(part.pair, [3, 0]);
        assert_eq!(part.x, ndarray::arr2(&[[-2.0, 1.0], [2.0, -1.0]]));
        assert_eq!((part.unscoreable, part.group), (0, vec![0, 0]));
    }

    #[test]
    fn only_questions_are_bounded() {
        let m = matrix(
            &[
                ("q", ColumnKind::Question),
                ("a", ColumnKind::Aggregate),
                ("t", ColumnKind::Table),
                ("s", ColumnKind::Score),
            ],
            &[],
        );
        let free = (f64::NEG_INFINITY, f64::INFINITY);
        assert_eq!(default_bounds(&m.columns), [(0.0, f64::INFINITY), free, free, free]);
    }

    proptest! {
        #[test]
        fn swapping_a_and_b_negates_the_row(values in proptest::array::uniform6(proptest::option::of(-1.0..1.0f64))) {
            let v: Vec<f64> = values.iter().map(|v| v.unwrap_or(f64::NAN)).collect();
            let m = matrix(&[("q", ColumnKind::Question), ("t", ColumnKind::Table)], &[&v[..2], &v[2..4], &v[4..]]);
            prop_assume!(m.scoreable.iter().any(|&s| s));
            let prepared = Preparation::learn(&m, &[0, 1, 2], Missing::Neutral).unwrap().apply(&m).unwrap();
            let make = |a, b| PairMatrix::new(&three_items().pair("d", a, b, 'a').build(), &m, &prepared, &[0]);
            let (one, other) = (make("i0", "i2"), make("i2", "i0"));
            prop_assert_eq!(one.x, -other.x);
            prop_assert_eq!(one.unscoreable, other.unscoreable);
        }
    }
}
