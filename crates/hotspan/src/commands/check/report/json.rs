//! The verdict for programs; findings in the shape of the API.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::super::baseline::Known;
use super::super::verdict::{Judged, Outcome, Verdict};

pub(super) fn json(verdict: &Verdict<'_>) -> Result<String> {
    let evidence = verdict.evidence;
    let known = |list: &[&Known]| -> Result<Vec<Value>, serde_json::Error> {
        list.iter().map(serde_json::to_value).collect()
    };
    let entries = evidence.entries.iter().map(|entry| {
        json!({
            "service": entry.at.service,
            "operation": entry.at.operation,
            "traces": entry.traces,
            "db_calls_max": entry.db_calls_max,
            "calls_max": entry.calls_max,
            "duration_p50_ns": entry.duration_p50_ns,
        })
    });
    let overruns = verdict.overruns.iter().map(|overrun| {
        json!({
            "service": overrun.at.service,
            "operation": overrun.at.operation,
            "budget": overrun.budget,
            "limit": overrun.limit,
            "value": overrun.value,
            "trace_id": overrun.trace,
        })
    });
    let unused = verdict
        .unused
        .iter()
        .map(|of| json!({"entry": of.name(), "expires": of.expires}));
    let document = json!({
        "verdict": match verdict.outcome() {
            Outcome::Clean => "passed",
            Outcome::Failed => "failed",
            Outcome::Silent => "not_judged",
        },
        "silence": verdict.silence,
        "findings": verdict.judged.iter().map(finding).collect::<Vec<_>>(),
        "over_budget": overruns.collect::<Vec<_>>(),
        "fixed": known(&verdict.fixed).context("a known finding has a JSON form")?,
        "not_exercised": known(&verdict.not_exercised).context("a known finding has a JSON form")?,
        "unused_allowances": unused.collect::<Vec<_>>(),
        "entries": entries.collect::<Vec<_>>(),
        "coverage": {
            "traces": evidence.traces,
            "incomplete": evidence.incomplete,
            "spans": evidence.spans,
            "ignored": evidence.ignored,
        },
    });
    let text = serde_json::to_string_pretty(&document).context("the verdict has a JSON form")?;
    Ok(text + "\n")
}

fn finding(one: &Judged<'_>) -> Value {
    json!({
        "status": one.status.name(),
        "note": one.status.note(),
        "fails": one.fails,
        "hotspot": one.found.shape,
    })
}
