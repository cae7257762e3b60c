//! What people say of hotspots: taken, shown everywhere, refused in words.

use std::net::SocketAddr;

use hotspan_proto::v1::hotspots_client::HotspotsClient;
use hotspan_proto::v1::{GetHotspotRequest, SetStateRequest, State};
use serde_json::{Value, json};
use tonic::Code;

use crate::client::{Reply, get, post, send};
use crate::sample::hotspot;
use crate::world::World;

const JSON: &str = "content-type: application/json\r\n";

fn path(rank: u32) -> String {
    format!("/api/v1/hotspots/{}/state", hotspot(rank).id)
}

async fn say(at: SocketAddr, rank: u32, said: Value) -> Reply {
    post(at, &path(rank), JSON, &said.to_string()).await
}

async fn total(at: SocketAddr, query: &str) -> Value {
    get(at, &format!("/api/v1/hotspots?{query}")).await.json()["total"].clone()
}

/// Ids of everything in the audit's changes, and in its breaks.
async fn audited(at: SocketAddr) -> (String, String) {
    let audit = get(at, "/api/v1/audit").await.json();
    (audit["interventions"].to_string(), audit["breaks"].to_string())
}

#[tokio::test]
async fn what_is_acknowledged_is_listed_with_who_and_why_and_calls_for_nothing() {
    let at = World::start().await;
    let id = hotspot(2).id.to_string();
    assert!(audited(at).await.0.contains(&id));
    let said = say(
        at,
        2,
        json!({"state": "acknowledged", "reason": "replaced\nin June", "by": "ann", "until": "7d"}),
    )
    .await;
    assert_eq!(said.status, 200, "{}", said.body);
    let note = json!({
        "decision": "acknowledged", "reason": "replaced in June", "by": "ann", "over": null,
        "at": "2025-11-24T16:00:00.000000000Z", "until": "2025-12-01T16:00:00.000000000Z",
    });
    assert_eq!(said.json()["note"], note);
    let list = get(at, "/api/v1/hotspots?state=acknowledged").await.json();
    assert_eq!(list["total"], 1);
    assert_eq!(list["hotspots"][0], said.json());
    let detail = get(at, &format!("/api/v1/hotspots/{id}")).await.json();
    assert_eq!(
        (&detail["state"], &detail["note"]),
        (&json!("acknowledged"), &note)
    );
    assert_eq!(total(at, "").await, 100);
    let (changes, breaks) = audited(at).await;
    assert!(!changes.contains(&id) && breaks.contains(&id));
}

#[tokio::test]
async fn what_is_muted_is_counted_and_in_no_list_that_does_not_ask_for_it() {
    let at = World::start().await;
    let id = hotspot(2).id.to_string();
    let said = say(
        at,
        2,
        json!({"state": "muted", "reason": "load test", "until": "2025-11-25T00:00:00Z"}),
    )
    .await;
    assert_eq!(
        (said.status, &said.json()["state"]),
        (200, &json!("muted")),
        "{}",
        said.body
    );
    let list = get(at, "/api/v1/hotspots?limit=1000").await;
    assert!(!list.body.contains(&format!("\"id\":\"{id}\"")));
    assert_eq!(list.json()["total"], 99);
    assert_eq!(list.json()["coverage"]["left_out"]["muted"], 1);
    assert_eq!(total(at, "min_confidence=0").await, 119);
    assert_eq!(total(at, "state=muted").await, 1);
    assert_eq!(total(at, "state=muted&state=open&state=worsening").await, 100);
    let (changes, breaks) = audited(at).await;
    assert!(!changes.contains(&id) && !breaks.contains(&id));

    let said = say(at, 2, json!({"state": "open", "reason": "", "until": null})).await;
    assert_eq!((said.status, &said.json()["state"]), (200, &json!("open")));
    assert_eq!(said.json()["note"]["decision"], Value::Null);
    assert_eq!(total(at, "").await, 100);
}

