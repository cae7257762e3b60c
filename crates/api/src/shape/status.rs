//! The process itself, as it is answered.

use std::collections::BTreeMap;

use hotspan_model::{LogTime, Vocabulary};
use serde::Serialize;
use utoipa::ToSchema;

use super::coverage::{SpanCounts, decided};
use super::{Moment, text::clean};
use crate::{View, backend};

/// Counters and facts of the process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Status {
    /// Version of the program.
    pub version: String,
    /// Whose figures these are: the tenant of the credential; null for what belongs to no tenant.
    pub tenant: Option<String>,
    /// Number of the snapshot that was answered from.
    pub snapshot: u64,
    /// When that snapshot was made.
    pub at: Moment,
    /// When the process started.
    pub started: Moment,
    /// Whole seconds between the two.
    pub uptime_s: u64,
    /// Spans by what became of them.
    pub spans: SpanCounts,
    /// Spans that came after their trace was decided.
    pub late_spans: u64,
    /// Traces decided, by reason.
    pub traces_decided: BTreeMap<String, u64>,
    /// Traces not yet decided.
    pub traces_open: u64,
    /// Traces decided although spans of them were missing.
    pub traces_incomplete: u64,
    /// Requests by transport.
    pub requests: Vec<Requests>,
    /// Bytes taken in, as sent, by encoding.
    pub ingest_bytes: BTreeMap<String, u64>,
    /// Requests of which some spans were refused.
    pub partial_successes: u64,
    /// What was read although it was not as it should be, by kind.
    pub tolerated: BTreeMap<String, u64>,
    /// Bytes of signals that are accepted and not used, by signal.
    pub other_signal_bytes: BTreeMap<String, u64>,
    /// Connections of the receivers.
    pub connections: Connections,
    /// Where the memory goes, in order of a span's life.
    pub memory: Vec<Memory>,
    /// Interned texts by vocabulary.
    pub symbols: BTreeMap<String, u64>,
    /// Texts that found no room, by vocabulary.
    pub overflow: BTreeMap<String, u64>,
    /// Resources whose sender is in no answer about services, because a thousand services have senders already.
    pub senders_beyond: u64,
    /// What listens where.
    pub listeners: Vec<Listener>,
    /// The shards, in order.
    pub shards: Vec<Shard>,
    /// What outlives the process.
    pub storage: Storage,
}

/// Whether hotspots and notes outlive the process, and how that goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Storage {
    /// They are written to a store, and not in memory alone.
    pub is_kept: bool,
    /// The store cannot be written now.
    pub store_failing: bool,
    /// Why; empty while it can.
    pub failing_why: String,
    /// Up to when everything is written; null before the first time.
    pub saved: Option<Moment>,
    /// Times that something was written.
    pub commits: u64,
    /// Times that it failed.
    pub failures: u64,
    /// The file that they are written to; empty where they are in memory alone.
    pub file: String,
    /// Bytes of the store.
    pub bytes: u64,
    /// Rows of hotspots, services, operations and edges.
    pub rows: u64,
    /// Traces of hotspots in the store.
    pub exemplars: u64,
    /// Their bytes.
    pub exemplar_bytes: u64,
    /// Times that one of them could not be read.
    pub exemplars_unreadable: u64,
    /// Where a store that was damaged was moved when the process started, and why; empty when it was not.
    pub moved_aside: String,
}

/// Requests of one transport.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Requests {
    /// `grpc` or `http`.
    pub transport: String,
    /// Requests whose spans were handed over.
    pub accepted: u64,
    /// Requests that were turned away, by reason.
    pub refused: Vec<Refused>,
}

/// Requests turned away for one reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Refused {
    /// Why.
    pub reason: String,
    /// How many.
    pub requests: u64,
    /// Their bytes, as far as they were seen.
    pub bytes: u64,
}

/// Connections of the receivers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Connections {
    /// Accepted, ever.
    pub accepted: u64,
    /// Open now.
    pub open: u64,
    /// Closed on accept for a limit.
    pub refused: u64,
    /// Ended with an error.
    pub failed: u64,
    /// Attempts to accept one that failed, for want of file handles say.
    pub accepts_failed: u64,
}

/// What one part of the memory holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Memory {
    /// `inflight`, `traces`, `raw`, `exemplars`, `dictionary`.
    pub part: String,
    /// Bytes it holds, as they are accounted.
    pub used: u64,
    /// The most it may hold.
    pub max: u64,
}

