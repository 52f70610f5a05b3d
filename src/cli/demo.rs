//! `headfit demo`.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;

use super::pipeline::{self, Defaults, Job};
use super::printer::{self, Printer};
use crate::evaluate::{Extras, Row};
use crate::plot::text::{count, counted, number, percent};
use crate::report::{MAIN_PROTOCOL, Report, Templates, refuse_folder};
use crate::{Result, synth};

/// The dimension whose leaderboard is shown whole.
const LEAD: &str = "overall";

/// The whole job on built-in simulated data
///
/// Check, fit, evaluate against simulated scorers, draw and report. The data are simulated in the shape of
/// VisionReward-Video, with planted weights, so the report can say which of them the fit found.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    headfit demo                                  writes reports/demo, prints a summary\n  \
    headfit demo -o elsewhere\n  \
    headfit synth -o sim                          the same data as a folder, to try the other commands on")]
pub struct DemoArgs {
    /// Folder to write
    #[arg(long, short, value_name = "DIR", default_value = "reports/demo")]
    output: PathBuf,
    /// Replace a report that was changed or added to
    #[arg(long)]
    force: bool,
}

/// Runs the command.
///
/// # Errors
/// See the exit codes in `headfit --help`.
pub fn run(args: &DemoArgs, printer: &Printer) -> Result<()> {
    let start = Instant::now();
    refuse_folder(&args.output, args.force)?;
    let defaults = Defaults::new()?;
    let bar = printer.progress("reading");
    let job = Job {
        title: Some("headfit demo: a checklist head on simulated videos".to_owned()),
        command: "headfit demo".to_owned(),
        planted: Some(synth::embedded_planted()?),
        ..Job::new(synth::embedded(), &defaults)
    };
    let job = Job { extras: Extras { curves: true, ..job.extras.clone() }, ..job };
    let report = pipeline::run(job, &|message| printer::say(&bar, message))?;
    pipeline::write(&report, &Templates::default(), &args.output, args.force)?;
    bar.finish_and_clear();
    checked(&report, printer);
    leaderboard(&report, printer);
    dimensions(&report, printer);
    printer.note(format!("Done in {:.1} s.", start.elapsed().as_secs_f64()));
    printer.line(format!("Report: {}", args.output.join("report.html").display()));
    Ok(())
}

/// What was read and found in order.
fn checked(report: &Report, printer: &Printer) {
    let card = &report.card;
    let questions = card.checklist.as_ref().map_or(0, |c| c.questions);
    let pairs: usize = card.dimensions.iter().map(|d| d.pairs).sum();
    let warnings: u64 = card.warnings.values().sum();
    printer.line("SIMULATED data: no person and no model made these labels and answers.");
    printer.line(format!(
        "Checked {}, {}, {}, {} on {}: no errors, {}.",
        counted(card.items, "item", "items"),
        counted(card.groups, "prompt", "prompts"),
        counted(questions, "question", "questions"),
        counted(pairs, "labelled pair", "labelled pairs"),
        counted(card.dimensions.len(), "dimension", "dimensions"),
        counted(usize::try_from(warnings).unwrap_or(usize::MAX), "warning", "warnings")
    ));
    printer.line("");
}

/// All scorers on the leading dimension, with floors.
fn leaderboard(report: &Report, printer: &Printer) {
    let evaluation = &report.evaluation;
    let mut rows: Vec<&Row> =
        evaluation.rows.iter().filter(|r| r.dimension == LEAD && r.protocol == MAIN_PROTOCOL).collect();
    rows.sort_by(|a, b| b.value.unwrap_or(-1.0).total_cmp(&a.value.unwrap_or(-1.0)));
    let mut lines: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let verdict = evaluation.comparison(LEAD, &row.scorer, MAIN_PROTOCOL);
            let minus = verdict.and_then(|c| c.difference).map_or(String::new(), |d| signed(d * 100.0));
            vec![row.scorer.clone(), row.value.map_or("–".into(), percent), interval(row), minus]
        })
        .collect();
    for floor in evaluation.floors.iter().filter(|f| f.dimension == LEAD && f.protocol == MAIN_PROTOCOL) {
        lines.push(vec![format!("({})", floor.floor), percent(floor.value), String::new(), String::new()]);
    }
    let (pairs, prompts) = rows.first().map_or((0, 0), |r| (r.n, r.prompts));
    printer.line(format!(
        "Agreement with people on {LEAD}, {} accuracy in %, {} of {} in the test split:",
        MAIN_PROTOCOL.id(),
        counted(pairs, "decided pair", "decided pairs"),
        counted(prompts, "prompt", "prompts")
    ));
    printer.table(&["scorer", "%", "95 % interval", "head minus scorer"], &lines, 1);
    printer.line("");
}

/// One line per dimension: accuracy, best other scorer, weights in use, planted weights found.
fn dimensions(report: &Report, printer: &Printer) {
    let evaluation = &report.evaluation;
    let line = |dimension: &str| {
        let head = evaluation.row(dimension, "head", MAIN_PROTOCOL);
        let best = evaluation.best_scorer(dimension);
        let found = report.recovery.iter().find(|r| r.dimension == dimension);
        let used = report.heads.iter().find(|h| h.dimension == dimension).map_or(0, |h| h.used);
        vec![
            dimension.to_owned(),
            head.and_then(|r| r.value).map_or("–".into(), percent),
            head.map_or(String::new(), interval),
            best.map_or("–".into(), |r| format!("{} {}", r.scorer, r.value.map_or(String::new(), percent))),
            count(used),
            found.map_or("–".into(), |r| format!("{} of {}", r.found.len(), r.found.len() + r.missed.len())),
            found.map_or("–".into(), |r| format!("{} %", number(r.share_found * 100.0, 0))),
        ]
    };
    let lines: Vec<Vec<String>> = evaluation.dimensions().into_iter().map(line).collect();
    let head = ["dimension", "head, %", "95 % interval", "best other", "weights", "planted, found", "share of weight"];
    printer.table(&head, &lines, 1);
    printer.line("");
    if let Some(paragraph) = report.verdict.last().filter(|_| !report.recovery.is_empty()) {
        printer.prose(paragraph);
        printer.line("");
    }
}

fn interval(row: &Row) -> String {
    row.low.zip(row.high).map_or(String::new(), |(low, high)| format!("{} to {}", percent(low), percent(high)))
}

fn signed(points: f64) -> String {
    let text = number(points, 1);
    if points > 0.0 && text != "0.0" { format!("+{text}") } else { text }
}
