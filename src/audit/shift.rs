//! Mean yes-share of preferred items minus that of the others (arXiv 2412.21059, Fig. 4), over all questions: of the features
//! where they are answers (gated as the heads see them), else of the answers beside a table of features.

use super::attributes::{Attributes, Grouping};
use super::pairs::{Decided, decided, valued};
use super::{Area, AuditInput, Band, Estimate, Finding, Outcome, Side};
use crate::Result;
use crate::features::{Coding, ColumnKind, FeatureMatrix};

/// Shift that is not positive: the answers do not speak for the preferred item.
const BAND: Band = Band { null: 0.0, look: 0.005, bad: 0.05, side: Side::Below };

/// The check: per dimension, and in each group of pairs and of items.
///
/// # Errors
/// None.
pub fn run(input: &AuditInput) -> Result<Outcome> {
    let Some(share) = input.features.and_then(yes_share).or_else(|| yes_share_of_answers(input)) else {
        return Ok(Outcome::not_applicable("there are no answers: numbers of a features table have no yes"));
    };
    let attributes = Attributes::new(input);
    let mut outcome = Outcome::default();
    let difference = |pair: &Decided| Some(share[pair.preferred]? - share[pair.other]?);
    for (d, name) in input.dimensions() {
        let pairs = decided(input, d);
        outcome.findings.push(finding(
            "yes-share-shift",
            name,
            "all decided pairs".to_owned(),
            valued(&pairs, difference),
        ));
        let mut by_group = |grouping: &Grouping, of_items: bool| {
            let mut without = 0;
            for (g, value) in grouping.values.iter().enumerate() {
                let member = |pair: &Decided| match of_items {
                    true => [pair.preferred, pair.other].iter().any(|&item| grouping.group[item] == Some(g)),
                    false => grouping.group[pair.pair] == Some(g),
                };
                let found = valued(&pairs, |pair| member(pair).then(|| difference(pair)).flatten());
                if found.0.is_empty() {
                    without += 1;
                    continue;
                }
                let subject = format!("{}{} = {value}", if of_items { "with " } else { "" }, grouping.name);
                outcome.findings.push(finding("yes-share-shift-by-group", name, subject, found));
            }
            if without > 0 {
                let reason = format!("{without} of {} values have no decided pair here", grouping.values.len());
                outcome.not_run.push((format!("{name}: by {}", grouping.name), reason));
            }
        };
        attributes.of_pairs.iter().for_each(|grouping| by_group(grouping, false));
        attributes.of_items.iter().for_each(|grouping| by_group(grouping, true));
    }
    Ok(outcome)
}

/// Per item: mean over its answer columns as shares of yes; `None` where it has none.
fn yes_share(features: &FeatureMatrix) -> Option<Vec<Option<f64>>> {
    let answers = |kind| matches!(kind, ColumnKind::Question | ColumnKind::Aggregate);
    let columns: Vec<usize> = (0..features.columns.len()).filter(|&c| answers(features.columns[c].kind)).collect();
    if columns.is_empty() {
        return None;
    }
    let unit = |coded: f64| match features.coding {
        Coding::Signed => f64::midpoint(coded, 1.0),
        Coding::Unit => coded,
        Coding::Logit => 1.0 / (1.0 + (-coded).exp()),
    };
    let mean = |row: ndarray::ArrayView1<f64>| {
        let known = columns.iter().map(|&c| row[c]).filter(|v| !v.is_nan());
        let (sum, n) = known.fold((0.0, 0usize), |(sum, n), v| (sum + unit(v), n + 1));
        (n > 0).then(|| sum / n as f64)
    };
    Some(features.values.rows().into_iter().map(mean).collect())
}

/// Per item: mean P(yes) over all answers of all judges, where the heads read a table of features in their place.
fn yes_share_of_answers(input: &AuditInput) -> Option<Vec<Option<f64>>> {
    let answers = input.ds.answers.as_ref()?;
    let mut sums = vec![(0.0, 0usize); input.ds.items.len()];
    for row in &answers.rows {
        if let Some(p) = row.p_yes {
            sums[row.item] = (sums[row.item].0 + p, sums[row.item].1 + 1);
        }
    }
    Some(sums.into_iter().map(|(sum, n)| (n > 0).then(|| sum / n as f64)).collect())
}

fn finding(check: &str, dimension: &str, subject: String, (values, clusters): (Vec<f64>, Vec<usize>)) -> Finding {
    let finding = Finding::of(Area::Preferences, check, Some(dimension), subject.clone());
    let Some(found) = Estimate::mean(&values, &clusters, 0.0) else {
        return finding.undefined("no decided pair has answers for both items");
    };
    let message = format!(
        "{dimension}, {subject}: preferred items get {:+.1} points more yes than the others.",
        100.0 * found.value
    );
    let remedy =
        "Here the answers do not speak for what people prefer: look at the questions that fall (table of questions).";
    finding.saying(message, remedy).measured(&found, "share of yes", "decided pairs", BAND)
}
