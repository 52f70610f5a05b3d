//! Selected pairs → the files that trainers read, each proved by reading it back with the trainer's own rule.

mod pickapic;
mod read_back;
mod rows;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Selection;
use crate::dataset::Dataset;
use crate::problems::{Problem, Problems, Severity};
use crate::{Error, Result, rng};

pub use read_back::read_back;

/// Layout of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Our own `pairs` table: pair_id, prompt_id, dimension, item_a, item_b, label, margin
    Pairs,
    /// TRL preference data: JSON lines of prompt, chosen, rejected, margin
    Trl,
    /// Diffusion-DPO: Parquet shards in the layout of pickapic_v2 (caption, jpg_0, jpg_1, label_0, …)
    DiffusionDpo,
    /// UnifiedReward's video DPO: a JSON list of id, caption, chosen, rejected
    UnifiedReward,
    /// VideoAlign's training CSV: path_A, path_B, prompt, VQ, MQ, TA, fps and frames
    Videoalign,
    /// HPDv2's train.json: prompt, image_path, human_preference, user_hash
    Hpdv2,
}

/// What the exporters need to know.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportOptions {
    /// Layout.
    pub format: Format,
    /// Item attribute that holds the path of the image or video; `None`: the item id.
    pub media: Option<String>,
    /// Folder of the media files, whose bytes go into the Parquet shards; `None`: paths stand in their place.
    pub media_root: Option<PathBuf>,
    /// Rows of one Parquet shard.
    pub shard_rows: usize,
    /// Frames per second where the items have no `fps` attribute.
    pub fps: Option<f64>,
    /// Number of frames where the items have no `num_frames` attribute.
    pub num_frames: Option<u64>,
    /// Names of the parts that stand for VideoAlign's VQ, MQ and TA.
    pub videoalign: [String; 3],
    /// Seed of the sides: which of the two comes first.
    pub seed: u64,
}

/// Attributes that are taken for the media path where none is named, in this order.
const MEDIA: [&str; 8] = ["media", "path", "file", "image_path", "video_path", "image", "video", "file_path"];

/// Parts that stand for VideoAlign's VQ, MQ and TA unless others are named.
pub const VIDEOALIGN: [&str; 3] = ["quality", "stability", "alignment"];

impl ExportOptions {
    /// Options of one format: the usual names.
    pub fn new(format: Format, ds: &Dataset) -> Self {
        let media = MEDIA.iter().find(|name| ds.items.attributes.contains_key(**name));
        Self {
            format,
            media: media.map(|name| (*name).to_owned()),
            media_root: None,
            shard_rows: 1000,
            fps: None,
            num_frames: None,
            videoalign: VIDEOALIGN.map(str::to_owned),
            seed: 1,
        }
    }
}

/// One pair as the trainers see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Name of the pair: prompt, chosen and rejected item id.
    pub id: String,
    /// Text of the prompt.
    pub prompt: String,
    /// Winner.
    pub chosen: Media,
    /// Loser.
    pub rejected: Media,
    /// Lead on the gap scale.
    pub gap: f64,
    /// Whether the winner stands first where a layout has two equal sides; drawn, so that no side is always the winner.
    pub chosen_first: bool,
    /// Per part: −1, 0, +1 as the winner is worse, equal or better.
    pub parts: Vec<i8>,
}

/// One side of a record.
#[derive(Debug, Clone, PartialEq)]
pub struct Media {
    /// Item id.
    pub item: String,
    /// Path of the file, or the item id.
    pub path: String,
    /// Frames per second, where known.
    pub fps: Option<f64>,
    /// Number of frames, where known.
    pub num_frames: Option<u64>,
}

/// Prompt text, winner and loser of one exported row: what reading back must find again.
pub type Triple = (String, String, String);

