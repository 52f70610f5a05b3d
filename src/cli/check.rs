//! `headfit check`.

use clap::Args;

use super::printer::Printer;
use crate::{Error, Result};

/// Read and check a data set, list what is wrong or odd, write nothing
#[derive(Debug, Args)]
pub struct CheckArgs {}

/// Runs the command.
///
/// # Errors
/// See the exit codes in `headfit --help`.
pub fn run(_args: &CheckArgs, _printer: &Printer) -> Result<()> {
    Err(Error::Bug("check is not written yet".into()))
}
