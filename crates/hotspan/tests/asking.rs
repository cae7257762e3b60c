//! What a running daemon is asked for by the commands: lists in each format, one hotspot, one trace.

#[path = "support/daemon.rs"]
mod daemon;

use serde_json::Value;

use daemon::{Daemon, hotspan, within};

/// Runs a command that asks the daemon at `url`: its code, data and talk.
fn asked(url: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = hotspan();
    command.args(arguments).env("HOTSPAN_URL", url);
    let output = command.output().expect("the binary runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// The data of a command that must answer.
fn data(url: &str, arguments: &[&str]) -> String {
    let (code, data, talk) = asked(url, arguments);
    assert_eq!(code, Some(0), "{arguments:?} said {talk}");
    data
}

fn json(url: &str, arguments: &[&str]) -> Value {
    let text = data(url, &[arguments, &["-o", "json"]].concat());
    serde_json::from_str(&text).expect("it is JSON")
}

/// A daemon that knows faults of two scenarios, and waits for nothing more.
fn shop(name: &str) -> Daemon {
    let daemon = Daemon::start(name);
    for scenario in ["nplus1-query", "third-party"] {
        let mut command = hotspan();
        command.args(["gen", "--scenario", scenario, "--traces", "20", "--to"]);
        let sent = command.arg(daemon.url("otlp_grpc")).output();
        assert!(sent.expect("the binary runs").status.success(), "{scenario}");
    }
    let url = daemon.url("listen");
    within(|| {
        let coverage = json(&url, &["hotspots"])["coverage"].clone();
        let all = coverage["traces"]["analysed"].as_u64()? >= 40 && coverage["spans"]["open"] == 0;
        all.then_some(())
    });
    daemon
}

#[test]
fn every_list_is_written_in_every_format() {
    let daemon = shop("asking-lists");
    let url = daemon.url("listen");
    for noun in [
        "hotspots",
        "traces",
        "services",
        "operations",
        "dependencies",
        "third-parties",
    ] {
        let answer = json(&url, &[noun]);
        let key = noun.replace('-', "_");
        let rows = answer[&key].as_array().expect("it is a list").len();
        assert!(rows > 0, "{noun}");
        for (format, lines) in [
            ("table", rows + 1),
            ("wide", rows + 1),
            ("jsonl", rows),
            ("csv", rows + 1),
            ("md", rows + 2),
        ] {
            let text = data(&url, &[noun, "-o", format]);
            assert_eq!(text.lines().count(), lines, "{noun} -o {format}: {text}");
            assert!(
                !text.contains('\u{1b}'),
                "{noun} -o {format} has colours in a pipe"
            );
        }
        let colours = data(&url, &[noun, "--color", "always"]);
        assert!(colours.starts_with("\u{1b}[1m"), "{noun}: {colours}");
        for format in ["table", "json", "csv"] {
            let (code, _, talk) = asked(&url, &[noun, "-o", format, "--service", "no-such-service"]);
            assert_eq!(code, Some(3), "{noun}: {talk}");
            assert!(
                talk.contains("no service `no-such-service` was seen"),
                "{noun}: {talk}"
            );
        }
    }
    let listed = data(&url, &["hotspots", "list", "--limit", "1", "-o", "jsonl"]);
    assert_eq!(listed.lines().count(), 1);
    let before_the_verb = data(&url, &["hotspots", "--limit", "1", "list", "-o", "jsonl"]);
    assert_eq!(before_the_verb, listed);
    daemon.stop();
}

#[test]
fn a_hotspot_is_shown_with_what_proves_it() {
    let daemon = shop("asking-show");
    let url = daemon.url("listen");
    let hotspot = within(|| {
        let list = json(&url, &["hotspots", "--detector", "n-plus-one-query"]);
        let first = list["hotspots"].get(0)?.clone();
        (first["evidence"].as_array()?.len() > 1).then_some(first)
    });
    let (id, title) = (
        hotspot["id"].as_str().unwrap(),
        hotspot["title"].as_str().unwrap(),
    );
    let page = data(&url, &["hotspots", "show", &id[..12]]);
    assert!(page.starts_with(title), "{page}");
    for words in [
        id,
        "a trace     ",
        "confidence  ",
        "fix         ",
        "worst trace ",
        "with the fix ",
        "\n*",
        "\n>",
    ] {
        assert!(page.contains(words), "{page} lacks {words}");
    }
    assert_eq!(json(&url, &["hotspots", "show", id])["id"], id);
    assert!(data(&url, &["hotspots", "show", id, "-o", "md"]).contains("- **id**: "));
    let whole = data(&url, &["hotspots", "show", id, "-o", "wide"]);
    assert!(whole.lines().count() > page.lines().count(), "{whole}");
    assert_eq!(asked(&url, &["hotspots", "show", id, "-o", "csv"]).0, Some(2));

    let trace = hotspot["evidence"][0]["trace_id"].as_str().unwrap();
    let page = data(&url, &["traces", "show", trace]);
    assert!(page.starts_with(&format!("trace {trace}  ")), "{page}");
    assert!(page.contains("n-plus-one-query: ") && page.contains(id), "{page}");
    assert_eq!(json(&url, &["traces", "show", trace])["trace_id"], trace);
    daemon.stop();
}

#[test]
fn what_nobody_knows_is_said_with_what_would_be_known() {
    let daemon = shop("asking-unknown");
    let url = daemon.url("listen");
    let service = within(|| {
        let list = json(&url, &["services"]);
        list["services"].get(0)?["service"]
            .as_str()
            .map(ToOwned::to_owned)
    });
    let misspelt = format!("{service}x");
    let meant = format!("did you mean `{service}`?");
    for (arguments, code, words) in [
        (&["hotspots", "show", "0000"][..], 3, "begins with 0000"),
        (
            &["hotspots", "show", "00000000000000000000000000000000"],
            3,
            "no hotspot has this id",
        ),
        (&["hotspots", "show", "xyz"], 2, "32 hex digits"),
        (&["hotspots", "show", "../status"], 2, "32 hex digits"),
        (&["traces", "show", "1"], 3, "no trace of this id"),
        (&["traces", "show", "../status"], 2, "hex digits"),
        (&["hotspots", "--service", &misspelt], 3, &meant),
        (&["explain", "--service", &misspelt], 3, &meant),
        (
            &["hotspots", "--entry", "GET /nosuch"],
            3,
            "no operation `GET /nosuch` was seen",
        ),
        (
            &["hotspots", "--detector", "slow-qurey"],
            2,
            "did you mean `slow-query`?",
        ),
        (&["hotspots", "--sort", "impcat"], 2, "did you mean `impact`?"),
        (&["hotspots", "--limit", "0"], 2, "from 1 to 1000"),
    ] {
        let (ended, _, talk) = asked(&url, arguments);
        assert_eq!(ended, Some(code), "{arguments:?} said {talk}");
        assert!(talk.contains(words), "{arguments:?} said {talk}");
    }
    let (code, _, talk) = asked(&daemon.url("otlp_http"), &["hotspots"]);
    assert_eq!(code, Some(2), "{talk}");
    assert!(talk.contains("no Hotspan answers there"), "{talk}");
    daemon.stop();
}

#[test]
fn a_file_tells_clients_where_the_daemon_is() {
    let file = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("client.toml");
    let asked = |content: &str, arguments: &[&str]| {
        std::fs::write(&file, content).expect("the folder is there");
        let mut command = hotspan();
        command.args(arguments).env("HOTSPAN_CONFIG", &file);
        let output = command
            .env_remove("HOTSPAN_URL")
            .output()
            .expect("the binary runs");
        let talk = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), talk)
    };
    let nobody = "shards = 2\n[client]\nurl = \"http://127.0.0.1:1\"\ntimeout = \"2s\"\n";
    for arguments in [&["audit"][..], &["hotspots"], &["services"]] {
        let (code, talk) = asked(nobody, arguments);
        assert!(code == Some(4) && talk.contains("http://127.0.0.1:1: "), "{talk}");
    }
    let (code, talk) = asked(nobody, &["audit", "--url", "127.0.0.1:2"]);
    assert!(code == Some(4) && talk.contains("http://127.0.0.1:2: "), "{talk}");
    let (code, talk) = asked("[client]\nulr = \"x\"\n", &["audit"]);
    assert!(
        code == Some(2) && talk.contains("client.ulr: no such key; did you mean url?"),
        "{talk}"
    );
    // `serve` reads the same file.
    let (code, talk) = asked(nobody, &["config", "check"]);
    assert_eq!(code, Some(0), "{talk}");
}
