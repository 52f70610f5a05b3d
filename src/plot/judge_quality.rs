//! Whether the head leans on answers that can be trusted: how well the judge answers a question against its weight.

use serde::{Deserialize, Serialize};

use super::Figure;
use super::canvas::{Caption, Pen, Side, Type, figure};
use super::frame::{Taken, header, nothing, origin};
use super::plane::{Axis, FOOT, NAME, Plane};
use super::scale::Scale;
use super::text::{counted, number, one_line, percent, width as text_width, wrap};
use super::theme::{Ink, SMALL};
use crate::Result;

/// What the chart shows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct JudgeQuality {
    /// Id of the figure: lower-case letters, digits and hyphens only.
    pub id: String,
    /// Whether the data are simulated; said in the sub-title.
    pub simulated: bool,
    /// Dimension of the head.
    pub head: String,
    /// What quality is, for example `agreement with the majority of judges`; a share.
    pub quality: String,
    /// Below this, answers are not to be trusted.
    pub threshold: Option<f64>,
    /// Unit of the weights.
    pub unit: String,
    /// The questions.
    pub points: Vec<Judged>,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Judged {
    /// Short label.
    pub label: String,
    /// Quality of the answers, a share.
    pub quality: f64,
    /// Weight in the head.
    pub weight: f64,
}

/// Most points with a name.
const NAMED: usize = 10;

/// Draws the chart. No input panics.
///
/// # Errors
/// [`crate::Error::Bug`] if plotters refuses to draw.
pub fn judge_quality(input: &JudgeQuality) -> Result<Figure> {
    let title = finding(input);
    let alt = format!(
        "{title}. Scatter plot of the weight of {} against {}.",
        counted(known(input).len(), "question", "questions"),
        one_line(&input.quality)
    );
    figure(&Caption { id: &input.id, title: &title, alt: &alt }, |pen, width| paint(pen, width, &title, input))
}

fn known(input: &JudgeQuality) -> Vec<&Judged> {
    input.points.iter().filter(|p| p.quality.is_finite() && p.weight.is_finite()).collect()
}

impl JudgeQuality {
    fn doubtful(&self, p: &Judged) -> bool {
        p.weight != 0.0 && self.threshold.is_some_and(|t| p.quality < t)
    }
}

/// The share of the weight that sits on answers below the threshold, or the heaviest question.
pub fn finding(input: &JudgeQuality) -> String {
    let points = known(input);
    let head = one_line(&input.head);
    let all: f64 = points.iter().map(|p| p.weight.abs()).sum();
    let heaviest = points
        .iter()
        .copied()
        .filter(|p| p.weight != 0.0)
        .reduce(|a, b| if b.weight.abs() > a.weight.abs() { b } else { a });
    match (input.threshold, heaviest) {
        (_, None) => format!("No question carries weight in the {head} head"),
        (Some(_), Some(_)) => {
            let doubtful: f64 = points.iter().filter(|p| input.doubtful(p)).map(|p| p.weight.abs()).sum();
            if doubtful == 0.0 {
                format!("The {head} head puts no weight on questions that the judge answers badly")
            } else {
                format!(
                    "{} % of the {head} head's weight sits on questions that the judge answers badly",
                    number(doubtful / all * 100.0, 0)
                )
            }
        }
        (None, Some(p)) => format!(
            "“{}” weighs most in the {head} head; the judge's {} on it is {} %",
            one_line(&p.label),
            one_line(&input.quality),
            percent(p.quality)
        ),
    }
}

fn paint(pen: &mut Pen<'_>, width: f64, title: &str, input: &JudgeQuality) -> Result<f64> {
    let mut points = known(input);
    let threshold = input.threshold.filter(|t| t.is_finite());
    let note = format!(
        "{}One dot per question; grey dots have weight zero.{}{}",
        origin(input.simulated),
        threshold.map_or_else(String::new, |t| format!(
            " Answers left of the dashed line ({} %) are bad.",
            number(t * 100.0, 0)
        )),
        if points.iter().any(|p| input.doubtful(p)) { " Orange: weight on them." } else { "" }
    );
    let y = header(pen, width, title, &note)?;
    if points.is_empty() {
        return nothing(pen, y);
    }
    let (left, right, top) = (42.0, width - 10.0, y + NAME);
    let bottom = top + if width >= 500.0 { 300.0 } else { 260.0 };
    let qualities = points.iter().map(|p| p.quality * 100.0).chain(input.threshold.map(|t| t * 100.0));
    let x = Scale::over(qualities, if width >= 500.0 { 7 } else { 4 }, left + 10.0, right - 10.0);
    let y_scale = Scale::over(points.iter().map(|p| p.weight).chain([0.0]), 5, bottom, top);
    let (x_digits, y_digits) = (x.digits, y_scale.digits);
    let plane = Plane { x, y: y_scale, left, right, top, bottom, lift: 0.0 };
    plane.frame(
        pen,
        &Axis {
            name: &format!("{}, % →", super::text::sentence(&one_line(&input.quality))),
            label: &|v| number(v, x_digits),
        },
        &Axis { name: &format!("Weight, {}", one_line(&input.unit)), label: &|v| number(v, y_digits) },
    )?;
    let zero = plane.y.at(0.0);
    pen.line((left, zero), (right, zero), Ink::Faint, 1.0)?;
    let mut taken = Taken::default();
    if let Some(t) = threshold {
        let x = plane.x.at(t * 100.0);
        pen.dashed(x, top, bottom, Ink::Quiet, 1.0)?;
        taken.take((x - 1.0, top, x + 1.0, bottom));
    }
    points.sort_by(|a, b| a.weight.abs().total_cmp(&b.weight.abs()));
    for p in &points {
        let (x, y) = plane.at(p.quality * 100.0, p.weight);
        let ink = if input.doubtful(p) {
            Ink::Contrast
        } else if p.weight == 0.0 {
            Ink::Faint
        } else {
            Ink::Accent
        };
        pen.tipped(&format!("{}: {} %, weight {}", p.label, percent(p.quality), number(p.weight, 3)), |pen| {
            pen.dot((x, y), if p.weight == 0.0 { 2.6 } else { 4.2 }, ink)
        })?;
        taken.take((x - 4.5, y - 4.5, x + 4.5, y + 4.5));
    }
    for p in points.iter().rev().filter(|p| p.weight != 0.0).take(NAMED) {
        let (x, y) = plane.at(p.quality * 100.0, p.weight);
        let label = wrap(&p.label, SMALL, if width >= 500.0 { 190.0 } else { 120.0 }, 1).remove(0);
        let room = text_width(&label, SMALL);
        let places = [
            ((x + 8.0, y), Side::Start, (x + 6.0, y - 6.0, x + 8.0 + room, y + 6.0)),
            ((x - 8.0, y), Side::End, (x - 8.0 - room, y - 6.0, x - 6.0, y + 6.0)),
            ((x, y - 12.0), Side::Middle, (x - room / 2.0, y - 18.0, x + room / 2.0, y - 6.0)),
            ((x, y + 12.0), Side::Middle, (x - room / 2.0, y + 6.0, x + room / 2.0, y + 18.0)),
        ];
        let inside =
            places.iter().filter(|(_, _, a)| a.0 >= left && a.2 <= width && a.1 >= top - 14.0 && a.3 <= bottom);
        let inside: Vec<_> = inside.collect();
        let areas: Vec<_> = inside.iter().map(|p| p.2).collect();
        if let Some(free) = taken.first_free(&areas) {
            pen.text(inside[free].0, &label, Type::new(SMALL, Ink::Text).side(inside[free].1))?;
        }
    }
    Ok(bottom + FOOT)
}
