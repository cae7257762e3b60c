//! How a number is distributed over traces: a histogram that forgets exactly what it learned.
//!
//! The layout is hdrhistogram's with two significant digits, the same everywhere and for all numbers, so
//! histograms of shards add up. Only filled buckets are held: an hdrhistogram of nanoseconds takes 30 KiB
//! whatever is in it, and a hotspot has three. Numbers below 256 are exact, others at most 0.8 % off.

use std::sync::LazyLock;

use hdrhistogram::Histogram;
use hotspan_model::Bar;

use crate::sign::Sign;
use crate::stored::{Reader, Stored, Unreadable, Writer};

/// Gives the borders of buckets and counts nothing itself.
static LAYOUT: LazyLock<Histogram<u8>> =
    LazyLock::new(|| Histogram::new_with_bounds(1, 2, 2).expect("bounds and digits are in range"));

/// Counts by bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Distribution {
    /// Filled buckets, ascending.
    buckets: Vec<Bucket>,
    /// Where to find them; empty for a few.
    blocks: Blocks,
}

/// Which bucket, and how many numbers it has: in one word, for there are many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bucket(u64);

/// Bits of the count, which no trace rate fills in a year; those above it are the bucket's place among all.
const COUNT_BITS: u32 = 51;
const COUNT_MAX: u64 = (1 << COUNT_BITS) - 1;

/// How many places there are: that of the largest number is the last.
const PLACES: u64 = 57 * 128 + 128;

/// How many buckets are found without an index.
const FEW: usize = 8;

/// An index of buckets by blocks of sixteen places, from the block of the first on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Blocks {
    first: u64,
    blocks: Vec<Block>,
}

/// Which of sixteen places are filled, and how many before them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Block {
    before: u16,
    filled: u16,
}

impl Blocks {
    /// The position of a bucket among the filled ones.
    fn position(&self, bucket: Bucket) -> Option<usize> {
        let block = (bucket.place() / 16).checked_sub(self.first)?;
        let block = self.blocks.get(block as usize)?;
        let bit = 1_u16 << (bucket.place() % 16);
        let below = (block.filled & (bit - 1)).count_ones();
        (block.filled & bit != 0).then_some(usize::from(block.before) + below as usize)
    }

    /// Counts a bucket that was not there; `false` outside of the blocks.
    fn insert(&mut self, bucket: Bucket) -> bool {
        let from = (bucket.place() / 16).checked_sub(self.first);
        let from = from.and_then(|from| self.blocks.get_mut(from as usize..));
        let Some([block, later @ ..]) = from else {
            return false;
        };
        block.filled |= 1 << (bucket.place() % 16);
        later.iter_mut().for_each(|block| block.before += 1);
        true
    }

    fn rebuild(&mut self, buckets: &[Bucket]) {
        self.blocks.clear();
        let of = |bucket: Option<&Bucket>| bucket.map_or(0, |bucket| bucket.place() / 16);
        self.first = of(buckets.first());
        if buckets.len() <= FEW {
            return;
        }
        let blocks = of(buckets.last()) - self.first + 1;
        self.blocks.resize(blocks as usize, Block::default());
        for bucket in buckets {
            self.blocks[(bucket.place() / 16 - self.first) as usize].filled |= 1 << (bucket.place() % 16);
        }
        let mut before = 0;
        for block in &mut self.blocks {
            block.before = before;
            before += block.filled.count_ones() as u16;
        }
    }
}

impl Bucket {
    /// The bucket that `value` falls into, empty: its eight leading bits, and how many follow.
    fn of(value: u64) -> Bucket {
        let dropped = u64::BITS - 8 - (value | 0xff).leading_zeros();
        Bucket((u64::from(dropped) * 128 + (value >> dropped)) << COUNT_BITS)
    }

    /// Its number among all.
    fn place(self) -> u64 {
        self.0 >> COUNT_BITS
    }

    fn count(self) -> u64 {
        self.0 & COUNT_MAX
    }

    fn with(self, count: u64) -> Bucket {
        Bucket(self.0 & !COUNT_MAX | count.min(COUNT_MAX))
    }

    /// Its lowest number.
    fn lowest(self) -> u64 {
        let place = self.place();
        let dropped = (place / 128).saturating_sub(1);
        (place - dropped * 128) << dropped
    }
}

impl Distribution {
    /// Records one number, or takes it back.
    pub(crate) fn record(&mut self, sign: Sign, value: u64) {
        self.shift(sign, Bucket::of(value), 1);
    }

    /// Adds what another shard recorded.
    pub(crate) fn merge(&mut self, other: &Distribution) {
        for &bucket in &other.buckets {
            self.shift(Sign::Add, bucket, bucket.count());
        }
    }

    fn shift(&mut self, sign: Sign, bucket: Bucket, by: u64) {
        let Some(at) = self.position(bucket) else {
            return self.fill(sign, bucket, by);
        };
        let held = &mut self.buckets[at];
        let mut count = held.count();
        sign.count(&mut count, by);
        *held = held.with(count);
        if count == 0 {
            self.buckets.remove(at);
            self.blocks.rebuild(&self.buckets);
        }
    }

    fn position(&self, bucket: Bucket) -> Option<usize> {
        match self.buckets.len() <= FEW {
            true => self
                .buckets
                .iter()
                .position(|held| held.place() == bucket.place()),
            false => self.blocks.position(bucket),
        }
    }

