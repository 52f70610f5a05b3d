//! Weight intervals: groups resampled with replacement, λ fixed.

use std::collections::BTreeMap;

use rand::Rng;
use rayon::prelude::*;

use super::WeightInterval;
use super::likelihood::{Model, RowWeights};
use super::lockstep::{Job, at_once, minimise_many};
use super::path::Shape;
use super::solver::{Limits, State};
use crate::rng;
use crate::stats::quantiles::quantile_sorted;

/// Refits of one bootstrap.
pub struct Refits {
    /// [refit]\[parameter\], in draw order; refits that did not converge are left out.
    pub weights: Vec<Vec<f64>>,
    /// Refits without a certificate.
    pub failed: usize,
}

/// Refits at `lambda` on `draws` resamples of the groups, each from the full solution and its curvature.
pub fn refit(
    model: &dyn Model,
    shape: &Shape,
    lambda: f64,
    full: &State,
    limits: Limits,
    draws: usize,
    seed: u64,
) -> Refits {
    let (index, groups) = dense_groups(model.group());
    let (base, mut weights) = (model.weight(), Vec::with_capacity(draws));
    let draws_at_once: Vec<u64> = (0..draws as u64).collect();
    for some in draws_at_once.chunks(at_once(model.parameters())) {
        let copies: Vec<Vec<u32>> = some.par_iter().map(|&draw| multiplicities(groups, seed, draw)).collect();
        let rows: Vec<RowWeights> =
            copies.iter().map(|copies| RowWeights::Resampled { base, group: &index, copies }).collect();
        weights.extend(refit_with(model, shape, lambda, full, limits, &rows).into_iter().flatten());
    }
    Refits { failed: draws - weights.len(), weights }
}

/// Refits at `lambda` under each of the given row weights, side by side, from the full solution and its curvature.
/// `None` where no row has any weight or the refit did not converge.
pub fn refit_with(
    model: &dyn Model,
    shape: &Shape,
    lambda: f64,
    full: &State,
    limits: Limits,
    rows: &[RowWeights],
) -> Vec<Option<Vec<f64>>> {
    let penalty = shape.penalty(lambda);
    let mut weights: Vec<Option<Vec<f64>>> = vec![None; rows.len()];
    let size = at_once(model.parameters());
    for (some, found) in rows.chunks(size).zip(weights.chunks_mut(size)) {
        let totals: Vec<f64> = some.par_iter().map(RowWeights::total).collect();
        let places: Vec<usize> = (0..some.len()).filter(|&k| totals[k] > 0.0).collect();
        let weighted: Vec<(RowWeights, f64)> = places.iter().map(|&k| (some[k], totals[k])).collect();
        // All start at one point, so the first step of each costs half a look, shared by all.
        let points = model.many_at(&full.weights, &weighted);
        let mut jobs: Vec<Job> = (weighted.into_iter().zip(points))
            .map(|((rows, total), point)| {
                let state = State { point: Some(point), ..full.for_other_data() };
                Job { rows, total, penalty: &penalty, state }
            })
            .collect();
        let outcomes = minimise_many(model, &mut jobs, limits);
        for ((job, outcome), k) in jobs.into_iter().zip(outcomes).zip(places) {
            found[k] = outcome.converged.then_some(job.state.weights);
        }
    }
    weights
}

/// 2.5 % and 97.5 % percentiles and the share of non-zero weights, for the first `columns` parameters.
pub fn intervals(refits: &Refits, columns: usize) -> Vec<WeightInterval> {
    if refits.weights.is_empty() {
        return Vec::new();
    }
    (0..columns)
        .map(|j| {
            let mut values: Vec<f64> = refits.weights.iter().map(|w| w[j]).collect();
            values.sort_unstable_by(f64::total_cmp);
            let selected = values.iter().filter(|&&w| w != 0.0).count() as f64 / values.len() as f64;
            let percentile = |p| quantile_sorted(&values, p).unwrap_or(f64::NAN);
            WeightInterval { low: percentile(0.025), high: percentile(0.975), selected }
        })
        .collect()
}

/// How often each of `groups` groups is drawn in resample `draw`.
pub(super) fn multiplicities(groups: usize, seed: u64, draw: u64) -> Vec<u32> {
    let mut random = rng::stream(seed, "weight-bootstrap", draw);
    let mut copies = vec![0; groups];
    for _ in 0..groups {
        // 64 random bits on a range of at most some millions: the bias is below 1e-12.
        copies[((u128::from(random.next_u64()) * groups as u128) >> 64) as usize] += 1;
    }
    copies
}

/// Groups numbered from 0 by rank, and their number.
pub(super) fn dense_groups(group: &[usize]) -> (Vec<usize>, usize) {
    let mut rank: BTreeMap<usize, usize> = group.iter().map(|&g| (g, 0)).collect();
    for (r, slot) in rank.values_mut().enumerate() {
        *slot = r;
    }
    (group.iter().map(|g| rank[g]).collect(), rank.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resample_has_as_many_groups_as_the_data() {
        for draw in 0..20 {
            assert_eq!(multiplicities(17, 1, draw).iter().sum::<u32>(), 17);
        }
        assert_ne!(multiplicities(17, 1, 0), multiplicities(17, 1, 1));
        assert_eq!(dense_groups(&[9, 4, 9, 30]), (vec![1, 0, 1, 2], 3));
    }
}
