//! The hash that identifies each question of a fixed checklist, agreed between checklist and answers.

use std::collections::{BTreeMap, BTreeSet};

use crate::checklist::{Checklist, PROMPT_MARK};
use crate::dataset::{Answers, Dataset};
use crate::problems::{Problem, Problems, Severity};
use crate::{Error, Result};

/// Hash per question of the answers (index into [`Answers::question_ids`]); `None` where no text is known or where
/// several texts stand under one id.
///
/// A text may hold the prompt of its item where the checklist's text has `[[prompt]]`.
///
/// # Errors
/// [`Error::Data`] naming every question whose text is not the one of the data set's checklist.
pub(super) fn hashes(ds: &Dataset, answers: &Answers, notes: &mut Vec<String>) -> Result<Vec<Option<String>>> {
    let texts = distinct_texts(ds, answers);
    let mut problems = Problems::default();
    let mut ambiguous = 0;
    let mut out = Vec::with_capacity(answers.question_ids.len());
    for (id, texts) in answers.question_ids.iter().zip(&texts) {
        let question = ds.checklist.as_ref().and_then(|c| Some(&c.questions[c.index(id)?]));
        let Some(expected) = question.and_then(|q| q.text_sha256.as_deref()) else {
            let hash = common_hash(texts);
            ambiguous += usize::from(hash.is_none() && !texts.is_empty());
            out.push(hash);
            continue;
        };
        for asked in texts.iter().filter(|asked| !asked.hashes().any(|hash| hash == expected)) {
            let known =
                question.and_then(|q| q.text.as_deref()).map_or_else(String::new, |text| format!(": \"{text}\""));
            // Sixteen digits are enough to compare by eye and leave room for the text.
            let asked_hash = &Checklist::text_hash(asked.text)[..16];
            let message = format!(
                "question \"{id}\" was asked with a text of hash {asked_hash}…, the checklist has {}…{known}",
                expected.get(..16).unwrap_or(expected)
            );
            let remedy = "use answers to the checklist's own texts, or a checklist with the texts that were asked";
            let problem = Problem::new(Severity::Error, "question-text", "answers", message, remedy);
            problems.push(problem.cell("question", asked.text));
        }
        out.push(Some(expected.to_owned()));
    }
    if problems.has_errors() {
        return Err(Error::Data(Box::new(problems)));
    }
    if ambiguous > 0 {
        notes.push(format!("{ambiguous} questions have several texts under one id, so no text hash guards them"));
    }
    Ok(out)
}

/// A text as asked, and the prompt of the first item that it was asked about.
struct AskedText<'d> {
    text: &'d str,
    prompt: Option<&'d str>,
}

impl AskedText<'_> {
    /// The hash of the text, and that of the template where the item's prompt is part of it.
    fn hashes(&self) -> impl Iterator<Item = String> + '_ {
        std::iter::once(Checklist::text_hash(self.text)).chain(self.template().map(|t| Checklist::text_hash(&t)))
    }

    fn template(&self) -> Option<String> {
        let prompt = self.prompt.filter(|prompt| !prompt.is_empty() && self.text.contains(prompt))?;
        Some(self.text.replacen(prompt, PROMPT_MARK, 1))
    }
}

fn distinct_texts<'d>(ds: &'d Dataset, answers: &'d Answers) -> Vec<Vec<AskedText<'d>>> {
    let mut first_item: Vec<BTreeMap<usize, usize>> = vec![BTreeMap::new(); answers.question_ids.len()];
    for row in &answers.rows {
        if let Some(text) = row.text {
            first_item[row.question].entry(text).or_insert(row.item);
        }
    }
    let asked = |(text, item): (usize, usize)| AskedText {
        text: answers.texts[text].as_str(),
        prompt: ds.items.prompt_texts[ds.items.prompt[item]].as_deref(),
    };
    first_item.into_iter().map(|texts| texts.into_iter().map(asked).collect()).collect()
}

/// The hash of the only text, or of the only template that all texts share.
fn common_hash(texts: &[AskedText<'_>]) -> Option<String> {
    match texts {
        [] => None,
        [only] => Some(Checklist::text_hash(only.text)),
        several => {
            let templates: Option<BTreeSet<String>> = several.iter().map(AskedText::template).collect();
            let templates = templates.filter(|set| set.len() == 1)?;
            templates.first().map(|template| Checklist::text_hash(template))
        }
    }
}
