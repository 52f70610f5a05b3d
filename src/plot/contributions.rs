//! What makes the scores differ: the share of the score's variance that each dimension (or question) brings in.

use serde::{Deserialize, Serialize};

use super::Figure;
use super::canvas::{Caption, figure};
use super::frame::origin;
use super::rows::{Cell, Group, Mark, Panel, Row, RowChart, paint};
use super::text::{counted, number, one_line, signed};
use super::theme::Ink;
use crate::Result;

/// What the chart shows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Contributions {
    /// Id of the figure: lower-case letters, digits and hyphens only.
    pub id: String,
    /// Whether the data are simulated; said in the sub-title.
    pub simulated: bool,
    /// Dimension of the head.
    pub head: String,
    /// Items whose scores were taken apart.
    pub items: usize,
    /// The parts, in any order.
    pub parts: Vec<Part>,
}

/// One part of the score.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Part {
    /// Name of the dimension.
    pub name: String,
    /// cov(part, score) / var(score), a share; negative where the part works against the rest.
    pub share: f64,
    /// 95 % interval of the share.
    pub interval: Option<(f64, f64)>,
    /// Share of the sum of |weight|.
    pub weight: Option<f64>,
}

/// Draws the chart. No input panics.
///
/// # Errors
/// [`crate::Error::Bug`] if plotters refuses to draw.
pub fn contributions(input: &Contributions) -> Result<Figure> {
    let title = finding(input);
    let list: Vec<String> = ranked(input)
        .iter()
        .take(8)
        .map(|p| format!("{} {} %", one_line(&p.name), number(p.share * 100.0, 0)))
        .collect();
    let alt = format!("{title}. Bars of the share of score variance by dimension: {}.", list.join(", "));
    figure(&Caption { id: &input.id, title: &title, alt: &alt }, |pen, width| paint(pen, width, &title, &chart(input)))
}

/// `The overall score: alignment makes 41 % of its variance, quality 16 %`.
pub fn finding(input: &Contributions) -> String {
    let head = one_line(&input.head);
    match ranked(input).as_slice() {
        [] => format!("The {head} score has no parts"),
        [only] => format!("The {head} score has one part: {}", one_line(&only.name)),
        [first, second, ..] => format!(
            "The {head} score: {} makes {} % of its variance, {} {} %",
            one_line(&first.name),
            number(first.share * 100.0, 0),
            one_line(&second.name),
            number(second.share * 100.0, 0)
        ),
    }
}

fn ranked(input: &Contributions) -> Vec<&Part> {
    let mut parts: Vec<&Part> = input.parts.iter().collect();
    parts.sort_by(|a, b| b.share.total_cmp(&a.share));
    parts.retain(|p| p.share.is_finite());
    parts
}

fn chart(input: &Contributions) -> RowChart {
    let negative = input.parts.iter().any(|p| p.share < 0.0);
    let intervals = input.parts.iter().any(|p| p.interval.is_some());
    let note = format!(
        "{}Shares of the variance of scores over {}; together they are 100 %.{}{}",
        origin(input.simulated),
        counted(input.items, "item", "items"),
        if intervals { " Lines are 95 % intervals." } else { "" },
        if negative { " A negative share works against the rest." } else { "" },
    );
    let weights = input.parts.iter().any(|p| p.weight.is_some());
    let mut panels =
        vec![Panel::new("Share of variance", "% of the score's variance", Ink::Accent).percent().solid(0.0, "")];
    if weights {
        panels
            .push(Panel::new("Share of weight", "% of all |weight|", Ink::Second).percent().solid(0.0, "").share(0.6));
    }
    let row = |p: &&Part| {
        let (tint, ink) =
            if p.share < 0.0 { (Ink::ContrastTint, Ink::Contrast) } else { (Ink::AccentTint, Ink::Accent) };
        let whisker = p.interval.map(|(low, high)| Mark::Whisker { low, high, ink });
        let bar = [Mark::Bar { from: 0.0, to: p.share, ink: tint }];
        let dot = [Mark::Dot { at: p.share, ink }];
        let mut cells = vec![Cell {
            marks: bar.into_iter().chain(whisker).chain(dot).collect(),
            value: number(p.share * 100.0, 1),
            tip: format!("{}: {} % of the variance", p.name, signed(p.share * 100.0, 1)),
        }];
        if weights {
            let marks = p
                .weight
                .map(|at| vec![Mark::Link { from: 0.0, to: at, ink: Ink::Second }, Mark::Dot { at, ink: Ink::Second }]);
            let value = p.weight.map_or_else(String::new, |w| number(w * 100.0, 1));
            cells.push(Cell { marks: marks.unwrap_or_default(), value, tip: String::new() });
        }
        Row::new(&p.name, cells).ink(if p.share == 0.0 { Ink::Quiet } else { Ink::Text })
    };
    let rows = ranked(input).iter().map(row).collect();
    RowChart { note, panels, groups: vec![Group { rows, ..Group::default() }] }
}
