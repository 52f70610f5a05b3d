//! The demo data set, built into the program, so that `headfit demo` works from any folder.

use super::planted::Planted;
use crate::dataset::Source;
use crate::{Error, Result};

/// Name of the file with the truth.
pub(super) const PLANTED: &str = "planted.json";

const FILES: &[(&str, &[u8])] = &[
    ("dataset.toml", include_bytes!("../../datasets/demo/dataset.toml")),
    ("items.csv", include_bytes!("../../datasets/demo/items.csv")),
    ("answers.parquet", include_bytes!("../../datasets/demo/answers.parquet")),
    ("pairs.parquet", include_bytes!("../../datasets/demo/pairs.parquet")),
    ("ratings.parquet", include_bytes!("../../datasets/demo/ratings.parquet")),
    ("scores.csv", include_bytes!("../../datasets/demo/scores.csv")),
];
const TRUTH: &[u8] = include_bytes!("../../datasets/demo/planted.json");

/// Where the reader finds the demo data set.
pub fn embedded() -> Source {
    Source::Embedded { name: "demo", files: FILES }
}

/// The weights planted in the demo data set.
///
/// # Errors
/// [`Error::Bug`] if the file that is built in cannot be understood.
pub fn embedded_planted() -> Result<Planted> {
    serde_json::from_slice(TRUTH).map_err(|e| Error::Bug(format!("built-in {PLANTED}: {e}")))
}
