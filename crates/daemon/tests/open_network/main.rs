//! The open network: TLS on every port, a credential for every request, and no secret in what comes out.

mod rig;
mod secrets;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hotspan_access::Token;

use rig::{Client, Port, Rig, Tokens, bearer, entry, until};

const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const HEALTH: &str = "/grpc.health.v1.Health/Check";
const JSON: (&str, &str) = ("content-type", "application/json");
const NOBODY: &str = "/api/v1/hotspots/00000000000000000000000000000001/state";

/// Nothing, a token that nobody knows, then those with `ingest`, `read` and `admin`.
fn shown<'a>(tokens: &'a Tokens, stranger: &'a Token) -> [Option<&'a Token>; 5] {
    [
        None,
        Some(stranger),
        Some(&tokens.ingest),
        Some(&tokens.read),
        Some(&tokens.admin),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn s10_every_surface_of_http_needs_its_scope() {
    let rig = Rig::start("http", &[]).await;
    let stranger = Token::draw();
    let mut ingest = rig.http(Port::OtlpHttp).await;
    let mut api = rig.http(Port::Api).await;
    let mcp = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let state = r#"{"state":"open"}"#;
    let (open, sends) = ([200; 5], [401, 401, 200, 403, 403]);
    let (reads, changes) = ([401, 401, 403, 200, 200], [401, 401, 403, 403, 404]);
    for (port, method, path, body, expected) in [
        (Port::OtlpHttp, "POST", "/v1/traces", "{}", sends),
        (Port::OtlpHttp, "POST", "/v1/metrics", "{}", sends),
        (Port::Api, "GET", "/livez", "", open),
        (Port::Api, "GET", "/", "", reads),
        (Port::Api, "GET", "/api/v1/hotspots", "", reads),
        (Port::Api, "GET", "/api/v1/openapi.json", "", reads),
        (Port::Api, "GET", "/metrics", "", reads),
        (Port::Api, "GET", "/jaeger/api/services", "", reads),
        (Port::Api, "GET", "/tempo/api/echo", "", reads),
        (Port::Api, "POST", "/mcp", mcp, reads),
        (Port::Api, "POST", NOBODY, state, changes),
    ] {
        for (token, expected) in shown(&rig.tokens, &stranger).into_iter().zip(expected) {
            let value = token.map(bearer);
            let mut headers = vec![JSON, ("accept", "application/json, text/event-stream")];
            headers.extend(value.as_deref().map(|value| ("authorization", value)));
            let client = if port == Port::Api { &mut api } else { &mut ingest };
            let reply = client.ask(method, path, &headers, body).await;
            assert_eq!(reply.status, expected, "{method} {path}: {}", reply.text());
            let challenges = reply.all("www-authenticate");
            assert_eq!(
                challenges.contains("Bearer realm=") && challenges.contains("Basic realm="),
                expected == 401
            );
            if token.is_some() && port == Port::Api {
                assert_eq!(
                    reply.all("cache-control") == "no-store",
                    expected == 200 || expected == 404,
                    "{path}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s10_every_surface_of_grpc_needs_its_scope() {
    let rig = Rig::start("grpc", &[]).await;
    let stranger = Token::draw();
    let mut ingest = rig.grpc(Port::OtlpGrpc).await;
    let mut api = rig.grpc(Port::Api).await;
    let set_state = b"\n\x02ab";
    for (port, path, message, expected) in [
        (Port::OtlpGrpc, EXPORT, &b""[..], ["16", "16", "0", "7", "7"]),
        (Port::OtlpGrpc, HEALTH, b"", ["0"; 5]),
        (
            Port::OtlpGrpc,
            "/no.such/Method",
            b"",
            ["16", "16", "12", "7", "7"],
        ),
        (Port::Api, HEALTH, b"", ["0"; 5]),
        (
            Port::Api,
            "/hotspan.v1.Hotspots/List",
            b"",
            ["16", "16", "7", "0", "0"],
        ),
        (
            Port::Api,
            "/hotspan.v1.Reports/Status",
            b"",
            ["16", "16", "7", "0", "0"],
        ),
        (
            Port::Api,
            "/jaeger.api_v3.QueryService/GetServices",
            b"",
            ["16", "16", "7", "0", "0"],
        ),
        // Whoever may is told that there is no such hotspot or state.
        (
            Port::Api,
            "/hotspan.v1.Hotspots/SetState",
            set_state,
            ["16", "16", "7", "7", "3"],
        ),
    ] {
        for (token, expected) in shown(&rig.tokens, &stranger).into_iter().zip(expected) {
            let client = if port == Port::Api { &mut api } else { &mut ingest };
            let reply = client.call(path, token, message).await;
            assert_eq!((reply.status, reply.code()), (200, expected.to_owned()), "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_with_a_name_of_the_file_needs_no_token() {
    let rig = Rig::start("certificate", &[]).await;
    let cart = rig.authority.pair("spiffe://shop.test/cart");
    let mut sender = Client::connect(&rig, Port::OtlpGrpc, true, Some(&cart)).await;
    assert_eq!(sender.call(EXPORT, None, b"").await.code(), "0");
    let mut reader = Client::connect(&rig, Port::Api, false, Some(&cart)).await;
    let reply = reader.ask("GET", "/api/v1/status", &[], "").await;
    assert_eq!(reply.status, 403);
    assert!(
        reply
            .text()
            .contains("the certificate has the scopes ingest; this needs `read`"),
        "{}",
        reply.text()
    );
    let with_token = bearer(&rig.tokens.read);
    let reply = reader
        .ask("GET", "/api/v1/status", &[("authorization", &with_token)], "")
        .await;
    assert_eq!(reply.status, 200, "both together may what either may");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_a_tenant_speaks_for_that_tenant() {
    let rig = Rig::start("of-tenant", &[("tenants", "acme")]).await;
    let new = Token::draw();
    let certificate =
        "[[certificate]]\nname = \"acme\"\ntenant = \"acme\"\nscopes = [\"read\"]\nsan = \"acme.test\"\n";
    rig.write_tokens(&(entry("new", "\"ingest\"", &new) + certificate));
    let mut sender = rig.grpc(Port::OtlpGrpc).await;
    until(async || sender.call(EXPORT, Some(&new), b"").await.code() == "0").await;
    let pair = rig.authority.pair("acme.test");
    let mut reader = Client::connect(&rig, Port::Api, false, Some(&pair)).await;
    let reply = reader.ask("GET", "/api/v1/status", &[], "").await;
    assert!(reply.text().contains("\"tenant\":\"acme\""), "{}", reply.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_signs_in_with_a_token_as_password_and_other_sites_change_nothing() {
    let rig = Rig::start("browser", &[]).await;
    let mut browser = rig.http(Port::Api).await;
    let basic = |token: &Token| format!("Basic {}", STANDARD.encode(format!("me:{}", token.expose())));
    let (reader, admin) = (basic(&rig.tokens.read), basic(&rig.tokens.admin));
    let html = ("accept", "text/html");
    let page = browser
        .ask("GET", "/", &[html, ("authorization", &reader)], "")
        .await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("<html"), "{}", page.text());
    assert_eq!(browser.ask("GET", "/", &[html], "").await.status, 401);
    // A browser sends the password with whatever another site makes it send.
    for (site, kind, expected) in [
        ("cross-site", "application/json", 403),
        ("same-site", "application/json", 403),
        ("cross-site", "text/plain", 415),
        ("same-origin", "application/json", 404),
    ] {
        let headers = [
            ("authorization", admin.as_str()),
            ("content-type", kind),
            ("sec-fetch-site", site),
        ];
        let reply = browser.ask("POST", NOBODY, &headers, r#"{"state":"open"}"#).await;
        assert_eq!(reply.status, expected, "{site} {kind}: {}", reply.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_ends_at_once_on_open_connections_and_a_broken_file_changes_nothing() {
    let rig = Rig::start("revoked", &[]).await;
    let mut client = rig.grpc(Port::OtlpGrpc).await;
    let old = &rig.tokens.ingest;
    assert_eq!(client.call(EXPORT, Some(old), b"").await.code(), "0");
    let new = Token::draw();
    assert_eq!(client.call(EXPORT, Some(&new), b"").await.code(), "16");
    rig.write_tokens(&entry("new", "\"ingest\", \"read\"", &new));
    until(async || client.call(EXPORT, Some(&new), b"").await.code() == "0").await;
    assert_eq!(
        client.call(EXPORT, Some(old), b"").await.code(),
        "16",
        "the same look took it away"
    );

    rig.write_tokens("[[token]]\nname = 3\n");
    let mut api = rig.http(Port::Api).await;
    let value = bearer(&new);
    until(async || {
        let metrics = api
            .ask("GET", "/metrics", &[("authorization", &value)], "")
            .await
            .text();
        metrics.contains("hotspan_access_reloads_failed_total 1")
    })
    .await;
    assert_eq!(client.call(EXPORT, Some(&new), b"").await.code(), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn h10_a_page_of_a_listed_site_may_send_and_reads_every_answer() {
    let keys = [("cors_origins", "https://*.shop.test"), ("metrics_open", "true")];
    let rig = Rig::start("cors", &keys).await;
    let mut client = rig.http(Port::OtlpHttp).await;
    let asks = [
        ("origin", "https://www.shop.test"),
        ("access-control-request-method", "POST"),
    ];
    let reply = client.ask("OPTIONS", "/v1/traces", &asks, "").await;
    assert_eq!(reply.status, 204, "a preflight shows no token");
    for (name, value) in [
        ("access-control-allow-origin", "https://www.shop.test"),
        ("access-control-allow-methods", "POST"),
        (
            "access-control-allow-headers",
            "content-type, content-encoding, authorization",
        ),
        ("access-control-max-age", "3600"),
        ("vary", "Origin"),
    ] {
        assert_eq!(reply.all(name), value, "{name}");
    }
    let token = bearer(&rig.tokens.ingest);
    for (authorization, expected) in [(token.as_str(), 200), ("Bearer x", 401)] {
        let headers = [asks[0], JSON, ("authorization", authorization)];
        let reply = client.ask("POST", "/v1/traces", &headers, "{}").await;
        assert_eq!(reply.status, expected);
        assert_eq!(reply.all("access-control-allow-origin"), "https://www.shop.test");
    }
    let other = [("origin", "https://evil.test"), asks[1]];
    let reply = client.ask("OPTIONS", "/v1/traces", &other, "").await;
    assert_eq!(
        (reply.status, reply.all("access-control-allow-origin").as_str()),
        (401, "")
    );
    // What reads is asked by no page of another site.
    let mut api = rig.http(Port::Api).await;
    let reply = api.ask("GET", "/metrics", &asks[..1], "").await;
    assert_eq!(
        (reply.status, reply.all("access-control-allow-origin").as_str()),
        (200, "")
    );
}
