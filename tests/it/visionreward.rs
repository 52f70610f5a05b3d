//! VisionReward's weight files: the released arithmetic against an independent Python program
//! (`tests/oracles/visionreward.py`), import, export, proof and refusals on the real files.

use std::fs;
use std::path::{Path, PathBuf};

use headfit::checklist::Checklist;
use headfit::head::visionreward::{self, AnswerSet, Form, ImportOptions, Release};

use crate::support::{Run, crate_folder, folder, headfit, real_data};

const SETS: usize = 10_000;

/// splitmix64, as in the Python program.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn answers(n: usize, count: usize) -> AnswerSet {
    let mut draw = Draw(1_000_003 * n as u64 + count as u64);
    let share = match n {
        0 => 0.0,
        1 => 1.0,
        _ => draw.next(),
    };
    let yes = (0..count).map(|_| Some(draw.next() < share)).collect();
    AnswerSet { item: n.to_string(), yes, alignment: Some(draw.next()) }
}

fn expected(name: &str) -> Vec<f64> {
    let bytes = fs::read(crate_folder().join("tests/oracles").join(name)).unwrap();
    bytes.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect()
}

fn yes(set: &AnswerSet) -> Vec<bool> {
    set.yes.iter().map(|y| y.unwrap()).collect()
}

/// Questions of a released selection and the release that these weights make.
fn release(form: Form, weights: Vec<f64>, intercept: f64) -> (Vec<usize>, Release) {
    let checklist = Checklist::preset(form.preset()).unwrap();
    let ids = form.released_ids(&checklist);
    let found = ids.iter().map(|id| checklist.index(id).unwrap()).collect();
    (found, Release::new(form, ids, weights, intercept, &form.gates(&checklist)))
}

/// Both our release arithmetic and our heads against the numbers of the Python program.
fn agree(form: Form, weights: Vec<f64>, intercept: f64, file: &str) {
    let (found, release) = release(form, weights.clone(), intercept);
    let mut head = visionreward::head(form, &found, weights, &ImportOptions::default()).unwrap();
    head.imported = Some(headfit::head::Imported { layout: form.name().into(), files: vec![], intercept });
    let sets: Vec<AnswerSet> = (0..SETS).map(|n| answers(n, release.ids.len())).collect();
    let numbers = expected(file);
    for (n, set) in sets.iter().enumerate() {
        let (yes, alignment) = (yes(set), set.alignment.unwrap());
        let step = numbers.len() / SETS;
        let score = release.score(&yes, alignment);
        assert!((score - numbers[n * step]).abs() < 1e-12, "set {n}: {score} here, {} there", numbers[n * step]);
        if form == Form::Video {
            let next = sets[(n + 1) % SETS].yes.iter().map(|y| y.unwrap()).collect::<Vec<_>>();
            let wins = f64::from(u8::from(release.first_wins(&yes, &next)));
            assert_eq!(wins, numbers[n * step + 1], "set {n} against the next");
        }
    }
    let proof = visionreward::verify(&head, &release, &sets).unwrap();
    assert!(proof.equal_scores && proof.items == SETS && proof.largest_difference < 1e-12, "{proof:?}");
    assert!(proof.all_no.contains(&"0".to_owned()) && !proof.all_no.contains(&"1".to_owned()));
}

#[test]
fn ten_thousand_answer_sets_agree_with_an_independent_program() {
    let drawn = |seed, count| {
        let mut draw = Draw(seed);
        (0..count).map(|_| draw.next()).collect::<Vec<f64>>()
    };
    agree(Form::ImageSelect, drawn(7, 28), 0.25, "visionreward-image.f64");
    agree(Form::Video, drawn(8, 29), 0.0, "visionreward-video.f64");
}

#[test]
fn the_released_weights_agree_with_an_independent_program() {
    let Some(data) = real_data("visionreward") else { return };
    let read = |name: &str| serde_json::from_slice::<serde_json::Value>(&fs::read(data.join(name)).unwrap()).unwrap();
    let list = |value: &serde_json::Value| value.as_array().unwrap().iter().map(|w| w.as_f64().unwrap()).collect();
    let image = read("VisionReward_Image/weight_select.json");
    agree(Form::ImageSelect, list(&image["coef"]), 0.0, "visionreward-image-released.f64");
    let video: Vec<f64> = list(&read("VisionReward_Video/weight.json"));
    let (_, released) = release(Form::Video, video.clone(), 0.0);
    let all_no = released.score(&[false; 29], 0.0);
    assert!((all_no - -0.216_454_227_62).abs() < 1e-11, "{all_no}");
    agree(Form::Video, video, 0.0, "visionreward-video-released.f64");
}

