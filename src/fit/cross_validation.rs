//! The choice of λ: out-of-fold log loss with folds that never split a group.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use ndarray::Array2;
use rand::seq::SliceRandom;

use super::likelihood::{Model, RowWeights, curvature};
use super::lockstep::{Job, at_once, minimise_many};
use super::path::Shape;
use super::penalty::Penalty;
use super::solver::{Limits, State};
use super::{CurvePoint, Rule};
use crate::rng;

/// Assigns every row to a fold: groups stay whole, folds hold nearly equal numbers of rows, ties are broken by `seed`.
/// Gives at most as many folds as there are groups.
pub fn folds_by_group(group: &[usize], folds: usize, seed: u64) -> Vec<usize> {
    let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
    for &g in group {
        *sizes.entry(g).or_default() += 1;
    }
    let mut order: Vec<(usize, usize)> = sizes.into_iter().collect();
    order.shuffle(&mut rng::stream(seed, "folds", 0));
    order.sort_by_key(|&(_, size)| std::cmp::Reverse(size));
    let mut load = vec![0; folds.min(order.len()).max(1)];
    let mut fold_of: BTreeMap<usize, usize> = BTreeMap::new();
    for (g, size) in order {
        let lightest = (0..load.len()).min_by_key(|&f| load[f]).unwrap_or(0);
        load[lightest] += size;
        fold_of.insert(g, lightest);
    }
    group.iter().map(|g| fold_of[g]).collect()
}

/// Out-of-fold loss of every row at every λ.
pub struct OutOfFold {
    /// [λ][row].
    losses: Vec<Vec<f64>>,
    /// Fits that did not converge, over all λ and folds.
    pub unconverged: usize,
    /// `[fold][λ][parameter]`: the weights of every fit.
    pub paths: Vec<Vec<Vec<f64>>>,
}

/// One λ of the path with the fit of all rows.
#[derive(Debug, Clone)]
pub struct Solution {
    /// Penalty strength.
    pub lambda: f64,
    /// The fit.
    pub state: State,
}

/// Fits every λ of the path without each fold and scores the rows that were left out.
///
/// A fold's fit begins at the solution of all rows, where its own gradient is that of all rows less that of the fold: one
/// look at the rows gives the first step of all folds. `null` are the weights of a fold that leaves nothing to fit.
pub fn out_of_fold(
    model: &dyn Model,
    fold: &[usize],
    shape: &Shape,
    path: &[Solution],
    null: &[f64],
    limits: Limits,
) -> OutOfFold {
    let folds = fold.iter().max().map_or(0, |f| f + 1);
    let mut members = vec![Vec::new(); folds];
    fold.iter().enumerate().for_each(|(i, &f)| members[f].push(i as u32));
    // A fold that holds all the weight leaves nothing to fit: its rows are scored at `null`.
    let base = model.weight();
    let rest = |f: usize| -> f64 { base.iter().zip(fold).filter(|(_, of)| **of != f).map(|(m, _)| m).sum() };
    let fitted: Vec<(usize, f64)> = (0..folds).map(|f| (f, rest(f))).filter(|(_, total)| *total > 0.0).collect();
    let mut found = OutOfFold {
        losses: Vec::with_capacity(path.len()),
        unconverged: 0,
        paths: vec![vec![null.to_vec(); path.len()]; folds],
    };
    let whole = Whole { model, fold, members: &members, fitted: &fitted };
    let knots = Knots::new(model, path);
    let size = (at_once(model.parameters()) / fitted.len().max(1)).max(1);
    for (part, some) in path.chunks(size).enumerate() {
        let penalties: Vec<Penalty> = some.iter().map(|s| shape.penalty(s.lambda)).collect();
        let mut jobs: Vec<Job> = (some.iter().zip(&penalties).enumerate())
            .flat_map(|(k, (s, penalty))| whole.jobs(&s.state.weights, penalty, knots.at(part * size + k)))
            .collect();
        let outcomes = minimise_many(model, &mut jobs, limits);
        for (n, (job, outcome)) in jobs.into_iter().zip(outcomes).enumerate() {
            let (k, f) = (part * size + n / fitted.len(), fitted[n % fitted.len()].0);
            found.unconverged += usize::from(!outcome.converged);
            found.paths[f][k] = job.state.weights;
        }
    }
    for k in 0..path.len() {
        let now: Vec<&[f64]> = found.paths.iter().map(|path| path[k].as_slice()).collect();
        found.losses.push(model.held_out_losses(&members, &now));
    }
    found
}

/// λ of the path from one exact curvature to the next.
const KNOTS: usize = 16;

/// The curvature of all rows along the path: exact at some λ, in between on the line between two.
struct Knots(Vec<Array2<f64>>);

impl Knots {
    fn new(model: &dyn Model, path: &[Solution]) -> Self {
        if model.weight().iter().all(|&m| m == 0.0) {
            return Self(Vec::new());
        }
        let whole = model.likelihood(Cow::Borrowed(model.weight()));
        let last = path.len().saturating_sub(1);
        let at = |knot: usize| curvature(&*whole, &path[(knot * KNOTS).min(last)].state.weights);
        Self((0..path.len().div_ceil(KNOTS) + 1).map(at).collect())
    }

    fn at(&self, k: usize) -> Option<Arc<Array2<f64>>> {
        let (before, after) = (self.0.get(k / KNOTS)?, self.0.get(k / KNOTS + 1)?);
        let share = (k % KNOTS) as f64 / KNOTS as f64;
        Some(Arc::new(before * (1.0 - share) + after * share))
    }
}

