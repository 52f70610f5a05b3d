//! Negative controls: the heads' own data with the connection between answers and labels cut. A fit on them must rank held-out
//! pairs no better than a coin; if it does, accuracy leaks in from somewhere else, and no other figure can be trusted.

use rand::Rng;
use rand::RngExt;
use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::head::{View, accuracy, each, train_options};
use super::{Area, AuditInput, Band, Estimate, Finding, Outcome, Side};
use crate::features::PairMatrix;
use crate::fit::cross_validation::folds_by_group;
use crate::fit::{self, FitOptions};
use crate::head::BoundsRule;
use crate::stats::counts::margin;
use crate::{Result, rng};

const CHANCE: Band = Band { null: 0.5, look: 0.03, bad: 0.06, side: Side::Both };
/// Folds of each control.
const FOLDS: usize = 3;
/// Penalty in units of the head's own: weak enough that noise gets weights.
const PENALTY: f64 = 0.1;
/// Pairs that are worked on in all repetitions together, about.
const WORK: usize = 6_000;

/// What is exchanged.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Control {
    /// Every item gets the answers of an item drawn from the whole data set.
    ShuffledAnswers,
    /// The items of a prompt get the answers of the items of another prompt, in random order.
    SwappedPrompts,
    /// Every pair gets the votes of another pair, turned round at random.
    PermutedLabels,
}

impl Control {
    const ALL: [Self; 3] = [Self::ShuffledAnswers, Self::SwappedPrompts, Self::PermutedLabels];

    fn id(self) -> &'static str {
        match self {
            Self::ShuffledAnswers => "control-shuffled-answers",
            Self::SwappedPrompts => "control-swapped-prompts",
            Self::PermutedLabels => "control-permuted-labels",
        }
    }

    fn about(self) -> &'static str {
        match self {
            Self::ShuffledAnswers => "answers shuffled among all items",
            Self::SwappedPrompts => "answers exchanged between prompts",
            Self::PermutedLabels => "labels permuted among pairs",
        }
    }
}

/// All controls of all heads.
pub(super) fn run(input: &AuditInput) -> Result<Outcome> {
    if !input.options.refits {
        return Ok(Outcome::not_applicable("refits were switched off"));
    }
    each(input, |view, out| {
        for control in Control::ALL {
            input.say(&format!("controls of {}: {}", view.name, control.about()));
            look(view, control, out);
        }
        Ok(())
    })
}

fn look(view: &View, control: Control, out: &mut Outcome) {
    let finding = Finding::of(Area::Controls, control.id(), Some(view.name), "accuracy of a refit");
    let repetitions = (WORK / view.pairs.pair.len().max(1)).clamp(1, 10);
    let found: Vec<Option<Scored>> =
        (0..repetitions).into_par_iter().map(|k| repeat(view, control, k as u64)).collect();
    let (mut human, mut margins, mut cluster) = (Vec::new(), Vec::new(), Vec::new());
    for scored in found.into_iter().flatten() {
        human.extend(scored.human);
        margins.extend(scored.margin);
        cluster.extend(scored.cluster);
    }
    let Some(found) = accuracy(&human, &margins, &cluster) else {
        out.findings.push(finding.undefined("no decided pair was left, or the refits failed"));
        return;
    };
    // Without a hypothesis of its own in the family: a control is a check of the audit.
    let found = Estimate { p: None, ..found };
    out.findings.push(finding.measured(&found, "accuracy (diff-half)", "decided pairs", CHANCE).saying(
        format!("with {} a refit ranks {:.1} % of the held-out pairs right", control.about(), 100.0 * found.value),
        "accuracy comes from somewhere else than the answers: look for duplicated items or prompts, and for a label in the features",
    ));
}

/// Held-out margins of one repetition.
struct Scored {
    human: Vec<i8>,
    margin: Vec<f64>,
    cluster: Vec<usize>,
}

