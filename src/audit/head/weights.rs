//! The weights themselves: signs, collinear questions, stability, concentration, where the score comes from.

use std::collections::BTreeMap;

use ndarray::Array2;

use super::jackknife::{add, jackknife};
use super::{View, list};
use crate::audit::{Area, Band, Estimate, Finding, Outcome, ShareRow, Side};
use crate::stats::{linear, wilson};

const SIGN: Band = Band { null: 0.0, look: 0.05, bad: 0.1, side: Side::Below };
const TWINS: Band = Band { null: 0.98, look: 0.0, bad: 0.0195, side: Side::Above };
const INFLATION: Band = Band { null: 1.0, look: 9.0, bad: 29.0, side: Side::Above };
const STABILITY: Band = Band { null: 1.0, look: 0.5, bad: 0.7, side: Side::Below };
/// A small head is nothing bad by itself: never worse than a look, and only where one question is nearly all.
const CONCENTRATION: Band = Band { null: 3.0, look: 1.7, bad: 3.0, side: Side::Below };
const OWN: Band = Band { null: 0.5, look: 0.1, bad: 0.3, side: Side::Below };
/// Log-odds over one typical difference from which a weight counts as one that matters.
const MATTERS: f64 = 0.15;

/// Looks at the head of one dimension.
pub(super) fn look(view: &View) -> Outcome {
    let mut out = Outcome::default();
    if view.head.weights.iter().all(|w| *w == 0.0) {
        let finding = finding(view, "head-effective-questions", "all weights")
            .undefined("all weights are 0: the head says nothing")
            .saying("every weight is 0, so every pair is a tie", "fit with more labels, or with a smaller --lambda");
        out.findings.push(finding);
        return out;
    }
    let spread = spread(view);
    signs(view, &spread, &mut out);
    let correlation = correlation(view, &spread);
    twins(view, &correlation, &mut out);
    inflation(view, &correlation, &mut out);
    stability(view, &spread, &mut out);
    concentration(view, &mut out);
    dimension_shares(view, &mut out);
    out
}

fn finding(view: &View, check: &str, subject: impl Into<String>) -> Finding {
    Finding::of(Area::Head, check, Some(view.name), subject)
}

/// Weight in log-odds per scaled unit.
fn scaled_weight(view: &View, j: usize) -> f64 {
    view.head.weights[j] * view.head.preparation.scales[j]
}

/// Root mean square difference of each column over the pairs.
fn spread(view: &View) -> Vec<f64> {
    let n = view.pairs.pair.len() as f64;
    view.pairs.x.columns().into_iter().map(|c| (c.iter().map(|v| v * v).sum::<f64>() / n).sqrt()).collect()
}

/// Whether the weight's bootstrap interval leaves out 0; `None` where there is none.
fn weight_is_shown(view: &View, j: usize) -> Option<bool> {
    view.head.intervals.get(j).map(|i| i.low > 0.0 || i.high < 0.0)
}

/// Correlation of the column's difference with the label of decided pairs, about 0 on both sides (neither is centred), so
/// that exchanging a and b changes nothing.
fn marginal(view: &View, human: &[i8], j: usize) -> Option<Estimate> {
    let decided: Vec<usize> = (0..human.len()).filter(|&r| human[r] != 0).collect();
    let column = view.pairs.x.column(j);
    let square = decided.iter().map(|&r| column[r] * column[r]).sum::<f64>() / decided.len().max(1) as f64;
    if square <= 0.0 {
        return None;
    }
    let values: Vec<f64> = decided.iter().map(|&r| f64::from(human[r]) * column[r] / square.sqrt()).collect();
    let cluster: Vec<usize> = decided.iter().map(|&r| view.cluster[r]).collect();
    Estimate::mean(&values, &cluster, 0.0)
}