/// The real files copied into a room of its own.
fn room() -> Option<tempfile::TempDir> {
    let data = real_data("visionreward")?;
    let room = folder();
    for part in ["VisionReward_Image", "VisionReward_Video"] {
        crate::support::copy(&data.join(part), &room.path().join(part));
    }
    Some(room)
}

fn succeed(room: &Path, args: &[&str]) -> Run {
    let run = headfit(room, args);
    assert_eq!(run.code, 0, "{args:?}: {}", run.stderr);
    run
}

const IMAGE: &str = "VisionReward_Image/weight.json";
const SELECT: &str = "VisionReward_Image/weight_select.json";
const VIDEO: &str = "VisionReward_Video/weight.json";

#[test]
fn released_weights_go_in_and_come_out_equal() {
    let Some(room) = room() else { return };
    let room = room.path();
    for (weights, form, questions) in [
        (IMAGE, "image", "VisionReward_Image/VisionReward_image_qa.txt"),
        (SELECT, "image-select", "VisionReward_Image/VisionReward_image_qa.txt"),
        (VIDEO, "video", "VisionReward_Video/VisionReward_video_qa.txt"),
    ] {
        let heads = format!("{form}.json");
        succeed(room, &["head", "import", weights, "-o", &heads]);
        succeed(room, &["head", "export", &heads, "--form", form, "--questions", questions, "-o", form]);
        let name = Path::new(weights).file_name().unwrap();
        let read = |path: PathBuf| serde_json::from_slice::<serde_json::Value>(&fs::read(path).unwrap()).unwrap();
        assert_eq!(read(room.join(weights)), read(room.join(form).join(name)), "{form}: every number comes back");
        let lines =
            |path: PathBuf| fs::read_to_string(path).unwrap().lines().map(|l| l.trim().to_owned()).collect::<Vec<_>>();
        let texts = if form == "video" {
            "VisionReward_video_qa_select.txt"
        } else if form == "image" {
            "VisionReward_image_qa.txt"
        } else {
            "VisionReward_image_qa_select.txt"
        };
        let beside = room.join(weights).with_file_name(texts);
        assert_eq!(lines(beside), lines(room.join(form).join(texts)), "{form}: every question comes back");
        let proof = succeed(room, &["head", "verify-export", &heads, form, "--sets", "2000"]);
        assert!(proof.stdout.ends_with("equal\n"), "{}", proof.stdout);
    }
    // Both image layouts are one scorer.
    succeed(room, &["head", "verify-export", "image.json", SELECT]);
    let changed = fs::read_to_string(room.join(VIDEO)).unwrap().replacen("0.95439", "0.95438", 1);
    fs::write(room.join("video/weight.json"), changed).unwrap();
    let run = headfit(room, &["head", "verify-export", "video.json", "video", "--sets", "100"]);
    assert_eq!(run.code, 5, "{}", run.stdout);
    assert!(run.stderr.contains("differ by up to"), "{}", run.stderr);
}

#[test]
fn the_printed_table_differs_from_the_release_in_one_weight() {
    let Some(room) = room() else { return };
    let room = room.path();
    let run = headfit(room, &["head", "diff", IMAGE, "paper:image", "--fail", "--json", "d.json"]);
    assert_eq!(run.code, 5);
    let diff: serde_json::Value = serde_json::from_slice(&fs::read(room.join("d.json")).unwrap()).unwrap();
    let rows = diff["differing"].as_array().unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0]["question"].as_str(), rows[0]["b"].as_f64()), (Some("20"), Some(0.032)));
    assert!((rows[0]["a"].as_f64().unwrap() - 0.3248).abs() < 5e-5);
    let video = succeed(room, &["head", "diff", VIDEO, "paper:video", "--fail"]);
    assert!(video.stdout.contains("no difference"), "{}", video.stdout);
}

