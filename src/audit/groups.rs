//! Groups of items and pairs in the preference data: who wins, who ties.

use super::attributes::Attributes;
use super::pairs::{Decided, decided, indicator, valued};
use super::{Area, AuditInput, Band, Estimate, Finding, Outcome, Side};
use crate::Result;
use crate::stats::counts::margin;

/// Share of the decided pairs against others that a group wins.
const PREFERENCE: Band = Band { null: 0.5, look: 0.25, bad: 0.35, side: Side::Both };
/// Share of the decided pairs in which the larger number wins.
const LARGER: Band = Band { null: 0.5, look: 0.07, bad: 0.2, side: Side::Both };
/// Share of ties.
const TIES: Band = Band { null: 0.0, look: 0.4, bad: 0.7, side: Side::Above };
/// Share of ties in a group minus that of the other pairs.
const TIE_GAP: Band = Band { null: 0.0, look: 0.15, bad: 0.3, side: Side::Both };

/// Which group people prefer: every value of an attribute against the others, and larger against smaller numbers.
///
/// # Errors
/// None.
pub fn preference(input: &AuditInput) -> Result<Outcome> {
    let attributes = Attributes::new(input);
    let mut outcome = Outcome { not_run: attributes.remarks.clone(), ..Outcome::default() };
    if attributes.of_items.is_empty() && attributes.numeric.is_empty() {
        outcome.not_run.push((String::new(), "no attribute differs between the items of a pair".to_owned()));
        return Ok(outcome);
    }
    for (d, name) in input.dimensions() {
        let pairs = decided(input, d);
        for grouping in &attributes.of_items {
            for (g, value) in grouping.values.iter().enumerate() {
                let wins = |pair: &Decided| {
                    let (preferred, other) = (grouping.group[pair.preferred]?, grouping.group[pair.other]?);
                    (preferred != other && (preferred == g || other == g)).then(|| indicator(preferred == g))
                };
                let (values, clusters) = valued(&pairs, wins);
                let subject = format!("{} = {value}", grouping.name);
                let finding = Finding::of(Area::Preferences, "group-preference", Some(name), subject);
                let Some(found) = Estimate::share(&values, &clusters, 0.5) else {
                    outcome.findings.push(finding.undefined("no decided pair sets this group against another"));
                    continue;
                };
                let message = format!(
                    "{name}: people prefer {value} ({}) in {:.1} % of its decided pairs against others.",
                    grouping.name,
                    100.0 * found.value
                );
                let remedy = "A head can win by telling the groups apart: read its accuracy inside the group, and fit with \
                              the attribute as a control.";
                outcome.findings.push(finding.saying(message, remedy).measured(&found, "share", "pairs", PREFERENCE));
            }
        }
        for (attribute, values) in &attributes.numeric {
            let larger = |pair: &Decided| {
                let m = margin(values[pair.preferred]?, values[pair.other]?);
                (m != 0.0).then(|| indicator(m > 0.0))
            };
            let (values, clusters) = valued(&pairs, larger);
            let finding = Finding::of(Area::Preferences, "larger-preference", Some(name), attribute);
            let Some(found) = Estimate::share(&values, &clusters, 0.5) else {
                outcome.findings.push(finding.undefined("no decided pair differs in this number"));
                continue;
            };
            let message = format!(
                "{name}: people prefer the item with the larger {attribute} in {:.1} % of the pairs that differ.",
                100.0 * found.value
            );
            let remedy = "Fit with the number as a control (see controlled effects), or match the pairs on it.";
            outcome.findings.push(finding.saying(message, remedy).measured(&found, "share", "pairs", LARGER));
        }
    }
    Ok(outcome)
}

/// Share of ties: of each dimension, and of its groups of pairs against the rest.
///
/// # Errors
/// None.
pub fn ties(input: &AuditInput) -> Result<Outcome> {
    let ds = input.ds;
    if ds.pairs.is_empty() {
        return Ok(Outcome::not_applicable("there are no pairs"));
    }
    let attributes = Attributes::new(input);
    let mut outcome = Outcome::default();
    for (d, name) in input.dimensions() {
        let pairs = ds.pairs_of(d);
        let tie: Vec<f64> = pairs.iter().map(|&p| indicator(ds.pairs[p].votes.plurality() == 0)).collect();
        let clusters: Vec<usize> = pairs.iter().map(|&p| ds.group_of_pair(p)).collect();
        let Some(found) = Estimate::share(&tie, &clusters, 0.0) else { continue };
        let message = format!("{name}: {:.1} % of the pairs are ties.", 100.0 * found.value);
        let remedy = "Always calling a tie is the floor here: report accuracy with and without ties, and choose pairs that \
                      differ more.";
        let finding = Finding::of(Area::Preferences, "tie-share", Some(name), "all pairs");
        // That there are ties needs no test.
        let found = Estimate { p: None, ..found };
        outcome.findings.push(finding.saying(message, remedy).measured(&found, "share", "pairs", TIES));
        for grouping in &attributes.of_pairs {
            let known: Vec<usize> = (0..pairs.len()).filter(|&i| grouping.group[pairs[i]].is_some()).collect();
            let present: std::collections::BTreeSet<usize> =
                known.iter().filter_map(|&i| grouping.group[pairs[i]]).collect();
            if present.len() < 2 {
                let reason = "fewer than two of its values have pairs here".to_owned();
                outcome.not_run.push((format!("{name}: ties by {}", grouping.name), reason));
                continue;
            }
            for g in present {
                let value = &grouping.values[g];
                let inside: Vec<bool> = known.iter().map(|&i| grouping.group[pairs[i]] == Some(g)).collect();
                let values: Vec<f64> = known.iter().map(|&i| tie[i]).collect();
                let clusters: Vec<usize> = known.iter().map(|&i| clusters[i]).collect();
                let Some(found) = Estimate::difference(&values, &inside, &clusters) else { continue };
                let subject = format!("{} = {value}", grouping.name);
                let finding = Finding::of(Area::Preferences, "tie-share-by-group", Some(name), subject);
                let message = format!(
                    "{name}: pairs of {value} ({}) tie {:+.1} points against the others.",
                    grouping.name,
                    100.0 * found.value
                );
                let remedy = "Report this group by itself; accuracy with ties is not comparable between groups.";
                outcome.findings.push(finding.saying(message, remedy).measured(&found, "share", "pairs", TIE_GAP));
            }
        }
    }
    Ok(outcome)
}
