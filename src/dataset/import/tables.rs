//! The tables of a data set, filled record by record and written as files.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::Imported;
use crate::dataset::Split;
use crate::output;
use crate::problems::{Problem, Problems, Severity};
use crate::{Error, Result};

/// An item as a layout describes it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Item {
    /// Prompt id.
    pub prompt_id: String,
    /// Prompt text; empty where unknown.
    pub prompt: String,
    /// Generator; empty where unknown.
    pub generator: String,
    /// Other attributes.
    pub attributes: BTreeMap<&'static str, String>,
}

/// A labelled pair.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// Dimension of the label.
    pub dimension: String,
    /// Item shown first.
    pub a: String,
    /// Item shown second.
    pub b: String,
    /// `a`, `b` or `tie`.
    pub label: &'static str,
    /// Who said so; empty where unknown.
    pub annotator: String,
    /// Part of the data it belongs to.
    pub split: Option<Split>,
    /// The label in the layout's own words; empty where it says no more than `label`.
    pub verbatim: String,
}

/// An answer in long form.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// Item.
    pub item: String,
    /// Question.
    pub question_id: String,
    /// As the judge said it; empty where missing.
    pub answer: String,
    /// Question text.
    pub question: String,
    /// Question category.
    pub category: String,
    /// Who answered.
    pub judge: String,
    /// Ids of the questions it depends on.
    pub depends_on: String,
    /// Probability mass on yes and no; empty where unknown.
    pub coverage: String,
}

/// A rating.
#[derive(Debug, Clone, PartialEq)]
pub struct Rating {
    /// Item.
    pub item: String,
    /// Who rated.
    pub annotator: String,
    /// Dimension, or ladder of a checklist.
    pub dimension: String,
    /// The value, as it was given.
    pub value: String,
}

/// Answers to every question of a fixed checklist.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wide {
    /// Question ids.
    pub questions: Vec<String>,
    /// Item and its answers (`1`, `0`, or empty where masked or missing).
    pub rows: Vec<(String, Vec<&'static str>)>,
}

/// Collects what a layout says.
#[derive(Debug, Default)]
pub struct Builder {
    items: Vec<(String, Item)>,
    place: BTreeMap<String, usize>,
    /// Names that stand under several prompts.
    shared: BTreeSet<String>,
    /// Labelled pairs.
    pairs: Vec<Pair>,
    /// File and line of each pair.
    pair_sources: Vec<(String, u64)>,
    /// Long answers.
    pub answers: Vec<Answer>,
    /// Answers to a fixed checklist.
    pub wide: Wide,
    /// Ratings.
    pub ratings: Vec<Rating>,
    /// Scores: item → scorer → value.
    pub scores: BTreeMap<String, BTreeMap<String, f64>>,
    /// Lines of the manifest after its name.
    pub manifest: Vec<String>,
}

impl Builder {
    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Adds an item, or finds it again, and gives its id. Blank attributes are filled in by later records. The same name
    /// under another prompt is another item: in the end the ids of both name their prompts ([`Builder::finish`]).
    pub fn item(&mut self, name: &str, item: Item, file: &str, line: u64, problems: &mut Problems) -> String {
        let id = match self.place.get(name) {
            Some(&at) if self.items[at].1.prompt_id != item.prompt_id => {
                if self.shared.insert(name.to_owned()) {
                    let message = "the item stands under several prompts; each is an item of its own, ITEM@PROMPT";
                    let problem = Problem::new(Severity::Warning, "item-of-several-prompts", file, message, "");
                    problems.push(problem.at(line).cell("item", name));
                }
                with_prompt(name, &item.prompt_id)
            }
            _ => name.to_owned(),
        };
        match self.place.get(&id) {
            Some(&at) => {
                let known = &mut self.items[at].1;
                fill(&mut known.prompt, item.prompt);
                fill(&mut known.generator, item.generator);
                for (name, value) in item.attributes {
                    fill(known.attributes.entry(name).or_default(), value);
                }
            }
            None => {
                self.place.insert(id.clone(), self.items.len());
                self.items.push((id.clone(), item));
            }
        }
        id
    }

