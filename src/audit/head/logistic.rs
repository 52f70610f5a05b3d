//! A small logistic regression without a penalty worth the name, and its bootstrap over prompts. It serves what is asked
//! *beside* a head: a few columns, no selection, an interval that nothing has shrunk.

use ndarray::{Array2, Axis};
use rand::RngExt;
use rayon::prelude::*;

use crate::rng;
use crate::stats::linear::{cholesky, solve_with};
use crate::stats::quantile;

/// Curvature added to the diagonal, relative to its mean: keeps redundant columns (one per generator, though they sum to
/// nothing) at the solution of smallest norm, in which their coefficients sum to 0.
const RIDGE: f64 = 1e-6;
/// Coefficients beyond this are no estimates: the column separates the labels.
const SEPARATED: f64 = 12.0;

/// Rows of a regression.
pub(super) struct Rows {
    /// [rows, columns].
    pub x: Array2<f64>,
    /// Label of each row in [0, 1].
    pub y: Vec<f64>,
    /// Weight of each row.
    pub weight: Vec<f64>,
    /// Cluster of each row, numbered from 0 without gaps.
    pub cluster: Vec<usize>,
    /// Number of clusters.
    pub clusters: usize,
}

/// A fit.
pub(super) struct Fitted {
    /// One per column.
    pub coefficients: Vec<f64>,
    /// Factor of the curvature at the solution.
    factor: Array2<f64>,
}

/// Interval and p-value (against 0) of a coefficient.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spread {
    pub low: f64,
    pub high: f64,
    pub p: f64,
}

