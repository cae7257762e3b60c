//! Daemons on a directory, traces with a fault and with secrets in every place, and questions over sockets.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hotspan_daemon::{Config, Daemon, Layers, Origin};
use hotspan_testkit::demo::Shop;
use hotspan_testkit::sender::Sender;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{interval, timeout};

const QUERIES: u64 = 12;
pub(crate) const TRACES: u64 = 5;
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn start(dir: &Path, more: &[(&str, &str)]) -> Daemon {
    let mut layers = Layers::default();
    let dir = dir.to_str().expect("a test directory has a plain name");
    for (key, value) in [
        ("otlp_grpc", "127.0.0.1:0"),
        ("otlp_http", "127.0.0.1:0"),
        ("listen", "127.0.0.1:0"),
        ("complete_quiet", "300ms"),
        ("store_interval", "50ms"),
        ("shards", "1"),
        ("data_dir", dir),
    ]
    .iter()
    .chain(more)
    {
        layers.set(Origin::Flag, key, value);
    }
    Daemon::start(&Config::read(&layers).expect("the flags are valid"))
        .await
        .expect("it starts")
}

/// Status and body.
async fn ask(at: SocketAddr, head: &str, body: &str) -> (u16, Vec<u8>) {
    let mut stream = TcpStream::connect(at).await.expect("it listens");
    let length = body.len();
    let request =
        format!("{head}\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).await.expect("it answers");
    let status = std::str::from_utf8(&reply[9..12]).expect("a status line is text");
    let end = reply
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .expect("a header ends");
    (
        status.parse().expect("a status is a number"),
        reply[end + 4..].to_vec(),
    )
}

pub(crate) async fn get(daemon: &Daemon, path: &str) -> Value {
    let (status, body) = ask(daemon.addresses().listen, &format!("GET {path} HTTP/1.1"), "").await;
    let text = String::from_utf8_lossy(&body);
    assert_eq!(status, 200, "{path}: {text}");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}: {text}"))
}

fn text(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}

/// A value that no trace has, in every place that takes one.
fn planted(place: &str) -> String {
    format!("planted-{place}-4711")
}

/// One request that loads each item of its list with a query of its own, and says secrets wherever it can. Each takes
/// longer than the one before.
fn request(trace: u128, nth: u64) -> Value {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("it is after 1970");
    let start = u64::try_from(now.as_nanos()).expect("it is before 2554");
    let at = |millis: u64| (start + millis * 1_000_000).to_string();
    let span = |id: u64, parent: &str, name: &str, kind: u64, from: u64, to: u64, attributes: Value| {
        json!({
            "traceId": format!("{trace:032x}"),
            "spanId": format!("{id:016x}"),
            "parentSpanId": parent,
            "name": name, "kind": kind, "attributes": attributes,
            "startTimeUnixNano": at(from), "endTimeUnixNano": at(to),
            // A query that fails is no fault of this kind.
            "events": if kind == 3 { json!([]) } else { json!([{
                "timeUnixNano": at(from), "name": "exception",
                "attributes": [
                    text("exception.type", "Timeout"),
                    text("exception.message", &planted("message")),
                    text("exception.stacktrace", &planted("stack")),
                ],
            }]) },
        })
    };
    let server = json!([
        text("http.request.method", "GET"),
        text("http.route", "/orders"),
        text("url.path", &format!("/orders/{}", planted("path"))),
        text("url.query", &format!("token={}", planted("query"))),
        text("user.email", &planted("user")),
        text("client.address", "203.0.113.77"),
        text("http.request.header.authorization", &planted("header")),
        text("gen_ai.prompt", &planted("prompt")),
        text("shop.customer", &planted("own")),
    ]);
    let step = 5 + nth;
    let mut spans = vec![span(1, "", "GET /orders", 2, 0, step * QUERIES + 2, server)];
    for item in 0..QUERIES {
        let statement = format!("SELECT name FROM items WHERE id = '{}-{item}'", planted("sql"));
        let query = json!([
            text("db.system.name", "postgresql"),
            text("db.query.text", &statement),
            text("server.address", "db.internal"),
        ]);
        let parent = format!("{:016x}", 1);
        spans.push(span(
            2 + item,
            &parent,
            "SELECT items",
            3,
            step * item,
            step * item + step - 1,
            query,
        ));
    }
    let resource = json!({"attributes": [text("service.name", "orders"), text("host.name", "node-7"),
        text("process.command_args", &planted("resource"))]});
    json!({"resourceSpans": [{"resource": resource, "scopeSpans": [{
        "scope": {"name": "orders.http", "version": "1"}, "spans": spans,
    }]}]})
}

