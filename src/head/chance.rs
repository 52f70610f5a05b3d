//! A margin → what people would say; a score → its place among the training items.

use serde::{Deserialize, Serialize};

use super::Head;
use crate::stats::counts;

pub use crate::fit::Chance;

/// What the head says about a pair at its tie threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// a scores higher by more than the tie threshold.
    A,
    /// The scores differ by no more than the tie threshold.
    Tie,
    /// b scores higher by more than the tie threshold.
    B,
}

impl Verdict {
    /// The verdict with the sides exchanged.
    #[must_use]
    pub fn swapped(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::Tie => Self::Tie,
            Self::B => Self::A,
        }
    }
}

impl Head {
    /// The probabilities of the verdicts at `margin` = score(a) − score(b) in the head's own scale, by the model that it
    /// was fitted under.
    pub fn chance(&self, margin: f64) -> Chance {
        self.outcomes.at(margin)
    }

    /// The verdict on two scores in the head's own scale; differences below 12 digits are none.
    pub fn verdict(&self, a: f64, b: f64) -> Verdict {
        let margin = counts::margin(a, b);
        match margin {
            m if m.abs() <= self.tie_threshold => Verdict::Tie,
            m if m > 0.0 => Verdict::A,
            _ => Verdict::B,
        }
    }

    /// Per cent of the training items that score lower, interpolated between the stored quantiles, with half of those
    /// that score the same; `None` for a head without quantiles (an imported one).
    pub fn percentile(&self, score: f64) -> Option<f64> {
        let last = self.quantiles.len().checked_sub(1).filter(|&last| last > 0)?;
        let at = |k: usize| 100.0 * k as f64 / last as f64;
        let below = self.quantiles.partition_point(|&q| q < score);
        let upto = self.quantiles.partition_point(|&q| q <= score);
        Some(match below {
            // Among equal quantiles: the middle of the stretch.
            _ if upto > below => f64::midpoint(at(below), at(upto - 1)),
            0 => 0.0,
            _ if below > last => 100.0,
            k => {
                let (low, high) = (self.quantiles[k - 1], self.quantiles[k]);
                at(k - 1) + (at(k) - at(k - 1)) * (score - low) / (high - low)
            }
        })
    }

    /// Probability that a person prefers an item of this score to a training item drawn at random, half a tie counting
    /// for either; `None` for a head without quantiles. Training items answer other prompts: compare inside a prompt.
    pub fn win_probability(&self, score: f64) -> Option<f64> {
        let last = self.quantiles.len().checked_sub(1).filter(|&last| last > 0)?;
        let win = |q: &f64| {
            let chance = self.chance(score - q);
            chance.a + chance.tie / 2.0
        };
        // Trapezoid over the quantile grid.
        let sum: f64 = self.quantiles.windows(2).map(|w| f64::midpoint(win(&w[0]), win(&w[1]))).sum();
        Some(sum / last as f64)
    }
}
