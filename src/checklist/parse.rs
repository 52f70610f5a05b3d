//! A checklist's TOML → a sketch with line numbers; every problem of form at once.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::problems::{Problem, Problems, Severity};

/// A value and the line it stands on, from 1.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mark<T> {
    pub value: T,
    pub line: u64,
}

/// What the file says, read but not yet checked against itself.
#[derive(Debug, Default)]
pub(super) struct Sketch {
    pub name: Option<Mark<String>>,
    /// The judge's order of all ids, where it differs from the order of appearance.
    pub order: Option<Vec<Mark<String>>>,
    pub dimensions: Vec<DimensionSketch>,
    pub gates: Vec<GateSketch>,
}

#[derive(Debug)]
pub(super) struct DimensionSketch {
    pub id: Mark<String>,
    pub ladders: Vec<LadderSketch>,
}

#[derive(Debug)]
pub(super) struct LadderSketch {
    pub id: Mark<String>,
    pub range: Option<Mark<[f64; 2]>>,
    /// Hardest first.
    pub questions: Vec<QuestionSketch>,
}

#[derive(Debug)]
pub(super) struct QuestionSketch {
    pub id: Mark<String>,
    pub label: Option<Mark<String>>,
    pub text: Option<Mark<String>>,
    pub threshold: Option<Mark<f64>>,
    pub sha256: Option<Mark<String>>,
}

#[derive(Debug)]
pub(super) struct GateSketch {
    pub question: Mark<String>,
    pub hides: Vec<Mark<String>>,
    pub feature: bool,
}

/// Reads `text`; the sketch holds what could be understood, the problems say what could not.
pub(super) fn parse(text: &str, file: &str) -> (Sketch, Problems) {
    let mut reader = Reader::new(text, file);
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let line = error.span().map_or(1, |span| reader.line(span.start));
        reader.problem("toml", line, error.message().to_owned(), "write it as TOML");
    }
    if reader.problems.has_errors() {
        return (Sketch::default(), reader.problems);
    }
    let sketch = reader.checklist(document.get_ref());
    (sketch, reader.problems)
}

struct Reader<'a> {
    file: &'a str,
    /// Byte offset at which each line starts.
    starts: Vec<usize>,
    problems: Problems,
}

