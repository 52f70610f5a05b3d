//! Position bias: do people, judges and scorers name the side shown first more often than the other?

use super::pairs::{Decided, decided, indicator, scoreable, valued};
use super::{Area, AuditInput, Band, Estimate, Finding, Outcome, Side};
use crate::Result;
use crate::stats::counts::margin;

/// Share of decisive votes for the side shown first.
const PEOPLE: Band = Band { null: 0.5, look: 0.03, bad: 0.1, side: Side::Both };
/// Share of the decisive calls of a judge or scorer for item a.
const SCORERS: Band = Band { null: 0.5, look: 0.1, bad: 0.25, side: Side::Both };

/// Items in one order and in the other: people's votes.
///
/// # Errors
/// None.
pub fn people(input: &AuditInput) -> Result<Outcome> {
    let ds = input.ds;
    if ds.ballots.rows.is_empty() {
        let reason = "there are no native pairs; those derived from ratings have no side shown first";
        return Ok(Outcome::not_applicable(reason));
    }
    let mut outcome = Outcome::default();
    for (d, name) in input.dimensions() {
        let votes = ds.ballots.rows.iter().filter(|b| ds.pairs[b.pair].dimension == d && b.label != 0);
        let (first, clusters): (Vec<f64>, Vec<usize>) =
            votes.map(|b| (indicator(b.first_side() > 0), ds.group_of_pair(b.pair))).unzip();
        let finding = Finding::of(Area::Preferences, "position-bias", Some(name), "people");
        match Estimate::share(&first, &clusters, 0.5) {
            None => outcome.findings.push(finding.undefined("no vote is decisive")),
            Some(found) => {
                let message = format!(
                    "{name}: people name the side shown first in {:.1} % of their decisive votes.",
                    100.0 * found.value
                );
                let remedy = "Show sides in random order; if they were not (a fixed generator first), read the swap test \
                              and the controlled effects in place of this share.";
                outcome.findings.push(finding.saying(message, remedy).measured(
                    &found,
                    "share",
                    "decisive votes",
                    PEOPLE,
                ));
            }
        }
        match swap_test(input, d) {
            Some(found) => {
                let finding = Finding::of(Area::Preferences, "position-swap", Some(name), "people");
                let message = format!(
                    "{name}: of pairs shown in both orders, the side shown first wins {:.1} % on average over both.",
                    100.0 * found.value
                );
                let remedy = "Average the votes of both orders, and show every pair in both.";
                outcome.findings.push(finding.saying(message, remedy).measured(&found, "share", "pairs", PEOPLE));
            }
            None => outcome.not_run.push((format!("{name}: swap test"), "no pair was shown in both orders".to_owned())),
        }
    }
    Ok(outcome)
}

/// Per pair with votes in both orders: mean of the two shares for the side shown first (tie = ½). What the items are cancels.
fn swap_test(input: &AuditInput, dimension: usize) -> Option<Estimate> {
    let ds = input.ds;
    let (mut values, mut clusters) = (Vec::new(), Vec::new());
    for votes in ds.ballots.rows.chunk_by(|x, y| x.pair == y.pair) {
        if ds.pairs[votes[0].pair].dimension != dimension {
            continue;
        }
        let share = |turned: bool| {
            let (sum, n) = (votes.iter().filter(|b| b.turned == turned))
                .fold((0.0, 0.0), |(sum, n), b| (sum + f64::midpoint(1.0, f64::from(b.first_side())), n + 1.0));
            (n > 0.0).then_some(sum / n)
        };
        if let (Some(plain), Some(turned)) = (share(false), share(true)) {
            values.push(f64::midpoint(plain, turned));
            clusters.push(ds.group_of_pair(votes[0].pair));
        }
    }
    Estimate::share(&values, &clusters, 0.5)
}

/// Somebody whose calls are looked at: a scorer, or a judge through the mean of its answers.
struct Caller {
    name: String,
    values: Vec<Option<f64>>,
}

/// Scorers and judges: share of the decisive calls for item a, over all dimensions and in each.
///
/// Where people themselves name item a in a share that is off ½ by more than 3 points, and shown to be, sides stand in an order that has to do with
/// quality; the share is then the mean of those among pairs that people decided for a and for b.
///
/// # Errors
/// None.
pub fn callers(input: &AuditInput) -> Result<Outcome> {
    let callers = all_callers(input);
    if callers.is_empty() || input.ds.pairs.is_empty() {
        return Ok(Outcome::not_applicable("it needs pairs, and scores or answers"));
    }
    let mut outcome = Outcome::default();
    let dimensions: Vec<(usize, &str)> = input.dimensions().collect();
    let mut sets: Vec<(Option<&str>, Vec<usize>)> = dimensions.iter().map(|&(d, name)| (Some(name), vec![d])).collect();
    if dimensions.len() > 1 && !input.ds.pairs_derived {
        sets.insert(0, (None, dimensions.iter().map(|d| d.0).collect()));
    }
    for (name, members) in sets {
        let pairs =
            input.ds.pairs.iter().enumerate().filter(|(_, pair)| members.contains(&pair.dimension)).map(|(p, _)| p);
        let pairs: Vec<usize> = pairs.collect();
        let decided: Vec<Decided> = members.iter().flat_map(|&d| decided(input, d)).collect();
        let ordered = sides_are_ordered(&decided);
        for caller in &callers {
            outcome.findings.push(caller_finding(input, caller, name, &pairs, &decided, ordered));
        }
    }
    Ok(outcome)
}

