//! A commented `dataset.toml` for a folder: what was found, what is guessed, what only people can say.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::Source;
use super::files::Files;
use super::manifest::TABLES;
use super::table::{Number, Table, list};
use super::tables::{format_of, known, read_table};
use crate::Result;
use crate::problems::{Problem, Problems, Severity};

/// Most distinct values of a column that are listed.
const LISTED: usize = 30;

/// A manifest, and the tables it was made from.
pub struct Proposal {
    /// The text of `dataset.toml`.
    pub toml: String,
    /// Table and file that it takes for it.
    pub files: Vec<(String, String)>,
    /// What could not be read.
    pub problems: Problems,
}

/// Looks through a folder and writes a manifest with guesses for names that are not canonical.
///
/// # Errors
/// [`crate::Error::Data`] where there is no such folder or no table in it; [`crate::Error::Io`] where a file cannot be
/// read.
pub fn propose(source: &Source) -> Result<Proposal> {
    let files = Files::open(source)?;
    let mut problems = Problems::default();
    let mut found: Vec<(&str, Table)> = Vec::new();
    for file in files.names.iter().filter(|name| format_of(name).is_some()) {
        let Some(bytes) = files.read(file)? else { continue };
        let Some(mut table) = read_table("", file, &bytes, &mut problems) else { continue };
        let Some(name) = guess_table(&table) else { continue };
        name.clone_into(&mut table.name);
        // The first file by name wins, unless a later one carries the canonical name.
        match found.iter_mut().find(|(other, _)| *other == name) {
            Some(slot) if stem(file) == name => slot.1 = table,
            Some(_) => {}
            None => found.push((name, table)),
        }
    }
    if found.is_empty() {
        let message = format!("no file looks like a table of a data set; the folder has {}", list(&files.names));
        let remedy = format!("add tables as .csv, .jsonl or .parquet: {}", list(TABLES));
        problems.push(Problem::new(Severity::Error, "missing-file", &files.name, message, remedy));
        return Err(crate::Error::Data(Box::new(problems)));
    }
    found.sort_by_key(|(name, _)| TABLES.iter().position(|t| t == name));
    let names = found.iter().map(|(name, table)| ((*name).to_owned(), table.file.clone())).collect();
    let toml = write_toml(&files.name, &found).unwrap_or_default();
    Ok(Proposal { toml, files: names, problems })
}

fn stem(file: &str) -> &str {
    file.rsplit_once('.').map_or(file, |(stem, _)| stem)
}

/// Words in a file name that stand for a table.
const FILE_WORDS: [(&str, &[&str]); 6] = [
    ("answers", &["answer", "response", "reply", "vqa", "judg"]),
    ("features", &["feature"]),
    ("ratings", &["rating", "likert", "mos"]),
    ("pairs", &["pair", "preference", "vote", "comparison", "battle"]),
    ("scores", &["score", "metric", "baseline"]),
    ("items", &["item", "image", "video", "sample", "generation"]),
];

/// The table that a file is, by its name and, where that says nothing, by its columns.
fn guess_table(table: &Table) -> Option<&'static str> {
    let name = stem(&table.file).to_lowercase();
    if let Some(exact) = TABLES.into_iter().find(|t| *t == name) {
        return Some(exact);
    }
    let has = |canonical: &str| guess_column(table, "", canonical).is_some();
    let by_columns = if has("item_a") && has("item_b") {
        Some("pairs")
    } else if has("annotator") && has("value") {
        Some("ratings")
    } else if has("question_id") {
        Some("answers")
    } else {
        None
    };
    let by_name = || FILE_WORDS.iter().find(|(_, words)| words.iter().any(|w| name.contains(w))).map(|(t, _)| *t);
    let by_prompt = || (has("item_id") && has("prompt_id")).then_some("items");
    by_columns.or_else(by_name).or_else(by_prompt)
}

