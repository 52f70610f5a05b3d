//! Pick-a-Pic (arXiv 2305.01569; the layout of yuvalkirstain/pickapic_v2, which Diffusion-DPO trains on).

use super::ImportOptions;
use super::record::{Fields, Records};
use super::tables::{Builder, Item, Pair, prompt_id};
use crate::problems::{Problem, Problems, Severity};

/// The fields of the layout. Images are bytes and are not read.
pub static FIELDS: Fields = Fields {
    needed: &["caption", "image_0_uid", "image_1_uid", "label_0"],
    optional: &["label_1", "model_0", "model_1", "user_id", "has_label", "best_image_uid", "ranking_id"],
    ignored: &[
        "jpg_0",
        "jpg_1",
        "are_different",
        "created_at",
        "image_0_url",
        "image_1_url",
        "num_example_per_prompt",
        "__index_level_0__",
    ],
};

/// Adds the pairs of one file.
pub fn read(records: &Records, options: &ImportOptions, builder: &mut Builder, problems: &mut Problems) {
    let mut unlabelled = 0usize;
    for row in &records.rows {
        if row.text("has_label").is_some_and(|value| value.eq_ignore_ascii_case("false")) {
            unlabelled += 1;
            continue;
        }
        let label = match row.number("label_0") {
            Some(1.0) => "a",
            Some(0.0) => "b",
            Some(0.5) => "tie",
            _ => {
                let message = "label_0 must be 1 (first image), 0 (second image) or 0.5 (tie)";
                problems.push(records.error("unknown-label", row, "label_0", message, "correct the value"));
                continue;
            }
        };
        if let (Some(first), Some(second)) = (row.number("label_0"), row.number("label_1"))
            && first + second != 1.0
        {
            let message = format!("label_0 and label_1 must add up to 1; they are {first} and {second}");
            problems.push(records.error("contradictory-label", row, "label_1", message, "correct the record"));
            continue;
        }
        let Some(prompt) = records.needed(row, "caption", problems) else { continue };
        let mut image = |n: u8| {
            let name = records.needed(row, &format!("image_{n}_uid"), problems)?;
            let item = Item {
                prompt_id: prompt_id(&prompt),
                prompt: prompt.clone(),
                generator: row.text(&format!("model_{n}")).unwrap_or_default(),
                ..Item::default()
            };
            Some((builder.item(&name, item, &records.file, row.line, problems), name))
        };
        let (Some((a, first)), Some((b, second))) = (image(0), image(1)) else { continue };
        let best = row.text("best_image_uid").filter(|best| *best == first || *best == second);
        if best.is_some_and(|best| label != if best == first { "a" } else { "b" }) && first != second {
            let message = format!("best_image_uid names the other image than label_0 ({})", row.shown("label_0"));
            problems.push(records.error("contradictory-label", row, "best_image_uid", message, "correct the record"));
            continue;
        }
        let annotator = row.text("user_id").unwrap_or_default();
        let (dimension, verbatim) = ("overall".to_owned(), String::new());
        let pair = Pair { dimension, a, b, label, annotator, split: options.split, verbatim };
        builder.pair(pair, &records.file, row.line, problems);
    }
    if unlabelled > 0 {
        let message = format!("{unlabelled} records have no label (has_label = false): no pair is made of them");
        problems.push(Problem::new(Severity::Note, "unlabelled", &records.file, message, ""));
    }
}
