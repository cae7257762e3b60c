//! Traces of the daemon itself: what is told, that nothing is sent to its own listeners, and that what comes round by
//! others is dropped, counted and does not grow.

use std::net::SocketAddr;
use std::time::Duration;

use hotspan_daemon::{Config, Daemon, Layers, Origin};
use hotspan_model::{Counts, Reason};
use hotspan_testkit::demo::Shop;
use hotspan_testkit::sender::Sender;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{interval, timeout};

const PATIENCE: Duration = Duration::from_secs(60);

fn config(more: &[(&str, &str)]) -> Config {
    let mut layers = Layers::default();
    for (key, value) in [
        ("otlp_grpc", "127.0.0.1:0"),
        ("otlp_http", "127.0.0.1:0"),
        ("listen", "127.0.0.1:0"),
        ("complete_quiet", "300ms"),
        ("store_interval", "50ms"),
        ("traces_sample", "1"),
    ]
    .iter()
    .chain(more)
    {
        layers.set(Origin::Flag, key, value);
    }
    Config::read(&layers).expect("the flags are valid")
}

async fn start(more: &[(&str, &str)]) -> Daemon {
    Daemon::start(&config(more)).await.expect("it starts")
}

/// Requests of the demo shop; gives how many requests and spans they are.
async fn send(daemon: &Daemon) -> (u64, u64) {
    let mut sender = Sender::connect(&format!("http://{}", daemon.addresses().otlp_grpc))
        .await
        .expect("it listens");
    let (mut requests, mut spans) = (0, 0);
    for n in 0..20 {
        for request in Shop::new(7).request(n, 1_700_000_000_000_000_000).requests {
            let scopes = request.resource_spans.iter().flat_map(|of| &of.scope_spans);
            spans += scopes.map(|scope| scope.spans.len() as u64).sum::<u64>();
            requests += 1;
            sender.send(request).await.expect("it is taken");
        }
    }
    (requests, spans)
}

