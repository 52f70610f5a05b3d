//! The pages of a suite: JSON, Markdown, one HTML page, one CSV table.

use minijinja::context;
use minijinja::value::Serde;
use serde::Serialize;

use super::published::PublishedView;
use super::render::Templates;
use super::suite::{SuiteCell, SuiteColumn, SuiteReport};
use super::tables::{Cell, Table};
use super::{folder, render};
use crate::output::FOLDER_MARK;
use crate::plot::text::{count, counted, number, percent};
use crate::{Error, Result};

/// What a template reads beside the suite itself.
#[derive(Serialize)]
struct SuiteView {
    facts: Vec<String>,
    /// Data set with dimension, rule; one per column.
    columns: Vec<[String; 2]>,
    /// Columns that stand under one data set and dimension: heading, width.
    groups: Vec<(String, usize)>,
    rows: Vec<RowView>,
    /// Floors, pairs and prompts: name, one text per column.
    foot: Vec<Vec<String>>,
    /// Winner or why there is none: one line per column.
    findings: Vec<Vec<String>>,
    sets: Vec<Vec<String>>,
    published: Vec<PublishedView>,
    leakage: Vec<String>,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct RowView {
    scorer: String,
    head: bool,
    cells: Vec<CellView>,
}

#[derive(Serialize)]
struct CellView {
    value: String,
    interval: String,
    /// `winner`, `rival` (not shown to be worse than the best) or nothing.
    standing: &'static str,
    /// Coverage, where it is not whole.
    coverage: String,
}

/// The findings in words: how many columns have a winner, who, and where none is proven.
pub(super) fn verdict(scorers: &[String], columns: &[SuiteColumn]) -> Vec<String> {
    let with_winner = |name: &str| columns.iter().filter(|c| c.winner.as_deref() == Some(name)).count();
    let won: Vec<(&String, usize)> =
        scorers.iter().map(|s| (s, with_winner(s))).filter(|(_, columns)| *columns > 0).collect();
    let total: usize = won.iter().map(|(_, n)| n).sum();
    let mut first = format!("Of {} ", counted(columns.len(), "column", "columns"));
    first.push_str(&match won.as_slice() {
        [] => "none has a proven winner.".to_owned(),
        _ => {
            let names: Vec<String> = won.iter().map(|(name, n)| format!("{name} in {}", count(*n))).collect();
            format!(
                "{} a proven winner: {}.",
                if total == 1 { "1 has".into() } else { format!("{} have", count(total)) },
                names.join(", ")
            )
        }
    });
    first.push_str(
        " A winner is better than every other scorer that covers at least half of the pairs, by paired tests over prompts, \
         with a false discovery rate of 5 % over the columns.",
    );
    let head_behind: Vec<String> = (columns.iter())
        .filter(|c| c.winner.as_deref().is_some_and(|w| w != "head"))
        .map(|c| {
            format!(
                "{} on {}, {} ({})",
                c.winner.as_deref().unwrap_or_default(),
                c.dataset,
                c.dimension,
                c.protocol.id()
            )
        })
        .collect();
    let mut paragraphs = vec![first];
    if !head_behind.is_empty() {
        paragraphs.push(format!("The head is beaten by {}.", head_behind.join("; ")));
    }
    paragraphs.into_iter().map(|p| p.replace(" %", "\u{a0}%")).collect()
}

impl SuiteReport {
    /// All files of the suite's folder: name and bytes. The last one marks the folder as ours.
    ///
    /// # Errors
    /// [`Error::Bug`] if a page cannot be rendered.
    pub fn files(&self) -> Result<Vec<(String, Vec<u8>)>> {
        let failed = |e: serde_json::Error| Error::Bug(format!("suite: {e}"));
        let mut json = serde_json::to_vec_pretty(self).map_err(failed)?;
        json.push(b'\n');
        let mut files = vec![("suite.json".to_owned(), json)];
        files.extend(self.pages()?);
        for (set, artefact) in self.datasets.iter().zip(&self.artefacts) {
            files.extend(artefact.files()?.into_iter().map(|(name, bytes)| (format!("data/{}/{name}", set.id), bytes)));
        }
        let inputs: Vec<_> = self.datasets.iter().flat_map(|d| d.inputs.clone()).collect();
        let mark = folder::mark(&self.program_version, self.simulated, inputs, &files)?;
        files.push((FOLDER_MARK.to_owned(), mark));
        Ok(files)
    }

