//! The traces of Jaeger's own pages, field by field: spans with their processes, tags with types.

use std::collections::BTreeMap;
use std::sync::Arc;

use hotspan_model::Kind;
use serde::Serialize;
use serde_json::Value as JsonValue;

use crate::compat::{self, Event, Link, Resource, Status, Value, kind_name};

/// One trace.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Trace {
    #[serde(rename = "traceID")]
    trace_id: String,
    spans: Vec<Span>,
    processes: BTreeMap<String, Process>,
    warnings: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Span {
    #[serde(rename = "traceID")]
    trace_id: String,
    #[serde(rename = "spanID")]
    span_id: String,
    operation_name: String,
    flags: u32,
    references: Vec<Reference>,
    /// Microseconds since 1970.
    start_time: u64,
    /// Microseconds.
    duration: u64,
    tags: Vec<Tag>,
    logs: Vec<Log>,
    #[serde(rename = "processID")]
    process_id: String,
    warnings: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    ref_type: &'static str,
    #[serde(rename = "traceID")]
    trace_id: String,
    #[serde(rename = "spanID")]
    span_id: String,
}

#[derive(Debug, Serialize)]
struct Tag {
    key: String,
    #[serde(rename = "type")]
    kind: &'static str,
    value: JsonValue,
}

#[derive(Debug, Serialize)]
struct Log {
    /// Microseconds since 1970.
    timestamp: u64,
    fields: Vec<Tag>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Process {
    service_name: String,
    tags: Vec<Tag>,
}

impl From<&compat::Trace> for Trace {
    fn from(of: &compat::Trace) -> Trace {
        let mut names: BTreeMap<*const Resource, String> = BTreeMap::new();
        let mut processes = BTreeMap::new();
        let mut spans = Vec::with_capacity(of.spans.len());
        for span in &of.spans {
            let next = names.len() + 1;
            let process = names.entry(Arc::as_ptr(&span.resource)).or_insert_with(|| {
                let name = format!("p{next}");
                processes.insert(name.clone(), Process::from(&*span.resource));
                name
            });
            spans.push(Span::new(span, process.clone()));
        }
        Trace {
            trace_id: of.id.to_string(),
            spans,
            processes,
            warnings: some(&of.warnings),
        }
    }
}

fn some(of: &[String]) -> Option<Vec<String>> {
    (!of.is_empty()).then(|| of.to_vec())
}

impl Span {
    fn new(of: &compat::Span, process_id: String) -> Span {
        let parent = of.parent.map(|parent| Reference {
            ref_type: "CHILD_OF",
            trace_id: of.trace.to_string(),
            span_id: parent.to_string(),
        });
        Span {
            trace_id: of.trace.to_string(),
            span_id: of.id.to_string(),
            operation_name: of.name.clone(),
            // Sampled: it is here.
            flags: 1,
            references: parent.into_iter().chain(of.links.iter().map(reference)).collect(),
            start_time: of.start / 1_000,
            duration: of.duration / 1_000,
            tags: tags(of),
            logs: of.events.iter().map(log).collect(),
            process_id,
            warnings: some(&of.warnings),
        }
    }
}

fn reference(of: &Link) -> Reference {
    Reference {
        ref_type: "FOLLOWS_FROM",
        trace_id: of.trace.to_string(),
        span_id: of.span.to_string(),
    }
}

/// What OTLP has fields for, then the attributes.
fn tags(of: &compat::Span) -> Vec<Tag> {
    let mut tags = Vec::new();
    if of.kind != Kind::Unspecified {
        tags.push(Tag::text("span.kind", kind_name(of.kind)));
    }
    match of.status {
        Status::Unset => {}
        Status::Ok => tags.push(Tag::text("otel.status_code", "OK")),
        Status::Error => {
            tags.push(Tag::text("otel.status_code", "ERROR"));
            tags.push(Tag::new("error", &Value::Bool(true)));
        }
    }
    for (key, text) in [
        ("otel.status_description", &of.status_message),
        ("otel.scope.name", &of.scope.name),
        ("otel.scope.version", &of.scope.version),
        ("w3c.tracestate", &of.tracestate),
    ] {
        if !text.is_empty() {
            tags.push(Tag::text(key, text));
        }
    }
    tags.extend(of.attributes.iter().map(Tag::from));
    tags
}

fn log(of: &Event) -> Log {
    let name = Tag::text("event", &of.name);
    Log {
        timestamp: of.time / 1_000,
        fields: std::iter::once(name)
            .chain(of.attributes.iter().map(Tag::from))
            .collect(),
    }
}

impl From<&Resource> for Process {
    fn from(of: &Resource) -> Process {
        Process {
            service_name: of.service.clone(),
            tags: of.attributes.iter().map(Tag::from).collect(),
        }
    }
}

impl Tag {
    fn text(key: &str, text: &str) -> Tag {
        Tag {
            key: key.to_owned(),
            kind: "string",
            value: text.into(),
        }
    }

    fn new(key: &str, value: &Value) -> Tag {
        let (kind, value) = match value {
            Value::Text(text) => ("string", text.as_str().into()),
            Value::Bool(bit) => ("bool", (*bit).into()),
            Value::Int(int) => ("int64", exact(*int)),
            // JSON has no word for infinity.
            Value::Double(double) => match serde_json::Number::from_f64(*double) {
                Some(number) => ("float64", number.into()),
                None => ("string", double.to_string().into()),
            },
            Value::Bytes(_) => ("binary", value.text().into()),
        };
        Tag {
            key: key.to_owned(),
            kind,
            value,
        }
    }
}

/// A number that a browser reads exactly, or its digits.
fn exact(int: i64) -> JsonValue {
    /// The largest of which a double knows every smaller one.
    const EXACT_MAX: u64 = 1 << 53;
    match int.unsigned_abs() <= EXACT_MAX {
        true => int.into(),
        false => int.to_string().into(),
    }
}

impl From<&(String, Value)> for Tag {
    fn from((key, value): &(String, Value)) -> Tag {
        Tag::new(key, value)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_keep_their_types_and_no_digit_is_lost() {
        for (value, kind, expected) in [
            (Value::Text("a".to_owned()), "string", json!("a")),
            (Value::Bool(false), "bool", json!(false)),
            (Value::Int(1 << 53), "int64", json!(9_007_199_254_740_992_i64)),
            (Value::Int((1 << 53) + 1), "int64", json!("9007199254740993")),
            (Value::Int(i64::MIN), "int64", json!("-9223372036854775808")),
            (Value::Double(0.5), "float64", json!(0.5)),
            (Value::Double(f64::NAN), "string", json!("NaN")),
            (Value::Bytes(vec![1, 2, 255]), "binary", json!("AQL/")),
        ] {
            let tag = Tag::new("k", &value);
            assert_eq!((tag.kind, tag.value), (kind, expected));
        }
    }
}
