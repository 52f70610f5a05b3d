//! Attributes of items and pairs as groups: which there are, what can be said with them, and what cannot.

use std::collections::{BTreeMap, HashSet};

use super::AuditInput;
use crate::dataset::Dataset;

/// Most values of an attribute that get findings of their own.
pub const MOST_VALUES: usize = 40;
/// Most distinct numbers that are groups, too.
const MOST_NUMBERS: usize = 12;
/// Name of the attribute made of the prompt's text.
const PROMPT_LENGTH: &str = "prompt length";

/// An attribute of items, read: numbers or levels.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// What its values are.
    pub kind: Kind,
    /// Used items without a value.
    pub missing: usize,
    /// Used items.
    pub items: usize,
}

/// What the values of an attribute are.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A number per item, with its unit (`s`) where the file writes one.
    Numeric {
        /// Per item.
        values: Vec<Option<f64>>,
        /// The unit; empty where there is none.
        unit: String,
    },
    /// A level per item.
    Levels {
        /// Names of the levels, sorted.
        names: Vec<String>,
        /// Index into `names` per item.
        of_item: Vec<Option<usize>>,
    },
}

impl Attribute {
    /// Whether the two items have different values; `None` where one is missing.
    pub fn differs(&self, a: usize, b: usize) -> Option<bool> {
        match &self.kind {
            Kind::Numeric { values, .. } => Some(values[a]? != values[b]?),
            Kind::Levels { of_item, .. } => Some(of_item[a]? != of_item[b]?),
        }
    }

    /// ` (missing for 31 of 952 items)`, or nothing.
    pub fn missing_note(&self) -> String {
        if self.missing == 0 {
            String::new()
        } else {
            format!(" (missing for {} of {} items)", self.missing, self.items)
        }
    }
}

/// Every attribute of the items. Values of items that are not `used` are left out where an attribute is read as numbers.
pub fn of_items(ds: &Dataset, used: &[bool]) -> Vec<Attribute> {
    let read = |(name, values): (&String, &Vec<Option<String>>)| {
        let kind = numeric(values, used).unwrap_or_else(|| levels(values));
        attribute(name, kind, used, |i| values[i].is_some())
    };
    ds.items.attributes.iter().map(read).collect()
}

/// The length of the prompt in words, as an attribute of the items; `None` where no prompt has a text, or a column of this
/// name exists.
pub fn prompt_length(ds: &Dataset, used: &[bool]) -> Option<Attribute> {
    let items = &ds.items;
    let any = items.prompt_texts.iter().any(Option::is_some) && !items.attributes.contains_key(PROMPT_LENGTH);
    let words = |item: usize| {
        let text = items.prompt_texts.get(items.prompt[item])?.as_deref()?;
        Some(text.split_whitespace().count() as f64)
    };
    any.then(|| {
        let values: Vec<Option<f64>> = (0..items.len()).map(words).collect();
        let known: Vec<bool> = values.iter().map(Option::is_some).collect();
        let kind = Kind::Numeric { values, unit: "words".to_owned() };
        attribute(PROMPT_LENGTH, kind, used, |i| known[i])
    })
}

fn attribute(name: &str, kind: Kind, used: &[bool], known: impl Fn(usize) -> bool) -> Attribute {
    let items = used.iter().filter(|u| **u).count();
    let missing = (0..used.len()).filter(|&i| used[i] && !known(i)).count();
    Attribute { name: name.to_owned(), kind, missing, items }
}

/// Numbers, all with the same unit behind them or none; `None` for anything else. Digits with a leading zero are codes.
fn numeric(values: &[Option<String>], used: &[bool]) -> Option<Kind> {
    let mut unit: Option<&str> = None;
    let mut numbers = Vec::with_capacity(values.len());
    for (value, &used) in values.iter().zip(used) {
        let Some(text) = value.as_deref().map(str::trim).filter(|_| used) else {
            numbers.push(None);
            continue;
        };
        let end = text.rfind(|c: char| c.is_ascii_digit() || c == '.').map_or(0, |at| at + 1);
        let (number, rest) = text.split_at(end);
        let code = number.len() > 1 && number.starts_with('0') && !number.starts_with("0.");
        let value: f64 = number.parse().ok().filter(|v: &f64| v.is_finite() && !code)?;
        let rest = rest.trim();
        if *unit.get_or_insert(rest) != rest || rest.chars().count() > 8 {
            return None;
        }
        numbers.push(Some(value));
    }
    Some(Kind::Numeric { values: numbers, unit: unit?.to_owned() })
}

