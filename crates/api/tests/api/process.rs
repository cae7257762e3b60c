//! What the process, its detectors and its services say of themselves.

use hotspan_api::Compat;
use hotspan_proto::jaeger::api_v3::GetServicesRequest;
use hotspan_proto::jaeger::api_v3::query_service_client::QueryServiceClient;
use serde_json::json;
use tonic::Code;

use crate::client::get;
use crate::grpc::channel;
use crate::world::World;

#[tokio::test]
async fn health_says_which_check_is_not_well() {
    let at = World::start().await;
    assert_eq!(get(at, "/livez").await.body, "ok\n");
    let ready = get(at, "/readyz").await;
    assert_eq!((ready.status, &ready.json()["ready"]), (200, &json!(true)));
    let ill = World {
        ready: false,
        ..World::new()
    };
    let ready = get(ill.serve().await, "/readyz").await;
    assert_eq!(ready.status, 503);
    assert_eq!(
        ready.json()["checks"][1],
        json!({"name": "shards", "ok": false, "detail": "4 of 4 running"})
    );
}

#[tokio::test]
async fn status_tells_what_the_process_did() {
    let at = World::start().await;
    let status = get(at, "/api/v1/status").await.json();
    assert_eq!(
        (&status["snapshot"], &status["tenant"]),
        (&json!(42), &json!("acme"))
    );
    assert_eq!(status["uptime_s"], 3_600);
    assert_eq!(status["traces_decided"]["complete"], 36);
    assert_eq!(
        status["requests"][0]["refused"][0],
        json!({"reason": "over_limit", "requests": 51, "bytes": 52})
    );
    assert_eq!(status["symbols"]["callee"], 62);
    assert_eq!(status["listeners"][0]["address"], "127.0.0.1:4319");
    assert_eq!(status["senders_beyond"], 99);
    assert!(get(at, "/").await.body.contains("/api/v1/hotspots"));
}

#[tokio::test]
async fn the_detectors_say_how_they_are_set() {
    let at = World::start().await;
    let list = get(at, "/api/v1/detectors").await.json();
    let one = &list["detectors"][0];
    assert_eq!(list["detectors"].as_array().unwrap().len(), 1);
    assert_eq!(
        (
            &one["detector"],
            &one["break"],
            &one["scope"],
            &one["effort_weeks"]
        ),
        (
            &"n-plus-one-query".into(),
            &"database".into(),
            &"both".into(),
            &0.2.into()
        )
    );
    let knob = &one["knobs"][0];
    assert_eq!(
        (&knob["knob"], &knob["default"], &knob["value"], &knob["most"]),
        (
            &"wait_ns".into(),
            &6.into(),
            &7.into(),
            &86_400_000_000_000_u64.into()
        )
    );
    assert_eq!(list["shared_knobs"][0]["value"], 5);
    let rule = &list["knob_rules"][1];
    assert_eq!(
        (&rule["knob"], &rule["value"], &rule["service"], &rule["kind"]),
        (&"repeat_min".into(), &8.into(), &"billing*".into(), &"job".into())
    );
    assert!(rule["operation"].is_null());
    assert_eq!(list["effort_rules"][0]["effort_weeks"], 1.5);
    assert_eq!(list["effort_rules"][1]["of"], format!("{:032x}", 1));
    let refused = get(at, "/api/v1/detectors?detector=x").await;
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn a_service_has_the_latency_of_its_requests() {
    let at = World::start().await;
    let service = &get(at, "/api/v1/services").await.json()["services"][0];
    assert_eq!(
        (&service["requests"], &service["failed_requests"]),
        (&31.into(), &32.into())
    );
    assert_eq!(
        (&service["error_share"], &service["rate_per_hour"]),
        (&0.33.into(), &34.5.into())
    );
    assert_eq!(
        service["latency_ns"],
        serde_json::json!({"p50": 8, "p95": 9, "p99": 10})
    );
}

#[tokio::test]
async fn a_service_tells_which_sdks_send_its_spans_and_how() {
    let at = World::start().await;
    let services = get(at, "/api/v1/services").await.json();
    let of = |name: &str| {
        let mut rows = services["services"].as_array().unwrap().iter();
        rows.find(|row| row["service"] == name).unwrap()["senders"].clone()
    };
    let sender = &of("cart")[0];
    assert_eq!(
        sender["sdk"],
        json!({"language": "java", "name": "opentelemetry", "version": "1.50.0"})
    );
    assert_eq!(
        sender["distro"],
        json!({"name": "opentelemetry-java-instrumentation", "version": "2.16.0"})
    );
    let way = [&sender["transport"], &sender["encoding"], &sender["compression"]];
    assert_eq!(way, ["grpc", "protobuf", "gzip"]);
    assert_eq!((&sender["local"], &sender["batches"]), (&json!(true), &json!(98)));
    assert!(!sender["environment"].as_str().unwrap().contains('\u{202e}'));
    assert_eq!(of("orders"), json!([]), "nobody was heard for it");
}

#[tokio::test]
async fn a_surface_that_is_switched_off_names_the_key_that_switches_it_on() {
    let world = World {
        compat: Compat::default(),
        ..World::new()
    };
    let at = world.serve().await;
    for (path, name) in [
        ("/jaeger/api/services", "jaeger"),
        ("/jaeger/api/v3/services", "jaeger"),
        ("/tempo/api/echo", "tempo"),
        ("/mcp", "mcp"),
        ("/tempo/api/mcp", "mcp"),
    ] {
        let refused = get(at, path).await;
        let detail = refused.json()["detail"].as_str().unwrap().to_owned();
        assert_eq!(refused.status, 404, "{path}");
        assert!(
            detail.contains(&format!("add {name} to the key compat")),
            "{path}: {detail}"
        );
    }
    let mut jaeger = QueryServiceClient::new(channel(at).await);
    let refused = jaeger
        .get_services(GetServicesRequest::default())
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::Unimplemented);
    assert!(
        refused.message().contains("add jaeger_grpc to the key compat"),
        "{refused}"
    );
    assert_eq!(get(at, "/api/v1/status").await.status, 200);
}
