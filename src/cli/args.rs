//! Argument groups that several commands share, and their translation into the library's options.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

use crate::dataset::{Dataset, ReadOptions, Source};
use crate::features::{Coding, FeatureOptions, FeatureSource, Hierarchy, Layout, Missing};
use crate::fit::recipe::Epochs;
use crate::fit::{Method, Rule, Ties};
use crate::head::{BoundsRule, ColumnRule, Scope, TrainOptions};
use crate::{Error, Result};

/// Flags of every command.
#[derive(Debug, Args)]
pub struct GlobalArgs {
    /// Threads to use (default: all cores); results do not depend on it
    #[arg(long, global = true, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// Print results only: no progress, no notes
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Say more: what was read, which defaults are in force, how long it took
    #[arg(long, short, global = true)]
    pub verbose: bool,
    /// File with defaults for flags, which given flags override (default: headfit.toml in the current folder, if any)
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Which data set to read.
#[derive(Debug, Args)]
pub struct DataArgs {
    /// Folder with the tables of the data set
    #[arg(value_name = "DATA")]
    pub data: PathBuf,
    /// Manifest to use instead of DATA/dataset.toml
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,
    /// Treat unknown answer tokens as errors
    #[arg(long)]
    pub strict: bool,
}

impl DataArgs {
    /// Where the reader finds the files.
    pub fn source(&self) -> Source {
        Source::Folder { path: self.data.clone(), manifest: self.manifest.clone() }
    }

