//! Parquet shards in the layout of pickapic_v2, which Diffusion-DPO's scripts read.

use super::rows::sides;
use super::{ExportOptions, Media, Record};
use crate::dataset::{BlobColumn, blobs_to_parquet};
use crate::{Error, Result};

/// One shard for every `shard_rows` pairs, named as Hugging Face names them.
pub fn shards(records: &[Record], options: &ExportOptions) -> Result<Vec<(String, Vec<u8>)>> {
    let rows = options.shard_rows.max(1);
    let count = records.len().div_ceil(rows).max(1);
    let mut files = Vec::new();
    for n in 0..count {
        let part = records.get(n * rows..((n + 1) * rows).min(records.len())).unwrap_or_default();
        files.push((format!("train-{n:05}-of-{count:05}.parquet"), shard(part, options)?));
    }
    Ok(files)
}

fn shard(records: &[Record], options: &ExportOptions) -> Result<Vec<u8>> {
    let text = |pick: fn(&Record) -> &str| BlobColumn::Text(records.iter().map(|r| pick(r).to_owned()).collect());
    let media = |pick: fn(&Record) -> &Media| -> Result<BlobColumn> {
        match &options.media_root {
            None => Ok(BlobColumn::Text(records.iter().map(|r| pick(r).path.clone()).collect())),
            Some(root) => {
                let read = |r: &Record| {
                    let path = root.join(&pick(r).path);
                    std::fs::read(&path).map_err(Error::io(&path))
                };
                Ok(BlobColumn::Bytes(records.iter().map(read).collect::<Result<_>>()?))
            }
        }
    };
    let label =
        |first: bool| BlobColumn::Float(records.iter().map(|r| f64::from(u8::from(r.chosen_first == first))).collect());
    blobs_to_parquet(&[
        ("caption", text(|r| &r.prompt)),
        ("image_0_uid", text(|r| &sides(r).0.path)),
        ("image_1_uid", text(|r| &sides(r).1.path)),
        ("best_image_uid", text(|r| &r.chosen.path)),
        ("jpg_0", media(|r| sides(r).0)?),
        ("jpg_1", media(|r| sides(r).1)?),
        ("label_0", label(true)),
        ("label_1", label(false)),
    ])
}
