//! One data set gives one [`Dataset`], whatever the format of its files; the real sets load and show their wrinkles.

use std::path::Path;

use headfit::dataset::{self, DataCard, Dataset, ReadOptions, Source, Values};
use headfit::problems::Severity;

use crate::support::{copy, crate_folder, folder, headfit, real_data};

fn source(folder: &Path) -> Source {
    Source::Folder { path: folder.to_path_buf(), manifest: None }
}

fn read(folder: &Path) -> Dataset {
    dataset::read(&source(folder), ReadOptions::default()).unwrap_or_else(|e| panic!("{e}"))
}

/// Everything but the names of the files.
fn essence(mut data: Dataset) -> String {
    let rules = |s| data.problems.rules(s).filter(|(rule, _)| *rule != "nameless-column").collect::<Vec<_>>();
    let counts = [rules(Severity::Warning), rules(Severity::Note)];
    data.name.clear();
    data.problems = Default::default();
    data.inputs.clear();
    data.items.by_id.clear();
    format!("{data:#?}\n{counts:?}")
}

/// The columns of a CSV file with the types that a data frame would give them.
fn typed(path: &Path) -> Vec<(String, Values)> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let column = |(c, name): (usize, &String)| {
        let cells: Vec<&str> = rows.iter().map(|row| &row[c]).collect();
        let same = |text: &str, back: Option<String>| text.is_empty() || back.as_deref() == Some(text);
        let values = if cells.iter().all(|t| same(t, t.parse::<i64>().ok().map(|x| x.to_string()))) {
            Values::Int(cells.iter().map(|t| t.parse().ok()).collect())
        } else if cells.iter().all(|t| same(t, t.parse::<f64>().ok().map(|x| x.to_string()))) {
            Values::Float(cells.iter().map(|t| t.parse().ok()).collect())
        } else {
            Values::text(cells)
        };
        (name.clone(), values)
    };
    header.iter().enumerate().map(column).collect()
}

fn json_lines(columns: &[(String, Values)]) -> String {
    let rows = columns.first().map_or(0, |(_, v)| v.len());
    let cell = |values: &Values, row: usize| match values {
        Values::Text(v) if v.get(row).is_empty() => serde_json::Value::Null,
        Values::Text(v) => v.get(row).into(),
        Values::Float(v) => v[row].into(),
        Values::Int(v) => v[row].into(),
        Values::Bool(v) => v[row].into(),
    };
    let line = |row| {
        let object = columns.iter().map(|(name, values)| (name, cell(values, row)));
        // A missing value may be null or no key at all.
        let object = object.filter(|(_, value)| row == 0 || !value.is_null());
        let members: Vec<String> = object.map(|(name, value)| format!("{}:{value}", serde_json::json!(name))).collect();
        format!("{{{}}}\n", members.join(","))
    };
    (0..rows).map(line).collect()
}

/// Writes every table of `from` to two folders, as JSON Lines and as Parquet, and compares the three data sets.
fn all_formats_agree(from: &Path) {
    let room = folder();
    for format in ["jsonl", "parquet"] {
        let to = room.path().join(format);
        std::fs::create_dir(&to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
            match path.extension().and_then(|e| e.to_str()) {
                Some("csv") => {
                    let columns = typed(&path);
                    let borrowed: Vec<(&str, Values)> = columns.iter().map(|(n, v)| (n.as_str(), v.clone())).collect();
                    let bytes = match format {
                        "jsonl" => json_lines(&columns).into_bytes(),
                        _ => dataset::to_parquet(&borrowed).unwrap(),
                    };
                    std::fs::write(to.join(format!("{stem}.{format}")), bytes).unwrap();
                }
                Some("toml") => _ = std::fs::copy(&path, to.join("dataset.toml")).unwrap(),
                _ => {}
            }
        }
        let (csv, other) = (essence(read(from)), essence(read(&to)));
        assert!(csv == other, "{format} differs from CSV: {}", first_difference(&csv, &other));
    }
}

fn first_difference(a: &str, b: &str) -> String {
    let pair = a.lines().zip(b.lines()).enumerate().find(|(_, (a, b))| a != b);
    pair.map_or_else(|| "one is longer".to_owned(), |(n, (a, b))| format!("line {n}: {a} against {b}"))
}

#[test]
fn csv_jsonl_and_parquet_give_equal_data_sets() {
    for set in ["warn-pairs", "warn-features", "warn-shared-question", "warn-ratings"] {
        all_formats_agree(&crate_folder().join("tests/broken").join(set));
    }
}

