//! The regularisation path: how weights enter as the penalty falls, the out-of-fold loss beside it, and the λ that was
//! taken.

use serde::{Deserialize, Serialize};

use super::Figure;
use super::canvas::{Caption, Pen, Side, Type, figure};
use super::frame::{header, nothing, origin, spread};
use super::plane::{Axis, FOOT, NAME, Plane};
use super::scale::Scale;
use super::text::{count, counted, number, one_line, width as text_width, wrap};
use super::theme::{Ink, SMALL};
use crate::Result;

/// What the chart shows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Path {
    /// Id of the figure: lower-case letters, digits and hyphens only.
    pub id: String,
    /// Whether the data are simulated; said in the sub-title.
    pub simulated: bool,
    /// Dimension of the head.
    pub head: String,
    /// The λ that was taken.
    pub chosen: f64,
    /// How it was chosen, as part of a sentence; empty where it was given.
    pub rule: String,
    /// Out-of-fold loss along the path; empty where there was no cross-validation.
    pub losses: Vec<Loss>,
    /// Weights along the path; empty where they were not kept.
    pub traces: Vec<Trace>,
}

/// One λ.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Loss {
    /// Penalty strength.
    pub lambda: f64,
    /// Mean out-of-fold log loss.
    pub loss: f64,
    /// Its standard error.
    pub se: f64,
    /// Weights that are not zero.
    pub nonzero: usize,
}

/// One weight along the path.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Trace {
    /// Short label.
    pub label: String,
    /// λ and weight, in any order.
    pub points: Vec<(f64, f64)>,
}

impl Trace {
    /// The weight at the λ nearest to `lambda` on a logarithmic scale.
    fn near(&self, lambda: f64) -> f64 {
        let off = |p: &(f64, f64)| (p.0.max(f64::MIN_POSITIVE).ln() - lambda.max(f64::MIN_POSITIVE).ln()).abs();
        self.points.iter().min_by(|a, b| off(a).total_cmp(&off(b))).map_or(0.0, |p| p.1)
    }
}

/// Traces that are drawn in colour with their names.
const NAMED: usize = 6;

/// Draws the chart. No input panics.
///
/// # Errors
/// [`crate::Error::Bug`] if plotters refuses to draw.
pub fn path(input: &Path) -> Result<Figure> {
    let title = finding(input);
    let alt = format!(
        "{title}. Lines of {} and of the out-of-fold log loss against the penalty, which falls from left to right; the chosen penalty is {}.",
        if input.traces.is_empty() { "the number of weights in use" } else { "weights" },
        number(input.chosen, 4)
    );
    figure(&Caption { id: &input.id, title: &title, alt: &alt }, |pen, width| paint(pen, width, &title, input))
}

/// Questions at the chosen λ against those at the smallest loss.
pub fn finding(input: &Path) -> String {
    let head = one_line(&input.head);
    let losses = sorted(input);
    let off = |l: &&Loss| (l.lambda.ln() - input.chosen.max(f64::MIN_POSITIVE).ln()).abs();
    let chosen = losses.iter().copied().min_by(|a, b| off(a).total_cmp(&off(b)));
    let best = losses.iter().copied().min_by(|a, b| a.loss.total_cmp(&b.loss));
    match (chosen, best) {
        (Some(c), Some(b)) if c.nonzero == b.nonzero => {
            format!(
                "The {head} head keeps {}, where the out-of-fold loss is smallest",
                counted(c.nonzero, "weight", "weights")
            )
        }
        (Some(c), Some(b)) if input.chosen > b.lambda => format!(
            "The {head} head keeps {}; the smallest loss has {}, but not shown to be better",
            counted(c.nonzero, "weight", "weights"),
            count(b.nonzero)
        ),
        (Some(c), Some(b)) => {
            format!(
                "The {head} head keeps {}; the smallest loss has {}",
                counted(c.nonzero, "weight", "weights"),
                count(b.nonzero)
            )
        }
        _ => {
            let used = input.traces.iter().filter(|t| t.near(input.chosen) != 0.0).count();
            if input.traces.is_empty() {
                format!("There is no path of the {head} head")
            } else {
                format!("The {head} head keeps {} of {} weights", count(used), count(input.traces.len()))
            }
        }
    }
}

