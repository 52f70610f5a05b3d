//! Out-of-fold accuracy of the head against what it costs: training pairs, questions, λ.

use std::collections::BTreeMap;

use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::credits::{Credit, GroupRatio};
use super::intervals::{Bootstrap, differences, enough, percentile_interval};
use super::margins::{LabelledPairs, margins_of};
use super::results::{AccuracyPoint, Curve, CurveAxis, Measure, Pays};
use super::{EvaluateOptions, Protocol};
use crate::dataset::Dataset;
use crate::features::FeatureMatrix;
use crate::head::{self, Head, TrainOptions};
use crate::rng;

/// The protocol of all curves.
const PROTOCOL: Protocol = Protocol::DiffHalf;
/// Shares of the training prompts.
const SHARES: [f64; 6] = [1.0 / 32.0, 1.0 / 16.0, 0.125, 0.25, 0.5, 1.0];
/// Random subsets of each share, whose accuracies are averaged.
const REPEATS: usize = 3;
/// Fewer training pairs or prompts are no point of a curve.
const FEWEST_TRAINING_PAIRS: usize = 20;
const FEWEST_TRAINING_GROUPS: usize = 5;
/// λ/λ_max: four per decade.
const LAMBDA_STEPS: i32 = 13;
/// A gain that matters: one point of accuracy.
const MATTERS: f64 = 0.01;

/// The pairs that are scored, their folds, and the training pairs of each fold.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    /// The data.
    pub ds: &'a Dataset,
    /// Features of the items.
    pub features: &'a FeatureMatrix,
    /// Index of the dimension.
    pub dimension: usize,
    /// The scored pairs.
    pub labels: &'a LabelledPairs,
    /// Fold of each scored pair.
    pub part: &'a [usize],
    /// Training pairs of each fold (indices into [`Dataset::pairs`]); `None` where a fold has none.
    pub training: &'a [Option<Vec<usize>>],
    /// Options of the evaluation.
    pub options: &'a EvaluateOptions<'a>,
}

/// What one fit earns on the pairs of its fold.
struct Scored {
    fold: usize,
    /// (position, credit).
    credits: Vec<(usize, f64)>,
    questions: usize,
    training: usize,
}

/// All three curves; empty without training pairs.
pub fn curves(setting: Setting<'_>) -> Vec<Curve> {
    let mut curves: Vec<Curve> = learning(setting).into_iter().collect();
    let path = along_lambda(setting);
    curves.extend(questions(setting, &path));
    curves.extend(lambdas(setting, &path));
    curves
}

impl Setting<'_> {
    fn name(&self) -> &str {
        &self.ds.dimensions[self.dimension]
    }

    fn folds(&self) -> Vec<(usize, &[usize])> {
        let used: std::collections::BTreeSet<usize> = self.part.iter().copied().collect();
        used.into_iter().filter_map(|f| Some((f, self.training.get(f)?.as_deref()?))).collect()
    }

    fn bootstrap(&self) -> Bootstrap {
        Bootstrap { groups: self.labels.groups, draws: self.options.draws, seed: self.options.seed }
    }

    /// A fit, however hard; `None` where it cannot be made.
    fn fit(&self, pairs: &[usize], lambda: Option<f64>) -> Option<Head> {
        let given = &self.options.train;
        let train =
            TrainOptions { bootstrap: 0, lambda: lambda.or(given.lambda), allow_unconverged: true, ..given.clone() };
        head::train(self.ds, self.features, self.dimension, pairs, &train).ok()
    }

    fn score(&self, head: &Head, fold: usize) -> Option<Scored> {
        let scores = head.score(self.features).ok()?;
        let at: Vec<usize> = (0..self.labels.len()).filter(|&i| self.part[i] == fold).collect();
        let pairs: Vec<usize> = at.iter().map(|&i| self.labels.pair[i]).collect();
        let credits = (at.iter().zip(margins_of(self.ds, &pairs, &scores)))
            .filter_map(|(&i, margin)| Some((i, PROTOCOL.credit(self.labels.human[i], margin?, 0.0)?)));
        let questions = head.weights.iter().filter(|w| **w != 0.0).count();
        Some(Scored { fold, credits: credits.collect(), questions, training: head.pairs })
    }

    /// The accuracy of fits that together score every fold, credits of one pair averaged; `None` unless all folds are
    /// scored.
    fn point(&self, x: f64, fits: &[&Scored]) -> Option<(AccuracyPoint, GroupRatio)> {
        if self.folds().iter().any(|(fold, _)| !fits.iter().any(|s| s.fold == *fold)) {
            return None;
        }
        let mut sums: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
        for &(at, credit) in fits.iter().flat_map(|s| &s.credits) {
            let sum = sums.entry(at).or_default();
            *sum = (sum.0 + credit, sum.1 + 1.0);
        }
        let credits: Vec<Credit> = (sums.into_iter())
            .map(|(at, (sum, n))| Credit { group: self.labels.group[at], key: at as u32, value: sum / n })
            .collect();
        if credits.is_empty() {
            return None;
        }
        let ratio = GroupRatio::new(&credits);
        let groups: std::collections::BTreeSet<u32> = credits.iter().map(|c| c.group).collect();
        let draws = self.bootstrap().ratios(std::slice::from_ref(&ratio));
        let interval =
            Some(&draws[0]).filter(|_| enough(credits.len(), groups.len())).and_then(|d| percentile_interval(d));
        let point = AccuracyPoint {
            x,
            value: credits.iter().map(|c| c.value).sum::<f64>() / credits.len() as f64,
            low: interval.map(|i| i.low),
            high: interval.map(|i| i.high),
            n: credits.len(),
            questions: fits.iter().map(|s| s.questions as f64).sum::<f64>() / fits.len() as f64,
        };
        Some((point, ratio))
    }

    /// Second minus first, on the same draws.
    fn gain(&self, first: &(AccuracyPoint, GroupRatio), second: &(AccuracyPoint, GroupRatio)) -> Measure {
        let list = |ratio: &GroupRatio| self.bootstrap().ratios(std::slice::from_ref(ratio)).remove(0);
        let shown = first.0.low.is_some() && second.0.low.is_some();
        let interval = if shown { percentile_interval(&differences(&list(&second.1), &list(&first.1))) } else { None };
        Measure {
            value: Some(second.0.value - first.0.value),
            low: interval.map(|i| i.low),
            high: interval.map(|i| i.high),
        }
    }
}

