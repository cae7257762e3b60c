//! The messages of a trace request as JSON names them; only the fields that are read.

/// A message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Message {
    Request,
    ResourceSpans,
    Resource,
    ScopeSpans,
    Scope,
    Span,
    Event,
    Link,
    Status,
    KeyValue,
    AnyValue,
    ArrayValue,
    KeyValueList,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    One(Message),
    Many(Message),
    Text,
    Id,
    Bytes,
    Bool,
    Int64,
    Double,
    Fixed64,
    Fixed32,
    /// Names of the numbers, without their prefix.
    Enum(&'static str, &'static [&'static str]),
}

const KINDS: Type = Type::Enum(
    "SPAN_KIND_",
    &[
        "UNSPECIFIED",
        "INTERNAL",
        "SERVER",
        "CLIENT",
        "PRODUCER",
        "CONSUMER",
    ],
);
const CODES: Type = Type::Enum("STATUS_CODE_", &["UNSET", "OK", "ERROR"]);

impl Message {
    /// Number and type of the field that JSON calls `key`, in lowerCamelCase.
    pub(super) fn field(self, key: &[u8]) -> Option<(u8, Type)> {
        use Message as M;
        use Type::{Bool, Bytes, Double, Fixed32, Fixed64, Id, Int64, Many, One, Text};
        Some(match (self, key) {
            (M::Request, b"resourceSpans") => (1, Many(M::ResourceSpans)),
            (M::ResourceSpans, b"resource") => (1, One(M::Resource)),
            (M::ResourceSpans, b"scopeSpans") => (2, Many(M::ScopeSpans)),
            (M::Resource, b"attributes") => (1, Many(M::KeyValue)),
            (M::ScopeSpans, b"scope") => (1, One(M::Scope)),
            (M::ScopeSpans, b"spans") => (2, Many(M::Span)),
            (M::Scope, b"name") => (1, Text),
            (M::Scope, b"attributes") => (3, Many(M::KeyValue)),
            (M::Span, b"traceId") => (1, Id),
            (M::Span, b"spanId") => (2, Id),
            (M::Span, b"traceState") => (3, Text),
            (M::Span, b"parentSpanId") => (4, Id),
            (M::Span, b"name") => (5, Text),
            (M::Span, b"kind") => (6, KINDS),
            (M::Span, b"startTimeUnixNano") => (7, Fixed64),
            (M::Span, b"endTimeUnixNano") => (8, Fixed64),
            (M::Span, b"attributes") => (9, Many(M::KeyValue)),
            (M::Span, b"events") => (11, Many(M::Event)),
            (M::Span, b"links") => (13, Many(M::Link)),
            (M::Span, b"status") => (15, One(M::Status)),
            (M::Span, b"flags") => (16, Fixed32),
            (M::Event, b"timeUnixNano") => (1, Fixed64),
            (M::Event, b"name") => (2, Text),
            (M::Event, b"attributes") => (3, Many(M::KeyValue)),
            (M::Link, b"traceId") => (1, Id),
            (M::Link, b"spanId") => (2, Id),
            (M::Link, b"attributes") => (4, Many(M::KeyValue)),
            (M::Status, b"code") => (3, CODES),
            (M::KeyValue, b"key") => (1, Text),
            (M::KeyValue, b"value") => (2, One(M::AnyValue)),
            (M::AnyValue, b"stringValue") => (1, Text),
            (M::AnyValue, b"boolValue") => (2, Bool),
            (M::AnyValue, b"intValue") => (3, Int64),
            (M::AnyValue, b"doubleValue") => (4, Double),
            (M::AnyValue, b"arrayValue") => (5, One(M::ArrayValue)),
            (M::AnyValue, b"kvlistValue") => (6, One(M::KeyValueList)),
            (M::AnyValue, b"bytesValue") => (7, Bytes),
            (M::ArrayValue, b"values") => (1, Many(M::AnyValue)),
            (M::KeyValueList, b"values") => (1, Many(M::KeyValue)),
            (_, _) => return None,
        })
    }
}
