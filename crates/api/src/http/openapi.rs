//! OpenAPI 3.1, generated from the handlers.

use axum::Json;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

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
        health::startupz,
        metrics::scrape,
    ),
    modifiers(&Credentials),
    security((), ("bearer" = []), ("basic" = [])),
    tags(
        (name = "hotspots", description = "Structural faults, ranked"),
        (name = "traces", description = "Single traces, analysed"),
        (name = "system", description = "What the traces say about the system, and the process itself"),
        (name = "health", description = "For whoever restarts, routes or scrapes"),
    )
)]
struct Api;

/// How a request shows a token, where the daemon was given `tokens_file`.
struct Credentials;

impl Modify for Credentials {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let components = api.components.get_or_insert_default();
        for (name, scheme, what) in [
            (
                "bearer",
                HttpAuthScheme::Bearer,
                "A token of `hotspan token new`. Questions need the scope `read`, a state `admin`; else 401, or 403",
            ),
            (
                "basic",
                HttpAuthScheme::Basic,
                "Any user, the token as password: for browsers, scrapers and data sources",
            ),
        ] {
            let scheme = HttpBuilder::new().scheme(scheme).description(Some(what)).build();
            components.add_security_scheme(name, SecurityScheme::Http(scheme));
        }
    }
}

/// The description of every path, as it is served and committed.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Api::openapi()
}

/// Serves the description.
pub(super) async fn document() -> Json<utoipa::openapi::OpenApi> {
    Json(openapi())
}
