//! Tests of the whole folder: presets against the paper's tables, the rules of the TOML form, question files.

use super::Checklist;
use crate::problems::Severity;

const SMALL: &str = r#"
name = "small"
[[dimension]]
id = "look"
[[dimension.ladder]]
id = "sharp"
range = [1, 3]
questions = [{ id = "s2", label = "very sharp", threshold = 3 }, { id = "s1", threshold = 2 }]
[[dimension.ladder]]
id = "hands"
questions = [{ id = "h1", text = "Are the hands right?" }, { id = "h0" }]
[[gate]]
question = "h0"
hides = ["h1"]
feature = false
"#;

fn rules_of(text: &str) -> Vec<(&'static str, Option<u64>)> {
    let problems = Checklist::from_toml(text, "c.toml").unwrap_err();
    problems.of(Severity::Error).map(|p| (p.rule, p.row)).collect()
}

#[test]
fn a_checklist_of_ones_own_is_read() {
    let checklist = Checklist::from_toml(SMALL, "small.toml").unwrap();
    let ids: Vec<&str> = checklist.questions.iter().map(|q| q.id.as_str()).collect();
    assert_eq!(ids, ["s2", "s1", "h1", "h0"]);
    assert_eq!(checklist.ladders(), [("sharp", vec![0, 1]), ("hands", vec![2, 3])]);
    assert_eq!(checklist.ranges["sharp"], [1.0, 3.0]);
    assert_eq!(checklist.questions[1].label, "s1", "no label: the id");
    assert_eq!(checklist.questions[2].text_sha256, Some(Checklist::text_hash("Are the hands right?")));
    assert!(!checklist.gate("h0").unwrap().feature);
    assert_eq!(checklist.index("h0"), Some(3));
}

#[test]
fn order_gives_the_judges_order_and_ranks_stay() {
    let text = SMALL.replace("[[dimension]]", "order = [\"h0\", \"s1\", \"s2\", \"h1\"]\n[[dimension]]");
    let checklist = Checklist::from_toml(&text, "small.toml").unwrap();
    let ids: Vec<&str> = checklist.questions.iter().map(|q| q.id.as_str()).collect();
    assert_eq!(ids, ["h0", "s1", "s2", "h1"]);
    assert_eq!(checklist.ladders(), [("hands", vec![3, 0]), ("sharp", vec![2, 1])], "hardest first within a ladder");
}

#[test]
fn every_broken_rule_is_said_at_once_with_its_line() {
    let text = r#"name = "x"
colour = "red"
[[dimension]]
id = "d"
[[dimension.ladder]]
id = "l"
range = [1, 3]
questions = [
    { id = "a", threshold = 2 },
    { id = "b", threshold = 3, weight = 1 },
    { id = "a", threshold = 1 },
]
[[dimension.ladder]]
id = "l"
[[gate]]
question = "nobody"
hides = ["a", "none"]
[[gate]]
question = "a"
hides = ["a"]
"#;
    let found = rules_of(text);
    for expected in [
        ("unknown-key", Some(2)),
        ("unknown-key", Some(10)),
        ("duplicate-id", Some(11)),
        ("ladder-order", Some(10)),
        ("threshold-range", Some(11)),
        ("duplicate-id", Some(14)),
        ("empty-ladder", Some(14)),
        ("unknown-gate", Some(16)),
        ("unknown-hidden", Some(17)),
        ("self-gate", Some(20)),
    ] {
        assert!(found.contains(&expected), "{expected:?} not in {found:?}");
    }
    assert_eq!(found.len(), 10, "{found:?}");
}

#[test]
fn circles_of_gates_are_named_once() {
    let gates = "[[gate]]\nquestion = \"s1\"\nhides = [\"h1\"]\n[[gate]]\nquestion = \"h1\"\nhides = [\"s2\"]\n\
                 [[gate]]\nquestion = \"s2\"\nhides = [\"s1\"]\n";
    let problems = Checklist::from_toml(&format!("{SMALL}{gates}"), "c.toml").unwrap_err();
    assert_eq!(problems.count(Severity::Error), 1);
    assert!(problems.to_string().contains("h1 → s2 → s1 → h1"), "{problems}");
}

#[test]
fn form_errors_name_the_line() {
    assert_eq!(rules_of("name = \"x\"\n[[dimension]]\nid = \n"), [("toml", Some(3))]);
    assert_eq!(rules_of("name = 3\n[[dimension]]\n"), [("wrong-type", Some(1)), ("missing-key", Some(2))]);
    assert_eq!(rules_of(""), [("missing-key", Some(1))]);
    assert_eq!(rules_of("name = \"x\""), [("no-dimension", Some(1))]);
    let hash = SMALL.replace("text = \"Are the hands right?\"", "sha256 = \"abc\"");
    assert_eq!(rules_of(&hash), [("bad-hash", Some(11))]);
    let other = format!("text = \"Are the hands right?\", sha256 = \"{}\"", Checklist::text_hash("other"));
    assert_eq!(rules_of(&SMALL.replace("text = \"Are the hands right?\"", &other)), [("hash-mismatch", Some(11))]);
}

