//! `headfit score`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::args::DataArgs;
use super::printer::Printer;
use crate::head::HeadsFile;
use crate::{Error, Result, dataset, output};

/// Column of the whole score.
const TOTAL: &str = "total";
/// Dimension whose head, where there is one, is the total.
const OVERALL: &str = "overall";

/// Apply heads to the items of a data set
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    headfit score --head heads.json DATA -o scores.csv\n\n\
    The result is a `scores` table: item_id, one column per dimension, and total = the head of the dimension\n\
    \"overall\" where there is one, else the mean of the dimensions. Items that cannot be scored are left blank.")]
pub struct ScoreArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Heads written by `headfit fit`
    #[arg(long, value_name = "FILE")]
    head: PathBuf,
    /// CSV file to write (- = standard output)
    #[arg(long = "output", short = 'o', value_name = "FILE")]
    out: PathBuf,
    /// Overwrite an existing file
    #[arg(long)]
    force: bool,
    /// Write ids that a spreadsheet would run as a formula as they are, without an apostrophe
    #[arg(long)]
    raw_ids: bool,
}

/// Runs the command.
///
/// # Errors
/// See the exit codes in `headfit --help`.
pub fn run(args: &ScoreArgs, printer: &Printer) -> Result<()> {
    let to_stdout = args.out == Path::new("-");
    if !to_stdout {
        output::refuse_existing(&args.out, args.force)?;
    }
    let heads = HeadsFile::read(&args.head)?;
    let bar = printer.progress("reading");
    let ds = dataset::read(&args.data.source(), args.data.read_options())?;
    bar.set_message("scoring");
    let matrix = heads.features(&ds)?;
    let mut columns: Vec<(String, Vec<Option<f64>>)> = Vec::new();
    for head in &heads.heads {
        columns.push((head.dimension.clone(), head.score(&matrix)?));
    }
    bar.finish_and_clear();
    if let Some((name, _)) = columns.iter().find(|(name, _)| name == "item_id") {
        return Err(Error::Usage(format!("a dimension is named \"{name}\", as the id column is: rename it and refit")));
    }
    if !columns.iter().any(|(name, _)| name == TOTAL) {
        let total = total(&columns, ds.items.len());
        columns.push((TOTAL.to_owned(), total));
    }
    let (csv, changed) = to_csv(&ds.items.ids, &columns, args.raw_ids)?;
    if to_stdout {
        printer.line(csv.trim_end());
    } else {
        output::write_file(&args.out, csv.as_bytes(), args.force)?;
    }
    let blank = columns.last().map_or(0, |(_, scores)| scores.iter().filter(|s| s.is_none()).count());
    let scored = ds.items.len() - blank;
    printer.note(format!("{scored} of {} items scored, {blank} left blank for want of answers", ds.items.len()));
    if changed > 0 {
        printer.note(format!(
            "{changed} names start like a formula and got an apostrophe in front; --raw-ids writes them as they are"
        ));
    }
    if !to_stdout {
        printer.note(format!("wrote {}", args.out.display()));
    }
    Ok(())
}

/// The overall head's scores, or the mean of all dimensions; blank where any of them is.
fn total(columns: &[(String, Vec<Option<f64>>)], items: usize) -> Vec<Option<f64>> {
    if let Some((_, scores)) = columns.iter().find(|(name, _)| name == OVERALL) {
        return scores.clone();
    }
    (0..items)
        .map(|item| {
            let scores: Option<Vec<f64>> = columns.iter().map(|(_, scores)| scores[item]).collect();
            scores.filter(|s| !s.is_empty()).map(|s| s.iter().sum::<f64>() / s.len() as f64)
        })
        .collect()
}

/// The table, and how many names were changed for safety. Numbers are written so that reading gives the same bits.
fn to_csv(ids: &[String], columns: &[(String, Vec<Option<f64>>)], raw: bool) -> Result<(String, usize)> {
    let mut changed = 0;
    let mut text = |name: &str| {
        if raw || !runs_as_formula(name) {
            return name.to_owned();
        }
        changed += 1;
        format!("'{name}")
    };
    let failed = |e: ::csv::Error| Error::Bug(format!("CSV: {e}"));
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let mut header = vec!["item_id".to_owned()];
    header.extend(columns.iter().map(|(name, _)| text(name)));
    writer.write_record(&header).map_err(failed)?;
    for (item, id) in ids.iter().enumerate() {
        let mut record = vec![text(id)];
        record.extend(columns.iter().map(|(_, scores)| scores[item].map(|s| s.to_string()).unwrap_or_default()));
        writer.write_record(&record).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|e| Error::Bug(format!("CSV: {e}")))?;
    Ok((String::from_utf8(bytes).map_err(|e| Error::Bug(format!("CSV: {e}")))?, changed))
}

/// Whether a spreadsheet could take the text for a formula (CWE-1236), full-width forms included.
fn runs_as_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_stay_and_formulas_do_not_run_and_numbers_are_numbers() {
        let ids = ["a,b".to_owned(), "=1+1".to_owned(), "x-1".to_owned()];
        let columns = vec![("overall".to_owned(), vec![Some(-1.5), None, Some(0.1 + 0.2)])];
        let (csv, changed) = to_csv(&ids, &columns, false).unwrap();
        assert_eq!(csv, "item_id,overall\n\"a,b\",-1.5\n'=1+1,\nx-1,0.30000000000000004\n");
        assert_eq!(changed, 1);
        assert!(to_csv(&ids, &columns, true).unwrap().0.contains("\n=1+1,"));
    }

    #[test]
    fn the_total_is_the_overall_head_or_the_mean() {
        let some = |name: &str, scores: &[Option<f64>]| (name.to_owned(), scores.to_vec());
        let two = [some("motion", &[Some(1.0), None]), some("quality", &[Some(4.0), Some(1.0)])];
        assert_eq!(total(&two, 2), [Some(2.5), None]);
        let with = [some("motion", &[Some(1.0)]), some("overall", &[Some(-3.0)])];
        assert_eq!(total(&with, 1), [Some(-3.0)]);
    }
}
