//! `headfit evaluate`.

use std::path::PathBuf;

use clap::Args;

use super::args::{DataArgs, FeatureArgs, TrainArgs};
use super::printer::Printer;
use crate::dataset;
use crate::evaluate::against::{Against, Change, against};
use crate::evaluate::{
    Design, EvaluateOptions, Evaluation, Mode, Protocol, Row, StoredScorer, evaluate_with_scores,
};
use crate::features;
use crate::head::HeadsFile;
use crate::{Error, Result, output};

/// Name of the heads that would be replaced.
const OLD: &str = "old head";

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
    /// Heads that those of --head would replace: paired test, exit code 5 where the new ones are shown to be worse
    #[arg(long, value_name = "FILE", requires = "head")]
    against: Option<PathBuf>,
    /// With --against: exit code 5 unless the new heads are shown to be better on every dimension
    #[arg(long, requires = "against")]
    must_be_better: bool,
    /// Accuracy rule; may be repeated (default: tau, tau-held-out, diff, diff-half)
    #[arg(long, value_name = "ID")]
    protocol: Vec<Protocol>,
    /// What a pair counts as when a scorer lacks one of its items
    #[arg(long, default_value = "drop", value_name = "RULE")]
    missing_score: MissingScore,
    /// Bootstrap draws behind the intervals; 0 = no intervals
    #[arg(long, default_value_t = 1000, value_name = "N")]
    draws: usize,
    /// Write everything as JSON (`-` = stdout, in place of the tables)
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Overwrite the JSON file
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
pub fn run(args: &EvaluateArgs, printer: &Printer) -> Result<()> {
    let to_stdout = args.json.as_deref().is_some_and(|p| p.as_os_str() == "-");
    if let Some(path) = args.json.as_deref().filter(|_| !to_stdout) {
        output::refuse_existing(path, args.force)?;
    }
    let progress = printer.progress("reading");
    let ds = dataset::read(&args.data.source(), args.data.read_options())?;
    let heads = args.head.as_deref().map(HeadsFile::read).transpose()?;
    let features = match &heads {
        Some(file) => file.features(&ds)?,
        None => features::build(&ds, &args.features.options())?,
    };
    let old = args.against.as_deref().map(HeadsFile::read).transpose()?;
    let mut beside = Vec::new();
    if let Some(heads) = old {
        beside.push(StoredScorer { name: OLD.to_owned(), features: heads.features(&ds)?, heads });
    }
    let mode = match (&heads, args.cross_validate) {
        (Some(file), _) => Mode::Stored(file),
        (None, Some(folds)) => Mode::CrossValidate { folds },
        (None, None) => Mode::default_for(&ds),
    };
    let say = |message: &str| progress.set_message(message.to_owned());
    let options = EvaluateOptions {
        dimensions: args.train.dimensions(&ds)?,
        protocols: chosen_protocols(&args.protocol),
        draws: args.draws,
        seed: args.train.seed,
        missing_score_equal: args.missing_score == MissingScore::Equal,
        beside: &beside,
        train: args.train.options(args.features.missing),
        progress: Some(&say),
    };
    let (mut evaluation, scores) = evaluate_with_scores(&ds, &features, mode, &options)?;
    if !beside.is_empty() {
        let protocols = evaluation.protocols();
        let lead = protocols.iter().find(|p| **p == Protocol::DiffHalf).or(protocols.first());
        evaluation.against = lead.map_or(Vec::new(), |&p| against(&evaluation, &scores, OLD, p));
    }
    progress.finish_and_clear();
    features.notes.iter().for_each(|note| printer.note(note));
    if !to_stdout {
        show(&evaluation, printer);
    }
    if let Some(path) = &args.json {
        printer.json(path, &evaluation, args.force)?;
    }
    if args.against.is_some() { replaceable(&evaluation.against, args.must_be_better) } else { Ok(()) }
}

/// Fails where the new heads are worse, or, if they must be better, are not.
fn replaceable(against: &[Against], must_be_better: bool) -> Result<()> {
    if against.is_empty() {
        return Err(Error::Usage("--against: the two heads files have no evaluated dimension in common".into()));
    }
    let of = |failed: fn(&Change) -> bool| -> Vec<&str> {
        against.iter().filter(|a| failed(&a.change)).map(|a| a.dimension.as_str()).collect()
    };
    let worse = of(|change| *change == Change::Worse);
    let unproven = of(|change| *change != Change::Better);
    if !worse.is_empty() {
        return Err(Error::CheckFailed(format!("the new head is worse than the old one on {}", worse.join(", "))));
    }
    if must_be_better && !unproven.is_empty() {
        return Err(Error::CheckFailed(format!("the new head is not shown to be better on {}", unproven.join(", "))));
    }
    Ok(())
}

