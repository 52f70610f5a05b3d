//! `headfit init`.

use clap::Args;

use super::printer::Printer;
use crate::{Error, Result};

/// Write a commented dataset.toml for a folder of tables
#[derive(Debug, Args)]
pub struct InitArgs {}

/// Runs the command.
///
/// # Errors
/// See the exit codes in `headfit --help`.
pub fn run(_args: &InitArgs, _printer: &Printer) -> Result<()> {
    Err(Error::Bug("init is not written yet".into()))
}
