//! Accuracy by group, inside one group, and whom people prefer beyond what the head sees.

use std::collections::BTreeMap;

use super::jackknife::{add, jackknife};
use super::logistic::Rows;
use super::scored::{Scored, credit};
use super::{MOST_LEVELS, View, list};
use crate::audit::attributes::{Attribute, Kind};
use crate::audit::{Area, Band, Estimate, Finding, GroupRow, Measure, Outcome, Side};
use crate::evaluate::intervals::{FEWEST_GROUPS, FEWEST_PAIRS, enough};
use crate::stats::quantile;

const GAP: Band = Band { null: 0.0, look: 0.05, bad: 0.15, side: Side::Below };
const RESIDUAL: Band = Band { null: 0.0, look: 0.05, bad: 0.15, side: Side::Both };

/// Looks at every attribute.
pub(super) fn look(view: &View, scored: &Scored, attributes: &[Attribute]) -> Outcome {
    let mut out = Outcome::default();
    let residual = Residual::new(scored);
    for attribute in attributes {
        let ds = view.ds();
        let ends: Vec<(usize, usize)> = scored.pair.iter().map(|&p| (ds.pairs[p].a, ds.pairs[p].b)).collect();
        let varies = ends.iter().any(|&(a, b)| attribute.differs(a, b) == Some(true));
        let skip = |reason: &str| (format!("{}: groups of {}", view.name, attribute.name), reason.to_owned());
        match (&attribute.kind, varies) {
            (Kind::Levels { names, of_item }, true) => {
                within(view, scored, attribute, &ends, &mut out);
                let sides: Vec<Option<(usize, usize)>> =
                    ends.iter().map(|&(a, b)| Some((of_item[a]?, of_item[b]?))).collect();
                involving(view, scored, attribute, names, &sides, residual.as_ref(), &mut out);
            }
            (Kind::Levels { names, of_item }, false) => {
                let level: Vec<Option<usize>> =
                    ends.iter().map(|&(a, b)| of_item[a].filter(|l| of_item[b] == Some(*l))).collect();
                by_level(view, scored, attribute, names, &level, &mut out);
            }
            (Kind::Numeric { values, unit }, false) => match thirds(values, unit, &ends) {
                Some((names, level)) => by_level(view, scored, attribute, &names, &level, &mut out),
                None => out.not_run.push(skip("it has one value only")),
            },
            (Kind::Numeric { .. }, true) => {
                out.not_run.push(skip("a number that differs within pairs: see head-controlled-effect"));
            }
        }
    }
    out
}

/// Positions of the pairs of each level with a level, most pairs first; and how many have none.
fn by_size(level: &[Option<usize>]) -> (Vec<(usize, Vec<usize>)>, usize) {
    let mut of: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (i, level) in level.iter().enumerate() {
        if let Some(level) = level {
            of.entry(*level).or_default().push(i);
        }
    }
    let mut sets: Vec<(usize, Vec<usize>)> = of.into_iter().collect();
    sets.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then(a.0.cmp(&b.0)));
    (sets, level.iter().filter(|l| l.is_none()).count())
}

/// Accuracy on the pairs of each level against that on all others.
fn by_level(
    view: &View,
    scored: &Scored,
    attribute: &Attribute,
    names: &[String],
    level: &[Option<usize>],
    out: &mut Outcome,
) {
    let (sets, _) = by_size(level);
    if sets.len() < 2 {
        out.not_run.push((
            format!("{}: groups of {}", view.name, attribute.name),
            format!("one value only{}", attribute.missing_note()),
        ));
        return;
    }
    let mut small = Vec::new();
    let mut shown = 0;
    for (level_of_set, positions) in &sets {
        let name = &names[*level_of_set];
        let Some(gap) = Gap::new(scored, level, Some(*level_of_set)).filter(|g| shown < MOST_LEVELS && g.enough())
        else {
            small.push(name.clone());
            continue;
        };
        shown += 1;
        let subject = format!("{} = {name}", attribute.name);
        let message = format!(
            "accuracy {} {}, {} on the other pairs; {}",
            gap.inside_text(),
            format_args!("on the {} decided pairs with {subject}", gap.inside.0.n),
            gap.outside_text(),
            scored.how
        );
        out.findings.push(
            Finding::of(Area::Head, "head-group-accuracy", Some(view.name), &subject)
                .measured(&gap.difference, "accuracy difference", "decided pairs", GAP)
                .saying(
                    message,
                    "do not use the head there as if it were as good as elsewhere; collect labels of this kind",
                ),
        );
        out.groups.push(gap.row(view.name, attribute, name, "all pairs", positions.len()));
    }
    say_small(view, attribute, &small, shown, sets.len(), out);
}

