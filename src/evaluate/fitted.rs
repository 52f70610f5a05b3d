//! Heads fitted in other ways, as scorers beside the head that is judged: same folds or split, options and columns of
//! their own.

use super::head_margins::HeadMargins;
use super::margins::{HeldOut, ScoredPairs, margins_of};
use super::run::{EvaluateOptions, Mode};
use super::scorers::ItemScores;
use super::{nested, train_test};
use crate::Result;
use crate::dataset::Dataset;
use crate::features::FeatureMatrix;
use crate::head::TrainOptions;

/// A way to fit a head, as a scorer beside the head that is judged.
#[derive(Debug, Clone)]
pub struct FittedScorer {
    /// Name in every table.
    pub name: String,
    /// Its columns.
    pub features: FeatureMatrix,
    /// How it is fitted.
    pub train: TrainOptions,
}

impl FittedScorer {
    /// Its out-of-fold (or test) scores on `pairs`, each in its part; `Err` with the reason where no head can be fitted.
    ///
    /// # Errors
    /// Those of the fits; a stored head has no folds and no split to fit others in.
    pub(super) fn score_pairs(
        &self,
        ds: &Dataset,
        dimension: usize,
        (pairs, part): (&[usize], &[usize]),
        mode: Mode<'_>,
        options: &EvaluateOptions<'_>,
    ) -> Result<std::result::Result<(ScoredPairs, ItemScores), String>> {
        let own = EvaluateOptions { train: self.train.clone(), ..options.clone() };
        let head: HeadMargins = match mode {
            Mode::CrossValidate { folds } => nested::cross_validate(ds, &self.features, dimension, folds, &own)?,
            Mode::TrainTest => train_test::train_test(ds, &self.features, dimension, &own)?,
            Mode::Stored(_) => return Ok(Err("a stored head has no training pairs to fit others on".to_owned())),
        };
        if let Some(reason) = head.unavailable {
            return Ok(Err(reason));
        }
        let thresholds = part.iter().map(|&part| head.thresholds[part]).collect();
        let mut scored =
            ScoredPairs::new(&self.name, margins_of(ds, pairs, &head.scores), HeldOut::Thresholds(thresholds));
        scored.outcomes = part.iter().map(|&part| (part, head.outcomes[part])).collect();
        if !head.fitted.is_empty() {
            let fitted = |p: &usize| head.pairs.iter().position(|q| q == p).is_some_and(|at| head.fitted[at]);
            scored.fitted = pairs.iter().map(fitted).collect();
        }
        let scored = if options.missing_score_equal { scored.missing_as_equal() } else { scored };
        Ok(Ok((scored, ItemScores { scorer: self.name.clone(), values: head.scores })))
    }
}
