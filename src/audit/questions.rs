//! Each question of each judge: yes-rate, saturation, shift, correlation with preference, accuracy against ratings.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::judge::judge_name;
use super::pairs::{Decided, decided, indicator, valued};
use super::tables::{Measure, QuestionRow, ShiftRow};
use super::{Area, AuditInput, Band, Estimate, Finding, Outcome, Side};
use crate::Result;
use crate::dataset::Answers;
use crate::features::{Layout, detect_layout};

/// Yes-rate of one question.
const SATURATION: Band = Band { null: 0.5, look: 0.45, bad: 0.49, side: Side::Both };
/// P(yes) of the preferred item minus that of the other, for a question worded so that yes is good.
const DIRECTION: Band = Band { null: 0.0, look: 0.01, bad: 0.05, side: Side::Below };
/// Balanced accuracy against ratings.
const ACCURACY: Band = Band { null: 1.0, look: 0.3, bad: 0.4, side: Side::Below };
/// Mean distance of P(yes) from the share of human yes.
const CALIBRATION: Band = Band { null: 0.0, look: 0.1, bad: 0.25, side: Side::Above };

/// One question (or category of questions) of one judge, over all items.
struct Unit {
    name: String,
    judge: String,
    answers: usize,
    missing: usize,
    unparsable: usize,
    /// Mean P(yes) per item.
    p: Vec<Option<f64>>,
    /// Question of the checklist.
    question: Option<usize>,
}

/// The check.
///
/// # Errors
/// None.
pub fn run(input: &AuditInput) -> Result<Outcome> {
    let Some(answers) = &input.ds.answers else {
        return Ok(Outcome::not_applicable("there are no answers, only features: single questions cannot be seen"));
    };
    let layout = detect_layout(input.ds, answers).0;
    let mut outcome = Outcome::default();
    let units = units(input, answers, layout);
    if layout == Layout::PerPrompt {
        outcome.notes.push("Every prompt has questions of its own: the judge is audited by category.".to_owned());
    }
    outcome.findings.extend(units.iter().filter_map(|unit| saturation(input, unit)));
    let means = mean_ratings(input);
    let truths: Vec<Option<Truth>> = units.par_iter().map(|unit| truth(input, unit, &means)).collect();
    outcome
        .findings
        .extend(units.iter().zip(&truths).flat_map(|(unit, truth)| truth_findings(input, unit, truth.as_ref())));
    if truths.iter().all(Option::is_none) {
        let reason = "accuracy against ratings needs a checklist with thresholds and ratings on its sub-dimensions";
        outcome.not_run.push(("accuracy and calibration of answers".to_owned(), reason.to_owned()));
    }
    outcome
        .questions
        .extend(units.par_iter().zip(&truths).map(|(unit, t)| row(input, unit, t.as_ref())).collect::<Vec<_>>());
    for (d, name) in input.dimensions() {
        let pairs = decided(input, d);
        let made: Vec<(ShiftRow, Option<Finding>)> = (units.par_iter())
            .map(|unit| {
                let shift = shift(&pairs, unit);
                let finding = shift.as_ref().filter(|_| layout == Layout::Fixed && concerns(input, unit, name));
                (shift_row(input, unit, (d, name), shift.as_ref()), finding.map(|found| direction(unit, name, found)))
            })
            .collect();
        for (row, finding) in made {
            outcome.shifts.push(row);
            outcome.findings.extend(finding);
        }
    }
    Ok(outcome)
}

/// Whether a question should speak for the labels of a dimension: its own, or one that is none of the checklist's (overall).
/// Against other dimensions it may well point the other way (lively against steady); the table of shifts has these, too.
fn concerns(input: &AuditInput, unit: &Unit, dimension: &str) -> bool {
    let (Some(checklist), Some(q)) = (&input.ds.checklist, unit.question) else { return true };
    let question = &checklist.questions[q];
    let own = question.dimension == dimension || question.subdimension == dimension;
    own || !checklist.questions.iter().any(|q| q.dimension == dimension || q.subdimension == dimension)
}

