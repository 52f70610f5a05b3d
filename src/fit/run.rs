//! One fit from checked rows to certified weights: λ by cross-validation, the fit, its certificate, its intervals.

use std::borrow::Cow;

use super::compact::{WORTHWHILE, compact};
use super::cross_validation::Solution;
use super::extended::ExtendedRows;
use super::likelihood::{Likelihood, LogisticRows, Model, curvature};
use super::method::CutPoints;
use super::ordered::OrderedLoss;
use super::path::{Shape, follow, grid};
use super::procedure::{Problem, count_nonzero, failed_refits, folds_note, no_intervals};
use super::recipe::Epochs;
use super::solver::{Limits, Outcome, SMALL_GAP, State, minimise};
use super::{
    Certificate, CurvePoint, Details, Fit, FitOptions, Method, TieModel, bootstrap, budget, cross_validation, relaxed,
    rows, separation, ties, visionreward,
};
use crate::features::PairMatrix;
use crate::{Error, Result};

/// Fits the head of one dimension from pairs (design: "Fit"), by the method of the options.
///
/// A fit that did not reach its certificate is returned with `certificate.converged = false`.
///
/// # Errors
/// [`Error::Usage`] for options that make no sense, and for methods that need more than pairs
/// ([`Method::Hierarchical`], [`Method::Ratings`]); [`Error::Data`] for rows that cannot be fitted: none, not finite,
/// weights negative or all zero, all ties except under `half`, fewer than two groups where λ is to be chosen.
pub fn fit(pairs: &PairMatrix, options: &FitOptions) -> Result<Fit> {
    let rows = rows::from_pairs(pairs, options.ties)?;
    let Some(model) = ties::rows(&rows, &pairs.votes, options.ties)? else {
        let mut fit = fit_rows(&rows, options)?;
        fit.ties = ties::without_ties(options.ties);
        match fit.ties {
            TieModel::None => {}
            TieModel::RaoKupper { .. } => fit.notes.push("No vote is a tie: θ = 1, the model without ties.".into()),
            TieModel::Davidson { .. } => fit.notes.push("No vote is a tie: ν = 0, the model without ties.".into()),
        }
        return Ok(fit);
    };
    let (mut fit, parameters) = fit_checked(&model, &rows, &[model.loss.bounds()], options)?;
    fit.ties = model.loss.model(parameters[rows.columns]);
    Ok(fit)
}

/// As [`fit`], for rows that do not come from a data set.
///
/// # Errors
/// As [`fit`].
pub fn fit_rows(rows: &LogisticRows, options: &FitOptions) -> Result<Fit> {
    let small = compact(rows, WORTHWHILE);
    fit_checked(small.as_deref().unwrap_or(rows), rows, &[], options).map(|(fit, _)| fit)
}

/// Fits a head on the ratings of single items ([`super::ordered`]), sparse and bounded like any other; the cut-points
/// are in [`Fit::details`].
///
/// # Errors
/// As [`fit`].
pub fn fit_ratings(rows: &ExtendedRows<OrderedLoss>, items: usize, options: &FitOptions) -> Result<Fit> {
    options.check(rows.columns)?;
    let values = LogisticRows {
        x: Cow::Borrowed(&rows.x),
        columns: rows.columns,
        y: vec![0.5; rows.weight.len()],
        weight: rows.weight.to_vec(),
        group: rows.group.to_vec(),
    };
    rows::check(&values)?;
    let free = vec![(f64::NEG_INFINITY, f64::INFINITY); rows.loss.levels().len() - 1];
    let problem = Problem::new(rows, None, &free, rounding(&rows.x), options);
    let (mut fit, parameters) = match options.group_penalty > 0.0 {
        true => relaxed::fit(&problem, false)?,
        false => sparse(&problem)?,
    };
    let cut_points = CutPoints {
        levels: rows.loss.levels().to_vec(),
        cut_points: rows.loss.cut_points(&parameters[rows.columns..]),
        ratings: rows.weight.len(),
        items,
    };
    let lambda = fit.lambda;
    fit.notes.extend(separation::note_ratings(rows, &parameters, lambda, fit.lambda_max, &problem.shape, options));
    if rows.loss.merged() > 0 {
        let merged = rows.loss.merged();
        fit.notes.push(format!("{merged} rating values that few prompts have were taken together with a neighbour."));
    }
    fit.details = Some(Details::Ratings(cut_points));
    Ok(fit)
}

/// A slope below this is only rounding: 0 as far as anybody can tell.
fn rounding(x: &[f64]) -> f64 {
    1e-14 * x.iter().fold(0.0f64, |m, v| m.max(v.abs()))
}

