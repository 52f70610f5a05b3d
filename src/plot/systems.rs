//! The systems (generators) that made the items: how often each wins by people, and by the head.

use serde::{Deserialize, Serialize};

use super::Figure;
use super::canvas::{Caption, figure};
use super::frame::origin;
use super::rows::{Cell, Group, Mark, Panel, Row, RowChart, paint};
use super::text::{count, counted, number, one_line, percent};
use super::theme::Ink;
use crate::Result;

/// What the chart shows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Systems {
    /// Id of the figure: lower-case letters, digits and hyphens only.
    pub id: String,
    /// Whether the data are simulated; said in the sub-title.
    pub simulated: bool,
    /// Dimension of the labels.
    pub dimension: String,
    /// What a system is: `generator`.
    pub attribute: String,
    /// The systems, in any order.
    pub rows: Vec<System>,
    /// Kendall's tau-b of the head's order with that of people.
    pub agreement: Option<f64>,
    /// Its 95 % interval.
    pub agreement_interval: Option<(f64, f64)>,
}

/// Win shares of one system against the others.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct System {
    /// Its name.
    pub name: String,
    /// Win share by people, ties as half.
    pub people: Option<f64>,
    /// Its 95 % interval.
    pub people_interval: Option<(f64, f64)>,
    /// Win share by the head.
    pub head: Option<f64>,
    /// Pairs against other systems.
    pub pairs: usize,
}

/// Draws the chart. No input panics.
///
/// # Errors
/// [`crate::Error::Bug`] if plotters refuses to draw.
pub fn systems(input: &Systems) -> Result<Figure> {
    let title = finding(input);
    let list: Vec<String> = ranked(input)
        .iter()
        .take(8)
        .filter_map(|s| s.people.map(|p| format!("{} {} %", one_line(&s.name), percent(p))))
        .collect();
    let alt = format!("{title}. Dots of win shares by people and by the head. By people: {}.", list.join(", "));
    figure(&Caption { id: &input.id, title: &title, alt: &alt }, |pen, width| paint(pen, width, &title, &chart(input)))
}

/// Whether the head puts the same system first, and how well the two orders agree.
pub fn finding(input: &Systems) -> String {
    let ranked = ranked(input);
    let Some(first) = ranked.first() else { return "There are no systems to rank".to_owned() };
    let by_head = ranked.iter().filter(|s| s.head.is_some_and(f64::is_finite));
    let head = by_head.max_by(|a, b| a.head.unwrap_or(0.0).total_cmp(&b.head.unwrap_or(0.0)));
    let dimension = one_line(&input.dimension);
    let agreement = match (input.agreement.filter(|t| t.is_finite()), input.agreement_interval) {
        (Some(tau), Some((low, high))) => {
            format!("; the orders agree at τ {} ({} to {})", number(tau, 2), number(low, 2), number(high, 2))
        }
        (Some(tau), None) => format!("; the orders agree at τ {}", number(tau, 2)),
        _ => String::new(),
    };
    match head {
        Some(h) if h.name == first.name => {
            format!("On {dimension} people and the head both put {} first{agreement}", one_line(&first.name))
        }
        Some(h) => format!(
            "On {dimension} people put {} first, the head {}{agreement}",
            one_line(&first.name),
            one_line(&h.name)
        ),
        None => format!("On {dimension} people put {} first", one_line(&first.name)),
    }
}

/// Systems with a win share, best by people first.
fn ranked(input: &Systems) -> Vec<&System> {
    let mut rows: Vec<&System> = input.rows.iter().filter(|s| s.people.is_some_and(f64::is_finite)).collect();
    rows.sort_by(|a, b| b.people.unwrap_or(0.0).total_cmp(&a.people.unwrap_or(0.0)));
    rows
}

fn chart(input: &Systems) -> RowChart {
    let head = input.rows.iter().any(|s| s.head.is_some());
    let note = format!(
        "{}Share of pairs against other systems that each wins, ties as half; pairs in brackets. Blue dot: by people, with 95 % interval{}.",
        origin(input.simulated),
        if head { ". Green ring and second number: by the head" } else { "" },
    );
    let panel = Panel::new("Win share", "% of pairs against others", Ink::Text).percent().solid(0.5, "even");
    let row = |s: &&System| {
        let mut cell =
            Cell::estimate(s.people, s.people_interval, Ink::Accent, s.people.map_or(String::new(), percent));
        if let Some(at) = s.head.filter(|v| v.is_finite()) {
            cell.marks.push(Mark::Ring { at, ink: Ink::Second });
            cell.value = format!("{} · {}", cell.value, percent(at));
        }
        cell.tip = format!("{}: {} % of {}", s.name, cell.value, counted(s.pairs, "pair", "pairs"));
        Row::new(&format!("{} ({})", one_line(&s.name), count(s.pairs)), vec![cell])
    };
    let rows = ranked(input).iter().map(row).collect();
    RowChart { note, panels: vec![panel], groups: vec![Group { rows, ..Group::default() }] }
}
