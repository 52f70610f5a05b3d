//! What the answers themselves look like: questions that say the same, ladders that are no staircase, and what makes the
//! scores of a head differ.

use std::collections::BTreeMap;

use ndarray::ArrayView1;
use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::intervals::percentile_interval;
use crate::Result;
use crate::checklist::Checklist;
use crate::features::{Coding, ColumnKind, FeatureMatrix};
use crate::head::Head;
use crate::rng;
use crate::stats::rank::pearson;

/// Most columns whose correlations are kept: a picture of more cannot be read.
const MOST: usize = 160;
/// Decimals that are kept of a correlation.
const DECIMALS: f64 = 1e4;

/// Patterns of the answers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AnswerPatterns {
    /// Correlations between columns; `null` where there are fewer than two columns, or more than can be drawn.
    pub correlations: Option<ColumnCorrelations>,
    /// The ladders of the checklist with at least two questions among the columns.
    pub ladders: Vec<LadderSteps>,
}

/// Pearson correlations of the coded columns over items.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ColumnCorrelations {
    /// Items of the feature matrix.
    pub items: usize,
    /// Short labels of the columns.
    pub labels: Vec<String>,
    /// Row i holds the correlations with columns 0 … i − 1, to four decimals; `null` where one side is constant. Each runs over the items
    /// that have both values.
    pub below: Vec<Vec<Option<f64>>>,
}

/// The answers on one ladder, by how many of its questions were answered yes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LadderSteps {
    /// Sub-dimension id.
    pub ladder: String,
    /// Short labels, the easiest question first.
    pub rungs: Vec<String>,
    /// Items with 0, 1, … yes answers.
    pub items: Vec<usize>,
    /// For items with 0, 1, … yes answers: the share with a yes on each rung, the easiest first; empty without items.
    pub yes: Vec<Vec<f64>>,
    /// Share of items with a yes on a question and a no on an easier one; `null` without items.
    pub broken: Option<f64>,
}

/// Share of a head's score variance that one dimension of the checklist brings in: cov(part, score) / var(score). The
/// shares of all parts sum to 1.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ScoreShare {
    /// Dimension; `null` gathers the columns without one.
    pub dimension: Option<String>,
    /// Its share of the variance.
    pub share: f64,
    /// Lower end of the 95 % interval of `share`, from items resampled by prompt, weights fixed.
    #[serde(default)]
    pub low: Option<f64>,
    /// Upper end of the 95 % interval of `share`.
    #[serde(default)]
    pub high: Option<f64>,
    /// Its share of the sum of |weight| × scale.
    pub weight: f64,
}

/// Patterns of the answers in `matrix`, in which missing values are left out.
pub fn patterns(matrix: &FeatureMatrix, checklist: Option<&Checklist>) -> AnswerPatterns {
    AnswerPatterns {
        correlations: correlations(matrix),
        ladders: checklist.map(|list| ladders(matrix, list)).unwrap_or_default(),
    }
}

fn correlations(matrix: &FeatureMatrix) -> Option<ColumnCorrelations> {
    let d = matrix.columns.len();
    if !(2..=MOST).contains(&d) {
        return None;
    }
    let columns: Vec<Vec<f64>> = matrix.values.columns().into_iter().map(|c| c.to_vec()).collect();
    let whole: Vec<bool> = columns.iter().map(|c| c.iter().all(|v| v.is_finite())).collect();
    let correlate = |i: usize, j: usize| {
        if whole[i] && whole[j] {
            return pearson(&columns[i], &columns[j]);
        }
        let both = columns[i].iter().zip(&columns[j]).filter(|(a, b)| a.is_finite() && b.is_finite());
        let (x, y): (Vec<f64>, Vec<f64>) = both.map(|(a, b)| (*a, *b)).unzip();
        pearson(&x, &y)
    };
    let below = (0..d).map(|i| (0..i).map(|j| correlate(i, j).map(|r| (r * DECIMALS).round() / DECIMALS)).collect());
    Some(ColumnCorrelations {
        items: matrix.values.nrows(),
        labels: matrix
            .columns
            .iter()
            .map(|c| if c.label.is_empty() { c.id.clone() } else { c.label.clone() })
            .collect(),
        below: below.collect(),
    })
}

/// Whether a coded answer is a yes; `None` for what is missing, masked or undecided.
fn is_yes(value: f64, coding: Coding) -> Option<bool> {
    let middle = if coding == Coding::Unit { 0.5 } else { 0.0 };
    (value.is_finite() && value != middle).then_some(value > middle)
}

fn ladders(matrix: &FeatureMatrix, checklist: &Checklist) -> Vec<LadderSteps> {
    let column = |id: &str| matrix.columns.iter().position(|c| c.kind == ColumnKind::Question && c.id == id);
    let mut found = Vec::new();
    for (name, members) in checklist.ladders() {
        // The easiest first; ladders list the hardest first.
        let rungs: Vec<(usize, &str)> = (members.iter().rev())
            .filter_map(|&q| checklist.questions.get(q))
            .filter_map(|q| column(&q.id).map(|c| (c, q.label.as_str())))
            .collect();
        if rungs.len() > 1 {
            found.push(ladder(matrix, name, &rungs));
        }
    }
    found
}

