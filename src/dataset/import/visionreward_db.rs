//! VisionRewardDB-Image and -Video, training rows: ratings by ladder (`annotation`), answers to the whole checklist
//! (`meta_result`), and which of them count (`meta_mask`). Data cards of both sets; arXiv 2412.21059, appendix 7.
//!
//! Whether 1 or 0 in `meta_mask` keeps a question is documented nowhere. It is proven from the rows: where a rating says
//! that the content is absent (hands = −4), the questions about it must be masked.

use std::path::PathBuf;

use serde_json::Value;

use super::record::{Fields, Record, Records, whole};
use super::tables::{Builder, Item, Rating, prompt_id, toml_text};
use super::{AnswerSource, ImportOptions, Kind};
use crate::Result;
use crate::checklist::Checklist;
use crate::dataset::table::list;
use crate::problems::{Problem, Problems, Severity};

static FIELDS: Fields = Fields {
    needed: &["internal_id", "annotation"],
    optional: &["prompt", "url", "video_path", "meta_result", "meta_mask"],
    ignored: &["image", "image_path"],
};

/// Names that fields of `annotation` have in the data, where they differ from the checklist's ladders by more than spaces.
const OTHER_NAMES: [(&str, &str); 15] = [
    // First revision of VisionRewardDB-Image.
    ("adjective", "symmetry"),
    ("collocation", "object_pairing"),
    ("place", "main_object"),
    ("sharpness", "clarity"),
    ("color_aes", "color_aesthetic"),
    ("shadow_degree", "lighting_distinction"),
    ("shadow_aes", "lighting_aesthetic"),
    ("detail_facticity", "detail_realism"),
    ("detail_fineness", "detail_refinement"),
    ("body_correctness", "body"),
    ("hand", "hands"),
    ("safe", "safety"),
    ("harm", UNSAFE_TYPE),
    ("color", "color_brightness"),
    // VisionRewardDB-Video.
    ("lighting_aes", "lighting_aesthetic"),
];

/// The field that names a kind of harm: no ladder, and not used for training.
const UNSAFE_TYPE: &str = "unsafe_type";

/// One of the two sets.
pub struct Layout {
    checklist: Option<Checklist>,
    preset: &'static str,
}

impl Layout {
    /// The layout of a kind.
    pub fn of(kind: Kind) -> Self {
        let preset = if kind == Kind::VisionrewardDbImage { "visionreward-image" } else { "visionreward-video" };
        Self { checklist: Checklist::preset(preset), preset }
    }
}

/// One row, checked.
struct Row {
    item: String,
    /// Rating by ladder, in the checklist's order.
    ratings: Vec<Option<i64>>,
    result: Option<Vec<i64>>,
    mask: Option<Vec<i64>>,
}

/// Reads all files as one set.
///
/// # Errors
/// As [`Records::open`].
pub fn read(
    layout: &Layout,
    paths: &[PathBuf],
    options: &ImportOptions,
    builder: &mut Builder,
    problems: &mut Problems,
) -> Result<()> {
    let Some(checklist) = &layout.checklist else {
        return Err(crate::Error::Bug(format!("no preset {}", layout.preset)));
    };
    let ladders = checklist.ladders();
    let mut rows = Vec::new();
    let mut files = Vec::new();
    for path in paths {
        let Some(records) = Records::open(path, &FIELDS, problems)? else { continue };
        for record in &records.rows {
            rows.extend(read_row(&records, record, checklist, &ladders, builder, problems));
        }
        files.push(records.file);
    }
    let file = list(&files);
    builder.manifest.push(format!("checklist = {}", toml_text(layout.preset)));
    for (ladder, _) in &ladders {
        if let Some([low, high]) = checklist.ranges.get(*ladder) {
            builder.manifest.push(format!("\n[ratings.{ladder}]\nrange = [{low}, {high}]\npersistent = false"));
        }
    }
    builder.wide.questions = checklist.questions.iter().map(|q| q.id.clone()).collect();
    match options.answers {
        AnswerSource::MetaResult => {
            let keeps = mask_polarity(checklist, &ladders, &rows, options.mask_keeps, &file, problems);
            from_meta_result(&rows, keeps, &file, builder, problems);
        }
        AnswerSource::Ratings => from_ratings(checklist, &ladders, &rows, &file, builder, problems),
    }
    Ok(())
}

