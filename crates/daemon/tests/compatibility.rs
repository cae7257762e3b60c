//! Spans over OTLP into a running daemon, and the exemplar of their hotspot out of every API that shows traces.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hotspan_daemon::{Config, Daemon, Layers, Origin};
use opentelemetry_proto::tonic::trace::v1::TracesData;
use prost::Message as _;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{interval, timeout};

const QUERIES: u64 = 12;
const PATIENCE: Duration = Duration::from_secs(30);

async fn daemon() -> Daemon {
    let mut layers = Layers::default();
    for (key, value) in [
        ("otlp_grpc", "127.0.0.1:0"),
        ("otlp_http", "127.0.0.1:0"),
        ("listen", "127.0.0.1:0"),
        ("complete_quiet", "300ms"),
    ] {
        layers.set(Origin::Flag, key, value);
    }
    Daemon::start(&Config::read(&layers).expect("the flags are valid"))
        .await
        .expect("port 0 is free")
}

/// What follows the header of an answer with status 200.
async fn ask(at: SocketAddr, head: &str, body: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(at).await.expect("it listens");
    let length = body.len();
    let request =
        format!("{head}\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).await.expect("it answers");
    assert!(
        reply.starts_with(b"HTTP/1.1 200"),
        "{head}: {}",
        String::from_utf8_lossy(&reply)
    );
    let end = reply
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .expect("a header ends");
    reply[end + 4..].to_vec()
}

async fn get(at: SocketAddr, path: &str) -> Value {
    let body = ask(at, &format!("GET {path} HTTP/1.1"), "").await;
    serde_json::from_slice(&body).expect("the API answers JSON")
}

/// One request that loads each item of its list with a query of its own.
fn request(trace: u64) -> Value {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("it is after 1970");
    let start = u64::try_from(now.as_nanos()).expect("it is before 2554");
    let span =
        |id: u64, parent: Option<u64>, name: &str, kind: u64, from: u64, to: u64, attributes: Value| {
            json!({
                "traceId": format!("{:032x}", 0xfeed_0000 + trace),
                "spanId": format!("{id:016x}"),
                "parentSpanId": parent.map_or_else(String::new, |id| format!("{id:016x}")),
                "name": name, "kind": kind, "attributes": attributes,
                "startTimeUnixNano": (start + from * 1_000_000).to_string(),
                "endTimeUnixNano": (start + to * 1_000_000).to_string(),
            })
        };
    let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let server = json!([text("http.request.method", "GET"), text("http.route", "/orders")]);
    let mut spans = vec![span(1, None, "GET /orders", 2, 0, 5 * QUERIES + 2, server)];
    for item in 0..QUERIES {
        let statement = format!("SELECT name FROM items WHERE id = {item}");
        let query = json!([
            text("db.system.name", "postgresql"),
            text("db.query.text", &statement)
        ]);
        spans.push(span(
            2 + item,
            Some(1),
            "SELECT items",
            3,
            5 * item,
            5 * item + 4,
            query,
        ));
    }
    let resource = json!({"attributes": [text("service.name", "orders")]});
    json!({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]})
}

/// Waits for the hotspot and the attributes of its exemplar, and answers the exemplar's id.
async fn exemplar(at: SocketAddr) -> String {
    let found = timeout(PATIENCE, async {
        let mut pace = interval(Duration::from_millis(50));
        loop {
            pace.tick().await;
            let traces = get(at, "/api/v1/traces?detector=n-plus-one-query").await;
            let Some(id) = traces["traces"][0]["trace_id"].as_str().map(str::to_owned) else {
                continue;
            };
            let trace = get(at, &format!("/api/v1/traces/{id}")).await;
            if trace["spans"][0]["attributes"]["http.route"] == "/orders" {
                return id;
            }
        }
    });
    found.await.expect("the hotspot appears")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exemplar_of_a_hotspot_is_in_every_view() {
    let daemon = daemon().await;
    let addresses = daemon.addresses();
    for trace in 0..3 {
        let head = "POST /v1/traces HTTP/1.1\r\ncontent-type: application/json";
        ask(addresses.otlp_http, head, &request(trace).to_string()).await;
    }
    let at = addresses.listen;
    let id = exemplar(at).await;
    let spans = usize::try_from(QUERIES + 1).expect("it is small");

    let v1 = get(at, &format!("/jaeger/api/traces/{id}")).await;
    let v1 = v1["data"][0]["spans"].as_array().expect("it is a list");
    assert_eq!(v1.len(), spans);
    let v3 = get(at, &format!("/jaeger/api/v3/traces/{id}")).await;
    let v3 = &v3["result"]["resourceSpans"][0]["scopeSpans"][0]["spans"];
    assert_eq!(v3.as_array().map(Vec::len), Some(spans));
    let head = format!("GET /tempo/api/traces/{id} HTTP/1.1\r\naccept: application/protobuf");
    let tempo = TracesData::decode(ask(at, &head, "").await.as_slice()).expect("it is OTLP");
    assert_eq!(tempo.resource_spans[0].scope_spans[0].spans.len(), spans);
    assert!(!v3.to_string().contains("id = 1"), "no literal leaves");

    let window = "query.startTimeMin=2020-01-01T00:00:00Z&query.startTimeMax=2100-01-01T00:00:00Z";
    for (path, list) in [
        (
            "/jaeger/api/traces?service=orders&tags=%7B%22hotspan.detector%22:%22n-plus-one-query%22%7D"
                .to_owned(),
            "data",
        ),
        (
            format!("/jaeger/api/v3/trace-summaries?{window}&query.serviceName=orders"),
            "summaries",
        ),
        (
            "/tempo/api/search?q=%7Bspan.hotspan.detector=%22n-plus-one-query%22%7D".to_owned(),
            "traces",
        ),
    ] {
        let found = get(at, &path).await;
        let hits = found[list].as_array().expect("it is a list");
        assert!((1..=3).contains(&hits.len()), "{path}: {found}");
        assert!(found.to_string().contains(&id), "{path}: {found}");
    }
    let services = get(at, "/jaeger/api/services").await;
    assert_eq!(services["data"], json!(["orders"]));
    let operations = get(at, "/jaeger/api/operations?service=orders&spanKind=client").await;
    assert_eq!(
        operations["data"],
        json!([{"name": "SELECT items", "spanKind": "client"}])
    );
    daemon.stop().await;
}
