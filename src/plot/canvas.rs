//! A thin pen over plotters' SVG backend, and what is done to its output.
//!
//! The backend draws at whole numbers and gives every element its colour, opacity and font as literals. We draw
//! [`FINE`] times larger and divide afterwards, name each colour by a class, put the font on the root, and add what
//! plotters leaves out: title, description, role and a style sheet for light and dark.

use std::fmt::Write as _;

use plotters::prelude::{DrawingBackend, IntoFont, RGBColor, SVGBackend, ShapeStyle, TextStyle};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontStyle, FontTransform};

use super::Figure;
use super::text::one_line;
use super::theme::{self, Ink};
use crate::{Error, Result};

/// Drawing units per CSS pixel.
const FINE: f64 = 10.0;
/// Empty border around a chart, in CSS pixels.
const MARGIN: f64 = 14.0;
/// plotters multiplies font sizes by this before the backend divides again.
const PLOTTERS_FONT: f64 = 1.24;

/// Where a text sits against its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The text begins at the point.
    Start,
    /// The text is centred on the point.
    Middle,
    /// The text ends at the point.
    End,
}

/// How a text looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Type {
    pub(super) size: f64,
    pub(super) ink: Ink,
    pub(super) bold: bool,
    pub(super) side: Side,
}

impl Type {
    /// Plain text that begins at its point.
    pub(super) fn new(size: f64, ink: Ink) -> Self {
        Self { size, ink, bold: false, side: Side::Start }
    }

    /// Bold.
    pub(super) fn bold(mut self) -> Self {
        self.bold = true;
        self
    }

    /// Placed otherwise against its point.
    pub(super) fn side(mut self, side: Side) -> Self {
        self.side = side;
        self
    }
}

/// Draws in CSS pixels. Coordinates need not be finite or inside: they are clamped.
pub(super) struct Pen<'a> {
    backend: SVGBackend<'a>,
    /// Elements drawn so far: each call of the backend writes exactly one.
    drawn: usize,
    /// What a reader sees who points at some elements: the first, the one after the last, and the text.
    tips: Vec<(usize, usize, String)>,
    /// Elements that are dashed lines.
    dashes: Vec<usize>,
}

