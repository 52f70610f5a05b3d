//! Agreement of annotators: Krippendorff's alpha, Gwet's AC1 and AC2, percent agreement; and the check that reports them.
//!
//! Krippendorff (2011), definitions §3.10: α = 1 − D_o/D_e over the units with at least two labels. The ordinal metric is
//! the interval metric on mid-ranks, since Σ_{g=c..k} n_g − (n_c + n_k)/2 is the difference of the mid-ranks of c and k.
//! Gwet (2008): (p_a − p_e)/(1 − p_e) with p_e = T_w/(q(q−1)) Σ π_k(1 − π_k).

use std::collections::BTreeMap;

use rand::RngExt;
use rayon::prelude::*;

use super::panel::{Of, Panel};
use super::tables::{AgreementRow, Measure};
use super::{Area, AuditInput, Band, Finding, Outcome, Side};
use crate::evaluate::intervals::{FEWEST_GROUPS, percentile_interval};
use crate::{Result, rng};

/// Number of coefficients in [`Sums::coefficients`].
pub const COEFFICIENTS: usize = 6;

/// What the units of one cluster (prompt) add to the coefficients.
#[derive(Debug, Clone, Default)]
struct Part {
    /// Labels of each level in units with at least two labels.
    counts: Vec<(usize, f64)>,
    /// Coincidences o_ck, c < k, by number of the level pair.
    coincidences: Vec<(usize, f64)>,
    /// Σ over units of the share of each level.
    shares: Vec<(usize, f64)>,
    /// Units with a label.
    units: f64,
    /// Units with at least two labels.
    shared: f64,
    /// Σ over shared units of the agreeing share of label pairs, plain and with quadratic weights.
    agreeing: [f64; 2],
}

/// The sums behind all coefficients, by cluster.
#[derive(Debug, Clone)]
pub struct Sums {
    levels: Vec<f64>,
    /// The level pairs that occur together in a unit.
    level_pairs: Vec<(usize, usize)>,
    parts: Vec<Part>,
}

impl Sums {
    /// The sums of a panel.
    pub fn new(panel: &Panel) -> Self {
        let span = panel.levels.last().copied().unwrap_or(0.0) - panel.levels.first().copied().unwrap_or(0.0);
        let weight = |c: usize, k: usize| {
            if span > 0.0 { 1.0 - ((panel.value(c) - panel.value(k)) / span).powi(2) } else { 1.0 }
        };
        let mut number: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        let mut level_pairs = Vec::new();
        let mut clusters: BTreeMap<usize, [BTreeMap<usize, f64>; 3]> = BTreeMap::new();
        let mut parts: BTreeMap<usize, Part> = BTreeMap::new();
        for unit in &panel.units {
            let part = parts.entry(unit.cluster).or_default();
            let [counts, coincidences, shares] = clusters.entry(unit.cluster).or_default();
            let m = unit.labels.len() as f64;
            part.units += 1.0;
            for &(_, level) in &unit.labels {
                *shares.entry(level).or_default() += 1.0 / m;
            }
            if unit.labels.len() < 2 {
                continue;
            }
            part.shared += 1.0;
            let (mut equal, mut weighted) = (0.0, 0.0);
            for (i, &(_, c)) in unit.labels.iter().enumerate() {
                *counts.entry(c).or_default() += 1.0;
                for &(_, k) in &unit.labels[i + 1..] {
                    equal += f64::from(u8::from(c == k));
                    weighted += weight(c, k);
                    if c != k {
                        let key = (c.min(k), c.max(k));
                        let id = *number.entry(key).or_insert_with(|| {
                            level_pairs.push(key);
                            level_pairs.len() - 1
                        });
                        *coincidences.entry(id).or_default() += 1.0 / (m - 1.0);
                    }
                }
            }
            let label_pairs = m * (m - 1.0) / 2.0;
            part.agreeing[0] += equal / label_pairs;
            part.agreeing[1] += weighted / label_pairs;
        }
        for (cluster, [counts, coincidences, shares]) in clusters {
            let part = parts.entry(cluster).or_default();
            part.counts = counts.into_iter().collect();
            part.coincidences = coincidences.into_iter().collect();
            part.shares = shares.into_iter().collect();
        }
        Self { levels: panel.levels.clone(), level_pairs, parts: parts.into_values().collect() }
    }

