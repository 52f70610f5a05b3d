//! Simulated data with planted weights: the demo data set, and what `headfit synth` writes.
//!
//! ```text
//! seed ──prompts──▶ items ──world──▶ true ladder levels ──judge──▶ P(yes) ──┬─people──▶ pairs, ratings
//!                                                           planted weights ─┴─scorers─▶ scores
//! ```
//!
//! The shape, the judge's accuracy and the weights are those of VisionReward-Video (arXiv 2412.21059); every value is
//! drawn from the seed. The same seed gives the same values on every machine: only +, −, ×, ÷ and square roots are
//! used, which IEEE 754 rounds alike everywhere (see `draw.rs`), and P(yes) is rounded to two decimals.

mod draw;
mod embedded;
mod files;
mod judge;
mod people;
mod plan;
mod planted;
mod plants;
mod prompts;
mod recovery;
mod scorers;
mod simulate;
mod truth;
mod world;

pub use embedded::{embedded, embedded_planted};
pub use files::{MARK_COMMAND, Mark};
pub use plan::Setting;
pub use planted::{Origin, Planted, PlantedAnnotator, PlantedDimension, PlantedGenerator, PlantedWeight};
pub use plants::Plants;
pub use prompts::{Item, Prompt};
pub use recovery::{Found, Recovery, planted};
pub use simulate::{
    DEMO_SEED, SimulatedPair, SimulatedRating, SimulatedScorer, Simulation, SimulationOptions, demo_tables, simulate,
};
