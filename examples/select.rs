//! Chooses pairs to train a generator on: the winner leads and is worse in no part of its score.
//!
//! ```text
//! cargo run --release --example select -- DATA [DIMENSION]
//! ```
#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use headfit::Error;
use headfit::dataset::{self, ReadOptions, Source};
use headfit::features::{self, FeatureOptions};
use headfit::head::{HeadsFile, TrainOptions, provenance, train, training_pairs};
use headfit::select::{Candidates, Guard, SelectOptions, Selection, select};

/// Fits a head on `data` and selects pairs by it; prompts of test pairs are left out.
///
/// # Errors
/// Whatever is wrong with the data or the fit.
pub fn run(data: &Path, dimension: &str) -> headfit::Result<Selection> {
    let source = Source::Folder { path: data.to_path_buf(), manifest: None };
    let mut ds = dataset::read(&source, ReadOptions::default())?;
    // Yes or no, as the paper's selection reads answers: with probabilities a part that is lower by a hair would block.
    ds.harden();
    let features = features::build(&ds, &FeatureOptions::default())?;
    let index = ds.dimension(dimension).ok_or_else(|| Error::Usage(format!("no dimension {dimension}")))?;
    let (pairs, _) = training_pairs(&ds, index);
    let options = TrainOptions { bootstrap: 0, ..TrainOptions::default() };
    let head = train(&ds, &features, index, &pairs, &options)?;
    let file = HeadsFile::new(vec![head], provenance(&ds, 1, BTreeMap::new()));

    let options = SelectOptions { min_gap: 0.3, max_per_prompt: Some(2), ..SelectOptions::default() };
    let candidates = Candidates::new(&file, &file.heads[0], &ds, &features, &Guard::default(), &options)?;
    let selection = select(&ds, &candidates, dimension, &options);

    let counts = &selection.counts;
    println!("{} pairs compared, {} lead by the gap", counts.compared, counts.wide);
    println!("{} of them dominate, {} do not", counts.dominating, counts.not_dominating);
    println!("{} kept, of {} prompts", counts.kept, counts.kept_prompts);
    for pair in selection.pairs.iter().take(3) {
        println!("{} over {} by {:.3}", ds.items.ids[pair.chosen], ds.items.ids[pair.rejected], pair.gap);
    }
    Ok(selection)
}

/// Reads the arguments.
///
/// # Errors
/// As [`run`].
pub fn main() -> headfit::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let data = arguments.next().map_or_else(|| PathBuf::from("datasets/demo"), PathBuf::from);
    run(&data, &arguments.next().unwrap_or_else(|| "overall".into())).map(|_| ())
}
