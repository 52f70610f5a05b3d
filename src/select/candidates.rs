//! Items → points: the parts, the total and the gap of every candidate, and which prompts must stay out.

use std::collections::BTreeSet;

use super::pareto::{Limits, Points};
use super::{GapScale, SelectOptions, Tolerance};
use crate::dataset::{Dataset, Split};
use crate::features::FeatureMatrix;
use crate::head::{Head, HeadsFile, Level, Scale, prompt_hash};
use crate::{Error, Result};

/// Prompts that belong to an evaluation and must not be trained on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Guard {
    /// Hashes of prompts of other data ([`prompt_hash`]).
    pub hashes: BTreeSet<String>,
    /// Whether prompts of test pairs in the data themselves may be used.
    pub allow_test: bool,
}

/// The candidates of a data set, ready to be paired.
#[derive(Debug)]
pub struct Candidates {
    /// Scores per item.
    pub points: Points,
    /// When one is better than another.
    pub limits: Limits,
    /// Names of the parts.
    pub parts: Vec<String>,
    /// Per item: whether it takes part.
    pub usable: Vec<bool>,
    /// Items per prompt that is not guarded, in prompt order: (prompt, items).
    pub groups: Vec<(usize, Vec<usize>)>,
    /// Prompts left out by the guard.
    pub guarded: usize,
    /// Items that the head cannot score.
    pub unscoreable: usize,
    /// Items left out because an answer is missing.
    pub incomplete: usize,
    /// What the user should know.
    pub notes: Vec<String>,
}

impl Candidates {
    /// Scores the items with the head of `dimension`. Parts are those of its columns by `options.level`; where the columns
    /// have no checklist dimension and the file has other heads, these heads' scores are the parts.
    ///
    /// # Errors
    /// As [`Head::score`]; [`Error::Usage`] where the head has nothing to split, or no such scale.
    pub fn new(
        file: &HeadsFile,
        head: &Head,
        ds: &Dataset,
        matrix: &FeatureMatrix,
        guard: &Guard,
        options: &SelectOptions,
    ) -> Result<Self> {
        let mut notes = Vec::new();
        let total = head.score(matrix)?;
        let scale = match options.gap_scale {
            GapScale::Unit => Scale::Unit,
            GapScale::Signed => Scale::Signed,
        };
        let gap = head.score_on(matrix, scale)?;
        let split = head.parts(options.level);
        let nameless = split.iter().all(|part| part.name.is_none());
        let others: Vec<&Head> = file.heads.iter().filter(|other| other.dimension != head.dimension).collect();
        let (parts, scores, weight): (Vec<String>, Vec<Vec<Option<f64>>>, Vec<f64>) = if nameless
            && options.level != Level::Question
            && !others.is_empty()
        {
            notes.push(format!(
                    "the columns of \"{}\" have no checklist dimension, so the other heads of the file are what must not be worse",
                    head.dimension
                ));
            let scores = others.iter().map(|other| other.score(matrix)).collect::<Result<_>>()?;
            (others.iter().map(|h| h.dimension.clone()).collect(), scores, vec![0.0; others.len()])
        } else if nameless && options.level != Level::Question {
            return Err(Error::Usage(format!(
                "the columns of \"{}\" belong to no checklist dimension, and the file has no other head: nothing could be \
                     worse. Use --level question, or --rule total",
                head.dimension
            )));
        } else {
            let name = |part: &crate::head::Part| part.name.clone().unwrap_or_else(|| "other".to_owned());
            let size = |part: &crate::head::Part| part.members.iter().map(|&j| head.weights[j].abs()).sum();
            let scores = head.part_scores(matrix, &split, Scale::Head)?;
            (split.iter().map(name).collect(), scores, split.iter().map(size).collect())
        };
        let (usable, unscoreable, incomplete) = usable(head, matrix, &total, options)?;
        let (groups, guarded) = groups(ds, guard);
        let value = |score: Option<f64>| score.unwrap_or(f64::NAN);
        let points = Points {
            width: parts.len(),
            parts: (0..ds.items.len()).flat_map(|i| scores.iter().map(move |s| value(s[i]))).collect(),
            total: total.into_iter().map(value).collect(),
            gap: gap.into_iter().map(value).collect(),
        };
        let limits = limits(head, &others, nameless, &weight, &points, options);
        Ok(Self { points, limits, parts, usable, groups, guarded, unscoreable, incomplete, notes })
    }
}

