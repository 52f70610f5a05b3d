//! Methods that are more than one minimisation: candidates of growing size, cross-validated and resampled as a whole.
//!
//! A [`Procedure`] turns row weights into one solution per candidate (a λ, a number of features). What it selects is
//! selected again in every fold and in every resample, so that the out-of-fold loss and the intervals know about it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use rayon::prelude::*;

use super::bootstrap::{Refits, dense_groups, intervals, multiplicities};
use super::cross_validation::{choose, clustered_mean, folds_by_group};
use super::groups::GroupPenalty;
use super::likelihood::{Likelihood, LogisticRows, Model, loss_and_gradient};
use super::path::{Shape, Start, start};
use super::penalty::Penalty;
use super::rows::data_error;
use super::solver::{Limits, Outcome, SMALL_GAP, State, minimise};
use super::{Certificate, CurvePoint, Details, Fit, FitOptions, TieModel, groups};
use crate::Result;

/// KKT residual, relative to λ_max, at which a fold's fit is good enough to be scored: the out-of-fold loss then moves by
/// less than 1e-8 of itself. Heads and refits are held to the tolerance of the options.
const FOLD_TOLERANCE: f64 = 1e-5;

/// One fit to be made: rows under a loss, penalty shape, scale of its certificate, and where every path starts.
pub(super) struct Problem<'a> {
    /// Rows under their loss.
    pub model: &'a dyn Model,
    /// The same rows under the logistic loss; `None` for ratings.
    pub rows: Option<&'a LogisticRows<'a>>,
    /// Factors and bounds of all parameters.
    pub shape: Shape,
    /// What was asked for.
    pub options: &'a FitOptions,
    /// Number of features; the parameters after them belong to the loss.
    pub columns: usize,
    /// 0 where it is rounding only.
    pub lambda_max: f64,
    /// What KKT residuals are relative to: λ_max, or 1 where that is 0.
    pub scale: f64,
    /// Tolerance and steps of a fit.
    pub limits: Limits,
    /// The fit without any penalised weight.
    pub null: State,
}

impl<'a> Problem<'a> {
    /// `own` are the bounds of the loss's own parameters, which are never penalised; `rounding` is the slope below which
    /// λ_max counts as 0.
    pub fn new(
        model: &'a dyn Model,
        rows: Option<&'a LogisticRows<'a>>,
        own: &[(f64, f64)],
        rounding: f64,
        options: &'a FitOptions,
    ) -> Self {
        let shape = Shape {
            alpha: options.alpha,
            factors: options.factors.iter().copied().chain(own.iter().map(|_| 0.0)).collect(),
            bounds: options.bounds.iter().chain(own).copied().collect(),
        };
        let likelihood = model.likelihood(Cow::Borrowed(model.weight()));
        let first = Limits { residual: 1e-10, gap: 0.0, iterations: options.max_iterations };
        let Start { mut lambda_max, state: null } = start(&*likelihood, &shape, first);
        if lambda_max <= rounding {
            lambda_max = 0.0;
        }
        // The certificate is relative to λ_max; where that is 0 there is no scale, and the residual itself is taken.
        let scale = if lambda_max > 0.0 { lambda_max } else { 1.0 };
        let limits = Limits { residual: options.tolerance * scale, gap: 0.0, iterations: options.max_iterations };
        Self { columns: options.bounds.len(), model, rows, shape, options, lambda_max, scale, limits, null }
    }

    /// The likelihood under other row weights.
    pub fn likelihood<'w>(&'w self, weight: &'w [f64]) -> Box<dyn Likelihood + 'w> {
        self.model.likelihood(Cow::Borrowed(weight))
    }

    /// Limits of a fit that is only scored on rows it did not see.
    pub fn fold_limits(&self) -> Limits {
        Limits { residual: self.limits.residual.max(FOLD_TOLERANCE * self.scale), gap: SMALL_GAP, ..self.limits }
    }

    /// Fits at `lambda`, with the group penalty where there is one.
    pub fn minimise(&self, likelihood: &dyn Likelihood, lambda: f64, state: &mut State, limits: Limits) -> Outcome {
        match self.group_penalty(lambda) {
            None => minimise(likelihood, &self.shape.penalty(lambda), state, limits),
            Some(penalty) => groups::minimise(likelihood, &penalty, state, limits),
        }
    }

    /// The group penalty at `lambda`, if it was asked for.
    pub fn group_penalty(&self, lambda: f64) -> Option<GroupPenalty> {
        let gamma = self.options.group_penalty;
        (gamma > 0.0).then(|| GroupPenalty::new(self.shape.penalty(lambda), lambda * gamma, &self.options.groups))
    }

