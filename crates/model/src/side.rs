//! What few spans have: links, places in the code, rows, summaries. Kept beside the span, in the same order.

use crate::{Nanos, SpanId, Symbol, TraceId};

/// One record beside a span; at most 64 bytes, so that it fits a slot of the same size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// A link of the span.
    Link(Link),
    /// Values of rare attributes.
    Extras(Extras),
    /// The span stands for many.
    Summary(Summary),
}

/// A reference to another span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its trace; often another one.
    pub trace: TraceId,
    /// Its id.
    pub span: SpanId,
}

/// Values of rare attributes; `None` where the span does not have them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extras {
    /// `function`, `file` and `line` of the calling code as one text `file:line function`.
    pub code: Option<Symbol>,
    /// Hash of `code.stacktrace`, 0 when absent.
    pub stack: u64,
    /// Type of the exception.
    pub exception: Option<Symbol>,
    /// Status code of a database or RPC, when it is no HTTP status.
    pub status: Option<Symbol>,
    /// Consumer group of a message.
    pub group: Option<Symbol>,
    /// Detector ids of `hotspan.ignore`, joined by commas, or `*`.
    pub ignore: Option<Symbol>,
    /// Rows that the response returned.
    pub rows: Option<u32>,
    /// Operations in a batch, or messages.
    pub batch: Option<u32>,
    /// Number of this attempt beyond the first.
    pub resend: Option<u32>,
}

/// Whether what `hotspan.ignore` says names `detector`.
pub fn names_detector(ignored: &str, detector: &str) -> bool {
    let mut ids = ignored.split(',').map(str::trim);
    ids.any(|id| id == "*" || id == detector)
}

/// How many spans a summary stands for, and their times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Spans it stands for, at least 1.
    pub count: u64,
    /// Sum of their durations.
    pub total: Nanos,
    /// Shortest of them.
    pub min: Nanos,
    /// Longest of them.
    pub max: Nanos,
    /// Median of them, when the pruner said.
    pub median: Option<Nanos>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_record_fits_a_slot() {
        assert!(size_of::<Side>() <= 64, "{}", size_of::<Side>());
    }
}
