//! A sketch → a [`Checklist`] whose parts fit together; every broken rule at once.

use std::collections::{BTreeMap, BTreeSet};

use super::parse::{GateSketch, LadderSketch, Mark, QuestionSketch, Sketch};
use super::{Checklist, Gate, Question};
use crate::problems::{Problem, Problems, Severity};

/// Checks the sketch. The checklist is to be used only if no problem was added.
pub(super) fn validate(sketch: Sketch, file: &str, problems: Problems) -> Result<Checklist, Problems> {
    let mut rules = Rules { file, problems };
    rules.dimensions(&sketch);
    let questions: Vec<&QuestionSketch> =
        sketch.dimensions.iter().flat_map(|d| &d.ladders).flat_map(|l| &l.questions).collect();
    let ids = rules.unique("question", questions.iter().map(|q| &q.id));
    for ladder in sketch.dimensions.iter().flat_map(|d| &d.ladders) {
        rules.ladder(ladder);
    }
    for question in &questions {
        rules.hash(question);
    }
    rules.gates(&sketch.gates, &ids);
    rules.order(sketch.order.as_deref(), &ids);
    if rules.problems.has_errors() { Err(rules.problems) } else { Ok(assemble(sketch)) }
}

struct Rules<'a> {
    file: &'a str,
    problems: Problems,
}

impl Rules<'_> {
    fn broken(&mut self, rule: &'static str, mark: &Mark<impl Sized>, message: String, remedy: &str) {
        self.problems.push(Problem::new(Severity::Error, rule, self.file, message, remedy).at(mark.line));
    }

    /// Reports ids that occur twice; returns each id with its first line.
    fn unique<'s>(&mut self, what: &str, ids: impl Iterator<Item = &'s Mark<String>>) -> BTreeMap<&'s str, u64> {
        let mut first = BTreeMap::new();
        for id in ids {
            if let Some(line) = first.get(id.value.as_str()) {
                let message = format!("{what} \"{}\" stands on line {line} already", id.value);
                self.broken("duplicate-id", id, message, "give every one an id of its own");
            } else {
                first.insert(id.value.as_str(), id.line);
            }
        }
        first
    }

    fn dimensions(&mut self, sketch: &Sketch) {
        let top = Mark { value: (), line: 1 };
        if sketch.dimensions.is_empty() && !self.problems.has_errors() {
            self.broken(
                "no-dimension",
                &top,
                "the checklist has no dimension".into(),
                "add a [[dimension]] with ladders",
            );
        }
        let dimensions = self.unique("dimension", sketch.dimensions.iter().map(|d| &d.id));
        self.unique("ladder", sketch.dimensions.iter().flat_map(|d| &d.ladders).map(|l| &l.id));
        for dimension in &sketch.dimensions {
            if dimension.ladders.is_empty() {
                let message = format!("dimension \"{}\" has no ladder", dimension.id.value);
                self.broken("empty-dimension", &dimension.id, message, "add a [[dimension.ladder]] with its questions");
            }
            // Ratings name dimensions and ladders in one column, so a ladder may share only its own dimension's name.
            for ladder in dimension.ladders.iter().map(|l| &l.id).filter(|id| id.value != dimension.id.value) {
                if dimensions.contains_key(ladder.value.as_str()) {
                    let message = format!("ladder \"{}\" has the name of another dimension", ladder.value);
                    self.broken("ambiguous-ladder", ladder, message, "rename the ladder");
                }
            }
        }
    }

    /// A ladder has questions, hardest first: the rating that each asks for falls strictly, inside the range.
    fn ladder(&mut self, ladder: &LadderSketch) {
        if ladder.questions.is_empty() {
            let message = format!("ladder \"{}\" has no question", ladder.id.value);
            self.broken("empty-ladder", &ladder.id, message, "list its questions, hardest first");
        }
        let thresholds: Vec<(&QuestionSketch, &Mark<f64>)> =
            ladder.questions.iter().filter_map(|q| Some((q, q.threshold.as_ref()?))).collect();
        for pair in thresholds.windows(2) {
            let [(upper, high), (lower, low)] = pair else { continue };
            if low.value >= high.value {
                let message = format!(
                    "question \"{}\" (threshold {}) stands below \"{}\" (threshold {}) in ladder \"{}\"; thresholds must fall strictly",
                    lower.id.value, low.value, upper.id.value, high.value, ladder.id.value
                );
                self.broken(
                    "ladder-order",
                    low,
                    message,
                    "order the ladder hardest first and give every question a threshold of its own",
                );
            }
        }
        let Some(range) = &ladder.range else { return };
        let [lowest, highest] = range.value;
        for (question, threshold) in thresholds {
            if threshold.value <= lowest || threshold.value > highest {
                let message = format!(
                    "threshold {} of question \"{}\" splits no rating of the range [{lowest}, {highest}]",
                    threshold.value, question.id.value
                );
                self.broken(
                    "threshold-range",
                    threshold,
                    message,
                    "use a rating above the lowest one, up to the highest",
                );
            }
        }
    }

    fn hash(&mut self, question: &QuestionSketch) {
        let Some(given) = &question.sha256 else { return };
        if given.value.len() != 64 || !given.value.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            let message = format!("sha256 of question \"{}\" is not 64 lower-case hex digits", question.id.value);
            self.broken("bad-hash", given, message, "give the SHA-256 of the trimmed NFC text, or leave it out");
        } else if let Some(text) = &question.text {
            let own = Checklist::text_hash(&text.value);
            if own != given.value {
                let message = format!(
                    "the text of question \"{}\" has the hash {own}, but sha256 says {}",
                    question.id.value, given.value
                );
                self.broken("hash-mismatch", given, message, "give the text that was asked, and leave sha256 out");
            }
        }
    }

    fn gates(&mut self, gates: &[GateSketch], ids: &BTreeMap<&str, u64>) {
        self.unique("the gate of question", gates.iter().map(|g| &g.question));
        for gate in gates {
            let name = &gate.question.value;
            if !ids.contains_key(name.as_str()) {
                let message = format!("gate \"{name}\" is no question of the checklist");
                self.broken("unknown-gate", &gate.question, message, "name a question id");
            }
            if gate.hides.is_empty() && gate.feature {
                let message = format!("gate \"{name}\" hides nothing and is a feature, so it is no gate");
                self.broken("idle-gate", &gate.question, message, "list what it hides, or remove it");
            }
            self.unique("the hidden question", gate.hides.iter());
            for hidden in &gate.hides {
                if hidden.value == *name {
                    let message = format!("gate \"{name}\" hides itself");
                    self.broken("self-gate", hidden, message, "remove it from its own list");
                } else if !ids.contains_key(hidden.value.as_str()) {
                    let message =
                        format!("gate \"{name}\" hides \"{}\", which is no question of the checklist", hidden.value);
                    self.broken("unknown-hidden", hidden, message, "name question ids");
                }
            }
        }
        for gate in gates {
            if let Some(cycle) = cycle_from(&gate.question.value, gates) {
                let message = format!("gates hide each other in a circle: {}", cycle.join(" → "));
                self.broken("gate-cycle", &gate.question, message, "break the circle");
            }
        }
    }

    /// `order`, where given, names every question once.
    fn order(&mut self, order: Option<&[Mark<String>]>, ids: &BTreeMap<&str, u64>) {
        let Some(order) = order else { return };
        let named = self.unique("order: question", order.iter());
        for id in order.iter().filter(|id| !ids.contains_key(id.value.as_str())) {
            let message = format!("order names \"{}\", which is no question of the checklist", id.value);
            self.broken("unknown-order", id, message, "name question ids");
        }
        for (id, &line) in ids.iter().filter(|(id, _)| !named.contains_key(**id)) {
            let message = format!("question \"{id}\" is missing in order");
            self.broken(
                "missing-order",
                &Mark { value: (), line },
                message,
                "list every question once, or leave order out",
            );
        }
    }
}