/// The rows and their folds.
struct Whole<'a> {
    model: &'a dyn Model,
    fold: &'a [usize],
    members: &'a [Vec<u32>],
    /// Folds that leave something to fit, and the weight of what they leave.
    fitted: &'a [(usize, f64)],
}

impl<'a> Whole<'a> {
    /// The fits of one λ, one per fold, from `w`.
    fn jobs(&self, w: &[f64], penalty: &'a Penalty, curvature: Option<Arc<Array2<f64>>>) -> Vec<Job<'a>> {
        let (base, fold) = (self.model.weight(), self.fold);
        let parts = self.model.by_fold(w, self.members);
        let without = |f: usize, total: f64| {
            let others = || parts.iter().enumerate().filter(|(g, _)| *g != f).map(|(_, part)| part);
            let gradient = |j: usize| others().map(|part| part.1[j]).sum::<f64>() / total;
            (others().map(|part| part.0).sum::<f64>() / total, (0..w.len()).map(gradient).collect())
        };
        (self.fitted.iter())
            .map(|&(held_out, total)| Job {
                rows: RowWeights::Without { base, fold, held_out },
                total,
                penalty,
                state: State {
                    weights: w.to_vec(),
                    point: Some(without(held_out, total)),
                    curvature: curvature.clone(),
                },
            })
            .collect()
    }
}

impl OutOfFold {
    /// Weighted mean loss at each λ with its standard error clustered by group (definitions §3.11, "Error bars").
    pub fn curve(&self, model: &dyn Model, lambdas: &[f64], nonzero: &[usize]) -> Vec<CurvePoint> {
        (0..lambdas.len())
            .map(|k| {
                let (loss, se) = clustered_mean(&self.losses[k], model.weight(), model.group());
                CurvePoint { lambda: lambdas[k], loss, se, nonzero: nonzero[k] }
            })
            .collect()
    }
}

/// Weighted mean and its standard error sqrt(Σ_c (Σ_{i∈c} m_i (v_i − mean))²) / Σm over clusters c.
pub fn clustered_mean(values: &[f64], weight: &[f64], group: &[usize]) -> (f64, f64) {
    let total: f64 = weight.iter().sum();
    let mean = values.iter().zip(weight).map(|(v, m)| v * m).sum::<f64>() / total;
    let mut sums: BTreeMap<usize, f64> = BTreeMap::new();
    for ((v, m), &g) in values.iter().zip(weight).zip(group) {
        *sums.entry(g).or_default() += m * (v - mean);
    }
    (mean, sums.values().map(|s| s * s).sum::<f64>().sqrt() / total)
}

/// Index of the chosen point. The curve has the largest λ first; equal losses go to the larger λ.
pub fn choose(curve: &[CurvePoint], rule: Rule) -> usize {
    let best = (0..curve.len()).fold(0, |best, k| if curve[k].loss < curve[best].loss { k } else { best });
    match rule {
        Rule::Min => best,
        Rule::OneSe => {
            let limit = curve[best].loss + curve[best].se;
            (0..best).find(|&k| curve[k].loss <= limit).unwrap_or(best)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_keep_groups_whole_and_balance_rows() {
        let group: Vec<usize> = (0..40).flat_map(|g| std::iter::repeat_n(g, 1 + g % 7)).collect();
        let fold = folds_by_group(&group, 5, 3);
        let mut load = [0; 5];
        for (i, &f) in fold.iter().enumerate() {
            load[f] += 1;
            assert_eq!(f, fold[group.iter().position(|&g| g == group[i]).unwrap()]);
        }
        assert!(load.iter().max().unwrap() - load.iter().min().unwrap() <= 1, "{load:?}");
        assert_eq!(fold, folds_by_group(&group, 5, 3));
        assert_ne!(fold, folds_by_group(&group, 5, 4));
        assert_eq!(folds_by_group(&[7, 9, 7], 5, 1).iter().max(), Some(&1), "no more folds than groups");
    }

    #[test]
    fn the_clustered_error_is_not_fooled_by_copies() {
        let (values, weight) = ([1.0, 2.0, 4.0], [1.0; 3]);
        let (mean, se) = clustered_mean(&values, &weight, &[0, 1, 2]);
        // By hand: deviations −4/3, −1/3, 5/3; sqrt(16/9 + 1/9 + 25/9) / 3.
        assert!((mean - 7.0 / 3.0).abs() < 1e-15 && (se - (42f64 / 9.0).sqrt() / 3.0).abs() < 1e-15);
        let twice = [1.0, 1.0, 2.0, 2.0, 4.0, 4.0];
        let (mean2, se2) = clustered_mean(&twice, &[1.0; 6], &[0, 0, 1, 1, 2, 2]);
        assert!((mean2 - mean).abs() < 1e-15 && (se2 - se).abs() < 1e-15);
    }

    #[test]
    fn one_standard_error_takes_the_largest_lambda_that_is_as_good() {
        let point = |lambda, loss| CurvePoint { lambda, loss, se: 0.05, nonzero: 1 };
        let curve = [point(1.0, 0.69), point(0.5, 0.62), point(0.2, 0.58), point(0.1, 0.57), point(0.05, 0.60)];
        assert_eq!(choose(&curve, Rule::Min), 3);
        assert_eq!(choose(&curve, Rule::OneSe), 1);
    }
}
