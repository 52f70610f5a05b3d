//! Item scores against mean human ratings: Kendall's tau-b, Spearman and Pearson, pooled and within prompts
//! (definitions §3.13).

use std::collections::BTreeMap;

use rand::RngExt;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::facts::RatedItem;
use super::intervals::{FEWEST_GROUPS, FEWEST_PAIRS, NOT_ENOUGH, percentile_interval};
use super::results::{Correlation, Statistic, Within};
use super::scorers::ItemScores;
use crate::rng;
use crate::stats::{kendall_tau_b, pearson, spearman};

/// What an item without a score counts as.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MissingItem {
    /// It is left out.
    Drop,
    /// It has this score; the DSG release scores images without answers 0.
    Score(f64),
}

impl Statistic {
    /// All, in the order of tables.
    pub const ALL: [Statistic; 3] = [Statistic::KendallTauB, Statistic::Spearman, Statistic::Pearson];

    /// The id, as in files.
    pub fn id(self) -> &'static str {
        match self {
            Statistic::KendallTauB => "kendall-tau-b",
            Statistic::Spearman => "spearman",
            Statistic::Pearson => "pearson",
        }
    }

    fn of(self, x: &[f64], y: &[f64]) -> Option<f64> {
        match self {
            Statistic::KendallTauB => kendall_tau_b(x, y),
            Statistic::Spearman => spearman(x, y),
            Statistic::Pearson => pearson(x, y),
        }
    }
}

/// All correlations of every scorer on one dimension, with intervals from `draws` draws of groups. `rated` is ascending by
/// item id (`facts::rated_items`).
pub fn correlations(
    rated: &[RatedItem],
    dimension: &str,
    scorers: &[ItemScores],
    missing: MissingItem,
    draws: usize,
    seed: u64,
) -> Vec<Correlation> {
    scorers.par_iter().flat_map_iter(|scorer| of_scorer(dimension, rated, scorer, missing, draws, seed)).collect()
}

/// One item that has both numbers.
#[derive(Clone, Copy)]
struct Both {
    score: f64,
    rating: f64,
    prompt: u32,
}

fn of_scorer(
    dimension: &str,
    rated: &[RatedItem],
    scorer: &ItemScores,
    missing: MissingItem,
    draws: usize,
    seed: u64,
) -> Vec<Correlation> {
    let mut groups: BTreeMap<u32, Vec<Both>> = BTreeMap::new();
    let mut order: Vec<u32> = Vec::new();
    for item in rated {
        let score = match (scorer.values[item.item], missing) {
            (Some(score), _) | (None, MissingItem::Score(score)) => score,
            (None, MissingItem::Drop) => continue,
        };
        if !groups.contains_key(&item.group) {
            order.push(item.group);
        }
        groups.entry(item.group).or_default().push(Both { score, rating: item.mean(), prompt: item.prompt });
    }
    // Groups in the order of their first item's id, whatever number they have.
    let groups: Vec<Vec<Both>> = order.iter().filter_map(|g| groups.remove(g)).collect();
    let resamples: Vec<Vec<usize>> = (0..draws)
        .map(|draw| {
            let mut random = rng::stream(seed, "evaluate/correlations", draw as u64);
            (0..groups.len()).map(|_| random.random_range(0..groups.len() as u32) as usize).collect()
        })
        .collect();
    let mut found = Vec::new();
    for within in [Within::Pooled, Within::Prompt] {
        for statistic in Statistic::ALL {
            found.push(one(dimension, &scorer.scorer, &groups, &resamples, within, statistic));
        }
    }
    found
}

fn one(
    dimension: &str,
    scorer: &str,
    groups: &[Vec<Both>],
    resamples: &[Vec<usize>],
    within: Within,
    statistic: Statistic,
) -> Correlation {
    let items: usize = groups.iter().map(Vec::len).sum();
    let (value, prompts, draws) = match within {
        Within::Pooled => {
            let pooled = |chosen: &mut dyn Iterator<Item = usize>| {
                let (x, y): (Vec<f64>, Vec<f64>) =
                    chosen.flat_map(|g| &groups[g]).map(|both| (both.score, both.rating)).unzip();
                statistic.of(&x, &y)
            };
            let draws: Vec<f64> =
                (resamples.par_iter()).map(|drawn| pooled(&mut drawn.iter().copied()).unwrap_or(f64::NAN)).collect();
            (pooled(&mut (0..groups.len())), groups.len(), draws)
        }
        Within::Prompt => {
            let sums: Vec<(f64, usize)> = groups.iter().map(|group| inside(group, statistic)).collect();
            let mean = |chosen: &mut dyn Iterator<Item = usize>| {
                let (sum, n) = chosen.fold((0.0, 0), |(sum, n), g| (sum + sums[g].0, n + sums[g].1));
                (n > 0).then(|| sum / n as f64)
            };
            let draws = resamples.iter().map(|drawn| mean(&mut drawn.iter().copied()).unwrap_or(f64::NAN)).collect();
            (mean(&mut (0..groups.len())), sums.iter().map(|s| s.1).sum(), draws)
        }
    };
    let enough = items >= FEWEST_PAIRS && prompts >= FEWEST_GROUPS;
    let interval = value.filter(|_| enough).and_then(|_| percentile_interval(&draws));
    let reason = match (value, within) {
        (None, _) if items == 0 => Some("no item has both a score and a rating".to_owned()),
        (None, Within::Pooled) => Some("the scores or the ratings of all items are equal".to_owned()),
        (None, Within::Prompt) => Some("in no prompt do both scores and ratings differ".to_owned()),
        (Some(_), _) if !enough => {
            Some(format!("{NOT_ENOUGH} for an interval: fewer than {FEWEST_PAIRS} items or {FEWEST_GROUPS} prompts"))
        }
        _ => None,
    };
    Correlation {
        dimension: dimension.to_owned(),
        scorer: scorer.to_owned(),
        statistic,
        within,
        value,
        low: interval.map(|i| i.low),
        high: interval.map(|i| i.high),
        n: items,
        prompts,
        reason,
    }
}

