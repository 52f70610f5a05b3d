//! `headfit select`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;

use super::args::DataArgs;
use super::printer::Printer;
use crate::dataset::{self, Dataset, ReadOptions, Source};
use crate::head::{Head, HeadsFile, Level, prompt_hash, text_hash};
use crate::select::export::{ExportOptions, Format, export};
use crate::select::{Candidates, GapScale, Guard, Pick, Rule, SelectOptions, Selection, Tolerance, select};
use crate::{Error, Result, output};

/// Name of the report beside the exported files.
const REPORT: &str = "selection.json";

/// Choose pairs to train a generator on: the winner must be worse in nothing (MPO)
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    headfit select DATA --head heads.json                                   how many pairs, and what they would teach\n  \
    headfit select DATA --head heads.json -o pairs/ --format trl            write them\n  \
    headfit select DATA --head heads.json --rule total --min-gap 0.8        what plain DPO would take\n  \
    headfit select DATA --head heads.json --exclude BENCHMARK -o pairs/ --format diffusion-dpo --media-root images/\n\n\
    A candidate dominates another of the same prompt iff no part of its score is lower and its total is higher. Gaps are\n\
    measured on the 0/1 sum of the paper (arXiv 2412.21059, which uses 0.6, 0.5 and 0.4 for dimensions, sub-dimensions and\n\
    questions), whatever the head's coding. Prompts of test pairs in DATA, and those of --exclude, are left out.\n\
    Every file is read back with its trainer's rule before it is written.")]
pub struct SelectArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Heads written by `headfit fit` or `headfit head import`
    #[arg(long, value_name = "FILE")]
    head: PathBuf,
    /// Head whose score is the total (default: \"overall\", or the only one)
    #[arg(long, value_name = "NAME")]
    dimension: Option<String>,
    /// Read answers as yes (P(yes) from ½ on) or no, as VisionReward's scorers do
    #[arg(long)]
    hard: bool,
    #[command(flatten)]
    rule: RuleArgs,
    #[command(flatten)]
    export: ExportArgs,
    /// Write the report as JSON too (- = standard output, instead of the tables)
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Overwrite existing files
    #[arg(long)]
    force: bool,
}

/// Which pairs.
#[derive(Debug, Args)]
#[command(next_help_heading = "Rule")]
struct RuleArgs {
    /// What must not be worse
    #[arg(long, default_value = "dimension")]
    level: Level,
    /// Which pairs are kept
    #[arg(long, default_value = "dominance")]
    rule: Rule,
    /// Smallest lead in the total
    #[arg(long, value_name = "GAP", default_value_t = 0.6)]
    min_gap: f64,
    /// Scale of gaps
    #[arg(long, default_value = "unit")]
    gap_scale: GapScale,
    /// How much lower a part may be and count as no worse: a number in the head's scale, or `tie` for the tie threshold
    #[arg(long, value_name = "T", default_value = "0", value_parser = tolerance)]
    tolerance: Tolerance,
    /// All pairs of a prompt, or only the best against the worst
    #[arg(long, default_value = "all")]
    pick: Pick,
    /// Most pairs of one prompt, widest gaps first
    #[arg(long, value_name = "N")]
    max_per_prompt: Option<usize>,
    /// Most pairs in which one generator is chosen, and in which it is rejected
    #[arg(long, value_name = "N")]
    max_per_generator: Option<usize>,
    /// Leave out candidates that lack an answer which carries weight
    #[arg(long)]
    complete_only: bool,
    /// Prompts that must stay out: a data set's folder, or a text file with one prompt a line; may be repeated
    #[arg(long, value_name = "PATH")]
    exclude: Vec<PathBuf>,
    /// Use prompts of test pairs in DATA too
    #[arg(long)]
    allow_test_prompts: bool,
}

