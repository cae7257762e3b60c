//! What could not be seen of each service, and what that hides.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use hotspan_model::{Break, Category, Hotspot, Millionths, Nanos, Peer};

use crate::sign::share;
use crate::topology::percent;
use crate::{Answers, Dependency, ServiceAnswer};

/// Gaps that an audit shows.
const GAPS: usize = 50;
/// Callees that one gap names.
const CALLEES: usize = 3;
/// Less time without a span than this share of a service's is no gap.
const UNSEEN: Millionths = Millionths(10_000);

/// One thing that could not be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap<'a> {
    /// Of which service.
    pub service: &'a str,
    /// What is missing.
    pub what: String,
    /// What cannot be judged without it.
    pub hides: &'static str,
    /// The hotspot that says so, if one does.
    pub hotspot: Option<&'a Hotspot>,
}

/// All gaps by service, at most 50.
pub(super) fn gaps<'a>(answers: &'a Answers, hotspots: &[&'a Hotspot]) -> Vec<Gap<'a>> {
    let mut gaps = Vec::new();
    let unseen = hotspots
        .iter()
        .filter(|hotspot| hotspot.in_break == Break::Observability);
    for &hotspot in unseen {
        if let Some(hides) = hidden_by(hotspot.detector) {
            gaps.push(Gap {
                service: &hotspot.service,
                what: hotspot.title.clone(),
                hides,
                hotspot: Some(hotspot),
            });
        }
    }
    for service in &answers.services {
        gaps.extend(orphans(service));
        gaps.extend(without_span(service));
    }
    gaps.extend(unanswered(answers));
    gaps.extend(untold(answers));
    // Stable: what detectors say about a service comes first, by rank.
    gaps.sort_by_key(|gap| gap.service);
    gaps.truncate(GAPS);
    gaps
}

/// What a fault of this kind hides; `None` when it hides nothing.
fn hidden_by(detector: &str) -> Option<&'static str> {
    Some(match detector {
        "blind-service" => "faults whose detectors need what is missing: they are unknown there, not absent",
        "broken-propagation" => "what a request costs from end to end, and which service it waits for",
        "uninstrumented-gap" => "what happens in that time: no query, call or wait in it can be found",
        _ => return None,
    })
}

fn orphans(of: &ServiceAnswer) -> Option<Gap<'_>> {
    let (orphans, spans) = (of.orphans, of.spans);
    (orphans > 0).then(|| Gap {
        service: &of.service,
        what: format!("{orphans} of {spans} spans name a parent that was never received"),
        hides: "who caused that work, and what it costs a request from end to end",
        hotspot: None,
    })
}

fn without_span(of: &ServiceAnswer) -> Option<Gap<'_>> {
    let all = of.path.iter().fold(Nanos::ZERO, |sum, &part| sum.plus(part));
    let unseen = share(of.path[Category::Gap as usize].0.into(), all.0.into());
    (UNSEEN <= unseen).then(|| Gap {
        service: &of.service,
        what: format!(
            "{} % of its critical-path time has no span of known time",
            percent(unseen)
        ),
        hides: "what happens in that time: no query, call or wait in it can be found",
        hotspot: None,
    })
}

/// Attributes that rules need and no span of a service tells.
fn untold(answers: &Answers) -> Vec<Gap<'_>> {
    let mut services: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for near in &answers.near_misses {
        if let Some(remedy) = near.remedy {
            services
                .entry(&near.service)
                .or_default()
                .insert(remedy.attribute);
        }
    }
    let gaps = services.into_iter().map(|(service, attributes)| {
        let attributes: Vec<&str> = attributes.into_iter().collect();
        Gap {
            service,
            what: format!("it does not send: {}", attributes.join("; ")),
            hides: "faults whose detectors need it; the near misses of the service name them, and older names that do",
            hotspot: None,
        }
    });
    gaps.collect()
}

/// Calls inside the system that no span of the callee answers, by caller.
fn unanswered(answers: &Answers) -> Vec<Gap<'_>> {
    let mut callers: BTreeMap<&str, Vec<&Dependency>> = BTreeMap::new();
    for call in &answers.dependencies {
        if call.peer == Peer::Internal && !call.answered {
            callers.entry(&call.from).or_default().push(call);
        }
    }
    let gaps = callers.into_iter().map(|(service, mut calls)| {
        // Stable, so that equal ones stay in order of their names.
        calls.sort_by_key(|call| Reverse(call.calls));
        let all = calls
            .iter()
            .fold(0_u64, |sum, call| sum.saturating_add(call.calls));
        let named: Vec<&str> = calls.iter().take(CALLEES).map(|call| call.to.as_str()).collect();
        let more = match calls.len().saturating_sub(CALLEES) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        Gap {
            service,
            what: format!(
                "of its calls inside the system {all} show no span of the callee: {}{more}",
                named.join(", ")
            ),
            hides: "everything below those calls: the callees' queries, calls and time",
            hotspot: None,
        }
    });
    gaps.collect()
}
