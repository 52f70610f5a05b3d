//! TIGER-Lab GenAI-Bench (arXiv 2406.04485): votes of the arena on image generation, image edition and video generation.

use super::ImportOptions;
use super::record::{Fields, Record, Records};
use super::tables::{Builder, Item, Pair};
use crate::problems::Problems;

/// The fields of the layout. Images are bytes and are not read; videos are named by a path.
pub static FIELDS: Fields = Fields {
    needed: &["left_model", "right_model", "vote_type"],
    optional: &["prompt", "instruct_prompt", "left_video", "right_video", "index"],
    ignored: &[
        "source_prompt",
        "target_prompt",
        "source_image",
        "left_image",
        "right_image",
        "left_output_image",
        "right_output_image",
    ],
};

/// Adds the votes of one file.
pub fn read(records: &Records, options: &ImportOptions, builder: &mut Builder, problems: &mut Problems) {
    for row in &records.rows {
        let task = match () {
            () if row.fields.contains_key("instruct_prompt") => "image_edition",
            () if row.fields.contains_key("left_video") => "video_generation",
            () => "image_generation",
        };
        let Some(vote) = records.needed(row, "vote_type", problems) else { continue };
        let label = match vote.as_str() {
            "leftvote" => "a",
            "rightvote" => "b",
            "tievote" | "bothbad_vote" => "tie",
            _ => {
                let message = "vote_type must be leftvote, rightvote, tievote or bothbad_vote";
                problems.push(records.error("unknown-label", row, "vote_type", message, "correct the value"));
                continue;
            }
        };
        let mut side = |side: &str| item_of(records, row, task, side, builder, problems);
        let (a, b) = (side("left"), side("right"));
        let (dimension, annotator) = (task.to_owned(), String::new());
        let pair = Pair { dimension, a, b, label, annotator, split: options.split, verbatim: vote };
        builder.pair(pair, &records.file, row.line, problems);
    }
}

/// Every vote is about two items of its own: the arena names no item twice. A vote is its own prompt, and votes with equal
/// texts are merged into one group when the data are read.
fn item_of(
    records: &Records,
    row: &Record,
    task: &str,
    side: &str,
    builder: &mut Builder,
    problems: &mut Problems,
) -> String {
    let prompt_id = format!("{}-{}", records.stem(), row.line);
    let item = Item {
        prompt: row.text("prompt").or_else(|| row.text("instruct_prompt")).unwrap_or_default(),
        generator: row.text(&format!("{side}_model")).unwrap_or_default(),
        attributes: [("task", task.to_owned())].into(),
        prompt_id: prompt_id.clone(),
    };
    builder.item(&format!("{prompt_id}-{side}"), item, &records.file, row.line, problems)
}
