//! `headfit evaluate`.

use std::path::PathBuf;

use clap::Args;

use super::against::replaceable;
use super::args::{DataArgs, FeatureArgs, TrainArgs};
use super::extra_args::{AgainstArgs, ExtraArgs, beside};
use super::printer::{Printer, json_target};
use super::protocol_args::ProtocolArgs;
use crate::Result;
use crate::dataset;
use crate::evaluate::protocol::Unit;
use crate::evaluate::{Design, EvaluateOptions, Evaluation, Floor, Mode, Protocol, Row, evaluate};
use crate::features;
use crate::head::HeadsFile;
use crate::report::sheets::{self, Sheet, Shown, estimate};

/// What a pair counts as when a scorer lacks one of its items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum MissingScore {
    /// The scorer is computed on the pairs it covers; its coverage is shown
    #[default]
    Drop,
    /// The pair counts as an equal score
    Equal,
}

/// Accuracy of the head and of cached scorers under named protocols
///
/// The head's pairs are scored by heads that saw none of their prompt; every scorer is computed on the same pairs; every
/// accuracy has a 95 % interval from a bootstrap over prompts.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    headfit evaluate DATA                                 the split in `pairs` if there is one, else 5 folds\n  \
    headfit evaluate DATA --cross-validate 10             nested cross-validation with 10 folds over prompts\n  \
    headfit evaluate DATA --head heads.json               heads that were fitted before, on pairs they have not seen\n  \
    headfit evaluate DATA --head new.json --against old.json    may the new heads replace the old ones?\n  \
    headfit evaluate DATA --dimension overall --protocol diff --protocol tau\n  \
    headfit evaluate DATA --missing-score equal --json out.json")]
pub struct EvaluateArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Score every pair by a head fitted on K − 1 of K folds over prompts
    #[arg(long, value_name = "K", conflicts_with = "head")]
    cross_validate: Option<usize>,
    /// Score the pairs by stored heads (their coding and features are used)
    #[arg(long, value_name = "FILE")]
    head: Option<PathBuf>,
    #[command(flatten)]
    against: AgainstArgs,
    #[command(flatten)]
    protocols: ProtocolArgs,
    /// What a pair counts as when a scorer lacks one of its items
    #[arg(long, default_value = "drop", value_name = "RULE")]
    missing_score: MissingScore,
    /// Bootstrap draws behind the intervals; 0 = no intervals
    #[arg(long, default_value_t = 1000, value_name = "N")]
    draws: usize,
    /// Sign assignments of the paired permutation tests; 0 = no tests
    #[arg(long, default_value_t = 2000, value_name = "N")]
    tests: usize,
    /// Win share and place of every generator by people and by every scorer
    #[arg(long, help_heading = "More tables")]
    system_ranking: bool,
    /// Accuracy by size of the human margin, between and within generators, by attribute
    #[arg(long, help_heading = "More tables")]
    strata: bool,
    /// Reliability table of the head, calibration of every scorer
    #[arg(long, help_heading = "More tables")]
    calibration: bool,
    /// Write everything as JSON (`-` = stdout, in place of the tables)
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Overwrite the JSON file
    #[arg(long)]
    force: bool,
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
pub fn run(args: &EvaluateArgs, printer: &Printer) -> Result<()> {
    let to_stdout = json_target(args.json.as_deref(), args.force)?;
    let progress = printer.progress("reading");
    let ds = dataset::read(&args.data.source(), args.data.read_options())?;
    let heads = args.head.as_deref().map(HeadsFile::read).transpose()?;
    let features = match &heads {
        Some(file) => file.features(&ds)?,
        None => features::build(&ds, &args.features.options())?,
    };
    let beside = beside(args.against.heads()?, &ds)?;
    let mode = match (&heads, args.cross_validate) {
        (Some(file), _) => Mode::Stored(file),
        (None, Some(folds)) => Mode::CrossValidate { folds },
        (None, None) => Mode::default_for(&ds),
    };
    let say = |message: &str| super::printer::say(&progress, message);
    let options = EvaluateOptions {
        dimensions: args.train.dimensions(&ds)?,
        protocols: args.protocols.chosen(),
        draws: args.draws,
        tests: args.tests,
        seed: args.train.seed,
        missing_score_equal: args.missing_score == MissingScore::Equal,
        extras: args.extras.extras(),
        beside: &beside,
        refitted: None,
        also: &[],
        train: args.train.options(args.features.missing),
        progress: Some(&say),
    };
    let evaluation = evaluate(&ds, &features, mode, &options)?;
    progress.finish_and_clear();
    features.notes.iter().for_each(|note| printer.note(note));
    if !to_stdout {
        let shown = Shown { calibration: args.calibration, systems: args.system_ranking, strata: args.strata };
        show(&evaluation, shown, printer);
    }
    if let Some(path) = &args.json {
        printer.json(path, &evaluation, args.force)?;
    }
    match args.against.against {
        Some(_) => replaceable(&evaluation.against, args.against.must_be_better),
        None => Ok(()),
    }
}

