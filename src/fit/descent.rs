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
    /// Price of a new curvature in looks at the data.
    cost: f64,
    renew: bool,
    /// Whether the last step met about the curvature that the model had expected.
    agrees: bool,
    /// What is left to gain as far as the model knows, now and a step before, or the residuals.
    left: [f64; 2],
    /// Whether that is within the limit.
    near: bool,
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
    /// Begins where `state` is, inside the bounds.
    pub fn new(penalty: &'p Penalty, limits: Limits, noise: f64, state: &mut State) -> Self {
        state.move_inside(penalty);
        let point = state.point.take().map(|(loss, gradient)| {
            let residual = penalty.residual(&state.weights, &gradient);
            (loss, gradient, residual)
        });
        let curvature = state.curvature.take();
        let weights = std::mem::take(&mut state.weights);
        Self {
            penalty,
            limits,
            noise,
            weights,
            point,
            // Curvature that was brought along is old.
            age: usize::from(curvature.is_some()),
            curvature,
            cost: 0.0,
            renew: false,
            agrees: true,
            left: [f64::NAN; 2],
            near: false,
            stuck: false,
            iterations: 0,
            trial: None,
        }
    }

    /// What is needed next.
    pub fn wish(&mut self) -> Wish {
        if self.point.is_none() {
            return Wish::Evaluate(self.weights.clone());
        }
        if self.trial.is_none() {
            if self.converged() || self.stuck || self.exhausted() {
                return Wish::Nothing;
            }
            let Some(h) = self.curvature.clone().filter(|_| !self.renew) else { return self.new_curvature() };
            let trial = self.step(&h);
            if self.converged() {
                return Wish::Nothing;
            }
            if self.slow() {
                return self.new_curvature();
            }
            self.iterations += 1;
            self.trial = Some(trial);
        }
        let Some(trial) = &self.trial else { return Wish::Nothing };
        if trial.share == 1.0 {
            return Wish::Evaluate(trial.target.clone());
        }
        let part = |(j, target): (usize, &f64)| {
            self.penalty.clamp(j, self.weights[j] + trial.share * (target - self.weights[j]))
        };
        Wish::Evaluate(trial.target.iter().enumerate().map(part).collect())
    }

    fn new_curvature(&self) -> Wish {
        Wish::Curvature { enlarge: self.curvature.is_some() && self.age <= 2 }
    }

    /// The minimum of the quadratic model, and what the model knows about the present point.
    fn step(&mut self, h: &Array2<f64>) -> Trial {
        let (loss, gradient, residual) = match &self.point {
            Some(point) => (point.0, &point.1, point.2),
            None => unreachable!("a step is made from a point that was seen"),
        };
        let precise = 0.05 * self.limits.residual;
        let enough = if self.limits.gap > 0.0 { precise.max(0.01 * residual) } else { precise };
        let target = quadratic::minimise(h, gradient, &self.weights, self.penalty, enough);
        let direction: Vec<f64> = target.iter().zip(&self.weights).map(|(v, w)| v - w).collect();
        let value = self.penalty.value(&self.weights);
        let promised = dot(gradient, &direction) + self.penalty.value(&target) - value;
        if self.limits.gap > 0.0 {
            let gain = -promised - 0.5 * dot(&direction, &quadratic::times(h, &direction));
            self.left = [self.left[1], gain];
            self.near = self.agrees && gain <= self.limits.gap * (loss + value).abs();
        } else {
            self.left = [self.left[1], residual];
        }
        Trial { target, promised, share: 1.0, halvings: 0 }
    }

    /// Whether new curvature is cheaper than going on at this rate; with it one or two steps are left.
    fn slow(&self) -> bool {
        let [before, after] = self.left;
        if self.age == 0 || before.is_nan() {
            return false;
        }
        let goal = match (&self.point, self.limits.gap > 0.0) {
            (Some(point), true) => self.limits.gap * (point.0 + self.penalty.value(&self.weights)).abs(),
            _ => self.limits.residual,
        };
        let rate = after / before;
        after > goal && (rate.is_nan() || rate >= 1.0 || (goal / after).ln() / rate.ln() > 2.0 + self.cost)
    }

    /// Loss and gradient at the point of the last [`Wish::Evaluate`]; `cost` = price of a new curvature in such looks.
    pub fn take(&mut self, at: Vec<f64>, loss: f64, gradient: Vec<f64>, cost: f64) {
        self.cost = cost;
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
            let moved: Vec<f64> = at.iter().zip(&self.weights).map(|(v, w)| v - w).collect();
            let bent: Vec<f64> = gradient.iter().zip(old_gradient).map(|(v, w)| v - w).collect();
            self.age += 1;
            self.renew = trial.share < 1.0;
            if let Some(h) = self.curvature.as_mut().filter(|_| !self.renew) {
                let ratio = correct(h, &moved, &bent);
                self.agrees = ratio > 0.5 && ratio < 2.0;
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

    /// Curvature at the present weights.
    pub fn renewed(&mut self, h: Arc<Array2<f64>>) {
        self.curvature = Some(h);
        self.age = 0;
        self.renew = false;
        self.agrees = true;
        self.left = [f64::NAN; 2];
    }

    /// Another arithmetic saw the present weights.
    pub fn evaluate_anew(&mut self, noise: f64, (loss, gradient): (f64, Vec<f64>)) {
        let residual = self.penalty.residual(&self.weights, &gradient);
        self.point = Some((loss, gradient, residual));
        self.noise = noise;
        self.stuck = false;
        self.trial = None;
    }

    /// Whether the residual or the gap is within the limit. NaN is not, so a broken loss ends at the limit of steps.
    pub fn converged(&self) -> bool {
        self.near || self.point.as_ref().is_some_and(|p| p.2 <= self.limits.residual)
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
/// earlier place got wrong in the directions that matter is put right at the price of two vectors. Gives the curvature
/// that was seen along the step as a share of the expected one.
fn correct(h: &mut Arc<Array2<f64>>, moved: &[f64], bent: &[f64]) -> f64 {
    let modelled = quadratic::times(h, moved);
    let (seen, expected) = (dot(bent, moved), dot(&modelled, moved));
    // Far from the model the correction would do harm, and near rounding it would mean nothing.
    if expected > 0.0 && seen > 0.2 * expected && seen < 5.0 * expected {
        let h = Arc::make_mut(h);
        for (j, mut row) in h.rows_mut().into_iter().enumerate() {
            let (a, b) = (bent[j] / seen, modelled[j] / expected);
            row.iter_mut().zip(bent.iter().zip(&modelled)).for_each(|(v, (y, m))| *v += a * y - b * m);
        }
    }
    seen / expected
}
