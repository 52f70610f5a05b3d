//! Methods and tie models against outside truth (scipy, statsmodels, a slow gradient method, brute force).
//!
//! Numbers from Python are those of `tests/oracles/methods.txt`, printed by `tests/oracles/methods.py`.
#![allow(clippy::needless_range_loop, clippy::type_complexity)]

use std::borrow::Cow;

use ndarray::Array2;
use proptest::prelude::*;
use rand::Rng;

use super::extended::checks::derivatives_are_right;
use super::likelihood::{LogisticRows, Model, loss_and_gradient};
use super::method::Details;
use super::recipe::Epochs;
use super::*;
use crate::dataset::Votes;
use crate::features::PairMatrix;
use crate::rng;

const FREE: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);
const POSITIVE: (f64, f64) = (0.0, f64::INFINITY);
const N: usize = 240;
const D: usize = 5;

/// `problem` of `tests/oracles/methods.py`: values and latent margins.
fn problem() -> (Vec<f64>, Vec<f64>) {
    let value =
        |i: usize, j: usize| ((i * i * 31 + j * 17 + i * (j + 2) * 7 + (i / 5) * j * 13) % 23 % 3) as f64 * 2.0 - 2.0;
    let x: Vec<f64> = (0..N * D).map(|k| value(k / D, k % D)).collect();
    let truth = [0.6, 0.0, 0.3, -0.25, 0.1];
    let noise = |i: usize| ((i * i * 97 + 13 * i) % 101) as f64 / 101.0 * 3.0 - 1.5;
    let latent = (0..N).map(|i| (0..D).map(|j| x[i * D + j] * truth[j]).sum::<f64>() + noise(i)).collect();
    (x, latent)
}

fn tied_pairs() -> PairMatrix {
    let (x, latent) = problem();
    let vote = |z: &f64| Votes {
        a: f64::from(u8::from(*z > 0.4)),
        tie: f64::from(u8::from(z.abs() <= 0.4)),
        b: f64::from(u8::from(*z < -0.4)),
    };
    PairMatrix {
        x: Array2::from_shape_vec((N, D), x).unwrap(),
        votes: latent.iter().map(vote).collect(),
        weight: vec![1.0; N],
        group: (0..N).map(|i| i / 2).collect(),
        pair: (0..N).collect(),
        unscoreable: 0,
        dropped: 0,
    }
}

/// Rows whose weights are planted and sparse, in groups of four columns.
fn random_rows(seed: u64, n: usize, d: usize) -> LogisticRows<'static> {
    let mut random = rng::stream(seed, "method-tests", 0);
    let mut uniform = || (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    let truth: Vec<f64> = (0..d).map(|j| if j % 8 < 3 { uniform() * 1.5 - 0.3 } else { 0.0 }).collect();
    let (mut x, mut y, mut weight) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..n {
        let shared = uniform() - 0.5;
        let row: Vec<f64> = (0..d).map(|_| ((shared + uniform()) * 3.0).round() - 1.5).collect();
        let z: f64 = row.iter().zip(&truth).map(|(a, b)| a * b).sum();
        y.push(if uniform() < 0.15 { 0.5 } else { f64::from(u8::from(uniform() < 1.0 / (1.0 + (-z).exp()))) });
        weight.push(0.5 + uniform());
        x.extend(row);
    }
    LogisticRows { x: Cow::Owned(x), columns: d, y, weight, group: (0..n).map(|i| i / 3).collect() }
}

fn at(lambda: Option<f64>, columns: usize) -> FitOptions {
    FitOptions { lambda, bootstrap: 0, tolerance: 1e-9, ..FitOptions::new(columns) }
}

fn close(a: &[f64], b: &[f64], tolerance: f64) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= tolerance)
}

