//! What one trace says that means something only beside other traces: small rows for the detectors over traces.
//!
//! A row is a count about a key, no verdict. Rows of one kind and key add up over traces and are taken back like
//! everything else in a [`crate::Report`].

use crate::{Class, Nanos, OpRef, SpanId, Symbol, Timestamp};

/// What a row tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum FactKind {
    /// A segment operation used a store, address or service under a template: made of [`crate::CallRow`]s.
    Used,
    /// A request was served: `what` is the version, `time` the duration.
    Served,
    /// A segment called another service and got an answer: `other` is the service, `what` the template, `count` the
    /// calls with repeats folded, `time` that of the client spans, `inner` that of the server spans.
    Paired,
    /// A call came back to an operation that was waiting for it: one row for each edge of the circle, from the
    /// segment `at` to the service `other`; `group` tells circles apart.
    Looped,
    /// A segment whose parent was never received.
    Orphaned,
    /// A call that no server span answers: `other` is the address, the mark its interval.
    Sent,
    /// A trace that begins with a server span: `what` is its path template, the mark its interval.
    Entered,
    /// Reads with visible arguments that cost their segment something: the mark is (arguments, rows).
    Read,
    /// A statement that changes data: the mark says when.
    Wrote,
    /// Statements without text, summary or operation.
    Wordless,
    /// Spans of a service without a name.
    Nameless,
    /// A message was taken from a destination: `time` is how long it waited, `inner` how long it was worked on.
    Queued,
    /// Statements ran on a store: `what` is the service's instance, `group` unused, the mark the second and how long.
    Busy,
    /// A statement waited for its connection: `time` is the wait, `inner` the segment's duration, the mark the second.
    Waited,
    /// A call that changes something failed, and its request succeeded.
    Survived,
    /// A call that changes something failed, and its request with it.
    Sunk,
    /// A call that changes something was answered without content: 202 or 204.
    Emptied,
}

/// When something happened, for facts that are compared moment by moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// When, as spans claim.
    pub at: Timestamp,
    /// What tells moments of one slot apart; compared for equality only.
    pub key: (u64, u64),
}

/// One row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FactRow {
    /// What it tells.
    pub kind: FactKind,
    /// Class of the spans it is made of.
    pub class: Class,
    /// About whom: service and segment operation.
    pub at: OpRef,
    /// The other side: a service, an address, a destination.
    pub other: Option<Symbol>,
    /// Under which template, version, path.
    pub what: Option<Symbol>,
    /// Identity of a group of rows; 0 when they stand alone.
    pub group: u64,
    /// How many.
    pub count: u64,
    /// How long.
    pub time: Nanos,
    /// How long on the other side.
    pub inner: Nanos,
    /// Critical-path time.
    pub path: Nanos,
    /// When.
    pub moment: Option<Moment>,
    /// A span that shows it.
    pub span: Option<SpanId>,
    /// What `hotspan.ignore` says there.
    pub ignored: Option<Symbol>,
}

impl FactRow {
    /// A row about `at` with nothing counted but itself.
    pub fn new(kind: FactKind, class: Class, at: OpRef) -> FactRow {
        FactRow {
            kind,
            class,
            at,
            other: None,
            what: None,
            group: 0,
            count: 1,
            time: Nanos::ZERO,
            inner: Nanos::ZERO,
            path: Nanos::ZERO,
            moment: None,
            span: None,
            ignored: None,
        }
    }
}
