//! Do 95 % intervals hold the truth in 95 % of cases? Simulated worlds of clustered pairs whose true accuracies are known:
//!
//! ```text
//! cargo run --release --example coverage                 2,000 worlds, 100, 200 and 400 prompts
//! cargo run --release --example coverage -- 500
//! ```
//!
//! In each world every prompt has a difficulty of its own, so its pairs stand and fall together, and 1 to 7 pairs. Two
//! scorers judge them; the second is a little worse and shares part of the first one's errors. The truth is the
//! accuracy in 4,000,000 prompts. Shown: how often the interval of `diff-half` of the first scorer and of the paired
//! difference holds the truth, by percentile bootstrap and with the clustered standard error; and how often the
//! permutation test and McNemar's test at 5 % find a difference between two equally good scorers.

#![allow(clippy::print_stdout)] // a program of its own: what it prints is its result

use headfit::evaluate::Protocol;
use headfit::evaluate::compare::{Question, assess};
use headfit::evaluate::margins::{HeldOut, LabelledPairs, ScoredPairs};
use headfit::rng;
use headfit::stats::student;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// What the second scorer loses.
const GAP: f64 = 0.04;

struct World {
    prompt: Vec<u32>,
    human: Vec<i8>,
    margins: [Vec<f64>; 2],
}

fn world(prompts: usize, gap: f64, random: &mut ChaCha8Rng) -> World {
    let mut world = World { prompt: Vec::new(), human: Vec::new(), margins: [Vec::new(), Vec::new()] };
    for p in 0..prompts {
        let ease: [f64; 2] = [0, 1].map(|_| random.random_range(-0.3..0.3));
        for _ in 0..random.random_range(1..=7) {
            let human = random.random_range(0..10);
            world.prompt.push(p as u32);
            world.human.push(if human < 2 {
                0
            } else if human % 2 == 0 {
                1
            } else {
                -1
            });
            let luck: f64 = random.random_range(0.0..1.0);
            for s in 0..2 {
                let own: f64 = random.random_range(0.0..1.0);
                let shared = if random.random_range(0.0..1.0) < 0.5 { luck } else { own };
                let right = shared < 0.68 + 0.6 * ease[0] + 0.3 * (ease[s] - ease[0]) - if s == 1 { gap } else { 0.0 };
                let size = f64::from(random.random_range(0..=9));
                let human = f64::from(world.human[world.human.len() - 1]);
                world.margins[s].push(if right { size * human } else { -size * human });
            }
        }
    }
    world
}

/// `diff-half` of both scorers.
fn accuracies(world: &World) -> [f64; 2] {
    [0, 1].map(|s| {
        let decided =
            world.human.iter().zip(&world.margins[s]).filter_map(|(&h, &m)| Protocol::DiffHalf.credit(h, m, 0.0));
        let (sum, n) = decided.fold((0.0, 0.0), |(sum, n), credit| (sum + credit, n + 1.0));
        sum / n
    })
}

/// What happened in one world.
#[derive(Default, Clone, Copy)]
struct Held {
    value: [bool; 2],
    difference: [bool; 2],
    found: [bool; 2],
}

fn one(prompts: usize, gap: f64, truth: [f64; 2], stream: u64) -> Held {
    let world = world(prompts, gap, &mut rng::stream(7, "coverage", stream));
    let n = world.human.len();
    let labels = LabelledPairs {
        pair: (0..n).collect(),
        human: world.human,
        group: world.prompt.clone(),
        groups: prompts,
        prompt: world.prompt,
        items: Vec::new(),
    };
    let scored = world.margins.map(|m| m.into_iter().map(Some).collect::<Vec<_>>());
    let scored: Vec<ScoredPairs> =
        scored.into_iter().map(|m| ScoredPairs::new("s", m, HeldOut::Missing(String::new()))).collect();
    let question = Question {
        dimension: "d",
        protocols: &[Protocol::DiffHalf],
        draws: 1000,
        seed: stream,
        head_first: true,
        tests: 999,
    };
    let found = assess(&labels, &scored, question);
    let (row, comparison) = (&found.rows[0], &found.comparisons[0]);
    let t = student::quantile(0.975, (prompts - 1) as f64).unwrap_or(f64::NAN);
    let holds =
        |low: Option<f64>, high: Option<f64>, truth: f64| low.zip(high).is_some_and(|(l, h)| l <= truth && truth <= h);
    let analytic = |value: Option<f64>, se: Option<f64>, truth: f64| {
        value.zip(se).is_some_and(|(value, se)| (value - truth).abs() <= t * se)
    };
    let gap = truth[0] - truth[1];
    Held {
        value: [holds(row.low, row.high, truth[0]), analytic(row.value, row.se, truth[0])],
        difference: [holds(comparison.low, comparison.high, gap), analytic(comparison.difference, comparison.se, gap)],
        found: [comparison.p.is_some_and(|p| p <= 0.05), comparison.mcnemar.is_some_and(|p| p <= 0.05)],
    }
}

fn main() {
    let worlds: usize = std::env::args().nth(1).and_then(|t| t.parse().ok()).unwrap_or(2000);
    let truth = |gap: f64| {
        let parts: Vec<[f64; 2]> = (0..40u64)
            .into_par_iter()
            .map(|k| accuracies(&world(100_000, gap, &mut rng::stream(11, "truth", k))))
            .collect();
        [0, 1].map(|s| parts.iter().map(|p| p[s]).sum::<f64>() / parts.len() as f64)
    };
    let (unequal, equal) = (truth(GAP), truth(0.0));
    println!(
        "truth: {:.4} and {:.4}; {worlds} worlds; Monte Carlo error about {:.1} points",
        unequal[0],
        unequal[1],
        100.0 * (0.95f64 * 0.05 / worlds as f64).sqrt()
    );
    println!(
        "prompts  diff-half: bootstrap  clustered   difference: bootstrap  clustered   false alarms: permutation  McNemar"
    );
    for prompts in [20, 50, 100, 200, 400] {
        let stream = |k: usize| (prompts * 1_000_000 + k) as u64;
        let held: Vec<Held> = (0..worlds).into_par_iter().map(|k| one(prompts, GAP, unequal, stream(k))).collect();
        let null: Vec<Held> =
            (0..worlds).into_par_iter().map(|k| one(prompts, 0.0, equal, stream(k + worlds))).collect();
        let share = |list: &[Held], what: &dyn Fn(&Held) -> bool| {
            100.0 * list.iter().filter(|h| what(h)).count() as f64 / list.len() as f64
        };
        println!(
            "{prompts:7}  {:20.1}  {:9.1}   {:21.1}  {:9.1}   {:25.1}  {:7.1}",
            share(&held, &|h| h.value[0]),
            share(&held, &|h| h.value[1]),
            share(&held, &|h| h.difference[0]),
            share(&held, &|h| h.difference[1]),
            share(&null, &|h| h.found[0]),
            share(&null, &|h| h.found[1]),
        );
    }
}
