//! The plants: how large each is, which finding it must raise, and which others follow from it.

use crate::synth::{Plants, Simulation};

/// The finding that a plant must raise, with its true size.
pub struct Expected {
    /// Check.
    pub check: &'static str,
    /// Dimension, where the check names one.
    pub dimension: Option<String>,
    /// Subject.
    pub subject: String,
    /// True size in the finding's unit.
    pub truth: f64,
}

/// One plant.
pub struct Plant {
    /// Id.
    pub id: &'static str,
    /// In words.
    pub about: &'static str,
    /// Its size.
    pub plants: Plants,
    /// What must be found: from the simulation without the plant, the one with it, and the plant.
    pub expected: fn(&Simulation, &Simulation, &Plants) -> Expected,
    /// Checks that follow from it.
    pub follows: &'static [&'static str],
}

/// Everything that is planted, one by one.
pub fn plan() -> Vec<Plant> {
    let none = Plants::default();
    vec![
        Plant {
            id: "position",
            about: "people lean to the side shown first by 0.6 log-odds",
            plants: Plants { position: 0.6, ..none },
            expected: |clean, _, plants| Expected {
                check: "position-bias",
                dimension: overall(),
                subject: "people".to_owned(),
                truth: clean.expected_first_share(plants),
            },
            // The same lean, seen beside the head and by attributes alone.
            follows: &["head-controlled-effect", "head-attributes-alone"],
        },
        Plant {
            id: "length",
            about: "people prefer clips by 0.6 log-odds for every 2 s more",
            plants: Plants { length: 0.6, ..none },
            expected: |clean, _, plants| Expected {
                check: "head-controlled-effect",
                dimension: overall(),
                subject: "duration".to_owned(),
                truth: plants.length * steps_deviation(clean),
            },
            follows: &[
                "larger-preference",
                "attribute-only",
                "head-attributes-alone",
                "group-preference",
                "head-residual-preference",
                "tie-share-by-group",
            ],
        },
        Plant {
            id: "generator",
            about: "people prefer one generator by 1.2 log-odds for its own sake",
            plants: Plants { generator: 1.2, ..none },
            expected: |_, _, plants| {
                let (name, truth) = Simulation::expected_generator_effect(plants);
                Expected {
                    check: "head-controlled-effect",
                    dimension: overall(),
                    subject: format!("generator = {name}"),
                    truth,
                }
            },
            follows: &[
                "head-controlled-effect",
                "head-residual-preference",
                "head-attributes-alone",
                "attribute-only",
                "group-preference",
            ],
        },
        Plant {
            id: "lenient-annotator",
            about: "one annotator rates a step too high with a chance of 0.8",
            plants: Plants { lenient: 0.8, ..none },
            expected: |clean, planted, plants| {
                let (annotator, dimension, off) = clean.expected_severity(plants, 0);
                Expected {
                    check: "annotator-severity",
                    truth: off / ratings_deviation(planted, 0),
                    dimension: Some(dimension),
                    subject: annotator.to_owned(),
                }
            },
            // The others' mean goes up with him, agreement goes down, and mean ratings reach options that nobody else saw.
            follows: &[
                "annotator-severity",
                "annotator-agreement",
                "agreement",
                "human-ceiling",
                "yes-bias",
                "calibration",
                "answer-accuracy",
                "straight-lining",
            ],
        },
        Plant {
            id: "yes-saying-judge",
            about: "the judge says yes to one question on half of the items whatever it sees",
            plants: Plants { yes_saying: 0.5, ..none },
            expected: |clean, _, plants| {
                let (question, truth) = clean.expected_yes_bias(plants);
                Expected {
                    check: "yes-bias",
                    dimension: Some(clean.checklist.questions[0].dimension.clone()),
                    subject: question,
                    truth,
                }
            },
            follows: &["answer-accuracy", "calibration", "saturation", "ladder", "ladders", "yes-rate"],
        },
        Plant {
            id: "broken-ladder",
            about: "the answers of one ladder are upside down on 40 % of the items",
            plants: Plants { broken_ladder: 0.4, ..none },
            expected: |clean, _, plants| {
                let (ladder, truth) = clean.expected_broken(plants);
                let questions = &clean.checklist.questions;
                let dimension = questions.iter().find(|q| q.subdimension == ladder).map(|q| q.dimension.clone());
                Expected { check: "ladder", dimension, subject: format!("judge: {ladder}"), truth }
            },
            follows: &["ladders", "answer-accuracy", "calibration", "yes-bias"],
        },
        Plant {
            id: "inverted-scorer",
            about: "one scorer is turned round",
            plants: Plants { inverted_scorer: true, ..none },
            expected: |clean, _, plants| {
                let (scorer, truth) = clean.expected_scorer_accuracy(plants);
                Expected { check: "scorer-direction", dimension: overall(), subject: scorer.to_owned(), truth }
            },
            follows: &[],
        },
        Plant {
            id: "leaked-prompts",
            about: "30 % of the test prompts repeat the text of a training prompt",
            plants: Plants { leaked_prompts: 0.3, ..none },
            expected: |_, _, plants| Expected {
                check: "prompt-leakage",
                dimension: overall(),
                subject: "test prompts".to_owned(),
                truth: plants.leaked_prompts,
            },
            // Equal prompts are one group; their items are others.
            follows: &["conflicting-duplicates"],
        },
        Plant {
            id: "duplicated-labels",
            about: "a fourth annotator copies the first on 60 % of the items",
            plants: Plants { copied_ratings: 0.6, ..none },
            expected: |clean, _, plants| {
                let (subject, truth) = clean.expected_identical(plants);
                Expected { check: "copied-ratings", dimension: None, subject, truth }
            },
            follows: &[],
        },
    ]
}

fn overall() -> Option<String> {
    Some("overall".to_owned())
}

fn deviation(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
}

/// Standard deviation of the lengths of the clips, in steps of 2 s.
fn steps_deviation(simulation: &Simulation) -> f64 {
    let seconds = simulation.items.iter().filter_map(|item| item.duration.trim_end_matches('s').parse::<f64>().ok());
    deviation(&seconds.map(|s| s / 2.0).collect::<Vec<_>>())
}

/// Standard deviation of all ratings on a ladder.
fn ratings_deviation(simulation: &Simulation, ladder: usize) -> f64 {
    let values = simulation.ratings.iter().filter(|r| r.ladder == ladder).map(|r| r.value as f64);
    deviation(&values.collect::<Vec<_>>())
}
