//! Out-of-fold accuracy of the head against what it costs: training pairs, questions, λ.

use std::collections::BTreeMap;

use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::credits::{Credit, GroupRatio};
use super::intervals::{Bootstrap, differences, enough, percentile_interval};
use super::margins::{LabelledPairs, margins_of};
use super::results::{AccuracyPoint, Curve, CurveAxis, Pays};
use super::{DimensionScores, EvaluateOptions, Protocol};
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

/// What heads fitted for one point of a curve earn, each on the pairs of prompts that it has not seen.
#[derive(Debug, Clone, PartialEq)]
pub struct EarnedPoint {
    /// Training pairs, questions at most, or λ/λ_max.
    pub x: f64,
    /// Columns with a weight, mean over fits.
    pub questions: f64,
    /// Credits by group.
    pub credits: GroupRatio,
}

/// The points of one curve, x ascending.
#[derive(Debug, Clone, PartialEq)]
pub struct EarnedCurve {
    /// What is on the x axis.
    pub axis: CurveAxis,
    /// The points.
    pub points: Vec<EarnedPoint>,
}

/// Fits the heads of all three curves; empty without training pairs.
pub(super) fn refit(setting: Setting<'_>) -> Vec<EarnedCurve> {
    let path = along_lambda(setting);
    let curves = [
        (CurveAxis::TrainingPairs, learning(setting)),
        (CurveAxis::Questions, questions(setting, &path)),
        (CurveAxis::Lambda, lambdas(setting, &path)),
    ];
    let some = curves.into_iter().filter(|(_, points)| !points.is_empty());
    some.map(|(axis, points)| EarnedCurve { axis, points }).collect()
}

/// Accuracies and verdicts of the curves that were refitted.
pub(super) fn curves(found: &DimensionScores, draws: usize, seed: u64) -> Vec<Curve> {
    let bootstrap = Bootstrap { groups: found.labels.groups, draws, seed };
    (found.refits.curves.iter())
        .map(|earned| {
            let points: Vec<AccuracyPoint> = earned.points.iter().map(|p| accuracy(p, bootstrap)).collect();
            let (verdict, pays) = match earned.axis {
                CurveAxis::TrainingPairs => {
                    let (verdict, pays) = do_labels_pay(&earned.points, &points, bootstrap);
                    (verdict, Some(pays))
                }
                CurveAxis::Questions => (verdict_on_questions(&points), None),
                CurveAxis::Lambda => (verdict_on_lambda(&points), None),
            };
            Curve { dimension: found.dimension.clone(), axis: earned.axis, protocol: PROTOCOL, points, verdict, pays }
        })
        .collect()
}

fn accuracy(earned: &EarnedPoint, bootstrap: Bootstrap) -> AccuracyPoint {
    let (n, groups) = (earned.credits.units() as usize, earned.credits.entries.len());
    let draws = bootstrap.ratios(std::slice::from_ref(&earned.credits));
    let interval = Some(&draws[0]).filter(|_| enough(n, groups)).and_then(|d| percentile_interval(d));
    AccuracyPoint {
        x: earned.x,
        value: earned.credits.mean(),
        low: interval.map(|i| i.low),
        high: interval.map(|i| i.high),
        n,
        prompts: groups,
        questions: earned.questions,
    }
}

impl Setting<'_> {
    fn name(&self) -> &str {
        &self.ds.dimensions[self.dimension]
    }

    fn folds(&self) -> Vec<(usize, &[usize])> {
        let used: std::collections::BTreeSet<usize> = self.part.iter().copied().collect();
        used.into_iter().filter_map(|f| Some((f, self.training.get(f)?.as_deref()?))).collect()
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

    /// What fits that together score every fold earn, credits of one pair averaged; `None` unless all folds are scored.
    fn point(&self, x: f64, fits: &[&Scored]) -> Option<EarnedPoint> {
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
        let questions = fits.iter().map(|s| s.questions as f64).sum::<f64>() / fits.len() as f64;
        (!credits.is_empty()).then(|| EarnedPoint { x, questions, credits: GroupRatio::new(&credits) })
    }
}

