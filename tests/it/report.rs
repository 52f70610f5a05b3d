//! The report's pages: what people read is as committed, and one report is read back, compared and made your own.

use std::collections::BTreeMap;

use headfit::audit;
use headfit::evaluate::{Design, Evaluation};
use headfit::problems::Problems;
use headfit::report::{Diff, Parts, Report, Templates};

use super::made_report::{card, plain, report, text};
use super::support::folder;

#[test]
fn the_markdown_page_is_as_committed() {
    insta::assert_snapshot!("report.md", text(&plain(), "report.md"));
}

#[test]
fn the_json_is_as_committed() {
    insta::assert_snapshot!("report.json", text(&plain(), "report.json"));
}

#[test]
fn a_chart_is_as_committed() {
    insta::assert_snapshot!("weights-overall.svg", text(&plain(), "charts/weights-overall.svg"));
}

#[test]
fn the_verdict_says_where_the_head_loses() {
    let verdict = plain().verdict.join(" ").replace('\u{a0}', " ");
    assert!(
        verdict.contains("agrees with people in 74.0 % (95 % interval 70.0 to 78.0) of 250 decided pairs"),
        "{verdict}"
    );
    assert!(
        verdict.contains("The head loses 1 comparison: to clip_score on alignment by 9.0 points (4.0 to 14.0)"),
        "{verdict}"
    );
    assert!(verdict.contains("no difference is shown"), "{verdict}");
}

#[test]
fn the_same_parts_give_the_same_bytes() {
    assert_eq!(plain().files().unwrap(), plain().files().unwrap());
}

#[test]
fn an_empty_evaluation_is_a_page_too() {
    let evaluation = Evaluation {
        simulated: true,
        seed: 1,
        missing_score_equal: true,
        ..Evaluation::empty("none", Design::TrainTest)
    };
    let report = Report::new(Parts {
        title: String::new(),
        card: card(&|t| t.to_owned()),
        problems: &Problems::default(),
        feature_notes: vec![],
        heads: &[],
        shares: vec![],
        traces: vec![],
        worked: vec![],
        answers: None,
        audit: None,
        evaluation,
        artefact: headfit::report::Artefact::default(),
        recovery: vec![],
        command: String::new(),
        options: BTreeMap::new(),
    })
    .unwrap();
    let page = text(&report, "report.html");
    assert!(page.contains("Simulated data") && page.contains("Nothing was evaluated"));
    assert!(text(&report, "report.md").contains("There is no head to show"));
}

#[test]
fn a_report_is_read_back_and_written_with_the_same_bytes() {
    let root = folder();
    let report = plain();
    for (name, bytes) in report.files().unwrap() {
        let path = root.path().join(&name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let again = Report::read(root.path()).unwrap();
    assert_eq!(again.files().unwrap(), report.files().unwrap());
    std::fs::write(root.path().join("report.json"), "{\"schema_version\": 99}").unwrap();
    let message = Report::read(root.path()).unwrap_err();
    assert!(message.exit_code() == 3 && message.to_string().contains("version 99"), "{message}");
}

#[test]
fn every_chart_of_the_audit_is_on_the_page() {
    let page = text(&plain(), "report.html");
    for id in [
        "audit-position-bias",
        "annotators-overall",
        "yes-share-overall",
        "judge-quality-overall",
        "ladders",
        "correlations",
    ] {
        assert!(page.contains(&format!("<figure id=\"{id}\">")), "{id}");
    }
    let order: Vec<usize> =
        ["verdict", "leaderboard-section", "weights-section", "dimensions", "audit", "data", "methods"]
            .iter()
            .map(|id| page.find(&format!("<section id=\"{id}\"")).unwrap())
            .collect();
    assert!(order.is_sorted(), "{order:?}");
}

#[test]
fn the_protocol_switch_has_the_numbers_of_the_json() {
    let report = plain();
    let page = text(&report, "report.html");
    for row in &report.evaluation.rows {
        let body = format!("data-protocol=\"{}\"", row.protocol.id());
        let value = format!("<td class=\"n\">{:.1}<span", row.value.unwrap() * 100.0);
        let bodies: Vec<&str> = page.split("<tbody").filter(|b| b.contains(&body)).collect();
        assert!(bodies.iter().any(|b| b.contains(&row.scorer) && b.contains(&value)), "{body} {value}");
    }
}

#[test]
fn a_user_may_replace_a_template_and_is_told_what_is_wrong_with_it() {
    let root = folder();
    let write = |name: &str, text: &str| std::fs::write(root.path().join(name), text).unwrap();
    write("report.md.j2", "Only {{ report.title }}\n");
    let templates = Templates::read(root.path()).unwrap();
    let files = report(&|t| format!("{t}<b>|")).files_with(&templates).unwrap();
    let page = files.iter().find(|(name, _)| name == "report.md").unwrap();
    assert_eq!(String::from_utf8_lossy(&page.1), "Only A small report&lt;b&gt;\\|\n", "escaped all the same");
    write("report.md.j2", "{{ report.nothing }}");
    let message = plain().files_with(&Templates::read(root.path()).unwrap()).unwrap_err();
    assert!(message.exit_code() == 2 && message.to_string().contains("report.md.j2"), "{message}");
    write("rport.html.j2", "");
    let message = Templates::read(root.path()).unwrap_err().to_string();
    assert!(message.contains("rport.html.j2") && message.contains("report.html.j2"), "{message}");
}

#[test]
fn two_reports_are_compared() {
    let old = plain();
    let mut new = plain();
    new.heads[0].weights[0].effect = 0.2;
    new.heads[0].weights[1].effect = 0.4;
    for row in new.evaluation.rows.iter_mut().filter(|r| r.scorer == "head" && r.dimension == "overall") {
        (row.value, row.low, row.high) =
            (row.value.map(|v| v + 0.1), row.low.map(|v| v + 0.1), row.high.map(|v| v + 0.1));
    }
    if let Some(audit) = &mut new.audit {
        audit.findings[0].verdict = audit::Verdict::Fine;
    }
    let diff = Diff::new(&old, &new).unwrap();
    let changes: Vec<(&str, Option<f64>)> = diff.heads[0].changes.iter().map(|c| (c.label.as_str(), c.new)).collect();
    assert_eq!(changes, [("hands are right", Some(0.2)), ("gpt4o/objects:mean", Some(0.4))]);
    assert!(diff.heads[1].changes.is_empty());
    assert_eq!(diff.accuracy.iter().filter(|a| a.apart).count(), 2, "both protocols of the head on one dimension");
    assert_eq!((diff.findings.len(), diff.findings[0].new), (1, Some(audit::Verdict::Fine)));
    assert!(diff.cautions.is_empty(), "{:?}", diff.cautions);
    assert!(Diff::new(&old, &old).unwrap().figures.is_empty());
    let files = diff.files(&new, &Templates::default()).unwrap();
    let page = |name: &str| String::from_utf8(files.iter().find(|(n, _)| n == name).unwrap().1.clone()).unwrap();
    insta::assert_snapshot!("diff.md", page("diff.md"));
    assert!(page("diff.html").contains("1 column entered the overall head"));
}

/// The page of the committed demo, drawn again from its numbers: no more than 2 MB, which mail and review tools take.
#[test]
fn the_demo_page_is_below_two_megabytes() {
    let demo = Report::read(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/reports/demo"))).unwrap();
    let page = text(&demo, "report.html");
    assert!(page.len() < 2_000_000, "report.html has {} bytes", page.len());
}