#[test]
fn tie_models_agree_with_scipy() {
    let pairs = tied_pairs();
    let bounded = vec![POSITIVE, POSITIVE, (0.0, 0.2), FREE, POSITIVE];
    let free = vec![FREE; D];
    let cases: [(Ties, &Vec<(f64, f64)>, f64, [f64; D], f64, f64); 4] = [
        (Ties::RaoKupper, &free, 0.0, [1.213192, 0.0222952, 0.6243924, -0.5032769, 0.2927675], 1.9595588, 0.6751147148),
        (Ties::RaoKupper, &bounded, 0.03, [0.9106384, 0.0, 0.2, -0.3680915, 0.1693766], 1.7914544, 0.7615475692),
        (Ties::Davidson, &free, 0.0, [1.7959796, 0.1570592, 0.9782224, -0.7283108, 0.4299005], 0.8337233, 0.66941577),
        (Ties::Davidson, &bounded, 0.03, [1.0977397, 0.0, 0.2, -0.4412963, 0.1759311], 0.606166, 0.7843127425),
    ];
    for (ties, bounds, lambda, weights, parameter, objective) in cases {
        let options = FitOptions { ties, bounds: bounds.clone(), ..at(Some(lambda), D) };
        let fit = fit(&pairs, &options).unwrap();
        assert!(fit.certificate.converged && fit.certificate.gap.is_none() && fit.certificate.gap_reason.is_some());
        assert!((fit.certificate.objective - objective).abs() < 1e-8, "{ties:?} {:?}", fit.certificate);
        assert!(close(&fit.weights, &weights, 1e-5), "{ties:?} {:?}", fit.weights);
        let found = match fit.ties {
            TieModel::RaoKupper { theta } => theta,
            TieModel::Davidson { nu } => nu,
            TieModel::None => panic!("no tie model"),
        };
        assert!((found - parameter).abs() < 1e-5, "{ties:?}: {found}");
    }
}

#[test]
fn tie_models_without_ties_and_with_nothing_else() {
    let mut pairs = tied_pairs();
    pairs.votes.iter_mut().for_each(|v| *v = Votes { a: v.a + v.tie, tie: 0.0, b: v.b });
    for (ties, model) in
        [(Ties::RaoKupper, TieModel::RaoKupper { theta: 1.0 }), (Ties::Davidson, TieModel::Davidson { nu: 0.0 })]
    {
        let options = FitOptions { ties, ..at(Some(0.02), D) };
        let found = fit(&pairs, &options).unwrap();
        assert_eq!(found.ties, model);
        assert!(found.notes.iter().any(|n| n.starts_with("No vote is a tie")));
        assert_eq!(found.weights, fit(&pairs, &at(Some(0.02), D)).unwrap().weights);
        let mut tied = tied_pairs();
        tied.votes.iter_mut().for_each(|v| *v = Votes { a: 0.0, tie: 1.0, b: 0.0 });
        let error = fit(&tied, &options).unwrap_err();
        assert!(error.exit_code() == 3 && error.to_string().contains("all 240 pairs are ties"), "{error}");
    }
}

#[test]
fn tie_models_choose_lambda_resample_and_ignore_the_order_of_the_sides() {
    let pairs = tied_pairs();
    let mut turned = tied_pairs();
    turned.x.mapv_inplace(|v| -v);
    turned.votes.iter_mut().for_each(|v| *v = Votes { a: v.b, tie: v.tie, b: v.a });
    for ties in [Ties::RaoKupper, Ties::Davidson] {
        let options = FitOptions { ties, bootstrap: 12, path_length: 10, ..FitOptions::new(D) };
        let (one, other) = (fit(&pairs, &options).unwrap(), fit(&turned, &options).unwrap());
        assert_eq!(one, other);
        assert!(one.certificate.converged && one.curve.len() == 10 && one.intervals.len() == D);
        assert!(one.intervals[0].selected == 1.0 && one.intervals[0].low > 0.0);
    }
}