/// Says which groups are too small, in one finding: they are no evidence of fairness.
fn say_small(view: &View, attribute: &Attribute, small: &[String], shown: usize, all: usize, out: &mut Outcome) {
    if small.is_empty() {
        return;
    }
    let capped = shown == MOST_LEVELS;
    let why = if capped { format!(" or lie beyond the {MOST_LEVELS} largest") } else { String::new() };
    let finding =
        Finding::of(Area::Head, "head-group-accuracy", Some(view.name), format!("{}: small groups", attribute.name));
    out.findings.push(
        finding
            .undefined(format!(
                "{} of {all} groups have fewer than {FEWEST_PAIRS} decided pairs or {FEWEST_GROUPS} prompts{why}: {}",
                small.len(),
                list(small)
            ))
            .saying(
                format!(
                    "{} of {all} groups of {} cannot be judged{}",
                    small.len(),
                    attribute.name,
                    attribute.missing_note()
                ),
                "",
            ),
    );
}

/// Accuracy on pairs of two equal values (one generator, one family) against pairs of different ones.
fn within(view: &View, scored: &Scored, attribute: &Attribute, ends: &[(usize, usize)], out: &mut Outcome) {
    let same: Vec<Option<usize>> =
        ends.iter().map(|&(a, b)| attribute.differs(a, b).map(|differs| usize::from(!differs))).collect();
    let subject = format!("same {}", attribute.name);
    let finding = Finding::of(Area::Head, "head-within-accuracy", Some(view.name), &subject);
    let pairs = same.iter().filter(|s| **s == Some(1)).count();
    let Some(gap) = Gap::new(scored, &same, Some(1)) else {
        let what = if pairs == 0 { "no pair compares" } else { "no decided pair compares" };
        out.findings.push(
            finding
                .undefined(format!("{what} two items of the same {}", attribute.name))
                .saying(format!("whether the head ranks inside one {} cannot be told", attribute.name), ""),
        );
        return;
    };
    let message = format!(
        "accuracy {} on the {} decided pairs of the same {name}, {} across; {}{}",
        gap.inside_text(),
        gap.inside.0.n,
        gap.outside_text(),
        scored.how,
        attribute.missing_note(),
        name = attribute.name,
    );
    let remedy = "part of the accuracy is telling groups apart: report accuracy inside one group too, and do not expect \
                  more than that when the head rewards samples of one generator";
    out.groups.push(gap.row(view.name, attribute, "", "same", pairs));
    out.findings
        .push(finding.measured(&gap.difference, "accuracy difference", "decided pairs", GAP).saying(message, remedy));
}

/// For each value, the pairs in which it meets another one: accuracy, and how often people and the head prefer it.
fn involving(
    view: &View,
    scored: &Scored,
    attribute: &Attribute,
    names: &[String],
    sides: &[Option<(usize, usize)>],
    residual: Option<&Residual>,
    out: &mut Outcome,
) {
    let mut meets: BTreeMap<usize, Vec<(usize, f64)>> = BTreeMap::new();
    for (i, side) in sides.iter().enumerate() {
        if let Some((a, b)) = side.filter(|(a, b)| a != b) {
            meets.entry(a).or_default().push((i, 1.0));
            meets.entry(b).or_default().push((i, -1.0));
        }
    }
    let mut sets: Vec<(usize, Vec<(usize, f64)>)> = meets.into_iter().collect();
    sets.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then(a.0.cmp(&b.0)));
    let all = sets.len();
    let mut small = Vec::new();
    let mut shown = 0;
    for (level, turned) in sets {
        let name = &names[level];
        let people = preference(scored, &turned, |i| f64::from(scored.human[i]));
        let head =
            preference(scored, &turned, |i| if scored.margin[i] == 0.0 { 0.0 } else { scored.margin[i].signum() });
        let (Some(people), Some(head)) = (people.filter(|e| e.enough() && shown < MOST_LEVELS), head) else {
            small.push(name.clone());
            continue;
        };
        shown += 1;
        let mut inside: Vec<Option<usize>> = sides.iter().map(|side| side.map(|_| 0)).collect();
        turned.iter().for_each(|&(i, _)| inside[i] = Some(1));
        let subject = format!("{} = {name}", attribute.name);
        let gap = Gap::new(scored, &inside, Some(1));
        let mut row = gap
            .as_ref()
            .map_or_else(GroupRow::default, |g| g.row(view.name, attribute, name, "against others", turned.len()));
        row.people = Measure::new(people.value, people.interval);
        row.head = Measure::new(head.value, head.interval);
        let decided = Decided::new(scored, &turned);
        row.people_decided = decided.people.map_or_else(Measure::default, |e| Measure::new(e.value, e.interval));
        row.head_decided = decided.head.map_or_else(Measure::default, |e| Measure::new(e.value, e.interval));
        out.groups.push(row);
        // Of two values the second has the first one's residual, turned round.
        if all == 2 && shown == 2 {
            continue;
        }
        let Some(found) = residual.and_then(|r| r.of(scored, &turned)) else { continue };
        let message = format!(
            "{}; over all {} pairs, ties counting half, {:+.0} points more for {name} than the head's calibrated probabilities allow; {}",
            decided.text(name),
            turned.len(),
            100.0 * found.value,
            scored.how
        );
        let remedy = "the checklist misses what people see in it, or people lean to it: control for the attribute, or ask \
                      a question about the difference";
        out.findings.push(
            Finding::of(Area::Head, "head-residual-preference", Some(view.name), &subject)
                .measured(&found, "share of preferences", "pairs", RESIDUAL)
                .saying(message, remedy),
        );
    }
    say_small(view, attribute, &small, shown, all, out);
}

