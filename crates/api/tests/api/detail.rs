//! One hotspot, one trace: with all that proves them.

use hotspan_proto::v1::hotspots_client::HotspotsClient;
use hotspan_proto::v1::{GetHotspotRequest, Waterfalls};
use serde_json::{Value, json};

use crate::client::get;
use crate::sample::{hotspot, trace_id};
use crate::world::World;

#[tokio::test]
async fn a_hotspot_alone_brings_its_waterfall_with_marks() {
    let at = World::start().await;
    let id = hotspot(1).id;
    let detail = get(at, &format!("/api/v1/hotspots/{id}")).await.json();
    assert_eq!(detail["id"], id.to_string());
    // Trace 2 is evidence too, and nobody holds it any more.
    let waterfalls = detail["waterfalls"].as_array().unwrap();
    assert_eq!(waterfalls.len(), 1);
    assert_eq!(waterfalls[0]["role"], "worst");
    let spans = waterfalls[0]["trace"]["spans"].as_array().unwrap();
    let marks: Vec<&Value> = spans.iter().map(|span| &span["mark"]).collect();
    assert_eq!(
        marks,
        [&json!("anchor"), &json!("member"), &json!("member"), &Value::Null]
    );
    let below_confidence = get(at, &format!("/api/v1/hotspots/{}", hotspot(120).id)).await;
    assert_eq!(below_confidence.status, 200);
}

#[tokio::test]
async fn a_hotspot_alone_shows_its_exemplars_before_and_after_the_fix() {
    let at = World::start().await;
    let detail = get(at, &format!("/api/v1/hotspots/{}", hotspot(1).id))
        .await
        .json();
    let shown = detail["before_after"].as_array().unwrap();
    assert_eq!((shown.len(), &shown[0]["role"]), (2, &json!("worst")));
    assert_eq!(shown[0]["why_not"], Value::Null);
    let replay = &shown[0]["replay"];
    assert_eq!(replay["before_ns"], 1_000);
    assert_eq!(
        replay["after_ns"],
        json!({"best": 595, "likely": 620, "worst": 700})
    );
    assert_eq!(
        (&replay["omitted_spans"], &replay["root_span_id"]),
        (&json!(3), &json!(format!("{:016x}", 1)))
    );
    let span = &replay["spans"][1];
    assert_eq!((&span["span_id"], &span["touched"]), (&Value::Null, &json!(true)));
    assert_eq!(span["end_ns"], json!({"before": 600, "after": 219}));
    assert_eq!(span["critical_path_ns"], json!({"before": 600, "after": 219}));
    assert!(!span["service"].as_str().unwrap().contains('\u{202e}'));
    // Nobody holds the newest one any more.
    assert_eq!(
        shown[1],
        json!({"role": "newest", "trace_id": trace_id(2).to_string(), "replay": null,
               "why_not": "the trace is no longer held"})
    );
    // Held, but no finding of the hotspot is in it.
    let other = get(at, &format!("/api/v1/hotspots/{}", hotspot(2).id))
        .await
        .json();
    assert_eq!(
        other["before_after"][0]["why_not"],
        "the fault shows in many traces together, or no longer in this one"
    );
    assert_eq!(other["operation_p50_ns"], json!({"before": 1_000, "after": 620}));
    assert_eq!(detail["operation_p95_ns"], json!({"before": null, "after": null}));
}

#[tokio::test]
async fn a_hotspot_that_is_asked_for_again_and_again_comes_without_its_traces() {
    let at = World::start().await;
    let path = format!("/api/v1/hotspots/{}", hotspot(1).id);
    let mut whole = get(at, &path).await.json();
    assert_eq!(get(at, &format!("{path}?waterfalls=all")).await.json(), whole);
    for traces in ["waterfalls", "before_after"] {
        assert_ne!(whole[traces], json!([]));
        whole[traces] = json!([]);
    }
    assert_eq!(get(at, &format!("{path}?waterfalls=none")).await.json(), whole);
    let id = hotspot(1).id.to_string();
    let none = Waterfalls::None.into();
    let request = GetHotspotRequest {
        id: id.clone(),
        waterfalls: none,
    };
    let mut grpc = HotspotsClient::connect(format!("http://{at}")).await.unwrap();
    let lean = grpc.get(request).await.unwrap().into_inner();
    assert!(lean.id == id && lean.waterfalls.is_empty() && lean.before_after.is_empty());
    let refused = get(at, &format!("{path}?waterfalls=nono")).await;
    assert_eq!(
        (refused.status, &refused.json()["nearest"]),
        (400, &json!("none"))
    );
}

#[tokio::test]
async fn a_trace_is_written_whole() {
    let at = World::start().await;
    let trace = get(at, "/api/v1/traces/1").await.json();
    assert_eq!(trace["trace_id"], trace_id(1).to_string());
    assert_eq!(
        (&trace["span_count"], &trace["omitted_spans"]),
        (&json!(6), &json!(2))
    );
    assert_eq!(trace["reason"], "root_quiet");
    assert_eq!(trace["critical_path"][0]["cause"], "self");
    assert_eq!(trace["critical_path"][1]["span_id"], Value::Null);
    assert_eq!(trace["findings"][0]["confidence"], json!(0.5123));
    assert_eq!(
        trace["defects"][1],
        json!({"kind": "multi_root", "span_id": null})
    );
    let span = &trace["spans"][1];
    assert_eq!(span["parent_span_id"], format!("{:016x}", 1));
    assert_eq!(span["name"], "query");
    assert_eq!(span["attributes"]["db.system"], "postgresql");
    assert_eq!(span["events"][0]["attributes"]["exception.message"], "(redacted)");
    assert_eq!(trace["spans"][2]["attributes"], json!({}));
}

#[tokio::test]
async fn hotspots_and_traces_have_the_links_that_the_operator_wants() {
    let at = World::start().await;
    let path = format!("/api/v1/hotspots/{}", hotspot(1).id);
    let detail = get(at, &path).await.json();
    let of = &hotspot(1);
    let until = of.last_seen.0.div_ceil(1_000_000);
    let from = (until - 3_600_000).max(of.first_seen.0 / 1_000_000);
    let trace = format!("https://grafana.test/t/{}?from={from}&to={until}", trace_id(1));
    assert_eq!(detail["links"][0], json!({"name": "trace", "url": trace}));
    let logs = format!("https://logs.test/?q={}%20", of.service);
    assert!(detail["links"][1]["url"].as_str().unwrap().starts_with(&logs));
    let list = get(at, "/api/v1/hotspots?limit=1000").await.json();
    let rows = list["hotspots"].as_array().unwrap();
    let row = rows.iter().find(|row| row["id"] == detail["id"]).unwrap();
    assert_eq!(row["links"], detail["links"]);

    let trace = get(at, "/api/v1/traces/1").await.json();
    assert_eq!(detail["waterfalls"][0]["trace"]["links"], trace["links"]);
    // The root is hostile: it is a value, and nothing else.
    let logs = trace["links"][1]["url"].as_str().unwrap();
    assert!(
        logs.is_ascii() && !logs.contains(['<', '"', ' ', '&', '\'']),
        "{logs}"
    );
}
