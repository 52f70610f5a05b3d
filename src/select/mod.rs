//! Which pairs of candidates to train a generator on: multi-objective preference optimisation (MPO, arXiv 2412.21059, §3.3).
//!
//! ```text
//! heads + items ──candidates──▶ Candidates ──pareto──▶ pairs ──choose──▶ Selection ──export──▶ files of the trainers
//! ```
//!
//! Candidate i dominates j of the same prompt iff no part of its score is lower and its total is higher. A pair is kept
//! where the winner dominates and leads by a gap.

mod candidates;
mod choose;
mod drift;
pub mod export;
pub mod pareto;

use serde::{Deserialize, Serialize};

use crate::head::Level;

pub use candidates::{Candidates, Guard};
pub use choose::select;
pub use drift::{Drift, NumberDrift, ShareDrift};

/// Which pairs are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// The winner dominates and leads by the gap (MPO)
    #[default]
    Dominance,
    /// The winner leads by the gap, whatever its parts say (what plain DPO takes)
    Total,
}

/// How many pairs of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pick {
    /// Every pair that the rule keeps
    #[default]
    All,
    /// Only the one with the widest gap
    BestWorst,
}

/// Numbers for yes and no that gaps are measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GapScale {
    /// The 0/1 sum of the paper's equation 4, whatever the head's coding
    #[default]
    Unit,
    /// The ±1 sum of the released scorers
    Signed,
}

/// How much lower a part may be and still count as no worse.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tolerance {
    /// Not at all.
    #[default]
    None,
    /// This much, in the head's own scale.
    By(f64),
    /// Each part by its share (of the sum of |weights|) of the head's tie threshold, and the total must lead by more
    /// than the tie threshold.
    Tie,
}

/// Choices of [`select`].
#[derive(Debug, Clone, PartialEq)]
pub struct SelectOptions {
    /// What must not be worse.
    pub level: Level,
    /// Which pairs are kept.
    pub rule: Rule,
    /// Smallest lead in the total, on `gap_scale`.
    pub min_gap: f64,
    /// Scale of gaps.
    pub gap_scale: GapScale,
    /// Slack of the parts.
    pub tolerance: Tolerance,
    /// How many per prompt.
    pub pick: Pick,
    /// Most pairs of one prompt, widest gaps first.
    pub max_per_prompt: Option<usize>,
    /// Most pairs in which one generator is chosen, and most in which it is rejected, widest gaps first.
    pub max_per_generator: Option<usize>,
    /// Leave out candidates that lack an answer which carries weight.
    pub complete_only: bool,
}

/// The paper's defaults: dominance by dimension, gap 0.6 on the 0/1 sum, all pairs (§4.3, appendix 8.3).
impl Default for SelectOptions {
    fn default() -> Self {
        Self {
            level: Level::default(),
            rule: Rule::default(),
            min_gap: 0.6,
            gap_scale: GapScale::default(),
            tolerance: Tolerance::default(),
            pick: Pick::default(),
            max_per_prompt: None,
            max_per_generator: None,
            complete_only: false,
        }
    }
}

/// One pair to train on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SelectedPair {
    /// Index of the prompt.
    pub prompt: usize,
    /// Index of the winning item.
    pub chosen: usize,
    /// Index of the losing item.
    pub rejected: usize,
    /// Lead of the winner on the gap scale.
    pub gap: f64,
    /// Lead of the winner in the head's own scale.
    pub margin: f64,
    /// Whether the winner dominates (always under [`Rule::Dominance`]).
    pub dominates: bool,
}

/// How many pairs there are, and why others are none; like the paper's Table 5.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Counts {
    /// Prompts in the data.
    pub prompts: usize,
    /// Prompts left out because they belong to an evaluation.
    pub guarded_prompts: usize,
    /// Prompts with at least two candidates that can be compared.
    pub usable_prompts: usize,
    /// Candidates of the prompts that are not guarded.
    pub candidates: usize,
    /// Candidates left out because the head cannot score them.
    pub unscoreable: usize,
    /// Candidates left out because an answer is missing (`complete_only`).
    pub incomplete: usize,
    /// Pairs of candidates of one prompt that were compared.
    pub compared: usize,
    /// Pairs whose totals lead by the gap: what plain DPO takes.
    pub wide: usize,
    /// Of these, pairs whose winner dominates.
    pub dominating: usize,
    /// Of these, pairs whose winner is worse in some part.
    pub not_dominating: usize,
    /// Pairs dropped by best-worst and the caps.
    pub capped: usize,
    /// Pairs kept.
    pub kept: usize,
    /// Prompts that have a kept pair.
    pub kept_prompts: usize,
}

/// The result of [`select`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Selection {
    /// Dimension of the head whose score is the total.
    pub dimension: String,
    /// Names of the parts that must not be worse.
    pub parts: Vec<String>,
    /// The pairs, by prompt, widest gap first.
    pub pairs: Vec<SelectedPair>,
    /// How many, and why not more.
    pub counts: Counts,
    /// What chosen and rejected differ in beside the score.
    pub drift: Drift,
    /// Mean lead of the kept pairs on the gap scale; `null` for none.
    pub mean_gap: Option<f64>,
    /// What people say about kept pairs that they have seen: agree, tie, disagree with the winner.
    pub human: [usize; 3],
    /// What the user should know.
    pub notes: Vec<String>,
}
