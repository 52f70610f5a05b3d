//! The whole job, as `report` and `demo` do it: read → features → fit → evaluate → report.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use clap::Parser;

use super::args::{FeatureArgs, TrainArgs};
use super::extra_args::beside;
use super::fit::{fit_all, given_options};
use crate::audit::{Audit, AuditInput, AuditOptions, audit};
use crate::dataset::{self, DataCard, Dataset, ReadOptions, Source};
use crate::evaluate::{
    EvaluateOptions, Extras, MissingItem, Mode, Protocol, evaluate_with_scores, patterns, score_shares,
};
use crate::features::{self, FeatureMatrix};
use crate::head::{self, Head, HeadsFile, TrainOptions, WeightTrace, provenance};
use crate::report::{
    Artefact, Parts, RecoveredWeight, Recovery, Report, Templates, is_lead, refuse_folder, worked_pairs,
};
use crate::synth::{self, Planted};
use crate::{Result, output};

/// Bootstrap draws behind the accuracy intervals, unless told otherwise.
pub(super) const DRAWS: usize = 1000;

/// Bootstrap draws behind the intervals of correlations, which cost more than accuracies.
pub(super) const CORRELATION_DRAWS: usize = 200;

/// What is to be done.
pub(super) struct Job<'a> {
    pub(super) source: Source,
    pub(super) read: ReadOptions,
    pub(super) features: &'a FeatureArgs,
    pub(super) train: &'a TrainArgs,
    /// Heads fitted before; `None` = fit them.
    pub(super) heads: Option<HeadsFile>,
    /// Heads that those would replace.
    pub(super) against: Option<HeadsFile>,
    /// Accuracy rules.
    pub(super) protocols: Vec<Protocol>,
    /// What is computed beside accuracies.
    pub(super) extras: Extras,
    /// Outer folds; `None` = the split in the data, else five.
    pub(super) cross_validate: Option<usize>,
    pub(super) missing_score_equal: bool,
    pub(super) draws: usize,
    pub(super) title: Option<String>,
    /// The command that does this again.
    pub(super) command: String,
    /// The truth, for simulated data.
    pub(super) planted: Option<Planted>,
    /// Whether the audit is part of it. It does not refit heads; `headfit audit` does.
    pub(super) audit: bool,
    /// Salt with which annotators' names are replaced.
    pub(super) redact: Option<String>,
}

impl<'a> Job<'a> {
    /// The job as it is when nobody asks for anything else.
    pub(super) fn new(source: Source, defaults: &'a Defaults) -> Self {
        Self {
            source,
            read: ReadOptions::default(),
            features: &defaults.features,
            train: &defaults.train,
            heads: None,
            cross_validate: None,
            missing_score_equal: false,
            draws: DRAWS,
            title: None,
            command: String::new(),
            planted: None,
            audit: true,
            redact: None,
            against: None,
            protocols: Protocol::DEFAULT.to_vec(),
            extras: Extras { correlations: Some((MissingItem::Drop, CORRELATION_DRAWS)), ..Extras::default() },
        }
    }
}

/// Does the job; `say` is told what is being worked on.
pub(super) fn run(job: Job<'_>, say: &(dyn Fn(&str) + Sync)) -> Result<Report> {
    say("reading");
    let mut ds = dataset::read(&job.source, job.read)?;
    let names = match &job.redact {
        Some(salt) => dataset::redact(&mut ds, salt),
        None => BTreeSet::new(),
    };
    let matrix = match &job.heads {
        Some(file) => file.features(&ds)?,
        None => features::build(&ds, &job.features.options())?,
    };
    let dimensions = job.train.dimensions(&ds)?;
    let train = job.train.options(job.features.missing);
    let heads = match &job.heads {
        Some(file) => {
            file.heads.iter().filter(|h| dimensions.iter().any(|&d| ds.dimensions[d] == h.dimension)).cloned().collect()
        }
        None => fit_all(&ds, &matrix, &dimensions, &train, &|message| say(message))?,
    };
    let mode = match (&job.heads, job.cross_validate) {
        (Some(file), _) => Mode::Stored(file),
        (None, Some(folds)) => Mode::CrossValidate { folds },
        (None, None) => Mode::default_for(&ds),
    };
    let mut options = EvaluateOptions::new(&ds);
    options.dimensions = dimensions;
    options.draws = job.draws;
    options.seed = job.train.seed;
    options.missing_score_equal = job.missing_score_equal;
    options.protocols.clone_from(&job.protocols);
    options.extras = job.extras.clone();
    let beside = beside(job.against.clone(), &ds)?;
    options.beside = &beside;
    options.train = train.clone();
    let evaluating = |message: &str| say(&format!("evaluating {message}"));
    options.progress = Some(&evaluating);
    // Curves and unseen groups refit the head many times: that of the leading dimension alone.
    let leading = options.dimensions.iter().copied().find(|&d| is_lead(&ds.dimensions[d]));
    options.refitted = Some(leading.or(options.dimensions.first().copied()).into_iter().collect());
    let (evaluation, scores) = evaluate_with_scores(&ds, &matrix, mode, &options)?;
    let lead = heads.iter().position(|h| is_lead(&h.dimension)).unwrap_or(0);
    let artefact = Artefact::new(&ds, &scores);
    let found = if job.audit { audited(&ds, &matrix, &heads, &job, &train, say)? } else { None };
    say("looking at the answers");
    let answers = Some(patterns(&matrix, ds.checklist.as_ref()));
    let groups: Vec<usize> = ds.items.prompt.iter().map(|&p| ds.items.prompt_group[p]).collect();
    let resampled = (job.draws, job.train.seed);
    let shares = heads.iter().map(|head| score_shares(head, &matrix, &groups, resampled)).collect::<Result<_>>()?;
    let mut traces = vec![Vec::new(); heads.len()];
    if let Some(head) = heads.get(lead).filter(|_| job.heads.is_none()) {
        say("following the weights of the leading head");
        traces[lead] = traced(&ds, &matrix, head, &train)?;
    }
    let worked = worked_pairs(&ds, &matrix, &heads, &artefact)?;
    say("drawing charts");
    let mut report = Report::new(Parts {
        title: job.title.clone().unwrap_or_else(|| format!("How well the head agrees with people on {}", ds.name)),
        card: DataCard::new(&ds),
        problems: &ds.problems,
        feature_notes: matrix.notes,
        evaluation,
        worked,
        artefact,
        recovery: job.planted.as_ref().map(|truth| recovered(&heads, truth)).unwrap_or_default(),
        heads: &heads,
        shares,
        traces,
        answers,
        audit: found,
        command: job.command.clone(),
        options: given_options(job.features, job.train),
    })?;
    report.leave_out(&names);
    Ok(report)
}

