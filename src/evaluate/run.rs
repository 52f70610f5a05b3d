//! The whole evaluation: every dimension, every scorer, every protocol.

use super::compare::{Question, assess};
use super::curves::Setting;
use super::floors::floors;
use super::head_margins::{HeadMargins, has_split};
use super::intervals::enough;
use super::margins::{HeldOut, LabelledPairs, ScoredPairs, margins_of};
use super::protocol::{Protocol, Threshold};
use super::sample::Sample;
use super::scorers::{HEAD, ItemScores, Parts, baselines, score_pairs};
use super::{Design, Evaluation, Extras, extras, nested, significance, stored, train_test};
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
#[derive(Debug, Clone)]
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
        seed: options.seed,
        missing_score_equal: options.missing_score_equal,
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
        options.say(&format!("{name}: intervals"));
        evaluation.notes.extend(head.notes.iter().cloned());
        let found = score_dimension(ds, features, name, head, &others, options);
        add(&mut evaluation, ds, features, dimension, &found, options);
        scores.push(found.scores);
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
    evaluation.identity = evaluation.check_identity();
    match evaluation.identity.broken.first() {
        Some(broken) => Err(Error::Bug(format!("tau < max(t, (1 − t)·diff): {broken}"))),
        None => Ok(()),
    }
}

/// One dimension, scored but not yet counted.
struct Scored {
    scores: DimensionScores,
    /// Training pairs of each part.
    training: Vec<Option<Vec<usize>>>,
    unavailable: Option<String>,
    left_out: usize,
}

/// The pairs that the head can score, under every scorer.
fn score_dimension(
    ds: &Dataset,
    features: &FeatureMatrix,
    name: &str,
    head: HeadMargins,
    others: &[ItemScores],
    options: &EvaluateOptions<'_>,
) -> Scored {
    let kept = head.kept(ds, features);
    let pairs: Vec<usize> = kept.iter().map(|&i| head.pairs[i]).collect();
    let part: Vec<usize> = kept.iter().map(|&i| head.parts.of_pair[i]).collect();
    let left_out = head.pairs.len() - pairs.len();
    let mut scored = Vec::new();
    let mut items = Vec::new();
    if head.unavailable.is_none() {
        let thresholds = part.iter().map(|&part| head.thresholds[part]).collect();
        let margins = margins_of(ds, &pairs, &head.scores);
        scored.push(ScoredPairs::new(HEAD, margins, HeldOut::Thresholds(thresholds)));
        items.push(ItemScores { scorer: HEAD.to_owned(), values: head.scores });
    }
    let parts = Parts { of_pair: part.clone(), training: head.parts.training };
    let thresholds_wanted = options.protocols.iter().any(|p| p.threshold() == Threshold::HeldOut);
    for other in others {
        scored.push(score_pairs(ds, other, &pairs, &parts, options.missing_score_equal, thresholds_wanted));
        items.push(other.clone());
    }
    let labels = LabelledPairs::new(ds, &pairs);
    let scores = DimensionScores { dimension: name.to_owned(), labels, part, scored, items };
    Scored { scores, training: parts.training, unavailable: head.unavailable, left_out }
}

/// Counts one dimension and adds what was found.
fn add(
    evaluation: &mut Evaluation,
    ds: &Dataset,
    features: &FeatureMatrix,
    index: usize,
    found: &Scored,
    options: &EvaluateOptions<'_>,
) {
    let DimensionScores { dimension, labels, scored, part, .. } = &found.scores;
    if found.left_out > 0 {
        let whose = if found.unavailable.is_some() { "no answers at all" } else { "no score by the head" };
        evaluation.notes.push(format!("{dimension}: {} pairs left out, an item has {whose}.", found.left_out));
    }
    if let Some(reason) = &found.unavailable {
        evaluation.notes.push(format!("{dimension}: {reason}."));
        evaluation
            .rows
            .extend(options.protocols.iter().map(|&p| super::Row::without_value(dimension, HEAD, p, reason)));
    }
    let question = Question {
        dimension,
        protocols: &options.protocols,
        draws: options.draws,
        seed: options.seed,
        head_first: found.unavailable.is_none(),
        tests: options.tests,
    };
    let assessed = assess(labels, scored, question);
    evaluation.rows.extend(assessed.rows);
    evaluation.comparisons.extend(assessed.comparisons);
    evaluation.notes.extend(assessed.notes);
    evaluation.floors.extend(floors(dimension, labels, &options.protocols));
    let setting = Setting { ds, features, dimension: index, labels, part, training: &found.training, options };
    extras::add(evaluation, setting, &found.scores, question);
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
