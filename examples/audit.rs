//! Where bias comes in: every check of the audit that needs no refit, worst first.
//!
//! ```text
//! cargo run --release --example audit -- DATA [DIMENSION]
//! ```
#![allow(clippy::print_stdout)]

use std::path::{Path, PathBuf};

use headfit::Error;
use headfit::audit::{Audit, AuditInput, AuditOptions, audit};
use headfit::dataset::{self, ReadOptions, Source};
use headfit::features::{self, FeatureOptions};

/// Audits one dimension of `data`.
///
/// # Errors
/// Whatever is wrong with the data.
pub fn run(data: &Path, dimension: &str) -> headfit::Result<Audit> {
    let source = Source::Folder { path: data.to_path_buf(), manifest: None };
    let ds = dataset::read(&source, ReadOptions::default())?;
    let features = features::build(&ds, &FeatureOptions::default())?;
    let index = ds.dimension(dimension).ok_or_else(|| Error::Usage(format!("no dimension {dimension}")))?;

    let mut options = AuditOptions::new(&ds);
    options.dimensions = vec![index];
    options.refits = false;
    options.draws = 200;
    let found = audit(&AuditInput { ds: &ds, features: Some(&features), heads: None, options: &options })?;

    println!("{} looks, {} tests; the worst: {:?}", found.looks, found.tests, found.worst());
    for finding in found.findings.iter().take(12) {
        println!("{:?} {} of {}: {}", finding.verdict, finding.check, finding.subject, finding.message);
    }
    Ok(found)
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
