//! `/metrics`: the own family, as text 0.0.4 or OpenMetrics.

mod families;
mod text;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

use self::text::Exposition;
use crate::Backend;

/// Everything that is counted, for Prometheus.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "health",
    responses((status = 200, description = "Text 0.0.4, or OpenMetrics when Accept asks for it", content(
        (String = "text/plain"),
        (String = "application/openmetrics-text"),
    )))
)]
pub(crate) async fn scrape(State(backend): State<Arc<dyn Backend>>, headers: HeaderMap) -> Response {
    let exposition = Exposition::wanted(&headers);
    let body = exposition.write(&families::families(&backend.metrics(), &backend.view()));
    let kind = HeaderValue::from_static(exposition.content_type());
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}
