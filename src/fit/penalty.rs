//! The separable part of the objective: elastic net with factors, and bounds.

/// λ ( α Σ f_j |w_j| + (1−α)/2 Σ f_j w_j² ) with l_j ≤ w_j ≤ u_j (design: "Fit"), by coordinate.
#[derive(Debug, Clone, PartialEq)]
pub struct Penalty {
    /// λ α f_j.
    l1: Vec<f64>,
    /// λ (1−α) f_j.
    l2: Vec<f64>,
    /// Lower and upper bound.
    bounds: Vec<(f64, f64)>,
}

impl Penalty {
    /// The penalty at `lambda` and mix `alpha` with one factor and one pair of bounds per parameter.
    pub fn new(lambda: f64, alpha: f64, factors: &[f64], bounds: &[(f64, f64)]) -> Self {
        Self {
            l1: factors.iter().map(|f| lambda * alpha * f).collect(),
            l2: factors.iter().map(|f| lambda * (1.0 - alpha) * f).collect(),
            bounds: bounds.to_vec(),
        }
    }

    /// The same for the named coordinates alone.
    pub fn of(&self, coordinates: &[usize]) -> Self {
        let part = |of: &[f64]| coordinates.iter().map(|&j| of[j]).collect();
        Self { l1: part(&self.l1), l2: part(&self.l2), bounds: coordinates.iter().map(|&j| self.bounds[j]).collect() }
    }

    /// Value at `w`, which lies within the bounds.
    pub fn value(&self, w: &[f64]) -> f64 {
        (0..w.len()).map(|j| self.l1[j] * w[j].abs() + 0.5 * self.l2[j] * w[j] * w[j]).sum()
    }

    /// `value` inside the bounds of coordinate `j`, to the last bit.
    pub fn clamp(&self, j: usize, value: f64) -> f64 {
        value.max(self.bounds[j].0).min(self.bounds[j].1)
    }

    /// argmin over v in the bounds of ½ h v² − b v + penalty_j(v); `now` where that is not unique.
    pub fn coordinate(&self, j: usize, h: f64, b: f64, now: f64) -> f64 {
        let bend = h + self.l2[j];
        if bend <= 0.0 {
            return self.clamp(j, if b.abs() <= self.l1[j] && self.l1[j] > 0.0 { 0.0 } else { now });
        }
        self.clamp(j, soft(b, self.l1[j]) / bend)
    }

    /// `dist(−slope, ∂penalty_j(w) + N_[l,u](w))`: how far coordinate `j` is from being optimal when ∂_j L = `slope`.
    pub fn distance(&self, j: usize, w: f64, slope: f64) -> f64 {
        let (lower, upper) = self.bounds[j];
        let smooth = self.l2[j] * w;
        let mut low = if w > 0.0 { self.l1[j] } else { -self.l1[j] };
        let mut high = if w < 0.0 { -self.l1[j] } else { self.l1[j] };
        if w <= lower {
            low = f64::NEG_INFINITY;
        }
        if w >= upper {
            high = f64::INFINITY;
        }
        let target = -slope - smooth;
        (low - target).max(target - high).max(0.0)
    }

    /// The largest distance over the coordinates.
    pub fn residual(&self, w: &[f64], gradient: &[f64]) -> f64 {
        (0..w.len()).map(|j| self.distance(j, w[j], gradient[j])).fold(0.0, f64::max)
    }

    /// Whether coordinate `j` can move both ways from `w` without meeting a bound or a kink, and its slope and curvature
    /// there.
    pub fn smooth_at(&self, j: usize, w: f64) -> Option<(f64, f64)> {
        let (lower, upper) = self.bounds[j];
        let kink = w == 0.0 && self.l1[j] > 0.0;
        (w > lower && w < upper && !kink).then(|| {
            let l1 = if self.l1[j] > 0.0 { self.l1[j] * w.signum() } else { 0.0 };
            (l1 + self.l2[j] * w, self.l2[j])
        })
    }

    /// The first point at which coordinate `j` meets a bound or a kink on its way from `w` in the direction `step`;
    /// `None` where it meets none within the step.
    pub fn barrier(&self, j: usize, w: f64, step: f64) -> Option<f64> {
        let (lower, upper) = self.bounds[j];
        let crosses_zero = self.l1[j] > 0.0 && w * (w + step) < 0.0;
        if crosses_zero {
            Some(0.0)
        } else if w + step < lower {
            Some(lower)
        } else if w + step > upper {
            Some(upper)
        } else {
            None
        }
    }

