//! A head on other items: scores, and how they split by dimension.

use std::collections::BTreeMap;

use ndarray::ArrayView1;

use super::{Head, Level, Scale};
use crate::features::{FeatureMatrix, Missing};
use crate::problems::{Problem, Problems, Severity};
use crate::{Error, Result};

/// Scores of every item by checklist dimension; `None` as a name gathers the columns without one.
pub type PartScores = Vec<(Option<String>, Vec<Option<f64>>)>;

impl Head {
    /// R(item) = Σ w_j x_j for every item (arXiv 2412.21059, Eq. 4, in the head's coding); `None` for items that cannot
    /// be scored: no answer at all, or a missing one under `drop`.
    ///
    /// Columns may stand in any order; columns that the head does not use are ignored.
    ///
    /// # Errors
    /// [`Error::Data`] listing every column that is missing or whose question text differs, a different coding, and
    /// under `fail` the missing values.
    pub fn score(&self, features: &FeatureMatrix) -> Result<Vec<Option<f64>>> {
        self.score_on(features, Scale::Head)
    }

    /// The score split by checklist dimension, R(dim_k) = Σ over the questions of dim_k (arXiv 2412.21059, Eq. 6), in
    /// order of first appearance; columns without a dimension share the last entry, `None`.
    ///
    /// # Errors
    /// As [`Head::score`].
    pub fn dimension_scores(&self, features: &FeatureMatrix) -> Result<PartScores> {
        let parts = self.parts(Level::Dimension);
        let scores = self.part_scores(features, &parts, Scale::Head)?;
        Ok(parts.into_iter().map(|part| part.name).zip(scores).collect())
    }

    /// |w_j| × scale_j: how much column `j` moves the score over one typical step, for ordering weights of columns in
    /// different units.
    pub fn influence(&self, j: usize) -> f64 {
        self.weights[j].abs() * self.preparation.scales[j]
    }

    /// Under `fail`: an error where an item that has some value lacks another one.
    pub(super) fn refuse_missing(&self, features: &FeatureMatrix, place: &[usize]) -> Result<()> {
        if self.preparation.missing != Missing::Fail {
            return Ok(());
        }
        let absent = |row: ArrayView1<f64>| place.iter().filter(|&&at| row[at].is_nan()).count();
        let rows = features.values.rows().into_iter();
        let missing: usize = rows.map(absent).filter(|&n| n < place.len()).sum();
        if missing == 0 {
            return Ok(());
        }
        Err(Error::data(Problem::new(
            Severity::Error,
            "missing-value",
            "answers",
            format!("{missing} values are missing, and this head was fitted with `--missing fail`"),
            "complete the answers, or refit with another policy",
        )))
    }

    /// Position in `features` of each of the head's columns.
    pub(super) fn match_columns(&self, features: &FeatureMatrix) -> Result<Vec<usize>> {
        let by_id: BTreeMap<&str, usize> =
            features.columns.iter().enumerate().map(|(at, column)| (column.id.as_str(), at)).collect();
        let mut problems = Problems::default();
        let mut refuse = |rule, message: String, remedy: &str| {
            problems.push(Problem::new(Severity::Error, rule, "answers", message, remedy));
        };
        if features.coding != self.coding {
            let (ours, theirs) = (self.coding, features.coding);
            refuse(
                "coding",
                format!("the head of \"{}\" was fitted on {ours:?} answers, these are {theirs:?}", self.dimension),
                "pass the same `--coding` as for the fit",
            );
        }
        let mut place = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            let Some(&at) = by_id.get(column.id.as_str()) else {
                refuse(
                    "unknown-feature",
                    format!("the head of \"{}\" reads \"{}\", which the data do not have", self.dimension, column.id),
                    "score data that answer the head's questions, or refit",
                );
                continue;
            };
            if let (Some(ours), Some(theirs)) = (&column.text_sha256, &features.columns[at].text_sha256)
                && ours != theirs
            {
                refuse(
                    "question-text",
                    format!("question \"{}\" has another text than when the head was fitted", column.id),
                    "questions that were reworded need a refit",
                );
            }
            place.push(at);
        }
        if problems.has_errors() { Err(Error::Data(Box::new(problems))) } else { Ok(place) }
    }
}
