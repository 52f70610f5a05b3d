//! Accuracy against what it costs: the number of questions asked (cost curve), or of pairs labelled (learning curve).

use serde::{Deserialize, Serialize};

use super::Figure;
use super::canvas::{Caption, Pen, Side, Type, figure};
use super::frame::{header, nothing, origin, spread};
use super::plane::{Axis, FOOT, NAME, Plane};
use super::scale::Scale;
use super::text::{count, number, one_line, percent, sentence, signed, width as text_width, wrap};
use super::theme::{BODY, Ink, SMALL};
use crate::Result;

/// What the chart shows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Curve {
    /// Id of the figure: lower-case letters, digits and hyphens only.
    pub id: String,
    /// Whether the data are simulated; said in the sub-title.
    pub simulated: bool,
    /// What lies on the x axis.
    pub against: Against,
    /// Dimension of the labels.
    pub dimension: String,
    /// Name of the accuracy, for example `diff-half accuracy`.
    pub measure: String,
    /// Lines of reference: name and accuracy.
    pub floors: Vec<(String, f64)>,
    /// The curves, the main one first.
    pub series: Vec<Series>,
}

/// What a curve runs over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Against {
    /// Questions that a judge has to answer per item.
    #[default]
    Questions,
    /// Pairs that people have to label.
    Pairs,
}

impl Against {
    fn noun(self) -> &'static str {
        match self {
            Against::Questions => "questions",
            Against::Pairs => "labelled pairs",
        }
    }

    fn axis(self) -> &'static str {
        match self {
            Against::Questions => "Questions asked per item →",
            Against::Pairs => "Labelled training pairs (logarithmic) →",
        }
    }
}

/// One curve.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Series {
    /// Its name, written at its end.
    pub name: String,
    /// Its points, in any order.
    pub points: Vec<Point>,
}

/// One point of a curve.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Point {
    /// Questions or pairs.
    pub x: usize,
    /// Accuracy, a share.
    pub value: Option<f64>,
    /// 95 % interval.
    pub interval: Option<(f64, f64)>,
    /// A point with a name, for example `chosen`; empty for the others.
    pub mark: String,
}

/// Draws the chart. No input panics.
///
/// # Errors
/// [`crate::Error::Bug`] if plotters refuses to draw.
pub fn curve(input: &Curve) -> Result<Figure> {
    let title = finding(input);
    let main = input.series.first().map(known).unwrap_or_default();
    let list: Vec<String> = main.iter().map(|p| format!("{} at {}", percent(p.1), count(p.0.x))).collect();
    let alt = format!(
        "{title}. Line of {} in percent against the number of {}: {}.",
        one_line(&input.measure),
        input.against.noun(),
        list.join(", ")
    );
    figure(&Caption { id: &input.id, title: &title, alt: &alt }, |pen, width| paint(pen, width, &title, input))
}

/// Points with a value, by x.
fn known(series: &Series) -> Vec<(&Point, f64)> {
    let mut points: Vec<(&Point, f64)> =
        series.points.iter().filter_map(|p| p.value.filter(|v| v.is_finite()).map(|v| (p, v))).collect();
    points.sort_by_key(|(p, _)| p.x);
    points
}

/// The cheapest point within one percentage point of the last, or what the last doubling brought.
pub fn finding(input: &Curve) -> String {
    let points = input.series.first().map(known).unwrap_or_default();
    let dimension = one_line(&input.dimension);
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return format!("There is no curve for {dimension}");
    };
    if points.len() == 1 {
        return format!("On {dimension} {} {} reach {} %", count(last.0.x), input.against.noun(), percent(last.1));
    }
    match input.against {
        Against::Questions => {
            let cheapest = points.iter().find(|p| p.1 >= last.1 - 0.01).unwrap_or(last);
            if cheapest.0.x == last.0.x {
                format!("On {dimension} accuracy rises up to all {} questions: {} %", count(last.0.x), percent(last.1))
            } else {
                format!(
                    "On {dimension} {} of {} questions reach {} %, within 1 point of all of them",
                    count(cheapest.0.x),
                    count(last.0.x),
                    percent(cheapest.1)
                )
            }
        }
        Against::Pairs => {
            let half = points.iter().rev().find(|p| 2 * p.0.x <= last.0.x).unwrap_or(first);
            format!(
                "On {dimension} going from {} to {} labelled pairs changed accuracy by {} points",
                count(half.0.x),
                count(last.0.x),
                signed((last.1 - half.1) * 100.0, 1)
            )
        }
    }
}

