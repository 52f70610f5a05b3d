//! What would flip a comparison: other answers, one place of the checklist at a time.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::explain::Reading;
use super::{Head, Verdict};
use crate::checklist::Checklist;
use crate::features::ColumnKind;

/// What would change the verdict, one place at a time. A place is a question, or a whole ladder: there the item moves to
/// another rung, and the answers on both sides of it follow (design: "Checklist"). Masked answers and numbers that are no
/// answers stay as they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Flip {
    /// Changes each of which, made alone, would make the other side win (or, after a tie, one side win).
    pub alone: Vec<Change>,
    /// The fewest changes that together make the other side win; empty where no answers can do it, or for a tie.
    pub fewest: Vec<Change>,
    /// Margin after all of `fewest`.
    pub margin: Option<f64>,
}

/// One change about one item: of a question's answer, or of the rung of a ladder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Change {
    /// Whether it is about a (else about b).
    pub of_a: bool,
    /// The ladder, where it has several questions.
    pub ladder: Option<String>,
    /// The answers that change and carry weight, hardest question first.
    pub answers: Vec<NewAnswer>,
    /// How much the margin moves.
    pub shift: f64,
}

/// One changed answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct NewAnswer {
    /// Column id.
    pub column: String,
    /// Short label.
    pub label: String,
    /// What stands there now.
    pub from: Reading,
    /// P(yes) after the change, 0 or 1.
    pub to: f64,
}

/// Questions whose answers change together.
pub(super) struct Place<'a> {
    /// Set for a ladder.
    ladder: Option<&'a str>,
    /// Columns, hardest question first.
    members: Vec<usize>,
}

impl Head {
    /// The ladders among the head's questions, and every other question by itself.
    pub(super) fn places<'a>(&self, checklist: Option<&'a Checklist>) -> Vec<Place<'a>> {
        let is_question = |j: &usize| self.columns[*j].kind == ColumnKind::Question;
        let mut free: BTreeMap<&str, usize> =
            (0..self.columns.len()).filter(is_question).map(|j| (self.columns[j].id.as_str(), j)).collect();
        let mut places = Vec::new();
        for (checklist, (name, rungs)) in checklist.iter().flat_map(|c| c.ladders().into_iter().map(move |l| (c, l))) {
            let members: Vec<usize> =
                rungs.iter().filter_map(|&q| free.remove(checklist.questions[q].id.as_str())).collect();
            if !members.is_empty() {
                places.push(Place { ladder: (members.len() > 1).then_some(name), members });
            }
        }
        places.extend(free.into_values().map(|j| Place { ladder: None, members: vec![j] }));
        places
    }

    /// All changes that could move the margin down (or up), largest shift first.
    fn changes(&self, xa: &[f64], xb: &[f64], down: bool, places: &[Place]) -> Vec<Change> {
        let mut changes = Vec::new();
        for place in places {
            for (of_a, x) in [(true, xa), (false, xb)] {
                if place.members.iter().any(|&j| self.reading(j, x[j]) == Reading::Masked) {
                    continue;
                }
                // Rung r: the r hardest questions are answered no, the others yes.
                let mut rungs: Vec<Change> =
                    (0..=place.members.len()).map(|rung| self.change(place, rung, of_a, x)).collect();
                // Rungs that differ in answers without weight only are one change.
                rungs.dedup_by(|next, last| next.answers == last.answers);
                rungs.retain(|change| if down { change.shift < 0.0 } else { change.shift > 0.0 });
                changes.append(&mut rungs);
            }
        }
        changes.sort_by(|s, t| t.shift.abs().total_cmp(&s.shift.abs()));
        changes
    }

    fn change(&self, place: &Place, rung: usize, of_a: bool, x: &[f64]) -> Change {
        let side = if of_a { 1.0 } else { -1.0 };
        let mut change = Change { of_a, ladder: place.ladder.map(str::to_owned), answers: Vec::new(), shift: 0.0 };
        for (k, &j) in place.members.iter().enumerate() {
            let to = if k < rung { 0.0 } else { 1.0 };
            let shift = side * self.weights[j] * (self.coding.code(to) - self.filled(j, x[j]));
            if shift != 0.0 {
                let (column, label) = (self.columns[j].id.clone(), self.columns[j].label.clone());
                change.answers.push(NewAnswer { column, label, from: self.reading(j, x[j]), to });
                change.shift += shift;
            }
        }
        change
    }

    pub(super) fn flip(&self, xa: &[f64], xb: &[f64], margin: f64, verdict: Verdict, places: &[Place]) -> Flip {
        let epsilon = self.tie_threshold;
        // Weights that cancel leave a rest in the last digits, which is no margin.
        let nothing = 1e-12 * self.weights.iter().map(|w| w.abs()).sum::<f64>().max(margin.abs());
        let won_by_b = |m: f64| m < -epsilon - nothing;
        let won_by_a = |m: f64| m > epsilon + nothing;
        let directions: &[bool] = match verdict {
            Verdict::A => &[true],
            Verdict::B => &[false],
            Verdict::Tie => &[true, false],
        };
        let mut flip = Flip { alone: Vec::new(), fewest: Vec::new(), margin: None };
        for &down in directions {
            let changes = self.changes(xa, xb, down, places);
            let done = |m: f64| if down { won_by_b(m) } else { won_by_a(m) };
            flip.alone.extend(changes.iter().filter(|change| done(margin + change.shift)).cloned());
            if verdict == Verdict::Tie {
                continue;
            }
            // Shifts add up, so taking the largest first needs the fewest; each place of an item changes once only.
            let mut m = margin;
            let mut taken: Vec<Change> = Vec::new();
            for change in &changes {
                if done(m) {
                    break;
                }
                let same_place = |t: &Change| {
                    t.of_a == change.of_a
                        && match (&t.ladder, &change.ladder) {
                            (Some(t), Some(ladder)) => t == ladder,
                            (None, None) => t.answers[0].column == change.answers[0].column,
                            _ => false,
                        }
                };
                if !taken.iter().any(same_place) {
                    m += change.shift;
                    taken.push(change.clone());
                }
            }
            if done(m) {
                flip.fewest = taken;
                flip.margin = Some(m);
            }
        }
        flip.alone.sort_by(|s, t| t.shift.abs().total_cmp(&s.shift.abs()));
        flip
    }
}
