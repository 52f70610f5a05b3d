//! The weighted Gram matrix of a tile: what the curvature is made of.

use super::real::add_scaled;
use super::storage::View;
use super::{LANES, Real, TILE};

/// Rows of the Gram matrix whose sums are kept in registers together.
const GROUP: usize = 4;

/// Adds Σ_r s_r x_r x_rᵀ over the tile's first `rows` rows to `out` [padded, padded], row-major: the entries on and to
/// the right of the diagonal (and a few to the left of it). `scaled` is room for a copy of the tile.
#[inline(always)]
pub fn add_gram<R: Real>(view: View<R>, rows: usize, s: &[R; TILE], scaled: &mut [R], out: &mut [f64], width: usize) {
    for r in 0..rows {
        let from = view.x[r * view.stride..][..width].as_chunks::<LANES>().0;
        let to = scaled[r * width..][..width].as_chunks_mut::<LANES>().0;
        for (to, from) in to.iter_mut().zip(from) {
            for l in 0..LANES {
                to[l] = s[r] * from[l];
            }
        }
    }
    let chunks = width / LANES;
    for j in (0..width).step_by(GROUP) {
        for c in j / LANES..chunks {
            block(view, rows, scaled, out, width, j, c);
        }
    }
}

/// Rows j … j+3 of `out`, vector `c` of their columns.
#[inline(always)]
fn block<R: Real>(view: View<R>, rows: usize, scaled: &[R], out: &mut [f64], width: usize, j: usize, c: usize) {
    // Named sums, not an array of them: compilers keep these in registers.
    let (mut s0, mut s1, mut s2, mut s3) = ([R::ZERO; LANES], [R::ZERO; LANES], [R::ZERO; LANES], [R::ZERO; LANES]);
    for r in 0..rows {
        let Some(x) = view.x[r * view.stride + c * LANES..].first_chunk::<LANES>() else { return };
        let left = &scaled[r * width + j..][..GROUP];
        add_scaled(&mut s0, left[0], x);
        add_scaled(&mut s1, left[1], x);
        add_scaled(&mut s2, left[2], x);
        add_scaled(&mut s3, left[3], x);
    }
    for (k, sums) in [s0, s1, s2, s3].iter().enumerate() {
        let to = &mut out[(j + k) * width + c * LANES..][..LANES];
        for l in 0..LANES {
            to[l] += sums[l].to_f64();
        }
    }
}
