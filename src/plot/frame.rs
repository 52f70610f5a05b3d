//! What every chart begins with, and how labels keep out of each other's way.

use super::canvas::{Pen, Type};
use super::text::wrap;
use super::theme::{BODY, Ink, TITLE};
use crate::Result;

/// Title and sub-title; gives the y below them.
pub(super) fn header(pen: &mut Pen<'_>, width: f64, title: &str, note: &str) -> Result<f64> {
    // A number and its sign stay on one line.
    let (title, note) = (&title.replace(" %", "\u{a0}%"), &note.replace(" %", "\u{a0}%"));
    let mut y = TITLE / 2.0;
    let lines = wrap(title, TITLE * 1.04, width, 4);
    pen.lines((0.0, y), &lines, Type::new(TITLE, Ink::Text).bold())?;
    y += lines.len() as f64 * TITLE * 1.25 + 3.0;
    if note.trim().is_empty() {
        return Ok(y + 4.0);
    }
    let lines = wrap(note, BODY, width, 6);
    pen.lines((0.0, y), &lines, Type::new(BODY, Ink::Quiet))?;
    Ok(y + lines.len() as f64 * BODY * 1.25 + 10.0)
}

/// What stands in place of a chart without data; gives the y below it.
pub(super) fn nothing(pen: &mut Pen<'_>, y: f64) -> Result<f64> {
    pen.text((0.0, y + 8.0), "There is nothing to draw.", Type::new(BODY, Ink::Quiet))?;
    Ok(y + 20.0)
}

/// `Simulated data. ` where they are.
pub(super) fn origin(simulated: bool) -> &'static str {
    if simulated { "Simulated data. " } else { "" }
}

/// Moves positions apart so that neighbours are at least `gap` apart, within `low` to `high` where there is room; the
/// order stays.
pub(super) fn spread(wanted: &[f64], gap: f64, (low, high): (f64, f64)) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&a, &b| wanted[a].total_cmp(&wanted[b]));
    let mut placed = wanted.to_vec();
    let mut floor = low;
    for &i in &order {
        placed[i] = if wanted[i].is_finite() { wanted[i].max(floor) } else { floor };
        floor = placed[i] + gap;
    }
    let mut ceiling = high;
    for &i in order.iter().rev() {
        placed[i] = placed[i].min(ceiling);
        ceiling = placed[i] - gap;
    }
    placed
}

/// Rectangles that are taken: left, top, right, bottom.
#[derive(Default)]
pub(super) struct Taken(Vec<(f64, f64, f64, f64)>);

impl Taken {
    /// Takes a rectangle whether or not it is free.
    pub(super) fn take(&mut self, area: (f64, f64, f64, f64)) {
        self.0.push(area);
    }

    /// Takes the first of several rectangles that is free; its place in the list.
    pub(super) fn first_free(&mut self, choices: &[(f64, f64, f64, f64)]) -> Option<usize> {
        let free = |a: &(f64, f64, f64, f64)| !self.0.iter().any(|b| a.0 < b.2 && b.0 < a.2 && a.1 < b.3 && b.1 < a.3);
        let found = choices.iter().position(free)?;
        self.0.push(choices[found]);
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn labels_that_fit_do_not_touch(wanted in prop::collection::vec(-50.0f64..250.0, 0..15)) {
            let mut placed = spread(&wanted, 10.0, (0.0, 200.0));
            placed.sort_by(f64::total_cmp);
            prop_assert!(placed.windows(2).all(|w| w[1] - w[0] >= 10.0 - 1e-9));
            prop_assert!(placed.iter().all(|p| (-1e-9..=200.0 + 1e-9).contains(p)));
        }
    }

    #[test]
    fn a_taken_place_is_not_given_again() {
        let mut taken = Taken::default();
        taken.take((0.0, 0.0, 10.0, 10.0));
        assert_eq!(taken.first_free(&[(5.0, 5.0, 15.0, 15.0), (20.0, 0.0, 30.0, 10.0)]), Some(1));
        assert_eq!(taken.first_free(&[(25.0, 5.0, 26.0, 6.0)]), None);
    }
}
