//! `headfit head`: weight files in and out, and their differences.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::printer::Printer;
use crate::dataset::{self, Dataset, ReadOptions, Source};
use crate::features::ColumnKind;
use crate::head::diff::{DiffRow, WeightDiff, WeightTable, diff};
use crate::head::visionreward::{self, AnswerSet, Form, ImportOptions, QuestionFile, Release, Verification};
use crate::head::{Head, HeadsFile};
use crate::{Error, Result, output};

/// Weight files: VisionReward's in and out, with proof; differences
#[derive(Debug, Args)]
pub struct HeadArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Import(ImportArgs),
    Export(ExportArgs),
    VerifyExport(VerifyArgs),
    Diff(DiffArgs),
}

/// VisionReward's weight file and question file → heads.json
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    headfit head import VisionReward_Video/weight.json -o video.json\n  \
    headfit head import VisionReward_Image/weight_select.json -o image.json --alignment vqascore\n\n\
    The question file is looked for beside the weights. Every weight is bound to its question by the hash of the text;\n\
    another number of weights than of questions, and any reworded, foreign or misplaced line, is refused.")]
struct ImportArgs {
    /// weight.json or weight_select.json
    #[arg(value_name = "WEIGHTS")]
    weights: PathBuf,
    /// Question file that belongs to the weights (default: the one beside them that fits)
    #[arg(long, value_name = "FILE")]
    questions: Option<PathBuf>,
    /// File to write the head to
    #[arg(long = "output", short = 'o', value_name = "FILE")]
    out: PathBuf,
    /// Dimension that the head gets
    #[arg(long, value_name = "NAME", default_value = "overall")]
    dimension: String,
    /// Column of the scores table that holds the alignment score of images
    #[arg(long, value_name = "SCORER", default_value = "vqascore")]
    alignment: String,
    /// Overwrite an existing file
    #[arg(long)]
    force: bool,
}

/// A head → weight file and question file in VisionReward's layout
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    headfit head export heads.json --dimension overall --form video --questions VisionReward_video_qa.txt -o export/\n  \
    headfit head verify-export heads.json export/ --data DATA\n\n\
    Refused where the released scorer could not give the same scores: log-odds, several judges, questions that the\n\
    layout has no line for, other gates.")]
struct ExportArgs {
    /// Heads written by `headfit fit` or `headfit head import`
    #[arg(value_name = "HEADS")]
    heads: PathBuf,
    /// Layout
    #[arg(long)]
    form: Form,
    /// Which head (default: the only one, or \"overall\")
    #[arg(long, value_name = "NAME")]
    dimension: Option<String>,
    /// Released question file, for the texts; may be repeated
    #[arg(long, value_name = "FILE", required = true)]
    questions: Vec<PathBuf>,
    /// Folder to write
    #[arg(long = "output", short = 'o', value_name = "DIR")]
    out: PathBuf,
    /// Replace a folder that was not written by headfit
    #[arg(long)]
    force: bool,
}

/// Prove that an export scores as its head does, item by item
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    headfit head verify-export heads.json export/                    10,000 random answer sets\n  \
    headfit head verify-export heads.json export/ --data DATA        the items of a data set\n\n\
    The released scorer's arithmetic runs on the files as they stand: ±1, gates by position, alignment first (images); mean\n\
    over the questions, comparison by the sum, an equal sum is a loss (videos). Answers of a data set are made yes or no\n\
    at ½, as the released scorers know nothing else. Exit code 5: some score or some comparison differs.")]
struct VerifyArgs {
    /// Heads
    #[arg(value_name = "HEADS")]
    heads: PathBuf,
    /// Folder of the export, or its weight file
    #[arg(value_name = "EXPORT")]
    export: PathBuf,
    /// Which head (default: the only one, or \"overall\")
    #[arg(long, value_name = "NAME")]
    dimension: Option<String>,
    /// Question file (default: the one beside the weights that fits)
    #[arg(long, value_name = "FILE")]
    questions: Option<PathBuf>,
    /// Data set whose items are scored (default: random answers)
    #[arg(long, value_name = "DATA")]
    data: Option<PathBuf>,
    /// Number of random answer sets
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    sets: usize,
    /// Seed of the random answers
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write the result as JSON too (- = standard output, instead of the text)
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Overwrite an existing file
    #[arg(long)]
    force: bool,
}

