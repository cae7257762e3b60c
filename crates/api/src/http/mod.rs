//! The HTTP/JSON side: routes, documents, headers.

mod audit;
mod flat;
mod form;
mod headline;
mod health;
mod openapi;
mod params;
mod routes;
mod snapshot;
mod state;
mod ui;

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{any, get};
use axum::{Extension, Router};
use tower_http::compression::CompressionLayer;

use crate::ask::Problem;
use crate::gate::is_private;
use crate::{Backend, jaeger, mcp, metrics, tempo};

/// What handlers share.
type Shared = Arc<dyn Backend>;

pub use flat::csv;
pub use openapi::openapi;

/// Every path that is not gRPC.
pub(crate) fn router(backend: Shared) -> Router {
    let compat = backend.compat();
    let mcp = || match compat.mcp {
        true => mcp::route(&backend),
        false => any(async || Problem::switched_off("mcp")),
    };
    Router::new()
        .merge(ui::router())
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
        .route("/startupz", get(health::startupz))
        .route(
            "/metrics",
            get(metrics::scrape).layer(Extension(metrics::Known::default())),
        )
        .route("/api/v1/hotspots", get(routes::hotspots))
        .route("/api/v1/hotspots/{id}", get(routes::hotspot))
        .route("/api/v1/hotspots/{id}/state", state::route())
        .route("/api/v1/traces", get(routes::traces))
        .route("/api/v1/traces/{trace_id}", get(routes::trace))
        .route("/api/v1/services", get(routes::services))
        .route("/api/v1/operations", get(routes::operations))
        .route("/api/v1/dependencies", get(routes::dependencies))
        .route("/api/v1/third-parties", get(routes::third_parties))
        .route("/api/v1/near-misses", get(routes::near_misses))
        .route("/api/v1/compare", get(routes::compare))
        .route("/api/v1/compare/traces", get(routes::compare_traces))
        .route("/api/v1/audit", get(audit::audit))
        .route("/api/v1/detectors", get(routes::detectors))
        .route("/api/v1/status", get(routes::status))
        .route("/api/v1/openapi.json", get(openapi::document))
        .nest("/jaeger", if_on(compat.jaeger, "jaeger", jaeger::router))
        .nest("/tempo", if_on(compat.tempo, "tempo", tempo::router))
        .route("/mcp", mcp())
        .route("/tempo/api/mcp", mcp())
        .fallback(async || Problem::not_found("there is no such path; GET / names those there are"))
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(from_fn(hardened))
        .layer(CompressionLayer::new().gzip(true))
        .with_state(backend)
}

/// A surface, or why it is not there.
fn if_on(on: bool, name: &'static str, router: fn() -> Router<Shared>) -> Router<Shared> {
    match on {
        true => router(),
        false => Router::new().fallback(async move || Problem::switched_off(name)),
    }
}

/// Texts of spans are in every answer: no browser may guess that they are something else, and what was asked with
/// credentials is kept by nobody on the way.
async fn hardened(request: Request, next: Next) -> Response {
    let with_credentials = is_private(&request);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let nosniff = HeaderValue::from_static("nosniff");
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    if with_credentials {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}
