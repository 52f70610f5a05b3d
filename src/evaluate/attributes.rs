//! What one plain attribute reaches: knowing only the generator, or only a length, how often does one agree with people?
//! Fitted on the training pairs of each fold, the choice of the attribute included.

use std::collections::{BTreeMap, BTreeSet};

use super::margins::{HeldOut, LabelledPairs, ScoredPairs, calibrated_threshold, margins_of};
use super::scorers::ItemScores;
use crate::dataset::Dataset;

/// Name of the best attribute among the scorers of a report's tables.
pub const ATTRIBUTE: &str = "(attribute)";

/// A categorical attribute with more values is a name, not a kind.
const MOST_VALUES: usize = 100;
/// Each category starts with one win and one loss, so that one pair decides little.
const PRIOR: f64 = 1.0;

/// The best single attribute of the items as a scorer.
#[derive(Debug, Clone, PartialEq)]
pub struct BestAttribute {
    /// Its margins; an item whose attribute is unknown is as good as any other.
    pub scored: ScoredPairs,
    /// Value per item, each by the fold that its prompt is scored in.
    pub items: ItemScores,
    /// Which attribute was chosen, in how many folds.
    pub detail: String,
}

/// The best attribute of each fold by `diff-half` on its training pairs, as one scorer; `None` where no attribute differs within pairs, or a part has no training
/// pairs.
pub fn best_attribute(
    ds: &Dataset,
    labels: &LabelledPairs,
    part: &[usize],
    training: &[Option<Vec<usize>>],
) -> Option<BestAttribute> {
    let mut values = vec![None; ds.items.len()];
    let mut thresholds = vec![0.0; labels.len()];
    let mut chosen: BTreeMap<String, usize> = BTreeMap::new();
    let used: BTreeSet<usize> = part.iter().copied().collect();
    for &fold in &used {
        let train = training.get(fold)?.as_ref()?;
        let (name, scores) = best_on(ds, train)?;
        let at: Vec<usize> = (0..labels.len()).filter(|&i| part[i] == fold).collect();
        let human: Vec<i8> = train.iter().map(|&p| ds.pairs[p].votes.plurality()).collect();
        let threshold = calibrated_threshold(&human, &margins_of(ds, train, &scores), true)?;
        for i in at {
            thresholds[i] = threshold;
            for item in labels.items[i].map(|item| item as usize) {
                values[item] = scores[item];
            }
        }
        *chosen.entry(name).or_default() += 1;
    }
    let mut by_count: Vec<(String, usize)> = chosen.into_iter().collect();
    by_count.sort_by(|x, y| y.1.cmp(&x.1).then(x.0.cmp(&y.0)));
    let detail = match by_count.as_slice() {
        [] => return None,
        [(name, _)] => name.clone(),
        several => several.iter().map(|(name, n)| format!("{name} in {n}")).collect::<Vec<_>>().join(", ") + " folds",
    };
    let margins = margins_of(ds, &labels.pair, &values);
    let scored = ScoredPairs::new(ATTRIBUTE, margins, HeldOut::Thresholds(thresholds)).missing_as_equal();
    Some(BestAttribute { scored, items: ItemScores { scorer: ATTRIBUTE.to_owned(), values }, detail })
}

/// The attribute whose scores agree best with the training labels.
fn best_on(ds: &Dataset, train: &[usize]) -> Option<(String, Vec<Option<f64>>)> {
    let mut best: Option<(f64, String, Vec<Option<f64>>)> = None;
    for (name, values) in &ds.items.attributes {
        let Some(scores) = scores_of(ds, values, train) else { continue };
        let agreed = agreement(ds, &scores, train);
        if best.as_ref().is_none_or(|b| agreed > b.0) {
            best = Some((agreed, name.clone(), scores));
        }
    }
    best.map(|(_, name, scores)| (name, scores))
}

/// Numbers with the sign that suits the training pairs, or the win share of each category in them. `None` for an
/// attribute that differs within no pair, or that names single items.
fn scores_of(ds: &Dataset, values: &[Option<String>], train: &[usize]) -> Option<Vec<Option<f64>>> {
    let differs = |p: &&usize| values[ds.pairs[**p].a] != values[ds.pairs[**p].b];
    train.iter().find(differs)?;
    let numbers: Option<Vec<Option<f64>>> = values
        .iter()
        .map(|v| v.as_deref().map_or(Some(None), |t| t.trim().parse::<f64>().ok().filter(|x| x.is_finite()).map(Some)))
        .collect();
    if let Some(numbers) = numbers {
        let turned = numbers.iter().map(|v| v.map(|v| -v)).collect();
        return Some(if agreement(ds, &numbers, train) >= 0.5 { numbers } else { turned });
    }
    let distinct: BTreeSet<&str> = values.iter().flatten().map(String::as_str).collect();
    if distinct.len() > MOST_VALUES || 2 * distinct.len() > values.len() {
        return None;
    }
    let mut wins: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for &p in train {
        let pair = &ds.pairs[p];
        let (Some(a), Some(b)) = (values[pair.a].as_deref(), values[pair.b].as_deref()) else { continue };
        if a != b {
            let outcome = 0.5 + 0.5 * f64::from(pair.votes.plurality());
            for (value, won) in [(a, outcome), (b, 1.0 - outcome)] {
                let tally = wins.entry(value).or_insert((PRIOR, 2.0 * PRIOR));
                *tally = (tally.0 + won, tally.1 + 1.0);
            }
        }
    }
    let share = |value: &str| wins.get(value).map(|(won, n)| won / n);
    Some(values.iter().map(|v| v.as_deref().and_then(share)).collect())
}

/// `diff-half`, an unknown score being an equal one; ½ without decided pairs.
fn agreement(ds: &Dataset, scores: &[Option<f64>], pairs: &[usize]) -> f64 {
    let (mut sum, mut n) = (0.0, 0.0);
    for (&p, margin) in pairs.iter().zip(margins_of(ds, pairs, scores)) {
        let human = f64::from(ds.pairs[p].votes.plurality());
        if human != 0.0 {
            n += 1.0;
            sum += match margin.unwrap_or(0.0) * human {
                0.0 => 0.5,
                m if m > 0.0 => 1.0,
                _ => 0.0,
            };
        }
    }
    if n > 0.0 { sum / n } else { 0.5 }
}