#[test]
fn the_ordered_logit_agrees_with_statsmodels() {
    let (x, latent) = problem();
    let rating: Vec<f64> =
        latent.iter().map(|z| [-1.0, -0.2, 0.9].iter().filter(|cut| z >= cut).count() as f64 + 1.0).collect();
    let rows = ordered::rows(x, D, &rating, vec![1.0; N], (0..N).collect()).unwrap();
    derivatives_are_right(&rows, &[0.2, -0.1, 0.4, 0.0, 0.3, 0.1, -0.2, 0.15]);
    let fit = fit_ratings(&rows, N, &at(Some(0.0), D)).unwrap();
    assert!(close(&fit.weights, &[1.2366271, -0.0309912, 0.6471264, -0.4225102, 0.294843], 1e-5), "{:?}", fit.weights);
    assert!((fit.certificate.loss - 0.9231628816).abs() < 1e-9);
    let Some(Details::Ratings(scale)) = fit.details else { panic!("no cut-points") };
    assert!(close(&scale.cut_points, &[-1.837105, -0.6295597, 1.797183], 1e-5), "{scale:?}");
    assert_eq!(scale.levels, [1.0, 2.0, 3.0, 4.0]);
    // Sparse and bounded like any other fit.
    let options = FitOptions { bounds: vec![POSITIVE; D], bootstrap: 5, path_length: 8, ..FitOptions::new(D) };
    let sparse = fit_ratings(&rows, N, &options).unwrap();
    assert!(sparse.certificate.converged && sparse.weights[3] == 0.0 && sparse.weights[0] > 0.5);
}

#[test]
fn ratings_that_cannot_be_fitted_are_refused_and_rare_values_are_merged() {
    let make = |values: &[f64]| {
        let n = values.len();
        ordered::rows(vec![1.0; n], 1, values, vec![1.0; n], (0..n).collect())
    };
    assert!(make(&[3.0, 3.0]).err().unwrap().to_string().contains("all are 3"));
    assert!(make(&[]).is_err());
    assert!(make(&(0..101).map(f64::from).collect::<Vec<_>>()).err().unwrap().to_string().contains("101 different"));
    // 200 prompts: a value needs ten of them.
    let values: Vec<f64> = (0..200)
        .map(|i| {
            if i < 3 {
                1.0
            } else if i < 100 {
                2.0
            } else if i < 198 {
                3.0
            } else {
                4.0
            }
        })
        .collect();
    let rows = make(&values).unwrap();
    assert_eq!((rows.loss.levels(), rows.loss.merged()), (&[2.0, 4.0][..], 2));
}

#[test]
fn separation_of_ratings_is_named() {
    let (mut x, latent) = problem();
    let rating: Vec<f64> =
        latent.iter().map(|z| 1.0 + f64::from(u8::from(*z > -0.4)) + f64::from(u8::from(*z > 0.9))).collect();
    let names: Vec<String> = (1..=D).map(|j| format!("q{j}")).collect();
    let options = FitOptions { names, tolerance: 1e-6, ..at(Some(0.0), D) };
    let note = |x: &[f64], options: &FitOptions| {
        let rows = ordered::rows(x.to_vec(), D, &rating, vec![1.0; N], (0..N).collect()).unwrap();
        let fit = fit_ratings(&rows, N, options).unwrap();
        fit.notes.into_iter().find(|n| n.contains("separation"))
    };
    assert_eq!(note(&x, &options), None);
    // Quasi: the second question is answered yes for some of the best items only.
    for i in 0..N {
        x[i * D + 1] = f64::from(u8::from(rating[i] == 3.0 && i % 3 == 0));
    }
    let found = note(&x, &options).unwrap();
    assert!(found.starts_with("Quasi-complete") && found.contains("q2") && !found.contains("q4"), "{found}");
    assert_eq!(note(&x, &FitOptions { lambda: Some(0.02), ..options.clone() }), None, "not with a penalty");
    // Complete: one question is the rating itself.
    for i in 0..N {
        x[i * D + 3] = rating[i];
    }
    let found = note(&x, &FitOptions { lambda: Some(0.05), ..options }).unwrap();
    assert!(found.starts_with("Complete") && found.contains("q4") && found.contains("ratings"), "{found}");
}

