//! Attributes that should not matter, beside the head: what they add to it, and how far they come alone.
//!
//! The columns that the head chose are refitted without a penalty together with the attribute and a constant for the side
//! shown first, ties by the model of Rao and Kupper; the attribute's coefficient is what people's labels follow beyond the questions. Numbers are divided by
//! their standard deviation and never centred, so that exchanging a and b changes nothing but signs.

use ndarray::{Array2, Axis, concatenate};

use super::logistic::Rows;
use super::scored::Scored;
use super::{MOST_LEVELS, View, groups, list};
use crate::audit::attributes::{Attribute, Kind};
use crate::audit::{Area, Band, Estimate, Finding, Outcome, Side};
use crate::evaluate::intervals::{FEWEST_GROUPS, FEWEST_PAIRS};

const EFFECT: Band = Band { null: 0.0, look: 0.2, bad: 0.5, side: Side::Both };
const ALONE: Band = Band { null: 0.5, look: 0.05, bad: 0.2, side: Side::Above };
/// Folds for the accuracy of attributes alone.
const FOLDS: usize = 5;

/// The differences of an attribute within the pairs.
struct Design {
    /// Rows of the view that have a value on both sides.
    rows: Vec<usize>,
    /// [rows, columns].
    x: Array2<f64>,
    /// What each column is.
    columns: Vec<String>,
    /// Unit of the coefficients.
    unit: String,
    /// What was pooled or left out.
    note: String,
}

/// Looks at every attribute, then at all of them without the head.
pub(super) fn look(view: &View, scored: &Scored, attributes: &[Attribute]) -> Outcome {
    let mut out = Outcome::default();
    let mut designs = Vec::new();
    for attribute in attributes {
        match design(view, attribute) {
            Ok(design) => {
                beside(view, &design, Some(attribute), &mut out);
                designs.push((attribute.name.clone(), design));
            }
            Err(reason) => out.not_run.push((format!("{}: effect of {}", view.name, attribute.name), reason)),
        }
    }
    if !view.ds().pairs_derived {
        beside(view, &position(view), None, &mut out);
    }
    alone(view, scored, &designs, &mut out);
    out
}

/// The constant: which side was shown first.
fn position(view: &View) -> Design {
    let rows: Vec<usize> = (0..view.pairs.pair.len()).collect();
    Design {
        x: Array2::ones((rows.len(), 1)),
        rows,
        columns: vec!["shown first".to_owned()],
        unit: "log-odds".to_owned(),
        note: String::new(),
    }
}

