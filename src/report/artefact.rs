//! The scores and labels that the numbers of a report were computed from, as tables: what `verify` reads back.
//!
//! `tables/labels.csv` has one line per dimension and pair, `tables/scores.csv` one per dimension and item, and
//! `tables/scorers.csv` one per dimension, scorer and part (fold). Where a report tells more than follows from these,
//! further tables (`artefact_facts.rs`) hold the rest. The columns are described in reports/README.md.

use std::collections::{BTreeMap, BTreeSet};

use super::tables::{Cell, Table};
use crate::Result;
use crate::dataset::{Dataset, Votes};
use crate::evaluate::curves::EarnedCurve;
use crate::evaluate::margins::{HeldOut, ScoredPairs};
use crate::evaluate::scorers::ItemScores;
use crate::evaluate::unseen::EarnedUnseen;
use crate::evaluate::{DimensionScores, Facts};
use crate::fit::{OutcomeModel, TieModel};

/// File of the labels.
pub const LABELS: &str = "tables/labels.csv";
/// File of the scores.
pub const SCORES: &str = "tables/scores.csv";
/// File of the scorers.
pub const SCORERS: &str = "tables/scorers.csv";

/// Columns of [`LABELS`].
pub(super) const LABEL_COLUMNS: [&str; 15] = [
    "dimension",
    "pair_id",
    "prompt_id",
    "group",
    "part",
    "item_a",
    "item_b",
    "label",
    "human_margin",
    "fitted_heads",
    "row",
    "votes_a",
    "votes_tie",
    "votes_b",
    "voters",
];
/// First columns of [`SCORES`]; one column per scorer follows.
pub(super) const SCORE_COLUMNS: [&str; 3] = ["dimension", "prompt_id", "item_id"];
/// Columns of [`SCORERS`].
pub(super) const SCORER_COLUMNS: [&str; 11] = [
    "dimension",
    "scorer",
    "part",
    "tie_threshold",
    "reason",
    "scale_low",
    "scale_high",
    "tie_model",
    "tie_parameter",
    "slope",
    "detail",
];
/// Between the names of several heads in `fitted_heads`.
pub(super) const BETWEEN_HEADS: &str = ";";

/// Scores and labels of every dimension.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Artefact {
    /// One entry per dimension, in the order of the evaluation.
    pub dimensions: Vec<DimensionTables>,
    /// Item id → value of each of [`Self::attribute_names`].
    pub attributes: BTreeMap<String, Vec<Option<String>>>,
    /// Attributes that the numbers rest on.
    pub attribute_names: Vec<String>,
}

/// Scores and labels of one dimension.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DimensionTables {
    /// Dimension.
    pub dimension: String,
    /// The pairs, in the order of the evaluation.
    pub pairs: Vec<PairLine>,
    /// The items of these pairs, and rated ones where correlations rest on them: prompt id and item id, sorted.
    pub items: Vec<(String, String)>,
    /// The scorers, head first.
    pub scorers: Vec<ScorerLine>,
    /// The best single attribute as a scorer.
    pub attribute: Option<ScorerLine>,
    /// Ratings of items, ascending by item id.
    pub rated: Vec<RatedLine>,
    /// What refitted heads earn: curves.
    pub curves: Vec<EarnedCurve>,
    /// What refitted heads earn: unseen groups.
    pub unseen: Vec<EarnedUnseen>,
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
    /// Place of the pair in the data set, from 0.
    pub row: usize,
    /// Shares of the votes, where there are several, and their number.
    pub votes: Option<(Votes, usize)>,
}

/// A rated item.
#[derive(Debug, Clone, PartialEq)]
pub struct RatedLine {
    /// Item id.
    pub item: String,
    /// Prompt id.
    pub prompt: String,
    /// Group for the bootstrap of correlations.
    pub group: u32,
    /// Annotator (numbered by name) and value.
    pub ratings: Vec<(u32, f64)>,
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
    /// For a head: from margins to the chances of the verdicts, by part.
    pub outcomes: BTreeMap<usize, OutcomeModel>,
    /// For the best attribute: which it is.
    pub detail: String,
}

impl Artefact {
    /// What an evaluation of `ds` was computed from.
    pub fn new(ds: &Dataset, scores: &[DimensionScores]) -> Self {
        let dimensions: Vec<DimensionTables> = scores.iter().map(|found| tables_of(ds, found)).collect();
        let used: BTreeSet<&String> = scores.iter().flat_map(|found| found.facts.attributes.keys()).collect();
        let columns: Vec<_> = used.iter().filter_map(|name| ds.items.attributes.get(*name)).collect();
        let place: BTreeMap<&str, usize> = ds.items.ids.iter().enumerate().map(|(i, id)| (id.as_str(), i)).collect();
        let values = |item: &String| columns.iter().map(|c| c[place[item.as_str()]].clone()).collect();
        let items = dimensions.iter().flat_map(|d| &d.items).map(|(_, item)| item);
        let attributes =
            if columns.is_empty() { BTreeMap::new() } else { items.map(|item| (item.clone(), values(item))).collect() };
        Self { attributes, attribute_names: used.into_iter().cloned().collect(), dimensions }
    }

