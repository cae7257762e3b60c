//! Answers: each tenant sees its own by every surface, and nothing else.

use serde_json::{Value, json};

use crate::faults::{SPANS, calls, queries};
use crate::rig::{Rig, now};
use crate::surfaces::{Subject, everything};

const TRACE: u128 = 0x00ab_cdef;
/// So few that all are held as evidence.
const TRACES: u128 = 3;
const ACME: &str = "acmecanary";
const BOLT: &str = "boltcanary";

/// Both send traces of the same ids; acme's ask a database, bolt's another company.
async fn fed() -> Rig {
    let rig = Rig::start(&[("in_memory", "true")]).await;
    for n in 0..TRACES {
        rig.send(&rig.tokens.acme, &queries(ACME, TRACE + n, now())).await;
        rig.send(&rig.tokens.bolt, &calls(BOLT, TRACE + n, now())).await;
    }
    for token in [&rig.tokens.acme, &rig.tokens.bolt] {
        let spans = SPANS * u64::try_from(TRACES).expect("few");
        let status = rig.until_analysed(token, spans).await;
        assert_eq!(status["spans"]["received"], spans);
    }
    rig
}

/// The detectors of a tenant's hotspots, and the id of the first hotspot.
async fn found(rig: &Rig, token: &hotspan_access::Token) -> (Vec<String>, String) {
    let list = rig.get(token, "/api/v1/hotspots?min_confidence=0").await.json();
    let rows = list["hotspots"].as_array().expect("rows");
    let detectors = rows
        .iter()
        .map(|row| row["detector"].as_str().expect("a detector").to_owned());
    (
        detectors.collect(),
        rows[0]["id"].as_str().expect("an id").to_owned(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_trace_id_is_two_traces_and_each_tenant_sees_its_own_by_every_surface() {
    let rig = fed().await;
    let (of_acme, acme_first) = found(&rig, &rig.tokens.acme).await;
    let (of_bolt, bolt_first) = found(&rig, &rig.tokens.bolt).await;
    assert!(of_acme.contains(&"n-plus-one-query".to_owned()), "{of_acme:?}");
    assert!(!of_bolt.contains(&"n-plus-one-query".to_owned()), "{of_bolt:?}");
    let trace = format!("{TRACE:032x}");
    let subject = |hotspot: &str, name: &str| Subject {
        hotspot: hotspot.to_owned(),
        trace: trace.clone(),
        service: format!("{name}-shop"),
    };
    for (token, hotspot, own, other) in [
        (&rig.tokens.acme, &acme_first, ACME, BOLT),
        (&rig.tokens.bolt, &bolt_first, BOLT, ACME),
    ] {
        let answers = everything(&rig, token, &subject(hotspot, own)).await;
        for (what, text) in &answers {
            assert!(!text.contains(other), "{what} of {own} shows {other}: {text}");
        }
        let shows = answers.iter().filter(|(_, text)| text.contains(own)).count();
        assert!(
            shows >= 40,
            "only {shows} of {} answers show {own} at all",
            answers.len()
        );
        for what in [
            format!("GET /api/v1/traces/{trace}"),
            format!("GET /jaeger/api/traces/{trace}"),
            format!("GET /jaeger/api/v3/traces/{trace}"),
            format!("GET /tempo/api/v2/traces/{trace}"),
            "GET /metrics".to_owned(),
            "MCP get_spans".to_owned(),
            "MCP list_hotspots".to_owned(),
            "gRPC /hotspan.v1.Hotspots/List".to_owned(),
            "gRPC /hotspan.v1.Traces/Get".to_owned(),
            "gRPC /jaeger.api_v3.QueryService/GetTrace".to_owned(),
        ] {
            let answer = answers.iter().find(|(asked, _)| *asked == what);
            let (_, text) = answer.unwrap_or_else(|| panic!("{what} is asked"));
            assert!(text.contains(own), "{what} does not show {own}: {text}");
        }
    }
    // Who knows the ids of another finds nothing by them, and what belongs to no tenant is empty.
    for token in [&rig.tokens.bolt, &rig.tokens.none] {
        let answers = everything(&rig, token, &subject(&acme_first, ACME)).await;
        for (what, text) in &answers {
            let answer = text.replace(&format!("{ACME}-shop"), "the service that was asked for");
            assert!(!answer.contains(ACME), "{what} shows {ACME}: {text}");
        }
        let reply = rig.get(token, &format!("/api/v1/hotspots/{acme_first}")).await;
        assert_eq!(reply.status, 404);
    }
    let status = rig.get(&rig.tokens.none, "/api/v1/status").await.json();
    assert_eq!(
        (&status["spans"]["received"], &status["tenant"]),
        (&json!(0), &Value::Null)
    );
    rig.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_say_of_a_hotspot_counts_for_their_tenant_alone() {
    let rig = Rig::start(&[("in_memory", "true")]).await;
    let tokens = [&rig.tokens.acme, &rig.tokens.bolt];
    for token in tokens {
        for n in 0..3 {
            rig.send(token, &queries("both", TRACE + n, now())).await;
        }
        rig.until_analysed(token, 3 * SPANS).await;
    }
    let (_, id) = found(&rig, tokens[0]).await;
    assert_eq!(
        found(&rig, tokens[1]).await.1,
        id,
        "the same fault has one id everywhere"
    );
    let said = json!({"state": "acknowledged", "reason": "ticket 7", "by": "ann"});
    let path = format!("/api/v1/hotspots/{id}");
    let reply = rig.tell(tokens[0], &format!("{path}/state"), &said).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let states = [
        rig.get(tokens[0], &path).await.json(),
        rig.get(tokens[1], &path).await.json(),
    ];
    assert_eq!(states[0]["state"], "acknowledged");
    assert_ne!(states[1]["state"], "acknowledged");
    assert!(!states[1].to_string().contains("ticket 7"));
    rig.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_knows_of_one_tenant_is_not_taken_for_the_answer_of_another() {
    let rig = fed().await;
    for path in ["/api/v1/hotspots", "/api/v1/status", "/api/v1/services"] {
        let of_acme = rig.get(&rig.tokens.acme, path).await;
        let of_bolt = rig.get(&rig.tokens.bolt, path).await;
        assert!(
            of_acme.get("etag").ends_with(".acme\""),
            "{}",
            of_acme.get("etag")
        );
        assert!(
            of_bolt.get("etag").ends_with(".bolt\""),
            "{}",
            of_bolt.get("etag")
        );
        assert_eq!(of_acme.get("cache-control"), "no-store", "{path}");
    }
    rig.daemon.stop().await;
}
