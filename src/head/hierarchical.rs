//! Hierarchical heads: a head per dimension, then non-negative weights of the dimensions' scores.
//!
//! The parts of a head are the checklist's dimensions, each fitted on the questions of that dimension alone, with the
//! labels of a dimension of that name where people gave any and the target's own labels otherwise. Where columns belong
//! to no dimension, the parts are the other dimensions that people labelled, each fitted on all columns. The weights of
//! the parts are fitted on score differences of prompts that the parts' own fits did not see. What results is one
//! linear head: the weight of a question is that of its part times the one within the part.

use std::collections::{BTreeMap, BTreeSet};

use ndarray::{Array2, Axis};
use rayon::prelude::*;

use super::options::TrainOptions;
use crate::dataset::{Dataset, Split};
use crate::features::{FeatureMatrix, PairMatrix};
use crate::fit::cross_validation::folds_by_group;
use crate::fit::method::Part;
use crate::fit::{self, Details, Fit, FitOptions, Method};
use crate::{Error, Result};

/// One dimension of the head, before its weight is known.
struct Plan {
    /// Name.
    name: String,
    /// Its columns.
    columns: Vec<usize>,
    /// Dimension whose labels it is fitted on.
    labels: usize,
    /// Training pairs.
    pairs: Vec<usize>,
}

/// What all steps need.
pub(super) struct Input<'a> {
    pub ds: &'a Dataset,
    pub features: &'a FeatureMatrix,
    /// Filled and scaled items [items, columns].
    pub prepared: &'a Array2<f64>,
    /// Index of the target dimension.
    pub dimension: usize,
    /// Training pairs of the target.
    pub matrix: &'a PairMatrix,
    /// Options of a fit on all columns.
    pub fit: &'a FitOptions,
    pub train: &'a TrainOptions,
}

/// Fits parts and their weights. The result's weights are those of the composed head, in scaled units; its certificate
/// is that of the second step, and not converged where any part is not.
///
/// # Errors
/// [`Error::Usage`] where there are no parts; those of [`fit::fit`].
pub(super) fn fit(input: &Input) -> Result<Fit> {
    let plans = plan(input)?;
    let groups: BTreeSet<usize> = input.matrix.group.iter().copied().collect();
    if groups.len() < 2 {
        return Err(Error::Usage("--method hierarchical needs pairs of at least two prompts".into()));
    }
    let fold = folds_by_group(&input.matrix.group, input.train.folds, input.train.seed);
    let fold_of: BTreeMap<usize, usize> = input.matrix.group.iter().copied().zip(fold.iter().copied()).collect();
    let folds = fold.iter().max().map_or(0, |f| f + 1);
    let parts: Vec<Fit> =
        plans.par_iter().map(|p| part(input, p, input.fit.lambda, &|_| true)).collect::<Result<_>>()?;
    // Part scores of the rows of each fold, by parts fitted on the other folds at the λ of all (pre-validation: Tibshirani
    // and Efron, Stat. Appl. Genet. Mol. Biol. 1, 2002). Choosing λ anew in each would cost five times as much.
    let held_out: Vec<Vec<Fit>> = (0..folds)
        .into_par_iter()
        .map(|out| {
            let fitted = plans.iter().zip(&parts);
            fitted
                .map(|(p, f)| part(input, p, Some(f.lambda), &|g| fold_of.get(&g) != Some(&out)))
                .collect::<Result<_>>()
        })
        .collect::<Result<_>>()?;
    let mut z = Array2::zeros((input.matrix.pair.len(), plans.len()));
    for (i, row) in input.matrix.x.rows().into_iter().enumerate() {
        for (k, plan) in plans.iter().enumerate() {
            let w = &held_out[fold[i]][k].weights;
            z[[i, k]] = plan.columns.iter().zip(w).map(|(&j, w)| w * row[j]).sum();
        }
    }
    let scores = PairMatrix { x: z, ..input.matrix.clone() };
    let mut top = fit::fit(&scores, &top_options(input, &plans))?;
    let mut weights = vec![0.0; input.features.columns.len()];
    for ((plan, fitted), v) in plans.iter().zip(&parts).zip(&top.weights) {
        plan.columns.iter().zip(&fitted.weights).for_each(|(&j, w)| weights[j] += v * w);
    }
    let failed = parts.iter().chain(held_out.iter().flatten()).filter(|f| !f.certificate.converged).count();
    top.certificate.converged &= failed == 0;
    if failed > 0 {
        top.notes.push(format!("{failed} fits of single dimensions did not converge."));
    }
    top.notes.push(told(input, &plans));
    let part = |((plan, fitted), &weight): ((&Plan, &Fit), &f64)| Part {
        dimension: plan.name.clone(),
        weight: if fitted.weights.iter().all(|&w| w == 0.0) { 0.0 } else { weight },
        labels: input.ds.dimensions[plan.labels].clone(),
        pairs: plan.pairs.len(),
    };
    let details = Details::Hierarchical(plans.iter().zip(&parts).zip(&top.weights).map(part).collect());
    Ok(Fit { weights, intervals: Vec::new(), curve: Vec::new(), details: Some(details), ..top })
}

