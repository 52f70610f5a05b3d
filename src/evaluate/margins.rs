//! Pairs with their human label, and what each scorer says of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::dataset::Dataset;
use crate::fit::OutcomeModel;
use crate::stats::counts::{calibrate, margin};

/// The pairs that are scored, with what people said; shared by all scorers of a dimension.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LabelledPairs {
    /// Index into [`Dataset::pairs`].
    pub pair: Vec<usize>,
    /// Plurality of the human votes: +1 item a, −1 item b, 0 tie.
    pub human: Vec<i8>,
    /// Group (prompt) of each pair, numbered from 0 without gaps in the order of the groups' names.
    pub group: Vec<u32>,
    /// Number of groups.
    pub groups: usize,
    /// Prompt of each pair, numbered from 0 in the order of the prompts' ids; a group may hold several. Protocols that
    /// average over prompts need it.
    pub prompt: Vec<u32>,
    /// Items of each pair, for the protocols that look at items.
    pub items: Vec<[u32; 2]>,
}

impl LabelledPairs {
    /// Labels and groups of `pairs` (indices into [`Dataset::pairs`]).
    ///
    /// Groups are numbered by the smallest id of their prompts, so that neither the order of the rows nor the order of
    /// the files decides what a random draw picks.
    pub fn new(ds: &Dataset, pairs: &[usize]) -> Self {
        let of_pair: Vec<usize> = pairs.iter().map(|&p| ds.group_of_pair(p)).collect();
        let order = groups_by_name(ds, &of_pair);
        Self {
            pair: pairs.to_vec(),
            human: pairs.iter().map(|&p| ds.pairs[p].votes.plurality()).collect(),
            group: of_pair.iter().map(|g| order[g]).collect(),
            groups: order.len(),
            prompt: prompts_by_name(ds, pairs),
            items: pairs.iter().map(|&p| [ds.pairs[p].a as u32, ds.pairs[p].b as u32]).collect(),
        }
    }

    /// Number of pairs.
    pub fn len(&self) -> usize {
        self.pair.len()
    }

    /// Whether there is no pair.
    pub fn is_empty(&self) -> bool {
        self.pair.is_empty()
    }

    /// Pairs that people called a tie.
    pub fn ties(&self) -> usize {
        self.human.iter().filter(|h| **h == 0).count()
    }

    /// The pairs at these positions, with the same numbering of groups.
    pub fn select(&self, positions: &[usize]) -> Self {
        Self {
            pair: positions.iter().map(|&i| self.pair[i]).collect(),
            human: positions.iter().map(|&i| self.human[i]).collect(),
            group: positions.iter().map(|&i| self.group[i]).collect(),
            groups: self.groups,
            prompt: positions.iter().filter_map(|&i| self.prompt.get(i).copied()).collect(),
            items: positions.iter().filter_map(|&i| self.items.get(i).copied()).collect(),
        }
    }
}

/// Prompt of each pair, numbered in the order of the prompts' ids.
fn prompts_by_name(ds: &Dataset, pairs: &[usize]) -> Vec<u32> {
    let of_pair: Vec<usize> = pairs.iter().map(|&p| ds.items.prompt[ds.pairs[p].a]).collect();
    let distinct: BTreeSet<usize> = of_pair.iter().copied().collect();
    let mut names: Vec<(&str, usize)> = distinct.into_iter().map(|p| (ds.items.prompt_ids[p].as_str(), p)).collect();
    names.sort_unstable();
    let number: BTreeMap<usize, u32> = names.into_iter().enumerate().map(|(at, (_, p))| (p, at as u32)).collect();
    of_pair.iter().map(|p| number[p]).collect()
}

/// Number of each group in the order of the groups' names (smallest prompt id of the group).
pub fn groups_by_name(ds: &Dataset, groups: &[usize]) -> BTreeMap<usize, u32> {
    let mut name: BTreeMap<usize, &str> = groups.iter().map(|&g| (g, "")).collect();
    for (prompt, id) in ds.items.prompt_ids.iter().enumerate() {
        if let Some(smallest) = name.get_mut(&ds.items.prompt_group[prompt])
            && (smallest.is_empty() || id.as_str() < *smallest)
        {
            *smallest = id;
        }
    }
    let mut sorted: Vec<(&str, usize)> = name.into_iter().map(|(group, name)| (name, group)).collect();
    sorted.sort_unstable();
    sorted.into_iter().enumerate().map(|(number, (_, group))| (group, number as u32)).collect()
}

