//! The audit, for programs and for people.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::Shared;
use super::params::AuditParams;
use super::snapshot::tagged;
use crate::ask::{Problem, Query};
use crate::{page, read, shape};

/// The page brings its style and nothing else; whatever a span says, no browser loads or runs it.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'");

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Form {
    #[default]
    Json,
    Markdown,
    Html,
}

/// The system on one page: what to change first, and what stands behind it.
#[utoipa::path(
    get,
    path = "/api/v1/audit",
    tag = "system",
    params(AuditParams),
    responses(
        (status = 200, description = "The audit", content(
            (shape::Audit = "application/json"),
            (String = "text/markdown"),
            (String = "text/html"),
        )),
        (status = 304, description = "The snapshot is the one in If-None-Match"),
        (status = 400, description = "What was asked makes no sense", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(super) async fn audit(
    State(backend): State<Shared>,
    headers: HeaderMap,
    mut query: Query,
) -> Result<Response, Problem> {
    let forms = [("json", Form::Json), ("md", Form::Markdown), ("html", Form::Html)];
    let form = query.one_word("format", &forms)?.unwrap_or_default();
    query.finish()?;
    let view = backend.view();
    Ok(tagged(&view, &headers, || {
        let (audit, hotspots) = read::audit(&view);
        match form {
            Form::Json => Json(audit).into_response(),
            Form::Markdown => text("text/markdown; charset=utf-8", page::markdown(&audit, &hotspots)),
            Form::Html => text("text/html; charset=utf-8", page::html(&audit, &hotspots)),
        }
    }))
}

fn text(kind: &'static str, body: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    (headers, body).into_response()
}
