//! What can be asked of a span by key: its attributes, its resource's, and what other tools take for attributes.

use std::borrow::Cow;

use hotspan_model::Kind;

use super::trace::{DETECTOR, HOTSPOT_ID};
use super::{Span, Status, Value};

/// Every kind with the word for it in lower case.
const KINDS: [(Kind, &str); 6] = [
    (Kind::Unspecified, "unspecified"),
    (Kind::Internal, "internal"),
    (Kind::Server, "server"),
    (Kind::Client, "client"),
    (Kind::Producer, "producer"),
    (Kind::Consumer, "consumer"),
];

/// The word for a kind, in lower case.
pub(crate) fn kind_name(kind: Kind) -> &'static str {
    let of = KINDS.iter().find(|(other, _)| *other == kind);
    of.map_or("unspecified", |&(_, name)| name)
}

/// The kind of a word; `None` when it is none.
pub(crate) fn kind_of(name: &str) -> Option<Kind> {
    let of = KINDS.iter().find(|(_, other)| *other == name);
    of.map(|&(kind, _)| kind)
}

/// The values of a span's own attribute: several where findings are joined, none where it has none.
pub(crate) fn of_span<'a>(span: &'a Span, key: &str) -> Vec<Cow<'a, str>> {
    let given = given(&span.attributes, key);
    match key {
        DETECTOR | HOTSPOT_ID => given.flat_map(joined).collect(),
        _ => given.map(Value::text).collect(),
    }
}

/// The values of an attribute of a span's resource.
pub(crate) fn of_resource<'a>(span: &'a Span, key: &str) -> Vec<Cow<'a, str>> {
    match key {
        "service.name" => vec![Cow::Borrowed(&span.resource.service)],
        _ => given(&span.resource.attributes, key).map(Value::text).collect(),
    }
}

fn given<'a>(attributes: &'a [(String, Value)], key: &str) -> impl Iterator<Item = &'a Value> {
    let own = attributes.iter().filter(move |(name, _)| name == key);
    own.map(|(_, value)| value)
}

fn joined(value: &Value) -> Vec<Cow<'_, str>> {
    match value {
        Value::Text(text) => text.split(',').map(Cow::Borrowed).collect(),
        Value::Bool(_) | Value::Int(_) | Value::Double(_) | Value::Bytes(_) => vec![value.text()],
    }
}

/// What v1 writes as tags although it is none of the span's attributes.
fn derived(span: &Span, key: &str) -> Option<&'static str> {
    match key {
        "span.kind" if span.kind != Kind::Unspecified => Some(kind_name(span.kind)),
        "error" if span.status == Status::Error => Some("true"),
        "otel.status_code" => match span.status {
            Status::Unset => None,
            Status::Ok => Some("OK"),
            Status::Error => Some("ERROR"),
        },
        _ => None,
    }
}

/// Whether a span, or one of its events, has this value under this key.
pub(crate) fn says(span: &Span, key: &str, value: &str) -> bool {
    let of_event = |(name, own): &(String, Value)| name == key && own.text() == value;
    of_span(span, key).iter().any(|own| own == value)
        || of_resource(span, key).iter().any(|own| own == value)
        || derived(span, key) == Some(value)
        || span
            .events
            .iter()
            .any(|event| (key == "event" && event.name == value) || event.attributes.iter().any(of_event))
}
