//! Charts that are lists: one labelled row per question, group, annotator …, with marks in one or two panels beside it.

use super::canvas::{Pen, Side, Type};
use super::frame::{header, nothing};
use super::scale::Scale;
use super::text::{number, one_line, width as text_width, wrap};
use super::theme::{BODY, Ink, SMALL};
use crate::Result;

/// A whole chart.
pub(super) struct RowChart {
    pub(super) note: String,
    pub(super) panels: Vec<Panel>,
    pub(super) groups: Vec<Group>,
}

/// One column of marks with an axis of its own.
pub(super) struct Panel {
    /// Name above the axis, in [`Panel::ink`].
    pub(super) name: String,
    /// Unit or explanation under the name.
    pub(super) unit: String,
    pub(super) ink: Ink,
    /// Whether values are shares, written in percent.
    pub(super) percent: bool,
    /// Upright lines: value, label (may be empty), dashed or not.
    pub(super) lines: Vec<(f64, String, bool)>,
    /// Values that are on the axis in any case.
    pub(super) span: Vec<f64>,
    /// Share of the room for panels.
    pub(super) share: f64,
}

impl Panel {
    pub(super) fn new(name: &str, unit: &str, ink: Ink) -> Self {
        Self {
            name: name.into(),
            unit: unit.into(),
            ink,
            percent: false,
            lines: Vec::new(),
            span: Vec::new(),
            share: 1.0,
        }
    }

    pub(super) fn percent(mut self) -> Self {
        self.percent = true;
        self
    }

    /// A solid line, on the axis in any case.
    pub(super) fn solid(mut self, at: f64, label: &str) -> Self {
        self.lines.push((at, label.into(), false));
        self.span.push(at);
        self
    }

    /// A dashed line, on the axis in any case.
    pub(super) fn dashed(mut self, at: f64, label: &str) -> Self {
        self.lines.push((at, label.into(), true));
        self.span.push(at);
        self
    }

    pub(super) fn span(mut self, values: impl IntoIterator<Item = f64>) -> Self {
        self.span.extend(values);
        self
    }

    pub(super) fn share(mut self, share: f64) -> Self {
        self.share = share;
        self
    }

    fn shown(&self, value: f64) -> f64 {
        if self.percent { value * 100.0 } else { value }
    }
}

/// Rows under one heading.
#[derive(Default)]
pub(super) struct Group {
    pub(super) name: Option<String>,
    /// Small text at the right end of the heading.
    pub(super) beside: String,
    pub(super) rows: Vec<Row>,
}

/// One row.
pub(super) struct Row {
    pub(super) label: String,
    pub(super) ink: Ink,
    pub(super) bold: bool,
    /// One cell per panel.
    pub(super) cells: Vec<Cell>,
}

impl Row {
    pub(super) fn new(label: &str, cells: Vec<Cell>) -> Self {
        Self { label: label.into(), ink: Ink::Text, bold: false, cells }
    }

    pub(super) fn ink(mut self, ink: Ink) -> Self {
        self.ink = ink;
        self
    }
}

/// The marks of one row in one panel.
#[derive(Default)]
pub(super) struct Cell {
    pub(super) marks: Vec<Mark>,
    /// Text at the right end of the panel.
    pub(super) value: String,
    /// Shown on pointing at the marks.
    pub(super) tip: String,
}

impl Cell {
    /// A dot with its interval; nothing without an estimate but the reason.
    pub(super) fn estimate(value: Option<f64>, interval: Option<(f64, f64)>, ink: Ink, text: String) -> Self {
        let Some(value) = value.filter(|v| v.is_finite()) else {
            return Self { value: "no value".into(), ..Self::default() };
        };
        let whisker = interval.filter(|(low, high)| low <= high).map(|(low, high)| Mark::Whisker { low, high, ink });
        Self {
            marks: whisker.into_iter().chain([Mark::Dot { at: value, ink }]).collect(),
            value: text,
            tip: String::new(),
        }
    }

    pub(super) fn tip(mut self, tip: String) -> Self {
        self.tip = tip;
        self
    }
}

/// One mark. Positions are values of the panel's axis.
#[derive(Clone, Copy)]
pub(super) enum Mark {
    Whisker {
        low: f64,
        high: f64,
        ink: Ink,
    },
    Dot {
        at: f64,
        ink: Ink,
    },
    Small {
        at: f64,
        ink: Ink,
    },
    Ring {
        at: f64,
        ink: Ink,
    },
    Bar {
        from: f64,
        to: f64,
        ink: Ink,
    },
    Link {
        from: f64,
        to: f64,
        ink: Ink,
    },
    /// A thin upright line at the end of a bar that the next row goes on from.
    Step {
        at: f64,
    },
}

