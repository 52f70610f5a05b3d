//! A simulation as the files of a data set.

use serde::{Deserialize, Serialize};

use super::embedded::PLANTED;
use super::people;
use super::plan::GENERATORS;
use super::simulate::Simulation;
use crate::dataset::{Split, Values, to_parquet};
use crate::{Error, Result, output};

/// Content of [`output::FOLDER_MARK`] in a simulated data set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// `synth`.
    pub command: String,
    /// Seed of the simulation.
    pub seed: u64,
    /// Training pairs per dimension.
    pub train_pairs: usize,
    /// Test pairs per dimension.
    pub test_pairs: usize,
}

/// What [`Mark::command`] says in a folder of ours.
pub const MARK_COMMAND: &str = "synth";

impl Simulation {
    /// The files of the data set, with the truth (`planted.json`) and the mark by which `headfit synth --force` knows
    /// a folder that it may replace.
    ///
    /// # Errors
    /// [`Error::Bug`] if a table cannot be encoded.
    pub fn files(&self) -> Result<Vec<(String, Vec<u8>)>> {
        let mark = Mark {
            command: MARK_COMMAND.to_owned(),
            seed: self.options.seed,
            train_pairs: self.options.train_pairs,
            test_pairs: self.options.test_pairs,
        };
        let files = [
            ("dataset.toml", self.manifest().into_bytes()),
            ("items.csv", self.items()?),
            ("answers.parquet", self.answers()?),
            ("pairs.parquet", self.pairs()?),
            ("ratings.parquet", self.ratings()?),
            ("scores.csv", self.scores()?),
            (PLANTED, json(&self.planted)?),
            (output::FOLDER_MARK, json(&mark)?),
        ];
        Ok(files.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect())
    }

    /// Name of the data set, as in its manifest.
    pub fn name(&self) -> String {
        format!("simulated videos (seed {})", self.options.seed)
    }

    /// `dataset.toml`: says that the data are simulated, which checklist they answer, and the ranges of ratings.
    fn manifest(&self) -> String {
        let mut text = format!(
            "# Simulated by `headfit synth --seed {} --train-pairs {} --test-pairs {}{}`: no person and no model said any\n\
             # of this. The weights to find are in {PLANTED}.\n\
             name = \"{}\"\nsimulated = true\nchecklist = \"{}\"\n",
            self.options.seed,
            self.options.train_pairs,
            self.options.test_pairs,
            self.options.more_flags(),
            self.name(),
            self.checklist.name,
        );
        for (name, ladder) in self.checklist.ladders() {
            let scale = people::scale(&self.checklist, &ladder);
            if let (Some(low), Some(high)) = (scale.first(), scale.last()) {
                text.push_str(&format!("\n[ratings.\"{name}\"]\nrange = [{low}.0, {high}.0]\npersistent = true\n"));
            }
        }
        for scorer in &self.scorers {
            let [low, high] = scorer.range;
            text.push_str(&format!("\n[scores.\"{}\"]\nscale = [{low:.1}, {high:.1}]\n", scorer.name));
        }
        text
    }

    fn items(&self) -> Result<Vec<u8>> {
        let rows = self.items.iter().map(|item| {
            let prompt = &self.prompts[item.prompt];
            let generator = GENERATORS[item.generator].0;
            [&item.id, &prompt.id, &prompt.text, generator, prompt.category, item.duration].map(str::to_owned).to_vec()
        });
        output::csv(&["item_id", "prompt_id", "prompt", "generator", "category", "duration"], rows)
    }

    fn scores(&self) -> Result<Vec<u8>> {
        let head: Vec<&str> = std::iter::once("item_id").chain(self.scorers.iter().map(|s| s.name)).collect();
        let rows = self.items.iter().enumerate().map(|(i, item)| {
            let cells = self.scorers.iter().map(|s| s.scores[i].map_or(String::new(), |v| format!("{v:.4}")));
            std::iter::once(item.id.clone()).chain(cells).collect()
        });
        output::csv(&head, rows)
    }

    /// Wide: one column of P(yes) per question.
    fn answers(&self) -> Result<Vec<u8>> {
        let ids = ("item_id", Values::text(self.items.iter().map(|item| &item.id)));
        let questions = self.checklist.questions.iter().zip(&self.answers);
        let columns = questions.map(|(q, p)| (q.id.as_str(), Values::Float(p.iter().copied().map(Some).collect())));
        to_parquet(&std::iter::once(ids).chain(columns).collect::<Vec<_>>())
    }

    /// All dimensions one below the other.
    fn pairs(&self) -> Result<Vec<u8>> {
        let rows: Vec<(usize, usize)> =
            (0..self.dimensions.len()).flat_map(|d| (0..self.pairs.len()).map(move |p| (d, p))).collect();
        let item = |i: usize| &self.items[i];
        let column = |cell: &dyn Fn(usize, usize) -> String| Values::text(rows.iter().map(|&(d, p)| cell(d, p)));
        to_parquet(&[
            ("pair_id", column(&|d, p| format!("d{d}-{:05}", p + 1))),
            ("prompt_id", column(&|_, p| self.prompts[item(self.pairs[p].a).prompt].id.clone())),
            ("dimension", column(&|d, _| self.dimensions[d].clone())),
            ("item_a", column(&|_, p| item(self.pairs[p].a).id.clone())),
            ("item_b", column(&|_, p| item(self.pairs[p].b).id.clone())),
            ("label", column(&|d, p| label(self.labels[d][p]).to_owned())),
            ("split", column(&|_, p| split(self.pairs[p].split).to_owned())),
        ])
    }

    fn ratings(&self) -> Result<Vec<u8>> {
        let ladders: Vec<&str> = self.checklist.ladders().into_iter().map(|(name, _)| name).collect();
        to_parquet(&[
            ("item_id", Values::text(self.ratings.iter().map(|r| &self.items[r.item].id))),
            ("annotator", Values::text(self.ratings.iter().map(|r| &self.planted.annotators[r.annotator].annotator))),
            ("dimension", Values::text(self.ratings.iter().map(|r| ladders[r.ladder]))),
            ("value", Values::Int(self.ratings.iter().map(|r| Some(r.value)).collect())),
        ])
    }
}

fn label(sign: i8) -> &'static str {
    match sign {
        1 => "a",
        -1 => "b",
        _ => "tie",
    }
}

fn split(split: Split) -> &'static str {
    match split {
        Split::Train => "train",
        Split::Test => "test",
    }
}

fn json(value: &impl Serialize) -> Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|e| Error::Bug(format!("JSON: {e}")))?;
    bytes.push(b'\n');
    Ok(bytes)
}
