//! Exported files → (prompt, winner, loser), by the rule of the trainer that reads them.

use serde::Deserialize;

use super::{Format, Triple};
use crate::dataset::parquet_texts;
use crate::{Error, Result};

fn bad(file: &str, e: impl std::fmt::Display) -> Error {
    Error::Bug(format!("{file} cannot be read back: {e}"))
}

/// Reads the files of an export in their order.
///
/// # Errors
/// [`Error::Bug`] where a file is not in the layout.
pub fn read_back(format: Format, files: &[(String, Vec<u8>)]) -> Result<Vec<Triple>> {
    let mut triples = Vec::new();
    for (name, bytes) in files {
        match format {
            Format::Pairs => pairs(name, bytes, &mut triples)?,
            Format::Trl => trl(name, bytes, &mut triples)?,
            Format::DiffusionDpo => pickapic(name, bytes, &mut triples)?,
            Format::UnifiedReward => unified_reward(name, bytes, &mut triples)?,
            Format::Videoalign => videoalign(name, bytes, &mut triples)?,
            Format::Hpdv2 => hpdv2(name, bytes, &mut triples)?,
        }
    }
    Ok(triples)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PairRow {
    #[serde(rename = "pair_id")]
    _id: String,
    prompt_id: String,
    #[serde(rename = "dimension")]
    _dimension: String,
    item_a: String,
    item_b: String,
    label: String,
    margin: f64,
}

fn pairs(file: &str, bytes: &[u8], triples: &mut Vec<Triple>) -> Result<()> {
    for row in ::csv::Reader::from_reader(bytes).deserialize() {
        let row: PairRow = row.map_err(|e| bad(file, e))?;
        if row.label != "a" || row.margin.is_nan() {
            return Err(bad(file, "the winner is item_a"));
        }
        triples.push((row.prompt_id, row.item_a, row.item_b));
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TrlRow {
    prompt: String,
    chosen: String,
    rejected: String,
    margin: f64,
}

fn trl(file: &str, bytes: &[u8], triples: &mut Vec<Triple>) -> Result<()> {
    let text = std::str::from_utf8(bytes).map_err(|e| bad(file, e))?;
    for line in text.lines() {
        let row: TrlRow = serde_json::from_str(line).map_err(|e| bad(file, e))?;
        if !row.margin.is_finite() {
            return Err(bad(file, "a margin is not finite"));
        }
        triples.push((row.prompt, row.chosen, row.rejected));
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnifiedRow {
    #[serde(rename = "id")]
    _id: String,
    caption: String,
    chosen: String,
    rejected: String,
}

fn unified_reward(file: &str, bytes: &[u8], triples: &mut Vec<Triple>) -> Result<()> {
    let rows: Vec<UnifiedRow> = serde_json::from_slice(bytes).map_err(|e| bad(file, e))?;
    triples.extend(rows.into_iter().map(|row| (row.caption, row.chosen, row.rejected)));
    Ok(())
}

/// Diffusion-DPO's rule: label_0 = 1 the first image wins, 0 the second, ½ is left out.
fn pickapic(file: &str, bytes: &[u8], triples: &mut Vec<Triple>) -> Result<()> {
    let names = ["caption", "image_0_uid", "image_1_uid", "label_0", "label_1", "best_image_uid"];
    let columns = parquet_texts(bytes, &names).map_err(|e| bad(file, e))?;
    let [captions, first, second, label, other, best] = &columns[..] else { return Err(bad(file, "columns")) };
    for row in 0..captions.len() {
        let (winner, loser) = match (label[row].as_str(), other[row].as_str()) {
            ("1", "0") => (&first[row], &second[row]),
            ("0", "1") => (&second[row], &first[row]),
            (label, _) => return Err(bad(file, format!("label_0 is {label}"))),
        };
        if &best[row] != winner {
            return Err(bad(file, "best_image_uid is not the winner"));
        }
        triples.push((captions[row].clone(), winner.clone(), loser.clone()));
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VideoAlignRow {
    #[serde(rename = "path_A")]
    path_a: String,
    #[serde(rename = "path_B")]
    path_b: String,
    prompt: String,
    #[serde(rename = "VQ")]
    vq: String,
    #[serde(rename = "MQ")]
    mq: String,
    #[serde(rename = "TA")]
    ta: String,
    #[serde(rename = "fps_A")]
    fps_a: f64,
    #[serde(rename = "num_frames_A")]
    num_frames_a: u64,
    #[serde(rename = "fps_B")]
    fps_b: f64,
    #[serde(rename = "num_frames_B")]
    num_frames_b: u64,
}

/// Labels are A, B or same; the first that names a winner decides.
fn videoalign(file: &str, bytes: &[u8], triples: &mut Vec<Triple>) -> Result<()> {
    for row in ::csv::Reader::from_reader(bytes).deserialize() {
        let row: VideoAlignRow = row.map_err(|e| bad(file, e))?;
        let positive = row.fps_a > 0.0 && row.fps_b > 0.0 && row.num_frames_a > 0 && row.num_frames_b > 0;
        let labels = [row.vq.as_str(), row.mq.as_str(), row.ta.as_str()];
        if !positive || labels.iter().any(|label| !matches!(*label, "A" | "B" | "same")) {
            return Err(bad(file, format!("labels {labels:?}")));
        }
        // The first dimension that names a winner.
        match labels.iter().find(|label| **label != "same") {
            Some(&"A") => triples.push((row.prompt, row.path_a, row.path_b)),
            Some(_) => triples.push((row.prompt, row.path_b, row.path_a)),
            None => return Err(bad(file, "a row names no winner")),
        }
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HpdRow {
    prompt: String,
    image_path: [String; 2],
    human_preference: [u8; 2],
    #[serde(rename = "user_hash")]
    _user: String,
}

/// The image with preference 1 wins.
fn hpdv2(file: &str, bytes: &[u8], triples: &mut Vec<Triple>) -> Result<()> {
    let rows: Vec<HpdRow> = serde_json::from_slice(bytes).map_err(|e| bad(file, e))?;
    for row in rows {
        let [first, second] = row.image_path;
        match row.human_preference {
            [1, 0] => triples.push((row.prompt, first, second)),
            [0, 1] => triples.push((row.prompt, second, first)),
            other => return Err(bad(file, format!("human_preference {other:?}"))),
        }
    }
    Ok(())
}
