//! The traces that hotspots show outlive the process: after a restart every view of them answers as before, and nothing
//! literal of them reaches the file.

mod rig;

use hotspan_daemon::Daemon;
use serde_json::{Value, json};

use crate::rig::{
    feed, feed_shop, get, shown_by_hotspots, start, status_of, until, until_shown, until_stored,
};

async fn hotspot(daemon: &Daemon) -> String {
    let listed = get(daemon, "/api/v1/hotspots?detector=n-plus-one-query").await;
    let id = listed["hotspots"][0]["id"].as_str().expect("it is there");
    id.to_owned()
}

/// Everything that shows these traces.
async fn shown(daemon: &Daemon, ids: &[String]) -> Vec<(String, Value)> {
    let hotspot = hotspot(daemon).await;
    let mut shown = Vec::new();
    for path in ids.iter().flat_map(|id| {
        [
            format!("/api/v1/traces/{id}"),
            format!("/jaeger/api/traces/{id}"),
            format!("/jaeger/api/v3/traces/{id}"),
            format!("/tempo/api/v2/traces/{id}"),
        ]
    }) {
        let answer = get(daemon, &path).await;
        shown.push((path, answer));
    }
    let path = format!("/api/v1/hotspots/{hotspot}");
    let of = get(daemon, &path).await;
    let waterfalls = of["waterfalls"].as_array().expect("it is a list");
    let replays = of["before_after"].as_array().expect("it is a list");
    assert!(
        waterfalls.len() == ids.len() && replays.iter().any(|of| of["replay"].is_object()),
        "{of}"
    );
    let proof = json!([of["waterfalls"], of["before_after"]]);
    shown.push((path, proof));
    for path in [
        "/api/v1/traces?detector=n-plus-one-query",
        "/jaeger/api/traces?service=orders",
        "/tempo/api/search?q=%7Bspan.hotspan.detector=%22n-plus-one-query%22%7D",
    ] {
        let listed = get(daemon, path).await.to_string();
        for id in ids {
            assert!(listed.contains(id.trim_start_matches('0')), "{path}: {listed}");
        }
    }
    shown
}

#[tokio::test(flavor = "multi_thread")]
async fn every_view_of_a_trace_answers_after_a_restart_as_before() {
    let dir = tempfile::tempdir().expect("there is room");
    let daemon = start(dir.path(), &[]).await;
    let ids = feed(&daemon, 0xfeed).await;
    let before = shown(&daemon, &ids).await;
    until_stored(&daemon).await;
    daemon.stop().await;
    for shards in ["1", "2", "1"] {
        let daemon = start(dir.path(), &[("shards", shards)]).await;
        until_shown(&daemon).await;
        let after = shown(&daemon, &ids).await;
        for ((path, before), (_, after)) in before.iter().zip(&after) {
            assert_eq!(before, after, "{path} with {shards} shards");
        }
        let storage = get(&daemon, "/api/v1/status").await["storage"].clone();
        assert_eq!(
            storage["exemplars"].as_u64(),
            Some(shown_by_hotspots(&daemon)),
            "{storage}"
        );
        assert_eq!(storage["exemplars_unreadable"], 0, "{storage}");
        let file = storage["file"].as_str().expect("it is a text");
        assert!(
            file.ends_with(hotspan_store::FILE) && storage["rows"].as_u64() > Some(0),
            "{storage}"
        );
        daemon.stop().await;
    }
    let left = std::fs::read_dir(dir.path()).expect("it is there");
    let journals = left
        .filter_map(|of| of.ok()?.file_name().into_string().ok())
        .filter(|of| of.contains(".db-"));
    assert_eq!(
        journals.collect::<Vec<_>>(),
        [""; 0],
        "a stopped daemon leaves one file"
    );
}

