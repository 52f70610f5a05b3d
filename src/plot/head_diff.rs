//! Two heads side by side: what a refit changed.

use serde::{Deserialize, Serialize};

use super::Figure;
use super::canvas::{Caption, figure};
use super::frame::origin;
use super::rows::{Cell, Group, Mark, Panel, Row, RowChart, paint};
use super::text::{count, counted, number, one_line, signed};
use super::theme::Ink;
use crate::Result;

/// What the chart shows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HeadDiff {
    /// Id of the figure: lower-case letters, digits and hyphens only.
    pub id: String,
    /// Whether the data are simulated; said in the sub-title.
    pub simulated: bool,
    /// Dimension of the heads.
    pub head: String,
    /// Name of the old head.
    pub old: String,
    /// Name of the new head.
    pub new: String,
    /// Unit of the weights.
    pub unit: String,
    /// The columns of either.
    pub rows: Vec<Change>,
}

/// One column. A column that a head does not have has no weight there.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Change {
    /// Short label.
    pub label: String,
    /// Weight in the old head.
    pub old: Option<f64>,
    /// Weight in the new head.
    pub new: Option<f64>,
    /// 95 % interval of the new weight.
    pub interval: Option<(f64, f64)>,
}

impl Change {
    fn change(&self) -> f64 {
        self.new.unwrap_or(0.0) - self.old.unwrap_or(0.0)
    }

    fn outside(&self) -> bool {
        let old = self.old.unwrap_or(0.0);
        self.interval.is_some_and(|(low, high)| old < low || old > high)
    }
}

/// Draws the chart. No input panics.
///
/// # Errors
/// [`crate::Error::Bug`] if plotters refuses to draw.
pub fn head_diff(input: &HeadDiff) -> Result<Figure> {
    let title = finding(input);
    let list: Vec<String> =
        ranked(input).iter().take(6).map(|c| format!("{} {}", one_line(&c.label), signed(c.change(), 2))).collect();
    let alt = format!("{title}. Dumbbell plot of old and new weights. Largest changes: {}.", list.join(", "));
    figure(&Caption { id: &input.id, title: &title, alt: &alt }, |pen, width| paint(pen, width, &title, &chart(input)))
}

/// What was added, what was dropped, what moved most.
pub fn finding(input: &HeadDiff) -> String {
    let zero = |w: Option<f64>| w.is_none_or(|w| w == 0.0);
    let added = input.rows.iter().filter(|c| zero(c.old) && !zero(c.new)).count();
    let dropped = input.rows.iter().filter(|c| !zero(c.old) && zero(c.new)).count();
    let head = one_line(&input.head);
    match ranked(input).first() {
        None if input.rows.is_empty() => format!("The {head} heads have no columns"),
        None => format!("The {head} head did not change"),
        Some(c) => format!(
            "{} entered the {head} head, {} left it; “{}” moved most ({})",
            counted(added, "column", "columns"),
            count(dropped),
            one_line(&c.label),
            signed(c.change(), 2)
        ),
    }
}

/// Changed columns, largest change first.
fn ranked(input: &HeadDiff) -> Vec<&Change> {
    let mut rows: Vec<&Change> = input.rows.iter().filter(|c| c.change().is_finite() && c.change() != 0.0).collect();
    rows.sort_by(|a, b| b.change().abs().total_cmp(&a.change().abs()));
    rows
}

fn chart(input: &HeadDiff) -> RowChart {
    let rows = ranked(input);
    let same = input.rows.len() - rows.len();
    let note = format!(
        "{}Ring: {}. Dot: {}.{}{}{}",
        origin(input.simulated),
        one_line(&input.old),
        one_line(&input.new),
        if rows.iter().any(|c| c.interval.is_some()) {
            " Grey lines are 95 % intervals of the new weights."
        } else {
            ""
        },
        if rows.iter().any(|c| c.outside()) { " Orange: the old weight lies outside the interval." } else { "" },
        if same > 0 {
            format!(" Not shown: {} without change.", counted(same, "column", "columns"))
        } else {
            String::new()
        },
    );
    let panel = Panel::new("Weight", &input.unit, Ink::Accent).solid(0.0, "");
    let row = |c: &&Change| {
        let (old, new) = (c.old.unwrap_or(0.0), c.new.unwrap_or(0.0));
        let ink = if c.outside() { Ink::Contrast } else { Ink::Accent };
        let whisker = c.interval.map(|(low, high)| Mark::Whisker { low, high, ink: Ink::Faint });
        let marks = whisker.into_iter().chain([
            Mark::Link { from: old, to: new, ink },
            Mark::Ring { at: old, ink },
            Mark::Dot { at: new, ink },
        ]);
        let tip = format!("{}: {} → {}", c.label, number(old, 3), number(new, 3));
        Row::new(&c.label, vec![Cell { marks: marks.collect(), value: signed(c.change(), 2), tip }])
    };
    RowChart {
        note,
        panels: vec![panel],
        groups: vec![Group { rows: rows.iter().map(row).collect(), ..Group::default() }],
    }
}
