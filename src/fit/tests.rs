//! The fit against outside truth (scikit-learn, linfa-logistic, projected gradient) and against its own promises.

use std::borrow::Cow;

use ndarray::Array2;
use proptest::prelude::*;
use rand::Rng;

use super::likelihood::{LogisticRows, logistic};
use super::reference::linfa_ridge;
use super::*;
use crate::dataset::Votes;
use crate::features::PairMatrix;
use crate::rng;

const FREE: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);
const POSITIVE: (f64, f64) = (0.0, f64::INFINITY);

/// A small problem that any language can rebuild from integers.
fn integer_problem() -> LogisticRows<'static> {
    let (n, d) = (240usize, 8usize);
    let truth = [1.0, 0.0, 0.5, 0.0, -0.4, 0.0, 0.25, 0.1];
    let value =
        |i: usize, j: usize| ((i * i * 31 + j * 17 + i * (j + 2) * 7 + (i / 5) * j * 13) % 23 % 3) as f64 * 2.0 - 2.0;
    let x: Vec<f64> = (0..n * d).map(|k| value(k / d, k % d)).collect();
    let noise = |i: usize| ((i * i * 97 + 13 * i) % 101) as f64 / 101.0 * 3.0 - 1.5;
    let y = (0..n)
        .map(|i| {
            let z: f64 = (0..d).map(|j| x[i * d + j] * truth[j]).sum();
            f64::from(z + noise(i) > 0.0)
        })
        .collect();
    LogisticRows { x: Cow::Owned(x), columns: d, y, weight: vec![1.0; n], group: (0..n).collect() }
}

/// Random correlated rows with planted sparse weights, soft labels and uneven weights.
fn random_problem(seed: u64, n: usize, d: usize) -> LogisticRows<'static> {
    let mut random = rng::stream(seed, "test-problem", 0);
    let mut uniform = || (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    let truth: Vec<f64> = (0..d).map(|j| if j % 3 == 0 { uniform() * 2.0 - 0.5 } else { 0.0 }).collect();
    let (mut x, mut y, mut weight) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..n {
        let shared = uniform() - 0.5;
        let row: Vec<f64> = (0..d).map(|_| ((shared + uniform()) * 3.0).round() - 1.5).collect();
        let z: f64 = row.iter().zip(&truth).map(|(a, b)| a * b).sum();
        let p = 1.0 / (1.0 + (-z).exp());
        y.push(if uniform() < 0.2 { 0.5 } else { f64::from(uniform() < p) });
        weight.push(0.5 + uniform());
        x.extend(row);
    }
    LogisticRows { x: Cow::Owned(x), columns: d, y, weight, group: (0..n).map(|i| i / 3).collect() }
}

/// Options for one λ at a tight tolerance, without bootstrap.
fn at(lambda: f64, columns: usize) -> FitOptions {
    FitOptions { lambda: Some(lambda), bootstrap: 0, tolerance: 1e-10, ..FitOptions::new(columns) }
}

/// F(w), written from the design page and not from the solver.
fn objective(rows: &LogisticRows, w: &[f64], options: &FitOptions) -> f64 {
    let total: f64 = rows.weight.iter().sum();
    let loss: f64 = (rows.x.chunks(rows.columns).zip(&rows.y).zip(&rows.weight))
        .map(|((x, y), m)| {
            let z: f64 = x.iter().zip(w).map(|(a, b)| a * b).sum();
            m * (if z > 30.0 { z } else { z.exp().ln_1p() } - y * z)
        })
        .sum();
    let penalty: f64 = (0..w.len())
        .map(|j| options.factors[j] * (options.alpha * w[j].abs() + (1.0 - options.alpha) / 2.0 * w[j] * w[j]))
        .sum();
    loss / total + options.lambda.unwrap() * penalty
}

fn close(a: &[f64], b: &[f64], tolerance: f64) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= tolerance)
}

