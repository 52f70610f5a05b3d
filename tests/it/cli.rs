//! The program as a user meets it: help, exit codes, what is written and what is left alone, same bytes from any number
//! of threads.

use std::fs;
use std::path::Path;

use crate::support::{Run, copy, crate_folder, folder, headfit};

/// A small simulated data set in `room/sim`.
fn simulate(room: &Path) {
    let run = headfit(room, &["synth", "-o", "sim", "--train-pairs", "240", "--test-pairs", "120"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

fn succeed(room: &Path, args: &[&str]) -> Run {
    let run = headfit(room, args);
    assert_eq!(run.code, 0, "{args:?}: {}", run.stderr);
    run
}

fn json(path: &Path) -> serde_json::Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn help_explains_by_example() {
    let room = folder();
    insta::assert_snapshot!("help", succeed(room.path(), &["--help"]).stdout);
    for command in [
        "init", "audit", "check", "fit", "evaluate", "score", "compare", "explain", "select", "report", "verify",
        "synth", "schema", "demo",
    ] {
        let help = succeed(room.path(), &[command, "--help"]).stdout;
        assert!(help.contains("Example"), "{command} --help has no example");
        insta::assert_snapshot!(format!("help-{command}"), help);
    }
}

#[test]
fn usage_errors_end_in_two_and_say_what_exists() {
    let room = folder();
    simulate(room.path());
    for args in [
        &["fit", "sim", "-o", "h.json", "--dimension", "beauty"][..],
        &["evaluate", "sim", "--dimension", "beauty"],
        &["fit", "sim", "-o", "h.json", "--with-scores", "nobody"],
        &["fit", "sim", "-o", "h.json", "--features", "table"],
        &["evaluate", "sim", "--cross-validate", "1"],
        &["evaluate", "sim", "--protocol", "accuracy"],
        &["fit", "sim"],
        &["nonsense"],
    ] {
        let run = headfit(room.path(), args);
        assert_eq!(run.code, 2, "{args:?}: {}", run.stderr);
        assert!(!run.stderr.is_empty());
    }
    let run = headfit(room.path(), &["fit", "sim", "-o", "h.json", "--dimension", "beauty"]);
    assert!(run.stderr.contains("overall"), "the dimensions that exist are listed: {}", run.stderr);
    assert!(!room.path().join("h.json").exists(), "nothing is written on an error");
}

#[test]
fn bad_data_end_in_three_and_nothing_is_written() {
    let room = folder();
    copy(&crate_folder().join("tests/broken/unknown-item"), &room.path().join("bad"));
    for args in [
        &["fit", "bad", "-o", "heads.json"][..],
        &["evaluate", "bad", "--json", "e.json"],
        &["report", "bad", "-o", "report"],
        &["check", "bad", "--json", "-"],
    ] {
        let run = headfit(room.path(), args);
        assert_eq!(run.code, 3, "{args:?}: {}", run.stderr);
    }
    assert_eq!(fs::read_dir(room.path()).unwrap().count(), 1, "only the data set is there");
    assert_eq!(headfit(room.path(), &["check", "nowhere"]).code, 3);
}

#[test]
fn nothing_is_overwritten_without_force() {
    let room = folder();
    simulate(room.path());
    fs::write(room.path().join("heads.json"), "mine").unwrap();
    fs::create_dir(room.path().join("thesis")).unwrap();
    fs::write(room.path().join("thesis/chapter.tex"), "mine").unwrap();
    let fit = ["fit", "sim", "-o", "heads.json", "--dimension", "dynamic"];
    for args in [
        &fit[..],
        &["evaluate", "sim", "--dimension", "dynamic", "--json", "heads.json"],
        &["report", "sim", "-o", "thesis"],
        &["synth", "-o", "thesis"],
        &["demo", "-o", "thesis"],
    ] {
        let run = headfit(room.path(), args);
        assert_eq!(run.code, 2, "{args:?}: {}", run.stderr);
        assert!(run.stderr.contains("heads.json") || run.stderr.contains("thesis"), "{}", run.stderr);
    }
    assert_eq!(fs::read_to_string(room.path().join("heads.json")).unwrap(), "mine");
    assert_eq!(fs::read_dir(room.path().join("thesis")).unwrap().count(), 1);
    succeed(room.path(), &[&fit[..], &["--force"]].concat());
    assert!(json(&room.path().join("heads.json"))["heads"].is_array());
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let room = folder();
    simulate(room.path());
    let mut results = Vec::new();
    for threads in ["1", "2", "3"] {
        let (heads, evaluation) = (format!("h{threads}.json"), format!("e{threads}.json"));
        let dimension = ["--dimension", "overall", "--threads", threads];
        succeed(room.path(), &[&["fit", "sim", "-o", &heads][..], &dimension].concat());
        let evaluate = ["evaluate", "sim", "--cross-validate", "3", "--draws", "100", "--json", &evaluation];
        let shown = succeed(room.path(), &[&evaluate[..], &dimension].concat()).stdout;
        let read = |name: &str| fs::read(room.path().join(name)).unwrap();
        results.push((read(&heads), read(&evaluation), shown));
    }
    assert!(results[0] == results[1] && results[0] == results[2]);
}

#[test]
fn a_fitted_head_scores_and_its_scores_are_a_scores_table() {
    let room = folder();
    simulate(room.path());
    succeed(room.path(), &["fit", "sim", "-o", "heads.json", "--dimension", "overall", "--dimension", "quality"]);
    succeed(room.path(), &["score", "--head", "heads.json", "sim", "-o", "scores.csv"]);
    let scores = fs::read_to_string(room.path().join("scores.csv")).unwrap();
    assert_eq!(scores.lines().next(), Some("item_id,overall,quality,total"));

    // The same numbers, put back as a baseline, get the same accuracy as the stored head itself.
    fs::write(room.path().join("sim/scores.csv"), scores.replacen("overall,quality,total", "o,q,t", 1)).unwrap();
    // The manifest declares the scorers that were replaced.
    let manifest = fs::read_to_string(room.path().join("sim/dataset.toml")).unwrap();
    let declared = manifest.split("[scores.").next().unwrap();
    fs::write(room.path().join("sim/dataset.toml"), declared).unwrap();
    succeed(room.path(), &["check", "sim"]);
    let args =
        ["evaluate", "sim", "--head", "heads.json", "--dimension", "overall", "--draws", "50", "--json", "e.json"];
    let run = succeed(room.path(), &args);
    let rows = json(&room.path().join("e.json"))["rows"].as_array().unwrap().clone();
    let value = |scorer: &str| {
        rows.iter().find(|r| r["scorer"] == scorer && r["protocol"] == "diff-half").unwrap()["value"].as_f64().unwrap()
    };
    assert_eq!(value("head"), value("o"));
    let said = format!("{}{}", run.stdout, run.stderr);
    assert!(said.contains("120 "), "the 120 test pairs are scored: {said}");
    assert!(!said.contains("LEAKAGE"), "the test split shares no prompt with the training split: {said}");
}

#[test]
fn json_on_stdout_is_json_and_nothing_else() {
    let room = folder();
    simulate(room.path());
    for args in [&["check", "sim", "--json", "-"][..], &["evaluate", "sim", "--dimension", "dynamic", "--json", "-"]] {
        let run = succeed(room.path(), args);
        serde_json::from_str::<serde_json::Value>(&run.stdout).unwrap_or_else(|e| panic!("{args:?}: {e}"));
    }
}
