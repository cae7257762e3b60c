//! How far an impact may be off because only some of the traces were kept.
//!
//! A sum of weighted amounts estimates what all traces would give. Its variance is the sum of `w (w - 1) x²` over
//! kept traces, each kept on its own with the chance `1 / w` (Horvitz and Thompson, 1952): zero when every trace was
//! kept, and smaller the more there are.

use hotspan_model::{MILLION, Millionths};

use crate::buckets::Point;
use crate::distribution::Distribution;
use crate::sign::{self, Sign, narrow, weight};
use crate::stored::stored;

/// Of the two amounts that an impact may be made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sampling {
    pub(crate) saving: Sums,
    pub(crate) exposure: Sums,
}

/// Of one amount, over all traces of a fingerprint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    /// Weighted microseconds.
    amount: u128,
    /// Its variance.
    variance: u128,
}

/// What one trace may add, so that squares of 2^38 of them stay within 128 bits.
const MICROS_MAX: u128 = 1 << 45;
/// Millionths of a nanosecond in a microsecond.
pub(crate) const MICRO: u64 = 1_000_000_000;

impl Sampling {
    /// Adds what a trace of this weight adds to the timeline, or takes it back.
    pub(crate) fn shift(&mut self, sign: Sign, weight: Millionths, point: &Point) {
        self.saving.shift(sign, weight, point.saving);
        self.exposure.shift(sign, weight, point.exposure);
    }

    /// Adds that of another shard.
    pub(crate) fn merge(&mut self, other: &Sampling) {
        for (own, other) in [
            (&mut self.saving, &other.saving),
            (&mut self.exposure, &other.exposure),
        ] {
            Sign::Add.sum(&mut own.amount, other.amount);
            Sign::Add.sum(&mut own.variance, other.variance);
        }
    }
}

impl Sums {
    fn shift(&mut self, sign: Sign, of: Millionths, amount: u128) {
        let micros = sign::quotient(amount, MICRO).min(MICROS_MAX);
        sign.sum(&mut self.amount, micros);
        let weight = weight(of);
        // What stands for itself alone adds nothing that was not seen.
        if weight > MILLION {
            let unseen = Millionths::ratio(weight - MILLION, weight);
            sign.sum(
                &mut self.variance,
                micros * micros * u128::from(unseen.0) / u128::from(MILLION),
            );
        }
    }

    /// What a limit at their median would cut from nanoseconds of traces that weigh so much together. The time that
    /// is nobody's to wait for is not told apart: such traces have no limit to set.
    pub(crate) fn beyond_median(of: &Distribution, weighted: u128) -> Sums {
        let traces = u128::from(of.count().max(1)) * u128::from(MILLION);
        let weight = Millionths(narrow(weighted.saturating_mul(u128::from(MILLION)) / traces));
        let limit = of.quantile(500);
        let mut sums = Sums::default();
        for (nanos, count) in of.buckets() {
            let mut each = Sums::default();
            let amount = u128::from(nanos.saturating_sub(limit)) * u128::from(weight.0);
            each.shift(Sign::Add, weight, amount);
            sums.amount += each.amount * u128::from(count);
            sums.variance = (each.variance.saturating_mul(count.into())).saturating_add(sums.variance);
        }
        sums
    }

    /// In weighted microseconds.
    pub(crate) fn micros(&self) -> u128 {
        self.amount
    }

    /// How much this is beside another.
    pub(crate) fn per(&self, other: &Sums) -> Millionths {
        let parts = self.amount.saturating_mul(u128::from(MILLION));
        Millionths(narrow(parts.checked_div(other.amount).unwrap_or(0)))
    }

    /// The relative standard error of the part that the last `recent` of `traces` make up.
    pub(crate) fn error(&self, traces: u64, recent: u64) -> Millionths {
        let Some(all) = (self.variance.isqrt() * u128::from(MILLION)).checked_div(self.amount) else {
            return Millionths(0);
        };
        // Fewer traces of the same kind: the square grows as they get fewer.
        let square = all.saturating_mul(all).saturating_mul(traces.into());
        Millionths(narrow((square / u128::from(recent.max(1))).isqrt()))
    }
}

