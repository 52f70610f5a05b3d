//! `headfit report --suite`: several data sets, one table.

use std::path::Path;
use std::time::Instant;

use clap::Parser;

use super::pipeline::Defaults;
use super::printer::{Printer, json_target};
use crate::dataset::{self, Dataset, ReadOptions, Source};
use crate::evaluate::{EvaluateOptions, FittedScorer, Mode, StoredScorer, evaluate_with_scores};
use crate::features;
use crate::head::HeadsFile;
use crate::report::published::{self, PublishedTable};
use crate::report::suite::{FlagMap, FlagValue, SuiteEntry, SuitePlan, SuiteReport, SuiteResult, flags};
use crate::report::{Artefact, refuse_folder};
use crate::{Error, Result, output};

/// What is asked for.
pub(super) struct Order<'a> {
    /// The suite file.
    pub(super) file: &'a Path,
    /// Folder that its paths are relative to; `None` = its own.
    pub(super) root: Option<&'a Path>,
    /// Folder to write.
    pub(super) folder: &'a Path,
    /// Where to write suite.json too.
    pub(super) json: Option<&'a Path>,
    /// Replace what was changed.
    pub(super) force: bool,
    /// Heading.
    pub(super) title: Option<String>,
    /// Published tables beside those that the suite names.
    pub(super) published: Vec<PublishedTable>,
}

/// Evaluates every data set and writes the suite's folder.
pub(super) fn run(order: Order<'_>, printer: &Printer) -> Result<()> {
    let start = Instant::now();
    refuse_folder(order.folder, order.force)?;
    let to_stdout = json_target(order.json, order.force)?;
    let text = std::fs::read_to_string(order.file).map_err(Error::io(order.file))?;
    let name = order.file.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let mut plan = SuitePlan::from_toml(&text, &name)?;
    if order.title.is_some() {
        plan.title = order.title;
    }
    let mut tables: Vec<PublishedTable> = plan.published.iter().map(|n| published::table(n)).collect::<Result<_>>()?;
    tables.extend(order.published);
    let root = order.root.or(order.file.parent()).unwrap_or(Path::new("."));
    let bar = printer.progress("reading");
    let mut results = Vec::new();
    for (n, entry) in plan.datasets.iter().enumerate() {
        let say = |message: &str| {
            super::printer::say(&bar, &format!("{message} (data set {} of {})", n + 1, plan.datasets.len()))
        };
        results.push(measure(&plan, entry, root, &say)?);
    }
    let command = format!("headfit report --suite {name} -o DIR");
    let suite = SuiteReport::new(&plan, results, tables, command);
    // The folder is absent, empty or a report that may go: nothing else gets here.
    output::write_folder(order.folder, &suite.files()?, true)?;
    bar.finish_and_clear();
    if let Some(json) = order.json {
        printer.json(json, &suite, order.force)?;
    }
    if !to_stdout {
        suite.datasets.iter().flat_map(|d| &d.evaluation.leakage).for_each(|leak| printer.alarm(&leak.sentence()));
        for paragraph in &suite.verdict {
            printer.prose(paragraph);
            printer.line("");
        }
    }
    printer.note(format!("Done in {:.1} s.", start.elapsed().as_secs_f64()));
    let page = order.folder.join("suite.html").display().to_string();
    if to_stdout {
        printer.note(page)
    } else {
        printer.line(page)
    }
    Ok(())
}

