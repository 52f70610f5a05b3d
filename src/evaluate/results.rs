//! What an evaluation tells beside accuracies: ranks, correlations, generators, groups, curves, calibration.
//!
//! Plain numbers for tables, charts and JSON. `low` and `high` are the ends of a 95 % interval; a missing number has a
//! `reason`.

use serde::{Deserialize, Serialize};

use super::Protocol;

/// How an interval was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IntervalKind {
    /// Percentiles of a bootstrap over prompts.
    Bootstrap,
    /// Student's interval with the clustered standard error (definitions §3.11).
    Clustered,
    /// Wilson's, with prompts as units: every draw gave the same 0 or 1.
    Wilson,
}

/// Place of a scorer among those that cover (nearly) all pairs, with simultaneous limits: with 95 % confidence every
/// scorer's true place lies within its limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Standing {
    /// Dimension.
    pub dimension: String,
    /// Protocol.
    pub protocol: Protocol,
    /// `head`, `mean` or a column of `scores`.
    pub scorer: String,
    /// Accuracy on the pairs that all ranked scorers cover.
    pub value: f64,
    /// Place by that accuracy; equal accuracies share the better place.
    pub rank: usize,
    /// Best place that the data allow.
    pub rank_low: usize,
    /// Worst place that the data allow.
    pub rank_high: usize,
    /// Pairs in the denominator.
    pub n: usize,
    /// Prompts behind them.
    pub prompts: usize,
}

/// A rank correlation of item scores with mean human ratings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Statistic {
    /// Kendall's tau-b.
    KendallTauB,
    /// Spearman's rho, with mid-ranks.
    Spearman,
    /// Pearson's r.
    Pearson,
}

/// Over which items a correlation runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Within {
    /// All items together.
    Pooled,
    /// Mean over prompts of the correlation inside the prompt, where it is defined.
    Prompt,
}

/// Item score against mean human rating.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Correlation {
    /// Dimension.
    pub dimension: String,
    /// `head`, `mean` or a column of `scores`.
    pub scorer: String,
    /// Which correlation.
    pub statistic: Statistic,
    /// Over which items.
    pub within: Within,
    /// The correlation.
    pub value: Option<f64>,
    /// Lower end of the 95 % interval.
    pub low: Option<f64>,
    /// Upper end of the 95 % interval.
    pub high: Option<f64>,
    /// Items behind it.
    pub n: usize,
    /// Prompts behind it; for `prompt` those in which it is defined.
    pub prompts: usize,
    /// Why there is no value.
    pub reason: Option<String>,
}

/// The systems (generators) that made the items, as people and scorers order them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SystemRanking {
    /// Dimension.
    pub dimension: String,
    /// Item attribute that names the system: `generator`.
    pub attribute: String,
    /// Pairs of two different systems.
    pub pairs: usize,
    /// Prompts behind them.
    pub prompts: usize,
    /// Win share of every system by people (`people`) and by every scorer, best by people first.
    pub scores: Vec<SystemScore>,
    /// How well each scorer's order agrees with that of people.
    pub agreement: Vec<SystemAgreement>,
}

/// Win share of one system against the others, by one scorer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SystemScore {
    /// The system.
    pub system: String,
    /// `people`, `head`, `mean` or a column of `scores`.
    pub scorer: String,
    /// (Wins + ties/2) / pairs against other systems.
    pub value: f64,
    /// Lower end of the 95 % interval.
    pub low: Option<f64>,
    /// Upper end of the 95 % interval.
    pub high: Option<f64>,
    /// Place under this scorer; equal shares have the better place.
    pub rank: usize,
    /// Pairs of this system that the scorer covers.
    pub n: usize,
}

/// Agreement of a scorer's order of systems with that of people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SystemAgreement {
    /// `head`, `mean` or a column of `scores`.
    pub scorer: String,
    /// Kendall's tau-b of the two lists of win shares, people's share counted on the pairs that the scorer covers.
    pub kendall: Option<f64>,
    /// Lower end of the 95 % interval, over draws of prompts.
    pub low: Option<f64>,
    /// Upper end of the 95 % interval.
    pub high: Option<f64>,
    /// Systems that are ordered.
    pub systems: usize,
    /// Pairs behind it.
    pub n: usize,
    /// Why there is no value or no interval.
    pub reason: Option<String>,
}

/// Accuracy on a part of the pairs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Stratum {
    /// Dimension.
    pub dimension: String,
    /// What divides the pairs: `margin` (size of the human margin), `generator pairs` (between or within generators), or
    /// an attribute.
    pub by: String,
    /// The part: `between`, `0.33 to 0.67`, a value of the attribute.
    pub stratum: String,
    /// `head`, `mean` or a column of `scores`.
    pub scorer: String,
    /// Protocol.
    pub protocol: Protocol,
    /// The accuracy.
    pub value: Option<f64>,
    /// Lower end of the 95 % interval.
    pub low: Option<f64>,
    /// Upper end of the 95 % interval.
    pub high: Option<f64>,
    /// Pairs in the denominator.
    pub n: usize,
    /// Prompts behind them.
    pub prompts: usize,
    /// Human ties in the part.
    pub ties: usize,
    /// Why there is no value, or no interval.
    pub reason: Option<String>,
}

/// What a curve runs over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CurveAxis {
    /// Training pairs.
    TrainingPairs,
    /// Questions (columns with a weight) that must be answered to score an item.
    Questions,
    /// λ as a share of the λ at which all weights are 0.
    Lambda,
}

impl CurveAxis {
    /// All, in the order of tables.
    pub const ALL: [CurveAxis; 3] = [CurveAxis::TrainingPairs, CurveAxis::Questions, CurveAxis::Lambda];

