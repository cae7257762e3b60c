//! What the Tempo data sources of Grafana and Perses read, over the traces that are held.

mod by_id;
mod ql;
mod refusal;
mod search;
mod tags;

use std::sync::Arc;

use axum::Router;
use axum::routing::{any, get};

use crate::Backend;

/// Everything under `/tempo`.
pub(crate) fn router() -> Router<Arc<dyn Backend>> {
    Router::new()
        .route("/api/echo", get(async || "echo"))
        .route("/api/v2/traces/{id}", get(by_id::trace))
        .route("/api/traces/{id}", get(by_id::bare_trace))
        .route("/api/search", get(search::search))
        .route("/api/v2/search/tags", get(tags::tags))
        .route("/api/v2/search/tag/{tag}/values", get(tags::values))
        .route("/api/metrics/query_range", any(refusal::no_metrics))
        .route("/api/metrics/query", any(refusal::no_metrics))
        .fallback(refusal::no_such_path)
        .method_not_allowed_fallback(refusal::only_get)
}