fn repeat(view: &View, control: Control, number: u64) -> Option<Scored> {
    let seed = view.input.options.seed;
    let mut stream = rng::stream(seed, &format!("{}/{}", control.id(), view.name), number);
    let matrix = spoiled(view, control, &mut stream)?;
    let fold = folds_by_group(&matrix.group, FOLDS, seed.wrapping_add(number));
    let mut margins = vec![0.0; matrix.pair.len()];
    for f in 0..FOLDS {
        let (held, rest): (Vec<usize>, Vec<usize>) = (0..margins.len()).partition(|&r| fold[r] == f);
        if rest.is_empty() {
            continue;
        }
        let weights = fit::fit(&matrix.rows(&rest), &options(view)).ok()?.weights;
        for r in held {
            let score: f64 = matrix.x.row(r).iter().zip(&weights).map(|(x, w)| x * w).sum();
            margins[r] = margin(score, 0.0);
        }
    }
    Some(Scored {
        human: matrix.votes.iter().map(|v| v.plurality()).collect(),
        cluster: matrix.group.clone(),
        margin: margins,
    })
}

fn options(view: &View) -> FitOptions {
    let train = train_options(view);
    let columns = view.head.columns.len();
    let bounds = match train.bounds {
        BoundsRule::Default => crate::features::default_bounds(&view.head.columns),
        BoundsRule::NonNegative => vec![(0.0, f64::INFINITY); columns],
        BoundsRule::Free => vec![(f64::NEG_INFINITY, f64::INFINITY); columns],
    };
    FitOptions {
        lambda: Some(PENALTY * if view.head.lambda > 0.0 { view.head.lambda } else { 0.01 }),
        tolerance: 1e-4,
        bootstrap: 0,
        bounds,
        ..FitOptions::new(columns)
    }
}

/// The pairs with the connection cut; `None` where nothing is left.
fn spoiled(view: &View, control: Control, stream: &mut impl Rng) -> Option<PairMatrix> {
    let ds = view.ds();
    let mut matrix = view.pairs.clone();
    if control == Control::PermutedLabels {
        let mut from: Vec<usize> = (0..matrix.pair.len()).collect();
        from.shuffle(stream);
        matrix.votes = from
            .into_iter()
            .map(|r| {
                let mut votes = view.pairs.votes[r];
                if stream.random_bool(0.5) {
                    std::mem::swap(&mut votes.a, &mut votes.b);
                }
                votes
            })
            .collect();
        return Some(matrix);
    }
    let giver = match control {
        Control::ShuffledAnswers => shuffled_items(view, stream),
        _ => swapped_prompts(view, stream),
    };
    let prepared = view.head.preparation.apply(&view.features).ok()?;
    let mut kept = Vec::new();
    for (r, &p) in view.pairs.pair.iter().enumerate() {
        let (a, b) = (giver[ds.pairs[p].a], giver[ds.pairs[p].b]);
        let row = &prepared.row(a) - &prepared.row(b);
        if row.iter().all(|v| v.is_finite()) {
            matrix.x.row_mut(r).assign(&row);
            kept.push(r);
        }
    }
    (!kept.is_empty()).then(|| matrix.rows(&kept))
}

/// Items of the view's pairs, without repetition, in order.
fn items(view: &View) -> Vec<usize> {
    let ds = view.ds();
    let mut items: Vec<usize> = view.pairs.pair.iter().flat_map(|&p| [ds.pairs[p].a, ds.pairs[p].b]).collect();
    items.sort_unstable();
    items.dedup();
    items
}

fn shuffled_items(view: &View, stream: &mut impl Rng) -> Vec<usize> {
    let items = items(view);
    let mut from = items.clone();
    from.shuffle(stream);
    let mut giver: Vec<usize> = (0..view.ds().items.len()).collect();
    items.iter().zip(from).for_each(|(&item, other)| giver[item] = other);
    giver
}

/// Prompts in a random circle: each takes the items of the next one.
fn swapped_prompts(view: &View, stream: &mut impl Rng) -> Vec<usize> {
    let mut of: std::collections::BTreeMap<usize, Vec<usize>> = Default::default();
    for item in items(view) {
        of.entry(view.ds().items.group(item)).or_default().push(item);
    }
    let mut prompts: Vec<Vec<usize>> = of.into_values().collect();
    prompts.shuffle(stream);
    let mut giver: Vec<usize> = (0..view.ds().items.len()).collect();
    for k in 0..prompts.len() {
        let mut from = prompts[(k + 1) % prompts.len()].clone();
        from.shuffle(stream);
        prompts[k].iter().zip(from.iter().cycle()).for_each(|(&item, &other)| giver[item] = other);
    }
    giver
}
