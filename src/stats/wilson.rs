//! Wilson's interval of a share (Wilson 1927), which keeps a width at 0 % and 100 %.

/// 97.5 % point of the standard normal distribution: half of a 95 % interval.
const Z95: f64 = 1.959_963_984_540_054;

/// The 95 % interval of a share `p` seen in `n` independent units; `None` for n = 0 or p outside [0, 1].
pub fn wilson(p: f64, n: usize) -> Option<(f64, f64)> {
    if n == 0 || !(0.0..=1.0).contains(&p) {
        return None;
    }
    let n = n as f64;
    let z2 = Z95 * Z95;
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z95 * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt() / (1.0 + z2 / n);
    // At the ends the closed form is exact: the lower end for 0 and the upper end for 1.
    let low = if p == 0.0 { 0.0 } else { (centre - half).max(0.0) };
    let high = if p == 1.0 { 1.0 } else { (centre + half).min(1.0) };
    Some((low, high))
}

#[cfg(test)]
mod tests {
    use super::wilson;

    #[test]
    fn the_interval_is_the_published_one() {
        // 15 of 148 (Newcombe 1998, table I): .0624 to .1605
        let (low, high) = wilson(15.0 / 148.0, 148).unwrap();
        assert!((low - 0.0624).abs() < 5e-5 && (high - 0.1605).abs() < 5e-5, "{low} {high}");
    }

    #[test]
    fn extreme_shares_keep_a_width() {
        let (low, high) = wilson(1.0, 10).unwrap();
        assert!((low - 0.7225).abs() < 5e-5);
        assert_eq!(high, 1.0);
        assert_eq!(wilson(0.0, 10).unwrap().0, 0.0);
        assert_eq!(wilson(0.5, 0), None);
    }
}
