//! From a fit to everything that a head stores.

use std::collections::BTreeSet;

use ndarray::Array2;

use super::Head;
use super::options::TrainOptions;
use super::train::{left_out, prompt_hash};
use crate::checklist::Gate;
use crate::dataset::Dataset;
use crate::features::{FeatureMatrix, Layout, PairMatrix, Preparation};
use crate::fit::{Details, Fit, OutcomeModel, WeightInterval};
use crate::stats::{counts, quantiles::quantile_sorted, rank};

/// Everything that a head stores, from its fit; `slope` turns its margins into those of the tie model.
#[allow(clippy::too_many_arguments)]
pub(super) fn assemble(
    ds: &Dataset,
    features: &FeatureMatrix,
    dimension: &str,
    preparation: Preparation,
    prepared: &Array2<f64>,
    matrix: &PairMatrix,
    fit: Fit,
    slope: f64,
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
        method: options.method,
        ties: options.ties,
        outcomes: OutcomeModel { ties: fit.ties, slope },
        details: fit.details.map(|details| in_original_units(details, scales)),
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
fn gates(ds: &Dataset, features: &FeatureMatrix) -> Option<Vec<Gate>> {
    let applied = features.layout == Some(Layout::Fixed);
    ds.checklist.as_ref().filter(|_| applied).map(|checklist| checklist.gates.clone())
}

/// Weights that a method lists beside the head's own.
fn in_original_units(details: Details, scales: &[f64]) -> Details {
    match details {
        Details::Recipe(mut found) => {
            found.exact.iter_mut().zip(scales).for_each(|(w, scale)| *w /= scale);
            Details::Recipe(found)
        }
        other => other,
    }
}
