//! The findings in plain words: every sentence is made from numbers of the report and carries their uncertainty.

use super::charts::{noun, weights_of};
use super::{HeadSummary, Recovery, main_protocol};
use crate::audit::Audit;
use crate::evaluate::{Comparison, Evaluation, Protocol, Row, Verdict};
use crate::plot::text::{count, counted, number, percent};
use crate::plot::weights::finding;

/// Up to how many dimensions are described one by one where none stands for all.
const EACH: usize = 3;

/// How many cases a sentence lists before it counts the rest.
const LISTED: usize = 5;

/// One paragraph on accuracy, one on where the head loses or is not shown to win, one on weights.
pub(super) fn paragraphs(
    evaluation: &Evaluation,
    heads: &[HeadSummary],
    (recovery, audit): (&[Recovery], Option<&Audit>),
) -> Vec<String> {
    let facts = Facts { evaluation, protocol: main_protocol(evaluation), dimensions: evaluation.dimensions() };
    let mut accuracy = String::new();
    if evaluation.simulated {
        accuracy.push_str("These data are simulated: they show that the method works, not how good any scorer is. ");
    }
    accuracy.push_str(&facts.accuracy());
    let mut paragraphs: Vec<String> = vec![accuracy, facts.doubts(), weight_sentence(heads, facts.lead())];
    if !recovery.is_empty() {
        paragraphs.push(recovered(recovery, facts.lead()));
    }
    if let Some(audit) = audit.filter(|a| !a.findings.is_empty()) {
        paragraphs.push(audited(audit));
    }
    paragraphs.retain(|p| !p.is_empty());
    // A number and its sign stay on one line.
    paragraphs.into_iter().map(|p| p.replace(" %", "\u{a0}%")).collect()
}

/// How much the audit found, and its worst finding.
fn audited(audit: &Audit) -> String {
    let worst = audit.findings.first().filter(|f| f.verdict >= crate::audit::Verdict::Look);
    let worst = worst.map_or_else(String::new, |f| format!(" The worst of them: {}", f.message));
    format!("Audit: {}{worst}", super::audit_view::summary(audit))
}

struct Facts<'a> {
    evaluation: &'a Evaluation,
    protocol: Protocol,
    dimensions: Vec<&'a str>,
}