/// Two sets of weights, question by question
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    headfit head diff old.json new.json                       two fits\n  \
    headfit head diff VisionReward_Image/weight.json paper:image   released against printed (arXiv 2412.21059, Tables 19, 20)\n  \
    headfit head diff video.json paper:video --fail           exit code 5 if anything differs\n\n\
    A and B are heads.json files, VisionReward's weight files (their question file is looked for beside them), paper:image\n\
    or paper:video. Against a printed table a difference is more than half a unit of the last printed decimal.")]
struct DiffArgs {
    /// First weights
    #[arg(value_name = "A")]
    a: String,
    /// Second weights
    #[arg(value_name = "B")]
    b: String,
    /// Which head of a heads.json (default: the only one, or \"overall\")
    #[arg(long, value_name = "NAME")]
    dimension: Option<String>,
    /// Exit code 5 where anything differs
    #[arg(long)]
    fail: bool,
    /// Write the result as JSON too (- = standard output, instead of the text)
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Overwrite an existing file
    #[arg(long)]
    force: bool,
}

/// Runs the command.
///
/// # Errors
/// See the exit codes in `headfit --help`.
pub fn run(args: &HeadArgs, printer: &Printer) -> Result<()> {
    match &args.command {
        Command::Import(args) => import(args, printer),
        Command::Export(args) => export(args, printer),
        Command::VerifyExport(args) => verify(args, printer),
        Command::Diff(args) => compare(args, printer),
    }
}

fn import(args: &ImportArgs, printer: &Printer) -> Result<()> {
    output::refuse_existing(&args.out, args.force)?;
    let options = ImportOptions { dimension: args.dimension.clone(), alignment: args.alignment.clone() };
    let file = read_release(&args.weights, args.questions.as_deref(), |w, q| visionreward::import(w, q, &options))?;
    file.write(&args.out, args.force)?;
    for head in &file.heads {
        let form = head.imported.as_ref().map_or("", |imported| imported.layout.as_str());
        let used: Vec<&str> = file.provenance.inputs.iter().map(|input| input.file.as_str()).collect();
        printer.line(format!(
            "{form}: {} weights, {} of them not 0, {} gates; from {}",
            head.weights.len(),
            head.weighted(),
            head.gates.as_ref().map_or(0, Vec::len),
            used.join(" and ")
        ));
        head.notes.iter().filter(|_| !printer.is_quiet()).for_each(|note| printer.prose(note));
    }
    printer.note(format!("wrote {}", args.out.display()));
    Ok(())
}

fn export(args: &ExportArgs, printer: &Printer) -> Result<()> {
    output::refuse_foreign_folder(&args.out, args.force)?;
    let file = HeadsFile::read(&args.heads)?;
    let head = choose(&file, args.dimension.as_deref(), &args.heads)?;
    let texts = args.questions.iter().map(|path| question_file(path)).collect::<Result<Vec<_>>>()?;
    let export = visionreward::export(head, args.form, &texts)?;
    output::write_folder(&args.out, &export.files, args.force)?;
    for (name, _) in &export.files {
        printer.line(format!("{}", args.out.join(name).display()));
    }
    export.notes.iter().filter(|_| !printer.is_quiet()).for_each(|note| printer.prose(note));
    Ok(())
}

fn verify(args: &VerifyArgs, printer: &Printer) -> Result<()> {
    let file = HeadsFile::read(&args.heads)?;
    let head = choose(&file, args.dimension.as_deref(), &args.heads)?;
    let weights = weight_file(&args.export)?;
    let release = read_release(&weights, args.questions.as_deref(), visionreward::release)?;
    let (sets, what) = match &args.data {
        Some(data) => {
            let source = Source::Folder { path: data.clone(), manifest: None };
            let ds = dataset::read(&source, ReadOptions::default())?;
            (answer_sets(&ds, head, &release)?, format!("items of {}", ds.name))
        }
        None => (visionreward::random_sets(&release, args.sets, args.seed), "random answer sets".to_owned()),
    };
    let result = visionreward::verify(head, &release, &sets)?;
    if let Some(json) = &args.json {
        printer.json(json, &result, args.force)?;
    }
    if args.json.as_deref() != Some(Path::new("-")) {
        print_verification(&result, &what, printer);
    }
    if result.equal_scores {
        return Ok(());
    }
    let widest = result
        .widest
        .as_ref()
        .map_or_else(String::new, |w| format!("; the widest is {}: {} here, {} there", w.item, w.head, w.released));
    Err(Error::CheckFailed(format!(
        "the scores differ by up to {:.3e}, {} comparisons disagree{widest}",
        result.largest_difference, result.disagreements
    )))
}

