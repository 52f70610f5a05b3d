//! The scores and labels that the numbers of a report were computed from, as three tables: what `verify` reads back.
//!
//! `tables/labels.csv` has one line per dimension and pair, `tables/scores.csv` one per dimension and item, and
//! `tables/scorers.csv` one per dimension, scorer and part (fold). The columns are described in reports/README.md.

use std::collections::{BTreeMap, BTreeSet};

use super::tables::{Cell, Table};
use crate::Result;
use crate::dataset::Dataset;
use crate::evaluate::DimensionScores;
use crate::evaluate::margins::{HeldOut, ScoredPairs};

/// File of the labels.
pub const LABELS: &str = "tables/labels.csv";
/// File of the scores.
pub const SCORES: &str = "tables/scores.csv";
/// File of the scorers.
pub const SCORERS: &str = "tables/scorers.csv";

/// Columns of [`LABELS`].
pub(super) const LABEL_COLUMNS: [&str; 10] =
    ["dimension", "pair_id", "prompt_id", "group", "part", "item_a", "item_b", "label", "human_margin", "fitted_heads"];
/// First columns of [`SCORES`]; one column per scorer follows.
pub(super) const SCORE_COLUMNS: [&str; 3] = ["dimension", "prompt_id", "item_id"];
/// Columns of [`SCORERS`].
pub(super) const SCORER_COLUMNS: [&str; 7] =
    ["dimension", "scorer", "part", "tie_threshold", "reason", "scale_low", "scale_high"];
/// Between the names of several heads in `fitted_heads`.
pub(super) const BETWEEN_HEADS: &str = ";";

/// Scores and labels of every dimension.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Artefact {
    /// One entry per dimension, in the order of the evaluation.
    pub dimensions: Vec<DimensionTables>,
}

/// Scores and labels of one dimension.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DimensionTables {
    /// Dimension.
    pub dimension: String,
    /// The pairs, in the order of the evaluation.
    pub pairs: Vec<PairLine>,
    /// The items of these pairs: prompt id and item id, sorted.
    pub items: Vec<(String, String)>,
    /// The scorers, head first.
    pub scorers: Vec<ScorerLine>,
    /// Why there is no head, where there is none.
    pub unavailable: Option<String>,
}

/// One pair.
#[derive(Debug, Clone, PartialEq)]
pub struct PairLine {
    /// Id in the data set.
    pub pair: String,
    /// Prompt id.
    pub prompt: String,
    /// Number of the bootstrap's group, in the order of the groups' names.
    pub group: u32,
    /// Part (fold) that the pair is scored in.
    pub part: usize,
    /// Item ids.
    pub items: [String; 2],
    /// +1 item a, −1 item b, 0 tie.
    pub human: i8,
    /// Human margin (a − b), where the data have one.
    pub margin: Option<f64>,
    /// Heads that were fitted on the pair's prompt.
    pub fitted: Vec<String>,
}

/// One scorer.
#[derive(Debug, Clone, PartialEq)]
pub struct ScorerLine {
    /// `head`, a stored head's name, `mean` or a column of `scores`.
    pub scorer: String,
    /// Score per entry of [`DimensionTables::items`].
    pub values: Vec<Option<f64>>,
    /// Tie threshold by part, calibrated on other pairs; or why there is none.
    pub thresholds: std::result::Result<BTreeMap<usize, f64>, String>,
    /// Lowest and highest value of the scale, where it is declared.
    pub scale: Option<[f64; 2]>,
}

impl Artefact {
    /// What an evaluation of `ds` was computed from.
    pub fn new(ds: &Dataset, scores: &[DimensionScores]) -> Self {
        Self { dimensions: scores.iter().map(|found| tables_of(ds, found)).collect() }
    }

    /// The three files: name and bytes.
    ///
    /// # Errors
    /// [`crate::Error::Bug`] if a table cannot be written.
    pub fn files(&self) -> Result<Vec<(String, Vec<u8>)>> {
        Ok(vec![
            (LABELS.to_owned(), self.labels_csv()?),
            (SCORES.to_owned(), self.scores_csv()?),
            (SCORERS.to_owned(), self.scorers_csv()?),
        ])
    }

    fn labels_csv(&self) -> Result<Vec<u8>> {
        let mut table = Table::new(&LABEL_COLUMNS)?;
        for d in &self.dimensions {
            for p in &d.pairs {
                table.row(&[
                    Cell::Text(&d.dimension),
                    Cell::Text(&p.pair),
                    Cell::Text(&p.prompt),
                    Cell::Count(p.group as usize),
                    Cell::Count(p.part),
                    Cell::Text(&p.items[0]),
                    Cell::Text(&p.items[1]),
                    Cell::Text(label(p.human)),
                    Cell::Maybe(p.margin),
                    Cell::Text(&p.fitted.join(BETWEEN_HEADS)),
                ])?;
            }
        }
        table.bytes()
    }

