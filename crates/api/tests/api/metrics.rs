//! `/metrics`: well-formed in both formats, complete, bounded.

use std::collections::BTreeSet;

use crate::client::{get, get_with};
use crate::world::World;

/// Checks the text line by line as a scraper reads it, and returns the names of the samples.
fn names(text: &str) -> BTreeSet<&str> {
    let (mut helped, mut typed, mut series, mut names) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(helped.insert(name) && !help.is_empty(), "{line}");
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(helped.contains(name) && typed.insert(name), "{line}");
            assert!(["counter", "gauge"].contains(&kind), "{line}");
            assert!(!name.ends_with("_total") || kind == "counter", "{line}");
        } else if line != "# EOF" {
            let (sample, value) = line.rsplit_once(' ').unwrap();
            let name = sample.split_once('{').map_or(sample, |(name, labels)| {
                check_labels(labels.strip_suffix('}').unwrap());
                name
            });
            assert!(
                name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
                "{line}"
            );
            assert!(
                typed.contains(name) || typed.contains(name.trim_end_matches("_total")),
                "{line}"
            );
            assert!(value.parse::<f64>().unwrap() >= 0.0, "{line}");
            assert!(series.insert(sample), "twice: {line}");
            names.insert(name);
        }
    }
    names
}

/// `name="value"` with commas between; in a value only `\\`, `\"` and `\n` are escapes.
fn check_labels(labels: &str) {
    let mut rest = labels;
    loop {
        let (name, after) = rest.split_once("=\"").unwrap();
        assert!(
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
            "{labels}"
        );
        let mut escaped = false;
        let end = after.char_indices().find(|&(_, c)| {
            let closes = c == '"' && !escaped;
            assert!(!escaped || ['\\', '"', 'n'].contains(&c), "{labels}");
            escaped = c == '\\' && !escaped;
            closes
        });
        let (end, _) = end.unwrap();
        assert!(
            after[..end].chars().count() <= 2 * 128 && !after[..end].contains(char::is_control),
            "{labels}"
        );
        match after[end + 1..].strip_prefix(',') {
            Some(next) => rest = next,
            None => return assert_eq!(&after[end + 1..], "", "{labels}"),
        }
    }
}

#[tokio::test]
async fn a_scrape_is_well_formed_and_complete() {
    let at = World::start().await;
    let reply = get(at, "/metrics").await;
    assert_eq!(
        reply.header("content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    let names = names(&reply.body);
    for name in [
        "hotspan_spans_received_total",
        "hotspan_spans_analysed_total",
        "hotspan_spans_dropped_total",
        "hotspan_spans_open",
        "hotspan_requests_refused_total",
        "hotspan_bytes_refused_total",
        "hotspan_ingest_bytes_total",
        "hotspan_inflight_bytes",
        "hotspan_memory_used_bytes",
        "hotspan_memory_max_bytes",
        "hotspan_partial_successes_total",
        "hotspan_tolerated_total",
        "hotspan_other_signal_bytes_total",
        "hotspan_connections_total",
        "hotspan_connections_open",
        "hotspan_connections_refused_total",
        "hotspan_connections_failed_total",
        "hotspan_accepts_failed_total",
        "hotspan_traces_decided_total",
        "hotspan_traces_open",
        "hotspan_traces_incomplete_total",
        "hotspan_late_spans_total",
        "hotspan_symbols",
        "hotspan_overflow_total",
        "hotspan_snapshot_age_seconds",
        "hotspan_pressure_level",
        "hotspan_left_out_ratio",
        "hotspan_evidence_dropped_total",
        "hotspan_build_info",
        "hotspan_hotspots",
    ] {
        assert!(names.contains(name), "{name}");
    }
    for line in [
        "hotspan_spans_received_total 1000",
        "hotspan_spans_dropped_total{reason=\"duplicate\"} 7",
        "hotspan_requests_refused_total{transport=\"grpc\",reason=\"over_limit\"} 51",
        "hotspan_tolerated_total{kind=\"too_deep\"} 68",
        "hotspan_inflight_bytes 77",
        "hotspan_memory_max_bytes{part=\"inflight\"} 78",
        "hotspan_pressure_level 4",
        "hotspan_left_out_ratio 0.062500",
        "hotspan_evidence_dropped_total 81",
        "hotspan_snapshot_age_seconds 1.500000000",
        "hotspan_build_info{version=\"0.1.0\"} 1",
        "hotspan_hotspots{detector=\"serial-calls\",break=\"synchronous\",state=\"worsening\",service=\"cart\"} 4",
    ] {
        assert!(reply.body.lines().any(|found| found == line), "{line}");
    }
    let listed = reply
        .body
        .lines()
        .filter(|line| line.starts_with("hotspan_hotspots{"));
    let sum: u64 = listed
        .map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap())
        .sum();
    assert_eq!(sum, 100);
}

#[tokio::test]
async fn openmetrics_is_for_those_who_ask() {
    let at = World::start().await;
    let accept = "accept: application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.1\r\n";
    let reply = get_with(at, "/metrics", accept).await;
    assert_eq!(
        reply.header("content-type"),
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    assert!(reply.body.ends_with("\n# EOF\n"));
    assert!(
        reply
            .body
            .contains("# TYPE hotspan_spans_received counter\nhotspan_spans_received_total 1000\n")
    );
    let plain = get(at, "/metrics").await;
    assert_eq!(names(&reply.body), names(&plain.body));
}
