//! The terms w_j x_j of a score: on which scale, summed over which columns, and how far missing answers could move them.

use std::collections::BTreeMap;

use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::Head;
use crate::features::{Coding, ColumnKind, FeatureMatrix};
use crate::{Error, Result};

/// On which numbers for yes and no the weights are applied. The head's own is right for comparisons; the others are
/// the two scales that VisionReward's numbers are published on (docs of [`Scale::Unit`] and [`Scale::Mean`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// The coding that the head was fitted on
    #[default]
    Head,
    /// yes = 1, no = 0, masked = ½, summed: the paper's equation 4; its tables and its gaps for pair selection
    Unit,
    /// yes = +1, no = −1, masked = 0, summed: the released image scorer
    Signed,
    /// As signed, divided by the number of questions with a weight: the released video scorer
    Mean,
}

/// How finely a score is split (arXiv 2412.21059, Eq. 6 and Table 14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// R(dim_k), one part per checklist dimension
    #[default]
    Dimension,
    /// One part per sub-dimension (ladder)
    SubDimension,
    /// One part per question
    Question,
}

/// Columns whose terms are summed.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Dimension, sub-dimension or question; `None` gathers the columns without one.
    pub name: Option<String>,
    /// Indices into [`Head::columns`].
    pub members: Vec<usize>,
}

/// Where a score would lie if every missing answer were the worst, and the best, that it can be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Bounds {
    /// Score with all missing values at their worst; `null` where a missing number has no known range.
    pub low: Option<f64>,
    /// Score with all missing values at their best.
    pub high: Option<f64>,
    /// Missing values among the columns that have a weight.
    pub missing: usize,
}

impl Head {
    /// The columns by `level`, in order of first appearance, those without a name last. At [`Level::Question`] columns
    /// of weight 0 are left out.
    pub fn parts(&self, level: Level) -> Vec<Part> {
        let mut parts: Vec<Part> = Vec::new();
        for (j, column) in self.columns.iter().enumerate() {
            let name = match level {
                Level::Dimension => column.dimension.clone(),
                Level::SubDimension => column.subdimension.clone().or_else(|| column.dimension.clone()),
                Level::Question if self.weights[j] == 0.0 => continue,
                Level::Question => Some(column.id.clone()),
            };
            match parts.iter_mut().find(|part| part.name == name) {
                Some(part) => part.members.push(j),
                None => parts.push(Part { name, members: vec![j] }),
            }
        }
        parts.sort_by_key(|part| part.name.is_none());
        parts
    }

    /// Number of columns that have a weight.
    pub fn weighted(&self) -> usize {
        self.weights.iter().filter(|&&w| w != 0.0).count()
    }

    /// The largest score difference per unit of weight on `scale`: fails where the head cannot be put on it.
    ///
    /// # Errors
    /// [`Error::Usage`] for another scale than the head's own where answers are coded as log-odds: these are no linear
    /// function of yes and no.
    pub fn check_scale(&self, scale: Scale) -> Result<()> {
        if scale != Scale::Head && self.coding == Coding::Logit {
            return Err(Error::Usage(format!(
                "the head of \"{}\" reads log-odds (--coding logit), which have no 0/1 or ±1 scale; use --scale head",
                self.dimension
            )));
        }
        Ok(())
    }

    /// w_j x_j on `scale` for the coded value `x` of column `j`. [`Scale::Mean`] is divided by [`Head::weighted`].
    pub fn term(&self, j: usize, x: f64, scale: Scale) -> f64 {
        let answer = matches!(self.columns[j].kind, ColumnKind::Question | ColumnKind::Aggregate);
        let x = match (scale, self.coding) {
            _ if !answer => x,
            (Scale::Head, _) | (Scale::Unit, Coding::Unit) | (Scale::Signed | Scale::Mean, Coding::Signed) => x,
            (Scale::Unit, Coding::Signed) => (x + 1.0) / 2.0,
            (Scale::Signed | Scale::Mean, Coding::Unit) => 2.0 * x - 1.0,
            (_, Coding::Logit) => x,
        };
        let count = if scale == Scale::Mean { self.weighted().max(1) as f64 } else { 1.0 };
        self.weights[j] * x / count
    }

    /// The value of column `j`, with the head's fill where it is missing.
    pub(super) fn filled(&self, j: usize, x: f64) -> f64 {
        if x.is_nan() { self.preparation.fills[j] } else { x }
    }

