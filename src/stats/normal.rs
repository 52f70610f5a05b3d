//! The standard normal distribution: Φ and its inverse.

/// Φ(x), the probability that a standard normal value is at most `x`; absolute error below 1e-15.
///
/// Power series (Marsaglia 2004) in the middle, Laplace's continued fraction in the tails.
pub fn cdf(x: f64) -> f64 {
    if x.is_nan() {
        return f64::NAN;
    }
    let density = (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
    if x.abs() < 5.0 {
        let (mut term, mut sum, mut odd) = (x, x, 3.0);
        while term.abs() > 1e-18 * sum.abs() {
            term *= x * x / odd;
            sum += term;
            odd += 2.0;
        }
        return 0.5 + density * sum;
    }
    let fraction = (1..=40).rev().fold(x.abs(), |below, k| x.abs() + f64::from(k) / below);
    let tail = density / fraction;
    if x > 0.0 { 1.0 - tail } else { tail }
}

/// Φ⁻¹(p); `None` unless 0 < p < 1. Relative error about 1e-16 (Wichura 1988, algorithm AS 241, PPND16).
pub fn quantile(p: f64) -> Option<f64> {
    if !(p > 0.0 && p < 1.0) {
        return None;
    }
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180625 - q * q;
        return Some(q * ratio(r, &CENTRE));
    }
    let r = (-if q < 0.0 { p } else { 1.0 - p }.ln()).sqrt();
    let x = if r <= 5.0 { ratio(r - 1.6, &MIDDLE) } else { ratio(r - 5.0, &TAIL) };
    Some(if q < 0.0 { -x } else { x })
}

/// Two polynomials of degree 7, constant term first.
type Ratio = [[f64; 8]; 2];

fn ratio(r: f64, polynomials: &Ratio) -> f64 {
    let [top, bottom] = polynomials.map(|c| c.iter().rev().fold(0.0, |sum, &a| sum * r + a));
    top / bottom
}

#[allow(clippy::excessive_precision)] // as published
const CENTRE: Ratio = [
    [
        3.3871328727963666080e0,
        1.3314166789178437745e2,
        1.9715909503065514427e3,
        1.3731693765509461125e4,
        4.5921953931549871457e4,
        6.7265770927008700853e4,
        3.3430575583588128105e4,
        2.5090809287301226727e3,
    ],
    [
        1.0,
        4.2313330701600911252e1,
        6.8718700749205790830e2,
        5.3941960214247511077e3,
        2.1213794301586595867e4,
        3.9307895800092710610e4,
        2.8729085735721942674e4,
        5.2264952788528545610e3,
    ],
];

#[allow(clippy::excessive_precision)] // as published
const MIDDLE: Ratio = [
    [
        1.42343711074968357734e0,
        4.63033784615654529590e0,
        5.76949722146069140550e0,
        3.64784832476320460504e0,
        1.27045825245236838258e0,
        2.41780725177450611770e-1,
        2.27238449892691845833e-2,
        7.74545014278341407640e-4,
    ],
    [
        1.0,
        2.05319162663775882187e0,
        1.67638483018380384940e0,
        6.89767334985100004550e-1,
        1.48103976427480074590e-1,
        1.51986665636164571966e-2,
        5.47593808499534494600e-4,
        1.05075007164441684324e-9,
    ],
];

#[allow(clippy::excessive_precision)] // as published
const TAIL: Ratio = [
    [
        6.65790464350110377720e0,
        5.46378491116411436990e0,
        1.78482653991729133580e0,
        2.96560571828504891230e-1,
        2.65321895265761230930e-2,
        1.24266094738807843860e-3,
        2.71155556874348757815e-5,
        2.01033439929228813265e-7,
    ],
    [
        1.0,
        5.99832206555887937690e-1,
        1.36929880922735805310e-1,
        1.48753612908506148525e-2,
        7.86869131145613259100e-4,
        1.84631831751005468180e-5,
        1.42151175831644588870e-7,
        2.04426310338993978564e-15,
    ],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_points() {
        // Published tables: z of 97.5 %, 80 %, 1e-10.
        for (p, z) in [(0.975, 1.959_963_984_540_054), (0.8, 0.841_621_233_572_914_4), (1e-10, -6.361_340_902_404_056)]
        {
            assert!((quantile(p).unwrap() - z).abs() < 1e-12 * z.abs(), "{p}");
        }
        assert_eq!(quantile(0.0), None);
        assert_eq!(quantile(1.0), None);
        assert_eq!(quantile(f64::NAN), None);
    }

    #[test]
    fn the_two_are_inverse() {
        for i in 1..2000 {
            let p = f64::from(i) / 2000.0;
            assert!((cdf(quantile(p).unwrap()) - p).abs() < 2e-15, "{p}");
        }
        for z in [-8.0, -6.0, -5.0, -4.999] {
            assert!((quantile(cdf(z)).unwrap() - z).abs() < 1e-9, "{z}");
        }
    }
}
