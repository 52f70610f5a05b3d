//! Every chart on made input: empty, tiny and huge, hostile and in other scripts.

mod more;
mod samples;

use super::{Chart, Figure};
use proptest::prelude::*;
use samples::charts;

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
            let ours = ["svg", "title", "desc", "style", "rect", "line", "circle", "polyline", "polygon", "text", "g"];
            assert!(ours.contains(&name.trim_start_matches('/')), "{}: <{name}", figure.id);
        }
        assert_eq!(svg.matches("<g>").count(), svg.matches("</g>").count(), "{}", figure.id);
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
