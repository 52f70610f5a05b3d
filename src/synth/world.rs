//! What is true of each item: its level on every ladder, from a common quality and chance.

use super::draw::Draw;
use super::plan::Setting;
use super::prompts::Item;

/// Ladders as question indices, hardest first.
pub(super) type Ladders = [Vec<usize>];

/// The true state of the items.
pub(super) struct World {
    /// [ladder][item]: the continuous state behind the level.
    pub latent: Vec<Vec<f64>>,
    /// [ladder][item]: number of the ladder's questions that are truly yes.
    pub levels: Vec<Vec<usize>>,
}

impl World {
    /// Draws the state of all items. `accuracy` is the judge's by question, as a share.
    pub fn new(seed: u64, items: &[Item], ladders: &Ladders, accuracy: &[f64], setting: Setting) -> Self {
        let quality = quality(seed, items, setting);
        let mut world = Self { latent: Vec::new(), levels: Vec::new() };
        for (l, ladder) in ladders.iter().enumerate() {
            let mut draw = Draw::new(seed, "latent", l);
            let (loading, hardest) = setting.ladder(l);
            let own = (1.0 - loading * loading).sqrt();
            let latent: Vec<f64> = quality.iter().map(|q| loading * q + own * draw.normal()).collect();
            let cuts = cuts(&latent, &shares(ladder, hardest, accuracy, setting));
            world.levels.push(latent.iter().map(|v| cuts.iter().filter(|&cut| v >= cut).count()).collect());
            world.latent.push(latent);
        }
        world
    }
}

/// Common quality of each item: prompt, generator and the item itself; variance about 1.
fn quality(seed: u64, items: &[Item], setting: Setting) -> Vec<f64> {
    items
        .iter()
        .enumerate()
        .map(|(i, item)| {
            let prompt = Draw::new(seed, "prompt-quality", item.prompt).normal();
            let own = Draw::new(seed, "item-quality", i).normal();
            0.5 * prompt + setting.generator_shift(item.generator) + 0.84 * own
        })
        .collect()
}

/// True yes shares along a ladder, hardest first; they never fall, as on any staircase.
fn shares(ladder: &[usize], hardest: f64, accuracy: &[f64], setting: Setting) -> Vec<f64> {
    let share = |(rank, &q): (usize, &usize)| setting.true_share(rank, ladder.len(), hardest, accuracy[q]);
    let mut shares: Vec<f64> = ladder.iter().enumerate().map(share).collect();
    for r in (1..shares.len()).rev() {
        // At least five points of a difference between neighbours, where there is room.
        shares[r - 1] = shares[r - 1].min((shares[r] - 0.05).max(shares[r] / 2.0));
    }
    shares
}

/// Cut-points so that the wanted share of `values` is at or above each.
fn cuts(values: &[f64], shares: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let below = ((1.0 - share) * sorted.len() as f64).round() as usize;
        sorted.get(below).copied().unwrap_or(f64::INFINITY)
    };
    shares.iter().map(|&share| at(share)).collect()
}
