//! Answers of one item after another, from a file or a pipe of any size: a wide or long table as CSV or JSON lines, read
//! row by row; of what was read only a hash of each id is kept.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, Read};

use super::answers::{Token, token_of};
use crate::problems::{Problem, Problems, Severity};
use crate::{Error, Result};

/// Longest line of JSON that is read, in bytes.
const LONGEST_LINE: u64 = 64 << 20;

/// The format of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamFormat {
    /// Comma-separated, with a header.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

/// What is to be read.
#[derive(Debug, Clone, Copy)]
pub struct StreamOptions<'a> {
    /// Name for messages.
    pub file: &'a str,
    /// Format; `None`: by the first character.
    pub format: Option<StreamFormat>,
    /// Names of the values to read, in the order in which they are wanted.
    pub names: &'a [String],
    /// Per name: whether the value is an answer (yes, no or P(yes)), else a number.
    pub is_answer: &'a [bool],
    /// Unknown answer tokens are errors, not missing values.
    pub strict: bool,
}

/// One item.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamItem {
    /// Its id.
    pub id: String,
    /// Line of its (first) row.
    pub line: u64,
    /// Its values in the order of [`StreamOptions::names`]: P(yes) or a number; `None` = missing.
    pub values: Vec<Option<f64>>,
}

/// What a stream held beside its items.
#[derive(Debug, Default)]
pub struct StreamSummary {
    /// Number of items.
    pub items: u64,
    /// Errors, warnings and notes. With errors, the items with bad rows were left out.
    pub problems: Problems,
}

/// Reads all items and hands them to `each` in file order.
///
/// Wide form: `item_id` and one column (or key, also inside an object `answers`) per name. Long form: `item_id`,
/// `question_id`, `answer`, the rows of one item together.
///
/// # Errors
/// [`Error::Io`] where reading fails, [`Error::Data`] where the header cannot be used, and what `each` returns.
pub fn read_stream(
    mut reader: impl BufRead,
    options: StreamOptions<'_>,
    each: &mut dyn FnMut(StreamItem) -> Result<()>,
) -> Result<StreamSummary> {
    let start = reader.fill_buf().map_err(Error::io(options.file))?;
    let bom = usize::from(start.starts_with(b"\xef\xbb\xbf")) * 3;
    reader.consume(bom);
    let start = reader.fill_buf().map_err(Error::io(options.file))?;
    let first = start.iter().find(|b| !b.is_ascii_whitespace());
    let format = match (options.format, first) {
        (Some(format), _) => format,
        (None, Some(b'{')) => StreamFormat::Jsonl,
        (None, _) => StreamFormat::Csv,
    };
    let mut sink = Sink::new(options, each);
    match format {
        StreamFormat::Csv => csv(reader, &mut sink)?,
        StreamFormat::Jsonl => json_lines(reader, &mut sink)?,
    }
    sink.finish()
}

/// Gathers values into items.
struct Sink<'a> {
    options: StreamOptions<'a>,
    place: HashMap<&'a str, usize>,
    each: &'a mut dyn FnMut(StreamItem) -> Result<()>,
    /// The item whose rows are being read (long form).
    open: Option<StreamItem>,
    /// 128-bit hashes of the ids that have been read: 16 bytes an item, so that no id is scored twice unseen.
    read: HashSet<u128>,
    /// Whether a row of the open item was bad.
    spoilt: bool,
    /// Names that had a value somewhere.
    seen: Vec<bool>,
    unknown: BTreeMap<String, (u64, u64)>,
    summary: StreamSummary,
}

impl<'a> Sink<'a> {
    fn new(options: StreamOptions<'a>, each: &'a mut dyn FnMut(StreamItem) -> Result<()>) -> Self {
        let place = options.names.iter().enumerate().map(|(n, name)| (name.as_str(), n)).collect();
        let seen = vec![false; options.names.len()];
        let (open, unknown, summary) = (None, BTreeMap::new(), StreamSummary::default());
        Self { options, place, each, open, read: HashSet::new(), spoilt: false, seen, unknown, summary }
    }

    fn refuse(&mut self, rule: &'static str, line: u64, cell: Option<(&str, &str)>, message: &str, remedy: &str) {
        let mut problem = Problem::new(Severity::Error, rule, self.options.file, message, remedy).at(line);
        if let Some((column, value)) = cell {
            problem = problem.cell(column, value);
        }
        self.summary.problems.push(problem);
        self.spoilt = true;
    }

