//! Which answers go with being preferred: the shift of the yes-share per question (Fig. 4 of the paper).

use serde::{Deserialize, Serialize};

use super::Figure;
use super::canvas::{Caption, figure};
use super::frame::origin;
use super::rows::{Cell, Group, Mark, Panel, Row, RowChart, paint};
use super::text::{count, one_line, signed};
use super::theme::Ink;
use crate::Result;

/// What the chart shows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct YesShare {
    /// Id of the figure: lower-case letters, digits and hyphens only.
    pub id: String,
    /// Whether the data are simulated; said in the sub-title.
    pub simulated: bool,
    /// Dimension of the labels.
    pub dimension: String,
    /// What the shift is from and to, for example `preferred item minus the other`.
    pub what: String,
    /// What the second, hollow mark is; empty where there is none.
    pub second: String,
    /// Pairs behind it.
    pub pairs: usize,
    /// The questions, ladders together.
    pub rows: Vec<Shift>,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Shift {
    /// Short label.
    pub label: String,
    /// Dimension of the checklist, where known.
    pub group: Option<String>,
    /// Difference of two yes-shares, a share: 0.12 = 12 percentage points.
    pub shift: Option<f64>,
    /// 95 % interval.
    pub interval: Option<(f64, f64)>,
    /// The second shift.
    pub second: Option<f64>,
}

/// Draws the chart. No input panics.
///
/// # Errors
/// [`crate::Error::Bug`] if plotters refuses to draw.
pub fn yes_share(input: &YesShare) -> Result<Figure> {
    let title = finding(input);
    let alt =
        format!("{title}. Dot plot of the shift of the yes-share in percentage points, {}.", one_line(&input.what));
    figure(&Caption { id: &input.id, title: &title, alt: &alt }, |pen, width| paint(pen, width, &title, &chart(input)))
}

/// The question with the largest shift that its interval shows.
pub fn finding(input: &YesShare) -> String {
    let shown = |s: &&Shift| s.interval.is_none_or(|(low, high)| low > 0.0 || high < 0.0);
    let largest = (input.rows.iter().filter(shown).filter_map(|s| s.shift.filter(|v| v.is_finite()).map(|v| (s, v))))
        .reduce(|best, next| if next.1.abs() > best.1.abs() { next } else { best });
    match largest {
        None if input.rows.is_empty() => "No question has a yes-share to compare".to_owned(),
        None => "No question's yes-share is shown to shift".to_owned(),
        Some((s, 0.0)) => format!("No yes-share shifts, not even that of “{}”", one_line(&s.label)),
        Some((s, v)) => format!(
            "“{}” shifts most: its yes-share is {} points {}",
            one_line(&s.label),
            super::text::number(v.abs() * 100.0, 1),
            if v > 0.0 { "higher" } else { "lower" }
        ),
    }
}

fn chart(input: &YesShare) -> RowChart {
    let intervals = input.rows.iter().any(|r| r.interval.is_some());
    let second = !input.second.trim().is_empty();
    let note = format!(
        "{}Difference of yes-shares, {}, over {} pairs{}.{}{}{}",
        origin(input.simulated),
        one_line(&input.what),
        count(input.pairs),
        if input.dimension.is_empty() { String::new() } else { format!(" on {}", one_line(&input.dimension)) },
        if intervals { " Lines are 95 % intervals; grey ones contain zero." } else { "" },
        if input.rows.iter().any(|r| r.shift.is_some_and(|s| s < 0.0)) { " Orange: fewer yes." } else { "" },
        if second { format!(" Ring: {}.", one_line(&input.second)) } else { String::new() },
    );
    let panel = Panel::new("Shift of the yes-share", "percentage points", Ink::Text).percent().solid(0.0, "");
    let row = |r: &Shift| {
        let value = r.shift.filter(|v| v.is_finite());
        let open = r.interval.is_some_and(|(low, high)| low <= 0.0 && high >= 0.0);
        let ink = match value {
            _ if open => Ink::Faint,
            Some(v) if v < 0.0 => Ink::Contrast,
            _ => Ink::Accent,
        };
        let mut cell = Cell::estimate(value, r.interval, ink, value.map_or_else(String::new, |v| signed(v * 100.0, 1)));
        if let Some(at) = r.second.filter(|_| second) {
            cell.marks.insert(0, Mark::Ring { at, ink: Ink::Second });
        }
        let cell = cell.tip(format!(
            "{}: {}",
            r.label,
            value.map_or("no value".to_owned(), |v| format!("{} points", signed(v * 100.0, 1)))
        ));
        Row::new(&r.label, vec![cell]).ink(if open { Ink::Quiet } else { Ink::Text })
    };
    let groups = super::grouped(&input.rows, |r| r.group.as_deref());
    let groups = groups.into_iter().map(|(name, rows)| Group {
        name,
        rows: rows.into_iter().map(row).collect(),
        ..Group::default()
    });
    RowChart { note, panels: vec![panel], groups: groups.collect() }
}