/// Whether people name item a in a share that is off ½ by more than 3 points, and shown to be.
fn sides_are_ordered(decided: &[Decided]) -> bool {
    let (firsts, clusters) = valued(decided, |pair| Some(indicator(pair.first)));
    let found = Estimate::share(&firsts, &clusters, 0.5);
    found.is_some_and(|found| {
        let off = found.interval.is_some_and(|(low, high)| low > 0.5 || high < 0.5);
        off && (found.value - 0.5).abs() > 0.03
    })
}

fn all_callers(input: &AuditInput) -> Vec<Caller> {
    let ds = input.ds;
    let mut callers: Vec<Caller> = Vec::new();
    if let Some(scores) = &ds.scores {
        let columns = scores.names.iter().zip(&scores.columns);
        callers.extend(columns.map(|(name, values)| Caller { name: name.clone(), values: values.clone() }));
    }
    for (name, values) in super::judge::mean_answers(input) {
        let name = if name.is_empty() { "judge".to_owned() } else { name };
        if !callers.iter().any(|caller| caller.name == name) {
            callers.push(Caller { name, values });
        }
    }
    callers
}

fn caller_finding(
    input: &AuditInput,
    caller: &Caller,
    dimension: Option<&str>,
    pairs: &[usize],
    decided: &[Decided],
    ordered: bool,
) -> Finding {
    let ds = input.ds;
    let call = |a: usize, b: usize| match (caller.values[a], caller.values[b]) {
        (Some(x), Some(y)) => Some(margin(x, y)).filter(|m| *m != 0.0),
        _ => None,
    };
    let finding = Finding::of(Area::Preferences, "scorer-position", dimension, &caller.name);
    let (found, how) = if ordered {
        let first = |pair: &Decided| {
            let called = call(ds.pairs[pair.pair].a, ds.pairs[pair.pair].b)?;
            Some(indicator(called > 0.0))
        };
        let (values, clusters) = valued(decided, first);
        let side: Vec<bool> = decided.iter().filter(|pair| first(pair).is_some()).map(|pair| pair.first).collect();
        (Estimate::balanced(&values, &side, &clusters, 0.5), " (mean over pairs that people decided for a and for b)")
    } else {
        let calls = pairs.iter().filter_map(|&p| Some((call(ds.pairs[p].a, ds.pairs[p].b)?, ds.group_of_pair(p))));
        let (values, clusters): (Vec<f64>, Vec<usize>) =
            calls.map(|(m, cluster)| (indicator(m > 0.0), cluster)).unzip();
        (Estimate::share(&values, &clusters, 0.5), "")
    };
    let Some(found) = found else { return finding.undefined("no decisive call on these pairs") };
    let place = dimension.map_or_else(|| "all dimensions".to_owned(), str::to_owned);
    let message =
        format!("{place}: {} names item a in {:.1} % of its decisive calls{how}.", caller.name, 100.0 * found.value);
    let remedy = "Ask it in both orders and average, or leave it out of the features.";
    finding.saying(message, remedy).measured(&found, "share", "decisive calls", SCORERS)
}

/// Scorers that people disagree with more often than not: a wrong sign, or a scorer of something else. On the pairs that
/// a head can score, as in the evaluation.
///
/// # Errors
/// None.
pub fn direction(input: &AuditInput) -> Result<Outcome> {
    const BAND: Band = Band { null: 0.5, look: 0.02, bad: 0.08, side: Side::Below };
    let Some(scores) = input.ds.scores.as_ref().filter(|_| !input.ds.pairs.is_empty()) else {
        return Ok(Outcome::not_applicable("it needs pairs and scores"));
    };
    let mut outcome = Outcome::default();
    for (d, name) in input.dimensions() {
        let decided = scoreable(input, decided(input, d));
        for (scorer, values) in scores.names.iter().zip(&scores.columns) {
            let credit = |pair: &Decided| {
                let m = margin(values[pair.preferred]?, values[pair.other]?);
                Some(if m == 0.0 { 0.5 } else { indicator(m > 0.0) })
            };
            let (values, clusters) = valued(&decided, credit);
            let finding = Finding::of(Area::Preferences, "scorer-direction", Some(name), scorer);
            let Some(found) = Estimate::share(&values, &clusters, 0.5) else {
                outcome.findings.push(finding.undefined("the scorer covers no decided pair"));
                continue;
            };
            let message =
                format!("{name}: {scorer} agrees with people on {:.3} of the decided pairs (diff-half).", found.value);
            let remedy = "It points the wrong way: declare [scores.NAME] invert = true if lower is better, else do not \
                          use it as a baseline or a feature here.";
            outcome.findings.push(finding.saying(message, remedy).measured(&found, "accuracy", "decided pairs", BAND));
        }
    }
    Ok(outcome)
}
