//! Annotators whose ratings agree item by item more often than two independent people do.

use std::collections::BTreeMap;

use super::{Area, AuditInput, Band, Estimate, Finding, Outcome, Side};
use crate::Result;
use crate::stats::quantile;

/// Fewest ratings of an item by both annotators: equal values of one or two scales are no sign of copying.
const FEWEST_RATINGS: usize = 4;
/// Other pairs of annotators from which on they tell what is usual (four annotators).
const ENOUGH_PAIRS: usize = 5;
/// How far above chance a share of identical items must lie.
const LOOK: f64 = 0.15;
const BAD: f64 = 0.4;

/// One annotator's ratings: item → (dimension, value), in order of dimensions.
type Sheet<'a> = BTreeMap<usize, BTreeMap<&'a str, f64>>;

/// Two annotators.
struct Two<'a> {
    names: (&'a str, &'a str),
    /// 1 where all common ratings of an item are equal, else 0.
    identical: Vec<f64>,
    cluster: Vec<usize>,
    /// Share expected from how often they agree on each dimension.
    chance: f64,
}

/// The check: per pair of annotators the share of items on which all their common ratings are identical, against the upper
/// quartile over all other pairs of annotators; with fewer than four annotators at least what independent ratings with their
/// agreement per dimension would give (with less power: copying raises that, too).
///
/// # Errors
/// None.
pub fn run(input: &AuditInput) -> Result<Outcome> {
    let ds = input.ds;
    let mut sheets: BTreeMap<&str, Sheet> = BTreeMap::new();
    for rating in ds.ratings.iter().filter(|r| !slots(input, &r.dimension)) {
        let sheet = sheets.entry(&rating.annotator).or_default();
        sheet.entry(rating.item).or_default().insert(&rating.dimension, rating.value);
    }
    let people: Vec<(&str, &Sheet)> = sheets.iter().map(|(name, sheet)| (*name, sheet)).collect();
    let mut all = Vec::new();
    for (k, first) in people.iter().enumerate() {
        all.extend(people[k + 1..].iter().filter_map(|second| two(input, *first, *second)));
    }
    if all.is_empty() {
        let reason =
            format!("it needs two persistent annotators with at least {FEWEST_RATINGS} common ratings per item");
        return Ok(Outcome::not_applicable(reason));
    }
    let shares: Vec<f64> =
        all.iter().map(|two| two.identical.iter().sum::<f64>() / two.identical.len() as f64).collect();
    let mut outcome = Outcome::default();
    for (k, two) in all.iter().enumerate() {
        let others: Vec<f64> = shares.iter().enumerate().filter(|(j, _)| *j != k).map(|(_, s)| *s).collect();
        // Copying raises agreement per dimension, too, so others are the better measure where there are enough of them: the upper
        // quartile, since one annotator with a scale of his own makes every pair that he is in look unlike.
        let usual = quantile(&others, 0.75).unwrap_or(0.0);
        let null = if others.len() >= ENOUGH_PAIRS { usual } else { usual.max(two.chance) };
        let subject = format!("{}, {}", two.names.0, two.names.1);
        let finding = Finding::of(Area::Annotators, "copied-ratings", None, &subject);
        let Some(found) = Estimate::share(&two.identical, &two.cluster, null) else { continue };
        let message = format!(
            "{subject} give identical ratings on {:.1} % of the items they both rated; {:.1} % is usual.",
            100.0 * found.value,
            100.0 * null
        );
        let remedy = "Ask whether one saw the other's ratings, or rows were copied; copies count as one annotator, and \
                      agreement figures with them are too high.";
        let band = Band { null, look: LOOK, bad: BAD, side: Side::Above };
        outcome.findings.push(finding.saying(message, remedy).measured(&found, "share", "items", band));
    }
    Ok(outcome)
}

/// Whether the names of a dimension are declared to be slots, not people.
fn slots(input: &AuditInput, dimension: &str) -> bool {
    input.ds.manifest.ratings.get(dimension).is_some_and(|rule| rule.persistent == Some(false))
}

fn two<'a>(input: &AuditInput, first: (&'a str, &Sheet), second: (&'a str, &Sheet)) -> Option<Two<'a>> {
    let mut equal: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    let mut rows: Vec<(bool, Vec<&str>, usize)> = Vec::new();
    for (item, mine) in first.1 {
        let Some(theirs) = second.1.get(item) else { continue };
        let common: Vec<(&str, bool)> =
            mine.iter().filter_map(|(d, v)| Some((*d, (theirs.get(d)? - v).abs() < 1e-9))).collect();
        if common.len() < FEWEST_RATINGS {
            continue;
        }
        for (dimension, same) in &common {
            let slot = equal.entry(dimension).or_default();
            *slot = (slot.0 + f64::from(u8::from(*same)), slot.1 + 1.0);
        }
        let identical = common.iter().all(|(_, same)| *same);
        rows.push((identical, common.into_iter().map(|(d, _)| d).collect(), input.ds.items.group(*item)));
    }
    if rows.is_empty() {
        return None;
    }
    let rate = |dimension: &str| equal[dimension].0 / equal[dimension].1;
    let chance =
        rows.iter().map(|(_, ds, _)| ds.iter().map(|d| rate(d)).product::<f64>()).sum::<f64>() / rows.len() as f64;
    Some(Two {
        names: (first.0, second.0),
        identical: rows.iter().map(|r| f64::from(u8::from(r.0))).collect(),
        cluster: rows.iter().map(|r| r.2).collect(),
        chance,
    })
}