/// scikit-learn 1.9.1: `LogisticRegression(penalty="l1", solver="liblinear", fit_intercept=False, C=1/(lambda*n), tol=1e-14)`
/// on [`integer_problem`], at 0.3 and 0.05 of λ_max; its KKT residual is below 3e-13.
#[test]
fn agrees_with_scikit_learn_l1() {
    let rows = integer_problem();
    let lambda_max = 0.5416666666666666;
    let expected = [
        (0.3, [0.6826529791, 0.0, 0.1413517673, 0.0, -0.0150607925, 0.0, 0.0, 0.0], 0.5701924628197944),
        (
            0.05,
            [1.4091150496, 0.0, 0.6277154286, 0.0, -0.4974158302, 0.0, 0.2794811588, 0.0917829385],
            0.35267908456921304,
        ),
    ];
    for (share, weights, value) in expected {
        let fit = fit_rows(&rows, &at(share * lambda_max, 8)).unwrap();
        assert!((fit.lambda_max - lambda_max).abs() < 1e-12);
        assert!(close(&fit.weights, &weights, 1e-8), "{:?}", fit.weights);
        assert!((fit.certificate.objective - value).abs() < 1e-12);
        assert!(fit.certificate.converged && fit.certificate.gap.unwrap() < 1e-10);
        for (ours, theirs) in fit.weights.iter().zip(weights) {
            assert_eq!(*ours == 0.0, theirs == 0.0, "zeros are exact");
        }
    }
}

#[test]
fn agrees_with_linfa_ridge_whatever_the_row_order() {
    let rows = integer_problem();
    let x = Array2::from_shape_vec((240, 8), rows.x.to_vec()).unwrap();
    let mut wins: Vec<bool> = rows.y.iter().map(|&y| y == 1.0).collect();
    for lambda in [0.01, 0.3] {
        let options = FitOptions { alpha: 0.0, ..at(lambda, 8) };
        let fit = fit_rows(&rows, &options).unwrap();
        let linfa = linfa_ridge(&x, &wins, lambda).unwrap();
        assert!(close(&fit.weights, &linfa, 1e-4), "{:?} {linfa:?}", fit.weights);
        assert!((objective(&rows, &fit.weights, &options) - objective(&rows, &linfa, &options)).abs() < 1e-6);
    }
    // The sign trap: the same rows, all turned to the winner's side or with a loss first, give the same weights.
    let linfa = linfa_ridge(&x, &wins, 0.1).unwrap();
    let mut turned = x.clone();
    for (mut row, win) in turned.rows_mut().into_iter().zip(&mut wins) {
        if !*win {
            row.mapv_inplace(|v| -v);
            *win = true;
        }
    }
    assert!(close(&linfa, &linfa_ridge(&turned, &wins, 0.1).unwrap(), 1e-5));
}

#[test]
fn agrees_with_projected_gradient_under_bounds() {
    let rows = random_problem(3, 150, 6);
    let mut options = at(0.01, 6);
    options.alpha = 0.7;
    options.bounds = vec![POSITIVE, POSITIVE, (-0.2, 0.3), FREE, (0.0, 0.1), POSITIVE];
    let fit = fit_rows(&rows, &options).unwrap();
    // Proximal projected gradient with a small fixed step, long enough.
    let total: f64 = rows.weight.iter().sum();
    let mut w = [0.0; 6];
    for _ in 0..60_000 {
        let mut gradient = [0.0; 6];
        for ((x, y), m) in rows.x.chunks(6).zip(&rows.y).zip(&rows.weight) {
            let z: f64 = x.iter().zip(&w).map(|(a, b)| a * b).sum();
            let slope = 1.0 / (1.0 + (-z).exp()) - y;
            (0..6).for_each(|j| gradient[j] += m * slope * x[j] / total);
        }
        for j in 0..6 {
            let moved = w[j] - 0.1 * (gradient[j] + 0.01 * 0.3 * w[j]);
            let shrunk = moved.signum() * (moved.abs() - 0.1 * 0.01 * 0.7).max(0.0);
            w[j] = shrunk.clamp(options.bounds[j].0, options.bounds[j].1);
        }
    }
    assert!(close(&fit.weights, &w, 1e-7), "{:?} {w:?}", fit.weights);
    assert!(fit.certificate.objective <= objective(&rows, &w, &options) + 1e-12);
}

