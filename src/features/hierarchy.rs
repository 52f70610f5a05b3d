//! Dependencies between questions: what a parent's answer does to its children (DSG; definitions §3.11).

use std::collections::HashMap;

use super::Hierarchy;
use super::coding::YES;
use crate::dataset::{Answer, Answers};

/// P(yes) of every row after the hierarchy, in row order, and what was done.
///
/// Under [`Hierarchy::Dsg`] a question is no where one of its own parents, by the same judge about the same item, is
/// answered no; it stays in the denominator. Parents count with the answer as given, not as changed by their own
/// parents: this is how the published DSG scores are made. Where a parent's answer is missing and none is no, it is
/// not known whether the question applies, so it becomes missing: nothing missing is read as no.
pub(super) fn effective(answers: &Answers, hierarchy: Hierarchy, notes: &mut Vec<String>) -> Vec<Option<f64>> {
    let as_given: Vec<Option<f64>> = answers.rows.iter().map(given).collect();
    if hierarchy == Hierarchy::None {
        return as_given;
    }
    if answers.rows.iter().all(|row| row.depends_on.is_empty()) {
        notes.push("hierarchy dsg: no question depends on another, so it changes nothing".to_owned());
        return as_given;
    }
    let by_key: HashMap<(usize, usize, usize), Option<f64>> =
        answers.rows.iter().map(|row| ((row.item, row.judge, row.question), given(row))).collect();
    let (mut denied, mut unknown) = (0, 0);
    let mut out = as_given;
    for (value, row) in out.iter_mut().zip(&answers.rows).filter(|(_, row)| !row.depends_on.is_empty()) {
        let parents = || row.depends_on.iter().map(|&q| by_key.get(&(row.item, row.judge, q)).copied().flatten());
        if parents().flatten().any(|p| p < YES) {
            denied += usize::from(*value != Some(0.0));
            *value = Some(0.0);
        } else if parents().any(|p| p.is_none()) && value.is_some_and(|p| p > 0.0) {
            unknown += 1;
            *value = None;
        }
    }
    notes.push(format!(
        "hierarchy dsg: {denied} answers became no because a parent is no, {unknown} became missing because a parent is missing"
    ));
    out
}

/// The answer as given. A NaN that got past the reader is missing, never a no.
fn given(row: &Answer) -> Option<f64> {
    row.p_yes.filter(|p| !p.is_nan())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Asked, Tiny};
    use super::*;

    fn run(answers: &[(&str, Option<f64>, &[&str])]) -> Vec<Option<f64>> {
        let mut tiny = Tiny::new().item("i", "p");
        for &(question, p_yes, depends_on) in answers {
            tiny = tiny.ask(Asked { item: "i", question, p_yes, depends_on, ..Asked::default() });
        }
        effective(tiny.build().answers.as_ref().unwrap(), Hierarchy::Dsg, &mut Vec::new())
    }

    #[test]
    fn a_child_of_a_no_is_no() {
        assert_eq!(run(&[("1", Some(0.0), &[]), ("2", Some(1.0), &["1"])]), [Some(0.0), Some(0.0)]);
        assert_eq!(run(&[("1", Some(1.0), &[]), ("2", Some(0.8), &["1"])]), [Some(1.0), Some(0.8)]);
        assert_eq!(run(&[("1", Some(0.4), &[]), ("2", None, &["1"])]), [Some(0.4), Some(0.0)]);
    }

    #[test]
    fn parents_count_as_given_so_circles_are_harmless() {
        let chain = run(&[("1", Some(0.0), &[]), ("2", Some(1.0), &["1"]), ("3", Some(1.0), &["2"])]);
        assert_eq!(chain, [Some(0.0), Some(0.0), Some(1.0)]);
        assert_eq!(run(&[("1", Some(1.0), &["2"]), ("2", Some(0.0), &["1"])]), [Some(0.0), Some(0.0)]);
    }

    #[test]
    fn a_missing_parent_never_makes_a_no() {
        assert_eq!(run(&[("1", None, &[]), ("2", Some(1.0), &["1"])]), [None, None]);
        assert_eq!(run(&[("1", None, &[]), ("2", Some(0.0), &["1"])]), [None, Some(0.0)], "no is no either way");
        assert_eq!(run(&[("1", None, &[]), ("2", Some(0.0), &[]), ("3", Some(1.0), &["1", "2"])])[2], Some(0.0));
    }
}
