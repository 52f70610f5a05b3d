//! What an attribute alone reaches: a head that knows nothing of an item but its group (the generator-only control).

use std::borrow::Cow;
use std::collections::BTreeMap;

use rand::seq::SliceRandom;

use super::attributes::{Attributes, Grouping, MOST_VALUES};
use super::pairs::{Decided, decided, indicator, scoreable, valued};
use super::{Area, AuditInput, Band, Estimate, Finding, Outcome, Side};
use crate::fit::likelihood::LogisticRows;
use crate::fit::{FitOptions, fit_rows};
use crate::{Result, rng};

/// Accuracy of a head that sees the group only.
const BAND: Band = Band { null: 0.5, look: 0.15, bad: 0.25, side: Side::Above };
/// Folds over prompts.
const FOLDS: usize = 5;
/// Ridge penalty on the strengths: keeps a group that always wins finite.
const RIDGE: f64 = 1e-3;

/// The check, for every attribute that can differ within a pair.
///
/// # Errors
/// Those of the fit that are not about too little data.
pub fn run(input: &AuditInput) -> Result<Outcome> {
    let attributes = Attributes::new(input);
    if attributes.of_items.is_empty() {
        return Ok(Outcome::not_applicable("no attribute differs between the items of a pair"));
    }
    let mut outcome = Outcome::default();
    for (d, name) in input.dimensions() {
        for grouping in &attributes.of_items {
            let subject = format!("{} alone", grouping.name);
            let finding = Finding::of(Area::Preferences, "attribute-only", Some(name), subject);
            let Some(found) = held_out_accuracy(input, d, grouping)? else {
                outcome.findings.push(finding.undefined("too few prompts or decided pairs for held-out folds"));
                continue;
            };
            let message = format!(
                "{name}: a head that knows nothing but the {} of the two items is right on {:.3} of the decided pairs \
                 (diff-half, {FOLDS} folds over prompts).",
                grouping.name, found.value
            );
            let remedy = "Compare every head with this control, and read its accuracy on pairs of the same group: there this \
                          control is at .5.";
            outcome.findings.push(finding.saying(message, remedy).measured(&found, "accuracy", "decided pairs", BAND));
        }
    }
    Ok(outcome)
}

/// `diff-half` accuracy of Bradley–Terry strengths of the groups, on the pairs that a head can score, each by strengths from
/// other prompts. Items
/// without a group (missing or rare) share one of their own. `None` for fewer than two prompts or no decided pair.
///
/// # Errors
/// Those of the fit.
pub fn held_out_accuracy(input: &AuditInput, dimension: usize, grouping: &Grouping) -> Result<Option<Estimate>> {
    let pairs = scoreable(input, decided(input, dimension));
    let mut clusters: Vec<usize> = pairs.iter().map(|pair| pair.cluster).collect();
    clusters.sort_unstable();
    clusters.dedup();
    if clusters.len() < 2 {
        return Ok(None);
    }
    clusters.shuffle(&mut rng::stream(input.options.seed, "audit/attribute-only", dimension as u64));
    let fold: BTreeMap<usize, usize> = clusters.iter().enumerate().map(|(i, &cluster)| (cluster, i % FOLDS)).collect();
    let group = |item: usize| grouping.group[item].unwrap_or(MOST_VALUES);
    let mut strengths = Vec::new();
    for left_out in 0..FOLDS.min(clusters.len()) {
        let training = pairs.iter().filter(|pair| fold[&pair.cluster] != left_out);
        strengths.push(bradley_terry(training.map(|pair| (group(pair.preferred), group(pair.other))))?);
    }
    let credit = |pair: &Decided| {
        let strengths = &strengths[fold[&pair.cluster]];
        let (won, lost) = (strengths[group(pair.preferred)], strengths[group(pair.other)]);
        Some(if won == lost { 0.5 } else { indicator(won > lost) })
    };
    let (values, clusters) = valued(&pairs, credit);
    Ok(Estimate::share(&values, &clusters, 0.5))
}

/// Strength of each group from (winner, loser); 0 for groups that never met another.
fn bradley_terry(games: impl Iterator<Item = (usize, usize)>) -> Result<Vec<f64>> {
    let columns = MOST_VALUES + 1;
    let mut wins: BTreeMap<(usize, usize), f64> = BTreeMap::new();
    games.filter(|(winner, loser)| winner != loser).for_each(|game| *wins.entry(game).or_default() += 1.0);
    if wins.is_empty() {
        return Ok(vec![0.0; columns]);
    }
    let mut x = vec![0.0; wins.len() * columns];
    for (row, &(winner, loser)) in x.chunks_mut(columns).zip(wins.keys()) {
        row[winner] = 1.0;
        row[loser] = -1.0;
    }
    let rows = LogisticRows {
        x: Cow::Owned(x),
        columns,
        y: vec![1.0; wins.len()],
        weight: wins.values().copied().collect(),
        group: (0..wins.len()).collect(),
    };
    let options = FitOptions { lambda: Some(RIDGE), alpha: 0.0, bootstrap: 0, ..FitOptions::new(columns) };
    Ok(fit_rows(&rows, &options)?.weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strengths_are_in_the_order_of_the_wins() {
        let games = [(0, 1), (0, 1), (0, 1), (1, 0), (1, 2), (1, 2), (2, 1), (0, 2)];
        let strengths = bradley_terry(games.into_iter()).unwrap();
        assert!(strengths[0] > strengths[1] && strengths[1] > strengths[2], "{strengths:?}");
        assert_eq!(strengths[7], 0.0);
        assert_eq!(bradley_terry([(3, 3)].into_iter()).unwrap()[3], 0.0, "a group alone has no strength");
    }
}
