//! Accuracy by group: whether the head is as good for every kind of item.

use serde::{Deserialize, Serialize};

use super::canvas::{Caption, figure};
use super::frame::origin;
use super::rows::{Cell, Group, Panel, Row, RowChart, paint};
use super::text::{count, counted, number, one_line, percent};
use super::theme::Ink;
use super::{Figure, Tone};
use crate::Result;

/// What the chart shows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Groups {
    /// Id of the figure: lower-case letters, digits and hyphens only.
    pub id: String,
    /// Whether the data are simulated; said in the sub-title.
    pub simulated: bool,
    /// Dimension of the labels.
    pub dimension: String,
    /// Name of the accuracy, for example `diff-half accuracy`.
    pub measure: String,
    /// Accuracy over all groups, a share.
    pub overall: Option<f64>,
    /// The attributes by which items are grouped.
    pub attributes: Vec<Attribute>,
}

/// One attribute.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its groups, in any order.
    pub groups: Vec<GroupAccuracy>,
}

/// One group.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GroupAccuracy {
    /// Value of the attribute.
    pub name: String,
    /// Accuracy, a share.
    pub value: Option<f64>,
    /// 95 % interval.
    pub interval: Option<(f64, f64)>,
    /// Pairs behind it.
    pub pairs: usize,
    /// What the audit makes of it.
    pub tone: Tone,
}

/// Draws the chart. No input panics.
///
/// # Errors
/// [`crate::Error::Bug`] if plotters refuses to draw.
pub fn groups(input: &Groups) -> Result<Figure> {
    let title = finding(input);
    let alt = format!("{title}. Dot and whisker plot of {} in percent by group.", one_line(&input.measure));
    figure(&Caption { id: &input.id, title: &title, alt: &alt }, |pen, width| paint(pen, width, &title, &chart(input)))
}

/// The widest gap between two groups of one attribute whose intervals do not meet.
pub fn finding(input: &Groups) -> String {
    let mut widest: Option<(f64, String)> = None;
    for attribute in &input.attributes {
        let known = || {
            attribute
                .groups
                .iter()
                .filter_map(|g| g.interval.zip(g.value.filter(|v| v.is_finite())).map(|(i, v)| (g, v, i)))
        };
        for (low, low_value, low_interval) in known() {
            for (high, high_value, high_interval) in known() {
                let gap = high_value - low_value;
                if low_interval.1 < high_interval.0 && widest.as_ref().is_none_or(|(w, _)| gap > *w) {
                    let text = format!(
                        "On {} the head is {} points better for {} {} than for {}",
                        one_line(&input.dimension),
                        number(gap * 100.0, 1),
                        one_line(&attribute.name),
                        one_line(&high.name),
                        one_line(&low.name)
                    );
                    widest = Some((gap, text));
                }
            }
        }
    }
    let groups: usize = input.attributes.iter().map(|a| a.groups.len()).sum();
    match widest {
        Some((_, text)) => text,
        None if groups == 0 => "There are no groups to compare".to_owned(),
        None => format!("On {} no group's interval lies apart from another's", one_line(&input.dimension)),
    }
}

fn chart(input: &Groups) -> RowChart {
    let note = format!(
        "{}{} in %, 95 % intervals over prompts.{}{}",
        origin(input.simulated),
        super::text::sentence(&one_line(&input.measure)),
        if input.overall.is_some() { " The dashed line is the accuracy over all groups." } else { "" },
        if has(input, Tone::flagged) { " Orange: flagged by the audit." } else { "" },
    );
    let mut panel = Panel::new("Accuracy", "% of pairs", Ink::Accent).percent();
    if let Some(overall) = input.overall.filter(|v| v.is_finite()) {
        panel = panel.dashed(overall, &format!("all {}", percent(overall)));
    }
    let group = |a: &Attribute| {
        let mut groups: Vec<&GroupAccuracy> = a.groups.iter().collect();
        groups.sort_by(|a, b| b.value.unwrap_or(f64::NEG_INFINITY).total_cmp(&a.value.unwrap_or(f64::NEG_INFINITY)));
        let row = |g: &&GroupAccuracy| {
            let ink = if g.tone.flagged() { Ink::Contrast } else { Ink::Accent };
            let text = g.value.map_or_else(String::new, percent);
            let mut cell = Cell::estimate(g.value, g.interval, ink, text.clone());
            cell.tip = format!("{}: {text} %, {}", g.name, counted(g.pairs, "pair", "pairs"));
            Row::new(&format!("{} ({})", one_line(&g.name), count(g.pairs)), vec![cell])
        };
        let name = if input.attributes.len() > 1 || !a.name.is_empty() { Some(a.name.clone()) } else { None };
        Group { name, beside: "pairs in brackets".into(), rows: groups.iter().map(row).collect() }
    };
    RowChart { note, panels: vec![panel], groups: input.attributes.iter().map(group).collect() }
}

fn has(input: &Groups, what: fn(Tone) -> bool) -> bool {
    input.attributes.iter().flat_map(|a| &a.groups).any(|g| what(g.tone))
}