    /// The files that people read, which follow from `suite.json`.
    ///
    /// # Errors
    /// As [`SuiteReport::files`].
    pub(super) fn pages(&self) -> Result<Vec<(String, Vec<u8>)>> {
        let (view, templates) = (self.view(), Templates::default());
        let (published, leakage) = (Serde(&view.published), &view.leakage);
        let values = || context! { suite => Serde(self), view => Serde(&view), published, leakage };
        Ok(vec![
            ("suite.md".to_owned(), render::render(&templates, "suite.md.j2", values())?.into_bytes()),
            ("suite.html".to_owned(), render::page(&templates, "suite.html.j2", &[], &[], |_| values())?.into_bytes()),
            ("tables/benchmark.csv".to_owned(), self.benchmark_csv()?),
        ])
    }

    fn view(&self) -> SuiteView {
        let heading = |c: &SuiteColumn| format!("{}, {}", c.dataset, c.dimension);
        let mut groups: Vec<(String, usize)> = Vec::new();
        for column in &self.columns {
            match groups.last_mut() {
                Some((name, width)) if *name == heading(column) => *width += 1,
                _ => groups.push((heading(column), 1)),
            }
        }
        let row = |(r, scorer): (usize, &String)| RowView {
            scorer: scorer.clone(),
            head: scorer == "head",
            cells: self.columns.iter().map(|c| cell_view(c, scorer, c.cells.get(r).and_then(Option::as_ref))).collect(),
        };
        let mut foot: Vec<Vec<String>> = Vec::new();
        for floor in ["chance", "always-tie"] {
            let value = |c: &SuiteColumn| {
                c.floors.iter().find(|(name, _)| name == floor).map_or("–".to_owned(), |(_, v)| percent(*v))
            };
            foot.push(std::iter::once(floor.replace('-', " ")).chain(self.columns.iter().map(value)).collect());
        }
        let most =
            |c: &SuiteColumn, of: fn(&SuiteCell) -> usize| count(c.cells.iter().flatten().map(of).max().unwrap_or(0));
        foot.push(std::iter::once("pairs".to_owned()).chain(self.columns.iter().map(|c| most(c, |x| x.n))).collect());
        foot.push(
            std::iter::once("prompts".to_owned()).chain(self.columns.iter().map(|c| most(c, |x| x.prompts))).collect(),
        );
        let evaluations = || self.datasets.iter().map(|d| &d.evaluation);
        SuiteView {
            facts: vec![
                counted(self.datasets.len(), "data set", "data sets"),
                counted(self.scorers.len(), "scorer", "scorers"),
                counted(self.columns.len(), "column", "columns"),
            ],
            columns: self.columns.iter().map(|c| [heading(c), c.protocol.id().to_owned()]).collect(),
            groups,
            rows: self.scorers.iter().enumerate().map(row).collect(),
            foot,
            findings: self.columns.iter().map(|c| finding(c, heading(c))).collect(),
            sets: self.datasets.iter().map(set_line).collect(),
            published: self.published.iter().map(|t| PublishedView::new(t, evaluations())).collect(),
            leakage: evaluations().flat_map(|e| &e.leakage).map(crate::evaluate::Leakage::sentence).collect(),
            notes: (self.datasets.iter())
                .flat_map(|d| d.evaluation.notes.iter().map(|note| format!("{}: {note}", d.name)))
                .filter(|note| !note.contains("LEAKAGE"))
                .collect(),
        }
    }

