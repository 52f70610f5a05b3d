//! The answers table, long or wide → [`Answers`].

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use super::items::{Interner, link, link_near};
use super::ratings::duplicate;
use super::table::{Column, Number, Table, Values, list};
use super::{Answer, Answers, Items, ReadOptions, depends};
use crate::checklist::Checklist;
use crate::problems::{Problem, Problems, Severity};

/// Prefix that a struct of answers gets when it is flattened.
const STRUCT: &str = "answers.";

/// Builds the answers; rows that break a rule are left out and reported.
pub fn build(
    table: &Table,
    checklist: Option<&Checklist>,
    items: &Items,
    options: ReadOptions,
    problems: &mut Problems,
) -> Option<Answers> {
    let long = table.column("question_id").is_some() || table.column("answer").is_some();
    let mut reader = Reader::new(table, items, options);
    if long {
        reader.long(checklist, problems)?;
    } else {
        reader.wide(checklist, problems)?;
    }
    reader.finish(problems)
}

/// What an answer cell says.
pub(super) enum Token {
    Blank,
    P(f64),
    OutOfRange,
    NotFinite,
    Unknown,
}

struct Reader<'a> {
    table: &'a Table,
    items: &'a Items,
    options: ReadOptions,
    judges: Interner,
    questions: Interner,
    categories: Interner,
    texts: Interner,
    rows: Vec<Answer>,
    /// Row of the table behind each answer.
    origin: Vec<usize>,
    /// Answer by (item, question, judge).
    seen: HashMap<(usize, usize, usize), usize>,
    /// Rows of `rows` that were not understood.
    not_understood: Vec<usize>,
    /// Tokens that were not understood: how often, and where first.
    unknown: BTreeMap<String, (u64, usize, String)>,
}

impl<'a> Reader<'a> {
    fn new(table: &'a Table, items: &'a Items, options: ReadOptions) -> Self {
        let (judges, questions) = (Interner::default(), Interner::default());
        let (categories, texts) = (Interner::default(), Interner::default());
        let (rows, origin) = (Vec::new(), Vec::new());
        let (seen, unknown, not_understood) = (HashMap::new(), BTreeMap::new(), Vec::new());
        Self {
            not_understood,
            table,
            items,
            options,
            judges,
            questions,
            categories,
            texts,
            rows,
            origin,
            seen,
            unknown,
        }
    }

    /// One row per answer.
    fn long(&mut self, checklist: Option<&Checklist>, problems: &mut Problems) -> Option<()> {
        let table = self.table;
        let columns = ["item_id", "question_id", "answer"].map(|name| table.require(name, problems));
        let [Some(id), Some(question), Some(answer)] = columns else { return None };
        let known = ["item_id", "question_id", "answer", "question", "category", "judge", "depends_on", "coverage"];
        note_unused(table, &known, problems);
        let optional = ["judge", "category", "question", "depends_on"].map(|name| table.column(name));
        let [judge, category, text, depends_on] = optional;
        self.reserve(table.len());
        let mut near = 0;
        for row in 0..table.len() {
            let item = link_near(table, id, row, self.items, near, problems);
            near = item.unwrap_or(near);
            let name = table.needed(question, row, problems);
            let p_yes = self.answer(answer, row, problems);
            let (Some(item), Some(name), Ok(p_yes)) = (item, name, p_yes) else { continue };
            if checklist.is_some_and(|checklist| checklist.index(&name).is_none()) {
                let message = "the checklist has no such question";
                let remedy = "correct the id, or name another checklist in dataset.toml";
                problems.push(table.error("unknown-question", row, question, message, remedy));
                continue;
            }
            let number = |interner: &mut Interner, column: Option<&Column>| {
                column.and_then(|c| c.text(row)).map(|text| interner.number(&text))
            };
            let question = self.questions.number(&name);
            let judge = self.judges.number(&judge.and_then(|c| c.text(row)).unwrap_or(Cow::Borrowed("")));
            let category = number(&mut self.categories, category);
            let text = number(&mut self.texts, text);
            let read = Answer { item, question, judge, p_yes, category, text, depends_on: Vec::new() };
            self.add(read, row, answer, problems);
        }
        if let Some(column) = depends_on {
            depends::resolve(table, column, &self.questions, &self.seen, &self.origin, &mut self.rows, problems);
        }
        Some(())
    }

