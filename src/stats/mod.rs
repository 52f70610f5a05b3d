//! Statistics that more than one stage needs: pair counts and tie calibration, quantiles, rank correlation.

pub mod counts;
pub mod normal;
pub mod quantiles;
pub mod rank;
pub mod wilson;

pub use quantiles::{quantile, quantile_sorted};
pub use rank::{kendall_tau_b, pearson, spearman};
pub use wilson::wilson;
