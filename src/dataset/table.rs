//! A table in memory: named columns of text, numbers or truth values, each row with its place in the file.

use std::borrow::Cow;

use crate::problems::{Problem, Problems, Severity};

/// A column of text, kept in one buffer. The empty text stands for a missing value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    data: String,
    /// End of each text in `data`.
    ends: Vec<usize>,
}

impl Texts {
    /// Adds one text; the empty one is a missing value.
    pub fn push(&mut self, text: &str) {
        self.data.push_str(text);
        self.ends.push(self.data.len());
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The text of a row; empty where missing or out of range.
    pub fn get(&self, row: usize) -> &str {
        let start = if row == 0 { 0 } else { self.ends.get(row - 1).copied().unwrap_or(0) };
        self.ends.get(row).and_then(|&end| self.data.get(start..end)).unwrap_or("")
    }

    /// All texts, in row order.
    pub fn iter(&self) -> impl Iterator<Item = &str> + '_ {
        (0..self.len()).map(|row| self.get(row))
    }
}

impl<S: AsRef<str>> FromIterator<S> for Texts {
    fn from_iter<I: IntoIterator<Item = S>>(texts: I) -> Self {
        let mut out = Self::default();
        for text in texts {
            out.push(text.as_ref());
        }
        out
    }
}

/// The values of one column, one entry per row.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Text; empty where missing.
    Text(Texts),
    /// Floating-point numbers.
    Float(Vec<Option<f64>>),
    /// Whole numbers.
    Int(Vec<Option<i64>>),
    /// Truth values.
    Bool(Vec<Option<bool>>),
}

impl Values {
    /// A text column; empty texts are missing values.
    pub fn text<S: AsRef<str>>(texts: impl IntoIterator<Item = S>) -> Self {
        Self::Text(texts.into_iter().collect())
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Text(v) => v.len(),
            Self::Float(v) => v.len(),
            Self::Int(v) => v.len(),
            Self::Bool(v) => v.len(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A cell read as a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// Nothing there.
    Missing,
    /// A finite number.
    Value(f64),
    /// NaN or an infinity.
    NotFinite,
    /// Text that is no number.
    Words,
}

/// One column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Canonical name (after `[columns]` of the manifest).
    pub name: String,
    /// Name in the file, as shown in problems.
    pub original: String,
    /// The values.
    pub values: Values,
}

impl Column {
    /// The cell as text; `None` where it is missing or blank. Numbers read as they would be typed (`1`, not `1.0`).
    pub fn text(&self, row: usize) -> Option<Cow<'_, str>> {
        match &self.values {
            Values::Text(v) => {
                let text = v.get(row);
                (!text.trim().is_empty()).then_some(Cow::Borrowed(text))
            }
            Values::Float(v) => v.get(row).copied().flatten().map(|x| Cow::Owned(x.to_string())),
            Values::Int(v) => v.get(row).copied().flatten().map(|x| Cow::Owned(x.to_string())),
            Values::Bool(v) => v.get(row).copied().flatten().map(|x| Cow::Borrowed(if x { "true" } else { "false" })),
        }
    }

    /// The cell as a number; truth values count as 1 and 0.
    pub fn number(&self, row: usize) -> Number {
        let finite = |x: f64| if x.is_finite() { Number::Value(x) } else { Number::NotFinite };
        match &self.values {
            Values::Text(v) => match v.get(row).trim() {
                "" => Number::Missing,
                text => text.parse().map_or(Number::Words, finite),
            },
            Values::Float(v) => v.get(row).copied().flatten().map_or(Number::Missing, finite),
            #[allow(clippy::cast_precision_loss)]
            Values::Int(v) => v.get(row).copied().flatten().map_or(Number::Missing, |x| Number::Value(x as f64)),
            Values::Bool(v) => {
                v.get(row).copied().flatten().map_or(Number::Missing, |x| Number::Value(f64::from(u8::from(x))))
            }
        }
    }

    /// The cell as shown in a problem.
    pub fn shown(&self, row: usize) -> String {
        match &self.values {
            Values::Text(v) => v.get(row).to_owned(),
            _ => self.text(row).unwrap_or_default().into_owned(),
        }
    }
}

/// A table that was read from one file.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Canonical name of the table: `items`, `answers`, …
    pub name: String,
    /// File name, relative to the data set's folder.
    pub file: String,
    /// The columns, in file order.
    pub columns: Vec<Column>,
    /// Line (CSV, JSONL) or row (Parquet) of each row, from 1.
    pub lines: Vec<u64>,
}