    /// Alpha nominal, ordinal and interval, AC1, AC2 and the agreeing share, where cluster i counts `times[i]` times; NaN
    /// where undefined.
    pub fn coefficients(&self, times: &[f64]) -> [f64; COEFFICIENTS] {
        let k = self.levels.len();
        let (mut counts, mut shares) = (vec![0.0; k], vec![0.0; k]);
        let mut together = vec![0.0; self.level_pairs.len()];
        let (mut units, mut shared, mut agreeing) = (0.0, 0.0, [0.0; 2]);
        for (part, &times) in self.parts.iter().zip(times).filter(|(_, times)| **times > 0.0) {
            part.counts.iter().for_each(|&(c, n)| counts[c] += times * n);
            part.shares.iter().for_each(|&(c, n)| shares[c] += times * n);
            part.coincidences.iter().for_each(|&(pair, n)| together[pair] += times * n);
            units += times * part.units;
            shared += times * part.shared;
            agreeing.iter_mut().zip(part.agreeing).for_each(|(sum, a)| *sum += times * a);
        }
        let agreeing = agreeing.map(|sum| sum / shared);
        let [ac1, ac2] = self.gwet(&shares, units, agreeing);
        [
            self.alpha(&counts, &together, None),
            self.alpha(&counts, &together, Some(&mid_ranks(&counts))),
            self.alpha(&counts, &together, Some(&self.levels)),
            ac1,
            ac2,
            agreeing[0],
        ]
    }

    /// α with squared distances of `scale`, or nominal; NaN where only one value was used.
    fn alpha(&self, counts: &[f64], together: &[f64], scale: Option<&[f64]>) -> f64 {
        let n: f64 = counts.iter().sum();
        let distance = |c: usize, k: usize| scale.map_or(1.0, |scale| (scale[c] - scale[k]).powi(2));
        let observed: f64 =
            self.level_pairs.iter().zip(together).map(|(&(c, k), together)| 2.0 * together * distance(c, k)).sum();
        // Σ_c Σ_k n_c n_k δ² in one pass: 2 (n Σ n_c x² − (Σ n_c x)²), with x about its mean against cancellation.
        let expected = match scale {
            None => n * n - counts.iter().map(|c| c * c).sum::<f64>(),
            Some(scale) => {
                let mean = scale.iter().zip(counts).map(|(x, c)| x * c).sum::<f64>() / n;
                2.0 * n * scale.iter().zip(counts).map(|(x, c)| c * (x - mean).powi(2)).sum::<f64>()
            }
        };
        let used = counts.iter().filter(|c| **c > 0.0).count();
        if used < 2 { f64::NAN } else { 1.0 - (observed / n) / (expected / (n * (n - 1.0))) }
    }

    /// AC1 and AC2 (quadratic weights).
    fn gwet(&self, shares: &[f64], units: f64, agreeing: [f64; 2]) -> [f64; 2] {
        let q = self.levels.len() as f64;
        if self.levels.len() < 2 || units == 0.0 {
            return [f64::NAN; 2];
        }
        let spread: f64 = shares.iter().map(|s| s / units).map(|pi| pi * (1.0 - pi)).sum();
        let span = self.levels[self.levels.len() - 1] - self.levels[0];
        // T_w = Σ_kl w_kl; the diagonal alone for plain agreement.
        let (sum, squares) = self.levels.iter().fold((0.0, 0.0), |(s, t), x| (s + x / span, t + (x / span).powi(2)));
        let totals = [q, q * q - 2.0 * (q * squares - sum * sum)];
        let mut out = [0.0; 2];
        for i in 0..2 {
            let chance = totals[i] / (q * (q - 1.0)) * spread;
            out[i] = (agreeing[i] - chance) / (1.0 - chance);
        }
        out
    }

    /// Number of clusters.
    pub fn clusters(&self) -> usize {
        self.parts.len()
    }

    /// The coefficients with percentile intervals from `draws` resamples of clusters.
    pub fn measures(&self, draws: usize, seed: u64) -> [Measure; COEFFICIENTS] {
        let clusters = self.clusters();
        let values = self.coefficients(&vec![1.0; clusters]);
        let resampled: Vec<[f64; COEFFICIENTS]> = if clusters < FEWEST_GROUPS {
            Vec::new()
        } else {
            (0..draws).into_par_iter().map(|draw| self.coefficients(&resample(clusters, seed, draw))).collect()
        };
        std::array::from_fn(|i| {
            if values[i].is_nan() {
                return Measure::undefined(self.why_undefined());
            }
            let draws: Vec<f64> = resampled.iter().map(|draw| draw[i]).collect();
            let interval = percentile_interval(&draws).map(|found| (found.low, found.high));
            let reason = (clusters < FEWEST_GROUPS).then(|| format!("no interval: only {clusters} prompts"));
            Measure { reason, ..Measure::new(values[i], interval) }
        })
    }

    fn why_undefined(&self) -> String {
        if self.parts.iter().all(|part| part.shared == 0.0) {
            "undefined: no unit has labels of two annotators".to_owned()
        } else {
            "undefined: every label has the same value, so chance agreement is complete".to_owned()
        }
    }
}

