//! What a scorer that knows nothing reaches: an accuracy below these says nothing.

use super::Floor;
use super::margins::LabelledPairs;
use super::protocol::Protocol;
use crate::stats::counts::PairCounts;

/// The floors of one dimension: `chance` (scores drawn at random, never equal) and `always-tie` (the same score for
/// every item), for each protocol that is defined there.
pub fn floors(dimension: &str, labels: &LabelledPairs, protocols: &[Protocol]) -> Vec<Floor> {
    let ties = labels.ties();
    let mut floors = Vec::new();
    for &protocol in protocols {
        for (floor, found) in
            [("chance", chance(protocol, ties, labels.len())), ("always-tie", always_tie(protocol, ties, labels.len()))]
        {
            if let Some((value, n)) = found {
                floors.push(Floor::rule(dimension, floor, protocol, value, n));
            }
        }
    }
    floors
}

/// Expected accuracy of random scores, with the pairs in the denominator. Human ties do not depend on them, so half of
/// the decided pairs are right. With a calibrated threshold the better of "no ties" and "all ties" is meant, which
/// random scores approach from above as pairs grow.
fn chance(protocol: Protocol, ties: usize, all: usize) -> Option<(f64, usize)> {
    let n = if protocol.drops_human_ties() { all - ties } else { all };
    if n == 0 {
        return None;
    }
    let tied = ties as f64 / all as f64;
    let value = match protocol {
        Protocol::Diff | Protocol::DiffHalf | Protocol::DiffDecided | Protocol::HalfTie => 0.5,
        Protocol::ThreeClass | Protocol::UnifiedReward => (1.0 - tied) / 2.0,
        Protocol::Tau | Protocol::TauHeldOut | Protocol::VgrbWithTies => tied.max((1.0 - tied) / 2.0),
    };
    Some((value, n))
}

/// Accuracy of a constant scorer, with the pairs in the denominator.
fn always_tie(protocol: Protocol, ties: usize, all: usize) -> Option<(f64, usize)> {
    let counts = PairCounts { both_tie: ties, model_tie: all - ties, ..PairCounts::default() };
    protocol.share(&counts).map(|share| (share.value(), share.n as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(human: &[i8]) -> LabelledPairs {
        LabelledPairs {
            pair: (0..human.len()).collect(),
            human: human.to_vec(),
            group: vec![0; human.len()],
            groups: 1,
        }
    }

    #[test]
    fn the_shared_vector_has_an_always_tie_floor_of_three_tenths() {
        let floors = floors("d", &labels(&[1, 1, 1, -1, -1, 0, 0, 0, 1, -1]), &Protocol::ALL);
        let value = |floor: &str, protocol: Protocol| {
            floors.iter().find(|f| f.floor == floor && f.protocol == protocol).map(|f| (f.value, f.n))
        };
        assert_eq!(value("always-tie", Protocol::Tau), Some((0.3, 10)));
        assert_eq!(value("always-tie", Protocol::Diff), Some((0.0, 7)));
        assert_eq!(value("always-tie", Protocol::DiffHalf), Some((0.5, 7)));
        assert_eq!(value("always-tie", Protocol::DiffDecided), None);
        assert_eq!(value("chance", Protocol::Tau), Some((0.35, 10)));
        assert_eq!(value("chance", Protocol::DiffHalf), Some((0.5, 7)));
    }

    #[test]
    fn without_decided_pairs_only_the_three_way_floors_remain() {
        let floors = floors("d", &labels(&[0, 0]), &Protocol::DEFAULT);
        assert!(floors.iter().all(|f| f.value == 1.0 && f.n == 2));
        assert_eq!(floors.len(), 4, "tau and tau-held-out, each with both floors");
        assert!(super::floors("d", &labels(&[]), &Protocol::ALL).is_empty());
    }
}
