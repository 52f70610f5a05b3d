//! Answers to a fixed checklist → one column per judge and question.

use super::build::{Block, judge_prefix};
use super::coding::Cell;
use super::gates::{GateCounts, Gates};
use super::{Coding, Column, ColumnKind, question_texts};
use crate::checklist::{Checklist, Gate};
use crate::dataset::{Answers, Dataset};
use crate::problems::{Problem, Problems, Severity};
use crate::{Error, Result};

/// Longest question text that serves as a label, in characters.
const LABEL_LENGTH: usize = 60;

/// Columns judge by judge (in order of appearance), each judge's in the checklist's order, or in order of appearance
/// where there is no checklist. `p_yes` is per row of `answers`, after the hierarchy. `gates` replace those of the
/// checklist.
pub(super) fn columns(
    ds: &Dataset,
    answers: &Answers,
    p_yes: &[Option<f64>],
    coding: Coding,
    gates: Option<&[Gate]>,
) -> Result<Block> {
    let mut block = Block::default();
    let hashes = question_texts::hashes(ds, answers, &mut block.notes)?;
    let places = places(ds.checklist.as_ref(), answers)?;
    let gates = gates.unwrap_or(ds.checklist.as_ref().map_or(&[], |c| c.gates.as_slice()));
    let ids = ids(ds.checklist.as_ref(), answers, gates);
    let width = ids.len();
    let switches = Gates::of(gates, |id| ids.iter().position(|known| *known == id));
    // Question of the answers that stands at each place; `None` for questions of the checklist that nobody was asked.
    let mut question_at = vec![None; width];
    for (question, &place) in places.iter().enumerate() {
        question_at[place] = Some(question);
    }
    let mut counts = GateCounts::default();
    for judge in 0..answers.judges.len() {
        let (mut cells, asked) = cells(ds, answers, p_yes, judge, &places, width);
        cells.chunks_exact_mut(width.max(1)).for_each(|item| switches.apply(item, &mut counts));
        for (place, question) in question_at.iter().enumerate() {
            let Some(question) = question.filter(|_| asked[place]) else { continue };
            let Some(mut column) = column(ds.checklist.as_ref(), gates, answers, judge, question) else { continue };
            column.text_sha256.clone_from(&hashes[question]);
            block.columns.push(column);
            block.values.push(cells.iter().skip(place).step_by(width).map(|cell| cell.code(coding)).collect());
        }
    }
    name_texts(answers, ds.checklist.is_some(), &mut block);
    if let Some(checklist) = &ds.checklist {
        let unasked = question_at.iter().filter(|q| q.is_none()).count();
        if unasked > 0 {
            let all = question_at.len();
            let name = &checklist.name;
            block.notes.push(format!("{unasked} of the {all} questions of {name} have no answer and no column"));
        }
    }
    say_gates(gates, |id| ids.iter().position(|known| *known == id).and_then(|at| question_at[at]), counts, &mut block);
    Ok(block)
}

/// The question at each place of an item's row of cells: the checklist's questions, or those of the answers and then the
/// gates that nobody was asked.
fn ids<'d>(checklist: Option<&'d Checklist>, answers: &'d Answers, gates: &'d [Gate]) -> Vec<&'d str> {
    if let Some(checklist) = checklist {
        return checklist.questions.iter().map(|q| q.id.as_str()).collect();
    }
    let mut ids: Vec<&str> = answers.question_ids.iter().map(String::as_str).collect();
    let unasked = gates.iter().map(|gate| gate.question.as_str()).filter(|id| !ids.contains(id)).collect::<Vec<_>>();
    ids.extend(unasked);
    ids
}

