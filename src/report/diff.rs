//! Two reports side by side: what changed in accuracy, weights and findings.

use std::collections::BTreeMap;

use minijinja::context;
use minijinja::value::Serde;
use serde::{Deserialize, Serialize};

use super::render::{self, Templates};
use super::{HeadSummary, Report, WeightRow, charts, folder, main_protocol, view};
use crate::Result;
use crate::audit::{Finding, Verdict};
use crate::evaluate::Protocol;
use crate::head::HeadsFile;
use crate::plot::head_diff::{Change, HeadDiff};
use crate::plot::text::{one_line, percent, signed};
use crate::plot::{Chart, Figure};

/// `diff.json`: what changed from one report to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Diff {
    /// [`super::SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The older report.
    pub old: Side,
    /// The newer report.
    pub new: Side,
    /// What makes the two hard to compare: other data, another design, other options.
    pub cautions: Vec<String>,
    /// What changed, in a few sentences.
    pub summary: Vec<String>,
    /// Accuracies of every scorer that both have, under every protocol that both have.
    pub accuracy: Vec<AccuracyChange>,
    /// Heads of either, by dimension.
    pub heads: Vec<HeadChange>,
    /// Findings whose verdict changed, and those that only one side has.
    pub findings: Vec<FindingChange>,
    /// The charts; files `charts/<id>.svg`.
    pub figures: Vec<Figure>,
}

/// One of the two reports.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Side {
    /// Heading.
    pub title: String,
    /// Name of the data set.
    pub dataset: String,
    /// Whether its data are simulated.
    pub simulated: bool,
    /// Version of the program.
    pub program_version: String,
    /// Whether an audit was made.
    pub audited: bool,
}

/// One accuracy before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AccuracyChange {
    /// Dimension.
    pub dimension: String,
    /// `head`, `mean` or a column of `scores`.
    pub scorer: String,
    /// Protocol.
    pub protocol: Protocol,
    /// Accuracy before.
    pub old: Option<f64>,
    /// Its 95 % interval.
    pub old_interval: Option<(f64, f64)>,
    /// Accuracy after.
    pub new: Option<f64>,
    /// Its 95 % interval.
    pub new_interval: Option<(f64, f64)>,
    /// Whether the two intervals do not meet. The pairs may be others, so this is no test of the same pairs.
    pub apart: bool,
}

/// One head before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct HeadChange {
    /// Dimension.
    pub dimension: String,
    /// Columns with a weight before; `null` where there was no head.
    pub old_used: Option<usize>,
    /// Columns with a weight after; `null` where there is no head.
    pub new_used: Option<usize>,
    /// Columns whose weight is another, or that only one head has; largest change first.
    pub changes: Vec<WeightChange>,
}

/// One weight before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WeightChange {
    /// Column id.
    pub id: String,
    /// Short label.
    pub label: String,
    /// Effect before; `null` where the head did not have the column.
    pub old: Option<f64>,
    /// Effect after.
    pub new: Option<f64>,
    /// 95 % interval of the effect after.
    pub interval: Option<(f64, f64)>,
}

/// One finding before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FindingChange {
    /// Id of the check.
    pub check: String,
    /// Dimension.
    pub dimension: Option<String>,
    /// What it is about.
    pub subject: String,
    /// Verdict before; `null` where it was not looked at.
    pub old: Option<Verdict>,
    /// Verdict after.
    pub new: Option<Verdict>,
    /// The finding as a sentence, after the change where there is one.
    pub message: String,
}

impl Diff {
    /// Compares two reports.
    ///
    /// # Errors
    /// [`crate::Error::Bug`] if a chart cannot be drawn.
    pub fn new(old: &Report, new: &Report) -> Result<Self> {
        let heads = heads(&old.heads, &new.heads);
        let figures: Vec<Figure> = heads
            .iter()
            .filter(|h| !h.changes.is_empty())
            .map(|h| between(old, new).chart(h).draw())
            .collect::<Result<_>>()?;
        let accuracy = accuracy(old, new);
        let findings = findings(old, new);
        Ok(Self {
            schema_version: super::SCHEMA_VERSION,
            old: side(old),
            new: side(new),
            cautions: cautions(old, new),
            summary: summary(&accuracy, &heads, &findings, new),
            accuracy,
            heads,
            findings,
            figures,
        })
    }

