//! What the pages show: numbers already written for people, the same for Markdown and HTML.

use serde::Serialize;

use super::audit_view::{self, AuditView};
use super::charts::Section;
use super::data_view::{card, card_dimension, card_scorer, problem_view};
use super::sheets::{self, Sheet};
use super::{HeadSummary, ProblemCount, Report, WeightRow, charts, main_protocol};
use crate::evaluate::{Comparison, Design, Evaluation, Floor, Protocol, Row, Verdict};
use crate::head::Head;
use crate::plot::Chart;
use crate::plot::text::{count, counted, number, one_line, percent, sentence};
use crate::problems::{Problems, Severity};

/// How many leaderboards are shown open.
const OPEN_BOARDS: usize = 3;

/// How many places of one problem a report shows.
const EXAMPLES: usize = 3;

/// A head for reading: effects are weights in the units in which columns can be compared.
pub(super) fn summary(head: &Head, figure: String) -> HeadSummary {
    let row = |(c, column): (usize, &crate::features::Column)| {
        let scale = head.preparation.scales.get(c).copied().unwrap_or(1.0);
        let weight = head.weights.get(c).copied().unwrap_or(0.0);
        let interval = head.intervals.get(c);
        WeightRow {
            id: column.id.clone(),
            label: if column.label.is_empty() { column.id.clone() } else { column.label.clone() },
            kind: column.kind,
            dimension: column.dimension.clone(),
            subdimension: column.subdimension.clone(),
            weight,
            effect: weight * scale,
            low: interval.map(|i| i.low * scale),
            high: interval.map(|i| i.high * scale),
            selected: interval.map(|i| i.selected),
            marginal: head.marginal.get(c).copied().flatten(),
        }
    };
    HeadSummary {
        dimension: head.dimension.clone(),
        figure,
        used: head.weights.iter().filter(|w| **w != 0.0).count(),
        lambda: head.lambda,
        lambda_max: head.lambda_max,
        rule: head.rule,
        converged: head.certificate.converged,
        kkt: head.certificate.kkt,
        pairs: head.pairs,
        groups: head.groups,
        weights: head.columns.iter().enumerate().map(row).collect(),
        curve: head.curve.clone(),
        traces: Vec::new(),
        shares: Vec::new(),
        notes: head.notes.clone(),
    }
}

/// Problems by rule with their first places, worst first.
pub(super) fn problems(problems: &Problems) -> Vec<ProblemCount> {
    let of = |severity: Severity| {
        problems.rules(severity).map(move |(rule, count)| ProblemCount {
            severity,
            rule: rule.to_owned(),
            count,
            examples: problems
                .of(severity)
                .filter(|p| p.rule == rule)
                .take(EXAMPLES)
                .map(ToString::to_string)
                .collect(),
        })
    };
    [Severity::Error, Severity::Warning, Severity::Note].into_iter().flat_map(of).collect()
}

/// Protocols that were computed, the main one first.
pub(super) fn protocols(evaluation: &Evaluation) -> Vec<Protocol> {
    let main = main_protocol(evaluation);
    let mut found: Vec<Protocol> = if evaluation.rows.is_empty() { Vec::new() } else { vec![main] };
    for row in &evaluation.rows {
        if !found.contains(&row.protocol) {
            found.push(row.protocol);
        }
    }
    found
}

/// Everything a template reads beside the report itself.
#[derive(Serialize)]
pub(super) struct View {
    main: &'static str,
    facts: Vec<String>,
    design: String,
    pub(super) protocols: Vec<&'static str>,
    boards: Vec<Board>,
    /// Figures of each section after the first chart of the leaderboard and the weights.
    figures: Sections,
    audit: Option<AuditView>,
    /// Whether the evaluated heads are others than the one shown.
    cross_validated: bool,
    heads: Vec<HeadView>,
    dimensions: Vec<Vec<String>>,
    card: Vec<(String, String)>,
    card_dimensions: Vec<Vec<String>>,
    card_scorers: Vec<Vec<String>>,
    problems: Vec<ProblemView>,
    recovery: Vec<Vec<String>>,
    /// New heads against those that they would replace.
    against: Option<Sheet>,
    /// Per dimension: everything beside accuracies, and what the text page shows of it.
    sheets: Vec<(String, Vec<Sheet>, Vec<Sheet>)>,
}

