//! The judge as a whole: how often it says yes, what is missing, items that get the same answer to everything.

use std::collections::BTreeMap;

use super::pairs::indicator;
use super::{Area, AuditInput, Band, Estimate, Finding, Outcome, Side};
use crate::Result;
use crate::dataset::Answers;

/// Mean P(yes) of a judge over everything.
const YES_RATE: Band = Band { null: 0.5, look: 0.35, bad: 0.47, side: Side::Both };
/// Share of answers or items that are missing.
const MISSING: Band = Band { null: 0.0, look: 0.02, bad: 0.1, side: Side::Above };
/// Share of items with no to everything, beyond what the yes-rates of the questions lead to expect.
const ALL_NO: Band = Band { null: 0.0, look: 0.02, bad: 0.1, side: Side::Above };
/// The same for yes: good items get it honestly, so more is needed to wonder.
const ALL_YES: Band = Band { null: 0.0, look: 0.1, bad: 0.3, side: Side::Above };
/// Fewer answers than this about an item can all be equal by chance.
const MANY: usize = 8;

/// Per judge: name and the mean P(yes) of each item over its answers.
pub fn mean_answers(input: &AuditInput) -> Vec<(String, Vec<Option<f64>>)> {
    let Some(answers) = &input.ds.answers else { return Vec::new() };
    let items = input.ds.items.len();
    let mut sums = vec![vec![(0.0, 0usize); items]; answers.judges.len()];
    for row in &answers.rows {
        if let Some(p) = row.p_yes {
            let slot = &mut sums[row.judge][row.item];
            *slot = (slot.0 + p, slot.1 + 1);
        }
    }
    let mean = |(sum, n): (f64, usize)| (n > 0).then(|| sum / n as f64);
    let columns = sums.into_iter().map(|column| column.into_iter().map(mean).collect());
    answers.judges.iter().cloned().zip(columns).collect()
}

/// The check.
///
/// # Errors
/// None.
pub fn run(input: &AuditInput) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    outcome.findings.extend(items_without_features(input));
    let Some(answers) = &input.ds.answers else {
        outcome
            .not_run
            .push((String::new(), "there are no answers, only features: the judge cannot be seen".to_owned()));
        return Ok(outcome);
    };
    for (j, name) in answers.judges.iter().enumerate() {
        let name = judge_name(name);
        outcome.findings.push(yes_rate(input, answers, j, name));
        outcome.findings.push(missing(input, answers, j, name));
        outcome.findings.extend(same_answers(input, answers, j, name, &mut outcome.not_run));
    }
    Ok(outcome)
}

/// The name of a judge for people.
pub fn judge_name(name: &str) -> &str {
    if name.is_empty() { "judge" } else { name }
}

/// Items that no head can score.
fn items_without_features(input: &AuditInput) -> Option<Finding> {
    let features = input.features?;
    let without: Vec<f64> = features.scoreable.iter().map(|&scoreable| indicator(!scoreable)).collect();
    let clusters: Vec<usize> = (0..without.len()).map(|item| input.ds.items.group(item)).collect();
    let found = Estimate::share(&without, &clusters, 0.0)?;
    let count = features.scoreable.iter().filter(|scoreable| !**scoreable).count();
    let lost = (input.ds.pairs.iter()).filter(|p| !(features.scoreable[p.a] && features.scoreable[p.b])).count();
    let message = format!(
        "{count} of {} items have no feature at all and are never scored; {lost} of {} pairs are lost with them.",
        without.len(),
        input.ds.pairs.len()
    );
    let remedy =
        "Find out why (blank features, failed answers) before reading results: they may not be missing at random.";
    let finding = Finding::of(Area::Judge, "items-without-features", None, "items");
    let found = Estimate { p: None, ..found };
    Some(finding.saying(message, remedy).measured(&found, "share", "items", MISSING))
}

fn yes_rate(input: &AuditInput, answers: &Answers, judge: usize, name: &str) -> Finding {
    let given = answers
        .rows
        .iter()
        .filter(|row| row.judge == judge)
        .filter_map(|row| Some((row.p_yes?, input.ds.items.group(row.item))));
    let (values, clusters): (Vec<f64>, Vec<usize>) = given.unzip();
    let finding = Finding::of(Area::Judge, "yes-rate", None, name);
    let Some(found) = Estimate::share(&values, &clusters, 0.5) else {
        return finding.undefined("the judge gave no answer");
    };
    let message = format!("{name} says yes to {:.1} % of all questions.", 100.0 * found.value);
    let word = if found.value > 0.5 { "yes" } else { "no" };
    let remedy = format!(
        "An answer that is nearly always {word} carries little: use P(yes) in place of the decoded word, ask the converse of \
         some questions, and leave out saturated ones."
    );
    finding.saying(message, remedy).measured(&found, "share", "answers", YES_RATE)
}

