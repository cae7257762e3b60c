//! What a daemon found and what people said of it is there when it starts again: after a shutdown, after a crash, with
//! more or fewer shards; and whatever becomes of the store, spans are taken.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use hotspan_daemon::{Config, Daemon, Layers, Origin};
use hotspan_model::{Fingerprint, Hotspot, Note, State};
use hotspan_testkit::demo::Shop;
use hotspan_testkit::sender::Sender;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{interval, timeout};

const PATIENCE: Duration = Duration::from_secs(60);
const REQUESTS: u64 = 60;

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
        ("shards", "1"),
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

/// Requests of the demo shop, from `from` on; gives how many spans they have.
async fn send(daemon: &Daemon, from: u64) -> u64 {
    let mut sender = Sender::connect(&format!("http://{}", daemon.addresses().otlp_grpc))
        .await
        .expect("it listens");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = u64::try_from(now.expect("it is after 1970").as_nanos()).expect("it is before 2554");
    let (shop, mut spans) = (Shop::new(7), 0);
    for n in from..from + REQUESTS {
        for request in shop.request(n, now).requests {
            let scopes = request.resource_spans.iter().flat_map(|of| &of.scope_spans);
            spans += scopes.map(|scope| scope.spans.len() as u64).sum::<u64>();
            sender.send(request).await.expect("it is taken");
        }
    }
    spans
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

/// What must survive: which hotspots, of how many traces, in which state, with whose note.
type Kept = Vec<(Fingerprint, String, u64, State, Option<Note>)>;

fn kept(hotspots: &[Hotspot]) -> Kept {
    let mut kept: Kept = hotspots
        .iter()
        .map(|of| (of.id, of.title.clone(), of.traces, of.state, of.note.clone()))
        .collect();
    kept.sort_by_key(|of| of.0);
    kept
}

fn found(daemon: &Daemon) -> Kept {
    kept(&daemon.view().answers.hotspots)
}

/// Sends requests and waits until all of them are analysed.
async fn feed(daemon: &Daemon, from: u64) {
    let before = daemon.view().status.counts.received;
    let all = before + send(daemon, from).await;
    until("the analysis", || {
        let counts = daemon.view().status.counts;
        all <= counts.received && counts.open == 0
    })
    .await;
}

async fn post(at: SocketAddr, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(at).await.expect("it listens");
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("it reads");
    stream.write_all(body.as_bytes()).await.expect("it reads");
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).await.expect("it answers");
    String::from_utf8_lossy(&reply).into_owned()
}

/// Acknowledges the first hotspot, and says which it is.
async fn acknowledge(daemon: &Daemon) -> Fingerprint {
    let id = daemon.view().answers.hotspots[0].id;
    let path = format!("/api/v1/hotspots/{id}/state");
    let said = r#"{"state": "acknowledged", "reason": "ticket 7", "by": "ann"}"#;
    let reply = post(daemon.addresses().listen, &path, said).await;
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    id
}