    /// Starts an item, unless the open one has this id.
    fn item(&mut self, id: &str, line: u64) -> Result<()> {
        if self.open.as_ref().is_some_and(|item| item.id == id) {
            return Ok(());
        }
        self.close()?;
        if !self.read.insert(hash(id)) {
            let message = "the item has been read before: it stands twice, or its rows are not together";
            let remedy = "sort the rows by item, and keep each item once";
            self.refuse("duplicate-id", line, Some(("item_id", id)), message, remedy);
        }
        self.open = Some(StreamItem { id: id.to_owned(), line, values: vec![None; self.options.names.len()] });
        Ok(())
    }

    /// Hands the open item on.
    fn close(&mut self) -> Result<()> {
        let spoilt = std::mem::take(&mut self.spoilt);
        match self.open.take() {
            Some(item) if !spoilt => {
                self.summary.items += 1;
                (self.each)(item)
            }
            _ => Ok(()),
        }
    }

    /// Puts a value into the open item.
    fn set(&mut self, name: &str, text: &str, line: u64) {
        let Some(&at) = self.place.get(name) else { return };
        let text = text.trim();
        let value = if self.options.is_answer[at] {
            match token_of(text) {
                Token::Blank => None,
                Token::P(p) => Some(p),
                Token::Unknown if !self.options.strict => {
                    self.unknown
                        .entry(text.chars().take(60).collect::<String>().to_lowercase())
                        .or_insert((0, line))
                        .0 += 1;
                    None
                }
                Token::Unknown => {
                    let message = "an answer is yes or no, true or false, 1 or 0, or P(yes) in [0, 1]";
                    return self.refuse("unknown-token", line, Some((name, text)), message, "correct the answer");
                }
                Token::OutOfRange => {
                    let message = "P(yes) must lie in [0, 1]";
                    return self.refuse("out-of-range", line, Some((name, text)), message, "correct the answer");
                }
                Token::NotFinite => {
                    let message = "P(yes) must be a number in [0, 1]";
                    return self.refuse(
                        "not-finite",
                        line,
                        Some((name, text)),
                        message,
                        "leave it empty where unknown",
                    );
                }
            }
        } else if text.is_empty() {
            None
        } else {
            match text.parse::<f64>() {
                Ok(number) if number.is_finite() => Some(number),
                _ => {
                    let message = "the value must be a finite number";
                    return self.refuse(
                        "not-a-number",
                        line,
                        Some((name, text)),
                        message,
                        "leave it empty where unknown",
                    );
                }
            }
        };
        let Some(value) = value else { return };
        self.seen[at] = true;
        let Some(item) = &mut self.open else { return };
        let before = item.values[at].replace(value);
        if before.is_some_and(|before| before != value) {
            let message = "the item has two different values here";
            self.refuse("contradictory-duplicate", line, Some((name, text)), message, "keep one of them");
        }
    }

    fn finish(mut self) -> Result<StreamSummary> {
        self.close()?;
        let file = self.options.file;
        let problems = &mut self.summary.problems;
        for (token, (count, line)) in &self.unknown {
            let times = if *count == 1 { "once".to_owned() } else { format!("{count} times") };
            let message = format!("the answer is not understood and read as missing; it stands {times}, first here");
            let remedy = "write yes, no or P(yes); --strict makes this an error";
            let problem = Problem::new(Severity::Warning, "unknown-token", file, message, remedy);
            problems.push(problem.at(*line).cell("answer", token));
        }
        if self.summary.items == 0 && !problems.has_errors() {
            let message = "there is no item in the stream";
            problems.push(Problem::new(Severity::Error, "empty-table", file, message, "give at least one row"));
        } else {
            for (name, _) in self.options.names.iter().zip(&self.seen).filter(|(_, seen)| !**seen) {
                let message = "the head reads this, and no item of the stream has it";
                let problem =
                    Problem::new(Severity::Warning, "missing-column", file, message, "add it if there is one");
                problems.push(problem.cell("name", name));
            }
        }
        Ok(self.summary)
    }
}

fn hash(id: &str) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, id).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

