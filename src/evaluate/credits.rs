//! What single pairs and prompts earn: the base of analytic errors and paired tests, and of the protocols that average
//! over prompts.

use std::collections::{BTreeMap, BTreeSet};

use super::margins::LabelledPairs;
use super::sample::{Block, LANES, Lanes};
use crate::stats::counts::PairCounts;

/// What one unit of a protocol earned: a pair, or a prompt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Credit {
    /// Group of the unit, for clustering.
    pub group: u32,
    /// Position of the pair, or number of the prompt: equal keys of two scorers on the same pairs belong together.
    pub key: u32,
    /// In [0, 1].
    pub value: f64,
}

/// Sums of credits and numbers of units by group.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GroupRatio {
    /// Group, sum of credits, number of units; groups ascending.
    pub entries: Vec<(u32, f64, f64)>,
}

impl GroupRatio {
    /// Sums up `credits`.
    pub fn new(credits: &[Credit]) -> Self {
        let mut sums: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
        for credit in credits {
            let sum = sums.entry(credit.group).or_default();
            sum.0 += credit.value;
            sum.1 += 1.0;
        }
        Self { entries: sums.into_iter().map(|(group, (sum, n))| (group, sum, n)).collect() }
    }

    /// Mean credit; NaN without a unit.
    pub fn mean(&self) -> f64 {
        self.entries.iter().map(|e| e.1).sum::<f64>() / self.units()
    }

    /// Number of units.
    pub fn units(&self) -> f64 {
        self.entries.iter().map(|e| e.2).sum()
    }

    /// Sums of credits and of units in each draw.
    pub(super) fn draw(&self, block: &Block) -> [Lanes; 2] {
        let mut sums = [[0.0; LANES]; 2];
        for &(group, sum, n) in &self.entries {
            let times = &block[group as usize];
            for lane in 0..LANES {
                sums[0][lane] += f64::from(times[lane]) * sum;
                sums[1][lane] += f64::from(times[lane]) * n;
            }
        }
        sums
    }
}

/// Accuracy of each prompt at one threshold, prompts in order.
pub(super) fn rows(pairs: &[(i8, f64)], group: &[u32], prompt: &[u32], epsilon: f64) -> Vec<Credit> {
    let mut counts: BTreeMap<u32, (u32, usize, usize)> = BTreeMap::new();
    for ((&pair, &group), &prompt) in pairs.iter().zip(group).zip(prompt) {
        let one = PairCounts::at(epsilon, [pair]);
        let row = counts.entry(prompt).or_insert((group, 0, 0));
        row.1 += one.right + one.both_tie;
        row.2 += 1;
    }
    counts.into_iter().map(|(key, (group, agreed, n))| Credit { group, key, value: agreed as f64 / n as f64 }).collect()
}

/// What the mean accuracy of prompts gains when the threshold reaches each pair's margin, in units of one prompt.
#[derive(Debug, Default)]
pub(super) struct RowSteps {
    steps: Vec<RowStep>,
}

#[derive(Debug)]
struct RowStep {
    group: u32,
    gain: f64,
    level: f64,
    ends_level: bool,
}

/// Gains of two candidates that differ by less are rounding noise of the same gain.
const NOISE: f64 = 1e-9;

impl RowSteps {
    pub(super) fn new(pairs: &[(i8, f64)], group: &[u32], prompt: &[u32]) -> Self {
        let mut sizes: BTreeMap<u32, f64> = BTreeMap::new();
        prompt.iter().for_each(|p| *sizes.entry(*p).or_default() += 1.0);
        let mut steps: Vec<(f64, u32, i8, u32, f64)> = (pairs.iter().zip(group).zip(prompt))
            .filter(|((pair, _), _)| pair.1 != 0.0)
            .map(|((&(human, margin), &group), &prompt)| {
                let gain = if human == 0 { 1 } else { -i8::from((human > 0) == (margin > 0.0)) };
                (margin.abs(), prompt, gain, group, f64::from(gain) / sizes[&prompt])
            })
            .collect();
        // Sums of fractions depend on their order: it must not be that of the rows.
        steps.sort_unstable_by(|x, y| x.0.total_cmp(&y.0).then((x.1, x.2).cmp(&(y.1, y.2))));
        let ends = |at: usize| steps.get(at + 1).is_none_or(|next| next.0 > steps[at].0);
        let steps = (0..steps.len())
            .map(|at| RowStep { group: steps[at].3, gain: steps[at].4, level: steps[at].0, ends_level: ends(at) })
            .collect();
        Self { steps }
    }

    /// The smallest threshold with the largest gain; 0 where no threshold gains.
    pub(super) fn best_threshold(&self) -> f64 {
        let (mut running, mut best, mut epsilon) = (0.0, 0.0, 0.0);
        for step in &self.steps {
            running += step.gain;
            if step.ends_level && running > best + NOISE {
                (best, epsilon) = (running, step.level);
            }
        }
        epsilon
    }

    /// The largest gain in each draw, at least 0.
    pub(super) fn draw(&self, block: &Block) -> Lanes {
        let (mut running, mut best) = ([0.0; LANES], [0.0f64; LANES]);
        for step in &self.steps {
            let times = &block[step.group as usize];
            for lane in 0..LANES {
                running[lane] += step.gain * f64::from(times[lane]);
            }
            if step.ends_level {
                for lane in 0..LANES {
                    best[lane] = best[lane].max(running[lane]);
                }
            }
        }
        best
    }
}

/// Credits under RewardBench 2's rule (definitions §3.11): of every prompt in which people preferred one item to every
/// other one, 1/(items tied at the top) if no other item scores higher than the chosen one, else 0. Prompts in which a
/// margin of the chosen item is missing are left out.
pub(super) fn chosen(labels: &LabelledPairs, margins: &[Option<f64>], positions: &[usize]) -> Vec<Credit> {
    let mut by_prompt: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (i, prompt) in labels.prompt.iter().enumerate() {
        by_prompt.entry(*prompt).or_default().push(i);
    }
    let counted: BTreeSet<usize> = positions.iter().copied().collect();
    let mut credits = Vec::new();
    for (key, pairs) in by_prompt {
        let items: BTreeSet<u32> = pairs.iter().flat_map(|&i| labels.items[i]).collect();
        let mut beaten: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for &i in &pairs {
            let [a, b] = labels.items[i];
            match labels.human[i] {
                1 => _ = beaten.entry(a).or_default().insert(b),
                -1 => _ = beaten.entry(b).or_default().insert(a),
                _ => {}
            }
        }
        let Some((&winner, _)) = beaten.iter().find(|(_, others)| others.len() + 1 == items.len()) else {
            continue;
        };
        let own: Option<Vec<f64>> = (pairs.iter())
            .filter(|&&i| labels.items[i].contains(&winner))
            .map(|&i| {
                let margin = margins[i].filter(|_| counted.contains(&i))?;
                Some(if labels.items[i][0] == winner { margin } else { -margin })
            })
            .collect();
        let Some(own) = own else { continue };
        let tied = own.iter().filter(|m| **m == 0.0).count();
        let value = if own.iter().any(|m| *m < 0.0) { 0.0 } else { 1.0 / (1 + tied) as f64 };
        credits.push(Credit { group: labels.group[pairs[0]], key, value });
    }
    credits
}
