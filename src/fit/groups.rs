//! Sparsity by group: whole sub-dimensions of questions leave the head together.
//!
//! Adds λ γ Σ_g √|g| ‖w_g‖₂ to the separable penalty (design: "Fit"; Yuan and Lin, JRSS B 68, 2006; with the L1 part it
//! is the sparse group lasso, Simon et al., JCGS 22, 2013), bounds included. Proximal Newton as in [`super::solver`];
//! its quadratic model is minimised group by group, and one group's step is a root of one increasing function.

use ndarray::Array2;

use super::likelihood::{Likelihood, curvature, dot, loss_and_gradient};
use super::penalty::Penalty;
use super::solver::{Limits, Outcome, State};

/// Passes over the groups for one quadratic model.
const PASSES: usize = 2000;

/// Steps within one group before the next group's turn.
const STEPS: usize = 10;

/// The separable penalty and the groups.
#[derive(Debug, Clone)]
pub struct GroupPenalty {
    separable: Penalty,
    /// Members of each group, and λ γ √|g|.
    groups: Vec<(Vec<usize>, f64)>,
}

impl GroupPenalty {
    /// `strength` = λγ; `group[j]` numbers the group of column j; parameters beyond it are in none. Columns that are
    /// frozen at 0 still count in |g|.
    pub fn new(separable: Penalty, strength: f64, group: &[usize]) -> Self {
        let count = group.iter().max().map_or(0, |g| g + 1);
        let mut groups = vec![(Vec::new(), 0.0); count];
        for (j, &g) in group.iter().enumerate() {
            groups[g].0.push(j);
        }
        groups.retain(|(members, _)| !members.is_empty());
        for (members, weight) in &mut groups {
            *weight = strength * (members.len() as f64).sqrt();
        }
        Self { separable, groups }
    }

    /// Value at `w`.
    pub fn value(&self, w: &[f64]) -> f64 {
        self.separable.value(w) + self.groups.iter().map(|(members, weight)| weight * norm(w, members)).sum::<f64>()
    }

    /// Largest distance of −gradient from the subdifferential: per coordinate where a group is in use, by its norm
    /// where it is not.
    pub fn residual(&self, w: &[f64], gradient: &[f64]) -> f64 {
        let mut slope = gradient.to_vec();
        let mut grouped = vec![false; w.len()];
        let mut worst = 0.0f64;
        for (members, weight) in &self.groups {
            let size = norm(w, members);
            if size > 0.0 {
                members.iter().for_each(|&j| slope[j] += weight * w[j] / size);
            } else {
                let pull = members.iter().map(|&j| self.separable.distance(j, 0.0, gradient[j]).powi(2)).sum::<f64>();
                worst = worst.max(pull.sqrt() - weight);
                members.iter().for_each(|&j| grouped[j] = true);
            }
        }
        let alone = (0..w.len()).filter(|&j| !grouped[j]);
        alone.map(|j| self.separable.distance(j, w[j], slope[j])).fold(worst, f64::max)
    }
}

fn norm(w: &[f64], members: &[usize]) -> f64 {
    members.iter().map(|&j| w[j] * w[j]).sum::<f64>().sqrt()
}

/// Minimises L(w) + penalty(w) from `state`, which holds the solution afterwards.
pub fn minimise(likelihood: &dyn Likelihood, penalty: &GroupPenalty, state: &mut State, limits: Limits) -> Outcome {
    for (j, w) in state.weights.iter_mut().enumerate() {
        *w = penalty.separable.clamp(j, *w);
    }
    let (mut loss, mut gradient) = loss_and_gradient(likelihood, &state.weights);
    let mut residual = penalty.residual(&state.weights, &gradient);
    let mut iterations = 0;
    let mut renew = state.curvature.is_none();
    let converged = |residual: f64| residual <= limits.residual;
    while !converged(residual) && iterations < limits.iterations {
        iterations += 1;
        let stale = !renew;
        if renew {
            state.curvature = Some(curvature(likelihood, &state.weights).into());
        }
        let Some(h) = &state.curvature else { break };
        let target = model_minimum(h, &gradient, &state.weights, penalty, 0.05 * limits.residual);
        let direction: Vec<f64> = target.iter().zip(&state.weights).map(|(v, w)| v - w).collect();
        let objective = loss + penalty.value(&state.weights);
        let promised = dot(&gradient, &direction) + penalty.value(&target) - penalty.value(&state.weights);
        let mut share = 1.0;
        let mut moved = false;
        for _ in 0..30 {
            let weights: Vec<f64> = (0..target.len())
                .map(|j| if share == 1.0 { target[j] } else { state.weights[j] + share * direction[j] })
                .collect();
            let (new_loss, new_gradient) = loss_and_gradient(likelihood, &weights);
            let new_residual = penalty.residual(&weights, &new_gradient);
            let gain = objective - (new_loss + penalty.value(&weights));
            // Near the end the objective's rounding hides the gain; the residual decides then.
            if gain >= -1e-4 * share * promised.min(0.0) && gain > 0.0
                || gain >= -1e-13 && new_residual < 0.9 * residual
            {
                renew = share < 1.0 || new_residual > 0.3 * residual;
                (state.weights, loss, gradient, residual) = (weights, new_loss, new_gradient, new_residual);
                moved = true;
                break;
            }
            share *= 0.5;
        }
        if !moved {
            if !stale {
                break;
            }
            renew = true;
        }
    }
    let objective = loss + penalty.value(&state.weights);
    state.point = Some((loss, gradient));
    Outcome { loss, objective, residual, iterations, converged: converged(residual) }
}

