//! `headfit score`.

use clap::Args;

use super::printer::Printer;
use crate::{Error, Result};

/// Apply heads to the items of a data set
#[derive(Debug, Args)]
pub struct ScoreArgs {}

/// Runs the command.
///
/// # Errors
/// See the exit codes in `headfit --help`.
pub fn run(_args: &ScoreArgs, _printer: &Printer) -> Result<()> {
    Err(Error::Bug("score is not written yet".into()))
}