    /// How the reader reads them.
    pub fn read_options(&self) -> ReadOptions {
        ReadOptions { strict: self.strict }
    }
}

/// Which data set to read, where one is needed only for some of what a command does.
#[derive(Debug, Args)]
pub struct MaybeDataArgs {
    /// Folder with the tables of the data set
    #[arg(value_name = "DATA", required_unless_present_any = ["suite", "published"])]
    pub data: Option<PathBuf>,
    /// Manifest to use instead of DATA/dataset.toml
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,
    /// Treat unknown answer tokens as errors
    #[arg(long)]
    pub strict: bool,
}

impl MaybeDataArgs {
    /// The data set, if one was named.
    pub fn given(&self) -> Option<DataArgs> {
        let data = self.data.clone()?;
        Some(DataArgs { data, manifest: self.manifest.clone(), strict: self.strict })
    }
}

/// How answers and tables become columns.
#[derive(Debug, Args)]
#[command(next_help_heading = "Features")]
pub struct FeatureArgs {
    /// Tables to use (default: the manifest's choice, else `features` where it exists, else `answers`)
    #[arg(long, value_name = "SOURCE")]
    pub features: Option<FeatureSource>,
    /// How an answer becomes a number
    #[arg(long, default_value = "signed")]
    pub coding: Coding,
    /// Fixed checklist or questions of their own per prompt (default: detected)
    #[arg(long)]
    pub layout: Option<Layout>,
    /// What an unanswered or negative parent does to dependent questions
    #[arg(long, default_value = "none")]
    pub hierarchy: Hierarchy,
    /// What stands in for a missing value
    #[arg(long, default_value = "neutral", value_name = "POLICY")]
    pub missing: Missing,
    /// Scorer columns that join as features, comma-separated
    #[arg(long, value_delimiter = ',', value_name = "SCORERS")]
    pub with_scores: Vec<String>,
}

impl FeatureArgs {
    /// The library's options.
    pub fn options(&self) -> FeatureOptions {
        FeatureOptions {
            source: self.features,
            coding: self.coding,
            layout: self.layout,
            hierarchy: self.hierarchy,
            with_scores: self.with_scores.clone(),
            gates: None,
        }
    }
}

/// How a head is fitted.
#[derive(Debug, Args)]
#[command(next_help_heading = "Fit")]
pub struct TrainArgs {
    /// Only this dimension; may be repeated (default: all)
    #[arg(long, value_name = "NAME")]
    pub dimension: Vec<String>,
    /// How weights are found
    #[arg(long, default_value = "sparse")]
    pub method: Method,
    /// Most features a head may use, for `--method budget`; gives the curve of accuracy against their number too
    #[arg(long, value_name = "K", required_if_eq("method", "budget"))]
    pub budget: Option<usize>,
    /// Penalty strength (default: chosen by cross-validation over prompts)
    #[arg(long, value_name = "LAMBDA")]
    pub lambda: Option<f64>,
    /// Which λ of the cross-validation curve: its minimum, or the largest within one standard error
    #[arg(long, default_value = "1se")]
    pub rule: Rule,
    /// Elastic-net mix: 1 = L1 (sparse), 0 = L2
    #[arg(long, default_value_t = 1.0)]
    pub alpha: f64,
    /// What a human tie becomes
    #[arg(long, default_value = "half")]
    pub ties: Ties,
    /// Sign rule of the weights
    #[arg(long, default_value = "default")]
    pub bounds: BoundsRule,
    /// Strength γ of a penalty that drops whole sub-dimensions, beside the one on single weights; 0 = none
    #[arg(long, default_value_t = 0.0, value_name = "GAMMA")]
    pub group_penalty: f64,
    /// Lowest and highest weight of a feature (`*` at the end: of all that begin so); may be repeated
    #[arg(long = "bound", value_name = "QUESTION=LO..HI", value_delimiter = ',', value_parser = ColumnRule::bounds)]
    pub bound: Vec<ColumnRule>,
    /// What λ is multiplied with for a feature, 0 = not penalised; may be repeated
    #[arg(long, value_name = "QUESTION=F", value_delimiter = ',', value_parser = ColumnRule::factor)]
    pub penalty_factor: Vec<ColumnRule>,
    /// Weight that a feature keeps; may be repeated
    #[arg(long, value_name = "QUESTION=W", value_delimiter = ',', value_parser = ColumnRule::freeze, allow_hyphen_values = true)]
    pub freeze: Vec<ColumnRule>,
    /// Features a head may use: all, or only those of its own checklist dimension
    #[arg(long, default_value = "all")]
    pub scope: Scope,
    /// Folds of the cross-validation that chooses λ
    #[arg(long, default_value_t = 5, value_name = "K")]
    pub folds: usize,
    /// Bootstrap refits over prompts for weight intervals; 0 = none
    #[arg(long, default_value_t = 200, value_name = "N")]
    pub bootstrap: usize,
    /// Step of one pair, for `--method visionreward-projected`
    #[arg(long, default_value_t = Epochs::default().learning_rate, value_name = "STEP")]
    pub learning_rate: f64,
    /// Change of the weights in one epoch at which `visionreward-projected` ends
    #[arg(long, default_value_t = Epochs::default().epsilon, value_name = "NORM")]
    pub epsilon: f64,
    /// Most epochs of `visionreward-projected`
    #[arg(long, default_value_t = Epochs::default().limit, value_name = "N")]
    pub epochs: usize,
    /// Seed of folds and bootstrap
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Accept fits without an optimality certificate (exit code 4 otherwise)
    #[arg(long)]
    pub allow_unconverged: bool,
}

impl TrainArgs {
    /// Indices of the dimensions that are asked for, in the data's order.
    ///
    /// # Errors
    /// [`Error::Usage`] for a name that the data do not have, and for data without any.
    pub fn dimensions(&self, ds: &Dataset) -> Result<Vec<usize>> {
        if ds.dimensions.is_empty() {
            return Err(Error::Usage("the data have neither pairs nor ratings: there is nothing to fit".into()));
        }
        if let Some(unknown) = self.dimension.iter().find(|name| ds.dimension(name).is_none()) {
            let known = ds.dimensions.join(", ");
            return Err(Error::Usage(format!("--dimension {unknown} is not in the data, which have {known}")));
        }
        let asked = |d: &usize| self.dimension.is_empty() || self.dimension.contains(&ds.dimensions[*d]);
        Ok((0..ds.dimensions.len()).filter(asked).collect())
    }

    /// The library's options; the policy for missing values is a flag of [`FeatureArgs`].
    pub fn options(&self, missing: Missing) -> TrainOptions {
        TrainOptions {
            method: self.method,
            budget: self.budget,
            group_penalty: self.group_penalty,
            columns: self.bound.iter().chain(&self.penalty_factor).chain(&self.freeze).cloned().collect(),
            epochs: Epochs { learning_rate: self.learning_rate, epsilon: self.epsilon, limit: self.epochs },
            missing,
            bounds: self.bounds,
            scope: self.scope,
            lambda: self.lambda,
            rule: self.rule,
            alpha: self.alpha,
            ties: self.ties,
            folds: self.folds,
            bootstrap: self.bootstrap,
            seed: self.seed,
            allow_unconverged: self.allow_unconverged,
            ..TrainOptions::default()
        }
    }
}
