//! A judge whose accuracy on each question is the published one.
//!
//! The judge sees the true state of a ladder through noise and says yes above a threshold of its own. Noise explains
//! a part of the missing accuracy, a too lenient threshold the rest. So even a question with an accuracy below one
//! half (37 % for "physics fully obeyed") has answers that point the right way, as the published rank correlations do.

use super::draw::{Draw, round};

/// Share of the noise that all questions of a ladder have in common (as a correlation): answers along a ladder seldom
/// contradict each other.
const COMMON_NOISE: f64 = 0.85;
/// Distance from the threshold at which the judge's confidence is half of the possible.
const SOFTNESS: f64 = 0.12;

/// P(yes) of one question for all items, rounded to two decimals and never ½.
///
/// `latent` is the true state, `common` the ladder's noise, `truth` the true answers, `accuracy` the wanted share of
/// right answers.
pub(super) fn answers(draw: &mut Draw, latent: &[f64], common: &[f64], truth: &[bool], accuracy: f64) -> Vec<f64> {
    let own = (1.0 - COMMON_NOISE * COMMON_NOISE).sqrt();
    let noise: Vec<f64> = common.iter().map(|c| COMMON_NOISE * c + own * draw.normal()).collect();
    let seen = noisy(latent, &noise, noise_level(latent, &noise, truth, accuracy));
    let threshold = lenient_threshold(&seen, truth, accuracy);
    seen.iter().map(|s| p_yes(s - threshold, 0.4 + 1.2 * draw.uniform())).collect()
}

/// As [`answers`], by a judge who leans neither way: as many yeses as there are, the wrong ones on both sides alike.
pub(super) fn fair_answers(draw: &mut Draw, latent: &[f64], common: &[f64], truth: &[bool], accuracy: f64) -> Vec<f64> {
    let own = (1.0 - COMMON_NOISE * COMMON_NOISE).sqrt();
    let noise: Vec<f64> = common.iter().map(|c| COMMON_NOISE * c + own * draw.normal()).collect();
    let noes = truth.iter().filter(|t| !**t).count();
    let cut_between = |seen: &[f64]| {
        let cuts = Cuts::new(seen, truth);
        let accuracy = cuts.accuracy(noes);
        let at = |cut: usize| cuts.values.get(cut).copied();
        let threshold = match (noes.checked_sub(1).and_then(at), at(noes)) {
            (Some(below), Some(above)) => 0.5 * (below + above),
            (Some(below), None) => below + SOFTNESS,
            (None, above) => above.unwrap_or(0.0) - SOFTNESS,
        };
        (threshold, accuracy)
    };
    let (mut low, mut high) = (0.0, 4.0);
    for _ in 0..16 {
        let middle = 0.5 * (low + high);
        if cut_between(&noisy(latent, &noise, middle)).1 > accuracy {
            low = middle;
        } else {
            high = middle;
        }
    }
    let seen = noisy(latent, &noise, low);
    let (threshold, _) = cut_between(&seen);
    seen.iter().map(|s| p_yes(s - threshold, 0.4 + 1.2 * draw.uniform())).collect()
}

fn noisy(latent: &[f64], noise: &[f64], level: f64) -> Vec<f64> {
    latent.iter().zip(noise).map(|(l, n)| l + level * n).collect()
}

