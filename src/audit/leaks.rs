//! Test prompts that stand among the training prompts, under their own id or another.

use std::collections::{BTreeMap, BTreeSet};

use super::{Area, AuditInput, Band, Estimate, Finding, Outcome, Side};
use crate::Result;
use crate::dataset::Split;

/// Share of test prompts with training pairs.
const LEAK: Band = Band { null: 0.0, look: 0.01, bad: 0.1, side: Side::Above };

/// The check: per dimension, the share of test prompts whose folded text (or id) has training pairs too.
///
/// # Errors
/// None.
pub fn run(input: &AuditInput) -> Result<Outcome> {
    let ds = input.ds;
    if !ds.pairs.iter().any(|p| p.split == Some(Split::Test)) {
        return Ok(Outcome::not_applicable(
            "the pairs have no split into train and test; folds keep equal prompts together",
        ));
    }
    let mut outcome = Outcome::default();
    for (d, name) in input.dimensions() {
        let mut training: BTreeSet<usize> = BTreeSet::new();
        // Prompts, not groups: a test prompt is one thing that was meant to be new.
        let mut test: BTreeMap<usize, usize> = BTreeMap::new();
        for pair in ds.pairs.iter().filter(|p| p.dimension == d) {
            match pair.split {
                Some(Split::Train) => _ = training.insert(ds.items.group(pair.a)),
                Some(Split::Test) => _ = test.insert(ds.items.prompt[pair.a], ds.items.group(pair.a)),
                None => {}
            }
        }
        let finding = Finding::of(Area::Preferences, "prompt-leakage", Some(name), "test prompts");
        let leaked: Vec<usize> = test.iter().filter(|(_, g)| training.contains(g)).map(|(p, _)| *p).collect();
        let values: Vec<f64> = test.values().map(|g| f64::from(u8::from(training.contains(g)))).collect();
        let clusters: Vec<usize> = test.keys().copied().collect();
        let Some(found) = Estimate::share(&values, &clusters, 0.0) else {
            outcome.findings.push(finding.undefined("no test pair"));
            continue;
        };
        let examples: Vec<&str> = leaked.iter().take(4).map(|&p| ds.items.prompt_ids[p].as_str()).collect();
        let such = if examples.is_empty() { String::new() } else { format!(" ({} …)", examples.join(", ")) };
        let message = format!(
            "{name}: {} of {} test prompts have training pairs too, by id or by equal text{such}.",
            leaked.len(),
            test.len()
        );
        let remedy = "Move all pairs of a prompt into one split; until then test accuracy is too favourable.";
        // A count, not a sample: what leaked has leaked.
        let found = Estimate { p: None, ..found };
        outcome.findings.push(finding.saying(message, remedy).measured(&found, "share", "test prompts", LEAK));
    }
    Ok(outcome)
}
