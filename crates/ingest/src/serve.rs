//! Listeners: accept connections within their limits, serve them, and end them in peace.

use std::convert::Infallible;
use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::BufReader;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use hotspan_access::{Stream, Visitor};

use crate::activity::{Activity, Due, Metered};
use crate::phase::Phase;
use crate::streams::Streams;
use crate::{Core, Cores, Peer, Settings, Transport, grpc, http};

/// Rest of the accept loop after a failure, doubled up to the longest.
const REST_FIRST: Duration = Duration::from_millis(10);
const REST_MAX: Duration = Duration::from_secs(1);
/// What is read from a socket at once. The library reads 8 KiB and cuts small requests in two: such a request is begun,
/// put aside, and needs a task of its own and a thread that is woken for it. What is longer is read past this buffer. No
/// lease covers it: the number of connections is its bound.
const READ_BYTES: usize = 32 << 10;
/// Read buffer of an HTTP/1 connection, which also bounds its headers before they are counted.
const HTTP1_BUFFER_BYTES: usize = 64 << 10;
const FRAME_BYTES_MAX: u32 = 256 << 10;
const WINDOW_BYTES: u32 = 1 << 20;
const PING_EVERY: Duration = Duration::from_secs(60);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// Serves OTLP/gRPC until [`Core::drain`] was called and the connections are closed, or the grace is over.
pub async fn serve_grpc(listener: TcpListener, cores: impl Into<Cores>) {
    serve(listener, cores.into(), Some(Transport::Grpc)).await;
}

/// Serves OTLP/HTTP until [`Core::drain`] was called and the connections are closed, or the grace is over.
pub async fn serve_http(listener: TcpListener, cores: impl Into<Cores>) {
    serve(listener, cores.into(), Some(Transport::Http)).await;
}

/// Serves both on one port until [`Core::drain`] was called and the connections are closed, or the grace is over: each
/// request by its content type. For senders whose transport nobody knows beforehand.
pub async fn serve_both(listener: TcpListener, cores: impl Into<Cores>) {
    serve(listener, cores.into(), None).await;
}

/// How logs call a door.
fn name(transport: Option<Transport>) -> &'static str {
    transport.map_or("both", Transport::name)
}

async fn serve(listener: TcpListener, cores: Cores, transport: Option<Transport>) {
    let core = cores.door();
    let mut phases = core.phases();
    let mut connections = JoinSet::new();
    let mut rest = REST_FIRST;
    loop {
        // Connections that ended are forgotten here; each logged its own end.
        while connections.try_join_next().is_some() {}
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = phases.wait_for(|&phase| phase == Phase::Draining) => break,
        };
        match accepted {
            Ok((stream, address)) => {
                rest = REST_FIRST;
                if let Some(peer) = admit(core, &connections, address.ip()) {
                    connections.spawn(connection(stream, address, cores.clone(), peer, transport));
                }
            }
            Err(cause) => {
                core.counters.accepts_failed.fetch_add(1, Relaxed);
                tracing::warn!(%cause, transport = name(transport), ?rest, "accept failed");
                sleep(rest).await;
                rest = (rest * 2).min(REST_MAX);
            }
        }
    }
    drop(listener);
    // Each connection keeps the grace itself; what is left after it is cut with the set.
    let all = async { while connections.join_next().await.is_some() {} };
    if timeout(core.settings.grace + REST_MAX, all).await.is_err() {
        tracing::warn!(
            transport = name(transport),
            "connections cut at the end of the grace"
        );
    }
}

/// A place for one more connection, or `None`: the stream is closed at once.
fn admit(core: &Arc<Core>, connections: &JoinSet<()>, address: IpAddr) -> Option<Peer> {
    let settings = &core.settings;
    let peer = (connections.len() < settings.connections_max)
        .then(|| core.budget.connect(address, settings.connections_per_peer_max))
        .flatten();
    let counter = match peer {
        Some(_) => &core.counters.connections,
        None => &core.counters.connections_refused,
    };
    counter.fetch_add(1, Relaxed);
    peer
}

/// One more open connection, for as long as this lives.
struct Open(Arc<Core>);

