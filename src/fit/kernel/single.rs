//! One weight vector: margins, slopes and gradient of a tile.

use super::storage::View;
use super::{LANES, Real, TILE};

/// z_r = x_r · w for the first `rows` rows; `w` is padded with zeros to whole vectors.
#[inline(always)]
pub fn margins<R: Real>(view: View<R>, rows: usize, w: &[R], z: &mut [R; TILE]) {
    // Several rows at once, so that their sums do not wait for one another; as many as there are registers for.
    let mut r = 0;
    while !R::LARGE && r + 4 <= rows {
        margins_of(view, [r, r + 1, r + 2, r + 3], w, z);
        r += 4;
    }
    while r + 2 <= rows {
        margins_of(view, [r, r + 1], w, z);
        r += 2;
    }
    if r < rows {
        margins_of(view, [r], w, z);
    }
}

#[inline(always)]
fn margins_of<R: Real, const G: usize>(view: View<R>, rows: [usize; G], w: &[R], z: &mut [R; TILE]) {
    let w = w.as_chunks::<LANES>().0;
    let x = rows.map(|r| &view.x[r * view.stride..][..w.len() * LANES]).map(|x| x.as_chunks::<LANES>().0);
    let mut sums = [[R::ZERO; LANES]; G];
    for c in 0..w.len() {
        for g in 0..G {
            for l in 0..LANES {
                sums[g][l] += x[g][c][l] * w[c][l];
            }
        }
    }
    for g in 0..G {
        z[rows[g]] = total(sums[g]);
    }
}

/// The sum over the lanes, as a tree.
#[inline(always)]
fn total<R: Real>(s: [R; LANES]) -> R {
    let mut a = [R::ZERO; 8];
    for l in 0..8 {
        a[l] = s[l] + s[l + 8];
    }
    let mut b = [R::ZERO; 4];
    for l in 0..4 {
        b[l] = a[l] + a[l + 4];
    }
    (b[0] + b[2]) + (b[1] + b[3])
}

/// Σ m ℓ(z, y) over the first `rows` rows; leaves m ∂ℓ/∂z in `slope` and m ∂²ℓ/∂z² in `bend` (0 beyond the rows).
/// Swapping the items (z → −z, y → 1 − y) gives the same loss and the opposite slope to the last bit.
#[inline(always)]
pub fn slopes<R: Real>(
    z: &[R; TILE],
    y: &[R; TILE],
    m: &[R; TILE],
    slope: &mut [R; TILE],
    bend: &mut [R; TILE],
) -> f64 {
    // Short loops over whole arrays: each becomes vector code.
    let mut loss = [R::ZERO; TILE];
    for i in 0..TILE {
        bend[i] = z[i].size().exp_neg();
    }
    for i in 0..TILE {
        loss[i] = bend[i].ln_1p();
    }
    for i in 0..TILE {
        let low = bend[i] / (R::ONE + bend[i]);
        let up = z[i] >= R::ZERO;
        // The item that z favours loses with share `other`.
        let other = if up { R::ONE - y[i] } else { y[i] };
        let s = other - low;
        slope[i] = m[i] * if up { s } else { -s };
        loss[i] = m[i] * (loss[i] + other * z[i].size());
        bend[i] = m[i] * (low * (R::ONE - low));
    }
    lane_sum(&loss)
}

/// ℓ(z, y) of every row.
#[inline(always)]
pub fn losses<R: Real>(z: &[R; TILE], y: &[R; TILE]) -> [R; TILE] {
    let mut loss = [R::ZERO; TILE];
    for i in 0..TILE {
        let other = if z[i] >= R::ZERO { R::ONE - y[i] } else { y[i] };
        loss[i] = z[i].size().exp_neg().ln_1p() + other * z[i].size();
    }
    loss
}

/// The sum with one running sum per lane.
#[inline(always)]
fn lane_sum<R: Real>(values: &[R; TILE]) -> f64 {
    let mut sums = [R::ZERO; LANES];
    for values in values.as_chunks::<LANES>().0 {
        for l in 0..LANES {
            sums[l] += values[l];
        }
    }
    sums.iter().map(|s| s.to_f64()).sum()
}

/// Adds Σ_r slope_r x_r over the tile's first `rows` rows to `gradient` [padded columns].
#[inline(always)]
pub fn tile_gradient<R: Real>(view: View<R>, rows: usize, slope: &[R; TILE], gradient: &mut [f64]) {
    let mut c = 0;
    let chunks = gradient.len() / LANES;
    while !R::LARGE && c + 4 <= chunks {
        gradient_of::<R, 4>(view, rows, slope, c, gradient);
        c += 4;
    }
    while c + 2 <= chunks {
        gradient_of::<R, 2>(view, rows, slope, c, gradient);
        c += 2;
    }
    if c < chunks {
        gradient_of::<R, 1>(view, rows, slope, c, gradient);
    }
}

/// G vectors of columns, from vector `c`.
#[inline(always)]
fn gradient_of<R: Real, const G: usize>(view: View<R>, rows: usize, slope: &[R; TILE], c: usize, gradient: &mut [f64]) {
    let mut sums = [[R::ZERO; LANES]; G];
    for (r, &s) in slope.iter().enumerate().take(rows) {
        let x = view.x[r * view.stride + c * LANES..][..G * LANES].as_chunks::<LANES>().0;
        for g in 0..G {
            for l in 0..LANES {
                sums[g][l] += s * x[g][l];
            }
        }
    }
    let to = gradient[c * LANES..][..G * LANES].as_chunks_mut::<LANES>().0;
    for g in 0..G {
        for l in 0..LANES {
            to[g][l] += sums[g][l].to_f64();
        }
    }
}

/// Σ m (p ln p + (1−p) ln(1−p)) at p = y + scale · ∂ℓ/∂z: the conjugate of the loss at a shrunk dual point.
#[inline(always)]
pub fn conjugate<R: Real>(z: &[R; TILE], y: &[R; TILE], m: &[R; TILE], scale: R) -> f64 {
    let tiny = R::from_f64(f64::from(f32::MIN_POSITIVE));
    let entropy = |p: R| if p > tiny { p * p.ln() } else { R::ZERO };
    let (mut p, mut sums) = ([R::ZERO; TILE], [R::ZERO; TILE]);
    for i in 0..TILE {
        let e = z[i].size().exp_neg();
        let low = e / (R::ONE + e);
        let s = if z[i] >= R::ZERO { (R::ONE - y[i]) - low } else { low - y[i] };
        p[i] = y[i] + scale * s;
    }
    for i in 0..TILE {
        sums[i] = m[i] * (entropy(p[i]) + entropy(R::ONE - p[i]));
    }
    lane_sum(&sums)
}