fn levels(values: &[Option<String>]) -> Kind {
    let mut names: Vec<String> = values.iter().flatten().cloned().collect();
    names.sort_unstable();
    names.dedup();
    let number: BTreeMap<&str, usize> = names.iter().enumerate().map(|(i, n)| (n.as_str(), i)).collect();
    let of_item = values.iter().map(|v| v.as_deref().map(|v| number[v])).collect();
    Kind::Levels { of_item, names }
}

/// An attribute as groups.
#[derive(Debug, Clone, PartialEq)]
pub struct Grouping {
    /// Name of the attribute.
    pub name: String,
    /// Values that are looked at one by one, most frequent first.
    pub values: Vec<String>,
    /// Index into `values` per item (or pair); `None` where missing or rare.
    pub group: Vec<Option<usize>>,
    /// Distinct values in the data.
    pub distinct: usize,
    /// Entries without a value.
    pub missing: usize,
}

impl Grouping {
    /// Groups of a list of values.
    pub fn new(name: &str, entries: &[Option<String>]) -> Self {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        entries.iter().flatten().for_each(|value| *counts.entry(value).or_default() += 1);
        let mut order: Vec<(&str, usize)> = counts.iter().map(|(value, n)| (*value, *n)).collect();
        order.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        order.truncate(MOST_VALUES);
        let number: BTreeMap<&str, usize> = order.iter().enumerate().map(|(i, (value, _))| (*value, i)).collect();
        Self {
            name: name.to_owned(),
            values: order.iter().map(|(value, _)| (*value).to_owned()).collect(),
            group: entries.iter().map(|value| number.get(value.as_deref()?).copied()).collect(),
            distinct: counts.len(),
            missing: entries.iter().filter(|value| value.is_none()).count(),
        }
    }
}

/// The usable attributes of a data set, and why others are not.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attributes {
    /// Those whose items of one prompt can differ (generator …).
    pub of_items: Vec<Grouping>,
    /// Those that are the same for both items of every pair, and those of pairs: index = pair.
    pub of_pairs: Vec<Grouping>,
    /// Numbers that can differ within a pair: name, value per item.
    pub numeric: Vec<(String, Vec<Option<f64>>)>,
    /// (attribute, why it is not looked at, or only in part).
    pub remarks: Vec<(String, String)>,
}

impl Attributes {
    /// Sorts the attributes of the data.
    pub fn new(input: &AuditInput) -> Self {
        let ds = input.ds;
        let mut out = Self::default();
        let mut used = vec![false; ds.items.len()];
        ds.pairs.iter().for_each(|pair| (used[pair.a], used[pair.b]) = (true, true));
        for attribute in of_items(ds, &used) {
            out.add_item_attribute(ds, attribute);
        }
        for (name, values) in &ds.pair_attributes {
            let grouping = Grouping::new(name, values);
            if repeats_the_label(ds, &grouping) {
                out.remark(name, "it says the same as the label, so it is no group".to_owned());
            } else if let Some(grouping) = out.accept(grouping) {
                out.of_pairs.push(grouping);
            }
        }
        out
    }

    fn remark(&mut self, name: &str, why: String) {
        self.remarks.push((name.to_owned(), why));
    }

    /// The grouping, unless it has nothing to compare; remarks on what is left out.
    fn accept(&mut self, grouping: Grouping) -> Option<Grouping> {
        let entries = grouping.group.len();
        let present = entries - grouping.missing;
        if grouping.distinct < 2 {
            let value = grouping.values.first().map_or("missing everywhere", |_| "the same everywhere");
            self.remark(&grouping.name, format!("it is {value}: there is nothing to compare"));
            return None;
        }
        if grouping.distinct > MOST_VALUES && 2 * grouping.distinct > present {
            let why = format!("{} different values in {present} entries: it names single entries", grouping.distinct);
            self.remark(&grouping.name, why);
            return None;
        }
        if grouping.missing > 0 {
            let why = format!("it is missing for {} of {entries}; they belong to no group", grouping.missing);
            self.remark(&grouping.name, why);
        }
        if grouping.distinct > MOST_VALUES {
            let rest = grouping.distinct - MOST_VALUES;
            self.remark(
                &grouping.name,
                format!("only its {MOST_VALUES} most frequent values are looked at, {rest} are not"),
            );
        }
        Some(grouping)
    }