/// Sum of the correlations inside the prompts of a group, and their number.
fn inside(group: &[Both], statistic: Statistic) -> (f64, usize) {
    let mut prompts: BTreeMap<u32, (Vec<f64>, Vec<f64>)> = BTreeMap::new();
    for both in group {
        let lists = prompts.entry(both.prompt).or_default();
        lists.0.push(both.score);
        lists.1.push(both.rating);
    }
    let defined: Vec<f64> = prompts.values().filter_map(|(x, y)| statistic.of(x, y)).collect();
    (defined.iter().sum(), defined.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Dataset, Rating};
    use crate::evaluate::facts::rated_items;
    use crate::features::testing::Tiny;

    /// The vector with prompts. Ratings and scores:
    ///
    /// | prompt | ratings | scores |
    /// |---|---|---|
    /// | p | 1 2 3 | 1 3 2 |
    /// | q | 2 2 5 | 4 5 6 |
    /// | r | 3 3 | 1 2 |
    fn vector() -> (Dataset, ItemScores) {
        let table = [
            ("p", 1.0, 1.0),
            ("p", 2.0, 3.0),
            ("p", 3.0, 2.0),
            ("q", 2.0, 4.0),
            ("q", 2.0, 5.0),
            ("q", 5.0, 6.0),
            ("r", 3.0, 1.0),
            ("r", 3.0, 2.0),
        ];
        let mut tiny = Tiny::new();
        for (i, (prompt, ..)) in table.iter().enumerate() {
            tiny = tiny.item(&format!("i{i}"), prompt);
        }
        let mut ds = tiny.build();
        for (item, row) in table.iter().enumerate() {
            let rating = |value| Rating { item, annotator: "x".to_owned(), dimension: "d".to_owned(), value };
            // Two raters around the mean.
            ds.ratings.extend([rating(row.1 - 0.5), rating(row.1 + 0.5)]);
        }
        let values = table.iter().map(|row| Some(row.2)).collect();
        (ds, ItemScores { scorer: "s".to_owned(), values })
    }

    #[test]
    fn the_vector_with_prompts_by_hand() {
        let (ds, scorer) = vector();
        let found = correlations(&rated_items(&ds, "d"), "d", &[scorer], MissingItem::Drop, 0, 1);
        let value = |within, statistic| {
            let row = found.iter().find(|c| c.within == within && c.statistic == statistic).unwrap();
            (row.value.unwrap(), row.prompts)
        };
        // p: 2 concordant, 1 discordant of 3; q: 2 concordant, one tie in the ratings; r: undefined.
        let (tau, prompts) = value(Within::Prompt, Statistic::KendallTauB);
        assert!((tau - (1.0 / 3.0 + 2.0 / 6.0f64.sqrt()) / 2.0).abs() < 1e-12 && prompts == 2);
        let (rho, _) = value(Within::Prompt, Statistic::Spearman);
        // p: ranks 1 2 3 against 1 3 2: ½; q: ranks 1.5 1.5 3 against 1 2 3: √3/2.
        assert!((rho - (0.5 + 3.0f64.sqrt() / 2.0) / 2.0).abs() < 1e-12);
        let (r, _) = value(Within::Prompt, Statistic::Pearson);
        assert!((r - (0.5 + 3.0f64.sqrt() / 2.0) / 2.0).abs() < 1e-12);
        // Pooled: every pair of items, by the definition.
        let (pooled, prompts) = value(Within::Pooled, Statistic::KendallTauB);
        let rating = [1.0, 2.0, 3.0, 2.0, 2.0, 5.0, 3.0, 3.0];
        let score = [1.0, 3.0, 2.0, 4.0, 5.0, 6.0, 1.0, 2.0];
        let (mut surplus, mut free_r, mut free_s) = (0.0f64, 0.0f64, 0.0f64);
        for i in 0..8 {
            for j in 0..i {
                let sign = |a: f64, b: f64| f64::from(i8::from(a > b) - i8::from(a < b));
                let (a, b) = (sign(rating[i], rating[j]), sign(score[i], score[j]));
                surplus += a * b;
                free_r += a * a;
                free_s += b * b;
            }
        }
        assert!((pooled - surplus / (free_r * free_s).sqrt()).abs() < 1e-12 && prompts == 3);
    }

    #[test]
    fn a_missing_item_is_left_out_or_scored() {
        let (ds, mut scorer) = vector();
        scorer.values[5] = None;
        let n = |missing| correlations(&rated_items(&ds, "d"), "d", &[scorer.clone()], missing, 0, 1)[0].n;
        assert_eq!((n(MissingItem::Drop), n(MissingItem::Score(0.0))), (7, 8));
    }

    #[test]
    fn what_is_constant_or_unrated_has_a_reason() {
        let (ds, mut scorer) = vector();
        let none = correlations(&rated_items(&ds, "other"), "other", &[scorer.clone()], MissingItem::Drop, 20, 1);
        assert!(
            none.iter()
                .all(|c| c.value.is_none() && c.reason.as_deref() == Some("no item has both a score and a rating"))
        );
        scorer.values.iter_mut().for_each(|v| *v = Some(1.0));
        let constant = correlations(&rated_items(&ds, "d"), "d", &[scorer], MissingItem::Drop, 20, 1);
        assert!(constant.iter().all(|c| c.value.is_none() && c.reason.is_some()));
    }
}