    /// Adds a labelled pair; an item against itself is an error.
    pub fn pair(&mut self, pair: Pair, file: &str, line: u64, problems: &mut Problems) {
        if pair.a == pair.b {
            let message = "both sides of the pair are the same item";
            let problem = Problem::new(Severity::Error, "self-pair", file, message, "correct or remove the record");
            problems.push(problem.at(line).cell("item", &pair.a));
            return;
        }
        self.pairs.push(pair);
        self.pair_sources.push((file.to_owned(), line));
    }

    /// Gives the first bearer of a shared name its prompt too, everywhere.
    fn name_shared(&mut self) {
        let first: BTreeMap<String, String> = (self.shared.iter())
            .filter_map(|name| Some((name.clone(), with_prompt(name, &self.find(name)?.prompt_id))))
            .collect();
        let fix = |id: &mut String| {
            if let Some(new) = first.get(id) {
                id.clone_from(new);
            }
        };
        self.items.iter_mut().for_each(|(id, _)| fix(id));
        for pair in &mut self.pairs {
            fix(&mut pair.a);
            fix(&mut pair.b);
        }
        self.answers.iter_mut().for_each(|answer| fix(&mut answer.item));
        self.ratings.iter_mut().for_each(|rating| fix(&mut rating.item));
        self.wide.rows.iter_mut().for_each(|(id, _)| fix(id));
        let scores = std::mem::take(&mut self.scores).into_iter();
        self.scores = scores.map(|(id, scores)| (first.get(&id).cloned().unwrap_or(id), scores)).collect();
        self.place = self.items.iter().enumerate().map(|(at, (id, _))| (id.clone(), at)).collect();
    }

    /// The item with this id.
    pub fn find(&self, id: &str) -> Option<&Item> {
        self.place.get(id).map(|&at| &self.items[at].1)
    }

    /// Sets the prompt text of every item of a prompt that has none.
    pub fn name_prompts(&mut self, texts: &BTreeMap<String, String>) {
        for (_, item) in &mut self.items {
            if let Some(text) = texts.get(&item.prompt_id) {
                fill(&mut item.prompt, text.clone());
            }
        }
    }

    /// The files, if nothing was wrong.
    ///
    /// # Errors
    /// [`Error::Data`] with every problem where one is an error; [`Error::Bug`] if a table cannot be encoded.
    pub fn finish(mut self, name: &str, problems: Problems) -> Result<Imported> {
        if problems.has_errors() {
            return Err(Error::Data(Box::new(problems)));
        }
        self.name_shared();
        let tables = [
            ("items", self.items_table()),
            ("answers", self.answers_table()),
            ("ratings", self.ratings_table()),
            ("pairs", self.pairs_table()),
            ("scores", self.scores_table()),
        ];
        let mut manifest = format!("# Made by `headfit import`.\nname = {}\n", toml_text(name));
        self.manifest.iter().for_each(|line| {
            manifest.push_str(line);
            manifest.push('\n');
        });
        let mut files = vec![("dataset.toml".to_owned(), manifest.into_bytes())];
        let mut rows = Vec::new();
        for (table, (head, body)) in tables {
            if !body.is_empty() {
                rows.push((table, body.len()));
                files.push((format!("{table}.csv"), output::csv(&head, body)?));
            }
        }
        let mark = format!("{{\n  \"command\": \"import\",\n  \"files\": {}\n}}\n", files.len());
        files.push((output::FOLDER_MARK.to_owned(), mark.into_bytes()));
        Ok(Imported { files, rows, problems, pair_sources: self.pair_sources })
    }

    fn items_table(&self) -> (Vec<String>, Vec<Vec<String>>) {
        let attributes: BTreeSet<&str> = self.items.iter().flat_map(|(_, i)| i.attributes.keys().copied()).collect();
        let generator = self.items.iter().any(|(_, i)| !i.generator.is_empty());
        let mut head: Vec<String> = ["item_id", "prompt_id", "prompt"].map(String::from).to_vec();
        head.extend(generator.then(|| "generator".to_owned()));
        head.extend(attributes.iter().map(|a| (*a).to_owned()));
        let row = |(id, item): &(String, Item)| {
            let mut row = vec![id.clone(), item.prompt_id.clone(), item.prompt.clone()];
            row.extend(generator.then(|| item.generator.clone()));
            row.extend(attributes.iter().map(|a| item.attributes.get(a).cloned().unwrap_or_default()));
            row
        };
        (head, self.items.iter().map(row).collect())
    }

