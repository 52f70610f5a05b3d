//! Pair rows under the logistic loss, in any storage, computed tile by tile.

use std::borrow::Cow;

use ndarray::Array2;
use pulp::NullaryFnOnce;
use rand::Rng;
use rayon::prelude::*;

use super::kernel::{self, Ahead, Gram, Level, Real, Storage, TILE, Tile, View, padded};
use super::lanes;
use super::likelihood::{BLOCK_ROWS, Likelihood, Model, Problem, RowWeights, loss_and_gradient};
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
            let members = Some(Cow::Borrowed(rows.as_slice()));
            let fold = Logistic::<T, T::Near>::of(x, self.columns, y, Cow::Borrowed(&self.weight), members, 1.0);
            rows.iter().zip(fold.row_losses(w)).for_each(|(&i, loss)| losses[i as usize] = loss);
        }
        losses
    }

    fn noise(&self) -> f64 {
        noise::<T::Near>(self.y.len())
    }

    fn many(&self, problems: &[Problem]) -> Vec<(f64, Vec<f64>)> {
        lanes::many(Level::best(), self, problems)
    }

    fn many_at(&self, w: &[f64], rows: &[(RowWeights, f64)]) -> Vec<(f64, Vec<f64>)> {
        let (x, y) = (Cow::Borrowed(&*self.x), Cow::Borrowed(&*self.y));
        let mut all = Logistic::<T, T::Near>::new(x, self.columns, y, Cow::Borrowed(&self.weight));
        all.rows = None;
        let parts: Vec<RowTerms<T::Near>> =
            (0..all.blocks()).into_par_iter().map(|b| all.over(b, w, RowTerms::default())).collect();
        lanes::many_at(Level::best(), self, &parts, rows)
    }

    fn by_fold(&self, w: &[f64], members: &[Vec<u32>]) -> Vec<(f64, Vec<f64>)> {
        let part = |rows: &Vec<u32>| {
            let (x, y) = (Cow::Borrowed(&*self.x), Cow::Borrowed(&*self.y));
            let rows = Some(Cow::Borrowed(rows.as_slice()));
            let fold = Logistic::<T, T::Near>::of(x, self.columns, y, Cow::Borrowed(&self.weight), rows, 1.0);
            loss_and_gradient(&fold, w)
        };
        members.par_iter().map(part).collect()
    }
}

/// Rounding of a mean loss over `rows` rows: their errors are independent, and the sums over tiles are `f64`.
fn noise<R: Real>(rows: usize) -> f64 {
    if R::LARGE { 1e-13 } else { R::ROUNDING / (rows as f64).sqrt() + 1e-10 }
}

/// The values of a tile's rows, 0 beyond.
#[inline(always)]
pub(super) fn filled<R: Real>(from: &[f64]) -> [R; TILE] {
    let mut values = [R::ZERO; TILE];
    values.iter_mut().zip(from).for_each(|(to, &from)| *to = R::from_f64(from));
    values
}

/// As [`filled`] for named rows.
#[inline(always)]
fn picked<R: Real>(from: &[f64], rows: &[u32]) -> [R; TILE] {
    let mut values = [R::ZERO; TILE];
    values.iter_mut().zip(rows).for_each(|(to, &row)| *to = R::from_f64(from[row as usize]));
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
    /// The weight of every row, where all have the same: it need not be read then.
    same_weight: Option<f64>,
    total: f64,
    level: Level,
    arithmetic: std::marker::PhantomData<R>,
}

impl<'a, T: Storage, R: Real> Logistic<'a, T, R> {
    fn new(x: Cow<'a, [T]>, columns: usize, y: Cow<'a, [f64]>, weight: Cow<'a, [f64]>) -> Self {
        let used = || (0..y.len() as u32).filter(|&i| weight[i as usize] > 0.0).collect();
        let rows = weight.contains(&0.0).then(used).map(Cow::Owned);
        let total = weight.iter().sum();
        Self::of(x, columns, y, weight, rows, total)
    }

