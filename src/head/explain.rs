//! Why one item scores higher than another: the waterfall, question by question, and what would flip it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use super::flip::{Change, Flip, NewAnswer};

use super::{Bounds, Chance, Head, Level, Scale, Verdict};
use crate::features::{ColumnKind, FeatureMatrix};
use crate::stats::counts;
use crate::{Error, Result};

/// One comparison of two items under one head, in the head's own scale. The margin is the sum of `steps`, and of `parts`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Explanation {
    /// Dimension of the head.
    pub dimension: String,
    /// The first item.
    pub a: Side,
    /// The second item.
    pub b: Side,
    /// Whether both answer the same prompt; scores compare inside a prompt only.
    pub same_prompt: bool,
    /// score(a) − score(b).
    pub margin: f64,
    /// Margin up to which the head calls a tie.
    pub tie_threshold: f64,
    /// What the head says.
    pub verdict: Verdict,
    /// What people would say, by the head's model.
    pub chance: Chance,
    /// The columns that move the margin, largest step first; ties in column order.
    pub steps: Vec<Step>,
    /// Columns with a weight on which the two items do not differ.
    pub equal: usize,
    /// The margin by checklist dimension, in the head's order; `null` gathers columns without one.
    pub parts: Vec<PartStep>,
    /// What would change the verdict.
    pub flip: Flip,
}

/// One of the two items.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Side {
    /// Item id.
    pub item: String,
    /// Text of its prompt, where known.
    pub prompt: Option<String>,
    /// Its score, missing values filled as the head's policy says.
    pub score: f64,
    /// The score if every missing answer were the worst, or the best, possible.
    pub bounds: Bounds,
    /// Per cent of the training items that score lower; `null` without training scores.
    pub percentile: Option<f64>,
}

/// One column's share of the margin: `weight` × (value of a − value of b).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Step {
    /// Column id.
    pub column: String,
    /// Short label for people.
    pub label: String,
    /// Full text of the question, where the data know it.
    pub text: Option<String>,
    /// Checklist dimension.
    pub dimension: Option<String>,
    /// Checklist sub-dimension.
    pub subdimension: Option<String>,
    /// Weight in coded units.
    pub weight: f64,
    /// What a has here.
    pub a: Reading,
    /// What b has here.
    pub b: Reading,
    /// `weight` × (coded a − coded b); positive speaks for a.
    pub contribution: f64,
    /// The margin after this step and all before it.
    pub cumulative: f64,
}

/// What one item has in one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase", tag = "kind", content = "value")]
pub enum Reading {
    /// P(yes), or a mean of them.
    Answer(f64),
    /// A closed gate says that the question does not apply.
    Masked,
    /// A ready-made number or another scorer's score.
    Number(f64),
    /// Nothing was there; the coded value that stands in.
    Missing(f64),
}

/// The margin within one checklist dimension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PartStep {
    /// Dimension; `null` gathers columns without one.
    pub dimension: Option<String>,
    /// R(dim_k) of a.
    pub a: f64,
    /// R(dim_k) of b.
    pub b: f64,
    /// Their difference.
    pub contribution: f64,
}

/// What [`Head::explain`] needs to know beside the features.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The data set that the features were made from.
    pub data: &'a crate::dataset::Dataset,
    /// Declared ranges of scorers: name → lowest, highest.
    pub ranges: &'a BTreeMap<String, [f64; 2]>,
}

