//! With `ack=wal` what was acknowledged is there after a crash, once, and in no other state than if nothing had happened.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hotspan_daemon::{Config, Daemon, Layers, Origin, RecordedLog};
use hotspan_hotspots::{Hotspots, Row};
use hotspan_model::{LocalDictionary, ParamKey, TableSeed};
use hotspan_store::{DataDir, Known, Store};
use hotspan_testkit::demo::Shop;
use hotspan_testkit::sender::Sender;
use tokio::time::{interval, timeout};

const PATIENCE: Duration = Duration::from_secs(60);
const KEY: [u8; 16] = [0x11; 16];

fn config(dir: &Path, more: &[(&str, &str)]) -> Config {
    let mut layers = Layers::default();
    let dir = dir.to_str().expect("a test directory has a plain name");
    for (key, value) in [
        ("otlp_grpc", "127.0.0.1:0"),
        ("otlp_http", "127.0.0.1:0"),
        ("listen", "127.0.0.1:0"),
        ("complete_quiet", "300ms"),
        ("root_quiet", "600ms"),
        ("rootless_quiet", "900ms"),
        ("store_interval", "50ms"),
        ("wal_group", "1ms"),
        ("shards", "1"),
        ("parameter_key", "11111111111111111111111111111111"),
        ("ack", "wal"),
        ("data_dir", dir),
    ]
    .iter()
    .chain(more)
    {
        layers.set(Origin::Flag, key, value);
    }
    Config::read(&layers).expect("the flags are valid")
}

async fn start(dir: &Path, more: &[(&str, &str)]) -> Daemon {
    Daemon::start(&config(dir, more)).await.expect("it starts")
}

/// Waits until something holds.
async fn until(what: &str, holds: impl Fn() -> bool) {
    let waited = timeout(PATIENCE, async {
        let mut pace = interval(Duration::from_millis(20));
        while !holds() {
            pace.tick().await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("{what} did not come"));
}

/// Requests of the demo shop; gives how many spans they have.
async fn send(daemon: &Daemon, numbers: std::ops::Range<u64>) -> u64 {
    let mut sender = Sender::connect(&format!("http://{}", daemon.addresses().otlp_grpc))
        .await
        .expect("it listens");
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("it is after 1970");
    let now = u64::try_from(now.as_nanos()).expect("it is before 2554");
    let (shop, mut spans) = (Shop::new(7), 0);
    for n in numbers {
        for request in shop.request(n, now).requests {
            let scopes = request.resource_spans.iter().flat_map(|of| &of.scope_spans);
            spans += scopes.map(|scope| scope.spans.len() as u64).sum::<u64>();
            sender.send(request).await.expect("it is taken");
        }
    }
    spans
}

async fn until_ready(daemon: &Daemon) {
    until("the replay", || {
        daemon.view().status.log.as_ref().is_some() && daemon.is_ready()
    })
    .await;
}

async fn until_decided(daemon: &Daemon, spans: u64) {
    until("the analysis", || {
        let counts = daemon.view().status.counts;
        spans <= counts.received && counts.open == 0
    })
    .await;
}

/// A directory as a crash leaves it: what was written is there, though nobody closed anything.
fn crashed(dir: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().expect("there is room");
    copy(dir, to.path());
    to
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("there is room");
    for entry in fs::read_dir(from).expect("it is there") {
        let entry = entry.expect("it is there");
        let to = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to),
            // What is removed meanwhile would be gone after a crash, too.
            false => drop(fs::copy(entry.path(), to)),
        }
    }
}

type Rows = BTreeMap<(u8, u128), Option<Vec<u8>>>;

fn by_key(rows: Vec<Row>) -> Rows {
    rows.into_iter()
        .map(|row| ((row.kind.code(), row.key), row.value))
        .collect()
}

/// What the store of a stopped daemon holds.
fn stored(dir: &Path) -> Rows {
    let (store, _) = Store::open(DataDir::lock(dir).expect("it is free"), UNIX_EPOCH).expect("it is whole");
    let ids = hotspan_pipeline::catalogue().into_iter().map(|meta| meta.id);
    let (mut known, mut dictionary) = (Known::new(ids), LocalDictionary::default());
    let settings = hotspan_hotspots::Settings::default();
    let loaded = store.load(&settings, TableSeed::default(), 1, &mut dictionary, &mut known);
    let mut shards: Vec<Hotspots> = loaded.expect("it is read").shards;
    let mut rows = Vec::new();
    shards[0]
        .snapshot()
        .changes(None, &dictionary, |row| rows.push(row));
    by_key(rows)
}

/// What a log says, from its first record on.
fn said(log: &Path) -> Rows {
    let config = config(log, &[]);
    let mut log = RecordedLog::read(log, &config, ParamKey(KEY)).expect("it is whole");
    assert_eq!(log.undecodable(), 0);
    by_key(log.rows())
}

fn assert_same(found: &Rows, expected: &Rows) {
    let other = expected
        .iter()
        .filter(|(key, value)| found.get(*key) != Some(*value))
        .count();
    assert_eq!(
        (found.len(), other),
        (expected.len(), 0),
        "rows that are not those of an uninterrupted run"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_after_a_crash_bit_for_bit() {
    let dir = tempfile::tempdir().expect("there is room");
    let daemon = start(dir.path(), &[]).await;
    until_ready(&daemon).await;
    send(&daemon, 0..40).await;
    // Nothing of the last requests is decided or stored.
    let crashed = crashed(dir.path());
    daemon.stop().await;
    let again = start(crashed.path(), &[]).await;
    until_ready(&again).await;
    let more = send(&again, 40..60).await;
    until_decided(&again, more).await;
    let archive = tempfile::tempdir().expect("there is room");
    copy(&dir.path().join("log"), archive.path());
    copy(&crashed.path().join("log"), archive.path());
    again.stop().await;
    copy(&crashed.path().join("log"), archive.path());
    let (found, expected) = (stored(crashed.path()), said(archive.path()));
    assert!(expected.len() > 100, "something is found");
    assert_same(&found, &expected);
}
