//! Charts as SVG text. plotters stays inside this folder, and this folder knows no other stage: callers fill the small
//! input structs ([`weights::Weights`], [`leaderboard::Leaderboard`] …) from what they have. [`Chart`] holds any of them.

pub mod agreement;
pub mod annotators;
mod canvas;
mod chart;
pub mod contributions;
pub mod correlation;
pub mod curve;
pub mod forest;
mod frame;
pub mod groups;
pub mod head_diff;
mod heat;
pub mod judge_quality;
pub mod leaderboard;
pub mod path;
mod plane;
#[cfg(feature = "png")]
mod png;
pub mod position;
pub mod reliability;
mod rows;
mod scale;
pub mod stability;
pub mod staircase;
pub mod systems;
#[cfg(test)]
mod tests;
pub mod text;
pub mod theme;
pub mod unseen;
pub mod waterfall;
pub mod weights;
pub mod yes_share;

pub use canvas::{inline, without_style};
pub use chart::{Chart, Kind};
#[cfg(feature = "png")]
pub use png::png;

use serde::{Deserialize, Serialize};

/// One chart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Figure {
    /// File stem, unique in a report: lower-case letters, digits and hyphens only.
    pub id: String,
    /// The finding, as a sentence.
    pub title: String,
    /// Text for readers who cannot see the chart.
    pub alt: String,
    /// The SVG document, [`theme::WIDE`] units wide.
    #[serde(skip)]
    pub svg: String,
    /// The same chart laid out for a telephone, [`theme::NARROW`] units wide.
    #[serde(skip)]
    pub narrow: String,
}

/// What is to be made of an estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tone {
    /// Nothing that matters was shown.
    #[default]
    Fine,
    /// Shown, and large enough to look at.
    Look,
    /// Shown, and large enough to distrust what depends on it.
    Bad,
    /// The data cannot tell.
    Unknown,
}

impl Tone {
    /// Whether it is drawn as a warning.
    pub fn flagged(self) -> bool {
        matches!(self, Tone::Look | Tone::Bad)
    }
}

/// Rows by heading, in order of appearance. Without any heading there is one group without a name.
fn grouped<R>(rows: &[R], name: impl Fn(&R) -> Option<&str>) -> Vec<(Option<String>, Vec<&R>)> {
    let mut groups: Vec<(Option<String>, Vec<&R>)> = Vec::new();
    for row in rows {
        let name = name(row).map(str::to_owned);
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((name, vec![row])),
        }
    }
    if groups.len() > 1 {
        for (name, _) in &mut groups {
            name.get_or_insert_with(|| "other".to_owned());
        }
    }
    groups
}