    /// Lowest and highest coded value of column `j`; `None` for numbers whose range nobody declared. `ranges`: scorer →
    /// scale.
    pub(super) fn range(&self, j: usize, ranges: &BTreeMap<String, [f64; 2]>) -> Option<[f64; 2]> {
        match self.columns[j].kind {
            ColumnKind::Question | ColumnKind::Aggregate => Some([self.coding.code(0.0), self.coding.code(1.0)]),
            ColumnKind::Table | ColumnKind::Score => ranges.get(&self.columns[j].id).copied(),
        }
    }

    /// Sums over `parts` for every item, one list per part: Σ w_j x_j, missing values filled as the head's policy says;
    /// `None` for items that the head cannot score (see [`Head::score`]).
    ///
    /// # Errors
    /// As [`Head::score`] and [`Head::check_scale`].
    pub fn part_scores(&self, features: &FeatureMatrix, parts: &[Part], scale: Scale) -> Result<Vec<Vec<Option<f64>>>> {
        self.check_scale(scale)?;
        let place = self.match_columns(features)?;
        self.refuse_missing(features, &place)?;
        let can: Vec<bool> = features.values.rows().into_iter().map(|row| self.can_score(row, &place)).collect();
        Ok(parts
            .iter()
            .map(|part| {
                let sum = |row: ArrayView1<f64>| -> f64 {
                    part.members.iter().map(|&j| self.term(j, self.filled(j, row[place[j]]), scale)).sum()
                };
                let rows = features.values.rows().into_iter().zip(&can);
                rows.map(|(row, &can)| can.then(|| sum(row))).collect()
            })
            .collect())
    }

    /// The whole score of every item on `scale`.
    ///
    /// # Errors
    /// As [`Head::part_scores`].
    pub fn score_on(&self, features: &FeatureMatrix, scale: Scale) -> Result<Vec<Option<f64>>> {
        let all = Part { name: None, members: (0..self.columns.len()).collect() };
        Ok(self.part_scores(features, &[all], scale)?.pop().unwrap_or_default())
    }

    /// Per item: the score with every missing value at its worst and at its best. `None` for items without any value.
    /// A masked answer is known, not missing.
    ///
    /// # Errors
    /// As [`Head::part_scores`]; a policy of `fail` fails here too.
    pub fn bounds(
        &self,
        features: &FeatureMatrix,
        ranges: &BTreeMap<String, [f64; 2]>,
        scale: Scale,
    ) -> Result<Vec<Option<Bounds>>> {
        self.check_scale(scale)?;
        let place = self.match_columns(features)?;
        self.refuse_missing(features, &place)?;
        let rows = features.values.rows().into_iter();
        Ok(rows.map(|row| self.bounds_of(|j| row[place[j]], ranges, scale)).collect())
    }

    /// [`Head::bounds`] of one item; `value` gives the coded value of a column, NaN = missing.
    pub(super) fn bounds_of(
        &self,
        value: impl Fn(usize) -> f64,
        ranges: &BTreeMap<String, [f64; 2]>,
        scale: Scale,
    ) -> Option<Bounds> {
        let mut bounds = Bounds { low: Some(0.0), high: Some(0.0), missing: 0 };
        let mut known = false;
        for j in 0..self.columns.len() {
            let x = value(j);
            known |= !x.is_nan();
            if self.weights[j] == 0.0 {
                continue;
            }
            let ends = if x.is_nan() {
                bounds.missing += 1;
                self.range(j, ranges).map(|ends| ends.map(|end| self.term(j, end, scale)))
            } else {
                Some([self.term(j, x, scale); 2])
            };
            let add = |sum: Option<f64>, pick: fn(f64, f64) -> f64| Some(sum? + ends.map(|[a, b]| pick(a, b))?);
            bounds.low = add(bounds.low, f64::min);
            bounds.high = add(bounds.high, f64::max);
        }
        known.then_some(bounds)
    }

    /// Whether an item can be scored, see [`Head::scores_row`]; what `fail` forbids was refused before.
    pub(super) fn can_score(&self, row: ArrayView1<f64>, place: &[usize]) -> bool {
        self.scores_row(&place.iter().map(|&at| row[at]).collect::<Vec<_>>())
    }
}
