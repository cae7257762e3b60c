//! A receiver on loopback, clients of both transports, and requests to send.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use hotspan_ingest::{
    Caps, Core, Inbox, Message, Settings, SharedDictionary, queue, serve_both, serve_grpc, serve_http,
};
use hotspan_model::{ParamKey, Reason, Record, TableSeed};
use hotspan_otlp::Limits;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;

/// The path of the one method that matters.
pub(crate) const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// Receivers on both ports and on one for both, and the shards' ends of the queues.
pub(crate) struct Rig {
    pub(crate) core: Arc<Core>,
    pub(crate) grpc: SocketAddr,
    pub(crate) http: SocketAddr,
    pub(crate) both: SocketAddr,
    pub(crate) dictionary: SharedDictionary,
    pub(crate) inboxes: Vec<Inbox<Message>>,
    pub(crate) servers: Vec<JoinHandle<()>>,
}

/// What came out of the shards' queues.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) records: Vec<Record>,
    pub(crate) refused: [u64; Reason::ALL.len()],
    pub(crate) messages: usize,
}

impl Taken {
    pub(crate) fn received(&self) -> u64 {
        self.records.len() as u64 + self.refused.iter().sum::<u64>()
    }
}

impl Rig {
    pub(crate) async fn start() -> Rig {
        Rig::with(Settings::default(), 1_024).await
    }

    pub(crate) async fn with(settings: Settings, queue_len: usize) -> Rig {
        let seed = TableSeed(0x5eed);
        let dictionary = SharedDictionary::new(Caps::default(), seed);
        let (outboxes, inboxes) = (0..3).map(|_| queue(queue_len)).unzip();
        let limits = Limits::default();
        let key = ParamKey::BUILT_IN;
        let core = Core::new(settings, limits, key, seed, dictionary.clone(), outboxes);
        let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let grpc = TcpListener::bind(local).await.unwrap();
        let http = TcpListener::bind(local).await.unwrap();
        let both = TcpListener::bind(local).await.unwrap();
        let (grpc_address, http_address) = (grpc.local_addr().unwrap(), http.local_addr().unwrap());
        let both_address = both.local_addr().unwrap();
        let servers = vec![
            tokio::spawn(serve_grpc(grpc, Arc::clone(&core))),
            tokio::spawn(serve_http(http, Arc::clone(&core))),
            tokio::spawn(serve_both(both, Arc::clone(&core))),
        ];
        Rig {
            core,
            grpc: grpc_address,
            http: http_address,
            both: both_address,
            dictionary,
            inboxes,
            servers,
        }
    }

    /// All that was handed over since the last call; gives the leases back.
    pub(crate) fn take(&self) -> Taken {
        let mut taken = Taken::default();
        for inbox in &self.inboxes {
            while let Some(message) = inbox.try_receive() {
                taken.messages += 1;
                taken.records.extend(message.batch.records.iter().copied());
                for (sum, count) in taken.refused.iter_mut().zip(message.refused) {
                    *sum += count;
                }
            }
        }
        taken
    }

    pub(crate) async fn grpc(&self) -> Grpc {
        Grpc::connect(self.grpc, 1).await
    }

    pub(crate) async fn post(&self, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Reply {
        http1(self.http, "POST", "/v1/traces", headers, body.into()).await
    }
}

/// A reply of either transport.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) http: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) trailers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    /// A header or trailer.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let value = self.headers.get(name).or_else(|| self.trailers.get(name));
        value.map(|value| value.to_str().unwrap())
    }

    /// gRPC's status code.
    pub(crate) fn code(&self) -> i32 {
        self.get("grpc-status")
            .expect("every gRPC reply has a status")
            .parse()
            .unwrap()
    }

    /// The message of a successful gRPC reply, without its frame.
    pub(crate) fn message(&self) -> &[u8] {
        &self.body[5..]
    }

    /// `type_url`s of the details of a gRPC refusal.
    pub(crate) fn details(&self) -> String {
        use base64::Engine;
        let value = self.get("grpc-status-details-bin").unwrap_or_default();
        let bytes = base64::engine::general_purpose::STANDARD_NO_PAD.decode(value);
        String::from_utf8_lossy(&bytes.unwrap()).into_owned()
    }
}

type Body = BoxBody<Bytes, std::convert::Infallible>;

/// A connection of HTTP/2 that sends whatever it is told.
#[derive(Clone)]
pub(crate) struct Grpc(SendRequest<Body>);

impl Grpc {
    /// Connects from 127.0.0.`from`, so that each actor of a test is a peer of its own.
    pub(crate) async fn connect(to: SocketAddr, from: u8) -> Grpc {
        let io = TokioIo::new(stream(to, from).await);
        let (sender, connection) = hyper::client::conn::http2::Builder::new(TokioExecutor::new())
            .handshake(io)
            .await
            .unwrap();
        // A connection that a test has the server end is no failure of the test.
        tokio::spawn(async move { drop(connection.await) });
        Grpc(sender)
    }

