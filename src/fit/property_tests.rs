//! What must not change a result: instruction set, threads, storage, order of rows, company of other problems. And the
//! vector code against naive loops in `f64`.

use std::borrow::Cow;

use proptest::prelude::*;
use rand::Rng;

use super::cross_validation::{Solution, out_of_fold};
use super::kernel::{Level, Storage};
use super::likelihood::{BLOCK_ROWS, LogisticRows, Model, Problem, RowWeights, curvature, loss_and_gradient};
use super::path::{Shape, follow, start};
use super::solver::{Limits, minimise};
use super::*;
use crate::dataset::Votes;
use crate::features::PairMatrix;
use crate::rng;

const FREE: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);
const POSITIVE: (f64, f64) = (0.0, f64::INFINITY);

/// Correlated differences in {−1, 0, 1} with planted sparse weights, soft labels, and weights of which some are 0.
fn hard(seed: u64, n: usize, d: usize) -> LogisticRows<'static, i8> {
    let mut random = rng::stream(seed, "property-tests", 0);
    let mut uniform = || (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    let truth: Vec<f64> = (0..d).map(|j| if j % 3 == 0 { uniform() * 1.5 - 0.3 } else { 0.0 }).collect();
    let (mut x, mut y, mut weight) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..n {
        let shared = uniform() - 0.5;
        let row: Vec<i8> = (0..d).map(|_| ((shared + uniform() - 0.5) * 2.2).round().clamp(-1.0, 1.0) as i8).collect();
        let z: f64 = row.iter().zip(&truth).map(|(&a, b)| f64::from(a) * b).sum();
        y.push(if uniform() < 0.2 { 0.5 } else { f64::from(u8::from(uniform() < 1.0 / (1.0 + (-z).exp()))) });
        weight.push(if uniform() < 0.1 { 0.0 } else { (uniform() * 4.0).ceil() / 2.0 });
        x.extend(row);
    }
    LogisticRows { x: Cow::Owned(x), columns: d, y, weight, group: (0..n).map(|i| i / 3).collect() }
}

/// The same rows in another storage, in the order `order`.
fn stored<T: Storage>(rows: &LogisticRows<i8>, order: &[usize], to: fn(i8) -> T) -> LogisticRows<'static, T> {
    let d = rows.columns;
    LogisticRows {
        x: order.iter().flat_map(|&i| rows.x[i * d..(i + 1) * d].iter().map(|&v| to(v))).collect(),
        columns: d,
        y: order.iter().map(|&i| rows.y[i]).collect(),
        weight: order.iter().map(|&i| rows.weight[i]).collect(),
        group: order.iter().map(|&i| rows.group[i]).collect(),
    }
}

fn doubles(rows: &LogisticRows<i8>) -> LogisticRows<'static> {
    stored(rows, &(0..rows.y.len()).collect::<Vec<_>>(), f64::from)
}

/// Loss, gradient and curvature of the mean, by the definition and nothing else.
#[allow(clippy::needless_range_loop)]
fn naive(rows: &LogisticRows, weight: &[f64], w: &[f64]) -> (f64, Vec<f64>, Vec<Vec<f64>>) {
    let d = rows.columns;
    let total: f64 = weight.iter().sum();
    let (mut loss, mut gradient, mut h) = (0.0, vec![0.0; d], vec![vec![0.0; d]; d]);
    for (i, m) in weight.iter().enumerate() {
        let x = &rows.x[i * d..(i + 1) * d];
        let z: f64 = x.iter().zip(w).map(|(a, b)| a * b).sum();
        let p = 1.0 / (1.0 + (-z).exp());
        loss += m * (z.max(0.0) + (-z.abs()).exp().ln_1p() - rows.y[i] * z) / total;
        for j in 0..d {
            gradient[j] += m * (p - rows.y[i]) * x[j] / total;
            for k in 0..d {
                h[j][k] += m * p * (1.0 - p) * x[j] * x[k] / total;
            }
        }
    }
    (loss, gradient, h)
}

