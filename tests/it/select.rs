//! Pairs for training: what is kept and why, and every trainer's file read back.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::support::{Run, folder, headfit};

fn succeed(room: &Path, args: &[&str]) -> Run {
    let run = headfit(room, args);
    assert_eq!(run.code, 0, "{args:?}: {}", run.stderr);
    run
}

/// Simulated videos with paths, and a head.
fn prepared(room: &Path) {
    succeed(room, &["synth", "-o", "sim", "--train-pairs", "240", "--test-pairs", "120"]);
    let items = fs::read_to_string(room.join("sim/items.csv")).unwrap();
    let rows: Vec<String> = (items.lines().enumerate())
        .map(|(n, line)| if n == 0 { format!("{line},path") } else { format!("{line},videos/{n}.mp4") })
        .collect();
    assert_eq!(items.lines().count(), rows.len());
    fs::write(room.join("sim/items.csv"), rows.join("\n")).unwrap();
    succeed(room, &["fit", "sim", "-o", "heads.json", "--dimension", "overall", "--bootstrap", "0"]);
}

fn json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn the_report_counts_what_is_kept_and_what_is_not() {
    let room = folder();
    let room = room.path();
    prepared(room);
    let run =
        succeed(room, &["select", "sim", "--head", "heads.json", "--hard", "--min-gap", "0.2", "--json", "s.json"]);
    insta::assert_snapshot!("select", run.stdout);
    let s = json(&room.join("s.json"));
    let count = |name: &str| s["counts"][name].as_u64().unwrap();
    assert_eq!(count("wide"), count("dominating") + count("not_dominating"));
    assert_eq!(count("kept"), count("dominating"));
    assert!(count("guarded_prompts") > 0, "prompts of test pairs stay out");
    let total = |flags: &[&str]| {
        let base = ["select", "sim", "--head", "heads.json", "--hard", "--json", "-"];
        let gap: &[&str] = if flags.contains(&"--min-gap") { &[] } else { &["--min-gap", "0.2"] };
        let base = [&base[..], gap].concat();
        let run = succeed(room, &[&base[..], flags].concat());
        let s: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        s["counts"]["kept"].as_u64().unwrap()
    };
    let all = count("kept");
    assert_eq!(total(&["--rule", "total"]), count("wide"));
    assert!(total(&["--level", "question"]) <= total(&["--level", "sub-dimension"]));
    assert!(total(&["--level", "sub-dimension"]) <= all);
    assert_eq!(total(&["--pick", "best-worst"]), count("kept_prompts"));
    assert_eq!(total(&["--max-per-prompt", "1"]), count("kept_prompts"));
    assert!(total(&["--max-per-generator", "3"]) <= 9);
    assert!(total(&["--allow-test-prompts"]) > all);
    assert!(total(&["--tolerance", "0.5"]) >= all);
    // On ±1 a gap is twice as wide.
    assert_eq!(total(&["--gap-scale", "signed", "--min-gap", "0.4"]), all);
    assert_eq!(total(&["--exclude", "sim", "--allow-test-prompts"]), 0, "every prompt is in the excluded data");
}

#[test]
fn every_layout_is_written_and_holds_the_pairs() {
    let room = folder();
    let room = room.path();
    prepared(room);
    let base = ["select", "sim", "--head", "heads.json", "--hard", "--min-gap", "0.2"];
    let mut rows = Vec::new();
    for (format, file, more) in [
        ("pairs", "pairs.csv", &[][..]),
        ("trl", "preference.jsonl", &[]),
        ("unified-reward", "preference.json", &[]),
        ("hpdv2", "train.json", &[]),
        ("videoalign", "preference.csv", &["--fps", "8", "--num-frames", "48"]),
        ("diffusion-dpo", "train-00000-of-00001.parquet", &[]),
    ] {
        let run = succeed(room, &[&base[..], &["-o", format, "--format", format], more].concat());
        assert!(run.stderr.contains("read back, all equal"), "{}", run.stderr);
        let path = room.join(format).join(file);
        assert!(path.is_file(), "{file}");
        if format != "diffusion-dpo" {
            rows.push((format, fs::read_to_string(&path).unwrap()));
        }
        assert_eq!(json(&room.join(format).join("selection.json"))["dimension"], "overall");
    }
    for (format, text) in &rows {
        let shown: Vec<&str> = text.lines().take(12).collect();
        insta::assert_snapshot!(format!("select-{format}"), shown.join("\n"));
    }
    // Two equal sides: the winner stands first about half of the time.
    let hpd = json(&room.join("hpdv2/train.json"));
    let list = hpd.as_array().unwrap();
    let first = list.iter().filter(|row| row["human_preference"][0] == 1).count();
    assert!(first > list.len() / 5 && first < list.len() * 4 / 5, "{first} of {}", list.len());
    // Our own table is a pairs table.
    fs::copy(room.join("pairs/pairs.csv"), room.join("sim/pairs.csv")).unwrap();
    fs::remove_file(room.join("sim/pairs.parquet")).unwrap();
    succeed(room, &["check", "sim"]);
}

/// Winner and loser of every pair of the overall label, by path.
fn winners(pairs: &Path, item: impl Fn(&str) -> String) -> BTreeSet<(String, String)> {
    let mut reader = csv::Reader::from_path(pairs).unwrap();
    let head = reader.headers().unwrap().clone();
    let at = |name: &str| head.iter().position(|h| h == name).unwrap();
    let (a, b, label) = (at("item_a"), at("item_b"), at("label"));
    let rows = reader.records().map(Result::unwrap);
    rows.map(|row| match &row[label] {
        "a" => (item(&row[a]), item(&row[b])),
        "b" => (item(&row[b]), item(&row[a])),
        other => panic!("a selected pair is no {other}"),
    })
    .collect()
}

