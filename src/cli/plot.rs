//! `headfit plot`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Deserialize;

use super::pipeline::{self, Defaults, Job};
use super::printer::{self, Printer};
use crate::dataset::Source;
use crate::evaluate::Extras;
use crate::head::{Explanation, HeadsFile};
use crate::plot::{Chart, Figure, Kind};
use crate::problems::{Problem, Severity};
use crate::report::{Report, chart_of_explanation, charts_of_heads};
use crate::{Error, Result, output};

/// One chart as an SVG or PNG file
///
/// Draws a chart from the numbers of a report (report.json or its folder), of heads.json, of `headfit explain --json`, from the
/// chart's own data as JSON, or from a data set, for which the whole job is done first.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    headfit plot weights report --dimension overall -o weights.svg\n  \
    headfit plot path heads.json -o charts               one file per head into a folder\n  \
    headfit plot waterfall comparison.json > why.svg     from `headfit explain A B --json comparison.json`\n  \
    headfit plot head-diff heads.json --against old/heads.json -o diff\n  \
    headfit plot forest data.json -o effects.svg         from {\"kind\": \"forest\", \"rows\": […]}; see `headfit schema chart`\n  \
    headfit plot weights report --dimension overall -o weights.png   if built with `--features png`\n\n\
    SVG files follow the reader's light or dark theme; print and PNG are light. A PNG has two pixels per unit of the SVG.")]
pub struct PlotArgs {
    /// Which chart
    #[arg(value_name = "KIND")]
    kind: Kind,
    /// report.json, a report's folder, heads.json, an explanation, a chart's data as JSON, or a data set
    #[arg(value_name = "SOURCE")]
    source: PathBuf,
    /// For head-diff: the older report or heads.json
    #[arg(long, value_name = "OLD")]
    against: Option<PathBuf>,
    /// Only the charts of this dimension
    #[arg(long)]
    dimension: Option<String>,
    /// The layout for narrow screens
    #[arg(long)]
    narrow: bool,
    /// A file ending in .svg or .png for one chart, or a folder for all (default: one chart to standard output)
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Overwrite files
    #[arg(long)]
    force: bool,
}

/// Runs the command.
///
/// # Errors
/// See the exit codes in `headfit --help`.
pub fn run(args: &PlotArgs, printer: &Printer) -> Result<()> {
    let charts = match (&args.against, args.kind) {
        (Some(old), Kind::HeadDiff) => changes(old, &args.source)?,
        (None, Kind::HeadDiff) if !is_chart(&args.source) => {
            return Err(Error::Usage("head-diff compares two heads; give the older one with --against OLD".into()));
        }
        (Some(_), _) => return Err(Error::Usage("--against belongs to `headfit plot head-diff`".into())),
        _ => charts(args, printer)?,
    };
    let all: Vec<Chart> = charts.into_iter().filter(|c| c.kind() == args.kind).collect();
    let name = kind_name(args.kind);
    if all.is_empty() {
        let message = format!(
            "{}: there is nothing in it to draw a {name} chart from; `headfit report --help` says what makes a report hold more",
            args.source.display()
        );
        return Err(Error::Usage(message));
    }
    let wanted = match &args.dimension {
        Some(dimension) => of_dimension(all, dimension)?,
        None => all,
    };
    let figures: Vec<Figure> = wanted.iter().map(Chart::draw).collect::<Result<_>>()?;
    let svg = |f: &Figure| if args.narrow { f.narrow.clone() } else { f.svg.clone() };
    let one = |what: &str| match figures.as_slice() {
        [figure] => Ok(svg(figure)),
        several => {
            let ids: Vec<&str> = several.iter().map(|f| f.id.as_str()).collect();
            Err(Error::Usage(format!(
                "{} {name} charts can be drawn ({}), and {what} takes one; choose with --dimension, or give a folder to -o",
                several.len(),
                ids.join(", ")
            )))
        }
    };
    match &args.output {
        None => printer.line(one("standard output")?.trim_end()),
        Some(path) if has_ending(path, "svg") => {
            output::write_file(path, one("a file")?.as_bytes(), args.force)?;
            printer.line(path.display().to_string());
        }
        Some(path) if has_ending(path, "png") => {
            output::write_file(path, &png_of(&one("a file")?)?, args.force)?;
            printer.line(path.display().to_string());
        }
        Some(folder) => {
            let paths: Vec<PathBuf> = figures.iter().map(|f| folder.join(format!("{}.svg", f.id))).collect();
            for path in &paths {
                output::refuse_existing(path, args.force)?;
            }
            std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
            for (path, figure) in paths.iter().zip(&figures) {
                output::write_file(path, svg(figure).as_bytes(), args.force)?;
                printer.line(path.display().to_string());
            }
        }
    }
    Ok(())
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case(ending))
}

