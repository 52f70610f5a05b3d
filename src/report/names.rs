//! Names that can be files and anchors, whatever a dimension is called.

/// Longest slug.
const LONGEST: usize = 48;

/// Lower-case letters, digits and single hyphens of `text`; empty where nothing is left.
pub(super) fn slug(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().take(4 * LONGEST) {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.truncate(LONGEST);
    out.trim_matches('-').to_owned()
}

/// One id per name: `prefix-slug`, numbered where two would be equal or nothing is left of the name. The prefix keeps
/// reserved names (`con`, `nul`) harmless.
pub(super) fn figure_ids<'a>(prefix: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for (i, name) in names.enumerate() {
        let slug = slug(name);
        let wanted = if slug.is_empty() { format!("{prefix}-{}", i + 1) } else { format!("{prefix}-{slug}") };
        let free =
            std::iter::once(wanted.clone()).chain((2..).map(|n| format!("{wanted}-{n}"))).find(|id| !ids.contains(id));
        ids.push(free.unwrap_or(wanted));
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leaves_its_folder() {
        let names = ["../../x", "a/b", "A b", "a-b", "C:\\x", "", ".", "对齐", "<script>", "\0"];
        let ids = figure_ids("weights", names.into_iter());
        assert_eq!(
            ids,
            [
                "weights-x",
                "weights-a-b",
                "weights-a-b-2",
                "weights-a-b-3",
                "weights-c-x",
                "weights-6",
                "weights-7",
                "weights-8",
                "weights-script",
                "weights-10"
            ]
        );
        assert!(slug(&"x".repeat(300)).len() <= LONGEST);
    }
}
