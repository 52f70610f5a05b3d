//! VisionReward's rule as a method: the recipe's weights, and how far they are from the exact constrained optimum.

use super::Fit;
use super::method::Details;
use super::procedure::{Problem, Procedure, Solution, certify, compare, finish};
use super::recipe::{Comparison, Refitted, differing, drop_and_refit, projected_epochs};
use super::rows::list;
use super::solver::{Limits, Outcome, minimise};
use crate::{Error, Result};

/// The printed reading. `lambda` of the options is not used: the algorithm has no penalty.
///
/// # Errors
/// [`Error::Usage`] with tie models: the algorithm knows the logistic loss only.
pub(super) fn projected(problem: &Problem) -> Result<(Fit, Vec<f64>)> {
    if problem.shape.factors.len() > problem.columns {
        return Err(Error::Usage(
            "--method visionreward-projected takes --ties half or drop: the printed algorithm has no tie parameter"
                .into(),
        ));
    }
    run(problem, &Projected { problem }, 0.0)
}

/// The other reading, at `lambda` of the options (0 where none is given).
///
/// # Errors
/// Those of the fit.
pub(super) fn refitted(problem: &Problem) -> Result<(Fit, Vec<f64>)> {
    let lambda = problem.options.lambda.unwrap_or(0.0);
    run(problem, &Dropped { problem, lambda }, lambda)
}

fn run(problem: &Problem, recipe: &dyn Recipe, lambda: f64) -> Result<(Fit, Vec<f64>)> {
    let mut compared = compare(problem, recipe)?;
    let solution = compared.solutions[0].clone();
    let likelihood = problem.likelihood(problem.model.weight());
    let penalty = problem.shape.penalty(lambda);
    let mut exact = problem.null.clone();
    let best = minimise(&*likelihood, &penalty, &mut exact, problem.limits);
    let mut certificate = certify(problem, &solution, &penalty);
    if best.converged {
        // The exact optimum is at most its own tolerance away from the infimum.
        certificate.gap = Some((certificate.objective - best.objective).max(0.0));
    } else {
        certificate.gap_reason = Some("the exact optimum to compare with did not converge".into());
    }
    let (rounds, dropped) = recipe.course();
    let comparison = Comparison {
        rounds,
        objective: certificate.objective,
        exact_objective: best.objective,
        exact_kkt: best.residual / problem.scale,
        differs: differing(&solution.weights[..problem.columns], &exact.weights[..problem.columns]),
        exact: exact.weights[..problem.columns].to_vec(),
        dropped,
    };
    compared.notes.push(told(problem, &comparison));
    Ok(finish(problem, recipe, compared, 0, certificate, Some(Details::Recipe(comparison))))
}

/// The comparison in words.
fn told(problem: &Problem, found: &Comparison) -> String {
    let excess = found.objective - found.exact_objective;
    if found.differs.is_empty() {
        return format!("The rule agrees with the exact constrained optimum (objective {excess:.1e} above it).");
    }
    format!(
        "The rule's objective is {excess:.1e} above that of the exact constrained optimum; they differ on {}.",
        list(&found.differs, problem.options)
    )
}

/// A recipe run on all rows, for its course.
trait Recipe: Procedure {
    /// Epochs or fits on all rows, and what was deleted in each fit.
    fn course(&self) -> (usize, Vec<Vec<usize>>);
}

struct Projected<'a> {
    problem: &'a Problem<'a>,
}

impl Procedure for Projected<'_> {
    fn lambdas(&self) -> Vec<f64> {
        vec![0.0]
    }

    fn solve(&self, weight: &[f64], _: Option<usize>, _: Limits) -> Vec<Solution> {
        let Some(rows) = self.problem.rows else { return Vec::new() };
        let found = projected_epochs(rows, weight, &self.problem.shape.bounds, self.problem.options.epochs);
        let (loss, residual) = (f64::NAN, f64::NAN);
        let outcome = Outcome { loss, objective: loss, residual, iterations: found.epochs, converged: found.converged };
        vec![Solution { weights: found.weights, outcome }]
    }
}

impl Recipe for Projected<'_> {
    fn course(&self) -> (usize, Vec<Vec<usize>>) {
        let rounds = self
            .solve(self.problem.model.weight(), None, self.problem.limits)
            .first()
            .map_or(0, |s| s.outcome.iterations);
        (rounds, Vec::new())
    }
}

struct Dropped<'a> {
    problem: &'a Problem<'a>,
    lambda: f64,
}

impl Dropped<'_> {
    fn run(&self, weight: &[f64], limits: Limits) -> (Refitted, Vec<f64>) {
        let likelihood = self.problem.likelihood(weight);
        let mut state = self.problem.null.for_other_data();
        let found = drop_and_refit(&*likelihood, &self.problem.shape, self.lambda, &mut state, limits);
        (found, state.weights)
    }
}

impl Procedure for Dropped<'_> {
    fn lambdas(&self) -> Vec<f64> {
        vec![self.lambda]
    }

    fn solve(&self, weight: &[f64], _: Option<usize>, limits: Limits) -> Vec<Solution> {
        let (found, weights) = self.run(weight, limits);
        vec![Solution { weights, outcome: found.outcome }]
    }
}

impl Recipe for Dropped<'_> {
    fn course(&self) -> (usize, Vec<Vec<usize>>) {
        let (found, _) = self.run(self.problem.model.weight(), self.problem.limits);
        (found.dropped.len() + 1, found.dropped)
    }
}
