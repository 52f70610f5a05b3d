//! The quadratic model of one Newton step, solved by coordinate descent with an exact finish on the free coordinates.

use ndarray::Array2;
use pulp::NullaryFnOnce;

use super::kernel::Level;
use super::likelihood::dot;
use super::penalty::Penalty;

/// Coordinate-descent sweeps between two exact solves on the free coordinates, at least …
const SWEEPS: usize = 4;

/// … and one more for so many parameters: a solve then costs about as much as the sweeps before it.
const PARAMETERS_PER_SWEEP: usize = 16;

/// Limit of rounds (sweeps, then exact solve).
const ROUNDS: usize = 250;

/// More parameters than this are solved on those that move: the others cost a look at their slope only.
const WIDE: usize = 128;

/// argmin over v of gradient·(v−w) + ½ (v−w)ᵀH(v−w) + penalty(v), to a model residual of `target`.
///
/// Coordinate descent finds which weights are zero or at a bound; a Cholesky solve on the others then ends what descent
/// would only approach on correlated questions. The exact step stops at the first bound or sign change it meets, so
/// every move lowers the model.
pub fn minimise(h: &Array2<f64>, gradient: &[f64], w: &[f64], penalty: &Penalty, target: f64) -> Vec<f64> {
    let whole = |slope: &[f64], v: &[f64]| Level::best().run(Model { h, gradient: slope, w: v, penalty, target });
    if w.len() <= WIDE {
        return whole(gradient, w);
    }
    let (mut v, mut slope) = (w.to_vec(), gradient.to_vec());
    for _ in 0..ROUNDS {
        // A coordinate at 0 whose slope the penalty holds stays there until the others have moved.
        let moving: Vec<usize> =
            (0..v.len()).filter(|&j| v[j] != 0.0 || penalty.distance(j, v[j], slope[j]) > target).collect();
        if 4 * moving.len() > 3 * v.len() {
            return whole(&slope, &v);
        }
        let part = |of: &[f64]| moving.iter().map(|&j| of[j]).collect::<Vec<f64>>();
        let corner = Array2::from_shape_fn((moving.len(), moving.len()), |(a, b)| h[[moving[a], moving[b]]]);
        let model = Model {
            h: &corner,
            gradient: &part(&slope),
            w: &part(&v),
            penalty: &penalty.of(&moving),
            target: 0.5 * target,
        };
        for (&j, new) in moving.iter().zip(Level::best().run(model)) {
            if new != v[j] {
                move_coordinate(h, &mut v, &mut slope, j, new);
            }
        }
        if penalty.residual(&v, &slope) <= target {
            break;
        }
    }
    v
}

/// What [`minimise`] is given: one piece of work for the vector instructions of the machine.
struct Model<'a> {
    h: &'a Array2<f64>,
    gradient: &'a [f64],
    w: &'a [f64],
    penalty: &'a Penalty,
    target: f64,
}

impl NullaryFnOnce for Model<'_> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn call(self) -> Vec<f64> {
        let Self { h, penalty, target, .. } = self;
        let mut v = self.w.to_vec();
        // Slope of the smooth model part at v.
        let mut slope = self.gradient.to_vec();
        for _ in 0..ROUNDS {
            for _ in 0..SWEEPS.max(v.len() / PARAMETERS_PER_SWEEP) {
                sweep(h, &mut v, &mut slope, penalty);
                if penalty.residual(&v, &slope) <= target {
                    return v;
                }
            }
            if !solve_free(h, &mut v, &mut slope, penalty) {
                sweep(h, &mut v, &mut slope, penalty);
            }
            if penalty.residual(&v, &slope) <= target {
                return v;
            }
        }
        v
    }
}

/// H v for a symmetric H.
pub fn times(h: &Array2<f64>, v: &[f64]) -> Vec<f64> {
    let mut product = vec![0.0; v.len()];
    v.iter().enumerate().filter(|(_, v)| **v != 0.0).for_each(|(j, &v)| add_row(h, j, v, &mut product));
    product
}

/// to += factor × row j of H.
#[inline(always)]
fn add_row(h: &Array2<f64>, j: usize, factor: f64, to: &mut [f64]) {
    match h.row(j).to_slice() {
        Some(row) => to.iter_mut().zip(row).for_each(|(s, &hjk)| *s += factor * hjk),
        None => to.iter_mut().zip(h.row(j)).for_each(|(s, &hjk)| *s += factor * hjk),
    }
}

/// One pass over the coordinates; `slope` follows every change.
#[inline(always)]
fn sweep(h: &Array2<f64>, v: &mut [f64], slope: &mut [f64], penalty: &Penalty) {
    for j in 0..v.len() {
        let hjj = h[[j, j]];
        let new = penalty.coordinate(j, hjj, hjj * v[j] - slope[j], v[j]);
        if new != v[j] {
            move_coordinate(h, v, slope, j, new);
        }
    }
}

#[inline(always)]
fn move_coordinate(h: &Array2<f64>, v: &mut [f64], slope: &mut [f64], j: usize, new: f64) {
    let change = new - v[j];
    v[j] = new;
    add_row(h, j, change, slope);
}

