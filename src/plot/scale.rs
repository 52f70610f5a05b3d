//! Linear and logarithmic axes with round ticks.

/// A map of values to pixels with round ticks inside.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    /// Whether `low`, `high` and `step` are decades.
    log: bool,
    low: f64,
    high: f64,
    left: f64,
    right: f64,
    step: f64,
    /// Decimals that tell neighbouring ticks apart.
    pub(super) digits: usize,
}

/// Values beyond this are drawn at the edge: sums and differences must stay finite.
const LARGEST: f64 = 1e100;

impl Scale {
    /// An axis over all finite `values`, about `ticks` ticks, ends rounded outwards to ticks, drawn between `left` and `right`.
    /// No value at all gives 0 to 1.
    pub(super) fn over(values: impl IntoIterator<Item = f64>, ticks: usize, left: f64, right: f64) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.into_iter().filter(|v| v.is_finite()).map(|v| v.clamp(-LARGEST, LARGEST)) {
            (low, high) = (low.min(value), high.max(value));
        }
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        let smallest = 1e-9 * low.abs().max(high.abs()).max(1e-90);
        if high - low < smallest {
            let room = if low == 0.0 && high == 0.0 { 0.5 } else { 0.1 * low.abs().max(high.abs()) };
            (low, high) = (low - room, high + room);
        }
        let raw = (high - low) / ticks.max(1) as f64;
        let magnitude = 10f64.powf(raw.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * magnitude).find(|&s| s >= raw).unwrap_or(raw);
        let digits = (-step.log10().floor()).clamp(0.0, 6.0) as usize;
        Self {
            log: false,
            low: (low / step).floor() * step,
            high: (high / step).ceil() * step,
            left,
            right,
            step,
            digits,
        }
    }

    /// A logarithmic axis over all positive, finite `values`, without rounding of its ends. No value at all gives 1 to 10.
    pub(super) fn log(values: impl IntoIterator<Item = f64>, left: f64, right: f64) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.into_iter().filter(|v| v.is_finite() && *v > 0.0) {
            (low, high) = (low.min(value.log10()), high.max(value.log10()));
        }
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        if high - low < 1e-6 {
            (low, high) = (low - 0.5, high + 0.5);
        }
        Self { log: true, low, high, left, right, step: 1.0, digits: 0 }
    }

    /// Pixel of `value`; beyond the ends it is the end, and not a number is the left end.
    pub(super) fn at(&self, value: f64) -> f64 {
        let value = if self.log { value.max(f64::MIN_POSITIVE).log10() } else { value };
        let share = ((value.clamp(-LARGEST, LARGEST) - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        if share.is_finite() { self.left + share * (self.right - self.left) } else { self.left }
    }

    /// Whether `value` lies on the axis.
    pub(super) fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&if self.log { value.log10() } else { value })
    }

    /// The round values of the axis: both ends among them on a linear one; on a logarithmic one decades, and 2 and 5 times
    /// them where it spans few.
    pub(super) fn ticks(&self) -> Vec<f64> {
        if self.log {
            let multiples: &[f64] = match self.high - self.low {
                span if span < 1.5 => &[1.0, 2.0, 5.0],
                span if span < 2.5 => &[1.0, 3.0],
                _ => &[1.0],
            };
            let every = ((self.high - self.low) / 6.0).ceil().max(1.0);
            let decades = (self.low.floor() as i32..=self.high.ceil() as i32)
                .filter(|d| multiples.len() > 1 || f64::from(*d).rem_euclid(every) == 0.0);
            let values = decades.flat_map(|d| multiples.iter().map(move |m| m * 10f64.powi(d)));
            let holds = |v: &f64| (self.low - 1e-9..=self.high + 1e-9).contains(&v.log10());
            return values.filter(holds).collect();
        }
        let count = ((self.high - self.low) / self.step).round().clamp(1.0, 50.0) as usize;
        (0..=count).map(|i| self.low + i as f64 * self.step).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ticks_are_round() {
        let scale = Scale::over([0.283, 0.777], 5, 0.0, 100.0);
        let ticks: Vec<String> = scale.ticks().iter().map(|t| format!("{t:.1}")).collect();
        assert_eq!(ticks, ["0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8"]);
        assert_eq!(scale.digits, 1);
    }

    #[test]
    fn a_logarithmic_axis_has_decades() {
        assert_eq!(Scale::log([0.0008, 0.3], 0.0, 100.0).ticks(), [0.001, 0.01, 0.1]);
        assert_eq!(Scale::log([200.0, 8000.0], 0.0, 100.0).ticks(), [300.0, 1000.0, 3000.0]);
        let scale = Scale::log([1.0, 100.0], 0.0, 100.0);
        assert!((scale.at(10.0) - 50.0).abs() < 1e-9 && scale.at(-1.0) == 0.0 && scale.at(f64::NAN) == 0.0);
        assert_eq!(Scale::log([f64::NAN, -1.0], 0.0, 1.0).ticks(), [1.0, 2.0, 5.0, 10.0]);
    }

    proptest! {
        #[test]
        fn every_logarithmic_pixel_is_on_the_axis(values in prop::collection::vec(prop::num::f64::ANY, 0..6), ask in prop::num::f64::ANY) {
            let scale = Scale::log(values.iter().copied(), 10.0, 90.0);
            for value in values.into_iter().chain([ask]) {
                prop_assert!((10.0..=90.0).contains(&scale.at(value)));
            }
            prop_assert!(scale.ticks().len() <= 60 && scale.ticks().iter().all(|t| t.is_finite()));
        }

        #[test]
        fn every_pixel_is_on_the_axis(values in prop::collection::vec(prop::num::f64::ANY, 0..6), ask in prop::num::f64::ANY) {
            let scale = Scale::over(values.iter().copied(), 5, 10.0, 90.0);
            for value in values.into_iter().chain([ask]) {
                prop_assert!((10.0..=90.0).contains(&scale.at(value)));
            }
            prop_assert!(scale.ticks().len() <= 51 && scale.ticks().iter().all(|t| t.is_finite()));
        }
    }
}
