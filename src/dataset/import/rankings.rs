//! Best-of-n rankings: one candidate a row, its rank among the candidates of its prompt.

use std::collections::BTreeMap;

use super::ImportOptions;
use super::hpdv2::ranked_pairs;
use super::record::{Fields, Records};
use super::tables::{Builder, Item};
use crate::problems::{Problem, Problems, Severity};

/// The fields of the layout.
pub static FIELDS: Fields = Fields {
    needed: &["prompt_id", "item_id", "rank"],
    optional: &["prompt", "generator", "dimension", "annotator"],
    ignored: &[],
};

/// Prompt, dimension and annotator of one ranking.
type Key = (String, String, String);

/// Makes pairs of all candidates that one annotator ranked for one prompt. 1 is best; equal ranks tie; a blank rank leaves
/// the candidate out.
pub fn read(records: &Records, options: &ImportOptions, builder: &mut Builder, problems: &mut Problems) {
    // With the line of the first candidate.
    let mut rankings: BTreeMap<Key, (u64, Vec<(String, f64)>)> = BTreeMap::new();
    let mut unranked = 0usize;
    for row in &records.rows {
        let (Some(prompt_id), Some(name)) =
            (records.needed(row, "prompt_id", problems), records.needed(row, "item_id", problems))
        else {
            continue;
        };
        let text = |field: &str| row.text(field).unwrap_or_default();
        let item = Item {
            prompt_id: prompt_id.clone(),
            prompt: text("prompt"),
            generator: text("generator"),
            ..Item::default()
        };
        let id = builder.item(&name, item, &records.file, row.line, problems);
        let rank = match (row.text("rank"), row.number("rank")) {
            (None, _) => {
                unranked += 1;
                continue;
            }
            (Some(_), Some(rank)) if rank >= 0.0 => rank,
            _ => {
                let message = "rank must be a number of at least 0; the smallest is best";
                problems.push(records.error("bad-rank", row, "rank", message, "correct the value"));
                continue;
            }
        };
        let dimension = row.text("dimension").unwrap_or_else(|| "overall".into());
        let (_, ranking) =
            rankings.entry((prompt_id, dimension, text("annotator"))).or_insert_with(|| (row.line, Vec::new()));
        if ranking.iter().any(|(known, _)| *known == id) {
            let message = "the candidate is ranked twice by the same annotator";
            problems.push(records.error("duplicate-id", row, "item_id", message, "keep one of the rows"));
            continue;
        }
        ranking.push((id, rank));
    }
    if unranked > 0 {
        let message = format!("{unranked} candidates have no rank: no pair is made of them");
        problems.push(Problem::new(Severity::Note, "unranked", &records.file, message, ""));
    }
    let alone = rankings.values().filter(|(_, ranking)| ranking.len() < 2).count();
    if alone > 0 {
        let message = format!("{alone} rankings hold a single candidate: no pair is made of them");
        problems.push(Problem::new(Severity::Warning, "single-candidate", &records.file, message, ""));
    }
    for ((_, dimension, annotator), (line, ranking)) in rankings {
        let (items, ranks): (Vec<String>, Vec<f64>) = ranking.into_iter().unzip();
        for pair in ranked_pairs(&items, &ranks, &dimension, &annotator, options.split) {
            builder.pair(pair, &records.file, line, problems);
        }
    }
}