    /// All files of the comparison: name relative to its folder, and bytes. The last one marks the folder as ours.
    ///
    /// # Errors
    /// As [`Report::files_with`].
    pub fn files(&self, new: &Report, templates: &Templates) -> Result<Vec<(String, Vec<u8>)>> {
        let view = DiffView::new(self);
        let values = context! { diff => Serde(self), view => Serde(&view) };
        let markdown = render::render(templates, "diff.md.j2", values)?;
        let html = render::page(templates, "diff.html.j2", &self.figures, &[], |charts| {
            context! { diff => Serde(self), view => Serde(&view), charts }
        })?;
        let mut files = vec![
            ("diff.json".to_owned(), render::json(self)?),
            ("diff.md".to_owned(), markdown.into_bytes()),
            ("diff.html".to_owned(), html.into_bytes()),
        ];
        files.extend(self.figures.iter().map(|f| (format!("charts/{}.svg", f.id), f.svg.clone().into_bytes())));
        let mark = folder::mark(&new.methods.program_version, new.simulated, new.methods.inputs.clone(), &files)?;
        files.push((crate::output::FOLDER_MARK.to_owned(), mark));
        Ok(files)
    }
}

fn side(report: &Report) -> Side {
    Side {
        title: report.title.clone(),
        dataset: report.card.name.clone(),
        simulated: report.simulated,
        program_version: report.methods.program_version.clone(),
        audited: report.audit.is_some(),
    }
}

fn cautions(old: &Report, new: &Report) -> Vec<String> {
    let mut cautions = Vec::new();
    let hashes = |r: &Report| -> BTreeMap<String, String> {
        r.methods.inputs.iter().map(|i| (i.table.clone(), i.sha256.clone())).collect()
    };
    let (before, after) = (hashes(old), hashes(new));
    let tables: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changed: Vec<&str> =
        tables.into_iter().filter(|t| before.get(*t) != after.get(*t)).map(String::as_str).collect();
    if !changed.is_empty() {
        cautions.push(format!("The data differ in: {}.", changed.join(", ")));
    }
    let mut differs = |what: &str, a: &str, b: &str| {
        if a != b {
            cautions.push(format!("{what}: {a} before, {b} now."));
        }
    };
    differs("Design", &old.methods.design, &new.methods.design);
    differs("Seed", &old.methods.seed.to_string(), &new.methods.seed.to_string());
    differs("Program version", &old.methods.program_version, &new.methods.program_version);
    let (a, b) = (&old.methods.options, &new.methods.options);
    let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    for key in keys {
        let get = |options: &BTreeMap<String, String>| options.get(key).map_or("not given", String::as_str).to_owned();
        differs(&format!("Option {key}"), &get(a), &get(b));
    }
    cautions
}

fn accuracy(old: &Report, new: &Report) -> Vec<AccuracyChange> {
    let interval = |r: &crate::evaluate::Row| r.low.zip(r.high);
    let pairs = new.evaluation.rows.iter().filter_map(|n| {
        let o = old.evaluation.row(&n.dimension, &n.scorer, n.protocol)?;
        let apart = interval(o).zip(interval(n)).is_some_and(|(a, b)| a.1 < b.0 || b.1 < a.0);
        Some(AccuracyChange {
            dimension: n.dimension.clone(),
            scorer: n.scorer.clone(),
            protocol: n.protocol,
            old: o.value,
            old_interval: interval(o),
            new: n.value,
            new_interval: interval(n),
            apart,
        })
    });
    pairs.collect()
}

fn heads(old: &[HeadSummary], new: &[HeadSummary]) -> Vec<HeadChange> {
    let mut dimensions: Vec<&str> = Vec::new();
    for head in new.iter().chain(old) {
        if !dimensions.contains(&head.dimension.as_str()) {
            dimensions.push(&head.dimension);
        }
    }
    let change = |dimension: &str| {
        let o = old.iter().find(|h| h.dimension == dimension);
        let n = new.iter().find(|h| h.dimension == dimension);
        HeadChange {
            dimension: dimension.to_owned(),
            old_used: o.map(|h| h.used),
            new_used: n.map(|h| h.used),
            changes: weight_changes(o, n),
        }
    };
    dimensions.into_iter().map(change).collect()
}

