//! Models in which a tie is an outcome of its own: Rao–Kupper and Davidson, their parameter estimated with the weights.
//!
//! Both parameters are kept relative to their value in the fit without features, which has a closed form, so that the
//! path starts at an exact solution with all parameters at 0.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::Ties;
use super::extended::{ExtendedRows, OwnTerm, RowLoss, Terms, softplus};
use super::likelihood::LogisticRows;
use super::rows::data_error;
use crate::Result;
use crate::dataset::Votes;

/// η is held above this share of its value without features, where the loss would be infinite at 0. With features it is
/// larger than without, so that only a part of the data with hardly any tie ever meets the limit.
const SMALLEST_ETA: f64 = 1e-3;

/// What ties are in a model of pairs.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "model", rename_all = "kebab-case")]
pub enum TieModel {
    /// Not an outcome: P(a) = σ(margin).
    #[default]
    None,
    /// Rao and Kupper (1967), definitions §3.9: P(a) = σ(margin − ln θ).
    RaoKupper {
        /// θ ≥ 1; 1 = no ties.
        theta: f64,
    },
    /// Davidson (1970), definitions §3.8: P(a) : P(tie) : P(b) = e^{margin/2} : ν : e^{−margin/2}.
    Davidson {
        /// ν ≥ 0; 0 = no ties.
        nu: f64,
    },
}

/// Chances of the three verdicts on a pair; they sum to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Chance {
    /// a is better.
    pub a: f64,
    /// Tie.
    pub tie: f64,
    /// b is better.
    pub b: f64,
}

/// From a score margin to the chances of the three verdicts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OutcomeModel {
    /// How ties enter.
    pub ties: TieModel,
    /// What a margin is multiplied with first: 1 for weights fitted on pairs; for weights from ratings, fitted on the
    /// training pairs.
    pub slope: f64,
}

impl Default for OutcomeModel {
    fn default() -> Self {
        Self { ties: TieModel::None, slope: 1.0 }
    }
}

impl OutcomeModel {
    /// The chances at `margin` = score(a) − score(b).
    pub fn at(&self, margin: f64) -> Chance {
        let z = self.slope * margin;
        match self.ties {
            TieModel::None => {
                let (_, a) = softplus(z);
                let (_, b) = softplus(-z);
                Chance { a, tie: 0.0, b }
            }
            TieModel::RaoKupper { theta } => {
                let eta = theta.max(1.0).ln();
                let (_, a) = softplus(z - eta);
                let (_, b) = softplus(-z - eta);
                Chance { a, tie: (theta * theta - 1.0).max(0.0) * a * b, b }
            }
            TieModel::Davidson { nu } => {
                // Divided by the largest of the three, so that nothing overflows.
                let top = (z.abs() / 2.0).max(nu.max(f64::MIN_POSITIVE).ln());
                let (a, b, tie) = ((z / 2.0 - top).exp(), (-z / 2.0 - top).exp(), nu.max(0.0) * (-top).exp());
                let sum = (a + b) + tie;
                Chance { a: a / sum, tie: tie / sum, b: b / sum }
            }
        }
    }
}

impl Chance {
    /// The probability that a wins, a tie being half a win.
    pub fn win(self) -> f64 {
        self.a + self.tie / 2.0
    }
}

impl OutcomeModel {
    /// First and second derivative, by the margin, of the negative log-likelihood of a verdict: +1 a, 0 tie, −1 b. Under
    /// [`TieModel::None`] a tie is half a win of each side.
    pub fn derivatives(&self, margin: f64, verdict: i8) -> (f64, f64) {
        let Chance { a, b, .. } = self.at(margin);
        let (first, second) = match self.ties {
            TieModel::None => (a - (0.5 + 0.5 * f64::from(verdict)), a * b),
            TieModel::RaoKupper { .. } => match verdict {
                1.. => (a - 1.0, a * (1.0 - a)),
                0 => (a - b, a * (1.0 - a) + b * (1.0 - b)),
                _ => (1.0 - b, b * (1.0 - b)),
            },
            TieModel::Davidson { .. } => {
                let mean = (a - b) / 2.0;
                (mean - f64::from(verdict) / 2.0, (a + b) / 4.0 - mean * mean)
            }
        };
        (self.slope * first, self.slope * self.slope * second)
    }
}

