//! Scores of folders and of streams are the same; comparisons and explanations as a user reads them.

use std::fs;
use std::io::Write;
use std::path::Path;

use crate::support::{Run, folder, headfit};

fn succeed(room: &Path, args: &[&str]) -> Run {
    let run = headfit(room, args);
    assert_eq!(run.code, 0, "{args:?}: {}", run.stderr);
    run
}

fn piped(room: &Path, args: &[&str], input: &[u8]) -> Run {
    let output = assert_cmd::Command::new(env!("CARGO_BIN_EXE_headfit"))
        .args(args)
        .current_dir(room)
        .write_stdin(input)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Two prompts of two videos with twelve questions, one of them unanswered here and there, pairs that follow `sharp`.
fn small(room: &Path) {
    let data = room.join("data");
    fs::create_dir(&data).unwrap();
    let mut items = "item_id,prompt_id,prompt,generator\n".to_owned();
    let mut answers = format!("item_id,sharp,bright{}\n", (1..=10).map(|n| format!(",q{n}")).collect::<String>());
    let mut pairs = "pair_id,prompt_id,dimension,item_a,item_b,label\n".to_owned();
    for p in 0..24 {
        for side in ["l", "r"] {
            items.push_str(&format!("v{p}{side},p{p},a boat number {p},gen-{side}\n"));
            let sharp = (side == "l") ^ (p % 3 == 0);
            answers.push_str(&format!(
                "v{p}{side},{},{}",
                if sharp { "yes" } else { "no" },
                if p % 4 == 0 { "" } else { "0.75" }
            ));
            for n in 1..=10 {
                answers.push_str(if (p * 7 + n * n + usize::from(sharp)) % 5 < 2 { ",yes" } else { ",no" });
            }
            answers.push('\n');
        }
        let label = if p % 8 == 7 {
            "tie"
        } else if p % 3 == 0 {
            "b"
        } else {
            "a"
        };
        pairs.push_str(&format!("x{p},p{p},overall,v{p}l,v{p}r,{label}\n"));
    }
    fs::write(data.join("items.csv"), items).unwrap();
    fs::write(data.join("answers.csv"), answers).unwrap();
    fs::write(data.join("pairs.csv"), pairs).unwrap();
    succeed(room, &["fit", "data", "-o", "heads.json", "--bootstrap", "0", "--lambda", "0.01"]);
}

#[test]
fn a_stream_scores_as_the_folder_does() {
    let room = folder();
    let room = room.path();
    small(room);
    let flags = ["--details", "--parts", "question"];
    succeed(room, &[&["score", "--head", "heads.json", "data", "-o", "folder.csv"][..], &flags].concat());
    let expected = fs::read_to_string(room.join("folder.csv")).unwrap();
    assert!(expected.starts_with("item_id,overall,overall:sharp"), "{}", expected.lines().next().unwrap());
    assert!(expected.lines().next().unwrap().ends_with("win_probability,total,missing,all_no"));

    succeed(room, &[&["score", "--head", "heads.json", "data/answers.csv", "-o", "file.csv"][..], &flags].concat());
    assert_eq!(fs::read_to_string(room.join("file.csv")).unwrap(), expected);

    let csv = fs::read(room.join("data/answers.csv")).unwrap();
    let run = piped(room, &[&["score", "--head", "heads.json", "-", "-o", "-"][..], &flags].concat(), &csv);
    assert_eq!((run.code, run.stdout.as_str()), (0, expected.as_str()), "{}", run.stderr);

    // The same answers as JSON lines, wide and long.
    let text = String::from_utf8(csv).unwrap();
    let header: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    let (mut wide, mut long) = (Vec::new(), Vec::new());
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let object: serde_json::Map<_, _> =
            header.iter().zip(&cells).map(|(h, c)| ((*h).to_owned(), serde_json::Value::from(*c))).collect();
        writeln!(wide, "{}", serde_json::to_string(&object).unwrap()).unwrap();
        for (question, answer) in header.iter().zip(&cells).skip(1) {
            let row = serde_json::json!({"item_id": cells[0], "question_id": question, "answer": answer});
            writeln!(long, "{row}").unwrap();
        }
    }
    for lines in [wide, long] {
        let run = piped(room, &[&["score", "--head", "heads.json", "-", "-o", "-"][..], &flags].concat(), &lines);
        assert_eq!((run.code, run.stdout.as_str()), (0, expected.as_str()), "{}", run.stderr);
    }
}

#[test]
fn a_bad_stream_is_refused_with_all_its_problems_and_nothing_is_written() {
    let room = folder();
    let room = room.path();
    small(room);
    let text = fs::read_to_string(room.join("data/answers.csv")).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines[2] = lines[2].replacen(",no", ",1.5", 1);
    lines[3] = lines[3].replacen(",no", ",nan", 1);
    lines[4] = lines[4].replacen(",no", ",perhaps", 1);
    lines[5].push_str(",yes");
    lines[6] = format!(",{}", lines[6].split_once(',').unwrap().1);
    fs::write(room.join("bad.csv"), lines.join("\n")).unwrap();
    let run = headfit(room, &["score", "--head", "heads.json", "bad.csv", "-o", "s.csv", "--strict"]);
    assert_eq!(run.code, 3);
    insta::assert_snapshot!("stream-bad", run.stderr);
    assert!(!room.join("s.csv").exists());
    fs::write(room.join("other.csv"), "item_id,sharp\ni,yes\n").unwrap();
    let run = headfit(room, &["score", "--head", "heads.json", "other.csv", "-o", "s.csv"]);
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("bright") && run.stderr.contains("no such column"), "{}", run.stderr);
    let run = piped(
        room,
        &["score", "--head", "heads.json", "-", "-o", "-"],
        b"{\"item_id\": \"i\", \"sharp\": \"yes\"}\n[1]\n",
    );
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("not a JSON object"), "{}", run.stderr);
}

