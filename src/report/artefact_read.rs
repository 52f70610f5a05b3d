//! The tables of a report, read back: [`Artefact`], and from it the scores that an evaluation is counted from.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::artefact::{
    Artefact, BETWEEN_HEADS, DimensionTables, LABEL_COLUMNS, LABELS, PairLine, SCORE_COLUMNS, SCORER_COLUMNS, SCORERS,
    SCORES, ScorerLine,
};
use super::artefact_facts::{CURVES, RATINGS, UNSEEN};
use super::escape::csv_text_back;
use crate::dataset::Votes;
use crate::evaluate::attributes::{ATTRIBUTE, BestAttribute};
use crate::evaluate::facts::RatedItem;
use crate::evaluate::margins::{HeldOut, LabelledPairs, ScoredPairs};
use crate::evaluate::scorers::{HEAD, ItemScores};
use crate::evaluate::{DimensionScores, Facts, Refits};
use crate::fit::{OutcomeModel, TieModel};
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
            artefact.read_facts(folder, &mut faults)?;
        }
        if faults.0.has_errors() { Err(Error::Data(Box::new(faults.0))) } else { Ok(artefact) }
    }

    /// What the evaluation is counted from. `missing_equal`: an uncovered pair counts as an equal score.
    ///
    /// # Errors
    /// [`Error::Data`] for a pair whose items have no line of scores, or a part without a threshold.
    pub fn scores(&self, missing_equal: bool) -> Result<Vec<DimensionScores>> {
        let mut faults = Faults::default();
        let found = self.dimensions.iter().map(|d| self.scores_of(d, missing_equal, &mut faults)).collect();
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
pub(super) struct Faults(Problems);

impl Faults {
    pub(super) fn add(&mut self, file: &str, line: Option<u64>, column: &str, value: &str, message: &str) {
        let mut problem = Problem::new(Severity::Error, "report-table", file, message, REMEDY);
        if let Some(line) = line {
            problem = problem.at(line).cell(column, value);
        }
        self.0.push(problem);
    }
}

/// One table: its header and its lines, all as text.
pub(super) struct Lines {
    pub(super) file: &'static str,
    pub(super) header: Vec<String>,
    pub(super) lines: Vec<(u64, Vec<String>)>,
}

impl Lines {
    /// As [`Self::read`], for a table that a report may do without.
    pub(super) fn read_if_there(
        folder: &Path,
        file: &'static str,
        columns: &[&str],
        exact: bool,
        faults: &mut Faults,
    ) -> Result<Option<Self>> {
        let there = folder.join(file).exists();
        there.then(|| Self::read(folder, file, columns, exact, faults)).transpose()
    }

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

    /// A number; a blank cell is a fault.
    pub(super) fn needed<T: std::str::FromStr>(&self, at: usize, column: usize, faults: &mut Faults) -> Option<T> {
        let (line, cells) = &self.lines[at];
        if cells[column].is_empty() {
            faults.add(self.file, Some(*line), &self.header[column], "", "is blank");
        }
        self.number(at, column, faults)
    }

    /// A number, or none where the cell is blank.
    pub(super) fn number<T: std::str::FromStr>(&self, at: usize, column: usize, faults: &mut Faults) -> Option<T> {
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
    for (at, (line, cells)) in table.lines.iter().enumerate() {
        let part: Option<usize> = table.number(at, 2, faults);
        let threshold: Option<f64> = table.number(at, 3, faults);
        let scale = (table.number(at, 5, faults)).zip(table.number(at, 6, faults)).map(|(low, high)| [low, high]);
        let (parameter, slope) = (table.number(at, 8, faults), table.number(at, 9, faults));
        let ties = match (cells[7].as_str(), parameter) {
            ("", _) => None,
            ("none", _) => Some(TieModel::None),
            ("rao-kupper", Some(theta)) => Some(TieModel::RaoKupper { theta }),
            ("davidson", Some(nu)) => Some(TieModel::Davidson { nu }),
            (other, _) => {
                faults.add(table.file, Some(*line), "tie_model", other, "is no tie model with its parameter");
                None
            }
        };
        let (name, reason) = (&cells[1], &cells[4]);
        let dimension = artefact.dimension(&cells[0]);
        if name == HEAD && part.is_none() && !reason.is_empty() {
            dimension.unavailable = Some(reason.clone());
            continue;
        }
        let blank = || ScorerLine {
            scorer: name.clone(),
            values: Vec::new(),
            thresholds: if reason.is_empty() { Ok(BTreeMap::new()) } else { Err(reason.clone()) },
            scale,
            outcomes: BTreeMap::new(),
            detail: cells[10].clone(),
        };
        let scorer = if name == ATTRIBUTE {
            dimension.attribute.get_or_insert_with(blank)
        } else {
            let place = dimension.scorers.iter().position(|s| s.scorer == *name).unwrap_or_else(|| {
                dimension.scorers.push(blank());
                dimension.scorers.len() - 1
            });
            &mut dimension.scorers[place]
        };
        if let (Ok(parts), Some(part), Some(threshold)) = (&mut scorer.thresholds, part, threshold) {
            parts.insert(part, threshold);
        }
        if let (Some(part), Some(ties), Some(slope)) = (part, ties, slope) {
            scorer.outcomes.insert(part, OutcomeModel { ties, slope });
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
        for scorer in dimension.scorers.iter_mut().chain(&mut dimension.attribute) {
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
            row: table.needed::<usize>(at, 10, faults).unwrap_or(1).saturating_sub(1),
            votes: {
                let shares = [11, 12, 13].map(|column| table.number(at, column, faults));
                match (shares, table.number(at, 14, faults)) {
                    ([Some(a), Some(tie), Some(b)], Some(voters)) => Some((Votes { a, tie, b }, voters)),
                    _ => None,
                }
            },
        };
        match artefact.dimensions.iter_mut().find(|d| d.dimension == cells[0]) {
            Some(dimension) => dimension.pairs.push(pair),
            None => {
                faults.add(table.file, Some(*line), "dimension", &cells[0], &format!("{SCORERS} does not name it"));
            }
        }
    }
}

impl Artefact {
    /// Groups are numbered without gaps, so there are never more of them than pairs: a larger number was edited.
    fn scores_of(&self, d: &DimensionTables, missing_equal: bool, faults: &mut Faults) -> DimensionScores {
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
        let groups = d.pairs.iter().map(|p| p.group as usize + 1).max().unwrap_or(0);
        let earned = d.curves.iter().flat_map(|c| c.points.iter().map(|p| (CURVES, &p.credits)));
        for (file, ratio) in earned.chain(d.unseen.iter().map(|u| (UNSEEN, &u.unseen))) {
            if ratio.entries.iter().any(|e| e.0 as usize >= groups) {
                faults.add(file, None, "", "", &format!("{}: a group is out of range", d.dimension));
            }
        }
        let rated = rated_items(d, &place, faults);
        if faults.0.has_errors() {
            return DimensionScores::default();
        }
        let labels = labels_of(d, &items, groups);
        let scored = d.scorers.iter().map(|s| scored_pairs(d, s, &items, missing_equal, faults)).collect();
        let of_items = |s: &ScorerLine| ItemScores { scorer: s.scorer.clone(), values: s.values.clone() };
        let attribute = d.attribute.as_ref().map(|line| BestAttribute {
            scored: scored_pairs(d, line, &items, true, faults),
            items: of_items(line),
            detail: line.detail.clone(),
        });
        DimensionScores {
            dimension: d.dimension.clone(),
            labels,
            part: d.pairs.iter().map(|p| p.part).collect(),
            scored,
            items: d.scorers.iter().map(of_items).collect(),
            unavailable: d.unavailable.clone(),
            facts: Facts {
                margin: d.pairs.iter().map(|p| p.margin).collect(),
                votes: d.pairs.iter().map(|p| p.votes).collect(),
                attributes: self.attributes_of(&d.items),
                rated,
            },
            attribute,
            refits: Refits { curves: d.curves.clone(), unseen: d.unseen.clone() },
        }
    }
}

fn labels_of(d: &DimensionTables, items: &[[usize; 2]], groups: usize) -> LabelledPairs {
    let mut prompts: Vec<&str> = d.pairs.iter().map(|p| p.prompt.as_str()).collect();
    prompts.sort_unstable();
    prompts.dedup();
    let prompt_of = |p: &PairLine| prompts.binary_search(&p.prompt.as_str()).unwrap_or(0) as u32;
    LabelledPairs {
        prompt: d.pairs.iter().map(prompt_of).collect(),
        items: items.iter().map(|pair| pair.map(|item| item as u32)).collect(),
        pair: d.pairs.iter().map(|p| p.row).collect(),
        human: d.pairs.iter().map(|p| p.human).collect(),
        group: d.pairs.iter().map(|p| p.group).collect(),
        groups,
    }
}

fn scored_pairs(
    d: &DimensionTables,
    scorer: &ScorerLine,
    items: &[[usize; 2]],
    missing_equal: bool,
    faults: &mut Faults,
) -> ScoredPairs {
    let margins = items.iter().map(|&[a, b]| Some(margin(scorer.values[a]?, scorer.values[b]?))).collect();
    let held_out = match &scorer.thresholds {
        Err(reason) => HeldOut::Missing(reason.clone()),
        Ok(parts) => {
            let own: Option<Vec<f64>> = d.pairs.iter().map(|p| parts.get(&p.part).copied()).collect();
            if own.is_none() {
                let message = format!("{}, {}: a part has no tie threshold", d.dimension, scorer.scorer);
                faults.add(SCORERS, None, "", "", &message);
            }
            HeldOut::Thresholds(own.unwrap_or_else(|| vec![0.0; d.pairs.len()]))
        }
    };
    let mut one = ScoredPairs::new(scorer.scorer.clone(), margins, held_out);
    let fitted: Vec<bool> = d.pairs.iter().map(|p| p.fitted.contains(&scorer.scorer)).collect();
    if fitted.contains(&true) {
        one.fitted = fitted;
    }
    one.scale = scorer.scale;
    one.outcomes.clone_from(&scorer.outcomes);
    if missing_equal && scorer.scorer != HEAD { one.missing_as_equal() } else { one }
}

/// The rated items, their prompts numbered by the first item of each.
fn rated_items(d: &DimensionTables, place: &HashMap<&str, usize>, faults: &mut Faults) -> Vec<RatedItem> {
    let mut prompts: HashMap<&str, u32> = HashMap::new();
    let mut rated = Vec::new();
    for line in &d.rated {
        let next = prompts.len() as u32;
        let prompt = *prompts.entry(&line.prompt).or_insert(next);
        match place.get(line.item.as_str()) {
            Some(&item) => {
                rated.push(RatedItem { item, group: line.group, prompt, ratings: line.ratings.clone() });
            }
            None => {
                let message = format!("{}, {}: {SCORES} has no line for it", d.dimension, line.item);
                faults.add(RATINGS, None, "", "", &message);
            }
        }
    }
    rated
}
