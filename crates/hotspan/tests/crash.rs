//! W7: a daemon with `ack=wal` is killed again and again while senders send, and at the end it holds what it would hold
//! had nothing happened: row by row what its log says from the first record on, and the list of a daemon that took the
//! same requests without a crash.
//!
//! `CRASH_ROUNDS=200 cargo test -p hotspan --test crash` is the whole; a few rounds run with all other tests.
//! `CRASH_SEED` chooses when it is killed.
#![expect(
    clippy::print_stdout,
    reason = "how much was survived is what a run of it is for"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant, UNIX_EPOCH};

use hotspan_daemon::{Config, Layers, Origin, RecordedLog};
use hotspan_hotspots::Row;
use hotspan_model::{LocalDictionary, ParamKey, TableSeed};
use hotspan_store::{DataDir, Known, Store};
use hotspan_testkit::demo::Shop;
use prost::Message as _;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;

/// Rounds of a run without `CRASH_ROUNDS`.
const ROUNDS: u64 = 4;
/// Senders at once, so that groups of the log hold several requests.
const SENDERS: u64 = 6;
const PATIENCE: Duration = Duration::from_secs(120);
/// When the shop's first request begins, as its spans claim.
const START: u64 = 1_700_000_000_000_000_000;
const KEY: &str = "11111111111111111111111111111111";
const FLAGS: [(&str, &str); 6] = [
    ("complete_quiet", "300ms"),
    ("root_quiet", "600ms"),
    ("rootless_quiet", "900ms"),
    ("store_interval", "50ms"),
    ("wal_group", "5ms"),
    ("parameter_key", KEY),
];

/// A daemon as a process of its own.
struct Process {
    child: Child,
    ready: Value,
}

impl Process {
    fn start(dir: &Path, more: &[&str]) -> Process {
        let ready = dir.join("ready.json");
        drop(fs::remove_file(&ready));
        let mut command = Command::new(env!("CARGO_BIN_EXE_hotspan"));
        command.env_clear().arg("serve");
        for key in ["--otlp-grpc", "--otlp-http", "--listen"] {
            command.args([key, "127.0.0.1:0"]);
        }
        for (key, value) in FLAGS {
            command.args([format!("--{}", key.replace('_', "-")), value.to_owned()]);
        }
        command
            .args(more)
            .args(["--log", "warn", "--ready-file"])
            .arg(&ready);
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(dir.join("stderr"));
        command.stderr(log.expect("there is room")).stdout(Stdio::null());
        let child = command.spawn().expect("the binary runs");
        let ready = within("the listeners", || {
            serde_json::from_str(&fs::read_to_string(&ready).ok()?).ok()
        });
        Process { child, ready }
    }

    fn url(&self, key: &str) -> String {
        let address = self.ready[key].as_str().expect("the ready file names it");
        format!("http://{address}")
    }

    /// No signal that it could see.
    fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    fn stop(mut self) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", "TERM", &id]).status();
        assert!(sent.expect("kill runs").success());
        assert!(self.child.wait().expect("it ends").success());
    }

    fn ask(&self, path: &str) -> Option<Value> {
        let url = format!("{}{path}", self.url("listen"));
        serde_json::from_str(&agent().get(&url).call().ok()?.body_mut().read_to_string().ok()?).ok()
    }

    /// Waits until all that it took is decided and shown.
    fn settle(&self) {
        within("the analysis", || {
            let ready = self.ask("/readyz")?["ready"] == true;
            let spans = &self.ask("/api/v1/status")?["spans"];
            (ready && spans["open"] == 0 && spans["received"].as_u64()? > 0).then_some(())
        });
    }

    /// The list by what does not depend on the time of day.
    fn list(&self) -> BTreeMap<String, (String, u64)> {
        let list = self
            .ask("/api/v1/hotspots?limit=200&min_confidence=0")
            .expect("it answers");
        let rows = list["hotspots"].as_array().expect("it is a list").iter();
        let row = |row: &Value| {
            let text = |key: &str| row[key].as_str().expect("it is text").to_owned();
            let traces = row["traces"].as_u64().expect("it is a number");
            (text("id"), (text("title"), traces))
        };
        rows.map(row).collect()
    }
}

impl Drop for Process {
    /// A test that fails leaves no daemon behind.
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(20)));
    config.build().into()
}

/// Asks until there is an answer.
fn within<T>(what: &str, ask: impl Fn() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what}: no answer within {PATIENCE:?}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// What senders share: where to send, what comes next, and whom to tell of each answer.
struct Crowd {
    /// Where requests go now; held to copy it.
    url: Mutex<String>,
    next: AtomicU64,
    stop: AtomicBool,
}

impl Crowd {
    /// Sends requests of the shop, each until it is acknowledged.
    fn send(&self, told: &mpsc::Sender<()>) {
        let (shop, agent) = (Shop::new(7), agent());
        while !self.stop.load(SeqCst) {
            let n = self.next.fetch_add(1, SeqCst);
            for request in requests(&shop, n) {
                while !self.post(&agent, &request) {
                    std::thread::park_timeout(Duration::from_millis(3));
                }
                if told.send(()).is_err() {
                    return;
                }
            }
        }
    }

    fn post(&self, agent: &ureq::Agent, request: &[u8]) -> bool {
        let url = self.url.lock().expect("nobody panics").clone();
        let sent = agent
            .post(format!("{url}/v1/traces"))
            .content_type("application/x-protobuf")
            .send(request);
        sent.is_ok()
    }
}

