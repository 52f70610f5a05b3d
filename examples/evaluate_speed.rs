//! Times the bootstrap over prompts on simulated pairs, and writes the pairs for other programs:
//!
//! ```text
//! cargo run --release --example evaluate_speed                       1,000,000 pairs, 10 scorers, 1,000 draws
//! cargo run --release --example evaluate_speed -- 100000 10 200 pairs.csv
//! ```
//!
//! Arguments: pairs, scorers, draws, file. Four pairs a prompt; labels, and margins on a grid, are correlated within
//! prompts. Prints one line of JSON per part: seconds and the first scorer's value and interval. Reading is no part of it.

#![allow(clippy::print_stdout)] // a program of its own: what it prints is its result

use std::io::Write;
use std::time::Instant;

use headfit::evaluate::Protocol;
use headfit::evaluate::compare::{Question, assess};
use headfit::evaluate::margins::{HeldOut, LabelledPairs, ScoredPairs};
use headfit::rng;
use headfit::stats::{kendall_tau_b, pearson, spearman};
use rand::RngExt;

const FIXED: [Protocol; 7] = [
    Protocol::TauHeldOut,
    Protocol::ThreeClass,
    Protocol::Diff,
    Protocol::DiffHalf,
    Protocol::DiffDecided,
    Protocol::HalfTie,
    Protocol::UnifiedReward,
];

fn main() -> std::io::Result<()> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, usual: usize| given.get(at).and_then(|t| t.parse().ok()).unwrap_or(usual);
    let (pairs, scorers, draws) = (number(0, 1_000_000), number(1, 10), number(2, 1000));
    let (labels, scored) = simulate(pairs, scorers);
    if let Some(path) = given.get(3) {
        write(path, &labels, &scored)?;
    }
    for (part, protocols) in [
        ("fixed thresholds", &FIXED[..]),
        ("tau", &[Protocol::Tau]),
        ("vgrb-with-ties", &[Protocol::VgrbWithTies]),
        ("ties-matter-row", &[Protocol::TiesMatterRow]),
    ] {
        let start = Instant::now();
        let question = Question { dimension: "d", protocols, draws, seed: 1, head_first: false, tests: 0 };
        let found = assess(&labels, &scored, question);
        let seconds = start.elapsed().as_secs_f64();
        let row = &found.rows[protocols.iter().position(|p| *p == Protocol::DiffHalf).unwrap_or(0)];
        println!(
            "{{\"part\": \"{part}\", \"seconds\": {seconds:.3}, \"protocol\": \"{}\", \"value\": {:?}, \"low\": {:?}, \"high\": {:?}}}",
            row.protocol.id(),
            row.value.unwrap_or(f64::NAN),
            row.low.unwrap_or(f64::NAN),
            row.high.unwrap_or(f64::NAN)
        );
    }
    correlations(pairs.min(200_000));
    Ok(())
}

/// Rank correlations of that many items with 200 draws, without a limit on time.
fn correlations(items: usize) {
    let mut random = rng::stream(3, "speed/items", 0);
    let truth: Vec<f64> = (0..items).map(|_| f64::from(random.random_range(3..=15)) / 3.0).collect();
    let score: Vec<f64> = truth.iter().map(|t| t + random.random_range(-2.0..2.0f64)).collect();
    let start = Instant::now();
    let mut sum = 0.0;
    for _ in 0..200 {
        let drawn: Vec<usize> = (0..items).map(|_| random.random_range(0..items as u32) as usize).collect();
        let (x, y): (Vec<f64>, Vec<f64>) = drawn.iter().map(|&i| (score[i], truth[i])).unzip();
        sum += [kendall_tau_b(&x, &y), spearman(&x, &y), pearson(&x, &y)].into_iter().flatten().sum::<f64>();
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{{\"part\": \"3 correlations of {items} items, 200 draws, 1 thread\", \"seconds\": {seconds:.3}, \"mean\": {:?}}}",
        sum / 600.0
    );
}

/// Four pairs a prompt; scorer s is right with a probability that falls with s.
fn simulate(pairs: usize, scorers: usize) -> (LabelledPairs, Vec<ScoredPairs>) {
    let mut random = rng::stream(1, "speed/labels", 0);
    let prompts = pairs.div_ceil(4);
    let shift: Vec<f64> = (0..prompts).map(|_| random.random_range(-0.5..0.5)).collect();
    let truth: Vec<f64> = (0..pairs).map(|i| shift[i / 4] + random.random_range(-1.0..1.0)).collect();
    let labels = LabelledPairs {
        pair: (0..pairs).collect(),
        human: truth.iter().map(|t| if t.abs() < 0.15 { 0 } else { t.signum() as i8 }).collect(),
        group: (0..pairs).map(|i| (i / 4) as u32).collect(),
        groups: prompts,
        prompt: (0..pairs).map(|i| (i / 4) as u32).collect(),
        items: (0..pairs as u32).map(|i| [2 * i, 2 * i + 1]).collect(),
    };
    let scored = (0..scorers)
        .map(|s| {
            let mut random = rng::stream(1, "speed/margins", s as u64);
            let noise = 0.5 + 0.3 * s as f64;
            // A thousandth is the grid: equal margins and equal scores occur.
            let margin = |t: &f64| ((t + noise * random.random_range(-1.0..1.0f64)) * 1000.0).round() / 1000.0;
            let margins = truth.iter().map(margin).map(Some).collect();
            ScoredPairs::new(format!("s{s}"), margins, HeldOut::Thresholds(vec![0.2; pairs]))
        })
        .collect();
    (labels, scored)
}

fn write(path: &str, labels: &LabelledPairs, scored: &[ScoredPairs]) -> std::io::Result<()> {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    let names: Vec<&str> = scored.iter().map(|s| s.scorer.as_str()).collect();
    writeln!(file, "prompt,human,{}", names.join(","))?;
    for i in 0..labels.len() {
        let margins: Vec<String> = scored.iter().map(|s| s.margins[i].unwrap_or(0.0).to_string()).collect();
        writeln!(file, "{},{},{}", labels.group[i], labels.human[i], margins.join(","))?;
    }
    file.flush()
}
