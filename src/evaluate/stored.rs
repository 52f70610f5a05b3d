//! A stored head: all pairs, or those of `split = test` where the data declare a split; with the leakage guard.

use std::collections::BTreeSet;

use super::head_margins::{HeadMargins, has_split, pairs_in_order};
use super::scorers::Parts;
use crate::Result;
use crate::dataset::{Dataset, Split};
use crate::features::FeatureMatrix;
use crate::head::{Head, prompt_hash};

/// Scores of the pairs of one dimension by `head`.
///
/// # Errors
/// Those of [`Head::score`]: columns or question texts that do not match.
pub fn stored(ds: &Dataset, features: &FeatureMatrix, dimension: usize, head: &Head) -> Result<HeadMargins> {
    let split = has_split(ds).then_some(Split::Test);
    let pairs = pairs_in_order(ds, dimension, split);
    Ok(HeadMargins {
        scores: head.score(features)?,
        parts: Parts { of_pair: vec![0; pairs.len()], training: vec![None] },
        thresholds: vec![head.tie_threshold],
        unavailable: None,
        notes: leakage(ds, &ds.dimensions[dimension], &pairs, head).into_iter().collect(),
        pairs,
    })
}

/// Says how many of the scored prompts the head was fitted on.
fn leakage(ds: &Dataset, name: &str, pairs: &[usize], head: &Head) -> Option<String> {
    let prompts: BTreeSet<usize> = pairs.iter().map(|&p| ds.items.prompt[ds.pairs[p].a]).collect();
    let fitted: BTreeSet<&str> = head.prompts.iter().map(String::as_str).collect();
    let shared = prompts.iter().filter(|&&p| fitted.contains(prompt_hash(ds, p).as_str())).count();
    (shared > 0).then(|| {
        format!(
            "LEAKAGE in {name}: the head was fitted on {shared} of the {} prompts it is scored on, so its figures are too \
             good; use --cross-validate, or data it has not seen.",
            prompts.len()
        )
    })
}
