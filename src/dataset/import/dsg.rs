//! The files of the DSG release (arXiv 2310.18235; j-min/DSG): answers of VQA models to per-prompt questions, 1 to 5 Likert
//! ratings of text–image consistency, and annotations of the questions. Files are told apart by their columns.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::record::{Fields, Records};
use super::tables::{Answer, Builder, Item, Rating};
use crate::Result;
use crate::problems::{Problem, Problems, Severity};

/// All columns of the three kinds of file; each kind's own are checked when it is known.
static FIELDS: Fields = Fields {
    needed: &["item_id"],
    optional: &[
        "dsg_prompt_split",
        "qg_model",
        "t2i_model",
        "question",
        "question_id",
        "dependency_id",
        "answer",
        "source_id",
        "worker_id",
        "text",
        "proposition_id",
        "category_broad",
        "question_natural_language",
    ],
    ignored: &["keywords", "dependency", "category_detailed", "tuple"],
};

/// Question categories and prompt texts from annotation files.
#[derive(Default)]
struct Annotations {
    /// Prompt text by item id.
    texts: BTreeMap<String, String>,
    /// Category by item id and question number.
    categories: BTreeMap<(String, String), String>,
}

/// Reads all files as one set: annotations first, since answers need them.
///
/// # Errors
/// As [`Records::open`].
pub fn read(paths: &[PathBuf], builder: &mut Builder, problems: &mut Problems) -> Result<()> {
    let mut files = Vec::new();
    let mut annotations = Annotations::default();
    for path in paths {
        let Some(records) = Records::open(path, &FIELDS, problems)? else { continue };
        match records
            .rows
            .first()
            .map(|row| ["proposition_id", "worker_id", "question_id"].map(|f| row.fields.contains_key(f)))
        {
            Some([true, ..]) => read_annotations(&records, &mut annotations, problems),
            Some(_) => files.push((path.as_path(), records)),
            None => {}
        }
    }
    for (path, records) in files {
        let has = |field: &str| records.rows.first().is_some_and(|row| row.fields.contains_key(field));
        match () {
            () if has("worker_id") && has("t2i_model") && has("answer") => read_ratings(&records, builder, problems),
            () if has("question_id") && has("t2i_model") && has("answer") => {
                read_answers(&records, &judge(path), &annotations, builder, problems);
            }
            () => {
                let message = "the columns are those of no file of the DSG release: answers have question_id, ratings have \
                               worker_id, annotations have proposition_id";
                let remedy = "check the kind of import";
                problems.push(Problem::new(Severity::Error, "unknown-layout", &records.file, message, remedy));
            }
        }
    }
    builder.name_prompts(&annotations.texts);
    if !builder.ratings.is_empty() {
        builder.manifest.push("\n[ratings.alignment]\nrange = [1, 5]\npersistent = true".into());
    }
    Ok(())
}

/// The judge's name: the file is called `<judge>_<question set>.csv`.
fn judge(path: &Path) -> String {
    let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    stem.rsplit_once('_').map_or(stem.clone(), |(judge, _)| judge.to_owned())
}

fn read_annotations(records: &Records, annotations: &mut Annotations, problems: &mut Problems) {
    for row in &records.rows {
        let Some(item) = records.needed(row, "item_id", problems) else { continue };
        if let Some(text) = row.text("text") {
            annotations.texts.insert(item.clone(), text);
        }
        if let (Some(number), Some(category)) = (row.text("proposition_id"), row.text("category_broad")) {
            annotations.categories.insert((item, number), category);
        }
    }
}

/// The image that a generator made for a prompt.
fn image(
    records: &Records,
    row: &super::record::Record,
    builder: &mut Builder,
    problems: &mut Problems,
) -> Option<(String, String)> {
    let prompt_id = records.needed(row, "item_id", problems)?;
    let generator = records.needed(row, "t2i_model", problems)?;
    let mut attributes = BTreeMap::new();
    if let Some(source) = row.text("source_id") {
        attributes.insert("source_id", source);
    }
    let name = format!("{prompt_id}__{generator}");
    let item = Item { prompt_id: prompt_id.clone(), generator, attributes, ..Item::default() };
    Some((builder.item(&name, item, &records.file, row.line, problems), prompt_id))
}

fn read_ratings(records: &Records, builder: &mut Builder, problems: &mut Problems) {
    for row in &records.rows {
        let Some((item, _)) = image(records, row, builder, problems) else { continue };
        let Some(annotator) = records.needed(row, "worker_id", problems) else { continue };
        let Some(value) = row.number("answer").filter(|v| (1.0..=5.0).contains(v)) else {
            let message = "a Likert rating must be a number from 1 to 5";
            problems.push(records.error("rating-range", row, "answer", message, "correct the value"));
            continue;
        };
        builder.ratings.push(Rating { item, annotator, dimension: "alignment".into(), value: value.to_string() });
    }
}

/// Answers are kept as the judge said them: the reader of the data set counts those that are neither yes nor no.
fn read_answers(
    records: &Records,
    judge: &str,
    annotations: &Annotations,
    builder: &mut Builder,
    problems: &mut Problems,
) {
    for row in &records.rows {
        let Some((item, prompt)) = image(records, row, builder, problems) else { continue };
        let Some(number) = records.needed(row, "question_id", problems) else { continue };
        let set = row.text("qg_model").unwrap_or_else(|| "q".into());
        let text = |field: &str| row.text(field).unwrap_or_default();
        builder.answers.push(Answer {
            item,
            question_id: format!("{set}{number}"),
            answer: text("answer"),
            question: text("question"),
            category: annotations.categories.get(&(prompt, number)).cloned().unwrap_or_default(),
            judge: judge.to_owned(),
            depends_on: text("dependency_id"),
            coverage: String::new(),
        });
    }
}
