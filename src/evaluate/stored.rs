//! Stored heads: as the head that is judged, on all pairs or those of `split = test` where the data declare a split; and
//! as scorers that stand beside it.

use super::head_margins::{HeadMargins, has_split, pairs_in_order};
use super::leakage::fitted_on;
use super::margins::{HeldOut, ScoredPairs, margins_of};
use super::scorers::{ItemScores, Parts};
use crate::Result;
use crate::dataset::{Dataset, Split};
use crate::features::FeatureMatrix;
use crate::head::{Head, HeadsFile};

/// Heads fitted before, as a scorer beside the head that is judged.
#[derive(Debug, Clone)]
pub struct StoredScorer {
    /// Name in every table.
    pub name: String,
    /// The heads.
    pub heads: HeadsFile,
    /// The columns that they read, from [`HeadsFile::features`] of the same data set.
    pub features: FeatureMatrix,
}

impl StoredScorer {
    /// Its head for a dimension on `pairs` (indices into [`Dataset::pairs`], each in its part); `None` where it has no head for it.
    pub(super) fn score_pairs(
        &self,
        ds: &Dataset,
        dimension: usize,
        pairs: &[usize],
        part: &[usize],
        missing_equal: bool,
    ) -> Result<Option<(ScoredPairs, ItemScores)>> {
        let Some(head) = self.heads.heads.iter().find(|h| h.dimension == ds.dimensions[dimension]) else {
            return Ok(None);
        };
        let values = head.score(&self.features)?;
        let held_out = HeldOut::Thresholds(vec![head.tie_threshold; pairs.len()]);
        let mut scored = ScoredPairs::new(&self.name, margins_of(ds, pairs, &values), held_out);
        scored.fitted = fitted_on(ds, pairs, head);
        scored.outcomes = part.iter().map(|&part| (part, head.outcomes)).collect();
        let scored = if missing_equal { scored.missing_as_equal() } else { scored };
        Ok(Some((scored, ItemScores { scorer: self.name.clone(), values })))
    }
}

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
        outcomes: vec![head.outcomes],
        fitted: fitted_on(ds, &pairs, head),
        pairs,
        ..HeadMargins::default()
    })
}
