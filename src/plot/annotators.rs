//! Who can be trusted to label alike: severity and agreement of every annotator.

use serde::{Deserialize, Serialize};

use super::canvas::{Caption, figure};
use super::frame::origin;
use super::rows::{Cell, Group, Panel, Row, RowChart, paint};
use super::text::{count, counted, number, one_line, signed};
use super::theme::Ink;
use super::{Figure, Tone};
use crate::Result;

/// What the chart shows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Annotators {
    /// Id of the figure: lower-case letters, digits and hyphens only.
    pub id: String,
    /// Whether the data are simulated; said in the sub-title.
    pub simulated: bool,
    /// Dimension of the ratings.
    pub dimension: String,
    /// Unit of severity, for example `scale points below the others' mean`.
    pub severity_unit: String,
    /// Unit of agreement, for example `correlation with the mean of the others`.
    pub agreement_unit: String,
    /// The annotators.
    pub rows: Vec<Annotator>,
}

/// One annotator.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Annotator {
    /// Name or id, salted where it is to be hidden.
    pub name: String,
    /// Deviation from the others on the same items.
    pub severity: Option<f64>,
    /// Its 95 % interval.
    pub severity_interval: Option<(f64, f64)>,
    /// Agreement with the others.
    pub agreement: Option<f64>,
    /// Its 95 % interval.
    pub agreement_interval: Option<(f64, f64)>,
    /// Ratings or votes given.
    pub n: usize,
    /// What the audit makes of it.
    pub tone: Tone,
}

/// Draws the chart. No input panics.
///
/// # Errors
/// [`crate::Error::Bug`] if plotters refuses to draw.
pub fn annotators(input: &Annotators) -> Result<Figure> {
    let title = finding(input);
    let alt = format!(
        "{title}. Dot and whisker plots of severity and agreement for {}.",
        counted(input.rows.len(), "annotator", "annotators")
    );
    figure(&Caption { id: &input.id, title: &title, alt: &alt }, |pen, width| paint(pen, width, &title, &chart(input)))
}

/// How many annotators are flagged, and the one that agrees least.
pub fn finding(input: &Annotators) -> String {
    let all = input.rows.len();
    let flagged = input.rows.iter().filter(|r| r.tone.flagged()).count();
    let least = input
        .rows
        .iter()
        .filter(|r| r.agreement.is_some_and(f64::is_finite))
        .min_by(|a, b| a.agreement.unwrap_or(0.0).total_cmp(&b.agreement.unwrap_or(0.0)));
    let on = if input.dimension.is_empty() { String::new() } else { format!(" on {}", one_line(&input.dimension)) };
    match (all, flagged, least) {
        (0, ..) => "There are no annotators to compare".to_owned(),
        (_, 0, Some(r)) if all > 1 => format!(
            "None of {} is flagged{on}; {} agrees least ({})",
            counted(all, "annotator", "annotators"),
            one_line(&r.name),
            number(r.agreement.unwrap_or(0.0), 2)
        ),
        (_, 0, _) => format!("None of {} is flagged{on}", counted(all, "annotator", "annotators")),
        (_, n, Some(r)) => format!(
            "{} of {} {} a look{on}; {} agrees least ({})",
            count(n),
            counted(all, "annotator", "annotators"),
            if n == 1 { "calls for" } else { "call for" },
            one_line(&r.name),
            number(r.agreement.unwrap_or(0.0), 2)
        ),
        (_, n, None) => format!(
            "{} of {} {} a look{on}",
            count(n),
            counted(all, "annotator", "annotators"),
            if n == 1 { "calls for" } else { "call for" }
        ),
    }
}

fn chart(input: &Annotators) -> RowChart {
    let flagged = input.rows.iter().any(|r| r.tone.flagged());
    let note = format!(
        "{}Lines are 95 % intervals; numbers of ratings in brackets.{}",
        origin(input.simulated),
        if flagged { " Orange: flagged by the audit." } else { "" }
    );
    let some = |f: fn(&Annotator) -> Option<f64>| input.rows.iter().any(|r| f(r).is_some());
    let (severity, agreement) = (some(|r| r.severity), some(|r| r.agreement));
    let mut panels = Vec::new();
    if severity {
        panels.push(Panel::new("Severity", &input.severity_unit, Ink::Accent).solid(0.0, ""));
    }
    if agreement {
        panels.push(Panel::new("Agreement", &input.agreement_unit, Ink::Second).solid(0.0, ""));
    }
    let mut order: Vec<&Annotator> = input.rows.iter().collect();
    order.sort_by(|a, b| b.agreement.unwrap_or(f64::NEG_INFINITY).total_cmp(&a.agreement.unwrap_or(f64::NEG_INFINITY)));
    let row = |r: &&Annotator| {
        let ink = |usual| if r.tone.flagged() { Ink::Contrast } else { usual };
        let mut cells = Vec::new();
        if severity {
            let text = r.severity.map_or_else(String::new, |v| signed(v, 2));
            cells.push(
                Cell::estimate(r.severity, r.severity_interval, ink(Ink::Accent), text.clone())
                    .tip(format!("{}: severity {text}", r.name)),
            );
        }
        if agreement {
            let text = r.agreement.map_or_else(String::new, |v| number(v, 2));
            cells.push(
                Cell::estimate(r.agreement, r.agreement_interval, ink(Ink::Second), text.clone())
                    .tip(format!("{}: agreement {text}", r.name)),
            );
        }
        Row::new(&format!("{} ({})", one_line(&r.name), count(r.n)), cells)
    };
    RowChart { note, panels, groups: vec![Group { rows: order.iter().map(row).collect(), ..Group::default() }] }
}
