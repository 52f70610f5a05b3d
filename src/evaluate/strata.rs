//! Accuracy on parts of the pairs: by size of the human margin, between and within generators, by attribute.

use std::collections::{BTreeMap, BTreeSet};

use super::compare::{Question, assess};
use super::margins::{HeldOut, LabelledPairs, ScoredPairs};
use super::results::Stratum;
use super::run::DimensionScores;
use super::{Protocol, Row};
use crate::stats::quantile_sorted;

/// The protocol of all parts.
const PROTOCOL: Protocol = Protocol::DiffHalf;
/// An attribute with more values divides the pairs too finely.
const MOST_VALUES: usize = 12;
/// Parts by margin.
const MARGIN_PARTS: usize = 4;

/// One division of the pairs: its name, and the name of each pair's part.
type Division = (String, Vec<(String, Vec<usize>)>);

/// Accuracies of every scorer on every part. `system` names the attribute of the generator, if there is one.
pub fn strata(found: &DimensionScores, system: Option<&str>, draws: usize, seed: u64) -> Vec<Stratum> {
    let labels = &found.labels;
    let mut divisions: Vec<Division> = by_margin(&found.facts.margin, labels).into_iter().collect();
    divisions.extend(system.and_then(|attribute| between_and_within(found, attribute)));
    divisions.extend(by_attributes(found, system));
    let mut strata = Vec::new();
    for (by, parts) in divisions {
        for (stratum, positions) in parts {
            let scored: Vec<ScoredPairs> = found.scored.iter().map(|s| part_of(s, &positions)).collect();
            let question = Question {
                dimension: &found.dimension,
                protocols: &[PROTOCOL],
                draws,
                seed,
                head_first: false,
                tests: 0,
            };
            let rows = assess(&labels.select(&positions), &scored, question).rows;
            strata.extend(rows.into_iter().map(|row| of_row(&by, &stratum, row)));
        }
    }
    strata
}

fn part_of(scored: &ScoredPairs, positions: &[usize]) -> ScoredPairs {
    let margins = positions.iter().map(|&i| scored.margins[i]).collect();
    ScoredPairs::new(scored.scorer.clone(), margins, HeldOut::Missing(String::new()))
}

fn of_row(by: &str, stratum: &str, row: Row) -> Stratum {
    Stratum {
        dimension: row.dimension,
        by: by.to_owned(),
        stratum: stratum.to_owned(),
        scorer: row.scorer,
        protocol: row.protocol,
        value: row.value,
        low: row.low,
        high: row.high,
        n: row.n,
        prompts: row.prompts,
        ties: row.ties,
        reason: row.reason,
    }
}

/// Decided pairs in about equal parts by the size of the human margin; pairs with equal margins stay together. `None`
/// where margins are unknown or all equal.
fn by_margin(margins: &[Option<f64>], labels: &LabelledPairs) -> Option<Division> {
    // 9 digits: margins of mean ratings in thirds are one size.
    let size = |at: usize| margins[at].map(|m| (m.abs() * 1e9).round() / 1e9);
    let decided: Vec<(usize, f64)> =
        (0..labels.len()).filter(|&at| labels.human[at] != 0).filter_map(|at| Some((at, size(at)?))).collect();
    let mut sorted: Vec<f64> = decided.iter().map(|d| d.1).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut edges: Vec<f64> = (1..MARGIN_PARTS)
        .filter_map(|k| quantile_sorted(&sorted, k as f64 / MARGIN_PARTS as f64))
        .filter(|edge| sorted.last().is_some_and(|last| edge < last))
        .collect();
    edges.dedup();
    if edges.is_empty() {
        return None;
    }
    let mut parts: BTreeMap<usize, Vec<(usize, f64)>> = BTreeMap::new();
    for &(at, size) in &decided {
        parts.entry(edges.iter().filter(|edge| size > **edge).count()).or_default().push((at, size));
    }
    let named = parts.into_values().map(|part| {
        let low = part.iter().map(|p| p.1).fold(f64::INFINITY, f64::min);
        let high = part.iter().map(|p| p.1).fold(0.0, f64::max);
        let name = if low == high { short(low) } else { format!("{} to {}", short(low), short(high)) };
        (name, part.into_iter().map(|p| p.0).collect())
    });
    Some(("margin".to_owned(), named.collect()))
}

/// Up to three digits after the point, without trailing noughts.
fn short(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Pairs of two systems, and pairs of one. `None` unless both occur.
fn between_and_within(found: &DimensionScores, attribute: &str) -> Option<Division> {
    let sides = found.facts.sides(attribute, &found.labels)?;
    let known = sides.iter().enumerate().filter_map(|(at, [a, b])| Some((at, (*a)? == (*b)?)));
    let (within, between): (Vec<_>, Vec<_>) = known.partition(|(_, same)| *same);
    let at = |part: Vec<(usize, bool)>| part.into_iter().map(|p| p.0).collect::<Vec<usize>>();
    let parts = vec![("between".to_owned(), at(between)), ("within".to_owned(), at(within))];
    parts.iter().all(|p| !p.1.is_empty()).then(|| (format!("{attribute} pairs"), parts))
}

/// Whether an attribute divides the pairs: few values, which nearly always agree within a pair, such as kinds of prompts.
pub(super) fn divides(labels: &LabelledPairs, values: &[Option<String>]) -> bool {
    let mut distinct: BTreeSet<&str> = BTreeSet::new();
    let mut differing = 0;
    for pair in &labels.items {
        match pair.map(|item| values[item as usize].as_deref()) {
            [Some(a), Some(b)] if a == b => _ = distinct.insert(a),
            _ => differing += 1,
        }
        if distinct.len() > MOST_VALUES || 20 * differing > labels.len() {
            return false;
        }
    }
    distinct.len() >= 2
}

/// Parts by each attribute that divides the pairs.
fn by_attributes(found: &DimensionScores, system: Option<&str>) -> Vec<Division> {
    let labels = &found.labels;
    let attributes = (found.facts.attributes.iter())
        .filter(|(name, values)| Some(name.as_str()) != system && divides(labels, values));
    attributes
        .map(|(name, values)| {
            let mut parts: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
            for (at, pair) in labels.items.iter().enumerate() {
                if let [Some(a), Some(b)] = pair.map(|item| values[item as usize].as_deref())
                    && a == b
                {
                    parts.entry(a).or_default().push(at);
                }
            }
            (name.clone(), parts.into_iter().map(|(value, at)| (value.to_owned(), at)).collect())
        })
        .collect()
}
