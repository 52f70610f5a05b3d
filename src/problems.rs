//! What is wrong, or only odd, in the data: collected all at once, counted exactly, shown capped.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// How many problems of one rule are kept with their position; the rest are only counted.
pub const KEPT_PER_RULE: usize = 20;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The data cannot be used (exit code 3).
    Error,
    /// The data can be used; somebody should look (exit code 0, or 3 with `--strict` where the rule says so).
    Warning,
    /// Something that was decided or accepted, said so that nobody is surprised.
    Note,
}

/// One problem at one place.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// Stable name of the rule that was broken, for example `unknown-item`.
    pub rule: &'static str,
    /// File the problem is in, relative to the data set's folder.
    pub file: String,
    /// Line (CSV, JSONL) or row (Parquet) in the file, from 1.
    pub row: Option<u64>,
    /// Column as named in the file.
    pub column: Option<String>,
    /// The offending value, as read.
    pub value: Option<String>,
    /// What the rule says about this value, in one sentence.
    pub message: String,
    /// What the user can do.
    pub remedy: String,
}

impl Problem {
    /// A problem of `file` under `rule`; add the position with the `at` and `cell` methods.
    pub fn new(
        severity: Severity,
        rule: &'static str,
        file: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            severity,
            rule,
            file: file.into(),
            row: None,
            column: None,
            value: None,
            message: message.into(),
            remedy: remedy.into(),
        }
    }

    /// Adds the line or row.
    #[must_use]
    pub fn at(mut self, row: u64) -> Self {
        self.row = Some(row);
        self
    }

    /// Adds the column and the offending value.
    #[must_use]
    pub fn cell(mut self, column: impl Into<String>, value: impl Into<String>) -> Self {
        self.column = Some(column.into());
        self.value = Some(value.into());
        self
    }
}

impl fmt::Display for Problem {
    /// `items.csv:12, column item_id, value "x": message. Remedy.` Control characters in names and values are escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", visible(&self.file))?;
        if let Some(row) = self.row {
            write!(f, ":{row}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ", column {}", visible(column))?;
        }
        if let Some(value) = &self.value {
            write!(f, ", value \"{}\"", visible(value))?;
        }
        write!(f, ": {}", visible(&self.message))?;
        if !self.remedy.is_empty() {
            write!(f, " → {}", visible(&self.remedy))?;
        }
        Ok(())
    }
}

/// All problems of one data set: exact counts for every rule, and the first few of each with their place.
#[derive(Debug, Clone, Default, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Problems {
    /// Number of problems by severity and rule.
    counts: BTreeMap<Severity, BTreeMap<&'static str, u64>>,
    /// The first [`KEPT_PER_RULE`] of each rule, in the order in which they were found.
    kept: Vec<Problem>,
}

impl Problems {
    /// Adds one problem.
    pub fn push(&mut self, problem: Problem) {
        let count = self.counts.entry(problem.severity).or_default().entry(problem.rule).or_default();
        *count += 1;
        if *count <= KEPT_PER_RULE as u64 {
            self.kept.push(problem);
        }
    }

    /// Adds all of `other` after these.
    pub fn extend(&mut self, other: Problems) {
        for (severity, rules) in other.counts {
            for (rule, count) in rules {
                *self.counts.entry(severity).or_default().entry(rule).or_default() += count;
            }
        }
        self.kept.extend(other.kept);
    }

    /// Adds what `more` knows to the messages of the problems that were kept.
    pub fn annotate(&mut self, more: impl Fn(&Problem) -> Option<String>) {
        for problem in &mut self.kept {
            if let Some(more) = more(problem) {
                problem.message = format!("{}; {more}", problem.message);
            }
        }
    }

    /// Number of problems of this severity.
    pub fn count(&self, severity: Severity) -> u64 {
        self.counts.get(&severity).map_or(0, |rules| rules.values().sum())
    }

    /// Number of problems under this rule, whatever the severity.
    pub fn count_rule(&self, rule: &str) -> u64 {
        self.counts.values().filter_map(|rules| rules.get(rule)).sum()
    }

    /// Whether the data cannot be used.
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// Exact counts by rule of one severity.
    pub fn rules(&self, severity: Severity) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.counts.get(&severity).into_iter().flatten().map(|(&rule, &count)| (rule, count))
    }

    /// The problems that were kept with their place, of one severity.
    pub fn of(&self, severity: Severity) -> impl Iterator<Item = &Problem> + '_ {
        self.kept.iter().filter(move |p| p.severity == severity)
    }
}

impl fmt::Display for Problems {
    /// The errors: the first twenty with their place, then the exact counts by rule.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.count(Severity::Error);
        writeln!(f, "{total} {} in the data", if total == 1 { "error" } else { "errors" })?;
        for problem in self.of(Severity::Error).take(KEPT_PER_RULE) {
            writeln!(f, "  {problem}")?;
        }
        if total > KEPT_PER_RULE as u64 {
            writeln!(f, "  … and {} more; by rule:", total - KEPT_PER_RULE as u64)?;
            for (rule, count) in self.rules(Severity::Error) {
                writeln!(f, "    {rule}: {count}")?;
            }
        }
        Ok(())
    }
}

/// `text` with control characters and bidirectional overrides made visible (`\u{1b}`), cut after 200 characters:
/// names and prompts are hostile until shown otherwise.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (n, c) in text.chars().enumerate() {
        if n == 200 {
            out.push('…');
            break;
        }
        let bidi = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
        if c.is_control() || bidi {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_stay_exact_when_the_list_is_capped() {
        let mut problems = Problems::default();
        for row in 0..1000 {
            problems.push(Problem::new(Severity::Error, "unknown-item", "pairs.csv", "m", "r").at(row));
        }
        assert_eq!(problems.count(Severity::Error), 1000);
        assert_eq!(problems.of(Severity::Error).count(), KEPT_PER_RULE);
        assert!(problems.to_string().contains("and 980 more"));
    }

    #[test]
    fn terminal_escapes_are_made_visible() {
        assert_eq!(visible("a\u{1b}]0;x\u{202e}"), "a\\u{1b}]0;x\\u{202e}");
    }
}
