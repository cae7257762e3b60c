//! Lists: what is in them, in which order, page by page.

use serde_json::{Value, json};

use crate::client::get;
use crate::sample::hotspot;
use crate::world::World;

pub(crate) fn ids(list: &Value) -> Vec<String> {
    let rows = list["hotspots"].as_array().unwrap();
    rows.iter()
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .collect()
}

pub(crate) fn ranks(list: &Value) -> Vec<u64> {
    let rows = list["hotspots"].as_array().unwrap();
    rows.iter().map(|row| row["rank"].as_u64().unwrap()).collect()
}

fn links_of_the_first() -> Value {
    let trace = format!(
        "https://grafana.test/t/{:032x}?from=1763994600000&to=1763998200000",
        1
    );
    json!([
        {"name": "trace", "url": trace},
        {"name": "logs", "url": "https://logs.test/?q=cart%20GET%20%2F1"},
    ])
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
    expected["links"] = links_of_the_first();
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
