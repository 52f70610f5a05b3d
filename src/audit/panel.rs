//! Labels by unit and annotator: ratings of items, or votes on pairs, in one form.

use std::collections::{BTreeMap, HashMap};

use super::AuditInput;

/// What a panel's labels are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// Ratings of items.
    Ratings,
    /// Votes on pairs: +1 item a, 0 tie, −1 item b.
    Votes,
}

impl Of {
    /// The word for messages and tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ratings => "ratings",
            Self::Votes => "votes",
        }
    }
}

/// All labels of one dimension.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// The dimension.
    pub dimension: String,
    /// What the labels are.
    pub of: Of,
    /// Do the names stand for the same person throughout? As declared in the manifest.
    pub persistent: Option<bool>,
    /// Names, in order of appearance.
    pub annotators: Vec<String>,
    /// Distinct values, ascending.
    pub levels: Vec<f64>,
    /// The units that have a label, in order of their index in the data.
    pub units: Vec<Unit>,
}

/// One item or pair.
#[derive(Debug, Clone, PartialEq)]
pub struct Unit {
    /// Index of the item, or of the pair.
    pub index: usize,
    /// Group (prompt) that it belongs to.
    pub cluster: usize,
    /// Annotator and level (indices) of each label, in file order.
    pub labels: Vec<(usize, usize)>,
}

impl Panel {
    /// The panels of a data set: rated dimensions in order of appearance, then dimensions with votes of named annotators.
    ///
    /// Rated dimensions without pairs (sub-dimensions) belong to every audit of all dimensions.
    pub fn all(input: &AuditInput) -> Vec<Panel> {
        let mut panels = ratings(input);
        panels.extend(votes(input));
        panels
    }

    /// The value of a level.
    pub fn value(&self, level: usize) -> f64 {
        self.levels[level]
    }

    /// Units with at least two labels.
    pub fn shared(&self) -> impl Iterator<Item = &Unit> {
        self.units.iter().filter(|unit| unit.labels.len() >= 2)
    }

    /// A panel from (unit, cluster, annotator name, value), in file order.
    pub fn new<'a>(
        dimension: &str,
        of: Of,
        persistent: Option<bool>,
        rows: impl IntoIterator<Item = (usize, usize, &'a str, f64)>,
    ) -> Self {
        let rows: Vec<(usize, usize, &str, f64)> = rows.into_iter().collect();
        let mut levels: Vec<f64> = rows.iter().map(|row| row.3).collect();
        levels.sort_unstable_by(f64::total_cmp);
        levels.dedup();
        let mut annotators: Vec<String> = Vec::new();
        let mut number: HashMap<&str, usize> = HashMap::new();
        let mut units: BTreeMap<usize, Unit> = BTreeMap::new();
        for (index, cluster, name, value) in rows {
            let annotator = *number.entry(name).or_insert_with(|| {
                annotators.push(name.to_owned());
                annotators.len() - 1
            });
            let level = levels.partition_point(|&known| known < value);
            let unit = units.entry(index).or_insert_with(|| Unit { index, cluster, labels: Vec::new() });
            unit.labels.push((annotator, level));
        }
        Self {
            dimension: dimension.to_owned(),
            of,
            persistent,
            annotators,
            levels,
            units: units.into_values().collect(),
        }
    }
}

fn ratings(input: &AuditInput) -> Vec<Panel> {
    let ds = input.ds;
    let every = input.options.dimensions.len() == ds.dimensions.len();
    let mut names: Vec<&str> = Vec::new();
    let mut rows: HashMap<&str, Vec<(usize, usize, &str, f64)>> = HashMap::new();
    for rating in &ds.ratings {
        let rows = rows.entry(rating.dimension.as_str()).or_insert_with(|| {
            names.push(&rating.dimension);
            Vec::new()
        });
        rows.push((rating.item, ds.items.group(rating.item), &rating.annotator, rating.value));
    }
    let wanted = |name: &&str| every || input.dimensions().any(|(_, dimension)| dimension == *name);
    let persistent = |name: &str| ds.manifest.ratings.get(name).and_then(|rule| rule.persistent);
    let panel = |name: &str| Panel::new(name, Of::Ratings, persistent(name), rows.remove(name).unwrap_or_default());
    names.iter().copied().filter(wanted).map(panel).collect()
}

fn votes(input: &AuditInput) -> Vec<Panel> {
    let ds = input.ds;
    let named = ds.ballots.annotators.iter().any(|name| !name.is_empty());
    if !named {
        return Vec::new();
    }
    let panel = |(d, name): (usize, &str)| {
        let ballots = ds.ballots.rows.iter().filter(|ballot| ds.pairs[ballot.pair].dimension == d);
        let name_of = |annotator: usize| ds.ballots.annotators[annotator].as_str();
        let rows = ballots.map(|b| (b.pair, ds.group_of_pair(b.pair), name_of(b.annotator), f64::from(b.label)));
        Panel::new(name, Of::Votes, None, rows)
    };
    input.dimensions().map(panel).filter(|panel| !panel.units.is_empty()).collect()
}
