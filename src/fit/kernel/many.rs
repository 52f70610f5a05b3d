//! Many weight vectors at once: each lane is a problem of its own over the same rows.
//!
//! Margins and gradients of K problems are two small matrix products per tile; the rows are read once for all of them,
//! and no sum runs across lanes.

use super::real::add_scaled;
use super::storage::View;
use super::{Real, Storage, TILE, padded};

/// What K problems bring to and take from a tile.
#[derive(Clone)]
pub struct Lanes<R, const K: usize> {
    /// Weights, column by column: `[padded columns][problem]`.
    pub w: Vec<[R; K]>,
    columns: usize,
    /// The tile in the type of the arithmetic: every value is used K times.
    x: Vec<R>,
    /// Columns in which some problem has a weight other than 0.
    pub active: Vec<u32>,
    /// Row weights of the tile: `[row][problem]`.
    pub m: Vec<[R; K]>,
    /// Margins, then slopes: [row][problem].
    z: Vec<[R; K]>,
    e: Vec<[R; K]>,
    log: Vec<[R; K]>,
    /// Σ m ∂ℓ so far: `[padded columns][problem]`.
    pub gradient: Vec<[f64; K]>,
    /// Σ m ℓ so far.
    pub loss: [f64; K],
}

/// Rows (of margins) or columns (of gradients) whose sums are kept in registers together.
const GROUP: usize = 4;

impl<R: Real, const K: usize> Lanes<R, K> {
    #[inline(always)]
    fn convert<T: Storage>(&mut self, view: View<T>, rows: usize) {
        let width = padded(self.columns);
        for (r, to) in self.x.chunks_exact_mut(width).take(rows.next_multiple_of(GROUP)).enumerate() {
            let from = &view.x[r * view.stride..][..width];
            to.iter_mut().zip(from).for_each(|(to, from)| *to = from.convert());
        }
    }

    /// Lanes for the given weights, one vector per problem (at most K; the other lanes stay 0).
    pub fn new<'a>(columns: usize, weights: impl Iterator<Item = &'a [f64]>) -> Self {
        let mut w = vec![[R::ZERO; K]; padded(columns)];
        for (k, weights) in weights.enumerate() {
            for (to, &from) in w.iter_mut().zip(weights) {
                to[k] = R::from_f64(from);
            }
        }
        let active = (0..columns as u32).filter(|&j| w[j as usize].iter().any(|&v| v != R::ZERO)).collect();
        Self {
            w,
            columns,
            x: vec![R::ZERO; TILE * padded(columns)],
            active,
            m: vec![[R::ZERO; K]; TILE],
            z: vec![[R::ZERO; K]; TILE],
            e: vec![[R::ZERO; K]; TILE],
            log: vec![[R::ZERO; K]; TILE],
            gradient: vec![[0.0; K]; padded(columns)],
            loss: [0.0; K],
        }
    }
}

/// Adds the tile's first `rows` rows with labels `y` to the loss and the gradient of every lane.
#[inline(always)]
pub fn many<T: Storage, R: Real, const K: usize>(view: View<T>, rows: usize, y: &[R; TILE], lanes: &mut Lanes<R, K>) {
    lanes.convert(view, rows);
    // Rows beyond the end hold old values, which their weight of 0 takes out; columns beyond the end are padding.
    for first in (0..rows.next_multiple_of(GROUP)).step_by(GROUP) {
        margins(first, lanes);
    }
    slopes(rows, y, lanes);
    for first in (0..lanes.columns).step_by(GROUP) {
        gradient(rows, first, lanes);
    }
}

/// As [`many`] where all lanes are at one point: `slope` and `loss` of each row, without its weight, are known.
#[inline(always)]
pub fn many_at<T: Storage, R: Real, const K: usize>(view: View<T>, slope: &[R], loss: &[R], lanes: &mut Lanes<R, K>) {
    lanes.convert(view, slope.len());
    let mut sums = [R::ZERO; K];
    for (((z, m), &slope), &loss) in lanes.z.iter_mut().zip(&lanes.m).zip(slope).zip(loss) {
        for k in 0..K {
            z[k] = m[k] * slope;
            sums[k] += m[k] * loss;
        }
    }
    lanes.loss.iter_mut().zip(sums).for_each(|(sum, part)| *sum += part.to_f64());
    for first in (0..lanes.columns).step_by(GROUP) {
        gradient(slope.len(), first, lanes);
    }
}

#[inline(always)]
fn margins<R: Real, const K: usize>(first: usize, lanes: &mut Lanes<R, K>) {
    // Four named sums, not an array of them: compilers keep these in registers.
    let (mut a, mut b, mut c, mut d) = ([R::ZERO; K], [R::ZERO; K], [R::ZERO; K], [R::ZERO; K]);
    let row = |g: usize| &lanes.x[(first + g) * lanes.w.len()..][..lanes.w.len()];
    let (xa, xb, xc, xd) = (row(0), row(1), row(2), row(3));
    for &j in &lanes.active {
        let j = j as usize;
        let w = &lanes.w[j];
        add_scaled(&mut a, xa[j], w);
        add_scaled(&mut b, xb[j], w);
        add_scaled(&mut c, xc[j], w);
        add_scaled(&mut d, xd[j], w);
    }
    lanes.z[first..first + GROUP].copy_from_slice(&[a, b, c, d]);
}

#[inline(always)]
fn slopes<R: Real, const K: usize>(rows: usize, y: &[R; TILE], lanes: &mut Lanes<R, K>) {
    let z = &mut lanes.z[..rows];
    let (e, log) = (&mut lanes.e[..rows], &mut lanes.log[..rows]);
    for (e, z) in e.as_flattened_mut().iter_mut().zip(z.as_flattened()) {
        *e = z.size().exp_neg();
    }
    for (log, e) in log.as_flattened_mut().iter_mut().zip(e.as_flattened()) {
        *log = e.ln_1p();
    }
    let mut loss = [R::ZERO; K];
    for ((((z, e), log), m), &y) in z.iter_mut().zip(e).zip(log).zip(&lanes.m).zip(y) {
        let n = R::ONE - y;
        for k in 0..K {
            let low = e[k] / (R::ONE + e[k]);
            let up = z[k] >= R::ZERO;
            let other = if up { n } else { y };
            let s = other - low;
            loss[k] += m[k] * (log[k] + other * z[k].size());
            z[k] = m[k] * if up { s } else { -s };
        }
    }
    lanes.loss.iter_mut().zip(loss).for_each(|(sum, part)| *sum += part.to_f64());
}

#[inline(always)]
fn gradient<R: Real, const K: usize>(rows: usize, first: usize, lanes: &mut Lanes<R, K>) {
    let (mut a, mut b, mut c, mut d) = ([R::ZERO; K], [R::ZERO; K], [R::ZERO; K], [R::ZERO; K]);
    let width = lanes.w.len();
    for (slope, x) in lanes.z[..rows].iter().zip(lanes.x.chunks_exact(width)) {
        let Some(x) = x.get(first..first + GROUP) else { break };
        add_scaled(&mut a, x[0], slope);
        add_scaled(&mut b, x[1], slope);
        add_scaled(&mut c, x[2], slope);
        add_scaled(&mut d, x[3], slope);
    }
    for (sum, to) in [a, b, c, d].iter().zip(&mut lanes.gradient[first..first + GROUP]) {
        for k in 0..K {
            to[k] += sum[k].to_f64();
        }
    }
}
