//! Whether spans arrive, how many, and from whom.

use hotspan_api::rfc3339;
use serde_json::Value;

use super::seen::Seen;
use super::{Check, Verdict};
use crate::output::{at, number, rows, text};

/// Nanoseconds after which silence is no pause.
const SILENCE: u64 = 300_000_000_000;
/// Services that are named.
const NAMED: usize = 12;

pub(super) fn check(seen: &Seen) -> Check {
    let received = |status: &Value| number(at(status, "spans.received"));
    let (before, after) = (received(&seen.before), received(&seen.after));
    let (new, seconds) = (after.saturating_sub(before), seen.between.as_secs().max(1));
    if after == 0 {
        return nothing(seen);
    }
    if new > 0 {
        let says = format!(
            "{new} spans in {seconds} s ({} a second){}",
            new / seconds,
            from(seen)
        );
        return Check::new("arriving", Verdict::Well, says);
    }
    let last = at(&seen.services, "coverage.last").as_str().and_then(rfc3339);
    let ago = last.map(|last| seen.now.saturating_sub(last.0));
    let since = match ago {
        Some(ago) => format!("the last trace counted {} s ago", ago / 1_000_000_000),
        None => "no trace is decided yet".to_owned(),
    };
    let says = format!(
        "nothing in {seconds} s, {since}; {after} spans until then{}",
        from(seen)
    );
    match ago.is_some_and(|ago| ago > SILENCE) {
        true => endpoints(Check::new("arriving", Verdict::Mend, says), seen),
        false => Check::new("arriving", Verdict::Note, says),
    }
}

/// Why nothing ever came.
fn nothing(seen: &Seen) -> Check {
    let connections = number(at(&seen.after, "connections.accepted"));
    let signals = seen.after["other_signal_bytes"].as_object().into_iter().flatten();
    let others: Vec<&str> = signals
        .filter(|(_, bytes)| number(bytes) > 0)
        .map(|(signal, _)| signal.as_str())
        .collect();
    let why = match (others.is_empty(), connections) {
        (true, _) if seen.after["tenant"].is_string() => {
            "no request showed a token of this tenant with the scope ingest".to_owned()
        }
        (false, _) => format!("{} come and no traces", others.join(" and ")),
        (true, 0) => "nobody ever connected".to_owned(),
        (true, some) => format!("{some} connections and no spans"),
    };
    let check = Check::new(
        "arriving",
        Verdict::Mend,
        format!("no span was ever received: {why}"),
    );
    endpoints(check, seen)
}

/// What to tell an SDK.
fn endpoints(check: Check, seen: &Seen) -> Check {
    let listeners = rows(&seen.after["listeners"]).iter();
    let address = |name: &str| {
        let found = listeners.clone().find(|of| of["name"] == name);
        found.map_or(String::new(), |of| text(&of["address"]))
    };
    check
        .fix("OTEL_TRACES_EXPORTER=otlp")
        .fix(format!(
            "OTEL_EXPORTER_OTLP_PROTOCOL=grpc OTEL_EXPORTER_OTLP_ENDPOINT=http://{}",
            address("otlp_grpc")
        ))
        .fix(format!(
            "or OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf OTEL_EXPORTER_OTLP_ENDPOINT=http://{}",
            address("otlp_http")
        ))
        .fix("OTEL_SERVICE_NAME=<name of the service>")
}

fn from(seen: &Seen) -> String {
    let services = rows(&seen.services["services"]);
    let named: Vec<String> = services
        .iter()
        .take(NAMED)
        .map(|row| text(&row["service"]))
        .collect();
    let more = match services.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    match named.is_empty() {
        true => String::new(),
        false => format!(" from {}{more}", named.join(", ")),
    }
}