    /// All scorers, in order of first appearance.
    fn all_scorers(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for scorer in self.dimensions.iter().flat_map(|d| &d.scorers) {
            if !names.contains(&scorer.scorer.as_str()) {
                names.push(&scorer.scorer);
            }
        }
        names
    }

    fn scores_csv(&self) -> Result<Vec<u8>> {
        let names = self.all_scorers();
        let columns: Vec<&str> = SCORE_COLUMNS.into_iter().chain(names.iter().copied()).collect();
        let mut table = Table::new(&columns)?;
        for d in &self.dimensions {
            let own: Vec<Option<&ScorerLine>> =
                names.iter().map(|name| d.scorers.iter().find(|s| s.scorer == *name)).collect();
            for (i, (prompt, item)) in d.items.iter().enumerate() {
                let mut cells = vec![Cell::Text(&d.dimension), Cell::Text(prompt), Cell::Text(item)];
                cells.extend(own.iter().map(|s| Cell::Maybe(s.and_then(|s| s.values[i]))));
                table.row(&cells)?;
            }
        }
        table.bytes()
    }

    fn scorers_csv(&self) -> Result<Vec<u8>> {
        let mut table = Table::new(&SCORER_COLUMNS)?;
        for d in &self.dimensions {
            if let Some(reason) = &d.unavailable {
                let blank = Cell::Maybe(None);
                let head = Cell::Text(crate::evaluate::scorers::HEAD);
                table.row(&[Cell::Text(&d.dimension), head, blank, blank, Cell::Text(reason), blank, blank])?;
            }
            for s in &d.scorers {
                let (low, high) = (Cell::Maybe(s.scale.map(|s| s[0])), Cell::Maybe(s.scale.map(|s| s[1])));
                let line = |part, threshold, reason| {
                    [Cell::Text(&d.dimension), Cell::Text(&s.scorer), part, threshold, reason, low, high]
                };
                match &s.thresholds {
                    Ok(parts) => {
                        for (&part, &threshold) in parts {
                            table.row(&line(Cell::Count(part), Cell::Number(threshold), Cell::Text("")))?;
                        }
                        if parts.is_empty() {
                            table.row(&line(Cell::Maybe(None), Cell::Maybe(None), Cell::Text("")))?;
                        }
                    }
                    Err(reason) => table.row(&line(Cell::Maybe(None), Cell::Maybe(None), Cell::Text(reason)))?,
                }
            }
        }
        table.bytes()
    }
}

/// The label as the pairs table writes it.
pub(super) fn label(human: i8) -> &'static str {
    match human {
        1.. => "a",
        0 => "tie",
        _ => "b",
    }
}

fn tables_of(ds: &Dataset, found: &DimensionScores) -> DimensionTables {
    let labels = &found.labels;
    let used: BTreeSet<usize> = labels.pair.iter().flat_map(|&p| [ds.pairs[p].a, ds.pairs[p].b]).collect();
    let name = |item: usize| (&ds.items.prompt_ids[ds.items.prompt[item]], &ds.items.ids[item]);
    let mut items: Vec<usize> = used.into_iter().collect();
    items.sort_by(|&i, &j| name(i).cmp(&name(j)));
    let pair = |i: usize| {
        let pair = &ds.pairs[labels.pair[i]];
        let fitted = found.scored.iter().filter(|s| s.fitted.get(i) == Some(&true)).map(|s| s.scorer.clone());
        PairLine {
            pair: pair.id.clone(),
            prompt: name(pair.a).0.clone(),
            group: labels.group[i],
            part: found.part[i],
            items: [ds.items.ids[pair.a].clone(), ds.items.ids[pair.b].clone()],
            human: labels.human[i],
            margin: pair.margin,
            fitted: fitted.collect(),
        }
    };
    let scorer = |(scored, of_items): (&ScoredPairs, &crate::evaluate::scorers::ItemScores)| ScorerLine {
        scorer: scored.scorer.clone(),
        values: items.iter().map(|&item| of_items.values[item]).collect(),
        thresholds: match &scored.held_out {
            HeldOut::Thresholds(own) => Ok(found.part.iter().copied().zip(own.iter().copied()).collect()),
            HeldOut::Missing(reason) => Err(reason.clone()),
        },
        scale: None,
    };
    DimensionTables {
        dimension: found.dimension.clone(),
        pairs: (0..labels.len()).map(pair).collect(),
        scorers: found.scored.iter().zip(&found.items).map(scorer).collect(),
        items: items.iter().map(|&item| (name(item).0.clone(), name(item).1.clone())).collect(),
        unavailable: found.unavailable.clone(),
    }
}
