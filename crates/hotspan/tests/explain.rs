//! Why a rule did not speak: of single recorded traces, and of an operation of a running daemon.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Output;
use std::thread;

use serde_json::Value;

mod support;

use support::{hotspan, run, stderr};

/// A request of 100 ms with so many queries of 5 ms, one after another.
fn recorded(queries: u64) -> String {
    let span = |id: u64, parent: &str, kind: u32, name: &str, (from, to): (u64, u64), text: &str| {
        let at = |millis: u64| 1_700_000_000_000_000_000 + millis * 1_000_000;
        format!(
            "{{\"traceId\":\"{:032x}\",\"spanId\":\"{id:016x}\",\"parentSpanId\":\"{parent}\",\"kind\":{kind},\
             \"name\":\"{name}\",\"startTimeUnixNano\":\"{}\",\"endTimeUnixNano\":\"{}\",\"attributes\":[{text}]}}",
            7,
            at(from),
            at(to)
        )
    };
    let root = format!("{:016x}", 1);
    let mut spans = vec![span(1, "", 2, "GET /cart", (0, 100), "")];
    for nth in 0..queries {
        let text = "{\"key\":\"db.system\",\"value\":{\"stringValue\":\"postgresql\"}},\
                    {\"key\":\"db.statement\",\"value\":{\"stringValue\":\"SELECT a FROM item WHERE b = ?\"}}";
        let from = 10 + nth * 10;
        spans.push(span(nth + 2, &root, 3, "SELECT", (from, from + 5), text));
    }
    format!(
        "{{\"resourceSpans\":[{{\"resource\":{{\"attributes\":[{{\"key\":\"service.name\",\"value\":\
         {{\"stringValue\":\"cart\"}}}}]}},\"scopeSpans\":[{{\"spans\":[{}]}}]}}]}}\n",
        spans.join(",")
    )
}

fn explained(arguments: &[&str], queries: u64) -> Output {
    let all = [&["trace", "--all", "--explain"], arguments, &["-"]].concat();
    let output = run(&all, recorded(queries).as_bytes());
    assert!(output.status.success(), "{}", stderr(&output));
    output
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The near misses of a rule.
fn near<'a>(trace: &'a Value, detector: &str) -> Vec<&'a Value> {
    let all = trace["near_misses"].as_array().unwrap().iter();
    all.filter(|near| near["detector"] == detector).collect()
}

#[test]
fn four_queries_are_one_too_few_and_the_text_says_so() {
    let said = text(&explained(&[], 4));
    assert!(
        said.contains("n-plus-one-query stopped by count: 4 members in cart GET /cart"),
        "{said}"
    );
    assert!(said.contains("repeat_min 4 of 5, missed"), "{said}");
    let silent = said
        .lines()
        .find(|line| line.contains("nothing like it"))
        .unwrap();
    assert!(
        silent.contains("retry-storm") && !silent.contains("n-plus-one-query"),
        "{silent}"
    );
}

#[test]
fn the_same_as_json_on_one_line() {
    let output = explained(&["-o", "json"], 4);
    assert_eq!(text(&output).lines().count(), 1);
    let trace = json(&output);
    let near = near(&trace, "n-plus-one-query");
    assert_eq!(near.len(), 1, "{trace}");
    assert_eq!(
        (&near[0]["reason"], &near[0]["members"]),
        (&"count".into(), &4.into())
    );
    let condition = &near[0]["conditions"][0];
    assert_eq!(condition["name"], "repeat_min");
    assert_eq!(
        (&condition["value"], &condition["threshold"]),
        (&4.into(), &5.into())
    );
    let silent = trace["silent"].as_array().unwrap();
    assert!(silent.contains(&"retry-storm".into()) && !silent.contains(&"n-plus-one-query".into()));
    // Without the flag it is the shape of the API, which knows near misses too.
    let plain = run(&["trace", "--all", "-o", "json", "-"], recorded(4).as_bytes());
    let plain = json(&plain);
    assert_eq!(
        (&plain["near_misses"], plain.get("silent")),
        (&trace["near_misses"], None)
    );
}