const LINE: f64 = 15.0;
const GAP: f64 = 4.0;
const HEADING: f64 = 31.0;
const GUTTER: f64 = 26.0;

/// Draws the chart; gives its height.
pub(super) fn paint(pen: &mut Pen<'_>, width: f64, title: &str, chart: &RowChart) -> Result<f64> {
    let y = header(pen, width, title, &chart.note)?;
    if chart.groups.iter().all(|g| g.rows.is_empty()) || chart.panels.is_empty() {
        return nothing(pen, y);
    }
    Layout::new(chart, width).paint(pen, y)
}

struct Placed<'a> {
    panel: &'a Panel,
    scale: Scale,
    left: f64,
    right: f64,
    /// Right end of the value texts; `right` where there are none.
    value_right: f64,
}

struct Layout<'a> {
    chart: &'a RowChart,
    width: f64,
    label_room: f64,
    label_lines: usize,
    panels: Vec<Placed<'a>>,
}

impl<'a> Layout<'a> {
    fn new(chart: &'a RowChart, width: f64) -> Self {
        let wide = width >= 500.0;
        let rows = || chart.groups.iter().flat_map(|g| &g.rows);
        let longest = rows()
            .map(|r| text_width(&one_line(&r.label), BODY) * if r.bold { 1.06 } else { 1.0 })
            .fold(40.0, f64::max);
        let most = match (wide, chart.panels.len()) {
            (true, 1) => 0.46,
            (true, _) => 0.38,
            (false, 1) => 0.42,
            (false, _) => 0.36,
        };
        let label_room = (longest + 2.0).min(width * most);
        let values: Vec<f64> = (0..chart.panels.len())
            .map(|p| {
                let texts = rows().filter_map(|r| r.cells.get(p)).map(|c| text_width(&c.value, SMALL));
                let room = texts.fold(0.0, f64::max);
                if room == 0.0 || (!wide && chart.panels.len() > 1) { 0.0 } else { room + 8.0 }
            })
            .collect();
        let gaps = GUTTER * (chart.panels.len() as f64 - 1.0) + 14.0;
        let room = (width - label_room - gaps - values.iter().sum::<f64>() - 6.0).max(40.0);
        let shares: f64 = chart.panels.iter().map(|p| p.share).sum();
        let mut left = label_room + 14.0;
        let mut panels = Vec::new();
        for (p, panel) in chart.panels.iter().enumerate() {
            let right = left + room * panel.share / shares;
            let scale = scale(panel, rows().filter_map(|r| r.cells.get(p)), left, right);
            panels.push(Placed { panel, scale, left, right, value_right: right + values[p] });
            left = right + values[p] + GUTTER;
        }
        Self { chart, width, label_room, label_lines: if wide { 2 } else { 3 }, panels }
    }

    fn paint(&self, pen: &mut Pen<'_>, top: f64) -> Result<f64> {
        let mut y = self.names(pen, top)?;
        let rows: usize = self.chart.groups.iter().map(|g| g.rows.len()).sum();
        if rows > 30 {
            self.axis(pen, y + 4.0)?;
            y += 14.0;
        }
        let labelled = self.panels.iter().any(|p| p.panel.lines.iter().any(|l| !l.1.is_empty()));
        if labelled {
            self.line_names(pen, y + 4.0)?;
            y += if chart_has_headings(self.chart) { 5.0 } else { 15.0 };
        }
        for group in self.chart.groups.iter().filter(|g| !g.rows.is_empty()) {
            if let Some(name) = &group.name {
                self.heading(pen, y, name, &group.beside)?;
                y += HEADING;
            }
            let labels: Vec<Vec<String>> = group.rows.iter().map(|r| self.label(r)).collect();
            let height = |i: usize| LINE * labels[i].len() as f64 + GAP;
            self.grid(pen, y - 3.0, y + (0..labels.len()).map(height).sum::<f64>())?;
            for (i, row) in group.rows.iter().enumerate() {
                let kind = Type::new(BODY, row.ink);
                pen.lines((0.0, y + LINE / 2.0), &labels[i], if row.bold { kind.bold() } else { kind })?;
                for (placed, cell) in self.panels.iter().zip(&row.cells) {
                    placed.cell(pen, y + LINE / 2.0, cell, row.bold)?;
                }
                y += height(i);
            }
        }
        self.axis(pen, y + 9.0)?;
        Ok(y + 16.0)
    }