#[test]
fn the_hash_trims_and_composes() {
    // SHA-256 of "abc" is a published test vector (FIPS 180-2).
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(Checklist::text_hash(" abc\r\n"), abc);
    assert_eq!(Checklist::text_hash("e\u{301}"), Checklist::text_hash("\u{e9}"));
    assert_ne!(Checklist::text_hash("Abc"), abc);
}

fn preset(name: &str) -> Checklist {
    Checklist::preset(name).unwrap()
}

/// Questions of a dimension as the paper counts them (Table 7): a gate counts in every ladder that it closes.
fn table_7(checklist: &Checklist, dimension: &str) -> (usize, usize) {
    let own: Vec<_> = checklist.questions.iter().filter(|q| q.dimension == dimension).collect();
    let ladders: std::collections::BTreeSet<_> = own.iter().map(|q| q.subdimension.as_str()).collect();
    let shared: usize = checklist
        .gates
        .iter()
        .filter_map(|gate| {
            let home = &checklist.questions[checklist.index(&gate.question)?];
            let closed: std::collections::BTreeSet<_> =
                gate.hides.iter().map(|id| &checklist.questions[checklist.index(id).unwrap()].subdimension).collect();
            (home.dimension == dimension).then(|| closed.iter().filter(|l| **l != &home.subdimension).count())
        })
        .sum();
    (ladders.len(), own.len() + shared)
}

#[test]
fn presets_have_the_papers_counts() {
    let image = preset("visionreward-image");
    assert_eq!((image.questions.len(), image.dimensions.len(), image.ladders().len()), (59, 4, 17));
    for (dimension, counts) in
        [("composition", (5, 13)), ("quality", (5, 14)), ("fidelity", (5, 25)), ("safety_and_emotion", (2, 8))]
    {
        assert_eq!(table_7(&image, dimension), counts, "{dimension}");
    }
    let video = preset("visionreward-video");
    assert_eq!((video.questions.len(), video.dimensions.len(), video.ladders().len()), (64, 9, 20));
    let counts = [
        ("alignment", (1, 4)),
        ("composition", (1, 2)),
        ("quality", (4, 14)),
        ("fidelity", (3, 9)),
        ("safety", (1, 4)),
        ("stability", (5, 12)),
        ("dynamic", (2, 8)),
        ("physics", (1, 4)),
        ("preservation", (2, 7)),
    ];
    for (dimension, counts) in counts {
        assert_eq!(table_7(&video, dimension), counts, "{dimension}");
    }
}

#[test]
fn presets_follow_the_released_order_and_gates() {
    for name in Checklist::preset_names() {
        let checklist = preset(name);
        assert_eq!(checklist.name, name);
        let ids: Vec<String> = checklist.questions.iter().map(|q| q.id.clone()).collect();
        let expected: Vec<String> = (1..=ids.len()).map(|n| n.to_string()).collect();
        assert_eq!(ids, expected);
        assert!(checklist.questions.iter().all(|q| q.text.is_none() && q.text_sha256.is_some()));
        // A ladder with m known thresholds has m + 1 ratings (the data card's range width + 1), except where a gate
        // is shared or the thresholds are not known.
        for (ladder, members) in checklist.ladders() {
            let [low, high] = checklist.ranges[ladder];
            let known: Vec<f64> = members.iter().filter_map(|&q| checklist.questions[q].threshold).collect();
            assert!(known.is_empty() || known[0] == high, "{ladder}");
            if !known.is_empty() && ladder != "lighting_aesthetic" {
                assert_eq!(known.len() as f64, high - low, "{ladder}");
            }
        }
    }
    let image = preset("visionreward-image");
    assert!(image.gates.iter().all(|g| !g.feature));
    let hides = |id: &str| image.gate(id).unwrap().hides.join(",");
    assert_eq!([hides("1"), hides("16"), hides("27")], ["44,45,46,47", "14,15", "25,26,28,29"]);
    assert!(preset("visionreward-video").gates.is_empty());
    assert!(Checklist::preset("visionreward").is_none());
}

fn three() -> Checklist {
    let text = "name = \"three\"\n[[dimension]]\nid = \"d\"\n[[dimension.ladder]]\nid = \"l\"\nquestions = [\
                {id=\"1\",text=\"One?\"},{id=\"2\",text=\"Two?\"},{id=\"3\",text=\"Three?\"}]\n";
    let mut checklist = Checklist::from_toml(text, "three.toml").unwrap();
    checklist.questions.iter_mut().for_each(|q| q.text = None);
    checklist
}

