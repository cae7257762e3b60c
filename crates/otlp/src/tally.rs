//! What became of the spans of one request, and what had to be tolerated.

use hotspan_model::Reason;

/// Counts of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Spans framed, refused ones included.
    pub spans: u64,
    /// Spans that did not go to the sink, by [`Reason`].
    pub refused: [u64; Reason::ALL.len()],
    /// Attributes, events, links, statuses and times that could not be read; their span stayed.
    pub bad_field: u64,
    /// Texts over their limit that were read in part.
    pub cut: u64,
    /// Values of known keys whose type does not fit; read as absent.
    pub type_mismatch: u64,
    /// Known keys that came again in one span; the first counts.
    pub duplicate_keys: u64,
    /// Attributes, events and links over their limit, or with a key over its limit.
    pub dropped_parts: u64,
    /// Values nested deeper than the limit; read as absent.
    pub too_deep: u64,
    /// `tracestate` members `ot` that say something unreadable; weight 1.
    pub bad_tracestate: u64,
    /// JSON keys in snake_case.
    pub snake_case: u64,
    /// Resources without a usable `service.name`.
    pub unnamed: Unnamed,
    /// Spans whose parent id has a wrong length.
    pub bad_parent: u64,
}

/// Resources whose service has no name, by cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unnamed {
    /// `service.name` is absent.
    pub missing: u64,
    /// It is empty, or an SDK's default `unknown_service`.
    pub empty: u64,
    /// It is no text.
    pub no_text: u64,
}

impl Tally {
    /// Counts a span that does not go to the sink.
    pub fn refuse(&mut self, reason: Reason) {
        self.refused[reason as usize] += 1;
    }

    /// How many spans did not go to the sink, our own telemetry included.
    pub fn refused_total(&self) -> u64 {
        self.refused.iter().sum()
    }
}