/// Every kernel of one storage against the loops above.
fn equals_naive<T: Storage>(rows: &LogisticRows<T>, exact: &LogisticRows, w: &[f64], tolerance: f64) {
    let near = |ours: f64, theirs: f64, what: &str| {
        let (n, d) = (exact.y.len(), exact.columns);
        assert!((ours - theirs).abs() <= tolerance, "{what} at {n} × {d}: {ours} ≠ {theirs}");
    };
    let likelihood = rows.likelihood(Cow::Borrowed(&rows.weight));
    let (loss, gradient, h) = naive(exact, &exact.weight, w);
    let found = loss_and_gradient(&*likelihood, w);
    near(found.0, loss, "loss");
    found.1.iter().zip(&gradient).for_each(|(a, b)| near(*a, *b, "gradient"));
    let bent = curvature(&*likelihood, w);
    for (row, naive) in bent.rows().into_iter().zip(&h) {
        row.iter().zip(naive).for_each(|(a, b)| near(*a, *b, "curvature"));
    }
    // Fenchel–Young at the dual point of w.
    let along: f64 = gradient.iter().zip(w).map(|(g, w)| g * w).sum();
    near(likelihood.conjugate(w, 1.0).unwrap() + loss, along, "conjugate");
    for (i, loss) in rows.row_losses(w).into_iter().enumerate() {
        let mut alone = vec![0.0; exact.y.len()];
        alone[i] = 1.0;
        if i % 17 == 0 {
            near(loss, naive(exact, &alone, w).0, "row loss");
        }
    }
    // Many at once, each with row weights and parameters of its own, and none sees another.
    let weights: Vec<Vec<f64>> = (0..19)
        .map(|k| rows.weight.iter().enumerate().map(|(i, m)| m * ((i + k) % 3) as f64 + 0.25).collect())
        .collect();
    let places: Vec<Vec<f64>> = (0..19).map(|k| w.iter().map(|v| v * (1.0 - k as f64 / 9.0)).collect()).collect();
    let problems: Vec<Problem> = (weights.iter().zip(&places))
        .map(|(m, w)| Problem { rows: RowWeights::Given(m), total: m.iter().sum(), w })
        .collect();
    let together = rows.many(&problems);
    for k in [0, 7, 15, 16, 18] {
        assert_eq!(rows.many(&problems[k..=k])[0], together[k], "problem {k} alone and in company");
        let (loss, gradient, _) = naive(exact, &weights[k], &places[k]);
        near(together[k].0, loss, "loss of many");
        together[k].1.iter().zip(&gradient).for_each(|(a, b)| near(*a, *b, "gradient of many"));
    }
}

#[test]
fn every_kernel_agrees_with_naive_loops_at_every_size() {
    for (n, d) in [(1, 1), (3, 2), (63, 15), (64, 16), (65, 17), (129, 60), (66, 64), (130, 67), (70, 131)] {
        let rows = hard(7, n, d);
        let mut weighty = hard(7, n, d);
        weighty.weight[0] = 1.5;
        let order: Vec<usize> = (0..n).collect();
        let exact = stored(&weighty, &order, f64::from);
        let w: Vec<f64> = (0..d).map(|j| ((j * 7 % 11) as f64 - 4.0) / 6.0).collect();
        equals_naive(&exact, &exact, &w, 1e-12);
        equals_naive(&stored(&weighty, &order, f32::from), &exact, &w, 3e-6);
        equals_naive(&weighty, &exact, &w, 3e-6);
        assert_eq!(rows.columns, d);
    }
    // More than one block.
    let rows = hard(9, 2 * BLOCK_ROWS + 77, 5);
    let exact = doubles(&rows);
    let w = [0.4, -0.2, 0.1, 0.0, 1.1];
    let likelihood = rows.likelihood(Cow::Borrowed(&rows.weight));
    let (loss, gradient, _) = naive(&exact, &exact.weight, &w);
    let found = loss_and_gradient(&*likelihood, &w);
    assert!((found.0 - loss).abs() < 1e-6 && found.1.iter().zip(&gradient).all(|(a, b)| (a - b).abs() < 1e-6));
}

