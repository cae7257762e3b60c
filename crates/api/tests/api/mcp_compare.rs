//! What agents learn of two windows, versions and traces.

use hotspan_model::TraceId;
use serde_json::{Value, json};

use crate::agent::{answer, called, refusal, tools};
use crate::client::get;
use crate::mcp_data::long;
use crate::sample::{hotspot, trace, trace_id};
use crate::schema::broken;
use crate::world::World;

/// A world in which the second trace calls more and waits longer than the first.
fn slower() -> World {
    let mut world = World::new();
    let (mut slower, details) = trace(2);
    let mut again = slower.spans[1].clone();
    again.path_time.0 += 5_000_000;
    slower.spans.extend([again.clone(), again]);
    slower.findings.clear();
    world.traces.insert(trace_id(2), (slower, details));
    world
}

#[tokio::test]
async fn an_agent_learns_what_a_release_changed() {
    let at = World::start().await;
    let sides = json!({"a": "version:1", "b": "version:1.4.0", "service": "cart", "change": ["appeared"], "limit": 2});
    let (text, content) = answer(at, "compare", sides).await;
    let api = get(
        at,
        "/api/v1/compare?a=version:1&b=version:1.4.0&service=cart&change=appeared",
    )
    .await
    .json();
    assert_eq!(content["counts"], api["counts"]);
    assert_eq!(content["total_count"], api["total"]);
    assert_eq!(content["b"]["quoted"]["version"], "1.4.0");
    let first = &content["changes"][0];
    assert_eq!(
        first["b"],
        json!({"traces": 24, "of_traces": 60, "critical_path_ns": null})
    );
    assert_eq!(first["quoted"]["service"], "cart");
    assert!(
        text.starts_with("From version \"1\" to version \"1.4.0\": "),
        "{text}"
    );
    let id = first["hotspot_id"].as_str().unwrap();
    assert!(
        text.contains(&format!("Next: get_hotspot {{\"id\": \"{id}\"}}.")),
        "{text}"
    );
    assert!(text.contains("then in 24 of 60"), "{text}");
}

#[tokio::test]
async fn an_agent_learns_what_a_slow_trace_does_that_a_fast_one_does_not() {
    let at = slower().serve().await;
    let pair = json!({"trace_a": format!("{:032x}", 1), "trace_b": format!("{:032x}", 2)});
    let (text, content) = answer(at, "compare", pair).await;
    let schema = tools(at).await;
    let schema = schema.iter().find(|tool| tool["name"] == "compare").unwrap();
    let schema = &schema["outputSchema"];
    assert_eq!(broken(schema, schema, &content), Vec::<String>::new());
    let api = get(at, "/api/v1/compare/traces?a=1&b=2").await.json();
    let first = &content["calls"][0];
    for key in ["change", "class", "a", "b"] {
        assert_eq!(first[key], api["calls"][0][key], "{key}");
    }
    assert_eq!(first["change"], "grew");
    assert_eq!(content["total_count"], api["calls"].as_array().unwrap().len());
    assert_eq!(content["findings"][0]["calls_b"], 0);
    assert_eq!(
        content["findings"][0]["link"],
        Value::from(format!("http://localhost/hotspots/{}", hotspot(1).id))
    );
    assert_eq!(
        content["b"]["trace"]["link"],
        Value::from(format!("http://localhost/traces/{:032x}", 2))
    );
    assert!(text.contains("grew \""), "{text}");
}

#[tokio::test]
async fn two_long_traces_are_walked_in_any_size_of_reply() {
    let mut world = World::new();
    for number in [1, 2] {
        let id: TraceId = trace_id(number);
        world
            .traces
            .insert(id, (long(number, 100 * number as u64), Vec::new()));
    }
    let at = world.serve().await;
    for max_bytes in [6_000, 20_000, 200_000] {
        let mut pair = json!({
            "trace_a": format!("{:032x}", 1), "trace_b": format!("{:032x}", 2),
            "max_bytes": max_bytes, "limit": 1_000,
        });
        let mut seen = 0;
        loop {
            let result = called(at, "compare", pair.clone()).await;
            assert!(result.to_string().len() <= max_bytes, "{max_bytes}");
            let content = &result["structuredContent"];
            seen += content["calls"].as_array().unwrap().len() as u64;
            if content["next"].is_null() {
                assert_eq!(content["total_count"], seen, "{max_bytes}");
                break;
            }
            pair["cursor"] = content["next"]["cursor"].clone();
        }
        assert_eq!(seen, 200, "{max_bytes}");
    }
}

#[tokio::test]
async fn pairs_that_make_no_sense_are_refused_with_what_would() {
    let at = slower().serve().await;
    let one = format!("{:032x}", 1);
    for (arguments, words) in [
        (json!({"a": "-2h"}), "FROM..UNTIL"),
        (json!({"a": "-1h..-2h"}), "the earlier moment comes first"),
        (json!({"a": "version:1"}), "`b` must be `version:NAME`"),
        (
            json!({"a": "version:1", "b": "version:1.4.1"}),
            "did you mean \"1.4.0\"?; got \"1.4.1\". Allowed: \"1\", \"1.4.0\"",
        ),
        (json!({"change": ["worse"]}), "grew"),
        (json!({"trace_a": one}), "`trace_b` is needed"),
        (json!({"trace_b": one}), "`trace_a` is needed"),
        (json!({"trace_a": one, "trace_b": "fff"}), "`trace_b`: no trace"),
        (json!({"trace_a": "x", "trace_b": one}), "`trace_a` must be an id"),
        (
            json!({"trace_a": one, "trace_b": one, "service": "cart"}),
            "`service` must be absent beside trace_a and trace_b",
        ),
    ] {
        let refused = refusal(at, "compare", arguments.clone()).await;
        assert!(refused.contains(words), "{arguments}: {refused}");
    }
}
