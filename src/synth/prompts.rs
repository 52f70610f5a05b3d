//! Prompts from a small grammar of words, and three items for each.

use super::draw::Draw;
use super::plan::{DURATIONS, GENERATORS};
use crate::dataset::Split;

/// A simulated prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// Id, `p0001` and so on.
    pub id: String,
    /// Text; begins with `simulated prompt`.
    pub text: String,
    /// Kind of subject.
    pub category: &'static str,
    /// Part of the data its pairs belong to.
    pub split: Split,
}

/// A simulated item: one generator's video for one prompt. There is no video.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Id: prompt id and a letter.
    pub id: String,
    /// Index of its prompt.
    pub prompt: usize,
    /// Index of its generator.
    pub generator: usize,
    /// Length of the clip.
    pub duration: &'static str,
}

const SUBJECTS: [(&str, &[&str]); 6] = [
    (
        "animals",
        &["a red fox", "two otters", "an old tortoise", "a flock of starlings", "a sleepy cat", "a grey heron"],
    ),
    (
        "people",
        &["a baker", "three children", "a street violinist", "a fisherman", "a dancer in blue", "a night watchman"],
    ),
    ("vehicles", &["a yellow tram", "a rusty bicycle", "a paper boat", "a steam engine", "a hot-air balloon"]),
    ("landscapes", &["a wheat field", "a mountain lake", "a sea cliff", "a row of poplars", "a quiet desert"]),
    ("food", &["a bowl of soup", "a stack of pancakes", "a ripe pear", "a pot of tea", "a loaf of rye bread"]),
    ("objects", &["a brass clock", "a glass marble", "a kite", "a music box", "a lantern", "a pile of old letters"]),
];
const SCENES: [&str; 12] = [
    "crossing a frozen river",
    "under a stone bridge",
    "in a busy market",
    "on a wooden table by the window",
    "in the middle of an empty square",
    "beside a slow canal",
    "behind a curtain of rain",
    "on the roof of a tall house",
    "in tall grass",
    "seen through a dusty window",
    "at the edge of a forest",
    "in front of a painted wall",
];
const MOMENTS: [&str; 8] = [
    "at dawn",
    "at noon",
    "at dusk",
    "in thick fog",
    "in falling snow",
    "under a full moon",
    "in the first light of spring",
    "just after a storm",
];
const CAMERAS: [&str; 5] = ["", ", slow zoom", ", camera moves left", ", hand-held camera", ", seen from above"];

/// Prompt number `index` (from 0).
pub(super) fn prompt(seed: u64, index: usize, split: Split) -> Prompt {
    let mut draw = Draw::new(seed, "prompt", index);
    let (category, subjects) = SUBJECTS[draw.below(SUBJECTS.len())];
    let number = index + 1;
    let text = format!(
        "simulated prompt {number:04}: {} {} {}{}",
        subjects[draw.below(subjects.len())],
        SCENES[draw.below(SCENES.len())],
        MOMENTS[draw.below(MOMENTS.len())],
        CAMERAS[draw.below(CAMERAS.len())],
    );
    Prompt { id: format!("p{number:04}"), text, category, split }
}

/// The three items of prompt number `prompt`, one per generator.
pub(super) fn items(seed: u64, prompt: usize, prompt_id: &str) -> Vec<Item> {
    let mut draw = Draw::new(seed, "item", prompt);
    ('a'..)
        .zip(0..GENERATORS.len())
        .map(|(letter, generator)| Item {
            id: format!("{prompt_id}-{letter}"),
            prompt,
            generator,
            duration: DURATIONS[draw.below(DURATIONS.len())],
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_prompt_says_that_it_is_simulated_and_differs_from_the_others() {
        let texts: std::collections::BTreeSet<String> =
            (0..500).map(|i| prompt(1, i, Split::Train).text).filter(|t| t.starts_with("simulated prompt ")).collect();
        assert_eq!(texts.len(), 500);
    }
}
