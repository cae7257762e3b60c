//! The Model Context Protocol over streamable HTTP: what agents ask, answered by the same readers as HTTP and gRPC.
//!
//! Nothing is kept between two requests: no session, no stream that stays open. Only this folder knows rmcp.

mod arguments;
mod audit;
mod budget;
mod call;
mod compare;
mod compare_traces;
mod evidence;
mod explain;
mod guard;
mod hotspot;
mod hotspots;
mod links;
mod map;
mod near;
mod prefix;
mod quoted;
mod schema;
mod secrets;
mod server;
mod spans;
mod third_parties;
mod tools;
mod traces;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any};
use http::{Method, StatusCode};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};

use crate::Backend;
use server::Server;

/// Largest message that is read.
const MESSAGE_BYTES_MAX: usize = 64 << 10;

type Service = StreamableHttpService<Server, NeverSessionManager>;

/// The endpoint, wherever it is mounted.
pub(crate) fn route<S: Clone + Send + Sync + 'static>(backend: &Arc<dyn Backend>) -> MethodRouter<S> {
    let server = Server {
        backend: Arc::clone(backend),
    };
    let service = service(server.clone());
    any(async move |request: Request| answer(&server, &service, request).await)
}

fn service(server: Server) -> Service {
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(MESSAGE_BYTES_MAX)
        // `guard` asks both questions, in words that say what to set.
        .disable_allowed_hosts();
    StreamableHttpService::new(move || Ok(server.clone()), Arc::default(), config)
}

async fn answer(server: &Server, service: &Service, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if let Err(problem) = guard::check(&parts, server.backend.public_urls()) {
        return problem.into_response();
    }
    // Clients end sessions that they never had, and Grafana asks so whether an agent's endpoint is here.
    if parts.method == Method::DELETE {
        return StatusCode::OK.into_response();
    }
    service
        .handle(Request::from_parts(parts, body))
        .await
        .map(Body::new)
}
