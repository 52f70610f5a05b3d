//! The one integration binary: a module per theme.

mod real_data;
mod synth;