/// Which of the two models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    RaoKupper,
    Davidson,
}

/// Loss of shares (a, tie, b) under a tie model (design: "Ties"), with its parameter relative to `null`.
pub struct TieLoss {
    kind: Kind,
    shares: Vec<Votes>,
    /// η or ln ν of the fit without features.
    null: f64,
}

impl TieLoss {
    /// The estimate behind the own parameter `own`.
    pub fn model(&self, own: f64) -> TieModel {
        let parameter = (self.null + own).exp();
        match self.kind {
            Kind::RaoKupper => TieModel::RaoKupper { theta: parameter },
            Kind::Davidson => TieModel::Davidson { nu: parameter },
        }
    }

    /// Bounds of the own parameter.
    pub fn bounds(&self) -> (f64, f64) {
        match self.kind {
            Kind::RaoKupper => (-(1.0 - SMALLEST_ETA) * self.null, f64::INFINITY),
            Kind::Davidson => (f64::NEG_INFINITY, f64::INFINITY),
        }
    }
}

/// The rows under the tie model that `ties` asks for; `None` where it is none, or where no vote is a tie (then θ = 1 or
/// ν = 0, see [`without_ties`]). `shares` belong to the rows, in order.
///
/// # Errors
/// [`crate::Error::Data`] where every vote is a tie: the parameter would be infinite.
pub fn rows<'a>(rows: &'a LogisticRows<'a>, shares: &[Votes], ties: Ties) -> Result<Option<ExtendedRows<'a, TieLoss>>> {
    let kind = match ties {
        Ties::Half | Ties::Drop => return Ok(None),
        Ties::RaoKupper => Kind::RaoKupper,
        Ties::Davidson => Kind::Davidson,
    };
    let sum = |share: &dyn Fn(&Votes) -> f64| shares.iter().zip(&rows.weight).map(|(v, m)| m * share(v)).sum::<f64>();
    let (tied, decided) = (sum(&|v| v.tie), sum(&|v| v.a + v.b));
    if tied <= 0.0 {
        return Ok(None);
    }
    if decided <= 0.0 {
        return Err(data_error(
            "all-ties",
            format!(
                "all {} pairs are ties, and a tie parameter cannot be estimated without a decided pair",
                shares.len()
            ),
            "use `--ties half`, or leave this dimension out with `--dimension`",
        ));
    }
    // Without features every pair has the tie share t: (θ−1)/(θ+1) = t and ν/(2+ν) = t.
    let null = match kind {
        Kind::RaoKupper => ((decided + 2.0 * tied) / decided).ln(),
        Kind::Davidson => (2.0 * tied / decided).ln(),
    };
    Ok(Some(ExtendedRows {
        x: Cow::Borrowed(&rows.x),
        columns: rows.columns,
        weight: Cow::Borrowed(&rows.weight),
        group: Cow::Borrowed(&rows.group),
        loss: TieLoss { kind, shares: shares.to_vec(), null },
    }))
}

/// The tie model of data without ties.
pub fn without_ties(ties: Ties) -> TieModel {
    match ties {
        Ties::Half | Ties::Drop => TieModel::None,
        Ties::RaoKupper => TieModel::RaoKupper { theta: 1.0 },
        Ties::Davidson => TieModel::Davidson { nu: 0.0 },
    }
}

impl RowLoss for TieLoss {
    fn own(&self) -> usize {
        1
    }

    fn terms(&self, row: usize, z: f64, own: &[f64]) -> Terms {
        let votes = self.shares[row];
        let parameter = self.null + own[0];
        match self.kind {
            Kind::RaoKupper => rao_kupper(votes, z, parameter),
            Kind::Davidson => davidson(votes, z, parameter),
        }
    }
}

