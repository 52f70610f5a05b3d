//! Each annotator against the others: severity, agreement, straight-lining.

use std::collections::BTreeMap;

use super::panel::{Of, Panel};
use super::tables::{AnnotatorRow, Measure};
use super::{Area, AuditInput, Band, Estimate, Finding, Outcome, Side};
use crate::Result;
use crate::stats::quantile;

/// Deviation of an annotator's ratings, in standard deviations of the ratings.
const SEVERITY: Band = Band { null: 0.0, look: 0.25, bad: 0.75, side: Side::Both };
/// Share of the decisive votes for the side shown first.
const FIRST_SIDE: Band = Band { null: 0.5, look: 0.05, bad: 0.15, side: Side::Both };

/// Largest number of annotators that get findings of their own; the rest are in the table.
const MOST: usize = 200;

/// The check.
///
/// # Errors
/// None.
pub fn run(input: &AuditInput) -> Result<Outcome> {
    let panels = Panel::all(input);
    if panels.is_empty() {
        return Ok(Outcome::not_applicable("there are neither ratings nor votes of named annotators"));
    }
    let mut outcome = Outcome::default();
    for panel in &panels {
        let part = format!("{} of {}", panel.of.word(), panel.dimension);
        if panel.persistent == Some(false) {
            let reason = "the names are slots, not persons (persistent = false): nothing can be said about one of them";
            outcome.not_run.push((part, reason.to_owned()));
        } else if panel.annotators.len() < 2 {
            let reason = "there is only one annotator, and nobody to compare with";
            outcome.not_run.push((part, reason.to_owned()));
        } else {
            outcome.extend(compare(panel));
        }
    }
    let undeclared = panels.iter().filter(|p| p.of == Of::Ratings && p.persistent.is_none() && p.annotators.len() > 1);
    let names: Vec<&str> = undeclared.map(|p| p.dimension.as_str()).collect();
    if !names.is_empty() {
        outcome.notes.push(format!(
            "Annotator names of {} are taken as persons; declare [ratings.DIMENSION] persistent = false in dataset.toml \
             where they are slots.",
            names.join(", ")
        ));
    }
    Ok(outcome)
}

/// The labels of one annotator, each with what the others say of the same unit.
#[derive(Debug, Default)]
struct Own {
    level: Vec<usize>,
    cluster: Vec<usize>,
    /// Own value, mean of the others, cluster: units with another label.
    shared: (Vec<f64>, Vec<f64>, Vec<usize>),
}

fn compare(panel: &Panel) -> Outcome {
    let mut own: Vec<Own> = panel.annotators.iter().map(|_| Own::default()).collect();
    for unit in &panel.units {
        let sum: f64 = unit.labels.iter().map(|&(_, level)| panel.value(level)).sum();
        for &(annotator, level) in &unit.labels {
            let own = &mut own[annotator];
            own.level.push(level);
            own.cluster.push(unit.cluster);
            if unit.labels.len() > 1 {
                let value = panel.value(level);
                own.shared.0.push(value);
                own.shared.1.push((sum - value) / (unit.labels.len() - 1) as f64);
                own.shared.2.push(unit.cluster);
            }
        }
    }
    let spread = standard_deviation(panel);
    let severity: Vec<Option<Estimate>> = own.iter().map(|own| severity(panel, own, spread)).collect();
    let agreement: Vec<Option<Estimate>> = own.iter().map(|own| agreement(panel, own)).collect();
    let lining: Vec<(usize, Option<Estimate>)> = own.iter().map(|own| straight_lining(panel, own)).collect();
    let usual = |values: Vec<f64>| quantile(&values, 0.5);
    let usual_agreement = usual(agreement.iter().flatten().map(|e| e.value).collect());
    let usual_share = usual(lining.iter().filter_map(|(_, e)| e.map(|e| e.value)).collect());

    let mut outcome = Outcome::default();
    for (a, name) in panel.annotators.iter().enumerate() {
        let measure = |e: &Option<Estimate>, why: &str| e.map_or_else(|| Measure::undefined(why), |e| e.measure());
        outcome.annotators.push(AnnotatorRow {
            annotator: name.clone(),
            dimension: panel.dimension.clone(),
            of: panel.of.word().to_owned(),
            labels: own[a].level.len(),
            severity: measure(&severity[a], "undefined: no label on a unit that others labelled, or no spread"),
            agreement: measure(&agreement[a], "undefined: no unit shared with others, or always the same label"),
            straight_lining: measure(&lining[a].1, "no label"),
            longest_run: longest_run(&own[a].level),
            influence: Measure::undefined("not computed"),
        });
        if a < MOST {
            outcome.findings.push(severity_finding(panel, name, severity[a]));
            outcome.findings.push(agreement_finding(panel, name, agreement[a], usual_agreement));
            outcome.findings.extend(lining_finding(panel, name, &own[a], lining[a], usual_share));
        }
    }
    if panel.annotators.len() > MOST {
        let reason = format!("{} annotators: findings for the first {MOST} only, all are in the table", own.len());
        outcome.not_run.push((format!("{} of {}", panel.of.word(), panel.dimension), reason));
    }
    outcome
}

