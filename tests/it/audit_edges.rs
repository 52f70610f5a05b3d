//! Audits where there is next to nothing to compare: each case has a stated outcome, and nothing is dropped in silence.

use headfit::audit::{Audit, AuditInput, AuditOptions, Verdict, audit};
use headfit::dataset::{self, Dataset, ReadOptions, Source};
use headfit::features::{self, FeatureOptions};
use headfit::head::{self, HeadsFile, TrainOptions};

/// Columns of an item that are up to the case: generator and one more attribute.
type Columns<'a> = dyn Fn(usize, usize) -> [String; 2] + 'a;

/// `prompts` prompts with two items each; the first feature decides nine pairs in ten.
fn data(prompts: usize, columns: &Columns<'_>, annotators: &[&str]) -> Dataset {
    let mut items = "item_id,prompt_id,generator,extra\n".to_owned();
    let (mut features, mut pairs) = ("item_id,sharp,steady\n".to_owned(), String::new());
    pairs.push_str("pair_id,prompt_id,dimension,item_a,item_b,label\n");
    let mut ratings = "item_id,annotator,dimension,value\n".to_owned();
    for p in 0..prompts {
        for side in 0..2 {
            let [generator, extra] = columns(p, side);
            items.push_str(&format!("i{p}-{side},p{p},{generator},{extra}\n"));
            let sharp = (p * 7 + side * 5) % 11;
            features.push_str(&format!("i{p}-{side},{sharp},{}\n", (p * 3 + side) % 5));
            for (k, name) in annotators.iter().enumerate() {
                ratings.push_str(&format!("i{p}-{side},{name},overall,{}\n", 1 + (sharp + k) / 3));
            }
        }
        let first = (p * 7) % 11 > (p * 7 + 5) % 11;
        let label = if first == (p % 10 != 3) { "a" } else { "b" };
        pairs.push_str(&format!("q{p},p{p},overall,i{p}-0,i{p}-1,{label}\n"));
    }
    let mut files = vec![("items.csv", items), ("features.csv", features), ("pairs.csv", pairs)];
    if !annotators.is_empty() {
        files.push(("ratings.csv", ratings));
    }
    let files = files.into_iter().map(|(name, text)| (name.to_owned(), text.into_bytes())).collect();
    dataset::read(&Source::Memory { name: "edge".to_owned(), files }, ReadOptions::default()).unwrap()
}

fn audited(ds: &Dataset) -> Audit {
    let features = features::build(ds, &FeatureOptions::default()).unwrap();
    let train = TrainOptions { lambda: Some(0.01), bootstrap: 0, ..TrainOptions::default() };
    let heads = vec![head::train(ds, &features, 0, &head::training_pairs(ds, 0).0, &train).unwrap()];
    let heads = HeadsFile::new(heads, head::provenance(ds, 1, std::collections::BTreeMap::default()));
    let options = AuditOptions { draws: 200, train, ..AuditOptions::new(ds) };
    audit(&AuditInput { ds, features: Some(&features), heads: Some(&heads), options: &options }).unwrap()
}

/// Why something about `subject` was not looked at, from every check that says so.
fn reasons(found: &Audit, subject: &str) -> Vec<String> {
    let about = found.not_run.iter().filter(|n| n.subject.contains(subject));
    about.map(|n| format!("{}: {}", n.check, n.reason)).collect()
}

fn two(generator: &str, extra: &str) -> [String; 2] {
    [generator.to_owned(), extra.to_owned()]
}

fn sides(p: usize, side: usize) -> &'static str {
    if (p + side).is_multiple_of(2) { "gen-x" } else { "gen-y" }
}

#[test]
fn one_annotator_has_nobody_to_agree_with() {
    let found = audited(&data(40, &|p, side| two(sides(p, side), ""), &["ann"]));
    let agreement = found.findings.iter().find(|f| f.check == "agreement").unwrap();
    assert_eq!((agreement.verdict, agreement.estimate), (Verdict::NotEnoughData, None));
    assert!(agreement.reason.is_some(), "{agreement:?}");
    let row = &found.agreement[0];
    assert!(row.alpha_ordinal.value.is_none() && row.alpha_ordinal.reason.is_some(), "never 0 or 1: {row:?}");
    let said = found.not_run.iter().find(|n| n.check == "annotators").unwrap();
    assert!(said.reason.contains("only one annotator"), "{said:?}");
    assert!(!found.findings.iter().any(|f| f.check == "annotator-severity" && f.estimate.is_some()));
}

