//! The one thing that is written: what people say of hotspots.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, header};
use axum::routing::{MethodRouter, post};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Shared;
use super::routes::segment;
use crate::ask::{Problem, Query, Said};
use crate::{read, shape};

/// Largest body that is read: the longest texts, each character escaped.
const BODY_BYTES_MAX: usize = 16 << 10;

/// The route, with its bound.
pub(super) fn route() -> MethodRouter<Shared> {
    post(set_state).layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

/// What a person says of a hotspot.
#[derive(Deserialize, ToSchema)]
#[allow(dead_code, reason = "describes what `Said` reads")]
pub(super) struct Saying {
    /// `acknowledged`, `muted`, or `open` to take either back.
    state: Decision,
    /// Why, at most 500 characters; not needed to open.
    reason: Option<String>,
    /// Who says so, at most 100 characters.
    by: Option<String>,
    /// When it ends: RFC 3339, Unix seconds, or from now (`2h`, `7d`). Needed to mute.
    until: Option<String>,
}

/// What may be said.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Decision {
    Acknowledged,
    Muted,
    Open,
}

/// Acknowledges a hotspot, mutes it until a time, or reopens it; answered once every list shows it.
#[utoipa::path(
    post,
    path = "/api/v1/hotspots/{id}/state",
    tag = "hotspots",
    params(("id" = String, Path, description = "Its fingerprint, 32 hex digits")),
    request_body = Saying,
    responses(
        (status = 200, description = "The hotspot as it is now", body = shape::Hotspot),
        (status = 400, description = "What was said makes no sense", body = Problem,
            content_type = "application/problem+json"),
        (status = 403, description = "A page of another site sent it", body = Problem,
            content_type = "application/problem+json"),
        (status = 404, description = "Nobody knows it", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "No more is held", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem,
            content_type = "application/problem+json"),
        (status = 415, description = "The body is not said to be JSON", body = Problem,
            content_type = "application/problem+json"),
        (status = 503, description = "Too many say something at once, or it is shutting down", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(super) async fn set_state(
    State(backend): State<Shared>,
    id: Result<Path<String>, PathRejection>,
    query: Query,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<shape::Hotspot>, Problem> {
    query.finish()?;
    guard(&headers)?;
    let body = body.map_err(|_| Problem::body_too_large(BODY_BYTES_MAX))?;
    let said = Said::from_json(&body)?;
    Ok(Json(read::say(&*backend, &segment(id), said).await?))
}

/// A page of another site may make a browser post a form, but no JSON without being asked for leave, which nobody gives
/// here; and browsers say where a request comes from.
fn guard(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let kind = text(header::CONTENT_TYPE.as_str()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Problem::not_json(kind));
    }
    match text("sec-fetch-site") {
        None | Some("same-origin" | "none") => Ok(()),
        Some(_) => Err(Problem::another_site()),
    }
}
