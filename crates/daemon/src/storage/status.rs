//! How the store is, for readers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use arc_swap::ArcSwapOption;
use hotspan_api::Storage;
use hotspan_model::{LogTime, Nanos};
use hotspan_store::{Aside, Store};

/// Written by the writer alone.
#[derive(Debug, Default)]
pub(crate) struct StoreStatus {
    is_kept: bool,
    /// Why nothing can be written; `None` while it can.
    failing: ArcSwapOption<String>,
    saved: AtomicU64,
    commits: AtomicU64,
    failures: AtomicU64,
    commit_nanos: AtomicU64,
    file: String,
    bytes: AtomicU64,
    rows: AtomicU64,
    exemplars: AtomicU64,
    exemplar_bytes: AtomicU64,
    moved_aside: String,
}

impl StoreStatus {
    /// That of a store just opened.
    pub(crate) fn of(store: &Store, rows: u64, aside: Option<&Aside>) -> StoreStatus {
        let told = |aside: &Aside| format!("{}: {}", aside.file.display(), aside.why);
        StoreStatus {
            is_kept: true,
            moved_aside: aside.map(told).unwrap_or_default(),
            file: store.dir().file().display().to_string(),
            bytes: AtomicU64::new(store.bytes().unwrap_or(0)),
            rows: AtomicU64::new(rows),
            ..StoreStatus::default()
        }
    }

    /// A commit happened.
    pub(crate) fn saved(&self, at: LogTime, took: Nanos, bytes: u64) {
        self.saved.store(at.0, Relaxed);
        self.bytes.store(bytes, Relaxed);
        self.commits.fetch_add(1, Relaxed);
        self.commit_nanos.fetch_add(took.0, Relaxed);
        self.failing.store(None);
    }

    /// So many traces of hotspots are stored.
    pub(crate) fn holds_exemplars(&self, (exemplars, bytes): (u64, u64)) {
        self.exemplars.store(exemplars, Relaxed);
        self.exemplar_bytes.store(bytes, Relaxed);
    }

    /// So many rows are stored.
    pub(crate) fn holds_rows(&self, rows: u64) {
        self.rows.store(rows, Relaxed);
    }

    /// A commit did not happen.
    pub(crate) fn failed(&self, why: String) {
        self.failures.fetch_add(1, Relaxed);
        self.failing.store(Some(Arc::new(why)));
    }

    /// Why nothing can be written; `None` while it can.
    pub(crate) fn failing(&self) -> Option<Arc<String>> {
        self.failing.load_full()
    }

    /// What readers get, but for what they could not read themselves.
    pub(crate) fn read(&self) -> Storage {
        let number = |of: &AtomicU64| of.load(Relaxed);
        Storage {
            is_kept: self.is_kept,
            failing: self.failing().map(|why| why.to_string()).unwrap_or_default(),
            saved: Some(LogTime(number(&self.saved))).filter(|at| at.0 > 0),
            commits: number(&self.commits),
            failures: number(&self.failures),
            commit_time: Nanos(number(&self.commit_nanos)),
            file: self.file.clone(),
            bytes: number(&self.bytes),
            rows: number(&self.rows),
            exemplars: number(&self.exemplars),
            exemplar_bytes: number(&self.exemplar_bytes),
            exemplars_unreadable: 0,
            moved_aside: self.moved_aside.clone(),
        }
    }
}