fn standard_deviation(panel: &Panel) -> f64 {
    let mut counts: BTreeMap<usize, f64> = BTreeMap::new();
    panel.units.iter().flat_map(|unit| &unit.labels).for_each(|&(_, level)| *counts.entry(level).or_default() += 1.0);
    let n: f64 = counts.values().sum();
    let mean = counts.iter().map(|(&level, c)| c * panel.value(level)).sum::<f64>() / n;
    (counts.iter().map(|(&level, c)| c * (panel.value(level) - mean).powi(2)).sum::<f64>() / n).sqrt()
}

/// Ratings: own value minus the others' mean, in standard deviations. Votes: share of decisive votes for item a.
fn severity(panel: &Panel, own: &Own, spread: f64) -> Option<Estimate> {
    let (mine, others, cluster) = &own.shared;
    match panel.of {
        Of::Ratings if spread > 0.0 => {
            let off: Vec<f64> = mine.iter().zip(others).map(|(m, o)| (m - o) / spread).collect();
            Estimate::mean(&off, cluster, 0.0)
        }
        Of::Ratings => None,
        Of::Votes => {
            let decisive: Vec<(f64, usize)> = (own.level.iter().zip(&own.cluster))
                .filter(|(level, _)| panel.value(**level) != 0.0)
                .map(|(&level, &cluster)| (f64::from(u8::from(panel.value(level) > 0.0)), cluster))
                .collect();
            let (values, clusters): (Vec<f64>, Vec<usize>) = decisive.into_iter().unzip();
            Estimate::share(&values, &clusters, 0.5)
        }
    }
}

/// Ratings: Spearman with the others' mean. Votes: share equal to the side that the others lean to, where they do.
fn agreement(panel: &Panel, own: &Own) -> Option<Estimate> {
    let (mine, others, cluster) = &own.shared;
    if panel.of == Of::Ratings {
        return Estimate::spearman(mine, others, cluster);
    }
    let decided = (mine.iter().zip(others)).zip(cluster).filter(|((_, o), _)| **o != 0.0);
    let credit = |mine: f64, others: f64| if mine == 0.0 { 0.5 } else { f64::from(u8::from(mine * others > 0.0)) };
    let (values, clusters): (Vec<f64>, Vec<usize>) = decided.map(|((m, o), c)| (credit(*m, *o), *c)).unzip();
    Estimate::share(&values, &clusters, 0.5)
}

/// The most frequent level, and its share.
fn straight_lining(panel: &Panel, own: &Own) -> (usize, Option<Estimate>) {
    let mut counts = vec![0usize; panel.levels.len()];
    own.level.iter().for_each(|&level| counts[level] += 1);
    let modal = counts.iter().enumerate().rev().max_by_key(|(_, n)| **n).map_or(0, |(level, _)| level);
    let same: Vec<f64> = own.level.iter().map(|&level| f64::from(u8::from(level == modal))).collect();
    (modal, Estimate::share(&same, &own.cluster, 0.0))
}

fn longest_run(levels: &[usize]) -> usize {
    levels.chunk_by(|a, b| a == b).map(<[usize]>::len).max().unwrap_or(0)
}

fn severity_finding(panel: &Panel, name: &str, found: Option<Estimate>) -> Finding {
    let dimension = Some(panel.dimension.as_str());
    let ratings = panel.of == Of::Ratings;
    let check = if ratings { "annotator-severity" } else { "annotator-position" };
    let finding = Finding::of(Area::Annotators, check, dimension, name);
    let Some(found) = found else {
        return finding.undefined("undefined: no label on a unit that others labelled, or no spread");
    };
    if ratings {
        let word = if found.value > 0.0 { "higher" } else { "lower" };
        let message = format!(
            "{}: {name} rates {:.2} standard deviations {word} than the others on the same items.",
            panel.dimension,
            found.value.abs()
        );
        let remedy = "Centre ratings by annotator before averaging, and give every annotator items of every generator.";
        return finding.saying(message, remedy).measured(&found, "standard deviations", "ratings", SEVERITY);
    }
    let share = 100.0 * found.value;
    let message = format!("{}: {share:.1} % of the decisive votes of {name} name item a.", panel.dimension);
    let remedy = "Show the sides in random order, and look at this annotator's votes.";
    finding.saying(message, remedy).measured(&found, "share", "decisive votes", FIRST_SIDE)
}

