//! What receivers, shards and readers meet at: the queues, the dictionary, snapshots, counters. Nothing here is
//! locked on the span path.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use arc_swap::ArcSwap;
use crossbeam_queue::ArrayQueue;
use hotspan_access::Access;
use hotspan_api::{
    Compat, Connections, Exposed, Level, Listener, Log, Memory, Pressure, Refused, Requests, Sender, Shard,
    Status, View,
};
use hotspan_ingest::{
    Coding, Core, Counters, Heard, Journal, Message, Outbox, Refusal, SharedDictionary, Signal, Transport,
    WHOLE_SHARE,
};
use hotspan_model::{Counts, LogTime, Millionths, Nanos, Vocabulary};
use hotspan_pipeline::{Settings, Snapshot};
use hotspan_telemetry::Traces;

use crate::exemplars::Exemplars;
use crate::shard::Published;
use crate::storage::Storing;
use crate::viewer::Told;
use crate::wal::Wal;
use crate::{MemoryParts, alerts};

/// One for each tenant, and one for what belongs to none.
pub(crate) struct Shared {
    pub(crate) tenant: Option<Arc<str>>,
    pub(crate) core: Arc<Core>,
    pub(crate) dictionary: SharedDictionary,
    /// One for each shard.
    pub(crate) outboxes: Vec<Outbox<Message>>,
    /// One for each shard.
    pub(crate) published: Vec<Arc<Published>>,
    pub(crate) exemplars: Exemplars,
    pub(crate) view: ArcSwap<View>,
    /// What people say of hotspots, for the thread that makes views.
    pub(crate) told: ArrayQueue<Told>,
    /// What goes to the store, and how that is.
    pub(crate) storing: Storing,
    /// The log that requests go over, if they do.
    pub(crate) wal: Option<Arc<Wal>>,
    pub(crate) settings: Settings,
    pub(crate) parts: MemoryParts,
    pub(crate) started: LogTime,
    pub(crate) listeners: Vec<Listener>,
    /// What `/metrics` has.
    pub(crate) exposed: Exposed,
    /// Surfaces for clients of other tools.
    pub(crate) compat: Compat,
    /// What alerts need.
    pub(crate) alerts: ArcSwap<alerts::Settings>,
    pub(crate) alert_counts: alerts::Counts,
    /// Who may come in, and who was turned away.
    pub(crate) access: Arc<Access>,
    /// Where this process tells of itself.
    pub(crate) traces: Traces,
    /// Zero of `viewed`.
    pub(crate) origin: Instant,
    /// When the newest view was begun, in nanoseconds.
    pub(crate) viewed: AtomicU64,
    /// [`Level`] of the newest view, as its place.
    pub(crate) level: AtomicUsize,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shared({} shards)", self.published.len())
    }
}

impl Shared {
    /// Every shard's newest snapshot, in order; none before each of them has one.
    pub(crate) fn snapshots(&self) -> Vec<Arc<Snapshot>> {
        let newest: Option<Vec<_>> = self
            .published
            .iter()
            .map(|shard| shard.snapshot.load_full())
            .collect();
        newest.unwrap_or_default()
    }

    /// The counters beside these snapshots.
    pub(crate) fn status(&self, snapshots: &[Arc<Snapshot>]) -> Status {
        let counters = self.core.counters();
        let mut status = Status {
            version: env!("CARGO_PKG_VERSION"),
            tenant: self.tenant.clone(),
            started: self.started,
            requests: Transport::ALL
                .iter()
                .map(|&transport| self.requests(transport))
                .collect(),
            ingested: self.ingested(),
            partial_successes: counters.partial_successes.load(Relaxed),
            tolerated: counters.tolerated.list().collect(),
            other_signals: Signal::ALL
                .iter()
                .map(|&signal| {
                    (
                        signal.name(),
                        counters.other_signal_bytes[signal as usize].load(Relaxed),
                    )
                })
                .collect(),
            connections: connections(counters),
            memory: self.memory(snapshots),
            symbols: std::array::from_fn(|place| self.dictionary.admitted(Vocabulary::ALL[place])),
            overflow: std::array::from_fn(|place| self.dictionary.overflows(Vocabulary::ALL[place])),
            pressure: self.pressure(),
            senders: self.core.senders().list().iter().map(|of| sender(of)).collect(),
            senders_beyond: self.core.senders().beyond(),
            listeners: self.listeners.clone(),
            storage: self.storing.read(),
            log: self.log(),
            ..Status::default()
        };
        for (snapshot, outbox) in snapshots.iter().zip(&self.outboxes) {
            status.counts.add(&snapshot.counts);
            status.open_traces += snapshot.stats.open;
            status.late_spans += snapshot.stats.late;
            status.incomplete_traces += snapshot.stats.incomplete.iter().sum::<u64>();
            for (sum, decided) in status.decided.iter_mut().zip(snapshot.stats.decisions) {
                *sum += decided;
            }
            status.shards.push(Shard {
                open_traces: snapshot.stats.open,
                open_spans: snapshot.counts.open,
                queued: outbox.len() as u64,
            });
        }
        self.add_queued(&mut status.counts);
        status
    }

