//! The head on groups (generators) that it never saw, beside heads that saw them.

use serde::{Deserialize, Serialize};

use super::Figure;
use super::canvas::{Caption, figure};
use super::frame::origin;
use super::rows::{Cell, Group, Mark, Panel, Row, RowChart, paint};
use super::text::{counted, number, one_line, percent, signed};
use super::theme::Ink;
use crate::Result;

/// What the chart shows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Unseen {
    /// Id of the figure: lower-case letters, digits and hyphens only.
    pub id: String,
    /// Whether the data are simulated; said in the sub-title.
    pub simulated: bool,
    /// Attribute whose values were kept from the head: `generator`.
    pub attribute: String,
    /// What is measured, for example `diff-half accuracy`.
    pub measure: String,
    /// One row per dimension.
    pub rows: Vec<Kept>,
}

/// One dimension.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Kept {
    /// Dimension.
    pub dimension: String,
    /// Accuracy of heads that never saw the groups of the pair.
    pub unseen: Option<f64>,
    /// Its 95 % interval.
    pub unseen_interval: Option<(f64, f64)>,
    /// Accuracy, on the same pairs, of heads that saw as many pairs of all groups.
    pub seen: Option<f64>,
    /// `unseen` minus `seen`.
    pub difference: Option<f64>,
    /// Its 95 % interval.
    pub difference_interval: Option<(f64, f64)>,
    /// Pairs.
    pub pairs: usize,
}

impl Kept {
    /// Whether a loss is shown.
    fn loses(&self) -> bool {
        self.difference_interval.is_some_and(|(_, high)| high < 0.0)
    }
}

/// Draws the chart. No input panics.
///
/// # Errors
/// [`crate::Error::Bug`] if plotters refuses to draw.
pub fn unseen(input: &Unseen) -> Result<Figure> {
    let title = finding(input);
    let alt = format!(
        "{title}. Accuracy in percent of heads that never saw a {} and of heads that did, and the difference.",
        one_line(&input.attribute)
    );
    figure(&Caption { id: &input.id, title: &title, alt: &alt }, |pen, width| paint(pen, width, &title, &chart(input)))
}

/// The dimension that loses most, or that no loss is shown.
pub fn finding(input: &Unseen) -> String {
    let known: Vec<&Kept> = input.rows.iter().filter(|r| r.difference.is_some_and(f64::is_finite)).collect();
    let attribute = one_line(&input.attribute);
    let worst = known
        .iter()
        .filter(|r| r.loses())
        .min_by(|a, b| a.difference.unwrap_or(0.0).total_cmp(&b.difference.unwrap_or(0.0)));
    match (worst, known.len()) {
        (_, 0) => format!("What the head loses on a new {attribute} cannot be told"),
        (Some(r), _) => format!(
            "On a {attribute} that it never saw the head is {} points worse on {}",
            number(-r.difference.unwrap_or(0.0) * 100.0, 1),
            one_line(&r.dimension)
        ),
        (None, 1) => format!(
            "On a {attribute} that it never saw the head is not shown to be worse on {} ({} points)",
            one_line(&known[0].dimension),
            signed(known[0].difference.unwrap_or(0.0) * 100.0, 1)
        ),
        (None, _) => format!("On a {attribute} that it never saw the head is not shown to be worse on any dimension"),
    }
}

fn chart(input: &Unseen) -> RowChart {
    let note = format!(
        "{}{} in %, 95 % intervals over prompts. Dot: heads whose training pairs hold neither the {} nor the prompt. Ring: heads with as many training pairs that do hold the {}.",
        origin(input.simulated),
        super::text::sentence(&one_line(&input.measure)),
        one_line(&input.attribute),
        one_line(&input.attribute),
    );
    let panels = vec![
        Panel::new("Accuracy", "% of pairs", Ink::Accent).percent(),
        Panel::new("Unseen minus seen", "percentage points", Ink::Text).percent().solid(0.0, "no loss").share(0.8),
    ];
    let row = |r: &Kept| {
        let text = r.unseen.map_or_else(String::new, percent);
        let mut accuracy = Cell::estimate(r.unseen, r.unseen_interval, Ink::Accent, text.clone());
        if let Some(at) = r.seen.filter(|v| v.is_finite()) {
            accuracy.marks.insert(0, Mark::Ring { at, ink: Ink::Other });
        }
        accuracy.tip = format!(
            "{}: unseen {text} %, seen {} %, {}",
            r.dimension,
            r.seen.map_or_else(String::new, percent),
            counted(r.pairs, "pair", "pairs")
        );
        let ink = if r.loses() { Ink::Contrast } else { Ink::Other };
        let text = r.difference.map_or_else(String::new, |d| signed(d * 100.0, 1));
        let difference = Cell::estimate(r.difference, r.difference_interval, ink, text);
        Row::new(&r.dimension, vec![accuracy, difference])
    };
    RowChart { note, panels, groups: vec![Group { rows: input.rows.iter().map(row).collect(), ..Group::default() }] }
}
