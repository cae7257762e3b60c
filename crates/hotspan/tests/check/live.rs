//! A running daemon as evidence.

use std::fs;

use serde_json::{Value, json};

use crate::daemon::Daemon;
use crate::given::{check, generated, json, path};
use crate::support::run;

#[test]
fn a_daemon_is_judged_when_it_is_quiet() {
    let daemon = Daemon::start("gate");
    let url = daemon.url("listen");
    let with = ["--url", &url];
    let idle = ["--url", &url, "--wait-idle", "1s"];
    check(&with, 3, &["there are no traces"]);
    let to = daemon.url("otlp_grpc");
    let send = ["gen", "--scenario", "nplus1-query", "--traces", "4", "--to", &to];
    assert!(run(&send, b"").status.success());
    let found = json(&[&idle[..], &["--expect-roots", "4"]].concat(), 1);
    assert_eq!(found["findings"][0]["hotspot"]["detector"], "n-plus-one-query");
    assert_eq!(found["coverage"]["traces"], 4);
    check(
        &[&idle[..], &["--expect-roots", "5", "--fail-on", "slow-query"]].concat(),
        3,
        &["4 of 5"],
    );
    check(
        &[&with[..], &["--label", "no-such-version"]].concat(),
        3,
        &["there are no traces"],
    );
    let version = found["findings"][0]["hotspot"]["versions"][0].as_str().unwrap();
    check(
        &[&with[..], &["--label", version]].concat(),
        1,
        &["n-plus-one-query"],
    );
    let entry = &found["entries"][0];
    let over = (entry["duration_p50_ns"].as_u64().unwrap().div_ceil(1_000_000) - 1).to_string() + "ms";
    assert_eq!(
        (&entry["traces"], &entry["db_calls_max"]),
        (&json!(4), &Value::Null)
    );
    let slow = ["--fail-on", "slow-query", "--max-duration"];
    check(&[&with[..], &slow, &["60s"]].concat(), 0, &[]);
    check(
        &[&with[..], &slow, &[&over]].concat(),
        1,
        &["ms at the median", &over[..over.len() - 2]],
    );
    // The baseline of a file knows what the daemon finds.
    let test = "live";
    let baseline = path(test, "hotspan.json");
    drop(fs::remove_file(&baseline));
    let file = generated(test, "nplus1-query", 4);
    check(&["--baseline", &baseline, "--update-baseline", &file], 0, &[]);
    check(
        &[&with[..], &["--baseline", &baseline]].concat(),
        0,
        &["known n-plus-one-query"],
    );
    // What a person accepted in the daemon is accepted here.
    let id = found["findings"][0]["hotspot"]["id"].as_str().unwrap();
    let say = [
        "hotspots",
        "ack",
        id,
        "--reason",
        "goes with release 7",
        "--url",
        &url,
        "--by",
        "ana",
    ];
    assert!(run(&say, b"").status.success());
    check(
        &with,
        0,
        &["acknowledged n-plus-one-query", "goes with release 7"],
    );
    daemon.stop();
}
