//! A small report made by hand, under names that a test chooses.

use std::collections::BTreeMap;

use headfit::audit::{self, AnnotatorRow, Area, Audit, Band, Finding, NotRun, QuestionRow, ShiftRow, Side};
use headfit::dataset::DataCard;
use headfit::evaluate::{
    AnswerPatterns, ColumnCorrelations, Comparison, Design, Evaluation, Floor, LadderSteps, Protocol, Row, Verdict,
};
use headfit::features::{Coding, Column, ColumnKind, FeatureSource, Layout, Missing, Preparation};
use headfit::fit::{Certificate, Method, OutcomeModel, Rule, Ties, WeightInterval};
use headfit::head::{Explanation, Head, WeightTrace};
use headfit::problems::{Problem, Problems, Severity};
use headfit::report::{Parts, RecoveredWeight, Recovery, Report, WorkedPair};

use super::support::folder;

pub fn head(dimension: &str, names: &[(&str, &str, f64)]) -> Head {
    let column = |(label, group, _): &(&str, &str, f64)| Column {
        id: format!("q-{label}"),
        label: (*label).into(),
        kind: ColumnKind::Question,
        dimension: Some((*group).into()),
        subdimension: Some(format!("{group} ladder")),
        text_sha256: None,
    };
    let weights: Vec<f64> = names.iter().map(|n| n.2).collect();
    Head {
        dimension: dimension.into(),
        columns: names.iter().map(column).collect(),
        intervals: weights
            .iter()
            .map(|w| WeightInterval { low: w * 0.5, high: w * 1.4, selected: if *w == 0.0 { 0.1 } else { 0.9 } })
            .collect(),
        marginal: weights.iter().map(|w| Some(0.1 + w / 4.0)).collect(),
        coding: Coding::Signed,
        source: FeatureSource::Answers,
        layout: Some(Layout::Fixed),
        gates: None,
        imported: None,
        preparation: Preparation {
            missing: Missing::Neutral,
            fills: vec![0.0; names.len()],
            scales: vec![1.0; names.len()],
        },
        weights,
        method: Method::Sparse,
        ties: Ties::Half,
        outcomes: OutcomeModel::default(),
        details: None,
        tie_threshold: 0.05,
        lambda: 0.0125,
        lambda_max: 0.25,
        rule: Some(Rule::OneSe),
        curve: vec![],
        certificate: Certificate {
            kkt: 1e-8,
            objective: 0.6,
            loss: 0.55,
            gap: None,
            gap_reason: Some("none was computed".into()),
            iterations: 9,
            converged: true,
        },
        quantiles: vec![],
        pairs: 300,
        groups: 60,
        prompts: vec![],
        notes: vec![],
    }
}

pub fn rows(dimension: &str, scorers: &[(&str, f64, Verdict)]) -> (Vec<Row>, Vec<Comparison>) {
    let mut found = (Vec::new(), Vec::new());
    for protocol in [Protocol::Tau, Protocol::DiffHalf] {
        let shift = if protocol == Protocol::Tau { 0.1 } else { 0.0 };
        for (scorer, value, verdict) in scorers {
            found.0.push(Row {
                value: Some(value - shift),
                low: Some(value - shift - 0.04),
                high: Some(value - shift + 0.04),
                n: 250,
                prompts: 60,
                ties: 50,
                coverage: 1.0,
                reason: None,
                ..Row::without_value(dimension, scorer, protocol, "")
            });
            if *scorer != "head" {
                let difference = scorers[0].1 - value;
                found.1.push(Comparison {
                    dimension: dimension.into(),
                    scorer: (*scorer).into(),
                    protocol,
                    difference: Some(difference),
                    low: Some(difference - 0.05),
                    high: Some(difference + 0.05),
                    n: 250,
                    prompts: 60,
                    verdict: *verdict,
                    ..Comparison::undecided(dimension, scorer, protocol)
                });
            }
        }
    }
    found
}