    /// One row per item (and judge), one column per question.
    fn wide(&mut self, checklist: Option<&Checklist>, problems: &mut Problems) -> Option<()> {
        let table = self.table;
        let id = table.require("item_id", problems)?;
        let judge = table.column("judge");
        let questions = question_columns(table, checklist, problems);
        if questions.is_empty() {
            let message = format!(
                "the answers table has neither question_id and answer nor question columns; it has {}",
                list(table.originals())
            );
            let remedy = "use item_id, question_id, answer, or item_id and one column per question";
            problems.push(Problem::new(Severity::Error, "missing-column", &table.file, message, remedy));
            return None;
        }
        let numbers: Vec<usize> = questions.iter().map(|(name, _)| self.questions.number(name)).collect();
        self.reserve(table.len().saturating_mul(numbers.len()));
        for row in 0..table.len() {
            let item = link(table, id, row, self.items, problems);
            let judge = self.judges.number(&judge.and_then(|c| c.text(row)).unwrap_or(Cow::Borrowed("")));
            for (&question, (_, column)) in numbers.iter().zip(&questions) {
                let p_yes = self.answer(column, row, problems);
                let (Some(item), Ok(p_yes)) = (item, p_yes) else { continue };
                let read = Answer { item, question, judge, p_yes, category: None, text: None, depends_on: Vec::new() };
                self.add(read, row, column, problems);
            }
        }
        Some(())
    }

    fn reserve(&mut self, answers: usize) {
        self.rows.reserve(answers);
        self.origin.reserve(answers);
        self.seen.reserve(answers);
    }

    /// P(yes) of a cell, `Ok(None)` where it is blank or not understood; `Err` where it breaks a rule.
    fn answer(&mut self, column: &Column, row: usize, problems: &mut Problems) -> Result<Option<f64>, ()> {
        let (rule, message) = match token(column, row) {
            Token::P(p) => return Ok(Some(p)),
            Token::Blank => {
                let problem =
                    Problem::new(Severity::Warning, "blank-answer", &self.table.file, "the answer is blank", "");
                problems.push(problem.at(self.line(row)).cell(&column.original, ""));
                return Ok(None);
            }
            Token::Unknown if !self.options.strict => {
                let token = column.shown(row).trim().to_lowercase();
                self.unknown.entry(token).or_insert_with(|| (0, row, column.original.clone())).0 += 1;
                return Ok(None);
            }
            Token::Unknown => ("unknown-token", "an answer is yes or no, true or false, 1 or 0, or P(yes) in [0, 1]"),
            Token::OutOfRange => ("out-of-range", "P(yes) must lie in [0, 1]"),
            Token::NotFinite => ("not-finite", "P(yes) must be a number in [0, 1]"),
        };
        let remedy = "correct the answer, or leave it empty where there is none";
        problems.push(self.table.error(rule, row, column, message, remedy));
        Err(())
    }

    /// Keeps the answer unless the same judge has answered the same question about the same item before.
    fn add(&mut self, read: Answer, row: usize, column: &Column, problems: &mut Problems) {
        let key = (read.item, read.question, read.judge);
        let Some(&first) = self.seen.get(&key) else {
            self.seen.insert(key, self.rows.len());
            if read.p_yes.is_none() && matches!(token(column, row), Token::Unknown) {
                self.not_understood.push(self.rows.len());
            }
            self.rows.push(read);
            self.origin.push(row);
            return;
        };
        let line = self.origin.get(first).map_or(0, |&r| self.line(r));
        let same = self.rows.get(first).is_some_and(|r| r.p_yes == read.p_yes && r.text == read.text);
        let problem = duplicate(self.table, row, line, same, "item, question and judge")
            .cell(&column.original, column.shown(row));
        problems.push(problem);
    }

    fn line(&self, row: usize) -> u64 {
        self.table.lines.get(row).copied().unwrap_or(0)
    }