fn weight_changes(old: Option<&HeadSummary>, new: Option<&HeadSummary>) -> Vec<WeightChange> {
    let rows = |head: Option<&HeadSummary>| -> BTreeMap<String, WeightRow> {
        head.into_iter().flat_map(|h| &h.weights).map(|w| (w.id.clone(), w.clone())).collect()
    };
    let (old, new) = (rows(old), rows(new));
    let ids: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let mut changes: Vec<WeightChange> = ids
        .into_iter()
        .filter_map(|id| {
            let (o, n) = (old.get(id), new.get(id));
            let effect = |w: Option<&WeightRow>| w.map(|w| w.effect);
            let same = effect(o).unwrap_or(0.0) == effect(n).unwrap_or(0.0);
            let label = n.or(o).map(|w| w.label.clone())?;
            (!same).then(|| WeightChange {
                id: id.clone(),
                label,
                old: effect(o),
                new: effect(n),
                interval: n.and_then(|w| w.low.zip(w.high)),
            })
        })
        .collect();
    let size = |c: &WeightChange| (c.new.unwrap_or(0.0) - c.old.unwrap_or(0.0)).abs();
    changes.sort_by(|a, b| size(b).total_cmp(&size(a)));
    changes
}

fn findings(old: &Report, new: &Report) -> Vec<FindingChange> {
    let (Some(before), Some(after)) = (&old.audit, &new.audit) else { return Vec::new() };
    let same = |f: &Finding, g: &Finding| f.check == g.check && f.dimension == g.dimension && f.subject == g.subject;
    let change = |f: &Finding, old: Option<Verdict>, new: Option<Verdict>| FindingChange {
        check: f.check.clone(),
        dimension: f.dimension.clone(),
        subject: f.subject.clone(),
        old,
        new,
        message: f.message.clone(),
    };
    let mut changes = Vec::new();
    for f in &after.findings {
        let before = before.findings.iter().find(|g| same(f, g));
        let was = before.map(|g| g.verdict);
        if was != Some(f.verdict) {
            let mut change = change(f, was, Some(f.verdict));
            // What is fine now has no sentence any more: the one that it had says what is gone.
            if let Some(before) = before.filter(|_| change.message.is_empty()) {
                change.message.clone_from(&before.message);
            }
            changes.push(change);
        }
    }
    for f in before.findings.iter().filter(|f| !after.findings.iter().any(|g| same(f, g))) {
        changes.push(change(f, Some(f.verdict), None));
    }
    // Whatever touches a warning comes first.
    changes.sort_by_key(|c| std::cmp::Reverse(c.old.max(c.new)));
    changes
}

fn summary(accuracy: &[AccuracyChange], heads: &[HeadChange], findings: &[FindingChange], new: &Report) -> Vec<String> {
    let main = main_protocol(&new.evaluation);
    let lead = charts::lead_dimension(new);
    let mut lines = Vec::new();
    let own = |a: &&AccuracyChange| a.scorer == "head" && a.protocol == main;
    if let Some(a) = accuracy.iter().filter(own).find(|a| Some(a.dimension.as_str()) == lead)
        && let (Some(o), Some(n)) = (a.old, a.new)
    {
        let shown = if a.apart { "the intervals do not meet" } else { "the intervals overlap" };
        lines.push(format!(
            "On {} the head's {} accuracy went from {} to {} % ({} points; {shown}).",
            one_line(&a.dimension),
            main.id(),
            percent(o),
            percent(n),
            signed((n - o) * 100.0, 1)
        ));
    }
    let apart = accuracy.iter().filter(own).filter(|a| a.apart).count();
    let all = accuracy.iter().filter(own).count();
    lines.push(match (apart, all) {
        (0, _) => "On no dimension do the head's intervals before and after come apart.".to_owned(),
        (_, 1) => "The head's intervals before and after do not meet.".to_owned(),
        _ => format!("On {apart} of {all} dimensions the head's intervals before and after do not meet."),
    });
    let moved = heads.iter().filter(|h| !h.changes.is_empty()).count();
    lines.push(format!("Weights changed in {moved} of {} heads.", heads.len()));
    if new.audit.is_some() {
        let warning = |v: Option<Verdict>| v.is_some_and(|v| v >= Verdict::Look);
        let came = findings.iter().filter(|f| warning(f.new) && !warning(f.old)).count();
        let went = findings.iter().filter(|f| warning(f.old) && !warning(f.new)).count();
        lines.push(format!("{came} warnings of the audit are new, {went} are gone."));
    }
    lines
}

