//! What `headfit evaluate --head NEW --against OLD` prints and decides.

use super::printer::Printer;
use crate::evaluate::against::{Against, Change};
use crate::{Error, Result};

/// Name of the heads that would be replaced.
pub(super) const OLD: &str = "old head";

/// Fails where the new heads are worse, or, if they must be better, are not.
pub(super) fn replaceable(against: &[Against], must_be_better: bool) -> Result<()> {
    if against.is_empty() {
        return Err(Error::Usage("--against: the two heads files have no evaluated dimension in common".into()));
    }
    let of = |failed: fn(&Change) -> bool| -> Vec<&str> {
        against.iter().filter(|a| failed(&a.change)).map(|a| a.dimension.as_str()).collect()
    };
    let worse = of(|change| *change == Change::Worse);
    let unproven = of(|change| *change != Change::Better);
    if !worse.is_empty() {
        return Err(Error::CheckFailed(format!("the new head is worse than the old one on {}", worse.join(", "))));
    }
    if must_be_better && !unproven.is_empty() {
        return Err(Error::CheckFailed(format!("the new head is not shown to be better on {}", unproven.join(", "))));
    }
    Ok(())
}

/// New head minus old head, one line per dimension.
pub(super) fn show_against(against: &[Against], printer: &Printer) {
    let Some(first) = against.first() else { return };
    printer.line("");
    printer.line(format!("New head minus old head, {}, in points:", first.protocol.id()));
    let points = |d: Option<f64>| d.map_or("–".to_owned(), |d| format!("{:+.1}", 100.0 * d));
    let shown = |p: Option<f64>| p.map_or("–".to_owned(), |p| format!("{p:.4}"));
    let says = |change: Change| match change {
        Change::Better => "better",
        Change::Worse => "WORSE",
        Change::NotShown => "no difference shown",
        Change::NotEnoughData => "not enough data",
    };
    let line = |a: &Against| {
        let pairs = if a.unseen_only { format!("{} unseen", a.n) } else { a.n.to_string() };
        let interval = if a.low.is_some() { format!("{} to {}", points(a.low), points(a.high)) } else { String::new() };
        let numbers = [points(a.difference), interval, shown(a.p), shown(a.q), pairs, a.prompts.to_string()];
        [a.dimension.clone(), says(a.change).to_owned()].into_iter().chain(numbers).collect()
    };
    let rows: Vec<Vec<String>> = against.iter().map(line).collect();
    printer.table(&["dimension", "new head", "difference", "95 % interval", "p", "q", "pairs", "prompts"], &rows, 2);
    if against.iter().any(|a| a.unseen_only) {
        printer.line("unseen: only prompts count that neither head was fitted on.");
    }
}
