//! `headfit score`.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use rayon::prelude::*;

use super::args::DataArgs;
use super::printer::Printer;
use crate::dataset::{self, StreamFormat, StreamItem, StreamOptions};
use crate::features::ColumnKind;
use crate::head::{FeatureRows, HeadsFile, Level, RowReader, Scale, Sheet, SheetOptions, SheetRow};
use crate::problems::Severity;
use crate::{Error, Result, output};

/// Items scored at a time.
const CHUNK: usize = 8192;
/// Suspicious items named in a note; all are counted.
const NAMED: usize = 5;

/// Apply heads to the items of a data set, or to a stream of any size
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    headfit score --head heads.json DATA -o scores.csv             a data set's folder\n  \
    headfit score --head heads.json answers.csv -o - --details     one table of answers, in constant memory\n  \
    judge | headfit score --head heads.json - -o - > scores.csv    from a pipe, CSV or JSON lines\n\n\
    The result is a `scores` table: item_id, one column per dimension, and total = the head of the dimension\n\
    \"overall\" where there is one, else the mean of the dimensions. Items that cannot be scored are left blank.\n\n\
    A table of answers is wide (item_id and one column per question) or long (item_id, question_id, answer; the rows\n\
    of one item together). --details adds, per dimension: NAME_low and NAME_high (the score if every missing answer\n\
    were the worst, or the best, possible), NAME_percentile (share of training items that score lower), and\n\
    NAME_win_probability (chance to be preferred to a training item; half a tie); then missing and all_no.\n\
    Scores compare inside a prompt.")]
pub struct ScoreArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Heads written by `headfit fit` or `headfit head import`
    #[arg(long, value_name = "FILE")]
    head: PathBuf,
    /// CSV file to write (- = standard output)
    #[arg(long = "output", short = 'o', value_name = "FILE")]
    out: PathBuf,
    /// Numbers for yes and no: the head's own, the paper's 0/1 sum, or the released ±1 sum and mean
    #[arg(long, default_value = "head")]
    scale: Scale,
    /// Add the score of every checklist dimension, sub-dimension or question
    #[arg(long, value_name = "LEVEL")]
    parts: Option<Level>,
    /// Add intervals for missing answers, percentiles, win probabilities, and what is odd
    #[arg(long)]
    details: bool,
    /// Read answers as yes (P(yes) from ½ on) or no, as VisionReward's scorers do
    #[arg(long)]
    hard: bool,
    /// Format of a stream (default: by its name, else by its first character)
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// Overwrite an existing file
    #[arg(long)]
    force: bool,
    /// Write ids that a spreadsheet would run as a formula as they are, without an apostrophe
    #[arg(long)]
    raw_ids: bool,
}

/// Format of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Comma-separated, with a header
    Csv,
    /// One JSON object a line
    Jsonl,
}

/// Runs the command.
///
/// # Errors
/// See the exit codes in `headfit --help`.
pub fn run(args: &ScoreArgs, printer: &Printer) -> Result<()> {
    if args.out != Path::new("-") {
        output::refuse_existing(&args.out, args.force)?;
    }
    let heads = HeadsFile::read(&args.head)?;
    let streamed = args.data.data == Path::new("-") || args.data.data.is_file();
    let ds = if streamed {
        None
    } else {
        let bar = printer.progress("reading");
        let mut ds = dataset::read(&args.data.source(), args.data.read_options())?;
        if args.hard {
            ds.harden();
        }
        bar.finish_and_clear();
        Some(ds)
    };
    let options = SheetOptions {
        scale: args.scale,
        parts: args.parts,
        details: args.details,
        ranges: ranges(&heads, ds.as_ref()),
    };
    let sheet = Sheet::new(&heads, options)?;
    let mut report = Report::default();
    match args.out == Path::new("-") {
        true => {
            let mut out = printer.raw();
            let mut table = Table::new(&mut out, &sheet, args.raw_ids)?;
            fill(args, &heads, ds.as_ref(), &sheet, &mut table, &mut report, printer)?;
            table.finish(&mut report)?;
            out.flush().map_err(Error::io("-"))?;
        }
        false => {
            let mut out = output::FileWriter::new(&args.out, args.force)?;
            let mut table = Table::new(&mut out, &sheet, args.raw_ids)?;
            fill(args, &heads, ds.as_ref(), &sheet, &mut table, &mut report, printer)?;
            table.finish(&mut report)?;
            out.finish()?;
        }
    }
    report.say(printer);
    if args.out != Path::new("-") {
        printer.note(format!("wrote {}", args.out.display()));
    }
    Ok(())
}

