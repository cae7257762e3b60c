//! What people say of a running daemon's hotspots, by the commands.

#[path = "support/daemon.rs"]
mod daemon;

use serde_json::Value;

use daemon::{Daemon, hotspan, within};

/// What a command of `hotspots` says: its code, data and talk.
fn hotspots(url: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = hotspan();
    command.args(["hotspots", "--url", url]).args(arguments);
    let output = command.env("USER", "ann").output().expect("the binary runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn listed(url: &str, arguments: &[&str]) -> Value {
    let (code, data, talk) = hotspots(url, &[&["-o", "json"], arguments].concat());
    assert_eq!(code, Some(0), "{talk}");
    serde_json::from_str(&data).expect("it is JSON")
}

/// What cannot be said is refused in words.
fn check_refusals(url: &str, id: &str) {
    for (arguments, words) in [
        (&["ack", id][..], "`reason` must be"),
        (&["mute", id, "--reason", "x"], "`until` must be"),
        (
            &["mute", id, "--reason", "x", "--until", "soon"],
            "`until` must be",
        ),
        (&["ack", "7", "--reason", "x"], "the first 4 are enough"),
        (&["ack", "../traces", "--reason", "x"], "32 hex digits"),
        (&["--state", "mutd"], "did you mean `muted`?"),
    ] {
        let (code, data, talk) = hotspots(url, arguments);
        assert_eq!((code, data.as_str()), (Some(2), ""), "{arguments:?} said {talk}");
        assert!(talk.contains(words), "{arguments:?} said {talk}");
    }
}

#[test]
fn a_hotspot_is_acknowledged_muted_and_reopened() {
    let daemon = Daemon::start("saying");
    let sent = hotspan()
        .args(["gen", "--scenario", "nplus1-query", "--traces", "20", "--to"])
        .arg(daemon.url("otlp_grpc"))
        .output()
        .expect("the binary runs");
    assert!(sent.status.success());
    let url = daemon.url("listen");
    let id = within(|| {
        listed(&url, &[])["hotspots"][0]["id"]
            .as_str()
            .map(ToOwned::to_owned)
    });
    let all = listed(&url, &[])["total"].as_u64().expect("it is a number");

    let (code, data, _) = hotspots(
        &url,
        &["ack", &id, "--reason", "replaced in June", "--until", "30d"],
    );
    assert_eq!(code, Some(0));
    assert!(data.starts_with("acknowledged: "), "{data}");
    assert!(
        data.contains("[acknowledged by ann until ") && data.contains(": replaced in June]"),
        "{data}"
    );
    let list = listed(&url, &["--state", "acknowledged"]);
    assert_eq!(
        (&list["total"], &list["hotspots"][0]["id"]),
        (&1.into(), &Value::from(id.as_str()))
    );
    assert!(hotspots(&url, &[]).1.contains("[acknowledged by ann until "));

    let muted = [
        "mute",
        &id,
        "--reason",
        "load test",
        "--until",
        "2h",
        "--by",
        "bob",
        "-o",
        "json",
    ];
    let (code, data, _) = hotspots(&url, &muted);
    let hotspot: Value = serde_json::from_str(&data).expect("it is JSON");
    assert_eq!(
        (code, &hotspot["state"], &hotspot["note"]["by"]),
        (Some(0), &"muted".into(), &"bob".into())
    );
    assert_eq!(listed(&url, &[])["total"], all - 1);
    assert!(hotspots(&url, &[]).2.contains("1 muted"));
    assert_eq!(listed(&url, &["--state", "muted"])["total"], 1);

    assert_eq!(hotspots(&url, &["reopen", &id]).0, Some(0));
    let list = listed(&url, &["--state", "new"]);
    assert_eq!(
        (&list["total"], &list["hotspots"][0]["note"]["by"]),
        (&all.into(), &Value::Null)
    );

    check_refusals(&url, &id);
    daemon.stop();
}