/// How often each cluster falls into a draw.
fn resample(clusters: usize, seed: u64, draw: usize) -> Vec<f64> {
    let mut stream = rng::stream(seed, "audit/agreement", draw as u64);
    let mut times = vec![0.0; clusters];
    for _ in 0..clusters {
        times[stream.random_range(0..clusters as u32) as usize] += 1.0;
    }
    times
}

/// Mid-rank of each level under these counts.
fn mid_ranks(counts: &[f64]) -> Vec<f64> {
    let mut below = 0.0;
    let rank = |count: &f64| {
        let middle = below + count / 2.0;
        below += count;
        middle
    };
    counts.iter().map(rank).collect()
}

/// Alpha from .8 on is taken as reliable, below .667 as not (Krippendorff 2004, ch. 11).
const RELIABLE: Band = Band { null: 0.8, look: 0.133, bad: 0.467, side: Side::Below };

/// The check: one row per panel, and a finding on its ordinal alpha.
///
/// # Errors
/// None.
pub fn run(input: &AuditInput) -> Result<Outcome> {
    let panels = Panel::all(input);
    if panels.is_empty() {
        return Ok(Outcome::not_applicable("there are neither ratings nor votes of named annotators"));
    }
    let mut outcome = Outcome::default();
    for panel in &panels {
        let row = row(panel, input);
        outcome.findings.push(finding(&row, panel));
        outcome.agreement.push(row);
    }
    Ok(outcome)
}

fn row(panel: &Panel, input: &AuditInput) -> AgreementRow {
    let [alpha_nominal, alpha_ordinal, alpha_interval, ac1, ac2, agreement] =
        Sums::new(panel).measures(input.options.draws, input.options.seed);
    let mut counts = vec![0usize; panel.levels.len()];
    panel.units.iter().flat_map(|unit| &unit.labels).for_each(|&(_, level)| counts[level] += 1);
    let all: usize = counts.iter().sum();
    let (level, most) = counts.iter().enumerate().rev().max_by_key(|(_, n)| **n).unwrap_or((0, &0));
    AgreementRow {
        dimension: panel.dimension.clone(),
        of: panel.of.word().to_owned(),
        units: panel.shared().count(),
        labels: panel.shared().map(|unit| unit.labels.len()).sum(),
        annotators: panel.annotators.len(),
        persistent: panel.persistent,
        alpha_nominal,
        alpha_ordinal,
        alpha_interval,
        ac1,
        ac2,
        agreement,
        prevalence: *most as f64 / all.max(1) as f64,
        commonest: level_name(panel, level),
    }
}

/// The name of a level, for people.
pub fn level_name(panel: &Panel, level: usize) -> String {
    match (panel.of, panel.levels.get(level)) {
        (_, None) => String::new(),
        (Of::Ratings, Some(value)) => value.to_string(),
        (Of::Votes, Some(value)) if *value > 0.0 => "a".to_owned(),
        (Of::Votes, Some(value)) if *value < 0.0 => "b".to_owned(),
        (Of::Votes, Some(_)) => "tie".to_owned(),
    }
}

