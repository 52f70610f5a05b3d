//! Pair differences → sparse, sign-constrained logistic weights with an optimality certificate.
//!
//! The objective (design: "Fit"), for rows Δx with weights m and soft labels y:
//!
//! ```text
//! L(w) = (1/Σm) Σ m_i [ log(1 + exp(z_i)) − y_i z_i ],   z = Δx·w
//! F(w) = L(w) + λ ( α Σ f_j |w_j| + (1−α)/2 Σ f_j w_j² ),   l_j ≤ w_j ≤ u_j
//! ```

pub mod bootstrap;
mod budget;
mod compact;
pub mod cross_validation;
mod descent;
pub mod extended;
pub mod groups;
pub mod kernel;
mod lanes;
pub mod likelihood;
pub mod linfa;
mod lockstep;
mod logistic;
pub mod method;
#[cfg(test)]
mod method_tests;
pub mod ordered;
pub mod path;
pub mod penalty;
mod procedure;
#[cfg(test)]
mod property_tests;
pub mod quadratic;
pub mod recipe;
pub mod reference;
mod relaxed;
pub mod rows;
mod run;
pub mod separation;
#[cfg(test)]
mod shared_tests;
pub mod solver;
#[cfg(test)]
mod tests;
pub mod ties;
mod visionreward;

use serde::{Deserialize, Serialize};

pub use method::{Details, Method};
pub use run::{fit, fit_ratings, fit_rows};
pub use ties::{Chance, OutcomeModel, TieModel};

/// What a human tie becomes (design: "Ties").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ties {
    /// Half a win for each side: y = a + t/2.
    #[default]
    Half,
    /// Left out: the tie share is removed and the rest renormalised; pairs that are all tie are dropped.
    Drop,
    /// An outcome of its own, θ estimated with the weights (Rao and Kupper 1967).
    RaoKupper,
    /// An outcome of its own, ν estimated with the weights (Davidson 1970).
    Davidson,
}

/// Which λ of the path is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum, schemars::JsonSchema)]
pub enum Rule {
    /// The λ with the smallest out-of-fold loss.
    #[serde(rename = "min")]
    Min,
    /// The largest λ within one standard error of the minimum.
    #[default]
    #[serde(rename = "1se")]
    #[value(name = "1se")]
    OneSe,
}

/// Proof that a fit is what it claims to be (design: "Certificate").
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Certificate {
    /// `max_j dist(−∂_j L, ∂penalty_j(w_j) + N_[l,u](w_j)) / λ_max`.
    pub kkt: f64,
    /// F(w) at the solution.
    pub objective: f64,
    /// L(w) at the solution.
    pub loss: f64,
    /// Upper bound on F(w) − min F, where there is one.
    pub gap: Option<f64>,
    /// Why there is no gap.
    #[serde(default)]
    pub gap_reason: Option<String>,
    /// Newton steps taken.
    pub iterations: usize,
    /// kkt ≤ tolerance.
    pub converged: bool,
}

/// One point of the cross-validation curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CurvePoint {
    /// Penalty strength.
    pub lambda: f64,
    /// Weighted mean out-of-fold log loss.
    pub loss: f64,
    /// Its standard error, clustered by group.
    pub se: f64,
    /// Non-zero weights of the full fit.
    pub nonzero: usize,
}

/// Bootstrap summary of one weight (groups resampled, λ fixed).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WeightInterval {
    /// 2.5 % percentile.
    pub low: f64,
    /// 97.5 % percentile.
    pub high: f64,
    /// Share of refits with a non-zero weight.
    pub selected: f64,
}

/// The whole result of one fit, in the units of the [`crate::features::PairMatrix`] (scaled).
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// One weight per column.
    pub weights: Vec<f64>,
    /// The chosen λ.
    pub lambda: f64,
    /// Smallest λ at which all penalised weights are 0 (α = 1).
    pub lambda_max: f64,
    /// Cross-validation curve, largest λ first; empty where λ was given.
    pub curve: Vec<CurvePoint>,
    /// Which point of the curve was taken.
    pub chosen: usize,
    /// Bootstrap intervals per column; empty where none were asked for.
    pub intervals: Vec<WeightInterval>,
    /// Optimality.
    pub certificate: Certificate,
    /// Tie parameter, where ties are an outcome of their own.
    pub ties: TieModel,
    /// What the method found beside the weights.
    pub details: Option<Details>,
    /// What the user should know: separation, constant columns, one class only.
    pub notes: Vec<String>,
}

/// Choices of the fit.
#[derive(Debug, Clone, PartialEq)]
pub struct FitOptions {
    /// How weights are found.
    pub method: Method,
    /// Most features a head of [`Method::Budget`] may use.
    pub budget: Option<usize>,
    /// Strength γ of the group penalty λ γ Σ_g √|g| ‖w_g‖₂, beside α; 0 = none.
    pub group_penalty: f64,
    /// Group of each column (sub-dimension) for the group penalty; empty = every column by itself.
    pub groups: Vec<usize>,
    /// Settings of [`Method::VisionrewardProjected`].
    pub epochs: recipe::Epochs,
    /// Given λ; `None` = cross-validation.
    pub lambda: Option<f64>,
    /// Number of λ on the path.
    pub path_length: usize,
    /// Smallest λ of the path as a share of λ_max.
    pub path_ratio: f64,
    /// Elastic-net mix: 1 = L1, 0 = L2.
    pub alpha: f64,
    /// Treatment of ties.
    pub ties: Ties,
    /// Selection rule.
    pub rule: Rule,
    /// Folds of the cross-validation, by group.
    pub folds: usize,
    /// Bootstrap refits for weight intervals; 0 = none.
    pub bootstrap: usize,
    /// KKT tolerance, relative to λ_max.
    pub tolerance: f64,
    /// Limit of Newton steps per fit.
    pub max_iterations: usize,
    /// Seed of folds and bootstrap.
    pub seed: u64,
    /// Per column: lower and upper bound, each with 0 inside.
    pub bounds: Vec<(f64, f64)>,
    /// Per column: penalty factor, ≥ 0.
    pub factors: Vec<f64>,
    /// Per column: name for notes; empty = numbered.
    pub names: Vec<String>,
}
