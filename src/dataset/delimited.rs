//! CSV → [`Table`], every cell as text, with the line of every row.
//!
//! The `csv` crate accepts broken quoting in silence and may swallow rows, so a scan of the bytes comes first: it
//! refuses what RFC 4180 does not allow and gives the exact line on which each record starts.

use std::collections::HashMap;

use super::table::{Column, Table, Texts, Values};
use crate::problems::{Problem, Problems, Severity};

/// More columns than this are refused: no judge asks so many questions, and wide noise would fill the memory.
pub const MAX_COLUMNS: usize = 20_000;

/// Reads one CSV file. Problems of its form are added to `problems`; `None` where no table can be had.
pub fn read(name: &str, file: &str, bytes: &[u8], problems: &mut Problems) -> Option<Table> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = utf8(file, bytes, problems)?;
    let starts = match scan(file, bytes, problems) {
        Ok(starts) => starts,
        Err(problem) => {
            problems.push(*problem);
            return None;
        }
    };
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    let mut rows = starts.into_iter();
    let Some(line) = rows.next().filter(|_| matches!(reader.read_record(&mut record), Ok(true))) else {
        problems.push(empty(name, file));
        return None;
    };
    let header: Vec<String> = record.iter().map(|h| h.trim().to_owned()).collect();
    check_header(file, line, &header, problems)?;
    let mut columns: Vec<Texts> = vec![Texts::default(); header.len()];
    let mut lines = Vec::new();
    for line in rows {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return split_differently(file, line, problems),
            Err(e) => {
                problems.push(malformed(file, &e.to_string()).at(line));
                return None;
            }
        }
        if record.len() != header.len() {
            problems.push(ragged(file, record.len(), header.len()).at(line));
        }
        // A short row is filled up, so that its other cells are checked too.
        for (c, column) in columns.iter_mut().enumerate() {
            column.push(record.get(c).unwrap_or(""));
        }
        lines.push(line);
    }
    if !matches!(reader.read_record(&mut record), Ok(false)) {
        return split_differently(file, lines.last().copied().unwrap_or(line), problems);
    }
    if lines.is_empty() {
        problems.push(empty(name, file));
        return None;
    }
    let columns = header
        .into_iter()
        .zip(columns)
        .map(|(original, texts)| Column { name: original.clone(), original, values: Values::Text(texts) })
        .collect();
    Some(Table { name: name.to_owned(), file: file.to_owned(), columns, lines })
}

/// The error of a file without data rows.
pub fn empty(name: &str, file: &str) -> Problem {
    let message = format!("the {name} table has no data row");
    Problem::new(Severity::Error, "empty-table", file, message, "add rows, or remove the file")
}

fn malformed(file: &str, reason: &str) -> Problem {
    Problem::new(Severity::Error, "malformed-file", file, reason, "write the file again as CSV in UTF-8")
}

/// The scan and the parser see other rows: better no table than one with lost rows.
fn split_differently(file: &str, line: u64, problems: &mut Problems) -> Option<Table> {
    problems.push(malformed(file, "the rows cannot be told apart from here on").at(line));
    None
}

fn ragged(file: &str, found: usize, expected: usize) -> Problem {
    let message = format!("the row has {found} cells, the header {expected}");
    let remedy = "put cells that hold commas or line breaks in double quotes";
    Problem::new(Severity::Error, "ragged-row", file, message, remedy)
}

/// The bytes as text; otherwise an error for every line that is not UTF-8.
pub fn utf8<'a>(file: &str, bytes: &'a [u8], problems: &mut Problems) -> Option<&'a str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Some(text);
    }
    for (n, line) in bytes.split(|&b| b == b'\n').enumerate() {
        if let Err(e) = std::str::from_utf8(line) {
            let at = e.valid_up_to();
            let bad = line.get(at).copied().unwrap_or(0);
            let message = format!("byte {} of the line is {bad:#04x}, which is not UTF-8", at + 1);
            let problem = Problem::new(Severity::Error, "not-utf8", file, message, "save the file as UTF-8");
            problems.push(problem.at(n as u64 + 1));
        }
    }
    None
}

/// Column names must differ and be few enough; a nameless column is the caller's to ignore.
pub fn check_header(file: &str, line: u64, header: &[String], problems: &mut Problems) -> Option<()> {
    let mut first: HashMap<&str, usize> = HashMap::new();
    let mut sound = true;
    for (c, name) in header.iter().enumerate() {
        if name.is_empty() {
            continue;
        }
        if let Some(other) = first.insert(name, c) {
            let message = format!("columns {} and {} have the same name", other + 1, c + 1);
            let problem = Problem::new(Severity::Error, "duplicate-column", file, message, "rename one of them");
            problems.push(problem.at(line).cell(name, name));
            sound = false;
        }
    }
    if header.len() > MAX_COLUMNS {
        problems.push(too_many_columns(file, header.len()).at(line));
        sound = false;
    }
    sound.then_some(())
}

/// The error of a table that is too wide.
pub fn too_many_columns(file: &str, found: usize) -> Problem {
    let message = format!("the table has {found} columns; at most {MAX_COLUMNS} are read");
    let remedy = "use the long form, one row per answer, or remove columns";
    Problem::new(Severity::Error, "too-many-columns", file, message, remedy)
}