fn missing(input: &AuditInput, answers: &Answers, judge: usize, name: &str) -> Finding {
    let rows = answers.rows.iter().filter(|row| row.judge == judge);
    let (values, clusters): (Vec<f64>, Vec<usize>) =
        rows.map(|row| (indicator(row.p_yes.is_none()), input.ds.items.group(row.item))).unzip();
    let finding = Finding::of(Area::Judge, "missing-answers", None, name);
    let Some(found) = Estimate::share(&values, &clusters, 0.0) else {
        return finding.undefined("the judge gave no answer");
    };
    let unparsable = answers.not_understood.iter().filter(|&&row| answers.rows[row].judge == judge).count();
    let message = format!(
        "{name}: {:.2} % of the answers are missing; {unparsable} of {} were not understood.",
        100.0 * found.value,
        found.n
    );
    let remedy = "Ask again, or mend the parser; nothing missing is read as no, but fills stand in for it.";
    let found = Estimate { p: None, ..found };
    finding.saying(message, remedy).measured(&found, "share", "answers", MISSING)
}

/// The answers about one item: how many, how many yes, chance of all no and of all yes.
type Tally = (usize, usize, f64, f64);
/// Whether a tally is all of one answer, and the chance of that.
type Same = fn(&Tally) -> (bool, f64);

/// Items whose answers are all no, and all yes: what a failed parser or a judge that did not look leaves behind.
fn same_answers(
    input: &AuditInput,
    answers: &Answers,
    judge: usize,
    name: &str,
    not_run: &mut Vec<(String, String)>,
) -> Vec<Finding> {
    // Per item: answers, sum of yes, log-chance of all no and of all yes if answers were independent given the question.
    let mut rate: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
    let given = || answers.rows.iter().filter(|row| row.judge == judge).filter_map(|row| Some((row, row.p_yes?)));
    for (row, p) in given() {
        let slot = rate.entry(row.question).or_default();
        *slot = (slot.0 + indicator(p >= 0.5), slot.1 + 1.0);
    }
    let mut items: BTreeMap<usize, Tally> = BTreeMap::new();
    for (row, p) in given() {
        let (yes, n) = rate[&row.question];
        let share = yes / n;
        let slot = items.entry(row.item).or_insert((0, 0, 1.0, 1.0));
        *slot = (slot.0 + 1, slot.1 + usize::from(p >= 0.5), slot.2 * (1.0 - share), slot.3 * share);
    }
    items.retain(|_, slot| slot.0 >= MANY);
    if items.is_empty() {
        not_run.push((format!("{name}: items with one answer to all"), format!("no item has {MANY} answers or more")));
        return Vec::new();
    }
    let finding = |check: &str, word: &str, band: Band, same: Same| {
        let values: Vec<f64> = items
            .values()
            .map(|slot| {
                let (is, chance) = same(slot);
                indicator(is) - chance
            })
            .collect();
        let clusters: Vec<usize> = items.keys().map(|&item| input.ds.items.group(item)).collect();
        let count = items.values().filter(|slot| same(slot).0).count();
        let found = Estimate::mean(&values, &clusters, 0.0)?;
        let message = format!(
            "{name}: {count} of {} items get {word} to every question, {:+.2} points beyond chance.",
            items.len(),
            100.0 * found.value
        );
        let remedy = "Read a few raw replies of these items: a parser that reads every failure as no, or an image that was \
                      not loaded, looks like this.";
        Some(
            Finding::of(Area::Judge, check, None, name)
                .saying(message, remedy)
                .measured(&found, "share", "items", band),
        )
    };
    let no = finding("all-no-items", "no", ALL_NO, |slot| (slot.1 == 0, slot.2));
    let yes = finding("all-yes-items", "yes", ALL_YES, |slot| (slot.1 == slot.0, slot.3));
    no.into_iter().chain(yes).collect()
}
