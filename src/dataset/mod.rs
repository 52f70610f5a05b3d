//! Tables on disk → a checked [`Dataset`].

mod answers;
mod card;
mod delimited;
mod depends;
mod derive;
mod files;
mod frame;
pub(crate) mod groups;
pub mod import;
mod items;
mod jsonl;
mod manifest;
mod numeric;
mod pairs;
mod propose;
pub mod pull;
mod ratings;
mod read;
mod redact;
mod stream;
mod table;
mod tables;

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::checklist::Checklist;
use crate::problems::Problems;

pub use card::{AnswerKind, DataCard, DimensionCard, ScorerCard};
pub use frame::{BlobColumn, blobs_to_parquet, parquet_texts, to_parquet};
pub use propose::{Proposal, propose};
pub use read::{load, read};
pub use redact::redact;
pub use stream::{StreamFormat, StreamItem, StreamOptions, StreamSummary, read_stream};
pub use table::{Texts, Values};

/// Everything people and models have said, read, checked and linked by index.
///
/// Items, prompts, dimensions and questions are addressed by their position in the lists here.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// Name of the data set: `name` of the manifest, else the folder's name.
    pub name: String,
    /// True where the manifest says `simulated = true`; shown wherever the data appear.
    pub simulated: bool,
    /// The items.
    pub items: Items,
    /// The checklist that the manifest names, if it names one.
    pub checklist: Option<Checklist>,
    /// Judges' answers, if there is an `answers` table.
    pub answers: Option<Answers>,
    /// Ready-made numeric columns, if there is a `features` table.
    pub features: Option<NumericTable>,
    /// Human ratings; empty if there is no `ratings` table.
    pub ratings: Vec<Rating>,
    /// Human preferences: one entry per unordered pair of items and dimension, votes merged.
    pub pairs: Vec<Pair>,
    /// The rows of the `pairs` table one by one, as their annotators gave them; none where `pairs` were derived.
    pub ballots: Ballots,
    /// Every column of the `pairs` table that has no meaning of its own: name → value per entry of `pairs`, `None` where
    /// it is blank or where the rows of a pair differ.
    pub pair_attributes: BTreeMap<String, Vec<Option<String>>>,
    /// True where `pairs` were derived from mean ratings because there is no `pairs` table.
    pub pairs_derived: bool,
    /// Names of the dimensions that have pairs, in order of appearance.
    pub dimensions: Vec<String>,
    /// Cached scores of other scorers (baselines), if there is a `scores` table. Columns declared `invert` are
    /// already negated, so that higher is better everywhere.
    pub scores: Option<NumericTable>,
    /// What the manifest declares.
    pub manifest: Manifest,
    /// Warnings and notes met while reading (errors end in [`crate::Error::Data`]).
    pub problems: Problems,
    /// Files that were read.
    pub inputs: Vec<InputFile>,
}

/// The items and their prompts.
#[derive(Debug, Clone, Default)]
pub struct Items {
    /// Item ids, in file order.
    pub ids: Vec<String>,
    /// Prompt index of each item.
    pub prompt: Vec<usize>,
    /// Prompt ids, in order of first appearance.
    pub prompt_ids: Vec<String>,
    /// Prompt texts; empty text is `None`.
    pub prompt_texts: Vec<Option<String>>,
    /// Group of each prompt for folds and bootstrap: prompts with equal non-empty folded text share one.
    /// Groups are numbered from 0 in order of first appearance.
    pub prompt_group: Vec<usize>,
    /// Every other column of the table (generator among them): name → value per item.
    pub attributes: BTreeMap<String, Vec<Option<String>>>,
    /// Item index by id.
    pub by_id: HashMap<String, usize>,
}

impl Items {
    /// Number of items.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no item.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Group (folds, bootstrap) of an item.
    pub fn group(&self, item: usize) -> usize {
        self.prompt_group[self.prompt[item]]
    }
}

/// Judges' answers in long form.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    /// Distinct judges, in order of appearance; one nameless judge (`""`) where the table has no `judge` column.
    pub judges: Vec<String>,
    /// Distinct question ids, in order of appearance (wide tables: column order).
    pub question_ids: Vec<String>,
    /// Distinct question categories, in order of appearance.
    pub categories: Vec<String>,
    /// Distinct question texts, in order of appearance.
    pub texts: Vec<String>,
    /// The answers, in file order (wide tables: row by row).
    pub rows: Vec<Answer>,
    /// Positions in `rows` of the answers that were not understood (the other missing ones were blank).
    pub not_understood: Vec<usize>,
}

