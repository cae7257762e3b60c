//! What whoever looks after the process sees of its tenants: their load, and nothing of what they send.

use std::collections::BTreeMap;

use super::families::{counter, gauge, labelled};
use super::text::{Family, Sample};
use crate::Status;

/// A family each, with a row for each tenant; none where there are no tenants.
pub(super) fn families(of: &[Status]) -> Vec<Family> {
    if of.is_empty() {
        return Vec::new();
    }
    let memory = |status: &Status, which: fn(&crate::Memory) -> u64| status.memory.iter().map(which).sum();
    vec![
        counter(
            "hotspan_tenant_spans_received",
            "Spans of a tenant in requests that were handed over.",
            rows(of, |status| status.counts.received),
        ),
        counter(
            "hotspan_tenant_spans_dropped",
            "Spans of a tenant that were not analysed.",
            rows(of, |status| status.counts.dropped.iter().sum()),
        ),
        counter(
            "hotspan_tenant_requests_refused",
            "Requests of a tenant that were turned away.",
            refused(of),
        ),
        gauge(
            "hotspan_tenant_pressure_level",
            "What gives way to the load of a tenant, as hotspan_pressure_level.",
            rows(of, |status| status.pressure.level as u64),
        ),
        gauge(
            "hotspan_tenant_memory_used_bytes",
            "Bytes that a tenant holds, as they are accounted.",
            rows(of, |status| memory(status, |part| part.used)),
        ),
        gauge(
            "hotspan_tenant_memory_max_bytes",
            "The most bytes that a tenant may hold.",
            rows(of, |status| memory(status, |part| part.max)),
        ),
        gauge(
            "hotspan_tenant_store_failing",
            "1 while the store of a tenant cannot be written, else 0.",
            rows(of, |status| u64::from(!status.storage.failing.is_empty())),
        ),
    ]
}

fn rows(of: &[Status], number: impl Fn(&Status) -> u64) -> Vec<Sample> {
    let row = |status: &Status| labelled([("tenant", name(status))], number(status));
    of.iter().map(row).collect()
}

fn refused(of: &[Status]) -> Vec<Sample> {
    let mut rows: BTreeMap<[&str; 2], u64> = BTreeMap::new();
    for status in of {
        for refused in status.requests.iter().flat_map(|transport| &transport.refused) {
            *rows.entry([name(status), refused.reason]).or_default() += refused.requests;
        }
    }
    let rows = rows.into_iter();
    rows.map(|([tenant, reason], count)| labelled([("tenant", tenant), ("reason", reason)], count))
        .collect()
}

fn name(of: &Status) -> &str {
    of.tenant.as_deref().unwrap_or_default()
}