/// Points with a finite loss, largest λ first.
fn sorted(input: &Path) -> Vec<&Loss> {
    let mut losses: Vec<&Loss> =
        input.losses.iter().filter(|l| l.lambda > 0.0 && l.lambda.is_finite() && l.loss.is_finite()).collect();
    losses.sort_by(|a, b| b.lambda.total_cmp(&a.lambda));
    losses
}

fn paint(pen: &mut Pen<'_>, width: f64, title: &str, input: &Path) -> Result<f64> {
    let losses = sorted(input);
    let note = format!(
        "{}The penalty falls from left to right. The upright line is the chosen λ = {}{}.{}",
        origin(input.simulated),
        number(input.chosen, 4),
        if input.rule.trim().is_empty() { String::new() } else { format!(" ({})", one_line(&input.rule)) },
        if losses.is_empty() { "" } else { " The shade is one standard error either side." }
    );
    let y = header(pen, width, title, &note)?;
    let traced = input.traces.iter().flat_map(|t| &t.points).any(|p| p.0 > 0.0);
    if losses.is_empty() && !traced {
        return nothing(pen, y);
    }
    let wide = width >= 500.0;
    let names = if !traced {
        14.0
    } else if wide {
        170.0
    } else {
        96.0
    };
    let (left, right) = (46.0, width - names);
    let lambdas: Vec<f64> = (losses.iter().map(|l| l.lambda))
        .chain(input.traces.iter().flat_map(|t| t.points.iter().map(|p| p.0)))
        .collect();
    // Falling penalty: the ends are exchanged.
    let x = Scale::log(lambdas.iter().copied().chain([input.chosen]), right, left + 6.0);
    let mut bottom = y;
    if traced {
        let (top, base) = (y + NAME, y + NAME + if wide { 220.0 } else { 190.0 });
        traces(pen, input, &Frame { x: x.clone(), left, right, top, bottom: base, names, lift: 0.0 })?;
        bottom = base + FOOT;
    }
    if !losses.is_empty() {
        let top = bottom + NAME + if traced { 24.0 } else { 16.0 };
        let base = top + if traced { 120.0 } else { 200.0 };
        loss_curve(pen, input, &losses, &Frame { x, left, right, top, bottom: base, names, lift: 16.0 })?;
        bottom = base + FOOT;
    }
    Ok(bottom)
}

struct Frame {
    x: Scale,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    names: f64,
    lift: f64,
}

impl Frame {
    fn plane(&self, y: Scale) -> Plane {
        Plane {
            x: self.x.clone(),
            y,
            left: self.left,
            right: self.right,
            top: self.top,
            bottom: self.bottom,
            lift: self.lift,
        }
    }

    fn chosen(&self, pen: &mut Pen<'_>, lambda: f64) -> Result<()> {
        pen.dashed(self.x.at(lambda), self.top, self.bottom, Ink::Text, 1.2)
    }
}

/// λ as people read it.
fn lambda_label(value: f64) -> String {
    if value >= 0.001 {
        number(value, (-value.log10().floor()).clamp(0.0, 4.0) as usize)
    } else {
        number(value, 6).trim_end_matches('0').to_owned()
    }
}

