//! Accuracies of all scorers of a dimension, and the head against each of them on their common pairs.

use rayon::prelude::*;

use super::intervals::{Bootstrap, FEWEST_GROUPS, FEWEST_PAIRS, Interval, NOT_ENOUGH};
use super::intervals::{accuracy_interval, differences, enough, percentile_interval};
use super::margins::{LabelledPairs, ScoredPairs};
use super::protocol::Protocol;
use super::sample::{Point, Sample};
use super::significance::{Tested, clustered, test_difference};
use super::{Comparison, Row, Verdict};

/// What is asked of [`assess`].
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Name of the dimension.
    pub dimension: &'a str,
    /// Protocols.
    pub protocols: &'a [Protocol],
    /// Bootstrap draws; 0 = no intervals.
    pub draws: usize,
    /// Seed of the bootstrap.
    pub seed: u64,
    /// Whether the first scorer is the head, to be compared with the others.
    pub head_first: bool,
    /// Sign assignments of the permutation tests; 0 = no tests.
    pub tests: usize,
}

/// Accuracies and comparisons of one dimension.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Assessment {
    /// One row per scorer and protocol, in the order given.
    pub rows: Vec<Row>,
    /// One comparison per other scorer and protocol.
    pub comparisons: Vec<Comparison>,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// Accuracy of each scorer on the pairs it covers, with intervals from draws of groups that all scorers share; then the
/// first scorer minus each other one on the pairs that both cover, on the same draws.
///
/// Under `diff-decided` the common pairs are those on which both scorers decide.
pub fn assess(labels: &LabelledPairs, scorers: &[ScoredPairs], question: Question<'_>) -> Assessment {
    let protocols = question.protocols;
    let mut samples: Vec<Sample> =
        scorers.par_iter().map(|s| Sample::new(labels, s, &s.covered(), protocols)).collect();
    let duels = if question.head_first { duels(labels, scorers, protocols, &mut samples) } else { Vec::new() };
    let bootstrap = Bootstrap { groups: labels.groups, draws: question.draws, seed: question.seed };
    let draws = bootstrap.run(&samples, protocols);
    let points: Vec<Vec<Point>> = samples.par_iter().map(|s| protocols.iter().map(|&p| s.point(p)).collect()).collect();

    let mut found = Assessment::default();
    let rows = scorers.par_iter().enumerate().map(|(s, scored)| {
        let rows = protocols.par_iter().enumerate();
        let rows = rows.map(|(k, &protocol)| row(question, scored, protocol, &samples[s], &points[s][k], &draws[s][k]));
        rows.collect::<Vec<Row>>()
    });
    for ((s, scored), rows) in scorers.iter().enumerate().zip(rows.collect::<Vec<_>>()) {
        found.rows.extend(rows);
        found.notes.extend(notes(question, scored, &draws[s], &points[s]));
    }
    let jobs: Vec<(&Duel, usize, Protocol)> = (duels.iter())
        .flat_map(|duel| {
            (protocols.iter().enumerate()).filter(|(_, p)| duel.is_for(**p)).map(move |(k, &p)| (duel, k, p))
        })
        .collect();
    let compared: Vec<Comparison> = (jobs.into_par_iter())
        .map(|(duel, k, protocol)| {
            let (head, other) = (duel.head, duel.other);
            let draws = differences(&draws[head][k], &draws[other][k]);
            let scorer = &scorers[duel.scorer].scorer;
            let comparison = comparison(question, scorer, protocol, &points[head][k], &points[other][k], &draws);
            tested(comparison, &samples[head], &samples[other], question)
        })
        .collect();
    found.comparisons.extend(compared);
    // `diff-decided` has samples of its own and so comes last; tables want the order of the protocols.
    let place = |c: &Comparison| {
        let scorer = scorers.iter().position(|s| s.scorer == c.scorer);
        (scorer, protocols.iter().position(|p| *p == c.protocol))
    };
    found.comparisons.sort_by_key(place);
    found
}

/// Adds what tests say, where there are enough data for an interval.
fn tested(comparison: Comparison, head: &Sample, other: &Sample, question: Question<'_>) -> Comparison {
    if !enough(comparison.n, comparison.prompts) {
        return comparison;
    }
    let (Ok(head), Ok(other)) = (head.credits(comparison.protocol), other.credits(comparison.protocol)) else {
        return comparison;
    };
    let Tested { se, p, mcnemar, detectable } = test_difference(&head, &other, question.tests, question.seed);
    Comparison { se, p, mcnemar, detectable, ..comparison }
}

/// The head and another scorer on their common pairs, as positions in the list of samples.
struct Duel {
    scorer: usize,
    head: usize,
    other: usize,
    decided: bool,
}

impl Duel {
    fn is_for(&self, protocol: Protocol) -> bool {
        self.decided == (protocol == Protocol::DiffDecided)
    }
}

