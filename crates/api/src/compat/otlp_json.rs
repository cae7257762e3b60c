//! Traces as OTLP in JSON, in the two spellings that clients read.

use hotspan_model::{Kind, SpanId, TraceId};
use serde_json::{Map, Value as Json, json};

use super::group::{OfScope, grouped};
use super::id::base64;
use super::{Event, Link, Resource, Span, Status, Value};

/// How ids and enums are spelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavour {
    /// OTLP/JSON: ids in hex, enums as numbers.
    Otlp,
    /// The mapping of protobuf: ids in base64, enums by name.
    Protobuf,
}

/// The spans as a list of `resourceSpans`.
pub(crate) fn resource_spans<'a>(spans: impl IntoIterator<Item = &'a Span>, flavour: Flavour) -> Vec<Json> {
    let groups = grouped(spans).into_iter();
    groups
        .map(|of| {
            let scopes: Vec<Json> = of.scopes.iter().map(|of| scope(of, flavour)).collect();
            json!({"resource": resource(of.resource), "scopeSpans": scopes})
        })
        .collect()
}

fn resource(of: &Resource) -> Json {
    let service = json!({"key": "service.name", "value": {"stringValue": of.service}});
    let attributes: Vec<Json> = std::iter::once(service)
        .chain(of.attributes.iter().map(attribute))
        .collect();
    json!({"attributes": attributes})
}

fn scope(of: &OfScope<'_>, flavour: Flavour) -> Json {
    let mut scope = Map::new();
    insert_text(&mut scope, "name", &of.scope.name);
    insert_text(&mut scope, "version", &of.scope.version);
    let spans: Vec<Json> = of.spans.iter().map(|of| span(of, flavour)).collect();
    json!({"scope": scope, "spans": spans})
}

fn span(of: &Span, flavour: Flavour) -> Json {
    let mut fields = Map::new();
    fields.insert("traceId".to_owned(), flavour.trace_id(of.trace));
    fields.insert("spanId".to_owned(), flavour.span_id(of.id));
    insert_text(&mut fields, "traceState", &of.tracestate);
    if let Some(parent) = of.parent {
        fields.insert("parentSpanId".to_owned(), flavour.span_id(parent));
    }
    fields.insert("name".to_owned(), of.name.as_str().into());
    fields.insert("kind".to_owned(), flavour.kind(of.kind));
    fields.insert("startTimeUnixNano".to_owned(), of.start.to_string().into());
    fields.insert("endTimeUnixNano".to_owned(), of.end().to_string().into());
    insert_list(&mut fields, "attributes", of.attributes.iter().map(attribute));
    insert_list(&mut fields, "events", of.events.iter().map(event));
    insert_list(&mut fields, "links", of.links.iter().map(|of| link(of, flavour)));
    fields.insert("status".to_owned(), status(of, flavour));
    Json::Object(fields)
}

fn status(of: &Span, flavour: Flavour) -> Json {
    let mut fields = Map::new();
    insert_text(&mut fields, "message", &of.status_message);
    if of.status != Status::Unset {
        fields.insert("code".to_owned(), flavour.status(of.status));
    }
    Json::Object(fields)
}

fn event(of: &Event) -> Json {
    let mut fields = Map::new();
    fields.insert("timeUnixNano".to_owned(), of.time.to_string().into());
    fields.insert("name".to_owned(), of.name.as_str().into());
    insert_list(&mut fields, "attributes", of.attributes.iter().map(attribute));
    Json::Object(fields)
}

fn link(of: &Link, flavour: Flavour) -> Json {
    let mut fields = Map::new();
    fields.insert("traceId".to_owned(), flavour.trace_id(of.trace));
    fields.insert("spanId".to_owned(), flavour.span_id(of.span));
    insert_list(&mut fields, "attributes", of.attributes.iter().map(attribute));
    Json::Object(fields)
}

/// One attribute; the same in both spellings.
pub(crate) fn attribute((key, value): &(String, Value)) -> Json {
    let value = match value {
        Value::Text(text) => json!({"stringValue": text}),
        Value::Bool(bit) => json!({"boolValue": bit}),
        Value::Int(int) => json!({"intValue": int.to_string()}),
        Value::Double(double) => json!({"doubleValue": double}),
        Value::Bytes(bytes) => json!({"bytesValue": base64(bytes)}),
    };
    json!({"key": key, "value": value})
}

fn insert_text(fields: &mut Map<String, Json>, key: &str, text: &str) {
    if !text.is_empty() {
        fields.insert(key.to_owned(), text.into());
    }
}

fn insert_list(fields: &mut Map<String, Json>, key: &str, items: impl Iterator<Item = Json>) {
    let items: Vec<Json> = items.collect();
    if !items.is_empty() {
        fields.insert(key.to_owned(), Json::Array(items));
    }
}

impl Flavour {
    fn trace_id(self, id: TraceId) -> Json {
        match self {
            Flavour::Otlp => id.to_string().into(),
            Flavour::Protobuf => base64(&id.get().to_be_bytes()).into(),
        }
    }

    fn span_id(self, id: SpanId) -> Json {
        match self {
            Flavour::Otlp => id.to_string().into(),
            Flavour::Protobuf => base64(&id.get().to_be_bytes()).into(),
        }
    }

    fn kind(self, kind: Kind) -> Json {
        let (number, name) = match kind {
            Kind::Unspecified => (0, "SPAN_KIND_UNSPECIFIED"),
            Kind::Internal => (1, "SPAN_KIND_INTERNAL"),
            Kind::Server => (2, "SPAN_KIND_SERVER"),
            Kind::Client => (3, "SPAN_KIND_CLIENT"),
            Kind::Producer => (4, "SPAN_KIND_PRODUCER"),
            Kind::Consumer => (5, "SPAN_KIND_CONSUMER"),
        };
        self.spelt(number, name)
    }

    fn status(self, status: Status) -> Json {
        let (number, name) = match status {
            Status::Unset => (0, "STATUS_CODE_UNSET"),
            Status::Ok => (1, "STATUS_CODE_OK"),
            Status::Error => (2, "STATUS_CODE_ERROR"),
        };
        self.spelt(number, name)
    }

    fn spelt(self, number: u32, name: &str) -> Json {
        match self {
            Flavour::Otlp => number.into(),
            Flavour::Protobuf => name.into(),
        }
    }
}
