//! What both transports share: from the bytes of one message to its parts in the shards' queues.

use std::hash::BuildHasher;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use bytes::Bytes;
use crossbeam_queue::ArrayQueue;
use hotspan_model::{Batch, ParamKey, Reason, Record, Sender, Side, SideOf, TableSeed, TraceId};
use hotspan_otlp::{Decoder, Encoding, Limits, Sink, Tally, Unnamed};
use tokio::sync::{Semaphore, watch};
use tokio::task::yield_now;

use crate::batches::{Batches, empty};
use crate::inflate::Inflater;
use crate::journal::Journal;
use crate::message::{Parts, WireFacts};
use crate::phase::Phase;
use crate::rate::Rate;
use crate::senders::{Known, Noting, Senders, Way};
use crate::warned::{Kind, Warned};
use crate::{
    Accepted, Answer, Budget, Coding, Counters, Excess, Lease, Message, Outbox, Peer, Purpose, Raw,
    RawReader, Refusal, Settings, SharedDictionary, Signal, WHOLE_SHARE, WireMessage, WorkerDictionary,
};

/// Larger messages are walked on a thread of their own, so that they delay no small one.
pub(crate) const LIGHT_BYTES_MAX: usize = 1 << 20;
/// What has to be inflated first counts so many times.
const INFLATED: usize = 16;
/// Smaller messages are walked where they are read: to hand them to another thread would cost more.
const TINY_BYTES_MAX: usize = 64 << 10;
/// What a sender without `service.name` is told.
const UNNAMED: &str = "a resource has no service.name, so its spans are shown as an unnamed service";
/// Workers kept for reuse.
const WORKERS_KEPT_MAX: usize = 32;

/// The shared middle of the receivers.
#[derive(Debug)]
pub struct Core {
    pub(crate) settings: Settings,
    pub(crate) budget: Arc<Budget>,
    pub(crate) rate: Option<Rate>,
    pub(crate) counters: Counters,
    senders: Senders,
    dictionary: SharedDictionary,
    limits: Limits,
    key: ParamKey,
    seed: TableSeed,
    route: foldhash::fast::SeedableRandomState,
    shards: Vec<Outbox<Message>>,
    /// Where requests go first, if shards get only what is on disk.
    pub(crate) journal: OnceLock<Journal>,
    workers: ArrayQueue<Box<Worker>>,
    batches: Batches,
    /// Threads that walk huge messages, at most as many as there are cores.
    pub(crate) heavy: Semaphore,
    pub(crate) phase: watch::Sender<Phase>,
    warnings: Warned,
}

/// What one decoding needs; reused. Large, so it goes from hand to hand in its box.
#[derive(Debug)]
struct Worker {
    inflater: Inflater,
    walker: Walker,
}

/// Reads spans out of a message, into the batches of their shards.
#[derive(Debug)]
struct Walker {
    decoder: Decoder,
    dictionary: WorkerDictionary,
    /// One for each shard.
    batches: Vec<Batch>,
    senders: Known,
    /// How many traces of [`WHOLE_SHARE`] each shard takes.
    shares: Vec<u32>,
}

/// A message whose spans are routed but not handed over.
pub(crate) struct Decoded {
    worker: Box<Worker>,
    tally: Tally,
    /// As they came.
    pub(crate) bytes: Bytes,
    /// How many they are inflated.
    inflated: u64,
    pub(crate) wire: WireFacts,
    lease: Lease,
}

impl Core {
    /// Receivers that hand over to `shards`, at least one.
    pub fn new(
        settings: Settings,
        limits: Limits,
        key: ParamKey,
        seed: TableSeed,
        dictionary: SharedDictionary,
        shards: Vec<Outbox<Message>>,
    ) -> Arc<Core> {
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
        Arc::new(Core {
            budget: Budget::new(&settings),
            rate: settings.spans_per_second_max.map(Rate::new),
            counters: Counters::default(),
            senders: Senders::default(),
            settings,
            dictionary,
            limits,
            key,
            seed,
            route: seed.build(5),
            shards,
            journal: OnceLock::new(),
            workers: ArrayQueue::new(WORKERS_KEPT_MAX),
            batches: Batches::new(),
            heavy: Semaphore::new(cores),
            phase: watch::Sender::new(Phase::Serving),
            warnings: Warned::default(),
        })
    }

