//! What is known of the scored pairs and items beside labels and scores: margins, votes, attributes and ratings. With
//! them everything that an evaluation tells is a function of one value, so that it can be computed again from tables.

use std::collections::BTreeMap;

use super::extras::Extras;
use super::margins::LabelledPairs;
use super::strata;
use crate::dataset::{Dataset, Votes};

/// What is known of the pairs of one dimension and their items.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// Human margin (a − b) of each pair, where the data have one.
    pub margin: Vec<Option<f64>>,
    /// Shares of the votes on each pair, where there are several, and their number.
    pub votes: Vec<Option<(Votes, usize)>>,
    /// Attributes that divide the pairs or name the generator: value per item.
    pub attributes: BTreeMap<String, Vec<Option<String>>>,
    /// Rated items, ascending by item id.
    pub rated: Vec<RatedItem>,
}

/// Annotator (numbered by name) and value of each rating of an item.
pub type Ratings = Vec<(u32, f64)>;

/// An item with its ratings on the dimension.
#[derive(Debug, Clone, PartialEq)]
pub struct RatedItem {
    /// Item.
    pub item: usize,
    /// Group for the bootstrap, numbered by the first item of each.
    pub group: u32,
    /// Prompt, numbered likewise.
    pub prompt: u32,
    /// Annotator (numbered by name) and value.
    pub ratings: Ratings,
}

impl RatedItem {
    /// Mean rating, to 12 digits: means of thirds must tie. Sums are exact for ratings on a grid, so the order of the raters
    /// does not matter.
    pub fn mean(&self) -> f64 {
        let mut values: Vec<f64> = self.ratings.iter().map(|r| r.1).collect();
        values.sort_unstable_by(f64::total_cmp);
        (values.iter().sum::<f64>() / values.len() as f64 * 1e12).round() / 1e12
    }
}

impl Facts {
    /// What `extras` ask for on the pairs of `labels`.
    pub fn new(ds: &Dataset, dimension: &str, labels: &LabelledPairs, extras: &Extras) -> Self {
        let votes = |&p: &usize| Some((ds.pairs[p].votes, ds.pairs[p].voters)).filter(|v| v.1 > 1);
        let mut facts = Self {
            margin: labels.pair.iter().map(|&p| ds.pairs[p].margin).collect(),
            votes: labels.pair.iter().map(votes).collect(),
            ..Self::default()
        };
        let generator = extras.systems.as_deref();
        let used = |name: &str, values: &[Option<String>]| {
            Some(name) == generator || (extras.strata && strata::divides(labels, values))
        };
        let attributes = ds.items.attributes.iter().filter(|(name, values)| used(name, values));
        facts.attributes = attributes.map(|(name, values)| (name.clone(), values.clone())).collect();
        if extras.references || extras.correlations.is_some() {
            facts.rated = rated_items(ds, dimension);
        }
        if extras.correlations.is_none() {
            let used: std::collections::BTreeSet<u32> = labels.items.iter().flatten().copied().collect();
            facts.rated.retain(|r| used.contains(&(r.item as u32)));
        }
        facts
    }

    /// The values of an attribute for the items of each pair.
    pub fn sides(&self, attribute: &str, labels: &LabelledPairs) -> Option<Vec<[Option<&str>; 2]>> {
        let values = self.attributes.get(attribute)?;
        Some(labels.items.iter().map(|pair| pair.map(|item| values[item as usize].as_deref())).collect())
    }
}

/// Items with ratings on `dimension`, ascending by id.
pub fn rated_items(ds: &Dataset, dimension: &str) -> Vec<RatedItem> {
    let of_dimension = || ds.ratings.iter().filter(|r| r.dimension == dimension);
    let mut names: Vec<&str> = of_dimension().map(|r| r.annotator.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let mut by_id: BTreeMap<&str, (usize, Ratings)> = BTreeMap::new();
    for rating in of_dimension() {
        let annotator = names.binary_search(&rating.annotator.as_str()).unwrap_or(0) as u32;
        let entry = by_id.entry(&ds.items.ids[rating.item]).or_insert((rating.item, Vec::new()));
        entry.1.push((annotator, rating.value));
    }
    let (mut groups, mut prompts) = (BTreeMap::new(), BTreeMap::new());
    let number = |known: &mut BTreeMap<usize, u32>, key: usize| {
        let next = known.len() as u32;
        *known.entry(key).or_insert(next)
    };
    (by_id.into_values())
        .map(|(item, mut ratings)| {
            ratings.sort_by(|x, y| x.0.cmp(&y.0).then(x.1.total_cmp(&y.1)));
            let group = number(&mut groups, ds.items.group(item));
            let prompt = number(&mut prompts, ds.items.prompt[item]);
            RatedItem { item, group, prompt, ratings }
        })
        .collect()
}
