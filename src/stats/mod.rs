//! Statistics that more than one stage needs: pair counts and tie calibration, quantiles, rank correlation.

pub mod counts;