/// Files of an export, and what should be said about them.
#[derive(Debug, Clone, PartialEq)]
pub struct Export {
    /// Names and bytes.
    pub files: Vec<(String, Vec<u8>)>,
    /// Rows that were written, and read back.
    pub rows: usize,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// Makes the files of a selection and reads them back.
///
/// # Errors
/// [`Error::Data`] naming prompts without text and items without a path; [`Error::Io`] where a media file cannot be read;
/// [`Error::Bug`] where a file does not give the pairs back.
pub fn export(
    selection: &Selection,
    candidates: &super::Candidates,
    ds: &Dataset,
    options: &ExportOptions,
) -> Result<Export> {
    let records = records(selection, candidates, ds, options)?;
    let files = match options.format {
        Format::Pairs => vec![("pairs.csv".to_owned(), rows::pairs(selection, ds)?)],
        Format::Trl => vec![("preference.jsonl".to_owned(), rows::trl(&records)?)],
        Format::DiffusionDpo => pickapic::shards(&records, options)?,
        Format::UnifiedReward => vec![("preference.json".to_owned(), rows::unified_reward(&records)?)],
        Format::Videoalign => {
            vec![("preference.csv".to_owned(), rows::videoalign(&records, &selection.parts, options)?)]
        }
        Format::Hpdv2 => vec![("train.json".to_owned(), rows::hpdv2(&records)?)],
    };
    let expected: Vec<Triple> = match options.format {
        Format::Pairs => selection
            .pairs
            .iter()
            .map(|p| {
                let id = |item: usize| ds.items.ids[item].clone();
                (ds.items.prompt_ids[p.prompt].clone(), id(p.chosen), id(p.rejected))
            })
            .collect(),
        Format::Videoalign => {
            let places = rows::places(&selection.parts, options);
            let row = |r: &Record| {
                let better = rows::first_difference(r, &places)?;
                let (winner, loser) = if better { (&r.chosen, &r.rejected) } else { (&r.rejected, &r.chosen) };
                Some((r.prompt.clone(), winner.path.clone(), loser.path.clone()))
            };
            records.iter().filter_map(row).collect()
        }
        _ => records.iter().map(|r| (r.prompt.clone(), r.chosen.path.clone(), r.rejected.path.clone())).collect(),
    };
    let found = read_back(options.format, &files)?;
    if found != expected {
        let at = found.iter().zip(&expected).position(|(a, b)| a != b).unwrap_or(found.len().min(expected.len()));
        return Err(Error::Bug(format!(
            "the export does not give pair {at} back: {} of {}",
            found.len(),
            expected.len()
        )));
    }
    let notes = notes(&records, expected.len(), options);
    Ok(Export { files, rows: expected.len(), notes })
}

fn notes(records: &[Record], rows: usize, options: &ExportOptions) -> Vec<String> {
    let mut notes = Vec::new();
    if options.format != Format::Pairs {
        notes.push(match &options.media {
            Some(name) => format!("paths are taken from the items' column {name}"),
            None => "the items have no column of paths, so item ids stand in their place (--media COLUMN)".to_owned(),
        });
    }
    if options.format == Format::DiffusionDpo && options.media_root.is_none() {
        notes.push("jpg_0 and jpg_1 hold paths; --media-root DIR puts the bytes of the files there".to_owned());
    }
    if rows < records.len() {
        notes.push(format!(
            "{} pairs have no row: their two sides are equal in what stands for VQ, MQ and TA",
            records.len() - rows
        ));
    }
    notes
}

fn records(
    selection: &Selection,
    candidates: &super::Candidates,
    ds: &Dataset,
    options: &ExportOptions,
) -> Result<Vec<Record>> {
    use rand::RngExt;
    let mut problems = Problems::default();
    let needs_text = options.format != Format::Pairs;
    let column = match &options.media {
        None => None,
        Some(name) => Some(ds.items.attributes.get(name).ok_or_else(|| {
            let known: Vec<&str> = ds.items.attributes.keys().map(String::as_str).collect();
            Error::Usage(format!("--media {name}: the items have no such column; they have {}", known.join(", ")))
        })?),
    };
    let number = |name: &str, item: usize| -> Option<f64> {
        ds.items.attributes.get(name)?[item].as_deref()?.trim().parse().ok()
    };
    let mut records = Vec::with_capacity(selection.pairs.len());
    let mut told = std::collections::BTreeSet::new();
    for (n, pair) in selection.pairs.iter().enumerate() {
        let prompt_id = &ds.items.prompt_ids[pair.prompt];
        let prompt = ds.items.prompt_texts[pair.prompt].clone();
        if prompt.is_none() && needs_text && told.insert(pair.prompt) {
            let message = "the prompt has no text, and this format holds nothing else to know it by";
            let remedy = "add the column prompt to the items, or use --format pairs";
            problems.push(
                Problem::new(Severity::Error, "no-prompt", "items", message, remedy).cell("prompt_id", prompt_id),
            );
        }
        let mut media = |item: usize| {
            let path = match column {
                None => Some(ds.items.ids[item].clone()),
                Some(column) => column[item].clone(),
            };
            if path.is_none() && needs_text {
                let message = "the item has no path";
                let name = options.media.as_deref().unwrap_or_default();
                let problem =
                    Problem::new(Severity::Error, "no-media", "items", message, "fill it in, or choose --media");
                problems.push(problem.cell(name, &ds.items.ids[item]));
            }
            Media {
                item: ds.items.ids[item].clone(),
                path: path.unwrap_or_default(),
                fps: number("fps", item).or(options.fps),
                num_frames: number("num_frames", item).map(|n| n as u64).or(options.num_frames),
            }
        };
        let (chosen, rejected) = (media(pair.chosen), media(pair.rejected));
        if needs_text && chosen.path == rejected.path && !chosen.path.is_empty() {
            let message = format!("the items {} and {} of a pair have the same path", chosen.item, rejected.item);
            let remedy = "give every item a path of its own, or choose another column with --media";
            let problem = Problem::new(Severity::Error, "same-media", "items", message, remedy);
            problems.push(problem.cell("path", &chosen.path));
        }
        let of = |item: usize| {
            let width = candidates.points.width;
            &candidates.points.parts[item * width..(item + 1) * width]
        };
        let sign = |((a, b), slack): ((&f64, &f64), &f64)| i8::from(a - b > *slack) - i8::from(b - a > *slack);
        let slack = &candidates.limits.slack;
        records.push(Record {
            id: format!("{prompt_id}~{}~{}", chosen.item, rejected.item),
            prompt: prompt.unwrap_or_default(),
            gap: pair.gap,
            chosen_first: rng::stream(options.seed, "sides", n as u64).random(),
            parts: of(pair.chosen).iter().zip(of(pair.rejected)).zip(slack).map(sign).collect(),
            chosen,
            rejected,
        });
    }
    if problems.has_errors() { Err(Error::Data(Box::new(problems))) } else { Ok(records) }
}
