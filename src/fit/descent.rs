//! One fit as a machine that says which point it wants to see next, so that many can share one pass over the rows.

use std::sync::Arc;

use ndarray::Array2;

use super::likelihood::dot;
use super::penalty::Penalty;
use super::quadratic;
use super::solver::{Limits, Outcome, State};

/// Halvings of a step before it is given up.
const HALVINGS: usize = 30;

/// What a fit needs to go on.
pub enum Wish {
    /// Loss and gradient at a point.
    Evaluate(Vec<f64>),
    /// Curvature at the present weights, from more rows where the last one was fresh and served badly.
    Curvature {
        /// From more rows than last time.
        enlarge: bool,
    },
    /// It has ended.
    Nothing,
}

/// A proximal Newton fit between two looks at the data.
pub struct Descent<'p> {
    penalty: &'p Penalty,
    limits: Limits,
    noise: f64,
    /// Parameters.
    pub weights: Vec<f64>,
    /// Loss, gradient and absolute KKT residual there; `None` until they were looked at.
    point: Option<(f64, Vec<f64>, f64)>,
    curvature: Option<Arc<Array2<f64>>>,
    /// Steps since the curvature was made.
    age: usize,
    renew: bool,
    stuck: bool,
    iterations: usize,
    trial: Option<Trial>,
}

/// A step that is being tried.
struct Trial {
    target: Vec<f64>,
    promised: f64,
    share: f64,
    halvings: usize,
}

impl<'p> Descent<'p> {
    /// Begins where `state` is.
    pub fn new(penalty: &'p Penalty, limits: Limits, noise: f64, state: &mut State) -> Self {
        let point = state.point.take().map(|(loss, gradient)| {
            let residual = penalty.residual(&state.weights, &gradient);
            (loss, gradient, residual)
        });
        let curvature = state.curvature.take();
        let weights = std::mem::take(&mut state.weights);
        // Curvature that was brought along is old.
        let age = usize::from(curvature.is_some());
        Self {
            penalty,
            limits,
            noise,
            weights,
            point,
            curvature,
            age,
            renew: false,
            stuck: false,
            iterations: 0,
            trial: None,
        }
    }

    /// What is needed next.
    pub fn wish(&mut self) -> Wish {
        let Some((_, gradient, _)) = &self.point else { return Wish::Evaluate(self.weights.clone()) };
        if let Some(trial) = &self.trial {
            let share = |(j, target): (usize, &f64)| {
                self.penalty.clamp(j, self.weights[j] + trial.share * (target - self.weights[j]))
            };
            return Wish::Evaluate(trial.target.iter().enumerate().map(share).collect());
        }
        if self.converged() || self.stuck || self.exhausted() {
            return Wish::Nothing;
        }
        let Some(h) = self.curvature.as_ref().filter(|_| !self.renew) else {
            return Wish::Curvature { enlarge: self.curvature.is_some() && self.age <= 2 };
        };
        self.iterations += 1;
        let target = quadratic::minimise(h, gradient, &self.weights, self.penalty, 0.05 * self.limits.residual);
        let direction: Vec<f64> = target.iter().zip(&self.weights).map(|(v, w)| v - w).collect();
        let promised = dot(gradient, &direction) + self.penalty.value(&target) - self.penalty.value(&self.weights);
        self.trial = Some(Trial { target: target.clone(), promised, share: 1.0, halvings: 0 });
        Wish::Evaluate(target)
    }