/// Question × judge, or category × judge where prompts have questions of their own; in order of appearance.
fn units(input: &AuditInput, answers: &Answers, layout: Layout) -> Vec<Unit> {
    let items = input.ds.items.len();
    let mut place: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    let mut units: Vec<Unit> = Vec::new();
    let mut counts: Vec<Vec<u32>> = Vec::new();
    let mut not_understood = answers.not_understood.iter().copied().peekable();
    for (at, row) in answers.rows.iter().enumerate() {
        let part = match layout {
            Layout::Fixed => row.question,
            Layout::PerPrompt => row.category.map_or(0, |c| c + 1),
        };
        let u = *place.entry((part, row.judge)).or_insert_with(|| {
            let name = match (layout, row.category) {
                (Layout::Fixed, _) => answers.question_ids[row.question].clone(),
                (Layout::PerPrompt, Some(category)) => answers.categories[category].clone(),
                (Layout::PerPrompt, None) => "all questions".to_owned(),
            };
            let checklist = input.ds.checklist.as_ref().filter(|_| layout == Layout::Fixed);
            let question = checklist.and_then(|checklist| checklist.index(&name));
            let judge = answers.judges[row.judge].clone();
            units.push(Unit { name, judge, answers: 0, missing: 0, unparsable: 0, p: vec![None; items], question });
            counts.push(vec![0; items]);
            units.len() - 1
        });
        let unit = &mut units[u];
        unit.answers += 1;
        unit.unparsable += usize::from(not_understood.next_if_eq(&at).is_some());
        match row.p_yes {
            None => unit.missing += 1,
            Some(p) => {
                let n = &mut counts[u][row.item];
                *n += 1;
                let mean = unit.p[row.item].unwrap_or(0.0);
                unit.p[row.item] = Some(mean + (p - mean) / f64::from(*n));
            }
        }
    }
    units
}

fn subject(unit: &Unit) -> String {
    if unit.judge.is_empty() { unit.name.clone() } else { format!("{}: {}", unit.judge, unit.name) }
}

fn mean_yes(input: &AuditInput, unit: &Unit) -> Option<Estimate> {
    let given = unit.p.iter().enumerate().filter_map(|(item, p)| Some(((*p)?, input.ds.items.group(item))));
    let (values, clusters): (Vec<f64>, Vec<usize>) = given.unzip();
    Estimate::share(&values, &clusters, 0.5)
}

fn saturation(input: &AuditInput, unit: &Unit) -> Option<Finding> {
    let found = mean_yes(input, unit)?;
    let finding = Finding::of(Area::Judge, "saturation", None, subject(unit));
    let message = format!("{}: P(yes) is {:.3} on average.", subject(unit), found.value);
    let remedy =
        "Nearly the same answer for every item: it costs a question and tells little. Leave it out, or ask for more.";
    Some(finding.saying(message, remedy).measured(&found, "share", "items", SATURATION))
}

/// P(yes) of the preferred item minus that of the other: the paper's Fig. 4.
fn shift(pairs: &[Decided], unit: &Unit) -> Option<Estimate> {
    let (values, clusters) = valued(pairs, |pair| Some(unit.p[pair.preferred]? - unit.p[pair.other]?));
    Estimate::mean(&values, &clusters, 0.0)
}

fn direction(unit: &Unit, dimension: &str, found: &Estimate) -> Finding {
    let finding = Finding::of(Area::Preferences, "question-direction", Some(dimension), subject(unit));
    let message = format!(
        "{dimension}: {} is answered yes {:+.1} points more often for the preferred item.",
        subject(unit),
        100.0 * found.value
    );
    let remedy = "Yes goes with the worse item: check the wording and the judge. Its weight is bound to be 0 or more.";
    finding.saying(message, remedy).measured(found, "share", "decided pairs", DIRECTION)
}

/// Spearman correlation of the difference with the label of all pairs.
fn correlation(input: &AuditInput, unit: &Unit, dimension: usize) -> Measure {
    let ds = input.ds;
    let (mut x, mut y, mut clusters) = (Vec::new(), Vec::new(), Vec::new());
    for pair in ds.pairs.iter().filter(|pair| pair.dimension == dimension) {
        if let (Some(a), Some(b)) = (unit.p[pair.a], unit.p[pair.b]) {
            x.push(a - b);
            y.push(f64::from(pair.votes.plurality()));
            clusters.push(ds.items.group(pair.a));
        }
    }
    Estimate::spearman(&x, &y, &clusters)
        .map_or_else(|| Measure::undefined("undefined: no answered pair, or no difference"), |found| found.measure())
}

/// Answers of a unit against human ratings: yes iff rating ≥ the question's option.
struct Truth {
    accuracy: Option<Estimate>,
    balanced: Option<Estimate>,
    prevalence: Option<Estimate>,
    calibration: Option<Estimate>,
}

/// Per rated dimension: sum and number of the ratings of each item.
type Ratings<'a> = BTreeMap<&'a str, BTreeMap<usize, (f64, f64)>>;

fn mean_ratings<'a>(input: &AuditInput<'a>) -> Ratings<'a> {
    let mut ratings = Ratings::new();
    for rating in &input.ds.ratings {
        let slot = ratings.entry(&rating.dimension).or_default().entry(rating.item).or_default();
        *slot = (slot.0 + rating.value, slot.1 + 1.0);
    }
    ratings
}

