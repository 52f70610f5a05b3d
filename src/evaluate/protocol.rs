//! The exact rule behind each accuracy (definitions §3.13): one variant, one formula, one source, its pitfalls.

use serde::{Deserialize, Serialize};

use crate::stats::counts::{PairCounts, calibrate};

/// The exact rule behind an accuracy (definitions §3.13). Counts C, D, T_h, T_m, T_hm are those of
/// [`PairCounts`], pooled over the pairs of a dimension.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    clap::ValueEnum,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// max over ε of (C + T_hm)/N, pooled.
    Tau,
    /// (C + T_hm)/N with ε from the training part.
    TauHeldOut,
    /// (C + T_hm)/N at ε = 0.
    ThreeClass,
    /// Human ties dropped: C/(C + D + T_m) at ε = 0.
    Diff,
    /// Human ties dropped: (C + T_m/2)/(C + D + T_m) at ε = 0.
    DiffHalf,
    /// Human ties and equal scores dropped: C/(C + D) at ε = 0.
    DiffDecided,
    /// (C + (T_h + T_hm)/2)/N at ε = 0.
    HalfTie,
    /// C/N at ε = 0.
    UnifiedReward,
    /// As tau, without the candidate ε = 0.
    VgrbWithTies,
    /// Right sign, or a human tie with |m| < 0.5; for scores from 1 to 4.
    #[serde(rename = "tiger-0.5")]
    #[value(name = "tiger-0.5")]
    TigerHalf,
    /// max over ε of the mean over prompts of (C + T_hm)/N.
    TiesMatterRow,
    /// Prompts with one chosen item: 1/(items tied at the top).
    Rb2Credit,
}

/// Where a protocol's tie threshold ε comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Threshold {
    /// ε = 0.
    Zero,
    /// Calibrated on the very pairs that are scored; ε = 0 is a candidate or not.
    Calibrated {
        /// Whether ε = 0 is tried beside the margins that occur.
        zero: bool,
    },
    /// Calibrated on other pairs.
    HeldOut,
    /// Calibrated on the scored pairs, every prompt counting the same.
    CalibratedRows,
    /// No threshold decides.
    None,
}

/// What a protocol takes the mean over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Pairs.
    Pair,
    /// Prompts, each with the accuracy of its pairs.
    Row,
    /// Prompts in which people preferred one item to every other.
    Chosen,
}

/// An accuracy as a fraction of pairs: `credit` counts half pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Twice the pairs that count as right.
    pub half_credits: u64,
    /// Pairs in the denominator, > 0.
    pub n: u64,
}

impl Share {
    /// The accuracy, in [0, 1].
    pub fn value(self) -> f64 {
        self.half_credits as f64 / (2.0 * self.n as f64)
    }
}

impl Protocol {
    /// All protocols, in the order in which tables show them.
    pub const ALL: [Protocol; 12] = [
        Protocol::Tau,
        Protocol::TauHeldOut,
        Protocol::ThreeClass,
        Protocol::Diff,
        Protocol::DiffHalf,
        Protocol::DiffDecided,
        Protocol::HalfTie,
        Protocol::UnifiedReward,
        Protocol::VgrbWithTies,
        Protocol::TigerHalf,
        Protocol::TiesMatterRow,
        Protocol::Rb2Credit,
    ];

    /// Those that are shown unless others are asked for.
    pub const DEFAULT: [Protocol; 4] = [Protocol::Tau, Protocol::TauHeldOut, Protocol::Diff, Protocol::DiffHalf];