#[test]
fn one_generator_and_a_constant_attribute_leave_nothing_to_compare() {
    let found = audited(&data(40, &|_, _| two("only", "x"), &[]));
    for name in ["generator", "extra"] {
        let said = reasons(&found, name);
        assert!(
            said.contains(&"group-preference: it is the same everywhere: there is nothing to compare".to_owned()),
            "{said:?}"
        );
        assert!(said.iter().any(|s| s.contains("never differs within a pair")), "{said:?}");
        assert!(!found.findings.iter().any(|f| f.subject.contains(name)), "no estimate about {name}");
    }
    let said: Vec<_> = found.not_run.iter().filter(|n| n.check == "attribute-only").collect();
    assert_eq!(said.len(), 1, "{said:?}");
}

#[test]
fn a_group_of_one_is_named_and_not_judged() {
    let rare = |p: usize, side: usize| if p == 7 && side == 0 { "rare" } else { sides(p, side) };
    let found = audited(&data(60, &|p, side| two(rare(p, side), ""), &[]));
    let finding = found.finding("group-preference", Some("overall"), "generator = rare").unwrap();
    assert_eq!((finding.verdict, finding.n), (Verdict::NotEnoughData, 1));
    assert_eq!(finding.reason.as_deref(), Some("not enough data: 1 pairs from 1 prompts"));
    let small = found.finding("head-group-accuracy", Some("overall"), "generator: small groups").unwrap();
    assert!(small.verdict == Verdict::NotEnoughData && small.reason.as_deref().unwrap().contains("rare"), "{small:?}");
    let effect =
        found.findings.iter().find(|f| f.check == "head-controlled-effect" && f.subject.contains("gen-x")).unwrap();
    assert!(effect.message.contains("pooled as (rest): rare"), "{}", effect.message);
}

#[test]
fn an_attribute_missing_for_half_says_so_everywhere() {
    let half = |p: usize, side: usize| {
        if p.is_multiple_of(2) { String::new() } else { ["lo", "hi"][(p / 2 + side) % 2].to_owned() }
    };
    let found = audited(&data(120, &|p, side| [sides(p, side).to_owned(), half(p, side)], &[]));
    let said = reasons(&found, "extra");
    assert!(
        said.contains(&"group-preference: it is missing for 120 of 240; they belong to no group".to_owned()),
        "{said:?}"
    );
    let preference = found.finding("group-preference", Some("overall"), "extra = hi").unwrap();
    assert_eq!(preference.n, 60, "only pairs with both values");
    let effect =
        found.findings.iter().find(|f| f.check == "head-controlled-effect" && f.subject.starts_with("extra")).unwrap();
    assert!(effect.message.contains("60 of 120 pairs left out, a value is missing"), "{}", effect.message);
}

#[test]
fn thousands_of_categories_are_capped_and_counted() {
    // 2,000 categories of two items each: none can be judged, and that is said with the number.
    let found = audited(&data(2000, &|p, side| two(sides(p, side), &format!("c{}", (p + side * 37) % 2000)), &[]));
    let said = reasons(&found, "extra");
    assert!(
        said.contains(&"group-preference: only its 40 most frequent values are looked at, 1960 are not".to_owned()),
        "{said:?}"
    );
    assert!(said.iter().any(|s| s.starts_with("head: not enough data: none of its 2000 values")), "{said:?}");
    let shown =
        found.findings.iter().filter(|f| f.check == "group-preference" && f.subject.starts_with("extra")).count();
    assert_eq!(shown, 40);
    let small = found.finding("head-group-accuracy", Some("overall"), "extra: small groups").unwrap();
    assert!(small.reason.as_deref().unwrap().starts_with("2000 of 2000 groups"), "{small:?}");
    // One category per item: a name of single entries, no group.
    let found = audited(&data(200, &|p, side| two(sides(p, side), &format!("c{p}-{side}")), &[]));
    let said = reasons(&found, "extra");
    assert!(
        said.contains(&"group-preference: 400 different values in 400 entries: it names single entries".to_owned()),
        "{said:?}"
    );
}

#[test]
fn a_table_of_features_has_no_yes_and_says_so() {
    let found = audited(&data(40, &|p, side| two(sides(p, side), ""), &[]));
    let said = found.not_run.iter().find(|n| n.check == "yes-share-shift").unwrap();
    assert!(said.reason.contains("no answers"), "{said:?}");
}
