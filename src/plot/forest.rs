//! Estimates of one kind with their intervals around the value that means "no bias": controlled effects and findings.

use serde::{Deserialize, Serialize};

use super::canvas::{Caption, figure};
use super::frame::origin;
use super::rows::{Cell, Group, Mark, Panel, Row, RowChart, paint};
use super::text::{count, counted, number, one_line};
use super::theme::Ink;
use super::{Figure, Tone};
use crate::Result;

/// What the chart shows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Forest {
    /// Id of the figure: lower-case letters, digits and hyphens only.
    pub id: String,
    /// Whether the data are simulated; said in the sub-title.
    pub simulated: bool,
    /// What is estimated, for example `position bias` or `effect beside the head's score`.
    pub measure: String,
    /// Unit of the estimates.
    pub unit: String,
    /// Whether the estimates are shares, written in percent.
    pub percent: bool,
    /// The value that means "no bias".
    pub null: f64,
    /// Name of that value, for example `no bias`.
    pub null_name: String,
    /// The interval around the null inside which nothing matters.
    pub band: Option<(f64, f64)>,
    /// What one estimate is about, and several: `question`, `questions`; empty for `estimate`.
    pub noun: (String, String),
    /// How many estimates there are, where not all are shown; 0 = those shown.
    pub all: usize,
    /// How many of all are flagged.
    pub flagged: usize,
    /// The estimates.
    pub rows: Vec<Effect>,
}

/// One estimate.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Effect {
    /// What it is about.
    pub label: String,
    /// Heading it stands under, where there is one.
    pub group: Option<String>,
    /// The estimate.
    pub estimate: Option<f64>,
    /// 95 % interval.
    pub interval: Option<(f64, f64)>,
    /// Observations behind it.
    pub n: usize,
    /// What follows from it.
    pub tone: Tone,
}

/// Draws the chart. No input panics.
///
/// # Errors
/// [`crate::Error::Bug`] if plotters refuses to draw.
pub fn forest(input: &Forest) -> Result<Figure> {
    let title = finding(input);
    let rows = input.rows.iter().filter(|r| r.tone.flagged()).take(8);
    let flagged: Vec<String> =
        rows.filter_map(|r| r.estimate.map(|e| format!("{} {}", one_line(&r.label), written(input, e)))).collect();
    let list = if flagged.is_empty() { String::new() } else { format!(" Flagged: {}.", flagged.join(", ")) };
    let alt = format!("{title}. Forest plot of {} with 95 % intervals.{list}", one_line(&input.measure));
    figure(&Caption { id: &input.id, title: &title, alt: &alt }, |pen, width| paint(pen, width, &title, &chart(input)))
}

/// How many estimates are flagged, and the furthest of them.
pub fn finding(input: &Forest) -> String {
    let measure = super::text::sentence(&one_line(&input.measure));
    let shown = input.rows.iter().filter(|r| r.estimate.is_some()).count();
    let measured = shown.max(input.all);
    let loud: Vec<&Effect> = input.rows.iter().filter(|r| r.tone.flagged() && r.estimate.is_some()).collect();
    let flagged = loud.len().max(if input.all > 0 { input.flagged } else { 0 });
    let off = |r: &Effect| (r.estimate.unwrap_or(input.null) - input.null).abs();
    let furthest = loud.iter().copied().reduce(|best, next| if off(next) > off(best) { next } else { best });
    let (one, many) = match (input.noun.0.as_str(), input.noun.1.as_str()) {
        ("", _) | (_, "") => ("estimate", "estimates"),
        nouns => nouns,
    };
    let last = |r: &Effect| format!("“{}” ({})", one_line(&r.label), written(input, r.estimate.unwrap_or(input.null)));
    match (furthest, measured) {
        (None, 0) => format!("There is no estimate: {}", one_line(&input.measure)),
        (None, _) => format!("{measure}: none of {} calls for a look", counted(measured, one, many)),
        (Some(r), 1) => format!("{measure}: {}", last(r)),
        (Some(r), _) => {
            let calls = if flagged == 1 { "calls" } else { "call" };
            let most = if flagged == 1 { "" } else { "most of all " };
            format!(
                "{measure}: {} of {} {calls} for a look, {most}{}",
                count(flagged),
                counted(measured, one, many),
                last(r)
            )
        }
    }
}

fn written(input: &Forest, value: f64) -> String {
    if input.percent { format!("{} %", number(value * 100.0, 1)) } else { number(value, 2) }
}

fn chart(input: &Forest) -> RowChart {
    let any = |tone| input.rows.iter().any(|r| r.tone == tone);
    let note = format!(
        "{}Lines are 95 % intervals.{}{}{}{}",
        origin(input.simulated),
        if any(Tone::Bad) { " Orange dot: large and shown." } else { "" },
        if any(Tone::Look) { " Orange ring: worth a look." } else { "" },
        if any(Tone::Unknown) { " Small dot: not enough data." } else { "" },
        match input.all.saturating_sub(input.rows.len()) {
            0 => String::new(),
            rest => format!(" Not shown: {} that are less far off.", count(rest)),
        },
    );
    let mut panel = Panel::new(&super::text::sentence(&one_line(&input.measure)), &input.unit, Ink::Text)
        .solid(input.null, &input.null_name);
    panel.percent = input.percent;
    if let Some((low, high)) = input.band.filter(|b| b.0.is_finite() && b.1.is_finite()) {
        for edge in [low, high].into_iter().filter(|e| *e != input.null) {
            panel = panel.dashed(edge, "look");
        }
    }
    let row = |r: &Effect| {
        let ink = if r.tone.flagged() { Ink::Contrast } else { Ink::Other };
        let text =
            r.estimate.map_or_else(String::new, |e| if input.percent { number(e * 100.0, 1) } else { number(e, 2) });
        let mut cell = Cell::estimate(r.estimate, r.interval, ink, text.clone());
        if let (Some(Mark::Dot { at, ink }), tone) = (cell.marks.last().copied(), r.tone) {
            let last = cell.marks.len() - 1;
            match tone {
                Tone::Look => cell.marks[last] = Mark::Ring { at, ink },
                Tone::Unknown => cell.marks[last] = Mark::Small { at, ink },
                Tone::Fine | Tone::Bad => {}
            }
        }
        cell.tip = format!("{}: {text}, n = {}", r.label, count(r.n));
        Row::new(&r.label, vec![cell]).ink(if r.tone == Tone::Unknown { Ink::Quiet } else { Ink::Text })
    };
    let groups = super::grouped(&input.rows, |r| r.group.as_deref());
    let groups = groups.into_iter().map(|(name, rows)| Group {
        name,
        rows: rows.into_iter().map(row).collect(),
        ..Group::default()
    });
    RowChart { note, panels: vec![panel], groups: groups.collect() }
}
