//! What commands say and end with when something is wrong: one clear line that names it, and the exit code.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

fn hotspan(arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_hotspan"))
        .args(arguments)
        .output();
    output.expect("the binary runs")
}

/// A file of this content in the tests' own folder.
fn file(name: &str, content: &[u8]) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, content).expect("the folder is there");
    path.to_str().expect("the folder's name is text").to_owned()
}

/// Runs a command that must end with `code` and say each of `words` on stderr.
fn check(arguments: &[&str], code: i32, words: &[&str]) {
    let output = hotspan(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?} said {said}");
    for word in words {
        assert!(said.contains(word), "{arguments:?} said {said}, without {word}");
    }
}

#[test]
fn a_port_in_use_is_named_with_its_flag() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = taken.local_addr().expect("it is bound").to_string();
    check(
        &["serve", "--otlp-grpc", &address],
        2,
        &["otlp_grpc", &address, "in use", "--otlp-grpc"],
    );
}

#[test]
fn a_bad_key_is_named_with_the_nearest_one_and_all_errors_come_together() {
    let config = file("bad.toml", b"shrads = 3\nage = \"soon\"");
    check(
        &["serve", "--config", &config],
        2,
        &["shrads", "did you mean shards?", "age", "soon"],
    );
    check(
        &["serve", "--listen", "0.0.0.0:0"],
        2,
        &["listen", "--allow-insecure"],
    );
}

#[test]
fn files_that_cannot_be_read_or_are_of_no_known_kind_are_named() {
    check(
        &["analyze", "/nowhere/at/all"],
        2,
        &["/nowhere/at/all", "No such file"],
    );
    let unknown = file("unknown.txt", b"hello, this is no trace");
    check(&["analyze", &unknown], 2, &["unknown.txt", "expected"]);
}

#[test]
fn silence_is_never_green() {
    let empty = file("empty.json", b"{}");
    check(&["analyze", &empty], 3, &["nothing usable"]);
    check(&["trace", "--all", &empty], 3, &["no traces"]);
}

#[test]
fn a_daemon_that_does_not_answer_is_unreachable() {
    check(
        &["hotspots", "--url", "http://127.0.0.1:1"],
        4,
        &["http://127.0.0.1:1"],
    );
    check(&["gen", "--to", "http://127.0.0.1:1"], 4, &["127.0.0.1:1"]);
}

#[test]
fn generated_faults_are_found_and_can_fail_a_build() {
    let traces = file("generated.otlp", b"");
    assert!(
        hotspan(&[
            "gen",
            "--scenario",
            "nplus1-query",
            "--traces",
            "5",
            "-o",
            &traces
        ])
        .status
        .success()
    );
    check(&["analyze", "--fail-on", "any", &traces], 1, &["5 traces"]);
    check(&["analyze", "--fail-on", "n-plus-one-query", &traces], 1, &[]);
    check(&["analyze", "--fail-on", "serial-fan-out", &traces], 0, &[]);
}

#[test]
fn help_has_examples_and_goes_to_stdout() {
    for command in ["serve", "analyze", "trace", "hotspots", "gen", "replay"] {
        let output = hotspan(&[command, "--help"]);
        assert!(output.status.success());
        assert!(
            String::from_utf8_lossy(&output.stdout).contains("Examples:"),
            "{command}"
        );
    }
}
