//! Files of several formats as records: named fields with values that may be lists or objects.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value};

use crate::dataset::delimited;
use crate::dataset::frame;
use crate::dataset::table::list;
use crate::problems::{Problem, Problems, Severity};
use crate::{Error, Result};

/// The fields of a layout.
pub struct Fields {
    /// Every record has them.
    pub needed: &'static [&'static str],
    /// Some records or files have them.
    pub optional: &'static [&'static str],
    /// Known, of no use here, and perhaps large (image bytes): never read.
    pub ignored: &'static [&'static str],
}

impl Fields {
    fn used(&self, name: &str) -> bool {
        self.needed.contains(&name) || self.optional.contains(&name)
    }
}

/// One record with its place.
pub struct Record {
    /// Line (CSV, JSONL) or number (JSON, Parquet) of the record, from 1.
    pub line: u64,
    /// Its fields.
    pub fields: Map<String, Value>,
}

/// The records of one file.
pub struct Records {
    /// Name of the file, as shown in problems.
    pub file: String,
    /// The records, in file order.
    pub rows: Vec<Record>,
}

impl Records {
    /// Reads a file; the format follows from its name: `.csv`, `.json`, `.jsonl` or `.parquet`. Problems of its form,
    /// and fields that the layout does not have, are added to `problems`; `None` where it cannot be used.
    ///
    /// # Errors
    /// [`Error::Io`] where the file cannot be read; [`Error::Usage`] where its name says no known format.
    pub fn open(path: &Path, fields: &Fields, problems: &mut Problems) -> Result<Option<Self>> {
        let file = path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
        if !path.is_file() {
            let message = if path.exists() { "this is a folder, not a file" } else { "the file does not exist" };
            let shown = path.display().to_string();
            problems.push(Problem::new(Severity::Error, "missing-file", shown, message, "check the path"));
            return Ok(None);
        }
        let read = || std::fs::read(path).map_err(Error::io(path));
        let before = problems.count(Severity::Error);
        let rows = match extension.as_str() {
            "csv" => from_csv(&file, &read()?, problems),
            "jsonl" | "ndjson" => from_lines(&file, &read()?, problems),
            "json" => from_json(&file, &read()?, problems),
            "parquet" => {
                let opened = std::fs::File::open(path).map_err(Error::io(path))?;
                let wanted = |name: &str| !fields.ignored.contains(&name);
                frame::records(&file, opened, &wanted, problems).map(numbered)
            }
            _ => {
                return Err(Error::Usage(format!(
                    "{}: the format follows from the name; rename the file to end in .csv, .json, .jsonl or .parquet",
                    path.display()
                )));
            }
        };
        let Some(rows) = rows else { return Ok(None) };
        let records = Self { file, rows };
        records.check_fields(fields, problems);
        Ok((problems.count(Severity::Error) == before).then_some(records))
    }

    /// Unknown fields, each once; needed fields that the first record lacks.
    fn check_fields(&self, fields: &Fields, problems: &mut Problems) {
        let mut unknown = BTreeSet::new();
        for row in &self.rows {
            for name in row.fields.keys() {
                if !fields.used(name) && !fields.ignored.contains(&name.as_str()) && unknown.insert(name.clone()) {
                    let known = list(fields.needed.iter().chain(fields.optional).chain(fields.ignored));
                    let message = format!("the layout has no field \"{name}\"; it has {known}");
                    let remedy = "check the kind of import, or remove the field from the file";
                    problems.push(self.problem(Severity::Error, "unknown-field", row, message, remedy));
                }
            }
        }
        let Some(first) = self.rows.first() else {
            let message = "the file holds no record";
            let remedy = "check the file";
            problems.push(Problem::new(Severity::Error, "empty-file", &self.file, message, remedy));
            return;
        };
        let missing: Vec<&str> =
            fields.needed.iter().copied().filter(|name| !first.fields.contains_key(*name)).collect();
        if !missing.is_empty() {
            let message = format!("the first record lacks {}; it has {}", list(missing), list(first.fields.keys()));
            problems.push(self.problem(Severity::Error, "missing-field", first, message, "check the kind of import"));
        }
    }

