//! Everything that reads, asked with one token about the ids and names of one tenant.

use hotspan_access::Token;
use serde_json::{Value, json};

use crate::rig::{Reply, Rig, now};

/// What is asked about.
pub(crate) struct Subject {
    pub(crate) hotspot: String,
    pub(crate) trace: String,
    pub(crate) service: String,
}

/// What was asked, and what was answered.
pub(crate) type Answers = Vec<(String, String)>;

/// Answers of every surface.
pub(crate) async fn everything(rig: &Rig, token: &Token, of: &Subject) -> Answers {
    let mut answers = http(rig, token, of).await;
    answers.extend(mcp(rig, token, of).await);
    answers.extend(grpc(rig, token, of).await);
    answers
}

/// Every path of the description, in every form, and those of other tools and of the page.
async fn http(rig: &Rig, token: &Token, of: &Subject) -> Answers {
    let document = rig.get(token, "/api/v1/openapi.json").await.json();
    let described = document["paths"].as_object().expect("paths").iter();
    let mut paths: Vec<String> = described
        .filter(|(_, item)| item["get"].is_object())
        .map(|(path, _)| path.replace("{id}", &of.hotspot).replace("{trace_id}", &of.trace))
        .collect();
    assert!(paths.len() >= 17, "the description has them all: {paths:?}");
    for path in &mut paths {
        if path.ends_with("/compare/traces") {
            path.push_str(&format!("?a={0}&b={0}", of.trace));
        }
    }
    let formats = [
        "hotspots",
        "services",
        "operations",
        "traces",
        "dependencies",
        "third-parties",
    ];
    for list in formats {
        paths.extend(["csv", "ndjson"].map(|form| format!("/api/v1/{list}?format={form}")));
    }
    paths.extend(["md", "html"].map(|form| format!("/api/v1/audit?format={form}")));
    paths.push("/api/v1/hotspots?min_confidence=0".to_owned());
    let (end, service, trace) = (now() / 1_000, &of.service, &of.trace);
    for path in [
        "/".to_owned(),
        format!("/hotspots/{}", of.hotspot),
        format!("/traces/{trace}"),
        "/jaeger/api/services".to_owned(),
        format!("/jaeger/api/services/{service}/operations"),
        format!("/jaeger/api/operations?service={service}"),
        format!("/jaeger/api/traces?service={service}&start=0&end={end}"),
        format!("/jaeger/api/traces/{trace}"),
        "/jaeger/api/v3/services".to_owned(),
        format!("/jaeger/api/v3/operations?service={service}"),
        format!("/jaeger/api/v3/traces/{trace}"),
        format!("/tempo/api/traces/{trace}"),
        format!("/tempo/api/v2/traces/{trace}"),
        "/tempo/api/search".to_owned(),
        "/tempo/api/v2/search/tags".to_owned(),
        "/tempo/api/v2/search/tag/resource.service.name/values".to_owned(),
    ] {
        paths.push(path);
    }
    let mut answers = Vec::new();
    for path in paths {
        let reply = rig.get(token, &path).await;
        answers.push((format!("GET {path}"), reply.text()));
    }
    answers
}

/// Every tool of the list.
async fn mcp(rig: &Rig, token: &Token, of: &Subject) -> Answers {
    let ask = async |method: &str, params: Value| -> Reply {
        let request = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params});
        rig.tell(token, "/mcp", &request).await
    };
    let list = ask("tools/list", json!({})).await.json();
    let tools = list["result"]["tools"].as_array().expect("tools").clone();
    assert!(tools.len() >= 10, "{list}");
    let mut answers = Vec::new();
    for tool in tools {
        let name = tool["name"].as_str().expect("a name");
        let arguments = match name {
            "get_hotspot" => json!({"id": of.hotspot}),
            "explain_trace" | "get_spans" => json!({"trace_id": of.trace}),
            "list_hotspots" => json!({"min_confidence": 0}),
            _ => json!({}),
        };
        let reply = ask("tools/call", json!({"name": name, "arguments": arguments})).await;
        assert_eq!(reply.status, 200, "{name}: {}", reply.text());
        answers.push((format!("MCP {name}"), reply.text()));
    }
    answers
}

/// Every method that ends; texts are in protobuf as they are.
async fn grpc(rig: &Rig, token: &Token, of: &Subject) -> Answers {
    let text = |field: u8, text: &str| {
        let length = u8::try_from(text.len()).expect("short");
        [&[field << 3 | 2, length], text.as_bytes()].concat()
    };
    let pair = [text(1, &of.trace), text(2, &of.trace)].concat();
    let mut answers = Vec::new();
    for (path, message) in [
        ("/hotspan.v1.Hotspots/List", Vec::new()),
        ("/hotspan.v1.Hotspots/Get", text(1, &of.hotspot)),
        ("/hotspan.v1.Traces/List", Vec::new()),
        ("/hotspan.v1.Traces/Get", text(1, &of.trace)),
        ("/hotspan.v1.Reports/Status", Vec::new()),
        ("/hotspan.v1.Reports/Services", Vec::new()),
        ("/hotspan.v1.Reports/Operations", Vec::new()),
        ("/hotspan.v1.Reports/Dependencies", Vec::new()),
        ("/hotspan.v1.Reports/ThirdParties", Vec::new()),
        ("/hotspan.v1.Reports/NearMisses", Vec::new()),
        ("/hotspan.v1.Reports/Compare", Vec::new()),
        ("/hotspan.v1.Reports/CompareTraces", pair),
        ("/hotspan.v1.Reports/Audit", Vec::new()),
        ("/jaeger.api_v3.QueryService/GetServices", Vec::new()),
        ("/jaeger.api_v3.QueryService/GetOperations", text(1, &of.service)),
        ("/jaeger.api_v3.QueryService/GetTrace", text(1, &of.trace)),
        ("/jaeger.api_v3.QueryService/GetDependencies", Vec::new()),
    ] {
        let reply = rig.call(token, path, &message).await;
        let code = reply.get("grpc-status");
        assert!(
            ["0", "5"].contains(&code.as_str()),
            "{path}: {code} {}",
            reply.get("grpc-message")
        );
        answers.push((format!("gRPC {path}"), reply.text() + &reply.get("grpc-message")));
    }
    answers
}