fn agreement_finding(panel: &Panel, name: &str, found: Option<Estimate>, usual: Option<f64>) -> Finding {
    let finding = Finding::of(Area::Annotators, "annotator-agreement", Some(&panel.dimension), name);
    let (Some(found), Some(usual)) = (found, usual) else {
        return finding.undefined("undefined: no unit shared with others, or always the same label");
    };
    let (unit, what) = match panel.of {
        Of::Ratings => ("Spearman correlation", "correlate with the mean of the others at"),
        Of::Votes => ("share", "agree with the side the others lean to at a rate of"),
    };
    let message = format!(
        "{}: the {} of {name} {what} {:.2}; the median annotator reaches {usual:.2}.",
        panel.dimension,
        panel.of.word(),
        found.value
    );
    let remedy = "Read a sample of this annotator's labels; leave them out if they follow another guideline.";
    let band = Band { null: usual, look: 0.15, bad: 0.35, side: Side::Below };
    // The hypothesis is the median's value, not 0: the interval decides, without a p-value.
    let found = Estimate { p: None, ..found };
    finding.saying(message, remedy).measured(&found, unit, panel.of.word(), band)
}

fn lining_finding(
    panel: &Panel,
    name: &str,
    own: &Own,
    (modal, found): (usize, Option<Estimate>),
    usual: Option<f64>,
) -> Option<Finding> {
    let (found, usual) = (found?, usual?);
    let finding = Finding::of(Area::Annotators, "straight-lining", Some(&panel.dimension), name);
    let message = format!(
        "{}: {:.0} % of the labels of {name} are \"{}\" (median annotator: {:.0} %); longest run {}.",
        panel.dimension,
        100.0 * found.value,
        super::agreement::level_name(panel, modal),
        100.0 * usual,
        longest_run(&own.level)
    );
    let remedy = "Look at the order and speed of this annotator's labels; leave them out if they were not read.";
    let band = Band { null: usual, look: 0.15, bad: 0.3, side: Side::Above };
    let found = Estimate { p: None, ..found };
    Some(finding.saying(message, remedy).measured(&found, "share", panel.of.word(), band))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Verdict;

    /// 60 items in 60 prompts; two sound annotators, a lenient one, one who always says 3, one who says the opposite.
    fn panel() -> Panel {
        let truth = |item: usize| f64::from((item * 7 % 5) as u8) - 2.0;
        let noise = |item: usize, k: usize| f64::from(((item * k) % 3) as u8) - 1.0;
        let rows = (0..60).flat_map(|i| {
            [
                (i, i, "sound", truth(i) + noise(i, 11)),
                (i, i, "also", truth(i) + noise(i, 13)),
                (i, i, "lenient", truth(i) + noise(i, 17) + 2.0),
                (i, i, "line", 3.0),
                (i, i, "contrary", -truth(i)),
            ]
        });
        Panel::new("d", Of::Ratings, Some(true), rows)
    }

    #[test]
    fn each_kind_of_annotator_is_found_and_only_it() {
        let outcome = compare(&panel());
        let verdict = |check: &str, who: &str| {
            outcome.findings.iter().find(|f| f.check == check && f.subject == who).map(|f| f.verdict).unwrap()
        };
        assert!(verdict("annotator-severity", "lenient") >= Verdict::Look);
        assert_eq!(verdict("straight-lining", "line"), Verdict::Bad);
        assert_eq!(verdict("annotator-agreement", "line"), Verdict::NotEnoughData, "a constant has no correlation");
        assert_eq!(verdict("annotator-agreement", "contrary"), Verdict::Bad);
        for who in ["sound", "also"] {
            assert_eq!(verdict("straight-lining", who), Verdict::Fine);
            assert_eq!(verdict("annotator-agreement", who), Verdict::Fine);
        }
        let line = outcome.annotators.iter().find(|row| row.annotator == "line").unwrap();
        assert_eq!((line.longest_run, line.straight_lining.value), (60, Some(1.0)));
        assert_eq!(line.agreement.value, None);
    }
}
