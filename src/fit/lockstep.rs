//! Many fits over the same rows, side by side: each wants to see its next point, and one pass shows all of them.

use std::borrow::Cow;
use std::sync::Arc;

use rayon::prelude::*;

use super::descent::{Descent, Wish};
use super::likelihood::{Model, Problem, RowWeights};
use super::penalty::Penalty;
use super::solver::{CurvatureSource, Limits, Outcome, State, minimise};

/// Price of new curvature in passes: each fit would need its own, which nothing shares.
const COST: f64 = 12.0;

/// One fit of many: its rows, and where it stands.
pub struct Job<'a> {
    /// Its row weights.
    pub rows: RowWeights<'a>,
    /// Σ of the row weights, > 0.
    pub total: f64,
    /// What is added to its loss.
    pub penalty: &'a Penalty,
    /// Where it starts, and ends.
    pub state: State,
}

/// Fits that are advanced together: as many as their curvatures leave memory for.
pub fn at_once(parameters: usize) -> usize {
    (2_000_000 / (parameters * parameters + 1)).clamp(16, 256) / 16 * 16
}

/// Minimises every job. The result of a job does not depend on the others.
pub fn minimise_many(model: &dyn Model, jobs: &mut [Job], limits: Limits) -> Vec<Outcome> {
    let noise = model.noise();
    let mut fits: Vec<Descent> =
        jobs.iter_mut().map(|job| Descent::new(job.penalty, limits, noise, &mut job.state)).collect();
    loop {
        // Each fit solves its own model; none sees another.
        let wishes: Vec<(usize, Vec<f64>)> = (fits.par_iter_mut().zip(&*jobs).enumerate())
            .filter_map(|(k, (fit, job))| next_point(model, job, fit).map(|w| (k, w)))
            .collect();
        if wishes.is_empty() {
            break;
        }
        let problems: Vec<Problem> =
            wishes.iter().map(|(k, w)| Problem { rows: jobs[*k].rows, total: jobs[*k].total, w }).collect();
        let seen = model.many(&problems);
        for ((k, w), (loss, gradient)) in wishes.into_iter().zip(seen) {
            fits[k].take(w, loss, gradient, COST);
        }
    }
    let left: Vec<bool> = fits.iter().map(|fit| !fit.converged() && !fit.exhausted()).collect();
    let mut outcomes: Vec<Outcome> =
        fits.into_iter().zip(&mut *jobs).map(|(fit, job)| fit.finish(&mut job.state)).collect();
    // What stands still short of the limit may need the other arithmetic: that is done alone.
    for ((job, outcome), _) in jobs.iter_mut().zip(&mut outcomes).zip(left).filter(|(_, left)| *left) {
        let likelihood = model.likelihood(Cow::Owned(job.rows.to_vec()));
        job.state.point = None;
        *outcome = minimise(&*likelihood, job.penalty, &mut job.state, limits);
    }
    outcomes
}

/// The next point that a fit wants to see; curvature that it needs first is made on its own rows.
fn next_point(model: &dyn Model, job: &Job, fit: &mut Descent) -> Option<Vec<f64>> {
    loop {
        match fit.wish() {
            Wish::Nothing => return None,
            Wish::Evaluate(w) => return Some(w),
            Wish::Curvature { enlarge } => {
                let likelihood = model.likelihood(Cow::Owned(job.rows.to_vec()));
                let mut source = CurvatureSource::new(&*likelihood);
                fit.renewed(Arc::new(source.curvature(&fit.weights, enlarge)));
            }
        }
    }
}
