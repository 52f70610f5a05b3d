//! What the charts of an audit show.

use super::{Report, charts};
use crate::audit::{Area, Audit, Finding, Verdict};
use crate::plot::annotators::{Annotator, Annotators};
use crate::plot::forest::{Effect, Forest};
use crate::plot::judge_quality::{JudgeQuality, Judged};
use crate::plot::position::{FirstShare, Position};
use crate::plot::yes_share::{Shift, YesShare};
use crate::plot::{Chart, Tone};

/// Most forest plots on a page.
const FORESTS: usize = 4;

/// Every chart that the audit allows, and whether pages show it.
pub(super) fn all(report: &Report, lead: Option<&str>) -> Vec<(Chart, bool)> {
    let Some(audit) = &report.audit else { return Vec::new() };
    let mut found = Vec::new();
    let mut forests = 0;
    for check in checks(audit) {
        let findings: Vec<&Finding> =
            audit.findings.iter().filter(|f| f.check == check && f.estimate.is_some()).collect();
        if is_position(&findings) {
            found.push((Chart::Position(position(&findings, audit)), true));
        } else if findings.len() > 1 && findings.iter().all(|f| f.unit == findings[0].unit) {
            let flagged = findings.iter().any(|f| tone(f.verdict).flagged());
            let shown = (flagged || check.contains("controlled")) && forests < FORESTS;
            forests += usize::from(shown);
            found.push((Chart::Forest(forest(&findings, audit)), shown));
        }
    }
    for (dimension, of) in rated(audit) {
        let chart = annotators(audit, &dimension, &of);
        let shown = Some(dimension.as_str()) == lead || !found.iter().any(|(c, _)| matches!(c, Chart::Annotators(_)));
        found.push((Chart::Annotators(chart), shown));
    }
    for dimension in judged(audit) {
        let lead = Some(dimension.as_str()) == lead;
        if let Some(chart) = yes_share(report, audit, &dimension) {
            found.push((Chart::YesShare(chart), lead));
        }
        if let Some(chart) = judge_quality(report, audit, &dimension) {
            found.push((Chart::JudgeQuality(chart), lead));
        }
    }
    found
}

/// What a chart makes of a verdict.
pub(super) fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::NotEnoughData => Tone::Unknown,
        Verdict::Fine => Tone::Fine,
        Verdict::Look => Tone::Look,
        Verdict::Bad => Tone::Bad,
    }
}

/// Ids of the checks, in the order of their worst finding.
fn checks(audit: &Audit) -> Vec<&str> {
    let mut checks: Vec<&str> = Vec::new();
    for finding in &audit.findings {
        if !checks.contains(&finding.check.as_str()) {
            checks.push(&finding.check);
        }
    }
    checks
}

/// Findings on how often the first of two items is chosen.
fn is_position(findings: &[&Finding]) -> bool {
    let half = |f: &&Finding| f.band.is_some_and(|b| b.null == 0.5);
    findings.first().is_some_and(|f| f.check.contains("position") && f.unit == "share") && findings.iter().all(half)
}

fn position(findings: &[&Finding], audit: &Audit) -> Position {
    let row = |f: &&Finding| FirstShare {
        label: named(f),
        share: f.estimate,
        interval: f.low.zip(f.high),
        pairs: f.n,
        tone: tone(f.verdict),
    };
    let judge = findings.iter().all(|f| f.area == Area::Judge);
    Position {
        id: charts::id("audit", &findings[0].check),
        simulated: audit.simulated,
        who: if judge { "judges" } else { "people" }.into(),
        rows: findings.iter().map(row).collect(),
    }
}

/// Subject and dimension of a finding, as far as it has them.
fn named(finding: &Finding) -> String {
    match (finding.subject.as_str(), finding.dimension.as_deref()) {
        ("", None) => finding.check.replace('-', " "),
        ("", Some(dimension)) => dimension.to_owned(),
        (subject, Some(dimension)) if subject != dimension => format!("{subject}, {dimension}"),
        (subject, _) => subject.to_owned(),
    }
}

fn forest(findings: &[&Finding], audit: &Audit) -> Forest {
    let first = findings[0];
    let several = findings.iter().any(|f| f.dimension != first.dimension);
    let row = |f: &&Finding| Effect {
        label: if several && f.subject.is_empty() { named(f) } else { f.subject.clone() },
        group: if several && !f.subject.is_empty() { f.dimension.clone() } else { None },
        estimate: f.estimate,
        interval: f.low.zip(f.high),
        n: f.n,
        tone: tone(f.verdict),
    };
    let band = first.band;
    Forest {
        id: charts::id("audit", &first.check),
        simulated: audit.simulated,
        measure: first.check.replace('-', " "),
        unit: if first.unit == "share" { "%".into() } else { first.unit.clone() },
        percent: first.unit == "share",
        null: band.map_or(0.0, |b| b.null),
        null_name: if band.is_some() { "no bias".into() } else { String::new() },
        band: band.filter(|b| b.look > 0.0).map(|b| (b.null - b.look, b.null + b.look)),
        rows: findings.iter().map(row).collect(),
    }
}

