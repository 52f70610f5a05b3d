//! Everything that was found, in one value, and the pages made of it.
//!
//! [`Report`] is the truth: `report.json` is the value itself, and Markdown, HTML and CSV show nothing that is not in it.

mod artefact;
mod artefact_facts;
mod artefact_read;
mod audit_charts;
mod audit_files;
mod audit_view;
mod charts;
mod data_view;
mod diff;
mod escape;
mod folder;
mod latex;
mod methods;
mod model_card;
mod names;
mod order_charts;
pub mod published;
mod render;
pub mod sheets;
pub mod suite;
mod suite_pages;
mod tables;
mod verdict;
pub mod verify;
mod verify_suite;
mod view;
mod worked;

pub use artefact::{Artefact, DimensionTables, PairLine, ScorerLine};
pub use audit_files::audit_files;
pub use diff::{AccuracyChange, Diff, FindingChange, HeadChange, Side, WeightChange, head_changes};
pub use folder::refuse_folder;
pub use render::Templates;
pub use view::is_lead;
pub use worked::{WorkedPair, worked_pairs};

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::audit::Audit;
use crate::dataset::{DataCard, InputFile};
use crate::evaluate::{AnswerPatterns, Evaluation, Protocol, ScoreShare};
use crate::features::ColumnKind;
use crate::fit::{CurvePoint, Rule};
use crate::head::{Explanation, Head, WeightTrace};
use crate::plot::{Chart, Figure};
use crate::problems::{Problem, Problems, Severity};
use crate::{Error, Result};

/// Version of the report's format.
pub const SCHEMA_VERSION: u32 = 1;

/// The protocol that charts and verdicts speak of, where it was computed.
pub const MAIN_PROTOCOL: Protocol = Protocol::DiffHalf;

/// What a report is made of.
#[derive(Debug, Clone)]
pub struct Parts<'a> {
    /// Heading of the report.
    pub title: String,
    /// The data in numbers.
    pub card: DataCard,
    /// Warnings and notes about the data.
    pub problems: &'a Problems,
    /// What the features stage detected and chose.
    pub feature_notes: Vec<String>,
    /// Heads fitted on the data, or given.
    pub heads: &'a [Head],
    /// Per head: what its score's variance is made of; empty where that was not computed.
    pub shares: Vec<Vec<ScoreShare>>,
    /// Per head: its weights along the path of penalties; empty where they were not computed.
    pub traces: Vec<Vec<WeightTrace>>,
    /// Comparisons worked through.
    pub worked: Vec<WorkedPair>,
    /// Patterns of the answers.
    pub answers: Option<AnswerPatterns>,
    /// What the audit found.
    pub audit: Option<Audit>,
    /// Accuracies.
    pub evaluation: Evaluation,
    /// Scores and labels that the accuracies were computed from.
    pub artefact: Artefact,
    /// What was found of planted weights; empty for data that people made.
    pub recovery: Vec<Recovery>,
    /// Command that makes this report again.
    pub command: String,
    /// Options that shaped the result, as given.
    pub options: BTreeMap<String, String>,
}

/// A whole report: `report.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Report {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Heading.
    pub title: String,
    /// Whether the data are simulated; said at the top of every page.
    pub simulated: bool,
    /// The findings in plain words, one paragraph each, made from the numbers below.
    pub verdict: Vec<String>,
    /// Accuracies, floors and comparisons.
    pub evaluation: Evaluation,
    /// The heads: all weights, and how they were fitted.
    pub heads: Vec<HeadSummary>,
    /// Comparisons worked through: where the head is most sure and right, and most sure and wrong.
    #[serde(default)]
    pub worked: Vec<WorkedPair>,
    /// What was found of planted weights; empty for data that people made.
    pub recovery: Vec<Recovery>,
    /// What the audit found; `null` where none was made.
    #[serde(default)]
    pub audit: Option<Audit>,
    /// Patterns of the answers: ladders and correlations.
    #[serde(default)]
    pub answers: Option<AnswerPatterns>,
    /// The charts; files `charts/<id>.svg`.
    pub figures: Vec<Figure>,
    /// The data in numbers.
    pub card: DataCard,
    /// What is odd about the data.
    pub problems: Vec<ProblemCount>,
    /// What the features stage detected and chose.
    pub feature_notes: Vec<String>,
    /// How the numbers were made.
    pub methods: Methods,
    /// Numbers that others published, beside the measured ones.
    #[serde(default)]
    pub published: Vec<published::PublishedTable>,
    /// Scores and labels that the accuracies were computed from; files `tables/scores.csv` and others.
    #[serde(skip)]
    pub artefact: Artefact,
}

