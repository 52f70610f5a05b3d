//! Win probabilities against what people said: reliability table, expected calibration error, Brier score, log loss.

use std::collections::BTreeSet;

use super::credits::{Credit, GroupRatio};
use super::intervals::{Bootstrap, FEWEST_GROUPS, FEWEST_PAIRS, NOT_ENOUGH, enough, percentile_interval};
use super::results::{Calibration, Measure, ReliabilityBin};
use super::run::DimensionScores;
use crate::fit::{Chance, OutcomeModel, TieModel};
use crate::stats::ClusteredMean;

/// Bins of a reliability table.
const BINS: usize = 10;

/// Calibration of every scorer of a dimension. A head brings its own model of the verdicts (ties included) for each fold.
/// The margins of another scorer are scaled by one factor, learned for each fold on the pairs of the other folds; without
/// folds there is none.
pub fn calibration(found: &DimensionScores, draws: usize, seed: u64) -> Vec<Calibration> {
    let labels = &found.labels;
    let folds: BTreeSet<usize> = found.part.iter().copied().collect();
    let bootstrap = Bootstrap { groups: labels.groups, draws, seed };
    let mut all = Vec::new();
    for scored in &found.scored {
        let pair = |at: usize| {
            let (human, group, part) = (labels.human[at], labels.group[at], found.part[at]);
            let model = scored.outcomes.get(&part).copied().unwrap_or_default();
            Some(Pair { margin: scored.margins[at]?, human, group, part, model })
        };
        let covered: Vec<Pair> = scored.covered().into_iter().filter_map(pair).collect();
        let scaled = match scored.outcomes.is_empty() {
            false => Ok(covered),
            true if folds.len() < 2 => Err("no folds to learn the factor of its margins on".to_owned()),
            true => out_of_fold(covered, &folds),
        };
        all.push(match scaled {
            Ok(pairs) => assess(&found.dimension, &scored.scorer, pairs, bootstrap),
            Err(reason) => nothing(&found.dimension, &scored.scorer, &[], reason),
        });
    }
    all
}

/// One scored pair.
#[derive(Debug, Clone, Copy)]
struct Pair {
    margin: f64,
    /// +1 item a, −1 item b, 0 tie.
    human: i8,
    group: u32,
    part: usize,
    model: OutcomeModel,
}

impl Pair {
    /// 1 where item a won, ½ for a tie, 0 where it lost.
    fn outcome(&self) -> f64 {
        0.5 + 0.5 * f64::from(self.human)
    }

    fn chance(&self) -> Chance {
        self.model.at(self.margin)
    }
}

/// Scales the margins of each fold by the factor that suits the other folds.
fn out_of_fold(mut pairs: Vec<Pair>, folds: &BTreeSet<usize>) -> Result<Vec<Pair>, String> {
    let mut factors = Vec::new();
    for &fold in folds {
        let others: Vec<Pair> = pairs.iter().filter(|p| p.part != fold).copied().collect();
        let factor =
            slope(&others).ok_or("its margins do not order the pairs of the other folds, or order them perfectly")?;
        factors.push((fold, factor));
    }
    for pair in &mut pairs {
        let factor = factors.iter().find(|f| f.0 == pair.part).map_or(1.0, |f| f.1);
        pair.margin *= factor;
    }
    Ok(pairs)
}

/// The factor s on the margins that makes the verdicts most likely under the pairs' models, by Newton's method in the
/// scale of the margins; `None` where there is no finite one.
fn slope(pairs: &[Pair]) -> Option<f64> {
    let scale = (pairs.iter().map(|p| p.margin * p.margin).sum::<f64>() / pairs.len() as f64).sqrt();
    if scale.is_nan() || scale <= 0.0 {
        return None;
    }
    let right = pairs.iter().any(|p| p.margin * f64::from(p.human) > 0.0 || (p.human == 0 && p.margin != 0.0));
    let wrong = pairs.iter().any(|p| p.margin * f64::from(p.human) < 0.0 || (p.human == 0 && p.margin != 0.0));
    if !(right && wrong) {
        return None;
    }
    let derivatives = |s: f64| {
        pairs.iter().fold((0.0, 0.0), |(first, second), p| {
            let x = p.margin / scale;
            let (own_first, own_second) = p.model.derivatives(s * x, p.human);
            (first + own_first * x, second + own_second * x * x)
        })
    };
    // The first derivative rises with s: bisection guards Newton's steps.
    let (mut low, mut high) = (-1e6f64, 1e6f64);
    let mut s = 0.0f64;
    for _ in 0..200 {
        let (first, second) = derivatives(s);
        if first > 0.0 {
            high = s
        } else {
            low = s
        }
        let step = s - first / second;
        let next = if step > low && step < high { step } else { 0.5 * (low + high) };
        if (next - s).abs() <= 1e-12 * (1.0 + s.abs()) {
            return Some(next / scale);
        }
        s = next;
    }
    Some(s / scale)
}

