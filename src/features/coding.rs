//! Answer → number (design: "Feature coding").

use super::Coding;

/// Bounds of P(yes) in [`Coding::Logit`].
const LOGIT_CLIP: (f64, f64) = (0.01, 0.99);

/// P(yes) from which on an answer counts as yes: gates, parents and all-yes.
pub(super) const YES: f64 = 0.5;

impl Coding {
    /// The number for P(yes) in [0, 1].
    pub fn code(self, p_yes: f64) -> f64 {
        match self {
            Self::Signed => 2.0 * p_yes - 1.0,
            Self::Unit => p_yes,
            Self::Logit => {
                let p = p_yes.clamp(LOGIT_CLIP.0, LOGIT_CLIP.1);
                (p / (1.0 - p)).ln()
            }
        }
    }

    /// P(yes) behind a coded number, the inverse of [`Coding::code`] (up to its clipping).
    pub fn decode(self, x: f64) -> f64 {
        match self {
            Self::Signed => (x + 1.0) / 2.0,
            Self::Unit => x,
            Self::Logit => 1.0 / (1.0 + (-x).exp()),
        }
    }

    /// The number between yes and no, for masked answers and neutral fills: 0, or ½ in [`Coding::Unit`].
    pub fn neutral(self) -> f64 {
        match self {
            Self::Signed | Self::Logit => 0.0,
            Self::Unit => 0.5,
        }
    }
}

/// One answer of one judge to one question of a fixed checklist.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cell {
    /// Nobody knows.
    Missing,
    /// A closed gate says that the question does not apply.
    Masked,
    /// P(yes).
    Answered(f64),
}

impl Cell {
    /// The coded number; NaN = missing.
    pub(super) fn code(self, coding: Coding) -> f64 {
        match self {
            Self::Missing => f64::NAN,
            Self::Masked => coding.neutral(),
            Self::Answered(p) => coding.code(p),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn codings_are_those_of_the_design() {
        let table = |coding: Coding| [0.0, 1.0, 0.25].map(|p| coding.code(p));
        assert_eq!(table(Coding::Signed), [-1.0, 1.0, -0.5]);
        assert_eq!(table(Coding::Unit), [0.0, 1.0, 0.25]);
        let edge = 99f64.ln();
        for (found, expected) in table(Coding::Logit).into_iter().zip([-edge, edge, -(3f64.ln())]) {
            assert!((found - expected).abs() < 1e-12);
        }
    }

    proptest! {
        #[test]
        fn unit_is_half_of_signed_plus_one_masked_included(p in 0.0..=1.0f64) {
            for cell in [Cell::Answered(p), Cell::Masked] {
                let signed = cell.code(Coding::Signed);
                prop_assert!((cell.code(Coding::Unit) - (signed + 1.0) / 2.0).abs() < 1e-15);
            }
        }

        #[test]
        fn neither_masked_nor_missing_is_a_no(p in 0.0..=1.0f64) {
            for coding in [Coding::Signed, Coding::Unit, Coding::Logit] {
                prop_assert!(Cell::Missing.code(coding).is_nan());
                prop_assert!(Cell::Masked.code(coding) > coding.code(0.0));
                prop_assert!(Cell::Masked.code(coding) < coding.code(1.0));
                prop_assert!(coding.code(p).is_finite());
            }
        }
    }
}
