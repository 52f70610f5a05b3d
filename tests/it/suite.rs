//! Several data sets in one table, published numbers beside measured ones, a new head against an old one.

use std::fs;
use std::path::Path;

use crate::support::{crate_folder, folder, headfit, real_data};

fn simulate(room: &Path, name: &str, seed: &str) {
    let args = ["synth", "-o", name, "--seed", seed, "--train-pairs", "120", "--test-pairs", "90"];
    let run = headfit(room, &args);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

const SUITE: &str = r#"
title = "Two <simulated> | sets"
protocols = ["tau", "diff-half"]
draws = 40
published = ["videoalign-table2"]

[[dataset]]
path = "one"
name = "first"
dimensions = ["overall", "alignment"]
lambda = 0.02
scorers = { VideoScore = "sim_videoscore" }
heads = { "round 1" = "heads.json" }

[[dataset]]
path = "two"
dimensions = ["overall"]
fit = { lambda = 0.02 }
fits = { "no ties" = { ties = "drop" }, davidson = { ties = "davidson", method = "relaxed" }, unit = { coding = "unit", missing = "mean" } }
cross_validate = 3
"#;

#[test]
fn a_suite_is_one_table_that_proves_itself() {
    let room = folder();
    let room = room.path();
    simulate(room, "one", "7");
    simulate(room, "two", "8");
    fs::write(room.join("suite.toml"), SUITE).unwrap();
    let fit = ["fit", "one", "-o", "heads.json", "--dimension", "overall", "--bootstrap", "0", "--lambda", "0.02"];
    assert_eq!(headfit(room, &fit).code, 0);
    let run = headfit(room, &["report", "--suite", "suite.toml", "-o", "out"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("Of 6 columns"), "{}", run.stdout);
    let suite: serde_json::Value = serde_json::from_slice(&fs::read(room.join("out/suite.json")).unwrap()).unwrap();
    let rows: Vec<&str> = suite["scorers"].as_array().unwrap().iter().map(|s| s.as_str().unwrap()).collect();
    assert_eq!(rows[..3], ["head", "round 1", "mean"]);
    assert!(rows.contains(&"VideoScore") && rows.contains(&"sim_videoscore"), "renamed in one set only: {rows:?}");
    let columns = suite["columns"].as_array().unwrap();
    assert_eq!(columns.len(), 6);
    for column in columns {
        let (q, winner) = (column["q"].as_f64(), &column["winner"]);
        assert!(winner.is_null() || (q.unwrap() <= 0.05 && *winner == column["best"]), "{column}");
        assert!(q.is_none() || q >= column["p"].as_f64(), "{column}");
        let value =
            |cell: &serde_json::Value| cell["value"].as_f64().filter(|_| cell["coverage"].as_f64() >= Some(0.5));
        let best = column["cells"].as_array().unwrap().iter().filter_map(value).fold(0.0, f64::max);
        let place = rows.iter().position(|r| Some(*r) == column["best"].as_str()).unwrap();
        assert_eq!(column["cells"][place]["value"].as_f64(), Some(best), "{column}");
    }
    // Heads fitted in other ways are rows of their own, scored in the same folds.
    let second = columns.iter().find(|c| c["dataset"] != "first" && c["protocol"] == "tau").unwrap();
    let cell = |name: &str| &second["cells"][rows.iter().position(|r| *r == name).unwrap()];
    for name in ["no ties", "davidson", "unit"] {
        assert!(
            cell(name)["value"].as_f64().unwrap() > 0.3 && cell(name)["n"] == cell("head")["n"],
            "{name}: {second}"
        );
    }
    assert_ne!(cell("no ties")["value"], cell("davidson")["value"]);
    assert_eq!(suite["datasets"][1]["fits"]["davidson"], "--lambda 0.02 --method relaxed --ties davidson");
    let page = fs::read_to_string(room.join("out/suite.html")).unwrap();
    assert!(
        page.contains("Two &lt;simulated&gt; | sets") && !page.contains("<simulated>") && !page.contains("<script")
    );
    assert!(page.contains("DOUBT: LiFT") && page.contains("Not measured here"));
    let text = fs::read_to_string(room.join("out/suite.md")).unwrap();
    let table: Vec<&str> =
        text.lines().skip_while(|l| !l.starts_with("| scorer |")).take_while(|l| l.starts_with('|')).collect();
    assert!(
        table.len() > 8 && table.iter().all(|l| l.matches(" |").count() >= 7 || l.starts_with("|---")),
        "{table:#?}"
    );

    let run = headfit(room, &["verify", "out"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("columns with their winners") && run.stdout.contains("published numbers"));
    let json = fs::read_to_string(room.join("out/suite.json")).unwrap();
    let old = format!("\"p\": {}", columns[0]["p"]);
    assert!(json.contains(&old));
    fs::write(room.join("out/suite.json"), json.replacen(&old, "\"p\": 0.0001", 1)).unwrap();
    let run = headfit(room, &["verify", "out"]);
    assert!(run.code == 5 && run.stdout.contains("columns, first, overall, tau, p"), "{}", run.stdout);
}

#[test]
fn what_is_wrong_with_a_suite_is_said() {
    let room = folder();
    let room = room.path();
    simulate(room, "one", "7");
    for (text, code, said) in [
        ("title = 3", 3, "not a suite"),
        ("dataset = []", 3, "no [[dataset]]"),
        ("[[dataset]]\npath = \"one\"\ncolour = 1", 3, "colour"),
        ("[[dataset]]\npath = \"one\"\nheads = { mean = \"h.json\" }", 3, "cannot be called"),
        ("[[dataset]]\npath = \"one\"\ndimensions = [\"beauty\"]", 2, "no dimension beauty"),
        ("published = [\"table2\"]\n[[dataset]]\npath = \"one\"", 2, "visionreward-table2"),
        ("[[dataset]]\npath = \"nowhere\"", 3, "nowhere"),
        ("[[dataset]]\npath = \"one\"\nfit = { ties = \"both\" }", 2, "possible values: half"),
        ("[[dataset]]\npath = \"one\"\nfit = { beauty = 1 }", 2, "unexpected argument '--beauty'"),
        ("[[dataset]]\npath = \"one\"\nfits = { x = { dimension = \"overall\" } }", 2, "no option of a single head"),
        ("[[dataset]]\npath = \"one\"\nhead = \"h.json\"\nfit = { ties = \"drop\" }", 3, "is not fitted"),
        ("[[dataset]]\npath = \"one\"\nfits = { head = {} }", 3, "cannot be called"),
    ] {
        fs::write(room.join("suite.toml"), text).unwrap();
        let run = headfit(room, &["report", "--suite", "suite.toml", "-o", "out"]);
        assert_eq!(run.code, code, "{text}: {}", run.stderr);
        assert!(run.stderr.contains(said), "{text}: {}", run.stderr);
        assert!(!room.join("out").exists());
    }
}

#[test]
fn published_numbers_are_listed_shown_and_stand_in_a_report() {
    let room = folder();
    let room = room.path();
    let run = headfit(room, &["report", "--published", "list"]);
    assert!(run.code == 0 && run.stdout.contains("visionreward-table2") && run.stdout.contains("arXiv 2412.21059v4"));
    let run = headfit(room, &["report", "--published", "visionreward-table2"]);
    assert!(run.code == 0 && run.stdout.contains("72.1") && run.stdout.contains("nothing of it was measured here"));
    let run = headfit(room, &["report", "--published", "videoalign-table2"]);
    assert!(run.stdout.contains("DOUBT: LiFT on VideoGen-RewardBench, Overall"), "{}", run.stdout);
    assert!(!run.stdout.contains('\u{1b}'), "no colour where there is no terminal");
    assert_eq!(headfit(room, &["report", "--published", "nothing"]).code, 2);
    assert_eq!(headfit(room, &["report"]).code, 2);
    simulate(room, "one", "7");
    assert_eq!(headfit(room, &["report", "one", "--published", "dsg"]).code, 2, "-o is missing");
    let args =
        ["report", "one", "-o", "out", "--dimension", "overall", "--bootstrap", "0", "--draws", "20", "--lambda"];
    let run = headfit(room, &[&args[..], &["0.02", "--published", "videoalign-table2"]].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    let json: serde_json::Value = serde_json::from_slice(&fs::read(room.join("out/report.json")).unwrap()).unwrap();
    assert_eq!(json["published"][0]["rows"].as_array().unwrap().len(), 50);
    let rows = json["evaluation"]["rows"].as_array().unwrap();
    assert!(rows.iter().all(|r| r["scorer"] != "VideoReward"), "published numbers are no measured rows");
    for page in ["out/report.html", "out/report.md"] {
        let page = fs::read_to_string(room.join(page)).unwrap();
        assert!(page.contains("Not measured here") && page.contains("73.59"));
    }
    assert_eq!(headfit(room, &["verify", "out"]).code, 0);
}

#[test]
fn a_new_head_is_tested_against_the_old_one_and_leakage_is_said() {
    let room = folder();
    let room = room.path();
    simulate(room, "one", "7");
    let fit = |out: &str, more: &[&str]| {
        let args = ["fit", "one", "-o", out, "--dimension", "overall", "--bootstrap", "0", "--lambda"];
        let run = headfit(room, &[&args[..], more].concat());
        assert_eq!(run.code, 0, "{}", run.stderr);
    };
    fit("good.json", &["0.01"]);
    // The same head turned round orders everything wrongly.
    let mut bad: serde_json::Value = serde_json::from_slice(&fs::read(room.join("good.json")).unwrap()).unwrap();
    for weight in bad["heads"][0]["weights"].as_array_mut().unwrap() {
        *weight = (-weight.as_f64().unwrap()).into();
    }
    fs::write(room.join("bad.json"), bad.to_string()).unwrap();
    let base = ["evaluate", "one", "--dimension", "overall", "--draws", "50", "--head"];
    let compare =
        |new: &str, old: &str, more: &[&str]| headfit(room, &[&base[..], &[new, "--against", old], more].concat());
    let run = compare("good.json", "bad.json", &["--must-be-better"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("New head minus old head") && run.stdout.contains("better"));
    let run = compare("bad.json", "good.json", &[]);
    assert!(run.code == 5 && run.stderr.contains("worse than the old one on overall"), "{}", run.stderr);
    assert_eq!(compare("good.json", "good.json", &[]).code, 0);
    let run = compare("good.json", "good.json", &["--must-be-better"]);
    assert!(run.code == 5 && run.stderr.contains("not shown to be better"), "{}", run.stderr);

    // Cross-validation never leaks, and a head fitted on the training split has not seen the test split.
    let cross =
        ["evaluate", "one", "--cross-validate", "3", "--dimension", "overall", "--draws", "0", "--lambda", "0.02"];
    for args in [&cross[..], &[&base[..], &["good.json"]].concat()] {
        let run = headfit(room, args);
        assert!(run.code == 0 && !run.stdout.contains("LEAKAGE"), "{}{}", run.stdout, run.stderr);
    }
}

#[test]
fn a_head_that_has_seen_the_prompts_says_so_in_red_and_in_the_report() {
    use headfit::dataset::{ReadOptions, Source, Split, read};
    let room = folder();
    let room = room.path();
    simulate(room, "one", "7");
    let fit = ["fit", "one", "-o", "heads.json", "--dimension", "overall", "--bootstrap", "0", "--lambda", "0.02"];
    assert_eq!(headfit(room, &fit).code, 0);
    // The head now remembers every second prompt of the test split.
    let ds = read(&Source::Folder { path: room.join("one"), manifest: None }, ReadOptions::default()).unwrap();
    let tested = ds.pairs.iter().filter(|p| p.split == Some(Split::Test)).map(|p| ds.items.prompt[p.a]);
    let tested: std::collections::BTreeSet<usize> = tested.collect();
    let mut file: serde_json::Value = serde_json::from_slice(&fs::read(room.join("heads.json")).unwrap()).unwrap();
    let prompts = file["heads"][0]["prompts"].as_array_mut().unwrap();
    prompts.extend(tested.iter().step_by(2).map(|&p| headfit::head::prompt_hash(&ds, p).into()));
    fs::write(room.join("heads.json"), file.to_string()).unwrap();

    let run = |variable: &str| {
        let args = ["evaluate", "one", "--dimension", "overall", "--draws", "50", "--head", "heads.json"];
        let mut program = assert_cmd::Command::new(env!("CARGO_BIN_EXE_headfit"));
        program.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").env(variable, "1");
        String::from_utf8(program.args(args).current_dir(room).output().unwrap().stdout).unwrap()
    };
    let said = run("CLICOLOR_FORCE");
    let sentence = format!("was fitted on {} of the {} prompts", tested.len().div_ceil(2), tested.len());
    assert!(said.contains("\u{1b}[1;31mLEAKAGE in overall: the head") && said.contains(&sentence), "{said}");
    assert!(said.contains("(50 %;") && said.contains("on the prompts it has not seen it reaches 0."), "{said}");
    assert!(!run("NO_COLOR").contains('\u{1b}'));

    let args = ["report", "one", "-o", "out", "--dimension", "overall", "--head", "heads.json", "--draws", "50"];
    assert_eq!(headfit(room, &args).code, 0);
    for page in ["out/report.html", "out/report.md"] {
        assert!(fs::read_to_string(room.join(page)).unwrap().contains(&sentence), "{page}");
    }
    let json: serde_json::Value = serde_json::from_slice(&fs::read(room.join("out/report.json")).unwrap()).unwrap();
    let leak = &json["evaluation"]["leakage"][0];
    let pairs = leak["pairs"].as_u64().unwrap();
    let row = leak["unseen"].as_array().unwrap().iter().find(|r| r["protocol"] == "tau").unwrap();
    assert_eq!(row["n"].as_u64().unwrap(), pairs - leak["fitted_pairs"].as_u64().unwrap());
    let run = headfit(room, &["verify", "out"]);
    assert!(run.code == 0 && run.stdout.contains("leakage"), "{}{}", run.stdout, run.stderr);
}

/// The documented suite over four public sets; skipped, loudly, where they are absent.
#[test]
fn the_suite_of_real_sets_can_be_read() {
    let file = crate_folder().join("datasets/suites/real.toml");
    let text = fs::read_to_string(file).unwrap();
    let plan = headfit::report::suite::SuitePlan::from_toml(&text, "real.toml").unwrap();
    assert_eq!(plan.datasets.len(), 4);
    for entry in &plan.datasets {
        let Some(path) = real_data(&entry.path.to_string_lossy()) else { return };
        let scores = fs::read_to_string(path.join("scores.csv")).unwrap();
        let header: Vec<&str> = scores.lines().next().unwrap().split(',').collect();
        for here in entry.scorers.values() {
            assert!(header.contains(&here.as_str()), "{here} is not in {}", path.display());
        }
    }
}
