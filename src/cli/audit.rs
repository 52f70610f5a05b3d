//! `headfit audit`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::args::{DataArgs, FeatureArgs, TrainArgs};
use super::printer::{Printer, json_target, to_json};
use crate::audit::{Audit, AuditInput, AuditOptions, Finding, Verdict, audit};
use crate::dataset;
use crate::features;
use crate::head::HeadsFile;
use crate::output::{self, FOLDER_MARK};
use crate::{Error, Result};

/// From which verdict on the command fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Something to look at, or worse
    Look,
    /// Something bad
    Bad,
}

/// Which labels, judges, dimensions and weights can be trusted
///
/// Looks for bias from annotators, from the judge, in the preference data and in the head. Every finding has an estimate
/// with a 95 % interval, and a verdict: fine, look, bad, or not enough data. p-values are adjusted over all findings.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    headfit audit DATA                                   annotators, judge and preference data\n  \
    headfit audit DATA --head heads.json -o audit        the heads too; everything as JSON, Markdown and CSV\n  \
    headfit audit DATA --fail-on bad                     exit code 5 if anything is bad\n  \
    headfit audit DATA --json - | jq '.findings[0]'      the worst finding")]
pub struct AuditArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Heads fitted before (their coding and features are used)
    #[arg(long, value_name = "FILE")]
    head: Option<PathBuf>,
    /// Write audit.json, audit.md and the tables as CSV into this folder
    #[arg(long, short, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Exit with code 5 if a finding has this verdict, or a worse one
    #[arg(long, value_name = "VERDICT")]
    fail_on: Option<FailOn>,
    /// Write everything as JSON (`-` = stdout, in place of the table)
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Show what is fine, too
    #[arg(long)]
    all: bool,
    /// Do not refit heads: leaves out influence, controlled effects and negative controls
    #[arg(long)]
    no_refits: bool,
    /// Bootstrap draws, where an interval needs them
    #[arg(long, default_value_t = 1000, value_name = "N")]
    draws: usize,
    /// Overwrite the JSON file, or a folder that is not ours
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    features: FeatureArgs,
    #[command(flatten)]
    train: TrainArgs,
}

/// Runs the command.
///
/// # Errors
/// See the exit codes in `headfit --help`.
pub fn run(args: &AuditArgs, printer: &Printer) -> Result<()> {
    let to_stdout = json_target(args.json.as_deref(), args.force)?;
    if let Some(folder) = &args.output {
        output::refuse_foreign_folder(folder, args.force)?;
    }
    let progress = printer.progress("reading");
    let ds = dataset::read(&args.data.source(), args.data.read_options())?;
    let heads = args.head.as_deref().map(HeadsFile::read).transpose()?;
    let matrix = match &heads {
        Some(file) => Some(file.features(&ds)?),
        None if ds.answers.is_none() && ds.features.is_none() => None,
        None => Some(features::build(&ds, &args.features.options())?),
    };
    let say = |message: &str| super::printer::say(&progress, message);
    let options = AuditOptions {
        dimensions: if ds.dimensions.is_empty() { Vec::new() } else { args.train.dimensions(&ds)? },
        draws: args.draws,
        seed: args.train.seed,
        refits: !args.no_refits,
        train: args.train.options(args.features.missing),
        progress: Some(&say),
    };
    let found = audit(&AuditInput { ds: &ds, features: matrix.as_ref(), heads: heads.as_ref(), options: &options })?;
    progress.finish_and_clear();
    if !to_stdout {
        show(&found, args.all, printer);
    }
    if let Some(folder) = &args.output {
        output::write_folder(folder, &files(&found)?, true)?;
        printer.note(format!("wrote {}", folder.display()));
    }
    if let Some(path) = &args.json {
        printer.json(path, &found, args.force)?;
    }
    fail(&found, args.fail_on)
}

/// The failure that the user asked for.
fn fail(found: &Audit, fail_on: Option<FailOn>) -> Result<()> {
    let (bad, look) = (found.count(Verdict::Bad), found.count(Verdict::Look));
    match fail_on {
        Some(FailOn::Bad) if bad > 0 => Err(Error::CheckFailed(format!("{bad} findings are bad (--fail-on bad)"))),
        Some(FailOn::Look) if bad + look > 0 => {
            Err(Error::CheckFailed(format!("{bad} findings are bad and {look} should be looked at (--fail-on look)")))
        }
        _ => Ok(()),
    }
}

fn show(found: &Audit, all: bool, printer: &Printer) {
    let simulated = if found.simulated { " (SIMULATED data)" } else { "" };
    printer.line(format!("{}{simulated}: {}", found.dataset, summary(found)));
    let shown: Vec<&Finding> = found.findings.iter().filter(|f| all || f.verdict >= Verdict::Look).collect();
    if !shown.is_empty() {
        printer.line("");
        let rows: Vec<Vec<String>> = shown.iter().map(|f| row(f)).collect();
        printer.table(&HEAD, &rows, 4);
    }
    for (verdict, title) in [(Verdict::Bad, "Bad"), (Verdict::Look, "Look")] {
        let worth: Vec<&&Finding> = shown.iter().filter(|f| f.verdict == verdict).collect();
        if !worth.is_empty() {
            printer.line(format!("\n{title}:"));
        }
        for finding in worth {
            printer.prose(&format!("- {} {}", finding.message, finding.remedy));
        }
    }
}

const HEAD: [&str; 8] = ["verdict", "check", "dimension", "subject", "estimate", "95 % interval", "n", "q"];

/// `212 looks, 198 tests: 3 bad, 7 to look at, …`.
fn summary(found: &Audit) -> String {
    format!(
        "{} looks, {} of them tests (q adjusts for that): {} bad, {} to look at, {} without enough data, {} fine",
        found.looks,
        found.tests,
        found.count(Verdict::Bad),
        found.count(Verdict::Look),
        found.count(Verdict::NotEnoughData),
        found.count(Verdict::Fine)
    )
}

fn row(finding: &Finding) -> Vec<String> {
    let number = |x: Option<f64>| x.map_or_else(|| "–".to_owned(), |x| format!("{x:.3}"));
    let interval = match (finding.low, finding.high) {
        (Some(low), Some(high)) => format!("[{low:.3}, {high:.3}]"),
        _ => "–".to_owned(),
    };
    vec![
        verdict_word(finding.verdict).to_owned(),
        finding.check.clone(),
        finding.dimension.clone().unwrap_or_else(|| "–".to_owned()),
        finding.subject.clone(),
        number(finding.estimate),
        interval,
        format!("{} {}", finding.n, finding.n_of),
        number(finding.q),
    ]
}

fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::NotEnoughData => "not enough data",
        Verdict::Fine => "fine",
        Verdict::Look => "look",
        Verdict::Bad => "bad",
    }
}

/// The folder's files.
fn files(found: &Audit) -> Result<Vec<(String, Vec<u8>)>> {
    #[derive(Serialize)]
    struct Mark<'a> {
        kind: &'a str,
        version: &'a str,
    }
    let mark = Mark { kind: "audit", version: env!("CARGO_PKG_VERSION") };
    Ok(vec![
        (FOLDER_MARK.to_owned(), to_json(&mark)?.into_bytes()),
        ("audit.json".to_owned(), to_json(found)?.into_bytes()),
    ])
}
