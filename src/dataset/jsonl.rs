//! JSON Lines → [`Table`]: one object a line, nested objects flattened to dotted names.
//!
//! The columns are the union of the keys of all lines, so a key that appears late is never lost. Types are unified
//! over the whole file: whole numbers with fractions are numbers, numbers with text are text.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::delimited::{MAX_COLUMNS, empty, too_many_columns, utf8};
use super::table::{Column, Table, Texts, Values};
use crate::problems::{Problem, Problems, Severity};

/// Cells (rows × columns) that are kept at most: a file whose every line has keys of its own would fill the memory.
const MAX_CELLS: usize = 500_000_000;

/// Reads one JSON Lines file. Problems of its form are added to `problems`; `None` where no table can be had.
pub fn read(name: &str, file: &str, bytes: &[u8], problems: &mut Problems) -> Option<Table> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = utf8(file, bytes, problems)?;
    let mut rows = Rows::default();
    let mut lines = Vec::new();
    let mut sound = true;
    for (n, line) in text.split('\n').enumerate() {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        if let Err(reason) = rows.add(line) {
            let remedy = "write one JSON object on each line, values as text, numbers, true, false or null";
            let problem = Problem::new(Severity::Error, "malformed-line", file, reason, remedy);
            problems.push(problem.at(n as u64 + 1));
            sound = false;
            continue;
        }
        lines.push(n as u64 + 1);
        if rows.columns.len() > MAX_COLUMNS || rows.columns.len().saturating_mul(lines.len()) > MAX_CELLS {
            problems.push(too_many_columns(file, rows.columns.len()).at(n as u64 + 1));
            return None;
        }
    }
    if lines.is_empty() && sound {
        problems.push(empty(name, file));
    }
    if lines.is_empty() || !sound {
        return None;
    }
    Some(Table { name: name.to_owned(), file: file.to_owned(), columns: rows.finish(), lines })
}

/// Columns that grow line by line.
#[derive(Default)]
struct Rows {
    columns: Vec<Growing>,
    by_name: HashMap<String, usize>,
    /// Number of rows that are complete.
    len: usize,
    /// Column that is expected next: lines mostly repeat the order of their keys.
    next: usize,
}

/// One column while it grows: its type is unknown until a value comes.
struct Growing {
    name: String,
    values: Option<Values>,
    /// Rows written, missing ones among them; more than `Rows::len` means that this line has set it already.
    rows: usize,
}

/// One JSON value that fits a cell.
enum Cell<'a> {
    Missing,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Cow<'a, str>),
}

impl Rows {
    /// Adds one line; its values are all missing where it cannot be read.
    fn add(&mut self, line: &str) -> Result<(), String> {
        let mut json = serde_json::Deserializer::from_str(line);
        self.next = 0;
        let read = json.deserialize_map(Object { rows: self, path: "" }).and_then(|()| json.end());
        self.len += 1;
        read.map_err(|e| {
            let column = e.column();
            let text = e.to_string();
            let reason = text.split(" at line ").next().unwrap_or(&text);
            if column == 0 { reason.to_owned() } else { format!("{reason} (character {column} of the line)") }
        })
    }

    /// Sets the cell `name` of the current line; false where the line has set it before.
    fn set(&mut self, name: &str, cell: Cell) -> bool {
        let c = match self.columns.get(self.next) {
            Some(column) if column.name == name => self.next,
            _ => *self.by_name.entry(name.to_owned()).or_insert_with(|| {
                self.columns.push(Growing { name: name.to_owned(), values: None, rows: 0 });
                self.columns.len() - 1
            }),
        };
        self.next = c + 1;
        let row = self.len;
        self.columns.get_mut(c).is_some_and(|column| column.set(row, cell))
    }

    fn finish(self) -> Vec<Column> {
        let len = self.len;
        let finish = |mut column: Growing| {
            column.pad(len);
            let values = column.values.unwrap_or_else(|| Values::Text(std::iter::repeat_n("", len).collect()));
            Column { name: column.name.clone(), original: column.name, values }
        };
        self.columns.into_iter().map(finish).collect()
    }
}

