//! What the audit must find in the four real sets, each with an interval. The manifests are those of `datasets/manifests/`.
//!
//! Where a finding depends on a choice, the tests state which one gives which figure:
//!
//! * "dynamicrafter is preferred by people in 89 % of its pairs, by the head in 71 %" counts the pairs against other generators that
//!   people decided; equal scores of the head (one pair in ten) name nobody. With ties and equal scores counting half over all
//!   pairs, people stand at 87 % and the head at 74 %. Both are in the row of the group.
//! * "inside one family the head falls to about .59": out of fold, with λ at the minimum of its curve, .591 on alignment and .568 on
//!   transition; with the default λ (one standard error) .583 and .566. The tests use the default; .59 is inside both intervals.

use std::path::PathBuf;

use headfit::audit::{Audit, AuditInput, AuditOptions, Finding, GroupRow, Verdict, audit};
use headfit::dataset::{self, Dataset, ReadOptions, Source};
use headfit::features::{self, FeatureOptions};
use headfit::head::{self, HeadsFile, TrainOptions};

use crate::support::{crate_folder, real_data};

/// A real set with the manifest that we ship for it, where there is one.
fn read(set: &str) -> Option<Dataset> {
    let path: PathBuf = real_data(set)?;
    let manifest = Some(crate_folder().join(format!("datasets/manifests/{set}.toml"))).filter(|file| file.exists());
    Some(dataset::read(&Source::Folder { path, manifest }, ReadOptions::default()).unwrap())
}

/// The audit of the data alone, without heads.
fn of_data(ds: &Dataset) -> Audit {
    let features = features::build(ds, &FeatureOptions::default()).unwrap();
    let options = AuditOptions { draws: 100, refits: false, ..AuditOptions::new(ds) };
    audit(&AuditInput { ds, features: Some(&features), heads: None, options: &options }).unwrap()
}

fn finding<'a>(found: &'a Audit, check: &str, dimension: Option<&str>, subject: &str) -> &'a Finding {
    let finding = found.finding(check, dimension, subject).unwrap_or_else(|| panic!("no {check} about {subject}"));
    let (low, high) = finding.low.zip(finding.high).unwrap_or_else(|| panic!("no interval: {finding:?}"));
    let estimate = finding.estimate.unwrap();
    assert!(low <= estimate && estimate <= high && finding.n > 0, "{finding:?}");
    finding
}

fn close(finding: &Finding, expected: f64, by: f64) {
    let value = finding.estimate.unwrap();
    assert!((value - expected).abs() <= by, "{} {}: {value}, not {expected}", finding.check, finding.subject);
}

#[test]
fn judges_of_genaibench_name_the_first_side() {
    let Some(ds) = read("genaibench_arena") else { return };
    let found = of_data(&ds);
    for (judge, share, verdict) in
        [("llava", 0.999, Verdict::Bad), ("cogvlm", 1.0, Verdict::Bad), ("gpt4o", 0.47, Verdict::Fine)]
    {
        let finding = finding(&found, "scorer-position", None, judge);
        close(finding, share, 0.003);
        assert_eq!(finding.verdict, verdict, "{finding:?}");
    }
    assert_eq!(finding(&found, "position-bias", Some("image_edition"), "people").verdict, Verdict::Fine);
}

#[test]
fn scorers_of_tcbench_point_the_wrong_way_and_generators_tell_the_labels() {
    let Some(ds) = read("tcbench_i2v") else { return };
    let found = of_data(&ds);
    for (scorer, accuracy) in [("CLIPScore", 0.399), ("FrameConsistency", 0.289)] {
        let finding = finding(&found, "scorer-direction", Some("transition"), scorer);
        close(finding, accuracy, 0.0005);
        assert!(finding.verdict == Verdict::Bad && finding.remedy.contains("wrong way"), "{finding:?}");
    }
    let people = finding(&found, "group-preference", Some("transition"), "generator = dynamicrafter");
    close(people, 0.89, 0.005);
    assert_eq!(people.verdict, Verdict::Bad);
    close(finding(&found, "attribute-only", Some("transition"), "generator alone"), 0.81, 0.005);
    close(finding(&found, "attribute-only", Some("transition"), "family alone"), 0.80, 0.005);
    // The heads read `features.csv`; the shift is that of the answers beside it.
    assert!(finding(&found, "yes-share-shift", Some("transition"), "all decided pairs").low.unwrap() > 0.05);
    close(finding(&found, "items-without-features", None, "items"), 31.0 / 952.0, 1e-5);
}

