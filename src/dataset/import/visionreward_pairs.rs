//! VisionRewardDB-Video, `regression` and `test` splits: two videos of one prompt and who won.
//!
//! The values of `standard_answer` are those that public evaluation scripts compare with; any other is refused.

use super::ImportOptions;
use super::record::{Fields, Records};
use super::tables::{Builder, Item, Pair, prompt_id};
use crate::dataset::Split;
use crate::problems::{Problem, Problems, Severity};

/// The fields of the layout.
pub static FIELDS: Fields = Fields {
    needed: &["internal_id", "prompt", "standard_answer", "video1_path", "video2_path"],
    optional: &[],
    ignored: &[],
};

/// Adds the pairs of one file.
pub fn read(records: &Records, options: &ImportOptions, builder: &mut Builder, problems: &mut Problems) {
    let split = options.split.or_else(|| split_of(records.stem()));
    if split.is_none() {
        let message = "the file name says neither regression nor test: the pairs have no split";
        let remedy = "say it with --split train or --split test";
        problems.push(Problem::new(Severity::Note, "no-split", &records.file, message, remedy));
    }
    for row in &records.rows {
        let label = match row.text("standard_answer").as_deref() {
            Some("video1") => "a",
            Some("video2") => "b",
            Some("tie") => "tie",
            _ => {
                let message = "standard_answer must be video1, video2 or tie";
                problems.push(records.error("unknown-label", row, "standard_answer", message, "correct the value"));
                continue;
            }
        };
        let Some(prompt) = records.needed(row, "prompt", problems) else { continue };
        let mut video = |field: &str| {
            let name = records.needed(row, field, problems)?;
            let item = Item { prompt_id: prompt_id(&prompt), prompt: prompt.clone(), ..Item::default() };
            Some(builder.item(&name, item, &records.file, row.line, problems))
        };
        let (Some(a), Some(b)) = (video("video1_path"), video("video2_path")) else { continue };
        let (annotator, verbatim) = (String::new(), String::new());
        let pair = Pair { dimension: "overall".into(), a, b, label, annotator, split, verbatim };
        builder.pair(pair, &records.file, row.line, problems);
    }
}

/// `regression` rows were fitted on; `test` (first called `monetbench`) rows were not.
fn split_of(stem: &str) -> Option<Split> {
    let stem = stem.to_lowercase();
    match () {
        () if stem.contains("test") || stem.contains("monetbench") => Some(Split::Test),
        () if stem.contains("regression") || stem.contains("train") => Some(Split::Train),
        () => None,
    }
}
