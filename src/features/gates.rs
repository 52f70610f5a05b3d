//! Presence questions that switch their dependants off.

use super::coding::{Cell, YES};
use crate::checklist::Gate;

/// The gates of a checklist as indices, ordered so that a gate comes after every gate that hides it.
#[derive(Debug)]
pub(super) struct Gates(Vec<(usize, Vec<usize>)>);

/// How many answers the gates changed.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(super) struct GateCounts {
    /// Switched off by a closed gate.
    pub masked: usize,
    /// Made missing by a missing gate.
    pub missing: usize,
}

impl Gates {
    /// `index` gives the place of a question by its id. A checked checklist has no circle of gates, so the order exists.
    pub(super) fn of(gates: &[Gate], index: impl Fn(&str) -> Option<usize>) -> Self {
        let mut waiting: Vec<(usize, Vec<usize>)> = gates
            .iter()
            .filter_map(|gate| {
                let hides = gate.hides.iter().filter_map(|id| index(id)).collect();
                Some((index(&gate.question)?, hides))
            })
            .collect();
        let mut ordered = Vec::with_capacity(waiting.len());
        while !waiting.is_empty() {
            let free = |(q, _): &(usize, Vec<usize>)| !waiting.iter().any(|(_, hides)| hides.contains(q));
            let next = waiting.iter().position(free).unwrap_or(0);
            ordered.push(waiting.remove(next));
        }
        Self(ordered)
    }

    /// Applies the gates to the answers of one judge about one item (one cell per question of the checklist).
    /// A closed gate (P(yes) < ½, or itself masked) masks its dependants, whatever they hold; a missing one makes them
    /// missing, unless another gate masks them.
    pub(super) fn apply(&self, cells: &mut [Cell], counts: &mut GateCounts) {
        for (gate, hides) in &self.0 {
            let replacement = match cells[*gate] {
                Cell::Answered(p) if p >= YES => continue,
                Cell::Answered(_) | Cell::Masked => Cell::Masked,
                Cell::Missing => Cell::Missing,
            };
            for &q in hides {
                match (cells[q], replacement) {
                    (Cell::Masked, _) | (Cell::Missing, Cell::Missing) => {}
                    (_, Cell::Masked) => {
                        counts.masked += 1;
                        cells[q] = Cell::Masked;
                    }
                    _ => {
                        counts.missing += 1;
                        cells[q] = Cell::Missing;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checklist::Checklist;
    use proptest::prelude::*;

    fn gates(checklist: &Checklist) -> Gates {
        Gates::of(&checklist.gates, |id| checklist.index(id))
    }

    /// Gate g1 hides a and g2; g2 hides a and b. The gates stand in the wrong order on purpose.
    fn nested() -> Checklist {
        let text = r#"
name = "nested"
[[dimension]]
id = "d"
[[dimension.ladder]]
id = "l"
questions = [{ id = "a" }, { id = "b" }, { id = "g1" }, { id = "g2" }]
[[gate]]
question = "g2"
hides = ["a", "b"]
[[gate]]
question = "g1"
hides = ["a", "g2"]
"#;
        Checklist::from_toml(text, "nested.toml").unwrap()
    }

    fn gated(cells: [Cell; 4]) -> [Cell; 4] {
        let mut cells = cells;
        gates(&nested()).apply(&mut cells, &mut GateCounts::default());
        cells
    }

    use Cell::{Answered, Masked, Missing};
    const YES: Cell = Answered(1.0);
    const NO: Cell = Answered(0.0);

    #[test]
    fn open_gates_change_nothing_and_half_is_open() {
        assert_eq!(gated([NO, YES, Answered(0.5), YES]), [NO, YES, Answered(0.5), YES]);
    }

    #[test]
    fn a_closed_gate_masks_through_other_gates() {
        assert_eq!(gated([YES, Missing, Answered(0.49), YES]), [Masked, Masked, Answered(0.49), Masked]);
    }

    #[test]
    fn a_missing_gate_makes_missing_unless_another_is_closed() {
        assert_eq!(gated([YES, YES, Missing, YES]), [Missing, Missing, Missing, Missing]);
        assert_eq!(gated([YES, YES, YES, Missing]), [Missing, Missing, YES, Missing]);
        let text = nested();
        let mut counts = GateCounts::default();
        let mut cells = [YES, YES, NO, Missing];
        gates(&text).apply(&mut cells, &mut counts);
        assert_eq!(cells, [Masked, Masked, NO, Masked]);
    }

    proptest! {
        #[test]
        fn gates_never_invent_an_answer(raw in proptest::array::uniform4(proptest::option::of(0.0..=1.0f64))) {
            let before = raw.map(|p| p.map_or(Missing, Answered));
            let after = gated(before);
            for (b, a) in before.into_iter().zip(after) {
                prop_assert!(a == b || a == Masked || a == Missing);
            }
        }
    }
}
