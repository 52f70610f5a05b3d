//! `dataset.toml`: reading it, and the checks that need no table.

use toml::de::{DeTable, DeValue};

use super::files::Files;
use super::table::list;
use super::{Dataset, Manifest};
use crate::Result;
use crate::checklist::Checklist;
use crate::problems::{Problem, Problems, Severity};

/// The tables of a data set.
pub const TABLES: [&str; 6] = ["items", "answers", "features", "ratings", "pairs", "scores"];

/// Names that no scorer may have, as they stand for our own scores.
pub const RESERVED_SCORERS: [&str; 2] = ["head", "mean"];

/// A manifest and the text it came from, for line numbers.
pub struct Declared {
    /// What it says; all defaults where there is none.
    pub manifest: Manifest,
    /// Its file name, for messages.
    pub file: String,
    /// Its bytes; `None` where there is no manifest.
    pub bytes: Option<Vec<u8>>,
    text: String,
}

/// Reads the manifest. `None`, and errors in `problems`, where it cannot be understood.
///
/// # Errors
/// As [`Files::manifest`].
pub fn read(files: &Files, problems: &mut Problems) -> Result<Option<Declared>> {
    let Some((file, bytes)) = files.manifest()? else {
        let file = super::files::MANIFEST.to_owned();
        return Ok(Some(Declared { manifest: Manifest::default(), file, bytes: None, text: String::new() }));
    };
    let plain = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let Some(text) = super::delimited::utf8(&file, plain, problems) else { return Ok(None) };
    let text = text.to_owned();
    match toml::from_str::<Manifest>(&text) {
        Ok(manifest) => {
            let mut declared = Declared { manifest, file, bytes: Some(bytes), text };
            declared.check(problems);
            declared.drop_bad_ranges();
            Ok(Some(declared))
        }
        Err(e) => {
            let remedy = "correct the line; `headfit init` writes a commented example";
            let problem = Problem::new(Severity::Error, "malformed-manifest", &file, e.message().trim(), remedy);
            problems.push(match e.span() {
                Some(span) => problem.at(line_at(&text, span.start)),
                None => problem,
            });
            Ok(None)
        }
    }
}

impl Declared {
    /// An error at the entry with this path of keys, for example `["columns", "items", "prompt_id"]`.
    pub fn error(
        &self,
        path: &[&str],
        rule: &'static str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Problem {
        self.problem(Severity::Error, path, rule, message, remedy)
    }

    /// A problem at the entry with this path of keys.
    pub fn problem(
        &self,
        severity: Severity,
        path: &[&str],
        rule: &'static str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Problem {
        let mut problem = Problem::new(severity, rule, &self.file, message, remedy);
        problem.column = Some(path.join("."));
        problem.row = self.line(path);
        problem
    }

    /// Line of the entry with this path of keys.
    fn line(&self, path: &[&str]) -> Option<u64> {
        let document = DeTable::parse(&self.text).ok()?;
        let mut table = document.get_ref();
        let mut start = None;
        for name in path {
            let (key, value) = table.iter().find(|(key, _)| key.get_ref() == name)?;
            start = Some(key.span().start);
            match value.get_ref() {
                DeValue::Table(inner) => table = inner,
                _ => break,
            }
        }
        start.map(|at| line_at(&self.text, at))
    }

    /// Checks what can be checked without the tables.
    fn check(&self, problems: &mut Problems) {
        let manifest = &self.manifest;
        for (section, names) in
            [("files", manifest.files.keys().collect::<Vec<_>>()), ("columns", manifest.columns.keys().collect())]
        {
            for name in names.into_iter().filter(|name| !TABLES.contains(&name.as_str())) {
                let message = format!("there is no table {name}; the tables are {}", list(TABLES));
                problems.push(self.error(&[section, name], "manifest-unknown-name", message, "correct the name"));
            }
        }
        for (from, to) in manifest.labels.iter().filter(|(_, to)| !["a", "b", "tie"].contains(&to.as_str())) {
            let message = format!("a label becomes a, b or tie, not \"{to}\"");
            problems.push(self.error(&["labels", from], "manifest-bad-value", message, "write a, b or tie"));
        }
        let source = manifest.features.as_deref();
        if let Some(source) = source.filter(|s| !["table", "answers", "both"].contains(s)) {
            let message = format!("features come from table, answers or both, not \"{source}\"");
            problems.push(self.error(&["features"], "manifest-bad-value", message, "write one of the three"));
        }
        let ratings = manifest.ratings.iter().map(|(name, rule)| ("ratings", name, rule.range, "range"));
        let scores = manifest.scores.iter().map(|(name, rule)| ("scores", name, rule.scale, "scale"));
        for (section, name, range, key) in ratings.chain(scores) {
            if range.is_some_and(|range| !is_range(range)) {
                let path = [section, name.as_str(), key];
                let message = "the lowest value must be below the highest, both finite";
                problems.push(self.error(&path, "manifest-bad-value", message, "write [lowest, highest]"));
            }
        }
    }

