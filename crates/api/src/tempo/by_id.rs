//! One trace, in protobuf or JSON, wrapped or bare.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hotspan_proto::tempopb::trace_by_id_response::PartialStatus;
use hotspan_proto::tempopb::{Trace as TraceMessage, TraceByIdResponse};
use prost::Message;
use serde_json::{Map, Value, json};

use super::refusal::Refusal;
use crate::Backend;
use crate::ask::{Problem, Query};
use crate::compat::{self, Flavour, Trace};

type Shared = State<Arc<dyn Backend>>;
type Id = Result<Path<String>, PathRejection>;

const SECONDS: &str = "a whole number of seconds since 1970";

/// The trace, and whether all of it is there.
pub(super) async fn trace(
    State(backend): Shared,
    id: Id,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Refusal> {
    let trace = held(&*backend, id, query).await?;
    if wants_protobuf(&headers) {
        return Ok(protobuf(&TraceByIdResponse {
            trace: Some(message(&trace)),
            status: match trace.partial {
                true => PartialStatus::Partial.into(),
                false => PartialStatus::Complete.into(),
            },
            message: said(&trace),
        }));
    }
    let spans = compat::resource_spans(&trace.spans, Flavour::Protobuf);
    let mut fields = Map::new();
    fields.insert("trace".to_owned(), json!({"resourceSpans": spans}));
    if trace.partial {
        fields.insert("status".to_owned(), "PARTIAL".into());
        fields.insert("message".to_owned(), said(&trace).into());
    }
    Ok(Json(Value::Object(fields)).into_response())
}

/// The trace alone, as older clients read it.
pub(super) async fn bare_trace(
    State(backend): Shared,
    id: Id,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Refusal> {
    let trace = held(&*backend, id, query).await?;
    if wants_protobuf(&headers) {
        return Ok(protobuf(&message(&trace)));
    }
    let spans = compat::resource_spans(&trace.spans, Flavour::Protobuf);
    Ok(Json(json!({"batches": spans})).into_response())
}

/// The trace. A window is for stores that look faster in one: here it is read and the trace is found without it.
async fn held(backend: &dyn Backend, id: Id, mut query: Query) -> Result<Trace, Refusal> {
    for name in ["start", "end"] {
        query.parsed(name, SECONDS, compat::moment)?;
    }
    let text = id.map(|Path(id)| id).unwrap_or_default();
    let id = compat::trace_id(&text).ok_or_else(|| Problem::bad_value("traceID", &text, compat::ID))?;
    let trace = compat::held(backend, id).await;
    trace.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, compat::ABSENT))
}

fn said(trace: &Trace) -> String {
    match trace.partial {
        true => trace.warnings.join("; "),
        false => String::new(),
    }
}

fn message(trace: &Trace) -> TraceMessage {
    TraceMessage {
        resource_spans: compat::resource_spans_proto(&trace.spans),
    }
}

fn wants_protobuf(headers: &HeaderMap) -> bool {
    let mut accepted = headers.get_all(header::ACCEPT).iter();
    accepted.any(|value| {
        value
            .to_str()
            .is_ok_and(|value| value.contains("application/protobuf"))
    })
}

fn protobuf(message: &impl Message) -> Response {
    let kind = HeaderValue::from_static("application/protobuf");
    ([(header::CONTENT_TYPE, kind)], message.encode_to_vec()).into_response()
}