/// Weights, objective and gap of one λ, of a path and of its folds, in one storage.
fn everything<T: Storage>(rows: &LogisticRows<T>) -> Vec<Vec<f64>> {
    let d = rows.columns;
    let bounds = (0..d).map(|j| if j % 4 == 0 { FREE } else { POSITIVE }).collect();
    let shape = Shape { alpha: 0.9, factors: (0..d).map(|j| 1.0 + (j % 3) as f64 / 2.0).collect(), bounds };
    let likelihood = rows.likelihood(Cow::Borrowed(&rows.weight));
    let begun = start(&*likelihood, &shape, Limits { residual: 1e-10, gap: 0.0, iterations: 100 });
    let limits = Limits { residual: 1e-7 * begun.lambda_max, gap: 0.0, iterations: 200 };
    let lambdas: Vec<f64> = (0..4).map(|k| begun.lambda_max * 0.3f64.powi(k)).collect();
    let mut found = vec![vec![begun.lambda_max]];
    let mut state = begun.state.clone();
    let mut path = Vec::new();
    follow(&*likelihood, &shape, &lambdas, &mut state, limits, |k, state, outcome| {
        assert!(outcome.converged);
        path.push(Solution { lambda: lambdas[k], state: state.for_other_data() });
        found.push(state.weights.clone());
        found.push(vec![outcome.objective, outcome.residual, outcome.iterations as f64]);
    });
    let fold = cross_validation::folds_by_group(&rows.group, 2, 1);
    let held_out = out_of_fold(rows, &fold, &shape, &path, &begun.state.weights, limits);
    assert_eq!(held_out.unconverged, 0);
    found.extend(held_out.paths.into_iter().flatten());
    let refits = bootstrap::refit(rows, &shape, lambdas[2], &state, limits, 3, 1);
    assert_eq!(refits.failed, 0);
    found.extend(refits.weights);
    found
}

#[test]
fn every_instruction_set_and_every_number_of_threads_gives_the_same_bytes() {
    let rows = hard(3, BLOCK_ROWS + 300, 9);
    let order: Vec<usize> = (0..rows.y.len()).collect();
    let (single, double) = (stored(&rows, &order, f32::from), doubles(&rows));
    let run = |level: Option<Level>, threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let _forced = level.map(Level::force);
        pool.install(|| (everything(&rows), everything(&single), everything(&double)))
    };
    let expected = run(None, 1);
    assert_eq!(expected, run(None, 2));
    assert_eq!(expected, run(None, 4));
    let levels = Level::available();
    assert!(levels.contains(&Level::Baseline));
    for level in levels {
        assert_eq!(expected, run(Some(level), 2), "{level:?}");
    }
}

#[test]
fn tie_models_and_methods_do_not_depend_on_threads() {
    let rows = doubles(&hard(5, 600, 7));
    let votes = rows.y.iter().map(|&y| match y {
        1.0 => Votes { a: 1.0, tie: 0.0, b: 0.0 },
        0.0 => Votes { a: 0.0, tie: 0.0, b: 1.0 },
        _ => Votes { a: 0.0, tie: 1.0, b: 0.0 },
    });
    let pairs = PairMatrix {
        x: ndarray::Array2::from_shape_vec((600, 7), rows.x.to_vec()).unwrap(),
        votes: votes.collect(),
        weight: rows.weight.clone(),
        group: rows.group.clone(),
        pair: (0..600).collect(),
        unscoreable: 0,
        dropped: 0,
    };
    let base = FitOptions { bootstrap: 6, path_length: 8, bounds: vec![POSITIVE; 7], ..FitOptions::new(7) };
    let cases = [
        FitOptions { ties: Ties::RaoKupper, ..base.clone() },
        FitOptions { ties: Ties::Davidson, ..base.clone() },
        FitOptions { method: Method::Relaxed, ..base.clone() },
        FitOptions { method: Method::Budget, budget: Some(3), ..base.clone() },
        FitOptions { method: Method::VisionrewardRefit, ..base.clone() },
        FitOptions { group_penalty: 1.0, groups: (0..7).map(|j| j / 3).collect(), ..base.clone() },
    ];
    for options in cases {
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| fit(&pairs, &options).unwrap())
        };
        let one = run(1);
        assert!(one.certificate.converged, "{:?}", one.certificate);
        assert_eq!(one, run(2), "{:?}", options.method);
        assert_eq!(one, run(4), "{:?}", options.method);
    }
}

