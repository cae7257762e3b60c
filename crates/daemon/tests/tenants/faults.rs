//! Traces with a fault, in which every name carries that of whose they are.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};

const MILLI: u64 = 1_000_000;
/// Calls of one trace.
const CALLS: u64 = 12;
/// Spans of one trace.
pub(crate) const SPANS: u64 = CALLS + 1;

/// A request that makes the same query for each of twelve items.
pub(crate) fn queries(name: &str, trace: u128, end: u64) -> ExportTraceServiceRequest {
    let call = |n: u64| {
        let statement = format!("SELECT * FROM {name}_items WHERE id = {n}");
        vec![
            text("db.system.name", "postgresql"),
            text("db.namespace", &format!("{name}_db")),
            text("db.query.text", &statement),
            text("server.address", &format!("{name}-db")),
        ]
    };
    request(name, trace, end, &format!("SELECT {name}_items"), call)
}

/// A request that calls another company twelve times, one after the other.
pub(crate) fn calls(name: &str, trace: u128, end: u64) -> ExportTraceServiceRequest {
    let call = |n: u64| {
        let host = format!("api.{name}.com");
        vec![
            text("http.request.method", "GET"),
            text("url.full", &format!("https://{host}/{name}/{n}")),
            text("server.address", &host),
        ]
    };
    request(name, trace, end, "GET", call)
}

/// So many traces of one span each, no two names alike.
pub(crate) fn crowd(name: &str, from: u64, count: u64, end: u64) -> ExportTraceServiceRequest {
    let span = |n: u64| Span {
        trace_id: u128::from(0xc0de_0000 + n).to_be_bytes().to_vec(),
        span_id: (n + 1).to_be_bytes().to_vec(),
        name: format!("{name} {}", words(n)),
        kind: 2,
        start_time_unix_nano: end - MILLI,
        end_time_unix_nano: end,
        ..Span::default()
    };
    resource(name, (from..from + count).map(span).collect())
}

/// A name in letters that no template shortens.
fn words(mut n: u64) -> String {
    let mut letters = "some operation of a rather long name ".to_owned();
    for _ in 0..6 {
        letters.push(char::from(b'a' + u8::try_from(n % 26).expect("a letter")));
        n /= 26;
    }
    letters
}

fn request(
    name: &str,
    trace: u128,
    end: u64,
    operation: &str,
    attributes: impl Fn(u64) -> Vec<KeyValue>,
) -> ExportTraceServiceRequest {
    let start = end - (CALLS * 10 + 2) * MILLI;
    let root = Span {
        trace_id: trace.to_be_bytes().to_vec(),
        span_id: 1_u64.to_be_bytes().to_vec(),
        name: format!("GET /{name}/cart"),
        kind: 2,
        start_time_unix_nano: start,
        end_time_unix_nano: end,
        attributes: vec![
            text("http.request.method", "GET"),
            text("http.route", &format!("/{name}/cart")),
        ],
        ..Span::default()
    };
    let child = |n: u64| Span {
        span_id: (n + 2).to_be_bytes().to_vec(),
        parent_span_id: root.span_id.clone(),
        name: operation.to_owned(),
        kind: 3,
        start_time_unix_nano: start + (n * 10 + 1) * MILLI,
        end_time_unix_nano: start + (n * 10 + 10) * MILLI,
        attributes: attributes(n),
        ..root.clone()
    };
    let children: Vec<Span> = (0..CALLS).map(child).collect();
    resource(name, [root.clone()].into_iter().chain(children).collect())
}

fn resource(name: &str, spans: Vec<Span>) -> ExportTraceServiceRequest {
    let resource = Resource {
        attributes: vec![text("service.name", &format!("{name}-shop"))],
        ..Resource::default()
    };
    let scope_spans = vec![ScopeSpans {
        spans,
        ..ScopeSpans::default()
    }];
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource),
            scope_spans,
            ..ResourceSpans::default()
        }],
    }
}

fn text(key: &str, value: &str) -> KeyValue {
    KeyValue {
        key: key.into(),
        value: Some(AnyValue {
            value: Some(Value::StringValue(value.into())),
        }),
        ..KeyValue::default()
    }
}
