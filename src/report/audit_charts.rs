//! What the charts of an audit show.

use super::audit_view::{by_check, known};
use super::{Report, charts};
use crate::audit::{Area, Audit, Finding, Side, Verdict};
use crate::plot::annotators::{Annotator, Annotators};
use crate::plot::forest::{Effect, Forest};
use crate::plot::judge_quality::{JudgeQuality, Judged};
use crate::plot::position::{FirstShare, Position};
use crate::plot::yes_share::{Shift, YesShare};
use crate::plot::{Chart, Tone};

/// The check of the sides that people prefer.
const PEOPLE: &str = "position-bias";
/// Most forest plots on a page.
const FORESTS: usize = 4;
/// Most estimates in one forest plot of a page; the worst are shown.
const EFFECTS: usize = 14;

/// Every chart that the audit allows, and whether pages show it.
pub(super) fn all(report: &Report, lead: Option<&str>) -> Vec<(Chart, bool)> {
    let Some(audit) = &report.audit else { return Vec::new() };
    let mut found = Vec::new();
    let mut forests = 0;
    for (check, findings) in by_check(audit) {
        let findings: Vec<&Finding> = findings.into_iter().filter(|f| f.estimate.is_some()).collect();
        let flagged = findings.iter().any(|f| tone(f.verdict).flagged());
        if is_position(&findings) {
            let people = findings.iter().all(|f| f.area != Area::Judge) && check == PEOPLE;
            found.push((Chart::Position(position(&findings, audit, people)), flagged || people));
        } else if findings.len() > 1 && findings.iter().all(|f| f.unit == findings[0].unit) {
            let shown = (flagged || check.contains("controlled")) && forests < FORESTS;
            forests += usize::from(shown);
            found.push((Chart::Forest(forest(report, &findings, audit)), shown));
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

/// Findings on how often the first of two items is chosen.
fn is_position(findings: &[&Finding]) -> bool {
    let half = |f: &&Finding| f.band.is_some_and(|b| b.null == 0.5);
    findings.first().is_some_and(|f| f.check.contains("position") && f.unit == "share") && findings.iter().all(half)
}

fn position(findings: &[&Finding], audit: &Audit, people: bool) -> Position {
    // A scorer names its side whatever the pair was labelled for: its findings over all dimensions say it once.
    let whole: Vec<&Finding> = findings.iter().copied().filter(|f| f.dimension.is_none()).collect();
    let findings = if whole.is_empty() { findings } else { &whole };
    let row = |f: &&Finding| FirstShare {
        label: match &f.dimension {
            Some(dimension) if people => dimension.clone(),
            _ => named(f),
        },
        share: f.estimate,
        interval: f.low.zip(f.high),
        pairs: f.n,
        tone: tone(f.verdict),
    };
    Position {
        id: charts::id("audit", &findings[0].check),
        simulated: audit.simulated,
        who: if people { "people" } else { "scorers" }.into(),
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

fn forest(report: &Report, findings: &[&Finding], audit: &Audit) -> Forest {
    let first = findings[0];
    // One subject under several dimensions is told apart by the dimension, several subjects by their names.
    let one_subject = findings.iter().all(|f| f.subject == first.subject);
    let unique = {
        let mut subjects: Vec<&str> = findings.iter().map(|f| f.subject.as_str()).collect();
        subjects.sort_unstable();
        subjects.windows(2).all(|w| w[0] != w[1])
    };
    let label = |f: &Finding| match (&f.dimension, known(report, &f.subject).0) {
        (Some(dimension), _) if one_subject && !unique => dimension.clone(),
        (_, "") => named(f),
        (Some(dimension), subject) if !unique && !subject.contains(dimension.as_str()) => {
            format!("{subject}, {dimension}")
        }
        (_, subject) => subject.to_owned(),
    };
    let row = |f: &&Finding| Effect {
        label: label(f),
        group: None,
        estimate: f.estimate,
        interval: f.low.zip(f.high),
        n: f.n,
        tone: tone(f.verdict),
    };
    let flagged = findings.iter().filter(|f| tone(f.verdict).flagged()).count();
    let nouns = nouns(report, first, one_subject);
    Forest {
        id: charts::id("audit", &first.check),
        simulated: audit.simulated,
        measure: measure(&first.check),
        noun: (nouns.0.into(), nouns.1.into()),
        unit: if first.unit == "share" { "%".into() } else { first.unit.clone() },
        percent: first.unit.split(' ').next() == Some("share"),
        null: first.band.map_or(0.0, |b| b.null),
        null_name: first.band.map_or("", null_name).into(),
        band: first.band.filter(|b| b.look > 0.0).map(|b| match b.side {
            Side::Above => (b.null, b.null + b.look),
            Side::Below => (b.null - b.look, b.null),
            Side::Both => (b.null - b.look, b.null + b.look),
        }),
        all: findings.len(),
        flagged,
        rows: findings.iter().take(EFFECTS).map(row).collect(),
    }
}

/// What the estimates of a check are called.
fn measure(check: &str) -> String {
    match check {
        "calibration" => "distance of P(yes) from people's yes-share",
        "yes-bias" => "judge's yes answers beyond people's",
        "answer-accuracy" => "accuracy of the judge's answers",
        "question-direction" => "shift of the yes-share towards the preferred item",
        "rating-against-pair" => "pairs that contradict the ratings",
        "head-effective-questions" => "effective number of questions",
        "head-vif" => "variance inflation of the weights",
        "saturation" => "mean P(yes)",
        "ladder" | "ladders" => "broken ladders",
        "cycles" => "circles beyond what the head predicts",
        "head-residual-preference" => "preference that the head misses",
        "attribute-only" => "accuracy of an attribute alone",
        "head-within-accuracy" => "accuracy inside a group against between groups",
        "scorer-direction" => "agreement of scorers with people",
        "group-preference" => "pairs won by a group",
        "head-group-accuracy" => "accuracy against the other pairs",
        other => return other.replace("head-", "").replace('-', " "),
    }
    .to_owned()
}

/// What the value is called that means nothing is wrong.
fn null_name(band: crate::audit::Band) -> &'static str {
    match (band.side, band.null) {
        (Side::Both, _) => "no bias",
        (Side::Below, 1.0) => "perfect",
        (_, 0.0) => "none",
        _ => "expected",
    }
}

/// What the subjects of a check are, one and many.
fn nouns(report: &Report, finding: &Finding, one_subject: bool) -> (&'static str, &'static str) {
    match finding.area {
        _ if one_subject => ("dimension", "dimensions"),
        Area::Judge | Area::Preferences if known(report, &finding.subject).0 != finding.subject => {
            ("question", "questions")
        }
        Area::Annotators if finding.check.starts_with("annotator") => ("annotator", "annotators"),
        _ => ("estimate", "estimates"),
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

fn yes_share(report: &Report, audit: &Audit, dimension: &str) -> Option<YesShare> {
    let several = audit.shifts.iter().any(|q| q.judge != audit.shifts[0].judge);
    let rows: Vec<Shift> = (audit.shifts.iter())
        .filter(|q| q.dimension == dimension && q.shift.value.is_some())
        .map(|q| {
            let (label, group) = known(report, &q.question);
            Shift {
                label: if q.judge.is_empty() || !several { label.to_owned() } else { format!("{} / {label}", q.judge) },
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
