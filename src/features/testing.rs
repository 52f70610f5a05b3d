//! Hand-built data sets and matrices for tests, here and in later stages.

use std::collections::BTreeMap;

use ndarray::Array2;

use super::{Coding, Column, ColumnKind, FeatureMatrix, FeatureSource};
use crate::checklist::Checklist;
use crate::dataset::{Answer, Answers, Dataset, Items, Manifest, NumericTable, Pair, Votes};
use crate::problems::Problems;

/// A data set built call by call: `Tiny::new().item("i", "p").answer("i", "q", Some(1.0)).build()`.
pub(crate) struct Tiny(Dataset);

/// One answer with everything that it can carry; empty strings mean "none".
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Asked<'a> {
    pub item: &'a str,
    pub question: &'a str,
    pub p_yes: Option<f64>,
    pub judge: &'a str,
    pub category: &'a str,
    pub text: &'a str,
    pub depends_on: &'a [&'a str],
}

impl Tiny {
    pub fn new() -> Self {
        Self(Dataset {
            name: "tiny".to_owned(),
            simulated: false,
            items: Items::default(),
            checklist: None,
            answers: None,
            features: None,
            ratings: Vec::new(),
            pairs: Vec::new(),
            ballots: Default::default(),
            pair_attributes: Default::default(),
            pairs_derived: false,
            dimensions: Vec::new(),
            scores: None,
            manifest: Manifest::default(),
            problems: Problems::default(),
            inputs: Vec::new(),
        })
    }

    /// Adds an item; every prompt is a group of its own and has no text.
    pub fn item(mut self, id: &str, prompt: &str) -> Self {
        let items = &mut self.0.items;
        let before = items.prompt_ids.len();
        let p = position(&mut items.prompt_ids, prompt);
        if p == before {
            items.prompt_texts.push(None);
            items.prompt_group.push(p);
        }
        items.by_id.insert(id.to_owned(), items.ids.len());
        items.ids.push(id.to_owned());
        items.prompt.push(p);
        self
    }

    /// Gives a prompt its text.
    pub fn prompt_text(mut self, prompt: &str, text: &str) -> Self {
        let p = position(&mut self.0.items.prompt_ids, prompt);
        self.0.items.prompt_texts[p] = Some(text.to_owned());
        self
    }

    /// Adds an answer of a nameless judge.
    pub fn answer(self, item: &str, question: &str, p_yes: Option<f64>) -> Self {
        self.ask(Asked { item, question, p_yes, ..Asked::default() })
    }

    /// Adds an answer of a named judge.
    pub fn answer_by(self, judge: &str, item: &str, question: &str, p_yes: Option<f64>) -> Self {
        self.ask(Asked { item, question, p_yes, judge, ..Asked::default() })
    }

    /// Adds an answer with all its parts.
    pub fn ask(mut self, asked: Asked<'_>) -> Self {
        let item = self.0.items.by_id[asked.item];
        let answers = self.0.answers.get_or_insert_with(Answers::default);
        let row = Answer {
            item,
            question: position(&mut answers.question_ids, asked.question),
            judge: position(&mut answers.judges, asked.judge),
            p_yes: asked.p_yes,
            category: (!asked.category.is_empty()).then(|| position(&mut answers.categories, asked.category)),
            text: (!asked.text.is_empty()).then(|| position(&mut answers.texts, asked.text)),
            depends_on: asked.depends_on.iter().map(|q| position(&mut answers.question_ids, q)).collect(),
        };
        answers.rows.push(row);
        self
    }

    /// Adds a column of the `features` table, one value per item so far.
    pub fn feature(mut self, name: &str, values: &[Option<f64>]) -> Self {
        add_column(self.0.features.get_or_insert_with(NumericTable::default), name, values);
        self
    }

    /// Adds a scorer, one value per item so far.
    pub fn score(mut self, name: &str, values: &[Option<f64>]) -> Self {
        add_column(self.0.scores.get_or_insert_with(NumericTable::default), name, values);
        self
    }

    /// Adds a pair with the label 'a', 'b' or 't' (tie), weight 1.
    pub fn pair(mut self, dimension: &str, a: &str, b: &str, label: char) -> Self {
        let share = |of: char| f64::from(u8::from(label == of));
        let pair = Pair {
            id: format!("p{}", self.0.pairs.len()),
            dimension: position(&mut self.0.dimensions, dimension),
            a: self.0.items.by_id[a],
            b: self.0.items.by_id[b],
            votes: Votes { a: share('a'), tie: share('t'), b: share('b') },
            voters: 1,
            weight: 1.0,
            split: None,
            margin: None,
        };
        self.0.pairs.push(pair);
        self
    }

    /// Sets the checklist.
    pub fn checklist(mut self, toml: &str) -> Self {
        self.0.checklist = Some(Checklist::from_toml(toml, "tiny.toml").unwrap());
        self
    }

    /// Sets the manifest's choice of features.
    pub fn declare_features(mut self, choice: &str) -> Self {
        self.0.manifest.features = Some(choice.to_owned());
        self
    }

    /// The data set.
    pub fn build(self) -> Dataset {
        self.0
    }
}

/// A matrix of these columns (signed coding) with items i0, i1, …; NaN = missing.
pub(crate) fn matrix(columns: &[(&str, ColumnKind)], rows: &[&[f64]]) -> FeatureMatrix {
    let column = |&(id, kind): &(&str, ColumnKind)| Column {
        id: id.to_owned(),
        label: id.to_owned(),
        kind,
        dimension: None,
        subdimension: None,
        text_sha256: None,
    };
    FeatureMatrix {
        item_ids: (0..rows.len()).map(|i| format!("i{i}")).collect(),
        columns: columns.iter().map(column).collect(),
        values: Array2::from_shape_fn((rows.len(), columns.len()), |(i, c)| rows[i][c]),
        scoreable: rows.iter().map(|row| row.iter().any(|v| !v.is_nan())).collect(),
        coding: Coding::Signed,
        source: FeatureSource::Answers,
        layout: None,
        notes: Vec::new(),
    }
}

/// Values of a matrix by column id, for comparison in tests.
pub(crate) fn by_column(matrix: &FeatureMatrix) -> BTreeMap<&str, Vec<f64>> {
    matrix.columns.iter().zip(matrix.values.columns()).map(|(c, v)| (c.id.as_str(), v.to_vec())).collect()
}

fn add_column(table: &mut NumericTable, name: &str, values: &[Option<f64>]) {
    table.names.push(name.to_owned());
    table.columns.push(values.to_vec());
}

fn position(list: &mut Vec<String>, name: &str) -> usize {
    list.iter().position(|known| known == name).unwrap_or_else(|| {
        list.push(name.to_owned());
        list.len() - 1
    })
}