/// Those of detectors that compare traces are in no aggregate of a shard.
#[tokio::test(flavor = "multi_thread")]
async fn the_evidence_of_every_detector_is_there_after_a_restart() {
    let dir = tempfile::tempdir().expect("there is room");
    let timers = [("root_quiet", "600ms"), ("rootless_quiet", "900ms")];
    let daemon = start(dir.path(), &timers).await;
    feed_shop(&daemon, 300).await;
    until_stored(&daemon).await;
    let view = daemon.view();
    let over_traces: Vec<&str> = hotspan_hotspots::catalogue().iter().map(|meta| meta.id).collect();
    let hotspots = &view.answers.hotspots;
    let found: Vec<&str> = hotspots
        .iter()
        .filter(|of| !of.evidence.is_empty())
        .map(|of| of.detector)
        .collect();
    assert!(found.iter().any(|of| over_traces.contains(of)), "{found:?}");
    daemon.stop().await;
    let daemon = start(dir.path(), &[]).await;
    until_shown(&daemon).await;
    for hotspot in hotspots {
        for evidence in &hotspot.evidence {
            let status = status_of(&daemon, &evidence.trace.to_string()).await;
            assert_eq!(status, 200, "{} {:?}", hotspot.detector, evidence.role);
        }
    }
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_literal_reaches_the_file() {
    let dir = tempfile::tempdir().expect("there is room");
    let daemon = start(dir.path(), &[]).await;
    let ids = feed(&daemon, 0xfeed).await;
    until_stored(&daemon).await;
    daemon.stop().await;
    let file = dir.path().join(hotspan_store::FILE);
    let mut all = std::fs::read(&file).expect("it is there");
    let mut traces = 0;
    let connection = rusqlite::Connection::open(&file).expect("it is a database");
    let mut statement = connection
        .prepare("SELECT size, value FROM trace")
        .expect("it has traces");
    let mut rows = statement.query([]).expect("it has traces");
    while let Some(row) = rows.next().expect("it is readable") {
        let (size, value): (usize, Vec<u8>) = (row.get(0).expect("a size"), row.get(1).expect("bytes"));
        let trace = zstd::bulk::decompress(&value, size).expect("it is compressed");
        let holds = |what: &str| trace.windows(what.len()).any(|bytes| bytes == what.as_bytes());
        for key in [
            "shop.customer",
            "user.email",
            "exception.message",
            "(redacted)",
            "/orders",
        ] {
            assert!(holds(key), "{key} is kept");
        }
        all.extend(trace);
        traces += 1;
    }
    assert!(ids.len() as u64 <= traces, "{traces} traces");
    for secret in ["planted", "4711", "203.0.113.77"] {
        let at = all
            .windows(secret.len())
            .position(|bytes| bytes == secret.as_bytes());
        let around = at.map(|at| String::from_utf8_lossy(&all[at.saturating_sub(60)..at + 40]).into_owned());
        assert_eq!(around, None, "{secret} is in the file");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_trace_is_not_held_and_counted_and_the_others_answer() {
    let dir = tempfile::tempdir().expect("there is room");
    let daemon = start(dir.path(), &[]).await;
    let ids = feed(&daemon, 0xfeed).await;
    until_stored(&daemon).await;
    daemon.stop().await;
    let id = u128::from_str_radix(&ids[0], 16)
        .expect("it is hex")
        .to_be_bytes();
    let connection = rusqlite::Connection::open(dir.path().join(hotspan_store::FILE)).expect("it is there");
    let damaged = connection.execute(
        "UPDATE trace SET value = CAST(substr(value, 1, 40) || x'a5a5' || substr(value, 43) AS BLOB) WHERE id = ?1",
        [id],
    );
    assert_eq!(damaged.expect("it can be written"), 1);
    drop(connection);
    let daemon = start(dir.path(), &[]).await;
    until_shown(&daemon).await;
    assert_eq!(status_of(&daemon, &ids[0]).await, 404);
    assert_eq!(status_of(&daemon, &ids[1]).await, 200);
    until("the count", async || {
        let storage = &get(&daemon, "/api/v1/status").await["storage"];
        (storage["exemplars_unreadable"] == 1).then_some(())
    })
    .await;
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_that_became_smaller_takes_traces_and_leaves_hotspots() {
    let dir = tempfile::tempdir().expect("there is room");
    let daemon = start(dir.path(), &[]).await;
    let ids = feed(&daemon, 0xfeed).await;
    until_stored(&daemon).await;
    let hotspots = daemon.view().answers.hotspots.len();
    daemon.stop().await;
    let daemon = start(dir.path(), &[("store_exemplars_max", "0")]).await;
    until_shown(&daemon).await;
    until("the end of the traces", async || {
        (daemon.view().status.storage.exemplars == 0).then_some(())
    })
    .await;
    assert_eq!(status_of(&daemon, &ids[0]).await, 404);
    assert_eq!(daemon.view().answers.hotspots.len(), hotspots);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_the_first_schema_is_taken_on_and_keeps_traces_from_then_on() {
    let dir = tempfile::tempdir().expect("there is room");
    let daemon = start(dir.path(), &[]).await;
    let ids = feed(&daemon, 0xfeed).await;
    daemon.stop().await;
    // As the program before wrote it: no table of traces.
    let connection = rusqlite::Connection::open(dir.path().join(hotspan_store::FILE)).expect("it is there");
    connection
        .execute_batch("DROP TABLE trace; PRAGMA user_version = 1")
        .expect("it can be written");
    drop(connection);
    let daemon = start(dir.path(), &[]).await;
    until_shown(&daemon).await;
    assert_eq!(status_of(&daemon, &ids[0]).await, 404);
    let ids = feed(&daemon, 0xbeef).await;
    daemon.stop().await;
    let daemon = start(dir.path(), &[]).await;
    until_shown(&daemon).await;
    assert_eq!(status_of(&daemon, &ids[0]).await, 200);
    daemon.stop().await;
}
