//! The data card: what a data set holds, in numbers, for `check` and for reports.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::numeric::covered;
use super::{Answers, Dataset, InputFile, NumericTable, Split};
use crate::problems::Severity;

/// Counts of everything in a data set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DataCard {
    /// Name of the data set.
    pub name: String,
    /// Whether the data are simulated.
    pub simulated: bool,
    /// Number of items.
    pub items: usize,
    /// Number of prompt ids.
    pub prompts: usize,
    /// Number of groups for folds and bootstrap: prompts after merging equal texts.
    pub groups: usize,
    /// Number of texts that stand under several prompt ids.
    pub merged_texts: usize,
    /// Number of prompts without text.
    pub prompts_without_text: usize,
    /// Group attributes of the items.
    pub attributes: Vec<AttributeCard>,
    /// The checklist, where the manifest names one.
    pub checklist: Option<ChecklistCard>,
    /// The answers, where there are any.
    pub answers: Option<AnswersCard>,
    /// The features table, where there is one.
    pub features: Option<FeaturesCard>,
    /// Ratings by dimension, in order of appearance.
    pub ratings: Vec<RatingCard>,
    /// Whether the pairs were derived from mean ratings.
    pub pairs_derived: bool,
    /// Pairs by dimension, in order of appearance.
    pub dimensions: Vec<DimensionCard>,
    /// Cached scorers, in file order.
    pub scorers: Vec<ScorerCard>,
    /// Number of warnings by rule.
    pub warnings: BTreeMap<String, u64>,
    /// Number of notes by rule.
    pub notes: BTreeMap<String, u64>,
    /// Files that were read.
    pub inputs: Vec<InputFile>,
}

/// One group attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AttributeCard {
    /// Name of the column.
    pub name: String,
    /// Number of distinct values.
    pub values: usize,
    /// Number of items without a value.
    pub missing: usize,
}

/// The checklist in numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ChecklistCard {
    /// Its name.
    pub name: String,
    /// Number of dimensions.
    pub dimensions: usize,
    /// Number of ladders.
    pub ladders: usize,
    /// Number of questions.
    pub questions: usize,
}

/// The answers in numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AnswersCard {
    /// Number of answers, missing ones among them.
    pub answers: usize,
    /// Number of question ids.
    pub questions: usize,
    /// Number of categories.
    pub categories: usize,
    /// Number of missing answers: blank, or not understood.
    pub missing: usize,
    /// Number of items without any answer.
    pub items_without: usize,
    /// Per judge, in order of appearance.
    pub judges: Vec<JudgeCard>,
}

/// What the answers of a judge are, told from their values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AnswerKind {
    /// Only yes and no.
    Hard,
    /// Also values between.
    Probability,
    /// No answer at all.
    None,
}

/// One judge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct JudgeCard {
    /// Name; empty where the table names none.
    pub name: String,
    /// Number of answers that are not missing.
    pub answers: usize,
    /// Number of missing answers.
    pub missing: usize,
    /// Hard answers or probabilities.
    pub kind: AnswerKind,
    /// Mean P(yes); null where there is no answer.
    pub yes_rate: Option<f64>,
}

/// The features table in numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FeaturesCard {
    /// Number of columns.
    pub columns: usize,
    /// Number of columns with the same value everywhere, or none.
    pub constant: usize,
    /// Number of items without any value.
    pub items_without: usize,
    /// Number of missing values among the items that have some.
    pub missing: usize,
}

/// Ratings on one dimension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RatingCard {
    /// Name of the dimension or sub-dimension.
    pub dimension: String,
    /// Number of ratings.
    pub ratings: usize,
    /// Number of rated items.
    pub items: usize,
    /// Number of annotators or slots.
    pub annotators: usize,
    /// Lowest value found.
    pub low: f64,
    /// Highest value found.
    pub high: f64,
}