    fn add_item_attribute(&mut self, ds: &Dataset, attribute: Attribute) {
        let differs = ds.pairs.iter().any(|pair| attribute.differs(pair.a, pair.b) == Some(true));
        let name = attribute.name.as_str();
        let values = &ds.items.attributes[name];
        if !differs {
            let of_pair: Vec<Option<String>> = (ds.pairs.iter())
                .map(|pair| values[pair.a].as_ref().filter(|value| values[pair.b].as_ref() == Some(value)).cloned())
                .collect();
            if let Some(grouping) = self.accept(Grouping::new(name, &of_pair)) {
                self.of_pairs.push(grouping);
            }
            return;
        }
        if let Kind::Numeric { values, .. } = &attribute.kind {
            let distinct: HashSet<u64> = values.iter().flatten().map(|x| x.to_bits()).collect();
            self.numeric.push((name.to_owned(), values.clone()));
            if distinct.len() > MOST_NUMBERS {
                if attribute.missing > 0 {
                    let why = format!("it is missing for {} of {} items", attribute.missing, attribute.items);
                    self.remark(name, why);
                }
                return;
            }
        }
        if let Some(grouping) = self.accept(Grouping::new(name, values)) {
            self.of_items.push(grouping);
        }
    }
}

/// Whether each value goes with one label only, in at least two labels.
fn repeats_the_label(ds: &Dataset, grouping: &Grouping) -> bool {
    let mut label: BTreeMap<usize, i8> = BTreeMap::new();
    for (pair, group) in ds.pairs.iter().zip(&grouping.group) {
        let Some(group) = group else { continue };
        if *label.entry(*group).or_insert(pair.votes.plurality()) != pair.votes.plurality() {
            return false;
        }
    }
    label.values().collect::<HashSet<_>>().len() > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_values_come_first_and_the_rest_has_no_group() {
        let entries: Vec<Option<String>> =
            (0..200).map(|i| (i % 10 != 9).then(|| format!("v{}", if i < 60 { 0 } else { i % 100 }))).collect();
        let grouping = Grouping::new("g", &entries);
        assert_eq!((grouping.values[0].as_str(), grouping.values.len(), grouping.missing), ("v0", MOST_VALUES, 20));
        assert_eq!(grouping.group[0], Some(0));
        assert_eq!(grouping.group[9], None);
        assert!(grouping.distinct > MOST_VALUES && grouping.group.iter().flatten().all(|g| *g < MOST_VALUES));
    }

    fn read(values: &[&str]) -> Option<(Vec<f64>, String)> {
        let values: Vec<Option<String>> = values.iter().map(|v| Some((*v).to_owned())).collect();
        match numeric(&values, &vec![true; values.len()])? {
            Kind::Numeric { values, unit } => Some((values.into_iter().flatten().collect(), unit)),
            Kind::Levels { .. } => None,
        }
    }

    #[test]
    fn numbers_may_have_a_unit_and_codes_are_no_numbers() {
        assert_eq!(read(&["2s", "4 s", "6s"]), Some((vec![2.0, 4.0, 6.0], "s".to_owned())));
        assert_eq!(read(&["-1.5", "0.25", "3e2"]), Some((vec![-1.5, 0.25, 300.0], String::new())));
        assert_eq!(read(&["2s", "2fps"]), None);
        assert_eq!(read(&["00000", "00025"]), None);
        assert_eq!(read(&["sdxl", "sd1.5"]), None);
        assert_eq!(read(&["nan"]), None);
    }

    #[test]
    fn levels_are_numbered_by_name_and_keep_gaps() {
        let values = [Some("b".to_owned()), None, Some("a".to_owned()), Some("b".to_owned())];
        let Kind::Levels { names, of_item } = levels(&values) else { panic!() };
        assert_eq!((names, of_item), (vec!["a".to_owned(), "b".to_owned()], vec![Some(1), None, Some(0), Some(1)]));
    }
}
