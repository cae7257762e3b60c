//! The HTTP side, path by path.

use std::io::Read as _;

use flate2::read::GzDecoder;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{get, get_with, send};
use crate::sample::{hotspot, trace_id};
use crate::schema::broken;
use crate::world::{HOSTILE, World};

fn ids(list: &Value) -> Vec<String> {
    let rows = list["hotspots"].as_array().unwrap();
    rows.iter()
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .collect()
}

fn ranks(list: &Value) -> Vec<u64> {
    let rows = list["hotspots"].as_array().unwrap();
    rows.iter().map(|row| row["rank"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn answers_are_compressed_for_those_who_ask_and_kept_by_nobody_when_asked_with_credentials() {
    let at = World::start().await;
    let plain = get(at, "/api/v1/hotspots").await;
    let mut socket = TcpStream::connect(at).await.unwrap();
    let request = "GET /api/v1/hotspots HTTP/1.0\r\nhost: x\r\naccept-encoding: gzip\r\nauthorization: Bearer x\r\n\r\n";
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).await.unwrap();
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    assert!(head.contains("content-encoding: gzip"), "{head}");
    assert!(head.contains("cache-control: no-store"), "{head}");
    assert!(head.contains("vary: accept-encoding"), "{head}");
    let mut inflated = String::new();
    GzDecoder::new(&bytes[end + 4..])
        .read_to_string(&mut inflated)
        .unwrap();
    assert_eq!(inflated, plain.body);
    assert!(bytes.len() * 4 < plain.body.len());
}

#[tokio::test]
async fn a_hotspot_is_written_as_the_contract_says() {
    let at = World::start().await;
    let list = get(at, "/api/v1/hotspots?limit=1").await;
    assert_eq!(list.header("content-type"), "application/json");
    let mut expected = json!({
        "id": hotspot(1).id.to_string(),
        "detector": "n-plus-one-query", "break": "database",
        "title": "cart runs SELECT 38 times a request",
        "service": "cart", "operation": "GET /1",
        "entry": "GET /entry", "entries": [["GET /entry", 21], ["GET /entry/1", 4]],
        "anchor": {"service": "cart", "operation": "anchor op"},
        "callee": {
            "class": "db", "system": "postgresql", "peer": "db.internal",
            "template": "SELECT * FROM item WHERE id = ?",
        },
        "state": "open",
        "traces": 24, "weighted_traces": 96.0, "share": 0.8334,
        "calls_per_trace": {"min": 11, "p50": 38, "p95": 120, "max": 131},
        "critical_path_ns": {"p50": 412, "p95": 1300, "sum": 9_888_000_000_000_000_u64},
        "saving_ns": {"min": 300, "likely": 380, "max": 405},
        "saving_share": 0.71,
        "confidence": 0.93, "confidence_why": ["parameters visible", "24 traces"],
        "effort_weeks": 0.2, "impact_s_per_hour": 36.1, "impact_relative_error": 0.015,
        "impact_basis": "saving", "priority": 199.0, "rank": 1,
        "fix": {"summary": "load the items with the orders", "how": "prefetch_related(\"items\")"},
        "code": [{"file": "shop/views.py", "line": 41, "function": "list_orders"}],
        "evidence": [
            {
                "trace_id": format!("{:032x}", 1), "role": "worst", "anchor_span_id": format!("{:016x}", 1),
                "span_ids": [format!("{:016x}", 2), format!("{:016x}", 3)], "span_count": 38,
            },
            {
                "trace_id": format!("{:032x}", 2), "role": "newest", "anchor_span_id": format!("{:016x}", 1),
                "span_ids": [format!("{:016x}", 2), format!("{:016x}", 3)], "span_count": 38,
            },
        ],
        "related": ["serial-calls"], "change": null, "versions": ["1.4.0"],
        "first_seen": "2025-11-22T16:00:00.000000000Z", "last_seen": "2025-11-24T15:30:00.000000000Z",
        "trend": {"minute": [[1_764_000_000, 3, 1_140_000_000]], "hour": [[1_763_996_400, 5, 2]]},
    });
    expected["tail"] = json!(null);
    expected["calls_per_trace_bars"] =
        json!([{"from": 10, "up_to": 11, "count": 6}, {"from": 32, "up_to": 39, "count": 20}]);
    expected["version_starts"] = json!([{"version": "1.4.0", "at": "2025-11-23T10:00:00.000000000Z"}]);
    for quantile in ["operation_p50_ns", "operation_p95_ns"] {
        expected[quantile] = json!({"before": null, "after": null});
    }
    expected["note"] = json!({
        "decision": "acknowledged", "reason": "rewritten in June", "by": "ann", "over": "doubled",
        "at": "2025-11-24T15:00:00.000000000Z", "until": "2025-11-24T17:00:00.000000000Z",
    });
    expected["returns"] = json!(2);
    expected["returned"] = json!("2025-11-24T13:00:00.000000000Z");
    assert_eq!(list.json()["hotspots"][0], expected);
    let order = [
        "\"id\"",
        "\"detector\"",
        "\"break\"",
        "\"title\"",
        "\"state\"",
        "\"rank\"",
        "\"trend\"",
    ];
    let places: Vec<usize> = order.iter().map(|key| list.body.find(key).unwrap()).collect();
    assert!(places.is_sorted(), "{places:?}");
    assert!(list.body.contains("\"weighted_traces\":96.0,"));
}

#[tokio::test]
async fn every_list_has_total_cursor_and_coverage() {
    let at = World::start().await;
    for (path, name, total) in [
        ("hotspots", "hotspots", 100),
        ("traces", "traces", 121),
        ("services", "services", 3),
        ("operations", "operations", 3),
        ("dependencies", "dependencies", 2),
        ("third-parties", "third_parties", 2),
        ("near-misses", "near_misses", 4),
    ] {
        let list = get(at, &format!("/api/v1/{path}")).await.json();
        assert_eq!(list["total"], total, "{path}");
        let rows = list[name].as_array().unwrap().len();
        assert_eq!(rows as u64, total.min(50), "{path}");
        assert_eq!(list["next_cursor"].is_string(), total > 50, "{path}");
        assert_eq!(list["truncated"], false);
        let spans = &list["coverage"]["spans"];
        assert_eq!(spans["received"], 1_000);
        assert_eq!(spans["dropped"]["duplicate"], 7);
        assert_eq!(list["coverage"]["sampling_weight"], 4.0);
        let pressure = &list["coverage"]["pressure"];
        assert_eq!(
            (&pressure["level"], &pressure["requests_refused"]),
            (&json!("refusing"), &json!(79))
        );
        assert_eq!(pressure["left_out_share"], 0.0625);
        assert_eq!(list["coverage"]["services"][0]["service"], "orders");
    }
}

#[tokio::test]
async fn filters_are_alternatives_within_and_conditions_between() {
    let at = World::start().await;
    for (query, expected) in [
        ("limit=3", vec![1, 2, 3]),
        ("limit=2&sort=impact", vec![100, 99]),
        ("limit=2&sort=last_seen", vec![1, 2]),
        ("limit=2&sort=impact&min_confidence=0", vec![120, 119]),
        ("limit=2&min_confidence=0.95", vec![]),
        ("limit=2&detector=serial-calls", vec![2, 4]),
        (
            "limit=3&detector=serial-calls&detector=n-plus-one-query",
            vec![1, 2, 3],
        ),
        ("limit=2&break=synchronous&state=worsening", vec![10, 20]),
        ("limit=2&state=worsening&state=new", vec![5, 10]),
        ("limit=3&service=orders", vec![3, 6, 9]),
        ("limit=9&entry=GET%20/entry/17", vec![17]),
        ("limit=9&since=-90m", vec![1, 2, 3]),
        ("limit=9&since=2025-11-24T15:00:00Z", vec![1, 2]),
        ("limit=9&since=1763998200", vec![1]),
        ("limit=9&since=now", vec![]),
        ("limit=9&service=nobody", vec![]),
        ("limit=1&service=&cursor=&since=", vec![1]),
    ] {
        let list = get(at, &format!("/api/v1/hotspots?{query}")).await.json();
        assert_eq!(ranks(&list), expected, "{query}");
    }
    for (path, total) in [
        ("services?service=cart", 1),
        ("operations?service=cart&service=orders", 3),
        ("dependencies?service=orders", 2),
        ("dependencies?service=cart", 1),
        ("third-parties?service=cart", 2),
        ("third-parties?service=orders", 0),
        ("near-misses?service=cart", 3),
        // What a whole service lacks is lacking in each of its operations.
        ("near-misses?entry=GET%20/cart", 4),
        ("near-misses?entry=GET%20/", 1),
        ("near-misses?entry=POST%20/cart", 1),
        ("traces?detector=n-plus-one-query&service=orders", 21),
    ] {
        assert_eq!(
            get(at, &format!("/api/v1/{path}")).await.json()["total"],
            total,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_near_miss_says_what_it_lacks_and_other_rules_that_they_never_came_near() {
    let at = World::start().await;
    let list = get(at, "/api/v1/near-misses?entry=GET%20/cart&service=cart")
        .await
        .json();
    let near = &list["near_misses"];
    let reasons = [0, 1, 2].map(|at| near[at]["reason"].as_str());
    assert_eq!(
        reasons,
        [Some("blind:template"), Some("count"), Some("guard:writes")]
    );
    assert_eq!(
        near[0]["remedy"],
        json!({"attribute": "db.query.text", "older": "db.statement", "how": "send it"})
    );
    assert_eq!(near[1]["remedy"], json!(null));
    assert_eq!(
        near[1]["conditions"],
        json!([{"name": "repeat_min", "value": 4, "threshold": 5, "distance": 0.2}])
    );
    // Rules over traces judge the service.
    let of_service = json!({"service": "cart", "operation": "", "detector": "blind-service", "evaluated": 11, "best": null});
    assert_eq!(list["silent"], json!([of_service]));
    let other = get(at, "/api/v1/near-misses?entry=POST%20/cart").await.json();
    let best = json!({"name": "repeat_min", "value": 2, "threshold": 5, "distance": 0.6});
    let silent = |detector: &str, best: &Value| json!({"service": "cart", "operation": "POST /cart", "detector": detector, "evaluated": 16, "best": best});
    assert_eq!(other["near_misses"][0]["reason"], "blind:template");
    assert_eq!(
        other["silent"],
        json!([
            silent("n-plus-one-query", &best),
            silent("serial-calls", &Value::Null),
            of_service
        ])
    );
    let all = get(at, "/api/v1/near-misses").await.json();
    assert_eq!((&all["silent"], &all["spoke"]), (&json!([]), &json!([])));
}

#[tokio::test]
async fn pages_show_every_row_once_in_every_order() {
    let at = World::start().await;
    for sort in ["priority", "impact", "last_seen"] {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/api/v1/hotspots?min_confidence=0&limit=33&sort={sort}&cursor={cursor}");
            let page = get(at, &path).await.json();
            seen.extend(ids(&page));
            match page["next_cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        assert_eq!(seen.len(), 120, "{sort}");
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 120, "{sort}");
    }
}

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

#[tokio::test]
async fn a_snapshot_that_is_known_is_not_sent_again() {
    let at = World::start().await;
    for path in [
        "hotspots",
        "services",
        "status",
        "traces",
        "operations?format=csv",
    ] {
        let path = format!("/api/v1/{path}");
        let first = get(at, &path).await;
        let tag = first.header("etag").to_owned();
        assert!(tag.ends_with("-2a\""), "{tag}");
        let again = get_with(at, &path, &format!("if-none-match: \"old\", W/{tag}\r\n")).await;
        assert_eq!(
            (again.status, again.body.as_str(), again.header("etag")),
            (304, "", tag.as_str())
        );
        assert_eq!(
            get_with(at, &path, "if-none-match: \"old\"\r\n").await.body,
            first.body
        );
    }
    // A question that makes no sense is refused, whatever the client knows.
    assert_eq!(
        get_with(at, "/api/v1/hotspots?x=1", "if-none-match: *\r\n")
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn rows_come_as_csv_and_as_json_lines() {
    let at = World::start().await;
    let reply = get(at, "/api/v1/hotspots?format=csv&limit=8").await;
    assert_eq!(reply.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(reply.header("x-total-count"), "100");
    assert!(!reply.header("x-next-cursor").is_empty());
    let lines: Vec<&str> = reply.body.split("\r\n").collect();
    assert_eq!(lines.len(), 10);
    let start = "id,detector,break,title,service,operation,entry,entries,anchor_service,anchor_operation,callee_class,";
    assert!(lines[0].starts_with(start), "{}", lines[0]);
    assert!(lines[0].ends_with(",first_seen,last_seen,trend_minute,trend_hour"));
    assert!(
        lines[1].contains(",GET /entry,2,cart,anchor op,db,postgresql,"),
        "{}",
        lines[1]
    );
    assert!(
        lines[7].contains(",\"'=cmd|'/c calc'!A0,\"\"<script>alert(1)</script>\"\"[2J  x: y\","),
        "{}",
        lines[7]
    );
    let empty = get(at, "/api/v1/hotspots?format=csv&service=nobody").await;
    assert_eq!(empty.body, format!("{}\r\n", lines[0]));

    let lines = get(at, "/api/v1/hotspots?format=jsonl&limit=2").await;
    assert_eq!(lines.header("content-type"), "application/x-ndjson");
    let rows: Vec<Value> = lines
        .body
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let page = get(at, "/api/v1/hotspots?limit=2").await.json();
    assert_eq!(json!(rows), page["hotspots"]);

    let flat = get(at, "/api/v1/operations?flat=true&limit=1").await;
    assert_eq!(flat.header("x-total-count"), "3");
    assert_eq!(flat.json()[0]["critical_path_ns_self"], 1);
    assert_eq!(flat.json()[0]["latency_ns_p99"], 10);
}

#[tokio::test]
async fn texts_of_spans_are_data() {
    let at = World::start().await;
    for path in [
        "hotspots?limit=1000",
        "services",
        "traces/1",
        "hotspots?format=jsonl",
        "services?format=csv",
    ] {
        let reply = get(at, &format!("/api/v1/{path}")).await;
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert!(!reply.body.contains(HOSTILE), "{path}");
        for hidden in [
            "\u{0}", "\\u0000", "\u{1b}", "\\u001b", "\u{202e}", "\\u202e", "\\r",
        ] {
            assert!(!reply.body.contains(hidden), "{hidden:?} in {path}");
        }
    }
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
