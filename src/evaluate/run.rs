//! The whole evaluation: every dimension, every scorer, every protocol.

use super::against::{OLD, against};
use super::attributes::{BestAttribute, best_attribute};
use super::compare::{Question, assess};
use super::curves::{EarnedCurve, Setting};
use super::facts::Facts;
use super::fitted::FittedScorer;
use super::floors::floors;
use super::head_margins::{HeadMargins, has_split};
use super::intervals::enough;
use super::leakage::add_leakage;
use super::margins::{HeldOut, LabelledPairs, ScoredPairs, margins_of};
use super::protocol::{Protocol, Threshold};
use super::sample::Sample;
use super::scorers::{HEAD, ItemScores, Parts, baselines, score_pairs};
use super::stored::StoredScorer;
use super::unseen::EarnedUnseen;
use super::{Design, Evaluation, Extras, curves, extras, nested, significance, stored, train_test, unseen};
use crate::dataset::Dataset;
use crate::features::FeatureMatrix;
use crate::head::{HeadsFile, TrainOptions};
use crate::{Error, Result};

/// How the head's margins are made.
#[derive(Debug, Clone, Copy)]
pub enum Mode<'a> {
    /// Nested cross-validation over groups.
    CrossValidate {
        /// Outer folds, at least 2.
        folds: usize,
    },
    /// Fitted on `split = train`, scored on `split = test`.
    TrainTest,
    /// Stored heads.
    Stored(&'a HeadsFile),
}

impl Mode<'_> {
    /// What is done unless something else is asked for: the split that the data declare, else five folds.
    pub fn default_for(ds: &Dataset) -> Mode<'static> {
        if has_split(ds) { Mode::TrainTest } else { Mode::CrossValidate { folds: 5 } }
    }
}

/// Choices of [`evaluate`].
#[derive(Clone)]
pub struct EvaluateOptions<'a> {
    /// Dimensions: indices into [`Dataset::dimensions`].
    pub dimensions: Vec<usize>,
    /// Protocols, in the order of the rows.
    pub protocols: Vec<Protocol>,
    /// Bootstrap draws; 0 = no intervals.
    pub draws: usize,
    /// Sign assignments of the paired permutation tests; 0 = no tests.
    pub tests: usize,
    /// Seed of folds, bootstrap and tests.
    pub seed: u64,
    /// Count an uncovered pair as an equal score.
    pub missing_score_equal: bool,
    /// What is computed beside accuracies and comparisons.
    pub extras: Extras,
    /// Stored heads that stand beside the head as scorers.
    pub beside: &'a [StoredScorer],
    /// Dimensions whose head is refitted for curves and unseen groups; `None` = all.
    pub refitted: Option<Vec<usize>>,
    /// Heads fitted in other ways that stand beside the head as scorers.
    pub also: &'a [FittedScorer],
    /// How heads are fitted.
    pub train: TrainOptions,
    /// Told what is being worked on.
    pub progress: Option<&'a (dyn Fn(&str) + Sync)>,
}

impl EvaluateOptions<'_> {
    /// All dimensions, the default protocols, 1,000 draws, seed 1.
    pub fn new(ds: &Dataset) -> Self {
        Self {
            dimensions: (0..ds.dimensions.len()).collect(),
            protocols: Protocol::DEFAULT.to_vec(),
            draws: 1000,
            tests: 2000,
            seed: 1,
            missing_score_equal: false,
            extras: Extras::default(),
            beside: &[],
            refitted: None,
            also: &[],
            train: TrainOptions::default(),
            progress: None,
        }
    }

    /// Reports progress.
    pub(super) fn say(&self, message: &str) {
        if let Some(progress) = self.progress {
            progress(message);
        }
    }
}

