//! Influence of an annotator on the fit: the labels without them, the head refitted, the pairs whose winner changes.

use rayon::prelude::*;

use super::head::own_options;
use super::panel::{Of, Panel};
use super::{Area, AuditInput, Band, Estimate, Finding, Measure, Outcome, Side};
use crate::Result;
use crate::dataset::{Dataset, Pair, Votes};
use crate::evaluate::reason_for_no_head;
use crate::features::FeatureMatrix;
use crate::head::{self, Head, TrainOptions};
use crate::stats::counts::margin;

/// Share of the pairs whose predicted winner changes.
const CHANGED: Band = Band { null: 0.0, look: 0.05, bad: 0.15, side: Side::Above };
/// Most annotators that are left out one by one.
const MOST: usize = 25;

/// The check. Without `--head` the heads are fitted first; λ stays that of the head, so that only the labels differ.
///
/// # Errors
/// Those of the fit that are not about too little data.
pub fn run(input: &AuditInput) -> Result<Outcome> {
    let Some(features) = input.features else { return Ok(Outcome::not_applicable("there are no features to fit on")) };
    if !input.options.refits {
        return Ok(Outcome::not_applicable("refits are switched off (--no-refits)"));
    }
    let mut outcome = Outcome::default();
    for panel in Panel::all(input) {
        let Some(dimension) = input.ds.dimension(&panel.dimension) else { continue };
        let part = format!("{} of {}", panel.of.word(), panel.dimension);
        if let Some(reason) = not_possible(input.ds, &panel) {
            outcome.not_run.push((part, reason));
            continue;
        }
        let Some(full) = full_head(input, features, dimension)? else {
            outcome.not_run.push((part, "no head could be fitted".to_owned()));
            continue;
        };
        let scores = full.score(features)?;
        let found: Result<Vec<Option<Estimate>>> = (0..panel.annotators.len().min(MOST))
            .into_par_iter()
            .map(|left_out| changed(input, features, dimension, &panel, left_out, &full, &scores))
            .collect();
        for (name, found) in panel.annotators.iter().zip(found?) {
            outcome.findings.push(finding(&panel, name, found.as_ref()));
            let influence =
                found.map_or_else(|| Measure::undefined("nothing can be fitted without them"), |found| found.measure());
            outcome.influence.push((panel.dimension.clone(), panel.of.word().to_owned(), name.clone(), influence));
        }
        if panel.annotators.len() > MOST {
            let reason = format!("{} annotators: only the first {MOST} were left out", panel.annotators.len());
            outcome.not_run.push((part, reason));
        }
    }
    Ok(outcome)
}

fn not_possible(ds: &Dataset, panel: &Panel) -> Option<String> {
    let reason = if panel.persistent == Some(false) {
        "the names are slots, not persons (persistent = false)"
    } else if panel.annotators.len() < 2 {
        "there is only one annotator"
    } else if panel.of == Of::Ratings && !ds.pairs_derived && !same_as_derived(ds, panel) {
        "the pairs have labels of their own, which do not follow from the ratings"
    } else {
        return None;
    };
    Some(reason.to_owned())
}

/// Whether the labels of the pairs table are those that the mean ratings give.
fn same_as_derived(ds: &Dataset, panel: &Panel) -> bool {
    let means = means(ds.items.len(), panel, None);
    let Some(d) = ds.dimension(&panel.dimension) else { return false };
    let mut pairs = ds.pairs.iter().filter(|pair| pair.dimension == d);
    pairs.all(|pair| match (means[pair.a], means[pair.b]) {
        (Some(a), Some(b)) => sign(margin(a, b)) == pair.votes.plurality(),
        _ => false,
    })
}

fn sign(margin: f64) -> i8 {
    // Means of few ratings differ by far more than this, or not at all.
    if margin.abs() < 1e-9 { 0 } else { margin.signum() as i8 }
}

/// Mean rating per item, without one annotator.
fn means(items: usize, panel: &Panel, without: Option<usize>) -> Vec<Option<f64>> {
    let mut means = vec![None; items];
    for unit in &panel.units {
        let kept = unit.labels.iter().filter(|(annotator, _)| Some(*annotator) != without);
        let (sum, n) = kept.fold((0.0, 0usize), |(sum, n), &(_, level)| (sum + panel.value(level), n + 1));
        means[unit.index] = (n > 0).then(|| sum / n as f64);
    }
    means
}

/// The head of the dimension: the one that was given, else one fitted by the options.
fn full_head(input: &AuditInput, features: &FeatureMatrix, dimension: usize) -> Result<Option<Head>> {
    let name = &input.ds.dimensions[dimension];
    if let Some(head) = input.heads.and_then(|file| file.heads.iter().find(|head| head.dimension == *name)) {
        return Ok(Some(head.clone()));
    }
    let options = TrainOptions { bootstrap: 0, ..input.options.train.clone() };
    let (pairs, _) = head::training_pairs(input.ds, dimension);
    match head::train(input.ds, features, dimension, &pairs, &options) {
        Ok(head) => Ok(Some(head)),
        Err(error) => reason_for_no_head(error).map(|_| None),
    }
}

