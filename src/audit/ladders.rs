//! Consistency of answers: along a ladder, and behind a gate.

use std::collections::BTreeMap;

use super::judge::judge_name;
use super::pairs::indicator;
use super::{Area, AuditInput, Band, Estimate, Finding, Outcome, Side};
use crate::Result;
use crate::checklist::Checklist;
use crate::dataset::Answers;

/// Share of items whose answers are no staircase.
const LADDER: Band = Band { null: 0.0, look: 0.1, bad: 0.3, side: Side::Above };
/// Share of items with a closed gate for which something behind it is answered yes.
const GATE: Band = Band { null: 0.0, look: 0.1, bad: 0.3, side: Side::Above };

/// Answers of one judge: yes or no per (item, question of the checklist).
type Sheet = BTreeMap<usize, Vec<Option<bool>>>;

/// The check: per judge and ladder, then per dimension and per gate.
///
/// A ladder is hardest first, so a consistent item answers no … no yes … yes. A ladder of n questions whose answers have
/// nothing to do with each other breaks the staircase about as often as the product of their rates says; that share stands
/// in the message.
///
/// # Errors
/// None.
pub fn run(input: &AuditInput) -> Result<Outcome> {
    let (Some(checklist), Some(answers)) = (&input.ds.checklist, &input.ds.answers) else {
        return Ok(Outcome::not_applicable("ladders and gates need a checklist and answers"));
    };
    let mut outcome = Outcome::default();
    for (j, name) in answers.judges.iter().enumerate() {
        let sheet = sheet(checklist, answers, j);
        let name = judge_name(name);
        let mut by_dimension: BTreeMap<&str, (Vec<f64>, Vec<usize>)> = BTreeMap::new();
        for (ladder, members) in checklist.ladders() {
            if members.len() < 2 {
                continue;
            }
            let (broken, clusters) = broken(input, &sheet, &members);
            let dimension = checklist.questions[members[0]].dimension.as_str();
            let sums = by_dimension.entry(dimension).or_default();
            sums.0.extend(&broken);
            sums.1.extend(&clusters);
            let chance = by_chance(&sheet, &members);
            let message = |share: f64| {
                format!(
                    "{name}: {:.1} % of the items break the ladder {ladder} (a harder question yes, an easier one no); \
                     {:.1} % would if its answers were unrelated.",
                    100.0 * share,
                    100.0 * chance
                )
            };
            let subject = format!("{name}: {ladder}");
            outcome.findings.push(finding("ladder", dimension, subject, &broken, &clusters, LADDER, message));
        }
        for (dimension, (broken, clusters)) in by_dimension {
            let message =
                |share: f64| format!("{name}: {:.1} % of the ladders of {dimension} are broken.", 100.0 * share);
            outcome.findings.push(finding("ladders", dimension, name.to_owned(), &broken, &clusters, LADDER, message));
        }
        outcome.findings.extend(gates(input, checklist, &sheet, name));
    }
    Ok(outcome)
}

fn sheet(checklist: &Checklist, answers: &Answers, judge: usize) -> Sheet {
    let place: Vec<Option<usize>> = answers.question_ids.iter().map(|id| checklist.index(id)).collect();
    let mut sheet = Sheet::new();
    for row in answers.rows.iter().filter(|row| row.judge == judge) {
        if let (Some(q), Some(p)) = (place[row.question], row.p_yes) {
            let cells = sheet.entry(row.item).or_insert_with(|| vec![None; checklist.questions.len()]);
            cells[q] = Some(p >= 0.5);
        }
    }
    sheet
}

/// Whether each item with at least two answers on the ladder breaks it.
fn broken(input: &AuditInput, sheet: &Sheet, members: &[usize]) -> (Vec<f64>, Vec<usize>) {
    let items = sheet.iter().filter_map(|(&item, cells)| {
        let given: Vec<bool> = members.iter().filter_map(|&q| cells[q]).collect();
        let broken = given.windows(2).any(|w| w[0] && !w[1]);
        (given.len() > 1).then(|| (indicator(broken), input.ds.items.group(item)))
    });
    items.unzip()
}

/// The share of broken ladders if the answers of an item were independent, with each question's yes-rate.
fn by_chance(sheet: &Sheet, members: &[usize]) -> f64 {
    let rate = |q: usize| {
        let (yes, n) =
            sheet.values().filter_map(|cells| cells[q]).fold((0.0, 0.0), |(yes, n), a| (yes + indicator(a), n + 1.0));
        if n > 0.0 { yes / n } else { 0.5 }
    };
    let rates: Vec<f64> = members.iter().map(|&q| rate(q)).collect();
    // A staircase is "no" up to some question, "yes" from there on.
    let intact = |from: usize| -> f64 {
        rates.iter().enumerate().map(|(i, rate)| if i < from { 1.0 - rate } else { *rate }).product()
    };
    1.0 - (0..=rates.len()).map(intact).sum::<f64>()
}

fn gates(input: &AuditInput, checklist: &Checklist, sheet: &Sheet, name: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for gate in &checklist.gates {
        let Some(q) = checklist.index(&gate.question) else { continue };
        let hidden: Vec<usize> = gate.hides.iter().filter_map(|id| checklist.index(id)).collect();
        let closed = sheet.iter().filter(|(_, cells)| cells[q] == Some(false));
        let (values, clusters): (Vec<f64>, Vec<usize>) = closed
            .filter(|(_, cells)| hidden.iter().any(|&h| cells[h].is_some()))
            .map(|(&item, cells)| {
                (indicator(hidden.iter().any(|&h| cells[h] == Some(true))), input.ds.items.group(item))
            })
            .unzip();
        let message = |share: f64| {
            format!(
                "{name}: where {} is answered no, something behind it is answered yes for {:.1} % of the items.",
                gate.question,
                100.0 * share
            )
        };
        let dimension = checklist.questions[q].dimension.as_str();
        let subject = format!("{name}: {}", gate.question);
        findings.push(finding("gate", dimension, subject, &values, &clusters, GATE, message));
    }
    findings
}

fn finding(
    check: &str,
    dimension: &str,
    subject: String,
    values: &[f64],
    clusters: &[usize],
    band: Band,
    message: impl Fn(f64) -> String,
) -> Finding {
    let finding = Finding::of(Area::Judge, check, Some(dimension), subject);
    let Some(found) = Estimate::share(values, clusters, 0.0) else {
        return finding.undefined("no item has the answers that this needs");
    };
    let remedy = match check {
        "gate" => {
            "The answers behind a closed gate are masked before the fit; a judge that imagines them is not to be trusted."
        }
        _ => "Ask the ladder as one question with options, or keep its best single question.",
    };
    let found = Estimate { p: None, ..found };
    finding.saying(message(found.value), remedy).measured(&found, "share", "items", band)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_is_what_unrelated_answers_break() {
        // Two questions, each yes half of the time: of the four patterns only yes–no breaks the ladder.
        let rows = [[true, true], [true, false], [false, true], [false, false]];
        let sheet: Sheet = rows.iter().enumerate().map(|(i, r)| (i, r.iter().map(|a| Some(*a)).collect())).collect();
        assert!((by_chance(&sheet, &[0, 1]) - 0.25).abs() < 1e-12);
    }
}
