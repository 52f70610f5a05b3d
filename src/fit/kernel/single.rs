//! One weight vector: margins, slopes and gradient of a tile.

use super::ahead::Ahead;
use super::real::add_scaled;
use super::storage::{GROUP, View, converted};
use super::{LANES, Real, Storage, TILE};

/// Room for the running sums of a tile's rows.
pub struct RowSums<R>([[R; 8]; TILE]);

impl<R: Real> Default for RowSums<R> {
    fn default() -> Self {
        Self([[R::ZERO; 8]; TILE])
    }
}

impl<R: Real> RowSums<R> {
    fn groups(&mut self, rows: usize) -> impl Iterator<Item = (usize, &mut [[R; 8]; GROUP])> {
        self.0.as_chunks_mut::<GROUP>().0.iter_mut().enumerate().take(rows.div_ceil(GROUP))
    }

    #[inline(always)]
    fn add_up(&self, z: &mut [R; TILE]) {
        for (z, sums) in z.as_chunks_mut::<8>().0.iter_mut().zip(self.0.as_chunks::<8>().0) {
            *z = row_sums(sums);
        }
    }
}

/// z_r = x_r · w for the first `rows` rows and what completes their last group; `w` is padded with zeros to whole vectors.
#[inline(always)]
pub fn margins<T: Storage, R: Real>(
    view: View<T>,
    rows: usize,
    w: &[R],
    sums: &mut RowSums<R>,
    z: &mut [R; TILE],
    ahead: &Ahead<T>,
) {
    let w = w.as_chunks::<LANES>().0;
    for (g, sums) in sums.groups(rows) {
        ahead.early(g);
        let row = |r: usize| view.x[(g * GROUP + r) * view.stride..][..w.len() * LANES].as_chunks::<LANES>().0;
        let (xa, xb, xc, xd) = (row(0), row(1), row(2), row(3));
        // Four rows at once, so that their sums do not wait for one another. Named sums, not an array of them: compilers keep
        // these in registers.
        let (mut a, mut b, mut c, mut d) = ([R::ZERO; LANES], [R::ZERO; LANES], [R::ZERO; LANES], [R::ZERO; LANES]);
        for ((((w, xa), xb), xc), xd) in w.iter().zip(xa).zip(xb).zip(xc).zip(xd) {
            add_products(&mut a, &converted(xa), w);
            add_products(&mut b, &converted(xb), w);
            add_products(&mut c, &converted(xc), w);
            add_products(&mut d, &converted(xd), w);
        }
        *sums = [halved(&a), halved(&b), halved(&c), halved(&d)];
    }
    sums.add_up(z);
}

/// The first level of the tree of a row's sums.
#[inline(always)]
fn halved<R: Real>(sums: &[R; LANES]) -> [R; 8] {
    let mut half = [R::ZERO; 8];
    for l in 0..8 {
        half[l] = sums[l] + sums[l + 8];
    }
    half
}

/// The other levels, for eight rows at once: written as sums of whole vectors, whose shuffles compilers find.
#[inline(always)]
fn row_sums<R: Real>(s: &[[R; 8]; 8]) -> [R; 8] {
    let quarter = |a: &[R; 8], b: &[R; 8]| {
        let low = [a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3]];
        sum(low, &[a[4], a[5], a[6], a[7], b[4], b[5], b[6], b[7]])
    };
    let eighth = |p: [R; 8], q: [R; 8]| {
        let low = [p[0], p[1], q[0], q[1], p[4], p[5], q[4], q[5]];
        sum(low, &[p[2], p[3], q[2], q[3], p[6], p[7], q[6], q[7]])
    };
    let p = eighth(quarter(&s[0], &s[4]), quarter(&s[1], &s[5]));
    let q = eighth(quarter(&s[2], &s[6]), quarter(&s[3], &s[7]));
    sum([p[0], p[2], q[0], q[2], p[4], p[6], q[4], q[6]], &[p[1], p[3], q[1], q[3], p[5], p[7], q[5], q[7]])
}

#[inline(always)]
fn sum<R: Real>(mut a: [R; 8], b: &[R; 8]) -> [R; 8] {
    for l in 0..8 {
        a[l] += b[l];
    }
    a
}

/// sums += a b, lane by lane.
#[inline(always)]
fn add_products<R: Real>(sums: &mut [R; LANES], a: &[R; LANES], b: &[R; LANES]) {
    for l in 0..LANES {
        sums[l] += a[l] * b[l];
    }
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
pub fn tile_gradient<T: Storage, R: Real>(view: View<T>, rows: usize, slope: &[R; TILE], gradient: &mut [f64]) {
    let mut to = gradient.as_chunks_mut::<LANES>().0;
    let mut first = 0;
    while !R::LARGE && to.len() >= 4 {
        let (now, rest) = to.split_at_mut(4);
        gradient_of_four(view, first, &slope[..rows], now);
        (to, first) = (rest, first + 4 * LANES);
    }
    while to.len() >= 2 {
        let (now, rest) = to.split_at_mut(2);
        gradient_of_two(view, first, &slope[..rows], now);
        (to, first) = (rest, first + 2 * LANES);
    }
    if let [to] = to {
        let mut sum = [R::ZERO; LANES];
        for (r, &s) in slope[..rows].iter().enumerate() {
            let Some(x) = view.x[r * view.stride + first..].first_chunk::<LANES>() else { return };
            add_scaled(&mut sum, s, &converted(x));
        }
        add_wide(to, &sum);
    }
}

/// The columns from `first` in four vectors.
#[inline(always)]
fn gradient_of_four<T: Storage, R: Real>(view: View<T>, first: usize, slope: &[R], to: &mut [[f64; LANES]]) {
    let (mut a, mut b, mut c, mut d) = ([R::ZERO; LANES], [R::ZERO; LANES], [R::ZERO; LANES], [R::ZERO; LANES]);
    for (r, &s) in slope.iter().enumerate() {
        let x = view.x[r * view.stride + first..].as_chunks::<LANES>().0;
        let [xa, xb, xc, xd, ..] = x else { return };
        add_scaled(&mut a, s, &converted(xa));
        add_scaled(&mut b, s, &converted(xb));
        add_scaled(&mut c, s, &converted(xc));
        add_scaled(&mut d, s, &converted(xd));
    }
    to.iter_mut().zip([a, b, c, d]).for_each(|(to, sums)| add_wide(to, &sums));
}

/// The columns from `first` in two vectors.
#[inline(always)]
fn gradient_of_two<T: Storage, R: Real>(view: View<T>, first: usize, slope: &[R], to: &mut [[f64; LANES]]) {
    let (mut a, mut b) = ([R::ZERO; LANES], [R::ZERO; LANES]);
    for (r, &s) in slope.iter().enumerate() {
        let x = view.x[r * view.stride + first..].as_chunks::<LANES>().0;
        let [xa, xb, ..] = x else { return };
        add_scaled(&mut a, s, &converted(xa));
        add_scaled(&mut b, s, &converted(xb));
    }
    to.iter_mut().zip([a, b]).for_each(|(to, sums)| add_wide(to, &sums));
}

#[inline(always)]
fn add_wide<R: Real>(to: &mut [f64; LANES], sums: &[R; LANES]) {
    for l in 0..LANES {
        to[l] += sums[l].to_f64();
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