/// Accuracy against training pairs.
fn learning(setting: Setting<'_>) -> Vec<EarnedPoint> {
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
    (0..SHARES.len())
        .filter_map(|share| {
            let of_share: Vec<&Scored> = fits.iter().filter(|f| f.0 == share).map(|f| &f.1).collect();
            let x = of_share.iter().map(|s| s.training as f64).sum::<f64>() / of_share.len() as f64;
            setting.point(x.round(), &of_share)
        })
        .collect()
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

/// Does the last doubling of the training pairs gain accuracy? On the same draws of prompts.
fn do_labels_pay(earned: &[EarnedPoint], points: &[AccuracyPoint], bootstrap: Bootstrap) -> (String, Pays) {
    let ([.., before, last], [.., before_point, last_point]) = (earned, points) else {
        return ("Too few training pairs for a curve: it has one point.".to_owned(), Pays::Unclear);
    };
    let draws = bootstrap.ratios(&[before.credits.clone(), last.credits.clone()]);
    let shown = before_point.low.is_some() && last_point.low.is_some();
    let interval = if shown { percentile_interval(&differences(&draws[1], &draws[0])) } else { None };
    let value = 100.0 * (last_point.value - before_point.value);
    let step = format!("From {:.0} to {:.0} training pairs accuracy changed by {value:+.1} points", before.x, last.x);
    let gain = interval.map(|i| (i.low, i.high));
    match gain {
        Some((low, high)) => {
            let interval = format!("[{:+.1}, {:+.1}]", 100.0 * low, 100.0 * high);
            let (pays, meaning) = match () {
                () if low > 0.0 => (Pays::Yes, "more labels pay"),
                () if high < MATTERS => (Pays::No, "more labels of this kind will hardly pay"),
                () => (Pays::Unclear, "the data cannot tell whether more labels pay"),
            };
            (format!("{step} {interval}: {meaning}."), pays)
        }
        None => (format!("{step}; not enough data to tell whether more labels pay."), Pays::Unclear),
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

fn lambdas(setting: Setting<'_>, path: &[(f64, Vec<Scored>)]) -> Vec<EarnedPoint> {
    let mut points: Vec<_> =
        path.iter().filter_map(|(x, fits)| setting.point(*x, &fits.iter().collect::<Vec<_>>())).collect();
    points.sort_by(|a, b| a.x.total_cmp(&b.x));
    points
}

fn verdict_on_lambda(points: &[AccuracyPoint]) -> String {
    let best = points.iter().reduce(|best, p| if p.value > best.value { p } else { best });
    best.map_or(String::new(), |best| {
        format!(
            "Highest out-of-fold accuracy {:.1} % at λ = {:.3} λ_max with {:.1} questions; chosen after the fact, so too good.",
            100.0 * best.value,
            best.x,
            best.questions
        )
    })
}

/// Accuracy with at most so many questions: in each fold the smallest λ of the path that keeps no more.
fn questions(setting: Setting<'_>, path: &[(f64, Vec<Scored>)]) -> Vec<EarnedPoint> {
    let Some(most) = path.iter().flat_map(|(_, fits)| fits).map(|s| s.questions).max() else { return Vec::new() };
    let budgets = (0..).flat_map(|decade| [1, 2, 3, 5, 7].map(|k| k * 10usize.pow(decade)));
    let mut sizes: Vec<usize> = budgets.take_while(|k| *k < most).collect();
    sizes.push(most);
    let point = |budget: usize| {
        let fits: Vec<&Scored> = (setting.folds().iter())
            .filter_map(|(fold, _)| {
                let own = path.iter().flat_map(|(_, fits)| fits).filter(|s| s.fold == *fold);
                own.filter(|s| s.questions <= budget).max_by_key(|s| s.questions)
            })
            .collect();
        setting.point(budget as f64, &fits)
    };
    sizes.into_iter().filter_map(point).collect()
}

fn verdict_on_questions(points: &[AccuracyPoint]) -> String {
    let best = points.iter().map(|p| p.value).fold(0.0, f64::max);
    let enough = points.iter().find(|p| p.value >= best - MATTERS);
    enough.map_or(String::new(), |enough| {
        format!(
            "{:.0} questions reach {:.1} %, within one point of the best of this curve ({:.1} %).",
            enough.x,
            100.0 * enough.value,
            100.0 * best
        )
    })
}
