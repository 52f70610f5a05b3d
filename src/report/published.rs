//! Numbers that others have published, with the rule behind each: shown beside measured numbers, never mixed with them.
//!
//! `datasets/published.csv` is built into the program.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::evaluate::{Evaluation, Protocol, Row};
use crate::{Error, Result};

const TABLE: &str = include_str!("../../datasets/published.csv");

/// One published number, as its source prints it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PublishedRow {
    /// Name of the table it belongs to.
    pub table: String,
    /// Benchmark.
    pub benchmark: String,
    /// The rule behind it: an id of ours where it is exactly that rule, else a name for it; `not-stated` where the source
    /// does not say.
    pub protocol: String,
    /// Part of the benchmark, or what is varied.
    pub split: String,
    /// Model, as the source calls it.
    pub model: String,
    /// What was measured, with its unit.
    pub metric: String,
    /// The number as printed.
    pub value: String,
    /// Items or pairs behind it, where the source says so.
    pub n: Option<usize>,
    /// Paper and table, or page.
    pub source: String,
    /// What to mind.
    pub note: String,
}

/// One table of published numbers, as a report shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PublishedTable {
    /// Name, as in `--published NAME`.
    pub name: String,
    /// The numbers.
    pub rows: Vec<PublishedRow>,
    /// Rows that cannot be right under the rules they claim.
    pub doubts: Vec<Doubt>,
}

/// A published row that breaks tau ≥ max(t, (1 − t)·diff) (definitions §3.2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Doubt {
    /// Benchmark.
    pub benchmark: String,
    /// Part of it.
    pub split: String,
    /// Model.
    pub model: String,
    /// What cannot be.
    pub reason: String,
}

/// All published numbers.
///
/// # Errors
/// [`Error::Bug`] where the built-in file is damaged.
pub fn all() -> Result<Vec<PublishedRow>> {
    let mut reader = ::csv::Reader::from_reader(TABLE.as_bytes());
    reader.deserialize().map(|row| row.map_err(|e| Error::Bug(format!("published.csv: {e}")))).collect()
}

/// Name, number of rows and sources of every table, in the order of the file.
///
/// # Errors
/// As [`all`].
pub fn names() -> Result<Vec<(String, usize, Vec<String>)>> {
    let mut names: Vec<(String, usize, Vec<String>)> = Vec::new();
    for row in all()? {
        let place = names.iter().position(|(name, ..)| *name == row.table).unwrap_or_else(|| {
            names.push((row.table.clone(), 0, Vec::new()));
            names.len() - 1
        });
        names[place].1 += 1;
        if !names[place].2.contains(&row.source) {
            names[place].2.push(row.source);
        }
    }
    Ok(names)
}

/// The table of this name, with its doubts.
///
/// # Errors
/// [`Error::Usage`] listing the names that exist.
pub fn table(name: &str) -> Result<PublishedTable> {
    let rows: Vec<PublishedRow> = all()?.into_iter().filter(|row| row.table == name).collect();
    if rows.is_empty() {
        let known: Vec<String> = names()?.into_iter().map(|(name, ..)| name).collect();
        return Err(Error::Usage(format!(
            "--published {name}: there is no such table; there are {}",
            known.join(", ")
        )));
    }
    Ok(PublishedTable { name: name.to_owned(), doubts: doubts(&rows), rows })
}

/// How much more than max(t, (1 − t)/2) a random scorer may reach, because its threshold is tuned on the pairs it is
/// scored on.
const OPTIMISM: f64 = 0.01;

/// Two numbers of a row, printed to `half` on either side.
struct Ties<'a> {
    model: &'a str,
    /// Smallest share of human ties under which the identity holds.
    low: f64,
    /// Largest one.
    high: f64,
    /// Rounding of either bound.
    slack: f64,
}