/// Share of the pairs whose winner by the head changes where it is fitted without `left_out`; `None` where nothing is left.
fn changed(
    input: &AuditInput,
    features: &FeatureMatrix,
    dimension: usize,
    panel: &Panel,
    left_out: usize,
    full: &Head,
    scores: &[Option<f64>],
) -> Result<Option<Estimate>> {
    let ds = Dataset { pairs: relabelled(input.ds, dimension, panel, left_out), ..without_tables(input.ds) };
    // A given head is refitted as it was fitted: else a difference of options would be blamed on the annotator.
    let given = input.heads.is_some_and(|file| file.heads.iter().any(|head| head.dimension == full.dimension));
    let options = match given {
        true => own_options(input, full),
        false => TrainOptions { bootstrap: 0, lambda: Some(full.lambda), ..input.options.train.clone() },
    };
    let (pairs, _) = head::training_pairs(&ds, dimension);
    if pairs.is_empty() {
        return Ok(None);
    }
    let refitted = match head::train(&ds, features, dimension, &pairs, &options) {
        Ok(head) => head.score(features)?,
        Err(error) => return reason_for_no_head(error).map(|_| None),
    };
    let pairs = input.ds.pairs.iter().enumerate().filter(|(_, pair)| pair.dimension == dimension);
    let (values, clusters): (Vec<f64>, Vec<usize>) = pairs
        .filter_map(|(p, pair)| {
            let winner = |scores: &[Option<f64>]| Some(sign(margin(scores[pair.a]?, scores[pair.b]?)));
            let other = winner(scores)? != winner(&refitted)?;
            Some((f64::from(u8::from(other)), input.ds.group_of_pair(p)))
        })
        .unzip();
    Ok(Estimate::share(&values, &clusters, 0.0))
}

/// What a fit reads of a data set besides its pairs.
fn without_tables(ds: &Dataset) -> Dataset {
    Dataset {
        name: ds.name.clone(),
        simulated: ds.simulated,
        items: ds.items.clone(),
        checklist: ds.checklist.clone(),
        answers: None,
        features: None,
        ratings: Vec::new(),
        pairs: Vec::new(),
        ballots: Default::default(),
        pair_attributes: Default::default(),
        pairs_derived: ds.pairs_derived,
        dimensions: ds.dimensions.clone(),
        scores: None,
        manifest: ds.manifest.clone(),
        problems: Default::default(),
        inputs: Vec::new(),
    }
}

/// The pairs of the dimension, labelled without one annotator; pairs that nobody else labelled are left out.
fn relabelled(ds: &Dataset, dimension: usize, panel: &Panel, left_out: usize) -> Vec<Pair> {
    let mut pairs = Vec::new();
    match panel.of {
        Of::Ratings => {
            let means = means(ds.items.len(), panel, Some(left_out));
            for pair in ds.pairs.iter().filter(|pair| pair.dimension == dimension) {
                let (Some(a), Some(b)) = (means[pair.a], means[pair.b]) else { continue };
                let label = sign(margin(a, b));
                let votes = [1, 0, -1].map(|l| f64::from(u8::from(l == label)));
                pairs.push(Pair { votes: Votes { a: votes[0], tie: votes[1], b: votes[2] }, ..pair.clone() });
            }
        }
        Of::Votes => {
            let name = &panel.annotators[left_out];
            for ballots in ds.ballots.rows.chunk_by(|x, y| x.pair == y.pair) {
                let pair = &ds.pairs[ballots[0].pair];
                let kept: Vec<_> = ballots.iter().filter(|b| ds.ballots.annotators[b.annotator] != *name).collect();
                let total: f64 = kept.iter().map(|b| b.weight).sum();
                if pair.dimension != dimension || total <= 0.0 {
                    continue;
                }
                let share = |label: i8| kept.iter().filter(|b| b.label == label).map(|b| b.weight).sum::<f64>() / total;
                let votes = Votes { a: share(1), tie: share(0), b: share(-1) };
                pairs.push(Pair { votes, voters: kept.len(), weight: total / kept.len() as f64, ..pair.clone() });
            }
        }
    }
    pairs
}

fn finding(panel: &Panel, name: &str, found: Option<&Estimate>) -> Finding {
    let finding = Finding::of(Area::Annotators, "influence", Some(&panel.dimension), name);
    let Some(found) = found else { return finding.undefined("nothing can be fitted without this annotator") };
    let message = format!(
        "{}: without {name} the head changes its winner in {:.1} % of the pairs.",
        panel.dimension,
        100.0 * found.value
    );
    let remedy =
        "One person decides part of the head: give more people their items, and read the weights without them.";
    let found = Estimate { p: None, ..*found };
    finding.saying(message, remedy).measured(&found, "share", "pairs", CHANGED)
}