#[test]
fn the_head_of_tcbench_tells_families_apart_and_hardly_ranks_inside_one() {
    let Some(ds) = read("tcbench_i2v") else { return };
    let features = features::build(&ds, &FeatureOptions::default()).unwrap();
    let train = TrainOptions { bootstrap: 20, ..TrainOptions::default() };
    let heads = (0..ds.dimensions.len())
        .map(|d| head::train(&ds, &features, d, &head::training_pairs(&ds, d).0, &train).unwrap())
        .collect();
    let given = std::collections::BTreeMap::from([("bootstrap".to_owned(), "20".to_owned())]);
    let heads = HeadsFile::new(heads, head::provenance(&ds, 1, given));
    let options = AuditOptions { draws: 200, train, ..AuditOptions::new(&ds) };
    let found =
        audit(&AuditInput { ds: &ds, features: Some(&features), heads: Some(&heads), options: &options }).unwrap();

    let row = |dimension: &str, relation: &str, attribute: &str, value: &str| -> &GroupRow {
        let mut rows = found.groups.iter().filter(|r| r.dimension == dimension && r.relation == relation);
        rows.find(|r| r.attribute == attribute && r.value == value).unwrap()
    };
    for (dimension, inside) in [("alignment", 0.583), ("transition", 0.566)] {
        let within = &row(dimension, "same", "family", "").accuracy;
        let (value, low, high) = (within.value.unwrap(), within.low.unwrap(), within.high.unwrap());
        assert!((value - inside).abs() < 0.01, "inside one family, {dimension}: {value}");
        assert!(low < 0.59 && 0.59 < high && high < 0.65, "{dimension}: {low} to {high}");
        assert_eq!(finding(&found, "head-within-accuracy", Some(dimension), "same family").verdict, Verdict::Bad);
    }
    let of = row("transition", "against others", "generator", "dynamicrafter");
    let (people, head) = (&of.people_decided, &of.head_decided);
    assert!((people.value.unwrap() - 0.89).abs() < 0.01 && people.low.unwrap() > 0.85, "{people:?}");
    assert!((head.value.unwrap() - 0.71).abs() < 0.015 && head.high.unwrap() < 0.78, "{head:?}");
    assert!((of.head.value.unwrap() - 0.74).abs() < 0.01, "equal scores counting half: {:?}", of.head);
    let residual = finding(&found, "head-residual-preference", Some("transition"), "generator = dynamicrafter");
    assert!(residual.verdict == Verdict::Bad && residual.low.unwrap() > 0.1);
    assert!(residual.message.contains("people prefer dynamicrafter in 89 % of its"), "{}", residual.message);
    let alone = found.findings.iter().find(|f| f.check == "head-attributes-alone").unwrap();
    close(alone, 0.80, 0.01);
    let controls: Vec<&Finding> = found.findings.iter().filter(|f| f.check.starts_with("control-")).collect();
    assert_eq!(controls.len(), 6);
    assert!(controls.iter().all(|f| f.verdict == Verdict::Fine), "{controls:#?}");
}

#[test]
fn models_of_tifa160_say_yes_and_its_slots_are_no_persons() {
    let Some(ds) = read("tifa160") else { return };
    let found = of_data(&ds);
    for judge in ["instructblip", "mplug", "pali17b"] {
        let finding = finding(&found, "yes-rate", None, judge);
        assert!(finding.estimate.unwrap() >= 0.85 && finding.verdict == Verdict::Look, "{finding:?}");
    }
    let slots = found.agreement.iter().find(|r| r.dimension == "alignment_tifa").unwrap();
    assert_eq!(slots.persistent, Some(false));
    let of_persons: Vec<_> = found.annotators.iter().map(|r| r.dimension.as_str()).collect();
    assert!(of_persons.contains(&"alignment_dsg") && !of_persons.contains(&"alignment_tifa"), "{of_persons:?}");
    let said = found.not_run.iter().find(|n| n.check == "annotators" && n.reason.contains("slots, not persons"));
    assert!(said.is_some_and(|n| n.subject.contains("alignment_tifa")), "{:?}", found.not_run);
    assert!(!found.findings.iter().any(|f| f.subject.starts_with("tifa_slot")));
}

#[test]
fn imagenhub_is_told_by_its_generators_and_lacks_features() {
    let Some(ds) = read("imagenhub") else { return };
    let found = of_data(&ds);
    let alone = finding(&found, "attribute-only", Some("overall"), "generator alone");
    close(alone, 0.76, 0.006);
    assert_eq!(alone.verdict, Verdict::Bad);
    let without = finding(&found, "items-without-features", None, "items");
    close(without, 329.0 / 5130.0, 1e-6);
    assert!(without.message.starts_with("329 of 5130 items have no feature at all"), "{}", without.message);
}