async fn until_stored(daemon: &Daemon) {
    let last = daemon.view().answers.coverage.last;
    until("a commit", || daemon.view().status.storage.saved >= last).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hotspots_and_notes_come_back_after_a_shutdown_whatever_the_number_of_shards() {
    let dir = tempfile::tempdir().expect("there is room");
    let daemon = start(dir.path(), &[]).await;
    feed(&daemon, 0).await;
    let noted = acknowledge(&daemon).await;
    until("the note", || found(&daemon).iter().any(|of| of.4.is_some())).await;
    let mut before = found(&daemon);
    assert!(before.len() >= 5, "the faults are found at all");
    daemon.stop().await;
    for shards in ["1", "2", "1"] {
        let daemon = start(dir.path(), &[("shards", shards)]).await;
        until("the first view", || !daemon.view().answers.hotspots.is_empty()).await;
        assert_eq!(found(&daemon), before, "{shards} shards");
        assert!(daemon.view().status.storage.is_kept);
        feed(&daemon, REQUESTS).await;
        let traces = |kept: &Kept| kept.iter().map(|of| of.2).sum::<u64>();
        until("more traces", || traces(&found(&daemon)) > traces(&before)).await;
        before = found(&daemon);
        daemon.stop().await;
    }
    let note = before.iter().find(|of| of.0 == noted).and_then(|of| of.4.clone());
    assert_eq!(
        note.map(|note| (note.reason, note.by)),
        Some(("ticket 7".to_owned(), "ann".to_owned()))
    );
}

/// The files as a crash leaves them: what was committed is there, though nobody closed anything.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_stored_is_there_after_a_crash() {
    let (dir, crashed) = (
        tempfile::tempdir().expect("room"),
        tempfile::tempdir().expect("room"),
    );
    let daemon = start(dir.path(), &[]).await;
    feed(&daemon, 0).await;
    acknowledge(&daemon).await;
    until_stored(&daemon).await;
    let before = found(&daemon);
    for entry in fs::read_dir(dir.path()).expect("it is there") {
        let entry = entry.expect("it is there");
        fs::copy(entry.path(), crashed.path().join(entry.file_name())).expect("there is room");
    }
    let again = start(crashed.path(), &[]).await;
    until("the first view", || !again.view().answers.hotspots.is_empty()).await;
    assert_eq!(found(&again), before);
    again.stop().await;
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_daemon_on_one_directory_is_refused_and_the_first_goes_on() {
    let dir = tempfile::tempdir().expect("there is room");
    let first = start(dir.path(), &[]).await;
    let refused = Daemon::start(&config(dir.path(), &[]))
        .await
        .expect_err("it is taken")
        .to_string();
    assert!(
        refused.contains("data_dir") && refused.contains("another hotspan"),
        "{refused}"
    );
    feed(&first, 0).await;
    first.stop().await;
    start(dir.path(), &[]).await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_store_is_moved_aside_and_told_and_the_daemon_runs() {
    let dir = tempfile::tempdir().expect("there is room");
    fs::write(
        dir.path().join(hotspan_store::FILE),
        "no database at all".repeat(100),
    )
    .expect("there is room");
    let daemon = start(dir.path(), &[]).await;
    feed(&daemon, 0).await;
    let storage = daemon.view().status.storage.clone();
    assert!(storage.moved_aside.contains("hotspan.db.corrupt-"), "{storage:?}");
    until_stored(&daemon).await;
    let before = found(&daemon);
    daemon.stop().await;
    let again = start(dir.path(), &[]).await;
    until("the first view", || !again.view().answers.hotspots.is_empty()).await;
    assert_eq!(found(&again), before);
    assert_eq!(again.view().status.storage.moved_aside, "");
    again.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_place_to_write_spans_are_taken_and_answers_given_and_it_is_told() {
    let dir = tempfile::tempdir().expect("there is room");
    let daemon = start(dir.path(), &[]).await;
    // Another writer that never ends, as a full or broken disk never ends: commits fail after some seconds.
    let blocker = rusqlite::Connection::open(dir.path().join(hotspan_store::FILE)).expect("it is there");
    blocker
        .execute_batch("BEGIN IMMEDIATE")
        .expect("nobody writes yet");
    feed(&daemon, 0).await;
    until("the failure", || !daemon.view().status.storage.failing.is_empty()).await;
    assert!(found(&daemon).len() >= 5, "answers are given");
    feed(&daemon, REQUESTS).await;
    blocker.execute_batch("ROLLBACK").expect("it was begun");
    drop(blocker);
    until("the recovery", || daemon.view().status.storage.failing.is_empty()).await;
    let before = found(&daemon);
    daemon.stop().await;
    let again = start(dir.path(), &[]).await;
    until("the first view", || !again.view().answers.hotspots.is_empty()).await;
    assert_eq!(found(&again), before, "what could not be written was not lost");
    again.stop().await;
}
