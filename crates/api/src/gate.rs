//! Who may ask what: the scope that each request needs, and how one without it is refused.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use hotspan_access::{Access, Denied, Scope, TENANT_HEADER, Tenant, Visitor, challenge};
use hotspan_telemetry::Traces;
use http::{HeaderMap, Method, header};
use tower::ServiceExt as _;

use crate::ask::Problem;

/// What stands before the port.
#[derive(Clone, Debug)]
pub struct Gate {
    /// Who may come in.
    pub access: Arc<Access>,
    /// `/metrics` needs no credential.
    pub metrics_are_open: bool,
    /// Where this process tells of the questions that it answers.
    pub traces: Traces,
}

impl Default for Gate {
    /// Everybody may ask everything.
    fn default() -> Gate {
        Gate {
            access: Access::open(),
            metrics_are_open: false,
            traces: Traces::default(),
        }
    }
}

/// For whoever restarts or routes, who has no credential.
const OPEN: [&str; 3] = ["/livez", "/readyz", "/startupz"];
/// Needs no credential by an option; whoever shows one gets the figures of its tenant all the same.
const METRICS: &str = "/metrics";
/// The page's program, which is the same everywhere and holds nothing.
const ASSETS: &str = "/assets/";
/// What is sent with other methods than GET and changes nothing.
const ASKED_BY_POST: [&str; 3] = ["/mcp", "/tempo/api/mcp", "/jaeger/api/transform"];
/// Health over gRPC, which is open too, and the one method that changes something.
const GRPC_HEALTH: &str = "/grpc.health.v1.Health/";
const GRPC_ADMIN: &str = "/hotspan.v1.Hotspots/SetState";

/// A gate, and what answers behind it: a router for each tenant, first that of what belongs to none.
#[derive(Clone)]
pub(crate) struct Guard {
    pub(crate) gate: Gate,
    pub(crate) routers: Arc<[Router]>,
}

/// Lets a request in that shows what it needs, to the answers of its tenant, and answers any other. It stands before all
/// routes: what one router found in a path would be in the way of the next.
pub(crate) async fn admit(State(guard): State<Guard>, request: Request) -> Response {
    match guard.gate.tenant(&request) {
        Ok(tenant) => {
            let own = guard.routers[tenant.place()].clone();
            own.oneshot(request).await.into_response()
        }
        Err(denied) => refusal(&denied, is_grpc(request.headers())),
    }
}

/// Whether everybody gets what is there, in whatever state this process is.
pub(crate) fn is_open(path: &str) -> bool {
    OPEN.contains(&path) || path.starts_with(ASSETS)
}

/// Whether a request is tonic's to answer.
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"))
}

/// Whether a request shows a credential, so that nobody on the way may keep its answer. Assets hold nothing.
pub(crate) fn is_private(request: &Request) -> bool {
    let visitor: Option<&Visitor> = request.extensions().get();
    let headers = request.headers();
    let shows = headers.contains_key(header::AUTHORIZATION)
        || headers.contains_key(TENANT_HEADER)
        || visitor.is_some_and(Visitor::has_certificate);
    shows && !request.uri().path().starts_with(ASSETS)
}

impl Gate {
    /// Whose answers a request gets.
    fn tenant(&self, request: &Request) -> Result<Tenant, Denied> {
        let nobody = Visitor::default();
        let visitor = request.extensions().get().unwrap_or(&nobody);
        let (headers, path) = (request.headers(), request.uri().path());
        match self.needed(request.method(), path, is_grpc(headers)) {
            Some(needed) => self.access.authorize(visitor, headers, needed),
            None if path == METRICS => Ok(self.access.tenant_of(visitor, headers)),
            None => Ok(Tenant::NONE),
        }
    }

