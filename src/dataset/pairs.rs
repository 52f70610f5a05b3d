//! The pairs table → [`Pair`]s: rows of different annotators on the same items are votes.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use super::items::{Interner, link};
use super::manifest::Declared;
use super::ratings::duplicate;
use super::table::{Column, Table, list};
use super::{Ballot, Ballots, Items, Pair, Split, Votes};
use crate::problems::{Problem, Problems, Severity};

/// Columns whose meaning is known.
const KNOWN: [&str; 10] =
    ["pair_id", "prompt_id", "dimension", "item_a", "item_b", "label", "annotator", "weight", "split", "margin"];

/// Pairs, and the names of their dimensions.
pub struct Pairs {
    /// One per unordered pair of items and dimension.
    pub pairs: Vec<Pair>,
    /// Names of the dimensions, in order of appearance.
    pub dimensions: Vec<String>,
    /// The rows behind the pairs.
    pub ballots: Ballots,
    /// Columns without a meaning of their own.
    pub attributes: BTreeMap<String, Vec<Option<String>>>,
}

/// One row, its items in the order of the pair it belongs to.
#[derive(Clone, PartialEq)]
struct Vote {
    /// +1 item a, −1 item b, 0 tie.
    label: i8,
    weight: f64,
    margin: Option<f64>,
    split: Option<Split>,
    row: usize,
    person: usize,
    turned: bool,
}

/// All rows on the same items and dimension.
struct Group {
    id: String,
    dimension: usize,
    a: usize,
    b: usize,
    votes: Vec<Vote>,
}

/// The columns that a row is read from.
struct Columns<'a> {
    pair_id: &'a Column,
    prompt_id: &'a Column,
    dimension: &'a Column,
    item_a: &'a Column,
    item_b: &'a Column,
    label: &'a Column,
    annotator: Option<&'a Column>,
    weight: Option<&'a Column>,
    split: Option<&'a Column>,
    margin: Option<&'a Column>,
}

/// Builds the pairs; rows that break a rule are left out and reported.
pub fn build(table: &Table, declared: &Declared, items: &Items, problems: &mut Problems) -> Option<Pairs> {
    let columns = Columns::find(table, problems)?;
    note_attributes(table, problems);
    let mut dimensions = Interner::default();
    let mut people = Interner::default();
    let mut named: HashMap<String, (usize, usize)> = HashMap::with_capacity(table.len());
    let mut by_items: HashMap<(usize, usize, usize), usize> = HashMap::with_capacity(table.len());
    let mut seen: HashMap<(usize, usize), Vote> = HashMap::with_capacity(table.len());
    let mut groups: Vec<Group> = Vec::new();
    for row in 0..table.len() {
        let id = table.needed(columns.pair_id, row, problems);
        let name = table.needed(columns.dimension, row, problems);
        let linked = columns.items(table, row, items, problems);
        let vote = columns.vote(table, row, declared, problems);
        let (Some(id), Some(name), Some((a, b)), Some(mut vote)) = (id, name, linked, vote) else { continue };
        let unordered = (a.min(b), a.max(b));
        if *named.entry(id.to_string()).or_insert(unordered) != unordered {
            let message = "an earlier row uses this id for other items";
            problems.push(table.error(
                "duplicate-id",
                row,
                columns.pair_id,
                message,
                "give every pair an id of its own",
            ));
            continue;
        }
        let dimension = dimensions.number(&name);
        let group = *by_items.entry((unordered.0, unordered.1, dimension)).or_insert(groups.len());
        if group == groups.len() {
            groups.push(Group { id: id.into_owned(), dimension, a, b, votes: Vec::new() });
        }
        let Some(group_ref) = groups.get_mut(group) else { continue };
        if group_ref.a != a {
            vote.turn();
        }
        let person = people.number(&columns.annotator.and_then(|c| c.text(row)).unwrap_or(Cow::Borrowed("")));
        vote.person = person;
        if let Some(first) = seen.get(&(group, person)) {
            let line = table.lines.get(first.row).copied().unwrap_or(0);
            let same = Vote { row: first.row, turned: first.turned, ..vote.clone() } == *first;
            let problem = duplicate(table, row, line, same, "items, dimension and annotator");
            problems.push(problem.cell(&columns.label.original, columns.label.shown(row)));
            continue;
        }
        seen.insert((group, person), vote.clone());
        group_ref.votes.push(vote);
    }
    let ballots = Ballots { rows: ballots(&groups), annotators: people.names };
    let attributes = attributes(table, &groups);
    let pairs = groups.into_iter().map(|group| group.merge(table, &columns, problems)).collect();
    let pairs = Pairs { pairs, dimensions: dimensions.names, ballots, attributes };
    warn_leaks(table, &pairs.pairs, items, problems);
    Some(pairs)
}

