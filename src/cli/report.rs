//! `headfit report`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;

use super::args::{DataArgs, FeatureArgs, TrainArgs};
use super::evaluate::MissingScore;
use super::pipeline::{self, Defaults, Job, quoted};
use super::printer::Printer;
use crate::head::HeadsFile;
use crate::report::{Diff, Report, Templates, refuse_folder};
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
    headfit report DATA -o report --title \"Round 3\" --json -\n  \
    headfit report --diff old-report new-report -o diff   what changed between two reports\n  \
    headfit report report.json -o report --templates mine the pages again, from your own templates\n\n\
    A report that nobody changed is replaced by the next one; one that was changed or added to needs --force.\n\
    A folder that is not a report is never replaced.")]
pub struct ReportArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Folder to write
    #[arg(long, short, value_name = "DIR")]
    output: PathBuf,
    /// Compare with this older report (report.json or its folder); DATA is then the newer report
    #[arg(long, value_name = "OLD", conflicts_with_all = ["head", "cross_validate", "title"])]
    diff: Option<PathBuf>,
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
    /// Leave the audit out
    #[arg(long)]
    no_audit: bool,
    /// Replace annotators' names by salted hashes; give a salt to get the same ones in several reports
    #[arg(long, value_name = "SALT", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    redact: Option<String>,
    /// Folder with templates that take the place of built-in ones of the same name
    #[arg(long, value_name = "DIR")]
    templates: Option<PathBuf>,
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
    let templates = args.templates.as_deref().map(Templates::read).transpose()?.unwrap_or_default();
    if let Some(old) = &args.diff {
        return compare(args, old, &templates, printer, start);
    }
    if args.data.data.is_file() {
        return again(args, &templates, printer, start);
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
        audit: !args.no_audit,
        redact: args.redact.as_ref().map(|salt| if salt.is_empty() { fresh_salt() } else { salt.clone() }),
    };
    let report = pipeline::run(job, &|message| bar.set_message(message.to_owned()))?;
    bar.set_message("writing");
    pipeline::write(&report, &templates, &args.output, args.force)?;
    bar.finish_and_clear();
    if let Some(json) = &args.json {
        printer.json(json, &report, args.force)?;
    }
    if !to_stdout {
        show(&report, printer);
    }
    finish(args, "report.html", to_stdout, printer, start);
    Ok(())
}

/// Elapsed time, and the path of the page last.
fn finish(args: &ReportArgs, page: &str, to_stdout: bool, printer: &Printer, start: Instant) {
    printer.note(format!("Done in {:.1} s.", start.elapsed().as_secs_f64()));
    let page = args.output.join(page).display().to_string();
    if to_stdout {
        printer.note(page);
    } else {
        printer.line(page);
    }
}

/// Writes the pages of a report.json again, without fitting: for another title or other templates.
fn again(args: &ReportArgs, templates: &Templates, printer: &Printer, start: Instant) -> Result<()> {
    let mut report = Report::read(&args.data.data)?;
    if let Some(title) = &args.title {
        report.title.clone_from(title);
    }
    pipeline::write(&report, templates, &args.output, args.force)?;
    let to_stdout = args.json.as_deref() == Some(Path::new("-"));
    if let Some(json) = &args.json {
        printer.json(json, &report, args.force)?;
    }
    finish(args, "report.html", to_stdout, printer, start);
    Ok(())
}

/// What changed from one report to another.
fn compare(args: &ReportArgs, old: &Path, templates: &Templates, printer: &Printer, start: Instant) -> Result<()> {
    let (old, new) = (Report::read(old)?, Report::read(&args.data.data)?);
    let diff = Diff::new(&old, &new)?;
    pipeline::write_files(&diff.files(&new, templates)?, &args.output, args.force)?;
    let to_stdout = args.json.as_deref() == Some(Path::new("-"));
    if let Some(json) = &args.json {
        printer.json(json, &diff, args.force)?;
    }
    if !to_stdout {
        for line in diff.summary.iter().chain(&diff.cautions) {
            printer.prose(line);
        }
        printer.line("");
    }
    finish(args, "diff.html", to_stdout, printer, start);
    Ok(())
}

/// A salt that nobody knows: names cannot be found by hashing guesses.
fn fresh_salt() -> String {
    use std::hash::{BuildHasher, Hasher};
    let word = || std::collections::hash_map::RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", word(), word())
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
    if args.no_audit {
        add(" --no-audit".into());
    }
    if args.redact.is_some() {
        // The salt stays secret.
        add(" --redact".into());
    }
    if let Some(title) = &args.title {
        add(format!(" --title {}", quoted(title)));
    }
    Ok(command)
}
