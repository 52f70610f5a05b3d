//! Why one item beats another: the score difference, question by question.

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
pub struct Waterfall {
    /// Id of the figure: lower-case letters, digits and hyphens only.
    pub id: String,
    /// Whether the data are simulated; said in the sub-title.
    pub simulated: bool,
    /// Dimension of the head.
    pub head: String,
    /// Name of item A.
    pub a: String,
    /// Name of item B.
    pub b: String,
    /// What people said about the pair, as part of a sentence: `people prefer A`; empty where nobody was asked.
    pub people: String,
    /// Whether the head says what people say, where that is known; then the title says it.
    pub right: Option<bool>,
    /// The contributions, in any order; their sum is the score difference A − B.
    pub steps: Vec<Step>,
}

/// What one question brings in.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Step {
    /// Short label of the question.
    pub label: String,
    /// Answers for A and B, as people read them: `yes`, `no`, `0.83`; empty where unknown.
    pub answers: (String, String),
    /// weight × (coded answer of A − coded answer of B), in log-odds.
    pub change: f64,
}

/// Most questions that get a row of their own.
const ROWS: usize = 14;

/// Draws the chart. No input panics.
///
/// # Errors
/// [`crate::Error::Bug`] if plotters refuses to draw.
pub fn waterfall(input: &Waterfall) -> Result<Figure> {
    let title = finding(input);
    let list: Vec<String> =
        ranked(input).iter().take(6).map(|s| format!("{} {}", one_line(&s.label), signed(s.change, 2))).collect();
    let alt = format!("{title}. Waterfall of the score difference in log-odds. Largest steps: {}.", list.join(", "));
    figure(&Caption { id: &input.id, title: &title, alt: &alt }, |pen, width| paint(pen, width, &title, &chart(input)))
}

/// `A beats B by 1.32 log-odds; “hands are right” decides most`.
pub fn finding(input: &Waterfall) -> String {
    let total = total(input);
    let (a, b) = (one_line(&input.a), one_line(&input.b));
    let most = ranked(input).first().map(|s| format!("; “{}” counts most", one_line(&s.label))).unwrap_or_default();
    let (winner, loser) = if total < 0.0 { (&b, &a) } else { (&a, &b) };
    match total {
        _ if total == 0.0 && input.right.is_some() => format!("{a} and {b} have equal scores"),
        t if input.right == Some(true) => {
            format!("Sure and right: {winner} beats {loser} by {} log-odds{most}", number(t.abs(), 2))
        }
        t if input.right == Some(false) => format!(
            "Sure and wrong: {winner} beats {loser} by {} log-odds, people say the opposite{most}",
            number(t.abs(), 2)
        ),
        t if t > 0.0 => format!("{a} beats {b} by {} log-odds{most}", number(t, 2)),
        t if t < 0.0 => format!("{b} beats {a} by {} log-odds{most}", number(-t, 2)),
        _ if input.steps.is_empty() || most.is_empty() => {
            format!("{a} and {b} have equal scores: no question tells them apart")
        }
        _ => format!("{a} and {b} have equal scores: what speaks for each cancels out"),
    }
}

fn total(input: &Waterfall) -> f64 {
    input.steps.iter().map(|s| s.change).filter(|c| c.is_finite()).sum()
}

/// Steps that change something, largest first.
fn ranked(input: &Waterfall) -> Vec<&Step> {
    let mut steps: Vec<&Step> = input.steps.iter().filter(|s| s.change.is_finite() && s.change != 0.0).collect();
    steps.sort_by(|a, b| b.change.abs().total_cmp(&a.change.abs()));
    steps
}

fn chart(input: &Waterfall) -> RowChart {
    let steps = ranked(input);
    let shown = if steps.len() > ROWS + 1 { ROWS } else { steps.len() };
    let total = total(input);
    let chance = 1.0 / (1.0 + (-total).exp());
    let note = format!(
        "{}Each step is weight × difference of the answers; to the right it speaks for A ({}), to the left for B ({}). The sum is a probability of {} % that people prefer A on {}{}.",
        origin(input.simulated),
        one_line(&input.a),
        one_line(&input.b),
        number(chance * 100.0, 0),
        one_line(&input.head),
        if input.people.trim().is_empty() { String::new() } else { format!("; {}", one_line(&input.people)) },
    );
    let mut at = 0.0;
    let mut rows = Vec::new();
    let mut step = |label: &str, change: f64| {
        let (from, to) = (at, at + change);
        at = to;
        let ink = if change < 0.0 { Ink::Contrast } else { Ink::Accent };
        let marks = vec![Mark::Bar { from, to, ink }, Mark::Step { at: to }];
        let tip = format!("{label}: {}", signed(change, 3));
        rows.push(Row::new(label, vec![Cell { marks, value: signed(change, 2), tip }]));
    };
    for s in &steps[..shown] {
        let (a, b) = (one_line(&s.answers.0), one_line(&s.answers.1));
        let answers = if a.is_empty() && b.is_empty() { String::new() } else { format!(" (A\u{a0}{a}, B\u{a0}{b})") };
        step(&format!("{}{answers}", one_line(&s.label)), s.change);
    }
    if shown < steps.len() {
        let rest: f64 = steps[shown..].iter().map(|s| s.change).sum();
        step(&counted(steps.len() - shown, "other question", "other questions"), rest);
    }
    let ink = if total < 0.0 { Ink::Contrast } else { Ink::Accent };
    let marks = vec![Mark::Link { from: 0.0, to: total, ink }, Mark::Dot { at: total, ink }];
    let mut sum =
        Row::new("Score of A − score of B", vec![Cell { marks, value: signed(total, 2), tip: String::new() }]);
    sum.bold = true;
    let panel = Panel::new("Score difference A − B", "log-odds that people prefer A", Ink::Text).solid(0.0, "equal");
    let groups = if steps.is_empty() {
        vec![]
    } else {
        rows.push(sum);
        vec![Group { rows, ..Group::default() }]
    };
    RowChart { note, panels: vec![panel], groups }
}
