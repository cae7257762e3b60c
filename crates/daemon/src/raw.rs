//! Request buffers kept for a while, so that an exemplar can show every attribute key. A cache beside the state: no
//! number or finding depends on it.

use std::collections::VecDeque;

use hotspan_ingest::Raw;
use hotspan_model::Offset;

/// The newest requests of one shard, whole, under a budget of bytes.
#[derive(Debug)]
pub(crate) struct RawRequests {
    held: VecDeque<(Offset, Raw)>,
    bytes: u64,
    bytes_max: u64,
}

impl RawRequests {
    pub(crate) fn new(bytes_max: u64) -> RawRequests {
        RawRequests {
            held: VecDeque::new(),
            bytes: 0,
            bytes_max,
        }
    }

    /// Keeps a request; the oldest give way.
    pub(crate) fn push(&mut self, offset: Offset, raw: Raw) {
        self.bytes += raw.bytes.len() as u64;
        self.held.push_back((offset, raw));
        while self.bytes > self.bytes_max {
            let Some((_, oldest)) = self.held.pop_front() else {
                break;
            };
            self.bytes -= oldest.bytes.len() as u64;
        }
    }

    /// Bytes of what is kept.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The request at `offset`, while it is held.
    pub(crate) fn at(&self, offset: Offset) -> Option<&Raw> {
        let place = self.held.binary_search_by_key(&offset, |&(at, _)| at).ok()?;
        self.held.get(place).map(|(_, raw)| raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotspan_otlp::Encoding;

    #[test]
    fn the_oldest_request_gives_way_when_the_budget_is_over() {
        let raw = |size| Raw {
            bytes: vec![0; size].into(),
            encoding: Encoding::Protobuf,
        };
        let mut requests = RawRequests::new(100);
        requests.push(Offset(1), raw(60));
        requests.push(Offset(4), raw(40));
        assert!(requests.at(Offset(1)).is_some());
        requests.push(Offset(5), raw(10));
        assert!(requests.at(Offset(1)).is_none());
        assert!(requests.at(Offset(4)).is_some() && requests.at(Offset(2)).is_none());
        requests.push(Offset(6), raw(200));
        assert!(
            requests.at(Offset(6)).is_none(),
            "a request over the whole budget is not kept"
        );
    }
}