#[cfg(feature = "png")]
fn png_of(svg: &str) -> Result<Vec<u8>> {
    crate::plot::png(svg).map_err(|reason| Error::Usage(format!("the chart cannot be drawn as PNG: {reason}")))
}

#[cfg(not(feature = "png"))]
fn png_of(_: &str) -> Result<Vec<u8>> {
    let message = "this headfit was built without PNG; give a name ending in .svg, or build with `cargo install --path . --features png`";
    Err(Error::Usage(message.into()))
}

fn kind_name(kind: Kind) -> String {
    kind.to_possible_value().map_or_else(String::new, |v| v.get_name().to_owned())
}

/// Charts whose id ends as those of this dimension do, or that name it.
fn of_dimension(charts: Vec<Chart>, dimension: &str) -> Result<Vec<Chart>> {
    let ids: Vec<String> = charts.iter().map(|c| c.id().to_owned()).collect();
    let about = |chart: &Chart| chart.dimension().is_none_or(|d| d == dimension);
    let found: Vec<Chart> = charts.into_iter().filter(about).collect();
    if found.is_empty() {
        return Err(Error::Usage(format!("no chart is about \"{dimension}\"; there are {}", ids.join(", "))));
    }
    Ok(found)
}

/// What a JSON file is.
#[derive(Deserialize)]
struct Marks {
    kind: Option<String>,
    schema_version: Option<u32>,
    format_version: Option<u32>,
    steps: Option<serde_json::Value>,
}

fn marks(path: &Path) -> Result<Marks> {
    let bytes = std::fs::read(path).map_err(Error::io(path))?;
    serde_json::from_slice(&bytes).map_err(|e| unreadable(path, &format!("not JSON of ours: {e}")))
}

fn unreadable(path: &Path, message: &str) -> Error {
    let remedy = "give a report.json, a heads.json, an explanation, or a chart's data with its \"kind\"";
    Error::data(Problem::new(Severity::Error, "plot-source", path.display().to_string(), message, remedy))
}

fn is_chart(path: &Path) -> bool {
    path.is_file() && marks(path).is_ok_and(|m| m.kind.is_some())
}

/// Every chart that the source allows.
fn charts(args: &PlotArgs, printer: &Printer) -> Result<Vec<Chart>> {
    let path = &args.source;
    if path.is_dir() {
        return if path.join("report.json").is_file() {
            Ok(Report::read(path)?.charts())
        } else {
            from_data(args, printer)
        };
    }
    let marks = marks(path)?;
    let bytes = std::fs::read(path).map_err(Error::io(path))?;
    let parsed = |e: serde_json::Error| unreadable(path, &e.to_string());
    match marks {
        Marks { schema_version: Some(_), .. } => Ok(Report::read(path)?.charts()),
        Marks { format_version: Some(_), .. } => {
            let file = HeadsFile::read(path)?;
            Ok(charts_of_heads(&file.heads, file.provenance.simulated))
        }
        Marks { kind: Some(_), .. } => Ok(vec![serde_json::from_slice::<Chart>(&bytes).map_err(parsed)?]),
        Marks { steps: Some(_), .. } => {
            let explanation: Explanation = serde_json::from_slice(&bytes).map_err(parsed)?;
            Ok(vec![chart_of_explanation(&explanation, false)])
        }
        _ => Err(unreadable(path, "nothing in it says what it is")),
    }
}

/// Does the whole job on a data set.
fn from_data(args: &PlotArgs, printer: &Printer) -> Result<Vec<Chart>> {
    let defaults = Defaults::new()?;
    let bar = printer.progress("reading");
    let source = Source::Folder { path: args.source.clone(), manifest: None };
    let curves = args.kind == Kind::Curve;
    let unseen = if args.kind == Kind::Unseen { vec!["generator".to_owned()] } else { Vec::new() };
    let job = Job::new(source, &defaults);
    let job = Job { extras: Extras { curves, unseen, ..job.extras.clone() }, ..job };
    let report = pipeline::run(job, &|message| printer::say(&bar, message))?;
    bar.finish_and_clear();
    Ok(report.charts())
}

/// What changed from one report or heads file to another.
fn changes(old: &Path, new: &Path) -> Result<Vec<Chart>> {
    let heads = |path: &Path| -> Result<bool> { Ok(path.is_file() && marks(path)?.format_version.is_some()) };
    match (heads(old)?, heads(new)?) {
        (true, true) => {
            let (old, new) = (HeadsFile::read(old)?, HeadsFile::read(new)?);
            Ok(crate::report::head_changes(&old, &new))
        }
        (false, false) => Ok(Report::read(new)?.head_charts_since(&Report::read(old)?)),
        _ => Err(Error::Usage("compare two reports or two heads files, not one of each".into())),
    }
}
