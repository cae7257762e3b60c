//! Messages by hand: protobuf that no encoder would write, and spans that one can.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};

/// When spans begin, in nanoseconds.
pub(crate) const START: u64 = 1_750_000_000_000_000_000;

/// The `n`-th span of trace `trace`: 10 ms long, a root.
pub(crate) fn span(trace: u128, n: u64) -> Span {
    Span {
        trace_id: trace.to_be_bytes().to_vec(),
        span_id: n.to_be_bytes().to_vec(),
        name: "GET /cart".into(),
        kind: 2,
        start_time_unix_nano: START + n,
        end_time_unix_nano: START + n + 10_000_000,
        ..Span::default()
    }
}

/// The same below another span of its trace.
pub(crate) fn child(trace: u128, n: u64, parent: u64) -> Span {
    Span {
        parent_span_id: parent.to_be_bytes().to_vec(),
        kind: 1,
        ..span(trace, n)
    }
}

/// What is beside every hostile span: a root with a child.
pub(crate) fn good(trace: u128) -> Vec<Span> {
    vec![span(trace, 1), child(trace, 2, 1)]
}

/// A request of one resource with these spans.
pub(crate) fn request(service: &str, spans: Vec<Span>) -> ExportTraceServiceRequest {
    let resource = Resource {
        attributes: vec![text("service.name", service)],
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

pub(crate) fn text(key: &str, value: &str) -> KeyValue {
    any(key, Value::StringValue(value.into()))
}

pub(crate) fn any(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.into(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

/// A length-delimited field.
pub(crate) fn field(number: u64, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(content.len() + 12);
    varint(number << 3 | 2, &mut bytes);
    varint(content.len() as u64, &mut bytes);
    bytes.extend_from_slice(content);
    bytes
}

pub(crate) fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A request of one resource and scope whose spans are these bytes.
pub(crate) fn around(spans: &[Vec<u8>]) -> Vec<u8> {
    let name = [field(1, b"service.name"), field(2, &field(1, b"hostile"))].concat();
    let resource = field(1, &field(1, &name));
    let spans: Vec<u8> = spans.iter().flat_map(|span| field(2, span)).collect();
    field(1, &[resource, field(2, &spans)].concat())
}

/// `inner` in so many messages of these fields, outermost first; the fields are taken in turns.
pub(crate) fn nested(levels: usize, fields: &[u64], inner: &[u8]) -> Vec<u8> {
    // From the inside the lengths are known, and from the outside they are written.
    let (mut lengths, mut length) = (Vec::with_capacity(levels), inner.len());
    for level in (0..levels).rev() {
        lengths.push(length);
        let (mut tag, mut size) = (Vec::new(), Vec::new());
        varint(fields[level % fields.len()] << 3 | 2, &mut tag);
        varint(length as u64, &mut size);
        length += tag.len() + size.len();
    }
    let mut bytes = Vec::with_capacity(length);
    for (level, &length) in lengths.iter().rev().enumerate() {
        varint(fields[level % fields.len()] << 3 | 2, &mut bytes);
        varint(length as u64, &mut bytes);
    }
    bytes.extend_from_slice(inner);
    bytes
}
