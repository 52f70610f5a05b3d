//! The choice of λ: out-of-fold log loss with folds that never split a group.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use rand::seq::SliceRandom;

use super::likelihood::{Model, RowWeights};
use super::lockstep::{Job, minimise_many};
use super::path::Shape;
use super::solver::{CurvatureSource, Limits, State};
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
    /// λ at which some fold did not converge.
    pub unconverged: usize,
    /// `[fold][λ][parameter]`: the weights of every fit.
    pub paths: Vec<Vec<Vec<f64>>>,
}

/// Fits the whole path without each fold, all folds side by side, and scores the rows that were left out.
pub fn out_of_fold(
    model: &dyn Model,
    fold: &[usize],
    shape: &Shape,
    lambdas: &[f64],
    start: &State,
    limits: Limits,
) -> OutOfFold {
    let folds = fold.iter().max().map_or(0, |f| f + 1);
    let mut members = vec![Vec::new(); folds];
    fold.iter().enumerate().for_each(|(i, &f)| members[f].push(i as u32));
    let mut weights = vec![start.weights.clone(); folds];
    // A fold that holds all the weight leaves nothing to fit: its rows are scored at the start.
    let base = model.weight();
    let rest = |f: usize| -> f64 { base.iter().zip(fold).filter(|(_, of)| **of != f).map(|(m, _)| m).sum() };
    let fitted: Vec<(usize, f64)> = (0..folds).map(|f| (f, rest(f))).filter(|(_, total)| *total > 0.0).collect();
    // The folds share nearly all rows, so the curvature of the whole serves each of them to begin with.
    let mut start = start.for_other_data();
    if start.curvature.is_none() && base.iter().any(|&m| m > 0.0) {
        let whole = model.likelihood(Cow::Borrowed(base));
        start.curvature = Some(Arc::new(CurvatureSource::new(&*whole).curvature(&*whole, &start.weights, false)));
    }
    let mut jobs: Vec<Job> = (fitted.iter())
        .map(|&(held_out, total)| Job {
            rows: RowWeights::Without { base, fold, held_out },
            total,
            state: start.for_other_data(),
        })
        .collect();
    let mut found =
        OutOfFold { losses: Vec::with_capacity(lambdas.len()), unconverged: 0, paths: vec![Vec::new(); folds] };
    for &lambda in lambdas {
        let outcomes = minimise_many(model, &shape.penalty(lambda), &mut jobs, limits);
        found.unconverged += usize::from(outcomes.iter().any(|o| !o.converged));
        for (job, &(f, _)) in jobs.iter().zip(&fitted) {
            weights[f].clone_from(&job.state.weights);
        }
        let now: Vec<&[f64]> = weights.iter().map(Vec::as_slice).collect();
        found.losses.push(model.held_out_losses(&members, &now));
        found.paths.iter_mut().zip(&weights).for_each(|(path, w)| path.push(w.clone()));
    }
    found
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
