//! The proof that an export scores as its head does: item by item, under the released scorer's own arithmetic.

use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::{Form, Release};
use crate::features::ColumnKind;
use crate::head::{Head, RowReader, Scale};
use crate::rng;
use crate::stats::counts;
use crate::{Error, Result};

/// Largest difference of two scores that is rounding, in units of the sum of |weights|.
pub const TOLERANCE: f64 = 1e-12;

/// Result of [`verify`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Verification {
    /// Form of the files.
    pub form: Form,
    /// Answer sets that were scored by both.
    pub items: usize,
    /// Items left out because an answer is missing: the released scorer reads such an answer as no, this program never.
    pub incomplete: usize,
    /// Largest absolute difference of the two scores, after the documented scale (`divisor`, `constant`).
    pub largest_difference: f64,
    /// Limit of that difference.
    pub tolerance: f64,
    /// Released score = (head's score − `constant`) / `divisor`.
    pub divisor: f64,
    /// See `divisor`.
    pub constant: f64,
    /// Pairs of consecutive items that were compared by both.
    pub pairs: usize,
    /// Pairs on which the two call different winners, equal scores aside.
    pub disagreements: usize,
    /// Pairs with equal scores: the released comparison calls the first a loser.
    pub equal: usize,
    /// Where the difference was largest.
    pub widest: Option<Widest>,
    /// Items that answer no to everything, and their released score.
    pub all_no: Vec<String>,
    /// Released score of an item that answers no to everything (no alignment); seen where a judge's replies were not
    /// understood.
    pub all_no_score: f64,
    /// Whether every score and every comparison agrees.
    pub equal_scores: bool,
}

/// Two scores of one item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Widest {
    /// Item id.
    pub item: String,
    /// The head's score on the released scale.
    pub head: f64,
    /// The released scorer's score.
    pub released: f64,
}

/// One answer set: per line of the question file yes or no, `None` where it is missing.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswerSet {
    /// Name.
    pub item: String,
    /// Answers in the order of [`Release::ids`].
    pub yes: Vec<Option<bool>>,
    /// Alignment score, where the form has one.
    pub alignment: Option<f64>,
}

/// Compares `head` with the released scorer on `sets`.
///
/// # Errors
/// [`Error::Data`] where the head does not read the questions of the files.
pub fn verify(head: &Head, release: &Release, sets: &[AnswerSet]) -> Result<Verification> {
    let reader = RowReader::new(std::slice::from_ref(head))?;
    let divisor = if release.form == Form::Video { release.ids.len() as f64 } else { 1.0 };
    let constant = match release.form {
        Form::Video => 0.5 * unit_weights(head),
        Form::Image | Form::ImageSelect => -head.imported.as_ref().map_or(0.0, |imported| imported.intercept),
    };
    let size: f64 = release.weights.iter().map(|w| w.abs()).sum();
    let mut result = Verification {
        form: release.form,
        items: 0,
        incomplete: 0,
        largest_difference: 0.0,
        tolerance: TOLERANCE * size.max(1.0),
        divisor,
        constant,
        pairs: 0,
        disagreements: 0,
        equal: 0,
        widest: None,
        all_no: Vec::new(),
        all_no_score: release.score(&vec![false; release.ids.len()], 0.0),
        equal_scores: false,
    };
    let mut nan = false;
    let mut before: Option<(Vec<bool>, f64, f64)> = None;
    for set in sets {
        let answers: Option<Vec<bool>> = set.yes.iter().copied().collect();
        let alignment = set.alignment.filter(|_| release.form.has_alignment());
        let complete = alignment.is_some() || !release.form.has_alignment();
        let Some(yes) = answers.filter(|_| complete) else {
            result.incomplete += 1;
            continue;
        };
        let released = release.score(&yes, alignment.unwrap_or(0.0));
        let names = reader.coder().names().iter();
        let values: Vec<Option<f64>> = names.map(|name| given(head, release, &yes, alignment, name)).collect();
        let x = reader.coded(&values).pop().unwrap_or_default();
        let ours = head.row_score(&x, Scale::Head).unwrap_or(f64::NAN);
        let scaled = (ours - constant) / divisor;
        let difference = (scaled - released).abs();
        nan |= difference.is_nan();
        // NaN must not pass.
        if difference.is_nan() || difference > result.largest_difference || result.widest.is_none() {
            result.largest_difference = difference;
            result.widest = Some(Widest { item: set.item.clone(), head: scaled, released });
        }
        if is_all_no(&yes) {
            result.all_no.push(set.item.clone());
        }
        if let Some((other, other_ours, other_released)) = before.replace((yes.clone(), ours, released)) {
            result.pairs += 1;
            let ours = counts::margin(other_ours, ours);
            let first = match release.form {
                Form::Video => release.first_wins(&other, &yes),
                Form::Image | Form::ImageSelect => other_released > released,
            };
            if ours == 0.0 {
                result.equal += 1;
            } else if (ours > 0.0) != first {
                result.disagreements += 1;
            }
        }
        result.items += 1;
    }
    if result.items == 0 {
        return Err(Error::Usage("no item has every answer, so nothing can be compared".to_owned()));
    }
    result.equal_scores = result.largest_difference <= result.tolerance && result.disagreements == 0 && !nan;
    Ok(result)
}

/// `count` random answer sets, of yes-shares from seldom to nearly always, an all-no and an all-yes set first.
pub fn random_sets(release: &Release, count: usize, seed: u64) -> Vec<AnswerSet> {
    (0..count)
        .map(|n| {
            let mut rng = rng::stream(seed, "verify-export", n as u64);
            let share: f64 = match n {
                0 => 0.0,
                1 => 1.0,
                _ => rng.random(),
            };
            let yes = release.ids.iter().map(|_| Some(rng.random::<f64>() < share)).collect();
            let alignment = release.form.has_alignment().then(|| rng.random::<f64>());
            AnswerSet { item: format!("random {n}"), yes, alignment }
        })
        .collect()
}

/// Whether every answer is no: what an item looks like whose judge was not understood (upstream issue 26).
pub fn is_all_no(yes: &[bool]) -> bool {
    !yes.is_empty() && yes.iter().all(|&yes| !yes)
}

/// Σ of the weights on 0/1 answers; 0 for other codings.
fn unit_weights(head: &Head) -> f64 {
    let question = |j: &usize| head.columns[*j].kind == ColumnKind::Question;
    match head.coding {
        crate::features::Coding::Unit => (0..head.columns.len()).filter(question).map(|j| head.weights[j]).sum(),
        _ => 0.0,
    }
}

fn given(head: &Head, release: &Release, yes: &[bool], alignment: Option<f64>, name: &str) -> Option<f64> {
    if head.columns.iter().any(|c| c.kind == ColumnKind::Score && c.id == name) {
        return alignment;
    }
    // A question without a line has no weight here: an answer keeps it from counting as missing.
    match release.ids.iter().position(|id| id == name) {
        Some(line) => Some(f64::from(u8::from(yes[line]))),
        None => Some(0.0),
    }
}
