//! Proximal Newton: exact gradient at every step, curvature as long as it serves.
//!
//! Each step minimises a quadratic model of the loss plus the exact penalty ([`super::quadratic`]) and is accepted by
//! the exact objective. The model's curvature may be stale (an earlier λ, the full data in place of a fold): that costs
//! speed of convergence, never correctness, because gradient, objective and stopping value are exact. It is renewed
//! when the remaining steps at the present rate would cost more than a new one.
//!
//! References: Lee, Sun and Saunders, "Proximal Newton-type methods for minimizing composite functions", SIAM J. Optim.
//! 24 (2014); Friedman, Hastie and Tibshirani, J. Stat. Softw. 33 (2010).

use std::sync::Arc;

use ndarray::Array2;

use super::descent::{Descent, Wish};
use super::likelihood::{BLOCK_ROWS, Likelihood, curvature, loss_and_gradient};
use super::penalty::Penalty;

/// Curvature is first taken from one row in so many …
const SAMPLE_SHARE: usize = 16;

/// … from at least so many rows per parameter …
const SAMPLE_PER_PARAMETER: usize = 12;

/// … and from at most so many. With r rows per parameter the sample's minimum is off by about 1/(2r) of the loss, and a step
/// from there with its curvature by 1/r of that: here below 1e-7, so that one step is enough.
const SAMPLE_ENOUGH: usize = 3200;

/// A residual above this share of the steepest slope is far from the solution.
const FAR: f64 = 0.3;

/// Where a fit starts, and what it leaves for the next one: a neighbour in λ, a fold, a resample.
#[derive(Debug, Clone)]
pub struct State {
    /// Parameters; within the bounds of the next penalty.
    pub weights: Vec<f64>,
    /// Loss and gradient at `weights`, if known for the next likelihood.
    pub point: Option<(f64, Vec<f64>)>,
    /// Curvature of the loss somewhere near, if known.
    pub curvature: Option<Arc<Array2<f64>>>,
}

impl State {
    /// A cold start at `weights`.
    pub fn new(weights: Vec<f64>) -> Self {
        Self { weights, point: None, curvature: None }
    }

    /// The same weights and curvature for another likelihood.
    pub fn for_other_data(&self) -> Self {
        Self { weights: self.weights.clone(), point: None, curvature: self.curvature.clone() }
    }

    /// Puts the weights into the bounds of `penalty`.
    pub(super) fn move_inside(&mut self, penalty: &Penalty) {
        for (j, w) in self.weights.iter_mut().enumerate() {
            let inside = penalty.clamp(j, *w);
            if inside != *w {
                *w = inside;
                self.point = None;
            }
        }
    }
}

/// A gap ([`Limits::gap`]) that is good enough for fits of which only a curve, a start or percentiles are wanted: it moves a
/// weight by far less than a resample does.
pub const SMALL_GAP: f64 = 4e-7;

/// When to stop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Absolute KKT residual at which the fit has converged.
    pub residual: f64,
    /// What the quadratic model says is left to gain, as a share of the objective, at which the fit has converged too;
    /// 0 = the residual alone decides. The model's curvature was checked against the last step.
    pub gap: f64,
    /// Newton steps.
    pub iterations: usize,
}

/// Where a fit ended; the weights are in the [`State`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// L(w).
    pub loss: f64,
    /// F(w).
    pub objective: f64,
    /// Absolute KKT residual.
    pub residual: f64,
    /// Newton steps taken.
    pub iterations: usize,
    /// The residual, or the gap, is within its limit.
    pub converged: bool,
}

/// Minimises L(w) + penalty(w) from `state`, which holds the solution afterwards.
pub fn minimise(likelihood: &dyn Likelihood, penalty: &Penalty, state: &mut State, limits: Limits) -> Outcome {
    minimise_with(&mut CurvatureSource::new(likelihood), penalty, state, limits)
}

