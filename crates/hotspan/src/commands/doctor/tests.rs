//! Facts about the report: each thing that is wrong is told once, with what to do.

use std::time::Duration;

use serde_json::{Value, json};

use super::Verdict;
use super::checks::all;
use super::seen::Seen;

/// A daemon with data in which nothing is wrong.
fn well() -> Seen {
    let status = |received: u64| {
        json!({"version": env!("CARGO_PKG_VERSION"), "uptime_s": 600, "connections": {"accepted": 3},
            "spans": {"received": received, "dropped": {"degraded": 0, "duplicate": 4}},
            "requests": [{"transport": "grpc", "accepted": 1_000, "refused": []}], "tolerated": {"cut": 0},
            "listeners": [{"name": "otlp_grpc", "address": "127.0.0.1:4317"}]})
    };
    Seen {
        ready: json!({"ready": true, "checks": [{"name": "receivers", "ok": true}]}),
        before: status(10_000),
        after: status(10_400),
        between: Duration::from_secs(2),
        services: json!({"services": [{"service": "shop"}, {"service": "stock"}], "coverage": {
            "pressure": {"level": "none"}, "complete_share": 1.0, "traces": {"analysed": 900},
            "sampling_weight": 1.0, "defects": {}, "services": []}}),
        ..Seen::default()
    }
}

/// What is to be repaired, with the fix.
fn mend(seen: &Seen) -> Vec<String> {
    let checks = all(seen)
        .into_iter()
        .filter(|check| check.verdict == Verdict::Mend);
    checks
        .map(|check| format!("{}: {}; {}", check.check, check.says, check.fix.join("; ")))
        .collect()
}

fn with(change: impl FnOnce(&mut Seen)) -> Seen {
    let mut seen = well();
    change(&mut seen);
    seen
}

#[test]
fn what_is_well_is_said_with_numbers() {
    assert_eq!(mend(&well()), Vec::<String>::new());
    let says: Vec<String> = all(&well()).into_iter().map(|check| check.says).collect();
    assert!(
        says.contains(&"400 spans in 2 s (200 a second) from shop, stock".to_owned()),
        "{says:?}"
    );
    assert!(
        says.contains(&"100 % of traces lack nothing".to_owned()),
        "{says:?}"
    );
}

#[test]
fn each_thing_that_is_wrong_is_told_with_what_to_do() {
    let refused = |requests: u64| {
        json!([{"transport": "grpc", "accepted": 1_000,
        "refused": [{"reason": "too_large", "requests": requests}]}])
    };
    let cases: [(Seen, &str); 11] = [
        (
            with(|seen| {
                seen.after["storage"] = json!({"store_failing": true, "failing_why": "no room is left"})
            }),
            "the store cannot be written: no room is left; make room",
        ),
        (
            with(|seen| {
                seen.after["storage"] = json!({"moved_aside": "hotspan.db.corrupt-1: not a database"})
            }),
            "it is at hotspan.db.corrupt-1: not a database; put a backup in its place",
        ),
        (
            with(|seen| seen.after["version"] = json!("0.0.1")),
            "hotspan 0.0.1 answers",
        ),
        (
            with(|seen| {
                seen.ready["checks"][0] = json!({"name": "receivers", "ok": false, "detail": "draining"})
            }),
            "receivers is not ready: draining",
        ),
        (
            with(|seen| (seen.before["requests"], seen.after["requests"]) = (refused(1), refused(2))),
            "2 of 1002 grpc requests were refused: too_large; send smaller batches (OTEL_BSP_MAX_EXPORT",
        ),
        (
            with(|seen| seen.after["spans"]["dropped"]["degraded"] = json!(5)),
            "5 of 10400 spans were dropped: degraded; there was no room",
        ),
        (
            with(|seen| seen.after["tolerated"] = json!({"service_missing": 7})),
            "service_missing; set OTEL_SERVICE_NAME",
        ),
        (
            with(|seen| seen.services["coverage"]["pressure"]["level"] = json!("sampling")),
            "the load is sampling",
        ),
        (
            with(|seen| seen.services["coverage"]["complete_share"] = json!(0.5)),
            "50 % of traces lack nothing; let every service pass the context on: OTEL_PROPAGATORS",
        ),
        (
            with(|seen| seen.services["coverage"]["defects"] = json!({"skew_capped": 90})),
            "90 spans have clocks that no shift puts right; synchronise",
        ),
        (
            with(|seen| {
                seen.services["coverage"]["services"] = json!([{"service": "stock", "spans": 9,
                    "why": ["its statements are hidden"]}]);
            }),
            "stock: its statements are hidden; hotspan hotspots --service 'stock'",
        ),
    ];
    for (seen, words) in cases {
        let said = mend(&seen);
        assert_eq!(said.len(), 1, "{words}: {said:?}");
        assert!(said[0].contains(words), "{said:?} without {words}");
    }
}

