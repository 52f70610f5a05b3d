//! Tests of [`super::build`]: hand-built data sets, and the real ones by the standard library alone.

use super::testing::{Asked, Tiny, by_column};
use super::*;
use crate::Error;
use crate::dataset::Dataset;

const GATED: &str = r#"
name = "gated"
[[dimension]]
id = "body"
[[dimension.ladder]]
id = "hands"
questions = [{ id = "fine", label = "hands fine" }, { id = "ok" }, { id = "seen" }]
[[dimension.ladder]]
id = "look"
questions = [{ id = "sharp" }]
[[gate]]
question = "seen"
hides = ["fine", "ok"]
feature = false
"#;

fn built(ds: &Dataset, change: impl FnOnce(&mut FeatureOptions)) -> FeatureMatrix {
    let mut options = FeatureOptions::default();
    change(&mut options);
    build(ds, &options).unwrap()
}

fn ids(matrix: &FeatureMatrix) -> Vec<&str> {
    matrix.columns.iter().map(|c| c.id.as_str()).collect()
}

/// Equal, NaN included.
fn same(found: &[f64], expected: &[f64]) -> bool {
    found.len() == expected.len() && found.iter().zip(expected).all(|(f, e)| f == e || (f.is_nan() && e.is_nan()))
}

fn gated() -> Tiny {
    // i0: hands seen; i1: none; i2: not asked whether; i3: nothing at all.
    let mut tiny = Tiny::new().checklist(GATED);
    for (item, answers) in [
        ("i0", &[("sharp", 1.0), ("ok", 1.0), ("fine", 0.0), ("seen", 0.5)][..]),
        ("i1", &[("sharp", 0.0), ("ok", 1.0), ("seen", 0.2)]),
        ("i2", &[("sharp", 0.75), ("ok", 1.0), ("fine", 1.0)]),
        ("i3", &[]),
    ] {
        tiny = tiny.item(item, "p");
        for &(question, p) in answers {
            tiny = tiny.answer(item, question, Some(p));
        }
    }
    tiny
}

#[test]
fn fixed_columns_come_in_checklist_order_with_gates_applied() {
    let m = built(&gated().build(), |_| {});
    assert_eq!(ids(&m), ["fine", "ok", "sharp"], "the gate is no feature");
    assert_eq!(m.columns[0].label, "hands fine");
    assert_eq!(m.columns[0].dimension.as_deref(), Some("body"));
    assert_eq!(m.columns[0].subdimension.as_deref(), Some("hands"));
    let by = by_column(&m);
    assert!(same(&by["fine"], &[-1.0, 0.0, f64::NAN, f64::NAN]), "{by:?}");
    assert!(same(&by["ok"], &[1.0, 0.0, f64::NAN, f64::NAN]));
    assert!(same(&by["sharp"], &[1.0, -1.0, 0.5, f64::NAN]));
    assert_eq!(m.scoreable, [true, true, true, false]);
    assert_eq!((m.layout, m.source), (Some(Layout::Fixed), FeatureSource::Answers));
    let unit = built(&gated().build(), |o| o.coding = Coding::Unit);
    assert!(same(&by_column(&unit)["ok"], &[1.0, 0.5, f64::NAN, f64::NAN]));
    assert!(m.notes.iter().any(|n| n.contains("2 answers masked by a closed gate, 2 made missing")), "{:?}", m.notes);
}

#[test]
fn unit_is_half_of_signed_plus_one_everywhere() {
    let ds = gated().build();
    let (signed, unit) = (built(&ds, |_| {}), built(&ds, |o| o.coding = Coding::Unit));
    for (s, u) in signed.values.iter().zip(&unit.values) {
        assert!((s.is_nan() && u.is_nan()) || (u - (s + 1.0) / 2.0).abs() < 1e-15);
    }
}

#[test]
fn a_gate_that_is_a_feature_has_a_column() {
    let checklist = GATED.replace("feature = false", "feature = true");
    let m = built(&gated().checklist(&checklist).build(), |_| {});
    assert_eq!(ids(&m), ["fine", "ok", "seen", "sharp"]);
    assert!(same(&by_column(&m)["seen"], &[0.0, 2.0 * 0.2 - 1.0, f64::NAN, f64::NAN]));
}

#[test]
fn questions_that_the_checklist_does_not_know_are_all_named() {
    let ds = gated().answer("i0", "feet", Some(1.0)).answer("i0", "nose", None).build();
    let error = build(&ds, &FeatureOptions::default()).unwrap_err();
    assert_eq!(error.exit_code(), 3);
    let text = error.to_string();
    assert!(text.contains("\"feet\"") && text.contains("\"nose\"") && text.contains("2 errors"), "{text}");
}

