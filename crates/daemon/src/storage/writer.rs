//! The one thread that writes the store: what changed in the newest snapshots, and what people said.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hotspan_api::NotSaid;
use hotspan_hotspots::Snapshot;
use hotspan_model::{LogTime, Nanos};
use hotspan_pipeline::Held;
use hotspan_store::{Commit, Limits, Progress, Store, StoreError};
use hotspan_telemetry::Began;

use super::evidence::Change;
use super::{Save, Stored};
use crate::shared::Shared;
use crate::wal::{Carried, Complete, Wal};

/// Writing rows costs at most a tenth of one core: it rests so many times as long as it worked.
const REST: u32 = 9;
/// What is kept is looked through so often.
const SWEEP: Duration = Duration::from_secs(10);
/// A log that brought nothing new is used so much further before that is stored, too.
const PROGRESS_RECORDS: u64 = 64;
/// At the end traces are stored for so long, some at a time.
const LAST: Duration = Duration::from_secs(5);
/// After a failure the next try comes later, and later, up to this.
const RETRY_MOST: Duration = Duration::from_secs(60);

/// How often, and how much.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Rows that changed are written so often.
    pub(crate) interval: Duration,
    pub(crate) limits: Limits,
    /// Most bytes of traces.
    pub(crate) exemplars_max: u64,
}

/// Writes for as long as it is wanted.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    store: Store,
    stored: Stored,
    pace: Pace,
    stop: Arc<AtomicBool>,
    /// Failures since the last commit.
    failed: u32,
    /// Up to where a log was used, as stored.
    hi: u64,
}

/// What there is to write.
struct Newest {
    snapshots: Vec<Arc<Snapshot>>,
    /// The latest moment that the shards know.
    at: LogTime,
    progress: Option<Progress>,
}

impl Newest {
    fn nothing(at: LogTime) -> Newest {
        Newest {
            snapshots: Vec::new(),
            at,
            progress: None,
        }
    }

    fn of(cut: &Complete, wal: &Wal) -> Newest {
        let held: Vec<Held> = cut.shards.iter().map(|shard| shard.held.clone()).collect();
        let hi = cut.at.offset.0;
        let floor = held.iter().map(|shard| shard.floor.0).min().unwrap_or(hi);
        let carried = Carried {
            held,
            ..wal.carried.clone()
        };
        Newest {
            snapshots: cut
                .shards
                .iter()
                .map(|shard| Arc::clone(&shard.hotspots))
                .collect(),
            at: cut.at.time,
            progress: Some(Progress {
                hi,
                floor,
                // Records of a file log come in order of time, so that the one at the floor says it.
                floor_clock: cut.at.time,
                stubs: carried.write(),
                rules: carried.rules,
            }),
        }
    }
}

impl Writer {
    pub(crate) fn new(
        shared: Arc<Shared>,
        (store, stored): (Store, Stored),
        pace: Pace,
        stop: Arc<AtomicBool>,
    ) -> Writer {
        Writer {
            shared,
            store,
            stored,
            pace,
            stop,
            failed: 0,
            hi: 0,
        }
    }

    /// Runs until `stop` is set and the thread is unparked; the last commit is made after that.
    pub(crate) fn run(mut self) {
        let start = Instant::now();
        let (mut next, mut sweep) = (start + self.pace.interval, start + SWEEP);
        loop {
            let stopping = self.stop.load(Ordering::SeqCst);
            let start = Instant::now();
            let saves: Vec<Save> = std::iter::from_fn(|| self.shared.storing.saves.pop()).collect();
            let is_due = stopping || next <= start;
            if is_due || !saves.is_empty() {
                let began = self.shared.traces.begin();
                let saved = self.save(&saves, is_due);
                self.tell(began, &saved);
                self.answer(saves, saved.map(drop));
                next = next.max(start + self.rest(start.elapsed()));
            }
            if sweep <= start && self.failed == 0 {
                sweep = self.sweep(start);
            }
            if stopping {
                self.save_rest(start);
                break;
            }
            std::thread::park_timeout(
                next.min(sweep.max(next))
                    .saturating_duration_since(Instant::now()),
            );
        }
        if let Err(error) = self.store.close() {
            tracing::warn!(%error, "the store is not in one file; the next start puts it together");
        }
    }

