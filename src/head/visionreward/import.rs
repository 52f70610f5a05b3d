//! Weight file and question file → a heads file with one head.

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::questions::QuestionFile;
use super::{Form, Release};
use crate::checklist::Checklist;
use crate::dataset::InputFile;
use crate::features::{Coding, Column, ColumnKind, FeatureSource, Layout, Missing, Preparation};
use crate::fit::{Certificate, Method, OutcomeModel, Ties};
use crate::head::{Head, HeadsFile, Imported, Provenance};
use crate::problems::{Problem, Problems, Severity};
use crate::{Error, Result, output};

/// Choices of [`import`].
#[derive(Debug, Clone, PartialEq)]
pub struct ImportOptions {
    /// Dimension that the head gets.
    pub dimension: String,
    /// Scorer column (of the `scores` table) that holds the alignment score of images.
    pub alignment: String,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self { dimension: "overall".to_owned(), alignment: "vqascore".to_owned() }
    }
}

/// The JSON of an image weight file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ImageWeights {
    coef: Vec<f64>,
    intercept: Vec<f64>,
}

/// Weights as they stand in a file.
struct Raw {
    weights: Vec<f64>,
    intercept: f64,
    object: bool,
}

/// Reads VisionReward's weight file and the question file that belongs to it. `weights` and `questions` are (name, bytes).
/// Every weight is bound to a question by the hash of its text; nothing is taken by position alone.
///
/// # Errors
/// [`Error::Data`] naming every line that does not fit: another number of weights than of questions, reworded, foreign,
/// repeated and misplaced questions, weights that are no numbers.
pub fn import(weights: (&str, &[u8]), questions: (&str, &[u8]), options: &ImportOptions) -> Result<HeadsFile> {
    let raw = parse(weights.0, weights.1)?;
    let file = QuestionFile::parse(questions.1, questions.0)?;
    let checklist = recognise(&file)?;
    let found = file.identify(&checklist).map_err(|problems| Error::Data(Box::new(problems)))?;
    let form = form_of(&raw, &checklist, &found);
    refuse_shape(weights.0, &raw, &checklist)?;
    refuse_count(weights.0, &raw, &file, &checklist, &found, form)?;
    let files = [("weights", weights), ("questions", questions)].map(|(table, (name, bytes))| InputFile {
        table: table.to_owned(),
        file: name.to_owned(),
        sha256: output::hex(&Sha256::digest(bytes)),
        rows: if table == "weights" { raw.weights.len() as u64 } else { file.lines.len() as u64 },
    });
    let mut head = head(form, &found, raw.weights, options)?;
    let origin = Imported { layout: form.name().to_owned(), files: files.to_vec(), intercept: raw.intercept };
    head.imported = Some(origin);
    let provenance = Provenance {
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        dataset: format!("VisionReward ({})", form.name()),
        simulated: false,
        inputs: files.to_vec(),
        seed: 0,
        options: [("coding".to_owned(), "signed".to_owned())].into(),
    };
    Ok(HeadsFile::new(vec![head], provenance))
}

/// A head of `weights` on the questions `found` (indices into the form's checklist, gates included), alignment first
/// where the form has it.
///
/// # Errors
/// [`Error::Bug`] where the number of weights is not that of columns.
pub fn head(form: Form, found: &[usize], weights: Vec<f64>, options: &ImportOptions) -> Result<Head> {
    let checklist =
        Checklist::preset(form.preset()).ok_or_else(|| Error::Bug("a built-in checklist is missing".to_owned()))?;
    let is_gate = |q: &usize| form.has_alignment() && checklist.gate(&checklist.questions[*q].id).is_some();
    let mut columns = Vec::new();
    if form.has_alignment() {
        columns.push(alignment_column(&options.alignment));
    }
    columns.extend(found.iter().filter(|q| !is_gate(q)).map(|&q| question_column(&checklist, q)));
    let n = columns.len();
    if weights.len() != n {
        return Err(Error::Bug(format!("{} weights for {n} columns", weights.len())));
    }
    let fills = columns.iter().map(|c| if c.kind == ColumnKind::Score { 0.5 } else { 0.0 }).collect();
    Ok(Head {
        dimension: options.dimension.clone(),
        weights,
        intervals: Vec::new(),
        marginal: vec![None; n],
        coding: Coding::Signed,
        source: FeatureSource::Answers,
        layout: Some(Layout::Fixed),
        gates: Some(form.gates(&checklist)),
        imported: None,
        preparation: Preparation { missing: Missing::Neutral, fills, scales: vec![1.0; n] },
        method: Method::default(),
        outcomes: OutcomeModel::default(),
        details: None,
        ties: Ties::Drop,
        tie_threshold: 0.0,
        lambda: 0.0,
        lambda_max: 0.0,
        rule: None,
        curve: Vec::new(),
        certificate: Certificate {
            kkt: 0.0,
            objective: 0.0,
            loss: 0.0,
            gap: None,
            gap_reason: Some("the weights were imported, not fitted here".to_owned()),
            iterations: 0,
            converged: false,
        },
        quantiles: Vec::new(),
        pairs: 0,
        groups: 0,
        prompts: Vec::new(),
        notes: notes(form, options),
        columns,
    })
}

