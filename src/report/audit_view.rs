//! The findings of an audit, written for people.

use serde::Serialize;

use super::Report;
use crate::audit::{Area, Audit, Finding, Verdict};
use crate::plot::text::{count, counted, number, percent};

/// Most findings that a page lists; the others are in `report.json` and `tables/findings.csv`.
const LISTED: usize = 200;

/// The audit of a report.
#[derive(Serialize)]
pub(super) struct AuditView {
    /// How many findings there are, by verdict, in one sentence.
    summary: String,
    /// Worst first.
    flagged: Vec<FindingView>,
    /// What was found fine, and what could not be told.
    rest: Vec<FindingView>,
    /// How many findings are left to the tables.
    more: usize,
    not_run: Vec<(String, String)>,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct FindingView {
    verdict: &'static str,
    bad: bool,
    area: &'static str,
    check: String,
    subject: String,
    dimension: String,
    estimate: String,
    interval: String,
    n: String,
    message: String,
    remedy: String,
}

/// The view of a report's audit, where it has one.
pub(super) fn view(report: &Report) -> Option<AuditView> {
    let audit = report.audit.as_ref()?;
    let shown: Vec<&Finding> = audit.findings.iter().take(LISTED).collect();
    let flagged = |f: &&&Finding| matches!(f.verdict, Verdict::Look | Verdict::Bad);
    let not_run = |n: &crate::audit::NotRun| {
        let part = if n.subject.is_empty() { String::new() } else { format!(", {}", n.subject) };
        (format!("{}{part}", n.check), n.reason.clone())
    };
    Some(AuditView {
        summary: summary(audit),
        flagged: shown.iter().filter(flagged).map(|f| finding(f)).collect(),
        rest: shown.iter().filter(|f| !flagged(f)).map(|f| finding(f)).collect(),
        more: audit.findings.len().saturating_sub(LISTED),
        not_run: audit.not_run.iter().map(not_run).collect(),
        notes: audit.notes.clone(),
    })
}

/// `3 findings are bad, 5 call for a look; 40 are fine, 2 cannot be told. …`
pub(super) fn summary(audit: &Audit) -> String {
    if audit.findings.is_empty() {
        return "The audit had nothing to look at in these data.".to_owned();
    }
    let of = |verdict| audit.count(verdict);
    let (bad, look) = (of(Verdict::Bad), of(Verdict::Look));
    let flagged = match (bad, look) {
        (0, 0) => "Nothing that was looked at calls for attention".to_owned(),
        (0, look) => format!("{} for a look", verbed(look, "call")),
        (bad, 0) => format!("{} bad", verbed(bad, "be")),
        (bad, look) => format!("{} bad and {} for a look", verbed(bad, "be"), verbed(look, "call")),
    };
    format!(
        "{flagged}; {} fine and {} cannot be told, out of {}. p-values are adjusted for {} (Benjamini–Hochberg).",
        count(of(Verdict::Fine)),
        count(of(Verdict::NotEnoughData)),
        counted(audit.findings.len(), "finding", "findings"),
        counted(audit.tests, "test", "tests"),
    )
}

fn verbed(n: usize, verb: &str) -> String {
    let verb = match (verb, n) {
        ("be", 1) => "is",
        ("be", _) => "are",
        (_, 1) => "calls",
        _ => "call",
    };
    format!("{} {verb}", counted(n, "finding", "findings"))
}

/// What a verdict is called.
pub(super) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Bad => "bad",
        Verdict::Look => "look",
        Verdict::Fine => "fine",
        Verdict::NotEnoughData => "not enough data",
    }
}

/// What an area is called.
pub(super) fn area(area: Area) -> &'static str {
    match area {
        Area::Annotators => "annotators",
        Area::Judge => "judge",
        Area::Preferences => "preferences",
        Area::Head => "head",
        Area::Controls => "controls",
    }
}

fn finding(f: &Finding) -> FindingView {
    let written = |value: f64| if f.unit == "share" { percent(value) } else { number(value, 2) };
    let unit = if f.unit == "share" { " %".to_owned() } else { format!(" {}", f.unit) };
    FindingView {
        verdict: word(f.verdict),
        bad: f.verdict == Verdict::Bad,
        area: area(f.area),
        check: f.check.replace('-', " "),
        subject: f.subject.clone(),
        dimension: f.dimension.clone().unwrap_or_default(),
        estimate: f.estimate.map_or_else(|| "–".to_owned(), |e| format!("{}{unit}", written(e))),
        interval: f.low.zip(f.high).map_or_else(String::new, |(l, h)| format!("{} to {}", written(l), written(h))),
        n: format!("{} {}", count(f.n), f.n_of),
        message: match &f.reason {
            Some(reason) if !f.message.contains(reason.as_str()) => format!("{} ({reason})", f.message),
            _ => f.message.clone(),
        },
        remedy: f.remedy.clone(),
    }
}