/// Columns of accuracies in one table; more protocols make more tables.
const PROTOCOLS_ABREAST: usize = 4;

/// Tables and one sentence per dimension, then what should be known.
fn show(evaluation: &Evaluation, shown: Shown, printer: &Printer) {
    printer.line(heading(evaluation));
    for dimension in evaluation.dimensions() {
        let all = evaluation.protocols();
        for protocols in all.chunks(PROTOCOLS_ABREAST) {
            printer.line("");
            printer.line(dimension);
            let titles: Vec<&str> = std::iter::once("scorer")
                .chain(protocols.iter().map(|p| p.id()))
                .chain(["pairs", "ties", "equal", "prompts", "coverage"])
                .collect();
            printer.table(&titles, &table(evaluation, dimension, protocols), 1);
        }
        what_references_are(evaluation, dimension, printer);
        missing_values(evaluation, dimension).iter().for_each(|line| printer.line(line));
        sheets::of_dimension(evaluation, dimension, shown).iter().for_each(|sheet| show_sheet(sheet, printer));
        printer.line("");
        printer.prose(&evaluation.verdict(dimension));
    }
    let identity = &evaluation.identity;
    if identity.checked > 0 {
        printer.line("");
        printer.line(format!(
            "tau ≥ max(t, (1 − t)·diff) holds for {} of {} scorers and dimensions.",
            identity.checked - identity.broken.len(),
            identity.checked
        ));
    }
    sheets::against(&evaluation.against).iter().for_each(|sheet| show_sheet(sheet, printer));
    if !evaluation.leakage.is_empty() {
        printer.line("");
        evaluation.leakage.iter().for_each(|leak| printer.alarm(&leak.sentence()));
    }
    let notes: Vec<&String> = evaluation.notes.iter().filter(|note| !note.starts_with("LEAKAGE")).collect();
    if !notes.is_empty() {
        printer.line("");
        notes.iter().for_each(|note| printer.prose(&format!("note: {note}")));
    }
}

/// A heading, a table, sentences.
pub(super) fn show_sheet(sheet: &Sheet, printer: &Printer) {
    printer.line("");
    if !sheet.title.is_empty() {
        printer.line(&sheet.title);
    }
    if !sheet.head.is_empty() {
        let head: Vec<&str> = sheet.head.iter().map(String::as_str).collect();
        printer.table(&head, &sheet.rows, sheet.texts);
    }
    sheet.lines.iter().for_each(|line| printer.prose(line));
}

/// What the attribute and the annotators in the table are.
fn what_references_are(evaluation: &Evaluation, dimension: &str, printer: &Printer) {
    let all = evaluation.floors.iter().chain(&evaluation.ceilings);
    for name in ["attribute", "annotator"] {
        let found = all.clone().find(|f| f.dimension == dimension && f.floor == name);
        if let Some((found, detail)) = found.and_then(|f| Some((f, f.detail.as_deref()?))) {
            let what = if name == "attribute" { "best single attribute, fitted out of fold" } else { "human level" };
            printer.line(format!("({}) {what}: {detail}", found.floor));
        }
    }
}

/// Design, draws and the rule for missing scores in one line.
fn heading(evaluation: &Evaluation) -> String {
    let design = match evaluation.design {
        Design::CrossValidated { folds } => format!("nested cross-validation, {folds} folds over prompts"),
        Design::TrainTest => "fitted on split = train, scored on split = test".to_owned(),
        Design::StoredHead => "stored heads".to_owned(),
    };
    let simulated = if evaluation.simulated { " (SIMULATED data)" } else { "" };
    let missing = if evaluation.missing_score_equal { "; a missing score counts as an equal one" } else { "" };
    let intervals = match evaluation.draws {
        0 => "no intervals".to_owned(),
        draws => format!("95 % intervals from {draws} draws of prompts"),
    };
    format!("{}{simulated}: {design}; {intervals}{missing}", evaluation.dataset)
}

