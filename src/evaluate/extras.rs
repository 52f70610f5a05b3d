//! What is asked for beside accuracies, and adding it to an evaluation.

use super::attributes::best_attribute;
use super::compare::{Question, assess};
use super::correlations::{MissingItem, correlations};
use super::curves::{Setting, curves};
use super::human::human_level;
use super::{Evaluation, Floor, calibration, legacy, ranks, strata, systems, unseen};

/// What is computed beside accuracies and comparisons. The default is what is cheap.
#[derive(Debug, Clone, PartialEq)]
pub struct Extras {
    /// Best single attribute and human level.
    pub references: bool,
    /// Places of the scorers.
    pub standings: bool,
    /// Calibration of win probabilities.
    pub calibration: bool,
    /// Accuracy by margin, between and within generators, by attribute.
    pub strata: bool,
    /// Item attribute that names the generator, for the ranking of generators.
    pub systems: Option<String>,
    /// Correlations with mean ratings: what an item without a score counts as, and bootstrap draws.
    pub correlations: Option<(MissingItem, usize)>,
    /// Learning curve, questions, λ.
    pub curves: bool,
    /// Attributes for which the head is tried on values that it never saw.
    pub unseen: Vec<String>,
    /// VideoAlign's shipped rule.
    pub legacy: bool,
}

impl Default for Extras {
    fn default() -> Self {
        Self {
            references: true,
            standings: true,
            calibration: true,
            strata: true,
            systems: Some("generator".to_owned()),
            ..Self::none()
        }
    }
}

impl Extras {
    /// Nothing but accuracies, floors by rule, and comparisons.
    pub fn none() -> Self {
        Self {
            references: false,
            standings: false,
            calibration: false,
            strata: false,
            systems: None,
            correlations: None,
            curves: false,
            unseen: Vec::new(),
            legacy: false,
        }
    }
}

/// Adds what is asked for on one dimension.
pub(super) fn add(evaluation: &mut Evaluation, setting: Setting<'_>, found: &super::DimensionScores) {
    let Setting { ds, features, dimension, labels, options, .. } = setting;
    let extras = &options.extras;
    let (draws, seed) = (options.draws, options.seed);
    let name = &found.dimension;
    let question =
        Question { dimension: name, protocols: &options.protocols, draws, seed, head_first: false, tests: 0 };
    options.say(&format!("{name}: ranks, parts, calibration"));
    if extras.references {
        evaluation.floors.extend(attribute_floor(setting, question));
        evaluation.ceilings.extend(human_level(ds, name, labels, question));
    }
    if extras.standings {
        evaluation.standings.extend(ranks::standings(name, labels, &found.scored, &options.protocols, draws, seed));
    }
    if extras.calibration {
        evaluation.calibration.extend(calibration::calibration(found, draws, seed));
    }
    if extras.strata {
        evaluation.strata.extend(strata::strata(ds, found, extras.systems.as_deref(), draws, seed));
    }
    if let Some(attribute) = &extras.systems {
        evaluation.systems.extend(systems::system_ranking(ds, found, attribute, draws, seed));
    }
    if let Some((missing, draws)) = extras.correlations {
        options.say(&format!("{name}: correlations"));
        evaluation.correlations.extend(correlations(ds, name, &found.items, missing, draws, seed));
    }
    if extras.curves {
        let made = curves(setting);
        if made.is_empty() {
            evaluation.notes.push(format!("{name}: no curves, they need training pairs and a head."));
        }
        evaluation.curves.extend(made);
    }
    for attribute in &extras.unseen {
        evaluation.unseen.push(unseen::unseen(ds, features, dimension, labels, attribute, options));
    }
    if extras.legacy {
        evaluation.legacy.extend(legacy::legacy(found));
    }
}

/// The best single attribute of the items, as floors.
fn attribute_floor(setting: Setting<'_>, question: Question<'_>) -> Vec<Floor> {
    let Some((scored, detail)) = best_attribute(setting.ds, setting.labels, setting.part, setting.training) else {
        return Vec::new();
    };
    let question = Question { head_first: false, tests: 0, ..question };
    let rows = assess(setting.labels, &[scored], question).rows.into_iter();
    rows.filter_map(|row| {
        Some(Floor {
            dimension: row.dimension,
            floor: row.scorer,
            protocol: row.protocol,
            value: row.value?,
            low: row.low,
            high: row.high,
            n: row.n,
            detail: Some(detail.clone()),
        })
    })
    .collect()
}
