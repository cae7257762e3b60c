//! Jaeger's clients against us, row by row of the contract (JG1 to JG9).

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::client::{get, post, send};
use crate::golden::golden;
use crate::jaeger_clients::{Envelope, Trace, check_v3};
use crate::shop::{CART, SEARCH, id, start};
use crate::world::{HOSTILE, NOW, World};

/// Decodes as a client does, which looks at the status first.
async fn read<T: DeserializeOwned>(at: std::net::SocketAddr, path: &str) -> Envelope<T> {
    let reply = get(at, path).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.body);
    serde_json::from_str(&reply.body).unwrap_or_else(|error| panic!("{path}: {error} in {}", reply.body))
}

async fn found(at: std::net::SocketAddr, query: &str) -> Vec<String> {
    let traces: Envelope<Vec<Trace>> = read(at, &format!("/jaeger/api/traces?{query}")).await;
    traces.data.iter().for_each(Trace::check);
    traces.data.into_iter().map(|trace| trace.trace_id).collect()
}

async fn found_v3(at: std::net::SocketAddr, query: &str) -> Vec<String> {
    let window = "query.startTimeMin=2025-11-24T00:00:00Z&query.startTimeMax=2025-11-25T00:00:00Z";
    let reply = get(at, &format!("/jaeger/api/v3/trace-summaries?{window}&{query}")).await;
    assert_eq!(reply.status, 200, "{query}: {}", reply.body);
    let summaries = reply.json();
    let summaries = summaries["summaries"].as_array().unwrap();
    summaries
        .iter()
        .map(|of| of["traceId"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn jg1_services_are_names_in_order() {
    let at = World::start().await;
    let services: Envelope<Vec<String>> = read(at, "/jaeger/api/services").await;
    assert_eq!(services.data[1..], ["cart", "orders"]);
    assert!(services.data.is_sorted() && services.total == 3);
    assert!(services.errors.is_none());
}

#[tokio::test]
async fn jg2_operations_are_those_a_search_finds_and_those_that_were_judged() {
    let at = start().await;
    let names: Envelope<Vec<String>> = read(at, "/jaeger/api/services/cart/operations").await;
    assert_eq!(names.data, ["GET", "GET /cart", "POST /cart"]);
    let with_kinds: Envelope<Value> = read(at, "/jaeger/api/operations?service=cart").await;
    let expected = json!([
        {"name": "GET", "spanKind": "client"},
        {"name": "GET /cart", "spanKind": "server"},
        {"name": "POST /cart", "spanKind": "server"},
    ]);
    assert_eq!(with_kinds.data, expected);
    let of_kind: Envelope<Value> = read(at, "/jaeger/api/operations?service=cart&spanKind=client").await;
    assert_eq!(of_kind.data, json!([{"name": "GET", "spanKind": "client"}]));
    let unknown: Envelope<Vec<String>> = read(at, "/jaeger/api/services/no%2Fbody/operations").await;
    assert!(unknown.data.is_empty());
    assert_eq!(get(at, "/jaeger/api/operations").await.status, 400);
}

#[tokio::test]
async fn jg3_a_search_finds_traces_by_what_one_span_of_them_is() {
    let at = start().await;
    let (cart, search) = (id(CART).to_string(), id(SEARCH).to_string());
    let both = [cart.clone(), search.clone()];
    assert_eq!(found(at, "").await, both, "newest first");
    let micros = NOW / 1_000;
    let tags = |tags: Value| {
        format!(
            "tags={}",
            tags.to_string().replace('"', "%22").replace(' ', "%20")
        )
    };
    for (query, expected) in [
        ("service=orders".to_owned(), &both[..1]),
        ("service=search&operation=GET%20/search".to_owned(), &both[1..]),
        ("service=cart&operation=SELECT%20items".to_owned(), &[]),
        ("limit=1".to_owned(), &both[..1]),
        (format!("start={micros}"), &both[..1]),
        (format!("start=0&end={}", micros - 1_000_000), &both[1..]),
        // The page sends these along.
        (
            "lookback=1h&loopback=2&maxDuration&minDuration".to_owned(),
            &both[..],
        ),
        ("minDuration=1.2s".to_owned(), &both[1..]),
        (
            "service=orders&minDuration=5ms&maxDuration=10ms".to_owned(),
            &both[..1],
        ),
        (
            "service=orders&operation=SELECT%20items&minDuration=6ms".to_owned(),
            &[],
        ),
        ("spanKind=producer".to_owned(), &both[..1]),
        (tags(json!({"error": "true"})), &both[..1]),
        (
            tags(json!({"span.kind": "server", "http.route": "/orders"})),
            &both[..1],
        ),
        (tags(json!({"error": "true", "http.route": "/orders"})), &[]),
        (tags(json!({"exception.type": "Timeout"})), &both[..1]),
        (tags(json!({"http.response.status_code": 500})), &both[..1]),
        (tags(json!({"hotspan.detector": "redundant-query"})), &both[..1]),
        (tags(json!({"hotspan.detector": "slow-query"})), &[]),
        ("tag=db.system.name:postgresql".to_owned(), &both[..1]),
        ("tag=service.version:1.4.0".to_owned(), &both[..1]),
    ] {
        assert_eq!(found(at, &query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn jg3_traces_are_found_by_ids_and_those_that_are_gone_are_named() {
    let at = start().await;
    let path = format!("/jaeger/api/traces?traceID={CART:x}&traceID=5e&traceID=77");
    let traces: Envelope<Vec<Trace>> = read(at, &path).await;
    assert_eq!(traces.data.len(), 2);
    let errors = traces.errors.unwrap();
    assert_eq!((errors.len(), errors[0].code), (1, 404));
    assert_eq!(
        errors[0].trace_id.as_deref(),
        Some(format!("{:032x}", 0x77).as_str())
    );
    assert_eq!(get(at, "/jaeger/api/traces?traceID=77").await.status, 404);
    let many = "traceID=1&".repeat(101);
    assert_eq!(get(at, &format!("/jaeger/api/traces?{many}")).await.status, 400);
}

#[tokio::test]
async fn jg4_one_trace_is_written_as_the_contract_says() {
    let at = start().await;
    let reply = get(at, &format!("/jaeger/api/traces/{CART:x}")).await;
    golden("jaeger_v1_trace", &reply.json());
    let order = ["\"traceID\"", "\"spans\"", "\"processes\"", "\"warnings\""];
    let places = order.map(|key| reply.body.rfind(key).unwrap());
    assert!(places[0] < places[2], "{places:?}");
    let decoded: Envelope<Vec<Trace>> = serde_json::from_str(&reply.body).unwrap();
    decoded.data[0].check();
}

#[tokio::test]
async fn jg4_an_id_reads_in_every_form_and_a_window_of_any_unit_loses_nothing() {
    let at = start().await;
    let hex = id(CART).to_string();
    let (seconds, millis, micros) = (NOW / 1_000_000_000, NOW / 1_000_000, NOW / 1_000);
    for path in [
        hex.clone(),
        hex.to_uppercase(),
        hex.trim_start_matches('0').to_owned(),
        "AKvN7wEjRWeJq83vASNF%2Bw==".to_owned(),
        "AKvN7wEjRWeJq83vASNF-w".to_owned(),
        format!("{hex}?start={millis}&end={}", millis + 1),
        format!("{hex}?start={micros}&end={}", micros + 1),
        format!("{hex}?start={seconds}"),
    ] {
        let trace: Envelope<Vec<Trace>> = read(at, &format!("/jaeger/api/traces/{path}")).await;
        assert_eq!(trace.data[0].trace_id, hex, "{path}");
    }
    assert_eq!(get(at, "/jaeger/api/traces/abc").await.status, 404);
    for garbage in ["zz", "%00", &"1".repeat(33), "0", &format!("{hex}?start=soon")] {
        let reply = get(at, &format!("/jaeger/api/traces/{garbage}")).await;
        assert_eq!(reply.status, 400, "{garbage}");
        assert_eq!(reply.json()["errors"][0]["code"], 400, "{garbage}");
    }
}

#[tokio::test]
async fn jg5_dependencies_are_the_edges_with_their_calls() {
    let at = World::start().await;
    let all: Envelope<Value> = read(
        at,
        "/jaeger/api/dependencies?endTs=1764000000000&lookback=604800000",
    )
    .await;
    let expected = json!([
        {"parent": "cart", "child": "orders", "callCount": 23},
        {"parent": "orders", "child": "db.internal", "callCount": 23},
    ]);
    assert_eq!(all.data, expected);
    let of_one: Envelope<Vec<Value>> = read(at, "/jaeger/api/dependencies?service=cart").await;
    assert_eq!(of_one.data.len(), 1);
    for bad in ["endTs=soon", "lookback=1h"] {
        assert_eq!(
            get(at, &format!("/jaeger/api/dependencies?{bad}")).await.status,
            400
        );
    }
    let v3 = get(at, "/jaeger/api/v3/dependencies?startTime=2025-11-24T00:00:00Z")
        .await
        .json();
    assert_eq!(v3["dependencies"][0]["callCount"], "23");
}

#[tokio::test]
async fn jg6_a_file_of_otlp_comes_back_as_traces_with_all_it_says() {
    let at = start().await;
    let otlp = include_str!("golden/otlp_request.json");
    let reply = post(at, "/jaeger/api/transform", "", otlp).await;
    golden("jaeger_v1_transformed", &reply.json());
    let decoded: Envelope<Vec<Trace>> = serde_json::from_str(&reply.body).unwrap();
    decoded.data.iter().for_each(Trace::check);
    for body in [
        "",
        "{}",
        "[]",
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{}]}]}]}",
        &"[".repeat(9_000),
    ] {
        let reply = post(at, "/jaeger/api/transform", "", body).await;
        assert_eq!(
            (reply.status, &reply.json()["data"]),
            (400, &Value::Null),
            "{body}"
        );
    }
    let large = " ".repeat((4 << 20) + 1);
    assert_eq!(post(at, "/jaeger/api/transform", "", &large).await.status, 413);
}

#[tokio::test]
async fn jg6_what_is_not_done_here_says_so() {
    let at = start().await;
    for (method, path) in [
        ("POST", "archive/1"),
        ("GET", "metrics/latencies?service=cart&quantile=0.95"),
    ] {
        let reply = send(at, method, &format!("/jaeger/api/{path}"), "").await;
        let code = &reply.json()["errors"][0]["code"];
        assert_eq!((reply.status, code), (501, &json!(501)), "{path}");
    }
}

#[tokio::test]
async fn jg7_v3_names_services_and_operations() {
    let at = start().await;
    let services = get(at, "/jaeger/api/v3/services").await.json();
    assert_eq!(services["services"].as_array().unwrap().len(), 3);
    for query in [
        "service=orders&spanKind=client",
        "service=orders&span_kind=CLIENT",
    ] {
        let operations = get(at, &format!("/jaeger/api/v3/operations?{query}"))
            .await
            .json();
        let expected = json!({"operations": [{"name": "SELECT items", "spanKind": "client"}]});
        assert_eq!(operations, expected, "{query}");
    }
}

#[tokio::test]
async fn jg8_a_trace_of_v3_is_otlp() {
    let at = start().await;
    let reply = get(at, &format!("/jaeger/api/v3/traces/{CART:x}?rawTraces=false")).await;
    golden("jaeger_v3_trace", &reply.json());
    check_v3(&reply.json()["result"]);
    let window = "query.start_time_min=2025-11-24T00:00:00Z&query.start_time_max=2025-11-25T00:00:00Z";
    let both = get(at, &format!("/jaeger/api/v3/traces?{window}")).await.json();
    check_v3(&both["result"]);
    assert_eq!(both["result"]["resourceSpans"].as_array().unwrap().len(), 4);
    for nothing in ["traces/77", &format!("traces?{window}&query.serviceName=nobody")] {
        let reply = get(at, &format!("/jaeger/api/v3/{nothing}")).await;
        assert_eq!(
            (reply.status, &reply.json()["error"]["httpCode"]),
            (404, &json!(404)),
            "{nothing}"
        );
        assert!(reply.json()["error"]["message"].is_string());
    }
}

#[tokio::test]
async fn jg9_summaries_count_spans_errors_and_orphans() {
    let at = start().await;
    let window = "query.startTimeMin=2025-11-24T00:00:00Z&query.startTimeMax=2025-11-25T00:00:00Z";
    let path = format!("/jaeger/api/v3/trace-summaries?{window}&query.searchDepth=1");
    let expected = json!({"summaries": [{
        "traceId": id(CART).to_string(),
        "rootServiceName": "cart", "rootOperationName": "GET /cart",
        "minStartTimeUnixNano": NOW.to_string(), "maxEndTimeUnixNano": (NOW + 50_000_000).to_string(),
        "spanCount": 6, "errorSpanCount": 1, "orphanSpanCount": 1,
        "services": [
            {"name": "cart", "spanCount": 2, "errorSpanCount": 0},
            {"name": "mail", "spanCount": 1, "errorSpanCount": 0},
            {"name": "orders", "spanCount": 3, "errorSpanCount": 1},
        ],
    }]});
    assert_eq!(get(at, &path).await.json(), expected);
    assert!(found_v3(at, "query.serviceName=nobody").await.is_empty());
    let by_attribute = "query.attributes=%7B%22hotspan.detector%22:%22n-plus-one-query%22%7D";
    assert_eq!(found_v3(at, by_attribute).await, [id(CART).to_string()]);
}

#[tokio::test]
async fn hostile_questions_get_an_answer_in_the_shape_of_their_generation() {
    let at = World::start().await;
    for query in [
        "limit=1000000000000",
        "limit=%F0%9F%A6%80",
        "tags=%7B%22a%22:%7B%7D%7D",
        "minDuration=NaN",
        "start=-1",
        "service=a&service=b",
    ] {
        let reply = get(at, &format!("/jaeger/api/traces?{query}")).await;
        assert_eq!(reply.status, 400, "{query}");
        let said = reply.json();
        assert!(
            said["data"].is_null() && said["errors"][0]["msg"].is_string(),
            "{said}"
        );
    }
    for query in ["", "query.startTimeMin=now", "query.searchDepth=1e3"] {
        let reply = get(at, &format!("/jaeger/api/v3/traces?{query}")).await;
        assert_eq!(
            (reply.status, &reply.json()["error"]["httpCode"]),
            (400, &json!(400)),
            "{query}"
        );
    }
    for (path, place) in [
        ("/jaeger/api/nothing", "errors"),
        ("/jaeger/api/v3/nothing", "error"),
    ] {
        let reply = get(at, path).await;
        assert_eq!(reply.status, 404);
        assert!(!reply.json()[place].is_null(), "{path}");
    }
    assert_eq!(send(at, "DELETE", "/jaeger/api/traces", "").await.status, 405);
    let trace = get(at, "/jaeger/api/traces/1").await;
    assert_eq!(trace.status, 200);
    for raw in ["\u{0}", "\u{202e}", "\u{1b}"] {
        assert!(HOSTILE.contains(raw) && !trace.body.contains(raw), "{raw:?}");
    }
}
