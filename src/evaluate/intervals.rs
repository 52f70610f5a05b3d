//! 95 % intervals from a bootstrap over groups (prompts): pairs of one prompt are not independent, prompts are.

use rand::RngExt;
use rayon::prelude::*;

use super::credits::GroupRatio;
use super::protocol::Protocol;
use super::results::IntervalKind;
use super::sample::{LANES, Lanes, Sample};
use crate::rng;
use crate::stats::{quantile_sorted, wilson};

/// Fewer pairs than this in the denominator carry no interval.
pub const FEWEST_PAIRS: usize = 10;
/// Fewer prompts than this carry no interval: resampling four prompts says little about a fifth.
pub const FEWEST_GROUPS: usize = 5;
/// What is said then.
pub const NOT_ENOUGH: &str = "not enough data";

/// The draws of groups that all samples of a dimension share.
#[derive(Debug, Clone, Copy)]
pub struct Bootstrap {
    /// Number of groups to draw from, and per draw.
    pub groups: usize,
    /// Number of draws.
    pub draws: usize,
    /// The user's seed.
    pub seed: u64,
}

/// An interval and the draws that it rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// 2.5 % percentile.
    pub low: f64,
    /// 97.5 % percentile.
    pub high: f64,
    /// Draws without a value (no pair in the denominator), left out.
    pub failed: usize,
    /// How it was made.
    pub kind: IntervalKind,
}

impl Bootstrap {
    /// Accuracies by sample, protocol and draw; NaN where a draw has no value. Draw number d is the same for every
    /// sample, whatever the thread count.
    pub fn run(&self, samples: &[Sample], protocols: &[Protocol]) -> Vec<Vec<Vec<f64>>> {
        let mut values = vec![vec![Vec::with_capacity(self.draws); protocols.len()]; samples.len()];
        if self.groups == 0 {
            return values;
        }
        let blocks: Vec<Vec<Vec<Lanes>>> = (0..self.draws.div_ceil(LANES))
            .into_par_iter()
            .map(|number| {
                let block = self.block(number);
                samples.iter().map(|sample| sample.draw(protocols, &block)).collect()
            })
            .collect();
        for block in blocks {
            for (sample, lanes) in values.iter_mut().zip(block) {
                for (draws, lanes) in sample.iter_mut().zip(lanes) {
                    let wanted = (self.draws - draws.len()).min(LANES);
                    draws.extend_from_slice(&lanes[..wanted]);
                }
            }
        }
        values
    }

    /// Σ credits / Σ units of each of `ratios` in every draw; NaN where a draw holds no unit.
    pub(super) fn ratios(&self, ratios: &[GroupRatio]) -> Vec<Vec<f64>> {
        let mut values = vec![Vec::with_capacity(self.draws); ratios.len()];
        for sums in self.drawn_sums(ratios) {
            for (list, [sum, units]) in values.iter_mut().zip(sums) {
                list.push(if units > 0.0 { sum / units } else { f64::NAN });
            }
        }
        values
    }

    /// `statistic` of the sums (credits, units) of all `ratios` in every draw.
    pub(super) fn sums(&self, ratios: &[GroupRatio], statistic: impl Fn(&[[f64; 2]]) -> f64) -> Vec<f64> {
        self.drawn_sums(ratios).iter().map(|sums| statistic(sums)).collect()
    }

    /// Per draw and ratio: sum of credits, number of units.
    fn drawn_sums(&self, ratios: &[GroupRatio]) -> Vec<Vec<[f64; 2]>> {
        if self.groups == 0 {
            return Vec::new();
        }
        let blocks: Vec<Vec<[Lanes; 2]>> = (0..self.draws.div_ceil(LANES))
            .into_par_iter()
            .map(|number| {
                let block = self.block(number);
                ratios.iter().map(|ratio| ratio.draw(&block)).collect()
            })
            .collect();
        (0..self.draws)
            .map(|draw| {
                let lane = |sums: &[Lanes; 2]| sums.map(|lanes| lanes[draw % LANES]);
                blocks[draw / LANES].iter().map(lane).collect()
            })
            .collect()
    }

    /// How often each group falls into the draws `number · LANES …`; each draw has a random stream of its own.
    fn block(&self, number: usize) -> Vec<[u8; LANES]> {
        // One draw after another, each in memory that fits a cache; then side by side.
        let groups = self.groups;
        let mut lanes = vec![0u8; groups * LANES];
        for (lane, own) in lanes.chunks_exact_mut(groups.max(1)).enumerate() {
            let mut stream = rng::stream(self.seed, "evaluate/bootstrap", (number * LANES + lane) as u64);
            for _ in 0..groups {
                let drawn = &mut own[stream.random_range(0..groups as u32) as usize];
                // Being drawn 256 times in one draw has a probability below 1e-500.
                *drawn = drawn.saturating_add(1);
            }
        }
        (0..groups).map(|group| std::array::from_fn(|lane| lanes[lane * groups + group])).collect()
    }
}

