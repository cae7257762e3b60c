//! A recording sent over real OTLP to a running daemon gives the hotspots that `analyze` finds in the file, and a
//! signal loses nothing of it.

#[path = "support/daemon.rs"]
mod daemon;

use std::path::Path;

use serde_json::Value;

use daemon::{Daemon, hotspan, within};

const TRACES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/traces/stable");

/// Detector, fingerprint and calls of each hotspot, in order of the fingerprint.
fn hotspots(arguments: &[&str]) -> Vec<(String, String, Value)> {
    let output = hotspan().args(arguments).output().expect("the binary runs");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let list = answer["hotspots"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut found: Vec<_> = list
        .iter()
        .map(|of| {
            (
                text(&of["id"]),
                text(&of["detector"]),
                of["calls_per_trace"].clone(),
            )
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

/// The daemon's audit is about these hotspots, in each of its forms.
fn check_audit(url: &str, expected: &[(String, String, Value)]) {
    let audit = |form| {
        let output = hotspan().args(["audit", "-o", form, "--url", url]).output();
        let output = output.expect("the binary runs");
        assert_eq!(output.status.code(), Some(0), "{form}");
        String::from_utf8(output.stdout).expect("a page is text")
    };
    let json: Value = serde_json::from_str(&audit("json")).expect("it is JSON");
    let breaks = json["breaks"].as_object().expect("every break is there");
    let ids = breaks.values().filter_map(Value::as_array).flatten();
    let mut ids: Vec<&str> = ids.filter_map(Value::as_str).collect();
    ids.sort_unstable();
    let known: Vec<&str> = expected.iter().map(|of| of.0.as_str()).collect();
    assert_eq!(ids, known);
    assert!(audit("md").starts_with("# Audit\n"));
    assert!(audit("html").starts_with("<!DOCTYPE html>"));
}

#[test]
fn a_recording_over_the_wire_gives_what_the_file_gives() {
    if !Path::new(TRACES).is_dir() {
        eprintln!("skipped: the recorded traces are not here");
        return;
    }
    for scenario in [
        "django-nplus1-orm",
        "http-nplus1",
        "fanout-seq-httpx",
        "ext-stripe-critical",
    ] {
        let file = format!("{TRACES}/{scenario}.otlp.bin.zst");
        let expected = hotspots(&["analyze", "-o", "json", &file]);
        assert!(!expected.is_empty(), "{scenario}");
        let daemon = Daemon::start(scenario);
        let sent = hotspan()
            .args([
                "replay",
                &file,
                "--shift-to-now",
                "--to",
                &daemon.url("otlp_grpc"),
            ])
            .output();
        assert!(sent.expect("the binary runs").status.success(), "{scenario}");
        let url = daemon.url("listen");
        within(|| (hotspots(&["hotspots", "-o", "json", "--url", &url]) == expected).then_some(()));
        check_audit(&url, &expected);
        let said = daemon.stop();
        assert!(said.trim_end().ends_with("0 open"), "{said}");
    }
}
