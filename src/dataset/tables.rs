//! Finding the file of each table, reading it in its format, and giving its columns their canonical names.

use sha2::{Digest, Sha256};

use super::InputFile;
use super::files::Files;
use super::manifest::{Declared, TABLES};
use super::table::{Table, list};
use super::{delimited, frame, jsonl};
use crate::Result;
use crate::problems::{Problem, Problems, Severity};

/// Extensions that are read, in order of preference for messages.
const FORMATS: [&str; 3] = ["csv", "jsonl", "parquet"];

/// The tables that were found, in the order of [`TABLES`].
pub struct Tables {
    /// What was read.
    pub tables: Vec<Table>,
    /// Tables whose file exists and whose rows cannot be trusted to be complete.
    pub broken: Vec<&'static str>,
    /// Files that were read, the manifest first.
    pub inputs: Vec<InputFile>,
}

impl Tables {
    /// Takes the table with this canonical name out, so that its memory can be freed after use.
    pub fn take(&mut self, name: &str) -> Option<Table> {
        self.tables.iter().position(|t| t.name == name).map(|at| self.tables.remove(at))
    }
}

/// Reads every table there is.
///
/// # Errors
/// [`crate::Error::Io`] where a file exists and cannot be read.
pub fn read(files: &Files, declared: &Declared, problems: &mut Problems) -> Result<Tables> {
    let mut out = Tables { tables: Vec::new(), broken: Vec::new(), inputs: Vec::new() };
    if let Some(bytes) = &declared.bytes {
        out.inputs.push(input("manifest", &declared.file, bytes, 0));
    }
    let mut used = Vec::new();
    for name in TABLES {
        let Some(file) = find(name, files, declared, problems) else { continue };
        used.push(file.clone());
        let Some(bytes) = files.read(&file)? else {
            let message =
                format!("the file {file} of the {name} table does not exist; the folder has {}", list(&files.names));
            problems.push(declared.error(&["files", name], "missing-file", message, "correct the name"));
            out.broken.push(name);
            continue;
        };
        let before = problems.count(Severity::Error);
        let table = read_table(name, &file, &bytes, problems);
        out.inputs.push(input(name, &file, &bytes, table.as_ref().map_or(0, |t| t.len() as u64)));
        match table {
            Some(mut table) => {
                rename(&mut table, declared, problems);
                out.tables.push(table);
            }
            None => out.broken.push(name),
        }
        if problems.count(Severity::Error) > before && !out.broken.contains(&name) {
            out.broken.push(name);
        }
    }
    for name in files.names.iter().filter(|name| format_of(name).is_some() && !used.contains(name)) {
        let message =
            format!("the file is not a table of the data set and was not read; the tables are {}", list(TABLES));
        let remedy = "rename it, or name it under [files] in dataset.toml, if it should be one";
        problems.push(Problem::new(Severity::Note, "unused-file", name, message, remedy));
    }
    Ok(out)
}

/// Reads one table in the format that its file name says.
pub fn read_table(name: &str, file: &str, bytes: &[u8], problems: &mut Problems) -> Option<Table> {
    let mut table = match format_of(file) {
        Some("csv") => delimited::read(name, file, bytes, problems),
        Some("jsonl") => jsonl::read(name, file, bytes, problems),
        Some("parquet") => frame::read(name, file, bytes, problems),
        _ => {
            let message = "the format of the file is not known by its name";
            let remedy = "use a name that ends in .csv, .jsonl or .parquet";
            problems.push(Problem::new(Severity::Error, "unknown-format", file, message, remedy));
            None
        }
    }?;
    let nameless = table.columns.iter().filter(|c| c.name.is_empty()).count();
    if nameless > 0 {
        // Written by tools that save their row numbers; as a feature it would leak the order of the rows.
        let message = format!("{nameless} column(s) without a name were ignored");
        problems.push(Problem::new(Severity::Note, "nameless-column", file, message, "name the column to use it"));
        table.columns.retain(|c| !c.name.is_empty());
    }
    Some(table)
}

