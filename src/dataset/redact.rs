//! Names of people, replaced so that a report can be shared.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::Dataset;

/// Replaces every annotator's name by `annotator-` and twelve hex digits of the SHA-256 of salt and name, everywhere in
/// the data set; gives the names that were replaced. Equal names stay equal under one salt; without the salt they cannot
/// be guessed back. A blank name stays blank.
pub fn redact(ds: &mut Dataset, salt: &str) -> BTreeSet<String> {
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    let mut replace = |name: &mut String| {
        if !name.is_empty() {
            let salted = || {
                let digest = Sha256::digest(format!("{}:{salt}{name}", salt.len()).as_bytes());
                let hex: String = digest.iter().take(6).map(|b| format!("{b:02x}")).collect();
                format!("annotator-{hex}")
            };
            let new = known.entry(name.clone()).or_insert_with(salted).clone();
            *name = new;
        }
    };
    ds.ratings.iter_mut().for_each(|rating| replace(&mut rating.annotator));
    ds.ballots.annotators.iter_mut().for_each(&mut replace);
    known.into_keys().collect()
}
