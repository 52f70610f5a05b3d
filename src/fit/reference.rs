//! linfa-logistic's ridge fit, oriented: an independent oracle for our solver.

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2, Axis};

use crate::{Error, Result};

/// argmin of (1/N) Σ log(1 + e^{z_i}) − y_i z_i + λ/2 ‖w‖² by linfa-logistic (L-BFGS), for hard labels of weight 1.
///
/// linfa-logistic 0.8.1 takes the more frequent class, or the one met first, as the positive one, so its weights may come
/// out with the other sign; they are turned by the label that it says it took (rust-ml/linfa#393). It refuses rows of one
/// class only, so every second row is given the other way round, which the loss without intercept does not see.
///
/// # Errors
/// [`Error::NotConverged`] with linfa's message where it fails.
pub fn linfa_ridge(x: &Array2<f64>, wins: &[bool], lambda: f64) -> Result<Vec<f64>> {
    if x.nrows() < 2 || x.nrows() != wins.len() {
        return Err(Error::Bug(format!("{} rows with {} labels", x.nrows(), wins.len())));
    }
    let mut records = x.clone();
    let mut targets = Vec::with_capacity(wins.len());
    for (i, (mut row, &win)) in records.axis_iter_mut(Axis(0)).zip(wins).enumerate() {
        let turned = win != (i % 2 == 0);
        if turned {
            row.mapv_inplace(|v| -v);
        }
        targets.push(win != turned);
    }
    let data = DatasetBase::new(records, Array1::from(targets));
    let fitted = LogisticRegression::default()
        .alpha(lambda * x.nrows() as f64)
        .with_intercept(false)
        .max_iterations(10_000)
        .gradient_tolerance(1e-9)
        .fit(&data)
        .map_err(|e| Error::NotConverged(format!("linfa-logistic: {e}")))?;
    let sign = if fitted.labels().pos.class { 1.0 } else { -1.0 };
    Ok(fitted.params().iter().map(|w| sign * w).collect())
}
