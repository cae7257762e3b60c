//! What a running daemon says: its hotspots, after it went quiet where that is asked for.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};
use serde_json::Value;

use super::CheckArguments;
use super::budgets::DURATION;
use super::evidence::{At, Entry, Evidence};
use super::found::Found;
use super::label::Label;
use crate::client::{ANSWER, Client};
use crate::commands::block_on;
use crate::exit::Failure;

/// Rows of one page.
const PAGE: &str = "1000";
/// Most pages of one list.
const PAGES_MAX: usize = 100;
/// How often a daemon that is not quiet yet is asked again.
const ASK_EVERY: Duration = Duration::from_millis(200);
/// How often the idle time may pass, and how long it takes at least, before waiting for a daemon that is never quiet ends.
const PATIENCE: (u32, Duration) = (20, Duration::from_secs(120));
/// What is over, or was not called, fails nobody.
const OVER: [&str; 2] = ["fixed", "not_exercised"];

/// Fails for a budget that a daemon cannot judge: it would be green on silence.
pub(super) fn can_judge(budgets: &BTreeSet<&str>, has_label: bool) -> Result<()> {
    let of_traces = budgets.iter().find(|budget| **budget != DURATION);
    if let Some(budget) = of_traces {
        bail!(
            "{budget}: a daemon keeps no calls of single traces, which this budget needs; check recorded files, or use \
             hotspan capture"
        );
    }
    if has_label && !budgets.is_empty() {
        bail!(
            "{DURATION}: a daemon keeps durations of all versions together; leave --label out, or check recorded files"
        );
    }
    Ok(())
}

/// Everything that the daemon at `url` has to judge by.
pub(super) fn evidence(
    url: &str,
    label: Option<&Label>,
    arguments: &CheckArguments,
) -> Result<Evidence, Failure> {
    let client = Client::new(url, ANSWER, &arguments.showing)?;
    let version = match label {
        Some(label) => Some(label.version().ok_or_else(|| {
            anyhow!("--label: a daemon keeps service.version alone; give a version, or check recorded files")
        })?),
        None => None,
    };
    if let Some(idle) = arguments.wait_idle {
        wait(&client, idle)?;
    }
    let status = asked(&client, "status")?;
    let confidence = hotspan_api::shape::Decimal::from(arguments.gate.min_confidence).to_string();
    let hotspots = all(&client, "hotspots", &[("min_confidence", confidence)])?;
    let is_of = |row: &Value| version.is_none_or(|version| names(&row["versions"], version));
    let found = hotspots.into_iter().filter(is_of);
    let found = found.filter(|of| !OVER.iter().any(|state| of["state"] == *state));
    let operations = all(&client, "operations", &[])?;
    let number = |value: &Value| value.as_u64().unwrap_or(0);
    let decided = status["traces_decided"].as_object();
    // A version that no service has reported is one of which nothing was seen.
    let services = all(&client, "services", &[])?;
    let of_version = services.iter().filter(|of| is_of(of));
    let traces = match version {
        None => decided.map_or(0, |by_reason| by_reason.values().map(number).sum()),
        Some(_) => of_version.map(|of| number(&of["traces"])).max().unwrap_or(0),
    };
    let mut entries: Vec<Entry> = operations.iter().map(entry).collect();
    entries.sort_by(|a, b| a.at.cmp(&b.at));
    let operations = entries.iter().map(|entry| entry.at.clone()).collect();
    entries.retain(|entry| entry.traces > 0);
    Ok(Evidence {
        found: found.map(Found::read).collect(),
        operations,
        entries,
        traces,
        incomplete: number(&status["traces_incomplete"]) + number(&status["traces_open"]),
        spans: number(&status["spans"]["analysed"]),
        ..Evidence::default()
    })
}

/// An operation as it was called; no traces where it is only called by others.
fn entry(of: &Value) -> Entry {
    Entry {
        at: At {
            service: text(&of["service"]),
            operation: text(&of["operation"]),
        },
        traces: of["entries"].as_u64().unwrap_or(0),
        duration_p50_ns: of["latency_ns"]["p50"].as_u64().unwrap_or(0),
        ..Entry::default()
    }
}

/// Waits until no span came for `idle` and no trace is open.
fn wait(client: &Client, idle: Duration) -> Result<(), Failure> {
    let deadline = Instant::now() + (idle * PATIENCE.0).max(PATIENCE.1);
    let (mut quiet, mut last) = (Instant::now(), None);
    loop {
        let status = asked(client, "status")?;
        let received = status["spans"]["received"].as_u64();
        let is_open = status["traces_open"] != 0 || status["spans"]["open"] != 0;
        if received != last {
            (quiet, last) = (Instant::now(), received);
        }
        if quiet.elapsed() >= idle && !is_open {
            return Ok(());
        }
        if Instant::now() > deadline {
            let base = client.base();
            let why = format!("{base} still gets spans or has open traces: --wait-idle gave up");
            return Err(Failure::NoData(why));
        }
        block_on(async {
            tokio::time::sleep(ASK_EVERY).await;
            Ok(())
        })?;
    }
}

fn asked(client: &Client, list: &str) -> Result<Value, Failure> {
    client.json(&format!("/api/v1/{list}"), &[])
}

/// All rows of a list, page by page.
fn all(client: &Client, list: &str, parameters: &[(&'static str, String)]) -> Result<Vec<Value>, Failure> {
    let mut rows = Vec::new();
    let mut asked = [parameters, &[("limit", PAGE.to_owned())]].concat();
    for _ in 0..PAGES_MAX {
        let mut page = client.json(&format!("/api/v1/{list}"), &asked)?;
        if let Value::Array(more) = page[list].take() {
            rows.extend(more);
        }
        let Some(next) = page["next_cursor"].as_str() else {
            return Ok(rows);
        };
        asked.retain(|(name, _)| *name != "cursor");
        asked.push(("cursor", next.to_owned()));
    }
    Err(Failure::NoData(format!(
        "{} has more {list} than a check reads: {} and more",
        client.base(),
        rows.len()
    )))
}

fn names(list: &Value, wanted: &str) -> bool {
    list.as_array()
        .is_some_and(|list| list.iter().any(|name| name == wanted))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
