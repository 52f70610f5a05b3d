//! The tables of a report, read back: [`Artefact`], and from it the scores that an evaluation is counted from.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::artefact::{
    Artefact, BETWEEN_HEADS, DimensionTables, LABEL_COLUMNS, LABELS, PairLine, SCORE_COLUMNS, SCORER_COLUMNS, SCORERS,
    SCORES, ScorerLine,
};
use super::escape::csv_text_back;
use crate::evaluate::DimensionScores;
use crate::evaluate::margins::{HeldOut, LabelledPairs, ScoredPairs};
use crate::evaluate::scorers::{HEAD, ItemScores};
use crate::problems::{Problem, Problems, Severity};
use crate::stats::counts::margin;
use crate::{Error, Result};

/// What a reader of a report can do about any of its faults.
const REMEDY: &str = "the table was edited or damaged: make the report again";

impl Artefact {
    /// Whether `folder` holds the tables of a report.
    pub fn is_in(folder: &Path) -> bool {
        [LABELS, SCORES, SCORERS].iter().all(|file| folder.join(file).is_file())
    }

    /// Reads the three tables below `folder`.
    ///
    /// # Errors
    /// [`Error::Data`] where one is missing, or holds what `report` does not write; all faults at once. [`Error::Io`]
    /// where one cannot be read.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut faults = Faults::default();
        let scorers = Lines::read(folder, SCORERS, &SCORER_COLUMNS, true, &mut faults)?;
        let scores = Lines::read(folder, SCORES, &SCORE_COLUMNS, false, &mut faults)?;
        let labels = Lines::read(folder, LABELS, &LABEL_COLUMNS, true, &mut faults)?;
        let mut artefact = Self::default();
        if !faults.0.has_errors() {
            read_scorers(&mut artefact, &scorers, &mut faults);
            read_scores(&mut artefact, &scores, &mut faults);
            read_labels(&mut artefact, &labels, &mut faults);
        }
        if faults.0.has_errors() { Err(Error::Data(Box::new(faults.0))) } else { Ok(artefact) }
    }

    /// What the evaluation is counted from. `missing_equal`: an uncovered pair counts as an equal score.
    ///
    /// # Errors
    /// [`Error::Data`] for a pair whose items have no line of scores, or a part without a threshold.
    pub fn scores(&self, missing_equal: bool) -> Result<Vec<DimensionScores>> {
        let mut faults = Faults::default();
        let found = self.dimensions.iter().map(|d| scores_of(d, missing_equal, &mut faults)).collect();
        if faults.0.has_errors() { Err(Error::Data(Box::new(faults.0))) } else { Ok(found) }
    }

    fn dimension(&mut self, name: &str) -> &mut DimensionTables {
        let place = self.dimensions.iter().position(|d| d.dimension == name).unwrap_or_else(|| {
            self.dimensions.push(DimensionTables { dimension: name.to_owned(), ..DimensionTables::default() });
            self.dimensions.len() - 1
        });
        &mut self.dimensions[place]
    }
}

/// All that is wrong with the tables.
#[derive(Default)]
struct Faults(Problems);

impl Faults {
    fn add(&mut self, file: &str, line: Option<u64>, column: &str, value: &str, message: &str) {
        let mut problem = Problem::new(Severity::Error, "report-table", file, message, REMEDY);
        if let Some(line) = line {
            problem = problem.at(line).cell(column, value);
        }
        self.0.push(problem);
    }
}

/// One table: its header and its lines, all as text.
struct Lines {
    file: &'static str,
    header: Vec<String>,
    lines: Vec<(u64, Vec<String>)>,
}

