//! Helpers of the integration tests: running the program in a folder of its own, finding the real data.

use std::path::{Path, PathBuf};

/// What a run of the program left behind.
#[derive(Debug)]
pub struct Run {
    /// Exit code.
    pub code: i32,
    /// What it printed as result.
    pub stdout: String,
    /// What it printed beside it.
    pub stderr: String,
}

/// A fresh folder for one test, removed at its end.
pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Runs `headfit` with these arguments in `folder`.
pub fn headfit(folder: &Path, args: &[&str]) -> Run {
    let output = assert_cmd::Command::new(env!("CARGO_BIN_EXE_headfit"))
        .args(args)
        .current_dir(folder)
        .output()
        .expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
    Run {
        code: output.status.code().expect("the program ends by itself"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// Folder of the crate.
pub fn crate_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Folder of a real data set; `None`, said loudly, where the real data are absent.
#[allow(clippy::print_stderr)]
pub fn real_data(set: &str) -> Option<PathBuf> {
    let root =
        std::env::var_os("HEADFIT_REAL_DATA").map_or_else(|| crate_folder().join("../shared/data"), PathBuf::from);
    let folder = root.join(set);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: no real data in {}; set HEADFIT_REAL_DATA", folder.display());
    None
}

/// Copies the files of a folder.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            std::fs::copy(&path, to.join(path.file_name().expect("a name"))).expect("a copy");
        }
    }
}
