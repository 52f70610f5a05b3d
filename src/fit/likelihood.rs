//! The smooth part of the objective: loss, gradient and curvature of the rows, block by block.
//!
//! The solver knows [`Likelihood`] only, so arrays in memory, row groups of a file or a smaller number type can serve it.
//! Blocks have a fixed size and their sums are merged in block order, so no byte depends on the number of threads.

use std::borrow::Cow;

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, s};
use rayon::prelude::*;

/// Rows of one block: fixed, because the order of additions follows from it.
pub const BLOCK_ROWS: usize = 4096;

/// Rows that are scaled and multiplied at once for the curvature; they stay in the second-level cache.
const SLICE_ROWS: usize = 512;

/// Blocks whose curvature is held in memory at once.
const BLOCKS_AT_ONCE: usize = 32;

pub use super::logistic::LogisticRows;

/// A weighted negative log-likelihood over rows, summed block by block.
pub trait Likelihood: Sync {
    /// Number of parameters: one per column, then those of the tie model.
    fn parameters(&self) -> usize;

    /// Number of blocks.
    fn blocks(&self) -> usize;

    /// Σ m over all rows, > 0.
    fn total_weight(&self) -> f64;

    /// Adds Σ m ∂loss of the block to `gradient` \[parameters\] and returns Σ m loss of the block at `w`.
    fn add_gradient(&self, block: usize, w: &[f64], gradient: &mut [f64]) -> f64;

    /// Adds Σ m ∂²loss of the block at `w` to `curvature` [parameters, parameters].
    fn add_curvature(&self, block: usize, w: &[f64], curvature: &mut Array2<f64>);

    /// A random sample of about `rows` rows as a likelihood of its own, where that is much less than all of them. Its
    /// curvature stands in for that of all rows, and its minimum is a good place to start.
    fn sample(&self, rows: usize) -> Option<Box<dyn Likelihood + '_>> {
        let _ = rows;
        None
    }

    /// The same rows in `f64` arithmetic, where they are computed in `f32`.
    fn double(&self) -> Option<Box<dyn Likelihood + '_>> {
        None
    }

    /// The rounding error of the loss, relative to 1 + |L|: smaller changes of it mean nothing.
    fn noise(&self) -> f64 {
        1e-13
    }

    /// Convex conjugate of L at `scale` (0 … 1) times the dual point that belongs to `w`; `None` where the model has none
    /// in closed form. It yields the duality gap.
    fn conjugate(&self, w: &[f64], scale: f64) -> Option<f64> {
        let _ = (w, scale);
        None
    }
}

/// Rows with labels: makes a [`Likelihood`] for any row weights (folds, resamples), and scores rows that were left out.
pub trait Model: Sync {
    /// Number of parameters.
    fn parameters(&self) -> usize;

    /// The weight of each row.
    fn weight(&self) -> &[f64];

    /// The group of each row.
    fn group(&self) -> &[usize];

    /// The likelihood under other row weights.
    fn likelihood<'a>(&'a self, weight: Cow<'a, [f64]>) -> Box<dyn Likelihood + 'a>;

    /// The loss of every row at `w`, without its weight.
    fn row_losses(&self, w: &[f64]) -> Vec<f64>;

    /// The loss of each row at the weights of its own fold: `members` lists the rows of each fold, `weights` holds one vector
    /// per fold.
    fn held_out_losses(&self, members: &[Vec<u32>], weights: &[&[f64]]) -> Vec<f64> {
        let mut losses = vec![0.0; self.weight().len()];
        for (rows, w) in members.iter().zip(weights) {
            let all = self.row_losses(w);
            rows.iter().for_each(|&i| losses[i as usize] = all[i as usize]);
        }
        losses
    }

    /// [`Likelihood::noise`] of [`Model::many`].
    fn noise(&self) -> f64 {
        1e-13
    }

    /// Loss and gradient of many problems over these rows. A model that can read its rows once for all of them does so;
    /// the result of a problem never depends on its neighbours.
    fn many(&self, problems: &[Problem]) -> Vec<(f64, Vec<f64>)> {
        let one = |p: &Problem| loss_and_gradient(&*self.likelihood(Cow::Owned(p.rows.to_vec())), p.w);
        problems.par_iter().map(one).collect()
    }

    /// As [`Model::many`] for problems that are all at one and the same point `w`: what the rows cost there is looked at once.
    fn many_at(&self, w: &[f64], rows: &[(RowWeights, f64)]) -> Vec<(f64, Vec<f64>)> {
        let problems: Vec<Problem> = rows.iter().map(|&(rows, total)| Problem { rows, total, w }).collect();
        self.many(&problems)
    }