impl Lines {
    fn read(folder: &Path, file: &'static str, columns: &[&str], exact: bool, faults: &mut Faults) -> Result<Self> {
        let mut table = Self { file, header: Vec::new(), lines: Vec::new() };
        let path = folder.join(file);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                faults.add(file, None, "", "", "the report has no such table");
                return Ok(table);
            }
            Err(error) => return Err(Error::io(&path)(error)),
        };
        let mut reader = ::csv::Reader::from_reader(bytes.as_slice());
        match reader.headers() {
            Ok(header) => table.header = header.iter().map(csv_text_back).collect(),
            Err(error) => faults.add(file, None, "", "", &format!("not a table: {error}")),
        }
        let starts = table.header.len() >= columns.len() && table.header.iter().zip(columns).all(|(h, c)| h == c);
        if !starts || (exact && table.header.len() != columns.len()) {
            faults.add(file, None, "", "", &format!("the columns must be {}", columns.join(", ")));
            return Ok(table);
        }
        for record in reader.records() {
            match record {
                Ok(record) => {
                    let line = record.position().map_or(0, ::csv::Position::line);
                    table.lines.push((line, record.iter().map(csv_text_back).collect()));
                }
                Err(error) => faults.add(file, None, "", "", &format!("not a table: {error}")),
            }
        }
        Ok(table)
    }

    /// A number, or none where the cell is blank.
    fn number<T: std::str::FromStr>(&self, at: usize, column: usize, faults: &mut Faults) -> Option<T> {
        let (line, cells) = &self.lines[at];
        let cell = cells[column].as_str();
        if cell.is_empty() {
            return None;
        }
        let number = cell.parse::<T>().ok().filter(|_| cell.parse::<f64>().is_ok_and(f64::is_finite));
        if number.is_none() {
            faults.add(self.file, Some(*line), &self.header[column], cell, "is not a number that belongs here");
        }
        number
    }
}

fn read_scorers(artefact: &mut Artefact, table: &Lines, faults: &mut Faults) {
    for (at, (_, cells)) in table.lines.iter().enumerate() {
        let part: Option<usize> = table.number(at, 2, faults);
        let threshold: Option<f64> = table.number(at, 3, faults);
        let scale = table.number(at, 5, faults).zip(table.number(at, 6, faults)).map(|(low, high)| [low, high]);
        let (name, reason) = (&cells[1], &cells[4]);
        let dimension = artefact.dimension(&cells[0]);
        if name == HEAD && part.is_none() && !reason.is_empty() {
            dimension.unavailable = Some(reason.clone());
            continue;
        }
        let place = dimension.scorers.iter().position(|s| s.scorer == *name).unwrap_or_else(|| {
            let thresholds = if reason.is_empty() { Ok(BTreeMap::new()) } else { Err(reason.clone()) };
            dimension.scorers.push(ScorerLine { scorer: name.clone(), values: Vec::new(), thresholds, scale });
            dimension.scorers.len() - 1
        });
        if let (Ok(parts), Some(part), Some(threshold)) = (&mut dimension.scorers[place].thresholds, part, threshold) {
            parts.insert(part, threshold);
        }
    }
}

fn read_scores(artefact: &mut Artefact, table: &Lines, faults: &mut Faults) {
    for (at, (line, cells)) in table.lines.iter().enumerate() {
        let Some(place) = artefact.dimensions.iter().position(|d| d.dimension == cells[0]) else {
            faults.add(table.file, Some(*line), "dimension", &cells[0], &format!("{SCORERS} does not name it"));
            continue;
        };
        let dimension = &mut artefact.dimensions[place];
        dimension.items.push((cells[1].clone(), cells[2].clone()));
        for scorer in &mut dimension.scorers {
            let column = (SCORE_COLUMNS.len()..table.header.len()).find(|&c| table.header[c] == scorer.scorer);
            scorer.values.push(column.and_then(|column| table.number(at, column, faults)));
        }
    }
}

