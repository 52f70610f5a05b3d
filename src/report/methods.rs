//! How the numbers of a report were made.

use std::collections::BTreeMap;

use super::view::protocols;
use super::{Methods, ProtocolNote};
use crate::dataset::DataCard;
use crate::evaluate::{Design, Evaluation, Protocol};

/// How the numbers were made.
pub(super) fn methods(
    evaluation: &Evaluation,
    card: &DataCard,
    command: String,
    options: BTreeMap<String, String>,
) -> Methods {
    let note = |p: &Protocol| ProtocolNote {
        id: p.id().into(),
        formula: p.formula().into(),
        source: p.source().into(),
        pitfalls: p.pitfalls().into(),
    };
    Methods {
        program_version: env!("CARGO_PKG_VERSION").into(),
        command,
        design: design(&evaluation.design),
        seed: evaluation.seed,
        draws: evaluation.draws,
        protocols: protocols(evaluation).iter().map(note).collect(),
        options,
        inputs: card.inputs.clone(),
    }
}

/// How the head's margins were made, as part of a sentence.
pub(super) fn design(design: &Design) -> String {
    match design {
        Design::CrossValidated { folds } => format!("nested cross-validation over prompts, {folds} folds"),
        Design::TrainTest => "fitted on the train split, scored on the test split".to_owned(),
        Design::StoredHead => "a stored head, not refitted".to_owned(),
    }
}
