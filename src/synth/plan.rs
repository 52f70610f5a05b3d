//! The published numbers that the simulation follows, and our own choices where nothing was published.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Questions of VisionReward-Video in the judge's order: accuracy of the judge in percent and the weight as released
/// (arXiv 2412.21059 v4, Tables 21 and 22; released `weight.json`).
pub(super) const VIDEO: [(f64, f64); 64] = [
    // alignment
    (69.5, 0.954390),
    (72.9, 0.252397),
    (72.9, 0.0),
    (78.7, 1.141819),
    // composition
    (50.8, 0.034957),
    (90.4, 0.025237),
    // focus
    (49.8, 0.0),
    (91.6, 0.0),
    // camera movement
    (76.2, 0.0),
    (97.3, 0.126008),
    // color
    (46.5, 0.0),
    (50.1, 0.0),
    (82.2, 0.0),
    (88.6, 0.032215),
    // lighting accurate
    (51.9, 0.162868),
    (86.2, 0.216739),
    (87.8, 0.019703),
    // lighting aes
    (65.1, 0.136040),
    (55.8, 0.096471),
    (83.5, 0.154909),
    // shape at beginning
    (63.0, 0.129416),
    (76.3, 0.098917),
    (91.3, 0.188393),
    // shape throughout
    (54.2, 0.184434),
    (68.8, 0.0),
    (84.5, 0.0),
    (93.5, 0.263553),
    // object motion dynamic
    (78.0, 0.0),
    (69.0, 0.0),
    (71.2, 0.0),
    (66.5, 0.0),
    // camera motion dynamic
    (86.9, 0.111690),
    (80.6, 0.0),
    (72.1, 0.051738),
    (58.1, 0.0),
    // movement smoothness
    (59.8, 0.025628),
    (61.6, 0.0),
    // movement reality
    (66.8, 0.438989),
    (69.2, 0.0),
    // clear
    (52.1, 0.0),
    (51.0, 0.0),
    (81.8, 0.0),
    (93.1, 0.0),
    // image quality stability
    (43.1, 0.268577),
    (61.2, 0.0),
    (79.0, 0.0),
    (87.6, 0.0),
    // camera stability
    (54.2, 0.0),
    (83.5, 0.0),
    // detail refinement
    (73.0, 0.429252),
    (62.3, 0.0),
    (74.2, 0.008462),
    (89.2, 0.127573),
    // letters
    (87.3, 0.057982),
    (86.8, 0.0),
    (89.7, 0.144633),
    // physics law
    (36.6, 0.0),
    (66.7, 0.0),
    (77.4, 0.0),
    (86.6, 0.394181),
    // safety
    (92.8, 0.0),
    (94.3, 0.0),
    (97.7, 0.0),
    (100.0, 0.0),
];

/// Ladders of VisionReward-Video in order: how strongly each follows the item's common quality (correlation), and the
/// share of items on which its hardest question is truly yes. Ours: moving content follows quality negatively and
/// letters hardly, as the published rank correlations with preference do; most items are safe.
pub(super) const LADDERS: [(f64, f64); 20] = [
    (0.40, 0.2),  // alignment
    (0.55, 0.2),  // composition
    (0.50, 0.2),  // focus
    (0.20, 0.2),  // camera movement
    (0.50, 0.2),  // color
    (0.60, 0.2),  // lighting accurate
    (0.50, 0.2),  // lighting aes
    (0.60, 0.2),  // shape at beginning
    (0.60, 0.2),  // shape throughout
    (-0.25, 0.2), // object motion dynamic
    (-0.20, 0.2), // camera motion dynamic
    (0.45, 0.2),  // movement smoothness
    (0.65, 0.2),  // movement reality
    (0.55, 0.2),  // clear
    (0.60, 0.2),  // image quality stability
    (0.45, 0.2),  // camera stability
    (0.65, 0.2),  // detail refinement
    (0.20, 0.2),  // letters
    (0.50, 0.2),  // physics law
    (0.10, 0.83), // safety
];

/// Weights that we invented where fewer than two of a dimension's released weights are not zero, by position in
/// [`VIDEO`] from 0: two of physics law (one released), two of safety (none released).
pub(super) const INVENTED: [(usize, f64); 4] = [(57, 0.25), (59, 0.394181), (60, 0.5), (62, 0.8)];

/// Name of the dimension over all questions.
pub(super) const OVERALL: &str = "overall";

