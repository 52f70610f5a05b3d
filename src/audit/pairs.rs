//! The decided pairs of a dimension, as several checks read them.

use super::AuditInput;

/// A pair that people decided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decided {
    /// Index into [`crate::dataset::Dataset::pairs`].
    pub pair: usize,
    /// The preferred item.
    pub preferred: usize,
    /// The other item.
    pub other: usize,
    /// Whether the preferred item is the pair's item a.
    pub first: bool,
    /// Group (prompt).
    pub cluster: usize,
}

/// The pairs of `dimension` whose plurality is not a tie, in file order.
pub fn decided(input: &AuditInput, dimension: usize) -> Vec<Decided> {
    let ds = input.ds;
    let pairs = (0..ds.pairs.len()).filter(|&p| ds.pairs[p].dimension == dimension);
    pairs
        .filter_map(|p| {
            let pair = &ds.pairs[p];
            let (preferred, other) = match pair.votes.plurality() {
                1 => (pair.a, pair.b),
                -1 => (pair.b, pair.a),
                _ => return None,
            };
            let cluster = ds.items.group(pair.a);
            Some(Decided { pair: p, preferred, other, first: preferred == pair.a, cluster })
        })
        .collect()
}

/// The values and clusters of those for which there is a value.
pub fn valued(pairs: &[Decided], value: impl Fn(&Decided) -> Option<f64>) -> (Vec<f64>, Vec<usize>) {
    pairs.iter().filter_map(|pair| Some((value(pair)?, pair.cluster))).unzip()
}

/// 1 for true.
pub fn indicator(yes: bool) -> f64 {
    f64::from(u8::from(yes))
}

/// Those of `pairs` whose two items a head can score; all of them where there are no features.
pub fn scoreable(input: &AuditInput, mut pairs: Vec<Decided>) -> Vec<Decided> {
    if let Some(features) = input.features {
        pairs.retain(|pair| features.scoreable[pair.preferred] && features.scoreable[pair.other]);
    }
    pairs
}