/// Dimensions on which annotators were compared, and by what.
fn rated(audit: &Audit) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for row in audit.annotators.iter().filter(|r| r.severity.value.is_some() || r.agreement.value.is_some()) {
        let key = (row.dimension.clone(), row.of.clone());
        if !found.contains(&key) {
            found.push(key);
        }
    }
    found
}

fn annotators(audit: &Audit, dimension: &str, of: &str) -> Annotators {
    let verdict = |name: &str| {
        let about = audit.findings.iter().filter(|f| f.area == Area::Annotators && f.subject == name);
        about.filter(|f| f.dimension.as_deref().is_none_or(|d| d == dimension)).map(|f| f.verdict).max()
    };
    let rows = audit.annotators.iter().filter(|r| r.dimension == dimension && r.of == of).map(|r| Annotator {
        name: r.annotator.clone(),
        severity: r.severity.value,
        severity_interval: r.severity.low.zip(r.severity.high),
        agreement: r.agreement.value,
        agreement_interval: r.agreement.low.zip(r.agreement.high),
        n: r.labels,
        tone: verdict(&r.annotator).map_or(Tone::Fine, tone),
    });
    let votes = of == "votes";
    Annotators {
        id: charts::id(if votes { "voters" } else { "annotators" }, dimension),
        simulated: audit.simulated,
        dimension: dimension.to_owned(),
        severity_unit: if votes {
            "share of votes for the first item, minus ½"
        } else {
            "standard deviations above the others"
        }
        .into(),
        agreement_unit: if votes { "share of agreement with the others" } else { "Spearman with the others' mean" }
            .into(),
        rows: rows.collect(),
    }
}

/// Dimensions of the pairs that questions were compared with.
fn judged(audit: &Audit) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for row in &audit.shifts {
        if !found.contains(&row.dimension) {
            found.push(row.dimension.clone());
        }
    }
    found
}

/// Label and checklist dimension of a question, where a head knows it.
fn known<'a>(report: &'a Report, question: &'a str) -> (&'a str, Option<&'a str>) {
    let row = report.heads.iter().flat_map(|h| &h.weights).find(|w| w.id == question);
    row.map_or((question, None), |w| (w.label.as_str(), w.dimension.as_deref()))
}

fn yes_share(report: &Report, audit: &Audit, dimension: &str) -> Option<YesShare> {
    let rows: Vec<Shift> = (audit.shifts.iter())
        .filter(|q| q.dimension == dimension && q.shift.value.is_some())
        .map(|q| {
            let (label, group) = known(report, &q.question);
            Shift {
                label: if q.judge.is_empty() { label.to_owned() } else { format!("{} / {label}", q.judge) },
                group: group.map(str::to_owned),
                shift: q.shift.value,
                interval: q.shift.low.zip(q.shift.high),
                second: None,
            }
        })
        .collect();
    let pairs = report.card.dimensions.iter().find(|d| d.name == dimension).map_or(0, |d| d.a + d.b);
    (!rows.is_empty()).then(|| YesShare {
        id: charts::id("yes-share", dimension),
        simulated: audit.simulated,
        dimension: dimension.to_owned(),
        what: "the preferred item minus the other".into(),
        second: String::new(),
        pairs,
        rows,
    })
}

fn judge_quality(report: &Report, audit: &Audit, dimension: &str) -> Option<JudgeQuality> {
    let head = report.heads.iter().find(|h| h.dimension == dimension)?;
    let point = |q: &crate::audit::QuestionRow| {
        let quality = q.balanced_accuracy.value.or(q.accuracy.value)?;
        let row = head.weights.iter().find(|w| w.id == q.question || w.id == format!("{}/{}", q.judge, q.question))?;
        Some(Judged { label: row.label.clone(), quality, weight: row.effect })
    };
    let points: Vec<Judged> = audit.questions.iter().filter_map(point).collect();
    (points.len() > 1).then(|| JudgeQuality {
        id: charts::id("judge-quality", dimension),
        simulated: audit.simulated,
        head: dimension.to_owned(),
        quality: "balanced accuracy against human ratings".into(),
        threshold: Some(0.6),
        unit: charts::unit(head).into(),
        points,
    })
}
