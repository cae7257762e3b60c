//! Room: one tenant's flood costs another nothing; each has a store of its own.

use serde_json::{Value, json};

use crate::faults::{SPANS, crowd, queries};
use crate::rig::{Rig, now, until};

/// Requests of the flood, and spans of each: more names and traces than a third of 96 MiB has room for.
const REQUESTS: u64 = 40;
const CROWD: u64 = 2_000;
/// Traces of the quiet tenant.
const TRACES: u64 = 10;

/// What is the same whenever it is sent: each hotspot with what it counts, each operation with its calls.
async fn figures(rig: &Rig, token: &hotspan_access::Token) -> Value {
    let hotspots = rig.get(token, "/api/v1/hotspots?min_confidence=0").await.json();
    let operations = rig.get(token, "/api/v1/operations").await.json();
    let pick = |rows: &Value, names: &[&str]| -> Value {
        let rows = rows.as_array().expect("rows").iter();
        rows.map(|row| names.iter().map(|name| row[*name].clone()).collect::<Value>())
            .collect()
    };
    json!([
        pick(
            &hotspots["hotspots"],
            &["id", "detector", "title", "traces", "service", "operation"]
        ),
        pick(&operations["operations"], &["service", "operation", "traces"]),
    ])
}

async fn quiet(rig: &Rig, n: u64) {
    rig.send(
        &rig.tokens.acme,
        &queries("quiet", u128::from(7 + n), 1_750_000_000_000_000_000 + n),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_beyond_its_share_costs_the_other_tenant_nothing() {
    let keys = [("in_memory", "true"), ("memory", "96MiB")];
    let alone = Rig::start(&keys).await;
    for n in 0..TRACES {
        quiet(&alone, n).await;
    }
    alone.until_analysed(&alone.tokens.acme, TRACES * SPANS).await;
    let expected = figures(&alone, &alone.tokens.acme).await;
    alone.daemon.stop().await;
    assert!(!expected[0].as_array().expect("rows").is_empty(), "{expected}");

    let rig = Rig::start(&keys).await;
    let (mut taken, mut refused) = (0, 0);
    for n in 0..REQUESTS {
        let reply = rig
            .post(&rig.tokens.bolt, &crowd("loud", n * CROWD, CROWD, now()))
            .await;
        match reply.status {
            200 => taken += 1,
            503 => refused += 1,
            other => panic!("{other}: {}", reply.text()),
        }
        if n % (REQUESTS / TRACES) == 0 {
            quiet(&rig, n / (REQUESTS / TRACES)).await;
        }
    }
    let status = rig.until_analysed(&rig.tokens.acme, TRACES * SPANS).await;
    assert_eq!(status["spans"]["received"], TRACES * SPANS);
    let dropped = status["spans"]["dropped"].as_object().expect("reasons");
    assert!(dropped.values().all(|count| count == 0), "{status}");
    let overflow = status["overflow"].as_object().expect("kinds");
    assert!(overflow.values().all(|count| count == 0), "{status}");
    assert!(
        status["requests"][1]["refused"]
            .as_array()
            .expect("reasons")
            .is_empty(),
        "{status}"
    );
    assert_eq!(figures(&rig, &rig.tokens.acme).await, expected);

    // The flood was more than the other's room, or nothing is shown.
    let loud = rig.get(&rig.tokens.bolt, "/api/v1/status").await.json();
    let full = loud["overflow"]
        .as_object()
        .expect("kinds")
        .values()
        .any(|count| count != 0);
    assert!(full, "{taken} taken, {refused} refused: {loud}");
    rig.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stores_are_files_of_their_own_and_come_back_after_a_restart() {
    let rig = Rig::start(&[("data_dir", "FOLDER/data")]).await;
    let tokens = [&rig.tokens.acme, &rig.tokens.bolt, &rig.tokens.none];
    for (token, name) in tokens.into_iter().zip(["acmecanary", "boltcanary", "nonecanary"]) {
        for n in 0..5 {
            rig.send(token, &queries(name, n + 1, now())).await;
        }
        rig.until_analysed(token, 5 * SPANS).await;
    }
    let before = [
        figures(&rig, tokens[0]).await,
        figures(&rig, tokens[1]).await,
        figures(&rig, tokens[2]).await,
    ];
    let rig = rig.restart().await;
    let tokens = [&rig.tokens.acme, &rig.tokens.bolt, &rig.tokens.none];
    for (token, before) in tokens.into_iter().zip(before) {
        until(async || rig.get(token, "/readyz").await.status == 200).await;
        assert!(!before[0].as_array().expect("rows").is_empty());
        assert_eq!(figures(&rig, token).await, before);
    }
    let folder = rig.path("data");
    rig.daemon.stop().await;
    for (dir, own) in [
        ("", "nonecanary"),
        ("tenants/acme", "acmecanary"),
        ("tenants/bolt", "boltcanary"),
    ] {
        let bytes = std::fs::read(folder.join(dir).join(hotspan_store::FILE)).expect("a file");
        for canary in ["acmecanary", "boltcanary", "nonecanary"] {
            let is_in = bytes.windows(canary.len()).any(|part| part == canary.as_bytes());
            assert_eq!(is_in, canary == own, "{canary} in {dir:?}");
        }
    }
}
