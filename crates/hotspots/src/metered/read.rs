//! The counters of all shards as one, by text. What an address is follows from the address alone here, not from what
//! other traces teach about it: a counter must not move to another name.

use std::collections::BTreeMap;
use std::sync::Arc;

use hotspan_model::{
    CalleeFacts, Category, Class, Ends, Kind, LATENCY_BUCKETS, Lookup, Peer, Symbol, Target,
};

use super::{Exemplar, HISTOGRAM, Rising, finding_at, link_at, span_at};
use crate::Snapshot;
use crate::peers::domain;

/// What stands for names that found no room.
pub const OVERFLOW_LABEL: &str = "__overflow__";

/// The counters. Counts are weighted, in millionths; times in millionths of a nanosecond.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meters {
    /// Spans by name, kind and outcome.
    pub spans: Vec<SpanMeter>,
    /// Calls by both ends.
    pub links: Vec<LinkMeter>,
    /// Critical-path time.
    pub paths: Vec<PathMeter>,
    /// Time of calls to other companies.
    pub third_parties: Vec<ThirdPartyMeter>,
    /// What detectors say.
    pub findings: Vec<FindingMeter>,
}

/// How long things took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Counts by bucket of [`hotspan_model::LATENCY_BOUNDS`], each without those before.
    pub buckets: [u128; LATENCY_BUCKETS],
    /// Summed time.
    pub sum: u128,
    /// A span of the newest trace that counts.
    pub newest: Option<Exemplar>,
}

/// Spans of one name, kind and outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpanMeter {
    /// Whose they are.
    pub service: String,
    /// Their name.
    pub operation: String,
    /// Their kind.
    pub kind: Kind,
    /// They failed.
    pub failed: bool,
    /// How many.
    pub count: u128,
    /// How long they took.
    pub latencies: Histogram,
}

/// Who is no service that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outside {
    /// Both ends were seen.
    Nobody,
    /// Whoever calls from outside.
    User,
    /// The callee, which only its address names.
    Callee,
    /// The callee: nothing names it.
    Unknown,
    /// The caller: its span was never received.
    Lost,
}

/// Calls between the same two ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkMeter {
    /// Who calls; empty when it is not known.
    pub client: String,
    /// Who is called; empty when it is not known.
    pub server: String,
    /// Who of them was not seen.
    pub outside: Outside,
    /// db, cache, call or publish.
    pub class: Class,
    /// How many.
    pub calls: u128,
    /// How many failed.
    pub failed: u128,
    /// How long they took at the caller.
    pub client_time: Histogram,
    /// How long they took at the callee.
    pub server_time: Histogram,
}

/// Critical-path time of an operation's segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathMeter {
    /// The service.
    pub service: String,
    /// The operation.
    pub operation: String,
    /// `category as usize` is the place.
    pub time: [u128; Category::ALL.len()],
}

/// Time of a service's calls to another company.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThirdPartyMeter {
    /// The company's domain.
    pub domain: String,
    /// Who calls.
    pub service: String,
    /// On critical paths.
    pub path: u128,
    /// Beside them.
    pub beside: u128,
}

/// What one detector says about a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingMeter {
    /// Which one.
    pub detector: &'static str,
    /// The service that must change.
    pub service: String,
    /// Traces that show it.
    pub traces: u128,
    /// Critical-path time of what they show.
    pub path: u128,
    /// What fixes would likely have saved.
    pub saving: u128,
    /// The anchor in the newest trace.
    pub newest: Option<Exemplar>,
}

/// The counters of all `snapshots`, each list in order of its names.
pub fn meters(snapshots: &[Arc<Snapshot>], dictionary: &dyn Lookup) -> Meters {
    let text = |symbol: Option<Symbol>| symbol.map_or(OVERFLOW_LABEL, |symbol| dictionary.text(symbol));
    let shots = || snapshots.iter().map(|snapshot| &snapshot.metered);
    let (mut spans, mut paths) = (BTreeMap::new(), BTreeMap::new());
    let (mut links, mut companies, mut findings) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for shot in shots() {
        for ((service, operation, kind, failed), row) in shot.spans.iter() {
            add(
                &mut spans,
                (text(*service), text(*operation), *kind, *failed),
                row,
            );
        }
        for ((service, operation), row) in shot.paths.iter() {
            add(&mut paths, (text(*service), text(*operation)), row);
        }
        for ((detector, service), row) in shot.findings.iter() {
            add(&mut findings, (*detector, text(*service)), row);
        }
        for ((ends, class), row) in shot.links.iter() {
            let (client, server, outside) = named(*ends, dictionary);
            add(&mut links, (client, server, outside, *class), row);
            if let Some(company) = company(*ends, *class, dictionary) {
                add(&mut companies, (company, client), row);
            }
        }
    }
    Meters {
        spans: spans.into_iter().map(span).collect(),
        links: links.into_iter().map(link).collect(),
        paths: paths.into_iter().map(path).collect(),
        third_parties: companies.into_iter().map(third_party).collect(),
        findings: findings.into_iter().map(finding).collect(),
    }
}