    fn label(&self, row: &Row) -> Vec<String> {
        wrap(&row.label, BODY * if row.bold { 1.06 } else { 1.0 }, self.label_room, self.label_lines)
    }

    fn names(&self, pen: &mut Pen<'_>, y: f64) -> Result<f64> {
        let mut bottom = y;
        for (i, p) in self.panels.iter().enumerate() {
            let end = self.panels.get(i + 1).map_or(self.width, |next| next.left - 8.0);
            let names = wrap(&p.panel.name, BODY * 1.06, end - p.left, 2);
            pen.lines((p.left, y + 4.0), &names, Type::new(BODY, p.panel.ink).bold())?;
            let below = y + 4.0 + names.len() as f64 * BODY * 1.25;
            let units = wrap(&p.panel.unit, SMALL, end - p.left, 3);
            pen.lines((p.left, below), &units, Type::new(SMALL, Ink::Quiet))?;
            let lines = if p.panel.unit.trim().is_empty() { 0.0 } else { units.len() as f64 };
            bottom = bottom.max(below + lines * SMALL * 1.25 + 2.0);
        }
        Ok(bottom)
    }

    /// Names of the upright lines; one that would run into its neighbour is left to the axis.
    fn line_names(&self, pen: &mut Pen<'_>, y: f64) -> Result<()> {
        for p in &self.panels {
            let mut lines: Vec<&(f64, String, bool)> = p.panel.lines.iter().filter(|l| !l.1.is_empty()).collect();
            lines.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mut free = f64::NEG_INFINITY;
            for (at, name, _) in lines {
                let half = text_width(name, SMALL) / 2.0;
                let x = p.scale.at(p.panel.shown(*at)).min(self.width - half).max(p.left - 12.0 + half);
                if x - half >= free {
                    pen.text((x, y), name, Type::new(SMALL, Ink::Quiet).side(Side::Middle))?;
                    free = x + half + 6.0;
                }
            }
        }
        Ok(())
    }

    fn heading(&self, pen: &mut Pen<'_>, y: f64, name: &str, beside: &str) -> Result<()> {
        let middle = y + HEADING - 12.0;
        let room = self.width - if beside.is_empty() { 0.0 } else { text_width(beside, SMALL) + 12.0 };
        pen.lines((0.0, middle), &wrap(name, BODY * 1.06, room, 1), Type::new(BODY, Ink::Text).bold())?;
        pen.text((self.width, middle), beside, Type::new(SMALL, Ink::Quiet).side(Side::End))?;
        pen.line((0.0, middle + 9.0), (self.width, middle + 9.0), Ink::Faint, 1.0)
    }

    fn grid(&self, pen: &mut Pen<'_>, top: f64, bottom: f64) -> Result<()> {
        for p in &self.panels {
            for tick in p.scale.ticks() {
                pen.line((p.scale.at(tick), top), (p.scale.at(tick), bottom), Ink::Grid, 1.0)?;
            }
            for (at, _, dashed) in &p.panel.lines {
                let x = p.scale.at(p.panel.shown(*at));
                if *dashed {
                    pen.dashed(x, top, bottom, Ink::Quiet, 1.0)?;
                } else {
                    pen.line((x, top), (x, bottom), Ink::Faint, 1.0)?;
                }
            }
        }
        Ok(())
    }

    fn axis(&self, pen: &mut Pen<'_>, y: f64) -> Result<()> {
        for p in &self.panels {
            for tick in p.scale.ticks() {
                let label = number(tick, p.scale.digits);
                pen.text((p.scale.at(tick), y), &label, Type::new(SMALL, Ink::Quiet).side(Side::Middle))?;
            }
        }
        Ok(())
    }
}

