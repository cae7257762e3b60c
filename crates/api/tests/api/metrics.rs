//! `/metrics`: well-formed in both formats, complete, bounded.

use std::collections::BTreeSet;

use hotspan_api::Exposed;

use crate::client::{get, get_with};
use crate::sample::trace_id;
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
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert!(!name.ends_with("_total") || kind == "counter", "{line}");
        } else if line != "# EOF" {
            let line = line.split_once(" # {").map_or(line, |(sample, _)| sample);
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
                ["", "_total", "_bucket", "_sum", "_count"]
                    .iter()
                    .any(|suffix| name.strip_suffix(suffix).is_some_and(|name| typed.contains(name))),
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
        "hotspan_access_reloads_failed_total",
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
        "hotspan_critical_service{service=\"cart\"} 1",
        "hotspan_alerts_firing 91",
        "hotspan_alerts_sent_total{receiver=\"alertmanager\"} 92",
        "hotspan_alerts_failed_total{receiver=\"webhook\"} 95",
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
async fn what_traces_feed_has_the_names_and_labels_that_dashboards_ask_for() {
    let at = World::start().await;
    let reply = get(at, "/metrics").await;
    let names = names(&reply.body);
    for name in [
        "hotspan_finding_traces_total",
        "hotspan_finding_critical_path_seconds_total",
        "hotspan_finding_saving_seconds_total",
        "hotspan_critical_path_seconds_total",
        "hotspan_third_party_seconds_total",
        "traces_service_graph_request_total",
        "traces_service_graph_request_failed_total",
        "traces_service_graph_request_server_seconds_bucket",
        "traces_service_graph_request_client_seconds_count",
        "traces_service_graph_unpaired_spans_total",
        "traces_spanmetrics_calls_total",
        "traces_spanmetrics_latency_bucket",
        "traces_span_metrics_calls_total",
        "traces_span_metrics_duration_milliseconds_sum",
    ] {
        assert!(names.contains(name), "{name}");
    }
    for line in [
        r#"hotspan_finding_traces_total{detector="n-plus-one-query",service="cart"} 2.500000"#,
        r#"hotspan_finding_critical_path_seconds_total{detector="n-plus-one-query",service="cart"} 3.500000000"#,
        r#"hotspan_finding_saving_seconds_total{detector="n-plus-one-query",service="cart"} 1.250000000"#,
        r#"hotspan_critical_path_seconds_total{service="cart",operation="GET /cart",category="db"} 2.000000000"#,
        r#"hotspan_third_party_seconds_total{domain="vendor.test",service="cart",on_critical_path="true"} 4.000000000"#,
        r#"hotspan_third_party_seconds_total{domain="vendor.test",service="cart",on_critical_path="false"} 1.000000000"#,
        r#"traces_service_graph_request_total{client="user",server="cart",connection_type="virtual_node"} 9"#,
        r#"traces_service_graph_request_failed_total{client="cart",server="postgresql",connection_type="database"} 1"#,
        r#"traces_service_graph_request_total{client="cart",server="stock",connection_type=""} 9"#,
        r#"traces_service_graph_request_server_seconds_bucket{client="cart",server="stock",connection_type="",le="0.002"} 3"#,
        r#"traces_service_graph_request_client_seconds_bucket{client="cart",server="stock",connection_type="",le="+Inf"} 9"#,
        r#"traces_service_graph_unpaired_spans_total{client="cart",server=""} 9"#,
        r#"traces_spanmetrics_calls_total{service="cart",span_name="GET /cart",span_kind="SPAN_KIND_SERVER",status_code="STATUS_CODE_ERROR"} 9"#,
        r#"traces_spanmetrics_latency_bucket{service="cart",span_name="GET /cart",span_kind="SPAN_KIND_SERVER",status_code="STATUS_CODE_ERROR",le="0.128"} 9"#,
        r#"traces_spanmetrics_latency_sum{service="cart",span_name="GET /cart",span_kind="SPAN_KIND_SERVER",status_code="STATUS_CODE_ERROR"} 0.660000000"#,
        r#"traces_span_metrics_duration_milliseconds_bucket{service_name="cart",span_name="GET /cart",span_kind="SPAN_KIND_SERVER",status_code="STATUS_CODE_ERROR",le="2.0"} 3"#,
        r#"traces_span_metrics_duration_milliseconds_sum{service_name="cart",span_name="GET /cart",span_kind="SPAN_KIND_SERVER",status_code="STATUS_CODE_ERROR"} 660.000000"#,
    ] {
        assert!(reply.body.lines().any(|found| found == line), "{line}");
    }
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

#[tokio::test]
async fn exemplars_point_to_spans_in_the_bucket_of_their_length_and_only_where_they_are_understood() {
    let at = World::start().await;
    let accept = "accept: application/openmetrics-text\r\n";
    let reply = get_with(at, "/metrics", accept).await;
    let labels = r#"span_name="GET /cart",span_kind="SPAN_KIND_SERVER",status_code="STATUS_CODE_ERROR""#;
    let span = format!(r#"# {{trace_id="{}",span_id="000000000000002a"}}"#, trace_id(7));
    for line in [
        format!(
            r#"traces_spanmetrics_latency_bucket{{service="cart",{labels},le="0.128"}} 9 {span} 0.110000000 1764000000.000000000"#
        ),
        format!(
            r#"traces_span_metrics_duration_milliseconds_bucket{{service_name="cart",{labels},le="128.0"}} 9 {span} 110.000000 1764000000.000000000"#
        ),
        format!(
            r#"hotspan_finding_traces_total{{detector="n-plus-one-query",service="cart"}} 2.500000 {span} 0.110000000 1764000000.000000000"#
        ),
    ] {
        assert!(reply.body.lines().any(|found| found == line), "{line}");
    }
    assert!(!get(at, "/metrics").await.body.contains("# {"));
}

#[tokio::test]
async fn whoever_looks_after_the_process_sees_the_load_of_each_tenant() {
    let body = get(World::start().await, "/metrics").await.body;
    for line in [
        "hotspan_tenant_spans_received_total{tenant=\"acme\"} 1000",
        "hotspan_tenant_requests_refused_total{tenant=\"acme\",reason=\"over_limit\"} 51",
        "hotspan_tenant_pressure_level{tenant=\"acme\"} 4",
    ] {
        assert!(body.lines().any(|found| found == line), "{line}: {body}");
    }
}

#[tokio::test]
async fn families_that_are_not_wanted_are_not_there() {
    let mut world = World::new();
    world.exposed = Exposed {
        series_max: 1_000,
        ..Exposed::default()
    };
    let reply = get(world.serve().await, "/metrics").await;
    assert!(!names(&reply.body).iter().any(|name| name.starts_with("traces_")));
}

#[tokio::test]
async fn names_beyond_the_bound_share_a_series_and_those_known_first_stay() {
    let mut world = World::new();
    world.exposed.series_max = 70;
    let at = world.serve().await;
    let first = get(at, "/metrics").await.body;
    let fed = |text: &str| -> Vec<String> {
        let lines = text
            .lines()
            .filter(|line| line.starts_with("traces_service_graph_request_total"));
        lines.map(str::to_owned).collect()
    };
    let shared = |line: &&String| line.contains(r#"{client="__overflow__",server="__overflow__""#);
    // One for each type of connection.
    assert_eq!(
        (fed(&first).len(), fed(&first).iter().filter(shared).count()),
        (5, 4)
    );
    names(&first);
    let again = get(at, "/metrics").await.body;
    assert_eq!(fed(&again), fed(&first));
}

#[tokio::test]
async fn what_analysing_costs_is_told_by_detector_and_by_length() {
    let at = World::start().await;
    let text = get(at, "/metrics").await.body;
    for line in [
        "hotspan_analysis_seconds_bucket{le=\"0.000016000\"} 0",
        "hotspan_analysis_seconds_bucket{le=\"0.000064000\"} 64",
        "hotspan_analysis_seconds_bucket{le=\"+Inf\"} 128",
        "hotspan_analysis_seconds_count 128",
        "hotspan_cut_total{kind=\"text\"} 67",
        "hotspan_cut_total{kind=\"depth\"} 68",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in {text}");
    }
    let spent = text
        .lines()
        .filter(|line| line.starts_with("hotspan_detector_seconds_total{"));
    let seconds: Vec<&str> = spent.filter_map(|line| line.rsplit(' ').next()).collect();
    assert_eq!(seconds, ["0.096000000"]);
}