/// Newton step on the coordinates that are away from kinks and bounds, up to the first barrier. False where there is
/// nothing to solve or the free part of H is singular.
#[inline(always)]
fn solve_free(h: &Array2<f64>, v: &mut [f64], slope: &mut [f64], penalty: &Penalty) -> bool {
    let free: Vec<(usize, f64, f64)> =
        (0..v.len()).filter_map(|j| penalty.smooth_at(j, v[j]).map(|(s, bend)| (j, s, bend))).collect();
    let n = free.len();
    let mut matrix = vec![0.0; n * n];
    let mut step = vec![0.0; n];
    for (a, &(j, s, bend)) in free.iter().enumerate() {
        for (b, &(k, ..)) in free.iter().enumerate().take(a + 1) {
            matrix[a * n + b] = h[[j, k]];
        }
        matrix[a * n + a] += bend;
        step[a] = -(slope[j] + s);
    }
    if n == 0 || !cholesky_solve(&mut matrix, n, &mut step) {
        return false;
    }
    // The share of the step up to the first barrier, and who meets it.
    let mut share = 1.0;
    let mut stops = None;
    for (a, &(j, ..)) in free.iter().enumerate() {
        if let Some(wall) = penalty.barrier(j, v[j], step[a]) {
            let reach = (wall - v[j]) / step[a];
            if reach < share {
                (share, stops) = (reach, Some((j, wall)));
            }
        }
    }
    for (a, &(j, ..)) in free.iter().enumerate() {
        let new = match stops {
            Some((stopped, wall)) if stopped == j => wall,
            _ => penalty.clamp(j, v[j] + share * step[a]),
        };
        if new != v[j] {
            move_coordinate(h, v, slope, j, new);
        }
    }
    true
}

/// Solves A x = b in place for a symmetric positive definite A, given by its lower triangle (row-major, n × n).
/// False where A is not positive definite to working precision.
#[inline(always)]
pub(crate) fn cholesky_solve(a: &mut [f64], n: usize, b: &mut [f64]) -> bool {
    for i in 0..n {
        let (done, here) = a.split_at_mut(i * n);
        let row = &mut here[..=i];
        for j in 0..i {
            let other = &done[j * n..j * n + j + 1];
            row[j] = (row[j] - dot(&row[..j], &other[..j])) / other[j];
        }
        let pivot = row[i] - dot(&row[..i], &row[..i]);
        if pivot.is_nan() || pivot <= 1e-13 * row[i].abs() {
            return false;
        }
        row[i] = pivot.sqrt();
        b[i] = (b[i] - dot(&row[..i], &b[..i])) / row[i];
    }
    for i in (0..n).rev() {
        b[i] /= a[i * n + i];
        for j in 0..i {
            b[j] -= a[i * n + j] * b[i];
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cholesky_solves_and_refuses_the_singular() {
        let mut a = vec![4.0, 0.0, 0.0, 2.0, 5.0, 0.0, 1.0, 3.0, 6.0];
        let mut b = vec![4.0 + 4.0 + 3.0, 2.0 + 10.0 + 9.0, 1.0 + 6.0 + 18.0];
        assert!(cholesky_solve(&mut a, 3, &mut b));
        for (x, expected) in b.iter().zip([1.0, 2.0, 3.0]) {
            assert!((x - expected).abs() < 1e-12);
        }
        assert!(!cholesky_solve(&mut [1.0, 0.0, 1.0, 1.0], 2, &mut [1.0, 1.0]));
    }

    #[test]
    fn wide_models_end_where_all_coordinates_together_do() {
        // Few of many coordinates move; some of them only after others have.
        let d = 3 * WIDE;
        let h = Array2::from_shape_fn(
            (d, d),
            |(i, j)| if i == j { 1.0 } else { 0.6f64.powi(i.abs_diff(j) as i32 % 40) * 0.4 },
        );
        let h = &h + &h.t();
        let gradient: Vec<f64> = (0..d).map(|j| (j as f64 * 0.37).sin() * if j % 5 == 0 { 1.0 } else { 0.3 }).collect();
        let bounds: Vec<(f64, f64)> =
            (0..d).map(|j| if j % 7 == 0 { (0.0, 0.05) } else { (f64::NEG_INFINITY, f64::INFINITY) }).collect();
        let penalty = Penalty::new(0.35, 0.9, &vec![1.0; d], &bounds);
        let start = vec![0.0; d];
        let v = minimise(&h, &gradient, &start, &penalty, 1e-10);
        let slope: Vec<f64> = gradient.iter().zip(times(&h, &v)).map(|(g, hv)| g + hv).collect();
        assert!(penalty.residual(&v, &slope) <= 1e-9, "{}", penalty.residual(&v, &slope));
        let all = Level::best().run(Model { h: &h, gradient: &gradient, w: &start, penalty: &penalty, target: 1e-10 });
        assert!(v.iter().zip(&all).all(|(a, b)| (a - b).abs() < 1e-8));
        assert!(v.iter().any(|w| *w != 0.0) && 2 * v.iter().filter(|w| **w == 0.0).count() > d);
    }

    #[test]
    fn strongly_correlated_coordinates_are_solved_to_the_target() {
        // H = 0.999 everywhere, 1 on the diagonal: plain coordinate descent would need thousands of sweeps.
        let d = 20;
        let h = Array2::from_shape_fn((d, d), |(i, j)| if i == j { 1.0 } else { 0.999 });
        let gradient: Vec<f64> = (0..d).map(|j| (j as f64 * 0.7).sin()).collect();
        let bounds = vec![(0.0, f64::INFINITY); d];
        let penalty = Penalty::new(0.05, 1.0, &vec![1.0; d], &bounds);
        let v = minimise(&h, &gradient, &vec![0.0; d], &penalty, 1e-10);
        let slope: Vec<f64> =
            (0..d).map(|j| gradient[j] + h.row(j).iter().zip(&v).map(|(a, b)| a * b).sum::<f64>()).collect();
        assert!(penalty.residual(&v, &slope) <= 1e-9);
        assert!(v.iter().all(|&w| w >= 0.0) && v.contains(&0.0));
    }
}
