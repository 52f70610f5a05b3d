//! VideoAlign's training CSV and VideoGen-RewardBench: two videos of one prompt, one label a dimension (arXiv 2501.13918;
//! KwaiVGI/VideoAlign, `datasets/train/README.md`). The rewards that its evaluation script writes beside the labels are
//! read as scores.

use super::ImportOptions;
use super::record::{Fields, Record, Records};
use super::tables::{Builder, Item, Pair, prompt_id};
use crate::problems::{Problem, Problems, Severity};

/// The fields of the layout.
pub static FIELDS: Fields = Fields {
    needed: &["path_A", "path_B", "prompt"],
    optional: &[
        "VQ",
        "MQ",
        "TA",
        "Overall",
        "ALL",
        "A_model",
        "B_model",
        "fps_A",
        "fps_B",
        "num_frames_A",
        "num_frames_B",
        "reward_VQ_A",
        "reward_VQ_B",
        "reward_MQ_A",
        "reward_MQ_B",
        "reward_TA_A",
        "reward_TA_B",
        "reward_ALL_A",
        "reward_ALL_B",
    ],
    ignored: &[],
};

/// Label columns and the dimension each stands for.
const LABELS: [(&str, &str); 5] =
    [("VQ", "VQ"), ("MQ", "MQ"), ("TA", "TA"), ("Overall", "Overall"), ("ALL", "Overall")];

/// Reward columns and the scorer each becomes.
const REWARDS: [(&str, &str); 4] =
    [("reward_VQ", "reward_VQ"), ("reward_MQ", "reward_MQ"), ("reward_TA", "reward_TA"), ("reward_ALL", "reward_ALL")];

/// Adds the pairs of one file.
pub fn read(records: &Records, options: &ImportOptions, builder: &mut Builder, problems: &mut Problems) {
    let mut blank = 0usize;
    for row in &records.rows {
        let (a, b) = (side(records, row, "A", builder, problems), side(records, row, "B", builder, problems));
        let (Some(a), Some(b)) = (a, b) else { continue };
        for (column, dimension) in LABELS {
            if !row.fields.contains_key(column) {
                continue;
            }
            let label = match row.text(column).as_deref() {
                Some("A") => "a",
                Some("B") => "b",
                Some("same") => "tie",
                None => {
                    blank += 1;
                    continue;
                }
                Some(_) => {
                    let message = format!("{column} must be A, B or same");
                    problems.push(records.error("unknown-label", row, column, message, "correct the value"));
                    continue;
                }
            };
            let (a, b, dimension) = (a.clone(), b.clone(), dimension.to_owned());
            let (annotator, verbatim) = (String::new(), String::new());
            let pair = Pair { dimension, a, b, label, annotator, split: options.split, verbatim };
            builder.pair(pair, &records.file, row.line, problems);
        }
    }
    if blank > 0 {
        let message = format!("{blank} labels are blank: no pair is made of them");
        problems.push(Problem::new(Severity::Warning, "blank-label", &records.file, message, ""));
    }
}

/// The item of one side.
fn side(records: &Records, row: &Record, side: &str, builder: &mut Builder, problems: &mut Problems) -> Option<String> {
    let path = records.needed(row, &format!("path_{side}"), problems)?;
    let prompt = records.needed(row, "prompt", problems)?;
    let mut item = Item {
        prompt_id: prompt_id(&prompt),
        prompt,
        generator: row.text(&format!("{side}_model")).unwrap_or_default(),
        ..Item::default()
    };
    for name in ["fps", "num_frames"] {
        if let Some(value) = row.text(&format!("{name}_{side}")) {
            item.attributes.insert(name, value);
        }
    }
    let id = builder.item(&path, item, &records.file, row.line, problems);
    for (reward, scorer) in REWARDS {
        let field = format!("{reward}_{side}");
        match (row.text(&field), row.number(&field)) {
            (Some(_), Some(value)) => {
                let known = builder.scores.entry(id.clone()).or_default().insert(scorer.to_owned(), value);
                if known.is_some_and(|known| known != value) {
                    let message = format!("{field} differs from an earlier row of the same video");
                    problems.push(records.error("contradictory-score", row, &field, message, "keep one of the two"));
                }
            }
            (Some(_), None) => {
                let message = format!("{field} must be a number");
                problems.push(records.error("not-a-number", row, &field, message, "correct the value"));
            }
            (None, _) => {}
        }
    }
    Some(id)
}
