//! Tempo's clients against us, row by row of the contract (TE1 to TE6).

use std::net::SocketAddr;

use hotspan_proto::tempopb::{Trace, TraceByIdResponse};
use opentelemetry_proto::tonic::trace::v1::TracesData;
use prost::Message as _;
use serde_json::{Value, json};

use crate::agent::HEADERS;
use crate::client::{get, get_bytes, post, send};
use crate::golden::golden;
use crate::shop::{CART, SEARCH, id, start};
use crate::tempo_clients::{Hit, Search, Stats};
use crate::world::{NOW, World};

const PROTOBUF: &str = "accept: application/protobuf\r\n";

fn encoded(query: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    let encode = |b: u8| match plain(b) {
        true => char::from(b).to_string(),
        false => format!("%{b:02X}"),
    };
    query.bytes().map(encode).collect()
}

async fn search(at: SocketAddr, query: &str, more: &str) -> Vec<Hit> {
    let reply = get(at, &format!("/tempo/api/search?q={}{more}", encoded(query))).await;
    assert_eq!(reply.status, 200, "{query}: {}", reply.body);
    let read: Search =
        serde_json::from_str(&reply.body).unwrap_or_else(|error| panic!("{error} in {}", reply.body));
    assert!(read.metrics.inspected_traces as usize >= read.traces.len());
    read.traces
}

async fn found(at: SocketAddr, query: &str, more: &str) -> Vec<String> {
    let hits = search(at, query, more).await;
    hits.into_iter().map(|hit| hit.trace_id).collect()
}

#[tokio::test]
async fn te1_an_echo_is_how_clients_test_a_source() {
    let reply = get(World::start().await, "/tempo/api/echo").await;
    assert_eq!((reply.status, reply.body.as_str()), (200, "echo"));
}

#[tokio::test]
async fn te2_a_trace_is_wrapped_and_says_whether_it_is_whole() {
    let at = start().await;
    let window = format!("start={}&end={}", NOW / 1_000_000_000, NOW / 1_000_000_000 + 1);
    let path = format!("/tempo/api/v2/traces/{CART:x}?{window}");
    golden("tempo_trace", &get(at, &path).await.json());
    let (status, head, body) = get_bytes(at, &path, PROTOBUF).await;
    assert!(
        status == 200 && head.contains("content-type: application/protobuf"),
        "{head}"
    );
    let read = TraceByIdResponse::decode(body.as_slice()).unwrap();
    assert_eq!((read.status, read.message.as_str()), (0, ""));
    assert_eq!(read.trace.unwrap().resource_spans.len(), 3);
    // A trace of which spans are folded or cut.
    let partial = World::start().await;
    let (_, _, body) = get_bytes(partial, "/tempo/api/v2/traces/1", PROTOBUF).await;
    let read = TraceByIdResponse::decode(body.as_slice()).unwrap();
    assert_eq!(read.status, 1);
    assert!(read.message.contains("3 spans are not shown"), "{}", read.message);
    let json = get(partial, "/tempo/api/v2/traces/1").await.json();
    assert_eq!(json["status"], "PARTIAL");
}

#[tokio::test]
async fn te2_the_field_of_the_trace_is_there_even_when_it_holds_no_span() {
    let empty = TraceByIdResponse {
        trace: Some(Trace::default()),
        ..TraceByIdResponse::default()
    };
    assert_eq!(empty.encode_to_vec(), [0x0a, 0], "field 1, of no bytes");
    let at = World::start().await;
    let (_, _, body) = get_bytes(at, "/tempo/api/v2/traces/1", PROTOBUF).await;
    assert_eq!(body[0], 0x0a, "field 1 comes first");
}

#[tokio::test]
async fn te3_the_bare_trace_is_otlp_to_any_other_decoder() {
    let at = start().await;
    let path = format!("/tempo/api/traces/{CART:x}");
    let wrapped = get(at, &format!("/tempo/api/v2/traces/{CART:x}")).await.json();
    let bare = get(at, &path).await.json();
    assert_eq!(bare, json!({"batches": wrapped["trace"]["resourceSpans"]}));
    let (_, _, body) = get_bytes(at, &path, PROTOBUF).await;
    let read = TracesData::decode(body.as_slice()).unwrap();
    let of_orders = &read.resource_spans[1];
    assert_eq!(of_orders.resource.as_ref().unwrap().attributes.len(), 3);
    let of_scope = &of_orders.scope_spans[1];
    assert_eq!(of_scope.scope.as_ref().unwrap().name, "sqlx");
    let span = &of_scope.spans[1];
    assert_eq!(span.links[0].trace_id, SEARCH.to_be_bytes());
    assert_eq!((span.name.as_str(), span.kind), ("SELECT items", 3));
    assert_eq!(span.trace_id, CART.to_be_bytes());
    assert_eq!((span.span_id[7], span.parent_span_id[7]), (5, 3));
    assert_eq!(span.status.as_ref().unwrap().code, 2);
    assert_eq!(span.end_time_unix_nano - span.start_time_unix_nano, 5_000_000);
    assert_eq!((span.attributes.len(), span.events.len()), (3, 1));
}