fn with_text(text: &str, prompt: &str) -> Tiny {
    let asked = Asked { item: "i", question: "sharp", p_yes: Some(1.0), text, ..Asked::default() };
    Tiny::new().item("i", "p").prompt_text("p", prompt).ask(asked)
}

#[test]
fn texts_are_hashed_or_compared_with_the_checklist() {
    use crate::checklist::Checklist;
    let hash = Checklist::text_hash("Does it show [[prompt]]?");
    let with_hash = GATED.replace("{ id = \"sharp\" }", &format!("{{ id = \"sharp\", sha256 = \"{hash}\" }}"));
    let own = built(&with_text("Is it sharp?", "a cat").checklist(GATED).build(), |_| {});
    assert_eq!(own.columns[0].text_sha256, Some(Checklist::text_hash("Is it sharp?")), "no hash in the checklist");
    let filled = built(&with_text("Does it show a cat?", "a cat").checklist(&with_hash).build(), |_| {});
    assert_eq!(filled.columns[0].text_sha256.as_ref(), Some(&hash), "the prompt stands in for its mark");
    let ds = with_text("Is it sharp?", "a cat").checklist(&with_hash).build();
    let text = build(&ds, &FeatureOptions::default()).unwrap_err().to_string();
    assert!(text.contains(&hash[..16]) && text.contains(&Checklist::text_hash("Is it sharp?")[..16]), "{text}");
    let free = built(&with_text("Is it sharp?", "a cat").build(), |_| {});
    assert_eq!((free.columns[0].label.as_str(), free.columns[0].id.as_str()), ("Is it sharp?", "sharp"));
}

#[test]
fn several_judges_get_columns_of_their_own() {
    let ds = Tiny::new()
        .item("i", "p")
        .item("j", "p")
        .answer_by("x", "i", "q", Some(1.0))
        .answer_by("y", "i", "q", None)
        .answer_by("y", "j", "q", Some(0.0))
        .build();
    let m = built(&ds, |_| {});
    assert_eq!(ids(&m), ["x/q", "y/q"]);
    assert!(same(&by_column(&m)["x/q"], &[1.0, f64::NAN]));
    assert!(same(&by_column(&m)["y/q"], &[f64::NAN, -1.0]));
    assert_eq!(m.columns[0].label, "x: q");
}

fn per_prompt(p: [f64; 3]) -> Tiny {
    let mut tiny = Tiny::new().item("i", "p").item("j", "p").item("k", "p");
    let asked =
        [("1", "thing", Some(p[0])), ("2", "thing", Some(p[1])), ("3", "deed", Some(p[2])), ("4", "deed", None)];
    for (question, category, p_yes) in asked {
        tiny = tiny.ask(Asked { item: "i", question, category, p_yes, ..Asked::default() });
    }
    tiny.ask(Asked { item: "j", question: "1", category: "thing", p_yes: Some(1.0), ..Asked::default() })
}

#[test]
fn aggregates_by_category_count_only_what_was_answered() {
    let m = built(&per_prompt([1.0, 0.0, 1.0]).build(), |o| o.layout = Some(Layout::PerPrompt));
    assert_eq!(ids(&m), ["thing:mean", "thing:min", "deed:mean", "deed:min", "all:mean", "all:min"]);
    let by = by_column(&m);
    assert!(same(&by["thing:mean"], &[0.0, 1.0, f64::NAN]));
    assert!(same(&by["thing:min"], &[-1.0, 1.0, f64::NAN]));
    assert!(same(&by["deed:mean"], &[1.0, f64::NAN, f64::NAN]));
    assert!(same(&by["all:mean"], &[1.0 / 3.0, 1.0, f64::NAN]));
    assert!(m.notes.iter().any(|n| n.contains("all-yes equals the minimum")));
    assert_eq!(m.scoreable, [true, true, false]);
    assert!(m.columns.iter().all(|c| c.kind == ColumnKind::Aggregate));
}

#[test]
fn soft_answers_keep_all_yes() {
    let ds = per_prompt([0.9, 0.5, 0.4]).build();
    let m = built(&ds, |o| (o.layout, o.coding) = (Some(Layout::PerPrompt), Coding::Unit));
    let by = by_column(&m);
    assert!(same(&by["thing:all-yes"], &[1.0, 1.0, f64::NAN]));
    assert!(same(&by["all:all-yes"], &[0.0, 1.0, f64::NAN]));
    assert!(same(&by["thing:min"], &[0.5, 1.0, f64::NAN]));
}