    fn finish(self, problems: &mut Problems) -> Option<Answers> {
        for (token, (count, row, column)) in &self.unknown {
            let times = if *count == 1 { "once".to_owned() } else { format!("{count} times") };
            let message = format!("the answer is not understood and read as missing; it stands {times}, first here");
            let remedy = "write yes, no or P(yes); --strict makes this an error";
            let problem = Problem::new(Severity::Warning, "unknown-token", &self.table.file, message, remedy);
            problems.push(problem.at(self.line(*row)).cell(column, token));
        }
        let mut answered = vec![false; self.items.len()];
        for row in self.rows.iter().filter(|r| r.p_yes.is_some()) {
            if let Some(slot) = answered.get_mut(row.item) {
                *slot = true;
            }
        }
        for (id, _) in self.items.ids.iter().zip(&answered).filter(|(_, answered)| !**answered) {
            let message = format!("the item {id} has no answer and is never scored from answers");
            problems.push(Problem::new(Severity::Warning, "item-without-answers", &self.table.file, message, ""));
        }
        self.warn_texts(problems);
        Some(Answers {
            judges: self.judges.names,
            question_ids: self.questions.names,
            categories: self.categories.names,
            texts: self.texts.names,
            not_understood: self.not_understood,
            rows: self.rows,
        })
    }
}

/// Reads an answer cell.
fn token(column: &Column, row: usize) -> Token {
    match &column.values {
        Values::Text(texts) => token_of(texts.get(row).trim()),
        _ => probability(column.number(row)),
    }
}

/// Reads an answer that was typed; `text` is trimmed.
pub(super) fn token_of(text: &str) -> Token {
    let bare = text.strip_suffix('.').unwrap_or(text);
    match bare {
        "" if text.is_empty() => Token::Blank,
        "1" => Token::P(1.0),
        "0" => Token::P(0.0),
        word if word.eq_ignore_ascii_case("yes") || word.eq_ignore_ascii_case("true") => Token::P(1.0),
        word if word.eq_ignore_ascii_case("no") || word.eq_ignore_ascii_case("false") => Token::P(0.0),
        _ => probability(match text.parse() {
            Ok(p) if f64::is_finite(p) => Number::Value(p),
            Ok(_) => Number::NotFinite,
            Err(_) => Number::Words,
        }),
    }
}

fn probability(number: Number) -> Token {
    match number {
        Number::Missing => Token::Blank,
        // Adding zero turns −0 into 0.
        Number::Value(p) if (0.0..=1.0).contains(&p) => Token::P(p + 0.0),
        Number::Value(_) => Token::OutOfRange,
        Number::NotFinite => Token::NotFinite,
        Number::Words => Token::Unknown,
    }
}

/// The question columns of a wide table and their question ids.
fn question_columns<'a>(
    table: &'a Table,
    checklist: Option<&Checklist>,
    problems: &mut Problems,
) -> Vec<(&'a str, &'a Column)> {
    let nested = table.columns.iter().any(|c| c.name.starts_with(STRUCT));
    let mut questions = Vec::new();
    let mut unused = Vec::new();
    for column in table.columns.iter().filter(|c| c.name != "item_id" && c.name != "judge") {
        let name = column.name.strip_prefix(STRUCT);
        let question = if nested { name } else { Some(column.name.as_str()) };
        match question.filter(|name| checklist.is_none_or(|c| c.index(name).is_some())) {
            Some(name) => questions.push((name, column)),
            None => unused.push(column),
        }
    }
    for column in unused {
        let message = "the column is no question of the checklist and was not read";
        let remedy = "correct the name if it should be one";
        let problem = Problem::new(Severity::Warning, "unused-column", &table.file, message, remedy);
        problems.push(problem.cell(&column.original, ""));
    }
    if let Some(checklist) = checklist {
        for question in checklist.questions.iter().filter(|q| !questions.iter().any(|(name, _)| *name == q.id)) {
            let message = format!("no column answers the question {} of the checklist", question.id);
            problems.push(Problem::new(Severity::Warning, "unanswered-question", &table.file, message, ""));
        }
    }
    questions
}

/// Notes columns that nothing uses.
pub fn note_unused(table: &Table, known: &[&str], problems: &mut Problems) {
    for column in table.columns.iter().filter(|c| !known.contains(&c.name.as_str())) {
        let message = format!("the {} table needs no such column; it was not read", table.name);
        let problem = Problem::new(Severity::Note, "unused-column", &table.file, message, "");
        problems.push(Problem { column: Some(column.original.clone()), ..problem });
    }
}

