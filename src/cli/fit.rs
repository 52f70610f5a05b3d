//! `headfit fit`.

use clap::Args;

use super::printer::Printer;
use crate::{Error, Result};

/// Fit one head per dimension and write heads.json
#[derive(Debug, Args)]
pub struct FitArgs {}

/// Runs the command.
///
/// # Errors
/// See the exit codes in `headfit --help`.
pub fn run(_args: &FitArgs, _printer: &Printer) -> Result<()> {
    Err(Error::Bug("fit is not written yet".into()))
}
