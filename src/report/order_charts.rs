//! Charts of orders: systems by people and by the head, scores against ratings, and the head on groups that it never saw.

use super::charts;
use crate::evaluate::{Correlation, Evaluation, Statistic, SystemRanking, UnseenGroups, Within};
use crate::plot::Chart;
use crate::plot::agreement::{Agreed, Agreement};
use crate::plot::systems::{System, Systems};
use crate::plot::unseen::{Kept, Unseen};

/// Every chart that the evaluation allows, and whether pages show it: those of the leading dimension.
pub(super) fn all(evaluation: &Evaluation, lead: Option<&str>) -> Vec<(Chart, bool)> {
    let simulated = evaluation.simulated;
    let mut found = Vec::new();
    for ranking in evaluation.systems.iter().filter(|r| r.scores.iter().any(|s| s.scorer == PEOPLE)) {
        let shown = Some(ranking.dimension.as_str()) == lead;
        found.push((Chart::Systems(systems(ranking, simulated)), shown));
        // Two systems have one order or the other: a correlation of it says nothing more.
        if ranking.agreement.iter().any(|a| a.systems > 3 && a.kendall.is_some()) {
            found.push((Chart::Agreement(system_agreement(ranking, simulated)), shown));
        }
    }
    let mut dimensions: Vec<&str> = Vec::new();
    for correlation in &evaluation.correlations {
        if !dimensions.contains(&correlation.dimension.as_str()) {
            dimensions.push(&correlation.dimension);
        }
    }
    for dimension in dimensions {
        for (statistic, name) in STATISTICS {
            let of = |c: &&Correlation| c.dimension == dimension && c.statistic == statistic && c.value.is_some();
            let rows: Vec<&Correlation> = evaluation.correlations.iter().filter(of).collect();
            if !rows.is_empty() {
                let shown = Some(dimension) == lead && statistic == Statistic::KendallTauB;
                found.push((Chart::Agreement(correlations(dimension, name, &rows, simulated)), shown));
            }
        }
    }
    let mut attributes: Vec<&str> = Vec::new();
    for row in &evaluation.unseen {
        if !attributes.contains(&row.attribute.as_str()) {
            attributes.push(&row.attribute);
        }
    }
    for attribute in attributes {
        let rows: Vec<&UnseenGroups> =
            evaluation.unseen.iter().filter(|u| u.attribute == attribute && u.difference.value.is_some()).collect();
        if let Some(first) = rows.first() {
            let measure = format!("{} accuracy", first.protocol.id());
            found.push((Chart::Unseen(unseen(attribute, measure, &rows, simulated)), true));
        }
    }
    found
}

/// Name of people among the scorers of a ranking.
const PEOPLE: &str = "people";

/// Correlations, the one that pages show first.
const STATISTICS: [(Statistic, &str); 3] = [
    (Statistic::KendallTauB, "Kendall's tau-b"),
    (Statistic::Spearman, "Spearman's rho"),
    (Statistic::Pearson, "Pearson's r"),
];

fn systems(found: &SystemRanking, simulated: bool) -> Systems {
    let of = |system: &str, scorer: &str| found.scores.iter().find(|s| s.system == system && s.scorer == scorer);
    let row = |people: &crate::evaluate::SystemScore| System {
        name: people.system.clone(),
        people: Some(people.value),
        people_interval: people.low.zip(people.high),
        head: of(&people.system, charts::HEAD).map(|s| s.value),
        pairs: people.n,
    };
    let head = found.agreement.iter().find(|a| a.scorer == charts::HEAD);
    Systems {
        id: charts::id("systems", &found.dimension),
        simulated,
        dimension: found.dimension.clone(),
        attribute: found.attribute.clone(),
        rows: found.scores.iter().filter(|s| s.scorer == PEOPLE).map(row).collect(),
        agreement: head.and_then(|a| a.kendall),
        agreement_interval: head.and_then(|a| a.low.zip(a.high)),
    }
}

fn system_agreement(found: &SystemRanking, simulated: bool) -> Agreement {
    let row = |a: &crate::evaluate::SystemAgreement| Agreed {
        scorer: a.scorer.clone(),
        group: None,
        value: a.kendall,
        interval: a.low.zip(a.high),
        n: a.systems,
    };
    Agreement {
        id: charts::id("system-order", &found.dimension),
        simulated,
        dimension: found.dimension.clone(),
        statistic: "Kendall's tau-b".into(),
        of: format!(
            "order of {} by win share",
            crate::plot::text::counted(
                found.scores.iter().filter(|s| s.scorer == PEOPLE).count(),
                &found.attribute,
                &format!("{}s", found.attribute),
            )
        ),
        rows: found.agreement.iter().map(row).collect(),
    }
}

fn correlations(dimension: &str, name: &str, rows: &[&Correlation], simulated: bool) -> Agreement {
    let row = |c: &&Correlation| Agreed {
        scorer: c.scorer.clone(),
        group: Some(
            match c.within {
                Within::Pooled => "all items together",
                Within::Prompt => "within prompts, mean over prompts",
            }
            .into(),
        ),
        value: c.value,
        interval: c.low.zip(c.high),
        n: c.n,
    };
    let slug = name.split(['\'', ' ']).next().unwrap_or(name).to_lowercase();
    Agreement {
        id: charts::id(&format!("item-order-{slug}"), dimension),
        simulated,
        dimension: dimension.to_owned(),
        statistic: name.into(),
        of: "item scores against mean ratings".into(),
        rows: rows.iter().map(row).collect(),
    }
}

fn unseen(attribute: &str, measure: String, rows: &[&UnseenGroups], simulated: bool) -> Unseen {
    let row = |u: &&UnseenGroups| Kept {
        dimension: u.dimension.clone(),
        unseen: u.unseen.value,
        unseen_interval: u.unseen.low.zip(u.unseen.high),
        seen: u.seen.value,
        difference: u.difference.value,
        difference_interval: u.difference.low.zip(u.difference.high),
        pairs: u.n,
    };
    Unseen {
        id: charts::id("unseen", attribute),
        simulated,
        attribute: attribute.to_owned(),
        measure,
        rows: rows.iter().map(row).collect(),
    }
}