/// (a+t) log(1+e^{η−z}) + (b+t) log(1+e^{η+z}) − t log(e^{2η}−1), jointly convex in (z, η > 0).
fn rao_kupper(votes: Votes, z: f64, eta: f64) -> Terms {
    let (for_a, for_b) = (votes.a + votes.tie, votes.b + votes.tie);
    let (loss_a, sigma_a) = softplus(eta - z);
    let (loss_b, sigma_b) = softplus(eta + z);
    let (slope_a, slope_b) = (for_a * sigma_a, for_b * sigma_b);
    let (bend_a, bend_b) = (slope_a * (1.0 - sigma_a), slope_b * (1.0 - sigma_b));
    let rest = -(-2.0 * eta).exp_m1(); // 1 − e^{−2η}
    let own = OwnTerm {
        index: 0,
        slope: (slope_a + slope_b) - 2.0 * votes.tie / rest,
        bend: (bend_a + bend_b) + 4.0 * votes.tie * (1.0 - rest) / (rest * rest),
        with_z: bend_b - bend_a,
    };
    Terms {
        loss: (for_a * loss_a + for_b * loss_b) - votes.tie * (2.0 * eta + rest.ln()),
        slope: slope_b - slope_a,
        bend: bend_a + bend_b,
        own: [own, OwnTerm::default()],
        used: 1,
        cross: 0.0,
    }
}

