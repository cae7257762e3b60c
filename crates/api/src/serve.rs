//! One listener, everything that reads.

use std::future::Future;
use std::io;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::Backend;

/// Answers on `listener` until `shutdown` is done; requests under way are finished first.
pub async fn serve(
    listener: TcpListener,
    backend: Arc<dyn Backend>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let app = router(backend);
    axum::serve(listener, app).with_graceful_shutdown(shutdown).await
}

/// Every route of the reading side.
pub fn router(_backend: Arc<dyn Backend>) -> Router {
    Router::new().route("/livez", get(|| async { "ok\n" }))
}