/// The percentile interval of `draws`; `None` where fewer than half of them have a value.
pub fn percentile_interval(draws: &[f64]) -> Option<Interval> {
    let mut sorted: Vec<f64> = draws.iter().copied().filter(|d| !d.is_nan()).collect();
    if sorted.is_empty() || 2 * sorted.len() < draws.len() {
        return None;
    }
    sorted.sort_unstable_by(f64::total_cmp);
    Some(Interval {
        low: quantile_sorted(&sorted, 0.025)?,
        high: quantile_sorted(&sorted, 0.975)?,
        failed: draws.len() - sorted.len(),
        kind: IntervalKind::Bootstrap,
    })
}

/// The interval of an accuracy. Where every draw gives the same 0 or 1, resampling shows no spread although there is
/// one: Wilson's interval stands in, with the groups as independent units.
pub fn accuracy_interval(value: f64, groups: usize, draws: &[f64]) -> Option<Interval> {
    let interval = percentile_interval(draws)?;
    if interval.low < interval.high || (value != 0.0 && value != 1.0) {
        return Some(interval);
    }
    wilson(value, groups).map(|(low, high)| Interval { low, high, kind: IntervalKind::Wilson, ..interval })
}

/// Whether a denominator of `n` pairs from `groups` groups carries an interval.
pub fn enough(n: usize, groups: usize) -> bool {
    n >= FEWEST_PAIRS && groups >= FEWEST_GROUPS
}