/// Adds the samples that comparisons need and that rows do not have.
fn duels(
    labels: &LabelledPairs,
    scorers: &[ScoredPairs],
    protocols: &[Protocol],
    samples: &mut Vec<Sample>,
) -> Vec<Duel> {
    let Some(head) = scorers.first() else { return Vec::new() };
    let mut duels = Vec::new();
    let mut add = |scored: &ScoredPairs, positions: &[usize], protocols: &[Protocol]| {
        samples.push(Sample::new(labels, scored, positions, protocols));
        samples.len() - 1
    };
    for (s, scored) in scorers.iter().enumerate().skip(1) {
        let common: Vec<usize> = scored.covered().into_iter().filter(|&i| head.margins[i].is_some()).collect();
        if protocols.iter().any(|p| *p != Protocol::DiffDecided) {
            let same = common.len() == head.covered().len();
            let head = if same { 0 } else { add(head, &common, protocols) };
            duels.push(Duel { scorer: s, head, other: s, decided: false });
        }
        if protocols.contains(&Protocol::DiffDecided) {
            let decides = |scored: &ScoredPairs, i: usize| scored.margins[i].is_some_and(|m| m != 0.0);
            let both: Vec<usize> = common.iter().copied().filter(|&i| decides(head, i) && decides(scored, i)).collect();
            let only = [Protocol::DiffDecided];
            let (head, other) = (add(head, &both, &only), add(scored, &both, &only));
            duels.push(Duel { scorer: s, head, other, decided: true });
        }
    }
    duels
}

fn row(
    question: Question<'_>,
    scored: &ScoredPairs,
    protocol: Protocol,
    sample: &Sample,
    point: &Point,
    draws: &[f64],
) -> Row {
    let value = point.value.as_ref().ok().copied();
    let (interval, reason) = match value {
        None => (None, point.value.as_ref().err().cloned()),
        Some(value) => match interval_of(question, point, || accuracy_interval(value, point.groups, draws)) {
            Ok(interval) => (Some(interval), None),
            Err(reason) => (None, Some(reason)),
        },
    };
    Row {
        dimension: question.dimension.to_owned(),
        scorer: scored.scorer.clone(),
        protocol,
        value,
        low: interval.map(|i| i.low),
        high: interval.map(|i| i.high),
        n: point.n,
        prompts: point.groups,
        ties: sample.ties(),
        coverage: scored.coverage,
        epsilon: point.epsilon,
        equal_scores: sample.equal_scores(),
        se: value.and_then(|_| clustered(sample, protocol)).map(|mean| mean.se).filter(|se| se.is_finite()),
        interval: interval.map(|i| i.kind),
        reason,
    }
}

/// The interval, or why there is none.
fn interval_of(
    question: Question<'_>,
    point: &Point,
    interval: impl FnOnce() -> Option<Interval>,
) -> Result<Interval, String> {
    if !enough(point.n, point.groups) {
        return Err(format!(
            "{NOT_ENOUGH} for an interval: fewer than {FEWEST_PAIRS} pairs or {FEWEST_GROUPS} prompts"
        ));
    }
    if question.draws == 0 {
        return Err("no interval: 0 draws were asked for".to_owned());
    }
    interval().ok_or_else(|| format!("{NOT_ENOUGH} for an interval: most draws hold no pair that counts"))
}

fn comparison(
    question: Question<'_>,
    scorer: &str,
    protocol: Protocol,
    head: &Point,
    other: &Point,
    draws: &[f64],
) -> Comparison {
    let difference = match (&head.value, &other.value) {
        (Ok(head), Ok(other)) => Some(head - other),
        _ => None,
    };
    let interval = difference.and_then(|_| interval_of(question, head, || percentile_interval(draws)).ok());
    Comparison {
        difference,
        low: interval.map(|i| i.low),
        high: interval.map(|i| i.high),
        n: head.n,
        prompts: head.groups,
        verdict: match interval {
            None => Verdict::NotEnoughData,
            Some(i) if i.low > 0.0 => Verdict::HeadWins,
            Some(i) if i.high < 0.0 => Verdict::HeadLoses,
            Some(_) => Verdict::NoDifferenceShown,
        },
        ..Comparison::undecided(question.dimension, scorer, protocol)
    }
}

/// Draws that were left out, intervals that are not the bootstrap's, scorers that cannot order anything.
fn notes(question: Question<'_>, scored: &ScoredPairs, draws: &[Vec<f64>], points: &[Point]) -> Vec<String> {
    let mut notes = Vec::new();
    let who = format!("{}, {}", question.dimension, scored.scorer);
    if scored.coverage > 0.0 && scored.is_constant() {
        notes.push(format!("{who}: all scores are equal within every pair, so it orders nothing."));
    }
    let shown = |k: &usize| points[*k].value.is_ok() && enough(points[*k].n, points[*k].groups);
    let failed = |k: usize| draws[k].iter().filter(|d| d.is_nan()).count();
    if let Some(most) = (0..points.len()).filter(shown).map(failed).max().filter(|n| *n > 0) {
        notes.push(format!(
            "{who}: up to {most} of {} draws held no pair that counts and were left out.",
            question.draws
        ));
    }
    let extreme: Vec<&str> = (0..points.len())
        .filter(shown)
        .filter(|&k| points[k].value.as_ref().is_ok_and(|v| *v == 0.0 || *v == 1.0))
        .map(|k| question.protocols[k].id())
        .collect();
    if !extreme.is_empty() && question.draws > 0 {
        notes.push(format!(
            "{who}: all right or all wrong under {}: the interval is Wilson's, with prompts as units.",
            extreme.join(", ")
        ));
    }
    notes
}
