//! Refits the head of one dimension and prints its weights.
//!
//! ```text
//! cargo run --release --example refit -- DATA [DIMENSION]
//! ```
#![allow(clippy::print_stdout)]

use std::path::{Path, PathBuf};

use headfit::Error;
use headfit::dataset::{self, ReadOptions, Source};
use headfit::features::{self, FeatureOptions};
use headfit::head::{TrainOptions, train, training_pairs};

/// Fits on `data`; gives the number of weights that are not zero.
///
/// # Errors
/// Whatever is wrong with the data or the fit.
pub fn run(data: &Path, dimension: &str) -> headfit::Result<usize> {
    let source = Source::Folder { path: data.to_path_buf(), manifest: None };
    let ds = dataset::read(&source, ReadOptions::default())?;
    let features = features::build(&ds, &FeatureOptions::default())?;
    let index = ds.dimension(dimension).ok_or_else(|| Error::Usage(format!("no dimension {dimension}")))?;
    let (pairs, _) = training_pairs(&ds, index);

    let options = TrainOptions { bootstrap: 50, ..TrainOptions::default() };
    let head = train(&ds, &features, index, &pairs, &options)?;

    println!("{dimension}: {} pairs of {} prompts, λ = {:.4}", head.pairs, head.groups, head.lambda);
    println!("KKT residual {:.1e} of λ_max, objective {:.6}", head.certificate.kkt, head.certificate.objective);
    let mut order: Vec<usize> = (0..head.columns.len()).filter(|&j| head.weights[j] != 0.0).collect();
    order.sort_by(|&a, &b| head.weights[b].total_cmp(&head.weights[a]));
    for &j in &order {
        let interval = &head.intervals[j];
        println!(
            "{:>8.4} [{:.4}, {:.4}]  in {:.0} % of refits  {}",
            head.weights[j],
            interval.low,
            interval.high,
            100.0 * interval.selected,
            head.columns[j].id
        );
    }
    Ok(order.len())
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