/// As [`import`], but to the plain numbers that the released scorers work on.
///
/// # Errors
/// As [`import`].
pub fn release(weights: (&str, &[u8]), questions: (&str, &[u8])) -> Result<Release> {
    let raw = parse(weights.0, weights.1)?;
    let file = QuestionFile::parse(questions.1, questions.0)?;
    let checklist = recognise(&file)?;
    let found = file.identify(&checklist).map_err(|problems| Error::Data(Box::new(problems)))?;
    let form = form_of(&raw, &checklist, &found);
    refuse_shape(weights.0, &raw, &checklist)?;
    refuse_count(weights.0, &raw, &file, &checklist, &found, form)?;
    let ids: Vec<String> = found.iter().map(|&q| checklist.questions[q].id.clone()).collect();
    Ok(Release::new(form, ids, raw.weights, raw.intercept, &form.gates(&checklist)))
}

fn parse(file: &str, bytes: &[u8]) -> Result<Raw> {
    let problem = |rule, message: String, remedy: &str| Problem::new(Severity::Error, rule, file, message, remedy);
    let remedy =
        "give VisionReward's weight.json or weight_select.json: an object with `coef` and `intercept`, or a list";
    let unreadable = |e: serde_json::Error| {
        Error::data(problem("weight-file", format!("not a weight file: {e}"), remedy).at(e.line() as u64))
    };
    let text: String = String::from_utf8_lossy(bytes).trim_start_matches('\u{feff}').to_owned();
    let raw = if text.trim_start().starts_with('[') {
        Raw { weights: serde_json::from_str(&text).map_err(unreadable)?, intercept: 0.0, object: false }
    } else {
        let read: ImageWeights = serde_json::from_str(&text).map_err(unreadable)?;
        let [intercept] = read.intercept[..] else {
            let message = format!("`intercept` holds {} numbers, not one", read.intercept.len());
            return Err(Error::data(problem("weight-file", message, "one head has one intercept")));
        };
        Raw { weights: read.coef, intercept, object: true }
    };
    if raw.weights.is_empty() {
        return Err(Error::data(problem("weight-file", "the file holds no weight".to_owned(), remedy)));
    }
    if !raw.weights.iter().map(|w| w.abs()).sum::<f64>().is_finite() {
        let message = "the weights are so large that a score overflows".to_owned();
        return Err(Error::data(problem("weight-file", message, remedy)));
    }
    Ok(raw)
}

/// The built-in checklist that most lines belong to.
fn recognise(file: &QuestionFile) -> Result<Checklist> {
    let presets = ["visionreward-image", "visionreward-video"].into_iter().filter_map(Checklist::preset);
    let best = presets.max_by_key(|checklist| file.known(checklist));
    let checklist = best.ok_or_else(|| Error::Bug("no built-in checklist".to_owned()))?;
    if file.known(&checklist) == 0 {
        let message = "no line is a question of VisionReward's image or video checklist";
        let remedy = "give the question file that was released with the weights";
        return Err(Error::data(Problem::new(Severity::Error, "question-unknown", &file.file, message, remedy)));
    }
    Ok(checklist)
}

fn form_of(raw: &Raw, checklist: &Checklist, found: &[usize]) -> Form {
    match checklist.name.as_str() {
        "visionreward-video" => Form::Video,
        // The whole list, or so many weights that only the whole list can be meant.
        _ if found.len() == checklist.questions.len() || raw.weights.len() > 1 + super::IMAGE_SELECT.len() => {
            Form::Image
        }
        _ => Form::ImageSelect,
    }
}

