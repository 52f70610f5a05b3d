//! The checks, in the order in which they run.

use super::{
    Area, AuditInput, Outcome, agreement, annotators, attribute_only, ceiling, controls, copies, cycles, groups, head,
    influence, judge, ladders, leaks, position, questions, shift, yes_bias,
};
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
    check("agreement", Area::Annotators, "agreement of annotators", agreement::run),
    check("annotators", Area::Annotators, "each annotator against the others", annotators::run),
    check("human-ceiling", Area::Annotators, "how well people predict people", ceiling::ceiling),
    check("rating-against-pair", Area::Annotators, "pairs against ratings", ceiling::contradictions),
    check("conflicting-duplicates", Area::Annotators, "copies with other labels", ceiling::duplicates),
    check("cycles", Area::Annotators, "preferences in a circle", cycles::run),
    check("influence", Area::Annotators, "the fit without each annotator", influence::run),
    check("judge", Area::Judge, "what the judge answers", judge::run),
    check("questions", Area::Judge, "each question", questions::run),
    check("ladders", Area::Judge, "ladders and gates", ladders::run),
    check("position-bias", Area::Preferences, "sides shown first", position::people),
    check("scorer-position", Area::Preferences, "sides that scorers name", position::callers),
    check("scorer-direction", Area::Preferences, "scorers against people", position::direction),
    check("group-preference", Area::Preferences, "which groups win", groups::preference),
    check("tie-share", Area::Preferences, "ties", groups::ties),
    check("attribute-only", Area::Preferences, "what an attribute alone reaches", attribute_only::run),
    check("yes-share-shift", Area::Preferences, "answers of preferred items", shift::run),
    check("copied-ratings", Area::Annotators, "ratings that were copied", copies::run),
    check("yes-bias", Area::Judge, "yes answers against ratings", yes_bias::run),
    check("prompt-leakage", Area::Preferences, "test prompts in training", leaks::run),
    check("head", Area::Head, "the heads: weights, groups, attributes", head::run),
    check("control", Area::Controls, "negative controls", controls::run),
];

const fn check(id: &'static str, area: Area, about: &'static str, run: fn(&AuditInput) -> Result<Outcome>) -> Check {
    Check { id, area, about, run }
}
