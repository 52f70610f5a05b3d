//! What `--head NEW --against OLD` decides.

use crate::evaluate::against::{Against, Change};
use crate::{Error, Result};

/// Fails where the new heads are worse, or, if they must be better, are not.
pub(super) fn replaceable(against: &[Against], must_be_better: bool) -> Result<()> {
    if against.is_empty() {
        return Err(Error::Usage("--against: the two heads files have no evaluated dimension in common".into()));
    }
    let of = |failed: fn(&Change) -> bool| -> Vec<&str> {
        against.iter().filter(|a| failed(&a.change)).map(|a| a.dimension.as_str()).collect()
    };
    let worse = of(|change| *change == Change::Worse);
    let unproven = of(|change| *change != Change::Better);
    if !worse.is_empty() {
        return Err(Error::CheckFailed(format!("the new head is worse than the old one on {}", worse.join(", "))));
    }
    if must_be_better && !unproven.is_empty() {
        return Err(Error::CheckFailed(format!("the new head is not shown to be better on {}", unproven.join(", "))));
    }
    Ok(())
}
