//! # Blind service
//!
//! A service or a call that cannot be judged: what happens there is not told, so nothing can be found in it.
//!
//! **Rule**: one of
//! *callee*: an address of our own is called at least 20 times in complete traces and no server span ever answers;
//! *statements*: at least half of a service's database spans have no text, summary or operation;
//! *name*: spans come without `service.name`, or with its default;
//! *names*: more than 500 distinct operations in an hour;
//! *silent*: a service with at least 20 % of all critical-path time and not one outgoing span (half the confidence).
//!
//! **Guards**: other companies and datastores; addresses that `broken-propagation` explains; a service in its first
//! hour, and for *silent* all services in the first hour of the data. Hidden arguments are information, not a fault.
//!
//! **Saves**: nothing. The impact is exposure: 0.02 of the critical-path seconds an hour that cannot be judged.
//!
//! **Silent when**: a leaf shows its statements.
//!
//! **Fix**: the instrumentation or setting by name.

use std::collections::{BTreeMap, BTreeSet};

use hotspan_model::{
    Break, CalleeView, Class, Condition, Facets, FactKind, Fix, Meta, Millionths, Nanos, Peer, SavingRule,
    Scope, Target,
};

use super::names::{masked, tenths_of_a_week};
use super::{CrossDetector, Draft, Evidence, Seen, wants};
use crate::facts::Fact;
use crate::sign::share;
use crate::topology::percent;

/// The detector.
#[derive(Debug)]
pub(super) struct BlindService;

/// Calls without an answer that are no accident.
const CALLS: u64 = 20;
/// Spans of a service without a name, or statements without a word, that are no accident.
const SPANS: u64 = 20;
/// Operations in an hour that no dashboard can list.
const OPERATIONS: u64 = 500;
/// Share of all critical-path time from which silence matters.
const LARGE: Millionths = Millionths(200_000);
/// A service is new for so long.
const NEW: Nanos = Nanos::from_secs(3_600);

static META: Meta = Meta {
    id: "blind-service",
    title: "A service or call that cannot be judged",
    in_break: Break::Observability,
    scope: Scope::Cross,
    habit: true,
    effort: tenths_of_a_week(5),
    saving: SavingRule::Replayed,
    knobs: &[],
    sentence,
    fix,
};

impl CrossDetector for BlindService {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Evidence<'_>, out: &mut Vec<Draft>) {
        let fresh = fresh(cx);
        let from = out.len();
        callees(cx, out);
        statements(cx, out);
        nameless(cx, out);
        names(cx, out);
        silent(cx, out);
        let mut place = 0;
        out.retain(|draft| {
            place += 1;
            place <= from || !fresh.contains(&draft.service)
        });
    }
}

/// Services that came after the first hour of the data and less than an hour ago.
fn fresh(cx: &Evidence<'_>) -> BTreeSet<String> {
    let mut first = BTreeMap::new();
    for row in cx.facts(FactKind::Served) {
        let began = row.fact.calendar.first(cx.newest()).unwrap_or_default();
        let known = first.entry(row.text.service).or_insert(began);
        *known = (*known).min(began);
    }
    let all = first.values().min().copied().unwrap_or_default();
    let is_fresh = |began| all < began && cx.reader.now.since(began) < NEW;
    let fresh = first.into_iter().filter(|&(_, began)| is_fresh(began));
    fresh.map(|(service, _)| service.to_owned()).collect()
}