fn traces(pen: &mut Pen<'_>, input: &Path, frame: &Frame) -> Result<()> {
    let mut order: Vec<&Trace> = input.traces.iter().collect();
    order.sort_by(|a, b| b.near(input.chosen).abs().total_cmp(&a.near(input.chosen).abs()));
    let y = Scale::over(
        input.traces.iter().flat_map(|t| t.points.iter().map(|p| p.1)).chain([0.0]),
        5,
        frame.bottom,
        frame.top,
    );
    let digits = y.digits;
    let plane = frame.plane(y);
    plane.frame(
        pen,
        &Axis { name: "Penalty λ (logarithmic) →", label: &lambda_label },
        &Axis { name: "Weight", label: &|v| number(v, digits) },
    )?;
    let named = order.iter().filter(|t| t.near(input.chosen) != 0.0).count().min(NAMED);
    for (i, trace) in order.iter().enumerate().rev() {
        let mut points = trace.points.clone();
        points.sort_by(|a, b| b.0.total_cmp(&a.0));
        let (ink, thick) = match (i < named, trace.near(input.chosen) < 0.0) {
            (true, false) => (Ink::Accent, 1.8),
            (true, true) => (Ink::Contrast, 1.8),
            _ => (Ink::Faint, 0.9),
        };
        pen.tipped(&trace.label, |pen| plane.curve(pen, &points, ink, thick))?;
    }
    frame.chosen(pen, input.chosen)?;
    let last = |t: &Trace| t.points.iter().min_by(|a, b| a.0.total_cmp(&b.0)).map_or(0.0, |p| p.1);
    let ends: Vec<f64> = order[..named].iter().map(|t| plane.y.at(last(t))).collect();
    for (trace, at) in order.iter().zip(spread(&ends, 14.0, (frame.top, frame.bottom))) {
        let ink = if trace.near(input.chosen) < 0.0 { Ink::Contrast } else { Ink::Accent };
        pen.lines((frame.right + 8.0, at), &wrap(&trace.label, SMALL, frame.names - 10.0, 1), Type::new(SMALL, ink))?;
    }
    Ok(())
}

fn loss_curve(pen: &mut Pen<'_>, input: &Path, losses: &[&Loss], frame: &Frame) -> Result<()> {
    let se = |l: &Loss| if l.se.is_finite() { l.se } else { 0.0 };
    let best = losses.iter().map(|l| l.loss).fold(f64::INFINITY, f64::min);
    let worst = losses.iter().map(|l| l.loss).fold(f64::NEG_INFINITY, f64::max);
    let room = (worst - best).max(1e-12);
    let values =
        losses.iter().flat_map(|l| [l.loss, (l.loss - se(l)).max(best - room), (l.loss + se(l)).min(worst + room)]);
    let y = Scale::over(values, 4, frame.bottom, frame.top);
    let digits = y.digits;
    let plane = frame.plane(y);
    plane.frame(
        pen,
        &Axis { name: "Penalty λ (logarithmic) →", label: &lambda_label },
        &Axis { name: "Out-of-fold log loss; above it: weights in use", label: &|v| number(v, digits) },
    )?;
    let band: Vec<(f64, f64, f64)> = losses.iter().map(|l| (l.lambda, l.loss - se(l), l.loss + se(l))).collect();
    plane.band(pen, &band, Ink::AccentTint)?;
    plane.curve(pen, &losses.iter().map(|l| (l.lambda, l.loss)).collect::<Vec<_>>(), Ink::Accent, 2.0)?;
    let mut free = f64::NEG_INFINITY;
    for l in losses {
        let at = plane.at(l.lambda, l.loss);
        let tip = format!("λ {}: loss {}, {} weights", number(l.lambda, 5), number(l.loss, 4), l.nonzero);
        pen.tipped(&tip, |pen| pen.dot(at, if l.loss == best { 4.2 } else { 2.0 }, Ink::Accent))?;
        let label = count(l.nonzero);
        let half = text_width(&label, SMALL) / 2.0;
        if at.0 - half >= free {
            pen.text((at.0, frame.top - 7.0), &label, Type::new(SMALL, Ink::Quiet).side(Side::Middle))?;
            free = at.0 + half + 6.0;
        }
    }
    frame.chosen(pen, input.chosen)
}
