//! The sparse, bounded fit as a linfa estimator.
//!
//! Records are pair differences x(a) − x(b), targets soft labels in [0, 1] (1 = a preferred), and the weights of the
//! dataset are row weights.
//!
//! ```
//! use headfit::fit::linfa::SparseLogistic;
//! use headfit::ndarray::{array, Array1};
//! use linfa::{DatasetBase, traits::{Fit, Predict}};
//!
//! let differences = array![[2.0, 0.0], [2.0, 2.0], [-2.0, 2.0], [2.0, -2.0], [0.0, 2.0], [-2.0, 0.0]];
//! let preferred = array![1.0, 1.0, 0.0, 1.0, 0.5, 0.5];
//! let data = DatasetBase::new(differences, preferred);
//!
//! let head = SparseLogistic::new(0.02).non_negative().fit(&data)?;
//! assert!(head.weights[0] > 0.0 && head.certificate.converged);
//!
//! let chance_of_a: Array1<f64> = head.predict(&array![[2.0, 0.0]]);
//! assert!(chance_of_a[0] > 0.5);
//! # Ok::<(), headfit::fit::linfa::EstimatorError>(())
//! ```

use std::borrow::Cow;

use linfa::dataset::AsSingleTargets;
use linfa::traits::PredictInplace;
use linfa::{DatasetBase, ParamGuard};
use ndarray::{Array1, ArrayBase, Data, Ix2};

use super::likelihood::{LogisticRows, dot};
use super::{Certificate, FitOptions, fit_rows};

/// Why an estimator could not be checked or fitted.
#[derive(Debug, thiserror::Error)]
pub enum EstimatorError {
    /// linfa itself failed.
    #[error(transparent)]
    Linfa(#[from] linfa::Error),
    /// Options or rows are not usable, or the fit did not converge.
    #[error(transparent)]
    Fit(#[from] crate::Error),
}

/// Parameters of the estimator, not yet checked.
///
/// | name | default | purpose | range |
/// |---|---|---|---|
/// | `lambda` | – | strength of the penalty on the mean loss | ≥ 0 |
/// | `alpha` | 1 | elastic-net mix, 1 = L1, 0 = L2 | [0, 1] |
/// | `non_negative` | off | w ≥ 0 | |
/// | `tolerance` | 1e-6 | KKT residual relative to λ_max | > 0 |
#[derive(Debug, Clone, PartialEq)]
pub struct SparseLogistic(ValidSparseLogistic);

/// Parameters that have been checked.
#[derive(Debug, Clone, PartialEq)]
pub struct ValidSparseLogistic {
    lambda: f64,
    alpha: f64,
    non_negative: bool,
    tolerance: f64,
}

impl SparseLogistic {
    /// L1 penalty of strength `lambda`, no bounds.
    pub fn new(lambda: f64) -> Self {
        Self(ValidSparseLogistic { lambda, alpha: 1.0, non_negative: false, tolerance: 1e-6 })
    }

    /// Elastic-net mix.
    #[must_use]
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.0.alpha = alpha;
        self
    }

    /// Demands w ≥ 0.
    #[must_use]
    pub fn non_negative(mut self) -> Self {
        self.0.non_negative = true;
        self
    }

    /// KKT residual, relative to λ_max, at which the fit has converged.
    #[must_use]
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.0.tolerance = tolerance;
        self
    }
}

impl ValidSparseLogistic {
    fn options(&self, columns: usize) -> FitOptions {
        let mut options = FitOptions::new(columns);
        options.lambda = Some(self.lambda);
        options.alpha = self.alpha;
        options.tolerance = self.tolerance;
        options.bootstrap = 0;
        if self.non_negative {
            options.bounds = vec![(0.0, f64::INFINITY); columns];
        }
        options
    }
}

impl ParamGuard for SparseLogistic {
    type Checked = ValidSparseLogistic;
    type Error = EstimatorError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        self.0.options(0).check(0)?;
        Ok(&self.0)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

/// A fitted estimator.
#[derive(Debug, Clone, PartialEq)]
pub struct SparseLogisticHead {
    /// One weight per column.
    pub weights: Array1<f64>,
    /// Proof of optimality.
    pub certificate: Certificate,
    /// What the user should know.
    pub notes: Vec<String>,
}

impl<D: Data<Elem = f64>, T: AsSingleTargets<Elem = f64>> linfa::traits::Fit<ArrayBase<D, Ix2>, T, EstimatorError>
    for ValidSparseLogistic
{
    type Object = SparseLogisticHead;

    /// Fits the rows of `dataset`; a fit without its certificate is an error.
    fn fit(&self, dataset: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<Self::Object, EstimatorError> {
        let records = dataset.records();
        let (rows, columns) = records.dim();
        let x = records.as_slice().map_or_else(|| Cow::Owned(records.iter().copied().collect()), Cow::Borrowed);
        let weight = match dataset.weights() {
            Some(weights) => weights.iter().map(|&m| f64::from(m)).collect(),
            None => vec![1.0; rows],
        };
        let y = dataset.as_single_targets().to_vec();
        let fit =
            fit_rows(&LogisticRows { x, columns, y, weight, group: (0..rows).collect() }, &self.options(columns))?;
        if !fit.certificate.converged {
            let kkt = fit.certificate.kkt;
            let text = format!("the fit stopped at a KKT residual of {kkt:.1e} (limit {:.0e})", self.tolerance);
            return Err(crate::Error::NotConverged(text).into());
        }
        Ok(SparseLogisticHead { weights: Array1::from(fit.weights), certificate: fit.certificate, notes: fit.notes })
    }
}

impl<D: Data<Elem = f64>> PredictInplace<ArrayBase<D, Ix2>, Array1<f64>> for SparseLogisticHead {
    /// P(a preferred) = σ(Δx·w) for every row.
    fn predict_inplace<'a>(&'a self, x: &'a ArrayBase<D, Ix2>, y: &mut Array1<f64>) {
        let weights = self.weights.to_vec();
        for (row, chance) in x.rows().into_iter().zip(y.iter_mut()) {
            *chance = 1.0 / (1.0 + (-dot(&row.to_vec(), &weights)).exp());
        }
    }

    fn default_target(&self, x: &ArrayBase<D, Ix2>) -> Array1<f64> {
        Array1::zeros(x.nrows())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use linfa::traits::{Fit, Predict};
    use ndarray::array;

    #[test]
    fn weights_of_the_dataset_count_and_bad_parameters_are_refused() {
        let x = array![[1.0, 0.5], [-1.0, 0.25], [0.5, -1.0], [1.0, 1.0]];
        let y = array![1.0, 0.0, 0.0, 1.0];
        let weighted = DatasetBase::new(x.clone(), y.clone()).with_weights(array![1.0, 2.0, 1.0, 1.0]);
        let copied = DatasetBase::new(
            ndarray::concatenate![ndarray::Axis(0), x, array![[-1.0, 0.25]]],
            ndarray::concatenate![ndarray::Axis(0), y, array![0.0]],
        );
        let estimator = SparseLogistic::new(0.05).alpha(0.5).tolerance(1e-10);
        let (once, twice) = (estimator.fit(&weighted).unwrap(), estimator.fit(&copied).unwrap());
        assert!((&once.weights - &twice.weights).iter().all(|d| d.abs() < 1e-8));
        let chance: Array1<f64> = once.predict(&array![[0.0, 0.0]]);
        assert_eq!(chance, array![0.5]);
        assert!(SparseLogistic::new(-1.0).fit(&copied).unwrap_err().to_string().contains("--lambda"));
    }
}
