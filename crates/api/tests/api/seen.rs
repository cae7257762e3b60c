//! A trace as each API shows it, read into one form.

use std::collections::BTreeMap;

use hotspan_proto::opentelemetry::proto::common::v1::KeyValue;
use hotspan_proto::opentelemetry::proto::common::v1::any_value::Value as AnyValue;
use hotspan_proto::tempopb::TraceByIdResponse;
use serde_json::Value;

use crate::jaeger_clients::{self, Tag};
use crate::world::NOW;

/// What every view says of a span; times in microseconds, which is as exact as the coarsest of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) parent: Option<String>,
    pub(crate) service: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) start: u64,
    pub(crate) duration: u64,
    pub(crate) failed: bool,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) events: Vec<(u64, String, BTreeMap<String, String>)>,
}

pub(crate) type Spans = BTreeMap<String, Seen>;

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

pub(crate) fn own(trace: &Value) -> Spans {
    let attributes = |of: &Value| -> BTreeMap<String, String> {
        let fields = of["attributes"].as_object().unwrap().iter();
        fields.map(|(key, value)| (key.clone(), text(value))).collect()
    };
    let spans = trace["spans"].as_array().unwrap().iter();
    let seen = spans.map(|span| {
        let events = span["events"].as_array().unwrap().iter();
        let seen = Seen {
            parent: span["parent_span_id"].as_str().map(str::to_owned),
            service: text(&span["service"]),
            name: text(&span["operation"]),
            kind: text(&span["kind"]),
            start: micros(&text(&span["start"])),
            duration: span["duration_ns"].as_u64().unwrap() / 1_000,
            failed: span["failed"].as_bool().unwrap(),
            attributes: attributes(span),
            events: events
                .map(|event| {
                    (
                        micros(&text(&event["time"])),
                        text(&event["name"]),
                        attributes(event),
                    )
                })
                .collect(),
        };
        (text(&span["span_id"]), seen)
    });
    seen.collect()
}

/// Microseconds since 1970 of `2025-11-24T16:00:01.123456789Z`, on or after the day of `NOW`.
fn micros(moment: &str) -> u64 {
    let (day, time) = moment.strip_suffix('Z').unwrap().split_once('T').unwrap();
    assert_eq!(day, "2025-11-24");
    let parts: Vec<u64> = time.split([':', '.']).map(|part| part.parse().unwrap()).collect();
    let day = NOW / 1_000 / 86_400_000_000 * 86_400_000_000;
    day + (parts[0] * 3_600 + parts[1] * 60 + parts[2]) * 1_000_000 + parts[3] / 1_000
}

pub(crate) fn v1(trace: &jaeger_clients::Trace) -> Spans {
    let spans = trace.spans.iter();
    let seen = spans.map(|span| {
        let derived = |key: &str| span.tags.iter().find(|tag| tag.key == key).map(|tag| &tag.value);
        let kind = derived("span.kind").map_or_else(|| "unspecified".to_owned(), text);
        let failed = span
            .tags
            .iter()
            .any(|tag| tag.key == "error" && tag.value == true);
        // What the format writes of its own comes first.
        let of_scope = span.tags.iter().filter(|tag| tag.key.starts_with("otel.scope."));
        let own = usize::from(kind_is_written(span)) + 2 * usize::from(failed) + of_scope.count();
        let parents = span.references.iter().filter(|of| of.ref_type == "CHILD_OF");
        let seen = Seen {
            parent: parents.map(|of| of.span_id.clone()).next(),
            service: trace.processes[&span.process_id].service_name.clone(),
            name: span.operation_name.clone(),
            kind: if kind_is_written(span) {
                kind
            } else {
                "unspecified".to_owned()
            },
            start: u64::try_from(span.start_time).unwrap(),
            duration: u64::try_from(span.duration).unwrap(),
            failed,
            attributes: of_tags(&span.tags[own..]),
            events: span
                .logs
                .iter()
                .map(|log| {
                    let at = u64::try_from(log.timestamp).unwrap();
                    (at, text(&log.fields[0].value), of_tags(&log.fields[1..]))
                })
                .collect(),
        };
        (span.span_id.clone(), seen)
    });
    seen.collect()
}

