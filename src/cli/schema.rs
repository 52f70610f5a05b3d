//! `headfit schema`.

use clap::Args;

use super::printer::Printer;
use crate::{Error, Result};

/// Print the JSON Schema of one of our files
#[derive(Debug, Args)]
pub struct SchemaArgs {}

/// Runs the command.
///
/// # Errors
/// See the exit codes in `headfit --help`.
pub fn run(_args: &SchemaArgs, _printer: &Printer) -> Result<()> {
    Err(Error::Bug("schema is not written yet".into()))
}
