//! Property: whichever API shows a trace, it shows the same spans, parents, times and attributes.

use std::collections::BTreeMap;
use std::sync::Arc;

use hotspan_model::{Around, EventView, Kind, Link, SpanDetail, SpanView, Timestamp};
use hotspan_proto::opentelemetry::proto::common::v1::KeyValue;
use hotspan_proto::opentelemetry::proto::common::v1::any_value::Value as AnyValue;
use hotspan_proto::tempopb::TraceByIdResponse;
use prost::Message as _;
use serde_json::Value;

use crate::client::{get, get_bytes};
use crate::jaeger_clients::{self, Envelope, Tag, check_v3};
use crate::sample;
use crate::shop::{self, id, pairs, span_id};
use crate::world::{HOSTILE, NOW, World};

/// What every view says of a span; times in microseconds, which is as exact as the coarsest of them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    parent: Option<String>,
    service: String,
    name: String,
    kind: String,
    start: u64,
    duration: u64,
    failed: bool,
    attributes: BTreeMap<String, String>,
    events: Vec<(u64, String, BTreeMap<String, String>)>,
}

type Spans = BTreeMap<String, Seen>;

/// A generator of numbers that needs no crate: enough to vary a trace.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[usize::try_from(self.below(list.len() as u64)).unwrap()]
    }
}

const TEXTS: [&str; 5] = ["cart", "GET /orders/{id}", "größe 🦀", HOSTILE, "a\\\"b"];
const KINDS: [Kind; 6] = [
    Kind::Unspecified,
    Kind::Internal,
    Kind::Server,
    Kind::Client,
    Kind::Producer,
    Kind::Consumer,
];

fn random_trace(random: &mut Random) -> (hotspan_model::TraceView, Vec<SpanDetail>) {
    let (mut view, _) = sample::trace(1);
    view.trace = id(u128::from(random.0) << 40 | 7);
    view.findings.clear();
    let count = 1 + random.below(40);
    let mut details = Vec::new();
    view.spans = (1..=count)
        .map(|number| {
            let parent = (number > 1 && random.below(9) > 0).then(|| 1 + random.below(number + 3));
            let start = random.below(1_000_000) * 1_000;
            let duration = random.below(1_000_000) * 1_000;
            if random.below(4) > 0 {
                details.push(random_detail(random, number));
            }
            let of = shop::span(number, parent, "", "", *random.of(&KINDS), start, duration);
            SpanView {
                service: (*random.of(&TEXTS)).to_owned(),
                operation: (*random.of(&TEXTS)).to_owned(),
                failed: random.below(3) == 0,
                ..of
            }
        })
        .collect();
    (view, details)
}

fn random_detail(random: &mut Random, number: u64) -> SpanDetail {
    let version = *random.of(&TEXTS);
    let scope = (*random.of(&TEXTS)).to_owned();
    let mut attributes = |keys: &[&str]| {
        let keys = keys.iter().filter(|_| random.below(2) == 0);
        let keys: Vec<&str> = keys.copied().collect();
        let pair = |key: &&str| (key.to_string(), (*random.of(&TEXTS)).to_owned());
        keys.iter().map(pair).collect::<Vec<_>>()
    };
    SpanDetail {
        span: Some(span_id(number)),
        name: "name".to_owned(),
        attributes: attributes(&["db.system", "http.route", HOSTILE, "error", "span.kind"]),
        events: vec![EventView {
            time: Timestamp(NOW + 5_000),
            name: "retry".to_owned(),
            attributes: attributes(&["exception.type", "event"]),
        }],
        links: vec![Link {
            trace: id(99),
            span: span_id(99),
        }],
        around: Arc::new(Around {
            resource: pairs(&[("service.version", version)]),
            scope,
            scope_version: "2".to_owned(),
        }),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn own(trace: &Value) -> Spans {
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

fn v1(trace: &jaeger_clients::Trace) -> Spans {
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

fn v3(result: &Value) -> Spans {
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

fn tempo(read: &TraceByIdResponse) -> Spans {
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

#[tokio::test]
async fn every_view_of_a_random_trace_shows_the_same() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let traces: BTreeMap<_, _> = (0..60)
        .map(|_| {
            random.below(2);
            let trace = random_trace(&mut random);
            (trace.0.trace, trace)
        })
        .collect();
    assert_eq!(traces.len(), 60);
    let ids: Vec<_> = traces.keys().copied().collect();
    let world = World {
        traces,
        ..World::new()
    };
    let at = world.serve().await;
    for id in ids {
        let expected = own(&get(at, &format!("/api/v1/traces/{id}")).await.json());
        assert!(!expected.is_empty());
        let reply = get(at, &format!("/jaeger/api/traces/{id}")).await;
        let read: Envelope<Vec<jaeger_clients::Trace>> = serde_json::from_str(&reply.body).unwrap();
        read.data[0].check();
        assert_eq!(v1(&read.data[0]), expected, "{id}");
        let reply = get(at, &format!("/jaeger/api/v3/traces/{id}")).await.json();
        check_v3(&reply["result"]);
        assert_eq!(v3(&reply["result"]), expected, "{id}");
        let accept = "accept: application/protobuf\r\n";
        let (_, _, body) = get_bytes(at, &format!("/tempo/api/v2/traces/{id}"), accept).await;
        assert_eq!(
            tempo(&TraceByIdResponse::decode(body.as_slice()).unwrap()),
            expected,
            "{id}"
        );
    }
}

#[tokio::test]
async fn the_findings_of_our_own_view_are_attributes_in_the_others() {
    let at = shop::start().await;
    let own = get(at, &format!("/api/v1/traces/{:x}", shop::CART)).await.json();
    let findings = own["findings"].as_array().unwrap();
    let joined = |key: &str| {
        findings
            .iter()
            .map(|of| text(&of[key]))
            .collect::<Vec<_>>()
            .join(",")
    };
    let reply = get(at, &format!("/jaeger/api/v3/traces/{:x}", shop::CART))
        .await
        .json();
    let anchor = &v3(&reply["result"])[findings[0]["anchor_span_id"].as_str().unwrap()];
    for (key, expected) in [
        ("hotspan.detector", joined("detector")),
        ("hotspan.hotspot_id", joined("hotspot_id")),
    ] {
        assert_eq!(anchor.attributes[key], expected);
    }
}
