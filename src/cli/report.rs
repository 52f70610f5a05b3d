//! `headfit report`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;

use super::against::replaceable;
use super::args::{FeatureArgs, MaybeDataArgs, TrainArgs};
use super::evaluate::{MissingScore, show_sheet};
use super::extra_args::{AgainstArgs, ExtraArgs};
use super::pipeline::{self, Defaults, Job, quoted};
use super::printer::{self, Printer, json_target};
use super::protocol_args::ProtocolArgs;
use super::published;
use crate::head::HeadsFile;
use crate::report::published::PublishedTable;
use crate::report::{Artefact, Diff, Report, Templates, refuse_folder, sheets};
use crate::{Error, Result};

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
    headfit report --published list                       tables of published numbers; with a name: that table\n  \
    headfit report DATA -o report --published visionreward-table2\n  \
    headfit report --suite suite.toml -o report           several data sets in one table (datasets/README.md)\n  \
    headfit report --diff old-report new-report -o diff   what changed between two reports\n  \
    headfit report report.json -o report --templates mine the pages again, from your own templates\n\n\
    A report that nobody changed is replaced by the next one; one that was changed or added to needs --force.\n\
    A folder that is not a report is never replaced.")]
pub struct ReportArgs {
    #[command(flatten)]
    data: MaybeDataArgs,
    /// Folder to write
    #[arg(long, short, value_name = "DIR", required_unless_present = "published")]
    output: Option<PathBuf>,
    /// Compare several data sets and scorers in one table, as the file says
    #[arg(long, value_name = "FILE", conflicts_with = "data")]
    suite: Option<PathBuf>,
    /// Folder that the paths of a suite are relative to (default: that of the suite file)
    #[arg(long, value_name = "DIR", requires = "suite")]
    data_root: Option<PathBuf>,
    /// Show a table of published numbers beside the measured ones; may be repeated (`list`: which there are)
    #[arg(long, value_name = "NAME")]
    published: Vec<String>,
    /// Compare with this older report (report.json or its folder); DATA is then the newer report
    #[arg(long, value_name = "OLD", conflicts_with_all = ["head", "cross_validate", "title"])]
    diff: Option<PathBuf>,
    /// Report on these heads in place of fitting
    #[arg(long, value_name = "FILE", conflicts_with = "cross_validate")]
    head: Option<PathBuf>,
    #[command(flatten)]
    against: AgainstArgs,
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
    #[arg(long, default_value_t = pipeline::DRAWS, value_name = "N")]
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
    protocols: ProtocolArgs,
    #[command(flatten)]
    extras: ExtraArgs,
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
    if args.published.iter().any(|name| name == "list") {
        return published::list(printer);
    }
    let tables: Vec<PublishedTable> =
        args.published.iter().map(|name| crate::report::published::table(name)).collect::<Result<_>>()?;
    let Some(folder) = &args.output else {
        if args.data.data.is_some() || args.suite.is_some() {
            return Err(Error::Usage("-o DIR is missing: where shall the report be written?".into()));
        }
        tables.iter().for_each(|table| published::show(table, printer));
        return Ok(());
    };
    if let Some(file) = &args.suite {
        let (root, json) = (args.data_root.as_deref(), args.json.as_deref());
        let order = super::suite::Order {
            file,
            root,
            folder,
            json,
            force: args.force,
            title: args.title.clone(),
            published: tables,
        };
        return super::suite::run(order, printer);
    }
    let Some(data) = args.data.given() else {
        return Err(Error::Usage(
            "DATA is missing: -o writes a report about a data set; leave it out to print the table".into(),
        ));
    };
    refuse_folder(folder, args.force)?;
    let to_stdout = json_target(args.json.as_deref(), args.force)?;
    let templates = args.templates.as_deref().map(Templates::read).transpose()?.unwrap_or_default();
    if let Some(old) = &args.diff {
        compare(args, [old, &data.data], folder, &templates, printer)?;
        finish(folder, "diff.html", to_stdout, printer, start);
        return Ok(());
    }
    if data.data.is_file() {
        again(args, &data.data, folder, &templates, tables, printer)?;
        finish(folder, "report.html", to_stdout, printer, start);
        return Ok(());
    }
    let bar = printer.progress("reading");
    let defaults = Defaults::new()?;
    let job = Job {
        read: data.read_options(),
        features: &args.features,
        train: &args.train,
        heads: args.head.as_deref().map(HeadsFile::read).transpose()?,
        against: args.against.heads()?,
        protocols: args.protocols.chosen(),
        extras: args.extras.of_report(),
        cross_validate: args.cross_validate,
        missing_score_equal: args.missing_score == MissingScore::Equal,
        draws: args.draws,
        title: args.title.clone(),
        command: command(args)?,
        audit: !args.no_audit,
        redact: args.redact.as_ref().map(|salt| if salt.is_empty() { fresh_salt() } else { salt.clone() }),
        ..Job::new(data.source(), &defaults)
    };
    let mut report = pipeline::run(job, &|message| printer::say(&bar, message))?;
    report.published = tables;
    bar.set_message("writing");
    pipeline::write(&report, &templates, folder, args.force)?;
    bar.finish_and_clear();
    if let Some(json) = &args.json {
        printer.json(json, &report, args.force)?;
    }
    if !to_stdout {
        show(&report, printer);
    }
    finish(folder, "report.html", to_stdout, printer, start);
    match args.against.against {
        Some(_) => replaceable(&report.evaluation.against, args.against.must_be_better),
        None => Ok(()),
    }
}

