//! The attributes of exemplars, looked up late: most exemplars of a busy shard give way to others within a second, and
//! a look-up walks whole requests.

use std::collections::VecDeque;

use hotspan_ingest::RawReader;
use hotspan_model::{Assembled, SpanDetail, TraceId};
use hotspan_otlp::Limits;

use crate::exemplars::{Exemplar, Exemplars};
use crate::kept::Kept;
use crate::raw::RawRequests;

/// Most bytes of inflated requests that are walked in a round, and by one call: a millisecond's work; the rest waits.
const BYTES_MAX: u64 = 8 << 20;
const BYTES_AT_ONCE: u64 = 512 << 10;

/// Exemplars whose attributes were not looked up yet, and what reads them.
#[derive(Debug)]
pub(crate) struct LateDetails {
    /// Oldest first, since their requests are forgotten first.
    waiting: VecDeque<TraceId>,
    reader: RawReader,
    /// Those of this round, and the bytes that may still be walked for them.
    of_round: usize,
    left: u64,
}

impl LateDetails {
    pub(crate) fn new(reader: RawReader) -> LateDetails {
        LateDetails {
            waiting: VecDeque::new(),
            reader,
            of_round: 0,
            left: 0,
        }
    }

    /// A trace became an exemplar, or has more spans than before.
    pub(crate) fn push(&mut self, id: TraceId) {
        self.waiting.push_back(id);
    }

    /// Begins a round for what is waiting now; what comes later may give way before the next.
    pub(crate) fn begin(&mut self) {
        self.of_round = self.waiting.len();
        self.left = BYTES_MAX;
    }

    /// Whether there is something to look up in this round.
    pub(crate) fn is_looking(&self) -> bool {
        self.left > 0 && self.of_round > 0
    }

    /// Looks up some of what is waiting and still in `kept`, from whichever requests are still held.
    pub(crate) fn look_up(&mut self, kept: &Kept, raw: &RawRequests, exemplars: &Exemplars) {
        let mut walked = 0;
        while walked < self.left.min(BYTES_AT_ONCE)
            && self.of_round > 0
            && let Some(id) = self.waiting.pop_front()
        {
            self.of_round -= 1;
            let Some(exemplar) = Some(id)
                .filter(|&id| kept.contains(id))
                .and_then(|id| exemplars.get(id))
            else {
                continue;
            };
            let trace = exemplar.trace.clone();
            let details = self.details(id, &trace, raw, &mut walked);
            if !details.is_empty() {
                exemplars.put(id, Exemplar { trace, details });
            }
        }
        self.left = self.left.saturating_sub(walked);
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
