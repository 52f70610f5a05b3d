//! Passes over 44,000 pairs × 60 questions, in every storage: margins with the loss of each row, margins and gradient fused,
//! the Gram matrix, and 16 problems at once (folds, resamples).
//!
//! `cargo bench --bench kernels`

#![allow(missing_docs)] // criterion's macros

use std::borrow::Cow;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use headfit::fit::kernel::Storage;
use headfit::fit::likelihood::{LogisticRows, Model, Problem, RowWeights, curvature, loss_and_gradient};
use headfit::rng;
use rand::RngExt;

const ROWS: usize = 44_000;
const COLUMNS: usize = 60;

fn rows<T: Storage>(value: fn(i8) -> T) -> LogisticRows<'static, T> {
    let mut random = rng::stream(1, "bench", 0);
    LogisticRows {
        x: Cow::Owned((0..ROWS * COLUMNS).map(|_| value(random.random_range(-1..=1))).collect()),
        columns: COLUMNS,
        y: (0..ROWS).map(|_| f64::from(random.random_range(0..=1u8))).collect(),
        weight: vec![1.0; ROWS],
        group: (0..ROWS).collect(),
    }
}

fn storage<T: Storage>(c: &mut Criterion, name: &str, rows: &LogisticRows<T>) {
    let mut group = c.benchmark_group(format!("{ROWS} x {COLUMNS} {name}"));
    group.throughput(Throughput::Bytes((ROWS * COLUMNS * size_of::<T>()) as u64)).sample_size(20);
    let w: Vec<f64> = (0..COLUMNS).map(|j| (j % 5) as f64 / 50.0).collect();
    let likelihood = rows.likelihood(Cow::Borrowed(&rows.weight));
    group.bench_function("margins", |b| b.iter(|| rows.row_losses(black_box(&w))));
    group.bench_function("gradient", |b| b.iter(|| loss_and_gradient(&*likelihood, black_box(&w))));
    group.bench_function("gram", |b| b.iter(|| curvature(&*likelihood, black_box(&w))));
    let problem = Problem { rows: RowWeights::Given(&rows.weight), total: ROWS as f64, w: &w };
    group.bench_function("many (16)", |b| b.iter(|| rows.many(black_box(&[problem; 16]))));
    group.finish();
}

fn bench(c: &mut Criterion) {
    // One thread, as in the comparison with the peers.
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global().expect("nothing has run yet");
    storage(c, "i8", &rows(|v| v));
    storage(c, "f32", &rows(f32::from));
    storage(c, "f64", &rows(f64::from));
}

criterion_group!(benches, bench);
criterion_main!(benches);