/// The circle of gates that leads back to `start` through others and has `start` as its smallest id, so that each
/// circle is reported once. A gate that hides itself is another rule.
fn cycle_from<'g>(start: &'g str, gates: &'g [GateSketch]) -> Option<Vec<&'g str>> {
    let mut seen = BTreeSet::from([start]);
    let mut trails = vec![vec![start]];
    while let Some(trail) = trails.pop() {
        let last = *trail.last()?;
        for next in gates.iter().filter(|g| g.question.value == last).flat_map(|g| &g.hides).map(|h| h.value.as_str()) {
            if next == start && trail.len() > 1 {
                let mut circle = trail.clone();
                circle.push(start);
                return Some(circle);
            }
            if next > start && seen.insert(next) {
                let mut longer = trail.clone();
                longer.push(next);
                trails.push(longer);
            }
        }
    }
    None
}

fn assemble(sketch: Sketch) -> Checklist {
    let mut questions = Vec::new();
    let mut dimensions = Vec::new();
    let mut ranges = BTreeMap::new();
    for dimension in sketch.dimensions {
        for ladder in dimension.ladders {
            if let Some(range) = ladder.range {
                ranges.insert(ladder.id.value.clone(), range.value);
            }
            for (rank, question) in ladder.questions.into_iter().enumerate() {
                let text = question.text.map(|t| t.value);
                questions.push(Question {
                    label: question.label.map_or_else(|| question.id.value.clone(), |l| l.value),
                    id: question.id.value,
                    text_sha256: question.sha256.map(|h| h.value).or_else(|| text.as_deref().map(Checklist::text_hash)),
                    text,
                    dimension: dimension.id.value.clone(),
                    subdimension: ladder.id.value.clone(),
                    rank,
                    threshold: question.threshold.map(|t| t.value),
                });
            }
        }
        dimensions.push(dimension.id.value);
    }
    if let Some(order) = sketch.order {
        let place: BTreeMap<&str, usize> = order.iter().enumerate().map(|(n, id)| (id.value.as_str(), n)).collect();
        questions.sort_by_key(|q| place.get(q.id.as_str()).copied());
    }
    let gate = |g: GateSketch| Gate {
        question: g.question.value,
        hides: g.hides.into_iter().map(|h| h.value).collect(),
        feature: g.feature,
    };
    let by_id = questions.iter().enumerate().map(|(q, question)| (question.id.clone(), q)).collect();
    Checklist {
        name: sketch.name.map(|n| n.value).unwrap_or_default(),
        dimensions,
        questions,
        gates: sketch.gates.into_iter().map(gate).collect(),
        ranges,
        by_id,
    }
}
