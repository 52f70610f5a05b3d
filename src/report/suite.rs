//! A suite: several data sets, each with its head and scorers, under the same protocols → one benchmark table, scorers
//! down and benchmarks across, with a winner per column only where one is proven.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::published::PublishedTable;
use super::{Artefact, names};
use crate::dataset::InputFile;
use crate::evaluate::duel::{self, LEAST_COVERAGE};
use crate::evaluate::{DimensionScores, Evaluation, Protocol, Row};
use crate::problems::{Problem, Severity};
use crate::stats::multiplicity::benjamini_hochberg_some;
use crate::{Error, Result};

/// Version of the format of `suite.json`.
pub const SUITE_VERSION: u32 = 1;
/// A best scorer is a winner up to this false discovery rate over the columns.
pub const SIGNIFICANT: f64 = 0.05;

/// `suite.toml`: what is to be compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SuitePlan {
    /// Heading.
    pub title: Option<String>,
    /// Rules, one column each per data set and dimension; default `tau` and `diff-half`.
    #[serde(default = "default_protocols")]
    pub protocols: Vec<Protocol>,
    /// Bootstrap draws; default 1,000.
    #[serde(default = "default_draws")]
    pub draws: usize,
    /// Seed; default 1.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// Scorers to show, in this order; default: all, in order of appearance. The head is always shown.
    #[serde(default)]
    pub scorers: Vec<String>,
    /// Names of published tables to show beside.
    #[serde(default)]
    pub published: Vec<String>,
    /// Fit and feature options of all heads that are fitted here.
    #[serde(default)]
    pub fit: FlagMap,
    /// The data sets.
    #[serde(rename = "dataset")]
    pub datasets: Vec<SuiteEntry>,
}

/// One data set of a suite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SuiteEntry {
    /// Folder, relative to the suite file (or to `--data-root`).
    pub path: PathBuf,
    /// Name in the table; default: the data set's.
    pub name: Option<String>,
    /// Manifest outside the folder.
    pub manifest: Option<PathBuf>,
    /// Dimensions; default: all.
    #[serde(default)]
    pub dimensions: Vec<String>,
    /// Heads fitted before, as the head; default: fitted here.
    pub head: Option<PathBuf>,
    /// Outer folds; default: the split in the data, else 5.
    pub cross_validate: Option<usize>,
    /// Penalty of heads fitted here; default: chosen by cross-validation. The same as `fit.lambda`.
    pub lambda: Option<f64>,
    /// Fit and feature options of the heads of this data set, over those of the suite.
    #[serde(default)]
    pub fit: FlagMap,
    /// More heads fitted here, each a row of its own: name → what differs from `fit`.
    #[serde(default)]
    pub fits: BTreeMap<String, FlagMap>,
    /// More heads fitted before, each a row of its own: name → heads file.
    #[serde(default)]
    pub heads: BTreeMap<String, PathBuf>,
    /// Row of the table → name of the scorer in this data set, where another name is used here.
    #[serde(default)]
    pub scorers: BTreeMap<String, String>,
    /// Count a pair that a scorer does not cover as an equal score.
    #[serde(default)]
    pub missing_score_equal: bool,
}

/// Options by the names that they have on the command line, without the dashes: `ties = "rao-kupper"`.
pub type FlagMap = BTreeMap<String, FlagValue>;

/// The value of an option.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum FlagValue {
    /// A switch.
    Switch(bool),
    /// A whole number.
    Whole(i64),
    /// A number.
    Number(f64),
    /// A word.
    Word(String),
    /// Several words.
    Words(Vec<String>),
}

/// Options as words of a command line; a switch that is off is none.
pub fn flags(options: &FlagMap) -> Vec<String> {
    let words = |(name, value): (&String, &FlagValue)| {
        let flag = format!("--{name}");
        match value {
            FlagValue::Switch(false) => Vec::new(),
            FlagValue::Switch(true) => vec![flag],
            FlagValue::Whole(n) => vec![format!("{flag}={n}")],
            FlagValue::Number(x) => vec![format!("{flag}={x}")],
            FlagValue::Word(word) => vec![format!("{flag}={word}")],
            FlagValue::Words(words) => words.iter().map(|word| format!("{flag}={word}")).collect(),
        }
    };
    options.iter().flat_map(words).collect()
}

fn default_protocols() -> Vec<Protocol> {
    vec![Protocol::Tau, Protocol::DiffHalf]
}

fn default_draws() -> usize {
    1000
}

fn default_seed() -> u64 {
    1
}

