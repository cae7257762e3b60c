//! The one thread that writes the store: what changed in the newest snapshots, and what people said.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hotspan_api::NotSaid;
use hotspan_hotspots::Snapshot;
use hotspan_model::{LogTime, Nanos};
use hotspan_store::{Commit, Limits, Store, StoreError};

use super::evidence::Change;
use super::{Save, Stored};
use crate::shared::Shared;

/// Writing rows costs at most a tenth of one core: it rests so many times as long as it worked.
const REST: u32 = 9;
/// What is kept is looked through so often.
const SWEEP: Duration = Duration::from_secs(10);
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
                let saved = self.save(&saves, is_due).map(|_| ());
                self.answer(saves, saved);
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
        let (snapshots, at) = self.snapshots();
        let snapshots = match with_rows && self.is_newer(&snapshots) {
            true => snapshots,
            false => Vec::new(),
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

    /// Every shard's newest, and the latest moment that they know.
    fn snapshots(&self) -> (Vec<Arc<Snapshot>>, LogTime) {
        let newest = self.shared.snapshots();
        let at = newest.iter().map(|shard| shard.at.time).max();
        let shards = newest.iter().map(|shard| Arc::clone(&shard.hotspots));
        (shards.collect(), at.unwrap_or(self.shared.started))
    }

    fn is_newer(&self, snapshots: &[Arc<Snapshot>]) -> bool {
        let versions = |of: &[Arc<Snapshot>]| of.iter().map(|shard| shard.version).collect::<Vec<_>>();
        versions(snapshots) != versions(&self.stored.shards)
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
        let (_, at) = self.snapshots();
        match self.store.rows() {
            Ok(rows) => self.shared.storing.status.holds_rows(rows),
            Err(error) => tracing::warn!(%error, "the rows of the store cannot be counted"),
        }
        match self.store.sweep(self.pace.limits, at) {
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
