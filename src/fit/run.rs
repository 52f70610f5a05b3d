//! One fit from checked rows to certified weights: λ by cross-validation, the fit, its certificate, its intervals.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::likelihood::{Likelihood, LogisticRows, Model, curvature};
use super::path::{Shape, Start, follow, grid, start};
use super::solver::{Limits, Outcome, State, minimise};
use super::{Certificate, CurvePoint, Fit, FitOptions, bootstrap, cross_validation, rows, separation};
use crate::features::PairMatrix;
use crate::{Error, Result};

/// KKT residual, relative to λ_max, at which a fold's fit is good enough to be scored: the out-of-fold loss then moves by
/// less than 1e-8 of itself. Heads and refits are held to the tolerance of the options.
const FOLD_TOLERANCE: f64 = 1e-5;

/// Fits the sparse, bounded logistic head of one dimension (design: "Fit").
///
/// A fit that did not reach its certificate is returned with `certificate.converged = false`.
///
/// # Errors
/// [`Error::Usage`] for options that make no sense; [`Error::Data`] for rows that cannot be fitted: none, not finite,
/// weights negative or all zero, all ties under `drop`, fewer than two groups where λ is to be chosen.
pub fn fit(pairs: &PairMatrix, options: &FitOptions) -> Result<Fit> {
    fit_rows(&rows::from_pairs(pairs, options.ties)?, options)
}

/// As [`fit`], for rows that do not come from a data set.
///
/// # Errors
/// As [`fit`].
pub fn fit_rows(rows: &LogisticRows, options: &FitOptions) -> Result<Fit> {
    options.check(rows.columns)?;
    rows::check(rows)?;
    let mut notes = rows::notes(rows, options);
    let shape = Shape { alpha: options.alpha, factors: options.factors.clone(), bounds: options.bounds.clone() };
    // A slope that is only rounding: 0 as far as anybody can tell.
    let rounding = 1e-14 * rows.x.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    let mut fit = fit_model(rows, &shape, rounding, options)?;
    notes.append(&mut fit.notes);
    notes.extend(separation::note(rows, &fit.weights, fit.lambda, fit.lambda_max, &shape, options));
    fit.notes = notes;
    Ok(fit)
}

/// The common course for every likelihood. `rounding` is the slope below which λ_max counts as 0.
fn fit_model(model: &dyn Model, shape: &Shape, rounding: f64, options: &FitOptions) -> Result<Fit> {
    let likelihood = model.likelihood(Cow::Borrowed(model.weight()));
    let first_limits = Limits { residual: 1e-10, iterations: options.max_iterations };
    let Start { mut lambda_max, mut state } = start(&*likelihood, shape, first_limits);
    let mut notes = Vec::new();
    if lambda_max <= rounding {
        lambda_max = 0.0;
        notes.push("No penalised feature points the way its bounds allow: all penalised weights stay at 0.".into());
    }
    // The certificate is relative to λ_max; where that is 0 there is no scale, and the residual itself is taken.
    let scale = if lambda_max > 0.0 { lambda_max } else { 1.0 };
    let limits = Limits { residual: options.tolerance * scale, iterations: options.max_iterations };

    let Chosen { lambda, outcome, curve, chosen } = match options.lambda {
        Some(lambda) => {
            let outcome = minimise(&*likelihood, &shape.penalty(lambda), &mut state, limits);
            Chosen { lambda, outcome, curve: Vec::new(), chosen: 0 }
        }
        None if lambda_max == 0.0 => {
            let outcome = minimise(&*likelihood, &shape.penalty(0.0), &mut state, limits);
            Chosen { lambda: 0.0, outcome, curve: Vec::new(), chosen: 0 }
        }
        None => choose_lambda(model, &*likelihood, shape, lambda_max, &mut state, limits, options, &mut notes)?,
    };

    let gap = duality_gap(&*likelihood, shape, lambda, &state, outcome);
    if gap.is_none() {
        notes.push("No duality gap: a weight without penalty and without bounds has no finite dual bound.".into());
    }
    let certificate = Certificate {
        kkt: outcome.residual / scale,
        objective: outcome.objective,
        loss: outcome.loss,
        gap,
        iterations: outcome.iterations,
        converged: outcome.converged,
    };
    let columns = options.bounds.len();
    let intervals = if options.bootstrap == 0 {
        Vec::new()
    } else if !outcome.converged {
        notes.push("No weight intervals: the fit did not converge.".into());
        Vec::new()
    } else if count_groups(model) < 2 {
        notes.push("No weight intervals: they need at least 2 prompts to resample.".into());
        Vec::new()
    } else {
        state.curvature = Some(std::sync::Arc::new(curvature(&*likelihood, &state.weights)));
        let refits = bootstrap::refit(model, shape, lambda, &state, limits, options.bootstrap, options.seed);
        if refits.failed > 0 {
            notes.push(format!("{} of {} bootstrap refits failed and are left out.", refits.failed, options.bootstrap));
        }
        bootstrap::intervals(&refits, columns)
    };
    let weights = state.weights[..columns].to_vec();
    Ok(Fit { weights, lambda, lambda_max, curve, chosen, intervals, certificate, notes })
}

/// The fit at the λ that was taken.
struct Chosen {
    lambda: f64,
    outcome: Outcome,
    curve: Vec<CurvePoint>,
    chosen: usize,
}

