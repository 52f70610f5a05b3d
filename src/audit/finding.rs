//! One finding of an audit, and how its verdict follows from the numbers.

use serde::{Deserialize, Serialize};

/// Where a bias can come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Area {
    /// The people who labelled.
    Annotators,
    /// The model that answered the checklist.
    Judge,
    /// The preference data themselves.
    Preferences,
    /// The fitted weights.
    Head,
    /// Shuffled data, in which nothing may be found.
    Controls,
}

/// What a finding asks for; ordered from harmless to harmful, with "not enough data" first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The data cannot tell.
    NotEnoughData,
    /// Nothing that matters was shown.
    Fine,
    /// Shown, and large enough to look at.
    Look,
    /// Shown, and large enough to distrust what depends on it.
    Bad,
}

/// How far from `null` an estimate must be to matter.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Band {
    /// The value that means "no bias".
    pub null: f64,
    /// Distance from `null` at which one should look.
    pub look: f64,
    /// Distance from `null` at which it is bad.
    pub bad: f64,
    /// Which side of `null` is harmful.
    pub side: Side,
}

/// Which deviations from the null value are harmful.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// Larger values.
    Above,
    /// Smaller values.
    Below,
    /// Both.
    Both,
}

/// One thing that was looked at: an estimate with its uncertainty, and what follows from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Finding {
    /// Where it comes in.
    pub area: Area,
    /// Id of the check, kebab-case: `position-bias`.
    pub check: String,
    /// Dimension of the labels; `null` where the finding belongs to none.
    pub dimension: Option<String>,
    /// What it is about: a question, an annotator, a scorer, a group.
    pub subject: String,
    /// The estimate; `null` with a `reason`.
    pub estimate: Option<f64>,
    /// Lower end of its 95 % interval.
    pub low: Option<f64>,
    /// Upper end of its 95 % interval.
    pub high: Option<f64>,
    /// Unit of the three: `share`, `correlation`, `logit per unit` …
    pub unit: String,
    /// Observations behind it.
    pub n: usize,
    /// What one observation is: `pairs`, `ratings`, `answers`, `items` …
    pub n_of: String,
    /// Materiality band.
    pub band: Option<Band>,
    /// Two-sided p-value against `band.null`, where there is a test.
    pub p: Option<f64>,
    /// p adjusted over all findings of the audit (Benjamini–Hochberg).
    pub q: Option<f64>,
    /// What follows.
    pub verdict: Verdict,
    /// The finding as a sentence. Reports leave it out where the verdict is fine.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// What to do about it; left out where nothing needs to be done.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub remedy: String,
    /// Why there is no estimate, or not enough data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Band {
    /// The verdict on an estimate and its interval: material, and shown to lie off `null`.
    pub fn verdict(&self, estimate: f64, low: f64, high: f64) -> Verdict {
        let off = match self.side {
            Side::Above => estimate - self.null,
            Side::Below => self.null - estimate,
            Side::Both => (estimate - self.null).abs(),
        };
        let shown = low > self.null || high < self.null;
        match () {
            () if shown && off >= self.bad => Verdict::Bad,
            () if shown && off >= self.look => Verdict::Look,
            () => Verdict::Fine,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_needs_size_and_proof() {
        let band = Band { null: 0.5, look: 0.05, bad: 0.15, side: Side::Both };
        assert_eq!(band.verdict(0.52, 0.51, 0.53), Verdict::Fine, "shown, but small");
        assert_eq!(band.verdict(0.70, 0.40, 0.90), Verdict::Fine, "large, but not shown");
        assert_eq!(band.verdict(0.42, 0.38, 0.46), Verdict::Look);
        assert_eq!(band.verdict(0.99, 0.98, 1.00), Verdict::Bad);
        let above = Band { side: Side::Above, ..band };
        assert_eq!(above.verdict(0.01, 0.00, 0.02), Verdict::Fine, "the harmless side");
    }
}