/// Draw by draw differences of two lists.
pub fn differences(first: &[f64], second: &[f64]) -> Vec<f64> {
    first.iter().zip(second).map(|(a, b)| a - b).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::evaluate::margins::{HeldOut, LabelledPairs, ScoredPairs};
    use crate::evaluate::protocol::{Share, Threshold, Unit, calibrated_counts};
    use crate::stats::counts::PairCounts;

    fn labels(pairs: &[(u32, i8, f64)]) -> LabelledPairs {
        LabelledPairs {
            pair: (0..pairs.len()).collect(),
            human: pairs.iter().map(|p| p.1).collect(),
            group: pairs.iter().map(|p| p.0).collect(),
            groups: pairs.iter().map(|p| p.0 as usize + 1).max().unwrap_or(0),
            prompt: pairs.iter().map(|p| p.0).collect(),
            items: (0..pairs.len() as u32).map(|i| [2 * i, 2 * i + 1]).collect(),
        }
    }

    fn sample(pairs: &[(u32, i8, f64)], epsilon: f64) -> (LabelledPairs, Sample) {
        let labels = labels(pairs);
        let margins = pairs.iter().map(|p| Some(p.2)).collect();
        let mut scored = ScoredPairs::new("s", margins, HeldOut::Thresholds(vec![epsilon; pairs.len()]));
        scored.scale = Some([1.0, 4.0]);
        let sample = Sample::new(&labels, &scored, &scored.covered(), &Protocol::ALL);
        (labels, sample)
    }

    /// The accuracy of a draw, with every pair written out as often as its group was drawn.
    fn written_out(
        protocol: Protocol,
        pairs: &[(u32, i8, f64)],
        times: impl Fn(u32) -> u8,
        epsilon: f64,
    ) -> Option<f64> {
        let resampled: Vec<(i8, f64)> = pairs
            .iter()
            .flat_map(|&(group, human, margin)| std::iter::repeat_n((human, margin), times(group) as usize))
            .collect();
        let counts = match protocol.threshold() {
            Threshold::Calibrated { zero } => calibrated_counts(&resampled, zero)?.1,
            Threshold::HeldOut => PairCounts::at(epsilon, resampled),
            Threshold::Zero => PairCounts::at(0.0, resampled),
            Threshold::CalibratedRows => return rows_written_out(pairs, times),
            Threshold::None if protocol == Protocol::TigerHalf => {
                let right =
                    |&&(human, m): &&(i8, f64)| if human == 0 { m.abs() < 0.5 } else { f64::from(human) * m > 0.0 };
                let n = resampled.len();
                return (n > 0).then(|| resampled.iter().filter(right).count() as f64 / n as f64);
            }
            Threshold::None => return chosen_written_out(pairs, times),
        };
        protocol.share(&counts).map(Share::value)
    }

    /// Every candidate threshold, every drawn prompt, exactly as defined.
    fn rows_written_out(pairs: &[(u32, i8, f64)], times: impl Fn(u32) -> u8) -> Option<f64> {
        let prompts: BTreeSet<u32> = pairs.iter().map(|p| p.0).collect();
        let drawn: f64 = prompts.iter().map(|&p| f64::from(times(p))).sum();
        let mean = |epsilon: f64| {
            let row = |prompt: u32| {
                let own: Vec<_> = pairs.iter().filter(|p| p.0 == prompt).collect();
                let agrees = |p: &&&(u32, i8, f64)| p.1 == if p.2.abs() <= epsilon { 0 } else { p.2.signum() as i8 };
                own.iter().filter(agrees).count() as f64 / own.len() as f64
            };
            prompts.iter().map(|&p| f64::from(times(p)) * row(p)).sum::<f64>() / drawn
        };
        let candidates = pairs.iter().map(|p| p.2.abs()).chain([0.0]);
        (drawn > 0.0).then(|| candidates.map(mean).fold(0.0, f64::max))
    }

    /// Here every pair has items of its own, so only a prompt with one decided pair has a chosen item.
    fn chosen_written_out(pairs: &[(u32, i8, f64)], times: impl Fn(u32) -> u8) -> Option<f64> {
        let (mut sum, mut n) = (0.0, 0.0);
        for &(prompt, human, m) in pairs {
            if human != 0 && pairs.iter().filter(|p| p.0 == prompt).count() == 1 {
                n += f64::from(times(prompt));
                sum += f64::from(times(prompt)) * if m == 0.0 { 0.5 } else { f64::from(f64::from(human) * m > 0.0) };
            }
        }
        (n > 0.0).then(|| sum / n)
    }

    proptest! {
        #[test]
        fn a_draw_equals_the_pairs_written_out(
            pairs in prop::collection::vec((0u32..7, -1i8..=1, (-6i32..=6).prop_map(|m| f64::from(m) / 10.0)), 1..50),
            seed: u64,
        ) {
            let (labels, sample) = sample(&pairs, 0.2);
            let bootstrap = Bootstrap { groups: labels.groups, draws: LANES, seed };
            let block = bootstrap.block(0);
            let drawn = sample.draw(&Protocol::ALL, &block);
            for (protocol, lanes) in Protocol::ALL.into_iter().zip(drawn) {
                for (lane, value) in lanes.into_iter().enumerate() {
                    let slow = written_out(protocol, &pairs, |g| block[g as usize][lane], 0.2);
                    let fast = (!value.is_nan()).then_some(value);
                    if protocol.unit() == Unit::Row {
                        let close = fast.zip(slow).is_some_and(|(fast, slow)| (fast - slow).abs() < 1e-12);
                        prop_assert!(close || (fast, slow) == (None, None), "{fast:?} {slow:?}");
                    } else {
                        prop_assert_eq!(fast, slow, "{} draw {}", protocol.id(), lane);
                    }
                }
            }
        }
    }

    #[test]
    fn a_group_with_very_many_pairs_is_counted_in_full() {
        let mut pairs = vec![(0, 1, 0.5); 100_000];
        pairs.extend([(1, -1, 0.5); 300]);
        let (_, sample) = sample(&pairs, 0.0);
        let drawn = sample.draw(&[Protocol::Diff], &[[200; LANES], [100; LANES]]);
        assert_eq!(drawn[0][3], 20_000_000.0 / 20_030_000.0);
    }

    #[test]
    fn every_draw_takes_as_many_groups_as_there_are() {
        let bootstrap = Bootstrap { groups: 37, draws: 40, seed: 5 };
        for number in 0..3 {
            let block = bootstrap.block(number);
            for lane in 0..LANES {
                assert_eq!(block.iter().map(|times| u32::from(times[lane])).sum::<u32>(), 37);
            }
        }
    }

    #[test]
    fn draws_do_not_depend_on_the_thread_count_and_come_in_the_asked_number() {
        let pairs: Vec<(u32, i8, f64)> =
            (0..200).map(|i| (i / 5, [1, -1, 0][i as usize % 3], f64::from(i % 7) - 3.0)).collect();
        let (labels, sample) = sample(&pairs, 0.5);
        let bootstrap = Bootstrap { groups: labels.groups, draws: 1003, seed: 11 };
        let samples = [sample];
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let drawn = pool.install(|| bootstrap.run(&samples, &Protocol::ALL));
            // Bits: a draw without a value is NaN, which equals nothing.
            drawn[0].iter().map(|list| list.iter().map(|v| v.to_bits()).collect::<Vec<u64>>()).collect::<Vec<_>>()
        };
        let one = run(1);
        assert_eq!(one[0].len(), 1003);
        assert_eq!(one, run(3));
    }

    #[test]
    fn an_extreme_share_keeps_a_width() {
        let interval = accuracy_interval(1.0, 20, &[1.0; 100]).unwrap();
        assert!(interval.low < 0.9 && interval.high == 1.0, "{interval:?}");
        let inner = accuracy_interval(0.5, 20, &[0.5; 100]).unwrap();
        assert_eq!((inner.low, inner.high), (0.5, 0.5));
    }

    #[test]
    fn failed_draws_are_counted_and_too_many_void_the_interval() {
        let mut draws = vec![0.5; 60];
        draws.extend([f64::NAN; 40]);
        assert_eq!(percentile_interval(&draws).unwrap().failed, 40);
        draws.extend([f64::NAN; 40]);
        assert_eq!(percentile_interval(&draws), None);
    }
}
