//! The arithmetic of a tile: `f32` or `f64`, with exponential and logarithms made of basic operations only.
//!
//! The standard library's functions are calls that no compiler puts into vectors, and they differ between machines.
//! These are branch-free and use IEEE basic operations in a fixed order, so they give the same bytes everywhere.

use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

/// Running sums of one vector: the order of additions follows from it, at every instruction set.
pub const LANES: usize = 16;

/// A floating-point type that tiles can be computed in.
pub trait Real:
    Copy
    + Default
    + PartialOrd
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// Half a unit in the last place of 1.
    const ROUNDING: f64;
    /// Fewer sums than of `f32` fit the registers.
    const LARGE: bool;

    /// Nearest value.
    fn from_f64(value: f64) -> Self;

    /// Exact.
    fn from_f32(value: f32) -> Self;

    /// Exact.
    fn from_i8(value: i8) -> Self;

    /// Exact.
    fn to_f64(self) -> f64;

    /// |v|.
    fn size(self) -> Self;

    /// e^{−a} for a ≥ 0, to two units in the last place; never below the smallest normal number.
    fn exp_neg(self) -> Self;

    /// ln v for normal v > 0, to an absolute error of two units in the last place of 1 or a relative one of the same size.
    fn ln(self) -> Self;

    /// ln(1 + e) for 0 ≤ e ≤ 1, to a relative error of a few units in the last place.
    fn ln_1p(self) -> Self;
}

/// sums += a x, lane by lane.
#[inline(always)]
pub(super) fn add_scaled<R: Real, const K: usize>(sums: &mut [R; K], a: R, x: &[R; K]) {
    for k in 0..K {
        sums[k] += a * x[k];
    }
}

/// Σ c_k t^k, highest first.
macro_rules! horner {
    ($t:expr, $first:expr $(, $next:expr)*) => {{
        let t = $t;
        let sum = $first;
        $( let sum = sum * t + $next; )*
        sum
    }};
}

impl Real for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const ROUNDING: f64 = 6e-8;
    const LARGE: bool = false;

    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value as f32
    }

    #[inline(always)]
    fn from_f32(value: f32) -> Self {
        value
    }

    #[inline(always)]
    fn from_i8(value: i8) -> Self {
        f32::from(value)
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn size(self) -> Self {
        self.abs()
    }

    #[inline(always)]
    fn exp_neg(self) -> Self {
        // 1.5 · 2^23: adding it rounds to an integer and leaves that in the low bits.
        const ROUND: f32 = 12_582_912.0;
        let x = if self < 87.0 { -self } else { -87.0 };
        let shifted = x * std::f32::consts::LOG2_E + ROUND;
        let k = shifted - ROUND;
        // ln 2 in two parts, the first of which has so few digits that its product with k is exact.
        let f = (x - k * 0.693_359_4) - k * -2.121_944_4e-4;
        let p = horner!(f, 1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_6e-1, 0.5);
        let scale = f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23));
        (p * (f * f) + f + 1.0) * scale
    }

    #[inline(always)]
    fn ln(self) -> Self {
        // v = 2^k m with m in [√½, √2): the bits of √½ are taken off before the exponent is read.
        let bits = self.to_bits().wrapping_sub(0x3f35_04f3);
        let k = ((bits as i32) >> 23) as f32;
        let m = f32::from_bits((bits & 0x007f_ffff).wrapping_add(0x3f35_04f3));
        let s = (m - 1.0) / (m + 1.0);
        let s2 = s * s;
        let p = horner!(s2, 2.0 / 11.0, 2.0 / 9.0, 2.0 / 7.0, 2.0 / 5.0, 2.0 / 3.0);
        k * 0.693_359_4 + (k * -2.121_944_4e-4 + (s * s2 * p + 2.0 * s))
    }

    #[inline(always)]
    fn ln_1p(self) -> Self {
        let s = self / (2.0 + self);
        let s2 = s * s;
        let p = horner!(s2, 2.0 / 15.0, 2.0 / 13.0, 2.0 / 11.0, 2.0 / 9.0, 2.0 / 7.0, 2.0 / 5.0, 2.0 / 3.0);
        s * s2 * p + 2.0 * s
    }
}