/// One head, for reading.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct HeadSummary {
    /// Dimension.
    pub dimension: String,
    /// Id of its weights chart.
    pub figure: String,
    /// Number of weights that are not zero.
    pub used: usize,
    /// Chosen penalty.
    pub lambda: f64,
    /// Smallest penalty at which all penalised weights are 0.
    pub lambda_max: f64,
    /// How λ was chosen; `null` where it was given.
    pub rule: Option<Rule>,
    /// Whether the optimality certificate was reached.
    pub converged: bool,
    /// The certificate's residual, relative to λ_max.
    pub kkt: f64,
    /// Training pairs.
    pub pairs: usize,
    /// Training groups (prompts).
    pub groups: usize,
    /// All weights, in column order.
    pub weights: Vec<WeightRow>,
    /// Cross-validation curve behind λ.
    #[serde(default)]
    pub curve: Vec<CurvePoint>,
    /// The weights along the path of penalties; for the head that is shown first.
    #[serde(default)]
    pub traces: Vec<WeightTrace>,
    /// What the score's variance is made of.
    #[serde(default)]
    pub shares: Vec<ScoreShare>,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// One weight, for reading.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WeightRow {
    /// Column id.
    pub id: String,
    /// Short label.
    pub label: String,
    /// What the column holds.
    pub kind: ColumnKind,
    /// Dimension of the checklist, where known.
    pub dimension: Option<String>,
    /// Ladder of the checklist, where known.
    pub subdimension: Option<String>,
    /// Weight in original units, as stored in the head.
    pub weight: f64,
    /// Weight times the column's scale: per coded answer for answers, per standard deviation for numeric columns. Tables
    /// and charts show this one.
    pub effect: f64,
    /// 2.5 % percentile of the effect over bootstrap refits.
    pub low: Option<f64>,
    /// 97.5 % percentile of the effect over bootstrap refits.
    pub high: Option<f64>,
    /// Share of bootstrap refits with a non-zero weight.
    pub selected: Option<f64>,
    /// Spearman correlation of the column's difference alone with the human label.
    pub marginal: Option<f64>,
}

/// What was found of the weights planted in simulated data, for one dimension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Recovery {
    /// Dimension.
    pub dimension: String,
    /// Planted questions that have a positive fitted weight.
    pub found: Vec<RecoveredWeight>,
    /// Planted questions that have none.
    pub missed: Vec<RecoveredWeight>,
    /// Questions with a fitted weight where none is planted.
    pub unplanted: Vec<RecoveredWeight>,
    /// Share of the planted weight that sits on found questions.
    pub share_found: f64,
    /// Spearman correlation of planted and fitted weights; `null` where one side is constant.
    pub rank_correlation: Option<f64>,
}

/// One question of a [`Recovery`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RecoveredWeight {
    /// Question id.
    pub question: String,
    /// Planted weight.
    pub planted: f64,
    /// Fitted weight.
    pub fitted: f64,
}

/// How often one rule was broken, with the first few places.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ProblemCount {
    /// How bad it is.
    pub severity: Severity,
    /// Name of the rule.
    pub rule: String,
    /// Exact number of cases.
    pub count: u64,
    /// The first few, as `check` prints them.
    pub examples: Vec<String>,
}

/// How the numbers were made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Methods {
    /// Version of the program.
    pub program_version: String,
    /// Command that makes this report again.
    pub command: String,
    /// How the head's margins were made, in words.
    pub design: String,
    /// Seed of folds and bootstrap.
    pub seed: u64,
    /// Bootstrap draws behind the accuracy intervals.
    pub draws: usize,
    /// The protocols, with their rules.
    pub protocols: Vec<ProtocolNote>,
    /// Options that shaped the result, as given.
    pub options: BTreeMap<String, String>,
    /// Files that were read, with their hashes.
    pub inputs: Vec<InputFile>,
}

/// One protocol.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ProtocolNote {
    /// Its id.
    pub id: String,
    /// Its formula.
    pub formula: String,
    /// Where the rule comes from.
    pub source: String,
    /// What to mind.
    pub pitfalls: String,
}

/// The charts of heads alone: weights, path, stability.
pub fn charts_of_heads(heads: &[Head], simulated: bool) -> Vec<Chart> {
    let ids = names::figure_ids("weights", heads.iter().map(|h| h.dimension.as_str()));
    let summaries = heads.iter().zip(ids).map(|(h, id)| view::summary(h, id));
    summaries.flat_map(|head| charts::of_head(&head, simulated)).collect()
}

/// Why one item beats another, as a chart.
pub fn chart_of_explanation(explanation: &Explanation, simulated: bool) -> Chart {
    Chart::Waterfall(charts::waterfall(explanation, simulated))
}

