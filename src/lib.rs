//! `headfit` fits, evaluates and explains the interpretable linear head of a checklist reward model
//! (VisionReward, arXiv 2412.21059). A vision-language judge answers yes/no questions about an image or a
//! video; people say which of two items they prefer; a sparse, signed logistic head over the answers turns
//! them into a reward that can be read.
//!
//! The folders under `src/` are the stages of the flow, and each knows only the stages before it:
//!
//! ```text
//! files ──dataset──▶ Dataset ──features──▶ PairMatrix ──fit──▶ Fit ──head──▶ Head ──evaluate──▶ Evaluation ──report──▶ JSON, MD, HTML, SVG
//!             │          │
//!         Problems   Checklist
//! ```
//!
//! `cli` alone prints, reads the clock and ends the process; everything else returns values.

pub mod audit;
pub mod checklist;
pub mod dataset;
pub mod error;
pub mod evaluate;
pub mod features;
pub mod fit;
pub mod head;
pub mod output;
pub mod plot;
pub mod problems;
pub mod report;
pub mod rng;
pub mod select;
pub mod selftest;
pub mod stats;
pub mod synth;

pub mod cli;

pub use error::{Error, Result};
pub use ndarray;