fn truth(input: &AuditInput, unit: &Unit, ratings: &Ratings) -> Option<Truth> {
    let question = &input.ds.checklist.as_ref()?.questions[unit.question?];
    let threshold = question.threshold?;
    let rows: Vec<(f64, bool, usize)> = (ratings.get(question.subdimension.as_str()).into_iter().flatten())
        .filter_map(|(&item, (sum, n))| Some((unit.p[item]?, sum / n >= threshold - 1e-9, input.ds.items.group(item))))
        .collect();
    let clusters: Vec<usize> = rows.iter().map(|row| row.2).collect();
    let human: Vec<bool> = rows.iter().map(|row| row.1).collect();
    let right: Vec<f64> = rows.iter().map(|row| indicator((row.0 >= 0.5) == row.1)).collect();
    let yes: Vec<f64> = human.iter().map(|&yes| indicator(yes)).collect();
    let soft = rows.iter().any(|row| row.0 != 0.0 && row.0 != 1.0);
    Some(Truth {
        accuracy: Estimate::share(&right, &clusters, 0.5),
        balanced: Estimate::balanced(&right, &human, &clusters, 0.5),
        prevalence: Estimate::share(&yes, &clusters, 0.5),
        calibration: if soft { calibration(&rows, &clusters) } else { None },
    })
}

/// Expected calibration error over ten bins; its error treats the sign of each bin's gap as known.
fn calibration(rows: &[(f64, bool, usize)], clusters: &[usize]) -> Option<Estimate> {
    let bin = |p: f64| ((p * 10.0) as usize).min(9);
    let mut gap = [0.0; 10];
    rows.iter().for_each(|&(p, yes, _)| gap[bin(p)] += p - indicator(yes));
    let values: Vec<f64> = rows.iter().map(|&(p, yes, _)| gap[bin(p)].signum() * (p - indicator(yes))).collect();
    Estimate::mean(&values, clusters, 0.0)
}

fn truth_findings(input: &AuditInput, unit: &Unit, truth: Option<&Truth>) -> Vec<Finding> {
    let (Some(truth), Some(checklist), Some(q)) = (truth, &input.ds.checklist, unit.question) else {
        return Vec::new();
    };
    let dimension = Some(checklist.questions[q].dimension.as_str());
    let mut findings = Vec::new();
    let finding = Finding::of(Area::Judge, "answer-accuracy", dimension, subject(unit));
    findings.push(match (&truth.balanced, &truth.accuracy) {
        (Some(found), Some(plain)) => {
            let message = format!(
                "{}: balanced accuracy against ratings {:.3} (accuracy {:.3}, people say yes to {:.1} %).",
                subject(unit),
                found.value,
                plain.value,
                100.0 * truth.prevalence.map_or(f64::NAN, |p| p.value)
            );
            let remedy =
                "At .5 the answer has nothing to do with what people see: reword the question, or use another judge.";
            let found = Estimate { p: None, ..*found };
            finding.saying(message, remedy).measured(&found, "balanced accuracy", "rated items", ACCURACY)
        }
        (_, Some(_)) => finding.undefined("undefined: people say the same of every rated item"),
        _ => finding.undefined("undefined: no rated item has an answer"),
    });
    if let Some(found) = truth.calibration {
        let finding = Finding::of(Area::Judge, "calibration", dimension, subject(unit));
        let message =
            format!("{}: P(yes) is off the share of human yes by {:.3} on average.", subject(unit), found.value);
        let remedy =
            "Calibrate P(yes) before it is read as a probability; a head's weight absorbs a common factor only.";
        let found = Estimate { p: None, ..found };
        findings.push(finding.saying(message, remedy).measured(&found, "probability", "rated items", CALIBRATION));
    }
    findings
}

/// The found estimate as a measure, or why there is none.
fn measure(found: Option<&Estimate>, why: &str) -> Measure {
    found.map_or_else(|| Measure::undefined(why), Estimate::measure)
}

fn row(input: &AuditInput, unit: &Unit, truth: Option<&Truth>) -> QuestionRow {
    let no_truth = "no ratings on this question's sub-dimension, or no threshold";
    let uncalibrated = if truth.is_some() { "answers are yes or no, not probabilities" } else { no_truth };
    QuestionRow {
        question: unit.name.clone(),
        judge: judge_name(&unit.judge).to_owned(),
        answers: unit.answers,
        yes_rate: measure(mean_yes(input, unit).as_ref(), "no answer"),
        missing: unit.missing as f64 / unit.answers.max(1) as f64,
        unparsable: unit.unparsable as f64 / unit.answers.max(1) as f64,
        accuracy: measure(truth.and_then(|t| t.accuracy.as_ref()), no_truth),
        balanced_accuracy: measure(truth.and_then(|t| t.balanced.as_ref()), no_truth),
        prevalence: measure(truth.and_then(|t| t.prevalence.as_ref()), no_truth),
        calibration_error: measure(truth.and_then(|t| t.calibration.as_ref()), uncalibrated),
    }
}

fn shift_row(input: &AuditInput, unit: &Unit, (d, name): (usize, &str), shift: Option<&Estimate>) -> ShiftRow {
    ShiftRow {
        question: unit.name.clone(),
        judge: judge_name(&unit.judge).to_owned(),
        dimension: name.to_owned(),
        shift: measure(shift, "no decided pair has answers for both items"),
        spearman: correlation(input, unit, d),
    }
}