    /// The id, as in files and on the command line.
    pub fn id(self) -> &'static str {
        self.card().id
    }

    /// The formula, in the counts C, D, T_h, T_m, T_hm and N.
    pub fn formula(self) -> &'static str {
        self.card().formula
    }

    /// Where the rule comes from.
    pub fn source(self) -> &'static str {
        self.card().source
    }

    /// What to mind when numbers under this rule are read or compared.
    pub fn pitfalls(self) -> &'static str {
        self.card().pitfalls
    }

    /// Where ε comes from.
    pub fn threshold(self) -> Threshold {
        match self {
            Protocol::Tau => Threshold::Calibrated { zero: true },
            Protocol::VgrbWithTies => Threshold::Calibrated { zero: false },
            Protocol::TauHeldOut => Threshold::HeldOut,
            Protocol::TiesMatterRow => Threshold::CalibratedRows,
            Protocol::TigerHalf | Protocol::Rb2Credit => Threshold::None,
            _ => Threshold::Zero,
        }
    }

    /// What the mean runs over.
    pub fn unit(self) -> Unit {
        match self {
            Protocol::TiesMatterRow => Unit::Row,
            Protocol::Rb2Credit => Unit::Chosen,
            _ => Unit::Pair,
        }
    }

    /// Whether pairs that people called a tie are left out of the denominator.
    pub fn drops_human_ties(self) -> bool {
        matches!(self, Protocol::Diff | Protocol::DiffHalf | Protocol::DiffDecided)
    }

    /// The accuracy from counts at the protocol's threshold; `None` where no pair is left in the denominator, and under
    /// the rules that counts do not decide (`tiger-0.5`, `rb2-credit`).
    pub fn share(self, counts: &PairCounts) -> Option<Share> {
        let [c, d, t_h, t_m, t_hm] =
            [counts.right, counts.wrong, counts.human_tie, counts.model_tie, counts.both_tie].map(|n| n as u64);
        let all = c + d + t_h + t_m + t_hm;
        let (half_credits, n) = match self {
            Protocol::Tau
            | Protocol::TauHeldOut
            | Protocol::ThreeClass
            | Protocol::VgrbWithTies
            | Protocol::TiesMatterRow => (2 * (c + t_hm), all),
            Protocol::TigerHalf | Protocol::Rb2Credit => return None,
            Protocol::Diff => (2 * c, c + d + t_m),
            Protocol::DiffHalf => (2 * c + t_m, c + d + t_m),
            Protocol::DiffDecided => (2 * c, c + d),
            Protocol::HalfTie => (2 * c + t_h + t_hm, all),
            Protocol::UnifiedReward => (2 * c, all),
        };
        (n > 0).then_some(Share { half_credits, n })
    }

    /// What one pair earns at threshold `epsilon`, in [0, 1]; `None` where it is not in the denominator (and under
    /// `rb2-credit`, where pairs earn nothing by themselves).
    pub fn credit(self, human: i8, margin: f64, epsilon: f64) -> Option<f64> {
        match self {
            Protocol::TigerHalf if human == 0 => Some(if margin.abs() < 0.5 { 1.0 } else { 0.0 }),
            Protocol::TigerHalf => Protocol::UnifiedReward.credit(human, margin, 0.0),
            _ => self.share(&PairCounts::at(epsilon, [(human, margin)])).map(Share::value),
        }
    }

    /// Why [`Protocol::share`] gives nothing for these counts.
    pub fn no_value_reason(self, counts: &PairCounts) -> &'static str {
        if counts.total() == 0 {
            "no pairs"
        } else if counts.right + counts.wrong + counts.model_tie == 0 {
            "people called every pair a tie"
        } else {
            "the scores of every pair that people decided are equal"
        }
    }
}

/// The smallest ε that maximises (C + T_hm)/N, with the counts there, for the pooled calibrated protocols.
/// `None` for no pairs. With `zero` false the candidates are the margins that occur.
pub fn calibrated_counts(pairs: &[(i8, f64)], zero: bool) -> Option<(f64, PairCounts)> {
    let epsilon = match zero || pairs.iter().any(|p| p.1 == 0.0) {
        true => calibrate(pairs)?.0,
        false => calibrate_without_zero(pairs)?,
    };
    Some((epsilon, PairCounts::at(epsilon, pairs.iter().copied())))
}

