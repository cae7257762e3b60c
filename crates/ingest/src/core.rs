//! What both transports share: from the bytes of one message to its parts in the shards' queues.

use std::hash::BuildHasher;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use bytes::Bytes;
use crossbeam_queue::ArrayQueue;
use hotspan_model::{Batch, ParamKey, Reason, Record, Side, SideOf, TableSeed, TraceId};
use hotspan_otlp::{Decoder, Encoding, Limits, Sink, Tally};
use tokio::sync::{Semaphore, watch};

use crate::batches::{Batches, PooledBatch};
use crate::{
    Accepted, Answer, Budget, Coding, Counters, Lease, Outbox, Refusal, Settings, SharedDictionary,
    Transport, WorkerDictionary,
};

/// Messages beyond this many bytes are walked on a thread of their own, so that they delay no small one.
const HEAVY_BYTES: usize = 1 << 20;
/// Workers kept for reuse.
const WORKERS_KEPT_MAX: usize = 32;

/// The bytes a request was decoded from, for exemplars.
#[derive(Clone, Debug)]
pub struct Raw {
    /// The whole message, inflated.
    pub bytes: Bytes,
    /// How it is written.
    pub encoding: Encoding,
}

/// The spans of one request for one shard.
#[derive(Debug)]
pub struct Message {
    /// The spans; the buffer goes back to the receivers when it is dropped.
    pub batch: PooledBatch,
    /// What they were decoded from, when raw bytes are kept. Counts against the budget while the lease lives.
    pub raw: Option<Raw>,
    /// Spans of the request that were refused on decoding. Exactly one message of a request says so, so the sum
    /// of batches and these over all shards is what was received.
    pub refused: [u64; Reason::ALL.len()],
    /// The request's bytes in flight. Drop it when the records are the shard's own.
    pub lease: Arc<Lease>,
}

/// One message, read and inflated, before it is decoded.
#[derive(Debug)]
pub struct Request {
    /// The inflated bytes.
    pub bytes: Bytes,
    /// How they are written.
    pub encoding: Encoding,
    /// By which door they came.
    pub transport: Transport,
    /// How they were compressed.
    pub coding: Coding,
    /// How many bytes they were on the wire.
    pub wire_bytes: u64,
    /// What is taken from the budget for them.
    pub lease: Lease,
}

/// The shared middle of the receivers.
#[derive(Debug)]
pub struct Core {
    pub(crate) settings: Settings,
    pub(crate) budget: Arc<Budget>,
    pub(crate) counters: Counters,
    dictionary: SharedDictionary,
    limits: Limits,
    key: ParamKey,
    seed: TableSeed,
    route: foldhash::fast::SeedableRandomState,
    shards: Vec<Outbox<Message>>,
    workers: ArrayQueue<Worker>,
    batches: Batches,
    /// Threads that walk huge messages, at most as many as there are cores.
    pub(crate) heavy: Semaphore,
    draining: watch::Sender<bool>,
}

/// What one decoding needs; reused.
#[derive(Debug)]
struct Worker {
    decoder: Decoder,
    dictionary: WorkerDictionary,
    /// One for each shard.
    batches: Vec<Batch>,
}

