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

/// The same, where one line says it all.
fn check_line(arguments: &[&str], words: &[&str]) {
    check(arguments, 2, words);
    let output = hotspan(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.lines().count(), 1, "{arguments:?} said {said}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
}

#[test]
fn a_port_in_use_is_named_with_its_flag() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = taken.local_addr().expect("it is bound").to_string();
    for flag in ["--otlp-grpc", "--otlp-http", "--listen"] {
        let key = flag[2..].replace('-', "_");
        let mut arguments = vec!["serve", flag, &address];
        for other in ["--otlp-grpc", "--otlp-http", "--listen"] {
            if other != flag {
                arguments.extend([other, "127.0.0.1:0"]);
            }
        }
        check_line(&arguments, &[&key, &address, "in use", flag, "port 0"]);
    }
}

#[test]
fn what_serve_cannot_use_is_named_in_one_line_with_what_would_be_right() {
    let syntax = file("syntax.toml", b"shards = 1\nmemory = = 3");
    check_line(&["serve", "--config", &syntax], &["config", "line 2"]);
    check_line(
        &["serve", "--config", "/nowhere/at/all.toml"],
        &["/nowhere/at/all.toml", "No such file"],
    );
    check_line(&["serve", "--memory", "lots"], &["memory", "lots", "512MiB"]);
    check_line(
        &["serve", "--memory", "1MiB"],
        &["memory", "1MiB", "32MiB or more"],
    );
    check_line(
        &["serve", "--listen", "localhost"],
        &["listen", "localhost", "127.0.0.1:4317"],
    );
    check_line(&["serve", "--shards", "many"], &["shards", "many", "256"]);
    check_line(&["serve", "--shards", "1000000"], &["shards", "256"]);
    check_line(&["serve", "--age", "soon"], &["age", "soon", "8s"]);
    check_line(&["serve", "--age", "1s"], &["complete_quiet", "below age"]);
    check_line(&["serve", "--log", "a=b=c"], &["log", "a=b=c"]);
    check_line(
        &["serve", "--parameter-key", "xyz"],
        &["parameter_key", "32 hex digits"],
    );
    let ports = [
        "--otlp-grpc=127.0.0.1:0",
        "--otlp-http=127.0.0.1:0",
        "--listen=127.0.0.1:0",
    ];
    let ready = [
        "serve",
        "--in-memory",
        "--ready-file",
        "/nowhere/at/all",
        ports[0],
        ports[1],
        ports[2],
    ];
    check(&ready, 2, &["ready_file", "/nowhere/at/all"]);
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
    for (name, content) in [
        ("unknown.txt", &b"hello, this is no trace"[..]),
        ("unknown.pb", b"\xff\xff\xff\xff\xff\xff"),
        (
            "unknown.json.gz",
            b"\x1f\x8b\x08\0\0\0\0\0\0\x03 this is no deflate",
        ),
        ("unknown.json.zst", b"\x28\xb5\x2f\xfd this is no zstd"),
        ("broken.json", b"{\"resourceSpans\": [}"),
    ] {
        let path = file(name, content);
        for command in [
            &["analyze", &path][..],
            &["trace", "--all", &path],
            &["replay", &path],
        ] {
            check(command, 2, &[name]);
        }
    }
    let unknown = file("unknown.txt", b"hello, this is no trace");
    check(&["analyze", &unknown], 2, &["unknown.txt", "expected"]);
    check(&["analyze", "-o", "yaml", &unknown], 2, &["yaml", "json"]);
}

