//! Prompts that are the same text belong into one fold.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;

/// Group of each prompt, and the texts that stand under several prompt ids.
pub struct Groups {
    /// Group of each prompt, numbered from 0 in order of first appearance.
    pub of_prompt: Vec<usize>,
    /// Prompts of each group that has more than one, in order of first appearance.
    pub merged: Vec<Vec<usize>>,
}

/// Merges prompts whose folded texts are equal and not empty.
pub fn group(texts: &[Option<String>]) -> Groups {
    let mut by_text: HashMap<String, usize> = HashMap::new();
    let mut members: Vec<Vec<usize>> = Vec::new();
    let mut of_prompt = Vec::with_capacity(texts.len());
    for (prompt, text) in texts.iter().enumerate() {
        let folded = text.as_deref().map(fold).unwrap_or_default();
        let fresh = members.len();
        let group = if folded.is_empty() { fresh } else { *by_text.entry(folded).or_insert(fresh) };
        match members.get_mut(group) {
            Some(group) => group.push(prompt),
            None => members.push(vec![prompt]),
        }
        of_prompt.push(group);
    }
    members.retain(|prompts| prompts.len() > 1);
    Groups { of_prompt, merged: members }
}

/// The text without what people do not see: NFKC, case folded (upper then lower case, so that ß = ss and ς = σ), white
/// space runs as one space.
pub fn fold(text: &str) -> String {
    let cased: String = text.nfkc().flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfkc().collect();
    cased.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form_case_and_space_do_not_separate() {
        let texts = ["Ａ  Cat", "a cat\n", "", "a\u{a0}CAT", "a dog", " ", "STRASSE", "straße", "e\u{301}", "É"];
        let texts: Vec<Option<String>> = texts.iter().map(|t| Some((*t).to_owned())).collect();
        let groups = group(&texts);
        assert_eq!(groups.of_prompt, [0, 0, 1, 0, 2, 3, 4, 4, 5, 5]);
        assert_eq!(groups.merged, [vec![0, 1, 3], vec![6, 7], vec![8, 9]]);
    }
}
