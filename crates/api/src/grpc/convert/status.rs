//! The process as gRPC says it.

use hotspan_proto::v1;

use super::{all, timestamp};
use crate::shape;

impl From<shape::Status> for v1::StatusResponse {
    fn from(of: shape::Status) -> v1::StatusResponse {
        v1::StatusResponse {
            version: of.version,
            tenant: of.tenant,
            snapshot: of.snapshot,
            at: Some(timestamp(of.at)),
            started: Some(timestamp(of.started)),
            uptime_s: of.uptime_s,
            spans: Some(of.spans.into()),
            late_spans: of.late_spans,
            traces_decided: of.traces_decided,
            traces_open: of.traces_open,
            traces_incomplete: of.traces_incomplete,
            requests: all(of.requests),
            ingest_bytes: of.ingest_bytes,
            partial_successes: of.partial_successes,
            tolerated: of.tolerated,
            other_signal_bytes: of.other_signal_bytes,
            connections: Some(of.connections.into()),
            memory: all(of.memory),
            symbols: of.symbols,
            overflow: of.overflow,
            senders_beyond: of.senders_beyond,
            listeners: all(of.listeners),
            shards: all(of.shards),
            storage: Some(of.storage.into()),
        }
    }
}

impl From<shape::Requests> for v1::Requests {
    fn from(of: shape::Requests) -> v1::Requests {
        v1::Requests {
            transport: of.transport,
            accepted: of.accepted,
            refused: all(of.refused),
        }
    }
}

impl From<shape::Refused> for v1::Refused {
    fn from(of: shape::Refused) -> v1::Refused {
        v1::Refused {
            reason: of.reason,
            requests: of.requests,
            bytes: of.bytes,
        }
    }
}

impl From<shape::Connections> for v1::Connections {
    fn from(of: shape::Connections) -> v1::Connections {
        v1::Connections {
            accepted: of.accepted,
            open: of.open,
            refused: of.refused,
            failed: of.failed,
            accepts_failed: of.accepts_failed,
        }
    }
}

impl From<shape::Memory> for v1::Memory {
    fn from(of: shape::Memory) -> v1::Memory {
        v1::Memory {
            part: of.part,
            used: of.used,
            max: of.max,
        }
    }
}

impl From<shape::Storage> for v1::Storage {
    fn from(of: shape::Storage) -> v1::Storage {
        v1::Storage {
            is_kept: of.is_kept,
            store_failing: of.store_failing,
            failing_why: of.failing_why,
            saved: of.saved.map(timestamp),
            commits: of.commits,
            failures: of.failures,
            file: of.file,
            bytes: of.bytes,
            rows: of.rows,
            exemplars: of.exemplars,
            exemplar_bytes: of.exemplar_bytes,
            exemplars_unreadable: of.exemplars_unreadable,
            moved_aside: of.moved_aside,
        }
    }
}

impl From<shape::Listener> for v1::Listener {
    fn from(of: shape::Listener) -> v1::Listener {
        v1::Listener {
            name: of.name,
            address: of.address,
        }
    }
}

impl From<shape::Shard> for v1::Shard {
    fn from(of: shape::Shard) -> v1::Shard {
        v1::Shard {
            open_traces: of.open_traces,
            open_spans: of.open_spans,
            queued: of.queued,
        }
    }
}
