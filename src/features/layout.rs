//! Fixed checklist or questions of their own per prompt? Detected from the answers, and said.

use std::collections::{BTreeMap, BTreeSet};

use super::Layout;
use crate::dataset::{Answers, Dataset};

/// The layout and the reason for it, as a sentence.
///
/// 1. A data set with a checklist is fixed.
/// 2. Per prompt, if more than half of the answers that carry a text carry another one than the most common text of
///    their question id ("q1" means something else under every prompt).
/// 3. Per prompt, if the questions reach half of the prompts or fewer, averaged over the answers (ids of their own
///    under every prompt). Judges and missing answers play no part in this.
/// 4. Otherwise fixed.
pub fn detect(ds: &Dataset, answers: &Answers) -> (Layout, String) {
    if let Some(checklist) = &ds.checklist {
        return (Layout::Fixed, format!("the data set names the checklist {}", checklist.name));
    }
    let other_texts = share_of_other_texts(answers);
    if other_texts > 0.5 {
        let reason = format!("{:.0} % of the texts differ from the most common one of their id", 100.0 * other_texts);
        return (Layout::PerPrompt, reason);
    }
    let reach = mean_reach(ds, answers);
    let reason = format!("a question is asked about {:.0} % of the prompts on average", 100.0 * reach);
    (if reach <= 0.5 { Layout::PerPrompt } else { Layout::Fixed }, reason)
}

/// Share of the answers with a text whose text is not the most common one of their question id.
fn share_of_other_texts(answers: &Answers) -> f64 {
    let mut counts: BTreeMap<usize, BTreeMap<usize, usize>> = BTreeMap::new();
    for row in &answers.rows {
        if let Some(text) = row.text {
            *counts.entry(row.question).or_default().entry(text).or_default() += 1;
        }
    }
    let all: usize = counts.values().flat_map(BTreeMap::values).sum();
    let most_common: usize = counts.values().filter_map(|texts| texts.values().max()).sum();
    if all == 0 { 0.0 } else { (all - most_common) as f64 / all as f64 }
}

/// Share of the prompts (of those with answers) that a question reaches, averaged over answers.
fn mean_reach(ds: &Dataset, answers: &Answers) -> f64 {
    let mut reached: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    let mut prompts = BTreeSet::new();
    for row in &answers.rows {
        let prompt = ds.items.prompt[row.item];
        reached.entry(row.question).or_default().insert(prompt);
        prompts.insert(prompt);
    }
    if answers.rows.is_empty() {
        return 1.0;
    }
    let sum: usize = answers.rows.iter().map(|row| reached[&row.question].len()).sum();
    sum as f64 / (answers.rows.len() * prompts.len()) as f64
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Asked, Tiny};
    use super::*;

    fn layout(tiny: Tiny) -> Layout {
        let ds = tiny.build();
        detect(&ds, ds.answers.as_ref().unwrap()).0
    }

    /// Eight prompts with two items each; `ask` gives question id and text for (prompt, n).
    fn asked(questions: usize, ask: impl Fn(usize, usize) -> (String, String)) -> Tiny {
        let mut tiny = Tiny::new();
        for prompt in 0..8 {
            for side in ["l", "r"] {
                let item = format!("{prompt}{side}");
                tiny = tiny.item(&item, &format!("p{prompt}"));
                for n in 0..questions {
                    let (question, text) = ask(prompt, n);
                    let p_yes = Some(1.0);
                    tiny = tiny.ask(Asked { item: &item, question: &question, text: &text, p_yes, ..Asked::default() });
                }
            }
        }
        tiny
    }

    #[test]
    fn one_id_with_a_text_per_prompt_is_per_prompt() {
        assert_eq!(layout(asked(3, |p, n| (format!("q{n}"), format!("{n} of {p}?")))), Layout::PerPrompt);
    }

    #[test]
    fn ids_of_their_own_under_every_prompt_are_per_prompt() {
        assert_eq!(layout(asked(3, |p, n| (format!("{p}-{n}"), String::new()))), Layout::PerPrompt);
    }

    #[test]
    fn the_same_questions_everywhere_are_fixed_even_if_one_names_the_prompt() {
        assert_eq!(layout(asked(3, |_, n| (format!("q{n}"), format!("{n}?")))), Layout::Fixed);
        let one_names_it = |p, n| (format!("q{n}"), if n == 0 { format!("shows {p}?") } else { format!("{n}?") });
        assert_eq!(layout(asked(3, one_names_it)), Layout::Fixed);
    }
}
