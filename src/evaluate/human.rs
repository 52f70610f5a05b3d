//! The human level: one annotator against the others, under the same protocols as any scorer.

use std::collections::HashMap;

use super::compare::{Question, assess};
use super::facts::Facts;
use super::margins::{HeldOut, LabelledPairs, ScoredPairs};
use super::{DimensionScores, Floor, Protocol, Row};
use crate::stats::counts::margin;

/// Accuracy of one annotator against the others on the pairs of `labels`, as ceilings named `annotator`, and why there
/// are none.
///
/// With ratings on the dimension: an annotator's margin is the difference of the two ratings, the label is the sign of
/// the difference of the mean ratings of the others. Else, with several votes per pair: one vote against the plurality
/// of the others. Every annotator of every pair is one unit; the label rests on one person fewer than that of the
/// scorers, so the level is, if anything, a little low.
pub fn human_level(found: &DimensionScores, question: Question<'_>) -> Vec<Floor> {
    let labels = &found.labels;
    let (units, detail) = match from_ratings(&found.facts, labels) {
        units if !units.is_empty() => (units, "a rater against the mean of the others"),
        _ => (from_votes(&found.facts), "a vote against the plurality of the others"),
    };
    if units.is_empty() {
        return Vec::new();
    }
    let n = units.len();
    let positions: Vec<usize> = units.iter().map(|u| u.at).collect();
    let mut people = labels.select(&positions);
    people.human = units.iter().map(|u| u.others).collect();
    // People say "tie" themselves: they need no threshold.
    let scored = ScoredPairs::new(
        "annotator",
        units.iter().map(|u| Some(u.margin)).collect(),
        HeldOut::Thresholds(vec![0.0; n]),
    );
    let protocols: Vec<Protocol> = question.protocols.iter().copied().filter(|p| has_human_level(*p)).collect();
    let question = Question { protocols: &protocols, head_first: false, tests: 0, ..question };
    assess(&people, &[scored], question).rows.into_iter().filter_map(|row| ceiling(row, detail)).collect()
}

/// Protocols under which a list with several annotators per pair makes sense.
fn has_human_level(protocol: Protocol) -> bool {
    !matches!(protocol, Protocol::TigerHalf | Protocol::TiesMatterRow | Protocol::Rb2Credit)
}

fn ceiling(row: Row, detail: &str) -> Option<Floor> {
    Some(Floor {
        dimension: row.dimension,
        floor: "annotator".to_owned(),
        protocol: row.protocol,
        value: row.value?,
        low: row.low,
        high: row.high,
        n: row.n,
        detail: Some(detail.to_owned()),
    })
}

/// One annotator on one pair.
struct Unit {
    /// Position in the labels.
    at: usize,
    /// Verdict of the others.
    others: i8,
    margin: f64,
}

fn from_ratings(facts: &Facts, labels: &LabelledPairs) -> Vec<Unit> {
    let by_item: HashMap<usize, &[(u32, f64)]> = facts.rated.iter().map(|r| (r.item, r.ratings.as_slice())).collect();
    let mut units = Vec::new();
    for (at, pair) in labels.items.iter().enumerate() {
        let [Some(a), Some(b)] = pair.map(|item| by_item.get(&(item as usize))) else { continue };
        for &(annotator, own) in a.iter() {
            let Some(&(_, other_own)) = b.iter().find(|r| r.0 == annotator) else { continue };
            let mean = |all: &[(u32, f64)]| {
                let others: Vec<f64> = all.iter().filter(|r| r.0 != annotator).map(|r| r.1).collect();
                (!others.is_empty()).then(|| others.iter().sum::<f64>() / others.len() as f64)
            };
            let (Some(mean_a), Some(mean_b)) = (mean(a), mean(b)) else { continue };
            let others = margin(mean_a, mean_b);
            let others = i8::from(others > 0.0) - i8::from(others < 0.0);
            units.push(Unit { at, others, margin: margin(own, other_own) });
        }
    }
    units
}

fn from_votes(facts: &Facts) -> Vec<Unit> {
    let mut units = Vec::new();
    for (at, votes) in facts.votes.iter().enumerate() {
        let Some((shares, voters)) = votes else { continue };
        let counts = [shares.a, shares.tie, shares.b].map(|share| share * *voters as f64);
        // Weighted votes cannot be told apart.
        if counts.iter().any(|c| (c - c.round()).abs() > 1e-6) {
            continue;
        }
        for (vote, margin) in [(0usize, 1.0), (1, 0.0), (2, -1.0)] {
            for _ in 0..counts[vote].round() as usize {
                let mut others = counts;
                others[vote] -= 1.0;
                let votes = crate::dataset::Votes { a: others[0], tie: others[1], b: others[2] };
                units.push(Unit { at, others: votes.plurality(), margin });
            }
        }
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Dataset, Rating, Votes};
    use crate::evaluate::Extras;
    use crate::features::testing::Tiny;

    fn scores(ds: &Dataset) -> DimensionScores {
        let labels = LabelledPairs::new(ds, &[0]);
        let facts = Facts::new(ds, "d", &labels, &Extras::default());
        DimensionScores { labels, facts, ..DimensionScores::default() }
    }

    fn question(protocols: &[Protocol]) -> Question<'_> {
        Question { dimension: "d", protocols, draws: 50, seed: 1, head_first: false, tests: 0 }
    }

    #[test]
    fn three_raters_each_against_the_other_two() {
        let mut ds = Tiny::new().item("x", "p").item("y", "p").pair("d", "x", "y", 'a').build();
        for (annotator, values) in [("r", [5.0, 1.0]), ("s", [4.0, 2.0]), ("t", [2.0, 3.0])] {
            for (item, value) in values.into_iter().enumerate() {
                ds.ratings.push(Rating { item, annotator: annotator.to_owned(), dimension: "d".to_owned(), value });
            }
        }
        let found = human_level(&scores(&ds), question(&[Protocol::Diff]));
        // r: others 3 against 2.5, agrees; s: others 3.5 against 2, agrees; t: others 4.5 against 1.5, disagrees.
        assert_eq!((found[0].value, found[0].n), (2.0 / 3.0, 3));
        assert_eq!(found[0].low, None, "one pair carries no interval");
    }

    #[test]
    fn votes_stand_in_for_ratings_and_single_votes_say_nothing() {
        let mut ds = Tiny::new().item("x", "p").item("y", "p").pair("d", "x", "y", 'a').build();
        assert!(human_level(&scores(&ds), question(&[Protocol::Diff])).is_empty());
        ds.pairs[0].votes = Votes { a: 0.75, tie: 0.0, b: 0.25 };
        ds.pairs[0].voters = 4;
        let found = human_level(&scores(&ds), question(&[Protocol::Diff]));
        // Three voters for a see 2 : 1 for a; the voter for b sees 3 : 0.
        assert_eq!((found[0].value, found[0].n), (0.75, 4));
    }
}
