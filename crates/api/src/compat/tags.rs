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

/// Every value of a key on a span: several where findings are joined, none where the key is absent.
pub(crate) fn values<'a>(span: &'a Span, key: &'a str) -> Vec<Cow<'a, str>> {
    let own = span.attributes.iter().chain(&span.resource.attributes);
    let given = own.filter(|(name, _)| name == key).map(|(_, value)| value);
    if key == DETECTOR || key == HOTSPOT_ID {
        return given.flat_map(joined).collect();
    }
    let mut values: Vec<Cow<'a, str>> = given.map(Value::text).collect();
    values.extend(derived(span, key).map(Cow::Borrowed));
    values
}

fn joined(value: &Value) -> Vec<Cow<'_, str>> {
    match value {
        Value::Text(text) => text.split(',').map(Cow::Borrowed).collect(),
        Value::Bool(_) | Value::Int(_) | Value::Double(_) | Value::Bytes(_) => vec![value.text()],
    }
}

/// What v1 writes as tags although it is none of the span's attributes.
fn derived<'a>(span: &'a Span, key: &str) -> Option<&'a str> {
    match key {
        "service.name" => Some(&span.resource.service),
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
    values(span, key).iter().any(|own| own == value)
        || span
            .events
            .iter()
            .any(|event| (key == "event" && event.name == value) || event.attributes.iter().any(of_event))
}
