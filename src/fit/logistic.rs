//! Pair rows under the logistic loss, in any storage, computed tile by tile.

use std::borrow::Cow;

use ndarray::Array2;
use pulp::NullaryFnOnce;
use rand::Rng;
use rayon::prelude::*;

use super::kernel::{self, Lanes, Level, Real, Storage, TILE, Tile, View, padded};
use super::likelihood::{BLOCK_ROWS, Likelihood, Model, Problem, RowWeights};
use crate::rng;

/// Pair rows with soft labels under the logistic loss
/// ℓ(z, y) = log(1 + e^z) − y z (design: "Fit"; arXiv 2412.21059, Eq. 5).
///
/// `T` is how the differences are stored: `f64`, `f32` or `i8`. Rows of `f64` are computed in `f64`; the others in `f32` with sums
/// in `f64`, and in `f64` throughout where a tolerance asks for it.
pub struct LogisticRows<'a, T: Storage = f64> {
    /// Row-major differences [rows, columns].
    pub x: Cow<'a, [T]>,
    /// Number of columns.
    pub columns: usize,
    /// Soft label of each row in [0, 1]: 1 = item a.
    pub y: Vec<f64>,
    /// Weight of each row.
    pub weight: Vec<f64>,
    /// Group of each row.
    pub group: Vec<usize>,
}

impl<T: Storage> Model for LogisticRows<'_, T> {
    fn parameters(&self) -> usize {
        self.columns
    }

    fn weight(&self) -> &[f64] {
        &self.weight
    }

    fn group(&self) -> &[usize] {
        &self.group
    }

    fn likelihood<'a>(&'a self, weight: Cow<'a, [f64]>) -> Box<dyn Likelihood + 'a> {
        Box::new(Logistic::<T, T::Near>::new(Cow::Borrowed(&self.x), self.columns, Cow::Borrowed(&self.y), weight))
    }

    fn row_losses(&self, w: &[f64]) -> Vec<f64> {
        let (x, y) = (Cow::Borrowed(&*self.x), Cow::Borrowed(&*self.y));
        let mut all = Logistic::<T, T::Near>::new(x, self.columns, y, Cow::Borrowed(&self.weight));
        // Rows of weight 0 have a loss too.
        all.rows = None;
        all.row_losses(w)
    }

    fn held_out_losses(&self, members: &[Vec<u32>], weights: &[&[f64]]) -> Vec<f64> {
        let mut losses = vec![0.0; self.y.len()];
        for (rows, w) in members.iter().zip(weights) {
            let (x, y) = (Cow::Borrowed(&*self.x), Cow::Borrowed(&*self.y));
            let mut fold = Logistic::<T, T::Near>::new(x, self.columns, y, Cow::Borrowed(&self.weight));
            fold.rows = Some(Cow::Borrowed(rows));
            rows.iter().zip(fold.row_losses(w)).for_each(|(&i, loss)| losses[i as usize] = loss);
        }
        losses
    }

    fn noise(&self) -> f64 {
        noise::<T::Near>(self.y.len())
    }

    fn many(&self, problems: &[Problem]) -> Vec<(f64, Vec<f64>)> {
        // Sixteen problems at once, or eight where no more are left.
        let mut results = Vec::with_capacity(problems.len());
        for some in problems.chunks(16) {
            results.extend(if some.len() > 8 { self.lanes::<16>(some) } else { self.lanes::<8>(some) });
        }
        results
    }
}

