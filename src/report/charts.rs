//! What the charts of a report show.

use super::{HeadSummary, WeightRow, main_protocol};
use crate::Result;
use crate::evaluate::{Evaluation, Verdict};
use crate::features::ColumnKind;
use crate::plot::Figure;
use crate::plot::leaderboard::{Entry, Leaderboard, Panel, Standing, leaderboard};
use crate::plot::weights::{Weight, Weights, weights};

/// Name of the head among the scorers.
const HEAD: &str = "head";

/// The leaderboard, then one weights chart per head.
pub(super) fn draw(heads: &[HeadSummary], evaluation: &Evaluation) -> Result<Vec<Figure>> {
    let mut figures = vec![leaderboard(&board(evaluation))?];
    for head in heads {
        figures.push(weights(&weights_of(head, evaluation.simulated))?);
    }
    Ok(figures)
}

/// The accuracies under the main protocol.
pub(super) fn board(evaluation: &Evaluation) -> Leaderboard {
    let protocol = main_protocol(evaluation);
    let panel = |dimension: &str| {
        let rows: Vec<_> =
            evaluation.rows.iter().filter(|r| r.dimension == dimension && r.protocol == protocol).collect();
        let head = rows.iter().find(|r| r.scorer == HEAD).or(rows.first());
        let standing = |scorer: &str| {
            let compared = evaluation
                .comparisons
                .iter()
                .find(|c| c.dimension == dimension && c.protocol == protocol && c.scorer == scorer);
            match compared.map(|c| c.verdict) {
                _ if scorer == HEAD => Standing::Head,
                Some(Verdict::HeadWins) => Standing::Behind,
                Some(Verdict::HeadLoses) => Standing::Ahead,
                _ => Standing::Open,
            }
        };
        let entry = |row: &&crate::evaluate::Row| Entry {
            scorer: row.scorer.clone(),
            value: row.value,
            interval: row.low.zip(row.high),
            standing: standing(&row.scorer),
        };
        let floors = evaluation.floors.iter().filter(|f| f.dimension == dimension && f.protocol == protocol);
        Panel {
            name: dimension.to_owned(),
            pairs: head.map_or(0, |r| r.n),
            prompts: head.map_or(0, |r| r.prompts),
            ceilings: Vec::new(),
            floors: floors.map(|f| (f.floor.replace('-', " "), f.value)).collect(),
            entries: rows.iter().map(entry).collect(),
        }
    };
    Leaderboard {
        id: "leaderboard".into(),
        measure: format!("{} accuracy", protocol.id()),
        simulated: evaluation.simulated,
        panels: evaluation.dimensions().into_iter().map(panel).collect(),
    }
}

/// The weights of one head.
pub(super) fn weights_of(head: &HeadSummary, simulated: bool) -> Weights {
    let row = |row: &WeightRow| Weight {
        label: row.label.clone(),
        group: row.dimension.clone(),
        ladder: row.subdimension.clone(),
        weight: row.effect,
        interval: row.low.zip(row.high),
        marginal: row.marginal,
    };
    Weights {
        id: head.figure.clone(),
        head: head.dimension.clone(),
        noun: (noun(head).0.into(), noun(head).1.into()),
        unit: unit(head).into(),
        simulated,
        pairs: head.pairs,
        rows: head.weights.iter().map(row).collect(),
    }
}

/// What one column is called, singular and plural.
pub(super) fn noun(head: &HeadSummary) -> (&'static str, &'static str) {
    if !head.weights.is_empty() && head.weights.iter().all(|w| w.kind == ColumnKind::Question) {
        ("question", "questions")
    } else {
        ("column", "columns")
    }
}

/// The unit of the effects of one head.
pub(super) fn unit(head: &HeadSummary) -> &'static str {
    let scaled = |w: &WeightRow| matches!(w.kind, ColumnKind::Table | ColumnKind::Score);
    match (head.weights.iter().any(scaled), head.weights.iter().all(scaled)) {
        (false, _) => "log-odds per unit of the coded answer",
        (_, true) => "log-odds per standard deviation of the column",
        _ => "log-odds per coded answer or standard deviation",
    }
}
