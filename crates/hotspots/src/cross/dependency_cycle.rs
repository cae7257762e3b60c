//! # Dependency cycle
//!
//! Services call each other in circles: none of them can be started, changed or understood without the others.
//!
//! **Rule**: *call loop*: on one chain of calls the same operation of a service is reached again through another
//! service, in at least three traces of the last 24 hours. Or *design smell*, with half the confidence: a circle of
//! synchronous edges in the graph of services, each in at least 1 % of its caller's traces, over at least 100
//! traces of each.
//!
//! **Guards**: messages, whose senders do not wait; callbacks and webhooks by their templates; gateways (by name, by
//! routes that catch all, or because they ask three services and keep nothing), which requests may enter again; health
//! checks; recursion inside one service; one name that services of several tenants have.
//!
//! **Saves**: nothing here: `hop-chain` carries the time. The impact is exposure: 0.02 of the critical-path seconds an
//! hour below the calls that come back.
//!
//! **Silent when**: A calls B, and B sends A messages.
//!
//! **Fix**: cut the weakest edge: an event, a shared read model, or the operation moves to the other side.

use std::collections::{BTreeMap, BTreeSet};

use hotspan_model::{Break, CalleeView, Class, Facets, FactKind, Fix, Meta, SavingRule, Scope, Target};

use super::names::{is_check, is_gateway, list, tenths_of_a_week};
use super::{CrossDetector, Draft, Evidence, Seen, wants};
use crate::SIGHTINGS;

/// The detector.
#[derive(Debug)]
pub(super) struct DependencyCycle;

/// Traces of a caller that its edges are judged by.
const TRACES: u64 = 100;
/// An edge counts from one in so many of its caller's traces.
const RARE: u64 = 100;

static META: Meta = Meta {
    id: "dependency-cycle",
    title: "Services call each other in circles",
    in_break: Break::Seams,
    scope: Scope::Cross,
    habit: false,
    effort: tenths_of_a_week(40),
    saving: SavingRule::Replayed,
    knobs: &[],
    sentence,
    fix,
};

/// Traces of each edge of a circle.
type Edges<'a> = BTreeMap<(&'a str, &'a str), u64>;

impl CrossDetector for DependencyCycle {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Evidence<'_>, out: &mut Vec<Draft>) {
        let mut looped = BTreeSet::new();
        for (services, (edges, seen, traces)) in loops(cx) {
            let mut draft = draft(&services, &edges, seen, "a request comes back to where it began");
            draft.term(950_000, "seen on one chain of calls");
            let sightings = wants("sightings", traces, cx.knob(&SIGHTINGS));
            out.extend(draft.gated([sightings]));
            if sightings.holds() {
                looped.insert(services);
            }
        }
        let edges = edges(cx);
        for services in circles(&edges) {
            let inside = |edge: &(&str, &str)| services.contains(&edge.0) && services.contains(&edge.1);
            if looped.contains(&services) {
                continue;
            }
            let edges: Edges<'_> = edges
                .iter()
                .filter(|(edge, _)| inside(edge))
                .map(|(&edge, &n)| (edge, n))
                .collect();
            let mut seen = Seen::default();
            for row in cx.facts(FactKind::Paired) {
                if row
                    .text
                    .other
                    .is_some_and(|other| inside(&(row.text.service, other)))
                {
                    seen.add(row.fact);
                }
            }
            let mut draft = draft(&services, &edges, seen, "none of them stands alone");
            draft.term(500_000, "no single request goes in the circle");
            out.push(draft);
        }
    }
}