/// Names that other projects use for our columns.
fn synonyms(canonical: &str) -> &'static [&'static str] {
    match canonical {
        "item_id" => &["item", "id", "image_id", "video_id", "sample_id", "image", "video", "path", "name", "uid"],
        "prompt_id" => &["prompt_idx", "prompt_index", "pid", "caption_id", "text_id", "group_id"],
        "prompt" => &["text", "caption", "prompt_text", "instruction"],
        "generator" => &["model", "model_name", "system", "method", "source"],
        "question_id" => &["question_idx", "qid", "q_id"],
        "answer" => &["response", "reply", "p_yes", "prob", "probability", "prediction"],
        "question" => &["question_text"],
        "category" => &["question_type", "type"],
        "judge" => &["vlm", "vqa_model", "answerer", "judge_model"],
        "depends_on" => &["dependency", "parent", "parents"],
        "annotator" => &["rater", "worker", "worker_id", "annotator_id", "user", "user_id"],
        "dimension" => &["aspect", "criterion", "attribute", "task"],
        "value" => &["rating", "score", "mos"],
        "pair_id" => &["pair", "comparison_id", "id", "uid"],
        "item_a" => &["left", "image_a", "video_a", "path_a", "a", "item_1", "image_0", "left_id"],
        "item_b" => &["right", "image_b", "video_b", "path_b", "b", "item_2", "image_1", "right_id"],
        "label" => &["vote", "vote_type", "preference", "winner", "choice", "better", "overall"],
        "weight" => &["weights"],
        "split" => &["subset", "partition"],
        _ => &[],
    }
}

/// The column of the file that stands for a canonical one: the same name, else a synonym.
fn guess_column<'t>(table: &'t Table, taken: &str, canonical: &str) -> Option<&'t str> {
    let find = |name: &str| table.originals().find(|c| c.eq_ignore_ascii_case(name) && *c != taken);
    find(canonical).or_else(|| synonyms(canonical).iter().find_map(|name| find(name)))
}

fn write_toml(folder: &str, found: &[(&str, Table)]) -> std::result::Result<String, std::fmt::Error> {
    let mut out = String::new();
    let table = |wanted: &str| found.iter().find(|(name, _)| *name == wanted).map(|(_, table)| table);
    writeln!(out, "# What the tables of this data set cannot say themselves. Lines that start with # are examples:")?;
    writeln!(out, "# remove the # and correct them where they apply. Check the result with `headfit check`.\n")?;
    writeln!(out, "name = {}", quoted(folder))?;
    writeln!(out, "# simulated = true                      # say so where no human has labelled anything")?;
    writeln!(
        out,
        "# checklist = \"visionreward-video\"      # or visionreward-image, or a checklist TOML beside this file"
    )?;
    writeln!(
        out,
        "# question_file = \"questions.txt\"       # the wording, one question a line, in the checklist's order"
    )?;
    if table("answers").is_some() && table("features").is_some() {
        writeln!(out, "# features = \"answers\"                  # table (default where it exists), answers or both")?;
    }
    write_files(&mut out, found)?;
    let mut columns = BTreeMap::new();
    for (name, table) in found {
        columns.insert(*name, write_columns(&mut out, name, table)?);
    }
    let column = |name: &str, canonical: &str| {
        let original = columns.get(name)?.get(canonical)?;
        let table = table(name)?;
        Some((table, table.columns.iter().find(|c| c.original == *original)?))
    };
    if let Some((pairs, label)) = column("pairs", "label") {
        write_labels(&mut out, &distinct(pairs, label))?;
    }
    if let (Some((ratings, dimension)), Some((_, value))) = (column("ratings", "dimension"), column("ratings", "value"))
    {
        let people = column("ratings", "annotator").map(|(t, c)| distinct(t, c)).unwrap_or_default();
        write_ratings(&mut out, ratings, dimension, value, &people)?;
    }
    if let Some((items, generator)) = column("items", "generator") {
        write_attributes(&mut out, &distinct(items, generator))?;
    }
    if let Some(scores) = table("scores") {
        let id = columns.get("scores").and_then(|c| c.get("item_id")).cloned().unwrap_or_default();
        write_scores(&mut out, scores, &id)?;
    }
    Ok(out)
}