    /// A problem of one record.
    pub fn problem(
        &self,
        severity: Severity,
        rule: &'static str,
        row: &Record,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Problem {
        Problem::new(severity, rule, &self.file, message, remedy).at(row.line)
    }

    /// An error of one field, with its value.
    pub fn error(
        &self,
        rule: &'static str,
        row: &Record,
        field: &str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Problem {
        self.problem(Severity::Error, rule, row, message, remedy).cell(field, row.shown(field))
    }

    /// The text of a field that must be there; an error otherwise.
    pub fn needed(&self, row: &Record, field: &str, problems: &mut Problems) -> Option<String> {
        let text = row.text(field);
        if text.is_none() {
            let message = format!("{field} must not be blank");
            problems.push(self.error("blank-value", row, field, message, "fill it in, or remove the record"));
        }
        text
    }

    /// The list in a field, each entry through `entry`; an error where it is no list or an entry does not fit.
    pub fn list<T>(
        &self,
        row: &Record,
        field: &str,
        expected: &str,
        entry: impl Fn(&Value) -> Option<T>,
        problems: &mut Problems,
    ) -> Option<Vec<T>> {
        let items = match row.fields.get(field) {
            Some(Value::Array(items)) => items.iter().map(entry).collect::<Option<Vec<T>>>(),
            _ => None,
        };
        if items.is_none() {
            let message = format!("{field} must be a list of {expected}");
            problems.push(self.error("bad-list", row, field, message, "check the kind of import"));
        }
        items
    }

    /// File name without its extension.
    pub fn stem(&self) -> &str {
        self.file.rsplit_once('.').map_or(&self.file, |(stem, _)| stem)
    }
}

impl Record {
    /// The field as text; `None` where it is absent, null or blank.
    pub fn text(&self, field: &str) -> Option<String> {
        let text = match self.fields.get(field)? {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(value) => value.to_string(),
            _ => return None,
        };
        (!text.trim().is_empty()).then_some(text)
    }

    /// The field as a number, also where it is written as text.
    pub fn number(&self, field: &str) -> Option<f64> {
        number(self.fields.get(field)?)
    }

    /// The value as shown in a problem.
    pub fn shown(&self, field: &str) -> String {
        match self.fields.get(field) {
            None => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
        }
    }
}

/// A finite number, also where it is written as text.
pub fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok().filter(|x: &f64| x.is_finite()),
        _ => None,
    }
}

/// A whole number.
pub fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::Bool(truth) => Some(i64::from(*truth)),
        _ => None,
    }
}

fn numbered(rows: Vec<Map<String, Value>>) -> Vec<Record> {
    (1..).zip(rows).map(|(line, fields)| Record { line, fields }).collect()
}

fn from_csv(file: &str, bytes: &[u8], problems: &mut Problems) -> Option<Vec<Record>> {
    let table = delimited::read("file", file, bytes, problems)?;
    let row = |r: usize| {
        let cell = |c: &crate::dataset::table::Column| {
            (c.original.clone(), c.text(r).map_or(Value::Null, |text| Value::String(text.into_owned())))
        };
        Record { line: table.lines[r], fields: table.columns.iter().map(cell).collect() }
    };
    Some((0..table.len()).map(row).collect())
}

fn from_lines(file: &str, bytes: &[u8], problems: &mut Problems) -> Option<Vec<Record>> {
    let text = delimited::utf8(file, bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes), problems)?;
    let mut rows = Vec::new();
    for (line, text) in (1..).zip(text.split('\n')).filter(|(_, text)| !text.trim().is_empty()) {
        match serde_json::from_str::<Map<String, Value>>(text) {
            Ok(fields) => rows.push(Record { line, fields }),
            Err(e) => problems.push(malformed(file, &e).at(line)),
        }
    }
    Some(rows)
}

/// One JSON list of objects.
fn from_json(file: &str, bytes: &[u8], problems: &mut Problems) -> Option<Vec<Record>> {
    let text = delimited::utf8(file, bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes), problems)?;
    match serde_json::from_str::<Vec<Map<String, Value>>>(text) {
        Ok(rows) => Some(numbered(rows)),
        Err(e) => {
            problems.push(malformed(file, &e).at(e.line() as u64));
            None
        }
    }
}

fn malformed(file: &str, error: &serde_json::Error) -> Problem {
    let remedy = "one JSON object a line in .jsonl, one list of objects in .json";
    Problem::new(Severity::Error, "malformed-file", file, format!("this is no such JSON: {error}"), remedy)
}
