//! Accuracy of every scorer as dot and whisker, one panel per dimension on one common axis, floors as dashed lines.

use serde::{Deserialize, Serialize};

use super::Figure;
use super::canvas::{Caption, Pen, Side, Type, figure};
use super::frame::{header, nothing, origin};
use super::scale::Scale;
use super::text::{count, counted, one_line, percent, sentence, width as text_width, wrap};
use super::theme::{BODY, Ink, SMALL};
use crate::Result;

/// What the chart shows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Leaderboard {
    /// Id of the figure: lower-case letters, digits and hyphens only.
    pub id: String,
    /// Name of the accuracy, for example `diff-half accuracy`.
    pub measure: String,
    /// Whether the data are simulated; said in the sub-title.
    pub simulated: bool,
    /// One panel per dimension.
    pub panels: Vec<Panel>,
}

/// One dimension.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Panel {
    /// Name of the dimension.
    pub name: String,
    /// Pairs behind the head's accuracy.
    pub pairs: usize,
    /// Prompts behind them.
    pub prompts: usize,
    /// What scorers that know nothing reach: name and accuracy.
    pub floors: Vec<(String, f64)>,
    /// What no scorer can be expected to pass, such as how well people agree with each other: name and accuracy.
    pub ceilings: Vec<(String, f64)>,
    /// The scorers, in any order.
    pub entries: Vec<Entry>,
}

/// One scorer on one dimension.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Entry {
    /// Name of the scorer.
    pub scorer: String,
    /// Accuracy as a share, where there is one.
    pub value: Option<f64>,
    /// 95 % interval.
    pub interval: Option<(f64, f64)>,
    /// How the scorer stands against the head.
    pub standing: Standing,
}

/// How a scorer stands against the head on the pairs that both cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It is the head.
    Head,
    /// The head is better beyond the interval.
    Behind,
    /// The head is worse beyond the interval.
    Ahead,
    /// No difference is shown, or nothing is known.
    #[default]
    Open,
}

/// Draws the chart. Any number of panels and rows, any text, any number: none panics.
///
/// # Errors
/// [`crate::Error::Bug`] if plotters refuses to draw.
pub fn leaderboard(input: &Leaderboard) -> Result<Figure> {
    let title = finding(input);
    let alt = description(input, &title);
    let caption = Caption { id: &input.id, title: &title, alt: &alt };
    figure(&caption, |pen, width| paint(pen, width, input, &title))
}

/// What the comparisons allow to say, in one sentence: where the head loses comes first.
pub fn finding(input: &Leaderboard) -> String {
    let others = |panel: &Panel| panel.entries.iter().filter(|e| e.standing != Standing::Head).count();
    let compared: Vec<&Panel> = input.panels.iter().filter(|p| others(p) > 0).collect();
    let all = compared.len();
    if all == 0 {
        return format!("The head's {} on {}", input.measure, counted(input.panels.len(), "dimension", "dimensions"));
    }
    let beaten_by = |panel: &Panel| -> Vec<String> {
        panel.entries.iter().filter(|e| e.standing == Standing::Ahead).map(|e| one_line(&e.scorer)).collect()
    };
    let lost: Vec<(&&Panel, Vec<String>)> =
        compared.iter().map(|p| (p, beaten_by(p))).filter(|(_, who)| !who.is_empty()).collect();
    let won = compared
        .iter()
        .filter(|p| p.entries.iter().all(|e| matches!(e.standing, Standing::Head | Standing::Behind)))
        .count();
    let wins = match (won, all) {
        (0, 1) => None,
        (0, _) => None,
        (1, 1) => Some(format!("The head beats every other scorer on {}", one_line(&compared[0].name))),
        (w, a) if w == a => Some(format!("The head beats every other scorer on all {a} dimensions")),
        (w, a) => Some(format!("The head beats every other scorer on {w} of {a} dimensions")),
    };
    let losses = match lost.as_slice() {
        [] => None,
        [(panel, who)] => Some(format!("loses to {} on {}", list(who), one_line(&panel.name))),
        several => Some(format!("loses to at least one scorer on {} of {all} dimensions", several.len())),
    };
    match (wins, losses) {
        (Some(wins), None) => wins,
        (Some(wins), Some(losses)) => format!("{wins} and {losses}"),
        (None, Some(losses)) => format!("The head {losses}"),
        (None, None) if all == 1 => {
            format!("On {} the head is not shown to beat every other scorer", one_line(&compared[0].name))
        }
        (None, None) => format!("On none of {all} dimensions is the head shown to beat every other scorer"),
    }
}

