//! Every folder under `tests/broken` is one small data set that breaks rules (or, as `warn-…` and `accepted-…`, only
//! bends them). Snapshots show what `headfit check` says about each.

use std::path::Path;

use crate::support::{Run, copy, crate_folder, folder, headfit};

/// Runs `check` on a copy of a broken data set and proves that it writes nothing.
fn check(name: &str, flags: &[&str]) -> Run {
    let room = folder();
    copy(&crate_folder().join("tests/broken").join(name), &room.path().join(name));
    let before = names(&room.path().join(name));
    let run = headfit(room.path(), &[&["check", name], flags].concat());
    assert_eq!(names(&room.path().join(name)), before, "check writes nothing");
    assert_eq!(names(room.path()), [name], "check writes nothing");
    run
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn shown(run: &Run) -> String {
    format!("exit code {}\n--- stderr\n{}--- stdout\n{}", run.code, run.stderr, run.stdout)
}

/// One test for each folder, so that each case shows by name.
macro_rules! cases {
    ($($test:ident: $folder:literal => $code:literal,)*) => {
        $(#[test]
        fn $test() {
            let run = check($folder, &[]);
            insta::assert_snapshot!($folder, shown(&run));
            assert_eq!(run.code, $code);
            assert_eq!($code == 0, run.stderr.is_empty());
        })*

        #[test]
        fn every_broken_set_has_its_test() {
            let tested = [$($folder),*, ".gitattributes"];
            let untested: Vec<String> = names(&crate_folder().join("tests/broken"))
                .into_iter()
                .filter(|name| !tested.contains(&name.as_str()))
                .collect();
            assert!(untested.is_empty(), "{untested:?}");
        }
    };
}

cases! {
    accepted_oddities: "accepted-oddities" => 0,
    bad_split: "bad-split" => 3,
    bad_weight: "bad-weight" => 3,
    blank_id: "blank-id" => 3,
    broken_quotes: "broken-quotes" => 3,
    contradictory_duplicates: "contradictory-duplicates" => 3,
    duplicate_column: "duplicate-column" => 3,
    duplicate_id: "duplicate-id" => 3,
    empty_file: "empty-file" => 3,
    impossible_pairs: "impossible-pairs" => 3,
    malformed_lines: "malformed-lines" => 3,
    malformed_parquet: "malformed-parquet" => 3,
    manifest_bad_values: "manifest-bad-values" => 3,
    manifest_syntax: "manifest-syntax" => 3,
    manifest_unknown_key: "manifest-unknown-key" => 3,
    manifest_unknown_names: "manifest-unknown-names" => 3,
    missing_columns: "missing-columns" => 3,
    missing_columns_elsewhere: "missing-columns-elsewhere" => 3,
    no_items: "no-items" => 3,
    not_a_number: "not-a-number" => 3,
    not_finite: "not-finite" => 3,
    not_utf8: "not-utf8" => 3,
    nul_byte: "nul-byte" => 3,
    out_of_range: "out-of-range" => 3,
    ragged_rows: "ragged-rows" => 3,
    reserved_scorer: "reserved-scorer" => 3,
    semicolons: "semicolons" => 3,
    several_files: "several-files" => 3,
    unknown_item: "unknown-item" => 3,
    unknown_label: "unknown-label" => 3,
    unsupported_types: "unsupported-types" => 3,
    warn_answers: "warn-answers" => 0,
    warn_features: "warn-features" => 0,
    warn_pairs: "warn-pairs" => 0,
    warn_ratings: "warn-ratings" => 0,
    warn_shared_question: "warn-shared-question" => 0,
}

#[test]
fn strict_makes_unknown_tokens_errors() {
    let run = check("warn-answers", &["--strict"]);
    insta::assert_snapshot!("warn-answers-strict", shown(&run));
    assert_eq!(run.code, 3);
}

#[test]
fn a_folder_that_does_not_exist_is_bad_input() {
    let room = folder();
    let run = headfit(room.path(), &["check", "nowhere"]);
    insta::assert_snapshot!("nowhere", shown(&run));
    assert_eq!(run.code, 3);
}

#[test]
fn a_manifest_that_does_not_exist_is_bad_input() {
    let run = check("warn-features", &["--manifest", "map.toml"]);
    insta::assert_snapshot!("no-manifest", shown(&run));
    assert_eq!(run.code, 3);
}

#[test]
fn a_thousand_errors_are_counted_and_the_first_shown() {
    let room = folder();
    let mut pairs = String::from("pair_id,prompt_id,dimension,item_a,item_b,label\n");
    for row in 0..1000 {
        pairs.push_str(&format!("{row},p1,overall,i1,nobody{row},a\n"));
    }
    std::fs::write(room.path().join("items.csv"), "item_id,prompt_id\ni1,p1\n").unwrap();
    std::fs::write(room.path().join("pairs.csv"), pairs).unwrap();
    let run = headfit(room.path(), &["check", "."]);
    assert_eq!(run.code, 3);
    assert!(run.stderr.starts_with("error: 1000 errors in the data\n  pairs.csv:2, column item_b, value \"nobody0\""));
    assert!(run.stderr.contains("unknown-item: 1000"), "{}", run.stderr);
    assert!(run.stderr.lines().count() < 30, "the list is capped");
}

#[test]
fn the_json_holds_the_problems_whatever_the_exit_code() {
    let run = check("unknown-label", &["--json", "-"]);
    assert_eq!(run.code, 3);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(json["problems"]["counts"]["error"]["unknown-label"], 2);
    assert_eq!(json["card"]["dimensions"][0]["pairs"], 1);
}

#[test]
fn json_is_not_overwritten_without_force() {
    let room = folder();
    std::fs::write(room.path().join("items.csv"), "item_id,prompt_id\ni1,p1\n").unwrap();
    std::fs::write(room.path().join("card.json"), "mine").unwrap();
    let refused = headfit(room.path(), &["check", ".", "--json", "card.json"]);
    assert_eq!(refused.code, 2);
    assert_eq!(std::fs::read_to_string(room.path().join("card.json")).unwrap(), "mine");
    let forced = headfit(room.path(), &["check", ".", "--json", "card.json", "--force"]);
    assert_eq!(forced.code, 0, "{}", forced.stderr);
}

#[test]
fn hostile_names_do_not_reach_the_terminal() {
    let room = folder();
    std::fs::write(room.path().join("items.csv"), "item_id,prompt_id\n\u{1b}]0;x\u{7},p1\n\u{202e}y,p1\n").unwrap();
    std::fs::write(
        room.path().join("pairs.csv"),
        "pair_id,prompt_id,dimension,item_a,item_b,label\n1,p1,\u{1b}[31mred,\u{1b}]0;x\u{7},\u{202e}y,a\n2,p1,d,\u{1b}[2J,i1,a\n",
    )
    .unwrap();
    let run = headfit(room.path(), &["check", "."]);
    assert!(!format!("{}{}", run.stdout, run.stderr).contains(['\u{1b}', '\u{202e}', '\u{7}']));
}
