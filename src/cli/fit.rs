//! `headfit fit`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::args::{DataArgs, FeatureArgs, TrainArgs};
use super::printer::{Printer, json_target};
use crate::dataset::{self, Dataset};
use crate::features::{self, FeatureMatrix};
use crate::fit::Method;
use crate::head::{self, Head, HeadsFile, TrainOptions};
use crate::problems::{Problems, Severity};
use crate::{Error, Result, output};

/// Weights shown per dimension; the file holds all.
const SHOWN: usize = 6;

/// Fit one head per dimension and write heads.json
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    headfit fit DATA -o heads.json\n  \
    headfit fit DATA -o heads.json --dimension overall --bounds non-negative --rule min\n  \
    headfit fit DATA -o heads.json --lambda 0.01 --force\n\n\
    Where pairs have a split, only those with split = train are used. Exit code 4: a fit did not converge.")]
pub struct FitArgs {
    #[command(flatten)]
    data: DataArgs,
    /// File to write the heads to
    #[arg(long = "output", short = 'o', value_name = "FILE")]
    out: PathBuf,
    /// Overwrite existing files
    #[arg(long)]
    force: bool,
    /// Write the heads to this file too (- = standard output)
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
pub fn run(args: &FitArgs, printer: &Printer) -> Result<()> {
    output::refuse_existing(&args.out, args.force)?;
    json_target(args.json.as_deref(), args.force)?;
    let bar = printer.progress("reading");
    let ds = dataset::read(&args.data.source(), args.data.read_options())?;
    bar.set_message("building features");
    let matrix = features::build(&ds, &args.features.options())?;
    let dimensions = args.train.dimensions(&ds)?;
    let options = args.train.options(args.features.missing);
    let heads = fit_all(&ds, &matrix, &dimensions, &options, &|message| super::printer::say(&bar, message))?;
    bar.finish_and_clear();
    let file =
        HeadsFile::new(heads, head::provenance(&ds, args.train.seed, given_options(&args.features, &args.train)));
    file.write(&args.out, args.force)?;

    announce(&ds, &matrix.notes, printer);
    if args.json.as_deref() != Some(Path::new("-")) {
        print_summary(&file.heads, printer);
        file.heads.iter().for_each(|head| print_head(head, printer));
    }
    printer.note(format!("wrote {}", args.out.display()));
    match &args.json {
        Some(json) => printer.json(json, &file, args.force),
        None => Ok(()),
    }
}

/// One head per dimension, fitted on its training pairs. What goes wrong in several dimensions is told at once.
pub(super) fn fit_all(
    ds: &Dataset,
    matrix: &FeatureMatrix,
    dimensions: &[usize],
    options: &TrainOptions,
    say: &dyn Fn(&str),
) -> Result<Vec<Head>> {
    let mut heads = Vec::new();
    let mut failures = Failures::default();
    for (n, &dimension) in dimensions.iter().enumerate() {
        say(&format!("fitting {} ({} of {})", ds.dimensions[dimension], n + 1, dimensions.len()));
        let (pairs, _) = head::training_pairs(ds, dimension);
        match head::train(ds, matrix, dimension, &pairs, options) {
            Ok(head) => heads.push(head),
            Err(error) => failures.add(error)?,
        }
    }
    failures.into_result()?;
    Ok(heads)
}

/// Indices of the asked dimensions, in the data's order; all where none is asked for.
/// What went wrong in the dimensions, so that all of it is told at once.
#[derive(Default)]
struct Failures {
    data: Problems,
    unconverged: Vec<String>,
}

impl Failures {
    /// Keeps errors of one dimension; anything else ends the command at once.
    fn add(&mut self, error: Error) -> Result<()> {
        match error {
            Error::Data(problems) => self.data.extend(*problems),
            Error::NotConverged(text) => self.unconverged.push(text),
            other => return Err(other),
        }
        Ok(())
    }