    fn answers_table(&self) -> (Vec<String>, Vec<Vec<String>>) {
        if !self.wide.rows.is_empty() {
            let head = std::iter::once("item_id".to_owned()).chain(self.wide.questions.iter().cloned()).collect();
            let row = |(item, answers): &(String, Vec<&'static str>)| {
                std::iter::once(item.clone()).chain(answers.iter().map(|a| (*a).to_owned())).collect()
            };
            return (head, self.wide.rows.iter().map(row).collect());
        }
        columns(
            &self.answers,
            &[
                ("item_id", true, &|a: &Answer| a.item.clone()),
                ("question_id", true, &|a| a.question_id.clone()),
                ("answer", true, &|a| a.answer.clone()),
                ("question", false, &|a| a.question.clone()),
                ("category", false, &|a| a.category.clone()),
                ("judge", false, &|a| a.judge.clone()),
                ("depends_on", false, &|a| a.depends_on.clone()),
                ("coverage", false, &|a| a.coverage.clone()),
            ],
        )
    }

    fn ratings_table(&self) -> (Vec<String>, Vec<Vec<String>>) {
        columns(
            &self.ratings,
            &[
                ("item_id", true, &|r: &Rating| r.item.clone()),
                ("annotator", true, &|r| r.annotator.clone()),
                ("dimension", true, &|r| r.dimension.clone()),
                ("value", true, &|r| r.value.clone()),
            ],
        )
    }

    fn pairs_table(&self) -> (Vec<String>, Vec<Vec<String>>) {
        let split = |p: &Pair| match p.split {
            Some(Split::Train) => "train".to_owned(),
            Some(Split::Test) => "test".to_owned(),
            None => String::new(),
        };
        let prompt = |p: &Pair| self.find(&p.a).map_or_else(String::new, |item| item.prompt_id.clone());
        let (mut head, mut rows) = columns(
            &self.pairs,
            &[
                ("prompt_id", true, &prompt),
                ("dimension", true, &|p: &Pair| p.dimension.clone()),
                ("item_a", true, &|p| p.a.clone()),
                ("item_b", true, &|p| p.b.clone()),
                ("label", true, &|p| p.label.to_owned()),
                ("annotator", false, &|p| p.annotator.clone()),
                ("split", false, &split),
                ("human_vote", false, &|p| p.verbatim.clone()),
            ],
        );
        head.insert(0, "pair_id".to_owned());
        (1..).zip(&mut rows).for_each(|(n, row)| row.insert(0, format!("p{n}")));
        (head, rows)
    }

    fn scores_table(&self) -> (Vec<String>, Vec<Vec<String>>) {
        let scorers: BTreeSet<&String> = self.scores.values().flat_map(BTreeMap::keys).collect();
        let head = std::iter::once("item_id".to_owned()).chain(scorers.iter().map(|s| (*s).clone())).collect();
        let row = |(item, scores): (&String, &BTreeMap<String, f64>)| {
            let cells = scorers.iter().map(|s| scores.get(*s).map_or(String::new(), f64::to_string));
            std::iter::once(item.clone()).chain(cells).collect()
        };
        (head, self.scores.iter().map(row).collect())
    }
}

/// An id for a prompt that has none: 16 hex digits of its text's SHA-256, so that equal texts share it.
pub fn prompt_id(text: &str) -> String {
    format!("t{}", output::hex(&Sha256::digest(text.as_bytes())[..8]))
}

/// A text as a TOML value.
pub fn toml_text(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn with_prompt(name: &str, prompt_id: &str) -> String {
    format!("{name}@{prompt_id}")
}

fn fill(known: &mut String, value: String) {
    if known.is_empty() {
        *known = value;
    }
}

/// A column: its name, whether it stands even where all its cells are blank, and its cells.
type CellOf<'a, T> = (&'static str, bool, &'a dyn Fn(&T) -> String);

/// The columns that are always there or have a value somewhere.
fn columns<T>(rows: &[T], columns: &[CellOf<T>]) -> (Vec<String>, Vec<Vec<String>>) {
    let used: Vec<&CellOf<T>> =
        columns.iter().filter(|(_, always, cell)| *always || rows.iter().any(|row| !cell(row).is_empty())).collect();
    let head = used.iter().map(|(name, ..)| (*name).to_owned()).collect();
    (head, rows.iter().map(|row| used.iter().map(|(_, _, cell)| cell(row)).collect()).collect())
}
