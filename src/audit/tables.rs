//! Rows of the tables beside the findings: agreement, annotators, questions.

use serde::{Deserialize, Serialize};

/// A number with its 95 % interval, or the reason why there is none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Measure {
    /// The estimate; `null` with a `reason`.
    pub value: Option<f64>,
    /// Lower end.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Why there is no value, or no interval; left out where there is nothing to explain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Measure {
    /// A value with its interval.
    pub fn new(value: f64, interval: Option<(f64, f64)>) -> Self {
        Self { value: Some(value), low: interval.map(|i| i.0), high: interval.map(|i| i.1), reason: None }
    }

    /// No value, and why.
    pub fn undefined(reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..Self::default() }
    }

    /// Keeps six significant digits: more are noise, and cost space in every file.
    fn round(&mut self) {
        for value in [&mut self.value, &mut self.low, &mut self.high].into_iter().flatten() {
            *value = six_digits(*value);
        }
    }
}

/// How far annotators agree on one rated dimension, or on the pairs of one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AgreementRow {
    /// The dimension.
    pub dimension: String,
    /// What was labelled: `ratings` of items or `votes` on pairs.
    pub of: String,
    /// Items or pairs with at least two labels.
    pub units: usize,
    /// Labels of those.
    pub labels: usize,
    /// Annotators (or slots) behind them.
    pub annotators: usize,
    /// Whether the names stand for the same person throughout, as declared.
    pub persistent: Option<bool>,
    /// Krippendorff's alpha, nominal.
    pub alpha_nominal: Measure,
    /// Krippendorff's alpha, ordinal.
    pub alpha_ordinal: Measure,
    /// Krippendorff's alpha, interval.
    pub alpha_interval: Measure,
    /// Gwet's AC1.
    pub ac1: Measure,
    /// Gwet's AC2 with quadratic weights.
    pub ac2: Measure,
    /// Share of agreeing pairs of labels, averaged over units.
    pub agreement: Measure,
    /// Share of the most frequent value.
    pub prevalence: f64,
    /// The most frequent value.
    pub commonest: String,
}

/// One annotator on one dimension.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AnnotatorRow {
    /// Name in the data.
    pub annotator: String,
    /// The dimension.
    pub dimension: String,
    /// `ratings` or `votes`.
    pub of: String,
    /// Labels given.
    pub labels: usize,
    /// Ratings: own value minus the mean of the others on the same item, in standard deviations of the ratings. Votes:
    /// share of decisive votes for the side shown first, minus ½.
    pub severity: Measure,
    /// Ratings: Spearman correlation with the mean of the others. Votes: share of agreement with the plurality of the
    /// others.
    pub agreement: Measure,
    /// Share of the labels that are the annotator's most frequent one.
    pub straight_lining: Measure,
    /// Longest run of one label in file order.
    pub longest_run: usize,
    /// Share of the pairs whose predicted winner changes where the head is fitted without this annotator.
    pub influence: Measure,
}

/// One question (or category of questions) of one judge: its answers, and how they fit human ratings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct QuestionRow {
    /// The question id, or the category where every prompt has questions of its own.
    pub question: String,
    /// The judge; `judge` where it has no name.
    pub judge: String,
    /// Answers.
    pub answers: usize,
    /// Mean P(yes).
    pub yes_rate: Measure,
    /// Share of the answers that are blank or were not understood.
    pub missing: f64,
    /// Share of the answers that were not understood.
    pub unparsable: f64,
    /// Share of right answers against human ratings (yes iff rating ≥ the question's option).
    pub accuracy: Measure,
    /// Mean of the shares right among human yes and human no.
    pub balanced_accuracy: Measure,
    /// Share of human yes.
    pub prevalence: Measure,
    /// Mean |P(yes) − share of human yes| over ten bins of P(yes).
    pub calibration_error: Measure,
}

/// One question (or category of questions) of one judge against the labels of one dimension.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ShiftRow {
    /// As in [`QuestionRow`].
    pub question: String,
    /// As in [`QuestionRow`].
    pub judge: String,
    /// Dimension of the pairs.
    pub dimension: String,
    /// P(yes) of the preferred item minus that of the other one, mean over decisive pairs.
    pub shift: Measure,
    /// Spearman correlation of the difference with the human label.
    pub spearman: Measure,
}

