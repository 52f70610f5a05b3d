//! Published numbers on the terminal, for `headfit report --published`.

use super::printer::Printer;
use crate::Result;
use crate::report::published::{PublishedTable, PublishedView, names};

/// The names that exist.
pub(super) fn list(printer: &Printer) -> Result<()> {
    let rows: Vec<Vec<String>> =
        names()?.into_iter().map(|(name, n, sources)| vec![name, sources.join("; "), n.to_string()]).collect();
    printer.table(&["table", "source", "numbers"], &rows, 2);
    Ok(())
}

/// One table: models down, columns numbered across with their rule below; then what to mind.
pub(super) fn show(table: &PublishedTable, printer: &Printer) {
    let view = PublishedView::new(table, []);
    printer.line(format!(
        "{}: as published by {}; nothing of it was measured here",
        view.name,
        view.sources.join("; ")
    ));
    let head: Vec<String> = (1..=view.columns.len()).map(|n| format!("[{n}]")).collect();
    let head: Vec<&str> = std::iter::once("model").chain(head.iter().map(String::as_str)).collect();
    printer.table(&head, &view.rows, 1);
    for (n, [benchmark, rule, metric]) in view.columns.iter().enumerate() {
        printer.line(format!("[{}] {benchmark}: {metric}, rule {rule}", n + 1));
    }
    for note in &view.notes {
        match note.starts_with("DOUBT") {
            true => printer.alarm(note),
            false => printer.line(format!("note: {note}")),
        }
    }
    printer.line("");
}
