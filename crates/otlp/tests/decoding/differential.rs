//! Random requests: the walk gives what prost's types say, in any order of fields, and the same from JSON.

use hotspan_model::{Flag, Kind, LocalDictionary, Lookup, Side};
use hotspan_otlp::Tally;
use proptest::prelude::*;
use prost::Message;

use crate::oracle::{Expected, expected};
use crate::request::{
    AnyValue, ArrayValue, Decoded, Event, InstrumentationScope, KeyValue, KeyValueList, Link, Request,
    Resource, ResourceSpans, ScopeSpans, Span, Status, Value, again, decoder, json, line, protobuf,
};
use crate::shuffle::{Dice, Shape, shuffled};

const KEYS: &[&str] = &[
    "service.name",
    "service.version",
    "http.request.method",
    "http.method",
    "http.response.status_code",
    "http.status_code",
    "http.route",
    "url.full",
    "http.url",
    "url.path",
    "url.query",
    "http.target",
    "url.template",
    "server.address",
    "server.port",
    "net.peer.name",
    "db.system.name",
    "db.system",
    "db.query.text",
    "db.statement",
    "db.namespace",
    "db.name",
    "db.operation",
    "db.response.returned_rows",
    "db.query.parameter.a",
    "rpc.method",
    "rpc.service",
    "messaging.operation",
    "messaging.destination.name",
    "error.type",
    "error",
    "exception.type",
    "code.function.name",
    "hotspan.ignore",
    "unknown",
    "",
    "peer.service",
];
const TEXTS: &[&str] = &[
    "",
    "shop",
    "GET",
    "POST",
    "/orders/:id",
    "http://api.example.com/v1/items/77?page=2",
    "http://api.example.com/v1/items/78?page=3",
    "/orders/17?x=1",
    "postgresql",
    "redis",
    "mssql",
    "SELECT a FROM t WHERE id = 7 AND b = ?",
    "SELECT a FROM t WHERE id = 8 AND b = ?",
    "INSERT INTO t VALUES (1), (2)",
    "GET user:1",
    "BEGIN",
    "send",
    "process",
    "create",
    "receive",
    "pkg.Service/Method",
    "true",
    "503",
    "é\u{1f600}\"\\\n",
    "unknown_service",
];

fn any_value() -> impl Strategy<Value = AnyValue> {
    let leaf = prop_oneof![
        8 => proptest::sample::select(TEXTS).prop_map(|text| Value::StringValue(text.to_owned())),
        2 => prop_oneof![Just(0), Just(1), 100..600_i64, any::<i64>()].prop_map(Value::IntValue),
        1 => any::<bool>().prop_map(Value::BoolValue),
        1 => prop_oneof![Just(200.0), Just(-1.5), Just(1e300)].prop_map(Value::DoubleValue),
        1 => proptest::collection::vec(any::<u8>(), 0..5).prop_map(Value::BytesValue),
    ];
    let leaf = leaf.prop_map(|value| AnyValue { value: Some(value) });
    leaf.prop_recursive(3, 12, 3, |inner| {
        let values = proptest::collection::vec(inner, 0..3);
        prop_oneof![
            values
                .clone()
                .prop_map(|values| Value::ArrayValue(ArrayValue { values })),
            values.prop_map(|values| {
                let values = values.into_iter().map(|value| KeyValue {
                    key: "k".to_owned(),
                    value: Some(value),
                    ..KeyValue::default()
                });
                Value::KvlistValue(KeyValueList {
                    values: values.collect(),
                })
            }),
        ]
        .prop_map(|value| AnyValue { value: Some(value) })
    })
}

fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    let attribute = (proptest::sample::select(KEYS), any_value());
    let attribute = attribute.prop_map(|(key, value)| KeyValue {
        key: key.to_owned(),
        value: Some(value),
        ..KeyValue::default()
    });
    proptest::collection::vec(attribute, 0..8)
}

fn id(len: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        12 => proptest::collection::vec(1..255_u8, len),
        1 => Just(vec![0; len]),
        1 => proptest::collection::vec(any::<u8>(), 0..20),
    ]
}

fn span() -> impl Strategy<Value = Span> {
    let ids = (id(16), id(8), id(8));
    let times = (any::<u64>(), any::<u64>());
    let rest = (
        0..7_i32,
        any::<u32>(),
        -1..4_i32,
        proptest::sample::select(TEXTS),
        attributes(),
        attributes(),
    );
    let links = proptest::collection::vec((id(16), id(8), attributes()), 0..3);
    (ids, times, rest, links).prop_map(|(ids, times, rest, links)| {
        let (kind, flags, code, name, attributes, event) = rest;
        let link = |(trace_id, span_id, attributes)| Link {
            trace_id,
            span_id,
            attributes,
            ..Link::default()
        };
        Span {
            trace_id: ids.0,
            span_id: ids.1,
            parent_span_id: ids.2,
            start_time_unix_nano: times.0,
            end_time_unix_nano: times.1,
            kind,
            flags,
            name: name.to_owned(),
            status: (code >= 0).then(|| Status {
                code,
                message: "m".to_owned(),
            }),
            events: if event.is_empty() {
                vec![]
            } else {
                vec![Event {
                    attributes: event,
                    ..Event::default()
                }]
            },
            links: links.into_iter().map(link).collect(),
            attributes,
            ..Span::default()
        }
    })
}