fn assess(dimension: &str, scorer: &str, pairs: Vec<Pair>, bootstrap: Bootstrap) -> Calibration {
    let groups: BTreeSet<u32> = pairs.iter().map(|p| p.group).collect();
    if !enough(pairs.len(), groups.len()) {
        let reason = format!("{NOT_ENOUGH}: fewer than {FEWEST_PAIRS} pairs or {FEWEST_GROUPS} prompts");
        return nothing(dimension, scorer, &pairs, reason);
    }
    let bins = binned(&pairs);
    let (brier, log_loss) = pairs
        .iter()
        .map(|p| {
            let (won, lost) = (p.chance().win(), Pair { margin: -p.margin, ..*p }.chance().win());
            // Margins beyond all measure: a probability of 0 costs what the smallest number costs.
            let ln = |probability: f64| probability.max(f64::MIN_POSITIVE).ln();
            let loss = -(p.outcome() * ln(won) + (1.0 - p.outcome()) * ln(lost));
            ((won - p.outcome()).powi(2), loss)
        })
        .unzip::<f64, f64, Vec<f64>, Vec<f64>>();
    let clusters: Vec<u32> = pairs.iter().map(|p| p.group).collect();
    let ties_modelled = pairs.iter().any(|p| p.model.ties != TieModel::None);
    Calibration {
        expected_ties: ties_modelled.then(|| pairs.iter().map(|p| p.chance().tie).sum()),
        ece: expected_error(&bins, pairs.len(), bootstrap),
        bins: bins.iter().map(|bin| table_row(bin)).collect(),
        brier: mean(&brier, &clusters, 1.0),
        log_loss: mean(&log_loss, &clusters, f64::INFINITY),
        slope: slope(&pairs),
        prompts: groups.len(),
        reason: None,
        ..nothing(dimension, scorer, &pairs, String::new())
    }
}

fn nothing(dimension: &str, scorer: &str, pairs: &[Pair], reason: String) -> Calibration {
    Calibration {
        dimension: dimension.to_owned(),
        scorer: scorer.to_owned(),
        bins: Vec::new(),
        ece: Measure::default(),
        brier: Measure::default(),
        log_loss: Measure::default(),
        slope: None,
        n: pairs.len(),
        prompts: pairs.iter().map(|p| p.group).collect::<BTreeSet<_>>().len(),
        ties: pairs.iter().filter(|p| p.human == 0).count(),
        expected_ties: None,
        reason: Some(reason),
    }
}

/// A pair from the side that the scorer prefers.
#[derive(Debug, Clone, Copy)]
struct Preferred {
    probability: f64,
    outcome: f64,
    group: u32,
}

/// Bins of about equally many pairs; pairs of equal probability share a bin.
fn binned(pairs: &[Pair]) -> Vec<Vec<Preferred>> {
    let mut sorted: Vec<Preferred> = pairs
        .iter()
        .map(|p| {
            let probability = Pair { margin: p.margin.abs(), ..*p }.chance().win();
            // Without a preference either side may be asked: on average one half.
            let outcome = match p.margin {
                0.0 => 0.5,
                m if m > 0.0 => p.outcome(),
                _ => 1.0 - p.outcome(),
            };
            Preferred { probability, outcome, group: p.group }
        })
        .collect();
    sorted.sort_by(|x, y| {
        x.probability.total_cmp(&y.probability).then(x.group.cmp(&y.group)).then(x.outcome.total_cmp(&y.outcome))
    });
    let mut bins: Vec<Vec<Preferred>> = Vec::new();
    let mut taken = 0;
    for run in sorted.chunk_by(|x, y| x.probability == y.probability) {
        let place = taken * BINS / sorted.len();
        match bins.last_mut() {
            Some(bin) if (taken - bin.len()) * BINS / sorted.len() == place => bin.extend_from_slice(run),
            _ => bins.push(run.to_vec()),
        }
        taken += run.len();
    }
    bins
}

