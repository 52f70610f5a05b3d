//! What the chosen and the rejected differ in beside their scores: what a generator trained on the pairs may learn.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Candidates, SelectedPair};
use crate::dataset::Dataset;
use crate::stats::clustered::ClusteredMean;

/// Values of a categorical attribute that are reported: the most frequent ones of the pool.
const SHOWN_VALUES: usize = 12;
/// A share of distinct values above which a text attribute is an id or a path, and no category.
const NAMES_FROM: f64 = 0.2;
/// Standardised difference from which on a proven drift is flagged.
const LARGE: f64 = 0.2;

/// Drift of every attribute that the data know.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Drift {
    /// Numbers: attributes, other scorers, answers, place among the candidates.
    pub numbers: Vec<NumberDrift>,
    /// Shares of the values of text attributes, generator first.
    pub shares: Vec<ShareDrift>,
}

/// A number of chosen, rejected and all candidates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct NumberDrift {
    /// What it is.
    pub attribute: String,
    /// Mean over the chosen sides.
    pub chosen: f64,
    /// Mean over the rejected sides.
    pub rejected: f64,
    /// Mean over all candidates.
    pub pool: f64,
    /// Mean of chosen − rejected within pairs.
    pub difference: f64,
    /// Lower end of its 95 % interval, clustered by prompt; `null` for one prompt.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// The difference in standard deviations of the pool; `null` where constant.
    pub standardised: Option<f64>,
    /// Pairs whose two sides have a value.
    pub pairs: usize,
    /// The interval excludes 0 and the difference is at least 0.2 standard deviations.
    pub flagged: bool,
}

/// The share of one value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ShareDrift {
    /// Attribute.
    pub attribute: String,
    /// Its value.
    pub value: String,
    /// Share among the chosen sides.
    pub chosen: f64,
    /// Share among the rejected sides.
    pub rejected: f64,
    /// Share among all candidates.
    pub pool: f64,
    /// chosen − rejected.
    pub difference: f64,
    /// Lower end of its 95 % interval, clustered by prompt; `null` for one prompt.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// The interval excludes 0 and the shares differ by at least 0.1.
    pub flagged: bool,
}

impl Drift {
    /// Compares the sides of `pairs` with each other and with the pool of candidates.
    pub fn new(ds: &Dataset, candidates: &Candidates, pairs: &[SelectedPair]) -> Self {
        let pool: Vec<usize> =
            candidates.groups.iter().flat_map(|(_, items)| items).copied().filter(|&i| candidates.usable[i]).collect();
        if pairs.is_empty() {
            return Self::default();
        }
        let mut drift = Self::default();
        for (name, values) in numbers(ds, candidates) {
            drift.numbers.extend(number(&name, &values, &pool, pairs));
        }
        let mut names: Vec<&String> = ds.items.attributes.keys().collect();
        names.sort_by_key(|name| (name.as_str() != "generator", name.as_str()));
        for name in names {
            let column = &ds.items.attributes[name];
            if as_numbers(column).is_none() {
                drift.shares.extend(shares(name, column, &pool, pairs, ds.items.prompt_ids.len()));
            }
        }
        drift
    }

    /// How many rows are flagged.
    pub fn flagged(&self) -> usize {
        self.numbers.iter().filter(|n| n.flagged).count() + self.shares.iter().filter(|s| s.flagged).count()
    }
}

/// Every number that an item has.
fn numbers(ds: &Dataset, candidates: &Candidates) -> Vec<(String, Vec<Option<f64>>)> {
    let items = ds.items.len();
    let mut out = Vec::new();
    let mut place = vec![None; items];
    for (_, members) in &candidates.groups {
        members.iter().enumerate().for_each(|(n, &item)| place[item] = Some(n as f64 + 1.0));
    }
    out.push(("place among the candidates of the prompt".to_owned(), place));
    if let Some(answers) = &ds.answers {
        let (mut yes, mut count, mut missing) = (vec![0.0; items], vec![0usize; items], vec![0usize; items]);
        for row in &answers.rows {
            match row.p_yes {
                Some(p) => {
                    yes[row.item] += p;
                    count[row.item] += 1;
                }
                None => missing[row.item] += 1,
            }
        }
        let share = (0..items).map(|i| (count[i] > 0).then(|| yes[i] / count[i] as f64)).collect();
        out.push(("share of yes answers".to_owned(), share));
        if missing.iter().any(|&n| n > 0) {
            out.push(("answers missing".to_owned(), missing.iter().map(|&n| Some(n as f64)).collect()));
        }
    }
    for (name, column) in &ds.items.attributes {
        if let Some(values) = as_numbers(column) {
            out.push((name.clone(), values));
        }
    }
    for (name, column) in ds.scores.iter().flat_map(|scores| scores.names.iter().zip(&scores.columns)) {
        out.push((format!("scorer {name}"), column.clone()));
    }
    out
}

