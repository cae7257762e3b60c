//! What the receivers count, for the daemon's metrics. Every number only grows.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use hotspan_model::Reason;
use hotspan_otlp::Tally;

use crate::message::WireFacts;
use crate::{Coding, Refusal};

/// By which door a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Transport {
    /// Port 4317.
    Grpc,
    /// Port 4318.
    Http,
}

impl Transport {
    /// All of them, in order; `transport as usize` is its place.
    pub const ALL: [Transport; 2] = [Transport::Grpc, Transport::Http];

    /// How metrics call it.
    pub fn name(self) -> &'static str {
        match self {
            Transport::Grpc => "grpc",
            Transport::Http => "http",
        }
    }
}

/// A signal that is no trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Signal {
    /// Log records.
    Logs,
    /// Metric points.
    Metrics,
    /// Profiles.
    Profiles,
}

impl Signal {
    /// All of them, in order; `signal as usize` is its place.
    pub const ALL: [Signal; 3] = [Signal::Logs, Signal::Metrics, Signal::Profiles];

    /// How metrics call it.
    pub fn name(self) -> &'static str {
        match self {
            Signal::Logs => "logs",
            Signal::Metrics => "metrics",
            Signal::Profiles => "profiles",
        }
    }
}

/// Declares [`Tolerated`]: a counter for each field of a [`Tally`] that is no span.
macro_rules! tolerated {
    ($($field:ident: $what:expr),* $(,)?) => {
        /// What was read although it was not as it should be.
        #[derive(Debug, Default)]
        pub struct Tolerated { $($field: AtomicU64),* }

        impl Tolerated {
            fn add(&self, tally: &Tally) {
                $( if let Some(count) = ($what)(tally) { self.$field.fetch_add(count, Relaxed); } )*
            }

            /// Every counter with the name that metrics call it by.
            pub fn list(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [ $( (stringify!($field), self.$field.load(Relaxed)) ),* ].into_iter()
            }
        }
    };
}

/// Requests are mostly clean, so a counter is touched only when there is something to add.
fn some(count: u64) -> Option<u64> {
    (count > 0).then_some(count)
}

tolerated! {
    bad_field: |tally: &Tally| some(tally.bad_field),
    bad_parent: |tally: &Tally| some(tally.bad_parent),
    bad_tracestate: |tally: &Tally| some(tally.bad_tracestate),
    cut: |tally: &Tally| some(tally.cut),
    dropped_parts: |tally: &Tally| some(tally.dropped_parts),
    duplicate_keys: |tally: &Tally| some(tally.duplicate_keys),
    snake_case: |tally: &Tally| some(tally.snake_case),
    too_deep: |tally: &Tally| some(tally.too_deep),
    type_mismatch: |tally: &Tally| some(tally.type_mismatch),
    service_missing: |tally: &Tally| some(tally.unnamed.missing),
    service_empty: |tally: &Tally| some(tally.unnamed.empty),
    service_no_text: |tally: &Tally| some(tally.unnamed.no_text),
}

/// All counters of the receivers.
#[derive(Debug, Default)]
pub struct Counters {
    /// Requests that were handed over, by [`Transport`].
    pub requests: [AtomicU64; Transport::ALL.len()],
    /// Requests answered with an error, by [`Transport`] and then in the order of [`Refusal::NAMES`].
    pub requests_refused: [[AtomicU64; Refusal::NAMES.len()]; Transport::ALL.len()],
    /// Bytes announced by, or read of, refused requests, in the same order.
    pub bytes_refused: [[AtomicU64; Refusal::NAMES.len()]; Transport::ALL.len()],
    /// Bytes of handed-over requests as they came over the wire, by [`Coding`].
    pub wire_bytes: [AtomicU64; Coding::ALL.len()],
    /// Bytes of handed-over requests after decompression.
    pub message_bytes: AtomicU64,
    /// Spans of handed-over requests, refused ones included.
    pub spans_received: AtomicU64,
    /// Spans that were refused on decoding, by [`Reason`].
    pub spans_refused: [AtomicU64; Reason::ALL.len()],
    /// Requests answered with a partial success that refuses spans.
    pub partial_successes: AtomicU64,
    /// Warnings in replies that refuse nothing.
    pub warnings: AtomicU64,
    /// Bytes of other signals, by [`Signal`].
    pub other_signal_bytes: [AtomicU64; Signal::ALL.len()],
    /// What was tolerated in handed-over requests.
    pub tolerated: Tolerated,
    /// Connections accepted.
    pub connections: AtomicU64,
    /// Connections open now: the one number here that also falls.
    pub connections_open: AtomicU64,
    /// Connections closed on accept for a limit.
    pub connections_refused: AtomicU64,
    /// Connections that ended with an error.
    pub connections_failed: AtomicU64,
    /// Failed accepts, of which the accept loop rests.
    pub accepts_failed: AtomicU64,
}

impl Counters {
    /// Requests that were refused for want of room, by either transport.
    pub fn overloaded(&self) -> u64 {
        let place = Refusal::Overloaded(Duration::ZERO).place();
        self.requests_refused
            .iter()
            .map(|of| of[place].load(Relaxed))
            .sum()
    }

    pub(crate) fn refused(&self, transport: Transport, refusal: &Refusal, bytes: u64) {
        let place = refusal.place();
        self.requests_refused[transport as usize][place].fetch_add(1, Relaxed);
        self.bytes_refused[transport as usize][place].fetch_add(bytes, Relaxed);
    }

    pub(crate) fn handed_over(&self, wire: &WireFacts, message: u64, tally: &Tally) {
        self.requests[wire.way.transport as usize].fetch_add(1, Relaxed);
        self.wire_bytes[wire.way.coding as usize].fetch_add(wire.bytes, Relaxed);
        self.message_bytes.fetch_add(message, Relaxed);
        self.spans_received.fetch_add(tally.spans, Relaxed);
        for (sum, &count) in self.spans_refused.iter().zip(&tally.refused) {
            if count > 0 {
                sum.fetch_add(count, Relaxed);
            }
        }
        self.tolerated.add(tally);
    }
}