fn print_verification(v: &Verification, what: &str, printer: &Printer) {
    printer.line(format!(
        "{} {what} scored by both: largest difference {:.1e} (limit {:.1e})",
        v.items, v.largest_difference, v.tolerance
    ));
    if v.divisor != 1.0 || v.constant != 0.0 {
        printer.line(format!("  released score = (head's score − {}) / {}", v.constant, v.divisor));
    }
    printer.line(format!(
        "{} comparisons: {} disagree, {} equal scores (the released rule calls these a loss of the first)",
        v.pairs, v.disagreements, v.equal
    ));
    if v.incomplete > 0 {
        printer.line(format!(
            "{} items left out: an answer is missing, which the released scorer reads as no and this program never does",
            v.incomplete
        ));
    }
    if v.form == Form::Video {
        printer.line(format!("an item that answers no to everything scores {} there", v.all_no_score));
    }
    if !v.all_no.is_empty() && !what.starts_with("random") {
        let shown: Vec<&str> = v.all_no.iter().take(5).map(String::as_str).collect();
        printer.line(format!("{} such all-no items here: {}", v.all_no.len(), shown.join(", ")));
    }
    printer.line(if v.equal_scores { "equal" } else { "NOT EQUAL" });
}

fn compare(args: &DiffArgs, printer: &Printer) -> Result<()> {
    let dimension = args.dimension.as_deref();
    let (a, b) = (weight_table(&args.a, dimension)?, weight_table(&args.b, dimension)?);
    let result = diff(&a, &b)?;
    if let Some(json) = &args.json {
        printer.json(json, &result, args.force)?;
    }
    if args.json.as_deref() != Some(Path::new("-")) {
        print_diff(&result, printer);
    }
    if args.fail && !result.is_empty() {
        return Err(Error::CheckFailed(format!("{} and {} differ", result.a, result.b)));
    }
    Ok(())
}

fn print_diff(d: &WeightDiff, printer: &Printer) {
    let cosine = d.cosine.map_or_else(String::new, |c| format!(", cosine {c:.4}"));
    let tolerance = if d.tolerance > 0.0 { format!(" by more than {:.4}", d.tolerance) } else { String::new() };
    printer.line(format!("A = {}, B = {}: {} questions in common{cosine}", d.a, d.b, d.common));
    let show = |title: &str, list: &[DiffRow]| {
        if list.is_empty() {
            return;
        }
        printer.line(format!("{} {title}:", list.len()));
        let weight = |w: Option<f64>| w.map_or_else(|| "–".to_owned(), |w| format!("{w}"));
        let rows: Vec<Vec<String>> = list
            .iter()
            .map(|r| {
                let change = r.a.zip(r.b).map_or_else(String::new, |(a, b)| format!("{:+.4}", b - a));
                vec![format!("  {}", r.question), r.label.clone(), weight(r.a), weight(r.b), change]
            })
            .collect();
        printer.table(&["  question", "label", "A", "B", "B − A"], &rows, 2);
    };
    show(&format!("differ{tolerance}"), &d.differing);
    show("only in A with a weight", &d.only_a);
    show("only in B with a weight", &d.only_b);
    if !d.other_text.is_empty() {
        printer.line(format!(
            "{} not compared, another text under the same id: {}",
            d.other_text.len(),
            d.other_text.join(", ")
        ));
    }
    if d.is_empty() {
        printer.line("no difference");
    }
}

/// The head of a file: the one asked for, the only one, or the overall one.
fn choose<'f>(file: &'f HeadsFile, dimension: Option<&str>, path: &Path) -> Result<&'f Head> {
    let known = || file.heads.iter().map(|h| h.dimension.as_str()).collect::<Vec<_>>().join(", ");
    let found = match (dimension, file.heads.as_slice()) {
        (Some(name), heads) => heads.iter().find(|h| h.dimension == name),
        (None, [only]) => Some(only),
        (None, heads) => heads.iter().find(|h| h.dimension == "overall"),
    };
    found.ok_or_else(|| {
        Error::Usage(format!("{} has heads of {}; choose one with --dimension", path.display(), known()))
    })
}