impl Growing {
    /// Fills up with missing values to `rows` rows.
    fn pad(&mut self, rows: usize) {
        match &mut self.values {
            None => {}
            Some(Values::Text(v)) => (v.len()..rows).for_each(|_| v.push("")),
            Some(Values::Float(v)) => v.resize(rows, None),
            Some(Values::Int(v)) => v.resize(rows, None),
            Some(Values::Bool(v)) => v.resize(rows, None),
        }
        self.rows = rows;
    }

    fn set(&mut self, row: usize, cell: Cell) -> bool {
        if self.rows > row {
            return false;
        }
        self.pad(row);
        self.rows = row + 1;
        match (&mut self.values, cell) {
            (values, Cell::Missing) => {
                if values.is_some() {
                    self.pad(row + 1);
                }
            }
            (Some(Values::Text(v)), cell) => v.push(&cell.text()),
            (Some(Values::Float(v)), Cell::Float(x)) => v.push(Some(x)),
            #[allow(clippy::cast_precision_loss)]
            (Some(Values::Float(v)), Cell::Int(x)) => v.push(Some(x as f64)),
            (Some(Values::Int(v)), Cell::Int(x)) => v.push(Some(x)),
            (Some(Values::Bool(v)), Cell::Bool(x)) => v.push(Some(x)),
            (values, cell) => *values = Some(widen(values.take(), row, cell)),
        }
        true
    }
}

/// `values` of `rows` rows and one cell of another type, in the narrowest type that holds both.
fn widen(values: Option<Values>, rows: usize, cell: Cell) -> Values {
    match (values, cell) {
        (None, Cell::Bool(x)) => Values::Bool(missing_then(rows, x)),
        (None, Cell::Int(x)) => Values::Int(missing_then(rows, x)),
        (None, Cell::Float(x)) => Values::Float(missing_then(rows, x)),
        #[allow(clippy::cast_precision_loss)]
        (Some(Values::Int(v)), Cell::Float(x)) => {
            let mut floats: Vec<Option<f64>> = v.into_iter().map(|n| n.map(|n| n as f64)).collect();
            floats.push(Some(x));
            Values::Float(floats)
        }
        (values, cell) => {
            let old = values.map(|values| Column { name: String::new(), original: String::new(), values });
            let mut texts = Texts::default();
            for row in 0..rows {
                texts.push(&old.as_ref().and_then(|c| c.text(row)).unwrap_or_default());
            }
            texts.push(&cell.text());
            Values::Text(texts)
        }
    }
}

fn missing_then<T: Copy>(rows: usize, value: T) -> Vec<Option<T>> {
    let mut out = vec![None; rows];
    out.push(Some(value));
    out
}

impl Cell<'_> {
    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Missing => Cow::Borrowed(""),
            Self::Bool(x) => Cow::Borrowed(if *x { "true" } else { "false" }),
            Self::Int(x) => Cow::Owned(x.to_string()),
            Self::Float(x) => Cow::Owned(x.to_string()),
            Self::Text(x) => Cow::Borrowed(x),
        }
    }
}

/// Reads an object into the columns below `path`.
struct Object<'r, 'p> {
    rows: &'r mut Rows,
    path: &'p str,
}

impl<'de> Visitor<'de> for Object<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("one JSON object per line")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Key(key)) = map.next_key()? {
            let path = if self.path.is_empty() { key } else { Cow::Owned(format!("{}.{key}", self.path)) };
            map.next_value_seed(Value { rows: self.rows, path: &path })?;
        }
        Ok(())
    }
}

/// A key, borrowed from the line where it holds no escapes.
struct Key<'de>(Cow<'de, str>);

impl<'de> serde::Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E: serde::de::Error>(self, key: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(key)))
            }

            fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

/// Reads the value of the key `path`.
struct Value<'r, 'p> {
    rows: &'r mut Rows,
    path: &'p str,
}

