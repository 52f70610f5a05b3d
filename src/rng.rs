//! Reproducible random numbers: one ChaCha stream per (seed, purpose, index), so that a result depends neither on the
//! thread count nor on the order in which streams are used.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use sha2::{Digest, Sha256};

/// The generator for draw number `index` of `purpose` under the user's `seed`.
pub fn stream(seed: u64, purpose: &str, index: u64) -> ChaCha8Rng {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update(index.to_le_bytes());
    hash.update(purpose.as_bytes());
    ChaCha8Rng::from_seed(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::stream;
    use rand::Rng;

    #[test]
    fn streams_differ_by_seed_purpose_and_index() {
        let first = |seed, purpose, index| stream(seed, purpose, index).next_u64();
        assert_eq!(first(1, "folds", 0), first(1, "folds", 0));
        assert_ne!(first(1, "folds", 0), first(2, "folds", 0));
        assert_ne!(first(1, "folds", 0), first(1, "bootstrap", 0));
        assert_ne!(first(1, "folds", 0), first(1, "folds", 1));
    }
}
