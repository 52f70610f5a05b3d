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

/// out += Σ_k factor_k row_k over four rows of equal length at once, so that `out` is read and written once.
pub(crate) fn add_rows(out: &mut [f64], rows: [&[f64]; 4], factors: [f64; 4]) {
    let n = out.len();
    let [a, b, c, d] = rows.map(|row| &row[..n]);
    for j in 0..n {
        out[j] += (factors[0] * a[j] + factors[1] * b[j]) + (factors[2] * c[j] + factors[3] * d[j]);
    }
}

/// Pair rows with soft labels under the logistic loss
/// ℓ(z, y) = log(1 + e^z) − y z (design: "Fit"; arXiv 2412.21059, Eq. 5).
pub struct LogisticRows<'a> {
    /// Row-major differences [rows, columns].
    pub x: Cow<'a, [f64]>,
    /// Number of columns.
    pub columns: usize,
    /// Soft label of each row in [0, 1]: 1 = item a.
    pub y: Vec<f64>,
    /// Weight of each row.
    pub weight: Vec<f64>,
    /// Group of each row.
    pub group: Vec<usize>,
}

impl Model for LogisticRows<'_> {
    fn parameters(&self) -> usize {
        self.columns
    }

    fn weight(&self) -> &[f64] {
        &self.weight
    }

    fn group(&self) -> &[usize] {
        &self.group
    }

    fn likelihood<'a>(&'a self, weight: Cow<'a, [f64]>) -> Box<dyn Likelihood + 'a> {
        Box::new(Logistic::new(&self.x, self.columns, &self.y, weight))
    }

    fn row_losses(&self, w: &[f64]) -> Vec<f64> {
        (0..self.y.len()).map(|i| logistic(dot(row_of(&self.x, self.columns, i as u32), w), self.y[i]).0).collect()
    }
}

/// [`LogisticRows`] under given row weights; rows of weight 0 cost nothing.
struct Logistic<'a> {
    x: &'a [f64],
    columns: usize,
    y: &'a [f64],
    weight: Cow<'a, [f64]>,
    /// Rows of positive weight.
    rows: Vec<u32>,
    total: f64,
}

impl<'a> Logistic<'a> {
    fn new(x: &'a [f64], columns: usize, y: &'a [f64], weight: Cow<'a, [f64]>) -> Self {
        let rows: Vec<u32> = (0..y.len() as u32).filter(|&i| weight[i as usize] > 0.0).collect();
        let total = weight.iter().sum();
        Self { x, columns, y, weight, rows, total }
    }

    fn block(&self, block: usize) -> &[u32] {
        let start = block * BLOCK_ROWS;
        &self.rows[start..(start + BLOCK_ROWS).min(self.rows.len())]
    }

    /// Weighted loss and weighted slope of one row.
    fn row(&self, row: u32, w: &[f64]) -> (f64, f64) {
        let i = row as usize;
        let (loss, slope) = logistic(dot(row_of(self.x, self.columns, row), w), self.y[i]);
        (self.weight[i] * loss, self.weight[i] * slope)
    }
}

impl Likelihood for Logistic<'_> {
    fn parameters(&self) -> usize {
        self.columns
    }

    fn blocks(&self) -> usize {
        self.rows.len().div_ceil(BLOCK_ROWS)
    }

    fn total_weight(&self) -> f64 {
        self.total
    }

    fn add_gradient(&self, block: usize, w: &[f64], gradient: &mut [f64]) -> f64 {
        let mut loss = 0.0;
        let (fours, rest) = self.block(block).as_chunks::<4>();
        for &four in fours {
            let values = four.map(|row| self.row(row, w));
            loss += (values[0].0 + values[1].0) + (values[2].0 + values[3].0);
            add_rows(gradient, four.map(|row| row_of(self.x, self.columns, row)), values.map(|v| v.1));
        }
        for &row in rest {
            let (row_loss, slope) = self.row(row, w);
            loss += row_loss;
            gradient.iter_mut().zip(row_of(self.x, self.columns, row)).for_each(|(g, v)| *g += slope * v);
        }
        loss
    }

    fn add_curvature(&self, block: usize, w: &[f64], curvature: &mut Array2<f64>) {
        let scale = |i: usize| self.weight[i] * bend(dot(row_of(self.x, self.columns, i as u32), w));
        add_gram(self.x, self.columns, self.block(block), scale, curvature);
    }

    fn conjugate(&self, w: &[f64], scale: f64) -> Option<f64> {
        let entropy = |p: f64| if p > 0.0 { p * p.ln() } else { 0.0 };
        let sum: f64 = (self.rows.iter())
            .map(|&row| {
                let i = row as usize;
                let (_, slope) = logistic(dot(row_of(self.x, self.columns, row), w), self.y[i]);
                let p = (self.y[i] + scale * slope).clamp(0.0, 1.0);
                self.weight[i] * (entropy(p) + entropy(1.0 - p))
            })
            .sum();
        Some(sum / self.total)
    }
}

/// ℓ(z, y) and ∂ℓ/∂z. Swapping the two items (z → −z, y → 1 − y) gives the same loss and the opposite slope to the last bit.
pub(crate) fn logistic(z: f64, y: f64) -> (f64, f64) {
    let e = (-z.abs()).exp();
    let loss = e.ln_1p();
    let low = e / (1.0 + e);
    if z >= 0.0 { (loss + (1.0 - y) * z, (1.0 - y) - low) } else { (loss - y * z, low - y) }
}

/// ∂²ℓ/∂z² = σ(z)σ(−z).
pub(crate) fn bend(z: f64) -> f64 {
    let e = (-z.abs()).exp();
    e / ((1.0 + e) * (1.0 + e))
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
