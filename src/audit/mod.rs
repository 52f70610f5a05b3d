//! Where bias comes in: from annotators, from the judge, from the preference data, or from the head.
//!
//! [`audit`] runs every check of the [`registry`] on one [`AuditInput`]. A check looks at one thing and returns
//! [`Finding`]s, each with an estimate, an interval, its n and a materiality band; [`settle`] then adjusts the p-values of
//! all of them together (Benjamini–Hochberg), decides the verdicts and sorts, worst first.

pub mod agreement;
pub mod annotators;
pub mod attribute_only;
pub mod attributes;
pub mod ceiling;
mod controls;
mod copies;
pub mod cycles;
pub mod digest;
pub mod estimate;
pub mod finding;
pub mod groups;
mod head;
pub mod influence;
pub mod judge;
pub mod ladders;
mod leaks;
pub mod pairs;
pub mod panel;
pub mod position;
pub mod questions;
pub mod registry;
pub mod settle;
pub mod shift;
pub mod tables;
mod yes_bias;

use serde::{Deserialize, Serialize};

use crate::dataset::Dataset;
use crate::features::FeatureMatrix;
use crate::head::{HeadsFile, TrainOptions};
use crate::{Error, Result};

pub use digest::Digest;
pub use estimate::Estimate;
pub use finding::{Area, Band, Finding, Side, Verdict};
pub use registry::{CHECKS, Check};
pub use tables::{AgreementRow, AnnotatorRow, GroupRow, Measure, QuestionRow, ShareRow, ShiftRow};
use tables::{Rounded, six_digits};

/// What a check may look at.
#[derive(Clone, Copy)]
pub struct AuditInput<'a> {
    /// The data.
    pub ds: &'a Dataset,
    /// The features that the heads read; `None` where the data have neither answers nor features.
    pub features: Option<&'a FeatureMatrix>,
    /// Heads fitted before (`--head`).
    pub heads: Option<&'a HeadsFile>,
    /// Choices.
    pub options: &'a AuditOptions<'a>,
}

/// Choices of [`audit`].
#[derive(Clone)]
pub struct AuditOptions<'a> {
    /// Dimensions to audit: indices into [`Dataset::dimensions`].
    pub dimensions: Vec<usize>,
    /// Draws of a bootstrap, where an interval needs one.
    pub draws: usize,
    /// Seed of every random choice.
    pub seed: u64,
    /// Whether checks may refit heads (influence of an annotator, controlled effects, negative controls).
    pub refits: bool,
    /// How heads are refitted.
    pub train: TrainOptions,
    /// Told what is being worked on.
    pub progress: Option<&'a (dyn Fn(&str) + Sync)>,
}

impl AuditOptions<'_> {
    /// All dimensions, 1000 draws, refits allowed, seed 1.
    pub fn new(ds: &Dataset) -> Self {
        Self {
            dimensions: (0..ds.dimensions.len()).collect(),
            draws: 1000,
            seed: 1,
            refits: true,
            train: TrainOptions::default(),
            progress: None,
        }
    }
}

impl AuditInput<'_> {
    /// Says what is being worked on.
    pub fn say(&self, message: &str) {
        if let Some(progress) = self.options.progress {
            progress(message);
        }
    }

    /// The audited dimensions: index and name.
    pub fn dimensions(&self) -> impl Iterator<Item = (usize, &str)> + '_ {
        self.options.dimensions.iter().filter_map(|&d| Some((d, self.ds.dimensions.get(d)?.as_str())))
    }
}

/// What one check found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// The findings, in any order.
    pub findings: Vec<Finding>,
    /// Agreement per rated dimension.
    pub agreement: Vec<AgreementRow>,
    /// One row per annotator and dimension.
    pub annotators: Vec<AnnotatorRow>,
    /// Influence by (dimension, `ratings` or `votes`, annotator); goes into the annotators' rows.
    pub influence: Vec<(String, String, String, Measure)>,
    /// One row per question and judge.
    pub questions: Vec<QuestionRow>,
    /// One row per question, judge and dimension.
    pub shifts: Vec<ShiftRow>,
    /// One row per group of pairs.
    pub groups: Vec<GroupRow>,
    /// One row per head and dimension of the checklist.
    pub shares: Vec<ShareRow>,
    /// What could not be looked at, and why: (subject, reason).
    pub not_run: Vec<(String, String)>,
    /// What the reader should know.
    pub notes: Vec<String>,
}

impl Outcome {
    /// Nothing could be looked at, for this reason.
    pub fn not_applicable(reason: impl Into<String>) -> Self {
        Self { not_run: vec![(String::new(), reason.into())], ..Self::default() }
    }

    /// Adds all of `other`.
    pub fn extend(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.agreement.extend(other.agreement);
        self.annotators.extend(other.annotators);
        self.influence.extend(other.influence);
        self.questions.extend(other.questions);
        self.shifts.extend(other.shifts);
        self.groups.extend(other.groups);
        self.shares.extend(other.shares);
        self.not_run.extend(other.not_run);
        self.notes.extend(other.notes);
    }
}

/// A check, or a part of one, that could not be run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct NotRun {
    /// Id of the check.
    pub check: String,
    /// The part that was left out; empty = all of it.
    pub subject: String,
    /// Why.
    pub reason: String,
}