impl SuitePlan {
    /// Reads a suite; `file` names it in messages.
    ///
    /// # Errors
    /// [`Error::Data`] for what is no suite: syntax, unknown keys, no data set, names that cannot be used.
    pub fn from_toml(text: &str, file: &str) -> Result<Self> {
        let fault = |message: String, remedy: &str| {
            Error::data(Problem::new(Severity::Error, "suite-file", file, message, remedy))
        };
        let plan: Self = toml::from_str(text)
            .map_err(|e| fault(format!("not a suite: {}", e.to_string().trim()), "see `headfit report --help`"))?;
        if plan.datasets.is_empty() || plan.protocols.is_empty() {
            return Err(fault("there is no [[dataset]], or no protocol".into(), "name at least one of each"));
        }
        let reserved = |name: &&String| ["head", "mean"].contains(&name.as_str()) || name.contains(';');
        if let Some(entry) = plan.datasets.iter().find(|d| d.head.is_some() && !(d.fit.is_empty() && d.fits.is_empty()))
        {
            let message =
                format!("{}: a stored head is not fitted, so `fit` and `fits` do nothing", entry.path.display());
            return Err(fault(message, "leave out `head`, or `fit` and `fits`"));
        }
        if let Some((entry, name)) =
            plan.datasets.iter().find_map(|d| Some((d, d.fits.keys().find(|name| d.heads.contains_key(*name))?)))
        {
            let message = format!("{}: \"{name}\" stands under `heads` and under `fits`", entry.path.display());
            return Err(fault(message, "choose another name"));
        }
        if let Some(name) = plan.datasets.iter().flat_map(|d| d.heads.keys().chain(d.fits.keys())).find(reserved) {
            let remedy = "choose another name";
            return Err(fault(
                format!("a head beside the head cannot be called \"{name}\" (reserved, or with a semicolon)"),
                remedy,
            ));
        }
        Ok(plan)
    }
}

/// One data set, evaluated.
#[derive(Debug, Clone)]
pub struct SuiteResult {
    /// Name in the table.
    pub name: String,
    /// Row of the table → name of the scorer in this data set.
    pub scorers: BTreeMap<String, String>,
    /// The evaluation.
    pub evaluation: Evaluation,
    /// What it was computed from.
    pub scores: Vec<DimensionScores>,
    /// The same as tables.
    pub artefact: Artefact,
    /// Files that were read.
    pub inputs: Vec<InputFile>,
    /// Row of the table → options of the head that was fitted for it.
    pub fits: BTreeMap<String, String>,
}

/// A whole suite: `suite.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SuiteReport {
    /// [`SUITE_VERSION`].
    pub suite_version: u32,
    /// Heading.
    pub title: String,
    /// Whether any data set is simulated.
    pub simulated: bool,
    /// What the table says, in words.
    pub verdict: Vec<String>,
    /// Rows of the table.
    pub scorers: Vec<String>,
    /// Columns of the table.
    pub columns: Vec<SuiteColumn>,
    /// The data sets with everything that was measured.
    pub datasets: Vec<SuiteDataset>,
    /// Numbers that others published.
    pub published: Vec<PublishedTable>,
    /// Version of the program.
    pub program_version: String,
    /// Command that makes it again.
    pub command: String,
    /// Scores and labels by data set; files `data/<id>/tables/*.csv`.
    #[serde(skip)]
    pub artefacts: Vec<Artefact>,
}

/// One data set of a suite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SuiteDataset {
    /// Name in the table.
    pub name: String,
    /// Folder of its scores and labels below `data/`.
    pub id: String,
    /// Row of the table → name of the scorer in this data set.
    pub scorers: BTreeMap<String, String>,
    /// Everything that was measured.
    pub evaluation: Evaluation,
    /// Files that were read, with their hashes.
    pub inputs: Vec<InputFile>,
    /// Row of the table → options of the head that was fitted for it, where they differ from the defaults.
    #[serde(default)]
    pub fits: BTreeMap<String, String>,
}

/// One column: a dimension of a data set under one protocol.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SuiteColumn {
    /// Name of the data set.
    pub dataset: String,
    /// Dimension.
    pub dimension: String,
    /// Protocol.
    pub protocol: Protocol,
    /// One entry per row of the table; `null` where the scorer does not occur.
    pub cells: Vec<Option<SuiteCell>>,
    /// Floors: name and accuracy.
    pub floors: Vec<(String, f64)>,
    /// Scorer with the highest accuracy among those that cover at least half of the pairs.
    pub best: Option<String>,
    /// p-value of its hardest paired test (sign flips over prompts) against another such scorer.
    pub p: Option<f64>,
    /// p adjusted over the columns (Benjamini–Hochberg).
    pub q: Option<f64>,
    /// The best scorer, where q is at most 0.05 and it is ahead of every other one on their common pairs.
    pub winner: Option<String>,
    /// Scorers that the best one is not shown to beat.
    pub rivals: Vec<String>,
}

/// One accuracy of the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SuiteCell {
    /// The accuracy.
    pub value: Option<f64>,
    /// Lower end of the 95 % interval.
    pub low: Option<f64>,
    /// Upper end of the 95 % interval.
    pub high: Option<f64>,
    /// Pairs in the denominator.
    pub n: usize,
    /// Prompts behind them.
    pub prompts: usize,
    /// Share of the head's pairs that the scorer covers.
    pub coverage: f64,
    /// Why there is no value.
    pub reason: Option<String>,
}