/// F(w) with the group penalty, written from the design page.
fn group_objective(rows: &LogisticRows, w: &[f64], o: &FitOptions) -> f64 {
    let likelihood = rows.likelihood(Cow::Borrowed(&rows.weight));
    let lambda = o.lambda.unwrap();
    let mut value = loss_and_gradient(&*likelihood, w).0;
    for j in 0..w.len() {
        value += lambda * o.factors[j] * (o.alpha * w[j].abs() + (1.0 - o.alpha) / 2.0 * w[j] * w[j]);
    }
    for g in 0..=*o.groups.iter().max().unwrap() {
        let members: Vec<usize> = (0..w.len()).filter(|&j| o.groups[j] == g).collect();
        let norm = members.iter().map(|&j| w[j] * w[j]).sum::<f64>().sqrt();
        value += lambda * o.group_penalty * (members.len() as f64).sqrt() * norm;
    }
    value
}

#[test]
fn the_group_penalty_agrees_with_slow_proximal_gradient() {
    let (n, d) = (200, 12);
    let rows = random_rows(3, n, d);
    for (alpha, gamma, share) in [(1.0, 0.5, 0.1), (0.0, 1.0, 0.3), (0.5, 2.0, 0.05)] {
        let mut options = at(Some(0.0), d);
        options.alpha = alpha;
        options.group_penalty = gamma;
        options.groups = (0..d).map(|j| j / 4).collect();
        options.bounds = (0..d).map(|j| if j % 2 == 0 { POSITIVE } else { FREE }).collect();
        options.lambda = Some(1.0);
        let lambda = share * fit_rows(&rows, &options).unwrap().lambda_max;
        options.lambda = Some(lambda);
        let fit = fit_rows(&rows, &options).unwrap();
        assert!(fit.certificate.converged, "{:?}", fit.certificate);
        // Proximal gradient: L1 and sign bounds are positively homogeneous, so that the group step may follow them.
        let likelihood = rows.likelihood(Cow::Borrowed(&rows.weight));
        let (mut w, step) = (vec![0.0; d], 0.15);
        for _ in 0..20_000 {
            let (_, gradient) = loss_and_gradient(&*likelihood, &w);
            let mut v: Vec<f64> = (0..d)
                .map(|j| {
                    let moved = w[j] - step * (gradient[j] + lambda * (1.0 - alpha) * w[j]);
                    let shrunk = moved.signum() * (moved.abs() - step * lambda * alpha).max(0.0);
                    if j % 2 == 0 { shrunk.max(0.0) } else { shrunk }
                })
                .collect();
            for group in v.chunks_mut(4) {
                let norm = group.iter().map(|v| v * v).sum::<f64>().sqrt();
                let keep = if norm > 0.0 { (1.0 - step * lambda * gamma * 2.0 / norm).max(0.0) } else { 0.0 };
                group.iter_mut().for_each(|v| *v *= keep);
            }
            w = v;
        }
        let (ours, theirs) = (group_objective(&rows, &fit.weights, &options), group_objective(&rows, &w, &options));
        assert!((ours - fit.certificate.objective).abs() < 1e-12);
        assert!(ours <= theirs + 1e-10, "{ours} {theirs}");
        assert!(close(&fit.weights, &w, 1e-5), "{:?} {w:?}", fit.weights);
        for (ours, theirs) in fit.weights.chunks(4).zip(w.chunks(4)) {
            assert_eq!(ours.iter().all(|&v| v == 0.0), theirs.iter().all(|&v| v == 0.0), "whole groups leave");
        }
    }
}

#[test]
fn budgets_equal_brute_force() {
    let (n, d) = (150, 9);
    for seed in 0..4 {
        let rows = random_rows(seed, n, d);
        let mut options = at(None, d);
        options.bounds = (0..d).map(|j| if j % 3 == 1 { FREE } else { POSITIVE }).collect();
        options.method = Method::Budget;
        for k in [1, 3, 5] {
            options.budget = Some(k);
            let found = fit_rows(&rows, &options).unwrap();
            let mut best = f64::INFINITY;
            for set in (0u32..1 << d).filter(|set| set.count_ones() as usize == k) {
                let bounds = (0..d).map(|j| if set >> j & 1 == 1 { options.bounds[j] } else { (0.0, 0.0) }).collect();
                let plain = FitOptions { bounds, method: Method::Sparse, lambda: Some(0.0), ..options.clone() };
                best = best.min(fit_rows(&rows, &plain).unwrap().certificate.objective);
            }
            assert!(
                (found.certificate.objective - best).abs() < 1e-9,
                "seed {seed}, {k}: {best} {:?}",
                found.certificate
            );
            assert!(found.certificate.gap.unwrap() < 1e-9 && found.weights.iter().filter(|&&w| w != 0.0).count() <= k);
            let Some(Details::Budget(budget)) = found.details else { panic!("no curve") };
            assert!(budget.proven);
            assert_eq!(budget.curve.len(), if k == 1 { 0 } else { k });
            for point in &budget.curve {
                assert!(point.columns.len() <= point.features && point.accuracy.unwrap() > 0.4 && point.loss_se > 0.0);
            }
        }
    }
}