#[test]
fn the_real_sets_are_equal_in_all_formats() {
    for set in ["tcbench_i2v", "tifa160"] {
        let Some(folder) = real_data(set) else { return };
        all_formats_agree(&folder);
    }
}

/// Written by pyarrow: dictionary columns (categories), small and unsigned whole numbers, 32-bit floats, nested structs.
#[test]
fn parquet_of_other_writers_is_read() {
    let data = read(&crate_folder().join("tests/formats"));
    assert_eq!(data.items.ids, ["i1", "i2", "i3", "i4"]);
    assert_eq!(data.items.prompt_ids, ["1", "2"]);
    assert_eq!(data.items.prompt_texts, [Some("a cat".to_owned()), None]);
    let attribute =
        |name: &str| data.items.attributes[name].iter().map(|v| v.as_deref().unwrap_or("–")).collect::<Vec<_>>();
    assert_eq!(attribute("generator"), ["m1", "m2", "m1", "m2"]);
    assert_eq!(attribute("steps"), ["20", "–", "30", "40"]);
    assert_eq!(attribute("guidance"), ["7.5", "0.1", "–", "3"]);
    let answers = data.answers.unwrap();
    assert_eq!(answers.question_ids, ["q1", "hands.left"]);
    let p: Vec<_> = answers.rows.iter().map(|r| r.p_yes).collect();
    assert_eq!(p, [Some(1.0), Some(1.0), Some(0.0), Some(0.25), None, None]);
}

/// The wrinkles that the makers of the data describe, as exact counts.
#[test]
fn the_real_sets_load_and_show_their_wrinkles() {
    let rule = |data: &Dataset, rule: &str| data.problems.count_rule(rule);
    let Some(folder) = real_data("tcbench_i2v") else { return };
    let tcbench = read(&folder);
    assert_eq!((tcbench.items.len(), tcbench.items.prompt_ids.len()), (952, 119));
    assert_eq!(tcbench.dimensions, ["alignment", "transition"]);
    assert_eq!(tcbench.pairs.len(), 6664);
    assert_eq!(rule(&tcbench, "item-without-answers"), 31);
    assert_eq!(rule(&tcbench, "item-without-features"), 31);
    assert_eq!(rule(&tcbench, "blank-answer"), 14);
    assert_eq!(rule(&tcbench, "uneven-raters"), 2, "one item, two dimensions");
    assert_eq!(
        rule(&tcbench, "question-text-differs"),
        9,
        "questions of a prompt's own that one item was asked otherwise"
    );

    let Some(folder) = real_data("tifa160") else { return };
    let tifa = read(&folder);
    assert_eq!((tifa.items.len(), tifa.items.prompt_ids.len()), (800, 160));
    assert_eq!(rule(&tifa, "item-without-answers"), 5, "the items of one prompt");
    assert_eq!(rule(&tifa, "blank-answer"), 35);
    let unresolved: Vec<_> =
        tifa.problems.of(Severity::Warning).filter(|p| p.rule == "unresolved-dependency").collect();
    assert_eq!(
        rule(&tifa, "unresolved-dependency"),
        75,
        "one cell with a stranger and four questions that name themselves"
    );
    let (stranger, own): (Vec<&headfit::problems::Problem>, Vec<_>) =
        unresolved.into_iter().partition(|p| p.value.as_deref() == Some("1, outside"));
    assert!(!stranger.is_empty() && own.iter().all(|p| p.message.contains("the question itself")));
    let answers = tifa.answers.as_ref().unwrap();
    assert!(answers.rows.iter().any(|r| !r.depends_on.is_empty()));

    let Some(folder) = real_data("imagenhub") else { return };
    let imagenhub = read(&folder);
    assert_eq!((imagenhub.items.len(), imagenhub.items.prompt_ids.len()), (5130, 1111));
    assert_eq!(rule(&imagenhub, "item-without-features"), 329);
    assert_eq!(rule(&imagenhub, "merged-prompts"), 193);
    assert_eq!(rule(&imagenhub, "prompt-without-text"), 154);
    assert_eq!(DataCard::new(&imagenhub).features.unwrap().columns, 53);

    let Some(folder) = real_data("genaibench_arena") else { return };
    let genaibench = read(&folder);
    assert_eq!(genaibench.items.len(), 7446);
    assert_eq!(rule(&genaibench, "prompt-without-text"), 919);
    assert_eq!(rule(&genaibench, "pair-attribute"), 1, "human_vote");
    assert_eq!(genaibench.answers.as_ref().unwrap().judges.len(), 12);
    let ties = genaibench.pairs.iter().filter(|p| p.votes.plurality() == 0).count();
    assert_eq!(ties, 1214);
}

