//! Batches that are lent to the shards and come back to be filled again.

use std::ops::Deref;
use std::sync::Arc;

use crossbeam_queue::ArrayQueue;
use hotspan_model::Batch;

/// Most batches kept for reuse: with the largest ones that are kept, some 25 MiB.
const KEPT_MAX: usize = 32;
/// A batch that grew beyond so many spans is freed, so that one huge request does not keep its memory.
const SPANS_KEPT_MAX: usize = 8_192;

/// The batches that are free.
#[derive(Clone, Debug)]
pub(crate) struct Batches(Arc<ArrayQueue<Batch>>);

impl Batches {
    pub(crate) fn new() -> Batches {
        Batches(Arc::new(ArrayQueue::new(KEPT_MAX)))
    }

    /// An empty batch in place of `filled`, which is lent out.
    pub(crate) fn lend(&self, filled: &mut Batch) -> PooledBatch {
        let empty = self.0.pop().unwrap_or_default();
        PooledBatch {
            batch: std::mem::replace(filled, empty),
            home: Some(Arc::clone(&self.0)),
        }
    }
}

/// A batch that goes home when it is dropped.
#[derive(Debug, Default)]
pub struct PooledBatch {
    batch: Batch,
    home: Option<Arc<ArrayQueue<Batch>>>,
}

impl Deref for PooledBatch {
    type Target = Batch;

    fn deref(&self) -> &Batch {
        &self.batch
    }
}

impl Drop for PooledBatch {
    fn drop(&mut self) {
        let Some(home) = &self.home else {
            return;
        };
        let mut batch = std::mem::take(&mut self.batch);
        empty(&mut batch);
        // A full pool frees the batch instead: that is its bound.
        drop(home.push(batch));
    }
}

/// Forgets the spans, and the buffers when they grew too far.
pub(crate) fn empty(batch: &mut Batch) {
    match batch.records.capacity() <= SPANS_KEPT_MAX && batch.sides.capacity() <= SPANS_KEPT_MAX {
        true => batch.clear(),
        false => *batch = Batch::default(),
    }
}