#[test]
fn missing_answers_widen_the_interval_and_all_no_items_are_named() {
    let room = folder();
    let room = room.path();
    small(room);
    let header = fs::read_to_string(room.join("data/answers.csv")).unwrap().lines().next().unwrap().to_owned();
    let no = ["no"; 12].join(",");
    let input = format!("{header}\nall-no,{no}\nall-missing,{}\nhalf,yes{}\n", ",".repeat(11), ",".repeat(11));
    let run = piped(room, &["score", "--head", "heads.json", "-", "-o", "-", "--details"], input.as_bytes());
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("1 items answer no to everything: all-no ("), "{}", run.stderr);
    let rows: Vec<Vec<String>> = run.stdout.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect();
    let column = |name: &str| rows[0].iter().position(|h| h == name).unwrap();
    let number = |row: usize, name: &str| rows[row][column(name)].parse::<f64>();
    assert_eq!(number(1, "overall_low"), number(1, "overall_high"));
    assert_eq!(number(1, "all_no"), Ok(1.0));
    assert!(number(2, "overall").is_err(), "an item without any answer is never scored");
    assert!(number(3, "overall_low").unwrap() < number(3, "overall").unwrap());
    assert!(number(3, "overall").unwrap() < number(3, "overall_high").unwrap());
    assert!((0.0..=100.0).contains(&number(3, "overall_percentile").unwrap()));
    assert!((0.0..=1.0).contains(&number(3, "overall_win_probability").unwrap()));
}

#[test]
fn scales_are_those_of_the_paper_and_the_release() {
    let room = folder();
    let room = room.path();
    small(room);
    let heads: serde_json::Value = serde_json::from_slice(&fs::read(room.join("heads.json")).unwrap()).unwrap();
    let weights: Vec<f64> =
        heads["heads"][0]["weights"].as_array().unwrap().iter().map(|w| w.as_f64().unwrap()).collect();
    let (sum, used) = (weights.iter().sum::<f64>(), weights.iter().filter(|&&w| w != 0.0).count() as f64);
    let scores = |scale: &str| -> Vec<f64> {
        let run = succeed(room, &["score", "--head", "heads.json", "data", "-o", "-", "--scale", scale]);
        run.stdout.lines().skip(1).map(|l| l.split(',').nth(1).unwrap().parse().unwrap()).collect()
    };
    let (own, unit, signed, mean) = (scores("head"), scores("unit"), scores("signed"), scores("mean"));
    for i in 0..own.len() {
        assert_eq!(own[i], signed[i]);
        assert!((unit[i] - (used * mean[i] + sum) / 2.0).abs() < 1e-12);
    }
}

#[test]
fn a_comparison_and_its_explanation() {
    let room = folder();
    let room = room.path();
    small(room);
    let compare = succeed(room, &["compare", "data", "v1l", "v1r", "--head", "heads.json"]);
    insta::assert_snapshot!("compare", compare.stdout);
    let explain = succeed(room, &["explain", "data", "v1l", "v1r", "--head", "heads.json", "--json", "e.json"]);
    insta::assert_snapshot!("explain", explain.stdout);
    let all: serde_json::Value = serde_json::from_slice(&fs::read(room.join("e.json")).unwrap()).unwrap();
    let one = &all[0];
    let number = |value: &serde_json::Value| value.as_f64().unwrap();
    let steps = one["steps"].as_array().unwrap();
    let sum: f64 = steps.iter().map(|s| number(&s["contribution"])).sum();
    assert!((sum - number(&one["margin"])).abs() < 1e-9);
    assert!((number(&steps.last().unwrap()["cumulative"]) - sum).abs() < 1e-12);

    let swapped = succeed(room, &["explain", "data", "v1r", "v1l", "--head", "heads.json", "--json", "-"]);
    let other: serde_json::Value = serde_json::from_str(&swapped.stdout).unwrap();
    assert_eq!(number(&other[0]["margin"]), -number(&one["margin"]));
    let nobody = headfit(room, &["explain", "data", "v1", "nobody", "--head", "heads.json"]);
    assert_eq!(nobody.code, 2);
    assert!(nobody.stderr.contains("did you mean v1l"), "{}", nobody.stderr);
}

#[test]
fn no_item_of_a_stream_is_scored_twice() {
    let room = folder();
    let room = room.path();
    small(room);
    let score = |text: &str| piped(room, &["score", "--head", "heads.json", "-", "-o", "s.csv"], text.as_bytes());
    // Rows of one item that are not together would be scored as two halves.
    let run = score("item_id,question_id,answer\ni,sharp,yes\nk,sharp,no\ni,bright,yes\n");
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains(":4") && run.stderr.contains("not together"), "{}", run.stderr);
    let answers = fs::read_to_string(room.join("data/answers.csv")).unwrap();
    let mut lines: Vec<&str> = answers.lines().take(4).collect();
    lines.push(lines[1]);
    let run = score(&lines.join("\n"));
    assert_eq!(run.code, 3, "the same item again");
    assert!(!room.join("s.csv").exists());
}