#[test]
fn swapping_the_items_changes_no_byte() {
    let rows = random_problem(5, 200, 9);
    let options = FitOptions { bootstrap: 20, path_length: 15, ..FitOptions::new(9) };
    let mut swapped = random_problem(5, 200, 9);
    swapped.x.to_mut().iter_mut().for_each(|v| *v = -*v);
    swapped.y.iter_mut().for_each(|y| *y = 1.0 - *y);
    let (fit, other) = (fit_rows(&rows, &options).unwrap(), fit_rows(&swapped, &options).unwrap());
    assert_eq!(fit.weights, other.weights);
    assert_eq!(fit.curve, other.curve);
    assert_eq!(fit.intervals, other.intervals);
}

#[test]
fn doubling_all_rows_changes_nothing() {
    let rows = random_problem(7, 150, 7);
    let twice = LogisticRows {
        x: rows.x.iter().chain(rows.x.iter()).copied().collect(),
        columns: 7,
        y: [rows.y.clone(), rows.y.clone()].concat(),
        weight: [rows.weight.clone(), rows.weight.clone()].concat(),
        group: [rows.group.clone(), rows.group.clone()].concat(),
    };
    let options = FitOptions { bootstrap: 30, path_length: 12, tolerance: 1e-10, ..FitOptions::new(7) };
    let (fit, other) = (fit_rows(&rows, &options).unwrap(), fit_rows(&twice, &options).unwrap());
    assert_eq!(fit.chosen, other.chosen);
    assert!(close(&fit.weights, &other.weights, 1e-8));
    for (a, b) in fit.curve.iter().zip(&other.curve) {
        assert!((a.loss - b.loss).abs() < 1e-10 && (a.se - b.se).abs() < 1e-10, "the error is clustered");
    }
    for (a, b) in fit.intervals.iter().zip(&other.intervals) {
        assert!((a.low - b.low).abs() < 1e-7 && (a.high - b.high).abs() < 1e-7 && a.selected == b.selected);
    }
}

