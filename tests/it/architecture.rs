//! The shape of the code itself: a stage never imports one to its right, big dependencies stay in their room, files stay
//! small enough to read.

use std::fs;
use std::path::{Path, PathBuf};

/// The stages in flow order. A file in one may use its own and those before it.
const STAGES: [&str; 12] = [
    "checklist",
    "dataset",
    "features",
    "fit",
    "head",
    "evaluate",
    "audit",
    "select",
    "synth",
    "selftest",
    "report",
    "cli",
];
/// Leaves that every stage may use, and that use no stage.
const SHARED: [&str; 5] = ["error", "output", "problems", "rng", "stats"];
/// Longest file that still says one thing.
const LONGEST: usize = 520;

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// (module directly under `src/`, path, text without line comments and tests) of every source file.
fn sources() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&root, &mut files);
    assert!(files.len() > 40, "found only {} source files", files.len());
    files
        .into_iter()
        .filter(|path| !path.ends_with("tests.rs") && !path.ends_with("testing.rs"))
        .map(|path| {
            let first = path.strip_prefix(&root).unwrap().components().next().unwrap();
            let module = Path::new(first.as_os_str()).file_stem().unwrap().to_string_lossy().into_owned();
            let code: Vec<String> = fs::read_to_string(&path)
                .unwrap()
                .lines()
                .take_while(|line| !line.starts_with("mod tests {"))
                .map(|line| line.split("//").next().unwrap_or_default().to_owned())
                .collect();
            (module, path, code.join("\n"))
        })
        .collect()
}

#[test]
fn no_stage_imports_one_to_its_right() {
    let mut wrong = Vec::new();
    for (module, path, code) in sources() {
        let own = STAGES.iter().position(|s| *s == module);
        for (place, stage) in STAGES.iter().enumerate() {
            let right = match own {
                Some(own) => place > own,
                None => SHARED.contains(&module.as_str()) || module == "plot",
            };
            let imports = code.contains(&format!("crate::{stage}::")) || code.contains(&format!("crate::{stage};"));
            if right && imports {
                wrong.push(format!("{} imports {stage}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn big_dependencies_stay_in_their_room() {
    for (module, path, code) in sources() {
        let frame = path.ends_with("dataset/frame.rs");
        assert!(frame || !code.contains("polars"), "{} knows polars", path.display());
        assert!(module == "plot" || !code.contains("plotters"), "{} knows plotters", path.display());
        assert!(module == "report" || !code.contains("minijinja"), "{} knows templates", path.display());
        assert!(module == "cli" || !code.contains("println!"), "{} prints", path.display());
    }
}

#[test]
fn files_stay_readable() {
    for (_, path, code) in sources() {
        let lines = code.lines().count();
        assert!(lines <= LONGEST, "{} has {lines} lines: does it say one thing?", path.display());
    }
}