fn write_files(out: &mut String, found: &[(&str, Table)]) -> std::fmt::Result {
    writeln!(out, "\n# File of each table, where it is not <table>.csv, .jsonl or .parquet.")?;
    let odd = found.iter().any(|(name, table)| stem(&table.file) != *name);
    writeln!(out, "{}[files]", if odd { "" } else { "# " })?;
    for (name, table) in found {
        let comment = if stem(&table.file) == *name { "# " } else { "" };
        writeln!(out, "{comment}{name} = {}    # {} rows", quoted(&table.file), table.len())?;
    }
    Ok(())
}

/// Writes the mapping of one table; returns canonical column → column in the file.
fn write_columns(
    out: &mut String,
    name: &str,
    table: &Table,
) -> std::result::Result<BTreeMap<&'static str, String>, std::fmt::Error> {
    let mut map = BTreeMap::new();
    let needed: usize = match name {
        "items" => 2,
        "answers" => 3,
        "ratings" => 4,
        "pairs" => 6,
        _ => 1,
    };
    let wide = name == "answers" && guess_column(table, "", "question_id").is_none();
    let mut lines = Vec::new();
    let mut used = BTreeSet::new();
    for (n, canonical) in known(name).iter().enumerate() {
        if wide && !["item_id", "judge"].contains(canonical) {
            continue;
        }
        match guess_column(table, "", canonical).filter(|theirs| used.insert((*theirs).to_owned())) {
            Some(theirs) => {
                if theirs != *canonical {
                    lines.push(format!("{canonical} = {}", quoted(theirs)));
                }
                map.insert(*canonical, theirs.to_owned());
            }
            None if n < needed => lines.push(format!("# {canonical} = \"…\"    # needed; no column looks like it")),
            None => {}
        }
    }
    if !lines.is_empty() {
        let columns = list(table.originals().map(one_line));
        writeln!(out, "\n# {} has the columns {columns}.", one_line(&table.file))?;
        writeln!(out, "[columns.{name}]\n{}", lines.join("\n"))?;
    }
    Ok(map)
}

fn write_labels(out: &mut String, values: &BTreeSet<String>) -> std::fmt::Result {
    let ours = |label: &String| ["a", "b", "tie"].iter().any(|known| label.trim().eq_ignore_ascii_case(known));
    let odd: Vec<&String> = values.iter().filter(|label| !ours(label)).take(LISTED).collect();
    if odd.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n# Label in the pairs table → a (the first item is better), b or tie.\n[labels]")?;
    for label in odd {
        match guess_label(label) {
            Some(ours) => writeln!(out, "{} = \"{ours}\"", key(label))?,
            None => writeln!(out, "# {} = \"tie\"    # a, b or tie?", key(label))?,
        }
    }
    Ok(())
}

fn guess_label(label: &str) -> Option<&'static str> {
    let label = label.trim().to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| label.contains(word));
    if has(&["tie", "same", "equal", "draw", "both", "neither"]) {
        Some("tie")
    } else if has(&["left", "first"]) || label.ends_with("_a") {
        Some("a")
    } else if has(&["right", "second"]) || label.ends_with("_b") {
        Some("b")
    } else {
        None
    }
}

