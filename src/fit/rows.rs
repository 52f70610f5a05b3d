//! Pair differences and votes → rows with soft labels, checked; what is odd about them, in words.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::likelihood::LogisticRows;
use super::{FitOptions, Ties};
use crate::features::PairMatrix;
use crate::problems::{Problem, Severity};
use crate::{Error, Result};

/// Names listed in one note before the rest is only counted.
const LISTED: usize = 8;

/// The rows of `pairs` with ties as `ties` says.
///
/// # Errors
/// [`Error::Data`] where no row is left, a value is not finite, or the weights are negative, infinite or all zero.
pub fn from_pairs<'a>(pairs: &'a PairMatrix, ties: Ties) -> Result<LogisticRows<'a>> {
    let label = |i: usize| {
        let votes = pairs.votes[i];
        match ties {
            // The tie models read the votes themselves; these labels serve checks and notes.
            Ties::Half | Ties::RaoKupper | Ties::Davidson => Some(votes.a + votes.tie / 2.0),
            Ties::Drop => (votes.a + votes.b > 0.0).then(|| votes.a / (votes.a + votes.b)),
        }
    };
    let labels: Vec<Option<f64>> = (0..pairs.votes.len()).map(label).collect();
    let kept: Vec<usize> = (0..labels.len()).filter(|&i| labels[i].is_some()).collect();
    if kept.is_empty() && !labels.is_empty() {
        return Err(data_error(
            "all-ties",
            format!("all {} pairs are ties, and ties are left out", labels.len()),
            "use `--ties half`, or leave this dimension out with `--dimension`",
        ));
    }
    let columns = pairs.x.ncols();
    let x = match pairs.x.as_slice() {
        Some(x) if kept.len() == labels.len() => Cow::Borrowed(x),
        _ => Cow::Owned(kept.iter().flat_map(|&i| pairs.x.row(i).to_vec()).collect()),
    };
    let rows = LogisticRows {
        x,
        columns,
        y: labels.into_iter().flatten().collect(),
        weight: kept.iter().map(|&i| pairs.weight[i]).collect(),
        group: kept.iter().map(|&i| pairs.group[i]).collect(),
    };
    check(&rows)?;
    Ok(rows)
}

/// Refuses rows that cannot be fitted.
///
/// # Errors
/// [`Error::Data`] naming the first bad value and how many there are.
pub fn check(rows: &LogisticRows) -> Result<()> {
    if rows.y.is_empty() {
        return Err(data_error("no-pairs", "there is no pair to fit on", "see `headfit check DATA`"));
    }
    if rows.columns == 0 {
        return Err(data_error("no-columns", "there is no feature to fit", "see `headfit check DATA`"));
    }
    if rows.x.len() != rows.y.len() * rows.columns
        || rows.weight.len() != rows.y.len()
        || rows.group.len() != rows.y.len()
    {
        return Err(Error::Bug("rows, labels, weights and groups differ in length".into()));
    }
    let bad = |values: &[f64], wrong: &dyn Fn(f64) -> bool| {
        let count = values.iter().filter(|&&v| wrong(v)).count();
        values.iter().position(|&v| wrong(v)).map(|at| (at, values[at], count))
    };
    if let Some((at, value, count)) = bad(&rows.x, &|v| !v.is_finite()) {
        let (row, column) = (at / rows.columns + 1, at % rows.columns + 1);
        return Err(data_error(
            "not-finite",
            format!("{count} feature differences are not finite; the first is {value} in pair {row}, feature {column}"),
            "choose what stands in for missing values with `--missing`",
        ));
    }
    if let Some((at, value, count)) = bad(&rows.y, &|v| !(0.0..=1.0).contains(&v)) {
        let message = format!("{count} labels are outside [0, 1]; the first is {value} in pair {}", at + 1);
        return Err(data_error("label-range", message, "labels are shares of votes"));
    }
    if let Some((at, value, count)) = bad(&rows.weight, &|v| !v.is_finite() || v < 0.0) {
        let message = format!("{count} weights are negative or not finite; the first is {value} in pair {}", at + 1);
        return Err(data_error("weight-range", message, "weights are finite and at least 0"));
    }
    if !rows.weight.iter().any(|&m| m > 0.0) {
        return Err(data_error("weights-zero", "all weights are 0", "give at least one pair a weight above 0"));
    }
    Ok(())
}