/// `csv`, `jsonl` or `parquet` where the file name ends so.
pub fn format_of(file: &str) -> Option<&'static str> {
    let (_, extension) = file.rsplit_once('.')?;
    FORMATS.into_iter().find(|format| extension.eq_ignore_ascii_case(format))
}

/// The file of a table: the manifest's word, else the one file with its name.
fn find(name: &str, files: &Files, declared: &Declared, problems: &mut Problems) -> Option<String> {
    if let Some(file) = declared.manifest.files.get(name) {
        return Some(file.clone());
    }
    let candidates: Vec<String> =
        FORMATS.iter().map(|format| format!("{name}.{format}")).filter(|file| files.names.contains(file)).collect();
    if let [first, second, ..] = candidates.as_slice() {
        let message = format!("the {name} table has several files: {}", list(&candidates));
        let remedy = format!("remove {second}, or name the right one in dataset.toml: [files] {name} = \"{first}\"");
        problems.push(Problem::new(Severity::Error, "several-files", first, message, remedy));
    }
    if candidates.is_empty() && name == "items" {
        let message = "there is no items table (items.csv, items.jsonl or items.parquet)";
        let remedy = "add it, or name its file in dataset.toml: [files] items = \"…\"";
        problems.push(Problem::new(Severity::Error, "missing-file", "items.csv", message, remedy));
    }
    candidates.into_iter().next()
}

/// Gives columns the canonical names that the manifest maps them to.
fn rename(table: &mut Table, declared: &Declared, problems: &mut Problems) {
    let Some(map) = declared.manifest.columns.get(&table.name) else { return };
    let originals: Vec<String> = table.originals().map(str::to_owned).collect();
    for (canonical, theirs) in map {
        let path = ["columns", table.name.as_str(), canonical.as_str()];
        if !canonical_is_known(table, map, canonical) {
            let message =
                format!("the {} table has no column {canonical}; it has {}", table.name, list(known(&table.name)));
            problems.push(declared.error(&path, "manifest-unknown-name", message, "correct the name"));
        } else if !originals.contains(theirs) {
            let message = format!("{} has no column {theirs}; it has {}", table.file, list(&originals));
            problems.push(declared.error(&path, "manifest-unknown-name", message, "correct the name"));
        }
    }
    for (canonical, theirs) in map.iter().filter(|(_, theirs)| originals.contains(theirs)) {
        // A column that has the canonical name by chance gives way to the one that was named for it.
        table
            .columns
            .retain(|c| c.original == *theirs || c.name != *canonical || map.values().any(|t| *t == c.original));
        for column in table.columns.iter_mut().filter(|c| c.original == *theirs) {
            column.name.clone_from(canonical);
        }
    }
}

/// Canonical columns of a table.
pub fn known(table: &str) -> &'static [&'static str] {
    match table {
        "items" => &["item_id", "prompt_id", "prompt", "generator"],
        "answers" => &["item_id", "question_id", "answer", "question", "category", "judge", "depends_on"],
        "ratings" => &["item_id", "annotator", "dimension", "value"],
        "pairs" => &[
            "pair_id",
            "prompt_id",
            "dimension",
            "item_a",
            "item_b",
            "label",
            "annotator",
            "weight",
            "split",
            "margin",
        ],
        _ => &["item_id"],
    }
}

/// Wide tables and the attributes of items may be renamed to anything; the others have fixed columns.
fn canonical_is_known(table: &Table, map: &std::collections::BTreeMap<String, String>, canonical: &str) -> bool {
    let long = |name: &str| table.column(name).is_some() || map.contains_key(name);
    let fixed = match table.name.as_str() {
        "ratings" | "pairs" => true,
        "answers" => long("question_id") && long("answer"),
        _ => false,
    };
    !fixed || known(&table.name).contains(&canonical)
}

fn input(table: &str, file: &str, bytes: &[u8], rows: u64) -> InputFile {
    let sha256 = crate::output::hex(&Sha256::digest(bytes));
    InputFile { table: table.to_owned(), file: file.to_owned(), sha256, rows }
}
