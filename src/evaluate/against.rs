//! Is a new head better than the one it would replace?

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::compare::{Question, assess};
use super::duel::duel;
use super::scorers::HEAD;
use super::{DimensionScores, Evaluation, Protocol};
use crate::stats::multiplicity::benjamini_hochberg_some;

/// Name, among the scorers, of the heads that would be replaced.
pub const OLD: &str = "old head";

/// A difference is shown up to this false discovery rate over the dimensions.
const SHOWN: f64 = 0.05;

/// New head minus old head on one dimension, on the pairs that both score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Against {
    /// Dimension.
    pub dimension: String,
    /// Protocol.
    pub protocol: Protocol,
    /// Accuracy of the new head minus that of the old one.
    pub difference: Option<f64>,
    /// Lower end of the 95 % interval.
    pub low: Option<f64>,
    /// Upper end of the 95 % interval.
    pub high: Option<f64>,
    /// Two-sided p-value of a sign-flip test over prompts.
    pub p: Option<f64>,
    /// p adjusted over the dimensions (Benjamini–Hochberg).
    pub q: Option<f64>,
    /// Pairs in the denominator.
    pub n: usize,
    /// Prompts behind them.
    pub prompts: usize,
    /// Whether only prompts count that neither head was fitted on, because one of them was fitted on others.
    pub unseen_only: bool,
    /// What that allows to say.
    pub change: Change,
}

/// What replacing the old head by the new one does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Shown to be better.
    Better,
    /// Shown to be worse.
    Worse,
    /// No difference is shown.
    NotShown,
    /// Too few pairs or prompts.
    NotEnoughData,
}

/// The head of an evaluation against the scorer `old`, on each dimension that both have. Where either was fitted on some
/// of the prompts, the others alone decide.
pub fn against(evaluation: &Evaluation, scores: &[DimensionScores], old: &str, protocol: Protocol) -> Vec<Against> {
    let mut found: Vec<Against> = scores.iter().filter_map(|s| on_dimension(evaluation, s, old, protocol)).collect();
    let p: Vec<Option<f64>> = found.iter().map(|a| a.p).collect();
    for (one, q) in found.iter_mut().zip(benjamini_hochberg_some(&p)) {
        one.q = q;
        one.change = match (q, one.difference) {
            (None, _) | (_, None) => Change::NotEnoughData,
            (Some(q), Some(d)) if q <= SHOWN && d > 0.0 => Change::Better,
            (Some(q), Some(d)) if q <= SHOWN && d < 0.0 => Change::Worse,
            _ => Change::NotShown,
        };
    }
    found
}

fn on_dimension(evaluation: &Evaluation, scores: &DimensionScores, old: &str, protocol: Protocol) -> Option<Against> {
    let of = |name: &str| scores.scored.iter().find(|s| s.scorer == name);
    let (new, old) = (of(HEAD)?, of(old)?);
    let labels = &scores.labels;
    let fitted = |i: usize| [new, old].iter().any(|s| s.fitted.get(i) == Some(&true));
    let seen: BTreeSet<u32> = (0..labels.len()).filter(|&i| fitted(i)).map(|i| labels.group[i]).collect();
    let unseen: Vec<usize> = (0..labels.len()).filter(|&i| !seen.contains(&labels.group[i])).collect();
    let (labels, pair) = (labels.select(&unseen), [new.select(&unseen), old.select(&unseen)]);
    let (draws, seed) = (evaluation.draws, evaluation.seed);
    let question =
        Question { dimension: &scores.dimension, protocols: &[protocol], draws, seed, head_first: true, tests: 0 };
    let compared = assess(&labels, &pair, question).comparisons.into_iter().next()?;
    let fought = duel(&labels, &pair[0], &pair[1], protocol, seed);
    Some(Against {
        dimension: scores.dimension.clone(),
        protocol,
        difference: compared.difference,
        low: compared.low,
        high: compared.high,
        p: fought.map(|f| f.p),
        q: None,
        n: compared.n,
        prompts: compared.prompts,
        unseen_only: !seen.is_empty(),
        change: Change::NotEnoughData,
    })
}
