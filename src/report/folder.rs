//! The mark of a report's folder, and what it protects: only what this program wrote, and nobody has touched since, is
//! replaced without being asked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::dataset::InputFile;
use crate::output::FOLDER_MARK;
use crate::{Error, Result, output};

/// What the mark's `command` says.
const COMMAND: &str = "report";

/// Content of [`FOLDER_MARK`]: what the folder was made from, and the hash of each file.
#[derive(Serialize, Deserialize)]
struct Mark {
    command: String,
    program_version: String,
    simulated: bool,
    inputs: Vec<InputFile>,
    files: BTreeMap<String, String>,
}

/// The mark of a folder that holds `files`.
pub(super) fn mark(
    program_version: &str,
    simulated: bool,
    inputs: Vec<InputFile>,
    files: &[(String, Vec<u8>)],
) -> Result<Vec<u8>> {
    let mark = Mark {
        command: COMMAND.into(),
        program_version: program_version.to_owned(),
        simulated,
        inputs,
        files: files.iter().map(|(name, bytes)| (name.clone(), hash(bytes))).collect(),
    };
    let mut bytes = serde_json::to_vec_pretty(&mark).map_err(|e| Error::Bug(format!("{FOLDER_MARK}: {e}")))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Fails early unless a report may take the place of `folder`: it is absent or empty, or it is a report that nobody has
/// changed or added to; a changed one needs `force`. A folder that is not a report is never replaced.
///
/// # Errors
/// [`Error::Usage`] naming the folder, what is in the way and the remedy; [`Error::Io`] where it cannot be read.
pub fn refuse_folder(folder: &Path, force: bool) -> Result<()> {
    if folder.symlink_metadata().is_err() {
        return Ok(());
    }
    let foreign = || {
        let message = "is not empty and is not a report of headfit; choose another folder for -o";
        Error::Usage(format!("{} {message}", folder.display()))
    };
    if !folder.is_dir() || folder.is_symlink() {
        return Err(foreign());
    }
    let found = files_below(folder)?;
    if found.is_empty() {
        return Ok(());
    }
    let mark = std::fs::read(folder.join(FOLDER_MARK)).ok().and_then(|b| serde_json::from_slice::<Mark>(&b).ok());
    let mark = mark.filter(|mark| mark.command == COMMAND).ok_or_else(foreign)?;
    let changed = found.iter().find(|name| {
        let as_written = |hash_then: &String| std::fs::read(folder.join(name)).is_ok_and(|b| hash(&b) == *hash_then);
        name.as_str() != FOLDER_MARK && !mark.files.get(*name).is_some_and(as_written)
    });
    match changed {
        Some(name) if !force => Err(Error::Usage(format!(
            "{}: {name} was added or changed since the report was written; save it elsewhere, or pass --force to replace \
             the whole folder",
            folder.display()
        ))),
        _ => Ok(()),
    }
}

/// Files that are not as the mark says: name, and what happened to them. `None` where there is no mark of a report.
pub(super) fn changed_files(folder: &Path) -> Result<Option<BTreeMap<String, &'static str>>> {
    let mark = std::fs::read(folder.join(FOLDER_MARK)).ok().and_then(|b| serde_json::from_slice::<Mark>(&b).ok());
    let Some(mark) = mark.filter(|mark| mark.command == COMMAND) else { return Ok(None) };
    let mut changed = BTreeMap::new();
    for name in files_below(folder)?.into_iter().filter(|name| name != FOLDER_MARK) {
        match mark.files.get(&name) {
            None => changed.insert(name, "was added after the report was written"),
            Some(written) => {
                let path = folder.join(&name);
                let now = hash(&std::fs::read(&path).map_err(Error::io(&path))?);
                if now == *written { None } else { changed.insert(name, "was changed after the report was written") }
            }
        };
    }
    for name in mark.files.keys().filter(|name| !folder.join(name).is_file()) {
        changed.insert(name.clone(), "was removed after the report was written");
    }
    Ok(Some(changed))
}

/// Names of all files below a folder, with `/`, sorted; links are named and not followed.
pub(super) fn files_below(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let mut waiting: Vec<(PathBuf, String)> = vec![(folder.to_path_buf(), String::new())];
    while let Some((path, prefix)) = waiting.pop() {
        for entry in std::fs::read_dir(&path).map_err(Error::io(&path))? {
            let entry = entry.map_err(Error::io(&path))?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type().map_err(Error::io(&path))?.is_dir() {
                waiting.push((entry.path(), format!("{name}/")));
            } else {
                names.push(name);
            }
        }
    }
    names.sort();
    Ok(names)
}

fn hash(bytes: &[u8]) -> String {
    output::hex(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, files: &[(&str, &str)]) {
        let files: Vec<(String, Vec<u8>)> = files.iter().map(|(n, b)| ((*n).into(), b.as_bytes().to_vec())).collect();
        let mark = Mark {
            command: COMMAND.into(),
            program_version: "0".into(),
            simulated: false,
            inputs: vec![],
            files: files.iter().map(|(n, b)| (n.clone(), hash(b))).collect(),
        };
        std::fs::create_dir_all(folder.join("charts")).unwrap();
        for (name, bytes) in &files {
            std::fs::write(folder.join(name), bytes).unwrap();
        }
        std::fs::write(folder.join(FOLDER_MARK), serde_json::to_vec(&mark).unwrap()).unwrap();
    }

    #[test]
    fn an_untouched_report_may_be_replaced_and_a_touched_one_only_with_force() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("r");
        assert!(refuse_folder(&folder, false).is_ok(), "absent");
        write(&folder, &[("report.md", "x"), ("charts/a.svg", "<svg/>")]);
        assert!(refuse_folder(&folder, false).is_ok(), "as written");
        std::fs::write(folder.join("charts/notes.txt"), "mine").unwrap();
        let message = refuse_folder(&folder, false).unwrap_err().to_string();
        assert!(message.contains("charts/notes.txt") && message.contains("--force"), "{message}");
        assert!(refuse_folder(&folder, true).is_ok());
        std::fs::remove_file(folder.join("charts/notes.txt")).unwrap();
        std::fs::write(folder.join("report.md"), "edited").unwrap();
        assert!(refuse_folder(&folder, false).is_err());
    }

    #[test]
    fn a_folder_of_someone_else_is_never_replaced() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("thesis.tex"), "mine").unwrap();
        assert_eq!(refuse_folder(root.path(), true).unwrap_err().exit_code(), 2);
        std::fs::write(root.path().join(FOLDER_MARK), r#"{"command":"synth","seed":1}"#).unwrap();
        assert!(refuse_folder(root.path(), true).is_err(), "a simulated data set is not a report");
    }
}
