//! Charts as SVG text. plotters stays inside this folder.

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
    /// The SVG document.
    #[serde(skip)]
    pub svg: String,
}