    #[cold]
    fn fill(&mut self, sign: Sign, bucket: Bucket, by: u64) {
        if sign == Sign::Add {
            let at = self.buckets.partition_point(|held| held.place() < bucket.place());
            self.buckets.insert(at, bucket.with(by));
            if !self.blocks.insert(bucket) {
                self.blocks.rebuild(&self.buckets);
            }
        }
    }

    /// The upper bound of the bucket that holds the number below which `permille` of all lie; zero when
    /// empty.
    pub(crate) fn quantile(&self, permille: u64) -> u64 {
        let total = u128::from(self.count());
        let rank = (total * u128::from(permille)).div_ceil(1_000).max(1);
        // It is at most the total, but for a `permille` beyond all.
        let rank = u64::try_from(rank).unwrap_or(u64::MAX);
        let mut passed = 0;
        let found = self.buckets.iter().find(|bucket| {
            passed += bucket.count();
            rank <= passed
        });
        found.map_or(0, |bucket| LAYOUT.highest_equivalent(bucket.lowest()))
    }

    /// Lowest value and count of each filled bucket, ascending.
    pub(crate) fn buckets(&self) -> impl Iterator<Item = (u64, u64)> {
        let buckets = self.buckets.iter();
        buckets.map(|bucket| (bucket.lowest(), bucket.count()))
    }

    /// A picture of it: the filled ones of four bars an octave, ascending; numbers below eight have bars of their own.
    pub(crate) fn bars(&self) -> Vec<Bar> {
        let mut bars: Vec<Bar> = Vec::new();
        for (lowest, count) in self.buckets() {
            match bars.last_mut() {
                Some(bar) if lowest <= bar.up_to => bar.count = bar.count.saturating_add(count),
                Some(_) | None => {
                    // What follows the three leading bits makes no difference.
                    let same = u64::BITS - 3 - (lowest | 0b111).leading_zeros();
                    let from = lowest >> same << same;
                    let up_to = from | ((1 << same) - 1);
                    bars.push(Bar { from, up_to, count });
                }
            }
        }
        bars
    }

    /// How many numbers are in buckets that do not reach beyond `most`.
    pub(crate) fn up_to(&self, most: u64) -> u64 {
        let reaches = |bucket: &Bucket| LAYOUT.highest_equivalent(bucket.lowest()) <= most;
        count(&self.buckets[..self.buckets.partition_point(reaches)])
    }

    /// How many numbers it has.
    pub(crate) fn count(&self) -> u64 {
        count(&self.buckets)
    }

    /// Lower bound of the lowest filled bucket.
    pub(crate) fn min(&self) -> u64 {
        self.buckets.first().map_or(0, |bucket| bucket.lowest())
    }

    /// Lower bound of the highest filled bucket.
    pub(crate) fn top(&self) -> u64 {
        self.buckets.last().map_or(0, |bucket| bucket.lowest())
    }

    /// Upper bound of the highest filled bucket.
    pub(crate) fn max(&self) -> u64 {
        let last = self.buckets.last();
        last.map_or(0, |bucket| LAYOUT.highest_equivalent(bucket.lowest()))
    }
}

/// All places together, each full, stay below 2^64.
fn count(of: &[Bucket]) -> u64 {
    of.iter().map(|bucket| bucket.count()).sum()
}

/// Each bucket as the distance from the one before.
impl Stored for Distribution {
    fn write(&self, to: &mut Writer<'_>) {
        to.number(self.buckets.len() as u64);
        let mut before = 0;
        for bucket in &self.buckets {
            to.number(bucket.place() - before);
            to.number(bucket.count());
            before = bucket.place();
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        let length = from.length()?;
        let (mut buckets, mut place) = (Vec::with_capacity(length), 0_u64);
        for nth in 0..length {
            let (step, count): (u64, u64) = (from.number()?, from.number()?);
            place = place.checked_add(step).ok_or(Unreadable::Damaged)?;
            let ascends = nth == 0 || step > 0;
            if !ascends || place >= PLACES || count == 0 || count > COUNT_MAX {
                return Err(Unreadable::Damaged);
            }
            buckets.push(Bucket(place << COUNT_BITS).with(count));
        }
        let mut blocks = Blocks::default();
        blocks.rebuild(&buckets);
        Ok(Distribution { buckets, blocks })
    }
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

    #[test]
    fn a_picture_has_four_bars_an_octave_and_every_number_once() {
        let picture = of(&[0, 7, 8, 9, 10, 15, 16, 19, 20, u64::MAX]).bars();
        let bars: Vec<_> = picture
            .iter()
            .map(|bar| (bar.from, bar.up_to, bar.count))
            .collect();
        let last = (7 << 61, u64::MAX, 1);
        assert_eq!(
            bars,
            [
                (0, 0, 1),
                (7, 7, 1),
                (8, 9, 2),
                (10, 11, 1),
                (14, 15, 1),
                (16, 19, 2),
                (20, 23, 1),
                last
            ]
        );
    }

    proptest! {
        #[test]
        fn buckets_begin_where_those_of_hdrhistogram_do(value in any::<u64>(), bits in 0..64) {
            let value = value >> bits;
            prop_assert_eq!(Bucket::of(value).lowest(), LAYOUT.lowest_equivalent(value));
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