    /// Loss and gradient at the point of the last [`Wish::Evaluate`]; `cost` = price of a new curvature in such looks.
    pub fn take(&mut self, at: Vec<f64>, loss: f64, gradient: Vec<f64>, cost: f64) {
        let residual = self.penalty.residual(&at, &gradient);
        let (Some(trial), Some((old_loss, old_gradient, old_residual))) = (&mut self.trial, &self.point) else {
            self.weights = at;
            self.point = Some((loss, gradient, residual));
            return;
        };
        let before = old_loss + self.penalty.value(&self.weights);
        // Below this the objective's own rounding hides the gain; the residual then decides.
        let noise = self.noise * (1.0 + before.abs());
        let gain = before - (loss + self.penalty.value(&at));
        let enough = gain >= -1e-4 * trial.share * trial.promised && gain > 0.0;
        if (trial.promised < -noise && enough) || (gain >= -noise && residual < 0.9 * old_residual) {
            let shortened = trial.share < 1.0;
            let moved: Vec<f64> = at.iter().zip(&self.weights).map(|(v, w)| v - w).collect();
            let bent: Vec<f64> = gradient.iter().zip(old_gradient).map(|(v, w)| v - w).collect();
            self.age += 1;
            self.renew = shortened || self.slow(*old_residual, residual, cost);
            if let Some(h) = self.curvature.as_mut().filter(|_| !self.renew) {
                correct(h, &moved, &bent);
            }
            self.weights = at;
            self.point = Some((loss, gradient, residual));
            self.trial = None;
        } else if trial.promised < -noise && trial.halvings < HALVINGS {
            trial.share *= 0.5;
            trial.halvings += 1;
        } else {
            // No progress: a stale model gets a second chance with fresh curvature.
            self.trial = None;
            if self.age > 0 { self.renew = true } else { self.stuck = true }
        }
    }

    /// Whether new curvature is cheaper than going on at this rate; with it one or two steps are left.
    fn slow(&self, before: f64, after: f64, cost: f64) -> bool {
        let (goal, rate) = (self.limits.residual, after / before);
        after > goal && (rate.is_nan() || rate >= 1.0 || (goal / after).ln() / rate.ln() > 2.0 + cost)
    }

    /// Curvature at the present weights.
    pub fn renewed(&mut self, h: Arc<Array2<f64>>) {
        self.curvature = Some(h);
        self.age = 0;
        self.renew = false;
    }

    /// Another arithmetic saw the present weights.
    pub fn evaluate_anew(&mut self, noise: f64, (loss, gradient): (f64, Vec<f64>)) {
        let residual = self.penalty.residual(&self.weights, &gradient);
        self.point = Some((loss, gradient, residual));
        self.noise = noise;
        self.stuck = false;
        self.trial = None;
    }

    /// Whether the residual is within the limit. NaN is not, so a broken loss ends at the limit of steps.
    pub fn converged(&self) -> bool {
        self.point.as_ref().is_some_and(|p| p.2 <= self.limits.residual)
    }

    /// Whether the steps are used up.
    pub fn exhausted(&self) -> bool {
        self.iterations >= self.limits.iterations
    }

    /// Leaves what was found in `state`.
    pub fn finish(self, state: &mut State) -> Outcome {
        let converged = self.converged();
        let (loss, gradient, residual) = self.point.unwrap_or((f64::NAN, Vec::new(), f64::NAN));
        let objective = loss + self.penalty.value(&self.weights);
        *state = State { weights: self.weights, point: Some((loss, gradient)), curvature: self.curvature };
        Outcome { loss, objective, residual, iterations: self.iterations, converged }
    }
}

/// The BFGS update: `h` then maps the step just made to the change of the gradient that was seen. What a sample or an
/// earlier place got wrong in the directions that matter is put right at the price of two vectors.
fn correct(h: &mut Arc<Array2<f64>>, moved: &[f64], bent: &[f64]) {
    let modelled: Vec<f64> = h.rows().into_iter().map(|row| row.iter().zip(moved).map(|(a, b)| a * b).sum()).collect();
    let (seen, expected) = (dot(bent, moved), dot(&modelled, moved));
    // Far from the model the correction would do harm, and near rounding it would mean nothing.
    if !(expected > 0.0 && seen > 0.2 * expected && seen < 5.0 * expected) {
        return;
    }
    let h = Arc::make_mut(h);
    for (j, mut row) in h.rows_mut().into_iter().enumerate() {
        let (a, b) = (bent[j] / seen, modelled[j] / expected);
        row.iter_mut().zip(bent.iter().zip(&modelled)).for_each(|(v, (y, m))| *v += a * y - b * m);
    }
}
