//! Clients of both transports, and a reader of the API.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::net::{TcpSocket, TcpStream};

const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

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

    /// gRPC's status.
    pub(crate) fn code(&self) -> i32 {
        let code = self.get("grpc-status").expect("every gRPC reply has a status");
        code.parse().unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }
}

/// A connection to the gRPC port.
#[derive(Clone)]
pub(crate) struct Grpc(http2::SendRequest<Full<Bytes>>);

impl Grpc {
    pub(crate) async fn connect(to: SocketAddr, from: u8) -> Grpc {
        let io = TokioIo::new(stream(to, from).await);
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .handshake(io)
            .await
            .unwrap();
        // A connection that the daemon ends is no failure of the test.
        tokio::spawn(async move { drop(connection.await) });
        Grpc(sender)
    }

    /// Exports a message, compressed already when `coding` names how.
    pub(crate) async fn export(&self, coding: Option<&str>, message: &[u8]) -> Reply {
        let mut framed = BytesMut::with_capacity(5 + message.len());
        framed.put_u8(u8::from(coding.is_some()));
        framed.put_u32(message.len() as u32);
        framed.put_slice(message);
        let mut request =
            Request::post(format!("http://localhost{EXPORT}")).header("content-type", "application/grpc");
        if let Some(coding) = coding {
            request = request.header("grpc-encoding", coding);
        }
        let mut sender = self.0.clone();
        sender.ready().await.unwrap();
        let request = request.body(Full::new(framed.freeze())).unwrap();
        read(sender.send_request(request).await.unwrap()).await
    }
}

/// Posts a request to the HTTP port.
pub(crate) async fn post(to: SocketAddr, headers: &[(&str, &str)], body: Bytes) -> Reply {
    let mut request = Request::post("/v1/traces").header("host", "localhost");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    exchange(to, request.body(Full::new(body)).unwrap()).await
}

/// Asks the API.
pub(crate) async fn get(at: SocketAddr, path: &str) -> Reply {
    let request = Request::get(path).header("host", "localhost");
    exchange(at, request.body(Full::default()).unwrap()).await
}

async fn exchange(to: SocketAddr, request: Request<Full<Bytes>>) -> Reply {
    let io = TokioIo::new(stream(to, 1).await);
    let (mut sender, connection) = http1::handshake(io).await.unwrap();
    tokio::spawn(async move { drop(connection.await) });
    read(sender.send_request(request).await.unwrap()).await
}

async fn read(response: hyper::Response<hyper::body::Incoming>) -> Reply {
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap();
    Reply {
        http: head.status,
        headers: head.headers,
        trailers: body.trailers().cloned().unwrap_or_default(),
        body: body.to_bytes(),
    }
}

/// A TCP connection from 127.0.0.`from`: each actor is a peer of its own.
pub(crate) async fn stream(to: SocketAddr, from: u8) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    let from = IpAddr::V4(Ipv4Addr::new(127, 0, 0, from));
    socket.bind((from, 0).into()).unwrap();
    let stream = socket.connect(to).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}
