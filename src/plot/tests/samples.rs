//! Made input for every kind of chart.

use crate::plot::contributions::{Contributions, Part};
use crate::plot::curve::{Against, Curve, Point, Series};
use crate::plot::forest::{Effect, Forest};
use crate::plot::groups::{Attribute, GroupAccuracy, Groups};
use crate::plot::judge_quality::{JudgeQuality, Judged};
use crate::plot::leaderboard::{Entry, Leaderboard, Panel, Standing};
use crate::plot::path::{Loss, Path, Trace};
use crate::plot::position::{FirstShare, Position};
use crate::plot::waterfall::{Step, Waterfall};
use crate::plot::weights::{Weight, Weights};
use crate::plot::yes_share::{Shift, YesShare};
use crate::plot::{Chart, Tone};

use super::more::more;

/// One chart of every kind over `n` questions and `dims` dimensions.
pub(super) fn charts(n: usize, dims: usize) -> Vec<Chart> {
    first(n, dims).into_iter().chain(more(n, dims)).collect()
}

/// A number in [0, 1) that depends on `i` alone.
pub(super) fn r(i: usize) -> f64 {
    let x = (i as u64 + 1).wrapping_mul(0x9E3779B97F4A7C15);
    let x = (x ^ (x >> 29)).wrapping_mul(0xBF58476D1CE4E5B9);
    ((x ^ (x >> 32)) >> 11) as f64 / (1u64 << 53) as f64
}
/// Questions in several scripts.
const Q: [&str; 12] = [
    "hands are right",
    "does not fully fail the prompt",
    "lighting has no obvious error",
    "faces look natural",
    "画面中的手是否自然，动作是否连贯",
    "هل الصورة واضحة؟",
    "no text artefacts anywhere in the frame",
    "movement obeys gravity",
    "composition is balanced",
    "क्या रंग स्वाभाविक हैं?",
    "safe for all audiences",
    "meets all",
];
pub(super) fn label(i: usize) -> String {
    if i < 12 { Q[i].into() } else { format!("question {} about {}", i, Q[i % 12]) }
}
/// One chart of half the kinds over `n` questions and `dims` dimensions.
fn first(n: usize, dims: usize) -> Vec<Chart> {
    let g = |i: usize| Some(format!("dimension {}", i * dims / n.max(1)));
    let w = |i: usize| if r(i) < 0.45 { 0.0 } else { (r(i + 1000) - 0.25) * 1.2 };
    let sim = true;
    vec![
        Chart::Weights(Weights {
            id: "weights".into(),
            head: "overall".into(),
            noun: ("question".into(), "questions".into()),
            unit: "log-odds per unit of the coded answer".into(),
            simulated: sim,
            pairs: 1000,
            rows: (0..n)
                .map(|i| Weight {
                    label: label(i),
                    group: g(i),
                    ladder: Some(format!("ladder {}", i / 3)),
                    weight: w(i),
                    interval: Some((w(i) - 0.2, w(i) + 0.25)),
                    marginal: Some(r(i + 7) - 0.4),
                })
                .collect(),
        }),
        Chart::Leaderboard(Leaderboard {
            id: "leaderboard".into(),
            measure: "diff-half accuracy".into(),
            simulated: sim,
            panels: (0..dims)
                .map(|d| Panel {
                    name: format!("dimension {d}"),
                    pairs: 800,
                    prompts: 330,
                    floors: vec![("chance".into(), 0.5), ("always tie".into(), 0.42)],
                    ceilings: vec![("people".into(), 0.86)],
                    entries: ["head", "mean", "vqascore", "videoscore", "clipscore"]
                        .iter()
                        .enumerate()
                        .map(|(k, s)| Entry {
                            scorer: s.to_string(),
                            value: Some(0.75 - 0.04 * k as f64 + 0.05 * r(d * 5 + k)),
                            interval: Some((0.71 - 0.04 * k as f64, 0.81 - 0.04 * k as f64)),
                            standing: [
                                Standing::Head,
                                Standing::Open,
                                Standing::Ahead,
                                Standing::Behind,
                                Standing::Behind,
                            ][k],
                        })
                        .collect(),
                })
                .collect(),
        }),
        Chart::Path(Path {
            id: "path".into(),
            simulated: sim,
            head: "overall".into(),
            chosen: 0.012,
            rule: "largest λ within one standard error of the smallest loss".into(),
            losses: (0..40)
                .map(|i| {
                    let l = 0.25 * 0.86f64.powi(i);
                    Loss {
                        lambda: l,
                        loss: 0.56 + 0.02 * (l.ln() + 5.2).powi(2) / 5.0,
                        se: 0.006,
                        nonzero: (i as usize * n / 40).min(n),
                    }
                })
                .collect(),
            traces: (0..n)
                .map(|i| Trace {
                    label: label(i),
                    points: (0..40)
                        .map(|k| {
                            let l = 0.25 * 0.86f64.powi(k);
                            let start = 0.2 * r(i + 50);
                            (l, if l < start { (start - l) * (r(i + 3) * 5.0 - 1.0) } else { 0.0 })
                        })
                        .collect(),
                })
                .collect(),
        }),
        Chart::Curve(Curve {
            id: "cost".into(),
            simulated: sim,
            against: Against::Questions,
            dimension: "overall".into(),
            measure: "diff-half accuracy".into(),
            floors: vec![("chance 50.0".into(), 0.5)],
            series: vec![Series {
                name: "best K".into(),
                points: [1usize, 2, 4, 8, 13, 16, 32, 64]
                    .iter()
                    .map(|&x| {
                        let v = 0.74 - 0.2 / (x as f64).powf(0.8);
                        Point {
                            x,
                            value: Some(v),
                            interval: Some((v - 0.03, v + 0.03)),
                            mark: if x == 13 { "chosen".into() } else { String::new() },
                        }
                    })
                    .collect(),
            }],
        }),
        Chart::Curve(Curve {
            id: "learning".into(),
            simulated: sim,
            against: Against::Pairs,
            dimension: "overall".into(),
            measure: "diff-half accuracy".into(),
            floors: vec![],
            series: vec![
                Series {
                    name: "sparse".into(),
                    points: [250usize, 500, 1000, 2000, 4000, 8000]
                        .iter()
                        .map(|&x| {
                            let v = 0.73 - 2.0 / (x as f64).sqrt();
                            Point { x, value: Some(v), interval: Some((v - 0.03, v + 0.03)), ..Default::default() }
                        })
                        .collect(),
                },
                Series {
                    name: "projected".into(),
                    points: [250usize, 500, 1000, 2000, 4000, 8000]
                        .iter()
                        .map(|&x| Point { x, value: Some(0.715 - 1.5 / (x as f64).sqrt()), ..Default::default() })
                        .collect(),
                },
            ],
        }),
        Chart::Contributions(Contributions {
            id: "contributions".into(),
            simulated: sim,
            head: "overall".into(),
            items: 2799,
            parts: (0..dims)
                .map(|d| {
                    let s = [0.41, 0.22, 0.15, 0.1, 0.06, 0.05, 0.03, 0.02, 0.0, 0.0, -0.01, -0.03][d % 12];
                    Part {
                        name: format!("dimension {d}"),
                        share: s,
                        interval: Some((s - 0.03, s + 0.04)),
                        weight: Some(0.5 * s.abs() + 0.02),
                    }
                })
                .collect(),
        }),
        Chart::Waterfall(Waterfall {
            id: "waterfall".into(),
            simulated: sim,
            head: "overall".into(),
            a: "video-0017".into(),
            b: "video-0042".into(),
            people: "2 of 3 people prefer A".into(),
            right: None,
            steps: (0..n)
                .map(|i| Step {
                    label: label(i),
                    answers: if i % 2 == 0 { ("yes".into(), "no".into()) } else { ("0.13".into(), "0.83".into()) },
                    change: w(i) * if i % 3 == 0 { 1.0 } else { -0.4 },
                })
                .collect(),
        }),
        Chart::YesShare(YesShare {
            id: "yes-share".into(),
            simulated: sim,
            dimension: "overall".into(),
            what: "preferred item minus the other".into(),
            second: "after Diffusion-DPO".into(),
            pairs: 10000,
            rows: (0..n)
                .map(|i| {
                    let s = (r(i) - 0.35) * 0.2;
                    Shift {
                        label: label(i),
                        group: g(i),
                        shift: Some(s),
                        interval: Some((s - 0.02, s + 0.02)),
                        second: Some(s * 1.5),
                    }
                })
                .collect(),
        }),
        Chart::Groups(Groups {
            id: "groups".into(),
            simulated: sim,
            dimension: "overall".into(),
            measure: "diff-half accuracy".into(),
            overall: Some(0.715),
            attributes: vec![
                Attribute {
                    name: "generator".into(),
                    groups: (0..7)
                        .map(|i| GroupAccuracy {
                            name: format!("generator-{i}"),
                            value: Some(0.65 + 0.15 * r(i)),
                            interval: Some((0.6 + 0.15 * r(i), 0.7 + 0.15 * r(i))),
                            pairs: 120 * i + 3,
                            tone: if i == 3 { Tone::Bad } else { Tone::Fine },
                        })
                        .collect(),
                },
                Attribute {
                    name: "prompt length".into(),
                    groups: vec![
                        GroupAccuracy {
                            name: "short".into(),
                            value: Some(0.72),
                            interval: Some((0.69, 0.75)),
                            pairs: 400,
                            tone: Tone::Fine,
                        },
                        GroupAccuracy {
                            name: "one pair".into(),
                            value: None,
                            interval: None,
                            pairs: 1,
                            tone: Tone::Unknown,
                        },
                    ],
                },
            ],
        }),
        Chart::Forest(Forest {
            id: "forest".into(),
            simulated: sim,
            measure: "effect beside the head's score".into(),
            unit: "log-odds per standard deviation".into(),
            percent: false,
            null: 0.0,
            null_name: "no effect".into(),
            band: Some((-0.1, 0.1)),
            noun: (String::new(), String::new()),
            all: 0,
            flagged: 0,
            rows: (0..8)
                .map(|i| {
                    let e = (r(i + 9) - 0.5) * 0.6;
                    Effect {
                        label: [
                            "file size",
                            "length in seconds",
                            "prompt words",
                            "shown first",
                            "generator: A",
                            "generator: B",
                            "brightness",
                            "saturation",
                        ][i]
                            .into(),
                        group: Some(if i < 4 { "item" } else { "origin" }.into()),
                        estimate: Some(e),
                        interval: Some((e - 0.12, e + 0.12)),
                        n: 2000,
                        tone: if e.abs() > 0.2 {
                            Tone::Bad
                        } else if e.abs() > 0.12 {
                            Tone::Look
                        } else if i == 2 {
                            Tone::Unknown
                        } else {
                            Tone::Fine
                        },
                    }
                })
                .collect(),
        }),
        Chart::Position(Position {
            id: "position".into(),
            simulated: sim,
            who: "people".into(),
            rows: (0..dims)
                .map(|i| {
                    let s = 0.5 + 0.06 * (r(i + 4) - 0.3);
                    FirstShare {
                        label: format!("dimension {i}"),
                        share: Some(s),
                        interval: Some((s - 0.02, s + 0.02)),
                        pairs: 790,
                        tone: if s > 0.53 { Tone::Look } else { Tone::Fine },
                    }
                })
                .collect(),
        }),
        Chart::JudgeQuality(JudgeQuality {
            id: "judge-quality".into(),
            simulated: sim,
            head: "overall".into(),
            quality: "agreement with the other judges".into(),
            threshold: Some(0.7),
            unit: "log-odds per coded answer".into(),
            points: (0..n)
                .map(|i| Judged { label: label(i), quality: 0.55 + 0.45 * r(i + 77), weight: w(i) })
                .collect(),
        }),
    ]
}