impl<'a> Facts<'a> {
    /// The dimension that stands for all: `overall` (or `total`), else the only one.
    fn lead(&self) -> Option<&'a str> {
        let named = self.dimensions.iter().find(|d| super::view::is_lead(d));
        named.or(if self.dimensions.len() == 1 { self.dimensions.first() } else { None }).copied()
    }

    fn head(&self, dimension: &'a str) -> Option<&'a Row> {
        self.evaluation.row(dimension, "head", self.protocol)
    }

    fn comparisons(&self) -> impl Iterator<Item = &'a Comparison> + '_ {
        self.evaluation.comparisons.iter().filter(|c| c.protocol == self.protocol)
    }

    /// The best other scorer and how it compares.
    fn rival(&self, dimension: &'a str) -> Option<(&'a Row, Option<&'a Comparison>)> {
        let best = self.evaluation.best_scorer(dimension)?;
        Some((best, self.evaluation.comparison(dimension, &best.scorer, self.protocol)))
    }

    fn accuracy(&self) -> String {
        match (self.lead(), self.dimensions.len()) {
            (_, 0) => "Nothing was evaluated: there are no pairs that a head could be scored on.".to_owned(),
            (Some(lead), 1) => self.accuracy_on(lead, true),
            (Some(lead), _) => format!("{} {}", self.accuracy_on(lead, true), self.range()),
            (None, n) if n <= EACH => {
                let each = self.dimensions.iter().enumerate().map(|(i, d)| self.accuracy_on(d, i == 0));
                each.collect::<Vec<_>>().join(" ")
            }
            (None, _) => self.range(),
        }
    }

    /// Accuracy on one dimension against the best other scorer; `first` adds how it was measured, and chance.
    fn accuracy_on(&self, dimension: &'a str, first: bool) -> String {
        let Some(head) = self.head(dimension) else {
            return format!("There is no head for {dimension}.");
        };
        let Some(value) = head.value else {
            let reason = head.reason.as_deref().unwrap_or("no reason is known");
            return format!("No accuracy can be given for the head on {dimension}: {reason}.");
        };
        let mut text = format!(
            "On {dimension} the head agrees with people in {} %{} of {} from {}{}.",
            percent(value),
            interval(head),
            if self.protocol.drops_human_ties() {
                counted(head.n, "decided pair", "decided pairs")
            } else {
                counted(head.n, "pair", "pairs")
            },
            counted(head.prompts, "prompt", "prompts"),
            if first {
                format!(" ({}, {} accuracy)", super::methods::design(&self.evaluation.design), self.protocol.id())
            } else {
                String::new()
            }
        );
        let floor = self
            .evaluation
            .floors
            .iter()
            .find(|f| f.dimension == dimension && f.protocol == self.protocol && f.floor == "chance");
        if let Some(floor) = floor.filter(|_| first) {
            text.push_str(&format!(" Chance is {} %.", percent(floor.value)));
        }
        let Some((rival, comparison)) = self.rival(dimension) else { return text };
        let covers = if rival.coverage < 0.995 {
            format!(", on the {} % of pairs that it covers", percent(rival.coverage))
        } else {
            String::new()
        };
        text.push_str(&format!(
            " The best of the other scorers, {}, reaches {} %{covers}",
            called(&rival.scorer),
            percent(rival.value.unwrap_or(0.0))
        ));
        text.push_str(&match comparison.and_then(|c| c.difference.map(|d| (c, d))) {
            Some((c, d)) => format!("; on the pairs that both cover the head is {}.", apart(c, d)),
            None => ".".to_owned(),
        });
        text
    }

    /// Lowest and highest accuracy of the head over several dimensions.
    fn range(&self) -> String {
        let mut found: Vec<(&str, &Row, f64)> =
            self.dimensions.iter().filter_map(|&d| self.head(d).and_then(|r| r.value.map(|v| (d, r, v)))).collect();
        found.sort_by(|a, b| a.2.total_cmp(&b.2));
        let (Some(low), Some(high)) = (found.first(), found.last()) else {
            return "On no dimension can an accuracy of the head be given.".to_owned();
        };
        let (subject, design) = match self.lead() {
            Some(_) => ("its", String::new()),
            None => ("the head's", format!(", {}", super::methods::design(&self.evaluation.design))),
        };
        format!(
            "Over {} {subject} accuracy ({}{design}) ranges from {} %{} on {} to {} %{} on {}.",
            counted(found.len(), "dimension", "dimensions"),
            self.protocol.id(),
            percent(low.2),
            interval(low.1),
            low.0,
            percent(high.2),
            interval(high.1),
            high.0
        )
    }

    /// Where the head loses, and where nothing is shown.
    fn doubts(&self) -> String {
        let of = |verdict| self.comparisons().filter(move |c| c.verdict == verdict).collect::<Vec<_>>();
        let (lost, open, few) = (of(Verdict::HeadLoses), of(Verdict::NoDifferenceShown), of(Verdict::NotEnoughData));
        let total = self.comparisons().count();
        if total == 0 {
            return format!("There is no other scorer to compare with.{}", self.attributes_ahead());
        }
        let mut text = match lost.as_slice() {
            [] => "No other scorer is shown to be better than the head on any dimension.".to_owned(),
            _ => format!(
                "The head loses {}: {}.",
                counted(lost.len(), "comparison", "comparisons"),
                cases(&lost, |c| {
                    let by = c.difference.map_or(String::new(), |d| {
                        format!(" by {} points{}", number(-d * 100.0, 1), span(c.high.map(|v| -v), c.low.map(|v| -v)))
                    });
                    format!("to {} on {}{by}", called(&c.scorer), c.dimension)
                })
            ),
        };
        if !open.is_empty() {
            text.push_str(&open_cases(open, total));
        }
        if !few.is_empty() {
            text.push_str(&format!(
                " {} not enough data.",
                if few.len() == 1 {
                    "1 comparison has".into()
                } else {
                    format!("{} comparisons have", count(few.len()))
                }
            ));
        }
        text.push_str(&self.attributes_ahead());
        text
    }

    /// Where a single attribute of the items says more than the head does: people may have judged what it stands for.
    fn attributes_ahead(&self) -> String {
        let ahead: Vec<String> = (self.evaluation.floors.iter())
            .filter(|f| f.floor == "attribute" && f.protocol == self.protocol)
            .filter_map(|f| {
                let head = self.head(&f.dimension)?.value.filter(|head| f.value > *head)?;
                let (name, alone) = (f.detail.as_deref().unwrap_or("attribute"), percent(f.value));
                let range = span(f.low, f.high);
                Some(format!("{name} on {}: {alone} %{range} against {} %", f.dimension, percent(head)))
            })
            .collect();
        if ahead.is_empty() {
            return String::new();
        }
        format!(
            " An attribute of the items alone, fitted out of fold, does better than the head ({}).",
            ahead.join("; ")
        )
    }
}

/// Comparisons without a shown difference: how many, and where the other scorer is ahead in number, furthest first.
fn open_cases(open: Vec<&Comparison>, total: usize) -> String {
    let mut text = format!(" In {} of {}", count(open.len()), counted(total, "comparison", "comparisons"));
    text.push_str(" no difference is shown");
    let behind = |c: &Comparison| c.difference.is_some_and(|d| d < 0.0);
    let mut ahead: Vec<&Comparison> = open.into_iter().filter(|c| behind(c)).collect();
    ahead.sort_by(|a, b| a.difference.unwrap_or(0.0).total_cmp(&b.difference.unwrap_or(0.0)));
    if ahead.is_empty() {
        return text + ".";
    }
    let say = |c: &Comparison| {
        let points = c.difference.map_or(String::new(), |d| number(-d * 100.0, 1));
        format!("{} on {} ({points})", called(&c.scorer), c.dimension)
    };
    let heading = if ahead.len() == 1 { "; in 1 of them" } else { "; in some of them" };
    format!("{text}{heading} the other scorer is ahead in points: {}.", cases(&ahead, say))
}

