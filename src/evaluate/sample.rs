//! One scorer on one set of pairs, summarised so that a bootstrap draw of groups costs little: sufficient counts per
//! group where the threshold is fixed, margins sorted once where each draw calibrates its own.

use super::credits::{Credit, GroupRatio, RowSteps, chosen, rows};
use super::margins::{HeldOut, LabelledPairs, ScoredPairs};
use super::protocol::{Protocol, Threshold, Unit, calibrated_counts};
use crate::stats::counts::PairCounts;

/// Draws that are worked on side by side.
pub const LANES: usize = 16;

/// How often each group was drawn in [`LANES`] draws.
pub type Block = [[u8; LANES]];

/// One number per draw; NaN where the draw left no pair in the denominator.
pub type Lanes = [f64; LANES];

/// A scorer on a set of pairs.
#[derive(Debug)]
pub struct Sample {
    /// (human, margin) of each pair.
    pairs: Vec<(i8, f64)>,
    /// Group of each pair.
    group: Vec<u32>,
    /// Thresholds of `tau-held-out`, or why there are none.
    held_out: Result<Vec<f64>, String>,
    /// Counts per group at ε = 0.
    at_zero: GroupCounts,
    /// Counts per group at the held-out thresholds.
    at_held_out: Option<GroupCounts>,
    /// Pairs by |margin|, for the protocols that calibrate in each draw.
    steps: Vec<Step>,
    /// What `ties-matter-row` needs.
    by_row: Option<Rows>,
    /// What `tiger-0.5` needs, or why it has no value.
    tiger: Result<GroupRatio, String>,
    /// Credits of `rb2-credit`, and their sums by group.
    chosen: (Vec<Credit>, GroupRatio),
}

/// Prompts as units.
#[derive(Debug)]
struct Rows {
    /// Prompt of each pair.
    prompt: Vec<u32>,
    at_zero: GroupRatio,
    steps: RowSteps,
}

/// The accuracy of a sample under one protocol.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The accuracy, or why there is none.
    pub value: Result<f64, String>,
    /// Pairs in the denominator.
    pub n: usize,
    /// Groups with a pair in the denominator.
    pub groups: usize,
    /// Threshold that was used, where it is one number and not 0 by rule.
    pub epsilon: Option<f64>,
}

impl Sample {
    /// The covered ones of `labels` under `scored`, at `positions`, prepared for `protocols`.
    pub fn new(labels: &LabelledPairs, scored: &ScoredPairs, positions: &[usize], protocols: &[Protocol]) -> Self {
        let covered: Vec<(usize, f64)> =
            positions.iter().filter_map(|&i| scored.margins[i].map(|margin| (i, margin))).collect();
        let pairs: Vec<(i8, f64)> = covered.iter().map(|&(i, margin)| (labels.human[i], margin)).collect();
        let group: Vec<u32> = covered.iter().map(|&(i, _)| labels.group[i]).collect();
        let held_out = match &scored.held_out {
            HeldOut::Thresholds(thresholds) => Ok(covered.iter().map(|&(i, _)| thresholds[i]).collect::<Vec<_>>()),
            HeldOut::Missing(reason) => Err(reason.clone()),
        };
        let asked = |kind: fn(Threshold) -> bool| protocols.iter().any(|p| kind(p.threshold()));
        let at_held_out = held_out
            .as_ref()
            .ok()
            .filter(|_| asked(|t| t == Threshold::HeldOut))
            .map(|thresholds| GroupCounts::new(&pairs, &group, |i| thresholds[i]));
        let steps = match asked(|t| matches!(t, Threshold::Calibrated { .. })) {
            true => steps(&pairs, &group),
            false => Vec::new(),
        };
        let by_row = protocols.contains(&Protocol::TiesMatterRow).then(|| {
            let prompt: Vec<u32> = covered.iter().map(|&(i, _)| labels.prompt[i]).collect();
            let at_zero = GroupRatio::new(&rows(&pairs, &group, &prompt, 0.0));
            Rows { at_zero, steps: RowSteps::new(&pairs, &group, &prompt), prompt }
        });
        let tiger = match scored.scale {
            Some([1.0, 4.0]) => Ok(GroupRatio::new(&credits(&pairs, &group, Protocol::TigerHalf, |_| 0.0))),
            _ => Err("only for scores declared on a scale from 1 to 4".to_owned()),
        };
        let chosen = match protocols.contains(&Protocol::Rb2Credit) {
            true => chosen(labels, &scored.margins, positions),
            false => Vec::new(),
        };
        let chosen = (chosen.clone(), GroupRatio::new(&chosen));
        let at_zero = GroupCounts::new(&pairs, &group, |_| 0.0);
        Self { at_zero, at_held_out, steps, by_row, tiger, chosen, pairs, group, held_out }
    }

