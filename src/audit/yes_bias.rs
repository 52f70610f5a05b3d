//! A judge who says yes more often than the people who rated the same items.

use std::collections::BTreeMap;

use super::{Area, AuditInput, Band, Estimate, Finding, Outcome, Side};
use crate::Result;

/// Share of yes answers above the share of people who see the same.
const YES: Band = Band { null: 0.0, look: 0.1, bad: 0.25, side: Side::Above };

/// A question's place in the checklist, its threshold, and the ratings of each item.
type Comparison<'a> = (usize, f64, &'a [Vec<f64>]);

/// The check: per judge and question, the mean over rated items of the answer (yes = 1) minus the share of raters whose rating
/// reaches the question's option.
///
/// # Errors
/// None.
pub fn run(input: &AuditInput) -> Result<Outcome> {
    let ds = input.ds;
    let (Some(checklist), Some(answers)) = (&ds.checklist, &ds.answers) else {
        return Ok(Outcome::not_applicable("it needs answers, and a checklist whose questions have thresholds"));
    };
    // Per sub-dimension: the ratings of each item.
    let mut ratings: BTreeMap<&str, Vec<Vec<f64>>> = BTreeMap::new();
    for rating in &ds.ratings {
        let of_items = ratings.entry(&rating.dimension).or_insert_with(|| vec![Vec::new(); ds.items.len()]);
        of_items[rating.item].push(rating.value);
    }
    // Per question of the answers: its place in the checklist, its threshold, and the ratings to compare it with.
    let place: Vec<Option<Comparison>> = (answers.question_ids.iter())
        .map(|id| {
            let q = checklist.index(id)?;
            let question = &checklist.questions[q];
            Some((q, question.threshold?, ratings.get(question.subdimension.as_str())?.as_slice()))
        })
        .collect();
    let mut rows: BTreeMap<(usize, usize), (Vec<f64>, Vec<usize>)> = BTreeMap::new();
    for answer in &answers.rows {
        let (Some((q, threshold, ratings)), Some(p)) = (place[answer.question], answer.p_yes) else { continue };
        let values = &ratings[answer.item];
        if values.is_empty() {
            continue;
        }
        let people = values.iter().filter(|v| **v >= threshold - 1e-9).count() as f64 / values.len() as f64;
        let (off, cluster) = rows.entry((answer.judge, q)).or_default();
        off.push(f64::from(u8::from(p >= 0.5)) - people);
        cluster.push(ds.items.group(answer.item));
    }
    if rows.is_empty() {
        return Ok(Outcome::not_applicable("no answered question has ratings on its sub-dimension and a threshold"));
    }
    let mut outcome = Outcome::default();
    for ((judge, q), (off, cluster)) in &rows {
        let Some(found) = Estimate::mean(off, cluster, 0.0) else { continue };
        let question = &checklist.questions[*q];
        let subject = match answers.judges[*judge].as_str() {
            "" => question.id.clone(),
            judge => format!("{judge}: {}", question.id),
        };
        let message =
            format!("{subject}: the judge says yes {:+.1} points more often than people do.", 100.0 * found.value);
        let remedy =
            "The judge lowers its bar here: use P(yes) with a threshold learned on ratings, or reword the question.";
        let finding = Finding::of(Area::Judge, "yes-bias", Some(question.dimension.as_str()), subject);
        outcome.findings.push(finding.saying(message, remedy).measured(&found, "share", "rated items", YES));
    }
    Ok(outcome)
}
