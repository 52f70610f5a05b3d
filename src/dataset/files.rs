//! Where the bytes come from: a folder on disk or files built into the program.

use std::path::{Path, PathBuf};

use super::Source;
use crate::problems::{Problem, Severity};
use crate::{Error, Result};

/// Name of the manifest inside a data set's folder.
pub const MANIFEST: &str = "dataset.toml";

/// The files of one data set.
pub struct Files<'a> {
    source: &'a Source,
    /// Names of the files in the folder, sorted.
    pub names: Vec<String>,
    /// Name of the folder, for people.
    pub name: String,
}

impl<'a> Files<'a> {
    /// Looks into the source.
    ///
    /// # Errors
    /// [`Error::Data`] where there is no such folder; [`Error::Io`] where it cannot be listed.
    pub fn open(source: &'a Source) -> Result<Self> {
        let (mut names, name) = match source {
            Source::Embedded { name, files } => {
                (files.iter().map(|(file, _)| (*file).to_owned()).collect(), (*name).to_owned())
            }
            Source::Memory { name, files } => (files.iter().map(|(file, _)| file.clone()).collect(), name.clone()),
            Source::Folder { path, .. } => (list_folder(path)?, folder_name(path)),
        };
        names.sort();
        Ok(Self { source, names, name })
    }

    /// The bytes of a file of the folder; `None` where there is no such file.
    ///
    /// # Errors
    /// [`Error::Io`] where it exists and cannot be read.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        match self.source {
            Source::Folder { path, .. } => read_file(&path.join(name)),
            Source::Memory { files, .. } => {
                Ok(files.iter().find(|(file, _)| file == name).map(|(_, bytes)| bytes.clone()))
            }
            Source::Embedded { files, .. } => {
                Ok(files.iter().find(|(file, _)| *file == name).map(|(_, bytes)| bytes.to_vec()))
            }
        }
    }

    /// The bytes of a file beside the manifest.
    ///
    /// # Errors
    /// As [`Files::read`].
    pub fn read_beside_manifest(&self, name: &str) -> Result<Option<Vec<u8>>> {
        match self.source {
            Source::Folder { manifest: Some(manifest), .. } => {
                read_file(&manifest.parent().unwrap_or_else(|| Path::new("")).join(name))
            }
            _ => self.read(name),
        }
    }

    /// The manifest's name, for messages, and its bytes.
    ///
    /// # Errors
    /// [`Error::Data`] where the file that was asked for does not exist; [`Error::Io`] where it cannot be read.
    pub fn manifest(&self) -> Result<Option<(String, Vec<u8>)>> {
        let Source::Folder { manifest: Some(path), .. } = self.source else {
            return Ok(self.read(MANIFEST)?.map(|bytes| (MANIFEST.to_owned(), bytes)));
        };
        let name = path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
        match read_file(path)? {
            Some(bytes) => Ok(Some((name, bytes))),
            None => Err(Error::data(Problem::new(
                Severity::Error,
                "missing-file",
                path.display().to_string(),
                "the manifest does not exist",
                "check the path after --manifest",
            ))),
        }
    }
}

fn list_folder(path: &Path) -> Result<Vec<String>> {
    if !path.is_dir() {
        let message = if path.exists() { "this is a file, not a folder" } else { "the folder does not exist" };
        let remedy = "give the folder that holds the tables (items.csv and others)";
        let file = path.display().to_string();
        return Err(Error::data(Problem::new(Severity::Error, "missing-folder", file, message, remedy)));
    }
    let mut names = Vec::new();
    for entry in std::fs::read_dir(path).map_err(Error::io(path))? {
        let entry = entry.map_err(Error::io(path))?;
        if entry.path().is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(names)
}

/// The folder's own name, also for `.` and `..`.
fn folder_name(path: &Path) -> String {
    let absolute: PathBuf = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    absolute.file_name().map_or_else(|| "data".to_owned(), |n| n.to_string_lossy().into_owned())
}

fn read_file(path: &Path) -> Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound || path.is_dir() => Ok(None),
        Err(e) => Err(Error::io(path)(e)),
    }
}