impl Pen<'_> {
    /// What `draw` draws gets this text as its `<title>`, which viewers show on pointing. Tips do not nest.
    pub(super) fn tipped(&mut self, text: &str, draw: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let first = self.drawn;
        draw(self)?;
        let text = one_line(text);
        if !text.is_empty() && self.drawn > first {
            self.tips.push((first, self.drawn, text));
        }
        Ok(())
    }

    /// A line of `width` pixels.
    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), ink: Ink, width: f64) -> Result<()> {
        // A line without length draws nothing.
        if point(from) == point(to) {
            return Ok(());
        }
        self.drawn += 1;
        self.backend.draw_line(point(from), point(to), &style(ink, width)).map_err(failed)
    }

    /// A line through several points; fewer than two draw nothing.
    pub(super) fn path(&mut self, points: &[(f64, f64)], ink: Ink, width: f64) -> Result<()> {
        if points.len() < 2 {
            return Ok(());
        }
        self.drawn += 1;
        self.backend.draw_path(points.iter().copied().map(point), &style(ink, width)).map_err(failed)
    }

    /// A filled polygon; fewer than three points draw nothing.
    pub(super) fn area(&mut self, points: &[(f64, f64)], ink: Ink) -> Result<()> {
        if points.len() < 3 {
            return Ok(());
        }
        self.drawn += 1;
        self.backend.fill_polygon(points.iter().copied().map(point), &style(ink, 1.0)).map_err(failed)
    }

    /// A dashed upright line.
    pub(super) fn dashed(&mut self, x: f64, top: f64, bottom: f64, ink: Ink, width: f64) -> Result<()> {
        let line = self.drawn;
        self.line((x, top), (x, bottom), ink, width)?;
        self.dashes.extend((self.drawn > line).then_some(line));
        Ok(())
    }

    /// A filled rectangle.
    pub(super) fn bar(&mut self, corner: (f64, f64), opposite: (f64, f64), ink: Ink) -> Result<()> {
        let (left, right) = (corner.0.min(opposite.0), corner.0.max(opposite.0));
        let (top, bottom) = (corner.1.min(opposite.1), corner.1.max(opposite.1));
        self.drawn += 1;
        self.backend.draw_rect(point((left, top)), point((right, bottom)), &style(ink, 1.0), true).map_err(failed)
    }

    /// A filled dot.
    pub(super) fn dot(&mut self, centre: (f64, f64), radius: f64, ink: Ink) -> Result<()> {
        self.drawn += 1;
        self.backend.draw_circle(point(centre), whole(radius) as u32, &style(ink, 1.0), true).map_err(failed)
    }

    /// A ring of 1.5 pixels filled with paper.
    pub(super) fn ring(&mut self, centre: (f64, f64), radius: f64, ink: Ink) -> Result<()> {
        self.dot(centre, radius, Ink::Paper)?;
        self.drawn += 1;
        self.backend.draw_circle(point(centre), whole(radius) as u32, &style(ink, 1.5), false).map_err(failed)
    }

    /// One line of text, vertically centred on its point.
    pub(super) fn text(&mut self, at: (f64, f64), text: &str, kind: Type) -> Result<()> {
        let text = one_line(text);
        if text.is_empty() {
            return Ok(());
        }
        let horizontal = match kind.side {
            Side::Start => HPos::Left,
            Side::Middle => HPos::Center,
            Side::End => HPos::Right,
        };
        let weight = if kind.bold { FontStyle::Bold } else { FontStyle::Normal };
        let font =
            ("sans-serif", kind.size * FINE * PLOTTERS_FONT).into_font().style(weight).transform(FontTransform::None);
        let colour = colour(kind.ink);
        self.drawn += 1;
        let look = TextStyle::from(font).color(&colour).pos(Pos::new(horizontal, VPos::Center));
        self.backend.draw_text(&text, &look, point(at)).map_err(failed)
    }

    /// Several lines of text, 1.25 em apart, the first centred on its point.
    pub(super) fn lines(&mut self, at: (f64, f64), lines: &[String], kind: Type) -> Result<()> {
        for (i, line) in lines.iter().enumerate() {
            self.text((at.0, at.1 + i as f64 * kind.size * 1.25), line, kind)?;
        }
        Ok(())
    }
}

/// What a chart is called and how it is described.
pub(super) struct Caption<'a> {
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    pub(super) alt: &'a str,
}

/// Draws the chart twice: for pages and for telephones. `paint` gets the width and returns the height it used.
///
/// # Errors
/// [`Error::Bug`] if plotters refuses to draw.
pub(super) fn figure(caption: &Caption<'_>, paint: impl Fn(&mut Pen<'_>, f64) -> Result<f64>) -> Result<Figure> {
    let draw = |width: f64, suffix: &str| -> Result<String> {
        let mut raw = String::new();
        let mut pen =
            Pen { backend: SVGBackend::with_string(&mut raw, (1, 1)), drawn: 0, tips: vec![], dashes: vec![] };
        let height = paint(&mut pen, width)?;
        pen.backend.present().map_err(failed)?;
        let extras = Extras { tips: std::mem::take(&mut pen.tips), dashes: std::mem::take(&mut pen.dashes) };
        drop(pen);
        Ok(finish(&raw, &format!("{}{suffix}", caption.id), (caption, &extras), (width, height)))
    };
    Ok(Figure {
        id: caption.id.to_owned(),
        title: caption.title.to_owned(),
        alt: caption.alt.to_owned(),
        svg: draw(theme::WIDE, "")?,
        narrow: draw(theme::NARROW, "-narrow")?,
    })
}

