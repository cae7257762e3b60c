//! Sends frames over HTTP/2 as an exporter does: unary calls, several at once, patient when it is told to wait.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper::{HeaderMap, Request};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::requests::{Coding, Source};

/// Where to and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) address: SocketAddr,
    pub(crate) coding: Coding,
    pub(crate) connections: usize,
    /// On each connection.
    pub(crate) in_flight: usize,
    /// Spans a second at most; 0 is no limit.
    pub(crate) rate: u64,
    /// Requests after which a sender makes a new connection; `None`: it keeps the one it has.
    pub(crate) requests_a_connection: Option<usize>,
}

/// What became of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    pub(crate) spans: u64,
    /// Requests that were sent again, for any reason.
    pub(crate) retries: u64,
    /// Those of them whose connection ended: nobody knows whether they were taken.
    pub(crate) cut: u64,
    pub(crate) wall: Duration,
}

/// What the lanes share.
struct Queue<S> {
    source: S,
    next: AtomicUsize,
    /// Requests that were taken.
    sent: AtomicU64,
    retries: AtomicU64,
    cut: AtomicU64,
    start: Instant,
    /// Time from one request to the next.
    apart: Duration,
}

const PATH: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
/// Status of a receiver that asks for time.
const UNAVAILABLE: &str = "14";
/// Rest before a request is sent again.
const REST: Duration = Duration::from_millis(100);

/// Sends all of `source`; a request that is refused for now is sent again until it is taken.
pub(crate) async fn send(plan: &Plan, source: impl Source) -> Result<Sent> {
    let spans_each = source.spans_each() as u64;
    let requests_a_second = plan.rate.div_ceil(spans_each);
    let queue = Arc::new(Queue {
        source,
        next: AtomicUsize::new(0),
        sent: AtomicU64::new(0),
        retries: AtomicU64::new(0),
        cut: AtomicU64::new(0),
        start: Instant::now(),
        apart: Duration::from_secs(1)
            .checked_div(requests_a_second as u32)
            .unwrap_or_default(),
    });
    let mut lanes = JoinSet::new();
    for _ in 0..plan.connections {
        let client = connect(plan.address).await?;
        for _ in 0..plan.in_flight {
            lanes.spawn(lane(client.clone(), *plan, Arc::clone(&queue)));
        }
    }
    while let Some(lane) = lanes.join_next().await {
        lane??;
    }
    Ok(Sent {
        spans: queue.sent.load(Relaxed) * spans_each,
        retries: queue.retries.load(Relaxed),
        cut: queue.cut.load(Relaxed),
        wall: queue.start.elapsed(),
    })
}

async fn connect(address: SocketAddr) -> Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (client, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn lane(
    mut client: SendRequest<Full<Bytes>>,
    plan: Plan,
    queue: Arc<Queue<impl Source>>,
) -> Result<()> {
    for made in 1.. {
        let place = queue.next.fetch_add(1, Relaxed);
        let Some(framed) = queue.source.request(place) else {
            return Ok(());
        };
        let due = queue.start + queue.apart * place as u32;
        tokio::time::sleep_until(due.into()).await;
        loop {
            match call(&mut client, plan.coding, framed.clone()).await? {
                Reply::Taken => break,
                Reply::Later => {}
                // A receiver may end a connection on which it refused a lot; exporters make a new one.
                Reply::Cut => {
                    queue.cut.fetch_add(1, Relaxed);
                    client = connect(plan.address).await?;
                }
            }
            queue.retries.fetch_add(1, Relaxed);
            tokio::time::sleep(REST).await;
        }
        queue.sent.fetch_add(1, Relaxed);
        if plan.requests_a_connection.is_some_and(|most| made % most == 0) {
            client = connect(plan.address).await?;
        }
    }
    Ok(())
}

/// What became of a request.
enum Reply {
    Taken,
    /// To be sent again.
    Later,
    /// The connection ended; nobody knows.
    Cut,
}

async fn call(client: &mut SendRequest<Full<Bytes>>, coding: Coding, framed: Bytes) -> Result<Reply> {
    let mut request = Request::post(format!("http://receiver{PATH}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    if coding != Coding::Identity {
        request = request.header("grpc-encoding", coding.name());
    }
    if client.ready().await.is_err() {
        return Ok(Reply::Cut);
    }
    let Ok(response) = client.send_request(request.body(Full::new(framed))?).await else {
        return Ok(Reply::Cut);
    };
    let (head, body) = response.into_parts();
    let Ok(body) = body.collect().await else {
        return Ok(Reply::Cut);
    };
    let status = status(&head.headers).or_else(|| body.trailers().and_then(status));
    match status.context("a reply without grpc-status")?.as_str() {
        "0" => Ok(Reply::Taken),
        UNAVAILABLE => Ok(Reply::Later),
        other => bail!(
            "refused with status {other}: {:?}",
            head.headers.get("grpc-message")
        ),
    }
}

fn status(headers: &HeaderMap) -> Option<String> {
    Some(headers.get("grpc-status")?.to_str().ok()?.to_owned())
}
