//! The routes of v1.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use hotspan_model::{Kind, TraceId};
use serde::Serialize;

use super::question::{Question, kind};
use super::v1_envelope::{Envelope, Failure};
use super::v1_shape::Trace;
use crate::ask::{Problem, Query};
use crate::compat::{self, kind_name};
use crate::shape::clean;
use crate::{Backend, View};

type Shared = State<Arc<dyn Backend>>;
type Listed<T> = Json<Envelope<Vec<T>>>;

/// Most traces that are asked for by their ids at once.
const IDS_MAX: usize = 100;
/// Most edges of one answer.
const EDGES_MAX: usize = 10_000;

const MOMENT: &str = "a whole number of milliseconds since 1970";

/// Names of services; clients take an answer for health, too.
pub(super) async fn services(State(backend): Shared) -> Listed<String> {
    Envelope::counted(compat::services(&backend.view()))
}

/// Names of a service's operations.
pub(super) async fn operations_of(
    State(backend): Shared,
    service: Result<Path<String>, PathRejection>,
) -> Listed<String> {
    let service = service.map(|Path(name)| name).unwrap_or_default();
    let operations = compat::operations(&*backend, &service).await;
    let mut names: Vec<String> = operations.into_iter().map(|(name, _)| name).collect();
    names.dedup();
    Envelope::counted(names)
}

/// An operation with its kind.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Operation {
    pub(super) name: String,
    pub(super) span_kind: &'static str,
}

/// Operations of a service with their kinds.
pub(super) async fn operations(
    State(backend): Shared,
    mut query: Query,
) -> Result<Listed<Operation>, Failure> {
    Ok(Envelope::counted(
        operations_by(&*backend, &mut query, "spanKind").await?,
    ))
}

/// The same for both generations.
pub(super) async fn operations_by(
    backend: &dyn Backend,
    query: &mut Query,
    kind_parameter: &'static str,
) -> Result<Vec<Operation>, Problem> {
    let service = query.one("service")?.unwrap_or_default();
    let wanted = kind(query, kind_parameter)?;
    operations_of_kind(backend, &service, wanted).await
}

/// Operations of a service, of one kind or of all.
pub(super) async fn operations_of_kind(
    backend: &dyn Backend,
    service: &str,
    wanted: Option<Kind>,
) -> Result<Vec<Operation>, Problem> {
    if service.is_empty() {
        return Err(Problem::bad_value("service", "", "the name of a service"));
    }
    let operations = compat::operations(backend, service).await;
    let operations = operations.into_iter();
    Ok(operations
        .filter(|&(_, kind)| wanted.is_none_or(|wanted| wanted == kind))
        .map(|(name, kind)| Operation {
            name,
            span_kind: kind_name(kind),
        })
        .collect())
}

/// Traces by what they contain, or by their ids.
pub(super) async fn traces(State(backend): Shared, mut query: Query) -> Result<Response, Failure> {
    let ids = query.all("traceID");
    if !ids.is_empty() {
        return by_ids(&*backend, &ids).await;
    }
    let question = Question::v1(&mut query)?;
    let found = compat::search(&*backend, &question.wanted, question.limit, |trace| {
        question
            .matches(&trace)
            .then(|| (Trace::from(&trace), trace.weight()))
    });
    let found = found.await;
    let cut = AppendHeaders(compat::truncated(found.truncated));
    Ok((cut, Envelope::of(found.found)).into_response())
}