/// Pairs on one dimension. A pair's label is the plurality of its votes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DimensionCard {
    /// Name of the dimension.
    pub name: String,
    /// Number of pairs.
    pub pairs: usize,
    /// Pairs whose item a is better.
    pub a: usize,
    /// Pairs whose item b is better.
    pub b: usize,
    /// Ties.
    pub ties: usize,
    /// Share of ties; null where there is no pair.
    pub tie_share: Option<f64>,
    /// Number of votes behind the pairs; for derived pairs the lower number of ratings of the two items.
    pub votes: usize,
    /// Number of prompts with pairs.
    pub prompts: usize,
    /// Pairs in the train split.
    pub train: usize,
    /// Pairs in the test split.
    pub test: usize,
}

/// One cached scorer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ScorerCard {
    /// Name of the column.
    pub name: String,
    /// Number of items with a score.
    pub items: usize,
    /// Share of items with a score.
    pub coverage: f64,
    /// Lowest score (after inversion); null where there is none.
    pub low: Option<f64>,
    /// Highest score (after inversion); null where there is none.
    pub high: Option<f64>,
}

impl DataCard {
    /// Counts a data set.
    pub fn new(data: &Dataset) -> Self {
        let rules = |severity| data.problems.rules(severity).map(|(rule, n)| (rule.to_owned(), n)).collect();
        Self {
            name: data.name.clone(),
            simulated: data.simulated,
            items: data.items.len(),
            prompts: data.items.prompt_ids.len(),
            groups: distinct(&data.items.prompt_group),
            merged_texts: merged_texts(&data.items.prompt_group),
            prompts_without_text: data.items.prompt_texts.iter().filter(|text| text.is_none()).count(),
            attributes: attributes(data),
            checklist: data.checklist.as_ref().map(|c| ChecklistCard {
                name: c.name.clone(),
                dimensions: c.dimensions.len(),
                ladders: c.ladders().len(),
                questions: c.questions.len(),
            }),
            answers: data.answers.as_ref().map(|answers| answers_card(answers, data.items.len())),
            features: data.features.as_ref().map(|table| features_card(table, data.items.len())),
            ratings: ratings(data),
            pairs_derived: data.pairs_derived,
            dimensions: dimensions(data),
            scorers: data.scores.as_ref().map(|table| scorers(table, data.items.len())).unwrap_or_default(),
            warnings: rules(Severity::Warning),
            notes: rules(Severity::Note),
            inputs: data.inputs.clone(),
        }
    }
}

fn distinct<'a, T: Ord + 'a>(values: impl IntoIterator<Item = &'a T>) -> usize {
    values.into_iter().collect::<BTreeSet<_>>().len()
}

fn merged_texts(groups: &[usize]) -> usize {
    let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
    for &group in groups {
        *sizes.entry(group).or_default() += 1;
    }
    sizes.values().filter(|&&n| n > 1).count()
}

fn attributes(data: &Dataset) -> Vec<AttributeCard> {
    let card = |(name, values): (&String, &Vec<Option<String>>)| AttributeCard {
        name: name.clone(),
        values: distinct(values.iter().flatten()),
        missing: values.iter().filter(|v| v.is_none()).count(),
    };
    data.items.attributes.iter().map(card).collect()
}

#[allow(clippy::cast_precision_loss)]
fn answers_card(answers: &Answers, items: usize) -> AnswersCard {
    let mut answered = vec![false; items];
    // Per judge: answers, missing, sum of P(yes), whether any lies strictly between 0 and 1.
    let mut counts = vec![(0_usize, 0_usize, 0.0_f64, false); answers.judges.len()];
    for row in &answers.rows {
        let Some(judge) = counts.get_mut(row.judge) else { continue };
        let Some(p) = row.p_yes else {
            judge.1 += 1;
            continue;
        };
        *judge = (judge.0 + 1, judge.1, judge.2 + p, judge.3 || (p > 0.0 && p < 1.0));
        if let Some(slot) = answered.get_mut(row.item) {
            *slot = true;
        }
    }
    let judge = |(name, &(answers, missing, sum, between)): (&String, &(usize, usize, f64, bool))| JudgeCard {
        name: name.clone(),
        answers,
        missing,
        kind: match (answers, between) {
            (0, _) => AnswerKind::None,
            (_, true) => AnswerKind::Probability,
            (_, false) => AnswerKind::Hard,
        },
        yes_rate: (answers > 0).then(|| sum / answers as f64),
    };
    AnswersCard {
        answers: answers.rows.len(),
        questions: answers.question_ids.len(),
        categories: answers.categories.len(),
        missing: counts.iter().map(|c| c.1).sum(),
        items_without: answered.iter().filter(|a| !**a).count(),
        judges: answers.judges.iter().zip(&counts).map(judge).collect(),
    }
}

