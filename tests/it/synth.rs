//! The demo data set: what is committed is what its seed gives, and has the shape and the truth that it claims.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use headfit::dataset::{self, Dataset, ReadOptions, Split};
use headfit::features::{self, FeatureOptions};
use headfit::head::{self, Head, TrainOptions};
use headfit::problems::Severity;
use headfit::synth::{
    self, DEMO_SEED, Origin, Planted, Simulation, SimulationOptions, demo_tables, embedded, embedded_planted, simulate,
};

/// Accuracy of the judge in percent on the 64 video questions (arXiv 2412.21059 v4, Tables 21 and 22).
const PUBLISHED_ACCURACY: [f64; 64] = [
    69.5, 72.9, 72.9, 78.7, 50.8, 90.4, 49.8, 91.6, 76.2, 97.3, 46.5, 50.1, 82.2, 88.6, 51.9, 86.2, 87.8, 65.1, 55.8,
    83.5, 63.0, 76.3, 91.3, 54.2, 68.8, 84.5, 93.5, 78.0, 69.0, 71.2, 66.5, 86.9, 80.6, 72.1, 58.1, 59.8, 61.6, 66.8,
    69.2, 52.1, 51.0, 81.8, 93.1, 43.1, 61.2, 79.0, 87.6, 54.2, 83.5, 73.0, 62.3, 74.2, 89.2, 87.3, 86.8, 89.7, 36.6,
    66.7, 77.4, 86.6, 92.8, 94.3, 97.7, 100.0,
];
/// The five largest released video weights, by question id.
const LARGEST_RELEASED: [(&str, f64); 5] =
    [("4", 1.141819), ("1", 0.954390), ("38", 0.438989), ("50", 0.429252), ("60", 0.394181)];

fn demo_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/demo")
}

fn demo() -> Dataset {
    dataset::read(&embedded(), ReadOptions::default()).unwrap()
}

#[test]
fn the_committed_tables_are_what_the_seed_gives() {
    let (simulation, ds) = (demo_tables(DEMO_SEED).unwrap(), demo());
    assert!(ds.simulated);
    assert_eq!(ds.checklist.as_ref(), Some(&simulation.checklist));
    same_items(&simulation, &ds);
    same_answers(&simulation, &ds);
    same_pairs(&simulation, &ds);
    same_ratings(&simulation, &ds);
    same_scores(&simulation, &ds);
    assert_eq!(embedded_planted().unwrap(), simulation.planted);
    // Text has one form, so it is compared as it is; the bytes of Parquet depend on the version of the writer.
    for (name, bytes) in simulation.files().unwrap().iter().filter(|(name, _)| !name.ends_with(".parquet")) {
        let committed = std::fs::read(demo_folder().join(name)).unwrap();
        assert!(committed == *bytes, "{name} is old: headfit synth -o datasets/demo --force");
    }
}

fn same_items(simulation: &Simulation, ds: &Dataset) {
    assert_eq!(ds.items.len(), simulation.items.len());
    for (i, item) in simulation.items.iter().enumerate() {
        let prompt = &simulation.prompts[item.prompt];
        assert_eq!(ds.items.ids[i], item.id);
        assert_eq!(ds.items.prompt_ids[ds.items.prompt[i]], prompt.id);
        assert_eq!(ds.items.prompt_texts[ds.items.prompt[i]].as_deref(), Some(prompt.text.as_str()));
        let attribute = |name: &str| ds.items.attributes[name][i].as_deref();
        let generator = &simulation.planted.generators[item.generator].generator;
        assert_eq!(attribute("generator"), Some(generator.as_str()));
        assert_eq!(attribute("category"), Some(prompt.category));
        assert_eq!(attribute("duration"), Some(item.duration));
    }
}

fn same_answers(simulation: &Simulation, ds: &Dataset) {
    let answers = ds.answers.as_ref().unwrap();
    let questions: Vec<usize> = answers.question_ids.iter().map(|id| simulation.checklist.index(id).unwrap()).collect();
    assert_eq!(answers.rows.len(), simulation.items.len() * 64);
    for row in &answers.rows {
        let expected = simulation.answers[questions[row.question]][row.item];
        assert_eq!(row.p_yes, Some(expected), "item {} question {}", row.item, row.question);
    }
}

