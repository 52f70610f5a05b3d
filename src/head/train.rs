//! Training pairs of one dimension → a [`Head`].

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::assemble::assemble;
use super::options::{Scope, TrainOptions, fit_options};
use super::{Head, columns, hierarchical, ratings};
use crate::dataset::groups::fold;
use crate::dataset::{Dataset, Split};
use crate::features::{FeatureMatrix, PairMatrix, Preparation};
use crate::fit::{self, Fit, Method};
use crate::problems::{Problem, Severity};
use crate::{Error, Result, output};

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
    let rules = columns::rules(&ds.manifest, &options.columns, &features.columns)?;
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
    let fit_options = fit_options(features, &preparation, &rules, options)?;
    let found = match options.method {
        Method::Hierarchical => {
            let (prepared, matrix, fit) = (&prepared, &matrix, &fit_options);
            let input = hierarchical::Input { ds, features, prepared, dimension, matrix, fit, train: options };
            hierarchical::fit(&input).map(|fit| (fit, 1.0))
        }
        Method::Ratings => ratings::fit(ds, features, &prepared, dimension, &matrix, &fit_options),
        _ => fit::fit(&matrix, &fit_options).map(|fit| (fit, 1.0)),
    };
    let (fit, slope) = found.map_err(|e| in_dimension(name, e))?;
    if !fit.certificate.converged && !options.allow_unconverged {
        return Err(Error::NotConverged(unconverged(name, &fit, options)));
    }
    Ok(assemble(ds, features, name, preparation, &prepared, &matrix, fit, slope, options))
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
    short_hash(&key)
}

/// [`prompt_hash`] of a prompt with this text; `None` for blank text.
pub fn text_hash(text: &str) -> Option<String> {
    Some(fold(text)).filter(|t| !t.is_empty()).map(|t| short_hash(&format!("text\0{t}")))
}

fn short_hash(key: &str) -> String {
    output::hex(&Sha256::digest(key.as_bytes())[..8])
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

pub(super) fn left_out(matrix: &PairMatrix) -> Vec<String> {
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

/// A data error about one dimension.
pub(super) fn no_data(rule: &'static str, table: &str, message: String, remedy: &str) -> Error {
    Error::data(Problem::new(Severity::Error, rule, table, message, remedy))
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
    let found = &fit.certificate;
    let mut text = match options.method {
        Method::VisionrewardProjected => format!(
            "dimension \"{dimension}\": the weights still moved by more than {} (--epsilon) in the last of {} epochs \
             (--epochs); give more epochs, a smaller --learning-rate or a larger --epsilon, or accept it with \
             --allow-unconverged",
            options.epochs.epsilon, found.iterations
        ),
        _ => format!(
            "dimension \"{dimension}\": the fit stopped after {} Newton steps with a KKT residual of {:.1e} (limit {:.0e}) \
             at λ = {:.3e}; raise --lambda, or accept it with --allow-unconverged",
            found.iterations, found.kkt, options.tolerance, fit.lambda
        ),
    };
    for note in &fit.notes {
        text.push_str("\n  ");
        text.push_str(note);
    }
    text
}
