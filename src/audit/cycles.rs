//! Cycles of preferences: a over b, b over c, c over a; against the number that independent votes of a fit would give.

use std::collections::BTreeMap;

use super::{Area, AuditInput, Band, Estimate, Finding, Outcome, Side};
use crate::Result;
use crate::dataset::Dataset;

/// Share of cyclic triples minus the share that the fit predicts.
const EXCESS: Band = Band { null: 0.0, look: 0.05, bad: 0.1, side: Side::Above };
/// Share of cyclic triples where nothing predicts them; coin tosses give a quarter, people who choose with the usual noise between
/// items of one prompt up to 16 % (the demo).
const PLAIN: Band = Band { null: 0.0, look: 0.18, bad: 0.23, side: Side::Above };
/// Prompts with more decided items than this are cut to the first ones: triples grow with the third power.
const MOST_ITEMS: usize = 60;

/// The preference between two items, by (smaller, larger) item index: sign for the smaller one.
type Duels = BTreeMap<(usize, usize), i8>;

/// The check: every three items of a prompt whose three pairs are decided.
///
/// The fit's prediction is p = σ(score difference) of the heads that were given, with ties left out of both.
///
/// # Errors
/// Those of scoring with a head that does not fit the features.
pub fn run(input: &AuditInput) -> Result<Outcome> {
    let ds = input.ds;
    if ds.pairs.is_empty() || ds.pairs_derived {
        let reason = if ds.pairs_derived {
            "the pairs were derived from mean ratings, which cannot run in a circle"
        } else {
            "there are no pairs"
        };
        return Ok(Outcome::not_applicable(reason));
    }
    let mut outcome = Outcome::default();
    for (d, name) in input.dimensions() {
        let (triples, cut) = triples(ds, d);
        if cut > 0 {
            let reason = format!(
                "of {cut} prompts with more than {MOST_ITEMS} decided items the first {MOST_ITEMS} are looked at"
            );
            outcome.not_run.push((format!("{name}: large prompts"), reason));
        }
        if triples.is_empty() {
            outcome
                .not_run
                .push((name.to_owned(), "no three items of a prompt have all three pairs decided".to_owned()));
            continue;
        }
        let cyclic = triples.iter().filter(|triple| triple.cyclic).count();
        let scores = match (input.heads, input.features) {
            (Some(file), Some(features)) => match file.heads.iter().find(|head| head.dimension == name) {
                Some(head) => Some(head.score(features)?),
                None => None,
            },
            _ => None,
        };
        let (values, clusters): (Vec<f64>, Vec<usize>) = (triples.iter())
            .filter_map(|triple| {
                let expected = match &scores {
                    Some(scores) => predicted(triple, scores)?,
                    None => 0.0,
                };
                Some((f64::from(u8::from(triple.cyclic)) - expected, triple.cluster))
            })
            .unzip();
        let finding = Finding::of(Area::Annotators, "cycles", Some(name), "triples of items");
        let Some(found) = Estimate::mean(&values, &clusters, 0.0) else {
            outcome.findings.push(finding.undefined("no triple has three items that the head scores"));
            continue;
        };
        let count = format!("{name}: {cyclic} of {} triples of decided pairs run in a circle", triples.len());
        let remedy = "Preferences that run in a circle follow no score: look at who labelled these prompts, or at what was asked.";
        outcome.findings.push(match scores {
            Some(_) => {
                let message = format!("{count}, {:+.2} points against what the head predicts.", 100.0 * found.value);
                finding.saying(message, remedy).measured(&found, "share", "triples", EXCESS)
            }
            None => {
                let message = format!("{count} (coin tosses: 25 %; without --head there is no prediction).");
                let found = Estimate { p: None, ..found };
                finding.saying(message, remedy).measured(&found, "share", "triples", PLAIN)
            }
        });
    }
    Ok(outcome)
}

/// Three items whose pairs are all decided.
struct Triple {
    items: [usize; 3],
    cluster: usize,
    cyclic: bool,
}

/// The triples, and how many prompts were cut to their first items.
fn triples(ds: &Dataset, dimension: usize) -> (Vec<Triple>, usize) {
    let mut duels = Duels::new();
    let mut prompts: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for pair in ds.pairs.iter().filter(|pair| pair.dimension == dimension) {
        let sign = pair.votes.plurality();
        if sign != 0 {
            let key = (pair.a.min(pair.b), pair.a.max(pair.b));
            duels.insert(key, if pair.a < pair.b { sign } else { -sign });
            prompts.entry(ds.items.prompt[pair.a]).or_default().extend([pair.a, pair.b]);
        }
    }
    let mut triples = Vec::new();
    let mut cut = 0;
    for (&prompt, items) in &mut prompts {
        items.sort_unstable();
        items.dedup();
        cut += usize::from(items.len() > MOST_ITEMS);
        items.truncate(MOST_ITEMS);
        for (i, &a) in items.iter().enumerate() {
            for (j, &b) in items.iter().enumerate().skip(i + 1) {
                let Some(&ab) = duels.get(&(a, b)) else { continue };
                for &c in &items[j + 1..] {
                    if let (Some(&bc), Some(&ac)) = (duels.get(&(b, c)), duels.get(&(a, c))) {
                        let cluster = ds.items.prompt_group[prompt];
                        triples.push(Triple { items: [a, b, c], cluster, cyclic: ab == bc && ac == -ab });
                    }
                }
            }
        }
    }
    (triples, cut)
}

/// P(cycle) of independent Bradley–Terry votes: p_ab p_bc p_ca + p_ba p_cb p_ac.
fn predicted(triple: &Triple, scores: &[Option<f64>]) -> Option<f64> {
    let [a, b, c] = triple.items;
    let p = |x: usize, y: usize| Some(1.0 / (1.0 + (scores[y]? - scores[x]?).exp()));
    let (ab, bc, ca) = (p(a, b)?, p(b, c)?, p(c, a)?);
    Some(ab * bc * ca + (1.0 - ab) * (1.0 - bc) * (1.0 - ca))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::testing::Tiny;

    #[test]
    fn circles_are_counted_whatever_the_order_of_the_items() {
        let tiny = Tiny::new().item("x", "p").item("y", "p").item("z", "p").item("w", "p");
        let ds = tiny
            .pair("d", "y", "x", 'b')
            .pair("d", "y", "z", 'a')
            .pair("d", "z", "x", 'a')
            .pair("d", "x", "w", 'a')
            .pair("d", "w", "y", 'b')
            .build();
        // x > y > z > x is a circle; x > w, y > w with x > y is none.
        let (found, cut) = triples(&ds, 0);
        assert_eq!(cut, 0);
        assert_eq!(found.len(), 2);
        assert_eq!(found.iter().filter(|t| t.cyclic).count(), 1);
        let equal = vec![Some(0.0); 4];
        assert!((predicted(&found[0], &equal).unwrap() - 0.25).abs() < 1e-12);
        let apart = vec![Some(9.0), Some(0.0), Some(-9.0), None];
        assert!(predicted(&found[0], &apart).is_none_or(|p| p < 0.01));
    }
}
