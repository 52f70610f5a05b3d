//! Whether the probabilities mean what they say: the share of pairs that A wins against what the head predicted.

use serde::{Deserialize, Serialize};

use super::Figure;
use super::canvas::{Caption, Pen, Side, Type, figure};
use super::frame::{header, nothing, origin};
use super::plane::{Axis, FOOT, NAME, Plane};
use super::scale::Scale;
use super::text::{count, number, one_line, percent};
use super::theme::{Ink, SMALL};
use crate::Result;

/// What the chart shows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Reliability {
    /// Id of the figure: lower-case letters, digits and hyphens only.
    pub id: String,
    /// Whether the data are simulated; said in the sub-title.
    pub simulated: bool,
    /// Dimension of the labels.
    pub dimension: String,
    /// Expected calibration error, a share, where it was computed.
    pub error: Option<f64>,
    /// Slope of the logistic recalibration: 1 is calibrated, below 1 overconfident.
    pub slope: Option<f64>,
    /// The bins.
    pub bins: Vec<Bin>,
}

/// Pairs with about the same prediction.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Bin {
    /// Mean predicted probability that A wins.
    pub predicted: f64,
    /// Share of them that A won.
    pub observed: f64,
    /// 95 % interval of the share.
    pub interval: Option<(f64, f64)>,
    /// Pairs.
    pub pairs: usize,
}

impl Bin {
    fn off(&self) -> bool {
        self.interval.is_some_and(|(low, high)| self.predicted < low || self.predicted > high)
    }
}

/// Draws the chart. No input panics.
///
/// # Errors
/// [`crate::Error::Bug`] if plotters refuses to draw.
pub fn reliability(input: &Reliability) -> Result<Figure> {
    let title = finding(input);
    let list: Vec<String> = known(input)
        .iter()
        .map(|b| format!("predicted {} observed {}", percent(b.predicted), percent(b.observed)))
        .collect();
    let alt = format!("{title}. Reliability diagram in percent: {}.", list.join(", "));
    figure(&Caption { id: &input.id, title: &title, alt: &alt }, |pen, width| paint(pen, width, &title, input))
}

fn known(input: &Reliability) -> Vec<&Bin> {
    let mut bins: Vec<&Bin> = input.bins.iter().filter(|b| b.predicted.is_finite() && b.observed.is_finite()).collect();
    bins.sort_by(|a, b| a.predicted.total_cmp(&b.predicted));
    bins
}

/// How far predictions are from what happened, and to which side.
pub fn finding(input: &Reliability) -> String {
    let (bins, dimension) = (known(input), one_line(&input.dimension));
    if bins.is_empty() {
        return format!("There are no predictions on {dimension}");
    }
    let error = input
        .error
        .filter(|e| e.is_finite())
        .map(|e| format!(", off by {} points on average", number(e * 100.0, 1)))
        .unwrap_or_default();
    match input.slope.filter(|s| s.is_finite()) {
        Some(s) if s < 0.9 => format!("On {dimension} the head's probabilities are too extreme{error}"),
        Some(s) if s > 1.1 => format!("On {dimension} the head's probabilities are too cautious{error}"),
        _ => format!(
            "On {dimension} {} of {} intervals hold the predicted probability{error}",
            count(bins.iter().filter(|b| !b.off()).count()),
            count(bins.len())
        ),
    }
}

fn paint(pen: &mut Pen<'_>, width: f64, title: &str, input: &Reliability) -> Result<f64> {
    let bins = known(input);
    let note = format!(
        "{}Pairs grouped by the predicted probability that A wins; lines are 95 % intervals. On the dashed line predictions are right.{} Bars: pairs per group.",
        origin(input.simulated),
        if bins.iter().any(|b| b.off()) { " Orange: the interval misses the prediction." } else { "" }
    );
    let y = header(pen, width, title, &note)?;
    if bins.is_empty() {
        return nothing(pen, y);
    }
    let side = (width - 60.0).min(360.0);
    let (left, top) = (38.0, y + NAME);
    let (right, bottom) = (left + side, top + side * 0.86);
    let scale = |from: f64, to: f64| Scale::over([0.0, 100.0], 5, from, to);
    let plane = Plane { x: scale(left, right), y: scale(bottom, top), left, right, top, bottom, lift: 0.0 };
    plane.frame(
        pen,
        &Axis { name: "Predicted probability that A wins, % →", label: &|v| number(v, 0) },
        &Axis { name: "A won, % of pairs", label: &|v| number(v, 0) },
    )?;
    let most = bins.iter().map(|b| b.pairs).max().unwrap_or(0).max(1) as f64;
    let half = (side / bins.len().max(5) as f64 / 2.0 - 2.0).clamp(1.0, 14.0);
    for b in &bins {
        let x = plane.x.at(b.predicted * 100.0);
        let tall = 34.0 * b.pairs as f64 / most;
        pen.tipped(&format!("{} pairs", count(b.pairs)), |pen| {
            pen.bar(((x - half).max(left), bottom - tall), ((x + half).min(right), bottom), Ink::Grid)
        })?;
    }
    let steps = 50;
    for i in (0..steps).step_by(2) {
        let at = |s: i32| plane.at(f64::from(s) * 2.0, f64::from(s) * 2.0);
        pen.line(at(i), at(i + 1), Ink::Quiet, 1.0)?;
    }
    plane.curve(
        pen,
        &bins.iter().map(|b| (b.predicted * 100.0, b.observed * 100.0)).collect::<Vec<_>>(),
        Ink::AccentTint,
        1.6,
    )?;
    for b in &bins {
        let ink = if b.off() { Ink::Contrast } else { Ink::Accent };
        let (x, y) = plane.at(b.predicted * 100.0, b.observed * 100.0);
        if let Some((low, high)) = b.interval.filter(|(l, h)| l <= h) {
            pen.line((x, plane.y.at(low * 100.0)), (x, plane.y.at(high * 100.0)), ink, 1.5)?;
        }
        pen.tipped(
            &format!(
                "predicted {} %, observed {} %, {} pairs",
                percent(b.predicted),
                percent(b.observed),
                count(b.pairs)
            ),
            |pen| pen.dot((x, y), 4.2, ink),
        )?;
    }
    if width - right > 130.0 {
        let aside = |pen: &mut Pen<'_>, y: f64, text: &str, ink| {
            pen.text((right + 22.0, y), text, Type::new(SMALL, ink).side(Side::Start))
        };
        aside(pen, plane.y.at(84.0), "above the line: A wins more", Ink::Quiet)?;
        aside(pen, plane.y.at(84.0) + 14.0, "often than predicted", Ink::Quiet)?;
        if let Some(error) = input.error.filter(|e| e.is_finite()) {
            aside(pen, plane.y.at(56.0), &format!("mean error {} points", number(error * 100.0, 1)), Ink::Text)?;
        }
        if let Some(slope) = input.slope.filter(|s| s.is_finite()) {
            aside(pen, plane.y.at(56.0) + 16.0, &format!("slope {} (1 is calibrated)", number(slope, 2)), Ink::Text)?;
        }
    }
    Ok(bottom + FOOT)
}