/// The pairs of one value against others that people decided.
struct Decided {
    /// Share in which people prefer the value.
    people: Option<Estimate>,
    /// Share in which the head names it.
    head: Option<Estimate>,
    /// Pairs to which the head gives equal scores.
    equal: usize,
}

impl Decided {
    fn new(scored: &Scored, turned: &[(usize, f64)]) -> Self {
        let decided: Vec<(usize, f64)> = turned.iter().copied().filter(|&(i, _)| scored.human[i] != 0).collect();
        let cluster: Vec<usize> = decided.iter().map(|&(i, _)| scored.cluster[i]).collect();
        let share = |sign: &dyn Fn(usize) -> f64| {
            let values: Vec<f64> = decided.iter().map(|&(i, side)| f64::from(u8::from(side * sign(i) > 0.0))).collect();
            Estimate::share(&values, &cluster, 0.5)
        };
        Self {
            people: share(&|i| f64::from(scored.human[i])),
            head: share(&|i| scored.margin[i]),
            equal: decided.iter().filter(|&&(i, _)| scored.margin[i] == 0.0).count(),
        }
    }

    fn text(&self, name: &str) -> String {
        let (Some(people), Some(head)) = (self.people, self.head) else {
            return format!("people decided none of its pairs against {name}");
        };
        let percent = |share: f64| format!("{:.0} %", 100.0 * share);
        let equal = match self.equal {
            0 => String::new(),
            n => format!(" (equal scores in {})", percent(n as f64 / head.n as f64)),
        };
        format!(
            "people prefer {name} in {} of its {} decided pairs against others, the head names it in {}{equal}",
            percent(people.value),
            people.n,
            percent(head.value)
        )
    }
}

/// Share of the pairs in which the turned side is preferred, an equal pair counting half.
fn preference(scored: &Scored, turned: &[(usize, f64)], sign: impl Fn(usize) -> f64) -> Option<Estimate> {
    let values: Vec<f64> = turned.iter().map(|&(i, side)| 0.5 + 0.5 * side * sign(i)).collect();
    let cluster: Vec<usize> = turned.iter().map(|&(i, _)| scored.cluster[i]).collect();
    Estimate::share(&values, &cluster, 0.5)
}

/// The head's probabilities, calibrated on these very pairs by one slope, so that a penalised head is not blamed for being
/// too cautious.
struct Residual {
    /// P(a) of each pair.
    probability: Vec<f64>,
}

impl Residual {
    fn new(scored: &Scored) -> Option<Self> {
        let n = scored.pair.len();
        let size = (scored.margin.iter().map(|m| m * m).sum::<f64>() / n.max(1) as f64).sqrt();
        if size == 0.0 {
            return Some(Self { probability: vec![0.5; n] });
        }
        let z: Vec<f64> = scored.margin.iter().map(|m| m / size).collect();
        let clusters = scored.cluster.iter().max().map_or(0, |c| c + 1);
        let rows = Rows {
            x: ndarray::Array2::from_shape_vec((n, 1), z.clone()).ok()?,
            y: scored.human.iter().map(|&h| 0.5 + 0.5 * f64::from(h)).collect(),
            weight: vec![1.0; n],
            cluster: scored.cluster.clone(),
            clusters,
        };
        let slope = rows.fit()?.coefficients[0];
        Some(Self { probability: z.iter().map(|z| 1.0 / (1.0 + (-slope * z).exp())).collect() })
    }

    /// Mean of (label − probability) for the turned side.
    fn of(&self, scored: &Scored, turned: &[(usize, f64)]) -> Option<Estimate> {
        let value = |&(i, side): &(usize, f64)| side * (0.5 + 0.5 * f64::from(scored.human[i]) - self.probability[i]);
        let values: Vec<f64> = turned.iter().map(value).collect();
        let cluster: Vec<usize> = turned.iter().map(|&(i, _)| scored.cluster[i]).collect();
        Estimate::mean(&values, &cluster, 0.0)
    }
}