/// argmin over v of gradient·(v−w) + ½ (v−w)ᵀH(v−w) + penalty(v), to a residual of `target`.
fn model_minimum(h: &Array2<f64>, gradient: &[f64], w: &[f64], penalty: &GroupPenalty, target: f64) -> Vec<f64> {
    let mut v = w.to_vec();
    let mut slope = gradient.to_vec();
    let grouped: Vec<bool> = (0..v.len()).map(|j| penalty.groups.iter().any(|(m, _)| m.contains(&j))).collect();
    let bends: Vec<f64> = penalty.groups.iter().map(|(members, _)| largest_bend(h, members)).collect();
    for _ in 0..PASSES {
        for ((members, weight), &bend) in penalty.groups.iter().zip(&bends) {
            for _ in 0..STEPS {
                let pull: Vec<f64> = members.iter().map(|&j| bend * v[j] - slope[j]).collect();
                let new = group_step(penalty, members, *weight, bend, &pull, &v);
                let largest = members.iter().zip(&new).map(|(&j, n)| (n - v[j]).abs()).fold(0.0, f64::max);
                members.iter().zip(new).for_each(|(&j, n)| shift(h, &mut v, &mut slope, j, n));
                if largest * bend <= 0.1 * target {
                    break;
                }
            }
        }
        for j in (0..v.len()).filter(|&j| !grouped[j]) {
            let bend = h[[j, j]];
            let new = penalty.separable.coordinate(j, bend, bend * v[j] - slope[j], v[j]);
            shift(h, &mut v, &mut slope, j, new);
        }
        if penalty.residual(&v, &slope) <= target {
            break;
        }
    }
    v
}

fn shift(h: &Array2<f64>, v: &mut [f64], slope: &mut [f64], j: usize, new: f64) {
    let change = new - v[j];
    if change != 0.0 {
        v[j] = new;
        slope.iter_mut().zip(h.row(j)).for_each(|(s, &hjk)| *s += change * hjk);
    }
}

/// Upper bound on the largest eigenvalue of H over `members`: its largest absolute row sum.
fn largest_bend(h: &Array2<f64>, members: &[usize]) -> f64 {
    let row = |&j: &usize| members.iter().map(|&k| h[[j, k]].abs()).sum::<f64>();
    members.iter().map(row).fold(f64::MIN_POSITIVE, f64::max)
}

/// argmin over v_g of ½ bend ‖v_g‖² − pull·v_g + separable(v_g) + weight ‖v_g‖.
///
/// For a given ρ = ‖v_g‖ every coordinate is a plain update with bend + weight/ρ; the size of the result divided by ρ
/// falls in ρ, so the right ρ is found by bisection.
fn group_step(
    penalty: &GroupPenalty,
    members: &[usize],
    weight: f64,
    bend: f64,
    pull: &[f64],
    now: &[f64],
) -> Vec<f64> {
    let at = |rho: f64| -> Vec<f64> {
        let step = |(&j, &b): (&usize, &f64)| penalty.separable.coordinate(j, bend + weight / rho, b, now[j]);
        members.iter().zip(pull).map(step).collect()
    };
    let size = |v: &[f64]| v.iter().map(|v| v * v).sum::<f64>().sqrt();
    let off = members.iter().map(|&j| penalty.separable.clamp(j, 0.0)).collect::<Vec<f64>>();
    let force = members.iter().zip(pull).map(|(&j, &b)| penalty.separable.distance(j, 0.0, -b).powi(2)).sum::<f64>();
    if size(&off) == 0.0 && force.sqrt() <= weight {
        return off;
    }
    let mut high = size(&at(f64::INFINITY));
    if weight == 0.0 || high == 0.0 {
        return at(f64::INFINITY);
    }
    let mut low = 0.0;
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if size(&at(middle)) >= middle {
            low = middle;
        } else {
            high = middle;
        }
    }
    at(high)
}
