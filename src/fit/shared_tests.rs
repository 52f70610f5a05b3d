//! Fits that share looks at the rows (folds, resamples, a path) against fits that have the rows to themselves.

use std::borrow::Cow;

use rand::Rng;

use super::bootstrap;
use super::cross_validation::{Solution, folds_by_group, out_of_fold};
use super::kernel::Storage;
use super::likelihood::{LogisticRows, Model, Problem, RowWeights, loss_and_gradient};
use super::path::{Shape, follow, grid, start};
use super::solver::{Limits, SMALL_GAP, State, minimise};
use crate::rng;

const EXACT: Limits = Limits { residual: 1e-9, gap: 0.0, iterations: 500 };

/// Correlated answers in {−2, 0, 2}, some of them copies with noise of others.
fn problem<T: Storage + From<i8>>(n: usize, d: usize) -> LogisticRows<'static, T> {
    let mut random = rng::stream(5, "shared-test", d as u64);
    let mut uniform = || (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for _ in 0..n {
        let (a, b) = (uniform() - 0.5, uniform() - 0.5);
        let row: Vec<i8> = (0..d)
            .map(|j| {
                let v = if j % 2 == 0 { a } else { b } + uniform() - 0.5;
                if v > 0.2 {
                    2
                } else if v < -0.2 {
                    -2
                } else {
                    0
                }
            })
            .collect();
        let z: f64 = row.iter().enumerate().map(|(j, &v)| f64::from(v) * ((j * 7 % 5) as f64 - 1.0) * 0.2).sum();
        let p = 1.0 / (1.0 + (-z).exp());
        y.push(if uniform() < 0.1 { 0.5 } else { f64::from(uniform() < p) });
        x.extend(row.into_iter().map(T::from));
    }
    LogisticRows { x: Cow::Owned(x), columns: d, y, weight: vec![1.0; n], group: (0..n).map(|i| i / 2).collect() }
}

fn shape(d: usize) -> Shape {
    // The first column may not fall below 0, the second is not penalised.
    let bounds = (0..d).map(|j| (if j == 0 { 0.0 } else { f64::NEG_INFINITY }, f64::INFINITY)).collect();
    Shape { alpha: 0.9, factors: (0..d).map(|j| f64::from(u8::from(j != 1))).collect(), bounds }
}

/// F of `w` and of a cold fit under the same row weights, in `f64`.
fn against_cold(rows: &LogisticRows<f64>, shape: &Shape, lambda: f64, weight: &[f64], w: &[f64]) -> (f64, f64) {
    let likelihood = rows.likelihood(Cow::Borrowed(weight));
    let penalty = shape.penalty(lambda);
    let mut state = State::new(vec![0.0; w.len()]);
    let cold = minimise(&*likelihood, &penalty, &mut state, EXACT);
    assert!(cold.converged);
    (loss_and_gradient(&*likelihood, w).0 + penalty.value(w), cold.objective)
}

#[test]
fn folds_and_their_losses_are_those_of_fits_on_their_own() {
    let (n, d) = (1_500, 12);
    let (rows, exact) = (problem::<i8>(n, d), problem::<f64>(n, d));
    let shape = shape(d);
    let likelihood = rows.likelihood(Cow::Borrowed(&rows.weight));
    let begun = start(&*likelihood, &shape, EXACT);
    let (mut state, null) = (begun.state.clone(), begun.state.weights.clone());
    let limits = Limits { residual: 1e-6 * begun.lambda_max, gap: SMALL_GAP, iterations: 500 };
    let lambdas = grid(begun.lambda_max, shape.alpha, 12, 1e-3);
    let mut path = Vec::new();
    follow(&*likelihood, &shape, &lambdas, &mut state, limits, |k, state, _| {
        path.push(Solution { lambda: lambdas[k], state: state.for_other_data() });
    });
    let fold = folds_by_group(&rows.group, 7, 1);
    let found = out_of_fold(&rows, &fold, &shape, &path, &null, limits);
    assert_eq!(found.unconverged, 0);
    let curve = found.curve(&rows, &lambdas, &vec![0; lambdas.len()]);
    for (k, &lambda) in lambdas.iter().enumerate() {
        let mut loss = 0.0;
        for f in 0..7 {
            let weight: Vec<f64> = fold.iter().map(|&of| f64::from(u8::from(of != f))).collect();
            let w = &found.paths[f][k];
            if (k + f) % 4 == 0 {
                let (here, best) = against_cold(&exact, &shape, lambda, &weight, w);
                assert!(here <= best * (1.0 + 1e-6), "λ {k}, fold {f}: {here} against {best}");
            }
            let all = exact.row_losses(w);
            loss += all.iter().zip(&fold).filter(|(_, of)| **of == f).map(|(l, _)| l).sum::<f64>();
        }
        assert!((curve[k].loss - loss / n as f64).abs() < 1e-6 * loss / n as f64, "λ {k}");
    }
}

