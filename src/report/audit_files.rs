//! An audit as files: `audit.json`, a page in Markdown, tables as CSV.

use serde::Serialize;

use super::render::{Templates, render};
use super::tables::{Cell, Table, finding_rows};
use crate::audit::digest::{Digest, Entry};
use crate::audit::{Audit, Finding, Measure};
use crate::plot::text::{count, counted};
use crate::{Result, output};

/// Most findings of an entry that the page lists; the others are in `tables/findings.csv`.
const LISTED: usize = 15;

/// All files of an audit: name relative to its folder, and bytes.
///
/// # Errors
/// [`crate::Error::Bug`] if the page or a table cannot be written.
pub fn audit_files(audit: &Audit) -> Result<Vec<(String, Vec<u8>)>> {
    let page = render(
        &Templates::default(),
        "audit.md.j2",
        minijinja::context! {
            audit => minijinja::value::Serde(audit),
            view => minijinja::value::Serde(Page::new(audit)),
        },
    )?;
    let mut files = vec![
        ("audit.json".to_owned(), output::json_rows(audit, 2)?),
        ("audit.md".to_owned(), page.into_bytes()),
        ("tables/findings.csv".to_owned(), finding_rows(&audit.findings)?),
    ];
    let tables = tables(audit)?.into_iter().filter(|(_, bytes)| !bytes.is_empty());
    files.extend(tables.map(|(name, bytes)| (format!("tables/{name}.csv"), bytes)));
    Ok(files)
}

/// What the page shows beside the numbers of the audit.
#[derive(Serialize)]
struct Page {
    summary: String,
    entries: Vec<EntryView>,
    fine: String,
    unknown: String,
    not_run: Vec<[String; 2]>,
    agreement: Vec<[String; 7]>,
}

#[derive(Serialize)]
struct EntryView {
    title: String,
    area: &'static str,
    verdict: &'static str,
    counts: String,
    worst: Row,
    message: String,
    remedy: String,
    rows: Vec<Row>,
    more: usize,
}

#[derive(Serialize)]
struct Row {
    verdict: &'static str,
    check: String,
    subject: String,
    dimension: String,
    estimate: String,
    interval: String,
    n: String,
}

impl Page {
    fn new(audit: &Audit) -> Self {
        let digest = Digest::new(audit);
        let list = |counts: &[(&str, usize)]| {
            counts.iter().map(|(check, n)| format!("{check} {}", count(*n))).collect::<Vec<_>>().join(", ")
        };
        let not_run = |(check, reason, parts): &(&str, &str, usize)| {
            let parts = if *parts > 1 { format!("{check} ({parts} parts)") } else { (*check).to_owned() };
            [parts, (*reason).to_owned()]
        };
        Self {
            summary: super::audit_view::summary(audit),
            entries: digest.entries.iter().map(entry).collect(),
            fine: list(&digest.fine),
            unknown: list(&digest.unknown),
            not_run: digest.not_run.iter().map(not_run).collect(),
            agreement: audit.agreement.iter().map(agreement).collect(),
        }
    }
}

fn entry(entry: &Entry) -> EntryView {
    let worst = entry.worst();
    EntryView {
        title: entry.attribute.map_or_else(|| entry.check.to_owned(), |a| format!("{} ({a})", entry.check)),
        area: super::audit_view::area(entry.area),
        verdict: super::audit_view::word(worst.verdict),
        counts: entry.counts(),
        worst: row(worst),
        message: worst.message.clone(),
        remedy: worst.remedy.clone(),
        rows: if entry.raised.len() > 1 {
            entry.raised.iter().take(LISTED).map(|f| row(f)).collect()
        } else {
            Vec::new()
        },
        more: entry.raised.len().saturating_sub(LISTED),
    }
}

fn row(finding: &Finding) -> Row {
    let number = |x: Option<f64>| x.map_or_else(|| "–".to_owned(), |x| format!("{x:.3}"));
    Row {
        verdict: super::audit_view::word(finding.verdict),
        check: finding.check.clone(),
        subject: finding.subject.clone(),
        dimension: finding.dimension.clone().unwrap_or_default(),
        estimate: number(finding.estimate),
        interval: finding.low.zip(finding.high).map_or_else(|| "–".to_owned(), |(l, h)| format!("{l:.3} to {h:.3}")),
        n: counted(finding.n, &finding.n_of, &finding.n_of),
    }
}

fn agreement(row: &crate::audit::AgreementRow) -> [String; 7] {
    let text = |m: &Measure| match (m.value, m.low.zip(m.high)) {
        (Some(value), Some((low, high))) => format!("{value:.3} ({low:.3} to {high:.3})"),
        (Some(value), None) => format!("{value:.3}"),
        (None, _) => format!("undefined: {}", m.reason.as_deref().unwrap_or("no value")),
    };
    [
        row.dimension.clone(),
        format!(
            "{} of {} {}",
            count(row.units),
            count(row.annotators),
            if row.persistent == Some(false) { "slots" } else { "annotators" }
        ),
        text(&row.alpha_ordinal),
        text(&row.alpha_interval),
        text(&row.ac2),
        text(&row.agreement),
        format!("{:.2} ({})", row.prevalence, row.commonest),
    ]
}