/// Two dimensions: on one the head wins, on the other it loses to one scorer. `name` puts a stranger's text everywhere.
pub fn report(name: &dyn Fn(&str) -> String) -> Report {
    use Verdict::{HeadLoses, HeadWins, NoDifferenceShown};
    let (first, second, scorer) = (name("overall"), name("alignment"), name("clip_score"));
    let one = rows(&first, &[("head", 0.74, HeadWins), ("mean", 0.71, NoDifferenceShown), (&scorer, 0.58, HeadWins)]);
    let two = rows(&second, &[("head", 0.61, HeadWins), ("mean", 0.6, NoDifferenceShown), (&scorer, 0.7, HeadLoses)]);
    let floor = |dimension: &str| Floor::rule(dimension, "chance", Protocol::DiffHalf, 0.5, 250);
    let evaluation = Evaluation {
        draws: 1000,
        seed: 1,
        rows: [one.0, two.0].concat(),
        floors: vec![floor(&first), floor(&second)],
        comparisons: [one.1, two.1].concat(),
        notes: vec![name("2 pairs left out")],
        ..Evaluation::empty(&name("toy"), Design::CrossValidated { folds: 5 })
    };
    let (a, b, c) = (name("hands are right"), name("gpt4o/objects:mean"), name("画面自然"));
    let heads = [
        head(&first, &[(&a, &name("quality"), 0.8), (&b, &name("quality"), 0.0), (&c, &name("physics"), 0.3)]),
        head(&second, &[(&a, &name("quality"), 0.0), (&b, &name("quality"), 0.0), (&c, &name("physics"), 0.0)]),
    ];
    let mut problems = Problems::default();
    let problem =
        Problem::new(Severity::Warning, "unknown-token", "answers.csv", name("not yes or no"), "write yes or no");
    problems.push(problem.at(12).cell(name("answer"), name("maybe")));
    let card: DataCard = card(&name);
    Report::new(Parts {
        title: name("A small report"),
        card,
        problems: &problems,
        feature_notes: vec![name("3 questions, one judge")],
        heads: &heads,
        shares: vec![],
        traces: vec![vec![WeightTrace { id: format!("q-{a}"), points: vec![(0.25, 0.0), (0.0125, 0.8)] }]],
        worked: vec![worked(name, true), worked(name, false)],
        answers: Some(answers(name)),
        audit: Some(audit(name)),
        evaluation,
        artefact: headfit::report::Artefact::default(),
        recovery: vec![Recovery {
            dimension: first,
            found: vec![RecoveredWeight { question: format!("q-{a}"), planted: 0.9, fitted: 0.8 }],
            missed: vec![RecoveredWeight { question: format!("q-{b}"), planted: 0.1, fitted: 0.0 }],
            unplanted: vec![],
            share_found: 0.9,
            rank_correlation: Some(0.87),
        }],
        command: name("headfit report DATA -o DIR"),
        options: BTreeMap::from([("rule".into(), name("1se"))]),
    })
    .unwrap()
}

/// Patterns with a ladder and correlations, under a stranger's names.
pub fn answers(name: &dyn Fn(&str) -> String) -> AnswerPatterns {
    AnswerPatterns {
        correlations: Some(ColumnCorrelations {
            items: 40,
            labels: vec![name("hands are right"), name("feet are right")],
            below: vec![vec![], vec![Some(0.83)]],
        }),
        ladders: vec![LadderSteps {
            ladder: name("hands"),
            rungs: vec![name("easy"), name("hard")],
            items: vec![10, 20, 10],
            yes: vec![vec![0.0, 0.0], vec![0.9, 0.1], vec![1.0, 1.0]],
            broken: Some(0.05),
        }],
    }
}

