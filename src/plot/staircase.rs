//! Whether answers on a ladder form a staircase: who says yes to a hard question should say yes to every easier one.

use serde::{Deserialize, Serialize};

use super::Figure;
use super::canvas::{Caption, Pen, Side, Type, figure};
use super::frame::{header, nothing, origin};
use super::heat::{key, shade, strong};
use super::text::{count, counted, number, one_line, width as text_width, wrap};
use super::theme::{BODY, Ink, SMALL};
use crate::Result;

/// What the chart shows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Staircase {
    /// Id of the figure: lower-case letters, digits and hyphens only.
    pub id: String,
    /// Whether the data are simulated; said in the sub-title.
    pub simulated: bool,
    /// The ladders.
    pub ladders: Vec<Ladder>,
    /// Ladders that are left out because their staircases break less often.
    pub rest: usize,
}

/// One ladder.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Ladder {
    /// Name of the sub-dimension.
    pub name: String,
    /// Short labels of its questions, the easiest first.
    pub rungs: Vec<String>,
    /// For items with 0, 1, … yes answers on the ladder: their number, and the share of them that has a yes on each rung.
    pub steps: Vec<StairStep>,
    /// Share of items whose answers are no staircase.
    pub broken: Option<f64>,
}

/// Items with the same number of yes answers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StairStep {
    /// Items.
    pub items: usize,
    /// Share with a yes, per rung, the easiest first; empty where there is no item.
    pub yes: Vec<f64>,
}

/// Draws the chart. No input panics.
///
/// # Errors
/// [`crate::Error::Bug`] if plotters refuses to draw.
pub fn staircase(input: &Staircase) -> Result<Figure> {
    let title = finding(input);
    let list: Vec<String> = ranked(input)
        .iter()
        .take(6)
        .filter_map(|l| l.broken.map(|b| format!("{} {} %", one_line(&l.name), number(b * 100.0, 1))))
        .collect();
    let alt = format!(
        "{title}. Heat maps of the share of yes by number of yes answers and question, one per ladder. Broken staircases: {}.",
        list.join(", ")
    );
    figure(&Caption { id: &input.id, title: &title, alt: &alt }, |pen, width| paint(pen, width, &title, input))
}

/// Ladders with most broken staircases first.
fn ranked(input: &Staircase) -> Vec<&Ladder> {
    let mut ladders: Vec<&Ladder> = input.ladders.iter().filter(|l| !l.rungs.is_empty()).collect();
    ladders.sort_by(|a, b| b.broken.unwrap_or(-1.0).total_cmp(&a.broken.unwrap_or(-1.0)));
    ladders
}

/// The ladder whose staircases break most often.
pub fn finding(input: &Staircase) -> String {
    match ranked(input).first().and_then(|l| l.broken.filter(|b| b.is_finite()).map(|b| (l, b))) {
        None if input.ladders.is_empty() => "There are no ladders".to_owned(),
        None => "No ladder has items whose staircase could break".to_owned(),
        Some((_, 0.0)) => "Every item's answers form a staircase on every ladder".to_owned(),
        Some((l, b)) => format!(
            "Answers break the staircase most often on {}: {} % of items",
            one_line(&l.name),
            number(b * 100.0, 1)
        ),
    }
}

const CELL: f64 = 30.0;
const TALL: f64 = 19.0;