/// An object holds image weights, a bare list video weights.
fn refuse_shape(file: &str, raw: &Raw, checklist: &Checklist) -> Result<()> {
    let video = checklist.name == "visionreward-video";
    if raw.object != video {
        return Ok(());
    }
    let (weights, questions) = if video { ("image", "video") } else { ("video", "image") };
    let message = format!(
        "the weights have the layout of {weights} weights, the questions are those of the {questions} checklist"
    );
    let remedy = "give the question file that belongs to the weights";
    Err(Error::data(Problem::new(Severity::Error, "weight-layout", file, message, remedy)))
}

/// Refuses another number of weights than the question file calls for, and says which lines make the difference.
fn refuse_count(
    weights_file: &str,
    raw: &Raw,
    file: &QuestionFile,
    checklist: &Checklist,
    found: &[usize],
    form: Form,
) -> Result<()> {
    let id = |q: usize| checklist.questions[q].id.as_str();
    let gate = |id: &str| form.has_alignment() && checklist.gate(id).is_some();
    let extra = usize::from(form.has_alignment());
    let gates = found.iter().filter(|&&q| gate(id(q))).count();
    let expected = extra + found.len() - gates;
    if raw.weights.len() == expected {
        return Ok(());
    }
    let mut problems = Problems::default();
    let alignment = if extra == 1 { "the alignment score and " } else { "" };
    let message = format!(
        "{} weights, but {} calls for {expected}: {alignment}{} questions ({gates} of its {} lines are gates, which carry no weight)",
        raw.weights.len(),
        file.file,
        found.len() - gates,
        found.len()
    );
    let remedy = "give the question file that was released with these weights";
    problems.push(Problem::new(Severity::Error, "weight-count", weights_file, message, remedy));
    // Which released list has so many weights? Its difference to the file is what the user is looking for.
    let forms = [Form::Image, Form::ImageSelect, Form::Video].into_iter().filter(|f| f.preset() == form.preset());
    let meant = forms
        .map(|f| (f.questions_file(), f.released_ids(checklist)))
        .find(|(_, ids)| extra + ids.iter().filter(|id| !gate(id)).count() == raw.weights.len());
    if let Some((name, ids)) = meant {
        for (line, &q) in file.lines.iter().zip(found).filter(|(_, q)| !ids.iter().any(|known| known == id(**q))) {
            let message = format!("question \"{}\" is not in {name}, which has {} weights", id(q), raw.weights.len());
            let problem = Problem::new(Severity::Error, "question-extra", &file.file, message, "remove the line");
            problems.push(problem.at(line.number).cell("question", &line.text));
        }
        for missing in ids.iter().filter(|known| !found.iter().any(|&q| id(q) == known.as_str())) {
            let label = checklist.index(missing).map_or("", |q| checklist.questions[q].label.as_str());
            let message = format!("question \"{missing}\" ({label}) of {name} has no line");
            problems.push(Problem::new(Severity::Error, "question-missing", &file.file, message, "add it"));
        }
    }
    Err(Error::Data(Box::new(problems)))
}

fn alignment_column(name: &str) -> Column {
    Column {
        id: name.to_owned(),
        label: "alignment (VQAScore)".to_owned(),
        kind: ColumnKind::Score,
        dimension: Some("alignment".to_owned()),
        subdimension: Some("alignment".to_owned()),
        text_sha256: None,
    }
}

fn question_column(checklist: &Checklist, q: usize) -> Column {
    let question = &checklist.questions[q];
    Column {
        id: question.id.clone(),
        label: question.label.clone(),
        kind: ColumnKind::Question,
        dimension: Some(question.dimension.clone()),
        subdimension: Some(question.subdimension.clone()),
        text_sha256: question.text_sha256.clone(),
    }
}

fn notes(form: Form, options: &ImportOptions) -> Vec<String> {
    let mut notes = vec![
        "Imported weights: no certificate, no intervals, no training scores, so there are no percentiles.".to_owned(),
        "Chances take the weights as fitted on ±1 answers; nobody has published whether they were.".to_owned(),
    ];
    if form.has_alignment() {
        notes.push(format!(
            "The alignment score is read from the column \"{}\" of the scores table (VQAScore, clip-flant5-xxl, in the release); \
             where it is missing, 0.5 stands in.",
            options.alignment
        ));
        notes.push(
            "Gates as in the release: without a body (1) the harmfulness questions 58 and 59 count as neither yes nor no."
                .to_owned(),
        );
    }
    notes
}