/// What a user should know about the rows before he trusts the weights.
pub fn notes(rows: &LogisticRows, options: &FitOptions) -> Vec<String> {
    let mut notes = Vec::new();
    let (n, d) = (rows.y.len(), rows.columns);
    if rows.y.iter().all(|&y| y == 0.5) {
        notes.push("Every label is a tie: nothing can be learned, all penalised weights are 0.".into());
    } else if rows.y.iter().all(|&y| y == 1.0) || rows.y.iter().all(|&y| y == 0.0) {
        let side = if rows.y[0] == 1.0 { "a" } else { "b" };
        notes.push(format!(
            "Item {side} wins every pair. A pair model has no intercept, so this alone is no obstacle; \
             check that the order of the items was not sorted by the label."
        ));
    }
    if d > n {
        notes.push(format!("More features ({d}) than pairs ({n}): the weights depend on the penalty."));
    }
    let constant: Vec<usize> = (0..d).filter(|&j| column(rows, j).all(|v| v == 0.0)).collect();
    if !constant.is_empty() {
        notes.push(format!("Never differs within a pair, weight 0: {}.", list(&constant, options)));
    }
    let duplicates = duplicate_columns(rows, &constant);
    if !duplicates.is_empty() {
        let sets: Vec<String> = duplicates.iter().map(|set| list(set, options)).collect();
        notes.push(format!("Equal features, whose weights can be exchanged: {}.", sets.join("; ")));
    }
    notes
}

/// The values of one column.
pub(super) fn column<'a>(rows: &'a LogisticRows, j: usize) -> impl Iterator<Item = f64> + 'a {
    rows.x.iter().skip(j).step_by(rows.columns).copied()
}

/// Names of columns, the first few in full.
pub(super) fn list(columns: &[usize], options: &FitOptions) -> String {
    let name = |&j: &usize| options.names.get(j).cloned().unwrap_or_else(|| format!("feature {}", j + 1));
    let mut text = columns.iter().take(LISTED).map(name).collect::<Vec<_>>().join(", ");
    if columns.len() > LISTED {
        text.push_str(&format!(" and {} more", columns.len() - LISTED));
    }
    text
}

/// Sets of columns that are equal in every row, `skip` apart.
fn duplicate_columns(rows: &LogisticRows, skip: &[usize]) -> Vec<Vec<usize>> {
    // A cheap order-dependent digest first; columns that share one are compared in full.
    let mut by_digest: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for j in (0..rows.columns).filter(|j| !skip.contains(j)) {
        // Adding 0 makes −0 and 0 one value.
        let digest = column(rows, j)
            .fold(0u64, |h, v| (h.rotate_left(5) ^ (v + 0.0).to_bits()).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        by_digest.entry(digest).or_default().push(j);
    }
    let mut sets: Vec<Vec<usize>> = Vec::new();
    for candidates in by_digest.into_values().filter(|c| c.len() > 1) {
        let mut open: Vec<Vec<usize>> = Vec::new();
        for j in candidates {
            match open.iter_mut().find(|set| column(rows, set[0]).eq(column(rows, j))) {
                Some(set) => set.push(j),
                None => open.push(vec![j]),
            }
        }
        sets.extend(open.into_iter().filter(|set| set.len() > 1));
    }
    sets.sort();
    sets
}

/// A single data problem about the pairs.
pub(super) fn data_error(rule: &'static str, message: impl Into<String>, remedy: &str) -> Error {
    Error::data(Problem::new(Severity::Error, rule, "pairs", message, remedy))
}