/// An audit with one bad finding, one fine one, and annotators and questions to draw.
pub fn audit(name: &dyn Fn(&str) -> String) -> Audit {
    let band = Band { null: 0.5, look: 0.03, bad: 0.1, side: Side::Both };
    let finding = |dimension: &str, estimate: f64, verdict| Finding {
        area: Area::Preferences,
        check: "position-bias".into(),
        dimension: Some(name(dimension)),
        subject: name("first item"),
        estimate: Some(estimate),
        low: Some(estimate - 0.02),
        high: Some(estimate + 0.02),
        unit: "share".into(),
        n: 250,
        n_of: "pairs".into(),
        band: Some(band),
        p: Some(0.001),
        q: Some(0.002),
        verdict,
        message: name("the first item is preferred in too many pairs"),
        remedy: name("show pairs in random order"),
        reason: None,
    };
    let measure = |v: f64| audit::Measure::new(v, Some((v - 0.1, v + 0.1)));
    let annotator = |person: &str, v: f64| AnnotatorRow {
        annotator: name(person),
        dimension: name("overall"),
        of: "ratings".into(),
        labels: 100,
        severity: measure(v),
        agreement: measure(0.6),
        ..AnnotatorRow::default()
    };
    let question = |id: &str| QuestionRow {
        question: format!("q-{}", name(id)),
        answers: 40,
        balanced_accuracy: measure(0.7),
        ..QuestionRow::default()
    };
    let shift = |id: &str, v: f64| ShiftRow {
        question: format!("q-{}", name(id)),
        dimension: name("overall"),
        shift: measure(v),
        ..ShiftRow::default()
    };
    Audit {
        dataset: name("toy"),
        simulated: false,
        dimensions: vec![name("overall"), name("alignment")],
        heads_from: None,
        draws: 1000,
        seed: 1,
        looks: 2,
        tests: 2,
        findings: vec![finding("overall", 0.62, audit::Verdict::Bad), finding("alignment", 0.51, audit::Verdict::Fine)],
        agreement: vec![],
        annotators: vec![annotator("Ann", 0.3), annotator("Bob", -0.2)],
        groups: vec![],
        questions: vec![question("hands are right"), question("画面自然")],
        shifts: vec![shift("hands are right", 0.12), shift("画面自然", -0.05)],
        shares: vec![],
        not_run: vec![NotRun { check: "influence".into(), subject: name("all"), reason: name("no refits") }],
        notes: vec![name("slots are not people")],
    }
}

/// A data set of its own files, so that the card is a true one.
pub fn card(name: &dyn Fn(&str) -> String) -> DataCard {
    let root = folder();
    std::fs::write(root.path().join("items.csv"), "item_id,prompt_id\na,p\nb,p\n").unwrap();
    std::fs::write(root.path().join("scores.csv"), "item_id,s\na,1\nb,2\n").unwrap();
    let pairs = "pair_id,prompt_id,dimension,item_a,item_b,label\n1,p,overall,a,b,a\n";
    std::fs::write(root.path().join("pairs.csv"), pairs).unwrap();
    let source = headfit::dataset::Source::Folder { path: root.path().to_path_buf(), manifest: None };
    let data = headfit::dataset::read(&source, headfit::dataset::ReadOptions::default()).unwrap();
    let mut card = DataCard::new(&data);
    card.name = name("toy");
    card.dimensions[0].name = name("overall");
    card.scorers[0].name = name("clip_score");
    card
}

pub fn text(report: &Report, file: &str) -> String {
    let bytes = report.files().unwrap().into_iter().find(|(name, _)| name == file).unwrap().1;
    String::from_utf8(bytes).unwrap().replace(env!("CARGO_PKG_VERSION"), "[version]")
}

pub fn plain() -> Report {
    report(&|text| text.to_owned())
}

/// A pair under a stranger's names, taken apart.
fn worked(name: &dyn Fn(&str) -> String, right: bool) -> WorkedPair {
    let side = |item: &str, score: f64| {
        serde_json::json!({"item": name(item), "prompt": name("a red car"), "score": score,
            "bounds": {"low": null, "high": null, "missing": 0}, "percentile": null})
    };
    let explanation = serde_json::json!({
        "dimension": name("overall"), "a": side("item-1", 0.8), "b": side("item-2", 0.0), "same_prompt": true,
        "margin": 0.8, "tie_threshold": 0.0, "verdict": "a", "chance": {"a": 0.69, "tie": 0.0, "b": 0.31},
        "steps": [{"column": "q", "label": name("hands are right"), "text": null, "dimension": null,
            "subdimension": null, "weight": 0.4, "a": {"kind": "answer", "value": 1.0},
            "b": {"kind": "answer", "value": 0.0}, "contribution": 0.8, "cumulative": 0.8}],
        "equal": 1, "parts": [], "flip": {"alone": [], "fewest": [], "margin": null}
    });
    let explanation: Explanation = serde_json::from_value(explanation).unwrap();
    WorkedPair { pair: name("pair-1"), people_prefer_a: right, right, explanation }
}
