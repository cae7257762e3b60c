//! What Jaeger's clients read: the JSON of its own pages (v1) and `api_v3`, over the traces that are held.

mod grpc;
mod question;
mod transform;
mod v1;
mod v1_envelope;
mod v1_shape;
mod v3;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::Backend;

pub(crate) use grpc::Reader as GrpcReader;

/// Everything under `/jaeger`.
pub(crate) fn router() -> Router<Arc<dyn Backend>> {
    let v3 = Router::new()
        .route("/services", get(v3::services))
        .route("/operations", get(v3::operations))
        .route("/traces", get(v3::traces))
        .route("/traces/{id}", get(v3::trace))
        .route("/trace-summaries", get(v3::summaries))
        .route("/dependencies", get(v3::dependencies))
        .fallback(v3::no_such_path)
        .method_not_allowed_fallback(v3::only_get);
    let transform = post(transform::transform).layer(DefaultBodyLimit::max(transform::BODY_BYTES_MAX));
    Router::new()
        .route("/api/services", get(v1::services))
        .route("/api/services/{service}/operations", get(v1::operations_of))
        .route("/api/operations", get(v1::operations))
        .route("/api/traces", get(v1::traces))
        .route("/api/traces/{id}", get(v1::trace))
        .route("/api/dependencies", get(v1::dependencies))
        .route("/api/transform", transform)
        .route("/api/archive/{id}", post(v1::archive))
        .route("/api/metrics/{kind}", get(v1::metrics))
        .nest("/api/v3", v3)
        .fallback(v1::no_such_path)
        .method_not_allowed_fallback(v1::other_method)
}