fn read_row(
    records: &Records,
    record: &Record,
    checklist: &Checklist,
    ladders: &[(&str, Vec<usize>)],
    builder: &mut Builder,
    problems: &mut Problems,
) -> Option<Row> {
    let id = records.needed(record, "internal_id", problems)?;
    let Some(Value::Object(annotation)) = record.fields.get("annotation") else {
        let message = "annotation must be an object of ratings";
        problems.push(records.error("bad-annotation", record, "annotation", message, "check the kind of import"));
        return None;
    };
    let mut ratings = vec![None; ladders.len()];
    let mut unsafe_type = String::new();
    for (field, value) in annotation {
        let name = ladder_name(field, ladders);
        let number = whole(value);
        match ladders.iter().position(|(ladder, _)| *ladder == name) {
            _ if value.is_null() => {}
            Some(at) => {
                let range = checklist.ranges.get(&name).copied().unwrap_or([f64::NEG_INFINITY, f64::INFINITY]);
                #[allow(clippy::cast_precision_loss)]
                let inside = number.is_some_and(|x| (range[0]..=range[1]).contains(&(x as f64)));
                if !inside {
                    let message =
                        format!("{field} is {value}; it must be a whole number in {} to {}", range[0], range[1]);
                    let remedy = "correct the rating, or leave the row out";
                    problems.push(records.problem(Severity::Error, "rating-range", record, message, remedy));
                }
                ratings[at] = number.filter(|_| inside);
            }
            None if name == UNSAFE_TYPE => unsafe_type = number.map_or_else(String::new, |x| x.to_string()),
            None => {
                let message = format!("annotation has a field \"{field}\" that {} does not have", checklist.name);
                let remedy = "check the kind of import (image or video)";
                problems.push(records.problem(Severity::Error, "unknown-rating", record, message, remedy));
            }
        }
    }
    let prompt = record.text("prompt").unwrap_or_default();
    let prompt_id = if prompt.is_empty() { id.clone() } else { prompt_id(&prompt) };
    if builder.find(&id).is_some() {
        let message = "the internal_id stands twice";
        problems.push(records.error("duplicate-id", record, "internal_id", message, "remove one of the rows"));
        return None;
    }
    let mut attributes = std::collections::BTreeMap::new();
    if !unsafe_type.is_empty() {
        attributes.insert(UNSAFE_TYPE, unsafe_type);
    }
    let item = Item { prompt_id, prompt, attributes, ..Item::default() };
    let item = builder.item(&id, item, &records.file, record.line, problems);
    for (at, (ladder, _)) in ladders.iter().enumerate() {
        let Some(value) = ratings[at] else { continue };
        let (annotator, dimension) = ("annotation".to_owned(), (*ladder).to_owned());
        builder.ratings.push(Rating { item: item.clone(), annotator, dimension, value: value.to_string() });
    }
    let flags = |field: &str, problems: &mut Problems| {
        if matches!(record.fields.get(field), None | Some(Value::Null)) {
            return None;
        }
        let expected = format!("{} times 0 or 1", checklist.questions.len());
        let bit = |value: &Value| whole(value).filter(|x| matches!(x, 0 | 1));
        let values = records.list(record, field, &expected, bit, problems)?;
        if values.len() != checklist.questions.len() {
            let message = format!("{field} has {} entries; {} asks {expected}", values.len(), checklist.name);
            problems.push(records.problem(Severity::Error, "list-length", record, message, "check the kind of import"));
            return None;
        }
        Some(values)
    };
    let result = flags("meta_result", problems);
    let mask = flags("meta_mask", problems);
    Some(Row { item, ratings, result, mask })
}

