//! The two checklists of VisionReward, built in.

use super::Checklist;

const PRESETS: [(&str, &str); 2] = [
    ("visionreward-image", include_str!("../../datasets/checklists/visionreward-image.toml")),
    ("visionreward-video", include_str!("../../datasets/checklists/visionreward-video.toml")),
];

impl Checklist {
    /// The names that [`Checklist::preset`] knows.
    pub fn preset_names() -> [&'static str; 2] {
        PRESETS.map(|(name, _)| name)
    }

    /// A built-in checklist: `visionreward-image` (59 questions) or `visionreward-video` (64). Texts are not built in;
    /// [`Checklist::match_texts`] takes them from the released question file.
    pub fn preset(name: &str) -> Option<Checklist> {
        let (_, text) = PRESETS.iter().find(|(known, _)| *known == name)?;
        Self::from_toml(text, name).ok()
    }
}