    /// The scope that a request needs, if any. What is not known to be a question changes something.
    fn needed(&self, method: &Method, path: &str, is_grpc: bool) -> Option<Scope> {
        if is_grpc {
            return match path {
                GRPC_ADMIN => Some(Scope::Admin),
                path if path.starts_with(GRPC_HEALTH) => None,
                _ => Some(Scope::Read),
            };
        }
        let is_get = method == Method::GET || method == Method::HEAD;
        let is_open = is_open(path) || path == METRICS && self.metrics_are_open;
        match is_get || ASKED_BY_POST.contains(&path) {
            true if is_get && is_open => None,
            true => Some(Scope::Read),
            false => Some(Scope::Admin),
        }
    }
}

fn refusal(denied: &Denied, is_grpc: bool) -> Response {
    let is_unauthenticated = denied.is_unauthenticated();
    let mut response = match (is_grpc, is_unauthenticated) {
        (true, true) => tonic::Status::unauthenticated(denied.to_string()).into_http::<Body>(),
        (true, false) => tonic::Status::permission_denied(denied.to_string()).into_http::<Body>(),
        (false, _) => Problem::denied(denied).into_response(),
    };
    if is_unauthenticated && !is_grpc {
        challenge(response.headers_mut());
    }
    response
}

#[cfg(test)]
mod tests {
    use prost_types::FileDescriptorSet;

    use super::*;

    fn needs(method: Method, path: &str, is_grpc: bool) -> &'static str {
        let needed = Gate::default().needed(&method, path, is_grpc);
        needed.map_or("nothing", Scope::name)
    }

    #[test]
    fn questions_need_to_read_and_all_else_needs_admin() {
        for (method, path, expected) in [
            (Method::GET, "/", "read"),
            (Method::GET, "/api/v1/hotspots", "read"),
            (Method::HEAD, "/api/v1/status", "read"),
            (Method::GET, "/metrics", "read"),
            (Method::GET, "/nowhere", "read"),
            (Method::POST, "/mcp", "read"),
            (Method::DELETE, "/tempo/api/mcp", "read"),
            (Method::POST, "/jaeger/api/transform", "read"),
            (Method::POST, "/api/v1/hotspots/5f0c/state", "admin"),
            (Method::PUT, "/api/v1/hotspots", "admin"),
            (Method::POST, "/livez", "admin"),
            (Method::GET, "/livez", "nothing"),
            (Method::GET, "/readyz", "nothing"),
            (Method::GET, "/assets/app.js", "nothing"),
            (Method::GET, "/livez/", "read"),
        ] {
            assert_eq!(needs(method.clone(), path, false), expected, "{method} {path}");
        }
        let open = Gate {
            metrics_are_open: true,
            ..Gate::default()
        };
        assert_eq!(open.needed(&Method::GET, "/metrics", false), None);
        assert_eq!(open.needed(&Method::GET, "/metrics/x", false), Some(Scope::Read));
    }

    #[test]
    fn every_method_of_grpc_that_does_not_only_ask_needs_admin() {
        use prost::Message as _;
        let files = FileDescriptorSet::decode(hotspan_proto::DESCRIPTORS).unwrap();
        let mut changing = Vec::new();
        for file in &files.file {
            for service in &file.service {
                for method in &service.method {
                    let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                    let asks = [
                        "Get", "List", "Watch", "Find", "Search", "Explain", "Compare", "Audit", "Status",
                    ];
                    let asks = asks.iter().any(|verb| method.name().starts_with(verb));
                    let other = [
                        "NearMisses",
                        "Services",
                        "Operations",
                        "Dependencies",
                        "ThirdParties",
                        "Detectors",
                    ];
                    let asks = asks || other.contains(&method.name());
                    let expected = if asks { "read" } else { "admin" };
                    assert_eq!(needs(Method::POST, &path, true), expected, "{path}");
                    changing.extend((!asks).then_some(path));
                }
            }
        }
        assert_eq!(changing, [GRPC_ADMIN]);
        assert_eq!(
            needs(Method::POST, "/grpc.health.v1.Health/Check", true),
            "nothing"
        );
        let reflection = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
        assert_eq!(needs(Method::POST, reflection, true), "read");
    }
}