impl SuiteReport {
    /// Puts the evaluated data sets into one table.
    pub fn new(plan: &SuitePlan, results: Vec<SuiteResult>, published: Vec<PublishedTable>, command: String) -> Self {
        let ids = names::figure_ids("set", results.iter().map(|r| r.name.as_str()));
        let scorers = rows_of_table(plan, &results);
        let mut columns: Vec<SuiteColumn> = Vec::new();
        for result in &results {
            columns.extend(columns_of(&result.name, &result.scorers, &result.evaluation, &result.scores, &scorers));
        }
        decide(&mut columns);
        let artefacts = results.iter().map(|r| r.artefact.clone()).collect();
        let datasets: Vec<SuiteDataset> = (results.into_iter().zip(ids))
            .map(|(r, id)| SuiteDataset {
                name: r.name,
                id,
                scorers: r.scorers,
                evaluation: r.evaluation,
                inputs: r.inputs,
                fits: r.fits,
            })
            .collect();
        Self {
            suite_version: SUITE_VERSION,
            title: plan.title.clone().unwrap_or_else(|| "Benchmark of the head and cached scorers".to_owned()),
            simulated: datasets.iter().any(|d| d.evaluation.simulated),
            verdict: super::suite_pages::verdict(&scorers, &columns),
            scorers,
            columns,
            datasets,
            published,
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            command,
            artefacts,
        }
    }
}

/// Rows of the table: the head, then those that the plan names, else all in order of appearance.
fn rows_of_table(plan: &SuitePlan, results: &[SuiteResult]) -> Vec<String> {
    let mut rows: Vec<String> = vec!["head".to_owned()];
    let mut add = |name: &str| {
        if !rows.iter().any(|known| known == name) {
            rows.push(name.to_owned());
        }
    };
    if plan.scorers.is_empty() {
        for result in results {
            result.evaluation.rows.iter().for_each(|row| add(shown_as(&result.scorers, &row.scorer)));
        }
    } else {
        plan.scorers.iter().for_each(|name| add(name));
    }
    rows
}

/// The row of the table in which a scorer of a data set is shown.
fn shown_as<'a>(renamed: &'a BTreeMap<String, String>, scorer: &'a str) -> &'a str {
    renamed.iter().find(|(_, here)| *here == scorer).map_or(scorer, |(row, _)| row.as_str())
}

/// The columns of one data set, winners undecided. Only scorers that the table shows can be best.
pub(super) fn columns_of(
    name: &str,
    renamed: &BTreeMap<String, String>,
    evaluation: &Evaluation,
    scores: &[DimensionScores],
    scorers: &[String],
) -> Vec<SuiteColumn> {
    let mut columns = Vec::new();
    for found in scores {
        let shown: Vec<_> = (found.scored.iter())
            .filter(|s| scorers.iter().any(|row| row == shown_as(renamed, &s.scorer)))
            .cloned()
            .collect();
        for protocol in evaluation.protocols() {
            let cell = |row: &String| {
                let of_row = |r: &&Row| {
                    r.dimension == found.dimension && r.protocol == protocol && shown_as(renamed, &r.scorer) == row
                };
                evaluation.rows.iter().find(of_row).map(cell_of)
            };
            let best = duel::best(&found.labels, &shown, protocol, evaluation.seed);
            let name_of = |scorer: &String| shown_as(renamed, scorer).to_owned();
            let floors = evaluation.floors.iter().filter(|f| f.dimension == found.dimension && f.protocol == protocol);
            columns.push(SuiteColumn {
                dataset: name.to_owned(),
                dimension: found.dimension.clone(),
                protocol,
                cells: scorers.iter().map(cell).collect(),
                floors: floors.map(|f| (f.floor.clone(), f.value)).collect(),
                p: best.as_ref().and_then(|b| b.p),
                q: None,
                winner: best.as_ref().filter(|b| b.ahead).map(|b| name_of(&b.scorer)),
                rivals: best.iter().flat_map(|b| &b.rivals).map(name_of).collect(),
                best: best.map(|b| name_of(&b.scorer)),
            });
        }
    }
    columns
}

/// Corrects for the number of columns, and keeps only the winners that remain.
pub(super) fn decide(columns: &mut [SuiteColumn]) {
    let p: Vec<Option<f64>> = columns.iter().map(|c| c.p).collect();
    for (column, q) in columns.iter_mut().zip(benjamini_hochberg_some(&p)) {
        column.q = q;
        if q.is_none_or(|q| q > SIGNIFICANT) {
            column.winner = None;
        }
    }
}

fn cell_of(row: &Row) -> SuiteCell {
    SuiteCell {
        value: row.value,
        low: row.low,
        high: row.high,
        n: row.n,
        prompts: row.prompts,
        coverage: row.coverage,
        reason: row.reason.clone(),
    }
}

impl SuiteCell {
    /// Whether the scorer covers enough of the pairs to be compared.
    pub fn counts(&self) -> bool {
        self.coverage >= LEAST_COVERAGE
    }
}
