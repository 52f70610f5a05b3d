//! Pairs from mean ratings, where there is no pairs table.

use std::collections::BTreeMap;

use super::items::Interner;
use super::{Items, Pair, Rating, Votes};
use crate::checklist::Checklist;

/// Ratings are taken to nine decimals, so that their sums are whole numbers and means compare exactly: thirds tie.
const SCALE: f64 = 1e9;

/// Beyond this size a rating is cut, so that no sum can overflow.
const LARGEST: f64 = 1e15;

/// Sum (in units of [`SCALE`]) and number of an item's ratings.
#[derive(Clone, Copy, Default)]
struct Mean {
    sum: i128,
    count: i128,
}

/// All pairs of rated items within a prompt, for every rating dimension that is not a sub-dimension of the checklist.
/// The label is the sign of the difference of the exact means, the margin that difference. Pairs follow the order of
/// dimensions, prompts and items; the earlier item is `a`. Returns the pairs and the names of their dimensions.
pub fn pairs(items: &Items, ratings: &[Rating], checklist: Option<&Checklist>) -> (Vec<Pair>, Vec<String>) {
    let mut dimensions = Interner::default();
    let mut means: Vec<BTreeMap<usize, Mean>> = Vec::new();
    for rating in ratings.iter().filter(|r| !is_subdimension(&r.dimension, checklist)) {
        let dimension = dimensions.number(&rating.dimension);
        if dimension == means.len() {
            means.push(BTreeMap::new());
        }
        if let Some(mean) = means.get_mut(dimension).map(|m| m.entry(rating.item).or_default()) {
            mean.sum += exact(rating.value);
            mean.count += 1;
        }
    }
    let mut pairs = Vec::new();
    let mut names = Vec::new();
    for (name, means) in dimensions.names.iter().zip(&means) {
        let before = pairs.len();
        add_dimension(names.len(), means, items, &mut pairs);
        if pairs.len() > before {
            names.push(name.clone());
        }
    }
    (pairs, names)
}

fn add_dimension(dimension: usize, means: &BTreeMap<usize, Mean>, items: &Items, pairs: &mut Vec<Pair>) {
    let mut by_prompt: Vec<Vec<(usize, Mean)>> = vec![Vec::new(); items.prompt_ids.len()];
    for (&item, &mean) in means {
        if let Some(members) = items.prompt.get(item).and_then(|&p| by_prompt.get_mut(p)) {
            members.push((item, mean));
        }
    }
    let id = |item: usize| items.ids.get(item).map_or("", String::as_str);
    for (prompt, members) in items.prompt_ids.iter().zip(&by_prompt) {
        for (n, &(a, mean_a)) in members.iter().enumerate() {
            for &(b, mean_b) in members.iter().skip(n + 1) {
                pairs.push(Pair {
                    id: format!("{prompt}~{}~{}", id(a), id(b)),
                    dimension,
                    a,
                    b,
                    votes: verdict(mean_a, mean_b),
                    voters: usize::try_from(mean_a.count.min(mean_b.count)).unwrap_or(usize::MAX),
                    weight: 1.0,
                    split: None,
                    margin: Some(difference(mean_a, mean_b)),
                });
            }
        }
    }
}

/// Cross-multiplied difference of two means: exact.
fn cross(a: Mean, b: Mean) -> i128 {
    a.sum * b.count - b.sum * a.count
}

fn verdict(a: Mean, b: Mean) -> Votes {
    match cross(a, b).signum() {
        1 => Votes { a: 1.0, tie: 0.0, b: 0.0 },
        -1 => Votes { a: 0.0, tie: 0.0, b: 1.0 },
        _ => Votes { a: 0.0, tie: 1.0, b: 0.0 },
    }
}

#[allow(clippy::cast_precision_loss)]
fn difference(a: Mean, b: Mean) -> f64 {
    cross(a, b) as f64 / (a.count * b.count) as f64 / SCALE
}

#[allow(clippy::cast_possible_truncation)]
fn exact(value: f64) -> i128 {
    (value.clamp(-LARGEST, LARGEST) * SCALE).round() as i128
}

/// Ratings on a sub-dimension are for the audit of answers; a name that is a dimension too counts as one.
fn is_subdimension(name: &str, checklist: Option<&Checklist>) -> bool {
    checklist
        .is_some_and(|c| !c.dimensions.iter().any(|d| d == name) && c.questions.iter().any(|q| q.subdimension == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rated(values: &[(usize, f64)]) -> Vec<Rating> {
        let rating =
            |&(item, value): &(usize, f64)| Rating { item, annotator: "r".into(), dimension: "overall".into(), value };
        values.iter().map(rating).collect()
    }

    fn items() -> Items {
        Items {
            ids: ["x", "y", "z"].map(String::from).to_vec(),
            prompt: vec![0, 0, 1],
            prompt_ids: vec!["p".into(), "q".into()],
            prompt_texts: vec![None, None],
            prompt_group: vec![0, 1],
            ..Items::default()
        }
    }

    #[test]
    fn thirds_tie() {
        // 0.1 + 0.2 + 0.3 and 0.3 + 0.2 + 0.1 differ as floating-point sums; 1/3 · 4 = 2/3 · 2 as means of 3 and 6.
        let ratings = rated(&[(0, 0.1), (0, 0.2), (0, 0.3), (1, 0.3), (1, 0.2), (1, 0.1)]);
        let (pairs, names) = pairs(&items(), &ratings, None);
        assert_eq!(names, ["overall"]);
        assert_eq!(pairs.len(), 1, "the third item has another prompt and no rating");
        assert_eq!(pairs[0].votes, Votes { a: 0.0, tie: 1.0, b: 0.0 });
        assert_eq!(pairs[0].margin, Some(0.0));
        assert_eq!(pairs[0].id, "p~x~y");
    }

    #[test]
    fn means_of_different_counts_compare_exactly() {
        let ratings =
            rated(&[(0, 1.0), (0, 0.0), (0, 0.0), (1, 1.0), (1, 0.0), (1, 0.0), (1, 1.0), (1, 0.0), (1, 0.0)]);
        let (tied, _) = pairs(&items(), &ratings, None);
        assert_eq!(tied[0].votes.tie, 1.0);
        let (won, _) = pairs(&items(), &rated(&[(0, 2.0), (0, 3.0), (1, 2.0)]), None);
        assert_eq!((won[0].votes.a, won[0].margin), (1.0, Some(0.5)));
    }

    #[test]
    fn huge_ratings_do_not_overflow() {
        let ratings = rated(&[(0, f64::MAX), (0, f64::MAX), (1, f64::MIN)]);
        assert_eq!(pairs(&items(), &ratings, None).0[0].votes.a, 1.0);
    }
}