/// Declared ranges of scorers; the alignment score of VisionReward is a probability.
pub(super) fn ranges(heads: &HeadsFile, ds: Option<&dataset::Dataset>) -> BTreeMap<String, [f64; 2]> {
    let mut ranges = BTreeMap::new();
    for head in heads.heads.iter().filter(|head| head.imported.is_some()) {
        let scorers = head.columns.iter().filter(|c| c.kind == ColumnKind::Score);
        ranges.extend(scorers.map(|c| (c.id.clone(), [0.0, 1.0])));
    }
    for (name, rule) in ds.iter().flat_map(|ds| &ds.manifest.scores) {
        if let Some([low, high]) = rule.scale {
            // Inverted scorers were negated on reading.
            ranges.insert(name.clone(), if rule.invert { [-high, -low] } else { [low, high] });
        }
    }
    ranges
}

fn fill<W: Write>(
    args: &ScoreArgs,
    heads: &HeadsFile,
    ds: Option<&dataset::Dataset>,
    sheet: &Sheet<'_>,
    table: &mut Table<W>,
    report: &mut Report,
    printer: &Printer,
) -> Result<()> {
    match ds {
        Some(ds) => from_dataset(heads, ds, sheet, table, report, printer),
        None => from_stream(args, heads, sheet, table, report, printer),
    }
}

fn from_dataset<W: Write>(
    heads: &HeadsFile,
    ds: &dataset::Dataset,
    sheet: &Sheet<'_>,
    table: &mut Table<W>,
    report: &mut Report,
    printer: &Printer,
) -> Result<()> {
    for input in &ds.inputs {
        printer.detail(format!("read {} ({} rows, SHA-256 {})", input.file, input.rows, &input.sha256[..16]));
    }
    let matrix = heads.features(ds)?;
    matrix.notes.iter().for_each(|note| printer.detail(note));
    let rows = FeatureRows::new(&heads.heads, &matrix)?;
    for start in (0..ds.items.len()).step_by(CHUNK) {
        let end = (start + CHUNK).min(ds.items.len());
        let scored: Vec<SheetRow> = (start..end).into_par_iter().map(|item| sheet.row(&rows.get(item))).collect();
        for (item, row) in (start..end).zip(&scored) {
            table.row(&ds.items.ids[item], row, report)?;
        }
    }
    Ok(())
}

fn from_stream<W: Write>(
    args: &ScoreArgs,
    heads: &HeadsFile,
    sheet: &Sheet<'_>,
    table: &mut Table<W>,
    report: &mut Report,
    printer: &Printer,
) -> Result<()> {
    let path = &args.data.data;
    if args.data.manifest.is_some() {
        return Err(Error::Usage("--manifest belongs to a data set's folder, not to a stream".to_owned()));
    }
    let name = path.display().to_string();
    let format = match (args.format, path.extension().and_then(|e| e.to_str())) {
        (Some(Format::Csv), _) | (None, Some("csv")) => Some(StreamFormat::Csv),
        (Some(Format::Jsonl), _) | (None, Some("jsonl")) => Some(StreamFormat::Jsonl),
        (None, Some("parquet")) => {
            return Err(Error::Usage(format!(
                "{name}: a Parquet table is read as part of a data set: give its folder"
            )));
        }
        (None, _) => None,
    };
    let input: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(BufReader::with_capacity(1 << 20, std::io::stdin()))
    } else {
        let file = std::fs::File::open(path).map_err(Error::io(path))?;
        Box::new(BufReader::with_capacity(1 << 20, file))
    };
    let reader = RowReader::new(&heads.heads)?;
    let coder = reader.coder();
    let is_answer: Vec<bool> = (0..coder.names().len()).map(|n| coder.is_answer(n)).collect();
    let strict = args.data.strict;
    let options = StreamOptions { file: &name, format, names: coder.names(), is_answer: &is_answer, strict };
    let mut chunk: Vec<StreamItem> = Vec::with_capacity(CHUNK);
    let mut flush = |chunk: &mut Vec<StreamItem>| -> Result<()> {
        let rows: Vec<SheetRow> = chunk.par_iter().map(|item| sheet.row(&reader.coded(&item.values))).collect();
        for (item, row) in chunk.iter().zip(&rows) {
            table.row(&item.id, row, report)?;
        }
        chunk.clear();
        Ok(())
    };
    let summary = dataset::read_stream(input, options, &mut |mut item| {
        if args.hard {
            let values = item.values.iter_mut().zip(&is_answer).filter(|(_, is_answer)| **is_answer);
            values.for_each(|(value, _)| *value = value.map(|p| f64::from(u8::from(p >= 0.5))));
        }
        chunk.push(item);
        if chunk.len() == CHUNK { flush(&mut chunk) } else { Ok(()) }
    })?;
    flush(&mut chunk)?;
    for problem in summary.problems.of(Severity::Warning) {
        printer.note(format!("warning: {problem}"));
    }
    if summary.problems.has_errors() { Err(Error::Data(Box::new(summary.problems))) } else { Ok(()) }
}

