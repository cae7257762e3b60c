//! A Rust service with a real SDK exports to a running daemon; its hotspot is in the API, and nothing is lost.

use std::time::Duration;

use hotspan_daemon::{Config, Daemon, Layers, Origin};
use opentelemetry::KeyValue;
use opentelemetry::trace::{Span, SpanKind, Tracer, TracerProvider};
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{interval, timeout};

const REQUESTS: u64 = 3;
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

/// Body of an answer, or nothing when nobody answers.
async fn get(daemon: &Daemon, path: &str) -> String {
    let mut stream = TcpStream::connect(daemon.addresses().listen)
        .await
        .expect("the API listens");
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("the API reads");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.expect("the API answers");
    reply
}

/// One request that loads each item of its list with a query of its own. The spans say when they were, so nothing
/// has to wait for time to pass.
fn serve(provider: &SdkTracerProvider) {
    let tracer = provider.tracer("shop");
    let now = std::time::SystemTime::now();
    let at = |millis| now + Duration::from_millis(millis);
    for request in 0..REQUESTS {
        let from = request * 100;
        let attributes = [
            KeyValue::new("http.request.method", "GET"),
            KeyValue::new("http.route", "/orders"),
        ];
        let server = tracer
            .span_builder("GET /orders")
            .with_kind(SpanKind::Server)
            .with_attributes(attributes);
        let mut server = server.with_start_time(at(from)).start(&tracer);
        let parent = opentelemetry::Context::new();
        let parent = opentelemetry::trace::TraceContextExt::with_remote_span_context(
            &parent,
            server.span_context().clone(),
        );
        for item in 0..QUERIES {
            let attributes = [
                KeyValue::new("db.system.name", "postgresql"),
                KeyValue::new(
                    "db.query.text",
                    format!("SELECT name FROM items WHERE id = {item}"),
                ),
            ];
            let query = tracer
                .span_builder("SELECT items")
                .with_kind(SpanKind::Client)
                .with_attributes(attributes);
            let mut query = query
                .with_start_time(at(from + 5 * item))
                .start_with_context(&tracer, &parent);
            query.end_with_timestamp(at(from + 5 * item + 4));
        }
        server.end_with_timestamp(at(from + 5 * QUERIES + 2));
    }
}

/// What follows the header of an answer.
fn json(reply: &str) -> serde_json::Value {
    let (_, body) = reply.split_once("\r\n\r\n").expect("an answer has a header");
    serde_json::from_str(body).expect("the API answers JSON")
}

/// The detail of the hotspot shows each exemplar with one query in place of all: 62 ms, of which 11 queries of 4 ms
/// go, and at best the gaps of 1 ms between them.
fn before_and_after(detail: &serde_json::Value) {
    let shown = detail["before_after"].as_array().expect("it is a list");
    let held = detail["waterfalls"].as_array().map_or(0, Vec::len);
    assert!(!shown.is_empty() && shown.len() == held, "{detail}");
    for exemplar in shown {
        let replay = &exemplar["replay"];
        assert_eq!(exemplar["why_not"], serde_json::Value::Null, "{exemplar}");
        let number = |value: &serde_json::Value| value.as_u64().expect("it is a number");
        assert_eq!(number(&replay["before_ns"]), 62_000_000);
        let likely = number(&replay["after_ns"]["likely"]);
        assert_eq!(62_000_000 - likely, number(&replay["saving_ns"]["likely"]));
        assert!((7_000_000..=18_000_000).contains(&likely), "{replay}");
        let spans = replay["spans"].as_array().expect("it is a list");
        let touched = spans.iter().filter(|span| span["touched"] == true);
        assert_eq!(
            (spans.len() as u64, touched.count() as u64),
            (QUERIES + 1, QUERIES)
        );
        let after = spans
            .iter()
            .map(|span| number(&span["critical_path_ns"]["after"]));
        assert_eq!(after.sum::<u64>(), likely);
    }
    let p50 = &detail["operation_p50_ns"];
    assert_eq!(p50["before"], 62_000_000);
    assert!(p50["after"].as_u64() < p50["before"].as_u64(), "{p50}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_n_plus_one_of_a_rust_service_is_in_the_api_and_nothing_is_lost() {
    let daemon = daemon().await;
    let endpoint = format!("http://{}", daemon.addresses().otlp_grpc);
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .build()
        .expect("it is an endpoint");
    let resource = Resource::builder().with_service_name("rust-orders").build();
    let provider = SdkTracerProvider::builder()
        .with_resource(resource)
        .with_batch_exporter(exporter)
        .build();
    serve(&provider);
    let flushed = tokio::task::spawn_blocking(move || provider.shutdown())
        .await
        .expect("it does not panic");
    flushed.expect("everything was exported");

    let found = timeout(PATIENCE, async {
        let mut pace = interval(Duration::from_millis(50));
        loop {
            pace.tick().await;
            let reply = get(&daemon, "/api/v1/hotspots?service=rust-orders").await;
            if reply.contains("n-plus-one-query") && reply.contains("\"traces\":3") {
                return reply;
            }
        }
    });
    let reply = found.await.expect("the hotspot appears");
    assert!(
        reply.contains("GET /orders runs SELECT items 12 times a request"),
        "{reply}"
    );

    let listed: serde_json::Value = json(&reply);
    let id = listed["hotspots"][0]["id"].as_str().expect("it has an id");
    before_and_after(&json(&get(&daemon, &format!("/api/v1/hotspots/{id}")).await));

    let services = json(&get(&daemon, "/api/v1/services?service=rust-orders").await);
    let sender = &services["services"][0]["senders"][0];
    assert_eq!(sender["sdk"]["language"], "rust", "{services}");
    assert!(!sender["sdk"]["version"].to_string().is_empty(), "{services}");
    assert_eq!(
        (&sender["transport"], &sender["local"]),
        (&"grpc".into(), &true.into())
    );
    // Each analysis that is timed stands for 64 of them, the first of them included.
    let metrics = get(&daemon, "/metrics").await;
    let spent = "hotspan_detector_seconds_total{detector=\"n-plus-one-query\"} ";
    assert!(metrics.contains(spent) && !metrics.contains(&format!("{spent}0.000000000")));

    let counts = daemon.stop().await;
    assert_eq!(counts.received, REQUESTS * (QUERIES + 1));
    assert_eq!(counts.analysed, counts.received, "{counts:?}");
    assert!(counts.balance() && counts.open == 0, "{counts:?}");
}