    /// Whether a column can be left out: it may be 0, and 0 is not the only value it may have.
    pub fn selectable(&self, j: usize) -> bool {
        let (lower, upper) = self.shape.bounds[j];
        j < self.columns && lower < upper
    }

    /// The penalty at `lambda` with all selectable columns outside `keep` held at 0.
    pub fn only(&self, keep: &[usize], lambda: f64) -> Penalty {
        let mut bounds = self.shape.bounds.clone();
        for (j, bound) in bounds.iter_mut().enumerate() {
            if self.selectable(j) && !keep.contains(&j) {
                *bound = (0.0, 0.0);
            }
        }
        Penalty::new(lambda, self.shape.alpha, &self.shape.factors, &bounds)
    }

    /// Number of groups (prompts) with a row of positive weight.
    pub fn groups(&self) -> usize {
        let weighty = self.model.group().iter().zip(self.model.weight()).filter(|(_, m)| **m > 0.0);
        weighty.map(|(g, _)| g).collect::<BTreeSet<_>>().len()
    }
}

/// One candidate's fit.
#[derive(Clone)]
pub(super) struct Solution {
    /// All parameters.
    pub weights: Vec<f64>,
    /// Where its last minimisation ended.
    pub outcome: Outcome,
}

/// From row weights to solutions.
pub(super) trait Procedure: Sync {
    /// λ of each candidate, the sparsest first. One candidate needs no choice.
    fn lambdas(&self) -> Vec<f64>;

    /// The solutions of all candidates, or of `only` one, under these row weights and to these limits.
    fn solve(&self, weight: &[f64], only: Option<usize>, limits: Limits) -> Vec<Solution>;
}

/// What the candidates came to.
pub(super) struct Compared {
    /// Solution of each candidate on all rows.
    pub solutions: Vec<Solution>,
    /// Out-of-fold loss of each; empty where there is one candidate only.
    pub curve: Vec<CurvePoint>,
    /// Out-of-fold parameters: \[fold\]\[candidate\].
    pub by_fold: Vec<Vec<Solution>>,
    /// Fold of each row.
    pub fold: Vec<usize>,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// Solves every candidate on all rows and, where there is more than one, in every fold.
///
/// # Errors
/// [`crate::Error::Data`] where all rows belong to one group, so that nothing can be held out.
pub(super) fn compare(problem: &Problem, procedure: &dyn Procedure) -> Result<Compared> {
    let model = problem.model;
    let solutions = procedure.solve(model.weight(), None, problem.limits);
    let lambdas = procedure.lambdas();
    let mut compared =
        Compared { solutions, curve: Vec::new(), by_fold: Vec::new(), fold: Vec::new(), notes: Vec::new() };
    if lambdas.len() < 2 {
        return Ok(compared);
    }
    compared.notes.extend(folds_note(problem)?);
    let fold = folds_by_group(model.group(), problem.options.folds, problem.options.seed);
    let folds = fold.iter().max().map_or(0, |f| f + 1);
    compared.by_fold = (0..folds)
        .into_par_iter()
        .map(|held_out| {
            let weight: Vec<f64> =
                model.weight().iter().zip(&fold).map(|(&m, &f)| if f == held_out { 0.0 } else { m }).collect();
            let left = weight.iter().any(|&m| m > 0.0);
            if left { procedure.solve(&weight, None, problem.fold_limits()) } else { compared.solutions.clone() }
        })
        .collect();
    for (k, &lambda) in lambdas.iter().enumerate() {
        let by_fold: Vec<Vec<f64>> = compared.by_fold.par_iter().map(|s| model.row_losses(&s[k].weights)).collect();
        let losses: Vec<f64> = fold.iter().enumerate().map(|(i, &f)| by_fold[f][i]).collect();
        let (loss, se) = clustered_mean(&losses, model.weight(), model.group());
        let nonzero = count_nonzero(&compared.solutions[k].weights[..problem.columns]);
        compared.curve.push(CurvePoint { lambda, loss, se, nonzero });
    }
    let failed = (0..lambdas.len()).filter(|&k| compared.by_fold.iter().any(|s| !s[k].outcome.converged)).count();
    if failed > 0 {
        let all = lambdas.len();
        compared.notes.push(format!("Cross-validation: {failed} of {all} candidates did not converge in some fold."));
    }
    compared.fold = fold;
    Ok(compared)
}

/// What limits cross-validation, if anything does.
///
/// # Errors
/// As [`compare`].
pub(super) fn folds_note(problem: &Problem) -> Result<Option<String>> {
    let groups = problem.groups();
    if groups < 2 {
        return Err(data_error(
            "too-few-groups",
            "λ is chosen by cross-validation over prompts, and all pairs belong to one prompt",
            "give λ with `--lambda`, or group by something else",
        ));
    }
    let folds = problem.options.folds;
    Ok((groups < folds)
        .then(|| format!("Only {groups} prompts: cross-validation with {groups} folds in place of {folds}.")))
}

/// Chooses by the rule of the options among candidates, largest λ first.
pub(super) fn choose_by_rule(problem: &Problem, curve: &[CurvePoint]) -> usize {
    if curve.is_empty() { 0 } else { choose(curve, problem.options.rule) }
}

/// The fit of candidate `chosen`, with intervals from resampling the whole procedure. `certificate` and `details` are
/// the method's own.
pub(super) fn finish(
    problem: &Problem,
    procedure: &dyn Procedure,
    compared: Compared,
    chosen: usize,
    certificate: Certificate,
    details: Option<Details>,
) -> (Fit, Vec<f64>) {
    let Compared { solutions, curve, mut notes, .. } = compared;
    let parameters = solutions[chosen].weights.clone();
    let draws = problem.options.bootstrap;
    let intervals = if draws == 0 {
        Vec::new()
    } else if let Some(reason) = no_intervals(problem, certificate.converged) {
        notes.push(reason.into());
        Vec::new()
    } else {
        let refits = resample(problem, procedure, chosen, draws);
        notes.extend(failed_refits(&refits, draws));
        intervals(&refits, problem.columns)
    };
    let fit = Fit {
        weights: parameters[..problem.columns].to_vec(),
        lambda: procedure.lambdas()[chosen],
        lambda_max: problem.lambda_max,
        curve,
        chosen,
        intervals,
        certificate,
        ties: TieModel::None,
        details,
        notes,
    };
    (fit, parameters)
}

/// Why no weight intervals can be made, if so.
pub(super) fn no_intervals(problem: &Problem, converged: bool) -> Option<&'static str> {
    if !converged {
        Some("No weight intervals: the fit did not converge.")
    } else if problem.groups() < 2 {
        Some("No weight intervals: they need at least 2 prompts to resample.")
    } else {
        None
    }
}

