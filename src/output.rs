//! Writing files whole: never a torn one, never one that the user did not ask to replace.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// Name of the file that marks a folder as written by this program, so that it may be replaced.
pub const FOLDER_MARK: &str = "headfit-output.json";

/// JSON for files with long tables: indented down to `depth` levels, each row of a table there on one line.
///
/// # Errors
/// [`Error::Bug`] if the value cannot be serialised.
pub fn json_rows(value: &impl serde::Serialize, depth: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut serializer =
        serde_json::Serializer::with_formatter(&mut bytes, Rows { most: depth, depth: 0, empty: false });
    value.serialize(&mut serializer).map_err(|e| Error::Bug(format!("JSON: {e}")))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Indents objects and arrays down to `most` levels, and writes what lies deeper without a break.
struct Rows {
    most: usize,
    depth: usize,
    empty: bool,
}

impl Rows {
    fn line<W: Write + ?Sized>(&self, out: &mut W) -> std::io::Result<()> {
        match self.depth <= self.most {
            true => write!(out, "\n{:1$}", "", 2 * self.depth),
            false => Ok(()),
        }
    }

    fn open<W: Write + ?Sized>(&mut self, out: &mut W, bracket: &[u8]) -> std::io::Result<()> {
        (self.depth, self.empty) = (self.depth + 1, true);
        out.write_all(bracket)
    }

    fn close<W: Write + ?Sized>(&mut self, out: &mut W, bracket: &[u8]) -> std::io::Result<()> {
        let inside = self.depth;
        self.depth -= 1;
        if !self.empty && inside <= self.most {
            self.line(out)?;
        }
        self.empty = false;
        out.write_all(bracket)
    }

    fn next<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> std::io::Result<()> {
        self.empty = false;
        if !first {
            out.write_all(if self.depth <= self.most { b"," } else { b", " })?;
        }
        self.line(out)
    }
}

impl serde_json::ser::Formatter for Rows {
    fn begin_array<W: Write + ?Sized>(&mut self, out: &mut W) -> std::io::Result<()> {
        self.open(out, b"[")
    }

    fn end_array<W: Write + ?Sized>(&mut self, out: &mut W) -> std::io::Result<()> {
        self.close(out, b"]")
    }

    fn begin_array_value<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> std::io::Result<()> {
        self.next(out, first)
    }

    fn begin_object<W: Write + ?Sized>(&mut self, out: &mut W) -> std::io::Result<()> {
        self.open(out, b"{")
    }

    fn end_object<W: Write + ?Sized>(&mut self, out: &mut W) -> std::io::Result<()> {
        self.close(out, b"}")
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> std::io::Result<()> {
        self.next(out, first)
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, out: &mut W) -> std::io::Result<()> {
        out.write_all(b": ")
    }
}

/// Writes `bytes` to `path` as [`FileWriter`] does.
///
/// # Errors
/// [`Error::Usage`] if the file exists and `force` is false; [`Error::Io`] if it cannot be written.
pub fn write_file(path: &Path, bytes: &[u8], force: bool) -> Result<()> {
    let mut file = FileWriter::new(path, force)?;
    file.write_all(bytes).map_err(Error::io(path))?;
    file.finish()
}

/// A file that is written piece by piece and takes its name only when it is whole: it grows beside its place and is
/// renamed. A symbolic link stays and its target is replaced; a device or a pipe (`/dev/null`, `/dev/stdout`) is
/// written to, since a rename would put an ordinary file where the device was.
#[derive(Debug)]
pub struct FileWriter {
    file: std::io::BufWriter<Sink>,
    path: PathBuf,
    force: bool,
}

#[derive(Debug)]
enum Sink {
    /// Grows beside its place.
    Beside(tempfile::NamedTempFile),
    /// Is not a file that could be replaced.
    Through(std::fs::File),
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Sink::Beside(file) => file.write(bytes),
            Sink::Through(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Sink::Beside(file) => file.flush(),
            Sink::Through(file) => file.flush(),
        }
    }
}

impl FileWriter {
    /// Starts a file; nothing stands at `path` until [`FileWriter::finish`].
    ///
    /// # Errors
    /// As [`write_file`].
    pub fn new(path: &Path, force: bool) -> Result<Self> {
        refuse_existing(path, force)?;
        let sink = if is_device(path) {
            Sink::Through(std::fs::OpenOptions::new().write(true).open(path).map_err(Error::io(path))?)
        } else {
            let target = target_of(path);
            Sink::Beside(tempfile::NamedTempFile::new_in(folder_of(&target)).map_err(Error::io(path))?)
        };
        Ok(Self { file: std::io::BufWriter::new(sink), path: path.to_path_buf(), force })
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// As [`write_file`].
    pub fn finish(self) -> Result<()> {
        let path = self.path;
        match self.file.into_inner().map_err(|e| Error::io(&path)(e.into_error()))? {
            Sink::Through(mut file) => file.flush().map_err(Error::io(&path)),
            Sink::Beside(file) => {
                file.as_file().sync_all().map_err(Error::io(&path))?;
                set_ordinary_permissions(file.path()).map_err(Error::io(&path))?;
                refuse_existing(&path, self.force)?;
                file.persist(target_of(&path)).map_err(|e| Error::io(&path)(e.error))?;
                Ok(())
            }
        }
    }
}

/// Whether something stands at `path` that is neither a file nor a folder: a device, a pipe, a socket.
fn is_device(path: &Path) -> bool {
    path.metadata().is_ok_and(|m| !m.is_file() && !m.is_dir())
}

/// Where `path` leads, if it is a symbolic link to something that exists.
fn target_of(path: &Path) -> PathBuf {
    if path.is_symlink() { path.canonicalize().unwrap_or_else(|_| path.to_path_buf()) } else { path.to_path_buf() }
}

/// The folder that holds `path`.
fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

impl Write for FileWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// Fails early, before any work, if `path` exists and may not be overwritten. Nothing is lost by writing to a device.
///
/// # Errors
/// [`Error::Usage`] naming the file and `--force`.
pub fn refuse_existing(path: &Path, force: bool) -> Result<()> {
    if !force && path.symlink_metadata().is_ok() && !is_device(path) {
        return Err(Error::Usage(format!("{} exists; pass --force to overwrite it", path.display())));
    }
    Ok(())
}

/// Fails early if `folder` may not be replaced: it exists, is not empty and does not carry [`FOLDER_MARK`].
///
/// # Errors
/// [`Error::Usage`] naming the folder and the remedy.
pub fn refuse_foreign_folder(folder: &Path, force: bool) -> Result<()> {
    if is_device(folder) {
        return Err(Error::Usage(format!("{} is a device or a pipe; choose a folder", folder.display())));
    }
    let occupied = match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) if folder.is_file() => true,
        Err(_) => false,
    };
    if occupied && !force && !folder.join(FOLDER_MARK).is_file() {
        return Err(Error::Usage(format!(
            "{} is not empty and was not written by headfit; choose another folder or pass --force to replace it",
            folder.display()
        )));
    }
    Ok(())
}