/// Accuracy against training pairs.
fn learning(setting: Setting<'_>) -> Option<Curve> {
    let folds = setting.folds();
    let jobs: Vec<(usize, usize, usize)> = (0..SHARES.len())
        .flat_map(|share| (0..if SHARES[share] < 1.0 { REPEATS } else { 1 }).map(move |repeat| (share, repeat)))
        .flat_map(|(share, repeat)| (0..folds.len()).map(move |fold| (share, repeat, fold)))
        .collect();
    let fits: Vec<(usize, Scored)> = (jobs.into_par_iter())
        .filter_map(|(share, repeat, fold)| {
            let (number, training) = folds[fold];
            let subset = subset(setting, training, SHARES[share], (repeat * folds.len() + fold) as u64)?;
            let name = setting.name();
            setting.options.say(&format!("{name}: learning curve, {} training pairs", subset.len()));
            setting.score(&setting.fit(&subset, None)?, number).map(|scored| (share, scored))
        })
        .collect();
    let points: Vec<(AccuracyPoint, GroupRatio)> = (0..SHARES.len())
        .filter_map(|share| {
            let of_share: Vec<&Scored> = fits.iter().filter(|f| f.0 == share).map(|f| &f.1).collect();
            let x = of_share.iter().map(|s| s.training as f64).sum::<f64>() / of_share.len() as f64;
            setting.point(x.round(), &of_share)
        })
        .collect();
    let (verdict, pays) = match points.as_slice() {
        [] => return None,
        [.., before, last] => verdict_on_labels(setting.gain(before, last), before.0.x, last.0.x),
        [_] => ("Too few training pairs for a curve: it has one point.".to_owned(), Pays::Unclear),
    };
    Some(curve(setting, CurveAxis::TrainingPairs, points, verdict, Some(pays)))
}

/// A random share of the training prompts, pairs in their order; `None` where too few are left.
fn subset(setting: Setting<'_>, training: &[usize], share: f64, stream: u64) -> Option<Vec<usize>> {
    let labels = LabelledPairs::new(setting.ds, training);
    let mut groups: Vec<u32> = (0..labels.groups as u32).collect();
    groups.shuffle(&mut rng::stream(setting.options.seed, "evaluate/learning", stream));
    groups.truncate((labels.groups as f64 * share).round() as usize);
    let kept: std::collections::BTreeSet<u32> = groups.into_iter().collect();
    let pairs: Vec<usize> =
        (0..training.len()).filter(|&i| kept.contains(&labels.group[i])).map(|i| training[i]).collect();
    (pairs.len() >= FEWEST_TRAINING_PAIRS && kept.len() >= FEWEST_TRAINING_GROUPS).then_some(pairs)
}