/// A table of the document with the words for messages about it.
struct Place<'t, 'i> {
    what: String,
    line: u64,
    table: &'t DeTable<'i>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, file: &'a str) -> Self {
        let newlines = text.bytes().enumerate().filter(|&(_, b)| b == b'\n').map(|(i, _)| i + 1);
        Self { file, starts: std::iter::once(0).chain(newlines).collect(), problems: Problems::default() }
    }

    fn line(&self, offset: usize) -> u64 {
        self.starts.partition_point(|&start| start <= offset) as u64
    }

    fn problem(&mut self, rule: &'static str, line: u64, message: impl Into<String>, remedy: &str) {
        self.problems.push(Problem::new(Severity::Error, rule, self.file, message, remedy).at(line));
    }

    fn checklist(&mut self, table: &DeTable<'_>) -> Sketch {
        let top = Place { what: "the checklist".to_owned(), line: 1, table };
        self.refuse_unknown(&top, &["name", "order", "dimension", "gate"]);
        let mut sketch =
            Sketch { name: self.string(&top, "name", true), order: self.strings(&top, "order"), ..Sketch::default() };
        for place in self.tables(&top, "dimension", "dimension") {
            sketch.dimensions.extend(self.dimension(&place));
        }
        for place in self.tables(&top, "gate", "gate") {
            sketch.gates.extend(self.gate(&place));
        }
        sketch
    }

    fn dimension(&mut self, place: &Place<'_, '_>) -> Option<DimensionSketch> {
        self.refuse_unknown(place, &["id", "ladder"]);
        let id = self.string(place, "id", true);
        let mut ladders = Vec::new();
        for ladder in self.tables(place, "ladder", "ladder") {
            ladders.extend(self.ladder(&ladder));
        }
        Some(DimensionSketch { id: id?, ladders })
    }

    fn ladder(&mut self, place: &Place<'_, '_>) -> Option<LadderSketch> {
        self.refuse_unknown(place, &["id", "range", "questions"]);
        let id = self.string(place, "id", true);
        let range = self.range(place);
        let mut questions = Vec::new();
        for question in self.tables(place, "questions", "question") {
            questions.extend(self.question(&question));
        }
        Some(LadderSketch { id: id?, range, questions })
    }

    fn question(&mut self, place: &Place<'_, '_>) -> Option<QuestionSketch> {
        self.refuse_unknown(place, &["id", "label", "text", "threshold", "sha256"]);
        let id = self.string(place, "id", true);
        let label = self.string(place, "label", false);
        let text = self.string(place, "text", false);
        let threshold = self.number(place, "threshold");
        let sha256 = self.string(place, "sha256", false);
        Some(QuestionSketch { id: id?, label, text, threshold, sha256 })
    }

    fn gate(&mut self, place: &Place<'_, '_>) -> Option<GateSketch> {
        self.refuse_unknown(place, &["question", "hides", "feature"]);
        let question = self.string(place, "question", true);
        let hides = self.strings(place, "hides").unwrap_or_default();
        let feature = match self.value(place, "feature") {
            None => true,
            Some((value, line)) => value.as_bool().unwrap_or_else(|| {
                self.wrong_type(place, "feature", line, "true or false");
                true
            }),
        };
        Some(GateSketch { question: question?, hides, feature })
    }

    fn refuse_unknown(&mut self, place: &Place<'_, '_>, allowed: &[&str]) {
        for key in place.table.keys().filter(|key| !allowed.contains(&key.get_ref().as_ref())) {
            let line = self.line(key.span().start);
            let message = format!("{} has no key `{}`", place.what, key.get_ref());
            self.problem("unknown-key", line, message, &format!("the keys are {}", allowed.join(", ")));
        }
    }

    fn value<'t, 'i>(&self, place: &Place<'t, 'i>, key: &str) -> Option<(&'t DeValue<'i>, u64)> {
        let found = place.table.iter().find(|(name, _)| name.get_ref() == key);
        found.map(|(name, value)| (value.get_ref(), self.line(name.span().start)))
    }

    fn wrong_type(&mut self, place: &Place<'_, '_>, key: &str, line: u64, expected: &str) {
        let message = format!("`{key}` of {} is not {expected}", place.what);
        self.problem("wrong-type", line, message, &format!("write {expected}"));
    }

    fn string(&mut self, place: &Place<'_, '_>, key: &str, required: bool) -> Option<Mark<String>> {
        match self.value(place, key) {
            Some((DeValue::String(text), line)) if !text.trim().is_empty() => {
                Some(Mark { value: text.trim().to_owned(), line })
            }
            Some((_, line)) => {
                self.wrong_type(place, key, line, "a text that is not empty, in quotes");
                None
            }
            None => {
                if required {
                    let message = format!("{} has no `{key}`", place.what);
                    self.problem("missing-key", place.line, message, &format!("add {key} = \"…\""));
                }
                None
            }
        }
    }

    fn number(&mut self, place: &Place<'_, '_>, key: &str) -> Option<Mark<f64>> {
        let (value, line) = self.value(place, key)?;
        let number = finite(value);
        if number.is_none() {
            self.wrong_type(place, key, line, "a finite number");
        }
        Some(Mark { value: number?, line })
    }

    fn range(&mut self, place: &Place<'_, '_>) -> Option<Mark<[f64; 2]>> {
        let (value, line) = self.value(place, "range")?;
        let ends: Vec<f64> =
            value.as_array().into_iter().flat_map(|list| list.iter()).filter_map(|v| finite(v.get_ref())).collect();
        let given = value.as_array().map_or(0, |list| list.iter().count());
        match ends[..] {
            [low, high] if given == 2 && low < high => Some(Mark { value: [low, high], line }),
            _ => {
                self.wrong_type(place, "range", line, "[lowest, highest] with lowest < highest");
                None
            }
        }
    }

    fn strings(&mut self, place: &Place<'_, '_>, key: &str) -> Option<Vec<Mark<String>>> {
        let (value, line) = self.value(place, key)?;
        let Some(list) = value.as_array() else {
            self.wrong_type(place, key, line, "a list of ids in quotes");
            return None;
        };
        let mut marks = Vec::new();
        for entry in list.iter() {
            let line = self.line(entry.span().start);
            match entry.get_ref() {
                DeValue::String(text) => marks.push(Mark { value: text.trim().to_owned(), line }),
                _ => self.wrong_type(place, key, line, "a list of ids in quotes"),
            }
        }
        Some(marks)
    }

    /// The tables of an array (`[[key]]` or a list of inline tables), with words for messages.
    fn tables<'t, 'i>(&mut self, place: &Place<'t, 'i>, key: &str, what: &str) -> Vec<Place<'t, 'i>> {
        let Some((value, line)) = self.value(place, key) else { return Vec::new() };
        let Some(list) = value.as_array() else {
            self.wrong_type(place, key, line, "a list of tables");
            return Vec::new();
        };
        let mut places = Vec::new();
        for (n, entry) in list.iter().enumerate() {
            match entry.get_ref() {
                DeValue::Table(table) => places.push(self.place(place, what, n, entry, table)),
                _ => {
                    let line = self.line(entry.span().start);
                    self.wrong_type(place, key, line, "a list of tables");
                }
            }
        }
        places
    }

    fn place<'t, 'i>(
        &self,
        parent: &Place<'t, 'i>,
        what: &str,
        n: usize,
        entry: &Spanned<DeValue<'i>>,
        table: &'t DeTable<'i>,
    ) -> Place<'t, 'i> {
        // An array-of-tables entry may span its header only or its content; the first key is the surest mark.
        let first_key = table.keys().map(|key| key.span().start).min();
        let line = self.line(first_key.map_or(entry.span().start, |key| key.min(entry.span().start.max(1))));
        let name = table.iter().find(|(key, _)| matches!(key.get_ref().as_ref(), "id" | "question"));
        let own = match name.and_then(|(_, value)| value.get_ref().as_str()) {
            Some(id) => format!("{what} \"{id}\""),
            None => format!("{what} number {}", n + 1),
        };
        let what = if parent.what == "the checklist" { own } else { format!("{own} of {}", parent.what) };
        Place { what, line, table }
    }
}

fn finite(value: &DeValue<'_>) -> Option<f64> {
    let number: f64 = match value {
        DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().parse().ok()?,
        DeValue::Float(float) => float.as_str().parse().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}
