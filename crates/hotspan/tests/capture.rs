//! A test suite under `capture`: what it exports is recorded and gated, and its own end counts first.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use support::{hotspan, run, stderr};

const BINARY: &str = env!("CARGO_BIN_EXE_hotspan");
/// Sends three faulty traces to wherever the variables point, over gRPC.
const FAULTY: &str = "exec \"$0\" gen --scenario nplus1-query --traces 3 --to $OTEL_EXPORTER_OTLP_ENDPOINT";

/// A path of this name in a folder of one test, with nothing there.
fn path(test: &str, name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join("capture")
        .join(test);
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    drop(fs::remove_file(&path));
    path.to_str().unwrap().to_owned()
}

/// `capture` of a line of the shell, in which `$0` is the program under test.
fn command(flags: &[&str], line: &str) -> Command {
    let mut command = hotspan();
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    let script = ["--", "sh", "-c", line, BINARY];
    command.arg("capture").args(flags).args(script);
    command
}

fn capture(flags: &[&str], line: &str) -> Output {
    command(flags, line).stdin(Stdio::null()).output().unwrap()
}

/// The same, with a code and words that it must end with and say.
fn check(flags: &[&str], line: &str, code: i32, words: &[&str]) -> String {
    let output = capture(flags, line);
    let (wrote, said) = (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr(&output),
    );
    assert_eq!(
        output.status.code(),
        Some(code),
        "{flags:?} {line}: {said}{wrote}"
    );
    for word in words {
        assert!(
            said.contains(word) || wrote.contains(word),
            "{line}: {said}{wrote}, without {word}"
        );
    }
    wrote
}

/// Asks until there is an answer.
fn within<T>(ask: impl Fn() -> Option<T>) -> T {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(std::time::Instant::now() < deadline, "no answer within 30 s");
        std::thread::yield_now();
    }
}

fn written(path: &str) -> Option<String> {
    fs::read_to_string(path).ok().filter(|text| text.ends_with('\n'))
}

#[test]
fn a_recording_gives_the_same_answer_as_the_run_and_as_the_traces_themselves() {
    let test = "same";
    let (recording, original) = (path(test, "recorded.pb"), path(test, "original.pb"));
    let json = ["-o", "json"];
    let gated = check(
        &[&json[..], &["--out", &recording]].concat(),
        FAULTY,
        1,
        &["requests of"],
    );
    let generate = [
        "gen",
        "--scenario",
        "nplus1-query",
        "--traces",
        "3",
        "-o",
        &original,
    ];
    assert!(run(&generate, b"").status.success());
    for file in [&recording, &original] {
        let checked = run(&["check", "-o", "json", file], b"");
        assert_eq!(String::from_utf8(checked.stdout).unwrap(), gated, "{file}");
    }
    let analysed = |file: &str| run(&["analyze", "-o", "json", file], b"").stdout;
    let (one, other): (Value, Value) = (
        serde_json::from_slice(&analysed(&recording)).unwrap(),
        serde_json::from_slice(&analysed(&original)).unwrap(),
    );
    assert_eq!(one["hotspots"], other["hotspots"]);
    assert_eq!(one["hotspots"].as_array().unwrap().len(), 1);
}

#[test]
fn the_gate_decides_when_the_command_succeeds() {
    check(&[], FAULTY, 1, &["FAIL  new n-plus-one-query"]);
    check(&["--fail-on", "slow-query"], FAULTY, 0, &["passed"]);
    check(
        &["--max-db-calls", "3", "--fail-on", "slow-query"],
        FAULTY,
        1,
        &["3 allowed"],
    );
    check(
        &[],
        "echo the suite writes where it always does",
        3,
        &["the suite writes"],
    );
    check(
        &[],
        "true",
        3,
        &[
            "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:",
            "opentelemetry-instrument",
        ],
    );
    check(&["--expect-roots", "4"], FAULTY, 1, &[]);
    check(
        &["--expect-roots", "4", "--fail-on", "slow-query"],
        FAULTY,
        3,
        &["3 of 4"],
    );
}

#[test]
fn the_command_that_fails_says_more_than_the_gate() {
    let faulty = FAULTY.trim_start_matches("exec ");
    check(
        &[],
        &format!("{faulty}; exit 7"),
        7,
        &["n-plus-one-query", "failed with 7"],
    );
    check(&[], "kill -TERM $$", 143, &[]);
    let test = "failed";
    let baseline = path(test, "hotspan.json");
    let update = ["--baseline", &baseline, "--update-baseline"];
    check(&update, &format!("{faulty}; exit 7"), 7, &["left as it is"]);
    assert!(!Path::new(&baseline).exists());
    check(&update, FAULTY, 0, &["has 1"]);
    check(&["--baseline", &baseline], FAULTY, 0, &["known n-plus-one-query"]);
}

#[test]
fn what_is_wrong_with_the_gate_is_said_before_the_command_runs() {
    let test = "before";
    let mark = path(test, "ran");
    let none = path(test, "none.json");
    check(
        &["--baseline", &none],
        &format!("touch {mark}"),
        2,
        &["none.json"],
    );
    assert!(!Path::new(&mark).exists());
    let nowhere = hotspan()
        .args(["capture", "--", "/no/such/command"])
        .output()
        .unwrap();
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(stderr(&nowhere).contains("/no/such/command cannot be run"));
    let nothing = hotspan().args(["capture", "--out", "x"]).output().unwrap();
    assert_eq!(nothing.status.code(), Some(2));
}

#[test]
fn a_full_recording_is_no_pass() {
    let limits = ["--max-bytes", "10kB", "--fail-on", "slow-query"];
    check(
        &limits,
        FAULTY,
        3,
        &["requests are left out", "10000 bytes (--max-bytes)"],
    );
}

/// Ends a run whose command answers to the signal with this code; how it ended itself, and what it wrote.
fn interrupted(test: &str, code: u8) -> (Option<i32>, String) {
    let started = path(test, "started");
    let line = format!("trap 'exit {code}' TERM; echo > {started}; while :; do sleep 0.05; done");
    let child = command(&[], &line)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    within(|| written(&started));
    let sent = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn signals_reach_the_command_and_its_answer_is_kept() {
    assert_eq!(interrupted("signals", 5), (Some(5), String::new()));
    let (code, wrote) = interrupted("peace", 0);
    assert_eq!(code, Some(3));
    assert!(wrote.contains("the command was interrupted"), "{wrote}");
}

#[test]
fn json_over_http_is_recorded_too() {
    let test = "json";
    let (at, done) = (path(test, "endpoint"), path(test, "done"));
    let recording = path(test, "recorded.pb");
    let line = format!("echo $OTEL_EXPORTER_OTLP_ENDPOINT > {at}; until [ -e {done} ]; do sleep 0.05; done");
    let child = command(&["--out", &recording], &line)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let endpoint = within(|| written(&at));
    let span = r#"{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"GET /a","kind":2,
        "startTimeUnixNano":"1544712660000000000","endTimeUnixNano":"1544712661000000000"}"#;
    let body = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{span}]}}]}}]}}"#);
    let reply = ureq::post(format!("{}/v1/traces", endpoint.trim()))
        .content_type("application/json")
        .send(body);
    assert_eq!(reply.unwrap().status(), 200);
    fs::write(&done, "").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let trace = run(&["trace", "--all", "-o", "json", &recording], b"");
    let trace: Value = serde_json::from_slice(&trace.stdout).unwrap();
    assert_eq!(trace["trace_id"], "5b8efff798038103d269b633813fc60c");
}
