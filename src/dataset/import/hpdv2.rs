//! HPDv2 (arXiv 2306.09341; HPSv2's README): `train.json`, two images with who won, and `test.json`, several images with a
//! rank each, 1 or the smallest number being best, also by annotator.

use serde_json::Value;

use super::ImportOptions;
use super::record::{Fields, Record, Records, number, whole};
use super::tables::{Builder, Item, Pair, prompt_id};
use crate::dataset::Split;
use crate::problems::Problems;

/// The fields of the layout.
pub static FIELDS: Fields = Fields {
    needed: &["prompt"],
    optional: &[
        "file_path",
        "image_path",
        "human_preference",
        "user_hash",
        "rank",
        "raw_annotation",
        "raw_annotations",
    ],
    ignored: &["image"],
};

/// Adds the records of one file.
pub fn read(records: &Records, options: &ImportOptions, builder: &mut Builder, problems: &mut Problems) {
    for row in &records.rows {
        let Some(prompt) = records.needed(row, "prompt", problems) else { continue };
        let paths = if row.fields.contains_key("image_path") { "image_path" } else { "file_path" };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let Some(paths) = records.list(row, paths, "paths", text, problems) else { continue };
        let mut item = |path: &String| {
            let item = Item { prompt_id: prompt_id(&prompt), prompt: prompt.clone(), ..Item::default() };
            builder.item(path, item, &records.file, row.line, problems)
        };
        let items: Vec<String> = paths.iter().map(&mut item).collect();
        let orders = orders(records, row, items.len(), problems);
        let trained = row.fields.contains_key("human_preference");
        let split = options.split.or(Some(if trained { Split::Train } else { Split::Test }));
        for (annotator, ranks) in orders {
            for pair in ranked_pairs(&items, &ranks, "overall", &annotator, split) {
                builder.pair(pair, &records.file, row.line, problems);
            }
        }
    }
}

/// Who ranked, and the rank of each image; smaller is better.
fn orders(records: &Records, row: &Record, images: usize, problems: &mut Problems) -> Vec<(String, Vec<f64>)> {
    let wrong_length = |field: &str, found: usize| {
        let message = format!("{field} has {found} entries for {images} images");
        records.error("list-length", row, field, message, "correct the record")
    };
    let said = |field: &&str| match row.fields.get(*field) {
        None | Some(Value::Null) => false,
        Some(value) => value.as_array().is_none_or(|list| !list.is_empty()),
    };
    let raw = ["raw_annotations", "raw_annotation"].into_iter().find(said);
    if row.fields.contains_key("human_preference") {
        let Some(preference) = records.list(row, "human_preference", "0 and 1", whole, problems) else {
            return Vec::new();
        };
        if preference.len() != images {
            problems.push(wrong_length("human_preference", preference.len()));
            return Vec::new();
        }
        if images != 2 {
            let message = format!("human_preference is about two images; the record has {images}");
            let remedy = "give a rank for several images";
            problems.push(records.error("list-length", row, "human_preference", message, remedy));
            return Vec::new();
        }
        if preference.iter().any(|p| !matches!(p, 0 | 1)) || preference.iter().sum::<i64>() != 1 {
            let message = "human_preference must hold one 1, at the preferred image, and 0 otherwise";
            problems.push(records.error("unknown-label", row, "human_preference", message, "correct the record"));
            return Vec::new();
        }
        #[allow(clippy::cast_precision_loss)]
        let ranks = preference.iter().map(|p| -(*p as f64)).collect();
        return vec![(row.text("user_hash").unwrap_or_default(), ranks)];
    }
    if let Some(field) = raw {
        let entry = |value: &Value| {
            let ranks = value.get("rank")?.as_array()?.iter().map(number).collect::<Option<Vec<f64>>>()?;
            let user = value.get("user_hash").and_then(Value::as_str).unwrap_or_default().to_owned();
            Some((user, ranks))
        };
        let found = records.list(row, field, "objects with rank and user_hash", entry, problems).unwrap_or_default();
        for (_, ranks) in found.iter().filter(|(_, ranks)| ranks.len() != images) {
            problems.push(wrong_length(field, ranks.len()));
        }
        return found.into_iter().filter(|(_, ranks)| ranks.len() == images).collect();
    }
    match records.list(row, "rank", "numbers", number, problems) {
        Some(ranks) if ranks.len() == images => vec![(String::new(), ranks)],
        Some(ranks) => {
            problems.push(wrong_length("rank", ranks.len()));
            Vec::new()
        }
        None => Vec::new(),
    }
}

/// All pairs of a ranking; equal ranks tie.
pub fn ranked_pairs(
    items: &[String],
    ranks: &[f64],
    dimension: &str,
    annotator: &str,
    split: Option<Split>,
) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for a in 0..items.len() {
        for b in a + 1..items.len() {
            let label = match ranks[a].total_cmp(&ranks[b]) {
                std::cmp::Ordering::Less => "a",
                std::cmp::Ordering::Greater => "b",
                std::cmp::Ordering::Equal => "tie",
            };
            pairs.push(Pair {
                dimension: dimension.to_owned(),
                a: items[a].clone(),
                b: items[b].clone(),
                label,
                annotator: annotator.to_owned(),
                split,
                verbatim: String::new(),
            });
        }
    }
    pairs
}
