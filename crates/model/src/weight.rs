//! Decisions use integers: shares, confidences and sampling weights in millionths.

/// One, in millionths.
pub const MILLION: u64 = 1_000_000;

/// A share, weight, confidence or effort in millionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millionths(pub u64);

impl Millionths {
    /// Exactly one.
    pub const ONE: Millionths = Millionths(MILLION);

    /// `part / whole`, rounded half up; zero when there is no whole.
    pub fn ratio(part: u64, whole: u64) -> Millionths {
        if whole == 0 {
            return Millionths(0);
        }
        let exact = (u128::from(part) * u128::from(MILLION) + u128::from(whole) / 2) / u128::from(whole);
        Millionths(u64::try_from(exact).unwrap_or(u64::MAX))
    }

    /// This share of `amount`, rounded down.
    pub fn of(self, amount: u64) -> u64 {
        u64::try_from(u128::from(amount) * u128::from(self.0) / u128::from(MILLION)).unwrap_or(u64::MAX)
    }

    /// The product of two shares, rounded down.
    #[must_use]
    pub fn times(self, other: Millionths) -> Millionths {
        Millionths(other.of(self.0))
    }
}

/// The sampling threshold T of `tracestate` `ot=th`: 56 bits, zero when everything is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Threshold(pub u64);

impl Threshold {
    const FULL: u64 = 1 << 56;

    /// How many traces one kept trace stands for: 2^56 / (2^56 - T).
    pub fn weight(self) -> Millionths {
        let kept = Self::FULL - self.0.min(Self::FULL - 1);
        Millionths::ratio(Self::FULL, kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_weigh_as_the_specification_says() {
        assert_eq!(Threshold(0).weight(), Millionths(MILLION));
        assert_eq!(Threshold(8 << 52).weight(), Millionths(2 * MILLION));
        assert_eq!(Threshold(0xc << 52).weight(), Millionths(4 * MILLION));
    }

    #[test]
    fn ratios_round_half_up_and_never_divide_by_zero() {
        assert_eq!(Millionths::ratio(1, 3), Millionths(333_333));
        assert_eq!(Millionths::ratio(2, 3), Millionths(666_667));
        assert_eq!(Millionths::ratio(1, 0), Millionths(0));
    }
}