/// Elapsed time, and the path of the page last.
fn finish(folder: &Path, page: &str, to_stdout: bool, printer: &Printer, start: Instant) {
    printer.note(format!("Done in {:.1} s.", start.elapsed().as_secs_f64()));
    let page = folder.join(page).display().to_string();
    if to_stdout {
        printer.note(page);
    } else {
        printer.line(page);
    }
}

/// Writes the pages of a report.json again, without fitting: for another title, other templates, published numbers. The
/// scores and labels that stand beside it go along.
fn again(
    args: &ReportArgs,
    file: &Path,
    folder: &Path,
    templates: &Templates,
    published: Vec<PublishedTable>,
    printer: &Printer,
) -> Result<()> {
    let mut report = Report::read(file)?;
    let beside = file.parent().unwrap_or(Path::new(""));
    if Artefact::is_in(beside) {
        report.artefact = Artefact::read(beside)?;
    }
    if let Some(title) = &args.title {
        report.title.clone_from(title);
    }
    if !published.is_empty() {
        report.published = published;
    }
    pipeline::write(&report, templates, folder, args.force)?;
    match &args.json {
        Some(json) => printer.json(json, &report, args.force),
        None => Ok(()),
    }
}

/// What changed from the first report to the second.
fn compare(
    args: &ReportArgs,
    reports: [&Path; 2],
    folder: &Path,
    templates: &Templates,
    printer: &Printer,
) -> Result<()> {
    let [old, new] = reports;
    let (old, new) = (Report::read(old)?, Report::read(new)?);
    let diff = Diff::new(&old, &new)?;
    pipeline::write_files(&diff.files(&new, templates)?, folder, args.force)?;
    if let Some(json) = &args.json {
        printer.json(json, &diff, args.force)?;
    }
    if args.json.as_deref() != Some(Path::new("-")) {
        for line in diff.summary.iter().chain(&diff.cautions) {
            printer.prose(line);
        }
        printer.line("");
    }
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
    report.evaluation.leakage.iter().for_each(|leak| printer.alarm(&leak.sentence()));
    for paragraph in &report.verdict {
        printer.prose(paragraph);
        printer.line("");
    }
    if let Some(sheet) = sheets::against(&report.evaluation.against) {
        show_sheet(&sheet, printer);
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
    if args.against.against.is_some() {
        add(" --against old.json".into());
    }
    if let Some(folds) = args.cross_validate {
        add(format!(" --cross-validate {folds}"));
    }
    if args.missing_score == MissingScore::Equal {
        add(" --missing-score equal".into());
    }
    if args.draws != pipeline::DRAWS {
        add(format!(" --draws {}", args.draws));
    }
    add(args.protocols.flags());
    add(args.extras.flags());
    add(Defaults::new()?.flags(&args.features, &args.train));
    for name in &args.published {
        add(format!(" --published {}", quoted(name)));
    }
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
