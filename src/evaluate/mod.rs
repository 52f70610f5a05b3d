//! Scores and human labels → accuracies under named protocols, with intervals, floors and comparisons.

pub mod against;
pub mod answers;
pub mod attributes;
pub mod calibration;
mod cards;
pub mod compare;
pub mod correlations;
pub mod credits;
pub mod curves;
pub mod duel;
mod extras;
pub mod facts;
mod fitted;
pub mod floors;
mod head_margins;
mod human;
pub mod intervals;
pub mod leakage;
pub mod legacy;
pub mod margins;
mod nested;
pub mod protocol;
pub mod ranks;
pub mod results;
mod run;
pub mod sample;
pub mod scorers;
pub mod significance;
mod stored;
pub mod strata;
mod summary;
pub mod systems;
#[cfg(test)]
mod tests;
mod train_test;
pub mod unseen;

pub use answers::{AnswerPatterns, ColumnCorrelations, LadderSteps, ScoreShare, patterns, score_shares};
pub use correlations::MissingItem;
pub use extras::Extras;
pub use facts::Facts;
pub use fitted::FittedScorer;
pub use head_margins::reason_for_no_head;
pub use leakage::Leakage;
pub use legacy::LegacyRow;
pub use protocol::Protocol;
pub use results::{
    AccuracyPoint, Calibration, Correlation, Curve, CurveAxis, IdentityCheck, IntervalKind, Inverted, Measure, Pays,
    ReliabilityBin, Standing, Statistic, Stratum, SystemAgreement, SystemRanking, SystemScore, UnseenGroups, Within,
};
pub use run::{DimensionScores, EvaluateOptions, Mode, Refits, evaluate, evaluate_with_scores, recount};
pub use stored::StoredScorer;

use serde::{Deserialize, Serialize};

/// One accuracy of one scorer on one dimension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Row {
    /// Dimension.
    pub dimension: String,
    /// `head`, `mean` or a column of `scores`.
    pub scorer: String,
    /// Protocol.
    pub protocol: Protocol,
    /// The accuracy; `null` with a `reason`.
    pub value: Option<f64>,
    /// Lower end of the 95 % interval.
    pub low: Option<f64>,
    /// Upper end of the 95 % interval.
    pub high: Option<f64>,
    /// Pairs in the denominator; prompts under `ties-matter-row` and `rb2-credit`.
    pub n: usize,
    /// Groups (prompts) behind them.
    pub prompts: usize,
    /// Human ties among the scored pairs.
    pub ties: usize,
    /// Share of the head's pairs that this scorer covers.
    pub coverage: f64,
    /// Tie threshold that was used, where the protocol has one.
    pub epsilon: Option<f64>,
    /// Equal scores among the scored pairs.
    #[serde(default)]
    pub equal_scores: usize,
    /// Analytic standard error, clustered by prompt (definitions §3.11), at the threshold that was used.
    #[serde(default)]
    pub se: Option<f64>,
    /// How the interval was made.
    #[serde(default)]
    pub interval: Option<IntervalKind>,
    /// Why there is no value, or no interval.
    pub reason: Option<String>,
}

/// What a scorer that knows nothing reaches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Floor {
    /// Dimension.
    pub dimension: String,
    /// `chance`, `always-tie`, `majority`, `attribute` (the best single attribute, fitted out of fold); among the
    /// ceilings `annotator` (one annotator against the others).
    pub floor: String,
    /// Protocol.
    pub protocol: Protocol,
    /// Its accuracy.
    pub value: f64,
    /// Lower end of the 95 % interval; `null` where the value is a rule and no estimate.
    #[serde(default)]
    pub low: Option<f64>,
    /// Upper end of the 95 % interval.
    #[serde(default)]
    pub high: Option<f64>,
    /// Pairs in the denominator.
    pub n: usize,
    /// How it was made, where that is not a rule.
    #[serde(default)]
    pub detail: Option<String>,
}

