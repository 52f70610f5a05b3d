//! Charts with two numeric axes: the frame, bands, lines and labels at their ends.

use super::canvas::{Pen, Side, Type};
use super::scale::Scale;
use super::text::{width as text_width, wrap};
use super::theme::{BODY, Ink, SMALL};
use crate::Result;

/// Two axes. The y scale runs from the bottom to the top.
pub(super) struct Plane {
    pub(super) x: Scale,
    pub(super) y: Scale,
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
    /// How much higher than usual the name of the y axis stands.
    pub(super) lift: f64,
}

/// What stands at an axis.
pub(super) struct Axis<'a> {
    pub(super) name: &'a str,
    pub(super) label: &'a dyn Fn(f64) -> String,
}

/// Room that the name of the y axis takes above the plane.
pub(super) const NAME: f64 = 22.0;
/// Room that labels and name of the x axis take below the plane.
pub(super) const FOOT: f64 = 40.0;

impl Plane {
    /// A point in pixels.
    pub(super) fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (self.x.at(x), self.y.at(y))
    }

    /// Grid lines, tick labels and names. The name of the y axis stands level above it.
    pub(super) fn frame(&self, pen: &mut Pen<'_>, x: &Axis<'_>, y: &Axis<'_>) -> Result<()> {
        let name = wrap(y.name, BODY, self.right + 60.0, 1);
        pen.lines((0.0, self.top - NAME + 6.0 - self.lift), &name, Type::new(BODY, Ink::Quiet))?;
        for tick in self.y.ticks() {
            let at = self.y.at(tick);
            pen.line((self.left, at), (self.right, at), Ink::Grid, 1.0)?;
            pen.text((self.left - 7.0, at), &(y.label)(tick), Type::new(SMALL, Ink::Quiet).side(Side::End))?;
        }
        self.feet(pen, x)
    }

    /// Ticks, labels and name of the x axis.
    fn feet(&self, pen: &mut Pen<'_>, x: &Axis<'_>) -> Result<()> {
        pen.line((self.left, self.bottom), (self.right, self.bottom), Ink::Faint, 1.0)?;
        let mut free = f64::NEG_INFINITY;
        let mut ticks = self.x.ticks();
        ticks.sort_by(|&a, &b| self.x.at(a).total_cmp(&self.x.at(b)));
        for tick in ticks {
            let (at, label) = (self.x.at(tick), (x.label)(tick));
            pen.line((at, self.bottom), (at, self.bottom + 4.0), Ink::Faint, 1.0)?;
            let half = text_width(&label, SMALL) / 2.0;
            if at - half >= free {
                pen.text((at, self.bottom + 13.0), &label, Type::new(SMALL, Ink::Quiet).side(Side::Middle))?;
                free = at + half + 5.0;
            }
        }
        let name = wrap(x.name, BODY, self.right, 1);
        pen.lines((self.right, self.bottom + 31.0), &name, Type::new(BODY, Ink::Quiet).side(Side::End))
    }

    /// The area between two lines over the same x.
    pub(super) fn band(&self, pen: &mut Pen<'_>, points: &[(f64, f64, f64)], ink: Ink) -> Result<()> {
        let fine = |v: &&(f64, f64, f64)| v.0.is_finite() && v.1.is_finite() && v.2.is_finite();
        let lower = points.iter().filter(fine).map(|&(x, low, _)| self.at(x, low));
        let upper = points.iter().rev().filter(fine).map(|&(x, _, high)| self.at(x, high));
        pen.area(&lower.chain(upper).collect::<Vec<_>>(), ink)
    }

    /// A line through the finite points.
    pub(super) fn curve(&self, pen: &mut Pen<'_>, points: &[(f64, f64)], ink: Ink, width: f64) -> Result<()> {
        let points = points.iter().filter(|p| p.0.is_finite() && p.1.is_finite());
        pen.path(&points.map(|&(x, y)| self.at(x, y)).collect::<Vec<_>>(), ink, width)
    }

    /// A dashed level line with its name at the right end, above it.
    pub(super) fn level(&self, pen: &mut Pen<'_>, y: f64, name: &str) -> Result<()> {
        let at = self.y.at(y);
        let mut x = self.left;
        while x < self.right {
            pen.line((x, at), ((x + 4.0).min(self.right), at), Ink::Quiet, 1.0)?;
            x += 7.0;
        }
        pen.text((self.right, at - 8.0), name, Type::new(SMALL, Ink::Quiet).side(Side::End))
    }
}
