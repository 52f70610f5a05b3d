//! The split that the data declare: fitted on `split = train`, scored on `split = test`.

use super::head_margins::{HeadMargins, pairs_in_order, reason_for_no_head};
use super::run::EvaluateOptions;
use super::scorers::Parts;
use crate::dataset::{Dataset, Split};
use crate::features::FeatureMatrix;
use crate::head::{self, TrainOptions};
use crate::{Error, Result};

/// Scores of the test pairs of one dimension by a head fitted on its training pairs.
///
/// # Errors
/// [`Error::Usage`] where no pair of the data set declares a split; those of [`head::train`] that are not about too
/// little data.
pub fn train_test(
    ds: &Dataset,
    features: &FeatureMatrix,
    dimension: usize,
    options: &EvaluateOptions,
) -> Result<HeadMargins> {
    if !super::head_margins::has_split(ds) {
        return Err(Error::Usage(
            "no pair says whether it is for training or testing (column `split`); pass --cross-validate K".into(),
        ));
    }
    let name = &ds.dimensions[dimension];
    let training = pairs_in_order(ds, dimension, Some(Split::Train));
    let pairs = pairs_in_order(ds, dimension, Some(Split::Test));
    let unassigned = ds.pairs_of(dimension).len() - training.len() - pairs.len();
    let mut notes = Vec::new();
    if unassigned > 0 {
        notes.push(format!("{name}: {unassigned} pairs without a `split` are neither fitted nor scored."));
    }
    let parts = Parts { of_pair: vec![0; pairs.len()], training: vec![Some(training.clone())] };
    if training.is_empty() || pairs.is_empty() {
        let which = if training.is_empty() { "train" } else { "test" };
        let reason = format!("no head: no pair has `split = {which}`");
        return Ok(HeadMargins { notes, ..HeadMargins::without_head(ds, pairs, parts, reason) });
    }
    options.say(&format!("{name}: fit on {} training pairs", training.len()));
    let train = TrainOptions { bootstrap: 0, ..options.train.clone() };
    let head = match head::train(ds, features, dimension, &training, &train) {
        Ok(head) => head,
        Err(error) => {
            let reason = reason_for_no_head(error)?;
            return Ok(HeadMargins { notes, ..HeadMargins::without_head(ds, pairs, parts, reason) });
        }
    };
    Ok(HeadMargins {
        scores: head.score(features)?,
        thresholds: vec![head.tie_threshold],
        outcomes: vec![head.outcomes],
        fitted: shared_groups(ds, &training, &pairs),
        unavailable: None,
        pairs,
        parts,
        notes,
    })
}

/// Which test pairs belong to a prompt that also has training pairs.
fn shared_groups(ds: &Dataset, training: &[usize], test: &[usize]) -> Vec<bool> {
    let seen: std::collections::BTreeSet<usize> = training.iter().map(|&p| ds.group_of_pair(p)).collect();
    test.iter().map(|&p| seen.contains(&ds.group_of_pair(p))).collect()
}
