//! What simulated people say: preferences on pairs, ratings along ladders.

use super::draw::Draw;
use super::plan::{ANNOTATORS, Setting};
use super::planted::PlantedDimension;
use super::plants::Plants;
use super::prompts::Item;
use super::simulate::{SimulatedPair, SimulatedRating};
use super::world::Ladders;
use crate::checklist::Checklist;

/// The label of every pair on one dimension: +1 item a, −1 item b, 0 tie.
pub(super) fn labels(
    seed: u64,
    plant: &PlantedDimension,
    rewards: &[f64],
    pairs: &[SimulatedPair],
    items: &[Item],
    plants: &Plants,
) -> Vec<i8> {
    let mut draw = Draw::new(seed, &format!("label/{}", plant.dimension), 0);
    pairs
        .iter()
        .map(|pair| {
            let side = |i: usize| (items[i].generator, items[i].duration);
            let felt = rewards[pair.a] - rewards[pair.b] + draw.logistic() + plants.lean(side(pair.a), side(pair.b));
            i8::from(felt > plant.tie_eta) - i8::from(felt < -plant.tie_eta)
        })
        .collect()
}

/// Ratings of every sub-dimension by all annotators, for the items of some prompts.
pub(super) fn ratings(
    seed: u64,
    checklist: &Checklist,
    ladders: &Ladders,
    items: &[Item],
    levels: &[Vec<usize>],
    setting: Setting,
    plants: &Plants,
) -> Vec<SimulatedRating> {
    let scales: Vec<Vec<i64>> = ladders.iter().map(|ladder| scale(checklist, ladder)).collect();
    let mut ratings = Vec::new();
    for (i, _) in items.iter().enumerate().filter(|(_, item)| item.prompt % setting.rated_every() == 0) {
        for annotator in 0..ANNOTATORS.len() {
            let mut draw = Draw::new(seed, "rating", i * ANNOTATORS.len() + annotator);
            let (careless, own) = setting.annotator(annotator);
            let habit = (careless, plants.leniency(annotator, own));
            for (ladder, scale) in scales.iter().enumerate() {
                let level = perceived(&mut draw, habit, levels[ladder][i], scale.len() - 1);
                ratings.push(SimulatedRating { item: i, annotator, ladder, value: scale[level] });
            }
        }
    }
    let careless = setting.annotator(super::plants::COPIER.1).0;
    plants.copy_ratings(seed, &mut ratings, &|draw, item, ladder| {
        scales[ladder][perceived(draw, (careless, 0.0), levels[ladder][item], scales[ladder].len() - 1)]
    });
    ratings
}

/// The level that an annotator reads off an item whose true level is `level`, between 0 and `highest`.
fn perceived(draw: &mut Draw, (careless, lenient): (f64, f64), level: usize, highest: usize) -> usize {
    let mut seen = level;
    if draw.chance(careless) {
        seen = if draw.chance(0.5) { seen + 1 } else { seen.saturating_sub(1) };
    }
    if draw.chance(lenient) {
        seen += 1;
    }
    seen.min(highest)
}

/// What somebody with these habits sees of a level, with the chance of each; see [`perceived`].
pub(super) fn seen_levels((careless, lenient): (f64, f64), level: usize, highest: usize) -> Vec<(usize, f64)> {
    let steps = [(level, 1.0 - careless), (level + 1, careless / 2.0), (level.saturating_sub(1), careless / 2.0)];
    let both = |(seen, chance): (usize, f64)| [(seen, chance * (1.0 - lenient)), (seen + 1, chance * lenient)];
    steps.into_iter().flat_map(both).map(|(seen, chance)| (seen.min(highest), chance)).collect()
}

/// The expected rating of an item whose true level is `level`.
pub(super) fn expected_rating(habit: (f64, f64), level: usize, scale: &[i64]) -> f64 {
    seen_levels(habit, level, scale.len() - 1).iter().map(|&(seen, chance)| chance * scale[seen] as f64).sum()
}

/// The rating of each level of a ladder, lowest first: the checklist's thresholds where it knows them all, so that a
/// question is yes exactly from its threshold on, else 1, 2, 3 and so on.
pub(super) fn scale(checklist: &Checklist, ladder: &[usize]) -> Vec<i64> {
    let thresholds: Option<Vec<i64>> =
        ladder.iter().rev().map(|&q| checklist.questions[q].threshold.map(|t| t as i64)).collect();
    match thresholds {
        Some(rising) if !rising.is_empty() => std::iter::once(rising[0] - 1).chain(rising).collect(),
        _ => (1..=ladder.len() as i64 + 1).collect(),
    }
}
