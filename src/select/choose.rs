//! Candidates → the pairs that are kept: rule, best against worst, caps.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::pareto::{Lead, leads};
use super::{Candidates, Counts, Drift, Pick, Rule, SelectOptions, SelectedPair, Selection};
use crate::dataset::Dataset;

/// Prompts worked on at a time; fixed, so that results do not depend on the thread count.
const CHUNK: usize = 512;

/// Pairs of one chunk of prompts.
#[derive(Default)]
struct Found {
    pairs: Vec<SelectedPair>,
    counts: Counts,
}

/// Selects pairs. `dimension`: name of the head's dimension; people's votes on it are compared with the pairs.
pub fn select(ds: &Dataset, candidates: &Candidates, dimension: &str, options: &SelectOptions) -> Selection {
    let mut counts = Counts {
        prompts: ds.items.prompt_ids.len(),
        guarded_prompts: candidates.guarded,
        candidates: candidates.groups.iter().map(|(_, items)| items.len()).sum(),
        unscoreable: candidates.unscoreable,
        incomplete: candidates.incomplete,
        ..Counts::default()
    };
    let chunks: Vec<Found> =
        candidates.groups.par_chunks(CHUNK).map(|groups| chunk(groups, candidates, options)).collect();
    let mut pairs = Vec::new();
    for found in chunks {
        pairs.extend(found.pairs);
        counts.usable_prompts += found.counts.usable_prompts;
        counts.compared += found.counts.compared;
        counts.wide += found.counts.wide;
        counts.dominating += found.counts.dominating;
        counts.not_dominating += found.counts.not_dominating;
        counts.capped += found.counts.capped;
    }
    let before = pairs.len();
    if options.max_per_prompt.is_some() || options.max_per_generator.is_some() {
        pairs = capped(ds, pairs, options);
    }
    counts.capped += before - pairs.len();
    counts.kept = pairs.len();
    counts.kept_prompts = pairs.iter().map(|pair| pair.prompt).collect::<BTreeSet<_>>().len();
    let gaps: f64 = pairs.iter().map(|pair| pair.gap).sum();
    Selection {
        dimension: dimension.to_owned(),
        parts: candidates.parts.clone(),
        drift: Drift::new(ds, candidates, &pairs),
        mean_gap: (!pairs.is_empty()).then(|| gaps / pairs.len() as f64),
        human: human(ds, dimension, &pairs),
        notes: notes(ds, candidates, options),
        pairs,
        counts,
    }
}

fn chunk(groups: &[(usize, Vec<usize>)], candidates: &Candidates, options: &SelectOptions) -> Found {
    let mut found = Found::default();
    let mut wide: Vec<Lead> = Vec::new();
    for (prompt, items) in groups {
        let members: Vec<usize> = items.iter().copied().filter(|&item| candidates.usable[item]).collect();
        if members.len() < 2 {
            continue;
        }
        found.counts.usable_prompts += 1;
        found.counts.compared += members.len() * (members.len() - 1) / 2;
        wide.clear();
        leads(&candidates.points, &members, &candidates.limits, &mut wide);
        let dominating = wide.iter().filter(|lead| lead.dominates).count();
        found.counts.wide += wide.len();
        found.counts.dominating += dominating;
        found.counts.not_dominating += wide.len() - dominating;
        let points = &candidates.points;
        let kept = wide.iter().filter(|lead| lead.dominates || options.rule == Rule::Total);
        let mut pairs: Vec<SelectedPair> = kept
            .map(|lead| SelectedPair {
                prompt: *prompt,
                chosen: lead.winner,
                rejected: lead.loser,
                gap: points.gap[lead.winner] - points.gap[lead.loser],
                margin: points.total[lead.winner] - points.total[lead.loser],
                dominates: lead.dominates,
            })
            .collect();
        pairs.sort_by(wider_first);
        if options.pick == Pick::BestWorst && pairs.len() > 1 {
            found.counts.capped += pairs.len() - 1;
            pairs.truncate(1);
        }
        found.pairs.extend(pairs);
    }
    found
}

fn wider_first(a: &SelectedPair, b: &SelectedPair) -> std::cmp::Ordering {
    b.gap.total_cmp(&a.gap).then(a.chosen.cmp(&b.chosen)).then(a.rejected.cmp(&b.rejected))
}

/// Widest gaps first, as long as no cap is full.
fn capped(ds: &Dataset, mut pairs: Vec<SelectedPair>, options: &SelectOptions) -> Vec<SelectedPair> {
    let generators = ds.items.attributes.get("generator");
    let generator = |item: usize| generators.and_then(|column| column[item].as_deref());
    let per_prompt = options.max_per_prompt.unwrap_or(usize::MAX);
    let per_generator = options.max_per_generator.unwrap_or(usize::MAX);
    pairs.sort_by(|a, b| wider_first(a, b).then(a.prompt.cmp(&b.prompt)));
    let mut of_prompt: BTreeMap<usize, usize> = BTreeMap::new();
    let mut chosen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut rejected: BTreeMap<&str, usize> = BTreeMap::new();
    pairs.retain(|pair| {
        let full = |map: &BTreeMap<&str, usize>, name: Option<&str>| {
            name.is_some_and(|name| map.get(name).is_some_and(|&n| n >= per_generator))
        };
        let (winner, loser) = (generator(pair.chosen), generator(pair.rejected));
        let prompt = of_prompt.entry(pair.prompt).or_default();
        if *prompt >= per_prompt || full(&chosen, winner) || full(&rejected, loser) {
            return false;
        }
        *prompt += 1;
        if let Some(name) = winner {
            *chosen.entry(name).or_default() += 1;
        }
        if let Some(name) = loser {
            *rejected.entry(name).or_default() += 1;
        }
        true
    });
    pairs.sort_by(|a, b| a.prompt.cmp(&b.prompt).then(wider_first(a, b)));
    pairs
}

/// People's votes on kept pairs: for the winner, tie, against it.
fn human(ds: &Dataset, dimension: &str, pairs: &[SelectedPair]) -> [usize; 3] {
    let Some(d) = ds.dimension(dimension) else { return [0; 3] };
    let votes: BTreeMap<(usize, usize), i8> =
        ds.pairs.iter().filter(|p| p.dimension == d).map(|p| ((p.a, p.b), p.votes.plurality())).collect();
    let mut counts = [0; 3];
    for pair in pairs {
        let forward = votes.get(&(pair.chosen, pair.rejected)).copied();
        let vote = forward.or_else(|| votes.get(&(pair.rejected, pair.chosen)).map(|v| -v));
        match vote {
            Some(1) => counts[0] += 1,
            Some(0) => counts[1] += 1,
            Some(_) => counts[2] += 1,
            None => {}
        }
    }
    counts
}

fn notes(ds: &Dataset, candidates: &Candidates, options: &SelectOptions) -> Vec<String> {
    let mut notes = candidates.notes.clone();
    if options.max_per_generator.is_some() && !ds.items.attributes.contains_key("generator") {
        notes.push("the items name no generators, so --max-per-generator does nothing".to_owned());
    }
    if candidates.guarded > 0 {
        notes.push(format!("{} prompts belong to an evaluation and were left out", candidates.guarded));
    }
    notes
}