/// One data set: its head and all scorers under the suite's protocols.
fn measure(plan: &SuitePlan, entry: &SuiteEntry, root: &Path, say: &(dyn Fn(&str) + Sync)) -> Result<SuiteResult> {
    say("reading");
    let manifest = entry.manifest.as_ref().map(|file| root.join(file));
    let ds = dataset::read(&Source::Folder { path: root.join(&entry.path), manifest }, ReadOptions::default())?;
    let ways = ways_to_fit(plan, entry)?;
    let main = &ways[0];
    let head = entry.head.as_ref().map(|file| HeadsFile::read(&root.join(file))).transpose()?;
    let matrix = match &head {
        Some(file) => file.features(&ds)?,
        None => features::build(&ds, &main.1.features.options())?,
    };
    let also = ways[1..].iter().map(|(name, way)| {
        let features = features::build(&ds, &way.features.options())?;
        Ok(FittedScorer { name: name.clone(), features, train: way.train.options(way.features.missing) })
    });
    let also: Vec<FittedScorer> = also.collect::<Result<_>>()?;
    let mut beside = Vec::new();
    for (name, file) in &entry.heads {
        let heads = HeadsFile::read(&root.join(file))?;
        beside.push(StoredScorer { name: name.clone(), features: heads.features(&ds)?, heads });
    }
    let mode = match (&head, entry.cross_validate) {
        (Some(file), _) => Mode::Stored(file),
        (None, Some(folds)) => Mode::CrossValidate { folds },
        (None, None) => Mode::default_for(&ds),
    };
    let mut options = EvaluateOptions::new(&ds);
    options.dimensions = dimensions(&ds, entry)?;
    options.protocols.clone_from(&plan.protocols);
    options.draws = plan.draws;
    options.seed = plan.seed;
    options.missing_score_equal = entry.missing_score_equal;
    options.train = main.1.train.options(main.1.features.missing);
    options.beside = &beside;
    options.also = &also;
    options.progress = Some(say);
    let (evaluation, scores) = evaluate_with_scores(&ds, &matrix, mode, &options)?;
    known_scorers(&ds, entry, &evaluation.rows)?;
    Ok(SuiteResult {
        name: entry.name.clone().unwrap_or_else(|| ds.name.clone()),
        scorers: entry.scorers.clone(),
        artefact: Artefact::new(&ds, &scores),
        inputs: ds.inputs.clone(),
        fits: {
            let usual = Defaults::new()?;
            let flags = ways.iter().map(|(name, way)| (name.clone(), usual.flags(&way.features, &way.train)));
            flags.map(|(name, flags)| (name, flags.trim().to_owned())).filter(|(_, flags)| !flags.is_empty()).collect()
        },
        evaluation,
        scores,
    })
}

/// Every head that is fitted on a data set, with its options: the head first.
fn ways_to_fit(plan: &SuitePlan, entry: &SuiteEntry) -> Result<Vec<(String, Defaults)>> {
    let parse = |name: &str, own: &FlagMap| -> Result<(String, Defaults)> {
        let mut given: FlagMap = plan.fit.clone();
        given.extend(entry.lambda.map(|lambda| ("lambda".to_owned(), FlagValue::Number(lambda))));
        given.extend(entry.fit.clone());
        given.extend(own.clone());
        let refused = |what: String| Error::Usage(format!("{}, options of {name}: {what}", entry.path.display()));
        if let Some(key) = given.keys().find(|key| ["dimension", "seed", "bootstrap"].contains(&key.as_str())) {
            return Err(refused(format!("{key} is no option of a single head in a suite")));
        }
        let words = std::iter::once("headfit".to_owned()).chain(flags(&given));
        let mut way = Defaults::try_parse_from(words).map_err(|e| {
            let text = e.to_string();
            let first: Vec<&str> = text.lines().take_while(|line| !line.trim().is_empty()).collect();
            refused(first.join(" ").trim_start_matches("error: ").to_owned())
        })?;
        way.train.seed = plan.seed;
        Ok((name.to_owned(), way))
    };
    let mut ways = vec![parse("head", &FlagMap::new())?];
    for (name, own) in &entry.fits {
        ways.push(parse(name, own)?);
    }
    Ok(ways)
}

fn dimensions(ds: &Dataset, entry: &SuiteEntry) -> Result<Vec<usize>> {
    if entry.dimensions.is_empty() {
        return Ok((0..ds.dimensions.len()).collect());
    }
    let place = |name: &String| {
        ds.dimension(name).ok_or_else(|| {
            let known = ds.dimensions.join(", ");
            Error::Usage(format!("{}: there is no dimension {name}; there are {known}", entry.path.display()))
        })
    };
    entry.dimensions.iter().map(place).collect()
}

/// A renamed scorer must exist: a typing error would leave an empty row.
fn known_scorers(ds: &Dataset, entry: &SuiteEntry, rows: &[crate::evaluate::Row]) -> Result<()> {
    match entry.scorers.iter().find(|(_, here)| !rows.iter().any(|row| row.scorer == **here)) {
        Some((row, here)) => {
            let known = ds.scores.as_ref().map_or(String::new(), |s| s.names.join(", "));
            let path = entry.path.display();
            Err(Error::Usage(format!("{path}: {row} = \"{here}\", but there is no such scorer; there are {known}")))
        }
        None => Ok(()),
    }
}
