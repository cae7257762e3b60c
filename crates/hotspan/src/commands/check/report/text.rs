//! The verdict for people in front of a terminal or a build's log.

use super::super::verdict::{Judged, Verdict, counted};
use super::place;

pub(super) fn text(verdict: &Verdict<'_>) -> String {
    let mut out = String::new();
    for overrun in &verdict.overruns {
        out.push_str(&format!("FAIL  {}: {}\n", overrun.budget, overrun.sentence()));
    }
    for one in &verdict.judged {
        finding(one, &mut out);
    }
    for known in &verdict.fixed {
        let (operation, service) = (&known.operation, &known.service);
        out.push_str(&format!("fixed {} in {operation} of {service}\n", known.detector));
    }
    for known in &verdict.not_exercised {
        let (operation, service) = (&known.operation, &known.service);
        let detector = &known.detector;
        out.push_str(&format!(
            "      not called: {operation} of {service}, known for {detector}\n"
        ));
    }
    for unused in &verdict.unused {
        out.push_str(&format!(
            "      unused in the allow-list (until {}): {}\n",
            unused.expires,
            unused.name()
        ));
    }
    out.push_str(&verdict.headline());
    out.push('\n');
    out
}

fn finding(one: &Judged<'_>, out: &mut String) {
    let (found, status) = (one.found, &one.status);
    let mark = if one.fails.is_some() { "FAIL" } else { "ok  " };
    out.push_str(&format!(
        "{mark}  {} {}: {}\n",
        status.name(),
        found.detector,
        found.title
    ));
    let mut say = |line: String| out.push_str(&format!("      {line}\n"));
    if !status.note().is_empty() {
        say(status.note());
    }
    if one.fails.is_none() {
        return;
    }
    say(format!(
        "in {}, {}, {} % sure, {}",
        found.place(),
        counted(found.traces, "trace"),
        found.confidence_percent,
        found.id
    ));
    if let Some(code) = found.code.first() {
        say(format!("at {}", place(code)));
    }
    if !found.trace.is_empty() {
        say(format!("trace {}", found.trace));
    }
    if !found.fix.is_empty() {
        say(format!("fix: {}", found.fix));
    }
}
