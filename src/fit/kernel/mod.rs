//! The inner loops: margins, slopes, gradients and Gram matrices of small tiles of rows, in vector registers.
//!
//! A program for plain x86-64 may use the two oldest vector instruction sets only; [`Level`] picks the best one that the
//! machine has when the program runs. All sums have a fixed number of lanes and a fixed order, and products are never
//! fused with sums, so that every level gives the same bytes (a test forces each).
//!
//! Storage and arithmetic are chosen apart: answers may be kept as [`i8`], [`f32`] or [`f64`] ([`Storage`]), tiles are
//! computed in [`f32`] or [`f64`] ([`Real`]), and sums over tiles are always `f64`.

mod ahead;
mod gram;
mod level;
mod many;
mod real;
mod single;
mod storage;

pub use ahead::Ahead;
pub use gram::Gram;
pub use level::Level;
pub use many::{Lanes, many, many_at};
pub use real::{LANES, Real};
pub use single::{RowSums, conjugate, losses, margins, slopes, tile_gradient};
pub use storage::{Storage, Tile, View};

/// Rows of one tile: with 64 columns of `f32` it fills half of a first-level cache.
pub const TILE: usize = 64;

/// Columns of a tile, rounded up to whole vectors.
pub const fn padded(columns: usize) -> usize {
    columns.div_ceil(LANES) * LANES
}