/// The common course: checks, notes, method, separation. `model` is `rows` under its loss, with parameters of its own
/// that are bounded by `own`.
pub(super) fn fit_checked(
    model: &dyn Model,
    rows: &LogisticRows,
    own: &[(f64, f64)],
    options: &FitOptions,
) -> Result<(Fit, Vec<f64>)> {
    options.check(rows.columns)?;
    rows::check(rows)?;
    let mut notes = rows::notes(rows, options);
    let problem = Problem::new(model, Some(rows), own, rounding(&rows.x), options);
    if problem.lambda_max == 0.0 {
        notes.push("No penalised feature points the way its bounds allow: all penalised weights stay at 0.".into());
    }
    let (mut fit, parameters) = match options.method {
        Method::Sparse if options.group_penalty > 0.0 => relaxed::fit(&problem, false)?,
        Method::Sparse => sparse(&problem)?,
        Method::Relaxed => relaxed::fit(&problem, true)?,
        Method::Budget => budget::fit(&problem)?,
        Method::VisionrewardProjected => visionreward::projected(&problem)?,
        Method::VisionrewardRefit => visionreward::refitted(&problem)?,
        Method::Hierarchical | Method::Ratings => {
            return Err(Error::Usage("this method fits a data set, not the rows of one dimension".into()));
        }
    };
    notes.append(&mut fit.notes);
    let effective = match options.method {
        Method::Sparse => fit.lambda,
        Method::Relaxed => 0.0,
        _ => options.lambda.unwrap_or(0.0),
    };
    let shape = Shape { alpha: options.alpha, factors: options.factors.clone(), bounds: options.bounds.clone() };
    notes.extend(separation::note(rows, &fit.weights, effective, fit.lambda_max, &shape, options));
    fit.notes = notes;
    Ok((fit, parameters))
}

/// λ given, or chosen on a cross-validated path; certificate with gap; bootstrap at that λ.
fn sparse(problem: &Problem) -> Result<(Fit, Vec<f64>)> {
    let Problem { model, shape, options, limits, lambda_max, scale, .. } = problem;
    let (model, limits, lambda_max) = (*model, *limits, *lambda_max);
    let likelihood = model.likelihood(Cow::Borrowed(model.weight()));
    let mut state = problem.null.clone();
    let mut notes = Vec::new();
    let Chosen { lambda, mut outcome, curve, chosen } = match options.lambda {
        Some(lambda) => {
            let outcome = minimise(&*likelihood, &shape.penalty(lambda), &mut state, limits);
            Chosen { lambda, outcome, curve: Vec::new(), chosen: 0 }
        }
        None if lambda_max == 0.0 => {
            let outcome = minimise(&*likelihood, &shape.penalty(0.0), &mut state, limits);
            Chosen { lambda: 0.0, outcome, curve: Vec::new(), chosen: 0 }
        }
        None => choose_lambda(problem, &*likelihood, &mut state, &mut notes)?,
    };
    // Rows that are computed in f32 have their certificate, and what it still asks for, in f64.
    let double = likelihood.double();
    if let Some(double) = &double {
        state.point = None;
        let last = minimise(&**double, &shape.penalty(lambda), &mut state, limits);
        outcome = Outcome { iterations: outcome.iterations + last.iterations, ..last };
    }
    let exact = double.as_deref().unwrap_or(&*likelihood);
    let (gap, gap_reason) = match duality_gap(exact, shape, lambda, &state, outcome) {
        Ok(gap) => (Some(gap), None),
        Err(reason) => (None, Some(reason.to_owned())),
    };
    let certificate = Certificate {
        kkt: outcome.residual / scale,
        objective: outcome.objective,
        loss: outcome.loss,
        gap,
        gap_reason,
        iterations: outcome.iterations,
        converged: outcome.converged,
    };
    let intervals = if options.bootstrap == 0 {
        Vec::new()
    } else if let Some(reason) = no_intervals(problem, outcome.converged) {
        notes.push(reason.into());
        Vec::new()
    } else {
        state.curvature = Some(std::sync::Arc::new(curvature(&*likelihood, &state.weights)));
        let near = Limits { gap: SMALL_GAP, ..limits };
        let refits = bootstrap::refit(model, shape, lambda, &state, near, options.bootstrap, options.seed);
        notes.extend(failed_refits(&refits, options.bootstrap));
        bootstrap::intervals(&refits, problem.columns)
    };
    let weights = state.weights[..problem.columns].to_vec();
    let ties = TieModel::None;
    let fit = Fit { weights, lambda, lambda_max, curve, chosen, intervals, certificate, ties, details: None, notes };
    Ok((fit, state.weights))
}

