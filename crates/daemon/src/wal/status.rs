//! How the log is, for readers.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use hotspan_api::Log;
use hotspan_log::Passed;
use hotspan_model::Nanos;

/// Written by the thread that owns the log.
#[derive(Debug, Default)]
pub(crate) struct WalStatus {
    bytes: AtomicU64,
    records: AtomicU64,
    syncs: AtomicU64,
    sync_nanos: AtomicU64,
    failures: AtomicU64,
    /// Records to read again, and how many were.
    to_replay: AtomicU64,
    replayed: AtomicU64,
    poison: AtomicU64,
    rule_seam: AtomicU64,
    torn: AtomicU64,
    torn_bytes: AtomicU64,
    lost: AtomicU64,
    is_replayed: AtomicBool,
}

impl WalStatus {
    /// What was found at the start.
    pub(crate) fn found(&self, passed: Passed, to_replay: u64, bytes: u64) {
        self.torn.store(u64::from(passed.torn > 0), Relaxed);
        self.torn_bytes.store(passed.torn, Relaxed);
        self.lost.store(passed.lost, Relaxed);
        self.to_replay.store(to_replay, Relaxed);
        self.bytes.store(bytes, Relaxed);
    }

    /// One more record was read again.
    pub(crate) fn replayed(&self, is_poison: bool) {
        self.replayed.fetch_add(1, Relaxed);
        self.poison.fetch_add(u64::from(is_poison), Relaxed);
    }

    /// All were.
    pub(crate) fn done(&self) {
        self.is_replayed.store(true, Relaxed);
    }

    /// A group of so many records was synced.
    pub(crate) fn synced(&self, records: u64, took: Duration) {
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.records.fetch_add(records, Relaxed);
        self.syncs.fetch_add(1, Relaxed);
        self.sync_nanos.fetch_add(took, Relaxed);
    }

    /// A group could not be written.
    pub(crate) fn failed(&self) {
        self.failures.fetch_add(1, Relaxed);
    }

    pub(crate) fn holds(&self, bytes: u64) {
        self.bytes.store(bytes, Relaxed);
    }

    /// Sessions that a change of rules cost their later versions.
    pub(crate) fn seam(&self, sessions: u64) {
        self.rule_seam.fetch_add(sessions, Relaxed);
    }

    /// Whether requests are taken, and how far that is.
    pub(crate) fn progress(&self) -> (bool, String) {
        let of = |number: &AtomicU64| number.load(Relaxed);
        let (done, all) = (of(&self.replayed), of(&self.to_replay));
        match self.is_replayed.load(Relaxed) {
            true => (true, format!("{done} records read again")),
            false => (false, format!("reading again: {done} of {all} records")),
        }
    }

    /// What readers get; `refused` requests are the receivers' to count.
    pub(crate) fn read(&self, refused: u64) -> Log {
        let of = |number: &AtomicU64| number.load(Relaxed);
        Log {
            bytes: of(&self.bytes),
            records: of(&self.records),
            syncs: of(&self.syncs),
            sync_time: Nanos(of(&self.sync_nanos)),
            failures: of(&self.failures),
            refused,
            replayed: of(&self.replayed),
            poison: of(&self.poison),
            rule_seam: of(&self.rule_seam),
            torn: of(&self.torn),
            torn_bytes: of(&self.torn_bytes),
            lost: of(&self.lost),
        }
    }
}