#[test]
fn one_category_gives_no_twin_columns() {
    let asked = Asked { item: "i", question: "1", category: "only", p_yes: Some(1.0), ..Asked::default() };
    let m = built(&Tiny::new().item("i", "p").ask(asked).build(), |o| o.layout = Some(Layout::PerPrompt));
    assert_eq!(ids(&m), ["all:mean", "all:min"]);
    let named_all = Tiny::new()
        .item("i", "p")
        .ask(Asked { category: "all", ..asked })
        .ask(Asked { category: "x", question: "2", ..asked })
        .build();
    let m = built(&named_all, |o| o.layout = Some(Layout::PerPrompt));
    assert_eq!(ids(&m)[4..], ["all-categories:mean", "all-categories:min"]);
}

#[test]
fn the_hierarchy_reaches_the_aggregates() {
    let ask =
        |question, p: f64, depends_on| Asked { item: "i", question, p_yes: Some(p), depends_on, ..Asked::default() };
    let ds = Tiny::new().item("i", "p").ask(ask("1", 0.0, &[])).ask(ask("2", 1.0, &["1"])).build();
    let mean = |hierarchy| {
        let m = built(&ds, |o| (o.layout, o.coding, o.hierarchy) = (Some(Layout::PerPrompt), Coding::Unit, hierarchy));
        by_column(&m)["all:mean"][0]
    };
    assert_eq!((mean(Hierarchy::None), mean(Hierarchy::Dsg)), (0.5, 0.0));
}

fn two_sources() -> Tiny {
    Tiny::new()
        .item("i", "p")
        .item("j", "p")
        .answer("i", "q", Some(1.0))
        .feature("q", &[Some(3.0), Some(4.0)])
        .score("q", &[Some(5.0), None])
        .score("other", &[None, Some(0.5)])
}

#[test]
fn the_source_is_chosen_by_flag_then_manifest_then_table() {
    let m = built(&two_sources().build(), |_| {});
    assert_eq!((m.source, m.layout, m.columns[0].kind), (FeatureSource::Table, None, ColumnKind::Table));
    assert!(m.notes.iter().any(|n| n.contains("answers are not")), "{:?}", m.notes);
    assert_eq!(built(&two_sources().declare_features("answers").build(), |_| {}).source, FeatureSource::Answers);
    let both = built(&two_sources().declare_features("answers").build(), |o| o.source = Some(FeatureSource::Both));
    assert_eq!(ids(&both), ["q", "table:q"]);
}

#[test]
fn scorers_join_under_ids_of_their_own_and_make_nothing_scoreable() {
    let ds = two_sources().build();
    let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    let m = built(&ds, |o| {
        (o.source, o.with_scores) = (Some(FeatureSource::Answers), names(&["other", "q", "other"]));
    });
    assert_eq!(ids(&m), ["q", "other", "score:q"]);
    assert_eq!(m.columns[2].kind, ColumnKind::Score);
    assert_eq!(m.scoreable, [true, false], "j has no answer");
    let error = build(&ds, &FeatureOptions { with_scores: names(&["clip"]), ..Default::default() }).unwrap_err();
    assert_eq!(error.exit_code(), 2);
    assert!(error.to_string().contains("clip") && error.to_string().contains("q, other"), "{error}");
}

#[test]
fn what_is_not_there_is_refused_with_a_remedy() {
    let code = |tiny: Tiny, source| build(&tiny.build(), &FeatureOptions { source, ..Default::default() }).unwrap_err();
    let item = || Tiny::new().item("i", "p");
    assert_eq!(code(item(), None).exit_code(), 3);
    assert!(code(item(), None).to_string().contains("answers.csv"));
    assert_eq!(code(item().answer("i", "q", None), Some(FeatureSource::Both)).exit_code(), 2);
    assert_eq!(code(item().answer("i", "q", None).declare_features("table"), None).exit_code(), 3);
    let wrong = code(item().answer("i", "q", None).declare_features("tables"), None);
    assert!(matches!(&wrong, Error::Data(_)) && wrong.to_string().contains("\"tables\""), "{wrong}");
}

#[test]
fn colliding_ids_within_a_source_are_an_error() {
    let ds = Tiny::new().item("i", "p").answer_by("a/b", "i", "c", Some(1.0)).answer_by("a", "i", "b/c", None).build();
    assert!(build(&ds, &FeatureOptions::default()).unwrap_err().to_string().contains("a/b/c"));
}

mod real_data {
    //! Detection and aggregates on the real sets, read here with the csv crate alone.

    use super::*;
    use std::collections::HashMap;
    use std::path::PathBuf;

    type Rows = Vec<HashMap<String, String>>;