impl Placed<'_> {
    fn cell(&self, pen: &mut Pen<'_>, y: f64, cell: &Cell, bold: bool) -> Result<()> {
        pen.tipped(&cell.tip, |pen| cell.marks.iter().try_for_each(|mark| self.mark(pen, y, *mark)))?;
        if self.value_right > self.right {
            let kind = Type::new(SMALL, Ink::Text).side(Side::End);
            pen.text((self.value_right, y), &cell.value, if bold { kind.bold() } else { kind })?;
        }
        Ok(())
    }

    fn mark(&self, pen: &mut Pen<'_>, y: f64, mark: Mark) -> Result<()> {
        let x = |value: f64| self.scale.at(self.panel.shown(value));
        match mark {
            Mark::Whisker { low, high, ink } => {
                pen.line((x(low), y), (x(high), y), ink, 1.5)?;
                for (end, step) in [(low, -1.0), (high, 1.0)] {
                    if !self.scale.holds(self.panel.shown(end)) {
                        // An interval that runs off the chart ends in an arrow head.
                        let tip = x(end);
                        pen.line((tip, y), (tip - step * 4.0, y - 3.0), ink, 1.3)?;
                        pen.line((tip, y), (tip - step * 4.0, y + 3.0), ink, 1.3)?;
                    }
                }
                Ok(())
            }
            Mark::Dot { at, ink } => pen.dot((x(at), y), 4.0, ink),
            Mark::Small { at, ink } => pen.dot((x(at), y), 2.4, ink),
            Mark::Ring { at, ink } => pen.ring((x(at), y), 3.8, ink),
            Mark::Bar { from, to, ink } => pen.bar((x(from), y - 5.0), (x(to), y + 5.0), ink),
            Mark::Link { from, to, ink } => pen.line((x(from), y), (x(to), y), ink, 2.0),
            Mark::Step { at } => pen.line((x(at), y + 5.0), (x(at), y + LINE + GAP - 5.0), Ink::Faint, 1.0),
        }
    }
}

fn chart_has_headings(chart: &RowChart) -> bool {
    chart.groups.iter().any(|g| g.name.is_some())
}

/// An axis over all estimates and, as far as they do not flatten the rest, the ends of their intervals.
fn scale<'c>(panel: &Panel, cells: impl Iterator<Item = &'c Cell>, left: f64, right: f64) -> Scale {
    let (mut centres, mut ends, mut lengths) = (panel.span.clone(), Vec::new(), Vec::new());
    for mark in cells.flat_map(|c| &c.marks) {
        match *mark {
            Mark::Whisker { low, high, .. } => {
                ends.extend([low, high]);
                lengths.push(high - low);
            }
            Mark::Dot { at, .. } | Mark::Small { at, .. } | Mark::Ring { at, .. } | Mark::Step { at } => {
                centres.push(at)
            }
            Mark::Bar { from, to, .. } | Mark::Link { from, to, .. } => centres.extend([from, to]),
        }
    }
    let finite = || centres.iter().copied().filter(|v| v.is_finite());
    let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    // Intervals of the usual length are shown whole, however near to one another their centres lie.
    lengths.retain(|l| l.is_finite());
    lengths.sort_by(f64::total_cmp);
    let usual = lengths.get(lengths.len() / 2).copied().unwrap_or_default();
    let ends = ends.into_iter().map(|e| {
        let room = if high > low { (1.2 * (high - low)).max(2.0 * usual) } else { f64::INFINITY };
        e.clamp((low - room).min(high), (high + room).max(low))
    });
    let values: Vec<f64> = if low <= high { centres.iter().copied().chain(ends).collect() } else { centres.clone() };
    let ticks = (((right - left) / 55.0) as usize).clamp(2, 7);
    Scale::over(values.into_iter().map(|v| panel.shown(v)), ticks, left, right)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(at: f64, half: f64) -> Cell {
        let (low, high, ink) = (at - half, at + half, Ink::Accent);
        Cell {
            marks: vec![Mark::Whisker { low, high, ink }, Mark::Dot { at, ink }],
            value: String::new(),
            tip: String::new(),
        }
    }

    #[test]
    fn usual_intervals_are_shown_whole_and_a_huge_one_flattens_nothing() {
        let panel = Panel::new("x", "", Ink::Accent);
        let near = [cell(0.722, 0.03), cell(0.725, 0.03)];
        let found = scale(&panel, near.iter(), 0.0, 300.0);
        assert!(found.holds(0.692) && found.holds(0.755));
        let one_huge = [cell(0.1, 0.05), cell(0.3, 0.05), cell(0.5, 0.05), cell(0.4, 900.0)];
        let found = scale(&panel, one_huge.iter(), 0.0, 300.0);
        assert!(found.holds(0.05) && found.holds(0.55) && !found.holds(5.0));
    }
}