    /// The given rows; `None` = all.
    fn of(
        x: Cow<'a, [T]>,
        columns: usize,
        y: Cow<'a, [f64]>,
        weight: Cow<'a, [f64]>,
        rows: Option<Cow<'a, [u32]>>,
        total: f64,
    ) -> Self {
        let same_weight = weight.first().copied().filter(|m| rows.is_none() && weight.iter().all(|w| w == m));
        let (level, arithmetic) = (Level::best(), std::marker::PhantomData);
        Self { x, columns, y, weight, rows, same_weight, total, level, arithmetic }
    }

    fn len(&self) -> usize {
        self.rows.as_ref().map_or(self.y.len(), |rows| rows.len())
    }

    /// Runs `work` over the tiles of one block.
    fn over<W: OnTile<T, R>>(&self, block: usize, w: &[f64], work: W) -> W {
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
trait OnTile<T: Storage, R: Real> {
    fn tile(&mut self, view: View<T>, rows: usize, z: &[R; TILE], y: &[R; TILE], m: &[R; TILE]);
}

/// Margins of every tile of some rows, handed to `work`.
struct OverBlock<'a, 'b, T: Storage, R: Real, W> {
    of: &'a Logistic<'b, T, R>,
    w: Vec<R>,
    range: std::ops::Range<usize>,
    work: W,
}

impl<T: Storage, R: Real, W: OnTile<T, R>> NullaryFnOnce for OverBlock<'_, '_, T, R, W> {
    type Output = W;

    #[inline(always)]
    fn call(mut self) -> W {
        let Logistic { x, columns, y, weight, rows, same_weight, .. } = self.of;
        let columns = *columns;
        let mut tile = Tile::new(columns);
        let (mut sums, mut z) = (kernel::RowSums::default(), [R::ZERO; TILE]);
        let same_weight = same_weight.map(|m| [R::from_f64(m); TILE]);
        // Every fit begins where all margins are 0.
        let null = self.w.iter().all(|w| *w == R::ZERO);
        for first in self.range.clone().step_by(TILE) {
            let last = (first + TILE).min(self.range.end);
            let n = last - first;
            let (view, next, labels, m);
            match rows {
                Some(rows) => {
                    let rows = &rows[first..last];
                    (view, next) = (tile.gather(x, rows), Ahead::new(&[]));
                    (labels, m) = (picked(y, rows), picked(weight, rows));
                }
                None => {
                    view = tile.window(x, first, last);
                    next = Ahead::new(&x[last * columns..(last + TILE).min(y.len()) * columns]);
                    labels = filled(&y[first..last]);
                    m = same_weight.filter(|_| n == TILE).unwrap_or_else(|| filled(&weight[first..last]));
                }
            }
            if !null {
                kernel::margins(view, n, &self.w, &mut sums, &mut z, &next);
            }
            next.late();
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

impl<T: Storage, R: Real> OnTile<T, R> for Gradient<'_> {
    #[inline(always)]
    fn tile(&mut self, view: View<T>, rows: usize, z: &[R; TILE], y: &[R; TILE], m: &[R; TILE]) {
        let (mut slope, mut bend) = ([R::ZERO; TILE], [R::ZERO; TILE]);
        self.loss += kernel::slopes(z, y, m, &mut slope, &mut bend);
        kernel::tile_gradient(view, rows, &slope, self.gradient);
    }
}

/// Curvature.
struct Curvature<R>(Gram<R>);

impl<T: Storage, R: Real> OnTile<T, R> for Curvature<R> {
    #[inline(always)]
    fn tile(&mut self, view: View<T>, rows: usize, z: &[R; TILE], y: &[R; TILE], m: &[R; TILE]) {
        let (mut slope, mut bend) = ([R::ZERO; TILE], [R::ZERO; TILE]);
        kernel::slopes(z, y, m, &mut slope, &mut bend);
        self.0.add(view, rows, &bend);
    }
}

/// Slope and loss row by row, without the rows' weights.
#[derive(Default)]
pub(super) struct RowTerms<R> {
    pub slope: Vec<R>,
    pub loss: Vec<R>,
}

impl<T: Storage, R: Real> OnTile<T, R> for RowTerms<R> {
    #[inline(always)]
    fn tile(&mut self, _: View<T>, rows: usize, z: &[R; TILE], y: &[R; TILE], _: &[R; TILE]) {
        let (mut slope, mut bend) = ([R::ZERO; TILE], [R::ZERO; TILE]);
        kernel::slopes(z, y, &[R::ONE; TILE], &mut slope, &mut bend);
        self.slope.extend_from_slice(&slope[..rows]);
        self.loss.extend_from_slice(&kernel::losses(z, y)[..rows]);
    }
}

/// The conjugate at a shrunk dual point.
struct Conjugate {
    scale: f64,
    sum: f64,
}

impl<T: Storage, R: Real> OnTile<T, R> for Conjugate {
    #[inline(always)]
    fn tile(&mut self, _: View<T>, _: usize, z: &[R; TILE], y: &[R; TILE], m: &[R; TILE]) {
        self.sum += kernel::conjugate(z, y, m, R::from_f64(self.scale));
    }
}

/// Losses row by row.
struct RowLosses(Vec<f64>);

impl<T: Storage, R: Real> OnTile<T, R> for RowLosses {
    #[inline(always)]
    fn tile(&mut self, _: View<T>, rows: usize, z: &[R; TILE], y: &[R; TILE], _: &[R; TILE]) {
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
        let Gram { sums, width, .. } = self.over(block, w, Curvature(Gram::new(padded(self.columns)))).0;
        for j in 0..self.columns {
            for k in j..self.columns {
                let value = sums[j * width + k];
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

#[cfg(test)]
mod tests {
    use super::super::likelihood::curvature;
    use super::*;

    /// Every number that the kernels make of some rows, as bits.
    fn everything<T: Storage>(level: Level, rows: &LogisticRows<T>) -> Vec<u64> {
        let d = rows.columns;
        let w: Vec<f64> = (0..d).map(|j| 0.3 - 0.05 * j as f64).collect();
        let mut all =
            Logistic::<T, T::Near>::new(Cow::Borrowed(&rows.x), d, Cow::Borrowed(&rows.y), Cow::Borrowed(&rows.weight));
        all.level = level;
        let (loss, mut numbers) = loss_and_gradient(&all, &w);
        numbers.push(loss);
        numbers.extend(curvature(&all, &w));
        numbers.extend(all.conjugate(&w, 0.9));
        numbers.extend(all.row_losses(&w));
        let terms = all.over(0, &w, RowTerms::default());
        let given = (RowWeights::Given(&rows.weight), all.total);
        let problem = Problem { rows: given.0, total: given.1, w: &w };
        for (loss, gradient) in lanes::many(level, rows, &[problem; 11]) {
            numbers.push(loss);
            numbers.extend(gradient);
        }
        for (loss, gradient) in lanes::many_at(level, rows, &[terms], &[given; 3]) {
            numbers.push(loss);
            numbers.extend(gradient);
        }
        numbers.into_iter().map(f64::to_bits).collect()
    }

    #[test]
    fn every_instruction_set_gives_the_same_bytes() {
        for (n, d) in [(517, 19), (64, 64), (3, 1), (130, 67)] {
            let x: Vec<i8> = (0..n * d).map(|k| ((k * 37 + k / d * 11) % 5) as i8 - 2).collect();
            let y: Vec<f64> = (0..n).map(|i| [0.0, 1.0, 0.5, 0.25][i % 4]).collect();
            let weight: Vec<f64> = (0..n).map(|i| 1.0 + (i % 3) as f64).collect();
            fn with<T: Storage>(x: Vec<T>, d: usize, y: &[f64], weight: &[f64]) {
                let rows = LogisticRows {
                    x: Cow::Owned(x),
                    columns: d,
                    y: y.to_vec(),
                    weight: weight.to_vec(),
                    group: Vec::new(),
                };
                let expected = everything(Level::Baseline, &rows);
                for level in Level::available() {
                    assert!(everything(level, &rows) == expected, "{level:?}");
                }
            }
            with(x.iter().map(|&v| f32::from(v)).collect(), d, &y, &weight);
            with(x.iter().map(|&v| f64::from(v)).collect(), d, &y, &weight);
            with(x, d, &y, &weight);
        }
    }
}
