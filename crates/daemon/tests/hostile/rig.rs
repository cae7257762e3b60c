//! One running daemon, what was sent to it, and the one check: the books hold exactly what the rows say.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use hotspan_daemon::{Config, Daemon, Layers, Origin};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::Value;
use tokio::time::{interval, timeout};

use crate::client::{Grpc, Reply, get, post};
use crate::message::{good, request};

/// How long the daemon may take to show what it was sent.
const PATIENCE: Duration = Duration::from_secs(120);
/// Good traces that are looked up at the end of a test.
const LOOKED_UP: usize = 24;
/// Reasons that a decoder has, which a reply speaks of.
const REFUSED: [&str; 3] = ["invalid_trace_id", "invalid_span_id", "malformed_span"];

/// What becomes of the hostile spans of a request; of the good ones beside them nothing but analysis.
#[derive(Clone, Default)]
pub(crate) struct Fate {
    pub(crate) analysed: u64,
    /// Spans by the reason they are not analysed for.
    pub(crate) dropped: Vec<(&'static str, u64)>,
    /// Further counters of what was tolerated.
    pub(crate) tolerated: Vec<(&'static str, u64)>,
}

/// All of them are analysed.
pub(crate) fn analysed(count: u64) -> Fate {
    Fate {
        analysed: count,
        ..Fate::default()
    }
}

impl Fate {
    pub(crate) fn drops(mut self, reason: &'static str, count: u64) -> Fate {
        self.dropped.push((reason, count));
        self
    }

    pub(crate) fn tolerates(mut self, kind: &'static str, count: u64) -> Fate {
        self.tolerated.push((kind, count));
        self
    }

    fn rejected(&self) -> u64 {
        let refused = self.dropped.iter().filter(|(reason, _)| REFUSED.contains(reason));
        refused.map(|&(_, count)| count).sum()
    }
}

/// What a daemon says it did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Books {
    pub(crate) received: u64,
    pub(crate) analysed: u64,
    pub(crate) open: u64,
    pub(crate) dropped: BTreeMap<String, u64>,
    pub(crate) tolerated: BTreeMap<String, u64>,
    pub(crate) partial_successes: u64,
}

impl Books {
    fn of(status: &Value) -> Books {
        let map = |value: &Value| -> BTreeMap<String, u64> {
            let rows = value.as_object().unwrap().iter();
            let rows = rows.map(|(name, count)| (name.clone(), count.as_u64().unwrap()));
            rows.filter(|&(_, count)| count > 0).collect()
        };
        let spans = &status["spans"];
        Books {
            received: spans["received"].as_u64().unwrap(),
            analysed: spans["analysed"].as_u64().unwrap(),
            open: spans["open"].as_u64().unwrap(),
            dropped: map(&spans["dropped"]),
            tolerated: map(&status["tolerated"]),
            partial_successes: status["partial_successes"].as_u64().unwrap(),
        }
    }

    pub(crate) fn balance(&self) -> bool {
        self.received == self.analysed + self.dropped.values().sum::<u64>() + self.open
    }

    fn add(&mut self, fate: &Fate, good: u64) {
        self.analysed += fate.analysed + good;
        self.received += fate.analysed + good;
        for &(reason, count) in &fate.dropped {
            self.received += count;
            *self.dropped.entry(reason.to_owned()).or_default() += count;
        }
        for &(kind, count) in &fate.tolerated {
            *self.tolerated.entry(kind.to_owned()).or_default() += count;
        }
        self.partial_successes += u64::from(fate.rejected() > 0);
    }
}

/// A daemon and what its books must say.
pub(crate) struct Rig {
    pub(crate) daemon: Daemon,
    grpc: Grpc,
    expected: Books,
    /// The last trace id that was given away.
    trace: u128,
    good: Vec<u128>,
}

impl Rig {
    pub(crate) async fn start() -> Rig {
        Rig::with(&[]).await
    }

