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

/// A report with everything that an evaluation can tell, one of whose scorers declares a scale from 1 to 4.
fn full_report(room: &Path) -> PathBuf {
    let run = headfit(room, &["synth", "-o", "sim", "--train-pairs", "110", "--test-pairs", "80"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let args =
        ["report", "sim", "-o", "out", "--dimension", "alignment", "--bootstrap", "0", "--draws", "30", "--no-audit"];
    let more = ["--lambda", "0.02", "--cross-validate", "3", "--protocol", "all", "--ties", "rao-kupper", "--curves"];
    let tables = ["--group-by", "category", "--correlations", "20", "--missing-item", "0", "--legacy-videoalign"];
    let run = headfit(room, &[&args[..], &more, &tables].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    room.join("out")
}

fn read_json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Adds a little to every number below `value`, and notes the part of the evaluation and the name of each.
fn change_all(value: &mut serde_json::Value, part: &str, name: &str, changed: &mut Vec<(String, String)>) {
    match value {
        serde_json::Value::Number(number) => {
            *value = match number.as_u64() {
                Some(whole) => (whole + 1).into(),
                None => (number.as_f64().unwrap() * 1.000_001 + 1e-9).into(),
            };
            changed.push((part.to_owned(), name.to_owned()));
        }
        serde_json::Value::Array(list) => list.iter_mut().for_each(|v| change_all(v, part, name, changed)),
        serde_json::Value::Object(map) => {
            map.iter_mut().for_each(|(key, v)| change_all(v, if part.is_empty() { key } else { part }, key, changed));
        }
        _ => {}
    }
}

/// Changes every number of the evaluation in `file` that is no instruction; verify names each of them.
fn every_number_is_named(out: &Path) -> Vec<String> {
    let file = out.join("report.json");
    let mut report = read_json(&file);
    let (pristine, mut changed) = (fs::read(&file).unwrap(), Vec::new());
    for (key, value) in report["evaluation"].as_object_mut().unwrap() {
        if !["draws", "tests", "seed", "design", "extras"].contains(&key.as_str()) {
            change_all(value, key, key, &mut changed);
        }
    }
    fs::write(&file, report.to_string()).unwrap();
    let found = headfit::report::verify::verify(out).unwrap();
    let mut named: Vec<(String, String)> = (found.differences.iter())
        .filter_map(|d| d.place.strip_prefix("report.json: "))
        .map(|place| place.split(", ").collect::<Vec<_>>())
        .filter(|path| report["evaluation"].get(path[0]).is_some())
        .map(|path| (path[0].to_owned(), path[path.len() - 1].to_owned()))
        .collect();
    named.sort();
    changed.sort();
    assert_eq!(named, changed, "every changed number is named, and nothing else");
    fs::write(&file, pristine).unwrap();
    let mut parts: Vec<String> = changed.into_iter().map(|c| c.0).collect();
    parts.dedup();
    parts
}

#[test]
fn every_number_of_a_report_is_proven() {
    let room = folder();
    let out = full_report(room.path());
    let (code, said) = verify(room.path());
    assert_eq!(code, 0, "{said}");
    let unchecked: Vec<&str> = said.lines().filter(|l| l.starts_with("not checked")).collect();
    assert_eq!(unchecked.len(), 3, "weights, refits, counts of the data: {unchecked:?}");
    let parts = every_number_is_named(&out);
    let all = [
        "calibration",
        "ceilings",
        "comparisons",
        "correlations",
        "curves",
        "floors",
        "identity",
        "legacy",
        "rows",
        "standings",
        "strata",
        "systems",
        "unseen",
    ];
    assert_eq!(parts, all);
    // The rule that needs a scale has a value, and its scale stands in the tables.
    let scorers = fs::read_to_string(out.join("tables/scorers.csv")).unwrap();
    assert!(scorers.contains("alignment,sim_videoscore,0,") && scorers.contains(",1,4,"), "{scorers}");
    assert!(scorers.contains(",rao-kupper,"), "{scorers}");
    let report = read_json(&out.join("report.json"));
    let tiger = |row: &&serde_json::Value| row["protocol"] == "tiger-0.5" && row["scorer"] == "sim_videoscore";
    let rows = report["evaluation"]["rows"].as_array().unwrap();
    assert!(rows.iter().find(tiger).unwrap()["value"].is_f64());
    let head = report["evaluation"]["calibration"].as_array().unwrap().iter().find(|c| c["scorer"] == "head").unwrap();
    assert!(head["expected_ties"].is_f64(), "the head is judged by its own tie model");

    // What steers the numbers, and verdicts in words.
    for (after, old, new, place) in [
        ("\"evaluation\"", "\"draws\": 30".to_owned(), "\"draws\": 31", "rows, alignment, head, tau, "),
        ("\"evaluation\"", "\"seed\": 1".to_owned(), "\"seed\": 2", "rows, alignment, head, tau, "),
        ("\"evaluation\"", "\"tests\": 2000".to_owned(), "\"tests\": 500", "comparisons, alignment, "),
        ("\"evaluation\"", "\"folds\": 3".to_owned(), "\"folds\": 4", "methods, design"),
        ("\"comparisons\"", "\"verdict\": \"".to_owned(), "\"verdict\": \"not-enough-data\", \"x\": \"", "verdict"),
        ("\"methods\"", "\"seed\": 1".to_owned(), "\"seed\": 3", "methods, seed"),
    ] {
        let keep = fs::read(out.join("report.json")).unwrap();
        tamper(&out.join("report.json"), after, &old, new);
        let (code, said) = verify(room.path());
        assert!(code == 5 && said.contains(place), "{old} → {new}: {said}");
        fs::write(out.join("report.json"), keep).unwrap();
    }
    for (file, old, new, place) in [
        ("tables/ratings.csv", ",5\n", ",4\n", "correlations, alignment"),
        (
            "tables/curves.csv",
            "alignment,training-pairs,",
            "alignment,training-pairs,1",
            "curves, alignment, training-pairs",
        ),
        ("tables/unseen.csv", "alignment,category,", "alignment,category,9", "unseen, alignment, category"),
    ] {
        let keep = fs::read(out.join(file)).unwrap();
        tamper(&out.join(file), "alignment", old, new);
        let (code, said) = verify(room.path());
        assert!(code == 5 && said.contains(place), "{file}: {said}");
        fs::write(out.join(file), keep).unwrap();
    }
    assert_eq!(verify(room.path()).0, 0);
}

#[test]
fn leakage_and_a_head_against_the_old_one_are_proven_and_shown() {
    use headfit::dataset::{ReadOptions, Source, read};
    let room = folder();
    let room = room.path();
    let run = headfit(room, &["synth", "-o", "sim", "--train-pairs", "110", "--test-pairs", "90"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let fit = ["fit", "sim", "-o", "good.json", "--dimension", "overall", "--bootstrap", "0", "--lambda", "0.01"];
    assert_eq!(headfit(room, &fit).code, 0);
    // The head claims to know every third prompt; the other one is the same head turned round.
    let ds = read(&Source::Folder { path: room.join("sim"), manifest: None }, ReadOptions::default()).unwrap();
    let mut file = read_json(&room.join("good.json"));
    let hashes = (0..ds.items.prompt_ids.len()).step_by(3).map(|p| headfit::head::prompt_hash(&ds, p).into());
    file["heads"][0]["prompts"].as_array_mut().unwrap().extend(hashes);
    fs::write(room.join("good.json"), file.to_string()).unwrap();
    for weight in file["heads"][0]["weights"].as_array_mut().unwrap() {
        *weight = (-weight.as_f64().unwrap()).into();
    }
    fs::write(room.join("bad.json"), file.to_string()).unwrap();
    let report = |new: &str, old: &str| {
        let args = ["report", "sim", "-o", "out", "--dimension", "overall", "--draws", "30", "--no-audit", "--force"];
        headfit(room, &[&args[..], &["--head", new, "--against", old]].concat())
    };
    let run = report("bad.json", "good.json");
    assert!(run.code == 5 && run.stderr.contains("worse than the old one on overall"), "{}{}", run.stdout, run.stderr);
    let run = report("good.json", "bad.json");
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("New head minus old head") && run.stdout.contains("better"), "{}", run.stdout);
    let out = room.join("out");
    for page in ["report.html", "report.md"] {
        let text = fs::read_to_string(out.join(page)).unwrap();
        assert!(text.contains("May the new heads replace the old ones?") && text.contains("better"), "{page}");
    }
    let (code, said) = verify(room);
    assert_eq!(code, 0, "{said}");
    let parts = every_number_is_named(&out);
    assert!(parts.contains(&"leakage".to_owned()) && parts.contains(&"against".to_owned()), "{parts:?}");
}
