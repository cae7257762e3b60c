//! The handlers: read the question, refuse or answer.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};

use super::Shared;
use super::form::{Form, Listed};
use super::params::{
    CompareParams, HotspotDetailParams, HotspotParams, NearParams, PageParams, RowParams, TracePairParams,
    TraceParams,
};
use super::snapshot::tagged;
use crate::View;
use crate::ask::{
    CompareFilter, HotspotFilter, NearFilter, Problem, Query, RowFilter, TraceFilter, Waterfalls,
};
use crate::read;
use crate::shape::{
    self, Comparison, DependencyList, HotspotDetail, HotspotList, List, NearMissList, OperationList,
    ServiceList, ThirdPartyList, Trace, TraceComparison, TraceList,
};

/// What there is, in a few lines.
pub(super) const INDEX: &str = "\
Hotspan: structural faults of a backend, ranked by what they cost. Browsers get a page here.

  /api/v1/hotspots            the ranked list (?service= &detector= &break= &state= &since= &format=csv ...)
  /api/v1/hotspots/{id}       one of them, with the traces that prove it
  /api/v1/hotspots/{id}/state POST: acknowledge, mute until a time, reopen
  /api/v1/traces              the traces that are held as evidence
  /api/v1/traces/{trace_id}   one of them, analysed
  /api/v1/services            /api/v1/operations
  /api/v1/dependencies        /api/v1/third-parties
  /api/v1/near-misses         what nearly is a hotspot, and why it is none (?entry= &service=)
  /api/v1/compare             what appeared, grew or went (?a=-25h..-24h&b=-1h..now, ?a=version:1&b=version:2)
  /api/v1/compare/traces      two traces side by side (?a=ID&b=ID)
  /api/v1/audit               the system on one page (?format=md html)
  /api/v1/detectors           what is looked for, thresholds, efforts
  /api/v1/status              counters, listeners, shards
  /api/v1/openapi.json        all of this, described
  /jaeger                     the base URL for Jaeger's clients: Grafana, Perses, its own page
  /tempo                      the base URL for Tempo's clients: Grafana, Perses
  /mcp                        Model Context Protocol, for agents
  /metrics                    Prometheus
  /livez  /readyz             health
  gRPC on the same port       hotspan.v1, jaeger.api_v3, grpc.health.v1, reflection
";

/// Handlers of lists: name, path, tag, parameters beside those of the page, rows, filter, reading.
macro_rules! lists {
    ($($(#[$doc:meta])+ $name:ident: $path:tt, $tag:tt, $params:ident, $rows:ident, $filter:path, $read:path;)+) => {$(
        $(#[$doc])+
        #[utoipa::path(
            get,
            path = $path,
            tag = $tag,
            params($params, PageParams),
            responses(
                (status = 200, description = "A page", content(
                    (Listed<$rows> = "application/json"),
                    (String = "application/x-ndjson"),
                    (String = "text/csv"),
                )),
                (status = 304, description = "The snapshot is the one in If-None-Match"),
                (status = 400, description = "What was asked makes no sense", body = Problem,
                    content_type = "application/problem+json"),
            )
        )]
        pub(super) async fn $name(
            State(backend): State<Shared>,
            headers: HeaderMap,
            query: Query,
        ) -> Result<Response, Problem> {
            list(&backend.view(), &headers, query, $filter, $read)
        }
    )+};
}

lists! {
    /// The ranked list of hotspots.
    hotspots: "/api/v1/hotspots", "hotspots", HotspotParams, HotspotList, HotspotFilter::read, read::hotspots;
    /// The traces that hotspots refer to.
    traces: "/api/v1/traces", "traces", TraceParams, TraceList, TraceFilter::read, read::traces;
    /// The services, by name.
    services: "/api/v1/services", "system", RowParams, ServiceList, rows, read::services;
    /// The segment operations, by service and name.
    operations: "/api/v1/operations", "system", RowParams, OperationList, rows, read::operations;
    /// Who calls whom, by caller and callee.
    dependencies: "/api/v1/dependencies", "system", RowParams, DependencyList, rows, read::dependencies;
    /// The companies that are called, by domain.
    third_parties: "/api/v1/third-parties", "system", RowParams, ThirdPartyList, rows, read::third_parties;
    /// What appeared, grew, shrank or went between two windows or two versions; by default the last hour beside the day
    /// before it.
    compare: "/api/v1/compare", "hotspots", CompareParams, Comparison, CompareFilter::read, read::compare;
    /// What nearly is a hotspot, by service and operation, and why it is none.
    near_misses: "/api/v1/near-misses", "hotspots", NearParams, NearMissList, near, read::near_misses;
}

