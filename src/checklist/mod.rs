//! The checklist as a checked object: dimensions, sub-dimensions, ladders and gates.

mod parse;
mod presets;
mod texts;
mod validate;

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::problems::Problems;

pub use texts::PROMPT_MARK;

/// A checked hierarchy of yes/no questions. Read it with [`Checklist::from_toml`] or take a preset.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Checklist {
    /// Name, for example `visionreward-video`.
    pub name: String,
    /// Dimension ids in order of appearance.
    pub dimensions: Vec<String>,
    /// Questions in the judge's order; within a ladder hardest first.
    pub questions: Vec<Question>,
    /// Presence questions and what they switch off.
    pub gates: Vec<Gate>,
    /// Lowest and highest human rating by sub-dimension id, where known.
    pub ranges: BTreeMap<String, [f64; 2]>,
    /// Question index by id.
    #[serde(skip)]
    pub(crate) by_id: HashMap<String, usize>,
}

/// One yes/no question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// Unique id, as in the answers table.
    pub id: String,
    /// Short label of our own, for charts and tables.
    pub label: String,
    /// Full text as the judge was asked, where known.
    pub text: Option<String>,
    /// Hex SHA-256 of the text (trimmed, NFC), where known.
    pub text_sha256: Option<String>,
    /// Dimension id.
    pub dimension: String,
    /// Sub-dimension id: the name of the ladder.
    pub subdimension: String,
    /// Place in the ladder, 0 = hardest.
    pub rank: usize,
    /// The rating from which on the answer is yes, where known.
    pub threshold: Option<f64>,
}

/// A presence question that switches its dependants off when it is answered no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Gate {
    /// Id of the presence question.
    pub question: String,
    /// Ids of the questions that are masked when it is closed.
    pub hides: Vec<String>,
    /// Whether the gate is a feature itself (VisionReward: image no, video yes).
    pub feature: bool,
}

impl Checklist {
    /// Reads and checks a checklist (format: `datasets/README.md`). `file` is the name shown in problems.
    ///
    /// # Errors
    /// Every broken rule at once, with its line: unknown and missing keys, ids that occur twice, gates and hidden ids
    /// that do not exist, circles of gates, empty ladders, thresholds that do not fall strictly.
    pub fn from_toml(text: &str, file: &str) -> Result<Checklist, Problems> {
        let (sketch, problems) = parse::parse(text, file);
        validate::validate(sketch, file, problems)
    }

    /// The gate that this question is, if it is one.
    pub fn gate(&self, id: &str) -> Option<&Gate> {
        self.gates.iter().find(|gate| gate.question == id)
    }

    /// Index of the question with this id.
    pub fn index(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// The ladders: sub-dimension id and its question indices, hardest first, in order of appearance.
    pub fn ladders(&self) -> Vec<(&str, Vec<usize>)> {
        let mut ladders: Vec<(&str, Vec<usize>)> = Vec::new();
        for (q, question) in self.questions.iter().enumerate() {
            match ladders.iter_mut().find(|(name, _)| *name == question.subdimension) {
                Some((_, members)) => members.push(q),
                None => ladders.push((&question.subdimension, vec![q])),
            }
        }
        for (_, members) in &mut ladders {
            members.sort_by_key(|&q| self.questions[q].rank);
        }
        ladders
    }
}

#[cfg(test)]
mod tests;
