//! `headfit evaluate`.

use std::path::PathBuf;

use clap::Args;

use super::against::{OLD, replaceable, show_against};
use super::args::{DataArgs, FeatureArgs, TrainArgs};
use super::evaluation_tables::{self, Shown, estimate};
use super::printer::{Printer, json_target};
use crate::Result;
use crate::dataset;
use crate::evaluate::against::against;
use crate::evaluate::protocol::Unit;
use crate::evaluate::{
    Design, EvaluateOptions, Evaluation, Extras, Floor, MissingItem, Mode, Protocol, Row, StoredScorer,
    evaluate_with_scores,
};
use crate::features;
use crate::head::HeadsFile;

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
    /// Accuracy rule, or `all`; may be repeated (default: tau, tau-held-out, diff, diff-half)
    #[arg(long, value_name = "ID")]
    protocol: Vec<WhichProtocol>,
    /// What a pair counts as when a scorer lacks one of its items
    #[arg(long, default_value = "drop", value_name = "RULE")]
    missing_score: MissingScore,
    /// Bootstrap draws behind the intervals; 0 = no intervals
    #[arg(long, default_value_t = 1000, value_name = "N")]
    draws: usize,
    /// Sign assignments of the paired permutation tests; 0 = no tests
    #[arg(long, default_value_t = 2000, value_name = "N")]
    tests: usize,
    /// Item attribute that names the generator
    #[arg(long, default_value = "generator", value_name = "ATTRIBUTE", help_heading = "More tables")]
    generator: String,
    /// Win share and place of every generator by people and by every scorer
    #[arg(long, help_heading = "More tables")]
    system_ranking: bool,
    /// Accuracy by size of the human margin, between and within generators, by attribute
    #[arg(long, help_heading = "More tables")]
    strata: bool,
    /// Reliability table of the head, calibration of every scorer
    #[arg(long, help_heading = "More tables")]
    calibration: bool,
    /// Kendall, Spearman and Pearson of item scores with mean ratings, pooled and within prompts, from N draws
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "200", help_heading = "More tables")]
    correlations: Option<usize>,
    /// What an item without a score counts as in correlations: `drop`, or a score
    #[arg(long, default_value = "drop", value_name = "RULE", value_parser = missing_item, help_heading = "More tables")]
    missing_item: MissingItem,
    /// Accuracy against training pairs, questions and λ (refits the head many times)
    #[arg(long, help_heading = "More tables")]
    curves: bool,
    /// Accuracy on values of this attribute that the head never saw (refits); may be repeated
    #[arg(long, value_name = "ATTRIBUTE", help_heading = "More tables")]
    group_by: Vec<String>,
    /// What VideoAlign's shipped code would print, beside ours
    #[arg(long, help_heading = "More tables")]
    legacy_videoalign: bool,
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
    let to_stdout = json_target(args.json.as_deref(), args.force)?;
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
    let say = |message: &str| super::printer::say(&progress, message);
    let options = EvaluateOptions {
        dimensions: args.train.dimensions(&ds)?,
        protocols: chosen_protocols(&args.protocol),
        draws: args.draws,
        tests: args.tests,
        seed: args.train.seed,
        missing_score_equal: args.missing_score == MissingScore::Equal,
        extras: Extras {
            systems: Some(args.generator.clone()),
            correlations: args.correlations.map(|draws| (args.missing_item, draws)),
            curves: args.curves,
            unseen: args.group_by.clone(),
            legacy: args.legacy_videoalign,
            ..Extras::default()
        },
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
        let shown = Shown { calibration: args.calibration, systems: args.system_ranking, strata: args.strata };
        show(&evaluation, shown, printer);
    }
    if let Some(path) = &args.json {
        printer.json(path, &evaluation, args.force)?;
    }
    if args.against.is_some() { replaceable(&evaluation.against, args.must_be_better) } else { Ok(()) }
}

fn chosen_protocols(given: &[WhichProtocol]) -> Vec<Protocol> {
    let mut chosen: Vec<Protocol> = Vec::new();
    let asked = given.iter().flat_map(|which| match which {
        WhichProtocol::All => Protocol::ALL.to_vec(),
        WhichProtocol::One(protocol) => vec![*protocol],
    });
    for protocol in asked {
        if !chosen.contains(&protocol) {
            chosen.push(protocol);
        }
    }
    if chosen.is_empty() { Protocol::DEFAULT.to_vec() } else { chosen }
}

/// A protocol, or all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WhichProtocol {
    All,
    One(Protocol),
}

impl clap::ValueEnum for WhichProtocol {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [WhichProtocol; Protocol::ALL.len() + 1] = {
            let mut all = [WhichProtocol::All; Protocol::ALL.len() + 1];
            let mut i = 0;
            while i < Protocol::ALL.len() {
                all[i] = WhichProtocol::One(Protocol::ALL[i]);
                i += 1;
            }
            all
        };
        &ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        match self {
            Self::All => Some(clap::builder::PossibleValue::new("all")),
            Self::One(protocol) => Some(clap::builder::PossibleValue::new(protocol.id())),
        }
    }
}

/// `drop` or a number.
fn missing_item(text: &str) -> std::result::Result<MissingItem, String> {
    match text.trim() {
        "drop" => Ok(MissingItem::Drop),
        number => match number.parse::<f64>() {
            Ok(score) if score.is_finite() => Ok(MissingItem::Score(score)),
            _ => Err("`drop`, or a number such as 0".to_owned()),
        },
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
        evaluation_tables::show(evaluation, dimension, shown, printer);
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
    show_against(&evaluation.against, printer);
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
