//! Two scorers on the same pairs: McNemar's test, and a permutation test that moves whole clusters.

use std::collections::BTreeMap;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::student::fair_binomial_cdf;
use crate::rng;

/// McNemar's exact test (two-sided): among the pairs on which the two scorers disagree, is one right more often than
/// the other? `first_only` and `second_only` count the pairs that only one of them has right. 1 where they never
/// disagree.
///
/// It takes pairs as independent: with several pairs per prompt it is too sure, and [`cluster_permutation`] is the test to
/// believe.
pub fn mcnemar_exact(first_only: u64, second_only: u64) -> f64 {
    let n = first_only + second_only;
    (2.0 * fair_binomial_cdf(first_only.min(second_only), n)).min(1.0)
}

/// A permutation test of "the mean paired difference is 0".
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Permutation {
    /// Two-sided p-value; never 0.
    pub p: f64,
    /// Sign assignments behind it.
    pub draws: usize,
    /// Whether every assignment was tried.
    pub exact: bool,
}

/// Up to this many clusters every sign assignment is tried.
const EXACT_CLUSTERS: usize = 12;

/// Sign-flip test over clusters: under the hypothesis that two scorers are exchangeable, the sum of the paired
/// differences of a cluster is as likely as its negative. The statistic is |Σ differences|.
///
/// `differences` and `cluster` have one entry per pair. Exact for few clusters, else `draws` random assignments with
/// p = (1 + as extreme) / (1 + draws). `None` where no cluster has a difference other than 0, or for no draws.
pub fn cluster_permutation<C: Ord + Copy>(
    differences: &[f64],
    cluster: &[C],
    draws: usize,
    seed: u64,
    purpose: &str,
) -> Option<Permutation> {
    let mut sums: BTreeMap<C, f64> = BTreeMap::new();
    for (&difference, &cluster) in differences.iter().zip(cluster) {
        *sums.entry(cluster).or_default() += difference;
    }
    let sums: Vec<f64> = sums.into_values().filter(|s| *s != 0.0).collect();
    sign_flips(&sums, draws, seed, purpose)
}

/// [`cluster_permutation`] from the sums of the clusters.
pub fn sign_flips(sums: &[f64], draws: usize, seed: u64, purpose: &str) -> Option<Permutation> {
    if sums.is_empty() {
        return None;
    }
    // Sums are compared with a tolerance: the same total in another order must count as equally extreme.
    let scale: f64 = sums.iter().map(|s| s.abs()).sum();
    let observed = sums.iter().sum::<f64>().abs() - 1e-12 * scale;
    if sums.len() <= EXACT_CLUSTERS {
        let all = 1usize << sums.len();
        let extreme = (0..all)
            .filter(|signs| {
                let total: f64 = sums.iter().enumerate().map(|(k, s)| if signs >> k & 1 == 1 { -s } else { *s }).sum();
                total.abs() >= observed
            })
            .count();
        return Some(Permutation { p: extreme as f64 / all as f64, draws: all, exact: true });
    }
    if draws == 0 {
        return None;
    }
    // Sums of equal size are flipped together: the number of flips among n of them is the number of ones in n random bits.
    let mut sizes: Vec<f64> = sums.iter().map(|s| s.abs()).collect();
    sizes.sort_unstable_by(f64::total_cmp);
    let runs: Vec<(f64, u32)> = sizes.chunk_by(|a, b| a == b).map(|run| (run[0], run.len() as u32)).collect();
    let extreme: usize = (0..draws)
        .into_par_iter()
        .filter(|&draw| {
            let mut bits = Bits { random: rng::stream(seed, purpose, draw as u64), word: 0, left: 0 };
            let total: f64 =
                runs.iter().map(|&(size, n)| size * (f64::from(n) - 2.0 * f64::from(bits.ones_in(n)))).sum();
            total.abs() >= observed
        })
        .count();
    Some(Permutation { p: (1 + extreme) as f64 / (1 + draws) as f64, draws, exact: false })
}

/// A supply of random bits.
struct Bits {
    random: ChaCha8Rng,
    word: u64,
    left: u32,
}

impl Bits {
    /// The number of ones among the next `n` bits.
    fn ones_in(&mut self, mut n: u32) -> u32 {
        let mut ones = 0;
        while n > 0 {
            if self.left == 0 {
                (self.word, self.left) = (self.random.next_u64(), 64);
            }
            let taken = n.min(self.left);
            let mask = u64::MAX >> (64 - taken);
            ones += (self.word & mask).count_ones();
            self.word = self.word.checked_shr(taken).unwrap_or(0);
            self.left -= taken;
            n -= taken;
        }
        ones
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;

    #[test]
    fn mcnemar_is_the_binomial_sum() {
        // 6 against 16 of 22: 2 · P(X ≤ 6) = 2 · 110,056 / 2^22 = 0.052479 (sum of the binomial coefficients by hand).
        let ways = 1 + 22 + 231 + 1540 + 7315 + 26334 + 74613;
        assert!((mcnemar_exact(6, 16) - 2.0 * f64::from(ways) / f64::from(1 << 22)).abs() < 1e-14);
        assert_eq!(mcnemar_exact(6, 16), mcnemar_exact(16, 6));
        assert_eq!(mcnemar_exact(0, 0), 1.0);
        assert_eq!(mcnemar_exact(5, 5), 1.0);
    }

    #[test]
    fn few_clusters_are_tried_in_full() {
        // Sums 3, 1, 2 of three clusters: only +++ and −−− reach 6.
        let found = cluster_permutation(&[1.0, 2.0, 1.0, 2.0], &[0, 0, 1, 2], 10, 1, "t").unwrap();
        assert_eq!(found, Permutation { p: 2.0 / 8.0, draws: 8, exact: true });
        assert_eq!(cluster_permutation(&[0.0, 1.0, -1.0], &[0, 1, 1], 10, 1, "t"), None);
    }

    #[test]
    fn random_assignments_agree_with_the_normal_limit_and_never_give_nought() {
        let sums: Vec<f64> = (0..400).map(|i| if i % 20 < 11 { 1.0 } else { -1.0 }).collect();
        // Total 40 of 400 signs: z = 40/20 = 2; continuity-corrected two-sided p = 0.0510 (steps of 2).
        let found = sign_flips(&sums, 20_000, 3, "t").unwrap();
        assert!((found.p - 0.0510).abs() < 0.005, "{found:?}");
        let certain = sign_flips(&[1.0; 50], 999, 3, "t").unwrap();
        assert_eq!(certain.p, 0.001);
    }

    #[test]
    fn a_level_test_holds_its_level() {
        // 400 null experiments of 20 clusters with 3 correlated pairs each: about 5 % fall below 5 %.
        let mut below = 0;
        for experiment in 0..400 {
            let mut random = rng::stream(8, "level", experiment);
            let (mut differences, mut cluster) = (Vec::new(), Vec::new());
            for c in 0..20 {
                let shift: f64 = random.random_range(-1.0..1.0);
                for _ in 0..3 {
                    differences.push(shift + random.random_range(-0.5..0.5));
                    cluster.push(c);
                }
            }
            below += usize::from(cluster_permutation(&differences, &cluster, 199, experiment, "t").unwrap().p <= 0.05);
        }
        assert!((8..=34).contains(&below), "{below} of 400");
    }
}
