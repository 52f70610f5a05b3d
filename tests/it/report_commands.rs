//! `headfit report` and `headfit plot` as a user calls them.

use super::support::{folder, headfit};

#[test]
fn report_does_the_whole_job_and_keeps_a_changed_folder() {
    let root = folder();
    let run = headfit(root.path(), &["synth", "-o", "sim", "--train-pairs", "90", "--test-pairs", "60"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let args = ["report", "sim", "-o", "out", "--dimension", "overall", "--bootstrap", "5", "--draws", "50"];
    let run = headfit(root.path(), &args);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.trim_end().ends_with("report.html"), "the path comes last: {}", run.stdout);
    assert!(run.stderr.contains("Done in"));
    let page = std::fs::read_to_string(root.path().join("out/report.html")).unwrap();
    assert!(page.contains("Simulated data"));
    assert!(
        page.contains("headfit report DATA -o DIR --draws 50 --bootstrap 5 --dimension overall"),
        "the command has no path of ours"
    );
    assert!(!page.contains(&*root.path().to_string_lossy()));
    assert_eq!(headfit(root.path(), &args).code, 0, "an untouched report is replaced");
    assert_eq!(std::fs::read_to_string(root.path().join("out/report.html")).unwrap(), page, "the same bytes again");
    std::fs::write(root.path().join("out/notes.txt"), "mine").unwrap();
    let run = headfit(root.path(), &args);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("notes.txt") && root.path().join("out/notes.txt").exists());
    assert_eq!(headfit(root.path(), &["report", "sim", "-o", "sim"]).code, 2, "a data set is not a report");
}

#[test]
fn plot_compare_and_redact_from_the_command_line() {
    let root = folder();
    let run = headfit(root.path(), &["synth", "-o", "sim", "--train-pairs", "90", "--test-pairs", "60"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let args = |out: &'static str, seed: &'static str| {
        [
            "report",
            "sim",
            "-o",
            out,
            "--dimension",
            "overall",
            "--bootstrap",
            "5",
            "--draws",
            "50",
            "--redact",
            "--no-audit",
            "--seed",
            seed,
        ]
    };
    assert_eq!(headfit(root.path(), &args("one", "1")).code, 0);
    assert_eq!(headfit(root.path(), &args("two", "2")).code, 0);
    let run = headfit(root.path(), &["report", "--diff", "one", "two", "-o", "diff"]);
    assert!(
        run.code == 0 && run.stdout.contains("Seed: 1 before, 2 now.") && run.stdout.trim_end().ends_with("diff.html"),
        "{run:?}"
    );
    let run = headfit(root.path(), &["plot", "weights", "one"]);
    let svg = std::fs::read_to_string(root.path().join("one/charts/weights-overall.svg")).unwrap();
    assert_eq!((run.code, run.stdout.as_str()), (0, svg.as_str()));
    assert_eq!(headfit(root.path(), &["plot", "path", "one/report.json", "-o", "p.svg"]).code, 0);
    assert_eq!(headfit(root.path(), &["plot", "path", "one/report.json", "-o", "p.svg"]).code, 2, "no overwriting");
    png(root.path());
    let run = headfit(root.path(), &["plot", "head-diff", "two", "--against", "one", "-o", "charts"]);
    assert!(run.code == 0 && root.path().join("charts/head-diff-overall.svg").exists(), "{}", run.stderr);
    std::fs::write(
        root.path().join("c.json"),
        r#"{"kind": "forest", "measure": "x", "rows": [{"label": "a", "estimate": 0.2}]}"#,
    )
    .unwrap();
    assert!(headfit(root.path(), &["plot", "forest", "c.json"]).stdout.contains("<svg"));
    let run = headfit(root.path(), &["plot", "waterfall", "one", "-o", "worked"]);
    assert!(run.code == 0 && root.path().join("worked/example-right.svg").exists(), "{}", run.stderr);
    let run = headfit(root.path(), &["plot", "unseen", "one"]);
    assert!(run.code == 2 && run.stderr.contains("nothing in it to draw a unseen"), "{}", run.stderr);
    std::fs::write(root.path().join("c.json"), r#"{"kind": "forest", "rowz": []}"#).unwrap();
    let run = headfit(root.path(), &["plot", "forest", "c.json"]);
    assert!(run.code == 3 && run.stderr.contains("rowz"), "{}", run.stderr);
}

/// A chart as a picture, or the way to a program that draws one.
fn png(root: &std::path::Path) {
    let run = headfit(root, &["plot", "path", "one", "-o", "p.png"]);
    if cfg!(feature = "png") {
        assert_eq!(run.code, 0, "{}", run.stderr);
        let bytes = std::fs::read(root.join("p.png")).unwrap();
        let side = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
        let svg = std::fs::read_to_string(root.join("p.svg")).unwrap();
        let width: f64 = svg.split("width=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
        assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n") && f64::from(side(16)) == (2.0 * width).ceil());
    } else {
        assert!(run.code == 2 && run.stderr.contains("--features png"), "{}", run.stderr);
        assert!(!root.join("p.png").exists());
    }
}

/// Every file below a folder: name relative to it, and bytes.
fn files(folder: &std::path::Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut found = std::collections::BTreeMap::new();
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                found.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[test]
fn a_redacted_report_names_no_annotator_and_its_json_gives_every_file_again() {
    let root = folder();
    let run = headfit(root.path(), &["synth", "-o", "sim", "--train-pairs", "90", "--test-pairs", "60"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let args = |out: &'static str, redact: &'static str| {
        ["report", "sim", "-o", out, "--dimension", "alignment", "--bootstrap", "5", "--draws", "50", redact]
    };
    // Annotators of the simulated set: what an open report shows is what a redacted one must not.
    let names = ["sim-anna", "sim-ben", "sim-cleo"];
    let holds = |bytes: &[u8], name: &str| String::from_utf8_lossy(bytes).contains(name);
    assert_eq!(headfit(root.path(), &args("open", "--title=Open")).code, 0);
    let open = files(&root.path().join("open"));
    assert!(open.values().any(|bytes| holds(bytes, names[0])), "the audit of an open report names annotators");
    assert_eq!(headfit(root.path(), &args("secret", "--redact=salt")).code, 0);
    let secret = files(&root.path().join("secret"));
    for (file, bytes) in &secret {
        for name in names {
            assert!(!holds(bytes, name), "{file} holds {name}");
        }
        assert!(!holds(bytes, "redact=") && !holds(bytes, "salt "), "{file} holds the salt");
    }
    assert!(holds(&secret["tables/findings.csv"], "annotator-") || holds(&secret["report.json"], "annotator-"));

    // The whole report once more, from its numbers alone: every page, chart and table.
    let run = headfit(root.path(), &["report", "secret/report.json", "-o", "again"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let again = files(&root.path().join("again"));
    assert_eq!(again.keys().collect::<Vec<_>>(), secret.keys().collect::<Vec<_>>());
    for (file, bytes) in &again {
        assert!(*bytes == secret[file], "{file} differs");
    }
}
