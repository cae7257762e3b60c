//! How long it takes from the last span of a trace until its hotspot can be read: alone, beside full load, and beside one
//! giant trace.

use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use tokio::runtime::Runtime;

use crate::receiver::Receiver;
use crate::requests::{Coding, Endless, Listed, Source};
use crate::sender::{self, Plan};
use crate::{Arguments, asking};

/// Probes of each round; each is a service of its own.
const PROBES: u64 = 12;
/// Traces of a probe, each with so many queries: enough for a hotspot.
const TRACES: u64 = 4;
const QUERIES: u64 = 12;
/// The daemon's own wait before a complete trace is decided; it is no part of what is measured.
const QUIET: Duration = Duration::from_millis(1_500);
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(5);
const SERVER: i32 = 2;
const CLIENT: i32 = 3;

/// Prints a row for each thing that goes on beside the probes.
pub(crate) fn run(arguments: &Arguments, runtime: &Runtime, giant: usize) -> Result<()> {
    println!("beside | visible after the decision, ms: median | most");
    let spans = arguments.spans.first().copied().context("--spans is empty")?;
    row(arguments, runtime, "nothing", |_| Listed::of(Vec::new(), 1))?;
    let long = Duration::from_secs(600);
    row(arguments, runtime, "full load", |start| {
        Endless::until(start + long, spans)
    })?;
    for (name, is_deep) in [
        ("one trace, all siblings", false),
        ("one trace, each below the last", true),
    ] {
        let requests = giant_trace(giant, spans, is_deep);
        row(arguments, runtime, name, |_| Listed::of(requests, spans))?;
    }
    Ok(())
}

fn row<S: Source>(
    arguments: &Arguments,
    runtime: &Runtime,
    name: &str,
    beside: impl FnOnce(Instant) -> S,
) -> Result<()> {
    let receiver = Receiver::start(arguments)?;
    let api = receiver.api().context("a rival cannot be asked")?;
    let plan = Plan {
        address: receiver.grpc(),
        coding: Coding::Identity,
        connections: 1,
        in_flight: arguments.in_flight,
        rate: arguments.rate,
        requests_a_connection: None,
    };
    let source = beside(Instant::now());
    let load = runtime.spawn(async move { sender::send(&plan, source).await });
    let mut took: Vec<Duration> = (0..PROBES)
        .map(|number| probe(runtime, receiver.grpc(), api, number))
        .collect::<Result<_>>()?;
    load.abort();
    took.sort_unstable();
    let millis = |place: usize| took.get(place).map_or(0, |took| took.as_millis());
    println!("{name} | {} | {}", millis(took.len() / 2), millis(took.len() - 1));
    Ok(())
}

/// Sends one probe; how long after its traces could be decided the hotspot was there.
fn probe(runtime: &Runtime, grpc: SocketAddr, api: SocketAddr, number: u64) -> Result<Duration> {
    let service = format!("probe-{number}");
    let spans = (0..TRACES)
        .flat_map(|trace| probe_trace(number * TRACES + trace))
        .collect();
    let request = Listed::of(vec![Bytes::from(in_service(&service, spans))], 1);
    let plan = Plan {
        address: grpc,
        coding: Coding::Identity,
        connections: 1,
        in_flight: 1,
        rate: 0,
        requests_a_connection: None,
    };
    runtime.block_on(sender::send(&plan, request))?;
    let decided = Instant::now() + QUIET;
    loop {
        if asking::hotspots_of(api, &service)? > 0 {
            return Ok(decided.elapsed());
        }
        if decided.elapsed() > PATIENCE {
            bail!("{service}: no hotspot within {PATIENCE:?}");
        }
        crate::rest(LOOK);
    }
}

/// A request that makes the same query again and again.
fn probe_trace(number: u64) -> Vec<Span> {
    let trace = u128::from(number) + 1;
    let mut root = span(trace, 1, 0, 0, QUERIES * 10);
    (root.name, root.kind) = ("GET /probe".to_owned(), SERVER);
    let query = |at| {
        let mut span = span(trace, at + 2, 1, at * 10, 9);
        (span.name, span.kind) = ("SELECT probes".to_owned(), CLIENT);
        let statement = format!(
            "SELECT name FROM probes WHERE id = {}",
            trace * 100 + u128::from(at)
        );
        span.attributes = [
            ("db.system.name", "postgresql".to_owned()),
            ("db.query.text", statement),
        ]
        .map(|(key, value)| attribute(key, value))
        .into();
        span
    };
    std::iter::once(root).chain((0..QUERIES).map(query)).collect()
}

/// One trace of so many spans over many requests.
fn giant_trace(spans: usize, spans_each: usize, is_deep: bool) -> Vec<Bytes> {
    let trace = u128::from(u64::MAX) << 32;
    let one = |number: u64| {
        let parent = match (number, is_deep) {
            (1, _) => 0,
            (_, true) => number - 1,
            (_, false) => 1,
        };
        let mut span = span(trace, number, parent, number / 1_000, 1);
        (span.name, span.kind) = ("SELECT items".to_owned(), CLIENT);
        span
    };
    let spans: Vec<Span> = (1..=spans as u64).map(one).collect();
    let requests = spans.chunks(spans_each);
    requests
        .map(|spans| Bytes::from(in_service("giant", spans.to_vec())))
        .collect()
}

/// A span of `millis` that starts `at` milliseconds after a fixed moment of today.
fn span(trace: u128, id: u64, parent: u64, at: u64, millis: u64) -> Span {
    let today = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
        / 3_600
        * 3_600;
    let start = today * 1_000_000_000 + at * 1_000_000;
    Span {
        trace_id: trace.to_be_bytes().into(),
        span_id: id.to_be_bytes().into(),
        parent_span_id: if parent == 0 {
            Vec::new()
        } else {
            parent.to_be_bytes().into()
        },
        start_time_unix_nano: start,
        end_time_unix_nano: start + millis * 1_000_000,
        ..Span::default()
    }
}

/// The framed request of one service.
fn in_service(service: &str, spans: Vec<Span>) -> Vec<u8> {
    let request = ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource {
                attributes: vec![attribute("service.name", service.to_owned())],
                ..Resource::default()
            }),
            scope_spans: vec![ScopeSpans {
                spans,
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    };
    crate::requests::framed(&request)
}

fn attribute(key: &str, value: String) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(any_value::Value::StringValue(value)),
        }),
        ..KeyValue::default()
    }
}
