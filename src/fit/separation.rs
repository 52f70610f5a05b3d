//! Separation: directions in which the loss only falls, so that some weight has no finite optimum without a penalty.
//!
//! A direction u separates if no hard label contradicts it (s_i x_i·u ≥ 0, s = ±1), no tie moves with it (x_i·u = 0),
//! and it moves some pair. It is complete if it moves every pair, else quasi-complete (Albert and Anderson, Biometrika
//! 71, 1984). Where weights run away, the Newton step does not shrink and turns into such a direction; that is how it
//! is found here, beside the weights themselves and each question alone.

use std::borrow::Cow;

use super::FitOptions;
use super::extended::ExtendedRows;
use super::likelihood::{Likelihood, LogisticRows, Model, curvature, dot, loss_and_gradient, row_of};
use super::ordered::OrderedLoss;
use super::path::Shape;
use super::quadratic;
use super::rows::{column, list};

/// Margins below this share of the largest count as 0: the runaway direction is found to a few digits only.
const SHARE: f64 = 1e-3;

/// A penalty below this share of λ_max leaves runaway weights practically free.
const WEAK_PENALTY: f64 = 1e-4;

/// Names what separates the pairs, if anything does, at the solution `w` for `lambda`.
pub fn note(
    rows: &LogisticRows,
    w: &[f64],
    lambda: f64,
    lambda_max: f64,
    shape: &Shape,
    options: &FitOptions,
) -> Option<String> {
    if separates(rows, w) == Some(Kind::Complete) {
        let columns: Vec<usize> = (0..w.len()).filter(|&j| w[j] != 0.0).collect();
        return Some(complete("every training pair", &columns, options));
    }
    if lambda > WEAK_PENALTY * lambda_max {
        return None;
    }
    let alone: Vec<usize> = (0..rows.columns).filter(|&j| separates_alone(rows, j, shape.bounds[j])).collect();
    let (kind, columns) = match runaway(rows, w, shape) {
        Some((kind, u)) => (kind, moving(&u, &alone)),
        None if !alone.is_empty() => (Kind::Quasi, alone),
        None => return None,
    };
    Some(told(kind, &columns, "labels", options))
}

/// Columns that a direction moves, and those that separate by themselves.
fn moving(u: &[f64], alone: &[usize]) -> Vec<usize> {
    let largest = u.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    (0..u.len()).filter(|&j| u[j].abs() > 0.01 * largest || alone.contains(&j)).collect()
}

/// What is said where the head itself orders everything as people did.
fn complete(what: &str, columns: &[usize], options: &FitOptions) -> String {
    format!(
        "Complete separation: the head orders {what} as people did ({}). Without a penalty the weights would grow for ever; \
         their size here follows from λ alone.",
        list(columns, options)
    )
}

fn told(kind: Kind, columns: &[usize], what: &str, options: &FitOptions) -> String {
    format!(
        "{}: {} never contradict the {what}, so that without a penalty their weights would grow for ever. Weights and \
         intervals of these features mean little; use a larger λ.",
        if kind == Kind::Complete { "Complete separation" } else { "Quasi-complete separation" },
        list(columns, options)
    )
}

/// The same for ratings: a direction separates if it never orders two items against their ratings, and moves some.
/// `w` are all parameters, cut-points included.
pub fn note_ratings(
    rows: &ExtendedRows<OrderedLoss>,
    w: &[f64],
    lambda: f64,
    lambda_max: f64,
    shape: &Shape,
    options: &FitOptions,
) -> Option<String> {
    let columns = rows.columns;
    let along = |u: &[f64]| orders(rows, |i| dot(row_of(&rows.x, columns, i as u32), &u[..columns]));
    if along(w) == Some(Kind::Complete) {
        let used: Vec<usize> = (0..columns).filter(|&j| w[j] != 0.0).collect();
        return Some(complete("all ratings", &used, options));
    }
    if lambda > WEAK_PENALTY * lambda_max {
        return None;
    }
    let open = |j: usize, up: bool| if up { shape.bounds[j].1.is_infinite() } else { shape.bounds[j].0.is_infinite() };
    let alone = |j: usize| {
        let value = |i: usize| rows.x[i * columns + j];
        (open(j, true) && orders(rows, value).is_some()) || (open(j, false) && orders(rows, |i| -value(i)).is_some())
    };
    let alone: Vec<usize> = (0..columns).filter(|&j| alone(j)).collect();
    let likelihood = rows.likelihood(Cow::Borrowed(&rows.weight));
    let u = newton_step(&*likelihood, w, shape);
    let moves = (0..rows.weight.len()).any(|i| dot(row_of(&rows.x, columns, i as u32), &u[..columns]).abs() > 0.1);
    let (kind, named) = match along(&u).filter(|_| moves) {
        Some(kind) => (kind, moving(&u[..columns], &alone)),
        None if !alone.is_empty() => (Kind::Quasi, alone),
        None => return None,
    };
    Some(told(kind, &named, "ratings", options))
}