/// Scorers, then floors, then the human level.
fn table(evaluation: &Evaluation, dimension: &str, protocols: &[Protocol]) -> Vec<Vec<String>> {
    let rows: Vec<&Row> =
        (evaluation.rows.iter()).filter(|r| r.dimension == dimension && protocols.contains(&r.protocol)).collect();
    let mut lines = Vec::new();
    for rows in rows.chunk_by(|a, b| a.scorer == b.scorer) {
        let mut line = vec![rows[0].scorer.clone()];
        line.extend(rows.iter().map(|row| estimate(row.value, row.low, row.high)));
        // Protocols that drop pairs share these counts; the largest denominator shows them.
        let of_pairs = || rows.iter().filter(|r| r.protocol.unit() == Unit::Pair);
        let widest = of_pairs().max_by_key(|r| r.n).unwrap_or(&rows[0]);
        let pairs = of_pairs().filter(|r| !r.protocol.drops_human_ties()).map(|r| r.n).max().unwrap_or(0);
        let pairs = if pairs > 0 { pairs } else { widest.n + widest.ties };
        line.extend([pairs, widest.ties.min(pairs), widest.equal_scores, widest.prompts].map(|n| n.to_string()));
        line.push(format!("{:.1} %", 100.0 * widest.coverage));
        lines.push(line);
    }
    let references: Vec<&Floor> =
        evaluation.floors.iter().chain(&evaluation.ceilings).filter(|f| f.dimension == dimension).collect();
    for name in ["chance", "always-tie", "majority", "attribute", "annotator"] {
        let own: Vec<&&Floor> = references.iter().filter(|f| f.floor == name).collect();
        if own.is_empty() {
            continue;
        }
        let value = |protocol: &Protocol| own.iter().find(|f| f.protocol == *protocol);
        let cell = |p: &Protocol| value(p).map_or("–".to_owned(), |f| estimate(Some(f.value), f.low, f.high));
        lines.push(std::iter::once(format!("({name})")).chain(protocols.iter().map(cell)).collect());
    }
    for line in &mut lines {
        line.resize(protocols.len() + 6, String::new());
    }
    lines
}

/// Why values or intervals are missing, one line per reason.
fn missing_values(evaluation: &Evaluation, dimension: &str) -> Vec<String> {
    let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
    for row in evaluation.rows.iter().filter(|r| r.dimension == dimension) {
        let Some(reason) = row.reason.as_deref() else { continue };
        let who = format!("{} {}", row.scorer, row.protocol.id());
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, list)) => list.push(who),
            None => reasons.push((reason, vec![who])),
        }
    }
    let all = evaluation.rows.iter().filter(|r| r.dimension == dimension).count();
    reasons
        .into_iter()
        .map(|(reason, who)| match who.len() {
            n if n == all => format!("all rows: {reason}"),
            n if n > 4 => format!("{}, … ({n} rows): {reason}", who[..3].join(", ")),
            _ => format!("{}: {reason}", who.join(", ")),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::Evaluation;

    fn row(scorer: &str, protocol: Protocol, value: Option<f64>, n: usize) -> Row {
        Row {
            value,
            low: value.map(|v| v - 0.1),
            high: value.map(|v| v + 0.1),
            n,
            prompts: 7,
            ties: 30,
            coverage: 0.5,
            reason: value.is_none().then(|| "because".to_owned()),
            ..Row::without_value("d", scorer, protocol, "")
        }
    }

    fn evaluation(rows: Vec<Row>) -> Evaluation {
        Evaluation {
            simulated: true,
            draws: 10,
            seed: 1,
            rows,
            ..Evaluation::empty("x", Design::CrossValidated { folds: 5 })
        }
    }

    #[test]
    fn a_line_shows_pairs_decided_pairs_prompts_and_coverage() {
        let both = evaluation(vec![row("s", Protocol::Tau, Some(0.6), 100), row("s", Protocol::Diff, Some(0.7), 70)]);
        let lines = table(&both, "d", &both.protocols());
        let expected = ["s", "0.600 [0.500, 0.700]", "0.700 [0.600, 0.800]", "100", "30", "0", "7", "50.0 %"];
        assert_eq!(lines[0], expected);
        let only_diff = evaluation(vec![row("s", Protocol::Diff, Some(0.7), 70)]);
        assert_eq!(table(&only_diff, "d", &only_diff.protocols())[0][2..4], ["100", "30"]);
    }

    #[test]
    fn a_missing_value_is_a_dash_with_its_reason() {
        let found = evaluation(vec![row("s", Protocol::Tau, None, 0), row("t", Protocol::Tau, Some(0.5), 9)]);
        assert_eq!(table(&found, "d", &found.protocols())[0][1], "–");
        assert_eq!(missing_values(&found, "d"), ["s tau: because"]);
        assert!(heading(&found).contains("SIMULATED"));
    }
}