impl Real for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const ROUNDING: f64 = 1.1e-16;
    const LARGE: bool = true;

    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value
    }

    #[inline(always)]
    fn from_f32(value: f32) -> Self {
        f64::from(value)
    }

    #[inline(always)]
    fn from_i8(value: i8) -> Self {
        f64::from(value)
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }

    #[inline(always)]
    fn size(self) -> Self {
        self.abs()
    }

    #[inline(always)]
    fn exp_neg(self) -> Self {
        // 1.5 · 2^52.
        const ROUND: f64 = 6_755_399_441_055_744.0;
        let x = if self < 708.0 { -self } else { -708.0 };
        let shifted = x * std::f64::consts::LOG2_E + ROUND;
        let k = shifted - ROUND;
        let f = (x - k * 0.693_147_180_369_123_8) - k * 1.908_214_929_270_587_7e-10;
        // Taylor: |f| ≤ ½ ln 2, so the first term left out is below 2e-18.
        let p = horner!(
            f,
            1.0 / 87_178_291_200.0,
            1.0 / 6_227_020_800.0,
            1.0 / 479_001_600.0,
            1.0 / 39_916_800.0,
            1.0 / 3_628_800.0,
            1.0 / 362_880.0,
            1.0 / 40_320.0,
            1.0 / 5_040.0,
            1.0 / 720.0,
            1.0 / 120.0,
            1.0 / 24.0,
            1.0 / 6.0,
            0.5
        );
        let scale = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1023 << 52));
        (p * (f * f) + f + 1.0) * scale
    }

    #[inline(always)]
    fn ln(self) -> Self {
        let bits = self.to_bits().wrapping_sub(0x3fe6_a09e_667f_3bcd);
        // The exponent as a small signed number, by the same rounding trick as above: vectors have no 64-bit shift
        // with sign below the newest level.
        let exponent = ((bits >> 52).wrapping_add(2048) & 4095) as i32 - 2048;
        let k = f64::from(exponent);
        let m = f64::from_bits((bits & 0x000f_ffff_ffff_ffff).wrapping_add(0x3fe6_a09e_667f_3bcd));
        let s = (m - 1.0) / (m + 1.0);
        let s2 = s * s;
        let p = horner!(
            s2,
            2.0 / 21.0,
            2.0 / 19.0,
            2.0 / 17.0,
            2.0 / 15.0,
            2.0 / 13.0,
            2.0 / 11.0,
            2.0 / 9.0,
            2.0 / 7.0,
            2.0 / 5.0,
            2.0 / 3.0
        );
        k * 0.693_147_180_369_123_8 + (k * 1.908_214_929_270_587_7e-10 + (s * s2 * p + 2.0 * s))
    }

    #[inline(always)]
    fn ln_1p(self) -> Self {
        let s = self / (2.0 + self);
        let s2 = s * s;
        // s² ≤ 1/9: the first term left out is below 1e-17.
        let p = horner!(
            s2,
            2.0 / 35.0,
            2.0 / 33.0,
            2.0 / 31.0,
            2.0 / 29.0,
            2.0 / 27.0,
            2.0 / 25.0,
            2.0 / 23.0,
            2.0 / 21.0,
            2.0 / 19.0,
            2.0 / 17.0,
            2.0 / 15.0,
            2.0 / 13.0,
            2.0 / 11.0,
            2.0 / 9.0,
            2.0 / 7.0,
            2.0 / 5.0,
            2.0 / 3.0
        );
        s * s2 * p + 2.0 * s
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponential_and_logarithms_are_those_of_the_standard_library() {
        for k in 0..40_000 {
            let a = f64::from(k) * 0.002;
            let exact = (-a).exp();
            assert!((a.exp_neg() / exact - 1.0).abs() < 4.5e-16, "e^-{a}");
            let single = (a as f32).exp_neg().to_f64();
            assert!((single / (-f64::from(a as f32)).exp() - 1.0).abs() < 2e-7, "e^-{a}");
            if exact > 0.0 {
                assert!((exact.ln_1p() / f64::ln_1p(exact) - 1.0).abs() < 6e-16, "ln(1 + {exact})");
                let e = exact as f32;
                assert!((e.ln_1p().to_f64() / f64::from(e).ln_1p() - 1.0).abs() < 2e-7, "ln(1 + {e})");
            }
        }
        for k in -200..200 {
            for digit in [1.0, 1.1, 1.3, std::f64::consts::SQRT_2, 1.7, 1.999] {
                let v = digit * 2f64.powi(k);
                let error = (Real::ln(v) - f64::ln(v)).abs();
                assert!(error <= 4.5e-16 * f64::ln(v).abs().max(1.0), "ln {v}: {error}");
                if k.abs() < 120 {
                    let v = v as f32;
                    let error = (f64::from(Real::ln(v)) - f64::from(v).ln()).abs();
                    assert!(error <= 1.5e-7 * f64::from(v).ln().abs().max(1.0), "ln {v}: {error}");
                }
            }
        }
        assert_eq!((0f32.exp_neg(), 0f64.exp_neg()), (1.0, 1.0));
        assert!(f32::INFINITY.exp_neg() < 1e-37 && f64::INFINITY.exp_neg() < 1e-300);
    }
}
