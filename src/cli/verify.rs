//! `headfit verify`.

use std::path::PathBuf;

use clap::Args;

use super::printer::{Printer, json_target};
use crate::problems::visible;
use crate::report::verify::{Verification, verify};
use crate::{Error, Result};

/// Is a report what its scores and labels say?
///
/// Computes the whole evaluation of a report again from its tables (scores, labels, and attributes, ratings or refits where
/// it rests on them): accuracies, intervals (from the same seed), floors, ceilings, comparisons, tests, ranks, calibration,
/// generators, parts, correlations, curves; then the sentences, tables and pages that show them. Names each difference.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    headfit report DATA -o report\n  \
    headfit verify report                     exit code 0: everything follows from the scores and labels\n  \
    headfit verify report --json diff.json\n\n\
    Exit code 5: something differs. Weights follow from the data and not from scores: to check them, make the report\n\
    again with the command under \"Methods\".")]
pub struct VerifyArgs {
    /// Folder that `headfit report` wrote
    #[arg(value_name = "REPORT")]
    report: PathBuf,
    /// Write what was compared and what differs as JSON (`-` = stdout, in place of the text)
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Overwrite the JSON file
    #[arg(long)]
    force: bool,
}

/// Runs the command.
///
/// # Errors
/// [`Error::CheckFailed`] where anything differs; else see the exit codes in `headfit --help`.
pub fn run(args: &VerifyArgs, printer: &Printer) -> Result<()> {
    let to_stdout = json_target(args.json.as_deref(), args.force)?;
    let bar = printer.progress("computing the report again");
    let found = verify(&args.report)?;
    bar.finish_and_clear();
    if !to_stdout {
        show(&found, printer);
    }
    if let Some(path) = &args.json {
        printer.json(path, &found, args.force)?;
    }
    match found.differences.len() {
        0 => Ok(()),
        1 => Err(Error::CheckFailed("1 value of the report does not follow from its tables".into())),
        n => Err(Error::CheckFailed(format!("{n} values of the report do not follow from its tables"))),
    }
}

fn show(found: &Verification, printer: &Printer) {
    printer.line(visible(&found.title));
    let rows: Vec<Vec<String>> =
        found.checked.iter().filter(|c| c.values > 0).map(|c| vec![c.part.clone(), c.values.to_string()]).collect();
    printer.table(&["computed again", "values"], &rows, 1);
    for what in &found.not_checked {
        printer.line(format!("not checked: {}", visible(what)));
    }
    printer.line("");
    if found.agrees() {
        printer.line("Everything that was computed again is as the report says.");
        return;
    }
    for d in &found.differences {
        printer.line(format!("DIFFERS  {}", visible(&d.place)));
        printer.line(format!("         report: {}", visible(&d.stored)));
        printer.line(format!("         tables: {}", visible(&d.derived)));
    }
}