/// The tables beside the findings; empty bytes for one without rows.
fn tables(audit: &Audit) -> Result<Vec<(&'static str, Vec<u8>)>> {
    Ok(vec![
        (
            "agreement",
            table(
                &audit.agreement,
                &["dimension", "of", "units", "labels", "annotators", "persistent", "prevalence", "commonest"],
                &["alpha_nominal", "alpha_ordinal", "alpha_interval", "ac1", "ac2", "agreement"],
                |r| {
                    let persistent = r.persistent.map_or("", |p| if p { "yes" } else { "no" });
                    let plain = vec![
                        Cell::Text(&r.dimension),
                        Cell::Text(&r.of),
                        Cell::Count(r.units),
                        Cell::Count(r.labels),
                        Cell::Count(r.annotators),
                        Cell::Text(persistent),
                        Cell::Number(r.prevalence),
                        Cell::Text(&r.commonest),
                    ];
                    (plain, vec![&r.alpha_nominal, &r.alpha_ordinal, &r.alpha_interval, &r.ac1, &r.ac2, &r.agreement])
                },
            )?,
        ),
        (
            "annotators",
            table(
                &audit.annotators,
                &["annotator", "dimension", "of", "labels", "longest_run"],
                &["severity", "agreement", "straight_lining", "influence"],
                |r| {
                    let plain = vec![
                        Cell::Text(&r.annotator),
                        Cell::Text(&r.dimension),
                        Cell::Text(&r.of),
                        Cell::Count(r.labels),
                        Cell::Count(r.longest_run),
                    ];
                    (plain, vec![&r.severity, &r.agreement, &r.straight_lining, &r.influence])
                },
            )?,
        ),
        (
            "questions",
            table(
                &audit.questions,
                &["question", "judge", "answers", "missing", "unparsable"],
                &["yes_rate", "accuracy", "balanced_accuracy", "prevalence", "calibration_error"],
                |r| {
                    let plain = vec![
                        Cell::Text(&r.question),
                        Cell::Text(&r.judge),
                        Cell::Count(r.answers),
                        Cell::Number(r.missing),
                        Cell::Number(r.unparsable),
                    ];
                    (plain, vec![&r.yes_rate, &r.accuracy, &r.balanced_accuracy, &r.prevalence, &r.calibration_error])
                },
            )?,
        ),
        (
            "shifts",
            table(&audit.shifts, &["question", "judge", "dimension"], &["shift", "spearman"], |r| {
                let plain = vec![Cell::Text(&r.question), Cell::Text(&r.judge), Cell::Text(&r.dimension)];
                (plain, vec![&r.shift, &r.spearman])
            })?,
        ),
        (
            "groups",
            table(
                &audit.groups,
                &["dimension", "attribute", "value", "relation", "pairs", "decided", "prompts"],
                &["accuracy", "rest", "people", "head", "people_decided", "head_decided"],
                |r| {
                    let plain = vec![
                        Cell::Text(&r.dimension),
                        Cell::Text(&r.attribute),
                        Cell::Text(&r.value),
                        Cell::Text(&r.relation),
                        Cell::Count(r.pairs),
                        Cell::Count(r.decided),
                        Cell::Count(r.prompts),
                    ];
                    let measures = [&r.accuracy, &r.rest, &r.people, &r.head, &r.people_decided, &r.head_decided];
                    (plain, measures.to_vec())
                },
            )?,
        ),
        (
            "shares",
            table(&audit.shares, &["dimension", "part", "used", "questions"], &["share"], |r| {
                let plain =
                    vec![Cell::Text(&r.dimension), Cell::Text(&r.part), Cell::Count(r.used), Cell::Count(r.questions)];
                (plain, vec![&r.share])
            })?,
        ),
        (
            "not-run",
            table(&audit.not_run, &["check", "subject", "reason"], &[], |r| {
                (vec![Cell::Text(&r.check), Cell::Text(&r.subject), Cell::Text(&r.reason)], Vec::new())
            })?,
        ),
    ])
}

/// A table of plain columns and measures; of each measure its value, the ends of its interval, and why there is none.
fn table<'a, R>(
    rows: &'a [R],
    plain: &[&str],
    measures: &[&str],
    cells: impl Fn(&'a R) -> (Vec<Cell<'a>>, Vec<&'a Measure>),
) -> Result<Vec<u8>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let columns = measures.iter().flat_map(|m| ["", "_low", "_high", "_reason"].map(|end| format!("{m}{end}")));
    let head: Vec<String> = plain.iter().map(|name| (*name).to_owned()).chain(columns).collect();
    let mut table = Table::new(&head.iter().map(String::as_str).collect::<Vec<_>>())?;
    for (mut line, measures) in rows.iter().map(cells) {
        for m in measures {
            let reason = m.reason.as_deref().unwrap_or("");
            line.extend([Cell::Maybe(m.value), Cell::Maybe(m.low), Cell::Maybe(m.high), Cell::Text(reason)]);
        }
        table.row(&line)?;
    }
    table.bytes()
}