/// Tie thresholds that were calibrated on other pairs than the one they are used on.
#[derive(Debug, Clone, PartialEq)]
pub enum HeldOut {
    /// One threshold per pair.
    Thresholds(Vec<f64>),
    /// There are none; the reason.
    Missing(String),
}

/// One scorer on the pairs of a [`LabelledPairs`].
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredPairs {
    /// `head`, `mean` or a column of `scores`.
    pub scorer: String,
    /// Per pair: score(a) − score(b); `None` where the scorer does not cover both items.
    pub margins: Vec<Option<f64>>,
    /// Thresholds for `tau-held-out`.
    pub held_out: HeldOut,
    /// Share of the pairs that the scorer covers, before uncovered ones were counted as equal.
    pub coverage: f64,
    /// Lowest and highest value of the scorer's scale, where it is declared.
    pub scale: Option<[f64; 2]>,
    /// Whether the scorer is a head that was fitted on the pair's prompt; empty for all others.
    pub fitted: Vec<bool>,
    /// For a head: from margins to the chances of the verdicts, by part (fold); empty for all others.
    pub outcomes: BTreeMap<usize, OutcomeModel>,
}

impl ScoredPairs {
    /// A scorer from its margins; one that is not finite is none.
    pub fn new(scorer: impl Into<String>, mut margins: Vec<Option<f64>>, held_out: HeldOut) -> Self {
        margins.iter_mut().for_each(|margin| *margin = margin.filter(|m| m.is_finite()));
        let covered = margins.iter().flatten().count();
        let coverage = if margins.is_empty() { 0.0 } else { covered as f64 / margins.len() as f64 };
        Self {
            scorer: scorer.into(),
            margins,
            held_out,
            coverage,
            scale: None,
            fitted: Vec::new(),
            outcomes: BTreeMap::new(),
        }
    }

    /// Counts every uncovered pair as an equal score (`--missing-score equal`). The coverage stays what it was.
    #[must_use]
    pub fn missing_as_equal(mut self) -> Self {
        self.margins.iter_mut().for_each(|m| *m = Some(m.unwrap_or(0.0)));
        self
    }

    /// The pairs at these positions. The coverage is that among them.
    #[must_use]
    pub fn select(&self, positions: &[usize]) -> Self {
        let held_out = match &self.held_out {
            HeldOut::Thresholds(own) => HeldOut::Thresholds(positions.iter().map(|&i| own[i]).collect()),
            HeldOut::Missing(reason) => HeldOut::Missing(reason.clone()),
        };
        let fitted = positions.iter().filter_map(|&i| self.fitted.get(i).copied()).collect();
        let margins = positions.iter().map(|&i| self.margins[i]).collect();
        let selected = Self::new(self.scorer.clone(), margins, held_out);
        Self {
            coverage: selected.coverage,
            margins: selected.margins,
            held_out: selected.held_out,
            fitted,
            ..self.clone()
        }
    }

    /// Positions of the covered pairs.
    pub fn covered(&self) -> Vec<usize> {
        (0..self.margins.len()).filter(|&i| self.margins[i].is_some()).collect()
    }

    /// Whether the scorer gives every covered pair the same margin 0, so that it cannot order anything.
    pub fn is_constant(&self) -> bool {
        self.margins.iter().flatten().all(|m| *m == 0.0)
    }
}

/// Margins of `pairs` (indices into [`Dataset::pairs`]) from scores per item.
pub fn margins_of(ds: &Dataset, pairs: &[usize], scores: &[Option<f64>]) -> Vec<Option<f64>> {
    pairs.iter().map(|&p| Some(margin(scores[ds.pairs[p].a]?, scores[ds.pairs[p].b]?))).collect()
}

/// The tie threshold that suits these training pairs best; `None` where none is covered.
pub fn calibrated_threshold(human: &[i8], margins: &[Option<f64>], missing_equal: bool) -> Option<f64> {
    let pairs: Vec<(i8, f64)> =
        (human.iter().zip(margins)).filter_map(|(&h, m)| Some((h, m.or(missing_equal.then_some(0.0))?))).collect();
    calibrate(&pairs).map(|(epsilon, _)| epsilon)
}
