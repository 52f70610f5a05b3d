//! What a model card says of the heads: a section to paste.

use serde::Serialize;

use super::{Report, charts, main_protocol, view};
use crate::audit::Verdict;
use crate::plot::text::{count, counted, number};

/// Most warnings that a card lists.
const LISTED: usize = 12;
/// Most weights that a card lists of one head.
const WEIGHTS: usize = 10;

/// The values of `model-card.md.j2`.
#[derive(Serialize)]
pub(super) struct ModelCard {
    protocol: &'static str,
    formula: &'static str,
    /// Dimension, accuracy, interval, best other, its accuracy, difference, its interval, weights in use, …
    rows: Vec<Vec<String>>,
    heads: Vec<CardHead>,
    training: Vec<String>,
    warnings: Vec<String>,
    /// Warnings that are left to the report.
    more: usize,
}

#[derive(Serialize)]
struct CardHead {
    dimension: String,
    used: String,
    unit: &'static str,
    largest: Vec<(String, String, String)>,
}

impl ModelCard {
    pub(super) fn new(report: &Report) -> Self {
        let protocol = main_protocol(&report.evaluation);
        let mut warnings: Vec<String> = Vec::new();
        for dimension in report.evaluation.dimensions() {
            let better = report.evaluation.loses_against(dimension, protocol);
            if !better.is_empty() {
                warnings.push(format!("On {dimension} the head is worse than {}.", better.join(", ")));
            }
        }
        for head in report.heads.iter().filter(|h| !h.converged) {
            warnings.push(format!("The fit of {} stopped before its optimality certificate.", head.dimension));
        }
        let flagged = report.audit.iter().flat_map(|a| &a.findings);
        warnings.extend(
            flagged.filter(|f| matches!(f.verdict, Verdict::Look | Verdict::Bad)).map(|f| {
                format!("{} ({}): {}", f.check.replace('-', " "), super::audit_view::word(f.verdict), f.message)
            }),
        );
        let more = warnings.len().saturating_sub(LISTED);
        warnings.truncate(LISTED);
        let training = report.heads.iter().map(|h| {
            let (pairs, groups) = (counted(h.pairs, "pair", "pairs"), counted(h.groups, "prompt", "prompts"));
            format!("{}: {pairs} from {groups}, λ = {}", h.dimension, number(h.lambda, 4))
        });
        Self {
            protocol: protocol.id(),
            formula: protocol.formula(),
            rows: report.heads.iter().map(|h| view::dimension_row(report, h)).collect(),
            heads: report.heads.iter().map(head).collect(),
            training: training.collect(),
            warnings,
            more,
        }
    }
}

fn head(head: &super::HeadSummary) -> CardHead {
    let mut used: Vec<_> = head.weights.iter().filter(|w| w.effect != 0.0).collect();
    used.sort_by(|a, b| b.effect.abs().total_cmp(&a.effect.abs()));
    let row = |w: &&super::WeightRow| {
        let interval = w.low.zip(w.high);
        let interval =
            interval.map_or_else(|| "–".to_owned(), |(l, h)| format!("{} to {}", number(l, 2), number(h, 2)));
        (w.label.clone(), number(w.effect, 3), interval)
    };
    CardHead {
        dimension: head.dimension.clone(),
        used: format!(
            "{} of {}",
            count(head.used),
            counted(head.weights.len(), charts::noun(head).0, charts::noun(head).1)
        ),
        unit: charts::unit(head),
        largest: used.iter().take(WEIGHTS).map(row).collect(),
    }
}
