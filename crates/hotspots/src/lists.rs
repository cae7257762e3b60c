//! The answers beside hotspots: services, operations, dependencies, third parties, coverage.

use std::collections::{BTreeMap, BTreeSet};

use hotspan_model::{CalleeFacts, Class, Hotspot, LogTime, Millionths, Nanos, Peer, Target};

use crate::distribution::Distribution;
use crate::merged::EdgeText;
use crate::peers::domain;
use crate::sign::{Sign, narrow, share, unweighted};
use crate::topology::{Edge, EdgeKey, Operation, PathSums, Service};
use crate::view::Reader;
use crate::{Coverage, Dependency, Latency, OperationAnswer, PeerDecision, ServiceAnswer, ThirdParty, uses};

/// What the answer rests on.
pub(crate) fn coverage(reader: &Reader<'_>, first: Option<LogTime>) -> Coverage {
    let merged = reader.merged;
    let totals = &merged.totals;
    let complete = totals.traces.saturating_sub(totals.incomplete);
    Coverage {
        traces: totals.traces,
        weighted_traces: Millionths(narrow(totals.weighted)),
        incomplete: totals.incomplete,
        complete_share: share(complete.into(), totals.traces.into()),
        spans: totals.spans,
        first,
        last: (totals.traces > 0).then_some(merged.newest),
        window_hours: reader.window.hours,
        defects: totals.defects,
        below_gate: 0,
        internal_after_all: 0,
        ignored: totals.ignored,
        muted: 0,
        sightings_beyond: merged.sightings_beyond,
        rows_beyond: merged.rows_beyond,
    }
}

/// Every service seen, by name.
pub(crate) fn services(reader: &Reader<'_>, listed: &[Hotspot]) -> Vec<ServiceAnswer> {
    let mut hotspots: BTreeMap<&str, u64> = BTreeMap::new();
    for hotspot in listed {
        *hotspots.entry(&hotspot.service).or_default() += 1;
    }
    let seen = reader.merged.services.iter().filter(|(_, row)| row.traces > 0);
    seen.map(|(&name, row)| service(reader, name, row, hotspots.get(name).copied().unwrap_or(0)))
        .collect()
}

fn service(reader: &Reader<'_>, name: &str, row: &Service, hotspots: u64) -> ServiceAnswer {
    let requests = Requests::of(reader, name);
    ServiceAnswer {
        service: name.to_owned(),
        traces: row.traces,
        spans: row.spans,
        failed: row.failed,
        orphans: row.orphans,
        requests: requests.count,
        failed_requests: requests.failed,
        error_share: share(requests.weighted_failed, requests.weighted),
        rate_per_hour: reader.window.per_hour(requests.in_window),
        latency: latency(&requests.durations),
        path: row.path.map(unweighted),
        path_share: share(sum(&row.path), reader.merged.totals.path),
        versions: reader.versions(&row.versions),
        hotspots,
    }
}

/// The requests of a service: the sum of its operations, which have all of them.
#[derive(Debug, Default)]
struct Requests {
    count: u64,
    failed: u64,
    weighted: u128,
    weighted_failed: u128,
    in_window: u128,
    durations: Distribution,
}

impl Requests {
    fn of(reader: &Reader<'_>, service: &str) -> Requests {
        let rows = reader.merged.operations.range((service, "")..);
        let mut sum = Requests::default();
        for (_, row) in rows.take_while(|((name, _), _)| *name == service) {
            Sign::Add.count(&mut sum.count, row.requests);
            Sign::Add.count(&mut sum.failed, row.failed);
            Sign::Add.sum(&mut sum.weighted, row.weighted);
            Sign::Add.sum(&mut sum.weighted_failed, row.weighted_failed);
            let in_window = row.hours.since(reader.window.from).amount;
            Sign::Add.sum(&mut sum.in_window, in_window);
            sum.durations.merge(&row.durations);
        }
        sum
    }
}

fn sum(path: &PathSums) -> u128 {
    path.iter().fold(0, |sum, &part| sum.saturating_add(part))
}

/// Every segment operation seen, by service and name.
pub(crate) fn operations(reader: &Reader<'_>) -> Vec<OperationAnswer> {
    let seen = reader.merged.operations.iter().filter(|(_, row)| row.traces > 0);
    seen.map(|(&name, row)| operation(reader, name, row)).collect()
}

fn operation(reader: &Reader<'_>, (service, name): (&str, &str), row: &Operation) -> OperationAnswer {
    let of_all = sum(&row.path);
    OperationAnswer {
        service: service.to_owned(),
        operation: name.to_owned(),
        traces: row.traces,
        requests: row.requests,
        failed: row.failed,
        entries: row.entries,
        error_share: share(row.weighted_failed, row.weighted),
        rate_per_hour: reader.window.per_hour(row.hours.since(reader.window.from).amount),
        latency: latency(&row.durations),
        latency_bars: row.durations.bars(),
        path: row.path.map(unweighted),
        path_share: row.path.map(|part| share(part, of_all)),
        most: uses::most(reader, service, name),
        calls: uses::dearest(reader, service, name),
    }
}

fn latency(distribution: &Distribution) -> Latency {
    Latency {
        p50: Nanos(distribution.quantile(500)),
        p95: Nanos(distribution.quantile(950)),
        p99: Nanos(distribution.quantile(990)),
    }
}

