//! # Seam candidate
//!
//! Where a monolith could be cut, or that it cannot be yet.
//!
//! **Rule**: a service with at least 20 operations that answer requests and at least 10 tables, over at least 1,000
//! traces. Its operations and the tables and callees they use are a graph, edges weighted by use. A cluster is grown
//! from each of the busiest operations, always by the operation that leaves the least conductance (the share of use
//! that crosses the border). *Seam*: at least 3 operations, conductance at most 0.1, at least 80 % of the use of its
//! tables from inside, at most 5 % of its statements join across. *No seam*: the best conductance is above 0.3.
//!
//! **Guards**: tables of frameworks (sessions, users, migrations, audits) that half of the operations use are left out;
//! a seam must show on two days in a row, with four fifths of its tables the same; a day that has only begun is not
//! looked at.
//!
//! **Saves**: nothing that a replay could show. The impact is exposure: 0.02 of the critical-path seconds an hour of the
//! cluster's requests.
//!
//! **Silent when**: the service is small; nothing holds together, which is said only on request.
//!
//! **Fix**: a module along the seam first; a service of its own last.

use std::collections::{BTreeMap, BTreeSet};

use hotspan_model::{
    Break, CalleeView, Class, Condition, Facets, FactKind, Fix, Meta, Millionths, SavingRule, Scope,
};

use super::names::{list, tenths_of_a_week};
use super::{CrossDetector, Draft, Evidence, Seen, wants};
use crate::facts::Fact;
use crate::topology::percent;

/// The detector.
#[derive(Debug)]
pub(super) struct SeamCandidate;

/// What makes a service large.
const OPERATIONS: usize = 20;
const TABLES: usize = 10;
const TRACES: u64 = 1_000;
/// What makes a cluster.
const MEMBERS: usize = 3;
const SEAM: Millionths = Millionths(100_000);
const NO_SEAM: Millionths = Millionths(300_000);
const INSIDE: Millionths = Millionths(800_000);
const ACROSS: Millionths = Millionths(50_000);
const SAME: Millionths = Millionths(800_000);
/// Operations that are looked at, the busiest first, and those that clusters are grown from.
const OPERATIONS_MAX: usize = 128;
const SEEDS: usize = 16;

static META: Meta = Meta {
    id: "seam-candidate",
    title: "Where the monolith could be cut",
    in_break: Break::Seams,
    scope: Scope::Cross,
    habit: false,
    effort: tenths_of_a_week(80),
    saving: SavingRule::Replayed,
    knobs: &[],
    sentence,
    fix,
};

/// One use of a service's operation: under one template, of some tables or one callee.
struct Use<'a> {
    operation: &'a str,
    class: Class,
    resources: Vec<&'a str>,
    fact: &'a Fact,
}

/// Operations and resources of one service, by number.
#[derive(Debug, Default)]
struct Graph<'a> {
    operations: Vec<&'a str>,
    resources: Vec<&'a str>,
    /// By operation: resources and weights.
    edges: Vec<Vec<(usize, u64)>>,
    /// By resource.
    weights: Vec<u64>,
    /// Twice their sum: the use counted at both ends.
    whole: u64,
}

/// A part of a graph.
#[derive(Clone, Debug)]
struct Cluster {
    members: Vec<usize>,
    conductance: Millionths,
}

impl CrossDetector for SeamCandidate {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Evidence<'_>, out: &mut Vec<Draft>) {
        let mut services: BTreeMap<&str, Vec<Use<'_>>> = BTreeMap::new();
        for row in cx.facts(FactKind::Used) {
            let is_large = TRACES <= cx.traces_of(row.text.service);
            if !is_large || !cx.answers(row.text.service, row.text.operation) {
                continue;
            }
            let facts = row.key.what.and_then(|what| cx.reader.dictionary.template(what));
            let resources: Vec<&str> = match (row.text.class, facts) {
                (Class::Db, Some(facts)) => facts
                    .reads
                    .iter()
                    .chain(&facts.writes)
                    .map(|table| &**table)
                    .collect(),
                (Class::Call, _) => row.text.other.into_iter().collect(),
                (_, _) => continue,
            };
            services.entry(row.text.service).or_default().push(Use {
                operation: row.text.operation,
                class: row.text.class,
                resources,
                fact: row.fact,
            });
        }
        for (service, uses) in services {
            out.extend(judge(cx, service, &uses));
        }
    }
}

