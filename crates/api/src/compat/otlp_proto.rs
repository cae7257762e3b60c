//! Traces as OTLP in protobuf.

use hotspan_model::Kind;
use hotspan_proto::opentelemetry::proto::common::v1::any_value::Value as AnyValue;
use hotspan_proto::opentelemetry::proto::common::v1::{self as common, InstrumentationScope, KeyValue};
use hotspan_proto::opentelemetry::proto::resource::v1::Resource as ResourceMessage;
use hotspan_proto::opentelemetry::proto::trace::v1::span::{
    Event as EventMessage, Link as LinkMessage, SpanKind,
};
use hotspan_proto::opentelemetry::proto::trace::v1::status::StatusCode;
use hotspan_proto::opentelemetry::proto::trace::v1::{
    ResourceSpans, ScopeSpans, Span as SpanMessage, Status as StatusMessage,
};

use super::group::{OfScope, grouped};
use super::{Event, Link, Resource, Span, Status, Value};

/// The spans as `ResourceSpans`.
pub(crate) fn resource_spans_proto<'a>(spans: impl IntoIterator<Item = &'a Span>) -> Vec<ResourceSpans> {
    let groups = grouped(spans).into_iter();
    groups
        .map(|of| ResourceSpans {
            resource: Some(resource(of.resource)),
            scope_spans: of.scopes.iter().map(scope).collect(),
        })
        .collect()
}

fn resource(of: &Resource) -> ResourceMessage {
    let service = key_value("service.name", AnyValue::StringValue(of.service.clone()));
    ResourceMessage {
        attributes: std::iter::once(service)
            .chain(attributes(&of.attributes))
            .collect(),
    }
}

fn scope(of: &OfScope<'_>) -> ScopeSpans {
    ScopeSpans {
        scope: Some(InstrumentationScope {
            name: of.scope.name.clone(),
            version: of.scope.version.clone(),
        }),
        spans: of.spans.iter().map(|&of| span(of)).collect(),
    }
}

fn span(of: &Span) -> SpanMessage {
    SpanMessage {
        trace_id: of.trace.get().to_be_bytes().to_vec(),
        span_id: of.id.get().to_be_bytes().to_vec(),
        trace_state: of.tracestate.clone(),
        parent_span_id: of
            .parent
            .map_or_else(Vec::new, |id| id.get().to_be_bytes().to_vec()),
        name: of.name.clone(),
        kind: kind(of.kind).into(),
        start_time_unix_nano: of.start,
        end_time_unix_nano: of.end(),
        attributes: attributes(&of.attributes).collect(),
        events: of.events.iter().map(event).collect(),
        links: of.links.iter().map(link).collect(),
        status: Some(StatusMessage {
            message: of.status_message.clone(),
            code: status(of.status).into(),
        }),
    }
}

fn event(of: &Event) -> EventMessage {
    EventMessage {
        time_unix_nano: of.time,
        name: of.name.clone(),
        attributes: attributes(&of.attributes).collect(),
    }
}

fn link(of: &Link) -> LinkMessage {
    LinkMessage {
        trace_id: of.trace.get().to_be_bytes().to_vec(),
        span_id: of.span.get().to_be_bytes().to_vec(),
        attributes: attributes(&of.attributes).collect(),
    }
}

fn attributes(of: &[(String, Value)]) -> impl Iterator<Item = KeyValue> {
    of.iter().map(|(key, value)| {
        let value = match value {
            Value::Text(text) => AnyValue::StringValue(text.clone()),
            Value::Bool(bit) => AnyValue::BoolValue(*bit),
            Value::Int(int) => AnyValue::IntValue(*int),
            Value::Double(double) => AnyValue::DoubleValue(*double),
            Value::Bytes(bytes) => AnyValue::BytesValue(bytes.clone()),
        };
        key_value(key, value)
    })
}

fn key_value(key: &str, value: AnyValue) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(common::AnyValue { value: Some(value) }),
    }
}

fn kind(of: Kind) -> SpanKind {
    match of {
        Kind::Unspecified => SpanKind::Unspecified,
        Kind::Internal => SpanKind::Internal,
        Kind::Server => SpanKind::Server,
        Kind::Client => SpanKind::Client,
        Kind::Producer => SpanKind::Producer,
        Kind::Consumer => SpanKind::Consumer,
    }
}

fn status(of: Status) -> StatusCode {
    match of {
        Status::Unset => StatusCode::Unset,
        Status::Ok => StatusCode::Ok,
        Status::Error => StatusCode::Error,
    }
}
