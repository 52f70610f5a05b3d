//! Weights along the path of penalties, for the reader of a chart: the fit at some λ of the path that the head's own λ
//! was chosen from.

use rayon::prelude::*;

use super::train::train;
use super::{Head, TrainOptions};
use crate::Result;
use crate::dataset::Dataset;
use crate::features::FeatureMatrix;
use crate::fit::Method;

/// Most λ of a trace.
const POINTS: usize = 24;
/// Most columns that get one.
const COLUMNS: usize = 40;

/// One weight along the path.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct WeightTrace {
    /// Column id.
    pub id: String,
    /// λ, and the weight times the column's scale (the unit of the weight charts) at that λ; λ falls.
    pub points: Vec<(f64, f64)>,
}

/// The traces of the columns that enter `head`'s path, those with the largest weights first. `pairs` and `options` are
/// those that the head was trained with. Empty where λ was given or the method has no path of penalties.
///
/// # Errors
/// As [`train`].
pub fn traces(
    ds: &Dataset,
    features: &FeatureMatrix,
    (dimension, pairs): (usize, &[usize]),
    options: &TrainOptions,
    head: &Head,
) -> Result<Vec<WeightTrace>> {
    if head.method != Method::Sparse || head.curve.len() < 2 {
        return Ok(Vec::new());
    }
    let last = head.curve.len() - 1;
    let mut lambdas: Vec<f64> = (0..POINTS).map(|k| head.curve[k * last / (POINTS - 1)].lambda).collect();
    lambdas.push(head.lambda);
    lambdas.sort_by(|a, b| b.total_cmp(a));
    lambdas.dedup();
    let effects = |lambda: &f64| -> Result<Vec<f64>> {
        if *lambda == head.lambda {
            return Ok((0..head.columns.len()).map(|j| effect(head, j)).collect());
        }
        let options = TrainOptions { lambda: Some(*lambda), bootstrap: 0, allow_unconverged: true, ..options.clone() };
        let at = train(ds, features, dimension, pairs, &options)?;
        Ok((0..at.columns.len()).map(|j| effect(&at, j)).collect())
    };
    let along: Vec<Vec<f64>> = lambdas.par_iter().map(effects).collect::<Result<_>>()?;
    let largest = |j: usize| along.iter().map(|w| w[j].abs()).fold(0.0, f64::max);
    let mut columns: Vec<usize> = (0..head.columns.len()).filter(|&j| largest(j) > 0.0).collect();
    // What the head uses comes first, so that nothing of it is cut.
    columns.sort_by(|&a, &b| {
        let key = |j: usize| (effect(head, j) != 0.0, largest(j));
        key(b).0.cmp(&key(a).0).then(key(b).1.total_cmp(&key(a).1))
    });
    columns.truncate(COLUMNS);
    let trace = |j: usize| WeightTrace {
        id: head.columns[j].id.clone(),
        points: lambdas.iter().zip(&along).map(|(&lambda, weights)| (lambda, weights[j])).collect(),
    };
    Ok(columns.into_iter().map(trace).collect())
}

/// A weight in the unit in which columns can be compared.
fn effect(head: &Head, j: usize) -> f64 {
    head.weights.get(j).copied().unwrap_or(0.0) * head.preparation.scales.get(j).copied().unwrap_or(1.0)
}
