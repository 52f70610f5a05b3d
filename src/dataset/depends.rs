//! `depends_on` cells → the questions they name.

use std::collections::HashMap;

use super::Answer;
use super::items::Interner;
use super::table::{Column, Table};
use crate::problems::{Problems, Severity};

/// Fills [`Answer::depends_on`] from the cells of `column`; `origin` is the row of the table behind each answer, `seen`
/// the answer of each (item, question, judge). Parts that name nothing are warned of.
pub fn resolve(
    table: &Table,
    column: &Column,
    questions: &Interner,
    seen: &HashMap<(usize, usize, usize), usize>,
    origin: &[usize],
    answers: &mut [Answer],
    problems: &mut Problems,
) {
    let by_number = by_trailing_number(questions);
    for (answer, &row) in answers.iter_mut().zip(origin) {
        let Some(cell) = column.text(row) else { continue };
        for part in cell.split(',').map(str::trim).filter(|part| !part.is_empty() && *part != "0") {
            let answered = |q: usize| q != answer.question && seen.contains_key(&(answer.item, q, answer.judge));
            let own = questions.names.get(answer.question).map_or("", String::as_str);
            match find(part, own, questions, &by_number, answered) {
                Some(parent) if answer.depends_on.contains(&parent) => {}
                Some(parent) => answer.depends_on.push(parent),
                None => {
                    let message = if find(part, own, questions, &by_number, |q| q == answer.question).is_some() {
                        format!("\"{part}\" is the question itself; it is ignored")
                    } else {
                        format!("\"{part}\" names no question of this item and judge; it is ignored")
                    };
                    let remedy = "name a question id or its number, 0 for none";
                    let problem = table.problem(Severity::Warning, "unresolved-dependency", row, message, remedy);
                    problems.push(problem.cell(&column.original, &*cell));
                }
            }
        }
    }
}

/// The question that a part names: an id, or the number at the end of one. A number means the question whose id has the
/// same words before it as our own; else the only one that ends in this number.
fn find(
    part: &str,
    own: &str,
    questions: &Interner,
    by_number: &HashMap<&str, Vec<usize>>,
    answered: impl Fn(usize) -> bool,
) -> Option<usize> {
    if let Some(question) = questions.find(part).filter(|&q| answered(q)) {
        return Some(question);
    }
    let sibling = format!("{}{part}", own.trim_end_matches(|c: char| c.is_ascii_digit()));
    if let Some(question) = questions.find(&sibling).filter(|&q| answered(q)) {
        return Some(question);
    }
    let mut candidates = by_number.get(part)?.iter().copied().filter(|&q| answered(q));
    let only = candidates.next()?;
    candidates.next().is_none().then_some(only)
}

/// Questions by the digits at the end of their ids.
fn by_trailing_number(questions: &Interner) -> HashMap<&str, Vec<usize>> {
    let mut out: HashMap<&str, Vec<usize>> = HashMap::new();
    for (question, name) in questions.names.iter().enumerate() {
        let words = name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        if let Some(digits) = name.get(words..).filter(|digits| !digits.is_empty()) {
            out.entry(digits).or_default().push(question);
        }
    }
    out
}
