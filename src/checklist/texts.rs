//! Question texts: their hash, and a user's question file matched to the checklist by order and hash.

use std::collections::HashMap;

use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use super::Checklist;
use crate::problems::{Problem, Problems, Severity};

/// Where a prompt stands in a question's template.
pub const PROMPT_MARK: &str = "[[prompt]]";

impl Checklist {
    /// Hex SHA-256 of the trimmed, NFC text.
    pub fn text_hash(text: &str) -> String {
        let normal: String = text.trim().nfc().collect();
        crate::output::hex(&Sha256::digest(normal.as_bytes()))
    }

    /// Matches a user's question file to the questions by order and hash, and fills their texts.
    ///
    /// `lines` are the lines of `file`; blank ones are skipped, but counted in line numbers. A question without a hash
    /// is matched by order alone, takes the line's hash, and is counted in a note. With any error nothing is filled.
    pub fn match_texts(&mut self, lines: &[&str], file: &str) -> Problems {
        let lines: Vec<Line> = lines
            .iter()
            .enumerate()
            .map(|(n, text)| (n as u64 + 1, text.trim_start_matches('\u{feff}').trim()))
            .filter(|(_, text)| !text.is_empty())
            .map(|(number, text)| Line { number, text, hash: Self::text_hash(text) })
            .collect();
        let mut problems = Problems::default();
        let mut complain = |rule, line: Option<&Line>, message: String, remedy: &str| {
            let mut problem = Problem::new(Severity::Error, rule, file, message, remedy);
            if let Some(line) = line {
                problem = problem.at(line.number).cell("question", line.text);
            }
            problems.push(problem);
        };
        if lines.len() == self.questions.len() {
            self.compare_in_order(&lines, &mut complain);
        } else {
            self.compare_as_sets(&lines, &mut complain);
        }
        if !problems.has_errors() {
            let unhashed = self.fill(&lines);
            if unhashed > 0 {
                let message =
                    format!("{unhashed} questions have no hash in the checklist and were matched by order alone");
                problems.push(Problem::new(Severity::Note, "matched-by-order", file, message, ""));
            }
        }
        problems
    }

    /// As many lines as questions: each line is right, swapped with another, out of place, or reworded.
    fn compare_in_order(&self, lines: &[Line], complain: &mut impl FnMut(&'static str, Option<&Line>, String, &str)) {
        let by_hash = self.by_hash();
        let wants = |q: usize| self.questions[q].text_sha256.as_deref();
        let found = |q: usize| by_hash.get(lines[q].hash.as_str()).copied();
        for (q, line) in lines.iter().enumerate() {
            if wants(q).is_none_or(|hash| hash == line.hash) {
                continue;
            }
            let id = &self.questions[q].id;
            match found(q) {
                Some(other) if found(other) == Some(q) => {
                    if q < other {
                        let message = format!(
                            "lines {} and {} are swapped: they hold questions \"{}\" and \"{id}\"",
                            line.number, lines[other].number, self.questions[other].id
                        );
                        complain("question-swapped", Some(line), message, "put them back in the checklist's order");
                    }
                }
                Some(other) => {
                    let message = format!(
                        "question \"{}\" stands where question \"{id}\" belongs; its own line is {}",
                        self.questions[other].id, lines[other].number
                    );
                    complain("question-moved", Some(line), message, "put the questions in the checklist's order");
                }
                None => {
                    let message = format!("this is not the text of question \"{id}\" of {}", self.name);
                    let remedy =
                        "use the text that the judge was asked, or a checklist of your own for other questions";
                    complain("question-reworded", Some(line), message, remedy);
                }
            }
        }
    }

    /// Another number of lines than of questions: say which are missing and which do not belong.
    fn compare_as_sets(&self, lines: &[Line], complain: &mut impl FnMut(&'static str, Option<&Line>, String, &str)) {
        let message = format!("the file holds {} questions, {} has {}", lines.len(), self.name, self.questions.len());
        complain("question-count", None, message, "give the full list, one question a line, in the checklist's order");
        let by_hash = self.by_hash();
        let mut at: HashMap<usize, &Line> = HashMap::new();
        for line in lines {
            match by_hash.get(line.hash.as_str()) {
                None if by_hash.len() == self.questions.len() => {
                    let message = format!("this is no question of {}", self.name);
                    complain("question-unknown", Some(line), message, "remove the line");
                }
                None => {}
                Some(&q) => {
                    if let Some(first) = at.insert(q, line) {
                        let message =
                            format!("question \"{}\" stands on line {} already", self.questions[q].id, first.number);
                        complain("question-twice", Some(line), message, "remove the line");
                    }
                }
            }
        }
        for (q, question) in self.questions.iter().enumerate() {
            if question.text_sha256.is_some() && !at.contains_key(&q) {
                let message = format!("question \"{}\" ({}) has no line", question.id, question.label);
                complain("question-missing", None, message, "add it");
            }
        }
    }

    fn by_hash(&self) -> HashMap<&str, usize> {
        self.questions.iter().enumerate().filter_map(|(q, x)| Some((x.text_sha256.as_deref()?, q))).collect()
    }

    /// Takes the texts over; returns the number of questions that had no hash.
    fn fill(&mut self, lines: &[Line]) -> usize {
        let mut unhashed = 0;
        for (question, line) in self.questions.iter_mut().zip(lines) {
            unhashed += usize::from(question.text_sha256.is_none());
            question.text = Some(line.text.to_owned());
            question.text_sha256 = Some(line.hash.clone());
        }
        unhashed
    }
}

/// A line of a question file that is not blank.
struct Line<'t> {
    number: u64,
    text: &'t str,
    hash: String,
}