fn features_card(table: &NumericTable, items: usize) -> FeaturesCard {
    let covered = covered(table, items);
    let constant = |column: &&Vec<Option<f64>>| {
        let mut values = column.iter().flatten();
        values.next().is_none_or(|first| values.all(|v| v == first))
    };
    let missing = |column: &Vec<Option<f64>>| column.iter().zip(&covered).filter(|(v, c)| v.is_none() && **c).count();
    FeaturesCard {
        columns: table.names.len(),
        constant: table.columns.iter().filter(constant).count(),
        items_without: covered.iter().filter(|c| !**c).count(),
        missing: table.columns.iter().map(missing).sum(),
    }
}

fn ratings(data: &Dataset) -> Vec<RatingCard> {
    let mut cards: Vec<RatingCard> = Vec::new();
    let mut members: Vec<(BTreeSet<usize>, BTreeSet<&str>)> = Vec::new();
    for rating in &data.ratings {
        let at = cards.iter().position(|c| c.dimension == rating.dimension).unwrap_or_else(|| {
            let (low, high) = (rating.value, rating.value);
            let dimension = rating.dimension.clone();
            cards.push(RatingCard { dimension, ratings: 0, items: 0, annotators: 0, low, high });
            members.push((BTreeSet::new(), BTreeSet::new()));
            cards.len() - 1
        });
        if let (Some(card), Some((items, people))) = (cards.get_mut(at), members.get_mut(at)) {
            card.ratings += 1;
            card.low = card.low.min(rating.value);
            card.high = card.high.max(rating.value);
            items.insert(rating.item);
            people.insert(&rating.annotator);
        }
    }
    for (card, (items, people)) in cards.iter_mut().zip(&members) {
        card.items = items.len();
        card.annotators = people.len();
    }
    cards
}

#[allow(clippy::cast_precision_loss)]
fn dimensions(data: &Dataset) -> Vec<DimensionCard> {
    let card = |(dimension, name): (usize, &String)| {
        let pairs: Vec<_> = data.pairs.iter().filter(|p| p.dimension == dimension).collect();
        let label = |wanted: i8| pairs.iter().filter(|p| p.votes.plurality() == wanted).count();
        let split = |wanted: Split| pairs.iter().filter(|p| p.split == Some(wanted)).count();
        let prompts: BTreeSet<_> = pairs.iter().filter_map(|p| data.items.prompt.get(p.a)).collect();
        let ties = label(0);
        DimensionCard {
            name: name.clone(),
            pairs: pairs.len(),
            a: label(1),
            b: label(-1),
            ties,
            tie_share: (!pairs.is_empty()).then(|| ties as f64 / pairs.len() as f64),
            votes: pairs.iter().map(|p| p.voters).sum(),
            prompts: prompts.len(),
            train: split(Split::Train),
            test: split(Split::Test),
        }
    };
    data.dimensions.iter().enumerate().map(card).collect()
}

#[allow(clippy::cast_precision_loss)]
fn scorers(table: &NumericTable, items: usize) -> Vec<ScorerCard> {
    let card = |(name, column): (&String, &Vec<Option<f64>>)| {
        let scored = column.iter().flatten().count();
        ScorerCard {
            name: name.clone(),
            items: scored,
            coverage: if items == 0 { 0.0 } else { scored as f64 / items as f64 },
            low: column.iter().flatten().copied().reduce(f64::min),
            high: column.iter().flatten().copied().reduce(f64::max),
        }
    };
    table.names.iter().zip(&table.columns).map(card).collect()
}