/// Colours of the curves, the main one first.
const INKS: [Ink; 4] = [Ink::Accent, Ink::Contrast, Ink::Second, Ink::Other];

fn paint(pen: &mut Pen<'_>, width: f64, title: &str, input: &Curve) -> Result<f64> {
    let intervals = input.series.iter().flat_map(|s| &s.points).any(|p| p.interval.is_some());
    let note = format!(
        "{}{} in %.{}",
        origin(input.simulated),
        sentence(&one_line(&input.measure)),
        if intervals { " The shade is the 95 % interval over prompts." } else { "" }
    );
    let y = header(pen, width, title, &note)?;
    let curves: Vec<Vec<(&Point, f64)>> = input.series.iter().map(known).collect();
    if curves.iter().all(Vec::is_empty) {
        return nothing(pen, y);
    }
    let wide = width >= 500.0;
    let several = curves.len() > 1;
    let room = if several { if wide { 130.0 } else { 98.0 } } else { 46.0 };
    let (left, right) = (34.0, width - room);
    let (top, bottom) = (y + NAME, y + NAME + if wide { 250.0 } else { 210.0 });
    let all = || curves.iter().flatten();
    let xs = || all().map(|p| p.0.x as f64);
    let values = all()
        .flat_map(|(p, v)| [Some(*v), p.interval.map(|i| i.0), p.interval.map(|i| i.1)].into_iter().flatten())
        .chain(input.floors.iter().map(|f| f.1));
    let x = match input.against {
        Against::Questions => Scale::over(xs().chain([0.0]), if wide { 8 } else { 4 }, left, right),
        Against::Pairs => Scale::log(xs(), left + 8.0, right),
    };
    let y_scale = Scale::over(values.map(|v| v.clamp(0.0, 1.0) * 100.0), 5, bottom, top);
    let plane = Plane { x, y: y_scale, left, right, top, bottom, lift: 0.0 };
    let digits = plane.y.digits;
    let (x_axis, y_axis) = (
        Axis { name: input.against.axis(), label: &|v| count(v.round().max(0.0) as usize) },
        Axis { name: "Accuracy, %", label: &|v| number(v, digits) },
    );
    plane.frame(pen, &x_axis, &y_axis)?;
    for (name, value) in input.floors.iter().filter(|f| f.1.is_finite()) {
        plane.level(pen, value * 100.0, name)?;
    }
    let band = |(p, _): &(&Point, f64)| p.interval.map(|(l, h)| (p.x as f64, l * 100.0, h * 100.0));
    plane.band(pen, &curves[0].iter().filter_map(band).collect::<Vec<_>>(), Ink::AccentTint)?;
    for (i, points) in curves.iter().enumerate().rev() {
        let ink = INKS[i.min(INKS.len() - 1)];
        let line: Vec<(f64, f64)> = points.iter().map(|(p, v)| (p.x as f64, v * 100.0)).collect();
        plane.curve(pen, &line, ink, if i == 0 { 2.2 } else { 1.6 })?;
        for (p, v) in points {
            let spot = plane.at(p.x as f64, v * 100.0);
            pen.tipped(&format!("{} {}: {} %", count(p.x), input.against.noun(), percent(*v)), |pen| {
                pen.dot(spot, if p.mark.is_empty() { 3.0 } else { 4.6 }, ink)
            })?;
            if !p.mark.is_empty() {
                let half = text_width(&p.mark, SMALL) / 2.0;
                let x = spot.0.clamp(left + half, (right - half).max(left + half));
                pen.text((x, spot.1 + 15.0), &p.mark, Type::new(SMALL, Ink::Text).side(Side::Middle).bold())?;
            }
        }
    }
    let ends: Vec<f64> = curves.iter().map(|c| c.last().map_or(bottom, |p| plane.y.at(p.1 * 100.0))).collect();
    for ((i, at), series) in spread(&ends, 16.0, (top, bottom)).into_iter().enumerate().zip(&input.series) {
        let Some(last) = curves[i].last() else { continue };
        let label = if several { format!("{} {}", one_line(&series.name), percent(last.1)) } else { percent(last.1) };
        let lines = wrap(&label, SMALL, room - 10.0, 1);
        let x = plane.x.at(last.0.x as f64) + 9.0;
        pen.lines((x, at), &lines, Type::new(if several { SMALL } else { BODY }, INKS[i.min(INKS.len() - 1)]).bold())?;
    }
    Ok(bottom + FOOT)
}
