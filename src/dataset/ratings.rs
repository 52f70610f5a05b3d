//! The ratings table → [`Rating`]s.

use std::collections::{BTreeMap, HashMap};

use super::items::{Interner, link};
use super::manifest::Declared;
use super::table::Table;
use super::{Items, Rating};
use crate::problems::{Problem, Problems, Severity};

/// Builds the ratings; rows that break a rule are left out and reported.
pub fn build(table: &Table, declared: &Declared, items: &Items, problems: &mut Problems) -> Option<Vec<Rating>> {
    let columns = ["item_id", "annotator", "dimension", "value"].map(|name| table.require(name, problems));
    let [Some(id), Some(annotator), Some(dimension), Some(value)] = columns else { return None };
    super::answers::note_unused(table, &["item_id", "annotator", "dimension", "value"], problems);
    let mut people = Interner::default();
    let mut dimensions = Interner::default();
    let mut seen: HashMap<(usize, usize, usize), usize> = HashMap::with_capacity(table.len());
    let mut ratings: Vec<Rating> = Vec::with_capacity(table.len());
    let mut rows = Vec::with_capacity(table.len());
    for row in 0..table.len() {
        let item = link(table, id, row, items, problems);
        let person = table.needed(annotator, row, problems);
        let name = table.needed(dimension, row, problems);
        let before = problems.count(Severity::Error);
        let number = table.number(value, row, problems);
        if number.is_none() && problems.count(Severity::Error) == before {
            let problem = table.problem(Severity::Warning, "blank-rating", row, "the rating is blank and left out", "");
            problems.push(problem.cell(&value.original, ""));
        }
        let (Some(item), Some(person), Some(name), Some(number)) = (item, person, name, number) else { continue };
        let range = declared.manifest.ratings.get(name.as_ref()).and_then(|rule| rule.range);
        if let Some([low, high]) = range.filter(|[low, high]| !(*low..=*high).contains(&number)) {
            let message = format!("{name} is declared to lie in [{low}, {high}]");
            let remedy = "correct the value, or the range in dataset.toml";
            problems.push(table.error("out-of-range", row, value, message, remedy));
            continue;
        }
        let key = (item, people.number(&person), dimensions.number(&name));
        if let Some(&first) = seen.get(&key) {
            let line = rows.get(first).and_then(|&r: &usize| table.lines.get(r)).copied().unwrap_or(0);
            let same = ratings.get(first).is_some_and(|r| r.value == number);
            problems.push(
                duplicate(table, row, line, same, "item, dimension and annotator")
                    .cell(&value.original, value.shown(row)),
            );
            continue;
        }
        seen.insert(key, ratings.len());
        rows.push(row);
        ratings.push(Rating { item, annotator: person.into_owned(), dimension: name.into_owned(), value: number });
    }
    warn_uneven(table, &ratings, &dimensions, items, problems);
    Some(ratings)
}

/// The problem of a row that repeats an earlier one: a warning where it says the same, an error where it does not.
/// `what` both rows are about.
pub fn duplicate(table: &Table, row: usize, line: u64, same: bool, what: &str) -> Problem {
    if same {
        let message = format!("the row repeats line {line} (same {what}); it is kept once");
        table.problem(Severity::Warning, "identical-duplicate", row, message, "remove one of the rows")
    } else {
        let message = format!("the row contradicts line {line} (same {what})");
        let remedy = "keep one of the rows, or tell them apart by annotator or judge";
        table.problem(Severity::Error, "contradictory-duplicate", row, message, remedy)
    }
}

/// Warns of items that have another number of ratings than most, per dimension.
fn warn_uneven(table: &Table, ratings: &[Rating], dimensions: &Interner, items: &Items, problems: &mut Problems) {
    let mut by_dimension: Vec<BTreeMap<usize, usize>> = vec![BTreeMap::new(); dimensions.names.len()];
    for rating in ratings {
        if let Some(counts) = dimensions.find(&rating.dimension).and_then(|d| by_dimension.get_mut(d)) {
            *counts.entry(rating.item).or_default() += 1;
        }
    }
    for (name, counts) in dimensions.names.iter().zip(&by_dimension) {
        let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
        for &count in counts.values() {
            *sizes.entry(count).or_default() += 1;
        }
        let Some((&usual, _)) = sizes.iter().max_by_key(|&(_, &n)| n) else { continue };
        for (&item, &count) in counts.iter().filter(|&(_, &count)| count != usual) {
            let id = items.ids.get(item).map_or("", String::as_str);
            let message = format!("ratings of the item {id} on {name}: {count}; most items have {usual}");
            problems.push(Problem::new(Severity::Warning, "uneven-raters", &table.file, message, ""));
        }
    }
}
