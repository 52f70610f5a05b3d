//! How long pair selection takes at the size of the paper's image run: 63,165 prompts with 8 candidates each, 1.77 million
//! pairs, five dimensions (arXiv 2412.21059, §4.3). Scores are drawn; reading and scoring are not timed.
//!
//!     cargo run --release --example select_speed

#![allow(clippy::print_stdout)] // a program of its own: what it prints is its result

use std::time::Instant;

use headfit::dataset::{self, Dataset, ReadOptions, Source};
use headfit::rng;
use headfit::select::pareto::{Limits, Points};
use headfit::select::{Candidates, SelectOptions, select};
use rand::RngExt;

const PROMPTS: usize = 63_165;
const CANDIDATES: usize = 8;
const PARTS: usize = 5;

fn main() {
    let count = PROMPTS * CANDIDATES;
    let mut rng = rng::stream(1, "select_speed", 0);
    let parts: Vec<f64> = (0..count * PARTS).map(|_| f64::from(rng.random::<u32>() % 12) / 8.0).collect();
    let total: Vec<f64> = parts.chunks_exact(PARTS).map(|p| p.iter().sum()).collect();
    let candidates = Candidates {
        points: Points { width: PARTS, parts, gap: total.clone(), total },
        limits: Limits { slack: vec![1e-12; PARTS], lead: 1e-12, min_gap: 0.6 },
        parts: (0..PARTS).map(|k| format!("part {k}")).collect(),
        usable: vec![true; count],
        groups: (0..PROMPTS).map(|p| (p, (p * CANDIDATES..(p + 1) * CANDIDATES).collect())).collect(),
        guarded: 0,
        unscoreable: 0,
        incomplete: 0,
        notes: Vec::new(),
    };
    let data = items(count);
    let start = Instant::now();
    let selection = select(&data, &candidates, "overall", &SelectOptions::default());
    let seconds = start.elapsed().as_secs_f64();
    let counts = &selection.counts;
    println!(
        "{} pairs compared, {} lead by the gap, {} kept: {seconds:.2} s",
        counts.compared, counts.wide, counts.kept
    );
}

/// Items without anything but their prompts.
fn items(count: usize) -> Dataset {
    let rows: String = (0..count).map(|i| format!("{i},{}\n", i / CANDIDATES)).collect();
    let table: &'static [u8] = Box::leak(format!("item_id,prompt_id\n{rows}").into_bytes().into_boxed_slice());
    let files: &'static [(&'static str, &'static [u8])] = Box::leak(vec![("items.csv", table)].into_boxed_slice());
    dataset::read(&Source::Embedded { name: "drawn", files }, ReadOptions::default()).expect("a sound table")
}
