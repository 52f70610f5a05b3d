//! Heads on one item at a time: what a stream and a proof need.

use super::{Bounds, Head, HeadsFile, Scale};
use crate::features::{Column, ColumnKind, Missing, RowCoder};
use crate::{Error, Result};

/// Reads single items for the heads of a file.
#[derive(Debug)]
pub struct RowReader {
    coder: RowCoder,
    /// Per head: place of each of its columns among the coder's.
    places: Vec<Vec<usize>>,
}

impl RowReader {
    /// A reader for these heads, which must read equally coded and gated columns.
    ///
    /// # Errors
    /// [`Error::Usage`] where a head needs a whole data set; [`Error::Data`] where the heads do not agree.
    pub fn new(heads: &[Head]) -> Result<Self> {
        let file = |heads: &[Head]| HeadsFile::new(heads.to_vec(), super::Provenance::default());
        let options = file(heads).feature_options()?;
        let mut columns: Vec<Column> = Vec::new();
        let mut places = Vec::new();
        for head in heads {
            let mut place = Vec::new();
            for column in &head.columns {
                let at = columns.iter().position(|known| known.id == column.id).unwrap_or(columns.len());
                if at == columns.len() {
                    columns.push(column.clone());
                }
                place.push(at);
            }
            places.push(place);
        }
        let gates = options.gates.unwrap_or_default();
        let judges = columns.iter().any(|c| c.kind == ColumnKind::Question && c.id.contains('/'));
        if judges && !gates.is_empty() {
            return Err(Error::Usage(
                "the heads read gated answers of several judges; give the data set's folder instead of a stream"
                    .to_owned(),
            ));
        }
        Ok(Self { coder: RowCoder::new(&columns, &gates, options.coding)?, places })
    }

    /// What is read, and in which order.
    pub fn coder(&self) -> &RowCoder {
        &self.coder
    }

    /// The coded values of one item, one list per head in the order of its columns; NaN = missing. `values`: P(yes) or
    /// number in the order of [`RowCoder::names`].
    pub fn coded(&self, values: &[Option<f64>]) -> Vec<Vec<f64>> {
        let coded = self.coder.code(values);
        self.places.iter().map(|place| place.iter().map(|&at| coded[at]).collect()).collect()
    }
}

impl Head {
    /// Whether an item with these coded values (one per column) can be scored: it has a value beside those of other
    /// scorers, and under `drop` and `fail` every value.
    pub fn scores_row(&self, x: &[f64]) -> bool {
        let own = |j: &usize| self.columns[*j].kind != ColumnKind::Score;
        let any_own = (0..x.len()).any(|j| own(&j));
        let known = (0..x.len()).any(|j| (own(&j) || !any_own) && !x[j].is_nan());
        let complete =
            !matches!(self.preparation.missing, Missing::Drop | Missing::Fail) || x.iter().all(|x| !x.is_nan());
        known && complete
    }

    /// The score of one item; `None` where it cannot be scored ([`Head::scores_row`]).
    pub fn row_score(&self, x: &[f64], scale: Scale) -> Option<f64> {
        self.scores_row(x).then(|| (0..x.len()).map(|j| self.term(j, self.filled(j, x[j]), scale)).sum())
    }

    /// The score of one item with every missing value at its worst and at its best; see [`Head::bounds`].
    pub fn row_bounds(
        &self,
        x: &[f64],
        ranges: &std::collections::BTreeMap<String, [f64; 2]>,
        scale: Scale,
    ) -> Option<Bounds> {
        self.bounds_of(|j| x[j], ranges, scale)
    }
}

/// Rows of a feature matrix in the order of each head's columns.
#[derive(Debug)]
pub struct FeatureRows<'f> {
    features: &'f crate::features::FeatureMatrix,
    places: Vec<Vec<usize>>,
}

impl<'f> FeatureRows<'f> {
    /// Matches the columns of the matrix to those of the heads.
    ///
    /// # Errors
    /// As [`Head::score`].
    pub fn new(heads: &[Head], features: &'f crate::features::FeatureMatrix) -> Result<Self> {
        let mut places = Vec::new();
        for head in heads {
            let place = head.match_columns(features)?;
            head.refuse_missing(features, &place)?;
            places.push(place);
        }
        Ok(Self { features, places })
    }

    /// The coded values of one item, one list per head; NaN = missing.
    pub fn get(&self, item: usize) -> Vec<Vec<f64>> {
        let row = self.features.values.row(item);
        self.places.iter().map(|place| place.iter().map(|&at| row[at]).collect()).collect()
    }
}
