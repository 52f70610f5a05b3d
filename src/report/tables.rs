//! CSV tables: text cells that a spreadsheet would run get an apostrophe, numbers stay numbers.

use super::Report;
use super::escape::csv_text;
use crate::audit::Finding;
use crate::{Error, Result};

/// All tables: file name and bytes.
pub(super) fn all(report: &Report) -> Result<Vec<(String, Vec<u8>)>> {
    Ok(vec![
        ("tables/leaderboard.csv".to_owned(), leaderboard(report)?),
        ("tables/comparisons.csv".to_owned(), comparisons(report)?),
        ("tables/weights.csv".to_owned(), weights(report)?),
        ("tables/findings.csv".to_owned(), finding_rows(report.audit.as_ref().map_or(&[], |a| &a.findings))?),
    ])
}

/// Collects rows of one table.
pub(super) struct Table(::csv::Writer<Vec<u8>>);

impl Table {
    pub(super) fn new(head: &[&str]) -> Result<Self> {
        let mut table = Self(::csv::Writer::from_writer(Vec::new()));
        table.0.write_record(head.iter().map(|name| csv_text(name))).map_err(failed)?;
        Ok(table)
    }

    pub(super) fn row(&mut self, cells: &[Cell<'_>]) -> Result<()> {
        self.0.write_record(cells.iter().map(Cell::text)).map_err(failed)
    }

    pub(super) fn bytes(self) -> Result<Vec<u8>> {
        self.0.into_inner().map_err(failed)
    }
}

/// One cell.
#[derive(Clone, Copy)]
pub(super) enum Cell<'a> {
    Text(&'a str),
    Number(f64),
    Maybe(Option<f64>),
    Count(usize),
}

impl Cell<'_> {
    fn text(&self) -> String {
        match self {
            Cell::Text(text) => csv_text(text),
            Cell::Number(value) | Cell::Maybe(Some(value)) if value.is_finite() => value.to_string(),
            Cell::Number(_) | Cell::Maybe(_) => String::new(),
            Cell::Count(n) => n.to_string(),
        }
    }
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Bug(format!("table: {error}"))
}

fn leaderboard(report: &Report) -> Result<Vec<u8>> {
    let head = [
        "dimension",
        "scorer",
        "protocol",
        "value",
        "low",
        "high",
        "n",
        "prompts",
        "ties",
        "coverage",
        "epsilon",
        "reason",
    ];
    let mut table = Table::new(&head)?;
    for r in &report.evaluation.rows {
        table.row(&[
            Cell::Text(&r.dimension),
            Cell::Text(&r.scorer),
            Cell::Text(r.protocol.id()),
            Cell::Maybe(r.value),
            Cell::Maybe(r.low),
            Cell::Maybe(r.high),
            Cell::Count(r.n),
            Cell::Count(r.prompts),
            Cell::Count(r.ties),
            Cell::Number(r.coverage),
            Cell::Maybe(r.epsilon),
            Cell::Text(r.reason.as_deref().unwrap_or("")),
        ])?;
    }
    table.bytes()
}

fn comparisons(report: &Report) -> Result<Vec<u8>> {
    let mut table =
        Table::new(&["dimension", "scorer", "protocol", "difference", "low", "high", "n", "prompts", "verdict"])?;
    for c in &report.evaluation.comparisons {
        let verdict = serde_json::to_value(c.verdict).map_err(failed)?;
        table.row(&[
            Cell::Text(&c.dimension),
            Cell::Text(&c.scorer),
            Cell::Text(c.protocol.id()),
            Cell::Maybe(c.difference),
            Cell::Maybe(c.low),
            Cell::Maybe(c.high),
            Cell::Count(c.n),
            Cell::Count(c.prompts),
            Cell::Text(verdict.as_str().unwrap_or("")),
        ])?;
    }
    table.bytes()
}

/// The findings of an audit.
pub(super) fn finding_rows(findings: &[Finding]) -> Result<Vec<u8>> {
    let head = [
        "verdict",
        "area",
        "check",
        "dimension",
        "subject",
        "estimate",
        "low",
        "high",
        "unit",
        "n",
        "n_of",
        "p",
        "q",
        "message",
        "remedy",
        "reason",
    ];
    let mut table = Table::new(&head)?;
    for f in findings {
        table.row(&[
            Cell::Text(super::audit_view::word(f.verdict)),
            Cell::Text(super::audit_view::area(f.area)),
            Cell::Text(&f.check),
            Cell::Text(f.dimension.as_deref().unwrap_or("")),
            Cell::Text(&f.subject),
            Cell::Maybe(f.estimate),
            Cell::Maybe(f.low),
            Cell::Maybe(f.high),
            Cell::Text(&f.unit),
            Cell::Count(f.n),
            Cell::Text(&f.n_of),
            Cell::Maybe(f.p),
            Cell::Maybe(f.q),
            Cell::Text(&f.message),
            Cell::Text(&f.remedy),
            Cell::Text(f.reason.as_deref().unwrap_or("")),
        ])?;
    }
    table.bytes()
}

fn weights(report: &Report) -> Result<Vec<u8>> {
    let head =
        ["head", "id", "label", "dimension", "subdimension", "weight", "effect", "low", "high", "selected", "marginal"];
    let mut table = Table::new(&head)?;
    for h in &report.heads {
        for w in &h.weights {
            table.row(&[
                Cell::Text(&h.dimension),
                Cell::Text(&w.id),
                Cell::Text(&w.label),
                Cell::Text(w.dimension.as_deref().unwrap_or("")),
                Cell::Text(w.subdimension.as_deref().unwrap_or("")),
                Cell::Number(w.weight),
                Cell::Number(w.effect),
                Cell::Maybe(w.low),
                Cell::Maybe(w.high),
                Cell::Maybe(w.selected),
                Cell::Maybe(w.marginal),
            ])?;
        }
    }
    table.bytes()
}
