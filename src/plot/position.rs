//! Position bias: how often the item that was shown first is chosen.

use serde::{Deserialize, Serialize};

use super::canvas::{Caption, figure};
use super::frame::origin;
use super::rows::{Cell, Group, Panel, Row, RowChart, paint};
use super::text::{count, counted, one_line, percent};
use super::theme::Ink;
use super::{Figure, Tone};
use crate::Result;

/// What the chart shows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Position {
    /// Id of the figure: lower-case letters, digits and hyphens only.
    pub id: String,
    /// Whether the data are simulated; said in the sub-title.
    pub simulated: bool,
    /// Who chooses: `people`, or a judge.
    pub who: String,
    /// One row per dimension, annotator or judge.
    pub rows: Vec<FirstShare>,
}

/// How often the first item is chosen.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FirstShare {
    /// Dimension, annotator or judge.
    pub label: String,
    /// Share of decided pairs in which the item shown first is preferred.
    pub share: Option<f64>,
    /// 95 % interval.
    pub interval: Option<(f64, f64)>,
    /// Decided pairs.
    pub pairs: usize,
    /// What the audit makes of it.
    pub tone: Tone,
}

/// Draws the chart. No input panics.
///
/// # Errors
/// [`crate::Error::Bug`] if plotters refuses to draw.
pub fn position(input: &Position) -> Result<Figure> {
    let title = finding(input);
    let alt = format!(
        "{title}. Dot and whisker plot of the share of decided pairs in which the first item is preferred; 50 % is no bias."
    );
    figure(&Caption { id: &input.id, title: &title, alt: &alt }, |pen, width| paint(pen, width, &title, &chart(input)))
}

/// Whether any interval lies off one half, and the furthest.
pub fn finding(input: &Position) -> String {
    let who = super::text::sentence(&one_line(&input.who));
    let who = if who.is_empty() { "People".to_owned() } else { who };
    let known =
        || input.rows.iter().filter_map(|r| r.share.filter(|s| s.is_finite()).zip(r.interval).map(|(s, i)| (r, s, i)));
    // Rows that the audit looked at and found fine are no finding, whatever their intervals: there are many rows.
    let judged = input.rows.iter().any(|r| r.tone != Tone::Fine);
    let off = known().filter(|(r, _, i)| (r.tone.flagged() || !judged) && (i.0 > 0.5 || i.1 < 0.5));
    let name = |r: &FirstShare, share| format!("{} ({} % first)", one_line(&r.label), percent(share));
    match (furthest(off.clone()), furthest(known()), known().count()) {
        (_, None, _) => "Position bias cannot be told from these data".to_owned(),
        (None, Some((r, share, _)), 1) => format!("{who}: no preference for a position is shown on {}", name(r, share)),
        (None, Some((r, share, _)), _) => {
            format!("{who}: no preference for a position is shown; furthest is {}", name(r, share))
        }
        (Some((r, share, _)), _, 1) => format!("{who} favour a position on {}", name(r, share)),
        (Some((r, share, _)), _, all) => format!(
            "{who} favour a position in {} of {}, most of all {}",
            count(off.count()),
            counted(all, "row", "rows"),
            name(r, share)
        ),
    }
}

/// A row with its share and interval.
type Told<'a> = (&'a FirstShare, f64, (f64, f64));

/// The row whose share lies furthest from one half.
fn furthest<'a>(rows: impl Iterator<Item = Told<'a>>) -> Option<Told<'a>> {
    let off = |row: &Told<'_>| (row.1 - 0.5).abs();
    rows.reduce(|best, next| if off(&next) > off(&best) { next } else { best })
}

fn chart(input: &Position) -> RowChart {
    let flagged = input.rows.iter().any(|r| r.tone.flagged());
    let note = format!(
        "{}Share of decided pairs whose first item is preferred; lines are 95 % intervals, pairs in brackets.{}",
        origin(input.simulated),
        if flagged { " Orange: flagged by the audit." } else { "" }
    );
    let panel = Panel::new("First item preferred", "% of decided pairs", Ink::Text)
        .percent()
        .dashed(0.5, "no bias")
        .span([0.45, 0.55]);
    let row = |r: &FirstShare| {
        let ink = if r.tone.flagged() { Ink::Contrast } else { Ink::Accent };
        let text = r.share.map_or_else(String::new, percent);
        let cell = Cell::estimate(r.share, r.interval, ink, text.clone());
        let cell = cell.tip(format!("{}: {text} % of {}", r.label, counted(r.pairs, "decided pair", "decided pairs")));
        Row::new(&format!("{} ({})", one_line(&r.label), count(r.pairs)), vec![cell])
    };
    RowChart {
        note,
        panels: vec![panel],
        groups: vec![Group { rows: input.rows.iter().map(row).collect(), ..Group::default() }],
    }
}