fn ladder(matrix: &FeatureMatrix, name: &str, rungs: &[(usize, &str)]) -> LadderSteps {
    let k = rungs.len();
    let (mut items, mut yes) = (vec![0_usize; k + 1], vec![vec![0_usize; k]; k + 1]);
    let (mut broken, mut all) = (0_usize, 0_usize);
    let answers = |row: ArrayView1<f64>| -> Option<Vec<bool>> {
        rungs.iter().map(|&(c, _)| is_yes(row[c], matrix.coding)).collect()
    };
    for said in matrix.values.rows().into_iter().filter_map(answers) {
        let count = said.iter().filter(|y| **y).count();
        items[count] += 1;
        all += 1;
        for (r, _) in said.iter().enumerate().filter(|(_, y)| **y) {
            yes[count][r] += 1;
        }
        broken += usize::from(said.windows(2).any(|w| !w[0] && w[1]));
    }
    let shares = items.iter().zip(&yes).map(|(&n, row)| match n {
        0 => Vec::new(),
        _ => row.iter().map(|&y| y as f64 / n as f64).collect(),
    });
    LadderSteps {
        ladder: name.to_owned(),
        rungs: rungs.iter().map(|(_, label)| (*label).to_owned()).collect(),
        yes: shares.collect(),
        items,
        broken: (all > 0).then(|| broken as f64 / all as f64),
    }
}

/// Sums over the items of one group, from which the shares of any resample follow.
#[derive(Clone, Default)]
struct Moments {
    items: f64,
    /// Σ total, Σ total².
    total: (f64, f64),
    /// Per part: Σ part, Σ part · total.
    parts: Vec<(f64, f64)>,
}

impl Moments {
    fn add(&mut self, other: &Self, times: f64) {
        self.items += times * other.items;
        self.total.0 += times * other.total.0;
        self.total.1 += times * other.total.1;
        self.parts.resize(other.parts.len(), (0.0, 0.0));
        for (sum, more) in self.parts.iter_mut().zip(&other.parts) {
            sum.0 += times * more.0;
            sum.1 += times * more.1;
        }
    }

    /// cov(part, total) / var(total) per part; NaN where the totals do not differ.
    fn shares(&self) -> Vec<f64> {
        let variance = self.total.1 - self.total.0 * self.total.0 / self.items;
        let share = |&(sum, product): &(f64, f64)| {
            if variance > 0.0 { (product - sum * self.total.0 / self.items) / variance } else { f64::NAN }
        };
        self.parts.iter().map(share).collect()
    }
}

/// The shares of `head`'s score variance over the items of `features` that it can score; empty where all scores are
/// equal. `groups` has the group (prompt) of each item; with `draws` > 0 intervals resample groups.
///
/// # Errors
/// As [`Head::dimension_scores`].
pub fn score_shares(
    head: &Head,
    features: &FeatureMatrix,
    groups: &[usize],
    (draws, seed): (usize, u64),
) -> Result<Vec<ScoreShare>> {
    let parts = head.dimension_scores(features)?;
    let scored: Vec<usize> =
        (0..features.item_ids.len()).filter(|&i| parts.iter().all(|(_, scores)| scores[i].is_some())).collect();
    let values: Vec<Vec<f64>> =
        parts.iter().map(|(_, scores)| scored.iter().map(|&i| scores[i].unwrap_or(0.0)).collect()).collect();
    let n = scored.len().max(1) as f64;
    let centred: Vec<Vec<f64>> = values
        .iter()
        .map(|part| {
            let mean = part.iter().sum::<f64>() / n;
            part.iter().map(|v| v - mean).collect()
        })
        .collect();
    let total: Vec<f64> = (0..scored.len()).map(|i| centred.iter().map(|part| part[i]).sum()).collect();
    let variance: f64 = total.iter().map(|t| t * t).sum();
    // Rounding alone must not look like a spread.
    let largest = values.iter().flatten().fold(0.0_f64, |m, v| m.max(v.abs()));
    if variance <= 1e-18 * n * largest * largest {
        return Ok(Vec::new());
    }
    let weight = |name: &Option<String>| -> f64 {
        let members = head.columns.iter().enumerate().filter(|(_, c)| c.dimension == *name);
        members.map(|(j, _)| head.influence(j)).sum()
    };
    let all: f64 = parts.iter().map(|(name, _)| weight(name)).sum();
    let of_items: Vec<usize> = scored.iter().map(|&i| groups.get(i).copied().unwrap_or(i)).collect();
    let intervals = share_intervals(&centred, &total, &of_items, draws, seed);
    let shares = parts.iter().zip(&centred).enumerate().map(|(k, ((name, _), part))| ScoreShare {
        dimension: name.clone(),
        share: part.iter().zip(&total).map(|(p, t)| p * t).sum::<f64>() / variance,
        low: intervals[k].map(|i| i.0),
        high: intervals[k].map(|i| i.1),
        weight: if all > 0.0 { weight(name) / all } else { 0.0 },
    });
    Ok(shares.collect())
}