/// The whole result.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Audit {
    /// Name of the data set.
    pub dataset: String,
    /// Whether the data are simulated.
    pub simulated: bool,
    /// Audited dimensions.
    pub dimensions: Vec<String>,
    /// Data set that the audited heads were fitted on; `null` where no heads were given.
    pub heads_from: Option<String>,
    /// Bootstrap draws.
    pub draws: usize,
    /// Seed.
    pub seed: u64,
    /// Number of looks: findings with an estimate or a stated lack of data.
    pub looks: usize,
    /// How many of them are tests with a p-value; their q-values are adjusted for this number.
    pub tests: usize,
    /// All findings, worst first.
    pub findings: Vec<Finding>,
    /// Agreement per rated dimension.
    pub agreement: Vec<AgreementRow>,
    /// Annotators.
    pub annotators: Vec<AnnotatorRow>,
    /// Questions, or categories of questions where every prompt has its own.
    pub questions: Vec<QuestionRow>,
    /// The same against the labels of each dimension.
    #[serde(default)]
    pub shifts: Vec<ShiftRow>,
    /// Groups of pairs, where heads were given.
    pub groups: Vec<GroupRow>,
    /// Dimensions behind each head's score, where heads were given.
    #[serde(default)]
    pub shares: Vec<ShareRow>,
    /// What could not be looked at, and why.
    pub not_run: Vec<NotRun>,
    /// What the reader should know.
    pub notes: Vec<String>,
}

impl Audit {
    /// The worst verdict; [`Verdict::Fine`] where there is no finding.
    pub fn worst(&self) -> Verdict {
        self.findings.iter().map(|f| f.verdict).max().unwrap_or(Verdict::Fine)
    }

    /// Number of findings with this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.findings.iter().filter(|f| f.verdict == verdict).count()
    }

    /// Keeps six significant digits of every number.
    fn round(&mut self) {
        for finding in &mut self.findings {
            let numbers = [&mut finding.estimate, &mut finding.low, &mut finding.high, &mut finding.p, &mut finding.q];
            numbers.into_iter().flatten().for_each(|value| *value = six_digits(*value));
        }
        fn all<R: Rounded>(rows: &mut [R]) {
            rows.iter_mut().for_each(Rounded::round);
        }
        all(&mut self.agreement);
        all(&mut self.annotators);
        all(&mut self.questions);
        all(&mut self.shifts);
        all(&mut self.groups);
        all(&mut self.shares);
    }

    /// For a report, which has room for what matters: findings that are fine keep their numbers and lose their sentences.
    #[must_use]
    pub fn for_report(mut self) -> Self {
        let fine = self.findings.iter_mut().filter(|f| f.verdict == Verdict::Fine);
        fine.for_each(|f| (f.message, f.reason) = (String::new(), None));
        self
    }

    /// The first finding of a check about `subject` on `dimension`.
    pub fn finding(&self, check: &str, dimension: Option<&str>, subject: &str) -> Option<&Finding> {
        let mut all = self.findings.iter();
        all.find(|f| f.check == check && f.dimension.as_deref() == dimension && f.subject == subject)
    }
}

/// Runs every check.
///
/// # Errors
/// Those of a check that cannot go on: features that the heads do not fit, refits that fail for another reason than too
/// little data. [`Error::Usage`] where there is nothing to audit.
pub fn audit(input: &AuditInput) -> Result<Audit> {
    let ds = input.ds;
    if ds.pairs.is_empty() && ds.ratings.is_empty() && ds.answers.is_none() {
        return Err(Error::Usage("the data have neither pairs, ratings nor answers: there is nothing to audit".into()));
    }
    let mut all = Outcome::default();
    let mut not_run = Vec::new();
    for (n, check) in CHECKS.iter().enumerate() {
        input.say(&format!("{} ({} of {})", check.about, n + 1, CHECKS.len()));
        let mut outcome = (check.run)(input)?;
        let missed = std::mem::take(&mut outcome.not_run).into_iter();
        not_run.extend(missed.map(|(subject, reason)| NotRun { check: check.id.to_owned(), subject, reason }));
        all.extend(outcome);
    }
    for (dimension, of, annotator, measure) in std::mem::take(&mut all.influence) {
        let mut rows = all.annotators.iter_mut();
        let row = rows.find(|r| r.dimension == dimension && r.of == of && r.annotator == annotator);
        if let Some(row) = row {
            row.influence = measure;
        }
    }
    let tests = settle::settle(&mut all.findings);
    let mut found = Audit {
        dataset: ds.name.clone(),
        simulated: ds.simulated,
        dimensions: input.dimensions().map(|(_, name)| name.to_owned()).collect(),
        heads_from: input.heads.map(|file| file.provenance.dataset.clone()),
        draws: input.options.draws,
        seed: input.options.seed,
        looks: all.findings.len(),
        tests,
        findings: all.findings,
        agreement: all.agreement,
        annotators: all.annotators,
        questions: all.questions,
        shifts: all.shifts,
        groups: all.groups,
        shares: all.shares,
        not_run,
        notes: all.notes,
    };
    found.round();
    Ok(found)
}