fn callees(cx: &Evidence<'_>, out: &mut Vec<Draft>) {
    let mut answered: BTreeSet<&str> = BTreeSet::new();
    let mut silent: BTreeMap<&str, (u64, BTreeMap<&str, u64>, Seen)> = BTreeMap::new();
    for (text, key, edge) in cx.edges().filter(|(text, ..)| text.class == Class::Call) {
        match key.target {
            Target::Service(_) => answered.extend(cx.callee(key.callee).map(|facts| &*facts.host)),
            Target::Callee(callee) => {
                let Some(decided) = cx.reader.peers.decide(callee, cx.reader.dictionary) else {
                    continue;
                };
                let host = cx.callee(Some(callee)).map_or("", |facts| &facts.host);
                if decided.decision.peer == Peer::Internal && decided.service.is_none() && !host.is_empty() {
                    let (calls, callers, seen) = silent.entry(host).or_default();
                    *calls += edge.complete_calls;
                    *callers.entry(text.from).or_default() += edge.calls;
                    seen.add_edge(edge);
                }
            }
        }
    }
    for (host, (calls, callers, seen)) in silent {
        let explained = out
            .iter()
            .filter(|draft| draft.stopped.is_none())
            .any(|draft| draft.meta.id == "broken-propagation" && draft.callee.peer == host);
        if answered.contains(host) {
            continue;
        }
        let most = callers
            .iter()
            .max_by_key(|(name, calls)| (**calls, std::cmp::Reverse(**name)));
        let mut draft = Draft::new(
            &META,
            most.map_or("", |(name, _)| name),
            &["callee", &masked(host)],
        );
        draft.callee = CalleeView {
            class: Class::Call.name().to_owned(),
            system: String::new(),
            peer: host.to_owned(),
            template: String::new(),
        };
        draft.said =
            format!("{host} was called {calls} times in complete traces and never answered with a span");
        draft.details = vec!["callee".to_owned()];
        draft.seen = seen;
        for row in cx.facts(FactKind::Sent) {
            if cx.callee(row.key.other).is_some_and(|facts| *facts.host == *host) {
                draft.seen.show(row.fact);
            }
        }
        draft.term(900_000, "the address is one of our own");
        let guard = explained.then_some("broken-propagation");
        out.extend(draft.guarded(guard, [wants("complete_calls", calls, CALLS)]));
    }
}

fn statements(cx: &Evidence<'_>, out: &mut Vec<Draft>) {
    let mut all: BTreeMap<&str, u64> = BTreeMap::new();
    for row in cx.facts(FactKind::Used).filter(|row| row.text.class == Class::Db) {
        *all.entry(row.text.service).or_default() += row.fact.count;
    }
    let mut wordless: BTreeMap<&str, (u64, Seen)> = BTreeMap::new();
    for row in cx.facts(FactKind::Wordless) {
        let (count, seen) = wordless.entry(row.text.service).or_default();
        *count += row.fact.count;
        seen.add(row.fact);
    }
    for (service, (count, seen)) in wordless {
        let of = all.get(service).copied().unwrap_or(0).max(count);
        let mut draft = Draft::new(&META, service, &["statements", service]);
        draft.said = format!(
            "{service} sends {} % of its database spans without a statement",
            percent(Millionths::ratio(count, of))
        );
        draft.details = vec!["statements".to_owned()];
        draft.share = Millionths::ratio(count, of);
        draft.seen = seen;
        let share = wants("wordless_share_millionths", draft.share.0, 500_000);
        out.extend(draft.gated([wants("statements", count, SPANS), share]));
    }
}

fn nameless(cx: &Evidence<'_>, out: &mut Vec<Draft>) {
    let mut services: BTreeMap<&str, (u64, Seen)> = BTreeMap::new();
    for row in cx.facts(FactKind::Nameless) {
        let (count, seen) = services.entry(row.text.service).or_default();
        *count += row.fact.count;
        seen.add(row.fact);
    }
    for (service, (count, seen)) in services {
        let mut draft = Draft::new(&META, service, &["name", service]);
        draft.said = format!("{count} requests were worked on by a service that does not say its name");
        draft.details = vec!["name".to_owned()];
        draft.seen = seen;
        out.extend(draft.gated([wants("requests", count, SPANS)]));
    }
}