#[test]
fn a_budget_counts_frozen_weights_and_is_asked_for() {
    let rows = random_rows(1, 120, 6);
    let mut options = FitOptions { method: Method::Budget, ..at(None, 6) };
    assert_eq!(fit_rows(&rows, &options).unwrap_err().exit_code(), 2);
    options.bounds[4] = (0.3, 0.3);
    options.budget = Some(3);
    let fit = fit_rows(&rows, &options).unwrap();
    assert_eq!(fit.weights[4], 0.3);
    assert!(fit.weights.iter().filter(|&&w| w != 0.0).count() <= 3, "{:?}", fit.weights);
    options.budget = Some(0);
    assert_eq!(fit_rows(&rows, &options).unwrap_err().exit_code(), 2);
}

#[test]
fn relaxed_refits_without_penalty_on_the_support() {
    let rows = random_rows(2, 400, 10);
    let sparse = fit_rows(&rows, &at(Some(0.02), 10)).unwrap();
    let relaxed = fit_rows(&rows, &FitOptions { method: Method::Relaxed, ..at(Some(0.02), 10) }).unwrap();
    let bounds = sparse.weights.iter().map(|&w| if w == 0.0 { (0.0, 0.0) } else { FREE }).collect();
    let plain = fit_rows(&rows, &FitOptions { bounds, ..at(Some(0.0), 10) }).unwrap();
    assert!(close(&relaxed.weights, &plain.weights, 1e-7));
    assert!(sparse.weights.contains(&0.0) && relaxed.certificate.loss < sparse.certificate.loss);
    assert!(relaxed.certificate.converged && relaxed.certificate.gap_reason.is_some());
    let options = FitOptions { method: Method::Relaxed, bootstrap: 10, path_length: 12, ..FitOptions::new(10) };
    let chosen = fit_rows(&rows, &options).unwrap();
    assert_eq!((chosen.curve.len(), chosen.intervals.len()), (12, 10));
    assert!(chosen.intervals.iter().any(|i| i.selected == 1.0));
}