/// The parts; see the module.
fn plan(input: &Input) -> Result<Vec<Plan>> {
    let Input { ds, features, dimension, matrix, .. } = *input;
    let mut by_name: Vec<(String, Vec<usize>)> = Vec::new();
    for (j, column) in features.columns.iter().enumerate() {
        let Some(name) = &column.dimension else { continue };
        match by_name.iter_mut().find(|(known, _)| known == name) {
            Some((_, columns)) => columns.push(j),
            None => by_name.push((name.clone(), vec![j])),
        }
    }
    let all: Vec<usize> = (0..features.columns.len()).collect();
    let mut plans: Vec<(String, Vec<usize>, usize)> = if by_name.is_empty() {
        let others = (0..ds.dimensions.len()).filter(|&d| d != dimension);
        others.map(|d| (ds.dimensions[d].clone(), all.clone(), d)).collect()
    } else {
        let labels = |name: &str| ds.dimension(name).unwrap_or(dimension);
        by_name.into_iter().map(|(name, columns)| (name.clone(), columns, labels(&name))).collect()
    };
    // Only prompts that the target is trained on: others may be held out by whoever calls.
    let groups: BTreeSet<usize> = matrix.group.iter().copied().collect();
    let pairs_of = |labels: usize| -> Vec<usize> {
        if labels == dimension {
            return matrix.pair.clone();
        }
        let mut pairs = ds.pairs_of(labels);
        pairs.retain(|&p| groups.contains(&ds.group_of_pair(p)) && ds.pairs[p].split != Some(Split::Test));
        pairs
    };
    let mut found: Vec<Plan> = (plans.drain(..))
        .map(|(name, columns, labels)| Plan { name, columns, labels, pairs: pairs_of(labels) })
        .collect();
    found.retain(|plan| !plan.pairs.is_empty());
    if found.is_empty() {
        let name = &ds.dimensions[dimension];
        return Err(Error::Usage(format!(
            "--method hierarchical: \"{name}\" has no parts; name a checklist in dataset.toml, or give labels on other \
             dimensions for the same prompts"
        )));
    }
    Ok(found)
}

/// The head of one part on its pairs in the groups that `takes` admits; λ by cross-validation where none is given.
fn part(input: &Input, plan: &Plan, lambda: Option<f64>, takes: &dyn Fn(usize) -> bool) -> Result<Fit> {
    let pairs: Vec<usize> = plan.pairs.iter().copied().filter(|&p| takes(input.ds.group_of_pair(p))).collect();
    let full = PairMatrix::new(input.ds, input.features, input.prepared, &pairs);
    let options = FitOptions {
        method: Method::Sparse,
        lambda,
        bootstrap: 0,
        bounds: plan.columns.iter().map(|&j| input.fit.bounds[j]).collect(),
        factors: plan.columns.iter().map(|&j| input.fit.factors[j]).collect(),
        groups: plan.columns.iter().filter_map(|&j| input.fit.groups.get(j).copied()).collect(),
        names: plan.columns.iter().filter_map(|&j| input.fit.names.get(j).cloned()).collect(),
        ..input.fit.clone()
    };
    let matrix = PairMatrix { x: full.x.select(Axis(1), &plan.columns), ..full };
    fit::fit(&matrix, &options)
}

/// Weights of the parts: not penalised, not negative.
fn top_options(input: &Input, plans: &[Plan]) -> FitOptions {
    FitOptions {
        method: Method::Sparse,
        lambda: Some(0.0),
        bootstrap: 0,
        group_penalty: 0.0,
        groups: Vec::new(),
        bounds: vec![(0.0, f64::INFINITY); plans.len()],
        factors: vec![1.0; plans.len()],
        names: plans.iter().map(|p| format!("score of {}", p.name)).collect(),
        ..input.fit.clone()
    }
}

fn told(input: &Input, plans: &[Plan]) -> String {
    let own: Vec<&str> = plans.iter().filter(|p| p.labels != input.dimension).map(|p| p.name.as_str()).collect();
    let with = if own.is_empty() {
        "all were fitted on the labels of this dimension".to_owned()
    } else {
        format!("fitted on their own labels: {}", own.join(", "))
    };
    format!(
        "Hierarchical: {} parts, {with}; their weights come from scores of prompts that the parts did not see. The \
         certificate is that of the parts' weights. No weight intervals: a weight is a product of two fits, whose sign and zero \
         belong to its part; `--dimension` with the part's own labels, or `--method sparse`, gives intervals.",
        plans.len()
    )
}
