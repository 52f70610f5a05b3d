//! What every design (nested cross-validation, train and test, a stored head) gives for one dimension.

use super::scorers::Parts;
use crate::dataset::{Dataset, Split};
use crate::features::FeatureMatrix;
use crate::fit::OutcomeModel;
use crate::problems::Severity;
use crate::{Error, Result};

/// The head's scores on the pairs of one dimension, and what they rest on.
#[derive(Debug, Clone, Default)]
pub struct HeadMargins {
    /// The pairs to be scored: indices into [`Dataset::pairs`].
    pub pairs: Vec<usize>,
    /// Per item of the data set: its score by a head that did not see its prompt (stored head: by that head).
    pub scores: Vec<Option<f64>>,
    /// Part (fold) of each of `pairs`, with its training pairs.
    pub parts: Parts,
    /// The head's own tie threshold in each part.
    pub thresholds: Vec<f64>,
    /// From margins to the chances of the verdicts, in each part.
    pub outcomes: Vec<OutcomeModel>,
    /// Whether the head was fitted on the prompt of each of `pairs`; empty where it was on none.
    pub fitted: Vec<bool>,
    /// Why there is no head; its scores are all missing then.
    pub unavailable: Option<String>,
    /// What the user should know.
    pub notes: Vec<String>,
}

impl HeadMargins {
    /// No head could be made; the other scorers are still shown.
    pub fn without_head(ds: &Dataset, pairs: Vec<usize>, parts: Parts, reason: String) -> Self {
        Self { scores: vec![None; ds.items.len()], unavailable: Some(reason), pairs, parts, ..Self::default() }
    }

    /// Positions in `pairs` that rows are about: both items scored by the head, or, without a head, scoreable.
    pub fn kept(&self, ds: &Dataset, features: &FeatureMatrix) -> Vec<usize> {
        let has = |item: usize| match self.unavailable {
            Some(_) => features.scoreable[item],
            None => self.scores[item].is_some(),
        };
        (0..self.pairs.len()).filter(|&i| has(ds.pairs[self.pairs[i]].a) && has(ds.pairs[self.pairs[i]].b)).collect()
    }
}

/// The pairs of a dimension in an order that does not depend on the order of the rows: by prompt and item ids.
pub fn pairs_in_order(ds: &Dataset, dimension: usize, split: Option<Split>) -> Vec<usize> {
    let mut pairs = ds.pairs_of(dimension);
    pairs.retain(|&p| split.is_none() || ds.pairs[p].split == split);
    let key = |p: usize| {
        let pair = &ds.pairs[p];
        (&ds.items.prompt_ids[ds.items.prompt[pair.a]], &ds.items.ids[pair.a], &ds.items.ids[pair.b])
    };
    pairs.sort_by(|&p, &q| key(p).cmp(&key(q)));
    pairs
}

/// Whether any pair says whether it is for training or for testing.
pub fn has_split(ds: &Dataset) -> bool {
    ds.pairs.iter().any(|p| p.split.is_some())
}

/// Turns an error that means "this dimension cannot be fitted" into its reason, and passes on all others.
///
/// # Errors
/// The error itself, where it is about the data as a whole, the options or the environment.
pub fn reason_for_no_head(error: Error) -> Result<String> {
    const ABOUT_THE_DIMENSION: [&str; 7] = [
        "all-ties",
        "too-few-groups",
        "no-pairs",
        "no-training-values",
        "no-ratings",
        "one-rating-value",
        "too-many-rating-values",
    ];
    if let Error::Data(problems) = &error
        && problems.rules(Severity::Error).all(|(rule, _)| ABOUT_THE_DIMENSION.contains(&rule))
        && let Some(first) = problems.of(Severity::Error).next()
    {
        return Ok(format!("no head: {}", first.message));
    }
    Err(error)
}
