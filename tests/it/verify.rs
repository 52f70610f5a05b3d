//! A report proves itself: everything that follows from its scores and labels is computed again, and whatever was
//! changed afterwards is named.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{folder, headfit};

/// A small simulated data set in `room/sim`, and a report on it in `room/out`.
fn report(room: &Path, more: &[&str]) -> PathBuf {
    if !room.join("sim").exists() {
        let run = headfit(room, &["synth", "-o", "sim", "--train-pairs", "90", "--test-pairs", "60"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
    }
    let mut args = vec!["report", "sim", "-o", "out", "--dimension", "overall", "--dimension", "alignment"];
    args.extend(["--bootstrap", "0", "--draws", "40", "--lambda", "0.02", "--force"]);
    args.extend(more);
    let run = headfit(room, &args);
    assert_eq!(run.code, 0, "{}", run.stderr);
    room.join("out")
}

fn verify(room: &Path) -> (i32, String) {
    let run = headfit(room, &["verify", "out"]);
    (run.code, format!("{}{}", run.stdout, run.stderr))
}

/// Replaces the first `old` after the first `after` in a file of the report, without which the test says nothing.
fn tamper(file: &Path, after: &str, old: &str, new: &str) {
    let text = fs::read_to_string(file).unwrap();
    let start = text.find(after).unwrap_or_else(|| panic!("{after} is not in {}", file.display()));
    let at = start + text[start..].find(old).unwrap_or_else(|| panic!("{old} is not in {}", file.display()));
    fs::write(file, format!("{}{new}{}", &text[..at], &text[at + old.len()..])).unwrap();
}

/// Makes the folder's mark agree with its files again, as a careful forger would.
fn forge_mark(out: &Path) {
    use sha2::{Digest, Sha256};
    let path = out.join("headfit-output.json");
    let mut mark: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    for (name, hash) in mark["files"].as_object_mut().unwrap() {
        let bytes = fs::read(out.join(name)).unwrap();
        *hash = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect::<String>().into();
    }
    fs::write(&path, serde_json::to_vec_pretty(&mark).unwrap()).unwrap();
}

#[test]
fn an_untouched_report_follows_from_its_tables_in_every_design() {
    let room = folder();
    let leak = ["fit", "sim", "-o", "heads.json", "--bootstrap", "0", "--lambda", "0.02", "--dimension", "overall"];
    for more in [&[][..], &["--cross-validate", "3"], &["--cross-validate", "3", "--missing-score", "equal"]] {
        report(room.path(), more);
        let (code, said) = verify(room.path());
        assert_eq!(code, 0, "{more:?}: {said}");
        assert!(said.contains("Everything that was computed again is as the report says"), "{said}");
        for part in ["rows", "floors", "comparisons", "sentences of the verdict", "pages, charts and tables"] {
            assert!(said.contains(part), "{part} was compared: {said}");
        }
    }
    assert_eq!(headfit(room.path(), &leak).code, 0);
    report(room.path(), &["--head", "heads.json"]);
    let (code, said) = verify(room.path());
    assert_eq!(code, 0, "stored head: {said}");
}

#[test]
fn one_changed_score_or_label_is_found() {
    let room = folder();
    let out = report(room.path(), &[]);
    let scores = fs::read_to_string(out.join("tables/scores.csv")).unwrap();
    let header: Vec<&str> = scores.lines().next().unwrap().split(',').collect();
    assert_eq!(header[..4], ["dimension", "prompt_id", "item_id", "head"]);
    // The first item's head score becomes very large: it now wins its pairs.
    let first: Vec<&str> = scores.lines().nth(1).unwrap().split(',').collect();
    tamper(&out.join("tables/scores.csv"), first[2], first[3], "1000");
    forge_mark(&out);
    let (code, said) = verify(room.path());
    assert_eq!(code, 5, "{said}");
    assert!(said.contains("DIFFERS  report.json: rows, overall, head,"), "{said}");
    assert!(!said.contains("rows, overall, mean"), "no other scorer is accused: {said}");
    assert!(!said.contains("rows, alignment"), "no other dimension is accused: {said}");

    let out = report(room.path(), &[]);
    let labels = fs::read_to_string(out.join("tables/labels.csv")).unwrap();
    let (old, new) = if labels.contains(",a,") { (",a,", ",b,") } else { (",b,", ",a,") };
    tamper(&out.join("tables/labels.csv"), "overall", old, new);
    let (code, said) = verify(room.path());
    assert_eq!(code, 5, "{said}");
    assert!(said.contains("rows, overall, mean, diff-half, value"), "{said}");
    assert!(said.contains("tables/labels.csv") && said.contains("changed after"), "the edited file is named: {said}");
}

#[test]
fn one_changed_number_of_the_report_is_found_wherever_it_stands() {
    let room = folder();
    let pristine = report(room.path(), &[]);
    let keep = room.path().join("keep");
    let copy_all = |from: &Path, to: &Path| {
        let _ = fs::remove_dir_all(to);
        for sub in ["", "tables", "charts"] {
            crate::support::copy(&from.join(sub), &to.join(sub));
        }
    };
    copy_all(&pristine, &keep);
    // Digits of JSON numbers: another first decimal, so that the change is visible.
    let json: serde_json::Value = serde_json::from_slice(&fs::read(pristine.join("report.json")).unwrap()).unwrap();
    let evaluation = &json["evaluation"];
    let row = &evaluation["rows"][0];
    let comparison = evaluation["comparisons"].as_array().unwrap().iter().find(|c| !c["low"].is_null()).unwrap();
    let text = |v: &serde_json::Value| v.to_string();
    let changes: Vec<(&str, &str, String, String, &str)> = vec![
        ("report.json", "\"rows\"", text(&row["value"]), "0.123456".into(), "rows, overall, head, tau, value"),
        (
            "report.json",
            "\"rows\"",
            format!("\"low\": {}", row["low"]),
            "\"low\": 0.01".into(),
            "rows, overall, head, tau, low",
        ),
        (
            "report.json",
            "\"rows\"",
            format!("\"n\": {}", row["n"]),
            "\"n\": 9999".into(),
            "rows, overall, head, tau, n",
        ),
        (
            "report.json",
            "\"floors\"",
            text(&evaluation["floors"][0]["value"]),
            "0.111".into(),
            "floors, overall, chance",
        ),
        (
            "report.json",
            "\"comparisons\"",
            format!("\"low\": {}", comparison["low"]),
            "\"low\": 0.5".into(),
            "comparisons, overall",
        ),
        ("report.json", "\"verdict\"", "On overall".into(), "On everything".into(), "verdict, paragraph 1"),
        ("report.md", "## Leaderboard", "**head** | ".into(), "**head** | 9".into(), "report.md, line"),
        ("report.html", "<tbody class=\"floor", "50.0".into(), "49.0".into(), "report.html, line"),
        ("tables/leaderboard.csv", "overall,head,tau,0.", "0.".into(), "0.9".into(), "tables/leaderboard.csv, line 2"),
    ];
    for (file, after, old, new, place) in changes {
        copy_all(&keep, &pristine);
        tamper(&pristine.join(file), after, &old, &new);
        forge_mark(&pristine);
        let (code, said) = verify(room.path());
        assert_eq!(code, 5, "{file}: {old} → {new}: {said}");
        assert!(said.contains(place), "{place} is named: {said}");
    }
    copy_all(&keep, &pristine);
    assert_eq!(verify(room.path()).0, 0, "the copy itself is sound");
    tamper(&pristine.join("charts/leaderboard.svg"), "<text", "</text>", "9</text>");
    let (code, said) = verify(room.path());
    assert!(code == 5 && said.contains("charts/leaderboard.svg"), "{said}");
}

#[test]
fn thresholds_are_part_of_the_proof_and_broken_tables_are_data_errors() {
    let room = folder();
    let out = report(room.path(), &["--cross-validate", "3"]);
    let scorers = fs::read_to_string(out.join("tables/scorers.csv")).unwrap();
    let line: Vec<&str> = scorers.lines().find(|l| l.starts_with("overall,mean,0,")).unwrap().split(',').collect();
    let old = format!("overall,mean,0,{}", line[3]);
    tamper(&out.join("tables/scorers.csv"), "dimension", &old, "overall,mean,0,1000");
    let (code, said) = verify(room.path());
    assert!(code == 5 && said.contains("rows, overall, mean, tau-held-out"), "{said}");

    for (file, after, old, new, said_too) in [
        ("tables/labels.csv", "overall", ",tie,", ",both,", "is not a, b or tie"),
        ("tables/scores.csv", "dimension", "item_id", "video", "the columns must be"),
        ("tables/scorers.csv", "overall,head", "head,0", "head,zero", "is not a number"),
    ] {
        let out = report(room.path(), &["--cross-validate", "3"]);
        tamper(&out.join(file), after, old, new);
        let (code, said) = verify(room.path());
        assert_eq!(code, 3, "{said}");
        assert!(said.contains(said_too) && said.contains(file), "{said}");
    }
    let out = report(room.path(), &[]);
    fs::remove_file(out.join("tables/labels.csv")).unwrap();
    assert_eq!(verify(room.path()).0, 3);
    assert_eq!(headfit(room.path(), &["verify", "sim"]).code, 2, "a data set is not a report");
}