/// The pairs of these sets were made by others from mean ratings with exact thirds: ours must be the same.
#[test]
fn derived_pairs_are_those_of_the_real_sets() {
    for (set, dimensions) in [
        ("tcbench_i2v", &["alignment", "transition"][..]),
        ("imagenhub", &["semantic_consistency", "perceptual_quality"]),
        ("tifa160", &["alignment_dsg", "alignment_tifa"]),
    ] {
        let Some(from) = real_data(set) else { return };
        let room = folder();
        copy(&from, room.path());
        std::fs::remove_file(room.path().join("pairs.csv")).unwrap();
        let (native, derived) = (read(&from), read(room.path()));
        assert!(derived.pairs_derived && !native.pairs_derived);
        for name in dimensions {
            let labels = |data: &Dataset| {
                let dimension = data.dimension(name).unwrap();
                let pairs = data.pairs_of(dimension).into_iter().map(|p| &data.pairs[p]);
                let mut labels: Vec<_> = pairs
                    .map(|p| if p.a < p.b { (p.a, p.b, p.votes.plurality()) } else { (p.b, p.a, -p.votes.plurality()) })
                    .collect();
                labels.sort_unstable();
                labels
            };
            assert!(labels(&native) == labels(&derived), "{set} {name}");
        }
    }
}

#[test]
fn check_and_init_serve_the_real_sets() {
    for set in ["tcbench_i2v", "imagenhub", "genaibench_arena", "tifa160"] {
        let Some(from) = real_data(set) else { return };
        let room = folder();
        copy(&from, room.path());
        let plain = headfit(room.path(), &["check", ".", "--json", "plain.json"]);
        assert_eq!(plain.code, 0, "{}", plain.stderr);
        let init = headfit(room.path(), &["init", "."]);
        assert_eq!(init.code, 0, "{}", init.stderr);
        let mapped = headfit(room.path(), &["check", "."]);
        assert_eq!(mapped.code, 0, "{}", mapped.stderr);
        assert_eq!(headfit(room.path(), &["init", "."]).code, 2, "never overwritten unasked");
        assert_eq!(headfit(room.path(), &["init", ".", "--force"]).code, 0);
    }
}

#[test]
fn init_writes_a_commented_manifest() {
    let room = folder();
    let write = |name: &str, text: &str| std::fs::write(room.path().join(name), text).unwrap();
    write("videos.csv", "video_id,prompt_idx,caption,model\nv1,1,a cat,m1\nv2,1,a cat,m2\n");
    write(
        "human_votes.csv",
        "id,prompt_id,aspect,left,right,vote\n1,1,overall,v1,v2,leftvote\n2,1,motion,v1,v2,bothbad\n3,1,look,v1,v2,unsure\n",
    );
    write(
        "likert.jsonl",
        "{\"video_id\":\"v1\",\"worker\":\"w1\",\"aspect\":\"overall\",\"rating\":2}\n{\"video_id\":\"v2\",\"worker\":\"w1\",\"aspect\":\"overall\",\"rating\":5}\n",
    );
    write("metrics.csv", "video_id,FVD,CLIP\nv1,120,0.25\nv2,90.5,0.31\n");
    write("notes.txt", "not a table");
    let run = headfit(room.path(), &["init", ".", "-o", "map.toml"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let manifest = std::fs::read_to_string(room.path().join("map.toml")).unwrap();
    let name = format!("name = {:?}", room.path().file_name().unwrap().to_str().unwrap());
    insta::assert_snapshot!("init", manifest.replace(&name, "name = \"FOLDER\""));
    // The one label that no guess covers is left to people.
    let check = headfit(room.path(), &["check", ".", "--manifest", "map.toml"]);
    assert_eq!(check.code, 3);
    assert!(check.stderr.starts_with("error: 1 error in the data\n  human_votes.csv:4, column vote, value \"unsure\""));
}

#[test]
fn init_in_a_folder_without_tables_is_bad_input() {
    let room = folder();
    let run = headfit(room.path(), &["init", "."]);
    assert_eq!(run.code, 3);
    assert_eq!(std::fs::read_dir(room.path()).unwrap().count(), 0, "nothing is written");
}
