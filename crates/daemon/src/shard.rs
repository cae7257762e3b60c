//! One shard's thread: messages in, snapshots out. It owns its pipeline; nobody else touches it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use arc_swap::{ArcSwap, ArcSwapOption};
use crossbeam_queue::ArrayQueue;
use hotspan_ingest::{Inbox, Message, Purpose, Received, WHOLE_SHARE};
use hotspan_model::{Assembled, Decided, LogPos, LogTime, Offset, TraceId};
use hotspan_pipeline::{Pipeline, Snapshot};
use tokio::sync::oneshot;

use crate::exemplars::Exemplar;
use crate::kept::Kept;
use crate::late_details::LateDetails;
use crate::logged::{Logged, Step};
use crate::raw::RawRequests;
use crate::shared::Shared;
use crate::shedding;

/// How often an idle log gets a tick, so that quiet traces are decided.
const TICK: Duration = Duration::from_millis(250);
/// Questions that wait for one shard; beyond, the asker is told that nothing is held.
const QUESTIONS_MAX: usize = 64;
/// How often exemplars that no hotspot refers to are let go, and the attributes of the others looked up.
const RELEASE: Duration = Duration::from_secs(1);

/// A reader asks for a trace that is no exemplar.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) id: TraceId,
    pub(crate) answer: oneshot::Sender<Option<Assembled>>,
}

/// What a shard shares with readers.
#[derive(Debug)]
pub(crate) struct Published {
    /// The newest snapshot; `None` before the first.
    pub(crate) snapshot: ArcSwapOption<Snapshot>,
    /// Readers' questions.
    pub(crate) questions: ArrayQueue<Question>,
    /// Its traces that the newest view shows for detectors over traces, whose evidence no aggregate of a shard keeps.
    pub(crate) shown: ArcSwap<BTreeSet<TraceId>>,
    /// Bytes of the request buffers that the shard keeps, as of the snapshot.
    pub(crate) raw_bytes: AtomicU64,
    /// Requests that gave way before their traces could be decided, as of the snapshot.
    pub(crate) evidence_dropped: AtomicU64,
}

impl Published {
    pub(crate) fn new() -> Arc<Published> {
        Arc::new(Published {
            snapshot: ArcSwapOption::empty(),
            questions: ArrayQueue::new(QUESTIONS_MAX),
            shown: ArcSwap::default(),
            raw_bytes: AtomicU64::new(0),
            evidence_dropped: AtomicU64::new(0),
        })
    }
}

/// Everything the thread owns.
pub(crate) struct Shard {
    pub(crate) inbox: Inbox<Message>,
    pub(crate) pipeline: Pipeline,
    pub(crate) raw: RawRequests,
    pub(crate) late: LateDetails,
    pub(crate) kept: Kept,
    pub(crate) shared: Arc<Shared>,
    pub(crate) published: Arc<Published>,
    pub(crate) snapshot_interval: Duration,
    /// How many traces of [`WHOLE_SHARE`] it takes.
    pub(crate) share: u32,
    /// Where one log for all shards gives records their places, and time.
    pub(crate) logged: Option<Logged>,
}

impl Shard {
    /// Runs until the inbox is closed and empty, then decides what is open, unless a log keeps it, and publishes a last
    /// snapshot.
    pub(crate) fn run(mut self) {
        let mut at = LogPos::default();
        let start = Instant::now();
        let (mut tick, mut publish, mut release) = (start, start, start);
        loop {
            let wake = match self.has_begun() {
                true => Instant::now(),
                false => tick.min(publish),
            };
            match self.inbox.receive(Some(wake)) {
                Received::Message(message) => match message.at {
                    Some(place) => {
                        at = place;
                        self.handle_logged(at, message);
                    }
                    None => {
                        at = next(at);
                        self.handle(at, message);
                        self.take_share();
                    }
                },
                Received::Nothing => {}
                Received::Closed => break,
            }
            let now = Instant::now();
            if now >= tick {
                tick = now + TICK;
                if self.logged.is_none() {
                    at = next(at);
                    self.pipeline.handle_tick(at, &self.shared.dictionary);
                    self.take_share();
                }
            }
            self.keep_exemplars();
            self.answer_questions();
            if now >= publish && !self.pipeline.has_begun() {
                publish = now + self.snapshot_interval;
                self.pipeline.begin_snapshot(at);
            }
            if let Some(snapshot) = self.pipeline.poll_snapshot() {
                self.publish(snapshot);
            }
            if now >= release && !self.kept.is_looking() {
                release = now + RELEASE;
                self.begin_release();
            }
            self.release();
            self.raw.forget(now);
        }
        if self.logged.is_none() {
            at = next(at);
            self.pipeline
                .finish(at, Decided::Shutdown, &self.shared.dictionary);
        }
        self.keep_exemplars();
        self.begin_release();
        while self.kept.is_looking() || self.late.is_looking() {
            self.release();
        }
        let last = self.pipeline.snapshot(at);
        self.publish(last);
    }

