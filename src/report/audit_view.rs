//! The findings of an audit, written for people.

use serde::Serialize;

use super::Report;
use crate::audit::{Area, Audit, Finding, Verdict};
use crate::plot::text::{count, counted, number, percent};

/// Most findings of one check that a page lists; all are in `tables/findings.csv`.
const LISTED: usize = 12;

/// The audit of a report.
#[derive(Serialize)]
pub(super) struct AuditView {
    /// How many findings there are, by verdict, in one sentence.
    summary: String,
    /// The checks that found something to look at, worst first.
    flagged: Vec<CheckView>,
    /// The other checks: area, name, how many findings are fine, how many cannot be told.
    rest: Vec<[String; 4]>,
    not_run: Vec<(String, String)>,
    notes: Vec<String>,
}

/// A check and what it found.
#[derive(Serialize)]
struct CheckView {
    verdict: &'static str,
    bad: bool,
    area: &'static str,
    check: String,
    /// How many of its findings are flagged: `48 of 57`.
    flagged: String,
    /// Its flagged findings, worst first; the first one stands for all.
    rows: Vec<FindingView>,
    /// Flagged findings beyond those.
    more: usize,
    remedy: String,
}

#[derive(Serialize)]
struct FindingView {
    verdict: &'static str,
    bad: bool,
    subject: String,
    dimension: String,
    estimate: String,
    interval: String,
    n: String,
    message: String,
}

/// The view of a report's audit, where it has one.
pub(super) fn view(report: &Report) -> Option<AuditView> {
    let audit = report.audit.as_ref()?;
    let not_run = |n: &crate::audit::NotRun| {
        let part = if n.subject.is_empty() { String::new() } else { format!(", {}", n.subject) };
        (format!("{}{part}", n.check), n.reason.clone())
    };
    let mut rest = Vec::new();
    let mut flagged = Vec::new();
    for (check, findings) in by_check(audit) {
        let (loud, quiet): (Vec<&Finding>, Vec<&Finding>) =
            findings.iter().partition(|f| matches!(f.verdict, Verdict::Look | Verdict::Bad));
        if let Some(first) = loud.first() {
            flagged.push(CheckView {
                verdict: word(first.verdict),
                bad: first.verdict == Verdict::Bad,
                area: area(first.area),
                check: check.replace('-', " "),
                flagged: format!("{} of {}", count(loud.len()), count(findings.len())),
                rows: loud.iter().take(LISTED).map(|f| finding(report, f)).collect(),
                more: loud.len().saturating_sub(LISTED),
                remedy: first.remedy.clone(),
            });
        } else {
            let untold = quiet.iter().filter(|f| f.verdict == Verdict::NotEnoughData).count();
            let fine = quiet.len() - untold;
            rest.push([area(quiet[0].area).to_owned(), check.replace('-', " "), count(fine), count(untold)]);
        }
    }
    Some(AuditView {
        summary: summary(audit),
        flagged,
        rest,
        not_run: audit.not_run.iter().map(not_run).collect(),
        notes: audit.notes.clone(),
    })
}

/// The findings of each check; checks and findings in the audit's order, which is worst first.
pub(super) fn by_check(audit: &Audit) -> Vec<(&str, Vec<&Finding>)> {
    let mut checks: Vec<(&str, Vec<&Finding>)> = Vec::new();
    for finding in &audit.findings {
        match checks.iter_mut().find(|(check, _)| *check == finding.check) {
            Some((_, findings)) => findings.push(finding),
            None => checks.push((&finding.check, vec![finding])),
        }
    }
    checks
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

fn finding(report: &Report, f: &Finding) -> FindingView {
    let written = |value: f64| if f.unit == "share" { percent(value) } else { number(value, 2) };
    let unit = if f.unit == "share" { " %".to_owned() } else { format!(" {}", f.unit) };
    let subject = known(report, &f.subject).0;
    FindingView {
        verdict: word(f.verdict),
        bad: f.verdict == Verdict::Bad,
        subject: subject.to_owned(),
        dimension: f.dimension.clone().unwrap_or_default(),
        estimate: f.estimate.map_or_else(|| "–".to_owned(), |e| format!("{}{unit}", written(e))),
        interval: f.low.zip(f.high).map_or_else(String::new, |(l, h)| format!("{} to {}", written(l), written(h))),
        n: format!("{} {}", count(f.n), f.n_of),
        message: match &f.reason {
            Some(reason) if !f.message.contains(reason.as_str()) => format!("{} ({reason})", f.message),
            _ => f.message.clone(),
        },
    }
}

/// Label and checklist dimension of a question, where a head knows it; else the name itself.
pub(super) fn known<'a>(report: &'a Report, question: &'a str) -> (&'a str, Option<&'a str>) {
    let row = report.heads.iter().flat_map(|h| &h.weights).find(|w| w.id == question);
    row.map_or((question, None), |w| (w.label.as_str(), w.dimension.as_deref()))
}