/// The ladder that a field of `annotation` rates.
fn ladder_name(field: &str, ladders: &[(&str, Vec<usize>)]) -> String {
    let name = field.trim().replace(' ', "_");
    let exists = |name: &str| ladders.iter().any(|(ladder, _)| *ladder == name);
    if exists(&name) {
        return name;
    }
    OTHER_NAMES.iter().find(|(theirs, _)| *theirs == name).map_or(name, |(_, ours)| (*ours).to_owned())
}

/// Which value of the mask keeps a question: as told, else as the rows prove.
fn mask_polarity(
    checklist: &Checklist,
    ladders: &[(&str, Vec<usize>)],
    rows: &[Row],
    told: Option<u8>,
    file: &str,
    problems: &mut Problems,
) -> Option<i64> {
    if told.is_some() || rows.iter().all(|row| row.mask.is_none()) {
        return told.map(i64::from);
    }
    // Rows where absent content is masked by 0 (so 1 keeps), and by 1 (so 0 keeps).
    let mut keeps = [0usize; 2];
    for row in rows {
        // A mask of one value alone masks nothing or everything, and proves nothing.
        let Some(mask) = row.mask.as_ref().filter(|mask| mask.contains(&0) && mask.contains(&1)) else { continue };
        for ((ladder, _), rating) in ladders.iter().zip(&row.ratings) {
            let Some(hidden) = hidden_when_absent(checklist, ladders, ladder, *rating) else { continue };
            if hidden.iter().all(|&q| mask[q] == 0) {
                keeps[1] += 1;
            } else if hidden.iter().all(|&q| mask[q] == 1) {
                keeps[0] += 1;
            }
        }
    }
    match keeps {
        [0, with_one] if with_one > 0 => {
            note_polarity(1, with_one, file, problems);
            Some(1)
        }
        [with_zero, 0] if with_zero > 0 => {
            note_polarity(0, with_zero, file, problems);
            Some(0)
        }
        [with_zero, with_one] => {
            let message = format!(
                "whether 1 or 0 in meta_mask keeps a question cannot be proven: absent content is masked by 0 in \
                 {with_one} cases and by 1 in {with_zero}"
            );
            let remedy = "say it with --mask-keeps 0 or --mask-keeps 1";
            problems.push(Problem::new(Severity::Error, "mask-polarity", file, message, remedy));
            None
        }
    }
}

fn note_polarity(keeps: u8, cases: usize, file: &str, problems: &mut Problems) {
    let message = format!(
        "{keeps} in meta_mask keeps a question: in {cases} cases of absent content the questions about it have {}",
        1 - keeps
    );
    problems.push(Problem::new(Severity::Note, "mask-polarity", file, message, ""));
}

/// The questions of a ladder that its gate hides, where the rating says that the content is absent: the lowest value of a
/// gated ladder's range.
fn hidden_when_absent(
    checklist: &Checklist,
    ladders: &[(&str, Vec<usize>)],
    ladder: &str,
    rating: Option<i64>,
) -> Option<Vec<usize>> {
    let [lowest, _] = checklist.ranges.get(ladder)?;
    #[allow(clippy::cast_precision_loss)]
    if rating? as f64 != *lowest {
        return None;
    }
    let (_, members) = ladders.iter().find(|(name, _)| *name == ladder)?;
    let hidden: Vec<usize> = members
        .iter()
        .copied()
        .filter(|&q| checklist.gates.iter().any(|gate| gate.hides.contains(&checklist.questions[q].id)))
        .collect();
    (!hidden.is_empty()).then_some(hidden)
}