/// One hotspot with the traces that prove it.
#[utoipa::path(
    get,
    path = "/api/v1/hotspots/{id}",
    tag = "hotspots",
    params(("id" = String, Path, description = "Its fingerprint, 32 hex digits"), HotspotDetailParams),
    responses(
        (status = 200, description = "The hotspot", body = HotspotDetail),
        (status = 400, description = "What was asked makes no sense", body = Problem,
            content_type = "application/problem+json"),
        (status = 404, description = "Nobody knows it", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn hotspot(
    State(backend): State<Shared>,
    id: Result<Path<String>, PathRejection>,
    mut query: Query,
) -> Result<Json<HotspotDetail>, Problem> {
    let waterfalls = Waterfalls::read(&mut query)?;
    query.finish()?;
    let view = backend.view();
    Ok(Json(
        read::hotspot(&*backend, &view, &segment(id), waterfalls).await?,
    ))
}

/// One trace, analysed.
#[utoipa::path(
    get,
    path = "/api/v1/traces/{trace_id}",
    tag = "traces",
    params(("trace_id" = String, Path, description = "1 to 32 hex digits; leading zeros may be missing")),
    responses(
        (status = 200, description = "The trace", body = Trace),
        (status = 400, description = "There are no parameters", body = Problem,
            content_type = "application/problem+json"),
        (status = 404, description = "Nobody holds it", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn trace(
    State(backend): State<Shared>,
    id: Result<Path<String>, PathRejection>,
    query: Query,
) -> Result<Json<Trace>, Problem> {
    query.finish()?;
    Ok(Json(read::trace(&*backend, &segment(id)).await?))
}

/// Two traces side by side: what one does that the other does not, or does more often, or waits longer for.
#[utoipa::path(
    get,
    path = "/api/v1/compare/traces",
    tag = "traces",
    params(TracePairParams),
    responses(
        (status = 200, description = "Their differences", body = TraceComparison),
        (status = 400, description = "What was asked makes no sense", body = Problem,
            content_type = "application/problem+json"),
        (status = 404, description = "Nobody holds one of them", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(super) async fn compare_traces(
    State(backend): State<Shared>,
    mut query: Query,
) -> Result<Json<TraceComparison>, Problem> {
    let [a, b] = [("a", query.one("a")?), ("b", query.one("b")?)];
    query.finish()?;
    let given =
        |(name, id): (_, Option<String>)| id.ok_or_else(|| Problem::bad_value(name, "", "the id of a trace"));
    let (a, b) = (given(a)?, given(b)?);
    Ok(Json(
        read::compare_traces(&*backend, [("a", &a), ("b", &b)]).await?,
    ))
}

/// The detectors, their thresholds and efforts.
#[utoipa::path(
    get,
    path = "/api/v1/detectors",
    tag = "system",
    responses(
        (status = 200, description = "All of them", body = shape::DetectorList),
        (status = 304, description = "The snapshot is the one in If-None-Match"),
        (status = 400, description = "There are no parameters", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(super) async fn detectors(
    State(backend): State<Shared>,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Problem> {
    query.finish()?;
    let view = backend.view();
    Ok(tagged(&view, &headers, || {
        Json(shape::DetectorList::from(&*view.known)).into_response()
    }))
}

/// Counters and facts of the process.
#[utoipa::path(
    get,
    path = "/api/v1/status",
    tag = "system",
    responses(
        (status = 200, description = "The process", body = shape::Status),
        (status = 304, description = "The snapshot is the one in If-None-Match"),
        (status = 400, description = "There are no parameters", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(super) async fn status(
    State(backend): State<Shared>,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Problem> {
    query.finish()?;
    let view = backend.view();
    Ok(tagged(&view, &headers, || {
        Json(shape::Status::from(&*view)).into_response()
    }))
}

/// A page of a list in the form that is asked for, unless the client has it.
fn list<F, L: List>(
    view: &View,
    headers: &HeaderMap,
    mut query: Query,
    filter: impl Fn(&mut Query, &View) -> Result<F, Problem>,
    answer: impl Fn(&View, &F) -> L,
) -> Result<Response, Problem> {
    let filter = filter(&mut query, view)?;
    let form = Form::read(&mut query)?;
    query.finish()?;
    Ok(tagged(view, headers, || form.write(answer(view, &filter))))
}

fn rows(query: &mut Query, _: &View) -> Result<RowFilter, Problem> {
    RowFilter::read(query)
}

fn near(query: &mut Query, _: &View) -> Result<NearFilter, Problem> {
    NearFilter::read(query)
}

/// A segment of the path; what is no UTF-8 is no id, and nothing is found by it.
pub(super) fn segment(id: Result<Path<String>, PathRejection>) -> String {
    id.map(|Path(id)| id).unwrap_or_default()
}
