//! Heads on small data sets built by hand: training, application, file.

use std::collections::BTreeMap;

use super::*;
use crate::Error;
use crate::dataset::{Dataset, Split};
use crate::features::testing::Tiny;
use crate::features::{FeatureMatrix, FeatureOptions, Missing, build};
use crate::fit::recipe::Epochs;

const QUESTIONS: [&str; 4] = ["sharp", "bright", "smooth", "odd"];

/// Answer of item `i` to question `q`: a fixed pattern in which no two questions agree.
fn yes(i: usize, q: usize) -> bool {
    ((i * i * (q + 3) + i * 5 + q * 7) % 11).is_multiple_of(2)
}

/// Sixty prompts of two items. "sharp" decides mostly, "bright" sometimes; two pairs in seven are ties.
fn answered() -> Dataset {
    let mut tiny = Tiny::new();
    for i in 0..120 {
        tiny = tiny.item(&format!("i{i}"), &format!("p{}", i / 2));
        for (q, question) in QUESTIONS.iter().enumerate() {
            let p = if (i, q) == (3, 2) { None } else { Some(f64::from(u8::from(yes(i, q)))) };
            tiny = tiny.answer(&format!("i{i}"), question, p);
        }
    }
    for k in 0..60 {
        let worth = |i: usize| 2 * i32::from(yes(i, 0)) + i32::from(yes(i, 1));
        let label = match (worth(2 * k) - worth(2 * k + 1)).signum() * if k % 9 == 4 { -1 } else { 1 } {
            _ if k % 7 == 3 => 't',
            1 => 'a',
            -1 => 'b',
            _ => 't',
        };
        tiny = tiny.pair("overall", &format!("i{}", 2 * k), &format!("i{}", 2 * k + 1), label);
    }
    tiny.item("silent", "p60").build()
}

fn features(ds: &Dataset) -> FeatureMatrix {
    build(ds, &FeatureOptions::default()).unwrap()
}

fn quick() -> TrainOptions {
    TrainOptions { bootstrap: 20, path_length: 20, ..TrainOptions::default() }
}

fn trained(ds: &Dataset) -> Head {
    train(ds, &features(ds), 0, &ds.pairs_of(0), &quick()).unwrap()
}

#[test]
fn the_questions_that_decide_get_the_weights() {
    let ds = answered();
    let head = trained(&ds);
    assert_eq!(head.columns.iter().map(|c| c.id.as_str()).collect::<Vec<_>>(), QUESTIONS);
    assert!(head.weights[0] > head.weights[1] && head.weights[1] >= 0.0, "{:?}", head.weights);
    assert!(head.weights.iter().all(|&w| w >= 0.0), "questions of a fixed checklist");
    assert!(head.marginal[0].unwrap() > 0.3 && head.certificate.converged);
    assert_eq!((head.pairs, head.groups, head.prompts.len(), head.quantiles.len()), (60, 60, 60, 101));
    assert!(head.quantiles.is_sorted());
    assert!(head.intervals[0].low <= head.weights[0] && head.weights[0] <= head.intervals[0].high);
    assert!(head.prompts.iter().all(|p| p.len() == 16));
}

#[test]
fn scores_are_sums_of_weights_whatever_the_column_order_and_missing_is_never_no() {
    let ds = answered();
    let head = trained(&ds);
    let matrix = features(&ds);
    let scores = head.score(&matrix).unwrap();
    let sign = |i, q| if yes(i, q) { 1.0 } else { -1.0 };
    let expected =
        |i: usize| (0..4).map(|q| if (i, q) == (3, 2) { 0.0 } else { head.weights[q] * sign(i, q) }).sum::<f64>();
    for (i, score) in scores.iter().enumerate().take(120) {
        assert!((score.unwrap() - expected(i)).abs() < 1e-14, "item {i}");
    }
    assert_eq!(scores[120], None, "an item without answers is never scored");

    let turned = FeatureMatrix {
        columns: [3, 1, 0, 2].iter().map(|&j| matrix.columns[j].clone()).collect(),
        values: matrix.values.select(ndarray::Axis(1), &[3, 1, 0, 2]),
        ..matrix.clone()
    };
    assert_eq!(head.score(&turned).unwrap(), scores);

    let mut strict = head.clone();
    strict.preparation.missing = Missing::Drop;
    assert_eq!(strict.score(&matrix).unwrap()[3], None);
    strict.preparation.missing = Missing::Fail;
    assert!(strict.score(&matrix).unwrap_err().to_string().contains("1 value"));
}