    /// Pairs in the sample.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there is no pair.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Pairs that people called a tie.
    pub fn ties(&self) -> usize {
        self.pairs.iter().filter(|p| p.0 == 0).count()
    }

    /// Pairs whose two scores are equal.
    pub fn equal_scores(&self) -> usize {
        self.pairs.iter().filter(|p| p.1 == 0.0).count()
    }

    /// What each unit of `protocol` earns, at the threshold that suits the sample: pairs in their order, prompts in
    /// theirs; units that are not in the denominator are left out.
    ///
    /// # Errors
    /// Why there is nothing.
    pub fn credits(&self, protocol: Protocol) -> Result<Vec<Credit>, String> {
        let point = self.point(protocol);
        point.value?;
        let epsilon = point.epsilon.unwrap_or(0.0);
        Ok(match (protocol.unit(), &self.by_row) {
            (Unit::Chosen, _) => self.chosen.0.clone(),
            (Unit::Row, Some(by_row)) => rows(&self.pairs, &self.group, &by_row.prompt, epsilon),
            (Unit::Row, None) => Vec::new(),
            (Unit::Pair, _) => match (protocol.threshold(), &self.held_out) {
                (Threshold::HeldOut, Ok(own)) => credits(&self.pairs, &self.group, protocol, |i| own[i]),
                _ => credits(&self.pairs, &self.group, protocol, |_| epsilon),
            },
        })
    }

    /// The accuracy under a protocol that counts alone do not decide.
    fn mean_point(&self, credits: Vec<Credit>, epsilon: Option<f64>, none: &str) -> Point {
        let groups: std::collections::BTreeSet<u32> = credits.iter().map(|c| c.group).collect();
        let sum: f64 = credits.iter().map(|c| c.value).sum();
        let value = if credits.is_empty() { Err(none.to_owned()) } else { Ok(sum / credits.len() as f64) };
        Point { value, n: credits.len(), groups: groups.len(), epsilon }
    }

    /// The accuracy on all pairs of the sample.
    pub fn point(&self, protocol: Protocol) -> Point {
        let (counts, epsilon) = match protocol.threshold() {
            Threshold::CalibratedRows => {
                let Some(by_row) = &self.by_row else { return self.mean_point(Vec::new(), None, "no pairs") };
                let epsilon = by_row.steps.best_threshold();
                let rows = rows(&self.pairs, &self.group, &by_row.prompt, epsilon);
                return self.mean_point(rows, Some(epsilon), "no pairs");
            }
            Threshold::None if protocol == Protocol::Rb2Credit => {
                let none = "no prompt has one item that people preferred to every other";
                return self.mean_point(self.chosen.0.clone(), None, none);
            }
            Threshold::None => {
                return match &self.tiger {
                    Ok(_) => {
                        let credits = credits(&self.pairs, &self.group, protocol, |_| 0.0);
                        self.mean_point(credits, None, "no pairs")
                    }
                    Err(reason) => Point { value: Err(reason.clone()), n: 0, groups: 0, epsilon: None },
                };
            }
            Threshold::Zero => (self.at_zero.total(), None),
            Threshold::Calibrated { zero } => match calibrated_counts(&self.pairs, zero) {
                Some((epsilon, counts)) => (counts, Some(epsilon)),
                None => (PairCounts::default(), None),
            },
            Threshold::HeldOut => match (&self.held_out, &self.at_held_out) {
                (Ok(thresholds), Some(at)) => {
                    let one = thresholds.first().filter(|first| thresholds.iter().all(|t| t == *first));
                    (at.total(), one.copied())
                }
                (Err(reason), _) => {
                    return Point { value: Err(reason.clone()), n: 0, groups: 0, epsilon: None };
                }
                (Ok(_), None) => (PairCounts::default(), None),
            },
        };
        let share = protocol.share(&counts);
        Point {
            value: share.map(|s| s.value()).ok_or_else(|| protocol.no_value_reason(&counts).to_owned()),
            n: share.map_or(0, |s| s.n as usize),
            groups: self.groups_behind(protocol),
            epsilon,
        }
    }