#[test]
fn what_is_exported_is_imported_again() {
    let room = folder();
    let room = room.path();
    prepared(room);
    let base = ["select", "sim", "--head", "heads.json", "--hard", "--min-gap", "0.2"];
    succeed(room, &[&base[..], &["-o", "pairs", "--format", "pairs"]].concat());
    // Items are named by their paths in the trainers' files.
    let items = fs::read_to_string(room.join("sim/items.csv")).unwrap();
    let path = |id: &str| {
        let line = items.lines().find(|line| line.starts_with(&format!("{id},"))).unwrap();
        line.rsplit_once(',').unwrap().1.to_owned()
    };
    let selected = winners(&room.join("pairs/pairs.csv"), path);
    assert!(selected.len() > 5);
    succeed(room, &[&base[..], &["-o", "hpd", "--format", "hpdv2"]].concat());
    succeed(room, &["import", "hpdv2", "hpd/train.json", "-o", "from-hpd"]);
    assert_eq!(winners(&room.join("from-hpd/pairs.csv"), str::to_owned), selected);
    succeed(room, &[&base[..], &["-o", "dpo", "--format", "diffusion-dpo"]].concat());
    succeed(room, &["import", "pickapic", "dpo/train-00000-of-00001.parquet", "-o", "from-dpo"]);
    assert_eq!(winners(&room.join("from-dpo/pairs.csv"), str::to_owned), selected);
    // VideoAlign has a label per part: every part of a dominating winner is no worse.
    succeed(room, &[&base[..], &["-o", "va", "--format", "videoalign", "--fps", "8", "--num-frames", "48"]].concat());
    succeed(room, &["import", "videoalign", "va/preference.csv", "-o", "from-va"]);
    let pairs = fs::read_to_string(room.join("from-va/pairs.csv")).unwrap();
    let decided: BTreeSet<(String, String)> = (pairs.lines().skip(1))
        .map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>())
        .filter(|row| row[5] != "tie")
        .map(|row| if row[5] == "a" { (row[3].clone(), row[4].clone()) } else { (row[4].clone(), row[3].clone()) })
        .collect();
    assert!(!decided.is_empty() && decided.is_subset(&selected), "{decided:?}");
}

#[test]
fn media_bytes_go_into_the_shards() {
    let room = folder();
    let room = room.path();
    prepared(room);
    fs::create_dir_all(room.join("media/videos")).unwrap();
    let items = fs::read_to_string(room.join("sim/items.csv")).unwrap().lines().count();
    for n in 1..items {
        fs::write(room.join(format!("media/videos/{n}.mp4")), [0xff, 0xd8, n as u8]).unwrap();
    }
    let base = ["select", "sim", "--head", "heads.json", "--hard", "--min-gap", "0.2", "--format", "diffusion-dpo"];
    let args = [&base[..], &["-o", "out", "--media-root", "media", "--shard-rows", "7"]].concat();
    succeed(room, &args);
    let shards = fs::read_dir(room.join("out"))
        .unwrap()
        .filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().ends_with(".parquet"));
    assert!(shards.count() > 1);
    fs::remove_file(room.join("media/videos/1.mp4")).unwrap();
    fs::remove_dir_all(room.join("media")).unwrap();
    let run = headfit(room, &[&args[..], &["--force"]].concat());
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stderr.contains("media/videos"), "{}", run.stderr);
}

#[test]
fn what_an_export_lacks_is_said_and_nothing_is_written() {
    let room = folder();
    let room = room.path();
    prepared(room);
    let base = ["select", "sim", "--head", "heads.json", "--hard", "-o", "out"];
    let refused = |code: i32, flags: &[&str], says: &str| {
        let gap: &[&str] = if flags.iter().any(|f| f.starts_with("--min-gap")) { &[] } else { &["--min-gap", "0.2"] };
        let run = headfit(room, &[&base[..], gap, flags].concat());
        assert_eq!(run.code, code, "{flags:?}: {}", run.stderr);
        assert!(run.stderr.contains(says), "{flags:?}: {}", run.stderr);
        if says != "have the same path" {
            insta::assert_snapshot!(format!("select-refuses-{}", says.replace(' ', "-")), run.stderr);
        }
        assert!(!room.join("out").exists());
    };
    refused(3, &["--format", "videoalign"], "fps and num_frames");
    refused(2, &["--format", "videoalign", "--vq", "x", "--mq", "y", "--ta", "z"], "none of which is a part");
    refused(2, &["--format", "videoalign", "--vq", "typo", "--fps", "8", "--num-frames", "9"], "typo is no part");
    refused(3, &["--format", "trl", "--media", "category"], "have the same path");
    refused(2, &["--format", "trl", "--media", "nothing"], "the items have no such column");
    refused(2, &["--min-gap=-1"], "--min-gap");
    let items = fs::read_to_string(room.join("sim/items.csv")).unwrap();
    let header = items.lines().next().unwrap().replacen("prompt,", "words,", 1);
    let rest: Vec<&str> = items.lines().skip(1).collect();
    fs::write(room.join("sim/items.csv"), format!("{header}\n{}", rest.join("\n"))).unwrap();
    refused(3, &["--format", "trl"], "the prompt has no text");
}