fn same_pairs(simulation: &Simulation, ds: &Dataset) {
    assert_eq!(ds.dimensions, simulation.dimensions);
    assert!(!ds.pairs_derived);
    for (d, labels) in simulation.labels.iter().enumerate() {
        let pairs = ds.pairs_of(d);
        assert_eq!(pairs.len(), simulation.pairs.len());
        for ((&p, expected), label) in pairs.iter().zip(&simulation.pairs).zip(labels) {
            let pair = &ds.pairs[p];
            assert_eq!((pair.a, pair.b, pair.split), (expected.a, expected.b, Some(expected.split)), "{}", pair.id);
            assert_eq!(pair.votes.plurality(), *label, "{}", pair.id);
        }
    }
}

fn same_ratings(simulation: &Simulation, ds: &Dataset) {
    let ladders = simulation.checklist.ladders();
    assert_eq!(ds.ratings.len(), simulation.ratings.len());
    for (rating, expected) in ds.ratings.iter().zip(&simulation.ratings) {
        assert_eq!(rating.item, expected.item);
        assert_eq!(rating.annotator, simulation.planted.annotators[expected.annotator].annotator);
        assert_eq!(rating.dimension, ladders[expected.ladder].0);
        assert_eq!(rating.value, expected.value as f64);
    }
}

fn same_scores(simulation: &Simulation, ds: &Dataset) {
    let scores = ds.scores.as_ref().unwrap();
    for (scorer, (name, column)) in simulation.scorers.iter().zip(scores.names.iter().zip(&scores.columns)) {
        assert_eq!(scorer.name, name);
        assert_eq!(&scorer.scores, column);
    }
}

#[test]
fn the_demo_has_the_shape_of_the_published_data() {
    let ds = demo();
    let checklist = ds.checklist.as_ref().unwrap();
    assert_eq!((checklist.questions.len(), checklist.dimensions.len(), checklist.ladders().len()), (64, 9, 20));
    assert_eq!(ds.dimensions.len(), 10);
    assert_eq!(ds.dimensions[0], "overall");
    for (d, name) in ds.dimensions.iter().enumerate() {
        for (split, pairs, prompts) in [(Split::Train, 1795, 599), (Split::Test, 1000, 334)] {
            let of: Vec<usize> = ds.pairs_of(d).into_iter().filter(|&p| ds.pairs[p].split == Some(split)).collect();
            let groups: BTreeSet<usize> = of.iter().map(|&p| ds.group_of_pair(p)).collect();
            assert_eq!((of.len(), groups.len()), (pairs, prompts), "{name} {split:?}");
        }
        let ties = ds.pairs_of(d).iter().filter(|&&p| ds.pairs[p].votes.plurality() == 0).count();
        let share = ties as f64 / 2795.0;
        assert!((0.15..=0.25).contains(&share), "{name}: tie share {share}");
    }
    let split_of_group = |split| -> BTreeSet<usize> {
        (0..ds.pairs.len()).filter(|&p| ds.pairs[p].split == Some(split)).map(|p| ds.group_of_pair(p)).collect()
    };
    assert!(split_of_group(Split::Train).is_disjoint(&split_of_group(Split::Test)), "no prompt is in both parts");
    assert_eq!(ds.problems.count(Severity::Error) + ds.problems.count(Severity::Warning), 0);
    let bytes: u64 = std::fs::read_dir(demo_folder()).unwrap().map(|e| e.unwrap().metadata().unwrap().len()).sum();
    assert!(bytes < 3_000_000, "{bytes} bytes");
}

#[test]
fn the_judge_is_as_accurate_as_published() {
    for seed in [DEMO_SEED, 77] {
        let simulation = demo_tables(seed).unwrap();
        let mut total = 0.0;
        for (q, percent) in PUBLISHED_ACCURACY.iter().enumerate() {
            let truth = simulation.truth(q);
            let right = truth.iter().zip(&simulation.answers[q]).filter(|(yes, p)| **yes == (**p > 0.5)).count();
            let off = (100.0 * right as f64 / truth.len() as f64 - percent).abs();
            assert!(off < 3.0, "seed {seed}, question {}: {off} points from {percent}", q + 1);
            total += off;
        }
        assert!(total / 64.0 < 1.0, "mean distance {}", total / 64.0);
    }
}