/// The head against one other scorer on the pairs that both cover.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Comparison {
    /// Dimension.
    pub dimension: String,
    /// The other scorer.
    pub scorer: String,
    /// Protocol.
    pub protocol: Protocol,
    /// Accuracy of the head minus accuracy of the scorer.
    pub difference: Option<f64>,
    /// Lower end of the 95 % interval.
    pub low: Option<f64>,
    /// Upper end of the 95 % interval.
    pub high: Option<f64>,
    /// Common pairs in the denominator.
    pub n: usize,
    /// Groups behind them.
    pub prompts: usize,
    /// `head-wins`, `head-loses`, `no-difference-shown` or `not-enough-data`.
    pub verdict: Verdict,
    /// Analytic standard error of the difference, clustered by prompt.
    #[serde(default)]
    pub se: Option<f64>,
    /// Two-sided p-value of a permutation test that exchanges the two scorers prompt by prompt.
    #[serde(default)]
    pub p: Option<f64>,
    /// p adjusted over all comparisons of the evaluation (Benjamini–Hochberg).
    #[serde(default)]
    pub q: Option<f64>,
    /// Two-sided p-value of McNemar's exact test, which takes pairs as independent.
    #[serde(default)]
    pub mcnemar: Option<f64>,
    /// Smallest true difference that this many prompts would show with 80 % power at the 5 % level.
    #[serde(default)]
    pub detectable: Option<f64>,
}

/// What an interval of a difference allows to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The whole interval is above 0.
    HeadWins,
    /// The whole interval is below 0.
    HeadLoses,
    /// 0 lies inside.
    NoDifferenceShown,
    /// Too few pairs or prompts.
    NotEnoughData,
}

/// How the head's margins were made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Design {
    /// Nested cross-validation: every pair scored by a head that saw none of its prompt.
    CrossValidated {
        /// Outer folds.
        folds: usize,
    },
    /// Fitted on `split = train`, scored on `split = test`.
    TrainTest,
    /// A stored head on all pairs, or on those of `split = test` where the data declare a split.
    StoredHead,
}

/// Everything that `evaluate` finds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Evaluation {
    /// Name of the data set.
    pub dataset: String,
    /// Whether the data are simulated.
    pub simulated: bool,
    /// How margins were made.
    pub design: Design,
    /// Bootstrap draws behind the intervals.
    pub draws: usize,
    /// Sign assignments of the permutation tests; 0 = no tests.
    #[serde(default)]
    pub tests: usize,
    /// Seed.
    pub seed: u64,
    /// Whether an uncovered pair counted as an equal score (`--missing-score equal`).
    pub missing_score_equal: bool,
    /// What was computed beside accuracies and comparisons.
    #[serde(default)]
    pub extras: Extras,
    /// Accuracies.
    pub rows: Vec<Row>,
    /// Floors.
    pub floors: Vec<Floor>,
    /// Head against each scorer.
    pub comparisons: Vec<Comparison>,
    /// What people reach against each other, as `annotator`.
    #[serde(default)]
    pub ceilings: Vec<Floor>,
    /// Places of the scorers, with simultaneous limits.
    #[serde(default)]
    pub standings: Vec<Standing>,
    /// Scorers that are worse than a coin.
    #[serde(default)]
    pub inverted: Vec<Inverted>,
    /// The identity that ties `tau` and `diff` together, checked on `rows`.
    #[serde(default)]
    pub identity: IdentityCheck,
    /// Item scores against mean ratings; asked for.
    #[serde(default)]
    pub correlations: Vec<Correlation>,
    /// Generators as people and scorers order them.
    #[serde(default)]
    pub systems: Vec<SystemRanking>,
    /// Accuracy by margin of the human label, between and within generators, by attribute.
    #[serde(default)]
    pub strata: Vec<Stratum>,
    /// Win probabilities against what people said.
    #[serde(default)]
    pub calibration: Vec<Calibration>,
    /// Accuracy against training pairs, questions and λ; asked for.
    #[serde(default)]
    pub curves: Vec<Curve>,
    /// The head on groups that it never saw; asked for.
    #[serde(default)]
    pub unseen: Vec<UnseenGroups>,
    /// VideoAlign's shipped rule, for comparison only; asked for.
    #[serde(default)]
    pub legacy: Vec<LegacyRow>,
    /// Heads that were fitted on prompts they are scored on.
    #[serde(default)]
    pub leakage: Vec<Leakage>,
    /// The head against the one it would replace; asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub against: Vec<against::Against>,
    /// What the user should know.
    pub notes: Vec<String>,
}
