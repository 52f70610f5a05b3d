//! A fitted head: weights with everything needed to apply them elsewhere; `heads.json`.

mod apply;
mod assemble;
mod chance;
mod columns;
pub mod diff;
pub mod explain;
mod file;
mod flip;
mod hierarchical;
mod options;
mod ratings;
mod row;
mod sheet;
mod terms;
#[cfg(test)]
mod tests;
mod trace;
mod train;
pub mod visionreward;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::checklist::Gate;
use crate::dataset::InputFile;
use crate::features::{Coding, Column, FeatureSource, Layout, Preparation};
use crate::fit::{Certificate, CurvePoint, Details, Method, OutcomeModel, Rule, Ties, WeightInterval};

pub use apply::PartScores;
pub use chance::{Chance, Verdict};
pub use columns::{ColumnRule, Setting};
pub use explain::Explanation;
pub use file::provenance;
pub use options::{BoundsRule, Scope, TrainOptions};
pub use row::{FeatureRows, RowReader};
pub use sheet::{Sheet, SheetOptions, SheetRow};
pub use terms::{Bounds, Level, Part, Scale};
pub use trace::{WeightTrace, traces};
pub use train::{prompt_hash, text_hash, train, training_pairs};

/// Version of the heads file's format.
pub const FORMAT_VERSION: u32 = 1;

/// `heads.json`: the whole result of `headfit fit`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct HeadsFile {
    /// [`FORMAT_VERSION`].
    pub format_version: u32,
    /// One head per dimension.
    pub heads: Vec<Head>,
    /// Where the heads come from.
    pub provenance: Provenance,
}

/// Weights over columns for one dimension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Head {
    /// Dimension of the human labels it was fitted on.
    pub dimension: String,
    /// The columns it reads, in order.
    pub columns: Vec<Column>,
    /// Weights in original (unscaled, coded) units, one per column.
    pub weights: Vec<f64>,
    /// Bootstrap intervals in original units; empty where none were made.
    pub intervals: Vec<WeightInterval>,
    /// Spearman correlation of each column's difference with the human label on the training pairs; `null` where
    /// constant.
    pub marginal: Vec<Option<f64>>,
    /// Coding of the answers.
    pub coding: Coding,
    /// Tables that were used.
    pub source: FeatureSource,
    /// Layout of the answers.
    pub layout: Option<Layout>,
    /// Gates that mask the answers it reads; `null`: those of the data set's checklist.
    #[serde(default)]
    pub gates: Option<Vec<Gate>>,
    /// Where the weights come from, if they were not fitted here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<Imported>,
    /// Fills and scales.
    pub preparation: Preparation,
    /// How the weights were found.
    #[serde(default)]
    pub method: Method,
    /// Treatment of ties.
    pub ties: Ties,
    /// From a score margin to the chances of a, tie and b, with the tie parameter.
    #[serde(default)]
    pub outcomes: OutcomeModel,
    /// What the method found beside the weights; columns are indices into `columns`, weights in original units.
    #[serde(default)]
    pub details: Option<Details>,
    /// Margin up to which two scores count as equal: maximises three-way accuracy on the training pairs.
    pub tie_threshold: f64,
    /// Chosen penalty.
    pub lambda: f64,
    /// Smallest λ at which all penalised weights are 0.
    pub lambda_max: f64,
    /// How λ was chosen; `null` where it was given.
    pub rule: Option<Rule>,
    /// Cross-validation curve.
    pub curve: Vec<CurvePoint>,
    /// Optimality certificate.
    pub certificate: Certificate,
    /// 101 quantiles of the training items' scores, for percentiles.
    pub quantiles: Vec<f64>,
    /// Training pairs.
    pub pairs: usize,
    /// Training groups (prompts).
    pub groups: usize,
    /// Hashes (first 16 hex digits of SHA-256) of the training prompts, for the leakage guard; sorted.
    pub prompts: Vec<String>,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// Where the weights of a head that was not fitted here come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Imported {
    /// Layout of the file, for example `visionreward-video`.
    pub layout: String,
    /// The files, with their hashes.
    pub files: Vec<InputFile>,
    /// The number that was added to every score there; 0 in everything released.
    pub intercept: f64,
}

/// Where heads come from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Provenance {
    /// Version of the program.
    pub program_version: String,
    /// Name of the data set.
    pub dataset: String,
    /// Whether the data are simulated.
    pub simulated: bool,
    /// Files that were read, with hash and row count.
    pub inputs: Vec<InputFile>,
    /// Seed.
    pub seed: u64,
    /// Options that shaped the result, as given.
    pub options: BTreeMap<String, String>,
}

/// `a, b, c`: names for a message, at most `limit`.
pub(crate) fn listed(names: &[String], limit: usize) -> String {
    let shown = names.iter().take(limit).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > limit { format!("{shown} and {} more", names.len() - limit) } else { shown }
}
