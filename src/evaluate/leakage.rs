//! The leakage guard: a head that is scored on prompts it was fitted on looks better than it is.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::compare::{Question, assess};
use super::margins::{LabelledPairs, ScoredPairs};
use super::scorers::HEAD;
use super::{Comparison, Evaluation, Protocol, Row};
use crate::dataset::Dataset;
use crate::head::{Head, prompt_hash};

/// A head was fitted on prompts that it is scored on: how many, and how it does on the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Leakage {
    /// Dimension.
    pub dimension: String,
    /// The head: `head`, or the name of a stored head that stands beside it.
    pub scorer: String,
    /// Prompts (groups of equal text) that it is scored on.
    pub prompts: usize,
    /// Those of them that it was fitted on.
    pub fitted_prompts: usize,
    /// Pairs that it is scored on.
    pub pairs: usize,
    /// Those of them whose prompt it was fitted on.
    pub fitted_pairs: usize,
    /// Its accuracy on the pairs of the other prompts, one row per protocol.
    pub unseen: Vec<Row>,
    /// Head against every other scorer on the pairs of prompts that the head was not fitted on; empty for other scorers.
    pub unseen_comparisons: Vec<Comparison>,
}

impl Leakage {
    /// One sentence for people, beginning with `LEAKAGE`.
    pub fn sentence(&self) -> String {
        let who = match self.scorer.as_str() {
            HEAD => "the head".to_owned(),
            other => format!("the head \"{other}\""),
        };
        let share = 100.0 * self.fitted_prompts as f64 / self.prompts.max(1) as f64;
        let mut text = format!(
            "LEAKAGE in {}: {who} was fitted on {} of the {} prompts it is scored on ({share:.0} %; {} of {} pairs), so its \
             figures are too good; ",
            self.dimension, self.fitted_prompts, self.prompts, self.fitted_pairs, self.pairs
        );
        let shown = |row: &&Row| row.value.is_some();
        let lead = self.unseen.iter().filter(shown).find(|r| r.protocol == Protocol::DiffHalf);
        match lead.or(self.unseen.iter().find(shown)) {
            Some(row) => {
                let interval = row.low.zip(row.high).map_or(String::new(), |(l, h)| format!(" [{l:.3}, {h:.3}]"));
                text.push_str(&format!(
                    "on the prompts it has not seen it reaches {:.3}{interval} ({}, {} pairs of {} prompts).",
                    row.value.unwrap_or_default(),
                    row.protocol.id(),
                    row.n,
                    row.prompts
                ));
            }
            None => text.push_str("no prompt is left that it has not seen: use --cross-validate, or other data."),
        }
        text
    }
}

/// Which of `pairs` (indices into [`Dataset::pairs`]) belong to a prompt that `head` was fitted on, by the hash of the
/// prompt's text.
pub(super) fn fitted_on(ds: &Dataset, pairs: &[usize], head: &Head) -> Vec<bool> {
    let known: BTreeSet<&str> = head.prompts.iter().map(String::as_str).collect();
    let fitted: Vec<bool> =
        (0..ds.items.prompt_ids.len()).map(|prompt| known.contains(prompt_hash(ds, prompt).as_str())).collect();
    pairs.iter().map(|&p| fitted[ds.items.prompt[ds.pairs[p].a]]).collect()
}

/// Adds what the guard finds on one dimension, as values and as notes.
pub(super) fn add_leakage(
    evaluation: &mut Evaluation,
    dimension: &str,
    labels: &LabelledPairs,
    scored: &[ScoredPairs],
    protocols: &[Protocol],
) {
    for (place, scorer) in scored.iter().enumerate().filter(|(_, s)| s.fitted.iter().any(|f| *f)) {
        let groups = |wanted: bool| -> BTreeSet<u32> {
            let chosen = (0..labels.len()).filter(|&i| scorer.fitted[i] == wanted);
            chosen.map(|i| labels.group[i]).collect()
        };
        let (fitted, other) = (groups(true), groups(false));
        let unseen: Vec<usize> = (0..labels.len()).filter(|&i| !fitted.contains(&labels.group[i])).collect();
        let question = Question {
            dimension,
            protocols,
            draws: evaluation.draws,
            seed: evaluation.seed,
            head_first: scorer.scorer == HEAD,
            tests: evaluation.tests,
        };
        // The head is compared with all others; any other scorer stands alone.
        let compared = if question.head_first { scored } else { &scored[place..=place] };
        let on_unseen: Vec<ScoredPairs> = compared.iter().map(|s| s.select(&unseen)).collect();
        let found = assess(&labels.select(&unseen), &on_unseen, question);
        let leakage = Leakage {
            dimension: dimension.to_owned(),
            scorer: scorer.scorer.clone(),
            prompts: fitted.union(&other).count(),
            fitted_prompts: fitted.len(),
            pairs: labels.len(),
            fitted_pairs: scorer.fitted.iter().filter(|f| **f).count(),
            unseen: found.rows.into_iter().filter(|r| r.scorer == scorer.scorer).collect(),
            unseen_comparisons: found.comparisons,
        };
        evaluation.notes.push(leakage.sentence());
        evaluation.leakage.push(leakage);
    }
}