/// Indices into the report's figures.
#[derive(Serialize, Default)]
struct Sections {
    leaderboard: Vec<usize>,
    weights: Vec<usize>,
    worked: Vec<usize>,
    dimensions: Vec<usize>,
    audit: Vec<usize>,
    data: Vec<usize>,
    /// The leaderboard under the protocols after the first.
    switch: Vec<usize>,
}

/// The leaderboard of one dimension.
#[derive(Serialize)]
struct Board {
    dimension: String,
    rows: Vec<BoardRow>,
    /// The same rows under every protocol, for the switch.
    protocols: Vec<BoardProtocol>,
    /// Name, then one accuracy per protocol.
    floors: Vec<Vec<String>>,
    /// Shown closed: the chart has its essence.
    folded: bool,
    remarks: Vec<String>,
}

/// A leaderboard under one protocol.
#[derive(Serialize)]
struct BoardProtocol {
    id: &'static str,
    rows: Vec<BoardRow>,
    /// Name and accuracy.
    floors: Vec<(String, String)>,
}

#[derive(Serialize)]
struct BoardRow {
    scorer: String,
    head: bool,
    lead: (String, String),
    others: Vec<String>,
    difference: (String, String),
    standing: &'static str,
    n: String,
    prompts: String,
    coverage: String,
}

#[derive(Serialize)]
struct HeadView {
    dimension: String,
    figure: usize,
    unit: &'static str,
    rows: Vec<Vec<String>>,
    zero: String,
    notes: Vec<String>,
    /// Whether any row has a dimension to show.
    grouped: bool,
    lead: bool,
}

#[derive(Serialize)]
pub(super) struct ProblemView {
    pub(super) severity: &'static str,
    pub(super) rule: String,
    pub(super) count: String,
    pub(super) examples: Vec<String>,
}

impl View {
    /// The view of a report.
    pub(super) fn new(report: &Report) -> Self {
        let evaluation = &report.evaluation;
        let protocols = protocols(evaluation);
        let lead = lead_head(&report.heads);
        Self {
            main: main_protocol(evaluation).id(),
            facts: facts(report),
            design: sentence(&report.methods.design),
            protocols: protocols.iter().map(|p| p.id()).collect(),
            boards: evaluation.dimensions().into_iter().map(|d| board(evaluation, &protocols, d)).collect(),
            figures: sections(report),
            audit: audit_view::view(report),
            cross_validated: matches!(evaluation.design, Design::CrossValidated { .. }),
            heads: report.heads.iter().enumerate().map(|(i, h)| head_view(report, h, i == lead)).collect(),
            dimensions: report.heads.iter().map(|h| dimension_row(report, h)).collect(),
            card: card(&report.card),
            card_dimensions: report.card.dimensions.iter().map(card_dimension).collect(),
            card_scorers: report.card.scorers.iter().map(card_scorer).collect(),
            problems: report.problems.iter().map(problem_view).collect(),
            recovery: report.recovery.iter().map(|r| recovery_row(report, r)).collect(),
            against: sheets::against(&evaluation.against),
            sheets: sheets::by_dimension(evaluation),
        }
    }
}

/// The head that is shown first: `overall`, else the first.
pub(super) fn lead_head(heads: &[HeadSummary]) -> usize {
    heads.iter().position(|h| is_lead(&h.dimension)).unwrap_or(0)
}

/// Whether a dimension stands for all others.
pub fn is_lead(dimension: &str) -> bool {
    matches!(dimension.to_lowercase().as_str(), "overall" | "total")
}

/// The line under the heading.
fn facts(report: &Report) -> Vec<String> {
    let pairs: usize = report.card.dimensions.iter().map(|d| d.pairs).sum();
    let mut facts = vec![
        one_line(&report.card.name),
        counted(report.card.items, "item", "items"),
        counted(report.card.groups, "prompt", "prompts"),
        counted(pairs, "labelled pair", "labelled pairs"),
        counted(report.card.dimensions.len(), "dimension", "dimensions"),
    ];
    facts.retain(|f| !f.is_empty());
    facts
}