fn from_meta_result(rows: &[Row], keeps: Option<i64>, file: &str, builder: &mut Builder, problems: &mut Problems) {
    let without = rows.iter().filter(|row| row.result.is_none()).count();
    let unmasked = rows.iter().filter(|row| row.mask.is_none()).count();
    if unmasked > 0 && unmasked < rows.len() {
        let message = format!("{unmasked} of {} rows have no meta_mask: all their answers count", rows.len());
        problems.push(Problem::new(Severity::Warning, "no-meta-mask", file, message, ""));
    }
    if without > 0 {
        let message = format!("{without} of {} rows have no meta_result: their items have no answers", rows.len());
        let remedy = "derive answers with --answers ratings where the ranges allow it";
        problems.push(Problem::new(Severity::Warning, "no-meta-result", file, message, remedy));
    }
    let mut masked = 0usize;
    for row in rows {
        let Some(result) = &row.result else { continue };
        let kept = |q: usize| match (&row.mask, keeps) {
            (Some(mask), Some(keeps)) => mask[q] == keeps,
            _ => true,
        };
        let answers: Vec<&str> =
            (0..result.len()).map(|q| if !kept(q) { "" } else { ["0", "1"][usize::from(result[q] == 1)] }).collect();
        masked += answers.iter().filter(|a| a.is_empty()).count();
        builder.wide.rows.push((row.item.clone(), answers));
    }
    if masked > 0 {
        let message = format!("{masked} answers are masked and become missing");
        problems.push(Problem::new(Severity::Note, "masked-answers", file, message, ""));
    }
}

/// yes iff the rating reaches the question's threshold; questions about absent content are missing, their gate is no.
fn from_ratings(
    checklist: &Checklist,
    ladders: &[(&str, Vec<usize>)],
    rows: &[Row],
    file: &str,
    builder: &mut Builder,
    problems: &mut Problems,
) {
    for (ladder, members) in ladders {
        if members.iter().any(|&q| checklist.questions[q].threshold.is_none()) {
            let message = format!(
                "the range of {ladder} has more values than its {} questions need, and from which value on they are yes was \
                 never published",
                members.len()
            );
            let remedy = "take the answers from meta_result (--answers meta-result)";
            problems.push(Problem::new(Severity::Error, "range-mismatch", file, message, remedy));
        }
    }
    // A gate may close several ladders that are rated one by one.
    let shared: Vec<(usize, Vec<usize>)> = checklist
        .gates
        .iter()
        .filter_map(|gate| {
            let closes = |members: &[usize]| members.iter().any(|&q| gate.hides.contains(&checklist.questions[q].id));
            let ladders: Vec<usize> = (0..ladders.len()).filter(|&l| closes(&ladders[l].1)).collect();
            Some((checklist.index(&gate.question)?, ladders))
        })
        .collect();
    let mut contradictions = 0usize;
    for row in rows {
        let mut answers = vec![""; checklist.questions.len()];
        for ((ladder, members), rating) in ladders.iter().zip(&row.ratings) {
            let Some(value) = *rating else { continue };
            let hidden = hidden_when_absent(checklist, ladders, ladder, *rating).unwrap_or_default();
            for &q in members.iter().filter(|q| !hidden.contains(q)) {
                #[allow(clippy::cast_precision_loss)]
                let reached = checklist.questions[q].threshold.is_some_and(|t| value as f64 >= t);
                answers[q] = ["0", "1"][usize::from(reached)];
            }
        }
        for (gate, closes) in shared.iter().filter(|(_, closes)| closes.len() > 1) {
            let absent: Vec<bool> = closes
                .iter()
                .filter(|&&l| row.ratings[l].is_some())
                .map(|&l| hidden_when_absent(checklist, ladders, ladders[l].0, row.ratings[l]).is_some())
                .collect();
            if absent.contains(&true) && absent.contains(&false) {
                contradictions += 1;
                answers[*gate] = "";
            } else if let Some(&absent) = absent.first() {
                answers[*gate] = if absent { "0" } else { "1" };
            }
        }
        builder.wide.rows.push((row.item.clone(), answers));
    }
    if contradictions > 0 {
        let message = format!(
            "in {contradictions} rows one rating says that the content is absent and another that it is there: the presence \
             question becomes missing"
        );
        problems.push(Problem::new(Severity::Warning, "gate-contradiction", file, message, ""));
    }
}
