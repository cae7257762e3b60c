//! What the assembler counts beside the conservation of spans.

use hotspan_model::{Decided, Nanos};

/// Why a trace was published again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Cause {
    /// Late spans, after their debounce.
    Late,
    /// A budget took its spans.
    Cap,
    /// It reached `stub_age`, or a limit of one trace.
    Age,
    /// Its session ended.
    End,
}

impl Cause {
    /// All of them, in order; `cause as usize` is its place.
    pub const ALL: [Cause; 4] = [Cause::Late, Cause::Cap, Cause::Age, Cause::End];

    /// How metrics call it.
    pub fn name(self) -> &'static str {
        match self {
            Cause::Late => "late",
            Cause::Cap => "cap",
            Cause::Age => "age",
            Cause::End => "end",
        }
    }
}

/// Powers of two of milliseconds in `Stats::spread`.
pub const SPREAD_BUCKETS: usize = 20;

/// Counters and levels of one assembler. Sessions: `opened == open + decided + stubs + ended`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// First decisions, by [`Decided`].
    pub decisions: [u64; Decided::ALL.len()],
    /// Those that were incomplete, by [`Decided`].
    pub incomplete: [u64; Decided::ALL.len()],
    /// Versions after the first, by [`Cause`].
    pub versions: [u64; Cause::ALL.len()],
    /// Sessions ever opened.
    pub opened: u64,
    /// Undecided sessions now.
    pub open: u64,
    /// Decided sessions that still have their spans, now.
    pub decided: u64,
    /// Stubs now.
    pub stubs: u64,
    /// Sessions that ended or were forgotten.
    pub ended: u64,
    /// How often the whole table was forgotten.
    pub barriers: u64,
    /// Accounted bytes now.
    pub bytes: u64,
    /// Spans that came for a decided session and were taken.
    pub late: u64,
    /// Spans folded into groups.
    pub folded: u64,
    /// Sessions whose spans were given up at `stub_age` while spans still came.
    pub long_lived: u64,
    /// Sessions by time from first to last record when their spans were given up: bucket n counts those below
    /// 2^n ms, the last one all above.
    pub spread: [u64; SPREAD_BUCKETS],
}

impl Stats {
    /// Sessions of any state now.
    pub fn sessions(&self) -> u64 {
        self.open + self.decided + self.stubs
    }
}

impl Stats {
    /// Traces published, new versions included.
    pub fn published(&self) -> u64 {
        self.decisions.iter().chain(&self.versions).sum()
    }

    /// Counts the time from first to last record of a session.
    pub(crate) fn spread(&mut self, spread: Nanos) {
        let millis = spread.0 / 1_000_000;
        let bucket = (u64::BITS - millis.leading_zeros()) as usize;
        self.spread[bucket.min(SPREAD_BUCKETS - 1)] += 1;
    }

    /// Whether no session was lost silently.
    pub fn balance(&self) -> bool {
        self.opened == self.open + self.decided + self.stubs + self.ended
    }
}