/// What the charts of a comparison need to know beside the changes.
struct Between<'a> {
    heads: Vec<&'a HeadSummary>,
    names: (String, String),
    simulated: bool,
}

fn between<'a>(old: &'a Report, new: &'a Report) -> Between<'a> {
    let names = if old.title == new.title { ("before", "now") } else { (old.title.as_str(), new.title.as_str()) };
    Between {
        heads: new.heads.iter().chain(&old.heads).collect(),
        names: (names.0.to_owned(), names.1.to_owned()),
        simulated: old.simulated || new.simulated,
    }
}

impl Between<'_> {
    /// The chart of one head's change.
    fn chart(&self, head: &HeadChange) -> Chart {
        let unit = self.heads.iter().find(|h| h.dimension == head.dimension).map_or("", |h| charts::unit(h));
        let row = |c: &WeightChange| Change { label: c.label.clone(), old: c.old, new: c.new, interval: c.interval };
        Chart::HeadDiff(HeadDiff {
            id: charts::id("head-diff", &head.dimension),
            simulated: self.simulated,
            head: head.dimension.clone(),
            old: self.names.0.clone(),
            new: self.names.1.clone(),
            unit: unit.into(),
            rows: head.changes.iter().map(row).collect(),
        })
    }
}

/// The charts of what changed in the heads of two reports.
pub(super) fn of_reports(old: &Report, new: &Report) -> Vec<Chart> {
    heads(&old.heads, &new.heads).iter().map(|h| between(old, new).chart(h)).collect()
}

/// The charts of what changed between two heads files.
pub fn head_changes(old: &HeadsFile, new: &HeadsFile) -> Vec<Chart> {
    let summaries =
        |file: &HeadsFile| -> Vec<HeadSummary> { file.heads.iter().map(|h| view::summary(h, String::new())).collect() };
    let (before, after) = (summaries(old), summaries(new));
    let between = Between {
        heads: after.iter().chain(&before).collect(),
        names: ("before".into(), "now".into()),
        simulated: old.provenance.simulated || new.provenance.simulated,
    };
    heads(&before, &after).iter().map(|h| between.chart(h)).collect()
}

/// Numbers written for people.
#[derive(Serialize)]
struct DiffView {
    /// The head, and every scorer whose accuracy moved.
    accuracy: Vec<Vec<String>>,
    /// Rows of other scorers that stayed as they were.
    unchanged: usize,
    findings: Vec<Vec<String>>,
}

impl DiffView {
    fn new(diff: &Diff) -> Self {
        let span =
            |i: Option<(f64, f64)>| i.map_or_else(String::new, |(l, h)| format!("{} to {}", percent(l), percent(h)));
        let share = |v: Option<f64>| v.map_or_else(|| "–".to_owned(), percent);
        let row = |a: &AccuracyChange| {
            let change = a.old.zip(a.new).map_or_else(|| "–".to_owned(), |(o, n)| signed((n - o) * 100.0, 1));
            vec![
                a.dimension.clone(),
                a.scorer.clone(),
                a.protocol.id().to_owned(),
                share(a.old),
                span(a.old_interval),
                share(a.new),
                span(a.new_interval),
                change,
                if a.apart { "apart" } else { "overlap" }.to_owned(),
            ]
        };
        let word = |v: Option<Verdict>| v.map_or("–", super::audit_view::word).to_owned();
        let finding = |f: &FindingChange| {
            let dimension = f.dimension.clone().unwrap_or_default();
            vec![f.check.clone(), f.subject.clone(), dimension, word(f.old), word(f.new), f.message.clone()]
        };
        let moved = |a: &&AccuracyChange| a.scorer == "head" || share(a.old) != share(a.new);
        let shown: Vec<&AccuracyChange> = diff.accuracy.iter().filter(moved).collect();
        Self {
            unchanged: diff.accuracy.len() - shown.len(),
            accuracy: shown.into_iter().map(row).collect(),
            findings: diff.findings.iter().map(finding).collect(),
        }
    }
}