/// Where the figures that follow a section's own ones belong.
fn sections(report: &Report) -> Sections {
    let mut sections = Sections::default();
    let shown = charts::all(report).into_iter().filter(|p| p.shown).enumerate();
    for (f, placed) in shown.skip(1) {
        match placed.section {
            Section::Leaderboard => sections.leaderboard.push(f),
            Section::Weights if matches!(placed.chart, Chart::Weights(_)) => {}
            Section::Weights if matches!(placed.chart, Chart::Waterfall(_)) => sections.worked.push(f),
            Section::Weights => sections.weights.push(f),
            Section::Dimensions => sections.dimensions.push(f),
            Section::Audit => sections.audit.push(f),
            Section::Data => sections.data.push(f),
            Section::Switch => sections.switch.push(f),
        }
    }
    sections
}

fn board(evaluation: &Evaluation, protocols: &[Protocol], dimension: &str) -> Board {
    let main = main_protocol(evaluation);
    let (floors, ceilings) = (evaluation.floors.iter(), evaluation.ceilings.iter());
    let lines: Vec<&Floor> = floors.chain(ceilings).filter(|f| f.dimension == dimension).collect();
    let mut names: Vec<&str> = Vec::new();
    for line in &lines {
        if !names.contains(&line.floor.as_str()) {
            names.push(&line.floor);
        }
    }
    let value = |name: &str, protocol: Protocol| {
        lines.iter().find(|f| f.floor == name && f.protocol == protocol).map(|f| percent(f.value))
    };
    let line = |name: &&str| {
        let values = protocols.iter().map(|p| value(name, *p).unwrap_or_else(|| "–".to_owned()));
        std::iter::once(name.replace('-', " ")).chain(values).collect()
    };
    let under = |&protocol: &Protocol| BoardProtocol {
        id: protocol.id(),
        rows: board_rows(evaluation, &[], dimension, protocol),
        floors: names.iter().filter_map(|n| value(n, protocol).map(|v| (n.replace('-', " "), v))).collect(),
    };
    let mut remarks: Vec<String> = Vec::new();
    for row in evaluation.rows.iter().filter(|r| r.dimension == dimension) {
        let Some(reason) = &row.reason else { continue };
        let remark = format!("{}, {}: {reason}", row.scorer, row.protocol.id());
        if !remarks.contains(&remark) {
            remarks.push(remark);
        }
    }
    Board {
        dimension: dimension.to_owned(),
        rows: board_rows(evaluation, protocols, dimension, main),
        protocols: protocols.iter().map(under).collect(),
        floors: names.iter().map(line).collect(),
        folded: evaluation.dimensions().len() > OPEN_BOARDS && !is_lead(dimension),
        remarks,
    }
}

/// The scorers under one protocol, best first, with their accuracies under the others beside.
fn board_rows(evaluation: &Evaluation, others: &[Protocol], dimension: &str, protocol: Protocol) -> Vec<BoardRow> {
    let mut rows: Vec<&Row> =
        evaluation.rows.iter().filter(|r| r.dimension == dimension && r.protocol == protocol).collect();
    rows.sort_by(|a, b| {
        let key = |r: &Row| r.value.filter(|v| v.is_finite()).unwrap_or(f64::NEG_INFINITY);
        key(b).total_cmp(&key(a))
    });
    let beside = |scorer: &str, p: Protocol| accuracy(evaluation.row(dimension, scorer, p)).0;
    let row = |row: &&Row| {
        let compared = evaluation.comparison(dimension, &row.scorer, protocol);
        BoardRow {
            scorer: row.scorer.clone(),
            head: row.scorer == "head",
            lead: accuracy(Some(row)),
            others: others.iter().filter(|p| **p != protocol).map(|&p| beside(&row.scorer, p)).collect(),
            difference: difference(compared),
            standing: compared.map_or("", standing),
            n: count(row.n),
            prompts: count(row.prompts),
            coverage: format!("{} %", number(row.coverage * 100.0, if row.coverage >= 0.9995 { 0 } else { 1 })),
        }
    };
    rows.iter().map(row).collect()
}

/// Accuracy in percent and its interval.
fn accuracy(row: Option<&Row>) -> (String, String) {
    let Some(row) = row else { return ("–".to_owned(), String::new()) };
    let interval = row.low.zip(row.high).map_or(String::new(), |(l, h)| format!("{} to {}", percent(l), percent(h)));
    (row.value.map_or("–".to_owned(), percent), interval)
}