/// What is found of these, and an error for each of the others.
async fn by_ids(backend: &dyn Backend, ids: &[String]) -> Result<Response, Failure> {
    let Some(first) = ids.first().filter(|_| ids.len() <= IDS_MAX) else {
        let many = format!(
            "`traceID` is given {} times; ask for at most {IDS_MAX}",
            ids.len()
        );
        return Err(Failure::new(StatusCode::BAD_REQUEST, many));
    };
    let (mut found, mut errors, mut weight) = (Vec::new(), Vec::new(), 0);
    for text in ids {
        let id = id_of(text)?;
        match compat::held(backend, id).await {
            Some(trace) if weight <= compat::BYTES_MAX => {
                weight += trace.weight();
                found.push(Trace::from(&trace));
            }
            Some(_) => {
                let full = "the answer is full; ask for this trace alone";
                errors.push(Failure::new(StatusCode::PAYLOAD_TOO_LARGE, full).of_trace(id.to_string()));
            }
            None => errors.push(absent().of_trace(id.to_string())),
        }
    }
    match found.is_empty() {
        true => Err(absent().of_trace(first.clone())),
        false => Ok(Envelope::partly(found, errors).into_response()),
    }
}

/// One trace. The window is for stores that look faster in one: here it is read and the trace is found without it.
pub(super) async fn trace(
    State(backend): Shared,
    id: Result<Path<String>, PathRejection>,
    mut query: Query,
) -> Result<Listed<Trace>, Failure> {
    for name in ["start", "end"] {
        query.parsed_unless_empty(name, MOMENT, compat::moment)?;
    }
    let id = id_of(&id.map(|Path(id)| id).unwrap_or_default())?;
    let trace = compat::held(&*backend, id).await.ok_or_else(absent)?;
    Ok(Envelope::of(vec![Trace::from(&trace)]))
}

fn id_of(text: &str) -> Result<TraceId, Failure> {
    let read = compat::trace_id(text);
    read.ok_or_else(|| Problem::bad_value("traceID", text, compat::ID).into())
}

fn absent() -> Failure {
    Failure::new(StatusCode::NOT_FOUND, compat::ABSENT)
}

/// Who calls whom.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Edge {
    pub(super) parent: String,
    pub(super) child: String,
    pub(super) call_count: u64,
}

/// Who calls whom. Calls are counted for as long as the process lives, so the window is read and not applied.
pub(super) async fn dependencies(State(backend): Shared, mut query: Query) -> Result<Listed<Edge>, Failure> {
    let allowed = "a whole number of milliseconds";
    query.parsed_unless_empty("endTs", MOMENT, compat::moment)?;
    query.parsed_unless_empty("lookback", allowed, |text| text.parse::<u64>().ok())?;
    let service = query.one("service")?;
    Ok(Envelope::of(edges(&backend.view(), service.as_deref())))
}

/// Calls by caller and callee, sorted; of one service when it is named.
pub(super) fn edges(view: &View, service: Option<&str>) -> Vec<Edge> {
    let mut calls: BTreeMap<(String, String), u64> = BTreeMap::new();
    for row in &view.answers.dependencies {
        let ends = (clean(&row.from), clean(&row.to));
        if service.is_none_or(|name| ends.0 == name || ends.1 == name) {
            let sum = calls.entry(ends).or_default();
            *sum = sum.saturating_add(row.calls);
        }
    }
    let edges = calls.into_iter().take(EDGES_MAX);
    edges
        .map(|((parent, child), call_count)| Edge {
            parent,
            child,
            call_count,
        })
        .collect()
}

/// Nothing is archived: hotspots decide which traces stay.
pub(super) async fn archive() -> Failure {
    let why = "traces are not archived here: those that hotspots refer to stay for as long as they do";
    Failure::new(StatusCode::NOT_IMPLEMENTED, why)
}

/// The page of Jaeger that shows rates hides itself on this status.
pub(super) async fn metrics() -> Failure {
    let instead = "rates and latencies are in /metrics, for Prometheus";
    Failure::new(StatusCode::NOT_IMPLEMENTED, instead)
}

pub(super) async fn no_such_path() -> Failure {
    let known = "there is no such path; under /jaeger there are /api/services, /api/operations, /api/traces, \
                 /api/dependencies and /api/v3";
    Failure::new(StatusCode::NOT_FOUND, known)
}

pub(super) async fn other_method(method: Method) -> Failure {
    let why = format!("{method} is not answered here: everything is read with GET but /api/transform");
    Failure::new(StatusCode::METHOD_NOT_ALLOWED, why)
}