fn request() -> impl Strategy<Value = Request> {
    let scope = (
        proptest::sample::select(&["", "scope"][..]),
        proptest::collection::vec(span(), 0..4),
    );
    let scope = scope.prop_map(|(name, spans)| ScopeSpans {
        scope: (!name.is_empty()).then(|| InstrumentationScope {
            name: name.to_owned(),
            ..InstrumentationScope::default()
        }),
        spans,
        ..ScopeSpans::default()
    });
    let block = (attributes(), proptest::collection::vec(scope, 0..3));
    let block = block.prop_map(|(attributes, scope_spans)| ResourceSpans {
        resource: (!attributes.is_empty()).then(|| Resource {
            attributes,
            ..Resource::default()
        }),
        scope_spans,
        ..ResourceSpans::default()
    });
    proptest::collection::vec(block, 0..3).prop_map(|resource_spans| Request { resource_spans })
}

/// The same of what was decoded, where the oracle has an opinion.
fn found(decoded: &Decoded, expected: &[Expected]) -> Vec<Expected> {
    let text = |symbol| decoded.dictionary.text(symbol).to_owned();
    let spans = decoded.spans.iter().zip(expected);
    let found = spans.map(|((record, sides), expected)| {
        let span = record.span;
        let source = decoded.dictionary.source(span.source).unwrap();
        let rows = sides.iter().find_map(|side| match side {
            Side::Extras(extras) => extras.rows,
            Side::Link(_) | Side::Summary(_) => None,
        });
        Expected {
            trace: record.trace.to_string(),
            id: span.id.to_string(),
            parent: span.parent.map(|parent| parent.to_string()),
            bad_parent: span.has(Flag::BadParent),
            start: span.start.0,
            duration: span.duration.0,
            kind: span.kind() as u8,
            status: span.bits.status(),
            http_status: span.bits.http_status(),
            failed: span.has(Flag::Failed),
            remote: span.has(Flag::RemoteParent),
            class: expected.class.map(|_| span.class()),
            service: text(source.service),
            version: source.version.map(text),
            scope: source.scope.map(text),
            rows,
            links: sides.iter().filter(|side| matches!(side, Side::Link(_))).count(),
            operation: match span.kind() {
                Kind::Server => expected.operation.clone(),
                _ => text(span.operation),
            },
            statement: expected.statement.as_ref().and(span.template.map(text)),
        }
    });
    found.collect()
}

/// A request for each span.
fn each_alone(request: &Request) -> impl Iterator<Item = Request> {
    request.resource_spans.iter().flat_map(|block| {
        block.scope_spans.iter().flat_map(|scope| {
            scope.spans.iter().map(|span| Request {
                resource_spans: vec![ResourceSpans {
                    scope_spans: vec![ScopeSpans {
                        spans: vec![span.clone()],
                        ..scope.clone()
                    }],
                    ..block.clone()
                }],
            })
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_walk_is_what_prost_says_in_any_order_of_fields(request in request(), seed in any::<u64>()) {
        let expected = expected(&request);
        let bytes = request.encode_to_vec();
        let decoded = protobuf(&bytes).unwrap();
        prop_assert_eq!(decoded.spans.len(), expected.len());
        prop_assert_eq!(&found(&decoded, &expected), &expected);
        let mixed = shuffled(&bytes, Shape::Request, &mut Dice(seed));
        prop_assert_eq!(protobuf(&mixed).unwrap().lines(), decoded.lines());
    }

    /// The oracle of the memory: every span alone, before a decoder that has seen nothing.
    #[test]
    fn what_is_remembered_is_what_is_decided(requests in proptest::collection::vec(request(), 1..6)) {
        let (mut decoder, mut dictionary) = (decoder(), LocalDictionary::default());
        for request in requests.iter().chain(&requests) {
            let (tally, spans) = again(&mut decoder, &mut dictionary, &request.encode_to_vec());
            let alone: Vec<_> = each_alone(request).map(|span| protobuf(&span.encode_to_vec()).unwrap()).collect();
            let lines: Vec<String> = spans.iter().map(|span| line(&dictionary, span)).collect();
            prop_assert_eq!(lines, alone.iter().flat_map(Decoded::lines).collect::<Vec<_>>());
            let sum = |count: fn(&Tally) -> u64| alone.iter().map(|decoded| count(&decoded.tally)).sum::<u64>();
            prop_assert_eq!(tally.type_mismatch, sum(|tally| tally.type_mismatch));
            prop_assert_eq!(tally.cut, sum(|tally| tally.cut));
        }
    }

    #[test]
    fn j10_json_and_protobuf_give_identical_spans(request in request()) {
        let text = serde_json::to_vec(&request).unwrap();
        let from_json = json(&text).unwrap();
        let from_protobuf = protobuf(&request.encode_to_vec()).unwrap();
        prop_assert_eq!(from_json.lines(), from_protobuf.lines());
        prop_assert_eq!(from_json.tally.refused, from_protobuf.tally.refused);
        // And back: what the reference types read of their own text is the same request.
        let back: Request = serde_json::from_slice(&text).unwrap();
        prop_assert_eq!(protobuf(&back.encode_to_vec()).unwrap().lines(), from_protobuf.lines());
    }
}