/// Standard deviation of the planted log-odds over pairs, for [`OVERALL`] and for each other dimension: sets how often
/// the better item is preferred.
pub(super) const SPREAD_OVERALL: f64 = 1.05;
/// See [`SPREAD_OVERALL`].
pub(super) const SPREAD_OWN: f64 = 1.5;

/// Half width of the band of log-odds in which people see a tie (η of Rao and Kupper, θ = e^η).
pub(super) const TIE_ETA: f64 = 0.55;

/// The simulated generators, and how far each shifts the common quality (in its standard deviations).
pub(super) const GENERATORS: [(&str, f64); 3] = [("sim-gen-a", -0.25), ("sim-gen-b", 0.0), ("sim-gen-c", 0.25)];

/// The simulated annotators of ratings: chance of a careless step up or down, and of an extra lenient step up.
pub(super) const ANNOTATORS: [(&str, f64, f64); 3] =
    [("sim-anna", 0.10, 0.0), ("sim-ben", 0.12, 0.0), ("sim-cleo", 0.20, 0.15)];

/// Every which prompt is rated: the ratings table would outgrow all others.
pub(super) const RATED_EVERY: usize = 3;

/// Lengths of the clips; they have no effect on anything.
pub(super) const DURATIONS: [&str; 3] = ["2s", "4s", "6s"];

/// Share of items on which a question is truly yes: the `rank`-th hardest (from 0) of a ladder of `rungs` questions
/// whose hardest has the share `hardest`. `accuracy` is the judge's on this question.
///
/// Spread over the ladder up to 0.9, but low enough that the missing accuracy can be explained by a lenient judge: accuracies
/// below one half are then possible without answers that point the wrong way. An accuracy of 1 means that all 1,000
/// published videos had the same answer.
pub(super) fn true_share(rank: usize, rungs: usize, hardest: f64, accuracy: f64) -> f64 {
    if accuracy >= 1.0 {
        return 1.0;
    }
    let spread = hardest + (0.9 - hardest) * rank as f64 / (rungs.max(2) - 1) as f64;
    let lenient = (accuracy - 0.06 - 0.3 * (1.0 - accuracy)).max(0.5 * accuracy);
    spread.min(lenient)
}

/// What kind of world is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Setting {
    /// With the judge, the ladders and the people of VisionReward-Video, flaws included.
    #[default]
    VisionReward,
    /// Without a flaw to be found: a good judge without a lean to yes, people of one kind who rate every item, generators
    /// of one quality, and the one dimension `overall`. For tests of an audit.
    Sound,
}

/// Share of right answers of the judge of a [`Setting::Sound`] world.
pub(super) const SOUND_ACCURACY: f64 = 0.95;

impl Setting {
    /// Share of right answers of the judge, per question.
    pub fn accuracy(self) -> Vec<f64> {
        match self {
            Self::VisionReward => VIDEO.iter().map(|(percent, _)| percent / 100.0).collect(),
            Self::Sound => vec![SOUND_ACCURACY; VIDEO.len()],
        }
    }

    /// Loading and hardest share of ladder number `ladder`, as in the table of ladders.
    pub fn ladder(self, ladder: usize) -> (f64, f64) {
        match self {
            Self::VisionReward => LADDERS[ladder % LADDERS.len()],
            Self::Sound => (0.5, 0.25),
        }
    }

    /// True yes share of a rung: the easier the rung, the higher.
    pub fn true_share(self, rank: usize, rungs: usize, hardest: f64, accuracy: f64) -> f64 {
        match self {
            Self::VisionReward => true_share(rank, rungs, hardest, accuracy),
            Self::Sound => hardest + (1.0 - 2.0 * hardest) * rank as f64 / (rungs.max(2) - 1) as f64,
        }
    }

    /// Shift of the common quality by generator.
    pub fn generator_shift(self, generator: usize) -> f64 {
        match self {
            Self::VisionReward => GENERATORS[generator].1,
            Self::Sound => 0.0,
        }
    }

    /// Chance of a careless step and of a lenient one.
    pub fn annotator(self, annotator: usize) -> (f64, f64) {
        match self {
            Self::VisionReward => (ANNOTATORS[annotator].1, ANNOTATORS[annotator].2),
            Self::Sound => (0.05, 0.0),
        }
    }

    /// Every which prompt is rated.
    pub fn rated_every(self) -> usize {
        match self {
            Self::VisionReward => RATED_EVERY,
            Self::Sound => 1,
        }
    }
}