fn read_labels(artefact: &mut Artefact, table: &Lines, faults: &mut Faults) {
    for (at, (line, cells)) in table.lines.iter().enumerate() {
        let human = match cells[7].as_str() {
            "a" => 1,
            "b" => -1,
            "tie" => 0,
            other => {
                faults.add(table.file, Some(*line), "label", other, "is not a, b or tie");
                continue;
            }
        };
        let (Some(group), Some(part)) = (table.number(at, 3, faults), table.number(at, 4, faults)) else {
            faults.add(table.file, Some(*line), "group", &cells[3], "group and part must be numbers");
            continue;
        };
        let pair = PairLine {
            pair: cells[1].clone(),
            prompt: cells[2].clone(),
            group,
            part,
            items: [cells[5].clone(), cells[6].clone()],
            human,
            margin: table.number(at, 8, faults),
            fitted: cells[9].split(BETWEEN_HEADS).filter(|n| !n.is_empty()).map(str::to_owned).collect(),
        };
        match artefact.dimensions.iter_mut().find(|d| d.dimension == cells[0]) {
            Some(dimension) => dimension.pairs.push(pair),
            None => {
                faults.add(table.file, Some(*line), "dimension", &cells[0], &format!("{SCORERS} does not name it"));
            }
        }
    }
}

/// Groups are numbered without gaps, so there are never more of them than pairs: a larger number was edited.
fn scores_of(d: &DimensionTables, missing_equal: bool, faults: &mut Faults) -> DimensionScores {
    let place: HashMap<&str, usize> = d.items.iter().enumerate().map(|(i, (_, item))| (item.as_str(), i)).collect();
    let mut items: Vec<[usize; 2]> = Vec::with_capacity(d.pairs.len());
    for pair in &d.pairs {
        if pair.group as usize >= d.pairs.len() {
            faults.add(LABELS, None, "", "", &format!("pair {}: group {} is out of range", pair.pair, pair.group));
        }
        match [place.get(pair.items[0].as_str()), place.get(pair.items[1].as_str())] {
            [Some(&a), Some(&b)] => items.push([a, b]),
            _ => {
                let message = format!("{}, pair {}: {SCORES} has no line for its items", d.dimension, pair.pair);
                faults.add(LABELS, None, "", "", &message);
            }
        }
    }
    if faults.0.has_errors() {
        return DimensionScores::default();
    }
    let mut prompts: Vec<&str> = d.pairs.iter().map(|p| p.prompt.as_str()).collect();
    prompts.sort_unstable();
    prompts.dedup();
    let prompt_of = |p: &PairLine| prompts.binary_search(&p.prompt.as_str()).unwrap_or(0) as u32;
    let labels = LabelledPairs {
        prompt: d.pairs.iter().map(prompt_of).collect(),
        items: items.iter().map(|pair| pair.map(|item| item as u32)).collect(),
        pair: (0..d.pairs.len()).collect(),
        human: d.pairs.iter().map(|p| p.human).collect(),
        group: d.pairs.iter().map(|p| p.group).collect(),
        groups: d.pairs.iter().map(|p| p.group as usize + 1).max().unwrap_or(0),
    };
    let mut scored = Vec::new();
    for scorer in &d.scorers {
        let margins = items.iter().map(|&[a, b]| Some(margin(scorer.values[a]?, scorer.values[b]?))).collect();
        let held_out = match &scorer.thresholds {
            Err(reason) => HeldOut::Missing(reason.clone()),
            Ok(parts) => {
                let own: Option<Vec<f64>> = d.pairs.iter().map(|p| parts.get(&p.part).copied()).collect();
                if own.is_none() {
                    let message = format!("{}, {}: a part has no tie threshold", d.dimension, scorer.scorer);
                    faults.add(SCORERS, None, "", "", &message);
                }
                HeldOut::Thresholds(own.unwrap_or_default())
            }
        };
        let mut one = ScoredPairs::new(scorer.scorer.clone(), margins, held_out);
        let fitted: Vec<bool> = d.pairs.iter().map(|p| p.fitted.contains(&scorer.scorer)).collect();
        if fitted.contains(&true) {
            one.fitted = fitted;
        }
        scored.push(if missing_equal && scorer.scorer != HEAD { one.missing_as_equal() } else { one });
    }
    DimensionScores {
        dimension: d.dimension.clone(),
        labels,
        part: d.pairs.iter().map(|p| p.part).collect(),
        scored,
        items: (d.scorers.iter()).map(|s| ItemScores { scorer: s.scorer.clone(), values: s.values.clone() }).collect(),
        unavailable: d.unavailable.clone(),
    }
}