fn finding(row: &AgreementRow, panel: &Panel) -> Finding {
    let subject =
        format!("{} {}", panel.annotators.len(), if panel.persistent == Some(false) { "slots" } else { "annotators" });
    let finding = Finding::of(Area::Annotators, "agreement", Some(&row.dimension), subject);
    let alpha = &row.alpha_ordinal;
    let Some(value) = alpha.value else {
        let reason = alpha.reason.clone().unwrap_or_default();
        return finding.undefined(reason.clone()).saying(format!("{}: agreement is {reason}.", row.dimension), "");
    };
    let number = |m: &Measure| m.value.map_or_else(|| "undefined".to_owned(), |v| format!("{v:.3}"));
    let message = format!(
        "{}: Krippendorff's alpha (ordinal) of the {} is {value:.3}; Gwet's AC2 {}, agreement {}, {:.0} % are \"{}\".",
        row.dimension,
        row.of,
        number(&row.ac2),
        number(&row.agreement),
        100.0 * row.prevalence,
        row.commonest
    );
    let remedy = "Average several annotators per item, sharpen the guideline, and read differences between heads on this \
                  dimension against the human ceiling.";
    let mut finding = finding.saying(message, remedy);
    (finding.estimate, finding.low, finding.high) = (Some(value), alpha.low, alpha.high);
    (finding.unit, finding.band) = ("alpha".to_owned(), Some(RELIABLE));
    (finding.n, finding.n_of) = (row.units, if panel.of == Of::Ratings { "items" } else { "pairs" }.to_owned());
    match (alpha.low, alpha.high) {
        (Some(low), Some(high)) => finding.verdict = RELIABLE.verdict(value, low, high),
        _ => finding.reason = alpha.reason.clone().or_else(|| Some("no interval: no bootstrap draws".to_owned())),
    }
    finding
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panel(units: &[&[f64]]) -> Panel {
        let names = ["A", "B", "C", "D"];
        let rows = units.iter().enumerate().flat_map(|(u, values)| {
            values.iter().enumerate().filter(|(_, v)| !v.is_nan()).map(move |(a, &v)| (u, u, names[a], v))
        });
        Panel::new("d", Of::Ratings, None, rows)
    }

    fn coefficients(panel: &Panel) -> [f64; COEFFICIENTS] {
        let sums = Sums::new(panel);
        sums.coefficients(&vec![1.0; sums.clusters()])
    }

    fn krippendorff() -> Panel {
        let coders = ["123321412...", "1233224125.3", ".3332342251.", "12332441251."];
        let cell = |c: char| c.to_digit(10).map_or(f64::NAN, f64::from);
        let coders: Vec<Vec<f64>> = coders.iter().map(|row| row.chars().map(cell).collect()).collect();
        let units: Vec<Vec<f64>> = (0..12).map(|u| coders.iter().map(|row| row[u]).collect()).collect();
        panel(&units.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} ≠ {expected}");
    }

    #[test]
    fn the_vectors_of_the_definitions() {
        let [nominal, ordinal, interval, ac1, ..] = coefficients(&krippendorff());
        near(nominal, 113.0 / 152.0);
        near(ordinal, 108_577.0 / 133_160.0);
        near(interval, 951.0 / 1120.0);
        // Gwet's AC1 of the same table, as published with the irrCAC package (cac.raw4raters): .77544.
        assert!((ac1 - 0.77544).abs() < 5e-6, "{ac1}");
        let six: [&[f64]; 6] = [&[2.0, 2.0], &[2.0, 1.0], &[-1.0, -1.0], &[-1.0, 2.0], &[0.0, 1.0], &[1.0, 1.0]];
        let [nominal, ordinal, interval, ..] = coefficients(&panel(&six));
        near(nominal, 6.0 / 17.0);
        near(ordinal, 355.0 / 1048.0);
        near(interval, 74.0 / 195.0);
    }

    #[test]
    fn high_agreement_with_one_prevalent_value() {
        let mut units: Vec<&[f64]> = vec![&[0.0, 0.0]; 9];
        units.push(&[0.0, 1.0]);
        let [nominal, ordinal, interval, ac1, _, agreement] = coefficients(&panel(&units));
        near(nominal, 0.0);
        near(ordinal, 0.0);
        near(interval, 0.0);
        near(agreement, 0.9);
        // By hand: π = .95/.05, p_e = 2·.95·.05 = .095, (.9 − .095)/.905.
        near(ac1, 0.805 / 0.905);
    }

    #[test]
    fn one_value_or_one_annotator_is_undefined_with_a_reason() {
        let same = Sums::new(&panel(&[&[1.0, 1.0], &[1.0, 1.0]])).measures(10, 1);
        assert_eq!(same[0].value, None);
        assert!(same[0].reason.as_deref().unwrap().contains("same value"));
        let alone = Sums::new(&panel(&[&[1.0], &[2.0]])).measures(10, 1);
        assert!(alone.iter().take(3).all(|m| m.value.is_none()));
        assert!(alone[1].reason.as_deref().unwrap().contains("two annotators"));
    }

    #[test]
    fn ac2_equals_ac1_for_two_levels() {
        let units: [&[f64]; 4] = [&[0.0, 1.0], &[1.0, 1.0], &[0.0, 0.0], &[1.0, 1.0]];
        let [.., ac1, ac2, _] = coefficients(&panel(&units));
        near(ac1, ac2);
    }

    #[test]
    fn a_draw_equals_the_units_written_out() {
        let plain = krippendorff();
        let times = [2.0, 0.0, 1.0, 3.0, 1.0, 1.0, 0.0, 2.0, 1.0, 1.0, 0.0, 0.0];
        let mut written = plain.clone();
        written.units = (plain.units.iter().zip(times))
            .flat_map(|(unit, times)| std::iter::repeat_n(unit.clone(), times as usize))
            .enumerate()
            .map(|(index, unit)| super::super::panel::Unit { index, cluster: index, ..unit })
            .collect();
        let (fast, slow) = (Sums::new(&plain).coefficients(&times), coefficients(&written));
        fast.iter().zip(slow).for_each(|(fast, slow)| near(*fast, slow));
    }
}
