//! `headfit evaluate`.

use clap::Args;

use super::printer::Printer;
use crate::{Error, Result};

/// Accuracy of the head and of cached scorers under named protocols
#[derive(Debug, Args)]
pub struct EvaluateArgs {}

/// Runs the command.
///
/// # Errors
/// See the exit codes in `headfit --help`.
pub fn run(_args: &EvaluateArgs, _printer: &Printer) -> Result<()> {
    Err(Error::Bug("evaluate is not written yet".into()))
}