/// Weights by name: a printed table, a heads file or a weight file.
fn weight_table(name: &str, dimension: Option<&str>) -> Result<WeightTable> {
    if let Some(kind) = name.strip_prefix("paper:") {
        return WeightTable::printed(kind);
    }
    let path = Path::new(name);
    let bytes = std::fs::read(path).map_err(Error::io(path))?;
    let is_heads = serde_json::from_slice::<serde_json::Value>(&bytes).is_ok_and(|v| v.get("heads").is_some());
    let file = if is_heads {
        HeadsFile::from_json(&bytes, name)?
    } else {
        read_release(path, None, |w, q| visionreward::import(w, q, &ImportOptions::default()))?
    };
    Ok(WeightTable::of(choose(&file, dimension, path)?, name))
}

/// The weight file of an export: the path itself, or the only weight file in that folder.
fn weight_file(path: &Path) -> Result<PathBuf> {
    if !path.is_dir() {
        return Ok(path.to_path_buf());
    }
    let found: Vec<PathBuf> =
        ["weight.json", "weight_select.json"].iter().map(|name| path.join(name)).filter(|p| p.is_file()).collect();
    match found.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(Error::Usage(format!("{} holds neither weight.json nor weight_select.json", path.display()))),
        _ => Err(Error::Usage(format!("{} holds several weight files: give the one you mean", path.display()))),
    }
}

fn question_file(path: &Path) -> Result<QuestionFile> {
    let bytes = std::fs::read(path).map_err(Error::io(path))?;
    QuestionFile::parse(&bytes, &path.display().to_string())
}

/// Reads a weight file with its question file: the one given, else the one beside it that fits.
fn read_release<T>(
    weights: &Path,
    questions: Option<&Path>,
    read: impl Fn((&str, &[u8]), (&str, &[u8])) -> Result<T>,
) -> Result<T> {
    const NAMES: [&str; 4] = [
        "VisionReward_image_qa_select.txt",
        "VisionReward_image_qa.txt",
        "VisionReward_video_qa_select.txt",
        "VisionReward_video_qa.txt",
    ];
    let bytes = std::fs::read(weights).map_err(Error::io(weights))?;
    let name =
        |path: &Path| path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
    let with = |path: &Path| -> Result<T> {
        let lines = std::fs::read(path).map_err(Error::io(path))?;
        read((&name(weights), &bytes), (&name(path), &lines))
    };
    if let Some(path) = questions {
        return with(path);
    }
    let folder = weights.parent().unwrap_or(Path::new("."));
    let beside: Vec<PathBuf> = NAMES.iter().map(|name| folder.join(name)).filter(|path| path.is_file()).collect();
    let mut first = None;
    for path in &beside {
        match with(path) {
            Ok(found) => return Ok(found),
            // The likely partner by name: its complaint is the one to show.
            Err(error)
                if first.is_none()
                    || path.to_string_lossy().contains("select") == weights.to_string_lossy().contains("select") =>
            {
                first = Some(error);
            }
            Err(_) => {}
        }
    }
    Err(first.unwrap_or_else(|| {
        Error::Usage(format!("no question file stands beside {}: give it with --questions", weights.display()))
    }))
}

/// The items of a data set as the released scorer would read them: yes from ½ on.
fn answer_sets(ds: &Dataset, head: &Head, release: &Release) -> Result<Vec<AnswerSet>> {
    let Some(answers) = ds.answers.as_ref().filter(|a| a.judges.len() == 1) else {
        return Err(Error::Usage("--data needs an answers table of one judge".to_owned()));
    };
    let mut sets: Vec<AnswerSet> = (ds.items.ids.iter())
        .map(|id| AnswerSet { item: id.clone(), yes: vec![None; release.ids.len()], alignment: None })
        .collect();
    let line: Vec<Option<usize>> =
        answers.question_ids.iter().map(|id| release.ids.iter().position(|known| known == id)).collect();
    for row in &answers.rows {
        if let (Some(line), Some(p)) = (line[row.question], row.p_yes) {
            sets[row.item].yes[line] = Some(p >= 0.5);
        }
    }
    let alignment = head.columns.iter().find(|c| c.kind == ColumnKind::Score).map(|c| c.id.as_str());
    if let (Some(name), Some(scores)) = (alignment, &ds.scores)
        && let Some(column) = scores.names.iter().position(|known| known == name)
    {
        for (set, value) in sets.iter_mut().zip(&scores.columns[column]) {
            set.alignment = *value;
        }
    }
    if alignment.is_none() && release.form.has_alignment() {
        sets.iter_mut().for_each(|set| set.alignment = Some(0.0));
    }
    Ok(sets)
}
