//! A daemon with two tenants, and clients that show a token of each, or of none.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use hotspan_access::Token;
use hotspan_daemon::{Config, Daemon, Layers, Origin};
use http::{HeaderMap, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::{interval, timeout};

/// Longest wait for what takes seconds at most.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Tokens that may do everything: of each tenant, and of none.
pub(crate) struct Tokens {
    pub(crate) acme: Token,
    pub(crate) bolt: Token,
    pub(crate) none: Token,
}

/// A running daemon.
pub(crate) struct Rig {
    pub(crate) daemon: Daemon,
    pub(crate) tokens: Tokens,
    pub(crate) folder: TempDir,
    keys: Vec<(&'static str, String)>,
}

/// A reply of either protocol.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    trailers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// A header or trailer; empty when there is none.
    pub(crate) fn get(&self, name: &str) -> String {
        let value = self.headers.get(name).or(self.trailers.get(name));
        value.map_or(String::new(), |value| {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        })
    }
}

pub(crate) fn entry(name: &str, token: &Token, tenant: Option<&str>) -> String {
    let tenant = tenant.map_or(String::new(), |tenant| format!("tenant = \"{tenant}\"\n"));
    format!(
        "[[token]]\nname = \"{name}\"\nscopes = [\"ingest\", \"admin\"]\nsha256 = \"{}\"\n{tenant}",
        token.hash().to_hex()
    )
}

impl Tokens {
    pub(crate) fn file(&self) -> String {
        entry("a", &self.acme, Some("acme"))
            + &entry("b", &self.bolt, Some("bolt"))
            + &entry("n", &self.none, None)
    }
}

impl Rig {
    /// `keys` are set beside those that make it quick.
    pub(crate) async fn start(keys: &[(&'static str, &str)]) -> Rig {
        let tokens = Tokens {
            acme: Token::draw(),
            bolt: Token::draw(),
            none: Token::draw(),
        };
        let folder = tempfile::tempdir().expect("there is room");
        std::fs::write(folder.path().join("tokens.toml"), tokens.file()).expect("there is room");
        let keys: Vec<_> = keys
            .iter()
            .map(|(key, value)| (*key, (*value).to_owned()))
            .collect();
        let daemon = daemon(&folder, &keys).await;
        Rig {
            daemon,
            tokens,
            folder,
            keys,
        }
    }

    /// Stops and starts on what is kept.
    pub(crate) async fn restart(self) -> Rig {
        let Rig {
            daemon: old,
            tokens,
            folder,
            keys,
        } = self;
        old.stop().await;
        let daemon = daemon(&folder, &keys).await;
        Rig {
            daemon,
            tokens,
            folder,
            keys,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Exports over HTTP.
    pub(crate) async fn post(&self, token: &Token, request: &ExportTraceServiceRequest) -> Reply {
        let to = self.daemon.addresses().otlp_http;
        let request = Request::post("/v1/traces")
            .header("host", "localhost")
            .header("content-type", "application/x-protobuf")
            .header("authorization", bearer(token))
            .body(Full::from(request.encode_to_vec()));
        exchange(to, request.expect("a request")).await
    }

    /// Exports over HTTP; it must be taken.
    pub(crate) async fn send(&self, token: &Token, request: &ExportTraceServiceRequest) {
        let reply = self.post(token, request).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }

    /// Asks the API with some headers.
    pub(crate) async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::from(body.to_owned())).expect("a request");
        exchange(self.daemon.addresses().listen, request).await
    }

    pub(crate) async fn get(&self, token: &Token, path: &str) -> Reply {
        self.ask("GET", path, &[("authorization", &bearer(token))], "")
            .await
    }

    /// Posts JSON.
    pub(crate) async fn tell(&self, token: &Token, path: &str, body: &Value) -> Reply {
        let headers = [
            ("authorization", bearer(token)),
            ("content-type", "application/json".to_owned()),
            ("accept", "application/json, text/event-stream".to_owned()),
        ];
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        self.ask("POST", path, &headers, &body.to_string()).await
    }

    /// One call of gRPC, on the port that receives or on the one that reads.
    pub(crate) async fn call(&self, token: &Token, path: &str, message: &[u8]) -> Reply {
        let addresses = self.daemon.addresses();
        let is_export = path.starts_with("/opentelemetry");
        let to = if is_export {
            addresses.otlp_grpc
        } else {
            addresses.listen
        };
        let stream = TcpStream::connect(to).await.expect("it listens");
        let builder = http2::Builder::new(TokioExecutor::new());
        let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.expect("HTTP/2");
        tokio::spawn(async move { drop(connection.await) });
        let mut frame = vec![0];
        frame.extend_from_slice(&u32::try_from(message.len()).expect("short").to_be_bytes());
        frame.extend_from_slice(message);
        let request = Request::post(format!("http://localhost{path}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("authorization", bearer(token))
            .body(Full::new(Bytes::from(frame)));
        let response = sender.send_request(request.expect("a request")).await;
        read(response.expect("it answers")).await
    }

    /// Waits until a token's tenant has analysed so many spans, and gives its status.
    pub(crate) async fn until_analysed(&self, token: &Token, spans: u64) -> Value {
        let mut status = Value::Null;
        until(async || {
            status = self.get(token, "/api/v1/status").await.json();
            status["spans"]["analysed"].as_u64() >= Some(spans) && status["spans"]["open"] == 0
        })
        .await;
        status
    }
}

async fn daemon(folder: &TempDir, keys: &[(&'static str, String)]) -> Daemon {
    crate::telling::log();
    let mut layers = Layers::default();
    let tokens = folder.path().join("tokens.toml").display().to_string();
    for (key, value) in [
        ("otlp_grpc", "127.0.0.1:0"),
        ("otlp_http", "127.0.0.1:0"),
        ("listen", "127.0.0.1:0"),
        ("complete_quiet", "200ms"),
        ("root_quiet", "300ms"),
        ("rootless_quiet", "400ms"),
        ("store_interval", "50ms"),
        ("memory", "192MiB"),
        ("shards", "3"),
        ("tokens_file", &tokens),
    ] {
        layers.set(Origin::Flag, key, value);
    }
    for (key, value) in keys {
        let value = value.replace("FOLDER", &folder.path().display().to_string());
        layers.set(Origin::Flag, key, &value);
    }
    let config = Config::read(&layers).expect("the keys are right");
    Daemon::start(&config).await.expect("it starts")
}

async fn exchange(to: std::net::SocketAddr, request: Request<Full<Bytes>>) -> Reply {
    let stream = TcpStream::connect(to).await.expect("it listens");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP/1.1");
    tokio::spawn(async move { drop(connection.await) });
    read(sender.send_request(request).await.expect("it answers")).await
}

async fn read(response: hyper::Response<hyper::body::Incoming>) -> Reply {
    let (head, body) = response.into_parts();
    let body = body.collect().await.expect("the whole answer");
    Reply {
        status: head.status.as_u16(),
        headers: head.headers,
        trailers: body.trailers().cloned().unwrap_or_default(),
        body: body.to_bytes(),
    }
}

pub(crate) fn bearer(token: &Token) -> String {
    format!("Bearer {}", token.expose())
}

/// Asks again until it is so.
pub(crate) async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let waited = timeout(PATIENCE, async {
        let mut pace = interval(Duration::from_millis(50));
        while !holds().await {
            pace.tick().await;
        }
    });
    waited.await.expect("it did not come");
}

/// Nanoseconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    u64::try_from(since.as_nanos()).expect("before 2554")
}
