//! Which hotspots one fix settles: those are one change.

use std::collections::BTreeMap;

use hotspan_model::{Fingerprint, Hotspot};

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

/// What makes two hotspots one change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key<'a> {
    Shared(&'a str),
    Fix(&'static str, &'a str, &'a str, &'a str),
    Alone(Fingerprint),
}

/// Names the change of every hotspot that shares one; `hotspots` come by rank, and the first of a change names it.
pub(crate) fn share(hotspots: &mut [Hotspot]) {
    let mut firsts = BTreeMap::new();
    let all = hotspots.iter().enumerate();
    let first_of_each: Vec<usize> = all
        .map(|(at, hotspot)| *firsts.entry(key(hotspot)).or_insert(at))
        .collect();
    for (at, first) in first_of_each.into_iter().enumerate() {
        if at != first && hotspots[at].change.is_none() {
            let change = hotspots[first].id.to_string();
            hotspots[first].change = Some(change.clone());
            hotspots[at].change = Some(change);
        }
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