/// Says how many refits are missing.
pub(super) fn failed_refits(refits: &Refits, draws: usize) -> Option<String> {
    (refits.failed > 0).then(|| format!("{} of {draws} bootstrap refits failed and are left out.", refits.failed))
}

fn resample(problem: &Problem, procedure: &dyn Procedure, chosen: usize, draws: usize) -> Refits {
    let model = problem.model;
    let (index, groups) = dense_groups(model.group());
    let runs: Vec<Option<Vec<f64>>> = (0..draws)
        .into_par_iter()
        .map(|draw| {
            let copies = multiplicities(groups, problem.options.seed, draw as u64);
            let weight: Vec<f64> = model.weight().iter().zip(&index).map(|(m, &g)| m * f64::from(copies[g])).collect();
            if !weight.iter().any(|&m| m > 0.0) {
                return None;
            }
            let solution = procedure.solve(&weight, Some(chosen), problem.limits).pop()?;
            solution.outcome.converged.then_some(solution.weights)
        })
        .collect();
    let weights: Vec<Vec<f64>> = runs.into_iter().flatten().collect();
    Refits { failed: draws - weights.len(), weights }
}

/// The certificate of `solution` against `penalty`, which states the problem it claims to solve.
pub(super) fn certify(problem: &Problem, solution: &Solution, penalty: &Penalty) -> Certificate {
    let likelihood = problem.likelihood(problem.model.weight());
    let double = likelihood.double();
    let (loss, gradient) = loss_and_gradient(double.as_deref().unwrap_or(&*likelihood), &solution.weights);
    Certificate {
        kkt: penalty.residual(&solution.weights, &gradient) / problem.scale,
        objective: loss + penalty.value(&solution.weights),
        loss,
        gap: None,
        gap_reason: None,
        iterations: solution.outcome.iterations,
        converged: solution.outcome.converged,
    }
}

/// Number of weights that are not 0.
pub(super) fn count_nonzero(weights: &[f64]) -> usize {
    weights.iter().filter(|&&w| w != 0.0).count()
}