impl Reader<'_> {
    /// Warns of questions whose text differs within one prompt, or, where most prompts share one text, between prompts.
    fn warn_texts(&self, problems: &mut Problems) {
        // Answer with the first text of each (question, prompt), and with the first other one.
        let mut first: HashMap<(usize, usize), usize> = HashMap::new();
        let mut other: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        // Per question and text: number of prompts, and one answer.
        let mut prompts: Vec<BTreeMap<usize, (usize, usize)>> = vec![BTreeMap::new(); self.questions.names.len()];
        let text_of = |answer: usize| self.rows.get(answer).and_then(|r| r.text);
        for (answer, row) in self.rows.iter().enumerate() {
            let (Some(text), Some(&prompt)) = (row.text, self.items.prompt.get(row.item)) else { continue };
            let key = (row.question, prompt);
            match first.get(&key) {
                None => {
                    first.insert(key, answer);
                    if let Some(counts) = prompts.get_mut(row.question) {
                        counts.entry(text).or_insert((0, answer)).0 += 1;
                    }
                }
                Some(&known) if text_of(known) == Some(text) => {}
                Some(_) => _ = other.entry(key).or_insert(answer),
            }
        }
        for (&(_, prompt), &answer) in &other {
            let prompt = self.items.prompt_ids.get(prompt).map_or("", String::as_str);
            self.warn_text(answer, format!("has another text elsewhere in the prompt {prompt}"), problems);
        }
        for counts in &prompts {
            let all: usize = counts.values().map(|(n, _)| n).sum();
            let usual = counts.values().map(|&(n, _)| n).max().unwrap_or(0);
            // A question that most prompts share is meant to be the same everywhere; one of a prompt's own is not.
            for &(n, answer) in counts.values().filter(|&&(n, _)| 2 * usual > all && n < usual) {
                self.warn_text(answer, format!("has this text in {n} of {all} prompts, another in most"), problems);
            }
        }
    }

    fn warn_text(&self, answer: usize, what: String, problems: &mut Problems) {
        let Some(row) = self.rows.get(answer) else { return };
        let question = self.questions.names.get(row.question).map_or("", String::as_str);
        let text = row.text.and_then(|t| self.texts.names.get(t)).map_or("", String::as_str);
        let line = self.origin.get(answer).copied().unwrap_or(0);
        let message = format!("the question {question} {what}");
        let remedy = "give questions of different wording different ids";
        let problem = self.table.problem(Severity::Warning, "question-text-differs", line, message, remedy);
        problems.push(problem.cell("question", text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<f64>, &'static str> {
        let column = Column { name: "answer".into(), original: "answer".into(), values: Values::text([text]) };
        match token(&column, 0) {
            Token::Blank => Ok(None),
            Token::P(p) => Ok(Some(p)),
            Token::OutOfRange => Err("range"),
            Token::NotFinite => Err("finite"),
            Token::Unknown => Err("unknown"),
        }
    }

    #[test]
    fn tokens_are_read_as_people_write_them() {
        for text in ["yes", "YES", " Yes. ", "true", "1", "1.", "1.0", "1e0", "1.0000000000000001"] {
            assert_eq!(read(text), Ok(Some(1.0)), "{text}");
        }
        for text in ["no", "No.", "FALSE", "0", "-0.0", "0."] {
            assert_eq!(read(text), Ok(Some(0.0)), "{text}");
            assert!(read(text).unwrap().unwrap().is_sign_positive());
        }
        assert_eq!(read("0.25"), Ok(Some(0.25)));
        assert_eq!(read("  "), Ok(None));
        for text in ["1.2", "-0.01", "5"] {
            assert_eq!(read(text), Err("range"), "{text}");
        }
        for text in ["NaN", "inf", "-Infinity"] {
            assert_eq!(read(text), Err("finite"), "{text}");
        }
        for text in ["no bananas", "0,5", "maybe", ".", "yes..", "n/a"] {
            assert_eq!(read(text), Err("unknown"), "{text}");
        }
    }
}
