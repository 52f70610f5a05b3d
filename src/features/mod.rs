//! Answers and tables → numeric columns per item → differences per pair.
//!
//! [`build`] makes a [`FeatureMatrix`] with missing values still missing; [`Preparation::learn`] decides fills and
//! scales on training items only; [`PairMatrix::new`] subtracts.

mod aggregate;
mod align;
mod answers;
mod build;
mod coding;
mod gates;
mod hierarchy;
mod layout;
mod pairs;
mod prepare;
mod question_texts;
mod row;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use align::build_for;
pub use build::build;
pub use layout::detect as detect_layout;
pub use pairs::default_bounds;
pub use row::RowCoder;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::checklist::Gate;

/// How an answer becomes a number (design: "Feature coding").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Coding {
    /// yes = +1, no = −1, p → 2p − 1, masked = 0; VisionReward's released code.
    #[default]
    Signed,
    /// (signed + 1) / 2: the paper's 0/1; masked = ½.
    Unit,
    /// Log-odds of P(yes) clipped to [.01, .99]; masked = 0.
    Logit,
}

/// What is done with a missing value (design: "Rules that bind").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Missing {
    /// Between yes and no for answers (0 in `signed` and `logit`, ½ in `unit`), training median for numeric columns.
    #[default]
    Neutral,
    /// Training mean.
    Mean,
    /// The pair is left out.
    Drop,
    /// The command fails.
    Fail,
}

/// Which tables feed the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FeatureSource {
    /// The `features` table.
    Table,
    /// The `answers` table.
    Answers,
    /// Both side by side.
    Both,
}

/// How answers become columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// Every item answers the same questions: one column per judge and question.
    Fixed,
    /// Questions belong to a prompt: mean, minimum and all-yes per judge and category.
    PerPrompt,
}

/// What a parent's answer does to its children.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Hierarchy {
    /// Answers count as given.
    #[default]
    None,
    /// A child is no where a parent is answered no, and stays in the denominator (DSG, definitions §3.11); where a
    /// parent's answer is missing, so is the child's.
    Dsg,
}

/// Choices of [`build`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FeatureOptions {
    /// `None`: the manifest's choice, else the `features` table where there is one, else answers.
    pub source: Option<FeatureSource>,
    /// Coding of answers.
    pub coding: Coding,
    /// `None`: detected.
    pub layout: Option<Layout>,
    /// Dependencies.
    pub hierarchy: Hierarchy,
    /// Scorer columns that join as features (`--with-scores`).
    pub with_scores: Vec<String>,
    /// Gates to apply; `None`: those of the data set's checklist. A head brings the gates it was fitted with.
    pub gates: Option<Vec<Gate>>,
}

/// What a column holds; decides default bounds, fills and scaling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ColumnKind {
    /// One question of a fixed checklist: default bounds [0, ∞), not scaled.
    Question,
    /// Mean, minimum or all-yes over a category: free, not scaled.
    Aggregate,
    /// A column of the `features` table: free, scaled by its training standard deviation.
    Table,
    /// A scorer that joins as a feature: free, scaled.
    Score,
}

/// One column of the design matrix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Column {
    /// Unique id: question id, `judge/question`, `judge/category:mean`, or the table's column name.
    pub id: String,
    /// Short label for people; the id where nothing better is known.
    pub label: String,
    /// What it holds.
    pub kind: ColumnKind,
    /// Dimension of the checklist, where known.
    pub dimension: Option<String>,
    /// Sub-dimension (ladder) of the checklist, where known.
    pub subdimension: Option<String>,
    /// Hex SHA-256 of the question's text, where known.
    pub text_sha256: Option<String>,
}

/// Items × columns, coded and masked, missing values as NaN.
#[derive(Debug, Clone)]
pub struct FeatureMatrix {
    /// Item ids, one per row.
    pub item_ids: Vec<String>,
    /// The columns.
    pub columns: Vec<Column>,
    /// [items, columns]; NaN = missing.
    pub values: Array2<f64>,
    /// Whether the item has at least one value (of answers or `features` table) that is not missing; others are never
    /// scored, whatever other scorers say about them.
    pub scoreable: Vec<bool>,
    /// Coding of the answers.
    pub coding: Coding,
    /// Which tables were used.
    pub source: FeatureSource,
    /// Layout of the answers, where answers were used.
    pub layout: Option<Layout>,
    /// What was detected, chosen and counted, one sentence each, for the user.
    pub notes: Vec<String>,
}

/// Fills and scales, learned on training items and stored in the head.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Preparation {
    /// Policy for missing values.
    pub missing: Missing,
    /// Per column: value that stands in for a missing one, in coded units. Unused under `drop` and `fail`.
    pub fills: Vec<f64>,
    /// Per column: divisor, > 0; 1 for columns that are not scaled and for constant ones.
    pub scales: Vec<f64>,
}

/// Pair differences of one dimension, ready to fit.
#[derive(Debug, Clone)]
pub struct PairMatrix {
    /// [pairs, columns]: x(a) − x(b) in scaled units.
    pub x: Array2<f64>,
    /// Per row: shares of a, tie, b.
    pub votes: Vec<crate::dataset::Votes>,
    /// Per row: weight.
    pub weight: Vec<f64>,
    /// Per row: group (prompt) for folds and bootstrap.
    pub group: Vec<usize>,
    /// Per row: index into [`crate::dataset::Dataset::pairs`].
    pub pair: Vec<usize>,
    /// Pairs that were left out because an item has no answer at all.
    pub unscoreable: usize,
    /// Pairs that were left out by [`Missing::Drop`].
    pub dropped: usize,
}
