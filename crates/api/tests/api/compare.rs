//! Two windows, versions and traces side by side, over HTTP and gRPC.

use hotspan_proto::v1::reports_client::ReportsClient;
use hotspan_proto::v1::{Change, CompareRequest, CompareTracesRequest};
use serde_json::json;
use tonic::Code;

use crate::client::get;
use crate::grpc::{channel, same};
use crate::sample::{trace, trace_id};
use crate::world::World;

#[tokio::test]
async fn windows_tell_what_appeared_and_what_cannot_be_told() {
    let at = World::start().await;
    // Every hotspot: 3 of 10 traces in this minute, 5 of 40 in the hour before, none in the one before that.
    let list = get(at, "/api/v1/compare?a=-2h..-1h&b=-1h..now&limit=2")
        .await
        .json();
    assert_eq!(list["counts"]["appeared"], 120);
    // Neighbours share no minute: an hour ends where it is full, and of the last 60 minutes one has just begun.
    assert_eq!(list["a"]["until"], "2025-11-24T15:00:00.000000000Z");
    assert_eq!(list["b"]["from"], "2025-11-24T15:01:00.000000000Z");
    let first = &list["changes"][0];
    assert_eq!(
        (&first["change"], &first["rank"], &first["ratio"]),
        (&json!("appeared"), &json!(1), &json!(null))
    );
    assert_eq!(
        first["a"],
        json!({"traces": 0, "of_traces": 100, "critical_path_ns": 0})
    );
    assert_eq!(
        first["b"],
        json!({"traces": 3, "of_traces": 10, "critical_path_ns": 1_140_000_000_u64})
    );
    // 2 ns in 140 traces of the hours, 1.14 s in the 10 of this minute.
    let grown = get(at, "/api/v1/compare?a=-61m..now&change=grew").await.json();
    assert_eq!(
        (&grown["total"], &grown["changes"][0]["a"]["traces"]),
        (&json!(120), &json!(5))
    );
    let csv = get(at, "/api/v1/compare?a=-2h..-1h&format=csv").await;
    assert!(
        csv.body.starts_with("hotspot_id,change,ratio,rank,"),
        "{}",
        csv.body
    );
}

#[tokio::test]
async fn versions_are_compared_within_their_service() {
    let at = World::start().await;
    let list = get(at, "/api/v1/compare?a=version:1&b=version:1.4.0&service=cart")
        .await
        .json();
    // 24 of 60 traces of 1.4.0, none of 40 of version 1.
    assert_eq!(list["counts"]["appeared"], list["total"]);
    assert_eq!(
        list["changes"][0]["b"],
        json!({"traces": 24, "of_traces": 60, "critical_path_ns": null})
    );
    assert_eq!(
        (&list["b"]["version"], &list["b"]["from"]),
        (&json!("1.4.0"), &json!(null))
    );
}

#[tokio::test]
async fn sides_that_make_no_sense_are_refused_with_what_would() {
    let at = World::start().await;
    for (query, parameter, said) in [
        ("a=-2h", "a", "FROM..UNTIL"),
        ("a=-1h..-2h", "a", "the earlier moment comes first"),
        ("a=-130m..-125m", "a", "a whole hour"),
        ("a=version:1&b=-1h..now", "b", "version:NAME"),
        ("b=version:1", "a", "version:NAME"),
        ("a=version:1&b=version:1.4.1", "b", "did you mean `1.4.0`?"),
        ("change=worse", "change", "one of those allowed"),
    ] {
        let refused = get(at, &format!("/api/v1/compare?{query}")).await;
        assert_eq!(refused.status, 400, "{query}");
        let problem = refused.json();
        assert_eq!(problem["parameter"], parameter, "{query}");
        assert!(
            problem["detail"].as_str().unwrap().contains(said),
            "{query}: {problem}"
        );
    }
    for (query, status) in [("a=1", 400), ("a=1&b=2", 404), ("a=1&b=1&c=1", 400)] {
        let path = format!("/api/v1/compare/traces?{query}");
        assert_eq!(get(at, &path).await.status, status, "{query}");
    }
}

#[tokio::test]
async fn two_traces_differ_in_what_their_spans_do() {
    let mut world = World::new();
    let (mut slower, details) = trace(2);
    let mut again = slower.spans[1].clone();
    again.path_time.0 += 5_000_000;
    slower.spans.extend([again.clone(), again]);
    slower.findings.clear();
    world.traces.insert(trace_id(2), (slower, details));
    let at = world.serve().await;
    let list = get(at, "/api/v1/compare/traces?a=1&b=2").await.json();
    let first = &list["calls"][0];
    assert_eq!(first["change"], "grew");
    let count = |side: &str| first[side]["count"].as_u64().unwrap();
    assert_eq!(count("b"), count("a") + 2);
    assert_eq!(
        (&list["findings"][0]["calls_b"], &list["truncated"]),
        (&json!(0), &json!(true))
    );
    let mut reports = ReportsClient::new(channel(at).await);
    let request = CompareTracesRequest {
        a: "1".to_owned(),
        b: "2".to_owned(),
    };
    let message = reports.compare_traces(request).await.unwrap().into_inner();
    same(at, "/api/v1/compare/traces?a=1&b=2", &message).await;
}

#[tokio::test]
async fn grpc_compares_as_http_does() {
    let at = World::start().await;
    let mut reports = ReportsClient::new(channel(at).await).max_decoding_message_size(16 << 20);
    for (query, request) in [
        ("", CompareRequest::default()),
        (
            "?a=version:1&b=version:1.4.0&service=cart&detector=serial-calls&change=appeared&change=same&limit=3",
            CompareRequest {
                a: "version:1".to_owned(),
                b: "version:1.4.0".to_owned(),
                service: vec!["cart".to_owned()],
                detector: vec!["serial-calls".to_owned()],
                change: vec![Change::Appeared.into(), Change::Same.into()],
                limit: 3,
                ..CompareRequest::default()
            },
        ),
    ] {
        let message = reports.compare(request).await.unwrap().into_inner();
        assert!(!message.changes.is_empty(), "{query}");
        same(at, &format!("/api/v1/compare{query}"), &message).await;
    }
    let refused = CompareRequest {
        change: vec![0],
        ..CompareRequest::default()
    };
    assert_eq!(
        reports.compare(refused).await.unwrap_err().code(),
        Code::InvalidArgument
    );
}
