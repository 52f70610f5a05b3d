//! The scorers that stand beside the head: the plain mean of the features, and every cached score.

use super::margins::{HeldOut, ScoredPairs, calibrated_threshold, margins_of};
use crate::dataset::Dataset;
use crate::features::FeatureMatrix;

/// Name of the head in every table.
pub const HEAD: &str = "head";
/// Name of the plain mean of the features in every table.
pub const MEAN: &str = "mean";

/// A scorer with its score per item of the data set; higher is better.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemScores {
    /// `head`, `mean` or a column of `scores`.
    pub scorer: String,
    /// One value per item, `None` where there is none.
    pub values: Vec<Option<f64>>,
}

/// `mean`, then the columns of `scores` in file order.
pub fn baselines(ds: &Dataset, features: &FeatureMatrix) -> Vec<ItemScores> {
    let mut scorers = vec![ItemScores { scorer: MEAN.to_owned(), values: mean_of_features(features) }];
    if let Some(scores) = &ds.scores {
        let columns = scores.names.iter().zip(&scores.columns);
        // A score that is no number is none; files with such scores are refused, values of library users are not.
        let finite = |values: &[Option<f64>]| values.iter().map(|v| v.filter(|v| v.is_finite())).collect();
        scorers.extend(columns.map(|(name, values)| ItemScores { scorer: name.clone(), values: finite(values) }));
    }
    scorers
}

/// Per item: mean of its features that are not missing, in coded, unscaled units.
fn mean_of_features(features: &FeatureMatrix) -> Vec<Option<f64>> {
    (features.values.rows().into_iter())
        .map(|row| {
            let (sum, n) = row.iter().filter(|v| !v.is_nan()).fold((0.0, 0usize), |(sum, n), v| (sum + v, n + 1));
            (n > 0).then(|| sum / n as f64)
        })
        .collect()
}

/// Where each pair's tie threshold comes from: the part (fold) of each pair, and the training pairs of each part
/// (indices into [`Dataset::pairs`]); `None` where a part has none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parts {
    /// Part of each pair.
    pub of_pair: Vec<usize>,
    /// Training pairs of each part.
    pub training: Vec<Option<Vec<usize>>>,
}

/// A baseline on `pairs` (indices into [`Dataset::pairs`]), with tie thresholds from the training pairs of each part.
pub fn score_pairs(
    ds: &Dataset,
    scorer: &ItemScores,
    pairs: &[usize],
    parts: &Parts,
    missing_equal: bool,
    thresholds_wanted: bool,
) -> ScoredPairs {
    let thresholds: Option<Vec<f64>> = (parts.training.iter())
        .map(|training| {
            let training = training.as_ref().filter(|_| thresholds_wanted)?;
            let human: Vec<i8> = training.iter().map(|&p| ds.pairs[p].votes.plurality()).collect();
            calibrated_threshold(&human, &margins_of(ds, training, &scorer.values), missing_equal)
        })
        .collect();
    let held_out = match thresholds {
        Some(thresholds) => HeldOut::Thresholds(parts.of_pair.iter().map(|&part| thresholds[part]).collect()),
        None if parts.training.iter().all(Option::is_some) => {
            HeldOut::Missing("no training pair is covered by this scorer".to_owned())
        }
        None => {
            HeldOut::Missing("a stored head brings no training pairs for the threshold of other scorers".to_owned())
        }
    };
    let mut scored = ScoredPairs::new(scorer.scorer.clone(), margins_of(ds, pairs, &scorer.values), held_out);
    scored.scale = ds.manifest.scores.get(&scorer.scorer).and_then(|rule| rule.scale);
    if missing_equal { scored.missing_as_equal() } else { scored }
}