    /// What was counted.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Who sends.
    pub fn senders(&self) -> &Senders {
        &self.senders
    }

    /// Bytes in flight.
    pub fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    /// What reads kept requests again, under the limits they were taken with.
    pub fn raw_reader(&self) -> RawReader {
        RawReader::new(self.settings.clone())
    }

    /// The shard that owns a trace.
    pub fn shard_of(&self, trace: TraceId) -> usize {
        shard_of(&self.route, trace, self.shards.len())
    }

    /// Decodes a message and hands its spans to the shards: all of them, or none.
    pub async fn accept(self: &Arc<Self>, message: WireMessage, peer: &Peer) -> Answer {
        let size = message.bytes.len();
        let weight = match message.coding {
            Coding::Identity => size,
            Coding::Gzip | Coding::Zstd => size.saturating_mul(INFLATED),
        };
        if weight > TINY_BYTES_MAX {
            // Whoever reads requests of a connection in its own task goes on with the next; see `serve`.
            yield_now().await;
        }
        if weight <= LIGHT_BYTES_MAX {
            let decoded = self.decode(message, peer.address().is_loopback())?;
            return self.hand_on(decoded, peer).await;
        }
        let is_local = peer.address().is_loopback();
        let permit = self.heavy.acquire().await.map_err(|_| Refusal::Draining)?;
        let core = Arc::clone(self);
        let decoded = tokio::task::spawn_blocking(move || core.decode(message, is_local)).await;
        drop(permit);
        // A call that is cancelled while its message is walked never comes here, so it leaves no span.
        self.hand_on(decoded.map_err(|_| Refusal::Fault)??, peer).await
    }

    /// To the shards; over the log, if there is one.
    async fn hand_on(self: &Arc<Self>, decoded: Decoded, peer: &Peer) -> Answer {
        match self.journal.get() {
            None => self.hand_over(decoded, peer),
            Some(journal) => journal.take(self, decoded, peer).await,
        }
    }

    /// The same on this thread, whatever the size.
    pub fn accept_now(&self, message: WireMessage, peer: &Peer) -> Answer {
        self.hand_over(self.decode(message, peer.address().is_loopback())?, peer)
    }

    fn worker(&self) -> Box<Worker> {
        self.workers.pop().unwrap_or_else(|| {
            let decoder = Decoder::new(self.limits.clone(), self.key, self.seed);
            Box::new(Worker {
                inflater: Inflater::new(),
                walker: Walker {
                    decoder: match &self.settings.own_instance {
                        Some(instance) => decoder.without_instance(instance),
                        None => decoder,
                    },
                    dictionary: self.dictionary.handle(),
                    batches: vec![Batch::default(); self.shards.len()],
                    senders: Known::new(self.seed),
                    shares: vec![WHOLE_SHARE; self.shards.len()],
                },
            })
        })
    }

    pub(crate) fn decode(&self, message: WireMessage, is_local: bool) -> Result<Decoded, Refusal> {
        let bytes = message.bytes.len() as u64;
        let way = Way {
            transport: message.transport,
            encoding: message.encoding,
            coding: message.coding,
            is_local,
        };
        let wire = WireFacts { way, bytes };
        let mut worker = self.worker();
        // A worker that panicked is dropped, so nothing broken is seen.
        let walked = guarded(wire, self.settings.tenant.as_deref(), || {
            let mut lease = message.lease;
            let (inflated, tally) = worker.walk(&message.bytes, wire, &mut lease, self)?;
            Ok((inflated, tally, lease))
        });
        match walked {
            Ok((inflated, tally, lease)) => Ok(Decoded {
                worker,
                tally,
                bytes: message.bytes,
                inflated,
                wire,
                lease,
            }),
            Err(Refusal::Fault) => Err(Refusal::Fault),
            Err(refusal) => {
                self.keep(worker);
                Err(refusal)
            }
        }
    }

    fn hand_over(&self, decoded: Decoded, peer: &Peer) -> Answer {
        let parts = self.parts(decoded, |_, shard| shard.reserve())?;
        self.counters
            .handed_over(&parts.wire, parts.inflated, &parts.tally);
        for (place, message) in parts.messages {
            place.push(message);
        }
        Ok(self.accepted(&parts.tally, peer))
    }

