//! What `doctor` says of real daemons, and of ports when there is none.

#[path = "support/daemon.rs"]
mod daemon;

use serde_json::Value;

use daemon::{Daemon, hotspan, within};

/// The report as JSON, and the exit code.
fn doctor(url: &str, variables: &[(&str, &str)]) -> (Value, Option<i32>) {
    let mut command = hotspan();
    command.args(["doctor", "--watch", "1", "-o", "json", "--url", url]);
    let output = command
        .envs(variables.iter().copied())
        .output()
        .expect("the binary runs");
    let report = serde_json::from_slice(&output.stdout).expect("it is JSON");
    (report, output.status.code())
}

/// What it says of one thing.
fn said(report: &Value, check: &str) -> String {
    let checks = report["checks"].as_array().expect("it is a list");
    let found = checks.iter().filter(|of| of["check"] == check);
    found.map(|of| of.to_string()).collect()
}

#[test]
fn a_daemon_is_told_from_one_that_nobody_sends_to() {
    let daemon = Daemon::start("doctor");
    let url = daemon.url("listen");
    let (report, code) = doctor(&url, &[]);
    assert_eq!((code, &report["well"]), (Some(1), &false.into()), "{report}");
    let words = said(&report, "arriving");
    assert!(words.contains("nobody ever connected"), "{words}");
    assert!(words.contains(&daemon.url("otlp_grpc")), "{words}");

    let mut command = hotspan();
    command.args(["gen", "--scenario", "nplus1-query", "--traces", "30", "--to"]);
    let sent = command
        .arg(daemon.url("otlp_grpc"))
        .output()
        .expect("the binary runs");
    assert!(sent.status.success());
    within(|| {
        let output = hotspan()
            .args(["services", "-o", "jsonl", "--url", &url])
            .output()
            .expect("the binary runs");
        (!output.stdout.is_empty()).then_some(())
    });
    let (report, code) = doctor(&url, &[]);
    assert_eq!((code, &report["well"]), (Some(0), &true.into()), "{report}");
    assert!(said(&report, "whole").contains("100 %"), "{report}");
    assert!(!said(&report, "sdk").is_empty(), "{report}");
    assert!(
        said(&report, "compress").is_empty(),
        "it sends from here: {report}"
    );
    daemon.stop();
}

#[test]
fn without_a_daemon_a_taken_port_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = taken.local_addr().expect("it is bound").to_string();
    let ports = [
        ("HOTSPAN_OTLP_GRPC", address.as_str()),
        ("HOTSPAN_LISTEN", "127.0.0.1:0"),
    ];
    let (report, code) = doctor("http://127.0.0.1:1", &ports);
    assert_eq!(code, Some(4), "{report}");
    let words = said(&report, "port");
    assert!(
        words.contains(&format!("{address} is in use by another program")),
        "{words}"
    );
    assert!(words.contains("127.0.0.1:0 is free for --listen"), "{words}");
}