#[test]
fn resamples_are_those_of_fits_on_their_own() {
    let (n, d) = (1_500, 12);
    let (rows, exact) = (problem::<i8>(n, d), problem::<f64>(n, d));
    let (shape, lambda) = (shape(d), 0.004);
    let likelihood = rows.likelihood(Cow::Borrowed(&rows.weight));
    let mut full = State::new(vec![0.0; d]);
    minimise(&*likelihood, &shape.penalty(lambda), &mut full, EXACT);
    let limits = Limits { residual: 1e-8, gap: SMALL_GAP, iterations: 500 };
    let refits = bootstrap::refit(&rows, &shape, lambda, &full, limits, 20, 9);
    assert_eq!((refits.failed, refits.weights.len()), (0, 20));
    let (index, groups) = bootstrap::dense_groups(&rows.group);
    for (draw, w) in refits.weights.iter().enumerate() {
        let copies = bootstrap::multiplicities(groups, 9, draw as u64);
        let weight: Vec<f64> = index.iter().map(|&g| f64::from(copies[g])).collect();
        let (here, best) = against_cold(&exact, &shape, lambda, &weight, w);
        assert!(here <= best * (1.0 + 1e-6), "draw {draw}: {here} against {best}");
    }
}

/// Loss and gradient in lanes, at one point and fold by fold, against one problem at a time.
fn shared_looks<T: Storage + From<i8>>(d: usize, tolerance: f64) {
    let rows = problem::<T>(5_000, d);
    let w: Vec<f64> = (0..d).map(|j| 0.1 * (j as f64).cos()).collect();
    let fold: Vec<usize> = (0..rows.y.len()).map(|i| i * 7 % 3).collect();
    let copies: Vec<u32> = (0..rows.y.len() as u32).map(|i| i * 13 % 4).collect();
    let index: Vec<usize> = (0..rows.y.len()).collect();
    let given: Vec<f64> = (0..rows.y.len()).map(|i| (i % 5) as f64).collect();
    let mut weights =
        vec![RowWeights::Given(&given), RowWeights::Resampled { base: &rows.weight, group: &index, copies: &copies }];
    weights.extend((0..3).map(|held_out| RowWeights::Without { base: &rows.weight, fold: &fold, held_out }));
    let weighted: Vec<(RowWeights, f64)> = weights.iter().map(|r| (*r, r.to_vec().iter().sum())).collect();
    let problems: Vec<Problem> = weighted.iter().map(|&(rows, total)| Problem { rows, total, w: &w }).collect();
    let close = |(l, g): &(f64, Vec<f64>), (loss, gradient): &(f64, Vec<f64>)| {
        assert!((l - loss).abs() < tolerance, "{l} {loss}");
        g.iter().zip(gradient).for_each(|(a, b)| assert!((a - b).abs() < tolerance, "{a} {b}"));
    };
    let (many, at) = (rows.many(&problems), rows.many_at(&w, &weighted));
    for (k, (r, total)) in weighted.iter().enumerate() {
        assert_eq!(r.total(), *total);
        let alone = loss_and_gradient(&*rows.likelihood(Cow::Owned(r.to_vec())), &w);
        close(&many[k], &alone);
        close(&at[k], &alone);
    }
    let members: Vec<Vec<u32>> =
        (0..3).map(|f| (0..rows.y.len() as u32).filter(|&i| fold[i as usize] == f).collect()).collect();
    let parts = rows.by_fold(&w, &members);
    let total = rows.y.len() as f64;
    let slope = |j: usize| parts.iter().map(|p| p.1[j]).sum::<f64>() / total;
    let merged = (parts.iter().map(|p| p.0).sum::<f64>() / total, (0..d).map(slope).collect());
    close(&merged, &loss_and_gradient(&*rows.likelihood(Cow::Borrowed(&rows.weight)), &w));
}

#[test]
fn shared_looks_see_what_single_looks_see() {
    for d in [1, 5, 16, 33, 64] {
        shared_looks::<f64>(d, 1e-12);
        shared_looks::<i8>(d, 1e-6);
    }
}