fn add<K: Ord, const N: usize>(sums: &mut BTreeMap<K, Rising<N>>, key: K, row: &Rising<N>) {
    sums.entry(key).or_default().merge(row);
}

/// Both ends by name, and who of them was not seen.
fn named(ends: Option<Ends>, dictionary: &dyn Lookup) -> (&str, &str, Outside) {
    let text = |symbol| dictionary.text(symbol);
    match ends {
        None => (OVERFLOW_LABEL, OVERFLOW_LABEL, Outside::Nobody),
        Some(Ends::Both(from, Target::Service(to))) => (text(from), text(to), Outside::Nobody),
        Some(Ends::Both(from, Target::Callee(to))) => {
            let name = dictionary.callee(to).map_or("", |facts| peer(facts, dictionary));
            let name = if name.is_empty() { text(to) } else { name };
            (text(from), name, Outside::Callee)
        }
        Some(Ends::Entered(to)) => ("user", text(to), Outside::User),
        Some(Ends::Caller(from)) => (text(from), "", Outside::Unknown),
        Some(Ends::Called(to)) => ("", text(to), Outside::Lost),
    }
}

/// What people call an address: the peer it names, a store, a company by its domain, else its host.
fn peer<'a>(facts: &'a CalleeFacts, dictionary: &'a dyn Lookup) -> &'a str {
    match (facts.peer, &facts.service) {
        (Peer::Datastore, _) => dictionary.text(facts.store),
        (_, Some(service)) => service,
        (Peer::ThirdParty, None) => domain(facts),
        (Peer::Internal | Peer::Managed | Peer::External | Peer::Unknown, None) => &facts.host,
    }
}

/// The other company that is called.
fn company(ends: Option<Ends>, class: Class, dictionary: &dyn Lookup) -> Option<&str> {
    let Some(Ends::Both(_, Target::Callee(callee))) = ends else {
        return None;
    };
    let facts = dictionary.callee(callee)?;
    (facts.peer == Peer::ThirdParty && class == Class::Call).then(|| domain(facts))
}

fn span(
    ((service, operation, kind, failed), row): ((&str, &str, Kind, bool), Rising<{ span_at::ALL }>),
) -> SpanMeter {
    SpanMeter {
        service: service.to_owned(),
        operation: operation.to_owned(),
        kind,
        failed,
        count: row.sums()[span_at::COUNT],
        latencies: histogram(&row.sums()[..HISTOGRAM], row.newest(0)),
    }
}

type LinkNames<'a> = (&'a str, &'a str, Outside, Class);

fn link(((client, server, outside, class), row): (LinkNames<'_>, Rising<{ link_at::ALL }>)) -> LinkMeter {
    LinkMeter {
        client: client.to_owned(),
        server: server.to_owned(),
        outside,
        class,
        calls: row.sums()[link_at::CALLS],
        failed: row.sums()[link_at::FAILED],
        client_time: histogram(&row.sums()[..HISTOGRAM], row.newest(0)),
        server_time: histogram(&row.sums()[link_at::SERVER..link_at::CALLS], row.newest(1)),
    }
}

fn path(((service, operation), row): ((&str, &str), Rising<{ Category::ALL.len() }>)) -> PathMeter {
    PathMeter {
        service: service.to_owned(),
        operation: operation.to_owned(),
        time: *row.sums(),
    }
}

fn third_party(((domain, service), row): ((&str, &str), Rising<{ link_at::ALL }>)) -> ThirdPartyMeter {
    ThirdPartyMeter {
        domain: domain.to_owned(),
        service: service.to_owned(),
        path: row.sums()[link_at::PATH],
        beside: row.sums()[link_at::BESIDE],
    }
}

fn finding(((detector, service), row): ((&'static str, &str), Rising<{ finding_at::ALL }>)) -> FindingMeter {
    FindingMeter {
        detector,
        service: service.to_owned(),
        traces: row.sums()[finding_at::TRACES],
        path: row.sums()[finding_at::PATH],
        saving: row.sums()[finding_at::SAVING],
        newest: row.newest(0),
    }
}

fn histogram(sums: &[u128], newest: Option<Exemplar>) -> Histogram {
    let mut buckets = [0; LATENCY_BUCKETS];
    buckets.copy_from_slice(&sums[..LATENCY_BUCKETS]);
    Histogram {
        buckets,
        sum: sums[LATENCY_BUCKETS],
        newest,
    }
}
