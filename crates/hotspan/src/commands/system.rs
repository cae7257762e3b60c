//! `hotspan services`, `operations`, `dependencies` and `third-parties`: the system as a running daemon sees it.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use serde_json::Value;

use super::asking::{Asking, known_services};
use super::doctor::sdk;
use crate::client::Client;
use crate::exit::Failure;
use crate::output::{Column, Form, List, Paint, rows};

/// Most edges that are counted for the coupling of services.
const EDGES: &str = "1000";

/// Flags of `services`, `operations`, `dependencies` and `third-parties`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hotspan services                            what each takes, how it hangs together with others
  hotspan operations --service orders         what a service does for each kind of request
  hotspan dependencies --service orders       whom it calls and who calls it
  hotspan third-parties -o csv > vendors.csv

Exit codes: 0 answered, 2 usage, 3 no such service, 4 no daemon answers.")]
pub(crate) struct SystemArguments {
    #[command(flatten)]
    asking: Asking,
    /// Only rows that this service is part of; repeat for alternatives
    #[arg(long)]
    service: Vec<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u32,
}

/// A list of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Noun {
    Services,
    Operations,
    Dependencies,
    ThirdParties,
}

impl Noun {
    fn list(self) -> &'static List {
        match self {
            Noun::Services => &SERVICES,
            Noun::Operations => &OPERATIONS,
            Noun::Dependencies => &DEPENDENCIES,
            Noun::ThirdParties => &THIRD_PARTIES,
        }
    }
}

const SERVICES: List = List {
    path: "/api/v1/services",
    key: "services",
    columns: &[
        Column::new("SERVICE", "service", Form::Text),
        Column::new("REQUESTS/H", "rate_per_hour", Form::Amount),
        Column::new("ERRORS", "error_share", Form::Share),
        Column::new("P50", "latency_ns.p50", Form::Nanos),
        Column::new("P95", "latency_ns.p95", Form::Nanos),
        Column::wide("P99", "latency_ns.p99", Form::Nanos),
        Column::new("PATH", "critical_path_share", Form::Share),
        Column::wide("SPANS", "spans", Form::Text),
        Column::wide("ORPHANS", "orphan_spans", Form::Text),
        Column::new("CALLS", "calls", Form::Length),
        Column::new("CALLED BY", "called_by", Form::Length),
        Column::new("STORES", "stores", Form::Length),
        Column::new("VENDORS", "vendors", Form::Length),
        Column::wide("CALLS WHOM", "calls", Form::Text),
        Column::wide("VERSIONS", "versions", Form::Text),
        Column::wide("SENT BY", "sent_by", Form::Text),
        Column::new("HOTSPOTS", "hotspots", Form::Text),
    ],
};

const OPERATIONS: List = List {
    path: "/api/v1/operations",
    key: "operations",
    columns: &[
        Column::new("SERVICE", "service", Form::Text),
        Column::new("OPERATION", "operation", Form::Text),
        Column::new("REQUESTS/H", "rate_per_hour", Form::Amount),
        Column::new("ERRORS", "error_share", Form::Share),
        Column::new("P50", "latency_ns.p50", Form::Nanos),
        Column::new("P95", "latency_ns.p95", Form::Nanos),
        Column::wide("P99", "latency_ns.p99", Form::Nanos),
        Column::wide("TRACES", "traces", Form::Text),
        Column::new("ENTRIES", "entries", Form::Text),
        Column::new("SELF", "critical_path_share.self", Form::Share),
        Column::new("DB", "critical_path_share.db", Form::Share),
        Column::wide("CACHE", "critical_path_share.cache", Form::Share),
        Column::wide("INTERNAL", "critical_path_share.internal", Form::Share),
        Column::new("VENDORS", "critical_path_share.third_party", Form::Share),
        Column::wide("QUEUE", "critical_path_share.queue", Form::Share),
        Column::wide("GAP", "critical_path_share.gap", Form::Share),
    ],
};

const DEPENDENCIES: List = List {
    path: "/api/v1/dependencies",
    key: "dependencies",
    columns: &[
        Column::new("FROM", "from", Form::Text),
        Column::new("TO", "to", Form::Text),
        Column::new("PEER", "peer", Form::Text),
        Column::new("SYSTEM", "system", Form::Text),
        Column::wide("CLASS", "class", Form::Text),
        Column::new("TRACES", "traces", Form::Text),
        Column::new("CALLS", "calls", Form::Text),
        Column::new("FAILED", "failed", Form::Text),
        Column::new("TIME", "time_ns", Form::Nanos),
        Column::new("PATH", "critical_path_ns", Form::Nanos),
        Column::new("ANSWERED", "answered", Form::Text),
    ],
};

