//! Random draws that are the same on every machine: no call into the platform's mathematics library, whose
//! logarithms differ in the last digit.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// A stream of draws, one per (seed, purpose, index).
pub(super) struct Draw(ChaCha8Rng);

impl Draw {
    /// The stream number `index` of `purpose`.
    pub fn new(seed: u64, purpose: &str, index: usize) -> Self {
        Self(crate::rng::stream(seed, &format!("synth/{purpose}"), index as u64))
    }

    /// Uniform on [0, 1).
    pub fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// One of `0..n`; 0 for `n = 0`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.uniform() * n as f64) as usize
    }

    /// True with probability `p`.
    pub fn chance(&mut self, p: f64) -> bool {
        self.uniform() < p
    }

    /// Nearly normal, mean 0, variance 1: twelve uniforms (Irwin–Hall), so within ±6.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }

    /// Standard logistic: log-odds of a uniform.
    pub fn logistic(&mut self) -> f64 {
        let u = self.uniform().max(f64::EPSILON);
        ln(u) - ln(1.0 - u)
    }
}

/// Natural logarithm of a positive normal number: exponent and mantissa apart, then 2·artanh((m−1)/(m+1)) as a series
/// with |argument| ≤ 0.172, whose rest is below 1e-17.
fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    let mut exponent = ((bits >> 52) & 0x7ff) as i64 - 1023;
    let mut mantissa = f64::from_bits((bits & ((1 << 52) - 1)) | (1023 << 52));
    if mantissa > std::f64::consts::SQRT_2 {
        mantissa /= 2.0;
        exponent += 1;
    }
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let mut power = s;
    let mut sum = 0.0;
    for k in 0..11 {
        sum += power / f64::from(2 * k + 1);
        power *= s * s;
    }
    2.0 * sum + exponent as f64 * std::f64::consts::LN_2
}

/// Rounded to `decimals` places.
pub(super) fn round(value: f64, decimals: i32) -> f64 {
    let scale = 10f64.powi(decimals);
    (value * scale).round() / scale
}

/// Mean and standard deviation (divisor n); (0, 0) for no values.
pub(super) fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, (values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_agrees_with_the_library() {
        for k in 1..2000 {
            let x = f64::from(k) * 0.00731;
            assert!((ln(x) - x.ln()).abs() <= 4e-16 * x.ln().abs().max(1.0), "ln {x}");
        }
        assert!((ln(1e-16) - 1e-16f64.ln()).abs() < 1e-13);
    }

    #[test]
    fn draws_have_the_moments_of_their_distribution() {
        let mut draw = Draw::new(7, "test", 0);
        let normal: Vec<f64> = (0..20_000).map(|_| draw.normal()).collect();
        let logistic: Vec<f64> = (0..20_000).map(|_| draw.logistic()).collect();
        let (mean, sd) = moments(&normal);
        assert!(mean.abs() < 0.03 && (sd - 1.0).abs() < 0.03, "normal {mean} {sd}");
        let (mean, sd) = moments(&logistic);
        // A standard logistic has standard deviation π/√3.
        assert!(mean.abs() < 0.06 && (sd - 1.8138).abs() < 0.05, "logistic {mean} {sd}");
    }

    #[test]
    fn an_index_below_n_stays_below_n() {
        let mut draw = Draw::new(1, "test", 1);
        assert!((0..1000).all(|_| draw.below(3) < 3));
        assert_eq!(draw.below(0), 0);
    }
}