/// A request whose spans are routed but not handed over.
struct Decoded {
    worker: Worker,
    tally: Tally,
    request: Request,
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
            counters: Counters::default(),
            settings,
            dictionary,
            limits,
            key,
            seed,
            route: seed.build(5),
            shards,
            workers: ArrayQueue::new(WORKERS_KEPT_MAX),
            batches: Batches::new(),
            heavy: Semaphore::new(cores),
            draining: watch::Sender::new(false),
        })
    }

    /// What was counted.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Bytes in flight.
    pub fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    /// Begins the end: new requests are refused with S11, connections are asked to go, running requests finish.
    pub fn drain(&self) {
        self.draining.send_replace(true);
    }

    /// Whether [`Core::drain`] was called.
    pub fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    /// Turns true with [`Core::drain`].
    pub(crate) fn draining(&self) -> watch::Receiver<bool> {
        self.draining.subscribe()
    }

    /// The shard that owns a trace.
    pub fn shard_of(&self, trace: TraceId) -> usize {
        shard_of(&self.route, trace, self.shards.len())
    }

    /// Decodes a request and hands its spans to the shards: all of them, or none.
    pub async fn accept(self: &Arc<Self>, request: Request) -> Answer {
        if request.bytes.len() <= HEAVY_BYTES {
            return self.accept_now(request);
        }
        let permit = self.heavy.acquire().await.map_err(|_| Refusal::Draining)?;
        let core = Arc::clone(self);
        let decoded = tokio::task::spawn_blocking(move || core.decode(request)).await;
        drop(permit);
        // A call that is cancelled while its message is walked never comes here, so it leaves no span.
        self.hand_over(decoded.map_err(|_| Refusal::Fault)??)
    }

    /// The same on this thread, whatever the size.
    pub fn accept_now(&self, request: Request) -> Answer {
        self.hand_over(self.decode(request)?)
    }

    fn worker(&self) -> Worker {
        self.workers.pop().unwrap_or_else(|| {
            let decoder = Decoder::new(self.limits.clone(), self.key, self.seed);
            Worker {
                decoder: match &self.settings.own_instance {
                    Some(instance) => decoder.without_instance(instance),
                    None => decoder,
                },
                dictionary: self.dictionary.handle(),
                batches: vec![Batch::default(); self.shards.len()],
            }
        })
    }

    fn decode(&self, mut request: Request) -> Result<Decoded, Refusal> {
        let mut worker = self.worker();
        // A worker that panicked is not used again, so nothing broken is seen.
        let walked = catch_unwind(AssertUnwindSafe(|| worker.walk(&mut request, &self.route)));
        match walked {
            Err(_panic) => {
                tracing::error!(bytes = request.bytes.len(), encoding = ?request.encoding, "decoder panicked");
                Err(Refusal::Fault)
            }
            Ok(Err(refusal)) => {
                self.keep(worker);
                Err(match refusal {
                    Refusal::Overloaded(_) => Refusal::Overloaded(self.budget.retry_delay()),
                    other => other,
                })
            }
            Ok(Ok(tally)) => Ok(Decoded {
                worker,
                tally,
                request,
            }),
        }
    }

    /// Nothing is pushed before a place is reserved in every queue, so a refusal leaves no span behind.
    fn hand_over(&self, decoded: Decoded) -> Answer {
        let Decoded {
            mut worker,
            tally,
            request,
        } = decoded;
        let has_refused = tally.refused_total() > 0;
        let is_empty = worker.batches.iter().all(|batch| batch.records.is_empty());
        let goes_to = |place: usize, batch: &Batch| {
            !batch.records.is_empty() || (is_empty && has_refused && place == 0)
        };
        let targets = self.shards.iter().zip(&mut worker.batches).enumerate();
        let places: Option<Vec<_>> = targets
            .filter(|(place, (_, batch))| goes_to(*place, batch))
            .map(|(_, (shard, batch))| shard.reserve().map(|reserved| (reserved, batch)))
            .collect();
        let Some(places) = places else {
            self.keep(worker);
            return Err(self.full());
        };
        let Request {
            bytes,
            encoding,
            lease,
            ..
        } = request;
        self.counters.handed_over(
            request.transport,
            request.coding,
            request.wire_bytes,
            bytes.len() as u64,
            &tally,
        );
        let raw = self.settings.keep_raw.then_some(Raw { bytes, encoding });
        let lease = Arc::new(lease);
        let mut refused = tally.refused;
        for (place, batch) in places {
            place.push(Message {
                batch: self.batches.lend(batch),
                raw: raw.clone(),
                refused: std::mem::take(&mut refused),
                lease: Arc::clone(&lease),
            });
        }
        self.keep(worker);
        let accepted = Accepted::of(&tally);
        if accepted.rejected > 0 {
            self.counters.partial_successes.fetch_add(1, Relaxed);
        }
        Ok(accepted)
    }

    fn full(&self) -> Refusal {
        match self.is_draining() {
            true => Refusal::Draining,
            false => self.overloaded(),
        }
    }

    pub(crate) fn overloaded(&self) -> Refusal {
        Refusal::Overloaded(self.budget.retry_delay())
    }

    fn keep(&self, mut worker: Worker) {
        for batch in &mut worker.batches {
            batch.clear();
        }
        // A full pool frees the worker instead: that is its bound.
        drop(self.workers.push(worker));
    }
}

fn shard_of(route: &foldhash::fast::SeedableRandomState, trace: TraceId, shards: usize) -> usize {
    let hash = u128::from(route.hash_one(trace.get()));
    (hash * shards as u128 >> 64) as usize
}

impl Worker {
    fn walk(
        &mut self,
        request: &mut Request,
        route: &foldhash::fast::SeedableRandomState,
    ) -> Result<Tally, Refusal> {
        let mut router = Router {
            route,
            batches: &mut self.batches,
            bytes: request.bytes.len() as u64,
            lease: &mut request.lease,
            is_denied: false,
        };
        let tally = match request.encoding {
            Encoding::Protobuf => self
                .decoder
                .protobuf(&request.bytes, &mut self.dictionary, &mut router),
            Encoding::Json => self
                .decoder
                .json(&request.bytes, &mut self.dictionary, &mut router),
        }?;
        match router.is_denied {
            true => Err(Refusal::Overloaded(std::time::Duration::ZERO)),
            false => Ok(tally),
        }
    }
}

/// Sorts spans into the batches of their shards, and takes memory for them from the budget.
struct Router<'a> {
    route: &'a foldhash::fast::SeedableRandomState,
    batches: &'a mut [Batch],
    /// What the message and its records weigh so far.
    bytes: u64,
    lease: &'a mut Lease,
    /// A step of the lease was refused: the rest of the walk is for nothing, and the request is refused.
    is_denied: bool,
}

impl Sink for Router<'_> {
    fn span(&mut self, record: Record, sides: &[Side]) {
        self.bytes += (size_of::<Record>() + size_of_val(sides) + sides.len() * SIDE_PLACE) as u64;
        self.is_denied = self.is_denied || self.lease.grow_to(self.bytes).is_err();
        if !self.is_denied {
            let shard = shard_of(self.route, record.trace, self.batches.len());
            self.batches[shard].push(record, sides);
        }
    }
}

/// What a side record weighs beyond itself.
const SIDE_PLACE: usize = size_of::<SideOf>() - size_of::<Side>();