impl Report {
    /// Puts the parts together, draws the charts and writes the verdict.
    ///
    /// # Errors
    /// [`crate::Error::Bug`] if a chart cannot be drawn.
    pub fn new(parts: Parts<'_>) -> Result<Self> {
        let figure_ids = names::figure_ids("weights", parts.heads.iter().map(|h| h.dimension.as_str()));
        let mut heads: Vec<HeadSummary> =
            parts.heads.iter().zip(figure_ids).map(|(h, id)| view::summary(h, id)).collect();
        for (head, shares) in heads.iter_mut().zip(parts.shares) {
            head.shares = shares;
        }
        for (head, traces) in heads.iter_mut().zip(parts.traces) {
            head.traces = traces;
        }
        let mut report = Self {
            schema_version: SCHEMA_VERSION,
            title: parts.title,
            simulated: parts.evaluation.simulated || parts.card.simulated,
            verdict: verdict::paragraphs(&parts.evaluation, &heads, (&parts.recovery, parts.audit.as_ref())),
            audit: parts.audit.map(Audit::for_report),
            answers: parts.answers,
            figures: Vec::new(),
            problems: view::problems(parts.problems),
            feature_notes: parts.feature_notes,
            methods: methods::methods(&parts.evaluation, &parts.card, parts.command, parts.options),
            card: parts.card,
            heads,
            worked: parts.worked,
            recovery: parts.recovery,
            evaluation: parts.evaluation,
            published: Vec::new(),
            artefact: parts.artefact,
        };
        report.figures = charts::draw(&report)?;
        Ok(report)
    }

    /// Reads a report: `report.json`, or a folder that holds one. Its figures are drawn again from its numbers.
    ///
    /// # Errors
    /// [`crate::Error::Io`] where it cannot be read; [`crate::Error::Data`] where it is no report of a known version.
    pub fn read(path: &Path) -> Result<Self> {
        let path = if path.is_dir() { path.join("report.json") } else { path.to_path_buf() };
        let bytes = std::fs::read(&path).map_err(Error::io(&path))?;
        let problem = |message: String| {
            let remedy = "give a report.json that this version of `headfit report` wrote, or its folder";
            Error::data(Problem::new(Severity::Error, "report-file", path.display().to_string(), message, remedy))
        };
        // The version first: a newer file must say so, not fail on some field.
        #[derive(Deserialize)]
        struct Version {
            schema_version: u32,
        }
        let version: Version = serde_json::from_slice(&bytes).map_err(|e| problem(format!("not a report: {e}")))?;
        if version.schema_version != SCHEMA_VERSION {
            let message = format!("format version {}, this program reads {SCHEMA_VERSION}", version.schema_version);
            return Err(problem(message));
        }
        let mut report: Self = serde_json::from_slice(&bytes).map_err(|e| problem(format!("not a report: {e}")))?;
        report.figures = charts::draw(&report)?;
        Ok(report)
    }

    /// The charts of what changed in the heads since `old`.
    pub fn head_charts_since(&self, old: &Self) -> Vec<Chart> {
        diff::of_reports(old, self)
    }

    /// Leaves out the places of problems that hold one of these names of people.
    pub fn leave_out(&mut self, names: &BTreeSet<String>) {
        if names.is_empty() {
            return;
        }
        for problem in &mut self.problems {
            let named = |text: &str| names.iter().any(|name| text.contains(name.as_str()));
            problem.examples.retain(|example| !named(example));
        }
    }

    /// Every chart that the report's numbers allow, those that pages leave out among them.
    pub fn charts(&self) -> Vec<Chart> {
        charts::all(self).into_iter().map(|placed| placed.chart).collect()
    }

    /// As [`Self::files_with`], from the built-in templates.
    ///
    /// # Errors
    /// [`crate::Error::Bug`] if a page cannot be rendered.
    pub fn files(&self) -> Result<Vec<(String, Vec<u8>)>> {
        self.files_with(&Templates::default())
    }

    /// All files of the report: name relative to its folder, and bytes. The last one marks the folder as ours.
    ///
    /// # Errors
    /// [`crate::Error::Usage`] if a page cannot be rendered from the user's templates, [`crate::Error::Bug`] if it cannot from the built-in ones.
    pub fn files_with(&self, templates: &Templates) -> Result<Vec<(String, Vec<u8>)>> {
        let mut files = vec![
            ("report.json".to_owned(), render::json(self)?),
            ("report.md".to_owned(), render::markdown(self, templates)?.into_bytes()),
            ("report.html".to_owned(), render::html(self, templates)?.into_bytes()),
            ("model-card.md".to_owned(), render::model_card(self, templates)?.into_bytes()),
        ];
        files.extend(self.figures.iter().map(|f| (format!("charts/{}.svg", f.id), f.svg.clone().into_bytes())));
        files.extend(tables::all(self)?);
        files.extend(latex::all(self));
        files.extend(self.artefact.files()?);
        let mark = folder::mark(&self.methods.program_version, self.simulated, self.methods.inputs.clone(), &files)?;
        files.push((crate::output::FOLDER_MARK.to_owned(), mark));
        Ok(files)
    }
}

/// The protocol to speak of: [`MAIN_PROTOCOL`] where it was computed, else the first one.
fn main_protocol(evaluation: &Evaluation) -> Protocol {
    let computed = |p: Protocol| evaluation.rows.iter().any(|r| r.protocol == p);
    match evaluation.rows.first() {
        Some(first) if !computed(MAIN_PROTOCOL) => first.protocol,
        _ => MAIN_PROTOCOL,
    }
}
