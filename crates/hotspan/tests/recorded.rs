//! Recorded traces of real applications: what must be found is found, what must not is not, and the answer depends
//! on the spans alone, neither on how they were cut into requests nor on the order these came in.

#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::print_stdout,
    reason = "helpers of tests are tests"
)]

mod support;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use hotspan_ingest::file;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans};
use prost::Message as _;
use serde_json::Value;

use support::{run, stderr};

const TRACES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/traces");

/// The detectors that the labels are held against here.
const JUDGED: &[&str] = &[
    "broken-propagation",
    "call-in-transaction",
    "deferrable-call",
    "exception-storm",
    "fan-out-tail",
    "hop-chain",
    "missing-cache",
    "missing-pool",
    "n-plus-one-cache",
    "n-plus-one-call",
    "n-plus-one-publish",
    "n-plus-one-query",
    "over-instrumentation",
    "per-item-loop",
    "pool-exhausted",
    "procedure-heavy",
    "redundant-query",
    "retry-storm",
    "slow-query",
    "serial-fan-out",
    "third-party-on-critical-path",
    "timeout-inversion",
    "uninstrumented-gap",
];

/// One recorded file: its name as generation/scenario, its path.
struct Recording {
    name: String,
    path: PathBuf,
}

/// All recordings in order of their names; none, with a word about it, where they are not at hand.
fn recordings() -> Vec<Recording> {
    let mut all = Vec::new();
    for generation in ["legacy", "stable"] {
        let Ok(entries) = std::fs::read_dir(Path::new(TRACES).join(generation)) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            let file = path.file_name().unwrap().to_str().unwrap();
            let scenario = file.strip_suffix(".otlp.bin.zst").unwrap();
            all.push(Recording {
                name: format!("{generation}/{scenario}"),
                path,
            });
        }
    }
    if all.is_empty() {
        println!("skipped: there are no recorded traces in {TRACES}");
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// Calls `check` for every recording, two at a time; says every complaint before it fails.
fn for_each(check: impl Fn(&Recording) -> Vec<String> + Sync) {
    let (all, next) = (recordings(), AtomicUsize::new(0));
    let work = || {
        let mine = std::iter::from_fn(|| all.get(next.fetch_add(1, Ordering::Relaxed)));
        mine.flat_map(&check).collect::<Vec<String>>()
    };
    let complaints: Vec<String> = std::thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// The answer of `analyze`, as it writes it.
fn analyze(arguments: &[&str], input: &[u8]) -> String {
    let output = run(&[&["analyze", "-o", "json"], arguments].concat(), input);
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn analyzed(recording: &Recording) -> String {
    analyze(&[recording.path.to_str().unwrap()], b"")
}

fn hotspots(answer: &str) -> Vec<Value> {
    let mut answer: Value = serde_json::from_str(answer).unwrap();
    match answer["hotspots"].take() {
        Value::Array(hotspots) => hotspots,
        other => panic!("no list of hotspots: {other}"),
    }
}

fn names(hotspots: &[Value]) -> Vec<String> {
    hotspots
        .iter()
        .map(|hotspot| format!("{} {}", hotspot["detector"], hotspot["title"]))
        .collect()
}

/// Whether one of the texts in `list` passes; an absent list has none.
fn any(list: &Value, passes: impl Fn(&str) -> bool) -> bool {
    list.as_array()
        .is_some_and(|list| list.iter().filter_map(Value::as_str).any(passes))
}

fn fulfils(hotspot: &Value, must: &Value) -> bool {
    let (text, calls) = (hotspot.to_string(), &hotspot["calls_per_trace"]);
    let bound = |key: &str, default| must[key].as_u64().unwrap_or(default);
    any(&must["any_of"], |detector| hotspot["detector"] == detector)
        && any(&must["service"], |service| hotspot["service"] == service)
        && (must["mentions_any_of"].is_null() || any(&must["mentions_any_of"], |word| text.contains(word)))
        && calls["max"].as_u64().unwrap() >= bound("calls_at_least", 0)
        && calls["p50"].as_u64().unwrap() <= bound("calls_at_most", u64::MAX)
}

#[test]
fn every_labelled_fault_is_found_and_nothing_forbidden_is() {
    let Ok(labels) = std::fs::read_to_string(Path::new(TRACES).join("labels.json")) else {
        return println!("skipped: there are no labels in {TRACES}");
    };
    let labels: Value = serde_json::from_str(&labels).unwrap();
    for_each(|recording| {
        let scenario = recording.name.split_once('/').unwrap().1;
        let labels = &labels["scenarios"][scenario];
        let found = hotspots(&analyzed(recording));
        let musts = labels["must"].as_array().unwrap().iter();
        let missed = musts
            .filter(|must| any(&must["any_of"], |detector| JUDGED.contains(&detector)))
            .filter(|must| !found.iter().any(|hotspot| fulfils(hotspot, must)))
            .map(|must| format!("{}: missed {must}, found {:?}", recording.name, names(&found)));
        let forbidden = found
            .iter()
            .filter(|hotspot| any(&labels["must_not"], |detector| hotspot["detector"] == detector))
            .map(|hotspot| {
                format!(
                    "{}: forbidden {} {}",
                    recording.name, hotspot["detector"], hotspot["title"]
                )
            });
        missed.chain(forbidden).collect()
    });
}

#[test]
fn the_same_file_gives_the_same_bytes_again_and_under_any_parameter_key() {
    for_each(|recording| {
        let path = recording.path.to_str().unwrap();
        let first = analyzed(recording);
        let key = "00112233445566778899aabbccddeeff";
        let again = [
            ("a second time", analyzed(recording)),
            ("under another key", analyze(&["--parameter-key", key, path], b"")),
        ];
        let other = again.iter().filter(|(_, answer)| *answer != first);
        other
            .map(|(when, _)| format!("{}: another answer {when}", recording.name))
            .collect()
    });
}

#[test]
fn neither_the_order_of_requests_nor_their_size_nor_copies_change_the_hotspots() {
    for_each(|recording| {
        let requests = read(&recording.path);
        let plain = analyzed(recording);
        let expected = hotspots(&plain);
        let mut complaints = Vec::new();
        for seed in [1, 2] {
            if analyze(&["-"], &written(&shuffled(requests.clone(), seed))) != plain {
                complaints.push(format!("{}: shuffled with seed {seed}", recording.name));
            }
        }
        let twice = [requests.clone(), requests.clone()].concat();
        let rearranged = [
            ("every request twice", twice),
            ("one span a request", split(&requests)),
            ("one span a request, shuffled", shuffled(split(&requests), 3)),
        ];
        for (how, requests) in rearranged {
            let found = hotspots(&analyze(&["-"], &written(&requests)));
            if found != expected {
                complaints.push(format!(
                    "{}: {how}: {}",
                    recording.name,
                    difference(&expected, &found)
                ));
            }
        }
        complaints
    });
}

/// The first field in which two lists of hotspots differ.
fn difference(expected: &[Value], found: &[Value]) -> String {
    if names(expected) != names(found) {
        return format!("{:?} instead of {:?}", names(found), names(expected));
    }
    let fields = expected.iter().zip(found).flat_map(|(expected, found)| {
        let fields = expected.as_object().unwrap().iter();
        fields.map(move |(key, value)| (key, value, &found[key]))
    });
    let different = fields.into_iter().find(|(_, expected, found)| expected != found);
    different.map_or_else(String::new, |(key, expected, found)| {
        format!("{key} is {found} instead of {expected}")
    })
}

fn read(path: &Path) -> Vec<ExportTraceServiceRequest> {
    let requests = file::open(path).unwrap();
    requests
        .map(|request| ExportTraceServiceRequest::decode(&*request.unwrap().bytes).unwrap())
        .collect()
}

fn written(requests: &[ExportTraceServiceRequest]) -> Vec<u8> {
    requests
        .iter()
        .flat_map(ExportTraceServiceRequest::encode_length_delimited_to_vec)
        .collect()
}

/// The same in another order, the same for one seed (xorshift64).
fn shuffled<T>(mut all: Vec<T>, seed: u64) -> Vec<T> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for place in (1..all.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        all.swap(place, (state % (place as u64 + 1)) as usize);
    }
    all
}

/// Every span in a request of its own.
fn split(requests: &[ExportTraceServiceRequest]) -> Vec<ExportTraceServiceRequest> {
    let mut alone = Vec::new();
    for resource in requests.iter().flat_map(|request| &request.resource_spans) {
        for scope in &resource.scope_spans {
            alone.extend(scope.spans.iter().map(|span| {
                let scope_spans = vec![ScopeSpans {
                    scope: scope.scope.clone(),
                    schema_url: scope.schema_url.clone(),
                    spans: vec![span.clone()],
                }];
                let resource_spans = vec![ResourceSpans {
                    resource: resource.resource.clone(),
                    schema_url: resource.schema_url.clone(),
                    scope_spans,
                }];
                ExportTraceServiceRequest { resource_spans }
            }));
        }
    }
    alone
}