/// Full path, cross-validated path, choice. `state` ends at the chosen solution.
#[allow(clippy::too_many_arguments)]
fn choose_lambda(
    model: &dyn Model,
    likelihood: &dyn Likelihood,
    shape: &Shape,
    lambda_max: f64,
    state: &mut State,
    limits: Limits,
    options: &FitOptions,
    notes: &mut Vec<String>,
) -> Result<Chosen> {
    let groups = count_groups(model);
    if groups < 2 {
        return Err(rows::data_error(
            "too-few-groups",
            "λ is chosen by cross-validation over prompts, and all pairs belong to one prompt",
            "give λ with `--lambda`, or group by something else",
        ));
    }
    if groups < options.folds {
        notes.push(format!(
            "Only {groups} prompts: cross-validation with {groups} folds in place of {}.",
            options.folds
        ));
    }
    let lambdas = grid(lambda_max, options.alpha, options.path_length, options.path_ratio);
    let null = state.clone();
    let mut solutions: Vec<(Vec<f64>, Outcome)> = Vec::with_capacity(lambdas.len());
    follow(likelihood, shape, &lambdas, state, limits, |_, state, outcome| {
        solutions.push((state.weights.clone(), outcome));
    });
    let nonzero: Vec<usize> =
        solutions.iter().map(|(w, _)| w[..options.bounds.len()].iter().filter(|&&w| w != 0.0).count()).collect();
    let fold = cross_validation::folds_by_group(model.group(), options.folds, options.seed);
    let fold_limits = Limits { residual: limits.residual.max(FOLD_TOLERANCE * lambda_max), ..limits };
    let held_out = cross_validation::out_of_fold(model, &fold, shape, &lambdas, &null, fold_limits);
    if held_out.unconverged > 0 {
        notes.push(format!(
            "Cross-validation: {} of {} λ did not converge in some fold.",
            held_out.unconverged,
            lambdas.len()
        ));
    }
    let curve = held_out.curve(model, &lambdas, &nonzero);
    let chosen = cross_validation::choose(&curve, options.rule);
    if chosen + 1 == lambdas.len() && lambdas.len() > 1 {
        notes.push("The smallest λ of the path was chosen: a longer path might fit better.".into());
    }
    let (weights, outcome) = solutions.swap_remove(chosen);
    *state = State { weights, point: None, curvature: state.curvature.take() };
    Ok(Chosen { lambda: lambdas[chosen], outcome, curve, chosen })
}

fn count_groups(model: &dyn Model) -> usize {
    model.group().iter().collect::<BTreeSet<_>>().len()
}

/// F(w) − D(θ) ≥ F(w) − min F, with θ the dual point of w shrunk until it is feasible.
fn duality_gap(
    likelihood: &dyn Likelihood,
    shape: &Shape,
    lambda: f64,
    state: &State,
    outcome: Outcome,
) -> Option<f64> {
    let penalty = shape.penalty(lambda);
    let (_, gradient) = match &state.point {
        Some(point) => point.clone(),
        None => super::likelihood::loss_and_gradient(likelihood, &state.weights),
    };
    let against: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let scale = penalty.dual_scale(&against)?;
    let shrunk: Vec<f64> = against.iter().map(|v| scale * v).collect();
    let dual = -likelihood.conjugate(&state.weights, scale)? - penalty.conjugate(&shrunk);
    dual.is_finite().then(|| (outcome.objective - dual).max(0.0))
}

impl FitOptions {
    /// Sound defaults for `columns` columns: L1, path of 60 λ over three decades, 5 folds, one standard error,
    /// 200 bootstrap refits, no bounds.
    pub fn new(columns: usize) -> Self {
        Self {
            lambda: None,
            path_length: 60,
            path_ratio: 1e-3,
            alpha: 1.0,
            ties: super::Ties::default(),
            rule: super::Rule::default(),
            folds: 5,
            bootstrap: 200,
            tolerance: 1e-6,
            max_iterations: 500,
            seed: 1,
            bounds: vec![(f64::NEG_INFINITY, f64::INFINITY); columns],
            factors: vec![1.0; columns],
            names: Vec::new(),
        }
    }

    /// Refuses options that make no sense for `columns` columns.
    ///
    /// # Errors
    /// [`Error::Usage`] naming the option, its value and the rule.
    pub fn check(&self, columns: usize) -> Result<()> {
        let usage = |text: String| Err(Error::Usage(text));
        if self.bounds.len() != columns || self.factors.len() != columns {
            let (b, f) = (self.bounds.len(), self.factors.len());
            return usage(format!("{columns} features, but {b} bounds and {f} penalty factors"));
        }
        if let Some(lambda) = self.lambda.filter(|l| !l.is_finite() || *l < 0.0) {
            return usage(format!("--lambda {lambda}: give a finite number of at least 0"));
        }
        if !(0.0..=1.0).contains(&self.alpha) {
            return usage(format!("--alpha {}: give a number between 0 (L2) and 1 (L1)", self.alpha));
        }
        if self.folds < 2 && self.lambda.is_none() {
            return usage(format!("--folds {}: cross-validation needs at least 2 folds", self.folds));
        }
        if self.path_length == 0 || !(self.path_ratio > 0.0 && self.path_ratio < 1.0) {
            return usage("the path needs at least one λ, and a ratio between 0 and 1".into());
        }
        if !(self.tolerance > 0.0 && self.tolerance.is_finite()) {
            return usage(format!("tolerance {}: give a number above 0", self.tolerance));
        }
        for (j, &(lower, upper)) in self.bounds.iter().enumerate() {
            let frozen = lower == upper && lower.is_finite();
            if !(frozen || (lower <= 0.0 && 0.0 <= upper && lower < upper)) {
                return usage(format!("bounds [{lower}, {upper}] of feature {}: they must hold 0, or be equal", j + 1));
            }
        }
        if let Some(j) = self.factors.iter().position(|f| !f.is_finite() || *f < 0.0) {
            return usage(format!("penalty factor {} of feature {}: at least 0 and finite", self.factors[j], j + 1));
        }
        Ok(())
    }
}