/// How much of a head's score comes from the questions of one dimension of the checklist.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ShareRow {
    /// Dimension of the head.
    pub dimension: String,
    /// Dimension of the questions.
    pub part: String,
    /// Questions of that dimension with a weight.
    pub used: usize,
    /// Questions of that dimension.
    pub questions: usize,
    /// Share of the variance of score differences: Cov(R_k, R) / Var(R).
    pub share: Measure,
}

/// Pairs of one group on one dimension: how good the head is there, and whom people and the head prefer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct GroupRow {
    /// Dimension of the labels.
    pub dimension: String,
    /// Attribute of the items.
    pub attribute: String,
    /// Its value; empty where the row is about all pairs of equal values.
    pub value: String,
    /// `all pairs` (both items have the value), `against others` (one of them has it), or `same` (both have one value).
    pub relation: String,
    /// Pairs.
    pub pairs: usize,
    /// Pairs that people decided.
    pub decided: usize,
    /// Prompts behind those.
    pub prompts: usize,
    /// Accuracy of the head (`diff-half`) on them.
    pub accuracy: Measure,
    /// Its accuracy on all other pairs.
    pub rest: Measure,
    /// `against others`: share of the pairs in which people prefer the value, a tie counting half.
    pub people: Measure,
    /// `against others`: share of the pairs in which the head does.
    pub head: Measure,
    /// `against others`: share of the decided pairs in which people prefer the value.
    #[serde(default)]
    pub people_decided: Measure,
    /// `against others`: share of those same pairs in which the head names the value; equal scores name nobody.
    #[serde(default)]
    pub head_decided: Measure,
}

/// The number with six significant digits.
pub(super) fn six_digits(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

/// Rows whose numbers are written with six digits.
pub(super) trait Rounded {
    /// Every measure of the row.
    fn measures(&mut self) -> Vec<&mut Measure>;

    /// Rounds them.
    fn round(&mut self) {
        self.measures().into_iter().for_each(Measure::round);
    }
}

impl Rounded for AgreementRow {
    fn measures(&mut self) -> Vec<&mut Measure> {
        let alphas = [&mut self.alpha_nominal, &mut self.alpha_ordinal, &mut self.alpha_interval];
        alphas.into_iter().chain([&mut self.ac1, &mut self.ac2, &mut self.agreement]).collect()
    }

    fn round(&mut self) {
        self.measures().into_iter().for_each(Measure::round);
        self.prevalence = six_digits(self.prevalence);
    }
}

impl Rounded for AnnotatorRow {
    fn measures(&mut self) -> Vec<&mut Measure> {
        vec![&mut self.severity, &mut self.agreement, &mut self.straight_lining, &mut self.influence]
    }
}

impl Rounded for QuestionRow {
    fn measures(&mut self) -> Vec<&mut Measure> {
        let quality = [&mut self.accuracy, &mut self.balanced_accuracy, &mut self.prevalence];
        quality.into_iter().chain([&mut self.yes_rate, &mut self.calibration_error]).collect()
    }

    fn round(&mut self) {
        self.measures().into_iter().for_each(Measure::round);
        (self.missing, self.unparsable) = (six_digits(self.missing), six_digits(self.unparsable));
    }
}

impl Rounded for ShiftRow {
    fn measures(&mut self) -> Vec<&mut Measure> {
        vec![&mut self.shift, &mut self.spearman]
    }
}

impl Rounded for ShareRow {
    fn measures(&mut self) -> Vec<&mut Measure> {
        vec![&mut self.share]
    }
}

impl Rounded for GroupRow {
    fn measures(&mut self) -> Vec<&mut Measure> {
        let all_pairs = [&mut self.accuracy, &mut self.rest, &mut self.people, &mut self.head];
        all_pairs.into_iter().chain([&mut self.people_decided, &mut self.head_decided]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_digits_are_kept_whatever_the_size() {
        assert_eq!(six_digits(0.123_456_789), 0.123_457);
        assert_eq!(six_digits(1.234_567_89e-12), 1.234_57e-12);
        assert_eq!((six_digits(0.0), six_digits(1.0), six_digits(-2.0)), (0.0, 1.0, -2.0));
        assert!(six_digits(f64::NAN).is_nan());
        let mut row = ShiftRow { shift: Measure::new(1.0 / 3.0, Some((-1.0 / 7.0, 0.5))), ..ShiftRow::default() };
        row.round();
        assert_eq!(row.shift, Measure::new(0.333_333, Some((-0.142_857, 0.5))));
    }
}