/// The weights of a head along its path, fitted on the pairs that it was fitted on.
fn traced(ds: &Dataset, matrix: &FeatureMatrix, head: &Head, train: &TrainOptions) -> Result<Vec<WeightTrace>> {
    let Some(dimension) = ds.dimensions.iter().position(|d| *d == head.dimension) else { return Ok(Vec::new()) };
    let (pairs, _) = head::training_pairs(ds, dimension);
    head::traces(ds, matrix, (dimension, &pairs), train, head)
}

/// Audits the data with these heads; `None` where nothing can be looked at.
fn audited(
    ds: &Dataset,
    matrix: &FeatureMatrix,
    heads: &[Head],
    job: &Job<'_>,
    train: &TrainOptions,
    say: &(dyn Fn(&str) + Sync),
) -> Result<Option<Audit>> {
    let auditing = |message: &str| say(&format!("auditing {message}"));
    let provenance = provenance(ds, job.train.seed, given_options(job.features, job.train));
    let file = HeadsFile::new(heads.to_vec(), provenance);
    let options = AuditOptions {
        dimensions: if ds.dimensions.is_empty() { Vec::new() } else { job.train.dimensions(ds)? },
        draws: job.draws,
        seed: job.train.seed,
        refits: false,
        train: train.clone(),
        progress: Some(&auditing),
    };
    let input = AuditInput { ds, features: Some(matrix), heads: Some(&file), options: &options };
    let found = audit(&input)?;
    let empty = found.findings.is_empty() && found.annotators.is_empty() && found.questions.is_empty();
    Ok((!empty).then_some(found))
}

/// Writes the report's folder.
pub(super) fn write(report: &Report, templates: &Templates, folder: &Path, force: bool) -> Result<()> {
    write_files(&report.files_with(templates)?, folder, force)
}

/// Writes the folder of a report or of a comparison.
pub(super) fn write_files(files: &[(String, Vec<u8>)], folder: &Path, force: bool) -> Result<()> {
    refuse_folder(folder, force)?;
    // The folder is absent, empty or a report that may go: nothing else gets here.
    output::write_folder(folder, files, true)
}

/// What the heads have found of the planted weights.
fn recovered(heads: &[Head], truth: &Planted) -> Vec<Recovery> {
    let weights = |list: Vec<synth::Found>| {
        let weight = |f: synth::Found| RecoveredWeight { question: f.question, planted: f.planted, fitted: f.fitted };
        list.into_iter().map(weight).collect()
    };
    let found = heads.iter().filter_map(|head| synth::planted(head, truth));
    found
        .map(|r| Recovery {
            dimension: r.dimension,
            found: weights(r.found),
            missed: weights(r.missed),
            unplanted: weights(r.unplanted),
            share_found: r.share_found,
            rank_correlation: r.rank_correlation,
        })
        .collect()
}

/// The arguments that shape a fit, as they are when nobody gives any.
#[derive(Debug, Parser)]
pub(super) struct Defaults {
    #[command(flatten)]
    pub(super) features: FeatureArgs,
    #[command(flatten)]
    pub(super) train: TrainArgs,
}

impl Defaults {
    /// The defaults of the command line.
    pub(super) fn new() -> Result<Self> {
        Self::try_parse_from(["headfit"]).map_err(|e| crate::Error::Bug(format!("defaults: {e}")))
    }

    /// Options that differ from the defaults, as flags in the order of their names.
    pub(super) fn flags(&self, features: &FeatureArgs, train: &TrainArgs) -> String {
        let usual: BTreeMap<String, String> = given_options(&self.features, &self.train);
        let mut flags = String::new();
        for (key, value) in given_options(features, train) {
            if usual.get(&key) != Some(&value) {
                flags.push_str(&if value == "true" { format!(" --{key}") } else { format!(" --{key} {value}") });
            }
        }
        if train.seed != self.train.seed {
            flags.push_str(&format!(" --seed {}", train.seed));
        }
        for dimension in &train.dimension {
            flags.push_str(&format!(" --dimension {}", quoted(dimension)));
        }
        flags
    }
}

/// A word for a shell, quoted where it has to be.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ',' | ':' | '=');
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_in_the_command() {
        let usual = Defaults::new().unwrap();
        assert_eq!(usual.flags(&usual.features, &usual.train), "");
        let other =
            Defaults::try_parse_from(["headfit", "--rule", "min", "--seed", "7", "--dimension", "a b"]).unwrap();
        assert_eq!(usual.flags(&other.features, &other.train), " --rule min --seed 7 --dimension 'a b'");
    }

    #[test]
    fn a_hostile_name_stays_one_word() {
        assert_eq!(quoted("a'; rm -rf ~"), "'a'\\''; rm -rf ~'");
    }
}
