//! How well people predict people: the accuracy that a head can be asked for; and where people contradict themselves.

use std::collections::{BTreeMap, HashMap};

use super::panel::{Of, Panel};
use super::{Area, AuditInput, Band, Estimate, Finding, Outcome, Side};
use crate::Result;
use crate::problems::Severity;

/// Accuracy of one annotator against the others, from 1 (they always agree).
const CEILING: Band = Band { null: 1.0, look: 0.25, bad: 0.4, side: Side::Below };
/// Share of pairs whose label contradicts the ratings of their items.
/// Half would mean that the two have nothing to do with each other; people who judge twice differ in one pair of five or so.
const CONTRADICTION: Band = Band { null: 0.0, look: 0.25, bad: 0.4, side: Side::Above };
/// Share of copies that are labelled the other way; at ½ the labels carry nothing.
const CONFLICT: Band = Band { null: 0.0, look: 0.25, bad: 0.45, side: Side::Above };

/// Human ceiling: each annotator's preference between two items of a prompt against that of the mean of the others.
///
/// `diff-half` credit: pairs on which the others are decided; an annotator who sees no difference is half right.
///
/// # Errors
/// None.
pub fn ceiling(input: &AuditInput) -> Result<Outcome> {
    let panels = Panel::all(input);
    if panels.is_empty() {
        return Ok(Outcome::not_applicable("there are neither ratings nor votes of named annotators"));
    }
    let mut outcome = Outcome::default();
    for panel in &panels {
        let (credit, clusters) = match panel.of {
            Of::Ratings => rating_credit(panel),
            Of::Votes => vote_credit(panel),
        };
        let subject = format!("one annotator against the others ({})", panel.of.word());
        let finding = Finding::of(Area::Annotators, "human-ceiling", Some(&panel.dimension), subject);
        let Some(found) = Estimate::share(&credit, &clusters, 1.0) else {
            let reason = "undefined: no pair of items was labelled by two annotators";
            outcome.findings.push(finding.undefined(reason));
            continue;
        };
        let message = format!(
            "{}: one annotator agrees with the others on {:.1} % of the pairs they are decided on: the ceiling for a head.",
            panel.dimension,
            100.0 * found.value
        );
        let remedy = "Do not ask a head for more than this; more annotators per item raise what can be learned.";
        // That people do not always agree needs no test; what matters is how often.
        let found = Estimate { p: None, ..found };
        outcome.findings.push(finding.saying(message, remedy).measured(&found, "accuracy", "comparisons", CEILING));
    }
    Ok(outcome)
}

fn half_credit(own: f64, others: f64) -> f64 {
    if own == 0.0 { 0.5 } else { f64::from(u8::from(own * others > 0.0)) }
}

/// Every annotator and every two items of a cluster that share at least two annotators.
fn rating_credit(panel: &Panel) -> (Vec<f64>, Vec<usize>) {
    let mut by_cluster: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (u, unit) in panel.units.iter().enumerate().filter(|(_, unit)| unit.labels.len() > 1) {
        by_cluster.entry(unit.cluster).or_default().push(u);
    }
    let (mut credit, mut clusters) = (Vec::new(), Vec::new());
    for (&cluster, members) in &by_cluster {
        for (i, &first) in members.iter().enumerate() {
            let own: HashMap<usize, f64> =
                panel.units[first].labels.iter().map(|&(annotator, level)| (annotator, panel.value(level))).collect();
            for &second in &members[i + 1..] {
                let both: Vec<f64> = (panel.units[second].labels.iter())
                    .filter_map(|&(annotator, level)| Some(own.get(&annotator)? - panel.value(level)))
                    .collect();
                let sum: f64 = both.iter().sum();
                for difference in both.iter().filter(|_| both.len() > 1) {
                    let others = sum - difference;
                    if others.abs() > 1e-9 {
                        credit.push(half_credit(*difference, others));
                        clusters.push(cluster);
                    }
                }
            }
        }
    }
    (credit, clusters)
}

/// Every vote against the sum of the other votes on the pair.
fn vote_credit(panel: &Panel) -> (Vec<f64>, Vec<usize>) {
    let (mut credit, mut clusters) = (Vec::new(), Vec::new());
    for unit in panel.shared() {
        let sum: f64 = unit.labels.iter().map(|&(_, level)| panel.value(level)).sum();
        for &(_, level) in &unit.labels {
            let own = panel.value(level);
            if sum - own != 0.0 {
                credit.push(half_credit(own, sum - own));
                clusters.push(unit.cluster);
            }
        }
    }
    (credit, clusters)
}

