//! λ_max, the λ grid, and fits along it.

use super::likelihood::{Likelihood, loss_and_gradient};
use super::penalty::Penalty;
use super::solver::{CurvatureSource, Limits, Outcome, State, minimise, minimise_with};

/// The separable constraints and factors of one fit, without λ.
#[derive(Debug, Clone)]
pub struct Shape {
    /// Elastic-net mix.
    pub alpha: f64,
    /// Penalty factor per parameter.
    pub factors: Vec<f64>,
    /// Bounds per parameter.
    pub bounds: Vec<(f64, f64)>,
}

impl Shape {
    /// The penalty at `lambda`.
    pub fn penalty(&self, lambda: f64) -> Penalty {
        Penalty::new(lambda, self.alpha, &self.factors, &self.bounds)
    }
}

/// Where every path starts: λ_max and the fit that has no penalised weight.
pub struct Start {
    /// Smallest λ at which all penalised weights are as near to 0 as their bounds allow, for α = 1.
    pub lambda_max: f64,
    /// The fit at λ_max.
    pub state: State,
}

/// `λ_max = max_j dist(−∂_j L(w⁰), N_[l,u](w⁰)) / f_j` over penalised weights, with w⁰ the fit of the unpenalised weights
/// alone (0 where all are penalised).
pub fn start(likelihood: &dyn Likelihood, shape: &Shape, limits: Limits) -> Start {
    let still = |j: usize| {
        let (lower, upper) = shape.bounds[j];
        0f64.max(lower).min(upper)
    };
    let weights: Vec<f64> = (0..shape.factors.len()).map(still).collect();
    let mut state = State::new(weights);
    if shape.factors.contains(&0.0) {
        let held: Vec<(f64, f64)> = (0..shape.factors.len())
            .map(|j| if shape.factors[j] > 0.0 { (still(j), still(j)) } else { shape.bounds[j] })
            .collect();
        minimise(likelihood, &Penalty::new(0.0, 1.0, &shape.factors, &held), &mut state, limits);
    }
    let (loss, gradient) = state.point.take().unwrap_or_else(|| loss_and_gradient(likelihood, &state.weights));
    let free = Penalty::new(0.0, 1.0, &shape.factors, &shape.bounds);
    let lambda_max = (0..shape.factors.len())
        .filter(|&j| shape.factors[j] > 0.0)
        .map(|j| free.distance(j, state.weights[j], gradient[j]) / shape.factors[j])
        .fold(0.0, f64::max);
    state.point = Some((loss, gradient));
    Start { lambda_max, state }
}

/// `length` values from λ_max / max(α, 10⁻³) down to `ratio` times that, evenly spaced in log λ.
pub fn grid(lambda_max: f64, alpha: f64, length: usize, ratio: f64) -> Vec<f64> {
    let top = lambda_max / alpha.max(1e-3);
    let last = length.saturating_sub(1).max(1) as f64;
    (0..length).map(|k| top * ratio.powf(k as f64 / last)).collect()
}

/// Fits at every λ, largest first, each from the one before. `visit` sees each solution in order.
pub fn follow(
    likelihood: &dyn Likelihood,
    shape: &Shape,
    lambdas: &[f64],
    state: &mut State,
    limits: Limits,
    mut visit: impl FnMut(usize, &State, Outcome),
) {
    let mut source = CurvatureSource::new(likelihood);
    for (k, &lambda) in lambdas.iter().enumerate() {
        let outcome = minimise_with(&mut source, &shape.penalty(lambda), state, limits);
        visit(k, state, outcome);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_is_logarithmic_and_starts_at_the_null_fit() {
        let grid = grid(2.0, 0.5, 4, 1e-3);
        for (value, expected) in grid.iter().zip([4.0, 0.4, 0.04, 0.004]) {
            assert!((value / expected - 1.0).abs() < 1e-12);
        }
        assert_eq!(super::grid(2.0, 1.0, 1, 1e-3), [2.0]);
    }
}