/// Waits until `holds` gives something.
pub(crate) async fn until<T>(what: &str, mut holds: impl AsyncFnMut() -> Option<T>) -> T {
    let waited = timeout(PATIENCE, async {
        let mut pace = interval(Duration::from_millis(30));
        loop {
            pace.tick().await;
            if let Some(it) = holds().await {
                return it;
            }
        }
    });
    waited.await.unwrap_or_else(|_| panic!("{what} did not come"))
}

/// Sends traces with a fault to a new daemon, and waits until its hotspot shows some of them with their attributes.
/// Gives their ids.
pub(crate) async fn feed(daemon: &Daemon, first: u128) -> Vec<String> {
    let sent = first..first + u128::from(TRACES);
    for (nth, trace) in (0..).zip(sent.clone()) {
        let head = "POST /v1/traces HTTP/1.1\r\ncontent-type: application/json";
        let body = request(trace, nth).to_string();
        let (status, _) = ask(daemon.addresses().otlp_http, head, &body).await;
        assert_eq!(status, 200);
    }
    until("the hotspot", async || {
        let counts = daemon.view().status.counts;
        if counts.received < TRACES * (QUERIES + 1) || counts.open > 0 {
            return None;
        }
        let listed = get(daemon, "/api/v1/traces?detector=n-plus-one-query").await;
        let ids = listed["traces"].as_array()?.iter();
        let ids = ids.filter_map(|of| of["trace_id"].as_str().map(str::to_owned));
        let is_new = |id: &String| u128::from_str_radix(id, 16).is_ok_and(|id| sent.contains(&id));
        let ids: Vec<String> = ids.filter(is_new).collect();
        for id in &ids {
            let trace = get(daemon, &format!("/api/v1/traces/{id}")).await;
            if trace["spans"][0]["attributes"]["http.route"] != "/orders" {
                return None;
            }
        }
        (!ids.is_empty()).then_some(ids)
    })
    .await
}

/// Sends requests of the demo shop to a new daemon, and waits until all are analysed.
pub(crate) async fn feed_shop(daemon: &Daemon, requests: u64) {
    let mut sender = Sender::connect(&format!("http://{}", daemon.addresses().otlp_grpc))
        .await
        .expect("it listens");
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("it is after 1970");
    let now = u64::try_from(now.as_nanos()).expect("it is before 2554");
    let (shop, mut spans) = (Shop::new(7), 0);
    for n in 0..requests {
        for request in shop.request(n, now).requests {
            let scopes = request.resource_spans.iter().flat_map(|of| &of.scope_spans);
            spans += scopes.map(|scope| scope.spans.len() as u64).sum::<u64>();
            sender.send(request).await.expect("it is taken");
        }
    }
    until("the analysis", async || {
        let counts = daemon.view().status.counts;
        (spans <= counts.received && counts.open == 0).then_some(())
    })
    .await;
}

pub(crate) fn shown_by_hotspots(daemon: &Daemon) -> u64 {
    let view = daemon.view();
    let evidence = view.answers.hotspots.iter().flat_map(|of| &of.evidence);
    evidence.map(|of| of.trace).collect::<BTreeSet<_>>().len() as u64
}

pub(crate) async fn until_stored(daemon: &Daemon) {
    until("the traces in the store", async || {
        let stored = daemon.view().status.storage.exemplars;
        (stored > 0 && stored == shown_by_hotspots(daemon)).then_some(())
    })
    .await;
}

pub(crate) async fn until_shown(daemon: &Daemon) {
    until("the first view", async || {
        (!daemon.view().answers.hotspots.is_empty()).then_some(())
    })
    .await;
}

/// Status of an answer about a trace that may be gone.
pub(crate) async fn status_of(daemon: &Daemon, id: &str) -> u16 {
    let head = format!("GET /api/v1/traces/{id} HTTP/1.1");
    ask(daemon.addresses().listen, &head, "").await.0
}
