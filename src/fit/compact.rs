//! The same rows in the smallest storage that loses nothing: differences of answers are small integers.

use std::borrow::Cow;

use super::kernel::Storage;
use super::likelihood::{LogisticRows, Model};

/// Values from which on another storage is worth its conversion: a smaller `f64` matrix stays in the caches.
pub(super) const WORTHWHILE: usize = 1 << 20;

/// The rows as `i8`, or as `f32`, where every value is exactly one; `None` where neither holds or there are fewer than
/// `least` values.
pub(super) fn compact(rows: &LogisticRows, least: usize) -> Option<Box<dyn Model>> {
    if rows.x.len() < least {
        return None;
    }
    stored(rows, |v| v as i8).or_else(|| stored(rows, |v| v as f32))
}

fn stored<T: Storage>(rows: &LogisticRows, to: fn(f64) -> T) -> Option<Box<dyn Model>> {
    let same = |&v: &f64| Some(to(v)).filter(|s| s.wide() == v);
    let x: Vec<T> = rows.x.iter().map(same).collect::<Option<_>>()?;
    Some(Box::new(LogisticRows {
        x: Cow::Owned(x),
        columns: rows.columns,
        y: rows.y.clone(),
        weight: rows.weight.clone(),
        group: rows.group.clone(),
    }))
}
