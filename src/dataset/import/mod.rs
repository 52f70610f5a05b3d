//! Public data sets and judges' logs in the layouts of their makers → the tables of a data set.
//!
//! A reader knows the fields of its layout by name. A field it does not know, a value that the layout does not have, a
//! record that contradicts another: each is an error with its place, because a guess would turn into a label.

mod dsg;
mod genai_bench;
mod hpdv2;
mod judge_log;
mod pickapic;
mod rankings;
mod record;
mod tables;
mod videoalign;
mod visionreward_db;
mod visionreward_pairs;

use std::path::PathBuf;

use crate::Result;
use crate::dataset::Split;
use crate::problems::{Problem, Problems, Severity};

use record::Records;
use tables::Builder;

/// A layout that can be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// VisionRewardDB-Image: annotation, meta_result and meta_mask of one image a row (Parquet, or extracted JSONL)
    VisionrewardDbImage,
    /// VisionRewardDB-Video: annotation, meta_result and meta_mask of one video a row (Parquet, or extracted JSONL)
    VisionrewardDbVideo,
    /// VisionRewardDB-Video, regression and test splits: two videos and a standard_answer a row
    VisionrewardPairs,
    /// VideoAlign and VideoGen-RewardBench: path_A, path_B, prompt and VQ, MQ, TA, Overall as A, B or same (CSV)
    Videoalign,
    /// TIGER-Lab GenAI-Bench: left, right and vote_type (Parquet or JSONL)
    GenaiBench,
    /// HPDv2: train.json (human_preference of two images) and test.json (rank of several, by annotator)
    Hpdv2,
    /// Pick-a-Pic: caption, image_0_uid, image_1_uid and label_0 (Parquet)
    Pickapic,
    /// DSG and TIFA releases: answers of VQA models, Likert ratings and question annotations (CSV)
    Dsg,
    /// Rankings of several candidates: prompt_id, item_id and rank (1 = best), one candidate a row
    Rankings,
    /// Logs of a judge: one question a line with the log-probabilities of its first token (JSONL)
    JudgeLog,
}

/// Where VisionRewardDB's answers come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum AnswerSource {
    /// The column meta_result
    #[default]
    MetaResult,
    /// The ratings: yes where a rating reaches the question's place in its ladder
    Ratings,
}

/// What a layout cannot say itself.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportOptions {
    /// Where VisionRewardDB's answers come from.
    pub answers: AnswerSource,
    /// Which value of meta_mask keeps a question; `None` = proven from the rows.
    pub mask_keeps: Option<u8>,
    /// Split of the pairs; `None` = as the layout or the file name says.
    pub split: Option<Split>,
    /// What stands between item and question in a log's custom_id.
    pub separator: String,
    /// Share of the first token's probability that must lie on yes and no; below it the answer is missing.
    pub min_coverage: f64,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self {
            answers: AnswerSource::default(),
            mask_keeps: None,
            split: None,
            separator: "::".into(),
            min_coverage: 0.5,
        }
    }
}

/// The files of a data set, made from others.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// File name and content, ready for [`crate::output::write_folder`].
    pub files: Vec<(String, Vec<u8>)>,
    /// Rows by table, in the order of the tables.
    pub rows: Vec<(&'static str, usize)>,
    /// What was odd, and what was decided.
    pub problems: Problems,
    /// File and line that each pair came from, in the order of `pairs.csv`.
    pub pair_sources: Vec<(String, u64)>,
}

impl Imported {
    /// Says of every problem with a line of `pairs.csv` where that line came from: the user never saw the table.
    pub fn name_sources(&self, problems: &mut Problems) {
        problems.annotate(|problem| {
            // The head is line 1, and no cell of the table holds a line break: ids are checked, labels are words.
            let pair = usize::try_from(problem.row?).ok()?.checked_sub(2)?;
            let (file, line) = self.pair_sources.get(pair).filter(|_| problem.file == "pairs.csv")?;
            Some(format!("it came from {file}:{line}"))
        });
    }
}

/// Reads `paths` in the layout `kind` and makes the tables of a data set of them. `name` becomes its name.
///
/// # Errors
/// [`crate::Error::Io`] where a file cannot be read; [`crate::Error::Data`] with everything that the layout does not allow.
pub fn import(kind: Kind, paths: &[PathBuf], name: &str, options: &ImportOptions) -> Result<Imported> {
    let mut problems = Problems::default();
    let mut builder = Builder::default();
    match kind {
        Kind::VisionrewardDbImage | Kind::VisionrewardDbVideo => {
            let layout = visionreward_db::Layout::of(kind);
            visionreward_db::read(&layout, paths, options, &mut builder, &mut problems)?;
        }
        Kind::Dsg => dsg::read(paths, &mut builder, &mut problems)?,
        _ => {
            for path in paths {
                read_one(kind, path, options, &mut builder, &mut problems)?;
            }
        }
    }
    if builder.is_empty() && !problems.has_errors() {
        let file = paths.first().map_or_else(String::new, |p| p.display().to_string());
        problems.push(Problem::new(
            Severity::Error,
            "nothing-imported",
            file,
            "no record could be used",
            "check that the files and the kind of import belong together",
        ));
    }
    builder.finish(name, problems)
}

/// The layouts whose files can be read one after the other.
fn read_one(
    kind: Kind,
    path: &std::path::Path,
    options: &ImportOptions,
    builder: &mut Builder,
    problems: &mut Problems,
) -> Result<()> {
    let fields = match kind {
        Kind::VisionrewardPairs => &visionreward_pairs::FIELDS,
        Kind::Videoalign => &videoalign::FIELDS,
        Kind::GenaiBench => &genai_bench::FIELDS,
        Kind::Hpdv2 => &hpdv2::FIELDS,
        Kind::Pickapic => &pickapic::FIELDS,
        Kind::Rankings => &rankings::FIELDS,
        _ => &judge_log::FIELDS,
    };
    let Some(records) = Records::open(path, fields, problems)? else { return Ok(()) };
    match kind {
        Kind::VisionrewardPairs => visionreward_pairs::read(&records, options, builder, problems),
        Kind::Videoalign => videoalign::read(&records, options, builder, problems),
        Kind::GenaiBench => genai_bench::read(&records, options, builder, problems),
        Kind::Hpdv2 => hpdv2::read(&records, options, builder, problems),
        Kind::Pickapic => pickapic::read(&records, options, builder, problems),
        Kind::Rankings => rankings::read(&records, options, builder, problems),
        _ => judge_log::read(&records, options, builder, problems),
    }
    Ok(())
}