#[tokio::test]
async fn te2_te3_a_trace_that_nobody_holds_is_404_and_an_id_that_is_none_is_400() {
    let at = start().await;
    for version in ["", "v2/"] {
        for (id, status) in [
            ("77", 404),
            ("zz", 400),
            ("0", 400),
            ("1%00", 400),
            ("5e?start=soon", 400),
        ] {
            let reply = get(at, &format!("/tempo/api/{version}traces/{id}")).await;
            assert_eq!(reply.status, status, "{id}");
            assert!(reply.header("content-type").starts_with("text/plain"), "{id}");
        }
        assert_eq!(
            get(at, &format!("/tempo/api/{version}traces/5e")).await.status,
            200,
            "padded"
        );
    }
}

#[tokio::test]
async fn te4_a_hit_is_what_the_plugin_decodes() {
    let at = start().await;
    let query = "{ resource.service.name = \"orders\" && .http.response.status_code >= 200 }";
    let hits = search(at, query, "&spss=1").await;
    assert_eq!(hits.len(), 1);
    let hit = &hits[0];
    assert_eq!(hit.trace_id, id(CART).to_string());
    assert_eq!(
        (hit.root_service_name.as_str(), hit.root_trace_name.as_str()),
        ("cart", "GET /cart")
    );
    assert_eq!(
        (hit.start_time_unix_nano.as_str(), hit.duration_ms),
        ("1764000000000000000", 50)
    );
    let stats = |span_count, error_count| Stats {
        span_count,
        error_count,
    };
    assert_eq!(hit.service_stats["orders"], stats(3, 1));
    let set = &hit.span_sets[0];
    assert_eq!((hit.span_sets.len(), set.matched, set.spans.len()), (1, 2, 1));
    let span = &set.spans[0];
    assert_eq!(
        (span.span_id.as_str(), span.name.as_str()),
        ("0000000000000003", "GET /orders")
    );
    assert_eq!(
        (span.start_time_unix_nano.as_str(), span.duration_nanos.as_str()),
        ("1764000000002000000", "38000000")
    );
    let attributes = span.attributes.iter();
    let attributes: Vec<_> = attributes
        .map(|of| (of.key.as_str(), of.value.string_value.as_str()))
        .collect();
    assert_eq!(
        attributes,
        [("service.name", "orders"), ("http.response.status_code", "200")]
    );
}

#[tokio::test]
async fn te4_questions_find_what_they_ask_for() {
    let at = start().await;
    let both = [id(CART).to_string(), id(SEARCH).to_string()];
    for (query, expected) in [
        ("", &both[..]),
        ("{}", &both[..]),
        ("{ resource.service.name = \"orders\" }", &both[..1]),
        ("{ .service.name =~ \"search|nobody\" }", &both[1..]),
        ("{ .service.name =~ \"sear\" }", &[]),
        ("{ name !~ \"GET.*|SELECT items\" }", &both[..1]),
        ("{ name = \"GET /search\" || name = \"send\" }", &both[..]),
        ("{ status = error }", &both[..1]),
        ("{ status != unset }", &both[..1]),
        ("{ kind = producer }", &both[..1]),
        ("{ duration > 1.5s }", &both[1..]),
        ("{ duration > 39ms && duration < 45ms }", &both[..1]),
        ("{ traceDuration <= 50ms }", &both[..1]),
        ("{ rootName = \"GET /search\" }", &both[1..]),
        (
            "{ trace:rootService = \"cart\" && span:name = \"send\" }",
            &both[..1],
        ),
        (
            "{ span.http.response.status_code = 500 && span.db.system.name != \"redis\" }",
            &both[..1],
        ),
        ("{ span.http.response.status_code = \"500\" }", &both[..1]),
        ("{ span.http.response.status_code > 500 }", &[]),
        ("{ span.no.such.key != \"x\" }", &[]),
        ("{ span.\"http.route\" = `/orders` }", &both[..1]),
        ("{ resource.http.route = \"/orders\" }", &[]),
        ("{ resource.service.version = \"1.4.0\" }", &both[..1]),
        ("{ span.service.version = \"1.4.0\" }", &[]),
        (
            "{ (status = error || name = \"GET /search\") && kind = client }",
            &both[..1],
        ),
        ("{ span.hotspan.detector = \"n-plus-one-query\" }", &both[..1]),
        ("{ span.hotspan.detector =~ \"redundant.*\" }", &both[..1]),
        (
            "{ span.hotspan.hotspot_id = \"000000000000000000000000000000bb\" }",
            &both[..1],
        ),
        ("{ span.hotspan.detector != \"redundant-query\" }", &[]),
        ("{ name = \"SELECT items\" } | count() > 1", &both[..1]),
        ("{ name = \"SELECT items\" } | count() > 2", &[]),
        ("{} | count() < 2", &both[1..]),
    ] {
        assert_eq!(found(at, query, "").await, expected, "{query}");
    }
    let seconds = NOW / 1_000_000_000;
    assert_eq!(found(at, "{}", "&limit=1").await, both[..1], "newest first");
    assert_eq!(
        found(at, "{}", &format!("&start={seconds}&end={}", seconds + 1)).await,
        both[..1]
    );
    assert_eq!(
        found(at, "{}", &format!("&start=1&end={}", seconds - 60)).await,
        both[1..]
    );
}

