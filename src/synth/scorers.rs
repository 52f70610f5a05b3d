//! Three simulated scorers that know the planted reward more or less well.

use super::draw::{Draw, moments, round};
use super::simulate::{SimulatedPair, SimulatedScorer};
use crate::stats::normal;

/// A scorer: share of the overall reward, of the alignment reward and of noise in it, then its own scale.
struct Recipe {
    name: &'static str,
    overall: f64,
    alignment: f64,
    noise: f64,
    centre: f64,
    spread: f64,
    range: [f64; 2],
    /// Chance that an item has no score.
    missing: f64,
}

/// `sim_clipscore` is clearly the weakest, and misses some items.
const RECIPES: [Recipe; 3] = [
    Recipe {
        name: "sim_videoscore",
        overall: 0.8,
        alignment: 0.0,
        noise: 1.0,
        centre: 2.6,
        spread: 0.3,
        range: [1.0, 4.0],
        missing: 0.0,
    },
    Recipe {
        name: "sim_vqascore",
        overall: 0.35,
        alignment: 0.45,
        noise: 0.9,
        centre: 0.62,
        spread: 0.12,
        range: [0.0, 1.0],
        missing: 0.0,
    },
    Recipe {
        name: "sim_clipscore",
        overall: 0.0,
        alignment: 0.06,
        noise: 1.0,
        centre: 0.3,
        spread: 0.025,
        range: [0.0, 1.0],
        missing: 0.02,
    },
];

/// The scorers' scores of all items, from the planted rewards of `overall` and of alignment.
pub(super) fn scorers(seed: u64, overall: &[f64], alignment: &[f64]) -> Vec<SimulatedScorer> {
    let (overall, alignment) = signals(overall, alignment);
    RECIPES
        .iter()
        .map(|recipe| {
            let mut draw = Draw::new(seed, recipe.name, 0);
            let scores = overall.iter().zip(&alignment).map(|(o, a)| {
                let signal = recipe.overall * o + recipe.alignment * a + recipe.noise * draw.normal();
                let score = (recipe.centre + recipe.spread * signal).clamp(recipe.range[0], recipe.range[1]);
                (!draw.chance(recipe.missing)).then(|| round(score, 4))
            });
            SimulatedScorer { name: recipe.name, range: recipe.range, scores: scores.collect() }
        })
        .collect()
}

/// The chance that the scorer `name` puts item a of each pair above item b, given the two standardised rewards of the items
/// (as from [`signals`]); its range and its rounding are left out of account.
pub(super) fn expected_order(name: &str, signals: &(Vec<f64>, Vec<f64>), pairs: &[SimulatedPair]) -> Vec<f64> {
    let Some(recipe) = RECIPES.iter().find(|r| r.name == name) else { return vec![0.5; pairs.len()] };
    let (overall, alignment) = signals;
    let signal = |i: usize| recipe.overall * overall[i] + recipe.alignment * alignment[i];
    let z = |pair: &SimulatedPair| (signal(pair.a) - signal(pair.b)) / (recipe.noise * std::f64::consts::SQRT_2);
    pairs.iter().map(|pair| normal::cdf(z(pair))).collect()
}

/// The two rewards that scorers know, standardised.
pub(super) fn signals(overall: &[f64], alignment: &[f64]) -> (Vec<f64>, Vec<f64>) {
    (standardised(overall), standardised(alignment))
}

fn standardised(values: &[f64]) -> Vec<f64> {
    let (mean, spread) = moments(values);
    values.iter().map(|v| if spread > 0.0 { (v - mean) / spread } else { 0.0 }).collect()
}