/// log(e^{z/2} + e^{−z/2} + ν) − (a−b) z/2 − t ln ν, jointly convex in (z, ln ν).
fn davidson(votes: Votes, z: f64, log_nu: f64) -> Terms {
    let top = (z.abs() / 2.0).max(log_nu);
    let (a, b, tie) = ((z / 2.0 - top).exp(), (-z / 2.0 - top).exp(), (log_nu - top).exp());
    let sum = (a + b) + tie;
    let (a, b, tie) = (a / sum, b / sum, tie / sum);
    let lead = a - b;
    let own = OwnTerm { index: 0, slope: tie - votes.tie, bend: tie * (1.0 - tie), with_z: -0.5 * lead * tie };
    Terms {
        loss: top + sum.ln() - 0.5 * (votes.a - votes.b) * z - votes.tie * log_nu,
        slope: 0.5 * (lead - (votes.a - votes.b)),
        bend: 0.25 * ((a + b) - lead * lead),
        own: [own, OwnTerm::default()],
        used: 1,
        cross: 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::extended::checks::derivatives_are_right;
    use super::*;
    use proptest::prelude::*;

    fn close(outcome: Chance, expected: [f64; 3], tolerance: f64) {
        for (value, expected) in [outcome.a, outcome.tie, outcome.b].iter().zip(expected) {
            assert!((value - expected).abs() < tolerance, "{outcome:?} {expected}");
        }
    }

    #[test]
    fn derivatives_of_verdicts_are_those_of_their_log_likelihood() {
        for ties in [TieModel::None, TieModel::RaoKupper { theta: 1.7 }, TieModel::Davidson { nu: 0.8 }] {
            let model = OutcomeModel { ties, slope: 1.3 };
            let loss = |margin: f64, verdict: i8| {
                let chance = model.at(margin);
                match (verdict, ties) {
                    (1, _) => -chance.a.ln(),
                    (-1, _) => -chance.b.ln(),
                    (_, TieModel::None) => -(chance.a.ln() + chance.b.ln()) / 2.0,
                    _ => -chance.tie.ln(),
                }
            };
            for verdict in [1, 0, -1] {
                for margin in [-2.0, -0.3, 0.0, 0.7, 3.0] {
                    let (first, second) = model.derivatives(margin, verdict);
                    let slope = |m: f64| (loss(m + 1e-5, verdict) - loss(m - 1e-5, verdict)) / 2e-5;
                    assert!((first - slope(margin)).abs() < 1e-8, "{ties:?} {verdict} {margin}");
                    let bend = (slope(margin + 1e-3) - slope(margin - 1e-3)) / 2e-3;
                    assert!((second - bend).abs() < 1e-5, "{ties:?} {verdict} {margin}");
                }
            }
        }
    }

    /// Definitions §3.8 and §3.9.
    #[test]
    fn probabilities_equal_the_published_vectors() {
        let rao = OutcomeModel { ties: TieModel::RaoKupper { theta: 1.5 }, slope: 1.0 };
        close(rao.at(0.0), [0.4, 0.2, 0.4], 1e-12);
        close(rao.at(1.0), [0.644405, 0.158645, 0.196950], 1e-6);
        let davidson = |nu| OutcomeModel { ties: TieModel::Davidson { nu }, slope: 1.0 };
        close(davidson(0.5).at(0.0), [0.4, 0.2, 0.4], 1e-12);
        close(davidson(0.5).at(1.0), [0.598392, 0.181472, 0.220136], 1e-6);
        close(davidson(1.0).at(1.0), [0.506480, 0.307196, 0.186324], 1e-6);
        // θ = 5 at 0, VideoAlign's fixed value: two thirds are ties.
        let fixed = OutcomeModel { ties: TieModel::RaoKupper { theta: 5.0 }, slope: 1.0 };
        assert!((fixed.at(0.0).tie - 2.0 / 3.0).abs() < 1e-12);
        // Without ties both are the logistic.
        for model in [without_ties(Ties::RaoKupper), without_ties(Ties::Davidson), TieModel::None] {
            close(OutcomeModel { ties: model, slope: 2.0 }.at(0.4), [0.6899744811, 0.0, 0.3100255189], 1e-9);
        }
    }

    fn shares(k: u64) -> Votes {
        match k % 4 {
            0 => Votes { a: 1.0, tie: 0.0, b: 0.0 },
            1 => Votes { a: 0.0, tie: 0.0, b: 1.0 },
            2 => Votes { a: 0.0, tie: 1.0, b: 0.0 },
            _ => Votes { a: 0.5, tie: 0.25, b: 0.25 },
        }
    }

    fn problem() -> (LogisticRows<'static>, Vec<Votes>) {
        let n = 23;
        let x = (0..n * 2).map(|k| ((k * k * 7 + k * 3) % 11) as f64 / 3.0 - 1.6).collect();
        let rows = LogisticRows {
            x: Cow::Owned(x),
            columns: 2,
            y: vec![0.5; n],
            weight: (0..n).map(|i| 0.5 + (i % 3) as f64).collect(),
            group: (0..n).collect(),
        };
        (rows, (0..n as u64).map(|k| shares(k * k + k / 3)).collect())
    }

    #[test]
    fn derivatives_and_the_null_fit() {
        let (logistic, votes) = problem();
        for ties in [Ties::RaoKupper, Ties::Davidson] {
            let model = rows(&logistic, &votes, ties).unwrap().unwrap();
            derivatives_are_right(&model, &[0.3, -0.7, 0.2]);
            derivatives_are_right(&model, &[-1.3, 0.4, -0.1]);
            // Parameter 0 is optimal where all weights are 0.
            use super::super::likelihood::{Model, loss_and_gradient};
            let likelihood = model.likelihood(Cow::Borrowed(model.weight()));
            let (_, gradient) = loss_and_gradient(&*likelihood, &[0.0, 0.0, 0.0]);
            assert!(gradient[2].abs() < 1e-14, "{ties:?} {gradient:?}");
        }
    }

    proptest! {
        /// The loss is −Σ share · log P of [`OutcomeModel`], for both models.
        #[test]
        fn losses_are_log_probabilities(z in -8.0..8.0f64, parameter in 0.02..3.0f64, k in 0u64..4) {
            let votes = shares(k);
            let expected = |o: Chance| -> f64 {
                [(votes.a, o.a), (votes.tie, o.tie), (votes.b, o.b)]
                    .iter().filter(|(share, _)| *share > 0.0).map(|(share, p)| -share * p.ln()).sum()
            };
            let rao = OutcomeModel { ties: TieModel::RaoKupper { theta: parameter.exp() }, slope: 1.0 }.at(z);
            prop_assert!((rao.a + rao.tie + rao.b - 1.0).abs() < 1e-12);
            prop_assert!((rao_kupper(votes, z, parameter).loss - expected(rao)).abs() < 1e-10);
            let nu = OutcomeModel { ties: TieModel::Davidson { nu: parameter }, slope: 1.0 }.at(z);
            prop_assert!((nu.a + nu.tie + nu.b - 1.0).abs() < 1e-12);
            prop_assert!((davidson(votes, z, parameter.ln()).loss - expected(nu)).abs() < 1e-10);
            // Swapping the sides changes no byte of the loss and turns the slope.
            let turned = Votes { a: votes.b, tie: votes.tie, b: votes.a };
            for (here, there) in [
                (rao_kupper(votes, z, parameter), rao_kupper(turned, -z, parameter)),
                (davidson(votes, z, parameter), davidson(turned, -z, parameter)),
            ] {
                prop_assert_eq!(here.loss, there.loss);
                prop_assert_eq!(here.slope, -there.slope);
            }
        }
    }
}