    /// Has receivers leave out traces, by their ids, while the table of sessions is nearly full.
    fn take_share(&mut self) {
        let share = shedding::share(self.share, self.pipeline.crowding());
        if share == self.share {
            return;
        }
        if self.share == WHOLE_SHARE {
            tracing::warn!("nearly as many traces as can be remembered: some are left out, by trace id");
        } else if share == WHOLE_SHARE {
            tracing::info!("all traces are taken again");
        }
        self.inbox.take_share(share);
        self.share = share;
    }

    fn publish(&self, mut snapshot: Snapshot) {
        let (published, raw) = (&self.published, &self.raw);
        published.raw_bytes.store(raw.bytes(), Relaxed);
        published.evidence_dropped.store(raw.dropped_early(), Relaxed);
        if self.logged.as_ref().is_some_and(Logged::is_replaying) {
            // What is read again was counted by the process before.
            (snapshot.counts, snapshot.stats) = Default::default();
        }
        published.snapshot.store(Some(Arc::new(snapshot)));
    }

    fn handle(&mut self, at: LogPos, message: Message) {
        self.pipeline.handle_refused(&message.refused);
        self.pipeline
            .handle_batch(at, &message.batch, &self.shared.dictionary);
        if let Some(raw) = message.raw {
            self.raw.push(at.offset, raw, Instant::now());
        }
    }

    /// A record of the log that all shards have.
    fn handle_logged(&mut self, at: LogPos, message: Message) {
        let Some(logged) = &mut self.logged else {
            return;
        };
        let dictionary = &self.shared.dictionary;
        match logged.step(at, &mut self.pipeline, &self.shared) {
            Step::Skip => {}
            Step::Replay => {
                let batch = (message.purpose == Purpose::Spans).then_some(&*message.batch);
                self.pipeline.replay(at, batch, &logged.wanted, dictionary);
                if let Some(raw) = message.raw {
                    self.raw.push(at.offset, raw, Instant::now());
                }
            }
            Step::Handle => match message.purpose {
                Purpose::Spans => self.handle(at, message),
                Purpose::Tick => self.pipeline.handle_tick(at, dictionary),
                Purpose::Cut => logged
                    .wal
                    .cuts
                    .put(logged.shard, at, self.pipeline.cut(at.offset)),
            },
        }
    }

    fn keep_exemplars(&mut self) {
        while let Some(trace) = self.pipeline.poll_exemplar() {
            self.keep(trace);
        }
    }

    fn keep(&mut self, trace: Arc<Assembled>) {
        let Some(id) = trace.trace else { return };
        let details = Vec::new();
        match self.shared.exemplars.put(id, Exemplar { trace, details }) {
            true => {
                self.kept.insert(id);
                self.late.push(id);
            }
            false => {
                self.kept.remove(id);
            }
        }
    }

    /// Begins to look which exemplars stay: what hotspots refer to, and what detectors over traces show.
    fn begin_release(&mut self) {
        let shown = self.published.shown.load_full();
        for &id in shown.iter() {
            // What is no longer here may still be stored.
            if !self.kept.contains(id)
                && let Some(trace) = self.pipeline.held(id)
            {
                self.keep(Arc::new(trace));
            }
        }
        self.kept.begin(self.pipeline.hotspots(), &shown);
        self.late.begin();
    }

    /// Whether something was begun that is done in pieces between two messages.
    fn has_begun(&self) -> bool {
        self.pipeline.has_begun() || self.kept.is_looking() || self.late.is_looking()
    }

    /// Lets some exemplars go that no hotspot refers to any more, then looks up the attributes of some that stayed.
    fn release(&mut self) {
        let exemplars = &self.shared.exemplars;
        let gone = self.kept.look(|places| self.pipeline.exemplars(places));
        gone.for_each(|id| exemplars.release(id));
        if !self.kept.is_looking() {
            self.late.look_up(&self.kept, &self.raw, exemplars);
        }
    }

    fn answer_questions(&self) {
        while let Some(question) = self.published.questions.pop() {
            if question.answer.send(self.pipeline.held(question.id)).is_err() {
                tracing::debug!(trace = %question.id, "the reader went away");
            }
        }
    }
}

/// The next record's place: log time is arrival, made monotone.
fn next(at: LogPos) -> LogPos {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = LogTime(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX));
    LogPos {
        offset: Offset(at.offset.0 + 1),
        time: at.time.max(now),
    }
}