/// As [`refuse_foreign_folder`], and refuses a folder that another command of ours wrote, too: a data set or a report is not to
/// be replaced by what was made of it.
///
/// # Errors
/// As [`refuse_foreign_folder`].
pub fn refuse_folder_of_others(folder: &Path, command: Option<&str>, force: bool) -> Result<()> {
    refuse_foreign_folder(folder, force)?;
    let Ok(mark) = std::fs::read(folder.join(FOLDER_MARK)) else { return Ok(()) };
    let written = command_of(&mark);
    if !force && written.as_deref() != command {
        let what = written.map_or_else(|| "something else".to_owned(), |w| format!("what `headfit {w}` wrote"));
        return Err(Error::Usage(format!(
            "{} holds {what}; choose another folder or pass --force to replace it",
            folder.display()
        )));
    }
    Ok(())
}

/// The command that a mark names.
fn command_of(mark: &[u8]) -> Option<String> {
    let mark: serde_json::Value = serde_json::from_slice(mark).ok()?;
    mark["command"].as_str().map(str::to_owned)
}

/// Writes a folder whole: all files go to a temporary sibling, which then takes the folder's place.
/// Names are relative, may hold `/`, and must stay inside.
///
/// # Errors
/// [`Error::Usage`] as in [`refuse_folder_of_others`]; [`Error::Io`] if something cannot be written, in which case the
/// old folder is still there.
pub fn write_folder(folder: &Path, files: &[(String, Vec<u8>)], force: bool) -> Result<()> {
    let command = files.iter().find(|(name, _)| name == FOLDER_MARK).and_then(|(_, mark)| command_of(mark));
    refuse_folder_of_others(folder, command.as_deref(), force)?;
    let folder = &target_of(folder);
    let parent = folder_of(folder);
    std::fs::create_dir_all(&parent).map_err(Error::io(&parent))?;
    let fresh = tempfile::Builder::new().prefix(".headfit-").tempdir_in(&parent).map_err(Error::io(&parent))?;
    let written = fresh.path().join("new");
    std::fs::create_dir(&written).map_err(Error::io(&written))?;
    for (name, bytes) in files {
        let relative = Path::new(name);
        if !relative.components().all(|c| matches!(c, std::path::Component::Normal(_))) {
            return Err(Error::Bug(format!("output name {name:?} leaves its folder")));
        }
        let path = written.join(relative);
        if let Some(inner) = path.parent() {
            std::fs::create_dir_all(inner).map_err(Error::io(inner))?;
        }
        std::fs::write(&path, bytes).map_err(Error::io(&path))?;
    }
    if folder.symlink_metadata().is_ok() {
        std::fs::rename(folder, fresh.path().join("old")).map_err(Error::io(folder))?;
    }
    std::fs::rename(&written, folder).map_err(Error::io(folder))
}

