//! From a source to a checked data set: the order of the steps.

use super::files::Files;
use super::manifest::Declared;
use super::tables::Tables;
use super::{Dataset, Items, ReadOptions, Source};
use super::{answers, derive, items, manifest, numeric, pairs, ratings, tables};
use crate::problems::{Problem, Problems, Severity};
use crate::{Error, Result};

/// Reads, checks and links a data set.
///
/// # Errors
/// [`Error::Data`] with every problem found; [`Error::Io`] where a file cannot be read.
pub fn read(source: &Source, options: ReadOptions) -> Result<Dataset> {
    let (data, problems) = load(source, options)?;
    if problems.has_errors() {
        return Err(Error::Data(Box::new(problems)));
    }
    data.ok_or_else(|| Error::Bug("a data set without errors was not built".into()))
}

/// Reads a data set as far as it goes: what could be read (rows that break a rule left out) and every problem found.
/// The data set is `None` where its items cannot be known; its own `problems` are the same as those returned.
///
/// # Errors
/// [`Error::Data`] where there is no such folder; [`Error::Io`] where a file exists and cannot be read.
pub fn load(source: &Source, options: ReadOptions) -> Result<(Option<Dataset>, Problems)> {
    let mut problems = Problems::default();
    let files = Files::open(source)?;
    let Some(declared) = manifest::read(&files, &mut problems)? else { return Ok((None, problems)) };
    let checklist = declared.checklist(&files, &mut problems)?;
    let mut tables = tables::read(&files, &declared, &mut problems)?;
    // Without complete items every other table would seem to name unknown ones.
    let items = match tables.take("items") {
        Some(table) if !tables.broken.contains(&"items") => items::build(&table, &declared, &mut problems),
        _ => None,
    };
    let Some(items) = items else { return Ok((None, problems)) };
    let mut data = Dataset {
        name: declared.manifest.name.clone().unwrap_or_else(|| files.name.clone()),
        simulated: declared.manifest.simulated,
        items: Items::default(),
        checklist,
        answers: None,
        features: None,
        ratings: Vec::new(),
        pairs: Vec::new(),
        pairs_derived: false,
        dimensions: Vec::new(),
        scores: None,
        manifest: declared.manifest.clone(),
        problems: Problems::default(),
        inputs: std::mem::take(&mut tables.inputs),
    };
    fill(&mut data, &items, tables, &declared, options, &mut problems);
    data.items = items;
    declared.check_names(&data, &mut problems);
    data.problems = problems.clone();
    Ok((Some(data), problems))
}

/// Builds every table but the items, freeing each raw table after use.
fn fill(
    data: &mut Dataset,
    items: &Items,
    mut tables: Tables,
    declared: &Declared,
    options: ReadOptions,
    problems: &mut Problems,
) {
    if let Some(table) = tables.take("answers") {
        data.answers = answers::build(&table, data.checklist.as_ref(), items, options, problems);
    }
    if let Some(table) = tables.take("features") {
        data.features = numeric::features(&table, items, problems);
    }
    if let Some(table) = tables.take("ratings") {
        data.ratings = ratings::build(&table, declared, items, problems).unwrap_or_default();
    }
    if let Some(table) = tables.take("scores") {
        data.scores = numeric::scores(&table, declared, items, problems);
    }
    if let Some(table) = tables.take("pairs") {
        if let Some(found) = pairs::build(&table, declared, items, problems) {
            data.pairs = found.pairs;
            data.dimensions = found.dimensions;
        }
    } else if !data.ratings.is_empty() && !tables.broken.contains(&"pairs") {
        (data.pairs, data.dimensions) = derive::pairs(items, &data.ratings, data.checklist.as_ref());
        data.pairs_derived = true;
        let message = format!("there is no pairs table: {} pairs were derived from mean ratings", data.pairs.len());
        problems.push(Problem::new(Severity::Note, "derived-pairs", "ratings", message, ""));
    }
}
