//! What one trace adds to counters that only grow: spans by name and outcome, calls by who calls whom.

use crate::{Class, Kind, Nanos, OpRef, SpanId, Symbol, Target};

/// Upper bounds of the buckets of [`Latencies`]: 2 ms, doubled again and again. Above them there is one more.
pub const LATENCY_BOUNDS: [Nanos; 14] = {
    let mut bounds = [Nanos(2_000_000); 14];
    let mut at = 1;
    while at < bounds.len() {
        bounds[at] = Nanos(bounds[at - 1].0 * 2);
        at += 1;
    }
    bounds
};

/// Buckets of [`Latencies`].
pub const LATENCY_BUCKETS: usize = LATENCY_BOUNDS.len() + 1;

/// How long things took, in buckets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latencies {
    /// See [`Latencies::buckets`].
    buckets: [u64; LATENCY_BUCKETS],
    /// Which of them count anything, a bit each: mostly one.
    filled: u16,
    /// Summed length.
    pub sum: Nanos,
    /// The longest, and its span where it has one.
    pub longest: Option<(Nanos, Option<SpanId>)>,
}

impl Latencies {
    /// The bucket that `length` falls in.
    #[inline]
    pub fn bucket(length: Nanos) -> usize {
        let below = length.0.saturating_sub(1);
        let doubled = u64::BITS - (below / LATENCY_BOUNDS[0].0).leading_zeros();
        (doubled as usize).min(LATENCY_BOUNDS.len())
    }

    /// How many took at most so long as the bound at the same place of [`LATENCY_BOUNDS`], and longer than the one before.
    pub fn buckets(&self) -> &[u64; LATENCY_BUCKETS] {
        &self.buckets
    }

    /// The buckets that count anything, with their places.
    pub fn filled(&self) -> impl Iterator<Item = (usize, u64)> {
        let mut left = self.filled;
        std::iter::from_fn(move || {
            let place = left.trailing_zeros() as usize;
            let count = *self.buckets.get(place)?;
            left &= left - 1;
            Some((place, count))
        })
    }

    /// Counts `count` things that took `sum` together, each as long as their mean.
    pub fn record(&mut self, count: u64, sum: Nanos, span: Option<SpanId>) {
        self.add(Took::new(count, sum), span);
    }

    /// The same for what is recorded more than once.
    #[inline]
    pub fn add(&mut self, took: Took, span: Option<SpanId>) {
        if took.count == 0 {
            return;
        }
        self.filled |= 1 << took.bucket;
        let held = &mut self.buckets[took.bucket];
        *held = held.saturating_add(took.count);
        self.sum = self.sum.plus(took.sum);
        if self.longest.is_none_or(|(longest, _)| longest < took.mean) {
            self.longest = Some((took.mean, span));
        }
    }
}

/// Things that took equally long, as [`Latencies`] count them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Took {
    count: u64,
    bucket: usize,
    mean: Nanos,
    sum: Nanos,
}

impl Took {
    /// `count` things that took `sum` together.
    #[inline]
    pub fn new(count: u64, sum: Nanos) -> Took {
        let mean = match count {
            // To divide is dear.
            0 | 1 => sum,
            _ => Nanos(sum.0 / count),
        };
        Took {
            count,
            bucket: Latencies::bucket(mean),
            mean,
            sum,
        }
    }
}

/// Spans of one name, kind and outcome. Counted are the roots of segments and outgoing operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanRow {
    /// Whose they are, and their name.
    pub at: OpRef,
    /// Their kind.
    pub kind: Kind,
    /// They failed.
    pub failed: bool,
    /// How many.
    pub count: u64,
    /// How long those took whose time can be used.
    pub latencies: Latencies,
}

/// The two ends of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ends {
    /// A service calls, somebody is called.
    Both(Symbol, Target),
    /// A service is called from outside: its span is the root of the trace.
    Entered(Symbol),
    /// A service calls, and nothing says whom.
    Caller(Symbol),
    /// A service was called by a span that was never received.
    Called(Symbol),
}

/// Calls between the same two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkRow {
    /// Who and whom.
    pub ends: Ends,
    /// db, cache, call or publish.
    pub class: Class,
    /// How many.
    pub calls: u64,
    /// How many failed, at either end.
    pub failed: u64,
    /// Client time.
    pub client: Latencies,
    /// Server time.
    pub server: Latencies,
    /// Critical-path time in their subtrees.
    pub path: Nanos,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_takes_what_is_at_most_its_bound() {
        assert_eq!(Latencies::bucket(Nanos(0)), 0);
        for (at, bound) in LATENCY_BOUNDS.into_iter().enumerate() {
            assert_eq!(Latencies::bucket(bound), at);
            assert_eq!(Latencies::bucket(Nanos(bound.0 + 1)), at + 1);
        }
        assert_eq!(Latencies::bucket(Nanos(u64::MAX)), LATENCY_BOUNDS.len());
        assert_eq!(LATENCY_BOUNDS[13], Nanos(16_384_000_000));
    }

    #[test]
    fn many_count_with_their_mean_and_none_counts_nothing() {
        let mut latencies = Latencies::default();
        latencies.record(0, Nanos(7), None);
        assert_eq!(latencies, Latencies::default());
        latencies.record(3, Nanos(9_000_000), None);
        latencies.record(1, Nanos(1_000_000), None);
        assert_eq!(latencies.buckets[..3], [1, 3, 0]);
        assert_eq!(latencies.sum, Nanos(10_000_000));
        assert_eq!(latencies.longest, Some((Nanos(3_000_000), None)));
        assert_eq!(latencies.filled().collect::<Vec<_>>(), [(0, 1), (1, 3)]);
    }
}