    /// The files: name and bytes.
    ///
    /// # Errors
    /// [`crate::Error::Bug`] if a table cannot be written.
    pub fn files(&self) -> Result<Vec<(String, Vec<u8>)>> {
        let mut files = vec![
            (LABELS.to_owned(), self.labels_csv()?),
            (SCORES.to_owned(), self.scores_csv()?),
            (SCORERS.to_owned(), self.scorers_csv()?),
        ];
        files.extend(self.fact_files()?);
        Ok(files)
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
                    Cell::Count(p.row + 1),
                    Cell::Maybe(p.votes.map(|v| v.0.a)),
                    Cell::Maybe(p.votes.map(|v| v.0.tie)),
                    Cell::Maybe(p.votes.map(|v| v.0.b)),
                    Cell::Maybe(p.votes.map(|v| v.1 as f64)),
                ])?;
            }
        }
        table.bytes()
    }

    /// All scorers, in order of first appearance.
    fn all_scorers(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for scorer in self.dimensions.iter().flat_map(|d| d.scorers.iter().chain(&d.attribute)) {
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
                names.iter().map(|name| d.scorers.iter().chain(&d.attribute).find(|s| s.scorer == *name)).collect();
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
                let mut line = vec![Cell::Text(&d.dimension), head, blank, blank, Cell::Text(reason)];
                line.resize(SCORER_COLUMNS.len(), blank);
                table.row(&line)?;
            }
            for s in d.scorers.iter().chain(&d.attribute) {
                let (low, high) = (Cell::Maybe(s.scale.map(|s| s[0])), Cell::Maybe(s.scale.map(|s| s[1])));
                let (thresholds, reason) = match &s.thresholds {
                    Ok(parts) => (parts.clone(), ""),
                    Err(reason) => (BTreeMap::new(), reason.as_str()),
                };
                let mut line = |part: Option<usize>| {
                    let model = part.and_then(|part| s.outcomes.get(&part));
                    let (name, parameter) = model.map_or(("", None), |model| tie_model(model.ties));
                    table.row(&[
                        Cell::Text(&d.dimension),
                        Cell::Text(&s.scorer),
                        part.map_or(Cell::Maybe(None), Cell::Count),
                        Cell::Maybe(part.and_then(|part| thresholds.get(&part).copied())),
                        Cell::Text(reason),
                        low,
                        high,
                        Cell::Text(name),
                        Cell::Maybe(parameter),
                        Cell::Maybe(model.map(|model| model.slope)),
                        Cell::Text(&s.detail),
                    ])
                };
                let parts: BTreeSet<usize> = thresholds.keys().chain(s.outcomes.keys()).copied().collect();
                if parts.is_empty() {
                    line(None)?;
                }
                parts.into_iter().try_for_each(|part| line(Some(part)))?;
            }
        }
        table.bytes()
    }
}

/// Names of the tie models in [`SCORERS`].
pub(super) fn tie_model(ties: TieModel) -> (&'static str, Option<f64>) {
    match ties {
        TieModel::None => ("none", None),
        TieModel::RaoKupper { theta } => ("rao-kupper", Some(theta)),
        TieModel::Davidson { nu } => ("davidson", Some(nu)),
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
    let Facts { rated, votes, .. } = &found.facts;
    let used: BTreeSet<usize> =
        labels.items.iter().flatten().map(|item| *item as usize).chain(rated.iter().map(|r| r.item)).collect();
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
            row: labels.pair[i],
            votes: votes[i],
        }
    };
    let scorer = |(scored, of_items): (&ScoredPairs, &ItemScores)| ScorerLine {
        scorer: scored.scorer.clone(),
        values: items.iter().map(|&item| of_items.values[item]).collect(),
        thresholds: match &scored.held_out {
            HeldOut::Thresholds(own) => Ok(found.part.iter().copied().zip(own.iter().copied()).collect()),
            HeldOut::Missing(reason) => Err(reason.clone()),
        },
        scale: scored.scale,
        outcomes: scored.outcomes.clone(),
        detail: String::new(),
    };
    let attribute = found.attribute.as_ref().map(|best| {
        let line = scorer((&best.scored, &best.items));
        ScorerLine { detail: best.detail.clone(), ..line }
    });
    let rated_line = |r: &crate::evaluate::facts::RatedItem| RatedLine {
        item: name(r.item).1.clone(),
        prompt: name(r.item).0.clone(),
        group: r.group,
        ratings: r.ratings.clone(),
    };
    DimensionTables {
        dimension: found.dimension.clone(),
        pairs: (0..labels.len()).map(pair).collect(),
        scorers: found.scored.iter().zip(&found.items).map(scorer).collect(),
        attribute,
        rated: rated.iter().map(rated_line).collect(),
        curves: found.refits.curves.clone(),
        unseen: found.refits.unseen.clone(),
        items: items.iter().map(|&item| (name(item).0.clone(), name(item).1.clone())).collect(),
        unavailable: found.unavailable.clone(),
    }
}
