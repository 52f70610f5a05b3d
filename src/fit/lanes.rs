//! Many problems over the same rows: sixteen side by side, each in a lane of its own, in one pass.

use pulp::NullaryFnOnce;
use rayon::prelude::*;

use super::kernel::{self, Lanes, Level, Real, Storage, TILE, Tile};
use super::likelihood::{BLOCK_ROWS, Problem, RowWeights};
use super::logistic::{LogisticRows, RowTerms, filled};

/// Loss and gradient of every problem, each divided by its weight.
pub(super) fn many<T: Storage>(level: Level, rows: &LogisticRows<T>, problems: &[Problem]) -> Vec<(f64, Vec<f64>)> {
    let some = |some: &[Problem]| {
        let weights: Vec<(RowWeights, f64)> = some.iter().map(|p| (p.rows, p.total)).collect();
        // Sixteen problems at once, or eight where no more are left.
        match some.len() {
            9.. => pass::<T, 16>(level, rows, some.iter().map(|p| p.w), &weights, None),
            _ => pass::<T, 8>(level, rows, some.iter().map(|p| p.w), &weights, None),
        }
    };
    problems.chunks(16).flat_map(some).collect()
}

/// As [`many`] where all are at one point, at which `terms` holds what each row costs, block by block.
pub(super) fn many_at<T: Storage>(
    level: Level,
    rows: &LogisticRows<T>,
    terms: &[RowTerms<T::Near>],
    weights: &[(RowWeights, f64)],
) -> Vec<(f64, Vec<f64>)> {
    let some = |some: &[(RowWeights, f64)]| match some.len() {
        9.. => pass::<T, 16>(level, rows, std::iter::empty(), some, Some(terms)),
        _ => pass::<T, 8>(level, rows, std::iter::empty(), some, Some(terms)),
    };
    weights.chunks(16).flat_map(some).collect()
}

/// At most K problems in one pass over the rows.
fn pass<'w, T: Storage, const K: usize>(
    level: Level,
    rows: &LogisticRows<T>,
    points: impl Iterator<Item = &'w [f64]>,
    weights: &[(RowWeights, f64)],
    terms: Option<&[RowTerms<T::Near>]>,
) -> Vec<(f64, Vec<f64>)> {
    let d = rows.columns;
    let fresh = Lanes::<T::Near, K>::new(d, points);
    let blocks = rows.y.len().div_ceil(BLOCK_ROWS);
    let block = |b: usize| {
        let mut lanes = fresh.clone();
        let range = b * BLOCK_ROWS..((b + 1) * BLOCK_ROWS).min(rows.y.len());
        level.run(Block { rows, range, weights, terms: terms.map(|t| &t[b]), lanes: &mut lanes });
        (lanes.loss, lanes.gradient)
    };
    let sums: Vec<([f64; K], Vec<[f64; K]>)> = match blocks {
        1 => vec![block(0)],
        _ => (0..blocks).into_par_iter().map(block).collect(),
    };
    let (mut loss, mut gradient) = ([0.0; K], vec![[0.0; K]; d]);
    for (block_loss, block_gradient) in sums {
        for k in 0..K {
            loss[k] += block_loss[k];
        }
        for (to, from) in gradient.iter_mut().zip(block_gradient) {
            for k in 0..K {
                to[k] += from[k];
            }
        }
    }
    (weights.iter().enumerate())
        .map(|(k, &(_, total))| (loss[k] / total, gradient.iter().map(|g| g[k] / total).collect()))
        .collect()
}

/// Some consecutive rows for K problems.
struct Block<'a, T: Storage, const K: usize> {
    rows: &'a LogisticRows<'a, T>,
    range: std::ops::Range<usize>,
    weights: &'a [(RowWeights<'a>, f64)],
    /// What the rows cost at the point of all problems, where they share one.
    terms: Option<&'a RowTerms<T::Near>>,
    lanes: &'a mut Lanes<T::Near, K>,
}

impl<T: Storage, const K: usize> NullaryFnOnce for Block<'_, T, K> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let LogisticRows { x, columns, y, .. } = self.rows;
        let mut tile = Tile::new(*columns);
        for first in self.range.clone().step_by(TILE) {
            let last = (first + TILE).min(self.range.end);
            for (k, &(weights, _)) in self.weights.iter().enumerate() {
                fill_weights(weights, first, last, k, &mut self.lanes.m);
            }
            if last - first < TILE {
                self.lanes.m[last - first..].fill([Real::ZERO; K]);
            }
            let view = tile.window(x, first, last);
            match self.terms {
                Some(terms) => {
                    let here = first - self.range.start..last - self.range.start;
                    kernel::many_at(view, &terms.slope[here.clone()], &terms.loss[here], self.lanes);
                }
                None => kernel::many(view, last - first, &filled(&y[first..last]), self.lanes),
            }
        }
    }
}

/// The weights of rows `first..last` in lane `k`, with one decision for all of them.
#[inline(always)]
fn fill_weights<R: Real, const K: usize>(weights: RowWeights, first: usize, last: usize, k: usize, to: &mut [[R; K]]) {
    match weights {
        RowWeights::Given(m) => {
            to.iter_mut().zip(&m[first..last]).for_each(|(to, &m)| to[k] = R::from_f64(m));
        }
        RowWeights::Without { base, fold, held_out } => {
            (to.iter_mut().zip(&base[first..last]).zip(&fold[first..last]))
                .for_each(|((to, &m), &f)| to[k] = R::from_f64(if f == held_out { 0.0 } else { m }));
        }
        RowWeights::Resampled { base, group, copies } => {
            (to.iter_mut().zip(&base[first..last]).zip(&group[first..last]))
                .for_each(|((to, &m), &g)| to[k] = R::from_f64(m * f64::from(copies[g])));
        }
    }
}