/// The same where only the number of traces and their weight are known: as if all were alike.
pub(crate) fn counted(traces: u64, weighted: u128) -> Millionths {
    let seen = u128::from(traces) * u128::from(MILLION);
    let unseen = weighted.saturating_sub(seen);
    let million = u128::from(MILLION);
    let share = (unseen.saturating_mul(million))
        .checked_div(weighted)
        .unwrap_or(0);
    Millionths(narrow((share * million / u128::from(traces.max(1))).isqrt()))
}

stored!(Sampling { saving, exposure });
stored!(Sums { amount, variance });

#[cfg(test)]
mod tests {
    use super::*;

    const TENFOLD: Millionths = Millionths(10_000_000);

    /// So many traces of this weight that each save 2 ms.
    fn alike(traces: u64, weight: Millionths) -> Sums {
        let mut sums = Sums::default();
        for _ in 0..traces {
            sums.shift(Sign::Add, weight, u128::from(weight.0) * 2_000_000);
        }
        sums
    }

    #[test]
    fn what_was_not_sampled_is_exact() {
        assert_eq!(alike(3, Millionths::ONE).error(3, 3), Millionths(0));
        assert_eq!(Sums::default().error(0, 0), Millionths(0));
        assert_eq!(counted(3, 3_000_000), Millionths(0));
        assert_eq!(counted(0, 0), Millionths(0));
    }

    #[test]
    fn a_tenth_of_many_is_surer_than_a_tenth_of_few() {
        // The root of 0.9 / n.
        for (traces, error) in [(9, 316_227), (90, 100_000), (9_000, 10_000)] {
            // Whole microseconds round a little.
            let stated = alike(traces, TENFOLD).error(traces, traces);
            assert!(stated.0.abs_diff(error) < 10, "{stated:?}");
            assert_eq!(
                counted(traces, u128::from(traces) * 10_000_000),
                Millionths(error)
            );
        }
    }

    #[test]
    fn a_part_of_the_traces_is_less_sure_than_all() {
        let stated = alike(9_000, TENFOLD).error(9_000, 90);
        assert!(stated.0.abs_diff(100_000) < 10, "{stated:?}");
    }

    #[test]
    fn traces_that_differ_are_less_sure_than_like_ones() {
        let mut sums = alike(90, TENFOLD);
        sums.shift(Sign::Add, TENFOLD, 10_000_000 * 200_000_000);
        assert!(sums.error(91, 91) > Millionths(400_000));
    }

    #[test]
    fn a_limit_at_the_median_cuts_what_lies_beyond() {
        let mut paths = Distribution::default();
        for millis in [100, 100, 100, 300] {
            paths.record(Sign::Add, millis * 1_000_000);
        }
        let all = Sums::beyond_median(&paths, 4_000_000);
        // Buckets are 0.8 % wide at most.
        assert!(all.amount.abs_diff(200_000) < 3_000, "{all:?}");
        assert_eq!(all.error(4, 4), Millionths(0));
        let tenth = Sums::beyond_median(&paths, 40_000_000);
        assert!(tenth.per(&all).0.abs_diff(10_000_000) < 100, "whole microseconds");
        assert!(tenth.error(4, 4) > Millionths(900_000));
    }

    #[test]
    fn what_comes_and_goes_leaves_nothing() {
        let mut sums = alike(1, TENFOLD);
        let huge = u128::from(weight(Millionths(u64::MAX))) << 50;
        sums.shift(Sign::Add, Millionths(u64::MAX), huge);
        sums.shift(Sign::Subtract, Millionths(u64::MAX), huge);
        assert_eq!(sums, alike(1, TENFOLD));
    }
}
