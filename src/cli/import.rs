//! `headfit import`.

use std::path::PathBuf;

use clap::Args;

use super::check::print_problems;
use super::printer::Printer;
use crate::dataset::import::{AnswerSource, ImportOptions, Kind, import};
use crate::dataset::{self, ReadOptions, Source, Split};
use crate::{Error, Result, output};

/// Make a data set of files in the layout of their makers
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    headfit import visionreward-db-image train-*.parquet -o vrdb       ratings and answers, with the checklist\n  \
    headfit import visionreward-pairs regression.parquet test.parquet -o pairs\n  \
    headfit import videoalign videogen-rewardbench.csv -o vgrb         pairs for VQ, MQ, TA and Overall\n  \
    headfit import hpdv2 test.json -o hpd                              rankings of each annotator as pairs\n  \
    headfit import dsg mplug_dsg.csv tifa160-likert-anns.csv tifa160-dev-anns.csv -o tifa\n  \
    headfit import judge-log answers.jsonl -o judged                   log-probabilities of yes and no as P(yes)\n\n\
    Fields and values that a layout does not have are errors: a guess would turn into a label. Layouts are described in\n\
    datasets/README.md. `headfit pull` downloads the public ones.")]
pub struct ImportArgs {
    /// Layout of the files
    #[arg(value_name = "KIND")]
    kind: Kind,
    /// Files to read (.csv, .json, .jsonl, .parquet)
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Folder to write the data set to
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Name of the data set (default: that of the folder)
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// VisionRewardDB: where the answers come from (default: meta-result)
    #[arg(long, value_name = "SOURCE")]
    answers: Option<AnswerSource>,
    /// VisionRewardDB: which value of meta_mask keeps a question (default: proven from the rows)
    #[arg(long, value_name = "0|1", value_parser = clap::value_parser!(u8).range(0..=1))]
    mask_keeps: Option<u8>,
    /// Split of the pairs: train or test (default: as the layout or the file name says)
    #[arg(long, value_name = "SPLIT", value_parser = split)]
    split: Option<Split>,
    /// Judge logs: what stands between item and question in custom_id (default: `::`)
    #[arg(long, value_name = "TEXT")]
    separator: Option<String>,
    /// Judge logs: least share of the first token's probability on yes and no (default: 0.5)
    #[arg(long, value_name = "SHARE")]
    min_coverage: Option<f64>,
    /// Replace the folder
    #[arg(long)]
    force: bool,
}

fn split(text: &str) -> std::result::Result<Split, String> {
    match text {
        "train" => Ok(Split::Train),
        "test" => Ok(Split::Test),
        _ => Err("train or test".into()),
    }
}

/// Runs the command.
///
/// # Errors
/// [`Error::Data`] with everything that the layout does not allow; then nothing is written. Also where the data set that
/// was made breaks a rule, such as pairs that contradict each other; then it is written, to be looked at.
pub fn run(args: &ImportArgs, printer: &Printer) -> Result<()> {
    output::refuse_foreign_folder(&args.output, args.force)?;
    refuse_foreign_flags(args)?;
    let usual = ImportOptions::default();
    let min_coverage = args.min_coverage.unwrap_or(usual.min_coverage);
    if !(0.0..=1.0).contains(&min_coverage) {
        return Err(Error::Usage(format!("--min-coverage {min_coverage}: give a share between 0 and 1")));
    }
    let name = args.name.clone().unwrap_or_else(|| {
        args.output.file_name().map_or_else(|| "imported".to_owned(), |n| n.to_string_lossy().into_owned())
    });
    let options = ImportOptions {
        answers: args.answers.unwrap_or(usual.answers),
        mask_keeps: args.mask_keeps,
        split: args.split,
        separator: args.separator.clone().unwrap_or(usual.separator),
        min_coverage,
    };
    let progress = printer.progress("importing");
    let imported = import(args.kind, &args.files, &name, &options)?;
    output::write_folder(&args.output, &imported.files, args.force)?;
    let source = Source::Folder { path: args.output.clone(), manifest: None };
    let (_, mut found) = dataset::load(&source, ReadOptions::default())?;
    progress.finish_and_clear();
    imported.name_sources(&mut found);
    let rows: Vec<String> = imported.rows.iter().map(|(table, rows)| format!("{rows} {table}")).collect();
    printer.line(rows.join(", "));
    let mut problems = imported.problems;
    problems.extend(found);
    if problems.has_errors() {
        printer.note(format!("wrote {}, which breaks rules of a data set:", args.output.display()));
        return Err(Error::Data(Box::new(problems)));
    }
    if !printer.is_quiet() {
        print_problems(&problems, printer);
    }
    printer.note(format!("wrote {}; next: headfit check {}", args.output.display(), args.output.display()));
    Ok(())
}

/// A flag that the layout has no use for would promise what does not happen.
fn refuse_foreign_flags(args: &ImportArgs) -> Result<()> {
    let ratings = matches!(args.kind, Kind::VisionrewardDbImage | Kind::VisionrewardDbVideo);
    let log = args.kind == Kind::JudgeLog;
    let pairs = !(ratings || log || args.kind == Kind::Dsg);
    let flags = [
        ("--answers", args.answers.is_some(), ratings, "VisionRewardDB"),
        ("--mask-keeps", args.mask_keeps.is_some(), ratings, "VisionRewardDB"),
        ("--split", args.split.is_some(), pairs, "layouts with pairs"),
        ("--separator", args.separator.is_some(), log, "judge logs"),
        ("--min-coverage", args.min_coverage.is_some(), log, "judge logs"),
    ];
    match flags.into_iter().find(|(_, given, fits, _)| *given && !fits) {
        Some((flag, _, _, who)) => Err(Error::Usage(format!("{flag} is for {who} only; leave it out"))),
        None => Ok(()),
    }
}