impl<'a> Columns<'a> {
    fn find(table: &'a Table, problems: &mut Problems) -> Option<Self> {
        let mut require = |name| table.require(name, problems);
        let (pair_id, prompt_id, dimension) = (require("pair_id"), require("prompt_id"), require("dimension"));
        let (item_a, item_b, label) = (require("item_a"), require("item_b"), require("label"));
        Some(Self {
            pair_id: pair_id?,
            prompt_id: prompt_id?,
            dimension: dimension?,
            item_a: item_a?,
            item_b: item_b?,
            label: label?,
            annotator: table.column("annotator"),
            weight: table.column("weight"),
            split: table.column("split"),
            margin: table.column("margin"),
        })
    }

    /// The two items of a row, where they make a pair.
    fn items(&self, table: &Table, row: usize, items: &Items, problems: &mut Problems) -> Option<(usize, usize)> {
        let a = link(table, self.item_a, row, items, problems);
        let b = link(table, self.item_b, row, items, problems);
        let prompt = table.needed(self.prompt_id, row, problems);
        let (a, b, prompt) = (a?, b?, prompt?);
        let prompt_of =
            |item: usize| items.prompt.get(item).and_then(|&p| items.prompt_ids.get(p)).map_or("", String::as_str);
        if a == b {
            let message = "item_a and item_b are the same item";
            problems.push(table.error(
                "self-pair",
                row,
                self.item_b,
                message,
                "correct one of the two ids, or remove the row",
            ));
            return None;
        }
        if prompt_of(a) != prompt_of(b) {
            let message = format!("item_a belongs to the prompt {}, item_b to {}", prompt_of(a), prompt_of(b));
            let remedy = "pair items of one prompt only";
            problems.push(table.error("pair-across-prompts", row, self.item_b, message, remedy));
            return None;
        }
        if prompt_of(a) != prompt {
            let message = format!("the items of the pair belong to the prompt {}", prompt_of(a));
            let remedy = "write the prompt of the items";
            problems.push(table.error("prompt-mismatch", row, self.prompt_id, message, remedy));
            return None;
        }
        Some((a, b))
    }

    /// The verdict of a row.
    fn vote(&self, table: &Table, row: usize, declared: &Declared, problems: &mut Problems) -> Option<Vote> {
        let before = problems.count(Severity::Error);
        let label = self.read_label(table, row, declared, problems);
        let weight = self.weight.map_or(Some(1.0), |column| {
            let weight = table.number(column, row, problems);
            match weight {
                Some(weight) if weight < 0.0 => {
                    let message = "a weight must not be negative";
                    problems.push(table.error("negative-weight", row, column, message, "write 0 or more"));
                }
                None if column.text(row).is_none() => _ = table.needed(column, row, problems),
                _ => {}
            }
            weight
        });
        let margin = self.margin.and_then(|column| table.number(column, row, problems));
        let split = self.split.and_then(|column| {
            let text = column.text(row)?;
            match text.trim() {
                t if t.eq_ignore_ascii_case("train") => Some(Split::Train),
                t if t.eq_ignore_ascii_case("test") => Some(Split::Test),
                _ => {
                    let message = "a split is train, test or blank";
                    problems.push(table.error("unknown-split", row, column, message, "write one of the three"));
                    None
                }
            }
        });
        let (label, weight) = (label?, weight?);
        (problems.count(Severity::Error) == before).then_some(Vote {
            label,
            weight,
            margin,
            split,
            row,
            person: 0,
            turned: false,
        })
    }

    fn read_label(&self, table: &Table, row: usize, declared: &Declared, problems: &mut Problems) -> Option<i8> {
        let text = table.needed(self.label, row, problems)?;
        let trimmed = text.trim();
        let mapped = declared.manifest.labels.get(trimmed).map_or(trimmed, String::as_str);
        match mapped {
            t if t.eq_ignore_ascii_case("a") => Some(1),
            t if t.eq_ignore_ascii_case("b") => Some(-1),
            t if t.eq_ignore_ascii_case("tie") => Some(0),
            _ => {
                let message = "a label is a, b or tie";
                let remedy = format!("correct it, or map it in dataset.toml: [labels] \"{trimmed}\" = \"tie\"");
                problems.push(table.error("unknown-label", row, self.label, message, remedy));
                None
            }
        }
    }
}

