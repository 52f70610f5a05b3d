//! Training pairs of one dimension → a [`Head`].

use std::collections::BTreeSet;

use ndarray::Array2;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Head;
use crate::dataset::groups::fold;
use crate::dataset::{Dataset, Split};
use crate::features::{FeatureMatrix, Layout, Missing, PairMatrix, Preparation, default_bounds};
use crate::fit::{self, Fit, FitOptions, Rule, Ties, WeightInterval};
use crate::problems::{Problem, Severity};
use crate::stats::{counts, quantiles::quantile_sorted, rank};
use crate::{Error, Result};

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

/// Choices of [`train`]; the numbers are those of [`FitOptions`].
#[derive(Debug, Clone, PartialEq)]
pub struct TrainOptions {
    /// What stands in for a missing value.
    pub missing: Missing,
    /// Sign rule.
    pub bounds: BoundsRule,
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
            missing: Missing::default(),
            bounds: BoundsRule::default(),
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

/// Fits the head of `dimension` (index into [`Dataset::dimensions`]) on `pairs` (indices into [`Dataset::pairs`]).
///
/// Fills, scales, λ, tie threshold and quantiles are learned from these pairs and their items alone.
///
/// # Errors
/// [`Error::Data`] where the pairs cannot be fitted; [`Error::Usage`] where `scope = own` leaves no column;
/// [`Error::NotConverged`] where the certificate was not reached and `allow_unconverged` is false.
pub fn train(
    ds: &Dataset,
    features: &FeatureMatrix,
    dimension: usize,
    pairs: &[usize],
    options: &TrainOptions,
) -> Result<Head> {
    let name = ds.dimensions.get(dimension).ok_or_else(|| Error::Bug(format!("no dimension {dimension}")))?;
    let own;
    let features = match options.scope {
        Scope::All => features,
        Scope::Own => {
            own = own_columns(features, name)?;
            &own
        }
    };
    let items: Vec<usize> =
        pairs.iter().flat_map(|&p| [ds.pairs[p].a, ds.pairs[p].b]).collect::<BTreeSet<_>>().into_iter().collect();
    let preparation = Preparation::learn(features, &items, options.missing)?;
    let prepared = preparation.apply(features)?;
    let matrix = PairMatrix::new(ds, features, &prepared, pairs);
    if matrix.pair.is_empty() {
        return Err(Error::data(nothing_left(name, pairs.len(), &matrix)));
    }
    let fit = fit::fit(&matrix, &fit_options(features, options)).map_err(|e| in_dimension(name, e))?;
    if !fit.certificate.converged && !options.allow_unconverged {
        return Err(Error::NotConverged(unconverged(name, &fit, options)));
    }
    Ok(assemble(ds, features, name, preparation, &prepared, &matrix, fit, options))
}

/// The pairs of `dimension` that a head may be fitted on: those with `split = train` where the data set has a split (then
/// the second value is true), else all.
pub fn training_pairs(ds: &Dataset, dimension: usize) -> (Vec<usize>, bool) {
    let split = ds.pairs.iter().any(|pair| pair.split.is_some());
    let mut pairs = ds.pairs_of(dimension);
    pairs.retain(|&p| !split || ds.pairs[p].split == Some(Split::Train));
    (pairs, split)
}

/// First 16 hex digits of the SHA-256 of a prompt: of its folded text, or of its id where it has none. The leakage guard
/// compares these.
pub fn prompt_hash(ds: &Dataset, prompt: usize) -> String {
    let text = ds.items.prompt_texts.get(prompt).cloned().flatten().map(|t| fold(&t)).filter(|t| !t.is_empty());
    let key = text.map_or_else(|| format!("id\0{}", ds.items.prompt_ids[prompt]), |t| format!("text\0{t}"));
    Sha256::digest(key.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Everything that a head stores, from its fit.
#[allow(clippy::too_many_arguments)]
fn assemble(
    ds: &Dataset,
    features: &FeatureMatrix,
    dimension: &str,
    preparation: Preparation,
    prepared: &Array2<f64>,
    matrix: &PairMatrix,
    fit: Fit,
    options: &TrainOptions,
) -> Head {
    let scales = &preparation.scales;
    let original = |w: f64, j: usize| w / scales[j];
    let weights: Vec<f64> = fit.weights.iter().enumerate().map(|(j, &w)| original(w, j)).collect();
    let intervals = (fit.intervals.iter().enumerate())
        .map(|(j, i)| WeightInterval { low: original(i.low, j), high: original(i.high, j), ..*i })
        .collect();
    let score =
        |item: usize| -> f64 { (0..weights.len()).map(|j| weights[j] * (prepared[[item, j]] * scales[j])).sum() };
    let human = |row: usize| matrix.votes[row].plurality();
    let margins: Vec<(i8, f64)> = (matrix.pair.iter().enumerate())
        .map(|(row, &p)| (human(row), counts::margin(score(ds.pairs[p].a), score(ds.pairs[p].b))))
        .collect();
    let labels: Vec<f64> = margins.iter().map(|&(h, _)| f64::from(h)).collect();
    let marginal = matrix.x.columns().into_iter().map(|column| rank::spearman(&column.to_vec(), &labels)).collect();
    let items: BTreeSet<usize> = matrix.pair.iter().flat_map(|&p| [ds.pairs[p].a, ds.pairs[p].b]).collect();
    let mut scores: Vec<f64> = items.into_iter().map(score).collect();
    scores.sort_unstable_by(f64::total_cmp);
    let prompts: BTreeSet<usize> = matrix.pair.iter().map(|&p| ds.items.prompt[ds.pairs[p].a]).collect();
    let prompts: BTreeSet<String> = prompts.into_iter().map(|p| prompt_hash(ds, p)).collect();
    Head {
        dimension: dimension.to_owned(),
        columns: features.columns.clone(),
        weights,
        intervals,
        marginal,
        coding: features.coding,
        source: features.source,
        layout: features.layout,
        gates: gates(ds, features),
        imported: None,
        ties: options.ties,
        tie_threshold: counts::calibrate(&margins).map_or(0.0, |(epsilon, _)| epsilon),
        lambda: fit.lambda,
        lambda_max: fit.lambda_max,
        rule: (!fit.curve.is_empty()).then_some(options.rule),
        curve: fit.curve,
        certificate: fit.certificate,
        quantiles: (0..=100).filter_map(|k| quantile_sorted(&scores, f64::from(k) / 100.0)).collect(),
        pairs: matrix.pair.len(),
        groups: matrix.group.iter().collect::<BTreeSet<_>>().len(),
        prompts: prompts.into_iter().collect(),
        notes: left_out(matrix).into_iter().chain(fit.notes).collect(),
        preparation,
    }
}

/// The gates that masked the answers behind these features.
fn gates(ds: &Dataset, features: &FeatureMatrix) -> Option<Vec<crate::checklist::Gate>> {
    let applied = features.layout == Some(Layout::Fixed);
    ds.checklist.as_ref().filter(|_| applied).map(|checklist| checklist.gates.clone())
}

/// The columns of the head's own checklist dimension; an item is scoreable if it answers one of them.
fn own_columns(features: &FeatureMatrix, dimension: &str) -> Result<FeatureMatrix> {
    let own: Vec<usize> =
        (0..features.columns.len()).filter(|&j| features.columns[j].dimension.as_deref() == Some(dimension)).collect();
    if own.is_empty() {
        let known: BTreeSet<&str> = features.columns.iter().filter_map(|c| c.dimension.as_deref()).collect();
        let known = if known.is_empty() {
            "no feature has a checklist dimension: name a checklist in dataset.toml".to_owned()
        } else {
            format!("the checklist has {}", known.into_iter().collect::<Vec<_>>().join(", "))
        };
        return Err(Error::Usage(format!(
            "--scope own: no feature belongs to dimension \"{dimension}\" ({known}); \
             use --scope all or choose dimensions with --dimension"
        )));
    }
    let values = features.values.select(ndarray::Axis(1), &own);
    Ok(FeatureMatrix {
        item_ids: features.item_ids.clone(),
        columns: own.iter().map(|&j| features.columns[j].clone()).collect(),
        scoreable: values.rows().into_iter().map(|row| row.iter().any(|v| !v.is_nan())).collect(),
        values,
        coding: features.coding,
        source: features.source,
        layout: features.layout,
        notes: features.notes.clone(),
    })
}

fn fit_options(features: &FeatureMatrix, options: &TrainOptions) -> FitOptions {
    let columns = features.columns.len();
    let bounds = match options.bounds {
        BoundsRule::Default => default_bounds(&features.columns),
        BoundsRule::NonNegative => vec![(0.0, f64::INFINITY); columns],
        BoundsRule::Free => vec![(f64::NEG_INFINITY, f64::INFINITY); columns],
    };
    FitOptions {
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
        factors: vec![1.0; columns],
        names: features.columns.iter().map(|c| c.id.clone()).collect(),
    }
}

fn left_out(matrix: &PairMatrix) -> Vec<String> {
    let mut notes = Vec::new();
    if matrix.unscoreable > 0 {
        notes.push(format!("{} pairs left out: an item has no answer at all.", matrix.unscoreable));
    }
    if matrix.dropped > 0 {
        notes.push(format!("{} pairs left out: an answer is missing (`--missing drop`).", matrix.dropped));
    }
    notes
}

fn nothing_left(dimension: &str, asked: usize, matrix: &PairMatrix) -> Problem {
    let message = format!(
        "no pair is left to fit dimension \"{dimension}\" on: of {asked} pairs, {} have an item without any answer and {} \
         were dropped for a missing one",
        matrix.unscoreable, matrix.dropped
    );
    Problem::new(
        Severity::Error,
        "no-pairs",
        "pairs",
        message,
        "see `headfit check DATA`, or choose another `--missing`",
    )
}

/// The same error, with the dimension in its message.
fn in_dimension(dimension: &str, error: Error) -> Error {
    match error {
        Error::Data(problems) => {
            let mut named = crate::problems::Problems::default();
            for problem in problems.of(Severity::Error) {
                let message = format!("dimension \"{dimension}\": {}", problem.message);
                named.push(Problem { message, ..problem.clone() });
            }
            Error::Data(Box::new(named))
        }
        other => other,
    }
}

fn unconverged(dimension: &str, fit: &Fit, options: &TrainOptions) -> String {
    let mut text = format!(
        "dimension \"{dimension}\": the fit stopped after {} Newton steps with a KKT residual of {:.1e} (limit {:.0e}) at \
         λ = {:.3e}; raise --lambda, or accept it with --allow-unconverged",
        fit.certificate.iterations, fit.certificate.kkt, options.tolerance, fit.lambda
    );
    for note in &fit.notes {
        text.push_str("\n  ");
        text.push_str(note);
    }
    text
}
