//! Two comparisons worked through: where the head is most sure and right, and where it is most sure and wrong.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Artefact, view};
use crate::Result;
use crate::dataset::Dataset;
use crate::features::FeatureMatrix;
use crate::head::explain::Context;
use crate::head::{Explanation, Head};

/// One evaluated pair, taken apart by the head that the report shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WorkedPair {
    /// Id of the pair.
    pub pair: String,
    /// Whether people prefer item a (else b); ties are not shown.
    pub people_prefer_a: bool,
    /// Whether the head says the same.
    pub right: bool,
    /// Why the head says what it says.
    pub explanation: Explanation,
}

/// The two pairs for the head that the report shows first; fewer where it is never right, or never wrong.
///
/// # Errors
/// As [`Head::explain`].
pub fn worked_pairs(
    ds: &Dataset,
    features: &FeatureMatrix,
    heads: &[Head],
    artefact: &Artefact,
) -> Result<Vec<WorkedPair>> {
    let lead = heads.iter().position(|h| view::is_lead(&h.dimension)).or((!heads.is_empty()).then_some(0));
    let Some(head) = lead.map(|at| &heads[at]) else { return Ok(Vec::new()) };
    let Some(tables) = artefact.dimensions.iter().find(|d| d.dimension == head.dimension) else {
        return Ok(Vec::new());
    };
    let scores = head.score(features)?;
    let item = |id: &str| ds.items.by_id.get(id).copied();
    // (agreement in log-odds, a, b, pair): positive where the head says what people say.
    let mut candidates = Vec::new();
    for pair in tables.pairs.iter().filter(|p| p.human != 0) {
        let Some((a, b)) = item(&pair.items[0]).zip(item(&pair.items[1])) else { continue };
        if let (Some(x), Some(y)) = (scores[a], scores[b]) {
            candidates.push((f64::from(pair.human) * (x - y), a, b, pair));
        }
    }
    // Equal margins: the first pair, so that the choice does not depend on the order of equal elements.
    let right = candidates.iter().filter(|c| c.0 > 0.0).reduce(|best, next| if next.0 > best.0 { next } else { best });
    let wrong = candidates.iter().filter(|c| c.0 < 0.0).reduce(|best, next| if next.0 < best.0 { next } else { best });
    let ranges = BTreeMap::new();
    let explained = |&(agreement, a, b, pair): &(f64, usize, usize, &super::PairLine)| {
        Ok(WorkedPair {
            pair: pair.pair.clone(),
            people_prefer_a: pair.human > 0,
            right: agreement > 0.0,
            explanation: head.explain(features, a, b, Context { data: ds, ranges: &ranges })?,
        })
    };
    right.into_iter().chain(wrong).map(explained).collect()
}
