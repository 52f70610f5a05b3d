//! Heads from ratings: the ordered (cumulative) logit, P(rating ≤ level k) = σ(c_k − x·w), c_1 < c_2 < …
//!
//! McCullagh, "Regression models for ordinal data", JRSS B 42 (1980). Jointly convex in weights and cut-points. The
//! cut-points are kept relative to those of the fit without features, which are the logits of the observed shares.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::extended::{ExtendedRows, OwnTerm, RowLoss, Terms, softplus};
use super::rows::data_error;
use crate::Result;

/// Most distinct values of a rating scale.
const MOST_LEVELS: usize = 100;

/// Loss of one rating; see the module.
pub struct OrderedLoss {
    /// Level of each row, from 0.
    level: Vec<usize>,
    /// Largest value of each level, ascending.
    levels: Vec<f64>,
    /// Values that share a level with another.
    merged: usize,
    /// Cut-points of the fit without features.
    null: Vec<f64>,
}

impl OrderedLoss {
    /// Largest value of each level, ascending.
    pub fn levels(&self) -> &[f64] {
        &self.levels
    }

    /// Number of different values that were taken together with another one.
    pub fn merged(&self) -> usize {
        self.merged
    }

    /// Level of each row, from 0.
    pub(super) fn level(&self) -> &[usize] {
        &self.level
    }

    /// The cut-points behind the own parameters `own`.
    pub fn cut_points(&self, own: &[f64]) -> Vec<f64> {
        self.null.iter().zip(own).map(|(null, own)| null + own).collect()
    }
}

/// Ratings as rows: `x` [ratings, columns] are the items' values (not differences), `values` the ratings.
///
/// # Errors
/// [`crate::Error::Data`] without ratings, with a single value only, or with more than a hundred different ones.
pub fn rows(
    x: Vec<f64>,
    columns: usize,
    values: &[f64],
    weight: Vec<f64>,
    group: Vec<usize>,
) -> Result<ExtendedRows<'static, OrderedLoss>> {
    let mut distinct: Vec<f64> = values.iter().map(|v| v + 0.0).collect();
    distinct.sort_unstable_by(f64::total_cmp);
    distinct.dedup();
    if distinct.len() > MOST_LEVELS {
        let message =
            format!("{} different rating values; an ordered logit takes at most {MOST_LEVELS}", distinct.len());
        return Err(data_error("too-many-rating-values", message, "round the ratings, or fit on pairs"));
    }
    let levels = merged(&distinct, values, &weight, &group);
    if levels.len() < 2 {
        let seen = if distinct.len() < 2 {
            distinct.first().map_or("there is none".into(), |v| format!("all are {v}"))
        } else {
            format!("of {} values, too few prompts have more than one", distinct.len())
        };
        let message = format!("an ordered logit needs ratings of at least two values; {seen}");
        return Err(data_error(
            "one-rating-value",
            message,
            "fit on pairs, or leave this dimension out with `--dimension`",
        ));
    }
    let level: Vec<usize> = values.iter().map(|v| levels.partition_point(|l| l < v)).collect();
    let mut share = vec![0.0; levels.len()];
    level.iter().zip(&weight).for_each(|(&k, m)| share[k] += m);
    let total: f64 = share.iter().sum();
    let mut below = 0.0;
    let mut null = Vec::with_capacity(levels.len() - 1);
    for share in &share[..levels.len() - 1] {
        below += share;
        null.push((below / (total - below)).ln());
    }
    Ok(ExtendedRows {
        x: Cow::Owned(x),
        columns,
        weight: Cow::Owned(weight),
        group: Cow::Owned(group),
        loss: OrderedLoss { level, merged: distinct.len() - levels.len(), levels, null },
    })
}

/// The largest value of each level. Values that few prompts have are taken together with the next higher one (the
/// highest: with the next lower one), so that no fold and hardly a resample lacks a level: its cut-points would have no
/// order there.
fn merged(distinct: &[f64], values: &[f64], weight: &[f64], group: &[usize]) -> Vec<f64> {
    let all: BTreeSet<usize> = group.iter().copied().collect();
    let needed = (all.len() / 20).clamp(1, 10);
    let mut levels = Vec::new();
    let mut met: BTreeSet<usize> = BTreeSet::new();
    for &value in distinct {
        let rows = (0..values.len()).filter(|&i| values[i] == value && weight[i] > 0.0);
        met.extend(rows.map(|i| group[i]));
        if met.len() >= needed {
            levels.push(value);
            met.clear();
        }
    }
    if let (Some(last), Some(&highest)) = (levels.last_mut(), distinct.last()) {
        *last = highest;
    }
    levels
}

impl RowLoss for OrderedLoss {
    fn own(&self) -> usize {
        self.null.len()
    }

    fn terms(&self, row: usize, z: f64, own: &[f64]) -> Terms {
        let level = self.level[row];
        let cut = |k: usize| self.null[k] + own[k];
        let upper = (level < self.null.len()).then(|| cut(level));
        let lower = (level > 0).then(|| cut(level - 1));
        terms(z, level, lower, upper)
    }
}

/// −log(σ(u−z) − σ(l−z)) = log(1+e^{z−u}) + log(1+e^{l−z}) − log(1−e^{l−u}); the last only between two cut-points.
fn terms(z: f64, level: usize, lower: Option<f64>, upper: Option<f64>) -> Terms {
    let mut terms = Terms::default();
    if let Some(u) = upper {
        let (loss, sigma) = softplus(z - u);
        let bend = sigma * (1.0 - sigma);
        terms.loss += loss;
        terms.slope += sigma;
        terms.bend += bend;
        terms.own[terms.used] = OwnTerm { index: level, slope: -sigma, bend, with_z: -bend };
        terms.used += 1;
    }
    if let Some(l) = lower {
        let (loss, sigma) = softplus(l - z);
        let bend = sigma * (1.0 - sigma);
        terms.loss += loss;
        terms.slope -= sigma;
        terms.bend += bend;
        terms.own[terms.used] = OwnTerm { index: level - 1, slope: sigma, bend, with_z: -bend };
        terms.used += 1;
    }
    if let (Some(l), Some(u)) = (lower, upper) {
        // Cut-points out of order have no probability: infinite loss, which no step accepts.
        let gap = u - l;
        if gap <= 0.0 {
            terms.loss = f64::INFINITY;
            return terms;
        }
        let rest = -(-gap).exp_m1();
        let ratio = (1.0 - rest) / rest; // 1/(e^gap − 1)
        let bend = ratio / rest;
        terms.loss -= rest.ln();
        terms.own[0].slope -= ratio;
        terms.own[1].slope += ratio;
        terms.own[0].bend += bend;
        terms.own[1].bend += bend;
        terms.cross = -bend;
    }
    terms
}
