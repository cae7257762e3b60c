//! What a verdict rests on, whether files or a daemon gave it.

use super::found::Found;

/// A service and one of its operations.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At {
    /// The service.
    pub(super) service: String,
    /// Its operation.
    pub(super) operation: String,
}

/// What the traces of one entry operation did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    /// How requests entered.
    pub(super) at: At,
    /// Traces.
    pub(super) traces: u64,
    /// Most database calls in one of them; `None` where single traces are not to be had.
    pub(super) db_calls_max: Option<u64>,
    /// The first by id that makes so many.
    pub(super) db_calls_trace: String,
    /// Most remote calls in one of them; `None` where single traces are not to be had.
    pub(super) calls_max: Option<u64>,
    /// The first by id that makes so many.
    pub(super) calls_trace: String,
    /// Median duration of their roots, in nanoseconds.
    pub(super) duration_p50_ns: u64,
}

/// Everything that is judged.
#[derive(Clone, Debug, Default)]
pub(in crate::commands) struct Evidence {
    /// Findings, in no particular order.
    pub(super) found: Vec<Found>,
    /// Operations that were called, ascending.
    pub(super) operations: Vec<At>,
    /// Entry operations, ascending.
    pub(super) entries: Vec<Entry>,
    /// Traces judged.
    pub(super) traces: u64,
    /// Those of them that lack spans.
    pub(super) incomplete: u64,
    /// One of these, by its id.
    pub(super) incomplete_trace: Option<String>,
    /// Spans judged.
    pub(super) spans: u64,
    /// Findings that `hotspan.ignore` accepts in the code.
    pub(super) ignored: u64,
    /// What was seen and is not judged, each in a sentence, so that silence about it says nothing.
    pub(in crate::commands) lost: Vec<String>,
}
