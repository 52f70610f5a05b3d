//! What a scorer that knows nothing of the items reaches: an accuracy below these says nothing.

use super::Floor;
use super::margins::LabelledPairs;
use super::protocol::Protocol;
use crate::stats::counts::PairCounts;

/// The floors of one dimension: `chance` (scores drawn at random, never equal), `always-tie` (the same score for every
/// item) and `majority` (always the label that is most frequent in these very pairs: a, b or tie), for each protocol
/// that is defined there.
pub fn floors(dimension: &str, labels: &LabelledPairs, protocols: &[Protocol]) -> Vec<Floor> {
    let ties = labels.ties();
    let first = labels.human.iter().filter(|h| **h > 0).count();
    let mut floors = Vec::new();
    for &protocol in protocols {
        let all = labels.len();
        for (floor, found) in [
            ("chance", chance(protocol, ties, all)),
            ("always-tie", always_tie(protocol, ties, all)),
            ("majority", majority(protocol, first, ties, all)),
        ] {
            if let Some((value, n)) = found {
                floors.push(Floor::rule(dimension, floor, protocol, value, n));
            }
        }
    }
    floors
}

/// Expected accuracy of random scores, with the pairs in the denominator; `None` where it depends on more than the share
/// of ties (the number of items per prompt, the scale). Human ties do not depend on them, so half of
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
        Protocol::TigerHalf | Protocol::TiesMatterRow | Protocol::Rb2Credit => return None,
    };
    Some((value, n))
}

/// The best of always a, always b and always tie.
fn majority(protocol: Protocol, first: usize, ties: usize, all: usize) -> Option<(f64, usize)> {
    let second = all - first - ties;
    let always = |right: usize, wrong: usize| {
        let counts = PairCounts { right, wrong, human_tie: ties, ..PairCounts::default() };
        // A scorer that prefers one side by a constant margin.
        protocol.share(&counts).map(|share| (share.value(), share.n as usize))
    };
    let candidates = [always(first, second), always(second, first), always_tie(protocol, ties, all)];
    candidates.into_iter().flatten().reduce(|best, other| if other.0 > best.0 { other } else { best })
}

/// Accuracy of a constant scorer, with the pairs in the denominator.
fn always_tie(protocol: Protocol, ties: usize, all: usize) -> Option<(f64, usize)> {
    if protocol == Protocol::TigerHalf && all > 0 {
        return Some((ties as f64 / all as f64, all));
    }
    if protocol == Protocol::TiesMatterRow {
        return None;
    }
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
            ..LabelledPairs::default()
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
        assert_eq!(floors.iter().filter(|f| f.floor != "majority").count(), 4, "tau and tau-held-out, each with both");
        assert!(super::floors("d", &labels(&[]), &Protocol::ALL).is_empty());
    }
}
