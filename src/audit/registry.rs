//! The checks, in the order in which they run.

use super::{Area, AuditInput, Outcome};
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
pub const CHECKS: &[Check] = &[];
