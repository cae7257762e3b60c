//! Health, for whoever restarts or routes: alive, and ready.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::Shared;
use crate::Check;
use crate::shape::clean;

/// Every condition of readiness.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Readiness {
    /// Every check is well.
    ready: bool,
    /// The conditions by name.
    checks: Vec<Condition>,
}

/// One condition.
#[derive(Debug, Serialize, ToSchema)]
struct Condition {
    /// What must be well.
    name: &'static str,
    /// Whether it is.
    ok: bool,
    /// Why not, or what was seen.
    detail: String,
}

/// The process answers.
#[utoipa::path(get, path = "/livez", tag = "health", responses((status = 200, description = "Alive", body = String)))]
pub(super) async fn livez() -> &'static str {
    "ok\n"
}

/// The process takes spans and answers questions.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "health",
    responses(
        (status = 200, description = "Ready", body = Readiness),
        (status = 503, description = "Not ready: the checks say why", body = Readiness),
    )
)]
pub(super) async fn readyz(State(backend): State<Shared>) -> Response {
    answer(backend.ready())
}

/// What must be well once before a process counts as started; a probe that kills slow ones asks here.
const OF_START: [&str; 2] = ["log", "shards"];

/// The process has read again what its log holds.
#[utoipa::path(
    get,
    path = "/startupz",
    tag = "health",
    responses(
        (status = 200, description = "Started", body = Readiness),
        (status = 503, description = "Not started: the checks say how far it is", body = Readiness),
    )
)]
pub(super) async fn startupz(State(backend): State<Shared>) -> Response {
    let mut checks = backend.ready();
    checks.retain(|check| OF_START.contains(&check.name));
    answer(checks)
}

fn answer(checks: Vec<Check>) -> Response {
    let checks: Vec<Condition> = checks
        .into_iter()
        .map(|check| Condition {
            name: check.name,
            ok: check.ok,
            detail: clean(&check.detail),
        })
        .collect();
    let ready = checks.iter().all(|check| check.ok);
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(Readiness { ready, checks })).into_response()
}
