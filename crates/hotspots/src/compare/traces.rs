//! Two traces side by side: what one does that the other does not, or does more often, or waits longer for.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use hotspan_model::{Class, Fingerprint, Nanos, SpanView, TraceView};

use super::{Change, GROWTH};
use crate::sign::narrow;

/// Less is no growth of critical-path time.
const PATH_MIN: Nanos = Nanos::from_millis(1);
/// Fewer more are no growth of a count.
const COUNT_MIN: u64 = 2;

/// What two traces differ in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceChanges {
    /// What spans do, those first whose critical-path time changed most.
    pub calls: Vec<CallChange>,
    /// What the detectors say, by hotspot.
    pub findings: Vec<FindingChange>,
}

/// One kind of span in both traces: what a service does, or asks of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallChange {
    /// Its service.
    pub service: String,
    /// What it does.
    pub operation: String,
    /// The grouping key of an outgoing operation, else empty.
    pub template: String,
    /// Its class.
    pub class: Class,
    /// What became of it.
    pub change: Change,
    /// In the first trace and in the second.
    pub sides: [CallSum; 2],
}

/// All spans of one kind in one trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallSum {
    /// How many.
    pub count: u64,
    /// Those that failed.
    pub failed: u64,
    /// Their durations, summed.
    pub duration: Nanos,
    /// Their critical-path time.
    pub path: Nanos,
}

/// A hotspot that one of the traces shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingChange {
    /// Which.
    pub hotspot: Fingerprint,
    /// Whose finding it is.
    pub detector: &'static str,
    /// The service that must change.
    pub service: String,
    /// Calls in the first trace and in the second; 0 where it is not found.
    pub calls: [u64; 2],
    /// What the fix would likely save there.
    pub saving: [Nanos; 2],
}

/// Compares two traces, span kind by span kind and finding by finding.
pub fn traces(a: &TraceView, b: &TraceView) -> TraceChanges {
    let mut kinds: BTreeMap<Kind<'_>, [CallSum; 2]> = BTreeMap::new();
    let mut found: BTreeMap<Fingerprint, FindingChange> = BTreeMap::new();
    for (side, trace) in [a, b].into_iter().enumerate() {
        for span in &trace.spans {
            add(&mut kinds.entry(kind(span)).or_default()[side], span);
        }
        for finding in &trace.findings {
            let row = found.entry(finding.hotspot).or_insert_with(|| FindingChange {
                hotspot: finding.hotspot,
                detector: finding.detector,
                service: finding.service.clone(),
                calls: [0; 2],
                saving: [Nanos(0); 2],
            });
            row.calls[side] = row.calls[side].saturating_add(finding.calls);
            row.saving[side].0 = row.saving[side].0.saturating_add(finding.saving.likely.0);
        }
    }
    let mut calls: Vec<CallChange> = kinds.into_iter().map(|(kind, sides)| row(kind, sides)).collect();
    // Stable, so that what changed equally stays in order of text.
    calls.sort_by_key(|row| {
        let [a, b] = &row.sides;
        Reverse((a.path.0.abs_diff(b.path.0), a.count.abs_diff(b.count)))
    });
    TraceChanges {
        calls,
        findings: found.into_values().collect(),
    }
}

/// Service, template, operation and class of a span.
type Kind<'a> = (&'a str, &'a str, &'a str, Class);

fn kind(span: &SpanView) -> Kind<'_> {
    (&span.service, &span.template, &span.operation, span.class)
}

fn add(sum: &mut CallSum, span: &SpanView) {
    sum.count = sum.count.saturating_add(span.count);
    sum.failed += u64::from(span.failed);
    sum.duration.0 = sum.duration.0.saturating_add(span.duration.0);
    sum.path.0 = sum.path.0.saturating_add(span.path_time.0);
}

fn row((service, template, operation, class): Kind<'_>, sides: [CallSum; 2]) -> CallChange {
    CallChange {
        service: service.to_owned(),
        operation: operation.to_owned(),
        template: template.to_owned(),
        class,
        change: change(&sides),
        sides,
    }
}

fn change([a, b]: &[CallSum; 2]) -> Change {
    match (a.count, b.count) {
        (0, _) => Change::Appeared,
        (_, 0) => Change::Gone,
        _ if more(a.path.0, b.path.0, PATH_MIN.0) || more(a.count, b.count, COUNT_MIN) => Change::Grew,
        _ if more(b.path.0, a.path.0, PATH_MIN.0) || more(b.count, a.count, COUNT_MIN) => Change::Shrank,
        _ => Change::Same,
    }
}

/// Whether the second is more than the first, by a part that counts and by `least`.
fn more(first: u64, second: u64, least: u64) -> bool {
    let margin = narrow(u128::from(first) * u128::from(GROWTH) / u128::from(hotspan_model::MILLION));
    first.saturating_add(margin.max(least)) <= second
}
