//! The conservation of spans: what came in is analysed, dropped for a reason, or still open.

/// Why a received span was not analysed: a closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Reason {
    /// The trace id is not 16 bytes, or all zero.
    InvalidTraceId,
    /// The span id is not 8 bytes, or all zero.
    InvalidSpanId,
    /// The span's bytes do not frame.
    MalformedSpan,
    /// A span that is held already.
    Duplicate,
    /// Its trace is over a limit that folding cannot meet.
    Truncated,
    /// Its trace was decided long ago.
    LateDropped,
    /// Its trace was shed under pressure, by trace id.
    Degraded,
    /// It is one of our own.
    OwnTelemetry,
    /// The process stopped before it was analysed.
    Shutdown,
    /// Its record cannot be decoded, however often it is tried.
    Poison,
}

impl Reason {
    /// All of them, in order; `reason as usize` is its place.
    pub const ALL: [Reason; 10] = [
        Reason::InvalidTraceId,
        Reason::InvalidSpanId,
        Reason::MalformedSpan,
        Reason::Duplicate,
        Reason::Truncated,
        Reason::LateDropped,
        Reason::Degraded,
        Reason::OwnTelemetry,
        Reason::Shutdown,
        Reason::Poison,
    ];

    /// How metrics and answers call it.
    pub fn name(self) -> &'static str {
        match self {
            Reason::InvalidTraceId => "invalid_trace_id",
            Reason::InvalidSpanId => "invalid_span_id",
            Reason::MalformedSpan => "malformed_span",
            Reason::Duplicate => "duplicate",
            Reason::Truncated => "truncated",
            Reason::LateDropped => "late_dropped",
            Reason::Degraded => "degraded",
            Reason::OwnTelemetry => "own_telemetry",
            Reason::Shutdown => "shutdown",
            Reason::Poison => "poison",
        }
    }
}

/// Spans by what became of them. Invariant after every step: [`Counts::balance`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Framed in requests that were handed over, refused spans included.
    pub received: u64,
    /// In a decided trace, once.
    pub analysed: u64,
    /// By [`Reason`].
    pub dropped: [u64; Reason::ALL.len()],
    /// In queues, in open sessions, or late and pending.
    pub open: u64,
}

impl Counts {
    /// Whether nothing was lost silently.
    pub fn balance(&self) -> bool {
        self.received == self.analysed + self.dropped.iter().sum::<u64>() + self.open
    }

    /// Counts `spans` as dropped.
    pub fn drop(&mut self, reason: Reason, spans: u64) {
        self.dropped[reason as usize] += spans;
    }

    /// How many were dropped for `reason`.
    pub fn dropped(&self, reason: Reason) -> u64 {
        self.dropped[reason as usize]
    }

    /// Adds another part of the system.
    pub fn add(&mut self, other: &Counts) {
        self.received += other.received;
        self.analysed += other.analysed;
        self.open += other.open;
        for (mine, theirs) in self.dropped.iter_mut().zip(other.dropped) {
            *mine += theirs;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_that_is_nowhere_breaks_the_balance() {
        let mut counts = Counts {
            received: 3,
            analysed: 1,
            open: 1,
            ..Counts::default()
        };
        assert!(!counts.balance());
        counts.drop(Reason::Duplicate, 1);
        assert!(counts.balance());
    }

    #[test]
    fn every_reason_is_listed_at_its_place() {
        for (place, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, place, "{}", reason.name());
        }
    }
}