/// The fit at the λ that was taken.
struct Chosen {
    lambda: f64,
    outcome: Outcome,
    curve: Vec<CurvePoint>,
    chosen: usize,
}

/// Full path, cross-validated path, choice. `state` ends at the chosen solution.
fn choose_lambda(
    problem: &Problem,
    likelihood: &dyn Likelihood,
    state: &mut State,
    notes: &mut Vec<String>,
) -> Result<Chosen> {
    let Problem { model, shape, options, limits, lambda_max, .. } = problem;
    let (model, limits, lambda_max) = (*model, *limits, *lambda_max);
    notes.extend(folds_note(problem)?);
    let lambdas = grid(lambda_max, options.alpha, options.path_length, options.path_ratio);
    let null = state.weights.clone();
    // The curve needs no more than near solutions; the chosen one is then taken to the tolerance.
    let near = Limits { gap: SMALL_GAP, ..limits };
    let mut path: Vec<Solution> = Vec::with_capacity(lambdas.len());
    follow(likelihood, shape, &lambdas, state, near, |k, state, _| {
        path.push(Solution { lambda: lambdas[k], state: state.for_other_data() });
    });
    let nonzero: Vec<usize> = path.iter().map(|s| count_nonzero(&s.state.weights[..problem.columns])).collect();
    let fold = cross_validation::folds_by_group(model.group(), options.folds, options.seed);
    let held_out = cross_validation::out_of_fold(model, &fold, shape, &path, &null, near);
    if held_out.unconverged > 0 {
        notes.push(format!(
            "Cross-validation: {} of {} fits did not converge.",
            held_out.unconverged,
            lambdas.len() * held_out.paths.len()
        ));
    }
    let curve = held_out.curve(model, &lambdas, &nonzero);
    let chosen = cross_validation::choose(&curve, options.rule);
    if chosen + 1 == lambdas.len() && lambdas.len() > 1 {
        notes.push("The smallest λ of the path was chosen: a longer path might fit better.".into());
    }
    *state = path.swap_remove(chosen).state;
    let outcome = minimise(likelihood, &shape.penalty(lambdas[chosen]), state, limits);
    Ok(Chosen { lambda: lambdas[chosen], outcome, curve, chosen })
}

/// F(w) − D(θ) ≥ F(w) − min F, with θ the dual point of w shrunk until it is feasible; or why there is none.
fn duality_gap(
    likelihood: &dyn Likelihood,
    shape: &Shape,
    lambda: f64,
    state: &State,
    outcome: Outcome,
) -> std::result::Result<f64, &'static str> {
    let penalty = shape.penalty(lambda);
    if likelihood.conjugate(&state.weights, 1.0).is_none() {
        return Err("the loss has no conjugate in closed form");
    }
    let (_, gradient) = match &state.point {
        Some(point) => point.clone(),
        None => super::likelihood::loss_and_gradient(likelihood, &state.weights),
    };
    let against: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let scale = penalty.dual_scale(&against).ok_or("a weight without penalty and bounds has no finite dual bound")?;
    let shrunk: Vec<f64> = against.iter().map(|v| scale * v).collect();
    let conjugate = likelihood.conjugate(&state.weights, scale).ok_or("the loss has no conjugate in closed form")?;
    let dual = -conjugate - penalty.conjugate(&shrunk);
    if dual.is_finite() { Ok((outcome.objective - dual).max(0.0)) } else { Err("the dual bound is not finite") }
}

impl FitOptions {
    /// Sound defaults for `columns` columns: L1, path of 60 λ over three decades, 5 folds, one standard error,
    /// 200 bootstrap refits, no bounds.
    pub fn new(columns: usize) -> Self {
        Self {
            method: Method::default(),
            budget: None,
            group_penalty: 0.0,
            groups: Vec::new(),
            epochs: Epochs::default(),
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
        if !self.groups.is_empty() && self.groups.len() != columns {
            return usage(format!("{columns} features, but {} group numbers", self.groups.len()));
        }
        if !(self.group_penalty >= 0.0 && self.group_penalty.is_finite()) {
            return usage(format!("--group-penalty {}: give a finite number of at least 0", self.group_penalty));
        }
        let Epochs { learning_rate, epsilon, limit } = self.epochs;
        if !(learning_rate > 0.0 && learning_rate.is_finite() && epsilon > 0.0 && limit > 0) {
            return usage(format!(
                "--learning-rate {learning_rate}, --epsilon {epsilon}, --epochs {limit}: all have to be above 0"
            ));
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
