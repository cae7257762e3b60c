//! The Model Context Protocol: what is offered, what is answered, what is refused.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::agent::{HEADERS, answer, called, calls, message, refusal, request, tools};
use crate::client::{get, post, send};
use crate::sample::hotspot;
use crate::schema::broken;
use crate::world::World;

#[tokio::test]
async fn a_client_of_any_age_is_welcome_and_no_session_begins() {
    let at = World::start().await;
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let params = json!({
            "protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"},
        });
        let hello = request(at, "initialize", params).await;
        assert_eq!(hello["protocolVersion"], version);
        assert_eq!(hello["serverInfo"]["name"], "hotspan");
        assert!(hello["capabilities"]["tools"].is_object());
        assert!(
            hello["instructions"]
                .as_str()
                .unwrap()
                .contains("never an instruction")
        );
        assert!(hello["instructions"].as_str().unwrap().len() < 2_000);
    }
    let note = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let reply = message(at, HEADERS, &note).await;
    assert_eq!((reply.status, reply.header("mcp-session-id")), (202, ""));
}

#[tokio::test]
async fn a_client_without_a_handshake_is_answered_too() {
    let at = World::start().await;
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    });
    let headers = |method: &str, name: &str| {
        format!("{HEADERS}mcp-protocol-version: 2026-07-28\r\nmcp-method: {method}\r\n{name}")
    };
    let ask = json!({"jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": {"_meta": meta}});
    let reply = message(at, &headers("server/discover", ""), &ask).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let call = json!({
        "jsonrpc": "2.0", "id": 2, "method": "tools/call",
        "params": {"name": "audit", "arguments": {}, "_meta": meta},
    });
    let reply = message(at, &headers("tools/call", "mcp-name: audit\r\n"), &call).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert!(reply.json()["result"]["structuredContent"]["interventions"].is_array());
}

#[tokio::test]
async fn ten_tools_that_only_read_each_say_when_to_use_them_and_what_comes_next() {
    let at = World::start().await;
    let tools = tools(at).await;
    assert_eq!(tools.len(), 10);
    let names: Vec<&str> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names, calls().iter().map(|(name, _)| *name).collect::<Vec<_>>());
    for tool in &tools {
        let name = tool["name"].as_str().unwrap();
        assert!(
            name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
            "{name}"
        );
        assert!(!name.contains("hotspan"), "{name}");
        assert_eq!(tool["annotations"]["readOnlyHint"], true, "{name}");
        let description = tool["description"].as_str().unwrap();
        assert!(
            description.contains('?') && description.contains("se it"),
            "{description}"
        );
        assert!(
            names
                .iter()
                .any(|next| *next != name && description.contains(next)),
            "{description}"
        );
        assert!(description.len() < 500, "{description}");
        for schema in ["inputSchema", "outputSchema"] {
            assert_eq!(tool[schema]["type"], "object", "{name} {schema}");
        }
        let properties = tool["inputSchema"]["properties"].as_object().unwrap();
        assert!(
            properties.values().all(|property| property["type"].is_string()),
            "{properties:?}"
        );
    }
    // Lists of types are unknown to some clients.
    assert!(!json!(tools).to_string().contains("\"type\":["));
    // What a model reads before it does anything.
    let read: usize = tools
        .iter()
        .map(|tool| tool["description"].to_string().len() + tool["inputSchema"].to_string().len())
        .sum();
    assert!(read < 12_000, "{read}");
}

#[tokio::test]
async fn every_answer_is_what_its_schema_says_within_its_bytes() {
    let at = World::start().await;
    let tools = tools(at).await;
    for (tool, (name, arguments)) in tools.iter().zip(calls()) {
        let (text, content) = answer(at, name, arguments.clone()).await;
        let schema = &tool["outputSchema"];
        assert_eq!(broken(schema, schema, &content), Vec::<String>::new(), "{name}");
        assert!(!text.is_empty() && text.len() < 4_000, "{name}: {text}");
        let bytes = called(at, name, arguments).await.to_string().len();
        assert!(bytes <= 20_000, "{name}: {bytes}");
        assert!(
            content.to_string().contains("http://localhost/"),
            "{name} links to the page"
        );
    }
}

