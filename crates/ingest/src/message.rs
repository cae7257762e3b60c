//! What is read from a connection, and what shards get of it.

use std::sync::Arc;

use bytes::Bytes;
use hotspan_model::{LogPos, Reason};
use hotspan_otlp::{Encoding, Tally};

use crate::senders::Way;
use crate::{Coding, Lease, PooledBatch, Raw, Transport};

/// What a shard does with a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// It takes the spans.
    #[default]
    Spans,
    /// It does what is due.
    Tick,
    /// It tells how it is before this record.
    Cut,
}

/// The spans of one request for one shard.
#[derive(Debug)]
pub struct Message {
    /// Where it stands in the log of all shards; `None` where the shard's queue is the log.
    pub at: Option<LogPos>,
    /// What to do.
    pub purpose: Purpose,
    /// The spans; the buffer goes back to the receivers when it is dropped.
    pub batch: PooledBatch,
    /// What they were decoded from, when raw bytes are kept. Counts against the budget while the lease lives.
    pub raw: Option<Raw>,
    /// Spans of the request that were refused on decoding. Exactly one message of a request says so, so the sum
    /// of batches and these over all shards is what was received.
    pub refused: [u64; Reason::ALL.len()],
    /// The request's bytes in flight. Drop it when the records are the shard's own.
    pub lease: Option<Arc<Lease>>,
}

/// One message as it came, admitted but neither inflated nor decoded.
#[derive(Debug)]
pub struct WireMessage {
    /// The bytes.
    pub bytes: Bytes,
    /// How they are written.
    pub encoding: Encoding,
    /// How they are compressed.
    pub coding: Coding,
    /// By which door they came.
    pub transport: Transport,
    /// What is taken from the budget for them.
    pub lease: Lease,
}

impl Message {
    /// A word to a shard that brings no spans.
    pub fn word(at: LogPos, purpose: Purpose) -> Message {
        Message {
            at: Some(at),
            purpose,
            batch: PooledBatch::default(),
            raw: None,
            refused: [0; Reason::ALL.len()],
            lease: None,
        }
    }
}

/// A message in parts for its shards, each with a place in its queue.
pub(crate) struct Parts<P> {
    pub(crate) messages: Vec<(P, Message)>,
    pub(crate) tally: Tally,
    pub(crate) inflated: u64,
    pub(crate) wire: WireFacts,
}

/// What is counted of a message beside its spans.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WireFacts {
    pub(crate) way: Way,
    pub(crate) bytes: u64,
}
