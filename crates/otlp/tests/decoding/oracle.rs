//! What a request means, slowly and plainly, from prost's types.

use hotspan_model::{Class, ParamKey, Status};
use hotspan_otlp::text;

use crate::request::{AnyValue, KeyValue, Request, Span, Value};

/// Attributes of a span, then those of its resource.
type Levels<'a> = &'a [&'a [KeyValue]];

/// What is compared of a span.
#[derive(Debug, PartialEq)]
pub(crate) struct Expected {
    pub(crate) trace: String,
    pub(crate) id: String,
    pub(crate) parent: Option<String>,
    pub(crate) bad_parent: bool,
    pub(crate) start: u64,
    pub(crate) duration: u64,
    pub(crate) kind: u8,
    pub(crate) status: Status,
    pub(crate) http_status: u16,
    pub(crate) failed: bool,
    pub(crate) remote: bool,
    pub(crate) class: Option<Class>,
    pub(crate) service: String,
    pub(crate) version: Option<String>,
    pub(crate) scope: Option<String>,
    pub(crate) rows: Option<u32>,
    pub(crate) links: usize,
    pub(crate) operation: String,
    pub(crate) statement: Option<String>,
}

/// The spans of a request that have ids.
pub(crate) fn expected(request: &Request) -> Vec<Expected> {
    let mut all = Vec::new();
    for block in &request.resource_spans {
        let resource = block
            .resource
            .as_ref()
            .map_or(&[][..], |resource| &resource.attributes);
        for block in &block.scope_spans {
            let scope = block.scope.as_ref().map_or("", |scope| scope.name.as_str());
            for span in &block.spans {
                if is_id(&span.trace_id, 16) && is_id(&span.span_id, 8) {
                    all.push(of(span, resource, scope));
                }
            }
        }
    }
    all
}

fn is_id(id: &[u8], len: usize) -> bool {
    id.len() == len && id.iter().any(|&byte| byte != 0)
}

fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn of(span: &Span, resource: &[KeyValue], scope: &str) -> Expected {
    let at = &[span.attributes.as_slice(), resource];
    let http_status = int(at, &["http.response.status_code", "http.status_code"]).unwrap_or(0);
    let status = match span.status.as_ref().map_or(0, |status| status.code) {
        1 => Status::Ok,
        2 => Status::Error,
        _ => Status::Unset,
    };
    let exception = |key: &KeyValue| {
        key.key == "exception.type" && string(key.value.as_ref()).is_some_and(|s| !s.is_empty())
    };
    let failed = status == Status::Error
        || http_status >= 500
        || (http_status >= 400 && span.kind == 3)
        || present(at, "error.type")
        || present(at, "exception.type")
        || boolean(at, "error")
        || span
            .events
            .iter()
            .any(|event| event.attributes.iter().any(exception));
    let named = text_of(&[resource], &["service.name"]).filter(|name| !name.starts_with("unknown_service"));
    let mut operation = String::new();
    text::names::mask(&span.name, &mut operation);
    Expected {
        trace: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent: is_id(&span.parent_span_id, 8).then(|| hex(&span.parent_span_id)),
        bad_parent: !span.parent_span_id.is_empty() && span.parent_span_id.len() != 8,
        start: span.start_time_unix_nano,
        duration: span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano),
        kind: u8::try_from(span.kind)
            .ok()
            .filter(|kind| *kind <= 5)
            .unwrap_or(0),
        status,
        http_status: u16::try_from(http_status)
            .ok()
            .filter(|code| *code < 1024)
            .unwrap_or(0),
        failed,
        remote: span.flags & 0x300 == 0x300,
        class: class(span, at),
        service: named.unwrap_or_else(|| "(unnamed)".to_owned()),
        version: text_or_number(&[resource], &["service.version"]).filter(|version| !version.is_empty()),
        scope: Some(scope.to_owned()).filter(|scope| !scope.is_empty()),
        rows: int(at, &["db.response.returned_rows"]).and_then(|rows| u32::try_from(rows).ok()),
        links: span
            .links
            .iter()
            .filter(|link| is_id(&link.trace_id, 16) && is_id(&link.span_id, 8))
            .count(),
        operation,
        statement: statement(span, at),
    }
}

