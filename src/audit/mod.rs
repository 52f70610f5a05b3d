//! Where bias comes in: from annotators, from the judge, from the preference data, or from the head.

pub mod finding;

pub use finding::{Area, Band, Finding, Side, Verdict};
