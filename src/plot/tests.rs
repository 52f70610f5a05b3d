//! Every chart on made input: empty, tiny and huge, hostile and in other scripts.

use super::annotators::{Annotator, Annotators};
use super::contributions::{Contributions, Part};
use super::correlation::Correlation;
use super::curve::{Against, Curve, Point, Series};
use super::forest::{Effect, Forest};
use super::groups::{Attribute, GroupAccuracy, Groups};
use super::head_diff::{Change, HeadDiff};
use super::judge_quality::{JudgeQuality, Judged};
use super::leaderboard::{Entry, Leaderboard, Panel, Standing};
use super::path::{Loss, Path, Trace};
use super::position::{FirstShare, Position};
use super::reliability::{Bin, Reliability};
use super::stability::{Kept, Stability};
use super::staircase::{Ladder, StairStep, Staircase};
use super::waterfall::{Step, Waterfall};
use super::weights::{Weight, Weights};
use super::yes_share::{Shift, YesShare};
use super::{Chart, Figure, Tone};
use proptest::prelude::*;

/// A number in [0, 1) that depends on `i` alone.
fn r(i: usize) -> f64 {
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
fn label(i: usize) -> String {
    if i < 12 { Q[i].into() } else { format!("question {} about {}", i, Q[i % 12]) }
}
/// One chart of every kind over `n` questions and `dims` dimensions.
fn charts(n: usize, dims: usize) -> Vec<Chart> {
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
        Chart::Staircase(Staircase {
            id: "staircase".into(),
            simulated: sim,
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
    ]
}

/// Every number and name of a chart's JSON replaced.
fn replaced(value: &mut serde_json::Value, number: &mut dyn FnMut() -> f64, text: &str) {
    match value {
        serde_json::Value::Number(n) if n.is_f64() => *value = serde_json::json!(number()),
        serde_json::Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                let fixed = ["kind", "tone", "standing", "against", "id"].contains(&key.as_str());
                match value {
                    serde_json::Value::String(s) if !fixed => *s = text.to_owned(),
                    serde_json::Value::String(_) => {}
                    _ => replaced(value, number, text),
                }
            }
        }
        serde_json::Value::Array(list) => {
            for value in list {
                match value {
                    serde_json::Value::String(s) => *s = text.to_owned(),
                    _ => replaced(value, number, text),
                }
            }
        }
        _ => {}
    }
}

/// Both layouts are sound SVG of our elements, with a title, inside their frame.
fn check(figure: &Figure) {
    assert!(!figure.title.is_empty() && figure.alt.len() >= figure.title.len());
    for svg in [&figure.svg, &figure.narrow] {
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{}", figure.id);
        assert!(
            !svg.contains("<script") && !svg.contains("<!--") && !svg.contains('\u{202e}') && !svg.contains('\u{1b}')
        );
        let opened = |name: &str| svg.matches(&format!("<{name}")).count();
        for tag in svg.split('<').skip(1) {
            let name: String = tag.chars().take_while(|c| c.is_ascii_alphabetic() || *c == '/').collect();
            let ours = ["svg", "title", "desc", "style", "rect", "line", "circle", "polyline", "polygon", "text"];
            assert!(ours.contains(&name.trim_start_matches('/')), "{}: <{name}", figure.id);
        }
        assert_eq!(opened("text"), svg.matches("</text>").count());
        assert_eq!(opened("title"), svg.matches("</title>").count());
        assert_eq!(opened("svg"), 1);
    }
}

#[test]
fn every_kind_is_drawn_small_and_huge() {
    for (n, dims) in [(1, 1), (5, 1), (24, 5), (120, 12)] {
        let charts = charts(n, dims);
        for chart in &charts {
            let figure = chart.draw().unwrap();
            check(&figure);
            assert_eq!(figure.id, chart.id());
            assert!(figure.svg.len() < 900_000, "{} has {} bytes", figure.id, figure.svg.len());
            let json = serde_json::to_string(chart).unwrap();
            assert_eq!(&serde_json::from_str::<Chart>(&json).unwrap(), chart, "a chart can be stored");
        }
        let mut kinds: Vec<super::Kind> = charts.iter().map(Chart::kind).collect();
        kinds.sort();
        kinds.dedup();
        assert_eq!(kinds.len(), <super::Kind as clap::ValueEnum>::value_variants().len());
    }
}

#[test]
fn every_kind_is_drawn_without_data() {
    for kind in charts(1, 1) {
        let name = serde_json::to_value(&kind).unwrap()["kind"].clone();
        let empty: Chart = serde_json::from_value(serde_json::json!({ "kind": name })).unwrap();
        let figure = empty.draw().unwrap();
        check(&figure);
        assert!(figure.svg.contains("There is nothing to draw."), "{name}");
    }
}

#[test]
fn what_strangers_write_stays_text_in_every_chart() {
    let hostile = "\"><script>alert(1)</script></title><!-- ]]> \u{202e}\u{1b}[31m &amp; {{ 7*7 }}";
    for chart in charts(5, 2) {
        let mut json = serde_json::to_value(&chart).unwrap();
        replaced(&mut json, &mut || 0.3, hostile);
        check(&serde_json::from_value::<Chart>(json).unwrap().draw().unwrap());
    }
}

#[test]
fn snapshots_of_small_charts() {
    for chart in charts(5, 2) {
        let figure = chart.draw().unwrap();
        insta::assert_snapshot!(format!("chart-{}", figure.id), super::without_style(&figure.svg));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    #[test]
    fn no_number_and_no_text_panics(numbers in prop::collection::vec(prop::num::f64::NORMAL | prop::num::f64::ZERO | prop::num::f64::SUBNORMAL, 1..50), text in "\\PC{0,60}") {
        for chart in charts(7, 2) {
            let mut json = serde_json::to_value(&chart).unwrap();
            let mut next = numbers.iter().copied().cycle();
            replaced(&mut json, &mut || next.next().unwrap_or(0.0), &text);
            check(&serde_json::from_value::<Chart>(json).unwrap().draw().unwrap());
        }
    }
}
