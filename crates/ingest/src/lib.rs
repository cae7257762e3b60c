//! Receivers: OTLP over gRPC, over HTTP, from files; admission, and the way to the shards.
//!
//! The life of a request: accept, authenticate, route, admit, read, inflate, walk, hand over to the shards, reply. Nothing is
//! acknowledged before the hand-over, and nothing is handed over unless the whole request was framed correctly.
//! Invariants: no lock and no allocation for a span; a byte is in memory only under a [`Lease`]; a refusal never
//! waits.

mod activity;
mod answer;
mod batches;
mod budget;
mod coding;
mod cores;
mod cors;
mod counters;
mod dictionary;
pub mod file;
mod gather;
mod grpc;
mod gzip;
mod health;
mod http;
mod inbox;
mod inflate;
mod journal;
mod message;
mod phase;
mod rate;
mod raw;
mod receiver;
mod reply;
mod senders;
mod serve;
mod settings;
mod streams;
mod sync;
mod told;
mod warned;
mod wire;

pub use answer::{Accepted, Answer, Code, Excess, Refusal, Verdict};
pub use batches::PooledBatch;
pub use budget::{Budget, Lease, Peer, Refused};
pub use coding::Coding;
pub use cores::Cores;
pub use cors::{Cors, Origins};
pub use counters::{Counters, Signal, Tolerated, Transport};
pub use dictionary::{Caps, SharedDictionary, WorkerDictionary};
pub use inbox::{Inbox, Outbox, Place, Received, Reserved, WHOLE_SHARE, queue};
pub use journal::{Again, Journal, Pending, Undeliverable, raw as recorded_request};
pub use message::{Message, Purpose, WireMessage};
pub use raw::{Raw, RawReader};
pub use receiver::Core;
pub use senders::{Heard, Senders, Way};
pub use serve::{serve_both, serve_grpc, serve_http};
pub use settings::{MIB, OtherSignals, Settings};