fn judge(cx: &Evidence<'_>, service: &str, uses: &[Use<'_>]) -> Vec<Draft> {
    let statements = uses.iter().filter(|used| used.class == Class::Db);
    let tables: BTreeSet<&str> = statements.flat_map(|used| &used.resources).copied().collect();
    let operations: BTreeSet<&str> = uses.iter().map(|used| used.operation).collect();
    let conditions = [
        wants("operations", operations.len() as u64, OPERATIONS as u64),
        wants("tables", tables.len() as u64, TABLES as u64),
    ];
    if !conditions.iter().all(Condition::holds) {
        let near = conditions.iter().all(Condition::is_near);
        let small = near.then(|| no_seam(cx, service, Millionths::ONE, uses));
        return small
            .and_then(|draft| draft.gated(conditions))
            .into_iter()
            .collect();
    }
    let used = |ago| -> u64 {
        let days = uses.iter().map(|used| used.fact.calendar.day(cx.newest(), ago));
        days.map(|day| day.count).sum()
    };
    let begun = u64::from(used(0) * 2 < used(1));
    let today = graph(uses, |fact| fact.calendar.day(cx.newest(), begun).count);
    let yesterday = graph(uses, |fact| fact.calendar.day(cx.newest(), begun + 1).count);
    let (now, before) = (clusters(&today), clusters(&yesterday));
    let best = now.iter().map(|cluster| cluster.conductance).min();
    let mut drafts = Vec::new();
    let mut taken: BTreeSet<&str> = BTreeSet::new();
    for cluster in &now {
        let tables = today.inside(cluster);
        let holds = before.iter().any(|other| {
            let other = yesterday.inside(other);
            let same = tables.intersection(&other).count() as u64;
            SAME <= Millionths::ratio(same, tables.len().max(other.len()) as u64)
        });
        let fresh = taken.is_disjoint(&tables);
        if holds && fresh && is_seam(&today, cluster, &tables, uses) {
            drafts.push(seam(cx, service, &today, cluster, uses));
            taken.extend(tables);
        }
    }
    if drafts.is_empty() {
        let guard = match best {
            Some(best) if NO_SEAM < best && !before.is_empty() => None,
            Some(best) if NO_SEAM < best => Some("one-day"),
            Some(_) | None => Some("undecided"),
        };
        let draft = no_seam(cx, service, best.unwrap_or_default(), uses);
        drafts.extend(draft.guarded(guard, conditions));
    }
    drafts
}

fn graph<'a>(uses: &[Use<'a>], weight: impl Fn(&Fact) -> u64) -> Graph<'a> {
    let mut all: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
    for used in uses {
        let weight = weight(used.fact);
        for &resource in used.resources.iter().filter(|_| weight > 0) {
            *all.entry(used.operation)
                .or_default()
                .entry(resource)
                .or_default() += weight;
        }
    }
    let everywhere = |resource: &str| {
        let users = all.values().filter(|edges| edges.contains_key(resource)).count();
        all.len() <= users * 2 && is_framework(resource)
    };
    let frameworks: BTreeSet<&str> = all
        .values()
        .flat_map(BTreeMap::keys)
        .copied()
        .filter(|name| everywhere(name))
        .collect();
    for edges in all.values_mut() {
        edges.retain(|resource, _| !frameworks.contains(resource));
    }
    let mut operations: Vec<(&str, BTreeMap<&str, u64>)> =
        all.into_iter().filter(|(_, edges)| !edges.is_empty()).collect();
    operations.sort_by_key(|(_, edges)| std::cmp::Reverse(edges.values().sum::<u64>()));
    operations.truncate(OPERATIONS_MAX);
    let mut graph = Graph::default();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for (operation, edges) in operations {
        graph.operations.push(operation);
        let mut row = Vec::with_capacity(edges.len());
        for (resource, weight) in edges {
            let at = *places.entry(resource).or_insert_with(|| {
                graph.resources.push(resource);
                graph.weights.push(0);
                graph.resources.len() - 1
            });
            graph.weights[at] += weight;
            graph.whole += weight * 2;
            row.push((at, weight));
        }
        graph.edges.push(row);
    }
    graph
}

/// Words in names of tables that belong to a framework.
const FRAMEWORK: [&str; 4] = ["session", "user", "migration", "audit"];

fn is_framework(table: &str) -> bool {
    let table = table.to_ascii_lowercase();
    FRAMEWORK.iter().any(|word| table.contains(word))
}

impl<'a> Graph<'a> {
    /// How much of each resource's use comes from `members`.
    fn used(&self, members: &[usize]) -> Vec<u64> {
        let mut used = vec![0; self.resources.len()];
        for &(resource, weight) in members.iter().flat_map(|&member| &self.edges[member]) {
            used[resource] += weight;
        }
        used
    }