/// Bytes, such as a digest, as lower-case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A table as the bytes of a CSV file.
///
/// # Errors
/// [`Error::Bug`] where a row is longer or shorter than the head.
pub fn csv<S: AsRef<[u8]>>(head: &[S], rows: impl IntoIterator<Item = Vec<String>>) -> Result<Vec<u8>> {
    let bug = |e: csv::Error| Error::Bug(format!("CSV: {e}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(head).map_err(bug)?;
    for row in rows {
        writer.write_record(&row).map_err(bug)?;
    }
    writer.into_inner().map_err(|e| Error::Bug(format!("CSV: {e}")))
}

/// Temporary files are private (0600); what a user asked for should follow the usual umask-like 0644.
#[cfg(unix)]
fn set_ordinary_permissions(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn set_ordinary_permissions(_: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_another_command_is_kept() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("out");
        let files = |command: &str| {
            let mark = format!("{{\"command\": \"{command}\"}}").into_bytes();
            vec![(FOLDER_MARK.to_owned(), mark), (format!("{command}.csv"), b"x".to_vec())]
        };
        write_folder(&out, &files("synth"), false).unwrap();
        let refused = write_folder(&out, &files("audit"), false).unwrap_err();
        assert!(refused.exit_code() == 2 && refused.to_string().contains("what `headfit synth` wrote"), "{refused}");
        assert!(out.join("synth.csv").exists());
        write_folder(&out, &files("synth"), false).unwrap();
        write_folder(&out, &files("audit"), true).unwrap();
        assert!(out.join("audit.csv").exists() && !out.join("synth.csv").exists());
    }

    #[test]
    fn rows_of_a_table_stand_on_one_line_each() {
        let value =
            serde_json::json!({"name": "x", "empty": [], "none": {}, "rows": [{"a": 1, "b": [1, 2]}, {"a": {}}]});
        let text = String::from_utf8(json_rows(&value, 2).unwrap()).unwrap();
        assert_eq!(
            text,
            "{\n  \"empty\": [],\n  \"name\": \"x\",\n  \"none\": {},\n  \"rows\": [\n    {\"a\": 1, \"b\": [1, 2]},\n    \
             {\"a\": {}}\n  ]\n}\n"
        );
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }

    #[test]
    fn an_existing_file_is_kept_without_force() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write_file(&path, b"1", false).unwrap();
        assert_eq!(write_file(&path, b"2", false).unwrap_err().exit_code(), 2);
        assert_eq!(std::fs::read(&path).unwrap(), b"1");
        write_file(&path, b"2", true).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"2");
    }

    #[test]
    fn only_our_own_folder_is_replaced() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("out");
        std::fs::create_dir(&out).unwrap();
        std::fs::write(out.join("thesis.tex"), "mine").unwrap();
        let files = vec![(FOLDER_MARK.to_owned(), b"{}".to_vec()), ("charts/a.svg".to_owned(), b"<svg/>".to_vec())];
        assert_eq!(write_folder(&out, &files, false).unwrap_err().exit_code(), 2);
        assert!(out.join("thesis.tex").exists());
        let other = root.path().join("other");
        write_folder(&other, &files, false).unwrap();
        write_folder(&other, &files[..1], false).unwrap();
        assert!(!other.join("charts").exists(), "old files do not linger");
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 2, "no temporary folder is left");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_and_its_target_is_replaced() {
        let root = tempfile::tempdir().unwrap();
        let (file, link) = (root.path().join("file"), root.path().join("link"));
        std::fs::write(&file, b"1").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert_eq!(write_file(&link, b"2", false).unwrap_err().exit_code(), 2);
        write_file(&link, b"2", true).unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read(&file).unwrap(), b"2");
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_written_to_and_stays() {
        use std::os::unix::fs::FileTypeExt;
        let root = tempfile::tempdir().unwrap();
        let pipe = root.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || std::fs::read(pipe).unwrap()
        });
        write_file(&pipe, b"12", true).unwrap();
        assert!(pipe.metadata().unwrap().file_type().is_fifo(), "an ordinary file stands where the pipe was");
        assert_eq!(reader.join().unwrap(), b"12");
        assert_eq!(write_folder(&pipe, &[], true).unwrap_err().exit_code(), 2);
        assert!(pipe.metadata().unwrap().file_type().is_fifo());
    }

    #[test]
    fn no_name_leaves_the_folder() {
        let root = tempfile::tempdir().unwrap();
        let files = vec![("../escape".to_owned(), Vec::new())];
        assert!(write_folder(&root.path().join("out"), &files, false).is_err());
        assert!(!root.path().join("escape").exists());
    }
}