/// A suppressor: without the second column the third has a positive weight, beside it a negative one.
#[test]
fn visionrewards_rule_in_both_readings_beside_the_exact_optimum() {
    let rows = random_rows(5, 300, 8);
    let bounds = vec![POSITIVE; 8];
    let options = |method| FitOptions { method, bounds: bounds.clone(), ..at(None, 8) };
    let exact =
        fit_rows(&rows, &FitOptions { method: Method::Sparse, lambda: Some(0.0), ..options(Method::Sparse) }).unwrap();
    let refit = fit_rows(&rows, &options(Method::VisionrewardRefit)).unwrap();
    let Some(Details::Recipe(found)) = &refit.details else { panic!("no comparison") };
    assert!(close(&found.exact, &exact.weights, 1e-8));
    assert!(refit.weights.iter().all(|&w| w >= 0.0) && refit.certificate.converged);
    // By hand: fit, delete what is negative, fit again.
    let mut open = [true; 8];
    let last = loop {
        let bounds = open.iter().map(|&o| if o { FREE } else { (0.0, 0.0) }).collect();
        let fit = fit_rows(&rows, &FitOptions { bounds, ..at(Some(0.0), 8) }).unwrap();
        let negative: Vec<usize> = (0..8).filter(|&j| fit.weights[j] < 0.0).collect();
        if negative.is_empty() {
            break fit.weights;
        }
        negative.iter().for_each(|&j| open[j] = false);
    };
    assert!(close(&refit.weights, &last, 1e-6), "{:?} {last:?}", refit.weights);
    assert!(found.objective >= found.exact_objective - 1e-12 && refit.certificate.gap.unwrap() >= 0.0);

    let epochs = Epochs { learning_rate: 1e-3, epsilon: 1e-7, limit: 20_000 };
    let projected = fit_rows(&rows, &FitOptions { epochs, ..options(Method::VisionrewardProjected) }).unwrap();
    assert!(projected.certificate.converged && projected.weights.iter().all(|&w| w >= 0.0));
    // With a small step its end is near the exact optimum.
    assert!(projected.certificate.gap.unwrap() < 1e-4, "{:?}", projected.certificate);
    assert!(close(&projected.weights, &exact.weights, 0.05), "{:?} {:?}", projected.weights, exact.weights);
    let impatient = Epochs { limit: 2, ..epochs };
    let stopped = fit_rows(&rows, &FitOptions { epochs: impatient, ..options(Method::VisionrewardProjected) }).unwrap();
    assert!(!stopped.certificate.converged);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Every option at once, under every loss: certified, inside the bounds, and no feasible neighbour is better.
    #[test]
    fn random_tied_problems_are_certified(
        seed in 0u64..500, share in 0.02..0.9f64, alpha in 0.2..=1.0f64, rao in any::<bool>(),
        kinds in proptest::collection::vec(0u8..5, D), factors in proptest::collection::vec(0u8..3, D),
    ) {
        let mut pairs = tied_pairs();
        let mut random = rng::stream(seed, "tied", 0);
        pairs.votes.iter_mut().for_each(|v| if random.next_u64().is_multiple_of(3) { std::mem::swap(&mut v.a, &mut v.tie) });
        pairs.weight.iter_mut().for_each(|m| *m = 0.25 + (random.next_u64() % 8) as f64 / 4.0);
        let ties = if rao { Ties::RaoKupper } else { Ties::Davidson };
        let bound = |k: u8| [FREE, POSITIVE, (f64::NEG_INFINITY, 0.0), (-0.1, 0.2), (0.25, 0.25)][k as usize];
        let mut options = FitOptions { ties, alpha, ..at(Some(1.0), D) };
        options.bounds = kinds.iter().map(|&k| bound(k)).collect();
        options.factors = factors.iter().map(|&f| [0.5, 1.0, 2.0][f as usize]).collect();
        options.tolerance = 1e-7;
        options.lambda = Some((share * fit(&pairs, &options).unwrap().lambda_max).max(1e-3));
        let found = fit(&pairs, &options).unwrap();
        prop_assert!(found.certificate.converged, "{:?}", found.certificate);
        let rows = rows::from_pairs(&pairs, ties).unwrap();
        let model = ties::rows(&rows, &pairs.votes, ties).unwrap().unwrap();
        let likelihood = model.likelihood(Cow::Borrowed(model.weight()));
        let mut shape = path::Shape { alpha, factors: options.factors.clone(), bounds: options.bounds.clone() };
        shape.factors.push(0.0);
        shape.bounds.push(model.loss.bounds());
        let penalty = shape.penalty(options.lambda.unwrap());
        let null = model.loss.model(0.0);
        let own = match (found.ties, null) {
            (TieModel::RaoKupper { theta }, TieModel::RaoKupper { theta: zero }) => theta.ln() - zero.ln(),
            (TieModel::Davidson { nu }, TieModel::Davidson { nu: zero }) => nu.ln() - zero.ln(),
            other => panic!("{other:?}"),
        };
        let mut w = found.weights.clone();
        w.push(own);
        let value = |w: &[f64]| loss_and_gradient(&*likelihood, w).0 + penalty.value(w);
        let best = value(&w);
        prop_assert!((best - found.certificate.objective).abs() < 1e-9);
        for _ in 0..40 {
            let other: Vec<f64> = (0..=D).map(|j| {
                let step = (random.next_u64() as f64 / u64::MAX as f64 - 0.5) * 0.2;
                penalty.clamp(j, w[j] + step)
            }).collect();
            prop_assert!(value(&other) >= best - 1e-9);
        }
    }
}
