//! Rows whose loss depends on the margin z = x·w and on a few parameters of its own: a tie parameter, cut-points.
//!
//! A [`RowLoss`] gives value and derivatives of one row; [`ExtendedRows`] makes a [`Model`] of it, so that path,
//! cross-validation, bootstrap and every method serve it without a change.

use std::borrow::Cow;

use ndarray::Array2;

use super::likelihood::{BLOCK_ROWS, Likelihood, Model, add_gram, dot, row_of};

/// Loss of one row with its first and second derivatives, unweighted.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Terms {
    /// ℓ.
    pub loss: f64,
    /// ∂ℓ/∂z.
    pub slope: f64,
    /// ∂²ℓ/∂z².
    pub bend: f64,
    /// The own parameters that this row touches; the first `used` count.
    pub own: [OwnTerm; 2],
    /// How many.
    pub used: usize,
    /// ∂²ℓ/∂e₁∂e₂.
    pub cross: f64,
}

/// Derivatives by one of the loss's own parameters e.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct OwnTerm {
    /// Which, from 0.
    pub index: usize,
    /// ∂ℓ/∂e.
    pub slope: f64,
    /// ∂²ℓ/∂e².
    pub bend: f64,
    /// ∂²ℓ/∂e∂z.
    pub with_z: f64,
}

/// A loss per row that is jointly convex in z and its own parameters.
pub trait RowLoss: Sync {
    /// Number of own parameters.
    fn own(&self) -> usize;

    /// The loss of `row` at margin `z` and own parameters `own`.
    fn terms(&self, row: usize, z: f64, own: &[f64]) -> Terms;
}

/// Rows with such a loss. The parameters are one weight per column, then the loss's own.
pub struct ExtendedRows<'a, L> {
    /// Row-major values [rows, columns].
    pub x: Cow<'a, [f64]>,
    /// Number of columns.
    pub columns: usize,
    /// Weight of each row.
    pub weight: Cow<'a, [f64]>,
    /// Group of each row.
    pub group: Cow<'a, [usize]>,
    /// The loss.
    pub loss: L,
}

impl<L: RowLoss> ExtendedRows<'_, L> {
    fn at(&self, row: u32, w: &[f64]) -> Terms {
        let (weights, own) = w.split_at(self.columns);
        self.loss.terms(row as usize, dot(row_of(&self.x, self.columns, row), weights), own)
    }
}

impl<L: RowLoss> Model for ExtendedRows<'_, L> {
    fn parameters(&self) -> usize {
        self.columns + self.loss.own()
    }

    fn weight(&self) -> &[f64] {
        &self.weight
    }

    fn group(&self) -> &[usize] {
        &self.group
    }

    fn likelihood<'a>(&'a self, weight: Cow<'a, [f64]>) -> Box<dyn Likelihood + 'a> {
        let rows: Vec<u32> = (0..weight.len() as u32).filter(|&i| weight[i as usize] > 0.0).collect();
        let total = weight.iter().sum();
        Box::new(Weighted { rows: self, used: rows, weight, total })
    }

    fn row_losses(&self, w: &[f64]) -> Vec<f64> {
        (0..self.weight.len() as u32).map(|i| self.at(i, w).loss).collect()
    }
}

/// [`ExtendedRows`] under given row weights.
struct Weighted<'a, L> {
    rows: &'a ExtendedRows<'a, L>,
    /// Rows of positive weight.
    used: Vec<u32>,
    weight: Cow<'a, [f64]>,
    total: f64,
}

impl<L: RowLoss> Weighted<'_, L> {
    fn block(&self, block: usize) -> &[u32] {
        let start = block * BLOCK_ROWS;
        &self.used[start..(start + BLOCK_ROWS).min(self.used.len())]
    }
}

impl<L: RowLoss> Likelihood for Weighted<'_, L> {
    fn parameters(&self) -> usize {
        self.rows.parameters()
    }

    fn blocks(&self) -> usize {
        self.used.len().div_ceil(BLOCK_ROWS)
    }

    fn total_weight(&self) -> f64 {
        self.total
    }

    fn add_gradient(&self, block: usize, w: &[f64], gradient: &mut [f64]) -> f64 {
        let d = self.rows.columns;
        let (of_weights, of_own) = gradient.split_at_mut(d);
        let mut loss = 0.0;
        for &row in self.block(block) {
            let m = self.weight[row as usize];
            let terms = self.rows.at(row, w);
            loss += m * terms.loss;
            let slope = m * terms.slope;
            of_weights.iter_mut().zip(row_of(&self.rows.x, d, row)).for_each(|(g, v)| *g += slope * v);
            for own in &terms.own[..terms.used] {
                of_own[own.index] += m * own.slope;
            }
        }
        loss
    }

    fn add_curvature(&self, block: usize, w: &[f64], curvature: &mut Array2<f64>) {
        let d = self.rows.columns;
        let block = self.block(block);
        let terms: Vec<Terms> = block.iter().map(|&row| self.rows.at(row, w)).collect();
        // `add_gram` asks by row number; the block's rows ascend.
        let scale = |i: usize| {
            let place = block.binary_search(&(i as u32)).unwrap_or(0);
            self.weight[i] * terms[place].bend
        };
        add_gram(&self.rows.x, d, block, scale, curvature);
        for (&row, terms) in block.iter().zip(&terms) {
            let m = self.weight[row as usize];
            for own in &terms.own[..terms.used] {
                let place = d + own.index;
                curvature[[place, place]] += m * own.bend;
                let mixed = m * own.with_z;
                for (j, v) in row_of(&self.rows.x, d, row).iter().enumerate() {
                    curvature[[place, j]] += mixed * v;
                    curvature[[j, place]] += mixed * v;
                }
            }
            if terms.used == 2 {
                let (one, other) = (d + terms.own[0].index, d + terms.own[1].index);
                curvature[[one, other]] += m * terms.cross;
                curvature[[other, one]] += m * terms.cross;
            }
        }
    }
}

/// log(1 + e^v) without overflow, and σ(v).
pub(crate) fn softplus(v: f64) -> (f64, f64) {
    let e = (-v.abs()).exp();
    if v >= 0.0 { (v + e.ln_1p(), 1.0 / (1.0 + e)) } else { (e.ln_1p(), e / (1.0 + e)) }
}

/// Derivative checks that every loss has to pass.
#[cfg(test)]
pub(crate) mod checks {
    use super::*;
    use crate::fit::likelihood::{curvature, loss_and_gradient};

    /// Gradient and curvature of the model at `w` against central differences of loss and gradient.
    pub fn derivatives_are_right(model: &dyn Model, w: &[f64]) {
        let likelihood = model.likelihood(Cow::Borrowed(model.weight()));
        let (_, gradient) = loss_and_gradient(&*likelihood, w);
        let h = curvature(&*likelihood, w);
        for j in 0..w.len() {
            let step = 1e-5;
            let mut up = w.to_vec();
            up[j] += step;
            let mut down = w.to_vec();
            down[j] -= step;
            let (f1, g1) = loss_and_gradient(&*likelihood, &up);
            let (f0, g0) = loss_and_gradient(&*likelihood, &down);
            let slope = (f1 - f0) / (2.0 * step);
            assert!((slope - gradient[j]).abs() < 1e-7 * (1.0 + slope.abs()), "gradient {j}: {} {slope}", gradient[j]);
            for k in 0..w.len() {
                let bend = (g1[k] - g0[k]) / (2.0 * step);
                assert!((bend - h[[j, k]]).abs() < 1e-6 * (1.0 + bend.abs()), "({j}, {k}): {} {bend}", h[[j, k]]);
            }
        }
    }
}
