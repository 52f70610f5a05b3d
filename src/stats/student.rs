//! Student's t and the binomial distribution, both through the incomplete beta function.

/// Two-sided tail P(|T| ≥ |t|) with `df` degrees of freedom; `None` for df ≤ 0 or NaN.
pub fn two_sided(t: f64, df: f64) -> Option<f64> {
    if df.is_nan() || df <= 0.0 || t.is_nan() {
        return None;
    }
    if t.is_infinite() {
        return Some(0.0);
    }
    Some(incomplete_beta(df / 2.0, 0.5, df / (df + t * t)))
}

/// The p-quantile of Student's t with `df` degrees of freedom, by bisection; `None` unless 0 < p < 1 and df > 0.
pub fn quantile(p: f64, df: f64) -> Option<f64> {
    if !(p > 0.0 && p < 1.0) || df.is_nan() || df <= 0.0 {
        return None;
    }
    let tail = 2.0 * p.min(1.0 - p);
    let (mut low, mut high) = (0.0f64, 1.0f64);
    while two_sided(high, df)? > tail && high < 1e300 {
        (low, high) = (high, 2.0 * high);
    }
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if two_sided(middle, df)? > tail { low = middle } else { high = middle }
    }
    let t = 0.5 * (low + high);
    Some(if p < 0.5 { -t } else { t })
}

/// P(X ≤ k) for a binomial count X of `n` trials with probability ½.
pub fn fair_binomial_cdf(k: u64, n: u64) -> f64 {
    if k >= n { 1.0 } else { incomplete_beta((n - k) as f64, k as f64 + 1.0, 0.5) }
}

/// The regularised incomplete beta function I_x(a, b) for a, b > 0 and x in [0, 1], by Lentz's continued fraction.
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p()).exp();
    // The fraction converges fast on this side; the other one is its mirror image.
    if x < (a + 1.0) / (a + b + 2.0) {
        front * fraction(a, b, x) / a
    } else {
        1.0 - front * fraction(b, a, 1.0 - x) / b
    }
}

fn fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let guard = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / guard(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    // About √max(a, b) terms are needed.
    let limit = 200 + 10 * a.max(b).sqrt() as u64;
    for m in 1..=limit {
        let m = m as f64;
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / guard(1.0 + even * d);
        c = guard(1.0 + even / c);
        value *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / guard(1.0 + odd * d);
        c = guard(1.0 + odd / c);
        value *= d * c;
        if (d * c - 1.0).abs() < 1e-16 {
            break;
        }
    }
    value
}

/// ln Γ(x) for x > 0: Stirling's series after the recurrence has carried x above 15; relative error about 1e-15.
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut product) = (x, 1.0);
    while x < 15.0 {
        product *= x;
        x += 1.0;
    }
    let r = 1.0 / (x * x);
    let series = (1.0 / 12.0 - r * (1.0 / 360.0 - r * (1.0 / 1260.0 - r * (1.0 / 1680.0 - r / 1188.0)))) / x;
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series - product.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn students_table() {
        // Published tables: 97.5 % points of t, and the normal limit.
        for (df, t) in [(1.0, 12.706_204_736), (2.0, 4.302_652_730), (10.0, 2.228_138_852), (30.0, 2.042_272_456)] {
            assert!((quantile(0.975, df).unwrap() - t).abs() < 1e-8, "{df}");
            assert!((two_sided(t, df).unwrap() - 0.05).abs() < 1e-9, "{df}");
        }
        assert!((quantile(0.975, 1e7).unwrap() - 1.959_964).abs() < 1e-5);
        assert!((quantile(0.25, 1.0).unwrap() + 1.0).abs() < 1e-12, "Cauchy");
        assert_eq!((quantile(1.0, 3.0), quantile(0.9, 0.0), two_sided(f64::NAN, 1.0)), (None, None, None));
    }

    #[test]
    fn the_binomial_sum_is_exact() {
        for n in [1u64, 2, 7, 25, 60] {
            let (mut term, mut sum) = (0.5f64.powi(n as i32), 0.0);
            for k in 0..=n {
                sum += term;
                assert!((fair_binomial_cdf(k, n) - sum).abs() < 1e-13, "{k} of {n}");
                term *= (n - k) as f64 / (k + 1) as f64;
            }
        }
        // Symmetry at a size where a sum of terms would underflow.
        assert!((fair_binomial_cdf(499_999, 1_000_000) + fair_binomial_cdf(500_000, 1_000_000) - 1.0).abs() < 1e-9);
    }
}
