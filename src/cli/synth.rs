//! `headfit synth`.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::printer::{Printer, json_target};
use crate::output::{FOLDER_MARK, write_folder};
use crate::synth::{DEMO_SEED, MARK_COMMAND, Mark, Plants, Setting, Simulation, SimulationOptions, simulate};
use crate::{Error, Result};

/// Write a simulated data set with planted weights
///
/// Nobody said any of it: prompts, answers, preferences, ratings and scores are drawn from the seed, in the shape of
/// VisionReward-Video (64 questions, 9 dimensions and overall). planted.json holds the weights that a fit should find.
/// The same seed gives the same values on every machine.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
        headfit synth -o sim                         the demo's data set, as a folder\n  \
        headfit synth -o sim --seed 7 --force        other draws; replaces the folder that synth wrote before\n  \
        headfit synth -o small --train-pairs 300 --test-pairs 150\n  \
        headfit synth -o biased --sound --plant position=0.6 --plant lenient=0.8\n  \
        headfit audit biased                         finds both, with their sizes, and nothing else\n  \
        headfit fit sim -o heads.json                then use it like any data set\n\n\
        A folder that is not empty is left alone; with --force, one that synth wrote itself is replaced as a whole.")]
pub struct SynthArgs {
    /// Folder to write
    #[arg(long, short, value_name = "DIR")]
    output: PathBuf,
    /// Seed of every draw
    #[arg(long, default_value_t = DEMO_SEED)]
    seed: u64,
    /// Training pairs per dimension (three per prompt)
    #[arg(long, default_value_t = 1795, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    train_pairs: u32,
    /// Test pairs per dimension (three per prompt)
    #[arg(long, default_value_t = 1000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    test_pairs: u32,
    /// Plant a bias of known size, for an audit to find; may be repeated. position, length, generator (log-odds); lenient,
    /// yes-saying, broken-ladder, leaked-prompts, copied-ratings (shares); inverted-scorer (1)
    #[arg(long, value_name = "BIAS=SIZE", value_parser = parse_plant)]
    plant: Vec<(String, f64)>,
    /// A world without flaws: a good judge, people of one kind, the dimension overall only. What an audit finds there was planted
    #[arg(long)]
    sound: bool,
    /// Replace a folder that synth wrote before, and overwrite the JSON file
    #[arg(long)]
    force: bool,
    /// Write what was made as JSON to FILE (- = stdout)
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// `BIAS=SIZE`.
fn parse_plant(text: &str) -> std::result::Result<(String, f64), String> {
    let (name, size) = text.split_once('=').ok_or("write BIAS=SIZE, as in position=0.3")?;
    let size = size.parse::<f64>().map_err(|_| format!("{size} is no number"))?;
    Plants::default().plant(name, size)?;
    Ok((name.to_owned(), size))
}

/// What was written.
#[derive(Debug, Serialize)]
struct Summary {
    simulated: bool,
    seed: u64,
    prompts: usize,
    items: usize,
    questions: usize,
    pairs_per_dimension: usize,
    ratings: usize,
    dimensions: Vec<DimensionSummary>,
    files: Vec<FileSummary>,
}

#[derive(Debug, Serialize)]
struct DimensionSummary {
    dimension: String,
    planted: usize,
    ties: usize,
}

#[derive(Debug, Serialize)]
struct FileSummary {
    file: String,
    bytes: usize,
}

/// Runs the command.
///
/// # Errors
/// See the exit codes in `headfit --help`.
pub fn run(args: &SynthArgs, printer: &Printer) -> Result<()> {
    refuse_folder(&args.output, args.force)?;
    json_target(args.json.as_deref(), args.force)?;
    let mut plants = Plants::default();
    for (name, size) in &args.plant {
        plants.plant(name, *size).map_err(|message| Error::Usage(format!("--plant {name}={size}: {message}")))?;
    }
    let bar = printer.progress("simulating");
    let options = SimulationOptions {
        seed: args.seed,
        train_pairs: args.train_pairs as usize,
        test_pairs: args.test_pairs as usize,
        setting: if args.sound { Setting::Sound } else { Setting::default() },
        plants,
    };
    let simulation = simulate(options)?;
    let files = simulation.files()?;
    // The folder is empty, absent or ours: nothing else gets here, so the writer may replace it.
    write_folder(&args.output, &files, false)?;
    bar.finish_and_clear();
    let summary = summary(&simulation, &files);
    match &args.json {
        Some(target) => {
            printer.json(target, &summary, args.force)?;
            if target != Path::new("-") {
                print(&summary, &args.output, printer);
            }
        }
        None => print(&summary, &args.output, printer),
    }
    Ok(())
}

/// Only an empty folder is written without `--force`, and only a folder of this command is replaced with it: a data set
/// is a place where people put files of their own.
fn refuse_folder(folder: &Path, force: bool) -> Result<()> {
    let occupied = match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => folder.symlink_metadata().is_ok(),
    };
    if !occupied {
        return Ok(());
    }
    let ours = std::fs::read(folder.join(FOLDER_MARK))
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Mark>(&bytes).ok())
        .is_some_and(|mark| mark.command == MARK_COMMAND);
    match (ours, force) {
        (true, true) => Ok(()),
        (true, false) => Err(Error::Usage(format!(
            "{} holds a simulated data set; pass --force to replace the whole folder",
            folder.display()
        ))),
        (false, _) => Err(Error::Usage(format!(
            "{} is not empty and was not written by headfit synth; choose another folder for --output",
            folder.display()
        ))),
    }
}

fn summary(simulation: &Simulation, files: &[(String, Vec<u8>)]) -> Summary {
    let dimensions = simulation.planted.dimensions.iter().zip(&simulation.labels);
    Summary {
        simulated: true,
        seed: simulation.options.seed,
        prompts: simulation.prompts.len(),
        items: simulation.items.len(),
        questions: simulation.answers.len(),
        pairs_per_dimension: simulation.pairs.len(),
        ratings: simulation.ratings.len(),
        dimensions: dimensions
            .map(|(plant, labels)| DimensionSummary {
                dimension: plant.dimension.clone(),
                planted: plant.weights.len(),
                ties: labels.iter().filter(|label| **label == 0).count(),
            })
            .collect(),
        files: files.iter().map(|(file, bytes)| FileSummary { file: file.clone(), bytes: bytes.len() }).collect(),
    }
}

fn print(summary: &Summary, folder: &Path, printer: &Printer) {
    printer.line(format!(
        "Simulated data (seed {}): {} prompts, {} items, {} questions, {} pairs for each of {} dimensions, {} ratings",
        summary.seed,
        summary.prompts,
        summary.items,
        summary.questions,
        summary.pairs_per_dimension,
        summary.dimensions.len(),
        summary.ratings,
    ));
    let rows: Vec<Vec<String>> = summary
        .dimensions
        .iter()
        .map(|d| {
            let share = 100.0 * d.ties as f64 / summary.pairs_per_dimension.max(1) as f64;
            vec![d.dimension.clone(), d.planted.to_string(), format!("{share:.1} %")]
        })
        .collect();
    printer.table(&["dimension", "planted weights", "ties"], &rows, 1);
    let bytes: usize = summary.files.iter().map(|f| f.bytes).sum();
    printer.line(format!("wrote {} files, {} kB, to {}", summary.files.len(), bytes.div_ceil(1000), folder.display()));
}
