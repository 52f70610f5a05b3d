//! `headfit init`.

use std::path::PathBuf;

use clap::Args;

use super::printer::Printer;
use crate::dataset::{self, Source};
use crate::problems::Severity;
use crate::{Result, output};

/// Write a commented dataset.toml for a folder of tables
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    headfit init DATA                  look through DATA and write DATA/dataset.toml\n  \
    headfit init DATA -o map.toml      the same for a folder that cannot be written; use it with --manifest map.toml\n  \
    headfit init DATA --force          replace the manifest that is there\n\n\
    The manifest maps file, column and label names that differ from the canonical ones, and holds stubs for what data\n\
    cannot say: rating scales, whether annotators are the same people throughout, scorers where lower is better.\n\
    Guesses are marked; read them, correct them, then run `headfit check DATA`.")]
pub struct InitArgs {
    /// Folder with the tables of the data set
    #[arg(value_name = "DATA")]
    data: PathBuf,
    /// File to write instead of DATA/dataset.toml
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Overwrite the manifest
    #[arg(long)]
    force: bool,
}

/// Runs the command.
///
/// # Errors
/// See the exit codes in `headfit --help`.
pub fn run(args: &InitArgs, printer: &Printer) -> Result<()> {
    let target = args.output.clone().unwrap_or_else(|| args.data.join("dataset.toml"));
    output::refuse_existing(&target, args.force)?;
    let source = Source::Folder { path: args.data.clone(), manifest: None };
    let proposal = dataset::propose(&source)?;
    for problem in proposal.problems.of(Severity::Error) {
        printer.note(format!("not read: {problem}"));
    }
    output::write_file(&target, proposal.toml.as_bytes(), args.force)?;
    let files: Vec<Vec<String>> = proposal.files.into_iter().map(|(table, file)| vec![table, file]).collect();
    printer.table(&["table", "file"], &files, 2);
    printer.line(format!("wrote {}", target.display()));
    Ok(())
}
