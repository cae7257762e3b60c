//! Hotspots that one fix settles, as one change; and what is known about several changes together.
//!
//! Savings are replayed a hotspot at a time. Two of them add up for certain only when no trace carries both, that is when
//! they share no entry operation. Where they do, the larger one alone is certain.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use hotspan_model::{Fingerprint, Hotspot, ImpactBasis, Millionths, State};

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change<'a> {
    /// What it settles, by rank; the first names it. Invariant: not empty.
    pub hotspots: Vec<&'a Hotspot>,
    /// Seconds an hour of those that share no entry operation; of those that do, the largest.
    pub impact: Millionths,
    /// What the impact is made of.
    pub basis: ImpactBasis,
    /// What is left of the impact when the changes before it are made; `None` where nobody replayed them together.
    pub marginal: Option<Millionths>,
    /// The same, at least.
    pub marginal_at_least: Millionths,
    /// Weeks, once for all of it.
    pub effort: Millionths,
    /// That of the least sure.
    pub confidence: Millionths,
    /// Impact x confidence / effort.
    pub priority: Millionths,
    /// Changes to make before, by their first hotspots.
    pub depends_on: Vec<Fingerprint>,
    /// Changes before it that touch the same requests, by their first hotspots.
    pub overlaps: Vec<Fingerprint>,
}

/// Fewest and most changes that come first.
const FIRST: (usize, usize) = (3, 5);
/// Hotspots of one change that its impact is made of; more are too small to be worth comparing with each other.
const COUNTED: usize = 64;
/// Beyond the fewest, a change must be worth at least one part in so many of the best.
const WORTH: u64 = 20;

/// One fix for repeats of a template, whatever the detector calls them.
const REPEATS: [&str; 6] = [
    "n-plus-one-query",
    "n-plus-one-call",
    "n-plus-one-cache",
    "n-plus-one-publish",
    "per-item-loop",
    "redundant-query",
];
/// One fix for each template.
const BY_TEMPLATE: [&str; 3] = ["slow-query", "procedure-heavy", "missing-cache"];
/// One fix for each pool.
const POOLS: [&str; 2] = ["missing-pool", "pool-exhausted"];
/// One fix for each company.
const VENDORS: [&str; 2] = ["third-party-on-critical-path", "deferrable-call"];

/// Where two faults must sit for one to stand in the way of the other, beside their service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Near {
    Service,
    Operation,
    Template,
}

/// What must be done before: else the first is harder, or of no use.
const BEFORE: [(&str, Near, &[&str]); 5] = [
    (
        "seam-candidate",
        Near::Service,
        &["shared-table", "shared-database", "dependency-cycle"],
    ),
    (
        "missing-cache",
        Near::Template,
        &["n-plus-one-query", "per-item-loop", "redundant-query"],
    ),
    (
        "pool-exhausted",
        Near::Service,
        &["call-in-transaction", "missing-pool", "slow-query"],
    ),
    ("retry-storm", Near::Operation, &["timeout-inversion"]),
    ("serial-fan-out", Near::Operation, &["n-plus-one-call"]),
];

/// What makes two hotspots one change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key<'a> {
    Shared(&'a str),
    Fix(&'static str, &'a str, &'a str, &'a str),
    Alone(Fingerprint),
}

/// The changes that settle `hotspots`, which come by rank; best first. And how many of them come first: only these know
/// their place beside the others.
pub(super) fn changes<'a>(hotspots: &[&'a Hotspot]) -> (Vec<Change<'a>>, usize) {
    let mut groups: BTreeMap<Key<'a>, Vec<&'a Hotspot>> = BTreeMap::new();
    for &hotspot in hotspots.iter().filter(|hotspot| is_to_do(hotspot.state)) {
        groups.entry(key(hotspot)).or_default().push(hotspot);
    }
    let mut changes: Vec<Change<'a>> = groups.into_values().map(change).collect();
    changes.sort_by_key(|change| (Reverse((change.priority, change.impact)), change.id()));
    let first = first(&changes);
    relate(&mut changes, first);
    (changes, first)
}

/// How many of `changes` come first.
fn first(changes: &[Change<'_>]) -> usize {
    let best = changes.first().map_or(0, |change| change.priority.0);
    let worth = changes.iter().take(FIRST.1);
    let worth = worth.filter(|change| best <= change.priority.0.saturating_mul(WORTH));
    worth.count().max(FIRST.0).min(changes.len())
}

impl Change<'_> {
    /// Its first hotspot's.
    pub fn id(&self) -> Fingerprint {
        self.hotspots.first().map_or(Fingerprint(0), |first| first.id)
    }
}

fn is_to_do(state: State) -> bool {
    match state {
        State::New | State::Open | State::Worsening | State::Regressed => true,
        State::Acknowledged | State::Muted | State::NotExercised | State::Fixed => false,
    }
}

