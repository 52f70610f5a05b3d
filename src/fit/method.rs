//! The ways to find weights, and what each finds beside them.

use serde::{Deserialize, Serialize};

use super::recipe::Comparison;

/// How weights are found (design: "Methods").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Sparse path; λ by cross-validation over prompts
    #[default]
    Sparse,
    /// The features that `sparse` selects, refitted without penalty
    Relaxed,
    /// The best found with at most `--budget` features
    Budget,
    /// VisionReward's rule as printed: stochastic epochs, negative weights set to 0 after each
    VisionrewardProjected,
    /// VisionReward's rule in its other reading: delete negative weights and refit until none is left
    VisionrewardRefit,
    /// A head per dimension first, then non-negative weights of the dimensions' scores
    Hierarchical,
    /// Ordered logit on the ratings of single items, with cut-points
    Ratings,
}

/// What a method finds beside the weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Details {
    /// [`Method::VisionrewardProjected`] and [`Method::VisionrewardRefit`]: distance from the exact optimum.
    Recipe(Comparison),
    /// [`Method::Budget`].
    Budget(Budget),
    /// [`Method::Ratings`].
    Ratings(CutPoints),
    /// [`Method::Hierarchical`].
    Hierarchical(Vec<Part>),
}

/// What a head of at most K features costs in accuracy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Budget {
    /// One point per number of features, from 1.
    pub curve: Vec<BudgetPoint>,
    /// Smallest number of features whose out-of-fold loss is within one standard error of the best; 0 without a curve.
    pub enough: usize,
    /// No choice of as many features has a lower objective: the search was exhaustive.
    pub proven: bool,
    /// Sub-problems that the proof solved.
    pub nodes: usize,
}

/// One number of features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct BudgetPoint {
    /// Features allowed.
    pub features: usize,
    /// Columns used by the fit on all pairs.
    pub columns: Vec<usize>,
    /// Weighted mean out-of-fold log loss.
    pub loss: f64,
    /// Its standard error, clustered by group.
    pub loss_se: f64,
    /// Out-of-fold accuracy (protocol `diff-half`); `null` where every pair is a tie.
    pub accuracy: Option<f64>,
    /// Its standard error, clustered by group.
    pub accuracy_se: Option<f64>,
}

/// The scale of an ordered logit: P(rating ≤ levels\[k\]) = σ(cut_points\[k\] − score).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CutPoints {
    /// The values that were given, ascending.
    pub levels: Vec<f64>,
    /// One per level but the last, ascending, in units of the score.
    pub cut_points: Vec<f64>,
    /// Ratings behind the fit.
    pub ratings: usize,
    /// Items they are about.
    pub items: usize,
}

/// One dimension of a hierarchical head.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Part {
    /// The dimension.
    pub dimension: String,
    /// Weight of its score.
    pub weight: f64,
    /// Dimension of the human labels that its own weights were fitted on.
    pub labels: String,
    /// Pairs behind its own weights.
    pub pairs: usize,
}
