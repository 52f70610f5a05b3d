//! Numbers as they lie in memory, and tiles of them.

use super::{Real, TILE, padded};

/// A type that rows can be stored in: hard answers fit `i8` (a quarter of the memory traffic), probabilities `f32`.
pub trait Storage: Copy + Default + Send + Sync + 'static {
    /// The arithmetic that loses nothing that the storage holds, as far as a sum over many rows can tell.
    type Near: Real;

    /// Exact.
    fn wide(self) -> f64;

    /// Nearest value in the type of the arithmetic.
    fn convert<R: Real>(self) -> R;
}

impl Storage for f64 {
    type Near = f64;

    fn wide(self) -> f64 {
        self
    }

    #[inline(always)]
    fn convert<R: Real>(self) -> R {
        R::from_f64(self)
    }
}

impl Storage for f32 {
    type Near = f32;

    fn wide(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn convert<R: Real>(self) -> R {
        R::from_f32(self)
    }
}

impl Storage for i8 {
    type Near = f32;

    fn wide(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn convert<R: Real>(self) -> R {
        R::from_i8(self)
    }
}

/// Rows that a kernel reads at a time, at most: a tile has whole groups of them, whatever stands in the last.
pub const GROUP: usize = 4;

/// A window on rows: row r starts at `r · stride`, and `padded(columns)` values can be read from there.
#[derive(Clone, Copy)]
pub struct View<'a, T> {
    /// The values.
    pub x: &'a [T],
    /// Distance of two rows.
    pub stride: usize,
}

/// Up to [`TILE`] rows, ready for the kernels, which convert what they read: a window on the matrix itself, or a copy of rows
/// that do not follow one another or end with the matrix.
pub struct Tile<T> {
    copy: Vec<T>,
    columns: usize,
    width: usize,
}

impl<T: Storage> Tile<T> {
    /// Room for [`TILE`] rows of `columns` values.
    pub fn new(columns: usize) -> Self {
        let width = padded(columns);
        Self { copy: vec![T::default(); TILE * width], columns, width }
    }

    /// The consecutive rows `first..last` of `x` [·, columns].
    #[inline(always)]
    pub fn window<'a>(&'a mut self, x: &'a [T], first: usize, last: usize) -> View<'a, T> {
        // Kernels read whole groups of rows: those beyond `last` weigh 0, but must be there.
        let rows = (last - first).next_multiple_of(GROUP);
        if let Some(x) = x.get(first * self.columns..(first + rows - 1) * self.columns + self.width) {
            return View { x, stride: self.columns };
        }
        self.copies(x, first..last)
    }

    /// The named rows of `x` [·, columns].
    #[inline(always)]
    pub fn gather(&mut self, x: &[T], rows: &[u32]) -> View<'_, T> {
        self.copies(x, rows.iter().map(|&row| row as usize))
    }

    #[inline(always)]
    fn copies(&mut self, x: &[T], rows: impl Iterator<Item = usize>) -> View<'_, T> {
        for (to, row) in self.copy.chunks_exact_mut(self.width).zip(rows) {
            let from = &x[row * self.columns..];
            // A whole number of vectors where the matrix does not end before: the rest is padding.
            match from.get(..self.width) {
                Some(from) => to.copy_from_slice(from),
                None => to[..self.columns].copy_from_slice(&from[..self.columns]),
            }
        }
        View { x: &self.copy, stride: self.width }
    }
}

/// `x` in the type of the arithmetic.
#[inline(always)]
pub(super) fn converted<T: Storage, R: Real, const N: usize>(x: &[T; N]) -> [R; N] {
    let mut to = [R::ZERO; N];
    for l in 0..N {
        to[l] = x[l].convert();
    }
    to
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_at_the_end_of_the_matrix_holds_whole_groups_of_rows() {
        // 64 columns need no padding, so that the last rows end where the matrix does; 67 is no multiple of the group.
        let (rows, columns) = (67, 64);
        let x = vec![1.0_f64; rows * columns];
        let mut tile = Tile::new(columns);
        let view = tile.window(&x, TILE, rows);
        let read = (rows - TILE).next_multiple_of(GROUP);
        assert!(view.x.len() >= (read - 1) * view.stride + padded(columns));
    }
}
