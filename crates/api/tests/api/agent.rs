//! An agent that shares no code with the server: MCP messages over the plain client.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::client::{Reply, post};

/// Headers that the protocol asks for.
pub(crate) const HEADERS: &str =
    "content-type: application/json\r\naccept: application/json, text/event-stream\r\n";

/// Posts one message.
pub(crate) async fn message(at: SocketAddr, headers: &str, message: &Value) -> Reply {
    post(at, "/mcp", headers, &message.to_string()).await
}

/// The result of a request.
pub(crate) async fn request(at: SocketAddr, method: &str, params: Value) -> Value {
    let request = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params});
    let reply = message(at, HEADERS, &request).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let answer = reply.json();
    assert_eq!((&answer["jsonrpc"], &answer["id"]), (&json!("2.0"), &json!(7)));
    assert!(answer["error"].is_null(), "{answer}");
    answer["result"].clone()
}

/// The result of a call of a tool, an error or not.
pub(crate) async fn called(at: SocketAddr, tool: &str, arguments: Value) -> Value {
    request(at, "tools/call", json!({"name": tool, "arguments": arguments})).await
}

/// What a tool answers: its text and its structured content.
pub(crate) async fn answer(at: SocketAddr, tool: &str, arguments: Value) -> (String, Value) {
    let result = called(at, tool, arguments).await;
    assert_ne!(result["isError"], json!(true), "{tool}: {result}");
    (text(&result), result["structuredContent"].clone())
}

/// What a tool refuses with.
pub(crate) async fn refusal(at: SocketAddr, tool: &str, arguments: Value) -> String {
    let result = called(at, tool, arguments).await;
    assert_eq!(result["isError"], json!(true), "{tool}: {result}");
    text(&result)
}

fn text(result: &Value) -> String {
    assert_eq!(result["content"].as_array().map(Vec::len), Some(1));
    result["content"][0]["text"].as_str().unwrap().to_owned()
}

/// All tools as they are listed.
pub(crate) async fn tools(at: SocketAddr) -> Vec<Value> {
    let list = request(at, "tools/list", json!({})).await;
    list["tools"].as_array().unwrap().clone()
}

/// Each tool with arguments that it answers in the usual world.
pub(crate) fn calls() -> Vec<(&'static str, Value)> {
    let hotspot = crate::sample::hotspot(1).id.to_string();
    vec![
        ("list_hotspots", json!({})),
        ("get_hotspot", json!({"id": hotspot})),
        ("audit", json!({})),
        ("explain_trace", json!({"trace_id": format!("{:032x}", 1)})),
        ("search_traces", json!({})),
        ("get_spans", json!({"trace_id": format!("{:032x}", 1)})),
        ("compare", json!({})),
        ("get_service_map", json!({})),
        ("list_third_parties", json!({})),
        ("near_misses", json!({"entry": ["GET /cart"]})),
    ]
}
