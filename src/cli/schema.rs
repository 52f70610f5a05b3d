//! `headfit schema`.

use clap::{Args, ValueEnum};
use schemars::{Schema, schema_for};

use super::check::CheckReport;
use super::printer::{Printer, to_json};
use crate::Result;
use crate::audit::Audit;
use crate::dataset::Manifest;
use crate::evaluate::Evaluation;
use crate::head::HeadsFile;
use crate::plot::Chart;
use crate::report::{Diff, Report};
use crate::selftest::Selftest;
use crate::synth::Planted;

/// Print the JSON Schema of one of our files
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
        headfit schema heads                          the format of heads.json\n  \
        headfit schema manifest > manifest.schema.json\n\n\
        The schemas are JSON Schema draft 2020-12, and are kept in schemas/ of the repository.")]
pub struct SchemaArgs {
    /// Which file
    #[arg(value_name = "NAME")]
    name: Name,
}

/// The files that have a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Name {
    /// heads.json, written by `headfit fit`
    Heads,
    /// The JSON of `headfit audit --json`
    Audit,
    /// The JSON of `headfit evaluate --json`
    Evaluation,
    /// dataset.toml, as JSON
    Manifest,
    /// The JSON of `headfit check --json`
    Check,
    /// planted.json, written by `headfit synth`
    Planted,
    /// A chart's data, read by `headfit plot`
    Chart,
    /// diff.json, written by `headfit report --diff`
    Diff,
    /// The JSON of `headfit selftest --json`
    Selftest,
    /// report.json, written by `headfit report` and `headfit demo`
    Report,
}

impl Name {
    /// The schema of this file's root type.
    fn schema(self) -> Schema {
        match self {
            Self::Heads => schema_for!(HeadsFile),
            Self::Audit => schema_for!(Audit),
            Self::Evaluation => schema_for!(Evaluation),
            Self::Manifest => schema_for!(Manifest),
            Self::Check => schema_for!(CheckReport),
            Self::Planted => schema_for!(Planted),
            Self::Selftest => schema_for!(Selftest),
            Self::Report => schema_for!(Report),
            Self::Chart => schema_for!(Chart),
            Self::Diff => schema_for!(Diff),
        }
    }
}

/// Runs the command.
///
/// # Errors
/// See the exit codes in `headfit --help`.
pub fn run(args: &SchemaArgs, printer: &Printer) -> Result<()> {
    printer.line(to_json(&args.name.schema())?.trim_end());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_schemas_are_current() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
        for name in Name::value_variants() {
            let id = name.to_possible_value().unwrap().get_name().to_owned();
            let committed = std::fs::read_to_string(folder.join(format!("{id}.schema.json"))).unwrap_or_default();
            let current = to_json(&name.schema()).unwrap();
            assert!(
                committed == current,
                "schemas/{id}.schema.json is old: headfit schema {id} > schemas/{id}.schema.json"
            );
        }
    }
}
