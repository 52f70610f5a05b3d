//! The items table → [`Items`]: ids, prompts, groups and attributes.

use std::collections::{BTreeMap, HashMap};

use super::Items;
use super::groups;
use super::manifest::Declared;
use super::table::{Column, Table, list};
use crate::problems::{Problem, Problems, Severity};

/// Names in order of first appearance, and their numbers.
#[derive(Debug, Default)]
pub struct Interner {
    /// The names.
    pub names: Vec<String>,
    numbers: HashMap<String, usize>,
    /// Number given last: tables mostly repeat it, or go on to the next.
    last: usize,
}

impl Interner {
    /// The number of a name; a new one where it was not met before.
    pub fn number(&mut self, name: &str) -> usize {
        for guess in [self.last, self.last + 1] {
            if self.names.get(guess).is_some_and(|known| known == name) {
                self.last = guess;
                return guess;
            }
        }
        self.last = match self.numbers.get(name) {
            Some(&number) => number,
            None => {
                self.names.push(name.to_owned());
                self.numbers.insert(name.to_owned(), self.names.len() - 1);
                self.names.len() - 1
            }
        };
        self.last
    }

    /// The number of a name that was met before.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.numbers.get(name).copied()
    }
}

/// Builds the items; rows that break a rule are left out and reported.
pub fn build(table: &Table, declared: &Declared, problems: &mut Problems) -> Option<Items> {
    let id = table.require("item_id", problems);
    let prompt_id = table.require("prompt_id", problems);
    let (id, prompt_id) = (id?, prompt_id?);
    let prompt_text = table.column("prompt");
    let mut items = Items::default();
    let mut prompts = Interner::default();
    let mut rows = Vec::with_capacity(table.len());
    for row in 0..table.len() {
        let item = table.needed(id, row, problems);
        let prompt = table.needed(prompt_id, row, problems);
        let (Some(item), Some(prompt)) = (item, prompt) else { continue };
        if let Some(&first) = items.by_id.get(item.as_ref()) {
            let line = rows.get(first).and_then(|&r: &usize| table.lines.get(r)).copied().unwrap_or(0);
            let message = format!("the item stands on line {line} already");
            problems.push(table.error(
                "duplicate-id",
                row,
                id,
                message,
                "give every item one row and an id of its own",
            ));
            continue;
        }
        items.by_id.insert(item.to_string(), items.ids.len());
        items.ids.push(item.into_owned());
        let prompt = prompts.number(&prompt);
        items.prompt.push(prompt);
        if prompt == items.prompt_texts.len() {
            items.prompt_texts.push(None);
        }
        rows.push(row);
        if let Some(column) = prompt_text {
            add_text(table, column, row, prompt, &prompts, &mut items, problems);
        }
    }
    items.prompt_ids = prompts.names;
    merge(table, &mut items, problems);
    for column in table.columns.iter().filter(|c| !["item_id", "prompt_id", "prompt"].contains(&c.name.as_str())) {
        let values = rows.iter().map(|&row| column.text(row).map(|text| text.into_owned())).collect();
        items.attributes.insert(column.name.clone(), values);
    }
    derive_attributes(declared, &mut items, problems);
    Some(items)
}

/// The index of the item that a cell names; an error where there is none.
pub fn link(table: &Table, column: &Column, row: usize, items: &Items, problems: &mut Problems) -> Option<usize> {
    link_near(table, column, row, items, 0, problems)
}

/// As [`link`], where the item of the row before is known: tables mostly repeat it, or go on to the next.
pub fn link_near(
    table: &Table,
    column: &Column,
    row: usize,
    items: &Items,
    near: usize,
    problems: &mut Problems,
) -> Option<usize> {
    let id = table.needed(column, row, problems)?;
    let guess = [near, near + 1].into_iter().find(|&guess| items.ids.get(guess).is_some_and(|known| *known == id));
    let item = guess.or_else(|| items.by_id.get(id.as_ref()).copied());
    if item.is_none() {
        let message = "the items table has no such item";
        problems.push(table.error(
            "unknown-item",
            row,
            column,
            message,
            "add the item to the items table, or correct the id",
        ));
    }
    item
}

fn add_text(
    table: &Table,
    column: &Column,
    row: usize,
    prompt: usize,
    prompts: &Interner,
    items: &mut Items,
    problems: &mut Problems,
) {
    let Some(text) = column.text(row) else { return };
    let Some(known) = items.prompt_texts.get_mut(prompt) else { return };
    match known {
        None => *known = Some(text.into_owned()),
        Some(known) if *known == text || groups::fold(known) == groups::fold(&text) => {}
        Some(_) => {
            let id = prompts.names.get(prompt).map_or("", String::as_str);
            let message = format!("the prompt {id} has another text on an earlier line, which is kept");
            let remedy = "give different prompts different ids";
            let problem = table.problem(Severity::Warning, "prompt-text-differs", row, message, remedy);
            problems.push(problem.cell(&column.original, text));
        }
    }
}

/// Groups the prompts, and notes merges and prompts without text.
fn merge(table: &Table, items: &mut Items, problems: &mut Problems) {
    let groups = groups::group(&items.prompt_texts);
    items.prompt_group = groups.of_prompt;
    for prompts in &groups.merged {
        let ids = list(prompts.iter().filter_map(|&p| items.prompt_ids.get(p)));
        let message = format!("the prompts {ids} have the same text and share one fold and one bootstrap group");
        problems.push(Problem::new(Severity::Note, "merged-prompts", &table.file, message, ""));
    }
    if table.column("prompt").is_none() {
        let message = "there is no prompt text, so equal prompts under different ids cannot be found";
        let remedy = "add a prompt column to keep equal prompts in one fold";
        problems.push(Problem::new(Severity::Note, "prompt-without-text", &table.file, message, remedy));
        return;
    }
    for (id, _) in items.prompt_ids.iter().zip(&items.prompt_texts).filter(|(_, text)| text.is_none()) {
        let message = format!("the prompt {id} has no text and is never merged with another");
        problems.push(Problem::new(Severity::Note, "prompt-without-text", &table.file, message, ""));
    }
}

/// Adds the attributes that the manifest derives from others.
fn derive_attributes(declared: &Declared, items: &mut Items, problems: &mut Problems) {
    let mut derived: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
    for (name, rule) in &declared.manifest.attributes {
        if ["item_id", "prompt_id", "prompt"].contains(&name.as_str()) || items.attributes.contains_key(name) {
            let message = format!("the items table has a column {name} already");
            problems.push(declared.error(&["attributes", name], "manifest-bad-value", message, "choose another name"));
            continue;
        }
        let Some(source) = items.attributes.get(&rule.from) else {
            let message =
                format!("there is no attribute {}; the items have {}", rule.from, list(items.attributes.keys()));
            let path = ["attributes", name, "from"];
            problems.push(declared.error(&path, "manifest-unknown-name", message, "correct the name"));
            continue;
        };
        for from in rule.map.keys().filter(|from| !source.iter().flatten().any(|value| value == *from)) {
            let message = format!("no item has {} = \"{from}\"", rule.from);
            let path = ["attributes", name, "map", from];
            let problem =
                declared.problem(Severity::Warning, &path, "manifest-unused-value", message, "correct the value");
            problems.push(problem);
        }
        let values = source.iter().map(|value| value.as_ref().and_then(|v| rule.map.get(v)).cloned()).collect();
        derived.insert(name.clone(), values);
    }
    items.attributes.append(&mut derived);
}
