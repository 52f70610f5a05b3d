//! Chosen tables → one matrix of columns.

use std::collections::BTreeSet;

use ndarray::Array2;

use super::{
    Column, ColumnKind, FeatureMatrix, FeatureOptions, FeatureSource, Hierarchy, Layout, aggregate, answers, hierarchy,
    layout,
};
use crate::dataset::{Answers, Dataset, NumericTable};
use crate::problems::{Problem, Severity};
use crate::{Error, Result};

/// Columns with one value per item each (NaN = missing), and what should be said about them.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub columns: Vec<Column>,
    pub values: Vec<Vec<f64>>,
    pub notes: Vec<String>,
}

/// Makes the columns of a data set; missing values stay missing.
///
/// Columns stand in the order answers, `features` table, scorers. An id that an earlier source has already is prefixed
/// with `table:` or `score:`.
///
/// # Errors
/// [`Error::Usage`] for tables or scorers that the flags ask for and the data set lacks; [`Error::Data`] where there
/// are no features at all, for questions that the checklist does not know, and for texts that are not the checklist's.
pub fn build(ds: &Dataset, options: &FeatureOptions) -> Result<FeatureMatrix> {
    run(ds, options, Extent::Needed)
}

/// As [`build`], with the aggregates that these data do not need.
pub(super) fn complete(ds: &Dataset, options: &FeatureOptions) -> Result<FeatureMatrix> {
    run(ds, options, Extent::Complete)
}

/// Which aggregates are made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Extent {
    /// Those that add something on these data.
    Needed,
    /// All of them.
    Complete,
}

fn run(ds: &Dataset, options: &FeatureOptions, extent: Extent) -> Result<FeatureMatrix> {
    let mut notes = Vec::new();
    let source = choose_source(ds, options, &mut notes)?;
    let mut blocks = Vec::new();
    let mut chosen_layout = None;
    if let Some(answers) = ds.answers.as_ref().filter(|_| source != FeatureSource::Table) {
        let (block, layout) = from_answers(ds, answers, options, extent)?;
        blocks.push(block);
        chosen_layout = Some(layout);
    } else if options.hierarchy == Hierarchy::Dsg || options.layout.is_some() {
        notes.push("layout and hierarchy concern answers, which are not used here".to_owned());
    }
    if let Some(table) = ds.features.as_ref().filter(|_| source != FeatureSource::Answers) {
        blocks.push(from_table(table, 0..table.names.len(), ColumnKind::Table));
    }
    if !options.with_scores.is_empty() {
        blocks.push(from_scores(ds, &options.with_scores)?);
    }
    let mut matrix = join(ds, blocks, notes)?;
    (matrix.coding, matrix.source, matrix.layout) = (options.coding, source, chosen_layout);
    say_missing(&mut matrix);
    Ok(matrix)
}

/// Prefixes of a judge for ids and labels: empty where there is one judge, or where the judge has no name.
pub(super) fn judge_prefix(answers: &Answers, judge: usize) -> (String, String) {
    match answers.judges[judge].as_str() {
        "" => Default::default(),
        _ if answers.judges.len() == 1 => Default::default(),
        name => (format!("{name}/"), format!("{name}: ")),
    }
}

fn choose_source(ds: &Dataset, options: &FeatureOptions, notes: &mut Vec<String>) -> Result<FeatureSource> {
    let (table, answers) = (ds.features.is_some(), ds.answers.is_some());
    let declared = match ds.manifest.features.as_deref() {
        None => None,
        Some("table") => Some(FeatureSource::Table),
        Some("answers") => Some(FeatureSource::Answers),
        Some("both") => Some(FeatureSource::Both),
        Some(other) => {
            let remedy = "write table, answers or both";
            return Err(manifest_problem(other, "there is no such choice of features", remedy));
        }
    };
    let source = match options.source.or(declared) {
        Some(source) => source,
        None if table => FeatureSource::Table,
        None if answers => FeatureSource::Answers,
        None => {
            let message = "the data set has neither an `answers` nor a `features` table, so there is nothing to fit on";
            let remedy = "add answers.csv (item_id, question_id, answer) or features.csv (item_id and numeric columns)";
            return Err(Error::data(Problem::new(Severity::Error, "no-features", ds.name.clone(), message, remedy)));
        }
    };
    let lacking = match source {
        FeatureSource::Table | FeatureSource::Both if !table => Some("features"),
        FeatureSource::Answers | FeatureSource::Both if !answers => Some("answers"),
        _ => None,
    };
    match (lacking, options.source) {
        (None, _) => {}
        (Some(lacking), Some(_)) => {
            let other = if table || answers { ", or leave --features out" } else { "" };
            return Err(Error::Usage(format!(
                "--features asks for the `{lacking}` table, and {} has none; add it{other}",
                ds.name
            )));
        }
        (Some(lacking), None) => {
            let value = ds.manifest.features.clone().unwrap_or_default();
            let message = format!("it asks for the `{lacking}` table, and the data set has none");
            return Err(manifest_problem(&value, &message, "add the table, or change the choice"));
        }
    }
    if table && answers {
        notes.push(
            match source {
                FeatureSource::Table => {
                    "the `features` table is used, and the answers are not (--features answers|both)"
                }
                FeatureSource::Answers => {
                    "the answers are used, and the `features` table is not (--features table|both)"
                }
                FeatureSource::Both => "answers and the `features` table are used side by side",
            }
            .to_owned(),
        );
    }
    Ok(source)
}