    /// Nothing is pushed before a place is reserved in every queue, so a refusal leaves no span behind.
    pub(crate) fn parts<'a, P>(
        &'a self,
        decoded: Decoded,
        reserve: impl Fn(usize, &'a Outbox<Message>) -> Option<P>,
    ) -> Result<Parts<P>, Refusal> {
        let Decoded {
            mut worker,
            tally,
            bytes,
            inflated,
            wire,
            lease,
        } = decoded;
        // A message of refused spans alone goes to the first shard, for its counts.
        let is_refused = tally.refused_total() > 0 && worker.walker.is_empty();
        let targets = self.shards.iter().zip(&mut worker.walker.batches).enumerate();
        let places: Option<Vec<_>> = targets
            .filter(|(place, (_, batch))| !batch.records.is_empty() || (is_refused && *place == 0))
            .map(|(place, (shard, batch))| Some((reserve(place, shard)?, batch)))
            .collect();
        let Some(places) = places else {
            self.keep(worker);
            return Err(self.full());
        };
        self.pay(tally.spans);
        let raw = self.settings.keep_raw.then_some(Raw {
            bytes,
            encoding: wire.way.encoding,
            coding: wire.way.coding,
        });
        let lease = Arc::new(lease);
        let mut refused = tally.refused;
        let message = |(place, batch)| {
            let message = Message {
                at: None,
                purpose: Purpose::Spans,
                batch: self.batches.lend(batch),
                raw: raw.clone(),
                refused: std::mem::take(&mut refused),
                lease: Some(Arc::clone(&lease)),
            };
            (place, message)
        };
        let messages = places.into_iter().map(message).collect();
        self.keep(worker);
        Ok(Parts {
            messages,
            tally,
            inflated,
            wire,
        })
    }

    pub(crate) fn accepted(&self, tally: &Tally, peer: &Peer) -> Accepted {
        let accepted = Accepted::of(tally);
        if accepted.rejected > 0 {
            self.counters.partial_successes.fetch_add(1, Relaxed);
            return accepted;
        }
        match tally.unnamed == Unnamed::default() {
            true => accepted,
            false => self.warned(accepted, peer, Kind::Unnamed, || UNNAMED.into()),
        }
    }

    /// A success reply for another signal, which is not used.
    pub(crate) fn discarded(&self, signal: Signal, bytes: u64, peer: &Peer) -> Accepted {
        self.counters.other_signal_bytes[signal as usize].fetch_add(bytes, Relaxed);
        self.warned(Accepted::default(), peer, signal.into(), || {
            format!(
                "{} are accepted and discarded; only traces are used",
                signal.name()
            )
        })
    }

    fn warned(&self, accepted: Accepted, peer: &Peer, kind: Kind, text: impl FnOnce() -> String) -> Accepted {
        match self.warnings.is_due(peer.address(), kind, Instant::now()) {
            true => {
                self.counters.warnings.fetch_add(1, Relaxed);
                accepted.or_warn(&text())
            }
            false => accepted,
        }
    }

    /// Whether requests are taken at all.
    pub(crate) fn is_open(&self) -> Result<(), Refusal> {
        match self.is_draining() {
            true => Err(Refusal::Draining),
            false => Ok(()),
        }
    }

    pub(crate) fn full(&self) -> Refusal {
        match self.is_draining() {
            true => Refusal::Draining,
            false => self.overloaded(),
        }
    }

    /// Why a lease that grows to `wanted` bytes is not to be had: for now, or ever.
    pub(crate) fn denied(&self, wanted: u64) -> Refusal {
        let limit = self.budget.lease_max();
        match wanted > limit {
            true => Excess::Memory { limit }.into(),
            false => self.overloaded(),
        }
    }

    pub(crate) fn overloaded(&self) -> Refusal {
        Refusal::Overloaded(self.budget.retry_delay())
    }

    fn keep(&self, mut worker: Box<Worker>) {
        worker.walker.batches.iter_mut().for_each(empty);
        worker.inflater.rest();
        // A full pool frees the worker instead: that is its bound.
        drop(self.workers.push(worker));
    }
}

/// Runs `work` and answers S12 when it panics: the same bytes would do it again, so nobody should send them again.
fn guarded<T>(
    wire: WireFacts,
    tenant: Option<&str>,
    work: impl FnOnce() -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_panic| {
        tracing::error!(bytes = wire.bytes, encoding = ?wire.way.encoding, tenant, "decoder panicked");
        Err(Refusal::Fault)
    })
}