fn table_row(bin: &[Preferred]) -> ReliabilityBin {
    let n = bin.len() as f64;
    let outcomes: Vec<f64> = bin.iter().map(|p| p.outcome).collect();
    let clusters: Vec<u32> = bin.iter().map(|p| p.group).collect();
    let observed = mean(&outcomes, &clusters, 1.0);
    let prompts = clusters.iter().collect::<BTreeSet<_>>().len();
    let shown = enough(bin.len(), prompts);
    ReliabilityBin {
        from: bin.first().map_or(0.5, |p| p.probability),
        to: bin.last().map_or(1.0, |p| p.probability),
        predicted: bin.iter().map(|p| p.probability).sum::<f64>() / n,
        observed: outcomes.iter().sum::<f64>() / n,
        low: observed.low.filter(|_| shown),
        high: observed.high.filter(|_| shown),
        n: bin.len(),
        prompts,
    }
}

/// A mean with Student's interval, clustered, kept inside [0, `most`].
fn mean(values: &[f64], clusters: &[u32], most: f64) -> Measure {
    let found = ClusteredMean::new(values, clusters);
    let interval = found.and_then(|m| m.interval());
    Measure { value: found.map(|m| m.mean), low: interval.map(|i| i.0.max(0.0)), high: interval.map(|i| i.1.min(most)) }
}