    /// Loss and gradient at `w` of the rows of each fold, not divided by any weight.
    fn by_fold(&self, w: &[f64], members: &[Vec<u32>]) -> Vec<(f64, Vec<f64>)> {
        let part = |rows: &Vec<u32>| {
            let mut weight = vec![0.0; self.weight().len()];
            rows.iter().for_each(|&i| weight[i as usize] = self.weight()[i as usize]);
            let total: f64 = weight.iter().sum();
            if total <= 0.0 {
                return (0.0, vec![0.0; self.parameters()]);
            }
            let (loss, gradient) = loss_and_gradient(&*self.likelihood(Cow::Owned(weight)), w);
            (loss * total, gradient.into_iter().map(|g| g * total).collect())
        };
        members.par_iter().map(part).collect()
    }
}

/// One of many problems over the same rows: its own row weights, at its own parameters.
#[derive(Clone, Copy)]
pub struct Problem<'a> {
    /// Row weights.
    pub rows: RowWeights<'a>,
    /// Σ of the row weights, > 0.
    pub total: f64,
    /// Parameters.
    pub w: &'a [f64],
}

/// Row weights without a vector of their own for every problem.
#[derive(Debug, Clone, Copy)]
pub enum RowWeights<'a> {
    /// One per row.
    Given(&'a [f64]),
    /// All rows but those of one fold.
    Without {
        /// Weights of the whole.
        base: &'a [f64],
        /// The fold of each row.
        fold: &'a [usize],
        /// The fold that is held out.
        held_out: usize,
    },
    /// Every group as often as it was drawn.
    Resampled {
        /// Weights of the whole.
        base: &'a [f64],
        /// The group of each row, numbered from 0.
        group: &'a [usize],
        /// How often each group was drawn.
        copies: &'a [u32],
    },
}

impl RowWeights<'_> {
    /// The weight of row `i`.
    pub fn at(&self, i: usize) -> f64 {
        match *self {
            Self::Given(weight) => weight[i],
            Self::Without { base, fold, held_out } => {
                if fold[i] == held_out {
                    0.0
                } else {
                    base[i]
                }
            }
            Self::Resampled { base, group, copies } => base[i] * f64::from(copies[group[i]]),
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Given(base) | Self::Without { base, .. } | Self::Resampled { base, .. } => base.len(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Σ of the weights.
    pub fn total(&self) -> f64 {
        match self {
            Self::Given(weight) => sum(weight),
            Self::Without { .. } | Self::Resampled { .. } => sum(&self.to_vec()),
        }
    }

    /// One weight per row.
    pub fn to_vec(&self) -> Vec<f64> {
        (0..self.len()).map(|i| self.at(i)).collect()
    }
}

/// L(w) and its gradient.
pub fn loss_and_gradient(likelihood: &dyn Likelihood, w: &[f64]) -> (f64, Vec<f64>) {
    let block = |b: usize| {
        let mut gradient = vec![0.0; likelihood.parameters()];
        let loss = likelihood.add_gradient(b, w, &mut gradient);
        (loss, gradient)
    };
    let sums: Vec<(f64, Vec<f64>)> = match likelihood.blocks() {
        1 => vec![block(0)],
        blocks => (0..blocks).into_par_iter().map(block).collect(),
    };
    let total = likelihood.total_weight();
    let mut loss = 0.0;
    let mut gradient = vec![0.0; likelihood.parameters()];
    for (block_loss, block_gradient) in sums {
        loss += block_loss;
        gradient.iter_mut().zip(block_gradient).for_each(|(g, b)| *g += b);
    }
    gradient.iter_mut().for_each(|g| *g /= total);
    (loss / total, gradient)
}

/// ∂²L(w) [parameters, parameters].
pub fn curvature(likelihood: &dyn Likelihood, w: &[f64]) -> Array2<f64> {
    let p = likelihood.parameters();
    let mut sum = Array2::zeros((p, p));
    for first in (0..likelihood.blocks()).step_by(BLOCKS_AT_ONCE) {
        let last = (first + BLOCKS_AT_ONCE).min(likelihood.blocks());
        let block = |b: usize| {
            let mut part = Array2::zeros((p, p));
            likelihood.add_curvature(b, w, &mut part);
            part
        };
        let parts: Vec<Array2<f64>> = match last - first {
            1 => vec![block(first)],
            _ => (first..last).into_par_iter().map(block).collect(),
        };
        parts.iter().for_each(|part| sum += part);
    }
    sum /= likelihood.total_weight();
    sum
}

/// Adds Σ s_i x_i x_iᵀ over `rows` of the row-major matrix `x` [·, columns] to the leading corner of `out`.
/// `scale` gives s_i ≥ 0.
pub(crate) fn add_gram(x: &[f64], columns: usize, rows: &[u32], scale: impl Fn(usize) -> f64, out: &mut Array2<f64>) {
    let mut buffer = Vec::with_capacity(SLICE_ROWS.min(rows.len()) * columns);
    for slice in rows.chunks(SLICE_ROWS) {
        buffer.clear();
        for &row in slice {
            let root = scale(row as usize).sqrt();
            buffer.extend(row_of(x, columns, row).iter().map(|v| v * root));
        }
        // The shape is right by construction; a view that cannot be made would only be an empty one.
        if let Ok(scaled) = ArrayView2::from_shape((slice.len(), columns), &buffer) {
            general_mat_mul(1.0, &scaled.t(), &scaled, 1.0, &mut out.slice_mut(s![..columns, ..columns]));
        }
    }
}

/// One row of a row-major matrix.
pub(crate) fn row_of(x: &[f64], columns: usize, row: u32) -> &[f64] {
    let start = row as usize * columns;
    &x[start..start + columns]
}

/// Σ a_j b_j with eight running sums: a fixed order that the compiler can put into vector registers.
#[inline(always)]
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a8, a_rest) = a.as_chunks::<8>();
    let (b8, b_rest) = b.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (u, v) in a8.iter().zip(b8) {
        for lane in 0..8 {
            sums[lane] += u[lane] * v[lane];
        }
    }
    let tail: f64 = a_rest.iter().zip(b_rest).map(|(u, v)| u * v).sum();
    ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7])) + tail
}

