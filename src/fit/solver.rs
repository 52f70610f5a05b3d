//! Proximal Newton: exact gradient at every step, curvature as long as it serves.
//!
//! Each step minimises a quadratic model of the loss plus the exact penalty ([`super::quadratic`]) and is accepted by
//! the exact objective. The model's curvature may be stale (an earlier λ, the full data in place of a fold): that costs
//! speed of convergence, never correctness, because gradient, objective and stopping value are exact. It is renewed
//! when the remaining steps at the present rate would cost more than a new one.
//!
//! References: Lee, Sun and Saunders, "Proximal Newton-type methods for minimizing composite functions", SIAM J. Optim.
//! 24 (2014); Friedman, Hastie and Tibshirani, J. Stat. Softw. 33 (2010).

use ndarray::Array2;

use super::likelihood::{Likelihood, curvature, dot, loss_and_gradient};
use super::penalty::Penalty;
use super::quadratic;

/// Where a fit starts, and what it leaves for the next one: a neighbour in λ, a fold, a resample.
#[derive(Debug, Clone)]
pub struct State {
    /// Parameters; within the bounds of the next penalty.
    pub weights: Vec<f64>,
    /// Loss and gradient at `weights`, if known for the next likelihood.
    pub point: Option<(f64, Vec<f64>)>,
    /// Curvature of the loss somewhere near, if known.
    pub curvature: Option<Array2<f64>>,
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
}

/// When to stop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Absolute KKT residual at which the fit has converged.
    pub residual: f64,
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
    /// residual ≤ the limit.
    pub converged: bool,
}

/// Minimises L(w) + penalty(w) from `state`, which holds the solution afterwards.
pub fn minimise(likelihood: &dyn Likelihood, penalty: &Penalty, state: &mut State, limits: Limits) -> Outcome {
    for (j, w) in state.weights.iter_mut().enumerate() {
        let inside = penalty.clamp(j, *w);
        if inside != *w {
            *w = inside;
            state.point = None;
        }
    }
    let (mut loss, mut gradient) = match state.point.take() {
        Some(point) => point,
        None => loss_and_gradient(likelihood, &state.weights),
    };
    let mut residual = penalty.residual(&state.weights, &gradient);
    let mut iterations = 0;
    let mut stale = true;
    let mut renew = state.curvature.is_none();
    // NaN never passes `<=`, so a broken loss ends at the iteration limit instead of being called converged.
    let converged = |residual: f64| residual <= limits.residual;
    while !converged(residual) && iterations < limits.iterations {
        iterations += 1;
        if renew || state.curvature.is_none() {
            state.curvature = Some(regularised(curvature(likelihood, &state.weights)));
            stale = false;
        }
        let Some(h) = &state.curvature else { break };
        let here = Point { weights: &state.weights, loss, gradient: &gradient, residual };
        match step(likelihood, penalty, h, here, limits.residual) {
            Some(next) => {
                renew = next.shortened || should_renew(residual, next.residual, limits.residual, gradient.len());
                stale = true;
                state.weights = next.weights;
                (loss, gradient, residual) = (next.loss, next.gradient, next.residual);
            }
            // No progress: a stale model gets a second chance with true curvature.
            None if stale => renew = true,
            None => break,
        }
    }
    let objective = loss + penalty.value(&state.weights);
    state.point = Some((loss, gradient));
    Outcome { loss, objective, residual, iterations, converged: converged(residual) }
}

/// The present iterate.
struct Point<'a> {
    weights: &'a [f64],
    loss: f64,
    gradient: &'a [f64],
    residual: f64,
}

/// The next one.
struct Next {
    weights: Vec<f64>,
    loss: f64,
    gradient: Vec<f64>,
    residual: f64,
    /// The full step was too long.
    shortened: bool,
}

/// One model minimisation and a backtracking search on the exact objective. `None` where nothing is gained.
fn step(likelihood: &dyn Likelihood, penalty: &Penalty, h: &Array2<f64>, here: Point, goal: f64) -> Option<Next> {
    let target = quadratic::minimise(h, here.gradient, here.weights, penalty, 0.05 * goal);
    let direction: Vec<f64> = target.iter().zip(here.weights).map(|(v, w)| v - w).collect();
    let objective = here.loss + penalty.value(here.weights);
    let promised = dot(here.gradient, &direction) + penalty.value(&target) - penalty.value(here.weights);
    // Below this the objective's own rounding hides the gain; the residual then decides.
    let noise = 1e-13 * (1.0 + objective.abs());
    let mut share = 1.0;
    for _ in 0..30 {
        let weights: Vec<f64> = if share == 1.0 {
            target.clone()
        } else {
            (0..target.len()).map(|j| penalty.clamp(j, here.weights[j] + share * direction[j])).collect()
        };
        let (loss, gradient) = loss_and_gradient(likelihood, &weights);
        let residual = penalty.residual(&weights, &gradient);
        let gain = objective - (loss + penalty.value(&weights));
        let enough = gain >= -1e-4 * share * promised && gain > 0.0;
        if (promised < -noise && enough) || (gain >= -noise && residual < 0.9 * here.residual) {
            return Some(Next { weights, loss, gradient, residual, shortened: share < 1.0 });
        }
        if promised >= -noise {
            return None;
        }
        share *= 0.5;
    }
    None
}

/// Whether a new curvature is cheaper than going on at this rate: it costs about d/16 gradient passes (measured at
/// d = 64, where it is five) and leaves one or two.
fn should_renew(before: f64, after: f64, goal: f64, d: usize) -> bool {
    let rate = after / before;
    if after <= goal {
        return false;
    }
    rate.is_nan() || rate >= 1.0 || (goal / after).ln() / rate.ln() > d as f64 / 16.0
}

/// A trace of ridge: duplicate columns and d > N leave the model without a unique minimum. The gradient is exact, so
/// this changes the way, not the end.
fn regularised(mut h: Array2<f64>) -> Array2<f64> {
    let largest = h.diag().iter().copied().fold(0.0, f64::max);
    h.diag_mut().iter_mut().filter(|v| **v > 0.0).for_each(|v| *v += 1e-11 * largest);
    h
}
