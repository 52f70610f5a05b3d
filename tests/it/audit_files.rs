//! What `headfit audit` prints and writes, and that every alarm of the demo is explained.

use std::collections::BTreeSet;
use std::path::Path;

use headfit::audit::{Audit, AuditInput, AuditOptions, Digest, Verdict, audit};
use headfit::dataset::{self, ReadOptions};
use headfit::features::{self, FeatureOptions};
use headfit::synth::embedded;

use crate::support::{crate_folder, folder, headfit};

/// A small sound world whose people lean to one side, audited into `audit/`.
fn audited(root: &Path, more: &[&str]) -> crate::support::Run {
    let synth =
        ["synth", "-o", "sim", "--sound", "--plant", "position=1.5", "--train-pairs", "150", "--test-pairs", "90"];
    let run = headfit(root, &synth);
    assert_eq!(run.code, 0, "{}", run.stderr);
    headfit(root, &[&["audit", "sim", "-o", "audit", "--no-refits", "--draws", "50"], more].concat())
}

#[test]
fn a_person_sees_a_screen_and_a_machine_everything() {
    let root = folder();
    let run = audited(root.path(), &["--fail-on", "bad"]);
    assert_eq!(run.code, 5, "{run:?}");
    assert!(run.stderr.contains("findings are bad (--fail-on bad)"), "{}", run.stderr);
    insta::assert_snapshot!("audit", run.stdout);
    assert!(run.stdout.lines().count() < 60, "a screen or so");
    let first = run.stdout.lines().find(|line| line.starts_with("1  ")).unwrap();
    assert!(first.contains("bad") && first.contains("position-bias"), "what was planted comes first: {first}");

    let bytes = std::fs::read(root.path().join("audit/audit.json")).unwrap();
    let found: Audit = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(found.looks, found.findings.len());
    assert!(found.findings.iter().all(|f| !f.message.is_empty() || f.reason.is_some()), "nothing without a word");
    conforms(&serde_json::from_slice(&bytes).unwrap(), "audit");

    let page = std::fs::read_to_string(root.path().join("audit/audit.md")).unwrap();
    assert!(page.starts_with("# Audit of ") && page.contains("Simulated data"), "{page}");
    for entry in Digest::new(&found).entries {
        assert!(page.contains(&format!(". {}", entry.check)), "{} is on the page", entry.check);
    }
    let rows = |name: &str| {
        let text = std::fs::read_to_string(root.path().join(format!("audit/tables/{name}.csv"))).unwrap();
        csv::Reader::from_reader(text.as_bytes()).records().map(Result::unwrap).count()
    };
    assert_eq!(rows("findings"), found.findings.len());
    assert_eq!(rows("questions"), found.questions.len());
    assert_eq!(rows("shifts"), found.shifts.len());
    assert_eq!(rows("annotators"), found.annotators.len());
    assert_eq!(rows("agreement"), found.agreement.len());
    assert_eq!(rows("not-run"), found.not_run.len());
    assert!(!root.path().join("audit/tables/groups.csv").exists(), "no heads, no groups");

    // The folder is ours and may be replaced; another one may not.
    let run = headfit(root.path(), &["audit", "sim", "-o", "audit", "--no-refits", "--draws", "50", "-q"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run:?}");
    let run = headfit(root.path(), &["audit", "sim", "-o", "sim", "--no-refits", "--force"]);
    assert!(run.code == 2 && run.stderr.contains("is the folder of the data"), "{run:?}");
    assert!(root.path().join("sim/answers.parquet").exists());
    std::fs::create_dir(root.path().join("mine")).unwrap();
    std::fs::write(root.path().join("mine/notes.txt"), "x").unwrap();
    let run = headfit(root.path(), &["audit", "sim", "-o", "mine", "--no-refits"]);
    assert!(run.code == 2 && run.stderr.contains("was not written by headfit"), "{run:?}");
}

/// Every name that stands in `value` is known to the schema, and everything that the schema demands is there.
fn conforms(value: &serde_json::Value, name: &str) {
    let text = std::fs::read(crate_folder().join(format!("schemas/{name}.schema.json"))).unwrap();
    let schema: serde_json::Value = serde_json::from_slice(&text).unwrap();
    check(value, &schema, &schema, name);
}

fn check(value: &serde_json::Value, schema: &serde_json::Value, root: &serde_json::Value, place: &str) {
    if let Some(target) = schema["$ref"].as_str() {
        let target = target.strip_prefix("#/$defs/").unwrap();
        return check(value, &root["$defs"][target], root, place);
    }
    if value.is_null() {
        let nullable =
            schema["type"].as_array().is_some_and(|t| t.contains(&"null".into())) || schema["anyOf"].is_array();
        assert!(nullable, "{place}: null");
        return;
    }
    match value {
        serde_json::Value::Object(fields) => {
            let known = schema["properties"].as_object().unwrap_or_else(|| {
                let first = schema["anyOf"][0]["$ref"].as_str().unwrap_or_else(|| panic!("{place}: no object here"));
                root["$defs"][first.strip_prefix("#/$defs/").unwrap()]["properties"].as_object().unwrap()
            });
            for (field, value) in fields {
                let schema = known.get(field).unwrap_or_else(|| panic!("{place}.{field} is not in the schema"));
                check(value, schema, root, &format!("{place}.{field}"));
            }
            for field in schema["required"].as_array().into_iter().flatten() {
                assert!(fields.contains_key(field.as_str().unwrap()), "{place}: {field} is missing");
            }
        }
        serde_json::Value::Array(rows) => {
            rows.iter().enumerate().for_each(|(i, row)| check(row, &schema["items"], root, &format!("{place}[{i}]")));
        }
        _ => {}
    }
}

/// What the demo's audit may raise, and why: `datasets/README.md` has the same list.
const EXPLAINED: [(&str, &str); 14] = [
    ("yes-bias", "the judge has the published accuracies, and what they miss is planted as a bar that is too low"),
    ("answer-accuracy", "the same, seen as accuracy"),
    ("calibration", "the same, seen in P(yes)"),
    ("saturation", "question 64 has a published accuracy of 100 %: it is truly yes everywhere"),
    ("ladder", "each answer has noise of its own, so ladders break here and there"),
    ("ladders", "the same, by dimension"),
    ("rating-against-pair", "pairs are labelled with the noise of a choice, ratings of the same items are not"),
    ("agreement", "annotators are careless on one rating in ten to five, and one is lenient"),
    ("head-vif", "rungs of one ladder see the same state through nearly the same noise"),
    ("head-effective-questions", "composition and stability are planted on two questions each"),
    ("head-attributes-alone", "generators differ in the quality that people see"),
    ("attribute-only", "the same"),
    ("group-preference", "the same"),
    ("question-direction", "moving content is planted to go against quality"),
];

#[test]
fn every_alarm_of_the_demo_is_explained() {
    let ds = dataset::read(&embedded(), ReadOptions::default()).unwrap();
    let features = features::build(&ds, &FeatureOptions::default()).unwrap();
    let options = AuditOptions { draws: 50, refits: false, ..AuditOptions::new(&ds) };
    let found = audit(&AuditInput { ds: &ds, features: Some(&features), heads: None, options: &options }).unwrap();
    let raised = |verdict: Verdict| -> BTreeSet<&str> {
        found.findings.iter().filter(|f| f.verdict >= verdict).map(|f| f.check.as_str()).collect()
    };
    let explained: BTreeSet<&str> = EXPLAINED.iter().map(|(check, _)| *check).collect();
    let unexplained: Vec<_> = raised(Verdict::Look).into_iter().filter(|c| !explained.contains(c)).collect();
    assert!(unexplained.is_empty(), "{unexplained:?}");
    // Only what the published accuracies of the judge leave over is bad.
    let judge = BTreeSet::from(["yes-bias", "answer-accuracy", "calibration"]);
    assert!(raised(Verdict::Bad).is_subset(&judge), "{:?}", raised(Verdict::Bad));

    let text = std::fs::read(crate_folder().join("reports/demo/report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_slice(&text).unwrap();
    for finding in report["audit"]["findings"].as_array().unwrap() {
        let check = finding["check"].as_str().unwrap();
        let fine = ["fine", "not-enough-data"].contains(&finding["verdict"].as_str().unwrap());
        assert!(fine || explained.contains(check), "{check}");
    }
}