fn names(cx: &Evidence<'_>, out: &mut Vec<Draft>) {
    let mut rows: BTreeMap<&str, u64> = BTreeMap::new();
    for (service, _) in cx.reader.merged.operations.keys() {
        *rows.entry(service).or_default() += 1;
    }
    let mut hours: BTreeMap<(&str, u64), u64> = BTreeMap::new();
    for ((service, _), row) in &cx.reader.merged.operations {
        let many = rows.get(service).is_some_and(|&rows| of_an_hour(rows).is_near());
        for point in row.hours.last(if many { usize::MAX } else { 0 }) {
            *hours.entry((service, point.at)).or_default() += 1;
        }
    }
    let mut most: BTreeMap<&str, u64> = BTreeMap::new();
    for ((service, _), operations) in hours {
        let known = most.entry(service).or_default();
        *known = (*known).max(operations);
    }
    for (service, operations) in most {
        let mut draft = Draft::new(&META, service, &["names", service]);
        draft.said = format!(
            "{service} has {operations} operations in an hour: their names hold what should be an attribute"
        );
        draft.details = vec!["names".to_owned()];
        for row in cx
            .facts(FactKind::Served)
            .filter(|row| row.text.service == service)
        {
            draft.seen.add(row.fact);
        }
        draft.seen.traces = cx.traces_of(service);
        out.extend(draft.gated([of_an_hour(operations)]));
    }
}

/// More than any dashboard can list.
fn of_an_hour(operations: u64) -> Condition {
    wants("operations_an_hour", operations, OPERATIONS + 1)
}

/// Whether the data may still be in its first hour: its start is known to the hour.
fn has_just_begun(cx: &Evidence<'_>) -> bool {
    let began = |fact: &Fact| fact.calendar.first(cx.newest());
    let first = cx.facts(FactKind::Served).filter_map(|row| began(row.fact)).min();
    first.is_none_or(|first| cx.reader.now.since(first).0 < 2 * NEW.0)
}

fn silent(cx: &Evidence<'_>, out: &mut Vec<Draft>) {
    if has_just_begun(cx) {
        return;
    }
    let speak: BTreeSet<&str> = cx.edges().map(|(text, ..)| text.from).collect();
    for (&service, row) in &cx.reader.merged.services {
        let time: u128 = row.path.iter().sum();
        let part = share(time, cx.reader.merged.totals.path);
        // A system of one service may well be one program.
        let others = cx.reader.merged.services.len() > 1;
        if speak.contains(service) || !others {
            continue;
        }
        let mut draft = Draft::new(&META, service, &["silent", service]);
        draft.said = format!(
            "{service} takes {} % of all request time and shows nothing that it calls",
            percent(part)
        );
        draft.details = vec!["silent".to_owned()];
        draft.share = part;
        for row in cx
            .facts(FactKind::Served)
            .filter(|row| row.text.service == service)
        {
            draft.seen.add(row.fact);
        }
        draft.seen.traces = row.traces;
        draft.term(500_000, "it may be work of its own");
        let share = wants("path_share_millionths", part.0, LARGE.0);
        out.extend(draft.gated([share, wants("traces", row.traces, SPANS)]));
    }
}

fn sentence(facets: &Facets<'_>) -> String {
    facets.evidence.to_owned()
}

fn fix(facets: &Facets<'_>) -> Fix {
    let (service, peer) = (facets.service, &facets.callee.peer);
    let (summary, how) = match facets.templates.first().copied().unwrap_or_default() {
        "callee" => (
            format!("instrument {peer}"),
            "install the server instrumentation of its framework and point its exporter here; until then no detector \
             sees what it does"
                .to_owned(),
        ),
        "statements" => (
            format!("let {service} send its statements"),
            "switch the database instrumentation to send db.query.text (older: db.statement) or db.query.summary; \
             sanitised text is enough. Without it no repeated query, slow query or shared table is found"
                .to_owned(),
        ),
        "name" => (
            "give the service a name".to_owned(),
            "set OTEL_SERVICE_NAME, or service.name in OTEL_RESOURCE_ATTRIBUTES".to_owned(),
        ),
        "names" => (
            format!("name the operations of {service} by their route"),
            "set http.route on server spans, and keep ids, dates and user names out of span names".to_owned(),
        ),
        _ => (
            format!("instrument what {service} calls"),
            "install the client instrumentations of its database driver, HTTP client and queue".to_owned(),
        ),
    };
    Fix { summary, how }
}
