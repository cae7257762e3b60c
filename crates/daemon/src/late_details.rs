//! The attributes of exemplars, looked up late: most exemplars of a busy shard give way to others within a second, and
//! a look-up walks whole requests.

use std::collections::{BTreeSet, VecDeque};

use hotspan_ingest::RawReader;
use hotspan_model::{Assembled, SpanDetail, TraceId};
use hotspan_otlp::Limits;

use crate::exemplars::{Exemplar, Exemplars};
use crate::raw::RawRequests;

/// Most bytes of inflated requests that one call walks; the rest waits for the next.
const BYTES_MAX: u64 = 8 << 20;

/// Exemplars whose attributes were not looked up yet, and what reads them.
#[derive(Debug)]
pub(crate) struct LateDetails {
    /// Oldest first, since their requests are forgotten first.
    waiting: VecDeque<TraceId>,
    reader: RawReader,
}

impl LateDetails {
    pub(crate) fn new(reader: RawReader) -> LateDetails {
        LateDetails {
            waiting: VecDeque::new(),
            reader,
        }
    }

    /// A trace became an exemplar, or has more spans than before.
    pub(crate) fn push(&mut self, id: TraceId) {
        self.waiting.push_back(id);
    }

    /// Looks up what is waiting and still in `kept`, from whichever requests are still held.
    pub(crate) fn look_up(&mut self, kept: &BTreeSet<TraceId>, raw: &RawRequests, exemplars: &Exemplars) {
        self.waiting.retain(|id| kept.contains(id));
        let mut walked = 0;
        while walked < BYTES_MAX
            && let Some(id) = self.waiting.pop_front()
        {
            let Some(exemplar) = exemplars.get(id) else {
                continue;
            };
            let trace = exemplar.trace.clone();
            let details = self.details(id, &trace, raw, &mut walked);
            if !details.is_empty() {
                exemplars.put(id, Exemplar { trace, details });
            }
        }
    }

    /// The attributes of a trace's spans, redacted.
    fn details(
        &mut self,
        id: TraceId,
        trace: &Assembled,
        raw: &RawRequests,
        walked: &mut u64,
    ) -> Vec<SpanDetail> {
        let mut details = Vec::new();
        for raw in trace.requests.iter().filter_map(|&offset| raw.at(offset)) {
            let Some(bytes) = self.reader.read(raw) else {
                continue;
            };
            *walked += bytes.len() as u64;
            hotspan_otlp::details(bytes, raw.encoding, id, &Limits::default(), &[], &mut details);
        }
        details
    }
}