    /// What crosses the border at a resource of which so much use is inside, and its part of the inside's volume: it is on
    /// the side that uses it more.
    fn border(&self, resource: usize, inside: u64) -> (u64, u64) {
        let all = self.weights[resource];
        let outside = all - inside;
        let own = if outside <= inside { all } else { 0 };
        (inside.min(outside), inside + own)
    }

    /// The sums of all borders.
    fn borders(&self, used: &[u64]) -> (u64, u64) {
        let each = used.iter().enumerate();
        each.map(|(resource, &inside)| self.border(resource, inside))
            .fold((0, 0), |sum, of| (sum.0 + of.0, sum.1 + of.1))
    }

    /// The same sums when an operation joins.
    fn joined(&self, borders: (u64, u64), used: &[u64], operation: usize) -> (u64, u64) {
        let edges = self.edges[operation].iter();
        edges.fold(borders, |sum, &(resource, weight)| {
            let (before, after) = (
                self.border(resource, used[resource]),
                self.border(resource, used[resource] + weight),
            );
            (sum.0 - before.0 + after.0, sum.1 - before.1 + after.1)
        })
    }

    /// Share of use that crosses the border.
    fn conductance(&self, (cut, volume): (u64, u64)) -> Millionths {
        match volume.min(self.whole - volume) {
            0 => Millionths::ONE,
            smaller => Millionths::ratio(cut, smaller),
        }
    }

    /// The resources on a cluster's side.
    fn inside(&self, cluster: &Cluster) -> BTreeSet<&'a str> {
        let used = self.used(&cluster.members);
        let sides = used.iter().zip(&self.weights).zip(&self.resources);
        let inside = sides.filter(|((used, all), _)| **used > 0 && **all <= **used * 2);
        inside.map(|(_, resource)| *resource).collect()
    }
}

/// The best cluster grown from each of the busiest operations, least conductance first.
fn clusters(graph: &Graph<'_>) -> Vec<Cluster> {
    let mut clusters: Vec<Cluster> = Vec::new();
    for seed in 0..graph.operations.len().min(SEEDS) {
        if let Some(cluster) = grown(graph, seed)
            && clusters.iter().all(|known| known.members != cluster.members)
        {
            clusters.push(cluster);
        }
    }
    clusters.sort_by(|a, b| {
        a.conductance
            .cmp(&b.conductance)
            .then_with(|| a.members.cmp(&b.members))
    });
    clusters
}

fn grown(graph: &Graph<'_>, seed: usize) -> Option<Cluster> {
    let count = graph.operations.len();
    let mut members = vec![seed];
    let mut used = graph.used(&members);
    let mut borders = graph.borders(&used);
    let mut best: Option<Cluster> = None;
    while members.len() <= count / 2 {
        let conductance = graph.conductance(borders);
        let better = best.as_ref().is_none_or(|best| conductance < best.conductance);
        if MEMBERS <= members.len() && better {
            let mut members = members.clone();
            members.sort_unstable();
            best = Some(Cluster { members, conductance });
        }
        // Only what shares a table or callee with the cluster can join it; at first all are alike in conductance, and
        // what shares most joins.
        let shared = |candidate: usize| -> u64 {
            let edges = graph.edges[candidate].iter();
            edges.map(|&(resource, weight)| weight.min(used[resource])).sum()
        };
        let next = (0..count).filter(|candidate| !members.contains(candidate) && shared(*candidate) > 0);
        let next = next.min_by_key(|&candidate| {
            let with = graph.joined(borders, &used, candidate);
            (
                graph.conductance(with),
                std::cmp::Reverse(shared(candidate)),
                candidate,
            )
        });
        let Some(next) = next else { break };
        borders = graph.joined(borders, &used, next);
        for &(resource, weight) in &graph.edges[next] {
            used[resource] += weight;
        }
        members.push(next);
    }
    best
}

fn is_seam(graph: &Graph<'_>, cluster: &Cluster, tables: &BTreeSet<&str>, uses: &[Use<'_>]) -> bool {
    let used = graph.used(&cluster.members);
    let sides = used.iter().zip(&graph.weights).zip(&graph.resources);
    let (mut own, mut all) = (0, 0);
    for ((used, weight), _) in sides.filter(|(_, resource)| tables.contains(*resource)) {
        own += used;
        all += weight;
    }
    cluster.conductance <= SEAM
        && INSIDE <= Millionths::ratio(own, all)
        && across(graph, cluster, tables, uses).0 <= ACROSS
}

