//! A trace in a few numbers: its root, its length, and how much each service has of it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Span, Status, Trace};

/// What lists of other tools show of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Summary<'a> {
    pub(crate) root_service: &'a str,
    pub(crate) root_name: &'a str,
    /// Nanoseconds since 1970.
    pub(crate) start: u64,
    /// Nanoseconds since 1970.
    pub(crate) end: u64,
    pub(crate) errors: u32,
    /// Spans whose parent is not in the trace.
    pub(crate) orphans: u32,
    /// By name.
    pub(crate) services: BTreeMap<&'a str, ServiceStats>,
}

/// How much a service has of a trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServiceStats {
    pub(crate) spans: u32,
    pub(crate) errors: u32,
}

impl<'a> Summary<'a> {
    /// Counts a trace.
    pub(crate) fn new(trace: &'a Trace) -> Summary<'a> {
        let ids: BTreeSet<_> = trace.spans.iter().map(|span| span.id).collect();
        let orphan = |span: &&Span| span.parent.is_some_and(|parent| !ids.contains(&parent));
        let mut services: BTreeMap<&str, ServiceStats> = BTreeMap::new();
        for span in &trace.spans {
            let stats = services.entry(&span.resource.service).or_default();
            stats.spans += 1;
            stats.errors += u32::from(span.status == Status::Error);
        }
        let root = root(trace);
        Summary {
            root_service: root.map_or("", |span| &span.resource.service),
            root_name: root.map_or("", |span| &span.name),
            start: trace.start(),
            end: trace.end(),
            errors: services.values().map(|stats| stats.errors).sum(),
            orphans: u32::try_from(trace.spans.iter().filter(orphan).count()).unwrap_or(u32::MAX),
            services,
        }
    }
}

/// The first span without a parent; the primary root is before the others.
fn root(trace: &Trace) -> Option<&Span> {
    let mut spans = trace.spans.iter();
    spans.find(|span| span.parent.is_none()).or(trace.spans.first())
}
