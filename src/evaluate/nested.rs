//! Nested cross-validation: every pair is scored by a head that saw none of its prompt, and that chose its λ inside the
//! prompts it did see.

use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::head_margins::{HeadMargins, pairs_in_order, reason_for_no_head};
use super::margins::LabelledPairs;
use super::run::EvaluateOptions;
use super::scorers::Parts;
use crate::dataset::Dataset;
use crate::features::FeatureMatrix;
use crate::head::{self, Head, TrainOptions};
use crate::{Result, rng};

/// Out-of-fold scores of one dimension from `folds` outer folds over groups.
///
/// # Errors
/// Those of [`head::train`] that are not about too little data.
pub fn cross_validate(
    ds: &Dataset,
    features: &FeatureMatrix,
    dimension: usize,
    folds: usize,
    options: &EvaluateOptions,
) -> Result<HeadMargins> {
    let pairs = pairs_in_order(ds, dimension, None);
    let labels = LabelledPairs::new(ds, &pairs);
    let used = folds.min(labels.groups);
    let name = &ds.dimensions[dimension];
    if used < 2 {
        let prompts = if labels.groups == 1 { "1 prompt does" } else { "0 prompts do" };
        let reason = format!("no head: {prompts} not allow cross-validation");
        let parts = Parts { of_pair: vec![0; pairs.len()], training: vec![Some(Vec::new())] };
        return Ok(HeadMargins::without_head(ds, pairs, parts, reason));
    }
    let fold_of_group = folds_of_groups(labels.groups, used, options.seed);
    let of_pair: Vec<usize> = labels.group.iter().map(|&g| fold_of_group[g as usize]).collect();
    let training: Vec<Vec<usize>> =
        (0..used).map(|fold| (0..pairs.len()).filter(|&i| of_pair[i] != fold).map(|i| pairs[i]).collect()).collect();
    // Weight intervals are not asked for here.
    let train = TrainOptions { bootstrap: 0, ..options.train.clone() };
    let heads: Result<Vec<Head>> = (0..used)
        .into_par_iter()
        .map(|fold| {
            options.say(&format!("{name}: fold {} of {used}", fold + 1));
            head::train(ds, features, dimension, &training[fold], &train)
        })
        .collect();
    let parts = Parts { of_pair, training: training.into_iter().map(Some).collect() };
    let heads = match heads {
        Ok(heads) => heads,
        Err(error) => return Ok(HeadMargins::without_head(ds, pairs, parts, reason_for_no_head(error)?)),
    };
    let mut scores = vec![None; ds.items.len()];
    for (fold, head) in heads.iter().enumerate() {
        let by_fold = head.score(features)?;
        for (_, &p) in pairs.iter().enumerate().filter(|(i, _)| parts.of_pair[*i] == fold) {
            for item in [ds.pairs[p].a, ds.pairs[p].b] {
                scores[item] = by_fold[item];
            }
        }
    }
    let mut notes = Vec::new();
    if used < folds {
        notes.push(format!("{name}: only {used} prompts, so {used} folds in place of {folds}."));
    }
    let thresholds = heads.iter().map(|head| head.tie_threshold).collect();
    let outcomes = heads.iter().map(|head| head.outcomes).collect();
    Ok(HeadMargins { pairs, scores, parts, thresholds, outcomes, notes, ..HeadMargins::default() })
}

/// Fold of each group (numbered by name): groups shuffled by the seed, then dealt out.
pub(super) fn folds_of_groups(groups: usize, folds: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..groups).collect();
    order.shuffle(&mut rng::stream(seed, "evaluate/folds", 0));
    let mut fold = vec![0; groups];
    for (place, group) in order.into_iter().enumerate() {
        fold[group] = place % folds;
    }
    fold
}

#[cfg(test)]
mod tests {
    use super::folds_of_groups;

    #[test]
    fn folds_are_even_and_reproducible() {
        let folds = folds_of_groups(103, 5, 7);
        for fold in 0..5 {
            let size = folds.iter().filter(|f| **f == fold).count();
            assert!((20..=21).contains(&size));
        }
        assert_eq!(folds, folds_of_groups(103, 5, 7));
        assert_ne!(folds, folds_of_groups(103, 5, 8));
    }
}