/// The noise at which the best threshold has a balanced accuracy of 0.6 + 0.4·`accuracy`.
fn noise_level(latent: &[f64], noise: &[f64], truth: &[bool], accuracy: f64) -> f64 {
    let wanted = 0.6 + 0.4 * accuracy;
    let (mut low, mut high) = (0.0, 4.0);
    for _ in 0..16 {
        let middle = 0.5 * (low + high);
        let cuts = Cuts::new(&noisy(latent, noise, middle), truth);
        if cuts.balanced(cuts.best()) > wanted {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// From the best threshold downwards to the first at which no more than `accuracy` of the answers are right.
fn lenient_threshold(seen: &[f64], truth: &[bool], accuracy: f64) -> f64 {
    let cuts = Cuts::new(seen, truth);
    let mut cut = cuts.best();
    while cut > 0 && cuts.accuracy(cut) > accuracy {
        cut -= 1;
    }
    match cut {
        0 => cuts.values.first().map_or(0.0, |lowest| lowest - SOFTNESS),
        c if c == cuts.values.len() => cuts.values[c - 1] + SOFTNESS,
        c => 0.5 * (cuts.values[c - 1] + cuts.values[c]),
    }
}

/// P(yes) at a distance from the threshold. `sharpness` differs from answer to answer.
fn p_yes(distance: f64, sharpness: f64) -> f64 {
    let x = distance / SOFTNESS * sharpness;
    let p = round(0.5 + 0.5 * x / (1.0 + x.abs()), 2);
    if distance >= 0.0 { p.max(0.51) } else { p.min(0.49) }
}

/// Counts of right answers at every threshold between the sorted values.
struct Cuts {
    /// What the judge sees, ascending.
    values: Vec<f64>,
    /// True noes among the first n values.
    noes_below: Vec<usize>,
}

impl Cuts {
    fn new(seen: &[f64], truth: &[bool]) -> Self {
        let mut order: Vec<(f64, bool)> = seen.iter().copied().zip(truth.iter().copied()).collect();
        order.sort_by(|x, y| x.0.total_cmp(&y.0));
        let mut noes_below = vec![0];
        for (i, &(_, yes)) in order.iter().enumerate() {
            noes_below.push(noes_below[i] + usize::from(!yes));
        }
        Self { values: order.into_iter().map(|(value, _)| value).collect(), noes_below }
    }

    /// True noes and yeses that are answered so, if the first `cut` values are answered no.
    fn right(&self, cut: usize) -> (usize, usize) {
        let noes = self.noes_below[self.values.len()];
        let yeses = self.values.len() - noes;
        (self.noes_below[cut], yeses - (cut - self.noes_below[cut]))
    }

    fn accuracy(&self, cut: usize) -> f64 {
        let (noes, yeses) = self.right(cut);
        (noes + yeses) as f64 / self.values.len().max(1) as f64
    }

    /// Mean of the shares of right answers among true noes and true yeses.
    fn balanced(&self, cut: usize) -> f64 {
        let noes = self.noes_below[self.values.len()];
        let yeses = self.values.len() - noes;
        let (right_noes, right_yeses) = self.right(cut);
        let share = |right: usize, of: usize| if of == 0 { 1.0 } else { right as f64 / of as f64 };
        0.5 * (share(right_noes, noes) + share(right_yeses, yeses))
    }

    /// The lowest threshold of the best balanced accuracy.
    fn best(&self) -> usize {
        let mut best = (0, self.balanced(0));
        for cut in 1..=self.values.len() {
            let value = self.balanced(cut);
            if value > best.1 {
                best = (cut, value);
            }
        }
        best.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 4,000 items of which the share `yes` are truly yes, judged at `accuracy`.
    fn judged(yes: f64, accuracy: f64) -> (Vec<bool>, Vec<f64>) {
        let mut draw = Draw::new(3, "test", 0);
        let latent: Vec<f64> = (0..4000).map(|_| draw.normal()).collect();
        let common: Vec<f64> = (0..4000).map(|_| draw.normal()).collect();
        let mut sorted = latent.clone();
        sorted.sort_by(f64::total_cmp);
        let cut = sorted[((1.0 - yes) * 3999.0) as usize];
        let truth: Vec<bool> = latent.iter().map(|&l| l >= cut).collect();
        let p = answers(&mut draw, &latent, &common, &truth, accuracy);
        (truth, p)
    }

    #[test]
    fn the_judge_is_as_accurate_as_wanted_and_points_the_right_way() {
        for (yes, accuracy) in [(0.15, 0.366), (0.3, 0.5), (0.5, 0.7), (0.8, 0.9), (0.85, 0.973)] {
            let (truth, p) = judged(yes, accuracy);
            let right = truth.iter().zip(&p).filter(|(t, p)| **t == (**p > 0.5)).count() as f64 / 4000.0;
            assert!((right - accuracy).abs() < 0.002, "wanted {accuracy}, got {right}");
            let mean = |wanted: bool| {
                let of: Vec<f64> = truth.iter().zip(&p).filter(|(t, _)| **t == wanted).map(|(_, p)| *p).collect();
                of.iter().sum::<f64>() / of.len() as f64
            };
            assert!(mean(true) > mean(false) + 0.1, "accuracy {accuracy}");
        }
    }

    #[test]
    fn answers_are_probabilities_of_two_decimals_and_never_undecided() {
        let (_, p) = judged(0.5, 0.7);
        assert!(p.iter().all(|&p| (0.0..=1.0).contains(&p) && p != 0.5 && round(p, 2) == p));
    }
}