/// Share of the cluster's statements that join a table inside with one outside, and those outside.
fn across<'a>(
    graph: &Graph<'_>,
    cluster: &Cluster,
    tables: &BTreeSet<&str>,
    uses: &[Use<'a>],
) -> (Millionths, BTreeSet<&'a str>) {
    let members: BTreeSet<&str> = cluster
        .members
        .iter()
        .map(|&member| graph.operations[member])
        .collect();
    let (mut joins, mut all, mut foreign) = (0, 0, BTreeSet::new());
    for used in uses.iter().filter(|used| members.contains(used.operation)) {
        let inside = used
            .resources
            .iter()
            .filter(|resource| tables.contains(*resource))
            .count();
        all += used.fact.count;
        if 0 < inside && inside < used.resources.len() {
            joins += used.fact.count;
        }
        foreign.extend(
            used.resources
                .iter()
                .filter(|resource| !tables.contains(*resource)),
        );
    }
    (Millionths::ratio(joins, all), foreign)
}

fn seam(cx: &Evidence<'_>, service: &str, graph: &Graph<'_>, cluster: &Cluster, uses: &[Use<'_>]) -> Draft {
    let tables = graph.inside(cluster);
    // The table with most use over all days names the seam: the set may change at its edges, and use from day to day.
    let mut hearts: BTreeMap<&str, u64> = BTreeMap::new();
    for used in uses {
        for &resource in used.resources.iter().filter(|name| tables.contains(*name)) {
            *hearts.entry(resource).or_default() += used.fact.count;
        }
    }
    let heart = hearts
        .into_iter()
        .max_by_key(|&(name, used)| (used, std::cmp::Reverse(name)))
        .map_or("", |(name, _)| name);
    let (joins, foreign) = across(graph, cluster, &tables, uses);
    let foreign: Vec<&str> = foreign.into_iter().collect();
    let mut draft = Draft::new(&META, service, &["seam", service, heart]);
    let operations: Vec<&str> = cluster
        .members
        .iter()
        .map(|&member| graph.operations[member])
        .collect();
    draft.said = format!(
        "{} operations keep to {}: {} % of their use crosses the border{}",
        operations.len(),
        list(&tables.iter().collect::<Vec<_>>()),
        percent(cluster.conductance),
        match foreign.is_empty() {
            true => String::new(),
            false => format!(
                ", to {}; {} % of their statements join across",
                list(&foreign),
                percent(joins)
            ),
        }
    );
    draft.details = operations.iter().map(|&operation| operation.to_owned()).collect();
    draft.callee = CalleeView {
        class: Class::Db.name().to_owned(),
        template: heart.to_owned(),
        ..CalleeView::default()
    };
    for row in cx.facts(FactKind::Served) {
        if row.text.service == service && operations.contains(&row.text.operation) {
            draft.seen.add(row.fact);
        }
    }
    draft.share = Millionths::ratio(draft.seen.traces, cx.traces_of(service));
    draft.term(
        800_000,
        "held on two days in a row; transactions are not looked at",
    );
    draft
}

fn no_seam(cx: &Evidence<'_>, service: &str, best: Millionths, uses: &[Use<'_>]) -> Draft {
    let mut draft = Draft::new(&META, service, &["no seam", service]);
    draft.said = format!(
        "no group of its operations keeps to itself: of the best, {} % of the use crosses the border",
        percent(best)
    );
    let mut seen = Seen::default();
    for used in uses {
        seen.add(used.fact);
    }
    draft.seen = seen;
    draft.seen.over(cx.traces_of(service));
    // Listed only on request: it asks for nothing yet.
    draft.term(350_000, "no cut to propose");
    draft
}

fn sentence(facets: &Facets<'_>) -> String {
    match facets.templates.is_empty() {
        true => format!("{}: {}", facets.service, facets.evidence),
        false => format!("{} could be cut here: {}", facets.service, facets.evidence),
    }
}

fn fix(facets: &Facets<'_>) -> Fix {
    let service = facets.service;
    match facets.templates.is_empty() {
        true => Fix {
            summary: format!("find the tables of {service} that everybody uses, and give them an owner first"),
            how: "a table that all operations use ties them together: put it behind one module, then look again".to_owned(),
        },
        false => Fix {
            summary: format!("make a module of the {} operations around {}", facets.templates.len(), facets.callee.template),
            how: format!(
                "move {} and their tables behind one interface inside {service}, break the joins across first, and make a \
                 service of it last, if at all",
                list(facets.templates)
            ),
        },
    }
}
