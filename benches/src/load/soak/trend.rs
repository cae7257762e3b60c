//! Whether something grows: a line through its values by least squares, and how far they are from it.

/// A line through values over time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Trend {
    pub(super) mean: f64,
    /// What the line rises from the first moment to the last.
    pub(super) growth: f64,
    /// Standard deviation of the values from the line.
    pub(super) spread: f64,
}

/// Growth within so many deviations is noise.
const NOISE: f64 = 2.0;

impl Trend {
    /// Of points (moment, value) in the order of time; nothing grows where there are less than three.
    pub(super) fn of(points: &[(f64, f64)]) -> Trend {
        let (Some(first), Some(last), true) = (points.first(), points.last(), points.len() > 2) else {
            return Trend::default();
        };
        let count = points.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
        let (mid, mean) = (mean(|point| point.0), mean(|point| point.1));
        let square: f64 = points.iter().map(|(at, _)| (at - mid).powi(2)).sum();
        let product: f64 = points.iter().map(|(at, value)| (at - mid) * (value - mean)).sum();
        let slope = product / square.max(f64::MIN_POSITIVE);
        let off = |(at, value): &(f64, f64)| (value - mean - slope * (at - mid)).powi(2);
        Trend {
            mean,
            growth: slope * (last.0 - first.0),
            spread: (points.iter().map(off).sum::<f64>() / count).sqrt(),
        }
    }

    /// Whether it grows by no more than `slack`, or than noise.
    pub(super) fn is_flat(&self, slack: f64) -> bool {
        self.growth <= slack.max(NOISE * self.spread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(slack: f64, value: impl Fn(u32) -> f64) -> bool {
        let points: Vec<_> = (0..60).map(|n| (f64::from(n), value(n))).collect();
        Trend::of(&points).is_flat(slack)
    }

    #[test]
    fn noise_is_flat_and_a_leak_is_not() {
        let noise = |n: u32| f64::from(n * 37 % 11);
        assert!(flat(0.5, |_| 100.0));
        assert!(flat(0.5, |n| 100.0 + noise(n)));
        assert!(flat(0.5, |n| 100.0 - f64::from(n)));
        assert!(!flat(0.5, |n| 100.0 + f64::from(n)));
        assert!(!flat(0.5, |n| 100.0 + noise(n) + 0.5 * f64::from(n)));
        // One step up in the middle is growth, too.
        assert!(!flat(0.5, |n| if n < 30 { 100.0 } else { 110.0 }));
        assert!(flat(20.0, |n| 100.0 + 0.3 * f64::from(n)));
    }
}