    /// Forgets ranges that make no sense, once they have been reported, so that no value is blamed for them.
    fn drop_bad_ranges(&mut self) {
        let sound = |range: &[f64; 2]| is_range(*range);
        self.manifest.ratings.values_mut().for_each(|rule| rule.range = rule.range.filter(sound));
        self.manifest.scores.values_mut().for_each(|rule| rule.scale = rule.scale.filter(sound));
    }

    /// Checks names that must stand in the data.
    pub fn check_names(&self, data: &Dataset, problems: &mut Problems) {
        let mut rated: Vec<&str> = Vec::new();
        for rating in &data.ratings {
            if rated.last() != Some(&rating.dimension.as_str()) && !rated.contains(&rating.dimension.as_str()) {
                rated.push(&rating.dimension);
            }
        }
        // A table whose rows were all refused has been reported already.
        let refused = |table: &str| data.inputs.iter().any(|input| input.table == table);
        let unrated =
            |name: &&String| if rated.is_empty() { !refused("ratings") } else { !rated.contains(&name.as_str()) };
        for name in self.manifest.ratings.keys().filter(unrated) {
            let message = format!("no rating has the dimension {name}; the ratings table has {}", list(&rated));
            problems.push(self.error(&["ratings", name], "manifest-unknown-name", message, "correct the name"));
        }
        let scorers = data.scores.as_ref().map(|t| t.names.as_slice()).unwrap_or_default();
        let unscored = |name: &&String| if scorers.is_empty() { !refused("scores") } else { !scorers.contains(name) };
        for name in self.manifest.scores.keys().filter(unscored) {
            let message = format!("there is no scorer {name}; the scores table has {}", list(scorers));
            problems.push(self.error(&["scores", name], "manifest-unknown-name", message, "correct the name"));
        }
    }

    /// The checklist that the manifest names, with the texts of its question file.
    ///
    /// # Errors
    /// [`crate::Error::Io`] where a file exists and cannot be read.
    pub fn checklist(&self, files: &Files, problems: &mut Problems) -> Result<Option<Checklist>> {
        let Some(name) = &self.manifest.checklist else {
            if self.manifest.question_file.is_some() {
                let message = "a question file needs a checklist whose questions it words";
                problems.push(self.error(&["question_file"], "manifest-bad-value", message, "add checklist = \"…\""));
            }
            return Ok(None);
        };
        let Some(mut checklist) = self.load_checklist(name, files, problems)? else { return Ok(None) };
        if let Some(file) = &self.manifest.question_file {
            let Some(bytes) = files.read_beside_manifest(file)? else {
                let message = format!("the question file {file} does not exist");
                problems.push(self.error(&["question_file"], "missing-file", message, "correct the name"));
                return Ok(Some(checklist));
            };
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
            if let Some(text) = super::delimited::utf8(file, bytes, problems) {
                let lines: Vec<&str> = text.trim_end().lines().collect();
                problems.extend(checklist.match_texts(&lines, file));
            }
        }
        Ok(Some(checklist))
    }

    fn load_checklist(&self, name: &str, files: &Files, problems: &mut Problems) -> Result<Option<Checklist>> {
        if let Some(checklist) = Checklist::preset(name) {
            return Ok(Some(checklist));
        }
        let Some(bytes) = files.read_beside_manifest(name)? else {
            let message = format!("{name} is neither a preset (visionreward-image, visionreward-video) nor a file");
            problems.push(self.error(&["checklist"], "missing-file", message, "correct the name"));
            return Ok(None);
        };
        let Some(text) = super::delimited::utf8(name, &bytes, problems) else { return Ok(None) };
        match Checklist::from_toml(text, name) {
            Ok(checklist) => Ok(Some(checklist)),
            Err(found) => {
                problems.extend(found);
                Ok(None)
            }
        }
    }
}

fn is_range([low, high]: [f64; 2]) -> bool {
    low.is_finite() && high.is_finite() && low < high
}

/// Line, from 1, of a byte of the text.
fn line_at(text: &str, byte: usize) -> u64 {
    text.bytes().take(byte).filter(|&b| b == b'\n').count() as u64 + 1
}
