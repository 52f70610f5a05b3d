//! Measures the head and every cached scorer on the four public, human-annotated sets, and prints a Markdown page:
//!
//! ```text
//! cargo run --release --example real_data -- ../shared/data > reports/real-data.md
//! cargo run --release --example real_data -- ../shared/data methods    # every method and tie model instead
//! ```
//!
//! The page holds numbers only, no rows of the data. `sklearn_reference.json` in each folder is the outside truth that
//! the scorers are compared with.

#![allow(clippy::print_stdout, clippy::print_stderr)] // a program of its own: what it prints is its result

use std::path::{Path, PathBuf};

use headfit::dataset::{self, ReadOptions, Source};
use headfit::evaluate::{self, EvaluateOptions, Evaluation, Mode, Protocol, Row, Verdict};
use headfit::features::{self, FeatureOptions, FeatureSource};
use headfit::fit::{Method, Ties};
use headfit::head::{self, TrainOptions};
use headfit::{Error, Result};

/// Data set, dimension, and the band in which a correct head must land (`diff-half`).
const BANDS: [(&str, &str, f64, f64); 9] = [
    ("tcbench_i2v", "transition", 0.72, 0.77),
    ("tcbench_i2v", "alignment", 0.72, 0.77),
    ("imagenhub", "overall", 0.765, 0.795),
    ("imagenhub", "semantic_consistency", 0.785, 0.82),
    ("imagenhub", "perceptual_quality", 0.745, 0.78),
    ("genaibench_arena", "video_generation", 0.72, 0.77),
    ("genaibench_arena", "image_generation", 0.66, 0.72),
    ("genaibench_arena", "image_edition", 0.76, 0.82),
    ("tifa160", "alignment_dsg", 0.59, 0.66),
];

fn main() -> std::process::ExitCode {
    let root = std::env::args().nth(1).map_or_else(|| PathBuf::from("../shared/data"), PathBuf::from);
    let page = if std::env::args().nth(2).as_deref() == Some("methods") { methods } else { page };
    match page(&root) {
        Ok(text) => {
            print!("{text}");
            std::process::ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            std::process::ExitCode::from(error.exit_code())
        }
    }
}

fn page(root: &Path) -> Result<String> {
    let mut text = String::from(HEADER);
    let mut scorers = String::from(SCORERS);
    for set in SETS {
        let evaluation = measure(root, set, None)?;
        for dimension in dimensions(&evaluation) {
            text.push_str(&head_line(set, &dimension, &evaluation));
            scorers.push_str(&scorer_line(root, set, &dimension, &evaluation)?);
        }
    }
    text.push_str(ANSWERS);
    for set in ["tcbench_i2v", "genaibench_arena", "tifa160"] {
        let evaluation = measure(root, set, Some(FeatureSource::Answers))?;
        for dimension in dimensions(&evaluation) {
            text.push_str(&head_line(set, &dimension, &evaluation));
        }
    }
    Ok(text + &scorers)
}

/// Nested cross-validation of every dimension, as `headfit evaluate --cross-validate 5 --missing-score equal` runs it.
fn measure(root: &Path, set: &str, source: Option<FeatureSource>) -> Result<Evaluation> {
    let folder = Source::Folder { path: root.join(set), manifest: None };
    let data = dataset::read(&folder, ReadOptions::default())?;
    let matrix = features::build(&data, &FeatureOptions { source, ..FeatureOptions::default() })?;
    let options = EvaluateOptions {
        protocols: vec![Protocol::DiffHalf],
        missing_score_equal: true,
        ..EvaluateOptions::new(&data)
    };
    evaluate::evaluate(&data, &matrix, Mode::CrossValidate { folds: 5 }, &options)
}