/// F of the solution of one storage, evaluated by the naive loops.
fn solved<T: Storage>(rows: &LogisticRows<T>, exact: &LogisticRows, lambda: f64, bounds: &[(f64, f64)]) -> f64 {
    let d = rows.columns;
    let penalty = Shape { alpha: 0.8, factors: vec![1.0; d], bounds: bounds.to_vec() }.penalty(lambda);
    let mut state = solver::State::new(vec![0.0; d]);
    let limits = Limits { residual: 1e-6 * lambda, gap: 0.0, iterations: 200 };
    let outcome = minimise(&*rows.likelihood(Cow::Borrowed(&rows.weight)), &penalty, &mut state, limits);
    assert!(outcome.converged, "{outcome:?}");
    assert!(state.weights.iter().zip(bounds).all(|(w, b)| b.0 <= *w && *w <= b.1), "bounds hold exactly");
    naive(exact, &exact.weight, &state.weights).0 + penalty.value(&state.weights)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Row order and storage move the objective by less than 1e-7 of itself.
    #[test]
    fn order_and_storage_do_not_matter(
        seed in 0u64..1000, n in 30usize..400, d in 1usize..24, share in 0.01..0.5f64,
        kinds in proptest::collection::vec(0u8..4, 24),
    ) {
        let mut rows = hard(seed, n, d);
        rows.weight[0] = 1.0;
        let exact = doubles(&rows);
        let bounds: Vec<_> =
            kinds[..d].iter().map(|&k| [FREE, POSITIVE, (-0.1, 0.2), (f64::NEG_INFINITY, 0.0)][k as usize]).collect();
        let (_, slope, _) = naive(&exact, &exact.weight, &vec![0.0; d]);
        let lambda = share * slope.iter().fold(1e-3f64, |m, g| m.max(g.abs()));
        let expected = solved(&exact, &exact, lambda, &bounds);
        let mut order: Vec<usize> = (0..n).collect();
        let mut random = rng::stream(seed, "order", 0);
        for i in (1..n).rev() {
            order.swap(i, (random.next_u64() % (i as u64 + 1)) as usize);
        }
        for found in [
            solved(&stored(&rows, &order, f64::from), &exact, lambda, &bounds),
            solved(&stored(&rows, &order, f32::from), &exact, lambda, &bounds),
            solved(&stored(&rows, &order, |v| v), &exact, lambda, &bounds),
            solved(&rows, &exact, lambda, &bounds),
        ] {
            prop_assert!((found - expected).abs() < 1e-7 * expected, "{found} {expected}");
        }
    }

    /// Folds and resamples that share passes end where each would end alone.
    #[test]
    fn batched_fits_are_those_of_each_alone(seed in 0u64..1000, n in 60usize..300, d in 2usize..12) {
        let rows = hard(seed, n, d);
        let shape = Shape { alpha: 1.0, factors: vec![1.0; d], bounds: vec![POSITIVE; d] };
        let all = rows.likelihood(Cow::Borrowed(&rows.weight));
        let begun = start(&*all, &shape, Limits { residual: 1e-10, gap: 0.0, iterations: 100 });
        prop_assume!(begun.lambda_max > 1e-3);
        let limits = Limits { residual: 1e-8 * begun.lambda_max, gap: 0.0, iterations: 300 };
        let lambdas = [0.5 * begun.lambda_max, 0.1 * begun.lambda_max, 0.02 * begun.lambda_max];
        let fold = cross_validation::folds_by_group(&rows.group, 4, seed);
        let (mut whole, mut on_all) = (begun.state.clone(), Vec::new());
        follow(&*all, &shape, &lambdas, &mut whole, limits, |k, state, _| {
            on_all.push(Solution { lambda: lambdas[k], state: state.for_other_data() });
        });
        let held_out = out_of_fold(&rows, &fold, &shape, &on_all, &begun.state.weights, limits);
        prop_assert_eq!(held_out.unconverged, 0);
        let exact = doubles(&rows);
        for (f, path) in held_out.paths.iter().enumerate() {
            let weight: Vec<f64> =
                rows.weight.iter().zip(&fold).map(|(&m, &of)| if of == f { 0.0 } else { m }).collect();
            let alone = rows.likelihood(Cow::Borrowed(&weight));
            let mut state = begun.state.for_other_data();
            let mut found = Vec::new();
            follow(&*alone, &shape, &lambdas, &mut state, limits, |_, state, _| found.push(state.weights.clone()));
            for ((batched, single), &lambda) in path.iter().zip(&found).zip(&lambdas) {
                let penalty = shape.penalty(lambda);
                let value = |w: &[f64]| naive(&exact, &weight, w).0 + penalty.value(w);
                prop_assert!((value(batched) - value(single)).abs() < 1e-9);
            }
        }
    }
}