    /// Calls `path` with the frames as they are.
    pub(crate) async fn call(&self, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Reply {
        self.send(path, headers, Full::new(body.into()).boxed())
            .await
            .unwrap()
    }

    /// The same with a body that comes in its own time.
    pub(crate) async fn send(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> hyper::Result<Reply> {
        let mut request = Request::post(format!("http://localhost{path}"));
        if !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/grpc");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut sender = self.0.clone();
        sender.ready().await?;
        let response = sender.send_request(request.body(body).unwrap()).await?;
        read(response).await
    }

    /// Exports one request, uncompressed.
    pub(crate) async fn export(&self, request: &ExportTraceServiceRequest) -> Reply {
        self.call(EXPORT, &[], framed(&request.encode_to_vec())).await
    }
}

async fn read(response: hyper::Response<hyper::body::Incoming>) -> hyper::Result<Reply> {
    let (head, body) = response.into_parts();
    let body = body.collect().await?;
    Ok(Reply {
        http: head.status,
        headers: head.headers,
        trailers: body.trailers().cloned().unwrap_or_default(),
        body: body.to_bytes(),
    })
}

/// A TCP connection from 127.0.0.`from`.
pub(crate) async fn stream(to: SocketAddr, from: u8) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    let from = IpAddr::V4(Ipv4Addr::new(127, 0, 0, from));
    socket.bind((from, 0).into()).unwrap();
    let stream = socket.connect(to).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// One request over HTTP/1.1.
pub(crate) async fn http1(
    to: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Bytes,
) -> Reply {
    let io = TokioIo::new(stream(to, 1).await);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
    tokio::spawn(async move { drop(connection.await) });
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = sender
        .send_request(request.body(Full::new(body)).unwrap())
        .await
        .unwrap();
    read(response).await.unwrap()
}

pub(crate) type Frames = mpsc::Sender<Result<Frame<Bytes>, std::convert::Infallible>>;

/// A body whose frames the test sends when it likes; it ends when the sender is dropped.
pub(crate) fn held_body() -> (Frames, BoxBody<Bytes, std::convert::Infallible>) {
    let (sender, receiver) = mpsc::channel(16);
    (sender, StreamBody::new(ReceiverStream::new(receiver)).boxed())
}

/// A message in its gRPC frame.
pub(crate) fn framed(message: &[u8]) -> Bytes {
    flagged(0, message)
}

/// The same with any flag.
pub(crate) fn flagged(flag: u8, message: &[u8]) -> Bytes {
    let mut framed = BytesMut::new();
    framed.put_u8(flag);
    framed.put_u32(message.len() as u32);
    framed.put_slice(message);
    framed.freeze()
}

/// A request of one resource with these spans.
pub(crate) fn request(spans: Vec<Span>) -> ExportTraceServiceRequest {
    let resource = Resource {
        attributes: vec![text("service.name", "shop")],
        ..Resource::default()
    };
    let scope_spans = vec![ScopeSpans {
        spans,
        ..ScopeSpans::default()
    }];
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource),
            scope_spans,
            ..ResourceSpans::default()
        }],
    }
}

pub(crate) fn text(key: &str, value: &str) -> KeyValue {
    any(key, Value::StringValue(value.into()))
}

pub(crate) fn any(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.into(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

/// The `n`-th span of trace `trace`.
pub(crate) fn span(trace: u128, n: u64) -> Span {
    Span {
        trace_id: trace.to_be_bytes().to_vec(),
        span_id: n.to_be_bytes().to_vec(),
        name: "GET /cart".into(),
        kind: 2,
        start_time_unix_nano: 1_700_000_000_000_000_000 + n,
        end_time_unix_nano: 1_700_000_000_010_000_000 + n,
        ..Span::default()
    }
}

/// `count` spans, each of a trace of its own.
pub(crate) fn spans(count: u64) -> Vec<Span> {
    (1..=count).map(|n| span(u128::from(n), n)).collect()
}

/// A valid message of exactly `len` bytes (over 100): spans first, then an unknown field as filling.
pub(crate) fn message_of(len: usize) -> Vec<u8> {
    let mut message = request(spans(1)).encode_to_vec();
    // Field 1000, wire type 2, its length padded to five bytes.
    let filling = len - message.len() - 7;
    message.extend([0xc2, 0x3e]);
    message.extend((0..5u32).map(|place| {
        let more = if place < 4 { 0x80 } else { 0 };
        (filling >> (7 * place) & 0x7f) as u8 | more
    }));
    message.resize(len, b'x');
    message
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

/// Sends raw bytes over a new connection and reads until the server closes it.
pub(crate) async fn raw(to: SocketAddr, bytes: &[u8]) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = stream(to, 1).await;
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    // A reset after the answer is a close as well.
    drop(stream.read_to_end(&mut answer).await);
    String::from_utf8_lossy(&answer).into_owned()
}

/// Settings with small budgets and short times.
pub(crate) fn tight() -> Settings {
    Settings {
        message_bytes_max: 4 << 20,
        inflight_bytes_max: 16 << 20,
        request_time_max: Duration::from_millis(300),
        slow_body_age: Duration::from_millis(50),
        header_time_max: Duration::from_millis(200),
        grace: Duration::from_millis(500),
        ..Settings::default()
    }
}
