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
    bytes_max: u64,
    age_max: Duration,
}

#[derive(Debug)]
struct Held {
    offset: Offset,
    since: Instant,
    raw: Raw,
}

impl RawRequests {
    pub(crate) fn new(bytes_max: u64, age_max: Duration) -> RawRequests {
        RawRequests {
            held: VecDeque::new(),
            bytes: 0,
            bytes_max,
            age_max,
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
        while self.bytes > self.bytes_max && self.forget_oldest() {}
    }

    /// Lets go what is too old to be asked for.
    pub(crate) fn forget(&mut self, now: Instant) {
        while let Some(oldest) = self.held.front()
            && now.saturating_duration_since(oldest.since) > self.age_max
        {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) -> bool {
        let oldest = self.held.pop_front();
        self.bytes -= oldest.as_ref().map_or(0, |held| held.raw.bytes.len() as u64);
        oldest.is_some()
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
        let mut requests = RawRequests::new(100, Duration::MAX);
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
    fn a_request_is_let_go_when_its_traces_cannot_be_open_any_more() {
        let start = Instant::now();
        let mut requests = RawRequests::new(100, Duration::from_secs(90));
        requests.push(Offset(1), raw(60), start);
        requests.push(Offset(2), raw(30), start + Duration::from_secs(1));
        requests.forget(start + Duration::from_secs(90));
        assert_eq!(requests.bytes(), 90);
        requests.forget(start + Duration::from_secs(91));
        assert!(requests.at(Offset(1)).is_none() && requests.at(Offset(2)).is_some());
        assert_eq!(requests.bytes(), 30);
    }
}