/// Where to and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Export")]
struct ExportArgs {
    /// Folder for the pairs and selection.json (default: write nothing)
    #[arg(long = "output", short = 'o', value_name = "DIR")]
    out: Option<PathBuf>,
    /// Layout of the pairs
    #[arg(long, default_value = "pairs")]
    format: Format,
    /// Item column with the path of the image or video (default: media, path, file, image_path, video_path, …; else the id)
    #[arg(long, value_name = "COLUMN")]
    media: Option<String>,
    /// Folder of the media files, whose bytes go into the Parquet shards (diffusion-dpo)
    #[arg(long, value_name = "DIR")]
    media_root: Option<PathBuf>,
    /// Pairs in one Parquet shard (diffusion-dpo)
    #[arg(long, value_name = "N", default_value_t = 1000)]
    shard_rows: usize,
    /// Frames per second where the items have no column fps (videoalign)
    #[arg(long, value_name = "FPS")]
    fps: Option<f64>,
    /// Number of frames where the items have no column num_frames (videoalign)
    #[arg(long, value_name = "N")]
    num_frames: Option<u64>,
    /// Part of the score that stands for VideoAlign's VQ
    #[arg(long, value_name = "PART", default_value = "quality")]
    vq: String,
    /// Part of the score that stands for VideoAlign's MQ
    #[arg(long, value_name = "PART", default_value = "stability")]
    mq: String,
    /// Part of the score that stands for VideoAlign's TA
    #[arg(long, value_name = "PART", default_value = "alignment")]
    ta: String,
    /// Seed of which side comes first
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn tolerance(text: &str) -> std::result::Result<Tolerance, String> {
    match text.parse::<f64>() {
        _ if text == "tie" => Ok(Tolerance::Tie),
        Ok(0.0) => Ok(Tolerance::None),
        Ok(slack) if slack > 0.0 && slack.is_finite() => Ok(Tolerance::By(slack)),
        _ => Err("give a number of at least 0, or `tie`".to_owned()),
    }
}

/// Runs the command.
///
/// # Errors
/// See the exit codes in `headfit --help`.
pub fn run(args: &SelectArgs, printer: &Printer) -> Result<()> {
    if let Some(out) = &args.export.out {
        output::refuse_foreign_folder(out, args.force)?;
    }
    let options = options(&args.rule)?;
    let file = HeadsFile::read(&args.head)?;
    let head = choose(&file, args.dimension.as_deref())?;
    let bar = printer.progress("reading");
    let mut ds = dataset::read(&args.data.source(), args.data.read_options())?;
    if args.hard {
        ds.harden();
    }
    bar.set_message("scoring");
    let matrix = file.features(&ds)?;
    matrix.notes.iter().for_each(|note| printer.detail(note));
    let guard = guard(&args.rule)?;
    let candidates = Candidates::new(&file, head, &ds, &matrix, &guard, &options)?;
    bar.set_message("selecting");
    let start = std::time::Instant::now();
    let mut selection = select(&ds, &candidates, &head.dimension, &options);
    if soft(&ds) && options.rule == Rule::Dominance && options.tolerance == Tolerance::None {
        selection.notes.push(
            "the answers are probabilities, so a part that is lower by a hair blocks dominance: --hard reads them as yes or no, \
             as the paper's selection does, --tolerance allows for a little"
                .to_owned(),
        );
    }
    printer.detail(format!("{} pairs compared in {:.3} s", selection.counts.compared, start.elapsed().as_secs_f64()));
    bar.finish_and_clear();
    if args.json.as_deref() != Some(Path::new("-")) {
        show(&selection, &options, printer);
    }
    if let Some(out) = &args.export.out {
        write(args, out, &selection, &candidates, &ds, printer)?;
    }
    match &args.json {
        Some(json) => printer.json(json, &summary(&selection), args.force),
        None => Ok(()),
    }
}

fn options(args: &RuleArgs) -> Result<SelectOptions> {
    if !args.min_gap.is_finite() || args.min_gap < 0.0 {
        return Err(Error::Usage(format!("--min-gap {} must be a number of at least 0", args.min_gap)));
    }
    Ok(SelectOptions {
        level: args.level,
        rule: args.rule,
        min_gap: args.min_gap,
        gap_scale: args.gap_scale,
        tolerance: args.tolerance,
        pick: args.pick,
        max_per_prompt: args.max_per_prompt,
        max_per_generator: args.max_per_generator,
        complete_only: args.complete_only,
    })
}

fn choose<'f>(file: &'f HeadsFile, dimension: Option<&str>) -> Result<&'f Head> {
    let named = |name: &str| file.heads.iter().find(|head| head.dimension == name);
    let found = match (dimension, file.heads.as_slice()) {
        (Some(name), _) => named(name),
        (None, [only]) => Some(only),
        (None, _) => named("overall"),
    };
    found.ok_or_else(|| {
        let known: Vec<&str> = file.heads.iter().map(|h| h.dimension.as_str()).collect();
        Error::Usage(format!(
            "choose the head whose score is the total with --dimension; there are {}",
            known.join(", ")
        ))
    })
}

