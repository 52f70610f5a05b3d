//! Is a report what its tables of scores and labels say? The whole evaluation is computed again from them
//! and compared; so are the sentences, tables and pages that show it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::artefact::{Artefact, LABELS, SCORERS, SCORES};
use super::artefact_facts::{CURVES, ITEMS, RATINGS, UNSEEN};
use super::folder::{changed_files, files_below};
use super::published::{self, PublishedTable};
use super::{Methods, Report, methods as how, verdict};
use crate::evaluate::{Evaluation, recount};
use crate::output::FOLDER_MARK;
use crate::{Error, Result};

/// Two numbers that differ by less than this share of the larger one are equal: other processors round `ln` and `exp`
/// differently in the last digit.
const TOLERANCE: f64 = 1e-12;

/// What was compared, and what differs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Verification {
    /// Heading of the report.
    pub title: String,
    /// What was computed again, and how many numbers of it agree.
    pub checked: Vec<Checked>,
    /// Every difference.
    pub differences: Vec<Difference>,
    /// What a report does not hold enough to compute again.
    pub not_checked: Vec<String>,
    /// File that is being compared, and its part.
    #[serde(skip)]
    pub(super) place: String,
}

/// One part of a report that was computed again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Checked {
    /// Which.
    pub part: String,
    /// Values compared.
    pub values: usize,
}

/// A value of the report that is not what its tables give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Difference {
    /// Where: `report.json: rows, overall, head, tau, value`, or a file.
    pub place: String,
    /// What the report says.
    pub stored: String,
    /// What follows from its tables.
    pub derived: String,
}

impl Verification {
    /// Whether everything that was compared agrees.
    pub fn agrees(&self) -> bool {
        self.differences.is_empty()
    }

    pub(super) fn differ(&mut self, place: impl Into<String>, stored: impl Into<String>, derived: impl Into<String>) {
        let (place, stored, derived) = (place.into(), stored.into(), derived.into());
        self.differences.push(Difference { place, stored, derived });
    }

    /// Notes once what a report does not hold enough for.
    pub(super) fn leave_unchecked(&mut self, what: impl Into<String>) {
        let what = what.into();
        if !self.not_checked.contains(&what) {
            self.not_checked.push(what);
        }
    }

    pub(super) fn count(&mut self, part: &str, values: usize) {
        match self.checked.iter_mut().find(|known| known.part == part) {
            Some(known) => known.values += values,
            None => self.checked.push(Checked { part: part.to_owned(), values }),
        }
    }
}

/// Computes the numbers of the report in `folder` again.
///
/// # Errors
/// [`Error::Usage`] where `folder` holds no report; [`Error::Data`] where it cannot be read as one of this version;
/// [`Error::Io`] where files cannot be read. A difference is no error here.
pub fn verify(folder: &Path) -> Result<Verification> {
    if folder.join("suite.json").is_file() {
        return super::verify_suite::verify(folder);
    }
    if !folder.join("report.json").is_file() {
        let message = "holds no report.json: give the folder that `headfit report -o` wrote";
        return Err(Error::Usage(format!("{} {message}", folder.display())));
    }
    let report = Report::read(folder)?;
    let artefact = Artefact::read(folder)?;
    let mut found =
        Verification { title: report.title.clone(), place: "report.json".into(), ..Verification::default() };
    evaluation(&report.evaluation, &artefact, &mut found)?;
    methods(&report, &mut found)?;
    heads(&report, &mut found);
    sentences(&report, &mut found);
    published_tables(&report.published, &mut found)?;
    pages(folder, &report, &mut found)?;
    touched_files(folder, &mut found)?;
    needs_the_answers(&report, &mut found);
    Ok(found)
}

/// What follows from nothing but the data set itself.
fn needs_the_answers(report: &Report, found: &mut Verification) {
    if !report.heads.is_empty() {
        found
            .leave_unchecked("weights, their intervals, λ and certificates of the heads: they follow from the answers");
    }
    if !report.evaluation.curves.is_empty() || !report.evaluation.unseen.is_empty() {
        found.leave_unchecked(
            "what refitted heads earned by prompt (tables/curves.csv, tables/unseen.csv): it follows from the answers",
        );
    }
    if report.audit.is_some() {
        found.leave_unchecked("findings of the audit: they follow from answers, annotators and weights");
    }
    found.leave_unchecked("counts, patterns and hashes of the data");
}

