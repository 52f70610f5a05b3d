//! How long an audit takes, reading and fitting excluded:
//!
//!     cargo run --release --example audit_speed [PAIRS]
//!
//! Simulated data in the shape of VisionReward-Video: as many items as pairs (default 40,000), 64 questions, ten dimensions.

#![allow(clippy::print_stdout)] // a program of its own: what it prints is its result

use std::collections::BTreeMap;
use std::time::Instant;

use headfit::audit::{Audit, AuditInput, AuditOptions, audit};
use headfit::dataset::{self, ReadOptions, Source};
use headfit::features::{self, FeatureOptions};
use headfit::head::{self, HeadsFile, TrainOptions};
use headfit::synth::{SimulationOptions, simulate};

fn main() -> headfit::Result<()> {
    let pairs: usize = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(40_000);
    let train_pairs = pairs / 3 * 2;
    let simulation =
        simulate(SimulationOptions { train_pairs, test_pairs: pairs - train_pairs, ..SimulationOptions::default() })?;
    let source = Source::Memory { name: "simulated".to_owned(), files: simulation.files()? };
    let ds = dataset::read(&source, ReadOptions::default())?;
    let features = features::build(&ds, &FeatureOptions::default())?;
    // A given penalty and few refits: what is measured reads heads, however they were fitted.
    let train = TrainOptions { lambda: Some(0.005), bootstrap: 5, allow_unconverged: true, ..TrainOptions::default() };
    let heads = (0..ds.dimensions.len())
        .map(|d| head::train(&ds, &features, d, &head::training_pairs(&ds, d).0, &train))
        .collect::<headfit::Result<Vec<_>>>()?;
    let given = BTreeMap::from([("bootstrap".to_owned(), "5".to_owned())]);
    let heads = HeadsFile::new(heads, head::provenance(&ds, 1, given));
    println!("{} items, {} questions, {} pairs per dimension", ds.items.len(), features.columns.len(), pairs);

    let timed = |what: &str, dimensions: Vec<usize>, refits: bool| -> headfit::Result<Audit> {
        // What takes how long: the time between two messages belongs to the first one.
        let steps = std::sync::Mutex::new((Instant::now(), "preparation".to_owned(), BTreeMap::<String, f64>::new()));
        let say = |message: &str| {
            let mut steps = steps.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let (began, done) = (steps.0, std::mem::replace(&mut steps.1, message.to_owned()));
            *steps.2.entry(done).or_default() += began.elapsed().as_secs_f64();
            steps.0 = Instant::now();
        };
        let options =
            AuditOptions { dimensions, refits, train: train.clone(), progress: Some(&say), ..AuditOptions::new(&ds) };
        let start = Instant::now();
        let found = audit(&AuditInput { ds: &ds, features: Some(&features), heads: Some(&heads), options: &options })?;
        println!("{what}: {:.2} s, {} looks", start.elapsed().as_secs_f64(), found.looks);
        say("");
        let steps = steps.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).2;
        let mut slowest: Vec<(String, f64)> = steps.into_iter().collect();
        slowest.sort_by(|a, b| b.1.total_cmp(&a.1));
        slowest.iter().take(6).for_each(|(step, seconds)| println!("    {seconds:6.2} s  {step}"));
        Ok(found)
    };
    timed("one dimension without refits", vec![0], false)?;
    timed("nine dimensions without refits", (1..10).collect(), false)?;
    timed("nine dimensions with refits and negative controls", (1..10).collect(), true)?;
    Ok(())
}