#[test]
fn a_weight_of_k_is_k_copies_and_a_weight_of_zero_is_absence() {
    let base = random_problem(11, 90, 5);
    let copies: Vec<usize> = (0..90).map(|i| i % 4).collect();
    let weighted = LogisticRows { weight: copies.iter().map(|&k| k as f64).collect(), ..random_problem(11, 90, 5) };
    let index: Vec<usize> = (0..90).flat_map(|i| std::iter::repeat_n(i, copies[i])).collect();
    let copied = LogisticRows {
        x: index.iter().flat_map(|&i| base.x[i * 5..i * 5 + 5].to_vec()).collect(),
        columns: 5,
        y: index.iter().map(|&i| base.y[i]).collect(),
        weight: vec![1.0; index.len()],
        group: index.iter().map(|&i| base.group[i]).collect(),
    };
    let (a, b) = (fit_rows(&weighted, &at(0.02, 5)).unwrap(), fit_rows(&copied, &at(0.02, 5)).unwrap());
    assert!(close(&a.weights, &b.weights, 1e-8));
    assert!((a.lambda_max - b.lambda_max).abs() < 1e-13);
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    // More than one block, so that the merge of blocks is covered too.
    let rows = random_problem(13, likelihood::BLOCK_ROWS * 2 + 100, 4);
    let options = FitOptions { bootstrap: 8, path_length: 6, ..FitOptions::new(4) };
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| fit_rows(&rows, &options).unwrap())
    };
    let one = run(1);
    assert!(one.certificate.converged && one.weights.iter().any(|&w| w != 0.0));
    assert_eq!(one, run(2));
    assert_eq!(one, run(3));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// KKT, gap and bounds on random problems with every option at once; random feasible points are never better.
    #[test]
    fn random_problems_are_certified(
        seed in 0u64..1000, n in 3usize..80, d in 1usize..12, share in 0.0..1.2f64, alpha in 0.0..=1.0f64,
        kinds in proptest::collection::vec(0u8..6, 12), factors in proptest::collection::vec(0u8..4, 12),
    ) {
        let rows = random_problem(seed, n, d);
        let bound = |k: u8| [FREE, POSITIVE, (f64::NEG_INFINITY, 0.0), (-0.1, 0.2), (0.25, 0.25), (0.0, 0.0)][k as usize];
        let mut options = at(0.0, d);
        options.alpha = alpha;
        options.bounds = kinds[..d].iter().map(|&k| bound(k)).collect();
        options.factors = factors[..d].iter().map(|&f| [0.5, 1.0, 3.0, 1.5][f as usize]).collect();
        options.lambda = Some(1.0);
        let lambda_max = fit_rows(&rows, &options).unwrap().lambda_max;
        options.lambda = Some((share * lambda_max).max(1e-3));
        options.tolerance = 1e-8;
        let fit = fit_rows(&rows, &options).unwrap();
        prop_assert!(fit.certificate.converged, "{:?}", fit.certificate);
        prop_assert!(fit.certificate.gap.unwrap() < 1e-6, "{:?}", fit.certificate);
        let best = objective(&rows, &fit.weights, &options);
        prop_assert!((best - fit.certificate.objective).abs() < 1e-12);
        let mut random = rng::stream(seed, "feasible", 1);
        for _ in 0..50 {
            let other: Vec<f64> = (0..d).map(|j| {
                let (low, high) = options.bounds[j];
                let step = (random.next_u64() as f64 / u64::MAX as f64 - 0.5) * 0.2;
                (fit.weights[j] + step).max(low).min(high)
            }).collect();
            prop_assert!(objective(&rows, &other, &options) >= best - 1e-10);
        }
        for (w, (low, high)) in fit.weights.iter().zip(&options.bounds) {
            prop_assert!(low <= w && w <= high);
        }
        if share >= 1.0 && alpha == 1.0 {
            prop_assert!((0..d).all(|j| kinds[j] == 4 || fit.weights[j] == 0.0));
        }
    }

    /// Permuting the columns permutes the weights.
    #[test]
    fn column_order_does_not_matter(seed in 0u64..1000, shift in 1usize..7) {
        let (n, d) = (60, 8);
        let rows = random_problem(seed, n, d);
        let turned = LogisticRows {
            x: (0..n * d).map(|k| rows.x[k / d * d + (k % d + shift) % d]).collect(),
            ..random_problem(seed, n, d)
        };
        let (a, b) = (fit_rows(&rows, &at(0.02, d)).unwrap(), fit_rows(&turned, &at(0.02, d)).unwrap());
        let back: Vec<f64> = (0..d).map(|j| a.weights[(j + shift) % d]).collect();
        prop_assert!(close(&back, &b.weights, 1e-7));
    }
}

fn pair_matrix(x: Vec<Vec<f64>>, votes: Vec<(f64, f64, f64)>) -> PairMatrix {
    let (n, d) = (x.len(), x.first().map_or(2, Vec::len));
    PairMatrix {
        x: Array2::from_shape_vec((n, d), x.concat()).unwrap(),
        votes: votes.into_iter().map(|(a, tie, b)| Votes { a, tie, b }).collect(),
        weight: vec![1.0; n],
        group: (0..n).collect(),
        pair: (0..n).collect(),
        unscoreable: 0,
        dropped: 0,
    }
}

#[test]
fn ties_count_half_or_not_at_all() {
    let pairs = pair_matrix(
        vec![vec![1.0, 0.0], vec![0.0, 1.0], vec![1.0, 1.0], vec![-1.0, 0.5]],
        vec![(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.25, 0.5, 0.25), (0.5, 0.25, 0.25)],
    );
    let half = rows::from_pairs(&pairs, Ties::Half).unwrap();
    assert_eq!(half.y, [1.0, 0.5, 0.5, 0.625]);
    let decided = rows::from_pairs(&pairs, Ties::Drop).unwrap();
    assert_eq!(decided.y, [1.0, 0.5, 0.5 / 0.75]);
    assert_eq!(*decided.x, [1.0, 0.0, 1.0, 1.0, -1.0, 0.5]);
}