    /// Groups with a pair in the denominator of `protocol`.
    fn groups_behind(&self, protocol: Protocol) -> usize {
        let mut groups: Vec<u32> = (self.pairs.iter().zip(&self.group))
            .filter(|((human, margin), _)| {
                (*human != 0 || !protocol.drops_human_ties()) && (*margin != 0.0 || protocol != Protocol::DiffDecided)
            })
            .map(|(_, group)| *group)
            .collect();
        groups.sort_unstable();
        groups.dedup();
        groups.len()
    }

    /// The accuracies of [`LANES`] draws under each of `protocols`.
    ///
    /// O(groups) for fixed thresholds, O(pairs) where each draw calibrates its own.
    pub fn draw(&self, protocols: &[Protocol], block: &Block) -> Vec<Lanes> {
        let at_zero = self.at_zero.draw(block);
        let calibrated = (!self.steps.is_empty()).then(|| best_gain(&self.steps, block));
        let held_out = self.at_held_out.as_ref().map(|counts| counts.draw(block));
        let ratio = |[sums, units]: [Lanes; 2], lane: usize| (units[lane] > 0.0).then(|| sums[lane] / units[lane]);
        let by_row = self.by_row.as_ref().map(|by_row| {
            let ([mut sums, units], gains) = (by_row.at_zero.draw(block), by_row.steps.draw(block));
            (0..LANES).for_each(|lane| sums[lane] += gains[lane]);
            [sums, units]
        });
        let asked = |protocol| protocols.contains(&protocol);
        let tiger = self.tiger.as_ref().ok().filter(|_| asked(Protocol::TigerHalf)).map(|t| t.draw(block));
        let chosen = asked(Protocol::Rb2Credit).then(|| self.chosen.1.draw(block));
        let value = |protocol: Protocol, lane: usize| -> Option<f64> {
            let counts = lane_counts(&at_zero, lane);
            match protocol.threshold() {
                Threshold::Zero => protocol.share(&counts).map(|s| s.value()),
                Threshold::HeldOut => protocol.share(&lane_counts(held_out.as_ref()?, lane)).map(|s| s.value()),
                Threshold::CalibratedRows => ratio(by_row?, lane),
                Threshold::None => ratio(if protocol == Protocol::Rb2Credit { chosen? } else { tiger? }, lane),
                Threshold::Calibrated { zero } => {
                    let gain = calibrated?[lane]?;
                    let agreed =
                        (counts.right + counts.both_tie) as i64 + i64::from(if zero { gain.max(0) } else { gain });
                    (counts.total() > 0).then(|| agreed as f64 / counts.total() as f64)
                }
            }
        };
        protocols.iter().map(|&p| std::array::from_fn(|lane| value(p, lane).unwrap_or(f64::NAN))).collect()
    }
}

/// What each pair earns; pairs outside the denominator are left out.
fn credits(pairs: &[(i8, f64)], group: &[u32], protocol: Protocol, epsilon: impl Fn(usize) -> f64) -> Vec<Credit> {
    (pairs.iter().zip(group).enumerate())
        .filter_map(|(i, (&(human, margin), &group))| {
            protocol.credit(human, margin, epsilon(i)).map(|value| Credit { group, key: i as u32, value })
        })
        .collect()
}

/// [`PairCounts`] per group; groups with many pairs take several entries, so that sums of a few entries fit 16 bits and
/// the compiler can work on all draws of a block at once.
#[derive(Debug)]
struct GroupCounts {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    group: u32,
    counts: [u16; 5],
}

/// Largest count of an entry, and entries that are summed in 16 bits: 16 · 16 · 255 = 65,280.
const LARGEST_COUNT: u32 = 16;
const RUN: usize = 16;
/// Entries that are summed in 32 bits.
const CHUNK: usize = 65_536;

impl GroupCounts {
    fn new(pairs: &[(i8, f64)], group: &[u32], epsilon: impl Fn(usize) -> f64) -> Self {
        let groups = group.iter().max().map_or(0, |g| *g as usize + 1);
        let mut counts = vec![[0u32; 5]; groups];
        for (i, (&pair, &g)) in pairs.iter().zip(group).enumerate() {
            let one = as_array(PairCounts::at(epsilon(i), [pair]));
            for (sum, n) in counts[g as usize].iter_mut().zip(one) {
                *sum += n as u32;
            }
        }
        let mut entries = Vec::with_capacity(groups);
        for (group, mut left) in counts.into_iter().enumerate() {
            while left.iter().any(|n| *n > 0) {
                let part = left.map(|n| n.min(LARGEST_COUNT));
                entries.push(Entry { group: group as u32, counts: part.map(|n| n as u16) });
                for (n, taken) in left.iter_mut().zip(part) {
                    *n -= taken;
                }
            }
        }
        Self { entries }
    }