/// Whether values never order two rows against their levels, and some rows with them.
fn orders(rows: &ExtendedRows<OrderedLoss>, value: impl Fn(usize) -> f64) -> Option<Kind> {
    let levels = rows.loss.levels().len();
    let mut spans = vec![(f64::INFINITY, f64::NEG_INFINITY); levels];
    for (i, &level) in rows.loss.level().iter().enumerate().filter(|(i, _)| rows.weight[*i] > 0.0) {
        let z = value(i);
        spans[level] = (spans[level].0.min(z), spans[level].1.max(z));
    }
    spans.retain(|s| s.0 <= s.1);
    let (least, most) = spans.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |m, s| (m.0.min(s.0), m.1.max(s.1)));
    let limit = SHARE * (most - least);
    if spans.len() < 2 || limit == 0.0 || !limit.is_finite() || spans.windows(2).any(|s| s[1].0 < s[0].1 - limit) {
        return None;
    }
    Some(if spans.windows(2).all(|s| s[1].0 > s[0].1 + limit) { Kind::Complete } else { Kind::Quasi })
}

/// How far a direction separates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Complete,
    Quasi,
}

/// Whether direction `u` separates the rows of positive weight.
fn separates(rows: &LogisticRows, u: &[f64]) -> Option<Kind> {
    let used = || (0..rows.y.len()).filter(|&i| rows.weight[i] > 0.0);
    let margin = |i: usize| dot(row_of(&rows.x, rows.columns, i as u32), u);
    let limit = SHARE * used().map(|i| margin(i).abs()).fold(0.0, f64::max);
    if limit == 0.0 || !limit.is_finite() {
        return None;
    }
    let mut kind = Kind::Complete;
    for i in used() {
        let (z, y) = (margin(i), rows.y[i]);
        let along = if y == 1.0 { z } else { -z };
        if y > 0.0 && y < 1.0 {
            if z.abs() > limit {
                return None;
            }
            kind = Kind::Quasi;
        } else if along < -limit {
            return None;
        } else if along <= limit {
            kind = Kind::Quasi;
        }
    }
    Some(kind)
}

/// Whether one column separates, in a direction that its bounds leave open.
fn separates_alone(rows: &LogisticRows, j: usize, (lower, upper): (f64, f64)) -> bool {
    let (mut up, mut down, mut moves) = (upper == f64::INFINITY, lower == f64::NEG_INFINITY, false);
    for ((v, &y), &m) in column(rows, j).zip(&rows.y).zip(&rows.weight) {
        if v == 0.0 || m == 0.0 {
            continue;
        }
        moves = true;
        up &= (y == 1.0 && v > 0.0) || (y == 0.0 && v < 0.0);
        down &= (y == 1.0 && v < 0.0) || (y == 0.0 && v > 0.0);
    }
    moves && (up || down)
}

/// The Newton step of the loss alone from `w`, within the bounds, if it is a separating direction.
fn runaway(rows: &LogisticRows, w: &[f64], shape: &Shape) -> Option<(Kind, Vec<f64>)> {
    let u = newton_step(&*rows.likelihood(Cow::Borrowed(&rows.weight)), w, shape);
    // A converged fit has a step near 0; only one that still moves some margin by a tenth is running away.
    let moves = (0..rows.y.len()).any(|i| dot(row_of(&rows.x, rows.columns, i as u32), &u).abs() > 0.1);
    moves.then(|| separates(rows, &u).map(|kind| (kind, u)))?
}

/// From `w` to the minimum of the loss's quadratic model within the bounds.
fn newton_step(likelihood: &dyn Likelihood, w: &[f64], shape: &Shape) -> Vec<f64> {
    let (_, gradient) = loss_and_gradient(likelihood, w);
    let h = curvature(likelihood, w);
    let largest_slope = gradient.iter().fold(0.0f64, |m, g| m.max(g.abs()));
    let target = quadratic::minimise(&h, &gradient, w, &shape.penalty(0.0), 1e-4 * largest_slope);
    target.iter().zip(w).map(|(v, w)| v - w).collect()
}