/// Where the scan is inside a record.
#[derive(Clone, Copy, PartialEq)]
enum State {
    RecordStart,
    FieldStart,
    Plain,
    Quoted,
    /// Just after a quote inside a quoted field: its end, or the first half of `""`.
    Quote,
}

/// Line on which each record starts, from 1; blank lines are no records. Lines with a NUL byte are errors in
/// `problems`; broken quoting ends the scan, as nothing after it can be trusted.
fn scan(file: &str, bytes: &[u8], problems: &mut Problems) -> Result<Vec<u64>, Box<Problem>> {
    let mut starts = Vec::new();
    let mut state = State::RecordStart;
    let (mut line, mut opened, mut nul_line) = (1, 1, 0);
    for (n, &byte) in bytes.iter().enumerate() {
        let line_end = byte == b'\n' || (byte == b'\r' && bytes.get(n + 1) != Some(&b'\n'));
        if byte == 0 && nul_line != line {
            nul_line = line;
            let problem = Problem::new(Severity::Error, "nul-byte", file, "the line holds a NUL byte", "remove it");
            problems.push(problem.at(line));
        }
        if state == State::RecordStart && byte != b'\n' && byte != b'\r' {
            starts.push(line);
        }
        state = match (state, byte) {
            (State::Quoted, b'"') => State::Quote,
            (State::Quoted, _) => State::Quoted,
            (_, b'\n' | b'\r') => State::RecordStart,
            (_, b',') => State::FieldStart,
            (State::RecordStart | State::FieldStart, b'"') => {
                opened = line;
                State::Quoted
            }
            (State::Quote, b'"') => State::Quoted,
            (State::Quote, _) => {
                let message = format!("text follows the closing quote of a cell that was opened on line {opened}");
                return Err(Box::new(quoting(file, message).at(line)));
            }
            _ => State::Plain,
        };
        line += u64::from(line_end);
    }
    if state == State::Quoted {
        let message = "the quote that opens here is never closed".to_owned();
        return Err(Box::new(quoting(file, message).at(opened)));
    }
    Ok(starts)
}

fn quoting(file: &str, message: String) -> Problem {
    let remedy = "close the quote; write a double quote inside a quoted cell twice";
    Problem::new(Severity::Error, "broken-quotes", file, message, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &[u8]) -> Table {
        let mut problems = Problems::default();
        let table = read("items", "items.csv", text, &mut problems);
        assert_eq!(problems.count(Severity::Error), 0, "{problems}");
        table.unwrap()
    }

    fn rules(text: &[u8]) -> Vec<(&'static str, Option<u64>)> {
        let mut problems = Problems::default();
        let _ = read("items", "items.csv", text, &mut problems);
        problems.of(Severity::Error).map(|p| (p.rule, p.row)).collect()
    }

    #[test]
    fn lines_are_those_of_the_file() {
        let plain = table(b"a,b\n1,2\n\n\"x\ny\",3\n4,5");
        assert_eq!(plain.lines, [2, 4, 6]);
        assert_eq!(plain.column("a").unwrap().shown(1), "x\ny");
        let crlf = table(b"\xef\xbb\xbfa,b\r\n1,2\r\n\r\n\"x\r\ny\",3\r\n4,5\r\n");
        assert_eq!(crlf.lines, [2, 4, 6]);
        assert_eq!(crlf.columns[0].name, "a");
        assert_eq!(crlf.column("b").unwrap().shown(2), "5");
    }

    #[test]
    fn quotes_inside_are_kept_and_broken_ones_refused() {
        assert_eq!(table(b"a\n\"x \"\"y\"\"\"\n").column("a").unwrap().shown(0), "x \"y\"");
        assert_eq!(table(b"a\n5\" tall\n").column("a").unwrap().shown(0), "5\" tall");
        assert_eq!(rules(b"a,b\n1,\"x\n2,y\n3,z\n"), [("broken-quotes", Some(2))]);
        assert_eq!(rules(b"a,b\n1,\"x\n2,\"y\n"), [("broken-quotes", Some(3))]);
    }

    proptest::proptest! {
        /// Whatever the bytes: the scan finds the rows that the parser finds, or the file is refused for its quotes.
        #[test]
        fn scan_and_parser_agree(text in "[ab,\"\r\n ]{0,40}") {
            let found = rules(format!("h,g\n{text}").as_bytes());
            proptest::prop_assert!(found.iter().all(|(rule, _)| *rule != "malformed-file"), "{found:?}");
        }
    }

    #[test]
    fn every_bad_row_is_reported() {
        assert_eq!(rules(b"a,b\n1\n2,3\n4,5,6\n"), [("ragged-row", Some(2)), ("ragged-row", Some(4))]);
        assert_eq!(rules(b"a,b\n\xff,1\n1,2\n\xc3,4\n"), [("not-utf8", Some(2)), ("not-utf8", Some(4))]);
        assert_eq!(rules(b"a,b\n\0,1\n"), [("nul-byte", Some(2))]);
        assert_eq!(rules(b"a,a\n1,2\n"), [("duplicate-column", Some(1))]);
        assert_eq!(rules(b""), [("empty-table", None)]);
        assert_eq!(rules(b"a,b\r\n"), [("empty-table", None)]);
    }
}
