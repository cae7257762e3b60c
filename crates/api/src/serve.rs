//! One listener, everything that reads: gRPC and HTTP told apart by their content type.

use std::future::Future;
use std::io;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use crate::{Backend, grpc, http};

/// Answers on `listener` until `shutdown` is done; requests under way are finished first.
pub async fn serve(
    listener: TcpListener,
    backend: Arc<dyn Backend>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    axum::serve(listener, router(backend))
        .with_graceful_shutdown(shutdown)
        .await
}

/// Everything that reads, as one service.
pub fn router(backend: Arc<dyn Backend>) -> Router {
    let grpc = grpc::router(Arc::clone(&backend));
    http::router(backend).layer(from_fn_with_state(grpc, divert))
}

/// Lets tonic answer what is gRPC, unknown methods included.
async fn divert(State(grpc): State<Router>, request: Request, next: Next) -> Response {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let is_grpc = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"));
    match is_grpc {
        true => grpc.oneshot(request).await.into_response(),
        false => next.run(request).await,
    }
}