/// A daemon that hears one service in Go and one in Java.
fn with_senders(go: Value, java: Value) -> Seen {
    let sender = |language: &str, more: Value| {
        let mut sender = json!({"sdk": {"language": language, "name": "opentelemetry", "version": "1.2.3"},
            "distro": {"name": "", "version": ""}, "version": "7", "encoding": "protobuf",
            "compression": "gzip", "local": false, "batches": 9, "last_seen": "2026-01-02T03:04:05Z"});
        for (key, value) in more.as_object().expect("it is an object") {
            sender[key] = value.clone();
        }
        sender
    };
    with(|seen| {
        seen.after["at"] = json!("2026-01-02T03:05:00Z");
        seen.services["services"] = json!([
            {"service": "shop", "senders": [sender("go", go)]},
            {"service": "stock", "senders": [sender("java", java)]},
        ]);
    })
}

/// What is said of one thing, with the fix.
fn said(seen: &Seen, check: &str) -> Vec<String> {
    let of = all(seen).into_iter().filter(|of| of.check == check);
    of.map(|of| format!("{}; {}", of.says, of.fix.join("; ")))
        .collect()
}

#[test]
fn sdks_are_told_with_their_versions_and_services() {
    let agent = json!({"distro": {"name": "opentelemetry-java-instrumentation", "version": "2.9.0"}});
    let seen = with_senders(json!({}), agent);
    assert_eq!(
        said(&seen, "sdk"),
        [
            "go opentelemetry 1.2.3: shop; ",
            "java opentelemetry 1.2.3 (opentelemetry-java-instrumentation 2.9.0): stock; "
        ]
    );
    for quiet in ["compress", "encoding", "version"] {
        assert_eq!(said(&seen, quiet), Vec::<String>::new());
    }
    let silent = with_senders(json!({"last_seen": "2026-01-02T01:00:00Z"}), json!({}));
    assert_eq!(said(&silent, "sdk").len(), 1, "who is silent is not judged");
}

#[test]
fn advice_is_that_of_the_language_which_needs_it() {
    let plain = json!({"compression": "identity", "encoding": "json", "version": ""});
    let seen = with_senders(plain, json!({}));
    for (check, words) in [
        (
            "compress",
            "shop (9 batches); Go: OTEL_EXPORTER_OTLP_COMPRESSION=gzip",
        ),
        (
            "encoding",
            "shop (9 batches); Go: OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
        ),
        (
            "version",
            "shop (9 batches); Go: OTEL_RESOURCE_ATTRIBUTES=service.version=",
        ),
    ] {
        let said = said(&seen, check);
        assert!(
            said.len() == 1 && said[0].contains(words),
            "{said:?} without {words}"
        );
    }
    let near = with_senders(json!({"compression": "identity", "local": true}), json!({}));
    assert_eq!(
        said(&near, "compress"),
        Vec::<String>::new(),
        "loopback needs none"
    );

    let mut torn = with_senders(json!({}), json!({}));
    torn.services["coverage"]["complete_share"] = json!(0.5);
    let whole = said(&torn, "whole").concat();
    assert!(
        whole.contains("Go: otel.SetTextMapPropagator(") && whole.contains("Java: OTEL_PROPAGATORS="),
        "{whole}"
    );
    assert!(whole.contains("Go, Java: OTEL_TRACES_SAMPLER="), "{whole}");
}