impl Vote {
    /// The same verdict with the items exchanged.
    fn turn(&mut self) {
        self.label = -self.label;
        self.margin = self.margin.map(|m| -m);
        self.turned = !self.turned;
    }
}

impl Group {
    /// Shares of the votes, weighted by their rows' weights: the logistic loss is linear in the shares, so this pair costs
    /// what its rows would cost one by one. Plain shares where all weights are 0.
    #[allow(clippy::cast_precision_loss)]
    fn merge(self, table: &Table, columns: &Columns, problems: &mut Problems) -> Pair {
        let n = self.votes.len() as f64;
        let total: f64 = self.votes.iter().map(|v| v.weight).sum();
        let share = |label: i8| {
            let mine = self.votes.iter().filter(|v| v.label == label);
            if total > 0.0 { mine.map(|v| v.weight).sum::<f64>() / total } else { mine.count() as f64 / n }
        };
        let margins: Vec<f64> = self.votes.iter().filter_map(|v| v.margin).collect();
        let split = self.votes.first().and_then(|v| v.split);
        if let (Some(other), Some(column)) = (self.votes.iter().find(|v| v.split != split), columns.split) {
            let message = "rows on the same items and dimension must have the same split";
            problems.push(table.error("split-disagrees", other.row, column, message, "correct one of the rows"));
        }
        Pair {
            votes: Votes { a: share(1), tie: share(0), b: share(-1) },
            voters: self.votes.len(),
            weight: total / n,
            margin: (!margins.is_empty()).then(|| margins.iter().sum::<f64>() / margins.len() as f64),
            split,
            id: self.id,
            dimension: self.dimension,
            a: self.a,
            b: self.b,
        }
    }
}

/// The votes of all groups, one by one.
fn ballots(groups: &[Group]) -> Vec<Ballot> {
    let votes = groups.iter().enumerate().flat_map(|(pair, group)| group.votes.iter().map(move |vote| (pair, vote)));
    votes
        .map(|(pair, v)| Ballot { pair, annotator: v.person, label: v.label, weight: v.weight, turned: v.turned })
        .collect()
}

/// Per column without a meaning of its own: the value of each pair, where its rows agree on one.
fn attributes(table: &Table, groups: &[Group]) -> BTreeMap<String, Vec<Option<String>>> {
    let value = |column: &Column, group: &Group| {
        let first = group.votes.first().and_then(|vote| column.text(vote.row))?;
        let agree = group.votes.iter().all(|vote| column.text(vote.row).as_ref() == Some(&first));
        agree.then(|| first.into_owned())
    };
    let columns = table.columns.iter().filter(|c| !KNOWN.contains(&c.name.as_str()));
    columns.map(|c| (c.name.clone(), groups.iter().map(|group| value(c, group)).collect())).collect()
}

/// Notes the columns that are attributes.
fn note_attributes(table: &Table, problems: &mut Problems) {
    for column in table.columns.iter().filter(|c| !KNOWN.contains(&c.name.as_str())) {
        let problem =
            Problem::new(Severity::Note, "pair-attribute", &table.file, "the column is an attribute of the pairs", "");
        problems.push(Problem { column: Some(column.original.clone()), ..problem });
    }
}

/// Warns of prompts that stand in the train and in the test split.
fn warn_leaks(table: &Table, pairs: &[Pair], items: &Items, problems: &mut Problems) {
    let mut sides: BTreeMap<usize, (bool, bool)> = BTreeMap::new();
    for pair in pairs {
        let side = sides.entry(items.group(pair.a)).or_default();
        side.0 |= pair.split == Some(Split::Train);
        side.1 |= pair.split == Some(Split::Test);
    }
    for (&group, _) in sides.iter().filter(|(_, side)| side.0 && side.1) {
        let prompts = items.prompt_ids.iter().zip(&items.prompt_group).filter(|&(_, &g)| g == group);
        let ids = list(prompts.map(|(id, _)| id));
        let message = format!("pairs of {ids} stand in train and in test: test accuracy may be too good");
        let remedy = "put all pairs of a prompt into one split";
        problems.push(Problem::new(Severity::Warning, "prompt-in-both-splits", &table.file, message, remedy));
    }
}