/// How the numbers were made follows from the evaluation; formulas are those of this version of the program.
fn methods(report: &Report, found: &mut Verification) -> Result<()> {
    let own = &report.methods;
    let derived = how::methods(&report.evaluation, &report.card, own.command.clone(), own.options.clone());
    if own.program_version != derived.program_version {
        return Ok(());
    }
    let json = |m: &Methods| serde_json::to_value(m).map_err(|e| Error::Bug(format!("methods: {e}")));
    let mut values = 0;
    compare(&mut vec!["methods".into()], &json(own)?, &json(&derived)?, &mut values, found);
    found.count("methods", values);
    Ok(())
}

/// What a head says of itself follows from its weights.
fn heads(report: &Report, found: &mut Verification) {
    for head in &report.heads {
        let used = head.weights.iter().filter(|w| w.weight != 0.0).count();
        if used != head.used {
            let place = format!("{}: heads, {}, used", found.place, head.dimension);
            found.differ(place, head.used.to_string(), used.to_string());
        }
    }
    found.count("weights that are not zero, counted", report.heads.len());
}

/// Rows, floors, comparisons and whatever else follows from scores and labels; notes that follow from them.
pub(super) fn evaluation(stored: &Evaluation, artefact: &Artefact, found: &mut Verification) -> Result<()> {
    let derived = recount(stored, &artefact.scores(stored.missing_score_equal)?)?;
    let as_map = |evaluation: &Evaluation| match serde_json::to_value(evaluation) {
        Ok(Value::Object(map)) => Ok(map),
        other => Err(Error::Bug(format!("evaluation: {other:?}"))),
    };
    let (stored_map, mut derived_map) = (as_map(stored)?, as_map(&derived)?);
    for (key, value) in &stored_map {
        let derived = derived_map.remove(key).unwrap_or(Value::Null);
        if key == "notes" {
            missing_notes(value, &derived, found);
        } else {
            let mut values = 0;
            compare(&mut vec![key.clone()], value, &derived, &mut values, found);
            if value.is_array() || value.is_object() {
                found.count(key, values);
            }
        }
    }
    Ok(())
}

/// Notes that follow from the scores must stand in the report; it may hold others.
fn missing_notes(stored: &Value, derived: &Value, found: &mut Verification) {
    let texts = |v: &Value| -> Vec<String> {
        v.as_array().into_iter().flatten().filter_map(|t| t.as_str().map(str::to_owned)).collect()
    };
    let stored: BTreeSet<String> = texts(stored).into_iter().collect();
    let derived = texts(derived);
    found.count("notes", derived.len());
    for note in derived.iter().filter(|note| !stored.contains(*note)) {
        found.differ(format!("{}: notes", found.place), "(no such note)", note);
    }
}

/// Compares two values, entries of lists by what they are about and not by their place.
pub(super) fn compare(
    at: &mut Vec<String>,
    stored: &Value,
    derived: &Value,
    values: &mut usize,
    found: &mut Verification,
) {
    let file = found.place.clone();
    let place = |at: &[String]| format!("{file}: {}", at.join(", "));
    match (stored, derived) {
        (Value::Object(s), Value::Object(d)) => {
            let keys: BTreeSet<&String> = s.keys().chain(d.keys()).collect();
            for key in keys {
                at.push(key.clone());
                compare(at, s.get(key).unwrap_or(&Value::Null), d.get(key).unwrap_or(&Value::Null), values, found);
                at.pop();
            }
        }
        (Value::Array(s), Value::Array(d)) => {
            let (s, d) = (by_name(s), by_name(d));
            let names: BTreeSet<&String> = s.keys().chain(d.keys()).collect();
            for name in names {
                at.push(name.clone());
                match (s.get(name), d.get(name)) {
                    (Some(s), Some(d)) => compare(at, s, d, values, found),
                    (Some(_), None) => {
                        found.differ(place(at), "stands in the report", "does not follow from its tables")
                    }
                    _ => found.differ(place(at), "is absent", "follows from the tables"),
                }
                at.pop();
            }
        }
        _ => {
            *values += 1;
            if !equal(stored, derived) {
                found.differ(place(at), stored.to_string(), derived.to_string());
            }
        }
    }
}

/// Entries of a list under their names: the texts that say what they are about, numbered where that is not enough.
fn by_name(list: &[Value]) -> BTreeMap<String, &Value> {
    const ABOUT: [&str; 12] = [
        "dataset",
        "dimension",
        "system",
        "scorer",
        "floor",
        "attribute",
        "by",
        "stratum",
        "axis",
        "statistic",
        "within",
        "protocol",
    ];
    let mut named = BTreeMap::new();
    for (number, entry) in list.iter().enumerate() {
        let about: Vec<&str> = ABOUT.iter().filter_map(|key| entry.get(*key)?.as_str()).collect();
        let name = if about.is_empty() { format!("entry {}", number + 1) } else { about.join(", ") };
        let free = (1..).map(|n| if n == 1 { name.clone() } else { format!("{name} ({n})") });
        if let Some(name) = free.into_iter().find(|name| !named.contains_key(name)) {
            named.insert(name, entry);
        }
    }
    named
}

