//! Requests kept for a while as they came, so that an exemplar can show every attribute key. A cache beside the state: no
//! number or finding depends on it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use hotspan_ingest::Raw;
use hotspan_model::Offset;

/// The newest requests of one shard, whole, under a budget of bytes, and no longer than a trace may stay open.
#[derive(Debug)]
pub(crate) struct RawRequests {
    held: VecDeque<Held>,
    bytes: u64,
    limits: RawLimits,
    dropped_early: u64,
}

/// How much is kept, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawLimits {
    /// Of all requests together.
    pub(crate) bytes_max: u64,
    /// The age at which a request's traces are decided at the earliest: before it a request is missed.
    pub(crate) age_min: Duration,
    /// The age at which they are decided at the latest.
    pub(crate) age_max: Duration,
}

#[derive(Debug)]
struct Held {
    offset: Offset,
    since: Instant,
    raw: Raw,
}

impl RawRequests {
    pub(crate) fn new(limits: RawLimits) -> RawRequests {
        RawRequests {
            held: VecDeque::new(),
            bytes: 0,
            limits,
            dropped_early: 0,
        }
    }

    /// Keeps a request that came now; the oldest give way.
    pub(crate) fn push(&mut self, offset: Offset, raw: Raw, now: Instant) {
        self.bytes += raw.bytes.len() as u64;
        self.held.push_back(Held {
            offset,
            since: now,
            raw,
        });
        while self.bytes > self.limits.bytes_max
            && let Some(age) = self.forget_oldest(now)
        {
            self.dropped_early += u64::from(age < self.limits.age_min);
        }
    }

    /// Lets go what is too old to be asked for.
    pub(crate) fn forget(&mut self, now: Instant) {
        while let Some(oldest) = self.held.front()
            && now.saturating_duration_since(oldest.since) > self.limits.age_max
        {
            self.forget_oldest(now);
        }
    }

    /// How old the oldest was.
    fn forget_oldest(&mut self, now: Instant) -> Option<Duration> {
        let oldest = self.held.pop_front()?;
        self.bytes -= oldest.raw.bytes.len() as u64;
        Some(now.saturating_duration_since(oldest.since))
    }

    /// Requests that gave way before their traces could be decided.
    pub(crate) fn dropped_early(&self) -> u64 {
        self.dropped_early
    }

    /// Bytes of what is kept.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The request at `offset`, while it is held.
    pub(crate) fn at(&self, offset: Offset) -> Option<&Raw> {
        let place = self.held.binary_search_by_key(&offset, |held| held.offset).ok()?;
        self.held.get(place).map(|held| &held.raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotspan_ingest::Coding;
    use hotspan_otlp::Encoding;

    const LIMITS: RawLimits = RawLimits {
        bytes_max: 100,
        age_min: Duration::from_secs(2),
        age_max: Duration::from_secs(90),
    };

    fn raw(size: usize) -> Raw {
        Raw {
            bytes: vec![0; size].into(),
            encoding: Encoding::Protobuf,
            coding: Coding::Identity,
        }
    }

    #[test]
    fn the_oldest_request_gives_way_when_the_budget_is_over() {
        let now = Instant::now();
        let mut requests = RawRequests::new(LIMITS);
        requests.push(Offset(1), raw(60), now);
        requests.push(Offset(4), raw(40), now);
        assert!(requests.at(Offset(1)).is_some());
        requests.push(Offset(5), raw(10), now);
        assert!(requests.at(Offset(1)).is_none());
        assert!(requests.at(Offset(4)).is_some() && requests.at(Offset(2)).is_none());
        requests.push(Offset(6), raw(200), now);
        assert!(
            requests.at(Offset(6)).is_none(),
            "a request over the whole budget is not kept"
        );
    }

    #[test]
    fn a_request_that_gives_way_young_is_counted() {
        let start = Instant::now();
        let mut requests = RawRequests::new(LIMITS);
        requests.push(Offset(1), raw(60), start);
        requests.push(Offset(2), raw(60), start + Duration::from_secs(3));
        assert_eq!((requests.bytes(), requests.dropped_early()), (60, 0));
        requests.push(Offset(3), raw(60), start + Duration::from_secs(4));
        assert_eq!((requests.bytes(), requests.dropped_early()), (60, 1));
    }

    #[test]
    fn a_request_is_let_go_when_its_traces_cannot_be_open_any_more() {
        let start = Instant::now();
        let mut requests = RawRequests::new(LIMITS);
        requests.push(Offset(1), raw(60), start);
        requests.push(Offset(2), raw(30), start + Duration::from_secs(1));
        requests.forget(start + Duration::from_secs(90));
        assert_eq!(requests.bytes(), 90);
        requests.forget(start + Duration::from_secs(91));
        assert!(requests.at(Offset(1)).is_none() && requests.at(Offset(2)).is_some());
        assert_eq!(requests.bytes(), 30);
    }
}