/// Rows that break the identity. Each row allows only shares of human ties t with 1 − with/without ≤ t ≤ with. A random
/// scorer reaches max(t, (1 − t)/2), so its row leaves two narrow bands for t; a row that fits neither cannot come from the
/// same pairs under the same formula. Without a random row, only a row that allows no t at all is named.
fn doubts(rows: &[PublishedRow]) -> Vec<Doubt> {
    let with_ties =
        |row: &&PublishedRow| [Protocol::Tau.id(), Protocol::VgrbWithTies.id()].contains(&row.protocol.as_str());
    let mut parts: BTreeMap<(&str, &str), Vec<Ties<'_>>> = BTreeMap::new();
    for with in rows.iter().filter(with_ties) {
        let same = |row: &&PublishedRow| {
            (&row.benchmark, &row.split, &row.model, &row.source)
                == (&with.benchmark, &with.split, &with.model, &with.source)
                && row.protocol == Protocol::Diff.id()
        };
        let Some(without) = rows.iter().find(same) else { continue };
        let (Some((w, half)), Some((d, _))) = (share(&with.value), share(&without.value)) else { continue };
        if d > 0.0 {
            let ties = Ties { model: &with.model, low: 1.0 - w / d, high: w, slack: 2.0 * half / d };
            parts.entry((&with.benchmark, &with.split)).or_default().push(ties);
        }
    }
    let mut found = Vec::new();
    for ((benchmark, split), part) in parts {
        let bands: Vec<[f64; 2]> = part.iter().find(|t| t.model == "Random").map_or(Vec::new(), |random| {
            let bands = [[random.high - OPTIMISM, random.high], [random.low, random.low + OPTIMISM]];
            bands.into_iter().filter(|[low, high]| *low >= 0.0 && *high <= 1.0).collect()
        });
        for row in &part {
            let fits = |[low, high]: &[f64; 2]| row.low - row.slack <= *high && row.high + row.slack >= *low;
            let percent = |share: f64| format!("{:.1} %", 100.0 * share);
            let reason = if row.low - row.slack > row.high {
                let (low, high) = (percent(row.low), percent(row.high));
                Some(format!("no share of ties fits: its numbers need at least {low} and at most {high}"))
            } else if !bands.is_empty() && !bands.iter().any(fits) {
                let allowed: Vec<String> =
                    bands.iter().map(|[low, high]| format!("{} to {}", percent(*low), percent(*high))).collect();
                Some(format!(
                    "its two numbers need a share of ties between {} and {}, the random scorer's row leaves {}",
                    percent(row.low),
                    percent(row.high),
                    allowed.join(" or ")
                ))
            } else {
                None
            };
            found.extend(reason.map(|reason| Doubt {
                benchmark: benchmark.to_owned(),
                split: split.to_owned(),
                model: row.model.to_owned(),
                reason: format!("{reason}; it cannot come from the same pairs under the same formula"),
            }));
        }
    }
    found
}

/// A printed per cent value as a share, and half a unit of its last digit.
fn share(printed: &str) -> Option<(f64, f64)> {
    let digits = printed.split_once('.').map_or(0, |(_, decimals)| decimals.len() as i32);
    printed.parse::<f64>().ok().map(|value| (value / 100.0, 0.5 * 10f64.powi(-digits) / 100.0))
}

/// A published table for reading: models down, benchmarks and rules across.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PublishedView {
    /// Name.
    pub name: String,
    /// What the first column holds and one heading per further column: benchmark and part, rule, metric.
    pub columns: Vec<[String; 3]>,
    /// Model and its numbers as printed; `–` where there is none.
    pub rows: Vec<Vec<String>>,
    /// Where the numbers come from.
    pub sources: Vec<String>,
    /// What to mind, one entry per remark.
    pub notes: Vec<String>,
    /// Scorers of this report that a published model is called like, under the same rule on these data: scorer, dimension,
    /// rule, per cent, interval, pairs.
    pub measured: Vec<Vec<String>>,
}

impl PublishedView {
    /// `table` beside what `evaluations` measured.
    pub fn new<'a>(table: &PublishedTable, evaluations: impl IntoIterator<Item = &'a Evaluation>) -> Self {
        let mut keys: Vec<[String; 3]> = Vec::new();
        let mut models: Vec<&str> = Vec::new();
        let key = |row: &PublishedRow| {
            let part = if row.split == "test" { String::new() } else { format!(", {}", row.split) };
            [format!("{}{part}", row.benchmark), row.protocol.clone(), row.metric.clone()]
        };
        let mut cells: BTreeMap<(&str, [String; 3]), Vec<&str>> = BTreeMap::new();
        let (mut sources, mut notes): (Vec<String>, Vec<(String, Vec<String>)>) = (Vec::new(), Vec::new());
        for row in &table.rows {
            let column = key(row);
            if !keys.contains(&column) {
                keys.push(column.clone());
            }
            if !models.contains(&row.model.as_str()) {
                models.push(&row.model);
            }
            cells.entry((&row.model, column.clone())).or_default().push(&row.value);
            if !sources.contains(&row.source) {
                sources.push(row.source.clone());
            }
            if !row.note.is_empty() {
                let whose = format!("{} on {}", row.model, column[0]);
                match notes.iter_mut().find(|(note, _)| *note == row.note) {
                    Some((_, about)) => about.push(whose),
                    None => notes.push((row.note.clone(), vec![whose])),
                }
            }
        }
        let line = |model: &&str| {
            let cell = |k: &[String; 3]| cells.get(&(*model, k.clone())).map_or("–".to_owned(), |v| v.join(", "));
            std::iter::once((*model).to_owned()).chain(keys.iter().map(cell)).collect()
        };
        let said = |(note, about): &(String, Vec<String>)| match about.as_slice() {
            [one] => format!("{one}: {note}."),
            [first, .., last] => format!("{first} … {last} ({} numbers): {note}.", about.len()),
            [] => format!("{note}."),
        };
        let mut notes: Vec<String> = notes.iter().map(said).collect();
        let doubt = |d: &Doubt| format!("DOUBT: {} on {}, {}: {}.", d.model, d.benchmark, d.split, d.reason);
        notes.extend(table.doubts.iter().map(doubt));
        Self {
            name: table.name.clone(),
            rows: models.iter().map(line).collect(),
            columns: keys,
            sources,
            notes,
            measured: evaluations.into_iter().flat_map(|e| measured(&table.rows, e)).collect(),
        }
    }
}