#[test]
fn truth_is_a_staircase_and_answers_mostly_are() {
    let simulation = demo_tables(DEMO_SEED).unwrap();
    for (name, ladder) in simulation.checklist.ladders() {
        let truth: Vec<Vec<bool>> = ladder.iter().map(|&q| simulation.truth(q)).collect();
        let rising = |yes: &dyn Fn(usize) -> bool| (1..ladder.len()).all(|r| yes(r - 1) <= yes(r));
        let items = simulation.items.len();
        assert!((0..items).all(|i| rising(&|r| truth[r][i])), "{name}");
        let steady = (0..items).filter(|&i| rising(&|r| simulation.answers[ladder[r]][i] > 0.5)).count();
        assert!(steady as f64 > 0.88 * items as f64, "{name}: {steady} of {items}");
        for &q in &ladder {
            let p = &simulation.answers[q];
            assert!(p.iter().all(|p| (0.0..=1.0).contains(p) && (p * 100.0 - (p * 100.0).round()).abs() < 1e-9));
        }
    }
}

#[test]
fn the_plant_is_sparse_and_positive_and_follows_the_released_weights() {
    let planted = embedded_planted().unwrap();
    assert!(planted.simulated);
    let overall = planted.dimension("overall").unwrap();
    assert_eq!(overall.weights.len(), 29);
    for (question, released) in LARGEST_RELEASED {
        assert!((overall.weight(question) - overall.scale * released).abs() < 1e-4, "question {question}");
    }
    for plant in &planted.dimensions {
        assert!(plant.weights.len() >= 2 && plant.weights.len() < 32, "{}", plant.dimension);
        assert!(plant.weights.iter().all(|w| w.weight > 0.0), "{}", plant.dimension);
    }
    let invented: Vec<&str> =
        planted.dimensions.iter().filter(|d| d.origin == Origin::Invented).map(|d| d.dimension.as_str()).collect();
    assert_eq!(invented, ["safety", "physics"]);
}

/// `diff-half` on the test pairs of `overall`.
fn accuracy(ds: &Dataset, scores: &[Option<f64>]) -> f64 {
    let (mut right, mut all) = (0.0, 0.0);
    for pair in ds.pairs_of(0).into_iter().map(|p| &ds.pairs[p]).filter(|p| p.split == Some(Split::Test)) {
        let (human, Some(a), Some(b)) = (pair.votes.plurality(), scores[pair.a], scores[pair.b]) else { continue };
        if human != 0 {
            all += 1.0;
            right += if a == b { 0.5 } else { f64::from(u8::from((a > b) == (human > 0))) };
        }
    }
    right / all
}

fn fitted(ds: &Dataset, dimension: &str) -> (Head, features::FeatureMatrix) {
    let matrix = features::build(ds, &FeatureOptions::default()).unwrap();
    let d = ds.dimension(dimension).unwrap();
    let train: Vec<usize> = ds.pairs_of(d).into_iter().filter(|&p| ds.pairs[p].split == Some(Split::Train)).collect();
    let options = TrainOptions { bootstrap: 0, ..TrainOptions::default() };
    (head::train(ds, &matrix, d, &train, &options).unwrap(), matrix)
}

#[test]
fn a_fit_finds_the_plant_and_beats_the_scorers() {
    let ds = demo();
    let planted = embedded_planted().unwrap();
    let (head, matrix) = fitted(&ds, "overall");
    let found = synth::planted(&head, &planted).unwrap();
    assert!(found.share_found > 0.6, "{found:#?}");
    assert!(found.rank_correlation.unwrap() > 0.4, "{found:#?}");
    for question in ["1", "4", "38"] {
        assert!(found.found.iter().any(|f| f.question == question), "{question} is among the largest: {found:#?}");
    }
    let ours = accuracy(&ds, &head.score(&matrix).unwrap());
    assert!((0.69..=0.76).contains(&ours), "head {ours}");
    let scores = ds.scores.as_ref().unwrap();
    let theirs: Vec<f64> = scores.columns.iter().map(|column| accuracy(&ds, column)).collect();
    assert!(theirs.iter().all(|&accuracy| accuracy < ours - 0.03), "head {ours}, scorers {theirs:?}");
    let weakest = theirs.iter().enumerate().min_by(|x, y| x.1.total_cmp(y.1)).unwrap().0;
    assert_eq!(scores.names[weakest], "sim_clipscore", "{theirs:?}");
}