#[test]
fn what_speaks_is_neither_near_nor_silent() {
    let trace = json(&explained(&["-o", "json"], 6));
    assert_eq!(trace["findings"][0]["detector"], "n-plus-one-query");
    assert_eq!(near(&trace, "n-plus-one-query"), Vec::<&Value>::new());
    assert!(
        !trace["silent"]
            .as_array()
            .unwrap()
            .contains(&"n-plus-one-query".into())
    );
}

#[test]
fn a_trace_is_judged_by_the_thresholds_of_a_file() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("explain.toml");
    fs::write(&path, "[knobs]\nrepeat_min = 4").unwrap();
    let config = path.to_str().unwrap();
    let trace = json(&explained(&["-o", "json", "--config", config], 4));
    assert_eq!(trace["findings"][0]["detector"], "n-plus-one-query");
    fs::write(&path, "[knobs]\nrepeat_mni = 4").unwrap();
    let output = run(
        &["trace", "--all", "--config", config, "-"],
        recorded(4).as_bytes(),
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("did you mean repeat_min?"),
        "{}",
        stderr(&output)
    );
}

/// Answers one request with `body` and tells what was asked for.
fn answering(body: &'static str) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut first = String::new();
        reader.read_line(&mut first).unwrap();
        let mut line = String::new();
        while reader.read_line(&mut line).unwrap() > 2 {
            line.clear();
        }
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n";
        write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len()).unwrap();
        // The client closes when it has read all of it.
        assert_eq!(reader.read(&mut [0; 1]).unwrap_or(0), 0);
        first
    });
    (url, asked)
}

const ANSWER: &str = r#"{"near_misses": [
    {"service": "cart", "operation": "GET /cart", "detector": "n-plus-one-query", "reason": "count", "traces": 3,
     "evaluated": 16, "distance": 0.2, "template": "SELECT ?", "remedy": null,
     "conditions": [{"name": "repeat_min", "value": 4, "threshold": 5, "distance": 0.2}]},
    {"service": "cart", "operation": "", "detector": "missing-pool", "reason": "blind:connect", "traces": 0,
     "evaluated": 16, "distance": 1.0, "template": "", "conditions": [],
     "remedy": {"attribute": "db.namespace", "older": "db.name", "how": "send it"}}],
  "spoke": [{"service": "cart", "operation": "GET /cart", "detector": "slow-query", "evaluated": 16, "best": null}],
  "silent": [{"service": "cart", "operation": "GET /cart", "detector": "n-plus-one-call", "evaluated": 412,
     "best": {"name": "repeat_min", "value": 2, "threshold": 5, "distance": 0.6}}],
  "total": 2}"#;

#[test]
fn a_daemon_is_asked_for_an_operation_and_answers_as_a_table() {
    let (url, asked) = answering(ANSWER);
    let arguments = ["explain", "GET /cart", "--service", "cart", "--url", &url];
    let output = hotspan().args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let asked = asked.join().unwrap();
    for part in ["/api/v1/near-misses?", "entry=GET", "service=cart", "limit=100"] {
        assert!(asked.contains(part), "{part} in {asked}");
    }
    let table = text(&output);
    for part in [
        "repeat_min 4 of 5",
        "blind:connect",
        "set db.namespace (or db.name)",
        "3 of 16",
    ] {
        assert!(table.contains(part), "{part} in {table}");
    }
    let rules: Vec<&str> = table
        .lines()
        .filter(|line| line.contains("n-plus-one-call"))
        .collect();
    assert!(
        rules.len() == 1 && rules[0].contains("412") && rules[0].contains("2 of 5"),
        "{table}"
    );
    assert!(
        table
            .lines()
            .any(|line| line.contains("slow-query") && line.contains("a hotspot")),
        "{table}"
    );
}

#[test]
fn an_operation_that_nobody_saw_is_no_data() {
    let (url, asked) = answering(r#"{"near_misses": [], "spoke": [], "silent": [], "total": 0}"#);
    let output = hotspan()
        .args(["explain", "GET /nowhere", "--url", &url])
        .output()
        .unwrap();
    asked.join().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("GET /nowhere"), "{}", stderr(&output));
}
