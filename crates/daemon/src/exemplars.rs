//! Traces that hotspots refer to, with what is known of their attributes: a cold registry, off the span path.

use std::collections::BTreeSet;
use std::sync::Arc;

use dashmap::DashMap;
use hotspan_model::{Assembled, SpanDetail, TraceId};

/// One kept trace.
#[derive(Debug)]
pub(crate) struct Exemplar {
    /// Its spans.
    pub(crate) trace: Arc<Assembled>,
    /// Their attribute keys, values redacted; empty when the request's bytes were gone.
    pub(crate) details: Vec<SpanDetail>,
}

/// All kept traces of all shards. Its stripes are held for one look-up or one insertion.
#[derive(Debug, Default)]
pub(crate) struct Exemplars {
    held: DashMap<TraceId, Arc<Exemplar>>,
}

impl Exemplars {
    pub(crate) fn get(&self, id: TraceId) -> Option<Arc<Exemplar>> {
        self.held.get(&id).map(|found| Arc::clone(&found))
    }

    /// Keeps an exemplar; details that an earlier version had are not lost to one without.
    pub(crate) fn put(&self, id: TraceId, mut exemplar: Exemplar) {
        if exemplar.details.is_empty()
            && let Some(before) = self.get(id)
        {
            exemplar.details.clone_from(&before.details);
        }
        self.held.insert(id, Arc::new(exemplar));
    }

    /// Forgets what one shard kept and no hotspot refers to any more.
    pub(crate) fn release(&self, kept: &mut BTreeSet<TraceId>, referenced: &BTreeSet<TraceId>) {
        kept.retain(|id| {
            let stays = referenced.contains(id);
            if !stays {
                self.held.remove(id);
            }
            stays
        });
    }
}
