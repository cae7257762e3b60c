//! The traces that hotspots show outlive the process: after a restart every view of them answers as before, and nothing
//! literal of them reaches the file.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hotspan_daemon::{Config, Daemon, Layers, Origin};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{interval, timeout};

const QUERIES: u64 = 12;
const TRACES: u64 = 5;
const PATIENCE: Duration = Duration::from_secs(60);

async fn start(dir: &Path, more: &[(&str, &str)]) -> Daemon {
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

async fn get(daemon: &Daemon, path: &str) -> Value {
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
async fn until<T>(what: &str, mut holds: impl AsyncFnMut() -> Option<T>) -> T {
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
async fn feed(daemon: &Daemon, first: u128) -> Vec<String> {
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

async fn hotspot(daemon: &Daemon) -> String {
    let listed = get(daemon, "/api/v1/hotspots?detector=n-plus-one-query").await;
    let id = listed["hotspots"][0]["id"].as_str().expect("it is there");
    id.to_owned()
}

/// Everything that shows these traces.
async fn shown(daemon: &Daemon, ids: &[String]) -> Vec<(String, Value)> {
    let hotspot = hotspot(daemon).await;
    let mut shown = Vec::new();
    for path in ids.iter().flat_map(|id| {
        [
            format!("/api/v1/traces/{id}"),
            format!("/jaeger/api/traces/{id}"),
            format!("/jaeger/api/v3/traces/{id}"),
            format!("/tempo/api/v2/traces/{id}"),
        ]
    }) {
        let answer = get(daemon, &path).await;
        shown.push((path, answer));
    }
    let path = format!("/api/v1/hotspots/{hotspot}");
    let of = get(daemon, &path).await;
    let waterfalls = of["waterfalls"].as_array().expect("it is a list");
    let replays = of["before_after"].as_array().expect("it is a list");
    assert!(
        waterfalls.len() == ids.len() && replays.iter().any(|of| of["replay"].is_object()),
        "{of}"
    );
    let proof = json!([of["waterfalls"], of["before_after"]]);
    shown.push((path, proof));
    for path in [
        "/api/v1/traces?detector=n-plus-one-query",
        "/jaeger/api/traces?service=orders",
        "/tempo/api/search?q=%7Bspan.hotspan.detector=%22n-plus-one-query%22%7D",
    ] {
        let listed = get(daemon, path).await.to_string();
        for id in ids {
            assert!(listed.contains(id.trim_start_matches('0')), "{path}: {listed}");
        }
    }
    shown
}

fn shown_by_hotspots(daemon: &Daemon) -> u64 {
    let view = daemon.view();
    let evidence = view.answers.hotspots.iter().flat_map(|of| &of.evidence);
    evidence.map(|of| of.trace).collect::<BTreeSet<_>>().len() as u64
}

async fn until_stored(daemon: &Daemon) {
    until("the traces in the store", async || {
        let stored = daemon.view().status.storage.exemplars;
        (stored > 0 && stored == shown_by_hotspots(daemon)).then_some(())
    })
    .await;
}

async fn until_shown(daemon: &Daemon) {
    until("the first view", async || {
        (!daemon.view().answers.hotspots.is_empty()).then_some(())
    })
    .await;
}

/// Status of an answer about a trace that may be gone.
async fn status_of(daemon: &Daemon, id: &str) -> u16 {
    let head = format!("GET /api/v1/traces/{id} HTTP/1.1");
    ask(daemon.addresses().listen, &head, "").await.0
}

#[tokio::test(flavor = "multi_thread")]
async fn every_view_of_a_trace_answers_after_a_restart_as_before() {
    let dir = tempfile::tempdir().expect("there is room");
    let daemon = start(dir.path(), &[]).await;
    let ids = feed(&daemon, 0xfeed).await;
    let before = shown(&daemon, &ids).await;
    until_stored(&daemon).await;
    daemon.stop().await;
    for shards in ["1", "2", "1"] {
        let daemon = start(dir.path(), &[("shards", shards)]).await;
        until_shown(&daemon).await;
        let after = shown(&daemon, &ids).await;
        for ((path, before), (_, after)) in before.iter().zip(&after) {
            assert_eq!(before, after, "{path} with {shards} shards");
        }
        let storage = get(&daemon, "/api/v1/status").await["storage"].clone();
        assert_eq!(
            storage["exemplars"].as_u64(),
            Some(shown_by_hotspots(&daemon)),
            "{storage}"
        );
        assert_eq!(storage["exemplars_unreadable"], 0, "{storage}");
        let file = storage["file"].as_str().expect("it is a text");
        assert!(
            file.ends_with(hotspan_store::FILE) && storage["rows"].as_u64() > Some(0),
            "{storage}"
        );
        daemon.stop().await;
    }
    let left = std::fs::read_dir(dir.path()).expect("it is there");
    let journals = left
        .filter_map(|of| of.ok()?.file_name().into_string().ok())
        .filter(|of| of.contains(".db-"));
    assert_eq!(
        journals.collect::<Vec<_>>(),
        [""; 0],
        "a stopped daemon leaves one file"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_literal_reaches_the_file() {
    let dir = tempfile::tempdir().expect("there is room");
    let daemon = start(dir.path(), &[]).await;
    let ids = feed(&daemon, 0xfeed).await;
    until_stored(&daemon).await;
    daemon.stop().await;
    let file = dir.path().join(hotspan_store::FILE);
    let mut all = std::fs::read(&file).expect("it is there");
    let mut traces = 0;
    let connection = rusqlite::Connection::open(&file).expect("it is a database");
    let mut statement = connection
        .prepare("SELECT size, value FROM trace")
        .expect("it has traces");
    let mut rows = statement.query([]).expect("it has traces");
    while let Some(row) = rows.next().expect("it is readable") {
        let (size, value): (usize, Vec<u8>) = (row.get(0).expect("a size"), row.get(1).expect("bytes"));
        let trace = zstd::bulk::decompress(&value, size).expect("it is compressed");
        let holds = |what: &str| trace.windows(what.len()).any(|bytes| bytes == what.as_bytes());
        for key in [
            "shop.customer",
            "user.email",
            "exception.message",
            "(redacted)",
            "/orders",
        ] {
            assert!(holds(key), "{key} is kept");
        }
        all.extend(trace);
        traces += 1;
    }
    assert!(ids.len() as u64 <= traces, "{traces} traces");
    for secret in ["planted", "4711", "203.0.113.77"] {
        let at = all
            .windows(secret.len())
            .position(|bytes| bytes == secret.as_bytes());
        let around = at.map(|at| String::from_utf8_lossy(&all[at.saturating_sub(60)..at + 40]).into_owned());
        assert_eq!(around, None, "{secret} is in the file");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_trace_is_not_held_and_counted_and_the_others_answer() {
    let dir = tempfile::tempdir().expect("there is room");
    let daemon = start(dir.path(), &[]).await;
    let ids = feed(&daemon, 0xfeed).await;
    until_stored(&daemon).await;
    daemon.stop().await;
    let id = u128::from_str_radix(&ids[0], 16)
        .expect("it is hex")
        .to_be_bytes();
    let connection = rusqlite::Connection::open(dir.path().join(hotspan_store::FILE)).expect("it is there");
    let damaged = connection.execute(
        "UPDATE trace SET value = CAST(substr(value, 1, 40) || x'a5a5' || substr(value, 43) AS BLOB) WHERE id = ?1",
        [id],
    );
    assert_eq!(damaged.expect("it can be written"), 1);
    drop(connection);
    let daemon = start(dir.path(), &[]).await;
    until_shown(&daemon).await;
    assert_eq!(status_of(&daemon, &ids[0]).await, 404);
    assert_eq!(status_of(&daemon, &ids[1]).await, 200);
    until("the count", async || {
        let storage = &get(&daemon, "/api/v1/status").await["storage"];
        (storage["exemplars_unreadable"] == 1).then_some(())
    })
    .await;
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_that_became_smaller_takes_traces_and_leaves_hotspots() {
    let dir = tempfile::tempdir().expect("there is room");
    let daemon = start(dir.path(), &[]).await;
    let ids = feed(&daemon, 0xfeed).await;
    until_stored(&daemon).await;
    let hotspots = daemon.view().answers.hotspots.len();
    daemon.stop().await;
    let daemon = start(dir.path(), &[("store_exemplars_max", "0")]).await;
    until_shown(&daemon).await;
    until("the end of the traces", async || {
        (daemon.view().status.storage.exemplars == 0).then_some(())
    })
    .await;
    assert_eq!(status_of(&daemon, &ids[0]).await, 404);
    assert_eq!(daemon.view().answers.hotspots.len(), hotspots);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_the_first_schema_is_taken_on_and_keeps_traces_from_then_on() {
    let dir = tempfile::tempdir().expect("there is room");
    let daemon = start(dir.path(), &[]).await;
    let ids = feed(&daemon, 0xfeed).await;
    daemon.stop().await;
    // As the program before wrote it: no table of traces.
    let connection = rusqlite::Connection::open(dir.path().join(hotspan_store::FILE)).expect("it is there");
    connection
        .execute_batch("DROP TABLE trace; PRAGMA user_version = 1")
        .expect("it can be written");
    drop(connection);
    let daemon = start(dir.path(), &[]).await;
    until_shown(&daemon).await;
    assert_eq!(status_of(&daemon, &ids[0]).await, 404);
    let ids = feed(&daemon, 0xbeef).await;
    daemon.stop().await;
    let daemon = start(dir.path(), &[]).await;
    until_shown(&daemon).await;
    assert_eq!(status_of(&daemon, &ids[0]).await, 200);
    daemon.stop().await;
}