/// A scorer in a sentence: `mean` is ours and needs saying what it is.
fn called(scorer: &str) -> &str {
    if scorer == "mean" { "the plain mean of the features" } else { scorer }
}

/// `first; second; third; and 4 more`.
fn cases(comparisons: &[&Comparison], say: impl Fn(&Comparison) -> String) -> String {
    let mut listed: Vec<String> = comparisons.iter().take(LISTED).map(|c| say(c)).collect();
    if comparisons.len() > LISTED {
        listed.push(format!("and {} more", comparisons.len() - LISTED));
    }
    listed.join("; ")
}

/// ` (95 % interval 72.0 to 77.7)`, or why there is none.
fn interval(row: &Row) -> String {
    match row.low.zip(row.high) {
        Some((low, high)) => format!(" (95 % interval {} to {})", percent(low), percent(high)),
        None => format!(" (no interval: {})", row.reason.as_deref().unwrap_or("none was asked for")),
    }
}

/// ` (0.4 to 5.9)` in points.
fn span(low: Option<f64>, high: Option<f64>) -> String {
    low.zip(high).map_or(String::new(), |(low, high)| format!(" ({} to {})", percent(low), percent(high)))
}

/// `8.2 points better (5.1 to 11.0)`, or that nothing is shown.
fn apart(c: &Comparison, difference: f64) -> String {
    let (word, low, high) =
        if difference >= 0.0 { ("better", c.low, c.high) } else { ("worse", c.high.map(|v| -v), c.low.map(|v| -v)) };
    let size = format!("{} points {word}{}", number(difference.abs() * 100.0, 1), span(low, high));
    match c.verdict {
        Verdict::HeadWins | Verdict::HeadLoses => size,
        Verdict::NoDifferenceShown => format!("{size}, which shows no difference"),
        Verdict::NotEnoughData => format!("{size}, on too few pairs to say"),
    }
}

fn weight_sentence(heads: &[HeadSummary], lead: Option<&str>) -> String {
    let Some(head) = heads.iter().find(|h| Some(h.dimension.as_str()) == lead).or(heads.first()) else {
        return String::new();
    };
    let mut text = format!("{}.", finding(&weights_of(head, false)));
    let mut largest: Vec<_> = head.weights.iter().filter(|w| w.effect != 0.0).collect();
    largest.sort_by(|a, b| b.effect.abs().total_cmp(&a.effect.abs()));
    if largest.len() > 1 {
        let named: Vec<String> = largest
            .iter()
            .take(3)
            .map(|w| match w.selected {
                Some(s) => {
                    format!("“{}” ({}, kept in {} % of refits)", w.label, number(w.effect, 2), number(s * 100.0, 0))
                }
                None => format!("“{}” ({})", w.label, number(w.effect, 2)),
            })
            .collect();
        text.push_str(&format!(" The largest weights are {}.", named.join(", ")));
    }
    let shaky = largest.iter().filter(|w| w.selected.is_some_and(|s| s < 0.5)).count();
    if shaky > 0 {
        let (_, many) = noun(head);
        text.push_str(&format!(
            " {} of its {many} would drop out in more than half of refits on resampled prompts.",
            count(shaky)
        ));
    }
    let unproven: Vec<&str> = heads.iter().filter(|h| !h.converged).map(|h| h.dimension.as_str()).collect();
    if !unproven.is_empty() {
        text.push_str(&format!(" The fit stopped before its certificate of optimality on {}.", unproven.join(", ")));
    }
    text
}

fn recovered(recovery: &[Recovery], lead: Option<&str>) -> String {
    let say = |r: &Recovery| {
        format!(
            "{} of {} are found on {} ({} % of the planted weight){}",
            count(r.found.len()),
            count(r.found.len() + r.missed.len()),
            r.dimension,
            number(r.share_found * 100.0, 0),
            match r.unplanted.len() {
                0 => ", and nothing that was not planted".to_owned(),
                n => format!(", and beside them {} that were not planted", counted(n, "weight", "weights")),
            }
        )
    };
    let shown = recovery.iter().find(|r| Some(r.dimension.as_str()) == lead).or(recovery.first());
    let (found, planted) =
        recovery.iter().fold((0, 0), |(f, p), r| (f + r.found.len(), p + r.found.len() + r.missed.len()));
    let mut text = shown.map_or(String::new(), |r| format!("Of the weights planted in the simulation {}.", say(r)));
    if recovery.len() > 1 {
        text.push_str(&format!(
            " Over {} it is {} of {}.",
            counted(recovery.len(), "dimension", "dimensions"),
            count(found),
            count(planted)
        ));
    }
    text
}
