//! What this process tells of the questions that it answers: one span each, named by the route and never by what was asked.

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use hotspan_telemetry::Traces;

use crate::gate;

/// Answers, and tells of it. Health checks and assets are no questions.
pub(crate) async fn tell(State(traces): State<Traces>, request: Request, next: Next) -> Response {
    if gate::is_open(request.uri().path()) {
        return next.run(request).await;
    }
    let began = traces.begin();
    let route = route(&request);
    let method = request.method().clone();
    let response = next.run(request).await;
    let status = response.status();
    traces.end_served(began, "answer", |span| {
        span.text("http.request.method", method.as_str());
        if let Some(route) = &route {
            span.text("http.route", route);
        }
        span.count("http.response.status_code", status.as_u16().into());
        if status.is_server_error() {
            span.failed(status.as_str());
        }
    });
    response
}

/// As the router has it. Methods of gRPC are told by their path, whose texts are ours where they are answered.
fn route(request: &Request) -> Option<String> {
    let matched = request.extensions().get::<MatchedPath>();
    let grpc = || gate::is_grpc(request.headers()).then(|| request.uri().path());
    matched.map(MatchedPath::as_str).or_else(grpc).map(str::to_owned)
}
