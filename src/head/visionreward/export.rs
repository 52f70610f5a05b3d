//! A head → weight file and question file in the layout of the release.

use std::collections::BTreeMap;

use serde_json::json;

use super::questions::{QuestionFile, position};
use super::{Form, IMAGE_SELECT};
use crate::checklist::Checklist;
use crate::features::{Coding, ColumnKind};
use crate::head::Head;
use crate::problems::{Problem, Problems, Severity};
use crate::{Error, Result, output};

/// Files of an export, and what their scores have to do with the head's.
#[derive(Debug, Clone, PartialEq)]
pub struct Export {
    /// Name and bytes of each file.
    pub files: Vec<(String, Vec<u8>)>,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// Writes `head` in the layout `form`. The files hold full question texts, which a head does not: they are taken from
/// `texts` by hash.
///
/// # Errors
/// [`Error::Usage`] where the layout cannot carry the head (log-odds, several judges, columns that are no questions);
/// [`Error::Data`] naming every question with a weight that the layout has no place for or gates differently, and every
/// text that is missing.
pub fn export(head: &Head, form: Form, texts: &[QuestionFile]) -> Result<Export> {
    let checklist =
        Checklist::preset(form.preset()).ok_or_else(|| Error::Bug("a built-in checklist is missing".to_owned()))?;
    refuse_coding(head)?;
    let mut problems = Problems::default();
    let alignment = columns(head, form, &checklist, &mut problems);
    compare_gates(head, form, &checklist, &mut problems);
    let ids = lines(head, form, &checklist);
    let questions = question_lines(&ids, &checklist, texts, &mut problems);
    if problems.has_errors() {
        return Err(Error::Data(Box::new(problems)));
    }
    // ½ (x + 1) = 0/1: a weight on 0/1 answers is worth half on ±1 answers, and a constant.
    let half = if head.coding == Coding::Unit { 0.5 } else { 1.0 };
    let weight = |id: &str| head.columns.iter().position(|c| c.id == *id).map_or(0.0, |j| head.weights[j]);
    let gate = |id: &str| form.has_alignment() && checklist.gate(id).is_some();
    let mut weights: Vec<f64> = alignment.into_iter().collect();
    weights.extend(ids.iter().filter(|id| !gate(id)).map(|id| half * weight(id)));
    let constant: f64 = match head.coding {
        Coding::Unit => ids.iter().filter(|id| !gate(id)).map(|id| 0.5 * weight(id)).sum(),
        Coding::Signed | Coding::Logit => 0.0,
    };
    let intercept = constant + head.imported.as_ref().map_or(0.0, |imported| imported.intercept);
    let value = if form == Form::Video { json!(weights) } else { json!({ "coef": weights, "intercept": [intercept] }) };
    let mark = json!({ "written_by": "headfit head export", "form": form.name(), "dimension": head.dimension });
    let json = |value: &serde_json::Value| {
        let mut bytes = serde_json::to_vec(value).map_err(|e| Error::Bug(format!("weights: {e}")))?;
        bytes.push(b'\n');
        Ok::<_, Error>(bytes)
    };
    Ok(Export {
        files: vec![
            (form.weights_file().to_owned(), json(&value)?),
            (form.questions_file().to_owned(), format!("{}\n", questions.join("\n")).into_bytes()),
            (output::FOLDER_MARK.to_owned(), json(&mark)?),
        ],
        notes: notes(head, form, ids.len(), constant),
    })
}

fn refuse_coding(head: &Head) -> Result<()> {
    if head.coding == Coding::Logit {
        return Err(Error::Usage(
            "this head reads log-odds (--coding logit); VisionReward's scorers know yes and no only. Refit with \
             --coding signed or unit"
                .to_owned(),
        ));
    }
    Ok(())
}

/// Checks that every column with a weight has a place in the form; the weight of the alignment score where the form has
/// one.
fn columns(head: &Head, form: Form, checklist: &Checklist, problems: &mut Problems) -> Option<f64> {
    let mut alignment = form.has_alignment().then_some(0.0);
    let mut scorers = 0;
    for (column, &weight) in head.columns.iter().zip(&head.weights).filter(|(_, w)| **w != 0.0) {
        let mut refuse = |rule, message: String, remedy: &str| {
            problems
                .push(Problem::new(Severity::Error, rule, "heads.json", message, remedy).cell("question", &column.id));
        };
        match (column.kind, checklist.index(&column.id)) {
            (ColumnKind::Score, _) if form.has_alignment() && scorers == 0 => {
                scorers += 1;
                alignment = Some(weight);
            }
            (ColumnKind::Question, Some(q)) => {
                let known = checklist.questions[q].text_sha256.as_deref();
                if column.text_sha256.as_deref().is_some_and(|hash| Some(hash) != known) {
                    let message =
                        format!("the head's question has another text than {} has under this id", checklist.name);
                    refuse("question-text", message, "export under the checklist that was asked");
                } else if form == Form::ImageSelect && !IMAGE_SELECT.contains(&column.id.as_str()) {
                    let message = format!(
                        "weight {weight} on a question that the selection of 30 lines, whose gates go by position, has no line for"
                    );
                    refuse("no-place", message, "use --form image, or refit with the questions of the selection");
                }
            }
            _ => {
                let message = format!("weight {weight} on a column that is no question of {}", checklist.name);
                refuse(
                    "no-place",
                    message,
                    "only heads on VisionReward's own questions, of one judge, have this layout",
                );
            }
        }
    }
    alignment
}

/// Refuses a head whose weights are gated otherwise than the released scorer would gate them.
fn compare_gates(head: &Head, form: Form, checklist: &Checklist, problems: &mut Problems) {
    let ours = head.gates.as_deref().unwrap_or(&checklist.gates);
    let theirs = form.gates(checklist);
    for (column, _) in head.columns.iter().zip(&head.weights).filter(|(_, w)| **w != 0.0) {
        let hidden = |gates: &[crate::checklist::Gate]| -> Vec<String> {
            let by = gates.iter().filter(|gate| gate.hides.contains(&column.id));
            by.map(|gate| gate.question.clone()).collect()
        };
        let (mine, released) = (hidden(ours), hidden(&theirs));
        if mine != released {
            let name = |gates: &[String]| if gates.is_empty() { "no gate".to_owned() } else { gates.join(", ") };
            let message = format!(
                "the head hides this question by {}, the released scorer by {}: their scores would differ",
                name(&mine),
                name(&released)
            );
            let remedy = "refit on the checklist visionreward-image-release, which has the release's gates";
            problems.push(
                Problem::new(Severity::Error, "gate-differs", "heads.json", message, remedy)
                    .cell("question", &column.id),
            );
        }
    }
}

/// Ids of the lines of the question file: the released list, or for videos the questions that have a weight.
fn lines(head: &Head, form: Form, checklist: &Checklist) -> Vec<String> {
    if form.has_alignment() {
        return form.released_ids(checklist);
    }
    let weighted = |id: &str| head.columns.iter().zip(&head.weights).any(|(c, &w)| c.id == id && w != 0.0);
    checklist.questions.iter().map(|q| q.id.clone()).filter(|id| weighted(id)).collect()
}

fn question_lines(
    ids: &[String],
    checklist: &Checklist,
    texts: &[QuestionFile],
    problems: &mut Problems,
) -> Vec<String> {
    let known: BTreeMap<usize, &str> = texts
        .iter()
        .flat_map(|file| &file.lines)
        .filter_map(|line| Some((position(checklist, &line.hash)?, line.text.as_str())))
        .collect();
    let mut lines = Vec::new();
    for id in ids {
        let Some(q) = checklist.index(id) else { continue };
        match known.get(&q) {
            Some(text) => lines.push((*text).to_owned()),
            None => {
                let message = format!("the text of question \"{id}\" ({}) is not known", checklist.questions[q].label);
                let remedy = "give the released question file with --questions";
                problems.push(Problem::new(Severity::Error, "question-text", "--questions", message, remedy));
            }
        }
    }
    lines
}

fn notes(head: &Head, form: Form, lines: usize, constant: f64) -> Vec<String> {
    let mut notes = Vec::new();
    if form == Form::Video {
        notes.push(format!(
            "the released scorer takes the mean over the {lines} questions of this file: its scores are this head's divided by {lines}"
        ));
        if constant != 0.0 {
            notes.push(format!(
                "fitted on 0/1 answers: the file holds half of each weight, and its scores lack the constant {constant:.6}; \
                 every comparison stays the same"
            ));
        }
    } else if constant != 0.0 {
        notes.push("fitted on 0/1 answers: the file holds half of each weight, and the rest as intercept".to_owned());
    }
    if head.tie_threshold > 0.0 {
        notes.push(format!(
            "the tie threshold {:.4} has no place in the file: the released scorers know no tie",
            head.tie_threshold
        ));
    }
    notes
}