fn manifest_problem(value: &str, message: &str, remedy: &str) -> Error {
    Error::data(
        Problem::new(Severity::Error, "features-choice", "dataset.toml", message, remedy).cell("features", value),
    )
}

fn from_answers(ds: &Dataset, answers: &Answers, options: &FeatureOptions, extent: Extent) -> Result<(Block, Layout)> {
    let mut notes = Vec::new();
    let (layout, reason) = match options.layout {
        Some(layout) => (layout, "as asked for by --layout".to_owned()),
        None => layout::detect(ds, answers),
    };
    notes.push(match layout {
        Layout::Fixed => format!("fixed checklist, one column per question ({reason})"),
        Layout::PerPrompt => format!("questions of their own per prompt, columns by category ({reason})"),
    });
    let p_yes = hierarchy::effective(answers, options.hierarchy, &mut notes);
    let mut block = match layout {
        Layout::Fixed => answers::columns(ds, answers, &p_yes, options.coding, options.gates.as_deref())?,
        Layout::PerPrompt => aggregate::columns(ds, answers, &p_yes, options.coding, extent),
    };
    notes.append(&mut block.notes);
    block.notes = notes;
    Ok((block, layout))
}

fn from_table(table: &NumericTable, chosen: impl Iterator<Item = usize>, kind: ColumnKind) -> Block {
    let mut block = Block::default();
    for c in chosen {
        block.columns.push(Column {
            id: table.names[c].clone(),
            label: table.names[c].clone(),
            kind,
            dimension: None,
            subdimension: None,
            text_sha256: None,
        });
        block.values.push(table.columns[c].iter().map(|value| value.unwrap_or(f64::NAN)).collect());
    }
    block
}

fn from_scores(ds: &Dataset, wanted: &[String]) -> Result<Block> {
    let Some(scores) = &ds.scores else {
        return Err(Error::Usage(format!("--with-scores needs a `scores` table, and {} has none", ds.name)));
    };
    let mut chosen = Vec::new();
    let mut unknown = Vec::new();
    for name in wanted {
        match scores.names.iter().position(|known| known == name) {
            Some(c) if !chosen.contains(&c) => chosen.push(c),
            Some(_) => {}
            None => unknown.push(name.as_str()),
        }
    }
    if !unknown.is_empty() {
        return Err(Error::Usage(format!(
            "--with-scores: no scorer is called {}; the scorers of {} are {}",
            unknown.join(", "),
            ds.name,
            scores.names.join(", ")
        )));
    }
    let mut block = from_table(scores, chosen.into_iter(), ColumnKind::Score);
    block.notes.push(format!("scorers that join as features: {}", wanted.join(", ")));
    Ok(block)
}

/// Puts the blocks side by side under unique ids.
fn join(ds: &Dataset, blocks: Vec<Block>, mut notes: Vec<String>) -> Result<FeatureMatrix> {
    let mut columns: Vec<Column> = Vec::new();
    let mut values: Vec<Vec<f64>> = Vec::new();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for block in blocks {
        notes.extend(block.notes);
        let earlier = taken.clone();
        for mut column in block.columns {
            let prefix = if column.kind == ColumnKind::Score { "score:" } else { "table:" };
            while earlier.contains(&column.id) {
                column.id.insert_str(0, prefix);
            }
            if !taken.insert(column.id.clone()) {
                let message = "two columns of one source get this id";
                let remedy = "rename a judge, question or category so that judge/question stays unique";
                let problem = Problem::new(Severity::Error, "column-id", ds.name.clone(), message, remedy);
                return Err(Error::data(problem.cell("id", &column.id)));
            }
            columns.push(column);
        }
        values.extend(block.values);
    }
    let items = ds.items.len();
    if values.iter().any(|column| column.len() != items) {
        return Err(Error::Bug("a feature column has another length than the items".into()));
    }
    let values = Array2::from_shape_fn((items, columns.len()), |(i, c)| values[c][i]);
    let scoreable = scoreable(&columns, &values);
    Ok(FeatureMatrix {
        item_ids: ds.items.ids.clone(),
        columns,
        values,
        scoreable,
        coding: Default::default(),
        source: FeatureSource::Both,
        layout: None,
        notes,
    })
}

/// Which items have at least one value of answers or table; what other scorers say does not count.
pub(super) fn scoreable(columns: &[Column], values: &Array2<f64>) -> Vec<bool> {
    let own: Vec<usize> = (0..columns.len()).filter(|&c| columns[c].kind != ColumnKind::Score).collect();
    values.rows().into_iter().map(|row| own.iter().any(|&c| !row[c].is_nan())).collect()
}

fn say_missing(matrix: &mut FeatureMatrix) {
    let unscoreable = matrix.scoreable.iter().filter(|&&s| !s).count();
    if unscoreable > 0 {
        let all = matrix.scoreable.len();
        matrix.notes.push(format!("{unscoreable} of {all} items have no value at all and are never scored"));
    }
    let kept = matrix.values.rows().into_iter().zip(&matrix.scoreable).filter(|(_, keep)| **keep);
    let missing: usize = kept.map(|(row, _)| row.iter().filter(|v| v.is_nan()).count()).sum();
    if missing > 0 {
        let all = (matrix.scoreable.len() - unscoreable) * matrix.columns.len();
        matrix.notes.push(format!("{missing} of {all} values of the other items are missing"));
    }
}
