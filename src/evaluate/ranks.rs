//! Places of scorers with simultaneous limits: from the bootstrap distribution of the largest standardised difference
//! (Mogstad, Romano, Shaikh, Wilhelm 2024, "Inference for ranks").

use super::Protocol;
use super::intervals::{Bootstrap, enough};
use super::margins::{LabelledPairs, ScoredPairs};
use super::results::Standing;
use super::sample::{Point, Sample};
use crate::stats::quantile;

/// Scorers that cover less than this share of the pairs are not ranked: too few pairs would be common to all.
pub const LEAST_COVERAGE: f64 = 0.9;

/// Places under each of `protocols`, on the pairs that all ranked scorers cover. Empty for fewer than two scorers, too
/// few pairs, or no draws.
///
/// Scorer i is below scorer j where (θ_j − θ_i)/se_ij exceeds the 95 % quantile, over draws, of the largest
/// |(d*_ij − d_ij)|/se_ij over all pairs of scorers; the best place of i is 1 + the scorers that it is below.
pub fn standings(
    dimension: &str,
    labels: &LabelledPairs,
    scorers: &[ScoredPairs],
    protocols: &[Protocol],
    draws: usize,
    seed: u64,
) -> Vec<Standing> {
    let covers = |s: &ScoredPairs| s.covered().len() as f64 >= LEAST_COVERAGE * labels.len() as f64;
    let ranked: Vec<&ScoredPairs> = scorers.iter().filter(|s| covers(s)).collect();
    if ranked.len() < 2 || draws == 0 {
        return Vec::new();
    }
    let common: Vec<usize> = (0..labels.len()).filter(|&i| ranked.iter().all(|s| s.margins[i].is_some())).collect();
    let samples: Vec<Sample> = ranked.iter().map(|s| Sample::new(labels, s, &common, protocols)).collect();
    let drawn = Bootstrap { groups: labels.groups, draws, seed }.run(&samples, protocols);
    let mut found = Vec::new();
    for (k, &protocol) in protocols.iter().enumerate() {
        let points: Vec<Point> = samples.iter().map(|s| s.point(protocol)).collect();
        let able: Vec<usize> =
            (0..ranked.len()).filter(|&s| points[s].value.is_ok() && enough(points[s].n, points[s].groups)).collect();
        let values: Vec<f64> = able.iter().filter_map(|&s| points[s].value.as_ref().ok().copied()).collect();
        let lists: Vec<&[f64]> = able.iter().map(|&s| drawn[s][k].as_slice()).collect();
        for (i, (low, high)) in limits(&values, &lists).into_iter().enumerate() {
            let point = &points[able[i]];
            found.push(Standing {
                dimension: dimension.to_owned(),
                protocol,
                scorer: ranked[able[i]].scorer.clone(),
                value: values[i],
                rank: 1 + values.iter().filter(|v| **v > values[i]).count(),
                rank_low: low,
                rank_high: high,
                n: point.n,
                prompts: point.groups,
            });
        }
    }
    found
}

/// Best and worst place of each of `values`, given the values in each draw; empty for fewer than two.
fn limits(values: &[f64], draws: &[&[f64]]) -> Vec<(usize, usize)> {
    let k = values.len();
    if k < 2 {
        return Vec::new();
    }
    let usable: Vec<usize> = (0..draws[0].len()).filter(|&d| draws.iter().all(|list| !list[d].is_nan())).collect();
    let mut differences = Vec::new();
    for i in 0..k {
        for j in 0..i {
            let d = values[i] - values[j];
            let off: Vec<f64> = usable.iter().map(|&t| draws[i][t] - draws[j][t] - d).collect();
            let se = (off.iter().map(|o| o * o).sum::<f64>() / off.len().max(1) as f64).sqrt();
            differences.push((i, j, d, se, off));
        }
    }
    let largest: Vec<f64> = (0..usable.len())
        .map(|t| differences.iter().filter(|x| x.3 > 0.0).map(|x| (x.4[t] / x.3).abs()).fold(0.0, f64::max))
        .collect();
    let Some(critical) = quantile(&largest, 0.95) else { return vec![(1, k); k] };
    let mut places = vec![(1, k); k];
    for (i, j, d, se, _) in differences {
        // Differences without any spread come from identical scorers, or from ones that are right and wrong everywhere.
        if d != 0.0 && d.abs() > critical * se {
            let (better, worse) = if d > 0.0 { (i, j) } else { (j, i) };
            places[better].1 -= 1;
            places[worse].0 += 1;
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;
    use crate::rng;

    #[test]
    fn clear_differences_separate_and_equals_do_not() {
        let mut random = rng::stream(1, "ranks", 0);
        let noise: Vec<Vec<f64>> =
            (0..4).map(|_| (0..500).map(|_| random.random_range(-0.02..0.02)).collect()).collect();
        let values = [0.9, 0.7, 0.69, 0.5];
        let draws: Vec<Vec<f64>> = (0..4).map(|s| noise[s].iter().map(|n| values[s] + n).collect()).collect();
        let lists: Vec<&[f64]> = draws.iter().map(Vec::as_slice).collect();
        assert_eq!(limits(&values, &lists), [(1, 1), (2, 3), (2, 3), (4, 4)]);
        let twins = [draws[0].as_slice(), draws[0].as_slice()];
        assert_eq!(limits(&[0.9, 0.9], &twins), [(1, 2), (1, 2)]);
        assert!(limits(&[0.9], &lists[..1]).is_empty());
    }

    #[test]
    fn limits_hold_together_in_most_worlds() {
        // Five equal scorers: with 95 % confidence nobody's limits leave out any place; a plain interval per pair would
        // separate some of the ten pairs in far more than 5 % of worlds.
        let worlds = 200;
        let wrong = (0..worlds).filter(|&world| {
            let mut random = rng::stream(2, "worlds", world);
            let mut normal = || (0..12).map(|_| random.random_range(0.0..1.0f64)).sum::<f64>() - 6.0;
            let values: Vec<f64> = (0..5).map(|_| normal()).collect();
            let draws: Vec<Vec<f64>> = values.iter().map(|v| (0..200).map(|_| v + normal()).collect()).collect();
            let lists: Vec<&[f64]> = draws.iter().map(Vec::as_slice).collect();
            limits(&values, &lists).iter().any(|l| *l != (1, 5))
        });
        let wrong = wrong.count();
        assert!(wrong <= 22, "{wrong} of {worlds}");
    }
}
