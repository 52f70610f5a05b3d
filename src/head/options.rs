//! How a head is fitted: choices, and what they mean for the columns at hand.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::columns::{self, ColumnRule};
use crate::Result;
use crate::features::{Column, FeatureMatrix, Missing, Preparation, default_bounds};
use crate::fit::recipe::Epochs;
use crate::fit::{FitOptions, Method, Rule, Ties};

/// Sign rule of the weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BoundsRule {
    /// Questions of a fixed checklist ≥ 0, all other columns free
    #[default]
    Default,
    /// All weights ≥ 0
    NonNegative,
    /// No bounds
    Free,
}

/// Which columns a head may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Every column
    #[default]
    All,
    /// Only columns whose checklist dimension is that of the head
    Own,
}

/// Choices of [`super::train()`]; the numbers are those of [`FitOptions`].
#[derive(Debug, Clone, PartialEq)]
pub struct TrainOptions {
    /// How weights are found.
    pub method: Method,
    /// Most features of [`Method::Budget`].
    pub budget: Option<usize>,
    /// Strength γ of the group penalty by sub-dimension; 0 = none.
    pub group_penalty: f64,
    /// Settings of [`Method::VisionrewardProjected`].
    pub epochs: Epochs,
    /// What stands in for a missing value.
    pub missing: Missing,
    /// Sign rule.
    pub bounds: BoundsRule,
    /// Bounds, penalty factors and frozen weights of single columns, after those of `dataset.toml`; the last one counts.
    pub columns: Vec<ColumnRule>,
    /// Columns the head may use.
    pub scope: Scope,
    /// Given λ; `None` = cross-validation.
    pub lambda: Option<f64>,
    /// Which point of the cross-validation curve.
    pub rule: Rule,
    /// Elastic-net mix: 1 = L1, 0 = L2.
    pub alpha: f64,
    /// Treatment of ties.
    pub ties: Ties,
    /// Folds of the cross-validation, by group.
    pub folds: usize,
    /// Bootstrap refits for weight intervals; 0 = none.
    pub bootstrap: usize,
    /// Number of λ on the path.
    pub path_length: usize,
    /// Smallest λ of the path as a share of the largest.
    pub path_ratio: f64,
    /// KKT tolerance, relative to λ_max.
    pub tolerance: f64,
    /// Limit of Newton steps per fit.
    pub max_iterations: usize,
    /// Seed of folds and bootstrap.
    pub seed: u64,
    /// Return a head whose fit did not converge.
    pub allow_unconverged: bool,
}

impl Default for TrainOptions {
    fn default() -> Self {
        let fit = FitOptions::new(0);
        Self {
            method: fit.method,
            budget: fit.budget,
            group_penalty: fit.group_penalty,
            epochs: fit.epochs,
            missing: Missing::default(),
            bounds: BoundsRule::default(),
            columns: Vec::new(),
            scope: Scope::default(),
            lambda: fit.lambda,
            rule: fit.rule,
            alpha: fit.alpha,
            ties: fit.ties,
            folds: fit.folds,
            bootstrap: fit.bootstrap,
            path_length: fit.path_length,
            path_ratio: fit.path_ratio,
            tolerance: fit.tolerance,
            max_iterations: fit.max_iterations,
            seed: fit.seed,
            allow_unconverged: false,
        }
    }
}

/// The fit's options for these columns, in scaled units. `rules` are those of [`columns::rules`].
///
/// # Errors
/// As [`columns::apply`].
pub(super) fn fit_options(
    features: &FeatureMatrix,
    preparation: &Preparation,
    rules: &[ColumnRule],
    options: &TrainOptions,
) -> Result<FitOptions> {
    let columns = features.columns.len();
    let mut bounds = match options.bounds {
        // The paper's rule is that no weight is negative, whatever the column.
        BoundsRule::Default if matches!(options.method, Method::VisionrewardProjected | Method::VisionrewardRefit) => {
            vec![(0.0, f64::INFINITY); columns]
        }
        BoundsRule::Default => default_bounds(&features.columns),
        BoundsRule::NonNegative => vec![(0.0, f64::INFINITY); columns],
        BoundsRule::Free => vec![(f64::NEG_INFINITY, f64::INFINITY); columns],
    };
    let mut factors = vec![1.0; columns];
    columns::apply(rules, &features.columns, &preparation.scales, &mut bounds, &mut factors)?;
    Ok(FitOptions {
        method: options.method,
        budget: options.budget,
        group_penalty: options.group_penalty,
        groups: groups_of(&features.columns),
        epochs: options.epochs,
        lambda: options.lambda,
        path_length: options.path_length,
        path_ratio: options.path_ratio,
        alpha: options.alpha,
        ties: options.ties,
        rule: options.rule,
        folds: options.folds,
        bootstrap: options.bootstrap,
        tolerance: options.tolerance,
        max_iterations: options.max_iterations,
        seed: options.seed,
        bounds,
        factors,
        names: features.columns.iter().map(|c| c.id.clone()).collect(),
    })
}

/// Columns of one sub-dimension are one group; a column without any is a group of its own.
fn groups_of(columns: &[Column]) -> Vec<usize> {
    let mut known: BTreeMap<(Option<&str>, &str), usize> = BTreeMap::new();
    (0..columns.len())
        .map(|j| match &columns[j].subdimension {
            Some(name) => *known.entry((columns[j].dimension.as_deref(), name)).or_insert(j),
            None => j,
        })
        .collect()
}