/// Which items take part, how many cannot be scored, how many lack an answer.
fn usable(
    head: &Head,
    matrix: &FeatureMatrix,
    total: &[Option<f64>],
    options: &SelectOptions,
) -> Result<(Vec<bool>, usize, usize)> {
    let mut usable: Vec<bool> = total.iter().map(Option::is_some).collect();
    let unscoreable = usable.iter().filter(|&&usable| !usable).count();
    let mut incomplete = 0;
    if options.complete_only {
        let bounds = head.bounds(matrix, &Default::default(), Scale::Head)?;
        for (usable, bounds) in usable.iter_mut().zip(bounds) {
            if *usable && bounds.is_some_and(|b| b.missing > 0) {
                *usable = false;
                incomplete += 1;
            }
        }
    }
    Ok((usable, unscoreable, incomplete))
}

/// The items of each prompt that may be used. Prompts with equal text share the guard.
fn groups(ds: &Dataset, guard: &Guard) -> (Vec<(usize, Vec<usize>)>, usize) {
    let mut banned: BTreeSet<usize> = BTreeSet::new();
    if !guard.allow_test {
        let tests = ds.pairs.iter().filter(|pair| pair.split == Some(Split::Test));
        banned.extend(tests.map(|pair| ds.items.group(pair.a)));
    }
    let prompts = ds.items.prompt_ids.len();
    if !guard.hashes.is_empty() {
        banned.extend(
            (0..prompts).filter(|&p| guard.hashes.contains(&prompt_hash(ds, p))).map(|p| ds.items.prompt_group[p]),
        );
    }
    let mut items: Vec<Vec<usize>> = vec![Vec::new(); prompts];
    for (item, &prompt) in ds.items.prompt.iter().enumerate() {
        items[prompt].push(item);
    }
    let allowed = |prompt: &usize| !banned.contains(&ds.items.prompt_group[*prompt]);
    let guarded = (0..prompts).filter(|p| !allowed(p)).count();
    let groups = items.into_iter().enumerate().filter(|(prompt, _)| allowed(prompt)).collect();
    (groups, guarded)
}

fn limits(
    head: &Head,
    others: &[&Head],
    by_heads: bool,
    weight: &[f64],
    points: &Points,
    options: &SelectOptions,
) -> Limits {
    // Sums of the same weights in another order differ in the last digits; that is no difference.
    let size = points.total.iter().filter(|t| t.is_finite()).fold(1.0f64, |size, t| size.max(t.abs()));
    let rounding = 1e-12 * size;
    let whole: f64 = head.weights.iter().map(|w| w.abs()).sum();
    let share = |k: usize| if whole > 0.0 { weight[k] / whole } else { 0.0 };
    let (slack, lead) = match options.tolerance {
        Tolerance::None => (vec![0.0; points.width], 0.0),
        Tolerance::By(slack) => (vec![slack; points.width], 0.0),
        Tolerance::Tie if by_heads && !others.is_empty() && others.len() == points.width => {
            (others.iter().map(|other| other.tie_threshold).collect(), head.tie_threshold)
        }
        Tolerance::Tie => ((0..points.width).map(|k| share(k) * head.tie_threshold).collect(), head.tie_threshold),
    };
    Limits {
        slack: slack.into_iter().map(|s: f64| s + rounding).collect(),
        lead: lead + rounding,
        min_gap: options.min_gap - rounding,
    }
}