#[test]
fn other_questions_are_refused_and_listed() {
    let ds = answered();
    let mut head = trained(&ds);
    head.columns[1].id = "gone".into();
    head.columns[2].text_sha256 = Some("aa".into());
    let mut matrix = features(&ds);
    matrix.columns[2].text_sha256 = Some("bb".into());
    let error = head.score(&matrix).unwrap_err();
    assert_eq!(error.exit_code(), 3);
    let text = error.to_string();
    assert!(text.contains("\"gone\"") && text.contains("\"smooth\" has another text"), "{text}");
    matrix.columns[2].text_sha256 = None;
    head.columns[1].id = "bright".into();
    assert!(head.score(&matrix).is_ok(), "a hash that is not known cannot differ");
}

#[test]
fn dimension_scores_add_up_to_the_score() {
    let ds = answered();
    let mut head = trained(&ds);
    for (column, dimension) in head.columns.iter_mut().zip([Some("look"), Some("motion"), Some("look"), None]) {
        column.dimension = dimension.map(str::to_owned);
    }
    head.weights = vec![0.5, 0.25, 0.125, 2.0];
    let matrix = features(&ds);
    let (scores, parts) = (head.score(&matrix).unwrap(), head.dimension_scores(&matrix).unwrap());
    let names: Vec<Option<&str>> = parts.iter().map(|(name, _)| name.as_deref()).collect();
    assert_eq!(names, [Some("look"), Some("motion"), None]);
    for (i, score) in scores.iter().enumerate() {
        let sum: Option<f64> = parts.iter().map(|(_, part)| part[i]).sum();
        assert_eq!(sum, *score, "item {i}: binary fractions add exactly");
    }
}

#[test]
fn ready_made_columns_are_reported_in_their_own_units() {
    let numbers = |factor: f64| -> Dataset {
        let mut tiny = Tiny::new();
        let value = |i: usize| ((i * 37) % 23) as f64 - 11.0;
        for i in 0..80 {
            tiny = tiny.item(&format!("i{i}"), &format!("p{}", i / 2));
        }
        let column: Vec<Option<f64>> = (0..80).map(|i| Some(factor * value(i))).collect();
        let other: Vec<Option<f64>> = (0..80).map(|i| Some(((i * i) % 7) as f64)).collect();
        tiny = tiny.feature("size", &column).feature("noise", &other);
        for k in 0..40 {
            let win = (value(2 * k) < value(2 * k + 1)) != (k % 5 == 0);
            tiny =
                tiny.pair("overall", &format!("i{}", 2 * k), &format!("i{}", 2 * k + 1), if win { 'a' } else { 'b' });
        }
        tiny.build()
    };
    let (small, large) = (numbers(1.0), numbers(1000.0));
    let (one, thousand) = (trained(&small), trained(&large));
    assert!(one.weights[0] < 0.0, "ready-made columns are free");
    assert!((one.weights[0] / thousand.weights[0] - 1000.0).abs() < 1e-4);
    let (a, b) = (one.score(&features(&small)).unwrap(), thousand.score(&features(&large)).unwrap());
    assert!(a.iter().zip(&b).all(|(a, b)| (a.unwrap() - b.unwrap()).abs() < 1e-6));
}

#[test]
fn a_head_can_be_held_to_its_own_questions() {
    let mut ds = answered();
    let mut matrix = features(&ds);
    let own = TrainOptions { scope: Scope::Own, ..quick() };
    let error = train(&ds, &matrix, 0, &ds.pairs_of(0), &own).unwrap_err();
    assert_eq!(error.exit_code(), 2);
    assert!(error.to_string().contains("--scope all"), "{error}");
    matrix.columns[1].dimension = Some("overall".into());
    let head = train(&ds, &matrix, 0, &ds.pairs_of(0), &own).unwrap();
    assert_eq!(head.columns.len(), 1);
    assert_eq!(head.columns[0].id, "bright");
    ds.pairs[0].split = Some(Split::Test);
    ds.pairs[1].split = Some(Split::Train);
    assert_eq!(training_pairs(&ds, 0), (vec![1], true));
}

