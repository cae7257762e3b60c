//! One listener, everything that reads: gRPC and HTTP told apart by their content type.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use hotspan_access::{Stream, Visitor};
use hotspan_telemetry::Traces;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::ServiceExt as _;

use crate::gate::{self, Gate, Guard};
use crate::{Backend, grpc, http, told};

/// Most connections at once; more wait in the listener's backlog.
const CONNECTIONS_MAX: usize = 1_024;
/// Most requests at once on one HTTP/2 connection.
const STREAMS_MAX: u32 = 128;
/// Longest wait for the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a silent HTTP/2 peer is asked whether it is there.
const PING_EVERY: Duration = Duration::from_secs(30);
/// How long a listener that cannot accept (no file handle left, say) waits before it tries again.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);
/// How long requests under way may take after the end was asked for.
const GRACE: Duration = Duration::from_secs(5);

/// What is answered from: of what belongs to no tenant, then of each tenant by the place that the gate gives it.
#[derive(Debug)]
pub struct Backends {
    own: Arc<dyn Backend>,
    tenants: Vec<Arc<dyn Backend>>,
}

impl<B: Backend> From<Arc<B>> for Backends {
    fn from(only: Arc<B>) -> Backends {
        Backends::new(only, Vec::new())
    }
}

impl Backends {
    /// The one of no tenant, and those of the tenants by place.
    pub fn new(own: Arc<dyn Backend>, tenants: Vec<Arc<dyn Backend>>) -> Backends {
        Backends { own, tenants }
    }
}

/// Answers on `listener` whom the gate lets in until `shutdown` is done; requests under way get five seconds to finish.
pub async fn serve(
    listener: TcpListener,
    backends: impl Into<Backends>,
    gate: Gate,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    serve_with_grace(listener, backends.into(), gate, shutdown, GRACE).await
}

/// Everything that reads, as one service behind its gate.
pub fn router(backends: impl Into<Backends>, gate: Gate) -> Router {
    let Backends { own, tenants } = backends.into();
    let surfaces = |backend| surfaces(backend, gate.traces.clone());
    let routers = [own].into_iter().chain(tenants).map(surfaces).collect();
    Router::new()
        .fallback(gate::admit)
        .with_state(Guard { gate, routers })
}

/// Everything that reads one backend. Nothing is shared between two of them, so no answer can be of another's.
fn surfaces(backend: Arc<dyn Backend>, traces: Traces) -> Router {
    let grpc = grpc::router(Arc::clone(&backend));
    http::router(backend)
        .layer(from_fn_with_state(grpc, divert))
        .layer(from_fn_with_state(traces, told::tell))
}

/// Lets tonic answer what is gRPC, unknown methods included.
async fn divert(State(grpc): State<Router>, request: Request, next: Next) -> Response {
    match gate::is_grpc(request.headers()) {
        true => grpc.oneshot(request).await.into_response(),
        false => next.run(request).await,
    }
}

async fn serve_with_grace(
    listener: TcpListener,
    backends: Backends,
    gate: Gate,
    shutdown: impl Future<Output = ()> + Send + 'static,
    grace: Duration,
) -> io::Result<()> {
    let access = Arc::clone(&gate.access);
    let service = router(backends, gate);
    let connections = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            (socket, peer, place) = accept(&listener, &room) => {
                let (access, service, watcher) = (Arc::clone(&access), service.clone(), connections.watcher());
                tokio::spawn(async move {
                    if let Some((stream, visitor)) =
                        access.accept(socket, peer, "api", HANDSHAKE_TIMEOUT).await
                    {
                        answer(stream, visitor, service, watcher).await;
                    }
                    // A connection holds its place until it ends.
                    drop(place);
                });
            }
            () = &mut shutdown => break,
        }
    }
    drop(listener);
    // A stream that is watched ends only with its watcher, so the wait needs an end of its own.
    tokio::select! {
        () = connections.shutdown() => {}
        () = tokio::time::sleep(grace) => {}
    }
    Ok(())
}

/// The next connection, once there is room for it.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed, so there is always a place in the end.
    let place = Arc::clone(room).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((socket, peer)) => return (socket, peer, place),
            Err(_) => tokio::time::sleep(ACCEPT_AGAIN).await,
        }
    }
}

/// Answers one connection until it ends.
async fn answer(stream: Stream, visitor: Visitor, service: Router, watcher: Watcher) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT);
    let mut http2 = builder.http2();
    http2
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_EVERY)
        .max_concurrent_streams(STREAMS_MAX);
    let service = service.map_request(move |mut request: axum::http::Request<_>| {
        request.extensions_mut().insert(visitor.clone());
        request
    });
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    // A peer that breaks off is no event of ours.
    drop(watcher.watch(connection.into_owned()).await);
}
