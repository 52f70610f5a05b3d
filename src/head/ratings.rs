//! Heads from ratings of single items: ordered logit over the items of the training prompts.

use std::collections::BTreeSet;

use ndarray::{Array2, ArrayView1};

use super::train::no_data;
use crate::Result;
use crate::dataset::Dataset;
use crate::features::{FeatureMatrix, PairMatrix};
use crate::fit::{self, Fit, FitOptions, Method};

/// Fits the head of `dimension` on its ratings. Every rating of an item whose prompt has a training pair is a row;
/// groups are prompts, as for pairs. The second value turns the head's margins into those of a model of the training
/// pairs, whose tie model is in [`Fit::ties`].
///
/// # Errors
/// [`crate::Error::Data`] where there are no ratings of this dimension; those of [`fit::fit_ratings`].
pub(super) fn fit(
    ds: &Dataset,
    features: &FeatureMatrix,
    prepared: &Array2<f64>,
    dimension: usize,
    matrix: &PairMatrix,
    options: &FitOptions,
) -> Result<(Fit, f64)> {
    let name = &ds.dimensions[dimension];
    let groups: BTreeSet<usize> = matrix.group.iter().copied().collect();
    let usable = |item: usize| {
        features.scoreable[item]
            && groups.contains(&ds.items.group(item))
            && prepared.row(item).iter().all(|v| !v.is_nan())
    };
    let ratings: Vec<_> = ds.ratings.iter().filter(|r| r.dimension == *name && usable(r.item)).collect();
    if ratings.is_empty() {
        return Err(no_data(
            "no-ratings",
            "ratings",
            format!("there are no ratings of dimension \"{name}\" for items with features"),
            "use a method that fits pairs, or choose dimensions with `--dimension`",
        ));
    }
    let columns = features.columns.len();
    let x: Vec<f64> = ratings.iter().flat_map(|r| prepared.row(r.item).to_vec()).collect();
    let values: Vec<f64> = ratings.iter().map(|r| r.value).collect();
    let group: Vec<usize> = ratings.iter().map(|r| ds.items.group(r.item)).collect();
    let rows = fit::ordered::rows(x, columns, &values, vec![1.0; values.len()], group)?;
    let items = ratings.iter().map(|r| r.item).collect::<BTreeSet<_>>().len();
    let mut fitted = fit::fit_ratings(&rows, items, options)?;
    let (slope, ties) = link(matrix, &fitted.weights, options)?;
    fitted.ties = ties;
    Ok((fitted, slope))
}

/// Slope and tie model that make chances of verdicts out of the head's margins on the training pairs; slope 0 where the
/// head has no weight, 1 where the pairs are all ties.
fn link(matrix: &PairMatrix, weights: &[f64], options: &FitOptions) -> Result<(f64, fit::TieModel)> {
    let w = ArrayView1::from(weights);
    let margins = matrix.x.dot(&w);
    let one = PairMatrix { x: margins.insert_axis(ndarray::Axis(1)), ..matrix.clone() };
    if !matrix.votes.iter().any(|v| v.a + v.b > 0.0) {
        return Ok((1.0, fit::TieModel::None));
    }
    let options = FitOptions {
        method: Method::Sparse,
        lambda: Some(0.0),
        bootstrap: 0,
        group_penalty: 0.0,
        groups: Vec::new(),
        bounds: vec![(0.0, f64::INFINITY)],
        factors: vec![1.0],
        names: vec!["margin".into()],
        ..options.clone()
    };
    let fitted = fit::fit(&one, &options)?;
    Ok((fitted.weights[0], fitted.ties))
}