#[test]
fn a_folder_may_hold_what_is_no_recording() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("mixed");
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).expect("the folder is there");
    fs::write(folder.join("README.md"), "# Traces of the shop").expect("it can be written");
    let folder = folder.to_str().expect("the folder's name is text");
    check(&["analyze", folder], 2, &["README.md", "expected OTLP traces"]);
    let traces = format!("{folder}/traces.pb");
    check(&["gen", "--scenario", "nplus1-query", "-o", &traces], 0, &[]);
    check(&["analyze", folder], 0, &["passed over", "README.md"]);
    check(
        &["analyze", folder, &format!("{folder}/README.md")],
        2,
        &["README.md"],
    );
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
    check(
        &["audit", "--url", "http://127.0.0.1:1"],
        4,
        &["http://127.0.0.1:1"],
    );
    for saying in ["ack", "mute", "reopen"] {
        check(
            &["hotspots", saying, "5f0c", "--url", "http://127.0.0.1:1"],
            4,
            &["http://127.0.0.1:1"],
        );
        check(&["hotspots", saying], 2, &["<ID>"]);
    }
    check(
        &["explain", "GET /cart", "--url", "http://127.0.0.1:1"],
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
fn the_audit_of_a_recording_is_a_page_and_the_same_every_time() {
    let traces = file("audited.otlp", b"");
    let generate = [
        "gen",
        "--scenario",
        "nplus1-query",
        "--traces",
        "8",
        "-o",
        &traces,
    ];
    assert!(hotspan(&generate).status.success());
    let page = |form| {
        let output = hotspan(&["analyze", "-o", form, &traces]);
        assert_eq!(output.status.code(), Some(0), "{form}");
        let again = hotspan(&["analyze", "-o", form, &traces]);
        assert_eq!(output.stdout, again.stdout, "{form}");
        String::from_utf8(output.stdout).expect("a page is text")
    };
    let markdown = page("md");
    for said in [
        "# Audit",
        "## Make these changes first",
        "### 1. ",
        "one after another",
        "- **Saves**: ",
        "| Template | System |",
        "## Not seen",
    ] {
        assert!(markdown.contains(said), "{markdown}");
    }
    let html = page("html");
    assert!(html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>\n"));
    assert!(html.contains("<svg ") && !html.contains("<script"));
    let json: serde_json::Value = serde_json::from_str(&page("json")).expect("it is JSON");
    let first = &json["audit"]["interventions"][0];
    assert_eq!(first["change"], json["hotspots"][0]["id"]);
    assert_eq!(json["audit"]["breaks"]["database"][0], json["hotspots"][0]["id"]);
    assert!(json["audit"]["query_patterns"][0]["operations"][0]["calls"].as_u64() > Some(0));
}

#[test]
fn help_has_examples_and_goes_to_stdout() {
    for command in [
        "serve", "analyze", "check", "capture", "trace", "hotspots", "explain", "audit", "gen", "replay",
    ] {
        let output = hotspan(&[command, "--help"]);
        assert!(output.status.success());
        assert!(
            String::from_utf8_lossy(&output.stdout).contains("Examples:"),
            "{command}"
        );
    }
}

#[test]
fn the_detectors_are_listed_with_what_a_file_sets() {
    let shown = |arguments: &[&str]| String::from_utf8(hotspan(arguments).stdout).unwrap();
    let table = shown(&["detectors"]);
    for part in [
        "n-plus-one-query",
        "slow_query_once_ns",
        "500000000",
        "(all of them)",
    ] {
        assert!(table.contains(part), "{part} in {table}");
    }
    let config = file(
        "knobs.toml",
        b"[knobs]\nrepeat_min = 8\n[efforts]\nslow-query = 0.75\n[[workloads]]\nservice = \"bill*\"\nknobs = { cost_min_ns = 5 }",
    );
    let table = shown(&["detectors", "--config", &config]);
    for part in ["0.75", "bill*", "cost_min_ns"] {
        assert!(table.contains(part), "{part} in {table}");
    }
    let json = hotspan(&["detectors", "--config", &config, "-o", "json"]);
    let list: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(list["shared_knobs"][0]["value"], 8);
    assert_eq!(list["knob_rules"][1]["service"], "bill*");
    assert!(list["detectors"].as_array().unwrap().len() > 30);
    check(
        &["detectors", "--url", "http://127.0.0.1:1"],
        4,
        &["http://127.0.0.1:1"],
    );
}

#[test]
fn recorded_files_are_analysed_with_the_thresholds_of_a_file() {
    let traces = file("tuned.otlp", b"");
    let gen_arguments = [
        "gen",
        "--scenario",
        "nplus1-query",
        "--traces",
        "5",
        "-o",
        &traces,
    ];
    assert!(hotspan(&gen_arguments).status.success());
    let config = file("many.toml", b"[knobs]\nrepeat_min = 1000000");
    let fail = ["--fail-on", "n-plus-one-query", &traces];
    check(&[&["analyze"], &fail[..]].concat(), 1, &[]);
    check(&[&["analyze", "--config", &config], &fail[..]].concat(), 0, &[]);
    let wrong = file(
        "wrong.toml",
        b"[knobs]\nrepeat_mni = 8\n[[workloads]]\nkind = \"sever\"",
    );
    for command in [&["analyze", &traces][..], &["detectors"], &["serve"]] {
        let arguments = [command, &["--config", &wrong]].concat();
        check(
            &arguments,
            2,
            &[
                "knobs.repeat_mni",
                "did you mean repeat_min?",
                "workloads[0].kind",
            ],
        );
    }
}
