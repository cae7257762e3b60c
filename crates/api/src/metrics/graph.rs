//! The service graph, under the names that Grafana's tab asks for.

use std::collections::BTreeMap;

use hotspan_hotspots::{Histogram, LinkMeter, Meters, OVERFLOW_LABEL, Outside};
use hotspan_model::Class;

use super::histogram::{OF_HISTOGRAM, Unit, buckets, merge};
use super::known::Places;
use super::number::weighted_count;
use super::text::{Family, Labels, counter, histogram, labels, total};

/// One edge of the service graph.
#[derive(Debug, Default)]
struct Edge {
    calls: u128,
    failed: u128,
    client: Histogram,
    server: Histogram,
}

/// Its families. Both ends come from the assembled trace.
pub(super) fn families(of: &Meters, places: &mut Places<'_>) -> [Family; 5] {
    let (mut edges, mut unpaired): (BTreeMap<Labels, Edge>, BTreeMap<Labels, u128>) = Default::default();
    for meter in &of.links {
        let (client, server) = (meter.client.as_str(), meter.server.as_str());
        if matches!(meter.outside, Outside::Unknown | Outside::Lost) {
            let named = |client, server| labels([("client", client), ("server", server)]);
            let choices = [named(client, server), named(OVERFLOW_LABEL, OVERFLOW_LABEL)];
            *unpaired
                .entry(places.place("unpaired", choices, None, 1))
                .or_default() += meter.calls;
            continue;
        }
        let named = |client, server| {
            labels([
                ("client", client),
                ("server", server),
                ("connection_type", connection(meter)),
            ])
        };
        let choices = [named(client, server), named(OVERFLOW_LABEL, OVERFLOW_LABEL)];
        let edge = edges
            .entry(places.place("edge", choices, None, 2 + 2 * OF_HISTOGRAM))
            .or_default();
        edge.calls += meter.calls;
        edge.failed += meter.failed;
        merge(&mut edge.client, &meter.client_time);
        merge(&mut edge.server, &meter.server_time);
    }
    let calls = edges
        .iter()
        .map(|(labels, edge)| total(labels.clone(), weighted_count(edge.calls)));
    let failed = edges
        .iter()
        .map(|(labels, edge)| total(labels.clone(), weighted_count(edge.failed)));
    let times = |side: fn(&Edge) -> &Histogram| {
        let samples = edges
            .iter()
            .flat_map(|(labels, edge)| buckets(labels, side(edge), Unit::Seconds));
        samples.collect()
    };
    let unpaired = unpaired
        .iter()
        .map(|(labels, &spans)| total(labels.clone(), weighted_count(spans)));
    [
        counter(
            "traces_service_graph_request",
            "Calls between two services.",
            calls.collect(),
        ),
        counter(
            "traces_service_graph_request_failed",
            "Calls between two services that failed at either end.",
            failed.collect(),
        ),
        histogram(
            "traces_service_graph_request_server_seconds",
            "How long calls took at the callee.",
            times(|edge| &edge.server),
        ),
        histogram(
            "traces_service_graph_request_client_seconds",
            "How long calls took at the caller.",
            times(|edge| &edge.client),
        ),
        counter(
            "traces_service_graph_unpaired_spans",
            "Calls of which one end was never received and nothing names it.",
            unpaired.collect(),
        ),
    ]
}

/// What lies between the two ends.
fn connection(of: &LinkMeter) -> &'static str {
    if matches!(of.class, Class::Db | Class::Cache) {
        "database"
    } else if of.class == Class::Publish {
        "messaging_system"
    } else if of.outside == Outside::Nobody {
        ""
    } else {
        "virtual_node"
    }
}