/// No margin is 0 here: raise the floor by making the pairs of the smallest level the new zero.
fn calibrate_without_zero(pairs: &[(i8, f64)]) -> Option<f64> {
    let smallest = pairs.iter().map(|p| p.1.abs()).min_by(f64::total_cmp)?;
    let raised: Vec<(i8, f64)> =
        pairs.iter().map(|&(human, m)| (human, if m.abs() <= smallest { 0.0 } else { m })).collect();
    calibrate(&raised).map(|(epsilon, _)| epsilon.max(smallest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VECTOR: [(i8, f64); 10] =
        [(1, 0.9), (1, 0.4), (1, -0.2), (-1, -0.7), (-1, 0.3), (0, 0.1), (0, -0.2), (0, 0.6), (1, 0.1), (-1, -0.5)];

    /// The protocols that counts over all pairs decide.
    fn pooled() -> impl Iterator<Item = Protocol> {
        let row = [Protocol::TigerHalf, Protocol::TiesMatterRow, Protocol::Rb2Credit];
        Protocol::ALL.into_iter().filter(move |p| !row.contains(p))
    }

    fn value(protocol: Protocol, pairs: &[(i8, f64)]) -> Option<f64> {
        let counts = match protocol.threshold() {
            Threshold::Calibrated { zero } => calibrated_counts(pairs, zero)?.1,
            _ => PairCounts::at(0.0, pairs.iter().copied()),
        };
        protocol.share(&counts).map(Share::value)
    }

    #[test]
    fn the_shared_vector_has_the_published_values() {
        let expected = [
            (Protocol::Tau, 0.6),
            (Protocol::ThreeClass, 0.5),
            (Protocol::Diff, 5.0 / 7.0),
            (Protocol::DiffHalf, 5.0 / 7.0),
            (Protocol::DiffDecided, 5.0 / 7.0),
            (Protocol::HalfTie, 0.65),
            (Protocol::UnifiedReward, 0.5),
            (Protocol::VgrbWithTies, 0.6),
        ];
        for (protocol, expected) in expected {
            assert_eq!(value(protocol, &VECTOR), Some(expected), "{}", protocol.id());
        }
        assert_eq!(calibrated_counts(&VECTOR, true).unwrap().0, 0.2);
        assert_eq!(calibrated_counts(&VECTOR, false).unwrap().0, 0.2);
    }

    #[test]
    fn a_threshold_from_the_other_half_gives_one_half() {
        let right = |train: &[(i8, f64)], test: &[(i8, f64)]| {
            let epsilon = calibrate(train).unwrap().0;
            Protocol::TauHeldOut.share(&PairCounts::at(epsilon, test.iter().copied())).unwrap().half_credits
        };
        let both = right(&VECTOR[..5], &VECTOR[5..]) + right(&VECTOR[5..], &VECTOR[..5]);
        assert_eq!(both, 10, "five of ten pairs");
    }

    #[test]
    fn vgrb_never_tries_no_ties_at_all() {
        let pairs = [(1, 0.5), (1, 0.7), (-1, -0.2), (-1, -0.9)];
        assert_eq!(value(Protocol::VgrbWithTies, &pairs), Some(0.75));
        assert_eq!(value(Protocol::Tau, &pairs), Some(1.0));
    }

    #[test]
    fn equal_margins_are_one_candidate_whatever_the_order() {
        let mut pairs = vec![(0, 0.3); 5];
        pairs.extend([(1, 0.3); 5]);
        for _ in 0..10 {
            pairs.rotate_left(1);
            assert_eq!(value(Protocol::VgrbWithTies, &pairs), Some(0.5));
            assert_eq!(value(Protocol::Tau, &pairs), Some(0.5));
        }
    }

    #[test]
    fn degenerate_inputs_have_no_value_and_a_reason() {
        for protocol in Protocol::ALL {
            assert_eq!(value(protocol, &[]), None, "{}", protocol.id());
        }
        let all_ties = [(0, 0.3), (0, -0.1)];
        for protocol in [Protocol::Diff, Protocol::DiffHalf, Protocol::DiffDecided] {
            assert_eq!(value(protocol, &all_ties), None);
            let counts = PairCounts::at(0.0, all_ties);
            assert_eq!(protocol.no_value_reason(&counts), "people called every pair a tie");
        }
        assert_eq!(value(Protocol::Tau, &all_ties), Some(1.0));
        let constant_scorer = [(1, 0.0), (-1, 0.0), (0, 0.0)];
        assert_eq!(value(Protocol::DiffDecided, &constant_scorer), None);
        assert_eq!(value(Protocol::Diff, &constant_scorer), Some(0.0));
        assert_eq!(value(Protocol::DiffHalf, &constant_scorer), Some(0.5));
        assert_eq!(value(Protocol::Tau, &constant_scorer), Some(1.0 / 3.0));
        assert_eq!(value(Protocol::VgrbWithTies, &constant_scorer), Some(1.0 / 3.0));
        let no_ties = [(1, 0.5), (-1, -0.5)];
        for protocol in pooled() {
            let expected = if protocol == Protocol::VgrbWithTies { 0.0 } else { 1.0 };
            assert_eq!(value(protocol, &no_ties), Some(expected), "{}", protocol.id());
        }
    }

    #[test]
    fn every_protocol_explains_itself_under_its_own_id() {
        for protocol in Protocol::ALL {
            let written = serde_json::to_string(&protocol).unwrap();
            assert_eq!(written, format!("\"{}\"", protocol.id()));
            assert!(!protocol.formula().is_empty() && !protocol.source().is_empty() && !protocol.pitfalls().is_empty());
        }
    }

    /// All candidates, all pairs, exactly as defined.
    fn brute_force(pairs: &[(i8, f64)], zero: bool) -> Option<(f64, f64)> {
        let mut candidates: Vec<f64> = pairs.iter().map(|p| p.1.abs()).collect();
        candidates.extend(zero.then_some(0.0));
        candidates.sort_by(f64::total_cmp);
        let mut best: Option<(f64, usize)> = None;
        for epsilon in candidates {
            let agreed = pairs
                .iter()
                .filter(|&&(human, m)| {
                    let model = if m.abs() <= epsilon { 0 } else { m.signum() as i8 };
                    model == human
                })
                .count();
            if best.is_none_or(|b| agreed > b.1) {
                best = Some((epsilon, agreed));
            }
        }
        (!pairs.is_empty()).then_some(best?).map(|(epsilon, agreed)| (epsilon, agreed as f64 / pairs.len() as f64))
    }

    fn some_pairs() -> impl Strategy<Value = Vec<(i8, f64)>> {
        prop::collection::vec((-1i8..=1, (-8i32..=8).prop_map(|m| f64::from(m) / 10.0)), 0..60)
    }

    proptest! {
        #[test]
        fn calibration_equals_brute_force(pairs in some_pairs(), zero: bool) {
            let fast = calibrated_counts(&pairs, zero)
                .map(|(epsilon, counts)| (epsilon, Protocol::Tau.share(&counts).unwrap().value()));
            prop_assert_eq!(fast, brute_force(&pairs, zero));
        }

        #[test]
        fn tau_is_never_below_its_floor(pairs in some_pairs()) {
            if let Some(tau) = value(Protocol::Tau, &pairs) {
                let t = pairs.iter().filter(|p| p.0 == 0).count() as f64 / pairs.len() as f64;
                let diff = value(Protocol::Diff, &pairs).unwrap_or(0.0);
                prop_assert!(tau >= t.max((1.0 - t) * diff) - 1e-12);
            }
        }

        #[test]
        fn swapping_the_sides_changes_nothing(pairs in some_pairs()) {
            let swapped: Vec<(i8, f64)> = pairs.iter().map(|&(human, m)| (-human, -m)).collect();
            for protocol in Protocol::ALL {
                prop_assert_eq!(value(protocol, &pairs), value(protocol, &swapped));
            }
        }

        #[test]
        fn the_order_of_the_pairs_changes_nothing(pairs in some_pairs(), turn in 0usize..60) {
            let mut turned = pairs.clone();
            turned.rotate_left(turn % pairs.len().max(1));
            for protocol in Protocol::ALL {
                prop_assert_eq!(value(protocol, &pairs), value(protocol, &turned));
            }
        }
    }
}
