//! What a callee is, in the light of all traces: the three rules that one trace cannot decide.
//!
//! A peer name may be that of a service seen (rule 3), its host may have answered as a service within a week
//! (rule 9), its domain may be that of several such hosts (rule 10). Twenty unanswered calls in complete
//! traces make another company more certain (rule 12).

use std::collections::{BTreeMap, BTreeSet};

use hotspan_model::{CalleeFacts, Class, Lookup, Millionths, Peer, PeerReason, Symbol, Target};

use crate::PeerDecision;
use crate::merged::Merged;

/// Hosts of one domain that must have answered before the domain counts as the organisation's own.
const HOSTS: usize = 2;
/// Unanswered calls in complete traces that make a third party certain.
const UNANSWERED: u64 = 20;

/// What edges teach about addresses.
#[derive(Debug, Default)]
pub(crate) struct Peers<'a> {
    services: BTreeSet<&'a str>,
    /// Which services answered for a host.
    hosts: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// Which hosts of a domain answered.
    domains: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// Calls to a domain in complete traces that nobody answered.
    unanswered: BTreeMap<&'a str, u64>,
}

/// What a callee is, and which service it is if that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decided<'a> {
    pub(crate) decision: PeerDecision,
    pub(crate) service: Option<&'a str>,
}

impl<'a> Peers<'a> {
    /// Learns from all edges.
    pub(crate) fn new(merged: &Merged<'a>, dictionary: &'a dyn Lookup) -> Peers<'a> {
        let mut peers = Peers {
            services: merged.services.keys().copied().collect(),
            ..Peers::default()
        };
        for (key, edge) in merged.edges.values() {
            if !matches!(key.class, Class::Call | Class::Publish) || edge.traces == 0 {
                continue;
            }
            match (key.target, key.callee) {
                (Target::Service(service), Some(callee)) if !edge.days.is_over(merged.newest) => {
                    peers.learn(dictionary.callee(callee), dictionary.text(service));
                }
                (Target::Service(_), _) => {}
                (Target::Callee(callee), _) => peers.miss(dictionary.callee(callee), edge.complete_calls),
            }
        }
        peers
    }

    fn learn(&mut self, callee: Option<&'a CalleeFacts>, service: &'a str) {
        let Some(callee) = callee.filter(|callee| !callee.host.is_empty()) else {
            return;
        };
        self.hosts.entry(&callee.host).or_default().insert(service);
        if !callee.domain.is_empty() {
            self.domains
                .entry(&callee.domain)
                .or_default()
                .insert(&callee.host);
        }
    }

    fn miss(&mut self, callee: Option<&'a CalleeFacts>, calls: u64) {
        if let Some(callee) = callee {
            let sum = self.unanswered.entry(domain(callee)).or_default();
            *sum = sum.saturating_add(calls);
        }
    }

    /// What `callee` is; `None` for one beyond the dictionary's bounds.
    pub(crate) fn decide(&self, callee: Symbol, dictionary: &'a dyn Lookup) -> Option<Decided<'a>> {
        let facts = dictionary.callee(callee)?;
        let decided = match facts.reason {
            PeerReason::ServerChild | PeerReason::Rule => None,
            PeerReason::GenAi | PeerReason::PublicName => self
                .named(facts)
                .or_else(|| self.learned(facts))
                .or_else(|| self.own(facts))
                .or_else(|| self.certain(facts)),
            PeerReason::PeerService
            | PeerReason::DbAttributes
            | PeerReason::Managed
            | PeerReason::PrivateIp
            | PeerReason::PublicIp
            | PeerReason::Suffix
            | PeerReason::Learned
            | PeerReason::Organisation
            | PeerReason::NoHost => self.named(facts),
        };
        Some(decided.unwrap_or(Decided {
            decision: PeerDecision {
                peer: facts.peer,
                reason: facts.reason,
                certainty: facts.certainty,
            },
            service: None,
        }))
    }

    /// Rule 3.
    fn named(&self, facts: &'a CalleeFacts) -> Option<Decided<'a>> {
        let service = self.services.get(facts.service.as_deref()?)?;
        Some(internal(PeerReason::PeerService, 950_000, Some(service)))
    }

    /// Rule 9.
    fn learned(&self, facts: &CalleeFacts) -> Option<Decided<'a>> {
        let services = self.hosts.get(&*facts.host)?;
        Some(internal(PeerReason::Learned, 900_000, services.first().copied()))
    }

    /// Rule 10.
    fn own(&self, facts: &CalleeFacts) -> Option<Decided<'a>> {
        let hosts = self.domains.get(&*facts.domain)?;
        (hosts.len() >= HOSTS).then(|| internal(PeerReason::Organisation, 800_000, None))
    }

    /// The second half of rule 12.
    fn certain(&self, facts: &CalleeFacts) -> Option<Decided<'a>> {
        let silent = self
            .unanswered
            .get(domain(facts))
            .is_some_and(|&calls| calls >= UNANSWERED);
        let raised = silent && facts.reason == PeerReason::PublicName;
        raised.then_some(Decided {
            decision: PeerDecision {
                peer: facts.peer,
                reason: facts.reason,
                certainty: facts.certainty.max(Millionths(950_000)),
            },
            service: None,
        })
    }
}

fn internal(reason: PeerReason, certainty: u64, service: Option<&str>) -> Decided<'_> {
    Decided {
        decision: PeerDecision {
            peer: Peer::Internal,
            reason,
            certainty: Millionths(certainty),
        },
        service,
    }
}

/// What groups the addresses of one company.
pub(crate) fn domain(facts: &CalleeFacts) -> &str {
    match facts.domain.is_empty() {
        true => &facts.host,
        false => &facts.domain,
    }
}