fn verdict_on_labels(gain: Measure, from: f64, to: f64) -> (String, Pays) {
    let value = 100.0 * gain.value.unwrap_or(0.0);
    let step = format!("From {from:.0} to {to:.0} training pairs accuracy changed by {value:+.1} points");
    match (gain.low, gain.high) {
        (Some(low), Some(high)) => {
            let interval = format!("[{:+.1}, {:+.1}]", 100.0 * low, 100.0 * high);
            let (pays, meaning) = match () {
                () if low > 0.0 => (Pays::Yes, "more labels pay"),
                () if high < MATTERS => (Pays::No, "more labels of this kind will hardly pay"),
                () => (Pays::Unclear, "the data cannot tell whether more labels pay"),
            };
            (format!("{step} {interval}: {meaning}."), pays)
        }
        _ => (format!("{step}; not enough data to tell whether more labels pay."), Pays::Unclear),
    }
}

/// For each step of λ the fits of all folds.
fn along_lambda(setting: Setting<'_>) -> Vec<(f64, Vec<Scored>)> {
    let folds = setting.folds();
    let ratio = |step: i32| 10f64.powf(-f64::from(step) / 4.0);
    let fits: Vec<Vec<Option<Scored>>> = (folds.par_iter())
        .map(|&(number, training)| {
            setting.options.say(&format!("{}: path of fold {}", setting.name(), number + 1));
            // Above λ_max all weights are 0: this fit only tells where the path begins.
            let Some(start) = setting.fit(training, Some(1e12)) else { return Vec::new() };
            (1..=LAMBDA_STEPS)
                .into_par_iter()
                .map(|step| setting.score(&setting.fit(training, Some(ratio(step) * start.lambda_max))?, number))
                .collect()
        })
        .collect();
    let mut by_step: Vec<(f64, Vec<Scored>)> = (1..=LAMBDA_STEPS).map(|step| (ratio(step), Vec::new())).collect();
    for fold in fits {
        for (step, scored) in fold.into_iter().enumerate() {
            by_step[step].1.extend(scored);
        }
    }
    by_step
}

fn lambdas(setting: Setting<'_>, path: &[(f64, Vec<Scored>)]) -> Option<Curve> {
    let mut points: Vec<_> =
        path.iter().filter_map(|(x, fits)| setting.point(*x, &fits.iter().collect::<Vec<_>>())).collect();
    points.sort_by(|a, b| a.0.x.total_cmp(&b.0.x));
    let best = points.iter().map(|p| &p.0).reduce(|best, p| if p.value > best.value { p } else { best })?;
    let verdict = format!(
        "Highest out-of-fold accuracy {:.1} % at λ = {:.3} λ_max with {:.1} questions; chosen after the fact, so too good.",
        100.0 * best.value,
        best.x,
        best.questions
    );
    Some(curve(setting, CurveAxis::Lambda, points, verdict, None))
}

/// Accuracy with at most so many questions: in each fold the smallest λ of the path that keeps no more.
fn questions(setting: Setting<'_>, path: &[(f64, Vec<Scored>)]) -> Option<Curve> {
    let most = path.iter().flat_map(|(_, fits)| fits).map(|s| s.questions).max()?;
    let budgets = (0..).flat_map(|decade| [1, 2, 3, 5, 7].map(|k| k * 10usize.pow(decade)));
    let mut sizes: Vec<usize> = budgets.take_while(|k| *k < most).collect();
    sizes.push(most);
    let mut points = Vec::new();
    for budget in sizes {
        let fits: Vec<&Scored> = (setting.folds().iter())
            .filter_map(|(fold, _)| {
                let own = path.iter().flat_map(|(_, fits)| fits).filter(|s| s.fold == *fold);
                own.filter(|s| s.questions <= budget).max_by_key(|s| s.questions)
            })
            .collect();
        points.extend(setting.point(budget as f64, &fits));
    }
    let best = points.iter().map(|p| p.0.value).fold(0.0, f64::max);
    let enough = points.iter().map(|p| &p.0).find(|p| p.value >= best - MATTERS)?;
    let verdict = format!(
        "{:.0} questions reach {:.1} %, within one point of the best of this curve ({:.1} %).",
        enough.x,
        100.0 * enough.value,
        100.0 * best
    );
    Some(curve(setting, CurveAxis::Questions, points, verdict, None))
}

fn curve(
    setting: Setting<'_>,
    axis: CurveAxis,
    points: Vec<(AccuracyPoint, GroupRatio)>,
    verdict: String,
    pays: Option<Pays>,
) -> Curve {
    Curve {
        dimension: setting.name().to_owned(),
        axis,
        protocol: PROTOCOL,
        points: points.into_iter().map(|p| p.0).collect(),
        verdict,
        pays,
    }
}
