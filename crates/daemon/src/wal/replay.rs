//! The records of a log, for the shards again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hotspan_ingest::{Message, Outbox, Purpose};
use hotspan_log::{Disk, Kind, Log, LogError, Record};

use crate::shared::Shared;

/// How long to wait for room in a shard's queue before looking again.
const ROOM: Duration = Duration::from_millis(1);

/// Has the shards take every record from `from` on; `false` when it was stopped before the end.
pub(crate) fn replay<D: Disk>(
    log: &Log<D>,
    from: u64,
    (hi, skips): (u64, bool),
    shared: &Shared,
    stop: &AtomicBool,
) -> Result<bool, LogError> {
    for record in log.read(from, skips) {
        let record = record?;
        if record.at.offset.0 < from {
            continue;
        }
        if stop.load(Ordering::SeqCst) || !again(record, hi, shared, stop) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn again(record: Record, hi: u64, shared: &Shared, stop: &AtomicBool) -> bool {
    let at = record.at;
    let Some(wal) = &shared.wal else {
        return true;
    };
    if record.kind != Kind::Request {
        wal.status.replayed(false);
        return tell(shared, stop, || Message::word(at, Purpose::Tick));
    }
    let payload = Bytes::from(record.payload);
    let Ok(again) = shared.core.again(&payload, at) else {
        // It was taken once, by another program or under other limits.
        tracing::error!(
            offset = at.offset.0,
            "a record cannot be decoded any more, and is passed over"
        );
        wal.status.replayed(true);
        return true;
    };
    wal.status.replayed(false);
    if hi <= at.offset.0 {
        let received = &shared.core.counters().spans_received;
        received.fetch_add(again.spans, Ordering::Relaxed);
    }
    let mut messages = again.messages.into_iter();
    messages.all(|(shard, message)| push(&shared.outboxes[shard], message, stop))
}

/// Gives every shard a word; `false` when it was stopped before.
pub(crate) fn tell(shared: &Shared, stop: &AtomicBool, word: impl Fn() -> Message) -> bool {
    shared.outboxes.iter().all(|outbox| push(outbox, word(), stop))
}

/// Waits for room; `false` when it was stopped before there was any.
fn push(outbox: &Outbox<Message>, message: Message, stop: &AtomicBool) -> bool {
    loop {
        if let Some(place) = outbox.reserve() {
            place.push(message);
            return true;
        }
        if stop.load(Ordering::SeqCst) {
            return false;
        }
        std::thread::park_timeout(ROOM);
    }
}
