//! Accuracy of the head and of every cached scorer on held-out pairs, under two protocols, with intervals.
//!
//! ```text
//! cargo run --release --example evaluate -- DATA [DIMENSION]
//! ```
#![allow(clippy::print_stdout)]

use std::path::{Path, PathBuf};

use headfit::Error;
use headfit::dataset::{self, ReadOptions, Source};
use headfit::evaluate::{EvaluateOptions, Evaluation, Mode, Protocol, evaluate};
use headfit::features::{self, FeatureOptions};

/// Evaluates one dimension of `data`.
///
/// # Errors
/// Whatever is wrong with the data or the fits.
pub fn run(data: &Path, dimension: &str) -> headfit::Result<Evaluation> {
    let source = Source::Folder { path: data.to_path_buf(), manifest: None };
    let ds = dataset::read(&source, ReadOptions::default())?;
    let features = features::build(&ds, &FeatureOptions::default())?;
    let index = ds.dimension(dimension).ok_or_else(|| Error::Usage(format!("no dimension {dimension}")))?;

    let mut options = EvaluateOptions::new(&ds);
    options.dimensions = vec![index];
    options.protocols = vec![Protocol::DiffHalf, Protocol::TauHeldOut];
    // The split that the data declare, else five folds by prompt.
    let evaluation = evaluate(&ds, &features, Mode::default_for(&ds), &options)?;

    for row in &evaluation.rows {
        let shown = match (row.value, row.low, row.high) {
            (Some(value), Some(low), Some(high)) => format!("{value:.3} [{low:.3}, {high:.3}]"),
            _ => row.reason.clone().unwrap_or_default(),
        };
        println!("{:<14} {:<20} {shown}  n = {} of {} prompts", row.protocol.id(), row.scorer, row.n, row.prompts);
    }
    for floor in &evaluation.floors {
        println!("{:<14} {:<20} {:.3}", floor.protocol.id(), format!("({})", floor.floor), floor.value);
    }
    Ok(evaluation)
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