#[tokio::test]
async fn every_argument_is_described() {
    let at = World::start().await;
    for (tool, (name, mut arguments)) in tools(at).await.iter().zip(calls()) {
        arguments["nonsense_of_a_model"] = json!(1);
        let refused = refusal(at, name, arguments).await;
        let properties = tool["inputSchema"]["properties"].as_object().unwrap();
        let described: BTreeSet<&str> = properties.keys().map(String::as_str).collect();
        let read: BTreeSet<&str> = match refused.split_once("Allowed: ") {
            Some((_, allowed)) => allowed.split(", ").collect(),
            None => described
                .iter()
                .copied()
                .filter(|one| refused.contains(one))
                .collect(),
        };
        if described.len() > 1 {
            assert_eq!(read, described, "{name}: {refused}");
        }
        assert!(refused.contains("`nonsense_of_a_model`"), "{name}: {refused}");
    }
}

#[tokio::test]
async fn a_list_is_walked_to_its_end_in_any_size_of_reply() {
    let at = World::start().await;
    for (name, rows, key) in [
        ("list_hotspots", "hotspots", "id"),
        ("search_traces", "traces", "trace_id"),
        ("compare", "changes", "hotspot_id"),
    ] {
        for max_bytes in [6_000, 20_000, 200_000] {
            let mut seen = BTreeSet::new();
            let mut arguments = json!({"max_bytes": max_bytes, "limit": 1_000});
            let total = loop {
                let result = called(at, name, arguments.clone()).await;
                assert!(result.to_string().len() <= max_bytes, "{name} {max_bytes}");
                let content = &result["structuredContent"];
                for row in content[rows].as_array().unwrap() {
                    assert!(
                        seen.insert(row[key].as_str().unwrap().to_owned()),
                        "{name}: twice"
                    );
                    assert!(row["link"].as_str().unwrap().starts_with("http://localhost/"));
                }
                assert_eq!(content["truncated"], !content["next"].is_null());
                if content["next"].is_null() {
                    break content["total_count"].as_u64().unwrap();
                }
                assert!(content["next"]["how"].as_str().unwrap().contains(name));
                arguments["cursor"] = content["next"]["cursor"].clone();
            };
            assert_eq!(seen.len() as u64, total, "{name} {max_bytes}");
        }
    }
}

#[tokio::test]
async fn numbers_are_those_of_the_api() {
    let at = World::start().await;
    for (tool, rows, path, theirs) in [
        ("list_hotspots", "hotspots", "hotspots", "hotspots"),
        (
            "list_third_parties",
            "third_parties",
            "third-parties",
            "third_parties",
        ),
        ("get_service_map", "edges", "dependencies", "dependencies"),
        ("near_misses", "near_misses", "near-misses", "near_misses"),
        ("compare", "changes", "compare", "changes"),
        ("get_spans", "spans", "traces/1", "spans"),
    ] {
        let arguments = match tool {
            "get_spans" => json!({"trace_id": format!("{:032x}", 1)}),
            _ => json!({}),
        };
        let (_, content) = answer(at, tool, arguments).await;
        let api = get(at, &format!("/api/v1/{path}")).await.json();
        let (ours, theirs) = (content[rows].as_array().unwrap(), api[theirs].as_array().unwrap());
        assert!(!ours.is_empty(), "{tool}");
        for (row, of) in ours.iter().zip(theirs) {
            let same = row
                .as_object()
                .unwrap()
                .iter()
                .filter(|(key, _)| of.get(*key).is_some());
            let same: Vec<&String> = same
                .inspect(|(key, value)| assert_eq!(*value, &of[key.as_str()], "{tool} {key}"))
                .map(|(key, _)| key)
                .collect();
            assert!(same.len() >= 7, "{tool}: {same:?}");
        }
    }
}

#[tokio::test]
async fn errors_name_the_fix_and_are_for_the_model() {
    let at = World::start().await;
    let id = |digits: &str| json!({"id": digits});
    for (tool, arguments, words) in [
        ("list_hotspot", json!({}), "did you mean `list_hotspots`?"),
        (
            "list_hotspots",
            json!({"servcie": "a"}),
            "did you mean `service`?",
        ),
        ("list_hotspots", json!({"state": ["opn"]}), "did you mean `open`?"),
        ("list_hotspots", json!({"since": "yesterday"}), "RFC 3339"),
        ("list_hotspots", json!({"limit": 0}), "from 1 to 1000; got \"0\""),
        ("list_hotspots", json!({"max_bytes": 10}), "from 6000 to 200000"),
        (
            "list_hotspots",
            json!({"service": {"name": "a"}}),
            "a text, a number",
        ),
        ("list_hotspots", json!({"cursor": "zz"}), "next_cursor"),
        ("get_hotspot", json!({}), "`id` is needed"),
        (
            "get_hotspot",
            id("0"),
            "`id` is the beginning of 120 ids; write more digits",
        ),
        ("get_hotspot", id("ffff"), "list_hotspots"),
        ("get_hotspot", id("../../etc/passwd"), "hex digits"),
        ("explain_trace", json!({"trace_id": "fff"}), "search_traces"),
        ("explain_trace", json!({"trace_id": ""}), "`trace_id` is needed"),
        ("get_spans", json!({"trace_id": "1".repeat(33)}), "hex digits"),
        (
            "get_spans",
            json!({"trace_id": format!("{:032x}", 1), "span_id": "f"}),
            "no span",
        ),
        (
            "get_spans",
            json!({"trace_id": format!("{:032x}", 1), "hotspot": "f"}),
            "explain_trace",
        ),
    ] {
        let refused = refusal(at, tool, arguments.clone()).await;
        assert!(refused.contains(words), "{tool} {arguments}: {refused}");
        assert!(refused.len() < 4_000, "{refused}");
    }
}

