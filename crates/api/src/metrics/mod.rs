//! `/metrics`: the own family and those that dashboards of others ask for, as text 0.0.4 or OpenMetrics.

mod access;
mod analysis;
mod families;
mod graph;
mod histogram;
mod known;
mod number;
mod spans;
mod tenants;
mod text;
mod traffic;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use self::text::Exposition;
use crate::Backend;

/// Which series were exposed, for the next scrape. Held while a scrape places its rows; only scrapes take it.
pub(crate) type Known = Arc<Mutex<known::Known>>;

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
pub(crate) async fn scrape(
    State(backend): State<Arc<dyn Backend>>,
    Extension(known): Extension<Known>,
    headers: HeaderMap,
) -> Response {
    let exposition = Exposition::wanted(&headers);
    let (metrics, view) = (backend.metrics(), backend.view());
    let families = {
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        families::families(&metrics, &view, &mut known)
    };
    let body = exposition.write(&families);
    let kind = HeaderValue::from_static(exposition.content_type());
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}
