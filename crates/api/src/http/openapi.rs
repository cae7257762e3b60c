//! OpenAPI 3.1, generated from the handlers.

use axum::Json;
use utoipa::OpenApi;

use super::{audit, health, routes, state};
use crate::metrics;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Hotspan",
        description = "Structural faults of a backend, found in its own traces, ranked by what they cost. Durations are \
                       integers in nanoseconds (`_ns`), moments RFC 3339 in UTC with nanoseconds, ids lower-case hex. \
                       Every answer comes from one immutable snapshot, named by its ETag.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
        contact(),
    ),
    paths(
        routes::hotspots,
        routes::hotspot,
        state::set_state,
        routes::traces,
        routes::trace,
        routes::services,
        routes::operations,
        routes::dependencies,
        routes::third_parties,
        routes::near_misses,
        routes::compare,
        routes::compare_traces,
        audit::audit,
        routes::detectors,
        routes::status,
        health::livez,
        health::readyz,
        metrics::scrape,
    ),
    tags(
        (name = "hotspots", description = "Structural faults, ranked"),
        (name = "traces", description = "Single traces, analysed"),
        (name = "system", description = "What the traces say about the system, and the process itself"),
        (name = "health", description = "For whoever restarts, routes or scrapes"),
    )
)]
struct Api;

/// The description of every path, as it is served and committed.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Api::openapi()
}

/// Serves the description.
pub(super) async fn document() -> Json<utoipa::openapi::OpenApi> {
    Json(openapi())
}