    fn benchmark_csv(&self) -> Result<Vec<u8>> {
        let columns = [
            "dataset",
            "dimension",
            "protocol",
            "scorer",
            "value",
            "low",
            "high",
            "n",
            "prompts",
            "coverage",
            "best",
            "winner",
            "p",
            "q",
        ];
        let mut table = Table::new(&columns)?;
        for c in &self.columns {
            for (scorer, cell) in self.scorers.iter().zip(&c.cells) {
                let Some(cell) = cell else { continue };
                let yes = |name: &Option<String>| if name.as_ref() == Some(scorer) { "yes" } else { "no" };
                let best = c.best.as_ref() == Some(scorer);
                table.row(&[
                    Cell::Text(&c.dataset),
                    Cell::Text(&c.dimension),
                    Cell::Text(c.protocol.id()),
                    Cell::Text(scorer),
                    Cell::Maybe(cell.value),
                    Cell::Maybe(cell.low),
                    Cell::Maybe(cell.high),
                    Cell::Count(cell.n),
                    Cell::Count(cell.prompts),
                    Cell::Number(cell.coverage),
                    Cell::Text(yes(&c.best)),
                    Cell::Text(yes(&c.winner)),
                    Cell::Maybe(c.p.filter(|_| best)),
                    Cell::Maybe(c.q.filter(|_| best)),
                ])?;
            }
        }
        table.bytes()
    }
}

fn cell_view(column: &SuiteColumn, scorer: &str, cell: Option<&SuiteCell>) -> CellView {
    let Some(cell) = cell else {
        return CellView { value: "–".into(), interval: String::new(), standing: "", coverage: String::new() };
    };
    let is = |name: &Option<String>| name.as_deref() == Some(scorer);
    CellView {
        value: cell.value.map_or("–".into(), percent),
        interval: cell.low.zip(cell.high).map_or(String::new(), |(l, h)| format!("{} to {}", percent(l), percent(h))),
        standing: match () {
            () if is(&column.winner) => "winner",
            () if cell.value.is_none() || !cell.counts() => "",
            () if is(&column.best) || column.rivals.iter().any(|r| r == scorer) => "rival",
            () => "",
        },
        coverage: if cell.coverage < 0.9995 { format!("{} %", percent(cell.coverage)) } else { String::new() },
    }
}

/// Column, rule, best scorer, p, q, what that allows to say.
fn finding(c: &SuiteColumn, heading: String) -> Vec<String> {
    let shown = |p: Option<f64>| p.map_or("–".to_owned(), |p| if p < 0.001 { "< 0.001".into() } else { number(p, 3) });
    let says = match (&c.winner, &c.best, c.p) {
        (Some(winner), ..) => format!("{winner} wins"),
        (None, None, _) => "not enough data".to_owned(),
        (None, Some(_), None) if c.rivals.is_empty() => "no other scorer to compare with".to_owned(),
        (None, Some(_), None) => "not enough common pairs to test".to_owned(),
        (None, Some(best), Some(_)) if c.rivals.is_empty() => {
            format!("no winner: {best} is ahead, but not after correction for the number of columns")
        }
        (None, Some(best), Some(_)) => {
            let more = c.rivals.len().saturating_sub(3);
            let mut named: Vec<String> = c.rivals.iter().take(3).cloned().collect();
            if more > 0 {
                named.push(format!("{more} more"));
            }
            format!("no winner: {best} is not shown to beat {}", named.join(", "))
        }
    };
    let best = c.best.clone().unwrap_or_else(|| "–".into());
    vec![heading, c.protocol.id().to_owned(), best, shown(c.p), shown(c.q), says]
}

/// Name, design, who labelled, uncovered pairs, options and renamed scorers, scores file.
fn set_line(set: &super::suite::SuiteDataset) -> Vec<String> {
    let renamed = set.scorers.iter().map(|(row, here)| format!("{row} = {here}"));
    vec![
        set.name.clone(),
        super::methods::design(&set.evaluation.design),
        if set.evaluation.simulated { "simulated".into() } else { "people".into() },
        if set.evaluation.missing_score_equal { "counts as equal".into() } else { "pair left out".into() },
        set.fits.iter().map(|(row, flags)| format!("{row}: {flags}")).chain(renamed).collect::<Vec<_>>().join(", "),
        format!("data/{}/tables", set.id),
    ]
}