/// Every method and tie model under nested cross-validation, one line each; what it took goes to stderr.
fn methods(root: &Path) -> Result<String> {
    let with = |method: Method| TrainOptions { method, allow_unconverged: true, ..TrainOptions::default() };
    let tied = |ties: Ties| TrainOptions { ties, ..with(Method::Sparse) };
    let choices: [(&str, TrainOptions); 9] = [
        ("sparse", with(Method::Sparse)),
        ("relaxed", with(Method::Relaxed)),
        ("budget 4", TrainOptions { budget: Some(4), ..with(Method::Budget) }),
        ("visionreward-projected", with(Method::VisionrewardProjected)),
        ("visionreward-refit", with(Method::VisionrewardRefit)),
        ("sparse, rao-kupper", tied(Ties::RaoKupper)),
        ("sparse, davidson", tied(Ties::Davidson)),
        ("ratings", with(Method::Ratings)),
        ("hierarchical", with(Method::Hierarchical)),
    ];
    let mut text = String::from(METHODS);
    for set in SETS {
        let folder = Source::Folder { path: root.join(set), manifest: None };
        let data = dataset::read(&folder, ReadOptions::default())?;
        let matrix = features::build(&data, &FeatureOptions::default())?;
        for (name, train) in &choices {
            let clock = std::time::Instant::now();
            for dimension in 0..data.dimensions.len() {
                let options = EvaluateOptions {
                    dimensions: vec![dimension],
                    protocols: vec![Protocol::DiffHalf],
                    missing_score_equal: true,
                    tests: 0,
                    train: TrainOptions { bootstrap: 0, ..train.clone() },
                    ..EvaluateOptions::new(&data)
                };
                let (pairs, _) = head::training_pairs(&data, dimension);
                let whole = head::train(&data, &matrix, dimension, &pairs, &options.train);
                let found = evaluate::evaluate(&data, &matrix, Mode::CrossValidate { folds: 5 }, &options);
                let cells = match (&whole, &found) {
                    (Ok(whole), Ok(found)) => {
                        method_cells(whole, found, matrix.columns.len(), &data.dimensions[dimension])
                    }
                    (Err(error), _) | (_, Err(error)) => format!("– | – | {}", short(error)),
                };
                text.push_str(&format!("| {set} / {} | {name} | {cells} |\n", data.dimensions[dimension]));
            }
            eprintln!("{set}, {name}: {:.1} s", clock.elapsed().as_secs_f64());
        }
    }
    Ok(text)
}

fn method_cells(whole: &head::Head, found: &Evaluation, columns: usize, dimension: &str) -> String {
    let Some(head) = row(found, dimension, "head") else { return "– | – | no head".to_owned() };
    let used = whole.weights.iter().filter(|&&w| w != 0.0).count();
    let note = if whole.certificate.converged { "" } else { "not converged on all pairs" };
    format!("{} [{}, {}] | {used} of {columns} | {note}", number(head.value), number(head.low), number(head.high))
}

/// The first line of an error.
fn short(error: &Error) -> String {
    error.to_string().lines().map(str::trim).find(|l| !l.is_empty()).unwrap_or_default().chars().take(110).collect()
}

fn dimensions(evaluation: &Evaluation) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for row in &evaluation.rows {
        if !names.contains(&row.dimension) {
            names.push(row.dimension.clone());
        }
    }
    names
}

fn row<'a>(evaluation: &'a Evaluation, dimension: &str, scorer: &str) -> Option<&'a Row> {
    evaluation.rows.iter().find(|r| r.dimension == dimension && r.scorer == scorer)
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |v| format!("{v:.4}").trim_start_matches('0').to_owned())
}