    fn into_result(self) -> Result<()> {
        if self.data.count(Severity::Error) > 0 {
            return Err(Error::Data(Box::new(self.data)));
        }
        if self.unconverged.is_empty() { Ok(()) } else { Err(Error::NotConverged(self.unconverged.join("\n"))) }
    }
}

/// The options that shaped the heads, as they could be typed.
pub(super) fn given_options(f: &FeatureArgs, t: &TrainArgs) -> BTreeMap<String, String> {
    fn name(value: impl ValueEnum) -> String {
        value.to_possible_value().map(|v| v.get_name().to_owned()).unwrap_or_default()
    }
    let mut options = BTreeMap::new();
    let mut set = |option: &str, value: String| options.insert(option.to_owned(), value);
    set("coding", name(f.coding));
    set("hierarchy", name(f.hierarchy));
    set("missing", name(f.missing));
    set("method", name(t.method));
    set("rule", name(t.rule));
    set("alpha", t.alpha.to_string());
    set("ties", name(t.ties));
    set("bounds", name(t.bounds));
    set("scope", name(t.scope));
    set("folds", t.folds.to_string());
    set("bootstrap", t.bootstrap.to_string());
    if let Some(source) = f.features {
        set("features", name(source));
    }
    if let Some(layout) = f.layout {
        set("layout", name(layout));
    }
    if !f.with_scores.is_empty() {
        set("with-scores", f.with_scores.join(","));
    }
    if let Some(budget) = t.budget {
        set("budget", budget.to_string());
    }
    if t.group_penalty > 0.0 {
        set("group-penalty", t.group_penalty.to_string());
    }
    for (option, rules) in [("bound", &t.bound), ("penalty-factor", &t.penalty_factor), ("freeze", &t.freeze)] {
        if !rules.is_empty() {
            set(option, rules.iter().map(ToString::to_string).collect::<Vec<_>>().join(","));
        }
    }
    if t.method == Method::VisionrewardProjected {
        set("learning-rate", t.learning_rate.to_string());
        set("epsilon", t.epsilon.to_string());
        set("epochs", t.epochs.to_string());
    }
    if let Some(lambda) = t.lambda {
        set("lambda", lambda.to_string());
    }
    if t.allow_unconverged {
        set("allow-unconverged", "true".into());
    }
    options
}

/// What was found and decided before the fit.
fn announce(ds: &Dataset, notes: &[String], printer: &Printer) {
    if ds.simulated {
        printer.note("The data are simulated.");
    }
    for (rule, count) in ds.problems.rules(Severity::Warning) {
        printer.note(format!("warning: {rule}: {count} (see `headfit check`)"));
    }
    notes.iter().for_each(|note| printer.note(note));
    if ds.pairs.iter().any(|pair| pair.split.is_some()) {
        printer.note("The pairs have a split: only those with split = train were used.");
    }
    if ds.pairs_derived {
        printer.note("Pairs were derived from mean ratings within each prompt.");
    }
}

fn print_summary(heads: &[Head], printer: &Printer) {
    let rows: Vec<Vec<String>> = heads
        .iter()
        .map(|head| {
            let nonzero = head.weights.iter().filter(|&&w| w != 0.0).count();
            vec![
                head.dimension.clone(),
                head.pairs.to_string(),
                head.groups.to_string(),
                format!("{:.2e}", head.lambda),
                format!("{nonzero} of {}", head.weights.len()),
                format!(
                    "{:.0e}{}",
                    head.certificate.kkt,
                    if head.certificate.converged { "" } else { " (not converged)" }
                ),
                format!("{:.3}", head.tie_threshold),
            ]
        })
        .collect();
    printer.table(&["dimension", "pairs", "prompts", "lambda", "weights", "KKT", "tie threshold"], &rows, 1);
}

/// The largest weights of one head, and its notes.
fn print_head(head: &Head, printer: &Printer) {
    printer.line("");
    printer.line(format!("{}:", head.dimension));
    let mut order: Vec<usize> = (0..head.weights.len()).filter(|&j| head.weights[j] != 0.0).collect();
    order.sort_by(|&i, &j| head.influence(j).total_cmp(&head.influence(i)));
    if order.is_empty() {
        printer.line("  no feature has a weight");
    }
    let rows: Vec<Vec<String>> = order
        .iter()
        .take(SHOWN)
        .map(|&j| {
            let column = &head.columns[j];
            let mut row = vec![format!("  {}", column.label), format!("{:.4}", head.weights[j])];
            if let Some(interval) = head.intervals.get(j) {
                row.push(format!("{:.4} … {:.4}", interval.low, interval.high));
                row.push(format!("{:.0} %", 100.0 * interval.selected));
            }
            row
        })
        .collect();
    super::fit_details::print(head, printer);
    if head.intervals.is_empty() {
        printer.table(&["  largest weights", "weight"], &rows, 1);
    } else {
        printer.table(&["  largest weights", "weight", "95 % interval", "selected"], &rows, 1);
        printer.line("  interval: bootstrap over prompts, λ fixed");
    }
    head.notes.iter().for_each(|note| printer.line(format!("  note: {note}")));
}