/// Σ a_j with eight running sums.
fn sum(a: &[f64]) -> f64 {
    let (a8, rest) = a.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for v in a8 {
        for lane in 0..8 {
            sums[lane] += v[lane];
        }
    }
    sums.iter().sum::<f64>() + rest.iter().sum::<f64>()
}

/// ℓ(z, y) and ∂ℓ/∂z. Swapping the two items (z → −z, y → 1 − y) gives the same loss and the opposite slope to the last bit.
pub(crate) fn logistic(z: f64, y: f64) -> (f64, f64) {
    let e = (-z.abs()).exp();
    let loss = e.ln_1p();
    let low = e / (1.0 + e);
    if z >= 0.0 { (loss + (1.0 - y) * z, (1.0 - y) - low) } else { (loss - y * z, low - y) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(n: usize, d: usize) -> LogisticRows<'static> {
        let x = (0..n * d).map(|k| ((k * 37 + k / d * 11) % 13) as f64 / 6.0 - 1.0).collect::<Vec<_>>();
        let y = (0..n).map(|i| [0.0, 1.0, 0.5, 0.25][i % 4]).collect();
        let weight = (0..n).map(|i| [1.0, 2.0, 0.0][i % 3]).collect();
        LogisticRows { x: x.into(), columns: d, y, weight, group: (0..n).collect() }
    }

    #[test]
    fn gradient_and_curvature_are_the_derivatives_of_the_loss() {
        let model = rows(BLOCK_ROWS + 700, 11);
        let likelihood = model.likelihood(Cow::Borrowed(&model.weight));
        assert_eq!(likelihood.blocks(), 1, "rows of weight 0 are left out");
        let w: Vec<f64> = (0..11).map(|j| 0.3 - 0.07 * j as f64).collect();
        let (_, gradient) = loss_and_gradient(&*likelihood, &w);
        let h = curvature(&*likelihood, &w);
        for j in 0..11 {
            let moved = |step: f64| {
                let mut w = w.clone();
                w[j] += step;
                loss_and_gradient(&*likelihood, &w)
            };
            let (up, down) = (moved(1e-5), moved(-1e-5));
            assert!(((up.0 - down.0) / 2e-5 - gradient[j]).abs() < 1e-8);
            for k in 0..11 {
                assert!(((up.1[k] - down.1[k]) / 2e-5 - h[[j, k]]).abs() < 1e-7);
            }
        }
    }

    #[test]
    fn the_loss_is_stable_far_out_and_exact_under_a_swap() {
        assert_eq!(logistic(800.0, 0.0), (800.0, 1.0));
        assert_eq!(logistic(-800.0, 0.0), (0.0, 0.0));
        for (z, y) in [(0.3, 1.0), (-2.7, 0.5), (0.0, 0.0), (-0.0, 1.0), (31.0, 0.25)] {
            let (there, back) = (logistic(z, y), logistic(-z, 1.0 - y));
            assert_eq!((there.0, there.1), (back.0, -back.1));
        }
    }

    #[test]
    fn the_conjugate_meets_the_loss_at_its_own_dual_point() {
        // Fenchel–Young: L(w) + L*(∇) = Σ θ_i z_i at the dual point of w.
        let model = rows(500, 7);
        let likelihood = model.likelihood(Cow::Borrowed(&model.weight));
        let w = [0.4, -0.2, 0.1, 0.0, 0.9, -1.0, 0.3];
        let (loss, gradient) = loss_and_gradient(&*likelihood, &w);
        let conjugate = likelihood.conjugate(&w, 1.0).unwrap();
        assert!((loss + conjugate - dot(&gradient, &w)).abs() < 1e-12);
    }
}
