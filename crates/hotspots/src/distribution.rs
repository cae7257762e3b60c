//! How a number is distributed over traces: a histogram that forgets exactly what it learned.
//!
//! The layout is hdrhistogram's with two significant digits, the same everywhere and for all numbers, so
//! histograms of shards add up. Only filled buckets are held: an hdrhistogram of nanoseconds takes 30 KiB
//! whatever is in it, and a hotspot has three. Numbers below 256 are exact, others at most 0.8 % off.

use std::sync::LazyLock;

use hdrhistogram::Histogram;

use crate::sign::Sign;

/// Gives the borders of buckets and counts nothing itself.
static LAYOUT: LazyLock<Histogram<u8>> =
    LazyLock::new(|| Histogram::new_with_bounds(1, 2, 2).expect("bounds and digits are in range"));

/// Counts by bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Distribution {
    /// Lowest value and count of each filled bucket, ascending.
    buckets: Vec<(u64, u64)>,
}

impl Distribution {
    /// Records one number, or takes it back.
    pub(crate) fn record(&mut self, sign: Sign, value: u64) {
        self.shift(sign, lowest(value), 1);
    }

    /// Adds what another shard recorded.
    pub(crate) fn merge(&mut self, other: &Distribution) {
        for &(lowest, count) in &other.buckets {
            self.shift(Sign::Add, lowest, count);
        }
    }

    fn shift(&mut self, sign: Sign, lowest: u64, by: u64) {
        match (
            self.buckets.binary_search_by_key(&lowest, |bucket| bucket.0),
            sign,
        ) {
            (Ok(at), _) => {
                sign.count(&mut self.buckets[at].1, by);
                if self.buckets[at].1 == 0 {
                    self.buckets.remove(at);
                }
            }
            (Err(at), Sign::Add) => self.buckets.insert(at, (lowest, by)),
            (Err(_), Sign::Subtract) => {}
        }
    }

    /// The upper bound of the bucket that holds the number below which `permille` of all lie; zero when
    /// empty.
    pub(crate) fn quantile(&self, permille: u64) -> u64 {
        let total: u128 = self.buckets.iter().map(|bucket| u128::from(bucket.1)).sum();
        let rank = (total * u128::from(permille)).div_ceil(1_000).max(1);
        let mut passed = 0;
        for &(lowest, count) in &self.buckets {
            passed += u128::from(count);
            if rank <= passed {
                return LAYOUT.highest_equivalent(lowest);
            }
        }
        0
    }

    /// Lowest value and count of each filled bucket, ascending.
    pub(crate) fn buckets(&self) -> &[(u64, u64)] {
        &self.buckets
    }

    /// How many numbers are in buckets that do not reach beyond `most`.
    pub(crate) fn up_to(&self, most: u64) -> u64 {
        let buckets = self.buckets.iter();
        let within = buckets.take_while(|bucket| LAYOUT.highest_equivalent(bucket.0) <= most);
        within.fold(0, |sum, bucket| sum.saturating_add(bucket.1))
    }

    /// How many numbers it has.
    pub(crate) fn count(&self) -> u64 {
        self.buckets
            .iter()
            .fold(0, |sum, bucket| sum.saturating_add(bucket.1))
    }

    /// Lower bound of the lowest filled bucket.
    pub(crate) fn min(&self) -> u64 {
        self.buckets.first().map_or(0, |bucket| bucket.0)
    }

    /// Lower bound of the highest filled bucket.
    pub(crate) fn top(&self) -> u64 {
        self.buckets.last().map_or(0, |bucket| bucket.0)
    }

    /// Upper bound of the highest filled bucket.
    pub(crate) fn max(&self) -> u64 {
        self.buckets
            .last()
            .map_or(0, |bucket| LAYOUT.highest_equivalent(bucket.0))
    }
}

/// The lowest number of the bucket that `value` falls into: its eight leading bits.
fn lowest(value: u64) -> u64 {
    let dropped = u64::BITS - 8 - (value | 0xff).leading_zeros();
    value >> dropped << dropped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[u64]) -> Distribution {
        let mut distribution = Distribution::default();
        for &value in values {
            distribution.record(Sign::Add, value);
        }
        distribution
    }

    #[test]
    fn small_numbers_are_exact_and_an_empty_one_answers_zero() {
        let hundred = of(&(1..=100).collect::<Vec<_>>());
        assert_eq!(
            [
                hundred.min(),
                hundred.quantile(500),
                hundred.quantile(950),
                hundred.max()
            ],
            [1, 50, 95, 100]
        );
        assert_eq!(of(&[]).quantile(500), 0);
    }

    proptest! {
        #[test]
        fn buckets_begin_where_those_of_hdrhistogram_do(value in any::<u64>(), bits in 0..64) {
            let value = value >> bits;
            prop_assert_eq!(lowest(value), LAYOUT.lowest_equivalent(value));
        }

        #[test]
        fn quantiles_are_those_of_hdrhistogram(values in prop::collection::vec(0..u64::MAX / 4, 1..200)) {
            let mut reference = Histogram::<u64>::new(2).unwrap();
            for &value in &values {
                reference.record(value).unwrap();
            }
            let ours = of(&values);
            prop_assert_eq!(ours.min(), reference.lowest_equivalent(*values.iter().min().unwrap()));
            prop_assert_eq!(ours.max(), reference.max());
            for permille in [500, 950, 990, 1_000] {
                let theirs = reference.value_at_quantile(permille as f64 / 1_000.0);
                prop_assert_eq!(ours.quantile(permille), theirs);
            }
        }

        #[test]
        fn what_is_taken_back_was_never_there(
            stay in prop::collection::vec(any::<u64>(), 0..50),
            go in prop::collection::vec(any::<u64>(), 0..50),
        ) {
            let mut both = of(&go);
            both.merge(&of(&stay));
            for &value in &go {
                both.record(Sign::Subtract, value);
            }
            prop_assert_eq!(both, of(&stay));
        }
    }
}
