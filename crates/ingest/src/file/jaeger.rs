//! Jaeger's JSON, as its UI saves it, as OTLP/JSON.

use serde_json::{Map, Value, json};

/// Names of Jaeger's tags that say what OTLP has fields for.
const KIND: &str = "span.kind";
const ERROR: &str = "error";
const STATUS: &str = "otel.status_code";

/// The OTLP request of one saved answer; tolerant, as the decoder is: what does not read is absent.
pub(super) fn as_otlp(document: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
    let saved: Value = serde_json::from_slice(document)?;
    // A saved answer has its traces in `data`; a single trace stands alone.
    let traces = match saved.get("data").and_then(Value::as_array) {
        Some(traces) => traces.iter().collect(),
        None => vec![&saved],
    };
    let resource_spans: Vec<_> = traces.into_iter().flat_map(resources).collect();
    serde_json::to_vec(&json!({ "resourceSpans": resource_spans }))
}

/// One entry for each span: the spans of a process need not stand together.
fn resources(trace: &Value) -> Vec<Value> {
    let spans = trace["spans"].as_array().map_or(&[][..], Vec::as_slice);
    let resource = |span: &Value| {
        let process = span["processID"]
            .as_str()
            .map_or(&span["process"], |id| &trace["processes"][id]);
        json!({
            "resource": { "attributes": process_attributes(process) },
            "scopeSpans": [{ "spans": [as_span(span)] }],
        })
    };
    spans.iter().map(resource).collect()
}

fn process_attributes(process: &Value) -> Vec<Value> {
    let name = json!({ "key": "service.name", "value": { "stringValue": process["serviceName"] } });
    let tags = attributes(&process["tags"]);
    std::iter::once(name).chain(tags).collect()
}

fn as_span(span: &Value) -> Value {
    let start = span["startTime"].as_u64().unwrap_or(0);
    let end = start.saturating_add(span["duration"].as_u64().unwrap_or(0));
    let tag = |key: &str| tag(&span["tags"], key);
    let is_error = tag(ERROR).is_some_and(|value| value == &json!(true) || value == "true")
        || tag(STATUS).is_some_and(|value| value == "ERROR");
    let mut out = Map::new();
    out.insert("traceId".into(), padded(&span["traceID"], 32));
    out.insert("spanId".into(), padded(&span["spanID"], 16));
    if let Some(parent) = parent(span) {
        out.insert("parentSpanId".into(), padded(parent, 16));
    }
    out.insert("name".into(), span["operationName"].clone());
    out.insert("kind".into(), kind(tag(KIND)).into());
    // Jaeger counts microseconds.
    out.insert("startTimeUnixNano".into(), nanos(start));
    out.insert("endTimeUnixNano".into(), nanos(end));
    out.insert("attributes".into(), attributes(&span["tags"]).into());
    out.insert("events".into(), events(&span["logs"]).into());
    if is_error {
        out.insert("status".into(), json!({ "code": 2 }));
    }
    out.into()
}

/// The reference that is a parent, in the same trace; older exports have a field of their own.
fn parent(span: &Value) -> Option<&Value> {
    let references = span["references"].as_array().map_or(&[][..], Vec::as_slice);
    let is_parent = |reference: &&Value| {
        let is_same = reference["traceID"] == span["traceID"];
        is_same && (reference["refType"] == "CHILD_OF" || reference["refType"] == "FOLLOWS_FROM")
    };
    let reference = references
        .iter()
        .find(is_parent)
        .map(|reference| &reference["spanID"]);
    reference.or_else(|| span.get("parentSpanID").filter(|id| id.is_string()))
}

fn tag<'a>(tags: &'a Value, key: &str) -> Option<&'a Value> {
    let mut tags = tags.as_array()?.iter();
    tags.find(|tag| tag["key"] == key).map(|tag| &tag["value"])
}