    /// The id, as in files.
    pub fn id(self) -> &'static str {
        match self {
            CurveAxis::TrainingPairs => "training-pairs",
            CurveAxis::Questions => "questions",
            CurveAxis::Lambda => "lambda",
        }
    }
}

/// Out-of-fold accuracy of the head against something that costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Curve {
    /// Dimension.
    pub dimension: String,
    /// What is on the x axis.
    pub axis: CurveAxis,
    /// Protocol of the accuracies.
    pub protocol: Protocol,
    /// The points, x ascending.
    pub points: Vec<AccuracyPoint>,
    /// What the curve says, as a sentence.
    pub verdict: String,
    /// For `training-pairs`: do more labels pay?
    pub pays: Option<Pays>,
}

/// One point of a [`Curve`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AccuracyPoint {
    /// Training pairs, questions (mean over folds) or λ/λ_max.
    pub x: f64,
    /// Out-of-fold accuracy.
    pub value: f64,
    /// Lower end of the 95 % interval.
    pub low: Option<f64>,
    /// Upper end of the 95 % interval.
    pub high: Option<f64>,
    /// Pairs in the denominator.
    pub n: usize,
    /// Prompts behind them.
    #[serde(default)]
    pub prompts: usize,
    /// Columns with a weight, mean over folds.
    pub questions: f64,
}

/// Do more labels pay?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pays {
    /// The last doubling of the training pairs gained, and the gain is shown.
    Yes,
    /// The last doubling gained less than one point, and that is shown.
    No,
    /// The data cannot tell.
    Unclear,
}

/// How well win probabilities agree with what people said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Calibration {
    /// Dimension.
    pub dimension: String,
    /// `head`, or another scorer whose margins were scaled by one factor learned on the training pairs.
    pub scorer: String,
    /// Reliability table: bins of equally many pairs, by the probability of the side that the scorer prefers.
    pub bins: Vec<ReliabilityBin>,
    /// Expected calibration error: mean over pairs of |observed − predicted| of the pair's bin. Positive even for perfect
    /// probabilities, the more so the fewer the pairs.
    pub ece: Measure,
    /// Brier score: mean squared difference of probability and outcome (1, ½ for a tie, 0); ¼ for a coin without ties.
    pub brier: Measure,
    /// Log loss in nats; ln 2 for a coin.
    pub log_loss: Measure,
    /// Factor on the margins that makes what people said on the scored pairs most likely: below 1 the probabilities are
    /// too sure.
    pub slope: Option<f64>,
    /// Pairs.
    pub n: usize,
    /// Prompts.
    pub prompts: usize,
    /// Human ties among the pairs; they count as half a win.
    pub ties: usize,
    /// Ties that the head's tie model expects among the pairs; `null` for a head without one and for other scorers.
    #[serde(default)]
    pub expected_ties: Option<f64>,
    /// Why there is nothing.
    pub reason: Option<String>,
}

/// A number with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Measure {
    /// The estimate.
    pub value: Option<f64>,
    /// Lower end of the 95 % interval.
    pub low: Option<f64>,
    /// Upper end of the 95 % interval.
    pub high: Option<f64>,
}

/// One bin of a reliability table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ReliabilityBin {
    /// Smallest probability in the bin, in [½, 1].
    pub from: f64,
    /// Largest probability in the bin.
    pub to: f64,
    /// Mean probability that the preferred side wins.
    pub predicted: f64,
    /// Share of pairs in which people preferred that side; a tie is half.
    pub observed: f64,
    /// Lower end of the 95 % interval of `observed`.
    pub low: Option<f64>,
    /// Upper end of the 95 % interval of `observed`.
    pub high: Option<f64>,
    /// Pairs.
    pub n: usize,
    /// Prompts.
    pub prompts: usize,
}

/// The head on groups (generators) that it never saw, beside the head that saw all groups but not the prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct UnseenGroups {
    /// Dimension.
    pub dimension: String,
    /// Attribute: `generator`.
    pub attribute: String,
    /// Values of the attribute.
    pub groups: usize,
    /// Fits behind it.
    pub fits: usize,
    /// Protocol.
    pub protocol: Protocol,
    /// Accuracy of heads whose training pairs share neither group nor prompt with the scored pair.
    pub unseen: Measure,
    /// Accuracy, on the same pairs, of heads with equally many training pairs that share groups but no prompt.
    pub seen: Measure,
    /// `unseen` minus `seen`.
    pub difference: Measure,
    /// Pairs in the denominator.
    pub n: usize,
    /// Prompts behind them.
    pub prompts: usize,
    /// Why there is nothing, or what was left out.
    pub reason: Option<String>,
}

/// A scorer that is right less often than a coin, beyond chance: is its scale upside down?
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Inverted {
    /// Dimension.
    pub dimension: String,
    /// The scorer.
    pub scorer: String,
    /// Its `diff-half`.
    pub value: f64,
    /// Two-sided p-value against ½, clustered by prompt.
    pub p: f64,
    /// p adjusted over all scorers and dimensions (Benjamini–Hochberg).
    pub q: f64,
    /// Pairs.
    pub n: usize,
    /// Prompts.
    pub prompts: usize,
}

/// The identity tau ≥ max(t, (1 − t)·diff) of definitions §3.2, checked on our own rows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct IdentityCheck {
    /// Scorers and dimensions on which both numbers stand on the same pairs.
    pub checked: usize,
    /// `dimension, scorer: …` of each that breaks it. Any entry is a bug of this program.
    pub broken: Vec<String>,
}