#[tokio::test]
async fn te4_what_is_not_understood_is_named() {
    let at = start().await;
    for (query, said) in [
        ("{} >> {}", "`>>` at character 4 is not supported"),
        ("{} | rate()", "`rate` at character 6 is not supported"),
        ("{ .a = \"\u{202e}\u{0}b }", "closing quote"),
        (&"(".repeat(4_000), "`(` at character 1"),
        (&format!("{{ {}", "(".repeat(4_000)), "32 deep"),
    ] {
        let reply = get(at, &format!("/tempo/api/search?q={}", encoded(query))).await;
        assert_eq!(reply.status, 400, "{query}");
        assert!(reply.body.contains(said), "{query}: {}", reply.body);
        assert!(!reply.body.contains(['\u{0}', '\u{202e}']));
    }
    for more in [
        "limit=0",
        "limit=1e9",
        "spss=-1",
        "start=soon",
        "tags=service.name%3Da",
    ] {
        let reply = get(at, &format!("/tempo/api/search?{more}")).await;
        let name = more.split('=').next().unwrap();
        assert!(
            reply.status == 400 && reply.body.contains(name),
            "{more}: {}",
            reply.body
        );
    }
}

#[tokio::test]
async fn te5_fields_and_their_values_are_those_of_held_traces() {
    let at = start().await;
    let tags = get(at, "/tempo/api/v2/search/tags").await.json();
    let expected = json!({"scopes": [
        {"name": "resource", "tags": ["service.name", "service.version", "shop.tenant"]},
        {"name": "span", "tags": [
            "db.query.text", "db.system.name", "hotspan.detector", "hotspan.hotspot_id",
            "http.response.status_code", "http.route",
        ]},
        {"name": "intrinsic", "tags": [
            "name", "status", "kind", "duration", "rootName", "rootServiceName", "traceDuration",
        ]},
    ]});
    let in_order = |mut tags: Value| {
        let intrinsics = tags["scopes"][2]["tags"].as_array_mut().unwrap();
        intrinsics.sort_by_key(Value::to_string);
        tags
    };
    assert_eq!(in_order(tags), in_order(expected));
    let one = get(at, "/tempo/api/v2/search/tags?scope=resource").await.json();
    assert_eq!(one["scopes"].as_array().unwrap().len(), 1);
    for (tag, kind, values) in [
        (
            "resource.service.name",
            "string",
            vec!["cart", "mail", "orders", "search"],
        ),
        (".http.route", "string", vec!["/orders"]),
        (
            "span.hotspan.detector",
            "string",
            vec!["n-plus-one-query", "redundant-query"],
        ),
        ("status", "keyword", vec!["error", "unset"]),
        ("kind", "keyword", vec!["client", "producer", "server"]),
        ("rootServiceName", "string", vec!["cart", "search"]),
        ("duration", "string", vec![]),
        ("span.nothing", "string", vec![]),
    ] {
        let reply = get(at, &format!("/tempo/api/v2/search/tag/{tag}/values?q={{}}")).await;
        let values: Vec<Value> = values
            .iter()
            .map(|value| json!({"type": kind, "value": value}))
            .collect();
        assert_eq!(reply.json(), json!({"tagValues": values}), "{tag}");
    }
    assert_eq!(
        get(at, "/tempo/api/v2/search/tag/nonsense/values").await.status,
        400
    );
    assert_eq!(get(at, "/tempo/api/v2/search/tags?scope=boss").await.status, 400);
}

#[tokio::test]
async fn te6_metrics_are_elsewhere() {
    let at = World::start().await;
    for path in ["query_range?q={}", "query"] {
        let reply = get(at, &format!("/tempo/api/metrics/{path}")).await;
        assert!(
            reply.status == 501 && reply.body.contains("/metrics"),
            "{}",
            reply.body
        );
    }
    assert_eq!(get(at, "/tempo/api/nothing").await.status, 404);
    assert_eq!(send(at, "PUT", "/tempo/api/search", "").await.status, 405);
}

#[tokio::test]
async fn te7_agents_are_answered_where_grafana_looks_for_them() {
    let at = World::start().await;
    // Grafana asks this to learn whether a source has an endpoint for agents.
    assert_eq!(send(at, "DELETE", "/tempo/api/mcp", "").await.status, 200);
    for (method, params, part) in [
        (
            "initialize",
            json!({
                "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"},
            }),
            "serverInfo",
        ),
        ("tools/list", json!({}), "tools"),
    ] {
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let [here, there] = [
            post(at, "/tempo/api/mcp", HEADERS, &message).await.json(),
            post(at, "/mcp", HEADERS, &message).await.json(),
        ];
        assert!(!here["result"][part].is_null(), "{here}");
        assert_eq!(here, there);
    }
    assert_eq!(get(at, "/tempo/api/echo").await.body, "echo");
}
