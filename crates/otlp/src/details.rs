//! Exemplars: the spans of one trace with every attribute key, values redacted.

use std::sync::Arc;

use hotspan_model::{Around, EventView, Link, SpanDetail, SpanId, Timestamp, TraceId};

use crate::attributes::Known;
use crate::framing::{self, RESOURCE, RESOURCE_SPANS, SCOPE, SCOPE_SPANS, SPANS};
use crate::json::Transcoder;
use crate::keys::{self, Field};
use crate::text::{names, redact};
use crate::value::{KeyValue, Value, cut};
use crate::wire::{Fields, Payload};
use crate::{Encoding, Limits, Tally};

/// Walks a request again and adds every span of `trace` with all its attribute keys; values are redacted but for
/// the keys in `allow`. A request that cannot be decoded adds nothing.
pub fn details(
    request: &[u8],
    encoding: Encoding,
    trace: TraceId,
    limits: &Limits,
    allow: &[String],
    out: &mut Vec<SpanDetail>,
) {
    let mut transcoder = Transcoder::default();
    let request = match encoding {
        Encoding::Protobuf => Ok(request),
        Encoding::Json => transcoder.protobuf(request, limits, &mut Tally::default()),
    };
    let Ok(request) = request else { return };
    if framing::check(request).is_err() {
        return;
    }
    let shown = Shown { limits, allow };
    for of_resource in framing::messages::<RESOURCE_SPANS>(request) {
        for of_scope in framing::messages::<SCOPE_SPANS>(of_resource) {
            // Nearly all blocks have no span of the trace.
            let mut around = None;
            let spans = framing::messages::<SPANS>(of_scope).filter(|span| trace_of(span) == Some(trace));
            out.extend(spans.filter_map(|span| {
                let around = around.get_or_insert_with(|| Arc::new(shown.around(of_resource, of_scope)));
                shown.span(span, around)
            }));
        }
    }
}

/// How attributes are shown.
struct Shown<'s> {
    limits: &'s Limits,
    allow: &'s [String],
}

impl Shown<'_> {
    /// Who sent and what recorded the spans of a block.
    fn around(&self, of_resource: &[u8], of_scope: &[u8]) -> Around {
        let mut around = Around::default();
        for resource in framing::messages::<RESOURCE>(of_resource) {
            around.resource.extend(self.attributes::<1>(resource, ""));
        }
        around.resource.truncate(self.limits.attributes_max);
        for scope in framing::messages::<SCOPE>(of_scope) {
            let mut fields = Fields::new(scope);
            while let Ok(Some((number, payload))) = fields.next() {
                match (number, payload) {
                    (1, Payload::Bytes(name)) => around.scope = self.text(name, self.limits.name_bytes_max),
                    (2, Payload::Bytes(version)) => {
                        around.scope_version = self.text(version, self.limits.name_bytes_max);
                    }
                    (_, _) => {}
                }
            }
        }
        around
    }

    /// The details of a span; `None` for one that the walk refuses.
    fn span(&self, message: &[u8], around: &Arc<Around>) -> Option<SpanDetail> {
        let mut fields = Fields::new(message);
        let (mut id, mut name) = (None, &[][..]);
        let mut known = Known::new();
        while let Some((number, payload)) = fields.next().ok()? {
            match (number, payload) {
                (2, Payload::Bytes(bytes)) => id = SpanId::from_wire(bytes),
                (5, Payload::Bytes(bytes)) => name = bytes,
                (9, Payload::Bytes(bytes)) => note(bytes, &mut known),
                (_, _) => {}
            }
        }
        known.settle_around();
        known.settle();
        let mut masked = String::new();
        names::mask(&self.text(name, self.limits.name_bytes_max), &mut masked);
        let system = String::from_utf8_lossy(known.text(Field::DB_SYSTEM).unwrap_or_default());
        let events = framing::messages::<11>(message).take(self.limits.events_max);
        let links = framing::messages::<13>(message).take(self.limits.links_max);
        Some(SpanDetail {
            span: Some(id?),
            name: masked,
            attributes: self.attributes::<9>(message, &system),
            events: events.map(|event| self.event(event, &system)).collect(),
            links: links.filter_map(link).collect(),
            around: Arc::clone(around),
        })
    }

    fn event(&self, message: &[u8], system: &str) -> EventView {
        let mut view = EventView::default();
        let mut fields = Fields::new(message);
        while let Ok(Some((number, payload))) = fields.next() {
            match (number, payload) {
                (1, Payload::Fixed64(time)) => view.time = Timestamp(time),
                (2, Payload::Bytes(name)) => {
                    names::mask(&self.text(name, self.limits.name_bytes_max), &mut view.name);
                }
                (_, _) => {}
            }
        }
        view.attributes = self.attributes::<3>(message, system);
        view
    }

    /// Every readable attribute of a message: its key, and its value as far as it may be shown.
    fn attributes<const NUMBER: u32>(&self, message: &[u8], system: &str) -> Vec<(String, String)> {
        let entries = framing::messages::<NUMBER>(message).filter_map(|entry| KeyValue::read(entry).ok());
        entries
            .take(self.limits.attributes_max)
            .map(|KeyValue { key, value }| {
                let key = self.text(key, self.limits.key_bytes_max);
                let shown = self.value(&key, value, system);
                (key, shown)
            })
            .collect()
    }

    fn value(&self, key: &str, value: Value<'_>, system: &str) -> String {
        let text;
        let value = match value {
            Value::Text(bytes) => {
                // A cut text would look whole to the lexers: what is too long for them is told apart by its end.
                text = match bytes.len() <= self.limits.statement_bytes_max {
                    true => self.text(bytes, self.limits.statement_bytes_max),
                    false => self.text(bytes, self.limits.statement_bytes_max) + "…",
                };
                redact::Value::Text(&text)
            }
            Value::Bool(bit) => redact::Value::Bool(bit),
            Value::Int(int) => redact::Value::Int(int),
            Value::Double(double) => redact::Value::Double(double),
            Value::None | Value::Array(_) | Value::Map(_) | Value::Bytes(_) => redact::Value::Other,
        };
        let mut shown = redact::shown(key, value, system, self.allow);
        shown.truncate(shown.floor_char_boundary(self.limits.statement_bytes_max));
        shown
    }

    fn text(&self, bytes: &[u8], bytes_max: usize) -> String {
        String::from_utf8_lossy(cut(bytes, bytes_max)).into_owned()
    }
}

