//! The way over a log: a request waits until it is on disk, and its spans go to the shards in the log's order.
//!
//! Whoever owns the log takes what waits, gives each a place in it, and lets it go to the shards or refuses it. Every
//! request has its places in the shards' queues before it waits, so nothing that is on disk is held up or refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use bytes::Bytes;
use hotspan_model::LogPos;
use hotspan_otlp::Encoding;
use tokio::sync::oneshot;

use crate::message::Parts;
use crate::receiver::{Decoded, LIGHT_BYTES_MAX};
use crate::senders::Way;
use crate::{Answer, Coding, Core, Message, Outbox, Peer, Place, Raw, Refusal, Transport, WireMessage};

/// Requests below this are kept as they came: hardly any byte is won.
const PACKED_MIN: usize = 256;
/// Fast, and most of what there is to win.
const PACKED_LEVEL: i32 = 1;

/// Where requests wait for the log.
#[derive(Debug)]
pub struct Journal {
    outbox: Outbox<Pending>,
    /// Not before what is in the log was read again.
    is_open: AtomicBool,
    refused: AtomicU64,
}

/// A request that waits for the log.
#[derive(Debug)]
pub struct Pending {
    core: Arc<Core>,
    parts: Parts<Place<Message>>,
    form: u8,
    payload: Bytes,
    answer: oneshot::Sender<Result<(), Refusal>>,
}

impl std::fmt::Debug for Parts<Place<Message>> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Parts({} spans)", self.tally.spans)
    }
}

impl Journal {
    /// What waits goes to `outbox`.
    pub fn new(outbox: Outbox<Pending>) -> Journal {
        Journal {
            outbox,
            is_open: AtomicBool::new(false),
            refused: AtomicU64::new(0),
        }
    }

    /// Takes requests from now on.
    pub fn open(&self) {
        self.is_open.store(true, Relaxed);
    }

    /// Whether it takes requests.
    pub fn is_open(&self) -> bool {
        self.is_open.load(Relaxed)
    }

    /// Requests that were refused because the log had no room, or could not be written.
    pub fn refused(&self) -> u64 {
        self.refused.load(Relaxed)
    }

    /// Lets nothing further in.
    pub fn close(&self) {
        self.outbox.close();
    }

    /// Has a request wait, and answers when it is on disk. A call that is cancelled meanwhile leaves its spans there.
    pub(crate) async fn take(&self, core: &Arc<Core>, decoded: Decoded, peer: &Peer) -> Answer {
        if !self.is_open() {
            return Err(core.full());
        }
        let (way, bytes) = (decoded.wire.way, decoded.bytes.clone());
        let (form, payload) = match bytes.len() <= LIGHT_BYTES_MAX {
            true => packed(way, bytes),
            false => tokio::task::spawn_blocking(move || packed(way, bytes))
                .await
                .map_err(|_| Refusal::Fault)?,
        };
        let place = self.outbox.reserve().ok_or_else(|| core.full())?;
        let parts = core.parts(decoded, |_, shard| shard.reserve_place())?;
        let tally = parts.tally.clone();
        if parts.messages.is_empty() {
            core.counters.handed_over(&parts.wire, parts.inflated, &tally);
            return Ok(core.accepted(&tally, peer));
        }
        let (answer, answered) = oneshot::channel();
        place.push(Pending {
            core: Arc::clone(core),
            parts,
            form,
            payload,
            answer,
        });
        match answered.await {
            Ok(Ok(())) => Ok(core.accepted(&tally, peer)),
            Ok(Err(refusal)) => Err(refusal),
            Err(_gone) => Err(core.full()),
        }
    }
}

impl Pending {
    /// What the log keeps: how it is written, and the bytes.
    pub fn payload(&self) -> [&[u8]; 2] {
        [std::slice::from_ref(&self.form), &self.payload]
    }

