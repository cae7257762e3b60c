//! What one question of another tool may cost: spans that are looked at, bytes of the answer (Q8).

use std::collections::BTreeMap;

use hotspan_model::{Kind, SpanDetail, TraceView};

use crate::client::{Reply, get, get_bytes};
use crate::sample;
use crate::shop::{id, pairs, span, span_id};
use crate::world::World;

const REPLY_BYTES_MAX: usize = 8 << 20;
const DAY: &str = "query.startTimeMin=2025-11-24T00:00:00Z&query.startTimeMax=2025-11-25T00:00:00Z";

/// A trace of so many spans with ten small attributes each, which are the heaviest to write.
fn large(number: u128, spans: u64) -> (TraceView, Vec<SpanDetail>) {
    let (mut view, _) = sample::trace(number);
    let parent = |at: u64| (at > 1).then_some(1);
    view.spans = (1..=spans)
        .map(|at| span(at, parent(at), "orders", "GET /orders", Kind::Server, at, 1))
        .collect();
    view.span_count = spans;
    let keys: Vec<String> = (0..10).map(|key| format!("k{key}")).collect();
    let attributes: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), "v")).collect();
    let detail = |at: u64| SpanDetail {
        span: Some(span_id(at)),
        attributes: pairs(&attributes),
        ..SpanDetail::default()
    };
    (view, (1..=spans).map(detail).collect())
}

fn world(sizes: &[u64]) -> World {
    let traces = sizes.iter().zip(1..);
    let traces = traces.map(|(&spans, number)| (id(number), large(number, spans)));
    World {
        traces: traces.collect::<BTreeMap<_, _>>(),
        ..World::new()
    }
}

fn is_cut(reply: &Reply) -> bool {
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert!(reply.body.len() <= REPLY_BYTES_MAX, "{}", reply.body.len());
    reply.header("hotspan-truncated") == "true"
}

#[tokio::test]
async fn a_search_beyond_its_budget_says_so_and_one_within_does_not() {
    let beyond = world(&[4_000, 4_000, 4_000]).serve().await;
    let within = world(&[100, 100, 100]).serve().await;
    for path in [
        "/jaeger/api/traces?limit=1500".to_owned(),
        format!("/jaeger/api/v3/traces?{DAY}"),
        format!("/jaeger/api/v3/trace-summaries?{DAY}&query.serviceName=orders"),
        "/tempo/api/search?q=%7Bname=%22GET%20/orders%22%7D".to_owned(),
        "/tempo/api/v2/search/tags".to_owned(),
        "/tempo/api/v2/search/tag/name/values".to_owned(),
    ] {
        assert!(is_cut(&get(beyond, &path).await), "{path}");
        assert!(!is_cut(&get(within, &path).await), "{path}");
    }
    let found = get(beyond, "/jaeger/api/traces?limit=2").await;
    assert!(!is_cut(&found), "two are asked for and found");
    let trace = &found.json()["data"][0];
    assert_eq!(trace["spans"].as_array().unwrap().len(), 2_000);
    assert!(trace["warnings"].to_string().contains("2000 spans are not shown"));
}

#[tokio::test]
async fn patterns_that_cost_too_much_end_the_search() {
    let at = world(&[2_000]).serve().await;
    let pattern = format!("{}x", "(a%7Cb%7Cc)?".repeat(20));
    let query = format!("%7Bname=~%22{pattern}%22%7C%7Cname=~%22{pattern}%22%7D");
    assert!(!is_cut(&get(at, &format!("/tempo/api/search?q={query}")).await));
    let many = vec![format!("name=~%22{pattern}%22"); 20].join("%7C%7C");
    let query = format!("/tempo/api/search?q=%7B{many}%7D");
    assert!(is_cut(&get(at, &query).await), "40 million steps");
}

#[tokio::test]
async fn the_largest_trace_fits_an_answer_in_every_shape() {
    let at = world(&[10_000]).serve().await;
    for path in [
        "/jaeger/api/traces/1",
        "/jaeger/api/v3/traces/1",
        "/tempo/api/traces/1",
    ] {
        let (status, _, body) = get_bytes(at, path, "").await;
        assert_eq!(status, 200);
        assert!(body.len() <= REPLY_BYTES_MAX, "{path}: {}", body.len());
    }
}