/// The circles that single requests went in, by their services.
fn loops<'a>(cx: &Evidence<'a>) -> BTreeMap<Vec<&'a str>, (Edges<'a>, Seen, u64)> {
    let mut groups: BTreeMap<u64, (Edges<'a>, Seen, u64)> = BTreeMap::new();
    for row in cx.facts(FactKind::Looped) {
        let Some(other) = row.text.other else { continue };
        let operation = row.text.operation;
        let passing = is_gateway(row.text.service) || catches_all(operation);
        if passing || is_callback(operation) || is_check(operation) {
            continue;
        }
        let day = row.fact.calendar.since(cx.from()).traces;
        let (edges, seen, traces) = groups.entry(row.text.group).or_default();
        *edges.entry((row.text.service, other)).or_default() += row.fact.traces;
        *traces = (*traces).max(day);
        seen.add(row.fact);
    }
    let mut loops: BTreeMap<Vec<&str>, (Edges<'_>, Seen, u64)> = BTreeMap::new();
    for (edges, seen, traces) in groups.into_values() {
        let services: BTreeSet<&str> = edges.keys().flat_map(|&(from, to)| [from, to]).collect();
        if services.len() < 2 || !is_circle(&edges) {
            continue;
        }
        let services: Vec<&str> = services.into_iter().collect();
        // Of the circles that are often enough the last speaks for its services, of the others none that does not.
        let often = cx.knob(&SIGHTINGS) <= traces;
        if often || loops.get(&services).is_none_or(|known| known.2 < traces) {
            loops.insert(services, (edges, seen, traces));
        }
    }
    loops
}

/// Whether what is left of a circle's edges is still one: a guard may have taken some.
fn is_circle(edges: &Edges<'_>) -> bool {
    let from: BTreeSet<&str> = edges.keys().map(|edge| edge.0).collect();
    let to: BTreeSet<&str> = edges.keys().map(|edge| edge.1).collect();
    from == to
}

/// A route that takes whatever comes, or none at all, is a gateway's, and a request may pass it twice.
fn catches_all(operation: &str) -> bool {
    let bare = METHODS.iter().any(|method| operation.ends_with(method)) && !operation.contains('/');
    bare || operation.contains('*') || operation.ends_with(" /") || operation.contains("{path")
}

const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];

/// Who waits for whom, often enough to be a habit.
fn edges<'a>(cx: &Evidence<'a>) -> Edges<'a> {
    let mut plain: BTreeSet<(&str, &str)> = BTreeSet::new();
    for row in cx.facts(FactKind::Paired) {
        let asks = |template: &str| !is_callback(template) && !is_check(template);
        let plainly = row.text.what.is_none_or(asks) && !is_check(row.text.operation);
        if let (Some(other), true) = (row.text.other, plainly) {
            plain.insert((row.text.service, other));
        }
    }
    let mut edges = Edges::new();
    for (text, key, edge) in cx.edges() {
        let ends = (text.from, text.target);
        let calls = matches!((key.target, text.class), (Target::Service(_), Class::Call));
        if !calls || text.from == text.target || !plain.contains(&ends) {
            continue;
        }
        let apart = |service: &str| cx.passes_on(service) || cx.is_shared_name(service);
        if apart(text.from) || apart(text.target) {
            continue;
        }
        let of = cx.traces_of(text.from);
        if TRACES <= of && of <= edge.traces.saturating_mul(RARE) {
            let known = edges.entry(ends).or_default();
            *known = (*known).max(edge.traces);
        }
    }
    edges
}

/// Whoever calls back was asked to.
fn is_callback(template: &str) -> bool {
    let template = template.to_ascii_lowercase();
    template.contains("callback") || template.contains("webhook")
}

/// The groups of services that reach each other, each sorted: strongly connected components, with stacks of our
/// own.
fn circles<'a>(edges: &Edges<'a>) -> Vec<Vec<&'a str>> {
    let mut next: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut back: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for &(from, to) in edges.keys() {
        next.entry(from).or_default().push(to);
        back.entry(to).or_default().push(from);
    }
    let mut order: Vec<&str> = Vec::new();
    let mut visited: BTreeSet<&str> = BTreeSet::new();
    for &start in next.keys() {
        walk(start, &next, &mut visited, &mut order);
    }
    let mut circles = Vec::new();
    let mut visited: BTreeSet<&str> = BTreeSet::new();
    for &start in order.iter().rev() {
        let mut circle = Vec::new();
        walk(start, &back, &mut visited, &mut circle);
        circle.sort_unstable();
        if circle.len() > 1 {
            circles.push(circle);
        }
    }
    circles.sort_unstable();
    circles
}

/// Adds what can be reached from `start` and was not, each after all that it reaches.
fn walk<'a>(
    start: &'a str,
    next: &BTreeMap<&'a str, Vec<&'a str>>,
    visited: &mut BTreeSet<&'a str>,
    order: &mut Vec<&'a str>,
) {
    if !visited.insert(start) {
        return;
    }
    let mut stack = vec![(start, 0)];
    while let Some((at, child)) = stack.pop() {
        let children = next.get(at).map_or(&[][..], Vec::as_slice);
        match children.get(child) {
            Some(&below) => {
                stack.push((at, child + 1));
                if visited.insert(below) {
                    stack.push((below, 0));
                }
            }
            None => order.push(at),
        }
    }
}

fn draft(services: &[&str], edges: &Edges<'_>, seen: Seen, said: &str) -> Draft {
    // Ties by name: the edges are in order, and the first of the least is taken.
    let weakest = edges
        .iter()
        .min_by_key(|(_, traces)| **traces)
        .map(|(&edge, _)| edge);
    let (from, to) = weakest.unwrap_or_default();
    let mut draft = Draft::new(&META, from, services);
    draft.callee = CalleeView {
        class: Class::Call.name().to_owned(),
        system: String::new(),
        peer: to.to_owned(),
        template: String::new(),
    };
    draft.details = services.iter().map(|&service| service.to_owned()).collect();
    draft.said = said.to_owned();
    draft.calls = edges.len() as u64;
    draft.seen = seen;
    draft
}

fn sentence(facets: &Facets<'_>) -> String {
    format!(
        "{} call each other in a circle: {}; the weakest edge is {} -> {}",
        list(facets.templates),
        facets.evidence,
        facets.service,
        facets.callee.peer
    )
}

fn fix(facets: &Facets<'_>) -> Fix {
    let (from, to) = (facets.service, &facets.callee.peer);
    Fix {
        summary: format!("cut the weakest edge of the circle: {from} -> {to}"),
        how: format!(
            "an event that {to} sends in place of the question that {from} asks, a read model that {from} keeps, or the \
             operation moves to where its data are"
        ),
    }
}