/// The class where no statement and no name has a say.
fn class(span: &Span, at: Levels<'_>) -> Option<Class> {
    let message = text_of(
        at,
        &[
            "messaging.operation.type",
            "messaging.operation.name",
            "messaging.operation",
        ],
    );
    let message = message.unwrap_or_default();
    let store = ["db.query.text", "db.statement", "db.system.name", "db.system"];
    let http = [
        "http.request.method",
        "http.method",
        "url.full",
        "http.url",
        "url.path",
    ];
    Some(match (span.kind, message.as_str()) {
        (2, _) => Class::Server,
        (5, _) | (_, "process") => Class::Consumer,
        (_, "receive") => Class::Wait,
        _ if store.iter().any(|key| present(at, key)) => return None,
        (_, "create") => Class::Internal,
        (4, _) | (_, "send" | "publish") => Class::Publish,
        (3, _) if present(at, "rpc.method") || http.iter().any(|key| present(at, key)) => Class::Call,
        (3, _) => Class::UnknownOut,
        _ => Class::Internal,
    })
}

/// The template of the statement, when the span has one and a system says its language.
fn statement(span: &Span, at: Levels<'_>) -> Option<String> {
    if class(span, at).is_some() {
        return None;
    }
    let raw = text_of(at, &["db.query.text", "db.statement"])?;
    let system = text_of(at, &["db.system.name", "db.system"]).unwrap_or_default();
    let system = if system == "mssql" {
        "microsoft.sql_server"
    } else {
        &system
    };
    let mut statement = text::Statement::default();
    text::analyse(system, &raw, ParamKey::BUILT_IN, &mut statement);
    Some(statement.template).filter(|template| !template.is_empty())
}

/// The first value of a key; nothing when it is empty.
fn first<'v>(attributes: &'v [KeyValue], key: &str) -> Option<&'v AnyValue> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    let value = found.value.as_ref()?;
    let empty = match value.value.as_ref()? {
        Value::StringValue(text) => text.is_empty(),
        Value::BytesValue(bytes) => bytes.is_empty(),
        Value::ArrayValue(array) => array.values.is_empty(),
        Value::KvlistValue(list) => list.values.is_empty(),
        _ => false,
    };
    (!empty).then_some(value)
}

fn present(levels: Levels<'_>, key: &str) -> bool {
    levels.iter().any(|attributes| first(attributes, key).is_some())
}

/// The element of an array of one.
fn single(value: &AnyValue) -> Option<&Value> {
    match value.value.as_ref()? {
        Value::ArrayValue(array) if array.values.len() == 1 => array.values[0].value.as_ref(),
        other => Some(other),
    }
}

fn string(value: Option<&AnyValue>) -> Option<String> {
    match single(value?)? {
        Value::StringValue(text) => Some(text.clone()),
        _ => None,
    }
}

/// The first value that fits: of the newest name on the innermost level.
fn fitting<T>(levels: Levels<'_>, keys: &[&str], fit: impl Fn(&AnyValue) -> Option<T>) -> Option<T> {
    let of = |attributes: &&[KeyValue]| keys.iter().find_map(|key| fit(first(attributes, key)?));
    levels.iter().find_map(of)
}

fn text_of(levels: Levels<'_>, keys: &[&str]) -> Option<String> {
    fitting(levels, keys, |value| string(Some(value)))
}

/// A version may be sent as a number.
fn text_or_number(levels: Levels<'_>, keys: &[&str]) -> Option<String> {
    fitting(levels, keys, |value| {
        let whole = || {
            int(
                &[&[KeyValue {
                    value: Some(value.clone()),
                    ..Default::default()
                }]],
                &[""],
            )
        };
        string(Some(value)).or_else(|| whole().map(|int| int.to_string()))
    })
}

fn int(levels: Levels<'_>, keys: &[&str]) -> Option<i64> {
    fitting(levels, keys, |value| match single(value)? {
        Value::IntValue(int) => Some(*int),
        Value::DoubleValue(double) if double.fract() == 0.0 && double.abs() < 9e15 => Some(*double as i64),
        Value::StringValue(text) => text.trim().parse().ok(),
        _ => None,
    })
}

fn boolean(levels: Levels<'_>, key: &str) -> bool {
    let of = |value: &AnyValue| match single(value) {
        Some(Value::BoolValue(bit)) => Some(*bit),
        Some(Value::StringValue(text)) if ["true", "True", "1"].contains(&text.as_str()) => Some(true),
        Some(Value::StringValue(text)) if ["false", "False", "0"].contains(&text.as_str()) => Some(false),
        Some(Value::IntValue(int @ 0..=1)) => Some(*int == 1),
        _ => None,
    };
    fitting(levels, &[key], of) == Some(true)
}
