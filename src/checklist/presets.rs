//! The two checklists of VisionReward, built in.

use super::Checklist;

const PRESETS: [(&str, &str); 2] = [
    ("visionreward-image", include_str!("../../datasets/checklists/visionreward-image.toml")),
    ("visionreward-video", include_str!("../../datasets/checklists/visionreward-video.toml")),
];

/// The image checklist under the gates of the released scorer.
const RELEASE: &str = "visionreward-image-release";

impl Checklist {
    /// The names that [`Checklist::preset`] knows.
    pub fn preset_names() -> [&'static str; 3] {
        [PRESETS[0].0, RELEASE, PRESETS[1].0]
    }

    /// A built-in checklist: `visionreward-image` (59 questions) or `visionreward-video` (64). Texts are not built in;
    /// [`Checklist::match_texts`] takes them from the released question file.
    ///
    /// `visionreward-image-release` is the image checklist with the gates of the released scorer, by which an absent body
    /// (1) also silences two questions on harmfulness (58, 59). The paper says nothing of this.
    pub fn preset(name: &str) -> Option<Checklist> {
        if name == RELEASE {
            let mut checklist = Self::preset(PRESETS[0].0)?;
            RELEASE.clone_into(&mut checklist.name);
            checklist.gates.iter_mut().filter(|gate| gate.question == "1").for_each(|gate| {
                gate.hides.extend(["58", "59"].map(str::to_owned));
            });
            return Some(checklist);
        }
        let (_, text) = PRESETS.iter().find(|(known, _)| *known == name)?;
        Self::from_toml(text, name).ok()
    }
}