/// One answer of one judge.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Item index.
    pub item: usize,
    /// Index into [`Answers::question_ids`].
    pub question: usize,
    /// Index into [`Answers::judges`].
    pub judge: usize,
    /// P(yes) in [0, 1]; `None` where blank or not understood.
    pub p_yes: Option<f64>,
    /// Index into [`Answers::categories`].
    pub category: Option<usize>,
    /// Index into [`Answers::texts`].
    pub text: Option<usize>,
    /// Indices into [`Answers::question_ids`] of the questions this one depends on (same item, same judge).
    pub depends_on: Vec<usize>,
}

/// A wide table of numbers by item: ready-made features or cached scores.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NumericTable {
    /// Column names, in file order.
    pub names: Vec<String>,
    /// One column after another; one value per item of the data set, `None` where missing.
    pub columns: Vec<Vec<Option<f64>>>,
}

/// One rating.
#[derive(Debug, Clone, PartialEq)]
pub struct Rating {
    /// Item index.
    pub item: usize,
    /// Annotator, or slot, as named in the file.
    pub annotator: String,
    /// Dimension or sub-dimension, as named in the file.
    pub dimension: String,
    /// The value.
    pub value: f64,
}

/// Shares of the human votes on a pair: a better, tie, b better. They sum to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Votes {
    /// Share of votes for item a.
    pub a: f64,
    /// Share of ties.
    pub tie: f64,
    /// Share of votes for item b.
    pub b: f64,
}

impl Votes {
    /// The plurality: +1 item a, −1 item b, 0 tie; a draw of shares is a tie.
    pub fn plurality(self) -> i8 {
        if self.a > self.tie && self.a > self.b {
            1
        } else if self.b > self.tie && self.b > self.a {
            -1
        } else {
            0
        }
    }
}

/// Part of the data that a pair was assigned to by its author.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// For fitting.
    Train,
    /// For evaluation only.
    Test,
}

/// Two items of one prompt with the human verdict on one dimension.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// Id of the (first) row; derived pairs get `prompt~a~b`-like ids of their own.
    pub id: String,
    /// Index into [`Dataset::dimensions`].
    pub dimension: usize,
    /// Item index of the side shown first.
    pub a: usize,
    /// Item index of the other side.
    pub b: usize,
    /// Human votes as shares.
    pub votes: Votes,
    /// Number of votes behind the shares.
    pub voters: usize,
    /// Weight of the pair (mean of its rows' weights; 1 without a weight column).
    pub weight: f64,
    /// Train or test, where the table says so.
    pub split: Option<Split>,
    /// Human margin (signed, a − b), where the table gives it or ratings were averaged.
    pub margin: Option<f64>,
}

/// Native preference labels, row by row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ballots {
    /// Distinct annotators, in order of appearance; one nameless annotator (`""`) where the table has no such column.
    pub annotators: Vec<String>,
    /// The rows, grouped by pair in the order of [`Dataset::pairs`]; within a pair in file order.
    pub rows: Vec<Ballot>,
}

/// One annotator's label on one pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ballot {
    /// Index into [`Dataset::pairs`].
    pub pair: usize,
    /// Index into [`Ballots::annotators`].
    pub annotator: usize,
    /// +1 the pair's item a, −1 its item b, 0 tie.
    pub label: i8,
    /// Weight of the row.
    pub weight: f64,
    /// True where this row showed the pair's item b first.
    pub turned: bool,
}

impl Ballot {
    /// +1 where the side shown first was named, −1 where the other one was, 0 for a tie.
    pub fn first_side(&self) -> i8 {
        if self.turned { -self.label } else { self.label }
    }
}

impl Items {
    /// An attribute as numbers; `None` where there is no such attribute or a value that is not a finite number.
    pub fn numeric(&self, attribute: &str) -> Option<Vec<Option<f64>>> {
        let values = self.attributes.get(attribute)?;
        let number = |text: &String| text.trim().parse::<f64>().ok().filter(|x| x.is_finite());
        values.iter().map(|value| value.as_ref().map_or(Some(None), |text| number(text).map(Some))).collect()
    }
}

impl Dataset {
    /// Makes every answer a plain yes (P(yes) ≥ ½) or no, as scorers that know no probabilities read them.
    pub fn harden(&mut self) {
        for row in self.answers.iter_mut().flat_map(|answers| &mut answers.rows) {
            row.p_yes = row.p_yes.map(|p| f64::from(u8::from(p >= 0.5)));
        }
    }