/// What is sent, the key that is refused, how its value begins, and words of what would be right; `LONG` is too long.
const REFUSED: [(&str, &str, &str, &str); 14] = [
    (r#"{"reason": "x"}"#, "state", "", "one of those allowed"),
    (r#"{"state": "mutd"}"#, "state", "mutd", "did you mean `muted`?"),
    (r#"{"state": "fixed"}"#, "state", "fixed", "one of those allowed"),
    (r#"{"state": 7}"#, "state", "7", "a text"),
    (
        r#"{"state": "open", "reasn": "x"}"#,
        "reasn",
        "\"x\"",
        "`reason`?",
    ),
    (r#"{"state": "acknowledged"}"#, "reason", "", "says why"),
    (
        r#"{"state": "acknowledged", "reason": " "}"#,
        "reason",
        " ",
        "says why",
    ),
    (
        r#"{"state": "acknowledged", "reason": "LONG"}"#,
        "reason",
        "ä",
        "500 characters",
    ),
    (r#"{"state": "open", "by": "LONG"}"#, "by", "ä", "100 characters"),
    (r#"{"state": "muted", "reason": "x"}"#, "until", "", "`7d`"),
    (
        r#"{"state": "muted", "reason": "x", "until": "soon"}"#,
        "until",
        "soon",
        "to come",
    ),
    (
        r#"{"state": "muted", "reason": "x", "until": "-1h"}"#,
        "until",
        "-1h",
        "to come",
    ),
    (
        r#"{"state": "open", "until": "2025-11-24T16:00:00Z"}"#,
        "until",
        "2025-11-24T16",
        "to come",
    ),
    (r#"{"state": "open", "until": "1h"}"#, "until", "1h", "at once"),
];

#[tokio::test]
async fn a_refusal_names_the_key_the_value_and_what_would_be_right() {
    let at = World::start().await;
    for (body, key, value, words) in REFUSED {
        let body = body.replace("LONG", &"ä".repeat(501));
        let refused = post(at, &path(2), JSON, &body).await;
        let kind = refused.header("content-type");
        assert_eq!(
            (refused.status, kind),
            (400, "application/problem+json"),
            "{body}"
        );
        let problem = refused.json();
        assert_eq!(problem["parameter"], key, "{body}");
        assert!(problem["value"].as_str().unwrap().starts_with(value), "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(words), "{problem}");
    }
    for body in ["", "null", "[]", "{", "\"state\"", "{\"state\": \"open\"} x"] {
        let refused = post(at, &path(2), JSON, body).await;
        assert_eq!(refused.status, 400, "{body}");
        assert!(refused.body.contains("one JSON object"), "{}", refused.body);
    }
    assert_eq!(total(at, "state=acknowledged&state=muted").await, 0);
}

#[tokio::test]
async fn nothing_is_said_of_what_nobody_knows_or_in_too_many_words() {
    let at = World::start().await;
    let said = json!({"state": "acknowledged", "reason": "x"}).to_string();
    for id in ["0", "ffffffffffffffffffffffffffffffff", "%ff"] {
        let refused = post(at, &format!("/api/v1/hotspots/{id}/state"), JSON, &said).await;
        assert_eq!(refused.status, 404, "{id}: {}", refused.body);
    }
    let long = json!({"state": "acknowledged", "reason": "x".repeat(20_000)}).to_string();
    let refused = post(at, &path(2), JSON, &long).await;
    assert_eq!(
        (refused.status, refused.header("content-type")),
        (413, "application/problem+json")
    );
    let refused = post(at, &format!("{}?by=ann", path(2)), JSON, &said).await;
    assert_eq!(
        (refused.status, &refused.json()["parameter"]),
        (400, &json!("by"))
    );
    for (method, of) in [
        ("GET", path(2)),
        ("PUT", path(2)),
        ("POST", "/api/v1/hotspots".to_owned()),
    ] {
        let refused = send(at, method, &of, "content-length: 0\r\n").await;
        assert_eq!(refused.status, 405, "{method} {of}");
        assert!(refused.body.contains("POST"), "{}", refused.body);
    }
}

#[tokio::test]
async fn pages_of_other_sites_change_nothing() {
    let at = World::start().await;
    let said = json!({"state": "acknowledged", "reason": "x"}).to_string();
    for (headers, status) in [
        ("", 415),
        ("content-type: text/plain\r\n", 415),
        ("content-type: application/x-www-form-urlencoded\r\n", 415),
        (
            "content-type: multipart/form-data; boundary=application/json\r\n",
            415,
        ),
        ("content-type: text/plain; application/json\r\n", 415),
        (
            "content-type: application/json\r\nsec-fetch-site: cross-site\r\n",
            403,
        ),
        (
            "content-type: application/json\r\nsec-fetch-site: same-site\r\n",
            403,
        ),
        (
            "content-type: application/json; charset=utf-8\r\nsec-fetch-site: same-origin\r\n",
            200,
        ),
        ("content-type: Application/JSON\r\n", 200),
    ] {
        let reply = post(at, &path(2), headers, &said).await;
        assert_eq!(reply.status, status, "{headers:?} {}", reply.body);
        assert_eq!(reply.header("access-control-allow-origin"), "");
    }
    let asked = "origin: https://example.com\r\naccess-control-request-method: POST\r\n";
    let preflight = send(at, "OPTIONS", &path(2), asked).await;
    assert_eq!(
        (preflight.status, preflight.header("access-control-allow-origin")),
        (405, "")
    );
}

#[tokio::test]
async fn grpc_says_and_refuses_the_same() {
    let at = World::start().await;
    let mut client = HotspotsClient::connect(format!("http://{at}")).await.unwrap();
    let id = hotspot(2).id.to_string();
    let ask = |state: State, until: &str| SetStateRequest {
        id: id.clone(),
        state: state.into(),
        reason: "load test".to_owned(),
        by: "ann".to_owned(),
        until: until.to_owned(),
    };
    let muted = client
        .set_state(ask(State::Muted, "2h"))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(muted.state(), State::Muted);
    let note = muted.note.clone().unwrap();
    assert_eq!(
        (note.decision(), note.reason(), note.by()),
        (State::Muted, "load test", "ann")
    );
    let shown = client
        .get(GetHotspotRequest {
            id: id.clone(),
            ..GetHotspotRequest::default()
        })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(shown.note, muted.note);
    for (request, words) in [
        (ask(State::Muted, ""), "`until` must be"),
        (ask(State::Fixed, ""), "`state` has no such value"),
        (ask(State::Unspecified, ""), "`state` must be one of the states"),
        (ask(State::Open, "1h"), "at once"),
    ] {
        let refused = client.set_state(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
        assert!(refused.message().contains(words), "{refused}");
    }
    let nobody = SetStateRequest {
        id: "7".to_owned(),
        ..ask(State::Open, "")
    };
    assert_eq!(client.set_state(nobody).await.unwrap_err().code(), Code::NotFound);
    let open = client.set_state(ask(State::Open, "")).await.unwrap().into_inner();
    assert_eq!(open.state(), State::Open);
}