/// Place of each question of the answers in an item's row of cells.
fn places(checklist: Option<&Checklist>, answers: &Answers) -> Result<Vec<usize>> {
    let Some(checklist) = checklist else { return Ok((0..answers.question_ids.len()).collect()) };
    let mut problems = Problems::default();
    let mut places = Vec::with_capacity(answers.question_ids.len());
    for id in &answers.question_ids {
        match checklist.index(id) {
            Some(place) => places.push(place),
            None => {
                let message = format!("the checklist {} has no question with this id", checklist.name);
                let remedy = "correct the id, or name the checklist that was asked";
                let problem = Problem::new(Severity::Error, "unknown-question", "answers", message, remedy);
                problems.push(problem.cell("question_id", id));
            }
        }
    }
    if problems.has_errors() { Err(Error::Data(Box::new(problems))) } else { Ok(places) }
}

/// The cells of one judge, [items × places] row by row, and which places this judge was asked at all.
fn cells(
    ds: &Dataset,
    answers: &Answers,
    p_yes: &[Option<f64>],
    judge: usize,
    places: &[usize],
    width: usize,
) -> (Vec<Cell>, Vec<bool>) {
    let mut cells = vec![Cell::Missing; ds.items.len() * width];
    let mut asked = vec![false; width];
    for (row, p) in answers.rows.iter().zip(p_yes).filter(|(row, _)| row.judge == judge) {
        let place = places[row.question];
        asked[place] = true;
        if let Some(p) = *p {
            cells[row.item * width + place] = Cell::Answered(p);
        }
    }
    (cells, asked)
}

/// The column of a question, `None` for a gate that is no feature.
fn column(
    checklist: Option<&Checklist>,
    gates: &[Gate],
    answers: &Answers,
    judge: usize,
    question: usize,
) -> Option<Column> {
    let id = &answers.question_ids[question];
    let known = checklist.and_then(|c| Some(&c.questions[c.index(id)?]));
    if gates.iter().any(|gate| gate.question == *id && !gate.feature) {
        return None;
    }
    let (id_prefix, label_prefix) = judge_prefix(answers, judge);
    Some(Column {
        id: format!("{id_prefix}{id}"),
        label: format!("{label_prefix}{}", known.map_or(id, |q| &q.label)),
        kind: ColumnKind::Question,
        dimension: known.map(|q| q.dimension.clone()),
        subdimension: known.map(|q| q.subdimension.clone()),
        text_sha256: None,
    })
}

/// Without a checklist a short text says more than an id; it is the label where one judge asked one short text.
fn name_texts(answers: &Answers, has_checklist: bool, block: &mut Block) {
    if has_checklist || answers.judges.len() > 1 {
        return;
    }
    let mut texts: Vec<Option<usize>> = vec![None; answers.question_ids.len()];
    let mut several = vec![false; answers.question_ids.len()];
    for row in &answers.rows {
        if let Some(text) = row.text {
            several[row.question] |= texts[row.question].is_some_and(|first| first != text);
            texts[row.question] = Some(text);
        }
    }
    for (question, id) in answers.question_ids.iter().enumerate() {
        let text = texts[question].filter(|_| !several[question]).map(|text| answers.texts[text].trim());
        let Some(text) = text.filter(|t| !t.is_empty() && t.chars().count() <= LABEL_LENGTH) else { continue };
        if let Some(column) = block.columns.iter_mut().find(|column| column.id == *id) {
            text.clone_into(&mut column.label);
        }
    }
}

/// What the user should know about the gates; `asked` gives the question of the answers with an id.
fn say_gates(gates: &[Gate], asked: impl Fn(&str) -> Option<usize>, counts: GateCounts, block: &mut Block) {
    for gate in gates.iter().filter(|gate| asked(&gate.question).is_none()) {
        block.notes.push(format!(
            "gate \"{}\" was never asked, so the {} questions that it hides are missing everywhere",
            gate.question,
            gate.hides.len()
        ));
    }
    if !gates.is_empty() {
        block.notes.push(format!(
            "gates: {} answers masked by a closed gate, {} made missing by a missing one",
            counts.masked, counts.missing
        ));
    }
}
