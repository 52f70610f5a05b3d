//! What heat maps share: cells by shade, and the key that explains the shades.

use super::canvas::{Pen, Side, Type};
use super::text::number;
use super::theme::{Ink, LEVELS, SMALL};
use crate::Result;

/// The shade of a value in [−1, 1]; what is not a number has none.
pub(super) fn shade(value: f64) -> Ink {
    let level = (value.clamp(-1.0, 1.0) * f64::from(LEVELS)).round();
    // `as` saturates and maps NaN to 0.
    Ink::Heat(level as i8)
}

/// Whether text on this shade has to be paper-coloured.
pub(super) fn strong(value: f64) -> bool {
    value.abs() >= 0.6
}

/// A row of shades with the values at its ends and in the middle, from `low` to `high` (shares of the shade range); gives
/// the y below it.
pub(super) fn key(
    pen: &mut Pen<'_>,
    (x, y): (f64, f64),
    (low, high): (f64, f64),
    label: &dyn Fn(f64) -> String,
) -> Result<f64> {
    let cells = if low < 0.0 { 2 * LEVELS + 1 } else { LEVELS + 1 };
    let size = 18.0;
    for i in 0..cells {
        let value = low + (high - low) * f64::from(i) / f64::from(cells - 1);
        let left = x + f64::from(i) * size;
        pen.bar((left, y), (left + size, y + 9.0), shade(value))?;
        let place = match i {
            0 => Some((left, Side::Start)),
            _ if i == cells - 1 => Some((left + size, Side::End)),
            _ if low < 0.0 && 2 * i == cells - 1 => Some((left + size / 2.0, Side::Middle)),
            _ => None,
        };
        if let Some((x, side)) = place {
            pen.text((x, y + 17.0), &label(value), Type::new(SMALL, Ink::Quiet).side(side))?;
        }
    }
    Ok(y + 26.0)
}

/// A correlation at the key.
pub(super) fn plain(value: f64) -> String {
    number(value, if value == value.round() { 0 } else { 1 })
}