#[test]
fn degenerate_inputs_have_named_outcomes() {
    let x = || vec![vec![1.0, 0.0], vec![-1.0, 2.0], vec![0.5, 1.0], vec![1.0, 1.0], vec![-0.5, 1.0], vec![1.0, -1.0]];
    let rule_of = |error: crate::Error| match error {
        crate::Error::Data(problems) => problems.rules(crate::problems::Severity::Error).next().unwrap().0,
        other => panic!("{other}"),
    };
    let options = FitOptions { bootstrap: 5, path_length: 8, ..FitOptions::new(2) };

    let all_ties = pair_matrix(x(), vec![(0.0, 1.0, 0.0); 6]);
    let tied = fit(&all_ties, &options).unwrap();
    assert_eq!((tied.weights, tied.lambda_max, tied.certificate.converged), (vec![0.0; 2], 0.0, true));
    assert!(tied.notes[0].contains("Every label is a tie"), "{:?}", tied.notes);
    let dropped = FitOptions { ties: Ties::Drop, ..options.clone() };
    assert_eq!(rule_of(fit(&all_ties, &dropped).unwrap_err()), "all-ties");

    assert_eq!(rule_of(fit(&pair_matrix(vec![], vec![]), &options).unwrap_err()), "no-pairs");
    let mut nan = pair_matrix(x(), vec![(1.0, 0.0, 0.0); 6]);
    nan.x[[2, 1]] = f64::NAN;
    let error = fit(&nan, &options).unwrap_err();
    assert!(error.to_string().contains("pair 3, feature 2"), "{error}");
    let mut weightless = pair_matrix(x(), vec![(1.0, 0.0, 0.0); 6]);
    weightless.weight = vec![0.0; 6];
    assert_eq!(rule_of(fit(&weightless, &options).unwrap_err()), "weights-zero");
    weightless.weight[3] = f64::INFINITY;
    assert_eq!(rule_of(fit(&weightless, &options).unwrap_err()), "weight-range");

    let winners = pair_matrix(x(), vec![(1.0, 0.0, 0.0); 6]);
    let one_class = fit(&winners, &options).unwrap();
    assert!(one_class.certificate.converged && one_class.notes.iter().any(|n| n.contains("wins every pair")));
    assert!(one_class.notes.iter().any(|n| n.contains("5 prompts") || !n.contains("folds")));

    let mut one_prompt = pair_matrix(x(), vec![(1.0, 0.0, 0.0); 6]);
    one_prompt.group = vec![4; 6];
    assert_eq!(rule_of(fit(&one_prompt, &options).unwrap_err()), "too-few-groups");
    let given = fit(&one_prompt, &FitOptions { lambda: Some(0.1), ..options.clone() }).unwrap();
    assert!(given.intervals.is_empty() && given.notes.iter().any(|n| n.contains("No weight intervals")));
    one_prompt.group = vec![0, 0, 1, 1, 2, 2];
    assert!(fit(&one_prompt, &options).unwrap().notes.iter().any(|n| n.contains("3 folds in place of 5")));
}

#[test]
fn constant_and_equal_columns_are_named_and_more_columns_than_rows_fit() {
    let mut rows = random_problem(17, 8, 12);
    for row in rows.x.to_mut().chunks_mut(12) {
        row[4] = 0.0;
        row[9] = row[2];
    }
    let options = FitOptions { names: (1..=12).map(|j| format!("q{j}")).collect(), ..at(0.02, 12) };
    let fit = fit_rows(&rows, &options).unwrap();
    assert!(fit.certificate.converged && fit.weights[4] == 0.0);
    assert!(fit.notes.iter().any(|n| n.contains("weight 0: q5.")), "{:?}", fit.notes);
    assert!(fit.notes.iter().any(|n| n.contains("q3, q10")));
    assert!(fit.notes.iter().any(|n| n.contains("More features (12) than pairs (8)")));
}

