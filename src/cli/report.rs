//! `headfit report`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;

use super::args::{DataArgs, FeatureArgs, TrainArgs};
use super::evaluate::MissingScore;
use super::pipeline::{self, Defaults, Job, quoted};
use super::printer::Printer;
use crate::head::HeadsFile;
use crate::report::{Report, refuse_folder};
use crate::{Result, output};

/// The whole job as a folder: JSON, Markdown, HTML and charts
///
/// Fits a head per dimension, evaluates it against the cached scorers, and writes report.html (one file, no network),
/// report.md, report.json (all numbers), charts/*.svg and tables/*.csv.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    headfit report DATA -o report                         the split in `pairs` if there is one, else 5 folds\n  \
    headfit report DATA -o report --cross-validate 10     nested cross-validation with 10 folds over prompts\n  \
    headfit report DATA -o report --head heads.json       heads that were fitted before\n  \
    headfit report DATA -o report --title \"Round 3\" --json -\n\n\
    A report that nobody changed is replaced by the next one; one that was changed or added to needs --force.\n\
    A folder that is not a report is never replaced.")]
pub struct ReportArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Folder to write
    #[arg(long, short, value_name = "DIR")]
    output: PathBuf,
    /// Report on these heads in place of fitting
    #[arg(long, value_name = "FILE", conflicts_with = "cross_validate")]
    head: Option<PathBuf>,
    /// Score every pair by a head fitted on K − 1 of K folds over prompts
    #[arg(long, value_name = "K")]
    cross_validate: Option<usize>,
    /// Heading of the report
    #[arg(long)]
    title: Option<String>,
    /// What a pair counts as when a scorer lacks one of its items
    #[arg(long, default_value = "drop", value_name = "RULE")]
    missing_score: MissingScore,
    /// Bootstrap draws behind the accuracy intervals; 0 = no intervals
    #[arg(long, default_value_t = 1000, value_name = "N")]
    draws: usize,
    /// Replace a report that was changed or added to, and overwrite the JSON file
    #[arg(long)]
    force: bool,
    /// Write report.json to this file too (- = standard output)
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    #[command(flatten)]
    features: FeatureArgs,
    #[command(flatten)]
    train: TrainArgs,
}

/// Runs the command.
///
/// # Errors
/// See the exit codes in `headfit --help`.
pub fn run(args: &ReportArgs, printer: &Printer) -> Result<()> {
    let start = Instant::now();
    refuse_folder(&args.output, args.force)?;
    let to_stdout = args.json.as_deref() == Some(Path::new("-"));
    if let Some(json) = args.json.as_deref().filter(|_| !to_stdout) {
        output::refuse_existing(json, args.force)?;
    }
    let bar = printer.progress("reading");
    let job = Job {
        source: args.data.source(),
        read: args.data.read_options(),
        features: &args.features,
        train: &args.train,
        heads: args.head.as_deref().map(HeadsFile::read).transpose()?,
        cross_validate: args.cross_validate,
        missing_score_equal: args.missing_score == MissingScore::Equal,
        draws: args.draws,
        title: args.title.clone(),
        command: command(args)?,
        planted: None,
    };
    let report = pipeline::run(job, &|message| bar.set_message(message.to_owned()))?;
    pipeline::write(&report, &args.output, args.force)?;
    bar.finish_and_clear();
    if let Some(json) = &args.json {
        printer.json(json, &report, args.force)?;
    }
    if !to_stdout {
        show(&report, printer);
    }
    printer.note(format!("Done in {:.1} s.", start.elapsed().as_secs_f64()));
    let page = args.output.join("report.html").display().to_string();
    if to_stdout {
        printer.note(page);
    } else {
        printer.line(page);
    }
    Ok(())
}

/// The verdict, and one sentence per dimension where there are several.
fn show(report: &Report, printer: &Printer) {
    for paragraph in &report.verdict {
        printer.prose(paragraph);
        printer.line("");
    }
}

/// The command that makes the report again. DATA and DIR stand for folders, whose names are the user's affair.
fn command(args: &ReportArgs) -> Result<String> {
    let mut command = "headfit report DATA -o DIR".to_owned();
    let mut add = |flag: String| command.push_str(&flag);
    if args.data.manifest.is_some() {
        add(" --manifest FILE".into());
    }
    if args.data.strict {
        add(" --strict".into());
    }
    if args.head.is_some() {
        add(" --head heads.json".into());
    }
    if let Some(folds) = args.cross_validate {
        add(format!(" --cross-validate {folds}"));
    }
    if args.missing_score == MissingScore::Equal {
        add(" --missing-score equal".into());
    }
    if args.draws != 1000 {
        add(format!(" --draws {}", args.draws));
    }
    add(Defaults::new()?.flags(&args.features, &args.train));
    if let Some(title) = &args.title {
        add(format!(" --title {}", quoted(title)));
    }
    Ok(command)
}