    /// It is on disk as the record `at`: the shards get it, and the sender its answer.
    pub fn deliver(self, at: LogPos) {
        let Parts {
            messages,
            tally,
            inflated,
            wire,
            ..
        } = self.parts;
        self.core.counters.handed_over(&wire, inflated, &tally);
        for (place, message) in messages {
            place.push(Message {
                at: Some(at),
                ..message
            });
        }
        // Whoever asked may be gone; the spans stay.
        drop(self.answer.send(Ok(())));
    }

    /// It is not on disk: the sender is told to come again.
    pub fn refuse(self) {
        if let Some(journal) = self.core.journal.get() {
            journal.refused.fetch_add(1, Relaxed);
        }
        drop(self.answer.send(Err(self.core.full())));
    }
}

/// What a record of the log keeps of a request.
pub fn raw(payload: &Bytes) -> Option<Raw> {
    let way = way(*payload.first()?)?;
    Some(Raw {
        bytes: payload.slice(1..),
        encoding: way.encoding,
        coding: way.coding,
    })
}

/// A record's spans in parts for the shards.
#[derive(Debug)]
pub struct Again {
    /// By shard.
    pub messages: Vec<(usize, Message)>,
    /// Spans framed.
    pub spans: u64,
}

/// A record that is no request, however often it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Undeliverable;

impl Core {
    /// Has all requests wait for a log from now on. Called once, before the first.
    pub fn keep_journal(&self, journal: Journal) {
        // A second one is a fault of the caller, and the first stays.
        drop(self.journal.set(journal));
    }

    /// The log's queue, if there is one.
    pub fn journal(&self) -> Option<&Journal> {
        self.journal.get()
    }

    /// Reads a record again.
    pub fn again(&self, payload: &Bytes, at: LogPos) -> Result<Again, Undeliverable> {
        let way = payload.first().and_then(|form| way(*form)).ok_or(Undeliverable)?;
        let lease = crate::Budget::unbounded().lease(0).map_err(|_| Undeliverable)?;
        let message = WireMessage {
            bytes: payload.slice(1..),
            encoding: way.encoding,
            coding: way.coding,
            transport: way.transport,
            lease,
        };
        let decoded = self.decode(message, way.is_local).map_err(|_| Undeliverable)?;
        let parts = self
            .parts(decoded, |shard, _| Some(shard))
            .map_err(|_| Undeliverable)?;
        let messages = parts.messages.into_iter().map(|(shard, message)| {
            let at = Some(at);
            (shard, Message { at, ..message })
        });
        Ok(Again {
            messages: messages.collect(),
            spans: parts.tally.spans,
        })
    }
}

/// The bytes that are kept, compressed where that makes them fewer, and how they are written.
fn packed(way: Way, bytes: Bytes) -> (u8, Bytes) {
    if way.coding == Coding::Identity
        && bytes.len() >= PACKED_MIN
        && let Ok(packed) = zstd::bulk::compress(&bytes, PACKED_LEVEL)
        && packed.len() < bytes.len()
    {
        let coding = Coding::Zstd;
        return (form(Way { coding, ..way }), packed.into());
    }
    (form(way), bytes)
}

/// One byte: bit 0 says JSON, bits 1 and 2 the compression, bit 3 HTTP, bit 4 a sender on this machine.
fn form(way: Way) -> u8 {
    u8::from(way.encoding == Encoding::Json)
        | (way.coding as u8) << 1
        | u8::from(way.transport == Transport::Http) << 3
        | u8::from(way.is_local) << 4
}

fn way(form: u8) -> Option<Way> {
    let is = |bit: u8| form >> bit & 1 == 1;
    (form < 1 << 5).then_some(())?;
    Some(Way {
        encoding: if is(0) { Encoding::Json } else { Encoding::Protobuf },
        coding: *Coding::ALL.get(usize::from(form >> 1 & 3))?,
        transport: if is(3) { Transport::Http } else { Transport::Grpc },
        is_local: is(4),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_told_from_the_others() {
        let forms: Vec<u8> = (0..=u8::MAX).filter(|form| way(*form).is_some()).collect();
        assert_eq!(forms.len(), 2 * Coding::ALL.len() * 2 * 2);
        for &number in &forms {
            assert_eq!(way(number).map(form), Some(number));
        }
    }
}