fn sigma(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

impl Rows {
    /// The maximum-likelihood fit by damped Newton steps; `None` where there is none (separation, nothing but constants).
    pub fn fit(&self) -> Option<Fitted> {
        let d = self.x.ncols();
        if self.y.is_empty() || d == 0 {
            return None;
        }
        let total: f64 = self.weight.iter().sum();
        // Stays the same in every step, so that the objective is one function.
        let (_, at_zero) = self.slope_and_curvature(&vec![0.0; d]);
        let ridge = RIDGE * at_zero.diag().sum() / d as f64;
        let objective = |w: &[f64]| self.loss(w) + 0.5 * ridge * w.iter().map(|v| v * v).sum::<f64>();
        let mut w = vec![0.0; d];
        let mut value = objective(&w);
        for _ in 0..60 {
            let (mut slope, mut curvature) = self.slope_and_curvature(&w);
            slope.iter_mut().zip(&w).for_each(|(s, w)| *s += ridge * w);
            curvature.diag_mut().iter_mut().for_each(|c| *c += ridge);
            let factor = cholesky(&curvature)?;
            let step = solve_with(&factor, &slope);
            let promised: f64 = step.iter().zip(&slope).map(|(a, b)| a * b).sum();
            if promised <= 1e-12 * total {
                let sound = w.iter().all(|v| v.abs() <= SEPARATED);
                return sound.then_some(Fitted { coefficients: w, factor });
            }
            let mut length = 1.0;
            loop {
                let tried: Vec<f64> = w.iter().zip(&step).map(|(w, s)| w - length * s).collect();
                let reached = objective(&tried);
                if reached <= value - 1e-4 * length * promised || length < 1e-6 {
                    (w, value) = (tried, reached);
                    break;
                }
                length /= 2.0;
            }
        }
        None
    }

    fn margins(&self, w: &[f64]) -> Vec<f64> {
        self.x.rows().into_iter().map(|row| row.iter().zip(w).map(|(x, w)| x * w).sum()).collect()
    }

    fn loss(&self, w: &[f64]) -> f64 {
        let softplus = |z: f64| z.max(0.0) + (-z.abs()).exp().ln_1p();
        self.margins(w).iter().zip(&self.y).zip(&self.weight).map(|((&z, y), m)| m * (softplus(z) - y * z)).sum()
    }

    fn slope_and_curvature(&self, w: &[f64]) -> (Vec<f64>, Array2<f64>) {
        let z = self.margins(w);
        let mut slope = vec![0.0; w.len()];
        let mut scaled = self.x.clone();
        for (i, mut row) in scaled.axis_iter_mut(Axis(0)).enumerate() {
            let p = sigma(z[i]);
            let residual = self.weight[i] * (p - self.y[i]);
            slope.iter_mut().zip(&row).for_each(|(s, x)| *s += residual * x);
            let root = (self.weight[i] * p * (1.0 - p)).sqrt();
            row.iter_mut().for_each(|x| *x *= root);
        }
        (slope, scaled.t().dot(&scaled))
    }

    /// Percentile intervals and p-values of the coefficients `wanted`: prompts are resampled, and each draw takes one Newton
    /// step from the fit with the fit's curvature (the score bootstrap of Kline and Santos 2012), widened for the
    /// columns fitted by √(n/(n − d)).
    pub fn bootstrap(&self, fit: &Fitted, wanted: &[usize], draws: usize, seed: u64, purpose: &str) -> Vec<Spread> {
        let (n, d) = self.x.dim();
        let z = self.margins(&fit.coefficients);
        let mut scores = vec![vec![0.0; d]; self.clusters];
        for (i, row) in self.x.rows().into_iter().enumerate() {
            let residual = self.weight[i] * (self.y[i] - sigma(z[i]));
            scores[self.cluster[i]].iter_mut().zip(&row).for_each(|(s, x)| *s += residual * x);
        }
        // What each cluster moves the wanted coefficients by, when it is drawn once more.
        let moves: Vec<Vec<f64>> = scores
            .iter()
            .map(|score| {
                let step = solve_with(&fit.factor, score);
                wanted.iter().map(|&j| step[j]).collect()
            })
            .collect();
        let widen = (n as f64 / (n.saturating_sub(d).max(1)) as f64).sqrt();
        let drawn: Vec<Vec<f64>> = (0..draws)
            .into_par_iter()
            .map(|draw| {
                let mut stream = rng::stream(seed, purpose, draw as u64);
                let mut sum = vec![0.0; wanted.len()];
                for _ in 0..self.clusters {
                    let cluster = stream.random_range(0..self.clusters as u32) as usize;
                    sum.iter_mut().zip(&moves[cluster]).for_each(|(s, m)| *s += m);
                }
                sum
            })
            .collect();
        let spread = |k: usize| {
            let estimate = fit.coefficients[wanted[k]];
            let values: Vec<f64> = drawn.iter().map(|draw| estimate + widen * draw[k]).collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let se = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt();
            let p = if se > 0.0 { 2.0 * crate::stats::normal::cdf(-(estimate / se).abs()) } else { 1.0 };
            Some(Spread { low: quantile(&values, 0.025)?, high: quantile(&values, 0.975)?, p })
        };
        (0..wanted.len()).filter_map(spread).collect()
    }

    /// Two rows per pair, for labels with ties: "not b" with log-odds z + η and "a" with z − η, η in a last column. Their
    /// joint fit estimates the model of Rao and Kupper (definitions §3.9: the cumulative logit with cut-points ±η) with as
    /// little bias as the full likelihood; half a win for a tie would pull coefficients towards 0. The clusters of the
    /// bootstrap hold both rows of a pair. `not_b` is the label of the first kind, `self.y` that of the second.
    pub fn with_ties(&self, not_b: &[f64]) -> Self {
        let (n, d) = self.x.dim();
        let twice = |values: &[f64]| [values, values].concat();
        let mut x = Array2::zeros((2 * n, d + 1));
        for (i, row) in self.x.rows().into_iter().enumerate() {
            for (at, cut) in [(i, 1.0), (n + i, -1.0)] {
                x.slice_mut(ndarray::s![at, ..d]).assign(&row);
                x[[at, d]] = cut;
            }
        }
        Self {
            x,
            y: [not_b, &self.y].concat(),
            weight: twice(&self.weight),
            cluster: [&self.cluster[..], &self.cluster[..]].concat(),
            clusters: self.clusters,
        }
    }

    /// The rows at `keep`, with the same numbering of clusters.
    pub fn select(&self, keep: &[usize]) -> Self {
        Self {
            x: self.x.select(Axis(0), keep),
            y: keep.iter().map(|&i| self.y[i]).collect(),
            weight: keep.iter().map(|&i| self.weight[i]).collect(),
            cluster: keep.iter().map(|&i| self.cluster[i]).collect(),
            clusters: self.clusters,
        }
    }

    /// The margin of every row from a fit on the folds that do not hold its cluster; 0 where that fit does not exist.
    pub fn out_of_fold(&self, folds: usize, seed: u64) -> Vec<f64> {
        let fold = crate::fit::cross_validation::folds_by_group(&self.cluster, folds, seed);
        let mut margins = vec![0.0; self.y.len()];
        for f in 0..folds {
            let (held, rest): (Vec<usize>, Vec<usize>) = (0..self.y.len()).partition(|&i| fold[i] == f);
            let Some(fit) = self.select(&rest).fit() else { continue };
            for (i, z) in held.iter().zip(self.select(&held).margins(&fit.coefficients)) {
                margins[*i] = z;
            }
        }
        margins
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two columns with weights 1 and −0.5, labels drawn from the model.
    fn rows(n: usize) -> Rows {
        let mut stream = rng::stream(3, "logistic-test", 0);
        let mut x = Array2::zeros((n, 2));
        let mut y = Vec::new();
        for mut row in x.rows_mut() {
            row[0] = stream.random_range(-1.0..1.0);
            row[1] = stream.random_range(-2.0..2.0);
            let p = sigma(row[0] - 0.5 * row[1]);
            y.push(f64::from(u8::from(stream.random_range(0.0..1.0) < p)));
        }
        Rows { x, y, weight: vec![1.0; n], cluster: (0..n).map(|i| i / 3).collect(), clusters: n.div_ceil(3) }
    }

    #[test]
    fn the_slope_is_zero_at_the_fit_and_the_truth_inside_the_interval() {
        let rows = rows(3000);
        let fit = rows.fit().unwrap();
        let (slope, _) = rows.slope_and_curvature(&fit.coefficients);
        assert!(slope.iter().all(|s| s.abs() < 1e-2), "{slope:?}");
        let spread = rows.bootstrap(&fit, &[0, 1], 500, 1, "test");
        for (spread, truth) in spread.iter().zip([1.0, -0.5]) {
            assert!(spread.low < truth && truth < spread.high && spread.p < 1e-6, "{spread:?}");
        }
    }

    #[test]
    fn the_bootstrap_agrees_with_the_information_matrix() {
        // Independent rows: the standard error is the root of the inverse curvature.
        let mut rows = rows(3000);
        rows.cluster = (0..3000).collect();
        rows.clusters = 3000;
        let fit = rows.fit().unwrap();
        let unit = solve_with(&fit.factor, &[1.0, 0.0]);
        let spread = rows.bootstrap(&fit, &[0], 2000, 1, "test")[0];
        let ratio = (spread.high - spread.low) / (2.0 * 1.96 * unit[0].sqrt());
        assert!((ratio - 1.0).abs() < 0.08, "{ratio}");
    }

    #[test]
    fn ties_bias_neither_slope_nor_cut_point() {
        let mut stream = rng::stream(4, "logistic-ties", 0);
        let (n, eta) = (6000, 0.55);
        let mut rows = rows(n);
        let mut not_b = Vec::new();
        for i in 0..n {
            let z = rows.x[[i, 0]] - 0.5 * rows.x[[i, 1]];
            let u: f64 = stream.random_range(0.0..1.0);
            rows.y[i] = f64::from(u8::from(u < sigma(z - eta)));
            not_b.push(f64::from(u8::from(u < sigma(z + eta))));
        }
        let stacked = rows.with_ties(&not_b);
        let fit = stacked.fit().unwrap();
        let spread = stacked.bootstrap(&fit, &[0, 1, 2], 500, 1, "test");
        for (spread, truth) in spread.iter().zip([1.0, -0.5, eta]) {
            assert!(spread.low < truth && truth < spread.high && spread.high - spread.low < 0.3, "{truth}: {spread:?}");
        }
    }

    #[test]
    fn redundant_columns_share_their_effect_and_separation_is_no_estimate() {
        let rows = rows(600);
        let twice = ndarray::concatenate(Axis(1), &[rows.x.view(), rows.x.view()]).unwrap();
        let doubled = Rows { x: twice, ..rows.select(&(0..600).collect::<Vec<_>>()) };
        let (one, two) = (rows.fit().unwrap(), doubled.fit().unwrap());
        assert!((two.coefficients[0] - two.coefficients[2]).abs() < 1e-6);
        assert!((2.0 * two.coefficients[0] - one.coefficients[0]).abs() < 1e-3);
        let separated = Rows { y: rows.x.column(0).iter().map(|&x| f64::from(u8::from(x > 0.0))).collect(), ..rows };
        assert!(separated.fit().is_none());
    }
}