#[test]
fn folds_without_weight_and_all_the_weight_in_one_prompt_are_seen() {
    // Every third prompt weighs nothing, so that some folds may be empty: they count for nothing.
    let mut rows = doubles(&hard(11, 240, 4));
    let options = FitOptions { bootstrap: 10, path_length: 8, folds: 40, ..FitOptions::new(4) };
    for i in 0..240 {
        if !rows.group[i].is_multiple_of(3) {
            rows.weight[i] = 0.0;
        }
    }
    let found = fit_rows(&rows, &options).unwrap();
    assert!(found.certificate.converged && found.curve.iter().all(|p| p.loss.is_finite() && p.se.is_finite()));
    assert!(found.notes.iter().any(|n| n.contains("27 prompts")), "{:?}", found.notes);
    // All of it in one prompt: nothing can be held out.
    for i in 0..240 {
        rows.weight[i] = f64::from(u8::from(rows.group[i] == 6));
    }
    let error = fit_rows(&rows, &options).unwrap_err();
    assert!(error.exit_code() == 3 && error.to_string().contains("one prompt"), "{error}");
    let given = fit_rows(&rows, &FitOptions { lambda: Some(0.1), ..options }).unwrap();
    assert!(given.notes.iter().any(|n| n.contains("No weight intervals")), "{:?}", given.notes);
}

#[test]
fn rows_are_stored_as_small_as_they_are_and_the_certificate_is_exact() {
    let bytes = doubles(&hard(13, 400, 6));
    let halves = LogisticRows { x: bytes.x.iter().map(|v| v / 2.0).collect(), ..doubles(&hard(13, 400, 6)) };
    let thirds = LogisticRows { x: bytes.x.iter().map(|v| v / 3.0).collect(), ..doubles(&hard(13, 400, 6)) };
    assert!(compact::compact(&thirds, 0).is_none(), "a third is no f32");
    assert!(compact::compact(&bytes, compact::WORTHWHILE).is_none(), "too few to matter");
    for rows in [bytes, halves] {
        let small = compact::compact(&rows, 0).unwrap();
        let bounds = vec![POSITIVE, POSITIVE, FREE, POSITIVE, (0.0, 0.1), FREE];
        for lambda in [Some(0.01), None] {
            let options =
                FitOptions { lambda, bootstrap: 20, path_length: 10, bounds: bounds.clone(), ..FitOptions::new(6) };
            let (exact, _) = run::fit_checked(&rows, &rows, &[], &options).unwrap();
            let (found, _) = run::fit_checked(&*small, &rows, &[], &options).unwrap();
            let (one, other) = (&exact.certificate, &found.certificate);
            assert!(other.converged && other.kkt <= 1e-6 && other.gap.unwrap() < 1e-6, "{other:?}");
            assert!(
                (one.objective - other.objective).abs() < 1e-9 && exact.chosen == found.chosen,
                "{one:?} {other:?}"
            );
            let value = naive(&rows, &rows.weight, &found.weights).0;
            assert!((value - other.loss).abs() < 1e-13, "the loss is that of f64 arithmetic");
            for (a, b) in exact.intervals.iter().zip(&found.intervals) {
                assert!((a.low - b.low).abs() < 1e-4 && (a.high - b.high).abs() < 1e-4);
            }
        }
    }
}