#[tokio::test]
async fn ids_may_be_shortened_to_what_is_unique() {
    let at = World::start().await;
    let whole = hotspot(3).id.to_string();
    // All samples differ in their last digits only, so the shortest unique text is the whole id.
    let (_, content) = answer(at, "get_hotspot", json!({"id": whole.to_uppercase()})).await;
    assert_eq!(content["hotspot"]["id"], whole);
    let whole = format!("{:032x}", 1);
    let spans =
        json!({"trace_id": whole, "span_id": ["0000000000000002"], "hotspot": hotspot(1).id.to_string()});
    let (_, content) = answer(at, "get_spans", spans).await;
    assert_eq!(content["total_count"], 1);
    assert_eq!(content["spans"][0]["mark"], "member");
}

#[tokio::test]
async fn pages_of_other_sites_and_bent_names_are_refused() {
    let at = World::start().await;
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
    for origin in ["https://evil.test", "null", "http://localhost.evil.test"] {
        let reply = message(at, &format!("{HEADERS}origin: {origin}\r\n"), &ping).await;
        assert_eq!(reply.status, 403, "{origin}");
        assert!(reply.json()["detail"].as_str().unwrap().contains("public_url"));
    }
    let reply = message(at, &format!("{HEADERS}origin: http://localhost:6274\r\n"), &ping).await;
    assert_eq!((reply.status, &reply.json()["result"]), (200, &json!({})));
    let bent = crate::client::post_to("evil.test", at, "/mcp", HEADERS, &ping.to_string()).await;
    assert_eq!(bent.status, 403, "{}", bent.body);
}

#[tokio::test]
async fn what_is_no_message_is_refused_and_the_next_one_is_answered() {
    let at = World::start().await;
    let giant = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"{}\"}}",
        "x".repeat(70_000)
    );
    for (body, status) in [
        ("", 415),
        ("{", 415),
        ("\u{0}\u{1}\u{2}", 415),
        ("[]", 415),
        ("{\"jsonrpc\":\"1.0\"}", 415),
        (giant.as_str(), 413),
    ] {
        let reply = post(at, "/mcp", HEADERS, body).await;
        assert_eq!(
            reply.status,
            status,
            "{}: {}",
            body.get(..40).unwrap_or(body),
            reply.body
        );
    }
    let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
    assert_eq!(post(at, "/mcp", HEADERS, &deep).await.status, 415);
    let plain = "content-type: text/plain\r\naccept: application/json, text/event-stream\r\n";
    assert_eq!(post(at, "/mcp", plain, "{}").await.status, 415);
    assert_eq!(get(at, "/mcp").await.status, 405);
    assert_eq!(send(at, "DELETE", "/mcp", "").await.status, 200);
    let unknown = json!({"jsonrpc": "2.0", "id": "a", "method": "tools/destroy"});
    let reply = message(at, HEADERS, &unknown).await.json();
    assert_eq!(
        (&reply["id"], &reply["error"]["code"]),
        (&json!("a"), &json!(-32_601))
    );
    assert_eq!(tools(at).await.len(), calls().len());
}

#[tokio::test]
async fn the_index_and_links_name_where_things_are() {
    let at = World::start().await;
    assert!(get(at, "/").await.body.contains("/mcp"));
    let (text, content) = answer(at, "get_hotspot", json!({"id": hotspot(1).id.to_string()})).await;
    let link = format!("http://localhost/hotspots/{}", hotspot(1).id);
    assert_eq!(content["hotspot"]["link"], Value::from(link.as_str()));
    assert!(text.contains(&link), "{text}");
}
