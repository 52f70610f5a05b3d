//! `headfit demo`.

use clap::Args;

use super::printer::Printer;
use crate::{Error, Result};

/// The whole job on built-in simulated data
#[derive(Debug, Args)]
pub struct DemoArgs {}

/// Runs the command.
///
/// # Errors
/// See the exit codes in `headfit --help`.
pub fn run(_args: &DemoArgs, _printer: &Printer) -> Result<()> {
    Err(Error::Bug("demo is not written yet".into()))
}