#[test]
fn separation_is_named() {
    // Complete: the first column always points to the winner.
    let rows = integer_problem();
    let mut complete = integer_problem();
    for (row, y) in complete.x.to_mut().chunks_mut(8).zip(&rows.y) {
        row[0] = if *y == 1.0 { 2.0 } else { -2.0 };
    }
    let options = FitOptions { names: (1..=8).map(|j| format!("q{j}")).collect(), ..at(0.0, 8) };
    let options = FitOptions { tolerance: 1e-6, ..options };
    let fit = fit_rows(&complete, &options).unwrap();
    let note = fit.notes.iter().find(|n| n.starts_with("Complete separation"));
    assert!(note.is_some_and(|n| n.contains("q1")), "{:?}", fit.notes);

    // Quasi: the second column moves in a few pairs only, always to the winner.
    let mut quasi = integer_problem();
    for (i, (row, y)) in quasi.x.to_mut().chunks_mut(8).zip(&rows.y).enumerate() {
        row[1] = if i % 20 != 0 { 0.0 } else { 4.0 * y - 2.0 };
    }
    let fit = fit_rows(&quasi, &options).unwrap();
    let note = fit.notes.iter().find(|n| n.starts_with("Quasi-complete separation"));
    assert!(note.is_some_and(|n| n.contains("q2") && !n.contains("q3")), "{:?}", fit.notes);

    // Neither, and not with a penalty.
    let fit = fit_rows(&rows, &options).unwrap();
    assert!(!fit.notes.iter().any(|n| n.contains("separation")), "{:?}", fit.notes);
    let fit = fit_rows(&quasi, &FitOptions { lambda: Some(0.02), ..options }).unwrap();
    assert!(!fit.notes.iter().any(|n| n.contains("separation")), "{:?}", fit.notes);
}

#[test]
fn planted_weights_are_found_and_noise_is_left_out() {
    let mut random = rng::stream(1, "planted", 0);
    let mut uniform = || (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    let (n, d) = (1500, 20);
    let x: Vec<f64> = (0..n * d).map(|_| ((uniform() * 3.0).floor() - 1.0) * 2.0).collect();
    let y: Vec<f64> = (x.chunks(d).map(|row| 0.8 * row[0] + 0.5 * row[7] + 0.3 * row[13]))
        .map(|z| f64::from(uniform() < 1.0 / (1.0 + (-z).exp())))
        .collect();
    let rows =
        LogisticRows { x: x.into(), columns: d, y, weight: vec![1.0; n], group: (0..n).map(|i| i / 3).collect() };
    let mut options = FitOptions::new(d);
    options.bounds = vec![POSITIVE; d];
    options.bootstrap = 60;
    let fit = fit_rows(&rows, &options).unwrap();
    assert!(fit.certificate.converged && fit.chosen > 0);
    for j in [0, 7, 13] {
        assert!(fit.weights[j] > 0.1 && fit.intervals[j].selected == 1.0);
        assert!(fit.intervals[j].low > 0.0 && fit.intervals[j].low <= fit.weights[j]);
    }
    assert!(fit.weights.iter().filter(|&&w| w != 0.0).count() <= 8, "{:?}", fit.weights);
    assert!(fit.curve.windows(2).all(|w| w[0].lambda > w[1].lambda));
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let rows = random_problem(1, 20, 3);
    let cases: [fn(&mut FitOptions); 7] = [
        |o| o.lambda = Some(-0.1),
        |o| o.alpha = 1.5,
        |o| o.folds = 1,
        |o| o.bounds[1] = (0.5, 1.0),
        |o| o.bounds[1] = (f64::NAN, 1.0),
        |o| o.factors[0] = -1.0,
        |o| o.tolerance = 0.0,
    ];
    for (case, change) in cases.into_iter().enumerate() {
        let mut options = FitOptions::new(3);
        change(&mut options);
        assert_eq!(fit_rows(&rows, &options).unwrap_err().exit_code(), 2, "case {case}");
    }
    let options = FitOptions { max_iterations: 1, ..at(1e-4, 3) };
    assert!(!fit_rows(&rows, &options).unwrap().certificate.converged);
}

#[test]
fn an_unpenalised_column_has_no_finite_dual() {
    let rows = random_problem(2, 60, 4);
    let mut options = at(0.05, 4);
    options.factors[2] = 0.0;
    let fit = fit_rows(&rows, &options).unwrap();
    assert!(fit.certificate.converged && fit.certificate.gap.is_none());
    assert!(fit.certificate.gap_reason.is_some_and(|reason| reason.contains("without penalty")));
    // At λ_max everything but that column is 0.
    options.lambda = Some(fit.lambda_max);
    let null = fit_rows(&rows, &options).unwrap();
    assert!(null.weights[2] != 0.0 && null.weights.iter().filter(|&&w| w != 0.0).count() == 1);
    assert!(logistic(0.0, 0.5).1 == 0.0);
}
