//! The audit of heads: planted biases are found with their size, real data give the known findings.

use std::collections::BTreeMap;

use headfit::audit::{Audit, AuditInput, AuditOptions, Finding, Verdict, audit};
use headfit::dataset::{self, ReadOptions, Source};
use headfit::features::{self, FeatureOptions};
use headfit::head::{self, HeadsFile, TrainOptions};
use headfit::selftest::{SelftestOptions, selftest};

use crate::support::{folder, headfit, real_data};

/// One seed of the documented test (`headfit selftest --seeds 20`), which is run by hand.
#[test]
fn every_plant_is_raised_and_nothing_in_a_clean_set() {
    let found = selftest(SelftestOptions { seeds: 1, ..SelftestOptions::default() }).unwrap();
    assert_eq!(found.rows.len(), 9);
    for row in &found.rows {
        assert_eq!(row.raised, 1, "{row:?}");
    }
    // Of nine 95 % intervals three or more miss in fewer than one run in a hundred.
    assert!(found.rows.iter().map(|r| r.inside).sum::<usize>() >= 7, "{:#?}", found.rows);
    assert!(found.clean_alarms.is_empty(), "{:#?}", found.clean_alarms);
}

#[test]
fn a_selftest_of_no_seed_is_refused() {
    assert_eq!(selftest(SelftestOptions { seeds: 0, ..SelftestOptions::default() }).unwrap_err().exit_code(), 2);
    let here = folder();
    assert_eq!(headfit(here.path(), &["selftest", "--seeds", "0"]).code, 2);
}

/// The audit of heads fitted with a given λ, on data with a manifest of their own.
fn audited(path: std::path::PathBuf, manifest: Option<&str>) -> Audit {
    let here = folder();
    let manifest = manifest.map(|text| {
        let file = here.path().join("dataset.toml");
        std::fs::write(&file, text).unwrap();
        file
    });
    let ds = dataset::read(&Source::Folder { path, manifest }, ReadOptions::default()).unwrap();
    let features = features::build(&ds, &FeatureOptions::default()).unwrap();
    let train = TrainOptions { lambda: Some(0.005), bootstrap: 20, ..TrainOptions::default() };
    let heads = (0..ds.dimensions.len())
        .map(|d| head::train(&ds, &features, d, &head::training_pairs(&ds, d).0, &train).unwrap())
        .collect();
    let given = BTreeMap::from([("bootstrap".to_owned(), "20".to_owned())]);
    let heads = HeadsFile::new(heads, head::provenance(&ds, 1, given));
    let options = AuditOptions { draws: 200, train, ..AuditOptions::new(&ds) };
    audit(&AuditInput { ds: &ds, features: Some(&features), heads: Some(&heads), options: &options }).unwrap()
}

fn finding<'a>(found: &'a Audit, check: &str, dimension: &str, subject: &str) -> &'a Finding {
    found.finding(check, Some(dimension), subject).unwrap_or_else(|| panic!("no {check} about {subject}"))
}

#[test]
fn the_head_of_tcbench_tells_families_apart_and_hardly_ranks_inside_one() {
    let Some(path) = real_data("tcbench_i2v") else { return };
    let manifest = "[attributes.family]\nfrom = \"generator\"\nmap = { dynamicrafter = \"i2v\", seine = \"i2v\", \
                    modelscope = \"t2v\", videocrafter = \"t2v\", lavie = \"t2v\" }\n";
    let found = audited(path, Some(manifest));
    assert_eq!(finding(&found, "head-within-accuracy", "transition", "same family").verdict, Verdict::Bad);
    let row = |relation: &str, attribute: &str, value: &str| {
        let mut rows = found.groups.iter().filter(|r| r.dimension == "transition" && r.relation == relation);
        rows.find(|r| r.attribute == attribute && r.value == value).unwrap()
    };
    let within = row("same", "family", "").accuracy.value.unwrap();
    assert!((0.54..=0.63).contains(&within), "inside one family: {within}");
    let of = row("against others", "generator", "dynamicrafter");
    let (people, head) = (of.people.value.unwrap(), of.head.value.unwrap());
    assert!((0.84..=0.92).contains(&people) && (0.66..=0.78).contains(&head), "{people} {head}");
    let residual = finding(&found, "head-residual-preference", "transition", "generator = dynamicrafter");
    assert!(residual.verdict == Verdict::Bad && residual.low.unwrap() > 0.1);
    let controls: Vec<&Finding> = found.findings.iter().filter(|f| f.check.starts_with("control-")).collect();
    assert_eq!(controls.len(), 6);
    assert!(controls.iter().all(|f| f.verdict == Verdict::Fine), "{controls:#?}");
}
