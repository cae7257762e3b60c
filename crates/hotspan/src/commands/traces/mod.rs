//! `hotspan traces`: the traces that a running daemon holds as evidence, and single ones.

pub(crate) mod lines;
mod show;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::asking::{Asking, known_services};
use crate::client::{Asked, Client};
use crate::exit::Failure;
use crate::output::{Column, Form, List, ListFormat, Paint, rows, text};

const LIST: List = List {
    path: "/api/v1/traces",
    key: "traces",
    columns: &[
        Column::new("TRACE", "trace_id", Form::Text),
        Column::new("HOTSPOTS", "hotspots", Form::Length),
        Column::new("EVIDENCE OF", "evidence", Form::Text),
    ],
};

/// Hotspots that are named in the row of a trace.
const NAMED: usize = 3;

/// Flags of `traces`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hotspan traces                              what is held as evidence
  hotspan traces --detector slow-query -o jsonl
  hotspan traces show 4bf92f3577b34da6a3ce929d0e0e4736
  hotspan traces show 4bf92f3577b34da6a3ce929d0e0e4736 -o json | jq .critical_path

Held are the exemplars of hotspots, and recent traces for as long as there is room; hotspan trace
reads files. Exit codes: 0 answered, 2 usage, 3 no such trace or service, 4 no daemon answers.")]
pub(crate) struct TracesArguments {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    asking: Asking,
    #[command(flatten)]
    wanted: Wanted,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The traces that hotspots refer to; this is what `traces` alone does
    #[command(after_help = "Examples:
  hotspan traces list --service orders")]
    List(Wanted),
    /// One trace: waterfall, critical path, findings, defects
    #[command(after_help = "Examples:
  hotspan traces show 4bf92f3577b34da6a3ce929d0e0e4736
  hotspan traces show 4bf92f3577b34da6a3ce929d0e0e4736 -o md")]
    Show {
        /// Which trace, 1 to 32 hex digits
        id: String,
    },
}

/// Which traces are listed.
#[derive(Clone, Debug, Args)]
struct Wanted {
    /// Only evidence against this service; repeat for alternatives
    #[arg(long)]
    service: Vec<String>,
    /// Only evidence of this detector; repeat for alternatives
    #[arg(long)]
    detector: Vec<String>,
    /// At most so many [default: 50]
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
}

pub(crate) fn run(arguments: &TracesArguments, paint: Paint) -> Result<(), Failure> {
    let (client, format) = (arguments.asking.address.client()?, arguments.asking.output);
    match &arguments.verb {
        None => list(&client, &[&arguments.wanted], format, paint),
        Some(Verb::List(wanted)) => list(&client, &[&arguments.wanted, wanted], format, paint),
        Some(Verb::Show { id }) => show::run(&client, id, format, paint),
    }
}

fn list(client: &Client, wanted: &[&Wanted], format: ListFormat, paint: Paint) -> Result<(), Failure> {
    let mut asked = Asked::new();
    for of in wanted {
        asked.extend(of.service.iter().map(|value| ("service", value.clone())));
        asked.extend(of.detector.iter().map(|value| ("detector", value.clone())));
        asked.extend(of.limit.map(|limit| ("limit", limit.to_string())));
    }
    let listed = LIST.run(client, asked, (format, paint), |answer| {
        for row in answer["traces"].as_array_mut().into_iter().flatten() {
            row["evidence"] = Value::from(evidence(&row["hotspots"]));
        }
        Ok(())
    })?;
    let services: Vec<String> = wanted.iter().flat_map(|of| of.service.clone()).collect();
    if listed.empty {
        known_services(client, &services)?;
    }
    LIST.talk(&listed, format, "");
    Ok(())
}

/// `worst of n-plus-one-query in orders (5f0c6d1e)`, of the first ones.
fn evidence(hotspots: &Value) -> String {
    let all = rows(hotspots);
    let named = all.iter().take(NAMED).map(|of| {
        let [role, detector, service, id] =
            ["role", "detector", "service", "hotspot_id"].map(|key| text(&of[key]));
        format!(
            "{role} of {detector} in {service} ({})",
            id.get(..8).unwrap_or(&id)
        )
    });
    let named = named.collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