/// Mean |observed − predicted| over pairs, with the bins as they are.
fn expected_error(bins: &[Vec<Preferred>], n: usize, bootstrap: Bootstrap) -> Measure {
    let gap = |bin: &Vec<Preferred>| bin.iter().map(|p| p.outcome - p.probability).sum::<f64>().abs();
    let sums: Vec<GroupRatio> = bins
        .iter()
        .map(|bin| {
            let credit = |p: &Preferred| Credit { group: p.group, key: 0, value: p.outcome - p.probability };
            GroupRatio::new(&bin.iter().map(credit).collect::<Vec<_>>())
        })
        .collect();
    let draws = bootstrap.sums(&sums, |bins| {
        let total: f64 = bins.iter().map(|b| b[1]).sum();
        bins.iter().map(|b| b[0].abs()).sum::<f64>() / total
    });
    let interval = percentile_interval(&draws);
    let value = bins.iter().map(gap).sum::<f64>() / n as f64;
    Measure {
        value: Some(value),
        // Resampling adds noise to every bin, and with it to a sum of absolute values: the interval may lie above the
        // estimate, which then is its lower end.
        low: interval.map(|i| i.low.min(value)),
        high: interval.map(|i| i.high.max(value)),
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;
    use crate::rng;

    fn win_probability(margin: f64) -> f64 {
        1.0 / (1.0 + (-margin).exp())
    }

    /// Pairs whose outcomes follow σ(`truth` · margin).
    fn world(n: usize, truth: f64) -> Vec<Pair> {
        let mut random = rng::stream(5, "calibration", 0);
        (0..n)
            .map(|i| {
                let margin: f64 = random.random_range(-3.0..3.0);
                let human = if random.random_range(0.0..1.0) < win_probability(truth * margin) { 1 } else { -1 };
                Pair { margin, human, group: (i / 2) as u32, part: i / 2 % 2, model: OutcomeModel::default() }
            })
            .collect()
    }

    const PAIR: Pair =
        Pair { margin: 0.0, human: 1, group: 0, part: 0, model: OutcomeModel { ties: TieModel::None, slope: 1.0 } };

    /// Verdicts drawn from a model with ties are calibrated under that model and not under one without; the factor on
    /// doubled margins is one half; expected and drawn ties agree.
    #[test]
    fn a_head_with_a_tie_model_is_judged_by_it() {
        for ties in [TieModel::RaoKupper { theta: 3.0 }, TieModel::Davidson { nu: 2.0 }] {
            let model = OutcomeModel { ties, slope: 1.0 };
            let mut random = rng::stream(6, "calibration", 0);
            let drawn: Vec<Pair> = (0..4000)
                .map(|i| {
                    let margin: f64 = random.random_range(-4.0..4.0);
                    let (chance, u) = (model.at(margin), random.random_range(0.0..1.0));
                    let human = if u < chance.a { 1 } else { -i8::from(u >= chance.a + chance.tie) };
                    Pair { margin, human, group: (i / 2) as u32, part: 0, model }
                })
                .collect();
            let found = assess("d", "head", drawn.clone(), bootstrap(4000));
            assert!((found.slope.unwrap() - 1.0).abs() < 0.1, "{ties:?}: {:?}", found.slope);
            assert!(found.ece.value.unwrap() < 0.03, "{ties:?}: {:?}", found.ece);
            assert!((found.expected_ties.unwrap() / found.ties as f64 - 1.0).abs() < 0.05, "{ties:?}");
            // p of the preferred side, by hand: P(win) + P(tie)/2.
            let by_hand: f64 =
                drawn.iter().map(|p| (model.at(p.margin).win() - p.outcome()).powi(2)).sum::<f64>() / 4000.0;
            assert!((found.brier.value.unwrap() - by_hand).abs() < 1e-12);
            let plain: Vec<Pair> = drawn.iter().map(|p| Pair { model: OutcomeModel::default(), ..*p }).collect();
            let plain = assess("d", "s", plain, bootstrap(4000));
            assert!(plain.ece.low.unwrap() > 0.025 && plain.expected_ties.is_none(), "{ties:?}: {:?}", plain.ece);
            let doubled = drawn.iter().map(|p| Pair { margin: 2.0 * p.margin, ..*p }).collect();
            let doubled = assess("d", "head", doubled, bootstrap(4000));
            assert!((doubled.slope.unwrap() - 0.5).abs() < 0.05, "{ties:?}: {:?}", doubled.slope);
        }
    }

    fn bootstrap(n: usize) -> Bootstrap {
        Bootstrap { groups: n / 2, draws: 200, seed: 1 }
    }

    #[test]
    fn true_probabilities_are_called_calibrated_and_doubled_ones_are_not() {
        let good = assess("d", "head", world(4000, 1.0), bootstrap(4000));
        assert!((good.slope.unwrap() - 1.0).abs() < 0.1, "{:?}", good.slope);
        assert!(good.ece.value.unwrap() < 0.04 && good.bins.len() == 10, "{:?}", good.ece);
        let inside = good.bins.iter().filter(|b| b.low.unwrap() <= b.predicted && b.predicted <= b.high.unwrap());
        assert!(inside.count() >= 8);
        let sure = assess("d", "head", world(4000, 0.4), bootstrap(4000));
        assert!((sure.slope.unwrap() - 0.4).abs() < 0.06 && sure.ece.low.unwrap() > 0.1, "{:?}", sure.ece);
        assert!(sure.log_loss.value > good.log_loss.value && sure.brier.value > good.brier.value);
    }

    #[test]
    fn a_coin_scores_a_quarter_and_the_logarithm_of_two() {
        let pairs: Vec<Pair> =
            (0..40).map(|i| Pair { margin: 0.0, human: [1, -1][i % 2], group: i as u32, ..PAIR }).collect();
        let coin = assess("d", "head", pairs, bootstrap(80));
        assert!((coin.brier.value.unwrap() - 0.25).abs() < 1e-15);
        assert!((coin.log_loss.value.unwrap() - 2f64.ln()).abs() < 1e-15);
        assert_eq!((coin.bins.len(), coin.bins[0].observed, coin.ece.value), (1, 0.5, Some(0.0)));
        assert_eq!(coin.slope, None, "equal scores have no scale");
    }

    #[test]
    fn bins_hold_all_pairs_once_and_equal_probabilities_together() {
        let mut pairs = world(333, 1.0);
        pairs.iter_mut().for_each(|p| p.margin = p.margin.round());
        let bins = binned(&pairs);
        assert_eq!(bins.iter().map(Vec::len).sum::<usize>(), 333);
        for pair in bins.windows(2) {
            assert!(pair[0].last().unwrap().probability < pair[1][0].probability);
        }
    }

    #[test]
    fn other_scorers_are_scaled_out_of_fold() {
        let pairs: Vec<Pair> = world(2000, 1.0).into_iter().map(|p| Pair { margin: 50.0 * p.margin, ..p }).collect();
        let scaled = out_of_fold(pairs, &BTreeSet::from([0, 1])).unwrap();
        let found = assess("d", "s", scaled, bootstrap(2000));
        assert!((found.slope.unwrap() - 1.0).abs() < 0.15 && found.ece.value.unwrap() < 0.06);
        let perfect = vec![Pair { margin: 1.0, ..PAIR }; 4];
        assert_eq!(slope(&perfect), None);
    }
}