    /// How long until the next rows are written.
    fn rest(&self, took: Duration) -> Duration {
        let interval = self.pace.interval;
        match self.failed {
            0 => interval.max(took * REST),
            // Most of the time that a failure takes is spent waiting.
            failed => interval
                .saturating_mul(1 << failed.min(10))
                .min(RETRY_MOST.max(interval)),
        }
    }

    /// A span of our own for each commit, and each that failed.
    fn tell(&self, began: Began, saved: &Result<bool, StoreError>) {
        if let Ok(false) = saved {
            return;
        }
        self.shared.traces.end(began, "commit", |span| {
            if let Err(error) = saved {
                span.failed(&error.to_string());
            }
        });
    }

    /// Writes the traces that wait for their turn, for as long as a shutdown has time.
    fn save_rest(&mut self, start: Instant) {
        while self.failed == 0 && start.elapsed() < LAST {
            match self.save(&[], true) {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => return tracing::warn!(%error, "not all traces of hotspots are stored"),
            }
        }
    }

    /// Writes what was said, and the rows if they are due. Snapshots stay what is to be written until they are. Gives
    /// whether there was anything to write.
    fn save(&mut self, saves: &[Save], with_rows: bool) -> Result<bool, StoreError> {
        let start = Instant::now();
        let newest = self.newest();
        let is_new = with_rows && self.is_newer(&newest);
        let (at, snapshots, progress) = match is_new {
            true => (newest.at, newest.snapshots, newest.progress),
            false => (newest.at, Vec::new(), None),
        };
        let notes = self.shared.storing.notes.load_full();
        let change = match with_rows {
            true => self.evidence()?,
            false => Change::default(),
        };
        if snapshots.is_empty() && saves.is_empty() && *notes == self.stored.notes && change.is_empty() {
            return Ok(false);
        }
        let shared = Arc::clone(&self.shared);
        let mut commit = self.store.begin(shared.published.len(), at)?;
        write_rows(&mut commit, &snapshots, &self.stored, &shared)?;
        for (id, note) in notes
            .iter()
            .filter(|(id, note)| self.stored.notes.get(*id) != Some(*note))
        {
            commit.note(id, Some(note))?;
        }
        for (id, _) in self
            .stored
            .notes
            .iter()
            .filter(|(id, _)| notes.get(*id).is_none())
        {
            commit.note(id, None)?;
        }
        saves.iter().try_for_each(|save| commit.said(&save.said))?;
        change.write(&mut commit)?;
        if let Some(progress) = &progress {
            commit.progress(progress)?;
        }
        commit.finish()?;
        self.stored.evidence.done(change);
        self.shared
            .storing
            .status
            .holds_exemplars(self.stored.evidence.size());
        if !snapshots.is_empty() {
            self.stored.shards = snapshots;
        }
        self.stored.notes = notes.as_ref().clone();
        if let (Some(progress), Some(wal)) = (progress, &self.shared.wal) {
            self.hi = progress.hi;
            wal.floor.store(progress.floor, Ordering::SeqCst);
        }
        let took = Nanos(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX));
        let bytes = self.store.bytes().unwrap_or(0);
        self.shared.storing.status.saved(at, took, bytes);
        Ok(true)
    }

    /// What changes about the traces that are stored. Before all shards are in a view, none of them is known to be shown
    /// no more.
    fn evidence(&mut self) -> Result<Change, StoreError> {
        let evidence = &mut self.stored.evidence;
        let view = self.shared.view.load();
        if view.status.shards.len() != self.shared.published.len() {
            return Ok(Change::default());
        }
        // Traces have what the other rows leave: they are the first to go.
        let (_, bytes) = evidence.size();
        let others = self.store.bytes()?.saturating_sub(bytes);
        let left = self.pace.limits.bytes.saturating_sub(others);
        let max = self.pace.exemplars_max.min(left);
        Ok(evidence.plan(&view, &self.shared.exemplars, &self.shared.dictionary, max))
    }

    /// Every shard's newest; with a log, as all of them were at one offset.
    fn newest(&self) -> Newest {
        if let Some(wal) = &self.shared.wal {
            let newest = wal.cuts.newest();
            return newest.map_or_else(
                || Newest::nothing(self.shared.started),
                |cut| Newest::of(&cut, wal),
            );
        }
        let newest = self.shared.snapshots();
        Newest {
            at: self.latest(&newest),
            snapshots: newest.iter().map(|shard| Arc::clone(&shard.hotspots)).collect(),
            progress: None,
        }
    }

    /// The latest moment that shards know.
    fn latest(&self, shards: &[Arc<hotspan_pipeline::Snapshot>]) -> LogTime {
        let at = shards.iter().map(|shard| shard.at.time).max();
        at.unwrap_or(self.shared.started)
    }

    fn is_newer(&self, newest: &Newest) -> bool {
        let versions = |of: &[Arc<Snapshot>]| of.iter().map(|shard| shard.version).collect::<Vec<_>>();
        let hi = newest.progress.as_ref().map_or(0, |progress| progress.hi);
        versions(&newest.snapshots) != versions(&self.stored.shards) || self.hi + PROGRESS_RECORDS <= hi
    }

    fn answer(&mut self, saves: Vec<Save>, saved: Result<(), StoreError>) {
        let status = &self.shared.storing.status;
        match &saved {
            Ok(()) if self.failed > 0 => {
                self.failed = 0;
                tracing::info!("the store is written again");
            }
            Ok(()) => {}
            Err(error) => {
                if self.failed == 0 {
                    tracing::error!(%error, "the store cannot be written; spans are taken, and what they say is kept in memory");
                }
                self.failed = self.failed.saturating_add(1);
                let full = if error.is_full() { "no room is left: " } else { "" };
                status.failed(format!("{full}{error}"));
            }
        }
        for save in saves {
            let answer = saved.as_ref().map(|_| ()).map_err(|_| NotSaid::Unstored);
            if save.answer.send(answer).is_err() {
                tracing::debug!("the reader went away");
            }
        }
    }

    /// Deletes one step of what is too old or too much; gives when to look again.
    fn sweep(&mut self, now: Instant) -> Instant {
        match self.store.rows() {
            Ok(rows) => self.shared.storing.status.holds_rows(rows),
            Err(error) => tracing::warn!(%error, "the rows of the store cannot be counted"),
        }
        match self
            .store
            .sweep(self.pace.limits, self.latest(&self.shared.snapshots()))
        {
            Ok(swept) if swept.again => now + self.pace.interval,
            Ok(_) => now + SWEEP,
            Err(error) => {
                tracing::warn!(%error, "the store cannot be made smaller");
                now + RETRY_MOST
            }
        }
    }
}

/// Without what is stored, all of it is written in the place of whatever is there.
fn write_rows(
    commit: &mut Commit<'_>,
    snapshots: &[Arc<Snapshot>],
    stored: &Stored,
    shared: &Shared,
) -> Result<(), StoreError> {
    if !snapshots.is_empty() && stored.shards.is_empty() {
        commit.clear()?;
    }
    for (shard, snapshot) in snapshots.iter().enumerate() {
        let mut written = Ok(());
        let before = stored.shards.get(shard).map(Arc::as_ref);
        snapshot.changes(before, &shared.dictionary, |row| {
            if written.is_ok() {
                written = commit.row(shard, &row);
            }
        });
        written?;
    }
    Ok(())
}