/// What the numbers of one dimension were computed from.
#[derive(Debug, Clone, Default)]
pub struct DimensionScores {
    /// Dimension.
    pub dimension: String,
    /// The pairs that rows are about.
    pub labels: LabelledPairs,
    /// Part (fold) of each pair.
    pub part: Vec<usize>,
    /// Every scorer on these pairs, head first (absent where there is no head).
    pub scored: Vec<ScoredPairs>,
    /// Every scorer's value per item of the data set, in the same order; for a cross-validated head the out-of-fold
    /// score.
    pub items: Vec<ItemScores>,
    /// Why there is no head, where there is none.
    pub unavailable: Option<String>,
    /// What is known of pairs and items beside labels and scores.
    pub facts: Facts,
    /// The best single attribute as a scorer, where it was asked for.
    pub attribute: Option<BestAttribute>,
    /// What heads earn that were fitted for curves and unseen groups.
    pub refits: Refits,
}

/// Heads fitted for more than the main figures: only what they earn is kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Refits {
    /// Points of curves.
    pub curves: Vec<EarnedCurve>,
    /// Heads that never saw some values of an attribute.
    pub unseen: Vec<EarnedUnseen>,
}

/// Accuracy of the head and of every other scorer, with intervals, floors and comparisons.
///
/// # Errors
/// [`Error::Usage`] for fewer than 2 folds, no protocol, a missing split, or stored heads of which none fits the data;
/// [`Error::Data`] and [`Error::NotConverged`] from the fits.
pub fn evaluate(
    ds: &Dataset,
    features: &FeatureMatrix,
    mode: Mode<'_>,
    options: &EvaluateOptions<'_>,
) -> Result<Evaluation> {
    evaluate_with_scores(ds, features, mode, options).map(|(evaluation, _)| evaluation)
}

/// As [`evaluate`], with the scores that the numbers were computed from.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_with_scores(
    ds: &Dataset,
    features: &FeatureMatrix,
    mode: Mode<'_>,
    options: &EvaluateOptions<'_>,
) -> Result<(Evaluation, Vec<DimensionScores>)> {
    check(ds, mode, options)?;
    let mut evaluation = Evaluation {
        simulated: ds.simulated,
        draws: options.draws,
        tests: options.tests,
        seed: options.seed,
        missing_score_equal: options.missing_score_equal,
        extras: options.extras.clone(),
        ..Evaluation::empty(&ds.name, design(mode))
    };
    if matches!(mode, Mode::Stored(_)) && has_split(ds) {
        evaluation.notes.push("The data declare a split: the stored heads are scored on its test pairs.".to_owned());
    }
    let others = baselines(ds, features);
    let mut scores = Vec::new();
    for &dimension in &options.dimensions {
        let name = &ds.dimensions[dimension];
        let head = match mode {
            Mode::CrossValidate { folds } => nested::cross_validate(ds, features, dimension, folds, options)?,
            Mode::TrainTest => train_test::train_test(ds, features, dimension, options)?,
            Mode::Stored(file) => match file.heads.iter().find(|h| h.dimension == *name) {
                Some(head) => stored::stored(ds, features, dimension, head)?,
                None => {
                    evaluation.notes.push(format!("{name}: left out, the heads file has no head for it."));
                    continue;
                }
            },
        };
        evaluation.notes.extend(head.notes.iter().cloned());
        let (found, left_out, notes) = score_dimension(ds, features, (dimension, mode), head, &others, options)?;
        evaluation.notes.extend(notes);
        options.say(&format!("{name}: intervals"));
        if left_out > 0 {
            let whose = if found.unavailable.is_some() { "no answers at all" } else { "no score by the head" };
            evaluation.notes.push(format!("{name}: {left_out} pairs left out, an item has {whose}."));
        }
        count(&mut evaluation, &found, &options.protocols);
        scores.push(found);
    }
    conclude(&mut evaluation, &scores)?;
    Ok((evaluation, scores))
}