/// A bound address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Listener {
    /// `otlp_grpc`, `otlp_http`, `api`.
    pub name: String,
    /// Address and port.
    pub address: String,
}

/// One shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Shard {
    /// Traces not yet decided.
    pub open_traces: u64,
    /// Spans in them.
    pub open_spans: u64,
    /// Batches waiting.
    pub queued: u64,
}

impl From<&View> for Status {
    fn from(view: &View) -> Status {
        let of = &view.status;
        Status {
            version: of.version.to_owned(),
            tenant: of.tenant.as_deref().map(clean),
            snapshot: view.version,
            at: view.at.into(),
            started: of.started.into(),
            uptime_s: whole_seconds(of.started, view.at),
            spans: SpanCounts::from(&of.counts),
            late_spans: of.late_spans,
            traces_decided: decided(&of.decided),
            traces_open: of.open_traces,
            traces_incomplete: of.incomplete_traces,
            requests: of.requests.iter().map(Requests::from).collect(),
            ingest_bytes: named(&of.ingested),
            partial_successes: of.partial_successes,
            tolerated: named(&of.tolerated),
            other_signal_bytes: named(&of.other_signals),
            connections: Connections::from(&of.connections),
            memory: of.memory.iter().map(Memory::from).collect(),
            symbols: vocabularies(&of.symbols),
            overflow: vocabularies(&of.overflow),
            senders_beyond: of.senders_beyond,
            listeners: of.listeners.iter().map(Listener::from).collect(),
            shards: of.shards.iter().map(Shard::from).collect(),
            storage: Storage::from(&of.storage),
        }
    }
}

fn whole_seconds(from: LogTime, to: LogTime) -> u64 {
    to.since(from).0 / 1_000_000_000
}

fn named(of: &[(&'static str, u64)]) -> BTreeMap<String, u64> {
    of.iter()
        .map(|&(name, number)| (name.to_owned(), number))
        .collect()
}

fn vocabularies(of: &[u64; Vocabulary::ALL.len()]) -> BTreeMap<String, u64> {
    let all = Vocabulary::ALL.into_iter();
    all.map(|vocabulary| (vocabulary.name().to_owned(), of[vocabulary as usize]))
        .collect()
}

impl From<&backend::Requests> for Requests {
    fn from(of: &backend::Requests) -> Requests {
        let refused = of.refused.iter().map(|of| Refused {
            reason: of.reason.to_owned(),
            requests: of.requests,
            bytes: of.bytes,
        });
        Requests {
            transport: of.transport.to_owned(),
            accepted: of.accepted,
            refused: refused.collect(),
        }
    }
}

impl From<&backend::Connections> for Connections {
    fn from(of: &backend::Connections) -> Connections {
        Connections {
            accepted: of.accepted,
            open: of.open,
            refused: of.refused,
            failed: of.failed,
            accepts_failed: of.accepts_failed,
        }
    }
}

impl From<&backend::Memory> for Memory {
    fn from(of: &backend::Memory) -> Memory {
        Memory {
            part: of.part.to_owned(),
            used: of.used,
            max: of.max,
        }
    }
}

impl From<&backend::Listener> for Listener {
    fn from(of: &backend::Listener) -> Listener {
        Listener {
            name: of.name.to_owned(),
            address: clean(&of.address),
        }
    }
}

impl From<&backend::Storage> for Storage {
    fn from(of: &backend::Storage) -> Storage {
        Storage {
            is_kept: of.is_kept,
            store_failing: !of.failing.is_empty(),
            failing_why: clean(&of.failing),
            saved: of.saved.map(Moment::from),
            commits: of.commits,
            failures: of.failures,
            file: clean(&of.file),
            bytes: of.bytes,
            rows: of.rows,
            exemplars: of.exemplars,
            exemplar_bytes: of.exemplar_bytes,
            exemplars_unreadable: of.exemplars_unreadable,
            moved_aside: clean(&of.moved_aside),
        }
    }
}

impl From<&backend::Shard> for Shard {
    fn from(of: &backend::Shard) -> Shard {
        Shard {
            open_traces: of.open_traces,
            open_spans: of.open_spans,
            queued: of.queued,
        }
    }
}
