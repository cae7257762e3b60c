//! Who is of which tenant: new ones, headers, rates, open figures.

use hotspan_access::Token;

use crate::faults::{SPANS, queries};
use crate::rig::{Rig, bearer, entry, now, until};

const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_known_tenants_change_at_once_and_one_of_a_new_tenant_is_refused_with_what_to_do() {
    let rig = Rig::start(&[("in_memory", "true")]).await;
    let (second, late) = (Token::draw(), Token::draw());
    let request = queries("any", 7, now());
    assert_eq!(rig.post(&second, &request).await.status, 401);
    let file =
        rig.tokens.file() + &entry("second", &second, Some("acme")) + &entry("late", &late, Some("late"));
    std::fs::write(rig.path("tokens.toml"), file).expect("there is room");
    until(async || rig.post(&second, &request).await.status == 200).await;
    rig.until_analysed(&rig.tokens.acme, SPANS).await;

    let said =
        "the tenant \"late\" was not there when the daemon started; restart the daemon to give it room";
    let reply = rig.post(&late, &request).await;
    assert_eq!(reply.status, 403);
    assert!(
        reply.text().contains("late") && reply.text().contains("restart the daemon"),
        "{}",
        reply.text()
    );
    let reply = rig.call(&late, EXPORT, b"").await;
    assert_eq!(reply.get("grpc-status"), "7");
    assert!(
        reply.get("grpc-message").contains(said),
        "{}",
        reply.get("grpc-message")
    );
    let reply = rig.get(&late, "/api/v1/hotspots").await;
    assert_eq!(reply.status, 403);
    assert!(
        reply.json()["detail"].as_str().expect("words").contains(said),
        "{}",
        reply.text()
    );
    let metrics = rig.get(&rig.tokens.none, "/metrics").await.text();
    assert!(
        metrics.contains("hotspan_requests_denied_total{reason=\"tenant\"} 3"),
        "{metrics}"
    );

    let rig = rig.restart().await;
    assert_eq!(rig.post(&late, &request).await.status, 200, "now it has room");
    rig.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_names_a_tenant_only_where_it_is_trusted_and_the_credential_is_of_none() {
    for (trusts, of_none, of_acme) in [("true", "bolt", 403), ("false", "null", 200)] {
        let rig = Rig::start(&[("in_memory", "true"), ("trust_header", trusts)]).await;
        let ask = async |token: &Token, tenant: &str| {
            let headers = [("authorization", &*bearer(token)), ("x-scope-orgid", tenant)];
            rig.ask("GET", "/api/v1/status", &headers, "").await
        };
        let reply = ask(&rig.tokens.none, "bolt").await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.json()["tenant"].as_str().unwrap_or("null"), of_none);
        assert_eq!(ask(&rig.tokens.acme, "bolt").await.status, of_acme);
        assert_eq!(ask(&rig.tokens.acme, "acme").await.json()["tenant"], "acme");
        let unknown = ask(&rig.tokens.none, "nobody").await;
        assert_eq!(unknown.status, of_acme, "{}", unknown.text());
        rig.daemon.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s5_a_tenant_over_its_rate_is_told_to_wait_and_the_other_is_not() {
    let rig = Rig::start(&[("in_memory", "true"), ("tenants", "bolt:rate=1")]).await;
    let request = queries("any", 7, now());
    rig.send(&rig.tokens.bolt, &request).await;
    let reply = rig.post(&rig.tokens.bolt, &request).await;
    assert_eq!(reply.status, 429, "{}", reply.text());
    assert!(!reply.get("retry-after").is_empty());
    let reply = rig.call(&rig.tokens.bolt, EXPORT, b"").await;
    assert_eq!(reply.get("grpc-status"), "14");
    for token in [&rig.tokens.acme, &rig.tokens.none] {
        for _ in 0..3 {
            rig.send(token, &request).await;
        }
    }
    let metrics = rig.get(&rig.tokens.bolt, "/metrics").await.text();
    let refused = "hotspan_requests_refused_total{transport=\"http\",reason=\"over_rate\"} 1";
    assert!(metrics.contains(refused), "{metrics}");
    rig.daemon.stop().await;
}