fn equal(stored: &Value, derived: &Value) -> bool {
    match (stored.as_f64(), derived.as_f64()) {
        (Some(s), Some(d)) => (s - d).abs() <= TOLERANCE * s.abs().max(d.abs()),
        _ => stored == derived,
    }
}

/// The verdict follows from the numbers.
fn sentences(report: &Report, found: &mut Verification) {
    let derived = verdict::paragraphs(&report.evaluation, &report.heads, (&report.recovery, report.audit.as_ref()));
    paragraphs(&report.verdict, &derived, found);
}

pub(super) fn paragraphs(stored: &[String], derived: &[String], found: &mut Verification) {
    found.count("sentences of the verdict", derived.len());
    for number in 0..derived.len().max(stored.len()) {
        let [stored, derived] = [stored, derived].map(|list| list.get(number).cloned().unwrap_or_default());
        if stored != derived {
            found.differ(format!("{}: verdict, paragraph {}", found.place, number + 1), stored, derived);
        }
    }
}

/// Published numbers are those that the program knows.
pub(super) fn published_tables(stored: &[PublishedTable], found: &mut Verification) -> Result<()> {
    for table in stored {
        found.count("published numbers", table.rows.len());
        if published::table(&table.name).ok().as_ref() != Some(table) {
            found.differ(
                format!("{}: published, {}", found.place, table.name),
                "other rows",
                "the table that this version of headfit holds under that name",
            );
        }
    }
    Ok(())
}

/// The pages, charts and tables show what report.json holds. A page by another version of the program is not comparable.
fn pages(folder: &Path, report: &Report, found: &mut Verification) -> Result<()> {
    let version = &report.methods.program_version;
    if version != env!("CARGO_PKG_VERSION") {
        found.leave_unchecked(format!("pages, which headfit {version} wrote (this is {})", env!("CARGO_PKG_VERSION")));
        return Ok(());
    }
    let mut expected = report.files()?;
    let tables = [LABELS, SCORES, SCORERS, ITEMS, RATINGS, CURVES, UNSEEN];
    expected.retain(|(name, _)| name != FOLDER_MARK && !tables.contains(&name.as_str()));
    same_files(folder, expected, found)
}

/// Compares files with what they must hold.
pub(super) fn same_files(folder: &Path, expected: Vec<(String, Vec<u8>)>, found: &mut Verification) -> Result<()> {
    found.count("pages, charts and tables", expected.len());
    for (name, expected) in expected {
        let path = folder.join(&name);
        let stored = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                found.differ(name, "is absent", "follows from report.json");
                continue;
            }
            Err(e) => return Err(Error::io(&path)(e)),
        };
        if stored != expected {
            let (line, stored, derived) = first_difference(&stored, &expected);
            found.differ(format!("{name}, line {line}"), stored, derived);
        }
    }
    Ok(())
}

fn first_difference(stored: &[u8], expected: &[u8]) -> (usize, String, String) {
    let line = |bytes: &[u8], n: usize| -> String {
        let text = String::from_utf8_lossy(bytes);
        let line = text.lines().nth(n).unwrap_or("(end of file)").trim();
        let short: String = line.chars().take(160).collect();
        if short.len() < line.len() { format!("{short}…") } else { short }
    };
    let lines = |bytes: &[u8]| -> Vec<Vec<u8>> { bytes.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect() };
    let (s, e) = (lines(stored), lines(expected));
    let at = (0..s.len().max(e.len())).find(|&n| s.get(n) != e.get(n)).unwrap_or(0);
    (at + 1, line(stored, at), line(expected, at))
}

/// Files that are not as they were written: a hint at what was edited.
pub(super) fn touched_files(folder: &Path, found: &mut Verification) -> Result<()> {
    let Some(changed) = changed_files(folder)? else {
        found.differ(FOLDER_MARK, "is absent or unreadable", "lists the files of the report with their hashes");
        return Ok(());
    };
    found.count("files with their hashes", files_below(folder)?.len().saturating_sub(1));
    for (name, how) in changed {
        found.differ(name, how, "is as it was written");
    }
    Ok(())
}
