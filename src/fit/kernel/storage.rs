//! Numbers as they lie in memory, and tiles of them in the type of the arithmetic.

use super::ahead::{Ahead, LINE};
use super::single::{RowSums, margins, margins_with_copy};
use super::{Real, TILE, padded};

/// A type that rows can be stored in: hard answers fit `i8` (a quarter of the memory traffic), probabilities `f32`.
pub trait Storage: Copy + Default + Send + Sync + 'static {
    /// The arithmetic that loses nothing that the storage holds, as far as a sum over many rows can tell.
    type Near: Real;

    /// Exact.
    fn wide(self) -> f64;

    /// Nearest value in the type of the arithmetic.
    fn convert<R: Real>(self) -> R;

    /// The values themselves where they are `f32`.
    fn as_f32(_: &[Self]) -> Option<&[f32]> {
        None
    }

    /// The values themselves where they are `f64`.
    fn as_f64(_: &[Self]) -> Option<&[f64]> {
        None
    }
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

    fn as_f64(x: &[Self]) -> Option<&[f64]> {
        Some(x)
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

    fn as_f32(x: &[Self]) -> Option<&[f32]> {
        Some(x)
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

/// Up to [`TILE`] rows, ready for the kernels: either a window on the matrix itself or a padded copy.
pub struct Tile<R> {
    copy: Vec<R>,
    /// Where the copy starts, so that no vector of it lies in two cache lines.
    start: usize,
    width: usize,
}

/// A window on rows: row r starts at `r · stride`, and `padded(columns)` values can be read from there.
#[derive(Clone, Copy)]
pub struct View<'a, R> {
    /// The values.
    pub x: &'a [R],
    /// Distance of two rows.
    pub stride: usize,
}

impl<R: Real> Tile<R> {
    /// Room for [`TILE`] rows of `columns` values.
    pub fn new(columns: usize) -> Self {
        let (width, line) = (padded(columns), LINE / size_of::<R>());
        let copy = vec![R::ZERO; TILE * width + line];
        let start = copy.as_ptr().align_offset(LINE).min(line);
        Self { copy, start, width }
    }

    /// The consecutive rows `first..last` of `x` [·, columns]: without a copy where storage and arithmetic are one type
    /// and the window stays inside the matrix.
    #[inline(always)]
    pub fn window<'a, T: Storage>(&'a mut self, x: &'a [T], columns: usize, first: usize, last: usize) -> View<'a, R> {
        if let (Some(end), Some(x)) = (self.end_of_window(x.len(), columns, first, last), R::borrow(x)) {
            return View { x: &x[first * columns..end], stride: columns };
        }
        // One copy of the whole, row after row without padding: what follows a row is read as its padding, with weight 0.
        let copy = &mut self.copy[self.start..];
        convert(copy, &x[first * columns..last * columns]);
        View { x: copy, stride: columns }
    }

    /// As [`Tile::window`], with the margins of the rows at `w` in `z`.
    #[inline(always)]
    #[allow(clippy::too_many_arguments)] // a window, and what margins need
    pub fn margins<'a, T: Storage>(
        &'a mut self,
        (x, columns): (&'a [T], usize),
        (first, last): (usize, usize),
        w: &[R],
        sums: &mut RowSums<R>,
        z: &mut [R; TILE],
        ahead: &Ahead<T>,
    ) -> View<'a, R> {
        if R::borrow(x).is_none() && self.end_of_window(x.len(), columns, first, last).is_some() {
            let copy = &mut self.copy[self.start..];
            margins_with_copy((&x[first * columns..], columns), copy, last - first, w, sums, z, ahead);
            return View { x: copy, stride: self.width };
        }
        let view = self.window(x, columns, first, last);
        margins(view, last - first, w, sums, z, ahead);
        view
    }

    /// Where the last vector of the last group of the rows ends, if that is inside a matrix of so many values. Kernels read
    /// whole groups of rows: those beyond `last` weigh 0, but must be there.
    #[inline(always)]
    fn end_of_window(&self, values: usize, columns: usize, first: usize, last: usize) -> Option<usize> {
        let rows = (last - first).next_multiple_of(GROUP);
        Some((first + rows - 1) * columns + self.width).filter(|&end| end <= values)
    }

    /// Copies of the named rows.
    #[inline(always)]
    pub fn gather<'a, T: Storage>(&'a mut self, x: &[T], columns: usize, rows: &[u32]) -> View<'a, R> {
        let copy = &mut self.copy[self.start..];
        for (to, &row) in copy.chunks_exact_mut(self.width).zip(rows) {
            let from = &x[row as usize * columns..];
            // A whole number of vectors where the matrix does not end before: the rest is padding.
            convert(to, &from[..self.width.min(from.len()).max(columns)]);
        }
        View { x: copy, stride: self.width }
    }
}

#[inline(always)]
fn convert<T: Storage, R: Real>(to: &mut [R], from: &[T]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = from.convert());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_at_the_end_of_the_matrix_holds_whole_groups_of_rows() {
        // 64 columns need no padding, so that the last rows end where the matrix does; 67 is no multiple of the group.
        let (rows, columns) = (67, 64);
        let x = vec![1.0_f64; rows * columns];
        let mut tile = Tile::<f64>::new(columns);
        let view = tile.window(&x, columns, TILE, rows);
        let read = (rows - TILE).next_multiple_of(GROUP);
        assert!(view.x.len() >= (read - 1) * view.stride + padded(columns));
    }
}
