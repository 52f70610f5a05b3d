//! The checks, in the order in which they run.

use super::{Area, AuditInput, Outcome, controls, copies, head, leaks, yes_bias};
use crate::Result;

/// One check.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// Stable id, kebab-case; that of its findings, or their common beginning.
    pub id: &'static str,
    /// Where it looks.
    pub area: Area,
    /// What it looks at, as a short phrase.
    pub about: &'static str,
    /// Looks. What cannot be looked at goes into [`Outcome::not_run`]; an error ends the audit.
    pub run: fn(&AuditInput) -> Result<Outcome>,
}

/// Every check.
pub const CHECKS: &[Check] = &[
    Check { id: "head", area: Area::Head, about: "the heads: weights, groups, attributes", run: head::run },
    Check { id: "control", area: Area::Controls, about: "negative controls", run: controls::run },
    Check { id: "prompt-leakage", area: Area::Preferences, about: "test prompts in training", run: leaks::run },
    Check { id: "copied-ratings", area: Area::Annotators, about: "copied ratings", run: copies::run },
    Check { id: "yes-bias", area: Area::Judge, about: "yes answers against ratings", run: yes_bias::run },
];