impl Head {
    /// Compares items `a` and `b` (rows of `features`).
    ///
    /// # Errors
    /// As [`Head::score`]; [`Error::Usage`] where one of the items cannot be scored.
    pub fn explain(&self, features: &FeatureMatrix, a: usize, b: usize, context: Context<'_>) -> Result<Explanation> {
        let place = self.match_columns(features)?;
        self.refuse_missing(features, &place)?;
        let row = |item: usize| -> Vec<f64> { place.iter().map(|&at| features.values[[item, at]]).collect() };
        for item in [a, b] {
            if !self.can_score(features.values.row(item), &place) {
                return Err(Error::Usage(format!(
                    "item {} cannot be scored: it has no answers, or too few for the head's policy",
                    features.item_ids[item]
                )));
            }
        }
        let (xa, xb) = (row(a), row(b));
        let side = |item: usize, x: &[f64]| Side {
            item: features.item_ids[item].clone(),
            prompt: context.data.items.prompt_texts[context.data.items.prompt[item]].clone(),
            score: self.sum(x),
            bounds: self.bounds_of(|j| x[j], context.ranges, Scale::Head).unwrap_or(Bounds {
                low: None,
                high: None,
                missing: x.len(),
            }),
            percentile: self.percentile(self.sum(x)),
        };
        let (left, right) = (side(a, &xa), side(b, &xb));
        let margin = counts::margin(left.score, right.score);
        let (steps, equal) = self.steps(&xa, &xb, context);
        let verdict = self.verdict(left.score, right.score);
        Ok(Explanation {
            dimension: self.dimension.clone(),
            same_prompt: context.data.items.prompt[a] == context.data.items.prompt[b],
            margin,
            tie_threshold: self.tie_threshold,
            verdict,
            chance: self.chance(margin),
            steps,
            equal,
            parts: self.part_steps(&xa, &xb),
            flip: self.flip(&xa, &xb, left.score - right.score, verdict, &self.places(context.data.checklist.as_ref())),
            a: left,
            b: right,
        })
    }

    fn sum(&self, x: &[f64]) -> f64 {
        (0..self.columns.len()).map(|j| self.weights[j] * self.filled(j, x[j])).sum()
    }

    fn steps(&self, xa: &[f64], xb: &[f64], context: Context<'_>) -> (Vec<Step>, usize) {
        let texts = question_texts(context);
        let mut steps = Vec::new();
        let mut equal = 0;
        for (j, column) in self.columns.iter().enumerate().filter(|(j, _)| self.weights[*j] != 0.0) {
            let contribution = self.weights[j] * (self.filled(j, xa[j]) - self.filled(j, xb[j]));
            if contribution == 0.0 {
                equal += 1;
                continue;
            }
            steps.push(Step {
                column: column.id.clone(),
                label: column.label.clone(),
                text: texts.get(column.id.as_str()).map(|&text| text.to_owned()),
                dimension: column.dimension.clone(),
                subdimension: column.subdimension.clone(),
                weight: self.weights[j],
                a: self.reading(j, xa[j]),
                b: self.reading(j, xb[j]),
                contribution,
                cumulative: 0.0,
            });
        }
        steps.sort_by(|s, t| t.contribution.abs().total_cmp(&s.contribution.abs()));
        let mut sum = 0.0;
        for step in &mut steps {
            sum += step.contribution;
            step.cumulative = sum;
        }
        (steps, equal)
    }

    fn part_steps(&self, xa: &[f64], xb: &[f64]) -> Vec<PartStep> {
        let sum = |x: &[f64], members: &[usize]| -> f64 {
            members.iter().map(|&j| self.weights[j] * self.filled(j, x[j])).sum()
        };
        self.parts(Level::Dimension)
            .into_iter()
            .map(|part| {
                let (a, b) = (sum(xa, &part.members), sum(xb, &part.members));
                PartStep { dimension: part.name, a, b, contribution: a - b }
            })
            .collect()
    }

    /// What a coded value means.
    pub(super) fn reading(&self, j: usize, x: f64) -> Reading {
        let hidden = |id: &str| self.gates.iter().flatten().any(|gate| gate.hides.iter().any(|h| h == id));
        match self.columns[j].kind {
            _ if x.is_nan() => Reading::Missing(self.preparation.fills[j]),
            ColumnKind::Table | ColumnKind::Score => Reading::Number(x),
            _ if x == self.coding.neutral() && hidden(&self.columns[j].id) => Reading::Masked,
            _ => Reading::Answer(self.coding.decode(x)),
        }
    }
}

