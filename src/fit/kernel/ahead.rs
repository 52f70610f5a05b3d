//! The next tile is asked for while this one is computed: memory then works during the arithmetic, not between.

use super::TILE;
use super::storage::GROUP;

/// Bytes of a cache line.
pub const LINE: usize = 64;

/// Rows that are needed soon.
pub struct Ahead<'a, T> {
    /// Asked for bit by bit, while the margins are computed.
    early: &'a [T],
    /// Asked for before the gradient is. Values of one byte come in during the margins alone.
    late: &'a [T],
    share: usize,
}

impl<'a, T> Ahead<'a, T> {
    /// The values of the next tile; none where there is no next tile.
    #[inline(always)]
    pub fn new(next: &'a [T]) -> Self {
        let (early, late) = next.split_at(if size_of::<T>() == 1 { next.len() } else { next.len() / 2 });
        Self { early, late, share: early.len().div_ceil(TILE / GROUP) }
    }

    /// The part that is due while the margins of group `group` are computed.
    #[inline(always)]
    pub(super) fn early(&self, group: usize) {
        let first = (group * self.share).min(self.early.len());
        fetch(&self.early[first..(first + self.share).min(self.early.len())]);
    }

    /// What is left.
    #[inline(always)]
    pub fn late(&self) {
        fetch(self.late);
    }
}

/// Asks for every cache line of `x`. Where there is no such instruction nothing is done, and nothing but time is lost.
#[inline(always)]
fn fetch<T>(x: &[T]) {
    #[cfg(target_arch = "x86_64")]
    for x in x.iter().step_by(LINE / size_of::<T>()) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the address is that of a live reference, and a prefetch neither reads nor writes what can be observed.
        #[allow(unsafe_code)]
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(x).cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = x;
}