/// Whether the first tag is the kind and no attribute of that name.
fn kind_is_written(span: &jaeger_clients::Span) -> bool {
    let kinds = ["internal", "server", "client", "producer", "consumer"];
    let first = span.tags.first();
    first.is_some_and(|tag| tag.key == "span.kind" && kinds.iter().any(|kind| tag.value == *kind))
}

fn of_tags(tags: &[Tag]) -> BTreeMap<String, String> {
    tags.iter()
        .map(|tag| (tag.key.clone(), text(&tag.value)))
        .collect()
}

pub(crate) fn v3(result: &Value) -> Spans {
    const KINDS: [&str; 6] = [
        "unspecified",
        "internal",
        "server",
        "client",
        "producer",
        "consumer",
    ];
    let attributes = |of: &Value| -> BTreeMap<String, String> {
        let list = of["attributes"].as_array().into_iter().flatten();
        list.map(|of| (text(&of["key"]), text(&of["value"]["stringValue"])))
            .collect()
    };
    let nanos = |of: &Value| of.as_str().unwrap().parse::<u64>().unwrap();
    let mut spans = Spans::new();
    for of_resource in result["resourceSpans"].as_array().unwrap() {
        let service = &attributes(&of_resource["resource"])["service.name"];
        let scopes = of_resource["scopeSpans"].as_array().unwrap().iter();
        for span in scopes.flat_map(|of| of["spans"].as_array().unwrap()) {
            let start = nanos(&span["startTimeUnixNano"]);
            let events = span["events"].as_array().into_iter().flatten();
            let seen = Seen {
                parent: span["parentSpanId"].as_str().map(str::to_owned),
                service: service.clone(),
                name: text(&span["name"]),
                kind: KINDS[usize::try_from(span["kind"].as_u64().unwrap()).unwrap()].to_owned(),
                start: start / 1_000,
                duration: (nanos(&span["endTimeUnixNano"]) - start) / 1_000,
                failed: span["status"]["code"] == 2,
                attributes: attributes(span),
                events: events
                    .map(|of| {
                        (
                            nanos(&of["timeUnixNano"]) / 1_000,
                            text(&of["name"]),
                            attributes(of),
                        )
                    })
                    .collect(),
            };
            spans.insert(text(&span["spanId"]), seen);
        }
    }
    spans
}

pub(crate) fn tempo(read: &TraceByIdResponse) -> Spans {
    const KINDS: [&str; 6] = [
        "unspecified",
        "internal",
        "server",
        "client",
        "producer",
        "consumer",
    ];
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let attributes = |of: &[KeyValue]| -> BTreeMap<String, String> {
        let text = |of: &KeyValue| {
            let value = of.value.clone().and_then(|of| of.value);
            let Some(AnyValue::StringValue(text)) = value else {
                panic!("{value:?}");
            };
            text
        };
        of.iter().map(|of| (of.key.clone(), text(of))).collect()
    };
    let mut spans = Spans::new();
    for of_resource in &read.trace.as_ref().unwrap().resource_spans {
        let service = attributes(&of_resource.resource.as_ref().unwrap().attributes);
        for span in of_resource.scope_spans.iter().flat_map(|of| &of.spans) {
            let events = span.events.iter();
            let seen = Seen {
                parent: (!span.parent_span_id.is_empty()).then(|| hex(&span.parent_span_id)),
                service: service["service.name"].clone(),
                name: span.name.clone(),
                kind: KINDS[usize::try_from(span.kind).unwrap()].to_owned(),
                start: span.start_time_unix_nano / 1_000,
                duration: (span.end_time_unix_nano - span.start_time_unix_nano) / 1_000,
                failed: span.status.as_ref().unwrap().code == 2,
                attributes: attributes(&span.attributes),
                events: events
                    .map(|of| {
                        (
                            of.time_unix_nano / 1_000,
                            of.name.clone(),
                            attributes(&of.attributes),
                        )
                    })
                    .collect(),
            };
            spans.insert(hex(&span.span_id), seen);
        }
    }
    spans
}
