//! Two sets of weights, question by question.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Head;
use crate::problems::{Problem, Severity};
use crate::{Error, Result};

/// Weights by question id, from a head or from a printed table.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightTable {
    /// What to call it.
    pub name: String,
    /// The weights.
    pub rows: BTreeMap<String, WeightRow>,
    /// Decimals that were printed; `None` = exact.
    pub decimals: Option<i32>,
}

/// One weight.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightRow {
    /// The weight; `None` for a presence question that carries none.
    pub weight: Option<f64>,
    /// Label for people, where known.
    pub label: Option<String>,
    /// Hash of the question's text, where known.
    pub text_sha256: Option<String>,
}

/// Result of [`diff`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WeightDiff {
    /// Name of the first table.
    pub a: String,
    /// Name of the second table.
    pub b: String,
    /// Questions that both have.
    pub common: usize,
    /// Largest difference that counts as none: half a unit of the last printed decimal, 0 between exact weights.
    pub tolerance: f64,
    /// Questions whose weights differ, largest difference first.
    pub differing: Vec<DiffRow>,
    /// Questions that only the first has with a weight other than 0.
    pub only_a: Vec<DiffRow>,
    /// Questions that only the second has with a weight other than 0.
    pub only_b: Vec<DiffRow>,
    /// Questions with one id and two texts; their weights are not compared.
    pub other_text: Vec<String>,
    /// Cosine of the two weight vectors over the common questions; `null` where one is all zero.
    pub cosine: Option<f64>,
}

/// One question of a difference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DiffRow {
    /// Question id.
    pub question: String,
    /// Label.
    pub label: String,
    /// Weight in the first table.
    pub a: Option<f64>,
    /// Weight in the second table.
    pub b: Option<f64>,
}

impl WeightTable {
    /// The weights of a head.
    pub fn of(head: &Head, name: &str) -> Self {
        let row = |j: usize| WeightRow {
            weight: Some(head.weights[j]),
            label: Some(head.columns[j].label.clone()),
            text_sha256: head.columns[j].text_sha256.clone(),
        };
        let id = |j: usize| match (&head.imported, head.columns[j].kind) {
            // The printed table calls the alignment score question 60.
            (Some(_), crate::features::ColumnKind::Score) => "60".to_owned(),
            _ => head.columns[j].id.clone(),
        };
        let rows = (0..head.columns.len()).map(|j| (id(j), row(j))).collect();
        Self { name: name.to_owned(), rows, decimals: None }
    }

    /// The weights as printed in the paper (arXiv 2412.21059 v4, Tables 19 to 22): `image` or `video`.
    ///
    /// # Errors
    /// [`Error::Usage`] for another name.
    pub fn printed(kind: &str) -> Result<Self> {
        let text = include_str!("../../datasets/published/visionreward-weights.csv");
        let mut rows = BTreeMap::new();
        for line in text.lines().filter(|line| line.starts_with(kind)) {
            let mut cells = line.split(',');
            let (Some(found), Some(id), Some(weight)) = (cells.next(), cells.next(), cells.next()) else { continue };
            if found == kind {
                rows.insert(id.to_owned(), WeightRow { weight: weight.parse().ok(), label: None, text_sha256: None });
            }
        }
        if rows.is_empty() {
            return Err(Error::Usage(format!(
                "there is no printed table paper:{kind}; there are paper:image and paper:video"
            )));
        }
        Ok(Self { name: format!("paper ({kind})"), rows, decimals: Some(3) })
    }
}

/// Compares two tables by question id. A presence question without a weight equals a weight of 0 or none.
///
/// # Errors
/// [`Error::Data`] where the tables have no question in common.
pub fn diff(a: &WeightTable, b: &WeightTable) -> Result<WeightDiff> {
    let decimals = match (a.decimals, b.decimals) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    // A hair above half a unit: 0.0005 itself rounds either way.
    let tolerance = decimals.map_or(0.0, |d| 0.5 * 10f64.powi(-d) * (1.0 + 1e-9));
    let common: Vec<&String> = a.rows.keys().filter(|id| b.rows.contains_key(*id)).collect();
    if common.is_empty() {
        let message = format!("{} and {} have no question id in common", a.name, b.name);
        let remedy = "compare heads on one checklist";
        return Err(Error::data(Problem::new(Severity::Error, "no-common-question", &b.name, message, remedy)));
    }
    let mut result = WeightDiff {
        a: a.name.clone(),
        b: b.name.clone(),
        common: common.len(),
        tolerance,
        differing: Vec::new(),
        only_a: only(a, b, false),
        only_b: only(b, a, true),
        other_text: Vec::new(),
        cosine: None,
    };
    let (mut dot, mut size_a, mut size_b) = (0.0, 0.0, 0.0);
    for id in common {
        let (left, right) = (&a.rows[id], &b.rows[id]);
        if let (Some(x), Some(y)) = (&left.text_sha256, &right.text_sha256)
            && x != y
        {
            result.other_text.push(id.clone());
            continue;
        }
        let (x, y) = (left.weight.unwrap_or(0.0), right.weight.unwrap_or(0.0));
        dot += x * y;
        size_a += x * x;
        size_b += y * y;
        if (x - y).abs() > tolerance {
            let label = left.label.clone().or_else(|| right.label.clone()).unwrap_or_default();
            result.differing.push(DiffRow { question: id.clone(), label, a: left.weight, b: right.weight });
        }
    }
    let size = |row: &DiffRow| (row.a.unwrap_or(0.0) - row.b.unwrap_or(0.0)).abs();
    result.differing.sort_by(|x, y| size(y).total_cmp(&size(x)));
    result.cosine = (size_a > 0.0 && size_b > 0.0).then(|| dot / (size_a * size_b).sqrt());
    Ok(result)
}

impl WeightDiff {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.differing.is_empty() && self.only_a.is_empty() && self.only_b.is_empty() && self.other_text.is_empty()
    }
}

/// Questions that `table` has with a weight and `other` has not.
fn only(table: &WeightTable, other: &WeightTable, swapped: bool) -> Vec<DiffRow> {
    let tolerance = other.decimals.or(table.decimals).map_or(0.0, |d| 0.5 * 10f64.powi(-d));
    let absent = table.rows.iter().filter(|(id, row)| {
        !other.rows.contains_key(*id) && row.weight.is_some_and(|w| w != 0.0 && w.abs() > tolerance)
    });
    absent
        .map(|(id, row)| DiffRow {
            question: id.clone(),
            label: row.label.clone().unwrap_or_default(),
            a: row.weight.filter(|_| !swapped),
            b: row.weight.filter(|_| swapped),
        })
        .collect()
}