/// Percentile intervals of the shares over resampled groups, per part; `None` with too few groups or draws.
fn share_intervals(
    parts: &[Vec<f64>],
    total: &[f64],
    groups: &[usize],
    draws: usize,
    seed: u64,
) -> Vec<Option<(f64, f64)>> {
    let mut by_group: BTreeMap<usize, Moments> = BTreeMap::new();
    for (i, (&group, &t)) in groups.iter().zip(total).enumerate() {
        let item =
            Moments { items: 1.0, total: (t, t * t), parts: parts.iter().map(|part| (part[i], part[i] * t)).collect() };
        by_group.entry(group).or_default().add(&item, 1.0);
    }
    let groups: Vec<Moments> = by_group.into_values().collect();
    if draws == 0 || groups.len() < 2 {
        return vec![None; parts.len()];
    }
    let mut found: Vec<Vec<f64>> = vec![Vec::with_capacity(draws); parts.len()];
    for draw in 0..draws {
        let mut random = rng::stream(seed, "score-shares", draw as u64);
        let mut times = vec![0.0; groups.len()];
        for _ in 0..groups.len() {
            times[random.random_range(0..groups.len())] += 1.0;
        }
        let mut sum = Moments::default();
        groups.iter().zip(&times).filter(|(_, times)| **times > 0.0).for_each(|(group, times)| sum.add(group, *times));
        found.iter_mut().zip(sum.shares()).for_each(|(list, share)| list.push(share));
    }
    found.iter().map(|list| percentile_interval(list).map(|i| (i.low, i.high))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::{Column, FeatureSource};
    use ndarray::array;

    fn matrix(values: ndarray::Array2<f64>) -> FeatureMatrix {
        let column = |j: usize| Column {
            id: format!("q{j}"),
            label: String::new(),
            kind: ColumnKind::Question,
            dimension: Some(format!("d{}", j / 2)),
            subdimension: None,
            text_sha256: None,
        };
        FeatureMatrix {
            item_ids: (0..values.nrows()).map(|i| i.to_string()).collect(),
            columns: (0..values.ncols()).map(column).collect(),
            scoreable: vec![true; values.nrows()],
            values,
            coding: Coding::Signed,
            source: FeatureSource::Answers,
            layout: None,
            notes: vec![],
        }
    }

    #[test]
    fn a_step_that_is_skipped_breaks_the_staircase() {
        // Columns: hard, easy. Rungs run from easy to hard.
        let matrix = matrix(array![[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0], [f64::NAN, 1.0], [0.0, 1.0]]);
        let found = ladder(&matrix, "hands", &[(1, "easy"), (0, "hard")]);
        assert_eq!(found.items, [1, 2, 1], "the missing and the masked answer are left out");
        assert_eq!(found.yes, [vec![0.0, 0.0], vec![0.5, 0.5], vec![1.0, 1.0]]);
        assert_eq!(found.broken, Some(0.25));
    }

    #[test]
    fn intervals_of_shares_hold_them_and_need_groups() {
        let first: Vec<f64> = (0..60).map(|i| f64::from(i % 7) - 3.0).collect();
        let second: Vec<f64> = (0..60).map(|i| f64::from(i * 11 % 5) - 2.0).collect();
        let total: Vec<f64> = first.iter().zip(&second).map(|(a, b)| a + b).collect();
        let groups: Vec<usize> = (0..60).map(|i| i / 3).collect();
        let parts = [first, second];
        let mut all = Moments::default();
        for i in 0..60 {
            let (a, b, t) = (parts[0][i], parts[1][i], total[i]);
            all.add(&Moments { items: 1.0, total: (t, t * t), parts: vec![(a, a * t), (b, b * t)] }, 1.0);
        }
        let shares = all.shares();
        assert!((shares[0] + shares[1] - 1.0).abs() < 1e-12, "together they are the whole");
        for (interval, share) in share_intervals(&parts, &total, &groups, 400, 1).iter().zip(shares) {
            let (low, high) = interval.unwrap();
            assert!(low < share && share < high && high - low < 0.5, "{share}: {low} to {high}");
        }
        assert_eq!(share_intervals(&parts, &total, &[0; 60], 400, 1), [None, None], "one group tells nothing");
    }

    #[test]
    fn correlations_use_the_items_that_have_both_values() {
        let found =
            correlations(&matrix(array![[1.0, 1.0, 5.0], [-1.0, -1.0, 5.0], [1.0, f64::NAN, 5.0], [-1.0, 1.0, 5.0]]));
        let below = found.unwrap().below;
        assert_eq!(below[1], [Some(0.5)]);
        assert_eq!(below[2], [None, None], "a constant column has none");
    }
}