fn write_ratings(
    out: &mut String,
    table: &Table,
    dimension: &super::table::Column,
    value: &super::table::Column,
    people: &BTreeSet<String>,
) -> std::fmt::Result {
    let mut ranges: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for row in 0..table.len() {
        if let (Some(name), Number::Value(x)) = (dimension.text(row), value.number(row)) {
            let range = ranges.entry(name.into_owned()).or_insert((x, x));
            *range = (range.0.min(x), range.1.max(x));
        }
    }
    writeln!(
        out,
        "\n# Per rating dimension: the scale, and whether an annotator's name is the same person throughout."
    )?;
    writeln!(out, "# Annotators in the file: {}.", list(people.iter().map(|p| one_line(p))))?;
    for (name, (low, high)) in ranges.iter().filter(|(_, (low, high))| low < high).take(LISTED) {
        writeln!(out, "[ratings.{}]", key(name))?;
        writeln!(
            out,
            "range = [{low:?}, {high:?}]    # lowest and highest value found; widen it to the scale that was offered"
        )?;
        writeln!(out, "# persistent = true")?;
    }
    Ok(())
}

fn write_attributes(out: &mut String, generators: &BTreeSet<String>) -> std::fmt::Result {
    writeln!(out, "\n# A group attribute made from another one, for audits and for --group-by.")?;
    writeln!(out, "# [attributes.family]\n# from = \"generator\"")?;
    let map: Vec<String> = generators.iter().take(LISTED).map(|g| format!("{} = \"…\"", key(g))).collect();
    writeln!(out, "# map = {{ {} }}", map.join(", "))
}

fn write_scores(out: &mut String, table: &Table, id: &str) -> std::fmt::Result {
    writeln!(out, "\n# Per scorer: invert where lower is better; scale where it is fixed.")?;
    for column in table.columns.iter().filter(|c| c.original != id).take(LISTED) {
        let values = (0..table.len()).filter_map(|row| match column.number(row) {
            Number::Value(x) => Some(x),
            _ => None,
        });
        let range = values.fold(None, |range: Option<(f64, f64)>, x| {
            Some(range.map_or((x, x), |(low, high)| (low.min(x), high.max(x))))
        });
        let found = range.map_or_else(|| "no number".to_owned(), |(low, high)| format!("{low} to {high}"));
        writeln!(out, "# [scores.{}]    # found: {found}\n# invert = true", key(&column.original))?;
    }
    Ok(())
}

fn distinct(table: &Table, column: &super::table::Column) -> BTreeSet<String> {
    (0..table.len()).filter_map(|row| column.text(row)).map(|text| text.trim().to_owned()).collect()
}

/// A TOML key: bare where that is allowed.
fn key(text: &str) -> String {
    let bare = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if bare { text.to_owned() } else { quoted(text) }
}

/// A TOML string that holds any text on one line.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Text for a comment: no line break can end it.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_for_foreign_names_are_a_manifest_that_reads() {
        let files: &'static [(&'static str, &'static [u8])] = &[
            ("images.csv", b"path,prompt_idx,caption,model\nx\"y,p,a cat,m1\nz,p,a cat,m2\n"),
            ("human_votes.csv", b"id,prompt_id,aspect,left,right,vote\n1,p,overall,\"x\"\"y\",z,leftvote\n"),
            ("scores.csv", b"image_id,clip\n\"x\"\"y\",0.2\nz,0.3\n"),
        ];
        let proposal = propose(&Source::Embedded { name: "odd \"name\"", files }).unwrap();
        let toml: &'static str = Box::leak(proposal.toml.into_boxed_str());
        let with: Vec<(&'static str, &'static [u8])> =
            files.iter().copied().chain([("dataset.toml", toml.as_bytes())]).collect();
        let source = Source::Embedded { name: "odd", files: Box::leak(with.into_boxed_slice()) };
        let data = crate::dataset::read(&source, Default::default()).unwrap_or_else(|e| panic!("{e}\n{toml}"));
        assert_eq!(data.name, "odd \"name\"");
        assert_eq!(data.items.attributes.keys().collect::<Vec<_>>(), ["generator"]);
        assert_eq!(data.pairs[0].votes.a, 1.0);
        assert_eq!(data.scores.unwrap().names, ["clip"]);
    }
}