impl Table {
    /// Number of rows.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// The column with this canonical name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }

    /// The column with this canonical name; an error that lists what exists where it is absent.
    pub fn require(&self, name: &str, problems: &mut Problems) -> Option<&Column> {
        let column = self.column(name);
        if column.is_none() {
            let message =
                format!("the {} table needs a column {name}; the file has {}", self.name, list(self.originals()));
            let remedy = match self.originals().next() {
                Some(only) if self.columns.len() == 1 && only.contains([';', '\t']) => {
                    "separate the columns with commas".to_owned()
                }
                _ => format!("rename the column, or map it in dataset.toml: [columns.{}] {name} = \"…\"", self.name),
            };
            problems.push(Problem::new(Severity::Error, "missing-column", &self.file, message, remedy));
        }
        column
    }

    /// A problem of one row.
    pub fn problem(
        &self,
        severity: Severity,
        rule: &'static str,
        row: usize,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Problem {
        let problem = Problem::new(severity, rule, &self.file, message, remedy);
        match self.lines.get(row) {
            Some(&line) => problem.at(line),
            None => problem,
        }
    }

    /// An error of one cell, with its value.
    pub fn error(
        &self,
        rule: &'static str,
        row: usize,
        column: &Column,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Problem {
        self.problem(Severity::Error, rule, row, message, remedy).cell(&column.original, column.shown(row))
    }

    /// The text of a cell that must not be blank; an error otherwise.
    pub fn needed<'a>(&self, column: &'a Column, row: usize, problems: &mut Problems) -> Option<Cow<'a, str>> {
        let text = column.text(row);
        if text.is_none() {
            problems.push(self.error(
                "blank-value",
                row,
                column,
                format!("{} must not be blank", column.name),
                "fill the cell in, or remove the row",
            ));
        }
        text
    }

    /// The number of a cell; an error, and `None`, where it is not a finite number. Missing stays missing.
    pub fn number(&self, column: &Column, row: usize, problems: &mut Problems) -> Option<f64> {
        match column.number(row) {
            Number::Missing => None,
            Number::Value(value) => Some(value),
            Number::NotFinite => {
                let message = format!("{} must be finite", column.name);
                problems.push(self.error("not-finite", row, column, message, "leave the cell empty where unknown"));
                None
            }
            Number::Words => {
                let message = format!("{} must be a number", column.name);
                let remedy = "write a number with a decimal point, or leave the cell empty where unknown";
                problems.push(self.error("not-a-number", row, column, message, remedy));
                None
            }
        }
    }

    /// Names of the columns as in the file.
    pub fn originals(&self) -> impl Iterator<Item = &str> + '_ {
        self.columns.iter().map(|c| c.original.as_str())
    }
}

/// `a, b, c`: names for a message, at most twelve.
pub fn list<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    let mut out = String::new();
    let mut rest = 0;
    for (n, name) in names.into_iter().enumerate() {
        match n {
            0 => out.push_str(name.as_ref()),
            1..12 => {
                out.push_str(", ");
                out.push_str(name.as_ref());
            }
            _ => rest += 1,
        }
    }
    if out.is_empty() {
        out.push_str("nothing");
    }
    if rest > 0 {
        out.push_str(&format!(" and {rest} more"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_reads_as_it_would_be_typed() {
        let column = |values| Column { name: "c".into(), original: "c".into(), values };
        assert_eq!(column(Values::Float(vec![Some(1.0)])).text(0).unwrap(), "1");
        assert_eq!(column(Values::Int(vec![Some(7)])).text(0).unwrap(), "7");
        assert_eq!(column(Values::text(["  "])).text(0), None);
        assert_eq!(column(Values::text([" .5 "])).number(0), Number::Value(0.5));
        assert_eq!(column(Values::text(["nan"])).number(0), Number::NotFinite);
        assert_eq!(column(Values::text(["0,5"])).number(0), Number::Words);
        assert_eq!(column(Values::Bool(vec![None, Some(true)])).number(1), Number::Value(1.0));
    }

    #[test]
    fn texts_keep_their_rows() {
        let texts: Texts = ["a", "", "ccc"].into_iter().collect();
        assert_eq!(texts.iter().collect::<Vec<_>>(), ["a", "", "ccc"]);
        assert_eq!(texts.get(9), "");
    }
}