const THIRD_PARTIES: List = List {
    path: "/api/v1/third-parties",
    key: "third_parties",
    columns: &[
        Column::new("DOMAIN", "domain", Form::Text),
        Column::new("VENDOR", "vendor", Form::Text),
        Column::new("CATEGORY", "category", Form::Text),
        Column::new("TRACES", "traces", Form::Text),
        Column::new("CALLS", "calls", Form::Text),
        Column::new("FAILED", "failed", Form::Text),
        Column::new("PATH", "critical_path_share", Form::Share),
        Column::new("P50", "critical_path_in_trace_ns.p50", Form::Nanos),
        Column::new("P95", "critical_path_in_trace_ns.p95", Form::Nanos),
        Column::new("WAITED FOR", "on_critical_path", Form::Text),
        Column::wide("SURE", "certainty", Form::Share),
        Column::wide("BECAUSE", "reason", Form::Text),
        Column::new("SERVICES", "services", Form::Text),
    ],
};

pub(crate) fn run(noun: Noun, arguments: &SystemArguments, paint: Paint) -> Result<(), Failure> {
    let (client, list) = (arguments.asking.address.client()?, noun.list());
    let mut asked = vec![("limit", arguments.limit.to_string())];
    asked.extend(
        arguments
            .service
            .iter()
            .map(|service| ("service", service.clone())),
    );
    let listed = list.run(
        &client,
        asked,
        (arguments.asking.output, paint),
        |answer| match noun {
            Noun::Services => describe(&client, answer),
            Noun::Operations | Noun::Dependencies | Noun::ThirdParties => Ok(()),
        },
    )?;
    if listed.empty {
        known_services(&client, &arguments.service)?;
    }
    list.talk(&listed, arguments.asking.output, "");
    Ok(())
}

/// Adds to each service whom it calls, who calls it, and the SDKs that send its spans.
fn describe(client: &Client, answer: &mut Value) -> Result<(), Failure> {
    let edges = client.json("/api/v1/dependencies", &[("limit", EDGES.to_owned())])?;
    let coupling = coupling(rows(&edges["dependencies"]));
    for row in answer["services"].as_array_mut().into_iter().flatten() {
        let name = row["service"].as_str().unwrap_or_default().to_owned();
        let own = coupling.get(name.as_str());
        for (place, key) in KEYS.into_iter().enumerate() {
            let names = own.map_or(Vec::new(), |own| own[place].iter().copied().collect());
            row[key] = Value::from(names);
        }
        let sdks: BTreeSet<String> = rows(&row["senders"]).iter().map(sdk).collect();
        row["sent_by"] = sdks.into_iter().collect();
    }
    Ok(())
}

/// Whom a service calls, who calls it, stores and vendors it uses.
const KEYS: [&str; 4] = ["calls", "called_by", "stores", "vendors"];

fn coupling(edges: &[Value]) -> BTreeMap<&str, [BTreeSet<&str>; KEYS.len()]> {
    let mut coupling: BTreeMap<&str, [BTreeSet<&str>; KEYS.len()]> = BTreeMap::new();
    for edge in edges {
        let [from, to, peer] = ["from", "to", "peer"].map(|key| edge[key].as_str().unwrap_or_default());
        let place = match peer {
            "datastore" | "managed" => 2,
            "third_party" | "external" => 3,
            _ => 0,
        };
        coupling.entry(from).or_default()[place].insert(to);
        coupling.entry(to).or_default()[1].insert(from);
    }
    coupling
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_service_is_coupled_to_whom_it_calls_and_who_calls_it() {
        let edges = [
            json!({"from": "shop", "to": "stock", "peer": "internal"}),
            json!({"from": "shop", "to": "stock", "peer": "internal", "class": "publish"}),
            json!({"from": "shop", "to": "postgresql/shop", "peer": "datastore"}),
            json!({"from": "shop", "to": "pay.example", "peer": "third_party"}),
            json!({"from": "cart", "to": "shop", "peer": "internal"}),
        ];
        let counts = |service: &str| coupling(&edges)[service].clone().map(|names| names.len());
        assert_eq!(counts("shop"), [1, 1, 1, 1]);
        assert_eq!(counts("stock"), [0, 1, 0, 0]);
    }
}
