//! The shapes that Jaeger's clients decode, as strict as they are: a Go program, a validating page, a page that throws.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// What Grafana's data source and Perses decode from v1.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Envelope<T> {
    pub(crate) data: T,
    pub(crate) total: i64,
    #[serde(rename = "limit")]
    _limit: i64,
    #[serde(rename = "offset")]
    _offset: i64,
    pub(crate) errors: Option<Vec<Failure>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Failure {
    pub(crate) code: i64,
    #[serde(rename = "msg")]
    _msg: String,
    #[serde(rename = "traceID")]
    pub(crate) trace_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Trace {
    #[serde(rename = "traceID")]
    pub(crate) trace_id: String,
    pub(crate) spans: Vec<Span>,
    pub(crate) processes: BTreeMap<String, Process>,
    #[serde(rename = "warnings")]
    _warnings: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Span {
    #[serde(rename = "traceID")]
    pub(crate) trace_id: String,
    #[serde(rename = "spanID")]
    pub(crate) span_id: String,
    #[serde(rename = "processID")]
    pub(crate) process_id: String,
    pub(crate) operation_name: String,
    pub(crate) start_time: i64,
    pub(crate) duration: i64,
    pub(crate) logs: Vec<Log>,
    pub(crate) references: Vec<Reference>,
    pub(crate) tags: Vec<Tag>,
    #[serde(rename = "warnings")]
    _warnings: Option<Vec<String>>,
    #[serde(rename = "flags")]
    _flags: i32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Reference {
    pub(crate) ref_type: String,
    #[serde(rename = "traceID")]
    pub(crate) trace_id: String,
    #[serde(rename = "spanID")]
    pub(crate) span_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) timestamp: i64,
    pub(crate) fields: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Process {
    pub(crate) service_name: String,
    pub(crate) tags: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tag {
    pub(crate) key: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) value: Value,
}

impl Trace {
    /// What the clients take for granted of every trace.
    pub(crate) fn check(&self) {
        for span in &self.spans {
            assert_eq!(span.trace_id, self.trace_id);
            let parents = span.references.iter().filter(|of| of.ref_type == "CHILD_OF");
            assert!(parents.clone().all(|of| of.trace_id == self.trace_id) && parents.count() <= 1);
            assert!(self.processes.contains_key(&span.process_id), "{span:?}");
            let of_logs = span.logs.iter().flat_map(|log| &log.fields);
            for tag in span.tags.iter().chain(of_logs) {
                tag.check();
            }
        }
        let tags = self.processes.values().flat_map(|process| &process.tags);
        tags.for_each(Tag::check);
    }
}

impl Tag {
    /// Perses throws on any other type.
    fn check(&self) {
        let right = match self.kind.as_str() {
            "string" | "binary" => self.value.is_string(),
            "bool" => self.value.is_boolean(),
            "int64" => self.value.is_i64() || self.value.is_string(),
            "float64" => self.value.is_f64(),
            _ => false,
        };
        assert!(right, "{self:?}");
    }
}

/// What Jaeger's own page checks of a trace of v3 before it shows it: ids in hex and not zero, 64-bit numbers as
/// decimal texts, enums as numbers, one value an attribute, no parent where there is none.
pub(crate) fn check_v3(result: &Value) {
    let of_resources = result["resourceSpans"].as_array().unwrap();
    for of_resource in of_resources {
        attributes(&of_resource["resource"]);
        for of_scope in of_resource["scopeSpans"].as_array().unwrap() {
            for span in of_scope["spans"].as_array().unwrap() {
                check_span(span);
            }
        }
    }
}

fn check_span(span: &Value) {
    hex(&span["traceId"], 32);
    hex(&span["spanId"], 16);
    if let Some(parent) = span.get("parentSpanId") {
        hex(parent, 16);
    }
    assert!(span["kind"].is_u64() && span["name"].is_string(), "{span}");
    for key in ["startTimeUnixNano", "endTimeUnixNano"] {
        decimal(&span[key]);
    }
    attributes(span);
    for event in span["events"].as_array().into_iter().flatten() {
        decimal(&event["timeUnixNano"]);
        attributes(event);
    }
    let status = span["status"].as_object().unwrap();
    assert!(status.get("code").is_none_or(Value::is_u64), "{span}");
}

fn attributes(of: &Value) {
    for attribute in of["attributes"].as_array().into_iter().flatten() {
        assert!(attribute["key"].is_string());
        let value = attribute["value"].as_object().unwrap();
        assert_eq!(value.len(), 1, "{attribute}");
        // One generation of Grafana's plugin reads truth values as texts and another does not: held attributes are texts.
        assert!(value["stringValue"].is_string(), "{attribute}");
    }
}

fn hex(text: &Value, digits: usize) {
    let text = text.as_str().unwrap();
    assert!(
        text.len() == digits && text.bytes().all(|b| b.is_ascii_hexdigit()),
        "{text}"
    );
    assert!(text.bytes().any(|b| b != b'0'), "{text}");
}

fn decimal(text: &Value) {
    text.as_str().unwrap().parse::<u64>().unwrap();
}