#[test]
fn recovery_tells_found_from_missed_and_unplanted() {
    let ds = demo();
    let planted = embedded_planted().unwrap();
    let (mut head, _) = fitted(&ds, "stability");
    let plant = planted.dimension("stability").unwrap();
    head.weights = head.columns.iter().map(|c| plant.weight(&c.id)).collect();
    let perfect = synth::planted(&head, &planted).unwrap();
    assert_eq!((perfect.found.len(), perfect.missed.len(), perfect.unplanted.len()), (3, 0, 0));
    assert!((perfect.share_found - 1.0).abs() < 1e-12 && (perfect.rank_correlation.unwrap() - 1.0).abs() < 1e-12);
    let position = |id: &str| head.columns.iter().position(|c| c.id == id).unwrap();
    let (ten, one) = (position("10"), position("1"));
    head.weights[ten] = 0.0;
    head.weights[one] = 0.3;
    let worse = synth::planted(&head, &planted).unwrap();
    assert_eq!((worse.found.len(), &worse.missed[0].question[..], &worse.unplanted[0].question[..]), (2, "10", "1"));
    assert!(worse.rank_correlation < perfect.rank_correlation && worse.share_found < 1.0);
    head.dimension = "beauty".to_owned();
    assert_eq!(synth::planted(&head, &planted), None);
}

#[test]
fn the_seed_decides_everything() {
    let small =
        |seed| simulate(SimulationOptions { seed, train_pairs: 30, test_pairs: 10, ..Default::default() }).unwrap();
    let (one, again, two) = (small(1), small(1), small(2));
    assert_eq!(one, again);
    assert_ne!(one.prompts, two.prompts);
    assert_ne!(one.answers, two.answers);
    assert_ne!(one.labels, two.labels);
    assert_eq!((one.pairs.len(), one.prompts.len()), (40, 14));
    for pairs in 1..5 {
        let tiny =
            simulate(SimulationOptions { seed: 3, train_pairs: pairs, test_pairs: 1, ..Default::default() }).unwrap();
        assert_eq!(tiny.pairs.len(), pairs + 1);
    }
    assert_eq!(
        simulate(SimulationOptions { seed: 1, train_pairs: 0, test_pairs: 1, ..Default::default() })
            .unwrap_err()
            .exit_code(),
        2
    );
}

fn headfit(arguments: &[&str], folder: &Path) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_headfit")).args(arguments).current_dir(folder).output().unwrap()
}

#[test]
fn synth_writes_a_sound_folder_and_replaces_only_its_own() {
    let root = tempfile::tempdir().unwrap();
    let small = ["synth", "-o", "sim", "--train-pairs", "60", "--test-pairs", "30"];
    let first = headfit(&small, root.path());
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    assert_eq!(headfit(&["check", "sim"], root.path()).status.code(), Some(0));
    let again = headfit(&small, root.path());
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&again.stderr).contains("--force"));
    assert!(headfit(&[&small[..], &["--force"]].concat(), root.path()).status.success());

    std::fs::create_dir(root.path().join("mine")).unwrap();
    std::fs::write(root.path().join("mine/thesis.tex"), "mine").unwrap();
    let foreign = headfit(&["synth", "-o", "mine", "--force"], root.path());
    assert_eq!(foreign.status.code(), Some(2));
    assert_eq!(std::fs::read_dir(root.path().join("mine")).unwrap().count(), 1);
}

#[test]
fn synth_says_in_json_what_it_wrote() {
    let root = tempfile::tempdir().unwrap();
    let run = headfit(&["synth", "-o", "s", "--train-pairs", "9", "--test-pairs", "3", "--json", "-"], root.path());
    let summary: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!((&summary["simulated"], &summary["questions"]), (&true.into(), &64.into()));
    assert_eq!(summary["pairs_per_dimension"], 12);
    let planted: Planted = serde_json::from_slice(&std::fs::read(root.path().join("s/planted.json")).unwrap()).unwrap();
    assert_eq!(planted.dimensions.len(), 10);
}

#[test]
fn schema_prints_what_is_committed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for entry in std::fs::read_dir(root.join("schemas")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().replace(".schema.json", "");
        let run = headfit(&["schema", &name], root);
        assert!(run.stdout == std::fs::read(&path).unwrap(), "headfit schema {name} > schemas/{name}.schema.json");
        let schema: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
        assert!(schema["$schema"].is_string() && schema["title"].is_string());
    }
    assert_eq!(headfit(&["schema", "poem"], root).status.code(), Some(2));
}
