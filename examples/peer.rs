//! This solver in the comparison with its peers: `benches/peers/bench.py` starts it, see `benches/peers/README.md`.
//!
//! ```text
//! peer --task single|path|cv|boot|vr --x X.npy --y y.npy --lambdas L,L,… --alpha 1 --nonneg 0 --out w.json
//!      [--counts counts.f64] [--folds folds.i32] [--threads 1] [--tolerance 1e-6]
//!      [--repeats 1]
//! ```
//!
//! The clock starts with the row-major matrix (`f32` or `i8`) and the labels in memory, and stops when weights and
//! certificates are there: λ_max, curvature, every pass and the duality gap are inside. Reading and writing files are not.

#![allow(clippy::print_stdout, clippy::print_stderr)] // a program of its own: what it prints is its result

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error;
use std::io::Read;
use std::sync::Arc;
use std::time::Instant;

use headfit::fit::bootstrap;
use headfit::fit::cross_validation::{Solution, out_of_fold};
use headfit::fit::kernel::Storage;
use headfit::fit::likelihood::{Likelihood, LogisticRows, Model, RowWeights, curvature};
use headfit::fit::path::{Shape, follow, start};
use headfit::fit::penalty::Penalty;
use headfit::fit::solver::{Limits, SMALL_GAP, State, minimise};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let options: BTreeMap<&str, &str> =
        words.chunks_exact(2).map(|pair| (pair[0].trim_start_matches("--"), pair[1].as_str())).collect();
    let get = |name: &str| options.get(name).copied().ok_or(format!("--{name} is missing"));
    let threads: usize = options.get("threads").copied().unwrap_or("1").parse()?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let y: Vec<f32> = values(get("y")?, f32::from_le_bytes)?;
    let x = get("x")?;
    let mut result = if npy_type(x)?.contains("i1") {
        run(values(x, i8::from_le_bytes)?, &y, &options, &pool)?
    } else {
        run(values(x, f32::from_le_bytes)?, &y, &options, &pool)?
    };
    result["peak_mb"] = memory("VmHWM")?.into();
    std::fs::write(get("out")?, serde_json::to_string(&result)?)?;
    Ok(())
}

/// What is asked for.
struct Job {
    task: String,
    lambdas: Vec<f64>,
    shape: Shape,
    tolerance: f64,
    /// Row weights of the resamples, one after the other.
    counts: Vec<f64>,
    /// The fold of each row.
    fold: Vec<usize>,
}

/// What a run found.
#[derive(Default)]
struct Found {
    seconds: f64,
    lambda_max: f64,
    weights: Vec<Vec<f64>>,
    folds: Vec<Vec<Vec<f64>>>,
    kkt: f64,
    gap: Option<f64>,
    iterations: usize,
}

fn run<T: Storage>(
    x: Vec<T>,
    y: &[f32],
    options: &BTreeMap<&str, &str>,
    pool: &rayon::ThreadPool,
) -> Outcome<serde_json::Value> {
    let get = |name: &str| options.get(name).copied().unwrap_or_default();
    let task = get("task");
    let d = x.len() / y.len();
    let low = if get("nonneg") == "1" { 0.0 } else { f64::NEG_INFINITY };
    let read = |name: &str, of: &str| if task == of { std::fs::read(get(name)) } else { Ok(Vec::new()) };
    let job = Job {
        task: task.to_owned(),
        lambdas: get("lambdas").split(',').map(str::parse).collect::<Result<_, _>>()?,
        shape: Shape {
            alpha: get("alpha").parse().unwrap_or(1.0),
            factors: vec![1.0; d],
            bounds: vec![(low, f64::INFINITY); d],
        },
        tolerance: get("tolerance").parse().unwrap_or(1e-6),
        counts: values_of(&read("counts", "boot")?, f64::from_le_bytes),
        fold: values_of(&read("folds", "cv")?, i32::from_le_bytes).into_iter().map(|f| f as usize).collect(),
    };
    let before = memory("VmRSS")?;
    // As the peers, which are measured after their tolerance was found: several runs in one process, at least `repeats`, more
    // where they are short.
    let repeats: usize = get("repeats").parse().unwrap_or(1);
    let (mut seconds, mut found) = (Vec::new(), Found::default());
    while seconds.len() < repeats || (repeats > 1 && seconds.iter().sum::<f64>() < 2.0 && seconds.len() < 15) {
        found = pool.install(|| once(&x, y, &job))?;
        seconds.push(found.seconds);
    }
    Ok(serde_json::json!({
        "lambdas": job.lambdas, "weights": found.weights, "folds": found.folds, "runs": seconds, "kkt": found.kkt, "gap": found.gap,
        "iterations": found.iterations, "rss_before_mb": before, "lambda_max": found.lambda_max,
    }))
}

