//! Attributes of items and pairs as groups: which there are, what can be said with them, and what cannot.

use std::collections::{BTreeMap, HashSet};

use super::AuditInput;
use crate::dataset::Dataset;

/// Most values of an attribute that get findings of their own.
pub const MOST_VALUES: usize = 40;

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
        for (name, values) in &ds.items.attributes {
            out.add_item_attribute(ds, name, values);
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

    fn add_item_attribute(&mut self, ds: &Dataset, name: &str, values: &[Option<String>]) {
        let differs = ds
            .pairs
            .iter()
            .any(|pair| values[pair.a].is_some() && values[pair.b].is_some() && values[pair.a] != values[pair.b]);
        let numbers = ds.items.numeric(name).filter(|_| differs);
        if let Some(numbers) = numbers {
            let distinct: HashSet<u64> = numbers.iter().flatten().map(|x| x.to_bits()).collect();
            if distinct.len() > 12 {
                self.numeric.push((name.to_owned(), numbers));
                return;
            }
            self.numeric.push((name.to_owned(), numbers));
        }
        if differs {
            if let Some(grouping) = self.accept(Grouping::new(name, values)) {
                self.of_items.push(grouping);
            }
        } else {
            let of_pair: Vec<Option<String>> = (ds.pairs.iter())
                .map(|pair| values[pair.a].as_ref().filter(|value| values[pair.b].as_ref() == Some(value)).cloned())
                .collect();
            if let Some(grouping) = self.accept(Grouping::new(name, &of_pair)) {
                self.of_pairs.push(grouping);
            }
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
}
