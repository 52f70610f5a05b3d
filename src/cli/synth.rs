//! `headfit synth`.

use clap::Args;

use super::printer::Printer;
use crate::{Error, Result};

/// Write a simulated data set with planted weights
#[derive(Debug, Args)]
pub struct SynthArgs {}

/// Runs the command.
///
/// # Errors
/// See the exit codes in `headfit --help`.
pub fn run(_args: &SynthArgs, _printer: &Printer) -> Result<()> {
    Err(Error::Bug("synth is not written yet".into()))
}
