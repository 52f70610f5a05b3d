//! The head's margins on pairs that it was not fitted on, as far as the data allow.

use std::str::FromStr;

use super::View;
use crate::audit::AuditInput;
use crate::dataset::Split;
use crate::evaluate::{EvaluateOptions, Mode, Protocol, evaluate_with_scores};
use crate::head::{Head, TrainOptions, prompt_hash};
use crate::stats::counts::margin;
use crate::{Error, Result};

/// Folds of the refits.
const FOLDS: usize = 5;

/// Pairs with the human label and the head's margin.
pub(in crate::audit) struct Scored {
    /// Index into [`crate::dataset::Dataset::pairs`].
    pub pair: Vec<usize>,
    /// +1 item a, −1 item b, 0 tie.
    pub human: Vec<i8>,
    /// score(a) − score(b).
    pub margin: Vec<f64>,
    /// Cluster (prompt group) of each pair.
    pub cluster: Vec<usize>,
    /// How the margins were made, for messages: `on test pairs` …
    pub how: String,
}

impl Scored {
    /// 1, ½ or 0 for each decided pair (protocol `diff-half`) at `positions`, with its cluster.
    pub fn right(&self, positions: impl Iterator<Item = usize>) -> (Vec<f64>, Vec<usize>) {
        positions
            .filter(|&i| self.human[i] != 0)
            .map(|i| (credit(self.human[i], self.margin[i]), self.cluster[i]))
            .unzip()
    }
}

/// Credit of a decided pair under `diff-half`.
pub(in crate::audit) fn credit(human: i8, margin: f64) -> f64 {
    match margin {
        0.0 => 0.5,
        m if (m > 0.0) == (human > 0) => 1.0,
        _ => 0.0,
    }
}

/// Test pairs where the data have a split; all pairs where the head has seen none of their prompts; else out-of-fold
/// margins of refits at the head's λ.
pub(super) fn scored(view: &View) -> Result<Scored> {
    let ds = view.ds();
    let split = ds.pairs.iter().any(|p| p.split == Some(Split::Test));
    let rows: Vec<usize> = (0..view.pairs.pair.len())
        .filter(|&r| !split || ds.pairs[view.pairs.pair[r]].split == Some(Split::Test))
        .collect();
    let seen = rows.iter().any(|&r| {
        let prompt = ds.items.prompt[ds.pairs[view.pairs.pair[r]].a];
        view.head.prompts.binary_search(&prompt_hash(ds, prompt)).is_ok()
    });
    if seen && !split && view.input.options.refits && view.clusters >= 2 {
        match out_of_fold(view) {
            Ok(Some(scored)) => return Ok(scored),
            // Too little data for folds: the head's own margins, and said.
            Ok(None) | Err(Error::Data(_) | Error::NotConverged(_)) => {}
            Err(other) => return Err(other),
        }
    }
    let human = view.human();
    let scores = &view.head.score(&view.features)?;
    let score = |item: usize| scores[item].unwrap_or(f64::NAN);
    let pair: Vec<usize> = rows.iter().map(|&r| view.pairs.pair[r]).collect();
    Ok(Scored {
        human: rows.iter().map(|&r| human[r]).collect(),
        margin: pair.iter().map(|&p| margin(score(ds.pairs[p].a), score(ds.pairs[p].b))).collect(),
        cluster: rows.iter().map(|&r| view.cluster[r]).collect(),
        pair,
        how: match (split, seen) {
            (true, _) => "on the test pairs",
            (false, false) => "on pairs the head has not seen",
            (false, true) => "on pairs the head was fitted on (too favourable)",
        }
        .to_owned(),
    })
}

fn out_of_fold(view: &View) -> Result<Option<Scored>> {
    let ds = view.ds();
    let mut options = EvaluateOptions::new(ds);
    options.dimensions = vec![view.dimension];
    options.protocols = vec![Protocol::DiffHalf];
    options.draws = 0;
    options.seed = view.input.options.seed;
    options.train = train_options(view);
    let (_, scores) = evaluate_with_scores(ds, &view.features, Mode::CrossValidate { folds: FOLDS }, &options)?;
    let margins = scores.into_iter().next().and_then(|found| {
        let head = found.scored.into_iter().find(|s| s.scorer == "head")?;
        Some((found.labels, head.margins))
    });
    let Some((labels, margins)) = margins else { return Ok(None) };
    let kept: Vec<usize> = (0..margins.len()).filter(|&i| margins[i].is_some()).collect();
    Ok(Some(Scored {
        pair: kept.iter().map(|&i| labels.pair[i]).collect(),
        human: kept.iter().map(|&i| labels.human[i]).collect(),
        margin: kept.iter().filter_map(|&i| margins[i]).collect(),
        cluster: kept.iter().map(|&i| labels.group[i] as usize).collect(),
        how: format!("out of fold ({FOLDS} refits at the head's λ)"),
    }))
}

/// As [`own_options`].
pub(in crate::audit) fn train_options(view: &View) -> TrainOptions {
    own_options(view.input, view.head)
}

/// How a given head was fitted, as far as its file says, with λ fixed and no bootstrap.
pub(in crate::audit) fn own_options(input: &AuditInput, head: &Head) -> TrainOptions {
    let given = input.heads.map(|file| &file.provenance.options);
    let option = |name: &str| given.and_then(|options| options.get(name)).map(String::as_str);
    fn choice<T: clap::ValueEnum + Default>(value: Option<&str>) -> T {
        value.and_then(|v| T::from_str(v, true).ok()).unwrap_or_default()
    }
    TrainOptions {
        missing: head.preparation.missing,
        ties: head.ties,
        bounds: choice(option("bounds")),
        alpha: option("alpha").and_then(|a| f64::from_str(a).ok()).unwrap_or(1.0),
        lambda: Some(head.lambda),
        bootstrap: 0,
        seed: input.options.seed,
        allow_unconverged: true,
        ..TrainOptions::default()
    }
}
