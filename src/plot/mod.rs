//! Charts as SVG text. plotters stays inside this folder, and this folder knows no other stage: callers fill the small
//! input structs ([`weights::Weights`], [`leaderboard::Leaderboard`]) from what they have.

mod canvas;
pub mod leaderboard;
mod scale;
pub mod text;
pub mod theme;
pub mod weights;

pub use canvas::without_style;

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