    /// A daemon with these keys beside the usual ones.
    pub(crate) async fn with(keys: &[(&'static str, &str)]) -> Rig {
        let usual = [
            ("otlp_grpc", "127.0.0.1:0"),
            ("otlp_http", "127.0.0.1:0"),
            ("listen", "127.0.0.1:0"),
            ("memory", "1GiB"),
            ("shards", "2"),
            ("complete_quiet", "100ms"),
            ("root_quiet", "150ms"),
            ("rootless_quiet", "200ms"),
            ("snapshot_interval", "50ms"),
        ];
        let mut layers = Layers::default();
        for (key, value) in usual.iter().chain(keys) {
            layers.set(Origin::Flag, key, value);
        }
        let daemon = Daemon::start(&Config::read(&layers).unwrap()).await.unwrap();
        let grpc = Grpc::connect(daemon.addresses().otlp_grpc, 1).await;
        Rig {
            daemon,
            grpc,
            expected: Books::default(),
            trace: 0,
            good: Vec::new(),
        }
    }

    /// A trace id that nobody used.
    pub(crate) fn trace(&mut self) -> u128 {
        self.trace += 1;
        self.trace
    }

    /// Sends spans in all three ways.
    pub(crate) async fn spans(&mut self, name: &str, make: impl Fn(u128) -> Vec<Span>, fate: &Fate) {
        self.protobuf(
            name,
            |trace| request("hostile", make(trace)).encode_to_vec(),
            fate,
        )
        .await;
        let json = |trace| {
            let spans = make(trace);
            let spans: Vec<_> = spans
                .iter()
                .map(|span| serde_json::to_string(span).unwrap())
                .collect();
            spans.join(",").into_bytes()
        };
        self.json(name, json, fate).await;
    }

    /// Sends a message over gRPC and over HTTP, each with good spans behind it.
    pub(crate) async fn protobuf(&mut self, name: &str, make: impl Fn(u128) -> Vec<u8>, fate: &Fate) {
        for is_grpc in [true, false] {
            let (hostile, good) = (self.trace(), self.good());
            let beside = request("good", good).encode_to_vec();
            // Messages behind one another are merged: that is protobuf.
            let message = [make(hostile), beside].concat();
            let reply = match is_grpc {
                true => self.grpc.export(None, &message).await,
                false => self.post("application/x-protobuf", message).await,
            };
            let skipped = if is_grpc { 5 } else { 0 };
            let is_ok = if is_grpc {
                reply.code() == 0
            } else {
                reply.http == 200
            };
            assert!(is_ok, "{name}: {reply:?}");
            let answer = ExportTraceServiceResponse::decode(&reply.body[skipped..]).unwrap();
            let partial = answer.partial_success;
            let told = partial.map(|partial| (partial.rejected_spans as u64, partial.error_message));
            self.answered(name, told, fate).await;
        }
    }

    /// Sends spans as JSON text, with commas between, and good spans behind them.
    pub(crate) async fn json(&mut self, name: &str, make: impl Fn(u128) -> Vec<u8>, fate: &Fate) {
        let hostile = self.trace();
        let spans = make(hostile);
        let good = self.good();
        let good = good.iter().map(|span| serde_json::to_string(span).unwrap());
        let good = good.collect::<Vec<_>>().join(",").into_bytes();
        let resources = [("hostile", spans), ("good", good)].map(|(name, spans)| {
            let head = format!(
                r#"{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"{name}"}}}}]}},"scopeSpans":[{{"spans":["#
            );
            [head.into_bytes(), spans, b"]}]}".to_vec()].concat()
        });
        let message = [&br#"{"resourceSpans":["#[..], &resources.join(&b','), b"]}"];
        let reply = self.post("application/json", message.concat()).await;
        assert_eq!(reply.http, 200, "{name}: {reply:?}");
        let answer = reply.json();
        let partial = answer.get("partialSuccess").map(|partial| {
            let rejected = partial["rejectedSpans"].as_str().unwrap_or("0").parse().unwrap();
            (rejected, partial["errorMessage"].as_str().unwrap().to_owned())
        });
        self.answered(name, partial, fate).await;
    }

    /// Sends a request that must be refused as a whole: gRPC's status, HTTP's status.
    pub(crate) async fn refused(&mut self, name: &str, message: &[u8], code: i32, http: u16) {
        let reply = self.grpc.export(None, message).await;
        assert_eq!(reply.code(), code, "{name}: {reply:?}");
        let reply = self.post("application/x-protobuf", message.to_vec()).await;
        assert_eq!(reply.http, http, "{name}: {reply:?}");
        self.answers(name).await;
    }

    /// Sends a message whose outcome is one of these; gives whether it was taken.
    pub(crate) async fn either(&mut self, name: &str, message: &[u8]) -> bool {
        let code = self.grpc.export(None, message).await.code();
        assert!(matches!(code, 0 | 3), "{name}: {code}");
        code == 0
    }

    pub(crate) async fn export(&self, coding: Option<&str>, message: &[u8]) -> Reply {
        self.grpc.export(coding, message).await
    }

    /// Counts what a reply said was taken.
    pub(crate) fn expect(&mut self, fate: &Fate) {
        self.expected.add(fate, 0);
    }

    pub(crate) async fn post(&self, kind: &str, body: impl Into<Bytes>) -> Reply {
        self.post_with(&[("content-type", kind)], body).await
    }

    pub(crate) async fn post_with(&self, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Reply {
        post(self.daemon.addresses().otlp_http, headers, body.into()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        get(self.daemon.addresses().listen, path).await
    }

    pub(crate) async fn status(&self) -> Value {
        self.get("/api/v1/status").await.json()
    }

    /// The daemon answers whoever asks.
    pub(crate) async fn answers(&self, name: &str) {
        assert_eq!(self.get("/livez").await.http, 200, "{name}");
    }

    /// A number of `/metrics`, by the line up to the blank.
    pub(crate) async fn metric(&self, sample: &str) -> u64 {
        let reply = self.get("/metrics").await;
        let text = std::str::from_utf8(&reply.body).unwrap();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {sample} in {text}"))
            .parse()
            .unwrap()
    }

    /// Waits until the status is as it should be.
    pub(crate) async fn wait(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let seen = timeout(PATIENCE, async {
            let mut pace = interval(Duration::from_millis(20));
            loop {
                pace.tick().await;
                last = self.status().await;
                if is_so(&last) {
                    return;
                }
            }
        });
        assert!(seen.await.is_ok(), "{what}: {last}");
        last
    }

    /// Waits until everything that was sent is analysed, and compares the books; ends the daemon.
    pub(crate) async fn settle(mut self) {
        self.compare().await;
        let counts = self.daemon.stop().await;
        assert!(counts.balance() && counts.open == 0, "{counts:?}");
        assert_eq!(counts.received, self.expected.received);
    }

    /// The same without the end.
    pub(crate) async fn compare(&mut self) {
        // Each is looked up once: what was decided long ago is forgotten.
        let good = std::mem::take(&mut self.good);
        let expected = &self.expected;
        let status = self
            .wait("everything is analysed", |status| {
                let books = Books::of(status);
                assert!(books.balance(), "{books:?}");
                books.received >= expected.received && books.open == 0
            })
            .await;
        assert_eq!(&Books::of(&status), expected);
        let received = self.metric("hotspan_spans_received_total").await;
        let analysed = self.metric("hotspan_spans_analysed_total").await;
        assert_eq!((received, analysed), (expected.received, expected.analysed));
        for (reason, &count) in &expected.dropped {
            let sample = format!("hotspan_spans_dropped_total{{reason=\"{reason}\"}}");
            assert_eq!(self.metric(&sample).await, count, "{reason}");
        }
        assert_eq!(self.metric("hotspan_inflight_bytes").await, 0);
        for trace in good.iter().rev().take(LOOKED_UP) {
            let found = self.get(&format!("/api/v1/traces/{trace:032x}")).await.json();
            let spans = found["spans"].as_array().map(Vec::len);
            assert_eq!(spans, Some(2), "good trace {trace}: {found}");
        }
    }

    fn good(&mut self) -> Vec<Span> {
        let trace = self.trace();
        self.good.push(trace);
        good(trace)
    }

    async fn answered(&mut self, name: &str, told: Option<(u64, String)>, fate: &Fate) {
        let rejected = fate.rejected();
        match told {
            None => assert_eq!(rejected, 0, "{name}: no partial success"),
            Some((count, said)) => {
                assert_eq!(count, rejected, "{name}: {said}");
                assert!(!said.is_empty(), "{name}");
                for (reason, _) in fate.dropped.iter().filter(|(reason, _)| REFUSED.contains(reason)) {
                    let what = match *reason {
                        "invalid_trace_id" => "trace_id must be 16 bytes",
                        "invalid_span_id" => "span_id must be 8 bytes",
                        _ => "the span cannot be read",
                    };
                    assert!(said.contains(what), "{name}: {said}");
                }
            }
        }
        self.expected.add(fate, 2);
        self.answers(name).await;
    }
}