#[test]
fn few_losses_of_the_past_are_no_more_than_known() {
    let requests = json!([{"transport": "grpc", "accepted": 1_000,
        "refused": [{"reason": "draining", "requests": 2}]}]);
    let seen = with(|seen| (seen.before["requests"], seen.after["requests"]) = (requests.clone(), requests));
    assert_eq!(mend(&seen), Vec::<String>::new());
    assert!(
        all(&seen)
            .iter()
            .any(|check| check.check == "refused" && check.verdict == Verdict::Note)
    );
}

#[test]
fn a_tenant_is_named_and_its_silence_is_not_that_of_the_network() {
    let seen = with(|seen| {
        for status in [&mut seen.before, &mut seen.after] {
            status["tenant"] = json!("acme");
            status["spans"] = json!({"received": 0, "dropped": {}});
        }
    });
    let said = mend(&seen);
    assert!(
        said.iter()
            .any(|said| said.contains("no request showed a token of this tenant")),
        "{said:?}"
    );
    let daemon = all(&seen).into_iter().find(|check| check.check == "daemon");
    assert!(daemon.is_some_and(|check| check.says.contains("about the tenant acme")));
}

#[test]
fn silence_is_told_with_what_to_tell_an_sdk() {
    let silent = |received: u64, connections: u64| {
        with(|seen| {
            for status in [&mut seen.before, &mut seen.after] {
                status["spans"] = json!({"received": received, "dropped": {}});
                status["connections"]["accepted"] = json!(connections);
            }
            seen.services["coverage"]["last"] = json!("2026-01-02T03:04:05.000000000Z");
            seen.now = hotspan_api::rfc3339("2026-01-02T04:04:05Z")
                .expect("it is a moment")
                .0;
        })
    };
    for (seen, words) in [
        (
            silent(0, 0),
            "no span was ever received: nobody ever connected; OTEL_TRACES_EXPORTER=otlp; ",
        ),
        (silent(0, 2), "2 connections and no spans"),
        (
            silent(9, 2),
            "nothing in 2 s, the last trace counted 3600 s ago; 9 spans until then",
        ),
    ] {
        let said = mend(&seen);
        assert!(
            said.len() == 1 && said[0].contains(words),
            "{said:?} without {words}"
        );
        assert!(
            said[0].contains("OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317"),
            "{said:?}"
        );
    }
}

#[test]
fn an_eye_that_is_closed_names_the_setting_that_opens_it() {
    let seen = with(|seen| {
        let remedy = json!({"attribute": "db.query.parameter.<name>", "older": "", "how": "send arguments"});
        seen.near = ["shop", "stock"]
            .map(|service| json!({"service": service, "detector": "redundant-query", "remedy": remedy}))
            .into();
        seen.services["services"] = json!([{"service": "shop", "senders": [{"sdk": {"language": "java"}}]}]);
        seen.old_names.insert("shop".to_owned(), ["db.statement"].into());
    });
    assert_eq!(mend(&seen), Vec::<String>::new());
    let checks = all(&seen);
    let eye = checks
        .iter()
        .find(|check| check.check == "eye")
        .expect("one is closed");
    assert_eq!(
        eye.says,
        "redundant-query cannot see without db.query.parameter.<name>: shop, stock"
    );
    assert!(
        eye.fix.len() == 2 && eye.fix[1].contains("CAPTURE_QUERY_PARAMETERS=true"),
        "of another language, too: {:?}",
        eye.fix
    );
    let names = checks
        .iter()
        .find(|check| check.check == "names")
        .expect("they are old");
    assert!(names.says.contains("(db.statement): shop"), "{}", names.says);
}
