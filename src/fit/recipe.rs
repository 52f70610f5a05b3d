//! VisionReward's rule in both readings (arXiv 2412.21059, appendix, Algorithm 1, and the maintainers' words in issue
//! 14): projected epochs with weight masking, and refitting after negative weights were deleted.

use serde::{Deserialize, Serialize};

use super::likelihood::{Likelihood, LogisticRows, dot, logistic, row_of};
use super::path::Shape;
use super::penalty::Penalty;
use super::solver::{Limits, Outcome, State, minimise};

/// Settings of [`projected_epochs`] that the paper leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Epochs {
    /// Step length α of one pair's gradient.
    pub learning_rate: f64,
    /// Ends when an epoch moves the weights by at most this (Euclidean norm).
    pub epsilon: f64,
    /// Limit of epochs.
    pub limit: usize,
}

impl Default for Epochs {
    fn default() -> Self {
        Self { learning_rate: 0.01, epsilon: 1e-4, limit: 2000 }
    }
}

/// Where [`projected_epochs`] ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Projected {
    /// One weight per column.
    pub weights: Vec<f64>,
    /// Epochs that were run.
    pub epochs: usize,
    /// Whether the last epoch moved the weights by at most ε.
    pub converged: bool,
}

/// The printed algorithm: from w = 0, per epoch one gradient step per pair in row order, then every weight is put back
/// into its bounds (w ≥ 0: negative weights become 0, and may come back later); until an epoch changes nothing more.
///
/// A row of weight m takes a step of m times the mean row's, so that equal weights are the paper's algorithm. `weight`
/// stands in for the rows' own.
pub fn projected_epochs(rows: &LogisticRows, weight: &[f64], bounds: &[(f64, f64)], settings: Epochs) -> Projected {
    let used: Vec<u32> = (0..weight.len() as u32).filter(|&i| weight[i as usize] > 0.0).collect();
    let mean = weight.iter().sum::<f64>() / used.len().max(1) as f64;
    let project = |j: usize, w: f64| w.max(bounds[j].0).min(bounds[j].1);
    let mut w: Vec<f64> = (0..rows.columns).map(|j| project(j, 0.0)).collect();
    let mut epochs = 0;
    let mut converged = false;
    while !converged && epochs < settings.limit {
        epochs += 1;
        let before = w.clone();
        for &row in &used {
            let i = row as usize;
            let x = row_of(&rows.x, rows.columns, row);
            let (_, slope) = logistic(dot(x, &w), rows.y[i]);
            let step = settings.learning_rate * (weight[i] / mean) * slope;
            w.iter_mut().zip(x).for_each(|(w, v)| *w -= step * v);
        }
        w.iter_mut().enumerate().for_each(|(j, w)| *w = project(j, *w));
        let moved = w.iter().zip(&before).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
        converged = moved <= settings.epsilon;
    }
    Projected { weights: w, epochs, converged }
}

/// Where [`drop_and_refit`] ended; the weights are in the [`State`].
#[derive(Debug, Clone, PartialEq)]
pub struct Refitted {
    /// The last fit, over the columns that were left.
    pub outcome: Outcome,
    /// Columns that were deleted, round by round.
    pub dropped: Vec<Vec<usize>>,
}

/// The other reading: fit without sign bounds, delete the columns whose weight has the wrong sign, fit again, until no
/// weight has. Deleted columns never come back. Parameters whose bounds are not one-sided at 0 keep them throughout.
///
/// `lambda` is the strength of `shape`'s penalty; 0 = maximum likelihood. `state` is any start.
pub fn drop_and_refit(
    likelihood: &dyn Likelihood,
    shape: &Shape,
    lambda: f64,
    state: &mut State,
    limits: Limits,
) -> Refitted {
    let one_sided = |&(lower, upper): &(f64, f64)| {
        (lower == 0.0 && upper == f64::INFINITY) || (lower == f64::NEG_INFINITY && upper == 0.0)
    };
    let free = (f64::NEG_INFINITY, f64::INFINITY);
    let mut bounds: Vec<(f64, f64)> = shape.bounds.iter().map(|b| if one_sided(b) { free } else { *b }).collect();
    let mut dropped = Vec::new();
    let mut iterations = 0;
    loop {
        let penalty = Penalty::new(lambda, shape.alpha, &shape.factors, &bounds);
        let mut outcome = minimise(likelihood, &penalty, state, limits);
        iterations += outcome.iterations;
        let wrong: Vec<usize> = (0..bounds.len())
            .filter(|&j| state.weights[j] < shape.bounds[j].0 || state.weights[j] > shape.bounds[j].1)
            .collect();
        if wrong.is_empty() || !outcome.converged {
            outcome.iterations = iterations;
            return Refitted { outcome, dropped };
        }
        wrong.iter().for_each(|&j| bounds[j] = (0.0, 0.0));
        dropped.push(wrong);
    }
}

/// The recipe's weights beside the exact optimum of the same constrained problem.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Comparison {
    /// Epochs, or fits, that the recipe took.
    pub rounds: usize,
    /// Objective of the recipe's weights.
    pub objective: f64,
    /// Objective of the exact constrained optimum.
    pub exact_objective: f64,
    /// KKT residual of the exact optimum, relative to λ_max.
    pub exact_kkt: f64,
    /// Exact weight of every column.
    pub exact: Vec<f64>,
    /// Columns that only one of the two uses, or whose weights differ by more than 1 % of the largest weight.
    pub differs: Vec<usize>,
    /// Deleted columns, round by round (refit only).
    pub dropped: Vec<Vec<usize>>,
}

/// Columns on which two weight vectors differ (see [`Comparison::differs`]).
pub fn differing(recipe: &[f64], exact: &[f64]) -> Vec<usize> {
    let largest = exact.iter().chain(recipe).fold(0.0f64, |m, w| m.max(w.abs()));
    (0..exact.len())
        .filter(|&j| (recipe[j] == 0.0) != (exact[j] == 0.0) || (recipe[j] - exact[j]).abs() > 0.01 * largest)
        .collect()
}