    /// Spans that were handed over and that no snapshot knows yet are open.
    fn add_queued(&self, counts: &mut Counts) {
        let handed_over = self.core.counters().spans_received.load(Relaxed);
        let queued = handed_over.saturating_sub(counts.received);
        counts.received += queued;
        counts.open += queued;
    }

    /// Each part as it is accounted; what hotspots take is bounded by their number instead.
    fn memory(&self, snapshots: &[Arc<Snapshot>]) -> Vec<Memory> {
        let traces = snapshots.iter().map(|snapshot| snapshot.stats.bytes).sum();
        let raw = self
            .published
            .iter()
            .map(|shard| shard.raw_bytes.load(Relaxed))
            .sum();
        let parts = &self.parts;
        [
            ("inflight", self.core.budget().used(), parts.inflight),
            ("traces", traces, parts.assembly),
            ("raw", raw, parts.raw),
            ("exemplars", self.exemplars.bytes(), parts.exemplars),
            ("dictionary", self.dictionary.bytes(), parts.dictionary),
        ]
        .map(|(part, used, max)| Memory { part, used, max })
        .into()
    }

    fn log(&self) -> Option<Log> {
        let refused = self.core.journal().map_or(0, Journal::refused);
        Some(self.wal.as_ref()?.status.read(refused))
    }

    fn requests(&self, transport: Transport) -> Requests {
        let counters = self.core.counters();
        let refused = Refusal::NAMES.iter().enumerate().map(|(place, &reason)| Refused {
            reason,
            requests: counters.requests_refused[transport as usize][place].load(Relaxed),
            bytes: counters.bytes_refused[transport as usize][place].load(Relaxed),
        });
        Requests {
            transport: transport.name(),
            accepted: counters.requests[transport as usize].load(Relaxed),
            refused: refused.filter(|refused| refused.requests > 0).collect(),
        }
    }

    fn ingested(&self) -> Vec<(&'static str, u64)> {
        let bytes = &self.core.counters().wire_bytes;
        Coding::ALL
            .iter()
            .map(|&coding| (coding.name(), bytes[coding as usize].load(Relaxed)))
            .collect()
    }

    /// What gives way, the level as of the newest view.
    fn pressure(&self) -> Pressure {
        let evidence = self
            .published
            .iter()
            .map(|shard| shard.evidence_dropped.load(Relaxed));
        let shares = self.outboxes.iter().map(|shard| u64::from(shard.share()));
        let least = shares.min().unwrap_or(WHOLE_SHARE.into());
        Pressure {
            level: Level::ALL[self.level.load(Relaxed)],
            left_out: Millionths::ratio(u64::from(WHOLE_SHARE) - least, WHOLE_SHARE.into()),
            evidence_dropped: evidence.sum(),
            requests_refused: self.core.counters().overloaded(),
        }
    }

    /// A view was begun at this moment.
    pub(crate) fn viewed(&self, at: Instant) {
        let since = at.saturating_duration_since(self.origin).as_nanos();
        self.viewed
            .store(u64::try_from(since).unwrap_or(u64::MAX), Relaxed);
    }

    /// How old the newest view is.
    pub(crate) fn view_age(&self) -> Nanos {
        let now = u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX);
        Nanos(now.saturating_sub(self.viewed.load(Relaxed)))
    }
}

fn sender(of: &Heard) -> Sender {
    Sender {
        says: Arc::clone(&of.sender),
        transport: of.way.transport.name(),
        encoding: of.way.encoding.name(),
        compression: of.way.coding.name(),
        is_local: of.way.is_local,
        batches: of.batches(),
        last: of.last(),
    }
}

fn connections(of: &Counters) -> Connections {
    Connections {
        accepted: of.connections.load(Relaxed),
        open: of.connections_open.load(Relaxed),
        refused: of.connections_refused.load(Relaxed),
        failed: of.connections_failed.load(Relaxed),
        accepts_failed: of.accepts_failed.load(Relaxed),
    }
}
