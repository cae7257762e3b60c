//! What is known of one hotspot, line by line.

use serde_json::Value;

use crate::output::{at, moment, nanos, number, percent_of, rows, text};

/// Root operations that are named.
const ENTRIES: usize = 3;

/// A heading and what stands under it.
pub(crate) type Fact = (&'static str, String);

/// Everything but the title and the traces, without what is empty.
pub(crate) fn facts(of: &Value) -> Vec<Fact> {
    let of_key = |key: &str| text(&of[key]);
    let mut facts = vec![
        ("id", of_key("id")),
        (
            "detector",
            format!("{} ({})", of_key("detector"), of_key("break")),
        ),
        ("state", state(of)),
        ("note", note(of)),
        ("change in", place(of)),
        ("entered by", entries(of)),
        ("calls", callee(of)),
        ("seen", seen(of)),
        ("a trace", calls(of)),
        ("waits", waits(of)),
        ("saves", saves(of)),
        ("requests", outlook(of)),
        ("impact", impact(of)),
        ("confidence", confidence(of)),
        ("fix", text(at(of, "fix.summary"))),
        ("how", text(at(of, "fix.how"))),
    ];
    facts.extend(rows(&of["code"]).iter().map(|code| ("code", code_place(code))));
    facts.push(("versions", of_key("versions")));
    facts.push(("merged in", of_key("related")));
    facts.push(("one change", of_key("change")));
    facts.extend(rows(&of["links"]).iter().map(link));
    facts.retain(|(_, said)| !said.is_empty());
    facts
}

fn link(of: &Value) -> Fact {
    ("look at", format!("{}: {}", text(&of["name"]), text(&of["url"])))
}

/// What a person said of a hotspot, behind its title.
pub(super) fn said(hotspot: &Value) -> String {
    let note = note(hotspot);
    match note.is_empty() {
        true => note,
        false => format!(" [{note}]"),
    }
}

fn note(of: &Value) -> String {
    let note = &of["note"];
    let key = |key: &str| note[key].as_str().map(|_| text(&note[key]));
    let Some(decision) = key("decision") else {
        return String::new();
    };
    let by = key("by").map_or(String::new(), |by| format!(" by {by}"));
    let until = key("until").map_or(String::new(), |_| format!(" until {}", moment(&note["until"])));
    let over = key("over").map_or(String::new(), |over| format!(", {over}"));
    format!(
        "{decision}{by}{until}{over}: {}",
        key("reason").unwrap_or_default()
    )
}

fn state(of: &Value) -> String {
    let mut said = format!(
        "{}, rank {}; first seen {}, last {}",
        text(&of["state"]),
        number(&of["rank"]),
        moment(&of["first_seen"]),
        moment(&of["last_seen"])
    );
    if number(&of["returns"]) > 0 {
        said += &format!("; came back {} times", number(&of["returns"]));
    }
    said
}

fn place(of: &Value) -> String {
    let (service, operation) = (text(&of["service"]), text(&of["operation"]));
    let anchor = (text(at(of, "anchor.service")), text(at(of, "anchor.operation")));
    let under = match &anchor {
        (_, at) if at.is_empty() || *at == operation => String::new(),
        (of, at) if *of == service => format!(", under {at}"),
        (of, at) => format!(", under {of} {at}"),
    };
    format!("{service}, {operation}{under}")
        .trim_end_matches(", ")
        .to_owned()
}

fn entries(of: &Value) -> String {
    let all = rows(&of["entries"]);
    let named = all
        .iter()
        .take(ENTRIES)
        .map(|entry| format!("{} ({} traces)", text(&entry[0]), number(&entry[1])));
    let more = match all.len().saturating_sub(ENTRIES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    named.collect::<Vec<_>>().join(", ") + &more
}

fn callee(of: &Value) -> String {
    let parts = ["class", "system", "peer"].map(|key| text(&of["callee"][key]));
    let whom: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    match (whom.join(" "), text(at(of, "callee.template"))) {
        (whom, template) if template.is_empty() => whom,
        (whom, template) => format!("{whom}: {template}"),
    }
}

fn seen(of: &Value) -> String {
    let mut said = format!("{} traces", number(&of["traces"]));
    let weighted = of["weighted_traces"].as_f64().unwrap_or_default();
    // Traces fit into a double; without sampling both numbers are the same.
    if weighted > of["traces"].as_f64().unwrap_or_default() {
        said += &format!(" that stand for {weighted:.0}");
    }
    said += &format!(", {} of its requests", percent_of(&of["share"]));
    match text(at(of, "tail.says")) {
        tail if tail.is_empty() => said,
        tail => format!("{said}; {tail}"),
    }
}

fn calls(of: &Value) -> String {
    let [min, p50, p95, max] = ["min", "p50", "p95", "max"].map(|key| number(&of["calls_per_trace"][key]));
    format!("{min} to {max} calls, median {p50}, 95th percentile {p95}")
}

fn waits(of: &Value) -> String {
    let [p50, p95] = ["p50", "p95"].map(|key| nanos(&of["critical_path_ns"][key]));
    format!("{p50} on the critical path in the median, {p95} at the 95th percentile")
}

fn saves(of: &Value) -> String {
    let [min, likely, max] = ["min", "likely", "max"].map(|key| nanos(&of["saving_ns"][key]));
    match number(at(of, "saving_ns.likely")) {
        0 => String::new(),
        _ => format!(
            "{likely} a request ({min} to {max}), {} of its median",
            percent_of(&of["saving_share"])
        ),
    }
}

fn outlook(of: &Value) -> String {
    let quantiles = [
        ("median", "operation_p50_ns"),
        ("95th percentile", "operation_p95_ns"),
    ];
    let moved = quantiles.into_iter().filter_map(|(name, key)| {
        let (before, after) = (&of[key]["before"], &of[key]["after"]);
        before.as_u64().and(after.as_u64())?;
        Some(format!("{name} {} → {}", nanos(before), nanos(after)))
    });
    moved.collect::<Vec<_>>().join(", ")
}

fn impact(of: &Value) -> String {
    format!(
        "{} s an hour ({}); {} weeks of work; priority {}",
        text(&of["impact_s_per_hour"]),
        text(&of["impact_basis"]),
        text(&of["effort_weeks"]),
        text(&of["priority"])
    )
}

fn confidence(of: &Value) -> String {
    let why: Vec<String> = rows(&of["confidence_why"]).iter().map(text).collect();
    format!("{}: {}", percent_of(&of["confidence"]), why.join("; "))
}

fn code_place(code: &Value) -> String {
    let (file, line, function) = (
        text(&code["file"]),
        number(&code["line"]),
        text(&code["function"]),
    );
    let place = match line {
        0 => file,
        line => format!("{file}:{line}"),
    };
    format!("{place} {function}").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_note_tells_who_why_and_until_when() {
        let of = json!({"note": {"decision": "muted", "reason": "load test", "by": "ann",
            "until": "2026-01-02T03:04:05.000000000Z", "over": "expired"}});
        assert_eq!(
            said(&of),
            " [muted by ann until 2026-01-02 03:04:05 UTC, expired: load test]"
        );
        assert_eq!(said(&json!({"note": {"decision": null}})), "");
    }

    #[test]
    fn what_is_not_known_takes_no_line() {
        let of = json!({"id": "5f", "detector": "slow-query", "break": "database", "service": "shop",
            "operation": "GET /", "anchor": {"service": "shop", "operation": "GET /"}, "saving_ns": {"likely": 0},
            "code": [{"file": "shop/views.py", "line": 41, "function": "list_orders"}, {"file": "a.py", "line": 0}]});
        let facts = facts(&of);
        let named = |name: &str| -> Vec<&str> {
            let found = facts.iter().filter(|(heading, _)| *heading == name);
            found.map(|(_, said)| said.as_str()).collect()
        };
        assert_eq!(named("change in"), ["shop, GET /"]);
        assert_eq!(named("code"), ["shop/views.py:41 list_orders", "a.py"]);
        for absent in ["note", "saves", "requests", "calls", "fix", "versions"] {
            assert!(named(absent).is_empty(), "{absent}");
        }
    }
}