/// Whether some answer is neither a plain yes nor a plain no.
fn soft(ds: &Dataset) -> bool {
    ds.answers.iter().flat_map(|a| &a.rows).any(|row| row.p_yes.is_some_and(|p| p != 0.0 && p != 1.0))
}

/// The prompts that must stay out.
fn guard(args: &RuleArgs) -> Result<Guard> {
    let mut hashes = BTreeSet::new();
    for path in &args.exclude {
        if path.is_dir() {
            let source = Source::Folder { path: path.clone(), manifest: None };
            let ds = dataset::read(&source, ReadOptions::default())?;
            hashes.extend((0..ds.items.prompt_ids.len()).map(|prompt| prompt_hash(&ds, prompt)));
        } else {
            let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
            hashes.extend(text.lines().filter_map(text_hash));
        }
    }
    Ok(Guard { hashes, allow_test: args.allow_test_prompts })
}

fn show(s: &Selection, options: &SelectOptions, printer: &Printer) {
    let c = &s.counts;
    let what = match options.rule {
        Rule::Dominance => "worse in none of",
        Rule::Total => "(dominance not asked for) over",
    };
    printer.line(format!(
        "{}: the winner leads by at least {} and is {what} {} parts: {}",
        s.dimension,
        options.min_gap,
        s.parts.len(),
        crate::head::listed(&s.parts, 10)
    ));
    printer.line("");
    let row = |name: &str, n: usize, of: usize| {
        let share = if of > 0 { format!("{:.1} %", 100.0 * n as f64 / of as f64) } else { String::new() };
        vec![name.to_owned(), n.to_string(), share]
    };
    let mut rows = vec![
        row("prompts", c.prompts, 0),
        row("  left out, used for evaluation", c.guarded_prompts, c.prompts),
        row("  with two candidates or more", c.usable_prompts, c.prompts),
        row("candidates", c.candidates, 0),
        row("  left out, cannot be scored", c.unscoreable, 0),
    ];
    if c.incomplete > 0 {
        rows.push(row("  left out, an answer is missing", c.incomplete, 0));
    }
    rows.extend([
        row("pairs of one prompt", c.compared, 0),
        row("  lead by the gap (what DPO takes)", c.wide, c.compared),
        row("    dominating", c.dominating, c.wide),
        row("    not dominating", c.not_dominating, c.wide),
        row("  dropped by best-worst or caps", c.capped, c.wide),
        row("pairs kept", c.kept, c.compared),
        row("  prompts with a pair", c.kept_prompts, c.usable_prompts),
    ]);
    printer.table(&["", "count", "share"], &rows, 1);
    if let Some(gap) = s.mean_gap {
        printer.line(format!("mean gap of the kept pairs {gap:.3}"));
    }
    let [agree, tie, disagree] = s.human;
    if agree + tie + disagree > 0 {
        printer.prose(&format!(
            "people have judged {} of the kept pairs on {}: {agree} prefer the winner, {tie} see a tie, {disagree} prefer \
             the loser",
            agree + tie + disagree,
            s.dimension
        ));
    }
    drift(s, printer);
    s.notes.iter().for_each(|note| printer.prose(&format!("note: {note}")));
    if c.kept == 0 {
        printer.prose(&format!(
            "No pair is kept. {} pairs lead by {}; --min-gap, --level and --tolerance change that.",
            c.wide, options.min_gap
        ));
    }
}