#[test]
fn what_cannot_be_fitted_is_an_error_that_names_the_dimension() {
    let ds = answered();
    let matrix = features(&ds);
    let fails = |pairs: &[usize], options: &TrainOptions| train(&ds, &matrix, 0, pairs, options).unwrap_err();
    let ties_only = fails(&[3, 10], &TrainOptions { ties: Ties::Drop, ..quick() }).to_string();
    assert!(ties_only.contains("dimension \"overall\": all 2 pairs are ties"), "{ties_only}");
    let hurried = TrainOptions { max_iterations: 1, lambda: Some(1e-4), ..quick() };
    let error = fails(&ds.pairs_of(0), &hurried);
    assert_eq!(error.exit_code(), 4);
    assert!(error.to_string().contains("--allow-unconverged"), "{error}");
    let head = train(&ds, &matrix, 0, &ds.pairs_of(0), &TrainOptions { allow_unconverged: true, ..hurried }).unwrap();
    assert!(!head.certificate.converged && head.intervals.is_empty());
    let epochs = Epochs { limit: 2, ..Epochs::default() };
    let restless = TrainOptions { method: Method::VisionrewardProjected, epochs, ..quick() };
    let text = fails(&ds.pairs_of(0), &restless).to_string();
    assert!(
        text.contains("--learning-rate") && text.contains("last of 2 epochs") && !text.contains("--lambda"),
        "{text}"
    );
}

#[test]
fn prompts_hash_by_their_folded_text() {
    let ds = |text: &str| Tiny::new().item("i", "p").prompt_text("p", text).build();
    assert_eq!(prompt_hash(&ds("A  Cat"), 0), prompt_hash(&ds("a cat\n"), 0));
    assert_ne!(prompt_hash(&ds("a cat"), 0), prompt_hash(&ds("a dog"), 0));
    assert_eq!(prompt_hash(&ds(" "), 0), prompt_hash(&Tiny::new().item("i", "p").build(), 0));
}

fn file(ds: &Dataset, head: Head) -> HeadsFile {
    let options = BTreeMap::from([("hierarchy".to_owned(), "none".to_owned())]);
    HeadsFile::new(vec![head], provenance(ds, 7, options))
}

#[test]
fn the_file_gives_back_every_bit() {
    let ds = answered();
    let mut head = trained(&ds);
    head.weights = vec![0.1 + 0.2, f64::MIN_POSITIVE, 1.0 / 3.0, 5e-324];
    head.certificate.gap = None;
    let heads = file(&ds, head);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("heads.json");
    heads.write(&path, false).unwrap();
    let back = HeadsFile::read(&path).unwrap();
    assert_eq!(back, heads);
    let bits = |file: &HeadsFile| file.heads[0].weights.iter().map(|w| w.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&back), bits(&heads));
    assert_eq!(back.to_json().unwrap(), heads.to_json().unwrap());
    assert_eq!(heads.write(&path, false).unwrap_err().exit_code(), 2);
    assert_eq!(back.feature_options().unwrap().source, Some(heads.heads[0].source));
}

#[test]
fn damaged_files_are_refused_with_a_reason() {
    let ds = answered();
    let heads = file(&ds, trained(&ds));
    let text = String::from_utf8(heads.to_json().unwrap()).unwrap();
    let refused = |text: &str, reason: &str| {
        let error = HeadsFile::from_json(text.as_bytes(), "heads.json").unwrap_err();
        assert_eq!(error.exit_code(), 3);
        assert!(error.to_string().contains(reason), "{error}");
    };
    refused("{", "not a heads file");
    refused("{}", "format version none");
    refused(&text.replacen("\"format_version\": 1", "\"format_version\": 99", 1), "format version 99");
    refused(&text[..text.len() / 2], "not a heads file");
    refused(&text.replacen("\"dimension\": \"overall\"", "\"dimension\": 3", 1), "invalid type");
    let mut short = heads.clone();
    short.heads[0].weights.pop();
    refused(&serde_json::to_string(&short).unwrap(), "3 weights for 4 columns");
    let mut broken = heads;
    broken.heads[0].weights[0] = f64::NAN;
    assert!(matches!(broken.to_json(), Err(Error::Bug(_))));
}
