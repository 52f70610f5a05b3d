//! As `verify`, for a suite: every data set, the winners, the pages.

use std::path::Path;

use super::artefact::Artefact;
use super::suite::{SUITE_VERSION, SuiteColumn, SuiteReport, columns_of, decide};
use super::suite_pages;
use super::verify::{Verification, compare, evaluation, paragraphs, published_tables, same_files, touched_files};
use crate::problems::{Problem, Severity};
use crate::{Error, Result};

/// Computes the numbers of the suite in `folder` again.
///
/// # Errors
/// As [`super::verify::verify`].
pub(super) fn verify(folder: &Path) -> Result<Verification> {
    let path = folder.join("suite.json");
    let bytes = std::fs::read(&path).map_err(Error::io(&path))?;
    let suite = read(&bytes)?;
    let mut found = Verification { title: suite.title.clone(), ..Verification::default() };
    let mut columns: Vec<SuiteColumn> = Vec::new();
    for set in &suite.datasets {
        found.place = format!("suite.json: {}", set.name);
        let artefact = Artefact::read(&folder.join("data").join(&set.id))?;
        evaluation(&set.evaluation, &artefact, &mut found)?;
        let scores = artefact.scores(set.evaluation.missing_score_equal)?;
        columns.extend(columns_of(&set.name, &set.scorers, &set.evaluation, &scores, &suite.scorers));
    }
    decide(&mut columns);
    found.place = "suite.json".into();
    let json = |columns: &[SuiteColumn]| serde_json::to_value(columns).map_err(|e| Error::Bug(format!("suite: {e}")));
    let mut values = 0;
    compare(&mut vec!["columns".into()], &json(&suite.columns)?, &json(&columns)?, &mut values, &mut found);
    found.count("columns with their winners", values);
    paragraphs(&suite.verdict, &suite_pages::verdict(&suite.scorers, &suite.columns), &mut found);
    published_tables(&suite.published, &mut found)?;
    if suite.program_version == env!("CARGO_PKG_VERSION") {
        same_files(folder, suite.pages()?, &mut found)?;
    } else {
        found.leave_unchecked(format!("pages, which headfit {} wrote", suite.program_version));
    }
    touched_files(folder, &mut found)?;
    found.leave_unchecked("hashes of the data");
    Ok(found)
}

fn read(bytes: &[u8]) -> Result<SuiteReport> {
    let fault = |message: String| {
        let remedy = "make the suite again, or verify it with the version that wrote it";
        Error::data(Problem::new(Severity::Error, "suite-json", "suite.json", message, remedy))
    };
    let suite: SuiteReport = serde_json::from_slice(bytes).map_err(|e| fault(format!("not a suite: {e}")))?;
    if suite.suite_version != SUITE_VERSION {
        return Err(fault(format!("format version {}, this program reads {SUITE_VERSION}", suite.suite_version)));
    }
    let plain = |id: &str| !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    match suite.datasets.iter().find(|set| !plain(&set.id)) {
        Some(set) => Err(fault(format!("\"{}\" is no id of a data set", set.id))),
        None => Ok(suite),
    }
}
