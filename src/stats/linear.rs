//! Small symmetric positive definite systems, by Cholesky's factorisation.

use ndarray::Array2;

/// The lower factor L of A = L·Lᵀ; `None` where A is not positive definite (relative to the size of its diagonal).
pub fn cholesky(a: &Array2<f64>) -> Option<Array2<f64>> {
    let d = a.nrows();
    let mut l = Array2::<f64>::zeros((d, d));
    for j in 0..d {
        let own: f64 = (0..j).map(|k| l[[j, k]] * l[[j, k]]).sum();
        let left = a[[j, j]] - own;
        // What rounding leaves of an exact dependence is no pivot.
        if left.is_nan() || left <= 1e-13 * a[[j, j]].abs() {
            return None;
        }
        l[[j, j]] = left.sqrt();
        for i in j + 1..d {
            let shared: f64 = (0..j).map(|k| l[[i, k]] * l[[j, k]]).sum();
            l[[i, j]] = (a[[i, j]] - shared) / l[[j, j]];
        }
    }
    Some(l)
}

/// x with L·Lᵀ·x = b.
pub fn solve_with(l: &Array2<f64>, b: &[f64]) -> Vec<f64> {
    let d = b.len();
    let mut x = b.to_vec();
    for i in 0..d {
        let known: f64 = (0..i).map(|k| l[[i, k]] * x[k]).sum();
        x[i] = (x[i] - known) / l[[i, i]];
    }
    for i in (0..d).rev() {
        let known: f64 = (i + 1..d).map(|k| l[[k, i]] * x[k]).sum();
        x[i] = (x[i] - known) / l[[i, i]];
    }
    x
}

/// Diagonal of A⁻¹; `None` as for [`cholesky`].
pub fn inverse_diagonal(a: &Array2<f64>) -> Option<Vec<f64>> {
    let l = cholesky(a)?;
    let d = a.nrows();
    let column = |j: usize| {
        let mut unit = vec![0.0; d];
        unit[j] = 1.0;
        solve_with(&l, &unit)[j]
    };
    Some((0..d).map(column).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::arr2;

    #[test]
    fn a_system_is_solved_and_a_dependent_one_refused() {
        let a = arr2(&[[4.0, 2.0, 0.0], [2.0, 3.0, 1.0], [0.0, 1.0, 2.0]]);
        let x = solve_with(&cholesky(&a).unwrap(), &[8.0, 11.0, 8.0]);
        // By hand: 4·1 + 2·2 = 8; 2·1 + 3·2 + 1·3 = 11; 2 + 2·3 = 8.
        assert!(x.iter().zip([1.0, 2.0, 3.0]).all(|(x, e)| (x - e).abs() < 1e-12), "{x:?}");
        // det = 4·(6 − 1) − 2·4 = 12; cofactors of the diagonal 5, 8, 8.
        let inverse = inverse_diagonal(&a).unwrap();
        assert!(inverse.iter().zip([5.0 / 12.0, 8.0 / 12.0, 8.0 / 12.0]).all(|(x, e)| (x - e).abs() < 1e-12));
        assert!(cholesky(&arr2(&[[1.0, 1.0], [1.0, 1.0]])).is_none());
        assert!(cholesky(&arr2(&[[f64::NAN]])).is_none());
    }
}