fn kind(tag: Option<&Value>) -> u32 {
    match tag.and_then(Value::as_str) {
        Some("internal") => 1,
        Some("server") => 2,
        Some("client") => 3,
        Some("producer") => 4,
        Some("consumer") => 5,
        _ => 0,
    }
}

/// Ids with their leading zeros, which Jaeger leaves out.
fn padded(id: &Value, digits: usize) -> Value {
    let id = id.as_str().unwrap_or_default();
    format!("{id:0>digits$}").into()
}

fn nanos(micros: u64) -> Value {
    micros.saturating_mul(1_000).to_string().into()
}

fn events(logs: &Value) -> Vec<Value> {
    let event = |log: &Value| {
        let time = log["timestamp"].as_u64().unwrap_or(0);
        let name = tag(&log["fields"], "event").or_else(|| tag(&log["fields"], "message"));
        json!({
            "timeUnixNano": nanos(time),
            "name": name.and_then(Value::as_str).unwrap_or("log"),
            "attributes": attributes(&log["fields"]),
        })
    };
    let logs = logs.as_array().map_or(&[][..], Vec::as_slice);
    logs.iter().map(event).collect()
}

fn attributes(tags: &Value) -> Vec<Value> {
    let attribute = |tag: &Value| {
        let value = match &tag["value"] {
            Value::Bool(value) => json!({ "boolValue": value }),
            Value::Number(value) if value.is_f64() => json!({ "doubleValue": value }),
            Value::Number(value) => json!({ "intValue": value.to_string() }),
            Value::String(value) => json!({ "stringValue": value }),
            Value::Null => json!({}),
            other @ (Value::Array(_) | Value::Object(_)) => json!({ "stringValue": other.to_string() }),
        };
        json!({ "key": tag["key"], "value": value })
    };
    let tags = tags.as_array().map_or(&[][..], Vec::as_slice);
    tags.iter().map(attribute).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_trace_becomes_spans_with_their_processes() {
        let saved = json!({ "data": [{
            "traceID": "abc",
            "spans": [
                { "traceID": "abc", "spanID": "1", "operationName": "GET /", "processID": "p1",
                  "startTime": 1_000_000, "duration": 25, "references": [],
                  "tags": [{ "key": "span.kind", "type": "string", "value": "server" },
                           { "key": "http.status_code", "type": "int64", "value": 200 }] },
                { "traceID": "abc", "spanID": "2", "operationName": "SELECT", "processID": "p2",
                  "startTime": 1_000_001, "duration": 5,
                  "references": [{ "refType": "CHILD_OF", "traceID": "abc", "spanID": "1" }],
                  "tags": [{ "key": "error", "type": "bool", "value": true }] },
            ],
            "processes": { "p1": { "serviceName": "shop", "tags": [] }, "p2": { "serviceName": "db" } },
        }]});
        let otlp: Value = serde_json::from_slice(&as_otlp(saved.to_string().as_bytes()).unwrap()).unwrap();
        let span = |place: usize| &otlp["resourceSpans"][place]["scopeSpans"][0]["spans"][0];
        assert_eq!(span(0)["traceId"], format!("{:0>32}", "abc"));
        assert_eq!(span(0)["kind"], 2);
        assert_eq!(span(0)["endTimeUnixNano"], "1000025000");
        assert_eq!(span(0)["attributes"][1]["value"]["intValue"], "200");
        assert_eq!(span(1)["parentSpanId"], format!("{:0>16}", "1"));
        assert_eq!(span(1)["status"]["code"], 2);
        let name = &otlp["resourceSpans"][1]["resource"]["attributes"][0];
        assert_eq!(name["value"]["stringValue"], "db");
    }

    #[test]
    fn what_does_not_read_is_absent() {
        for odd in [
            "{}",
            "{\"data\": 1}",
            "{\"data\":[{\"spans\":[{}]}]}",
            "{\"spans\":[1,null]}",
        ] {
            assert!(as_otlp(odd.as_bytes()).is_ok(), "{odd}");
        }
        assert!(as_otlp(b"{").is_err());
    }
}
