//! One trace of a running daemon, as `hotspan trace` shows one of a file.

use anyhow::{Context as _, anyhow};
use serde_json::Value;

use super::lines;
use crate::client::Client;
use crate::exit::Failure;
use crate::output::{ListFormat, Paint, Style, at, nanos, number, print, rows, text};
use crate::waterfall::draw;

pub(super) fn run(client: &Client, id: &str, format: ListFormat, paint: Paint) -> Result<(), Failure> {
    // An id goes into the path, so that nothing else may be in it.
    if id.is_empty() || id.len() > 32 || !id.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(Failure::Input(anyhow!("{id}: a trace id is 1 to 32 hex digits")));
    }
    if format == ListFormat::Csv {
        let why = "-o csv: one trace is no table; -o json has its spans";
        return Err(Failure::Input(anyhow!(why)));
    }
    let trace = client.json(&format!("/api/v1/traces/{id}"), &[])?;
    Ok(print(&match format {
        ListFormat::Json => {
            serde_json::to_string_pretty(&trace).context("the answer has a JSON form")? + "\n"
        }
        ListFormat::Jsonl => trace.to_string() + "\n",
        ListFormat::Md => format!(
            "```text\n{}```\n",
            page(&trace, Paint::default()).replace("```", "'''")
        ),
        ListFormat::Table | ListFormat::Wide | ListFormat::Csv => page(&trace, paint),
    })?)
}

fn page(trace: &Value, paint: Paint) -> String {
    let head = format!(
        "trace {}  {} spans, {}",
        text(&trace["trace_id"]),
        number(&trace["span_count"]),
        nanos(&trace["duration_ns"])
    );
    let mut page = format!(
        "{}\n{}",
        paint.text(Style::Bold, &head),
        draw(&lines::all(trace), paint)
    );
    for finding in rows(&trace["findings"]) {
        let of = |key: &str| text(&finding[key]);
        page.push_str(&format!(
            "  {}: {} calls in {} {}, saves {} ({}); hotspot {}\n",
            of("detector"),
            of("calls"),
            of("service"),
            of("operation"),
            nanos(at(finding, "saving_ns.likely")),
            of("template"),
            of("hotspot_id")
        ));
    }
    for defect in rows(&trace["defects"]) {
        let span = match text(&defect["span_id"]) {
            span if span.is_empty() => span,
            span => format!(" on span {span}"),
        };
        page.push_str(&format!("  defect: {}{span}\n", text(&defect["kind"])));
    }
    for link in rows(&trace["links"]) {
        page.push_str(&format!("  {}: {}\n", text(&link["name"]), text(&link["url"])));
    }
    let omitted = number(&trace["omitted_spans"]);
    if omitted > 0 {
        page.push_str(&format!("  {omitted} more spans\n"));
    }
    page
}