/// The column as numbers, if every value is one.
fn as_numbers(column: &[Option<String>]) -> Option<Vec<Option<f64>>> {
    let values: Option<Vec<Option<f64>>> = column
        .iter()
        .map(|value| match value {
            None => Some(None),
            Some(text) => text.trim().parse::<f64>().ok().filter(|x| x.is_finite()).map(Some),
        })
        .collect();
    values.filter(|values| values.iter().any(Option::is_some))
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut n) = (0.0, 0usize);
    for value in values {
        sum += value;
        n += 1;
    }
    (n > 0).then(|| sum / n as f64)
}

fn number(name: &str, values: &[Option<f64>], pool: &[usize], pairs: &[SelectedPair]) -> Option<NumberDrift> {
    let sides: Vec<(f64, f64, usize)> =
        (pairs.iter()).filter_map(|pair| Some((values[pair.chosen]?, values[pair.rejected]?, pair.prompt))).collect();
    let differences: Vec<f64> = sides.iter().map(|(c, r, _)| c - r).collect();
    let prompts: Vec<usize> = sides.iter().map(|side| side.2).collect();
    let clustered = ClusteredMean::new(&differences, &prompts)?;
    let in_pool = || pool.iter().filter_map(|&item| values[item]);
    let average = mean(in_pool())?;
    let deviation = mean(in_pool().map(|x| (x - average).powi(2)))?.sqrt();
    let standardised = (deviation > 0.0).then(|| clustered.mean / deviation);
    let interval = clustered.interval();
    Some(NumberDrift {
        attribute: name.to_owned(),
        chosen: mean(sides.iter().map(|s| s.0))?,
        rejected: mean(sides.iter().map(|s| s.1))?,
        pool: average,
        difference: clustered.mean,
        low: interval.map(|i| i.0),
        high: interval.map(|i| i.1),
        standardised,
        pairs: sides.len(),
        flagged: excludes_zero(interval) && standardised.is_some_and(|d| d.abs() >= LARGE),
    })
}

fn shares(
    name: &str,
    column: &[Option<String>],
    pool: &[usize],
    pairs: &[SelectedPair],
    prompts: usize,
) -> Vec<ShareDrift> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for value in pool.iter().filter_map(|&item| column[item].as_deref()) {
        *counts.entry(value).or_default() += 1;
    }
    // Constant within every prompt: chosen and rejected cannot differ. Nearly unique: a path or an id.
    let mut per_prompt: BTreeMap<usize, BTreeSet<Option<&str>>> = BTreeMap::new();
    for pair in pairs {
        let seen = per_prompt.entry(pair.prompt).or_default();
        seen.extend([column[pair.chosen].as_deref(), column[pair.rejected].as_deref()]);
    }
    let varies = per_prompt.values().any(|seen| seen.len() > 1);
    let limit = (NAMES_FROM * pool.len().max(prompts) as f64).max(50.0);
    if counts.len() < 2 || !varies || counts.len() as f64 > limit {
        return Vec::new();
    }
    let mut values: Vec<(&str, usize)> = counts.into_iter().collect();
    values.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let known: usize = values.iter().map(|v| v.1).sum();
    let cluster: Vec<usize> = pairs.iter().map(|pair| pair.prompt).collect();
    let is = |item: usize, value: &str| f64::from(u8::from(column[item].as_deref() == Some(value)));
    values
        .into_iter()
        .take(SHOWN_VALUES)
        .filter_map(|(value, count)| {
            let difference: Vec<f64> = pairs.iter().map(|p| is(p.chosen, value) - is(p.rejected, value)).collect();
            let clustered = ClusteredMean::new(&difference, &cluster)?;
            let interval = clustered.interval();
            Some(ShareDrift {
                attribute: name.to_owned(),
                value: value.to_owned(),
                chosen: mean(pairs.iter().map(|p| is(p.chosen, value)))?,
                rejected: mean(pairs.iter().map(|p| is(p.rejected, value)))?,
                pool: count as f64 / known as f64,
                difference: clustered.mean,
                low: interval.map(|i| i.0),
                high: interval.map(|i| i.1),
                flagged: excludes_zero(interval) && clustered.mean.abs() >= 0.1,
            })
        })
        .collect()
}

fn excludes_zero(interval: Option<(f64, f64)>) -> bool {
    interval.is_some_and(|(low, high)| low > 0.0 || high < 0.0)
}
