//! Made input for the other half of the kinds.

use crate::plot::agreement::{Agreed, Agreement};
use crate::plot::annotators::{Annotator, Annotators};
use crate::plot::correlation::Correlation;
use crate::plot::head_diff::{Change, HeadDiff};
use crate::plot::reliability::{Bin, Reliability};
use crate::plot::stability::{Kept, Stability};
use crate::plot::staircase::{Ladder, StairStep, Staircase};
use crate::plot::systems::{System, Systems};
use crate::plot::unseen::{Kept as Held, Unseen};
use crate::plot::{Chart, Tone};

use super::samples::{label, r};

/// One chart of each over `n` questions and `dims` dimensions.
pub(super) fn more(n: usize, dims: usize) -> Vec<Chart> {
    let g = |i: usize| Some(format!("dimension {}", i * dims / n.max(1)));
    let w = |i: usize| if r(i) < 0.45 { 0.0 } else { (r(i + 1000) - 0.25) * 1.2 };
    let sim = true;
    vec![
        Chart::Staircase(Staircase {
            id: "staircase".into(),
            simulated: sim,
            rest: 0,
            ladders: (0..dims.min(6))
                .map(|l| {
                    let k = 2 + l % 5;
                    Ladder {
                        name: format!("ladder {l}: hands and feet"),
                        rungs: (0..k).map(label).collect(),
                        steps: (0..=k)
                            .map(|c| StairStep {
                                items: 37 * (c + 1) * (l + 1),
                                yes: (0..k)
                                    .map(|q| {
                                        if q < c {
                                            1.0 - 0.25 * r(c * 7 + q + l) * (c < k) as u8 as f64
                                        } else {
                                            0.25 * r(c * 7 + q + l) * (c > 0) as u8 as f64
                                        }
                                    })
                                    .collect(),
                            })
                            .collect(),
                        broken: Some(0.02 + 0.1 * r(l)),
                    }
                })
                .collect(),
        }),
        Chart::Correlation(Correlation {
            id: "correlation".into(),
            simulated: sim,
            n: 2799,
            n_of: "items".into(),
            labels: (0..n).map(label).collect(),
            matrix: (0..n)
                .map(|i| {
                    (0..n)
                        .map(|j| {
                            Some(if i == j {
                                1.0
                            } else if i % 5 == j % 5 {
                                0.4 + 0.5 * r(i.min(j) * 131 + i.max(j))
                            } else {
                                r(i.min(j) * 131 + i.max(j)) * 0.5 - 0.25
                            })
                        })
                        .collect()
                })
                .collect(),
        }),
        Chart::Reliability(Reliability {
            id: "reliability".into(),
            simulated: sim,
            dimension: "overall".into(),
            error: Some(0.041),
            slope: Some(0.82),
            bins: (0..10)
                .map(|i| {
                    let p = 0.05 + 0.1 * i as f64;
                    let o = 0.5 + (p - 0.5) * 0.8;
                    Bin {
                        predicted: p,
                        observed: o,
                        interval: Some((o - 0.05, o + 0.05)),
                        pairs: 40 + 30 * (5 - (i - 5_i32).abs()) as usize,
                    }
                })
                .collect(),
        }),
        Chart::Annotators(Annotators {
            id: "annotators".into(),
            simulated: sim,
            dimension: "quality".into(),
            severity_unit: "scale points against the others on the same items".into(),
            agreement_unit: "correlation with the mean of the others".into(),
            rows: (0..n.min(20))
                .map(|i| Annotator {
                    name: format!("annotator-{i:02}"),
                    severity: Some(r(i) - 0.5),
                    severity_interval: Some((r(i) - 0.6, r(i) - 0.4)),
                    agreement: Some(0.3 + 0.5 * r(i + 11)),
                    agreement_interval: Some((0.25 + 0.5 * r(i + 11), 0.35 + 0.5 * r(i + 11))),
                    n: 300 + i,
                    tone: if i == 2 { Tone::Bad } else { Tone::Fine },
                })
                .collect(),
        }),
        Chart::Stability(Stability {
            id: "stability".into(),
            simulated: sim,
            head: "overall".into(),
            rows: (0..n)
                .map(|i| Kept {
                    label: label(i),
                    group: g(i),
                    share: if w(i) == 0.0 { r(i + 5) * 0.3 } else { 0.5 + 0.5 * r(i + 5) },
                    weight: w(i),
                })
                .collect(),
        }),
        Chart::HeadDiff(HeadDiff {
            id: "head-diff".into(),
            simulated: sim,
            head: "overall".into(),
            old: "heads-round-2.json".into(),
            new: "heads-round-3.json".into(),
            unit: "log-odds per coded answer".into(),
            rows: (0..n)
                .map(|i| Change {
                    label: label(i),
                    old: Some(w(i)),
                    new: Some(if i % 4 == 0 { w(i) } else { w(i + 300) }),
                    interval: Some((w(i + 300) - 0.2, w(i + 300) + 0.2)),
                })
                .collect(),
        }),
        Chart::Systems(Systems {
            id: "systems".into(),
            simulated: sim,
            dimension: "overall".into(),
            attribute: "generator".into(),
            rows: (0..n.min(20))
                .map(|i| System {
                    name: format!("generator {i}"),
                    people: Some(0.2 + 0.6 * r(i)),
                    people_interval: Some((0.15 + 0.6 * r(i), 0.25 + 0.6 * r(i))),
                    head: Some(0.15 + 0.65 * r(i)),
                    pairs: 400 + i,
                })
                .collect(),
            agreement: Some(0.86),
            agreement_interval: Some((0.7, 0.97)),
        }),
        Chart::Agreement(Agreement {
            id: "agreement".into(),
            simulated: sim,
            dimension: "overall".into(),
            statistic: "Kendall's tau-b".into(),
            of: "item scores with mean ratings".into(),
            rows: (0..dims.max(2) * 2)
                .map(|i| Agreed {
                    scorer: if i % dims.max(2) == 0 { "head".into() } else { format!("scorer {}", i % dims.max(2)) },
                    group: Some(if i < dims.max(2) { "all items" } else { "within prompts" }.into()),
                    value: Some(0.5 - 0.3 * r(i)),
                    interval: Some((0.45 - 0.3 * r(i), 0.55 - 0.3 * r(i))),
                    n: 900,
                })
                .collect(),
        }),
        Chart::Unseen(Unseen {
            id: "unseen".into(),
            simulated: sim,
            attribute: "generator".into(),
            measure: "diff-half accuracy".into(),
            rows: (0..dims)
                .map(|i| {
                    let d = 0.04 * (r(i + 3) - 0.7);
                    Held {
                        dimension: format!("dimension {i}"),
                        unseen: Some(0.7 + d),
                        unseen_interval: Some((0.66 + d, 0.74 + d)),
                        seen: Some(0.7),
                        difference: Some(d),
                        difference_interval: Some((d - 0.015, d + 0.015)),
                        pairs: 800,
                    }
                })
                .collect(),
        }),
    ]
}
