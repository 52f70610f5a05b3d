//! `headfit audit`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::args::{DataArgs, FeatureArgs, TrainArgs};
use super::printer::{Printer, json_target, to_json};
use crate::audit::{Audit, AuditInput, AuditOptions, Digest, Finding, Verdict, audit};
use crate::dataset;
use crate::features;
use crate::head::HeadsFile;
use crate::output::{self, FOLDER_MARK};
use crate::report;
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
    /// Show every finding as one line, what is fine among them
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
        refuse_folder(folder, args)?;
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
        show(&found, args, printer);
    }
    if let Some(folder) = &args.output {
        output::write_folder(folder, &files(&found)?, args.force)?;
        printer.note(format!("wrote {}", folder.display()));
    }
    if let Some(path) = &args.json {
        printer.json(path, &found, args.force)?;
    }
    fail(&found, args.fail_on)
}

/// Fails early where the folder may not be replaced; the data's own folder never may.
fn refuse_folder(folder: &Path, args: &AuditArgs) -> Result<()> {
    let same = |path: &Path| path.canonicalize().ok();
    if same(folder).is_some() && same(folder) == same(&args.data.data) {
        return Err(Error::Usage(format!(
            "{} is the folder of the data; choose another one for --output",
            folder.display()
        )));
    }
    output::refuse_folder_of_others(folder, Some(COMMAND), args.force)
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

/// What the mark of our folder says.
const COMMAND: &str = "audit";
/// Entries that are shown at once: more than fit on a screen are not read.
const SHOWN: usize = 10;
/// Other subjects that an entry names.
const OTHERS: usize = 4;
/// Longest subject in the table, in characters; the sentence below has all of it.
const WIDEST: usize = 36;
/// Reasons and notes that are shown.
const REASONS: usize = 4;

fn show(found: &Audit, args: &AuditArgs, printer: &Printer) {
    let simulated = if found.simulated { " (SIMULATED data)" } else { "" };
    printer.prose(&format!("{}{simulated}: {}", found.dataset, summary(found)));
    if args.all {
        printer.line("");
        printer.table(&HEAD, &found.findings.iter().map(row).collect::<Vec<_>>(), 4);
        printer.line("");
    } else {
        digest(&Digest::new(found), args, printer);
    }
    beside(found, args, printer);
}

/// What matters: a table, and below it what each line says and what to do about it.
fn digest(digest: &Digest, args: &AuditArgs, printer: &Printer) {
    if digest.entries.is_empty() {
        printer.line("Nothing that was looked at calls for attention.");
        return;
    }
    let shown = &digest.entries[..digest.entries.len().min(SHOWN)];
    let rows = shown.iter().enumerate().map(|(i, entry)| {
        let worst = entry.worst();
        let title = entry.attribute.map_or_else(|| entry.check.to_owned(), |a| format!("{} ({a})", entry.check));
        let cells = row(worst);
        let numbers = cells[4..7].iter().cloned();
        let dimension = worst.dimension.as_ref().map_or_else(String::new, |d| format!(", {d}"));
        let about = format!("{}{dimension}", cut(&worst.subject, WIDEST));
        [(i + 1).to_string(), cells[0].clone(), title, about]
            .into_iter()
            .chain(numbers)
            .chain([entry.counts()])
            .collect()
    });
    printer.line("");
    printer.table(
        &["", "verdict", "check", "worst", "estimate", "95 % interval", "n", "raised"],
        &rows.collect::<Vec<Vec<String>>>(),
        4,
    );
    printer.line("");
    for (i, entry) in shown.iter().enumerate() {
        let worst = entry.worst();
        let others: Vec<String> = entry
            .others(OTHERS)
            .into_iter()
            .map(|f| format!("{} {}", f.subject, f.estimate.map_or_else(String::new, |e| format!("{e:.3}"))))
            .collect();
        let others = if others.is_empty() { String::new() } else { format!(" Then {}.", others.join("; ")) };
        printer.prose(&format!("{}. {}{others} → {}", i + 1, worst.message, worst.remedy));
    }
    let hidden = digest.entries.len() - shown.len();
    if hidden > 0 {
        let findings: usize = digest.entries[SHOWN..].iter().map(|e| e.raised.len()).sum();
        let place = args.output.as_ref().map_or_else(
            || "-o DIR writes all of them, --all shows them".to_owned(),
            |folder| format!("in {}", folder.join("audit.md").display()),
        );
        printer.line(format!("… {hidden} more lines like these ({findings} findings): {place}."));
    }
    printer.line("");
}

/// The first `most` characters.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

/// What is fine, what cannot be told, what was not looked at, and why.
fn beside(found: &Audit, args: &AuditArgs, printer: &Printer) {
    let digest = Digest::new(found);
    let list = |counts: &[(&str, usize)]| {
        let named: Vec<String> = counts.iter().take(SHOWN).map(|(check, n)| format!("{check} {n}")).collect();
        let more = counts.len().saturating_sub(SHOWN);
        if more > 0 { format!("{} and {more} more checks", named.join(", ")) } else { named.join(", ") }
    };
    for (word, counts) in [("Fine", &digest.fine), ("Not enough data", &digest.unknown)] {
        if !counts.is_empty() {
            printer.prose(&format!("{word}: {}.", list(counts)));
        }
    }
    let most = if args.all { usize::MAX } else { REASONS };
    for (check, reason, parts) in digest.not_run.iter().take(most) {
        let parts = if *parts > 1 { format!(" ({parts} parts)") } else { String::new() };
        printer.prose(&format!("Not looked at: {check}{parts}: {reason}."));
    }
    for note in found.notes.iter().take(most) {
        printer.prose(&format!("Note: {note}"));
    }
    let hidden = digest.not_run.len().saturating_sub(most) + found.notes.len().saturating_sub(most);
    if hidden > 0 {
        printer.line(format!("… {hidden} more reasons and notes (--all, audit.md)."));
    }
}

/// The folder's files.
fn files(found: &Audit) -> Result<Vec<(String, Vec<u8>)>> {
    #[derive(Serialize)]
    struct Mark<'a> {
        command: &'a str,
        version: &'a str,
    }
    let mark = Mark { command: COMMAND, version: env!("CARGO_PKG_VERSION") };
    let mut files = vec![(FOLDER_MARK.to_owned(), to_json(&mark)?.into_bytes())];
    files.extend(report::audit_files(found)?);
    Ok(files)
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
