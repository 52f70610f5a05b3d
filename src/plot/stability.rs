//! How often each question is kept when the head is fitted again on resampled prompts.

use serde::{Deserialize, Serialize};

use super::Figure;
use super::canvas::{Caption, figure};
use super::frame::origin;
use super::rows::{Cell, Group, Mark, Panel, Row, RowChart, paint};
use super::text::{count, number, one_line};
use super::theme::Ink;
use crate::Result;

/// What the chart shows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Stability {
    /// Id of the figure: lower-case letters, digits and hyphens only.
    pub id: String,
    /// Whether the data are simulated; said in the sub-title.
    pub simulated: bool,
    /// Dimension of the head.
    pub head: String,
    /// The columns, in any order.
    pub rows: Vec<Kept>,
}

/// One column of the head.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Kept {
    /// Short label.
    pub label: String,
    /// Dimension of the checklist, where known.
    pub group: Option<String>,
    /// Share of refits with a weight other than zero.
    pub share: f64,
    /// Weight in the head.
    pub weight: f64,
}

/// A column that is kept more often than this counts as stable.
const STABLE: f64 = 0.8;

/// Draws the chart. No input panics.
///
/// # Errors
/// [`crate::Error::Bug`] if plotters refuses to draw.
pub fn stability(input: &Stability) -> Result<Figure> {
    let title = finding(input);
    let kept: Vec<String> = ranked(input)
        .iter()
        .take(8)
        .map(|k| format!("{} {} %", one_line(&k.label), number(k.share * 100.0, 0)))
        .collect();
    let alt = format!("{title}. Bars of the share of refits that keep each column: {}.", kept.join(", "));
    figure(&Caption { id: &input.id, title: &title, alt: &alt }, |pen, width| paint(pen, width, &title, &chart(input)))
}

/// How much of what the head uses would be kept by most refits.
pub fn finding(input: &Stability) -> String {
    let used = input.rows.iter().filter(|k| k.weight != 0.0).count();
    let firm = input.rows.iter().filter(|k| k.weight != 0.0 && k.share >= STABLE).count();
    let tempted = input.rows.iter().filter(|k| k.weight == 0.0 && k.share >= 0.5).count();
    if input.rows.is_empty() {
        return "There are no refits to count".to_owned();
    }
    let rest = match tempted {
        0 => String::new(),
        n => format!(
            "; {} left out is kept by most refits",
            if n == 1 { "1 that is".to_owned() } else { format!("{} that are", count(n)) }
        )
        .replace("are left out is", "are left out are"),
    };
    format!(
        "{} of the {} columns of the {} head are kept in at least 80 % of refits{rest}",
        count(firm),
        count(used),
        one_line(&input.head)
    )
}

fn ranked(input: &Stability) -> Vec<&Kept> {
    let mut rows: Vec<&Kept> = input.rows.iter().filter(|k| k.share.is_finite()).collect();
    rows.sort_by(|a, b| b.share.total_cmp(&a.share));
    rows
}

fn chart(input: &Stability) -> RowChart {
    let rows = ranked(input);
    let never = rows.iter().filter(|k| k.share < 0.05 && k.weight == 0.0).count();
    let note = format!(
        "{}Share of bootstrap refits over prompts, at the chosen penalty, in which the weight is not zero. Grey: not in the head.{}",
        origin(input.simulated),
        if never > 0 {
            format!(" Not shown: {} kept in fewer than 5 % of refits.", count(never))
        } else {
            String::new()
        },
    );
    let panel = Panel::new("Kept in", "% of refits", Ink::Accent).percent().dashed(STABLE, "80 %").span([0.0, 1.0]);
    let row = |k: &&Kept| {
        let (ink, tint) = if k.weight == 0.0 { (Ink::Faint, Ink::Grid) } else { (Ink::Accent, Ink::AccentTint) };
        let cell = Cell {
            marks: vec![Mark::Bar { from: 0.0, to: k.share, ink: tint }, Mark::Dot { at: k.share, ink }],
            value: number(k.share * 100.0, 0),
            tip: format!(
                "{}: kept in {} % of refits, weight {}",
                k.label,
                number(k.share * 100.0, 0),
                number(k.weight, 3)
            ),
        };
        Row::new(&k.label, vec![cell]).ink(if k.weight == 0.0 { Ink::Quiet } else { Ink::Text })
    };
    let rows = rows.iter().filter(|k| !(k.share < 0.05 && k.weight == 0.0)).map(row).collect();
    RowChart { note, panels: vec![panel], groups: vec![Group { rows, ..Group::default() }] }
}