fn shard_of(route: &foldhash::fast::SeedableRandomState, trace: TraceId, shards: usize) -> usize {
    place_of(route.hash_one(trace.get()), shards)
}

/// Which of so many shards a hash falls to, by its high bits.
fn place_of(hash: u64, shards: usize) -> usize {
    ((u128::from(hash) * shards as u128) >> 64) as usize
}

impl Worker {
    /// Inflates and decodes a message. Gives how long it is inflated, and what was counted.
    fn walk(
        &mut self,
        bytes: &[u8],
        wire: WireFacts,
        lease: &mut Lease,
        core: &Core,
    ) -> Result<(u64, Tally), Refusal> {
        let mut grow = |more: u64| {
            let wanted = wire.bytes + more;
            lease.grow_to(wanted).map_err(|_| core.denied(wanted))
        };
        let inflated = self
            .inflater
            .inflate(wire.way.coding, bytes, &core.settings, &mut grow)?;
        let tally = self.walker.walk(inflated, wire, lease, core)?;
        Ok((inflated.len() as u64, tally))
    }
}

impl Walker {
    fn is_empty(&self) -> bool {
        self.batches.iter().all(|batch| batch.records.is_empty())
    }

    fn walk(
        &mut self,
        bytes: &[u8],
        wire: WireFacts,
        lease: &mut Lease,
        core: &Core,
    ) -> Result<Tally, Refusal> {
        for (share, shard) in self.shares.iter_mut().zip(&core.shards) {
            *share = shard.share();
        }
        let mut router = Router {
            route: &core.route,
            batches: &mut self.batches,
            shares: &self.shares,
            noting: self.senders.noting(&core.senders, wire.way),
            degraded: 0,
            bytes: bytes.len() as u64,
            lease,
            is_denied: false,
        };
        let (decoder, dictionary) = (&mut self.decoder, &mut self.dictionary);
        let mut tally = match wire.way.encoding {
            Encoding::Protobuf => decoder.protobuf(bytes, dictionary, &mut router)?,
            Encoding::Json => decoder.json(bytes, dictionary, &mut router)?,
        };
        tally.refused[Reason::Degraded as usize] += router.degraded;
        match router.is_denied {
            true => Err(core.denied(router.bytes)),
            false => Ok(tally),
        }
    }
}

/// Sorts spans into the batches of their shards, and takes memory for them from the budget.
struct Router<'a> {
    route: &'a foldhash::fast::SeedableRandomState,
    batches: &'a mut [Batch],
    shares: &'a [u32],
    noting: Noting<'a>,
    /// Spans of traces that a crowded shard does not take.
    degraded: u64,
    /// What the message and its records weigh so far.
    bytes: u64,
    lease: &'a mut Lease,
    /// A step of the lease was refused: the rest of the walk is for nothing, and the request is refused.
    is_denied: bool,
}

impl Sink for Router<'_> {
    fn span(&mut self, record: Record, sides: &[Side]) {
        let hash = self.route.hash_one(record.trace.get());
        let shard = place_of(hash, self.batches.len());
        // The high bits say which shard, the low ones whether: a trace is taken whole, or not at all.
        if hash as u32 % WHOLE_SHARE >= self.shares[shard] {
            self.degraded += 1;
            return;
        }
        self.bytes += (size_of::<Record>() + size_of_val(sides) + sides.len() * SIDE_PLACE) as u64;
        self.is_denied = self.is_denied || self.lease.grow_to(self.bytes).is_err();
        if !self.is_denied {
            self.batches[shard].push(record, sides);
        }
    }

    fn resource(&mut self, hash: u64, read: &mut dyn FnMut() -> Sender) {
        self.noting.note(hash, read);
    }
}

/// What a side record weighs beyond itself.
const SIDE_PLACE: usize = size_of::<SideOf>() - size_of::<Side>();

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Transport;

    #[test]
    fn s12_a_panic_is_a_fault_and_nothing_else_ends() {
        let wire = WireFacts {
            way: Way {
                transport: Transport::Grpc,
                encoding: Encoding::Protobuf,
                coding: Coding::Identity,
                is_local: true,
            },
            bytes: 1,
        };
        let outcome: Result<(), _> = guarded(wire, None, || panic!("a bug"));
        assert_eq!(outcome, Err(Refusal::Fault));
        assert_eq!(guarded(wire, None, || Ok(7)), Ok(7));
    }
}