fn matched(lines: &[&str]) -> Vec<(&'static str, Option<u64>, String)> {
    let mut checklist = three();
    let problems = checklist.match_texts(lines, "q.txt");
    let found: Vec<_> = problems.of(Severity::Error).map(|p| (p.rule, p.row, p.message.clone())).collect();
    let filled = checklist.questions.iter().filter(|q| q.text.is_some()).count();
    assert_eq!(filled, if found.is_empty() { 3 } else { 0 }, "all or nothing");
    found
}

#[test]
fn a_question_file_is_matched_by_order_and_hash() {
    assert_eq!(matched(&["\u{feff}One?", "", "Two? ", "Three?\r", ""]), []);
    let swapped = matched(&["Two?", "One?", "Three?"]);
    assert_eq!(swapped.len(), 1);
    assert_eq!((swapped[0].0, swapped[0].1), ("question-swapped", Some(1)));
    assert!(swapped[0].2.contains("lines 1 and 2"));
    let reworded = matched(&["One?", "", "Too?", "Three?"]);
    assert_eq!((reworded.len(), reworded[0].0, reworded[0].1), (1, "question-reworded", Some(3)));
    let moved = matched(&["Two?", "Three?", "One?"]);
    assert_eq!((moved.len(), moved[0].0), (3, "question-moved"));
    let short: Vec<_> = matched(&["One?", "Three?"]).into_iter().map(|p| p.0).collect();
    assert_eq!(short, ["question-count", "question-missing"]);
    let long: Vec<_> = matched(&["One?", "Two?", "Three?", "Four?"]).into_iter().map(|p| (p.0, p.1)).collect();
    assert_eq!(long, [("question-count", None), ("question-unknown", Some(4))]);
}

#[test]
fn questions_without_a_hash_are_matched_by_order_and_said_so() {
    let mut checklist = three();
    checklist.questions[1].text_sha256 = None;
    let problems = checklist.match_texts(&["One?", "Whatever?", "Three?"], "q.txt");
    assert!(!problems.has_errors());
    assert_eq!(problems.count_rule("matched-by-order"), 1);
    assert_eq!(checklist.questions[1].text_sha256, Some(Checklist::text_hash("Whatever?")));
}

#[test]
fn the_released_question_files_match_the_presets() {
    let Some(folder) = real_data() else { return };
    for (name, file) in [
        ("visionreward-image", "visionreward/VisionReward_Image/VisionReward_image_qa.txt"),
        ("visionreward-video", "visionreward/VisionReward_Video/VisionReward_video_qa.txt"),
    ] {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let mut checklist = preset(name);
        let problems = checklist.match_texts(&lines, file);
        assert!(!problems.has_errors(), "{problems}");
        assert!(checklist.questions.iter().all(|q| q.text.is_some()));
        let mut swapped = lines.clone();
        swapped.swap(3, 40);
        assert_eq!(preset(name).match_texts(&swapped, file).count_rule("question-swapped"), 1);
    }
}

/// The folder with the real data sets, or a loud skip.
#[allow(clippy::print_stderr)]
fn real_data() -> Option<std::path::PathBuf> {
    let default = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let folder = std::env::var_os("HEADFIT_REAL_DATA").map_or(default, Into::into);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: no real data at {} (set HEADFIT_REAL_DATA)", folder.display());
    None
}

#[test]
fn the_example_of_the_formats_page_is_valid() {
    let page = include_str!("../../datasets/README.md");
    let start = page.find("name = \"hands-and-look\"").unwrap();
    let example = &page[start..start + page[start..].find("```").unwrap()];
    let checklist = Checklist::from_toml(example, "README.md").unwrap();
    let ids: Vec<&str> = checklist.questions.iter().map(|q| q.id.as_str()).collect();
    assert_eq!(ids, ["h0", "h2", "h1", "s1"]);
    assert_eq!(checklist.gate("h0").unwrap().hides, ["h2", "h1"]);
}

#[test]
fn the_manifest_of_the_formats_page_is_valid() {
    let page = include_str!("../../datasets/README.md");
    let start = page.find("name = \"my-videos\"").unwrap();
    let example = &page[start..start + page[start..].find("```").unwrap()];
    let manifest: crate::dataset::Manifest = toml::from_str(example).unwrap();
    assert_eq!(manifest.attributes["family"].map["modelB"], "B");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC*", cut in 0usize..2000) {
        let _ = Checklist::from_toml(&text, "x");
        let mut cut = cut.min(SMALL.len());
        while !SMALL.is_char_boundary(cut) { cut -= 1; }
        let _ = Checklist::from_toml(&format!("{}{text}", &SMALL[..cut]), "x");
    }
}