    #[allow(clippy::print_stderr)]
    fn folder(set: &str) -> Option<PathBuf> {
        let default = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
        let folder = std::env::var_os("HEADFIT_REAL_DATA").map_or(default, Into::into).join(set);
        if !folder.is_dir() {
            eprintln!("SKIPPED: no real data at {} (set HEADFIT_REAL_DATA)", folder.display());
            return None;
        }
        Some(folder)
    }

    fn rows(path: PathBuf) -> Rows {
        csv::Reader::from_path(path).unwrap().deserialize().map(|row| row.unwrap()).collect()
    }

    /// Items and answers of a real set; `depends_on` numbers are question ids `dsg<n>`.
    fn load(set: &str) -> Option<Dataset> {
        let folder = folder(set)?;
        let mut tiny = Tiny::new();
        for row in rows(folder.join("items.csv")) {
            tiny = tiny.item(&row["item_id"], &row["prompt_id"]);
        }
        for row in rows(folder.join("answers.csv")) {
            let get = |name: &str| row.get(name).map_or("", String::as_str);
            let parents: Vec<String> = get("depends_on")
                .split(',')
                .map(str::trim)
                .filter(|p| p.parse::<u32>().is_ok_and(|n| n > 0))
                .map(|p| format!("dsg{p}"))
                .collect();
            let parents: Vec<&str> = parents.iter().map(String::as_str).collect();
            tiny = tiny.ask(Asked {
                item: get("item_id"),
                question: get("question_id"),
                p_yes: get("answer").parse().ok(),
                judge: get("judge"),
                category: get("category"),
                text: get("question"),
                depends_on: &parents,
            });
        }
        Some(tiny.build())
    }

    #[test]
    fn arena_votes_are_a_fixed_checklist_of_many_judges() {
        let Some(ds) = load("genaibench_arena") else { return };
        let m = built(&ds, |_| {});
        assert_eq!((m.layout, m.columns.len()), (Some(Layout::Fixed), 12));
        assert!(ids(&m).contains(&"gpt4o/is_good"), "{:?}", ids(&m));
    }

    #[test]
    fn tcbench_asks_per_prompt_and_its_published_columns_come_out() {
        let Some(ds) = load("tcbench_i2v") else { return };
        let m = built(&ds, |o| o.coding = Coding::Unit);
        assert_eq!((m.layout, m.columns.len()), (Some(Layout::PerPrompt), 10), "four categories and all");
        let by = by_column(&m);
        let mut compared = 0;
        for row in rows(folder("tcbench_i2v").unwrap().join("features.csv")) {
            let item = ds.items.by_id[&row["item_id"]];
            // The published `all` columns leave the rotation questions of three prompts out.
            if !by["rotation:mean"][item].is_nan() {
                continue;
            }
            for column in ["transition_completion:mean", "transition_object_consistency:min", "all:mean", "all:min"] {
                let found = by[column][item];
                match row[column].parse::<f64>() {
                    Ok(expected) => assert!((found - expected).abs() < 1e-4, "{column} of {}", row["item_id"]),
                    Err(_) => assert!(found.is_nan(), "{column} of {}", row["item_id"]),
                }
                compared += 1;
            }
        }
        assert!(compared > 3000);
        assert_eq!(m.scoreable.iter().filter(|s| !**s).count(), 31);
    }

    #[test]
    fn tifa_asks_per_prompt_and_dsg_gives_the_published_scores() {
        let Some(ds) = load("tifa160") else { return };
        let m = built(&ds, |o| (o.coding, o.hierarchy) = (Coding::Unit, Hierarchy::Dsg));
        assert_eq!(m.layout, Some(Layout::PerPrompt));
        let by = by_column(&m);
        // Published scores count blank answers as no; here they stay missing, so those items are left out.
        let answers = ds.answers.as_ref().unwrap();
        let blank: std::collections::BTreeSet<(usize, &str)> = answers
            .rows
            .iter()
            .filter(|row| row.p_yes.is_none())
            .map(|row| (row.item, answers.judges[row.judge].as_str()))
            .collect();
        let mut compared = 0;
        for row in rows(folder("tifa160").unwrap().join("scores.csv")) {
            let item = ds.items.by_id[&row["item_id"]];
            for judge in ["instructblip", "mplug", "pali17b"] {
                let Ok(published) = row[&format!("dsg_{judge}")].parse::<f64>() else { continue };
                if blank.contains(&(item, judge)) {
                    continue;
                }
                let found = by[format!("{judge}/all:mean").as_str()][item];
                assert!((found - published).abs() < 1e-4, "{judge}, {}: {found} and {published}", row["item_id"]);
                compared += 1;
            }
        }
        assert!(compared > 2300, "{compared}");
    }
}
