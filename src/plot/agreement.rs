//! How well each scorer's order agrees with that of people: correlations of item scores with mean ratings, or of systems' win
//! shares.

use serde::{Deserialize, Serialize};

use super::Figure;
use super::canvas::{Caption, figure};
use super::frame::origin;
use super::rows::{Cell, Group, Panel, Row, RowChart, paint};
use super::text::{number, one_line, sentence};
use super::theme::Ink;
use crate::Result;

/// What the chart shows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Agreement {
    /// Id of the figure: lower-case letters, digits and hyphens only.
    pub id: String,
    /// Whether the data are simulated; said in the sub-title.
    pub simulated: bool,
    /// Dimension of the labels.
    pub dimension: String,
    /// Name of the correlation: `Kendall's tau-b`.
    pub statistic: String,
    /// What is correlated, as part of a sentence: `item scores with mean ratings`.
    pub of: String,
    /// One row per scorer, in any order.
    pub rows: Vec<Agreed>,
}

/// One scorer.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Agreed {
    /// Its name.
    pub scorer: String,
    /// Heading it stands under, where there are several kinds.
    pub group: Option<String>,
    /// The correlation.
    pub value: Option<f64>,
    /// 95 % interval.
    pub interval: Option<(f64, f64)>,
    /// Observations behind it.
    pub n: usize,
}

/// Draws the chart. No input panics.
///
/// # Errors
/// [`crate::Error::Bug`] if plotters refuses to draw.
pub fn agreement(input: &Agreement) -> Result<Figure> {
    let title = finding(input);
    let list: Vec<String> = ranked(&input.rows.iter().collect::<Vec<_>>())
        .iter()
        .take(8)
        .filter_map(|r| r.value.map(|v| format!("{} {}", one_line(&r.scorer), number(v, 2))))
        .collect();
    let alt =
        format!("{title}. Dot and whisker plot of {} by scorer: {}.", one_line(&input.statistic), list.join(", "));
    figure(&Caption { id: &input.id, title: &title, alt: &alt }, |pen, width| paint(pen, width, &title, &chart(input)))
}

/// Where the head stands among the scorers, in the first group.
pub fn finding(input: &Agreement) -> String {
    let first = input.rows.first().and_then(|r| r.group.clone());
    let rows: Vec<&Agreed> = input.rows.iter().filter(|r| r.group == first).collect();
    let ranked = ranked(&rows);
    let (dimension, of) = (one_line(&input.dimension), sentence(&one_line(&input.of)));
    let value = |r: &Agreed| number(r.value.unwrap_or(0.0), 2);
    let head = ranked.iter().position(|r| r.scorer == "head");
    match (head, ranked.as_slice()) {
        (_, []) => format!("{of}: no correlation can be told on {dimension}"),
        (Some(0), [head, next, ..]) => {
            if value(head) == value(next) {
                return format!(
                    "{of}: on {dimension} the head and {} agree best with people ({})",
                    one_line(&next.scorer),
                    value(head)
                );
            }
            let apart = head.interval.zip(next.interval).is_some_and(|(h, n)| h.0 > n.1);
            let by = if apart { "" } else { ", intervals overlap" };
            format!(
                "{of}: on {dimension} the head agrees best with people ({} against {} of {}{by})",
                value(head),
                value(next),
                one_line(&next.scorer)
            )
        }
        (Some(at), [best, ..]) => {
            let head = ranked[at];
            format!(
                "{of}: on {dimension} {} agrees best with people ({}); the head reaches {}",
                one_line(&best.scorer),
                value(best),
                value(head)
            )
        }
        (None, [best, ..]) => {
            format!("{of}: on {dimension} {} agrees best with people ({})", one_line(&best.scorer), value(best))
        }
    }
}

/// Rows with a value, largest first.
fn ranked<'a>(rows: &[&'a Agreed]) -> Vec<&'a Agreed> {
    let mut rows: Vec<&Agreed> = rows.iter().copied().filter(|r| r.value.is_some_and(f64::is_finite)).collect();
    rows.sort_by(|a, b| b.value.unwrap_or(0.0).total_cmp(&a.value.unwrap_or(0.0)));
    rows
}

fn chart(input: &Agreement) -> RowChart {
    let note = format!(
        "{}Lines are 95 % intervals over prompts. 1 is the same order, 0 no relation.",
        origin(input.simulated)
    );
    let panel = Panel::new(&one_line(&input.statistic), &one_line(&input.of), Ink::Text).solid(0.0, "");
    let row = |r: &&Agreed| {
        let head = r.scorer == "head";
        let text = r.value.map_or_else(String::new, |v| number(v, 2));
        let mut cell = Cell::estimate(r.value, r.interval, if head { Ink::Accent } else { Ink::Other }, text.clone());
        cell.tip = format!("{}: {text}, n = {}", r.scorer, super::text::count(r.n));
        let mut row = Row::new(&r.scorer, vec![cell]).ink(if head { Ink::Accent } else { Ink::Text });
        row.bold = head;
        row
    };
    let groups = super::grouped(&input.rows, |r| r.group.as_deref());
    let groups = groups.into_iter().map(|(name, rows)| Group {
        name,
        rows: ranked(&rows).iter().map(row).collect(),
        ..Group::default()
    });
    RowChart { note, panels: vec![panel], groups: groups.collect() }
}