/// Weights against marginal correlations: sign flips and suppression.
fn signs(view: &View, spread: &[f64], out: &mut Outcome) {
    let human = view.human();
    let (mut agree, mut of) = (0, 0);
    for j in (0..view.head.weights.len()).filter(|&j| view.head.weights[j] != 0.0) {
        let Some(found) = marginal(view, &human, j) else { continue };
        let weight = scaled_weight(view, j);
        of += 1;
        agree += usize::from(weight.signum() == found.value.signum());
        let label = &view.head.columns[j].label;
        let per_step = weight * spread[j];
        if weight.signum() != found.value.signum() {
            let turned = Estimate {
                value: found.value * weight.signum(),
                interval: found.interval.map(|(l, h)| if weight > 0.0 { (l, h) } else { (-h, -l) }),
                ..found
            };
            let mut flip = finding(view, "head-sign-flip", &view.head.columns[j].id)
                .measured(&turned, "correlation × sign of the weight", "decided pairs", SIGN)
                .saying(
                    format!(
                        "the weight of \"{label}\" is {:+.2} log-odds per typical difference, but people prefer the other \
                         side (correlation {:+.2}): it corrects what other questions overstate",
                        per_step, found.value
                    ),
                    "look for a collinear question; give it the sign it should have by --bounds, or drop it",
                );
            if weight_is_shown(view, j) == Some(false) && flip.verdict >= crate::audit::Verdict::Look {
                flip.verdict = crate::audit::Verdict::Fine;
                flip.reason = Some("the weight's own interval includes 0".to_owned());
            }
            out.findings.push(flip);
        } else if suppressed(view, j, per_step, &found) {
            let mut odd = finding(view, "head-suppression", &view.head.columns[j].id)
                .measured(&found, "correlation", "decided pairs", Band { null: 0.0, look: 0.0, bad: 1.0, side: Side::Both })
                .saying(
                    format!(
                        "\"{label}\" has a weight of {per_step:+.2} log-odds per typical difference, but by itself it says \
                         nothing of the preference (correlation {:+.2}): it works only through other questions",
                        found.value
                    ),
                    "check that the weight keeps its size in a refit without the questions it goes with",
                );
            (odd.verdict, odd.p) = (crate::audit::Verdict::Look, None);
            out.findings.push(odd);
        }
    }
    if agree < of {
        out.notes.push(format!("{}: {agree} of {of} weights have the sign of their marginal correlation.", view.name));
    }
}

fn suppressed(view: &View, j: usize, per_step: f64, marginal: &Estimate) -> bool {
    let nothing = marginal.interval.is_some_and(|(low, high)| low < 0.0 && high > 0.0) && marginal.value.abs() < 0.03;
    nothing && per_step.abs() >= MATTERS && weight_is_shown(view, j) == Some(true)
}

/// Correlations of the columns' differences about 0; 0 for constant columns.
fn correlation(view: &View, spread: &[f64]) -> Array2<f64> {
    let n = view.pairs.pair.len() as f64;
    let mut gram = view.pairs.x.t().dot(&view.pairs.x) / n;
    for ((i, j), value) in gram.indexed_iter_mut() {
        let scale = spread[i] * spread[j];
        *value = if scale > 0.0 { (*value / scale).clamp(-1.0, 1.0) } else { 0.0 };
    }
    gram
}

/// 95 % interval of a correlation by Fisher's z, with the prompts as independent units.
fn fisher(r: f64, clusters: usize) -> Option<(f64, f64)> {
    let free = clusters.checked_sub(3).filter(|f| *f > 0)? as f64;
    let half = 1.96 / free.sqrt();
    let z = r.clamp(-1.0 + 1e-12, 1.0 - 1e-12).atanh();
    Some(((z - half).tanh(), (z + half).tanh()))
}

/// Groups of columns that say the same: |r| > .98.
fn twins(view: &View, correlation: &Array2<f64>, out: &mut Outcome) {
    let d = correlation.nrows();
    let mut root: Vec<usize> = (0..d).collect();
    fn find(root: &[usize], mut i: usize) -> usize {
        while root[i] != i {
            i = root[i];
        }
        i
    }
    for i in 0..d {
        for j in i + 1..d {
            if correlation[[i, j]].abs() > TWINS.null {
                let (a, b) = (find(&root, i), find(&root, j));
                root[a.max(b)] = a.min(b);
            }
        }
    }
    let mut sets: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    (0..d).for_each(|i| sets.entry(find(&root, i)).or_default().push(i));
    for set in sets.into_values().filter(|s| s.len() > 1) {
        let strongest = set
            .iter()
            .flat_map(|&i| set.iter().filter(move |&&j| j > i).map(move |&j| (i, j)))
            .map(|at| correlation[at].abs())
            .fold(0.0, f64::max);
        let found = Estimate {
            value: strongest,
            interval: fisher(strongest, view.clusters),
            p: None,
            n: view.pairs.pair.len(),
            clusters: view.clusters,
        };
        let ids: Vec<String> = set.iter().map(|&j| view.head.columns[j].id.clone()).collect();
        let weights: Vec<String> =
            set.iter().map(|&j| format!("{} {:+.2}", view.head.columns[j].id, view.head.weights[j])).collect();
        out.findings.push(
            finding(view, "head-collinear", list(&ids))
                .measured(&found, "largest |correlation|", "pairs", TWINS)
                .saying(
                    format!(
                        "these say the same, so the split of the weight between them is arbitrary: {}",
                        list(&weights)
                    ),
                    "read their weights as one, or keep one of them (each question costs a call of the judge per item)",
                ),
        );
    }
}