fn head_line(set: &str, dimension: &str, evaluation: &Evaluation) -> String {
    let Some(head) = row(evaluation, dimension, "head") else { return String::new() };
    let best = evaluation
        .rows
        .iter()
        .filter(|r| r.dimension == dimension && r.scorer != "head" && r.scorer != "mean" && r.value.is_some())
        .max_by(|x, y| x.value.unwrap_or(0.0).total_cmp(&y.value.unwrap_or(0.0)));
    let verdict = best
        .and_then(|b| evaluation.comparisons.iter().find(|c| c.dimension == dimension && c.scorer == b.scorer))
        .map_or("–".to_owned(), |c| {
            let word = match c.verdict {
                Verdict::HeadWins => "head wins",
                Verdict::HeadLoses => "**head loses**",
                Verdict::NoDifferenceShown if c.difference.is_some_and(|d| d < 0.0) => {
                    "head lower, difference not shown"
                }
                Verdict::NoDifferenceShown => "no difference shown",
                Verdict::NotEnoughData => "not enough data",
            };
            format!(
                "{word} ({:+.3} [{:+.3}, {:+.3}])",
                c.difference.unwrap_or(f64::NAN),
                c.low.unwrap_or(f64::NAN),
                c.high.unwrap_or(f64::NAN)
            )
        });
    let band =
        BANDS.iter().find(|b| b.0 == set && b.1 == dimension).map_or("–".to_owned(), |b| format!("{}–{}", b.2, b.3));
    format!(
        "| {set} / {dimension} | {} | {} | {} [{}, {}] | {band} | {} | {} {} | {verdict} |\n",
        head.n,
        head.prompts,
        number(head.value),
        number(head.low),
        number(head.high),
        number(row(evaluation, dimension, "mean").and_then(|r| r.value)),
        best.map_or("–", |b| b.scorer.as_str()),
        number(best.and_then(|b| b.value)),
    )
}

/// Largest distance between our scorers and the reference on one dimension.
fn scorer_line(root: &Path, set: &str, dimension: &str, evaluation: &Evaluation) -> Result<String> {
    let path = root.join(set).join("sklearn_reference.json");
    let bytes = std::fs::read(&path).map_err(Error::io(&path))?;
    let entries: serde_json::Value =
        serde_json::from_slice(&bytes).map_err(|e| Error::Usage(format!("{}: {e}", path.display())))?;
    let reference = entries
        .as_array()
        .into_iter()
        .flatten()
        .find(|e| e["dimension"] == dimension && e["tag"] == "")
        .map(|e| e["results"].clone());
    let Some(serde_json::Value::Object(results)) = reference else {
        return Ok(format!("| {set} / {dimension} | – | – | no reference |\n"));
    };
    let mut compared = 0;
    let mut worst = (0.0, String::new());
    for (scorer, result) in results {
        let (Some(expected), Some(ours)) =
            (result["acc_no_ties"].as_f64(), row(evaluation, dimension, &scorer).and_then(|r| r.value))
        else {
            continue;
        };
        compared += 1;
        let distance = (ours - expected).abs();
        if distance >= worst.0 {
            worst = (distance, scorer);
        }
    }
    Ok(format!("| {set} / {dimension} | {compared} | {:.5} | {} |\n", worst.0, worst.1))
}

const SETS: [&str; 4] = ["tcbench_i2v", "imagenhub", "genaibench_arena", "tifa160"];

const METHODS: &str = "\
| data / dimension | method | `diff-half`, nested cross-validation | features used, fitted on all pairs | remark |
|---|---|---|---|---|
";

const HEADER: &str = "\
# The head on real, human-annotated data

Measured by

    cargo run --release --example real_data -- ../shared/data > reports/real-data.md

Accuracy under protocol `diff-half` (human ties dropped, half credit for an equal score), nested cross-validation with
5 folds by prompt (λ chosen inside each training part, one-standard-error rule), default bounds, `features` tables, an uncovered pair counts as an
equal score (`--missing-score equal`). 95 % intervals from 1,000 bootstrap draws of prompts. Chance is .5. `mean` is the
plain mean of the head's features. The verdict compares the head with the best cached scorer of that row on the same pairs; that scorer
was picked after looking, which favours it.

| data / dimension | pairs | prompts | head | expected | mean | best cached scorer | head against it |
|---|---|---|---|---|---|---|---|
";

const ANSWERS: &str = "
The same with `--features answers` (mean, minimum and all-yes per judge and category where questions belong to a prompt):

| data / dimension | pairs | prompts | head | expected with `features` | mean | best cached scorer | head against it |
|---|---|---|---|---|---|---|---|
";

const SCORERS: &str = "
Cached scorers against an independent computation (`acc_no_ties` of each folder's `sklearn_reference.json`, printed there with four digits):

| data / dimension | scorers compared | largest difference | at |
|---|---|---|---|
";
