//! The whole evaluation: every dimension, every scorer, every protocol.

use super::compare::{Question, assess};
use super::floors::floors;
use super::head_margins::{HeadMargins, has_split};
use super::margins::{HeldOut, LabelledPairs, ScoredPairs, margins_of};
use super::protocol::{Protocol, Threshold};
use super::scorers::{HEAD, ItemScores, Parts, baselines, score_pairs};
use super::{Design, Evaluation, nested, stored, train_test};
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
    /// Seed of folds and bootstrap.
    pub seed: u64,
    /// Count an uncovered pair as an equal score.
    pub missing_score_equal: bool,
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
            seed: 1,
            missing_score_equal: false,
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
        add(&mut evaluation, &found, options);
        scores.push(found.scores);
    }
    Ok((evaluation, scores))
}

/// One dimension, scored but not yet counted.
struct Scored {
    scores: DimensionScores,
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
    Scored { scores, unavailable: head.unavailable, left_out }
}

/// Counts one dimension and adds what was found.
fn add(evaluation: &mut Evaluation, found: &Scored, options: &EvaluateOptions<'_>) {
    let DimensionScores { dimension, labels, scored, .. } = &found.scores;
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
    };
    let assessed = assess(labels, scored, question);
    evaluation.rows.extend(assessed.rows);
    evaluation.comparisons.extend(assessed.comparisons);
    evaluation.notes.extend(assessed.notes);
    evaluation.floors.extend(floors(dimension, labels, &options.protocols));
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