/// Begin and end of the style sheet in a finished chart, so that a page which has the style sheet already can leave it out.
const STYLE: (&str, &str) = ("<style>", "</style>\n");

/// The chart without its own style sheet, for pages that carry [`theme::css`] themselves.
pub fn without_style(svg: &str) -> String {
    match (svg.find(STYLE.0), svg.find(STYLE.1)) {
        (Some(from), Some(to)) if from < to => format!("{}{}", &svg[..from], &svg[to + STYLE.1.len()..]),
        _ => svg.to_owned(),
    }
}

/// A chart for a page that has [`theme::css`]: without what only a file of its own needs, so that pages stay small.
pub fn inline(svg: &str) -> String {
    // Pages centre texts upright by their style sheet.
    let svg = without_style(svg).replacen(" xmlns=\"http://www.w3.org/2000/svg\"", "", 1).replace(CENTRED, "");
    let mut out = String::with_capacity(svg.len());
    let mut rest = svg.as_str();
    // The literal colour behind a class is for viewers without CSS. Texts hold no quotation mark as such.
    while let Some((before, after)) = rest.split_once(" class=\"hf-") {
        let Some((class, tail)) = after.split_once('"') else { break };
        out.push_str(before);
        let _ = write!(out, " class=\"hf-{class}\"");
        let key = if class.starts_with("f-") { " fill=\"#" } else { " stroke=\"#" };
        rest = tail.strip_prefix(key).and_then(|t| t.split_once('"')).map_or(tail, |(_, t)| t);
    }
    out.push_str(rest);
    out
}

/// A text whose middle lies at its point.
const CENTRED: &str = " dy=\".35em\"";

/// What plotters cannot say about its elements.
struct Extras {
    tips: Vec<(usize, usize, String)>,
    dashes: Vec<usize>,
}