impl Value<'_, '_> {
    fn set<E: serde::de::Error>(self, cell: Cell) -> Result<(), E> {
        if self.rows.set(self.path, cell) {
            Ok(())
        } else {
            Err(E::custom(format!("the key \"{}\" stands twice in the line", self.path)))
        }
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("text, a number, true, false, null or an object")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.set(Cell::Missing)
    }

    fn visit_bool<E: serde::de::Error>(self, x: bool) -> Result<(), E> {
        self.set(Cell::Bool(x))
    }

    fn visit_i64<E: serde::de::Error>(self, x: i64) -> Result<(), E> {
        self.set(Cell::Int(x))
    }

    fn visit_u64<E: serde::de::Error>(self, x: u64) -> Result<(), E> {
        // Beyond i64 it is an id, not a quantity: keep every digit.
        self.set(i64::try_from(x).map_or_else(|_| Cell::Text(x.to_string().into()), Cell::Int))
    }

    fn visit_f64<E: serde::de::Error>(self, x: f64) -> Result<(), E> {
        self.set(Cell::Float(x))
    }

    fn visit_str<E: serde::de::Error>(self, x: &str) -> Result<(), E> {
        self.set(Cell::Text(x.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        Object { rows: self.rows, path: self.path }.visit_map(map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        Err(A::Error::custom(format!("the key \"{}\" holds a list; a cell holds one value", self.path)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        let mut problems = Problems::default();
        let table = read("answers", "answers.jsonl", text.as_bytes(), &mut problems);
        assert_eq!(problems.count(Severity::Error), 0, "{problems}");
        table.unwrap()
    }

    fn errors(text: &str) -> Vec<(Option<u64>, String)> {
        let mut problems = Problems::default();
        assert!(read("answers", "answers.jsonl", text.as_bytes(), &mut problems).is_none());
        problems.of(Severity::Error).map(|p| (p.row, p.message.clone())).collect()
    }

    #[test]
    fn late_keys_and_nested_objects_are_kept() {
        let mut text = String::new();
        for row in 0..300 {
            text.push_str(&format!("{{\"item_id\":\"i{row}\",\"answers\":{{\"q0\":\"yes\"}}}}\n"));
        }
        text.push_str("\r\n{\"answers\":{\"q1\":0.5},\"item_id\":7,\"late\":true}");
        let table = table(&text);
        assert_eq!(table.len(), 301);
        assert_eq!(table.lines[300], 302);
        let names: Vec<_> = table.originals().collect();
        assert_eq!(names, ["item_id", "answers.q0", "answers.q1", "late"]);
        assert_eq!(table.column("item_id").unwrap().text(300).unwrap(), "7", "mixed ids are text");
        assert_eq!(table.column("answers.q1").unwrap().values.len(), 301);
        assert_eq!(table.column("answers.q0").unwrap().text(300), None);
    }

    #[test]
    fn types_are_unified_over_all_lines() {
        let table = table("{\"a\":1,\"b\":null,\"c\":true}\n{\"a\":0.5,\"b\":2,\"c\":\"no\"}\n{\"c\":3}\n");
        assert_eq!(table.columns[0].values, Values::Float(vec![Some(1.0), Some(0.5), None]));
        assert_eq!(table.columns[1].values, Values::Int(vec![None, Some(2), None]));
        assert_eq!(table.columns[2].values, Values::text(["true", "no", "3"]));
    }

    #[test]
    fn every_bad_line_is_named() {
        let found = errors("{\"a\":1}\n{\"a\":}\n[1]\n{\"a\":[1]}\n{\"a\":1,\"a\":2}\n{\"a\":NaN}\n{\"a\":1} x\n");
        assert_eq!(found.iter().map(|(row, _)| row.unwrap()).collect::<Vec<_>>(), [2, 3, 4, 5, 6, 7]);
        assert!(found[1].1.contains("one JSON object per line"), "{}", found[1].1);
        assert!(found[2].1.contains("holds a list"));
        assert!(found[3].1.contains("stands twice"));
    }

    #[test]
    fn deep_nesting_is_refused_not_followed() {
        let deep = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
        assert!(errors(&deep)[0].1.contains("recursion"));
    }
}
