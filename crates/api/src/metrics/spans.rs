//! Rate, errors and durations of spans, under the names that Grafana's and Jaeger's tables ask for.

use std::collections::BTreeMap;

use hotspan_hotspots::{Histogram, Meters, OVERFLOW_LABEL, SpanMeter};
use hotspan_model::Kind as SpanKind;

use super::histogram::{OF_HISTOGRAM, Unit, buckets, merge};
use super::known::{Places, operations};
use super::number::weighted_count;
use super::text::{Family, Labels, counter, histogram, labels, total};
use crate::Exposed;

/// The families that are wanted.
pub(super) fn families(of: &Meters, settings: &Exposed, places: &mut Places<'_>) -> Vec<Family> {
    let mut families = Vec::new();
    if !settings.tempo_spans && !settings.collector_spans {
        return families;
    }
    let spans = spans(of, places);
    if settings.tempo_spans {
        families.extend(tempo_spans(&spans));
    }
    if settings.collector_spans {
        families.extend(collector_spans(&spans));
    }
    families
}

/// Spans of one name, kind and outcome, by their labels without the service's, and the service.
type Spans = BTreeMap<(String, Labels), (u128, Histogram)>;

fn spans(of: &Meters, places: &mut Places<'_>) -> Spans {
    let mut rows = Spans::new();
    for meter in &of.spans {
        let (service, operation) = (meter.service.as_str(), meter.operation.as_str());
        let named = |service, operation| {
            labels([
                ("service", service),
                ("span_name", operation),
                ("span_kind", kind(meter)),
                ("status_code", status(meter)),
            ])
        };
        let choices = [
            named(service, operation),
            named(service, OVERFLOW_LABEL),
            named(OVERFLOW_LABEL, OVERFLOW_LABEL),
        ];
        let few = operations(service, operation);
        let mut labels = places.place("span", choices, few, 1 + OF_HISTOGRAM);
        let (_, service) = labels.remove(0);
        let row = rows.entry((service, labels)).or_default();
        row.0 += meter.count;
        merge(&mut row.1, &meter.latencies);
    }
    rows
}

fn tempo_spans(of: &Spans) -> [Family; 2] {
    [
        counter(
            "traces_spanmetrics_calls",
            "Spans of requests, jobs and calls.",
            of.iter()
                .map(|(key, row)| total(behind("service", key), weighted_count(row.0)))
                .collect(),
        ),
        histogram(
            "traces_spanmetrics_latency",
            "How long they took, in seconds.",
            of.iter()
                .flat_map(|(key, row)| buckets(&behind("service", key), &row.1, Unit::Seconds))
                .collect(),
        ),
    ]
}

fn collector_spans(of: &Spans) -> [Family; 2] {
    [
        counter(
            "traces_span_metrics_calls",
            "Spans of requests, jobs and calls.",
            of.iter()
                .map(|(key, row)| total(behind("service_name", key), weighted_count(row.0)))
                .collect(),
        ),
        histogram(
            "traces_span_metrics_duration_milliseconds",
            "How long they took.",
            of.iter()
                .flat_map(|(key, row)| buckets(&behind("service_name", key), &row.1, Unit::Millis))
                .collect(),
        ),
    ]
}

fn behind(service: &'static str, (name, rest): &(String, Labels)) -> Labels {
    let first = (service, name.clone());
    std::iter::once(first).chain(rest.iter().cloned()).collect()
}

fn kind(of: &SpanMeter) -> &'static str {
    match of.kind {
        SpanKind::Unspecified | SpanKind::Internal => "SPAN_KIND_INTERNAL",
        SpanKind::Server => "SPAN_KIND_SERVER",
        SpanKind::Client => "SPAN_KIND_CLIENT",
        SpanKind::Producer => "SPAN_KIND_PRODUCER",
        SpanKind::Consumer => "SPAN_KIND_CONSUMER",
    }
}

fn status(of: &SpanMeter) -> &'static str {
    match of.failed {
        true => "STATUS_CODE_ERROR",
        false => "STATUS_CODE_UNSET",
    }
}
