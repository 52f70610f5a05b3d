//! VisionReward's own weight files: in, out, and the proof that both score equally.
//!
//! Facts of the release (THUDM/VisionReward at 511960d):
//!
//! | form | weights | questions | score |
//! |---|---|---|---|
//! | image | `weight.json`, object: `coef` = alignment, then 54 questions; `intercept` | 59 lines, 5 of them gates | w·x + intercept |
//! | image-select | `weight_select.json`, object: alignment, then 27 questions | 30 lines, the first 3 gates | the same |
//! | video | `weight.json`, bare list of 29 | 29 lines | mean of w·x over the questions; compared by the sum |
//!
//! Everywhere yes = +1, no = −1; a closed gate makes its dependants 0. The release gates by the position of the line.

mod export;
mod import;
mod questions;
mod release;
mod verify;

use serde::{Deserialize, Serialize};

use crate::checklist::{Checklist, Gate};

pub use export::{Export, export};
pub use import::{ImportOptions, head, import, release};
pub use questions::QuestionFile;
pub use release::Release;
pub use verify::{AnswerSet, Verification, Widest, is_all_no, random_sets, verify};

/// One of the three layouts of weight and question file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// VisionReward_Image/weight.json: alignment and 54 questions
    Image,
    /// VisionReward_Image/weight_select.json: alignment and 27 questions
    ImageSelect,
    /// VisionReward_Video/weight.json: a bare list, one weight per question
    Video,
}

/// Ids of the 30 lines of the released selection for images; the first three are gates.
const IMAGE_SELECT: [&str; 30] = [
    "1", "2", "3", "4", "5", "8", "9", "10", "11", "12", "13", "17", "18", "19", "20", "21", "22", "24", "30", "34",
    "38", "39", "44", "46", "47", "50", "51", "52", "58", "59",
];

/// Ids of the 29 lines of the released selection for videos.
const VIDEO_SELECT: [&str; 29] = [
    "1", "2", "4", "5", "6", "10", "14", "15", "16", "17", "18", "19", "20", "21", "22", "23", "24", "27", "32", "34",
    "36", "38", "44", "50", "52", "53", "54", "56", "60",
];

impl Form {
    /// Name of the form, as on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::ImageSelect => "image-select",
            Self::Video => "video",
        }
    }

    /// Name of the weight file in the release.
    pub fn weights_file(self) -> &'static str {
        match self {
            Self::Image | Self::Video => "weight.json",
            Self::ImageSelect => "weight_select.json",
        }
    }

    /// Name of the question file in the release.
    pub fn questions_file(self) -> &'static str {
        match self {
            Self::Image => "VisionReward_image_qa.txt",
            Self::ImageSelect => "VisionReward_image_qa_select.txt",
            Self::Video => "VisionReward_video_qa_select.txt",
        }
    }

    /// Whether an alignment score (VQAScore) is the first weight.
    pub fn has_alignment(self) -> bool {
        self != Self::Video
    }

    /// The built-in checklist that the ids are those of.
    pub fn preset(self) -> &'static str {
        if self.has_alignment() { "visionreward-image" } else { "visionreward-video" }
    }

    /// Ids of the lines of the released question file that the weights stand beside.
    pub fn released_ids(self, checklist: &Checklist) -> Vec<String> {
        match self {
            Self::Image => checklist.questions.iter().map(|q| q.id.clone()).collect(),
            Self::ImageSelect => IMAGE_SELECT.map(str::to_owned).to_vec(),
            Self::Video => VIDEO_SELECT.map(str::to_owned).to_vec(),
        }
    }

    /// The gates under which the released scorer reads the answers: those of the checklist, and beside them the one
    /// that the released map adds, by which an absent body (1) also silences the two harmfulness questions (58, 59).
    pub fn gates(self, checklist: &Checklist) -> Vec<Gate> {
        if !self.has_alignment() {
            return Vec::new();
        }
        let mut gates = checklist.gates.clone();
        for gate in gates.iter_mut().filter(|gate| gate.question == "1") {
            gate.hides.extend(["58", "59"].map(str::to_owned));
        }
        if self == Self::ImageSelect {
            gates.retain(|gate| IMAGE_SELECT.contains(&gate.question.as_str()));
            for gate in &mut gates {
                gate.hides.retain(|id| IMAGE_SELECT.contains(&id.as_str()));
            }
        }
        gates
    }
}
