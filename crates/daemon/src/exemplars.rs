//! Traces that hotspots refer to, with what is known of their attributes: a cold registry, off the span path.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use dashmap::DashMap;
use hotspan_model::{Around, Assembled, Group, SideOf, Span, SpanDetail, TraceId};

/// One kept trace.
#[derive(Debug)]
pub(crate) struct Exemplar {
    /// Its spans.
    pub(crate) trace: Arc<Assembled>,
    /// Their attribute keys, values redacted; empty when the request's bytes were gone.
    pub(crate) details: Vec<SpanDetail>,
}

/// All kept traces of all shards, under a budget of bytes. Its stripes are held for one look-up or one insertion.
#[derive(Debug)]
pub(crate) struct Exemplars {
    held: DashMap<TraceId, Arc<Exemplar>>,
    bytes: AtomicU64,
    bytes_max: u64,
}

impl Exemplars {
    pub(crate) fn new(bytes_max: u64) -> Exemplars {
        Exemplars {
            held: DashMap::new(),
            bytes: AtomicU64::new(0),
            bytes_max,
        }
    }

    pub(crate) fn get(&self, id: TraceId) -> Option<Arc<Exemplar>> {
        self.held.get(&id).map(|found| Arc::clone(&found))
    }

    /// Accounted bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    /// Keeps an exemplar; details that an earlier version had are not lost to one without. Where the budget has no
    /// room its details go first, then the trace: `false`. The shard that owns the trace is the only one to call.
    pub(crate) fn put(&self, id: TraceId, mut exemplar: Exemplar) -> bool {
        let before = self.remove(id);
        if exemplar.details.is_empty()
            && let Some(before) = before
        {
            exemplar.details.clone_from(&before.details);
        }
        if !self.take(exemplar.bytes()) {
            exemplar.details = Vec::new();
            if !self.take(exemplar.bytes()) {
                return false;
            }
        }
        self.held.insert(id, Arc::new(exemplar));
        true
    }

    /// Forgets one.
    pub(crate) fn release(&self, id: TraceId) {
        self.remove(id);
    }

    fn remove(&self, id: TraceId) -> Option<Arc<Exemplar>> {
        let (_, removed) = self.held.remove(&id)?;
        self.bytes.fetch_sub(removed.bytes(), Relaxed);
        Some(removed)
    }

    fn take(&self, bytes: u64) -> bool {
        let within = |held: u64| held.checked_add(bytes).filter(|&sum| sum <= self.bytes_max);
        self.bytes.fetch_update(Relaxed, Relaxed, within).is_ok()
    }
}

impl Exemplar {
    /// What it weighs, nearly.
    fn bytes(&self) -> u64 {
        let Assembled {
            spans, sides, groups, ..
        } = &*self.trace;
        let records = spans.len() * size_of::<Span>()
            + sides.len() * size_of::<SideOf>()
            + groups.len() * size_of::<Group>();
        let details: usize = self.details.iter().map(detail_bytes).sum();
        (size_of::<Assembled>() + records + details + around_bytes(&self.details)) as u64
    }
}

fn pairs(of: &[(String, String)]) -> usize {
    let texts = of.iter().map(|(key, value)| key.len() + value.len());
    texts.sum::<usize>() + size_of_val(of)
}

/// What the spans share, once for each block: those of one stand together.
fn around_bytes(details: &[SpanDetail]) -> usize {
    let blocks = details.chunk_by(|a, b| Arc::ptr_eq(&a.around, &b.around));
    let weigh =
        |of: &Around| size_of::<Around>() + pairs(&of.resource) + of.scope.len() + of.scope_version.len();
    blocks
        .filter_map(|block| block.first())
        .map(|first| weigh(&first.around))
        .sum()
}

fn detail_bytes(of: &SpanDetail) -> usize {
    let events = of
        .events
        .iter()
        .map(|event| event.name.len() + pairs(&event.attributes));
    size_of::<SpanDetail>()
        + of.name.len()
        + pairs(&of.attributes)
        + size_of_val(of.events.as_slice())
        + size_of_val(of.links.as_slice())
        + events.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u128) -> TraceId {
        TraceId::new(number).unwrap()
    }

    fn exemplar(text: usize) -> Exemplar {
        let detail = SpanDetail {
            name: "x".repeat(text),
            ..SpanDetail::default()
        };
        Exemplar {
            trace: Arc::default(),
            details: vec![detail],
        }
    }

    fn bare() -> Exemplar {
        Exemplar {
            trace: Arc::default(),
            details: Vec::new(),
        }
    }

    #[test]
    fn details_go_first_and_then_the_trace() {
        let bare_bytes = bare().bytes();
        let held = Exemplars::new(exemplar(1_000).bytes() + bare_bytes);
        assert!(held.put(id(1), exemplar(1_000)));
        assert!(
            held.put(id(2), exemplar(1_000)),
            "without its details there is room"
        );
        assert!(held.get(id(2)).unwrap().details.is_empty());
        assert!(!held.put(id(3), bare()) && held.get(id(3)).is_none());
        held.release(id(1));
        assert_eq!(held.bytes(), bare_bytes);
        assert!(held.put(id(3), exemplar(1_000)));
    }

    #[test]
    fn a_version_without_details_keeps_those_of_the_one_before() {
        let held = Exemplars::new(1 << 20);
        assert!(held.put(id(1), exemplar(9)));
        assert!(held.put(id(1), bare()));
        assert_eq!(held.get(id(1)).unwrap().details[0].name.len(), 9);
        assert_eq!(held.bytes(), exemplar(9).bytes());
    }
}
