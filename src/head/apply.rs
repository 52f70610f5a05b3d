//! A head on other items: scores, and how they split by dimension.

use std::collections::BTreeMap;

use super::Head;
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
        let place = self.match_columns(features)?;
        let all: Vec<usize> = (0..self.columns.len()).collect();
        self.partial_scores(features, &place, &all)
    }

    /// The score split by checklist dimension, R(dim_k) = Σ over the questions of dim_k (arXiv 2412.21059, Eq. 6), in
    /// order of first appearance; columns without a dimension share the last entry, `None`.
    ///
    /// # Errors
    /// As [`Head::score`].
    pub fn dimension_scores(&self, features: &FeatureMatrix) -> Result<PartScores> {
        let place = self.match_columns(features)?;
        let mut parts: Vec<(Option<String>, Vec<usize>)> = Vec::new();
        for (j, column) in self.columns.iter().enumerate() {
            match parts.iter_mut().find(|(dimension, _)| *dimension == column.dimension) {
                Some((_, members)) => members.push(j),
                None => parts.push((column.dimension.clone(), vec![j])),
            }
        }
        parts.sort_by_key(|(dimension, _)| dimension.is_none());
        parts
            .into_iter()
            .map(|(dimension, members)| Ok((dimension, self.partial_scores(features, &place, &members)?)))
            .collect()
    }

    /// |w_j| × scale_j: how much column `j` moves the score over one typical step, for ordering weights of columns in
    /// different units.
    pub fn influence(&self, j: usize) -> f64 {
        self.weights[j].abs() * self.preparation.scales[j]
    }

    /// Σ w_j x_j over `members`; an item is scored only if the whole head can score it.
    fn partial_scores(&self, features: &FeatureMatrix, place: &[usize], members: &[usize]) -> Result<Vec<Option<f64>>> {
        let missing = self.preparation.missing;
        let mut missing_values = 0usize;
        let scores = (features.values.rows().into_iter())
            .map(|row| {
                let absent = place.iter().filter(|&&at| row[at].is_nan()).count();
                if absent == place.len() || (missing == Missing::Drop && absent > 0) {
                    return None;
                }
                if missing == Missing::Fail {
                    missing_values += absent;
                }
                let value = |j: usize| if row[place[j]].is_nan() { self.preparation.fills[j] } else { row[place[j]] };
                Some(members.iter().map(|&j| self.weights[j] * value(j)).sum())
            })
            .collect();
        if missing_values > 0 {
            return Err(Error::data(Problem::new(
                Severity::Error,
                "missing-value",
                "answers",
                format!("{missing_values} values are missing, and this head was fitted with `--missing fail`"),
                "complete the answers, or refit with another policy",
            )));
        }
        Ok(scores)
    }

    /// Position in `features` of each of the head's columns.
    fn match_columns(&self, features: &FeatureMatrix) -> Result<Vec<usize>> {
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