/// As [`minimise`], with a source of curvature that lasts for many fits.
pub(super) fn minimise_with(
    source: &mut CurvatureSource,
    penalty: &Penalty,
    state: &mut State,
    limits: Limits,
) -> Outcome {
    let likelihood = source.likelihood;
    state.move_inside(penalty);
    if state.curvature.is_none() {
        source.start(penalty, state, limits);
    }
    let mut descent = Descent::new(penalty, limits, likelihood.noise(), state);
    run(likelihood, source, &mut descent);
    if !descent.converged() && !descent.exhausted() {
        // What is left may be the rounding of the arithmetic.
        if let Some(double) = likelihood.double() {
            descent.evaluate_anew(double.noise(), loss_and_gradient(&*double, &descent.weights));
            run(&*double, source, &mut descent);
        }
    }
    descent.finish(state)
}

fn run(likelihood: &dyn Likelihood, source: &mut CurvatureSource, descent: &mut Descent) {
    loop {
        match descent.wish() {
            Wish::Nothing => break,
            Wish::Evaluate(w) => {
                let (loss, gradient) = loss_and_gradient(likelihood, &w);
                descent.take(w, loss, gradient, source.cost());
            }
            Wish::Curvature { enlarge } => {
                let h = source.curvature(&descent.weights, enlarge);
                descent.renewed(Arc::new(h));
            }
        }
    }
}

/// Where curvature comes from: a random sample of the rows, four times as large whenever it proves too small, and all
/// rows in the end.
pub(super) struct CurvatureSource<'a> {
    likelihood: &'a dyn Likelihood,
    /// Drawn when it is first needed.
    sample: Option<Box<dyn Likelihood + 'a>>,
    rows: usize,
}

impl<'a> CurvatureSource<'a> {
    pub fn new(likelihood: &'a dyn Likelihood) -> Self {
        let n = likelihood.blocks() * BLOCK_ROWS;
        let p = likelihood.parameters();
        let rows = (n / SAMPLE_SHARE).min(SAMPLE_ENOUGH * p).max(SAMPLE_PER_PARAMETER * p).max(BLOCK_ROWS);
        Self { likelihood, sample: None, rows }
    }

    /// What one renewal costs, in passes over all rows.
    fn cost(&self) -> f64 {
        // Measured at d = 64: the Gram matrix of all rows costs about as much as d/6 gradients.
        let all = self.likelihood.parameters() as f64 / 6.0;
        all * (self.rows as f64 / (self.likelihood.blocks().max(1) * BLOCK_ROWS) as f64).min(1.0)
    }

    fn sample(&mut self) -> Option<&dyn Likelihood> {
        if self.sample.is_none() {
            self.sample = self.likelihood.sample(self.rows);
        }
        self.sample.as_deref()
    }

    /// A cold fit begins on the sample alone: its minimum is as near as the sample is large, for a small part of the price.
    fn start(&mut self, penalty: &Penalty, state: &mut State, limits: Limits) {
        let (rows, likelihood) = (self.rows as f64, self.likelihood);
        let Some(sample) = self.sample() else { return };
        let (_, gradient) = state.point.get_or_insert_with(|| loss_and_gradient(likelihood, &state.weights));
        let residual = penalty.residual(&state.weights, gradient);
        let steepest = gradient.iter().fold(0.0f64, |m, g| m.max(g.abs()));
        if residual < FAR * steepest || residual <= limits.residual {
            return;
        }
        // Below this the sample's own error hides what would be gained.
        let near = Limits {
            residual: limits.residual.max(0.1 * residual / rows.sqrt()),
            gap: 0.02 * likelihood.parameters() as f64 / rows,
            iterations: limits.iterations.min(25),
        };
        let mut on_sample = State::new(state.weights.clone());
        minimise(sample, penalty, &mut on_sample, near);
        *state = State::new(on_sample.weights);
    }

    pub fn curvature(&mut self, w: &[f64], enlarge: bool) -> Array2<f64> {
        if enlarge && self.sample.is_some() {
            self.rows *= 4;
            self.sample = None;
        }
        let likelihood = self.likelihood;
        regularised(curvature(self.sample().unwrap_or(likelihood), w))
    }
}

/// A trace of ridge: duplicate columns and d > N leave the model without a unique minimum. The gradient is exact, so
/// this changes the way, not the end.
fn regularised(mut h: Array2<f64>) -> Array2<f64> {
    let largest = h.diag().iter().copied().fold(0.0, f64::max);
    h.diag_mut().iter_mut().filter(|v| **v > 0.0).for_each(|v| *v += 1e-11 * largest);
    h
}