/// Variance inflation among the columns with a weight.
fn inflation(view: &View, correlation: &Array2<f64>, out: &mut Outcome) {
    let used: Vec<usize> =
        (0..view.head.weights.len()).filter(|&j| view.head.weights[j] != 0.0 && correlation[[j, j]] > 0.0).collect();
    if used.len() < 2 {
        return;
    }
    let among = Array2::from_shape_fn((used.len(), used.len()), |(a, b)| correlation[[used[a], used[b]]]);
    let Some(factors) = linear::inverse_diagonal(&among) else {
        let subject = finding(view, "head-vif", "columns with a weight");
        out.findings.push(subject.undefined("some columns with a weight are an exact combination of others").saying(
            "variance inflation is infinite: some columns with a weight are an exact combination of others",
            "drop redundant columns; the weights are not identified one by one",
        ));
        return;
    };
    let Some((worst, value)) = factors.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1)) else { return };
    // VIF = 1 / (1 − R²): its interval is that of the multiple correlation.
    let r = (1.0 - 1.0 / value.max(1.0)).sqrt();
    let vif = |r: f64| 1.0 / (1.0 - r.max(0.0) * r.max(0.0));
    let found = Estimate {
        value,
        interval: fisher(r, view.clusters.saturating_sub(used.len())).map(|(low, high)| (vif(low), vif(high))),
        p: None,
        n: view.pairs.pair.len(),
        clusters: view.clusters,
    };
    let high: Vec<String> = (factors.iter().zip(&used))
        .filter(|(f, _)| **f >= 10.0)
        .map(|(f, &j)| format!("{} {f:.0}", view.head.columns[j].id))
        .collect();
    let others = if high.is_empty() { "none is above 10".to_owned() } else { format!("above 10: {}", list(&high)) };
    out.findings.push(
        finding(view, "head-vif", &view.head.columns[used[worst]].id)
            .measured(&found, "variance inflation factor", "pairs", INFLATION)
            .saying(
                format!(
                    "the largest variance inflation among the {} columns with a weight is {value:.1}; {others}",
                    used.len()
                ),
                "its weight is known only together with those of its neighbours: read them as one, or keep fewer",
            ),
    );
}

/// How often the bootstrap chose the questions that carry the score; read from the heads file.
fn stability(view: &View, spread: &[f64], out: &mut Outcome) {
    let subject = finding(view, "head-selection-stability", "questions with a weight");
    if view.head.intervals.is_empty() {
        let reason = "the heads file has no selection frequencies: fit with --bootstrap 200";
        out.findings.push(subject.undefined(reason));
        return;
    }
    let refits = view.input.heads.and_then(|f| f.provenance.options.get("bootstrap")).and_then(|n| n.parse().ok());
    let refits: usize = refits.unwrap_or(200);
    let size = |j: usize| (scaled_weight(view, j) * spread[j]).abs();
    let used: Vec<usize> = (0..view.head.weights.len()).filter(|&j| size(j) > 0.0).collect();
    let total: f64 = used.iter().map(|&j| size(j)).sum();
    let chosen = |j: usize| view.head.intervals[j].selected;
    let value = used.iter().map(|&j| size(j) * chosen(j)).sum::<f64>() / total;
    let mut shaky: Vec<usize> = used.iter().copied().filter(|&j| chosen(j) < 0.7).collect();
    shaky.sort_by(|&a, &b| chosen(a).total_cmp(&chosen(b)).then(a.cmp(&b)));
    let named = |js: &[usize]| -> String {
        list(&js.iter().map(|&j| format!("{} {:.0} %", view.head.columns[j].id, 100.0 * chosen(j))).collect::<Vec<_>>())
    };
    let left_out: Vec<usize> =
        (0..view.head.weights.len()).filter(|&j| view.head.weights[j] == 0.0 && chosen(j) >= 0.5).collect();
    let mut message = format!(
        "weighted by what they move, the questions with a weight were chosen in {:.0} % of {refits} refits",
        100.0 * value
    );
    if !shaky.is_empty() {
        message.push_str(&format!("; {} of {} in fewer than 70 %: {}", shaky.len(), used.len(), named(&shaky)));
    }
    if !left_out.is_empty() {
        message.push_str(&format!("; without a weight, though chosen in half of them: {}", named(&left_out)));
    }
    let found = Estimate {
        value,
        interval: wilson(value.clamp(0.0, 1.0), refits),
        p: None,
        n: refits,
        clusters: view.clusters,
    };
    let remedy = "do not read single weights as findings; more labels, or --alpha below 1, make the choice steadier";
    out.findings.push(subject.measured(&found, "share of refits", "refits", STABILITY).saying(message, remedy));
}

