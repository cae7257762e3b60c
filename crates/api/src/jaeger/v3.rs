//! The routes of `api_v3` over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde_json::{Value as JsonValue, json};

use super::question::{Question, boolean, moment};
use super::v1;
use crate::Backend;
use crate::ask::{Problem, Query};
use crate::compat::{self, Flavour, Summary, Trace};

type Shared = State<Arc<dyn Backend>>;

/// Why there is no answer, as the gateway of `api_v3` says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    status: StatusCode,
    message: String,
}

impl Failure {
    fn absent(message: &str) -> Failure {
        Failure {
            status: StatusCode::NOT_FOUND,
            message: message.to_owned(),
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Failure {
        Failure {
            status: StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST),
            message: compat::sentence(&problem),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let error = json!({"httpCode": self.status.as_u16(), "message": self.message});
        (self.status, Json(json!({"error": error}))).into_response()
    }
}

/// Names of services.
pub(super) async fn services(State(backend): Shared) -> Json<JsonValue> {
    Json(json!({"services": compat::services(&backend.view())}))
}

/// Operations of a service with their kinds.
pub(super) async fn operations(State(backend): Shared, mut query: Query) -> Result<Json<JsonValue>, Failure> {
    let name = if query.has("span_kind") {
        "span_kind"
    } else {
        "spanKind"
    };
    let operations = v1::operations_by(&*backend, &mut query, name).await?;
    Ok(Json(json!({"operations": operations})))
}

/// One trace. Times are those after the correction of clocks, whether or not raw ones are asked for.
pub(super) async fn trace(
    State(backend): Shared,
    id: Result<Path<String>, PathRejection>,
    mut query: Query,
) -> Result<Response, Failure> {
    moment(&mut query, ["startTime", "start_time"])?;
    moment(&mut query, ["endTime", "end_time"])?;
    boolean(&mut query, ["rawTraces", "raw_traces"])?;
    let text = id.map(|Path(id)| id).unwrap_or_default();
    let id = compat::trace_id(&text).ok_or_else(|| Problem::bad_value("traceId", &text, compat::ID))?;
    let trace = compat::held(&*backend, id).await;
    let trace = trace.ok_or_else(|| Failure::absent(compat::ABSENT))?;
    Ok(result(&[trace]))
}

/// Traces by what they contain.
pub(super) async fn traces(State(backend): Shared, mut query: Query) -> Result<Response, Failure> {
    let question = Question::v3(&mut query)?;
    let found = compat::search(&*backend, &question.wanted, question.limit, |trace| {
        let weight = trace.weight();
        question.matches(&trace).then_some((trace, weight))
    });
    let found = found.await;
    if found.found.is_empty() {
        return Err(Failure::absent("no held trace is what was asked for"));
    }
    let cut = AppendHeaders(compat::truncated(found.truncated));
    Ok((cut, result(&found.found)).into_response())
}

/// The same in a few numbers each.
pub(super) async fn summaries(State(backend): Shared, mut query: Query) -> Result<Response, Failure> {
    let question = Question::v3(&mut query)?;
    let found = compat::search(&*backend, &question.wanted, question.limit, |trace| {
        question.matches(&trace).then(|| (summary(&trace), SUMMARY_BYTES))
    });
    let found = found.await;
    let cut = AppendHeaders(compat::truncated(found.truncated));
    Ok((cut, Json(json!({"summaries": found.found}))).into_response())
}

/// What one summary weighs, nearly.
const SUMMARY_BYTES: usize = 1_024;

fn summary(trace: &Trace) -> JsonValue {
    let of = Summary::new(trace);
    let services = of.services.iter();
    let services: Vec<JsonValue> = services
        .map(|(name, stats)| json!({"name": name, "spanCount": stats.spans, "errorSpanCount": stats.errors}))
        .collect();
    json!({
        "traceId": trace.id.to_string(),
        "rootServiceName": of.root_service,
        "rootOperationName": of.root_name,
        "minStartTimeUnixNano": of.start.to_string(),
        "maxEndTimeUnixNano": of.end.to_string(),
        "spanCount": trace.spans.len(),
        "errorSpanCount": of.errors,
        "orphanSpanCount": of.orphans,
        "services": services,
    })
}

/// Who calls whom; the window is read and not applied, as in v1.
pub(super) async fn dependencies(
    State(backend): Shared,
    mut query: Query,
) -> Result<Json<JsonValue>, Failure> {
    moment(&mut query, ["startTime", "start_time"])?;
    moment(&mut query, ["endTime", "end_time"])?;
    let edges = v1::edges(&backend.view(), None);
    let edges = edges.into_iter().map(
        |edge| json!({"parent": edge.parent, "child": edge.child, "callCount": edge.call_count.to_string()}),
    );
    Ok(Json(json!({"dependencies": edges.collect::<Vec<_>>()})))
}

fn result(traces: &[Trace]) -> Response {
    let spans = traces.iter().flat_map(|trace| &trace.spans);
    let spans = compat::resource_spans(spans, Flavour::Otlp);
    Json(json!({"result": {"resourceSpans": spans}})).into_response()
}

pub(super) async fn no_such_path() -> Failure {
    Failure::absent(
        "there is no such path; under /jaeger/api/v3 there are /services, /operations, /traces, \
         /traces/{id}, /trace-summaries and /dependencies",
    )
}

pub(super) async fn only_get() -> Failure {
    Failure {
        status: StatusCode::METHOD_NOT_ALLOWED,
        message: "everything here is read with GET".to_owned(),
    }
}
