//! Columns of the items table, and the length of the prompt, as attributes that should not matter to a reward.

use std::collections::BTreeMap;

use super::View;

/// Levels that are looked at one by one; the rest is pooled, and said.
pub(super) const MOST_LEVELS: usize = 20;
/// Name of the attribute made of the prompt's text.
const PROMPT_LENGTH: &str = "prompt length";

/// An attribute of items.
pub(super) struct Attribute {
    pub name: String,
    pub kind: Kind,
    /// Items of the dimension's pairs without a value.
    pub missing: usize,
    /// Items of the dimension's pairs.
    pub items: usize,
}

/// What the values of an attribute are.
pub(super) enum Kind {
    /// A number per item, with its unit (`s`) where the file writes one.
    Numeric { values: Vec<Option<f64>>, unit: String },
    /// A level per item.
    Levels { names: Vec<String>, of_item: Vec<Option<usize>> },
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

/// Every attribute of the items, and the length of the prompt in words.
pub(super) fn attributes(view: &View) -> Vec<Attribute> {
    let ds = view.ds();
    let mut used = vec![false; ds.items.len()];
    view.pairs.pair.iter().for_each(|&p| (used[ds.pairs[p].a], used[ds.pairs[p].b]) = (true, true));
    let items = used.iter().filter(|u| **u).count();
    let count = |missing: &dyn Fn(usize) -> bool| (0..used.len()).filter(|&i| used[i] && missing(i)).count();
    let mut found: Vec<Attribute> = ds
        .items
        .attributes
        .iter()
        .map(|(name, values)| Attribute {
            name: name.clone(),
            missing: count(&|i| values[i].is_none()),
            kind: numeric(values, &used).unwrap_or_else(|| levels(values)),
            items,
        })
        .collect();
    let words = |item: usize| {
        let text = ds.items.prompt_texts.get(ds.items.prompt[item])?.as_deref()?;
        Some(text.split_whitespace().count() as f64)
    };
    if ds.items.prompt_texts.iter().any(Option::is_some) && !ds.items.attributes.contains_key(PROMPT_LENGTH) {
        let values: Vec<Option<f64>> = (0..ds.items.len()).map(words).collect();
        let missing = count(&|i| values[i].is_none());
        let kind = Kind::Numeric { values, unit: "words".to_owned() };
        found.push(Attribute { name: PROMPT_LENGTH.to_owned(), kind, missing, items });
    }
    found
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

#[cfg(test)]
mod tests {
    use super::*;

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
