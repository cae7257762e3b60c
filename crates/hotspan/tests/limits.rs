//! A process of its own under limits: file handles run out and come back, and a flood stays within the memory.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;

const PATIENCE: Duration = Duration::from_secs(60);
const MIB: u64 = 1 << 20;

/// A daemon of this test; it is ended with the test.
struct Daemon {
    child: Child,
    ready: serde_json::Value,
}

impl Daemon {
    /// `hotspan serve` on free ports in a shell that runs `limit` first.
    fn start(name: &str, limit: &str, arguments: &[&str]) -> Daemon {
        let ready = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.ready"));
        drop(std::fs::remove_file(&ready));
        let usual = ["--otlp-grpc", "--otlp-http", "--listen"].map(|flag| format!("{flag}=127.0.0.1:0"));
        let child = Command::new("sh")
            .args(["-c", &format!("{limit}; exec \"$0\" serve --in-memory \"$@\"")])
            .arg(env!("CARGO_BIN_EXE_hotspan"))
            .args(usual)
            .arg(format!("--ready-file={}", ready.display()))
            .args(arguments)
            .stderr(Stdio::null())
            .spawn()
            .expect("there is a shell");
        let mut daemon = Daemon {
            child,
            ready: serde_json::Value::Null,
        };
        daemon.ready = wait(|| serde_json::from_slice(&std::fs::read(&ready).ok()?).ok());
        daemon
    }

    fn connect(&self, listener: &str) -> TcpStream {
        let address = self.ready[listener].as_str().expect("it is in the file");
        let stream = TcpStream::connect(address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("it is a socket");
        stream
    }

    /// The memory that the process holds, in bytes; pages of its own file are not counted.
    fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("the process lives");
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kib.expect("the system says it") * 1_024
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What `look` sees, once it sees something.
fn wait<T>(look: impl Fn() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(start.elapsed() < PATIENCE, "nothing came");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// One request and its reply over a connection that stays open.
fn exchange(stream: &mut TcpStream, head: &str, body: &[u8]) -> Option<String> {
    let head = format!(
        "{head} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream
        .write_all(b"content-type: application/x-protobuf\r\n\r\n")
        .ok()?;
    stream.write_all(body).ok()?;
    let (mut reply, mut chunk) = (Vec::new(), [0; 8_192]);
    loop {
        let text = String::from_utf8_lossy(&reply).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .to_ascii_lowercase()
                .lines()
                .find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            if length.is_some_and(|length| body.len() >= length) {
                return Some(text);
            }
        }
        match stream.read(&mut chunk) {
            Ok(read) if read > 0 => reply.extend_from_slice(&chunk[..read]),
            _ => return None,
        }
    }
}

/// Spans that complete no trace, each with a trace, a name and attributes of its own.
fn request(from: u64, count: u64) -> Vec<u8> {
    let text = |key: String, text: String| KeyValue {
        key,
        value: Some(AnyValue {
            value: Some(Value::StringValue(text)),
        }),
        ..KeyValue::default()
    };
    let spans = (from..from + count).map(|n| Span {
        trace_id: (u128::from(n) + 1).to_be_bytes().to_vec(),
        span_id: vec![7; 8],
        parent_span_id: vec![8; 8],
        name: format!("work {n:x}"),
        kind: 3,
        start_time_unix_nano: 1_750_000_000_000_000_000,
        end_time_unix_nano: 1_750_000_000_010_000_000,
        attributes: vec![
            text("db.system".into(), "postgresql".into()),
            text(
                "db.query.text".into(),
                format!("SELECT a{n:x} FROM t{n:x} WHERE id = {n}"),
            ),
            text(format!("key{n}"), "x".repeat(300)),
        ],
        ..Span::default()
    });
    let scope_spans = vec![ScopeSpans {
        spans: spans.collect(),
        ..ScopeSpans::default()
    }];
    let resource_spans = vec![ResourceSpans {
        scope_spans,
        ..ResourceSpans::default()
    }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}

fn number(metrics: &str, name: &str) -> u64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.trim().parse().ok()).unwrap_or(0)
}

#[test]
fn x17_without_file_handles_those_who_are_in_are_served_and_later_everybody_is() {
    let daemon = Daemon::start("handles", "ulimit -n 64", &[]);
    let (mut otlp, mut api) = (daemon.connect("otlp_http"), daemon.connect("listen"));
    let post = |stream: &mut TcpStream, n| {
        let reply = exchange(stream, "POST /v1/traces", &request(n, 1));
        reply.is_some_and(|reply| reply.starts_with("HTTP/1.1 200"))
    };
    let metrics = |stream: &mut TcpStream| exchange(stream, "GET /metrics", b"");
    assert!(post(&mut otlp, 0) && metrics(&mut api).is_some());
    let idle: Vec<_> = (0..100)
        .map(|n| daemon.connect(["otlp_grpc", "otlp_http"][n % 2]))
        .collect();
    let start = Instant::now();
    let mut failed = 0;
    while failed == 0 && start.elapsed() < PATIENCE {
        let text = metrics(&mut api).expect("who is in is answered");
        failed = number(&text, "hotspan_accepts_failed_total");
    }
    assert!(failed > 0, "handles never ran out");
    assert!(post(&mut otlp, 1), "who is in is served");
    drop(idle);
    let mut late = daemon.connect("otlp_http");
    assert!(
        post(&mut late, 2),
        "a newcomer is served when there is room again"
    );
}

#[test]
fn x07_a_flood_of_traces_names_and_statements_stays_within_the_memory_and_40_mb() {
    let daemon = Daemon::start(
        "flood",
        ":",
        &["--memory=64MiB", "--shards=2", "--snapshot-interval=1s"],
    );
    let (mut otlp, mut api) = (daemon.connect("otlp_http"), daemon.connect("listen"));
    let (mut sent, mut refused, mut peak) = (0, 0, 0);
    while sent < 150_000 {
        let reply = exchange(&mut otlp, "POST /v1/traces", &request(sent, 1_000)).expect("it answers");
        match &reply[..12] {
            "HTTP/1.1 200" => sent += 1_000,
            // Whose body was not read is answered and let go.
            "HTTP/1.1 503" => (refused, otlp) = (refused + 1, daemon.connect("otlp_http")),
            _ => panic!("{reply}"),
        }
        peak = peak.max(daemon.memory());
    }
    let metrics = exchange(&mut api, "GET /metrics", b"").expect("it answers");
    eprintln!(
        "{sent} spans, {refused} requests refused, {} MiB at most",
        peak / MIB
    );
    for part in ["inflight", "traces", "raw", "exemplars", "dictionary"] {
        let of = |what: &str| {
            number(
                &metrics,
                &format!("hotspan_memory_{what}_bytes{{part=\"{part}\"}}"),
            )
        };
        eprintln!("{part}: {} of {}", of("used"), of("max"));
        assert!(of("used") <= of("max"), "{part}");
    }
    assert_eq!(number(&metrics, "hotspan_spans_received_total"), sent);
    assert!(peak <= (64 + 40) * MIB, "{} MiB", peak / MIB);
}
