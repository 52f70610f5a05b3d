//! Bootstrap over prompts: 100,000 pairs of 25,000 prompts × 10 scorers × 100 draws, a hundredth of the size that
//! `examples/evaluate_speed.rs` times once.
//!
//! `cargo bench --bench evaluate`

#![allow(missing_docs)] // criterion's macros

use criterion::{Criterion, criterion_group, criterion_main};
use headfit::evaluate::Protocol;
use headfit::evaluate::compare::{Question, assess};
use headfit::evaluate::margins::{HeldOut, LabelledPairs, ScoredPairs};
use headfit::{rng, stats};
use rand::RngExt;

const PAIRS: usize = 100_000;

fn pairs() -> (LabelledPairs, Vec<ScoredPairs>) {
    let mut random = rng::stream(1, "bench", 0);
    let truth: Vec<f64> = (0..PAIRS).map(|_| random.random_range(-1.0..1.0)).collect();
    let prompt: Vec<u32> = (0..PAIRS).map(|i| (i / 4) as u32).collect();
    let labels = LabelledPairs {
        pair: (0..PAIRS).collect(),
        human: truth.iter().map(|t| if t.abs() < 0.15 { 0 } else { t.signum() as i8 }).collect(),
        group: prompt.clone(),
        groups: PAIRS / 4,
        prompt,
        items: (0..PAIRS as u32).map(|i| [2 * i, 2 * i + 1]).collect(),
    };
    let scorer = |s: usize| {
        let margins = truth.iter().map(|t| Some(((t + random.random_range(-1.0..1.0f64)) * 1000.0).round() / 1000.0));
        ScoredPairs::new(format!("s{s}"), margins.collect(), HeldOut::Thresholds(vec![0.2; PAIRS]))
    };
    (labels, (0..10).map(scorer).collect())
}

fn bench(c: &mut Criterion) {
    let (labels, scored) = pairs();
    let mut group = c.benchmark_group("bootstrap of 100,000 pairs, 10 scorers, 100 draws");
    group.sample_size(10);
    for protocol in [Protocol::DiffHalf, Protocol::TauHeldOut, Protocol::Tau, Protocol::TiesMatterRow] {
        let protocols = [protocol];
        let question =
            Question { dimension: "d", protocols: &protocols, draws: 100, seed: 1, head_first: false, tests: 0 };
        group.bench_function(protocol.id(), |b| b.iter(|| assess(&labels, &scored, question)));
    }
    group.finish();
    let differences: Vec<f64> = (0..PAIRS).map(|i| [1.0, 0.0, -1.0, 0.5][i % 4]).collect();
    let clusters: Vec<u32> = (0..PAIRS).map(|i| (i / 3) as u32).collect();
    c.bench_function("permutation test of 100,000 pairs, 2,000 draws", |b| {
        b.iter(|| stats::cluster_permutation(&differences, &clusters, 2000, 1, "bench"));
    });
}

criterion_group!(benches, bench);
criterion_main!(benches);
