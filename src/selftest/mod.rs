//! Does the audit find what is there, and nothing else? Biases of known size are planted into simulated data, one per data
//! set, and every set goes the whole way: files → fit → audit.
//!
//! A plant is found where its finding is raised (look or bad) and its true size lies inside the finding's interval. What
//! else a plant must stir up is declared in [`plan`]; every other alarm is a false one.

pub mod plan;
mod run;

use serde::{Deserialize, Serialize};

pub use run::{SelftestOptions, selftest};

/// The result over all seeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Selftest {
    /// Always true: every value is simulated.
    pub simulated: bool,
    /// First seed; the others follow it.
    pub first_seed: u64,
    /// Seeds, one data set of each kind per seed.
    pub seeds: usize,
    /// Pairs per data set.
    pub pairs: usize,
    /// One row per plant.
    pub rows: Vec<PlantRow>,
    /// Looks per clean set, on average.
    pub clean_looks: f64,
    /// Alarms in sets in which nothing is planted.
    pub clean_alarms: Vec<Alarm>,
    /// What is not as it should be; empty = passed.
    pub failures: Vec<String>,
}

/// One plant over all seeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PlantRow {
    /// Id of the plant.
    pub plant: String,
    /// What was planted, in words.
    pub planted: String,
    /// Check whose finding must be raised.
    pub check: String,
    /// Subject of that finding.
    pub subject: String,
    /// Unit of the sizes.
    pub unit: String,
    /// Sets in which it was raised.
    pub raised: usize,
    /// Sets in which the true size lies inside the interval.
    pub inside: usize,
    /// Mean true size.
    pub truth: f64,
    /// Mean estimate.
    pub estimate: Option<f64>,
    /// Other checks that were raised, as the plan declares, and in how many sets.
    pub follows: Vec<(String, usize)>,
    /// Alarms that the plan does not declare.
    pub unexplained: Vec<Alarm>,
}

/// An alarm where none should be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Alarm {
    /// Seed of the data set.
    pub seed: u64,
    /// The check.
    pub check: String,
    /// Its subject.
    pub subject: String,
    /// What it says.
    pub message: String,
}

impl Selftest {
    /// Sets without a plant that have an alarm.
    pub fn clean_sets_with_alarm(&self) -> usize {
        let mut seeds: Vec<u64> = self.clean_alarms.iter().map(|a| a.seed).collect();
        seeds.dedup();
        seeds.len()
    }
}