/// The same bytes in every run.
fn requests(shop: &Shop, n: u64) -> Vec<Vec<u8>> {
    let made = shop.request(n, START + n * 1_000_000).requests;
    made.into_iter().map(|request| request.encode_to_vec()).collect()
}

/// The segments as they are, beside those that were there before.
fn keep(dir: &Path, archive: &Path) {
    for entry in fs::read_dir(dir.join("log")).into_iter().flatten() {
        let path = entry.expect("it is there").path();
        let name = path.file_name().expect("it has a name");
        fs::copy(&path, archive.join(name)).expect("there is room");
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
    let mut rows = Vec::new();
    let shard = loaded.expect("it is read").shards.remove(0).snapshot();
    shard.changes(None, &dictionary, |row| rows.push(row));
    by_key(rows)
}

/// What the log says, from its first record on.
fn said(archive: &Path) -> Rows {
    let mut layers = Layers::default();
    FLAGS
        .iter()
        .for_each(|(key, value)| layers.set(Origin::Flag, key, value));
    let config = Config::read(&layers).expect("the flags are valid");
    let key = ParamKey([0x11; 16]);
    let mut log = RecordedLog::read(archive, &config, key).expect("every life ended at a whole record");
    by_key(log.rows())
}

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).map_or(otherwise, |text| text.parse().expect("a whole number"))
}

/// Kills and starts it so often while the crowd sends; gives the last one.
fn lives(dir: &Path, archive: &Path, rounds: u64, crowd: &Crowd, told: &mpsc::Receiver<()>) -> Process {
    let seed = number("CRASH_SEED", 7);
    let mut rng = SmallRng::seed_from_u64(seed);
    let start = || {
        let data = dir.to_str().expect("a test directory has a plain name");
        let process = Process::start(dir, &["--ack", "wal", "--data-dir", data, "--shards", "1"]);
        *crowd.url.lock().expect("nobody panics") = process.url("otlp_http");
        process
    };
    let mut process = start();
    for round in 0..rounds {
        // Sometimes it dies while it reads again.
        let answers = if rng.random_bool(0.2) {
            0
        } else {
            rng.random_range(1..40)
        };
        for _ in 0..answers {
            let heard = told.recv_timeout(PATIENCE);
            heard.unwrap_or_else(|_| panic!("seed {seed}, round {round}: nothing is acknowledged"));
        }
        process.kill();
        keep(dir, archive);
        process = start();
    }
    process
}

#[test]
fn w7_killed_at_any_moment_it_holds_what_it_would_hold_had_it_lived() {
    let rounds = number("CRASH_ROUNDS", ROUNDS);
    let (dir, archive) = (folder("crash"), folder("crash-archive"));
    let crowd = Arc::new(Crowd {
        url: Mutex::default(),
        next: AtomicU64::new(0),
        stop: AtomicBool::new(false),
    });
    let (tell, told) = mpsc::channel();
    let senders: Vec<_> = (0..SENDERS)
        .map(|_| {
            let (crowd, tell) = (Arc::clone(&crowd), tell.clone());
            std::thread::spawn(move || crowd.send(&tell))
        })
        .collect();
    let process = lives(&dir, &archive, rounds, &crowd, &told);
    crowd.stop.store(true, SeqCst);
    senders
        .into_iter()
        .for_each(|sender| sender.join().expect("all is acknowledged"));
    process.settle();
    let found = process.list();
    process.stop();
    keep(&dir, &archive);

    let (rows, expected) = (stored(&dir), said(&archive));
    assert!(expected.len() > 100, "something is found");
    let other = expected
        .iter()
        .filter(|(key, value)| rows.get(*key) != Some(*value))
        .count();
    assert_eq!(
        (rows.len(), other),
        (expected.len(), 0),
        "rows that its log does not say"
    );
    let sent = crowd.next.load(SeqCst);
    assert_eq!(
        found,
        uninterrupted(sent),
        "what a daemon says that lived through {sent} requests"
    );
    println!(
        "{rounds} deaths, {sent} requests of the shop, {} rows, {} hotspots",
        rows.len(),
        found.len()
    );
    let (left, all) = (segments(&dir.join("log")), segments(&archive));
    println!("{left} of {all} segments are still needed");
}

/// The list of a daemon that took so many requests of the shop, one after the other.
fn uninterrupted(sent: u64) -> BTreeMap<String, (String, u64)> {
    let process = Process::start(&folder("crash-uninterrupted"), &["--in-memory", "--shards", "1"]);
    let crowd = Crowd {
        url: Mutex::new(process.url("otlp_http")),
        next: AtomicU64::new(0),
        stop: AtomicBool::new(false),
    };
    let (shop, agent) = (Shop::new(7), agent());
    for request in (0..sent).flat_map(|n| requests(&shop, n)) {
        while !crowd.post(&agent, &request) {
            std::thread::park_timeout(Duration::from_millis(3));
        }
    }
    process.settle();
    let list = process.list();
    process.stop();
    list
}

fn segments(dir: &Path) -> usize {
    fs::read_dir(dir).map_or(0, Iterator::count)
}

fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    drop(fs::remove_dir_all(&path));
    fs::create_dir_all(&path).expect("there is room");
    path
}
