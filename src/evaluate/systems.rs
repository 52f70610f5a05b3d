//! The generators that made the items, as people and scorers order them.

use std::collections::BTreeMap;

use super::credits::{Credit, GroupRatio};
use super::intervals::{Bootstrap, enough, percentile_interval};
use super::margins::LabelledPairs;
use super::results::{SystemAgreement, SystemRanking, SystemScore};
use super::run::DimensionScores;
use crate::stats::kendall_tau_b;

/// Name of the human order among the scorers.
pub const PEOPLE: &str = "people";

/// Fewest systems whose order means anything.
const FEWEST_SYSTEMS: usize = 3;

/// Win shares of the values of `attribute` by people and by every scorer, and how well the orders agree. `None` where
/// fewer than three values meet in pairs.
pub fn system_ranking(found: &DimensionScores, attribute: &str, draws: usize, seed: u64) -> Option<SystemRanking> {
    let labels = &found.labels;
    let duels = duels(found, attribute)?;
    let systems: Vec<&str> = names(&duels);
    if systems.len() < FEWEST_SYSTEMS {
        return None;
    }
    let prompts: std::collections::BTreeSet<u32> = duels.iter().map(|d| labels.group[d.at]).collect();
    let bootstrap = Bootstrap { groups: labels.groups, draws, seed };
    let people = |d: &Duel| Some(f64::from(labels.human[d.at]));
    let all = shares(&duels, &systems, labels, people, &people, bootstrap);
    let order = best_first(&all.values);
    let mut ranking = SystemRanking {
        dimension: found.dimension.clone(),
        attribute: attribute.to_owned(),
        pairs: duels.len(),
        prompts: prompts.len(),
        scores: all.scores(PEOPLE, &systems, &order),
        agreement: Vec::new(),
    };
    for scored in &found.scored {
        let margin = |d: &Duel| scored.margins[d.at].map(|m| if m == 0.0 { 0.0 } else { m.signum() });
        let own = shares(&duels, &systems, labels, margin, &margin, bootstrap);
        let human = shares(&duels, &systems, labels, people, &margin, bootstrap);
        ranking.scores.extend(own.scores(&scored.scorer, &systems, &order));
        ranking.agreement.push(agreement(&scored.scorer, &own, &human, prompts.len()));
    }
    Some(ranking)
}

/// A pair of two different systems.
struct Duel<'a> {
    at: usize,
    systems: [&'a str; 2],
}

fn duels<'a>(found: &'a DimensionScores, attribute: &str) -> Option<Vec<Duel<'a>>> {
    let sides = found.facts.sides(attribute, &found.labels)?;
    let duel = |(at, [a, b]): (usize, [Option<&'a str>; 2])| {
        let systems = [a?, b?];
        (systems[0] != systems[1]).then_some(Duel { at, systems })
    };
    Some(sides.into_iter().enumerate().filter_map(duel).collect())
}

fn names<'a>(duels: &[Duel<'a>]) -> Vec<&'a str> {
    let mut names: Vec<&str> = duels.iter().flat_map(|d| d.systems).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Win shares of the systems that meet under one scorer.
struct Shares {
    /// NaN for a system without a pair.
    values: Vec<f64>,
    draws: Vec<Vec<f64>>,
    n: Vec<usize>,
    groups: Vec<usize>,
    pairs: usize,
}

/// `outcome` is +1, 0 or −1 for the first system; pairs without a `mask` value are left out.
fn shares<'a>(
    duels: &[Duel<'a>],
    systems: &[&str],
    labels: &LabelledPairs,
    outcome: impl Fn(&Duel<'a>) -> Option<f64>,
    mask: &dyn Fn(&Duel<'a>) -> Option<f64>,
    bootstrap: Bootstrap,
) -> Shares {
    let place: BTreeMap<&str, usize> = systems.iter().enumerate().map(|(at, name)| (*name, at)).collect();
    let mut credits: Vec<Vec<Credit>> = vec![Vec::new(); systems.len()];
    let mut pairs = 0;
    for duel in duels {
        let (Some(outcome), Some(_)) = (outcome(duel), mask(duel)) else { continue };
        pairs += 1;
        for (system, sign) in duel.systems.iter().zip([1.0, -1.0]) {
            let credit = Credit { group: labels.group[duel.at], key: 0, value: 0.5 + 0.5 * sign * outcome };
            credits[place[system]].push(credit);
        }
    }
    let mean = |c: &Vec<Credit>| c.iter().map(|c| c.value).sum::<f64>() / c.len() as f64;
    let groups = |c: &Vec<Credit>| c.iter().map(|c| c.group).collect::<std::collections::BTreeSet<_>>().len();
    let ratios: Vec<GroupRatio> = credits.iter().map(|c| GroupRatio::new(c)).collect();
    Shares {
        values: credits.iter().map(mean).collect(),
        draws: bootstrap.ratios(&ratios),
        n: credits.iter().map(Vec::len).collect(),
        groups: credits.iter().map(groups).collect(),
        pairs,
    }
}

impl Shares {
    fn scores(&self, scorer: &str, systems: &[&str], order: &[usize]) -> Vec<SystemScore> {
        let met = order.iter().copied().filter(|&s| self.n[s] > 0);
        met.map(|s| {
            let interval = Some(s)
                .filter(|&s| enough(self.n[s], self.groups[s]))
                .and_then(|s| percentile_interval(&self.draws[s]));
            SystemScore {
                system: systems[s].to_owned(),
                scorer: scorer.to_owned(),
                value: self.values[s],
                low: interval.map(|i| i.low),
                high: interval.map(|i| i.high),
                rank: 1 + self.values.iter().filter(|v| **v > self.values[s]).count(),
                n: self.n[s],
            }
        })
        .collect()
    }
}

fn agreement(scorer: &str, own: &Shares, human: &Shares, prompts: usize) -> SystemAgreement {
    let met: Vec<usize> = (0..own.n.len()).filter(|&s| own.n[s] > 0).collect();
    let tau = |own: &dyn Fn(usize) -> f64, human: &dyn Fn(usize) -> f64| {
        let (x, y): (Vec<f64>, Vec<f64>) =
            met.iter().map(|&s| (own(s), human(s))).filter(|(x, y)| !x.is_nan() && !y.is_nan()).unzip();
        if x.len() < FEWEST_SYSTEMS { None } else { kendall_tau_b(&x, &y) }
    };
    let kendall = tau(&|s| own.values[s], &|s| human.values[s]);
    let count = own.draws.first().map_or(0, Vec::len);
    let draws: Vec<f64> =
        (0..count).map(|d| tau(&|s| own.draws[s][d], &|s| human.draws[s][d]).unwrap_or(f64::NAN)).collect();
    let interval = kendall.filter(|_| enough(own.pairs, prompts)).and_then(|_| percentile_interval(&draws));
    let reason = match kendall {
        None if met.len() < FEWEST_SYSTEMS => Some(format!("fewer than {FEWEST_SYSTEMS} systems are covered")),
        None => Some("it gives all systems the same share".to_owned()),
        Some(_) if interval.is_none() && count > 0 => Some("not enough data for an interval".to_owned()),
        Some(_) => None,
    };
    SystemAgreement {
        scorer: scorer.to_owned(),
        kendall,
        low: interval.map(|i| i.low),
        high: interval.map(|i| i.high),
        systems: met.len(),
        n: own.pairs,
        reason,
    }
}

fn best_first(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&i, &j| values[j].total_cmp(&values[i]).then(i.cmp(&j)));
    order
}
