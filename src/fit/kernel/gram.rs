//! The weighted Gram matrix of a tile: what the curvature is made of.

use super::real::add_scaled;
use super::storage::{View, converted};
use super::{LANES, Real, Storage, TILE};

/// A vector that does not lie in two cache lines.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line<R>([R; LANES]);

/// Columns of half a vector.
const HALF: usize = LANES / 2;

/// Rows of the Gram matrix whose sums are kept in registers together.
const GROUP: usize = 4;

/// Σ s_r x_r x_rᵀ over the tiles so far, and room for a tile in the order in which its columns are used.
pub struct Gram<R> {
    /// The sums [padded, padded], row-major: the entries on and to the right of the diagonal (and a few to the left).
    pub sums: Vec<f64>,
    /// Padded columns.
    pub width: usize,
    /// The tile, one vector of columns after the other: [vector][row].
    vectors: Vec<Line<R>>,
    /// The weighted tile, four columns after the other: [four][row].
    fours: Vec<[R; GROUP]>,
}

impl<R: Real> Gram<R> {
    /// No rows yet; `width` = padded columns.
    pub fn new(width: usize) -> Self {
        Self {
            sums: vec![0.0; width * width],
            width,
            vectors: vec![Line([R::ZERO; LANES]); TILE * width / LANES],
            fours: vec![[R::ZERO; GROUP]; TILE * width / GROUP],
        }
    }

    /// Adds the first `rows` rows of a tile with weights `s`.
    #[inline(always)]
    pub fn add<T: Storage>(&mut self, view: View<T>, rows: usize, s: &[R; TILE]) {
        let (vectors, fours) = (self.width / LANES, self.width / GROUP);
        for (r, &s) in s[..rows].iter().enumerate() {
            let row = &view.x[r * view.stride..][..self.width];
            for (c, from) in row.as_chunks::<LANES>().0.iter().enumerate() {
                self.vectors[c * TILE + r] = Line(converted(from));
            }
            for (j, four) in row.as_chunks::<GROUP>().0.iter().enumerate() {
                let [a, b, c, d] = converted(four);
                self.fours[j * TILE + r] = [s * a, s * b, s * c, s * d];
            }
        }
        for j in 0..fours {
            let left = &self.fours[j * TILE..][..rows];
            for c in j * GROUP / LANES..vectors {
                let right = &self.vectors[c * TILE..][..rows];
                let out = &mut self.sums[j * GROUP * self.width + c * LANES..];
                if R::LARGE {
                    half_block(left, right.iter().filter_map(|x| x.0.first_chunk()), out, self.width);
                    half_block(left, right.iter().filter_map(|x| x.0.last_chunk()), &mut out[HALF..], self.width);
                } else {
                    block(left, right, out, self.width);
                }
            }
        }
    }
}

/// Four rows and one vector of columns of the sums.
#[inline(always)]
fn block<R: Real>(left: &[[R; GROUP]], right: &[Line<R>], out: &mut [f64], width: usize) {
    // Named sums, not an array of them: compilers keep these in registers.
    let (mut s0, mut s1, mut s2, mut s3) = ([R::ZERO; LANES], [R::ZERO; LANES], [R::ZERO; LANES], [R::ZERO; LANES]);
    for (left, x) in left.iter().zip(right) {
        let x = &x.0;
        add_scaled(&mut s0, left[0], x);
        add_scaled(&mut s1, left[1], x);
        add_scaled(&mut s2, left[2], x);
        add_scaled(&mut s3, left[3], x);
    }
    add_block([s0, s1, s2, s3], out, width);
}

/// As [`block`] for half a vector: as many sums of `f64` as the registers hold.
#[inline(always)]
fn half_block<'x, R: Real>(
    left: &[[R; GROUP]],
    right: impl Iterator<Item = &'x [R; HALF]>,
    out: &mut [f64],
    width: usize,
) {
    let (mut s0, mut s1, mut s2, mut s3) = ([R::ZERO; HALF], [R::ZERO; HALF], [R::ZERO; HALF], [R::ZERO; HALF]);
    for (left, x) in left.iter().zip(right) {
        add_scaled(&mut s0, left[0], x);
        add_scaled(&mut s1, left[1], x);
        add_scaled(&mut s2, left[2], x);
        add_scaled(&mut s3, left[3], x);
    }
    add_block([s0, s1, s2, s3], out, width);
}

/// Adds the four rows of a block to the sums of `f64`.
#[inline(always)]
fn add_block<R: Real, const N: usize>(sums: [[R; N]; GROUP], out: &mut [f64], width: usize) {
    for (k, sums) in sums.iter().enumerate() {
        let to = &mut out[k * width..][..N];
        for l in 0..N {
            to[l] += sums[l].to_f64();
        }
    }
}