/// Every edge between a service and whom it calls, by name.
pub(crate) fn dependencies(reader: &Reader<'_>) -> Vec<Dependency> {
    let mut rows: BTreeMap<(&str, String, Peer, Class), Dependency> = BTreeMap::new();
    for (text, (key, edge)) in &reader.merged.edges {
        if edge.traces == 0 {
            continue;
        }
        let row = dependency(reader, text, key, edge);
        let place = (text.from, row.to.clone(), row.peer, row.class);
        match rows.get_mut(&place) {
            Some(known) => join(known, &row),
            None => {
                rows.insert(place, row);
            }
        }
    }
    rows.into_values().collect()
}

fn dependency(reader: &Reader<'_>, text: &EdgeText<'_>, key: &EdgeKey, edge: &Edge) -> Dependency {
    let address = match key.target {
        Target::Service(_) => key.callee,
        Target::Callee(callee) => Some(callee),
    };
    let facts = address.and_then(|callee| reader.dictionary.callee(callee));
    let (to, peer) = called(reader, key.target, text.target);
    Dependency {
        from: text.from.to_owned(),
        to,
        peer,
        system: facts.map_or("", |facts| &facts.system).to_owned(),
        class: text.class,
        traces: edge.traces,
        calls: edge.calls,
        failed: edge.failed,
        time: Nanos(narrow(edge.time)),
        path: Nanos(narrow(edge.path)),
        answered: text.answered,
    }
}

/// Who is called, as people know them, and what they are.
pub(crate) fn called(reader: &Reader<'_>, target: Target, text: &str) -> (String, Peer) {
    let callee = match target {
        Target::Service(_) => return (text.to_owned(), Peer::Internal),
        Target::Callee(callee) => callee,
    };
    let Some(decided) = reader.peers.decide(callee, reader.dictionary) else {
        return (text.to_owned(), Peer::Unknown);
    };
    let peer = decided.decision.peer;
    let facts = reader.dictionary.callee(callee);
    let to = decided.service.map(str::to_owned);
    (to.unwrap_or_else(|| name(reader, text, facts, peer)), peer)
}

/// What people call an address: a store by system and namespace, a company by its domain, all else by its
/// host.
fn name(reader: &Reader<'_>, text: &str, facts: Option<&CalleeFacts>, peer: Peer) -> String {
    let Some(facts) = facts else {
        return text.to_owned();
    };
    let name = match peer {
        Peer::Datastore => reader.dictionary.text(facts.store),
        Peer::ThirdParty => domain(facts),
        Peer::Internal | Peer::Managed | Peer::External | Peer::Unknown => &facts.host,
    };
    if name.is_empty() { text } else { name }.to_owned()
}

/// Two addresses of one name. The traces of both may be the same ones, so the larger number stands.
fn join(known: &mut Dependency, row: &Dependency) {
    known.traces = known.traces.max(row.traces);
    known.calls = known.calls.saturating_add(row.calls);
    known.failed = known.failed.saturating_add(row.failed);
    known.time = known.time.plus(row.time);
    known.path = known.path.plus(row.path);
    known.answered |= row.answered;
    if known.system.is_empty() {
        known.system.clone_from(&row.system);
    }
}

/// What is known of one company, summed over its addresses and callers.
#[derive(Debug)]
struct Company {
    edge: Edge,
    services: BTreeSet<String>,
    vendor: Option<hotspan_model::Vendor>,
    decision: PeerDecision,
}

/// Every other company that the system calls, by domain.
pub(crate) fn third_parties(reader: &Reader<'_>) -> Vec<ThirdParty> {
    let mut companies: BTreeMap<&str, Company> = BTreeMap::new();
    for (text, (key, edge)) in &reader.merged.edges {
        let Target::Callee(callee) = key.target else {
            continue;
        };
        let decided = reader.peers.decide(callee, reader.dictionary);
        let (Some(decided), Some(facts)) = (decided, reader.dictionary.callee(callee)) else {
            continue;
        };
        if decided.decision.peer != Peer::ThirdParty || edge.traces == 0 {
            continue;
        }
        let company = companies.entry(domain(facts)).or_insert_with(|| Company {
            edge: Edge::default(),
            services: BTreeSet::new(),
            vendor: facts.vendor,
            decision: decided.decision,
        });
        company.add(text.from, edge, facts, decided.decision);
    }
    let row = |(domain, company)| third_party(reader, domain, company);
    companies.into_iter().map(row).collect()
}

impl Company {
    fn add(&mut self, from: &str, edge: &Edge, facts: &CalleeFacts, decision: PeerDecision) {
        self.edge.merge(edge);
        self.services.insert(from.to_owned());
        self.vendor = self.vendor.or(facts.vendor);
        // The surest address speaks; among equals the order of the edges' texts decides.
        if self.decision.certainty < decision.certainty {
            self.decision = decision;
        }
    }
}

fn third_party(reader: &Reader<'_>, domain: &str, company: Company) -> ThirdParty {
    let edge = company.edge;
    ThirdParty {
        domain: domain.to_owned(),
        vendor: company.vendor.map(|vendor| vendor.name),
        category: company.vendor.map(|vendor| vendor.category),
        services: company.services.into_iter().collect(),
        traces: edge.traces,
        calls: edge.calls,
        failed: edge.failed,
        time: Nanos(narrow(edge.time)),
        path: unweighted(edge.weighted_path),
        path_share: share(edge.weighted_path, reader.merged.totals.path),
        path_in_trace: latency(&edge.path_in_trace),
        on_critical_path: edge.waited > 0,
        decision: company.decision,
    }
}
