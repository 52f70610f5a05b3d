//! Paths whose every point is more than a penalised fit: the group penalty, and the refit without penalty.

use super::path::grid;
use super::procedure::{Compared, Problem, Procedure, Solution, certify, choose_by_rule, compare, finish};
use super::solver::{Limits, minimise};
use super::{Certificate, Fit};
use crate::Result;

/// The path over λ, under the group penalty where there is one, each point refitted without penalty if `refit`.
struct Path<'a> {
    problem: &'a Problem<'a>,
    lambdas: Vec<f64>,
    refit: bool,
}

/// Fits along the path with the group penalty, or relaxed (Meinshausen, "Relaxed Lasso", 2007, with φ = 0): the
/// columns that are 0 stay 0, all others are refitted without penalty, within their bounds.
///
/// # Errors
/// [`crate::Error::Data`] where λ cannot be chosen for want of prompts.
pub(super) fn fit(problem: &Problem, refit: bool) -> Result<(Fit, Vec<f64>)> {
    let options = problem.options;
    let lambdas = match options.lambda {
        Some(lambda) => vec![lambda],
        None if problem.lambda_max == 0.0 => vec![0.0],
        None => grid(top(problem), 1.0, options.path_length, options.path_ratio),
    };
    let path = Path { problem, lambdas, refit };
    let mut compared = compare(problem, &path)?;
    let chosen = choose_by_rule(problem, &compared.curve);
    if chosen + 1 == path.lambdas.len() && chosen > 0 {
        compared.notes.push("The smallest λ of the path was chosen: a longer path might fit better.".into());
    }
    let certificate = certificate(&path, &compared, chosen);
    Ok(finish(problem, &path, compared, chosen, certificate, None))
}

/// Where the path starts: at or a little above the λ that empties the head.
fn top(problem: &Problem) -> f64 {
    let mix = problem.options.alpha.max(problem.options.group_penalty.min(1.0)).max(1e-3);
    problem.lambda_max / mix
}

fn certificate(path: &Path, compared: &Compared, chosen: usize) -> Certificate {
    let problem = path.problem;
    let solution = &compared.solutions[chosen];
    if path.refit {
        let keep = support(problem, &solution.weights);
        return Certificate {
            gap_reason: Some("weights without penalty have no finite dual bound".into()),
            ..certify(problem, solution, &problem.only(&keep, 0.0))
        };
    }
    let lambda = path.lambdas[chosen];
    let mut certificate = certify(problem, solution, &problem.shape.penalty(lambda));
    // `certify` knows the separable part only.
    certificate.kkt = solution.outcome.residual / problem.scale;
    certificate.objective = solution.outcome.objective;
    certificate.gap_reason = Some("no dual bound is computed for the group penalty".into());
    certificate
}

impl Procedure for Path<'_> {
    fn lambdas(&self) -> Vec<f64> {
        self.lambdas.clone()
    }

    fn solve(&self, weight: &[f64], only: Option<usize>, limits: Limits) -> Vec<Solution> {
        let likelihood = self.problem.likelihood(weight);
        let mut state = self.problem.null.for_other_data();
        let mut solutions: Vec<Solution> = Vec::with_capacity(self.lambdas.len());
        // The last refit, and the support that it belongs to: neighbours on the path share theirs, or nearly so.
        let mut last: Option<(Vec<usize>, Solution)> = None;
        let mut free = self.problem.null.for_other_data();
        for (k, &lambda) in self.lambdas.iter().enumerate() {
            if only.is_some_and(|only| only != k) {
                continue;
            }
            let outcome = self.problem.minimise(&*likelihood, lambda, &mut state, limits);
            if !self.refit {
                solutions.push(Solution { weights: state.weights.clone(), outcome });
                continue;
            }
            let keep = support(self.problem, &state.weights);
            let solution = match &last {
                Some((support, solution)) if *support == keep => solution.clone(),
                _ => {
                    let penalty = self.problem.only(&keep, 0.0);
                    let mut refitted = minimise(&*likelihood, &penalty, &mut free, limits);
                    refitted.converged &= outcome.converged;
                    Solution { weights: free.weights.clone(), outcome: refitted }
                }
            };
            last = Some((keep, solution.clone()));
            solutions.push(solution);
        }
        solutions
    }
}

/// Selectable columns with a weight.
fn support(problem: &Problem, weights: &[f64]) -> Vec<usize> {
    (0..problem.columns).filter(|&j| weights[j] != 0.0 && problem.selectable(j)).collect()
}