/// The attribute's differences, or why they can have no effect.
fn design(view: &View, attribute: &Attribute) -> Result<Design, String> {
    let ds = view.ds();
    let ends = |r: usize| (ds.pairs[view.pairs.pair[r]].a, ds.pairs[view.pairs.pair[r]].b);
    let all = view.pairs.pair.len();
    let rows: Vec<usize> = (0..all).filter(|&r| attribute.differs(ends(r).0, ends(r).1).is_some()).collect();
    let differing: Vec<usize> =
        rows.iter().copied().filter(|&r| attribute.differs(ends(r).0, ends(r).1) == Some(true)).collect();
    if differing.is_empty() {
        return Err(format!("it never differs within a pair, so it cannot sway a choice{}", attribute.missing_note()));
    }
    let prompts =
        |rows: &[usize]| rows.iter().map(|&r| view.cluster[r]).collect::<std::collections::BTreeSet<_>>().len();
    if differing.len() < FEWEST_PAIRS || prompts(&differing) < FEWEST_GROUPS {
        return Err(format!(
            "not enough data: it differs within {} pairs of {} prompts{}",
            differing.len(),
            prompts(&differing),
            attribute.missing_note()
        ));
    }
    let left_out = if rows.len() < all {
        format!("; {} of {all} pairs left out, a value is missing", all - rows.len())
    } else {
        String::new()
    };
    match &attribute.kind {
        Kind::Numeric { values, unit } => {
            let items: std::collections::BTreeSet<usize> = rows.iter().flat_map(|&r| [ends(r).0, ends(r).1]).collect();
            let known: Vec<f64> = items.into_iter().filter_map(|i| values[i]).collect();
            let mean = known.iter().sum::<f64>() / known.len() as f64;
            let sd = (known.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / known.len() as f64).sqrt();
            let value = |i: usize| values[i].unwrap_or(0.0);
            let x = rows.iter().map(|&r| (value(ends(r).0) - value(ends(r).1)) / sd).collect();
            let step = if unit.is_empty() { format!("{sd:.3}") } else { format!("{sd:.3} {unit}") };
            Ok(Design {
                x: Array2::from_shape_vec((rows.len(), 1), x).map_err(|e| e.to_string())?,
                rows,
                columns: vec![attribute.name.clone()],
                unit: format!("log-odds per standard deviation ({step})"),
                note: left_out,
            })
        }
        Kind::Levels { names, of_item } => {
            let side = |i: usize| of_item[i].unwrap_or(0);
            let mut pairs = vec![Vec::new(); names.len()];
            for &r in &differing {
                pairs[side(ends(r).0)].push(r);
                pairs[side(ends(r).1)].push(r);
            }
            let mut large: Vec<usize> = (0..names.len())
                .filter(|&l| pairs[l].len() >= FEWEST_PAIRS && prompts(&pairs[l]) >= FEWEST_GROUPS)
                .collect();
            large.sort_by(|&a, &b| pairs[b].len().cmp(&pairs[a].len()).then(a.cmp(&b)));
            large.truncate(MOST_LEVELS);
            large.sort_unstable();
            let pooled: Vec<String> = (0..names.len())
                .filter(|l| !pairs[*l].is_empty() && !large.contains(l))
                .map(|l| names[l].clone())
                .collect();
            if large.is_empty() {
                return Err(format!(
                    "not enough data: none of its {} values meets others in {FEWEST_PAIRS} pairs of {FEWEST_GROUPS} prompts",
                    names.len()
                ));
            }
            let column = |i: usize| large.binary_search(&side(i)).unwrap_or(large.len());
            let width = large.len() + usize::from(!pooled.is_empty());
            let mut x = Array2::zeros((rows.len(), width));
            for (k, &r) in rows.iter().enumerate() {
                let (a, b) = ends(r);
                for (item, sign) in [(a, 1.0), (b, -1.0)] {
                    if column(item) < width {
                        x[[k, column(item)]] += sign;
                    }
                }
            }
            let mut columns: Vec<String> =
                large.iter().map(|&l| format!("{} = {}", attribute.name, names[l])).collect();
            let mut note = left_out;
            if !pooled.is_empty() {
                columns.push(format!("{} = (rest)", attribute.name));
                note.push_str(&format!("; pooled as (rest): {}", list(&pooled)));
            }
            let unit = "log-odds against the mean of its values".to_owned();
            Ok(Design { rows, x, columns, unit, note })
        }
    }
}

/// Soft labels, weights and clusters of the view's rows `keep`, with columns `x`.
fn rows(view: &View, keep: &[usize], x: Array2<f64>) -> Rows {
    let votes = &view.pairs.votes;
    let mut number = std::collections::BTreeMap::new();
    keep.iter().for_each(|&r| _ = number.insert(view.cluster[r], 0));
    number.values_mut().enumerate().for_each(|(i, slot)| *slot = i);
    Rows {
        x,
        y: keep.iter().map(|&r| votes[r].a + votes[r].tie / 2.0).collect(),
        weight: keep.iter().map(|&r| view.pairs.weight[r]).collect(),
        cluster: keep.iter().map(|&r| number[&view.cluster[r]]).collect(),
        clusters: number.len(),
    }
}