fn csv(reader: impl Read, sink: &mut Sink<'_>) -> Result<()> {
    let file = sink.options.file.to_owned();
    let data = |rule, message: String, remedy: &str| Problem::new(Severity::Error, rule, &*file, message, remedy);
    let mut reader = ::csv::ReaderBuilder::new().flexible(true).from_reader(reader);
    let broken = |e: ::csv::Error| -> Error {
        let line = e.position().map_or(0, ::csv::Position::line);
        match e.into_kind() {
            ::csv::ErrorKind::Io(source) => Error::io(&*file)(source),
            ::csv::ErrorKind::Utf8 { .. } => {
                Error::data(data("not-utf8", "the row is not UTF-8".to_owned(), "save the file as UTF-8").at(line))
            }
            kind => Error::data(data("malformed-file", format!("{kind:?}"), "write the file again as CSV").at(line)),
        }
    };
    let header: Vec<String> = reader.headers().map_err(broken)?.iter().map(|h| h.trim().to_owned()).collect();
    let find = |name: &str| header.iter().position(|h| h == name);
    let Some(id) = find("item_id") else {
        let message = format!("there is no column item_id; the columns are {}", super::table::list(&header));
        return Err(Error::data(data("missing-column", message, "name the column of item ids item_id").at(1)));
    };
    let long = find("question_id").zip(find("answer"));
    if long.is_none() {
        let mut problems = Problems::default();
        for name in sink.options.names.iter().filter(|name| find(name).is_none()) {
            let message = "the head reads this, and the stream has no such column".to_owned();
            let remedy = "add the column; leave a cell empty where there is no answer";
            problems.push(data("missing-column", message, remedy).at(1).cell("name", name));
        }
        if problems.has_errors() {
            return Err(Error::Data(Box::new(problems)));
        }
    }
    let mut record = ::csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(broken)? {
        let line = record.position().map_or(0, ::csv::Position::line);
        if record.len() != header.len() {
            let message = format!("the row has {} cells, the header {}", record.len(), header.len());
            sink.close()?;
            sink.refuse("ragged-row", line, None, &message, "put cells that hold commas in double quotes");
            sink.spoilt = false;
            continue;
        }
        let item = record.get(id).unwrap_or("").trim();
        if item.is_empty() {
            sink.close()?;
            sink.refuse("blank-value", line, Some(("item_id", "")), "item_id must not be blank", "fill it in");
            sink.spoilt = false;
            continue;
        }
        match long {
            Some((question, answer)) => {
                sink.item(item, line)?;
                sink.set(record.get(question).unwrap_or("").trim(), record.get(answer).unwrap_or(""), line);
            }
            None => {
                sink.close()?;
                sink.item(item, line)?;
                for (name, cell) in header.iter().zip(&record) {
                    sink.set(name, cell, line);
                }
            }
        }
    }
    Ok(())
}

fn json_lines(mut reader: impl BufRead, sink: &mut Sink<'_>) -> Result<()> {
    let mut text = Vec::new();
    let mut line = 0;
    loop {
        text.clear();
        let read =
            (&mut reader).take(LONGEST_LINE).read_until(b'\n', &mut text).map_err(Error::io(sink.options.file))?;
        if read == 0 {
            return Ok(());
        }
        line += 1;
        if read as u64 == LONGEST_LINE {
            let message = "the line is longer than 64 MiB";
            sink.refuse("malformed-file", line, None, message, "write one object a line");
            return Ok(());
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        let object: serde_json::Map<String, serde_json::Value> = match serde_json::from_slice(&text) {
            Ok(object) => object,
            Err(e) => {
                sink.close()?;
                sink.refuse(
                    "malformed-file",
                    line,
                    None,
                    &format!("not a JSON object: {e}"),
                    "write one object a line",
                );
                sink.spoilt = false;
                continue;
            }
        };
        json_row(&object, line, sink)?;
    }
}

fn json_row(object: &serde_json::Map<String, serde_json::Value>, line: u64, sink: &mut Sink<'_>) -> Result<()> {
    let Some(item) = object.get("item_id").and_then(shown).filter(|id| !id.trim().is_empty()) else {
        sink.close()?;
        sink.refuse("blank-value", line, Some(("item_id", "")), "item_id must be a text or a number", "add it");
        sink.spoilt = false;
        return Ok(());
    };
    let long = object.get("question_id").and_then(shown).zip(object.get("answer"));
    if let Some((question, answer)) = long {
        sink.item(item.trim(), line)?;
        sink.set(question.trim(), &shown(answer).unwrap_or_default(), line);
        return Ok(());
    }
    sink.close()?;
    sink.item(item.trim(), line)?;
    let nested = object.get("answers").and_then(serde_json::Value::as_object);
    for (name, value) in object.iter().chain(nested.into_iter().flatten()) {
        if let Some(text) = shown(value) {
            sink.set(name, &text, line);
        }
    }
    Ok(())
}

/// A JSON value as it would stand in a cell; `None` for lists and objects.
fn shown(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::Null => Some(String::new()),
        serde_json::Value::Bool(yes) => Some(yes.to_string()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Array(_) | serde_json::Value::Object(_) => None,
    }
}
