//! Traces that the store keeps, for whoever asks for one that is not in memory.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use hotspan_api::Outline;
use hotspan_model::TraceId;
use hotspan_store::{Known, StoredTrace, TraceReader};

/// Most outlines that one list reads.
const OUTLINES_MAX: usize = 10_000;

/// Reads traces from the store, where there is one. A trace that cannot be read is counted, told, and not held.
#[derive(Debug, Default)]
pub(crate) struct KeptTraces {
    reader: Option<Reader>,
    unreadable: AtomicU64,
}

#[derive(Debug)]
struct Reader {
    of: TraceReader,
    /// Shared by all that read, since names live as long as the process.
    known: Mutex<Known>,
}

impl KeptTraces {
    pub(crate) fn new(of: TraceReader, known: Known) -> KeptTraces {
        KeptTraces {
            reader: Some(Reader {
                of,
                known: Mutex::new(known),
            }),
            unreadable: AtomicU64::new(0),
        }
    }

    /// One trace. This reads a file.
    pub(crate) fn get(&self, id: TraceId) -> Option<StoredTrace> {
        let Reader { of, known } = self.reader.as_ref()?;
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        of.trace(id, &mut known).unwrap_or_else(|error| {
            self.unreadable.fetch_add(1, Relaxed);
            tracing::warn!(trace = %id, %error, "a stored trace cannot be read: it is answered as not held");
            None
        })
    }

    /// Outlines of those of `ids` that are stored. This reads a file.
    pub(crate) fn outlines(&self, ids: Vec<TraceId>) -> Vec<Outline> {
        let Some(Reader { of, .. }) = &self.reader else {
            return Vec::new();
        };
        let found = of
            .outlines(ids.into_iter().take(OUTLINES_MAX))
            .unwrap_or_else(|error| {
                self.unreadable.fetch_add(1, Relaxed);
                tracing::warn!(%error, "stored traces cannot be listed");
                Vec::new()
            });
        let unreadable = found.iter().filter(|outline| outline.is_err()).count();
        if unreadable > 0 {
            self.unreadable.fetch_add(unreadable as u64, Relaxed);
            tracing::warn!(
                unreadable,
                "some stored traces cannot be read and are left out of a list"
            );
        }
        found.into_iter().flatten().collect()
    }

    /// Times that something could not be read.
    pub(crate) fn unreadable(&self) -> u64 {
        self.unreadable.load(Relaxed)
    }
}
