//! The layouts that are text.

use serde_json::json;

use super::{ExportOptions, Media, Record};
use crate::dataset::Dataset;
use crate::problems::{Problem, Problems, Severity};
use crate::select::Selection;
use crate::{Error, Result};

fn bug(e: impl std::fmt::Display) -> Error {
    Error::Bug(format!("export: {e}"))
}

/// Our own pairs table; the winner is item_a.
pub fn pairs(selection: &Selection, ds: &Dataset) -> Result<Vec<u8>> {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let header = ["pair_id", "prompt_id", "dimension", "item_a", "item_b", "label", "margin"];
    writer.write_record(header).map_err(bug)?;
    for (n, pair) in selection.pairs.iter().enumerate() {
        let row = [
            format!("s{n}"),
            ds.items.prompt_ids[pair.prompt].clone(),
            selection.dimension.clone(),
            ds.items.ids[pair.chosen].clone(),
            ds.items.ids[pair.rejected].clone(),
            "a".to_owned(),
            pair.margin.to_string(),
        ];
        writer.write_record(row).map_err(bug)?;
    }
    writer.into_inner().map_err(bug)
}

/// TRL: one object a line. `margin` is what its reward trainer reads; a media file stands as its path.
pub fn trl(records: &[Record]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    for r in records {
        let row = json!({ "prompt": r.prompt, "chosen": r.chosen.path, "rejected": r.rejected.path, "margin": r.gap });
        serde_json::to_writer(&mut out, &row).map_err(bug)?;
        out.push(b'\n');
    }
    Ok(out)
}

/// UnifiedReward's video DPO list.
pub fn unified_reward(records: &[Record]) -> Result<Vec<u8>> {
    let row =
        |r: &Record| json!({ "id": r.id, "caption": r.prompt, "chosen": r.chosen.path, "rejected": r.rejected.path });
    let rows: Vec<serde_json::Value> = records.iter().map(row).collect();
    serde_json::to_vec_pretty(&rows).map_err(bug)
}

/// HPDv2's training list. Its test files' `rank` and `raw_annotation` hold annotators' rows; nobody annotated these pairs,
/// so they are not made up.
pub fn hpdv2(records: &[Record]) -> Result<Vec<u8>> {
    let row = |r: &Record| {
        let (first, second) = sides(r);
        let preference = if r.chosen_first { [1, 0] } else { [0, 1] };
        json!({
            "prompt": r.prompt,
            "image_path": [first.path, second.path],
            "human_preference": preference,
            "user_hash": "headfit"
        })
    };
    let rows: Vec<serde_json::Value> = records.iter().map(row).collect();
    serde_json::to_vec_pretty(&rows).map_err(bug)
}

/// Places of VideoAlign's VQ, MQ and TA among the parts of the score.
pub fn places(parts: &[String], options: &ExportOptions) -> Vec<Option<usize>> {
    options.videoalign.iter().map(|name| parts.iter().position(|part| part == name)).collect()
}

/// Whether the winner is better (else worse) in the first of these parts that differs; `None` where none does.
pub fn first_difference(r: &Record, places: &[Option<usize>]) -> Option<bool> {
    places.iter().flatten().map(|&k| r.parts[k]).find(|&sign| sign != 0).map(|sign| sign > 0)
}

/// VideoAlign's training table: one label per dimension. Dimensions that the head does not split into are `same`; pairs
/// that differ in none of the three have no row.
pub fn videoalign(records: &[Record], parts: &[String], options: &ExportOptions) -> Result<Vec<u8>> {
    let places = places(parts, options);
    if places.iter().all(Option::is_none) {
        return Err(Error::Usage(format!(
            "VideoAlign's VQ, MQ and TA would be {}, none of which is a part of the score; the parts are {}: name them \
             with --vq, --mq and --ta",
            options.videoalign.join(", "),
            parts.join(", ")
        )));
    }
    // A usual name that the head does not split into is `same`; a name that was given must be a part.
    let strange: Vec<&str> = (options.videoalign.iter().zip(&places))
        .filter(|(name, place)| place.is_none() && !super::VIDEOALIGN.contains(&name.as_str()))
        .map(|(name, _)| name.as_str())
        .collect();
    if !strange.is_empty() {
        let (strange, known) = (strange.join(", "), parts.join(", "));
        return Err(Error::Usage(format!("{strange} is no part of the score; the parts are {known}")));
    }
    let mut problems = Problems::default();
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let header = ["path_A", "path_B", "prompt", "VQ", "MQ", "TA", "fps_A", "num_frames_A", "fps_B", "num_frames_B"];
    writer.write_record(header).map_err(bug)?;
    for r in records.iter().filter(|r| first_difference(r, &places).is_some()) {
        let (a, b) = sides(r);
        let label = |place: &Option<usize>| match place.map_or(0, |k| r.parts[k]) {
            0 => "same",
            sign if (sign > 0) == r.chosen_first => "A",
            _ => "B",
        };
        let labels: Vec<&str> = places.iter().map(label).collect();
        let mut about = |media: &Media| {
            let (Some(fps), Some(frames)) = (media.fps, media.num_frames) else {
                let message = "VideoAlign needs frames per second and their number";
                let remedy = "add the columns fps and num_frames to the items, or give --fps and --num-frames";
                let problem = Problem::new(Severity::Error, "no-frames", "items", message, remedy);
                problems.push(problem.cell("item_id", &media.item));
                return Default::default();
            };
            (fps.to_string(), frames.to_string())
        };
        let ((fps_a, frames_a), (fps_b, frames_b)) = (about(a), about(b));
        let row = [
            a.path.as_str(),
            b.path.as_str(),
            r.prompt.as_str(),
            labels[0],
            labels[1],
            labels[2],
            fps_a.as_str(),
            frames_a.as_str(),
            fps_b.as_str(),
            frames_b.as_str(),
        ];
        writer.write_record(row).map_err(bug)?;
    }
    if problems.has_errors() {
        return Err(Error::Data(Box::new(problems)));
    }
    writer.into_inner().map_err(bug)
}

/// The two sides in the order in which they are written.
pub fn sides(r: &Record) -> (&Media, &Media) {
    if r.chosen_first { (&r.chosen, &r.rejected) } else { (&r.rejected, &r.chosen) }
}
