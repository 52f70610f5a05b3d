//! Wide tables of numbers by item: `features` and `scores`.

use super::items::link;
use super::manifest::{Declared, RESERVED_SCORERS};
use super::table::{Column, Number, Table};
use super::{Items, NumericTable};
use crate::problems::{Problem, Problems, Severity};

/// Builds the `features` table.
pub fn features(table: &Table, items: &Items, problems: &mut Problems) -> Option<NumericTable> {
    let numbers = build(table, items, problems)?;
    let covered = covered(&numbers, items.len());
    for (id, _) in items.ids.iter().zip(&covered).filter(|(_, covered)| !**covered) {
        let message = format!("the item {id} has no feature and is never scored from this table");
        problems.push(Problem::new(Severity::Warning, "item-without-features", &table.file, message, ""));
    }
    Some(numbers)
}

/// Builds the `scores` table: ranges checked, inverted columns negated.
pub fn scores(table: &Table, declared: &Declared, items: &Items, problems: &mut Problems) -> Option<NumericTable> {
    for column in table.columns.iter().filter(|c| RESERVED_SCORERS.contains(&c.name.as_str())) {
        let message = format!("the name {} is reserved for our own scores", column.name);
        let remedy = format!("rename the column, or map it: [columns.scores] other_name = \"{}\"", column.original);
        let problem = Problem::new(Severity::Error, "reserved-name", &table.file, message, remedy);
        problems.push(Problem { column: Some(column.original.clone()), ..problem });
    }
    for (name, rule) in &declared.manifest.scores {
        let (Some(column), Some([low, high])) = (table.column(name), rule.scale) else { continue };
        for row in 0..table.len() {
            if let Number::Value(value) = column.number(row)
                && !(low..=high).contains(&value)
            {
                let message = format!("{name} is declared to lie in [{low}, {high}]");
                let remedy = "correct the value, or the scale in dataset.toml";
                problems.push(table.error("out-of-range", row, column, message, remedy));
            }
        }
    }
    let mut numbers = build(table, items, problems)?;
    for (name, column) in numbers.names.iter().zip(&mut numbers.columns) {
        if declared.manifest.scores.get(name).is_some_and(|rule| rule.invert) {
            column.iter_mut().flatten().for_each(|value| *value = -*value);
        }
    }
    Some(numbers)
}

/// Whether each item has a value in some column.
pub fn covered(table: &NumericTable, items: usize) -> Vec<bool> {
    (0..items).map(|i| table.columns.iter().any(|c| c.get(i).copied().flatten().is_some())).collect()
}

fn build(table: &Table, items: &Items, problems: &mut Problems) -> Option<NumericTable> {
    let id = table.require("item_id", problems)?;
    let before = problems.count(Severity::Error);
    let rows = item_rows(table, id, items, problems);
    let mut out = NumericTable::default();
    for column in table.columns.iter().filter(|c| c.name != "item_id") {
        if is_text(column, table.len()) {
            let message = format!("the {} table holds numbers; this column holds none", table.name);
            let remedy = "move the column to the items table, or remove it";
            let problem = Problem::new(Severity::Error, "not-numeric-column", &table.file, message, remedy);
            let first = (0..table.len()).map(|row| column.shown(row)).find(|v| !v.trim().is_empty());
            problems.push(problem.cell(&column.original, first.unwrap_or_default()));
            continue;
        }
        let mut values = vec![None; items.len()];
        for (row, item) in rows.iter().enumerate() {
            let value = table.number(column, row, problems);
            if let Some(slot) = item.and_then(|i| values.get_mut(i)) {
                *slot = value;
            }
        }
        out.names.push(column.name.clone());
        out.columns.push(values);
    }
    if out.names.is_empty() && problems.count(Severity::Error) == before {
        let message = format!("the {} table has no column of numbers", table.name);
        problems.push(Problem::new(
            Severity::Error,
            "missing-column",
            &table.file,
            message,
            "add one, or remove the file",
        ));
    }
    Some(out)
}

/// Item of each row; unknown and repeated ones are errors.
fn item_rows(table: &Table, id: &Column, items: &Items, problems: &mut Problems) -> Vec<Option<usize>> {
    let mut first: Vec<Option<usize>> = vec![None; items.len()];
    let mut rows = Vec::with_capacity(table.len());
    for row in 0..table.len() {
        let item = link(table, id, row, items, problems);
        rows.push(item.filter(|&item| match first.get_mut(item) {
            Some(Some(other)) => {
                let line = table.lines.get(*other).copied().unwrap_or(0);
                let message = format!("the item stands on line {line} already");
                problems.push(table.error("duplicate-id", row, id, message, "give every item one row"));
                false
            }
            Some(slot) => {
                *slot = Some(row);
                true
            }
            None => false,
        }));
    }
    rows
}

/// Whether a column holds text and no number at all.
fn is_text(column: &Column, rows: usize) -> bool {
    let mut text = false;
    for row in 0..rows {
        match column.number(row) {
            Number::Value(_) | Number::NotFinite => return false,
            Number::Words => text = true,
            Number::Missing => {}
        }
    }
    text
}