fn once<T: Storage>(x: &[T], y: &[f32], job: &Job) -> Outcome<Found> {
    let (lambdas, mut shape, mut found) = (&job.lambdas, job.shape.clone(), Found::default());
    let d = shape.factors.len();
    let clock = Instant::now();
    let y: Vec<f64> = y.iter().map(|&v| f64::from(v)).collect();
    let weight = vec![1.0; y.len()];
    let rows = LogisticRows { x: Cow::Borrowed(x), columns: d, y, weight, group: Vec::new() };
    let likelihood = rows.likelihood(Cow::Borrowed(&rows.weight));
    let first = Limits { residual: 1e-10, gap: 0.0, iterations: 500 };
    let begun = start(&*likelihood, &shape, first);
    let (lambda_max, mut state) = (begun.lambda_max, begun.state);
    found.lambda_max = lambda_max;
    // All solvers stop at a relative error of the objective of 1e-6.
    let limits = Limits { residual: job.tolerance * lambda_max, gap: SMALL_GAP, iterations: 500 };
    match job.task.as_str() {
        "single" => {
            let outcome = minimise(&*likelihood, &shape.penalty(lambdas[0]), &mut state, limits);
            found.gap = duality_gap(&*likelihood, &shape.penalty(lambdas[0]), &state, outcome.objective);
            (found.kkt, found.iterations) = (outcome.residual / lambda_max, outcome.iterations);
            found.weights.push(state.weights.clone());
        }
        "vr" => loop {
            // Unpenalised fit, drop what is negative, refit, until nothing is.
            let outcome = minimise(&*likelihood, &shape.penalty(0.0), &mut state, limits);
            (found.kkt, found.iterations) = (outcome.residual / lambda_max, found.iterations + outcome.iterations);
            let negative: Vec<usize> = (0..d).filter(|&j| state.weights[j] < 0.0).collect();
            if negative.is_empty() {
                found.weights.push(state.weights.clone());
                break;
            }
            negative.into_iter().for_each(|j| shape.bounds[j] = (0.0, 0.0));
        },
        "path" | "cv" => {
            let null = state.weights.clone();
            let mut path = Vec::with_capacity(lambdas.len());
            follow(&*likelihood, &shape, lambdas, &mut state, limits, |k, state, outcome| {
                found.weights.push(state.weights.clone());
                found.kkt = found.kkt.max(outcome.residual / lambda_max);
                found.iterations += outcome.iterations;
                path.push(Solution { lambda: lambdas[k], state: state.for_other_data() });
            });
            if job.task == "cv" {
                found.folds = out_of_fold(&rows, &job.fold, &shape, &path, &null, limits).paths;
            }
        }
        "boot" => {
            let full = minimise(&*likelihood, &shape.penalty(lambdas[0]), &mut state, limits);
            found.kkt = full.residual / lambda_max;
            state.curvature = Some(Arc::new(curvature(&*likelihood, &state.weights)));
            let resamples: Vec<RowWeights> = job.counts.chunks(rows.y.len()).map(RowWeights::Given).collect();
            for refit in bootstrap::refit_with(&rows, &shape, lambdas[0], &state, limits, &resamples) {
                found.weights.push(refit.ok_or("a refit did not converge")?);
            }
        }
        other => return Err(format!("unknown task `{other}`").into()),
    }
    found.seconds = clock.elapsed().as_secs_f64();
    Ok(found)
}

/// Upper bound on F(w) − min F from the dual point of w, shrunk until it is feasible.
fn duality_gap(likelihood: &dyn Likelihood, penalty: &Penalty, state: &State, objective: f64) -> Option<f64> {
    let against: Vec<f64> = state.point.as_ref()?.1.iter().map(|g| -g).collect();
    let scale = penalty.dual_scale(&against)?;
    let shrunk: Vec<f64> = against.iter().map(|v| scale * v).collect();
    Some(objective + likelihood.conjugate(&state.weights, scale)? + penalty.conjugate(&shrunk))
}

/// A line of /proc/self/status, in megabytes.
fn memory(name: &str) -> Outcome<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|l| l.starts_with(name)).ok_or("no such line")?;
    Ok(line.split_whitespace().nth(1).unwrap_or("0").parse::<f64>()? / 1024.0)
}

/// The header of a file written by numpy.
fn npy_type(path: &str) -> Outcome<String> {
    let mut head = [0; 128];
    std::fs::File::open(path)?.read_exact(&mut head)?;
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn values_of<T, const N: usize>(bytes: &[u8], read: fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|b| read(*b)).collect()
}

/// The values of a file written by numpy, read in pieces so that the matrix is in memory once.
fn values<T, const N: usize>(path: &str, read: fn([u8; N]) -> T) -> Outcome<Vec<T>> {
    let mut file = std::fs::File::open(path)?;
    let mut head = [0; 10];
    file.read_exact(&mut head)?;
    let mut rest = vec![0; usize::from(u16::from_le_bytes([head[8], head[9]]))];
    file.read_exact(&mut rest)?;
    let mut values = Vec::with_capacity((file.metadata()?.len() as usize - 10 - rest.len()) / N);
    let mut piece = vec![0; 1 << 20];
    loop {
        let mut filled = 0;
        while filled < piece.len() {
            match file.read(&mut piece[filled..])? {
                0 => break,
                n => filled += n,
            }
        }
        values.extend(piece[..filled].as_chunks::<N>().0.iter().map(|b| read(*b)));
        if filled < piece.len() {
            return Ok(values);
        }
    }
}
