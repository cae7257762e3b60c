//! OTLP/JSON that a person drops on Jaeger's page, back as its traces. Nothing of it is kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use hotspan_model::{Kind, SpanId, TraceId};
use serde_json::Value as JsonValue;

use super::v1_envelope::{Envelope, Failure};
use super::v1_shape::Trace;
use crate::compat::{self, Event, Link, Resource, Scope, Span, Status, Value};
use crate::shape::{SPANS_MAX, clean};

/// Largest body that is read.
pub(super) const BODY_BYTES_MAX: usize = 4 << 20;

/// The traces of one request of OTLP/JSON.
pub(super) async fn transform(
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Envelope<Vec<Trace>>>, Failure> {
    let body = body.map_err(|_| {
        let why = format!("the body must come whole and be at most {BODY_BYTES_MAX} bytes");
        Failure::new(StatusCode::PAYLOAD_TOO_LARGE, why)
    })?;
    let refused = |why: String| Failure::new(StatusCode::BAD_REQUEST, why);
    let request: JsonValue = serde_json::from_slice(&body)
        .map_err(|error| refused(format!("the body must be OTLP/JSON: {error}")))?;
    let traces = traces(&request).map_err(refused)?;
    Ok(Envelope::of(traces.iter().map(Trace::from).collect()))
}

/// The spans by trace, in order of their ids.
fn traces(request: &JsonValue) -> Result<Vec<compat::Trace>, String> {
    if !request["resourceSpans"].is_array() {
        return Err("the body must be one object with a list `resourceSpans`".to_owned());
    }
    let mut traces: BTreeMap<TraceId, Vec<Span>> = BTreeMap::new();
    let mut count = 0;
    for of_resource in list(request, "resourceSpans") {
        let resource = Arc::new(resource(&of_resource["resource"]));
        for of_scope in list(of_resource, "scopeSpans") {
            let scope = Arc::new(Scope {
                name: text(&of_scope["scope"], "name"),
                version: text(&of_scope["scope"], "version"),
            });
            for of_span in list(of_scope, "spans") {
                count += 1;
                if count > SPANS_MAX {
                    return Err(format!("more than {SPANS_MAX} spans; send fewer at once"));
                }
                let span = span(of_span, &resource, &scope)
                    .ok_or_else(|| format!("span {count} has no `traceId` or `spanId` in hex"))?;
                traces.entry(span.trace).or_default().push(span);
            }
        }
    }
    let trace = |(id, spans)| compat::Trace {
        id,
        spans,
        warnings: Vec::new(),
        partial: false,
    };
    Ok(traces.into_iter().map(trace).collect())
}

fn resource(of: &JsonValue) -> Resource {
    let mut attributes = attributes(of);
    let service = attributes.iter().position(|(key, _)| key == "service.name");
    let service = service.map(|at| attributes.remove(at).1.text().into_owned());
    Resource {
        service: service.unwrap_or_else(|| "?".to_owned()),
        attributes,
    }
}

fn span(of: &JsonValue, resource: &Arc<Resource>, scope: &Arc<Scope>) -> Option<Span> {
    let start = nanos(&of["startTimeUnixNano"]);
    Some(Span {
        trace: trace_id(of)?,
        id: span_id(&of["spanId"])?,
        parent: span_id(&of["parentSpanId"]),
        name: text(of, "name"),
        resource: Arc::clone(resource),
        scope: Arc::clone(scope),
        kind: kind(&of["kind"]),
        start,
        duration: nanos(&of["endTimeUnixNano"]).saturating_sub(start),
        status: status(&of["status"]["code"]),
        status_message: text(&of["status"], "message"),
        attributes: attributes(of),
        events: list(of, "events").map(event).collect(),
        links: list(of, "links").filter_map(link).collect(),
        tracestate: text(of, "traceState"),
        warnings: Vec::new(),
    })
}

fn event(of: &JsonValue) -> Event {
    Event {
        time: nanos(&of["timeUnixNano"]),
        name: text(of, "name"),
        attributes: attributes(of),
    }
}

fn link(of: &JsonValue) -> Option<Link> {
    Some(Link {
        trace: trace_id(of)?,
        span: span_id(&of["spanId"])?,
        attributes: attributes(of),
    })
}

fn trace_id(of: &JsonValue) -> Option<TraceId> {
    TraceId::from_hex(of["traceId"].as_str()?)
}

fn span_id(of: &JsonValue) -> Option<SpanId> {
    let text = of.as_str().filter(|text| text.len() <= 16)?;
    SpanId::new(u64::try_from(TraceId::from_hex(text)?.get()).ok()?)
}

fn list<'a>(of: &'a JsonValue, name: &str) -> impl Iterator<Item = &'a JsonValue> {
    of[name].as_array().into_iter().flatten()
}

fn text(of: &JsonValue, name: &str) -> String {
    clean(of[name].as_str().unwrap_or_default())
}

/// A 64-bit number, written as one or as a text.
fn nanos(of: &JsonValue) -> u64 {
    let given = of.as_u64().or_else(|| of.as_str()?.parse().ok());
    given.unwrap_or(0)
}

fn kind(of: &JsonValue) -> Kind {
    let kinds = [
        Kind::Internal,
        Kind::Server,
        Kind::Client,
        Kind::Producer,
        Kind::Consumer,
    ];
    let number = of.as_u64().and_then(|number| usize::try_from(number).ok());
    let by_number = number.and_then(|number| number.checked_sub(1));
    let by_name = of.as_str().and_then(|name| name.strip_prefix("SPAN_KIND_"));
    match (by_number, by_name) {
        (Some(place), _) => kinds.get(place).copied().unwrap_or_default(),
        (None, Some(name)) => compat::kind_of(&name.to_ascii_lowercase()).unwrap_or_default(),
        (None, None) => Kind::Unspecified,
    }
}

fn status(of: &JsonValue) -> Status {
    match (of.as_u64(), of.as_str()) {
        (Some(1), _) | (_, Some("STATUS_CODE_OK")) => Status::Ok,
        (Some(2), _) | (_, Some("STATUS_CODE_ERROR")) => Status::Error,
        (_, _) => Status::Unset,
    }
}

fn attributes(of: &JsonValue) -> Vec<(String, Value)> {
    let entries = list(of, "attributes");
    let entries = entries.filter_map(|entry| Some((text(entry, "key"), value(&entry["value"])?)));
    entries.collect()
}

/// What is no plain value is shown as it is written.
fn value(of: &JsonValue) -> Option<Value> {
    let (name, value) = of.as_object()?.iter().next()?;
    Some(match name.as_str() {
        "stringValue" => Value::Text(clean(value.as_str()?)),
        "boolValue" => Value::Bool(value.as_bool()?),
        "intValue" => Value::Int(value.as_i64().or_else(|| value.as_str()?.parse().ok())?),
        "doubleValue" => Value::Double(value.as_f64()?),
        "bytesValue" => Value::Bytes(compat::from_base64(value.as_str()?)?),
        _ => Value::Text(clean(&value.to_string())),
    })
}