#[test]
fn what_does_not_fit_is_refused_with_the_lines() {
    let Some(room) = room() else { return };
    let room = room.path();
    let select = "VisionReward_Image/VisionReward_image_qa_select.txt";
    let text = fs::read_to_string(room.join(select)).unwrap();
    let refused = |name: &str, weights: &str, questions: &str| {
        let run = headfit(room, &["head", "import", weights, "--questions", questions, "-o", "no.json"]);
        assert_eq!(run.code, 3, "{name}: {}", run.stderr);
        // The texts belong to the release; what counts is which lines are named, and why.
        let mut shown = String::new();
        let mut rest = run.stderr.as_str();
        while let Some((before, after)) = rest.split_once("value \"") {
            let (_, after) = after.split_once("\": ").unwrap();
            shown.push_str(before);
            shown.push_str("value …: ");
            rest = after;
        }
        shown.push_str(rest);
        insta::assert_snapshot!(format!("visionreward-{name}"), shown);
        assert!(!room.join("no.json").exists());
    };
    refused("count", IMAGE, select);
    refused("count-other-way", SELECT, "VisionReward_Image/VisionReward_image_qa.txt");
    refused("kind", VIDEO, select);
    fs::write(room.join("reworded.txt"), text.replace("very clear", "extremely clear")).unwrap();
    refused("reworded", SELECT, "reworded.txt");
    let mut lines: Vec<&str> = text.lines().collect();
    lines.swap(10, 12);
    fs::write(room.join("swapped.txt"), lines.join("\n")).unwrap();
    refused("swapped", SELECT, "swapped.txt");
    lines.swap(10, 12);
    lines[5] = lines[4];
    fs::write(room.join("twice.txt"), lines.join("\n")).unwrap();
    refused("twice", SELECT, "twice.txt");
    fs::write(room.join("broken.json"), "{\"coef\": [1, 2,], \"intercept\": [0]}").unwrap();
    refused("broken", "broken.json", select);
}

#[test]
fn a_head_of_our_own_goes_out_in_the_video_layout_and_scores_equally() {
    let Some(room) = room() else { return };
    let room = room.path();
    succeed(room, &["synth", "-o", "sim", "--train-pairs", "240", "--test-pairs", "120"]);
    let questions = "VisionReward_Video/VisionReward_video_qa.txt";
    for coding in ["signed", "unit", "logit"] {
        let heads = format!("{coding}.json");
        let fit = ["fit", "sim", "-o", &heads, "--dimension", "overall", "--bootstrap", "0", "--coding", coding];
        succeed(room, &fit);
        let export = ["head", "export", &heads, "--form", "video", "--questions", questions, "-o", coding];
        if coding == "logit" {
            assert_eq!(headfit(room, &export).code, 2, "log-odds have no place in the layout");
            continue;
        }
        succeed(room, &export);
        succeed(room, &["head", "verify-export", &heads, coding, "--sets", "500"]);
        let run = succeed(room, &["head", "verify-export", &heads, coding, "--data", "sim"]);
        assert!(run.stdout.contains("360 items of") || run.stdout.contains("items of simulated"), "{}", run.stdout);
    }
    let image = ["head", "export", "signed.json", "--form", "image", "--questions", questions, "-o", "image"];
    assert_eq!(headfit(room, &image).code, 3, "video questions have no place in an image layout");
}

#[test]
fn other_gates_than_the_release_has_are_refused() {
    let checklist = Checklist::preset("visionreward-image").unwrap();
    let (found, _) = release(Form::ImageSelect, vec![0.5; 28], 0.0);
    let mut head = visionreward::head(Form::ImageSelect, &found, vec![0.5; 28], &ImportOptions::default()).unwrap();
    head.gates = Some(checklist.gates.clone());
    let error = visionreward::export(&head, Form::ImageSelect, &[]).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("value \"58\"") && text.contains("value \"59\"") && text.contains("no gate"), "{text}");
    let release = Checklist::preset("visionreward-image-release").unwrap();
    head.gates = Some(release.gates);
    let text = visionreward::export(&head, Form::ImageSelect, &[]).unwrap_err().to_string();
    assert!(!text.contains("gate-differs") && text.contains("the text of question"), "{text}");
}