/// New head minus old head, one line per dimension.
fn show_against(against: &[Against], printer: &Printer) {
    let Some(first) = against.first() else { return };
    printer.line("");
    printer.line(format!("New head minus old head, {}, in points:", first.protocol.id()));
    let points = |d: Option<f64>| d.map_or("–".to_owned(), |d| format!("{:+.1}", 100.0 * d));
    let shown = |p: Option<f64>| p.map_or("–".to_owned(), |p| format!("{p:.4}"));
    let says = |change: Change| match change {
        Change::Better => "better",
        Change::Worse => "WORSE",
        Change::NotShown => "no difference shown",
        Change::NotEnoughData => "not enough data",
    };
    let line = |a: &Against| {
        let pairs = if a.unseen_only { format!("{} unseen", a.n) } else { a.n.to_string() };
        let interval = if a.low.is_some() { format!("{} to {}", points(a.low), points(a.high)) } else { String::new() };
        let numbers = [points(a.difference), interval, shown(a.p), shown(a.q), pairs, a.prompts.to_string()];
        [a.dimension.clone(), says(a.change).to_owned()].into_iter().chain(numbers).collect()
    };
    let rows: Vec<Vec<String>> = against.iter().map(line).collect();
    printer.table(&["dimension", "new head", "difference", "95 % interval", "p", "q", "pairs", "prompts"], &rows, 2);
    if against.iter().any(|a| a.unseen_only) {
        printer.line("unseen: only prompts count that neither head was fitted on.");
    }
}

fn chosen_protocols(given: &[Protocol]) -> Vec<Protocol> {
    let mut chosen: Vec<Protocol> = Vec::new();
    for &protocol in if given.is_empty() { &Protocol::DEFAULT[..] } else { given } {
        if !chosen.contains(&protocol) {
            chosen.push(protocol);
        }
    }
    chosen
}

/// One table and one sentence per dimension, then what should be known.
fn show(evaluation: &Evaluation, printer: &Printer) {
    printer.line(heading(evaluation));
    for dimension in evaluation.dimensions() {
        printer.line("");
        printer.line(dimension);
        let protocols = evaluation.protocols();
        let titles: Vec<&str> = std::iter::once("scorer")
            .chain(protocols.iter().map(|p| p.id()))
            .chain(["pairs", "decided", "prompts", "coverage"])
            .collect();
        printer.table(&titles, &table(evaluation, dimension, &protocols), 1);
        missing_values(evaluation, dimension).iter().for_each(|line| printer.line(line));
        printer.line(evaluation.verdict(dimension));
    }
    show_against(&evaluation.against, printer);
    if !evaluation.leakage.is_empty() {
        printer.line("");
        evaluation.leakage.iter().for_each(|leak| printer.alarm(&leak.sentence()));
    }
    let notes: Vec<&String> = evaluation.notes.iter().filter(|note| !note.starts_with("LEAKAGE")).collect();
    if !notes.is_empty() {
        printer.line("");
        notes.iter().for_each(|note| printer.line(format!("note: {note}")));
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

/// Scorers, then floors.
fn table(evaluation: &Evaluation, dimension: &str, protocols: &[Protocol]) -> Vec<Vec<String>> {
    let rows: Vec<&Row> = evaluation.rows.iter().filter(|r| r.dimension == dimension).collect();
    let mut lines = Vec::new();
    for rows in rows.chunk_by(|a, b| a.scorer == b.scorer) {
        let mut line = vec![rows[0].scorer.clone()];
        line.extend(rows.iter().map(|row| accuracy(row)));
        // Protocols that drop pairs share these counts; the largest denominator shows them.
        let widest = rows.iter().max_by_key(|r| r.n).unwrap_or(&rows[0]);
        let pairs = rows.iter().filter(|r| !r.protocol.drops_human_ties()).map(|r| r.n).max().unwrap_or(0);
        let pairs = if pairs > 0 { pairs } else { widest.n + widest.ties };
        line.extend([pairs.to_string(), (pairs - widest.ties.min(pairs)).to_string(), widest.prompts.to_string()]);
        line.push(format!("{:.1} %", 100.0 * widest.coverage));
        lines.push(line);
    }
    for floor in ["chance", "always-tie"] {
        let value = |protocol: &Protocol| {
            let mut floors = evaluation.floors.iter();
            floors.find(|f| f.dimension == dimension && f.floor == floor && f.protocol == *protocol)
        };
        let values = protocols.iter().map(|p| value(p).map_or("–".to_owned(), |f| format!("{:.3}", f.value)));
        lines.push(std::iter::once(format!("({floor})")).chain(values).collect());
    }
    for line in &mut lines {
        line.resize(protocols.len() + 5, String::new());
    }
    lines
}

/// `0.745 [0.720, 0.777]`.
fn accuracy(row: &Row) -> String {
    match (row.value, row.low, row.high) {
        (Some(value), Some(low), Some(high)) => format!("{value:.3} [{low:.3}, {high:.3}]"),
        (Some(value), _, _) => format!("{value:.3}"),
        _ => "–".to_owned(),
    }
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
        let expected = ["s", "0.600 [0.500, 0.700]", "0.700 [0.600, 0.800]", "100", "70", "7", "50.0 %"];
        assert_eq!(lines[0], expected);
        let only_diff = evaluation(vec![row("s", Protocol::Diff, Some(0.7), 70)]);
        assert_eq!(table(&only_diff, "d", &only_diff.protocols())[0][2..4], ["100", "70"]);
    }

    #[test]
    fn a_missing_value_is_a_dash_with_its_reason() {
        let found = evaluation(vec![row("s", Protocol::Tau, None, 0), row("t", Protocol::Tau, Some(0.5), 9)]);
        assert_eq!(table(&found, "d", &found.protocols())[0][1], "–");
        assert_eq!(missing_values(&found, "d"), ["s tau: because"]);
        assert!(heading(&found).contains("SIMULATED"));
    }
}