/// `a`, `a and b`, `a, b and 3 others`.
fn list(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [one, two, rest @ ..] => format!("{one}, {two} and {}", counted(rest.len(), "other", "others")),
    }
}

fn description(input: &Leaderboard, title: &str) -> String {
    let mut text = format!("{title}. Dot and whisker plot of {} in percent with 95 % intervals.", input.measure);
    for panel in input.panels.iter().take(12) {
        let entries: Vec<String> = ranked(panel)
            .iter()
            .filter_map(|e| e.value.map(|v| format!("{} {}", one_line(&e.scorer), percent(v))))
            .take(6)
            .collect();
        text.push_str(&format!(" {}: {}.", one_line(&panel.name), entries.join(", ")));
    }
    text
}

/// Best first; scorers without a value last; equal values in the given order.
fn ranked(panel: &Panel) -> Vec<&Entry> {
    let mut entries: Vec<&Entry> = panel.entries.iter().collect();
    entries.sort_by(|a, b| {
        let key = |e: &Entry| e.value.filter(|v| v.is_finite()).unwrap_or(f64::NEG_INFINITY);
        key(b).total_cmp(&key(a))
    });
    entries
}

const ROW: f64 = 19.0;
const GUTTER: f64 = 32.0;

fn paint(pen: &mut Pen<'_>, width: f64, input: &Leaderboard, title: &str) -> Result<f64> {
    let mut y = head(pen, width, input, title)?;
    if input.panels.is_empty() {
        return nothing(pen, y);
    }
    let columns = if input.panels.len() > 1 && width >= 500.0 { 2 } else { 1 };
    let panel_width = (width - GUTTER * (columns - 1) as f64) / columns as f64;
    let longest = input
        .panels
        .iter()
        .flat_map(|p| &p.entries)
        .map(|e| text_width(&one_line(&e.scorer), BODY))
        .fold(40.0, f64::max);
    let label_room = (longest + 4.0).min(panel_width * 0.4);
    let values = input.panels.iter().flat_map(|p| {
        let entries = p.entries.iter().flat_map(|e| [e.value, e.interval.map(|i| i.0), e.interval.map(|i| i.1)]);
        entries.flatten().chain(p.floors.iter().chain(&p.ceilings).map(|f| f.1))
    });
    let percents: Vec<f64> = values.filter(|v| v.is_finite()).map(|v| v.clamp(0.0, 1.0) * 100.0).collect();
    let ticks = if panel_width > 500.0 { 8 } else { 4 };
    for row in input.panels.chunks(columns) {
        let rows = row.iter().map(|p| p.entries.len()).max().unwrap_or(0);
        for (c, panel) in row.iter().enumerate() {
            let left = c as f64 * (panel_width + GUTTER);
            let scale =
                Scale::over(percents.iter().copied(), ticks, left + label_room + 10.0, left + panel_width - 46.0);
            PanelPen { panel, left, right: left + panel_width, label_room, scale }.paint(pen, y)?;
        }
        y += 58.0 + rows as f64 * ROW + 20.0;
    }
    Ok(y - 16.0)
}

fn head(pen: &mut Pen<'_>, width: f64, input: &Leaderboard, title: &str) -> Result<f64> {
    let has =
        |standing| input.panels.iter().flat_map(|p| &p.entries).any(|e| e.standing == standing && e.value.is_some());
    let note = format!(
        "{}{} in %, 95 % intervals over prompts.{}{}",
        origin(input.simulated),
        sentence(&one_line(&input.measure)),
        if has(Standing::Open) { " A ring: no difference from the head is shown." } else { "" },
        if has(Standing::Ahead) { " Orange: better than the head." } else { "" },
    );
    header(pen, width, title, &note)
}