/// What a link refers to; `None` when an id of it cannot be read.
fn link(message: &[u8]) -> Option<Link> {
    let mut fields = Fields::new(message);
    let (mut trace, mut span) = (None, None);
    while let Some((number, payload)) = fields.next().ok()? {
        match (number, payload) {
            (1, Payload::Bytes(bytes)) => trace = TraceId::from_wire(bytes),
            (2, Payload::Bytes(bytes)) => span = SpanId::from_wire(bytes),
            (_, _) => {}
        }
    }
    Some(Link {
        trace: trace?,
        span: span?,
    })
}

/// The trace of a span, told without a look at anything else: nearly all spans of a request are of other traces.
fn trace_of(message: &[u8]) -> Option<TraceId> {
    let mut fields = Fields::new(message);
    let mut trace = None;
    while let Some((number, payload)) = fields.next().ok()? {
        if let (1, Payload::Bytes(bytes)) = (number, payload) {
            trace = TraceId::from_wire(bytes);
        }
    }
    trace
}

/// Keeps an attribute when it is one of those that are read.
fn note<'a>(message: &'a [u8], known: &mut Known<'a>) {
    if let Ok(KeyValue { key, value }) = KeyValue::read(message)
        && let Some(slot) = keys::slot(key)
    {
        known.span.set(slot, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::tonic::common::v1::{
        AnyValue, InstrumentationScope, KeyValue as Attribute, any_value::Value,
    };
    use opentelemetry_proto::tonic::resource::v1::Resource;
    use opentelemetry_proto::tonic::trace::v1::span::Link as SpanLink;
    use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
    use prost::Message as _;

    fn attribute(key: &str, value: &str) -> Attribute {
        Attribute {
            key: key.to_owned(),
            value: Some(AnyValue {
                value: Some(Value::StringValue(value.to_owned())),
            }),
            ..Attribute::default()
        }
    }

    fn span(trace: u8) -> Span {
        let link = SpanLink {
            trace_id: vec![8; 16],
            span_id: vec![9; 8],
            ..SpanLink::default()
        };
        Span {
            trace_id: vec![trace; 16],
            span_id: vec![7; 8],
            name: "SELECT items".to_owned(),
            attributes: vec![
                attribute("db.system.name", "postgresql"),
                attribute("db.query.text", "SELECT a FROM t WHERE b = 'planted-one'"),
                attribute("shop.customer", "planted-two"),
                attribute("http.request.header.cookie", "planted-three"),
            ],
            links: vec![link, SpanLink::default()],
            ..Span::default()
        }
    }

    /// The details of the spans of trace 1 in a request with another trace's.
    fn read() -> Vec<SpanDetail> {
        let scope = InstrumentationScope {
            name: "sqlx".to_owned(),
            version: "0.9".to_owned(),
            ..InstrumentationScope::default()
        };
        let scope_spans = vec![ScopeSpans {
            spans: vec![span(1), span(2)],
            scope: Some(scope),
            ..ScopeSpans::default()
        }];
        let resource = Resource {
            attributes: vec![
                attribute("service.version", "1.4.0"),
                attribute("shop.tenant", "planted-four"),
            ],
            ..Resource::default()
        };
        let resource_spans = vec![ResourceSpans {
            scope_spans,
            resource: Some(resource),
            ..ResourceSpans::default()
        }];
        let request = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
        let (trace, mut out) = (TraceId::from_wire(&[1; 16]).unwrap(), Vec::new());
        let limits = Limits::default();
        details(&request, Encoding::Protobuf, trace, &limits, &[], &mut out);
        assert_eq!(out.len(), 1, "the other trace's span is not asked for");
        out
    }

    #[test]
    fn every_key_is_kept_and_no_literal_is() {
        let out = read();
        let keys: Vec<&str> = out[0].attributes.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "db.system.name",
                "db.query.text",
                "shop.customer",
                "http.request.header.cookie"
            ]
        );
        assert_eq!(out[0].attributes[0].1, "postgresql");
        assert_eq!(out[0].attributes[1].1, "SELECT a FROM t WHERE b = ?");
        assert_eq!(out[0].around.resource[1].0, "shop.tenant");
        assert!(!format!("{out:?}").contains("planted"), "{out:?}");
    }

    #[test]
    fn links_and_what_stands_around_a_span_are_kept() {
        let out = read();
        let around = &out[0].around;
        assert_eq!(
            (around.scope.as_str(), around.scope_version.as_str()),
            ("sqlx", "0.9")
        );
        assert_eq!(
            around.resource[0],
            ("service.version".to_owned(), "1.4.0".to_owned())
        );
        let expected = Link {
            trace: TraceId::from_wire(&[8; 16]).unwrap(),
            span: SpanId::from_wire(&[9; 8]).unwrap(),
        };
        assert_eq!(out[0].links, [expected], "a link without ids is none");
    }
}