/// What needs all dimensions: tests adjusted for their number, upside-down scorers, the identity on our own output.
fn conclude(evaluation: &mut Evaluation, scores: &[DimensionScores]) -> Result<()> {
    significance::adjust(&mut evaluation.comparisons);
    let mut tested = Vec::new();
    for found in scores {
        for scored in &found.scored {
            let sample = Sample::new(&found.labels, scored, &scored.covered(), &[]);
            let point = sample.point(Protocol::DiffHalf);
            if !enough(point.n, point.groups) {
                continue;
            }
            if let Some(mean) = significance::clustered(&sample, Protocol::DiffHalf) {
                tested.push((found.dimension.clone(), scored.scorer.clone(), mean, point.n));
            }
        }
    }
    evaluation.inverted = significance::inverted(&tested);
    for found in &evaluation.inverted {
        evaluation.notes.push(format!(
            "{}, {}: right on {:.1} % of {} decided pairs only, less than a coin (q = {:.1e}). Inverted? If lower is better, \
             declare [scores.{}] invert = true in dataset.toml.",
            found.dimension,
            found.scorer,
            100.0 * found.value,
            found.n,
            found.q,
            found.scorer
        ));
    }
    if scores.iter().flat_map(|found| &found.scored).any(|s| s.scorer == OLD) {
        let protocols = evaluation.protocols();
        let lead = protocols.iter().find(|p| **p == Protocol::DiffHalf).or(protocols.first());
        evaluation.against = lead.map_or(Vec::new(), |&p| against(evaluation, scores, OLD, p));
    }
    evaluation.identity = evaluation.check_identity();
    match evaluation.identity.broken.first() {
        Some(broken) => Err(Error::Bug(format!("tau < max(t, (1 − t)·diff): {broken}"))),
        None => Ok(()),
    }
}

/// The evaluation again, from nothing but what was gathered for it: what a stored evaluation must be equal to, its notes
/// aside (of these it holds those that follow from the scores). `stored` gives names, design, draws, seed, protocols and
/// what was asked for.
///
/// # Errors
/// [`Error::Bug`] where the identity of definitions §3.2 is broken.
pub fn recount(stored: &Evaluation, scores: &[DimensionScores]) -> Result<Evaluation> {
    let mut evaluation = Evaluation {
        simulated: stored.simulated,
        draws: stored.draws,
        tests: stored.tests,
        seed: stored.seed,
        missing_score_equal: stored.missing_score_equal,
        extras: stored.extras.clone(),
        ..Evaluation::empty(&stored.dataset, stored.design.clone())
    };
    let protocols = stored.protocols();
    for found in scores {
        count(&mut evaluation, found, &protocols);
    }
    conclude(&mut evaluation, scores)?;
    Ok(evaluation)
}

