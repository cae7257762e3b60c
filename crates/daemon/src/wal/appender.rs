//! The thread that owns the log: what waits goes to disk in groups, then to the shards in order, and then it is answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hotspan_ingest::{Inbox, Message, Pending, Purpose, Received};
use hotspan_log::{Folder, Kind, Log, LogError};
use hotspan_model::{LogPos, LogTime, Offset};

use super::replay::{replay, tell};
use super::{Begun, Wal};
use crate::shared::Shared;

/// A group that is so large is written at once.
const GROUP_BYTES: usize = 1 << 20;
/// How often time goes on without requests.
const TICK: Duration = Duration::from_secs(1);

/// How often.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rhythm {
    /// Groups that are small are written so often.
    pub(crate) group: Duration,
    /// Shards tell so often how they are.
    pub(crate) cut: Duration,
}

/// Everything the thread owns.
pub(crate) struct Appender {
    log: Log<Folder>,
    inbox: Inbox<Pending>,
    shared: Arc<Shared>,
    wal: Arc<Wal>,
    rhythm: Rhythm,
    /// Set when shards take nothing more.
    stop: Arc<AtomicBool>,
    from: u64,
    hi: u64,
    skips: bool,
    /// What the group holds, with its places.
    waiting: Vec<(LogPos, Waiting)>,
    /// The first record after the last cut.
    cut: u64,
    trimmed: u64,
}

enum Waiting {
    Request(Box<Pending>),
    Tick,
}

impl Appender {
    pub(crate) fn new(
        begun: Begun,
        inbox: Inbox<Pending>,
        (shared, wal): (Arc<Shared>, Arc<Wal>),
        rhythm: Rhythm,
        stop: Arc<AtomicBool>,
    ) -> Appender {
        let hi = begun.takeovers.iter().map(|shard| shard.hi.0).max().unwrap_or(0);
        Appender {
            log: begun.log,
            inbox,
            shared,
            wal,
            rhythm,
            stop,
            from: begun.from,
            hi,
            skips: begun.skips,
            waiting: Vec::new(),
            cut: hi,
            trimmed: 0,
        }
    }

    /// Has the shards take again what is in the log, then runs until its queue is closed and empty.
    pub(crate) fn run(mut self) {
        let bounds = (self.hi, self.skips);
        match replay(&self.log, self.from, bounds, &self.shared, &self.stop) {
            Ok(true) => {}
            Ok(false) => return,
            // It was read a moment ago. Nothing is taken: what would be stored is not what is in the log.
            Err(error) => {
                return tracing::error!(%error, "the log cannot be read any more; no request is taken");
            }
        }
        self.wal.status.done();
        if let Some(journal) = self.shared.core.journal() {
            journal.open();
        }
        self.serve();
        self.cut();
    }

    fn serve(&mut self) {
        let mut next = Next {
            group: Instant::now(),
            tick: Instant::now(),
            cut: Instant::now() + self.rhythm.cut,
        };
        loop {
            let is_closed = self.gather(&next);
            let now = Instant::now();
            if next.tick <= now {
                next.tick = now + TICK;
                self.append_tick();
            }
            let is_due = next.group <= now || GROUP_BYTES <= self.log.group_bytes() || is_closed;
            if is_due && !self.waiting.is_empty() {
                self.commit();
                next.group = Instant::now() + self.rhythm.group;
            }
            if next.cut <= now && self.waiting.is_empty() {
                next.cut = now + self.rhythm.cut;
                self.cut();
            }
            if is_closed {
                return;
            }
        }
    }

    /// Appends what comes until something is due; `true` when nothing will come any more.
    fn gather(&mut self, next: &Next) -> bool {
        let due = match self.waiting.is_empty() {
            true => next.tick.min(next.cut),
            false => next.tick.min(next.group),
        };
        match self.inbox.receive(Some(due)) {
            Received::Message(pending) => self.append(pending),
            Received::Nothing => {}
            Received::Closed => return true,
        }
        while self.log.group_bytes() < GROUP_BYTES
            && let Some(pending) = self.inbox.try_receive()
        {
            self.append(pending);
        }
        false
    }

    fn append(&mut self, pending: Pending) {
        match self.log.append(Kind::Request, now(), &pending.payload()) {
            Ok(at) => self.waiting.push((at, Waiting::Request(Box::new(pending)))),
            Err(_) => pending.refuse(),
        }
    }

    fn append_tick(&mut self) {
        if let Ok(at) = self.log.append(Kind::Tick, now(), &[]) {
            self.waiting.push((at, Waiting::Tick));
        }
    }

    /// Makes the group last, and only then lets anybody know of it.
    fn commit(&mut self) {
        let start = Instant::now();
        let written = self.log.commit();
        let waiting = std::mem::take(&mut self.waiting);
        match written {
            Ok(()) => {
                self.wal.status.synced(waiting.len() as u64, start.elapsed());
                for (at, waiting) in waiting {
                    self.deliver(at, waiting);
                }
            }
            Err(error) => self.refuse(&error, waiting),
        }
        self.trim();
        self.wal.status.holds(self.log.bytes());
    }

    fn deliver(&self, at: LogPos, waiting: Waiting) {
        match waiting {
            Waiting::Request(pending) => pending.deliver(at),
            Waiting::Tick => {
                tell(&self.shared, &self.stop, || Message::word(at, Purpose::Tick));
            }
        }
    }

    fn refuse(&self, error: &LogError, waiting: Vec<(LogPos, Waiting)>) {
        tracing::error!(%error, "the log cannot be written; requests are refused");
        self.wal.status.failed();
        for (_, waiting) in waiting {
            if let Waiting::Request(pending) = waiting {
                pending.refuse();
            }
        }
    }

    /// Has every shard tell how it is before the next record, if there was one since the last time.
    fn cut(&mut self) {
        let at = LogPos {
            offset: Offset(self.log.next()),
            time: self.log.clock(),
        };
        if self.cut < at.offset.0 && tell(&self.shared, &self.stop, || Message::word(at, Purpose::Cut)) {
            self.cut = at.offset.0;
        }
    }

    /// Lets go what is stored.
    fn trim(&mut self) {
        let floor = self.wal.floor.load(Ordering::SeqCst);
        if floor <= self.trimmed {
            return;
        }
        match self.log.trim(floor) {
            Ok(_) => self.trimmed = floor,
            Err(error) => tracing::warn!(%error, "old records cannot be let go"),
        }
    }
}

/// When what is due.
struct Next {
    group: Instant,
    tick: Instant,
    cut: Instant,
}

fn now() -> LogTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    LogTime(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}
