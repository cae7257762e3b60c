//! One hotspot: what it is, what it costs, how sure that is, what proves it, what to do.

use anyhow::{Context as _, anyhow};
use hotspan_api::page::markdown_escaped;
use serde_json::Value;

use super::facts::facts;
use super::id;
use crate::client::Client;
use crate::commands::traces::lines;
use crate::exit::Failure;
use crate::output::{ListFormat, Paint, Style, at, nanos, print, rows, text};
use crate::waterfall::draw;

/// Columns of the headings.
const HEADING: usize = 12;

pub(super) fn run(client: &Client, given: &str, format: ListFormat, paint: Paint) -> Result<(), Failure> {
    if format == ListFormat::Csv {
        let why = "-o csv: one hotspot is no table; hotspan hotspots -o csv lists them, show has json and md";
        return Err(Failure::Input(anyhow!(why)));
    }
    let id = id::resolve(client, given)?;
    let hotspot = client.json(&format!("/api/v1/hotspots/{id}"), &[])?;
    Ok(print(&match format {
        ListFormat::Json => {
            serde_json::to_string_pretty(&hotspot).context("the answer has a JSON form")? + "\n"
        }
        ListFormat::Jsonl => hotspot.to_string() + "\n",
        ListFormat::Md => markdown(&hotspot),
        ListFormat::Wide => page(&hotspot, true, paint),
        ListFormat::Table | ListFormat::Csv => page(&hotspot, false, paint),
    })?)
}

/// For people at a terminal.
fn page(of: &Value, whole: bool, paint: Paint) -> String {
    let mut page = format!("{}\n\n", paint.text(Style::Bold, &text(&of["title"])));
    for (heading, said) in facts(of) {
        page.push_str(&format!("  {heading:<HEADING$}{said}\n"));
    }
    for (heading, waterfall) in traces(of, whole, paint) {
        page.push_str(&format!("\n{}\n{waterfall}", paint.text(Style::Bold, &heading)));
    }
    page
}

/// For an issue or a comment.
fn markdown(of: &Value) -> String {
    let mut page = format!("## {}\n\n", markdown_escaped(&text(&of["title"])));
    for (heading, said) in facts(of) {
        page.push_str(&format!("- **{heading}**: {}\n", markdown_escaped(&said)));
    }
    for (heading, waterfall) in traces(of, false, Paint::default()) {
        // A fence longer than any run of backticks in it.
        let fence = "`".repeat(3.max(longest_run(&waterfall) + 1));
        page.push_str(&format!("\n{heading}\n\n{fence}text\n{waterfall}{fence}\n"));
    }
    page
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// A heading and a waterfall for each exemplar; one that is no longer held says so.
fn traces(of: &Value, whole: bool, paint: Paint) -> Vec<(String, String)> {
    let held = rows(&of["waterfalls"]);
    let shown = rows(&of["before_after"]).iter().map(|after| {
        let id = text(&after["trace_id"]);
        let trace = held.iter().find(|one| text(&one["trace"]["trace_id"]) == id);
        let drawn = trace.map_or(String::new(), |one| waterfall(&one["trace"], whole, paint));
        (heading(after, &id, trace), drawn)
    });
    shown.collect()
}

fn heading(after: &Value, id: &str, trace: Option<&Value>) -> String {
    let role = text(&after["role"]);
    let (before, likely) = (at(after, "replay.before_ns"), at(after, "replay.after_ns.likely"));
    let said = match (before.as_u64(), trace) {
        (Some(_), _) => format!("{}, with the fix {}", nanos(before), nanos(likely)),
        (None, Some(one)) => format!(
            "{}; {}",
            nanos(at(one, "trace.duration_ns")),
            text(&after["why_not"])
        ),
        (None, None) => text(&after["why_not"]),
    };
    format!("{role} trace {id}: {said}")
}

fn waterfall(trace: &Value, whole: bool, paint: Paint) -> String {
    let (lines, left_out) = match whole {
        true => (lines::all(trace), 0),
        false => lines::compact(trace),
    };
    let rest = match left_out {
        0 => String::new(),
        spans => format!(
            "  and {spans} more: hotspan traces show {}\n",
            text(&trace["trace_id"])
        ),
    };
    draw(&lines, paint) + &rest
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_exemplar_tells_what_the_fix_would_do_or_why_nobody_knows() {
        let of = json!({"title": "GET / runs `SELECT` 9 times", "detector": "n-plus-one-query", "before_after": [
            {"role": "worst", "trace_id": "aa", "replay": {"before_ns": 9_000_000, "after_ns": {"likely": 2_000_000}}},
            {"role": "median", "trace_id": "bb", "replay": null, "why_not": "the trace is no longer held"}],
            "waterfalls": [{"role": "worst", "trace": {"trace_id": "aa", "duration_ns": 9_000_000, "span_count": 1,
                "spans": [{"depth": 0, "service": "shop", "operation": "```", "mark": "anchor",
                "start": "2026-01-02T03:04:05.0Z", "duration_ns": 9_000_000}]}}]});
        let page = page(&of, false, Paint::default());
        assert!(
            page.contains("worst trace aa: 9 ms, with the fix 2 ms\n>shop ``` "),
            "{page}"
        );
        assert!(
            page.contains("median trace bb: the trace is no longer held"),
            "{page}"
        );
        let page = markdown(&of);
        assert!(page.starts_with("## GET / runs \\`SELECT\\` 9 times\n"), "{page}");
        assert!(page.contains("\n````text\n>shop ```"), "{page}");
    }
}
