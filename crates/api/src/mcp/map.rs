//! `get_service_map`: who calls whom, and how each service does.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use hotspan_model::Nanos;
use serde::Serialize;
use utoipa::ToSchema;

use super::budget::{LeftOut, Lines, Room};
use super::call::{Basis, Call, Next, Reply};
use super::links::Links;
use super::quoted::Quoted;
use crate::ask::{Problem, RowFilter};
use crate::read;
use crate::shape::{self, Decimal, Latency};

/// Most services beside the edges.
const SERVICES_MAX: usize = 200;

/// A page of edges, and the services at their ends.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Map {
    /// By caller and callee.
    edges: Vec<Edge>,
    /// How many edges match.
    total_count: u64,
    /// More edges match than are here.
    truncated: bool,
    /// How to get more edges; null when these are the last.
    next: Option<Next>,
    /// Services at the ends of these edges, those with the most critical-path time first.
    services: Vec<Service>,
    left_out: Vec<LeftOut>,
    coverage: Basis,
}

/// A service and whom it calls.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Edge {
    /// What the callee is: internal, datastore, managed, third_party, external, unknown.
    peer: String,
    /// db, cache, call, publish.
    class: String,
    traces: u64,
    /// Not adjusted for sampling.
    calls: u64,
    failed: u64,
    /// Summed client time.
    time_ns: u64,
    /// Summed critical-path time.
    critical_path_ns: u64,
    /// The callee's server spans are in the traces.
    answered: bool,
    quoted: Ends,
}

/// What spans say: data.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Ends {
    /// Who calls.
    from: Quoted,
    /// Service, store, host or domain that is called.
    to: Quoted,
    system: Quoted,
    /// The caller on the page.
    link: String,
}

/// One service.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Service {
    requests: u64,
    error_share: Decimal,
    rate_per_hour: Decimal,
    latency_ns: Latency,
    /// Of all critical-path time.
    critical_path_share: Decimal,
    /// Hotspots listed on it.
    hotspots: u64,
    /// Spans whose parent was never received.
    orphan_spans: u64,
    quoted: Named,
}

/// What spans say: data.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Named {
    service: Quoted,
    link: String,
}

pub(super) fn map(mut call: Call) -> Result<Reply, Problem> {
    let budget = call.budget()?;
    let mut filter = RowFilter::read(&mut call.query)?;
    call.finish()?;
    // Edges come first; a third stays for the services.
    filter.page = filter.page.within(budget.rows() / 3 * 2);
    let ends = |of: &shape::Dependency| [of.from.clone(), of.to.clone()];
    let page = read::dependency_rows(&call.view, &filter, |of| {
        Paired(ends(&of), Edge::new(&of, &call.links))
    });
    let shown: BTreeSet<&String> = page.rows.iter().flat_map(|row| &row.0).collect();
    let mut room = Room::new(budget.rows());
    page.rows.iter().for_each(|row| room.take(row));
    let mut services: Vec<shape::Service> = call
        .view
        .answers
        .services
        .iter()
        .map(shape::Service::from)
        .filter(|of| shown.contains(&of.service) || filter.service.contains(&of.service))
        .collect();
    services.sort_by_key(|of| Reverse(of.critical_path_share));
    let services = services.iter().map(|of| Service::new(of, &call.links));
    let how = "ask again with service set, or with a larger max_bytes";
    let services = room.fit("services", how, SERVICES_MAX, services);
    let coverage = Basis::of(&call.view);
    let answer = Map {
        total_count: page.total,
        truncated: page.next_cursor.is_some(),
        next: Next::after("get_service_map", &page),
        edges: page.rows.into_iter().map(|row| row.1).collect(),
        services,
        left_out: room.left_out(),
        coverage,
    };
    Reply::new(text(&answer, Lines::new(budget)), &answer)
}

/// An edge and the exact names of its ends; written as the edge alone.
#[derive(Serialize)]
#[serde(transparent)]
struct Paired(#[serde(skip)] [String; 2], Edge);

impl Edge {
    fn new(of: &shape::Dependency, links: &Links) -> Edge {
        Edge {
            peer: of.peer.clone(),
            class: of.class.clone(),
            traces: of.traces,
            calls: of.calls,
            failed: of.failed,
            time_ns: of.time_ns,
            critical_path_ns: of.critical_path_ns,
            answered: of.answered,
            quoted: Ends {
                from: Quoted::new(&of.from),
                to: Quoted::new(&of.to),
                system: Quoted::new(&of.system),
                link: links.service(&of.from),
            },
        }
    }
}

impl Service {
    fn new(of: &shape::Service, links: &Links) -> Service {
        Service {
            requests: of.requests,
            error_share: of.error_share,
            rate_per_hour: of.rate_per_hour,
            latency_ns: of.latency_ns,
            critical_path_share: of.critical_path_share,
            hotspots: of.hotspots,
            orphan_spans: of.orphan_spans,
            quoted: Named {
                service: Quoted::new(&of.service),
                link: links.service(&of.service),
            },
        }
    }
}

fn text(of: &Map, mut lines: Lines) -> Lines {
    lines.add(format!(
        "{} of {} edges, {} services, {}.",
        of.edges.len(),
        of.total_count,
        of.services.len(),
        of.coverage.says()
    ));
    lines.add("Next: list_hotspots with service set to one of them.");
    for service in &of.services {
        lines.add(format!(
            "{}: {} of all critical-path time, p95 {}, errors {}, {} hotspots",
            service.quoted.service.in_line(),
            service.critical_path_share.percent(),
            Nanos(service.latency_ns.p95),
            service.error_share.percent(),
            service.hotspots
        ));
    }
    for edge in &of.edges {
        lines.add(format!(
            "{} calls {} ({}): {} calls in {} traces, {} on the critical path",
            edge.quoted.from.in_line(),
            edge.quoted.to.in_line(),
            edge.peer,
            edge.calls,
            edge.traces,
            Nanos(edge.critical_path_ns)
        ));
    }
    lines
}