    /// Largest share s ≤ 1 for which the conjugate at `s·v` is finite; `None` where only s = 0 would do
    /// (an unpenalised, unbounded weight).
    pub fn dual_scale(&self, v: &[f64]) -> Option<f64> {
        let mut scale = 1.0f64;
        for (j, &v) in v.iter().enumerate() {
            let (lower, upper) = self.bounds[j];
            let unbounded = if v > 0.0 { upper == f64::INFINITY } else { lower == f64::NEG_INFINITY };
            if v != 0.0 && unbounded && self.l2[j] == 0.0 {
                if self.l1[j] == 0.0 {
                    return None;
                }
                scale = scale.min(self.l1[j] / v.abs());
            }
        }
        Some(scale)
    }

    /// Convex conjugate Σ_j sup over w in the bounds of v_j w − penalty_j(w); finite after [`Penalty::dual_scale`].
    pub fn conjugate(&self, v: &[f64]) -> f64 {
        (0..v.len())
            .map(|j| {
                let best = if self.l2[j] > 0.0 {
                    self.clamp(j, soft(v[j], self.l1[j]) / self.l2[j])
                } else if v[j].abs() <= self.l1[j] * (1.0 + 1e-15) {
                    self.clamp(j, 0.0)
                } else {
                    self.clamp(j, f64::INFINITY.copysign(v[j]))
                };
                v[j] * best - self.l1[j] * best.abs() - 0.5 * self.l2[j] * best * best
            })
            .sum()
    }
}

/// sign(b) max(|b| − t, 0), never −0.
fn soft(b: f64, t: f64) -> f64 {
    if b > t {
        b - t
    } else if b < -t {
        b + t
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FREE: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

    #[test]
    fn the_distance_knows_kinks_and_bounds() {
        let p = Penalty::new(1.0, 1.0, &[1.0; 4], &[FREE, (0.0, f64::INFINITY), (-1.0, 0.0), (0.5, 0.5)]);
        assert_eq!(p.distance(0, 0.0, 1.5), 0.5);
        assert_eq!(p.distance(0, 0.0, -0.5), 0.0);
        assert_eq!(p.distance(0, 2.0, -1.25), 0.25);
        assert_eq!(p.distance(1, 0.0, 9.0), 0.0, "the bound holds it");
        assert_eq!(p.distance(1, 0.0, -1.5), 0.5, "it wants to grow");
        assert_eq!(p.distance(2, -1.0, 5.0), 0.0, "held at −1");
        assert_eq!(p.distance(2, -1.0, 0.0), 1.0, "the penalty pulls it back");
        assert_eq!(p.distance(3, 0.5, 77.0), 0.0, "frozen");
    }

    proptest! {
        /// The coordinate update is the minimum of its one-dimensional problem, and its distance there is 0.
        #[test]
        fn coordinate_updates_are_optimal(
            lambda in 0.0..2.0, alpha in 0.0..=1.0, factor in 0.0..3.0, h in 0.01..5.0, b in -5.0..5.0,
            low in -2.0..=0.0, high in 0.0..2.0,
        ) {
            let p = Penalty::new(lambda, alpha, &[factor], &[(low, high)]);
            let v = p.coordinate(0, h, b, 0.0);
            prop_assert!((low..=high).contains(&v));
            prop_assert!(p.distance(0, v, h * v - b) < 1e-12);
            let at = |v: f64| 0.5 * h * v * v - b * v + p.value(&[v]);
            for k in 0..=100 {
                let other = low + (high - low) * f64::from(k) / 100.0;
                prop_assert!(at(v) <= at(other) + 1e-12);
            }
        }

        /// Fenchel: v·w ≤ penalty(w) + conjugate(v) for every w in the bounds, and the bound is met by some w.
        #[test]
        fn the_conjugate_is_the_supremum(
            lambda in 0.01..2.0, alpha in 0.0..=1.0, v in -3.0..3.0, low in -2.0..=0.0, high in 0.0..2.0,
        ) {
            let p = Penalty::new(lambda, alpha, &[1.0], &[(low, high)]);
            let conjugate = p.conjugate(&[v]);
            let best = (0..=1000)
                .map(|k| low + (high - low) * f64::from(k) / 1000.0)
                .map(|w| v * w - p.value(&[w]))
                .fold(f64::NEG_INFINITY, f64::max);
            prop_assert!(best <= conjugate + 1e-12);
            prop_assert!(conjugate - best < 0.02);
        }
    }
}