/// Labels of pairs against the mean ratings of their items on the same dimension.
///
/// # Errors
/// None.
pub fn contradictions(input: &AuditInput) -> Result<Outcome> {
    let ds = input.ds;
    if ds.pairs_derived || ds.ratings.is_empty() || ds.pairs.is_empty() {
        let reason =
            if ds.pairs_derived { "the pairs were derived from the ratings" } else { "it needs ratings and pairs" };
        return Ok(Outcome::not_applicable(reason));
    }
    let mut outcome = Outcome::default();
    for (d, name) in input.dimensions() {
        let means = mean_ratings(input, name);
        if means.is_empty() {
            outcome.not_run.push((name.to_owned(), "no rating has the name of this dimension".to_owned()));
            continue;
        }
        let pairs = ds.pairs_of(d).into_iter().filter_map(|p| {
            let pair = &ds.pairs[p];
            let difference = means.get(&pair.a)? - means.get(&pair.b)?;
            let human = f64::from(pair.votes.plurality());
            // Pairs that both sources decide.
            (human != 0.0 && difference.abs() > 1e-9)
                .then(|| (f64::from(u8::from(human * difference < 0.0)), ds.group_of_pair(p)))
        });
        let (wrong, clusters): (Vec<f64>, Vec<usize>) = pairs.unzip();
        let finding = Finding::of(Area::Annotators, "rating-against-pair", Some(name), "decided pairs");
        let Some(found) = Estimate::share(&wrong, &clusters, 0.0) else {
            outcome.findings.push(finding.undefined("no pair is decided by both its label and the ratings"));
            continue;
        };
        let message =
            format!("{name}: {:.1} % of the pairs contradict the mean ratings of their items.", 100.0 * found.value);
        let remedy = "Find out which of the two was asked for what: a head can follow only one of them.";
        let found = Estimate { p: None, ..found };
        outcome.findings.push(finding.saying(message, remedy).measured(&found, "share", "pairs", CONTRADICTION));
    }
    Ok(outcome)
}

/// Prompt text (group) and two generators.
type Comparison<'a> = (usize, &'a str, &'a str);

fn mean_ratings(input: &AuditInput, dimension: &str) -> BTreeMap<usize, f64> {
    let mut sums: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
    for rating in input.ds.ratings.iter().filter(|r| r.dimension == dimension) {
        let sum = sums.entry(rating.item).or_default();
        *sum = (sum.0 + rating.value, sum.1 + 1.0);
    }
    sums.into_iter().map(|(item, (sum, n))| (item, sum / n)).collect()
}

/// Repeated rows, and the same comparison under several prompt ids with opposite labels.
///
/// # Errors
/// None.
pub fn duplicates(input: &AuditInput) -> Result<Outcome> {
    let ds = input.ds;
    let mut outcome = Outcome::default();
    let repeated = ds.problems.rules(Severity::Warning).find(|(rule, _)| *rule == "identical-duplicate");
    if let Some((_, n)) = repeated {
        outcome.notes.push(format!("{n} rows repeat an earlier one and were kept once (`headfit check` lists them)."));
    }
    let Some(generators) = ds.items.attributes.get("generator") else {
        outcome.not_run.push((String::new(), "copies under other prompt ids: the items have no generator".to_owned()));
        return Ok(outcome);
    };
    for (d, name) in input.dimensions() {
        let mut copies: BTreeMap<Comparison, Vec<(i8, usize)>> = BTreeMap::new();
        for p in ds.pairs_of(d) {
            let pair = &ds.pairs[p];
            let (Some(a), Some(b)) = (&generators[pair.a], &generators[pair.b]) else { continue };
            let label = pair.votes.plurality();
            let (key, label) = if a <= b { ((a, b), label) } else { ((b, a), -label) };
            if a != b && label != 0 {
                let prompt = ds.items.prompt[pair.a];
                copies.entry((ds.group_of_pair(p), key.0, key.1)).or_default().push((label, prompt));
            }
        }
        let (mut conflict, mut clusters) = (Vec::new(), Vec::new());
        for ((group, ..), labels) in &copies {
            for (i, first) in labels.iter().enumerate() {
                for second in labels[i + 1..].iter().filter(|second| second.1 != first.1) {
                    conflict.push(f64::from(u8::from(first.0 != second.0)));
                    clusters.push(*group);
                }
            }
        }
        let finding = Finding::of(Area::Annotators, "conflicting-duplicates", Some(name), "same prompt text");
        let Some(found) = Estimate::share(&conflict, &clusters, 0.0) else { continue };
        let message = format!(
            "{name}: of comparisons of the same generators under equal prompt texts, {:.1} % are labelled the other way.",
            100.0 * found.value
        );
        let remedy = "Merge the prompts, and look at which samples were compared.";
        let found = Estimate { p: None, ..found };
        outcome.findings.push(finding.saying(message, remedy).measured(&found, "share", "comparisons", CONFLICT));
    }
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_is_the_share_of_pairs_on_which_one_follows_the_others() {
        // Two items of one prompt, three annotators with differences +1, +1, −1.
        let rows = [
            (0, 0, "x", 2.0),
            (1, 0, "x", 1.0),
            (0, 0, "y", 2.0),
            (1, 0, "y", 1.0),
            (0, 0, "z", 1.0),
            (1, 0, "z", 2.0),
        ];
        let panel = Panel::new("d", Of::Ratings, None, rows);
        // x against y + z = 0: undecided; the same for y; z against +2: wrong.
        assert_eq!(rating_credit(&panel), (vec![0.0], vec![0]));
        let rows = [(0, 0, "x", 1.0), (0, 0, "y", 1.0), (0, 0, "z", 0.0)];
        assert_eq!(vote_credit(&Panel::new("d", Of::Votes, None, rows)).0, [1.0, 1.0, 0.5]);
    }
}
