//! `headfit check`.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::args::DataArgs;
use super::printer::{Printer, json_target};
use crate::dataset::{self, AnswerKind, DataCard};
use crate::problems::{Problems, Severity};
use crate::{Error, Result};

/// Read and check a data set, list what is wrong or odd
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    headfit check DATA                       counts of everything, warnings, notes\n  \
    headfit check DATA --strict              answers that are not understood are errors, not missing values\n  \
    headfit check DATA --json card.json      the same for machines: {card, problems}\n  \
    headfit check DATA --manifest map.toml   names that differ are mapped in a file outside the folder\n\n\
    A data set is a folder with items and any of answers, features, ratings, pairs and scores, each as .csv, .jsonl or\n\
    .parquet. Exit code 3 means that rules are broken: every error is listed on stderr with file, line, column, value\n\
    and remedy. Warnings and notes leave the exit code at 0.")]
pub struct CheckArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Write the data card and all problems as JSON (`-` = stdout, instead of the tables)
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Overwrite the JSON file
    #[arg(long)]
    force: bool,
}

/// What `--json` writes.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct CheckReport {
    /// Counts of everything; null where the items cannot be read.
    pub card: Option<DataCard>,
    /// Errors, warnings and notes: exact counts, and the first of each rule with their place.
    pub problems: Problems,
}

/// Runs the command.
///
/// # Errors
/// [`Error::Data`] with every error of the data set.
pub fn run(args: &CheckArgs, printer: &Printer) -> Result<()> {
    let to_stdout = json_target(args.json.as_deref(), args.force)?;
    let progress = printer.progress("reading");
    let (data, problems) = dataset::load(&args.data.source(), args.data.read_options())?;
    progress.finish_and_clear();
    let report = CheckReport { card: data.as_ref().map(DataCard::new), problems };
    if let Some(target) = &args.json {
        printer.json(target, &report, args.force)?;
    }
    if report.problems.has_errors() {
        return Err(Error::Data(Box::new(report.problems)));
    }
    if let Some(card) = report.card.as_ref().filter(|_| !to_stdout) {
        print_card(card, printer);
        print_problems(&report.problems, printer);
    }
    Ok(())
}

fn print_card(card: &DataCard, printer: &Printer) {
    let simulated = if card.simulated { " (simulated data)" } else { "" };
    printer.line(format!("{}{simulated}", crate::problems::visible(&card.name)));
    printer.line(format!(
        "{} in {}, {} for folds ({} merged, {} prompts without text)",
        count(card.items, "item"),
        count(card.prompts, "prompt"),
        count(card.groups, "group"),
        count(card.merged_texts, "text"),
        card.prompts_without_text
    ));
    if let Some(c) = &card.checklist {
        printer.line(format!(
            "checklist {}: {} in {} ladders and {} dimensions",
            crate::problems::visible(&c.name),
            count(c.questions, "question"),
            c.ladders,
            c.dimensions
        ));
    }
    let inputs = card.inputs.iter().map(|f| vec![f.table.clone(), f.file.clone(), f.rows.to_string()]);
    section(printer, &["table", "file", "rows"], inputs.collect(), 2);
    let attributes = card.attributes.iter().map(|a| vec![a.name.clone(), a.values.to_string(), a.missing.to_string()]);
    section(printer, &["attribute", "values", "items without"], attributes.collect(), 1);
    print_answers(card, printer);
    if let Some(f) = &card.features {
        let row = [f.columns, f.constant, f.missing, f.items_without].map(|n| n.to_string());
        let row = std::iter::once("features".to_owned()).chain(row).collect();
        section(printer, &["table", "columns", "constant", "missing values", "items without"], vec![row], 1);
    }
    let ratings = card.ratings.iter().map(|r| {
        let numbers = [r.ratings.to_string(), r.items.to_string(), r.annotators.to_string()];
        let range = [r.low.to_string(), r.high.to_string()];
        std::iter::once(r.dimension.clone()).chain(numbers).chain(range).collect()
    });
    section(printer, &["rated dimension", "ratings", "items", "annotators", "low", "high"], ratings.collect(), 1);
    print_pairs(card, printer);
    let scorers = card.scorers.iter().map(|s| {
        let coverage = format!("{:.1} %", 100.0 * s.coverage);
        vec![s.name.clone(), s.items.to_string(), coverage, number(s.low), number(s.high)]
    });
    section(printer, &["scorer", "items", "coverage", "low", "high"], scorers.collect(), 1);
}

fn print_answers(card: &DataCard, printer: &Printer) {
    let Some(answers) = &card.answers else { return };
    let judges = answers.judges.iter().map(|j| {
        let name = if j.name.is_empty() { "(not named)".to_owned() } else { j.name.clone() };
        let kind = match j.kind {
            AnswerKind::Hard => "yes or no",
            AnswerKind::Probability => "P(yes)",
            AnswerKind::None => "no answer",
        };
        let rate = j.yes_rate.map_or_else(|| "–".to_owned(), |r| format!("{r:.3}"));
        vec![name, kind.to_owned(), j.answers.to_string(), j.missing.to_string(), rate]
    });
    section(printer, &["judge", "answers are", "answers", "missing", "mean P(yes)"], judges.collect(), 2);
    printer.line(format!(
        "{}, {}, {} without an answer",
        count(answers.questions, "question id"),
        count(answers.categories, "category").replace("categorys", "categories"),
        count(answers.items_without, "item")
    ));
}

fn print_pairs(card: &DataCard, printer: &Printer) {
    let rows = card.dimensions.iter().map(|d| {
        let share = d.tie_share.map_or_else(|| "–".to_owned(), |s| format!("{:.1} %", 100.0 * s));
        let counts = [d.pairs, d.a, d.b, d.ties].map(|n| n.to_string());
        let rest = [d.votes, d.prompts, d.train, d.test].map(|n| n.to_string());
        std::iter::once(d.name.clone()).chain(counts).chain([share]).chain(rest).collect()
    });
    let head = ["pairs on", "pairs", "a", "b", "ties", "tie share", "votes", "prompts", "train", "test"];
    section(printer, &head, rows.collect(), 1);
    if card.pairs_derived {
        printer.line("derived from mean ratings, as there is no pairs table");
    }
}

/// Rules with their counts, each with its first examples.
/// Warnings and notes: counts by rule, and the first few of each with their place.
pub fn print_problems(problems: &Problems, printer: &Printer) {
    for (severity, title) in [(Severity::Warning, "warnings"), (Severity::Note, "notes")] {
        let total = problems.count(severity);
        printer.line(format!("\n{title}: {total}"));
        for (rule, n) in problems.rules(severity) {
            printer.line(format!("  {rule}: {n}"));
            for problem in problems.of(severity).filter(|p| p.rule == rule).take(3) {
                printer.line(format!("    {problem}"));
            }
        }
    }
}

fn section(printer: &Printer, head: &[&str], rows: Vec<Vec<String>>, numbers: usize) {
    if !rows.is_empty() {
        printer.line("");
        printer.table(head, &rows, numbers);
    }
}

fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |x| format!("{x:.4}").trim_end_matches('0').trim_end_matches('.').to_owned())
}