/// The CSV that is being written.
struct Table<W: Write> {
    writer: ::csv::Writer<W>,
    raw: bool,
    changed: usize,
}

impl<W: Write> Table<W> {
    fn new(out: W, sheet: &Sheet<'_>, raw: bool) -> Result<Self> {
        let mut table = Self { writer: ::csv::Writer::from_writer(out), raw, changed: 0 };
        let mut header = vec!["item_id".to_owned()];
        header.extend(sheet.columns().iter().map(|name| table.safe(name)));
        table.writer.write_record(&header).map_err(failed)?;
        Ok(table)
    }

    /// A name that no spreadsheet runs.
    fn safe(&mut self, name: &str) -> String {
        if self.raw || !runs_as_formula(name) {
            return name.to_owned();
        }
        self.changed += 1;
        format!("'{name}")
    }

    /// Numbers are written so that reading gives the same bits.
    fn row(&mut self, id: &str, row: &SheetRow, report: &mut Report) -> Result<()> {
        let id = self.safe(id);
        self.writer.write_field(&id).map_err(failed)?;
        for value in &row.values {
            let text = value.map(|v| v.to_string()).unwrap_or_default();
            self.writer.write_field(text).map_err(failed)?;
        }
        self.writer.write_record(None::<&[u8]>).map_err(failed)?;
        report.add(&id, row);
        Ok(())
    }

    fn finish(mut self, report: &mut Report) -> Result<()> {
        report.changed = self.changed;
        self.writer.flush().map_err(Error::io("output"))
    }
}

fn failed(e: ::csv::Error) -> Error {
    match e.into_kind() {
        ::csv::ErrorKind::Io(source) => Error::io("output")(source),
        kind => Error::Bug(format!("CSV: {kind:?}")),
    }
}

/// What there is to say at the end.
#[derive(Default)]
struct Report {
    items: usize,
    scored: usize,
    incomplete: usize,
    all_no: usize,
    named: Vec<String>,
    changed: usize,
}

impl Report {
    fn add(&mut self, id: &str, row: &SheetRow) {
        self.items += 1;
        self.scored += usize::from(row.scored);
        self.incomplete += usize::from(row.scored && row.missing > 0);
        self.all_no += usize::from(row.all_no);
        if row.all_no && self.named.len() < NAMED {
            let score = row.values.first().copied().flatten();
            self.named.push(score.map_or_else(|| id.to_owned(), |s| format!("{id} ({s})")));
        }
    }

    fn say(&self, printer: &Printer) {
        let blank = self.items - self.scored;
        printer.note(format!("{} of {} items scored, {blank} left blank for want of answers", self.scored, self.items));
        if self.incomplete > 0 {
            printer.note(format!(
                "{} scored items lack answers that carry weight: --details gives the interval of their scores",
                self.incomplete
            ));
        }
        if self.all_no > 0 {
            let more = if self.all_no > self.named.len() { ", …" } else { "" };
            printer.note(format!(
                "warning: {} items answer no to everything: {}{more}. So look items whose judge was not understood (its \
                 \"Yes\" read as no): check the answers before you use these scores",
                self.all_no,
                self.named.join(", ")
            ));
        }
        if self.changed > 0 {
            printer.note(format!(
                "{} names start like a formula and got an apostrophe in front; --raw-ids writes them as they are",
                self.changed
            ));
        }
    }
}

/// Whether a spreadsheet could take the text for a formula (CWE-1236), full-width forms included.
pub(super) fn runs_as_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'])
}