impl Open {
    fn new(core: Arc<Core>) -> Open {
        core.counters.connections_open.fetch_add(1, Relaxed);
        Open(core)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.counters.connections_open.fetch_sub(1, Relaxed);
    }
}

async fn connection(
    stream: TcpStream,
    address: SocketAddr,
    cores: Cores,
    peer: Peer,
    transport: Option<Transport>,
) {
    let open = Open::new(Arc::clone(cores.door()));
    let Some((stream, visitor)) = shaken(stream, address, &open.0, transport).await else {
        return;
    };
    if let Err(cause) = run(stream, visitor, &cores, peer, transport).await {
        open.0.counters.connections_failed.fetch_add(1, Relaxed);
        tracing::debug!(cause, peer = %address, transport = name(transport), "connection failed");
    }
}

/// The connection after its handshake, if there is one; a drain does not wait for it.
async fn shaken(
    stream: TcpStream,
    address: SocketAddr,
    core: &Core,
    transport: Option<Transport>,
) -> Option<(Stream, Visitor)> {
    // Without it replies wait for more to send; the connection works all the same.
    drop(stream.set_nodelay(true));
    let (access, limit) = (&core.settings.access, core.settings.header_time_max);
    tokio::select! {
        shaken = access.accept(stream, address, name(transport), limit) => shaken,
        _ = async { core.phases().wait_for(|&phase| phase == Phase::Draining).await.is_ok() }, if access.has_tls() => None,
    }
}

async fn run(
    stream: Stream,
    visitor: Visitor,
    cores: &Cores,
    peer: Peer,
    transport: Option<Transport>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let core = cores.door();
    let (activity, peer) = (Activity::new(), Arc::new(peer));
    let stream = BufReader::with_capacity(READ_BYTES, stream);
    let io = TokioIo::new(Metered::new(stream, &activity));
    let service = service_fn(|request: Request<Incoming>| {
        let running = activity.begin();
        let (cores, peer, activity) = (cores.clone(), Arc::clone(&peer), Arc::clone(&activity));
        let visitor = visitor.clone();
        async move {
            let spoken = || match grpc::is_grpc(request.headers()) {
                true => Transport::Grpc,
                false => Transport::Http,
            };
            let response = match transport.unwrap_or_else(spoken) {
                Transport::Grpc => grpc::call(cores, peer, visitor, request).await,
                Transport::Http => http::call(cores, peer, visitor, request).await,
            };
            if !response.status().is_success() {
                activity.refused();
            }
            Ok::<_, Infallible>(response.map(|reply| reply.hold(running)))
        }
    });
    let builder = builder(&core.settings, &activity);
    let mut connection = pin!(builder.serve_connection(io, service));
    let mut phases = core.phases();
    // Once asked to go, it has until here.
    let mut grace_ends = None;
    loop {
        let look = match (grace_ends, activity.due(&core.settings, Instant::now())) {
            (_, Due::Cut) => return Ok(()),
            (Some(end), _) if Instant::now() >= end => return Ok(()),
            (Some(end), _) => end,
            (None, Due::Look(at)) => at,
            (None, Due::Close) => {
                connection.as_mut().graceful_shutdown();
                *grace_ends.insert(Instant::now() + core.settings.grace)
            }
        };
        tokio::select! {
            ended = connection.as_mut() => return ended,
            _ = phases.wait_for(|&phase| phase == Phase::Draining), if grace_ends.is_none() => {
                connection.as_mut().graceful_shutdown();
                grace_ends = Some(Instant::now() + core.settings.grace);
            }
            () = sleep_until(look) => {}
        }
    }
}

fn builder(settings: &Settings, activity: &Arc<Activity>) -> auto::Builder<Streams> {
    let mut builder = auto::Builder::new(Streams(Arc::clone(activity)));
    // The time of headers is looked after in `activity`: hyper's own limit would end keep-alive as well.
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_buf_size(HTTP1_BUFFER_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .max_frame_size(FRAME_BYTES_MAX)
        .max_concurrent_streams(settings.streams_max)
        .max_header_list_size(settings.header_bytes_max)
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_TIMEOUT);
    builder
}
