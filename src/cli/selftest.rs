//! `headfit selftest`.

use std::path::PathBuf;

use clap::Args;

use super::printer::{Printer, json_target};
use crate::selftest::{Alarm, Selftest, SelftestOptions, selftest};
use crate::{Error, Result};

/// Alarms that are shown; the JSON has all.
const SHOWN: usize = 12;

/// Plant biases of known size into simulated data, and see whether the audit finds them
///
/// Per seed: one clean data set, in which nothing may be found, and one data set for each of nine biases. Each must be
/// raised, with its true size inside the interval. Exit code 5 where a bias is missed or clean data have too many alarms.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    headfit selftest                             three seeds\n  \
    headfit selftest --seeds 20                  the full test: 19 of 20 raised, 17 of 20 inside, 1 clean set with an alarm\n  \
    headfit selftest --seeds 20 --seed 1001      other draws\n  \
    headfit selftest --json -                    with every alarm")]
pub struct SelftestArgs {
    /// Data sets of each kind
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    seeds: u16,
    /// First seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write everything as JSON (`-` = stdout, in place of the table)
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Overwrite the JSON file
    #[arg(long)]
    force: bool,
}

/// Runs the command.
///
/// # Errors
/// [`Error::CheckFailed`] where the test fails; see the exit codes in `headfit --help`.
pub fn run(args: &SelftestArgs, printer: &Printer) -> Result<()> {
    let to_stdout = json_target(args.json.as_deref(), args.force)?;
    let bar = printer.progress("simulating");
    let say = |message: &str| super::printer::say(&bar, message);
    let options = SelftestOptions {
        seeds: usize::from(args.seeds),
        first_seed: args.seed,
        progress: Some(&say),
        ..SelftestOptions::default()
    };
    let found = selftest(options)?;
    bar.finish_and_clear();
    if !to_stdout {
        show(&found, printer);
    }
    if let Some(path) = &args.json {
        printer.json(path, &found, args.force)?;
    }
    match found.failures.as_slice() {
        [] => Ok(()),
        failures => Err(Error::CheckFailed(format!("self-test: {}", failures.join("; ")))),
    }
}

fn show(found: &Selftest, printer: &Printer) {
    printer.line(format!(
        "Simulated data, seeds {} to {}: {} pairs per set; one bias planted per set.",
        found.first_seed,
        found.first_seed + found.seeds as u64 - 1,
        found.pairs
    ));
    printer.line("");
    let of = |n: usize| format!("{n} of {}", found.seeds);
    let rows: Vec<Vec<String>> = found
        .rows
        .iter()
        .map(|row| {
            vec![
                row.plant.clone(),
                row.check.clone(),
                row.subject.clone(),
                of(row.raised),
                of(row.inside),
                format!("{:.3}", row.truth),
                row.estimate.map_or("–".to_owned(), |e| format!("{e:.3}")),
                row.unexplained.len().to_string(),
            ]
        })
        .collect();
    let head =
        ["planted", "must raise", "about", "raised", "true size inside", "true size", "mean estimate", "other alarms"];
    printer.table(&head, &rows, 3);
    printer.line("");
    for row in &found.rows {
        let follows: Vec<String> = row.follows.iter().map(|(check, n)| format!("{check} ({n})")).collect();
        let follows = if follows.is_empty() { String::new() } else { format!("; follows: {}", follows.join(", ")) };
        printer.line(format!("{}: {}{follows}", row.plant, row.planted));
    }
    printer.line("");
    printer.line(format!(
        "clean sets with an alarm: {} ({:.0} looks per set)",
        of(found.clean_sets_with_alarm()),
        found.clean_looks
    ));
    let other: Vec<&Alarm> = found.clean_alarms.iter().chain(found.rows.iter().flat_map(|r| &r.unexplained)).collect();
    for alarm in other.iter().take(SHOWN) {
        printer.line(format!("  seed {}: {} {}: {}", alarm.seed, alarm.check, alarm.subject, alarm.message));
    }
    if other.len() > SHOWN {
        printer.line(format!("  and {} more (--json FILE has all)", other.len() - SHOWN));
    }
    printer.line(if found.failures.is_empty() { "passed" } else { "FAILED" });
}
