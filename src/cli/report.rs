//! `headfit report`.

use clap::Args;

use super::printer::Printer;
use crate::{Error, Result};

/// The whole job as a folder: JSON, Markdown, HTML and charts
#[derive(Debug, Args)]
pub struct ReportArgs {}

/// Runs the command.
///
/// # Errors
/// See the exit codes in `headfit --help`.
pub fn run(_args: &ReportArgs, _printer: &Printer) -> Result<()> {
    Err(Error::Bug("report is not written yet".into()))
}