fn key(hotspot: &Hotspot) -> Key<'_> {
    if let Some(change) = &hotspot.change {
        return Key::Shared(change);
    }
    let (detector, service, callee) = (hotspot.detector, &hotspot.service, &hotspot.callee);
    let families = [
        (&REPEATS[..], "repeats", &callee.class, &callee.template),
        (&BY_TEMPLATE, detector, &callee.class, &callee.template),
        (&POOLS, "pool", &callee.peer, &callee.system),
        (&VENDORS, "vendor", &callee.class, &callee.peer),
    ];
    for (family, name, kind, what) in families {
        if family.contains(&detector) && !what.is_empty() {
            return Key::Fix(name, service, kind, what);
        }
    }
    Key::Alone(hotspot.id)
}

fn change(mut hotspots: Vec<&Hotspot>) -> Change<'_> {
    hotspots.sort_by_key(|hotspot| (hotspot.rank, hotspot.id));
    let basis = hotspots
        .first()
        .map_or(ImpactBasis::Exposure, |first| first.impact_basis);
    let mut same: Vec<&Hotspot> = hotspots.clone();
    same.retain(|hotspot| hotspot.impact_basis == basis);
    same.sort_by_key(|hotspot| (Reverse(hotspot.impact_s_per_hour), hotspot.id));
    let mut counted: Vec<&Hotspot> = Vec::new();
    for hotspot in same.into_iter().take(COUNTED) {
        if counted.iter().all(|other| !may_meet(hotspot, other)) {
            counted.push(hotspot);
        }
    }
    let impact = counted.iter().fold(0_u64, |sum, hotspot| {
        sum.saturating_add(hotspot.impact_s_per_hour.0)
    });
    let confidence = counted.iter().map(|hotspot| hotspot.confidence).min();
    let effort = hotspots.iter().map(|hotspot| hotspot.effort_weeks).max();
    let (confidence, effort) = (confidence.unwrap_or_default(), effort.unwrap_or_default());
    let worth = u128::from(impact) * u128::from(confidence.0) / u128::from(effort.0.max(1));
    Change {
        hotspots,
        impact: Millionths(impact),
        basis,
        marginal: None,
        marginal_at_least: Millionths(0),
        effort,
        confidence,
        priority: Millionths(u64::try_from(worth).unwrap_or(u64::MAX)),
        depends_on: Vec::new(),
        overlaps: Vec::new(),
    }
}

/// Whether one trace may carry both. Only entry operations that are all known can say no.
fn may_meet(a: &Hotspot, b: &Hotspot) -> bool {
    let known = |of: &Hotspot| {
        let named = of
            .entries
            .iter()
            .fold(0_u64, |sum, entry| sum.saturating_add(entry.1));
        !of.entries.is_empty() && of.traces <= named
    };
    let shared = || {
        a.entries
            .iter()
            .any(|(entry, _)| b.entries.iter().any(|(other, _)| entry == other))
    };
    !known(a) || !known(b) || shared()
}

/// Fills in what is known of the first so many beside the others.
fn relate(changes: &mut [Change<'_>], first: usize) {
    for at in 0..first {
        let (before, own) = (&changes[..at], &changes[at]);
        let saving = own.basis == ImpactBasis::Saving;
        let met: Vec<&Change<'_>> = before
            .iter()
            .filter(|other| saving && other.basis == ImpactBasis::Saving && meet(own, other))
            .collect();
        let taken = met
            .iter()
            .fold(0_u64, |sum, other| sum.saturating_add(other.impact.0));
        let at_least = own.impact.0.saturating_sub(taken);
        let overlaps: Vec<Fingerprint> = met.iter().map(|other| other.id()).collect();
        let depends_on = depends_on(own, changes);
        let own = &mut changes[at];
        own.marginal = (saving && overlaps.is_empty()).then_some(own.impact);
        own.marginal_at_least = Millionths(if saving { at_least } else { 0 });
        own.overlaps = overlaps;
        own.depends_on = depends_on;
    }
}

fn meet(a: &Change<'_>, b: &Change<'_>) -> bool {
    let pair = |of: &Hotspot| b.hotspots.iter().any(|other| may_meet(of, other));
    a.hotspots.iter().any(|of| pair(of))
}

fn depends_on(own: &Change<'_>, all: &[Change<'_>]) -> Vec<Fingerprint> {
    let others = all.iter().filter(|other| other.id() != own.id());
    let before = others.filter(|other| {
        let mut pairs = other.hotspots.iter();
        pairs.any(|other| own.hotspots.iter().any(|own| is_before(other, own)))
    });
    before.map(Change::id).collect()
}

fn is_before(other: &Hotspot, own: &Hotspot) -> bool {
    let rule = BEFORE.iter().find(|(after, ..)| *after == own.detector);
    let Some((_, near, before)) = rule else {
        return false;
    };
    let is_near = match near {
        Near::Service => true,
        Near::Operation => other.operation == own.operation,
        Near::Template => other.callee.template == own.callee.template,
    };
    other.service == own.service && is_near && before.contains(&other.detector)
}