/// Full texts by question id, from the checklist, else from the answers where an id has one text only.
fn question_texts(context: Context<'_>) -> BTreeMap<&str, &str> {
    let mut texts: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    if let Some(answers) = &context.data.answers {
        for row in &answers.rows {
            let Some(text) = row.text else { continue };
            let text = answers.texts[text].as_str();
            let known = texts.entry(&answers.question_ids[row.question]).or_insert(Some(text));
            if *known != Some(text) {
                *known = None;
            }
        }
    }
    for question in context.data.checklist.iter().flat_map(|checklist| &checklist.questions) {
        if let Some(text) = &question.text {
            texts.insert(&question.id, Some(text));
        }
    }
    texts.into_iter().filter_map(|(id, text)| Some((id, text?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::testing::Tiny;
    use crate::features::{FeatureOptions, build};
    use proptest::prelude::*;

    const QUESTIONS: usize = 5;

    /// Two items with these answers, and a head with these weights.
    fn explained(
        weights: [f64; QUESTIONS],
        answers: [[Option<f64>; QUESTIONS]; 2],
        threshold: f64,
    ) -> (Head, Explanation) {
        explained_with(None, weights, answers, threshold)
    }

    fn explained_with(
        checklist: Option<&str>,
        weights: [f64; QUESTIONS],
        answers: [[Option<f64>; QUESTIONS]; 2],
        threshold: f64,
    ) -> (Head, Explanation) {
        let mut tiny = Tiny::new().item("a", "p").item("b", "p").item("c", "p");
        for (item, row) in ["a", "b"].into_iter().zip(answers) {
            for (q, p) in row.into_iter().enumerate() {
                tiny = tiny.answer(item, &format!("q{q}"), p);
            }
        }
        for q in 0..QUESTIONS {
            tiny = tiny.answer("c", &format!("q{q}"), Some(if q == 0 { 1.0 } else { 0.0 }));
        }
        if let Some(toml) = checklist {
            tiny = tiny.checklist(toml);
        }
        let ds = tiny.pair("overall", "a", "b", 'a').pair("overall", "a", "c", 'b').build();
        let matrix = build(&ds, &FeatureOptions::default()).unwrap();
        let options = crate::head::TrainOptions { lambda: Some(0.1), bootstrap: 0, ..Default::default() };
        let mut head = crate::head::train(&ds, &matrix, 0, &[0, 1], &options).unwrap();
        head.weights = weights.to_vec();
        head.tie_threshold = threshold;
        let ranges = BTreeMap::new();
        let explanation = head.explain(&matrix, 0, 1, Context { data: &ds, ranges: &ranges }).unwrap();
        (head, explanation)
    }

    #[test]
    fn an_answer_that_only_makes_a_tie_flips_nothing() {
        let (yes, no) = (Some(1.0), Some(0.0));
        let answers = [[yes, no, no, no, no], [no, no, no, no, no]];
        let (_, e) = explained([1.3, 0.7, 0.0, 0.0, 0.0], answers, 0.0);
        assert_eq!((e.verdict, e.steps.len(), e.equal), (Verdict::A, 1, 1));
        assert!(e.flip.alone.is_empty(), "a no in place of the yes makes the scores equal");
        assert_eq!(e.flip.fewest.len(), 2);
        assert!((e.flip.margin.unwrap() - -2.6).abs() < 1e-12, "both answers on q0 change");
    }

    #[test]
    fn an_item_moves_along_a_ladder_with_all_answers_that_follow() {
        let toml = r#"
            name = "t"
            [[dimension]]
            id = "d"
            [[dimension.ladder]]
            id = "light"
            questions = [{ id = "q0" }, { id = "q1" }]
            [[dimension.ladder]]
            id = "sound"
            questions = [{ id = "q2" }]
            [[dimension.ladder]]
            id = "rest"
            questions = [{ id = "q3" }]
            [[dimension.ladder]]
            id = "more"
            questions = [{ id = "q4" }]
        "#;
        let (yes, no) = (Some(1.0), Some(0.0));
        // a stands on the highest rung of `light`, b on the lowest.
        let answers = [[yes, yes, no, no, no], [no, no, yes, no, no]];
        let (_, e) = explained_with(Some(toml), [0.5, 1.0, 0.75, 0.0, 0.0], answers, 0.0);
        assert!((e.margin - 1.5).abs() < 1e-12);
        let said: Vec<(bool, Option<&str>, usize, f64)> =
            e.flip.alone.iter().map(|c| (c.of_a, c.ladder.as_deref(), c.answers.len(), c.shift)).collect();
        // Either item moved along the whole ladder, or b to its middle: answers move by ±2 in the signed coding.
        let light = Some("light");
        assert_eq!(said, [(true, light, 2, -3.0), (false, light, 2, -3.0), (false, light, 1, -2.0)]);
        assert_eq!(e.flip.fewest.len(), 1);
        // "Hardest yes, easier no" is no rung: no change proposes it.
        assert!(e.flip.alone.iter().all(|c| c.answers.iter().all(|n| (n.to == 0.0) == c.of_a)));
    }

    proptest! {
        #[test]
        fn steps_and_parts_sum_to_the_margin_and_fewest_is_fewest(
            weights in proptest::array::uniform5(0u8..6),
            a in proptest::array::uniform5(proptest::option::of(0u8..3)),
            b in proptest::array::uniform5(proptest::option::of(0u8..3)),
            threshold in 0u8..3,
        ) {
            prop_assume!(a.iter().any(Option::is_some) && b.iter().any(Option::is_some));
            let weights = weights.map(|w| f64::from(w) / 4.0);
            let p = |row: [Option<u8>; QUESTIONS]| row.map(|x| x.map(|x| f64::from(x) / 2.0));
            let (_, e) = explained(weights, [p(a), p(b)], f64::from(threshold) / 4.0);
            let sum: f64 = e.steps.iter().map(|s| s.contribution).sum();
            prop_assert!((sum - e.margin).abs() < 1e-9);
            prop_assert!((e.parts.iter().map(|part| part.contribution).sum::<f64>() - e.margin).abs() < 1e-9);
            for side in [&e.a, &e.b] {
                prop_assert!(side.bounds.low.unwrap() <= side.score + 1e-12);
                prop_assert!(side.score <= side.bounds.high.unwrap() + 1e-12);
            }
            // Brute force over all sets of changes: each of the ten answers stays or goes to its worst for the winner.
            if e.verdict == Verdict::Tie {
                return Ok(());
            }
            let sign = if e.verdict == Verdict::A { 1.0 } else { -1.0 };
            let coded = |x: Option<u8>| x.map_or(0.0, |x| f64::from(x) - 1.0);
            let gains: Vec<f64> = (0..QUESTIONS)
                .flat_map(|q| {
                    let (winner, loser) = if sign > 0.0 { (coded(a[q]), coded(b[q])) } else { (coded(b[q]), coded(a[q])) };
                    [weights[q] * (winner + 1.0), weights[q] * (1.0 - loser)]
                })
                .collect();
            let needed = sign * e.margin + f64::from(threshold) / 4.0;
            let fewest = (0u32..1 << gains.len())
                .filter(|set| {
                    let gain: f64 = (0..gains.len()).filter(|g| set >> g & 1 == 1).map(|g| gains[g]).sum();
                    gain > needed + 1e-9
                })
                .map(u32::count_ones)
                .min();
            prop_assert_eq!(fewest.unwrap_or(0) as usize, e.flip.fewest.len());
        }
    }
}