    fn total(&self) -> PairCounts {
        let mut sums = [0usize; 5];
        for entry in &self.entries {
            for (sum, n) in sums.iter_mut().zip(entry.counts) {
                *sum += usize::from(n);
            }
        }
        from_array(sums)
    }

    /// Sums of the counts, each group as often as it was drawn.
    fn draw(&self, block: &Block) -> [[u64; LANES]; 5] {
        let mut sums = [[0u64; LANES]; 5];
        for chunk in self.entries.chunks(CHUNK) {
            let mut part = [[0u32; LANES]; 5];
            for run in chunk.chunks(RUN) {
                let mut small = [[0u16; LANES]; 5];
                for entry in run {
                    let times = block[entry.group as usize].map(u16::from);
                    for (sum, n) in small.iter_mut().zip(entry.counts) {
                        for lane in 0..LANES {
                            sum[lane] = sum[lane].wrapping_add(n.wrapping_mul(times[lane]));
                        }
                    }
                }
                for (sum, small) in part.iter_mut().zip(small) {
                    for lane in 0..LANES {
                        sum[lane] += u32::from(small[lane]);
                    }
                }
            }
            for (sum, part) in sums.iter_mut().zip(part) {
                for lane in 0..LANES {
                    sum[lane] += u64::from(part[lane]);
                }
            }
        }
        sums
    }
}

fn as_array(c: PairCounts) -> [usize; 5] {
    [c.right, c.wrong, c.human_tie, c.model_tie, c.both_tie]
}

fn from_array([right, wrong, human_tie, model_tie, both_tie]: [usize; 5]) -> PairCounts {
    PairCounts { right, wrong, human_tie, model_tie, both_tie }
}

fn lane_counts(sums: &[[u64; LANES]; 5], lane: usize) -> PairCounts {
    from_array(sums.map(|sum| sum[lane] as usize))
}

/// What (C + T_hm) gains when the threshold reaches this pair's margin.
#[derive(Debug, Clone, Copy)]
struct Step {
    group: u32,
    gain: i8,
    /// Last pair of its level: here stands a candidate.
    ends_level: bool,
}

fn steps(pairs: &[(i8, f64)], group: &[u32]) -> Vec<Step> {
    let mut order: Vec<usize> = (0..pairs.len()).collect();
    let level = |i: usize| pairs[i].1.abs();
    order.sort_unstable_by(|&i, &j| level(i).total_cmp(&level(j)).then(i.cmp(&j)));
    (0..order.len())
        .map(|at| {
            let i = order[at];
            let (human, margin) = pairs[i];
            let gain = match human {
                _ if margin == 0.0 => 0,
                0 => 1,
                h if (h > 0) == (margin > 0.0) => -1,
                _ => 0,
            };
            Step { group: group[i], gain, ends_level: order.get(at + 1).is_none_or(|&next| level(next) > level(i)) }
        })
        .collect()
}

/// The largest gain over the candidates that occur in each draw, ε = 0 not among them unless a margin is 0; `None` for
/// a draw without pairs.
fn best_gain(steps: &[Step], block: &Block) -> [Option<i32>; LANES] {
    let mut running = [0i32; LANES];
    let mut best = [i32::MIN; LANES];
    let mut seen = [false; LANES];
    let mut at = 0;
    // A level is a candidate from the first pair on that the draw holds; soon all draws hold one.
    while at < steps.len() && !seen.iter().all(|s| *s) {
        let step = steps[at];
        let times = &block[step.group as usize];
        for lane in 0..LANES {
            running[lane] += i32::from(step.gain) * i32::from(times[lane]);
            seen[lane] |= times[lane] > 0;
            if step.ends_level && seen[lane] {
                best[lane] = best[lane].max(running[lane]);
            }
        }
        at += 1;
    }
    for step in &steps[at..] {
        let times = &block[step.group as usize];
        let gain = i16::from(step.gain);
        for lane in 0..LANES {
            running[lane] += i32::from(gain * i16::from(times[lane]));
        }
        if step.ends_level {
            for lane in 0..LANES {
                best[lane] = best[lane].max(running[lane]);
            }
        }
    }
    // The last level of all ends after every pair, so a draw that holds a pair has a candidate.
    std::array::from_fn(|lane| seen[lane].then_some(best[lane]))
}
