//! Answers to questions of their own per prompt → mean, minimum and all-yes per judge and category.

use super::build::{Block, Extent, judge_prefix};
use super::coding::YES;
use super::{Coding, Column, ColumnKind};
use crate::dataset::{Answers, Dataset};

/// Name of the columns over all questions; the second where a category has the first.
pub(super) const TOTALS: [&str; 2] = ["all", "all-categories"];

/// Sum, count, minimum and all-yes of the answers of one item.
#[derive(Debug, Clone, Copy)]
struct Tally {
    sum: f64,
    count: usize,
    min: f64,
    all_yes: bool,
}

impl Tally {
    const EMPTY: Self = Self { sum: 0.0, count: 0, min: f64::INFINITY, all_yes: true };

    fn add(&mut self, p_yes: f64, coded: f64) {
        self.sum += coded;
        self.count += 1;
        self.min = self.min.min(coded);
        self.all_yes &= p_yes >= YES;
    }

    /// The value if there was any answer, else NaN.
    fn get(&self, value: impl Fn(&Self) -> f64) -> f64 {
        if self.count == 0 { f64::NAN } else { value(self) }
    }
}

/// Columns judge by judge: `category:mean`, `category:min` and, unless all answers are hard, `category:all-yes`, for each
/// category in order of appearance and for all questions together. Missing answers are in no column; an item without
/// any answer in a category is missing there. `p_yes` is per row of `answers`, after the hierarchy.
pub(super) fn columns(ds: &Dataset, answers: &Answers, p_yes: &[Option<f64>], coding: Coding, extent: Extent) -> Block {
    let mut block = Block::default();
    let all = extent == Extent::Complete;
    let hard = !all && p_yes.iter().flatten().all(|&p| p == 0.0 || p == 1.0);
    if hard {
        block.notes.push("all answers are plain yes or no, so all-yes equals the minimum and is left out".to_owned());
    }
    let one_category = answers.rows.first().map(|row| row.category);
    let split = all || answers.rows.iter().any(|row| Some(row.category) != one_category);
    if !split {
        block.notes.push(
            "there is one category only, so there are columns over all questions and none by category".to_owned(),
        );
    }
    let total = answers.categories.len();
    let total_name = TOTALS[usize::from(answers.categories.iter().any(|c| c == TOTALS[0]))];
    for judge in 0..answers.judges.len() {
        let mut tallies: Vec<Option<Vec<Tally>>> = vec![None; total + 1];
        for (row, p) in answers.rows.iter().zip(p_yes).filter(|(row, _)| row.judge == judge) {
            for slot in row.category.filter(|_| split).into_iter().chain([total]) {
                let items = tallies[slot].get_or_insert_with(|| vec![Tally::EMPTY; ds.items.len()]);
                if let Some(p) = *p {
                    items[row.item].add(p, coding.code(p));
                }
            }
        }
        for (slot, items) in tallies.iter().enumerate() {
            let Some(items) = items else { continue };
            let category = answers.categories.get(slot).map_or(total_name, String::as_str);
            push(&mut block, answers, judge, category, "mean", items, |t| t.sum / t.count as f64);
            push(&mut block, answers, judge, category, "min", items, |t| t.min);
            if !hard {
                let coded = |yes: bool| coding.code(if yes { 1.0 } else { 0.0 });
                push(&mut block, answers, judge, category, "all-yes", items, |t| coded(t.all_yes));
            }
        }
    }
    if ds.checklist.as_ref().is_some_and(|c| !c.gates.is_empty()) {
        block.notes.push("gates of the checklist are not applied to questions of their own per prompt".to_owned());
    }
    block
}

fn push(
    block: &mut Block,
    answers: &Answers,
    judge: usize,
    category: &str,
    what: &str,
    items: &[Tally],
    value: impl Fn(&Tally) -> f64,
) {
    let (id_prefix, label_prefix) = judge_prefix(answers, judge);
    block.columns.push(Column {
        id: format!("{id_prefix}{category}:{what}"),
        label: format!("{label_prefix}{category}, {what}"),
        kind: ColumnKind::Aggregate,
        dimension: None,
        subdimension: None,
        text_sha256: None,
    });
    block.values.push(items.iter().map(|tally| tally.get(&value)).collect());
}