/// Waits until something holds.
async fn until(what: &str, holds: impl Fn() -> bool) {
    let waited = timeout(PATIENCE, async {
        let mut pace = interval(Duration::from_millis(20));
        while !holds() {
            pace.tick().await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("{what} did not come"));
}

fn counts(daemon: &Daemon) -> Counts {
    daemon.view().status.counts
}

fn accepted(daemon: &Daemon) -> u64 {
    daemon.view().status.requests.iter().map(|of| of.accepted).sum()
}

fn own(daemon: &Daemon) -> u64 {
    counts(daemon).dropped[Reason::OwnTelemetry as usize]
}

/// Asks over HTTP for a path and reads to the end.
async fn ask(daemon: &Daemon, path: &str) {
    let mut stream = TcpStream::connect(daemon.addresses().listen)
        .await
        .expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn o7_requests_questions_commits_and_snapshots_are_one_span_each() {
    let other = start(&[]).await;
    let endpoint = format!("http://{}", other.addresses().otlp_grpc);
    let dir = tempfile::tempdir().expect("a directory is free");
    let dir = dir.path().to_str().expect("a test directory has a plain name");
    let daemon = start(&[("traces_endpoint", &endpoint), ("data_dir", dir)]).await;
    let (requests, spans) = send(&daemon).await;
    until("what was sent", || counts(&daemon).analysed == spans).await;
    for path in ["/api/v1/hotspots", "/livez", "/readyz"] {
        ask(&daemon, path).await;
    }
    daemon.stop().await;
    let seen = |operation: &str| {
        let view = other.view();
        let of = view
            .answers
            .operations
            .iter()
            .find(|of| of.operation == operation);
        of.filter(|of| of.service == "hotspan").map_or(0, |of| of.traces)
    };
    until("the question", || seen("GET /api/v1/hotspots") == 1).await;
    // One span a request, however many spans are in it; health checks are no questions.
    until("the requests", || seen("receive") == requests).await;
    assert!(spans > 3 * requests, "{spans} spans in {requests} requests");
    let told = |name: &str| {
        other
            .view()
            .answers
            .operations
            .iter()
            .any(|of| of.operation == name)
    };
    assert!(!told("GET /livez") && !told("GET /readyz"));
    // Internal ones are no operations that anybody asks for; all in all there are more spans than these.
    assert!(counts(&other).analysed >= requests + 3, "{:?}", counts(&other));
    assert_eq!(own(&other), 0);
    other.stop().await;
}

/// Brings whatever connects here to the daemon.
async fn pass_on(listener: TcpListener, to: SocketAddr) {
    while let Ok((mut from, _)) = listener.accept().await {
        tokio::spawn(async move {
            if let Ok(mut to) = TcpStream::connect(to).await {
                drop(copy_bidirectional(&mut from, &mut to).await);
            }
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn o7_c14_what_comes_round_is_dropped_counted_and_does_not_grow() {
    let relay = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let endpoint = format!("http://{}", relay.local_addr().expect("it is bound"));
    let daemon = start(&[("traces_endpoint", &endpoint)]).await;
    let relay = tokio::spawn(pass_on(relay, daemon.addresses().otlp_grpc));
    let (requests, spans) = send(&daemon).await;
    // The first export has what the requests left behind.
    until("the first round", || own(&daemon) >= requests).await;
    let first = (accepted(&daemon), own(&daemon));
    until("a few rounds", || accepted(&daemon) >= first.0 + 3).await;
    let second = (accepted(&daemon), own(&daemon));
    until("as many again", || accepted(&daemon) >= second.0 + 3).await;
    let third = (accepted(&daemon), own(&daemon));
    let rate = |from: (u64, u64), to: (u64, u64)| (to.1 - from.1) / (to.0 - from.0);
    // A slow machine puts a few more snapshots into one round; what feeds itself is as many times more.
    assert!(
        rate(second, third) <= 2 * rate(first, second) + 5,
        "spans of each round grow: {first:?}, {second:?}, {third:?}"
    );
    relay.abort();
    let counts = daemon.stop().await;
    assert_eq!(counts.analysed, spans, "{counts:?}");
    assert_eq!(
        counts.received,
        counts.analysed + counts.dropped.iter().sum::<u64>()
    );
}

async fn refusal(more: &[(&str, &str)]) -> String {
    let error = Daemon::start(&config(more))
        .await
        .expect_err("it would send to itself");
    let checked = Daemon::check(&config(more)).expect_err("so says the check");
    assert_eq!(checked.to_string(), error.to_string());
    error.to_string()
}

#[tokio::test]
async fn o7_no_name_of_an_own_listener_is_an_endpoint() {
    for key in ["otlp_grpc", "otlp_http", "listen"] {
        for (bound, names) in [
            ("127.0.0.1", ["localhost", "127.0.0.1", "[::1]", "0.0.0.0"]),
            ("0.0.0.0", ["localhost", "127.0.0.1", "127.0.0.2", "[::]"]),
        ] {
            let port = {
                let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
                free.local_addr().expect("it is bound").port()
            };
            let listener = format!("{bound}:{port}");
            for name in names {
                let endpoint = format!("http://{name}:{port}");
                let why = refusal(&[
                    (key, &listener),
                    ("allow_insecure", "true"),
                    ("traces_endpoint", &endpoint),
                ])
                .await;
                for word in ["traces_endpoint", &endpoint, "this process itself", &listener] {
                    assert!(why.contains(word), "{why} does not say {word}");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_where_nobody_listens_costs_nothing_but_the_spans() {
    let nobody = {
        let free = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        format!("http://{}", free.local_addr().expect("it is bound"))
    };
    let daemon = start(&[("traces_endpoint", &nobody)]).await;
    let (_, spans) = send(&daemon).await;
    let counts = daemon.stop().await;
    assert_eq!((counts.received, counts.analysed), (spans, spans));
}