/// The attribute beside the questions that the head chose.
fn beside(view: &View, design: &Design, attribute: Option<&Attribute>, out: &mut Outcome) {
    let used: Vec<usize> = (0..view.head.weights.len()).filter(|&j| view.head.weights[j] != 0.0).collect();
    let chosen = view.pairs.x.select(Axis(0), &design.rows).select(Axis(1), &used);
    // A column that never changes within its pairs (the side itself, as an attribute) is the constant already.
    let constant = design.x.columns().into_iter().any(|c| c.iter().all(|v| *v == c[0]));
    let mut parts = vec![design.x.view(), chosen.view()];
    let ones = Array2::ones((design.rows.len(), 1));
    let with_position = attribute.is_some() && !constant && !view.ds().pairs_derived;
    if with_position {
        parts.push(ones.view());
    }
    let joined = concatenate(Axis(1), &parts).ok().map(|x| {
        let a: Vec<f64> = design.rows.iter().map(|&r| view.pairs.votes[r].a).collect();
        let not_b: Vec<f64> = design.rows.iter().map(|&r| 1.0 - view.pairs.votes[r].b).collect();
        Rows { y: a, ..rows(view, &design.rows, x) }.with_ties(&not_b)
    });
    let fit = joined.as_ref().and_then(Rows::fit);
    let (Some(rows), Some(fit)) = (joined, fit) else {
        let name = attribute.map_or("shown first", |a| a.name.as_str());
        out.findings.push(
            Finding::of(Area::Head, "head-controlled-effect", Some(view.name), name)
                .undefined("the fit beside the head has no finite solution: the attribute separates the labels, or repeats a question")
                .saying(format!("the effect of {name} beside the head cannot be told"), ""),
        );
        return;
    };
    let wanted: Vec<usize> = (0..design.columns.len()).collect();
    let options = view.input.options;
    let spread = rows.bootstrap(&fit, &wanted, options.draws.max(200), options.seed, "audit/controlled");
    // Of two values the second has the first one's effect, turned round.
    let shown = if design.columns.len() == 2 { 1 } else { design.columns.len() };
    for ((k, column), spread) in design.columns.iter().enumerate().zip(spread).take(shown) {
        let value = fit.coefficients[k];
        // Only pairs in which the column differs say anything of it.
        let telling: Vec<usize> = (0..design.rows.len()).filter(|&i| rows.x[[i, k]] != 0.0).collect();
        let prompts = telling.iter().map(|&i| rows.cluster[i]).collect::<std::collections::BTreeSet<_>>().len();
        let found = Estimate {
            value,
            interval: Some((spread.low, spread.high)),
            p: Some(spread.p),
            n: telling.len(),
            clusters: prompts,
        };
        let share = |z: f64| 100.0 / (1.0 + (-z).exp());
        let message = match attribute {
            None => format!(
                "of two items that the head scores alike, people take the one shown first in {:.0} % [{:.0}, {:.0}]",
                share(value),
                share(spread.low),
                share(spread.high)
            ),
            Some(_) => format!(
                "beside the head's {} questions, {column} changes the log-odds of being preferred by {value:+.2} ({:.0} % instead of \
                 50 % between items that the head scores alike){}",
                used.len(),
                share(value),
                design.note
            ),
        };
        out.findings.push(
            Finding::of(Area::Head, "head-controlled-effect", Some(view.name), column)
                .measured(&found, &design.unit, "pairs", EFFECT)
                .saying(
                    message,
                    "labels follow it beyond the questions: balance it in the data, or fit with it beside the head and leave \
                     its weight out when scoring",
                ),
        );
    }
}

/// Accuracy of all attributes and the side shown first without any question, out of fold.
fn alone(view: &View, scored: &Scored, designs: &[(String, Design)], out: &mut Outcome) {
    let all: Vec<usize> = (0..view.pairs.pair.len()).collect();
    let mut columns: Vec<Array2<f64>> = Vec::new();
    for (_, design) in designs {
        let mut x = Array2::zeros((all.len(), design.x.ncols()));
        design.rows.iter().zip(design.x.rows()).for_each(|(&r, row)| x.row_mut(r).assign(&row));
        columns.push(x);
    }
    let mut names: Vec<String> = designs.iter().map(|(name, _)| name.clone()).collect();
    if !view.ds().pairs_derived {
        columns.push(Array2::ones((all.len(), 1)));
        names.push("side shown first".to_owned());
    }
    let subject = Finding::of(Area::Head, "head-attributes-alone", Some(view.name), list(&names));
    let views: Vec<_> = columns.iter().map(Array2::view).collect();
    let Some(x) = concatenate(Axis(1), &views).ok().filter(|x| x.ncols() > 0) else {
        out.not_run.push((format!("{}: attributes alone", view.name), "no attribute differs within a pair".to_owned()));
        return;
    };
    let rows = rows(view, &all, x);
    let margins = rows.out_of_fold(FOLDS, view.input.options.seed);
    // Rounded, so that equal sums in another order stay equal.
    let margins: Vec<f64> = margins.iter().map(|m| (m * 1e9).round() / 1e9).collect();
    let head = groups::accuracy(&scored.human, &scored.margin, &scored.cluster);
    let Some(found) = groups::accuracy(&view.human(), &margins, &view.cluster) else { return };
    let beside = head.map_or(String::new(), |h| format!("; the head reaches {:.2} {}", h.value, scored.how));
    out.findings.push(subject.measured(&found, "accuracy (diff-half)", "decided pairs", ALONE).saying(
        format!(
            "without any answer, {} name the preferred item in {:.0} % of the decided pairs{beside}",
            list(&names),
            100.0 * found.value
        ),
        "this much of an accuracy needs no look at the items: report it as a floor, and accuracy inside one group",
    ));
}
