//! What a daemon tells of itself, asked twice.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::settings::OLD_NAMES;
use crate::client::Client;
use crate::commands::block_on;
use crate::exit::Failure;
use crate::output::{rows, text};

/// Most rows of a list that are looked at.
const ROWS: &str = "1000";
/// Exemplar traces that are looked at for the names of their attributes.
const TRACES: &str = "8";

/// Everything the checks judge.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// `/readyz`.
    pub(super) ready: Value,
    /// `/api/v1/status` at first, and a while later.
    pub(super) before: Value,
    pub(super) after: Value,
    pub(super) between: Duration,
    /// `/api/v1/services` with its coverage.
    pub(super) services: Value,
    /// Rows of `/api/v1/near-misses`.
    pub(super) near: Vec<Value>,
    /// Services whose exemplars have attributes of the older generation, and which.
    pub(super) old_names: BTreeMap<String, BTreeSet<&'static str>>,
    /// Our own clock, in nanoseconds since 1970.
    pub(super) now: u64,
}

impl Seen {
    pub(super) fn look(client: &Client, between: Duration) -> Result<Seen, Failure> {
        let rows_max = || vec![("limit", ROWS.to_owned())];
        let before = client.json("/api/v1/status", &[])?;
        let ready = client.reply("/readyz", &[])?;
        let old_names = old_names(client)?;
        block_on(async {
            tokio::time::sleep(between).await;
            Ok(())
        })?;
        let near = client.json("/api/v1/near-misses", &rows_max())?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Seen {
            ready: client.parse(&ready.text)?,
            before,
            after: client.json("/api/v1/status", &[])?,
            between,
            services: client.json("/api/v1/services", &rows_max())?,
            near: rows(&near["near_misses"]).to_vec(),
            old_names,
            now: u64::try_from(now.as_nanos()).unwrap_or(u64::MAX),
        })
    }
}

fn old_names(client: &Client) -> Result<BTreeMap<String, BTreeSet<&'static str>>, Failure> {
    let mut found: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
    let list = client.json("/api/v1/traces", &[("limit", TRACES.to_owned())])?;
    for row in rows(&list["traces"]) {
        let trace = match client.json(&format!("/api/v1/traces/{}", text(&row["trace_id"])), &[]) {
            // It gave way to another one since it was listed.
            Err(Failure::NoData(_)) => continue,
            answered => answered?,
        };
        for span in rows(&trace["spans"]) {
            let there = |name: &&&str| span["attributes"].get(**name).is_some();
            let names: Vec<&'static str> = OLD_NAMES.iter().filter(there).copied().collect();
            if !names.is_empty() {
                found.entry(text(&span["service"])).or_default().extend(names);
            }
        }
    }
    Ok(found)
}