    /// Index of the dimension with this name.
    pub fn dimension(&self, name: &str) -> Option<usize> {
        self.dimensions.iter().position(|d| d == name)
    }

    /// Indices of the pairs of one dimension, in file order.
    pub fn pairs_of(&self, dimension: usize) -> Vec<usize> {
        (0..self.pairs.len()).filter(|&p| self.pairs[p].dimension == dimension).collect()
    }

    /// Group (folds, bootstrap) of a pair: that of its prompt.
    pub fn group_of_pair(&self, pair: usize) -> usize {
        self.items.group(self.pairs[pair].a)
    }
}

/// `dataset.toml`: names that differ from the canonical ones, and what data cannot say.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Manifest {
    /// Name of the data set.
    pub name: Option<String>,
    /// Set by `headfit synth`: the data are simulated, and called so everywhere.
    pub simulated: bool,
    /// A preset (`visionreward-image`, `visionreward-video`) or a checklist TOML, relative to the manifest.
    pub checklist: Option<String>,
    /// Text file with one question a line, in the checklist's order, matched by order and hash.
    pub question_file: Option<String>,
    /// Which features to use where both `answers` and `features` exist: `table` (default), `answers` or `both`.
    pub features: Option<String>,
    /// File of each table where it is not `<table>.csv|.jsonl|.parquet`.
    pub files: BTreeMap<String, String>,
    /// Per table: canonical column → column in the file.
    pub columns: BTreeMap<String, BTreeMap<String, String>>,
    /// Label in the file → `a`, `b` or `tie`.
    pub labels: BTreeMap<String, String>,
    /// Per rating dimension: range and annotator identity.
    pub ratings: BTreeMap<String, RatingRule>,
    /// Group attributes derived from others.
    pub attributes: BTreeMap<String, DerivedAttribute>,
    /// Per scorer: direction and scale.
    pub scores: BTreeMap<String, ScoreRule>,
    /// Per feature (id, or a beginning and `*`): what its weight may be.
    pub weights: BTreeMap<String, WeightRule>,
}

/// What the manifest says of the weight of a feature, in original units.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WeightRule {
    /// Lowest weight, at most 0.
    pub lower: Option<f64>,
    /// Highest weight, at least 0.
    pub upper: Option<f64>,
    /// What λ is multiplied with for it; 0 = not penalised.
    pub penalty_factor: Option<f64>,
    /// The weight itself, not fitted.
    pub freeze: Option<f64>,
}

/// What the manifest says of one rating dimension.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RatingRule {
    /// Lowest and highest allowed value.
    pub range: Option<[f64; 2]>,
    /// Do annotator names stand for the same person throughout?
    pub persistent: Option<bool>,
}

/// A group attribute computed from another one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DerivedAttribute {
    /// Source attribute, for example `generator`.
    pub from: String,
    /// Source value → value of the new attribute; values that are not listed become missing.
    pub map: BTreeMap<String, String>,
}

/// What the manifest says of one scorer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ScoreRule {
    /// Lower is better: the column is negated on reading.
    pub invert: bool,
    /// Lowest and highest value of the scale.
    pub scale: Option<[f64; 2]>,
}

/// One file that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct InputFile {
    /// Table it holds (`items`, `answers`, …; `manifest` for `dataset.toml`).
    pub table: String,
    /// File name, relative to the data set's folder.
    pub file: String,
    /// Hex SHA-256 of the bytes.
    pub sha256: String,
    /// Number of data rows.
    pub rows: u64,
}

/// Where a data set's files are.
#[derive(Debug, Clone)]
pub enum Source {
    /// A folder on disk, with the manifest inside it unless another one is given.
    Folder {
        /// The folder.
        path: std::path::PathBuf,
        /// Manifest outside the folder (`--manifest`).
        manifest: Option<std::path::PathBuf>,
    },
    /// Files in memory: (file name, bytes).
    Memory {
        /// Name shown for the folder.
        name: String,
        /// The files.
        files: Vec<(String, Vec<u8>)>,
    },
    /// Files built into the program: (file name, bytes).
    Embedded {
        /// Name shown for the folder.
        name: &'static str,
        /// The files.
        files: &'static [(&'static str, &'static [u8])],
    },
}

/// Choices of the reader.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReadOptions {
    /// Unknown answer tokens are errors, not warnings.
    pub strict: bool,
}
