//! The released scorers' arithmetic, on plain lists, as their code does it. Nothing here knows our heads.

use super::Form;
use crate::checklist::Gate;

/// The numbers that a released scorer works on.
#[derive(Debug, Clone, PartialEq)]
pub struct Release {
    /// Which scorer.
    pub form: Form,
    /// Question id of each line of the question file.
    pub ids: Vec<String>,
    /// The weights in file order; alignment first for images.
    pub weights: Vec<f64>,
    /// Added to image scores.
    pub intercept: f64,
    /// Index map: line of a gate → lines that become 0 when it is answered no.
    pub masks: Vec<(usize, Vec<usize>)>,
}

impl Release {
    /// Turns gates by id into the index map of the release.
    pub fn new(form: Form, ids: Vec<String>, weights: Vec<f64>, intercept: f64, gates: &[Gate]) -> Self {
        let line = |id: &str| ids.iter().position(|known| known == id);
        let masks = gates
            .iter()
            .filter_map(|gate| Some((line(&gate.question)?, gate.hides.iter().filter_map(|id| line(id)).collect())))
            .collect();
        Self { form, ids, weights, intercept, masks }
    }

    /// The released score of one item: `yes[i]` is whether line `i` was answered yes, `alignment` the VQAScore.
    ///
    /// Image: ±1, closed gates make their dependants 0, gates are removed, alignment is put in front, w·x + intercept.
    /// Video: (Σ w x) / number of questions.
    pub fn score(&self, yes: &[bool], alignment: f64) -> f64 {
        let mut x: Vec<f64> = yes.iter().map(|&yes| if yes { 1.0 } else { -1.0 }).collect();
        if self.form == Form::Video {
            let sum: f64 = self.weights.iter().zip(&x).map(|(w, x)| w * x).sum();
            return sum / x.len() as f64;
        }
        for (gate, hidden) in self.masks.iter().filter(|(gate, _)| !yes[*gate]) {
            debug_assert!(!hidden.contains(gate));
            hidden.iter().for_each(|&line| x[line] = 0.0);
        }
        let kept = (0..x.len()).filter(|line| !self.masks.iter().any(|(gate, _)| gate == line)).map(|line| x[line]);
        let row = std::iter::once(alignment).chain(kept);
        self.weights.iter().zip(row).map(|(w, x)| w * x).sum::<f64>() + self.intercept
    }

    /// The released comparison of two videos: whether the first wins, Σ w (x₁ − x₂) > 0. An equal sum is a loss of the
    /// first.
    pub fn first_wins(&self, first: &[bool], second: &[bool]) -> bool {
        let sign = |yes: bool| if yes { 1.0 } else { -1.0 };
        let sum: f64 =
            self.weights.iter().zip(first.iter().zip(second)).map(|(w, (&a, &b))| w * (sign(a) - sign(b))).sum();
        sum > 0.0
    }
}
