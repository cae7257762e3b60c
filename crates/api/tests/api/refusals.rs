//! What is asked wrongly is refused in words, and breaks nothing.

use serde_json::json;

use crate::client::{get, send};
use crate::sample::{hotspot, trace_id};
use crate::schema::broken;
use crate::world::World;

#[tokio::test]
async fn a_cursor_of_another_order_is_refused() {
    let at = World::start().await;
    let page = get(at, "/api/v1/hotspots?limit=1&sort=impact").await.json();
    let cursor = page["next_cursor"].as_str().unwrap();
    let refused = get(at, &format!("/api/v1/hotspots?cursor={cursor}")).await;
    assert_eq!(
        (refused.status, &refused.json()["parameter"]),
        (400, &json!("cursor"))
    );
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_in_words() {
    let at = World::start().await;
    for (path, parameter, value, nearest) in [
        ("hotspots?servcie=a", "servcie", "a", Some("service")),
        (
            "hotspots?detector=n-plus-one-querry",
            "detector",
            "n-plus-one-querry",
            Some("n-plus-one-query"),
        ),
        (
            "hotspots?state=wrosening",
            "state",
            "wrosening",
            Some("worsening"),
        ),
        ("hotspots?break=databases", "break", "databases", Some("database")),
        ("hotspots?sort=rank", "sort", "rank", None),
        ("hotspots?format=xml", "format", "xml", None),
        ("hotspots?limit=0", "limit", "0", None),
        ("hotspots?limit=1&limit=2", "limit", "2", None),
        ("hotspots?min_confidence=2", "min_confidence", "2", None),
        ("hotspots?since=yesterday", "since", "yesterday", None),
        ("hotspots?cursor=xyz", "cursor", "xyz", None),
        ("hotspots?flat=maybe", "flat", "maybe", None),
        ("services?since=now", "since", "now", None),
        ("operations?limits=5", "limits", "5", Some("limit")),
        ("traces?detector=nobody", "detector", "nobody", None),
        ("status?x=%00%1b%5b", "x", "[", None),
        ("traces/1?x=y", "x", "y", None),
    ] {
        let reply = get(at, &format!("/api/v1/{path}")).await;
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (400, "application/problem+json"),
            "{path}"
        );
        let problem = reply.json();
        assert_eq!(problem["status"], 400);
        assert_eq!(problem["parameter"], parameter, "{path}");
        assert_eq!(problem["value"], value, "{path}");
        assert_eq!(problem["nearest"].as_str(), nearest, "{path}");
        assert!(!problem["detail"].as_str().unwrap().is_empty());
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let at = World::start().await;
    for path in [
        "/nothing",
        "/api/v1/",
        "/api/v1/hotspots/",
        "/api/v1/hotspots/xyz",
        "/api/v1/hotspots/%ff",
        "/api/v1/hotspots/ffffffffffffffffffffffffffffffff",
        "/api/v1/traces/ffff",
        "/api/v1/traces/0",
        "/api/v1/traces/%00",
    ] {
        let reply = get(at, path).await;
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (404, "application/problem+json"),
            "{path}"
        );
    }
    let post = send(at, "POST", "/api/v1/hotspots", "content-length: 0\r\n").await;
    assert_eq!((post.status, post.header("allow")), (405, "GET,HEAD"));
    assert_eq!(post.json()["status"], 405);
}

/// What a tester of the description would try: no question breaks the server, no answer breaks the description.
#[tokio::test]
async fn no_question_breaks_the_server_or_the_promise() {
    let at = World::start().await;
    let document = get(at, "/api/v1/openapi.json").await.json();
    let values = [
        "",
        "0",
        "1",
        "-1",
        "a",
        "%00",
        "%ff%fe",
        "%",
        "NaN",
        "1e309",
        "true",
        "null",
        "%F0%9F%A6%80",
        "99999999999",
    ];
    let queries = [
        "",
        "&&&",
        "=",
        "=1",
        "%",
        "a[]=1",
        "limit",
        "flat=true",
        "min_confidence=0&limit=1000",
    ];
    let paths = document["paths"].as_object().unwrap().iter();
    for (path, item) in paths.filter(|(_, item)| item["get"].is_object()) {
        let names = item["get"]["parameters"].as_array().cloned().unwrap_or_default();
        let names: Vec<&str> = names.iter().map(|of| of["name"].as_str().unwrap()).collect();
        let asked = names
            .iter()
            .flat_map(|name| values.map(|value| format!("{name}={value}")));
        let asked: Vec<String> = asked.chain(queries.map(str::to_owned)).collect();
        for id in [hotspot(1).id.to_string(), trace_id(1).to_string()] {
            let path_of = path.replace("{id}", &id).replace("{trace_id}", &id);
            for query in asked
                .iter()
                .take(if path.contains('{') { 3 } else { asked.len() })
            {
                let reply = get(at, &format!("{path_of}?{query}")).await;
                let promised = &item["get"]["responses"][reply.status.to_string()];
                assert!(
                    promised.is_object(),
                    "{path_of}?{query}: {} is not promised",
                    reply.status
                );
                let kind = reply.header("content-type").split(';').next().unwrap().to_owned();
                let schema = &promised["content"][&kind]["schema"];
                assert!(schema.is_object(), "{path_of}?{query}: {kind} is not promised");
                if kind.ends_with("json") && kind != "application/x-ndjson" {
                    assert_eq!(
                        broken(&document, schema, &reply.json()),
                        [""; 0],
                        "{path_of}?{query}"
                    );
                }
            }
        }
    }
}