fn paint(pen: &mut Pen<'_>, width: f64, title: &str, input: &Staircase) -> Result<f64> {
    let note = format!(
        "{}Columns: items by how many questions of the ladder were answered yes, their number below. Rows: questions, the easiest at the bottom. Below the stepped line all should be yes, above it none.{}",
        origin(input.simulated),
        match input.rest {
            0 => String::new(),
            n => format!(" Not shown: {} that break less often.", counted(n, "ladder", "ladders")),
        }
    );
    let y = header(pen, width, title, &note)?;
    let ladders = ranked(input);
    if ladders.is_empty() {
        return nothing(pen, y);
    }
    let mut y = key(pen, (0.0, y + 2.0), (0.0, 1.0), &|v| format!("{} % yes", number(v * 100.0, 0)))? + 14.0;
    let columns = if width >= 500.0 && ladders.len() > 1 { 2 } else { 1 };
    let gutter = 34.0;
    let room = (width - gutter * (columns - 1) as f64) / columns as f64;
    for row in ladders.chunks(columns) {
        let mut bottom = y;
        for (c, ladder) in row.iter().enumerate() {
            bottom = bottom.max(one(pen, (c as f64 * (room + gutter), y), room, ladder)?);
        }
        y = bottom + 18.0;
    }
    Ok(y - 10.0)
}

/// One ladder; gives the y below it.
fn one(pen: &mut Pen<'_>, (left, top): (f64, f64), room: f64, ladder: &Ladder) -> Result<f64> {
    let rungs = ladder.rungs.len();
    let beside = ladder.broken.map_or_else(String::new, |b| format!("{} % broken", number(b * 100.0, 1)));
    let name = wrap(&ladder.name, BODY * 1.06, room - text_width(&beside, SMALL) - 10.0, 1);
    pen.lines((left, top + 6.0), &name, Type::new(BODY, Ink::Text).bold())?;
    pen.text((left + room, top + 6.0), &beside, Type::new(SMALL, Ink::Quiet).side(Side::End))?;
    pen.line((left, top + 16.0), (left + room, top + 16.0), Ink::Faint, 1.0)?;
    let steps = ladder.steps.len();
    let cell = CELL.min((room * 0.6) / steps.max(1) as f64);
    let grid = left + room - cell * steps as f64;
    let first = top + 24.0;
    for (r, rung) in ladder.rungs.iter().rev().enumerate() {
        let middle = first + r as f64 * TALL + TALL / 2.0;
        pen.lines((left, middle), &wrap(rung, SMALL, grid - left - 10.0, 1), Type::new(SMALL, Ink::Text))?;
    }
    let bottom = first + rungs as f64 * TALL;
    let mut free = f64::NEG_INFINITY;
    for (c, step) in ladder.steps.iter().enumerate() {
        let x = grid + c as f64 * cell;
        for (r, &yes) in step.yes.iter().take(rungs).enumerate().filter(|(_, yes)| yes.is_finite()) {
            let y = bottom - (r + 1) as f64 * TALL;
            pen.tipped(
                &format!(
                    "{} yes, “{}”: {} % of {} say yes",
                    c,
                    ladder.rungs[r],
                    number(yes * 100.0, 0),
                    counted(step.items, "item", "items")
                ),
                |pen| pen.bar((x + 0.5, y + 0.5), (x + cell - 0.5, y + TALL - 0.5), shade(yes)),
            )?;
            // Written where the staircase is broken.
            let expected = if r < c { 1.0 } else { 0.0 };
            if (yes - expected).abs() >= 0.05 && cell >= 22.0 {
                let ink = if strong(yes) { Ink::Paper } else { Ink::Text };
                pen.text(
                    (x + cell / 2.0, y + TALL / 2.0),
                    &number(yes * 100.0, 0),
                    Type::new(SMALL * 0.92, ink).side(Side::Middle),
                )?;
            }
        }
        let step_y = bottom - (c.min(rungs)) as f64 * TALL;
        pen.line((x, step_y), (x + cell, step_y), Ink::Text, 1.4)?;
        if c > 0 {
            pen.line((x, step_y), (x, (step_y + TALL).min(bottom)), Ink::Text, 1.4)?;
        }
        let label = count(step.items);
        let half = text_width(&label, SMALL * 0.92) / 2.0;
        if x + cell / 2.0 - half >= free {
            pen.text((x + cell / 2.0, bottom + 10.0), &label, Type::new(SMALL * 0.92, Ink::Quiet).side(Side::Middle))?;
            free = x + cell / 2.0 + half + 3.0;
        }
    }
    Ok(bottom + 18.0)
}