/// Accuracy inside a group against that outside.
struct Gap {
    inside: (Estimate, usize),
    outside: Estimate,
    difference: Estimate,
}

impl Gap {
    /// `None` without a decided pair on both sides. Pairs without a mark are left out.
    fn new(scored: &Scored, mark: &[Option<usize>], inside: Option<usize>) -> Option<Self> {
        let side = |inner: bool| {
            scored.right((0..mark.len()).filter(move |&i| mark[i].is_some() && (mark[i] == inside) == inner))
        };
        let ((inner, inner_cluster), (outer, outer_cluster)) = (side(true), side(false));
        let ties = (0..mark.len()).filter(|&i| mark[i] == inside && scored.human[i] == 0).count();
        let clusters = scored.cluster.iter().max().map_or(0, |c| c + 1);
        let mut sums = vec![vec![0.0; 4]; clusters];
        inner.iter().zip(&inner_cluster).for_each(|(v, &c)| add(&mut sums, c, &[*v, 1.0, 0.0, 0.0]));
        outer.iter().zip(&outer_cluster).for_each(|(v, &c)| add(&mut sums, c, &[0.0, 0.0, *v, 1.0]));
        sums.retain(|s| s[1] + s[3] > 0.0);
        let difference =
            jackknife(&sums, inner.len(), GAP.null, |s| (s[1] > 0.0 && s[3] > 0.0).then(|| s[0] / s[1] - s[2] / s[3]))?;
        let inside = Estimate::share(&inner, &inner_cluster, 0.5)?;
        // What can be said hangs on the smaller side.
        let outside = Estimate::share(&outer, &outer_cluster, 0.5)?;
        let smaller = if inside.clusters <= outside.clusters { &inside } else { &outside };
        let difference = Estimate { clusters: smaller.clusters, n: inside.n.min(outside.n), ..difference };
        Some(Self { inside: (inside, ties), outside, difference })
    }

    fn enough(&self) -> bool {
        enough(self.inside.0.n, self.inside.0.clusters)
    }

    fn inside_text(&self) -> String {
        text(&self.inside.0)
    }

    fn outside_text(&self) -> String {
        format!("{} on {}", text(&self.outside), self.outside.n)
    }

    fn row(&self, dimension: &str, attribute: &Attribute, value: &str, relation: &str, pairs: usize) -> GroupRow {
        let (inside, _) = &self.inside;
        GroupRow {
            dimension: dimension.to_owned(),
            attribute: attribute.name.clone(),
            value: value.to_owned(),
            relation: relation.to_owned(),
            pairs,
            decided: inside.n,
            prompts: inside.clusters,
            accuracy: Measure::new(inside.value, inside.interval),
            rest: Measure::new(self.outside.value, self.outside.interval),
            ..GroupRow::default()
        }
    }
}

/// `0.61 [0.55, 0.67]`.
fn text(found: &Estimate) -> String {
    match found.interval {
        Some((low, high)) => format!("{:.2} [{low:.2}, {high:.2}]", found.value),
        None => format!("{:.2}", found.value),
    }
}

/// Lowest, middle and highest third of a number that both items of a pair share; `None` for fewer than two different thirds.
fn thirds(values: &[Option<f64>], unit: &str, ends: &[(usize, usize)]) -> Option<(Vec<String>, Vec<Option<usize>>)> {
    let of_pair: Vec<Option<f64>> = ends.iter().map(|&(a, b)| values[a].or(values[b])).collect();
    let known: Vec<f64> = of_pair.iter().flatten().copied().collect();
    let (low, high) = (quantile(&known, 1.0 / 3.0)?, quantile(&known, 2.0 / 3.0)?);
    let level = |v: f64| if v <= low { 0 } else { 1 + usize::from(v > high) };
    let levels: Vec<Option<usize>> = of_pair.iter().map(|v| v.map(level)).collect();
    let used = (0..3).filter(|k| levels.contains(&Some(*k))).count();
    let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
    let names = [format!("up to {low}{unit}"), format!("above {low} to {high}{unit}"), format!("above {high}{unit}")];
    (used > 1).then(|| (names.to_vec(), levels))
}

/// Used by the negative controls.
pub(in crate::audit) fn accuracy(human: &[i8], margin: &[f64], cluster: &[usize]) -> Option<Estimate> {
    let decided: Vec<usize> = (0..human.len()).filter(|&i| human[i] != 0).collect();
    let values: Vec<f64> = decided.iter().map(|&i| credit(human[i], margin[i])).collect();
    let cluster: Vec<usize> = decided.iter().map(|&i| cluster[i]).collect();
    Estimate::share(&values, &cluster, 0.5)
}