impl<T: Storage> LogisticRows<'_, T> {
    /// At most K problems in one pass over the rows.
    fn lanes<const K: usize>(&self, problems: &[Problem]) -> Vec<(f64, Vec<f64>)> {
        let d = self.columns;
        let fresh = Lanes::<T::Near, K>::new(d, problems.iter().map(|p| p.w));
        let level = Level::best();
        let blocks = self.y.len().div_ceil(BLOCK_ROWS);
        let block = |b: usize| {
            let mut lanes = fresh.clone();
            let rows = b * BLOCK_ROWS..((b + 1) * BLOCK_ROWS).min(self.y.len());
            level.run(ManyBlock { rows: self, range: rows, problems, lanes: &mut lanes });
            (lanes.loss, lanes.gradient)
        };
        let sums: Vec<([f64; K], Vec<[f64; K]>)> = match blocks {
            1 => vec![block(0)],
            _ => (0..blocks).into_par_iter().map(block).collect(),
        };
        let (mut loss, mut gradient) = ([0.0; K], vec![[0.0; K]; d]);
        for (block_loss, block_gradient) in sums {
            for k in 0..K {
                loss[k] += block_loss[k];
            }
            for (to, from) in gradient.iter_mut().zip(block_gradient) {
                for k in 0..K {
                    to[k] += from[k];
                }
            }
        }
        (problems.iter().enumerate())
            .map(|(k, p)| (loss[k] / p.total, gradient.iter().map(|g| g[k] / p.total).collect()))
            .collect()
    }
}

/// Some consecutive rows for K problems.
struct ManyBlock<'a, T: Storage, const K: usize> {
    rows: &'a LogisticRows<'a, T>,
    range: std::ops::Range<usize>,
    problems: &'a [Problem<'a>],
    lanes: &'a mut Lanes<T::Near, K>,
}

impl<T: Storage, const K: usize> NullaryFnOnce for ManyBlock<'_, T, K> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let LogisticRows { x, columns, y, .. } = self.rows;
        let mut tile = Tile::new(*columns);
        for first in self.range.clone().step_by(TILE) {
            let last = (first + TILE).min(self.range.end);
            let labels = filled(|r| y[first + r], last - first);
            for (k, problem) in self.problems.iter().enumerate() {
                fill_weights(problem.rows, first, last, |r, m| self.lanes.m[r][k] = Real::from_f64(m));
            }
            if last - first < TILE {
                self.lanes.m[last - first..].fill([Real::ZERO; K]);
            }
            kernel::many(tile.window(x, *columns, first, last), last - first, &labels, self.lanes);
        }
    }
}

/// The weights of rows `first..last`, with one decision for all of them.
#[inline(always)]
fn fill_weights(weights: RowWeights, first: usize, last: usize, mut put: impl FnMut(usize, f64)) {
    match weights {
        RowWeights::Given(m) => m[first..last].iter().enumerate().for_each(|(r, &m)| put(r, m)),
        RowWeights::Without { base, fold, held_out } => (base[first..last].iter().zip(&fold[first..last]).enumerate())
            .for_each(|(r, (&m, &f))| put(r, if f == held_out { 0.0 } else { m })),
        RowWeights::Resampled { base, group, copies } => {
            (base[first..last].iter().zip(&group[first..last]).enumerate())
                .for_each(|(r, (&m, &g))| put(r, m * f64::from(copies[g])))
        }
    }
}

/// Rounding of a mean loss over `rows` rows: their errors are independent, and the sums over tiles are `f64`.
fn noise<R: Real>(rows: usize) -> f64 {
    if R::LARGE { 1e-13 } else { R::ROUNDING / (rows as f64).sqrt() + 1e-10 }
}

/// One value per row of a tile, 0 beyond.
#[inline(always)]
fn filled<R: Real>(value: impl Fn(usize) -> f64, rows: usize) -> [R; TILE] {
    let mut values = [R::ZERO; TILE];
    for (r, v) in values.iter_mut().enumerate().take(rows) {
        *v = R::from_f64(value(r));
    }
    values
}

/// [`LogisticRows`] under given row weights, computed in `R`; rows of weight 0 cost nothing.
struct Logistic<'a, T: Storage, R: Real> {
    x: Cow<'a, [T]>,
    columns: usize,
    y: Cow<'a, [f64]>,
    weight: Cow<'a, [f64]>,
    /// Rows of positive weight; `None` = all.
    rows: Option<Cow<'a, [u32]>>,
    total: f64,
    level: Level,
    arithmetic: std::marker::PhantomData<R>,
}

