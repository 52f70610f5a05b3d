//! A question file, one question a line, recognised by text hash.

use crate::checklist::Checklist;
use crate::problems::{Problem, Problems, Severity};

/// One line that is not blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Line number, from 1, blank lines counted.
    pub number: u64,
    /// The trimmed text.
    pub text: String,
    /// Its hash ([`Checklist::text_hash`]).
    pub hash: String,
}

/// A question file as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuestionFile {
    /// Name for messages.
    pub file: String,
    /// The lines that are not blank.
    pub lines: Vec<Line>,
}

impl QuestionFile {
    /// Reads the lines; a byte-order mark, CRLF, blank lines and a missing last newline are accepted.
    ///
    /// # Errors
    /// [`crate::Error::Data`] where the bytes are not UTF-8 or hold no question.
    pub fn parse(bytes: &[u8], file: &str) -> crate::Result<Self> {
        let refuse = |rule, message: &str, remedy: &str| {
            crate::Error::data(Problem::new(Severity::Error, rule, file, message, remedy))
        };
        let text = std::str::from_utf8(bytes)
            .map_err(|_| refuse("not-utf-8", "the question file is not UTF-8", "save it as UTF-8"))?;
        let lines: Vec<Line> = (text.trim_start_matches('\u{feff}').lines().enumerate())
            .map(|(n, line)| (n as u64 + 1, line.trim()))
            .filter(|(_, line)| !line.is_empty())
            .map(|(number, line)| Line { number, text: line.to_owned(), hash: Checklist::text_hash(line) })
            .collect();
        if lines.is_empty() {
            return Err(refuse("no-questions", "the question file is empty", "give one question a line"));
        }
        Ok(Self { file: file.to_owned(), lines })
    }

    /// How many of the lines are questions of `checklist`.
    pub fn known(&self, checklist: &Checklist) -> usize {
        self.lines.iter().filter(|line| position(checklist, &line.hash).is_some()).count()
    }

    /// The question of `checklist` on each line, by text hash; weights go by the order of the lines, so the order must
    /// be the checklist's.
    ///
    /// # Errors
    /// Every line that is reworded or foreign, stands twice, or stands out of order; and for reworded lines the questions
    /// that could be meant by their place.
    pub fn identify(&self, checklist: &Checklist) -> Result<Vec<usize>, Problems> {
        let mut problems = Problems::default();
        let mut found: Vec<usize> = Vec::new();
        let mut at: Vec<Option<u64>> = vec![None; checklist.questions.len()];
        for line in &self.lines {
            let mut refuse = |rule, message: String, remedy: &str| {
                let problem = Problem::new(Severity::Error, rule, &self.file, message, remedy);
                problems.push(problem.at(line.number).cell("question", &line.text));
            };
            let Some(q) = position(checklist, &line.hash) else {
                let message = format!("this is no question of {} (text hash {}…)", checklist.name, &line.hash[..16]);
                refuse("question-unknown", message, "restore the text that the judge was asked, letter by letter");
                continue;
            };
            let id = &checklist.questions[q].id;
            if let Some(first) = at[q].replace(line.number) {
                refuse(
                    "question-twice",
                    format!("question \"{id}\" stands on line {first} already"),
                    "remove the line",
                );
            } else if let Some(&before) = found.last().filter(|&&before| before > q) {
                let before = &checklist.questions[before].id;
                let message = format!("question \"{id}\" stands after question \"{before}\"");
                refuse("question-order", message, "put the lines in the checklist's order: weights go by position");
            }
            found.push(q);
        }
        if problems.count_rule("question-unknown") > 0 {
            self.name_absent(checklist, &at, &mut problems);
        }
        if problems.has_errors() { Err(problems) } else { Ok(found) }
    }

    /// For every unknown line: the questions without a line that stand between those of its neighbours.
    fn name_absent(&self, checklist: &Checklist, at: &[Option<u64>], problems: &mut Problems) {
        let known: Vec<Option<usize>> = self.lines.iter().map(|line| position(checklist, &line.hash)).collect();
        for (n, line) in self.lines.iter().enumerate().filter(|(n, _)| known[*n].is_none()) {
            let before = known[..n].iter().rev().flatten().next().map_or(0, |&q| q + 1);
            let after = known[n + 1..].iter().flatten().next().copied().unwrap_or(checklist.questions.len());
            let absent: Vec<String> = (before..after.max(before))
                .filter(|&q| at[q].is_none())
                .map(|q| format!("{} ({})", checklist.questions[q].id, checklist.questions[q].label))
                .collect();
            if absent.is_empty() {
                continue;
            }
            let message = format!("by its place it could be question {}", crate::head::listed(&absent, 8));
            let problem = Problem::new(Severity::Error, "question-missing", &self.file, message, "restore its text");
            problems.push(problem.at(line.number));
        }
    }
}

/// Question of the checklist with this text hash.
pub(super) fn position(checklist: &Checklist, hash: &str) -> Option<usize> {
    checklist.questions.iter().position(|q| q.text_sha256.as_deref() == Some(hash))
}
