//! Statistics that more than one stage needs: pair counts and tie calibration, quantiles, rank correlation, clustered
//! errors, paired tests, many tests at once.

pub mod clustered;
pub mod counts;
pub mod linear;
pub mod multiplicity;
pub mod normal;
pub mod paired;
pub mod quantiles;
pub mod rank;
pub mod student;
pub mod wilson;

pub use clustered::ClusteredMean;
pub use multiplicity::{benjamini_hochberg, benjamini_hochberg_some};
pub use paired::{Permutation, cluster_permutation, mcnemar_exact};
pub use quantiles::{quantile, quantile_sorted};
pub use rank::{kendall_tau_b, pearson, spearman};
pub use wilson::wilson;
