//! Does the head hold on a generator that it never saw? Folds whose training and test pairs share neither generator nor
//! prompt, beside heads with equally many training pairs that do share generators.

use std::collections::BTreeMap;

use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::credits::{Credit, GroupRatio};
use super::curves::Setting;
use super::intervals::{Bootstrap, differences, enough, percentile_interval};
use super::margins::{LabelledPairs, margins_of};
use super::nested::folds_of_groups;
use super::results::{Measure, UnseenGroups};
use super::{DimensionScores, Protocol};
use crate::head::{self, TrainOptions};
use crate::rng;

const PROTOCOL: Protocol = Protocol::DiffHalf;
/// Blocks of generators: pairs of two blocks are scored by heads that saw neither.
const BLOCKS: usize = 5;
/// Folds of prompts.
const FOLDS: usize = 5;
const FEWEST_TRAINING_PAIRS: usize = 20;

/// One set of scored pairs and its two training sets; positions in the labels.
struct Job {
    test: Vec<usize>,
    unseen: Vec<usize>,
    seen: Vec<usize>,
}

/// What heads earn that never saw an attribute's values, beside heads that did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EarnedUnseen {
    /// The attribute.
    pub attribute: String,
    /// Its values.
    pub groups: usize,
    /// Fits behind it.
    pub fits: usize,
    /// Credits by group, of heads that never saw the values.
    pub unseen: GroupRatio,
    /// Credits by group on the same pairs, of heads that did.
    pub seen: GroupRatio,
    /// Why there is nothing.
    pub reason: Option<String>,
}

/// Fits heads without some values of `attribute`, and scores every pair once.
pub(super) fn refit(setting: Setting<'_>, attribute: &str) -> EarnedUnseen {
    let Setting { ds, labels, options, .. } = setting;
    let mut earned = EarnedUnseen { attribute: attribute.to_owned(), ..EarnedUnseen::default() };
    let Some(values) = ds.items.attributes.get(attribute) else {
        earned.reason = Some(format!("the items have no attribute {attribute}"));
        return earned;
    };
    let sides: Vec<Option<[&str; 2]>> = (labels.pair.iter())
        .map(|&p| Some([values[ds.pairs[p].a].as_deref()?, values[ds.pairs[p].b].as_deref()?]))
        .collect();
    let block = blocks(&sides);
    earned.groups = block.len();
    if block.len() < 4 {
        earned.reason =
            Some(format!("{} values of {attribute}: at least 4 are needed to fit without two of them", block.len()));
        return earned;
    }
    let jobs = jobs(labels, &sides, &block, options.seed);
    let name = &ds.dimensions[setting.dimension];
    let credits: Vec<[Vec<Credit>; 2]> = (jobs.par_iter())
        .filter_map(|job| {
            options.say(&format!("{name}: unseen {attribute}"));
            let fit = |training: &[usize]| fit_and_score(setting, training, &job.test);
            Some([fit(&job.unseen)?, fit(&job.seen)?])
        })
        .collect();
    let [unseen, seen]: [Vec<Credit>; 2] = [0, 1].map(|k| credits.iter().flat_map(|pair| pair[k].clone()).collect());
    earned.fits = 2 * credits.len();
    earned.reason = unseen.is_empty().then(|| "not enough data: no head could be fitted without two groups".to_owned());
    (earned.unseen, earned.seen) = (GroupRatio::new(&unseen), GroupRatio::new(&seen));
    earned
}