/// Rows of an evaluation whose scorer is called like a published model, under a rule that the table uses.
fn measured(published: &[PublishedRow], evaluation: &Evaluation) -> Vec<Vec<String>> {
    let plain =
        |name: &str| -> String { name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect() };
    let matching = |row: &&Row| {
        let (scorer, rule) = (plain(&row.scorer), row.protocol.id());
        row.value.is_some() && published.iter().any(|p| p.protocol == rule && plain(&p.model) == scorer)
    };
    let percent = crate::plot::text::percent;
    let line = |row: &Row| {
        vec![
            row.scorer.clone(),
            format!("{}, {}", evaluation.dataset, row.dimension),
            row.protocol.id().to_owned(),
            row.value.map_or("–".to_owned(), percent),
            row.low.zip(row.high).map_or(String::new(), |(l, h)| format!("{} to {}", percent(l), percent(h))),
            row.n.to_string(),
        ]
    };
    evaluation.rows.iter().filter(matching).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_number_a_rule_and_a_source() {
        let rows = all().unwrap();
        assert!(rows.len() > 250, "{} rows", rows.len());
        for row in &rows {
            assert!(row.value.parse::<f64>().is_ok(), "{row:?}");
            for text in [&row.table, &row.benchmark, &row.protocol, &row.split, &row.model, &row.metric, &row.source] {
                assert!(!text.is_empty() && text.trim() == text, "{row:?}");
            }
        }
        let mut keys: Vec<_> = rows
            .iter()
            .map(|r| (&r.table, &r.benchmark, &r.protocol, &r.split, &r.model, &r.metric, &r.source))
            .collect();
        let all = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), all, "no number stands twice in a table");
    }

    #[test]
    fn the_tables_are_those_of_the_papers() {
        let value = |name: &str, benchmark: &str, protocol: &str, split: &str, model: &str| {
            let table = table(name).unwrap();
            let found = table
                .rows
                .iter()
                .find(|r| r.benchmark == benchmark && r.protocol == protocol && r.split == split && r.model == model);
            found.unwrap_or_else(|| panic!("{name} {benchmark} {model}")).value.clone()
        };
        assert_eq!(value("visionreward-table2", "MonetBench video", "diff", "test", "VisionReward"), "72.1");
        assert_eq!(value("visionreward-table2", "HPDv2", "not-stated", "test", "HPSv2"), "83.3");
        assert_eq!(value("visionreward-table2", "MonetBench image", "diff-decided", "test", "Gemini"), "55.1");
        assert_eq!(value("videoalign-table2", "VideoGen-RewardBench", "vgrb-with-ties", "TA", "VideoReward"), "53.80");
        assert_eq!(value("videoalign-table2", "GenAI-Bench video", "diff", "all", "Random"), "49.84");
        assert_eq!(value("dsg", "TIFA160", "kendall", "DSG, without dependency", "PaLI-17B"), "0.457");
        assert_eq!(
            value("unifiedreward-flex", "GenAI-Bench video", "not-stated", "test", "UnifiedReward-Flex"),
            "82.5"
        );
        let table2 = table("visionreward-table2").unwrap();
        assert_eq!(table2.rows.len(), 9 * 7);
        assert_eq!(table2.doubts, [], "its rows are consistent");
        let unknown = table("table2").unwrap_err().to_string();
        assert!(unknown.contains("visionreward-table2") && unknown.contains("videoalign-table2"), "{unknown}");
    }

    #[test]
    fn the_identity_accuses_lift_and_nobody_else() {
        let table = table("videoalign-table2").unwrap();
        let accused: Vec<(&str, &str)> = table.doubts.iter().map(|d| (d.model.as_str(), d.split.as_str())).collect();
        assert_eq!(accused, [("LiFT", "all"), ("LiFT", "Overall"), ("LiFT", "TA")]);
        let overall = &table.doubts[1].reason;
        assert!(overall.contains("between 31.7 % and 39.1 %") && overall.contains("16.8 % to 17.8 %"), "{overall}");
    }

    #[test]
    fn a_table_is_shown_with_models_down_and_rules_across() {
        let view = PublishedView::new(&table("visionreward-table2").unwrap(), []);
        assert_eq!(
            view.columns.len(),
            10,
            "three of them for GPT-4o and Gemini, whose diff is another rule: {:?}",
            view.columns
        );
        assert_eq!(view.rows[0][..3], ["ImageReward", "74.0", "48.8"]);
        assert!(view.measured.is_empty());
    }
}