/// Head minus scorer in points, with a sign, and its interval.
fn difference(comparison: Option<&Comparison>) -> (String, String) {
    let Some((c, d)) = comparison.and_then(|c| c.difference.map(|d| (c, d))) else { return Default::default() };
    let interval = c.low.zip(c.high).map_or(String::new(), |(l, h)| format!("{} to {}", signed(l), signed(h)));
    (signed(d), interval)
}

fn signed(share: f64) -> String {
    crate::plot::text::signed(share * 100.0, 1)
}

fn standing(comparison: &Comparison) -> &'static str {
    match comparison.verdict {
        Verdict::HeadWins => "head wins",
        Verdict::HeadLoses => "head loses",
        Verdict::NoDifferenceShown => "no difference shown",
        Verdict::NotEnoughData => "not enough data",
    }
}

/// The weights that are not zero, largest first.
fn head_view(report: &Report, head: &HeadSummary, lead: bool) -> HeadView {
    let mut rows: Vec<&WeightRow> = head.weights.iter().filter(|w| w.effect != 0.0).collect();
    rows.sort_by(|a, b| b.effect.abs().total_cmp(&a.effect.abs()));
    let dash = || "–".to_owned();
    let row = |w: &&WeightRow| {
        vec![
            w.label.clone(),
            [w.dimension.as_deref(), w.subdimension.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" / "),
            number(w.effect, 3),
            w.low.zip(w.high).map_or_else(dash, |(l, h)| format!("{} to {}", number(l, 2), number(h, 2))),
            w.selected.map_or_else(dash, |s| format!("{} %", number(s * 100.0, 0))),
            w.marginal.map_or_else(dash, |m| number(m, 2)),
        ]
    };
    HeadView {
        dimension: head.dimension.clone(),
        figure: report.figures.iter().position(|f| f.id == head.figure).unwrap_or(0),
        unit: charts::unit(head),
        rows: rows.iter().map(row).collect(),
        zero: format!(
            "{} of {}",
            count(head.weights.len() - rows.len()),
            counted(head.weights.len(), "weight", "weights")
        ),
        notes: head.notes.clone(),
        grouped: rows.iter().any(|w| w.dimension.is_some()),
        lead,
    }
}

/// Dimension, accuracy, interval, best other, difference, weights in use, penalty, training pairs, certificate.
pub(super) fn dimension_row(report: &Report, head: &HeadSummary) -> Vec<String> {
    let evaluation = &report.evaluation;
    let main = main_protocol(evaluation);
    let own = accuracy(evaluation.row(&head.dimension, "head", main));
    let best = evaluation.best_scorer(&head.dimension);
    let comparison = best.and_then(|r| evaluation.comparison(&head.dimension, &r.scorer, main));
    let (points, span) = difference(comparison);
    vec![
        head.dimension.clone(),
        own.0,
        own.1,
        best.map_or("–".into(), |r| r.scorer.clone()),
        accuracy(best).0,
        if points.is_empty() { "–".into() } else { points },
        span,
        format!("{} of {}", count(head.used), count(head.weights.len())),
        number(head.lambda, 4),
        count(head.pairs),
        if head.converged { "yes".into() } else { "no".into() },
    ]
}

fn recovery_row(report: &Report, recovery: &super::Recovery) -> Vec<String> {
    let label = |question: &str| {
        let head = report.heads.iter().find(|h| h.dimension == recovery.dimension);
        let row = head.and_then(|h| h.weights.iter().find(|w| w.id == question));
        row.map_or_else(|| question.to_owned(), |w| w.label.clone())
    };
    let missed: Vec<String> =
        recovery.missed.iter().take(4).map(|m| format!("{} ({})", label(&m.question), number(m.planted, 2))).collect();
    let more = recovery.missed.len().saturating_sub(4);
    vec![
        recovery.dimension.clone(),
        format!("{} of {}", count(recovery.found.len()), count(recovery.found.len() + recovery.missed.len())),
        format!("{} %", number(recovery.share_found * 100.0, 0)),
        count(recovery.unplanted.len()),
        recovery.rank_correlation.map_or("–".into(), |c| number(c, 2)),
        match (missed.is_empty(), more) {
            (true, _) => "none".into(),
            (_, 0) => missed.join(", "),
            _ => format!("{} and {more} more", missed.join(", ")),
        },
    ]
}