/// plotters' document → ours.
fn finish(raw: &str, id: &str, (caption, extras): (&Caption<'_>, &Extras), (width, height): (f64, f64)) -> String {
    let (w, h) = (width + 2.0 * MARGIN, height + 2.0 * MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"hf-chart\" width=\"{w}\" height=\"{h}\" viewBox=\"{m} {m} {w} {h}\" \
         role=\"img\" aria-labelledby=\"{id}-title {id}-desc\" font-family=\"{fonts}\" font-size=\"{size}\">\n\
         <title id=\"{id}-title\">{title}</title>\n<desc id=\"{id}-desc\">{alt}</desc>\n{open}{css}{close}\
         <rect class=\"hf-f-paper\" x=\"{m}\" y=\"{m}\" width=\"{w}\" height=\"{h}\" fill=\"{paper}\"/>\n",
        w = short(w),
        h = short(h),
        m = -MARGIN,
        fonts = theme::FONTS,
        size = theme::BODY,
        title = escape(caption.title),
        alt = escape(caption.alt),
        open = STYLE.0,
        css = theme::css(".hf-chart"),
        close = STYLE.1,
        paper = theme::hex(Ink::Paper.light()),
    );
    let mut lines = raw.lines().skip(1);
    let mut tips = extras.tips.iter().peekable();
    let mut dashes = extras.dashes.iter().peekable();
    let mut close = None;
    let mut element = 0;
    while let Some(line) = lines.next() {
        let Some(tag) = line.strip_prefix('<').filter(|tag| !tag.starts_with('/')) else { continue };
        let name = tag.split_once(' ').map_or(tag, |(name, _)| name);
        let tip = tips.next_if(|(first, ..)| *first == element);
        // One element holds its tip itself, several share a group.
        if let Some((_, end, text)) = tip.filter(|(first, end, _)| end - first > 1) {
            let _ = writeln!(out, "<g><title>{}</title>", escape(text));
            close = Some(*end);
        }
        let own = tip.filter(|(first, end, _)| end - first == 1).map(|(.., text)| escape(text));
        let _ = write!(out, "<{name}");
        let filled = tag.contains("stroke=\"none\"");
        for (key, value) in attributes(tag).filter(|(key, _)| !(filled && key.starts_with("stroke"))) {
            write_attribute(&mut out, key, value);
        }
        if dashes.next_if(|at| **at == element).is_some() {
            out.push_str(" stroke-dasharray=\"4 3\"");
        }
        element += 1;
        match (name, own) {
            ("text", _) => {
                let _ = writeln!(out, ">{}</text>", lines.next().unwrap_or_default());
            }
            (_, Some(tip)) => {
                let _ = writeln!(out, "><title>{tip}</title></{name}>");
            }
            _ => out.push_str("/>\n"),
        }
        if close.take_if(|end| *end == element).is_some() {
            out.push_str("</g>\n");
        }
    }
    out.push_str("</svg>\n");
    out
}

/// The `key="value"` pairs of one tag. Values hold no quotation mark: plotters escapes it.
fn attributes(tag: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = tag;
    std::iter::from_fn(move || {
        let (before, after) = rest.split_once("=\"")?;
        let (value, after) = after.split_once('"')?;
        rest = after;
        Some((before.rsplit(' ').next().unwrap_or(before), value))
    })
}

/// Writes one attribute in final units, leaves out what is the default, and adds the class of a colour.
fn write_attribute(out: &mut String, key: &str, value: &str) {
    let _ = match key {
        "opacity" | "font-family" => Ok(()),
        "text-anchor" if value == "start" => Ok(()),
        "stroke" | "fill" => {
            let literal = value.to_ascii_lowercase();
            let class = Ink::ALL.into_iter().find(|ink| theme::hex(ink.light()) == literal);
            if let Some(ink) = class {
                let _ = write!(out, " class=\"hf-{}-{}\"", &key[..1], ink.name());
            }
            write!(out, " {key}=\"{literal}\"")
        }
        "points" => write_points(out, value),
        "dy" => write!(out, "{CENTRED}"),
        "x" | "y" | "x1" | "y1" | "x2" | "y2" | "cx" | "cy" | "r" | "width" | "height" | "stroke-width"
        | "font-size" => match value.parse::<f64>() {
            // What SVG or the root says anyway is left out.
            Ok(number) if key == "stroke-width" && number == FINE => Ok(()),
            Ok(number) if key == "font-size" && number == theme::BODY * FINE => Ok(()),
            Ok(number) => write!(out, " {key}=\"{}\"", short(number / FINE)),
            Err(_) => Ok(()),
        },
        _ => write!(out, " {key}=\"{value}\""),
    };
}

/// The points of a path in final units.
fn write_points(out: &mut String, value: &str) -> std::fmt::Result {
    let fine = |part: &str| part.parse::<f64>().map_or_else(|_| String::new(), |v| short(v / FINE));
    let points = value.split_whitespace().filter_map(|p| p.split_once(','));
    let points: Vec<String> = points.map(|(x, y)| format!("{},{}", fine(x), fine(y))).collect();
    write!(out, " points=\"{}\"", points.join(" "))
}

/// A coordinate without needless digits.
fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Text for XML content.
fn escape(text: &str) -> String {
    one_line(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

fn whole(pixels: f64) -> i32 {
    // `as` saturates and maps NaN to 0, so no input can overflow; the clamp keeps widths far from i32's end.
    (pixels * FINE).round().clamp(-1e8, 1e8) as i32
}

fn point((x, y): (f64, f64)) -> (i32, i32) {
    (whole(x), whole(y))
}

fn colour(ink: Ink) -> RGBColor {
    let (r, g, b) = ink.light();
    RGBColor(r, g, b)
}

fn style(ink: Ink, width: f64) -> ShapeStyle {
    ShapeStyle::from(&colour(ink)).stroke_width(whole(width) as u32)
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Bug(format!("chart: {error}"))
}