/// Everything that needs the data: the pairs that the head can score, under every scorer, with what is known of them and
/// what refitted heads earn on them; how many pairs it cannot score; notes.
fn score_dimension(
    ds: &Dataset,
    features: &FeatureMatrix,
    (dimension, mode): (usize, Mode<'_>),
    head: HeadMargins,
    others: &[ItemScores],
    options: &EvaluateOptions<'_>,
) -> Result<(DimensionScores, usize, Vec<String>)> {
    let kept = head.kept(ds, features);
    let pairs: Vec<usize> = kept.iter().map(|&i| head.pairs[i]).collect();
    let part: Vec<usize> = kept.iter().map(|&i| head.parts.of_pair[i]).collect();
    let left_out = head.pairs.len() - pairs.len();
    let mut scored = Vec::new();
    let mut items = Vec::new();
    if head.unavailable.is_none() {
        let thresholds = part.iter().map(|&part| head.thresholds[part]).collect();
        let margins = margins_of(ds, &pairs, &head.scores);
        let fitted = kept.iter().filter_map(|&i| head.fitted.get(i).copied()).collect();
        let outcomes = part.iter().map(|&part| (part, head.outcomes[part])).collect();
        let held_out = HeldOut::Thresholds(thresholds);
        scored.push(ScoredPairs { fitted, outcomes, ..ScoredPairs::new(HEAD, margins, held_out) });
        items.push(ItemScores { scorer: HEAD.to_owned(), values: head.scores });
    }
    let parts = Parts { of_pair: part.clone(), training: head.parts.training };
    let thresholds_wanted = options.protocols.iter().any(|p| p.threshold() == Threshold::HeldOut);
    for other in options.beside {
        if let Some((pairs, values)) = other.score_pairs(ds, dimension, &pairs, &part, options.missing_score_equal)? {
            scored.push(pairs);
            items.push(values);
        }
    }
    let mut notes = Vec::new();
    for other in options.also {
        match other.score_pairs(ds, dimension, (&pairs, &part), mode, options)? {
            Ok((pairs, values)) => {
                scored.push(pairs);
                items.push(values);
            }
            Err(reason) => notes.push(format!("{}: {} is left out, {reason}.", ds.dimensions[dimension], other.name)),
        }
    }
    for other in others {
        scored.push(score_pairs(ds, other, &pairs, &parts, options.missing_score_equal, thresholds_wanted));
        items.push(other.clone());
    }
    let labels = LabelledPairs::new(ds, &pairs);
    let name = &ds.dimensions[dimension];
    let (training, extras) = (parts.training.as_slice(), &options.extras);
    let setting = Setting { ds, features, dimension, labels: &labels, part: &part, training, options };
    let refit = options.refitted.as_ref().is_none_or(|chosen| chosen.contains(&dimension));
    let curves = if extras.curves && refit { curves::refit(setting) } else { Vec::new() };
    if extras.curves && refit && curves.is_empty() {
        notes.push(format!("{name}: no curves, they need training pairs and a head."));
    }
    let unseen = extras.unseen.iter().filter(|_| refit).map(|attribute| unseen::refit(setting, attribute)).collect();
    let found = DimensionScores {
        dimension: name.clone(),
        facts: Facts::new(ds, name, &labels, extras),
        attribute: if extras.references { best_attribute(ds, &labels, &part, training) } else { None },
        refits: Refits { curves, unseen },
        unavailable: head.unavailable,
        labels,
        part,
        scored,
        items,
    };
    Ok((found, left_out, notes))
}

/// Counts one dimension and adds what was found: a function of scores and labels alone, so that [`recount`] can prove a
/// stored evaluation.
fn count(evaluation: &mut Evaluation, found: &DimensionScores, protocols: &[Protocol]) {
    let DimensionScores { dimension, labels, scored, unavailable, .. } = found;
    if let Some(reason) = unavailable {
        evaluation.notes.push(format!("{dimension}: {reason}."));
        evaluation.rows.extend(protocols.iter().map(|&p| super::Row::without_value(dimension, HEAD, p, reason)));
    }
    let question = Question {
        dimension,
        protocols,
        draws: evaluation.draws,
        seed: evaluation.seed,
        head_first: unavailable.is_none(),
        tests: evaluation.tests,
    };
    let assessed = assess(labels, scored, question);
    evaluation.rows.extend(assessed.rows);
    evaluation.comparisons.extend(assessed.comparisons);
    evaluation.notes.extend(assessed.notes);
    evaluation.floors.extend(floors(dimension, labels, protocols));
    add_leakage(evaluation, dimension, labels, scored, protocols);
    extras::add(evaluation, found, protocols);
}

fn design(mode: Mode<'_>) -> Design {
    match mode {
        Mode::CrossValidate { folds } => Design::CrossValidated { folds },
        Mode::TrainTest => Design::TrainTest,
        Mode::Stored(_) => Design::StoredHead,
    }
}

fn check(ds: &Dataset, mode: Mode<'_>, options: &EvaluateOptions<'_>) -> Result<()> {
    if options.protocols.is_empty() {
        return Err(Error::Usage("no protocol was asked for; pass --protocol tau, or leave it out".into()));
    }
    if let Some(unknown) = options.dimensions.iter().find(|d| **d >= ds.dimensions.len()) {
        return Err(Error::Bug(format!("no dimension {unknown}")));
    }
    match mode {
        Mode::CrossValidate { folds } if folds < 2 => {
            Err(Error::Usage(format!("--cross-validate {folds}: at least 2 folds are needed")))
        }
        Mode::Stored(file)
            if !options.dimensions.iter().any(|&d| file.heads.iter().any(|h| h.dimension == ds.dimensions[d])) =>
        {
            let stored: Vec<&str> = file.heads.iter().map(|h| h.dimension.as_str()).collect();
            Err(Error::Usage(format!(
                "the heads file has heads for {}, the data have {}; no dimension is common",
                stored.join(", "),
                ds.dimensions.join(", ")
            )))
        }
        _ => Ok(()),
    }
}