impl<'a, T: Storage, R: Real> Logistic<'a, T, R> {
    fn new(x: Cow<'a, [T]>, columns: usize, y: Cow<'a, [f64]>, weight: Cow<'a, [f64]>) -> Self {
        let used = || (0..y.len() as u32).filter(|&i| weight[i as usize] > 0.0).collect();
        let rows = weight.contains(&0.0).then(used);
        let total = weight.iter().sum();
        Self { x, columns, y, weight, rows, total, level: Level::best(), arithmetic: std::marker::PhantomData }
    }

    fn len(&self) -> usize {
        self.rows.as_ref().map_or(self.y.len(), |rows| rows.len())
    }

    /// Runs `work` over the tiles of one block.
    fn over<W: OnTile<R>>(&self, block: usize, w: &[f64], work: W) -> W {
        let mut padded_w = vec![R::ZERO; padded(self.columns)];
        padded_w.iter_mut().zip(w).for_each(|(to, &from)| *to = R::from_f64(from));
        let first = block * BLOCK_ROWS;
        let range = first..(first + BLOCK_ROWS).min(self.len());
        self.level.run(OverBlock { of: self, w: padded_w, range, work })
    }

    fn row_losses(&self, w: &[f64]) -> Vec<f64> {
        let block = |b: usize| self.over(b, w, RowLosses(Vec::with_capacity(BLOCK_ROWS))).0;
        let parts: Vec<Vec<f64>> = (0..self.blocks()).into_par_iter().map(block).collect();
        parts.concat()
    }
}

/// What is done with the margins of a tile.
trait OnTile<R: Real> {
    fn tile(&mut self, view: View<R>, rows: usize, z: &[R; TILE], y: &[R; TILE], m: &[R; TILE]);
}

/// Margins of every tile of some rows, handed to `work`.
struct OverBlock<'a, 'b, T: Storage, R: Real, W> {
    of: &'a Logistic<'b, T, R>,
    w: Vec<R>,
    range: std::ops::Range<usize>,
    work: W,
}

impl<T: Storage, R: Real, W: OnTile<R>> NullaryFnOnce for OverBlock<'_, '_, T, R, W> {
    type Output = W;

    #[inline(always)]
    fn call(mut self) -> W {
        let Logistic { x, columns, y, weight, rows, .. } = self.of;
        let mut tile = Tile::new(*columns);
        let mut z = [R::ZERO; TILE];
        for first in self.range.clone().step_by(TILE) {
            let last = (first + TILE).min(self.range.end);
            let n = last - first;
            let (view, labels, m) = match rows {
                Some(rows) => {
                    let rows = &rows[first..last];
                    let labels = filled(|r| y[rows[r] as usize], n);
                    (tile.gather(x, *columns, rows), labels, filled(|r| weight[rows[r] as usize], n))
                }
                None => {
                    let (y, weight) = (&y[first..last], &weight[first..last]);
                    (tile.window(x, *columns, first, last), filled(|r| y[r], n), filled(|r| weight[r], n))
                }
            };
            kernel::margins(view, n, &self.w, &mut z);
            z[n..].fill(R::ZERO);
            self.work.tile(view, n, &z, &labels, &m);
        }
        self.work
    }
}

/// Loss and gradient.
struct Gradient<'g> {
    loss: f64,
    gradient: &'g mut [f64],
}

impl<R: Real> OnTile<R> for Gradient<'_> {
    #[inline(always)]
    fn tile(&mut self, view: View<R>, rows: usize, z: &[R; TILE], y: &[R; TILE], m: &[R; TILE]) {
        let (mut slope, mut bend) = ([R::ZERO; TILE], [R::ZERO; TILE]);
        self.loss += kernel::slopes(z, y, m, &mut slope, &mut bend);
        kernel::tile_gradient(view, rows, &slope, self.gradient);
    }
}

/// Curvature.
struct Curvature<R> {
    scaled: Vec<R>,
    gram: Vec<f64>,
    width: usize,
}

impl<R: Real> OnTile<R> for Curvature<R> {
    #[inline(always)]
    fn tile(&mut self, view: View<R>, rows: usize, z: &[R; TILE], y: &[R; TILE], m: &[R; TILE]) {
        let (mut slope, mut bend) = ([R::ZERO; TILE], [R::ZERO; TILE]);
        kernel::slopes(z, y, m, &mut slope, &mut bend);
        kernel::add_gram(view, rows, &bend, &mut self.scaled, &mut self.gram, self.width);
    }
}