/// Draws one panel.
struct PanelPen<'a> {
    panel: &'a Panel,
    left: f64,
    right: f64,
    label_room: f64,
    scale: Scale,
}

impl PanelPen<'_> {
    fn paint(&self, pen: &mut Pen<'_>, top: f64) -> Result<()> {
        let numbers = format!(
            "{} · {}",
            counted(self.panel.pairs, "pair", "pairs"),
            counted(self.panel.prompts, "prompt", "prompts")
        );
        let name_room = self.right - self.left - text_width(&numbers, SMALL) - 12.0;
        let name = wrap(&self.panel.name, BODY * 1.08, name_room, 1);
        pen.lines((self.left, top + 8.0), &name, Type::new(BODY, Ink::Text).bold())?;
        pen.text((self.right, top + 8.0), &numbers, Type::new(SMALL, Ink::Quiet).side(Side::End))?;
        pen.line((self.left, top + 19.0), (self.right, top + 19.0), Ink::Faint, 1.0)?;
        let (first, bottom) = (top + 46.0, top + 46.0 + self.panel.entries.len() as f64 * ROW);
        self.grid(pen, first - 10.0, bottom - 4.0)?;
        self.floors(pen, top + 29.0, bottom - 4.0)?;
        for (i, entry) in ranked(self.panel).into_iter().enumerate() {
            self.entry(pen, first + i as f64 * ROW, entry)?;
        }
        Ok(())
    }

    fn grid(&self, pen: &mut Pen<'_>, top: f64, bottom: f64) -> Result<()> {
        for tick in self.scale.ticks() {
            let x = self.scale.at(tick);
            pen.line((x, top), (x, bottom), Ink::Grid, 1.0)?;
            let label = count(tick.round().max(0.0) as usize);
            pen.text((x, bottom + 10.0), &label, Type::new(SMALL, Ink::Quiet).side(Side::Middle))?;
        }
        Ok(())
    }

    /// Dashed lines with their names above; floors and ceilings that fall together share one.
    fn floors(&self, pen: &mut Pen<'_>, label: f64, bottom: f64) -> Result<()> {
        let mut merged: Vec<(String, f64)> = Vec::new();
        for (name, value) in self.panel.floors.iter().chain(&self.panel.ceilings).filter(|(_, v)| v.is_finite()) {
            match merged.iter_mut().find(|(_, at)| (at - value).abs() < 0.004) {
                Some((names, _)) => names.push_str(&format!(", {name}")),
                None => merged.push((name.clone(), *value)),
            }
        }
        merged.sort_by(|a, b| a.1.total_cmp(&b.1));
        // Labels that would run into each other become one: `chance | majority`.
        let mut labels: Vec<(String, f64, f64)> = Vec::new();
        for (name, value) in merged {
            let x = self.scale.at(value * 100.0);
            let ceiling = self.panel.ceilings.iter().any(|(_, c)| (c - value).abs() < 0.004);
            pen.dashed(x, label + 7.0, bottom, if ceiling { Ink::Second } else { Ink::Quiet }, 1.0)?;
            let text = one_line(&name);
            match labels.last_mut() {
                Some((last, first, end)) if *end + 6.0 > x - text_width(&text, SMALL) / 2.0 => {
                    *last = format!("{last} | {text}");
                    let middle = (*first + x) / 2.0;
                    *end = middle + text_width(last, SMALL) / 2.0;
                }
                _ => labels.push((text.clone(), x, x + text_width(&text, SMALL) / 2.0)),
            }
        }
        for (text, x, end) in labels {
            let half = text_width(&text, SMALL) / 2.0;
            let middle = ((x + end - half) / 2.0).max(self.left + half).min(self.right - half);
            pen.text((middle, label), &text, Type::new(SMALL, Ink::Quiet).side(Side::Middle))?;
        }
        Ok(())
    }

    fn entry(&self, pen: &mut Pen<'_>, y: f64, entry: &Entry) -> Result<()> {
        let is_head = entry.standing == Standing::Head;
        let ink = match entry.standing {
            Standing::Head => Ink::Accent,
            Standing::Ahead => Ink::Contrast,
            _ => Ink::Other,
        };
        let strong = |kind: Type| if is_head { kind.bold() } else { kind };
        let factor = if is_head { 1.06 } else { 1.0 };
        let label = wrap(&entry.scorer, BODY * factor, self.label_room, 1);
        let label_ink = if matches!(entry.standing, Standing::Head | Standing::Ahead) { ink } else { Ink::Text };
        pen.lines((self.left, y), &label, strong(Type::new(BODY, label_ink)))?;
        let Some(value) = entry.value.filter(|v| v.is_finite()) else {
            return pen.text((self.right, y), "no value", Type::new(SMALL, Ink::Quiet).side(Side::End));
        };
        let x = self.scale.at(value * 100.0);
        if let Some((low, high)) = entry.interval.filter(|(low, high)| low <= high) {
            let thick = if is_head { 2.4 } else { 1.4 };
            pen.line((self.scale.at(low * 100.0), y), (self.scale.at(high * 100.0), y), ink, thick)?;
        }
        match entry.standing {
            Standing::Open => pen.ring((x, y), 3.6, ink)?,
            Standing::Head => pen.dot((x, y), 5.0, ink)?,
            _ => pen.dot((x, y), 4.2, ink)?,
        }
        pen.text((self.right, y), &percent(value), strong(Type::new(BODY, label_ink).side(Side::End)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(scorer: &str, value: f64, standing: Standing) -> Entry {
        Entry { scorer: scorer.into(), value: Some(value), interval: Some((value - 0.03, value + 0.03)), standing }
    }

    fn board(panels: Vec<Vec<Entry>>) -> Leaderboard {
        let panels = panels
            .into_iter()
            .enumerate()
            .map(|(i, entries)| Panel {
                name: format!("d{i}"),
                pairs: 100,
                prompts: 10,
                floors: vec![("chance".into(), 0.5)],
                ceilings: vec![],
                entries,
            })
            .collect();
        Leaderboard { id: "leaderboard".into(), measure: "diff-half accuracy".into(), simulated: false, panels }
    }

    #[test]
    fn a_loss_is_in_the_title() {
        use Standing::{Ahead, Behind, Head, Open};
        let head = || entry("head", 0.6, Head);
        let lost = vec![head(), entry("clip", 0.7, Ahead)];
        let won = vec![head(), entry("clip", 0.5, Behind)];
        let open = vec![head(), entry("clip", 0.6, Open)];
        assert_eq!(finding(&board(vec![lost.clone()])), "The head loses to clip on d0");
        assert_eq!(finding(&board(vec![won.clone()])), "The head beats every other scorer on d0");
        assert_eq!(finding(&board(vec![open.clone()])), "On d0 the head is not shown to beat every other scorer");
        assert_eq!(
            finding(&board(vec![won.clone(), open, lost])),
            "The head beats every other scorer on 1 of 3 dimensions and loses to clip on d2"
        );
        assert_eq!(finding(&board(vec![won.clone(), won])), "The head beats every other scorer on all 2 dimensions");
        assert_eq!(finding(&board(vec![vec![head()]])), "The head's diff-half accuracy on 1 dimension");
    }

    #[test]
    fn scorers_without_a_value_come_last() {
        let none = Entry { scorer: "x".into(), ..Entry::default() };
        let panel = Panel { entries: vec![none, entry("y", 0.4, Standing::Open)], ..Panel::default() };
        assert_eq!(ranked(&panel)[0].scorer, "y");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn no_input_panics(
            entries in prop::collection::vec((prop::option::of(prop::num::f64::ANY), prop::option::of((prop::num::f64::ANY, prop::num::f64::ANY)), "\\PC{0,30}"), 0..40),
            panels in 0usize..14,
            floor in prop::num::f64::ANY,
        ) {
            let entries: Vec<Entry> = entries.into_iter().map(|(value, interval, scorer)| Entry { scorer, value, interval, standing: Standing::Open }).collect();
            let mut input = board(vec![entries; panels]);
            for panel in &mut input.panels {
                panel.floors.push(("flat".into(), floor));
            }
            let chart = leaderboard(&input).unwrap();
            prop_assert!(!chart.svg.contains("NaN") && !chart.svg.contains("inf\""));
        }
    }
}