/// Effective number of questions: 1 / Σ p², p the share of Σ |weight| × typical difference.
fn concentration(view: &View, out: &mut Outcome) {
    let used: Vec<usize> = (0..view.head.weights.len()).filter(|&j| view.head.weights[j] != 0.0).collect();
    let weights: Vec<f64> = used.iter().map(|&j| scaled_weight(view, j).abs()).collect();
    let mut sums = vec![vec![0.0; used.len()]; view.clusters];
    for (row, &cluster) in view.pairs.x.rows().into_iter().zip(&view.cluster) {
        add(&mut sums, cluster, &used.iter().map(|&j| row[j] * row[j]).collect::<Vec<_>>());
    }
    let effective = |squares: &[f64]| {
        let sizes: Vec<f64> = squares.iter().zip(&weights).map(|(s, w)| w * s.max(0.0).sqrt()).collect();
        let total: f64 = sizes.iter().sum();
        (total > 0.0).then(|| 1.0 / sizes.iter().map(|s| (s / total).powi(2)).sum::<f64>())
    };
    let subject = finding(view, "head-effective-questions", format!("{} columns with a weight", used.len()));
    let Some(found) = jackknife(&sums, view.pairs.pair.len(), CONCENTRATION.null, effective) else { return };
    // Not a hypothesis: a small head may be small on purpose.
    let found = Estimate { p: None, ..found };
    out.findings.push(subject.measured(&found, "questions", "pairs", CONCENTRATION).saying(
        format!("the score moves as if it had {:.1} equal questions ({} have a weight)", found.value, used.len()),
        "nearly all of the score hangs on one or two questions: an error of the judge there is an error of the reward",
    ));
}

/// Share of the variance of score differences that comes from each dimension of the checklist: Cov(R_k, R) / Var(R).
fn dimension_shares(view: &View, out: &mut Outcome) {
    let mut parts: Vec<(&str, Vec<usize>)> = Vec::new();
    for (j, column) in view.head.columns.iter().enumerate() {
        let Some(dimension) = column.dimension.as_deref() else { continue };
        match parts.iter_mut().find(|(name, _)| *name == dimension) {
            Some((_, members)) => members.push(j),
            None => parts.push((dimension, vec![j])),
        }
    }
    if parts.len() < 2 {
        return;
    }
    let weights: Vec<f64> = (0..view.head.weights.len()).map(|j| scaled_weight(view, j)).collect();
    let mut sums = vec![vec![0.0; parts.len() + 1]; view.clusters];
    for (row, &cluster) in view.pairs.x.rows().into_iter().zip(&view.cluster) {
        let score: f64 = row.iter().zip(&weights).map(|(x, w)| x * w).sum();
        let mut products: Vec<f64> = parts
            .iter()
            .map(|(_, members)| score * members.iter().map(|&j| weights[j] * row[j]).sum::<f64>())
            .collect();
        products.push(score * score);
        add(&mut sums, cluster, &products);
    }
    for (k, (part, members)) in parts.iter().enumerate() {
        let share = |s: &[f64]| (s[parts.len()] > 0.0).then(|| s[k] / s[parts.len()]);
        let Some(found) = jackknife(&sums, view.pairs.pair.len(), OWN.null, share) else { continue };
        let used = members.iter().filter(|&&j| weights[j] != 0.0).count();
        out.shares.push(ShareRow {
            dimension: view.name.to_owned(),
            part: (*part).to_owned(),
            used,
            questions: members.len(),
            share: found.measure(),
        });
        if view.name != *part {
            continue;
        }
        let found = Estimate { p: None, ..found };
        out.findings.push(
            finding(view, "head-own-dimension-share", *part)
                .measured(&found, "share of score variance", "pairs", OWN)
                .saying(
                    format!(
                        "{:.0} % of the variance of score differences comes from {part} ({used} of {} questions)",
                        100.0 * found.value,
                        members.len()
                    ),
                    "the head for this dimension reads mostly questions of others: --scope own keeps it to its own",
                ),
        );
    }
}