/// Accuracy on unseen values of an attribute.
pub(super) fn unseen(found: &DimensionScores, earned: &EarnedUnseen, draws: usize, seed: u64) -> UnseenGroups {
    let (n, prompts) = (earned.unseen.units() as usize, earned.unseen.entries.len());
    let mut result = UnseenGroups {
        dimension: found.dimension.clone(),
        attribute: earned.attribute.clone(),
        groups: earned.groups,
        fits: earned.fits,
        protocol: PROTOCOL,
        unseen: Measure::default(),
        seen: Measure::default(),
        difference: Measure::default(),
        n,
        prompts,
        reason: earned.reason.clone(),
    };
    if n == 0 {
        return result;
    }
    let bootstrap = Bootstrap { groups: found.labels.groups, draws, seed };
    let drawn = bootstrap.ratios(&[earned.unseen.clone(), earned.seen.clone()]);
    let measure = |value: f64, draws: &[f64]| {
        let interval = Some(draws).filter(|_| enough(n, prompts)).and_then(percentile_interval);
        Measure { value: Some(value), low: interval.map(|i| i.low), high: interval.map(|i| i.high) }
    };
    let (unseen, seen) = (earned.unseen.mean(), earned.seen.mean());
    result.unseen = measure(unseen, &drawn[0]);
    result.seen = measure(seen, &drawn[1]);
    result.difference = measure(unseen - seen, &differences(&drawn[0], &drawn[1]));
    result
}

/// Block of each value: values with most pairs first, each into the lightest block.
fn blocks<'a>(sides: &[Option<[&'a str; 2]>]) -> BTreeMap<&'a str, usize> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    sides.iter().flatten().flatten().for_each(|value| *counts.entry(value).or_default() += 1);
    let mut order: Vec<(&str, usize)> = counts.into_iter().collect();
    order.sort_by(|x, y| y.1.cmp(&x.1).then(x.0.cmp(y.0)));
    let mut load = vec![0; BLOCKS.min(order.len()).max(1)];
    let mut block = BTreeMap::new();
    for (value, count) in order {
        let lightest = (0..load.len()).min_by_key(|&b| load[b]).unwrap_or(0);
        load[lightest] += count;
        block.insert(value, lightest);
    }
    block
}

fn jobs(labels: &LabelledPairs, sides: &[Option<[&str; 2]>], block: &BTreeMap<&str, usize>, seed: u64) -> Vec<Job> {
    let fold = folds_of_groups(labels.groups, FOLDS, seed);
    let of_pair: Vec<Option<[usize; 2]>> = sides.iter().map(|s| s.map(|s| s.map(|value| block[value]))).collect();
    let fold_of = |i: usize| fold[labels.group[i] as usize];
    let mut jobs = Vec::new();
    for first in 0..BLOCKS {
        for second in first..BLOCKS {
            for fold in 0..FOLDS {
                let pair = |i: &usize| of_pair[*i];
                let is_test = |b: [usize; 2]| b == [first, second] || b == [second, first];
                let touches = |b: [usize; 2]| b.contains(&first) || b.contains(&second);
                let all = || 0..labels.len();
                let test: Vec<usize> = all().filter(|i| fold_of(*i) == fold && pair(i).is_some_and(is_test)).collect();
                let outside = || all().filter(|i| fold_of(*i) != fold && pair(i).is_some());
                let unseen: Vec<usize> = outside().filter(|i| !pair(i).is_some_and(touches)).collect();
                if test.is_empty() || unseen.len() < FEWEST_TRAINING_PAIRS {
                    continue;
                }
                let mut seen: Vec<usize> = outside().collect();
                seen.shuffle(&mut rng::stream(seed, "evaluate/unseen", jobs.len() as u64));
                seen.truncate(unseen.len());
                seen.sort_unstable();
                jobs.push(Job { test, unseen, seen });
            }
        }
    }
    jobs
}

fn fit_and_score(setting: Setting<'_>, training: &[usize], test: &[usize]) -> Option<Vec<Credit>> {
    let Setting { ds, features, dimension, labels, options, .. } = setting;
    let pairs = |at: &[usize]| at.iter().map(|&i| labels.pair[i]).collect::<Vec<usize>>();
    let train = TrainOptions { bootstrap: 0, allow_unconverged: true, ..options.train.clone() };
    let head = head::train(ds, features, dimension, &pairs(training), &train).ok()?;
    let margins = margins_of(ds, &pairs(test), &head.score(features).ok()?);
    let credit = |(&i, margin): (&usize, Option<f64>)| {
        // The same pairs for both heads: what one cannot score is an equal score.
        let value = PROTOCOL.credit(labels.human[i], margin.unwrap_or(0.0), 0.0)?;
        Some(Credit { group: labels.group[i], key: i as u32, value })
    };
    Some(test.iter().zip(margins).filter_map(credit).collect())
}