/// The conjugate at a shrunk dual point.
struct Conjugate {
    scale: f64,
    sum: f64,
}

impl<R: Real> OnTile<R> for Conjugate {
    #[inline(always)]
    fn tile(&mut self, _: View<R>, _: usize, z: &[R; TILE], y: &[R; TILE], m: &[R; TILE]) {
        self.sum += kernel::conjugate(z, y, m, R::from_f64(self.scale));
    }
}

/// Losses row by row.
struct RowLosses(Vec<f64>);

impl<R: Real> OnTile<R> for RowLosses {
    #[inline(always)]
    fn tile(&mut self, _: View<R>, rows: usize, z: &[R; TILE], y: &[R; TILE], _: &[R; TILE]) {
        let losses = kernel::losses(z, y);
        self.0.extend(losses[..rows].iter().map(|l| l.to_f64()));
    }
}

impl<T: Storage, R: Real> Likelihood for Logistic<'_, T, R> {
    fn parameters(&self) -> usize {
        self.columns
    }

    fn blocks(&self) -> usize {
        self.len().div_ceil(BLOCK_ROWS)
    }

    fn total_weight(&self) -> f64 {
        self.total
    }

    fn add_gradient(&self, block: usize, w: &[f64], gradient: &mut [f64]) -> f64 {
        let mut sums = vec![0.0; padded(self.columns)];
        let loss = self.over(block, w, Gradient { loss: 0.0, gradient: &mut sums }).loss;
        gradient.iter_mut().zip(&sums).for_each(|(g, s)| *g += s);
        loss
    }

    fn add_curvature(&self, block: usize, w: &[f64], curvature: &mut Array2<f64>) {
        let width = padded(self.columns);
        let work = Curvature { scaled: vec![R::ZERO; TILE * width], gram: vec![0.0; width * width], width };
        let gram = self.over(block, w, work).gram;
        for j in 0..self.columns {
            for k in j..self.columns {
                let value = gram[j * width + k];
                curvature[[j, k]] += value;
                if k > j {
                    curvature[[k, j]] += value;
                }
            }
        }
    }

    fn sample(&self, rows: usize) -> Option<Box<dyn Likelihood + '_>> {
        let n = self.len();
        if rows * 2 > n {
            return None;
        }
        // One row at random out of each of equal stretches: real data is sorted by prompt, time or label.
        let mut random = rng::stream(0, "curvature-sample", rows as u64);
        let row_of = |place: usize| self.rows.as_ref().map_or(place, |r| r[place] as usize);
        let (mut x, mut y, mut weight) =
            (Vec::with_capacity(rows * self.columns), Vec::with_capacity(rows), Vec::with_capacity(rows));
        for k in 0..rows {
            let (first, last) = (k * n / rows, (k + 1) * n / rows);
            let within = (u128::from(random.next_u64()) * (last - first) as u128) >> 64;
            let row = row_of(first + within as usize);
            x.extend_from_slice(&self.x[row * self.columns..(row + 1) * self.columns]);
            y.push(self.y[row]);
            weight.push(self.weight[row]);
        }
        Some(Box::new(Logistic::<T, R>::new(Cow::Owned(x), self.columns, Cow::Owned(y), Cow::Owned(weight))))
    }

    fn double(&self) -> Option<Box<dyn Likelihood + '_>> {
        if R::LARGE {
            return None;
        }
        Some(Box::new(Logistic::<T, f64>::new(
            Cow::Borrowed(&self.x),
            self.columns,
            Cow::Borrowed(&self.y),
            Cow::Borrowed(&self.weight),
        )))
    }

    fn noise(&self) -> f64 {
        noise::<R>(self.len())
    }

    fn conjugate(&self, w: &[f64], scale: f64) -> Option<f64> {
        let block = |b: usize| self.over(b, w, Conjugate { scale, sum: 0.0 }).sum;
        let sums: Vec<f64> = (0..self.blocks()).into_par_iter().map(block).collect();
        Some(sums.iter().sum::<f64>() / self.total)
    }
}