fn drift(s: &Selection, printer: &Printer) {
    let interval = |low: Option<f64>, high: Option<f64>, scale: f64| match (low, high) {
        (Some(low), Some(high)) if scale == 1.0 => format!("{low:+.3} to {high:+.3}"),
        (Some(low), Some(high)) => format!("{:+.1} to {:+.1}", scale * low, scale * high),
        _ => "not enough prompts".to_owned(),
    };
    if s.drift.numbers.is_empty() {
        return;
    }
    let mark = |flagged: bool| if flagged { "look" } else { "" }.to_owned();
    printer.line("");
    printer.line("What the pairs teach beside the score (chosen − rejected, 95 % interval clustered by prompt):");
    let rows: Vec<Vec<String>> = (s.drift.numbers.iter())
        .map(|n| {
            vec![
                n.attribute.clone(),
                mark(n.flagged),
                format!("{:.3}", n.chosen),
                format!("{:.3}", n.rejected),
                format!("{:.3}", n.pool),
                format!("{:+.3}", n.difference),
                interval(n.low, n.high, 1.0),
                n.standardised.map_or_else(|| "–".to_owned(), |d| format!("{d:+.2}")),
            ]
        })
        .collect();
    printer.table(&["number", "", "chosen", "rejected", "pool", "difference", "interval", "in pool sd"], &rows, 2);
    if !s.drift.shares.is_empty() {
        let rows: Vec<Vec<String>> = (s.drift.shares.iter())
            .map(|v| {
                let percent = |p: f64| format!("{:.1} %", 100.0 * p);
                vec![
                    format!("{} = {}", v.attribute, v.value),
                    mark(v.flagged),
                    percent(v.chosen),
                    percent(v.rejected),
                    percent(v.pool),
                    format!("{:+.1}", 100.0 * v.difference),
                    interval(v.low, v.high, 100.0),
                ]
            })
            .collect();
        printer.line("");
        printer.table(&["share", "", "chosen", "rejected", "pool", "points", "interval"], &rows, 2);
    }
    if s.drift.flagged() > 0 {
        printer.prose(&format!(
            "{} rows say \"look\": a generator trained on these pairs is also taught these differences.",
            s.drift.flagged()
        ));
    }
}

/// The report without the pairs themselves.
fn summary(s: &Selection) -> Selection {
    Selection { pairs: Vec::new(), ..s.clone() }
}

fn write(
    args: &SelectArgs,
    out: &Path,
    selection: &Selection,
    candidates: &Candidates,
    ds: &Dataset,
    printer: &Printer,
) -> Result<()> {
    let e = &args.export;
    let mut options = ExportOptions::new(e.format, ds);
    if e.media.is_some() {
        options.media.clone_from(&e.media);
    }
    options.media_root.clone_from(&e.media_root);
    options.shard_rows = e.shard_rows;
    (options.fps, options.num_frames, options.seed) = (e.fps, e.num_frames, e.seed);
    options.videoalign = [e.vq.clone(), e.mq.clone(), e.ta.clone()];
    let made = export(selection, candidates, ds, &options)?;
    let mut files = made.files;
    let count = files.len();
    files.push((REPORT.to_owned(), super::printer::to_json(&summary(selection))?.into_bytes()));
    let mark = format!("{{\"command\": \"select\", \"pairs\": {}}}\n", selection.pairs.len());
    files.push((output::FOLDER_MARK.to_owned(), mark.into_bytes()));
    output::write_folder(out, &files, args.force)?;
    made.notes.iter().for_each(|note| printer.note(note));
    printer.note(format!(
        "wrote {} pairs in {count} file(s) and {REPORT} to {}; read back, all equal",
        made.rows,
        out.display()
    ));
    Ok(())
}
